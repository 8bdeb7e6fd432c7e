/* Full text search. What a message says is looked into only for callers who may see content; when
 * an answer shows some of it, that is a look, and recorded before it is granted. */
#include "search/find.h"

#include "api/context.h"
#include "api/page.h"
#include "api/resources.h"
#include "api/seen.h"
#include "api/show.h"
#include "audit/audit.h"
#include "base/limits.h"

/* clang-format off */
const Field search_query_fields[] = {
	PAGE_FIELDS,
	{"q", FIELD_TEXT, 0, 1, LIMIT_SEARCH_TEXT, NULL, "q is 1 to 500 characters to look for"},
	{NULL}
};
/* clang-format on */

typedef struct {
	const Request *request;
	SearchQuery *query;
	Page page;
	gboolean content;
	SearchResult *result;
} Search;

static void search_clear(Search *search)
{
	g_clear_pointer(&search->query, search_query_free);
	g_clear_pointer(&search->result, search_result_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Search, search_clear)

static gboolean run(Db *db, gpointer data, GError **error)
{
	Search *search = data;
	g_clear_pointer(&search->result, search_result_free);
	search->result = search_find(db, search->request->sight, search->query, search->content,
	                             (search->request->scopes & SCOPE_VIP) != 0,
	                             search->page.before_id, search->page.limit, error);
	for (guint i = 0; search->result && i < search->result->hits->len; i++) {
		SearchHit *hit = search->result->hits->pdata[i];
		if (!seen_text(db, search->request->sight, &hit->incident->findings, error))
			return FALSE;
	}
	return search->result != NULL;
}

/* The numbers of the incidents of whose message something is shown; NULL: of none. */
static json_t *bodies_shown(const SearchResult *result)
{
	g_autoptr(json_t) ids = json_array();
	for (guint i = 0; i < result->hits->len; i++) {
		const SearchHit *hit = result->hits->pdata[i];
		if (hit->body)
			json_array_append_new(ids, json_integer(hit->incident->id));
	}
	return json_array_size(ids) ? g_steal_pointer(&ids) : NULL;
}

static gboolean write_look(Db *db, gpointer data, GError **error)
{
	const Search *search = data;
	return audit_append(db, search->request->actor, "search.look", "search", 0, 0,
	                    json_pack("{s:s, s:o}", "q", query_text(search->request, "q"),
	                              "incidents", bodies_shown(search->result)),
	                    NULL, error);
}

gboolean search_run(Request *request, Db *unused, Answer *answer, GError **error)
{
	const char *text = query_text(request, "q");
	g_auto(Search)
		search = {.request = request, .content = (request->scopes & SCOPE_CONTENT) != 0};
	if (!page_parse(request, &search.page, error) ||
	    !(search.query = search_query_parse(text ? text : "", error)) ||
	    !db_read(request->context->db, run, &search, error))
		return FALSE;
	const SearchResult *result = search.result;
	g_autoptr(json_t) shown = bodies_shown(result);
	if (shown && !db_write(request->context->db, write_look, &search, error))
		return FALSE;
	json_t *items = json_array();
	for (guint i = 0; i < result->hits->len; i++) {
		const SearchHit *hit = result->hits->pdata[i];
		json_array_append_new(items, json_pack("{s:o, s:O}", "incident",
		                                       incident_show(hit->incident), "snippets",
		                                       hit->snippets));
	}
	g_autofree char *next = result->next ? page_cursor(request, result->next) : NULL;
	answer_json(answer, 200,
	            json_pack("{s:o, s:s?, s:o}", "items", items, "next", next, "total",
	                      result->total < 0 ? json_null() : json_integer(result->total)));
	answer->live = TRUE;
	if (next)
		page_link(request, answer, "cursor", next);
	return TRUE;
}
