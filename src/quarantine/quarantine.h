#pragma once
#include "jobs/jobs.h"
#include "model/quarantine.h"

/* Pulls every copy of an original out of the mailboxes, and puts them back.
 *
 * A response is planned into rows of a ledger, one a mailbox; then each row is a job of its own:
 * find, prove, remember, store, verify, remove, verify. What a step is going to do outside is
 * committed before it is done, so that after a crash the step says what to verify first. */

/* How both jobs stand in the table of job kinds: never parked, because a row has to end with a
 * status of its own. copy_run() gives up by itself when a job has failed COPY_ATTEMPTS times: the
 * row ends as failed_no_connectivity, failed_throttled … A row whose message may or may not have
 * been moved does not give up: it stays pending, says why, and tries on until it knows. */
#define COPY_ATTEMPTS        10  /* about half an hour with the back-off of jobs/  */
#define COPY_RUN_SECONDS     300 /* deadline of one run of "copy.run"              */
#define RESPONSE_RUN_SECONDS 300 /* … of "response.run"                            */

/** Job "response.run": plans a response (payload {"response": id}), then queues one "copy.run" a
 * row. */
gboolean response_run(const JobTools *tools, const Job *job, gint64 deadline, JobOutcome *outcome,
                      GError **error);
/** Job "copy.run": takes one row (payload {"result": id}) as far as it goes, quarantine or restore.
 * The last row to end ends the response. */
gboolean copy_run(const JobTools *tools, const Job *job, gint64 deadline, JobOutcome *outcome,
                  GError **error);

/** Queues a response in the caller's transaction: the row, its audit record, its job. @kind RESTORE
 * with @of_response_id 0 undoes all of the incident. Sets response->id. Ring the bell after the
 * commit.
 *
 * TRAWL_ERROR_NOT_FOUND for an unknown incident or response, _INVALID for a response that cannot be
 * undone, _CONFLICT when there is nothing to do or another response of the incident is running. */
gboolean response_request(Db *db, Response *response, GError **error);
