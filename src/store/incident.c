/* Incidents and alerts: who was sent what, and what became of it.
 *
 * The counts of an incident are kept by incident_recount() alone, so that saving a row that was
 * read earlier cannot turn them back. */
#include "store/incident.h"

#include "base/error.h"
#include "base/limits.h"
#include "store/columns.h"
#include "store/need.h"
#include "store/rows.h"

gpointer incident_read(DbRows *rows)
{
	Incident *incident = g_new0(Incident, 1);
	incident->id = db_int(rows, 0);
	incident->state = (OpenState)rows_enum(rows, 1, open_state_names);
	incident->kind = (IncidentKind)rows_enum(rows, 2, incident_kind_names);
	incident->link_key = db_text_dup(rows, 3);
	incident->original_id = db_int(rows, 4);
	incident->title = db_text_dup(rows, 5);
	incident->severity = (Severity)rows_enum(rows, 6, severity_names);
	incident->disposition = (Disposition)rows_enum(rows, 7, disposition_names);
	incident->sub_disposition = db_text_dup(rows, 8);
	incident->close_reason = db_text_dup(rows, 9);
	incident->assignee = db_text_dup(rows, 10);
	incident->opened_at = db_int(rows, 11);
	incident->closed_at = db_int(rows, 12);
	incident->updated_at = db_int(rows, 13);
	incident->report_count = db_int(rows, 14);
	incident->alert_count = db_int(rows, 15);
	incident->open_alert_count = db_int(rows, 16);
	incident->findings = db_text_dup(rows, 17);
	incident->revision = db_int(rows, 18);
	incident->waiting_since = db_int(rows, 19);
	incident->need = db_int(rows, 20);
	incident->need_reasons = db_text_dup(rows, 21);
	incident->assignee_id = db_int(rows, 22);
	incident->team_id = db_int(rows, 23);
	incident->team = db_text_dup(rows, 24);
	return incident;
}

/* As it is searched. Folding may make a text longer; an index takes no more of it (schema 0017). */
static char *fold_title(const Incident *incident)
{
	char *folded = rows_fold(incident->title);
	if (g_utf8_strlen(folded, -1) > LIMIT_TITLE)
		*g_utf8_offset_to_pointer(folded, LIMIT_TITLE) = '\0';
	return folded;
}

gboolean incident_insert(Db *db, Incident *incident, GError **error)
{
	g_autofree char *folded = fold_title(incident);
	if (!incident->waiting_since)
		incident->waiting_since = incident->opened_at;
	return rows_int(db_query(db, error, "tttzttttttizititizz",
	                         "INSERT INTO incident (state, kind, link_key, original_id, title, "
	                         "severity, disposition, sub_disposition, close_reason, assignee, "
	                         "opened_at, closed_at, updated_at, findings, revision, "
	                         "title_folded, waiting_since, assignee_id, team_id) "
	                         "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, "
	                         "$14, $15, $16, $17, $18, $19) "
	                         "RETURNING id",
	                         open_state_names[incident->state],
	                         incident_kind_names[incident->kind], incident->link_key,
	                         incident->original_id, incident->title,
	                         severity_names[incident->severity],
	                         disposition_names[incident->disposition],
	                         incident->sub_disposition, incident->close_reason,
	                         incident->assignee, incident->opened_at, incident->closed_at,
	                         incident->updated_at,
	                         incident->findings ? incident->findings : "[]", incident->revision,
	                         folded, incident->waiting_since, incident->assignee_id,
	                         incident->team_id),
	                &incident->id, error) &&
	       need_update(db, incident->id, error);
}

Incident *incident_load(Db *db, gint64 id, GError **error)
{
	return rows_load(db_query(db, error, "i",
	                          "SELECT " INCIDENT_COLUMNS " FROM incident WHERE id = $1", id),
	                 incident_read, "incident", id, error);
}

gboolean incident_save(Db *db, const Incident *incident, gint64 expected, GError **error)
{
	g_autofree char *folded = fold_title(incident);
	gint64 changed = 0;
	return db_run(db, &changed, error, "tttzttttttizitiiitizz",
	              "UPDATE incident SET state = $1, kind = $2, link_key = $3, original_id = $4, "
	              "title = $5, severity = $6, disposition = $7, sub_disposition = $8, "
	              "close_reason = $9, assignee = $10, opened_at = $11, closed_at = $12, "
	              "updated_at = $13, findings = $14, revision = $15, title_folded = $18, "
	              "waiting_since = $19, assignee_id = $20, team_id = $21 "
	              "WHERE id = $16 AND ($17 = 0 OR revision = $17)",
	              open_state_names[incident->state], incident_kind_names[incident->kind],
	              incident->link_key, incident->original_id, incident->title,
	              severity_names[incident->severity], disposition_names[incident->disposition],
	              incident->sub_disposition, incident->close_reason, incident->assignee,
	              incident->opened_at, incident->closed_at, incident->updated_at,
	              incident->findings ? incident->findings : "[]", incident->revision,
	              incident->id, expected, folded, incident->waiting_since,
	              incident->assignee_id, incident->team_id) &&
	       rows_check_saved(changed, expected, "incident", incident->id, error) &&
	       need_update(db, incident->id, error);
}

gboolean incident_note_handed_on(Db *db, gint64 id, gint64 member_id, gint64 team_id,
                                 gint64 revision, GError **error)
{
	return db_run(db, NULL, error, "izzi",
	              "INSERT INTO incident_handed_on (incident_id, member_id, team_id, revision) "
	              "VALUES ($1, $2, $3, $4)",
	              id, member_id, team_id, revision);
}

