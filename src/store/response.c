/* Responses and their ledger, one row a copy. */
#include "store/response.h"

#include "base/error.h"
#include "base/json.h"
#include "model/names.h"
#include "store/columns.h"
#include "store/need.h"
#include "store/rows.h"

gpointer response_read(DbRows *rows)
{
	Response *response = g_new0(Response, 1);
	response->id = db_int(rows, 0);
	response->incident_id = db_int(rows, 1);
	response->kind = (ResponseKind)rows_enum(rows, 2, response_kind_names);
	response->of_response_id = db_int(rows, 3);
	response->state = (ResponseState)rows_enum(rows, 4, response_state_names);
	response->requested_by = db_text_dup(rows, 5);
	response->requested_at = db_int(rows, 6);
	response->finished_at = db_int(rows, 7);
	response->comment = db_text_dup(rows, 8);
	response->counts = db_text_dup(rows, 9);
	response->revision = db_int(rows, 10);
	return response;
}

gboolean response_insert(Db *db, Response *response, GError **error)
{
	return rows_int(db_query(db, error, "itzttiztti",
	                         "INSERT INTO response (incident_id, kind, of_response_id, state, "
	                         "requested_by, requested_at, finished_at, comment, counts, "
	                         "revision) "
	                         "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
	                         response->incident_id, response_kind_names[response->kind],
	                         response->of_response_id, response_state_names[response->state],
	                         response->requested_by, response->requested_at,
	                         response->finished_at, response->comment,
	                         response->counts ? response->counts : "{}", response->revision),
	                &response->id, error) &&
	       need_update(db, response->incident_id, error);
}

Response *response_load(Db *db, gint64 id, GError **error)
{
	return rows_load(db_query(db, error, "i",
	                          "SELECT " RESPONSE_COLUMNS " FROM response WHERE id = $1", id),
	                 response_read, "response", id, error);
}

gboolean response_save(Db *db, const Response *response, GError **error)
{
	gint64 changed = 0;
	return db_run(db, &changed, error, "tzttii",
	              "UPDATE response SET state = $1, finished_at = $2, comment = $3, "
	              "counts = $4, revision = $5 WHERE id = $6",
	              response_state_names[response->state], response->finished_at,
	              response->comment, response->counts ? response->counts : "{}",
	              response->revision, response->id) &&
	       rows_check_saved(changed, 0, "response", response->id, error) &&
	       need_update(db, response->incident_id, error);
}

GPtrArray *response_list(Db *db, gint64 incident_id, GError **error)
{
	return rows_collect(db_query(db, error, "i",
	                             "SELECT " RESPONSE_COLUMNS
	                             " FROM response WHERE incident_id = $1 ORDER BY id",
	                             incident_id),
	                    response_read, (GDestroyNotify)response_free, error);
}

gpointer quarantine_result_read(DbRows *rows)
{
	QuarantineResult *result = g_new0(QuarantineResult, 1);
	result->id = db_int(rows, 0);
	result->response_id = db_int(rows, 1);
	result->incident_id = db_int(rows, 2);
	result->original_id = db_int(rows, 3);
	result->alert_id = db_int(rows, 4);
	result->mail_server_id = db_int(rows, 5);
	result->mailbox = db_text_dup(rows, 6);
	result->found_how = (FoundHow)rows_enum(rows, 7, found_how_names);
	result->status = (CopyStatus)rows_enum(rows, 8, copy_status_names);
	result->reason = db_text_dup(rows, 9);
	result->step = (CopyStep)rows_enum(rows, 10, copy_step_names);
	result->was_read = db_is_null(rows, 11) ? -1 : (int)db_int(rows, 11);
	result->folder = db_text_dup(rows, 12);
	result->epoch = db_text_dup(rows, 13);
	result->server_uid = db_text_dup(rows, 14);
	result->flags = db_text_dup(rows, 15);
	result->received_at = db_int(rows, 16);
	result->size = db_int(rows, 17);
	result->sha256 = db_text_dup(rows, 18);
	result->quarantine_server_id = db_int(rows, 19);
	result->quarantine_mailbox = db_text_dup(rows, 20);
	result->quarantine_folder = db_text_dup(rows, 21);
	result->quarantine_epoch = db_text_dup(rows, 22);
	result->quarantine_uid = db_text_dup(rows, 23);
	result->mark = db_text_dup(rows, 24);
	result->restore_response_id = db_int(rows, 25);
	result->restore_status = db_is_null(rows, 26) ? -1 : rows_enum(rows, 26, copy_status_names);
	result->restore_reason = db_text_dup(rows, 27);
	result->restored_epoch = db_text_dup(rows, 28);
	result->restored_uid = db_text_dup(rows, 29);
	result->updated_at = db_int(rows, 30);
	result->revision = db_int(rows, 31);
	result->bytes_removed_at = db_int(rows, 32);
	return result;
}

