/* Finds the originals in the reporters' mailboxes, of a batch all that are in one mailbox together.
 *
 * The Message-ID says where to look, not what it is: whatever is found is read, and must be the
 * same message as what was reported. "Not found" is said only after looking; when the mailbox
 * cannot be looked into, the job comes again for some minutes, and then the report goes on with
 * "could not look" and the reason. */
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "pipeline/identity.h"
#include "pipeline/process.h"
#include "pipeline/words.h"

#include <string.h>

#define PATIENCE       (10 * CLOCK_MINUTE) /* how long a mailbox that cannot be looked into delays */
#define PATIENCE_TRIES 4 /* … but never fewer tries, say after an outage of ours */

/* Where a message without a Message-ID may have been received, around its own date, or before the
 * report of it. */
#define DATE_BEFORE   CLOCK_DAY
#define DATE_AFTER    (3 * CLOCK_DAY)
#define REPORT_BEFORE (30 * CLOCK_DAY)

#define CALL_SECONDS       60.0 /* one question to a mail server, of which it may take several */
#define BATCH_CALL_SECONDS 10.0 /* … while others wait for the answer */
#define FETCH_BYTES        (32 * 1024 * 1024) /* of candidates asked for at once, by the sizes told */
#define HELD_BYTES         (2 * FETCH_BYTES) /* … and in memory, whatever was told */

/* One original that is looked for. */
typedef struct {
	Process *process;
	ReportedOriginal *original;
	GPtrArray *items; /* of MailItem, borrowed: the candidates */
	guint next;       /* of them, to be judged */
	gboolean same;    /* one was it */
} Search;

/* All that are looked for in one mailbox. */
typedef struct {
	Batch *batch;
	const char *mailbox;
	GPtrArray *searches; /* of Search */
	MailServer *server;
} Look;

/* The more a person has to know of it, the higher. */
static const int weights[] = {
	[LOCATED_MAILBOX_NOT_FOUND] = 1,
	[LOCATED_NOT_FOUND] = 2,
	[LOCATED_COULD_NOT_LOOK] = 3,
	[LOCATED_FOUND] = 4,
};

static void conclude(ReportedOriginal *original, Located located, char *reason)
{
	if (weights[located] <= weights[original->located]) {
		g_free(reason);
		return;
	}
	original->located = located;
	g_free(original->reason);
	original->reason = reason;
}

/* --- candidates ---------------------------------------------------------------------------------
 */

static gint64 call_deadline(const Look *look)
{
	double seconds = look->batch->reports->len > 1 ? BATCH_CALL_SECONDS : CALL_SECONDS;
	return MIN(look->batch->deadline, deadline_in(seconds));
}

static GPtrArray *find_similar(const Look *look, const Search *search, GError **error)
{
	const json_t *reported = search->original->reported;
	const char *sender = json_text(reported, "from.0.address");
	const char *subject = json_text(reported, "subject");
	if (!sender || !subject || !*subject)
		return g_ptr_array_new();
	gint64 sent = 0, received = search->process->report->received_at;
	const char *date = json_text(reported, "date");
	gboolean dated = date && clock_parse(date, &sent);
	return mail_server_find_similar(look->server, look->mailbox, sender, subject,
	                                dated ? sent - DATE_BEFORE : received - REPORT_BEFORE,
	                                dated ? sent + DATE_AFTER : received + DATE_BEFORE,
	                                call_deadline(look), error);
}

/* One that was too long to keep cannot be searched for. */
static gboolean has_searchable_id(const ReportedOriginal *original)
{
	return *original->message_id && !g_str_has_prefix(original->message_id, "sha256:");
}

static gboolean find_by_ids(const Look *look, GError **error)
{
	g_autoptr(GPtrArray) ids = g_ptr_array_new(), searches = g_ptr_array_new();
	for (guint i = 0; i < look->searches->len; i++) {
		Search *search = look->searches->pdata[i];
		if (!has_searchable_id(search->original))
			continue;
		g_ptr_array_add(ids, search->original->message_id);
		g_ptr_array_add(searches, search);
	}
	g_autoptr(GPtrArray) found =
		mail_server_find_each(look->server, look->mailbox, ids, call_deadline(look), error);
	for (guint i = 0; found && i < found->len; i++)
		((Search *)searches->pdata[i])->items = g_ptr_array_ref(found->pdata[i]);
	return found != NULL;
}

