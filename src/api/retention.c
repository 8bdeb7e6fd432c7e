/* How long things are kept: the periods, what they would remove, what was removed; and legal holds.
 */
#include "retention/retention.h"
#include "api/page.h"
#include "api/resources.h"
#include "api/show.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "store/incident.h"

/* clang-format off */
#define PERIODS(flags, nullable, last) \
	{"content_days",  FIELD_INTEGER, (flags) | (nullable),  7, 36500, NULL, "content_days is a number of days from 7, or " last}, \
	{"undo_days",     FIELD_INTEGER, (flags) | (nullable),  7, 36500, NULL, "undo_days is a number of days from 7, or " last}, \
	{"incident_days", FIELD_INTEGER, (flags) | (nullable), 30, 36500, NULL, "incident_days is a number of days from 30, or " last}, \
	{"nuisance_days", FIELD_INTEGER, (flags) | (nullable),  7, 36500, NULL, "nuisance_days is a number of days from 7, or " last}, \
	{"audit_days",    FIELD_INTEGER, (flags) | (nullable), 90, 36500, NULL, "audit_days is a number of days from 90, or " last}, \
	{"session_days",  FIELD_INTEGER, (flags) | (nullable),  1, 36500, NULL, "session_days is a number of days from 1, or " last}, \
	{"job_days",      FIELD_INTEGER, (flags) | (nullable),  1, 36500, NULL, "job_days is a number of days from 1, or " last}, \
	{"poll_days",     FIELD_INTEGER, (flags), 2, 366, NULL, "poll_days is a number of days from 2 to 366"}, \
	{"answer_days",   FIELD_INTEGER, (flags), 1,   7, NULL, "answer_days is a number of days from 1 to 7"}

const Field retention_fields[] = {PERIODS(FIELD_REQUIRED, FIELD_NULLABLE, "null: for ever"), {NULL}};
const Field retention_preview_query[] = {PERIODS(0, 0, "left out: for ever"), {NULL}};

const Field hold_fields[] = {
	{"reason", FIELD_PROSE, FIELD_REQUIRED, 1, LIMIT_DESCRIPTION, NULL, "reason is 1 to 4000 characters of text"},
	{NULL}
};
/* clang-format on */

/* --- the plan -----------------------------------------------------------------------------------
 */

static json_t *days_show(gint64 days)
{
	return days ? json_integer(days) : json_null();
}

static json_t *plan_show(const RetentionPlan *plan)
{
	json_t *document = json_object();
	for (guint i = 0; i < RETENTION_PERIODS; i++)
		json_object_set_new(document, retention_limits[i].name, days_show(plan->days[i]));
	return document;
}

static json_t *limits_show(void)
{
	json_t *document = json_object();
	for (guint i = 0; i < RETENTION_PERIODS; i++) {
		const RetentionLimit *limit = &retention_limits[i];
		json_object_set_new(document, limit->name,
		                    json_pack("{s:I, s:I, s:b}", "least", (json_int_t)limit->least,
		                              "most", (json_int_t)limit->most, "ever",
		                              limit->ever));
	}
	return document;
}

/* Where the audit log begins, which is what its own period has left. */
static gboolean answer_plan(Db *db, const RetentionPlan *plan, Answer *answer, GError **error)
{
	gint64 due;
	g_auto(AuditAnchor) anchor = {0};
	if (!retention_due_load(db, &due, error) || !audit_anchor_load(db, &anchor, error))
		return FALSE;
	json_t *document = plan_show(plan);
	json_object_set_new(document, "limits", limits_show());
	json_object_set_new(document, "next_at", due ? json_time_new(due) : json_null());
	json_object_set_new(document, "audit_first", json_integer(anchor.seq + 1));
	answer_json(answer, 200, document);
	answer_etag(answer, plan->revision);
	return TRUE;
}

gboolean retention_get(Request *request, Db *db, Answer *answer, GError **error)
{
	RetentionPlan plan;
	return retention_plan_load(db, &plan, error) && answer_plan(db, &plan, answer, error);
}

static RetentionPlan plan_sent(const json_t *sent)
{
	RetentionPlan plan = {0};
	for (guint i = 0; i < RETENTION_PERIODS; i++)
		plan.days[i] = json_int(sent, retention_limits[i].name,
		                        retention_limits[i].ever ? 0 : retention_limits[i].usually);
	return plan;
}

gboolean retention_put(Request *request, Db *db, Answer *answer, GError **error)
{
	RetentionPlan before, after = plan_sent(request->body);
	if (!db_lock_key(db, "retention.plan", error) || !retention_plan_load(db, &before, error) ||
	    !request_if_match(request, before.revision, error))
		return FALSE;
	after.revision = before.revision;
	g_autoptr(json_t) was = plan_show(&before);
	g_autoptr(json_t) is = plan_show(&after);
	json_t *changes = show_changes(is, was, is);
	if (changes &&
	    (!audit_append(db, request->actor, "retention.plan", "retention_plan", 1, 0,
	                   json_pack("{s:o}", "changes", changes), &after.revision, error) ||
	     !retention_plan_save(db, &after, error)))
		return FALSE;
	return answer_plan(db, &after, answer, error);
}

