/* API keys, and the answers that are kept for repeated requests. */
#include "store/api_key.h"

#include "base/error.h"
#include "store/rows.h"

#define COLUMNS                                                                                    \
	"id, name, prefix, hash, scopes, created_by, created_at, expires_at, last_used_at, "       \
	"revoked_at, revision, sight, sight_revision, owner_id, "                                  \
	"(SELECT user_account.name FROM user_account WHERE user_account.id = owner_id)"

void api_key_free(ApiKey *key)
{
	if (!key)
		return;
	g_free(key->name);
	g_free(key->prefix);
	g_free(key->hash);
	g_free(key->created_by);
	g_free(key->owner);
	g_strfreev(key->scopes);
	g_free(key);
}

static gpointer read_key(DbRows *rows)
{
	ApiKey *key = g_new0(ApiKey, 1);
	key->id = db_int(rows, 0);
	key->name = db_text_dup(rows, 1);
	key->prefix = db_text_dup(rows, 2);
	key->hash = db_text_dup(rows, 3);
	key->scopes = rows_parse_strv(db_text(rows, 4));
	key->created_by = db_text_dup(rows, 5);
	key->created_at = db_int(rows, 6);
	key->expires_at = db_int(rows, 7);
	key->last_used_at = db_int(rows, 8);
	key->revoked_at = db_int(rows, 9);
	key->revision = db_int(rows, 10);
	key->sees_everything = g_strcmp0(db_text(rows, 11), sight_names[0]) == 0;
	key->sight_revision = db_int(rows, 12);
	key->owner_id = db_int(rows, 13);
	key->owner = db_text_dup(rows, 14);
	return key;
}

gboolean api_key_insert(Db *db, ApiKey *key, GError **error)
{
	g_autofree char *scopes = rows_format_strv(key->scopes);
	return rows_int(db_query(db, error, "tttttizzzitiz",
	                         "INSERT INTO api_key (name, prefix, hash, scopes, created_by, "
	                         "created_at, expires_at, last_used_at, revoked_at, revision, "
	                         "sight, sight_revision, owner_id) "
	                         "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) "
	                         "RETURNING id",
	                         key->name, key->prefix, key->hash, scopes, key->created_by,
	                         key->created_at, key->expires_at, key->last_used_at,
	                         key->revoked_at, key->revision,
	                         sight_names[key->sees_everything ? 0 : 1], key->sight_revision,
	                         key->owner_id),
	                &key->id, error);
}

ApiKey *api_key_find(Db *db, const char *prefix, GError **error)
{
	return rows_find(db_query(db, error, "t",
	                          "SELECT " COLUMNS " FROM api_key WHERE prefix = $1", prefix),
	                 read_key, error);
}

GPtrArray *api_key_list(Db *db, GError **error)
{
	return rows_collect(db_query(db, error, "", "SELECT " COLUMNS " FROM api_key ORDER BY id"),
	                    read_key, (GDestroyNotify)api_key_free, error);
}

gboolean api_key_revoke(Db *db, gint64 id, gint64 at, gint64 revision, GError **error)
{
	gint64 changed = 0;
	return db_run(db, NULL, error, "i", "DELETE FROM team_member WHERE member_id = $1", id) &&
	       db_run(db, &changed, error, "iii",
	              "UPDATE api_key SET revoked_at = COALESCE(revoked_at, $1), revision = $2 "
	              "WHERE id = $3",
	              at, revision, id) &&
	       rows_check_saved(changed, 0, "API key", id, error);
}

gboolean api_key_touch(Db *db, gint64 id, gint64 at, GError **error)
{
	return db_run(db, NULL, error, "ii", "UPDATE api_key SET last_used_at = $1 WHERE id = $2",
	              at, id);
}

void stored_answer_free(StoredAnswer *answer)
{
	if (!answer)
		return;
	g_free(answer->request);
	g_free(answer->headers);
	g_free(answer->body);
	g_free(answer);
}

static gpointer read_answer(DbRows *rows)
{
	StoredAnswer *answer = g_new0(StoredAnswer, 1);
	answer->request = db_text_dup(rows, 0);
	answer->status = (int)db_int(rows, 1);
	answer->headers = db_text_dup(rows, 2);
	answer->body = db_text_dup(rows, 3);
	return answer;
}

StoredAnswer *stored_answer_find(Db *db, gint64 api_key_id, const char *key, GError **error)
{
	return rows_find(db_query(db, error, "it",
	                          "SELECT request, status, headers, body FROM idempotency "
	                          "WHERE api_key_id = $1 AND idempotency_key = $2",
	                          api_key_id, key),
	                 read_answer, error);
}

gboolean stored_answer_insert(Db *db, gint64 api_key_id, const char *key,
                              const StoredAnswer *answer, gint64 at, GError **error)
{
	return db_run(
		db, NULL, error, "ittittit",
		"INSERT INTO idempotency (api_key_id, idempotency_key, request, status, "
		"headers, body, created_at, location) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		api_key_id, key, answer->request, (gint64)answer->status, answer->headers,
		answer->body, at, answer->location);
}

gboolean stored_answer_replace(Db *db, const char *location, const char *body, GError **error)
{
	return db_run(db, NULL, error, "tt", "UPDATE idempotency SET body = $2 WHERE location = $1",
	              location, body);
}
