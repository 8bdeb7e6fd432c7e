/* A response from request to end: queues it, plans its rows, queues a job a row, and ends with the
 * last of them.
 *
 * Planning is committed before anything is touched, in batches that leave the database to others in
 * between; run again after a crash, it goes on where it was. While a response is planned or running
 * its incident takes no other, so that a ledger is never written by two. */
#include "store/response.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/error.h"
#include "quarantine/copy.h"
#include "store/incident.h"
#include "store/job.h"
#include "store/source.h"

#define PLAN_BATCH 1000 /* rows of one transaction */

/* Request */

/* Sets TRAWL_ERROR_CONFLICT. */
G_GNUC_PRINTF(2, 3)
static gboolean conflict(GError **error, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_propagate_error(error,
	                  g_error_new_valist(TRAWL_ERROR, TRAWL_ERROR_CONFLICT, format, arguments));
	va_end(arguments);
	return FALSE;
}

static gboolean check_idle(Db *db, gint64 incident_id, GError **error)
{
	g_autoptr(GPtrArray) responses = response_list(db, incident_id, error);
	for (guint i = 0; responses && i < responses->len; i++) {
		const Response *other = responses->pdata[i];
		if (other->state == RESPONSE_PLANNED || other->state == RESPONSE_RUNNING)
			return conflict(error,
			                "response %" G_GINT64_FORMAT
			                ", a %s of this incident, is still running",
			                other->id, response_kind_names[other->kind]);
	}
	return responses != NULL;
}

/* Is there anything to look for, and anybody to look at? */
static gboolean check_quarantine(Db *db, const Incident *incident, GError **error)
{
	gboolean original = incident->original_id != 0;
	g_autoptr(GPtrArray) alerts = alert_list(db, incident->id, error);
	for (guint i = 0; alerts && i < alerts->len && !original; i++)
		original = ((Alert *)alerts->pdata[i])->original_id != 0;
	if (!alerts)
		return FALSE;
	if (!original)
		return conflict(error,
		                "incident %" G_GINT64_FORMAT
		                " is about no original message, so there is nothing to "
		                "look for",
		                incident->id);
	if (alerts->len == 0)
		return conflict(error,
		                "incident %" G_GINT64_FORMAT
		                " has no alert, so there is no mailbox to look into",
		                incident->id);
	return TRUE;
}

/* A row whose copy is in the quarantine and may go back. */
static gboolean is_restorable(const QuarantineResult *row)
{
	return row->status == COPY_SUCCESS && row->step == STEP_MOVED &&
	       row->restore_status != COPY_PENDING && !row->bytes_removed_at;
}

static gboolean is_another(const QuarantineResult *row, const Response *restore)
{
	return restore->of_result_id && restore->of_result_id != row->id;
}

/* The rows that a restore undoes. */
static GPtrArray *restorable(Db *db, const Response *restore, GError **error)
{
	g_autoptr(GPtrArray) rows =
		restore->of_response_id
			? quarantine_result_list(db, restore->of_response_id, error)
			: quarantine_result_list_moved(db, restore->incident_id, error);
	for (guint i = rows ? rows->len : 0; i > 0; i--)
		if (!is_restorable(rows->pdata[i - 1]) || is_another(rows->pdata[i - 1], restore))
			g_ptr_array_remove_index(rows, i - 1);
	return g_steal_pointer(&rows);
}

/* In the quarantine, and past the period in which it could be put back. */
static gboolean count_expired(Db *db, const Response *restore, guint *n, GError **error)
{
	g_autoptr(GPtrArray) rows = quarantine_result_list_moved(db, restore->incident_id, error);
	*n = 0;
	for (guint i = 0; rows && i < rows->len; i++) {
		const QuarantineResult *row = rows->pdata[i];
		*n += row->bytes_removed_at &&
		      (!restore->of_response_id || row->response_id == restore->of_response_id);
	}
	return rows != NULL;
}

