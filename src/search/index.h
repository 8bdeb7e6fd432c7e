#pragma once
#include "db/db.h"

/* Keeps the words of incidents. It follows the changes of incidents from where it was, so what was
 * there before there was a search is indexed as well. A thread of the worker does it
 * (daemon/indexing.h). */

/** Indexes the next incidents and comments. @more (out) FALSE: all are. Safe in several processes
 * at once. */
gboolean search_index_some(DbPool *db, gboolean *more, GError **error);

/** Takes an incident's words out, in the transaction that is about to delete what they are from. */
gboolean search_forget(Db *db, gint64 incident_id, GError **error);
/** The same for several (of gint64), which costs less than one by one. */
gboolean search_forget_all(Db *db, const GArray *incidents, GError **error);

/** What was said about an incident says something else now: @before is no more, @after (or "") is.
 * In the transaction that changes the comment, after it, which holds the audit log's chain. */
gboolean search_comment_changed(Db *db, gint64 incident_id, const char *before, const char *after,
                                GError **error);
