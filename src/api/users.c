/* People, as an administrator sees them: made, changed, locked out, deleted.
 *
 * Whoever loses rights, passphrase or account loses the sessions that were begun with them, in the
 * same transaction. A passphrase is hashed outside any transaction, for that takes long. */
#include "api/context.h"
#include "api/page.h"
#include "api/resources.h"
#include "api/show.h"
#include "audit/audit.h"
#include "auth/account.h"
#include "auth/password.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"

#include <string.h>

/* clang-format off */
#define NAME_FIELD \
	{"name", FIELD_TEXT, FIELD_REQUIRED, 1, LIMIT_NAME, NULL, \
	 "name is 1 to 200 characters, none of them a control character"}
#define COMMON_FIELDS(flags) \
	{"display_name", FIELD_TEXT, FIELD_NULLABLE, 0, LIMIT_NAME, NULL, \
	 "display_name is at most 200 characters, none of them a control character, or null"}, \
	{"email", FIELD_ADDRESS, FIELD_NULLABLE, 0, 0, NULL, \
	 "email is an SMTP address, or null"}, \
	{"role", FIELD_TEXT, flags, 1, LIMIT_NAME, NULL, \
	 "role is the name of a role"}, \
	{"enabled", FIELD_BOOLEAN, 0, 0, 0, NULL, \
	 "enabled is true or false"}, \
	{"sight", FIELD_NAME, 0, 0, 0, sight_names, \
	 "sight is everything or teams"}
#define PASSWORD_FIELD(flags) \
	{"password", FIELD_TEXT, flags, 1, PASSWORD_MAX, NULL, \
	 "password is 12 characters or more, none of them a control character"}

const Field user_create_fields[] = {NAME_FIELD, COMMON_FIELDS(FIELD_REQUIRED), PASSWORD_FIELD(0), {NULL}};
const Field user_update_fields[] = {COMMON_FIELDS(0), {NULL}};
const Field password_fields[] = {PASSWORD_FIELD(FIELD_REQUIRED), {NULL}};
/* clang-format on */

static json_t *row_show(gconstpointer row)
{
	return user_show(row);
}

static gint64 row_id(gconstpointer row)
{
	return ((const User *)row)->id;
}

gboolean user_list_all(Request *request, Db *db, Answer *answer, GError **error)
{
	Page page;
	g_autoptr(GPtrArray) rows = user_list(db, error);
	if (!rows || !page_parse(request, &page, error))
		return FALSE;
	page_cut(&page, rows, row_id);
	page_answer(request, answer, &page, rows, row_show, row_id, NULL);
	return TRUE;
}

static gboolean answer_user(Answer *answer, int status, const User *user)
{
	answer_json(answer, status, user_show(user));
	answer_etag(answer, user->revision);
	answer->live = TRUE; /* when a person was last here is in no revision */
	if (status == 201)
		answer_header(answer, "Location", "/v1/users/%" G_GINT64_FORMAT, user->id);
	return TRUE;
}

gboolean user_get(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(User) user = user_load(db, request->id, error);
	return user && answer_user(answer, 200, user);
}

/* What is sent, into @user; the role is looked up. */
static gboolean apply(const Request *request, Db *db, User *user, GError **error)
{
	sent_take_text(request, "display_name", &user->display_name);
	if (sent_has(request, "email")) {
		g_free(user->email);
		user->email = sent_address(request, "email");
	}
	user->enabled = json_bool(request->body, "enabled", user->enabled);
	if (sent_has(request, "sight"))
		user->sees_everything = strcmp(sent_text(request, "sight"), sight_names[0]) == 0;
	return !sent_has(request, "role") ||
	       account_take_role(db, user, sent_text(request, "role"), error);
}

/* --- made ------------------------------------------------------------------------------------- */

typedef struct {
	const Request *request;
	char *hash; /* of the passphrase that was sent, or NULL */
	User *user; /* as it is after the change */
} Change;

static void change_clear(Change *change)
{
	g_clear_pointer(&change->hash, g_free);
	g_clear_pointer(&change->user, user_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Change, change_clear)

static gboolean write_user(Db *db, gpointer data, GError **error)
{
	gint64 last;
	g_autofree char *hash = NULL;
	Change *change = data;
	const Request *request = change->request;
	g_clear_pointer(&change->user, user_free);
	User *user = change->user = g_new0(User, 1);
	user->name = account_name(sent_text(request, "name"));
	user->password = g_strdup(change->hash);
	user->enabled = user->sees_everything = TRUE;
	user->created_at = clock_now();
	if (!apply(request, db, user, error) || !audit_head(db, &last, &hash, error))
		return FALSE;
	user->revision = user->sight_revision = last + 1;
	return user_insert(db, user, error) &&
	       audit_append(db, request->actor, "user.create", "user", user->id, 0,
	                    json_pack("{s:s, s:s}", "name", user->name, "role", user->role), NULL,
	                    error);
}

gboolean user_create(Request *request, Db *unused, Answer *answer, GError **error)
{
	g_auto(Change) change = {.request = request};
	const char *password = sent_text(request, "password");
	g_autofree char *name = account_name(sent_text(request, "name"));
	if (password && (!password_check(password, name, error) ||
	                 !(change.hash = password_hash(password, error))))
		return FALSE;
	if (db_write(request->context->db, write_user, &change, error))
		return answer_user(answer, 201, change.user);
	if (error && g_error_matches(*error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT)) {
		g_clear_error(error);
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
		            "there is a user called \"%s\" already", name);
	}
	return FALSE;
}

/* --- changed ---------------------------------------------------------------------------------- */