/* What changes with each step, as $1 … $25. */
#define STEP_TYPES "ztttittttzztztttttzttttii"
#define STEP_VALUES(r)                                                                             \
	(r)->mail_server_id, copy_status_names[(r)->status], (r)->reason,                          \
		copy_step_names[(r)->step], (gint64)(r)->was_read, (r)->folder, (r)->epoch,        \
		(r)->server_uid, (r)->flags, (r)->received_at, (r)->size, (r)->sha256,             \
		(r)->quarantine_server_id, (r)->quarantine_mailbox, (r)->quarantine_folder,        \
		(r)->quarantine_epoch, (r)->quarantine_uid, (r)->mark, (r)->restore_response_id,   \
		(r)->restore_status < 0 ? NULL : copy_status_names[(r)->restore_status],           \
		(r)->restore_reason, (r)->restored_epoch, (r)->restored_uid, (r)->updated_at,      \
		(r)->revision

gboolean quarantine_result_insert(Db *db, QuarantineResult *result, GError **error)
{
	return rows_int(
		db_query(db, error, STEP_TYPES "iiiztt",
	                 "INSERT INTO quarantine_result (mail_server_id, status, reason, step, "
	                 "was_read, folder, epoch, server_uid, flags, received_at, size, sha256, "
	                 "quarantine_server_id, quarantine_mailbox, quarantine_folder, "
	                 "quarantine_epoch, quarantine_uid, mark, restore_response_id, "
	                 "restore_status, restore_reason, restored_epoch, restored_uid, "
	                 "updated_at, revision, response_id, incident_id, original_id, alert_id, "
	                 "mailbox, found_how) VALUES ($1, $2, $3, $4, NULLIF($5, -1), $6, $7, $8, "
	                 "$9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, "
	                 "$23, $24, $25, $26, $27, $28, $29, $30, $31) RETURNING id",
	                 STEP_VALUES(result), result->response_id, result->incident_id,
	                 result->original_id, result->alert_id, result->mailbox,
	                 found_how_names[result->found_how]),
		&result->id, error);
}

QuarantineResult *quarantine_result_load(Db *db, gint64 id, GError **error)
{
	return rows_load(db_query(db, error, "i",
	                          "SELECT " RESULT_COLUMNS " FROM quarantine_result WHERE id = $1",
	                          id),
	                 quarantine_result_read, "quarantine result", id, error);
}

gboolean quarantine_result_save(Db *db, const QuarantineResult *result, GError **error)
{
	gint64 changed = 0;
	return db_run(db, &changed, error, STEP_TYPES "i",
	              "UPDATE quarantine_result SET mail_server_id = $1, status = $2, "
	              "reason = $3, step = $4, was_read = NULLIF($5, -1), folder = $6, epoch = $7, "
	              "server_uid = $8, flags = $9, received_at = $10, size = $11, sha256 = $12, "
	              "quarantine_server_id = $13, quarantine_mailbox = $14, "
	              "quarantine_folder = $15, quarantine_epoch = $16, quarantine_uid = $17, "
	              "mark = $18, restore_response_id = $19, restore_status = $20, "
	              "restore_reason = $21, restored_epoch = $22, restored_uid = $23, "
	              "updated_at = $24, revision = $25 WHERE id = $26",
	              STEP_VALUES(result), result->id) &&
	       rows_check_saved(changed, 0, "quarantine result", result->id, error);
}

GPtrArray *quarantine_result_list(Db *db, gint64 response_id, GError **error)
{
	return rows_collect(db_query(db, error, "i",
	                             "SELECT " RESULT_COLUMNS " FROM quarantine_result "
	                             "WHERE response_id = $1 OR restore_response_id = $1 "
	                             "ORDER BY id",
	                             response_id),
	                    quarantine_result_read, (GDestroyNotify)quarantine_result_free, error);
}

