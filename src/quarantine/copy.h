#pragma once
#include "model/report.h"
#include "quarantine/quarantine.h"

/* One row of the ledger at work. Internal to quarantine/: run.c and undo.c are the steps, copy.c
 * runs them, place.c is what both do to a folder. */

/* Which end of the way a call works at: the same error means another thing to the analyst. */
typedef enum { AT_MAILBOX, AT_QUARANTINE } CopySide;

typedef struct Copy Copy;
/* A step: acts, then sets row->step to the next one (or an earlier one, to look again). */
typedef gboolean (*CopyAct)(Copy *copy, GError **error);
/* Does another row of the ledger own this message already? */
typedef gboolean (*CopyOwned)(Copy *copy, Db *db, const MailRef *ref, gboolean *owned,
                              GError **error);

struct Copy {
	const JobTools *tools;
	const Job *job;
	gint64 deadline;
	QuarantineResult *row;
	Original *original;
	MailServerRow *server_row, *quarantine_row; /* NULL: none, or deleted meanwhile */
	MailServer *server, *quarantine;            /* of tools->servers; the same one, mostly */
	GBytes *bytes;      /* the copy's own bytes, once this run has them */
	GPtrArray *extras;  /* more copies in this mailbox (CopyFound), saved with the row */
	char *mark_hint;    /* a mark of the quarantine folder from before the first copy */
	char *note;         /* more to say to the analyst when the row ends, or NULL */
	MailRef *written;   /* what this run put somewhere and has not committed yet */
	CopySide side;      /* where the present call works */
	guint turns;        /* steps taken in this run: a row that goes in circles gives way */
	gboolean kept;      /* the bytes are registered in the raw store */
	gboolean resumed;   /* the present step was begun before: look before acting */
	gboolean unsure;    /* a mailbox may have changed, and nobody has looked since */
	gboolean proved;    /* this run has read the quarantine's message, and it is this copy */
	gboolean own_fault; /* the error is our store's or reader's, not a mail server's */
	gboolean lost;      /* another worker has taken this row over */
	gboolean ended;     /* the row has its status, committed */
};

/* A message found in a mailbox that is the original. */
typedef struct {
	MailItem *item;
	GBytes *bytes; /* NULL: they are in the raw store already */
	gsize size;
	char *sha256;
	char *changed; /* on the way, in words; NULL: nothing */
} CopyFound;
void copy_found_free(CopyFound *found);

/* run.c: the way into quarantine; undo.c: the way back. Indexed by CopyStep; NULL: no such step. */
extern const CopyAct quarantine_acts[STEP_RESTORED + 1];
extern const CopyAct restore_acts[STEP_RESTORED + 1];

/* copy.c */

gboolean copy_is_restore(const Copy *copy);
/** Commits the row as it stands, with its raw bytes and extra rows. @guard (nullable) looks for an
 * owner of @ref in the same transaction. TRAWL_ERROR_CONFLICT when another row owns the place. */
gboolean copy_save(Copy *copy, CopyOwned guard, const MailRef *ref, GError **error);
/** Ends the row, its job, and the response when it was the last. TRAWL_ERROR_CONFLICT when another
 * row has moved the very message that this one moved. */
gboolean copy_end(Copy *copy, CopyStatus status, const char *reason, GError **error);
/** Removes what the row has in the quarantine, for a message that was not pulled after all. Commits
 * first that it is the row's: who lost the row to another worker must not remove what that one
 * uses. FALSE: try again later. */
gboolean copy_take_back(Copy *copy, GError **error);
/** Ends an undo whose message is back in its mailbox. @left  why the quarantine still has it too,
 * or NULL. */
gboolean copy_end_restored(Copy *copy, const GError *left, GError **error);
/** Adds a sentence to what the analyst will read. */
void copy_note(Copy *copy, const char *format, ...) G_GNUC_PRINTF(2, 3);
/** Writes a found message into a row: folder, id, flags, dates, size, SHA-256. */
void copy_remember(QuarantineResult *row, const MailItem *item, const char *sha256);
/** Reads from the database on behalf of the copy. */
gboolean copy_read(Copy *copy, DbWork work, gpointer data, GError **error);

/* place.c */