/* Who may do something else now, or nothing, begins anew. */
static gboolean end_outdated(Db *db, const User *before, const User *after, GError **error)
{
	gboolean outdated = before->role_id != after->role_id ||
	                    (before->enabled && !after->enabled) ||
	                    before->sees_everything != after->sees_everything;
	return !outdated || user_session_end_all(db, after->id, 0, clock_now(), NULL, error);
}

static gboolean write_changes(const Request *request, Db *db, const User *before, User *user,
                              GError **error)
{
	g_autoptr(json_t) from = user_show(before);
	g_autoptr(json_t) to = user_show(user);
	json_t *changes = show_changes(request->body, from, to);
	if (!changes)
		return TRUE;
	if (!audit_append(db, request->actor, "user.update", "user", user->id, 0,
	                  json_pack("{s:s, s:o}", "name", user->name, "changes", changes),
	                  &user->revision, error))
		return FALSE;
	if (before->sees_everything != user->sees_everything)
		user->sight_revision = user->revision;
	return user_update(db, user, before->revision, error) &&
	       end_outdated(db, before, user, error);
}

gboolean user_patch(Request *request, Db *db, Answer *answer, GError **error)
{
	gboolean had;
	if (!account_lock(db, &had, error))
		return FALSE;
	g_autoptr(User) before = user_load(db, request->id, error);
	g_autoptr(User) user = before ? user_load(db, request->id, error) : NULL;
	return user && request_if_match(request, before->revision, error) &&
	       apply(request, db, user, error) && write_changes(request, db, before, user, error) &&
	       account_keep_administrator(db, had, error) && answer_user(answer, 200, user);
}

gboolean user_remove(Request *request, Db *db, Answer *answer, GError **error)
{
	gboolean had;
	gint64 revision, now = clock_now();
	if (!account_lock(db, &had, error))
		return FALSE;
	g_autoptr(User) user = user_load(db, request->id, error);
	if (!user || !request_if_match(request, user->revision, error) ||
	    !audit_append(db, request->actor, "user.delete", "user", user->id, 0,
	                  json_pack("{s:s}", "name", user->name), &revision, error) ||
	    !user_delete(db, user->id, now, revision, error) ||
	    !user_session_end_all(db, user->id, 0, now, NULL, error) ||
	    !account_keep_administrator(db, had, error))
		return FALSE;
	answer_nothing(answer);
	return TRUE;
}

static gboolean find_user(Db *db, gpointer data, GError **error)
{
	Change *change = data;
	g_clear_pointer(&change->user, user_free);
	change->user = user_load(db, change->request->id, error);
	return change->user != NULL;
}

static gboolean write_password(Db *db, gpointer data, GError **error)
{
	Change *change = data;
	g_clear_pointer(&change->user, user_free);
	User *user = change->user =
		account_lock(db, NULL, error) ? user_load(db, change->request->id, error) : NULL;
	if (!user || !request_if_match(change->request, user->revision, error))
		return FALSE;
	g_free(user->password);
	user->password = g_strdup(change->hash);
	user->locked_until = 0;
	return audit_append(db, change->request->actor, "user.password", "user", user->id, 0,
	                    json_pack("{s:s}", "name", user->name), &user->revision, error) &&
	       user_update(db, user, 0, error) && user_note_login(db, user->id, 0, 0, 0, error) &&
	       user_session_end_all(db, user->id, 0, clock_now(), NULL, error);
}

gboolean user_set_password(Request *request, Db *unused, Answer *answer, GError **error)
{
	g_auto(Change) change = {.request = request};
	const char *password = sent_text(request, "password");
	DbPool *db = request->context->db;
	if (request->caller->user && request->caller->user->id == request->id) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
		                    "your own passphrase is changed with the old one, at "
		                    "/v1/account/password");
		return FALSE;
	}
	return db_read(db, find_user, &change, error) &&
	       password_check(password, change.user->name, error) &&
	       (change.hash = password_hash(password, error)) &&
	       db_write(db, write_password, &change, error) &&
	       answer_user(answer, 200, change.user);
}

gboolean user_remove_totp(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(User) user =
		account_lock(db, NULL, error) ? user_load(db, request->id, error) : NULL;
	if (!user)
		return FALSE;
	if (!user->totp_secret) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND,
		                    "this user logs in without codes");
		return FALSE;
	}
	g_clear_pointer(&user->totp_secret, g_bytes_unref);
	if (!audit_append(db, request->actor, "user.totp_off", "user", user->id, 0,
	                  json_pack("{s:s}", "name", user->name), &user->revision, error) ||
	    !user_update(db, user, 0, error) || !user_set_recovery_codes(db, user->id, NULL, error))
		return FALSE;
	answer_nothing(answer);
	return TRUE;
}

gboolean user_unlock(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(User) user =
		account_lock(db, NULL, error) ? user_load(db, request->id, error) : NULL;
	if (!user)
		return FALSE;
	user->failures = user->locked_until = 0;
	return audit_append(db, request->actor, "user.unlock", "user", user->id, 0,
	                    json_pack("{s:s}", "name", user->name), &user->revision, error) &&
	       user_update(db, user, 0, error) && user_note_login(db, user->id, 0, 0, 0, error) &&
	       answer_user(answer, 200, user);
}

gboolean user_end_sessions(Request *request, Db *db, Answer *answer, GError **error)
{
	gint64 ended = 0;
	g_autoptr(User) user = user_load(db, request->id, error);
	if (!user || !user_session_end_all(db, user->id, 0, clock_now(), &ended, error) ||
	    !audit_append(db, request->actor, "user.end_sessions", "user", user->id, 0,
	                  json_pack("{s:s, s:I}", "name", user->name, "ended", (json_int_t)ended),
	                  NULL, error))
		return FALSE;
	answer_nothing(answer);
	return TRUE;
}
