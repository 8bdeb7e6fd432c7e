/* Keeps what a poll found.
 *
 * The bytes are durable before a row speaks of them; row, audit record and the job that reads the
 * reports commit together, and the source's cursor moves no earlier. So a crash at any instant
 * leaves at worst a file that no row names, and a listing that is asked for again: what is known
 * already is recognised by its place.
 *
 * When a folder's epoch changes, all of it is listed again under new numbers. A message whose bytes
 * and date are those of a report with another epoch is that report at its new place, not a second
 * one. One report answers for one message: of two equal messages each finds its own. */
#include "pipeline/keep.h"

#include "audit/audit.h"
#include "base/clock.h"
#include "pipeline/place.h"
#include "pipeline/post_process.h"
#include "store/job.h"
#include "store/report.h"

/* Of one job that reads reports: enough that most of its cost is shared, little enough that several
 * threads find work in one poll, and that a job that dies loses seconds. */
#define BATCH_REPORTS 500
#define BATCH_BYTES   (8UL * 1024 * 1024)

void keep_item_free(KeepItem *item)
{
	g_clear_pointer(&item->bytes, g_bytes_unref);
	g_free(item->problem);
	g_free(item->sha256);
	g_free(item);
}

gboolean keep_store(Keep *keep, GError **error)
{
	g_autoptr(GPtrArray) messages = g_ptr_array_new();
	g_autoptr(GPtrArray) items = g_ptr_array_new();
	for (guint i = 0; i < keep->items->len; i++) {
		KeepItem *item = keep->items->pdata[i];
		if (!item->bytes)
			continue;
		g_ptr_array_add(messages, item->bytes);
		g_ptr_array_add(items, item);
	}
	if (!messages->len)
		return TRUE;
	g_autoptr(GPtrArray) hashes = raw_store_put(keep->tools->raw, messages, error);
	if (!hashes)
		return FALSE;
	for (guint i = 0; i < items->len; i++) {
		KeepItem *item = items->pdata[i];
		g_free(item->sha256);
		item->sha256 = g_strdup(hashes->pdata[i]);
	}
	return TRUE;
}

/* A report is in one live job, so the first of them names it. */
gboolean keep_queue_process(Db *db, const KeepJob *job, GError **error)
{
	g_autofree char *key = g_strdup_printf("process:%" G_GINT64_FORMAT, job->reports[0]);
	g_autofree char *lane = job_lane(JOB_LANE_REPORT, job->server_id);
	g_autoptr(json_t) payload = json_object();
	json_t *reports = json_array();
	for (guint i = 0; i < job->n_reports; i++)
		json_array_append_new(reports, json_integer((json_int_t)job->reports[i]));
	json_object_set_new(payload, "reports", reports);
	if (job->problem)
		json_object_set_new(payload, "problem", json_text_new(job->problem));
	if (job->kills)
		json_object_set_new(payload, "kills", json_integer((json_int_t)job->kills));
	g_autofree char *text = json_format(payload);
	gint64 now = clock_now();
	Job row = {
		.kind = (char *)"report.process",
		.unique_key = key,
		.lane = lane,
		.priority = PRIORITY_PROCESS,
		.state = JOB_READY,
		.run_at = job->run_at ? job->run_at : now,
		.payload = text,
		.attempts = job->attempts,
		.created_at = now,
		.updated_at = now,
	};
	return job_insert(db, &row, TRUE, error);
}

/* A job for those that have none. */
static gboolean queue_batch(Keep *keep, Db *db, GError **error)
{
	KeepJob job = {
		.reports = (const gint64 *)keep->batch->data,
		.n_reports = keep->batch->len,
		.server_id = keep->source->mail_server_id,
	};
	gboolean ok = keep->batch->len == 0 || keep_queue_process(db, &job, error);
	g_array_set_size(keep->batch, 0);
	keep->batch_bytes = 0;
	return ok;
}

/* Sees to it that a new report is processed: in a batch, or alone when its bytes are not here. */
static gboolean queue_report(Keep *keep, Db *db, const Report *report, const KeepItem *item,
                             GError **error)
{
	if (!item->bytes) {
		KeepJob job = {
			.reports = &report->id,
			.n_reports = 1,
			.server_id = keep->source->mail_server_id,
			.problem = item->problem,
		};
		return keep_queue_process(db, &job, error);
	}
	g_array_append_val(keep->batch, report->id);
	keep->batch_bytes += g_bytes_get_size(item->bytes);
	gboolean full = keep->batch->len >= BATCH_REPORTS || keep->batch_bytes >= BATCH_BYTES;
	return !full || queue_batch(keep, db, error);
}

