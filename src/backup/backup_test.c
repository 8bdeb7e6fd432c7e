#include "backup/backup.h"

#include "../tests/support/testdb.h"
#include "audit/audit.h"
#include "auth/secret.h"
#include "base/error.h"
#include "base/text.h"
#include "store/check.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

/* A data directory with a database, keys and two raw messages, one of them in a file. */
typedef struct {
	TestDb *t;
	char *dir, *backup, *target, *hash;
	DbPool *db;
	RawStore *raw;
} House;

/* Does not compress, so it lies in a file. */
static GBytes *large_message(void)
{
	gsize length = (gsize)200 * 1024;
	char *octets = g_malloc(length);
	for (guint i = 0; i < length; i++)
		octets[i] = (char)(i * 2654435761u >> 24);
	return g_bytes_new_take(octets, length);
}

static gboolean fill(Db *db, gpointer data, GError **error)
{
	House *house = data;
	gint64 seq;
	g_autoptr(GBytes) small = g_bytes_new_static("Subject: small\r\n\r\n", 18);
	g_autoptr(GBytes) large = large_message();
	GBytes *both[] = {small, large};
	for (guint i = 0; i < 2; i++) {
		g_autofree char *hash = text_sha256(both[i]);
		if (!raw_store_register(house->raw, db, hash, both[i], error))
			return FALSE;
		g_free(house->hash);
		house->hash = g_steal_pointer(&hash);
	}
	return audit_append(db, "test", "test.fill", "test", 1, 0, NULL, &seq, error);
}

static void put_large(House *house)
{
	g_autoptr(GBytes) large = large_message();
	g_autoptr(GPtrArray) messages = g_ptr_array_new();
	g_ptr_array_add(messages, large);
	g_autoptr(GPtrArray) hashes = raw_store_put(house->raw, messages, NULL);
	g_assert_nonnull(hashes);
}

static House house_new(TestDb *t)
{
	House house = {.t = t,
	               .dir = g_build_filename(t->directory, "data", NULL),
	               .backup = g_build_filename(t->directory, "one.backup", NULL),
	               .target = g_build_filename(t->directory, "restored", NULL)};
	g_autoptr(GError) error = NULL;
	g_autofree char *db_dir = g_build_filename(house.dir, "db", NULL);
	g_autofree char *keys = g_build_filename(house.dir, "keys", NULL);
	g_autofree char *raw = g_build_filename(house.dir, "raw", NULL);
	g_autofree char *uri = g_strdup_printf("sqlite://%s/trawl.db", db_dir);
	g_assert_cmpint(g_mkdir_with_parents(db_dir, 0700), ==, 0);
	g_assert_cmpint(g_mkdir_with_parents(keys, 0700), ==, 0);
	g_assert_true(secret_make_keys(house.dir, &error));
	house.db = db_pool_open(uri, &error);
	g_assert_true(db_migrate(house.db, &error));
	house.raw = raw_store_new(raw, &error);
	put_large(&house);
	g_assert_true(db_write(house.db, fill, &house, &error));
	g_assert_no_error(error);
	return house;
}

static void house_clear(House *house)
{
	db_pool_close(house->db);
	raw_store_free(house->raw);
	g_free(house->dir);
	g_free(house->backup);
	g_free(house->target);
	g_free(house->hash);
}

static void create(House *house)
{
	g_autoptr(GError) error = NULL;
	g_auto(BackupManifest) manifest = {0};
	g_assert_true(backup_create(house->db, house->dir, house->backup, &manifest, &error));
	g_assert_no_error(error);
	g_assert_cmpint(manifest.files, ==, 5); /* the database, three keys, one raw message */
	g_autoptr(GDir) dir = g_dir_open(house->t->directory, 0, NULL);
	for (const char *name; (name = g_dir_read_name(dir));)
		g_assert_null(strstr(name, ".part"));
}

/* What the code of @call() is for the backup at @path. */
static int code_of_restore(const char *path, const char *target)
{
	g_autoptr(GError) error = NULL;
	g_auto(BackupManifest) manifest = {0};
	if (backup_restore(path, target, &manifest, &error))
		return 0;
	g_test_message("%s", error->message);
	g_assert_true(error->domain == TRAWL_ERROR);
	return error->code;
}

static gboolean check_all(Db *db, gpointer raw, GError **error)
{
	g_autoptr(GPtrArray) results = store_check(db, raw, error);
	for (guint i = 0; results && i < results->len; i++) {
		const CheckResult *result = results->pdata[i];
		if (result->n_broken)
			g_error("%s", (char *)result->broken->pdata[0]);
	}
	return results != NULL;
}

/* What was restored to @target is whole, and has the keys of the house. */
static void assert_is_installation(const House *house, const char *target)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *uri = g_strdup_printf("sqlite://%s/db/trawl.db", target);
	g_autofree char *raw_dir = g_build_filename(target, "raw", NULL);
	g_autoptr(DbPool) db = db_pool_open(uri, &error);
	g_autoptr(RawStore) raw = raw_store_new(raw_dir, &error);
	g_assert_true(db_read(db, check_all, raw, &error));
	g_assert_no_error(error);
	guint8 before[32], after[32];
	g_assert_true(secret_load_private(house->dir, before, &error));
	g_assert_true(secret_load_private(target, after, &error));
	g_assert_cmpmem(before, 32, after, 32);
}

