/* People who log in, their roles, and their sessions. */
#include "store/user.h"

#include "store/rows.h"
#include "store/seen.h"

#define ROLE_COLUMNS "id, name, description, permissions, built_in, revision"
#define USER_COLUMNS                                                                               \
	"u.id, u.name, u.display_name, u.email, u.role_id, u.password, u.enabled, u.failures, "    \
	"u.locked_until, u.created_at, u.last_login_at, u.revision, u.totp_secret, "               \
	"u.totp_offered, u.totp_step, r.name, r.permissions, u.sight, u.sight_revision"
#define USERS "user_account u JOIN role r ON r.id = u.role_id"
#define SESSION_COLUMNS                                                                            \
	"s.id, s.user_id, s.token_hash, s.created_at, s.seen_at, s.expires_at, s.address, "        \
	"s.agent, s.ended_at, s.provider_id, u.name"
#define SESSIONS "user_session s JOIN user_account u ON u.id = s.user_id"

void user_role_free(UserRole *role)
{
	if (!role)
		return;
	g_free(role->name);
	g_free(role->description);
	g_strfreev(role->permissions);
	g_free(role);
}

void user_free(User *user)
{
	if (!user)
		return;
	g_free(user->name);
	g_free(user->display_name);
	g_free(user->email);
	g_free(user->password);
	g_clear_pointer(&user->totp_secret, g_bytes_unref);
	g_clear_pointer(&user->totp_offered, g_bytes_unref);
	g_free(user->role);
	g_strfreev(user->permissions);
	g_free(user);
}

void user_session_free(UserSession *session)
{
	if (!session)
		return;
	g_free(session->token_hash);
	g_free(session->address);
	g_free(session->agent);
	g_free(session->user);
	g_free(session);
}

static gpointer read_role(DbRows *rows)
{
	UserRole *role = g_new0(UserRole, 1);
	role->id = db_int(rows, 0);
	role->name = db_text_dup(rows, 1);
	role->description = db_text_dup(rows, 2);
	role->permissions = rows_parse_strv(db_text(rows, 3));
	role->built_in = db_int(rows, 4) != 0;
	role->revision = db_int(rows, 5);
	return role;
}

static gpointer read_user(DbRows *rows)
{
	User *user = g_new0(User, 1);
	user->id = db_int(rows, 0);
	user->name = db_text_dup(rows, 1);
	user->display_name = db_text_dup(rows, 2);
	user->email = db_text_dup(rows, 3);
	user->role_id = db_int(rows, 4);
	user->password = db_text_dup(rows, 5);
	user->enabled = db_int(rows, 6) != 0;
	user->failures = db_int(rows, 7);
	user->locked_until = db_int(rows, 8);
	user->created_at = db_int(rows, 9);
	user->last_login_at = db_int(rows, 10);
	user->revision = db_int(rows, 11);
	user->totp_secret = db_bytes(rows, 12);
	user->totp_offered = db_bytes(rows, 13);
	user->totp_step = db_int(rows, 14);
	user->role = db_text_dup(rows, 15);
	user->permissions = rows_parse_strv(db_text(rows, 16));
	user->sees_everything = g_strcmp0(db_text(rows, 17), sight_names[0]) == 0;
	user->sight_revision = db_int(rows, 18);
	return user;
}

static gpointer read_session(DbRows *rows)
{
	UserSession *session = g_new0(UserSession, 1);
	session->id = db_int(rows, 0);
	session->user_id = db_int(rows, 1);
	session->token_hash = db_text_dup(rows, 2);
	session->created_at = db_int(rows, 3);
	session->seen_at = db_int(rows, 4);
	session->expires_at = db_int(rows, 5);
	session->address = db_text_dup(rows, 6);
	session->agent = db_text_dup(rows, 7);
	session->ended_at = db_int(rows, 8);
	session->provider_id = db_int(rows, 9);
	session->user = db_text_dup(rows, 10);
	return session;
}

