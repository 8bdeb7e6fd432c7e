/* IMAP servers that are hostile, broken or out of their mind, and the configuration. What real
 * servers do is in conformance_test.c. */
#include "../tests/support/fakeimap.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "server/imap.h"

#include <string.h>

#define PATIENCE deadline_in(30)
#define MAILBOX  "alice@corp.example"

static MailServer *connect_to(FakeImap *fake, const char *tls, json_t *more)
{
	g_autoptr(json_t) config = json_pack("{s:s, s:i, s:s, s:s, s:s}", "host", "localhost",
	                                     "port", fake_imap_port(fake), "tls", tls, "ca_file",
	                                     fake_imap_ca_file(fake), "master_user", "trawl");
	g_autoptr(json_t) secret = json_pack("{s:s}", "password", "secret");
	if (more)
		json_object_update(config, more);
	json_decref(more);
	g_autoptr(GError) error = NULL;
	MailServer *server = imap_server_kind.open(config, secret, &error);
	g_assert_no_error(error);
	return server;
}

/* The calls; each returns whether it succeeded. */

static guint delivered, gone; /* by the last fetch */

static gboolean count_message(const MailRef *ref, GBytes *message, gpointer data)
{
	delivered += message != NULL;
	gone += message == NULL;
	return TRUE;
}

static gboolean call_list(MailServer *server, gint64 deadline, GError **error)
{
	g_autoptr(MailListing) listing =
		mail_server_list_new(server, MAILBOX, "INBOX", NULL, deadline, error);
	return listing != NULL;
}

static gboolean call_fetch(MailServer *server, gint64 deadline, GError **error)
{
	g_autoptr(MailRef) ref = mail_ref_new(MAILBOX, "INBOX", "7", "1");
	g_autoptr(GPtrArray) refs = g_ptr_array_new();
	g_ptr_array_add(refs, ref);
	delivered = gone = 0;
	return mail_server_fetch(server, refs, count_message, NULL, deadline, error);
}

/* More than one command asks for. */
static gboolean call_fetch_many(MailServer *server, gint64 deadline, GError **error)
{
	g_autoptr(GPtrArray) refs = g_ptr_array_new_with_free_func((GDestroyNotify)mail_ref_free);
	for (guint i = 1; i <= 250; i++) {
		g_autofree char *uid = g_strdup_printf("%u", i);
		g_ptr_array_add(refs, mail_ref_new(MAILBOX, "INBOX", "7", uid));
	}
	return mail_server_fetch(server, refs, count_message, NULL, deadline, error);
}

static gboolean call_stat(MailServer *server, gint64 deadline, GError **error)
{
	g_autoptr(MailRef) ref = mail_ref_new(MAILBOX, "INBOX", "7", "1");
	g_autoptr(MailItem) item = mail_server_stat(server, ref, deadline, error);
	return item != NULL;
}

static gboolean call_find(MailServer *server, gint64 deadline, GError **error)
{
	g_autoptr(GPtrArray) found =
		mail_server_find(server, MAILBOX, "a@b.example", deadline, error);
	delivered = found ? found->len : 0;
	return found != NULL;
}

static gboolean put_into(MailServer *server, const char *folder, gint64 deadline, GError **error)
{
	static char *flags[] = {(char *)"$Forwarded", (char *)"\\Seen", NULL};
	g_autoptr(GBytes) message = g_bytes_new_static("Subject: x\r\n\r\n", 14);
	g_autoptr(MailRef) ref = mail_server_put(server, MAILBOX, folder, message, flags,
	                                         CLOCK_SECOND, deadline, error);
	return ref != NULL;
}

static gboolean call_put(MailServer *server, gint64 deadline, GError **error)
{
	return put_into(server, "Pulled", deadline, error);
}

static gboolean call_put_inbox(MailServer *server, gint64 deadline, GError **error)
{
	return put_into(server, "INBOX", deadline, error);
}

static gboolean call_move(MailServer *server, gint64 deadline, GError **error)
{
	g_autoptr(MailRef) ref = mail_ref_new(MAILBOX, "INBOX", "7", "1");
	g_autoptr(MailRef) moved = mail_server_move(server, ref, "Pulled", deadline, error);
	return moved != NULL;
}

static gboolean call_remove(MailServer *server, gint64 deadline, GError **error)
{
	g_autoptr(MailRef) ref = mail_ref_new(MAILBOX, "INBOX", "7", "1");
	return mail_server_remove(server, ref, deadline, error);
}

static gboolean call_folders(MailServer *server, gint64 deadline, GError **error)
{
	g_autoptr(GPtrArray) folders = mail_server_folders(server, MAILBOX, deadline, error);
	return folders != NULL;
}

typedef gboolean (*Call)(MailServer *server, gint64 deadline, GError **error);

#define GOOD       (-1) /* no error */
#define LOGGED_IN  "%T OK [CAPABILITY IMAP4rev1 UIDPLUS LITERAL+] in\r\n"
#define NO_UIDPLUS "%T OK [CAPABILITY IMAP4rev1] in\r\n"

/* One thing that a server does, and what must come of it. */
typedef struct {
	const char *name;
	Call call;
	int code;            /* TRAWL_ERROR_…, or GOOD */
	const char *message; /* part of the error's */
	FakeRule rules[4];
} Case;

