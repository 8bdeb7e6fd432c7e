/* Gives each test a database of either kind, migrated. */
#include "../tests/support/testdb.h"

#include "../tests/support/postgres.h"

#include <glib/gstdio.h>
#include <string.h>

typedef struct {
	gboolean postgres;
	void (*test)(TestDb *t);
} Case;

static void remove_tree(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;
	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *child = g_build_filename(path, name, NULL);
		remove_tree(child);
	}
	g_remove(path);
}

static DbPool *open_migrated(const char *uri)
{
	g_autoptr(GError) error = NULL;
	DbPool *pool = db_pool_open(uri, &error);
	g_assert_no_error(error);
	db_migrate(pool, &error);
	g_assert_no_error(error);
	return pool;
}

/* Migrating PostgreSQL takes a while: later tests get a copy. */
static char *new_postgres(void)
{
	static char *like;
	if (!like) {
		g_autofree char *uri = postgres_new_database(NULL);
		if (!uri)
			return NULL;
		db_pool_close(open_migrated(uri));
		like = g_strdup(postgres_database_name(uri));
	}
	return postgres_new_database(like);
}

static void run(gconstpointer data)
{
	const Case *c = data;
	TestDb t = {.directory = g_dir_make_tmp("trawl-test-XXXXXX", NULL)};
	t.uri = c->postgres ? new_postgres() : g_strdup_printf("sqlite://%s/trawl.db", t.directory);
	if (t.uri) {
		t.pool = open_migrated(t.uri);
		c->test(&t);
		db_pool_close(t.pool);
	} else {
		g_test_skip("PostgreSQL is not installed (apt-get install postgresql)");
	}
	remove_tree(t.directory);
	g_free(t.directory);
	g_free(t.uri);
}

void testdb_add_on(const char *driver, const char *path, void (*test)(TestDb *t))
{
	gboolean postgres = strcmp(driver, "postgresql") == 0;
	Case *c = g_new(Case, 1);
	*c = (Case){postgres, test};
	g_autofree char *name = g_strconcat(path, postgres ? " on PostgreSQL" : " on SQLite", NULL);
	g_test_add_data_func_full(name, c, run, g_free);
}

void testdb_add(const char *path, void (*test)(TestDb *t))
{
	testdb_add_on("sqlite", path, test);
	testdb_add_on("postgresql", path, test);
}

void testdb_write(TestDb *t, DbWork work, gpointer data)
{
	g_autoptr(GError) error = NULL;
	gboolean ok = db_write(t->pool, work, data, &error);
	g_assert_no_error(error);
	g_assert_true(ok);
}

void testdb_read(TestDb *t, DbWork work, gpointer data)
{
	g_autoptr(GError) error = NULL;
	gboolean ok = db_read(t->pool, work, data, &error);
	g_assert_no_error(error);
	g_assert_true(ok);
}

static gboolean run_statement(Db *db, gpointer sql, GError **error)
{
	return db_run(db, NULL, error, "", sql);
}

void testdb_run(TestDb *t, const char *sql)
{
	testdb_write(t, run_statement, (gpointer)sql);
}

typedef struct {
	const char *sql;
	gint64 value;
} Number;

static gboolean read_number(Db *db, gpointer data, GError **error)
{
	Number *number = data;
	g_autoptr(DbRows) rows = db_query(db, error, "", number->sql);
	if (!rows || !db_rows_next(rows, error))
		return FALSE;
	number->value = db_int(rows, 0);
	return TRUE;
}

gint64 testdb_int(TestDb *t, const char *sql)
{
	Number number = {.sql = sql};
	testdb_read(t, read_number, &number);
	return number.value;
}
