#pragma once
#include "db/driver.h"

/* One connection to SQLite; the pool that hands it out is sqlite_pool.c. */

/** Opens @path, creating it unless @read_only. */
Db *sqlite_connect(const char *path, gboolean read_only, GError **error);
void sqlite_disconnect(Db *db);

/** BEGIN, SAVEPOINT, COMMIT …: a statement of the pool's own. It runs even after a failed one. */
gboolean sqlite_control(Db *db, const char *sql, GError **error);
/** FALSE when there is no transaction (any more): some errors end it. */
gboolean sqlite_in_transaction(Db *db);
/** Ends results that the work left open. */
void sqlite_reset(Db *db);

/** Copies the database at @from to a new file at @to: one snapshot, a single file (no WAL). */
gboolean sqlite_copy(const char *from, const char *to, GError **error);

DbRows *sqlite_execute(Db *db, const char *sql, const DbValue *values, guint n_values,
                       GError **error);
gboolean sqlite_script(Db *db, const char *sql, GError **error);
gboolean sqlite_next(DbRows *rows, GError **error);
gint64 sqlite_changed(DbRows *rows);
void sqlite_rows_free(DbRows *rows);
gboolean sqlite_is_null(DbRows *rows, int column);
gint64 sqlite_get_int(DbRows *rows, int column);
double sqlite_get_float(DbRows *rows, int column);
const char *sqlite_get_text(DbRows *rows, int column);
GBytes *sqlite_get_bytes(DbRows *rows, int column);
