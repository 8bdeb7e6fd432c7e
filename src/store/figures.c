/* Counts kept beside what they count.
 *
 * Every change of an incident that matters gives it a new revision, so the revisions are followed
 * from a mark: its people are marked stale at once, and counted again a few at a time. Verdicts
 * change long after a report, and one incident may have thousands of reporters: that is why nothing
 * of this is done where an incident is changed. */
#include "store/figures.h"

#include "base/clock.h"
#include "base/limits.h"
#include "store/rows.h"
#include "store/seen.h"
#include "store/setting.h"

#include <stdio.h>
#include <string.h>

#define INCIDENTS 50 /* of one transaction */
#define REPORTERS 50
#define MARK      "figures.counted" /* setting: "REVISION ID" */

/* --- following ----------------------------------------------------------------------------------
 */

typedef struct {
	gint64 id, revision, original_id, opened_at;
} Changed;

static gpointer read_changed(DbRows *rows)
{
	Changed *changed = g_new0(Changed, 1);
	changed->id = db_int(rows, 0);
	changed->revision = db_int(rows, 1);
	changed->original_id = db_int(rows, 2);
	changed->opened_at = db_int(rows, 3);
	return changed;
}

static gboolean mark_reporters(Db *db, gint64 incident_id, GError **error)
{
	return db_run(
		db, NULL, error, "i",
		"INSERT INTO reporter (address, stale) SELECT DISTINCT report.reporter, 1 FROM "
		"report_incident JOIN report ON report.id = report_id WHERE "
		"report_incident.incident_id = $1 AND report.reporter IS NOT NULL "
		"ON CONFLICT (address) DO UPDATE SET stale = 1",
		incident_id);
}

/* Fills in what has happened since; what has a time keeps it. */
static gboolean note_times(Db *db, const Changed *changed, GError **error)
{
	return db_run(db, NULL, error, "ii",
	              "INSERT INTO incident_times (incident_id, opened_at) VALUES ($1, $2) "
	              "ON CONFLICT (incident_id) DO NOTHING",
	              changed->id, changed->opened_at) &&
	       db_run(db, NULL, error, "i",
	              "UPDATE incident_times SET judged_at = (SELECT MIN(at) FROM audit WHERE "
	              "incident_id = $1 AND (action = 'incident.close' OR "
	              "(action = 'incident.update' AND detail LIKE '%\"disposition\"%'))) "
	              "WHERE incident_id = $1 AND judged_at IS NULL",
	              changed->id) &&
	       db_run(db, NULL, error, "i",
	              "UPDATE incident_times SET pulled_at = (SELECT MIN(requested_at) FROM "
	              "response "
	              "WHERE incident_id = $1 AND kind = 'quarantine') "
	              "WHERE incident_id = $1 AND pulled_at IS NULL",
	              changed->id) &&
	       db_run(db, NULL, error, "ii",
	              "UPDATE incident_times SET looked_at = COALESCE((SELECT MIN(at) FROM audit "
	              "WHERE object_kind = 'original' AND object_id = $2 AND at >= opened_at AND "
	              "action IN ('original.look', 'original.download')), judged_at) "
	              "WHERE incident_id = $1 AND looked_at IS NULL",
	              changed->id, changed->original_id);
}

static gboolean follow(Db *db, gboolean *more, GError **error)
{
	gint64 revision = 0, id = 0;
	g_autoptr(GError) problem = NULL;
	g_autofree char *mark = setting_load(db, MARK, &problem);
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	if (mark)
		sscanf(mark, "%" G_GINT64_FORMAT " %" G_GINT64_FORMAT, &revision, &id);
	g_autoptr(GPtrArray) rows =
		rows_collect(db_query(db, error, "iii",
	                              "SELECT id, revision, COALESCE(original_id, 0), opened_at "
	                              "FROM incident WHERE "
	                              "(revision, id) > ($1, $2) ORDER BY revision, id LIMIT $3",
	                              revision, id, (gint64)INCIDENTS),
	                     read_changed, g_free, error);
	if (!rows || rows->len == 0)
		return rows != NULL;
	for (guint i = 0; i < rows->len; i++) {
		const Changed *changed = rows->pdata[i];
		if (!mark_reporters(db, changed->id, error) || !note_times(db, changed, error))
			return FALSE;
	}
	const Changed *last = rows->pdata[rows->len - 1];
	g_autofree char *next =
		g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT, last->revision, last->id);
	*more = rows->len == INCIDENTS;
	return setting_save(db, MARK, next, error);
}

