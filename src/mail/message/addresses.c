/* People in header fields.
 *
 * Most readers take the first of several From fields, some the last; all of them are shown, and the
 * ambiguity is a finding. The list is taken apart here and not by GMime, which leaves out addresses
 * that are not well formed ("a..b@c.example", "<>1<a@b.example>"): mail programs show them, mail
 * servers deliver to them, and phish is full of them. */
#include "mail/message/addresses.h"

#include "base/limits.h"
#include "base/text.h"
#include "mail/findings/findings.h"
#include "mail/text/charset.h"
#include "mail/text/words.h"

#include <string.h>

static gboolean is_plain(const char *address)
{
	for (const char *c = address; *c; c++)
		if (!g_ascii_isgraph(*c) || strchr("<>\"\\()", *c))
			return FALSE;
	return TRUE;
}

/* The form in which addresses are compared. */
static char *compare_form(const char *address)
{
	if (is_plain(address) && !strstr(address, "xn--"))
		return g_ascii_strdown(address, -1);
	char *form = text_address(address);
	return form ? form : g_utf8_strdown(address, -1);
}

static char *without_space(const char *from, gsize length)
{
	char *bare = g_malloc(length + 1), *to = bare;
	for (gsize i = 0; i < length; i++)
		if (!g_ascii_isspace(from[i]))
			*to++ = from[i];
	*to = '\0';
	return bare;
}

/* "a@b.example" alone in quotes is not a quoted local part but the whole of it. */
static void unquote_whole(char *bare)
{
	gsize length = strlen(bare);
	if (length < 2 || bare[0] != '"' || strchr(bare + 1, '"') != bare + length - 1)
		return;
	memmove(bare, bare + 1, length - 2);
	bare[length - 2] = '\0';
}

/* A display name: RFC 2047 decoded, without quotes and the backslashes in them. */
static char *display_name(const char *from, gsize length)
{
	g_autofree char *raw = g_strstrip(g_strndup(from, length));
	char *to = raw;
	for (const char *c = raw; *c; c++) {
		if (*c == '"')
			continue;
		if (*c == '\\' && c[1])
			c++;
		*to++ = *c;
	}
	*to = '\0';
	g_strstrip(raw);
	if (!*raw)
		return NULL;
	return strstr(raw, "=?") ? words_decode(raw) : g_steal_pointer(&raw);
}

/* What is no address is still shown, by what was written for it; "<>" and "\"\"" name nobody. */
static void add(json_t *list, char *name, char *address, const char *group)
{
	g_autofree char *form = address && strchr(address, '@') ? compare_form(address) : NULL;
	const char *shown = name && *name ? name : form ? NULL : address;
	if (form || (shown && *shown)) {
		json_t *entry = json_object();
		json_object_set_new(entry, "name", json_text_new(shown));
		json_object_set_new(entry, "address", json_text_new(form));
		if (group)
			json_object_set_new(entry, "group", json_text_new(group));
		json_array_append_new(list, entry);
	}
	g_free(name);
	g_free(address);
}

/* One address: what stands in its last angle brackets, or all of it. In "<>63493<a@b.example>" only
 * the last brackets hold an address, and mail programs agree on that one. */
static void add_one(json_t *list, const char *from, gsize length, const char *comment,
                    gsize comment_length, const char *group)
{
	const char *open = memrchr(from, '<', length);
	if (open) {
		gsize rest = length - (gsize)(open + 1 - from);
		const char *close = memchr(open + 1, '>', rest);
		gsize inside = close ? (gsize)(close - open - 1) : rest;
		add(list, display_name(from, (gsize)(open - from)), without_space(open + 1, inside),
		    group);
		return;
	}
	g_autofree char *bare = without_space(from, length);
	g_strdelimit(bare, "<>", ' ');
	if (!*bare)
		return;
	unquote_whole(bare);
	if (strchr(bare, '@'))
		add(list, comment ? display_name(comment, comment_length) : NULL,
		    g_strdup(g_strstrip(bare)), group);
	else
		add(list, display_name(from, length), NULL, group);
}

/* What ends here: a quoted string or a comment that begins at @at; @at + 1 when it never ends. */
static const char *past_quoted(const char *at)
{
	for (const char *c = at + 1; *c; c++) {
		if (*c == '\\' && c[1])
			c++;
		else if (*c == '"')
			return c + 1;
	}
	return NULL;
}

static const char *past_comment(const char *at)
{
	guint depth = 0;
	for (const char *c = at; *c; c++) {
		if (*c == '\\' && c[1])
			c++;
		else if (*c == '(')
			depth++;
		else if (*c == ')' && --depth == 0)
			return c + 1;
	}
	return NULL;
}

