/* The plan is one setting, a JSON object; a period that it does not name is as it comes. */
#include "store/retention.h"

#include "base/clock.h"
#include "base/json.h"
#include "store/rows.h"
#include "store/setting.h"

#define PLAN      "retention.plan"
#define DUE       "retention.due_at"
#define RUNS_KEPT 100

/* What was always removed after some time still is. Nothing else goes before somebody says so.
 * Answers hold what people wrote, so they never outlive what they tell of: their most is the least
 * of what incidents have. */
/* clang-format off */
const RetentionLimit retention_limits[RETENTION_PERIODS] = {
	[RETENTION_CONTENT]  = {"content_days",   7, 36500,  0, TRUE},
	[RETENTION_UNDO]     = {"undo_days",      7, 36500,  0, TRUE},
	[RETENTION_INCIDENT] = {"incident_days", 30, 36500,  0, TRUE},
	[RETENTION_NUISANCE] = {"nuisance_days",  7, 36500,  0, TRUE},
	[RETENTION_AUDIT]    = {"audit_days",    90, 36500,  0, TRUE},
	[RETENTION_SESSION]  = {"session_days",   1, 36500,  0, TRUE},
	[RETENTION_JOB]      = {"job_days",       1, 36500,  2, TRUE},
	[RETENTION_POLL]     = {"poll_days",      2,   366,  2, FALSE},
	[RETENTION_ANSWER]   = {"answer_days",    1,     7,  1, FALSE},
};
/* clang-format on */

const char *const removed_names[] = {"incidents", "reports", "contents",      "copies",
                                     "messages",  "bytes",   "audit_records", "sessions",
                                     "jobs",      "polls",   "answers",       NULL};
const char *const retention_state_names[] = {"running", "done", "failed", NULL};

/* --- the plan -----------------------------------------------------------------------------------
 */

gboolean retention_plan_load(Db *db, RetentionPlan *plan, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autofree char *text = setting_load(db, PLAN, &problem);
	g_autoptr(json_t) document = text ? json_parse(text, -1, &problem) : NULL;
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	for (guint i = 0; i < RETENTION_PERIODS; i++)
		plan->days[i] =
			json_int(document, retention_limits[i].name, retention_limits[i].usually);
	plan->revision = json_int(document, "revision", 0);
	return TRUE;
}

char *retention_plan_format(const RetentionPlan *plan)
{
	g_autoptr(json_t) document = json_object();
	for (guint i = 0; i < RETENTION_PERIODS; i++)
		json_object_set_new(document, retention_limits[i].name,
		                    json_integer(plan->days[i]));
	return json_format(document);
}

gboolean retention_plan_save(Db *db, const RetentionPlan *plan, GError **error)
{
	g_autofree char *periods = retention_plan_format(plan);
	g_autoptr(json_t) document = json_parse(periods, -1, error);
	json_object_set_new(document, "revision", json_integer(plan->revision));
	g_autofree char *text = json_format(document);
	return setting_save(db, PLAN, text, error);
}

gint64 retention_before(const RetentionPlan *plan, RetentionPeriod period, gint64 now)
{
	return plan->days[period] ? now - plan->days[period] * CLOCK_DAY : 0;
}

gboolean retention_due_load(Db *db, gint64 *at, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autofree char *text = setting_load(db, DUE, &problem);
	*at = text ? g_ascii_strtoll(text, NULL, 10) : 0;
	if (!problem)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

gboolean retention_due_save(Db *db, gint64 at, GError **error)
{
	g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, at);
	return setting_save(db, DUE, text, error);
}

/* --- holds --------------------------------------------------------------------------------------
 */

void incident_hold_free(IncidentHold *hold)
{
	if (!hold)
		return;
	g_free(hold->reason);
	g_free(hold->held_by);
	g_free(hold->title);
	g_free(hold);
}

static gpointer read_hold(DbRows *rows)
{
	IncidentHold *hold = g_new0(IncidentHold, 1);
	hold->incident_id = db_int(rows, 0);
	hold->reason = db_text_dup(rows, 1);
	hold->held_by = db_text_dup(rows, 2);
	hold->held_at = db_int(rows, 3);
	hold->title = db_text_dup(rows, 4);
	return hold;
}

