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

Caller *caller_of_key(Db *db, const char *text, gint64 now, GError **error)
{
	ApiKey *key = api_key_authenticate(db, text, now, error);
	if (!key)
		return NULL;
	Caller *caller = g_new0(Caller, 1);
	caller->key = key;
	caller->id = key->id;
	caller->scopes = api_key_scopes(key);
	caller->actor = g_strconcat("key:", key->name, NULL);
	caller->credential = g_strconcat("key:", key->prefix, NULL);
	return caller;
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
	caller->actor = g_strconcat("user:", user->name, NULL);
	caller->credential = g_strdup_printf("session:%" G_GINT64_FORMAT, session->id);
	caller->session = g_steal_pointer(&session);
	return caller;
}

static gboolean session_holds(Db *db, gint64 id, gint64 now, gboolean *holds, GError **error)
{
	g_autoptr(UserSession) session = user_session_load(db, id, error);
	if (!session)
		return FALSE;
	g_autoptr(GError) problem = NULL;
	g_autoptr(User) user =
		session_is_good(session, now) ? load_user(db, session->user_id, &problem) : NULL;
	*holds = user != NULL;
	if (!problem || g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

gboolean credential_holds(Db *db, const char *credential, gint64 now, gboolean *holds,
                          GError **error)
{
	const char *what = strchr(credential, ':') + 1;
	if (g_str_has_prefix(credential, "session:"))
		return session_holds(db, g_ascii_strtoll(what, NULL, 10), now, holds, error);
	g_autoptr(GError) problem = NULL;
	g_autoptr(ApiKey) key = api_key_find(db, what, &problem);
	*holds = key && !key->revoked_at && (!key->expires_at || now < key->expires_at);
	if (!problem)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}