UserRole *user_role_find(Db *db, const char *name, GError **error)
{
	return rows_find(
		db_query(db, error, "t", "SELECT " ROLE_COLUMNS " FROM role WHERE name = $1", name),
		read_role, error);
}

UserRole *user_role_load(Db *db, gint64 id, GError **error)
{
	return rows_load(
		db_query(db, error, "i", "SELECT " ROLE_COLUMNS " FROM role WHERE id = $1", id),
		read_role, "role", id, error);
}

GPtrArray *user_role_list(Db *db, GError **error)
{
	return rows_collect(
		db_query(db, error, "", "SELECT " ROLE_COLUMNS " FROM role ORDER BY id"), read_role,
		(GDestroyNotify)user_role_free, error);
}

gboolean user_role_insert(Db *db, UserRole *role, GError **error)
{
	g_autofree char *permissions = rows_format_strv(role->permissions);
	return rows_int(db_query(db, error, "tttii",
	                         "INSERT INTO role (name, description, permissions, built_in, "
	                         "revision) VALUES ($1, $2, $3, $4, $5) RETURNING id",
	                         role->name, role->description, permissions, (gint64)role->built_in,
	                         role->revision),
	                &role->id, error);
}

gboolean user_role_update(Db *db, const UserRole *role, gint64 expected, GError **error)
{
	gint64 changed = 0;
	g_autofree char *permissions = rows_format_strv(role->permissions);
	return db_run(db, &changed, error, "tttiii",
	              "UPDATE role SET name = $1, description = $2, permissions = $3, "
	              "revision = $4 WHERE id = $5 AND ($6 = 0 OR revision = $6)",
	              role->name, role->description, permissions, role->revision, role->id,
	              expected) &&
	       rows_check_saved(changed, expected, "role", role->id, error);
}

gboolean user_role_count_users(Db *db, gint64 id, gint64 *count, GError **error)
{
	return rows_int(db_query(db, error, "i",
	                         "SELECT count(*) FROM user_account "
	                         "WHERE role_id = $1 AND deleted_at IS NULL",
	                         id),
	                count, error);
}

gboolean user_role_delete(Db *db, gint64 id, GError **error)
{
	gint64 changed = 0;
	return db_run(db, NULL, error, "i",
	              "UPDATE user_account SET role_id = "
	              "(SELECT id FROM role WHERE name = 'viewer') "
	              "WHERE role_id = $1 AND deleted_at IS NOT NULL",
	              id) &&
	       db_run(db, &changed, error, "i", "DELETE FROM role WHERE id = $1", id) &&
	       rows_check_saved(changed, 0, "role", id, error);
}

gboolean user_insert(Db *db, User *user, GError **error)
{
	return rows_int(db_query(db, error, "tttitiziti",
	                         "INSERT INTO user_account (name, display_name, email, role_id, "
	                         "password, enabled, created_at, revision, sight, sight_revision) "
	                         "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
	                         user->name, user->display_name, user->email, user->role_id,
	                         user->password, (gint64)user->enabled, user->created_at,
	                         user->revision, sight_names[user->sees_everything ? 0 : 1],
	                         user->sight_revision),
	                &user->id, error);
}

User *user_find(Db *db, const char *name, GError **error)
{
	return rows_find(db_query(db, error, "t",
	                          "SELECT " USER_COLUMNS " FROM " USERS
	                          " WHERE u.name = $1 AND u.deleted_at IS NULL",
	                          name),
	                 read_user, error);
}

User *user_load(Db *db, gint64 id, GError **error)
{
	return rows_load(db_query(db, error, "i",
	                          "SELECT " USER_COLUMNS " FROM " USERS
	                          " WHERE u.id = $1 AND u.deleted_at IS NULL",
	                          id),
	                 read_user, "user", id, error);
}

gboolean user_count(Db *db, gint64 *count, GError **error)
{
	return rows_int(db_query(db, error, "",
	                         "SELECT count(*) FROM user_account WHERE deleted_at IS NULL"),
	                count, error);
}

