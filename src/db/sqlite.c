/* A connection to SQLite: prepares statements once, binds $1 … $n by name (SQLite numbers
 * parameters by their first appearance, PostgreSQL by their name), and turns result codes into
 * remedies. */
#include "db/sqlite.h"

#include "base/clock.h"
#include "base/error.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#define BUSY_WAIT        (10 * CLOCK_SECOND) /* for another process's transaction */
#define STATEMENTS_CACHE 400

typedef struct {
	sqlite3_stmt *handle;
	char *sql;
	GArray *places; /* of int: where $1, $2 … are bound */
	gboolean busy;  /* a result is being read from it */
	gboolean cached;
} Statement;

typedef struct {
	Db base;
	sqlite3 *handle;
	GHashTable *statements; /* sql -> Statement */
	gint64 busy_since;      /* monotonic */
} SqliteDb;

typedef struct {
	DbRows base;
	Statement *statement;
	int pending; /* what the first step said; 0 once it has been handed out */
	gint64 changed;
} SqliteRows;

static TrawlError code_of(SqliteDb *db, int result)
{
	switch (result & 0xff) {
	case SQLITE_CONSTRAINT:
		return result == SQLITE_CONSTRAINT_UNIQUE || result == SQLITE_CONSTRAINT_PRIMARYKEY
		               ? TRAWL_ERROR_CONFLICT
		               : TRAWL_ERROR_INTERNAL;
	case SQLITE_READONLY:
		return db->base.read_only ? TRAWL_ERROR_INTERNAL : TRAWL_ERROR_STORAGE;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return TRAWL_ERROR_BUSY;
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_NOLFS:
	case SQLITE_PROTOCOL:
	case SQLITE_NOMEM:
		return TRAWL_ERROR_STORAGE;
	default:
		return TRAWL_ERROR_INTERNAL;
	}
}

static gboolean fail(SqliteDb *db, int result, GError **error)
{
	g_set_error(error, TRAWL_ERROR, code_of(db, result), "database: %s",
	            sqlite3_errmsg(db->handle));
	return FALSE;
}

static void statement_free(Statement *statement)
{
	sqlite3_finalize(statement->handle);
	g_array_unref(statement->places);
	g_free(statement->sql);
	g_free(statement);
}

/* SQLite's own handler sleeps up to 100 ms at a time, and then a process that writes in bursts
 * starves the others; short naps are fair and cost nothing measurable. */
static int wait_while_busy(void *data, int times)
{
	SqliteDb *db = data;
	gint64 now = g_get_monotonic_time();
	if (times == 0)
		db->busy_since = now;
	if (now - db->busy_since > BUSY_WAIT)
		return 0;
	g_usleep(times < 20 ? 500 : 3000);
	return 1;
}

