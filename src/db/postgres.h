#pragma once
#include "db/driver.h"

/* One connection to PostgreSQL; the pool that hands it out is postgres_pool.c. */

/* What became of a statement that ends or begins a transaction. */
typedef enum {
	POSTGRES_OK,
	POSTGRES_FAILED, /* it is known that nothing was changed */
	POSTGRES_BROKEN  /* the connection is gone */
} PostgresOutcome;

/** TRAWL_ERROR_UNREACHABLE, _AUTHENTICATION, or _INVALID for a database that does not fit. */
Db *postgres_connect(const char *uri, GError **error);
void postgres_disconnect(Db *db);

/** BEGIN, COMMIT …: a statement of the pool's own. A COMMIT that the server turned into a ROLLBACK
 * has failed. */
PostgresOutcome postgres_control(Db *db, const char *sql, GError **error);
gboolean postgres_is_broken(Db *db);
/** Did the last failure come from what other transactions did at the same time? */
gboolean postgres_may_repeat(Db *db);
/** Between transactions: keeps the number of prepared statements bounded. */
void postgres_tidy(Db *db);

DbRows *postgres_execute(Db *db, const char *sql, const DbValue *values, guint n_values,
                         GError **error);
gboolean postgres_script(Db *db, const char *sql, GError **error);
gboolean postgres_lock_key(Db *db, const char *key, GError **error);
gboolean postgres_next(DbRows *rows, GError **error);
gint64 postgres_changed(DbRows *rows);
void postgres_rows_free(DbRows *rows);
gboolean postgres_is_null(DbRows *rows, int column);
gint64 postgres_get_int(DbRows *rows, int column);
double postgres_get_float(DbRows *rows, int column);
const char *postgres_get_text(DbRows *rows, int column);
GBytes *postgres_get_bytes(DbRows *rows, int column);