static const Case cases[] = {
	/* size */
	{"a line without end",
         call_list,
         TRAWL_ERROR_LIMIT,
         "without end",
         {{"EXAMINE", "* OK ", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}}},
	{"noise without end",
         call_list,
         TRAWL_ERROR_LIMIT,
         "without end",
         {{"EXAMINE", "", "* OK xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"}}},
	{"a greeting without end",
         call_list,
         TRAWL_ERROR_LIMIT,
         "without end",
         {{"", "* OK ", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}}},
	{"gigabytes announced for a message",
         call_fetch,
         TRAWL_ERROR_LIMIT,
         "4000000000",
         {{"UID FETCH", "* 1 FETCH (UID 1 BODY[] {4000000000}\r\nxx"}}},
	{"gigabytes announced for a folder's name",
         call_folders,
         TRAWL_ERROR_LIMIT,
         "4000000000",
         {{"LIST", "* LIST () \"/\" {4000000000}\r\nxx"}}},
	{"a number that is no number",
         call_fetch,
         TRAWL_ERROR_LIMIT,
         "announced",
         {{"UID FETCH", "* 1 FETCH (UID 1 BODY[] {99999999999999999999999}\r\nxx"}}},
	{"a literal without its line's end",
         call_fetch,
         TRAWL_ERROR_LIMIT,
         "announced",
         {{"UID FETCH", "* 1 FETCH (UID 1 BODY[] {4000000000}xxxxxxxxxxx"}}},
	{"parentheses without end",
         call_list,
         TRAWL_ERROR_REMOTE,
         "too deep",
         {{"UID FETCH", "* 1 FETCH (BODYSTRUCTURE ", "(((((((((((((((((((("}}},
	{"parentheses behind text that looks like a literal",
         call_fetch,
         TRAWL_ERROR_REMOTE,
         "too deep",
         {{"UID FETCH", "* OK {1000000}\r\n* 1 FETCH (BODYSTRUCTURE ", "(((((((((((((((((("}}},
	{"a folder list without end",
         call_folders,
         TRAWL_ERROR_LIMIT,
         "without end",
         {{"LIST", "", "* LIST () \"/\" folder\r\n"}}},

	/* the wrong message */
	{"another message",
         call_fetch,
         TRAWL_ERROR_REMOTE,
         "not asked for",
         {{"UID FETCH", "* 2 FETCH (UID 2 BODY[] {3}\r\nabc)\r\n%T OK done\r\n"}}},
	{"a message without its number",
         call_fetch,
         TRAWL_ERROR_REMOTE,
         "not asked for",
         {{"UID FETCH", "* 1 FETCH (BODY[] {3}\r\nabc)\r\n%T OK done\r\n"}}},
	{"the same message twice",
         call_fetch,
         TRAWL_ERROR_REMOTE,
         "not asked for",
         {{"UID FETCH", "* 1 FETCH (UID 1 BODY[] {3}\r\nabc)\r\n"
                        "* 1 FETCH (UID 1 BODY[] {3}\r\nxyz)\r\n%T OK done\r\n"}}},
	{"two bodies in one answer",
         call_fetch,
         TRAWL_ERROR_REMOTE,
         "not asked for",
         {{"UID FETCH",
           "* 1 FETCH (UID 1 BODY[] {3}\r\nabc BODY[] {3}\r\nxyz)\r\n%T OK done\r\n"}}},
	{"a header for a message",
         call_fetch,
         TRAWL_ERROR_REMOTE,
         "not asked for",
         {{"UID FETCH", "* 1 FETCH (UID 1 BODY[HEADER] {3}\r\nabc)\r\n%T OK done\r\n"}}},
	{"a part of a message",
         call_fetch,
         TRAWL_ERROR_REMOTE,
         "not asked for",
         {{"UID FETCH", "* 1 FETCH (UID 1 BODY[]<10> {3}\r\nabc)\r\n%T OK done\r\n"}}},
	{"a number beyond all numbers",
         call_stat,
         TRAWL_ERROR_NOT_FOUND,
         "no such message",
         {{"UID FETCH", "* 1 FETCH (UID 99999999999 FLAGS () RFC822.SIZE 1 INTERNALDATE "
                        "\"01-Jan-2026 00:00:00 +0000\")\r\n%T OK done\r\n"}}},
	{"another message's state",
         call_stat,
         TRAWL_ERROR_NOT_FOUND,
         "no such message",
         {{"UID FETCH", "* 1 FETCH (UID 2 FLAGS () RFC822.SIZE 1 INTERNALDATE "
                        "\"01-Jan-2026 00:00:00 +0000\")\r\n%T OK done\r\n"}}},
	{"a message of the right number",
         call_fetch,
         GOOD,
         NULL,
         {{"UID FETCH", "* 1 FETCH (UID 1 BODY[] {3}\r\nabc)\r\n%T OK done\r\n"}}},
	{"a message as a quoted string",
         call_fetch,
         GOOD,
         NULL,
         {{"UID FETCH", "* 1 FETCH (BODY[] \"abc\" UID 1)\r\n%T OK done\r\n"}}},
	{"news between messages",
         call_fetch,
         GOOD,
         NULL,
         {{"UID FETCH", "* 9 EXISTS\r\n* 2 FETCH (FLAGS (\\Seen))\r\n* 1 FETCH (UID 1 BODY[] "
                        "{3}\r\nabc)\r\n* 3 FETCH (UID 3 FLAGS ())\r\n%T OK done\r\n"}}},

	/* the end */
	{"a goodbye in the middle",
         call_fetch,
         TRAWL_ERROR_UNREACHABLE,
         NULL,
         {{"UID FETCH", "* BYE [UNAVAILABLE] shutting down\r\n", NULL, TRUE}}},
	{"a hang-up in the middle of a message",
         call_fetch,
         TRAWL_ERROR_UNREACHABLE,
         NULL,
         {{"UID FETCH", "* 1 FETCH (UID 1 BODY[] {300}\r\nabc", NULL, TRUE}}},
	{"a hang-up instead of a greeting",
         call_list,
         TRAWL_ERROR_UNREACHABLE,
         NULL,
         {{"", "", NULL, TRUE}}},
	{"a goodbye for a greeting",
         call_list,
         TRAWL_ERROR_UNREACHABLE,
         "too many",
         {{"", "* BYE too many connections\r\n", NULL, TRUE}}},
	{"garbage for a greeting",
         call_list,
         TRAWL_ERROR_REMOTE,
         NULL,
         {{"", "HTTP/1.1 400 Bad Request\r\n\r\n", NULL, TRUE}}},
	{"garbage for an answer",
         call_list,
         TRAWL_ERROR_REMOTE,
         NULL,
         {{"EXAMINE", "\x01\x02\xff (((\r\n"}}},
	{"an answer to another command",
         call_list,
         TRAWL_ERROR_REMOTE,
         NULL,
         {{"EXAMINE", "99 OK [READ-ONLY]\r\n"}}},
	{"a command it does not know",
         call_list,
         TRAWL_ERROR_REMOTE,
         "no idea",
         {{"EXAMINE", "%T BAD no idea\r\n"}}},

	/* logging in */
	{"logged in unasked",
         call_list,
         TRAWL_ERROR_REMOTE,
         "PREAUTH",
         {{"", "* PREAUTH welcome\r\n"}}},
	{"a wrong password",
         call_list,
         TRAWL_ERROR_AUTHENTICATION,
         NULL,
         {{"AUTHENTICATE", "%T NO [AUTHENTICATIONFAILED] no\r\n"}}},
	{"a refusal without a code",
         call_list,
         TRAWL_ERROR_AUTHENTICATION,
         "go away",
         {{"AUTHENTICATE", "%T NO go away\r\n"}}},
	{"no such user",
         call_list,
         TRAWL_ERROR_NOT_FOUND,
         "no such mailbox",
         {{"AUTHENTICATE", "%T NO [AUTHORIZATIONFAILED] no\r\n"}}},
	{"a log-in service that is down",
         call_list,
         TRAWL_ERROR_UNREACHABLE,
         NULL,
         {{"AUTHENTICATE", "%T NO [UNAVAILABLE] later\r\n"}}},
	{"too many connections",
         call_list,
         TRAWL_ERROR_THROTTLED,
         NULL,
         {{"AUTHENTICATE", "%T NO [LIMIT] too many\r\n"}}},
	{"an account to be looked at",
         call_list,
         TRAWL_ERROR_DENIED,
         NULL,
         {{"AUTHENTICATE", "%T NO [CONTACTADMIN] x\r\n"}}},
	{"no way to log in",
         call_list,
         TRAWL_ERROR_AUTHENTICATION,
         "AUTHENTICATE PLAIN",
         {{"", "* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] x\r\n"}}},
	{"LOGIN only",
         call_list,
         GOOD,
         NULL,
         {{"", "* OK [CAPABILITY IMAP4rev1] x\r\n"},
          {"LOGIN \"alice@corp.example*trawl\" \"secret\"", LOGGED_IN},
          {"LOGIN", "%T NO never\r\n"}}},

	/* folders and rights */
	{"an INBOX that rights hide",
         call_list,
         TRAWL_ERROR_DENIED,
         "acl_user",
         {{"EXAMINE", "%T NO [NONEXISTENT] Mailbox doesn't exist: INBOX\r\n"}}},
	{"an INBOX to write into that rights hide",
         call_put_inbox,
         TRAWL_ERROR_DENIED,
         "acl_user",
         {{"APPEND", "%T NO [TRYCREATE] Mailbox doesn't exist: INBOX (0.001 + 0.000 secs).\r\n"},
          {"CREATE", "%T NO [ALREADYEXISTS] Mailbox already exists\r\n"},
          {"APPEND", "%T NO [TRYCREATE] Mailbox doesn't exist: INBOX\r\n"}}},
	{"words with the time they took",
         call_list,
         TRAWL_ERROR_DENIED,
         "doesn't exist: INBOX; with",
         {{"EXAMINE",
           "%T NO [NONEXISTENT] Mailbox doesn't exist: INBOX (0.001 + 0.000 secs).\r\n"}}},
	{"an INBOX that a search cannot see",
         call_find,
         TRAWL_ERROR_DENIED,
         "acl_user",
         {{"LIST", "* LIST () \"/\" Other\r\n%T OK done\r\n"},
          {"EXAMINE \"INBOX\"", "%T NO nothing here\r\n"}}},
	{"a folder that may not be read",
         call_find,
         TRAWL_ERROR_DENIED,
         "is there",
         {{"LIST", "* LIST () \"/\" INBOX\r\n* LIST () \"/\" Secret\r\n%T OK done\r\n"},
          {"EXAMINE \"Secret\"", "%T NO [NOPERM] no\r\n"},
          {"SEARCH", "* SEARCH\r\n%T OK done\r\n"}}},
	{"a folder without UIDVALIDITY",
         call_list,
         TRAWL_ERROR_REMOTE,
         "UIDVALIDITY",
         {{"EXAMINE", "* 3 EXISTS\r\n%T OK done\r\n"}}},
	{"a folder that is busy",
         call_list,
         TRAWL_ERROR_BUSY,
         NULL,
         {{"EXAMINE", "%T NO [INUSE] later\r\n"}}},
	{"a folder of absurd numbers",
         call_list,
         TRAWL_ERROR_BUSY,
         "changing",
         {{"EXAMINE", "* 4294967295 EXISTS\r\n* OK [UIDVALIDITY 7] v\r\n%T OK done\r\n"}}},
	{"a folder of absurd numbers, asked for what is new",
         call_list,
         GOOD,
         NULL,
         {{"EXAMINE", "* 0 EXISTS\r\n* OK [UIDVALIDITY 4294967295] v\r\n"
                      "* OK [UIDNEXT 4294967295] n\r\n%T OK done\r\n"}}},

	/* a search */
	{"a search that names others",
         call_find,
         GOOD,
         NULL,
         {{"SEARCH", "* SEARCH 1 2\r\n%T OK done\r\n"},
          {"UID FETCH",
           "* 1 FETCH (UID 1 FLAGS () RFC822.SIZE 1 INTERNALDATE \"01-Jan-2026 00:00:00 "
           "+0000\" BODY[HEADER.FIELDS (MESSAGE-ID)] {30}\r\nMessage-ID: "
           "<xa@b.example>\r\n\r\n)\r\n%T OK done\r\n"}}},
	{"a search answered in pieces",
         call_find,
         TRAWL_ERROR_REMOTE,
         "without its flags",
         {{"SEARCH", "* SEARCH 1\r\n%T OK done\r\n"},
          {"HEADER.FIELDS",
           "* 1 FETCH (UID 1 FLAGS () RFC822.SIZE 14 INTERNALDATE \"01-Jan-2026 00:00:00 "
           "+0000\")\r\n* 1 FETCH (UID 1 BODY[HEADER.FIELDS (MESSAGE-ID)] {29}\r\n"
           "Message-ID: <a@b.example>\r\n\r\n)\r\n%T OK done\r\n"}}},
	{"a folder whose name cannot be sent",
         call_find,
         TRAWL_ERROR_REMOTE,
         "name",
         {{"LIST", "* LIST () \"/\" {3}\r\na\x01z\r\n%T OK done\r\n"}}},
	{"a search that fails",
         call_find,
         TRAWL_ERROR_REMOTE,
         "disk",
         {{"SEARCH", "%T NO disk error\r\n"}}},

	/* changes */
	{"a hang-up after a message was sent",
         call_put,
         TRAWL_ERROR_UNKNOWN_OUTCOME,
         NULL,
         {{"APPEND", "", NULL, TRUE}}},
	{"an unreadable answer to a message",
         call_put,
         TRAWL_ERROR_UNKNOWN_OUTCOME,
         NULL,
         {{"APPEND", "? what ?\r\n"}}},
	{"a full mailbox",
         call_put,
         TRAWL_ERROR_LIMIT,
         "full",
         {{"APPEND", "%T NO [OVERQUOTA] full\r\n"}}},
	{"keywords that are refused",
         call_put,
         GOOD,
         NULL,
         {{"$Forwarded", "%T NO no keywords here\r\n"},
          {"APPEND", "%T OK [APPENDUID 7 4] stored\r\n"}}},
	{"keywords that are refused, and a hang-up after the message was sent without them",
         call_put,
         TRAWL_ERROR_UNKNOWN_OUTCOME,
         NULL,
         {{"$Forwarded", "%T NO [NOPERM] no keywords here\r\n"}, {"APPEND", "", NULL, TRUE}}},
	{"a folder that is missing",
         call_put,
         GOOD,
         NULL,
         {{"APPEND", "%T OK [APPENDUID 7 4] stored\r\n", NULL, FALSE, 1},
          {"APPEND", "%T NO [TRYCREATE] make it\r\n"}}},
	{"a folder that cannot be made",
         call_put,
         TRAWL_ERROR_DENIED,
         "Pulled",
         {{"APPEND", "%T NO [TRYCREATE] make it\r\n"}, {"CREATE", "%T NO [NOPERM] no\r\n"}}},
	{"an answer without APPENDUID",
         call_put,
         GOOD,
         NULL,
         {{"AUTHENTICATE", NO_UIDPLUS},
          {"UID FETCH 4:*",
           "* 4 FETCH (UID 4 BODY[] {14}\r\nSubject: x\r\n\r\n)\r\n"
           "* 5 FETCH (UID 5 BODY[] {14}\r\nSubject: y\r\n\r\n)\r\n%T OK done\r\n"}}},
	{"an answer without APPENDUID, and two like it",
         call_put,
         TRAWL_ERROR_UNKNOWN_OUTCOME,
         "2",
         {{"AUTHENTICATE", NO_UIDPLUS},
          {"UID FETCH 4:*",
           "* 4 FETCH (UID 4 BODY[] {14}\r\nSubject: x\r\n\r\n)\r\n"
           "* 5 FETCH (UID 5 BODY[] {14}\r\nSubject: x\r\n\r\n)\r\n%T OK done\r\n"}}},
	{"an answer without APPENDUID, and no look at the folder",
         call_put,
         TRAWL_ERROR_UNKNOWN_OUTCOME,
         "later",
         {{"AUTHENTICATE", NO_UIDPLUS}, {"UID FETCH 4:*", "%T NO [UNAVAILABLE] later\r\n"}}},
	{"an answer without APPENDUID, and a folder that does not open",
         call_put,
         TRAWL_ERROR_UNKNOWN_OUTCOME,
         "Pulled",
         {{"AUTHENTICATE", NO_UIDPLUS}, {"EXAMINE", "%T NO [NOPERM] no\r\n", NULL, FALSE, 1}}},
	{"a hang-up after a removal was asked for",
         call_remove,
         TRAWL_ERROR_UNKNOWN_OUTCOME,
         NULL,
         {{"STORE", "", NULL, TRUE}}},
	{"a removal that removes nothing",
         call_remove,
         TRAWL_ERROR_DENIED,
         "expunge",
         {{"UID FETCH", "* 1 FETCH (UID 1)\r\n%T OK done\r\n"}}},
	{"a removal that a session with an old view of the folder is told of in vain",
         call_remove,
         GOOD,
         NULL,
         {{"UID FETCH", "%T OK done\r\n", NULL, FALSE, 1},
          {"UID FETCH", "* 1 FETCH (UID 1)\r\n%T OK done\r\n"}}},
	{"a removal that is refused",
         call_remove,
         TRAWL_ERROR_DENIED,
         NULL,
         {{"EXPUNGE", "%T NO [NOPERM] no\r\n"},
          {"UID FETCH", "* 1 FETCH (UID 1)\r\n%T OK done\r\n"}}},
	{"a removal from a read-only folder",
         call_remove,
         TRAWL_ERROR_DENIED,
         "read-only",
         {{"SELECT", "* 3 EXISTS\r\n* OK [UIDVALIDITY 7] v\r\n%T OK [READ-ONLY] x\r\n"}}},
	{"a removal without UIDPLUS",
         call_remove,
         TRAWL_ERROR_DENIED,
         "UIDPLUS",
         {{"AUTHENTICATE", NO_UIDPLUS}}},
	{"a move that does not say where",
         call_move,
         TRAWL_ERROR_UNKNOWN_OUTCOME,
         NULL,
         {{"UID FETCH", "* 1 FETCH (UID 1)\r\n%T OK done\r\n"}}},
	{"a move of nothing", call_move, TRAWL_ERROR_NOT_FOUND, "no such message", {{NULL}}},
	{"a move of another message",
         call_move,
         TRAWL_ERROR_UNKNOWN_OUTCOME,
         NULL,
         {{"UID MOVE", "* OK [COPYUID 9 2 5] moved\r\n%T OK done\r\n"},
          {"UID FETCH", "* 1 FETCH (UID 1)\r\n%T OK done\r\n"}}},
	{"a move that worked",
         call_move,
         GOOD,
         NULL,
         {{"UID MOVE", "* OK [COPYUID 9 1 5] moved\r\n%T OK done\r\n"}}},
	{"a move that says several places for one message",
         call_move,
         TRAWL_ERROR_UNKNOWN_OUTCOME,
         NULL,
         {{"UID MOVE", "* OK [COPYUID 9 1 5:6] moved\r\n%T OK done\r\n"},
          {"UID FETCH", "* 1 FETCH (UID 1)\r\n%T OK done\r\n"}}},
	{"a move into a folder without UIDVALIDITY",
         call_move,
         TRAWL_ERROR_UNKNOWN_OUTCOME,
         NULL,
         {{"UID MOVE", "* OK [COPYUID 0 1 5] moved\r\n%T OK done\r\n"},
          {"UID FETCH", "* 1 FETCH (UID 1)\r\n%T OK done\r\n"}}},
	{"a goodbye in the middle of a removal",
         call_remove,
         TRAWL_ERROR_UNKNOWN_OUTCOME,
         NULL,
         {{"EXPUNGE", "* BYE [UNAVAILABLE] shutting down\r\n", NULL, TRUE}}},
	{"an answer to another command during a removal",
         call_remove,
         TRAWL_ERROR_UNKNOWN_OUTCOME,
         NULL,
         {{"STORE", "99 OK done\r\n"}}},
	{"noise without end during a removal",
         call_remove,
         TRAWL_ERROR_UNKNOWN_OUTCOME,
         "without end",
         {{"EXPUNGE", "", "* OK xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"}}},
	{"a removal after which the folder does not open",
         call_remove,
         TRAWL_ERROR_UNKNOWN_OUTCOME,
         "look whether it is gone",
         {{"SELECT", "%T NO [NOPERM] no\r\n", NULL, FALSE, 1}}},
	{"a removal after which the message cannot be looked for",
         call_remove,
         TRAWL_ERROR_UNKNOWN_OUTCOME,
         "look whether it is gone",
         {{"UID FETCH", "%T NO [UNAVAILABLE] later\r\n"}}},
	{"a removal after which the folder is numbered anew",
         call_remove,
         TRAWL_ERROR_NOT_FOUND,
         "no such message",
         {{"SELECT", "* 3 EXISTS\r\n* OK [UIDVALIDITY 8] v\r\n%T OK [READ-WRITE] s\r\n", NULL,
           FALSE, 1}}},
	{"a folder numbered anew before a removal",
         call_remove,
         TRAWL_ERROR_NOT_FOUND,
         "no such message",
         {{"SELECT", "* 3 EXISTS\r\n* OK [UIDVALIDITY 8] v\r\n%T OK [READ-WRITE] s\r\n"},
          {"STORE", "", NULL, TRUE}}},
	{"messages that go while one is asked for",
         call_stat,
         GOOD,
         NULL,
         {{"UID FETCH", "* 2 EXPUNGE\r\n* 1 EXPUNGE\r\n* 1 FETCH (UID 1 FLAGS () RFC822.SIZE 1 "
                        "INTERNALDATE \"01-Jan-2026 00:00:00 +0000\")\r\n* 0 EXISTS\r\n%T OK "
                        "done\r\n"}}},
	{"gigabytes announced for what a search brings along",
         call_find,
         TRAWL_ERROR_LIMIT,
         "4000000000",
         {{"SEARCH", "* SEARCH 1\r\n%T OK done\r\n"},
          {"BODY.PEEK[]<0.", "* 1 FETCH (UID 1 BODY[]<0> {4000000000}\r\nxx"}}},
	{"a search that brings nothing along",
         call_find,
         GOOD,
         NULL,
         {{"SEARCH", "* SEARCH 1\r\n%T OK done\r\n"},
          {"BODY.PEEK[]<0.", "%T BAD no partial fetch here\r\n"}}},
};