static gboolean find_candidates(const Look *look, GError **error)
{
	for (guint i = 0; i < look->searches->len; i++) {
		Search *search = look->searches->pdata[i];
		g_clear_pointer(&search->items, g_ptr_array_unref);
		search->next = 0;
	}
	if (!find_by_ids(look, error))
		return FALSE;
	for (guint i = 0; i < look->searches->len; i++) {
		Search *search = look->searches->pdata[i];
		if (!has_searchable_id(search->original) &&
		    !(search->items = find_similar(look, search, error)))
			return FALSE;
		json_array_clear(search->original->findings);
	}
	return TRUE;
}

static void accept(ReportedOriginal *original, GBytes *bytes, const json_t *document)
{
	conclude(original, LOCATED_FOUND, NULL);
	original->first_hand = TRUE;
	g_clear_pointer(&original->bytes, g_bytes_unref);
	original->bytes = g_bytes_ref(bytes);
	g_free(original->sha256);
	original->sha256 = text_sha256(bytes);
	document_keep(&original->document, document);
	process_identify(original);
}

static void add_finding(ReportedOriginal *original, const char *id, const char *detail)
{
	json_array_append_new(original->findings,
	                      json_pack("{s:s, s:s}", "id", id, "detail", detail));
}

/* What bears the Message-ID of the original and does not count as it. */
static void add_doubt(ReportedOriginal *original, FingerprintVerdict verdict, const char *why)
{
	gboolean unproved = verdict == FINGERPRINT_UNPROVED;
	g_autofree char *detail = g_strdup_printf(
		"The reporter's mailbox holds %s message with the same Message-ID; %s%s%s.",
		unproved ? "a" : "another",
		unproved ? "nothing proves that it is what was reported"
			 : "it is not what was reported",
		why ? ": " : "", why ? why : "");
	add_finding(original,
	            unproved ? "unproved_message_in_mailbox" : "different_message_in_mailbox",
	            detail);
}

/* Judges one candidate. When it cannot be judged, that is our reader's fault, not the mailbox's. */
static void judge(Search *search, GBytes *bytes)
{
	g_autoptr(GError) problem = NULL;
	ReportedOriginal *original = search->original;
	if (original->attached && identity_same_octets(original->bytes, bytes)) {
		search->same = TRUE;
		conclude(original, LOCATED_FOUND, NULL); /* what was attached is it */
		return;
	}
	g_autoptr(json_t) document = process_read_message(search->process, bytes, FALSE, &problem);
	if (!document && process_blames_message(search->process, problem)) {
		add_finding(original, "candidate_unreadable",
		            "The reporter's mailbox holds a message with this Message-ID that "
		            "cannot be read, so it was not compared.");
		return;
	}
	if (!document) {
		process_leave(search->process, g_steal_pointer(&problem));
		return;
	}
	const json_t *message = json_object_get(document, "message");
	g_autofree char *why = NULL;
	FingerprintVerdict verdict =
		original->attached ? identity_compare(original->reported, message, &why)
		: identity_bears_out(original->reported, message) ? FINGERPRINT_SAME
								  : FINGERPRINT_DIFFERENT;
	search->same = verdict == FINGERPRINT_SAME || verdict == FINGERPRINT_CHANGED;
	if (search->same)
		accept(original, bytes, document);
	else if (*original->message_id &&
	         g_strcmp0(original->message_id, json_text(message, "message_id")) == 0)
		add_doubt(original, verdict, why);
}

/* --- fetching them ------------------------------------------------------------------------------
 */

static const MailItem *candidate(const Search *search)
{
	gboolean any = !search->same && process_is_in(search->process) &&
	               search->next < MIN(search->items->len, LIMIT_COPIES);
	return any ? search->items->pdata[search->next] : NULL;
}

static char *name_of(const MailRef *ref)
{
	return g_strdup_printf("%s %s", ref->epoch, ref->uid);
}

/* The candidates, one of each search, that are in the folder of the first, as far as they fit into
 * memory. Two searches may be for one message: it is fetched once. */
