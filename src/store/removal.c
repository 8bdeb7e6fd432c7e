/* What is past its period, as SQL, and how it goes.
 *
 * Each walk finds candidates and locks them; whether one is due is asked again under the lock,
 * because on PostgreSQL a response may have been asked for, or a hold put on, after the snapshot in
 * which it was found. Whoever adds something to an incident names its row, and so waits for the
 * lock, or is seen.
 *
 * Whatever loses somebody who names a raw message asks for its removal in the same transaction
 * (store/removal_raw.c). */
#include "store/removal.h"

#include "store/pack.h"
#include "store/rows.h"

#define ROWS_TOGETHER 2000 /* alerts and reports of one transaction; one incident may have more */

RemovalTime removal_time(const RetentionPlan *plan, gint64 now)
{
	RemovalTime time;
	for (guint i = 0; i < RETENTION_PERIODS; i++)
		time.before[i] = retention_before(plan, i, now);
	return time;
}

/* --- what is due --------------------------------------------------------------------------------
 *
 * $1 … $4 are the times of content, undo, incidents and nuisance, $5 the latest of the last two. */

#define CLOSED "incident.state = 'closed' AND incident.closed_at IS NOT NULL"
#define HELD   "EXISTS (SELECT 1 FROM incident_hold WHERE incident_hold.incident_id = incident.id)"
#define BUSY                                                                                       \
	"(EXISTS (SELECT 1 FROM response WHERE response.incident_id = incident.id AND "            \
	"response.state IN ('planned', 'running')) OR EXISTS (SELECT 1 FROM report_incident "      \
	"JOIN report ON report.id = report_incident.report_id WHERE "                              \
	"report_incident.incident_id = incident.id AND (report.state = 'new' OR "                  \
	"report.post_process = 'pending')))"

/* A copy in the quarantine whose bytes are here, so that it can be put back. */
#define RETURNABLE                                                                                 \
	"quarantine_result.status = 'success' AND quarantine_result.step <> 'restored' AND "       \
	"quarantine_result.bytes_removed_at IS NULL"
#define UNDO_PAST "(incident.closed_at < $2 AND quarantine_result.updated_at < $2)"
#define MAY_RETURN                                                                                 \
	"EXISTS (SELECT 1 FROM quarantine_result WHERE "                                           \
	"quarantine_result.incident_id = incident.id AND " RETURNABLE " AND NOT " UNDO_PAST ")"
#define CANNOT_RETURN                                                                              \
	"EXISTS (SELECT 1 FROM quarantine_result WHERE "                                           \
	"quarantine_result.incident_id = incident.id AND " RETURNABLE " AND " UNDO_PAST ")"

#define IS_NUISANCE "(incident.disposition IN ('spam', 'bulk') OR incident.kind = 'not_a_report')"
#define PAST                                                                                       \
	CLOSED " AND incident.closed_at < $5 AND (incident.closed_at < $3 OR "                     \
	       "(incident.closed_at < $4 AND " IS_NUISANCE "))"
#define DUE PAST " AND NOT " HELD " AND NOT " MAY_RETURN " AND NOT " BUSY

#define HAS_CONTENT(incident)                                                                      \
	"(" incident ".content_removed_at IS NULL OR " incident ".state = 'open' OR " incident     \
	".content_removed_at < " incident ".closed_at)"
#define CONTENT_DUE                                                                                \
	CLOSED " AND incident.closed_at < $1 AND " HAS_CONTENT("incident") " AND NOT " HELD        \
									   " AND NOT " BUSY
#define UNDO_DUE CLOSED " AND " CANNOT_RETURN " AND NOT " HELD " AND NOT " BUSY

#define TIMES 5
static void set_times(const RemovalTime *time, DbValue *values)
{
	const gint64 times[TIMES] = {
		time->before[RETENTION_CONTENT], time->before[RETENTION_UNDO],
		time->before[RETENTION_INCIDENT], time->before[RETENTION_NUISANCE],
		MAX(time->before[RETENTION_INCIDENT], time->before[RETENTION_NUISANCE])};
	for (guint i = 0; i < TIMES; i++)
		values[i] = (DbValue){.type = 'i', .i = times[i]};
}