static void test_case(gconstpointer data)
{
	const Case *one = data;
	FakeRule rules[G_N_ELEMENTS(one->rules) + 1] = {{0}};
	memcpy(rules, one->rules, sizeof one->rules);
	g_autoptr(FakeImap) fake = fake_imap_start("cert", FALSE, rules);
	if (!fake) {
		g_test_skip("openssl is not installed");
		return;
	}
	MailServer *server = connect_to(fake, "implicit", NULL);
	g_autoptr(GError) error = NULL;
	gboolean done = one->call(server, PATIENCE, &error);
	g_test_message("%s", error ? error->message : "no error");
	if (one->code == GOOD)
		g_assert_no_error(error);
	else
		g_assert_error(error, TRAWL_ERROR, one->code);
	g_assert_cmpint(done, ==, one->code == GOOD);
	if (one->message)
		g_assert_nonnull(strstr(error->message, one->message));
	if (one->call == call_fetch)
		g_assert_cmpuint(delivered + gone, ==, one->code == GOOD ? 1 : delivered + gone);
	g_assert_cmpuint(fake_imap_count(fake, " EXPUNGE"), ==,
	                 fake_imap_count(fake, "UID EXPUNGE 1"));
	server->kind->close(server);
}

#define HEADER_OF_14                                                                               \
	"* 1 FETCH (UID 1 FLAGS () RFC822.SIZE 14 INTERNALDATE \"01-Jan-2026 00:00:00 +0000\" "    \
	"BODY[HEADER.FIELDS (MESSAGE-ID)] {29}\r\nMessage-ID: <a@b.example>\r\n\r\n)\r\n"

