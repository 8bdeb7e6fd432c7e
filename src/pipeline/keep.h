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
} Keep;

/** Makes the bytes durable. Outside any transaction. */
gboolean keep_store(Keep *keep, GError **error);
/** DbWork over a Keep: a report, an audit record and a job for each item that is not known yet.
 * Ring the bell after the commit. */
gboolean keep_write(Db *db, gpointer data, GError **error);

/** Queues "report.process" for a report; @problem: why its bytes are not here, or NULL. */
gboolean keep_queue_process(Db *db, const Report *report, gint64 server_id, const char *problem,
                            GError **error);