static GPtrArray *next_portion(const Look *look)
{
	gint64 bytes = 0;
	const char *folder = NULL;
	GPtrArray *refs = g_ptr_array_new();
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; i < look->searches->len && bytes < FETCH_BYTES; i++) {
		const MailItem *item = candidate(look->searches->pdata[i]);
		if (!item || (folder && strcmp(item->ref->folder, folder) != 0))
			continue;
		folder = item->ref->folder;
		if (!g_hash_table_add(seen, name_of(item->ref)))
			continue;
		g_ptr_array_add(refs, item->ref);
		bytes += MAX(item->size, 0);
	}
	return refs;
}

/* What came of a portion. */
typedef struct {
	GHashTable *messages; /* name -> GBytes, or NULL when it is gone */
	gsize held;
} Fetched;

static gboolean take_fetched(const MailRef *ref, GBytes *message, gpointer data)
{
	Fetched *fetched = data;
	g_hash_table_insert(fetched->messages, name_of(ref), message ? g_bytes_ref(message) : NULL);
	fetched->held += message ? g_bytes_get_size(message) : 0;
	return fetched->held < HELD_BYTES;
}

static void unref_bytes(gpointer bytes)
{
	g_clear_pointer((GBytes **)&bytes, g_bytes_unref);
}

/* What does not come has been moved or deleted meanwhile, maybe with its folder; unless there was
 * no room for it: then it is asked for again. */
static gboolean fetch_portion(const Look *look, GPtrArray *refs, GHashTable *messages,
                              GError **error)
{
	g_autoptr(GError) problem = NULL;
	Fetched fetched = {.messages = messages};
	if (!mail_server_fetch(look->server, refs, take_fetched, &fetched, call_deadline(look),
	                       &problem) &&
	    !g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	for (guint i = 0; i < refs->len && fetched.held < HELD_BYTES; i++) {
		char *name = name_of(refs->pdata[i]);
		if (!g_hash_table_contains(messages, name))
			g_hash_table_insert(messages, name, NULL);
		else
			g_free(name);
	}
	return TRUE;
}

static void judge_fetched(const Look *look, const char *folder, GHashTable *fetched)
{
	for (guint i = 0; i < look->searches->len; i++) {
		Search *search = look->searches->pdata[i];
		const MailItem *item = candidate(search);
		g_autofree char *name = item ? name_of(item->ref) : NULL;
		gpointer bytes = NULL;
		if (!item || strcmp(item->ref->folder, folder) != 0 ||
		    !g_hash_table_lookup_extended(fetched, name, NULL, &bytes))
			continue;
		if (bytes)
			judge(search, bytes);
		search->next++;
	}
}

/* Candidates that the search has brought along need no fetching. */
static void judge_along(const Look *look)
{
	for (guint i = 0; i < look->searches->len; i++) {
		Search *search = look->searches->pdata[i];
		const MailItem *item;
		while ((item = candidate(search)) && item->message) {
			judge(search, item->message);
			search->next++;
		}
	}
}

/* Looks into one mailbox on one server. FALSE: could not look. */
static gboolean look_into(const Look *look, GError **error)
{
	if (!find_candidates(look, error))
		return FALSE;
	for (;;) {
		judge_along(look);
		g_autoptr(GPtrArray) refs = next_portion(look);
		if (refs->len == 0)
			return TRUE;
		g_autoptr(GHashTable) fetched =
			g_hash_table_new_full(g_str_hash, g_str_equal, g_free, unref_bytes);
		if (!fetch_portion(look, refs, fetched, error))
			return FALSE;
		judge_fetched(look, ((MailRef *)refs->pdata[0])->folder, fetched);
	}
}

/* --- which mailbox ------------------------------------------------------------------------------
 */

static gboolean is_worth_waiting(const Process *process, const GError *error)
{
	return error_remedy(error)->retry && (process->batch->job->attempts + 1 < PATIENCE_TRIES ||
	                                      clock_now() - process->report->found_at < PATIENCE);
}

static void conclude_looked(const Look *look, const Search *search)
{
	ReportedOriginal *original = search->original;
	if (!search->same && search->items->len > LIMIT_COPIES)
		add_finding(original, "limit_copies",
		            "The reporter's mailbox holds more messages with this Message-ID than "
		            "are looked at.");
	if (!search->same)
		conclude(original, LOCATED_NOT_FOUND,
		         g_strdup_printf("%s does not hold it", look->mailbox));
}

static void conclude_failed(const Look *look, const Search *search, const MailServerRow *row,
                            const GError *problem)
{
	if (is_worth_waiting(search->process, problem)) {
		GError *why = g_error_copy(problem);
		g_prefix_error(&why, "looking into %s: ", look->mailbox);
		process_leave(search->process, why);
	} else {
		conclude(search->original, LOCATED_COULD_NOT_LOOK,
		         words_for_error(problem, row, look->mailbox, NULL));
	}
}

/* Asks one server for all that were not found yet. */
static void ask(Look *look, const MailServerRow *row)
{
	g_autoptr(GError) problem = NULL;
	MailServers *servers = look->batch->tools->servers;
	look->server = mail_servers_get(servers, row, &problem);
	gboolean looked = look->server && look_into(look, &problem);
	if (look->server)
		mail_servers_release(servers, look->server, problem);
	if (!looked && g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND) &&
	    mail_server_error_what(problem) == MISSING_MAILBOX)
		return;
	for (guint i = 0; i < look->searches->len; i++) {
		const Search *search = look->searches->pdata[i];
		if (looked)
			conclude_looked(look, search);
		else if (!search->same)
			conclude_failed(look, search, row, problem);
	}
}

