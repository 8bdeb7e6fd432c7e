#pragma once
#include "jobs/jobs.h"

/* The daemon's own backups: into backups/ of its data directory, by hand or every so many hours. */

/** The job "backup.run": makes one, reads it again, removes those beyond the plan's number. One
 * that fails says why in its row, and is tried again when the next is due, at most an hour later.
 */
gboolean backup_run(const JobTools *tools, const Job *job, gint64 deadline, JobOutcome *outcome,
                    GError **error);

/** Makes, moves or ends the job so that it fits the plan; in the caller's transaction. */
gboolean backup_schedule(Db *db, GError **error);
/** Queues one for now. @id (out) of the job. */
gboolean backup_queue_now(Db *db, gint64 *id, GError **error);
