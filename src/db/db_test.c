/* One suite that every database passes. */
#include "db/db.h"

#include "base/error.h"

#include <glib/gstdio.h>

typedef struct {
	char *directory;
	DbPool *pool;
} Fixture;

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

static void setup(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	f->directory = g_dir_make_tmp("trawl-db-XXXXXX", NULL);
	g_autofree char *uri = g_strdup_printf("sqlite://%s/trawl.db", f->directory);
	f->pool = db_pool_open(uri, &error);
	g_assert_no_error(error);
	db_migrate(f->pool, &error);
	g_assert_no_error(error);
}

static void teardown(Fixture *f, gconstpointer unused)
{
	db_pool_close(f->pool);
	remove_tree(f->directory);
	g_free(f->directory);
}

static char a_name[] = "a";

static gboolean save_setting(Db *db, gpointer data, GError **error)
{
	return db_run(db, NULL, error, "tt", "INSERT INTO setting (value, name) VALUES ($2, $1)",
	              (const char *)data, "v");
}

static gboolean count_settings(Db *db, gpointer data, GError **error)
{
	g_autoptr(DbRows) rows = db_query(db, error, "", "SELECT count(*) FROM setting");
	if (!rows || !db_rows_next(rows, error))
		return FALSE;
	*(gint64 *)data = db_int(rows, 0);
	return TRUE;
}

static void test_a_write_is_seen_by_the_next_read(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	gint64 n = 0;
	g_assert_true(db_write(f->pool, save_setting, a_name, &error));
	g_assert_true(db_read(f->pool, count_settings, &n, &error));
	g_assert_no_error(error);
	g_assert_cmpint(n, ==, 1);
}

static void test_a_second_row_of_one_name_is_a_conflict(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_assert_true(db_write(f->pool, save_setting, a_name, NULL));
	g_assert_false(db_write(f->pool, save_setting, a_name, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/db/a write is seen by the next read", Fixture, NULL, setup,
	           test_a_write_is_seen_by_the_next_read, teardown);
	g_test_add("/db/a second row of one name is a conflict", Fixture, NULL, setup,
	           test_a_second_row_of_one_name_is_a_conflict, teardown);
	return g_test_run();
}
