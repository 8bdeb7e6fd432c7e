/* Responses: pulling the copies of an incident's original, putting them back, and the ledger of
 * what became of each. */
#include "api/page.h"
#include "api/resources.h"
#include "api/seen.h"
#include "api/show.h"
#include "base/error.h"
#include "base/limits.h"
#include "model/names.h"
#include "quarantine/quarantine.h"
#include "store/incident.h"
#include "store/response.h"

/* clang-format off */
const Field response_query[] = {
	PAGE_FIELDS,
	FEED_FIELDS,
	{"state",       FIELD_NAME,    0, 0, 0, response_state_names, "state is planned, running, done or cancelled"},
	{"kind",        FIELD_NAME,    0, 0, 0, response_kind_names,  "kind is quarantine or restore"},
	{"incident_id", FIELD_INTEGER, 0, 1, G_MAXINT64, NULL,        "incident_id is the number of an incident"},
	{NULL}
};

const Field response_create_fields[] = {
	{"kind",        FIELD_NAME,    FIELD_REQUIRED, 0, 0, response_kind_names, "kind is quarantine or restore"},
	{"of_response", FIELD_INTEGER, FIELD_NULLABLE, 1, G_MAXINT64, NULL, "of_response is the number of the quarantine that a restore undoes; null: all of the incident"},
	{"of_result",   FIELD_INTEGER, FIELD_NULLABLE, 1, G_MAXINT64, NULL, "of_result is the number of the one copy that a restore puts back; null: all"},
	{"comment",     FIELD_PROSE,   FIELD_NULLABLE, 0, LIMIT_DESCRIPTION, NULL, "comment is at most 4000 characters of text"},
	{NULL}
};

const Field result_query[] = {
	PAGE_FIELDS,
	{"status", FIELD_NAME, 0, 0, 0, copy_status_names, "status is one of those that a quarantine result can have"},
	{NULL}
};
/* clang-format on */

static json_t *row_show(gconstpointer row)
{
	return response_show(row);
}

static gint64 row_id(gconstpointer row)
{
	return ((const Response *)row)->id;
}

static gint64 row_revision(gconstpointer row)
{
	return ((const Response *)row)->revision;
}

static gboolean answer_list(Request *request, Db *db, const ResponseFilter *filter, Answer *answer,
                            GError **error)
{
	Page page;
	if (!page_parse(request, &page, error) || !page_check_feed(&page, db, error))
		return FALSE;
	g_autoptr(GPtrArray) rows = response_list_filtered(db, filter, &page, error);
	if (!rows || !page_find_gone(request, db, &page, rows, row_revision, error))
		return FALSE;
	page_answer(request, answer, &page, rows, row_show, row_id, row_revision);
	return TRUE;
}

gboolean response_list_some(Request *request, Db *db, Answer *answer, GError **error)
{
	const ResponseFilter filter = {
		.state = query_name(request, "state", response_state_names),
		.kind = query_name(request, "kind", response_kind_names),
		.incident_id = query_int(request, "incident_id", 0),
	};
	return answer_list(request, db, &filter, answer, error);
}

gboolean incident_responses(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(Incident) incident = incident_load(db, request->id, error);
	const ResponseFilter filter = {.state = -1, .kind = -1, .incident_id = request->id};
	return incident && answer_list(request, db, &filter, answer, error);
}

gboolean response_get(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(Response) response = response_load(db, request->id, error);
	if (!response)
		return FALSE;
	answer_json(answer, 200, response_show(response));
	answer_etag(answer, response->revision);
	return TRUE;
}

gboolean incident_respond(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(Response) wanted = g_new0(Response, 1);
	wanted->incident_id = request->id;
	wanted->kind = (ResponseKind)names_find(response_kind_names, sent_text(request, "kind"));
	wanted->of_response_id = json_int(request->body, "of_response", 0);
	wanted->of_result_id = json_int(request->body, "of_result", 0);
	wanted->requested_by = g_strdup(request->actor);
	sent_take_text(request, "comment", &wanted->comment);
	if ((wanted->of_response_id || wanted->of_result_id) && wanted->kind != RESPONSE_RESTORE) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		                    "of_response and of_result go only with kind restore");
		return FALSE;
	}
	if ((wanted->of_response_id &&
	     !sight_check(db, request->sight, SEEN_RESPONSE, wanted->of_response_id, error)) ||
	    !response_request(db, wanted, error))
		return FALSE;
	g_autoptr(Response) response = response_load(db, wanted->id, error);
	if (!response)
		return FALSE;
	answer_json(answer, 202, response_show(response));
	answer_etag(answer, response->revision);
	answer_header(answer, "Location", "/v1/responses/%" G_GINT64_FORMAT, response->id);
	return TRUE;
}

static json_t *result_row_show(gconstpointer row)
{
	return quarantine_result_show(row);
}

static gint64 result_row_id(gconstpointer row)
{
	return ((const QuarantineResult *)row)->id;
}

static gboolean seen_results(Db *db, const Sight *sight, const GPtrArray *rows, GError **error)
{
	for (guint i = 0; i < rows->len; i++) {
		QuarantineResult *row = rows->pdata[i];
		if (!seen_text(db, sight, &row->reason, error) ||
		    !seen_text(db, sight, &row->restore_reason, error))
			return FALSE;
	}
	return TRUE;
}

gboolean response_results(Request *request, Db *db, Answer *answer, GError **error)
{
	Page page;
	g_autoptr(Response) response = response_load(db, request->id, error);
	if (!response || !page_parse(request, &page, error))
		return FALSE;
	const QuarantineResultFilter filter = {
		.response_id = response->id,
		.status = query_name(request, "status", copy_status_names),
	};
	g_autoptr(GPtrArray) rows = quarantine_result_list_filtered(db, &filter, &page, error);
	if (!rows || !seen_results(db, request->sight, rows, error))
		return FALSE;
	page_answer(request, answer, &page, rows, result_row_show, result_row_id, NULL);
	return TRUE;
}
