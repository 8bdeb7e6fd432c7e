/* Identity providers, whom they know, and log-ins that wait for them. */
#include "store/identity.h"

#include "base/error.h"
#include "store/rows.h"

#define PROVIDER_COLUMNS                                                                           \
	"id, name, kind, enabled, only_way, config, secret, secret_names, metadata, state, "       \
	"created_at, revision"
#define IDENTITY_COLUMNS                                                                           \
	"i.id, i.user_id, i.provider_id, i.issuer, i.subject, i.created_at, i.last_login_at, "     \
	"u.name, p.name"
#define IDENTITIES                                                                                 \
	"user_identity i JOIN user_account u ON u.id = i.user_id "                                 \
	"JOIN identity_provider p ON p.id = i.provider_id"

void identity_provider_free(IdentityProvider *provider)
{
	if (!provider)
		return;
	g_free(provider->name);
	g_free(provider->kind);
	g_free(provider->config);
	g_clear_pointer(&provider->secret, g_bytes_unref);
	g_free(provider->secret_names);
	g_free(provider->metadata);
	g_free(provider->state);
	g_free(provider);
}

void user_identity_free(UserIdentity *identity)
{
	if (!identity)
		return;
	g_free(identity->issuer);
	g_free(identity->subject);
	g_free(identity->user);
	g_free(identity->provider);
	g_free(identity);
}

void sign_on_free(SignOn *sign_on)
{
	if (!sign_on)
		return;
	g_free(sign_on->token_hash);
	g_clear_pointer(&sign_on->sealed, g_bytes_unref);
	g_free(sign_on->result);
	g_free(sign_on);
}

/* --- providers ---------------------------------------------------------------------------------
 */

static gpointer read_provider(DbRows *rows)
{
	IdentityProvider *provider = g_new0(IdentityProvider, 1);
	provider->id = db_int(rows, 0);
	provider->name = db_text_dup(rows, 1);
	provider->kind = db_text_dup(rows, 2);
	provider->enabled = db_int(rows, 3) != 0;
	provider->only_way = db_int(rows, 4) != 0;
	provider->config = db_text_dup(rows, 5);
	provider->secret = db_bytes(rows, 6);
	provider->secret_names = db_text_dup(rows, 7);
	provider->metadata = db_text_dup(rows, 8);
	provider->state = db_text_dup(rows, 9);
	provider->created_at = db_int(rows, 10);
	provider->revision = db_int(rows, 11);
	return provider;
}

/* A unique constraint speaks of columns; people know names. */
static gboolean name_conflict(const char *name, GError **error)
{
	if (error && g_error_matches(*error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT)) {
		g_clear_error(error);
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
		            "there is an identity provider called \"%s\" already", name);
	}
	return FALSE;
}

gboolean identity_provider_insert(Db *db, IdentityProvider *provider, GError **error)
{
	const char *names = provider->secret_names ? provider->secret_names : "[]";
	return rows_int(db_query(db, error, "ttiitbtii",
	                         "INSERT INTO identity_provider (name, kind, enabled, only_way, "
	                         "config, secret, secret_names, created_at, revision) "
	                         "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
	                         provider->name, provider->kind, (gint64)provider->enabled,
	                         (gint64)provider->only_way, provider->config, provider->secret,
	                         names, provider->created_at, provider->revision),
	                &provider->id, error) ||
	       name_conflict(provider->name, error);
}

gboolean identity_provider_update(Db *db, const IdentityProvider *provider, gint64 expected,
                                  GError **error)
{
	gint64 changed = 0;
	const char *names = provider->secret_names ? provider->secret_names : "[]";
	if (!db_run(db, &changed, error, "tiitbtiii",
	            "UPDATE identity_provider SET name = $1, enabled = $2, only_way = $3, "
	            "config = $4, secret = COALESCE($5, secret), "
	            "secret_names = COALESCE($6, secret_names), revision = $7, metadata = '{}', "
	            "state = '{}' WHERE id = $8 AND deleted_at IS NULL AND "
	            "($9 = 0 OR revision = $9)",
	            provider->name, (gint64)provider->enabled, (gint64)provider->only_way,
	            provider->config, provider->secret, provider->secret ? names : NULL,
	            provider->revision, provider->id, expected))
		return name_conflict(provider->name, error);
	return rows_check_saved(changed, expected, "identity provider", provider->id, error);
}

gboolean identity_provider_delete(Db *db, gint64 id, gint64 at, gint64 revision, GError **error)
{
	gint64 changed = 0;
	return db_run(db, NULL, error, "i", "DELETE FROM user_identity WHERE provider_id = $1",
	              id) &&
	       db_run(db, NULL, error, "i", "DELETE FROM sign_on WHERE provider_id = $1", id) &&
	       db_run(db, &changed, error, "iii",
	              "UPDATE identity_provider SET deleted_at = $1, revision = $2, enabled = 0, "
	              "only_way = 0, secret = NULL, secret_names = '[]' "
	              "WHERE id = $3 AND deleted_at IS NULL",
	              at, revision, id) &&
	       rows_check_saved(changed, 0, "identity provider", id, error);
}

IdentityProvider *identity_provider_load(Db *db, gint64 id, GError **error)
{
	return rows_load(db_query(db, error, "i",
	                          "SELECT " PROVIDER_COLUMNS " FROM identity_provider "
	                          "WHERE id = $1 AND deleted_at IS NULL",
	                          id),
	                 read_provider, "identity provider", id, error);
}

GPtrArray *identity_provider_list(Db *db, GError **error)
{
	return rows_collect(db_query(db, error, "",
	                             "SELECT " PROVIDER_COLUMNS " FROM identity_provider "
	                             "WHERE deleted_at IS NULL ORDER BY name"),
	                    read_provider, (GDestroyNotify)identity_provider_free, error);
}

