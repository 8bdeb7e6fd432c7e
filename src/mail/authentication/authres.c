/* What receiving hosts say they verified: Authentication-Results, and the older and the
 * vendors' fields of the same purpose.
 *
 * A field says nothing about who wrote it; trust.c decides which ones count. Microsoft leaves out
 * the authserv-id, so the first segment may already be a result. Senders choose much of what stands
 * in a field (an address, a reason, a HELO name), so what is quoted or in a comment must never be
 * taken for syntax. */
#include "mail/authentication/authres.h"

#include "base/limits.h"

#include <string.h>

typedef struct {
	const char *at;
	GString *comment; /* of the present result */
	gboolean more;    /* than LIMIT_PARAMETERS of something */
} Cursor;

static gboolean is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Past a comment, with its text kept; comments nest. */
static void take_comment(Cursor *cursor)
{
	guint depth = 0;
	if (cursor->comment->len > 0)
		g_string_append_c(cursor->comment, ' ');
	for (; *cursor->at; cursor->at++) {
		char c = *cursor->at;
		if (c == '\\' && cursor->at[1])
			c = *++cursor->at;
		else if (c == '(' && depth++ == 0)
			continue;
		else if (c == ')' && --depth == 0) {
			cursor->at++;
			return;
		}
		if (cursor->comment->len < LIMIT_COMMENT)
			g_string_append_c(cursor->comment, is_space(c) ? ' ' : c);
	}
}

static void skip_blanks(Cursor *cursor)
{
	while (*cursor->at && (is_space(*cursor->at) || *cursor->at == '('))
		if (*cursor->at == '(')
			take_comment(cursor);
		else
			cursor->at++;
}

/* Up to a blank, a comment or one of @stops; a quoted string may stand anywhere in it. Newly
 * allocated, "" when nothing is there. */
static char *take_value(Cursor *cursor, const char *stops)
{
	GString *value = g_string_new(NULL);
	gboolean quoted = FALSE;
	for (; *cursor->at; cursor->at++) {
		char c = *cursor->at;
		if (quoted && c == '\\' && cursor->at[1])
			g_string_append_c(value, *++cursor->at);
		else if (c == '"')
			quoted = !quoted;
		else if (quoted)
			g_string_append_c(value, c);
		else if (is_space(c) || c == '(' || strchr(stops, c))
			break;
		else
			g_string_append_c(value, c);
	}
	return g_string_free(value, FALSE);
}

static gboolean take_sign(Cursor *cursor, char sign)
{
	skip_blanks(cursor);
	if (*cursor->at != sign)
		return FALSE;
	cursor->at++;
	skip_blanks(cursor);
	return TRUE;
}

/* "smtp.mailfrom", also with blanks around the dot. */
static char *take_name(Cursor *cursor)
{
	g_autofree char *name = take_value(cursor, ";=");
	skip_blanks(cursor);
	for (guint parts = 0;
	     parts < 4 && *name && (*cursor->at == '.' || g_str_has_suffix(name, ".")); parts++) {
		g_autofree char *rest = take_value(cursor, ";=");
		if (!*rest)
			break;
		char *whole = g_strconcat(name, rest, NULL);
		g_free(name);
		name = whole;
		skip_blanks(cursor);
	}
	return g_ascii_strdown(name, -1);
}

static void set_once(json_t *object, const char *key, const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(key, -1);
	if (!json_object_get(object, valid))
		json_object_set_new_nocheck(object, valid, json_text_new(text));
}

/* Past the ";" that ends what is there. */
static void skip_segment(Cursor *cursor)
{
	while (*cursor->at && *cursor->at != ';') {
		g_autofree char *ignored = take_value(cursor, ";");
		skip_blanks(cursor);
	}
	if (*cursor->at)
		cursor->at++;
}

static void take_properties(Cursor *cursor, json_t *result, json_t *properties)
{
	for (guint i = 0; i < LIMIT_PARAMETERS; i++) {
		skip_blanks(cursor);
		if (!*cursor->at || *cursor->at == ';')
			return;
		g_autofree char *name = take_name(cursor);
		if (!take_sign(cursor, '=')) {
			if (!*name && *cursor->at && *cursor->at != ';')
				cursor->at++;
			continue;
		}
		g_autofree char *value = take_value(cursor, ";");
		if (!*name)
			continue;
		if (strcmp(name, "reason") == 0)
			set_once(result, "reason", value);
		set_once(properties, name, value);
	}
	skip_blanks(cursor);
	cursor->more |= *cursor->at && *cursor->at != ';';
}