static gboolean check_restore(Db *db, const Response *restore, GError **error)
{
	guint expired;
	if (restore->of_response_id) {
		g_autoptr(Response) of = response_load(db, restore->of_response_id, error);
		if (!of)
			return FALSE;
		if (of->kind != RESPONSE_QUARANTINE || of->incident_id != restore->incident_id) {
			g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
			            "response %" G_GINT64_FORMAT
			            " is not a quarantine of incident %" G_GINT64_FORMAT,
			            of->id, restore->incident_id);
			return FALSE;
		}
	}
	g_autoptr(GPtrArray) rows = restorable(db, restore, error);
	if (!rows)
		return FALSE;
	if (rows->len > 0)
		return TRUE;
	if (!count_expired(db, restore, &expired, error))
		return FALSE;
	if (expired)
		return conflict(
			error,
			"%u messages of incident %" G_GINT64_FORMAT
			" can be put back no more: the period for which Trawl keeps their "
			"bytes is over (System Settings > Retention); they may still lie in "
			"the quarantine mailbox",
			expired, restore->incident_id);
	if (restore->of_result_id)
		return conflict(error,
		                "copy %" G_GINT64_FORMAT
		                " is not in quarantine, or not of this incident",
		                restore->of_result_id);
	return restore->of_response_id
	               ? conflict(error,
	                          "nothing that response %" G_GINT64_FORMAT
	                          " moved is in quarantine",
	                          restore->of_response_id)
	               : conflict(error,
	                          "nothing of incident %" G_GINT64_FORMAT " is in quarantine",
	                          restore->incident_id);
}

/* Makes the incident's responses one after the other: who holds this asks whether one is running.
 */
static gboolean lock_incident(Db *db, gint64 incident_id, GError **error)
{
	g_autofree char *key = g_strdup_printf("response:%" G_GINT64_FORMAT, incident_id);
	return db_lock_key(db, key, error);
}

static gboolean audit_response(Db *db, Response *response, const char *actor, const char *verb,
                               json_t *detail, GError **error)
{
	g_autofree char *action = g_strdup_printf("response.%s", verb);
	json_object_set_new(detail, "kind", json_string(response_kind_names[response->kind]));
	if (response->of_response_id)
		json_object_set_new(detail, "of_response", json_integer(response->of_response_id));
	if (response->of_result_id)
		json_object_set_new(detail, "of_result", json_integer(response->of_result_id));
	return audit_append(db, actor, action, "response", response->id, response->incident_id,
	                    detail, &response->revision, error);
}

gboolean response_request(Db *db, Response *response, GError **error)
{
	g_autoptr(Incident) incident = incident_load(db, response->incident_id, error);
	if (!incident || !lock_incident(db, incident->id, error) ||
	    !check_idle(db, incident->id, error))
		return FALSE;
	if (response->kind == RESPONSE_QUARANTINE ? !check_quarantine(db, incident, error)
	                                          : !check_restore(db, response, error))
		return FALSE;
	response->state = RESPONSE_PLANNED;
	response->requested_at = clock_now();
	if (!response->counts)
		response->counts = g_strdup("{}");
	if (!response_insert(db, response, error))
		return FALSE;

	json_t *detail = json_object();
	json_object_set_new(detail, "comment", json_text_new(response->comment));
	if (!audit_response(db, response, response->requested_by, "requested", detail, error) ||
	    !response_save(db, response, error))
		return FALSE;
	g_autofree char *key = g_strdup_printf("response:%" G_GINT64_FORMAT, response->id);
	json_t *payload = json_object();
	json_object_set_new(payload, "response", json_integer(response->id));
	if (response->of_result_id)
		json_object_set_new(payload, "of_result", json_integer(response->of_result_id));
	return job_queue(db, "response.run", key, NULL, PRIORITY_QUARANTINE, 0, payload, NULL,
	                 error);
}

/* End */

static gboolean response_end(Db *db, Response *response, GError **error)
{
	g_autofree char *counts = quarantine_result_counts(db, response, error);
	if (!counts)
		return FALSE;
	g_autoptr(json_t) parsed = json_parse(counts, -1, error);
	if (!parsed)
		return FALSE;
	json_t *detail = json_object();
	json_object_set(detail, "counts", parsed);
	g_free(response->counts);
	response->counts = g_steal_pointer(&counts);
	response->state = RESPONSE_DONE;
	response->finished_at = clock_now();
	return audit_response(db, response, "worker", "done", detail, error) &&
	       response_save(db, response, error);
}

gboolean response_end_if_last(Db *db, gint64 response_id, GError **error)
{
	gboolean pending;
	g_autoptr(Response) response = response_load(db, response_id, error);
	if (!response)
		return FALSE;
	if (response->state != RESPONSE_RUNNING)
		return TRUE;
	if (!quarantine_result_pending(db, response, &pending, error))
		return FALSE;
	return pending || response_end(db, response, error);
}

