#pragma once
#include "store/sight.h"

typedef struct {
	gint64 id;
	char *name, *prefix, *hash;
	char **scopes;
	char *created_by;
	gint64 created_at, expires_at, last_used_at, revoked_at; /* 0: never */
	gint64 revision;
	gboolean
		sees_everything; /* or what its teams see; of one with an owner, the owner counts */
	gint64 sight_revision;   /* of the change that last made it more or less */
	gint64 owner_id;         /* whose it is; 0: nobody's */
	char *owner;             /* the user's name; read with the key, not written */
} ApiKey;
void api_key_free(ApiKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ApiKey, api_key_free)

gboolean api_key_insert(Db *db, ApiKey *key, GError **error);
/** By its public prefix; NULL without an error when there is none. */
ApiKey *api_key_find(Db *db, const char *prefix, GError **error);
GPtrArray *api_key_list(Db *db, GError **error);
gboolean api_key_revoke(Db *db, gint64 id, gint64 at, gint64 revision, GError **error);
gboolean api_key_touch(Db *db, gint64 id, gint64 at, GError **error);

/* An answer kept for a repeated request (idempotency keys). */
typedef struct {
	char *request; /* SHA-256 of method, path and body */
	int status;
	char *headers, *body;
	char *location; /* of what it tells of, or NULL */
} StoredAnswer;
void stored_answer_free(StoredAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StoredAnswer, stored_answer_free)
StoredAnswer *stored_answer_find(Db *db, gint64 api_key_id, const char *key, GError **error);
gboolean stored_answer_insert(Db *db, gint64 api_key_id, const char *key,
                              const StoredAnswer *answer, gint64 at, GError **error);
/** Gives the answers that tell of @location another body: what was said there has changed, and must
 * not stay in them. */
gboolean stored_answer_replace(Db *db, const char *location, const char *body, GError **error);
