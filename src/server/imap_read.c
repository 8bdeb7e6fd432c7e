/* Listing and fetching.
 *
 * Everything is read by UID, after an EXAMINE whose UIDVALIDITY was compared: a UID is nothing
 * without it. Mostly it is one of the same call; bytes, which never change, are also read through
 * one that the connection kept, as far as they are there. Nothing read here sets \Seen. */
#include "server/imap_private.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"

#include <string.h>

#define FETCH_BATCH 200 /* messages of one FETCH command */
#define ITEM_FIELDS "(UID FLAGS INTERNALDATE RFC822.SIZE)"
#define READ_FIELDS "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])"

guint32 imap_uid_of(const MailRef *ref)
{
	guint64 uid;
	return g_ascii_string_to_unsigned(ref->uid, 10, 1, G_MAXUINT32, &uid, NULL) ? (guint32)uid
	                                                                            : 0;
}

gboolean imap_is_epoch(const ImapConnection *connection, const MailRef *ref)
{
	g_autofree char *epoch = g_strdup_printf("%u", connection->uidvalidity);
	return strcmp(epoch, ref->epoch) == 0;
}

MailItem *imap_item_new(const ImapConnection *connection, const char *mailbox,
                        const ImapFetched *fetched)
{
	g_autofree char *epoch = g_strdup_printf("%u", connection->uidvalidity);
	g_autofree char *uid = g_strdup_printf("%u", fetched->uid);
	MailItem *item = g_new0(MailItem, 1);
	item->ref = mail_ref_new(mailbox, connection->folder, epoch, uid);
	item->flags = g_strdupv(fetched->flags);
	item->received_at = fetched->received_at;
	item->size = fetched->size;
	return item;
}

/* Flag changes come unasked; an answer to our question has all of it. */
static gboolean is_whole_item(const ImapFetched *fetched)
{
	return fetched->uid && fetched->flags && fetched->received_at && fetched->size >= 0;
}

/* Fetching */

typedef struct {
	GPtrArray *refs;     /* of MailRef */
	GHashTable *pending; /* uid -> MailRef: asked for and not come */
	MailFetched fetched;
	gpointer data;
	gboolean own; /* it is the quarantine: selected so that a removal need not do so again */
} FetchCall;

static int compare_uids(gconstpointer a, gconstpointer b)
{
	guint32 x = *(const guint32 *)a, y = *(const guint32 *)b;
	return (x > y) - (x < y);
}

/* "1:5,7" of @count sorted numbers. */
static char *format_set(const guint32 *uids, guint count)
{
	GString *set = g_string_new(NULL);
	for (guint first = 0, next; first < count; first = next) {
		for (next = first + 1; next < count && uids[next] == uids[next - 1] + 1; next++)
			;
		g_string_append_printf(set, "%s%u", set->len ? "," : "", uids[first]);
		if (next > first + 1)
			g_string_append_printf(set, ":%u", uids[next - 1]);
	}
	return g_string_free(set, FALSE);
}

static gboolean on_message(ImapConnection *connection, const ImapFetched *fetched, gpointer data)
{
	FetchCall *call = data;
	if (fetched->bodies == 0)
		return TRUE;
	gpointer key = GUINT_TO_POINTER(fetched->uid);
	const MailRef *ref = g_hash_table_lookup(call->pending, key);
	if (!ref || fetched->bodies != 1 || !fetched->whole)
		return imap_refuse(connection,
		                   "the mail server sent a message that was not asked for");
	if (!fetched->body)
		return TRUE; /* NIL: it has just gone */
	g_hash_table_remove(call->pending, key);
	return call->fetched(ref, fetched->body, call->data);
}

