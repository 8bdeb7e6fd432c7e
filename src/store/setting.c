/* Settings by name, and the role processes that are alive. */
#include "store/setting.h"

#include "store/rows.h"

static gpointer read_text(DbRows *rows)
{
	return db_text_dup(rows, 0);
}

char *setting_load(Db *db, const char *name, GError **error)
{
	return rows_find(
		db_query(db, error, "t", "SELECT value FROM setting WHERE name = $1", name),
		read_text, error);
}

gboolean setting_save(Db *db, const char *name, const char *value, GError **error)
{
	return db_run(db, NULL, error, "tt",
	              "INSERT INTO setting (name, value) VALUES ($1, $2) "
	              "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
	              name, value);
}

void node_row_free(NodeRow *row)
{
	if (!row)
		return;
	g_free(row->id);
	g_free(row->role);
	g_free(row->host);
	g_free(row->detail);
	g_free(row);
}

gboolean node_save(Db *db, const NodeRow *row, GError **error)
{
	return db_run(db, NULL, error, "tttiit",
	              "INSERT INTO node (id, role, host, started_at, seen_at, detail) "
	              "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO UPDATE SET "
	              "seen_at = excluded.seen_at, detail = excluded.detail",
	              row->id, row->role, row->host, row->started_at, row->seen_at,
	              row->detail ? row->detail : "{}");
}

gboolean node_delete(Db *db, const char *id, GError **error)
{
	return db_run(db, NULL, error, "t", "DELETE FROM node WHERE id = $1", id);
}

static gpointer read_node(DbRows *rows)
{
	NodeRow *row = g_new0(NodeRow, 1);
	row->id = db_text_dup(rows, 0);
	row->role = db_text_dup(rows, 1);
	row->host = db_text_dup(rows, 2);
	row->started_at = db_int(rows, 3);
	row->seen_at = db_int(rows, 4);
	row->detail = db_text_dup(rows, 5);
	return row;
}

GPtrArray *node_list(Db *db, GError **error)
{
	return rows_collect(db_query(db, error, "",
	                             "SELECT id, role, host, started_at, seen_at, detail FROM node "
	                             "ORDER BY role, id"),
	                    read_node, (GDestroyNotify)node_row_free, error);
}
