/* Authentication-Results: what a receiving host says it verified.
 *
 * A field says nothing about who wrote it; trust.c decides which ones count. Microsoft leaves out
 * the authserv-id, so the first segment may already be a result. */
#include "mail/authres.h"

#include "base/limits.h"

#include <string.h>

/* Without comments and folding; a ';' or blank inside quotes becomes a harmless control character
 * until the segments are split. */
static char *without_comments(const char *value)
{
	GString *bare = g_string_new(NULL);
	guint depth = 0;
	gboolean quoted = FALSE;
	for (const char *c = value; *c; c++) {
		if (*c == '\\' && c[1] && (quoted || depth)) {
			c++;
			if (quoted && !depth)
				g_string_append_c(bare, *c);
		} else if (*c == '"' && !depth) {
			quoted = !quoted;
		} else if (quoted && !depth) {
			g_string_append_c(bare, *c == ';' ? '\001' : *c == ' ' ? '\002' : *c);
		} else if (*c == '(') {
			depth++;
		} else if (*c == ')' && depth) {
			if (--depth == 0)
				g_string_append_c(bare, ' ');
		} else if (!depth) {
			g_string_append_c(bare, g_ascii_isspace(*c) ? ' ' : *c);
		}
	}
	return g_string_free(bare, FALSE);
}

static json_t *unquoted(const char *text)
{
	g_autofree char *plain = g_strdup(text);
	for (char *c = plain; *c; c++)
		*c = (char)(*c == '\001' ? ';' : *c == '\002' ? ' ' : *c);
	return json_text_new(plain);
}

/* "method/1", "=" and "result" may stand apart; a blank around '=' means nothing. */
static char *without_blanks_around_equals(const char *segment)
{
	GString *tight = g_string_new(NULL);
	for (const char *c = segment; *c; c++) {
		if (*c == ' ' && c[strspn(c, " ")] == '=')
			continue;
		g_string_append_c(tight, *c);
		if (*c == '=')
			c += strspn(c + 1, " ");
	}
	return g_string_free(tight, FALSE);
}

static json_t *parse_result(const char *segment)
{
	g_autofree char *tight = without_blanks_around_equals(segment);
	g_auto(GStrv) words = g_strsplit(tight, " ", LIMIT_PARAMETERS);
	json_t *result = NULL, *properties = NULL;
	for (guint i = 0; words[i]; i++) {
		char *equals = strchr(words[i], '=');
		if (!equals || equals == words[i])
			continue;
		g_autofree char *key = g_ascii_strdown(words[i], equals - words[i]);
		if (result) {
			json_object_set_new_nocheck(properties, key, unquoted(equals + 1));
			continue;
		}
		key[strcspn(key, "/")] = '\0';
		g_autofree char *said = g_ascii_strdown(equals + 1, -1);
		result = json_object();
		json_object_set_new(result, "method", json_text_new(key));
		json_object_set_new(result, "result", unquoted(said));
		properties = json_object();
		json_object_set_new(result, "properties", properties);
	}
	return result;
}

json_t *authres_parse(const char *value)
{
	g_autofree char *valid = g_utf8_make_valid(value, -1);
	g_autofree char *bare = without_comments(valid);
	g_auto(GStrv) segments = g_strsplit(bare, ";", LIMIT_PARAMETERS);
	json_t *results = json_array();
	g_autofree char *host = NULL;
	for (guint i = 0; segments[i]; i++) {
		g_strstrip(segments[i]);
		if (i == 0 && !strchr(segments[0], '=')) {
			segments[0][strcspn(segments[0], " ")] = '\0';
			host = *segments[0] ? g_ascii_strdown(segments[0], -1) : NULL;
			continue;
		}
		json_t *result = parse_result(segments[i]);
		if (result)
			json_array_append_new(results, result);
	}
	json_t *field = json_object();
	json_object_set_new(field, "host", json_text_new(host));
	json_object_set_new(field, "results", results);
	return field;
}
