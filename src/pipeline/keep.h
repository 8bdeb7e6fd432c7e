#pragma once
#include "jobs/jobs.h"
#include "model/report.h"
#include "model/source.h"

/* Makes what a poll found ours: bytes first, then rows. */

/* A message of a listing, and what came of fetching it. */
typedef struct {
	const MailItem *item; /* borrowed */
	GBytes *bytes;        /* NULL: not fetched */
	char *problem;     /* why it cannot be fetched though it is there; NULL with bytes NULL: it
	                      was gone */
	gboolean left_out; /* not to be kept this time */
	char *sha256;      /* set by keep_store() */
} KeepItem;
void keep_item_free(KeepItem *item);

/* What one poll wants to commit. */
typedef struct {
	const JobTools *tools;
	const Job *job;
	const Source *source;
	GPtrArray *items; /* of KeepItem */
	gboolean moved; /* the source has reports under another epoch: look for these messages there
	                 */
	gint64 found;   /* (out) reports that are new to us */
	GArray *batch;  /* of gint64: those of them that have no job yet */
	gsize batch_bytes;
} Keep;

/** Makes the bytes durable. Outside any transaction. */
gboolean keep_store(Keep *keep, GError **error);
/** DbWork over a Keep: a report and an audit record for each item that is not known yet, and a job
 * for each batch of them. Ring the bell after the commit. */
gboolean keep_write(Db *db, gpointer data, GError **error);

/* A job "report.process" for reports of one source. */
typedef struct {
	const gint64 *reports;
	guint n_reports;
	gint64 server_id;
	const char *problem;    /* why the bytes of its only report are not here, or NULL */
	gint64 attempts, kills; /* that its only report has cost already */
	gint64 run_at;          /* 0: now */
} KeepJob;
gboolean keep_queue_process(Db *db, const KeepJob *job, GError **error);
