/* People who log in, their roles, and their sessions. */
#include "store/user.h"

#include "store/rows.h"

#define ROLE_COLUMNS "id, name, description, permissions, built_in, revision"
#define USER_COLUMNS                                                                               \
	"u.id, u.name, u.display_name, u.email, u.role_id, u.password, u.enabled, u.failures, "    \
	"u.locked_until, u.created_at, u.last_login_at, u.revision, r.permissions"
#define USERS "user_account u JOIN role r ON r.id = u.role_id"
#define SESSION_COLUMNS                                                                            \
	"id, user_id, token_hash, created_at, seen_at, expires_at, address, agent, ended_at"

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
	user->permissions = rows_parse_strv(db_text(rows, 12));
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
	return session;
}

UserRole *user_role_find(Db *db, const char *name, GError **error)
{
	return rows_find(
		db_query(db, error, "t", "SELECT " ROLE_COLUMNS " FROM role WHERE name = $1", name),
		read_role, error);
}

gboolean user_insert(Db *db, User *user, GError **error)
{
	return rows_int(db_query(db, error, "tttitizi",
	                         "INSERT INTO user_account (name, display_name, email, role_id, "
	                         "password, enabled, created_at, revision) "
	                         "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
	                         user->name, user->display_name, user->email, user->role_id,
	                         user->password, (gint64)user->enabled, user->created_at,
	                         user->revision),
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

gboolean user_note_login(Db *db, gint64 id, gint64 failures, gint64 locked_until, gint64 login_at,
                         GError **error)
{
	return db_run(db, NULL, error, "izzi",
	              "UPDATE user_account SET failures = $1, locked_until = $2, "
	              "last_login_at = COALESCE($3, last_login_at) WHERE id = $4",
	              failures, locked_until, login_at, id);
}

gboolean user_session_insert(Db *db, UserSession *session, GError **error)
{
	return rows_int(db_query(db, error, "itiiitt",
	                         "INSERT INTO user_session (user_id, token_hash, created_at, "
	                         "seen_at, expires_at, address, agent) "
	                         "VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
	                         session->user_id, session->token_hash, session->created_at,
	                         session->seen_at, session->expires_at, session->address,
	                         session->agent),
	                &session->id, error);
}

UserSession *user_session_find(Db *db, const char *token_hash, GError **error)
{
	return rows_find(db_query(db, error, "t",
	                          "SELECT " SESSION_COLUMNS
	                          " FROM user_session WHERE token_hash = $1",
	                          token_hash),
	                 read_session, error);
}

UserSession *user_session_load(Db *db, gint64 id, GError **error)
{
	return rows_load(db_query(db, error, "i",
	                          "SELECT " SESSION_COLUMNS " FROM user_session WHERE id = $1", id),
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
