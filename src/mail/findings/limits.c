/* Which limits on a message can be set, and by how much. */
#include "mail/findings/limits.h"

#include "base/error.h"
#include "base/limits.h"

#include <string.h>

#define AT(member) #member, offsetof(MailLimits, member)
#define MIB        (1024u * 1024)

/* clang-format off */
const MailLimit mail_limits[] = {
	{AT(depth),          LIMIT_DEPTH,          500,        "limit_depth",          "MIME parts inside each other"},
	{AT(parts),          LIMIT_PARTS,          100000,     "limit_parts",          "MIME parts, over all depths"},
	{AT(header_block),   LIMIT_HEADER_BLOCK,   16 * MIB,   "limit_header_block",   "bytes of one header block"},
	{AT(parameters),     LIMIT_PARAMETERS,     10000,      "limit_parameters",     "parameters of one header field"},
	{AT(links),          LIMIT_LINKS,          100000,     "limit_links",          "links"},
	{AT(addresses),      LIMIT_ADDRESSES,      200000,     "limit_addresses",      "addresses of one header field"},
	{AT(body_text),      LIMIT_BODY_TEXT,      16 * MIB,   "limit_body_text",      "bytes of text, and of HTML, that are kept"},
	{AT(nested),         LIMIT_NESTED,         2000,       "limit_nested",         "attached messages that are read"},
	{AT(unpacked),       LIMIT_UNPACKED,       400 * MIB,  "limit_unpacked",       "bytes unpacked from archives"},
	{AT(unpacked_files), LIMIT_UNPACKED_FILES, 100000,     "limit_unpacked_files", "files in archives"},
	{AT(unpacked_ratio), LIMIT_UNPACKED_RATIO, 1000,       "limit_unpacked_ratio", "times its size that an archive of more than 1 MiB may hold"},
	{AT(seconds),        LIMIT_READ_SECONDS,   LIMIT_READ_SECONDS_MOST, NULL,      "seconds of CPU time; past them the message is not read at all"},
	{NULL}
};
/* clang-format on */

static guint *value_of(MailLimits *limits, const MailLimit *limit)
{
	return (guint *)((char *)limits + limit->offset);
}

void mail_limits_load(MailLimits *limits, const json_t *options)
{
	const json_t *set = options ? json_object_get(options, "limits") : NULL;
	for (const MailLimit *limit = mail_limits; limit->name; limit++) {
		gint64 value = json_int(set, limit->name, limit->usual);
		*value_of(limits, limit) =
			value < 1 ? limit->usual : (guint)MIN(value, limit->most);
	}
}

guint mail_limits_seconds(const json_t *options, guint usual)
{
	const json_t *set = options ? json_object_get(options, "limits") : NULL;
	gint64 seconds = json_int(set, "seconds", usual);
	return seconds < 1 ? usual : (guint)MIN(seconds, MAX(usual, LIMIT_READ_SECONDS_MOST));
}

static const MailLimit *find(const char *name, gsize size)
{
	for (const MailLimit *limit = mail_limits; limit->name; limit++)
		if (strlen(limit->name) == size && strncmp(limit->name, name, size) == 0)
			return limit;
	return NULL;
}

static char *names(void)
{
	GString *all = g_string_new(NULL);
	for (const MailLimit *limit = mail_limits; limit->name; limit++)
		g_string_append_printf(all, "%s%s", all->len ? ", " : "", limit->name);
	return g_string_free(all, FALSE);
}

static gboolean parse_one(json_t *limits, const char *pair, GError **error)
{
	gsize size = strcspn(pair, "=");
	const MailLimit *limit = find(pair, size);
	guint64 value;
	if (!limit) {
		g_autofree char *known = names();
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		            "there is no limit \"%.*s\"; there are %s", (int)size, pair, known);
		return FALSE;
	}
	if (!pair[size] ||
	    !g_ascii_string_to_unsigned(pair + size + 1, 10, 1, limit->most, &value, NULL)) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		            "the limit %s is a number from 1 to %u", limit->name, limit->most);
		return FALSE;
	}
	json_object_set_new(limits, limit->name, json_integer((json_int_t)value));
	return TRUE;
}

gboolean mail_limits_parse(json_t *limits, const char *text, GError **error)
{
	g_auto(GStrv) pairs = g_strsplit_set(text, ", \t\n", -1);
	for (guint i = 0; pairs[i]; i++)
		if (*pairs[i] && !parse_one(limits, pairs[i], error))
			return FALSE;
	return TRUE;
}
