/* Views of the queue: filters with a name, a person's own or shared with all, and the columns that
 * a person likes.
 *
 * Who sees incidents may keep views; sharing one takes the right to judge, because everybody works
 * by it then; who sees what their teams do, by those of who is in them. A view that is not shared
 * is its owner's alone, and for others there is none. */
#include "api/page.h"
#include "api/resources.h"
#include "api/show.h"
#include "audit/audit.h"
#include "auth/api_key_auth.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "store/view.h"

/* In the order of the console's menu. */
static const char *const column_names[] = {
	"id",       "severity", "title",  "need",    "verdict", "kind",   "reports", "alerts",
	"assignee", "team",     "opened", "waiting", "updated", "closed", "reason",  NULL};
#define PREFERENCE "incident_columns"

/* clang-format off */
#define COLUMNS_SENTENCE \
	"is an array of id, severity, title, need, verdict, kind, reports, alerts, assignee, team, opened, waiting, updated, closed and reason, each once"
#define VIEW_FIELDS(flags) \
	{"name", FIELD_TEXT, flags, 1, LIMIT_NAME, NULL, \
	 "name is 1 to 200 characters, none of them a control character"}, \
	{"filter", FIELD_TEXT, flags, 1, LIMIT_FILTER, NULL, \
	 "filter is 1 to 1000 characters, as the console takes them"}, \
	{"columns", FIELD_NAMES, 0, 0, 0, column_names, "columns " COLUMNS_SENTENCE}, \
	{"shared", FIELD_BOOLEAN, 0, 0, 0, NULL, "shared is true or false"}

const Field view_create_fields[] = {VIEW_FIELDS(FIELD_REQUIRED), {NULL}};
const Field view_update_fields[] = {VIEW_FIELDS(0), {NULL}};
const Field preference_fields[] = {
	{PREFERENCE, FIELD_NAMES, 0, 0, 0, column_names, PREFERENCE " " COLUMNS_SENTENCE},
	{NULL}
};
/* clang-format on */

static json_t *row_show(gconstpointer row)
{
	return saved_view_show(row);
}

static gint64 row_id(gconstpointer row)
{
	return ((const SavedView *)row)->id;
}

static gint64 person_id(const Request *request)
{
	return request->caller->user ? request->caller->user->id : 0;
}

static gboolean is_person(const Request *request, GError **error)
{
	if (request->caller->user)
		return TRUE;
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
	                    "an API key has no views and no preferences; log in as a person");
	return FALSE;
}

gboolean view_list_some(Request *request, Db *db, Answer *answer, GError **error)
{
	Page page;
	g_autoptr(GPtrArray) rows = saved_view_list(db, request->sight, person_id(request), error);
	if (!rows || !page_parse(request, &page, error))
		return FALSE;
	page_cut(&page, rows, row_id);
	page_answer(request, answer, &page, rows, row_show, row_id, NULL);
	return TRUE;
}

static gboolean answer_view(Answer *answer, int status, const SavedView *view)
{
	answer_json(answer, status, saved_view_show(view));
	answer_etag(answer, view->revision);
	if (status == 201)
		answer_header(answer, "Location", "/v1/views/%" G_GINT64_FORMAT, view->id);
	return TRUE;
}

/* One that the caller may see; of others it is not even said that they are there. */
static SavedView *load_visible(const Request *request, Db *db, GError **error)
{
	g_autoptr(SavedView) view = saved_view_load(db, request->id, error);
	if (!view || view->shared || view->owner_id == person_id(request))
		return g_steal_pointer(&view);
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND, "no view %" G_GINT64_FORMAT,
	            request->id);
	return NULL;
}

/* Shared ones are tended by administrators too: their owner may have left. */
static SavedView *load_to_change(const Request *request, Db *db, GError **error)
{
	g_autoptr(SavedView) view = load_visible(request, db, error);
	if (!view || !request_if_match(request, view->revision, error))
		return NULL;
	if (view->owner_id == person_id(request) || (request->scopes & SCOPE_ADMIN))
		return g_steal_pointer(&view);
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_DENIED,
	            "this view is %s's; save one of your own", view->owner);
	return NULL;
}

static gboolean may_share(Request *request, GError **error)
{
	return request_needs(request, SCOPE_TRIAGE, error,
	                     "sharing a view takes the permission \"triage\"");
}

static char **sent_columns(const Request *request, const char *name)
{
	const json_t *names = json_object_get(request->body, name);
	g_autoptr(GStrvBuilder) columns = g_strv_builder_new();
	for (gsize i = 0; i < json_array_size(names); i++)
		g_strv_builder_add(columns, json_string_value(json_array_get(names, i)));
	return g_strv_builder_end(columns);
}

