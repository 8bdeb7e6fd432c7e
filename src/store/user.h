#pragma once
#include "store/sight.h"

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
	GBytes *totp_secret, *totp_offered; /* sealed, or NULL */
	gint64 totp_step;                   /* of the last code that was taken */
	char *role, **permissions;          /* the role's; read with the user, not written */
	gboolean sees_everything;           /* or what the person's teams see */
	gint64 sight_revision;              /* of the change that last made it more or less */
} User;
void user_free(User *user);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(User, user_free)

typedef struct {
	gint64 id, user_id;
	char *token_hash;
	gint64 created_at, seen_at, expires_at, ended_at;
	char *address, *agent;
	gint64 provider_id; /* by which it was begun; 0: by a passphrase of ours */
	char *user;         /* its name; read with the session, not written */
} UserSession;
void user_session_free(UserSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UserSession, user_session_free)

/** NULL without an error when there is no such role. */
UserRole *user_role_find(Db *db, const char *name, GError **error);
UserRole *user_role_load(Db *db, gint64 id, GError **error);
GPtrArray *user_role_list(Db *db, GError **error); /* of UserRole */
/** Sets @role's id. TRAWL_ERROR_CONFLICT when the name is taken. */
gboolean user_role_insert(Db *db, UserRole *role, GError **error);
/** Writes what may change, with a new revision. TRAWL_ERROR_PRECONDITION when the row's is not
 * @expected; 0: whatever it is. */
gboolean user_role_update(Db *db, const UserRole *role, gint64 expected, GError **error);
/** How many people have it. */
gboolean user_role_count_users(Db *db, gint64 id, gint64 *count, GError **error);
/** Nobody may have it; those who had it and were deleted become viewers. */
gboolean user_role_delete(Db *db, gint64 id, GError **error);

/** Sets @user's id. TRAWL_ERROR_CONFLICT when the name is taken. */
gboolean user_insert(Db *db, User *user, GError **error);
/** By its name in lower case; NULL without an error. Nobody who was deleted. */
User *user_find(Db *db, const char *name, GError **error);
User *user_load(Db *db, gint64 id, GError **error);
gboolean user_count(Db *db, gint64 *count, GError **error);
GPtrArray *user_list(Db *db, GError **error); /* of User, but for those who were deleted */
/** The same, of those whom @sight sees: who is in a team with the one who looks, or is it. */
GPtrArray *user_list_seen(Db *db, const Sight *sight, GError **error);
/** Writes what an administrator or the person changes, with a new revision; @expected as of roles.
 * What comes of tries to log in has calls of its own. */
gboolean user_update(Db *db, const User *user, gint64 expected, GError **error);
/** Takes the account and all that opens it away; what the person did keeps their name. */
gboolean user_delete(Db *db, gint64 id, gint64 at, gint64 revision, GError **error);
/** Notes what became of a try to log in. @locked_until 0: not locked; @login_at 0: it failed. */
gboolean user_note_login(Db *db, gint64 id, gint64 failures, gint64 locked_until, gint64 login_at,
                         GError **error);

/** Takes the code of a step, and with it all before. @taken (out) FALSE: it was taken already. */
gboolean user_take_totp_step(Db *db, gint64 id, gint64 step, gboolean *taken, GError **error);
/** Replaces the recovery codes by these hashes; NULL: by none. */
gboolean user_set_recovery_codes(Db *db, gint64 id, const GPtrArray *hashes, GError **error);
/** Takes one. @taken (out) FALSE: there is none, or it was taken already. */
gboolean user_take_recovery_code(Db *db, gint64 id, const char *hash, gint64 at, gboolean *taken,
                                 GError **error);

gboolean user_session_insert(Db *db, UserSession *session, GError **error);
/** By the hash of its token; NULL without an error. Ended and expired ones too. */
UserSession *user_session_find(Db *db, const char *token_hash, GError **error);
UserSession *user_session_load(Db *db, gint64 id, GError **error);
gboolean user_session_touch(Db *db, gint64 id, gint64 at, GError **error);
gboolean user_session_end(Db *db, gint64 id, gint64 at, GError **error);
/** Those that neither ended nor expired. @user_id 0: of everybody */
GPtrArray *user_session_list(Db *db, gint64 user_id, gint64 now, GError **error);
/** Ends all of a user's but @except (0: none); @ended gets how many. */
gboolean user_session_end_all(Db *db, gint64 user_id, gint64 except, gint64 at, gint64 *ended,
                              GError **error);
/** Ends all that were begun by a provider. */
gboolean user_session_end_provider(Db *db, gint64 provider_id, gint64 at, GError **error);
