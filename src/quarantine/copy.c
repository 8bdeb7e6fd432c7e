/* Takes one row of the ledger as far as it goes.
 *
 * The row's step says what has been done outside, or may have been: a step is committed before what
 * it announces is tried. This file loads the row, runs the steps, commits them and decides what an
 * error means; run.c and undo.c are the steps themselves. Every commit first makes sure that no
 * other worker has taken the row over. */
#include "quarantine/copy.h"

#include "audit/audit.h"
#include "base/clock.h"
#include "base/error.h"
#include "store/job.h"
#include "store/report.h"
#include "store/response.h"
#include "store/source.h"

#include <string.h>

#define LIMIT_TURNS 40 /* steps of one run: nine are the rule, more mean that others interfere */
#define KILLS_MORE  2  /* workers that may die of a row beyond the attempts it has */

void copy_found_free(CopyFound *found)
{
	if (!found)
		return;
	g_clear_pointer(&found->item, mail_item_free);
	g_clear_pointer(&found->bytes, g_bytes_unref);
	g_free(found->sha256);
	g_free(found->changed);
	g_free(found);
}

static void copy_clear(Copy *copy)
{
	g_clear_pointer(&copy->row, quarantine_result_free);
	g_clear_pointer(&copy->original, original_free);
	g_clear_pointer(&copy->server_row, mail_server_row_free);
	g_clear_pointer(&copy->quarantine_row, mail_server_row_free);
	g_clear_pointer(&copy->bytes, g_bytes_unref);
	g_clear_pointer(&copy->extras, g_ptr_array_unref);
	g_clear_pointer(&copy->written, mail_ref_free);
	g_free(copy->mark_hint);
	g_free(copy->note);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Copy, copy_clear)

gboolean copy_is_restore(const Copy *copy)
{
	return copy->row->status != COPY_PENDING;
}

static gboolean copy_is_due(const Copy *copy)
{
	return copy->row->status == COPY_PENDING || copy->row->restore_status == COPY_PENDING;
}

static gint64 copy_response_id(const Copy *copy)
{
	return copy_is_restore(copy) ? copy->row->restore_response_id : copy->row->response_id;
}

void copy_note(Copy *copy, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *sentence = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_autofree char *before = g_steal_pointer(&copy->note);
	copy->note = before ? g_strjoin(" ", before, sentence, NULL) : g_strdup(sentence);
}

void copy_remember(QuarantineResult *row, const MailItem *item, const char *sha256)
{
	g_free(row->folder);
	g_free(row->epoch);
	g_free(row->server_uid);
	g_free(row->flags);
	row->folder = g_strdup(item->ref->folder);
	row->epoch = g_strdup(item->ref->epoch);
	row->server_uid = g_strdup(item->ref->uid);
	row->flags = copy_flags_format(item->flags);
	row->was_read = mail_item_is_read(item);
	row->received_at = item->received_at;
	if (!sha256 || sha256 == row->sha256)
		return;
	g_free(row->sha256);
	row->sha256 = g_strdup(sha256);
}

gboolean copy_read(Copy *copy, DbWork work, gpointer data, GError **error)
{
	copy->own_fault = !db_read(copy->tools->db, work, data, error);
	return !copy->own_fault;
}

/* Committing */

static gboolean check_claim(Copy *copy, Db *db, GError **error)
{
	g_autoptr(GError) failure = NULL;
	if (job_check_fence(db, copy->job->id, copy->job->fence, &failure))
		return TRUE;
	copy->lost = g_error_matches(failure, TRAWL_ERROR, TRAWL_ERROR_BUSY);
	g_propagate_error(error, g_steal_pointer(&failure));
	return FALSE;
}

