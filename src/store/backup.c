/* Backups and their plan. The plan is two settings; without them nothing is made by itself. */
#include "store/backup.h"

#include "base/text.h"
#include "store/rows.h"
#include "store/setting.h"

#define COLUMNS                                                                                    \
	"id, file, state, error, size, files, bytes, audit_seq, sha256, started_at, finished_at"
#define HOURS        "backup.every_hours"
#define KEEP         "backup.keep"
#define KEEP_USUALLY 7

const char *const backup_state_names[] = {
	[BACKUP_RUNNING] = "running", [BACKUP_DONE] = "done", [BACKUP_FAILED] = "failed", NULL};

void backup_row_free(BackupRow *row)
{
	if (!row)
		return;
	g_free(row->file);
	g_free(row->error);
	g_free(row->sha256);
	g_free(row);
}

static gpointer read_row(DbRows *rows)
{
	BackupRow *row = g_new0(BackupRow, 1);
	row->id = db_int(rows, 0);
	row->file = db_text_dup(rows, 1);
	row->state = (BackupState)rows_enum(rows, 2, backup_state_names);
	row->error = db_text_dup(rows, 3);
	row->size = db_int(rows, 4);
	row->files = db_int(rows, 5);
	row->bytes = db_int(rows, 6);
	row->audit_seq = db_int(rows, 7);
	row->sha256 = db_text_dup(rows, 8);
	row->started_at = db_int(rows, 9);
	row->finished_at = db_int(rows, 10);
	return row;
}

gboolean backup_row_insert(Db *db, BackupRow *row, GError **error)
{
	return rows_int(db_query(db, error, "ttiiiii",
	                         "INSERT INTO backup (file, state, size, files, bytes, audit_seq, "
	                         "started_at, finished_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0) "
	                         "RETURNING id",
	                         row->file, backup_state_names[row->state], row->size, row->files,
	                         row->bytes, row->audit_seq, row->started_at),
	                &row->id, error);
}

gboolean backup_row_save(Db *db, const BackupRow *row, GError **error)
{
	return db_run(db, NULL, error, "ttiiiitii",
	              "UPDATE backup SET state = $1, error = $2, size = $3, files = $4, "
	              "bytes = $5, audit_seq = $6, sha256 = $7, finished_at = $8 WHERE id = $9",
	              backup_state_names[row->state], row->error, row->size, row->files, row->bytes,
	              row->audit_seq, row->sha256, row->finished_at, row->id);
}

gboolean backup_row_delete(Db *db, gint64 id, GError **error)
{
	return db_run(db, NULL, error, "i", "DELETE FROM backup WHERE id = $1", id);
}

GPtrArray *backup_row_list(Db *db, GError **error)
{
	return rows_collect(
		db_query(db, error, "", "SELECT " COLUMNS " FROM backup ORDER BY id DESC"),
		read_row, (GDestroyNotify)backup_row_free, error);
}

gboolean backup_row_fail_running(Db *db, const char *why, gint64 now, GError **error)
{
	return db_run(db, NULL, error, "tti",
	              "UPDATE backup SET state = 'failed', error = $1, finished_at = $3 "
	              "WHERE state = $2",
	              why, backup_state_names[BACKUP_RUNNING], now);
}

static gboolean load_number(Db *db, const char *name, gint64 otherwise, gint64 *number,
                            GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autofree char *value = setting_load(db, name, &problem);
	*number = value ? g_ascii_strtoll(value, NULL, 10) : otherwise;
	if (problem)
		g_propagate_error(error, g_steal_pointer(&problem));
	return !(error && *error);
}

static gboolean save_number(Db *db, const char *name, gint64 number, GError **error)
{
	g_autofree char *value = g_strdup_printf("%" G_GINT64_FORMAT, number);
	return setting_save(db, name, value, error);
}

gboolean backup_plan_load(Db *db, BackupPlan *plan, GError **error)
{
	return load_number(db, HOURS, 0, &plan->every_hours, error) &&
	       load_number(db, KEEP, KEEP_USUALLY, &plan->keep, error);
}

gboolean backup_plan_save(Db *db, const BackupPlan *plan, GError **error)
{
	return save_number(db, HOURS, plan->every_hours, error) &&
	       save_number(db, KEEP, plan->keep, error);
}
