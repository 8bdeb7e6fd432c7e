#pragma once
#include "jobs/jobs.h"
#include "model/source.h"
#include "store/report.h"

/* A worker in a test: a real SQLite database, raw store and sandboxed readers in a process of their
 * own, and Maildirs on disk at which a mail server "mail" and a source "abuse" are pointed. Its
 * jobs run in the test's process, by the real runner. */

typedef struct {
	char *directory;
	DbPool *pool;
	RawStore *raw;
	pid_t reader;
	ReaderPool *readers;
	MailServers *servers;
	JobTools tools;
	gint64 server_id, source_id;
	MailServerRow *server_row;
	json_t *secret; /* what any sealed secret opens to, or NULL */
} Worker;

#define WORKER_SOURCE_MAILBOX "abuse@corp.example"
/** A message with this in it kills the reader that reads it. */
#define WORKER_KILL_READER "this message kills its reader"
/* and that one only while documents are looked into */
#define WORKER_KILL_DOCUMENTS "this document ends its reader"

/** @kind  of its mail server: maildir_server_kind, or a copy of it that a test meddles with */
Worker *worker_start(const MailServerKind *kind);
/** Its mail server is of another kind. @mailbox is the source's; @config, @secret (transfer full).
 */
Worker *worker_start_with(const MailServerKind *kind, const char *mailbox, json_t *config,
                          json_t *secret);
/** Closes every connection to its mail server; new ones are made when they are needed. */
void worker_disconnect(Worker *worker);
/** Checks every invariant of the store, then removes everything. */
void worker_stop(Worker *worker);

/** The path of a mailbox's folder ("" is INBOX, ".Sub" a folder); newly allocated. */
char *worker_maildir(const Worker *worker, const char *mailbox, const char *folder);
/** Delivers, making mailbox and folder. */
void worker_deliver(const Worker *worker, const char *mailbox, const char *folder,
                    const char *message);
guint worker_count(const Worker *worker, const char *mailbox, const char *folder);

/** The row of the source; and a changed one written (transfer full). */
Source *worker_source(Worker *worker);
void worker_save_source(Worker *worker, Source *source);

/** Polls now, and waits until no job is left that runs by itself now. */
void worker_poll(Worker *worker, guint threads);
/** Runs what is queued, until no job is left that runs by itself now. */
void worker_settle(Worker *worker, guint threads);

/** Only polls: what it finds stays queued. */
void worker_keep(Worker *worker);
/** Queues the post-process job of the first report; and says that a run of it has begun. */
void worker_post_process(Worker *worker);
void worker_begin_post_process(Worker *worker, const char *mark);
/** The row of the mail server; borrowed until the worker stops. */
const MailServerRow *worker_server(Worker *worker);

/** Reads or writes in a transaction that must not fail. */
void worker_read(Worker *worker, DbWork work, gpointer data);
void worker_write(Worker *worker, DbWork work, gpointer data);
/** One statement with one parameter, for what no function of the house does. */
void worker_sql(Worker *worker, const char *sql, gint64 value);
gint64 worker_sql_int(Worker *worker, const char *sql, gint64 value);

GPtrArray *worker_reports(Worker *worker);                    /* of Report, oldest first */
GPtrArray *worker_incidents(Worker *worker);                  /* of Incident, oldest first */
GPtrArray *worker_alerts(Worker *worker, gint64 incident_id); /* of Alert, oldest first */
/** "address:role address:role", sorted; newly allocated. */
char *worker_alerts_text(Worker *worker, gint64 incident_id);
