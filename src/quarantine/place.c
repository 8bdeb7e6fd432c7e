/* What a copy's steps do to a folder: write exactly once, read back, remove and look.
 *
 * A write whose answer was lost is not repeated but looked for, among what came into the folder
 * after the mark. What is found there counts only with the same bytes, and only when no other row
 * of the ledger owns it; when two rows with the same bytes claim one message, the database lets one
 * of them and the other looks again. */
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "quarantine/copy.h"
#include "store/response.h"

#define SWEEP_SECONDS 10   /* to wait for the worker that took over               */
#define SWEEP_PAUSE   200L /* milliseconds between two looks                      */

MailRef *copy_source_ref(const Copy *copy)
{
	const QuarantineResult *row = copy->row;
	return row->server_uid
	               ? mail_ref_new(row->mailbox, row->folder, row->epoch, row->server_uid)
	               : NULL;
}

MailRef *copy_place_ref(const Copy *copy)
{
	const QuarantineResult *row = copy->row;
	return row->quarantine_uid ? mail_ref_new(row->quarantine_mailbox, row->quarantine_folder,
	                                          row->quarantine_epoch, row->quarantine_uid)
	                           : NULL;
}

void copy_set_place(Copy *copy, const MailRef *ref)
{
	g_free(copy->row->quarantine_epoch);
	g_free(copy->row->quarantine_uid);
	copy->row->quarantine_epoch = ref ? g_strdup(ref->epoch) : NULL;
	copy->row->quarantine_uid = ref ? g_strdup(ref->uid) : NULL;
}

gboolean copy_owned_place(Copy *copy, Db *db, const MailRef *ref, gboolean *owned, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(QuarantineResult) owner =
		quarantine_result_find_place(db, copy->row->quarantine_server_id, ref->mailbox,
	                                     ref->folder, ref->epoch, ref->uid, &failure);
	*owned = owner && owner->id != copy->row->id;
	if (!failure)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&failure));
	return FALSE;
}

static gboolean bytes_load(Db *db, gpointer data, GError **error)
{
	Copy *copy = data;
	copy->bytes = raw_store_load(copy->tools->raw, db, copy->row->sha256, error);
	copy->kept = copy->bytes != NULL;
	return copy->kept;
}

GBytes *copy_bytes(Copy *copy, GError **error)
{
	if (!copy->bytes)
		copy_read(copy, bytes_load, copy, error);
	return copy->bytes;
}

gboolean copy_is_gone(const GError *error)
{
	return g_error_matches(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND) &&
	       mail_server_error_what(error) != MISSING_MAILBOX;
}

static gboolean is_same(Copy *copy, GBytes *bytes)
{
	g_autofree char *sha256 = text_sha256(bytes);
	gboolean same = g_strcmp0(sha256, copy->row->sha256) == 0;
	if (same && !copy->bytes)
		copy->bytes = g_bytes_ref(bytes);
	return same;
}

gboolean copy_verify(Copy *copy, MailServer *server, const MailRef *ref, gboolean *same,
                     GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(GBytes) bytes = mail_server_fetch_one(server, ref, copy->deadline, &failure);
	*same = bytes && is_same(copy, bytes);
	if (bytes || copy_is_gone(failure))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&failure));
	return FALSE;
}

gboolean copy_verify_item(Copy *copy, MailServer *server, const MailRef *ref, MailItem **item,
                          gboolean *same, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(MailItem) read = mail_server_read(server, ref, copy->deadline, &failure);
	*same = read && is_same(copy, read->message);
	*item = *same ? g_steal_pointer(&read) : NULL;
	if (!failure || copy_is_gone(failure))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&failure));
	return FALSE;
}

gboolean copy_stat(Copy *copy, MailServer *server, const MailRef *ref, MailItem **item,
                   GError **error)
{
	g_autoptr(GError) failure = NULL;
	*item = mail_server_stat(server, ref, copy->deadline, &failure);
	if (*item || copy_is_gone(failure))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&failure));
	return FALSE;
}

/* Sizes that servers tell are not all exact; this only spares reading what is plainly another. */
static gboolean size_may_fit(gint64 told, gint64 size)
{
	return told < 0 || size <= 0 || ABS(told - size) <= size / 4 + 1024;
}

typedef struct {
	Copy *copy;
	CopyOwned owned;
	GPtrArray *items; /* of MailItem */
	GPtrArray *free;  /* those that no other row owns; borrowed from items */
} Unowned;

static gboolean unowned_work(Db *db, gpointer data, GError **error)
{
	Unowned *look = data;
	g_ptr_array_set_size(look->free, 0);
	for (guint i = 0; i < look->items->len; i++) {
		MailItem *item = look->items->pdata[i];
		gboolean owned = FALSE;
		if (!size_may_fit(item->size, look->copy->row->size))
			continue;
		if (!look->owned(look->copy, db, item->ref, &owned, error))
			return FALSE;
		if (!owned)
			g_ptr_array_add(look->free, item);
	}
	return TRUE;
}

/* Looks for a write of this row whose answer was lost. @ref (out) NULL: there is none. */
static gboolean place_look(Copy *copy, MailServer *server, const char *mailbox, const char *folder,
                           CopyOwned owned, MailRef **ref, GError **error)
{
	g_autoptr(GError) failure = NULL;
	*ref = NULL;
	g_autoptr(GPtrArray) items = mail_server_since(server, mailbox, folder, copy->row->mark,
	                                               copy->deadline, &failure);
	if (!items && copy_is_gone(failure))
		return TRUE;
	if (!items) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	g_autoptr(GPtrArray) unowned = g_ptr_array_new();
	Unowned look = {copy, owned, items, unowned};
	if (!copy_read(copy, unowned_work, &look, error))
		return FALSE;
	for (guint i = 0; i < unowned->len && !*ref; i++) {
		MailItem *item = unowned->pdata[i];
		gboolean same = FALSE;
		if (!copy_verify(copy, server, item->ref, &same, error))
			return FALSE;
		if (same)
			*ref = mail_ref_copy(item->ref);
	}
	return TRUE;
}

