#pragma once
#include "jobs/jobs.h"
#include "model/report.h"
#include "model/source.h"

/* One report on its way from bytes to alerts. Internal to pipeline/: process.c is the order of the
 * steps, each step a file. */

/* What a report complains about, as far as is known. */
typedef struct {
	const json_t *reported; /* the message as the report has it, borrowed from the breakdown;
	                           NULL: nobody reported it, it is what came */
	gboolean attached;      /* … as bytes, not as a claim */
	Located located;
	char *reason; /* why it was not found; NULL: found */
	/* the best that we have: what was found, else what was attached, else the claim */
	gboolean first_hand;
	json_t *document; /* its breakdown */
	GBytes *bytes;    /* NULL: only claimed */
	char *sha256;
	char *message_id;  /* "" when it has none */
	char *fingerprint; /* "" when only claimed */
	char *link_key;    /* NULL: joins nothing */
	gboolean kept;     /* the same original is in the store already: its bytes need not be */
	json_t *findings;  /* array: what the incident should say besides */
} ReportedOriginal;

/* How long one question to a mail server may take, of which it may need several. */
#define PROCESS_CALL_SECONDS 60.0

typedef struct {
	const JobTools *tools;
	const Job *job;
	gint64 deadline;
	gint64 report_id;
	Report *report;
	Source *source;
	GPtrArray *servers;   /* of MailServerRow, all of them, the source's own first */
	json_t *breakdown;    /* NULL: it cannot be read */
	char *unparsed;       /* why it cannot, or NULL */
	GPtrArray *originals; /* of ReportedOriginal; none: it reports nothing */
} Process;

/* The steps. Each may be run again from the start after a crash at any instant. */
gboolean process_read(Process *process, GError **error);         /* read.c   */
gboolean process_locate(Process *process, GError **error);       /* locate.c */
gboolean process_authenticate(Process *process, GError **error); /* authenticate.c; never FALSE */
gboolean process_keep(Process *process, GError **error);         /* process.c */
gboolean process_raise(Process *process, GError **error);        /* raise.c  */

/** Reads a message in a sandbox with what the source trusts; errors as reader_read(). */
json_t *process_read_message(Process *process, GBytes *message, gboolean originals_raw,
                             GError **error);

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