/* --- reporters ----------------------------------------------------------------------------------
 */

#define COLUMNS                                                                                    \
	"id, address, name, reports, trusted, right_count, nuisance_count, wrong_count, "          \
	"open_count, first_at, last_at"

void reporter_free(Reporter *reporter)
{
	if (!reporter)
		return;
	g_free(reporter->address);
	g_free(reporter->name);
	g_free(reporter);
}

static gpointer read_reporter(DbRows *rows)
{
	Reporter *reporter = g_new0(Reporter, 1);
	reporter->id = db_int(rows, 0);
	reporter->address = db_text_dup(rows, 1);
	reporter->name = db_text_dup(rows, 2);
	reporter->reports = db_int(rows, 3);
	reporter->trusted = db_int(rows, 4);
	reporter->right = db_int(rows, 5);
	reporter->nuisance = db_int(rows, 6);
	reporter->wrong = db_int(rows, 7);
	reporter->open = db_int(rows, 8);
	reporter->first_at = db_int(rows, 9);
	reporter->last_at = db_int(rows, 10);
	return reporter;
}

/* What a verdict says of who reported it. One who reports a simulation has done what it is for. */
static gint64 *count_of(Reporter *reporter, int disposition)
{
	switch ((Disposition)disposition) {
	case DISPOSITION_MALICIOUS:
	case DISPOSITION_SUSPICIOUS:
	case DISPOSITION_FALSE_NEGATIVE:
	case DISPOSITION_SIMULATED:
		return &reporter->right;
	case DISPOSITION_SPAM:
	case DISPOSITION_BULK:
		return &reporter->nuisance;
	case DISPOSITION_LOW_RISK:
	case DISPOSITION_KNOWN_GOOD:
		return &reporter->wrong;
	case DISPOSITION_UNKNOWN:
		break;
	}
	return &reporter->open;
}

static gboolean count_reports(Db *db, Reporter *reporter, GError **error)
{
	g_autoptr(DbRows) rows =
		db_query(db, error, "t",
	                 "SELECT count(*), COALESCE(sum(trusted), 0), COALESCE(min(found_at), 0), "
	                 "COALESCE(max(found_at), 0) FROM report WHERE reporter = $1",
	                 reporter->address);
	if (!rows || !db_rows_next(rows, error))
		return FALSE;
	reporter->reports = db_int(rows, 0);
	reporter->trusted = db_int(rows, 1);
	reporter->first_at = db_int(rows, 2);
	reporter->last_at = db_int(rows, 3);
	return TRUE;
}

