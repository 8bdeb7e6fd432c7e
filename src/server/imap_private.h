#pragma once
#include "server/imap.h"
#include "server/imap_connection.h"
#include "server/wait.h"

/* Shared by the files of the kind imap. */

typedef struct {
	MailServer server;
	ImapSettings settings;
	char *quarantine_mailbox, *quarantine_folder; /* or NULL */
	WaitMemory *memory;

	/* the pool */
	guint limit;
	GMutex lock;
	GCond changed, stop;
	GQueue idle; /* of ImapConnection: the last used first, those that were left at the end */
	guint open;  /* idle, in use, and being opened */
	gboolean closing;
	GThread *reaper;
} Imap;

/* imap_pool.c */

void imap_pool_start(Imap *imap);
void imap_pool_stop(Imap *imap);

/** One call's work on one connection. It may be run a second time, on a new connection, when a
 * pooled one turned out to be dead before anything was changed. */
typedef gboolean (*ImapWork)(ImapConnection *connection, gpointer call, GError **error);

/** Runs @work on a connection that is logged in to @mailbox. TRAWL_ERROR_BUSY when all connections
 * stay in use until the deadline. */
gboolean imap_run(Imap *imap, const char *mailbox, gint64 deadline, ImapWork work, gpointer call,
                  GError **error);
void imap_leave(MailServer *server, const char *mailbox);
void imap_connections(MailServer *server, MailConnections *now);

/* imap_read.c */

MailListing *imap_list_new(MailServer *server, const char *mailbox, const char *folder,
                           const char *cursor, gint64 deadline, GError **error);
gboolean imap_fetch(MailServer *server, GPtrArray *refs, MailFetched fetched, gpointer data,
                    gint64 deadline, GError **error);
MailItem *imap_stat(MailServer *server, const MailRef *ref, gint64 deadline, GError **error);
MailItem *imap_stat_to_remove(MailServer *server, const MailRef *ref, gint64 deadline,
                              GError **error);
MailItem *imap_read(MailServer *server, const MailRef *ref, gint64 deadline, GError **error);

/** The UID of a reference, or 0 when it can be none of the selected folder. */
guint32 imap_uid_of(const MailRef *ref);
gboolean imap_is_epoch(const ImapConnection *connection, const MailRef *ref);
MailItem *imap_item_new(const ImapConnection *connection, const char *mailbox,
                        const ImapFetched *fetched);

/* imap_find.c */

GPtrArray *imap_folders(MailServer *server, const char *mailbox, gint64 deadline, GError **error);
gboolean imap_find(MailServer *server, const char *mailbox, GPtrArray *message_ids,
                   GPtrArray *found, gint64 deadline, GError **error);
GPtrArray *imap_find_similar(MailServer *server, const char *mailbox, const char *sender,
                             const char *subject, gint64 from, gint64 to, gint64 deadline,
                             GError **error);

/* imap_change.c */

MailRef *imap_move(MailServer *server, const MailRef *ref, const char *folder, gint64 deadline,
                   GError **error);
MailRef *imap_put(MailServer *server, const char *mailbox, const char *folder, GBytes *message,
                  char **flags, gint64 received_at, gint64 deadline, GError **error);
char *imap_mark(MailServer *server, const char *mailbox, const char *folder, gint64 deadline,
                GError **error);
GPtrArray *imap_since(MailServer *server, const char *mailbox, const char *folder, const char *mark,
                      gint64 deadline, GError **error);
gboolean imap_remove(MailServer *server, const MailRef *ref, gint64 deadline, GError **error);

/* imap_check.c */

GPtrArray *imap_check(MailServer *server, const char *mailbox, gint64 deadline);
