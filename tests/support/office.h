#pragma once
#include "base/error.h"
#include "server/server.h"
#include "world.h"

/* An office with its mail in Maildirs or Dovecot, for tests of the quarantine: people, an abuse
 * mailbox and a quarantine mailbox at corp.example, and a mail server that can be made to misbehave
 * at each call.
 */

#define OFFICE_QUARANTINE "quarantine@corp.example"
#define OFFICE_ALICE      "alice@corp.example"
#define OFFICE_PEOPLE     40
#define OFFICE_CRASHED    77 /* exit status of a process that died at its point */

typedef struct {
	World *world;
	gint64 server, source;
	gboolean on_dovecot;
} Office;

/* What goes wrong. Each call of the mail server has a point before its work and one after. */
typedef enum { FAULT_NONE, FAULT_CRASH, FAULT_HOOK } FaultAct;
typedef struct {
	int points, at; /* points so far; at the n-th, @act */
	FaultAct act;   /* FAULT_NONE again when the hook was called */
	void (*hook)(gpointer data);
	gpointer data;
	/* calls of this name fail, before or after they did their work */
	const char *failing;
	TrawlError code;
	MailMissing missing;
	gboolean afterwards;
	int failures; /* how many times; -1: always */
} Fault;
extern Fault fault;
void fault_clear(void);

/** First in main(), instead of g_test_init(), and last. */
void office_init(int *argc, char ***argv);
void office_done(void);

/* GLib's fixture. */
void office_setup(Office *office, gconstpointer unused);
void office_setup_postgres(Office *office, gconstpointer unused);
/** The same office with its mail in a real Dovecot, reached by IMAP. */
void office_setup_dovecot(Office *office, gconstpointer unused);
gboolean office_has_dovecot(void);
/** Starts PostgreSQL; FALSE when it is not installed, and then nothing needs it. */
gboolean office_has_postgres(void);
void office_teardown(Office *office, gconstpointer unused);

extern const char office_original[]; /* the reported message */

/** Address of one of OFFICE_PEOPLE; newly allocated. */
char *office_person(guint number);
void office_add_user(const Office *office, const char *address);
/** The Maildir of a user, or of one of its folders; newly allocated. */
char *office_maildir(const Office *office, const char *address, const char *folder);
/** As a delivery agent does: everybody's copy gets headers of its own. */
void office_deliver(const Office *office, const char *address, const char *folder,
                    const char *flags, const char *message);

/** Every message below a directory (NULL: of everybody): folder, flags, received date and hash, one
 * a line. */
char *office_snapshot(const Office *office, const char *directory);
/** Messages in a folder; with NULL, in all of a mailbox. */
guint office_count(const Office *office, const char *address, const char *folder);

/** An incident about office_original with one recipient. */
gint64 office_incident(const Office *office, const char *address);
gint64 office_request(const Office *office, gint64 incident, ResponseKind kind, gint64 of);
/** Requests a response and runs its first job, which plans it. Its id. */
gint64 office_plan(const Office *office, gint64 incident, ResponseKind kind);
/** Requests, works until nothing is left, checks the store. The response's id. */
gint64 office_perform(const Office *office, gint64 incident, ResponseKind kind, gint64 of);

/** Runs the next job in a process of its own that dies at the n-th point. FALSE when it came to its
 * end. */
gboolean office_crash(const Office *office, int at);
