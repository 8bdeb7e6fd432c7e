#pragma once
#include "jobs/jobs.h"
#include "model/quarantine.h"

/* A Trawl without its daemon: a store, raw messages, a sandboxed reader, mail servers and the
 * queue, in a directory of its own. For tests of what jobs do, with real mailboxes. */

typedef struct {
	char *directory;
	DbPool *db;
	JobTools tools;
	const MailServerKind *const *server_kinds;
	gboolean visitor; /* another process made it and clears it away */
} World;

/** Starts the reader role in a process that dies with this one. Call it in main(), before there is
 * a thread. Its socket, which world_open() wants. */
const char *world_reader_start(void);
void world_reader_stop(void);

/* Worlds that are made from now on keep raw messages in the database, which is quicker to set up.
 */
extern gboolean world_raw_in_database;

/** A new world. @kinds  of mail servers, NULL-terminated; secrets are plain JSON. @database  a URI,
 * or NULL for SQLite in the world's directory. */
World *world_new(const char *reader, const MailServerKind *const *kinds, const char *database);
/** The world of another process, for one that is going to be killed. */
World *world_visit(const char *directory, const char *reader, const MailServerKind *const *kinds);
void world_free(World *world);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(World, world_free)

/** Both JSON; @secret or NULL. Its id. */
gint64 world_add_server(World *world, const char *name, const char *kind, const char *config,
                        const char *secret);
/** A source whose accepted domain is that of its mailbox. Its id. */
gint64 world_add_source(World *world, gint64 server_id, const char *mailbox);

/**
 * An incident about a message, with an alert a recipient, as the pipeline makes it. Its id.
 *
 * @original  first-hand bytes; with @claimed only what they say counts
 */
gint64 world_add_incident(World *world, gint64 source_id, const char *original, gboolean claimed,
                          const char *const *recipients);

/** Requests a response; 0 with @error when it is refused. @of  a response to undo, or 0. */
gint64 world_request(World *world, gint64 incident_id, ResponseKind kind, gint64 of,
                     GError **error);

/** Claims the next job that is ready, however long its back-off; NULL when there is none. */
Job *world_claim(World *world);
/** Lets the claims of all jobs run out, as if their workers were not heard of any more. */
void world_expire(World *world);
/** Runs one claimed job as the runner does, and ends its claim. */
void world_run(World *world, const Job *job);
/** Runs one job after the other until none is ready. */
void world_drain(World *world);
/** The same with the real runner and its threads; fails when it takes longer than @seconds. */
void world_run_all(World *world, guint threads, double seconds);

Response *world_response(World *world, gint64 id);
/** The ledger; of QuarantineResult. */
GPtrArray *world_rows(World *world, gint64 response_id);
/** The last row of a response, asserting that there is exactly one. */
QuarantineResult *world_row(World *world, gint64 response_id);

/** Fails unless every invariant of the store holds and the audit chain is whole. */
void world_check(World *world);
