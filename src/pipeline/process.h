#pragma once
#include "jobs/jobs.h"
#include "model/report.h"
#include "model/source.h"

/* Reports on their way from bytes to alerts. Internal to pipeline/: process.c is the order of the
 * steps, each step a file.
 *
 * The reports of one source go in batches, because what one costs is mostly what can be shared: a
 * look into a mailbox, a transaction, a job. What goes wrong with one report is its own affair: it
 * leaves the batch and gets a job by itself. */

/* A breakdown after its reading: the text that is stored, and of its message what the steps look
 * at. The tree of all of it would take ten times the memory. */
typedef struct {
	char *text;
	json_t *message;
} Document;
/** Makes @document that of a breakdown. */
void document_keep(Document *document, const json_t *breakdown);
void document_clear(Document *document);

/* What a report complains about, as far as is known. */
typedef struct {
	json_t *reported;  /* the message as the report has it, as in a Document; NULL: nobody
	                      reported it, it is what came */
	gboolean attached; /* … as bytes, not as a claim */
	Located located;
	char *reason; /* why it was not found; NULL: found */
	/* the best that we have: what was found, else what was attached, else the claim */
	gboolean first_hand;
	Document document;
	GBytes *bytes; /* NULL: only claimed */
	char *sha256;
	char *message_id;  /* "" when it has none */
	char *fingerprint; /* "" when only claimed */
	char *link_key;    /* NULL: joins nothing */
	gboolean kept;     /* the same original is in the store already: its bytes need not be */
	json_t *findings;  /* array: what the incident should say besides */
} ReportedOriginal;

typedef struct {
	const JobTools *tools;
	const Job *job;
	gint64 deadline;
	gint64 patience; /* monotonic: who has not been reached by then leaves the batch */
	gint64 kills;    /* readers that a report which is alone has killed before */
	Source *source;
	GPtrArray *servers; /* of MailServerRow, all of them, the source's own first */
	GPtrArray *reports; /* of Process */
} Batch;

/* One report of a batch. */
typedef struct {
	Batch *batch; /* borrowed */
	Report *report;
	Document document;    /* its text is NULL: it cannot be read */
	char *unparsed;       /* why it cannot, or NULL */
	GPtrArray *originals; /* of ReportedOriginal; none: it reports nothing */
	GError *problem;      /* why it leaves the batch, or NULL */
	gboolean killed;      /* … because its reader died of it */
	gboolean late;        /* it leaves because others took too long */
} Process;

/* The steps. Each may be run again from the start after a crash at any instant. FALSE: all of the
 * batch comes to nothing; what concerns one report is in process->problem. */
gboolean process_read(Batch *batch, GError **error);         /* read.c   */
gboolean process_locate(Batch *batch, GError **error);       /* locate.c */
gboolean process_authenticate(Batch *batch, GError **error); /* authenticate.c; never FALSE */
gboolean process_keep(Batch *batch, GError **error);         /* process.c */
gboolean process_raise(Batch *batch, GError **error);        /* raise.c  */

/** Does it take part in the next step? One that is not reached in time is late from here on. */
gboolean process_goes_on(Process *process);
/** Still in the batch. */
gboolean process_is_in(const Process *process);
/** Nobody waits for it but itself: it may take its time. */
gboolean process_is_alone(const Process *process);
/** Its batch goes on without it. @problem (transfer full). */
void process_leave(Process *process, GError *problem);
/** Ends the job, and makes jobs for those that left, in the transaction that ends the batch. */
gboolean process_finish(Batch *batch, Db *db, GError **error);

/** Reads a message in a sandbox with what the source trusts; errors as reader_read(). @as_report:
 * what it is about is wanted, with its bytes, and of itself little (mail/breakdown.h). */
json_t *process_read_message(Process *process, GBytes *message, gboolean as_report, GError **error);

/** Is it the message that cannot be read, or is there just no reader? @problem is of
 * process_read_message(). */
gboolean process_blames_message(const Process *process, const GError *problem);

/** An array of ReportedOriginal. */
GPtrArray *process_originals_new(void);

/** FALSE for the forms of machine mail and for what reports nothing. */
gboolean process_is_report(const Process *process);

/** What the original is, from its document: message_id, fingerprint, link_key. */
void process_identify(ReportedOriginal *original);
/** Frees what process_identify() set. */
void process_identity_clear(ReportedOriginal *original);
