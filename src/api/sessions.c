/* Logging in and out, and the first administrator.
 *
 * A passphrase is hashed outside any transaction, for that takes long. The answer to a wrong one is
 * the same, after the same work, whether the name exists, is locked, or has no passphrase. */
#include "api/access.h"
#include "api/context.h"
#include "api/login.h"
#include "api/resources.h"
#include "api/show.h"
#include "audit/audit.h"
#include "auth/account.h"
#include "auth/password.h"
#include "auth/setup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "signon/oidc.h"
#include "signon/sign_on.h"

#include <string.h>

#define LOCKED_FOR (15 * CLOCK_MINUTE)

/* clang-format off */
const Field session_create_fields[] = {
	{"name",     FIELD_TEXT, FIELD_REQUIRED, 1, LIMIT_NAME,   NULL, "name is the user's name"},
	{"password", FIELD_TEXT, FIELD_REQUIRED, 1, PASSWORD_MAX, NULL, "password is the user's passphrase"},
	{"code",     FIELD_TEXT, 0,              1, 40,           NULL, "code is what the user's authenticator shows, or a recovery code"},
	{NULL}
};
const Field setup_fields[] = {
	{"token",        FIELD_TEXT, FIELD_REQUIRED, 1, 100,          NULL, "token is what the set-up link has"},
	{"name",         FIELD_TEXT, FIELD_REQUIRED, 1, LIMIT_NAME,   NULL, "name is 1 to 200 characters, none of them a control character"},
	{"display_name", FIELD_TEXT, FIELD_NULLABLE, 0, LIMIT_NAME,   NULL, "display_name is at most 200 characters, none of them a control character"},
	{"password",     FIELD_TEXT, FIELD_REQUIRED, 1, PASSWORD_MAX, NULL, "password is 12 characters or more, none of them a control character"},
	{NULL}
};
/* clang-format on */

/* --- one session ------------------------------------------------------------------------------ */

void login_clear(Login *login)
{
	g_clear_pointer(&login->user, user_free);
	g_clear_pointer(&login->token, g_free);
	g_clear_pointer(&login->session, user_session_free);
}

static void set_cookie(Answer *answer, const char *token, gint64 seconds)
{
	answer_header(answer, "Set-Cookie",
	              SESSION_COOKIE "=%s; Path=/; Secure; HttpOnly; SameSite=Strict; "
	                             "Max-Age=%" G_GINT64_FORMAT,
	              token, seconds);
}

static json_t *session_show(const User *user, const UserSession *session, const char *token)
{
	guint scopes = scopes_of((const char *const *)user->permissions);
	json_t *permissions = json_array();
	for (guint i = 0; scope_names[i]; i++)
		if (scopes & (1u << i))
			json_array_append_new(permissions, json_string(scope_names[i]));
	g_autofree char *csrf = session_csrf(token);
	g_autofree char *until = clock_format(session->expires_at);
	return json_pack("{s:o, s:o, s:s, s:s}", "user", user_show(user), "permissions",
	                 permissions, "csrf", csrf, "expires_at", until);
}

gboolean login_begin(Db *db, Login *login, GError **error)
{
	const Request *request = login->request;
	const char *agent = request_header(request, "user-agent");
	gint64 now = clock_now();
	g_autofree char *actor = g_strconcat("user:", login->user->name, NULL);
	g_clear_pointer(&login->token, g_free);
	g_clear_pointer(&login->session, user_session_free);
	login->session = session_begin(db, login->user, login->provider_id,
	                               request->address ? request->address : "", agent ? agent : "",
	                               now, &login->token, error);
	return login->session && user_note_login(db, login->user->id, 0, 0, now, error) &&
	       audit_append(db, actor, "session.begin", "user", login->user->id, 0,
	                    json_pack("{s:s, s:s, s:s*}", "address", login->session->address,
	                              "agent", login->session->agent, "provider", login->provider),
	                    NULL, error);
}

