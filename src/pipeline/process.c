/* Takes one report from its bytes to its alerts: read, locate,
 * authenticate, keep, raise.
 *
 * Until the last step nothing is written but bytes that no row names yet and the count of readings;
 * the last step is one transaction. So a run that dies is simply begun anew. */
#include "pipeline/process.h"

#include "base/error.h"
#include "mail/fingerprint.h"
#include "pipeline/pipeline.h"
#include "store/report.h"
#include "store/source.h"

static const struct {
	const char *name;
	gboolean (*run)(Process *process, GError **error);
} steps[] = {
	{"read", process_read},                 /* raw bytes to a breakdown                     */
	{"locate", process_locate},             /* the message that was reported                */
	{"authenticate", process_authenticate}, /* whose signatures hold, as far as is known */
	{"keep", process_keep},                 /* its bytes are ours before a row speaks of it */
	{"raise", process_raise},               /* one alert a recipient, one incident          */
};

static void process_clear(Process *process)
{
	g_clear_pointer(&process->report, report_free);
	g_clear_pointer(&process->source, source_free);
	g_clear_pointer(&process->servers, g_ptr_array_unref);
	g_clear_pointer(&process->originals, g_ptr_array_unref);
	g_clear_pointer(&process->breakdown, json_decref);
	g_clear_pointer(&process->unparsed, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Process, process_clear)

static gint compare_servers(gconstpointer a, gconstpointer b, gpointer data)
{
	const MailServerRow *left = *(MailServerRow *const *)a, *right = *(MailServerRow *const *)b;
	gint64 own = ((const Process *)data)->source->mail_server_id;
	return (left->id != own) - (right->id != own);
}

/* The reports of a source that was deleted meanwhile are processed all the same. */
static gboolean load(Db *db, gpointer data, GError **error)
{
	Process *process = data;
	process_clear(process);
	process->report = report_load(db, process->report_id, error);
	if (!process->report)
		return FALSE;
	process->source = source_load_any(db, process->report->source_id, error);
	process->servers = process->source ? mail_server_list(db, error) : NULL;
	if (!process->servers)
		return FALSE;
	g_ptr_array_sort_with_data(process->servers, compare_servers, process);
	process->originals = process_originals_new();
	return TRUE;
}

/* --- keep ---------------------------------------------------------------------------------------
 */

/* The five hundredth report of one original brings nothing that is not here. */
static gboolean find_kept(Db *db, gpointer data, GError **error)
{
	Process *process = data;
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

gboolean process_keep(Process *process, GError **error)
{
	if (!process_is_report(process))
		return TRUE; /* a message that reports nothing is kept already */
	if (!db_read(process->tools->db, find_kept, process, error))
		return FALSE;
	g_autoptr(GPtrArray) messages = g_ptr_array_new();
	for (guint i = 0; i < process->originals->len; i++) {
		const ReportedOriginal *original = process->originals->pdata[i];
		if (original->bytes && !original->kept)
			g_ptr_array_add(messages, original->bytes);
	}
	g_autoptr(GPtrArray) hashes =
		messages->len ? raw_store_put(process->tools->raw, messages, error) : NULL;
	return !messages->len || hashes;
}

/* --- the job ------------------------------------------------------------------------------------
 */

static gboolean forgive_reading(Db *db, gpointer data, GError **error)
{
	return report_end_reading(db, ((const Process *)data)->report_id, error);
}

/* It is read again with the next attempt; that its readings ended is not held against it. */
static void forgive(Process *process)
{
	g_autoptr(GError) problem = NULL;
	if (process->report && process->report->reads &&
	    !db_write(process->tools->db, forgive_reading, process, &problem))
		g_warning("report %" G_GINT64_FORMAT ": %s", process->report_id, problem->message);
}

gboolean report_process(const JobTools *tools, const Job *job, gint64 deadline, JobOutcome *outcome,
                        GError **error)
{
	g_autoptr(json_t) payload = json_parse(job->payload, -1, error);
	g_auto(Process) process = {
		.tools = tools,
		.job = job,
		.deadline = deadline,
		.report_id = json_int(payload, "report", 0),
	};
	if (!payload || !db_read(tools->db, load, &process, error))
		return FALSE;
	if (process.report->state != REPORT_NEW)
		return TRUE; /* done before; the job died between its commit and its end */
	if (!process.report->sha256) {
		const char *problem = json_text(payload, "problem");
		process.unparsed = g_strdup(problem ? problem : "its bytes were never fetched");
	}
	for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
		if (steps[i].run(&process, error))
			continue;
		g_prefix_error(error, "report %" G_GINT64_FORMAT ", %s: ", process.report_id,
		               steps[i].name);
		forgive(&process);
		return FALSE;
	}
	outcome->finished = TRUE;
	return TRUE;
}
