#pragma once
#include "db/db.h"

/* What people say to each other about an incident. */

typedef struct {
	gint64 id, incident_id;
	char *author;     /* as the audit log names them */
	gint64 author_id; /* a caller's number (auth/caller.h) */
	char *text;       /* "" when deleted */
	gint64 created_at;
	gint64 edited_at, deleted_at; /* 0: never */
	gint64 revision;
} Comment;
void comment_free(Comment *comment);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Comment, comment_free)

/** Sets @comment's id. */
gboolean comment_insert(Db *db, Comment *comment, GError **error);
/** Deleted ones too. TRAWL_ERROR_NOT_FOUND */
Comment *comment_load(Db *db, gint64 id, GError **error);
/** Writes what may change: text, edited_at, deleted_at, revision. TRAWL_ERROR_PRECONDITION when the
 * row's revision is not @expected; 0: whatever it is. */
gboolean comment_update(Db *db, const Comment *comment, gint64 expected, GError **error);
/** Of an incident, newest first, below @before_id (0: from the newest); of Comment. */
GPtrArray *comment_list(Db *db, gint64 incident_id, gint64 before_id, guint limit, GError **error);
/** How many an incident has, deleted ones among them. */
/** Those of all incidents with a number above @after_id, in order; of Comment. */
GPtrArray *comment_list_after(Db *db, gint64 after_id, guint limit, GError **error);
gboolean comment_count(Db *db, gint64 incident_id, gint64 *count, GError **error);
