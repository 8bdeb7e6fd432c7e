#pragma once
#include "db/db.h"

/* What a database must be able to do. Private to db/; a connection (Db), a result (DbRows) and a
 * pool (DbPool) of each driver begin with these structs. */

typedef struct DbDriver DbDriver;

struct Db {
	const DbDriver *driver;
	gboolean read_only; /* belongs to db_read()                                         */
	gboolean failed;    /* a statement of this transaction failed: it can only roll back */
};

struct DbRows {
	Db *db;
};

struct DbPool {
	const DbDriver *driver;
};

struct DbDriver {
	const char *name;
	const char *const *schemes; /* "sqlite://", NULL */
	const char *skip_locked;
	const char *identity, *bytes; /* what migrations call IDENTITY and BYTES */

	DbPool *(*open)(const char *uri, GError **error);
	void (*close)(DbPool *pool);
	gboolean (*write)(DbPool *pool, DbWork work, gpointer data, GError **error);
	gboolean (*read)(DbPool *pool, DbWork work, gpointer data, GError **error);
	gboolean (*copy)(DbPool *pool, const char *path, GError **error); /* NULL: cannot */

	/* Runs a statement as far as its first row; all its changes are made when this returns. */
	DbRows *(*execute)(Db *db, const char *sql, const DbValue *values, guint n_values,
	                   GError **error);
	/* Runs several statements that have no parameters. */
	gboolean (*script)(Db *db, const char *sql, GError **error);
	gboolean (*lock_key)(Db *db, const char *key, GError **error);

	gboolean (*next)(DbRows *rows, GError **error);
	gint64 (*changed)(DbRows *rows);
	void (*free)(DbRows *rows);
	gboolean (*is_null)(DbRows *rows, int column);
	gint64 (*get_int)(DbRows *rows, int column);
	double (*get_float)(DbRows *rows, int column);
	const char *(*get_text)(DbRows *rows, int column);
	GBytes *(*get_bytes)(DbRows *rows, int column);
};

extern const DbDriver sqlite_driver, postgres_driver;

/** Runs @work inside a transaction that the driver has begun, and makes sure that FALSE comes with
 * an error and that nothing is committed after a failed statement. */
gboolean db_do_work(Db *db, DbWork work, gpointer data, GError **error);

/** Runs a migration's text. */
gboolean db_script(Db *db, const char *sql, GError **error);
