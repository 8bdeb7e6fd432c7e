/* Identity providers, as an administrator sets them up, and whom they know.
 *
 * A secret goes in and never comes out: it is sealed here, for the worker alone. */
#include "api/context.h"
#include "api/page.h"
#include "api/resources.h"
#include "api/show.h"
#include "audit/audit.h"
#include "auth/account.h"
#include "auth/secret.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "jobs/jobs.h"
#include "signon/provider.h"
#include "signon/sign_on.h"

#include <string.h>

#define NAME_SENTENCE    "name is 1 to 200 characters, none of them a control character"
#define CONFIG_SENTENCE  "config is an object with the members that the kind of provider has"
#define SECRET_SENTENCE  "secret is an object with the secret members that the kind has"
#define ENABLED_SENTENCE "enabled is true or false"
#define ONLY_SENTENCE    "only_way is true or false"

/* clang-format off */
const Field identity_provider_create_fields[] = {
	{"name",     FIELD_TEXT,    FIELD_REQUIRED, 1, LIMIT_NAME, NULL, NAME_SENTENCE},
	{"kind",     FIELD_TEXT,    FIELD_REQUIRED, 1, LIMIT_NAME, NULL, "kind is one of those that GET /v1/identity-provider-kinds lists"},
	{"enabled",  FIELD_BOOLEAN, 0, 0, 0, NULL, ENABLED_SENTENCE},
	{"only_way", FIELD_BOOLEAN, 0, 0, 0, NULL, ONLY_SENTENCE},
	{"config",   FIELD_OBJECT,  FIELD_REQUIRED, 0, 0, NULL, CONFIG_SENTENCE},
	{"secret",   FIELD_OBJECT,  0, 0, 0, NULL, SECRET_SENTENCE},
	{NULL}
};
const Field identity_provider_update_fields[] = {
	{"name",     FIELD_TEXT,    0, 1, LIMIT_NAME, NULL, NAME_SENTENCE},
	{"enabled",  FIELD_BOOLEAN, 0, 0, 0, NULL, ENABLED_SENTENCE},
	{"only_way", FIELD_BOOLEAN, 0, 0, 0, NULL, ONLY_SENTENCE},
	{"config",   FIELD_OBJECT,  0, 0, 0, NULL, CONFIG_SENTENCE},
	{"secret",   FIELD_OBJECT,  0, 0, 0, NULL, SECRET_SENTENCE},
	{NULL}
};
const Field identity_query[] = {
	PAGE_FIELDS,
	{"user_id", FIELD_INTEGER, 0, 1, G_MAXINT64, NULL, "user_id is the number of a user"},
	{NULL}
};
/* clang-format on */

/* --- kinds --------------------------------------------------------------------------------------
 */

static json_t *kind_show(const ProviderKind *kind)
{
	json_t *members = json_array();
	for (const ConfigMember *member = kind->members; member->name; member++)
		json_array_append_new(members,
		                      show_member(member, provider_member_is_secret(kind, member)));
	return json_pack("{s:s, s:s, s:o}", "name", kind->name, "title", kind->title, "members",
	                 members);
}

gboolean identity_provider_kind_list(Request *request, Db *db, Answer *answer, GError **error)
{
	json_t *items = json_array();
	for (guint i = 0; provider_kinds[i]; i++)
		json_array_append_new(items, kind_show(provider_kinds[i]));
	answer_json(answer, 200, json_pack("{s:o, s:n}", "items", items, "next"));
	return TRUE;
}

/* --- providers ----------------------------------------------------------------------------------
 */

static json_t *provider_show(gconstpointer data)
{
	const IdentityProvider *row = data;
	json_t *to = json_object();
	g_autoptr(json_t) config = show_json(row->config);
	json_object_set_new(to, "id", json_integer(row->id));
	json_object_set_new(to, "revision", json_integer(row->revision));
	json_object_set_new(to, "name", json_text_new(row->name));
	json_object_set_new(to, "kind", json_text_new(row->kind));
	json_object_set_new(to, "enabled", json_boolean(row->enabled));
	json_object_set_new(to, "only_way", json_boolean(row->only_way));
	json_object_set(to, "config", config);
	json_object_set_new(to, "secret_set", show_json(row->secret_names));
	g_autofree char *redirect =
		strcmp(row->kind, "oidc") == 0 ? provider_redirect_url(config) : NULL;
	json_object_set_new(to, "redirect_url", json_text_new(redirect));
	json_object_set_new(to, "state", show_json(row->state ? row->state : "{}"));
	json_object_set_new(to, "created_at", json_time_new(row->created_at));
	return to;
}

static gint64 provider_id(gconstpointer row)
{
	return ((const IdentityProvider *)row)->id;
}

static gboolean answer_provider(Answer *answer, int status, const IdentityProvider *row)
{
	answer_json(answer, status, provider_show(row));
	answer_etag(answer, row->revision);
	answer->live = TRUE;
	if (status == 201)
		answer_header(answer, "Location", "/v1/identity-providers/%" G_GINT64_FORMAT,
		              row->id);
	return TRUE;
}

