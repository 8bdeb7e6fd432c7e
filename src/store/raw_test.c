/* Raw messages: what was put comes back, or it is said that it does not. */
#include "store/raw.h"

#include "../tests/support/testdb.h"
#include "base/error.h"
#include "base/text.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utime.h>

typedef struct {
	RawStore *store;
	const char *sha256;
	GBytes *message;
} Use;

static gboolean register_one(Db *db, gpointer data, GError **error)
{
	Use *use = data;
	return raw_store_register(use->store, db, use->sha256, use->message, error);
}

static gboolean load(Db *db, gpointer data, GError **error)
{
	Use *use = data;
	use->message = raw_store_load(use->store, db, use->sha256, error);
	return use->message != NULL;
}

static RawStore *open_files(const TestDb *t)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *directory = g_build_filename(t->directory, "raw", NULL);
	RawStore *store = raw_store_new(directory, &error);
	g_assert_no_error(error);
	return store;
}

/* Puts and registers one message; its hash. */
static char *keep(TestDb *t, RawStore *store, GBytes *message)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) messages = g_ptr_array_new();
	g_ptr_array_add(messages, message);
	g_autoptr(GPtrArray) hashes = raw_store_put(store, messages, &error);
	g_assert_no_error(error);
	Use use = {store, hashes->pdata[0], message};
	testdb_write(t, register_one, &use);
	return g_ptr_array_steal_index(hashes, 0);
}

static GBytes *numbered_message(guint i, gsize at_least)
{
	GString *text = g_string_new(NULL);
	g_string_printf(text, "Subject: %u\r\n\r\n", i);
	for (guint line = 0; line < i || text->len < at_least; line++)
		g_string_append_printf(text, "line %u of %u\r\n", line, i);
	return g_string_free_to_bytes(text);
}

static GBytes *small_message(guint i)
{
	return numbered_message(i, 0);
}

static GBytes *large_message(guint i)
{
	return numbered_message(i, RAW_IN_ROW + 1);
}

static char *file_of(const TestDb *t, const char *sha256)
{
	return g_strdup_printf("%s/raw/%.2s/%s.zst", t->directory, sha256, sha256 + 2);
}

static void assert_loads(TestDb *t, RawStore *store, const char *sha256, GBytes *expected)
{
	Use use = {store, sha256, NULL};
	testdb_read(t, load, &use);
	g_assert_true(g_bytes_equal(use.message, expected));
	g_bytes_unref(use.message);
}

static void assert_does_not_load(TestDb *t, RawStore *store, const char *sha256, TrawlError code)
{
	g_autoptr(GError) error = NULL;
	Use use = {store, sha256, NULL};
	g_assert_false(db_read(t->pool, load, &use, &error));
	g_assert_error(error, TRAWL_ERROR, (int)code);
	g_assert_null(use.message);
}

static guint count_files(const char *path)
{
	guint n = 0;
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;
	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *child = g_build_filename(path, name, NULL);
		n += g_file_test(child, G_FILE_TEST_IS_DIR) ? count_files(child) : 1;
	}
	return n;
}

/* --- both places --------------------------------------------------------------------------------
 */

static void put_and_load(TestDb *t, RawStore *store)
{
	g_autoptr(GPtrArray) messages =
		g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	g_ptr_array_add(messages, g_bytes_new(NULL, 0));
	g_ptr_array_add(messages, g_bytes_new("\0\r\n\xff", 4));
	for (guint i = 0; i < 100; i++) /* some of them twice */
		g_ptr_array_add(messages, i % 2 ? small_message(i % 60) : large_message(i % 60));
	g_autoptr(GPtrArray) hashes = raw_store_put(store, messages, NULL);
	g_assert_cmpuint(hashes->len, ==, messages->len);
	for (guint i = 0; i < messages->len; i++) {
		g_autofree char *sha256 = text_sha256(messages->pdata[i]);
		g_assert_cmpstr(hashes->pdata[i], ==, sha256);
		Use use = {store, sha256, messages->pdata[i]};
		testdb_write(t, register_one, &use);
	}
	for (guint i = 0; i < messages->len; i++)
		assert_loads(t, store, hashes->pdata[i], messages->pdata[i]);
	g_assert_cmpint(testdb_int(t, "SELECT count(*) FROM raw_message"), ==, 62);
	g_autoptr(GPtrArray) none = g_ptr_array_new();
	g_autoptr(GPtrArray) no_hashes = raw_store_put(store, none, NULL);
	g_assert_cmpuint(no_hashes->len, ==, 0);
	assert_does_not_load(t, store, "e3b0", TRAWL_ERROR_NOT_FOUND);
	assert_does_not_load(t, store, "../../../../../../etc/passwd", TRAWL_ERROR_NOT_FOUND);
}

