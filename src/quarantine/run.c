/* The way of a copy into the quarantine: find, prove, remember, store, verify, remove, verify.
 *
 * The message exists in the quarantine, read back and equal, before it is removed from its mailbox;
 * and its bytes are in the raw store before either. Where an act finds the world changed it sets an
 * earlier step, and the steps from there look again. */
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "quarantine/copy.h"
#include "store/response.h"

#include <string.h>

#define FIND_TRIES     4                    /* a candidate vanished while we looked: find again */
#define SIMILAR_WINDOW (30 * CLOCK_DAY)     /* before the original is said to have been sent    */
#define HELD_BYTES     (32UL * 1024 * 1024) /* of copies in memory; more wait in the raw store */

/* Finding */

static gboolean in_quarantine(const Copy *copy, const MailItem *item)
{
	return copy->row->mail_server_id == copy->row->quarantine_server_id &&
	       g_strcmp0(item->ref->mailbox, copy->row->quarantine_mailbox) == 0 &&
	       g_strcmp0(item->ref->folder, copy->row->quarantine_folder) == 0;
}

/* A Message-ID of absurd length is kept as its hash, which no mail server can search for. */
static gboolean has_searchable_id(const Original *original)
{
	return *original->message_id && !g_str_has_prefix(original->message_id, "sha256:");
}

/* Messages that may be the original: of its Message-ID, or, when it has none that can be searched
 * for, of its sender and subject. Both are only hints; identity_check() decides. */
static GPtrArray *find_candidates(Copy *copy, GError **error)
{
	const Original *original = copy->original;
	const char *mailbox = copy->row->mailbox;
	g_autoptr(GPtrArray) items = NULL;
	if (has_searchable_id(original)) {
		items = mail_server_find(copy->server, mailbox, original->message_id,
		                         copy->deadline, error);
	} else {
		gint64 begin = original->sent_at ? MIN(original->sent_at, original->created_at) -
		                                           SIMILAR_WINDOW
		                                 : 0;
		items = mail_server_find_similar(copy->server, mailbox, original->sender,
		                                 original->subject ? original->subject : "", begin,
		                                 clock_now() + CLOCK_DAY, copy->deadline, error);
	}
	for (guint i = items ? items->len : 0; i > 0; i--)
		if (in_quarantine(copy, items->pdata[i - 1]))
			g_ptr_array_remove_index(items, i - 1);
	return g_steal_pointer(&items);
}

/* What the candidates turned out to be. */
typedef struct {
	GPtrArray *same; /* of CopyFound */
	gsize held;      /* bytes of them */
	guint different, unreadable;
	char *what; /* the first that is not the original, in words */
	gboolean vanished;
} Findings;

