/* What a person does with the own account, and where people are logged in. */
#include "auth/account.h"
#include "api/access.h"
#include "api/context.h"
#include "api/page.h"
#include "api/resources.h"
#include "api/show.h"
#include "audit/audit.h"
#include "auth/password.h"
#include "auth/secret.h"
#include "auth/totp.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"

/* clang-format off */
const Field account_update_fields[] = {
	{"display_name", FIELD_TEXT,    FIELD_NULLABLE, 0, LIMIT_NAME, NULL, "display_name is at most 200 characters, none of them a control character, or null"},
	{"email",        FIELD_ADDRESS, FIELD_NULLABLE, 0, 0,          NULL, "email is an SMTP address, or null"},
	{NULL}
};
const Field account_password_fields[] = {
	{"old",      FIELD_TEXT, FIELD_REQUIRED, 1, PASSWORD_MAX, NULL, "old is the passphrase that counts now"},
	{"password", FIELD_TEXT, FIELD_REQUIRED, 1, PASSWORD_MAX, NULL, "password is 12 characters or more, none of them a control character"},
	{NULL}
};
const Field account_proof_fields[] = {
	{"password", FIELD_TEXT, FIELD_REQUIRED, 1, PASSWORD_MAX, NULL, "password is the passphrase that counts now"},
	{NULL}
};
const Field totp_confirm_fields[] = {
	{"code", FIELD_TEXT, FIELD_REQUIRED, 1, 40, NULL, "code is what the authenticator shows"},
	{NULL}
};
const Field session_query[] = {
	PAGE_FIELDS,
	{"user_id", FIELD_INTEGER, 0, 1, G_MAXINT64, NULL, "user_id is the number of a user"},
	{NULL}
};
/* clang-format on */

static gboolean is_person(const Request *request, GError **error)
{
	if (request->caller->user)
		return TRUE;
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND,
	                    "an API key has no account; ask /v1/whoami");
	return FALSE;
}

static gboolean answer_account(Answer *answer, const User *user)
{
	answer_json(answer, 200, user_show(user));
	answer_etag(answer, user->revision);
	answer->live = TRUE;
	return TRUE;
}

gboolean account_get(Request *request, Db *db, Answer *answer, GError **error)
{
	return is_person(request, error) && answer_account(answer, request->caller->user);
}

gboolean account_patch(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(User) user = is_person(request, error) && account_lock(db, NULL, error)
	                               ? user_load(db, request->caller->user->id, error)
	                               : NULL;
	if (!user || !request_if_match(request, user->revision, error))
		return FALSE;
	gint64 expected = user->revision;
	g_autoptr(json_t) before = user_show(user);
	sent_take_text(request, "display_name", &user->display_name);
	if (sent_has(request, "email")) {
		g_free(user->email);
		user->email = sent_address(request, "email");
	}
	g_autoptr(json_t) after = user_show(user);
	json_t *changes = show_changes(request->body, before, after);
	if (changes &&
	    (!audit_append(db, request->actor, "user.update", "user", user->id, 0,
	                   json_pack("{s:s, s:o}", "name", user->name, "changes", changes),
	                   &user->revision, error) ||
	     !user_update(db, user, expected, error)))
		return FALSE;
	return answer_account(answer, user);
}

/* --- the own passphrase ----------------------------------------------------------------------- */

typedef struct {
	const Request *request;
	char *hash; /* of the new one */
	User *user; /* as it is after the change */
} NewPassword;

static void new_password_clear(NewPassword *change)
{
	g_clear_pointer(&change->hash, g_free);
	g_clear_pointer(&change->user, user_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NewPassword, new_password_clear)

/* The session that asks goes on; whoever else is in with the old passphrase is out. */
static gboolean write_password(Db *db, gpointer data, GError **error)
{
	NewPassword *change = data;
	const Caller *caller = change->request->caller;
	g_clear_pointer(&change->user, user_free);
	User *user = change->user =
		account_lock(db, NULL, error) ? user_load(db, caller->user->id, error) : NULL;
	if (!user)
		return FALSE;
	g_free(user->password);
	user->password = g_strdup(change->hash);
	return audit_append(db, change->request->actor, "user.password", "user", user->id, 0,
	                    json_pack("{s:s}", "name", user->name), &user->revision, error) &&
	       user_update(db, user, 0, error) &&
	       user_session_end_all(db, user->id, caller->session->id, clock_now(), NULL, error);
}

/* Guessing is as slow here as at the door. */
static gboolean check_old(const Request *request, const char *member, GError **error)
{
	const char *address = request->address ? request->address : "";
	Access *access = request->context->access;
	if (!access_may_log_in(access, address, error))
		return FALSE;
	if (password_matches(request->caller->user->password, sent_text(request, member)))
		return TRUE;
	access_note_failed_login(access, address);
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_DENIED,
	                    "this is not the passphrase that counts now");
	return FALSE;
}