/* Run */

typedef struct {
	const JobTools *tools;
	const Job *job;
	gint64 deadline;
	Response *response;
	GPtrArray *rows;   /* planned, not yet inserted; or pending, not yet queued */
	guint done;        /* of rows, committed */
	guint batch;       /* of rows, in the present transaction */
	GHashTable *marks; /* "server/mailbox/folder" -> mark, or "" when there is none */
} Run;

static void run_clear(Run *run)
{
	g_clear_pointer(&run->response, response_free);
	g_clear_pointer(&run->rows, g_ptr_array_unref);
	g_clear_pointer(&run->marks, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

static gboolean load_work(Db *db, gpointer data, GError **error)
{
	Run *run = data;
	g_autoptr(json_t) payload = json_parse(run->job->payload, -1, error);
	if (payload)
		run->response = response_load(db, json_int(payload, "response", 0), error);
	if (run->response)
		run->response->of_result_id = json_int(payload, "of_result", 0);
	return run->response != NULL;
}

static gboolean check_claim(const Run *run, Db *db, GError **error)
{
	return job_check_fence(db, run->job->id, run->job->fence, error);
}

/* A row that planning ended has its record in the activity like every other. */
static gboolean insert_row(Db *db, QuarantineResult *row, GError **error)
{
	if (!quarantine_result_insert(db, row, error))
		return FALSE;
	if (row->status == COPY_PENDING)
		return TRUE;
	json_t *detail = json_object();
	json_object_set_new(detail, "response", json_integer(row->response_id));
	json_object_set_new(detail, "mailbox", json_text_new(row->mailbox));
	json_object_set_new(detail, "status", json_string(copy_status_names[row->status]));
	json_object_set_new(detail, "reason", json_text_new(row->reason));
	return audit_append(db, "worker", copy_action(row->status, FALSE), "copy", row->id,
	                    row->incident_id, detail, &row->revision, error) &&
	       quarantine_result_save(db, row, error);
}

static gboolean undo_row(const Run *run, Db *db, QuarantineResult *row, GError **error)
{
	row->restore_response_id = run->response->id;
	row->restore_status = COPY_PENDING;
	g_clear_pointer(&row->restore_reason, g_free);
	row->updated_at = clock_now();
	row->revision = run->response->revision;
	return quarantine_result_save(db, row, error);
}

static gboolean plan_work(Db *db, gpointer data, GError **error)
{
	Run *run = data;
	if (!check_claim(run, db, error))
		return FALSE;
	for (guint i = run->done; i < run->done + run->batch; i++) {
		QuarantineResult *row = run->rows->pdata[i];
		if (run->response->kind == RESPONSE_RESTORE ? !undo_row(run, db, row, error)
		                                            : !insert_row(db, row, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean queue_work(Db *db, gpointer data, GError **error)
{
	Run *run = data;
	if (!check_claim(run, db, error))
		return FALSE;
	for (guint i = run->done; i < run->done + run->batch; i++) {
		const QuarantineResult *row = run->rows->pdata[i];
		g_autofree char *place =
			g_strdup_printf("%" G_GINT64_FORMAT "/%s/%s", row->quarantine_server_id,
		                        row->quarantine_mailbox, row->quarantine_folder);
		const char *mark = g_hash_table_lookup(run->marks, place);
		if (!copy_queue(db, row, mark && *mark ? mark : NULL, error))
			return FALSE;
	}
	return TRUE;
}

/* Commits the rows, a batch at a time. */
static gboolean in_batches(Run *run, DbWork work, GError **error)
{
	for (run->done = 0; run->done < run->rows->len; run->done += run->batch) {
		run->batch = MIN(PLAN_BATCH, run->rows->len - run->done);
		if (!deadline_check(run->deadline, error) ||
		    !db_write(run->tools->db, work, run, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean rows_work(Db *db, gpointer data, GError **error)
{
	Run *run = data;
	g_clear_pointer(&run->rows, g_ptr_array_unref);
	run->rows = run->response->kind == RESPONSE_RESTORE
	                    ? restorable(db, run->response, error)
	                    : quarantine_plan(db, run->response, error);
	return run->rows != NULL;
}

/* From here on the last row to end ends the response; it may be that none is left to wait for. */
static gboolean begin_work(Db *db, gpointer data, GError **error)
{
	Run *run = data;
	g_autoptr(Response) response = response_load(db, run->response->id, error);
	if (!response || !check_claim(run, db, error))
		return FALSE;
	response->state = RESPONSE_RUNNING;
	if (!audit_response(db, response, "worker", "running", json_object(), error) ||
	    !response_save(db, response, error))
		return FALSE;
	return response_end_if_last(db, response->id, error);
}

static gboolean pending_work(Db *db, gpointer data, GError **error)
{
	Run *run = data;
	gboolean restore = run->response->kind == RESPONSE_RESTORE;
	g_clear_pointer(&run->rows, g_ptr_array_unref);
	run->rows = quarantine_result_list(db, run->response->id, error);
	for (guint i = run->rows ? run->rows->len : 0; i > 0; i--) {
		const QuarantineResult *row = run->rows->pdata[i - 1];
		if ((restore ? row->restore_status : (int)row->status) != COPY_PENDING)
			g_ptr_array_remove_index(run->rows, i - 1);
	}
	return run->rows != NULL;
}

typedef struct {
	gint64 id;
	MailServerRow *row;
} LoadServer;

static gboolean server_work(Db *db, gpointer data, GError **error)
{
	LoadServer *load = data;
	load->row = mail_server_load(db, load->id, error);
	return load->row != NULL;
}

/* Where the quarantine folder ends now, before the first copy comes: a mark for all rows that go
 * there. NULL when it cannot be had; then each row takes its own, and says what is wrong. */
static char *take_mark(const Run *run, const QuarantineResult *row)
{
	LoadServer load = {.id = row->quarantine_server_id};
	g_autoptr(GError) error = NULL;
	if (!db_read(run->tools->db, server_work, &load, &error))
		return NULL;
	g_autoptr(MailServerRow) configured = load.row;
	MailServer *server = mail_servers_get(run->tools->servers, configured, &error);
	if (!server)
		return NULL;
	char *mark = mail_server_mark(server, row->quarantine_mailbox, row->quarantine_folder,
	                              run->deadline, &error);
	mail_servers_release(run->tools->servers, server, error);
	return mark;
}

static void take_marks(Run *run)
{
	run->marks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	if (run->response->kind == RESPONSE_RESTORE)
		return;
	for (guint i = 0; i < run->rows->len; i++) {
		const QuarantineResult *row = run->rows->pdata[i];
		char *place =
			g_strdup_printf("%" G_GINT64_FORMAT "/%s/%s", row->quarantine_server_id,
		                        row->quarantine_mailbox, row->quarantine_folder);
		if (g_hash_table_contains(run->marks, place)) {
			g_free(place);
			continue;
		}
		char *mark = take_mark(run, row);
		g_hash_table_insert(run->marks, place, mark ? mark : g_strdup(""));
	}
}

gboolean copy_queue(Db *db, const QuarantineResult *row, const char *mark, GError **error)
{
	g_autofree char *key = g_strdup_printf("copy:%" G_GINT64_FORMAT, row->id);
	g_autofree char *lane = job_lane(JOB_LANE_COPY, row->mail_server_id);
	json_t *payload = json_object();
	json_object_set_new(payload, "result", json_integer(row->id));
	if (mark)
		json_object_set_new(payload, "mark", json_text_new(mark));
	return job_queue(db, "copy.run", key, lane, PRIORITY_QUARANTINE, 0, payload, NULL, error);
}

gboolean response_run(const JobTools *tools, const Job *job, gint64 deadline, JobOutcome *outcome,
                      GError **error)
{
	g_auto(Run) run = {.tools = tools, .job = job, .deadline = deadline};
	if (!db_read(tools->db, load_work, &run, error))
		return FALSE;
	if (run.response->state == RESPONSE_PLANNED &&
	    (!db_read(tools->db, rows_work, &run, error) || !in_batches(&run, plan_work, error) ||
	     !db_write(tools->db, begin_work, &run, error)))
		return FALSE;
	if (!db_read(tools->db, pending_work, &run, error))
		return FALSE;
	take_marks(&run);
	if (!in_batches(&run, queue_work, error))
		return FALSE;
	job_ring();
	return TRUE;
}