/** What the row says of the message in the mailbox, or in the quarantine; NULL when it does not
 * know. */
MailRef *copy_source_ref(const Copy *copy);
MailRef *copy_place_ref(const Copy *copy);
/** Sets (or with NULL clears) where the row's message is in the quarantine. */
void copy_set_place(Copy *copy, const MailRef *ref);
/** CopyOwned for the quarantine: is it the place of another row? */
gboolean copy_owned_place(Copy *copy, Db *db, const MailRef *ref, gboolean *owned, GError **error);

/** The copy's bytes, from the raw store when this run has not read them. Borrowed. */
GBytes *copy_bytes(Copy *copy, GError **error);
/** A folder or message that is not there is an answer; a mailbox that is not there is for the
 * analyst. */
gboolean copy_is_gone(const GError *error);
/** Reads a message and compares it with the row's SHA-256. @same FALSE also when it is gone. */
gboolean copy_verify(Copy *copy, MailServer *server, const MailRef *ref, gboolean *same,
                     GError **error);
/** The same, with what else the mailbox knows of it in @item (out, NULL unless the same). */
gboolean copy_verify_item(Copy *copy, MailServer *server, const MailRef *ref, MailItem **item,
                          gboolean *same, GError **error);
/** @item (out) is NULL when the message is not there any more. */
gboolean copy_stat(Copy *copy, MailServer *server, const MailRef *ref, MailItem **item,
                   GError **error);
/**
 * Brings the copy's bytes into a folder, exactly once: looks after row->mark for a write whose
 * answer was lost (when copy->resumed), else writes; then reads back what is there.
 *
 * @item    (out, nullable) what the mailbox then knew of it
 * @return  (transfer full) where it is; NULL with TRAWL_ERROR_CONFLICT when the server does not
 * keep what it is given
 */
MailRef *copy_place(Copy *copy, MailServer *server, const char *mailbox, const char *folder,
                    CopyOwned owned, MailItem **item, GError **error);
/** Removes a message, after which the server looks that it is gone. @lost (out, nullable): there is
 * no such folder, or it has another numbering now, so nobody knows whether the message is about. */
gboolean copy_remove(Copy *copy, MailServer *server, const MailRef *ref, gboolean *lost,
                     GError **error);
/** After this claim was lost: takes back what it wrote, once it is certain that the worker who took
 * over does not use it. */
void copy_sweep(Copy *copy);

/* status.c */

/** What an error at one end of the way means for the row. */
CopyStatus copy_status_for(const GError *error, CopySide side);
/** Did the call certainly not change anything? Otherwise it has to be looked at. */
gboolean copy_error_is_definite(const GError *error);
/** The word for the audit record of a row that ends so: "copy.moved". */
const char *copy_action(CopyStatus status, gboolean restore);

/** Flags as JSON text and back. */
char *copy_flags_format(char **flags);
char **copy_flags_parse(const char *json);

/* identity.c */

/* How a reason begins that tells what was changed on the way of a copy: the row keeps it until its
 * end. */
#define IDENTITY_CHANGED "It is the same message; "

typedef enum { IDENTITY_SAME, IDENTITY_DIFFERENT, IDENTITY_UNREADABLE } Identity;
/**
 * Is this message the original? By content: its bytes, or the fingerprint the reader takes of them.
 *
 * @what  (out) of another message: who it is from, what it is called and why it is another; of the
 *        same one: what was changed on its way (IDENTITY_CHANGED …) or NULL. Newly allocated
 */
gboolean identity_check(Copy *copy, GBytes *message, const char *sha256, Identity *identity,
                        char **what, GError **error);

/* response.c */

/** Ends the response when none of its rows is pending. In the transaction that ended a row, after
 * its audit record: the chain's lock is what lets two last rows see each other. */
gboolean response_end_if_last(Db *db, gint64 response_id, GError **error);
/** Queues "copy.run" for a row. @mark or NULL. */
gboolean copy_queue(Db *db, const QuarantineResult *row, const char *mark, GError **error);

/* plan.c */

/** The rows that a quarantine of this incident needs, some of which have ended already (skipped,
 * failed); of QuarantineResult without ids. */
GPtrArray *quarantine_plan(Db *db, const Response *response, GError **error);
