/* A run: one step after the other, each a small transaction as often as it finds something.
 *
 * After every transaction what is kept is whole and what is still to go is known: rows go with a
 * question for each raw message that they named, a raw message's row goes when the answer is that
 * nobody names it, its file when the row is gone, and the question when the directory knows. So it
 * can be killed between any two, and the next run goes on. */
#include "retention/retention.h"

#include "audit/audit.h"
#include "base/clock.h"
#include "base/error.h"
#include "search/index.h"
#include "store/job.h"

#include <string.h>

#define KIND        "retention.run"
#define INCIDENTS   25                   /* of one transaction, at most */
#define LONG        (CLOCK_SECOND / 20)  /* who writes waits so long; fewer the next time */
#define MESSAGES    50                   /* raw */
#define ROWS        500                  /* of jobs, polls, sessions, answers */
#define RECORDS     2000                 /* of the audit log */
#define REST        (CLOCK_SECOND / 100) /* at least, after each */
#define RUN_SECONDS 3000                 /* then the next run goes on */
#define STRAY       CLOCK_DAY /* a raw message that nobody has named for so long is nobody's */

typedef struct Run Run;
struct Run {
	const JobTools *tools;
	const Job *job;
	gint64 until; /* monotonic */
	gint64 now;   /* wall: one for the whole run */
	RetentionPlan plan;
	RemovalTime time;
	RetentionRun *row;
	gint64 before[REMOVED_KINDS]; /* of row->removed, before the present transaction */
	RemovalPlace place;           /* of the present step */
	guint together;               /* incidents of the next transaction */
	char *asked;                  /* raw message at which the present step stands */
	GPtrArray *hashes;            /* of the present step */
	guint shard;                  /* of files that are looked through */
	gboolean more;                /* the present step has found something */
};

