/* Takes the reports of a batch from their bytes to their alerts: read, locate, authenticate, keep,
 * raise.
 *
 * Until the last step nothing is written but bytes that no row names yet and the count of readings;
 * the last step raises each report in one transaction. So a run that dies is simply begun anew, and
 * finds what it has raised before no longer new.
 *
 * A batch is tried once, and is not patient. A report that goes wrong leaves it, with the others'
 * work done, and is tried again by itself; those that were not reached in time go on in a batch of
 * their own. A batch whose worker died, or that failed as a whole, falls apart into its reports: so
 * one that kills workers is known, and parked, alone. */
#include "pipeline/process.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "mail/fingerprint/fingerprint.h"
#include "pipeline/keep.h"
#include "pipeline/pipeline.h"
#include "store/job.h"
#include "store/report.h"
#include "store/source.h"

#define PATIENCE_SECONDS 10.0 /* of a batch */

static const struct {
	const char *name;
	gboolean (*run)(Batch *batch, GError **error);
} steps[] = {
	{"read", process_read},                 /* raw bytes to breakdowns                       */
	{"locate", process_locate},             /* the messages that were reported               */
	{"authenticate", process_authenticate}, /* whose signatures hold, as far as is known     */
	{"keep", process_keep},   /* their bytes are ours before a row speaks of them */
	{"raise", process_raise}, /* one alert a recipient, one incident           */
};

static void process_free(gpointer data)
{
	Process *process = data;
	report_free(process->report);
	g_ptr_array_unref(process->originals);
	document_clear(&process->document);
	g_free(process->unparsed);
	g_clear_error(&process->problem);
	g_free(process);
}

static void batch_clear(Batch *batch)
{
	g_clear_pointer(&batch->source, source_free);
	g_clear_pointer(&batch->servers, g_ptr_array_unref);
	g_clear_pointer(&batch->reports, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Batch, batch_clear)

static gint compare_servers(gconstpointer a, gconstpointer b, gpointer data)
{
	const MailServerRow *left = *(MailServerRow *const *)a, *right = *(MailServerRow *const *)b;
	gint64 own = ((const Source *)data)->mail_server_id;
	return (left->id != own) - (right->id != own);
}

typedef struct {
	Batch *batch;
	const json_t *payload;
} Load;

/* Those that are new; the others were done by a run that died between its commits. */
static gboolean load_reports(Batch *batch, Db *db, const json_t *payload, GError **error)
{
	size_t i;
	json_t *id;
	batch->reports = g_ptr_array_new_with_free_func(process_free);
	json_array_foreach (json_object_get(payload, "reports"), i, id) {
		g_autoptr(Report) report = report_load(db, json_integer_value(id), error);
		if (!report)
			return FALSE;
		if (report->state != REPORT_NEW)
			continue;
		const char *problem = json_text(payload, "problem");
		Process *process = g_new0(Process, 1);
		process->batch = batch;
		if (!report->sha256)
			process->unparsed =
				g_strdup(problem ? problem : "its bytes were never fetched");
		process->report = g_steal_pointer(&report);
		process->originals = process_originals_new();
		g_ptr_array_add(batch->reports, process);
	}
	return TRUE;
}

/* The reports of a source that was deleted meanwhile are processed all the same. */
static gboolean load(Db *db, gpointer data, GError **error)
{
	const Load *load = data;
	Batch *batch = load->batch;
	batch_clear(batch);
	if (!load_reports(batch, db, load->payload, error))
		return FALSE;
	if (batch->reports->len == 0)
		return TRUE;
	const Process *first = batch->reports->pdata[0];
	batch->source = source_load_any(db, first->report->source_id, error);
	batch->servers = batch->source ? mail_server_list(db, error) : NULL;
	if (!batch->servers)
		return FALSE;
	g_ptr_array_sort_with_data(batch->servers, compare_servers, batch->source);
	return TRUE;
}

/* --- in the batch, or out of it -----------------------------------------------------------------
 */

gboolean process_is_alone(const Process *process)
{
	return process->batch->reports->len == 1;
}

gboolean process_is_in(const Process *process)
{
	return !process->problem && !process->late;
}

gboolean process_goes_on(Process *process)
{
	process->late = process->late || (!process_is_alone(process) && !process->problem &&
	                                  g_get_monotonic_time() > process->batch->patience);
	return process_is_in(process);
}

void process_leave(Process *process, GError *problem)
{
	if (!process_is_in(process)) {
		g_error_free(problem);
		return;
	}
	process->problem = problem;
	if (!process_is_alone(process))
		g_message("report %" G_GINT64_FORMAT " is tried again by itself: %s",
		          process->report->id, problem->message);
}

gboolean process_finish(Batch *batch, Db *db, GError **error)
{
	g_autoptr(GArray) late = g_array_new(FALSE, FALSE, sizeof(gint64));
	gint64 server_id = batch->source->mail_server_id, now = clock_now();
	if (!job_finish(db, batch->job, JOB_DONE, 0, NULL, NULL, NULL, error))
		return FALSE;
	for (guint i = 0; i < batch->reports->len; i++) {
		const Process *process = batch->reports->pdata[i];
		if (process->late)
			g_array_append_val(late, process->report->id);
		if (!process->problem)
			continue;
		KeepJob alone = {
			.reports = &process->report->id,
			.n_reports = 1,
			.server_id = server_id,
			.attempts = 1,
			.run_at = job_backoff(1, process->problem, now),
			.kills = process->killed ? 1 : 0,
		};
		if (!keep_queue_process(db, &alone, error))
			return FALSE;
	}
	KeepJob rest = {
		.reports = (const gint64 *)late->data,
		.n_reports = late->len,
		.server_id = server_id,
		.run_at = now,
	};
	return late->len == 0 || keep_queue_process(db, &rest, error);
}

/* --- keep ---------------------------------------------------------------------------------------
 */

/* The five hundredth report of one original brings nothing that is not here. */
static gboolean find_kept(Process *process, Db *db, GError **error)
{
	for (guint i = 0; i < process->originals->len; i++) {
		ReportedOriginal *original = process->originals->pdata[i];
		if (!original->first_hand)
			continue;
		g_autoptr(GError) problem = NULL;
		g_autofree char *key = fingerprint_key(original->fingerprint);
		g_autoptr(Original) same =
			original_find_same(db, original->message_id, key, &problem);
		if (problem) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return FALSE;
		}
		original->kept = same != NULL;
	}
	return TRUE;
}