GPtrArray *quarantine_result_list_moved(Db *db, gint64 incident_id, GError **error)
{
	return rows_collect(db_query(db, error, "i",
	                             "SELECT " RESULT_COLUMNS " FROM quarantine_result "
	                             "WHERE incident_id = $1 AND step = 'moved' AND "
	                             "status = 'success' ORDER BY id",
	                             incident_id),
	                    quarantine_result_read, (GDestroyNotify)quarantine_result_free, error);
}

GPtrArray *quarantine_result_list_mailbox(Db *db, gint64 incident_id, const char *mailbox,
                                          GError **error)
{
	return rows_collect(db_query(db, error, "it",
	                             "SELECT " RESULT_COLUMNS " FROM quarantine_result "
	                             "WHERE incident_id = $1 AND mailbox = $2 ORDER BY id",
	                             incident_id, mailbox),
	                    quarantine_result_read, (GDestroyNotify)quarantine_result_free, error);
}

gboolean quarantine_result_pending(Db *db, const Response *response, gboolean *pending,
                                   GError **error)
{
	g_autoptr(GError) problem = NULL;
	gint64 id = 0;
	DbRows *rows =
		response->kind == RESPONSE_RESTORE
			? db_query(db, &problem, "i",
	                           "SELECT id FROM quarantine_result WHERE "
	                           "restore_response_id = $1 AND restore_status = 'pending' "
	                           "LIMIT 1",
	                           response->id)
			: db_query(db, &problem, "i",
	                           "SELECT id FROM quarantine_result WHERE response_id = $1 AND "
	                           "status = 'pending' LIMIT 1",
	                           response->id);
	*pending = rows_int(rows, &id, &problem);
	if (!problem)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

QuarantineResult *quarantine_result_find_place(Db *db, gint64 server_id, const char *mailbox,
                                               const char *folder, const char *epoch,
                                               const char *uid, GError **error)
{
	return rows_find(db_query(db, error, "itttt",
	                          "SELECT " RESULT_COLUMNS " FROM quarantine_result "
	                          "WHERE quarantine_server_id = $1 AND quarantine_mailbox = $2 "
	                          "AND quarantine_folder = $3 AND quarantine_epoch = $4 AND "
	                          "quarantine_uid = $5",
	                          server_id, mailbox, folder, epoch, uid),
	                 quarantine_result_read, error);
}

QuarantineResult *quarantine_result_find_mover(Db *db, const QuarantineResult *row, GError **error)
{
	return rows_find(db_query(db, error, "ittttii",
	                          "SELECT " RESULT_COLUMNS " FROM quarantine_result "
	                          "WHERE mail_server_id = $1 AND mailbox = $2 AND folder = $3 AND "
	                          "epoch = $4 AND server_uid = $5 AND step IN ('moved', "
	                          "'returning', 'returned', 'clearing', 'restored') AND "
	                          "revision > $6 AND id <> $7 ORDER BY id LIMIT 1",
	                          row->mail_server_id, row->mailbox, row->folder, row->epoch,
	                          row->server_uid, row->revision, row->id),
	                 quarantine_result_read, error);
}

char *quarantine_result_counts(Db *db, const Response *response, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(json_t) counts = json_object();
	g_autoptr(DbRows) rows =
		response->kind == RESPONSE_RESTORE
			? db_query(db, &problem, "i",
	                           "SELECT restore_status, count(*) FROM quarantine_result WHERE "
	                           "restore_response_id = $1 AND restore_status IS NOT NULL "
	                           "GROUP BY restore_status ORDER BY restore_status",
	                           response->id)
			: db_query(db, &problem, "i",
	                           "SELECT status, count(*) FROM quarantine_result WHERE "
	                           "response_id = $1 GROUP BY status ORDER BY status",
	                           response->id);
	while (rows && db_rows_next(rows, &problem))
		json_object_set_new(counts, db_text(rows, 0), json_integer(db_int(rows, 1)));
	if (!problem)
		return json_format(counts);
	g_propagate_error(error, g_steal_pointer(&problem));
	return NULL;
}
