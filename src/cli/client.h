#pragma once
#include "base/json.h"
#include "net/http.h"
#include "net/sse.h"

/* The REST API of a running Trawl, as the command line uses it: which daemon, which key, problems
 * turned back into the errors they came from. */

typedef struct {
	const char *url;      /* NULL: $TRAWL_URL, or what the data directory says, or loopback */
	const char *key_file; /* NULL: $TRAWL_API_KEY, ~/.config/trawl/key, DIR/admin.key */
	const char *data_dir; /* NULL: $TRAWL_DATA, /var/lib/trawl */
	const char *ca_file;  /* PEM; NULL: $TRAWL_CA_FILE, the system's authorities */
	const gint *stop;     /* as in HttpOptions */
} ClientOptions;

/* Where a daemon keeps its data unless it is told otherwise. */
#define DEFAULT_DATA_DIR "/var/lib/trawl"

typedef struct Client Client;

/** Finds address and key; does not connect. TRAWL_ERROR_AUTHENTICATION when no key is found,
 * _INVALID for a URL that is none. */
Client *client_new(const ClientOptions *options, GError **error);
void client_free(Client *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Client, client_free)

/** TRUE when the key goes over the network unencrypted. */
gboolean client_is_exposed(const Client *client);

/** Where it speaks to. Borrowed. */
const char *client_url(const Client *client);

/** GETs a path ("/v1/incidents?limit=5"). (transfer full) */
json_t *client_get(Client *client, const char *path, GError **error);
/** The same, and the ETag to give to client_change(); newly allocated, NULL when it has none. */
json_t *client_get_tagged(Client *client, const char *path, char **etag, GError **error);

/**
 * Changes something. POST carries an idempotency key, and is repeated with it when the answer was
 * lost.
 *
 * @body  or NULL
 * @etag  of the revision that was read, or NULL
 * @return  (transfer full) the answer's document, an empty object when it has none
 */
json_t *client_change(Client *client, const char *method, const char *path, const json_t *body,
                      const char *etag, GError **error);

/** Hands a body out in pieces; a status other than 200 is an error. */
gboolean client_download(Client *client, const char *path, HttpPiece piece, gpointer data,
                         GError **error);

/**
 * Follows an event stream, coming back after a broken connection from the last event seen, until
 * the callback returns FALSE (TRUE comes back) or the client is stopped (TRAWL_ERROR_CANCELLED).
 */
gboolean client_follow(Client *client, const char *path, SseTaken taken, gpointer data,
                       GError **error);

/** Adds "name=value", escaped, to a path; nothing when @value is NULL. */
void client_query(GString *path, const char *name, const char *value);
/** A segment of a path, escaped; newly allocated. */
char *client_segment(const char *text);
