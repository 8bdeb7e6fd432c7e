/* Deletes or moves a report in its mailbox, after its alerts are committed and its bytes are ours.
 *
 * What is about to be done is committed before it is done, so that after a crash the row says what
 * to look for: a report that is gone was taken by us, or by somebody else. The message at the
 * report's place has to be the report, byte for byte; numbers alone prove nothing. A failure is
 * tried again, and in the end stands in the row with its reason: the report itself is never lost by
 * it. */
#include "pipeline/post_process.h"

#include "audit/audit.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "pipeline/pipeline.h"
#include "pipeline/place.h"
#include "pipeline/words.h"
#include "store/job.h"
#include "store/report.h"
#include "store/source.h"

#include <string.h>

#define TRIES 8 /* about ten minutes with the back-off of jobs/ */

typedef struct {
	const JobTools *tools;
	const Job *job;
	gint64 deadline, report_id;
	Report *report;
	Source *source;     /* NULL: deleted */
	MailServerRow *row; /* NULL: deleted */
	MailServer *server; /* borrowed from tools->servers */
	GBytes *bytes;      /* the report's, from our store */
	MailRef *ref;       /* its place */
	gboolean resumed;   /* an earlier run may have acted already */
	char *mark;         /* of the destination folder, from before the move; or NULL */
	gboolean own_fault;
	PostProcessState state; /* how it ended */
	char *detail;
} Post;

