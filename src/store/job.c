/* The queue's rows.
 *
 * A claim is a number that only grows (the fence): whoever holds an older one has been taken for
 * dead, and can no longer end the job or commit its effects. Claiming is serialised over the
 * installation by a key, so that the limits of lanes hold exactly; it reads little, because a lane
 * that is full is skipped inside the index. */
#include "store/job.h"

#include "base/clock.h"
#include "base/error.h"
#include "store/columns.h"
#include "store/rows.h"

#include <string.h>

gpointer job_read(DbRows *rows)
{
	Job *job = g_new0(Job, 1);
	job->id = db_int(rows, 0);
	job->kind = db_text_dup(rows, 1);
	job->unique_key = db_text_dup(rows, 2);
	job->lane = db_text_dup(rows, 3);
	job->priority = db_int(rows, 4);
	job->state = (JobState)rows_enum(rows, 5, job_state_names);
	job->run_at = db_int(rows, 6);
	job->payload = db_text_dup(rows, 7);
	job->attempts = db_int(rows, 8);
	job->lease_owner = db_text_dup(rows, 9);
	job->lease_until = db_int(rows, 10);
	job->fence = db_int(rows, 11);
	job->last_error = db_text_dup(rows, 12);
	job->last_error_code = db_text_dup(rows, 13);
	job->result = db_text_dup(rows, 14);
	job->created_at = db_int(rows, 15);
	job->updated_at = db_int(rows, 16);
	return job;
}

/* Brings a live job forward. One that runs just now began before whatever is asked for, so it is
 * marked (run_at moves past its claim) and job_finish() lets it run once more. */
static gboolean bring_forward(Db *db, const Job *job, GError **error)
{
	return db_run(db, NULL, error, "iiii",
	              "UPDATE job SET run_at = CASE WHEN state = 'running' OR run_at > $1 THEN $1 "
	              "ELSE run_at END, priority = CASE WHEN priority > $2 THEN $2 ELSE priority "
	              "END, updated_at = $3 WHERE id = $4 AND state IN ('ready', 'running')",
	              job->run_at, job->priority, job->updated_at, job->id);
}

gboolean job_insert(Db *db, Job *job, gboolean sooner, GError **error)
{
	g_autoptr(GError) problem = NULL;
	if (rows_int(db_query(db, &problem, "tttitititii",
	                      "INSERT INTO job (kind, unique_key, lane, priority, state, run_at, "
	                      "payload, attempts, result, created_at, updated_at) "
	                      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) "
	                      "ON CONFLICT (unique_key) WHERE unique_key IS NOT NULL AND "
	                      "state IN ('ready', 'running', 'parked') DO NOTHING RETURNING id",
	                      job->kind, job->unique_key, job->lane, job->priority,
	                      job_state_names[job->state], job->run_at, job->payload, job->attempts,
	                      job->result, job->created_at, job->updated_at),
	             &job->id, &problem))
		return TRUE;
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	return rows_int(db_query(db, error, "t",
	                         "SELECT id FROM job WHERE unique_key = $1 AND "
	                         "state IN ('ready', 'running', 'parked')",
	                         job->unique_key),
	                &job->id, error) &&
	       (!sooner || bring_forward(db, job, error));
}

Job *job_load(Db *db, gint64 id, GError **error)
{
	return rows_load(
		db_query(db, error, "i", "SELECT " JOB_COLUMNS " FROM job WHERE id = $1", id),
		job_read, "job", id, error);
}

Job *job_find_live(Db *db, const char *unique_key, GError **error)
{
	return rows_find(db_query(db, error, "t",
	                          "SELECT " JOB_COLUMNS " FROM job WHERE unique_key = $1 AND "
	                          "state IN ('ready', 'running', 'parked')",
	                          unique_key),
	                 job_read, error);
}

