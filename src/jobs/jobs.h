#pragma once
#include "base/json.h"
#include "db/db.h"
#include "model/job.h"
#include "net/resolver.h"
#include "reader/reader.h"
#include "server/servers.h"
#include "store/raw.h"

/* The queue's rules: who runs what, when, how often, and what happens when it fails. */

/* How many jobs of one kind of work may run at once against one mail server, in the whole
 * installation. A lane is named "<work>:<server id>", so that a server that hangs holds up its own
 * lanes and nobody else's, and its polls hold up neither its reports nor its quarantines. */
#define JOB_LANE_POLL         "server:" /* source.poll, and the checks a person waits for */
#define JOB_LANE_REPORT       "report:" /* report.process */
#define JOB_LANE_POST_PROCESS "post:"   /* report.postprocess */
#define JOB_LANE_COPY         "copy:"   /* copy.run */
/** "<work><server id>"; newly allocated. */
char *job_lane(const char *work, gint64 server_id);

/* What any job may use. */
typedef struct {
	DbPool *db;
	RawStore *raw;
	ReaderPool *readers;
	MailServers *servers;
	const json_t
		*limits;    /* on a message (mail/limits.h), or NULL; not changed, not referenced */
	Resolver *resolver; /* for the keys of signatures; NULL: nothing is asked of the DNS */
	/* This process's lease owner. Up to its last slash it names the place, at which one worker
	 * runs at a time: what the one before it held is taken back at the start. */
	const char *node;
	const char *data_dir; /* where backups go, and come from; NULL in tests that make none */
	const guint8 *public_key,
		*private_key; /* open what is sealed (auth/secret.h); NULL: nothing */
} JobTools;

/* How a job ended well. An error is judged by its code instead: retried with back-off or parked. */
typedef struct {
	gint64 again_at;   /* wall; 0: the job is done, else it runs again then (a recurring job) */
	json_t *result;    /* (transfer full) for who waits for it, or NULL */
	gboolean finished; /* the handler ended the job itself, inside its own transaction
	                      (job_finish) */
} JobOutcome;

/**
 * Runs a job. It may be run again after a crash at any instant, so it looks before it acts. Its
 * last transaction calls job_check_fence() first.
 *
 * @deadline  monotonic; the job is considered hung after it
 */
typedef gboolean (*JobRun)(const JobTools *tools, const Job *job, gint64 deadline,
                           JobOutcome *outcome, GError **error);

typedef struct {
	const char *kind;
	JobRun run;
	double seconds;  /* deadline of one run */
	gint64 attempts; /* before it is parked; 0: LIMIT_ATTEMPTS; -1: never parked (recurring) */
	gboolean park_now; /* an error that is not worth a retry parks it; otherwise it ends as done
	                      with the error */
} JobKind;

typedef struct JobRunner JobRunner;

/**
 * @kinds    ends with a row whose kind is NULL; static
 * @threads  so many jobs make progress at once; a quarter of them takes only what a person or a
 *           quarantine waits for. A job that takes long counts no more, and another thread takes
 * its place (up to 8 times @threads in all): what hangs delays nobody
 */
JobRunner *job_runner_new(const JobTools *tools, const JobKind *kinds, guint threads);
/** Starts claiming. @doorbell  a file descriptor that becomes readable when a job was queued
 * elsewhere, or -1. */
void job_runner_start(JobRunner *runner, int doorbell);
/** Stops claiming, waits up to @seconds for what runs, hands back the rest. FALSE when some jobs
 * still run: their threads use the tools until the process ends, so end it without freeing them. */
gboolean job_runner_stop(JobRunner *runner, double seconds);
/** After a stop that returned TRUE. */
void job_runner_free(JobRunner *runner);

/** When the attempt after @attempts failures comes: exponential with jitter, 2 s to 15 min; longer
 * when the code says throttled. */
gint64 job_backoff(gint64 attempts, const GError *error, gint64 now);

/** Queues a job in the caller's transaction. @unique_key or NULL: a live job that has it is brought
 * forward instead; @lane NULL: the kind is its own lane; @run_at 0: now; @payload (transfer full)
 * JSON object. @id (out, nullable). */
gboolean job_queue(Db *db, const char *kind, const char *unique_key, const char *lane,
                   JobPriority priority, gint64 run_at, json_t *payload, gint64 *id,
                   GError **error);
/** Wakes the runners of this machine: call it after the commit that queued something. Any process
 * of the installation. */
void job_ring(void);
/** The descriptor that job_ring() writes to; set once at start (an eventfd shared by the roles), -1
 * none. */
void job_set_doorbell(int fd);