/* Drops those that need no further looking. */
static void keep_open(Look *look)
{
	for (guint i = look->searches->len; i-- > 0;) {
		Search *search = look->searches->pdata[i];
		if (search->same || !process_goes_on(search->process))
			g_ptr_array_remove_index(look->searches, i);
	}
}

static void search_free(gpointer data)
{
	Search *search = data;
	g_clear_pointer(&search->items, g_ptr_array_unref);
	g_free(search);
}

static void locate_in(Batch *batch, const char *mailbox, GPtrArray *searches)
{
	Look look = {.batch = batch, .mailbox = mailbox, .searches = searches};
	for (guint i = 0; i < batch->servers->len; i++) {
		const MailServerRow *row = batch->servers->pdata[i];
		keep_open(&look);
		if (searches->len > 0 && mail_server_serves(row, mailbox))
			ask(&look, row);
	}
}

/* --- the step -----------------------------------------------------------------------------------
 */

/* Adds what one report is about to the searches of its reporter's mailbox. */
static void add_searches(Process *process, GHashTable *by_mailbox, GPtrArray *mailboxes)
{
	char *mailbox = process->report->reporter;
	for (guint i = 0; i < process->originals->len; i++) {
		ReportedOriginal *original = process->originals->pdata[i];
		if (!mailbox) {
			conclude(original, LOCATED_NOT_FOUND,
			         g_strdup("the report does not say whose it is"));
			continue;
		}
		conclude(original, LOCATED_MAILBOX_NOT_FOUND,
		         g_strdup_printf("no mail server has a mailbox %s", mailbox));
		GPtrArray *searches = g_hash_table_lookup(by_mailbox, mailbox);
		if (!searches) {
			searches = g_ptr_array_new_with_free_func(search_free);
			g_hash_table_insert(by_mailbox, mailbox, searches);
			g_ptr_array_add(mailboxes, mailbox);
		}
		Search *search = g_new0(Search, 1);
		search->process = process;
		search->original = original;
		g_ptr_array_add(searches, search);
	}
}

/* Of several originals: the first that is not at hand. */
static void sum_up(Process *process)
{
	process->report->located = LOCATED_FOUND;
	for (guint i = process->originals->len; i-- > 0;) {
		const ReportedOriginal *original = process->originals->pdata[i];
		if (original->located != LOCATED_FOUND)
			process->report->located = original->located;
	}
}

gboolean process_locate(Batch *batch, GError **error)
{
	g_autoptr(GPtrArray) mailboxes = g_ptr_array_new(); /* of char *, in their order */
	g_autoptr(GHashTable) by_mailbox = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
	                                                         (GDestroyNotify)g_ptr_array_unref);
	for (guint i = 0; i < batch->reports->len; i++) {
		Process *process = batch->reports->pdata[i];
		process->report->located = LOCATED_NOT_NEEDED;
		if (process_is_in(process) && process_is_report(process))
			add_searches(process, by_mailbox, mailboxes);
	}
	for (guint i = 0; i < mailboxes->len; i++)
		locate_in(batch, mailboxes->pdata[i],
		          g_hash_table_lookup(by_mailbox, mailboxes->pdata[i]));
	for (guint i = 0; i < batch->reports->len; i++)
		if (process_is_report(batch->reports->pdata[i]))
			sum_up(batch->reports->pdata[i]);
	return TRUE;
}