GPtrArray *user_list(Db *db, GError **error)
{
	return rows_collect(db_query(db, error, "",
	                             "SELECT " USER_COLUMNS " FROM " USERS
	                             " WHERE u.deleted_at IS NULL ORDER BY u.id"),
	                    read_user, (GDestroyNotify)user_free, error);
}

gboolean user_update(Db *db, const User *user, gint64 expected, GError **error)
{
	gint64 changed = 0;
	return db_run(db, &changed, error, "ttitibbiiiti",
	              "UPDATE user_account SET display_name = $1, email = $2, role_id = $3, "
	              "password = $4, enabled = $5, totp_secret = $6, totp_offered = $7, "
	              "revision = $8, sight = $11, sight_revision = $12 "
	              "WHERE id = $9 AND deleted_at IS NULL AND ($10 = 0 OR revision = $10)",
	              user->display_name, user->email, user->role_id, user->password,
	              (gint64)user->enabled, user->totp_secret, user->totp_offered, user->revision,
	              user->id, expected, sight_names[user->sees_everything ? 0 : 1],
	              user->sight_revision) &&
	       rows_check_saved(changed, expected, "user", user->id, error);
}

GPtrArray *user_list_seen(Db *db, const Sight *sight, GError **error)
{
	if (sight->everything)
		return user_list(db, error);
	return rows_collect(db_query(db, error, "i",
	                             "SELECT " USER_COLUMNS " FROM " USERS
	                             " WHERE u.deleted_at IS NULL AND u.id IN " SEEN_PEOPLE(
					     "$1") " ORDER BY u.id",
	                             sight->viewer),
	                    read_user, (GDestroyNotify)user_free, error);
}

/* Incidents keep the name of who worked on them; one who gets that name later does not see them. */
gboolean user_delete(Db *db, gint64 id, gint64 at, gint64 revision, GError **error)
{
	gint64 changed = 0;
	return db_run(db, NULL, error, "i", "DELETE FROM team_member WHERE member_id = 0 - $1",
	              id) &&
	       db_run(db, NULL, error, "i",
	              "UPDATE incident SET assignee_id = NULL WHERE assignee_id = 0 - $1", id) &&
	       db_run(db, NULL, error, "i", "DELETE FROM user_recovery_code WHERE user_id = $1",
	              id) &&
	       db_run(db, NULL, error, "i", "DELETE FROM user_identity WHERE user_id = $1", id) &&
	       db_run(db, NULL, error, "i", "DELETE FROM user_preference WHERE user_id = $1", id) &&
	       db_run(db, NULL, error, "i",
	              "DELETE FROM saved_view WHERE owner_id = $1 AND shared = 0", id) &&
	       db_run(db, &changed, error, "iii",
	              "UPDATE user_account SET deleted_at = $1, revision = $2, enabled = 0, "
	              "password = NULL, totp_secret = NULL, totp_offered = NULL "
	              "WHERE id = $3 AND deleted_at IS NULL",
	              at, revision, id) &&
	       rows_check_saved(changed, 0, "user", id, error);
}

gboolean user_note_login(Db *db, gint64 id, gint64 failures, gint64 locked_until, gint64 login_at,
                         GError **error)
{
	return db_run(db, NULL, error, "izzi",
	              "UPDATE user_account SET failures = $1, locked_until = $2, "
	              "last_login_at = COALESCE($3, last_login_at) WHERE id = $4",
	              failures, locked_until, login_at, id);
}

gboolean user_take_totp_step(Db *db, gint64 id, gint64 step, gboolean *taken, GError **error)
{
	gint64 changed = 0;
	gboolean ok = db_run(db, &changed, error, "iii",
	                     "UPDATE user_account SET totp_step = $1 WHERE id = $2 AND "
	                     "(totp_step IS NULL OR totp_step < $3)",
	                     step, id, step);
	*taken = changed == 1;
	return ok;
}

