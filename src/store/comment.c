/* Comments. One that is deleted keeps its row, so that the place in a conversation is seen and the
 * audit log's numbers lead somewhere; its text is gone. */
#include "store/comment.h"

#include "store/rows.h"

#define COLUMNS                                                                                    \
	"id, incident_id, author, author_id, text, created_at, edited_at, deleted_at, revision"

void comment_free(Comment *comment)
{
	if (!comment)
		return;
	g_free(comment->author);
	g_free(comment->text);
	g_free(comment);
}

static gpointer read_comment(DbRows *rows)
{
	Comment *comment = g_new0(Comment, 1);
	comment->id = db_int(rows, 0);
	comment->incident_id = db_int(rows, 1);
	comment->author = db_text_dup(rows, 2);
	comment->author_id = db_int(rows, 3);
	comment->text = db_text_dup(rows, 4);
	comment->created_at = db_int(rows, 5);
	comment->edited_at = db_int(rows, 6);
	comment->deleted_at = db_int(rows, 7);
	comment->revision = db_int(rows, 8);
	return comment;
}

gboolean comment_insert(Db *db, Comment *comment, GError **error)
{
	return rows_int(db_query(db, error, "ititizzi",
	                         "INSERT INTO incident_comment (incident_id, author, author_id, "
	                         "text, created_at, edited_at, deleted_at, revision) "
	                         "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
	                         comment->incident_id, comment->author, comment->author_id,
	                         comment->text, comment->created_at, comment->edited_at,
	                         comment->deleted_at, comment->revision),
	                &comment->id, error);
}

Comment *comment_load(Db *db, gint64 id, GError **error)
{
	return rows_load(db_query(db, error, "i",
	                          "SELECT " COLUMNS " FROM incident_comment WHERE id = $1", id),
	                 read_comment, "comment", id, error);
}

gboolean comment_update(Db *db, const Comment *comment, gint64 expected, GError **error)
{
	gint64 changed = 0;
	return db_run(db, &changed, error, "tzziii",
	              "UPDATE incident_comment SET text = $1, edited_at = $2, deleted_at = $3, "
	              "revision = $4 WHERE id = $5 AND ($6 = 0 OR revision = $6)",
	              comment->text, comment->edited_at, comment->deleted_at, comment->revision,
	              comment->id, expected) &&
	       rows_check_saved(changed, expected, "comment", comment->id, error);
}

GPtrArray *comment_list(Db *db, gint64 incident_id, gint64 before_id, guint limit, GError **error)
{
	return rows_collect(db_query(db, error, "iii",
	                             "SELECT " COLUMNS " FROM incident_comment WHERE "
	                             "incident_id = $1 AND ($2 = 0 OR id < $2) ORDER BY id DESC "
	                             "LIMIT $3",
	                             incident_id, before_id, (gint64)limit),
	                    read_comment, (GDestroyNotify)comment_free, error);
}

GPtrArray *comment_list_after(Db *db, gint64 after_id, guint limit, GError **error)
{
	return rows_collect(db_query(db, error, "ii",
	                             "SELECT " COLUMNS " FROM incident_comment WHERE id > $1 "
	                             "ORDER BY id LIMIT $2",
	                             after_id, (gint64)limit),
	                    read_comment, (GDestroyNotify)comment_free, error);
}

gboolean comment_count(Db *db, gint64 incident_id, gint64 *count, GError **error)
{
	return rows_int(db_query(db, error, "i",
	                         "SELECT count(*) FROM incident_comment WHERE incident_id = $1",
	                         incident_id),
	                count, error);
}
