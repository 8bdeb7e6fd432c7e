/* The face of both databases: chooses the driver, collects parameters, and holds both drivers to
 * the same manners where left alone they would differ.
 *
 * PostgreSQL refuses everything after a failed statement until the transaction rolls back, SQLite
 * would go on; PostgreSQL refuses text that is not UTF-8, SQLite would store it. Here both refuse,
 * so what passes on one passes on the other. */
#include "db/db.h"

#include "base/error.h"
#include "db/driver.h"

#include <stdarg.h>
#include <string.h>

#define PARAMETERS_MAX 64 /* of one statement */

static const DbDriver *const drivers[] = {&sqlite_driver, &postgres_driver};

/* Set while this thread runs the work of a transaction. */
static GPrivate inside_work;

DbPool *db_pool_open(const char *uri, GError **error)
{
	for (guint i = 0; i < G_N_ELEMENTS(drivers); i++)
		for (const char *const *scheme = drivers[i]->schemes; *scheme; scheme++)
			if (g_str_has_prefix(uri, *scheme))
				return drivers[i]->open(uri, error);
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
	                    "a database is sqlite:///absolute/path or postgresql://user@host/name");
	return NULL;
}

void db_pool_close(DbPool *pool)
{
	if (pool)
		pool->driver->close(pool);
}

gboolean db_write(DbPool *pool, DbWork work, gpointer data, GError **error)
{
	g_assert(!g_private_get(&inside_work)); /* it would wait for itself */
	return pool->driver->write(pool, work, data, error);
}

gboolean db_read(DbPool *pool, DbWork work, gpointer data, GError **error)
{
	g_assert(!g_private_get(&inside_work)); /* it would not see what this thread wrote */
	return pool->driver->read(pool, work, data, error);
}

gboolean db_copy(DbPool *pool, const char *path, GError **error)
{
	if (pool->driver->copy)
		return pool->driver->copy(pool, path, error);
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
	            "a %s database is copied by its own tools: back it up with pg_dump, and keep "
	            "keys/ and raw/ of the data directory beside it",
	            pool->driver->name);
	return FALSE;
}

gboolean db_do_work(Db *db, DbWork work, gpointer data, GError **error)
{
	g_autoptr(GError) problem = NULL;
	db->failed = FALSE;
	g_private_set(&inside_work, GINT_TO_POINTER(TRUE));
	gboolean ok = work(db, data, &problem);
	g_private_set(&inside_work, NULL);
	if (ok && !db->failed) {
		g_warn_if_fail(!problem);
		return TRUE;
	}
	if (!problem)
		g_set_error(&problem, TRAWL_ERROR, TRAWL_ERROR_INTERNAL,
		            ok ? "a transaction went on after one of its statements had failed"
		               : "a transaction was given up without a reason");
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

static guint collect(const char *types, va_list list, DbValue values[PARAMETERS_MAX])
{
	guint n = 0;
	for (; types[n]; n++) {
		g_assert(n < PARAMETERS_MAX);
		DbValue *value = &values[n];
		*value = (DbValue){.type = types[n]};
		switch (types[n]) {
		case 'i':
			value->i = va_arg(list, gint64);
			break;
		case 'z':
			value->i = va_arg(list, gint64);
			value->type = value->i ? 'i' : 't';
			break;
		case 't':
			value->t = va_arg(list, const char *);
			break;
		case 'b':
			value->b = va_arg(list, GBytes *);
			break;
		case 'f':
			value->f = va_arg(list, double);
			break;
		default:
			g_assert_not_reached();
		}
	}
	return n;
}

static gboolean may_run(Db *db, const DbValue *values, guint n_values, GError **error)
{
	if (db->failed) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INTERNAL,
		                    "a transaction went on after one of its statements had failed");
		return FALSE;
	}
	for (guint i = 0; i < n_values; i++)
		if (values[i].type == 't' && values[i].t &&
		    !g_utf8_validate(values[i].t, -1, NULL)) {
			g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INTERNAL,
			            "parameter $%u is not UTF-8", i + 1);
			return FALSE;
		}
	return TRUE;
}

DbRows *db_query_values(Db *db, GError **error, const char *sql, const DbValue *values,
                        guint n_values)
{
	DbRows *rows = NULL;
	if (may_run(db, values, n_values, error))
		rows = db->driver->execute(db, sql, values, n_values, error);
	if (!rows)
		db->failed = TRUE;
	return rows;
}

gboolean db_run_values(Db *db, gint64 *changed, GError **error, const char *sql,
                       const DbValue *values, guint n_values)
{
	g_autoptr(DbRows) rows = db_query_values(db, error, sql, values, n_values);
	if (!rows)
		return FALSE;
	if (changed)
		*changed = db->driver->changed(rows);
	return TRUE;
}

gboolean db_run(Db *db, gint64 *changed, GError **error, const char *types, const char *sql, ...)
{
	DbValue values[PARAMETERS_MAX];
	va_list list;
	va_start(list, sql);
	guint n = collect(types, list, values);
	va_end(list);
	return db_run_values(db, changed, error, sql, values, n);
}

DbRows *db_query(Db *db, GError **error, const char *types, const char *sql, ...)
{
	DbValue values[PARAMETERS_MAX];
	va_list list;
	va_start(list, sql);
	guint n = collect(types, list, values);
	va_end(list);
	return db_query_values(db, error, sql, values, n);
}

gboolean db_script(Db *db, const char *sql, GError **error)
{
	if (!may_run(db, NULL, 0, error))
		return FALSE;
	if (db->driver->script(db, sql, error))
		return TRUE;
	db->failed = TRUE;
	return FALSE;
}

gboolean db_lock_key(Db *db, const char *key, GError **error)
{
	if (!may_run(db, NULL, 0, error))
		return FALSE;
	if (db->driver->lock_key(db, key, error))
		return TRUE;
	db->failed = TRUE;
	return FALSE;
}

gboolean db_rows_next(DbRows *rows, GError **error)
{
	g_autoptr(GError) problem = NULL;
	if (rows->db->driver->next(rows, &problem))
		return TRUE;
	if (problem) {
		rows->db->failed = TRUE;
		g_propagate_error(error, g_steal_pointer(&problem));
	}
	return FALSE;
}

void db_rows_free(DbRows *rows)
{
	if (rows)
		rows->db->driver->free(rows);
}

gint64 db_int(DbRows *rows, int column)
{
	return rows->db->driver->get_int(rows, column);
}

double db_float(DbRows *rows, int column)
{
	return rows->db->driver->get_float(rows, column);
}

const char *db_text(DbRows *rows, int column)
{
	return rows->db->driver->get_text(rows, column);
}

char *db_text_dup(DbRows *rows, int column)
{
	return g_strdup(db_text(rows, column));
}

GBytes *db_bytes(DbRows *rows, int column)
{
	return rows->db->driver->get_bytes(rows, column);
}

gboolean db_is_null(DbRows *rows, int column)
{
	return rows->db->driver->is_null(rows, column);
}

const char *db_skip_locked(Db *db)
{
	return db->driver->skip_locked;
}

const char *db_driver_name(Db *db)
{
	return db->driver->name;
}

const char *db_pool_driver_name(DbPool *pool)
{
	return pool->driver->name;
}