gboolean retention_preview_get(Request *request, Db *db, Answer *answer, GError **error)
{
	RemovalPreview preview;
	const RetentionPlan plan = plan_sent(request->query);
	const RemovalTime time = removal_time(&plan, clock_now());
	if (!removal_preview(db, &time, &preview, error))
		return FALSE;
	answer_json(answer, 200,
	            json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:I, s:I, s:I}", "incidents",
	                      (json_int_t)preview.incidents, "contents",
	                      (json_int_t)preview.contents, "copies", (json_int_t)preview.copies,
	                      "reports", (json_int_t)preview.reports, "bytes",
	                      (json_int_t)preview.bytes, "oldest_at",
	                      preview.oldest_at ? json_time_new(preview.oldest_at) : json_null(),
	                      "held", (json_int_t)preview.held, "may_be_put_back",
	                      (json_int_t)preview.put_back, "audit_records",
	                      (json_int_t)preview.audit_records, "audit_until",
	                      (json_int_t)preview.audit_until));
	return TRUE;
}

/* --- runs ---------------------------------------------------------------------------------------
 */

static json_t *run_show(gconstpointer row)
{
	return retention_run_show(row);
}

static gint64 run_id(gconstpointer row)
{
	return ((const RetentionRun *)row)->id;
}

gboolean retention_run_list_all(Request *request, Db *db, Answer *answer, GError **error)
{
	Page page;
	g_autoptr(GPtrArray) rows = retention_run_list(db, error);
	if (!rows || !page_parse(request, &page, error))
		return FALSE;
	page_cut(&page, rows, run_id);
	page_answer(request, answer, &page, rows, run_show, run_id, NULL);
	return TRUE;
}

gboolean retention_run_start(Request *request, Db *db, Answer *answer, GError **error)
{
	gint64 id;
	return retention_queue_now(db, &id, error) &&
	       audit_append(db, request->actor, "retention.request", "job", id, 0, NULL, NULL,
	                    error) &&
	       job_answer_queued(answer, db, id, error);
}

/* --- holds --------------------------------------------------------------------------------------
 */

static json_t *hold_show(gconstpointer row)
{
	return incident_hold_show(row);
}

static gint64 hold_id(gconstpointer row)
{
	return ((const IncidentHold *)row)->incident_id;
}

gboolean hold_list_some(Request *request, Db *db, Answer *answer, GError **error)
{
	Page page;
	if (!page_parse(request, &page, error))
		return FALSE;
	g_autoptr(GPtrArray) rows = incident_hold_list(db, page.before_id, page.limit, error);
	if (!rows)
		return FALSE;
	page_answer(request, answer, &page, rows, hold_show, hold_id, NULL);
	return TRUE;
}

/* The incident, with the hold it has or NULL; the same revision as the caller has read. */
static gboolean load_to_hold(const Request *request, Db *db, Incident **incident,
                             IncidentHold **hold, GError **error)
{
	g_autoptr(GError) problem = NULL;
	*incident = incident_load(db, request->id, error);
	if (!*incident || !request_if_match(request, (*incident)->revision, error))
		return FALSE;
	*hold = incident_hold_find(db, request->id, &problem);
	if (!problem)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

/* The revision grows with it: who looks at the incident sees it. */
static gboolean record(const Request *request, Db *db, const char *action, Incident *incident,
                       GError **error)
{
	gint64 expected = incident->revision;
	return audit_append(db, request->actor, action, "incident", incident->id, incident->id,
	                    json_pack("{s:s}", "reason", sent_text(request, "reason")),
	                    &incident->revision, error) &&
	       incident_save(db, incident, expected, error);
}

gboolean incident_hold(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(Incident) incident = NULL;
	g_autoptr(IncidentHold) hold = NULL;
	if (!load_to_hold(request, db, &incident, &hold, error))
		return FALSE;
	if (hold) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
		            "incident %" G_GINT64_FORMAT " is on hold already", incident->id);
		return FALSE;
	}
	const IncidentHold wanted = {.incident_id = incident->id,
	                             .reason = (char *)sent_text(request, "reason"),
	                             .held_by = (char *)request->actor,
	                             .held_at = clock_now()};
	return incident_hold_insert(db, &wanted, error) &&
	       record(request, db, "incident.hold", incident, error) &&
	       incident_answer(request, answer, db, incident->id, error);
}

gboolean incident_release(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(Incident) incident = NULL;
	g_autoptr(IncidentHold) hold = NULL;
	if (!load_to_hold(request, db, &incident, &hold, error))
		return FALSE;
	if (!hold) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
		            "incident %" G_GINT64_FORMAT " is not on hold", incident->id);
		return FALSE;
	}
	return incident_hold_delete(db, incident->id, error) &&
	       record(request, db, "incident.release", incident, error) &&
	       incident_answer(request, answer, db, incident->id, error);
}