static void post_clear(Post *post)
{
	g_clear_pointer(&post->report, report_free);
	g_clear_pointer(&post->source, source_free);
	g_clear_pointer(&post->row, mail_server_row_free);
	g_clear_pointer(&post->bytes, g_bytes_unref);
	g_clear_pointer(&post->ref, mail_ref_free);
	g_clear_pointer(&post->mark, g_free);
	g_clear_pointer(&post->detail, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Post, post_clear)

gboolean post_process_queue(Db *db, const Report *report, gint64 server_id, GError **error)
{
	g_autofree char *key = g_strdup_printf("postprocess:%" G_GINT64_FORMAT, report->id);
	g_autofree char *lane = job_lane(JOB_LANE_POST_PROCESS, server_id);
	return job_queue(db, "report.postprocess", key, lane, PRIORITY_POST_PROCESS, 0,
	                 json_pack("{s:I}", "report", (json_int_t)report->id), NULL, error);
}

/* --- the row ------------------------------------------------------------------------------------
 */

static gboolean may_be_missing(GError **problem, GError **error)
{
	if (g_error_matches(*problem, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND)) {
		g_clear_error(problem);
		return TRUE;
	}
	g_propagate_error(error, g_steal_pointer(problem));
	return FALSE;
}

static gboolean load(Db *db, gpointer data, GError **error)
{
	Post *post = data;
	g_autoptr(GError) problem = NULL;
	gint64 server_id = 0;
	post_clear(post);
	post->report = report_load(db, post->report_id, error);
	if (!post->report)
		return FALSE;
	if (post->report->post_process != POST_STATE_PENDING)
		return TRUE;
	post->ref = place_parse(post->report, &server_id, error);
	post->bytes = post->ref ? raw_store_load(post->tools->raw, db, post->report->sha256, error)
	                        : NULL;
	if (!post->bytes) /* without the bytes nothing may be removed */
		return FALSE;
	post->source = source_load(db, post->report->source_id, &problem);
	if (!post->source && !may_be_missing(&problem, error))
		return FALSE;
	post->row = mail_server_load(db, server_id, &problem);
	return post->row || may_be_missing(&problem, error);
}

/* The intention, as it stands in post_process_detail while the state is pending. */
static gboolean write_intention(Db *db, gpointer data, GError **error)
{
	Post *post = data;
	g_autoptr(json_t) intention = json_object();
	json_object_set_new(intention, "began", json_true());
	json_object_set_new(intention, "mark", json_text_new(post->mark));
	g_free(post->report->post_process_detail);
	post->report->post_process_detail = json_format(intention);
	return job_check_fence(db, post->job->id, post->job->fence, error) &&
	       report_save(db, post->report, error);
}

static gboolean intend(Post *post, GError **error)
{
	post->own_fault = !db_write(post->tools->db, write_intention, post, error);
	return !post->own_fault;
}

static void read_intention(Post *post)
{
	const char *text = post->report->post_process_detail;
	g_autoptr(json_t) intention = text ? json_parse(text, -1, NULL) : NULL;
	post->resumed = json_bool(intention, "began", FALSE);
	post->mark = g_strdup(json_text(intention, "mark"));
}

static gboolean write_end(Db *db, gpointer data, GError **error)
{
	Post *post = data;
	Report *report = post->report;
	report->post_process = post->state;
	g_free(report->post_process_detail);
	report->post_process_detail = g_strdup(post->detail);
	json_t *detail = json_pack("{s:s, s:o}", "result", post_process_state_names[post->state],
	                           "detail", json_text_new(post->detail));
	return job_check_fence(db, post->job->id, post->job->fence, error) &&
	       audit_append(db, "worker", "report.postprocess", "report", report->id, 0, detail,
	                    &report->revision, error) &&
	       report_save(db, report, error) &&
	       job_finish(db, post->job, JOB_DONE, 0, NULL, NULL, NULL, error);
}

static void end(Post *post, PostProcessState state, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void end(Post *post, PostProcessState state, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_free(post->detail);
	post->detail = g_strdup_vprintf(format, arguments);
	post->state = state;
	va_end(arguments);
}

/* --- where it is --------------------------------------------------------------------------------
 */

static gboolean is_gone(const GError *error)
{
	return g_error_matches(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND) &&
	       mail_server_error_what(error) != MISSING_MAILBOX;
}

/* Is the message at this place the report? @same FALSE also when there is none. */
static gboolean is_report(Post *post, const MailRef *ref, gboolean *same, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(GBytes) bytes =
		mail_server_fetch_one(post->server, ref, post->deadline, &problem);
	*same = bytes && g_bytes_equal(bytes, post->bytes);
	if (bytes || is_gone(problem))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

typedef struct {
	const Post *post;
	const MailRef *ref;
	gint64 id;
} Owner;

static gboolean find_owner(Db *db, gpointer data, GError **error)
{
	Owner *owner = data;
	const MailRef *ref = owner->ref;
	g_autofree char *epoch =
		place_format(owner->post->row->id, ref->mailbox, ref->folder, ref->epoch);
	return report_find_known(db, owner->post->report->source_id, epoch, ref->uid, &owner->id,
	                         error);
}

/* The first of these messages that is the report, or NULL in @found. */
static gboolean find_among(Post *post, GPtrArray *items, MailRef **found, GError **error)
{
	*found = NULL;
	for (guint i = 0; i < MIN(items->len, LIMIT_COPIES) && !*found; i++) {
		const MailRef *ref = ((const MailItem *)items->pdata[i])->ref;
		gboolean same = FALSE;
		if (!is_report(post, ref, &same, error))
			return FALSE;
		if (same)
			*found = mail_ref_copy(ref);
	}
	return TRUE;
}

/* It is not where it was: its folder may have new numbers of which no poll has told yet. Of two
 * equal messages each report has its own, so one that is another report's stays out. */
static gboolean find_renumbered(Post *post, MailRef **found, GError **error)
{
	*found = NULL;
	if (!post->report->message_id)
		return TRUE;
	g_autoptr(GPtrArray) items = mail_server_find(
		post->server, post->ref->mailbox, post->report->message_id, post->deadline, error);
	for (guint i = items ? items->len : 0; i-- > 0;) {
		const MailRef *ref = ((const MailItem *)items->pdata[i])->ref;
		Owner owner = {.post = post, .ref = ref};
		gboolean renumbered = strcmp(ref->folder, post->ref->folder) == 0 &&
		                      strcmp(ref->epoch, post->ref->epoch) != 0;
		post->own_fault =
			renumbered && !db_read(post->tools->db, find_owner, &owner, error);
		if (post->own_fault)
			return FALSE;
		if (!renumbered || owner.id)
			g_ptr_array_remove_index(items, i);
	}
	return items && find_among(post, items, found, error);
}

/* Did a move of ours, whose answer was lost, bring it there? */
static gboolean find_moved(Post *post, MailRef **found, GError **error)
{
	*found = NULL;
	if (!post->mark)
		return TRUE;
	g_autoptr(GPtrArray) items = mail_server_since(post->server, post->ref->mailbox,
	                                               post->source->destination_folder, post->mark,
	                                               post->deadline, error);
	return items && find_among(post, items, found, error);
}

/* --- acting -------------------------------------------------------------------------------------
 */

static gboolean check_left(Post *post, GError **error)
{
	gboolean same = FALSE;
	if (!is_report(post, post->ref, &same, error))
		return FALSE;
	if (same)
		g_set_error_literal(
			error, TRAWL_ERROR, TRAWL_ERROR_REMOTE,
			"the mail server said that it was done, but the report is still "
			"there");
	return !same;
}

/* It was there a moment ago. The next try looks where it is now: we may have moved it and were not
 * told where to, its folder may have new numbers, or somebody else was quicker. */
static gboolean again_when_gone(GError *problem, GError **error)
{
	if (is_gone(problem))
		problem->code = TRAWL_ERROR_BUSY;
	g_propagate_error(error, problem);
	return FALSE;
}

static gboolean act_delete(Post *post, GError **error)
{
	g_autoptr(GError) problem = NULL;
	if (!intend(post, error))
		return FALSE;
	if (!mail_server_remove(post->server, post->ref, post->deadline, &problem))
		return again_when_gone(g_steal_pointer(&problem), error);
	if (!check_left(post, error))
		return FALSE;
	end(post, POST_STATE_DONE, "deleted");
	return TRUE;
}

static gboolean act_move(Post *post, GError **error)
{
	const char *folder = post->source->destination_folder;
	if (!post->mark) {
		post->mark = mail_server_mark(post->server, post->ref->mailbox, folder,
		                              post->deadline, error);
		if (!post->mark)
			return FALSE;
	}
	if (!intend(post, error))
		return FALSE;
	g_autoptr(GError) problem = NULL;
	g_autoptr(MailRef) moved =
		mail_server_move(post->server, post->ref, folder, post->deadline, &problem);
	gboolean same = FALSE;
	if (!moved)
		return again_when_gone(g_steal_pointer(&problem), error);
	if (!is_report(post, moved, &same, error) || !check_left(post, error))
		return FALSE;
	if (!same) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE,
		            "the report was moved, but what is in '%s' is not the same", folder);
		return FALSE;
	}
	end(post, POST_STATE_DONE, "moved to '%s'", folder);
	return TRUE;
}

/* It is neither at its place nor elsewhere in its folder. */
static gboolean explain_absence(Post *post, GError **error)
{
	g_autoptr(MailRef) moved = NULL;
	if (post->source->post_process == POST_PROCESS_MOVE && !find_moved(post, &moved, error))
		return FALSE;
	if (moved)
		end(post, POST_STATE_DONE, "moved to '%s'", moved->folder);
	else if (post->resumed && post->source->post_process == POST_PROCESS_DELETE)
		end(post, POST_STATE_DONE, "deleted");
	else
		end(post, POST_STATE_GONE, "it was not in '%s' any more", post->ref->folder);
	return TRUE;
}

static gboolean act(Post *post, GError **error)
{
	gboolean same = FALSE;
	if (!is_report(post, post->ref, &same, error))
		return FALSE;
	if (!same) {
		MailRef *again = NULL;
		if (!find_renumbered(post, &again, error))
			return FALSE;
		if (!again)
			return explain_absence(post, error);
		mail_ref_free(post->ref);
		post->ref = again;
	}
	return post->source->post_process == POST_PROCESS_DELETE ? act_delete(post, error)
	                                                         : act_move(post, error);
}

/* --- the job ------------------------------------------------------------------------------------
 */

/* What must not be done, or cannot be any more; FALSE: go on. */
static gboolean is_over(Post *post)
{
	if (!post->source)
		end(post, POST_STATE_NONE, "its source was deleted");
	else if (post->source->post_process == POST_PROCESS_NONE)
		end(post, POST_STATE_NONE, "its source asks for nothing any more");
	else if (!post->row)
		end(post, POST_STATE_FAILED, "its mail server was deleted");
	else
		return FALSE;
	return TRUE;
}

static gboolean run(Post *post, GError **error)
{
	g_autoptr(GError) problem = NULL;
	post->server = mail_servers_get(post->tools->servers, post->row, &problem);
	gboolean ok = post->server && act(post, &problem);
	if (post->server)
		mail_servers_release(post->tools->servers, post->server,
		                     post->own_fault ? NULL : problem);
	if (ok)
		return TRUE;
	if (!post->own_fault &&
	    (!error_remedy(problem)->retry || post->job->attempts + 1 >= TRIES)) {
		g_autofree char *words = words_for_error(problem, post->row, post->ref->mailbox,
		                                         post->source->destination_folder);
		end(post, POST_STATE_FAILED, "%s", words);
		return TRUE;
	}
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

gboolean report_post_process(const JobTools *tools, const Job *job, gint64 deadline,
                             JobOutcome *outcome, GError **error)
{
	g_autoptr(json_t) payload = json_parse(job->payload, -1, error);
	g_auto(Post) post = {
		.tools = tools,
		.job = job,
		.deadline = deadline,
		.report_id = json_int(payload, "report", 0),
	};
	if (!payload || !db_read(tools->db, load, &post, error))
		return FALSE;
	if (post.report->post_process != POST_STATE_PENDING)
		return TRUE; /* done before */
	read_intention(&post);
	if (!is_over(&post) && !run(&post, error))
		return FALSE;
	outcome->finished = db_write(tools->db, write_end, &post, error);
	return outcome->finished;
}