/* What a search brings along is the message only when it is all of it. */
static void test_a_search_brings_only_whole_messages_along(void)
{
	static const struct {
		const char *name, *along;
		gboolean kept;
	} answers[] = {
		{"all of it", "* 1 FETCH (UID 1 BODY[]<0> {14}\r\nSubject: x\r\n\r\n)\r\n", TRUE},
		{"less than its size", "* 1 FETCH (UID 1 BODY[]<0> {10}\r\nSubject: x)\r\n", FALSE},
		{"more than its size",
	         "* 1 FETCH (UID 1 BODY[]<0> {16}\r\nSubject: xyz\r\n\r\n)\r\n", FALSE},
		{"from its middle", "* 1 FETCH (UID 1 BODY[]<4> {14}\r\nSubject: x\r\n\r\n)\r\n",
	         FALSE},
		{"another message", "* 2 FETCH (UID 2 BODY[]<0> {14}\r\nSubject: x\r\n\r\n)\r\n",
	         FALSE},
		{"its header", "* 1 FETCH (UID 1 BODY[HEADER]<0> {14}\r\nSubject: x\r\n\r\n)\r\n",
	         FALSE},
		{"nothing", "", FALSE},
		{"nil", "* 1 FETCH (UID 1 BODY[]<0> NIL)\r\n", FALSE},
	};
	for (guint i = 0; i < G_N_ELEMENTS(answers); i++) {
		g_autofree char *along = g_strconcat(answers[i].along, "%T OK done\r\n", NULL);
		const FakeRule rules[] = {{"SEARCH", "* SEARCH 1\r\n%T OK done\r\n"},
		                          {"BODY.PEEK[]<0.", along},
		                          {"HEADER.FIELDS", HEADER_OF_14 "%T OK done\r\n"},
		                          {NULL}};
		g_autoptr(FakeImap) fake = fake_imap_start("cert", FALSE, rules);
		if (!fake) {
			g_test_skip("openssl is not installed");
			return;
		}
		MailServer *server = connect_to(fake, "implicit", NULL);
		g_autoptr(GError) error = NULL;
		g_autoptr(GPtrArray) found =
			mail_server_find(server, MAILBOX, "a@b.example", PATIENCE, &error);
		g_test_message("%s", answers[i].name);
		g_assert_no_error(error);
		g_assert_cmpuint(found->len, ==, 1);
		const MailItem *item = found->pdata[0];
		g_assert_cmpint(item->message != NULL, ==, answers[i].kept);
		server->kind->close(server);
	}
}

/* A removal right after the look at the message selects no more than to look again, unless the
 * numbers mean something else meanwhile. */
