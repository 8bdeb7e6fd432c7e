#pragma once
#include "jobs/jobs.h"

/* Makes a poll immediate where a folder can be waited on (IMAP IDLE, a Maildir's directory): a
 * thread a source waits, and brings the source's poll job forward when something happens. Nothing
 * depends on it: what it misses, or what cannot be waited on, comes with the next regular poll. */

typedef struct SourceWatch SourceWatch;

/** Starts waiting on every enabled source, at most LIMIT_WATCHES; what is added or changed is seen
 * within seconds. @tools must outlive it. */
SourceWatch *source_watch_start(const JobTools *tools);

/** Stops. FALSE when a thread is still inside a mail server: it touches nothing else any more, but
 * the mail servers (and @watch) must stay until the process ends. */
gboolean source_watch_stop(SourceWatch *watch);
