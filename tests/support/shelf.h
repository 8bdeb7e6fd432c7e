#pragma once
#include "db/db.h"
#include "retention/retention.h"

/* An installation with incidents of every age and fate, for tests of what may be removed of it. */

typedef struct {
	const char *title;
	gboolean open;
	gint64 days;                    /* since it was closed; opened a day before */
	const char *disposition, *kind; /* NULL: malicious, reported_mail */
	gboolean large;                 /* its report lies in a file */
	const char *bytes_of;           /* title of another whose report has the same bytes */
	const char *report_of;          /* … whose report it has, too */
	gboolean pulled, restored;      /* a copy is in the quarantine; it was put back */
	gboolean held, busy;            /* on hold; a response is running */
	gboolean stays;                 /* with the plan below */
} ShelfIncident;
extern const ShelfIncident shelf_incidents[]; /* ends with a row without a title */

typedef struct {
	DbPool *db;
	RawStore *raw;
} Shelf;

/** Opens, or with @fill makes, what is below @directory. */
void shelf_open(Shelf *shelf, const char *uri, const char *directory, gboolean fill);
void shelf_close(Shelf *shelf);
/** Sets periods, in days: pairs of a name and a number, ended by NULL. */
void shelf_plan(Shelf *shelf, ...) G_GNUC_NULL_TERMINATED;
/** A run, as a worker does it; it takes over one that died. */
void shelf_run(Shelf *shelf);
/** Titles of the incidents that are there, sorted, joined by spaces; newly allocated. */
char *shelf_titles(Shelf *shelf, const char *where);
gint64 shelf_int(Shelf *shelf, const char *sql);
void shelf_sql(Shelf *shelf, const char *sql);
/** Every invariant holds; and when @settled nothing is left over: no raw message, row or file, that
 * nobody names. */
void shelf_check(Shelf *shelf, gboolean settled);
/** Files of raw messages. */
guint shelf_files(const Shelf *shelf);