/* PostgreSQL wants to know the type of a parameter that a statement does not use. */
#define ALL_TIMES                                                                                  \
	"CAST($1 AS BIGINT) IS NOT NULL AND CAST($2 AS BIGINT) IS NOT NULL AND "                   \
	"CAST($3 AS BIGINT) IS NOT NULL AND CAST($4 AS BIGINT) IS NOT NULL AND "                   \
	"CAST($5 AS BIGINT) IS NOT NULL AND "

typedef struct {
	gint64 id, closed_at, weight;
} Candidate;

static gpointer read_candidate(DbRows *rows)
{
	Candidate *candidate = g_new0(Candidate, 1);
	candidate->id = db_int(rows, 0);
	candidate->closed_at = db_int(rows, 1);
	candidate->weight = db_int(rows, 2);
	return candidate;
}

static GArray *next_of(Db *db, const char *due, const RemovalTime *time, RemovalPlace *place,
                       guint limit, GError **error)
{
	DbValue values[TIMES + 3];
	set_times(time, values);
	values[5] = (DbValue){.type = 'i', .i = place->closed_at};
	values[6] = (DbValue){.type = 'i', .i = place->id};
	values[7] = (DbValue){.type = 'i', .i = limit};
	g_autofree char *sql =
		g_strconcat("SELECT incident.id, incident.closed_at, incident.alert_count + "
	                    "incident.report_count FROM incident WHERE " ALL_TIMES
	                    "(incident.closed_at, incident.id) > ($6, $7) AND ",
	                    due, " ORDER BY incident.closed_at, incident.id LIMIT $8",
	                    db_skip_locked(db), NULL);
	g_autoptr(GPtrArray) found =
		rows_collect(db_query_values(db, error, sql, values, G_N_ELEMENTS(values)),
	                     read_candidate, g_free, error);
	if (!found)
		return NULL;
	GArray *ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	gint64 weight = 0;
	for (guint i = 0; i < found->len; i++) {
		const Candidate *candidate = found->pdata[i];
		weight += candidate->weight;
		if (i > 0 && weight > ROWS_TOGETHER)
			break;
		g_array_append_val(ids, candidate->id);
		*place = (RemovalPlace){candidate->closed_at, candidate->id};
	}
	return ids;
}

static gboolean is_due(Db *db, const char *due, const RemovalTime *time, gint64 id, gboolean *is,
                       GError **error)
{
	DbValue values[TIMES + 1];
	gint64 n = 0;
	set_times(time, values);
	values[5] = (DbValue){.type = 'i', .i = id};
	g_autofree char *sql = g_strconcat("SELECT count(*) FROM incident WHERE " ALL_TIMES
	                                   "incident.id = $6 AND ",
	                                   due, NULL);
	gboolean ok =
		rows_int(db_query_values(db, error, sql, values, G_N_ELEMENTS(values)), &n, error);
	*is = n == 1;
	return ok;
}

GArray *removal_next(Db *db, const RemovalTime *time, RemovalPlace *place, guint limit,
                     GError **error)
{
	return next_of(db, DUE, time, place, limit, error);
}

gboolean removal_is_due(Db *db, const RemovalTime *time, gint64 id, gboolean *due, GError **error)
{
	return is_due(db, DUE, time, id, due, error);
}

GArray *removal_next_content(Db *db, const RemovalTime *time, RemovalPlace *place, guint limit,
                             GError **error)
{
	return next_of(db, CONTENT_DUE, time, place, limit, error);
}

gboolean removal_is_content_due(Db *db, const RemovalTime *time, gint64 id, gboolean *due,
                                GError **error)
{
	return is_due(db, CONTENT_DUE, time, id, due, error);
}

GArray *removal_next_undo(Db *db, const RemovalTime *time, RemovalPlace *place, guint limit,
                          GError **error)
{
	return next_of(db, UNDO_DUE, time, place, limit, error);
}

gboolean removal_is_undo_due(Db *db, const RemovalTime *time, gint64 id, gboolean *due,
                             GError **error)
{
	return is_due(db, UNDO_DUE, time, id, due, error);
}

/* --- pieces -------------------------------------------------------------------------------------
 */

static gpointer read_id(DbRows *rows)
{
	return g_memdup2(&(gint64){db_int(rows, 0)}, sizeof(gint64));
}

static GPtrArray *ids_of(Db *db, const char *sql, gint64 id, GError **error)
{
	return rows_collect(db_query(db, error, "i", sql, id), read_id, g_free, error);
}