/* What an UPDATE of a job in certain states means that changed none. */
static gboolean check_state(Db *db, gint64 changed, gint64 id, const char *must, GError **error)
{
	if (changed > 0)
		return TRUE;
	g_autoptr(Job) job = job_load(db, id, error);
	if (job)
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
		            "job %" G_GINT64_FORMAT " is %s, not %s", id,
		            job_state_names[job->state], must);
	return FALSE;
}

gboolean job_retry(Db *db, gint64 id, gint64 now, GError **error)
{
	gint64 changed = 0;
	return db_run(db, &changed, error, "ii",
	              "UPDATE job SET state = 'ready', attempts = 0, run_at = $1, updated_at = $1 "
	              "WHERE id = $2 AND state = 'parked'",
	              now, id) &&
	       check_state(db, changed, id, "parked", error);
}

gboolean job_cancel(Db *db, gint64 id, gint64 now, GError **error)
{
	gint64 changed = 0;
	return db_run(db, &changed, error, "ii",
	              "UPDATE job SET state = 'cancelled', updated_at = $1 "
	              "WHERE id = $2 AND state IN ('ready', 'parked')",
	              now, id) &&
	       check_state(db, changed, id, "ready or parked", error);
}

/* A claim in the making. */
typedef struct {
	Db *db;
	const char *owner;
	gint64 now, lease_until, max_priority;
	const JobLane *lanes;
	guint n_lanes, at_most;
	GHashTable *running; /* lane -> how many run, as GINT_TO_POINTER */
	GPtrArray *full;     /* of char *: lanes that take no more */
	GPtrArray *jobs;     /* of Job: claimed */
} Claim;

static gint64 lane_limit(const Claim *claim, const char *lane)
{
	for (guint i = 0; i < claim->n_lanes; i++)
		if (g_str_has_prefix(lane, claim->lanes[i].lane_prefix))
			return claim->lanes[i].at_once;
	return G_MAXINT;
}

static gboolean lane_is_full(const Claim *claim, const char *lane)
{
	return GPOINTER_TO_INT(g_hash_table_lookup(claim->running, lane)) >=
	       lane_limit(claim, lane);
}

static void lane_add(Claim *claim, const char *lane, gint64 n)
{
	gint64 running = GPOINTER_TO_INT(g_hash_table_lookup(claim->running, lane)) + n;
	gboolean was_full = lane_is_full(claim, lane);
	g_hash_table_replace(claim->running, g_strdup(lane), GINT_TO_POINTER((int)running));
	if (!was_full && lane_is_full(claim, lane))
		g_ptr_array_add(claim->full, g_strdup(lane));
}

