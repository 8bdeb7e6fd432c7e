#pragma once
#include "db/db.h"

/* The backups that the daemon made, and how often it is to make one. */

typedef enum { BACKUP_RUNNING, BACKUP_DONE, BACKUP_FAILED } BackupState;
extern const char *const backup_state_names[];

typedef struct {
	gint64 id;
	char *file; /* its name in backups/ of the data directory */
	BackupState state;
	char *error; /* in words, or NULL */
	gint64 size; /* of the file, bytes */
	gint64 files, bytes;
	gint64 audit_seq;
	char *sha256;
	gint64 started_at, finished_at; /* 0: not yet */
} BackupRow;
void backup_row_free(BackupRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BackupRow, backup_row_free)

/** Sets @row's id. */
gboolean backup_row_insert(Db *db, BackupRow *row, GError **error);
/** Writes all but id, file and started_at. */
gboolean backup_row_save(Db *db, const BackupRow *row, GError **error);
gboolean backup_row_delete(Db *db, gint64 id, GError **error);
/** Newest first; of BackupRow. */
GPtrArray *backup_row_list(Db *db, GError **error);
/** Ends those that a worker that died left running, with @error. */
gboolean backup_row_fail_running(Db *db, const char *why, gint64 now, GError **error);

#define BACKUP_HOURS_MAX (24 * 31)
#define BACKUP_KEEP_MAX  365

typedef struct {
	gint64 every_hours; /* 0: only by hand */
	gint64 keep;        /* so many of the newest that are whole */
} BackupPlan;
gboolean backup_plan_load(Db *db, BackupPlan *plan, GError **error);
gboolean backup_plan_save(Db *db, const BackupPlan *plan, GError **error);
