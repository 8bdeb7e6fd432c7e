/* Brings a database to the schema that this binary knows.
 *
 * The migrations are files inside the binary, numbered, and written in the common dialect; two
 * words differ between the databases and are replaced here: IDENTITY (a number the database gives)
 * and BYTES (any octets). Each runs in a transaction of its own together with the row that records
 * it, so a crash leaves whole migrations only, and processes that start at once wait for each
 * other. */
#include "base/clock.h"
#include "base/error.h"
#include "db/driver.h"
#include "trawl-schema.h"

#include <gio/gio.h>
#include <string.h>

#define FOLDER "/trawl/schema"

typedef struct {
	gint64 number;
	char *name, *text, *sha256;
} Migration;

static void migration_free(Migration *migration)
{
	g_free(migration->name);
	g_free(migration->text);
	g_free(migration->sha256);
	g_free(migration);
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *migrations_load(void)
{
	GResource *resource = trawl_schema_get_resource();
	g_auto(GStrv) names = g_resource_enumerate_children(resource, FOLDER, 0, NULL);
	g_assert(names);
	qsort(names, g_strv_length(names), sizeof *names, compare_names);
	GPtrArray *migrations = g_ptr_array_new_with_free_func((GDestroyNotify)migration_free);
	for (char **name = names; *name; name++) {
		g_autofree char *path = g_strconcat(FOLDER "/", *name, NULL);
		g_autoptr(GBytes) bytes = g_resource_lookup_data(resource, path, 0, NULL);
		Migration *migration = g_new0(Migration, 1);
		migration->number = g_ascii_strtoll(*name, NULL, 10);
		migration->name = g_strdup(*name);
		migration->text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
		migration->sha256 = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes);
		g_ptr_array_add(migrations, migration);
		g_assert(migration->number == migrations->len); /* 0001, 0002 … without a gap */
	}
	return migrations;
}

/* The migration in the words of the database. */
static char *translate(const Db *db, const char *text)
{
	g_autoptr(GRegex) identity = g_regex_new("\\bIDENTITY\\b", 0, 0, NULL);
	g_autoptr(GRegex) bytes = g_regex_new("\\bBYTES\\b", 0, 0, NULL);
	g_autofree char *half =
		g_regex_replace_literal(identity, text, -1, 0, db->driver->identity, 0, NULL);
	return g_regex_replace_literal(bytes, half, -1, 0, db->driver->bytes, 0, NULL);
}

static gboolean create_table(Db *db, gpointer unused, GError **error)
{
	return db_lock_key(db, "schema_migration", error) &&
	       db_run(db, NULL, error, "",
	              "CREATE TABLE IF NOT EXISTS schema_migration ("
	              "number BIGINT PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, "
	              "applied_at BIGINT NOT NULL)");
}

gboolean db_schema(Db *db, gint64 *number, GError **error)
{
	g_autoptr(DbRows) rows =
		db_query(db, error, "", "SELECT COALESCE(MAX(number), 0) FROM schema_migration");
	if (!rows || !db_rows_next(rows, error))
		return FALSE;
	*number = db_int(rows, 0);
	return TRUE;
}

gint64 db_newest_schema(void)
{
	g_autoptr(GPtrArray) migrations = migrations_load();
	return migrations->len;
}

static gboolean check_version(Db *db, gpointer data, GError **error)
{
	GPtrArray *migrations = data;
	gint64 number = 0;
	if (!db_schema(db, &number, error))
		return FALSE;
	if (number <= migrations->len)
		return TRUE;
	g_set_error(
		error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
		"the database is at schema %" G_GINT64_FORMAT
		", this version of Trawl knows schemas up to %u: run the newer Trawl that made it",
		number, migrations->len);
	return FALSE;
}

/* Whether the migration is there already; FALSE also with @error when it was another text. */
static gboolean is_applied(Db *db, const Migration *migration, GError **error)
{
	g_autoptr(DbRows) rows =
		db_query(db, error, "i", "SELECT sha256 FROM schema_migration WHERE number = $1",
	                 migration->number);
	if (!rows || !db_rows_next(rows, error))
		return FALSE;
	if (strcmp(db_text(rows, 0), migration->sha256) == 0)
		return TRUE;
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
	            "the database was made with another version of schema file %s",
	            migration->name);
	return FALSE;
}

static gboolean apply(Db *db, gpointer data, GError **error)
{
	const Migration *migration = data;
	if (!db_lock_key(db, "schema_migration", error))
		return FALSE;
	g_autoptr(GError) problem = NULL;
	if (is_applied(db, migration, &problem))
		return TRUE;
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	g_autofree char *sql = translate(db, migration->text);
	if (!db_script(db, sql, error)) {
		g_prefix_error(error, "schema file %s: ", migration->name);
		return FALSE;
	}
	return db_run(db, NULL, error, "itti",
	              "INSERT INTO schema_migration VALUES ($1, $2, $3, $4)", migration->number,
	              migration->name, migration->sha256, clock_now());
}

gboolean db_migrate(DbPool *pool, GError **error)
{
	g_autoptr(GPtrArray) migrations = migrations_load();
	if (!db_write(pool, create_table, NULL, error) ||
	    !db_read(pool, check_version, migrations, error))
		return FALSE;
	for (guint i = 0; i < migrations->len; i++)
		if (!db_write(pool, apply, migrations->pdata[i], error))
			return FALSE;
	return TRUE;
}
