#pragma once
#include "db/db.h"
#include "model/quarantine.h"

gboolean response_insert(Db *db, Response *response, GError **error);
Response *response_load(Db *db, gint64 id, GError **error);
gboolean response_save(Db *db, const Response *response, GError **error);
/** Responses of an incident, oldest first; of Response. */
GPtrArray *response_list(Db *db, gint64 incident_id, GError **error);

gboolean quarantine_result_insert(Db *db, QuarantineResult *result, GError **error);
QuarantineResult *quarantine_result_load(Db *db, gint64 id, GError **error);
/** Writes the row as it is. TRAWL_ERROR_CONFLICT when its place in the quarantine belongs to
 * another row. */
gboolean quarantine_result_save(Db *db, const QuarantineResult *result, GError **error);
/** The ledger of a response, by id; of QuarantineResult. For a restore: the rows it undoes. */
GPtrArray *quarantine_result_list(Db *db, gint64 response_id, GError **error);
/** Rows of an incident that are in quarantine now (step moved, status success); of
 * QuarantineResult. */
GPtrArray *quarantine_result_list_moved(Db *db, gint64 incident_id, GError **error);
/** All rows of an incident for one mailbox, whatever became of them, by id; of QuarantineResult. */
GPtrArray *quarantine_result_list_mailbox(Db *db, gint64 incident_id, const char *mailbox,
                                          GError **error);
/** TRUE in @pending while a row of the response has not ended (a restore: restore_status). */
gboolean quarantine_result_pending(Db *db, const Response *response, gboolean *pending,
                                   GError **error);
/** The row that owns this place in a quarantine folder, or NULL without an error. */
QuarantineResult *quarantine_result_find_place(Db *db, gint64 server_id, const char *mailbox,
                                               const char *folder, const char *epoch,
                                               const char *uid, GError **error);
/** Another row that moved this row's message out of the same mailbox (same server, mailbox, folder,
 * epoch, server_uid; step moved or beyond) after this row was planned (a greater revision), or NULL
 * without an error. */
QuarantineResult *quarantine_result_find_mover(Db *db, const QuarantineResult *row, GError **error);
/** Rows of the response per status, as a JSON object; newly allocated. Restores count
 * restore_status. */
char *quarantine_result_counts(Db *db, const Response *response, GError **error);