/* Those of @count from @at on that did not come are gone. */
static gboolean report_gone(ImapConnection *connection, FetchCall *call, GArray *uids, guint at,
                            guint count)
{
	for (guint i = at; i < MIN(at + count, uids->len); i++) {
		gpointer key = GUINT_TO_POINTER(g_array_index(uids, guint32, i));
		const MailRef *ref = g_hash_table_lookup(call->pending, key);
		g_hash_table_remove(call->pending, key);
		if (ref && !call->fetched(ref, NULL, call->data)) {
			connection->stopped = TRUE;
			return FALSE;
		}
	}
	return TRUE;
}

/* What is left to fetch, sorted. What cannot be in the folder is left in @call->pending only. */
static GArray *pending_uids(FetchCall *call)
{
	GArray *uids = g_array_new(FALSE, FALSE, sizeof(guint32));
	GHashTableIter iter;
	gpointer key;
	g_hash_table_iter_init(&iter, call->pending);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		guint32 uid = GPOINTER_TO_UINT(key);
		g_array_append_val(uids, uid);
	}
	g_array_sort(uids, compare_uids);
	return uids;
}

static int send_batch(ImapConnection *connection, GArray *uids, guint at)
{
	g_autofree char *set =
		format_set(&g_array_index(uids, guint32, at), MIN(FETCH_BATCH, uids->len - at));
	return imap_send(connection, "UID FETCH %s (UID BODY.PEEK[])", set);
}

