#pragma once
#include "api/field.h"
#include "api/request.h"
#include "store/sight.h"

/* The one table of what can be asked. */

#define SCOPE_NOBODY  0u  /* no key is needed         */
#define SCOPE_ANYBODY ~0u /* any valid key will do    */

/** Runs a request. @db is the connection of its transaction, NULL for ROUTE_ALONE. FALSE with
 * @error rolls back; otherwise @answer is filled. May run more than once. */
typedef gboolean (*RouteHandler)(Request *request, Db *db, Answer *answer, GError **error);

typedef enum {
	ROUTE_READ,  /* inside db_read()                                                 */
	ROUTE_WRITE, /* inside db_write(), with the idempotency key; rings the bell after */
	ROUTE_ALONE  /* makes its own transactions                                       */
} RouteMode;

/* What of it is there for who does not see everything (store/sight.h). */
enum {
	SIGHT_OWN,   /* all: it is public, or about the one who asks                  */
	SIGHT_WHOLE, /* nothing: it is about the whole installation                   */
	SIGHT_SOME,  /* the handler asks for what is seen                             */
	SIGHT_ONE    /* + a SeenKind: "{id}" is one, checked before the handler runs  */
};

struct Route {
	const char *method, *pattern; /* "GET", "/v1/incidents/{id}" */
	guint scopes;                 /* one of these bits is needed */
	guint sight;
	RouteMode mode;
	RouteHandler run;
	const char *operation_id;
	const Field *query, *body;
	const char *produces; /* NULL: application/json */
};

extern const Route routes[]; /* ends with a row without a method */

/**
 * The route of a path (as sent, still percent-encoded) for a method; HEAD finds GET's.
 *
 * @id       (out) the number in the path, or 0
 * @allowed  (out) (transfer full) the methods this path has, as an Allow header; NULL when there is
 *           no such path
 */
const Route *route_find(const char *method, const char *path, gint64 *id, char **allowed);
