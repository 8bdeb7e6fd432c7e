#pragma once
#include "base/json.h"

/* A mail server Trawl looks into: one interface, several kinds. Every call names the mailbox by its
 * SMTP address, takes a deadline (monotonic microseconds) and may be made from any thread.
 *
 * Errors everywhere: _NOT_FOUND (mailbox, folder or message; mail_server_error_what() says which),
 * _AUTHENTICATION, _DENIED, _THROTTLED, _TIMEOUT, _UNREACHABLE, _REMOTE, _LIMIT; and
 * _UNKNOWN_OUTCOME from the calls that change a mailbox when the connection broke after the command
 * was sent. */

typedef struct MailServer MailServer;
typedef struct MailServerKind MailServerKind;

/* Where a message is. (mailbox, folder, epoch, uid) names one message for ever; epoch is
 * UIDVALIDITY or what stands for it. */
typedef struct {
	char *mailbox, *folder, *epoch, *uid;
} MailRef;
MailRef *mail_ref_new(const char *mailbox, const char *folder, const char *epoch, const char *uid);
MailRef *mail_ref_copy(const MailRef *ref);
void mail_ref_free(MailRef *ref);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MailRef, mail_ref_free)

/* What a mailbox knows of a message besides its bytes; all that an undo has to bring back. */
typedef struct {
	MailRef *ref;
	char **flags; /* IMAP names: "\\Seen", "\\Flagged", "$Forwarded"; sorted, NULL-terminated */
	gint64 received_at; /* wall; INTERNALDATE or what stands for it (whole seconds on IMAP) */
	gint64 size;        /* bytes, or -1 */
	GBytes *message;    /* all of it, when mail_server_find() had it along; else NULL */
} MailItem;
void mail_item_free(MailItem *item);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MailItem, mail_item_free)
gboolean mail_item_is_read(const MailItem *item);

/* One line of a check: can Trawl do its work here? */
typedef enum { CHECK_OK, CHECK_WARNING, CHECK_FAILED } CheckLevel;
typedef struct {
	CheckLevel level;
	char *what;   /* "log in", "reach another mailbox", … */
	char *detail; /* what was seen, and what to do about it */
} CheckLine;
CheckLine *check_line_new(CheckLevel level, const char *what, const char *detail);
void check_line_free(CheckLine *line);

/* What a poll found. */
typedef struct {
	GPtrArray *items;   /* of MailItem, oldest first */
	char *cursor;       /* to hand in next time */
	gboolean more;      /* LIMIT_LIST_NEW was reached: ask again at once */
	gboolean restarted; /* the old cursor was void (UIDVALIDITY changed): all of the folder is
	                       listed again */
} MailListing;
void mail_listing_free(MailListing *listing);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MailListing, mail_listing_free)

/* Connections to a server at one instant. */
typedef struct {
	guint in_use, open, limit;
} MailConnections;

/* Called for each message as it arrives, in any order; FALSE stops. @message is NULL when it is
 * gone. */
typedef gboolean (*MailFetched)(const MailRef *ref, GBytes *message, gpointer data);

struct MailServerKind {
	const char *name;  /* "imap" */
	const char *title; /* "IMAP" */
	const char *const
		*config; /* names of the members its configuration may have, NULL-terminated */
	const char *const *secret; /* names of the secret members */

	/* Checks a configuration without connecting: TRAWL_ERROR_INVALID names the member and what
	 * is expected. */
	gboolean (*validate)(const json_t *config, const json_t *secret, GError **error);
	MailServer *(*open)(const json_t *config, const json_t *secret, GError **error);
	void (*close)(MailServer *server);

	GPtrArray *(*check)(MailServer *server, const char *mailbox,
	                    gint64 deadline); /* of CheckLine; never NULL */
	GPtrArray *(*folders)(MailServer *server, const char *mailbox, gint64 deadline,
	                      GError **error); /* of char * */
	MailListing *(*list_new)(MailServer *server, const char *mailbox, const char *folder,
	                         const char *cursor, gint64 deadline, GError **error);
	gboolean (*fetch)(MailServer *server, GPtrArray *refs, MailFetched fetched, gpointer data,
	                  gint64 deadline, GError **error);
	/* Adds to @found[i] (of MailItem) what has @message_ids[i]. */
	gboolean (*find)(MailServer *server, const char *mailbox, GPtrArray *message_ids,
	                 GPtrArray *found, gint64 deadline, GError **error);
	GPtrArray *(*find_similar)(MailServer *server, const char *mailbox, const char *sender,
	                           const char *subject, gint64 from, gint64 to, gint64 deadline,
	                           GError **error);
	MailItem *(*stat)(MailServer *server, const MailRef *ref, gint64 deadline, GError **error);
	/* These four may be NULL: the kind has no shorter way, or no connections. */
	MailItem *(*stat_to_remove)(MailServer *server, const MailRef *ref, gint64 deadline,
	                            GError **error);
	MailItem *(*read)(MailServer *server, const MailRef *ref, gint64 deadline, GError **error);
	void (*leave)(MailServer *server, const char *mailbox);
	void (*connections)(MailServer *server, MailConnections *now);
	MailRef *(*move)(MailServer *server, const MailRef *ref, const char *folder,
	                 gint64 deadline, GError **error);
	MailRef *(*put)(MailServer *server, const char *mailbox, const char *folder,
	                GBytes *message, char **flags, gint64 received_at, gint64 deadline,
	                GError **error);
	char *(*mark)(MailServer *server, const char *mailbox, const char *folder, gint64 deadline,
	              GError **error);
	GPtrArray *(*since)(MailServer *server, const char *mailbox, const char *folder,
	                    const char *mark, gint64 deadline, GError **error);
	gboolean (*remove)(MailServer *server, const MailRef *ref, gint64 deadline, GError **error);
	/* May be NULL: the kind cannot be waited on. */
	gboolean (*wait)(MailServer *server, const char *mailbox, const char *folder,
	                 gint64 deadline, gboolean *changed, GError **error);
};