#define HOLDS                                                                                      \
	"SELECT incident_id, reason, held_by, held_at, incident.title FROM incident_hold "         \
	"JOIN incident ON incident.id = incident_id "

IncidentHold *incident_hold_find(Db *db, gint64 incident_id, GError **error)
{
	return rows_find(db_query(db, error, "i", HOLDS "WHERE incident_id = $1", incident_id),
	                 read_hold, error);
}

GPtrArray *incident_hold_list(Db *db, gint64 before, guint limit, GError **error)
{
	return rows_collect(db_query(db, error, "ii",
	                             HOLDS "WHERE $1 = 0 OR incident_id < $1 "
	                                   "ORDER BY incident_id DESC LIMIT $2",
	                             before, (gint64)limit),
	                    read_hold, (GDestroyNotify)incident_hold_free, error);
}

gboolean incident_hold_insert(Db *db, const IncidentHold *hold, GError **error)
{
	return db_run(db, NULL, error, "itti",
	              "INSERT INTO incident_hold (incident_id, reason, held_by, held_at) "
	              "VALUES ($1, $2, $3, $4)",
	              hold->incident_id, hold->reason, hold->held_by, hold->held_at);
}

gboolean incident_hold_delete(Db *db, gint64 incident_id, GError **error)
{
	return db_run(db, NULL, error, "i", "DELETE FROM incident_hold WHERE incident_id = $1",
	              incident_id);
}

gboolean incident_content_removed(Db *db, gint64 incident_id, gint64 *at, GError **error)
{
	g_autoptr(GError) problem = NULL;
	if (!rows_int(db_query(db, &problem, "i",
	                       "SELECT content_removed_at FROM incident WHERE id = $1",
	                       incident_id),
	              at, &problem))
		*at = 0;
	if (!problem)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

/* --- runs ---------------------------------------------------------------------------------------
 */

void retention_run_free(RetentionRun *run)
{
	if (!run)
		return;
	g_free(run->error);
	g_free(run->plan);
	g_free(run);
}

char *retention_removed_format(const RetentionRun *run)
{
	g_autoptr(json_t) document = json_object();
	for (guint i = 0; i < REMOVED_KINDS; i++)
		if (run->removed[i])
			json_object_set_new(document, removed_names[i],
			                    json_integer(run->removed[i]));
	return json_format(document);
}

static gpointer read_run(DbRows *rows)
{
	RetentionRun *run = g_new0(RetentionRun, 1);
	run->id = db_int(rows, 0);
	run->state = (RetentionState)rows_enum(rows, 1, retention_state_names);
	run->error = db_text_dup(rows, 2);
	run->plan = db_text_dup(rows, 3);
	run->started_at = db_int(rows, 5);
	run->finished_at = db_int(rows, 6);
	g_autoptr(json_t) removed = json_parse(db_text(rows, 4), -1, NULL);
	for (guint i = 0; i < REMOVED_KINDS; i++)
		run->removed[i] = json_int(removed, removed_names[i], 0);
	return run;
}

gboolean retention_run_insert(Db *db, RetentionRun *run, GError **error)
{
	return rows_int(db_query(db, error, "tti",
	                         "INSERT INTO retention_run (state, plan, started_at, finished_at) "
	                         "VALUES ($1, $2, $3, 0) RETURNING id",
	                         retention_state_names[run->state], run->plan, run->started_at),
	                &run->id, error) &&
	       db_run(db, NULL, error, "i", "DELETE FROM retention_run WHERE id <= $1",
	              run->id - RUNS_KEPT);
}

gboolean retention_run_save(Db *db, const RetentionRun *run, GError **error)
{
	g_autofree char *removed = retention_removed_format(run);
	return db_run(db, NULL, error, "tttii",
	              "UPDATE retention_run SET state = $1, error = $2, removed = $3, "
	              "finished_at = $4 WHERE id = $5",
	              retention_state_names[run->state], run->error, removed, run->finished_at,
	              run->id);
}

GPtrArray *retention_run_list(Db *db, GError **error)
{
	return rows_collect(db_query(db, error, "",
	                             "SELECT id, state, error, plan, removed, started_at, "
	                             "finished_at FROM retention_run ORDER BY id DESC"),
	                    read_run, (GDestroyNotify)retention_run_free, error);
}