/* Runs statements that each take one number. */
static gboolean run_each(Db *db, const char *const *statements, guint n, gint64 id, GError **error)
{
	for (guint i = 0; i < n; i++) {
		const DbValue value = {.type = 'i', .i = id};
		if (!db_run_values(db, NULL, error, statements[i], &value, 1))
			return FALSE;
	}
	return TRUE;
}

#define ASK(from)                                                                                  \
	"INSERT INTO raw_removal (sha256) SELECT DISTINCT sha256 FROM " from                       \
	" ON CONFLICT DO NOTHING"

/* Does an incident that still has content name it? */
#define NAMED_BY_REPORT                                                                            \
	"EXISTS (SELECT 1 FROM report_incident JOIN incident ON incident.id = "                    \
	"report_incident.incident_id WHERE report_incident.report_id = report.id "                 \
	"AND " HAS_CONTENT("incident") ")"
#define NAMED_BY_ORIGINAL                                                                          \
	"(EXISTS (SELECT 1 FROM incident WHERE incident.original_id = original.id "                \
	"AND " HAS_CONTENT(                                                                        \
		"incident") ") OR EXISTS (SELECT 1 FROM report_incident JOIN incident ON "         \
			    "incident.id = report_incident.incident_id WHERE "                     \
			    "report_incident.original_id = original.id AND " HAS_CONTENT(          \
				    "incident") ") OR EXISTS (SELECT 1 FROM alert JOIN incident "  \
						"ON incident.id = alert.incident_id WHERE "        \
						"alert.original_id = original.id "                 \
						"AND " HAS_CONTENT("incident") "))"

static gboolean empty_report(Db *db, gint64 id, gint64 revision, GError **error)
{
	return db_run(db, NULL, error, "i",
	              ASK("report WHERE id = $1 AND sha256 IS NOT NULL AND NOT " NAMED_BY_REPORT),
	              id) &&
	       db_run(db, NULL, error, "ii",
	              "UPDATE report SET removed_sha256 = sha256, sha256 = NULL, "
	              "revision = CASE $2 WHEN 0 THEN revision ELSE $2 END "
	              "WHERE id = $1 AND sha256 IS NOT NULL AND NOT " NAMED_BY_REPORT,
	              id, revision);
}

static gboolean empty_original(Db *db, gint64 id, gint64 now, GError **error)
{
	g_autoptr(GBytes) nothing = pack("{}", 2, error);
	return nothing &&
	       db_run(db, NULL, error, "i",
	              ASK("original WHERE id = $1 AND sha256 IS NOT NULL AND "
	                  "NOT " NAMED_BY_ORIGINAL),
	              id) &&
	       db_run(db, NULL, error, "iib",
	              "UPDATE original SET sha256 = NULL, content_removed_at = $2, breakdown = $3 "
	              "WHERE id = $1 AND content_removed_at IS NULL AND NOT " NAMED_BY_ORIGINAL,
	              id, now, nothing);
}

#define REPORTS_OF "SELECT report_id FROM report_incident WHERE incident_id = $1"
#define ORIGINALS_OF                                                                               \
	"SELECT original_id FROM incident WHERE id = $1 AND original_id IS NOT NULL UNION "        \
	"SELECT original_id FROM report_incident WHERE incident_id = $1 AND original_id IS NOT "   \
	"NULL UNION SELECT original_id FROM alert WHERE incident_id = $1 AND original_id IS NOT "  \
	"NULL UNION SELECT original_id FROM quarantine_result WHERE incident_id = $1"

/* --- an incident whole --------------------------------------------------------------------------
 */

#define STALE_REPORTER                                                                             \
	"UPDATE reporter SET stale = 1 WHERE address = (SELECT reporter FROM report WHERE id = "   \
	"$1)"

/* The report goes when it was about nothing else. A message that lies in its folder still must not
 * come back as a new one, so its place stays. */