static gboolean count_running(Claim *claim, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(DbRows) rows = db_query(claim->db, &problem, "i",
	                                  "SELECT lane, count(*) FROM job WHERE state = 'running' "
	                                  "AND lease_until >= $1 GROUP BY lane",
	                                  claim->now);
	while (rows && db_rows_next(rows, &problem))
		lane_add(claim, db_text(rows, 0), db_int(rows, 1));
	if (!problem)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

typedef struct {
	gint64 id;
	char *lane;
} Candidate;

static void candidate_free(Candidate *candidate)
{
	g_free(candidate->lane);
	g_free(candidate);
}

static gpointer candidate_read(DbRows *rows)
{
	Candidate *candidate = g_new0(Candidate, 1);
	candidate->id = db_int(rows, 0);
	candidate->lane = db_text_dup(rows, 1);
	return candidate;
}

/* Jobs whose worker has not been heard of. */
static GPtrArray *find_abandoned(Claim *claim, GError **error)
{
	g_autofree char *sql = g_strconcat("SELECT id, lane FROM job WHERE state = 'running' AND "
	                                   "lease_until < $1 AND priority <= $2 "
	                                   "ORDER BY priority, run_at, id LIMIT 100",
	                                   db_skip_locked(claim->db), NULL);
	DbValue values[] = {{.type = 'i', .i = claim->now},
	                    {.type = 'i', .i = claim->max_priority}};
	return rows_collect(db_query_values(claim->db, error, sql, values, G_N_ELEMENTS(values)),
	                    candidate_read, (GDestroyNotify)candidate_free, error);
}

/* The next ready jobs of lanes that are not full. */
static GPtrArray *find_ready(Claim *claim, GError **error)
{
	g_autoptr(GString) sql = g_string_new("SELECT id, lane FROM job WHERE state = 'ready' AND "
	                                      "priority <= $1 AND run_at <= $2");
	g_autoptr(GArray) values = g_array_new(FALSE, TRUE, sizeof(DbValue));
	DbValue value = {.type = 'i', .i = claim->max_priority};
	g_array_append_val(values, value);
	value.i = claim->now;
	g_array_append_val(values, value);
	for (guint i = 0; i < claim->full->len; i++) {
		g_string_append_printf(sql, "%s$%u", i ? ", " : " AND lane NOT IN (", i + 3);
		value = (DbValue){.type = 't', .t = claim->full->pdata[i]};
		g_array_append_val(values, value);
	}
	if (claim->full->len)
		g_string_append_c(sql, ')');
	g_string_append_printf(sql, " ORDER BY priority, run_at, id LIMIT $%u%s", values->len + 1,
	                       db_skip_locked(claim->db));
	value = (DbValue){.type = 'i', .i = claim->at_most - claim->jobs->len};
	g_array_append_val(values, value);
	return rows_collect(db_query_values(claim->db, error, sql->str,
	                                    (DbValue *)(void *)values->data, values->len),
	                    candidate_read, (GDestroyNotify)candidate_free, error);
}

/* A run that did not end counts as a failed attempt: a job that kills its worker is parked in the
 * end. */
static gboolean take(Claim *claim, const Candidate *candidate, GError **error)
{
	Job *job = rows_load(
		db_query(claim->db, error, "tiii",
	                 "UPDATE job SET attempts = attempts + CASE state WHEN 'running' THEN 1 "
	                 "ELSE 0 END, state = 'running', lease_owner = $1, lease_until = $2, "
	                 "fence = fence + 1, updated_at = $3 WHERE id = $4 RETURNING " JOB_COLUMNS,
	                 claim->owner, claim->lease_until, claim->now, candidate->id),
		job_read, "job", candidate->id, error);
	if (!job)
		return FALSE;
	g_ptr_array_add(claim->jobs, job);
	lane_add(claim, candidate->lane, 1);
	return TRUE;
}

/* Takes what fits; @none gets whether nothing did. */
static gboolean take_all(Claim *claim, GPtrArray *candidates, gboolean *none, GError **error)
{
	*none = TRUE;
	for (guint i = 0; i < candidates->len && claim->jobs->len < claim->at_most; i++) {
		const Candidate *candidate = candidates->pdata[i];
		if (lane_is_full(claim, candidate->lane))
			continue;
		if (!take(claim, candidate, error))
			return FALSE;
		*none = FALSE;
	}
	return TRUE;
}

static gboolean claim_run(Claim *claim, GError **error)
{
	gboolean none = FALSE;
	if (!db_lock_key(claim->db, "job_claim", error) || !count_running(claim, error))
		return FALSE;
	g_autoptr(GPtrArray) abandoned = find_abandoned(claim, error);
	if (!abandoned || !take_all(claim, abandoned, &none, error))
		return FALSE;
	for (none = FALSE; !none && claim->jobs->len < claim->at_most;) {
		g_autoptr(GPtrArray) ready = find_ready(claim, error);
		if (!ready || !take_all(claim, ready, &none, error))
			return FALSE;
	}
	return TRUE;
}

GPtrArray *job_claim(Db *db, const char *owner, gint64 now, gint64 lease_until, gint64 max_priority,
                     const JobLane *lanes, guint n_lanes, guint at_most, GError **error)
{
	g_autoptr(GHashTable) running =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GPtrArray) full = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) jobs = g_ptr_array_new_with_free_func((GDestroyNotify)job_free);
	Claim claim = {db,      owner,   now,     lease_until, max_priority, lanes,
	               n_lanes, at_most, running, full,        jobs};
	return claim_run(&claim, error) ? g_steal_pointer(&jobs) : NULL;
}

