/* Polls a source: lists what is new, fetches it, keeps it, and names the time of the next poll.
 *
 * A poll never fails as a job: what goes wrong is written into the source's row, in words for the
 * administrator, and the poll comes again: soon when that may help, on the source's beat otherwise.
 * Fetching goes in portions that are kept one by one, so that a poll that runs out of time has got
 * somewhere; the cursor moves with the last. */
#include "audit/audit.h"
#include "base/clock.h"
#include "base/error.h"
#include "jobs/schedule.h"
#include "pipeline/keep.h"
#include "pipeline/pipeline.h"
#include "pipeline/place.h"
#include "pipeline/words.h"
#include "store/job.h"
#include "store/report.h"
#include "store/source.h"

#define PORTION_BYTES (32 * 1024 * 1024)  /* fetched before it is kept, by the sizes told */
#define HELD_BYTES    (2 * PORTION_BYTES) /* what comes then is asked for again later */
#define SIZE_UNKNOWN  (1024 * 1024)       /* what a message of unknown size counts */
#define LIST_SECONDS  60.0                /* for the listing */
#define FETCH_TRIES   3 /* polls that fail over one message before it is kept without its bytes */

typedef struct {
	const JobTools *tools;
	const Job *job;
	gint64 deadline, started;
	gint64 source_id;
	Source *source; /* NULL: deleted */
	MailServerRow *row;
	MailServer *server; /* borrowed from tools->servers */
	MailListing *listing;
	GPtrArray *unknown; /* of MailItem, borrowed from the listing: not kept yet */
	Keep keep;          /* the portion in hand */
	GHashTable *asked;  /* uid -> KeepItem: of the portion in hand */
	gsize held;         /* bytes of it */
	gint64 found;       /* in all portions */
	gboolean own_fault; /* the error is our store's, not the mail server's */
	GError *left_out;   /* why some messages could not be fetched; the cursor must not pass them
	                     */
} Poll;

static void poll_clear(Poll *poll)
{
	g_clear_pointer(&poll->source, source_free);
	g_clear_pointer(&poll->row, mail_server_row_free);
	g_clear_pointer(&poll->listing, mail_listing_free);
	g_clear_pointer(&poll->unknown, g_ptr_array_unref);
	g_clear_pointer(&poll->keep.items, g_ptr_array_unref);
	g_clear_pointer(&poll->keep.batch, g_array_unref);
	g_clear_error(&poll->left_out);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Poll, poll_clear)

static gboolean load(Db *db, gpointer data, GError **error)
{
	Poll *poll = data;
	g_autoptr(GError) problem = NULL;
	g_clear_pointer(&poll->source, source_free);
	g_clear_pointer(&poll->row, mail_server_row_free);
	poll->source = source_load(db, poll->source_id, &problem);
	if (!poll->source && g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND))
		return TRUE;
	if (!poll->source) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	poll->row = mail_server_load(db, poll->source->mail_server_id, error);
	return poll->row != NULL;
}

/* --- fetching -----------------------------------------------------------------------------------
 */

/* FALSE: messages are larger than their server told, and no more fit into memory. */
static gboolean take_fetched(const MailRef *ref, GBytes *message, gpointer data)
{
	Poll *poll = data;
	KeepItem *item = g_hash_table_lookup(poll->asked, ref->uid);
	if (!item || !message || item->bytes)
		return TRUE;
	item->bytes = g_bytes_ref(message);
	poll->held += g_bytes_get_size(message);
	return poll->held < HELD_BYTES;
}

/* One message by itself, when fetching it with others failed or did not bring it. */
static gboolean fetch_alone(Poll *poll, KeepItem *item, GError **error)
{
	g_autoptr(GError) problem = NULL;
	item->bytes =
		mail_server_fetch_one(poll->server, item->item->ref, poll->deadline, &problem);
	if (item->bytes)
		return TRUE;
	if (g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND) &&
	    mail_server_error_what(problem) == MISSING_MESSAGE)
		return TRUE; /* gone */
	if (!g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_REMOTE) &&
	    !g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_LIMIT)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	item->left_out = poll->job->attempts < FETCH_TRIES;
	if (item->left_out) {
		g_clear_error(&poll->left_out);
		poll->left_out = g_steal_pointer(&problem);
	} else {
		item->problem = g_strdup_printf("the mail server does not hand it out: %s",
		                                problem->message);
	}
	return TRUE;
}

/* Fetches the portion in hand. A message that its server cannot hand out must not hold up the
 * others: then each is asked for alone. */