static gboolean remove_report(Db *db, gint64 id, RetentionRun *run, GError **error)
{
	static const char *const statements[] = {
		"INSERT INTO removed_report (source_id, epoch, server_uid, sha256, received_at, "
		"found_at) SELECT source_id, epoch, server_uid, COALESCE(sha256, removed_sha256), "
		"received_at, found_at FROM report WHERE id = $1 ON CONFLICT DO NOTHING",
		ASK("report WHERE id = $1 AND sha256 IS NOT NULL"),
		STALE_REPORTER,
		"DELETE FROM alert_report WHERE report_id = $1",
		"DELETE FROM report WHERE id = $1",
	};
	gint64 others = 0;
	if (!rows_int(db_query(db, error, "i",
	                       "SELECT count(*) FROM report_incident WHERE report_id = $1", id),
	              &others, error))
		return FALSE;
	if (others)
		return empty_report(db, id, 0, error);
	run->removed[REMOVED_REPORTS]++;
	return run_each(db, statements, G_N_ELEMENTS(statements), id, error);
}

static gboolean remove_original(Db *db, gint64 id, gint64 now, GError **error)
{
	static const char named[] =
		"SELECT CASE WHEN EXISTS (SELECT 1 FROM incident WHERE original_id = $1) OR "
		"EXISTS (SELECT 1 FROM report_incident WHERE original_id = $1) OR "
		"EXISTS (SELECT 1 FROM alert WHERE original_id = $1) OR "
		"EXISTS (SELECT 1 FROM quarantine_result WHERE original_id = $1) THEN 1 ELSE 0 END";
	static const char *const statements[] = {
		ASK("original WHERE id = $1 AND sha256 IS NOT NULL"),
		"DELETE FROM original WHERE id = $1",
	};
	gint64 is_named = 1;
	if (!rows_int(db_query(db, error, "i", named, id), &is_named, error))
		return FALSE;
	return is_named ? empty_original(db, id, now, error)
	                : run_each(db, statements, G_N_ELEMENTS(statements), id, error);
}

gboolean removal_incident(Db *db, gint64 id, gint64 now, RetentionRun *run, GError **error)
{
	static const char *const statements[] = {
		"INSERT INTO removed_incident_source (source_id, incident_id) "
		"SELECT source_id, incident_id FROM incident_source WHERE incident_id = $1",
		ASK("quarantine_result WHERE incident_id = $1 AND sha256 IS NOT NULL"),
		"DELETE FROM quarantine_result WHERE incident_id = $1",
		"DELETE FROM response WHERE incident_id = $1",
		"DELETE FROM alert_report WHERE alert_id IN (SELECT id FROM alert WHERE "
		"incident_id = $1)",
		"DELETE FROM alert WHERE incident_id = $1",
		"DELETE FROM report_incident WHERE incident_id = $1",
		"DELETE FROM incident_source WHERE incident_id = $1",
		"DELETE FROM incident_comment WHERE incident_id = $1",
		"DELETE FROM incident_times WHERE incident_id = $1",
		"DELETE FROM incident WHERE id = $1",
	};
	g_autoptr(GPtrArray) reports = ids_of(db, REPORTS_OF, id, error);
	g_autoptr(GPtrArray) originals = reports ? ids_of(db, ORIGINALS_OF, id, error) : NULL;
	if (!originals ||
	    !db_run(db, NULL, error, "iii",
	            "INSERT INTO removed_incident (incident_id, run_id, removed_at, opened_at, "
	            "looked_at, judged_at, pulled_at, disposition, kind) SELECT incident.id, $2, "
	            "$3, incident.opened_at, incident_times.looked_at, incident_times.judged_at, "
	            "incident_times.pulled_at, incident.disposition, incident.kind FROM incident "
	            "LEFT JOIN incident_times ON incident_times.incident_id = incident.id "
	            "WHERE incident.id = $1",
	            id, run->id, now) ||
	    !run_each(db, statements, G_N_ELEMENTS(statements), id, error))
		return FALSE;
	for (guint i = 0; i < reports->len; i++)
		if (!remove_report(db, *(gint64 *)reports->pdata[i], run, error))
			return FALSE;
	for (guint i = 0; i < originals->len; i++)
		if (!remove_original(db, *(gint64 *)originals->pdata[i], now, error))
			return FALSE;
	run->removed[REMOVED_INCIDENTS]++;
	return TRUE;
}

/* --- its messages -------------------------------------------------------------------------------
 */

