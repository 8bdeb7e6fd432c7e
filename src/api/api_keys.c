/* API keys: made, shown once, revoked. */
#include "api/page.h"
#include "api/resources.h"
#include "api/show.h"
#include "audit/audit.h"
#include "auth/account.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"

#include <string.h>

/* clang-format off */
const Field api_key_create_fields[] = {
	{"name",       FIELD_TEXT,  FIELD_REQUIRED, 1, LIMIT_NAME, NULL, "name is 1 to 200 characters, none of them a control character"},
	{"scopes",     FIELD_NAMES, FIELD_REQUIRED, 1, 0, scope_names,   "scopes is an array of read, content, triage, respond, configure, admin, approve, audit, vip and hold, at least one of them, each once"},
	{"owner",      FIELD_TEXT,  FIELD_NULLABLE, 1, LIMIT_NAME, NULL, "owner is the name of a user, or null: nobody's"},
	{"sight",      FIELD_NAME,  0, 0, 0, sight_names,                "sight is everything or teams"},
	{"expires_at", FIELD_TIME,  FIELD_NULLABLE, 0, 0, NULL,          "expires_at is a time in the future as RFC 3339 writes it, or null: never"},
	{NULL}
};
/* clang-format on */

static json_t *row_show(gconstpointer row)
{
	return api_key_show(row);
}

static gint64 row_id(gconstpointer row)
{
	return ((const ApiKey *)row)->id;
}

gboolean api_key_list_all(Request *request, Db *db, Answer *answer, GError **error)
{
	Page page;
	g_autoptr(GPtrArray) rows = api_key_list(db, error);
	if (!rows || !page_parse(request, &page, error))
		return FALSE;
	page_cut(&page, rows, row_id);
	page_answer(request, answer, &page, rows, row_show, row_id, NULL);
	return TRUE;
}

/* What a repetition of the request is told: the key itself is nowhere any more. */
static GBytes *without_key(json_t *document)
{
	g_autoptr(json_t) copy = json_copy(document);
	json_object_set_new(copy, "key", json_null());
	char *text = json_format(copy);
	return g_bytes_new_take(text, strlen(text));
}

static gboolean parse_expiry(const Request *request, gint64 *expires_at, GError **error)
{
	*expires_at = 0;
	const char *written = sent_text(request, "expires_at");
	if (!written || (clock_parse(written, expires_at) && *expires_at > clock_now()))
		return TRUE;
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
	                    "expires_at is a time in the future as RFC 3339 writes it, or null: "
	                    "never");
	return FALSE;
}

/* Whose it is, and what it sees: a person's what they do, so there is nothing to say. */
static gboolean apply_sight(const Request *request, Db *db, ApiKey *key, GError **error)
{
	g_autoptr(GError) problem = NULL;
	const char *sent = sent_text(request, "owner"), *sight = sent_text(request, "sight");
	key->sees_everything = g_strcmp0(sight, sight_names[1]) != 0;
	if (!sent)
		return TRUE;
	g_autofree char *name = account_name(sent);
	g_autoptr(User) owner = user_find(db, name, &problem);
	if (owner && !sight) {
		key->owner_id = owner->id;
		key->owner = g_steal_pointer(&name);
		return TRUE;
	}
	if (!problem)
		g_set_error(&problem, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		            owner ? "a key that is %s's sees what they do: leave sight out"
		                  : "owner is the name of a user; there is none called \"%s\"",
		            sent);
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

gboolean api_key_create(Request *request, Db *db, Answer *answer, GError **error)
{
	gint64 expires_at;
	g_autofree char *text = NULL;
	g_autoptr(GPtrArray) scopes = g_ptr_array_new();
	const json_t *names = json_object_get(request->body, "scopes");
	for (gsize i = 0; i < json_array_size(names); i++)
		g_ptr_array_add(scopes, (gpointer)json_string_value(json_array_get(names, i)));
	g_ptr_array_add(scopes, NULL);
	if (!parse_expiry(request, &expires_at, error))
		return FALSE;
	gint64 last;
	g_autofree char *hash = NULL;
	g_autoptr(ApiKey) key =
		api_key_make(sent_text(request, "name"), (const char *const *)scopes->pdata,
	                     request->actor, expires_at, &text, error);
	/* The chain is held from here on, so the record that follows gets the next number. */
	if (!key || !apply_sight(request, db, key, error) || !audit_head(db, &last, &hash, error))
		return FALSE;
	key->revision = key->sight_revision = last + 1;
	if (!api_key_insert(db, key, error) ||
	    !audit_append(db, request->actor, "api_key.create", "api_key", key->id, 0,
	                  json_pack("{s:s, s:O, s:s*, s:s}", "name", key->name, "scopes", names,
	                            "owner", key->owner, "sight",
	                            sight_names[key->sees_everything ? 0 : 1]),
	                  NULL, error))
		return FALSE;
	json_t *document = api_key_show(key);
	json_object_set_new(document, "key", json_string(text));
	answer->kept = without_key(document);
	answer_json(answer, 201, document);
	answer_header(answer, "Location", "/v1/api-keys/%" G_GINT64_FORMAT, key->id);
	return TRUE;
}

static gboolean is_good(const ApiKey *key, gint64 now)
{
	return !key->revoked_at && (!key->expires_at || key->expires_at > now);
}

/* Whether it may do everything, by itself. */
static gboolean is_admin(const ApiKey *key)
{
	return (api_key_scopes(key) & SCOPE_ADMIN) && key->sees_everything && !key->owner_id;
}

/* The key @id, and how many other good keys may do everything. */
static const ApiKey *find_key(GPtrArray *keys, gint64 id, guint *other_admins)
{
	const ApiKey *found = NULL;
	*other_admins = 0;
	for (guint i = 0; i < keys->len; i++) {
		const ApiKey *key = keys->pdata[i];
		if (key->id == id)
			found = key;
		else if (is_good(key, clock_now()) && is_admin(key))
			++*other_admins;
	}
	return found;
}

gboolean api_key_revoke_one(Request *request, Db *db, Answer *answer, GError **error)
{
	gint64 now = clock_now(), revision;
	guint other_admins;
	g_autoptr(GPtrArray) keys = api_key_list(db, error);
	if (!keys)
		return FALSE;
	const ApiKey *key = find_key(keys, request->id, &other_admins);
	if (!key) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND,
		            "no API key %" G_GINT64_FORMAT, request->id);
		return FALSE;
	}
	if (!request_if_match(request, key->revision, error))
		return FALSE;
	if (key->revoked_at || (other_admins == 0 && is_admin(key))) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
		                    key->revoked_at ? "this key is revoked already"
		                                    : "this is the last key with the scope "
		                                      "\"admin\"; make another one first");
		return FALSE;
	}
	if (!audit_append(db, request->actor, "api_key.revoke", "api_key", key->id, 0,
	                  json_pack("{s:s}", "name", key->name), &revision, error) ||
	    !api_key_revoke(db, key->id, now, revision, error))
		return FALSE;
	answer_nothing(answer);
	return TRUE;
}
