/* Header fields: all of them as they stand, and the few that have a meaning of their own. */
#include "mail/message/headers.h"

#include "base/limits.h"
#include "base/text.h"
#include "mail/findings/findings.h"
#include "mail/text/charset.h"
#include "mail/text/words.h"

#include <stdio.h>
#include <string.h>

/* Without the line ends of folding, in UTF-8. */
static char *unfolded(const char *raw)
{
	g_autofree char *text = charset_decode(NULL, raw, strlen(raw), NULL);
	char *to = text;
	for (const char *from = text; *from; from++)
		if (*from != '\r' && *from != '\n')
			*to++ = *from;
	*to = '\0';
	return g_strdup(g_strstrip(text));
}

json_t *headers_describe(const Message *message)
{
	json_t *list = json_array();
	int count = message_header_count(message);
	for (int i = 0; i < count; i++) {
		GMimeHeader *header = message_header_at(message, i);
		g_autofree char *raw = unfolded(g_mime_header_get_raw_value(header));
		g_autofree char *value = strstr(raw, "=?") ? words_decode(raw) : NULL;
		json_t *entry = json_object();
		json_object_set_new(entry, "name", json_text_new(g_mime_header_get_name(header)));
		json_object_set_new(entry, "value", json_text_new(value ? value : raw));
		if (value && strcmp(raw, value) != 0)
			json_object_set_new(entry, "raw", json_text_new(raw));
		json_array_append_new(list, entry);
	}
	return list;
}

static char *without_space(const char *text)
{
	GString *bare = g_string_new(NULL);
	for (const char *c = text; *c; c++)
		if (!g_ascii_isspace(*c) && !g_ascii_iscntrl(*c))
			g_string_append_c(bare, *c);
	return g_string_free(bare, FALSE);
}

/* What stands between the first "<" and the next ">", or all of it. */
static char *bare_id(const char *value)
{
	g_autofree char *text = charset_decode(NULL, value, strlen(value), NULL);
	const char *open = strchr(text, '<');
	const char *close = open ? strchr(open, '>') : NULL;
	g_autofree char *inside =
		close ? g_strndup(open + 1, (gsize)(close - open - 1)) : g_strdup(text);
	if (!close)
		g_strdelimit(inside, "<>", ' ');
	return without_space(inside);
}

static char *within_limit(char *id, json_t *findings)
{
	if (strlen(id) <= LIMIT_MESSAGE_ID)
		return id;
	if (findings)
		findings_add(findings, "message_id_long", "Message-ID",
		             "it has %" G_GSIZE_FORMAT " bytes; its SHA-256 stands for it",
		             strlen(id));
	g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, id, -1);
	g_free(id);
	return g_strconcat("sha256:", hash, NULL);
}

/* Characters of an RFC 5322 msg-id that need no care wherever it is used later. */
static gboolean is_usual(const char *id)
{
	const char *at = strchr(id, '@');
	if (!at || at == id || !at[1] || strchr(at + 1, '@'))
		return FALSE;
	for (const char *c = id; *c; c++)
		if (!g_ascii_isalnum(*c) && !strchr("!#$%&'*+-/=?^_`{|}~.@:[]", *c))
			return FALSE;
	return TRUE;
}

static void count_ids(const Message *message)
{
	g_autoptr(GString) all = g_string_new(NULL);
	guint fields = 0;
	for (int i = 0; i < message_header_count(message); i++) {
		GMimeHeader *header = message_header_at(message, i);
		if (g_ascii_strcasecmp(g_mime_header_get_name(header), "Message-ID") != 0)
			continue;
		g_autofree char *id = bare_id(g_mime_header_get_raw_value(header));
		if (fields++ < 10)
			g_string_append_printf(all, "%s%.200s", all->len ? ", " : "", id);
	}
	if (fields > 1)
		findings_add(message->findings, "message_id_duplicate", "Message-ID",
		             "there are %u of them, the first counts: %s", fields, all->str);
}

char *headers_message_id(const Message *message)
{
	const char *raw = message_header_raw(message, "Message-ID");
	if (!raw) {
		findings_add(message->findings, "message_id_missing", "Message-ID",
		             "it has no Message-ID");
		return NULL;
	}
	count_ids(message);
	g_autofree char *id = bare_id(raw);
	if (!*id) {
		findings_add(message->findings, "message_id_empty", "Message-ID",
		             "its Message-ID is empty");
		return NULL;
	}
	if (!is_usual(id))
		findings_add(message->findings, "message_id_unusual", "Message-ID",
		             "it is not of the form RFC 5322 asks for: %.200s", id);
	return within_limit(g_steal_pointer(&id), message->findings);
}

GPtrArray *headers_message_ids(const char *value)
{
	GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
	const char *at = value;
	while (at && ids->len < LIMIT_REFERENCES && (at = strchr(at, '<'))) {
		const char *close = strchr(at, '>');
		if (!close)
			break;
		g_autofree char *one = g_strndup(at, (gsize)(close - at + 1));
		g_autofree char *id = bare_id(one);
		if (*id)
			g_ptr_array_add(ids, within_limit(g_steal_pointer(&id), NULL));
		at = close + 1;
	}
	g_autofree char *only = value && ids->len == 0 ? bare_id(value) : NULL;
	if (only && strchr(only, '@'))
		g_ptr_array_add(ids, within_limit(g_steal_pointer(&only), NULL));
	return ids;
}

/* A well-formed date that GMime does not believe, such as one of the year 0102. */
static GDateTime *parse_strictly(const char *value)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const char *comma = strchr(value, ',');
	char month[4] = "", zone[6] = "";
	int day, year, hour, minute, second;
	if (sscanf(comma ? comma + 1 : value, "%2d %3s %4d %2d:%2d:%2d %5s", &day, month, &year,
	           &hour, &minute, &second, zone) != 7)
		return NULL;
	const char *found = strlen(month) == 3 ? strstr(months, month) : NULL;
	g_autoptr(GTimeZone) offset = g_time_zone_new_identifier(zone);
	return found && offset ? g_date_time_new(offset, year, (int)(found - months) / 3 + 1, day,
	                                         hour, minute, second)
	                       : NULL;
}

char *headers_date(const char *value)
{
	g_autoptr(GDateTime) date = value ? g_mime_utils_header_decode_date(value) : NULL;
	if (!date && value)
		date = parse_strictly(value);
	if (!date)
		return NULL;
	g_autofree char *zone = g_date_time_format(date, "%H:%M:%S%:z");
	return g_strdup_printf("%04d-%02d-%02dT%s", g_date_time_get_year(date),
	                       g_date_time_get_month(date), g_date_time_get_day_of_month(date),
	                       zone);
}