static gboolean configure(SqliteDb *db, GError **error)
{
	static const char writer[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; "
				     "PRAGMA journal_size_limit = 67108864; "
				     "PRAGMA cache_size = -8192";
	static const char both[] = "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; "
				   "PRAGMA trusted_schema = OFF";
	/* A list that has to be searched through takes a third less when its pages are not copied
	 * by a system call each. The size is the most that SQLite maps. */
	static const char reader[] = "PRAGMA mmap_size = 2147418112";
	return sqlite_script(&db->base, db->base.read_only ? reader : writer, error) &&
	       sqlite_script(&db->base, both, error);
}

Db *sqlite_connect(const char *path, gboolean read_only, GError **error)
{
	SqliteDb *db = g_new0(SqliteDb, 1);
	db->base = (Db){.driver = &sqlite_driver, .read_only = read_only};
	db->statements = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
	                                       (GDestroyNotify)statement_free);
	int flags = SQLITE_OPEN_NOMUTEX |
	            (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
	int result = sqlite3_open_v2(path, &db->handle, flags, NULL);
	if (result == SQLITE_OK) {
		sqlite3_extended_result_codes(db->handle, 1);
		sqlite3_busy_handler(db->handle, wait_while_busy, db);
		if (configure(db, error))
			return &db->base;
	} else {
		fail(db, result, error);
	}
	sqlite_disconnect(&db->base);
	return NULL;
}

void sqlite_disconnect(Db *base)
{
	if (!base)
		return;
	SqliteDb *db = (SqliteDb *)base;
	g_hash_table_unref(db->statements);
	sqlite3_close(db->handle);
	g_free(db);
}

/* All pages in one step: in WAL mode that is one read transaction, which holds up nobody. */
static gboolean copy_pages(SqliteDb *from, SqliteDb *to, GError **error)
{
	sqlite3_backup *backup = sqlite3_backup_init(to->handle, "main", from->handle, "main");
	if (!backup)
		return fail(to, sqlite3_errcode(to->handle), error);
	int result = sqlite3_backup_step(backup, -1);
	int ended = sqlite3_backup_finish(backup);
	if (result == SQLITE_DONE && ended == SQLITE_OK)
		return TRUE;
	return fail(to, result == SQLITE_DONE ? ended : result, error);
}

gboolean sqlite_copy(const char *from, const char *to, GError **error)
{
	Db *source = sqlite_connect(from, TRUE, error);
	if (!source)
		return FALSE;
	Db *target = sqlite_connect(to, FALSE, error);
	gboolean ok = target && copy_pages((SqliteDb *)source, (SqliteDb *)target, error) &&
	              sqlite_script(target, "PRAGMA journal_mode = DELETE", error);
	sqlite_disconnect(target);
	sqlite_disconnect(source);
	return ok;
}

gboolean sqlite_script(Db *base, const char *sql, GError **error)
{
	SqliteDb *db = (SqliteDb *)base;
	int result = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
	return result == SQLITE_OK || fail(db, result, error);
}

gboolean sqlite_control(Db *db, const char *sql, GError **error)
{
	DbRows *rows = sqlite_execute(db, sql, NULL, 0, error);
	if (!rows)
		return FALSE;
	sqlite_rows_free(rows);
	return TRUE;
}

gboolean sqlite_in_transaction(Db *db)
{
	return !sqlite3_get_autocommit(((SqliteDb *)db)->handle);
}

void sqlite_reset(Db *base)
{
	SqliteDb *db = (SqliteDb *)base;
	sqlite3_stmt *statement = NULL;
	while ((statement = sqlite3_next_stmt(db->handle, statement)))
		if (sqlite3_stmt_busy(statement)) {
			g_critical("a result outlived its transaction: %s", sqlite3_sql(statement));
			sqlite3_reset(statement);
		}
}

static Statement *prepare(SqliteDb *db, const char *sql, GError **error)
{
	sqlite3_stmt *handle = NULL;
	int result =
		sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, NULL);
	if (result != SQLITE_OK) {
		fail(db, result, error);
		return NULL;
	}
	Statement *statement = g_new0(Statement, 1);
	statement->handle = handle;
	statement->sql = g_strdup(sql);
	statement->places = g_array_new(FALSE, FALSE, sizeof(int));
	for (int i = 1; i <= sqlite3_bind_parameter_count(handle); i++) {
		char name[16];
		g_snprintf(name, sizeof name, "$%d", i);
		int place = sqlite3_bind_parameter_index(handle, name);
		g_assert(place > 0); /* parameters are $1 … $n without a gap */
		g_array_append_val(statement->places, place);
	}
	return statement;
}

static gboolean is_idle(gpointer sql, gpointer statement, gpointer unused)
{
	return !((Statement *)statement)->busy;
}

/* A statement that is being read from already (a query inside the loop over the same query) is
 * prepared once more, for this time only. */
static Statement *get_statement(SqliteDb *db, const char *sql, GError **error)
{
	Statement *statement = g_hash_table_lookup(db->statements, sql);
	if (statement && !statement->busy)
		return statement;
	gboolean cache = !statement;
	statement = prepare(db, sql, error);
	if (statement && cache) {
		if (g_hash_table_size(db->statements) >= STATEMENTS_CACHE)
			g_hash_table_foreach_remove(db->statements, is_idle, NULL);
		statement->cached = TRUE;
		g_hash_table_insert(db->statements, statement->sql, statement);
	}
	return statement;
}