/* Sharing is a decision, and so is ending it: both take the right to share. */
static gboolean apply(Request *request, SavedView *view, GError **error)
{
	gboolean shared = view->shared;
	sent_take_text(request, "name", &view->name);
	sent_take_text(request, "filter", &view->filter);
	if (sent_has(request, "columns") || !view->columns) {
		g_strfreev(view->columns);
		view->columns = sent_columns(request, "columns");
	}
	if (sent_has(request, "shared"))
		view->shared = json_bool(request->body, "shared", FALSE);
	return (!shared && !view->shared) || may_share(request, error);
}

static gboolean say_taken(GError **error)
{
	if (!error || !g_error_matches(*error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT))
		return FALSE;
	g_clear_error(error);
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
	                    "there is a view of yours with this name already");
	return FALSE;
}

gboolean view_get(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(SavedView) view = load_visible(request, db, error);
	return view && answer_view(answer, 200, view);
}

gboolean view_create(Request *request, Db *db, Answer *answer, GError **error)
{
	gint64 last, count;
	g_autofree char *hash = NULL;
	g_autoptr(SavedView) view = g_new0(SavedView, 1);
	/* The chain is held from here on, so nobody counts at the same time. */
	if (!is_person(request, error) || !apply(request, view, error) ||
	    !audit_head(db, &last, &hash, error) ||
	    !saved_view_count(db, person_id(request), &count, error))
		return FALSE;
	if (count >= LIMIT_VIEWS) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_LIMIT,
		            "you have %d views, which is the limit; delete one first", LIMIT_VIEWS);
		return FALSE;
	}
	view->owner_id = person_id(request);
	view->owner = g_strdup(request->caller->user->name);
	view->created_at = clock_now();
	view->revision = last + 1;
	if (!saved_view_insert(db, view, error))
		return say_taken(error);
	return audit_append(db, request->actor, "view.create", "view", view->id, 0,
	                    json_pack("{s:o}", "view", saved_view_show(view)), NULL, error) &&
	       answer_view(answer, 201, view);
}

gboolean view_patch(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(SavedView) view = load_to_change(request, db, error);
	if (!view)
		return FALSE;
	gint64 expected = view->revision;
	g_autoptr(json_t) before = saved_view_show(view);
	if (!apply(request, view, error))
		return FALSE;
	g_autoptr(json_t) after = saved_view_show(view);
	json_t *changes = show_changes(request->body, before, after);
	if (changes &&
	    !audit_append(db, request->actor, "view.update", "view", view->id, 0,
	                  json_pack("{s:s, s:o}", "name", view->name, "changes", changes),
	                  &view->revision, error))
		return FALSE;
	if (changes && !saved_view_update(db, view, expected, error))
		return say_taken(error);
	return answer_view(answer, 200, view);
}

gboolean view_remove(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(SavedView) view = load_to_change(request, db, error);
	if (!view || (view->shared && !may_share(request, error)) ||
	    !audit_append(db, request->actor, "view.delete", "view", view->id, 0,
	                  json_pack("{s:s}", "name", view->name), NULL, error) ||
	    !saved_view_delete(db, view->id, error))
		return FALSE;
	answer_nothing(answer);
	return TRUE;
}

/* --- preferences --------------------------------------------------------------------------------
 */

static gboolean answer_preferences(const Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autofree char *columns =
		user_preference_load(db, person_id(request), PREFERENCE, &problem);
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	json_t *document = json_object();
	json_object_set_new(document, PREFERENCE, show_json(columns ? columns : "[]"));
	answer_json(answer, 200, document);
	return TRUE;
}

gboolean preferences_get(Request *request, Db *db, Answer *answer, GError **error)
{
	return is_person(request, error) && answer_preferences(request, db, answer, error);
}

gboolean preferences_patch(Request *request, Db *db, Answer *answer, GError **error)
{
	if (!is_person(request, error))
		return FALSE;
	const json_t *columns = json_object_get(request->body, PREFERENCE);
	g_autofree char *text = json_array_size(columns) ? json_format(columns) : NULL;
	if (columns &&
	    (!audit_append(db, request->actor, "user.preferences", "user", person_id(request), 0,
	                   json_pack("{s:O}", PREFERENCE, columns), NULL, error) ||
	     !user_preference_save(db, person_id(request), PREFERENCE, text, error)))
		return FALSE;
	return answer_preferences(request, db, answer, error);
}
