/* The rows of the audit chain. */
#include "store/audit.h"

#include "store/rows.h"

#define COLUMNS "seq, at, actor, action, object_kind, object_id, incident_id, detail, hash"

void audit_record_free(AuditRecord *record)
{
	if (!record)
		return;
	g_free(record->actor);
	g_free(record->action);
	g_free(record->object_kind);
	g_free(record->detail);
	g_free(record->hash);
	g_free(record);
}

static gpointer read_record(DbRows *rows)
{
	AuditRecord *record = g_new0(AuditRecord, 1);
	record->seq = db_int(rows, 0);
	record->at = db_int(rows, 1);
	record->actor = db_text_dup(rows, 2);
	record->action = db_text_dup(rows, 3);
	record->object_kind = db_text_dup(rows, 4);
	record->object_id = db_int(rows, 5);
	record->incident_id = db_int(rows, 6);
	record->detail = db_text_dup(rows, 7);
	record->hash = db_text_dup(rows, 8);
	return record;
}

gboolean audit_head(Db *db, gint64 *seq, char **hash, GError **error)
{
	g_autoptr(GError) problem = NULL;
	*seq = 0;
	*hash = NULL;
	if (!db_lock_key(db, "audit", error))
		return FALSE;
	g_autoptr(AuditRecord) head =
		rows_find(db_query(db, &problem, "",
	                           "SELECT " COLUMNS " FROM audit ORDER BY seq DESC LIMIT 1"),
	                  read_record, &problem);
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	*seq = head ? head->seq : 0;
	*hash = g_strdup(head ? head->hash : "");
	return TRUE;
}

gboolean audit_last(Db *db, gint64 *seq, GError **error)
{
	return rows_int(db_query(db, error, "", "SELECT COALESCE(MAX(seq), 0) FROM audit"), seq,
	                error);
}

gboolean audit_insert(Db *db, const AuditRecord *record, GError **error)
{
	return db_run(db, NULL, error, "iitttiztt",
	              "INSERT INTO audit (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
	              record->seq, record->at, record->actor, record->action, record->object_kind,
	              record->object_id, record->incident_id, record->detail, record->hash);
}

GPtrArray *audit_list(Db *db, gint64 after, gint64 incident_id, guint limit, GError **error)
{
	DbRows *rows =
		incident_id ? db_query(db, error, "iii",
	                               "SELECT " COLUMNS " FROM audit WHERE incident_id = $1 AND "
	                               "seq > $2 ORDER BY seq LIMIT $3",
	                               incident_id, after, (gint64)limit)
			    : db_query(db, error, "ii",
	                               "SELECT " COLUMNS
	                               " FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2",
	                               after, (gint64)limit);
	return rows_collect(rows, read_record, (GDestroyNotify)audit_record_free, error);
}