static void test_small_ones_go_into_rows_and_large_ones_into_files(TestDb *t)
{
	g_autoptr(RawStore) store = open_files(t);
	put_and_load(t, store);
	g_assert_cmpint(testdb_int(t, "SELECT count(content) FROM raw_message"), ==, 32);
	g_autofree char *directory = g_build_filename(t->directory, "raw", NULL);
	g_assert_cmpuint(count_files(directory), ==, 30);
}

static void test_what_is_put_into_the_database_comes_back(TestDb *t)
{
	g_autoptr(RawStore) store = raw_store_new(NULL, NULL);
	put_and_load(t, store);
	g_assert_cmpint(testdb_int(t, "SELECT count(content) FROM raw_message"), ==, 62);
}

static void test_an_installation_may_move_from_files_to_the_database_and_back(TestDb *t)
{
	g_autoptr(RawStore) files = open_files(t), database = raw_store_new(NULL, NULL);
	g_autoptr(GBytes) one = large_message(1), two = large_message(2);
	g_autofree char *first = keep(t, files, one);
	g_autofree char *second = keep(t, database, two);
	assert_loads(t, files, second, two);
	assert_does_not_load(t, database, first, TRAWL_ERROR_STORAGE); /* its file is elsewhere */
	g_autofree char *again = keep(t, database, one);
	assert_loads(t, database, again, one);
}

/* --- damage -------------------------------------------------------------------------------------
 */

static gboolean remove_file(const char *path)
{
	return g_unlink(path) == 0;
}

static gboolean empty_file(const char *path)
{
	return g_file_set_contents(path, "", 0, NULL);
}

static gboolean cut_file(const char *path)
{
	GStatBuf about;
	return g_stat(path, &about) == 0 && truncate(path, about.st_size - 1) == 0;
}

static gboolean flip_bit(const char *path)
{
	g_autofree char *octets = NULL;
	gsize length;
	if (!g_file_get_contents(path, &octets, &length, NULL))
		return FALSE;
	octets[length / 2] ^= 1;
	return g_file_set_contents(path, octets, (gssize)length, NULL);
}

static gboolean fill_with_another(const char *path)
{
	static const guint8 another[] = {0x28, 0xb5, 0x2f, 0xfd, 0x20,
	                                 0x01, 0x09, 0x00, 0x00, 0x61}; /* zstd of "a" */
	return g_file_set_contents(path, (const char *)another, sizeof another, NULL);
}

static gboolean fill_with_bomb(const char *path)
{
	static const guint8 bomb[] = {0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0xff, 0xff, 0xff, 0xff,
	                              0xff, 0xff, 0xff, 0x7f, 0x09, 0x00, 0x00, 0x61};
	return g_file_set_contents(path, (const char *)bomb, sizeof bomb, NULL);
}

static const struct {
	const char *name;
	gboolean (*damage)(const char *path);
} damages[] = {
	{"removed", remove_file},
	{"emptied", empty_file},
	{"cut off", cut_file},
	{"one bit turned", flip_bit},
	{"another message", fill_with_another},
	{"a file that claims to be huge", fill_with_bomb},
};

static void test_damage_is_found_and_mended_by_the_next_put(TestDb *t)
{
	g_autoptr(RawStore) store = open_files(t);
	g_autoptr(GBytes) message = large_message(50);
	for (guint i = 0; i < G_N_ELEMENTS(damages); i++) {
		g_autofree char *sha256 = keep(t, store, message);
		g_autofree char *path = file_of(t, sha256);
		g_test_message("%s", damages[i].name);
		g_assert_true(damages[i].damage(path));
		assert_does_not_load(t, store, sha256, TRAWL_ERROR_STORAGE);
		g_autofree char *again = keep(t, store, message);
		assert_loads(t, store, again, message);
	}
}

static gboolean damage_rows(Db *db, gpointer data, GError **error)
{
	g_autoptr(GBytes) damage = data ? g_bytes_new_static(data, strlen(data)) : NULL;
	return db_run(db, NULL, error, "b", "UPDATE raw_message SET content = $1", damage);
}

static void test_a_damaged_row_is_found_and_mended_by_the_next_put(TestDb *t)
{
	static const char *const contents[] = {"", "no zstd", NULL};
	g_autoptr(RawStore) store = open_files(t);
	g_autoptr(GBytes) message = small_message(50);
	for (guint i = 0; i < G_N_ELEMENTS(contents); i++) {
		g_autofree char *sha256 = keep(t, store, message);
		testdb_write(t, damage_rows, (gpointer)contents[i]);
		assert_does_not_load(t, store, sha256, TRAWL_ERROR_STORAGE);
		g_autofree char *again = keep(t, store, message);
		assert_loads(t, store, again, message);
	}
}