gboolean removal_content(Db *db, gint64 id, gint64 now, gint64 revision, RetentionRun *run,
                         GError **error)
{
	g_autoptr(GPtrArray) reports = ids_of(db, REPORTS_OF, id, error);
	g_autoptr(GPtrArray) originals = reports ? ids_of(db, ORIGINALS_OF, id, error) : NULL;
	if (!originals ||
	    !db_run(db, NULL, error, "iii",
	            "UPDATE incident SET content_removed_at = $2, revision = $3 WHERE id = $1", id,
	            now, revision))
		return FALSE;
	for (guint i = 0; i < reports->len; i++)
		if (!empty_report(db, *(gint64 *)reports->pdata[i], revision, error))
			return FALSE;
	for (guint i = 0; i < originals->len; i++)
		if (!empty_original(db, *(gint64 *)originals->pdata[i], now, error))
			return FALSE;
	run->removed[REMOVED_CONTENTS]++;
	/* What can be put back keeps its bytes; the period of undo takes them. */
	return db_run(db, NULL, error, "i",
	              ASK("quarantine_result WHERE incident_id = $1 AND sha256 IS NOT NULL AND "
	                  "bytes_removed_at IS NULL AND NOT (" RETURNABLE ")"),
	              id) &&
	       db_run(db, NULL, error, "iii",
	              "UPDATE quarantine_result SET bytes_removed_at = $2, revision = $3 WHERE "
	              "incident_id = $1 AND sha256 IS NOT NULL AND bytes_removed_at IS NULL AND "
	              "NOT (" RETURNABLE ")",
	              id, now, revision);
}

gboolean removal_undo(Db *db, gint64 id, gint64 now, gint64 revision, RetentionRun *run,
                      GError **error)
{
	gint64 n = 0;
	if (!db_run(db, NULL, error, "i",
	            ASK("quarantine_result WHERE incident_id = $1 AND sha256 IS NOT NULL "
	                "AND " RETURNABLE),
	            id) ||
	    !db_run(db, &n, error, "iii",
	            "UPDATE quarantine_result SET bytes_removed_at = $2, revision = $3 WHERE "
	            "incident_id = $1 AND " RETURNABLE,
	            id, now, revision))
		return FALSE;
	run->removed[REMOVED_COPIES] += n;
	return db_run(db, NULL, error, "ii", "UPDATE incident SET revision = $2 WHERE id = $1", id,
	              revision);
}

gboolean removal_gone_reports(Db *db, const RemovalTime *time, guint limit, RetentionRun *run,
                              gint64 *n, GError **error)
{
	*n = 0;
	g_autoptr(GPtrArray) ids = rows_collect(
		db_query(db, error, "ii",
	                 "SELECT id FROM report WHERE state = 'gone' AND found_at < $1 AND NOT "
	                 "EXISTS (SELECT 1 FROM report_incident WHERE report_id = report.id) "
	                 "ORDER BY id LIMIT $2",
	                 time->before[RETENTION_NUISANCE], (gint64)limit),
		read_id, g_free, error);
	for (guint i = 0; ids && i < ids->len; i++, ++*n)
		if (!remove_report(db, *(gint64 *)ids->pdata[i], run, error))
			return FALSE;
	return ids != NULL;
}

/* --- the rest -----------------------------------------------------------------------------------
 */

/* $1: before, $2: at most so many. */
static const char *const rows_removed[RETENTION_PERIODS] = {
	[RETENTION_SESSION] =
		"DELETE FROM user_session WHERE id IN (SELECT id FROM user_session WHERE "
		"COALESCE(ended_at, expires_at) < $1 OR expires_at < $1 ORDER BY id LIMIT $2)",
	[RETENTION_JOB] = "DELETE FROM job WHERE id IN (SELECT id FROM job WHERE state IN ('done', "
			  "'cancelled') AND updated_at < $1 ORDER BY updated_at LIMIT $2)",
	[RETENTION_POLL] =
		"DELETE FROM source_poll WHERE (source_id, at) IN (SELECT source_id, at FROM "
		"source_poll WHERE at < $1 LIMIT $2)",
	[RETENTION_ANSWER] =
		"DELETE FROM idempotency WHERE (api_key_id, idempotency_key) IN (SELECT "
		"api_key_id, idempotency_key FROM idempotency WHERE created_at < $1 LIMIT $2)",
};

gboolean removal_rows(Db *db, RetentionPeriod period, gint64 before, guint limit, gint64 *n,
                      GError **error)
{
	const DbValue values[] = {{.type = 'i', .i = before}, {.type = 'i', .i = limit}};
	g_assert(rows_removed[period]);
	return db_run_values(db, n, error, rows_removed[period], values, G_N_ELEMENTS(values));
}