static QuarantineResult *extra_row(const QuarantineResult *like, const CopyFound *found)
{
	QuarantineResult *row = g_new0(QuarantineResult, 1);
	row->response_id = like->response_id;
	row->incident_id = like->incident_id;
	row->original_id = like->original_id;
	row->alert_id = like->alert_id;
	row->mail_server_id = like->mail_server_id;
	row->mailbox = g_strdup(like->mailbox);
	row->found_how = like->found_how;
	row->status = COPY_PENDING;
	row->step = STEP_FOUND;
	row->quarantine_server_id = like->quarantine_server_id;
	row->quarantine_mailbox = g_strdup(like->quarantine_mailbox);
	row->quarantine_folder = g_strdup(like->quarantine_folder);
	row->restore_status = -1;
	row->size = (gint64)found->size;
	row->updated_at = like->updated_at;
	row->revision = like->revision;
	row->reason = g_strdup(found->changed);
	copy_remember(row, found->item, found->sha256);
	return row;
}

static gboolean save_extras(Copy *copy, Db *db, GError **error)
{
	for (guint i = 0; copy->extras && i < copy->extras->len; i++) {
		const CopyFound *found = copy->extras->pdata[i];
		g_autoptr(QuarantineResult) row = extra_row(copy->row, found);
		g_autoptr(GBytes) bytes =
			found->bytes ? g_bytes_ref(found->bytes)
				     : raw_store_load(copy->tools->raw, db, found->sha256, error);
		if (!bytes ||
		    !raw_store_register(copy->tools->raw, db, found->sha256, bytes, error) ||
		    !quarantine_result_insert(db, row, error) ||
		    !copy_queue(db, row, copy->mark_hint, error))
			return FALSE;
	}
	return TRUE;
}

/* What every commit of a row does: nothing is remembered of a message whose bytes are not kept. */
static gboolean save_row(Copy *copy, Db *db, const QuarantineResult *row, GError **error)
{
	if (copy->bytes && !copy->kept &&
	    !raw_store_register(copy->tools->raw, db, row->sha256, copy->bytes, error))
		return FALSE;
	return quarantine_result_save(db, row, error) && save_extras(copy, db, error);
}

typedef struct {
	Copy *copy;
	CopyOwned guard;
	const MailRef *ref;
} Save;

static gboolean save_work(Db *db, gpointer data, GError **error)
{
	Save *save = data;
	gboolean owned = FALSE;
	if (!check_claim(save->copy, db, error))
		return FALSE;
	if (save->guard && !save->guard(save->copy, db, save->ref, &owned, error))
		return FALSE;
	if (owned) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
		                    "another row of the ledger owns this message");
		return FALSE;
	}
	save->copy->row->updated_at = clock_now();
	return save_row(save->copy, db, save->copy->row, error);
}

static void copy_saved(Copy *copy)
{
	copy->kept = copy->bytes != NULL;
	g_clear_pointer(&copy->extras, g_ptr_array_unref);
	g_clear_pointer(&copy->written, mail_ref_free);
}

gboolean copy_save(Copy *copy, CopyOwned guard, const MailRef *ref, GError **error)
{
	Save save = {copy, guard, ref};
	copy->own_fault = !db_write(copy->tools->db, save_work, &save, error);
	if (!copy->own_fault)
		copy_saved(copy);
	return !copy->own_fault;
}

/* Ending */

static json_t *end_detail(const Copy *copy, CopyStatus status)
{
	const QuarantineResult *row = copy->row;
	json_t *detail = json_object();
	json_object_set_new(detail, "response", json_integer(copy_response_id(copy)));
	json_object_set_new(detail, "mailbox", json_text_new(row->mailbox));
	json_object_set_new(detail, "status", json_string(copy_status_names[status]));
	json_object_set_new(detail, "folder", json_text_new(row->folder));
	json_object_set_new(detail, "sha256", json_text_new(row->sha256));
	json_object_set_new(detail, "quarantine_mailbox", json_text_new(row->quarantine_mailbox));
	json_object_set_new(detail, "quarantine_folder", json_text_new(row->quarantine_folder));
	json_object_set_new(
		detail, "reason",
		json_text_new(copy_is_restore(copy) ? row->restore_reason : row->reason));
	return detail;
}