gboolean account_set_password(Request *request, Db *unused, Answer *answer, GError **error)
{
	g_auto(NewPassword) change = {.request = request};
	const char *password = sent_text(request, "password");
	return is_person(request, error) && check_old(request, "old", error) &&
	       password_check(password, request->caller->user->name, error) &&
	       (change.hash = password_hash(password, error)) &&
	       db_write(request->context->db, write_password, &change, error) &&
	       answer_account(answer, change.user);
}

/* --- codes of an authenticator ---------------------------------------------------------------- */

typedef struct {
	const Request *request;
	GBytes *secret; /* that is offered */
	json_t *codes;  /* new recovery codes, or NULL */
} Totp;

static void totp_clear(Totp *totp)
{
	g_clear_pointer(&totp->secret, g_bytes_unref);
	json_decref(totp->codes);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Totp, totp_clear)

/* The person who asks, whose codes are on as they have to be, locked until the end. */
static User *load_for_totp(Db *db, const Totp *totp, gboolean on, GError **error)
{
	g_autoptr(User) user = account_lock(db, NULL, error)
	                               ? user_load(db, totp->request->caller->user->id, error)
	                               : NULL;
	if (!user || (user->totp_secret != NULL) == on)
		return g_steal_pointer(&user);
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
	                    on ? "this account has no codes" : "this account has codes already");
	return NULL;
}

static gboolean write_offer(Db *db, gpointer data, GError **error)
{
	Totp *totp = data;
	g_autoptr(User) user = load_for_totp(db, totp, FALSE, error);
	if (!user)
		return FALSE;
	g_autofree char *purpose = account_purpose(user->id);
	g_clear_pointer(&user->totp_offered, g_bytes_unref);
	user->totp_offered =
		secret_wrap(totp->request->context->totp_key, purpose, totp->secret, error);
	return user->totp_offered &&
	       audit_append(db, totp->request->actor, "user.totp_offer", "user", user->id, 0,
	                    json_pack("{s:s}", "name", user->name), &user->revision, error) &&
	       user_update(db, user, 0, error);
}

gboolean account_totp_offer(Request *request, Db *unused, Answer *answer, GError **error)
{
	g_auto(Totp) totp = {.request = request};
	if (!is_person(request, error) || !check_old(request, "password", error))
		return FALSE;
	totp.secret = totp_secret_new();
	if (!db_write(request->context->db, write_offer, &totp, error))
		return FALSE;
	g_autofree char *text = totp_secret_format(totp.secret);
	g_autofree char *uri = totp_uri(totp.secret, request->caller->user->name);
	answer_json(answer, 200, json_pack("{s:s, s:s}", "secret", text, "uri", uri));
	return TRUE;
}

static gboolean write_recovery_codes(Db *db, Totp *totp, gint64 user_id, GError **error)
{
	g_autoptr(GPtrArray) hashes = g_ptr_array_new_with_free_func(g_free);
	json_decref(totp->codes);
	totp->codes = json_array();
	for (guint i = 0; i < TOTP_RECOVERY_CODES; i++) {
		g_autofree char *code = totp_recovery_new();
		json_array_append_new(totp->codes, json_string(code));
		g_ptr_array_add(hashes, totp_recovery_hash(code));
	}
	return user_set_recovery_codes(db, user_id, hashes, error);
}

/* The step of the code that proves that the secret arrived; 0 with an error. */
static gint64 find_proof(const Totp *totp, const User *user, GError **error)
{
	const Request *request = totp->request;
	if (!user->totp_offered) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
		                    "ask for a secret first");
		return 0;
	}
	g_autofree char *purpose = account_purpose(user->id);
	g_autoptr(GBytes) secret =
		secret_unwrap(request->context->totp_key, purpose, user->totp_offered, error);
	if (!secret)
		return 0;
	gint64 step = totp_find_step(secret, sent_text(request, "code"), clock_now());
	if (!step)
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		                    "code is not what the authenticator shows now; is its clock "
		                    "right?");
	return step;
}

static gboolean write_totp(Db *db, gpointer data, GError **error)
{
	Totp *totp = data;
	gboolean taken;
	const Caller *caller = totp->request->caller;
	g_autoptr(User) user = load_for_totp(db, totp, FALSE, error);
	gint64 step = user ? find_proof(totp, user, error) : 0;
	if (!step)
		return FALSE;
	user->totp_secret = g_steal_pointer(&user->totp_offered);
	return audit_append(db, totp->request->actor, "user.totp_on", "user", user->id, 0,
	                    json_pack("{s:s}", "name", user->name), &user->revision, error) &&
	       user_update(db, user, 0, error) &&
	       user_take_totp_step(db, user->id, step, &taken, error) &&
	       write_recovery_codes(db, totp, user->id, error) &&
	       user_session_end_all(db, user->id, caller->session->id, clock_now(), NULL, error);
}

