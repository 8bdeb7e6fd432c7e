#pragma once
#include "jobs/jobs.h"
#include "model/quarantine.h"

/* Pulls every copy of an original out of the mailboxes, and puts them back.
 *
 * A response is planned into rows of a ledger, one a mailbox; then each row is a job of its own:
 * find, prove, remember, store, verify, remove, verify. Each step is committed before the next
 * begins, and after a crash the step says what to verify first. */

/** Job "response.run": plans a response (payload {"response": id}), then queues one "copy.run" a
 * row. */
gboolean response_run(const JobTools *tools, const Job *job, gint64 deadline, JobOutcome *outcome,
                      GError **error);
/** Job "copy.run": takes one row (payload {"result": id}) as far as it goes, quarantine or restore.
 * The last row to end ends the response. */
gboolean copy_run(const JobTools *tools, const Job *job, gint64 deadline, JobOutcome *outcome,
                  GError **error);

/** Queues a response in the caller's transaction: the row, its audit record, its job. @kind RESTORE
 * with @of_response_id 0 undoes all of the incident. Sets response->id. TRAWL_ERROR_CONFLICT when
 * there is nothing to do. */
gboolean response_request(Db *db, Response *response, GError **error);
