/* Incidents: found, judged, closed and reopened. */
#include "api/filter.h"
#include "api/page.h"
#include "api/resources.h"
#include "api/seen.h"
#include "api/show.h"
#include "audit/audit.h"
#include "auth/account.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "model/names.h"
#include "search/find.h"
#include "store/incident.h"
#include "store/need.h"
#include "store/report.h"
#include "store/team.h"
#include "store/user.h"

#include <string.h>

static const char *const sort_names[] = {"newest", "need", NULL};

/* clang-format off */
const Field page_query[] = {PAGE_FIELDS, {NULL}};

const Field incident_query[] = {
	PAGE_FIELDS,
	FEED_FIELDS,
	{"sort",         FIELD_NAME,    0, 0, 0, sort_names,          "sort is newest or need"},
	{"state",        FIELD_NAME,    0, 0, 0, open_state_names,    "state is open or closed"},
	{"severity",     FIELD_NAME,    0, 0, 0, severity_names,      "severity is informational, minor, moderate, major or critical"},
	{"severity_min", FIELD_NAME,    0, 0, 0, severity_names,      "severity_min is informational, minor, moderate, major or critical"},
	{"disposition",  FIELD_NAME,    0, 0, 0, disposition_names,   "disposition is one of malicious, suspicious, spam, bulk, low_risk, known_good, false_negative, simulated, unknown"},
	{"kind",         FIELD_NAME,    0, 0, 0, incident_kind_names, "kind is reported_mail, not_a_report or unparsed"},
	{"assignee",     FIELD_TEXT,    0, 1, LIMIT_NAME, NULL,       "assignee is 1 to 200 characters"},
	{"team",         FIELD_TEXT,    0, 1, LIMIT_NAME, NULL,       "team is 1 to 200 characters"},
	{"mine",         FIELD_BOOLEAN, 0, 0, 0, NULL,                "mine is true or false"},
	{"unassigned",   FIELD_BOOLEAN, 0, 0, 0, NULL,                "unassigned is true or false"},
	{"opened_after", FIELD_TIME,    0, 0, 0, NULL,                "opened_after is a time as RFC 3339 writes it"},
	{"opened_before", FIELD_TIME,   0, 0, 0, NULL,                "opened_before is a time as RFC 3339 writes it"},
	{"closed_after", FIELD_TIME,    0, 0, 0, NULL,                "closed_after is a time as RFC 3339 writes it"},
	{"trusted",      FIELD_BOOLEAN, 0, 0, 0, NULL,                "trusted is true or false"},
	{"quarantined",  FIELD_BOOLEAN, 0, 0, 0, NULL,                "quarantined is true or false"},
	{"form",         FIELD_TEXT,    0, 1, LIMIT_NAME, NULL,       "form is a form of report, like rfc822 or inline"},
	{"url",          FIELD_TEXT,    0, 1, LIMIT_FILTER, NULL,     "url is a link, or the host of one, or a part of either"},
	{"needs",        FIELD_TEXT,    0, 1, LIMIT_NAME, NULL,       "needs is one of the reasons in need_reasons"},
	{"reporter",     FIELD_ADDRESS, 0, 0, 0, NULL,                "reporter is an SMTP address"},
	{"recipient",    FIELD_ADDRESS, 0, 0, 0, NULL,                "recipient is an SMTP address"},
	{"message_id",   FIELD_TEXT,    0, 1, LIMIT_MESSAGE_ID + 2, NULL, "message_id is a Message-ID, at most 1000 characters"},
	{"source_id",    FIELD_INTEGER, 0, 1, G_MAXINT64, NULL,       "source_id is the number of a source"},
	{"q",            FIELD_TEXT,    0, 1, LIMIT_NAME, NULL,       "q is 1 to 200 characters to look for in the title"},
	FILTER_FIELDS,
	{NULL}
};

const Field incident_update_fields[] = {
	{"severity",        FIELD_NAME, 0, 0, 0, severity_names,    "severity is informational, minor, moderate, major or critical"},
	{"disposition",     FIELD_NAME, 0, 0, 0, disposition_names, "disposition is one of malicious, suspicious, spam, bulk, low_risk, known_good, false_negative, simulated, unknown"},
	{"sub_disposition", FIELD_NAME, FIELD_NULLABLE, 0, 0, sub_disposition_names, "sub_disposition is needs_manual_review or likely_harmless, or null"},
	{"assignee",        FIELD_TEXT, FIELD_NULLABLE, 1, LIMIT_NAME, NULL, "assignee is the name of a user, or null"},
	{"team",            FIELD_TEXT, FIELD_NULLABLE, 1, LIMIT_NAME, NULL, "team is the name of a team, or null"},
	{NULL}
};

