#pragma once
#include "api/answer.h"
#include "api/api.h"
#include "auth/caller.h"

/* One request on its way through: what the wire said, then what it means, then who asks.
 *
 * Nothing here knows the HTTP library: request_begin() judges what is known when the headers are
 * there, request_run() does the rest when the body is. */

typedef struct Route Route;

/* The prefix makes browsers hold it to this host and to encrypted connections (RFC 6265bis §4.1.3).
 */
#define SESSION_COOKIE "__Host-trawl"

/* What all requests of a process share. */
typedef struct ApiContext ApiContext;

typedef struct {
	ApiContext *context;
	/* the wire's */
	const char *method;
	char *target;        /* as sent */
	char *address;       /* of the peer, for limits and the log */
	GHashTable *headers; /* name in lower case -> value */
	GByteArray *body_bytes;
	/* ours */
	const Route *route;   /* NULL: a page, or already answered */
	char *path;           /* without the query, as sent */
	char *query_text;     /* or NULL */
	gint64 id;            /* of "{id}", or 0 */
	json_t *query, *body; /* typed and checked; body is {} when none was sent */
	Caller *caller;       /* NULL: nobody, on a public route */
	guint scopes;         /* the caller's */
	const char *lacking;  /* the permission for want of which it is denied, or NULL */
	const Sight *sight;   /* the caller's; of nobody: nothing */
	json_t *gone;         /* of a feed: what page_find_gone() found, or NULL */
	gint64 gone_until;    /* the newest revision of that */
	char *secret;         /* what it proved itself by: never stored, never logged */
	const char *actor;    /* the caller's: "key:NAME", "user:NAME" */
	gint64 started;       /* monotonic */
} Request;

Request *request_new(ApiContext *context, const char *method, const char *target);
void request_free(Request *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Request, request_free)

/** Adds a header as it arrived. FALSE: it may be there only once and is there already. */
gboolean request_add_header(Request *request, const char *name, const char *value);
/** Its value, or NULL. Borrowed. @name in lower case */
const char *request_header(const Request *request, const char *name);
/** The value of a cookie, newly allocated, or NULL. */
char *request_cookie(const Request *request, const char *name);

/**
 * Judges target, framing, Host, route, and media types. FALSE: @answer holds the refusal (or the
 * whole answer), and no body is wanted.
 */
gboolean request_begin(Request *request, Answer *answer);

/** Authenticates, checks query and body, runs the route's handler. Always fills @answer. */
void request_run(Request *request, Answer *answer);

/* What handlers use. */

/** The integer, boolean or text of the query. */
gint64 query_int(const Request *request, const char *name, gint64 fallback);
gboolean query_bool(const Request *request, const char *name, gboolean fallback);
const char *query_text(const Request *request, const char *name);
/** Of FIELD_TIME; wall-clock microseconds, 0 when the parameter is absent. */
gint64 query_time(const Request *request, const char *name);
/** The value of a name in its table, or -1 when the parameter is absent. */
int query_name(const Request *request, const char *name, const char *const *names);

/** The query's or body's address in compare form, or NULL. */
char *query_address(const Request *request, const char *name);
char *sent_address(const Request *request, const char *name);
/** TRUE when the body has this member, null or not. */
gboolean sent_has(const Request *request, const char *name);
const char *sent_text(const Request *request, const char *name);
/** Replaces an owned text by the body's when it has the member; null clears it. */
void sent_take_text(const Request *request, const char *name, char **text);
/** The body's array of domains in compare form, never NULL. */
char **sent_domains(const Request *request, const char *name);
/** The same of trusted hosts, in the form of field_host(). */
char **sent_hosts(const Request *request, const char *name);
/** The same of relays (FIELD_RELAYS). */
char **sent_relays(const Request *request, const char *name);

/** FALSE with TRAWL_ERROR_DENIED, with a sentence, when the caller does not have the permission of
 * @scope, one bit; the answer names it. */
gboolean request_needs(Request *request, guint scope, GError **error, const char *format, ...)
	G_GNUC_PRINTF(4, 5);
/** FALSE with TRAWL_ERROR_PRECONDITION when If-Match names other revisions than this one. */
gboolean request_if_match(const Request *request, gint64 revision, GError **error);
/** TRUE when a list of entity tags (RFC 9110 §13.1) holds this one, or "*". Weak ones count: ours
 * are all strong. */
gboolean request_tags_hold(const char *tags, const char *tag);
/** TRUE when a browser says that another site made it ask (Fetch Metadata). */
gboolean request_is_from_elsewhere(const Request *request);
/** GET or HEAD. */
gboolean request_is_read(const Request *request);
