/* Who sees what: the rule of teams, asked about single objects and sets of incidents.
 *
 * What is not seen is answered like what is not there, in the very words of rows_load(). */
#include "store/sight.h"

#include "base/error.h"
#include "store/rows.h"
#include "store/seen.h"

const Sight sight_everything = {.everything = TRUE};
const char *const sight_names[] = {"everything", "teams", NULL};

/* $1 is the object, $2 the viewer. */
static const struct {
	const char *what, *sql;
} kinds[SEEN_KINDS] = {
	[SEEN_INCIDENT] = {"incident",
                           "SELECT 1 FROM incident WHERE id = $1 AND " SEES_INCIDENT("$2")},
	[SEEN_ALERT] = {"alert", "SELECT 1 FROM alert WHERE id = $1 AND " SEES_INCIDENT_OF(
					 "alert.incident_id", "$2")},
	[SEEN_REPORT] = {"report", "SELECT 1 FROM report WHERE id = $1 AND " SEES_REPORT("$2")},
	[SEEN_ORIGINAL] =
		{"original",
                 "SELECT 1 FROM original WHERE id = $1 AND ("
                 "EXISTS (SELECT 1 FROM incident WHERE original_id = $1 AND " SEES_INCIDENT(
			 "$2") ") OR EXISTS (SELECT 1 FROM report_incident JOIN incident "
                               "ON incident.id = report_incident.incident_id WHERE "
                               "report_incident.original_id = $1 AND " SEES_INCIDENT("$2") "))"},
	[SEEN_RESPONSE] = {"response", "SELECT 1 FROM response WHERE id = $1 AND " SEES_INCIDENT_OF(
					       "response.incident_id", "$2")},
	[SEEN_COMMENT] = {"comment",
                          "SELECT 1 FROM incident_comment WHERE id = $1 AND " SEES_INCIDENT_OF(
				  "incident_comment.incident_id", "$2")},
	[SEEN_SOURCE] = {"source", "SELECT 1 FROM source WHERE id = $1 AND deleted_at IS NULL AND "
                                   "id IN " SEEN_SOURCES("$2")},
	[SEEN_MAIL_SERVER] = {"mail server",
                              "SELECT 1 FROM mail_server WHERE id = $1 AND deleted_at IS NULL AND "
                              "id IN (SELECT mail_server_id FROM source WHERE deleted_at IS NULL "
                              "AND id IN " SEEN_SOURCES("$2") ")"},
	[SEEN_REPORTER] = {"reporter",
                           "SELECT 1 FROM reporter WHERE id = $1 AND EXISTS (SELECT 1 FROM report "
                           "WHERE report.reporter = reporter.address AND " SEES_REPORT("$2") ")"},
	[SEEN_JOB] = {"job", "SELECT 1 FROM job WHERE id = $1 AND " SEES_JOB("$2")},
	[SEEN_TEAM] =
		{"team",
                 "SELECT 1 FROM team WHERE id = $1 AND deleted_at IS NULL AND id IN " SEEN_TEAMS(
			 "$2")},
	[SEEN_VIEW] = {"view", "SELECT 1 FROM saved_view WHERE id = $1 AND (owner_id = 0 - $2 OR "
                               "(shared = 1 AND owner_id IN " SEEN_PEOPLE("$2") "))"},
	[SEEN_PERSON] = {"user", "SELECT 1 FROM user_account WHERE id = $1 AND deleted_at IS NULL "
                                 "AND id IN " SEEN_PEOPLE("$2")},
};

gboolean sight_sees(Db *db, const Sight *sight, SeenKind kind, gint64 id, gboolean *seen,
                    GError **error)
{
	gint64 one = 0;
	g_autoptr(GError) problem = NULL;
	*seen = TRUE;
	if (sight->everything)
		return TRUE;
	*seen = rows_int(db_query(db, &problem, "ii", kinds[kind].sql, id, sight->viewer), &one,
	                 &problem);
	if (!problem)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

gboolean sight_check(Db *db, const Sight *sight, SeenKind kind, gint64 id, GError **error)
{
	gboolean seen;
	if (!sight_sees(db, sight, kind, id, &seen, error))
		return FALSE;
	if (seen)
		return TRUE;
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND, "no %s %" G_GINT64_FORMAT,
	            kinds[kind].what, id);
	return FALSE;
}

SearchSet *sight_incidents(Db *db, const Sight *sight, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(SearchSet) set = search_set_new();
	g_autoptr(DbRows) rows =
		db_query(db, error, "i", "SELECT incident_id FROM " SEEN_INCIDENTS("$1") " AS seen",
	                 sight->viewer);
	if (!rows)
		return NULL;
	while (db_rows_next(rows, &problem))
		search_set_add(set, db_int(rows, 0));
	if (!problem)
		return g_steal_pointer(&set);
	g_propagate_error(error, g_steal_pointer(&problem));
	return NULL;
}

GArray *sight_gone(Db *db, const Sight *sight, gint64 after, gint64 to, gint64 *newest,
                   GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	*newest = after;
	if (sight->everything)
		return g_steal_pointer(&ids);
	g_autoptr(DbRows) rows = db_query(
		db, error, "iii",
		"SELECT incident_id, max(revision) FROM incident_handed_on WHERE revision > $1 AND "
		"revision <= $2 AND (member_id = $3 OR team_id IN " SEEN_TEAMS(
			"$3") ") AND NOT " SEES_INCIDENT_OF("incident_handed_on.incident_id",
	                                                    "$3") " GROUP BY incident_id ORDER BY "
								  "incident_id",
		after, to, sight->viewer);
	if (!rows)
		return NULL;
	while (db_rows_next(rows, &problem)) {
		gint64 id = db_int(rows, 0);
		*newest = MAX(*newest, db_int(rows, 1));
		g_array_append_val(ids, id);
	}
	if (!problem)
		return g_steal_pointer(&ids);
	g_propagate_error(error, g_steal_pointer(&problem));
	return NULL;
}