static void test_a_removal_uses_the_selection_of_the_look_before(void)
{
	static const struct {
		const char *news; /* behind the look's answer */
		guint selects, stores;
	} cases_here[] = {
		{"", 2, 1},
		{"* OK [UIDVALIDITY 8] numbered anew\r\n", 3, 1},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases_here); i++) {
		g_autofree char *looked = g_strconcat(
			"* 1 FETCH (UID 1 FLAGS () RFC822.SIZE 1 INTERNALDATE \"01-Jan-2026 "
			"00:00:00 +0000\")\r\n",
			cases_here[i].news, "%T OK done\r\n", NULL);
		const FakeRule rules[] = {{"RFC822.SIZE", looked}, {NULL}};
		g_autoptr(FakeImap) fake = fake_imap_start("cert", FALSE, rules);
		if (!fake) {
			g_test_skip("openssl is not installed");
			return;
		}
		MailServer *server = connect_to(fake, "implicit", NULL);
		g_autoptr(GError) error = NULL;
		g_autoptr(MailRef) ref = mail_ref_new(MAILBOX, "INBOX", "7", "1");
		g_autoptr(MailItem) item =
			mail_server_stat_to_remove(server, ref, PATIENCE, &error);
		g_assert_no_error(error);
		g_assert_true(mail_server_remove(server, ref, PATIENCE, &error));
		g_assert_no_error(error);
		g_assert_cmpuint(fake_imap_count(fake, "SELECT"), ==, cases_here[i].selects);
		g_assert_cmpuint(fake_imap_count(fake, "STORE"), ==, cases_here[i].stores);
		g_assert_cmpuint(fake_imap_count(fake, "EXAMINE"), ==, 0);
		server->kind->close(server);
	}
}

/* Rights may hide INBOX from the list though it opens, and leave nothing in it at all: it is looked
 * into all the same, and what is found there needs no second opening. */
static void test_an_inbox_that_is_not_listed_is_searched(void)
{
	static const char *const lists[] = {"%T OK done\r\n",
	                                    "* LIST () \"/\" Other\r\n%T OK done\r\n"};
	for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
		const FakeRule rules[] = {
			{"LIST", lists[i]},
			{"SEARCH", "* SEARCH 1\r\n%T OK done\r\n", NULL, FALSE, i},
			{"SEARCH", "* SEARCH\r\n%T OK done\r\n"},
			{"HEADER.FIELDS", HEADER_OF_14 "%T OK done\r\n"},
			{NULL}};
		g_autoptr(FakeImap) fake = fake_imap_start("cert", FALSE, rules);
		if (!fake) {
			g_test_skip("openssl is not installed");
			return;
		}
		MailServer *server = connect_to(fake, "implicit", NULL);
		g_autoptr(GError) error = NULL;
		g_autoptr(GPtrArray) found =
			mail_server_find(server, MAILBOX, "a@b.example", PATIENCE, &error);
		g_assert_no_error(error);
		g_assert_cmpuint(found->len, ==, 1);
		g_assert_cmpstr(((MailItem *)found->pdata[0])->ref->folder, ==, "INBOX");
		/* does it open, and then once a folder */
		g_assert_cmpuint(fake_imap_count(fake, "EXAMINE"), ==, 2 + i);
		server->kind->close(server);
	}
}

/* Its connection is only the first to make room; the bench counts logins. */
static void test_a_mailbox_that_was_left_is_not_closed(void)
{
	static const FakeRule rules[] = {{NULL}};
	g_autoptr(FakeImap) fake = fake_imap_start("cert", FALSE, rules);
	if (!fake) {
		g_test_skip("openssl is not installed");
		return;
	}
	MailServer *server = connect_to(fake, "implicit", json_pack("{s:i}", "connections", 1));
	g_autoptr(GError) error = NULL;
	g_assert_true(call_list(server, PATIENCE, &error));
	mail_server_leave(server, MAILBOX);
	mail_server_leave(server, "nobody@corp.example");
	mail_server_leave(server, "no address");
	g_assert_true(call_list(server, PATIENCE, &error)); /* it is still there */
	g_assert_cmpuint(fake_imap_sessions(fake), ==, 1);
	server->kind->close(server);
}

static void test_a_wrong_message_is_never_delivered(void)
{
	static const FakeRule rules[] = {{"UID FETCH",
	                                  "* 2 FETCH (UID 2 BODY[] {3}\r\nabc)\r\n"
	                                  "* 1 FETCH (UID 1 BODY[] {3}\r\nxyz)\r\n%T OK done\r\n"},
	                                 {NULL}};
	g_autoptr(FakeImap) fake = fake_imap_start("cert", FALSE, rules);
	if (!fake) {
		g_test_skip("openssl is not installed");
		return;
	}
	MailServer *server = connect_to(fake, "implicit", NULL);
	g_autoptr(GError) error = NULL;
	g_assert_false(call_fetch(server, PATIENCE, &error));
	g_assert_cmpuint(delivered, ==, 0);
	g_assert_cmpuint(gone, ==, 0);
	server->kind->close(server);
}

/* Silence at every stage ends at the deadline. */
static void test_silence_ends_at_the_deadline(void)
{
	static const struct {
		const char *command;
		Call call;
		TrawlError code;
	} stages[] = {
		{"", call_list, TRAWL_ERROR_TIMEOUT},
		{"AUTHENTICATE", call_list, TRAWL_ERROR_TIMEOUT},
		{"EXAMINE", call_list, TRAWL_ERROR_TIMEOUT},
		{"UID FETCH", call_fetch, TRAWL_ERROR_TIMEOUT},
		{"SEARCH", call_find, TRAWL_ERROR_TIMEOUT},
		{"SELECT", call_remove, TRAWL_ERROR_TIMEOUT},
		{"UID EXPUNGE", call_remove, TRAWL_ERROR_UNKNOWN_OUTCOME},
		{"APPEND", call_put, TRAWL_ERROR_UNKNOWN_OUTCOME},
	};
	for (guint i = 0; i < G_N_ELEMENTS(stages); i++) {
		FakeRule rules[] = {{stages[i].command, NULL}, {NULL}};
		g_autoptr(FakeImap) fake = fake_imap_start("cert", FALSE, rules);
		if (!fake) {
			g_test_skip("openssl is not installed");
			return;
		}
		MailServer *server = connect_to(fake, "implicit", NULL);
		g_autoptr(GError) error = NULL;
		/* longer where this machine is too busy to come to the stage by then */
		double seconds = 0.25;
		do {
			g_clear_error(&error);
			seconds *= 2;
			g_assert_false(stages[i].call(server, deadline_in(seconds), &error));
			g_test_message("%s: %s", stages[i].command, error->message);
		} while (*stages[i].command && fake_imap_count(fake, stages[i].command) == 0);
		g_assert_error(error, TRAWL_ERROR, (int)stages[i].code);
		server->kind->close(server);
	}
}

static void test_certificates_are_verified_before_anything_is_said(void)
{
	static const struct {
		const char *certificate, *host, *words;
	} refused[] = {
		{"expired", "localhost", "expired"},
		{"wrong-host", "localhost", "does not match"},
		{"self-signed", "localhost", "issuer is unknown"},
		{"cert", "127.0.0.1", "does not match"},
	};
	static const FakeRule rules[] = {{NULL}};
	for (guint i = 0; i < G_N_ELEMENTS(refused); i++)
		for (guint starttls = 0; starttls < 2; starttls++) {
			g_autoptr(FakeImap) fake =
				fake_imap_start(refused[i].certificate, starttls, rules);
			if (!fake) {
				g_test_skip("openssl is not installed");
				return;
			}
			MailServer *server =
				connect_to(fake, starttls ? "starttls" : "implicit",
			                   json_pack("{s:s}", "host", refused[i].host));
			g_autoptr(GError) error = NULL;
			g_assert_false(call_list(server, PATIENCE, &error));
			g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_UNREACHABLE);
			g_test_message("%s", error->message);
			g_assert_nonnull(strstr(error->message, "certificate"));
			g_assert_nonnull(strstr(error->message, refused[i].words));
			g_assert_cmpuint(fake_imap_count(fake, "AUTHENTICATE"), ==, 0);
			g_assert_cmpuint(fake_imap_count(fake, "LOGIN"), ==, 0);
			server->kind->close(server);
		}
}