static void test_a_restored_backup_is_the_installation(TestDb *t)
{
	House house = house_new(t);
	g_autoptr(GError) error = NULL;
	g_auto(BackupManifest) seen = {0}, made = {0};
	struct stat about;
	create(&house);
	g_assert_cmpint(g_stat(house.backup, &about), ==, 0);
	g_assert_cmpint(about.st_mode & 0777, ==, 0600);
	g_assert_true(backup_verify(house.backup, &seen, &error));
	g_assert_cmpint(seen.audit_seq, ==, 1);
	g_assert_true(backup_restore(house.backup, house.target, &made, &error));
	g_assert_no_error(error);

	assert_is_installation(&house, house.target);
	house_clear(&house);
}

static void test_nothing_is_ever_overwritten(TestDb *t)
{
	House house = house_new(t);
	g_autoptr(GError) error = NULL;
	g_auto(BackupManifest) manifest = {0};
	create(&house);
	g_assert_false(backup_create(house.db, house.dir, house.backup, &manifest, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT);
	g_assert_cmpint(code_of_restore(house.backup, house.dir), ==, TRAWL_ERROR_CONFLICT);
	g_assert_cmpint(g_mkdir(house.target, 0700), ==, 0); /* an empty one is nothing */
	g_assert_cmpint(code_of_restore(house.backup, house.target), ==, 0);
	g_assert_cmpint(code_of_restore(house.backup, house.target), ==, TRAWL_ERROR_CONFLICT);
	house_clear(&house);
}

/* Nothing of a backup that is not whole is left lying about, wherever it ends. */
static void test_a_backup_that_is_cut_short_makes_nothing(TestDb *t)
{
	House house = house_new(t);
	g_autofree char *octets = NULL;
	gsize length;
	create(&house);
	g_assert_true(g_file_get_contents(house.backup, &octets, &length, NULL));
	for (guint part = 0; part < 12; part++) {
		g_autofree char *path = g_strdup_printf("%s/cut-%u", t->directory, part);
		g_assert_true(
			g_file_set_contents(path, octets, (gssize)(length * part / 12), NULL));
		g_assert_cmpint(code_of_restore(path, house.target), !=, 0);
		g_assert_false(g_file_test(house.target, G_FILE_TEST_EXISTS));
	}
	g_autoptr(GDir) dir = g_dir_open(t->directory, 0, NULL);
	for (const char *name; (name = g_dir_read_name(dir));)
		g_assert_null(strstr(name, "restoring"));
	house_clear(&house);
}

/* A bit that says nothing, as in the padding behind a file, may be wrong: then everything is there.
 */
static void test_a_damaged_backup_is_refused(TestDb *t)
{
	House house = house_new(t);
	g_autofree char *octets = NULL;
	gsize length;
	guint refused = 0;
	create(&house);
	g_assert_true(g_file_get_contents(house.backup, &octets, &length, NULL));
	for (guint i = 1; i < 20; i++) {
		g_autofree char *path = g_strdup_printf("%s/flip-%u", t->directory, i);
		g_autofree char *target = g_strdup_printf("%s/restored-%u", t->directory, i);
		gsize at = length * i / 20;
		octets[at] ^= 0x10;
		g_assert_true(g_file_set_contents(path, octets, (gssize)length, NULL));
		octets[at] ^= 0x10;
		if (code_of_restore(path, target) == 0) {
			assert_is_installation(&house, target);
			continue;
		}
		g_assert_false(g_file_test(target, G_FILE_TEST_EXISTS));
		refused++;
	}
	g_assert_cmpuint(refused, >, 10);
	house_clear(&house);
}

static void test_what_is_no_backup_is_refused_in_words(TestDb *t)
{
	g_autofree char *target = g_build_filename(t->directory, "restored", NULL);
	g_autofree char *path = g_build_filename(t->directory, "text", NULL);
	g_autofree char *none = g_build_filename(t->directory, "none", NULL);
	g_assert_true(g_file_set_contents(path, "a letter to the editor", -1, NULL));
	g_assert_cmpint(code_of_restore(path, target), !=, 0);
	g_assert_cmpint(code_of_restore(none, target), ==, TRAWL_ERROR_NOT_FOUND);
}

static void test_postgresql_is_told_how(TestDb *t)
{
	g_autoptr(GError) error = NULL;
	g_auto(BackupManifest) manifest = {0};
	g_autofree char *path = g_build_filename(t->directory, "one.backup", NULL);
	g_assert_false(backup_create(t->pool, t->directory, path, &manifest, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID);
	g_assert_nonnull(strstr(error->message, "pg_dump"));
	g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	testdb_add_on("sqlite", "/backup/a restored backup is the installation",
	              test_a_restored_backup_is_the_installation);
	testdb_add_on("sqlite", "/backup/nothing is ever overwritten",
	              test_nothing_is_ever_overwritten);
	testdb_add_on("sqlite", "/backup/a backup that is cut short makes nothing",
	              test_a_backup_that_is_cut_short_makes_nothing);
	testdb_add_on("sqlite", "/backup/a damaged backup is refused",
	              test_a_damaged_backup_is_refused);
	testdb_add_on("sqlite", "/backup/what is no backup is refused in words",
	              test_what_is_no_backup_is_refused_in_words);
	testdb_add_on("postgresql", "/backup/postgresql is told how", test_postgresql_is_told_how);
	return g_test_run();
}
