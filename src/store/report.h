#pragma once
#include "db/db.h"
#include "model/report.h"

/** Inserts a new report; FALSE in @inserted when (source, epoch, server_uid) is known already. Sets
 * report->id, to that of the known one if so. */
gboolean report_insert(Db *db, Report *report, gboolean *inserted, GError **error);
Report *report_load(Db *db, gint64 id, GError **error);
/** Writes everything that reading found out: state, form, reporter, trust, subject, located,
 * post_process … */
gboolean report_save(Db *db, const Report *report, GError **error);
/** Counts a reading that begins; @reads gets the number of readings begun so far, this one
 * included. */
gboolean report_begin_reading(Db *db, gint64 id, gint64 *reads, GError **error);
/** Forgets the readings begun: they ended, or failed for a reason that is not the message's. */
gboolean report_end_reading(Db *db, gint64 id, GError **error);
/** Is a report known at this place? @id (out) is 0 when none is, -1 when it was removed since. */
gboolean report_find_known(Db *db, gint64 source_id, const char *epoch, const char *server_uid,
                           gint64 *id, GError **error);
/** Has the source reports whose epoch is another than @epoch? */
gboolean report_find_other_epoch(Db *db, gint64 source_id, const char *epoch, gboolean *found,
                                 GError **error);
/** The oldest report of a source with these bytes and this date whose epoch is another than @epoch,
 * or NULL without an error: the same message, listed anew because its folder's epoch changed. */
Report *report_find_elsewhere(Db *db, gint64 source_id, const char *epoch, const char *sha256,
                              gint64 received_at, GError **error);
/** Writes where the report's message is now: epoch, server_uid, and post_process, revision. */
gboolean report_relocate(Db *db, const Report *report, GError **error);
/** The same of a report that was removed: notes that its message is where @now says. @was (out)
 * FALSE: there was none. */
gboolean report_relocate_removed(Db *db, const Report *now, gboolean *was, GError **error);
/** Ties a report to an incident; harmless when it is already. */
gboolean report_join(Db *db, gint64 report_id, gint64 incident_id, gint64 original_id,
                     GError **error);
/** Ids of the incidents a report joined (GArray of gint64). */
GArray *report_incidents(Db *db, gint64 report_id, GError **error);

/** Inserts with its breakdown (a JSON document, stored compressed). Sets original->id. */
gboolean original_insert(Db *db, Original *original, const char *breakdown, GError **error);
Original *original_load(Db *db, gint64 id, GError **error);
/** The breakdown as JSON text; newly allocated. */
char *original_load_breakdown(Db *db, gint64 id, GError **error);
/** Gives an original what @original says of it: a claimed one first-hand content, or one whose
 * content was removed its content again. first_hand, fingerprint, sha256, subject, sender,
 * breakdown. */
gboolean original_upgrade(Db *db, const Original *original, const char *breakdown, GError **error);
/** Originals with this Message-ID, oldest first; of Original. */
GPtrArray *original_find(Db *db, const char *message_id, GError **error);
/** The first-hand original with this Message-ID whose fingerprint is @key or begins with "@key:"
 * (fingerprint_key()), or NULL without an error. */
Original *original_find_same(Db *db, const char *message_id, const char *key, GError **error);
