#pragma once
#include "db/db.h"

/* A test that runs on every database. */

typedef struct {
	char *directory; /* the test's own, temporary */
	char *uri;
	DbPool *pool; /* migrated */
} TestDb;

/** Adds @test twice, as "/<path>" with "on SQLite" and "on PostgreSQL" behind it. Each run has a
 * database of its own; without PostgreSQL the second is skipped. */
void testdb_add(const char *path, void (*test)(TestDb *t));

/** Adds it for one of them only: "sqlite" or "postgresql". */
void testdb_add_on(const char *driver, const char *path, void (*test)(TestDb *t));

/** db_write() and db_read() that must succeed. */
void testdb_write(TestDb *t, DbWork work, gpointer data);
void testdb_read(TestDb *t, DbWork work, gpointer data);

/** A statement that must succeed, in a transaction of its own; no parameters. */
void testdb_run(TestDb *t, const char *sql);
/** The integer that a query gives. */
gint64 testdb_int(TestDb *t, const char *sql);