static void findings_clear(Findings *findings)
{
	g_clear_pointer(&findings->same, g_ptr_array_unref);
	g_clear_pointer(&findings->what, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Findings, findings_clear)

static MailItem *item_copy(const MailItem *item)
{
	MailItem *copy = g_new0(MailItem, 1);
	copy->ref = mail_ref_copy(item->ref);
	copy->flags = g_strdupv(item->flags);
	copy->received_at = item->received_at;
	copy->size = item->size;
	return copy;
}

static gboolean put_away(Copy *copy, CopyFound *found, GError **error)
{
	g_autoptr(GPtrArray) messages = g_ptr_array_new();
	g_ptr_array_add(messages, found->bytes);
	g_autoptr(GPtrArray) kept = raw_store_put(copy->tools->raw, messages, error);
	copy->own_fault = !kept;
	if (kept)
		g_clear_pointer(&found->bytes, g_bytes_unref);
	return kept != NULL;
}

/* Somebody may have sent fifty large copies: the first is at hand, and as many as fit. */
static gboolean keep_found(Copy *copy, Findings *findings, CopyFound *found, GError **error)
{
	g_ptr_array_add(findings->same, found);
	findings->held += found->size;
	return findings->same->len == 1 || findings->held <= HELD_BYTES ||
	       found->size <= RAW_IN_ROW || !raw_store_directory(copy->tools->raw) ||
	       put_away(copy, found, error);
}

static gboolean examine(Copy *copy, const MailItem *item, Findings *findings, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(GBytes) bytes = item->message ? g_bytes_ref(item->message)
	                                        : mail_server_fetch_one(copy->server, item->ref,
	                                                                copy->deadline, &failure);
	if (!bytes && g_error_matches(failure, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND) &&
	    mail_server_error_what(failure) != MISSING_MAILBOX) {
		findings->vanished = TRUE;
		return TRUE;
	}
	if (!bytes) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	Identity identity;
	g_autofree char *sha256 = text_sha256(bytes), *what = NULL;
	if (!identity_check(copy, bytes, sha256, &identity, &what, error))
		return FALSE;
	if (identity == IDENTITY_SAME) {
		CopyFound *found = g_new0(CopyFound, 1);
		found->item = item_copy(item);
		found->size = g_bytes_get_size(bytes);
		found->bytes = g_steal_pointer(&bytes);
		found->sha256 = g_steal_pointer(&sha256);
		found->changed = g_steal_pointer(&what);
		return keep_found(copy, findings, found, error);
	}
	findings->different += identity == IDENTITY_DIFFERENT;
	findings->unreadable += identity == IDENTITY_UNREADABLE;
	if (!findings->what)
		findings->what = g_steal_pointer(&what);
	return TRUE;
}

static gboolean examine_all(Copy *copy, GPtrArray *items, Findings *findings, GError **error)
{
	findings_clear(findings);
	*findings =
		(Findings){.same = g_ptr_array_new_with_free_func((GDestroyNotify)copy_found_free)};
	for (guint i = 0; i < items->len && i < LIMIT_COPIES && !findings->vanished; i++)
		if (!examine(copy, items->pdata[i], findings, error))
			return FALSE;
	return TRUE;
}

/* Why there is nothing: the same message was pulled before, or there is none. */
typedef struct {
	const QuarantineResult *row;
	GPtrArray *others; /* of QuarantineResult: the incident's other rows of this mailbox */
} Others;

static gboolean others_work(Db *db, gpointer data, GError **error)
{
	Others *others = data;
	g_clear_pointer(&others->others, g_ptr_array_unref);
	others->others = quarantine_result_list_mailbox(db, others->row->incident_id,
	                                                others->row->mailbox, error);
	for (guint i = others->others ? others->others->len : 0; i > 0; i--) {
		const QuarantineResult *row = others->others->pdata[i - 1];
		if (row->id == others->row->id)
			g_ptr_array_remove_index(others->others, i - 1);
	}
	return others->others != NULL;
}

static gboolean end_absent(Copy *copy, GError **error)
{
	Others others = {.row = copy->row};
	gboolean read = copy_read(copy, others_work, &others, error);
	g_autoptr(GPtrArray) rows = others.others;
	g_autofree char *reason = g_strdup(
		has_searchable_id(copy->original)
			? "No message with this Message-ID is in any folder of the mailbox."
			: "The original has no Message-ID to search for, and no message of this "
			  "sender and subject is in any folder of the mailbox.");
	if (!read)
		return FALSE;
	for (guint i = 0; i < rows->len; i++) {
		const QuarantineResult *row = rows->pdata[i];
		if (row->status != COPY_SUCCESS || row->step != STEP_MOVED)
			continue;
		g_autofree char *since = clock_format(row->updated_at);
		g_free(reason);
		reason = g_strdup_printf("Already gone: it is in quarantine since %s (response "
		                         "%" G_GINT64_FORMAT ").",
		                         since, row->response_id);
	}
	return copy_end(copy, COPY_MESSAGE_NOT_FOUND, reason, error);
}

static gboolean end_unproved(Copy *copy, const Findings *findings, GError **error)
{
	g_autofree char *reason = NULL;
	if (findings->unreadable > 0)
		reason = g_strdup_printf("Nothing proves that %u message(s) there are the "
		                         "original (%s); left alone.",
		                         findings->unreadable, findings->what);
	else
		reason = g_strdup_printf("%u message(s) there with the same %s but other content "
		                         "(%s); left alone.",
		                         findings->different,
		                         has_searchable_id(copy->original) ? "Message-ID"
		                                                           : "sender and subject",
		                         findings->what);
	return copy_end(copy, findings->unreadable > 0 ? COPY_FAILED_OTHER : COPY_SKIPPED_DIFFERENT,
	                reason, error);
}

/* Makes the bytes durable and the row remember its message; more copies become rows of their own.
 */
static gboolean remember(Copy *copy, Findings *findings, GError **error)
{
	g_autoptr(GPtrArray) messages = g_ptr_array_new();
	for (guint i = 0; i < findings->same->len; i++) {
		CopyFound *found = findings->same->pdata[i];
		if (found->bytes)
			g_ptr_array_add(messages, found->bytes);
	}
	g_autoptr(GPtrArray) kept = raw_store_put(copy->tools->raw, messages, error);
	if (!kept) {
		copy->own_fault = TRUE;
		return FALSE;
	}
	CopyFound *first = findings->same->pdata[0];
	copy_remember(copy->row, first->item, first->sha256);
	copy->row->size = (gint64)g_bytes_get_size(first->bytes);
	if (first->changed && !(copy->note && strstr(copy->note, first->changed))) {
		copy_note(copy, "%s", first->changed);
		g_free(copy->row->reason);
		copy->row->reason = g_strdup(copy->note); /* for a run after a crash */
	}
	copy->bytes = g_bytes_ref(first->bytes);
	copy->row->step = STEP_FOUND;
	if (findings->same->len == 1)
		return TRUE;
	g_ptr_array_remove_index(findings->same, 0);
	copy->extras = g_ptr_array_ref(findings->same);
	return copy_save(copy, NULL, NULL, error);
}

static gboolean find(Copy *copy, GError **error)
{
	const Original *original = copy->original;
	copy->side = AT_MAILBOX;
	if (!has_searchable_id(original) && !original->sender)
		return copy_end(copy, COPY_FAILED_MISSING_MESSAGE_ID,
		                "The original has neither a Message-ID nor a sender to search for.",
		                error);
	g_auto(Findings) findings = {0};
	for (guint tries = 0; tries < FIND_TRIES; tries++) {
		g_autoptr(GPtrArray) items = find_candidates(copy, error);
		if (!items)
			return FALSE;
		if (items->len == 0)
			return end_absent(copy, error);
		if (!examine_all(copy, items, &findings, error))
			return FALSE;
		if (findings.vanished)
			continue;
		if (items->len > LIMIT_COPIES)
			copy_note(copy,
			          "There are %u messages with this Message-ID; only the first %d "
			          "were looked at.",
			          items->len, LIMIT_COPIES);
		if (findings.same->len == 0)
			return end_unproved(copy, &findings, error);
		if (findings.different + findings.unreadable > 0)
			copy_note(copy, "%u other message(s) there were left alone (%s).",
			          findings.different + findings.unreadable, findings.what);
		return remember(copy, &findings, error);
	}
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_BUSY,
	                    "the message is being moved about in the mailbox");
	return FALSE;
}