/* Says in @field that not all of it was read. */
static void set_more(json_t *field, const Cursor *cursor)
{
	if (cursor->more || *cursor->at)
		json_object_set_new(field, "more", json_true());
}

/* What follows a method's name. NULL when it is no result. */
static json_t *take_result(Cursor *cursor, const char *method)
{
	g_autofree char *version = take_sign(cursor, '/') ? take_value(cursor, ";=") : NULL;
	if (!take_sign(cursor, '='))
		return NULL;
	g_autofree char *said = take_value(cursor, ";");
	g_autofree char *lower = g_ascii_strdown(said, -1);
	json_t *result = json_object(), *properties = json_object();
	json_object_set_new(result, "method", json_text_new(method));
	json_object_set_new(result, "result", json_text_new(lower));
	if (version)
		set_once(result, "version", version);
	json_object_set_new(result, "properties", properties);
	take_properties(cursor, result, properties);
	if (!json_object_get(result, "reason"))
		json_object_set_new(result, "reason", json_null());
	json_object_set_new(result, "comment",
	                    json_text_new(cursor->comment->len ? cursor->comment->str : NULL));
	return result;
}

static void take_segment(Cursor *cursor, gboolean first, json_t *field, json_t *results)
{
	skip_blanks(cursor);
	g_string_truncate(cursor->comment, 0);
	const char *start = cursor->at;
	g_autofree char *word = take_value(cursor, ";=/");
	g_autofree char *lower = g_ascii_strdown(word, -1);
	skip_blanks(cursor);
	/* Without its "=" the first word is who says it, with its version behind. */
	if (first && *start && *cursor->at != '=' && *cursor->at != '/') {
		g_autofree char *version = take_value(cursor, ";");
		json_object_set_new(field, "host", json_text_new(*lower ? lower : NULL));
		if (*version)
			set_once(field, "version", version);
	} else if (*lower) {
		json_t *result = take_result(cursor, lower);
		if (result)
			json_array_append_new(results, result);
	}
	skip_segment(cursor);
}

json_t *authres_parse(const char *value)
{
	json_t *field = json_object(), *results = json_array();
	Cursor cursor = {.at = value, .comment = g_string_new(NULL)};
	json_object_set_new(field, "host", json_null());
	for (guint i = 0; *cursor.at && i < LIMIT_PARAMETERS; i++)
		take_segment(&cursor, i == 0, field, results);
	set_more(field, &cursor);
	json_object_set_new(field, "results", results);
	g_string_free(cursor.comment, TRUE);
	return field;
}

json_t *authres_parse_spf(const char *value)
{
	json_t *field = json_object(), *properties = json_object();
	Cursor cursor = {.at = value, .comment = g_string_new(NULL)};
	skip_blanks(&cursor);
	g_string_truncate(cursor.comment, 0);
	g_autofree char *said = take_value(&cursor, ";=");
	g_autofree char *lower = g_ascii_strdown(said, -1);
	skip_blanks(&cursor);
	json_object_set_new(field, "result", json_text_new(*lower ? lower : NULL));
	json_object_set_new(field, "comment",
	                    json_text_new(cursor.comment->len ? cursor.comment->str : NULL));
	for (guint i = 0; *cursor.at && i < LIMIT_PARAMETERS; i++) {
		take_properties(&cursor, field, properties);
		if (*cursor.at)
			cursor.at++;
	}
	set_more(field, &cursor);
	json_object_del(field, "reason");
	json_object_set_new(field, "properties", properties);
	g_string_free(cursor.comment, TRUE);
	return field;
}

json_t *authres_parse_microsoft(const char *value)
{
	json_t *object = json_object();
	g_auto(GStrv) pairs = g_strsplit(value, ";", LIMIT_PARAMETERS);
	for (guint i = 0; pairs[i]; i++) {
		char *colon = strchr(g_strstrip(pairs[i]), ':');
		if (!colon || colon == pairs[i])
			continue;
		g_autofree char *key = g_ascii_strdown(pairs[i], colon - pairs[i]);
		set_once(object, key, g_strstrip(colon + 1));
	}
	return object;
}
