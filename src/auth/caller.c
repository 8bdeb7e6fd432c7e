/* Callers: from what a request brings along to what it may do. */
#include "auth/caller.h"

#include "base/error.h"

#include <string.h>

void caller_free(Caller *caller)
{
	if (!caller)
		return;
	g_free(caller->actor);
	g_free(caller->credential);
	api_key_free(caller->key);
	user_free(caller->user);
	user_session_free(caller->session);
	g_free(caller);
}

static Sight sight_of_user(const User *user)
{
	return (Sight){user->sees_everything, -user->id, user->sight_revision};
}

/* A user who was deleted or locked out has no session any more, whatever the cookie says. */
static User *load_user(Db *db, gint64 id, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(User) user = user_load(db, id, &problem);
	if (user && user->enabled)
		return g_steal_pointer(&user);
	if (!problem || g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND))
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION,
		                    "this session has ended; log in again");
	else
		g_propagate_error(error, g_steal_pointer(&problem));
	return NULL;
}

/* What a key sees, and may do: one that is a person's no more than they. NULL: as the key says. */
static gboolean load_owner(Db *db, const ApiKey *key, User **owner, GError **error)
{
	g_autoptr(GError) problem = NULL;
	*owner = key->owner_id ? load_user(db, key->owner_id, &problem) : NULL;
	if (!problem)
		return TRUE;
	if (g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION))
		return api_key_refuse(error);
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

static Sight sight_of_key(const ApiKey *key, const User *owner)
{
	return owner ? sight_of_user(owner)
	             : (Sight){key->sees_everything, key->id, key->sight_revision};
}

Caller *caller_of_key(Db *db, const char *text, gint64 now, GError **error)
{
	g_autoptr(User) owner = NULL;
	g_autoptr(ApiKey) key = api_key_authenticate(db, text, now, error);
	if (!key || !load_owner(db, key, &owner, error))
		return NULL;
	Caller *caller = g_new0(Caller, 1);
	caller->id = key->id;
	caller->scopes = api_key_scopes(key);
	if (owner)
		caller->scopes &= scopes_of((const char *const *)owner->permissions);
	caller->sight = sight_of_key(key, owner);
	caller->actor = g_strconcat("key:", key->name, NULL);
	caller->credential = g_strconcat("key:", key->prefix, NULL);
	caller->key = g_steal_pointer(&key);
	return caller;
}

Caller *caller_of_token(Db *db, const char *token, gint64 now, GError **error)
{
	g_autoptr(UserSession) session = session_authenticate(db, token, now, error);
	User *user = session ? load_user(db, session->user_id, error) : NULL;
	if (!user)
		return NULL;
	Caller *caller = g_new0(Caller, 1);
	caller->user = user;
	caller->id = -user->id;
	caller->scopes = scopes_of((const char *const *)user->permissions);
	caller->sight = sight_of_user(user);
	caller->actor = g_strconcat("user:", user->name, NULL);
	caller->credential = g_strdup_printf("session:%" G_GINT64_FORMAT, session->id);
	caller->session = g_steal_pointer(&session);
	return caller;
}

static gboolean session_holds(Db *db, gint64 id, gint64 now, gboolean *holds, Sight *sight,
                              GError **error)
{
	g_autoptr(UserSession) session = user_session_load(db, id, error);
	if (!session)
		return FALSE;
	g_autoptr(GError) problem = NULL;
	g_autoptr(User) user =
		session_is_good(session, now) ? load_user(db, session->user_id, &problem) : NULL;
	*holds = user != NULL;
	if (user)
		*sight = sight_of_user(user);
	if (!problem || g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

static gboolean key_holds(Db *db, const char *prefix, gint64 now, gboolean *holds, Sight *sight,
                          GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(User) owner = NULL;
	g_autoptr(ApiKey) key = api_key_find(db, prefix, &problem);
	*holds = key && !key->revoked_at && (!key->expires_at || now < key->expires_at) &&
	         load_owner(db, key, &owner, &problem);
	if (*holds)
		*sight = sight_of_key(key, owner);
	if (!problem || g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

gboolean credential_holds(Db *db, const char *credential, gint64 now, gboolean *holds, Sight *sight,
                          GError **error)
{
	const char *what = strchr(credential, ':') + 1;
	return g_str_has_prefix(credential, "session:")
	               ? session_holds(db, g_ascii_strtoll(what, NULL, 10), now, holds, sight,
	                               error)
	               : key_holds(db, what, now, holds, sight, error);
}
