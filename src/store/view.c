/* Saved views and preferences: what is a person's own goes with the person, what they share stays.
 */
#include "store/view.h"

#include "store/rows.h"
#include "store/seen.h"

#define COLUMNS                                                                                    \
	"saved_view.id, owner_id, saved_view.name, filter, columns, shared, "                      \
	"saved_view.created_at, saved_view.revision, user_account.name"
#define FROM " FROM saved_view JOIN user_account ON user_account.id = owner_id "

void saved_view_free(SavedView *view)
{
	if (!view)
		return;
	g_free(view->name);
	g_free(view->filter);
	g_free(view->owner);
	g_strfreev(view->columns);
	g_free(view);
}

static gpointer read_view(DbRows *rows)
{
	SavedView *view = g_new0(SavedView, 1);
	view->id = db_int(rows, 0);
	view->owner_id = db_int(rows, 1);
	view->name = db_text_dup(rows, 2);
	view->filter = db_text_dup(rows, 3);
	view->columns = rows_parse_strv(db_text(rows, 4));
	view->shared = db_int(rows, 5) != 0;
	view->created_at = db_int(rows, 6);
	view->revision = db_int(rows, 7);
	view->owner = db_text_dup(rows, 8);
	return view;
}

gboolean saved_view_insert(Db *db, SavedView *view, GError **error)
{
	g_autofree char *columns = rows_format_strv(view->columns);
	return rows_int(db_query(db, error, "itttiii",
	                         "INSERT INTO saved_view (owner_id, name, filter, columns, shared, "
	                         "created_at, revision) VALUES ($1, $2, $3, $4, $5, $6, $7) "
	                         "RETURNING id",
	                         view->owner_id, view->name, view->filter, columns,
	                         (gint64)view->shared, view->created_at, view->revision),
	                &view->id, error);
}

SavedView *saved_view_load(Db *db, gint64 id, GError **error)
{
	return rows_load(
		db_query(db, error, "i", "SELECT " COLUMNS FROM "WHERE saved_view.id = $1", id),
		read_view, "view", id, error);
}

GPtrArray *saved_view_list(Db *db, const Sight *sight, gint64 user_id, GError **error)
{
	if (!sight->everything)
		return rows_collect(
			db_query(db, error, "ii",
		                 "SELECT " COLUMNS FROM
		                 "WHERE owner_id = $1 OR (shared = 1 AND owner_id IN " SEEN_PEOPLE(
					 "$2") ") ORDER BY saved_view.id",
		                 user_id, sight->viewer),
			read_view, (GDestroyNotify)saved_view_free, error);
	return rows_collect(db_query(db, error, "i",
	                             "SELECT " COLUMNS FROM
	                             "WHERE owner_id = $1 OR shared = 1 ORDER BY saved_view.id",
	                             user_id),
	                    read_view, (GDestroyNotify)saved_view_free, error);
}

gboolean saved_view_count(Db *db, gint64 user_id, gint64 *count, GError **error)
{
	return rows_int(db_query(db, error, "i",
	                         "SELECT count(*) FROM saved_view WHERE owner_id = $1", user_id),
	                count, error);
}

gboolean saved_view_update(Db *db, const SavedView *view, gint64 expected, GError **error)
{
	gint64 changed = 0;
	g_autofree char *columns = rows_format_strv(view->columns);
	return db_run(db, &changed, error, "tttiiii",
	              "UPDATE saved_view SET name = $1, filter = $2, columns = $3, shared = $4, "
	              "revision = $5 WHERE id = $6 AND ($7 = 0 OR revision = $7)",
	              view->name, view->filter, columns, (gint64)view->shared, view->revision,
	              view->id, expected) &&
	       rows_check_saved(changed, expected, "view", view->id, error);
}

gboolean saved_view_delete(Db *db, gint64 id, GError **error)
{
	gint64 changed = 0;
	return db_run(db, &changed, error, "i", "DELETE FROM saved_view WHERE id = $1", id) &&
	       rows_check_saved(changed, 0, "view", id, error);
}

static gpointer read_text(DbRows *rows)
{
	return db_text_dup(rows, 0);
}

char *user_preference_load(Db *db, gint64 user_id, const char *name, GError **error)
{
	return rows_find(db_query(db, error, "it",
	                          "SELECT value FROM user_preference WHERE user_id = $1 AND "
	                          "name = $2",
	                          user_id, name),
	                 read_text, error);
}

gboolean user_preference_save(Db *db, gint64 user_id, const char *name, const char *value,
                              GError **error)
{
	return db_run(db, NULL, error, "it",
	              "DELETE FROM user_preference WHERE user_id = $1 AND name = $2", user_id,
	              name) &&
	       (!value || db_run(db, NULL, error, "itt",
	                         "INSERT INTO user_preference (user_id, name, value) "
	                         "VALUES ($1, $2, $3)",
	                         user_id, name, value));
}