gboolean job_heartbeat(Db *db, const char *owner, const gint64 *ids, guint n_ids,
                       gint64 lease_until, GError **error)
{
	if (n_ids == 0)
		return TRUE;
	g_autoptr(GString) sql =
		g_string_new("UPDATE job SET lease_until = $1 WHERE state = 'running' AND "
	                     "lease_owner = $2 AND id IN (");
	g_autofree DbValue *values = g_new0(DbValue, n_ids + 2);
	values[0] = (DbValue){.type = 'i', .i = lease_until};
	values[1] = (DbValue){.type = 't', .t = owner};
	for (guint i = 0; i < n_ids; i++) {
		values[i + 2] = (DbValue){.type = 'i', .i = ids[i]};
		g_string_append_printf(sql, "%s$%u", i ? ", " : "", i + 3);
	}
	g_string_append_c(sql, ')');
	return db_run_values(db, NULL, error, sql->str, values, n_ids + 2);
}

static gboolean check_held(gint64 changed, gint64 id, GError **error)
{
	if (changed > 0)
		return TRUE;
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_BUSY,
	            "another worker has taken over job %" G_GINT64_FORMAT, id);
	return FALSE;
}

/* An UPDATE, not a SELECT: on PostgreSQL it holds the row, so that nobody takes over between this
 * and the commit. */
gboolean job_check_fence(Db *db, gint64 id, gint64 fence, GError **error)
{
	gint64 changed = 0;
	return db_run(db, &changed, error, "ii",
	              "UPDATE job SET fence = fence WHERE id = $1 AND fence = $2 AND "
	              "state = 'running'",
	              id, fence) &&
	       check_held(changed, id, error);
}

/* Asked for again while it ran (see bring_forward): run_at is no longer that of the claim. */
#define ASKED_AGAIN "(run_at <> $8 AND $1 IN ('ready', 'done'))"

gboolean job_finish(Db *db, const Job *job, JobState state, gint64 run_at, const char *error_code,
                    const char *error_text, const char *result, GError **error)
{
	gint64 changed = 0;
	return db_run(db, &changed, error, "titttiiiiii",
	              "UPDATE job SET state = CASE WHEN " ASKED_AGAIN " THEN 'ready' ELSE $1 END, "
	              "run_at = CASE WHEN " ASKED_AGAIN " AND (run_at < $2 OR $1 = 'done') "
	              "THEN run_at ELSE $2 END, "
	              "last_error_code = $3, last_error = $4, result = COALESCE($5, result), "
	              "priority = CASE WHEN " ASKED_AGAIN " THEN priority ELSE $11 END, "
	              "attempts = $6, updated_at = $7, lease_owner = NULL, lease_until = NULL "
	              "WHERE id = $9 AND fence = $10 AND state = 'running'",
	              job_state_names[state], run_at, error_code, error_text, result,
	              error_code ? job->attempts + 1 : G_GINT64_CONSTANT(0), clock_now(),
	              job->run_at, job->id, job->fence, job->priority) &&
	       check_held(changed, job->id, error);
}

gboolean job_release(Db *db, const char *owner_prefix, gboolean died, gint64 *released,
                     GError **error)
{
	return db_run(db, released, error, "tii",
	              "UPDATE job SET state = 'ready', attempts = attempts + $3, "
	              "lease_owner = NULL, lease_until = NULL, updated_at = $2 "
	              "WHERE state = 'running' AND substr(lease_owner, 1, length($1)) = $1",
	              owner_prefix, clock_now(), (gint64)(died ? 1 : 0));
}

gboolean job_next_at(Db *db, gint64 *at, GError **error)
{
	return rows_int(
		db_query(db, error, "", "SELECT MIN(run_at) FROM job WHERE state = 'ready'"), at,
		error);
}