/* Storing */

static gboolean announce(Copy *copy, GError **error)
{
	QuarantineResult *row = copy->row;
	copy->side = AT_QUARANTINE;
	if (!row->mark)
		row->mark =
			copy->mark_hint
				? g_strdup(copy->mark_hint)
				: mail_server_mark(copy->quarantine, row->quarantine_mailbox,
		                                   row->quarantine_folder, copy->deadline, error);
	if (!row->mark)
		return FALSE;
	row->step = STEP_STORING;
	return copy_save(copy, NULL, NULL, error);
}

static gboolean store(Copy *copy, GError **error)
{
	const QuarantineResult *row = copy->row;
	copy->side = AT_QUARANTINE;
	g_autoptr(MailRef) place =
		copy_place(copy, copy->quarantine, row->quarantine_mailbox, row->quarantine_folder,
	                   copy_owned_place, NULL, error);
	if (!place)
		return FALSE;
	copy_set_place(copy, place);
	copy->proved = TRUE;
	copy->row->step = STEP_STORED;
	return TRUE;
}

/* Before anything is removed, this run has seen the copy in the quarantine. Without it, it is
 * stored once more. */
static gboolean prove(Copy *copy, GError **error)
{
	if (copy->proved)
		return TRUE;
	g_autoptr(MailRef) place = copy_place_ref(copy);
	copy->side = AT_QUARANTINE;
	if (place && !copy_verify(copy, copy->quarantine, place, &copy->proved, error))
		return FALSE;
	copy->side = AT_MAILBOX;
	if (copy->proved)
		return TRUE;
	copy_set_place(copy, NULL);
	copy->row->step = STEP_FOUND;
	return TRUE;
}

/* Removing */

static gboolean is_other_rows(const GPtrArray *rows, const MailRef *ref)
{
	for (guint i = 0; i < rows->len; i++) {
		const QuarantineResult *row = rows->pdata[i];
		if (g_strcmp0(row->folder, ref->folder) == 0 &&
		    g_strcmp0(row->epoch, ref->epoch) == 0 &&
		    g_strcmp0(row->server_uid, ref->uid) == 0)
			return TRUE;
	}
	return FALSE;
}

/* The message is not where it was: has its owner moved it to another folder? It is the same one
 * when its bytes and its received date are, and no other row is about it. */
static gboolean relocate(Copy *copy, gboolean *found, GError **error)
{
	Others others = {.row = copy->row};
	g_autoptr(GPtrArray) items = find_candidates(copy, error);
	*found = FALSE;
	if (!items)
		return FALSE;
	gboolean read = copy_read(copy, others_work, &others, error);
	g_autoptr(GPtrArray) rows = others.others;
	if (!read)
		return FALSE;
	for (guint i = 0; i < items->len && i < LIMIT_COPIES && !*found; i++) {
		const MailItem *item = items->pdata[i];
		if (item->received_at != copy->row->received_at || is_other_rows(rows, item->ref))
			continue;
		if (!copy_verify(copy, copy->server, item->ref, found, error))
			return FALSE;
		if (*found)
			copy_remember(copy->row, item, NULL);
	}
	return TRUE;
}