gboolean identity_provider_list_all(Request *request, Db *db, Answer *answer, GError **error)
{
	Page page;
	g_autoptr(GPtrArray) rows = identity_provider_list(db, error);
	if (!rows || !page_parse(request, &page, error))
		return FALSE;
	page_cut(&page, rows, provider_id);
	page_answer(request, answer, &page, rows, provider_show, provider_id, NULL);
	return TRUE;
}

gboolean identity_provider_get(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(IdentityProvider) row = identity_provider_load(db, request->id, error);
	return row && answer_provider(answer, 200, row);
}

/* Stands for a secret that is sealed, so that what is missing can be told. */
static json_t *placeholders(const IdentityProvider *row)
{
	g_autoptr(json_t) names = show_json(row->secret_names ? row->secret_names : "[]");
	json_t *object = json_object();
	for (gsize i = 0; i < json_array_size(names); i++)
		json_object_set_new(object, json_string_value(json_array_get(names, i)),
		                    json_string("sealed"));
	return object;
}

static gboolean seal(const Request *request, IdentityProvider *row, const json_t *secret,
                     GError **error)
{
	g_autoptr(json_t) names = json_array();
	const char *name;
	json_t *value;
	json_object_foreach ((json_t *)secret, name, value)
		json_array_append_new(names, json_string(name));
	g_free(row->secret_names);
	row->secret_names = json_format(names);
	row->secret = secret_seal(request->context->public_key, secret, error);
	return row->secret != NULL;
}

/* A secret goes to nobody but the one it was given for: where it is sent to is changed only
 * together with it. */
static gboolean check_place(const json_t *before, const json_t *after, gboolean sent,
                            const json_t *secret, GError **error)
{
	static const char *const places[] = {"issuer", "url", "ca_file", NULL};
	for (guint i = 0; before && !sent && json_object_size(secret) && places[i]; i++)
		if (g_strcmp0(provider_text(before, places[i], NULL),
		              provider_text(after, places[i], NULL)) != 0) {
			g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
			            "\"%s\" decides who gets the secret: send the secret again "
			            "along with it",
			            places[i]);
			return FALSE;
		}
	return TRUE;
}

/* Puts what is sent into the row, checked by its kind. */
static gboolean apply(const Request *request, IdentityProvider *row, GError **error)
{
	const ProviderKind *kind = provider_kind_find(row->kind);
	if (!kind) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		                    "kind is one of those that GET /v1/identity-provider-kinds "
		                    "lists");
		return FALSE;
	}
	g_autoptr(json_t) before = row->config ? show_json(row->config) : NULL;
	g_autoptr(json_t) merged = before ? json_deep_copy(before) : json_object();
	const json_t *sent = json_object_get(request->body, "config");
	if (sent)
		json_object_update(merged, (json_t *)sent);
	g_autoptr(json_t) config = show_without_nulls(merged);
	const json_t *sent_secret = json_object_get(request->body, "secret");
	g_autoptr(json_t) secret =
		sent_secret ? show_without_nulls(sent_secret) : placeholders(row);
	sent_take_text(request, "name", &row->name);
	row->enabled = json_bool(request->body, "enabled", row->enabled);
	row->only_way = json_bool(request->body, "only_way", row->only_way);
	if (!provider_config_check(kind, config, secret, error) ||
	    !check_place(before, config, sent_secret != NULL, secret, error))
		return FALSE;
	g_free(row->config);
	row->config = json_format(config);
	g_clear_pointer(&row->secret, g_bytes_unref); /* NULL keeps what is stored */
	return !sent_secret || seal(request, row, secret, error);
}

/* The roles that groups are to give are there, and somebody can still get in without a provider. */
static gboolean check_roles(Db *db, const IdentityProvider *row, GError **error)
{
	gboolean has;
	g_autoptr(json_t) config = show_json(row->config);
	const json_t *rules = json_object_get(config, "roles");
	const char *fallback = provider_text(config, "default_role", NULL);
	g_autoptr(User) nobody = g_new0(User, 1);
	for (gsize i = 0; i < json_array_size(rules); i++) {
		const char *role = strrchr(json_string_value(json_array_get(rules, i)), '=') + 1;
		g_autofree char *name = g_strstrip(g_strdup(role));
		if (!account_take_role(db, nobody, name, error))
			return FALSE;
	}
	if ((fallback && !account_take_role(db, nobody, fallback, error)) ||
	    !account_lock(db, &has, error))
		return FALSE;
	if (!row->only_way || !row->enabled || has)
		return TRUE;
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
	                    "no administrator could log in with a passphrase when the provider "
	                    "does not answer; make one first");
	return FALSE;
}