GPtrArray *incident_find_linked(Db *db, const char *link_key, GError **error)
{
	return rows_collect(db_query(db, error, "t",
	                             "SELECT " INCIDENT_COLUMNS
	                             " FROM incident WHERE link_key = $1 ORDER BY id DESC",
	                             link_key),
	                    incident_read, (GDestroyNotify)incident_free, error);
}

gboolean incident_recount(Db *db, gint64 id, gint64 revision, gint64 at, GError **error)
{
	gint64 changed = 0;
	return db_run(db, &changed, error, "iii",
	              "UPDATE incident SET "
	              "report_count = (SELECT count(*) FROM report_incident WHERE incident_id = "
	              "$1), "
	              "alert_count = (SELECT count(*) FROM alert WHERE incident_id = $1), "
	              "open_alert_count = (SELECT count(*) FROM alert WHERE incident_id = $1 AND "
	              "state = 'open'), revision = $2, updated_at = $3 WHERE id = $1",
	              id, revision, at) &&
	       rows_check_saved(changed, 0, "incident", id, error) && need_update(db, id, error);
}

gpointer alert_read(DbRows *rows)
{
	Alert *alert = g_new0(Alert, 1);
	alert->id = db_int(rows, 0);
	alert->incident_id = db_int(rows, 1);
	alert->source_id = db_int(rows, 2);
	alert->report_id = db_int(rows, 3);
	alert->original_id = db_int(rows, 4);
	alert->recipient = db_text_dup(rows, 5);
	alert->role = (AlertRole)rows_enum(rows, 6, alert_role_names);
	alert->message_id = db_text_dup(rows, 7);
	alert->state = (OpenState)rows_enum(rows, 8, open_state_names);
	alert->severity = (Severity)rows_enum(rows, 9, severity_names);
	alert->disposition = (Disposition)rows_enum(rows, 10, disposition_names);
	alert->close_reason = db_text_dup(rows, 11);
	alert->trusted = db_int(rows, 12) != 0;
	alert->opened_at = db_int(rows, 13);
	alert->closed_at = db_int(rows, 14);
	alert->revision = db_int(rows, 15);
	return alert;
}

static gboolean insert_open(Db *db, Alert *alert, gboolean *raised, GError **error)
{
	g_autoptr(GError) problem = NULL;
	*raised = rows_int(
		db_query(db, &problem, "iiiztttttttiizi",
	                 "INSERT INTO alert (incident_id, source_id, report_id, original_id, "
	                 "recipient, role, message_id, state, severity, disposition, close_reason, "
	                 "trusted, opened_at, closed_at, revision) VALUES ($1, $2, $3, $4, $5, $6, "
	                 "$7, $8, $9, $10, $11, $12, $13, $14, $15) "
	                 "ON CONFLICT (incident_id, source_id, recipient) WHERE state = 'open' "
	                 "DO NOTHING RETURNING id",
	                 alert->incident_id, alert->source_id, alert->report_id, alert->original_id,
	                 alert->recipient, alert_role_names[alert->role], alert->message_id,
	                 open_state_names[alert->state], severity_names[alert->severity],
	                 disposition_names[alert->disposition], alert->close_reason,
	                 (gint64)alert->trusted, alert->opened_at, alert->closed_at,
	                 alert->revision),
		&alert->id, &problem);
	if (!problem)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

gboolean alert_raise(Db *db, Alert *alert, gboolean *raised, GError **error)
{
	return insert_open(db, alert, raised, error) &&
	       (*raised ||
	        rows_int(db_query(db, error, "iit",
	                          "SELECT id FROM alert WHERE incident_id = $1 AND source_id = $2 "
	                          "AND recipient = $3 AND state = 'open'",
	                          alert->incident_id, alert->source_id, alert->recipient),
	                 &alert->id, error)) &&
	       db_run(db, NULL, error, "ii",
	              "INSERT INTO alert_report (alert_id, report_id) VALUES ($1, $2) "
	              "ON CONFLICT DO NOTHING",
	              alert->id, alert->report_id);
}

Alert *alert_load(Db *db, gint64 id, GError **error)
{
	return rows_load(
		db_query(db, error, "i", "SELECT " ALERT_COLUMNS " FROM alert WHERE id = $1", id),
		alert_read, "alert", id, error);
}

gboolean alert_save(Db *db, const Alert *alert, gint64 expected, GError **error)
{
	gint64 changed = 0;
	return db_run(db, &changed, error, "ztttttiziii",
	              "UPDATE alert SET original_id = $1, role = $2, state = $3, severity = $4, "
	              "disposition = $5, close_reason = $6, trusted = $7, closed_at = $8, "
	              "revision = $9 WHERE id = $10 AND ($11 = 0 OR revision = $11)",
	              alert->original_id, alert_role_names[alert->role],
	              open_state_names[alert->state], severity_names[alert->severity],
	              disposition_names[alert->disposition], alert->close_reason,
	              (gint64)alert->trusted, alert->closed_at, alert->revision, alert->id,
	              expected) &&
	       rows_check_saved(changed, expected, "alert", alert->id, error);
}

GPtrArray *alert_list(Db *db, gint64 incident_id, GError **error)
{
	return rows_collect(db_query(db, error, "i",
	                             "SELECT " ALERT_COLUMNS
	                             " FROM alert WHERE incident_id = $1 ORDER BY id",
	                             incident_id),
	                    alert_read, (GDestroyNotify)alert_free, error);
}

gboolean alert_close_all(Db *db, gint64 incident_id, const char *reason, gint64 at, gint64 revision,
                         gint64 *closed, GError **error)
{
	return db_run(db, closed, error, "tiii",
	              "UPDATE alert SET state = 'closed', close_reason = $1, closed_at = $2, "
	              "revision = $3 WHERE incident_id = $4 AND state = 'open'",
	              reason, at, revision, incident_id);
}