const Field close_fields[] = {
	{"reason", FIELD_PROSE, FIELD_REQUIRED, 1, LIMIT_DESCRIPTION, NULL, "reason is 1 to 4000 characters of text"},
	{NULL}
};

const Field reopen_fields[] = {
	{"reason", FIELD_PROSE, FIELD_NULLABLE, 1, LIMIT_DESCRIPTION, NULL, "reason is 1 to 4000 characters of text"},
	{NULL}
};
/* clang-format on */

static json_t *row_show(gconstpointer row)
{
	return incident_show(row);
}

static gint64 row_id(gconstpointer row)
{
	return ((const Incident *)row)->id;
}

static gint64 row_revision(gconstpointer row)
{
	return ((const Incident *)row)->revision;
}

static gint64 row_need(gconstpointer row)
{
	return ((const Incident *)row)->need;
}

/* -1: it was not asked. */
static int query_either(const Request *request, const char *name)
{
	return json_object_get(request->query, name) ? query_bool(request, name, FALSE) : -1;
}

/* By the words of the link: those of a host, in their order; a path's, in any. */
static SearchSet *incidents_with_link(Db *db, const Sight *sight, const char *url, GError **error)
{
	g_autofree char *bare = g_strdelimit(g_strdup(url), "\"", ' ');
	g_autofree char *text = g_strdup_printf("link:\"%s\"", bare);
	g_autoptr(SearchQuery) query = search_query_parse(text, error);
	g_autoptr(SearchSet) found =
		query ? search_candidates(db, sight, query, search_field_bit('l'), error) : NULL;
	if (!found || search_set_count(found) <= LIMIT_FILTER_LINKS)
		return g_steal_pointer(&found);
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
	            "more than %d incidents have such a link; write more of it",
	            LIMIT_FILTER_LINKS);
	return NULL;
}

/* The team of a name: -1 when there is none, so nothing is its; 0: it was not asked. */
static gboolean query_team(const Request *request, Db *db, gint64 *id, GError **error)
{
	g_autoptr(GError) problem = NULL;
	const char *name = query_text(request, "team");
	g_autoptr(Team) team = name ? team_find(db, name, &problem) : NULL;
	*id = team ? team->id : name ? -1 : 0;
	if (!problem)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

gboolean incident_list_some(Request *request, Db *db, Answer *answer, GError **error)
{
	Page page;
	gboolean understood;
	Request asked = *request;
	g_autoptr(json_t) query = filter_query(request, incident_filter_terms, incident_query,
	                                       answer, &understood, error);
	if (!query || !understood)
		return query != NULL;
	asked.query = query;
	if (!page_parse(request, &page, error) || !page_check_feed(&page, db, error))
		return FALSE;
	page.by_need = !page.feed && g_strcmp0(query_text(&asked, "sort"), "need") == 0;
	const char *written = query_text(&asked, "message_id");
	g_autofree char *message_id = written ? text_message_id(written, strlen(written)) : NULL;
	g_autofree char *reporter = query_address(&asked, "reporter");
	g_autofree char *recipient = query_address(&asked, "recipient");
	const char *needs = query_text(&asked, "needs");
	if (needs && !g_strv_contains(need_codes(), needs)) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		                    "needs is one of the reasons in need_reasons");
		return FALSE;
	}
	g_autoptr(SearchSet) linked = NULL;
	if (query_text(&asked, "url") &&
	    !(linked = incidents_with_link(db, request->sight, query_text(&asked, "url"), error)))
		return FALSE;
	gint64 team_id;
	if (!query_team(&asked, db, &team_id, error))
		return FALSE;
	const IncidentFilter filter = {
		.among = linked,
		.state = query_name(&asked, "state", open_state_names),
		.severity = query_name(&asked, "severity", severity_names),
		.trusted = query_either(&asked, "trusted"),
		.quarantined = query_either(&asked, "quarantined"),
		.unassigned = query_bool(&asked, "unassigned", FALSE),
		.mine = query_bool(&asked, "mine", FALSE),
		.team_id = team_id,
		.opened_after = query_time(&asked, "opened_after"),
		.opened_before = query_time(&asked, "opened_before"),
		.closed_after = query_time(&asked, "closed_after"),
		.form = query_text(&asked, "form"),
		.needs = needs,
		.severity_min = query_name(&asked, "severity_min", severity_names),
		.disposition = query_name(&asked, "disposition", disposition_names),
		.kind = query_name(&asked, "kind", incident_kind_names),
		.assignee = query_text(&asked, "assignee"),
		.reporter = reporter,
		.recipient = recipient,
		.message_id = message_id,
		.text = query_text(&asked, "q"),
		.source_id = query_int(&asked, "source_id", 0),
	};
	g_autoptr(GPtrArray) rows = incident_list(db, &filter, &page, error);
	if (!rows || !seen_incidents(db, request->sight, rows, error) ||
	    !page_find_gone(request, db, &page, rows, row_revision, error))
		return FALSE;
	page_answer(request, answer, &page, rows, row_show, row_id,
	            page.by_need ? row_need : row_revision);
	return TRUE;
}

