/* Takes the numbers of what is not seen out of what is. */
#include "api/seen.h"

#include "base/json.h"

#include <string.h>

typedef struct {
	Db *db;
	const Sight *sight;
	GError *problem;
} Look;

static gboolean is_seen(Look *look, SeenKind kind, gint64 id)
{
	gboolean seen = FALSE;
	return !look->problem &&
	       sight_sees(look->db, look->sight, kind, id, &seen, &look->problem) && seen;
}

/* A number that stands in a sentence of ours; what people write is theirs. */
static gboolean replace(const GMatchInfo *match, GString *result, gpointer data)
{
	g_autofree char *whole = g_match_info_fetch(match, 0);
	g_autofree char *what = g_match_info_fetch(match, 1);
	g_autofree char *number = g_match_info_fetch(match, 2);
	gboolean incident = g_ascii_strcasecmp(what, "incident") == 0;
	if (is_seen(data, incident ? SEEN_INCIDENT : SEEN_RESPONSE,
	            g_ascii_strtoll(number, NULL, 10)))
		g_string_append(result, whole);
	else
		g_string_append_printf(result, "%s %s",
		                       g_ascii_isupper(*what) ? "Another" : "another",
		                       incident ? "incident" : "response");
	return FALSE;
}

static const GRegex *numbers(void)
{
	static gsize regex = 0;
	if (g_once_init_enter(&regex))
		g_once_init_leave(&regex,
		                  (gsize)g_regex_new("\\b(incident|response) ([0-9]{1,18})\\b",
		                                     G_REGEX_CASELESS | G_REGEX_OPTIMIZE, 0, NULL));
	return (const GRegex *)regex;
}

gboolean seen_text(Db *db, const Sight *sight, char **text, GError **error)
{
	Look look = {db, sight, NULL};
	if (sight->everything || !*text || strcmp(*text, "[]") == 0)
		return TRUE;
	char *clean = g_regex_replace_eval(numbers(), *text, -1, 0, 0, replace, &look, error);
	if (look.problem) {
		g_free(clean);
		g_propagate_error(error, look.problem);
		return FALSE;
	}
	if (!clean)
		return FALSE;
	g_free(*text);
	*text = clean;
	return TRUE;
}

gboolean seen_incidents(Db *db, const Sight *sight, const GPtrArray *incidents, GError **error)
{
	for (guint i = 0; !sight->everything && i < incidents->len; i++)
		if (!seen_text(db, sight, &((Incident *)incidents->pdata[i])->findings, error))
			return FALSE;
	return TRUE;
}

gboolean seen_numbers(Db *db, const Sight *sight, GArray *incidents, GError **error)
{
	Look look = {db, sight, NULL};
	for (guint i = incidents->len; !sight->everything && i-- > 0;)
		if (!is_seen(&look, SEEN_INCIDENT, g_array_index(incidents, gint64, i)))
			g_array_remove_index(incidents, i);
	if (!look.problem)
		return TRUE;
	g_propagate_error(error, look.problem);
	return FALSE;
}

/* A report may be about several originals, of which some went into incidents of others. */
static void keep_seen(Look *look, json_t *ids)
{
	for (gsize i = json_array_size(ids); i-- > 0;)
		if (!is_seen(look, SEEN_INCIDENT, json_integer_value(json_array_get(ids, i))))
			json_array_remove(ids, i);
}

/* Records whose words are Trawl's own. */
static const char *const own_words[] = {"incident.finding", "copy.",           "report.read",
                                        "response.",        "incident.reopen", NULL};

gboolean seen_record(Db *db, const Sight *sight, AuditRecord *record, GError **error)
{
	gboolean own = FALSE;
	Look look = {db, sight, NULL};
	for (guint i = 0; own_words[i]; i++)
		own |= g_str_has_prefix(record->action, own_words[i]);
	if (sight->everything || !own)
		return TRUE;
	g_autoptr(json_t) detail = json_parse(record->detail, -1, NULL);
	json_t *ids = json_object_get(detail, "incidents");
	if (ids) {
		keep_seen(&look, ids);
		g_free(record->detail);
		record->detail = json_format(detail);
	}
	if (look.problem) {
		g_propagate_error(error, look.problem);
		return FALSE;
	}
	return seen_text(db, sight, &record->detail, error);
}
