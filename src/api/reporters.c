/* Who reports, and how right they are. What is counted is kept a second or two behind. */
#include "api/page.h"
#include "api/resources.h"
#include "api/show.h"
#include "base/limits.h"
#include "store/figures.h"

static const char *const order_names[] = {
	[REPORTERS_BY_LAST] = "last",
	[REPORTERS_BY_REPORTS] = "reports",
	[REPORTERS_BY_RIGHT] = "right",
	[REPORTERS_BY_WRONG] = "wrong",
	NULL,
};

/* clang-format off */
const Field reporter_query[] = {
	PAGE_FIELDS,
	{"sort", FIELD_NAME, 0, 0, 0, order_names,         "sort is last, reports, right or wrong"},
	{"q",    FIELD_TEXT, 0, 1, LIMIT_NAME, NULL,       "q is 1 to 200 characters of an address or name"},
	{NULL}
};
/* clang-format on */

static json_t *row_show(gconstpointer row)
{
	return reporter_show(row);
}

static gint64 row_id(gconstpointer row)
{
	return ((const Reporter *)row)->id;
}

#define ORDER(function, order)                                                                     \
	static gint64 function(gconstpointer row)                                                  \
	{                                                                                          \
		return reporter_order(row, order);                                                 \
	}
ORDER(row_last, REPORTERS_BY_LAST)
ORDER(row_reports, REPORTERS_BY_REPORTS)
ORDER(row_right, REPORTERS_BY_RIGHT)
ORDER(row_wrong, REPORTERS_BY_WRONG)

gboolean reporter_list_some(Request *request, Db *db, Answer *answer, GError **error)
{
	static const RowNumber orders[] = {
		[REPORTERS_BY_LAST] = row_last,
		[REPORTERS_BY_REPORTS] = row_reports,
		[REPORTERS_BY_RIGHT] = row_right,
		[REPORTERS_BY_WRONG] = row_wrong,
	};
	Page page;
	if (!page_parse(request, &page, error))
		return FALSE;
	ReporterOrder order = (ReporterOrder)MAX(query_name(request, "sort", order_names), 0);
	g_autoptr(GPtrArray) rows =
		reporter_list(db, order, query_text(request, "q"), &page, error);
	if (!rows)
		return FALSE;
	page.by_need = TRUE; /* ordered by more than the id */
	page_answer(request, answer, &page, rows, row_show, row_id, orders[order]);
	return TRUE;
}

gboolean reporter_get(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(Reporter) reporter = reporter_load(db, request->sight, request->id, error);
	if (!reporter)
		return FALSE;
	answer_json(answer, 200, reporter_show(reporter));
	answer->live = TRUE;
	return TRUE;
}