static gboolean find_user(Db *db, gpointer data, GError **error)
{
	Login *login = data;
	g_autoptr(GError) problem = NULL;
	g_autofree char *name = account_name(sent_text(login->request, "name"));
	g_clear_pointer(&login->user, user_free);
	login->user = user_find(db, name, &problem);
	if (!problem)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

gboolean login_note_failure(Db *db, gpointer data, GError **error)
{
	const Login *login = data;
	g_autoptr(User) user = user_load(db, login->user->id, error);
	if (!user)
		return FALSE;
	gint64 failures = user->failures + 1;
	gboolean lock = failures % LIMIT_LOGIN_FAILURES == 0;
	gint64 until = lock ? clock_now() + LOCKED_FOR : user->locked_until;
	return user_note_login(db, user->id, failures, until, 0, error) &&
	       (!lock ||
	        audit_append(db, "setup", "user.lock", "user", user->id, 0,
	                     json_pack("{s:I, s:s}", "failures", (json_int_t)failures, "address",
	                               login->request->address ? login->request->address : ""),
	                     NULL, error));
}

/* Whoever was changed while the passphrase was compared is not let in by what counted before. */
static gboolean is_unchanged(Db *db, const User *user, GError **error)
{
	g_autoptr(User) fresh =
		account_lock(db, NULL, error) ? user_load(db, user->id, error) : NULL;
	if (!fresh || fresh->revision == user->revision)
		return fresh != NULL;
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_BUSY,
	                    "this account was changed just now; log in again");
	return FALSE;
}

/* Where a provider is the only way, administrators still have the other: it is what opens the door
 * when the provider does not answer. */
static gboolean may_use_passphrase(Db *db, const User *user, GError **error)
{
	gboolean only_way;
	if (!sign_on_is_only_way(db, &only_way, error))
		return FALSE;
	if (!only_way || (scopes_of((const char *const *)user->permissions) & SCOPE_ADMIN))
		return TRUE;
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_DENIED,
	                    "here only administrators log in with a passphrase; use single "
	                    "sign-on");
	return FALSE;
}

static gboolean write_login(Db *db, gpointer data, GError **error)
{
	Login *login = data;
	const User *user = login->user;
	gboolean taken = TRUE;
	if (!is_unchanged(db, user, error))
		return FALSE;
	if (user->totp_secret &&
	    !account_take_code(db, user, login->request->context->totp_key,
	                       sent_text(login->request, "code"), clock_now(), &taken, error))
		return FALSE;
	if (!taken) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION,
		                    "the code is wrong");
		return FALSE;
	}
	return may_use_passphrase(db, user, error) && login_begin(db, login, error);
}

gboolean login_may_try(const Request *request, GError **error)
{
	return access_may_log_in(request->context->access, request->address ? request->address : "",
	                         error);
}

void login_note_failed(const Request *request)
{
	access_note_failed_login(request->context->access,
	                         request->address ? request->address : "");
}

gboolean login_refuse(GError **error)
{
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION,
	                    "name and passphrase do not fit together, or the account is locked");
	return FALSE;
}

static gboolean refuse(Login *login, GError **error)
{
	const Request *request = login->request;
	login_note_failed(request);
	if (login->user && !db_write(request->context->db, login_note_failure, login, error))
		return FALSE;
	return login_refuse(error);
}

gboolean login_answer(const Login *login, Answer *answer)
{
	answer_json(answer, 201, session_show(login->user, login->session, login->token));
	set_cookie(answer, login->token, SESSION_ABSOLUTE_SECONDS);
	return TRUE;
}

gboolean login_check_site(const Request *request, GError **error)
{
	if (!request_is_from_elsewhere(request))
		return TRUE;
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_DENIED,
	                    "another site may not log anybody in here");
	return FALSE;
}

gboolean session_create(Request *request, Db *unused, Answer *answer, GError **error)
{
	g_auto(Login) login = {.request = request};
	if (!login_check_site(request, error) || !login_may_try(request, error) ||
	    !db_read(request->context->db, find_user, &login, error))
		return FALSE;
	const User *user = login.user;
	gboolean open = user && user->enabled && user->locked_until <= clock_now();
	gboolean right =
		password_matches(user ? user->password : NULL, sent_text(request, "password"));
	if (!right || !open)
		return refuse(&login, error);
	if (user->totp_secret && !sent_has(request, "code")) {
		answer_problem(answer, 401, "code_needed",
		               "the passphrase is right; send \"code\" along, too");
		return TRUE;
	}
	g_autoptr(GError) problem = NULL;
	if (db_write(request->context->db, write_login, &login, &problem))
		return login_answer(&login, answer);
	if (g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION))
		return refuse(&login, error);
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