gboolean incident_answer(const Request *request, Answer *answer, Db *db, gint64 id, GError **error)
{
	g_autoptr(Incident) incident = incident_load(db, id, error);
	if (!incident)
		return FALSE;
	g_autoptr(Original) original =
		incident->original_id ? original_load(db, incident->original_id, error) : NULL;
	if (incident->original_id && !original)
		return FALSE;
	gint64 removed_at;
	g_autoptr(GError) problem = NULL;
	g_autoptr(IncidentHold) hold = incident_hold_find(db, id, &problem);
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	if (!seen_text(db, request->sight, &incident->findings, error) ||
	    !incident_content_removed(db, id, &removed_at, error))
		return FALSE;
	json_t *document = incident_show(incident);
	json_object_set_new(document, "original", original ? original_show(original) : json_null());
	json_object_set_new(document, "hold", hold ? incident_hold_show(hold) : json_null());
	json_object_set_new(document, "content_removed_at",
	                    removed_at ? json_time_new(removed_at) : json_null());
	answer_json(answer, 200, document);
	answer_etag(answer, incident->revision);
	return TRUE;
}

gboolean incident_get(Request *request, Db *db, Answer *answer, GError **error)
{
	return incident_answer(request, answer, db, request->id, error);
}

/* The incident to change, not changed since the client read it. */
static Incident *load_to_change(const Request *request, Db *db, GError **error)
{
	g_autoptr(Incident) incident = incident_load(db, request->id, error);
	if (!incident || !request_if_match(request, incident->revision, error))
		return NULL;
	return g_steal_pointer(&incident);
}

/* The user of a name whom the caller sees and who can log in; NULL without an error. */
static User *find_assignee(const Request *request, Db *db, const char *name, GError **error)
{
	gboolean seen = FALSE;
	g_autoptr(User) user = user_find(db, name, error);
	if (!user || !user->enabled ||
	    !sight_sees(db, request->sight, SEEN_PERSON, user->id, &seen, error))
		return NULL;
	return seen ? g_steal_pointer(&user) : NULL;
}

/* Who works on it is somebody who can log in; who it is already may stay. */
static gboolean apply_assignee(const Request *request, Db *db, Incident *incident, GError **error)
{
	const char *sent = sent_text(request, "assignee");
	g_autoptr(GError) problem = NULL;
	g_autofree char *name = sent ? account_name(sent) : NULL;
	if (!sent_has(request, "assignee") || g_strcmp0(sent, incident->assignee) == 0)
		return TRUE;
	g_autoptr(User) user = sent ? find_assignee(request, db, name, &problem) : NULL;
	if (sent && !user && !problem)
		g_set_error(&problem, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		            "there is nobody called \"%s\" who can log in; /v1/people lists who "
		            "there is",
		            sent);
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	g_free(incident->assignee);
	incident->assignee = user ? g_steal_pointer(&name) : NULL;
	incident->assignee_id = user ? -user->id : 0;
	return TRUE;
}

/* It is given to a team that the caller sees; whose it is already may stay. */
static gboolean apply_team(const Request *request, Db *db, Incident *incident, GError **error)
{
	const char *sent = sent_text(request, "team");
	gboolean seen = TRUE;
	g_autoptr(GError) problem = NULL;
	if (!sent_has(request, "team") || g_strcmp0(sent, incident->team) == 0)
		return TRUE;
	g_autoptr(Team) team = sent ? team_find(db, sent, &problem) : NULL;
	if (team && !sight_sees(db, request->sight, SEEN_TEAM, team->id, &seen, &problem))
		seen = FALSE;
	if (sent && !problem && (!team || !seen))
		g_set_error(&problem, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		            "there is no team called \"%s\"; /v1/teams lists those there are",
		            sent);
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	g_free(incident->team);
	incident->team = g_strdup(sent);
	incident->team_id = team ? team->id : 0;
	return TRUE;
}