static gboolean fetch(Poll *poll, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(GHashTable) by_uid = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) refs = g_ptr_array_new();
	poll->asked = by_uid;
	poll->held = 0;
	for (guint i = 0; i < poll->keep.items->len; i++) {
		KeepItem *item = poll->keep.items->pdata[i];
		g_ptr_array_add(refs, item->item->ref);
		g_hash_table_insert(by_uid, item->item->ref->uid, item);
	}
	if (!mail_server_fetch(poll->server, refs, take_fetched, poll, poll->deadline, &problem) &&
	    !g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_REMOTE) &&
	    !g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_LIMIT) &&
	    !g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	for (guint i = poll->keep.items->len; i-- > 0;) {
		KeepItem *item = poll->keep.items->pdata[i];
		gboolean later = !item->bytes && poll->held >= HELD_BYTES;
		if (later)
			g_ptr_array_add(poll->unknown, (gpointer)item->item);
		else if (!item->bytes && !fetch_alone(poll, item, error))
			return FALSE;
		if (later || item->left_out)
			g_ptr_array_remove_index(poll->keep.items, i);
	}
	return TRUE;
}

/* --- keeping ------------------------------------------------------------------------------------
 */

static gboolean find_unknown(Db *db, gpointer data, GError **error)
{
	Poll *poll = data;
	const Source *source = poll->source;
	g_ptr_array_set_size(poll->unknown, 0);
	for (guint i = 0; i < poll->listing->items->len; i++) {
		MailItem *item = poll->listing->items->pdata[i];
		g_autofree char *epoch = place_format(source->mail_server_id, item->ref->mailbox,
		                                      item->ref->folder, item->ref->epoch);
		gint64 known = 0;
		if (!report_find_known(db, source->id, epoch, item->ref->uid, &known, error))
			return FALSE;
		if (!known)
			g_ptr_array_add(poll->unknown, item);
		if (i == 0 &&
		    !report_find_other_epoch(db, source->id, epoch, &poll->keep.moved, error))
			return FALSE;
	}
	return TRUE;
}

/* The next messages that fit into one portion; FALSE when there are none. */
static gboolean next_portion(Poll *poll, guint *at)
{
	gint64 bytes = 0;
	g_ptr_array_set_size(poll->keep.items, 0);
	while (*at < poll->unknown->len && bytes < PORTION_BYTES) {
		KeepItem *item = g_new0(KeepItem, 1);
		item->item = poll->unknown->pdata[(*at)++];
		bytes += item->item->size < 0 ? SIZE_UNKNOWN : item->item->size;
		g_ptr_array_add(poll->keep.items, item);
	}
	return poll->keep.items->len > 0;
}

/* That a source begins to fail, or works again, is on record; that it still does is not. */
static gboolean record_change(const Poll *poll, Db *db, const char *code, const char *words,
                              GError **error)
{
	gint64 seq;
	const Source *source = poll->source;
	if (g_strcmp0(source->last_error_code, code) == 0)
		return TRUE;
	json_t *detail =
		json_pack("{s:o, s:o}", "code", json_text_new(code), "error", json_text_new(words));
	return audit_append(db, "worker", code ? "source.fail" : "source.recover", "source",
	                    source->id, 0, detail, &seq, error);
}