/* The first member of every kind's own struct. */
struct MailServer {
	const MailServerKind *kind;
};

/** All kinds, NULL-terminated; the one list of them. Filled by daemon/. */
const MailServerKind *mail_server_kind_find(const MailServerKind *const *kinds, const char *name);

/**
 * Can Trawl do its work here? One line a question: reach, TLS, log in, the mailbox, read, search,
 * write, move, expunge.
 *
 * @mailbox  whose mailbox is tried, or NULL for what can be checked without one
 * @return   (transfer full) of CheckLine
 */
GPtrArray *mail_server_check(MailServer *server, const char *mailbox, gint64 deadline);

/** Folder names as the server shows them, UTF-8; of char *. */
GPtrArray *mail_server_folders(MailServer *server, const char *mailbox, gint64 deadline,
                               GError **error);

/** What came into a folder since @cursor (NULL: everything in it), at most LIMIT_LIST_NEW. Changes
 * nothing, sets no \Seen. */
MailListing *mail_server_list_new(MailServer *server, const char *mailbox, const char *folder,
                                  const char *cursor, gint64 deadline, GError **error);

/** Raw bytes of several messages of one folder, unchanged and without setting \Seen. @refs of
 * MailRef. */
gboolean mail_server_fetch(MailServer *server, GPtrArray *refs, MailFetched fetched, gpointer data,
                           gint64 deadline, GError **error);
/** One message; TRAWL_ERROR_NOT_FOUND when it is gone. */
GBytes *mail_server_fetch_one(MailServer *server, const MailRef *ref, gint64 deadline,
                              GError **error);

/**
 * Every message of a mailbox with exactly this Message-ID (RFC 5322 §3.6.4, without brackets), in
 * all folders.
 *
 * Not proof of identity: two messages may share a Message-ID. The first few, when they are small,
 * may come with their bytes, which spares a call for them.
 *
 * @return  (transfer full) of MailItem, maybe empty. "Could not look" is always an error, never an
 * empty array.
 */
GPtrArray *mail_server_find(MailServer *server, const char *mailbox, const char *message_id,
                            gint64 deadline, GError **error);
/** The same for several Message-IDs (of char *) with one look into the mailbox: for each of them,
 * in their order, an array of MailItem. */
GPtrArray *mail_server_find_each(MailServer *server, const char *mailbox, GPtrArray *message_ids,
                                 gint64 deadline, GError **error);

/** Messages by sender address and subject, received in [@from, @to]; for originals without a
 * Message-ID. */
GPtrArray *mail_server_find_similar(MailServer *server, const char *mailbox, const char *sender,
                                    const char *subject, gint64 from, gint64 to, gint64 deadline,
                                    GError **error);

/** Flags, received date and size now; TRAWL_ERROR_NOT_FOUND when it is gone. */
MailItem *mail_server_stat(MailServer *server, const MailRef *ref, gint64 deadline, GError **error);
/** The same, of a message that mail_server_remove() is about to remove: what that needs is opened
 * on the way. */
MailItem *mail_server_stat_to_remove(MailServer *server, const MailRef *ref, gint64 deadline,
                                     GError **error);
/** The same with the message's bytes in item->message. */
MailItem *mail_server_read(MailServer *server, const MailRef *ref, gint64 deadline, GError **error);

/** Moves within the mailbox; the folder is made when it is missing. The new place comes back. */
MailRef *mail_server_move(MailServer *server, const MailRef *ref, const char *folder,
                          gint64 deadline, GError **error);

/** Writes a message with flags and received date into a folder, made when missing. Durable when it
 * returns. */
MailRef *mail_server_put(MailServer *server, const char *mailbox, const char *folder,
                         GBytes *message, char **flags, gint64 received_at, gint64 deadline,
                         GError **error);

/** Marks the present end of a folder (made when missing): mail_server_since() lists what was
 * written after it. */
char *mail_server_mark(MailServer *server, const char *mailbox, const char *folder, gint64 deadline,
                       GError **error);
/** Of MailItem. This is how a put or move whose answer was lost is found again. */
GPtrArray *mail_server_since(MailServer *server, const char *mailbox, const char *folder,
                             const char *mark, gint64 deadline, GError **error);

/** Removes exactly this message for good (UID EXPUNGE, never a bare EXPUNGE), and looks anew that
 * it is gone. TRUE also when it was gone already; but MISSING_MESSAGE when the epoch is void, as
 * then it may still be there under another uid. */
gboolean mail_server_remove(MailServer *server, const MailRef *ref, gint64 deadline,
                            GError **error);

/** The caller has done with a mailbox for now: what is kept open for it is the first to make room
 * for others. */
void mail_server_leave(MailServer *server, const char *mailbox);

/** Waits until something happens in the folder or the deadline passes (@changed FALSE).
 * TRAWL_ERROR_INVALID when the kind cannot. */
gboolean mail_server_wait(MailServer *server, const char *mailbox, const char *folder,
                          gint64 deadline, gboolean *changed, GError **error);

/* What a TRAWL_ERROR_NOT_FOUND from a mail server did not find. */
typedef enum { MISSING_MESSAGE, MISSING_FOLDER, MISSING_MAILBOX } MailMissing;
/** Sets TRAWL_ERROR_NOT_FOUND with a message that mail_server_error_what() understands. */
void mail_server_set_missing(GError **error, MailMissing what, const char *name);
MailMissing mail_server_error_what(const GError *error);