/* What a selection that was kept still shows; what it does not show stays pending. */
static gboolean fetch_kept(ImapConnection *connection, FetchCall *call, GArray *uids,
                           GError **error)
{
	const MailRef *first = call->refs->pdata[0];
	if (uids->len > FETCH_BATCH || !imap_is_selected(connection, first->folder, call->own) ||
	    !imap_is_epoch(connection, first))
		return TRUE;
	imap_on_fetched(connection, on_message, call);
	int tag = send_batch(connection, uids, 0);
	g_autoptr(GError) problem = NULL;
	gboolean answered = imap_receive(connection, tag, &problem);
	imap_on_fetched(connection, NULL, NULL);
	if (answered || !connection->broken)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

/* The next batch is asked for before the answer to the one before it is read, so that the server
 * never waits for us. */
static gboolean fetch_anew(ImapConnection *connection, FetchCall *call, GArray *uids,
                           GError **error)
{
	const MailRef *first = call->refs->pdata[0];
	int select = imap_send_select(connection, first->folder, call->own);
	int tag = select ? send_batch(connection, uids, 0) : 0;
	if (!imap_receive_select(connection, select, tag, first->folder, call->own, error))
		return FALSE;
	gboolean same = imap_is_epoch(connection, first); /* else what comes is another's */
	imap_on_fetched(connection, same ? on_message : NULL, call);
	for (guint at = 0; at < (same ? uids->len : 1); at += FETCH_BATCH) {
		gboolean last = !same || at + FETCH_BATCH >= uids->len;
		int next = last ? 0 : send_batch(connection, uids, at + FETCH_BATCH);
		if (!imap_receive(connection, tag, error) ||
		    !report_gone(connection, call, uids, at, same ? FETCH_BATCH : uids->len))
			return FALSE;
		tag = next;
	}
	return TRUE;
}

static gboolean fetch_work(ImapConnection *connection, gpointer data, GError **error)
{
	FetchCall *call = data;
	g_autoptr(GArray) uids = pending_uids(call);
	imap_allow_literals(connection, LIMIT_MESSAGE_SIZE);
	if (!fetch_kept(connection, call, uids, error))
		return FALSE;
	if (g_hash_table_size(call->pending) == 0)
		return TRUE;
	g_autoptr(GArray) left = pending_uids(call);
	return fetch_anew(connection, call, left, error);
}

static gboolean is_quarantine(const Imap *imap, const MailRef *ref)
{
	return imap->quarantine_mailbox && imap->quarantine_folder &&
	       g_ascii_strcasecmp(imap->quarantine_mailbox, ref->mailbox) == 0 &&
	       strcmp(imap->quarantine_folder, ref->folder) == 0;
}

/* References that can never be messages are answered at once; the others go to @pending. */
static gboolean sort_refs(FetchCall *call)
{
	const MailRef *first = call->refs->pdata[0];
	for (guint i = 0; i < call->refs->len; i++) {
		MailRef *ref = call->refs->pdata[i];
		guint32 uid = imap_uid_of(ref);
		if (uid && strcmp(ref->epoch, first->epoch) == 0)
			g_hash_table_insert(call->pending, GUINT_TO_POINTER(uid), ref);
		else if (!call->fetched(ref, NULL, call->data))
			return FALSE;
	}
	return TRUE;
}

gboolean imap_fetch(MailServer *server, GPtrArray *refs, MailFetched fetched, gpointer data,
                    gint64 deadline, GError **error)
{
	g_autoptr(GHashTable) pending = g_hash_table_new(NULL, NULL);
	const MailRef *first = refs->pdata[0];
	FetchCall call = {refs, pending, fetched, data, is_quarantine((Imap *)server, first)};
	return !sort_refs(&call) || g_hash_table_size(pending) == 0 ||
	       imap_run((Imap *)server, first->mailbox, deadline, fetch_work, &call, error);
}

/* One message's state */

typedef struct {
	const MailRef *ref;
	guint32 uid;
	gboolean to_remove; /* it will be */
	gboolean read;      /* its bytes are wanted too */
	MailItem *item;
} StatCall;

static gboolean on_stat(ImapConnection *connection, const ImapFetched *fetched, gpointer data)
{
	StatCall *call = data;
	if (fetched->uid != call->uid || !is_whole_item(fetched) || call->item ||
	    (call->read && !(fetched->body && fetched->bodies == 1 && fetched->whole)))
		return TRUE;
	call->item = imap_item_new(connection, call->ref->mailbox, fetched);
	if (call->read)
		call->item->message = g_bytes_ref(fetched->body);
	return TRUE;
}

static gboolean stat_work(ImapConnection *connection, gpointer data, GError **error)
{
	StatCall *call = data;
	const char *folder = call->ref->folder;
	if (call->read)
		imap_allow_literals(connection, LIMIT_MESSAGE_SIZE);
	imap_on_fetched(connection, NULL, NULL);
	int select = imap_send_select(connection, folder, call->to_remove);
	int fetch = select ? imap_send(connection, "UID FETCH %u %s", MAX(1, call->uid),
	                               call->read ? READ_FIELDS : ITEM_FIELDS)
	                   : 0;
	if (!imap_receive_select(connection, select, fetch, folder, call->to_remove, error))
		return FALSE;
	if (imap_is_epoch(connection, call->ref))
		imap_on_fetched(connection, on_stat, call);
	return imap_receive(connection, fetch, error);
}

static MailItem *run_stat(MailServer *server, StatCall *call, gint64 deadline, GError **error)
{
	const MailRef *ref = call->ref;
	call->uid = imap_uid_of(ref);
	gboolean done = imap_run((Imap *)server, ref->mailbox, deadline, stat_work, call, error);
	g_autoptr(MailItem) item = call->item;
	if (done && !item)
		mail_server_set_missing(error, MISSING_MESSAGE, ref->uid);
	return done ? g_steal_pointer(&item) : NULL;
}

MailItem *imap_stat(MailServer *server, const MailRef *ref, gint64 deadline, GError **error)
{
	return run_stat(server, &(StatCall){.ref = ref}, deadline, error);
}

/* SELECT instead of EXAMINE, which the removal finds done. */
MailItem *imap_stat_to_remove(MailServer *server, const MailRef *ref, gint64 deadline,
                              GError **error)
{
	return run_stat(server, &(StatCall){.ref = ref, .to_remove = TRUE}, deadline, error);
}

MailItem *imap_read(MailServer *server, const MailRef *ref, gint64 deadline, GError **error)
{
	return run_stat(server, &(StatCall){.ref = ref, .read = TRUE}, deadline, error);
}

/* What is new. The cursor is UIDVALIDITY and the last UID up to which all is listed: UIDs only
 * rise, so what is new has a higher one. */

typedef struct {
	const char *mailbox, *folder;
	gboolean cursor_given;
	guint32 uidvalidity, last; /* of the cursor; 0: none */
	MailListing *listing;
	guint32 end;        /* all up to this UID is listed */
	guint32 probed;     /* UID of the message that was asked for */
	GHashTable *partly; /* UIDs of which something was said */
} ListCall;

static gboolean on_item(ImapConnection *connection, const ImapFetched *fetched, gpointer data)
{
	ListCall *call = data;
	if (fetched->uid <= call->last)
		return TRUE;
	if (is_whole_item(fetched))
		g_ptr_array_add(call->listing->items,
		                imap_item_new(connection, call->mailbox, fetched));
	else
		g_hash_table_add(call->partly, GUINT_TO_POINTER(fetched->uid));
	return TRUE;
}

/* Once the cursor has passed a message nobody asks for it again. */
static gboolean check_all_whole(const ListCall *call, GError **error)
{
	GHashTableIter iter;
	gpointer uid;
	for (guint i = 0; i < call->listing->items->len; i++) {
		const MailItem *item = call->listing->items->pdata[i];
		g_hash_table_remove(call->partly, GUINT_TO_POINTER(imap_uid_of(item->ref)));
	}
	g_hash_table_iter_init(&iter, call->partly);
	while (g_hash_table_iter_next(&iter, &uid, NULL)) {
		if (GPOINTER_TO_UINT(uid) > call->end)
			continue; /* it came just now */
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE,
		            "the mail server lists message %u of '%s' without its flags, date or "
		            "size",
		            GPOINTER_TO_UINT(uid), call->folder);
		return FALSE;
	}
	return TRUE;
}

