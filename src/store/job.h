#pragma once
#include "db/db.h"
#include "model/job.h"

/* The queue's rows; the rules of the queue are in jobs/. */

/** Queues a job. When a live job has the same unique key, job->id becomes that one's and nothing is
 * added; with @sooner its run_at (and priority) are brought forward. One that is running gets the
 * wanted run_at and runs again then (job_finish), for the change it is queued for may have come too
 * late for it. A parked one stays parked. */
gboolean job_insert(Db *db, Job *job, gboolean sooner, GError **error);
Job *job_load(Db *db, gint64 id, GError **error);
/** The live (ready, running, parked) job with this unique key, or NULL without an error. */
Job *job_find_live(Db *db, const char *unique_key, GError **error);
/** Makes a parked job ready again with its attempts forgotten; TRAWL_ERROR_CONFLICT when it is not
 * parked. */
gboolean job_retry(Db *db, gint64 id, gint64 now, GError **error);
/** Cancels a ready or parked job; TRAWL_ERROR_CONFLICT when it is neither. */
gboolean job_cancel(Db *db, gint64 id, gint64 now, GError **error);

/** How many jobs of a lane may run at once in the installation. */
typedef struct {
	const char *lane_prefix; /* "server:" */
	gint64 at_once;
} JobLane;

/**
 * Claims the next ready jobs in order of priority and run_at, before them running ones whose lease
 * has run out: for these an attempt is counted, so that a job of which workers die becomes known.
 *
 * @owner    node id
 * @max_priority  only jobs with priority <= this (G_MAXINT64 for all)
 * @return   (transfer full) of Job, maybe empty; fence is this claim's token
 */
GPtrArray *job_claim(Db *db, const char *owner, gint64 now, gint64 lease_until, gint64 max_priority,
                     const JobLane *lanes, guint n_lanes, guint at_most, GError **error);
/** Extends the leases of @owner's running jobs @ids; jobs that another has taken over are left out.
 */
gboolean job_heartbeat(Db *db, const char *owner, const gint64 *ids, guint n_ids,
                       gint64 lease_until, GError **error);
/** TRUE while this claim is still the newest one; TRAWL_ERROR_BUSY when another worker has taken
 * over. Call it in the transaction that commits the job's effects. */
gboolean job_check_fence(Db *db, gint64 id, gint64 fence, GError **error);
/**
 * Ends a claim: done, again at @run_at (READY), parked, or cancelled; TRAWL_ERROR_BUSY when the
 * fence no longer holds.
 *
 * When it was asked for again since it was claimed (its row's run_at is not job->run_at), READY
 * comes at the sooner of both times, and DONE becomes READY. Otherwise job->priority is written. An
 * error counts an attempt; without one attempts becomes 0. @result NULL keeps what is there.
 */
gboolean job_finish(Db *db, const Job *job, JobState state, gint64 run_at, const char *error_code,
                    const char *error_text, const char *result, GError **error);
/** Gives back every running job whose owner's name begins with @owner_prefix. @died: its worker
 * died of something, maybe of this job, so an attempt is counted; FALSE: a clean stop. */
gboolean job_release(Db *db, const char *owner_prefix, gboolean died, gint64 *released,
                     GError **error);
/** When the next ready job may run, or 0 when there is none. */
gboolean job_next_at(Db *db, gint64 *at, GError **error);