gboolean identity_provider_create(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(IdentityProvider) row = g_new0(IdentityProvider, 1);
	sent_take_text(request, "kind", &row->kind);
	row->enabled = TRUE;
	row->secret_names = g_strdup("[]");
	row->created_at = clock_now();
	if (!apply(request, row, error) || !check_roles(db, row, error) ||
	    !identity_provider_insert(db, row, error) ||
	    !audit_append(db, request->actor, "identity_provider.create", "identity_provider",
	                  row->id, 0,
	                  json_pack("{s:s, s:s, s:o}", "name", row->name, "kind", row->kind,
	                            "config", show_json(row->config)),
	                  &row->revision, error))
		return FALSE;
	g_clear_pointer(&row->secret, g_bytes_unref);
	return identity_provider_update(db, row, 0, error) && answer_provider(answer, 201, row);
}

gboolean identity_provider_patch(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(IdentityProvider) row = identity_provider_load(db, request->id, error);
	if (!row || !request_if_match(request, row->revision, error))
		return FALSE;
	gint64 expected = row->revision;
	gboolean was_enabled = row->enabled;
	g_autoptr(json_t) before = provider_show(row);
	if (!apply(request, row, error) || !check_roles(db, row, error))
		return FALSE;
	g_autoptr(json_t) after = provider_show(row);
	json_t *changes = show_changes(request->body, before, after);
	if (row->secret) {
		changes = changes ? changes : json_object();
		json_object_set_new(changes, "secret", json_string("replaced"));
	}
	if (!changes)
		return answer_provider(answer, 200, row);
	if (!audit_append(db, request->actor, "identity_provider.update", "identity_provider",
	                  row->id, 0,
	                  json_pack("{s:s, s:o}", "name", row->name, "changes", changes),
	                  &row->revision, error) ||
	    !identity_provider_update(db, row, expected, error) ||
	    (was_enabled && !row->enabled &&
	     !user_session_end_provider(db, row->id, clock_now(), error)))
		return FALSE;
	g_autoptr(IdentityProvider) saved = identity_provider_load(db, row->id, error);
	return saved && answer_provider(answer, 200, saved);
}

gboolean identity_provider_remove(Request *request, Db *db, Answer *answer, GError **error)
{
	gint64 revision, now = clock_now();
	g_autoptr(IdentityProvider) row = identity_provider_load(db, request->id, error);
	if (!row || !request_if_match(request, row->revision, error) ||
	    !audit_append(db, request->actor, "identity_provider.delete", "identity_provider",
	                  row->id, 0, json_pack("{s:s}", "name", row->name), &revision, error) ||
	    !identity_provider_delete(db, row->id, now, revision, error) ||
	    !user_session_end_provider(db, row->id, now, error))
		return FALSE;
	answer_nothing(answer);
	return TRUE;
}

gboolean identity_provider_check_start(Request *request, Db *db, Answer *answer, GError **error)
{
	gint64 job;
	g_autoptr(IdentityProvider) row = identity_provider_load(db, request->id, error);
	return row &&
	       job_queue(db, "provider.check", NULL, NULL, PRIORITY_INTERACTIVE, 0,
	                 json_pack("{s:I}", "provider", (json_int_t)row->id), &job, error) &&
	       audit_append(db, request->actor, "provider.check", "identity_provider", row->id, 0,
	                    json_pack("{s:s, s:I}", "name", row->name, "job", (json_int_t)job),
	                    NULL, error) &&
	       job_answer_queued(answer, db, job, error);
}

/* --- whom they know -----------------------------------------------------------------------------
 */

static json_t *identity_show(gconstpointer data)
{
	const UserIdentity *row = data;
	return json_pack("{s:I, s:I, s:s, s:I, s:s, s:s, s:s, s:o, s:o}", "id", (json_int_t)row->id,
	                 "user_id", (json_int_t)row->user_id, "user", row->user, "provider_id",
	                 (json_int_t)row->provider_id, "provider", row->provider, "issuer",
	                 row->issuer, "subject", row->subject, "created_at",
	                 json_time_new(row->created_at), "last_login_at",
	                 json_time_new(row->last_login_at));
}

static gint64 identity_id(gconstpointer row)
{
	return ((const UserIdentity *)row)->id;
}

gboolean identity_list(Request *request, Db *db, Answer *answer, GError **error)
{
	Page page;
	g_autoptr(GPtrArray) rows = user_identity_list(db, query_int(request, "user_id", 0), error);
	if (!rows || !page_parse(request, &page, error))
		return FALSE;
	page_cut(&page, rows, identity_id);
	page_answer(request, answer, &page, rows, identity_show, identity_id, NULL);
	return TRUE;
}

gboolean identity_remove(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(UserIdentity) row = user_identity_load(db, request->id, error);
	if (!row || !user_identity_delete(db, row->id, error) ||
	    !user_session_end_all(db, row->user_id, 0, clock_now(), NULL, error) ||
	    !audit_append(db, request->actor, "identity.unlink", "user", row->user_id, 0,
	                  json_pack("{s:s, s:s, s:s}", "name", row->user, "issuer", row->issuer,
	                            "subject", row->subject),
	                  NULL, error))
		return FALSE;
	answer_nothing(answer);
	return TRUE;
}