typedef struct {
	Copy *copy;
	CopyStatus status;
	const char *reason;
} End;

static void set_reason(Copy *copy, const char *reason)
{
	char **field = copy_is_restore(copy) ? &copy->row->restore_reason : &copy->row->reason;
	g_free(*field);
	*field = copy->note ? g_strjoin(" ", reason, copy->note, NULL) : g_strdup(reason);
}

/* After the audit record: who holds the chain sees every row that ended before. */
static gboolean check_mover(const Copy *copy, Db *db, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(QuarantineResult) mover = quarantine_result_find_mover(db, copy->row, &failure);
	if (!mover && !failure)
		return TRUE;
	if (mover)
		g_set_error(&failure, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
		            "copy %" G_GINT64_FORMAT " moved this message", mover->id);
	g_propagate_error(error, g_steal_pointer(&failure));
	return FALSE;
}

static gboolean end_work(Db *db, gpointer data, GError **error)
{
	End *end = data;
	Copy *copy = end->copy;
	QuarantineResult *row = copy->row;
	gboolean restore = copy_is_restore(copy);
	gint64 seq;

	if (!check_claim(copy, db, error) ||
	    !audit_append(db, "worker", copy_action(end->status, restore), "copy", row->id,
	                  row->incident_id, end_detail(copy, end->status), &seq, error))
		return FALSE;
	if (!restore && end->status == COPY_SUCCESS && !check_mover(copy, db, error))
		return FALSE;
	/* The row on its way to the database, not yet ours: this may run more than once. */
	QuarantineResult ended = *row;
	ended.revision = seq;
	ended.updated_at = clock_now();
	if (restore)
		ended.restore_status = (int)end->status;
	else
		ended.status = end->status;
	return save_row(copy, db, &ended, error) &&
	       response_end_if_last(db, copy_response_id(copy), error) &&
	       job_finish(db, copy->job, JOB_DONE, 0, NULL, NULL, NULL, error);
}

gboolean copy_end(Copy *copy, CopyStatus status, const char *reason, GError **error)
{
	End end = {copy, status, reason};
	set_reason(copy, reason);
	copy->own_fault = !db_write(copy->tools->db, end_work, &end, error);
	if (copy->own_fault)
		return FALSE;
	copy_saved(copy);
	copy->ended = TRUE;
	return TRUE;
}

/* Loading */

static MailServerRow *load_server(Db *db, gint64 id, GError **error)
{
	g_autoptr(GError) failure = NULL;
	MailServerRow *row = id ? mail_server_load(db, id, &failure) : NULL;
	if (failure && !g_error_matches(failure, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND))
		g_propagate_error(error, g_steal_pointer(&failure));
	return row;
}

/* What an earlier run found out about the copy, and the analyst shall read at its end. */
static char *noted_before(const Copy *copy)
{
	const char *reason = copy_is_restore(copy) ? NULL : copy->row->reason;
	const char *noted = reason ? strstr(reason, IDENTITY_CHANGED) : NULL;
	return g_strdup(noted);
}

static gboolean load_work(Db *db, gpointer data, GError **error)
{
	Copy *copy = data;
	g_autoptr(json_t) payload = json_parse(copy->job->payload, -1, error);
	g_autoptr(GError) failure = NULL;
	if (!payload)
		return FALSE;
	copy->mark_hint = g_strdup(json_text(payload, "mark"));
	copy->row = quarantine_result_load(db, json_int(payload, "result", 0), error);
	if (!copy->row)
		return FALSE;
	copy->note = noted_before(copy);
	copy->original = original_load(db, copy->row->original_id, error);
	if (!copy->original)
		return FALSE;
	copy->server_row = load_server(db, copy->row->mail_server_id, &failure);
	if (!failure)
		copy->quarantine_row = load_server(db, copy->row->quarantine_server_id, &failure);
	if (failure)
		g_propagate_error(error, g_steal_pointer(&failure));
	return !failure;
}