gboolean removal_audit_end(Db *db, gint64 before, gint64 *seq, GError **error)
{
	gint64 recent = 0, needed = 0;
	if (!rows_int(db_query(db, error, "i",
	                       "SELECT COALESCE((SELECT seq FROM audit WHERE at >= $1 ORDER BY seq "
	                       "LIMIT 1), (SELECT MAX(seq) FROM audit), 0)",
	                       before),
	              &recent, error) ||
	    !rows_int(
		    db_query(db, error, "",
	                     "SELECT COALESCE(MIN(first), 0) FROM (SELECT (SELECT MIN(seq) FROM "
	                     "audit WHERE audit.incident_id = incident.id) AS first FROM incident "
	                     "WHERE state = 'open' OR " HELD " OR EXISTS (SELECT 1 FROM response "
	                     "WHERE response.incident_id = incident.id AND response.state IN "
	                     "('planned', 'running'))) AS firsts"),
		    &needed, error))
		return FALSE;
	*seq = MAX(0, (needed ? MIN(recent, needed) : recent) - 1);
	return TRUE;
}

/* --- what would go ------------------------------------------------------------------------------
 */

static gboolean count(Db *db, const char *what, const char *due, const RemovalTime *time, gint64 *n,
                      GError **error)
{
	DbValue values[TIMES];
	set_times(time, values);
	g_autofree char *sql =
		g_strconcat("SELECT ", what, " FROM incident WHERE " ALL_TIMES, due, NULL);
	return rows_int(db_query_values(db, error, sql, values, TIMES), n, error);
}

#define OF_DUE(table) table " WHERE " table ".incident_id IN (SELECT id FROM due)"
#define GOING                                                                                      \
	"WITH due AS MATERIALIZED (SELECT incident.id FROM incident WHERE " ALL_TIMES "((" DUE     \
	") OR (" CONTENT_DUE "))) "

static gboolean count_bytes(Db *db, const RemovalTime *time, gint64 *n, GError **error)
{
	DbValue values[TIMES];
	set_times(time, values);
	return rows_int(
		db_query_values(
			db, error,
			GOING "SELECT COALESCE(sum(size), 0) FROM raw_message WHERE sha256 IN "
			      "(SELECT report.sha256 FROM report JOIN report_incident ON "
			      "report_incident.report_id = report.id WHERE "
			      "report_incident.incident_id IN (SELECT id FROM due) "
			      "UNION SELECT original.sha256 FROM original JOIN report_incident ON "
			      "report_incident.original_id = original.id WHERE "
			      "report_incident.incident_id IN (SELECT id FROM due) "
			      "UNION SELECT quarantine_result.sha256 FROM " OF_DUE(
				      "quarantine_result") " AND NOT (" RETURNABLE "))",
			values, TIMES),
		n, error);
}

gboolean removal_preview(Db *db, const RemovalTime *time, RemovalPreview *preview, GError **error)
{
	gint64 before = time->before[RETENTION_AUDIT];
	*preview = (RemovalPreview){0};
	return count(db, "count(*)", DUE, time, &preview->incidents, error) &&
	       count(db, "COALESCE(MIN(incident.opened_at), 0)", "((" DUE ") OR (" CONTENT_DUE "))",
	             time, &preview->oldest_at, error) &&
	       count(db, "COALESCE(sum(incident.report_count), 0)", DUE, time, &preview->reports,
	             error) &&
	       count(db, "count(*)", CONTENT_DUE " AND NOT (" DUE ")", time, &preview->contents,
	             error) &&
	       count(db,
	             "COALESCE(sum((SELECT count(*) FROM quarantine_result WHERE "
	             "quarantine_result.incident_id = incident.id AND " RETURNABLE " "
	             "AND " UNDO_PAST ")), 0)",
	             UNDO_DUE, time, &preview->copies, error) &&
	       count(db, "count(*)", PAST " AND " HELD, time, &preview->held, error) &&
	       count(db, "count(*)", PAST " AND NOT " HELD " AND " MAY_RETURN, time,
	             &preview->put_back, error) &&
	       count_bytes(db, time, &preview->bytes, error) &&
	       (!before || removal_audit_end(db, before, &preview->audit_until, error)) &&
	       rows_int(db_query(db, error, "i", "SELECT count(*) FROM audit WHERE seq <= $1",
	                         preview->audit_until),
	                &preview->audit_records, error);
}
