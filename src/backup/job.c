/* Makes backups by itself.
 *
 * A row says that one is being made before its file is begun, so that what a worker that died left
 * behind is known. A file is removed before its row, so that no row names a file by mistake: a
 * removal that was interrupted is done again. */
#include "backup/job.h"

#include "audit/audit.h"
#include "backup/backup.h"
#include "base/clock.h"
#include "base/error.h"
#include "store/backup.h"
#include "store/job.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define KEY         "backup"
#define FAILED_KEPT 10               /* rows of failures, for people to read */
#define AGAIN       (1 * CLOCK_HOUR) /* after a failure, when the plan says less often */

typedef struct {
	const JobTools *tools;
	const Job *job;
	char *directory;
	BackupRow *row;
	BackupPlan plan;
	GPtrArray *rows; /* of BackupRow */
} Run;

static void run_clear(Run *run)
{
	g_clear_pointer(&run->directory, g_free);
	g_clear_pointer(&run->row, backup_row_free);
	g_clear_pointer(&run->rows, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

/* What was being written when a worker died: NAME.part, NAME.db.part and what lies beside it. Only
 * this job writes here. */
static void remove_parts(const char *directory)
{
	g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		g_autofree char *path = g_build_filename(directory, name, NULL);
		if (strstr(name, ".part"))
			g_unlink(path);
	}
}

static gboolean begin(Db *db, gpointer data, GError **error)
{
	Run *run = data;
	return job_check_fence(db, run->job->id, run->job->fence, error) &&
	       backup_plan_load(db, &run->plan, error) &&
	       backup_row_fail_running(db, "the worker ended before it was whole", clock_now(),
	                               error) &&
	       backup_row_insert(db, run->row, error);
}

static gboolean end(Db *db, gpointer data, GError **error)
{
	Run *run = data;
	const BackupRow *row = run->row;
	gint64 seq;
	gboolean done = row->state == BACKUP_DONE;
	json_t *detail = json_pack("{s:s}", "file", row->file);
	if (done)
		json_object_set_new(detail, "sha256", json_string(row->sha256));
	else
		json_object_set_new(detail, "error", json_text_new(row->error));
	g_clear_pointer(&run->rows, g_ptr_array_unref);
	if (!job_check_fence(db, run->job->id, run->job->fence, error)) {
		json_decref(detail);
		return FALSE;
	}
	return backup_row_save(db, row, error) &&
	       audit_append(db, "worker", done ? "backup.create" : "backup.fail", "backup", row->id,
	                    0, detail, &seq, error) &&
	       (run->rows = backup_row_list(db, error)) != NULL;
}

/* Written, and then read to its end: a disk that lies is found out while there are others. */
static gboolean make(Run *run, GError **error)
{
	BackupRow *row = run->row;
	struct stat about;
	g_auto(BackupManifest) made = {0}, seen = {0};
	g_autofree char *path = g_build_filename(run->directory, row->file, NULL);
	if (!backup_create(run->tools->db, run->tools->data_dir, path, &made, error) ||
	    !backup_verify(path, &seen, error))
		return FALSE;
	row->size = g_stat(path, &about) == 0 ? about.st_size : 0;
	row->files = seen.files;
	row->bytes = seen.bytes;
	row->audit_seq = seen.audit_seq;
	row->sha256 = g_steal_pointer(&seen.sha256);
	return TRUE;
}

typedef struct {
	const Run *run;
	const BackupRow *row;
} Removal;

static gboolean forget(Db *db, gpointer data, GError **error)
{
	const Removal *removal = data;
	gint64 seq;
	return job_check_fence(db, removal->run->job->id, removal->run->job->fence, error) &&
	       backup_row_delete(db, removal->row->id, error) &&
	       audit_append(db, "worker", "backup.delete", "backup", removal->row->id, 0,
	                    json_pack("{s:s}", "file", removal->row->file), &seq, error);
}

static gboolean remove_file(const Run *run, const BackupRow *row, GError **error)
{
	g_autofree char *path = g_build_filename(run->directory, row->file, NULL);
	if (g_unlink(path) == 0 || errno == ENOENT)
		return TRUE;
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE, "remove %s: %s", path,
	            g_strerror(errno));
	return FALSE;
}

