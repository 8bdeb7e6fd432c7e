#pragma once
#include "db/db.h"

/* An index of words: which incidents have one. What a word is, and where it comes from, is
 * search/'s business; here it is octets. */

/* A set of incidents. */
typedef struct SearchSet SearchSet;
SearchSet *search_set_new(void);
void search_set_free(SearchSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SearchSet, search_set_free)
void search_set_add(SearchSet *set, gint64 incident_id);
/** Leaves of @set what is in @other, too; adds what is in @other; takes out what is in @other. */
void search_set_and(SearchSet *set, const SearchSet *other);
void search_set_or(SearchSet *set, const SearchSet *other);
void search_set_without(SearchSet *set, const SearchSet *other);
/** The greatest below @before (0: the greatest of all); 0 when there is none. */
gint64 search_set_before(const SearchSet *set, gint64 before);
gint64 search_set_count(const SearchSet *set);

/** Adds to @set the incidents that have @word, or with @prefix a word that begins with it. @found
 * (out) gets how many rows that took, at most @most: then there may be more. */
gboolean search_look_up(Db *db, const char *word, gboolean prefix, guint most, SearchSet *set,
                        guint *found, GError **error);

/** Says that these incidents (of gint64) have @word. Who changes words holds db_lock_key("search").
 */
gboolean search_add(Db *db, const char *word, const GArray *incidents, GError **error);
/** Says that they have it no more. */
gboolean search_remove(Db *db, const char *word, const GArray *incidents, GError **error);

/* An incident whose words are to be taken. */
typedef struct {
	gint64 id, revision, original_id, report_count;
	gboolean first_hand; /* of the original */
	gboolean known;      /* its words were taken, and it has nothing new */
	gboolean same;       /* the words of its original were taken; reports are new at most */
	gint64 content_removed_at; /* as it was then */
} SearchWork;

/** The next incidents in the order of their changes, after (revision, id); of SearchWork. */
GPtrArray *search_next(Db *db, gint64 revision, gint64 id, guint limit, GError **error);
/** Says that an incident's words were taken, or of one that has the same original those that were
 * new. @whole: all of them. */
gboolean search_mark(Db *db, const SearchWork *work, gboolean whole, GError **error);
gboolean search_unmark(Db *db, gint64 incident_id, GError **error);
/** Is the incident still there, with what its messages said when @work was read? */
gboolean search_is_there(Db *db, const SearchWork *work, gboolean *there, GError **error);

/** The people of an incident, each once, at most @limit: recipients of alerts; of char *. */
GPtrArray *search_recipients(Db *db, gint64 incident_id, guint limit, GError **error);

typedef struct {
	char *reporter, *name, *subject, *sha256; /* each or NULL */
} SearchReport;
void search_report_free(SearchReport *report);
/** What its reports say, newest first; of SearchReport. */
GPtrArray *search_reports(Db *db, gint64 incident_id, guint limit, GError **error);
