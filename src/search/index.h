#pragma once
#include "db/db.h"

/* Keeps the words of incidents. It follows the changes of incidents from where it was, so what was
 * there before there was a search is indexed as well, and what is new within a second or two. */

/** Indexes the next incidents. @more (out) FALSE: all are. Safe in several processes at once. */
gboolean search_index_some(DbPool *db, gboolean *more, GError **error);

/** Takes an incident's words out, in the transaction that is about to delete what they are from. */
gboolean search_forget(Db *db, gint64 incident_id, GError **error);

/* A thread that does it as long as it is there. */
typedef struct SearchIndexer SearchIndexer;
SearchIndexer *search_indexer_start(DbPool *db);
void search_indexer_stop(SearchIndexer *indexer);
