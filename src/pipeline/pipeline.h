#pragma once
#include "jobs/jobs.h"

/* The life of a report, one file a step: poll.c keep.c read.c locate.c raise.c post_process.c */

/** Job "source.poll" (payload {"source": id}), recurring: lists, keeps, queues "report.process".
 * Its run_at is the next poll. */
gboolean source_poll(const JobTools *tools, const Job *job, gint64 deadline, JobOutcome *outcome,
                     GError **error);
/** Job "report.process" (payload {"reports": [id, …]}, all of one source): read, locate, raise;
 * each report's outcome commits at once. */
gboolean report_process(const JobTools *tools, const Job *job, gint64 deadline, JobOutcome *outcome,
                        GError **error);
/** Job "report.postprocess" (payload {"report": id}): deletes or moves the report in its mailbox,
 * after proving it is the one. */
gboolean report_post_process(const JobTools *tools, const Job *job, gint64 deadline,
                             JobOutcome *outcome, GError **error);
/** Jobs a person waits for: "server.check", "server.folders" (payload {"server": id, "mailbox":
 * …}), "source.test" ({"source": id}). */
gboolean server_check_run(const JobTools *tools, const Job *job, gint64 deadline,
                          JobOutcome *outcome, GError **error);
gboolean server_folders_run(const JobTools *tools, const Job *job, gint64 deadline,
                            JobOutcome *outcome, GError **error);
gboolean source_test_run(const JobTools *tools, const Job *job, gint64 deadline,
                         JobOutcome *outcome, GError **error);
