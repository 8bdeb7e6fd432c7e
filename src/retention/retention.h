#pragma once
#include "jobs/jobs.h"
#include "store/removal.h"

/* Removes what is past the periods of the plan (store/retention.h), once a day. */

#define RETENTION_SECONDS 3600 /* deadline of one run; it stops by itself in time */

/**
 * The job "retention.run": removes what is past its period, a small transaction at a time, resting
 * as long as each took, and asks for another run when it could not do all. One record of the audit
 * log says what a run has removed, and one an incident, or some, which.
 *
 * A run that was killed has its numbers, and is ended by the next one.
 */
gboolean retention_run(const JobTools *tools, const Job *job, gint64 deadline, JobOutcome *outcome,
                       GError **error);

/** Queues a run for now. @id (out) of the job. */
gboolean retention_queue_now(Db *db, gint64 *id, GError **error);
/** Queues a run when one is due; the first is due a day after this was asked first. @queued (out).
 */
gboolean retention_look(Db *db, gint64 now, gboolean *queued, GError **error);