/* The mailbox has it no more, and it was not us: then the quarantine does not keep it either. */
static gboolean end_vanished(Copy *copy, const char *reason, GError **error)
{
	if (!copy_take_back(copy, error))
		return FALSE;
	copy->row->step = STEP_FOUND;
	return copy_end(copy, COPY_MESSAGE_NOT_FOUND, reason, error);
}

/* @item (out) is NULL when the message is not there any more. */
static gboolean stat_to_remove(Copy *copy, const MailRef *source, MailItem **item, GError **error)
{
	g_autoptr(GError) failure = NULL;
	*item = mail_server_stat_to_remove(copy->server, source, copy->deadline, &failure);
	if (*item || copy_is_gone(failure))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&failure));
	return FALSE;
}

static gboolean claim(Copy *copy, GError **error)
{
	g_autoptr(MailItem) item = NULL;
	g_autoptr(GError) failure = NULL;
	g_autoptr(MailRef) source = copy_source_ref(copy);
	if (!prove(copy, error))
		return FALSE;
	if (!copy->proved)
		return TRUE;
	copy->side = AT_MAILBOX;
	if (!stat_to_remove(copy, source, &item, error))
		return FALSE;
	gboolean found = item != NULL;
	if (item)
		copy_remember(copy->row, item, NULL);
	else if (!relocate(copy, &found, error))
		return FALSE;
	if (!found)
		return end_vanished(
			copy,
			"It left the mailbox while Trawl was at work: somebody else deleted "
			"it. What had been stored in quarantine was removed again.",
			error);
	copy->row->step = STEP_REMOVING;
	if (copy_save(copy, NULL, NULL, &failure))
		return TRUE;
	copy->row->step = STEP_STORED;
	if (!g_error_matches(failure, TRAWL_ERROR, TRAWL_ERROR_CONFLICT)) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	/* A row with the same bytes owns this place: look for another, or store once more. */
	copy->own_fault = FALSE;
	copy->proved = FALSE;
	copy_set_place(copy, NULL);
	copy->row->step = STEP_STORING;
	return TRUE;
}

/* After a crash, or when the message's place is void: was it removed? */
static gboolean look_again(Copy *copy, const MailRef *source, gboolean *gone, GError **error)
{
	g_autoptr(MailItem) item = NULL;
	g_autoptr(GError) failure = NULL;
	gboolean found = FALSE;
	if (!copy_stat(copy, copy->server, source, &item, error))
		return FALSE;
	if (!item && !relocate(copy, &found, &failure) &&
	    !g_error_matches(failure, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	copy->unsure = FALSE;
	if (found)
		copy->row->step = STEP_STORED;
	*gone = !item && !found;
	return !item || prove(copy, error);
}

/* Two incidents may be about one message; then two rows store it, and both find it gone. Who ends
 * second gives its copy up, or an undo of both would double it. */
static gboolean end_moved(Copy *copy, GError **error)
{
	const QuarantineResult *row = copy->row;
	g_autoptr(GError) failure = NULL;
	g_autofree char *reason = g_strdup_printf("Moved from “%s” to %s, “%s”.", row->folder,
	                                          row->quarantine_mailbox, row->quarantine_folder);
	copy->row->step = STEP_MOVED;
	if (copy_end(copy, COPY_SUCCESS, reason, &failure))
		return TRUE;
	copy->row->step = STEP_REMOVING;
	if (!g_error_matches(failure, TRAWL_ERROR, TRAWL_ERROR_CONFLICT)) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	copy->own_fault = FALSE;
	return end_vanished(copy,
	                    "The quarantine of another incident pulled this very message at the "
	                    "same time.",
	                    error);
}

static gboolean withdraw(Copy *copy, GError **error)
{
	g_autoptr(MailRef) source = copy_source_ref(copy);
	gboolean gone = FALSE;
	copy->side = AT_MAILBOX;
	if (copy->resumed) {
		if (!look_again(copy, source, &gone, error))
			return FALSE;
		if (!gone && copy->row->step != STEP_REMOVING)
			return TRUE;
	}
	gboolean lost = FALSE;
	if (!gone && !copy_remove(copy, copy->server, source, &lost, error))
		return FALSE;
	if (!lost)
		return end_moved(copy, error);
	/* Its folder was renamed or numbered anew since it was claimed: it is about, or it is gone.
	 */
	if (!look_again(copy, source, &gone, error))
		return FALSE;
	return !gone || end_moved(copy, error);
}

const CopyAct quarantine_acts[STEP_RESTORED + 1] = {
	[STEP_PLANNED] = find,      /* → found (or the row ends)                             */
	[STEP_FOUND] = announce,    /* → storing, committed                                  */
	[STEP_STORING] = store,     /* → stored                                              */
	[STEP_STORED] = claim,      /* → removing, committed; back when the world changed    */
	[STEP_REMOVING] = withdraw, /* → moved: the row ends                               */
};