static int bind(const Statement *statement, guint i, const DbValue *value)
{
	sqlite3_stmt *handle = statement->handle;
	int place = g_array_index(statement->places, int, i);
	switch (value->type) {
	case 'i':
		return sqlite3_bind_int64(handle, place, value->i);
	case 'f':
		return sqlite3_bind_double(handle, place, value->f);
	case 'b': {
		gsize length = 0;
		const void *octets = value->b ? g_bytes_get_data(value->b, &length) : NULL;
		if (!value->b)
			return sqlite3_bind_null(handle, place);
		return sqlite3_bind_blob64(handle, place, octets ? octets : "", length,
		                           SQLITE_STATIC);
	}
	default:
		return sqlite3_bind_text(handle, place, value->t, -1, SQLITE_STATIC);
	}
}

static void release(Statement *statement)
{
	sqlite3_reset(statement->handle);
	sqlite3_clear_bindings(statement->handle);
	statement->busy = FALSE;
	if (!statement->cached)
		statement_free(statement);
}

DbRows *sqlite_execute(Db *base, const char *sql, const DbValue *values, guint n_values,
                       GError **error)
{
	SqliteDb *db = (SqliteDb *)base;
	Statement *statement = get_statement(db, sql, error);
	if (!statement)
		return NULL;
	g_assert(statement->places->len == n_values);
	int result = SQLITE_OK;
	for (guint i = 0; i < n_values && result == SQLITE_OK; i++)
		result = bind(statement, i, &values[i]);
	if (result == SQLITE_OK)
		result = sqlite3_step(statement->handle);
	if (result != SQLITE_ROW && result != SQLITE_DONE) {
		fail(db, result, error);
		release(statement);
		return NULL;
	}
	statement->busy = TRUE;
	SqliteRows *rows = g_new0(SqliteRows, 1);
	*rows = (SqliteRows){{base}, statement, result, sqlite3_changes64(db->handle)};
	return &rows->base;
}

gboolean sqlite_next(DbRows *base, GError **error)
{
	SqliteRows *rows = (SqliteRows *)base;
	int result = rows->pending ? rows->pending : sqlite3_step(rows->statement->handle);
	rows->pending = result == SQLITE_ROW ? 0 : SQLITE_DONE;
	if (result != SQLITE_ROW && result != SQLITE_DONE)
		fail((SqliteDb *)base->db, result, error);
	return result == SQLITE_ROW;
}

gint64 sqlite_changed(DbRows *rows)
{
	return ((SqliteRows *)rows)->changed;
}

void sqlite_rows_free(DbRows *base)
{
	SqliteRows *rows = (SqliteRows *)base;
	release(rows->statement);
	g_free(rows);
}

static sqlite3_stmt *handle_of(DbRows *rows)
{
	return ((SqliteRows *)rows)->statement->handle;
}

gboolean sqlite_is_null(DbRows *rows, int column)
{
	return sqlite3_column_type(handle_of(rows), column) == SQLITE_NULL;
}

gint64 sqlite_get_int(DbRows *rows, int column)
{
	return sqlite3_column_int64(handle_of(rows), column);
}

double sqlite_get_float(DbRows *rows, int column)
{
	return sqlite3_column_double(handle_of(rows), column);
}

const char *sqlite_get_text(DbRows *rows, int column)
{
	return (const char *)sqlite3_column_text(handle_of(rows), column);
}

GBytes *sqlite_get_bytes(DbRows *rows, int column)
{
	if (sqlite_is_null(rows, column))
		return NULL;
	const void *octets = sqlite3_column_blob(handle_of(rows), column);
	return g_bytes_new(octets, (gsize)sqlite3_column_bytes(handle_of(rows), column));
}
