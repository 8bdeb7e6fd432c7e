/* The rows of the audit chain, and what chains them. */
#include "store/audit.h"

#include "store/rows.h"

#include <string.h>

#define PAGE 500 /* records held in memory at a time while walking */

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
	DbRows *rows;
	if (incident_id == AUDIT_ALL)
		rows = db_query(db, error, "ii",
		                "SELECT " COLUMNS
		                " FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2",
		                after, (gint64)limit);
	else if (incident_id == AUDIT_OF_INCIDENTS)
		rows = db_query(db, error, "ii",
		                "SELECT " COLUMNS " FROM audit WHERE seq > $1 AND "
		                "incident_id IS NOT NULL ORDER BY seq LIMIT $2",
		                after, (gint64)limit);
	else
		rows = db_query(db, error, "iii",
		                "SELECT " COLUMNS " FROM audit WHERE incident_id = $1 AND "
		                "seq > $2 ORDER BY seq LIMIT $3",
		                incident_id, after, (gint64)limit);
	return rows_collect(rows, read_record, (GDestroyNotify)audit_record_free, error);
}

/* A text goes into the hash with its length in front, so that no two records have one encoding. */
static void add_text(GChecksum *sum, const char *text)
{
	guint64 length = GUINT64_TO_BE(strlen(text));
	g_checksum_update(sum, (const guchar *)&length, sizeof length);
	g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text));
}

static void add_number(GChecksum *sum, gint64 number)
{
	gint64 octets = GINT64_TO_BE(number);
	g_checksum_update(sum, (const guchar *)&octets, sizeof octets);
}

char *audit_record_hash(const AuditRecord *record, const char *previous)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	add_text(sum, previous);
	add_number(sum, record->seq);
	add_number(sum, record->at);
	add_text(sum, record->actor);
	add_text(sum, record->action);
	add_text(sum, record->object_kind);
	add_number(sum, record->object_id);
	add_number(sum, record->incident_id);
	add_text(sum, record->detail);
	return g_strdup(g_checksum_get_string(sum));
}

/* Why the record cannot follow the one before it; NULL when it fits. */
static char *misfit_of(const AuditRecord *record, gint64 seq, const char *previous)
{
	g_autofree char *hash = audit_record_hash(record, previous);
	if (record->seq != seq)
		return g_strdup_printf("audit record %" G_GINT64_FORMAT " is missing", seq);
	if (strcmp(hash, record->hash) != 0)
		return g_strdup_printf("audit record %" G_GINT64_FORMAT
		                       " is not what was written, or the one before it is not",
		                       seq);
	return NULL;
}

gboolean audit_walk(Db *db, gint64 *checked, char **misfit, GError **error)
{
	g_autofree char *previous = g_strdup("");
	*checked = 0;
	*misfit = NULL;
	for (;;) {
		g_autoptr(GPtrArray) page = audit_list(db, *checked, 0, PAGE, error);
		if (!page)
			return FALSE;
		for (guint i = 0; i < page->len; i++, ++*checked) {
			AuditRecord *record = page->pdata[i];
			*misfit = misfit_of(record, *checked + 1, previous);
			if (*misfit)
				return TRUE;
			g_free(previous);
			previous = g_steal_pointer(&record->hash);
		}
		if (page->len < PAGE)
			return TRUE;
	}
}