static gboolean on_probe(ImapConnection *connection, const ImapFetched *fetched, gpointer data)
{
	ListCall *call = data;
	if (fetched->uid && !fetched->flags) /* those are news of another */
		call->probed = fetched->uid;
	return TRUE;
}

/* What the server says of the folder does not fit together; asking again at once would be asking
 * for ever. */
static gboolean set_changing(const ListCall *call, GError **error)
{
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_BUSY,
	            "folder '%s' is changing too fast to be listed", call->folder);
	return FALSE;
}

/* The number of the first message after the cursor, by bisection: numbers do not change between
 * FETCH commands (RFC 3501 §7.4.1). exists + 1 when there is none. */
static gboolean first_new(ImapConnection *connection, ListCall *call, guint32 *number,
                          GError **error)
{
	guint32 low = 1, high = connection->exists + 1;
	imap_on_fetched(connection, on_probe, call);
	while (call->last > 0 && low < high) {
		guint32 middle = low + (high - low) / 2;
		call->probed = 0;
		if (!imap_command(connection, error, "FETCH %u (UID)", middle))
			return FALSE;
		if (!call->probed)
			return set_changing(call, error);
		if (call->probed > call->last)
			high = middle;
		else
			low = middle + 1;
	}
	*number = low;
	return TRUE;
}

static int compare_items(gconstpointer a, gconstpointer b)
{
	guint32 x = imap_uid_of((*(MailItem *const *)a)->ref);
	guint32 y = imap_uid_of((*(MailItem *const *)b)->ref);
	return (x > y) - (x < y);
}

/* The highest UID of the items, which this sorts; or that of the cursor. */
static guint32 highest_item(const ListCall *call)
{
	GPtrArray *items = call->listing->items;
	g_ptr_array_sort(items, compare_items);
	return items->len ? imap_uid_of(((MailItem *)items->pdata[items->len - 1])->ref)
	                  : call->last;
}