/* Whose it was, and is no more, may have it in a list. */
static gboolean note_handed_on(Db *db, gint64 assignee_id, gint64 team_id, const Incident *incident,
                               GError **error)
{
	return (!assignee_id || assignee_id == incident->assignee_id ||
	        incident_note_handed_on(db, incident->id, assignee_id, 0, incident->revision,
	                                error)) &&
	       (!team_id || team_id == incident->team_id ||
	        incident_note_handed_on(db, incident->id, 0, team_id, incident->revision, error));
}

static gboolean apply_judgement(const Request *request, Db *db, Incident *incident, GError **error)
{
	const char *severity = sent_text(request, "severity");
	const char *disposition = sent_text(request, "disposition");
	if (severity)
		incident->severity = (Severity)names_find(severity_names, severity);
	if (disposition)
		incident->disposition = (Disposition)names_find(disposition_names, disposition);
	if (!apply_assignee(request, db, incident, error) ||
	    !apply_team(request, db, incident, error))
		return FALSE;
	sent_take_text(request, "sub_disposition", &incident->sub_disposition);
	if (incident->disposition == DISPOSITION_UNKNOWN || !incident->sub_disposition)
		return TRUE;
	if (sent_text(request, "sub_disposition")) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		                    "sub_disposition goes only with the disposition unknown");
		return FALSE;
	}
	g_clear_pointer(&incident->sub_disposition, g_free);
	return TRUE;
}

gboolean incident_patch(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(Incident) incident = load_to_change(request, db, error);
	if (!incident)
		return FALSE;
	gint64 expected = incident->revision;
	gint64 assignee_id = incident->assignee_id, team_id = incident->team_id;
	g_autoptr(json_t) before = incident_show(incident);
	if (!apply_judgement(request, db, incident, error))
		return FALSE;
	g_autoptr(json_t) after = incident_show(incident);
	json_t *changes = show_changes(after, before, after);
	incident->updated_at = clock_now();
	if (changes &&
	    (!audit_append(db, request->actor, "incident.update", "incident", incident->id,
	                   incident->id, json_pack("{s:o}", "changes", changes),
	                   &incident->revision, error) ||
	     !note_handed_on(db, assignee_id, team_id, incident, error) ||
	     !incident_save(db, incident, expected, error)))
		return FALSE;
	return incident_answer(request, answer, db, incident->id, error);
}

static gboolean refuse_state(const Incident *incident, GError **error)
{
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT, "this incident is %s already",
	            open_state_names[incident->state]);
	return FALSE;
}

gboolean incident_close(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(Incident) incident = load_to_change(request, db, error);
	if (!incident)
		return FALSE;
	if (incident->state == STATE_CLOSED)
		return refuse_state(incident, error);
	gint64 expected = incident->revision, now = clock_now(), closed;
	sent_take_text(request, "reason", &incident->close_reason);
	incident->state = STATE_CLOSED;
	incident->closed_at = incident->updated_at = now;
	return audit_append(db, request->actor, "incident.close", "incident", incident->id,
	                    incident->id,
	                    json_pack("{s:s, s:I}", "reason", incident->close_reason, "alerts",
	                              (json_int_t)incident->open_alert_count),
	                    &incident->revision, error) &&
	       incident_save(db, incident, expected, error) &&
	       alert_close_all(db, incident->id, incident->close_reason, now, incident->revision,
	                       &closed, error) &&
	       incident_recount(db, incident->id, incident->revision, now, error) &&
	       incident_answer(request, answer, db, incident->id, error);
}

/* Its alerts stay closed: what each recipient's said is over, and a new report raises new ones. */
gboolean incident_reopen(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(Incident) incident = load_to_change(request, db, error);
	if (!incident)
		return FALSE;
	if (incident->state == STATE_OPEN)
		return refuse_state(incident, error);
	gint64 expected = incident->revision;
	g_clear_pointer(&incident->close_reason, g_free);
	incident->state = STATE_OPEN;
	incident->closed_at = 0;
	incident->updated_at = incident->waiting_since = clock_now();
	return audit_append(db, request->actor, "incident.reopen", "incident", incident->id,
	                    incident->id,
	                    json_pack("{s:s*}", "reason", sent_text(request, "reason")),
	                    &incident->revision, error) &&
	       incident_save(db, incident, expected, error) &&
	       incident_answer(request, answer, db, incident->id, error);
}

gboolean incident_activity(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(Incident) incident = incident_load(db, request->id, error);
	return incident && activity_answer(request, db, incident->id, answer, error);
}