gboolean user_set_recovery_codes(Db *db, gint64 id, const GPtrArray *hashes, GError **error)
{
	if (!db_run(db, NULL, error, "i", "DELETE FROM user_recovery_code WHERE user_id = $1", id))
		return FALSE;
	for (guint i = 0; hashes && i < hashes->len; i++)
		if (!db_run(db, NULL, error, "it",
		            "INSERT INTO user_recovery_code (user_id, hash) VALUES ($1, $2)", id,
		            (const char *)hashes->pdata[i]))
			return FALSE;
	return TRUE;
}

gboolean user_take_recovery_code(Db *db, gint64 id, const char *hash, gint64 at, gboolean *taken,
                                 GError **error)
{
	gint64 changed = 0;
	gboolean ok = db_run(db, &changed, error, "iit",
	                     "UPDATE user_recovery_code SET used_at = $1 WHERE user_id = $2 AND "
	                     "hash = $3 AND used_at IS NULL",
	                     at, id, hash);
	*taken = changed == 1;
	return ok;
}

gboolean user_session_insert(Db *db, UserSession *session, GError **error)
{
	return rows_int(db_query(db, error, "itiiittz",
	                         "INSERT INTO user_session (user_id, token_hash, created_at, "
	                         "seen_at, expires_at, address, agent, provider_id) "
	                         "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
	                         session->user_id, session->token_hash, session->created_at,
	                         session->seen_at, session->expires_at, session->address,
	                         session->agent, session->provider_id),
	                &session->id, error);
}

UserSession *user_session_find(Db *db, const char *token_hash, GError **error)
{
	return rows_find(db_query(db, error, "t",
	                          "SELECT " SESSION_COLUMNS " FROM " SESSIONS
	                          " WHERE s.token_hash = $1",
	                          token_hash),
	                 read_session, error);
}

UserSession *user_session_load(Db *db, gint64 id, GError **error)
{
	return rows_load(db_query(db, error, "i",
	                          "SELECT " SESSION_COLUMNS " FROM " SESSIONS " WHERE s.id = $1",
	                          id),
	                 read_session, "session", id, error);
}

gboolean user_session_touch(Db *db, gint64 id, gint64 at, GError **error)
{
	return db_run(db, NULL, error, "ii", "UPDATE user_session SET seen_at = $1 WHERE id = $2",
	              at, id);
}

gboolean user_session_end(Db *db, gint64 id, gint64 at, GError **error)
{
	return db_run(db, NULL, error, "ii",
	              "UPDATE user_session SET ended_at = COALESCE(ended_at, $1) WHERE id = $2", at,
	              id);
}

GPtrArray *user_session_list(Db *db, gint64 user_id, gint64 now, GError **error)
{
	return rows_collect(db_query(db, error, "ii",
	                             "SELECT " SESSION_COLUMNS " FROM " SESSIONS
	                             " WHERE s.ended_at IS NULL AND s.expires_at > $1 "
	                             "AND ($2 = 0 OR s.user_id = $2) ORDER BY s.id",
	                             now, user_id),
	                    read_session, (GDestroyNotify)user_session_free, error);
}

gboolean user_session_end_all(Db *db, gint64 user_id, gint64 except, gint64 at, gint64 *ended,
                              GError **error)
{
	return db_run(db, ended, error, "iiii",
	              "UPDATE user_session SET ended_at = $1 WHERE user_id = $2 AND id <> $3 "
	              "AND ended_at IS NULL AND expires_at > $4",
	              at, user_id, except, at);
}

gboolean user_session_end_provider(Db *db, gint64 provider_id, gint64 at, GError **error)
{
	return db_run(db, NULL, error, "iii",
	              "UPDATE user_session SET ended_at = $1 WHERE provider_id = $2 "
	              "AND ended_at IS NULL AND expires_at > $3",
	              at, provider_id, at);
}