static gboolean open_servers(Copy *copy, GError **error)
{
	MailServers *servers = copy->tools->servers;
	copy->server = mail_servers_get(servers, copy->server_row, error);
	if (!copy->server)
		return FALSE;
	if (copy->quarantine_row->id == copy->server_row->id) {
		copy->quarantine = copy->server;
		return TRUE;
	}
	copy->side = AT_QUARANTINE;
	copy->quarantine = mail_servers_get(servers, copy->quarantine_row, error);
	copy->side = AT_MAILBOX;
	return copy->quarantine != NULL;
}

/* Gives the servers back; what one of them did wrong feeds its circuit breaker. */
static void close_servers(Copy *copy, const GError *failure)
{
	MailServers *servers = copy->tools->servers;
	const GError *theirs = copy->own_fault ? NULL : failure;
	gboolean two = copy->quarantine != copy->server;
	if (copy->server)
		mail_servers_release(servers, copy->server,
		                     two && copy->side == AT_QUARANTINE ? NULL : theirs);
	if (copy->quarantine && two)
		mail_servers_release(servers, copy->quarantine,
		                     copy->side == AT_QUARANTINE ? theirs : NULL);
}

/* Running */

static gboolean is_unsure(CopyStep step)
{
	return step == STEP_STORING || step == STEP_REMOVING || step == STEP_RETURNING ||
	       step == STEP_CLEARING;
}

static gboolean check_turn(Copy *copy, CopyAct act, GError **error)
{
	if (!act) {
		copy->own_fault = TRUE;
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INTERNAL, "no way on from step “%s”",
		            copy_step_names[copy->row->step]);
		return FALSE;
	}
	if (++copy->turns > LIMIT_TURNS) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_BUSY,
		                    "the mailbox changes faster than Trawl can work in it");
		return FALSE;
	}
	return deadline_check(copy->deadline, error);
}

static gboolean run_steps(Copy *copy, GError **error)
{
	const CopyAct *acts = copy_is_restore(copy) ? restore_acts : quarantine_acts;
	copy->resumed = TRUE;
	copy->unsure = is_unsure(copy->row->step);
	while (!copy->ended) {
		CopyStep before = copy->row->step;
		if (!check_turn(copy, acts[before], error) || !acts[before](copy, error))
			return FALSE;
		copy->resumed = copy->row->step < before;
	}
	return TRUE;
}

/* Back to where nothing outside is open, when it is certain that nothing is. */
static void rest(Copy *copy)
{
	if (!copy->unsure && is_unsure(copy->row->step))
		copy->row->step--;
}

/* The row stays pending and says why; the job's own back-off brings it here again. */
static gboolean postpone(Copy *copy, const GError *failure, GError **error)
{
	g_autoptr(GError) trouble = NULL;
	g_autofree char *reason = g_strdup_printf(
		"%s: %s. Trawl tries again by itself.",
		copy->unsure ? "Not known yet whether the message was moved" : "Not yet",
		failure->message);
	rest(copy);
	set_reason(copy, reason);
	gboolean saved = copy_save(copy, NULL, NULL, &trouble);
	copy->own_fault = FALSE;
	if (!saved && !copy->lost)
		g_warning("copy %" G_GINT64_FORMAT ": %s", copy->row->id, trouble->message);
	if (error_remedy(failure)->retry)
		g_propagate_error(error, g_error_copy(failure));
	else
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_UNKNOWN_OUTCOME,
		                    failure->message);
	return FALSE;
}

gboolean copy_take_back(Copy *copy, GError **error)
{
	g_autoptr(MailRef) place = copy_place_ref(copy);
	g_autoptr(GError) failure = NULL;
	if (!place)
		return TRUE;
	copy->row->step = STEP_STORED;
	if (!copy_save(copy, NULL, NULL, &failure)) {
		copy->own_fault = !g_error_matches(failure, TRAWL_ERROR, TRAWL_ERROR_CONFLICT);
		if (copy->own_fault) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return FALSE;
		}
		copy_set_place(copy, NULL); /* a row with the same bytes uses it */
		return TRUE;
	}
	copy->side = AT_QUARANTINE;
	gboolean gone = copy_remove(copy, copy->quarantine, place, NULL, &failure);
	copy->unsure = FALSE; /* that the place is the row's is committed: it is tried again */
	if (!gone && error_remedy(failure)->retry) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	if (gone)
		copy_set_place(copy, NULL);
	else
		copy_note(copy, "A copy is left in the quarantine: %s.", failure->message);
	return TRUE;
}

