/* Cursors and pages.
 *
 * A cursor says where the next page begins and, as a short hash, of which list: one that is used
 * with other filters would silently skip rows, so it is refused. It is no secret and grants
 * nothing. A full page always offers a next one, which may turn out empty; that is cheaper than
 * looking one row ahead. */
#include "api/page.h"

#include "api/context.h"
#include "api/routes.h"
#include "base/error.h"
#include "base/limits.h"
#include "store/audit.h"

#include <string.h>

/* Of the list: its path and filters, without what moves through it. */
static char *list_hash(const Request *request)
{
	g_autoptr(json_t) filters = json_copy(request->query);
	json_object_del(filters, "limit");
	json_object_del(filters, "cursor");
	char *sorted = json_dumps(filters, JSON_COMPACT | JSON_SORT_KEYS);
	/* What is seen is a part of it: when that changes, pages of before do not fit. */
	const Sight *sight = request->sight;
	g_autofree char *list =
		sight->everything
			? g_strconcat(request->path, "?", sorted, NULL)
			: g_strdup_printf("%s?%s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT,
	                                  request->path, sorted, sight->viewer, sight->revision);
	free(sorted);
	char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, list, -1);
	hash[12] = '\0';
	return hash;
}

static char *base64url(const char *text)
{
	char *coded = g_base64_encode((const guchar *)text, strlen(text));
	g_strdelimit(g_strdelimit(coded, "+", '-'), "/", '_');
	coded[strcspn(coded, "=")] = '\0';
	return coded;
}

static char *base64url_decode(const char *coded)
{
	if (strspn(coded, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") !=
	    strlen(coded))
		return NULL;
	g_autofree char *padded = g_strconcat(coded, "===", NULL);
	padded[(strlen(coded) + 3) / 4 * 4] = '\0';
	g_strdelimit(g_strdelimit(padded, "-", '+'), "_", '/');
	gsize size;
	g_autofree guchar *bytes = g_base64_decode(padded, &size);
	return g_utf8_validate((const char *)bytes, (gssize)size, NULL)
	               ? g_strndup((const char *)bytes, size)
	               : NULL;
}

/* @order: by what else than the id the list is ordered, or 0. */
static char *format_cursor(const Request *request, gint64 id, gint64 order)
{
	g_autofree char *hash = list_hash(request);
	g_autofree char *plain =
		g_strdup_printf("%s.%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT, hash, id, order);
	return base64url(plain);
}

char *page_cursor(const Request *request, gint64 id)
{
	return format_cursor(request, id, 0);
}

static gboolean parse_cursor(const Request *request, const char *cursor, Page *page)
{
	g_autofree char *plain = base64url_decode(cursor);
	g_auto(GStrv) parts = g_strsplit(plain ? plain : "", ".", 4);
	g_autofree char *hash = list_hash(request);
	gint64 id, order;
	if (g_strv_length(parts) != 3 || strcmp(parts[0], hash) != 0 ||
	    !g_ascii_string_to_signed(parts[1], 10, 1, G_MAXINT64, &id, NULL) ||
	    !g_ascii_string_to_signed(parts[2], 10, 0, G_MAXINT64, &order, NULL))
		return FALSE;
	if (page->feed) {
		page->changed_since = order;
		page->after_id = id;
	} else {
		page->before_id = id;
		page->before_need = order;
	}
	return TRUE;
}

gboolean page_parse(const Request *request, Page *page, GError **error)
{
	*page = (Page){
		.sight = request->sight,
		.limit = (guint)query_int(request, "limit", LIMIT_PAGE_DEFAULT),
		.feed = query_int(request, "changed_since", -1) >= 0,
		.changed_since = query_int(request, "changed_since", 0),
	};
	const char *cursor = query_text(request, "cursor");
	if (!cursor || parse_cursor(request, cursor, page))
		return TRUE;
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
	                    "this cursor is not of this list with these filters");
	return FALSE;
}

gboolean page_check_feed(const Page *page, Db *db, GError **error)
{
	gint64 newest = 0;
	if (!page->feed || page->after_id)
		return TRUE;
	if (page->changed_since && page->changed_since < page->sight->revision) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
		            "what you see was changed by revision %" G_GINT64_FORMAT
		            ": forget what you have, and begin again with changed_since=0",
		            page->sight->revision);
		return FALSE;
	}
	if (!audit_last(db, &newest, error))
		return FALSE;
	if (page->changed_since <= newest)
		return TRUE;
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
	            "there is no revision %" G_GINT64_FORMAT " yet, the newest is %" G_GINT64_FORMAT
	            "; was a backup restored? Begin again with changed_since=0",
	            page->changed_since, newest);
	return FALSE;
}

