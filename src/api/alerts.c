/* Alerts: one recipient of one original each. */
#include "api/filter.h"
#include "api/page.h"
#include "api/resources.h"
#include "api/show.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "model/names.h"
#include "store/incident.h"

#include <string.h>

/* clang-format off */
const Field alert_query[] = {
	PAGE_FIELDS,
	FEED_FIELDS,
	{"state",       FIELD_NAME,    0, 0, 0, open_state_names, "state is open or closed"},
	{"incident_id", FIELD_INTEGER, 0, 1, G_MAXINT64, NULL,    "incident_id is the number of an incident"},
	{"source_id",   FIELD_INTEGER, 0, 1, G_MAXINT64, NULL,    "source_id is the number of a source"},
	{"report_id",   FIELD_INTEGER, 0, 1, G_MAXINT64, NULL,    "report_id is the number of a report"},
	{"recipient",   FIELD_ADDRESS, 0, 0, 0, NULL,             "recipient is an SMTP address"},
	{"message_id",  FIELD_TEXT,    0, 1, LIMIT_MESSAGE_ID + 2, NULL, "message_id is a Message-ID, at most 1000 characters"},
	FILTER_FIELDS,
	{NULL}
};

const Field alert_update_fields[] = {
	{"severity",    FIELD_NAME, 0, 0, 0, severity_names,    "severity is informational, minor, moderate, major or critical"},
	{"disposition", FIELD_NAME, 0, 0, 0, disposition_names, "disposition is one of malicious, suspicious, spam, bulk, low_risk, known_good, false_negative, simulated, unknown"},
	{NULL}
};
/* clang-format on */

static json_t *row_show(gconstpointer row)
{
	return alert_show(row);
}

static gint64 row_id(gconstpointer row)
{
	return ((const Alert *)row)->id;
}

static gint64 row_revision(gconstpointer row)
{
	return ((const Alert *)row)->revision;
}

static gboolean answer_list(Request *request, Db *db, const AlertFilter *filter, Answer *answer,
                            GError **error)
{
	Page page;
	if (!page_parse(request, &page, error) || !page_check_feed(&page, db, error))
		return FALSE;
	g_autoptr(GPtrArray) rows = alert_list_filtered(db, filter, &page, error);
	if (!rows || !page_find_gone(request, db, &page, rows, row_revision, error))
		return FALSE;
	page_answer(request, answer, &page, rows, row_show, row_id, row_revision);
	return TRUE;
}

gboolean alert_list_some(Request *request, Db *db, Answer *answer, GError **error)
{
	gboolean understood;
	Request asked = *request;
	g_autoptr(json_t) query =
		filter_query(request, alert_filter_terms, alert_query, answer, &understood, error);
	if (!query || !understood)
		return query != NULL;
	asked.query = query;
	const char *written = query_text(&asked, "message_id");
	g_autofree char *message_id = written ? text_message_id(written, strlen(written)) : NULL;
	g_autofree char *recipient = query_address(&asked, "recipient");
	const AlertFilter filter = {
		.state = query_name(&asked, "state", open_state_names),
		.incident_id = query_int(&asked, "incident_id", 0),
		.source_id = query_int(&asked, "source_id", 0),
		.report_id = query_int(&asked, "report_id", 0),
		.recipient = recipient,
		.message_id = message_id,
	};
	return answer_list(request, db, &filter, answer, error);
}

gboolean incident_alerts(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(Incident) incident = incident_load(db, request->id, error);
	const AlertFilter filter = {.state = -1, .incident_id = request->id};
	return incident && answer_list(request, db, &filter, answer, error);
}

static void answer_alert(Answer *answer, const Alert *alert)
{
	answer_json(answer, 200, alert_show(alert));
	answer_etag(answer, alert->revision);
}

gboolean alert_get(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(Alert) alert = alert_load(db, request->id, error);
	if (!alert)
		return FALSE;
	answer_alert(answer, alert);
	return TRUE;
}

gboolean alert_patch(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(Alert) alert = alert_load(db, request->id, error);
	if (!alert || !request_if_match(request, alert->revision, error))
		return FALSE;
	gint64 expected = alert->revision;
	g_autoptr(json_t) before = alert_show(alert);
	if (sent_has(request, "severity"))
		alert->severity =
			(Severity)names_find(severity_names, sent_text(request, "severity"));
	if (sent_has(request, "disposition"))
		alert->disposition = (Disposition)names_find(disposition_names,
		                                             sent_text(request, "disposition"));
	g_autoptr(json_t) after = alert_show(alert);
	json_t *changes = show_changes(request->body, before, after);
	if (changes && (!audit_append(db, request->actor, "alert.update", "alert", alert->id,
	                              alert->incident_id, json_pack("{s:o}", "changes", changes),
	                              &alert->revision, error) ||
	                !alert_save(db, alert, expected, error)))
		return FALSE;
	answer_alert(answer, alert);
	return TRUE;
}

gboolean alert_close(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(Alert) alert = alert_load(db, request->id, error);
	if (!alert || !request_if_match(request, alert->revision, error))
		return FALSE;
	if (alert->state == STATE_CLOSED) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
		                    "this alert is closed already");
		return FALSE;
	}
	gint64 expected = alert->revision, now = clock_now();
	sent_take_text(request, "reason", &alert->close_reason);
	alert->state = STATE_CLOSED;
	alert->closed_at = now;
	if (!audit_append(db, request->actor, "alert.close", "alert", alert->id, alert->incident_id,
	                  json_pack("{s:s}", "reason", alert->close_reason), &alert->revision,
	                  error) ||
	    !alert_save(db, alert, expected, error) ||
	    !incident_recount(db, alert->incident_id, alert->revision, now, error))
		return FALSE;
	answer_alert(answer, alert);
	return TRUE;
}
