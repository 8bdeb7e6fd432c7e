#pragma once
#include "db/db.h"

/* People who log in, their roles, and their sessions. */

typedef struct {
	gint64 id;
	char *name, *description;
	char **permissions;
	gboolean built_in;
	gint64 revision;
} UserRole;
void user_role_free(UserRole *role);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UserRole, user_role_free)

typedef struct {
	gint64 id;
	char *name, *display_name, *email;
	gint64 role_id;
	char *password; /* argon2id with its parameters, or NULL */
	gboolean enabled;
	gint64 failures, locked_until;
	gint64 created_at, last_login_at; /* 0: never */
	gint64 revision;
	char **permissions; /* of the role; read with the user, not written */
} User;
void user_free(User *user);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(User, user_free)

typedef struct {
	gint64 id, user_id;
	char *token_hash;
	gint64 created_at, seen_at, expires_at, ended_at;
	char *address, *agent;
} UserSession;
void user_session_free(UserSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UserSession, user_session_free)

/** NULL without an error when there is no such role. */
UserRole *user_role_find(Db *db, const char *name, GError **error);

/** Sets @user's id. TRAWL_ERROR_CONFLICT when the name is taken. */
gboolean user_insert(Db *db, User *user, GError **error);
/** By its name in lower case; NULL without an error. Nobody who was deleted. */
User *user_find(Db *db, const char *name, GError **error);
User *user_load(Db *db, gint64 id, GError **error);
gboolean user_count(Db *db, gint64 *count, GError **error);
/** Notes what became of a try to log in. @locked_until 0: not locked; @login_at 0: it failed. */
gboolean user_note_login(Db *db, gint64 id, gint64 failures, gint64 locked_until, gint64 login_at,
                         GError **error);

gboolean user_session_insert(Db *db, UserSession *session, GError **error);
/** By the hash of its token; NULL without an error. Ended and expired ones too. */
UserSession *user_session_find(Db *db, const char *token_hash, GError **error);
UserSession *user_session_load(Db *db, gint64 id, GError **error);
gboolean user_session_touch(Db *db, gint64 id, gint64 at, GError **error);
gboolean user_session_end(Db *db, gint64 id, gint64 at, GError **error);
