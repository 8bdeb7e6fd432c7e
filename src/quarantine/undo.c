/* The way of a copy back: the mirror of run.c.
 *
 * The same bytes go into the same folder with the same flags and received date, and are read back,
 * before the quarantine lets go of its message. When somebody has emptied the quarantine, Trawl's
 * own copy of the bytes is what returns. */
#include "base/clock.h"
#include "base/error.h"
#include "quarantine/copy.h"
#include "store/response.h"

/* A message in the mailbox that another row of the incident has already brought back. Rows of one
 * mailbox look and commit one after the other, because nothing else tells twins apart. */
static gboolean owned_return(Copy *copy, Db *db, const MailRef *ref, gboolean *owned,
                             GError **error)
{
	g_autoptr(GPtrArray) rows =
		quarantine_result_list_mailbox(db, copy->row->incident_id, ref->mailbox, error);
	*owned = FALSE;
	for (guint i = 0; rows && i < rows->len; i++) {
		const QuarantineResult *row = rows->pdata[i];
		*owned |= row->id != copy->row->id && g_strcmp0(row->folder, ref->folder) == 0 &&
		          g_strcmp0(row->restored_epoch, ref->epoch) == 0 &&
		          g_strcmp0(row->restored_uid, ref->uid) == 0;
	}
	return rows != NULL;
}

static gboolean guard_return(Copy *copy, Db *db, const MailRef *ref, gboolean *owned,
                             GError **error)
{
	g_autofree char *key = g_strdup_printf("restore:%s", ref->mailbox);
	return db_lock_key(db, key, error) && owned_return(copy, db, ref, owned, error);
}

static void set_returned(Copy *copy, const MailRef *ref)
{
	g_free(copy->row->restored_epoch);
	g_free(copy->row->restored_uid);
	copy->row->restored_epoch = ref ? g_strdup(ref->epoch) : NULL;
	copy->row->restored_uid = ref ? g_strdup(ref->uid) : NULL;
}

static MailRef *returned_ref(const Copy *copy)
{
	const QuarantineResult *row = copy->row;
	return mail_ref_new(row->mailbox, row->folder, row->restored_epoch, row->restored_uid);
}

/* Reads what the quarantine holds; proved FALSE when it is gone or is not this copy. */
static gboolean prove_quarantined(Copy *copy, GError **error)
{
	g_autoptr(MailRef) place = copy_place_ref(copy);
	copy->side = AT_QUARANTINE;
	return !place || copy_verify(copy, copy->quarantine, place, &copy->proved, error);
}

static gboolean announce(Copy *copy, GError **error)
{
	QuarantineResult *row = copy->row;
	if (!prove_quarantined(copy, error))
		return FALSE;
	if (!copy->proved)
		copy_note(copy, "It was no longer in the quarantine as it had been put there, so "
		                "Trawl's own copy of its bytes was used.");
	copy->side = AT_MAILBOX;
	if (!copy_bytes(copy, error))
		return FALSE;
	g_autofree char *mark =
		mail_server_mark(copy->server, row->mailbox, row->folder, copy->deadline, error);
	if (!mark)
		return FALSE;
	g_free(row->mark);
	row->mark = g_steal_pointer(&mark);
	set_returned(copy, NULL);
	row->step = STEP_RETURNING;
	return copy_save(copy, NULL, NULL, error);
}

/* What a server would not take along is said, and is no reason to keep the message away. */
static void compare(Copy *copy, const MailItem *item)
{
	g_autofree char *flags = copy_flags_format(item->flags);
	if (g_strcmp0(flags, copy->row->flags) != 0)
		copy_note(copy, "Its flags were %s and are %s now.", copy->row->flags, flags);
	if (item->received_at / CLOCK_SECOND != copy->row->received_at / CLOCK_SECOND) {
		g_autofree char *was = clock_format(copy->row->received_at);
		g_autofree char *is = clock_format(item->received_at);
		copy_note(copy, "Its received date was %s and is %s now.", was, is);
	}
}

static gboolean put_back(Copy *copy, GError **error)
{
	const QuarantineResult *row = copy->row;
	g_autoptr(MailItem) item = NULL;
	copy->side = AT_MAILBOX;
	g_autoptr(MailRef) ref = copy_place(copy, copy->server, row->mailbox, row->folder,
	                                    owned_return, &item, error);
	if (!ref)
		return FALSE;
	if (!item && !copy_stat(copy, copy->server, ref, &item, error)) {
		copy->unsure = TRUE; /* it is there, but not committed: look again */
		return FALSE;
	}
	if (item)
		compare(copy, item);
	set_returned(copy, ref);
	copy->row->step = STEP_RETURNED;
	return TRUE;
}

static gboolean claim(Copy *copy, GError **error)
{
	g_autoptr(MailRef) ref = returned_ref(copy);
	g_autoptr(GError) failure = NULL;
	copy->row->step = STEP_CLEARING;
	if (copy_save(copy, guard_return, ref, &failure))
		return TRUE;
	if (!g_error_matches(failure, TRAWL_ERROR, TRAWL_ERROR_CONFLICT)) {
		copy->row->step = STEP_RETURNED;
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	copy->own_fault = FALSE;
	set_returned(copy, NULL);
	copy->row->step = STEP_RETURNING;
	return TRUE;
}

gboolean copy_end_restored(Copy *copy, const GError *left, GError **error)
{
	g_autofree char *reason = g_strdup_printf("Put back into “%s”.", copy->row->folder);
	if (left)
		copy_note(copy, "A second copy is left in the quarantine: %s.", left->message);
	copy->row->step = STEP_RESTORED;
	return copy_end(copy, COPY_SUCCESS, reason, error);
}

static gboolean clear(Copy *copy, GError **error)
{
	g_autoptr(MailRef) place = copy_place_ref(copy);
	g_autoptr(GError) failure = NULL;
	if (!copy->proved && !prove_quarantined(copy, error))
		return FALSE;
	copy->side = AT_QUARANTINE;
	if (copy->proved && !copy_remove(copy, copy->quarantine, place, NULL, &failure) &&
	    error_remedy(failure)->retry) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	return copy_end_restored(copy, failure, error);
}

const CopyAct restore_acts[STEP_RESTORED + 1] = {
	[STEP_MOVED] = announce,     /* → returning, committed           */
	[STEP_RETURNING] = put_back, /* → returned                       */
	[STEP_RETURNED] = claim,     /* → clearing, committed            */
	[STEP_CLEARING] = clear,     /* → restored: the row's undo ends  */
};