static void test_a_place_that_cannot_be_written_is_said(TestDb *t)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(RawStore) store = open_files(t);
	g_autofree char *temporary = g_build_filename(t->directory, "raw", "tmp", NULL);
	g_assert_cmpint(g_rmdir(temporary), ==, 0);
	g_autoptr(GPtrArray) messages =
		g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	for (guint i = 0; i < 20; i++)
		g_ptr_array_add(messages, large_message(i));
	g_assert_null(raw_store_put(store, messages, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE);
	g_assert_null(raw_store_new("/proc/no", NULL));
}

/* --- many writers -------------------------------------------------------------------------------
 */

static int put_in_another_process(const char *directory)
{
	g_autoptr(RawStore) store = raw_store_new(directory, NULL);
	g_autoptr(GPtrArray) messages =
		g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	for (guint i = 0; i < 40; i++)
		g_ptr_array_add(messages, large_message(i));
	for (guint i = 0; store && i < 5; i++) {
		g_autoptr(GPtrArray) hashes = raw_store_put(store, messages, NULL);
		if (!hashes)
			return 1;
	}
	return store ? 0 : 1;
}

static void test_processes_may_put_the_same_message(TestDb *t)
{
	GPid pids[4];
	g_autofree char *directory = g_build_filename(t->directory, "raw", NULL);
	const char *argv[] = {"/proc/self/exe", "--put", directory, NULL};
	for (guint i = 0; i < G_N_ELEMENTS(pids); i++)
		g_assert_true(g_spawn_async(NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD,
		                            NULL, NULL, &pids[i], NULL));
	for (guint i = 0; i < G_N_ELEMENTS(pids); i++) {
		int status;
		g_assert_cmpint(waitpid(pids[i], &status, 0), ==, pids[i]);
		g_assert_cmpint(status, ==, 0);
	}
	g_autoptr(RawStore) store = open_files(t);
	for (guint i = 0; i < 40; i++) {
		g_autoptr(GBytes) message = large_message(i);
		g_autofree char *sha256 = text_sha256(message);
		assert_loads(t, store, sha256, message);
	}
	g_assert_cmpuint(count_files(directory), ==, 40); /* and nothing half-made */
}

static void test_what_a_dead_process_left_half_made_is_cleared_away(TestDb *t)
{
	raw_store_free(open_files(t));
	g_autofree char *old = g_build_filename(t->directory, "raw", "tmp", "old", NULL);
	g_autofree char *young = g_build_filename(t->directory, "raw", "tmp", "young", NULL);
	g_assert_true(g_file_set_contents(old, "x", 1, NULL));
	g_assert_true(g_file_set_contents(young, "x", 1, NULL));
	gint64 week = g_get_real_time() / G_USEC_PER_SEC - 7 * 86400;
	struct utimbuf times = {week, week};
	g_assert_cmpint(g_utime(old, &times), ==, 0);
	raw_store_free(open_files(t));
	g_assert_false(g_file_test(old, G_FILE_TEST_EXISTS));
	g_assert_true(g_file_test(young, G_FILE_TEST_EXISTS));
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--put") == 0)
		return put_in_another_process(argv[2]);
	g_test_init(&argc, &argv, NULL);
	testdb_add("/raw/small ones go into rows and large ones into files",
	           test_small_ones_go_into_rows_and_large_ones_into_files);
	testdb_add("/raw/a damaged row is found and mended by the next put",
	           test_a_damaged_row_is_found_and_mended_by_the_next_put);
	testdb_add("/raw/what is put into the database comes back",
	           test_what_is_put_into_the_database_comes_back);
	testdb_add("/raw/an installation may move from files to the database and back",
	           test_an_installation_may_move_from_files_to_the_database_and_back);
	testdb_add_on("sqlite", "/raw/damage is found and mended by the next put",
	              test_damage_is_found_and_mended_by_the_next_put);
	testdb_add_on("sqlite", "/raw/a place that cannot be written is said",
	              test_a_place_that_cannot_be_written_is_said);
	testdb_add_on("sqlite", "/raw/processes may put the same message",
	              test_processes_may_put_the_same_message);
	testdb_add_on("sqlite", "/raw/what a dead process left half-made is cleared away",
	              test_what_a_dead_process_left_half_made_is_cleared_away);
	return g_test_run();
}