/* The next poll; none when somebody disabled or deleted the source while this one ran. */
static gboolean finish(const Poll *poll, Db *db, gint64 next, const char *code, const char *text,
                       GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(Source) source = source_load(db, poll->source->id, &problem);
	if (!source && !g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	gboolean again = source && source->enabled;
	Job job = *poll->job;
	job.priority = PRIORITY_POLL; /* one that somebody asked for was urgent; the next is not */
	return job_finish(db, &job, again ? JOB_READY : JOB_DONE, again ? next : 0, code, text,
	                  NULL, error);
}

/* For the source's page. */
static gboolean note(const Poll *poll, Db *db, gint64 found, const char *code, const char *text,
                     GError **error)
{
	const SourcePoll row = {.at = poll->started,
	                        .took = MAX(clock_now() - poll->started, 0),
	                        .found = found,
	                        .error_code = (char *)code,
	                        .error = (char *)text};
	return source_note_poll(db, poll->source->id, &row, error);
}

/* The last portion of a poll that went well, with the cursor and the end of the job. */
static gboolean write_success(Db *db, gpointer data, GError **error)
{
	Poll *poll = data;
	const Source *source = poll->source;
	g_autofree char *cursor = place_cursor_format(source->mail_server_id, source->mailbox,
	                                              source->folder, poll->listing->cursor);
	gint64 now = clock_now();
	gint64 next = poll->listing->more
	                      ? now
	                      : source_next_poll(source->id, source->polling_interval, now);
	return keep_write(db, &poll->keep, error) && record_change(poll, db, NULL, NULL, error) &&
	       source_save_poll(db, source->id, cursor, poll->started,
	                        poll->found + poll->keep.found, NULL, NULL, error) &&
	       note(poll, db, poll->found + poll->keep.found, NULL, NULL, error) &&
	       finish(poll, db, next, NULL, NULL, error);
}

static gboolean keep_portion(Poll *poll, DbWork write, gpointer data, GError **error)
{
	poll->own_fault = TRUE;
	if (!keep_store(&poll->keep, error) || !db_write(poll->tools->db, write, data, error))
		return FALSE;
	poll->own_fault = FALSE;
	poll->found += poll->keep.found;
	job_ring();
	return TRUE;
}

/* Everything between an open mail server and the commit that ends the poll. */
static gboolean poll_server(Poll *poll, GError **error)
{
	const Source *source = poll->source;
	poll->listing =
		mail_server_list_new(poll->server, source->mailbox, source->folder,
	                             place_cursor_find(source->cursor, source->mail_server_id,
	                                               source->mailbox, source->folder),
	                             MIN(poll->deadline, deadline_in(LIST_SECONDS)), error);
	if (!poll->listing)
		return FALSE;
	poll->own_fault = TRUE;
	if (!db_read(poll->tools->db, find_unknown, poll, error))
		return FALSE;
	poll->own_fault = FALSE;
	for (guint at = 0; next_portion(poll, &at);) {
		if (!fetch(poll, error))
			return FALSE;
		if (at == poll->unknown->len)
			break; /* the last one is kept with the cursor */
		if (!keep_portion(poll, keep_write, &poll->keep, error))
			return FALSE;
	}
	if (!poll->left_out)
		return keep_portion(poll, write_success, poll, error);
	if (keep_portion(poll, keep_write, &poll->keep, error))
		g_propagate_error(error, g_steal_pointer(&poll->left_out));
	return FALSE;
}

/* --- the job ------------------------------------------------------------------------------------
 */

typedef struct {
	const Poll *poll;
	const GError *problem;
	const char *words;
} Failure;

static gboolean write_failure(Db *db, gpointer data, GError **error)
{
	const Failure *failure = data;
	const Poll *poll = failure->poll;
	const ErrorRemedy *remedy = error_remedy(failure->problem);
	gint64 now = clock_now();
	gint64 next = source_next_poll(poll->source->id, poll->source->polling_interval, now);
	if (remedy->retry)
		next = MIN(next, job_backoff(poll->job->attempts + 1, failure->problem, now));
	return job_check_fence(db, poll->job->id, poll->job->fence, error) &&
	       record_change(poll, db, remedy->name, failure->words, error) &&
	       source_save_poll(db, poll->source->id, poll->source->cursor, poll->started,
	                        poll->found, remedy->name, failure->words, error) &&
	       note(poll, db, poll->found, remedy->name, failure->words, error) &&
	       finish(poll, db, next, remedy->name, failure->problem->message, error);
}

static gboolean fail(Poll *poll, const GError *problem, GError **error)
{
	const Source *source = poll->source;
	g_autofree char *words =
		words_for_error(problem, poll->row, source->mailbox, source->folder);
	g_message("source '%s': %s", source->name, words);
	Failure failure = {poll, problem, words};
	return db_write(poll->tools->db, write_failure, &failure, error);
}

gboolean source_poll(const JobTools *tools, const Job *job, gint64 deadline, JobOutcome *outcome,
                     GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(json_t) payload = json_parse(job->payload, -1, error);
	g_auto(Poll) poll = {
		.tools = tools,
		.job = job,
		.deadline = deadline,
		.started = clock_now(),
		.source_id = json_int(payload, "source", 0),
		.unknown = g_ptr_array_new(),
	};
	if (!payload || !db_read(tools->db, load, &poll, error))
		return FALSE;
	if (!poll.source || !poll.source->enabled)
		return TRUE; /* the job ends; source_schedule() makes another */
	poll.keep = (Keep){
		.tools = tools,
		.job = job,
		.source = poll.source,
		.items = g_ptr_array_new_with_free_func((GDestroyNotify)keep_item_free),
		.batch = g_array_new(FALSE, FALSE, sizeof(gint64)),
	};
	gboolean ok = FALSE;
	poll.server = mail_servers_get(tools->servers, poll.row, &problem);
	if (poll.server) {
		ok = poll_server(&poll, &problem);
		mail_servers_release(tools->servers, poll.server, poll.own_fault ? NULL : problem);
	}
	if (poll.own_fault && g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_BUSY)) {
		g_propagate_error(error, g_steal_pointer(&problem)); /* another polls it now */
		return FALSE;
	}
	outcome->finished = ok || fail(&poll, problem, error);
	return outcome->finished;
}