/* The first LIMIT_LIST_NEW messages after the cursor, however far apart their UIDs are. */
static gboolean list_by_number(ImapConnection *connection, ListCall *call, GError **error)
{
	guint32 first;
	g_ptr_array_set_size(call->listing->items, 0);
	if (!first_new(connection, call, &first, error))
		return FALSE;
	guint32 final = MIN(first + LIMIT_LIST_NEW - 1, connection->exists);
	imap_on_fetched(connection, on_item, call);
	if (first <= connection->exists &&
	    !imap_command(connection, error, "FETCH %u:%u " ITEM_FIELDS, first, final))
		return FALSE;
	call->end = highest_item(call);
	call->listing->more = final < connection->exists;
	if (!call->listing->more && connection->uidnext > call->end)
		call->end = connection->uidnext - 1;
	return !call->listing->more || call->listing->items->len > 0 || set_changing(call, error);
}

static guint32 window_end(const ListCall *call)
{
	return (guint32)MIN((guint64)call->last + LIMIT_LIST_NEW, G_MAXUINT32);
}

static int send_window(ImapConnection *connection, const ListCall *call)
{
	return imap_send(connection, "UID FETCH %u:%u " ITEM_FIELDS,
	                 MIN(call->last, window_end(call) - 1) + 1, window_end(call));
}

/* Were all that is new in the next LIMIT_LIST_NEW UIDs, as it nearly always is, this is it. */
static gboolean judge_window(ImapConnection *connection, ListCall *call, GError **error)
{
	call->end = MAX(highest_item(call), call->last);
	if (connection->uidnext && connection->uidnext - 1 <= window_end(call)) {
		call->end = MAX(call->end, connection->uidnext - 1);
		return TRUE;
	}
	if (connection->uidnext == 0 || call->listing->items->len < LIMIT_LIST_NEW / 4)
		return list_by_number(connection, call, error);
	call->end = window_end(call);
	call->listing->more = TRUE;
	return TRUE;
}

static gboolean list_work(ImapConnection *connection, gpointer data, GError **error)
{
	ListCall *call = data;
	MailListing *listing = call->listing;
	g_ptr_array_set_size(listing->items, 0);
	g_hash_table_remove_all(call->partly);
	int select = imap_send_select(connection, call->folder, FALSE);
	int window = select ? send_window(connection, call) : 0;
	if (!imap_receive_select(connection, select, window, call->folder, FALSE, error))
		return FALSE;
	gboolean same = call->uidvalidity == connection->uidvalidity || !call->cursor_given;
	imap_on_fetched(connection, same ? on_item : NULL, call);
	if (!imap_receive(connection, window, error))
		return FALSE;
	if (!same && listing->restarted)
		return set_changing(call, error);
	listing->restarted = listing->restarted || !same;
	if (!same) { /* those were other messages' numbers */
		call->last = 0;
		call->uidvalidity = connection->uidvalidity;
		return list_work(connection, call, error);
	}
	if (!judge_window(connection, call, error) || !check_all_whole(call, error))
		return FALSE;
	g_free(listing->cursor);
	listing->cursor = g_strdup_printf("{\"uidvalidity\":%u,\"uid\":%u}",
	                                  connection->uidvalidity, call->end);
	return TRUE;
}

MailListing *imap_list_new(MailServer *server, const char *mailbox, const char *folder,
                           const char *cursor, gint64 deadline, GError **error)
{
	g_autoptr(MailListing) listing = g_new0(MailListing, 1);
	listing->items = g_ptr_array_new_with_free_func((GDestroyNotify)mail_item_free);
	g_autoptr(json_t) document = cursor ? json_parse(cursor, -1, NULL) : NULL;
	g_autoptr(GHashTable) partly = g_hash_table_new(NULL, NULL);
	ListCall call = {
		.partly = partly,
		.mailbox = mailbox,
		.folder = folder,
		.listing = listing,
		.cursor_given = cursor != NULL,
		.uidvalidity = (guint32)json_int(document, "uidvalidity", 0),
		.last = (guint32)json_int(document, "uid", 0),
	};
	return imap_run((Imap *)server, mailbox, deadline, list_work, &call, error)
	               ? g_steal_pointer(&listing)
	               : NULL;
}