static void test_starttls_cannot_be_fooled(void)
{
	static const struct {
		const char *words;
		FakeRule rules[2];
	} tricks[] = {
		{"before TLS",
	         {{"STARTTLS", "%T OK done\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"}}},
		{"before TLS", {{"STARTTLS", "%T OK done\r\n2 OK done\r\n"}}},
		{"not offer STARTTLS", {{"", "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] x\r\n"}}},
		{"PREAUTH", {{"", "* PREAUTH [CAPABILITY IMAP4rev1] x\r\n"}}},
		{"not now", {{"STARTTLS", "%T NO not now\r\n"}}},
	};
	for (guint i = 0; i < G_N_ELEMENTS(tricks); i++) {
		g_autoptr(FakeImap) fake = fake_imap_start("cert", TRUE, tricks[i].rules);
		if (!fake) {
			g_test_skip("openssl is not installed");
			return;
		}
		MailServer *server = connect_to(fake, "starttls", NULL);
		g_autoptr(GError) error = NULL;
		g_assert_false(call_list(server, PATIENCE, &error));
		g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE);
		g_assert_nonnull(strstr(error->message, tricks[i].words));
		g_assert_cmpuint(fake_imap_count(fake, "AUTHENTICATE"), ==, 0);
		server->kind->close(server);
	}
}

