/* Logging in through a directory: name and passphrase are here, and it is asked at once. */
#include "api/sign_on.h"

#include "auth/account.h"
#include "auth/password.h"
#include "base/clock.h"
#include "base/error.h"
#include "signon/directory.h"

/* Whom the directory took the name for. It knows more ways to write it than we do. */
static gboolean find_subject(Db *db, gpointer data, GError **error)
{
	Attempt *attempt = data;
	const char *subject = json_text(attempt->identity, "subject");
	g_autoptr(GError) problem = NULL;
	g_autofree char *issuer = directory_issuer(attempt->provider_id);
	g_autoptr(UserIdentity) known =
		subject ? user_identity_find(db, issuer, subject, &problem) : NULL;
	if (known) {
		g_clear_pointer(&attempt->login.user, user_free);
		attempt->login.user = user_load(db, known->user_id, &problem);
	}
	if (!problem)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

/* Whoever of this provider has the name that was typed: wrong passphrases count, and lock. */
static gboolean find_person(Db *db, gpointer data, GError **error)
{
	Attempt *attempt = data;
	g_autoptr(GError) problem = NULL;
	g_autofree char *name = account_name(sent_text(attempt->login.request, "name"));
	g_clear_pointer(&attempt->login.user, user_free);
	g_autoptr(User) user = user_find(db, name, &problem);
	g_autoptr(GPtrArray) known =
		user ? user_identity_list(db, user->id, &problem) : g_ptr_array_new();
	for (guint i = 0; known && i < known->len && user; i++)
		if (((UserIdentity *)known->pdata[i])->provider_id == attempt->provider_id)
			attempt->login.user = g_steal_pointer(&user);
	if (!problem)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

gboolean attempt_ask_directory(Attempt *attempt, Answer *answer, GError **error)
{
	const Request *request = attempt->login.request;
	g_autofree char *token = NULL;
	if (!sent_has(request, "name") || !sent_has(request, "password")) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		            "%s is asked by name and password", attempt->provider->name);
		return FALSE;
	}
	if (!db_read(attempt_pool(attempt), find_person, attempt, error))
		return FALSE;
	const User *user = attempt->login.user;
	if (user && user->locked_until > clock_now())
		return attempt_refuse(attempt, TRAWL_ERROR_AUTHENTICATION, "the account is locked",
		                      error);
	token = token_new(&attempt->row.token_hash);
	return attempt_ask(attempt,
	                   json_pack("{s:s, s:s}", "name", sent_text(request, "name"), "password",
	                             sent_text(request, "password")),
	                   find_subject, error) &&
	       attempt_enter(attempt, answer, error);
}
