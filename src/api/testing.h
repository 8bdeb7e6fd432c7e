#pragma once
#include "api/api.h"
#include "auth/api_key_auth.h"
#include "base/json.h"

/* What the API's tests stand on: a real API over a real SQLite store in a directory of its own,
 * keys for every scope, and a client that sends exactly the octets it is told to. */

#define API_RIG_EXPIRED 10

typedef struct {
	char *directory;
	DbPool *db;
	RawStore *raw;
	Api *api;
	ReaderPool *readers;
	json_t *limits;
	/* texts of keys with one scope each, by bit number, and at last of one that expired */
	char *keys[API_RIG_EXPIRED + 1];
	/* an incident with what belongs to it */
	gint64 server_id, source_id, report_id, original_id, incident_id, alert_id;
} ApiRig;

ApiRig *api_rig_new(void);
/** With limits on messages, written as for `trawl serve --limits`. */
ApiRig *api_rig_new_limited(const char *limits);
void api_rig_free(ApiRig *rig);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ApiRig, api_rig_free)

/** The bytes of every report and original. */
#define API_RIG_MESSAGE                                                                            \
	"From: a@outside.example\r\nSubject: Prize\r\nMIME-Version: 1.0\r\n"                       \
	"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nClick\r\n--x\r\n"             \
	"Content-Type: application/octet-stream; name=\"../Rechnung M\303\244rz.exe\"\r\n\r\n"     \
	"MZ\r\n--x\r\n"                                                                            \
	"Content-Type: message/rfc822\r\n\r\nSubject: Inner\r\n"                                   \
	"Content-Type: application/octet-stream; name=deep.bin\r\n\r\nDEEP\r\n--x--\r\n"

/** Runs @work in a transaction; any error ends the test. */
void api_rig_write(ApiRig *rig, DbWork work, gpointer data);

/** Raises another incident with one alert, all of it about @message_id. */
gint64 api_rig_raise(ApiRig *rig, const char *message_id, const char *recipient);

typedef struct {
	int status;
	char *head; /* status line and header fields */
	GBytes *body;
	json_t *json; /* or NULL */
} Reply;
void reply_free(Reply *reply);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Reply, reply_free)
/** A header's value, newly allocated; NULL when it is not there. */
char *reply_header(const Reply *reply, const char *name);

/** Connects; a file descriptor. */
int api_rig_connect(const ApiRig *rig);
/** Sends octets and reads the answer until the server closes. */
Reply *api_rig_send(const ApiRig *rig, const void *octets, gsize length);
/**
 * Makes one request.
 *
 * @scope    whose key is sent; 0: none
 * @body     JSON text, or NULL
 * @headers  further header lines, each with its CRLF; or NULL
 */
Reply *api_rig_call(const ApiRig *rig, guint scope, const char *method, const char *target,
                    const char *body, const char *headers);

/* People. */
#define API_RIG_PASSPHRASE "three quiet herons"

/** A rig with the administrator "ann", whose passphrase is that. */
ApiRig *api_rig_with_ann(void);
/** Logs in. @code NULL: none is sent */
Reply *api_rig_log_in(const ApiRig *rig, const char *name, const char *password, const char *code);
/** The lines with the cookie, and the token for changes, of who logged in by @reply; newly
 * allocated. */
char *reply_session(const Reply *reply);
/** Both in one: header lines of a new session with the usual passphrase. */
char *api_rig_session(const ApiRig *rig, const char *name);
