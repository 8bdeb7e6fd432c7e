#pragma once
#include "model/report.h"
#include "quarantine/quarantine.h"

/* One row of the ledger at work. Internal to quarantine/: run.c and undo.c are the steps, copy.c
 * is what they share. */

/* Which end of the way a call works at: the same error means another thing to the analyst. */
typedef enum { AT_MAILBOX, AT_QUARANTINE } CopySide;

typedef struct {
	const JobTools *tools;
	const Job *job;
	gint64 deadline;
	QuarantineResult *row;
	Original *original;
	MailServerRow *server_row, *quarantine_row; /* NULL: none, or deleted meanwhile */
	MailServer *server, *quarantine;            /* borrowed from tools->servers */
	GBytes *bytes;      /* the copy's own bytes, once they are known */
	GPtrArray *extras;  /* more copies in this mailbox: of CopyFound, saved with the row */
	char *mark_hint;    /* a mark of the quarantine folder from before the first copy */
	char *note;         /* more to say to the analyst when the row ends, or NULL */
	MailRef *written;   /* what this run put somewhere and has not committed yet */
	CopySide side;      /* where the present call works */
	gboolean resumed;   /* the present step was begun by an earlier run: look before acting */
	gboolean unsure;    /* a mailbox may have changed, and nobody has looked since */
	gboolean proved;    /* the quarantine's message was read by this run and is this copy */
	gboolean own_fault; /* the error is our store's or reader's, not a mail server's */
	gboolean lost;      /* another worker has taken this row over */
	gboolean ended;     /* the row has its status, committed */
} Copy;

/* A message found in a mailbox that is the original. */
typedef struct {
	MailItem *item;
	GBytes *bytes;
	char *sha256;
} CopyFound;
void copy_found_free(CopyFound *found);

/* A step: acts, then sets row->step to the next one. */
typedef gboolean (*CopyAct)(Copy *copy, GError **error);

/* run.c: the way into quarantine; undo.c: the way back. */
extern const CopyAct quarantine_acts[STEP_RESTORED + 1];
extern const CopyAct restore_acts[STEP_RESTORED + 1];

gboolean copy_is_restore(const Copy *copy);

/** Commits the row as it stands, with its raw bytes and extra rows. TRAWL_ERROR_CONFLICT when
 * another row owns the place it claims. */
gboolean copy_save(Copy *copy, GError **error);
/** Ends the row, its job, and the response when it was the last. @reason NULL: the note alone. */
gboolean copy_end(Copy *copy, CopyStatus status, const char *reason, GError **error);
/** Adds a sentence to what the analyst will read. */
void copy_note(Copy *copy, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** What the row says of the message in the mailbox, or in the quarantine; NULL when it does not
 * know. */
MailRef *copy_source_ref(const Copy *copy);
MailRef *copy_place_ref(const Copy *copy);

/** Reads a message and compares it with the row's SHA-256. @same FALSE also when it is gone. */
gboolean copy_verify(Copy *copy, MailServer *server, const MailRef *ref, gboolean *same,
                     GError **error);
/** Is it still there? Sets @item (out, nullable), NULL when it is gone. */
gboolean copy_stat(Copy *copy, MailServer *server, const MailRef *ref, MailItem **item,
                   GError **error);
/** The copy's bytes, from the raw store when this run has not read them. */
GBytes *copy_bytes(Copy *copy, GError **error);

/* Does another row of the ledger own this message already? In a transaction or a read. */
typedef gboolean (*CopyOwned)(Copy *copy, Db *db, const MailRef *ref, gboolean *owned,
                              GError **error);
/**
 * Brings the copy's bytes into a folder, exactly once: looks after row->mark for a write whose
 * answer was lost (when copy->resumed), else writes; then reads back what is there.
 *
 * @return  where it is; NULL with TRAWL_ERROR_REMOTE when the server changes what it stores
 */
MailRef *copy_place(Copy *copy, MailServer *server, const char *mailbox, const char *folder,
                    CopyOwned owned, GError **error);

/** Flags as JSON text and back. */
char *copy_flags_format(char **flags);
char **copy_flags_parse(const char *json);
