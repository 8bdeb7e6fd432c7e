/* Reports as they were found, and their raw bytes. */
#include "api/page.h"
#include "api/raw.h"
#include "api/resources.h"
#include "api/seen.h"
#include "api/show.h"
#include "base/error.h"
#include "base/limits.h"
#include "store/incident.h"
#include "store/report.h"
#include "store/vip.h"

/* clang-format off */
const Field report_query[] = {
	PAGE_FIELDS,
	FEED_FIELDS,
	{"state",       FIELD_NAME,    0, 0, 0, report_state_names, "state is new, done, unparsed or gone"},
	{"trusted",     FIELD_BOOLEAN, 0, 0, 0, NULL,               "trusted is true or false"},
	{"source_id",   FIELD_INTEGER, 0, 1, G_MAXINT64, NULL,      "source_id is the number of a source"},
	{"incident_id", FIELD_INTEGER, 0, 1, G_MAXINT64, NULL,      "incident_id is the number of an incident"},
	{"alert_id",    FIELD_INTEGER, 0, 1, G_MAXINT64, NULL,      "alert_id is the number of an alert"},
	{"reporter",    FIELD_ADDRESS, 0, 0, 0, NULL,               "reporter is an SMTP address"},
	{NULL}
};
/* clang-format on */

static json_t *row_show(gconstpointer row)
{
	return report_show(row);
}

static gint64 row_id(gconstpointer row)
{
	return ((const Report *)row)->id;
}

static gint64 row_revision(gconstpointer row)
{
	return ((const Report *)row)->revision;
}

static gboolean answer_list(Request *request, Db *db, const ReportFilter *filter, Answer *answer,
                            GError **error)
{
	Page page;
	if (!page_parse(request, &page, error) || !page_check_feed(&page, db, error))
		return FALSE;
	g_autoptr(GPtrArray) rows = report_list(db, filter, &page, error);
	if (!rows || !page_find_gone(request, db, &page, rows, row_revision, error))
		return FALSE;
	page_answer(request, answer, &page, rows, row_show, row_id, row_revision);
	return TRUE;
}

gboolean report_list_some(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autofree char *reporter = query_address(request, "reporter");
	gboolean either = !json_object_get(request->query, "trusted");
	const ReportFilter filter = {
		.state = query_name(request, "state", report_state_names),
		.trusted = either ? -1 : query_bool(request, "trusted", FALSE),
		.source_id = query_int(request, "source_id", 0),
		.incident_id = query_int(request, "incident_id", 0),
		.alert_id = query_int(request, "alert_id", 0),
		.reporter = reporter,
	};
	return answer_list(request, db, &filter, answer, error);
}

gboolean incident_reports(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(Incident) incident = incident_load(db, request->id, error);
	const ReportFilter filter = {.state = -1, .trusted = -1, .incident_id = request->id};
	return incident && answer_list(request, db, &filter, answer, error);
}

gboolean report_get(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(Report) report = report_load(db, request->id, error);
	g_autoptr(GArray) incidents = report ? report_incidents(db, report->id, error) : NULL;
	if (!incidents || !seen_numbers(db, request->sight, incidents, error))
		return FALSE;
	json_t *document = report_show(report);
	json_t *ids = json_array();
	for (guint i = 0; i < incidents->len; i++)
		json_array_append_new(ids, json_integer(g_array_index(incidents, gint64, i)));
	json_object_set_new(document, "incident_ids", ids);
	answer_json(answer, 200, document);
	answer_etag(answer, report->revision);
	return TRUE;
}

static gboolean find_raw(Db *db, RawLook *look, GError **error)
{
	g_autoptr(Report) report = report_load(db, look->id, error);
	if (!report)
		return FALSE;
	look->sha256 = g_strdup(report->sha256);
	look->incident_id = 0;
	return vip_is_report(db, look->id, &look->vip, error);
}

gboolean report_raw(Request *request, Db *db, Answer *answer, GError **error)
{
	return raw_answer(request, answer, "report", find_raw, error);
}

/* What the report says of the messages that it is about, before any mailbox was asked. */
static json_t *show_claims(const json_t *breakdown)
{
	size_t i;
	json_t *entry, *items = json_array();
	json_array_foreach (json_object_get(breakdown, "originals"), i, entry) {
		json_t *item = json_object();
		json_object_set_new(item, "first_hand",
		                    json_boolean(json_bool(entry, "first_hand", FALSE)));
		json_object_set(item, "message", json_object_get(entry, "message"));
		json_array_append_new(items, item);
	}
	return json_pack("{s:o}", "items", items);
}

gboolean report_claims(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(json_t) options = json_pack("{s:b}", "originals_only", TRUE);
	RawLook look = {.id = request->id};
	g_autoptr(json_t) breakdown =
		raw_read_inside(request, answer, find_raw, options, &look, error);
	g_free(look.sha256);
	if (!breakdown ||
	    !raw_record_look(request, "report", "look", look.incident_id, look.vip, error))
		return FALSE;
	answer_json(answer, 200, show_claims(breakdown));
	return TRUE;
}
