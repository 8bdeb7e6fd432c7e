/* Finds the original in the reporter's mailbox.
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

typedef struct {
	Process *process;
	ReportedOriginal *original;
	MailServer *server;
	const char *mailbox;
	gboolean own_fault; /* the error is our reader's, not the mail server's */
} Search;

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

static gint64 call_deadline(const Search *search)
{
	return MIN(search->process->deadline, deadline_in(PROCESS_CALL_SECONDS));
}

static GPtrArray *find_similar(const Search *search, GError **error)
{
	const json_t *reported = search->original->reported;
	const char *sender = json_text(reported, "from.0.address");
	const char *subject = json_text(reported, "subject");
	if (!sender || !subject || !*subject)
		return g_ptr_array_new();
	gint64 sent = 0, received = search->process->report->received_at;
	const char *date = json_text(reported, "date");
	gboolean dated = date && clock_parse(date, &sent);
	return mail_server_find_similar(search->server, search->mailbox, sender, subject,
	                                dated ? sent - DATE_BEFORE : received - REPORT_BEFORE,
	                                dated ? sent + DATE_AFTER : received + DATE_BEFORE,
	                                call_deadline(search), error);
}

static GPtrArray *find_candidates(const Search *search, GError **error)
{
	const char *id = search->original->message_id;
	/* One that was too long to keep cannot be searched for. */
	if (!*id || g_str_has_prefix(id, "sha256:"))
		return find_similar(search, error);
	return mail_server_find(search->server, search->mailbox, id, call_deadline(search), error);
}

static void accept(ReportedOriginal *original, GBytes *bytes, json_t *document)
{
	conclude(original, LOCATED_FOUND, NULL);
	original->first_hand = TRUE;
	g_clear_pointer(&original->bytes, g_bytes_unref);
	original->bytes = g_bytes_ref(bytes);
	g_free(original->sha256);
	original->sha256 = text_sha256(bytes);
	json_decref(original->document);
	original->document = json_incref(document);
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

/* Judges one candidate; FALSE only when it could not be judged. */
static gboolean judge(Search *search, GBytes *bytes, gboolean *same, GError **error)
{
	g_autoptr(GError) problem = NULL;
	ReportedOriginal *original = search->original;
	if (original->attached && identity_same_octets(original->bytes, bytes)) {
		*same = TRUE;
		conclude(original, LOCATED_FOUND, NULL); /* what was attached is it */
		return TRUE;
	}
	g_autoptr(json_t) document = process_read_message(search->process, bytes, FALSE, &problem);
	if (!document && process_blames_message(search->process, problem)) {
		add_finding(original, "candidate_unreadable",
		            "The reporter's mailbox holds a message with this Message-ID that "
		            "cannot be read, so it was not compared.");
		return TRUE;
	}
	if (!document) {
		search->own_fault = TRUE;
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	const json_t *message = json_object_get(document, "message");
	g_autofree char *why = NULL;
	FingerprintVerdict verdict =
		original->attached ? identity_compare(original->reported, message, &why)
		: identity_bears_out(original->reported, message) ? FINGERPRINT_SAME
								  : FINGERPRINT_DIFFERENT;
	*same = verdict == FINGERPRINT_SAME || verdict == FINGERPRINT_CHANGED;
	if (*same)
		accept(original, bytes, document);
	else if (*original->message_id &&
	         g_strcmp0(original->message_id, json_text(message, "message_id")) == 0)
		add_doubt(original, verdict, why);
	return TRUE;
}

/* Looks into one mailbox on one server. TRUE: looked, and original->located says what came of it.
 */
static gboolean look(Search *search, GError **error)
{
	g_autoptr(GPtrArray) items = find_candidates(search, error);
	if (!items)
		return FALSE;
	json_array_clear(search->original->findings);
	gboolean same = FALSE;
	for (guint i = 0; i < MIN(items->len, LIMIT_COPIES) && !same; i++) {
		const MailItem *item = items->pdata[i];
		g_autoptr(GError) problem = NULL;
		g_autoptr(GBytes) bytes = mail_server_fetch_one(search->server, item->ref,
		                                                call_deadline(search), &problem);
		if (!bytes && g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND))
			continue; /* it was moved or deleted meanwhile */
		if (!bytes) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return FALSE;
		}
		if (!judge(search, bytes, &same, error))
			return FALSE;
	}
	if (items->len > LIMIT_COPIES && !same)
		add_finding(search->original, "limit_copies",
		            "The reporter's mailbox holds more messages with this Message-ID than "
		            "are looked at.");
	return TRUE;
}

/* --- which mailbox ------------------------------------------------------------------------------
 */

/* Asks one server. FALSE: could not look. */
static gboolean ask(Search *search, const MailServerRow *row, GError **error)
{
	g_autoptr(GError) problem = NULL;
	MailServers *servers = search->process->tools->servers;
	search->server = mail_servers_get(servers, row, error);
	if (!search->server)
		return FALSE;
	gboolean ok = look(search, &problem);
	mail_servers_release(servers, search->server, search->own_fault ? NULL : problem);
	if (ok) {
		conclude(search->original, LOCATED_NOT_FOUND,
		         g_strdup_printf("%s does not hold it", search->mailbox));
		return TRUE;
	}
	if (g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND) &&
	    mail_server_error_what(problem) == MISSING_MAILBOX)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

static gboolean is_worth_waiting(const Process *process, const GError *error)
{
	return error_remedy(error)->retry && (process->job->attempts + 1 < PATIENCE_TRIES ||
	                                      clock_now() - process->report->found_at < PATIENCE);
}

static gboolean locate(Process *process, ReportedOriginal *original, GError **error)
{
	Search search = {process, original, NULL, process->report->reporter, FALSE};
	if (!search.mailbox) {
		conclude(original, LOCATED_NOT_FOUND,
		         g_strdup("the report does not say whose it is"));
		return TRUE;
	}
	conclude(original, LOCATED_MAILBOX_NOT_FOUND,
	         g_strdup_printf("no mail server has a mailbox %s", search.mailbox));
	for (guint i = 0; i < process->servers->len && original->located != LOCATED_FOUND; i++) {
		const MailServerRow *row = process->servers->pdata[i];
		g_autoptr(GError) problem = NULL;
		if (!mail_server_serves(row, search.mailbox) || ask(&search, row, &problem))
			continue;
		if (search.own_fault || is_worth_waiting(process, problem)) {
			g_propagate_prefixed_error(error, g_steal_pointer(&problem),
			                           "looking into %s: ", search.mailbox);
			return FALSE;
		}
		conclude(original, LOCATED_COULD_NOT_LOOK,
		         words_for_error(problem, row, search.mailbox, NULL));
	}
	return TRUE;
}

gboolean process_locate(Process *process, GError **error)
{
	process->report->located = LOCATED_NOT_NEEDED;
	if (!process_is_report(process))
		return TRUE;
	for (guint i = 0; i < process->originals->len; i++)
		if (!locate(process, process->originals->pdata[i], error))
			return FALSE;
	/* Of several originals: the first that is not at hand. */
	process->report->located = LOCATED_FOUND;
	for (guint i = process->originals->len; i-- > 0;) {
		const ReportedOriginal *original = process->originals->pdata[i];
		if (original->located != LOCATED_FOUND)
			process->report->located = original->located;
	}
	return TRUE;
}