/* The report is at another place now. What was done to it at the old one has to be done again when
 * it came back, say with a mailbox that was restored from a backup. */
static gboolean relocate(const Keep *keep, Db *db, Report *known, const Report *now, GError **error)
{
	json_t *detail = json_pack("{s:s, s:s}", "was", known->epoch, "is", now->epoch);
	if (!audit_append(db, "worker", "report.relocate", "report", known->id, 0, detail,
	                  &known->revision, error))
		return FALSE;
	g_free(known->epoch);
	known->epoch = g_strdup(now->epoch);
	g_free(known->server_uid);
	known->server_uid = g_strdup(now->server_uid);
	/* Without its bytes nobody can prove that it is the one. */
	gboolean again = known->post_process != POST_STATE_NONE && known->state != REPORT_NEW &&
	                 keep->source->post_process != POST_PROCESS_NONE && known->sha256;
	if (again)
		known->post_process = POST_STATE_PENDING;
	return report_relocate(db, known, error) &&
	       (!again || post_process_queue(db, known, keep->source->mail_server_id, error));
}

/* TRUE in @found when the message is a report that we know from before its folder's epoch changed.
 */
static gboolean find_elsewhere(Keep *keep, Db *db, const Report *report, gboolean *found,
                               GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(Report) known =
		report_find_elsewhere(db, report->source_id, report->epoch, report->sha256,
	                              report->received_at, &problem);
	*found = known != NULL;
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	return known ? relocate(keep, db, known, report, error)
	             : report_relocate_removed(db, report, found, error);
}

static gboolean insert(Keep *keep, Db *db, Report *report, const KeepItem *item, GError **error)
{
	gboolean inserted = FALSE;
	if (!report_insert(db, report, &inserted, error) || !inserted)
		return inserted;
	json_t *detail = json_pack("{s:I, s:s, s:o}", "source", (json_int_t)report->source_id,
	                           "place", report->epoch, "sha256", json_text_new(report->sha256));
	const char *action = report->state == REPORT_GONE ? "report.gone" : "report.keep";
	if (!audit_append(db, "worker", action, "report", report->id, 0, detail, &report->revision,
	                  error) ||
	    !report_save(db, report, error))
		return FALSE;
	keep->found++;
	return report->state != REPORT_NEW || queue_report(keep, db, report, item, error);
}

/* A message that was gone before it could be fetched keeps a row that says so: the count of what
 * was listed adds up. It makes no incident, for there is nothing to look at. */
static gboolean keep_one(Keep *keep, Db *db, const KeepItem *item, GError **error)
{
	const MailRef *ref = item->item->ref;
	g_autofree char *epoch =
		place_format(keep->source->mail_server_id, ref->mailbox, ref->folder, ref->epoch);
	Report report = {
		.source_id = keep->source->id,
		.epoch = epoch,
		.server_uid = ref->uid,
		.sha256 = item->sha256,
		.received_at = item->item->received_at,
		.found_at = clock_now(),
		.state = item->bytes || item->problem ? REPORT_NEW : REPORT_GONE,
	};
	gboolean elsewhere = FALSE;
	if (item->bytes && keep->moved && !find_elsewhere(keep, db, &report, &elsewhere, error))
		return FALSE;
	if (elsewhere)
		return TRUE;
	return (!item->bytes ||
	        raw_store_register(keep->tools->raw, db, item->sha256, item->bytes, error)) &&
	       insert(keep, db, &report, item, error);
}

gboolean keep_write(Db *db, gpointer data, GError **error)
{
	Keep *keep = data;
	keep->found = 0;
	g_array_set_size(keep->batch, 0);
	keep->batch_bytes = 0;
	if (!job_check_fence(db, keep->job->id, keep->job->fence, error))
		return FALSE;
	for (guint i = 0; i < keep->items->len; i++)
		if (!keep_one(keep, db, keep->items->pdata[i], error))
			return FALSE;
	return queue_batch(keep, db, error);
}