gboolean session_get(Request *request, Db *db, Answer *answer, GError **error)
{
	const Caller *caller = request->caller;
	if (!caller->session) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND,
		                    "an API key has no session; ask /v1/whoami");
		return FALSE;
	}
	answer_json(answer, 200, session_show(caller->user, caller->session, request->secret));
	return TRUE;
}

/* Where a browser has to go to be logged out at the provider, too; NULL: nowhere. */
static char *logout_url(Db *db, const UserSession *session)
{
	g_autoptr(IdentityProvider) provider =
		session && session->provider_id
			? identity_provider_load(db, session->provider_id, NULL)
			: NULL;
	g_autoptr(json_t) config = provider ? json_parse(provider->config, -1, NULL) : NULL;
	g_autoptr(json_t) metadata = provider ? json_parse(provider->metadata, -1, NULL) : NULL;
	return config && metadata ? oidc_logout_url(config, metadata) : NULL;
}

gboolean session_end(Request *request, Db *db, Answer *answer, GError **error)
{
	const Caller *caller = request->caller;
	g_autofree char *url = logout_url(db, caller->session);
	if (caller->session && (!user_session_end(db, caller->session->id, clock_now(), error) ||
	                        !audit_append(db, request->actor, "session.end", "user",
	                                      caller->user->id, 0, NULL, NULL, error)))
		return FALSE;
	if (url)
		answer_json(answer, 200, json_pack("{s:s}", "logout_url", url));
	else
		answer_nothing(answer);
	set_cookie(answer, "", 0);
	return TRUE;
}

gboolean session_methods(Request *request, Db *db, Answer *answer, GError **error)
{
	gint64 users;
	gboolean only_way;
	g_autoptr(GPtrArray) rows = identity_provider_list(db, error);
	if (!rows || !user_count(db, &users, error) || !sign_on_is_only_way(db, &only_way, error))
		return FALSE;
	json_t *providers = json_array();
	for (guint i = 0; i < rows->len; i++) {
		const IdentityProvider *row = rows->pdata[i];
		if (row->enabled)
			json_array_append_new(providers, json_pack("{s:I, s:s, s:s}", "id",
			                                           (json_int_t)row->id, "name",
			                                           row->name, "kind", row->kind));
	}
	answer_json(answer, 200,
	            json_pack("{s:b, s:o, s:b}", "setup_needed", users == 0, "providers", providers,
	                      "only_way", only_way));
	return TRUE;
}

/* --- the first administrator ------------------------------------------------------------------ */

static gboolean write_setup(Db *db, gpointer data, GError **error)
{
	Login *login = data;
	gint64 last;
	g_autofree char *hash = NULL;
	User *user = login->user;
	if (!setup_token_use(db, sent_text(login->request, "token"), clock_now(), error) ||
	    !account_take_role(db, user, "administrator", error) ||
	    !audit_head(db, &last, &hash, error))
		return FALSE;
	user->revision = last + 1;
	return user_insert(db, user, error) &&
	       audit_append(db, "setup", "user.create", "user", user->id, 0,
	                    json_pack("{s:s, s:s}", "name", user->name, "role", user->role), NULL,
	                    error) &&
	       login_begin(db, login, error);
}

gboolean setup_run(Request *request, Db *unused, Answer *answer, GError **error)
{
	g_auto(Login) login = {.request = request};
	const char *password = sent_text(request, "password");
	const char *display = sent_text(request, "display_name");
	g_autofree char *name = account_name(sent_text(request, "name"));
	if (!login_check_site(request, error) || !password_check(password, name, error))
		return FALSE;
	login.user = g_new0(User, 1);
	login.user->name = g_steal_pointer(&name);
	login.user->display_name = display && *display ? g_strdup(display) : NULL;
	login.user->enabled = login.user->sees_everything = TRUE;
	login.user->created_at = clock_now();
	login.user->password = password_hash(password, error);
	return login.user->password && db_write(request->context->db, write_setup, &login, error) &&
	       login_answer(&login, answer);
}
