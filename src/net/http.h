#pragma once
#include <glib.h>

/* Outgoing HTTP over libcurl: one call, one deadline, one answer. Only http and https are spoken,
 * certificates are always verified, no redirect is followed and no cookie is kept. */

/* Connections that are kept between calls. Used by one thread at a time. */
typedef struct HttpClient HttpClient;

typedef struct {
	const char *ca_file; /* PEM of the authorities that are trusted; NULL: the system's */
	const gint *stop;    /* when it becomes non-zero (atomically; a signal handler may do it), a
	                        call under way ends with TRAWL_ERROR_CANCELLED; or NULL */
} HttpOptions;

/** @options  or NULL; its members must outlive the client. */
HttpClient *http_client_new(const HttpOptions *options);
void http_client_free(HttpClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpClient, http_client_free)

typedef struct {
	const char *method; /* NULL: "GET" */
	const char *url;
	const char *const *headers; /* "Name: value", NULL-terminated; or NULL */
	GBytes *body;               /* or NULL */
	gsize at_most;              /* bytes of answer that are taken, else TRAWL_ERROR_LIMIT; 0:
	                               LIMIT_HTTP_ANSWER. A stream has no such limit. */
} HttpRequest;

typedef struct {
	int status;          /* RFC 9110 §15 */
	GHashTable *headers; /* lower-case name -> value; of a repeated one the last */
	GBytes *body;        /* empty after http_stream() */
} HttpAnswer;
void http_answer_free(HttpAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpAnswer, http_answer_free)

/** TRUE when @host is this machine itself: "localhost", or a loopback address (an address, not a
 * name that begins like one). */
gboolean http_is_loopback(const char *host);

/** The value of a header by its lower-case name, or NULL. Borrowed. */
const char *http_answer_header(const HttpAnswer *answer, const char *name);

/**
 * Makes a request and takes the whole answer. Any status is an answer, not an error.
 *
 * @deadline  monotonic microseconds
 * @return    (transfer full) TRAWL_ERROR_INVALID for a bad URL; _UNREACHABLE, _TIMEOUT, _REMOTE
 * (TLS or HTTP not as it should be), _LIMIT, _CANCELLED; _UNKNOWN_OUTCOME when a request other than
 * GET or HEAD was sent and no answer came
 */
HttpAnswer *http_call(HttpClient *client, const HttpRequest *request, gint64 deadline,
                      GError **error);

/** A piece of the answer as it arrives; @answer has status and headers. FALSE ends the stream,
 * which is no error. */
typedef gboolean (*HttpPiece)(const HttpAnswer *answer, const char *octets, gsize length,
                              gpointer data);

/**
 * Like http_call(), but hands the body out in pieces; for downloads and event streams.
 *
 * @silence  seconds without a single octet after which the peer counts as gone
 * (TRAWL_ERROR_TIMEOUT); 0: never
 */
HttpAnswer *http_stream(HttpClient *client, const HttpRequest *request, HttpPiece piece,
                        gpointer data, double silence, gint64 deadline, GError **error);