static gboolean remove_one(const Run *run, const BackupRow *row, GError **error)
{
	Removal removal = {run, row};
	return remove_file(run, row, error) && db_write(run->tools->db, forget, &removal, error);
}

/* Of one that failed, or was interrupted before it was known to be whole, only the row stays: a
 * file of that name would be taken for a backup. */
static gboolean remove_old(const Run *run, GError **error)
{
	gint64 whole = 0, failed = 0;
	for (guint i = 0; i < run->rows->len; i++) {
		const BackupRow *row = run->rows->pdata[i];
		gboolean old = row->state == BACKUP_DONE     ? ++whole > run->plan.keep
		               : row->state == BACKUP_FAILED ? ++failed > FAILED_KEPT
		                                             : FALSE;
		if (row->state == BACKUP_FAILED && !remove_file(run, row, error))
			return FALSE;
		if (old && !remove_one(run, row, error))
			return FALSE;
	}
	return TRUE;
}

static BackupRow *row_new(gint64 now)
{
	BackupRow *row = g_new0(BackupRow, 1);
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(now / CLOCK_SECOND);
	g_autofree char *stamp = g_date_time_format(time, "%Y%m%dT%H%M%S");
	row->file = g_strdup_printf("trawl-%s%03dZ.backup", stamp,
	                            (int)(now % CLOCK_SECOND / (CLOCK_SECOND / 1000)));
	row->state = BACKUP_RUNNING;
	row->started_at = now;
	return row;
}

static gint64 next_run(const Run *run)
{
	gint64 hours = run->plan.every_hours * CLOCK_HOUR;
	if (hours == 0)
		return 0;
	gboolean failed = run->row->state == BACKUP_FAILED;
	return run->row->started_at + (failed ? MIN(hours, AGAIN) : hours);
}

gboolean backup_run(const JobTools *tools, const Job *job, gint64 deadline, JobOutcome *outcome,
                    GError **error)
{
	g_auto(Run) run = {.tools = tools,
	                   .job = job,
	                   .directory = g_build_filename(tools->data_dir, "backups", NULL),
	                   .row = row_new(clock_now())};
	g_autoptr(GError) problem = NULL;
	if (g_mkdir_with_parents(run.directory, 0700) != 0) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE, "make %s: %s", run.directory,
		            g_strerror(errno));
		return FALSE;
	}
	if (!db_write(tools->db, begin, &run, error))
		return FALSE;
	remove_parts(run.directory);
	run.row->state = make(&run, &problem) ? BACKUP_DONE : BACKUP_FAILED;
	if (problem)
		g_warning("backup %s: %s", run.row->file, problem->message);
	run.row->error = problem ? g_strdup(problem->message) : NULL;
	run.row->finished_at = clock_now();
	if (!db_write(tools->db, end, &run, error) || !remove_old(&run, error))
		return FALSE;
	outcome->again_at = next_run(&run);
	return TRUE;
}

/* --- when ---------------------------------------------------------------------------------------
 */

static gboolean call_off(Db *db, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(Job) job = job_find_live(db, KEY, &problem);
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	return !job || job->state != JOB_READY || job_cancel(db, job->id, clock_now(), error);
}

gboolean backup_queue_now(Db *db, gint64 *id, GError **error)
{
	return job_queue(db, "backup.run", KEY, NULL, PRIORITY_INTERACTIVE, 0, json_object(), id,
	                 error);
}

gboolean backup_schedule(Db *db, GError **error)
{
	BackupPlan plan;
	if (!backup_plan_load(db, &plan, error) || !call_off(db, error))
		return FALSE;
	if (plan.every_hours == 0)
		return TRUE;
	g_autoptr(GPtrArray) rows = backup_row_list(db, error);
	if (!rows)
		return FALSE;
	const BackupRow *last = rows->len ? rows->pdata[0] : NULL;
	gint64 due = last ? last->started_at + plan.every_hours * CLOCK_HOUR : 0;
	return job_queue(db, "backup.run", KEY, NULL, PRIORITY_HOUSEKEEPING, MAX(due, clock_now()),
	                 json_object(), NULL, error);
}