static void test_starttls_works_and_plain_text_never_does(void)
{
	static const FakeRule rules[] = {{NULL}};
	g_autoptr(FakeImap) good = fake_imap_start("cert", TRUE, rules);
	g_autoptr(FakeImap) plain = fake_imap_start(NULL, FALSE, rules);
	if (!good || !plain) {
		g_test_skip("openssl is not installed");
		return;
	}
	MailServer *server = connect_to(good, "starttls", NULL);
	g_autoptr(GError) error = NULL;
	g_assert_true(call_folders(server, PATIENCE, &error));
	server->kind->close(server);
	server = connect_to(plain, "implicit", NULL);
	g_assert_false(call_folders(server, PATIENCE, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_UNREACHABLE);
	server->kind->close(server);
}

/* The server hangs up while a connection lies in the pool: no caller's fault. */
static void test_a_pooled_connection_that_died_is_replaced(void)
{
	static const FakeRule rules[] = {
		{"CHECK-NOTHING", NULL},
		{"LIST", "* LIST () \"/\" INBOX\r\n%T OK done\r\n", NULL, TRUE},
		{"SELECT", "* 3 EXISTS\r\n* OK [UIDVALIDITY 7] v\r\n%T OK [READ-WRITE] s\r\n"},
		{NULL}};
	g_autoptr(FakeImap) fake = fake_imap_start("cert", FALSE, rules);
	if (!fake) {
		g_test_skip("openssl is not installed");
		return;
	}
	MailServer *server = connect_to(fake, "implicit", NULL);
	g_autoptr(GError) error = NULL;
	for (guint i = 0; i < 3; i++) {
		call_folders(server, PATIENCE, &error);
		g_assert_no_error(error);
	}
	g_assert_true(call_remove(server, PATIENCE, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(fake_imap_count(fake, "UID EXPUNGE 1"), ==, 1);
	server->kind->close(server);
}

static void test_one_connection_serves_many_mailboxes_in_turn(void)
{
	static const FakeRule rules[] = {{NULL}};
	g_autoptr(FakeImap) fake = fake_imap_start("cert", FALSE, rules);
	if (!fake) {
		g_test_skip("openssl is not installed");
		return;
	}
	MailServer *server = connect_to(fake, "implicit", json_pack("{s:i}", "connections", 1));
	for (guint i = 0; i < 6; i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *mailbox = g_strdup_printf("user%u@corp.example", i % 3);
		g_autoptr(GPtrArray) folders =
			mail_server_folders(server, mailbox, PATIENCE, &error);
		g_assert_no_error(error);
	}
	g_assert_cmpuint(fake_imap_sessions(fake), ==, 6);
	server->kind->close(server);
}

static void test_the_governor_holds_commands_back(void)
{
	static const FakeRule rules[] = {{NULL}};
	g_autoptr(FakeImap) fake = fake_imap_start("cert", FALSE, rules);
	if (!fake) {
		g_test_skip("openssl is not installed");
		return;
	}
	MailServer *server =
		connect_to(fake, "implicit", json_pack("{s:i}", "commands_per_minute", 1));
	g_autoptr(GError) error = NULL;
	g_assert_false(call_folders(server, deadline_in(5), &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_THROTTLED);
	server->kind->close(server);
}

static void test_a_refused_log_in_says_as_whom(void)
{
	static const FakeRule rules[] = {{"AUTHENTICATE", "%T NO [AUTHENTICATIONFAILED] no\r\n"},
	                                 {NULL}};
	static const struct {
		const char *login, *message;
	} logins[] = {
		{"master", "log in as alice@corp.example*trawl: the mail server refuses: "
	                   "[AUTHENTICATIONFAILED] no"},
		{"authzid", "log in as trawl for alice@corp.example: the mail server refuses: "
	                    "[AUTHENTICATIONFAILED] no"},
	};
	g_autoptr(FakeImap) fake = fake_imap_start("cert", FALSE, rules);
	if (!fake) {
		g_test_skip("openssl is not installed");
		return;
	}
	for (guint i = 0; i < G_N_ELEMENTS(logins); i++) {
		MailServer *server =
			connect_to(fake, "implicit", json_pack("{s:s}", "login", logins[i].login));
		g_autoptr(GError) error = NULL;
		g_assert_false(call_list(server, PATIENCE, &error));
		g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION);
		g_assert_cmpstr(error->message, ==, logins[i].message);
		server->kind->close(server);
	}
}

static void test_nobody_there_is_unreachable(void)
{
	static const FakeRule rules[] = {{NULL}};
	static const char *const hosts[] = {"localhost", "no-such-host.invalid"};
	g_autoptr(FakeImap) fake = fake_imap_start("cert", FALSE, rules);
	if (!fake) {
		g_test_skip("openssl is not installed");
		return;
	}
	for (guint i = 0; i < G_N_ELEMENTS(hosts); i++) {
		MailServer *server = connect_to(
			fake, "implicit", json_pack("{s:s, s:i}", "host", hosts[i], "port", 1));
		g_autoptr(GError) error = NULL;
		g_assert_false(call_list(server, PATIENCE, &error));
		g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_UNREACHABLE);
		server->kind->close(server);
	}
}

static void test_a_changed_uidvalidity_starts_the_list_again(void)
{
	static const FakeRule rules[] = {
		{"UID FETCH", "* 1 FETCH (UID 1 FLAGS () RFC822.SIZE 1 INTERNALDATE \"01-Jan-2026 "
	                      "00:00:00 +0000\")\r\n%T OK done\r\n"},
		{NULL}};
	g_autoptr(FakeImap) fake = fake_imap_start("cert", FALSE, rules);
	if (!fake) {
		g_test_skip("openssl is not installed");
		return;
	}
	MailServer *server = connect_to(fake, "implicit", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(MailListing) listing = mail_server_list_new(
		server, MAILBOX, "INBOX", "{\"uidvalidity\":6,\"uid\":900}", PATIENCE, &error);
	g_assert_no_error(error);
	g_assert_true(listing->restarted);
	g_assert_cmpuint(listing->items->len, ==, 1);
	g_assert_cmpstr(((MailItem *)listing->items->pdata[0])->ref->epoch, ==, "7");
	g_autoptr(MailListing) next =
		mail_server_list_new(server, MAILBOX, "INBOX", listing->cursor, PATIENCE, &error);
	g_assert_no_error(error);
	g_assert_false(next->restarted);
	g_assert_cmpuint(next->items->len, ==, 0);
	server->kind->close(server);
}

/* Numbers that never hold still are no list, and asking for it ends. */
static void test_a_uidvalidity_that_changes_with_every_look_ends_the_list(void)
{
#define NUMBERED(n)                                                                                \
	"* 3 EXISTS\r\n* OK [UIDVALIDITY " n "] v\r\n* OK [UIDNEXT 4] n\r\n%T OK [READ-ONLY] "     \
	"e\r\n"
	static const FakeRule rules[] = {{"EXAMINE", NUMBERED("9"), NULL, FALSE, 2},
	                                 {"EXAMINE", NUMBERED("8"), NULL, FALSE, 1},
	                                 {"EXAMINE", NUMBERED("7")},
	                                 {NULL}};
	g_autoptr(FakeImap) fake = fake_imap_start("cert", FALSE, rules);
	if (!fake) {
		g_test_skip("openssl is not installed");
		return;
	}
	MailServer *server = connect_to(fake, "implicit", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(MailListing) listing = mail_server_list_new(
		server, MAILBOX, "INBOX", "{\"uidvalidity\":6,\"uid\":900}", PATIENCE, &error);
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_BUSY);
	g_assert_null(listing);
	g_assert_cmpuint(fake_imap_count(fake, "EXAMINE"), ==, 2);
	server->kind->close(server);
}

/* A message of the first second of 1970 is one like any other. */
static void test_a_received_date_of_zero_is_a_date(void)
{
#define IN_1970 "FLAGS () RFC822.SIZE 14 INTERNALDATE \"01-Jan-1970 00:00:00 +0000\""
	static const FakeRule rules[] = {
		{"SEARCH", "* SEARCH 1\r\n%T OK done\r\n"},
		{"HEADER.FIELDS", "* 1 FETCH (UID 1 " IN_1970 " BODY[HEADER.FIELDS (MESSAGE-ID)] "
	                          "{29}\r\nMessage-ID: <a@b.example>\r\n\r\n)\r\n%T OK done\r\n"},
		{"UID FETCH", "* 1 FETCH (UID 1 " IN_1970 ")\r\n%T OK done\r\n"},
		{NULL}};
	g_autoptr(FakeImap) fake = fake_imap_start("cert", FALSE, rules);
	if (!fake) {
		g_test_skip("openssl is not installed");
		return;
	}
	MailServer *server = connect_to(fake, "implicit", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(MailListing) listing =
		mail_server_list_new(server, MAILBOX, "INBOX", NULL, PATIENCE, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(listing->items->len, ==, 1);
	g_autoptr(GPtrArray) found =
		mail_server_find(server, MAILBOX, "a@b.example", PATIENCE, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(found->len, ==, 1);
	/* and goes back as what it was */
	g_autoptr(GBytes) message = g_bytes_new_static("Subject: x\r\n\r\n", 14);
	g_autoptr(MailRef) ref =
		mail_server_put(server, MAILBOX, "INBOX", message, NULL,
	                        ((MailItem *)found->pdata[0])->received_at, deadline_in(1), NULL);
	g_assert_cmpuint(fake_imap_count(fake, "01-Jan-1970 00:00:00 +0000"), ==, 1);
	server->kind->close(server);
}

/* What was listed and not described would be passed by the cursor, and never be seen again. */
static void test_a_message_that_is_not_described_is_not_passed_over(void)
{
	static const struct {
		const char *answer;
		gboolean good;
	} answers[] = {
		{"* 1 FETCH (UID 1 FLAGS ())\r\n", FALSE},
		{"* 1 FETCH (UID 1 FLAGS () RFC822.SIZE 14)\r\n", FALSE},
		{"* 1 FETCH (UID 1 FLAGS ())\r\n* 1 FETCH (UID 1 FLAGS () RFC822.SIZE 14 "
	         "INTERNALDATE \"01-Jan-2026 00:00:00 +0000\")\r\n",
	         TRUE},
		{"* 9 FETCH (UID 4 FLAGS ())\r\n", TRUE}, /* it came after the folder was opened */
	};
	for (guint i = 0; i < G_N_ELEMENTS(answers); i++) {
		g_autofree char *answer = g_strconcat(answers[i].answer, "%T OK done\r\n", NULL);
		const FakeRule rules[] = {{"UID FETCH", answer}, {NULL}};
		g_autoptr(FakeImap) fake = fake_imap_start("cert", FALSE, rules);
		if (!fake) {
			g_test_skip("openssl is not installed");
			return;
		}
		MailServer *server = connect_to(fake, "implicit", NULL);
		g_autoptr(GError) error = NULL;
		g_assert_cmpint(call_list(server, PATIENCE, &error), ==, answers[i].good);
		if (!answers[i].good)
			g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE);
		server->kind->close(server);
	}
}

/* An answer that nobody read would be taken for one to the next caller's command. */
static void test_a_connection_with_an_answer_left_on_it_is_not_used_again(void)
{
	static const struct {
		Call call;
		FakeRule rules[4];
	} troubles[] = {
		{call_find, /* the second search's */
	         {{"LIST", "* LIST () \"/\" INBOX\r\n* LIST () \"/\" Other\r\n%T OK done\r\n"},
	          {"SEARCH", "* SEARCH\r\n%T OK done\r\n", NULL, FALSE, 1},
	          {"SEARCH", "%T NO disk error\r\n"}}},
		{call_folders, /* the list's */
	         {{"AUTHENTICATE", "%T OK [CAPABILITY IMAP4rev1 UIDPLUS NAMESPACE] in\r\n"},
	          {"NAMESPACE", "%T NO not now\r\n"}}},
		{call_fetch_many, /* the second batch's */
	         {{"UID FETCH", "%T OK done\r\n", NULL, FALSE, 1},
	          {"UID FETCH", "%T NO one of them cannot be read\r\n"}}},
	};
	for (guint i = 0; i < G_N_ELEMENTS(troubles); i++) {
		FakeRule rules[G_N_ELEMENTS(troubles[i].rules) + 1] = {{0}};
		memcpy(rules, troubles[i].rules, sizeof troubles[i].rules);
		g_autoptr(FakeImap) fake = fake_imap_start("cert", FALSE, rules);
		if (!fake) {
			g_test_skip("openssl is not installed");
			return;
		}
		MailServer *server = connect_to(fake, "implicit", NULL);
		g_autoptr(GError) error = NULL;
		g_assert_false(troubles[i].call(server, PATIENCE, &error));
		g_test_message("%s", error->message);
		g_clear_error(&error);
		call_remove(server, PATIENCE, &error);
		g_assert_no_error(error);
		server->kind->close(server);
	}
}

/* UIDs are far apart, so new messages are looked for by number, while others' flags change. */
static void test_news_of_others_do_not_hide_a_new_message(void)
{
#define ITEM(n, uid)                                                                               \
	"* " n " FETCH (UID " uid " FLAGS () RFC822.SIZE 14 INTERNALDATE "                         \
	"\"01-Jan-2026 00:00:00 +0000\")\r\n"
	static const FakeRule rules[] = {
		{"EXAMINE", "* 3 EXISTS\r\n* OK [UIDVALIDITY 7] v\r\n* OK [UIDNEXT 90002] n\r\n"
	                    "%T OK [READ-ONLY] e\r\n"},
		{"FETCH 2 (UID)", "* 2 FETCH (UID 90000)\r\n* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n"
	                          "%T OK done\r\n"},
		{"FETCH 3 (UID)", "* 3 FETCH (UID 90001)\r\n%T OK done\r\n"},
		{"FETCH 1 (UID)", "* 1 FETCH (UID 1)\r\n%T OK done\r\n"},
		{"FETCH 2:3 (", ITEM("2", "90000") ITEM("3", "90001") "%T OK done\r\n"},
		{"FETCH 3:3 (", ITEM("3", "90001") "%T OK done\r\n"},
		{NULL}};
	g_autoptr(FakeImap) fake = fake_imap_start("cert", FALSE, rules);
	if (!fake) {
		g_test_skip("openssl is not installed");
		return;
	}
	MailServer *server = connect_to(fake, "implicit", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(MailListing) listing = mail_server_list_new(
		server, MAILBOX, "INBOX", "{\"uidvalidity\":7,\"uid\":1}", PATIENCE, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(listing->items->len, ==, 2);
	server->kind->close(server);
}

/* INBOX has one name, however the server writes it, and is searched once. */
static void test_an_inbox_in_other_letters_is_the_inbox(void)
{
	static const FakeRule rules[] = {{"LIST",
	                                  "* LIST () \"/\" Archive\r\n* LIST () \"/\" Inbox\r\n"
	                                  "* LIST () \"/\" Archive\r\n%T OK done\r\n"},
	                                 {"SEARCH", "* SEARCH\r\n%T OK done\r\n", NULL, FALSE, 2},
	                                 {"SEARCH", "* SEARCH 1\r\n%T OK done\r\n"},
	                                 {"HEADER.FIELDS", HEADER_OF_14 "%T OK done\r\n"},
	                                 {NULL}};
	g_autoptr(FakeImap) fake = fake_imap_start("cert", FALSE, rules);
	if (!fake) {
		g_test_skip("openssl is not installed");
		return;
	}
	MailServer *server = connect_to(fake, "implicit", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) folders = mail_server_folders(server, MAILBOX, PATIENCE, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(folders->len, ==, 2);
	g_assert_cmpstr(folders->pdata[0], ==, "INBOX");
	g_assert_cmpstr(folders->pdata[1], ==, "Archive");
	g_autoptr(GPtrArray) found =
		mail_server_find(server, MAILBOX, "a@b.example", PATIENCE, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(found->len, ==, 2); /* one in each */
	server->kind->close(server);
}

/* Of a folder whose name is not what names should be nothing may be said without a look. */
static void test_a_folder_with_a_strange_name_is_searched(void)
{
	static const char *const names[] = {"\"f\xf6\xf6\"", "\"a\\\\b\"", "\"caf\xc3\xa9\"",
	                                    "\"R&D\"", "\"b\\\"c\""};
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *list =
			g_strdup_printf("* LIST () \"/\" INBOX\r\n* LIST () \"/\" %s\r\n"
		                        "%%T OK done\r\n",
		                        names[i]);
		g_autofree char *examine = g_strconcat("EXAMINE ", names[i], NULL);
		const FakeRule rules[] = {
			{"LIST", list}, {"SEARCH", "* SEARCH\r\n%T OK done\r\n"}, {NULL}};
		g_autoptr(FakeImap) fake = fake_imap_start("cert", FALSE, rules);
		if (!fake) {
			g_test_skip("openssl is not installed");
			return;
		}
		MailServer *server = connect_to(fake, "implicit", NULL);
		g_autoptr(GError) error = NULL;
		g_test_message("%s", examine);
		g_assert_true(call_find(server, PATIENCE, &error));
		g_assert_no_error(error);
		g_assert_cmpuint(fake_imap_count(fake, examine), ==, 1);
		server->kind->close(server);
	}
}

static void test_configurations_are_checked(void)
{
	static const struct {
		const char *config, *secret, *words; /* words NULL: valid */
	} configs[] = {
		{"{\"host\":\"h\",\"master_user\":\"m\"}", "{\"password\":\"p\"}", NULL},
		{"{\"host\":\"h\",\"login\":\"user\"}", "{\"password\":\"p\"}", NULL},
		{"{\"host\":\"h\",\"master_user\":\"m\",\"port\":null}", "{\"password\":\"p\"}",
	         NULL},
		{"{\"master_user\":\"m\"}", "{\"password\":\"p\"}", "\"host\""},
		{"{\"host\":\"h\"}", "{\"password\":\"p\"}", "\"master_user\""},
		{"{\"host\":\"h\",\"master_user\":\"m\"}", "{}", "\"password\""},
		{"{\"host\":\"h\",\"master_user\":\"m\",\"tls\":\"none\"}", "{\"password\":\"p\"}",
	         "implicit or starttls"},
		{"{\"host\":\"h\",\"master_user\":\"m\",\"port\":0}", "{\"password\":\"p\"}",
	         "\"port\""},
		{"{\"host\":\"h\",\"master_user\":\"m\",\"port\":\"993\"}", "{\"password\":\"p\"}",
	         "\"port\""},
		{"{\"host\":\"h\",\"master_user\":\"m\",\"pasword\":1}", "{\"password\":\"p\"}",
	         "\"pasword\""},
		{"{\"host\":\"h\",\"master_user\":\"m\",\"domains\":\"x\"}", "{\"password\":\"p\"}",
	         "\"domains\""},
		{"{\"host\":\"h\",\"master_user\":\"m\",\"quarantine_mailbox\":\"x\"}",
	         "{\"password\":\"p\"}", "\"quarantine_mailbox\""},
		{"[]", "{}", "JSON object"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(configs); i++) {
		g_autoptr(json_t) config = json_parse(configs[i].config, -1, NULL);
		g_autoptr(json_t) secret = json_parse(configs[i].secret, -1, NULL);
		g_autoptr(GError) error = NULL;
		gboolean valid = imap_server_kind.validate(config, secret, &error);
		g_assert_cmpint(valid, ==, configs[i].words == NULL);
		if (configs[i].words) {
			g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID);
			g_assert_nonnull(strstr(error->message, configs[i].words));
		}
	}
}

static void test_a_ca_file_that_is_none_is_invalid(void)
{
	g_autoptr(json_t) config = json_parse(
		"{\"host\":\"h\",\"master_user\":\"m\",\"ca_file\":\"/dev/null\"}", -1, NULL);
	g_autoptr(json_t) secret = json_parse("{\"password\":\"p\"}", -1, NULL);
	g_autoptr(GError) error = NULL;
	g_assert_null(imap_server_kind.open(config, secret, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID);
	g_assert_nonnull(strstr(error->message, "\"ca_file\""));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strdup_printf("/imap/server sends/%s", cases[i].name);
		g_test_add_data_func(path, &cases[i], test_case);
	}
	g_test_add_func("/imap/a wrong message is never delivered",
	                test_a_wrong_message_is_never_delivered);
	g_test_add_func("/imap/a search brings only whole messages along",
	                test_a_search_brings_only_whole_messages_along);
	g_test_add_func("/imap/an INBOX that is not listed is searched",
	                test_an_inbox_that_is_not_listed_is_searched);
	g_test_add_func("/imap/a removal uses the selection of the look before",
	                test_a_removal_uses_the_selection_of_the_look_before);
	g_test_add_func("/imap/a mailbox that was left is not closed",
	                test_a_mailbox_that_was_left_is_not_closed);
	g_test_add_func("/imap/silence ends at the deadline", test_silence_ends_at_the_deadline);
	g_test_add_func("/imap/certificates are verified before anything is said",
	                test_certificates_are_verified_before_anything_is_said);
	g_test_add_func("/imap/STARTTLS cannot be fooled", test_starttls_cannot_be_fooled);
	g_test_add_func("/imap/STARTTLS works and plain text never does",
	                test_starttls_works_and_plain_text_never_does);
	g_test_add_func("/imap/a pooled connection that died is replaced",
	                test_a_pooled_connection_that_died_is_replaced);
	g_test_add_func("/imap/one connection serves many mailboxes in turn",
	                test_one_connection_serves_many_mailboxes_in_turn);
	g_test_add_func("/imap/the governor holds commands back",
	                test_the_governor_holds_commands_back);
	g_test_add_func("/imap/a refused log-in says as whom", test_a_refused_log_in_says_as_whom);
	g_test_add_func("/imap/nobody there is unreachable", test_nobody_there_is_unreachable);
	g_test_add_func("/imap/a changed UIDVALIDITY starts the list again",
	                test_a_changed_uidvalidity_starts_the_list_again);
	g_test_add_func("/imap/a UIDVALIDITY that changes with every look ends the list",
	                test_a_uidvalidity_that_changes_with_every_look_ends_the_list);
	g_test_add_func("/imap/a received date of zero is a date",
	                test_a_received_date_of_zero_is_a_date);
	g_test_add_func("/imap/a message that is not described is not passed over",
	                test_a_message_that_is_not_described_is_not_passed_over);
	g_test_add_func("/imap/a connection with an answer left on it is not used again",
	                test_a_connection_with_an_answer_left_on_it_is_not_used_again);
	g_test_add_func("/imap/news of others do not hide a new message",
	                test_news_of_others_do_not_hide_a_new_message);
	g_test_add_func("/imap/an INBOX in other letters is the INBOX",
	                test_an_inbox_in_other_letters_is_the_inbox);
	g_test_add_func("/imap/a folder with a strange name is searched",
	                test_a_folder_with_a_strange_name_is_searched);
	g_test_add_func("/imap/configurations are checked", test_configurations_are_checked);
	g_test_add_func("/imap/a CA file that is none is invalid",
	                test_a_ca_file_that_is_none_is_invalid);
	return g_test_run();
}