gboolean identity_provider_note(Db *db, gint64 id, gint64 revision, const char *metadata,
                                const char *state, GError **error)
{
	return db_run(db, NULL, error, "ttii",
	              "UPDATE identity_provider SET metadata = COALESCE($1, metadata), "
	              "state = COALESCE($2, state) WHERE id = $3 AND revision = $4",
	              metadata, state, id, revision);
}

/* --- whom they know -----------------------------------------------------------------------------
 */

static gpointer read_identity(DbRows *rows)
{
	UserIdentity *identity = g_new0(UserIdentity, 1);
	identity->id = db_int(rows, 0);
	identity->user_id = db_int(rows, 1);
	identity->provider_id = db_int(rows, 2);
	identity->issuer = db_text_dup(rows, 3);
	identity->subject = db_text_dup(rows, 4);
	identity->created_at = db_int(rows, 5);
	identity->last_login_at = db_int(rows, 6);
	identity->user = db_text_dup(rows, 7);
	identity->provider = db_text_dup(rows, 8);
	return identity;
}

gboolean user_identity_insert(Db *db, UserIdentity *identity, GError **error)
{
	return rows_int(db_query(db, error, "iittiz",
	                         "INSERT INTO user_identity (user_id, provider_id, issuer, "
	                         "subject, created_at, last_login_at) "
	                         "VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
	                         identity->user_id, identity->provider_id, identity->issuer,
	                         identity->subject, identity->created_at, identity->last_login_at),
	                &identity->id, error);
}

UserIdentity *user_identity_find(Db *db, const char *issuer, const char *subject, GError **error)
{
	return rows_find(db_query(db, error, "tt",
	                          "SELECT " IDENTITY_COLUMNS " FROM " IDENTITIES
	                          " WHERE i.issuer = $1 AND i.subject = $2",
	                          issuer, subject),
	                 read_identity, error);
}

UserIdentity *user_identity_load(Db *db, gint64 id, GError **error)
{
	return rows_load(db_query(db, error, "i",
	                          "SELECT " IDENTITY_COLUMNS " FROM " IDENTITIES " WHERE i.id = $1",
	                          id),
	                 read_identity, "identity", id, error);
}

GPtrArray *user_identity_list(Db *db, gint64 user_id, GError **error)
{
	return rows_collect(db_query(db, error, "i",
	                             "SELECT " IDENTITY_COLUMNS " FROM " IDENTITIES
	                             " WHERE $1 = 0 OR i.user_id = $1 ORDER BY i.id",
	                             user_id),
	                    read_identity, (GDestroyNotify)user_identity_free, error);
}

gboolean user_identity_note_login(Db *db, gint64 id, gint64 at, GError **error)
{
	return db_run(db, NULL, error, "ii",
	              "UPDATE user_identity SET last_login_at = $1 WHERE id = $2", at, id);
}

gboolean user_identity_delete(Db *db, gint64 id, GError **error)
{
	gint64 changed = 0;
	return db_run(db, &changed, error, "i", "DELETE FROM user_identity WHERE id = $1", id) &&
	       rows_check_saved(changed, 0, "identity", id, error);
}

/* --- log-ins that wait --------------------------------------------------------------------------
 */

static gpointer read_sign_on(DbRows *rows)
{
	SignOn *sign_on = g_new0(SignOn, 1);
	sign_on->id = db_int(rows, 0);
	sign_on->provider_id = db_int(rows, 1);
	sign_on->token_hash = db_text_dup(rows, 2);
	sign_on->sealed = db_bytes(rows, 3);
	sign_on->result = db_text_dup(rows, 4);
	sign_on->created_at = db_int(rows, 5);
	return sign_on;
}

gboolean sign_on_insert(Db *db, SignOn *sign_on, GError **error)
{
	return rows_int(db_query(db, error, "itbti",
	                         "INSERT INTO sign_on (provider_id, token_hash, sealed, result, "
	                         "created_at) VALUES ($1, $2, $3, $4, $5) RETURNING id",
	                         sign_on->provider_id, sign_on->token_hash, sign_on->sealed,
	                         sign_on->result, sign_on->created_at),
	                &sign_on->id, error);
}

SignOn *sign_on_load(Db *db, gint64 id, GError **error)
{
	return rows_load(db_query(db, error, "i",
	                          "SELECT id, provider_id, token_hash, sealed, result, created_at "
	                          "FROM sign_on WHERE id = $1",
	                          id),
	                 read_sign_on, "sign-on", id, error);
}

gboolean sign_on_take(Db *db, gint64 id, GBytes **sealed, GError **error)
{
	g_autofree char *key = g_strdup_printf("sign_on:%" G_GINT64_FORMAT, id);
	if (!db_lock_key(db, key, error))
		return FALSE;
	g_autoptr(SignOn) sign_on = sign_on_load(db, id, error);
	if (!sign_on ||
	    !db_run(db, NULL, error, "i", "UPDATE sign_on SET sealed = NULL WHERE id = $1", id))
		return FALSE;
	*sealed = g_steal_pointer(&sign_on->sealed);
	return TRUE;
}

gboolean sign_on_answer(Db *db, gint64 id, const char *result, GError **error)
{
	return db_run(db, NULL, error, "ti", "UPDATE sign_on SET result = $1 WHERE id = $2", result,
	              id);
}

gboolean sign_on_close(Db *db, gint64 id, GError **error)
{
	return db_run(db, NULL, error, "i",
	              "UPDATE sign_on SET sealed = NULL, result = NULL WHERE id = $1", id);
}

gboolean sign_on_prune(Db *db, gint64 before, GError **error)
{
	return db_run(db, NULL, error, "i", "DELETE FROM sign_on WHERE created_at < $1", before);
}
