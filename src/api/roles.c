/* Roles: sets of permissions. Those that came with Trawl stay as they are. */
#include "api/page.h"
#include "api/resources.h"
#include "api/show.h"
#include "audit/audit.h"
#include "auth/account.h"
#include "auth/api_key_auth.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"

/* clang-format off */
#define ROLE_FIELDS(flags) \
	{"name", FIELD_TEXT, flags, 1, LIMIT_NAME, NULL, \
	 "name is 1 to 200 characters, none of them a control character"}, \
	{"description", FIELD_PROSE, 0, 0, LIMIT_DESCRIPTION, NULL, \
	 "description is at most 4000 characters of text"}, \
	{"permissions", FIELD_NAMES, flags, 1, 0, scope_names, \
	 "permissions is an array of read, content, triage, respond, configure, admin, approve, audit, vip and hold, at least one of them, each once"}

const Field role_create_fields[] = {ROLE_FIELDS(FIELD_REQUIRED), {NULL}};
const Field role_update_fields[] = {ROLE_FIELDS(0), {NULL}};
/* clang-format on */

static json_t *row_show(gconstpointer row)
{
	return user_role_show(row);
}

static gint64 row_id(gconstpointer row)
{
	return ((const UserRole *)row)->id;
}

gboolean role_list_all(Request *request, Db *db, Answer *answer, GError **error)
{
	Page page;
	g_autoptr(GPtrArray) rows = user_role_list(db, error);
	if (!rows || !page_parse(request, &page, error))
		return FALSE;
	page_cut(&page, rows, row_id);
	page_answer(request, answer, &page, rows, row_show, row_id, NULL);
	return TRUE;
}

static gboolean answer_role(Answer *answer, int status, const UserRole *role)
{
	answer_json(answer, status, user_role_show(role));
	answer_etag(answer, role->revision);
	if (status == 201)
		answer_header(answer, "Location", "/v1/roles/%" G_GINT64_FORMAT, role->id);
	return TRUE;
}

gboolean role_get(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(UserRole) role = user_role_load(db, request->id, error);
	return role && answer_role(answer, 200, role);
}

static char **sent_permissions(const Request *request)
{
	const json_t *names = json_object_get(request->body, "permissions");
	GStrvBuilder *builder = g_strv_builder_new();
	for (gsize i = 0; i < json_array_size(names); i++)
		g_strv_builder_add(builder, json_string_value(json_array_get(names, i)));
	char **permissions = g_strv_builder_end(builder);
	g_strv_builder_unref(builder);
	return permissions;
}

static void apply(const Request *request, UserRole *role)
{
	sent_take_text(request, "name", &role->name);
	sent_take_text(request, "description", &role->description);
	if (!sent_has(request, "permissions"))
		return;
	g_strfreev(role->permissions);
	role->permissions = sent_permissions(request);
}

gboolean role_create(Request *request, Db *db, Answer *answer, GError **error)
{
	gint64 last;
	g_autofree char *hash = NULL;
	g_autoptr(UserRole) role = g_new0(UserRole, 1);
	role->description = g_strdup("");
	apply(request, role);
	/* The chain is held from here on, so the record that follows gets the next number. */
	if (!audit_head(db, &last, &hash, error))
		return FALSE;
	role->revision = last + 1;
	return user_role_insert(db, role, error) &&
	       audit_append(db, request->actor, "role.create", "role", role->id, 0,
	                    json_pack("{s:o}", "role", user_role_show(role)), NULL, error) &&
	       answer_role(answer, 201, role);
}

/* A role that may be changed. */
static UserRole *load_custom(const Request *request, Db *db, GError **error)
{
	g_autoptr(UserRole) role = user_role_load(db, request->id, error);
	if (!role || !request_if_match(request, role->revision, error))
		return NULL;
	if (!role->built_in)
		return g_steal_pointer(&role);
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
	            "the role \"%s\" came with Trawl and stays as it is; make one of your own",
	            role->name);
	return NULL;
}

/* What is open with rights that the role has no more is closed; what it may now in addition counts
 * from the next request. */
static gboolean end_outdated(Db *db, gint64 role_id, guint taken, GError **error)
{
	g_autoptr(GPtrArray) users = taken ? user_list(db, error) : NULL;
	if (!users)
		return !taken;
	for (guint i = 0; i < users->len; i++) {
		const User *user = users->pdata[i];
		if (user->role_id == role_id &&
		    !user_session_end_all(db, user->id, 0, clock_now(), NULL, error))
			return FALSE;
	}
	return TRUE;
}

gboolean role_patch(Request *request, Db *db, Answer *answer, GError **error)
{
	gboolean had;
	g_autoptr(UserRole) role =
		account_lock(db, &had, error) ? load_custom(request, db, error) : NULL;
	if (!role)
		return FALSE;
	gint64 expected = role->revision;
	guint before = scopes_of((const char *const *)role->permissions);
	g_autoptr(json_t) from = user_role_show(role);
	apply(request, role);
	guint after = scopes_of((const char *const *)role->permissions);
	g_autoptr(json_t) to = user_role_show(role);
	json_t *changes = show_changes(request->body, from, to);
	if (changes &&
	    (!audit_append(db, request->actor, "role.update", "role", role->id, 0,
	                   json_pack("{s:s, s:o}", "name", role->name, "changes", changes),
	                   &role->revision, error) ||
	     !user_role_update(db, role, expected, error) ||
	     !end_outdated(db, role->id, before & ~after, error) ||
	     !account_keep_administrator(db, had, error)))
		return FALSE;
	return answer_role(answer, 200, role);
}

gboolean role_remove(Request *request, Db *db, Answer *answer, GError **error)
{
	gint64 users;
	gboolean had;
	g_autoptr(UserRole) role =
		account_lock(db, &had, error) ? load_custom(request, db, error) : NULL;
	if (!role || !user_role_count_users(db, role->id, &users, error))
		return FALSE;
	if (users) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
		            "%" G_GINT64_FORMAT " people have this role; give them another first",
		            users);
		return FALSE;
	}
	if (!audit_append(db, request->actor, "role.delete", "role", role->id, 0,
	                  json_pack("{s:s}", "name", role->name), NULL, error) ||
	    !user_role_delete(db, role->id, error))
		return FALSE;
	answer_nothing(answer);
	return TRUE;
}