/* A message that reports nothing is kept already. */
static gboolean brings_originals(const Process *process)
{
	return process_is_in(process) && process_is_report(process);
}

static gboolean find_all_kept(Db *db, gpointer data, GError **error)
{
	const Batch *batch = data;
	for (guint i = 0; i < batch->reports->len; i++)
		if (brings_originals(batch->reports->pdata[i]) &&
		    !find_kept(batch->reports->pdata[i], db, error))
			return FALSE;
	return TRUE;
}

gboolean process_keep(Batch *batch, GError **error)
{
	if (!db_read(batch->tools->db, find_all_kept, batch, error))
		return FALSE;
	g_autoptr(GPtrArray) messages = g_ptr_array_new();
	for (guint i = 0; i < batch->reports->len; i++) {
		const Process *process = batch->reports->pdata[i];
		for (guint at = 0; brings_originals(process) && at < process->originals->len;
		     at++) {
			const ReportedOriginal *original = process->originals->pdata[at];
			if (original->bytes && !original->kept)
				g_ptr_array_add(messages, original->bytes);
		}
	}
	g_autoptr(GPtrArray) hashes = raw_store_put(batch->tools->raw, messages, error);
	return hashes != NULL;
}

/* --- the job ------------------------------------------------------------------------------------
 */

static gboolean forgive_reading(Db *db, gpointer data, GError **error)
{
	return report_end_reading(db, ((const Process *)data)->report->id, error);
}

/* It is read again with the next attempt; that its readings ended is not held against it. */
static void forgive(const Batch *batch)
{
	for (guint i = 0; i < batch->reports->len; i++) {
		Process *process = batch->reports->pdata[i];
		g_autoptr(GError) problem = NULL;
		if (process->report->reads &&
		    !db_write(batch->tools->db, forgive_reading, process, &problem))
			g_warning("report %" G_GINT64_FORMAT ": %s", process->report->id,
			          problem->message);
	}
}

/* A batch was begun before and did not end: each of its reports is to be tried by itself. */
static void fall_apart(const Batch *batch)
{
	for (guint i = 0; i < batch->reports->len; i++)
		process_leave(batch->reports->pdata[i],
		              g_error_new(TRAWL_ERROR, TRAWL_ERROR_BUSY,
		                          "its batch, job %" G_GINT64_FORMAT ", did not end",
		                          batch->job->id));
}

static gboolean run_steps(Batch *batch, GError **error)
{
	for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
		Process *first = batch->reports->pdata[0];
		gboolean ok = steps[i].run(batch, error);
		if (ok && process_is_alone(first) && first->problem) {
			g_propagate_error(error, g_steal_pointer(&first->problem));
			ok = FALSE; /* who is alone fails with its job */
		}
		if (ok)
			continue;
		g_prefix_error(error, "report %" G_GINT64_FORMAT "%s, %s: ", first->report->id,
		               process_is_alone(first) ? "" : " and others", steps[i].name);
		forgive(batch);
		return FALSE;
	}
	return TRUE;
}

gboolean report_process(const JobTools *tools, const Job *job, gint64 deadline, JobOutcome *outcome,
                        GError **error)
{
	g_autoptr(json_t) payload = json_parse(job->payload, -1, error);
	g_auto(Batch) batch = {
		.tools = tools,
		.job = job,
		.deadline = deadline,
		.patience = deadline_in(PATIENCE_SECONDS),
		.kills = json_int(payload, "kills", 0),
	};
	Load what = {&batch, payload};
	if (!payload || !db_read(tools->db, load, &what, error))
		return FALSE;
	if (batch.reports->len == 0)
		return TRUE; /* done before */
	if (job->attempts > 0 && batch.reports->len > 1)
		fall_apart(&batch);
	if (!run_steps(&batch, error))
		return FALSE;
	outcome->finished = TRUE;
	return TRUE;
}