static gboolean answer_codes(Answer *answer, const Totp *totp)
{
	answer_json(answer, 200, json_pack("{s:O}", "recovery_codes", totp->codes));
	return TRUE;
}

gboolean account_totp_confirm(Request *request, Db *unused, Answer *answer, GError **error)
{
	g_auto(Totp) totp = {.request = request};
	return is_person(request, error) &&
	       db_write(request->context->db, write_totp, &totp, error) &&
	       answer_codes(answer, &totp);
}

static gboolean write_no_totp(Db *db, gpointer data, GError **error)
{
	Totp *totp = data;
	g_autoptr(User) user = load_for_totp(db, totp, TRUE, error);
	if (!user)
		return FALSE;
	g_clear_pointer(&user->totp_secret, g_bytes_unref);
	return audit_append(db, totp->request->actor, "user.totp_off", "user", user->id, 0,
	                    json_pack("{s:s}", "name", user->name), &user->revision, error) &&
	       user_update(db, user, 0, error) &&
	       user_set_recovery_codes(db, user->id, NULL, error);
}

gboolean account_totp_remove(Request *request, Db *unused, Answer *answer, GError **error)
{
	g_auto(Totp) totp = {.request = request};
	if (!is_person(request, error) || !check_old(request, "password", error) ||
	    !db_write(request->context->db, write_no_totp, &totp, error))
		return FALSE;
	answer_nothing(answer);
	return TRUE;
}

static gboolean write_new_codes(Db *db, gpointer data, GError **error)
{
	Totp *totp = data;
	g_autoptr(User) user = load_for_totp(db, totp, TRUE, error);
	return user && write_recovery_codes(db, totp, user->id, error) &&
	       audit_append(db, totp->request->actor, "user.recovery_codes", "user", user->id, 0,
	                    json_pack("{s:s}", "name", user->name), NULL, error);
}

gboolean account_recovery_codes(Request *request, Db *unused, Answer *answer, GError **error)
{
	g_auto(Totp) totp = {.request = request};
	return is_person(request, error) && check_old(request, "password", error) &&
	       db_write(request->context->db, write_new_codes, &totp, error) &&
	       answer_codes(answer, &totp);
}

/* --- sessions --------------------------------------------------------------------------------- */

static gboolean is_own(const Request *request, gint64 user_id)
{
	return request->caller->user && request->caller->user->id == user_id;
}

static gboolean sees_sessions(const Request *request)
{
	return (request->scopes & SCOPE_ADMIN) && request->sight->everything;
}

static json_t *row_show(gconstpointer row)
{
	return user_session_show(row);
}

static gint64 row_id(gconstpointer row)
{
	return ((const UserSession *)row)->id;
}

gboolean session_list_some(Request *request, Db *db, Answer *answer, GError **error)
{
	Page page;
	gint64 now = clock_now(), user_id = query_int(request, "user_id", 0);
	gboolean all = sees_sessions(request);
	/* Those of others are not there for who may not see them. */
	if (!all && user_id == 0 && request->caller->user)
		user_id = request->caller->user->id;
	g_autoptr(GPtrArray) rows = user_session_list(db, user_id, now, error);
	if (!rows || !page_parse(request, &page, error))
		return FALSE;
	for (guint i = rows->len; i-- > 0;) {
		const UserSession *session = rows->pdata[i];
		if (!session_is_good(session, now) || !(all || is_own(request, session->user_id)))
			g_ptr_array_remove_index(rows, i);
	}
	page_cut(&page, rows, row_id);
	page_answer(request, answer, &page, rows, row_show, row_id, NULL);
	return TRUE;
}

gboolean session_end_one(Request *request, Db *db, Answer *answer, GError **error)
{
	gint64 now = clock_now();
	g_autoptr(UserSession) session = user_session_load(db, request->id, error);
	if (!session)
		return FALSE;
	gboolean may = sees_sessions(request) || is_own(request, session->user_id);
	if (!may || !session_is_good(session, now)) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND,
		            "no session %" G_GINT64_FORMAT, request->id);
		return FALSE;
	}
	if (!user_session_end(db, session->id, now, error) ||
	    !audit_append(
		    db, request->actor, "session.end", "user", session->user_id, 0,
		    json_pack("{s:s, s:s}", "name", session->user, "address", session->address),
		    NULL, error))
		return FALSE;
	answer_nothing(answer);
	return TRUE;
}
