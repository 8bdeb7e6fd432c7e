#pragma once
#include "db/db.h"
#include "model/alert.h"
#include "model/incident.h"

/* Incidents and their alerts. All writes happen inside the caller's transaction; for linking the
 * caller holds db_lock_key("incident:" + link key), so that two reports of one original make one
 * incident. */

gboolean incident_insert(Db *db, Incident *incident, GError **error);
Incident *incident_load(Db *db, gint64 id, GError **error);
/** Writes the row as it is, but for the counts, which incident_recount() keeps; @expected is the
 * revision the caller read, or 0 to write whatever it is. TRAWL_ERROR_PRECONDITION. */
gboolean incident_save(Db *db, const Incident *incident, gint64 expected, GError **error);
/** Says that it was a person's (minus the user's number), or a team's, until @revision: the other
 * is 0. Lists that they keep may have to let it go. */
gboolean incident_note_handed_on(Db *db, gint64 id, gint64 member_id, gint64 team_id,
                                 gint64 revision, GError **error);
/** Incidents with this link key, newest first; of Incident. */
GPtrArray *incident_find_linked(Db *db, const char *link_key, GError **error);
/** Recomputes report_count, alert_count and open_alert_count, and sets revision and updated_at. */
gboolean incident_recount(Db *db, gint64 id, gint64 revision, gint64 at, GError **error);

/** Raises an alert unless one is open for (incident, source, recipient); then @raised is FALSE and
 * alert->id is that one. Either way the report is tied to it. */
gboolean alert_raise(Db *db, Alert *alert, gboolean *raised, GError **error);
Alert *alert_load(Db *db, gint64 id, GError **error);
gboolean alert_save(Db *db, const Alert *alert, gint64 expected, GError **error);
/** All alerts of an incident, by id; of Alert. */
GPtrArray *alert_list(Db *db, gint64 incident_id, GError **error);
/** Closes every open alert of an incident; @closed gets how many. */
gboolean alert_close_all(Db *db, gint64 incident_id, const char *reason, gint64 at, gint64 revision,
                         gint64 *closed, GError **error);
