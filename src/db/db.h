#pragma once
#include <glib.h>

/* One SQL dialect over two databases.
 *
 * Statements are literals, parameters are $1 … $n, and every value is bound. The dialect is what
 * SQLite 3.40 and PostgreSQL 15 share: RETURNING, ON CONFLICT, partial indexes, CTEs, BIGINT for
 * every integer and time. What differs is behind two words that migrations may use — IDENTITY and
 * BYTES (see db/migrate.c) — and two functions here: db_lock_key() and db_skip_locked().
 */

typedef struct Db Db;         /* one connection, used by one thread at a time      */
typedef struct DbPool DbPool; /* the connections of one process, safe from any thread */
typedef struct DbRows DbRows; /* a result, before its first row                    */

/**
 * Opens the database of @uri: "sqlite:///absolute/path/trawl.db" or "postgresql://user@host/name".
 *
 * SQLite runs in WAL mode with synchronous=FULL and foreign keys on.
 *
 * @return  (transfer full) TRAWL_ERROR_INVALID for an unknown scheme, _UNREACHABLE, _STORAGE
 */
DbPool *db_pool_open(const char *uri, GError **error);
void db_pool_close(DbPool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DbPool, db_pool_close)

/** Brings the schema to the newest migration. Safe when several processes start at once. */
gboolean db_migrate(DbPool *pool, GError **error);

/** The newest migration that this program knows. */
gint64 db_newest_schema(void);

/** The work of a transaction: FALSE with @error rolls back. It may run more than once, so it
 * changes nothing but the database and @data's results. It opens no transaction of its own, and
 * returns FALSE after a statement failed: nothing more can be done in this transaction.
 *
 * On PostgreSQL transactions run beside each other (READ COMMITTED): who reads, decides and writes
 * holds a db_lock_key(), or decides within one statement. */
typedef gboolean (*DbWork)(Db *db, gpointer data, GError **error);

/**
 * Runs @work in a transaction that is durable when this returns TRUE.
 *
 * On SQLite one thread writes: work that waits at the same time shares one commit (and one fsync),
 * each in a savepoint of its own, so one that fails does not take the others along. On PostgreSQL
 * it runs on this thread with a connection of its own and is repeated after a serialisation
 * failure, a deadlock, or a connection lost before COMMIT.
 *
 * @return  FALSE with @work's error, or TRAWL_ERROR_STORAGE, _BUSY, _UNREACHABLE; UNKNOWN_OUTCOME
 * when the connection broke during COMMIT
 */
gboolean db_write(DbPool *pool, DbWork work, gpointer data, GError **error);

/** Runs @work with a connection for reading: one consistent snapshot, no changes. */
gboolean db_read(DbPool *pool, DbWork work, gpointer data, GError **error);

/**
 * Writes one consistent snapshot of the whole database to a new file at @path, while it is written
 * to by others. Not fsynced.
 *
 * @return  TRAWL_ERROR_INVALID for a database that has tools of its own for this (PostgreSQL)
 */
gboolean db_copy(DbPool *pool, const char *path, GError **error);

/* Statements. @types has a letter a parameter: i gint64, z gint64 whose 0 is NULL, t const char *
 * or NULL, b GBytes * or NULL, f double. "" for none. */

/** Runs a statement that gives no rows; @changed (nullable) gets the number of rows it changed.
 *  TRAWL_ERROR_CONFLICT when a unique constraint forbids it. */
gboolean db_run(Db *db, gint64 *changed, GError **error, const char *types, const char *sql, ...);

/** Runs a statement that gives rows. They are freed before the work returns. */
DbRows *db_query(Db *db, GError **error, const char *types, const char *sql, ...);

/** Like db_query() with parameters from an array, for statements whose filters vary. */
typedef struct {
	char type; /* i t b f */
	gint64 i;
	double f;
	const char *t;
	GBytes *b;
} DbValue;
DbRows *db_query_values(Db *db, GError **error, const char *sql, const DbValue *values,
                        guint n_values);
gboolean db_run_values(Db *db, gint64 *changed, GError **error, const char *sql,
                       const DbValue *values, guint n_values);

/** Steps to the next row. FALSE at the end, and on an error, which @error tells apart (it stays
 * NULL at the end). */
gboolean db_rows_next(DbRows *rows, GError **error);
void db_rows_free(DbRows *rows);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DbRows, db_rows_free)

/* Columns of the row, from 0. NULL reads as 0, 0.0, NULL. Text is borrowed until the next step. */
gint64 db_int(DbRows *rows, int column);
double db_float(DbRows *rows, int column);
const char *db_text(DbRows *rows, int column);
char *db_text_dup(DbRows *rows, int column);
GBytes *db_bytes(DbRows *rows, int column); /* transfer full, NULL for NULL */
gboolean db_is_null(DbRows *rows, int column);

/** Holds a lock named @key until the transaction ends: two transactions with one key run one after
 * the other. */
gboolean db_lock_key(Db *db, const char *key, GError **error);

/** The newest migration that the database has had. */
gboolean db_schema(Db *db, gint64 *number, GError **error);

/** " FOR UPDATE SKIP LOCKED" on PostgreSQL, "" on SQLite, where one writer needs none. */
const char *db_skip_locked(Db *db);

/** "sqlite" or "postgresql". */
const char *db_driver_name(Db *db);
const char *db_pool_driver_name(DbPool *pool);