/* Writes, reads back, and takes back what the server did not keep as it was. */
static MailRef *place_write(Copy *copy, MailServer *server, const char *mailbox, const char *folder,
                            MailItem **item, GError **error)
{
	g_auto(GStrv) flags = copy_flags_parse(copy->row->flags);
	g_autoptr(GError) failure = NULL;
	copy->unsure = TRUE;
	g_autoptr(MailRef) ref = mail_server_put(server, mailbox, folder, copy->bytes, flags,
	                                         copy->row->received_at, copy->deadline, &failure);
	if (!ref) {
		copy->unsure = !copy_error_is_definite(failure);
		g_propagate_error(error, g_steal_pointer(&failure));
		return NULL;
	}
	g_clear_pointer(&copy->written, mail_ref_free);
	copy->written = mail_ref_copy(ref);
	gboolean same = FALSE;
	if (!(item ? copy_verify_item(copy, server, ref, item, &same, error)
	           : copy_verify(copy, server, ref, &same, error)))
		return NULL;
	if (same) {
		copy->unsure = FALSE;
		return g_steal_pointer(&ref);
	}
	if (!copy_remove(copy, server, ref, NULL, error))
		return NULL;
	copy->unsure = FALSE;
	g_clear_pointer(&copy->written, mail_ref_free);
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
	            "%s, folder “%s”, does not keep a message as it is given: what was read back "
	            "had other bytes, so it was removed again",
	            mailbox, folder);
	return NULL;
}

MailRef *copy_place(Copy *copy, MailServer *server, const char *mailbox, const char *folder,
                    CopyOwned owned, MailItem **item, GError **error)
{
	MailRef *ref = NULL;
	if (item)
		*item = NULL;
	if (!copy_bytes(copy, error))
		return NULL;
	if (copy->resumed) {
		if (!place_look(copy, server, mailbox, folder, owned, &ref, error))
			return NULL;
		copy->unsure = FALSE;
	}
	return ref ? ref : place_write(copy, server, mailbox, folder, item, error);
}

gboolean copy_remove(Copy *copy, MailServer *server, const MailRef *ref, gboolean *lost,
                     GError **error)
{
	g_autoptr(GError) failure = NULL;
	copy->unsure = TRUE;
	gboolean removed = mail_server_remove(server, ref, copy->deadline, &failure);
	gboolean gone = !removed && copy_is_gone(failure);
	if (lost)
		*lost = gone;
	copy->unsure = !removed && !copy_error_is_definite(failure);
	if (removed || gone)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&failure));
	return FALSE;
}

/* What the worker that took over has made of the row. */
typedef enum { SWEEP_WAIT, SWEEP_USED, SWEEP_FREE } SweepState;
typedef struct {
	Copy *copy;
	SweepState state;
} Sweep;

static gboolean sweep_work(Db *db, gpointer data, GError **error)
{
	Sweep *sweep = data;
	const MailRef *ours = sweep->copy->written;
	g_autoptr(QuarantineResult) now = quarantine_result_load(db, sweep->copy->row->id, error);
	if (!now)
		return FALSE;
	gboolean restore = copy_is_restore(sweep->copy);
	const char *uid = restore ? now->restored_uid : now->quarantine_uid;
	const char *epoch = restore ? now->restored_epoch : now->quarantine_epoch;
	gboolean over = restore ? now->restore_status != COPY_PENDING : now->status != COPY_PENDING;
	sweep->state = SWEEP_WAIT;
	if (uid && g_str_equal(uid, ours->uid) && g_strcmp0(epoch, ours->epoch) == 0)
		sweep->state = SWEEP_USED;
	else if (uid || over)
		sweep->state = SWEEP_FREE;
	if (sweep->state != SWEEP_FREE || restore)
		return TRUE;
	gboolean owned = FALSE;
	if (!copy_owned_place(sweep->copy, db, ours, &owned, error))
		return FALSE;
	if (owned)
		sweep->state = SWEEP_USED;
	return TRUE;
}

void copy_sweep(Copy *copy)
{
	if (!copy->written)
		return;
	MailServer *server = copy_is_restore(copy) ? copy->server : copy->quarantine;
	Sweep sweep = {copy, SWEEP_WAIT};
	gint64 until = deadline_in(SWEEP_SECONDS);
	g_autoptr(GError) error = NULL;
	while (sweep.state == SWEEP_WAIT && g_get_monotonic_time() < until) {
		if (!db_read(copy->tools->db, sweep_work, &sweep, &error))
			break;
		if (sweep.state == SWEEP_WAIT)
			g_usleep(SWEEP_PAUSE * 1000);
	}
	if (!error && sweep.state == SWEEP_FREE)
		mail_server_remove(server, copy->written, deadline_in(SWEEP_SECONDS), &error);
	if (error || sweep.state == SWEEP_WAIT)
		g_warning("copy %" G_GINT64_FORMAT ": another worker took over, and one more of "
		          "the same message may be in %s, folder “%s”: %s",
		          copy->row->id, copy->written->mailbox, copy->written->folder,
		          error ? error->message : "the other worker has not got so far");
}