static gboolean count_verdicts(Db *db, Reporter *reporter, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(DbRows) rows =
		db_query(db, error, "t",
	                 "SELECT incident.disposition, count(DISTINCT incident.id) FROM report "
	                 "JOIN report_incident ON report_incident.report_id = report.id "
	                 "JOIN incident ON incident.id = report_incident.incident_id "
	                 "WHERE report.reporter = $1 AND incident.kind = 'reported_mail' "
	                 "GROUP BY incident.disposition",
	                 reporter->address);
	if (!rows)
		return FALSE;
	while (db_rows_next(rows, &problem))
		*count_of(reporter, rows_enum(rows, 0, disposition_names)) += db_int(rows, 1);
	if (!problem)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

static gpointer read_text(DbRows *rows)
{
	return db_text_dup(rows, 0);
}

static gboolean count_again(Db *db, const Reporter *stale, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(Reporter) reporter = g_new0(Reporter, 1);
	reporter->address = g_strdup(stale->address);
	reporter->name =
		rows_find(db_query(db, &problem, "t",
	                           "SELECT reporter_name FROM report WHERE reporter = $1 "
	                           "AND reporter_name IS NOT NULL ORDER BY id DESC LIMIT 1",
	                           stale->address),
	                  read_text, &problem);
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	if (!count_reports(db, reporter, error))
		return FALSE;
	if (reporter->reports == 0) /* all were removed: so is who reported them */
		return db_run(db, NULL, error, "i", "DELETE FROM reporter WHERE id = $1",
		              stale->id);
	return count_verdicts(db, reporter, error) &&
	       db_run(db, NULL, error, "tiiiiiiiii",
	              "UPDATE reporter SET name = $1, reports = $2, trusted = $3, right_count = "
	              "$4, "
	              "nuisance_count = $5, wrong_count = $6, open_count = $7, first_at = $8, "
	              "last_at = $9, stale = 0 WHERE id = $10",
	              reporter->name, reporter->reports, reporter->trusted, reporter->right,
	              reporter->nuisance, reporter->wrong, reporter->open, reporter->first_at,
	              reporter->last_at, stale->id);
}

static gboolean count_stale(Db *db, gboolean *more, GError **error)
{
	g_autoptr(GPtrArray) stale = rows_collect(
		db_query(db, error, "i",
	                 "SELECT " COLUMNS " FROM reporter WHERE stale = 1 ORDER BY id LIMIT $1",
	                 (gint64)REPORTERS),
		read_reporter, (GDestroyNotify)reporter_free, error);
	if (!stale)
		return FALSE;
	for (guint i = 0; i < stale->len; i++)
		if (!count_again(db, stale->pdata[i], error))
			return FALSE;
	*more |= stale->len == REPORTERS;
	return TRUE;
}

gboolean figures_update(Db *db, gboolean *more, GError **error)
{
	*more = FALSE;
	return db_lock_key(db, "figures", error) && follow(db, more, error) &&
	       count_stale(db, more, error);
}

/* --- lists --------------------------------------------------------------------------------------
 */

/* For who does not see everything the figures are of what they see, counted when asked for. */
#define COUNTED_SEEN(viewer)                                                                       \
	"(WITH mine AS (SELECT id, report.reporter AS address, reporter_name, trusted, found_at "  \
	"FROM report WHERE report.reporter IS NOT NULL AND " SEES_REPORT(                          \
		viewer) "), "                                                                      \
			"verdicts AS (SELECT address, "                                            \
			"sum(CASE WHEN disposition IN ('malicious', 'suspicious', "                \
			"'false_negative', 'simulated') "                                          \
			"THEN 1 ELSE 0 END) AS right_count, "                                      \
			"sum(CASE WHEN disposition IN ('spam', 'bulk') THEN 1 ELSE 0 END) AS "     \
			"nuisance_count, "                                                         \
			"sum(CASE WHEN disposition IN ('low_risk', 'known_good') THEN 1 ELSE 0 "   \
			"END) AS "                                                                 \
			"wrong_count, sum(CASE WHEN disposition = 'unknown' THEN 1 ELSE 0 END) "   \
			"AS open_count "                                                           \
			"FROM (SELECT DISTINCT mine.address, incident.id, incident.disposition "   \
			"FROM mine JOIN "                                                          \
			"report_incident ON report_incident.report_id = mine.id JOIN incident ON " \
			"incident.id = "                                                           \
			"report_incident.incident_id WHERE incident.kind = 'reported_mail' "       \
			"AND " SEES_INCIDENT(                                                      \
				viewer) ") AS judged GROUP BY address), "                          \
					"totals AS (SELECT address, max(reporter_name) AS name, "  \
					"count(*) AS reports, "                                    \
					"sum(trusted) AS trusted, min(found_at) AS first_at, "     \
					"max(found_at) AS last_at FROM mine "                      \
					"GROUP BY address) "                                       \
					"SELECT reporter.id, totals.address, totals.name, "        \
					"totals.reports, totals.trusted, "                         \
					"COALESCE(verdicts.right_count, 0) AS right_count, "       \
					"COALESCE(verdicts.nuisance_count, 0) AS nuisance_count, " \
					"COALESCE(verdicts.wrong_count, 0) AS wrong_count, "       \
					"COALESCE(verdicts.open_count, 0) AS open_count, "         \
					"totals.first_at, totals.last_at FROM totals JOIN "        \
					"reporter ON reporter.address = "                          \
					"totals.address LEFT JOIN verdicts ON verdicts.address = " \
					"totals.address) AS counted"

/* clang-format off */
static const char *const lists[][2] = { /* of all, and of what $5 sees */
#define LIST(column) {LIST_OF(column, "reporter"), LIST_OF(column, COUNTED_SEEN("$5"))}
#define LIST_OF(column, from)                                                                      \
	"SELECT " COLUMNS " FROM " from " WHERE reports > 0 AND ($1 = 0 OR (" column ", id) < ($2, $1)) " \
	"AND ($3 = '' OR address LIKE $3 ESCAPE '\\' OR lower(COALESCE(name, '')) LIKE $3 ESCAPE '\\') " \
	"ORDER BY " column " DESC, id DESC LIMIT $4"
	[REPORTERS_BY_LAST] = LIST("last_at"),
	[REPORTERS_BY_REPORTS] = LIST("reports"),
	[REPORTERS_BY_RIGHT] = LIST("right_count"),
	[REPORTERS_BY_WRONG] = LIST("wrong_count"),
};
/* clang-format on */

gint64 reporter_order(const Reporter *reporter, ReporterOrder order)
{
	switch (order) {
	case REPORTERS_BY_REPORTS:
		return reporter->reports;
	case REPORTERS_BY_RIGHT:
		return reporter->right;
	case REPORTERS_BY_WRONG:
		return reporter->wrong;
	case REPORTERS_BY_LAST:
		break;
	}
	return reporter->last_at;
}

/* A LIKE pattern for what contains @text, in which \ makes wildcards ordinary; "" for NULL. */
static char *pattern_containing(const char *text)
{
	if (!text)
		return g_strdup("");
	g_autofree char *folded = g_utf8_strdown(text, -1);
	GString *pattern = g_string_new("%");
	for (const char *p = folded; *p; p++) {
		if (*p == '%' || *p == '_' || *p == '\\')
			g_string_append_c(pattern, '\\');
		g_string_append_c(pattern, *p);
	}
	g_string_append_c(pattern, '%');
	return g_string_free(pattern, FALSE);
}

GPtrArray *reporter_list(Db *db, ReporterOrder order, const char *text, const Page *page,
                         GError **error)
{
	g_autofree char *pattern = pattern_containing(text);
	const DbValue values[] = {
		{.type = 'i', .i = page->before_id},
		{.type = 'i', .i = page->before_need},
		{.type = 't', .t = pattern},
		{.type = 'i', .i = CLAMP(page->limit, 1, LIMIT_PAGE)},
		{.type = 'i', .i = page->sight ? page->sight->viewer : 0},
	};
	gboolean all = page->sight && page->sight->everything;
	return rows_collect(db_query_values(db, error, lists[order][all ? 0 : 1], values,
	                                    G_N_ELEMENTS(values) - (all ? 1 : 0)),
	                    read_reporter, (GDestroyNotify)reporter_free, error);
}

Reporter *reporter_load(Db *db, const Sight *sight, gint64 id, GError **error)
{
	if (!sight->everything)
		return rows_load(db_query(db, error, "ii",
		                          "SELECT " COLUMNS
		                          " FROM " COUNTED_SEEN("$2") " WHERE id = $1",
		                          id, sight->viewer),
		                 read_reporter, "reporter", id, error);
	return rows_load(
		db_query(db, error, "i", "SELECT " COLUMNS " FROM reporter WHERE id = $1", id),
		read_reporter, "reporter", id, error);
}

/* --- periods ------------------------------------------------------------------------------------
 */

static gpointer read_times(DbRows *rows)
{
	IncidentTimes *times = g_new0(IncidentTimes, 1);
	times->opened_at = db_int(rows, 0);
	times->looked_at = db_int(rows, 1);
	times->judged_at = db_int(rows, 2);
	times->pulled_at = db_int(rows, 3);
	times->disposition = (Disposition)rows_enum(rows, 4, disposition_names);
	times->kind = (IncidentKind)rows_enum(rows, 5, incident_kind_names);
	return times;
}

#define INCIDENTS_OPENED                                                                           \
	"SELECT incident_times.opened_at, looked_at, judged_at, pulled_at, disposition, kind "     \
	"FROM incident_times JOIN incident ON incident.id = incident_id WHERE "                    \
	"incident_times.opened_at >= $1 AND incident_times.opened_at < $2 AND ($3 = 0 OR EXISTS "  \
	"(SELECT 1 FROM incident_source WHERE source_id = $3 AND incident_source.incident_id = "   \
	"incident.id))"

/* Those that were removed, and whose they were is not known any more: by their sources. */
#define INCIDENTS_REMOVED                                                                          \
	" UNION ALL SELECT opened_at, looked_at, judged_at, pulled_at, disposition, kind FROM "    \
	"removed_incident WHERE opened_at >= $1 AND opened_at < $2 AND ($3 = 0 OR EXISTS (SELECT " \
	"1 FROM removed_incident_source WHERE source_id = $3 AND "                                 \
	"removed_incident_source.incident_id = removed_incident.incident_id))"
#define REMOVED_SEEN(viewer)                                                                       \
	" AND EXISTS (SELECT 1 FROM removed_incident_source AS seen WHERE seen.incident_id = "     \
	"removed_incident.incident_id AND seen.source_id IN " SEEN_SOURCES(viewer) ")"

GPtrArray *figures_incidents(Db *db, const Sight *sight, gint64 source_id, gint64 from, gint64 to,
                             GError **error)
{
	DbRows *rows = sight->everything
	                       ? db_query(db, error, "iii", INCIDENTS_OPENED INCIDENTS_REMOVED,
	                                  from, to, source_id)
	                       : db_query(db, error, "iiii",
	                                  INCIDENTS_OPENED " AND " SEES_INCIDENT("$4")
	                                          INCIDENTS_REMOVED REMOVED_SEEN("$4"),
	                                  from, to, source_id, sight->viewer);
	return rows_collect(rows, read_times, g_free, error);
}

static gpointer read_volume(DbRows *rows)
{
	ReportVolume *volume = g_new0(ReportVolume, 1);
	volume->source_id = db_int(rows, 0);
	volume->day = db_int(rows, 1);
	volume->count = db_int(rows, 2);
	return volume;
}

#define REPORTS_FOUND(seen, removed_seen)                                                          \
	"SELECT source_id, (found_at + $3) / $4 AS day, count(*) FROM (SELECT source_id, "         \
	"found_at FROM report WHERE found_at >= $1 AND found_at < $2" seen                         \
	" UNION ALL SELECT source_id, found_at FROM removed_report WHERE found_at >= $1 AND "      \
	"found_at < $2" removed_seen                                                               \
	") AS found WHERE $5 = 0 OR source_id = $5 GROUP BY source_id, day ORDER BY day"

GPtrArray *figures_reports(Db *db, const Sight *sight, gint64 source_id, gint64 from, gint64 to,
                           gint64 shift, GError **error)
{
	DbRows *rows =
		sight->everything
			? db_query(db, error, "iiiii", REPORTS_FOUND("", ""), from, to, shift,
	                           (gint64)CLOCK_DAY, source_id)
			: db_query(db, error, "iiiiii",
	                           REPORTS_FOUND(" AND " SEES_REPORT("$6"),
	                                         " AND source_id IN " SEEN_SOURCES("$6")),
	                           from, to, shift, (gint64)CLOCK_DAY, source_id, sight->viewer);
	return rows_collect(rows, read_volume, g_free, error);
}