/* The walk through a list. An opening quote or bracket without an end is an ordinary character;
 * once one was found to have none, later ones need not be looked for. */
typedef struct {
	json_t *list;
	GString *entry;      /* of the present address, without comments */
	const char *comment; /* the last one */
	gsize comment_length;
	char *group;
	guint most;
	gboolean no_quote, no_comment, no_angle;
} AddressWalk;

/* One more than may be there, which goes again. */
static gboolean is_full(const AddressWalk *walk)
{
	return json_array_size(walk->list) > walk->most;
}

static void end_entry(AddressWalk *walk)
{
	if (walk->entry->len > 0 && !is_full(walk))
		add_one(walk->list, walk->entry->str, walk->entry->len, walk->comment,
		        walk->comment_length, walk->group);
	g_string_truncate(walk->entry, 0);
	walk->comment = NULL;
}

static void begin_group(AddressWalk *walk)
{
	g_free(walk->group);
	walk->group = display_name(walk->entry->str, walk->entry->len);
	walk->group = walk->group ? walk->group : g_strdup("");
	g_string_truncate(walk->entry, 0);
}

static void append_without_comments(GString *to, const char *at, const char *end)
{
	while (at < end) {
		const char *past = *at == '(' ? past_comment(at) : NULL;
		if (past && past <= end)
			at = past;
		else
			g_string_append_c(to, *at++);
	}
}

/* Takes what begins at @at and ends at its own sign; NULL when it is an ordinary character. */
static const char *take_enclosed(AddressWalk *walk, const char *at)
{
	const char *past = NULL;
	if (*at == '"' && !walk->no_quote) {
		past = past_quoted(at);
		walk->no_quote = !past;
	} else if (*at == '<' && !walk->no_angle) {
		past = strchr(at, '>');
		past = past ? past + 1 : NULL;
		walk->no_angle = !past;
		if (past && memchr(at, '(', (gsize)(past - at))) {
			append_without_comments(walk->entry, at, past);
			return past;
		}
	} else if (*at == '(' && !walk->no_comment) {
		past = past_comment(at);
		walk->no_comment = !past;
		if (past) {
			walk->comment = at + 1;
			walk->comment_length = (gsize)(past - at - 2);
			return past;
		}
	}
	if (past)
		g_string_append_len(walk->entry, at, past - at);
	return past;
}

static void walk_list(AddressWalk *walk, const char *text)
{
	for (const char *at = text; *at && !is_full(walk);) {
		const char *past = take_enclosed(walk, at);
		if (past) {
			at = past;
			continue;
		}
		if (*at == ',' || *at == ';')
			end_entry(walk);
		if (*at == ';')
			g_clear_pointer(&walk->group, g_free);
		else if (*at == ':' && !walk->group && !strchr(walk->entry->str, '@'))
			begin_group(walk);
		else if (*at != ',')
			g_string_append_c(walk->entry, *at);
		at++;
	}
	end_entry(walk);
}

static void parse_into(json_t *list, guint most, json_t *findings, const char *field,
                       const char *value)
{
	g_autofree char *text = charset_decode(NULL, value, strlen(value), NULL);
	g_strdelimit(text, "\r\n\t", ' ');
	AddressWalk walk = {.list = list, .most = most, .entry = g_string_new(NULL)};
	walk_list(&walk, text);
	g_string_free(walk.entry, TRUE);
	g_free(walk.group);
	if (is_full(&walk)) {
		json_array_remove(list, json_array_size(list) - 1);
		findings_add(findings, "limit_addresses", field,
		             "there are more than %u addresses; the others are not read", most);
	}
}

json_t *addresses_parse(json_t *findings, const char *field, const char *value)
{
	json_t *list = json_array();
	if (value)
		parse_into(list, LIMIT_ADDRESSES, findings, field, value);
	return list;
}

json_t *addresses_of(const Message *message, const char *field, gboolean once)
{
	json_t *list = json_array();
	guint fields = 0, most = message->reading->limits.addresses;
	for (int i = 0; i < message_header_count(message); i++) {
		GMimeHeader *header = message_header_at(message, i);
		if (g_ascii_strcasecmp(g_mime_header_get_name(header), field) != 0)
			continue;
		if (++fields == 2 && once)
			findings_add(message->findings, "header_duplicate", field,
			             "there is more than one %s; readers differ on which counts",
			             field);
		if (json_array_size(list) < most)
			parse_into(list, most, message->findings, field,
			           g_mime_header_get_raw_value(header));
	}
	return list;
}