static gboolean give_up(Copy *copy, const GError *failure, GError **error)
{
	CopyStatus status = copy_status_for(failure, copy->side);
	gboolean restore = copy_is_restore(copy);
	if (restore && copy->row->step >= STEP_RETURNED)
		return copy_end_restored(copy, failure, error);
	if (!restore && !copy_take_back(copy, error)) {
		if (copy->own_fault)
			return FALSE;
		g_clear_error(error);
		return postpone(copy, failure, error);
	}
	copy->row->step = restore ? STEP_MOVED : MIN(copy->row->step, STEP_FOUND);
	g_clear_pointer(&copy->row->mark, g_free);
	g_autofree char *sentence = g_strdup_printf("%s.", failure->message);
	return copy_end(copy, status, sentence, error);
}

static gboolean fail(Copy *copy, const GError *failure, GError **error)
{
	gboolean again = error_remedy(failure)->retry && copy->job->attempts + 1 < COPY_ATTEMPTS;
	if (copy->lost || copy->own_fault) {
		g_propagate_error(error, g_error_copy(failure));
		return FALSE;
	}
	if (copy->unsure || again)
		return postpone(copy, failure, error);
	return give_up(copy, failure, error);
}

/* Without its mail server nothing can be looked at any more. */
static gboolean end_without_server(Copy *copy, GError **error)
{
	gboolean open = is_unsure(copy->row->step);
	return copy_end(copy, open ? COPY_FAILED_OTHER : COPY_SKIPPED_NO_SERVER,
	                open ? "The mail server was deleted from the configuration while the "
	                       "message was being moved: it may be in both places."
	                     : "The mail server was deleted from the configuration.",
	                error);
}

/* A row that gives up does so by itself. One that was tried more often than that took its workers
 * down with it. */
static gboolean kills_workers(const Copy *copy)
{
	return copy->job->attempts > COPY_ATTEMPTS + KILLS_MORE && !copy->unsure;
}

gboolean copy_run(const JobTools *tools, const Job *job, gint64 deadline, JobOutcome *outcome,
                  GError **error)
{
	g_auto(Copy) copy = {.tools = tools, .job = job, .deadline = deadline};
	g_autoptr(GError) failure = NULL;
	if (!db_read(tools->db, load_work, &copy, &failure)) {
		gboolean moot = g_error_matches(failure, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND);
		if (moot)
			g_warning("copy.run: %s", failure->message);
		else
			g_propagate_error(error, g_steal_pointer(&failure));
		return moot;
	}
	if (!copy_is_due(&copy))
		return TRUE;
	/* Without a look at the servers, what an earlier run began is open. */
	copy.unsure = copy.row->step > STEP_FOUND && copy.row->step != STEP_MOVED;
	gboolean ok;
	if (!copy.server_row || !copy.quarantine_row) {
		ok = end_without_server(&copy, error);
	} else if (kills_workers(&copy)) {
		ok = copy_end(&copy, COPY_FAILED_OTHER,
		              "The worker died of this copy again and again; please report it with "
		              "the log.",
		              error);
	} else {
		ok = open_servers(&copy, &failure) && run_steps(&copy, &failure);
		if (!ok)
			ok = fail(&copy, failure, error);
		if (copy.lost)
			copy_sweep(&copy);
		if (copy.server)
			mail_server_leave(copy.server, copy.row->mailbox);
		close_servers(&copy, failure);
	}
	outcome->finished = ok;
	return ok;
}
