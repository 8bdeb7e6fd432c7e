#pragma once
#include "db/db.h"

/* Identity providers, whom they know, and log-ins that wait for them. */

typedef struct {
	gint64 id;
	char *name, *kind;
	gboolean enabled, only_way;
	char *config;       /* JSON */
	GBytes *secret;     /* sealed; NULL: none, or, to an update, as it was */
	char *secret_names; /* JSON array */
	char *metadata;     /* JSON: what it says of itself; written by the worker */
	char *state;        /* JSON: how the last try went; written by the worker */
	gint64 created_at, revision;
} IdentityProvider;
void identity_provider_free(IdentityProvider *provider);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IdentityProvider, identity_provider_free)

typedef struct {
	gint64 id, user_id, provider_id;
	char *issuer, *subject;
	gint64 created_at, last_login_at; /* 0: never */
	char *user, *provider;            /* their names; read with the row, not written */
} UserIdentity;
void user_identity_free(UserIdentity *identity);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UserIdentity, user_identity_free)

typedef struct {
	gint64 id, provider_id;
	char *token_hash;
	GBytes *sealed; /* or NULL: taken */
	char *result;   /* JSON, or NULL: not yet */
	gint64 created_at;
} SignOn;
void sign_on_free(SignOn *sign_on);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SignOn, sign_on_free)

/** Sets its id. TRAWL_ERROR_CONFLICT when the name is taken. */
gboolean identity_provider_insert(Db *db, IdentityProvider *provider, GError **error);
/** Writes what an administrator changes, with a new revision, and forgets metadata and state: they
 * are of the configuration before. TRAWL_ERROR_PRECONDITION when the row's revision is not
 * @expected; 0: whatever it is. */
gboolean identity_provider_update(Db *db, const IdentityProvider *provider, gint64 expected,
                                  GError **error);
/** Takes it away, with its secret and with whom it knows. */
gboolean identity_provider_delete(Db *db, gint64 id, gint64 at, gint64 revision, GError **error);
IdentityProvider *identity_provider_load(Db *db, gint64 id, GError **error);
GPtrArray *identity_provider_list(Db *db, GError **error); /* of IdentityProvider, by name */
/** Writes what the worker learned, as long as the configuration is the one it learned it with.
 * @metadata, @state  NULL: as it was */
gboolean identity_provider_note(Db *db, gint64 id, gint64 revision, const char *metadata,
                                const char *state, GError **error);

/** Sets its id. TRAWL_ERROR_CONFLICT when somebody else is that subject. */
gboolean user_identity_insert(Db *db, UserIdentity *identity, GError **error);
/** NULL without an error when nobody is. */
UserIdentity *user_identity_find(Db *db, const char *issuer, const char *subject, GError **error);
UserIdentity *user_identity_load(Db *db, gint64 id, GError **error);
/** @user_id 0: of everybody */
GPtrArray *user_identity_list(Db *db, gint64 user_id, GError **error);
gboolean user_identity_note_login(Db *db, gint64 id, gint64 at, GError **error);
gboolean user_identity_delete(Db *db, gint64 id, GError **error);

/** Sets its id. TRAWL_ERROR_CONFLICT when the token was used before. */
gboolean sign_on_insert(Db *db, SignOn *sign_on, GError **error);
SignOn *sign_on_load(Db *db, gint64 id, GError **error);
/** Hands out what was sealed and deletes it, in one go; NULL in @sealed: it was taken before. */
gboolean sign_on_take(Db *db, gint64 id, GBytes **sealed, GError **error);
gboolean sign_on_answer(Db *db, gint64 id, const char *result, GError **error);
/** Forgets what both sides had to say; that the token was used stays known. */
gboolean sign_on_close(Db *db, gint64 id, GError **error);
/** Deletes those begun before @before. */
gboolean sign_on_prune(Db *db, gint64 before, GError **error);