void page_link(const Request *request, Answer *answer, const char *name, const char *value)
{
	g_autoptr(GString) query = g_string_new(NULL);
	g_auto(GStrv) parts = g_strsplit(request->query_text ? request->query_text : "", "&", -1);
	g_autofree char *replaced = g_strconcat(name, "=", NULL);
	for (char **part = parts; *part; part++)
		if (**part && !g_str_has_prefix(*part, replaced))
			g_string_append_printf(query, "%s&", *part);
	g_string_append_printf(query, "%s%s", replaced, value);
	/* The query is as the client sent it: only what may stand in a header goes back. */
	for (char *p = query->str; *p; p++)
		if (*p <= ' ' || *p == '<' || *p == '>' || *p == '"' || *p == 0x7f)
			*p = '_';
	answer_header(answer, "Link", "<%s?%s>; rel=\"next\"", request->path, query->str);
}

static gboolean is_full(const Page *page, const GPtrArray *rows)
{
	return rows->len && rows->len >= page->limit;
}

gboolean page_find_gone(Request *request, Db *db, const Page *page, const GPtrArray *rows,
                        RowNumber order, GError **error)
{
	if (!page->feed)
		return TRUE;
	gint64 to = is_full(page, rows) ? order(rows->pdata[rows->len - 1]) : G_MAXINT64;
	g_autoptr(GArray) ids =
		sight_gone(db, page->sight, page->changed_since, to, &request->gone_until, error);
	json_decref(request->gone);
	request->gone = ids ? json_array() : NULL;
	for (guint i = 0; ids && i < ids->len; i++)
		json_array_append_new(request->gone, json_integer(g_array_index(ids, gint64, i)));
	return ids != NULL;
}

void page_answer(const Request *request, Answer *answer, const Page *page, const GPtrArray *rows,
                 RowShow show, RowNumber id, RowNumber order)
{
	json_t *items = json_array();
	for (guint i = 0; i < rows->len; i++)
		json_array_append_new(items, show(rows->pdata[i]));
	gconstpointer last = rows->len ? rows->pdata[rows->len - 1] : NULL;
	gboolean more = is_full(page, rows);
	json_t *document = json_object();
	json_object_set_new(document, "items", items);
	if (more) {
		gboolean ordered = page->feed || page->by_need;
		g_autofree char *next = format_cursor(request, id(last), ordered ? order(last) : 0);
		json_object_set_new(document, "next", json_string(next));
		page_link(request, answer, "cursor", next);
	} else {
		json_object_set_new(document, "next", json_null());
	}
	/* Further rows of the last revision may be on the next page: who stops here sees the whole
	 * revision again rather than a part of it never. */
	if (page->feed) {
		gint64 since = last ? order(last) - (more ? 1 : 0) : page->changed_since;
		/* All that is seen was shown: from here on, not from the last row. */
		if (!more)
			since = MAX(since, MAX(request->gone_until, page->sight->revision));
		json_object_set_new(document, "changed_since", json_integer(since));
		if (request->gone)
			json_object_set(document, "gone_incidents", request->gone);
	}
	answer_json(answer, 200, document);
}

static gint compare_newest_first(gconstpointer a, gconstpointer b, gpointer number)
{
	gint64 left = ((RowNumber)number)(*(gconstpointer const *)a);
	gint64 right = ((RowNumber)number)(*(gconstpointer const *)b);
	return left < right ? 1 : left > right ? -1 : 0;
}

void page_cut(const Page *page, GPtrArray *rows, RowNumber id)
{
	guint first = 0;
	g_ptr_array_sort_with_data(rows, compare_newest_first, (gpointer)id);
	while (page->before_id && first < rows->len && id(rows->pdata[first]) >= page->before_id)
		first++;
	g_ptr_array_remove_range(rows, 0, first);
	if (rows->len > page->limit)
		g_ptr_array_set_size(rows, (gint)page->limit);
}
