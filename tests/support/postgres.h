#pragma once
#include <glib.h>

/* A real PostgreSQL for C tests: one a test program, started when first asked for, in a temporary
 * directory, on a socket there and on no port. It dies with the test. */

/**
 * The URI of a new database.
 *
 * @like    the name of a database to copy, or NULL for an empty one
 * @return  newly allocated; NULL when PostgreSQL is not installed (the caller skips); anything else
 * that goes wrong fails the test
 */
char *postgres_new_database(const char *like);

/** The name in a URI that postgres_new_database() gave. */
const char *postgres_database_name(const char *uri);

/** Stops the server as a crash would, and starts it again. */
void postgres_crash_and_restart(void);

/** Runs a statement as the superuser, in @uri's database. */
void postgres_run(const char *uri, const char *sql);
