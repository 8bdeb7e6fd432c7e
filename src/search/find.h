#pragma once
#include "base/json.h"
#include "db/db.h"
#include "model/incident.h"
#include "search/query.h"
#include "store/sight.h"

/* Finds incidents by their words. */

typedef struct {
	Incident *incident;
	json_t *snippets; /* [{"field", "parts": [{"text", "hit"}]}] */
	gboolean body;    /* a snippet is of what the message says */
} SearchHit;
void search_hit_free(SearchHit *hit);

typedef struct {
	GPtrArray *hits; /* of SearchHit, newest first */
	gint64 total;    /* of all pages; -1: a phrase is looked at message by message */
	gint64 next;     /* go on before this one; 0: that was all */
} SearchResult;
void search_result_free(SearchResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SearchResult, search_result_free)

/** The incidents that are seen and have the words of a query, by the index alone: of a phrase, all
 * its words.
 * @fields bits of where they may stand. TRAWL_ERROR_INVALID as of search_find(). */
SearchSet *search_candidates(Db *db, const Sight *sight, const SearchQuery *query, guint fields,
                             GError **error);

/**
 * @sight      whose incidents count
 * @content    whether what messages say is looked into and shown
 * @vips       … those of VIPs, too: without, they are as if they said nothing
 * @before_id  goes on from there; 0: from the newest
 * @return     TRAWL_ERROR_INVALID for a prefix that too many words have
 */
SearchResult *search_find(Db *db, const Sight *sight, const SearchQuery *query, gboolean content,
                          gboolean vips, gint64 before_id, guint limit, GError **error);