static void run_clear(Run *run)
{
	g_clear_pointer(&run->row, retention_run_free);
	g_clear_pointer(&run->hashes, g_ptr_array_unref);
	g_clear_pointer(&run->asked, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

static gboolean is_held(const Run *run, Db *db, GError **error)
{
	return job_check_fence(db, run->job->id, run->job->fence, error);
}

/* --- incidents ----------------------------------------------------------------------------------
 */

/* Of @ids, which are locked, those that are due still. */
static GArray *still_due(Run *run, Db *db, const GArray *ids,
                         gboolean (*is_due)(Db *, const RemovalTime *, gint64, gboolean *,
                                            GError **),
                         GError **error)
{
	g_autoptr(GArray) due = g_array_new(FALSE, FALSE, sizeof(gint64));
	for (guint i = 0; i < ids->len; i++) {
		gboolean is;
		gint64 id = g_array_index(ids, gint64, i);
		if (!is_due(db, &run->time, id, &is, error))
			return NULL;
		if (is)
			g_array_append_val(due, id);
	}
	return g_steal_pointer(&due);
}

static json_t *ids_json(const GArray *ids)
{
	json_t *array = json_array();
	for (guint i = 0; i < ids->len; i++)
		json_array_append_new(array, json_integer(g_array_index(ids, gint64, i)));
	return array;
}

static gboolean step_incidents(Db *db, Run *run, GError **error)
{
	g_autoptr(GArray) found = removal_next(db, &run->time, &run->place, run->together, error);
	g_autoptr(GArray) due = found ? still_due(run, db, found, removal_is_due, error) : NULL;
	if (!due || (due->len && !search_forget_all(db, due, error)))
		return FALSE;
	for (guint i = 0; i < due->len; i++)
		if (!removal_incident(db, g_array_index(due, gint64, i), run->now, run->row, error))
			return FALSE;
	run->more = found->len > 0;
	return due->len == 0 ||
	       audit_append(db, "worker", "retention.remove", "retention_run", run->row->id, 0,
	                    json_pack("{s:o}", "incidents", ids_json(due)), NULL, error);
}

/* What stays of an incident is seen, so each has its record, and with it a revision. */
typedef gboolean (*Empty)(Db *db, gint64 id, gint64 now, gint64 revision, RetentionRun *run,
                          GError **error);

static gboolean empty_each(Db *db, Run *run, const GArray *due, const char *action, Empty empty,
                           GError **error)
{
	for (guint i = 0; i < due->len; i++) {
		gint64 seq, id = g_array_index(due, gint64, i);
		if (!audit_append(db, "worker", action, "incident", id, id,
		                  json_pack("{s:I}", "run", (json_int_t)run->row->id), &seq,
		                  error) ||
		    !empty(db, id, run->now, seq, run->row, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean step_contents(Db *db, Run *run, GError **error)
{
	g_autoptr(GArray) found =
		removal_next_content(db, &run->time, &run->place, run->together, error);
	g_autoptr(GArray) due =
		found ? still_due(run, db, found, removal_is_content_due, error) : NULL;
	run->more = found && found->len > 0;
	/* Its words go; those of what stays of it are taken again. */
	return due && (due->len == 0 || search_forget_all(db, due, error)) &&
	       empty_each(db, run, due, "incident.content_remove", removal_content, error);
}

static gboolean step_undo(Db *db, Run *run, GError **error)
{
	g_autoptr(GArray) found =
		removal_next_undo(db, &run->time, &run->place, run->together, error);
	g_autoptr(GArray) due =
		found ? still_due(run, db, found, removal_is_undo_due, error) : NULL;
	run->more = found && found->len > 0;
	return due && empty_each(db, run, due, "incident.undo_end", removal_undo, error);
}

static gboolean step_gone(Db *db, Run *run, GError **error)
{
	gint64 n;
	if (!removal_gone_reports(db, &run->time, ROWS, run->row, &n, error))
		return FALSE;
	run->more = n == ROWS;
	return TRUE;
}

/* --- bytes --------------------------------------------------------------------------------------
 */

static gboolean step_strays(Db *db, Run *run, GError **error)
{
	g_autoptr(GPtrArray) strays = removal_strays(db, run->now - STRAY, ROWS, error);
	for (guint i = 0; strays && i < strays->len; i++)
		if (!removal_ask(db, strays->pdata[i], error))
			return FALSE;
	run->more = strays && strays->len == ROWS;
	return strays != NULL;
}

/* The rows; of what lies in files, run->hashes is left. */
static gboolean step_raw(Db *db, Run *run, GError **error)
{
	g_autoptr(GPtrArray) asked =
		removal_asked(db, run->asked ? run->asked : "", MESSAGES, error);
	g_clear_pointer(&run->hashes, g_ptr_array_unref);
	run->hashes = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; asked && i < asked->len; i++) {
		gboolean file;
		if (!removal_raw(db, asked->pdata[i], &file, run->row, error))
			return FALSE;
		if (file)
			g_ptr_array_add(run->hashes, g_strdup(asked->pdata[i]));
	}
	run->more = asked && asked->len > 0;
	if (run->more) {
		g_free(run->asked);
		run->asked = g_strdup(asked->pdata[asked->len - 1]);
	}
	return asked != NULL;
}

/* Under the lock of whoever registers such a message: it sees that the file is gone and writes it
 * again, or we see its row. */
static gboolean unlink_files(Db *db, gpointer data, GError **error)
{
	Run *run = data;
	if (!is_held(run, db, error))
		return FALSE;
	for (guint i = 0; i < run->hashes->len; i++) {
		const char *sha256 = run->hashes->pdata[i];
		gboolean there;
		if (!raw_store_lock(db, sha256, error) ||
		    !raw_store_knows(db, sha256, &there, error) ||
		    (!there && !raw_store_unlink(run->tools->raw, sha256, error)))
			return FALSE;
	}
	return TRUE;
}

static gboolean answer_files(Db *db, gpointer data, GError **error)
{
	Run *run = data;
	if (!is_held(run, db, error))
		return FALSE;
	for (guint i = 0; i < run->hashes->len; i++)
		if (!removal_answered(db, run->hashes->pdata[i], error))
			return FALSE;
	return TRUE;
}

/* While a backup is made files stay as they are, and the next run asks again; run->hashes is empty
 * then. */
static gboolean remove_files(Run *run, GError **error)
{
	int held = -1;
	const char *directory = raw_store_directory(run->tools->raw);
	if (!run->hashes || run->hashes->len == 0)
		return TRUE;
	if (directory && !raw_files_hold(directory, TRUE, &held, error))
		return FALSE;
	if (directory && held < 0) {
		g_ptr_array_set_size(run->hashes, 0);
		return TRUE;
	}
	gboolean ok = db_write(run->tools->db, unlink_files, run, error) &&
	              raw_store_sync(run->tools->raw, run->hashes, error) &&
	              db_write(run->tools->db, answer_files, run, error);
	raw_files_release(held);
	return ok;
}

/* Files that never had a row: what was fetched turned out to be kept already, or its worker died.
 */
static gboolean find_strays(Db *db, gpointer data, GError **error)
{
	Run *run = data;
	g_autoptr(GPtrArray) files =
		raw_store_list(run->tools->raw, run->shard, run->now - STRAY, error);
	g_clear_pointer(&run->hashes, g_ptr_array_unref);
	run->hashes = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; files && i < files->len; i++) {
		gboolean there;
		if (!raw_store_knows(db, files->pdata[i], &there, error))
			return FALSE;
		if (!there)
			g_ptr_array_add(run->hashes, g_strdup(files->pdata[i]));
	}
	return files != NULL;
}

static gboolean remove_strays(Run *run, GError **error)
{
	for (run->shard = 0; run->shard < RAW_SHARDS; run->shard++) {
		if (!db_read(run->tools->db, find_strays, run, error))
			return FALSE;
		if (!remove_files(run, error))
			return FALSE;
		run->row->removed[REMOVED_MESSAGES] += run->hashes->len;
	}
	return TRUE;
}

/* --- the rest -----------------------------------------------------------------------------------
 */

static gboolean step_rows(Db *db, Run *run, RetentionPeriod period, RemovedKind kind,
                          GError **error)
{
	gint64 n = 0, before = run->time.before[period];
	if (before && !removal_rows(db, period, before, ROWS, &n, error))
		return FALSE;
	run->row->removed[kind] += n;
	run->more = n == ROWS;
	return TRUE;
}

static gboolean step_sessions(Db *db, Run *run, GError **error)
{
	return step_rows(db, run, RETENTION_SESSION, REMOVED_SESSIONS, error);
}

static gboolean step_jobs(Db *db, Run *run, GError **error)
{
	return step_rows(db, run, RETENTION_JOB, REMOVED_JOBS, error);
}

static gboolean step_polls(Db *db, Run *run, GError **error)
{
	return step_rows(db, run, RETENTION_POLL, REMOVED_POLLS, error);
}

static gboolean step_answers(Db *db, Run *run, GError **error)
{
	return step_rows(db, run, RETENTION_ANSWER, REMOVED_ANSWERS, error);
}

static gboolean step_audit(Db *db, Run *run, GError **error)
{
	gint64 end, n, before = run->time.before[RETENTION_AUDIT];
	g_auto(AuditAnchor) anchor = {0};
	run->more = FALSE;
	if (!before)
		return TRUE;
	if (!removal_audit_end(db, before, &end, error) || !audit_anchor_load(db, &anchor, error))
		return FALSE;
	if (end <= anchor.seq)
		return TRUE;
	run->more = end - anchor.seq > RECORDS;
	if (!audit_trim(db, "worker", MIN(end, anchor.seq + RECORDS), &n, error))
		return FALSE;
	run->row->removed[REMOVED_AUDIT] += n;
	return TRUE;
}

static const struct {
	gboolean (*step)(Db *db, Run *run, GError **error);
	gboolean (*after)(Run *run, GError **error); /* each transaction, outside of it */
} steps[] = {
	{step_incidents, NULL}, /* whole, with all that belongs to them                  */
	{step_contents, NULL},  /* what the messages of others said                      */
	{step_undo, NULL},      /* what can be put back no more                          */
	{step_gone, NULL},      /* reports that came to nothing                          */
	{step_strays, NULL},    /* raw messages that lost who named them, or never had it */
	{step_raw, remove_files}, {step_answers, NULL}, {step_sessions, NULL}, {step_jobs, NULL},
	{step_polls, NULL},       {step_audit, NULL}, /* last: the others have records, too */
};

/* --- a run --------------------------------------------------------------------------------------
 */

typedef struct {
	Run *run;
	guint step;
	RemovalPlace place;
	const char *asked;
} Turn;

/* It may run more than once, so it begins from what was before. */
static gboolean take_turn(Db *db, gpointer data, GError **error)
{
	const Turn *turn = data;
	Run *run = turn->run;
	run->place = turn->place;
	g_free(run->asked);
	run->asked = g_strdup(turn->asked);
	memcpy(run->row->removed, run->before, sizeof run->before);
	return is_held(run, db, error) && steps[turn->step].step(db, run, error) &&
	       (memcmp(run->row->removed, run->before, sizeof run->before) == 0 ||
	        retention_run_save(db, run->row, error));
}

/* Others write, too: it rests as long as it has worked. */
static gboolean run_step(Run *run, guint i, GError **error)
{
	run->place = (RemovalPlace){0};
	run->together = INCIDENTS / 4;
	g_clear_pointer(&run->asked, g_free);
	do {
		gint64 began = g_get_monotonic_time();
		g_autofree char *asked = g_strdup(run->asked);
		const Turn turn = {.run = run, .step = i, .place = run->place, .asked = asked};
		memcpy(run->before, run->row->removed, sizeof run->before);
		if (!db_write(run->tools->db, take_turn, (gpointer)&turn, error) ||
		    (steps[i].after && !steps[i].after(run, error)))
			return FALSE;
		gint64 took = g_get_monotonic_time() - began;
		run->together =
			took > LONG ? MAX(1, run->together / 2) : MIN(INCIDENTS, run->together + 1);
		if (run->more)
			g_usleep((gulong)CLAMP(took, REST, CLOCK_SECOND));
	} while (run->more && g_get_monotonic_time() < run->until);
	return TRUE;
}

static json_t *removed_json(const RetentionRun *row)
{
	g_autofree char *removed = retention_removed_format(row);
	return json_parse(removed, -1, NULL);
}

static gboolean record_end(Db *db, const RetentionRun *row, GError **error)
{
	json_t *detail = json_pack("{s:o, s:o*}", "removed", removed_json(row), "plan",
	                           json_parse(row->plan, -1, NULL));
	if (row->error)
		json_object_set_new(detail, "error", json_text_new(row->error));
	return audit_append(db, "worker",
	                    row->state == RETENTION_FAILED ? "retention.fail" : "retention.run",
	                    "retention_run", row->id, 0, detail, NULL, error);
}

/* Those that a worker that died left running. */
static gboolean end_others(Db *db, gint64 now, GError **error)
{
	g_autoptr(GPtrArray) rows = retention_run_list(db, error);
	for (guint i = 0; rows && i < rows->len; i++) {
		RetentionRun *row = rows->pdata[i];
		if (row->state != RETENTION_RUNNING)
			continue;
		row->state = RETENTION_FAILED;
		row->error = g_strdup("the worker ended before it was through");
		row->finished_at = now;
		if (!retention_run_save(db, row, error) || !record_end(db, row, error))
			return FALSE;
	}
	return rows != NULL;
}

static gboolean begin(Db *db, gpointer data, GError **error)
{
	Run *run = data;
	if (!is_held(run, db, error) || !end_others(db, run->now, error) ||
	    !retention_plan_load(db, &run->plan, error))
		return FALSE;
	run->time = removal_time(&run->plan, run->now);
	g_clear_pointer(&run->row, retention_run_free);
	run->row = g_new0(RetentionRun, 1);
	run->row->plan = retention_plan_format(&run->plan);
	run->row->started_at = run->now;
	return retention_run_insert(db, run->row, error);
}

static gboolean end(Db *db, gpointer data, GError **error)
{
	const Run *run = data;
	return is_held(run, db, error) && retention_run_save(db, run->row, error) &&
	       record_end(db, run->row, error) &&
	       retention_due_save(db, run->now + CLOCK_DAY, error);
}

gboolean retention_run(const JobTools *tools, const Job *job, gint64 deadline, JobOutcome *outcome,
                       GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_auto(Run) run = {.tools = tools,
	                   .job = job,
	                   .now = clock_now(),
	                   .until = MIN(deadline, deadline_in(RUN_SECONDS))};
	gboolean all = TRUE;
	if (!db_write(tools->db, begin, &run, error))
		return FALSE;
	for (guint i = 0; i < G_N_ELEMENTS(steps) && !problem; i++) {
		run.more = FALSE;
		if (run_step(&run, i, &problem))
			all = all && !run.more;
	}
	if (!problem)
		remove_strays(&run, &problem);
	if (problem)
		g_warning("retention: %s", problem->message);
	run.row->state = problem ? RETENTION_FAILED : RETENTION_DONE;
	run.row->error = problem ? g_strdup(problem->message) : NULL;
	run.row->finished_at = clock_now();
	if (!db_write(tools->db, end, &run, error))
		return FALSE;
	if (!problem && !all)
		outcome->again_at = clock_now() + CLOCK_MINUTE;
	return TRUE;
}

/* --- when ---------------------------------------------------------------------------------------
 */

gboolean retention_queue_now(Db *db, gint64 *id, GError **error)
{
	return job_queue(db, KIND, "retention", NULL, PRIORITY_HOUSEKEEPING, 0, json_object(), id,
	                 error);
}

gboolean retention_look(Db *db, gint64 now, gboolean *queued, GError **error)
{
	gint64 due;
	*queued = FALSE;
	if (!db_lock_key(db, "retention.due", error) || !retention_due_load(db, &due, error))
		return FALSE;
	if (due == 0)
		return retention_due_save(db, now + CLOCK_DAY, error);
	if (due > now)
		return TRUE;
	*queued = TRUE;
	return retention_due_save(db, now + CLOCK_DAY, error) &&
	       retention_queue_now(db, NULL, error);
}
