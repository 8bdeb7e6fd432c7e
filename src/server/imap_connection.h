#pragma once
#include "server/imap_stream.h"

#include <glib.h>

/* One IMAP connection, logged in to one mailbox: commands out, answers through libetpan's parser,
 * errors by remedy. */

/* How the mailbox is reached. */
typedef enum { IMAP_LOGIN_MASTER, IMAP_LOGIN_AUTHZID, IMAP_LOGIN_USER } ImapLogin;
extern const char *const imap_login_names[];

/* Commands a minute over all connections to one server; 0: no limit. */
typedef struct {
	GMutex lock;
	double per_minute, tokens;
	gint64 filled; /* monotonic */
} ImapGovernor;

typedef struct {
	char *host;
	guint16 port;
	gboolean starttls;
	ImapTrust *trust;
	ImapLogin login;
	char *master_user, *master_separator, *password;
	gboolean local_part; /* the server's user names are local parts */
	ImapGovernor governor;
} ImapSettings;

/* What a FETCH answer said of one message. Borrowed by the callback. */
typedef struct {
	guint32 uid;        /* 0: it did not say */
	char **flags;       /* sorted; NULL: not said */
	gint64 received_at; /* wall; 0: not said */
	gint64 size;        /* -1: not said */
	GBytes *body;       /* NULL: none */
	guint bodies;       /* sections that came */
	gboolean whole;     /* the section is the whole message, not a part or a range */
} ImapFetched;
typedef struct ImapConnection ImapConnection;
/** FALSE ends the command and the connection with it; then the callback set an error by
 * imap_refuse(), or none when the caller just wants no more. */
typedef gboolean (*ImapOnFetched)(ImapConnection *connection, const ImapFetched *fetched,
                                  gpointer data);

struct ImapConnection {
	mailimap *imap;
	ImapSettings *settings; /* borrowed */
	char *mailbox;          /* as text_address() gives it */
	gint64 deadline;

	/* the selected folder, or NULL */
	char *folder;
	gboolean writable;
	guint32 uidvalidity, uidnext, exists; /* uidnext 0: the server did not say */
	gint64 selected_at;                   /* monotonic */

	gboolean broken;   /* of no more use */
	gboolean changing; /* a command that changes the mailbox is out and not answered */
	gboolean reused;   /* came out of the pool */
	gint64 idle_since; /* monotonic, in the pool */
	gboolean said_no;  /* the last answer was NO */
	GError *problem;   /* why it is broken, when we decided so */
	gboolean stopped;  /* by the callback, without an error */

	int last_tag, answered; /* of the last command sent, and of the last answer read */
	ImapOnFetched on_fetched;
	gpointer on_fetched_data;
	gsize literal_max;
	GByteArray *body; /* the literal that is coming in */
	gboolean streamed;
};

/**
 * Connects, starts TLS, logs in to @mailbox.
 *
 * Errors: MISSING_MAILBOX where the server lets us tell, _AUTHENTICATION, _DENIED, _THROTTLED,
 * _UNREACHABLE (certificates too), _TIMEOUT, _REMOTE.
 */
ImapConnection *imap_connection_open(ImapSettings *settings, const char *mailbox, gint64 deadline,
                                     GError **error);
/** Says goodbye, without waiting for the answer. */
void imap_connection_close(ImapConnection *connection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImapConnection, imap_connection_close)

void imap_connection_set_deadline(ImapConnection *connection, gint64 deadline);

gboolean imap_has(const ImapConnection *connection, const char *capability);

/** Queues a command, without tag and line end; several may be queued before their answers are read.
 * Strings in it come from imap_quote(). Returns its tag for imap_receive(). */
int imap_send(ImapConnection *connection, const char *format, ...) G_GNUC_PRINTF(2, 3);

/**
 * Sends what is queued and reads until the answer with this tag. Untagged answers are in
 * connection->imap until the next call.
 */
gboolean imap_receive(ImapConnection *connection, int tag, GError **error);

/** Literals of so many octets are acceptable from now on, instead of LIMIT_IMAP_LINE. To be said
 * before the command that they answer is sent, as answers may come in together. */
void imap_allow_literals(ImapConnection *connection, gsize octets);

/** One command and its answer, with small literals at most. */
gboolean imap_command(ImapConnection *connection, GError **error, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

/** Sends raw octets inside a command (a literal). */
gboolean imap_write(ImapConnection *connection, const void *octets, gsize length);
/** Flushes and waits for "+"; anything else that ends the command is its error. */
gboolean imap_wait_continue(ImapConnection *connection, int tag, GError **error);

/** Ends the connection because of what the peer sent. Returns FALSE. */
gboolean imap_refuse(ImapConnection *connection, const char *message);

/** A quoted string (RFC 3501 §4.3), or NULL when @text cannot be one. Newly allocated. */
char *imap_quote(const char *text);

/** A folder's name as it is sent, quoted: modified UTF-7. NULL when no folder can have this name.
 */
char *imap_folder_quote(const char *folder);
/** A folder's name for people, from what LIST said; always leads back. */
char *imap_folder_display(const char *wire);

/**
 * Is the folder still selected, by a command not long ago? A UID of it means what it meant then: no
 * server may change UIDVALIDITY under a session, and one that does says so.
 *
 * Such a selection is to be believed when it shows a message. That it does not show one proves
 * nothing, as others may have written since: then select anew.
 */
gboolean imap_is_selected(const ImapConnection *connection, const char *folder, gboolean writable);
/** Selects a folder for reading (EXAMINE) or writing (SELECT), anew each time. MISSING_FOLDER,
 * _DENIED, … */
gboolean imap_select(ImapConnection *connection, const char *folder, gboolean writable,
                     GError **error);
/** The same in two steps, with other commands behind it in the same flight, up to @last_tag (0:
 * none), whose answers are taken off too when this one failed. 0: no folder can have this name;
 * nothing was sent. */
int imap_send_select(ImapConnection *connection, const char *folder, gboolean writable);
gboolean imap_receive_select(ImapConnection *connection, int tag, int last_tag, const char *folder,
                             gboolean writable, GError **error);

/** When the last command was refused because INBOX is not there, @error becomes _DENIED, with what
 * to do about it. */
gboolean imap_hides_inbox(const ImapConnection *connection, const char *folder, GError **error);

/** What comes of FETCH answers from now on; NULL: nothing. */
void imap_on_fetched(ImapConnection *connection, ImapOnFetched on_fetched, gpointer data);

/** The name of an INTERNALDATE for APPEND, quoted; newly allocated. */
char *imap_date(gint64 wall);
