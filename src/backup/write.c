/* Writes a backup.
 *
 * The database is copied first. A raw message's file is durable before the row that names it is
 * committed, and is never changed, so the files that are there after the copy hold all that the
 * copy names; one more does no harm. None is removed meanwhile. Keys are made once, before all of
 * it. */
#include "backup/manifest.h"
#include "base/clock.h"
#include "base/error.h"
#include "store/audit.h"
#include "store/raw.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
	const char *data_dir;
	struct archive *archive;
	BackupSum sum;
} Writer;

static gboolean io_error(const char *path, GError **error)
{
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE, "%s: %s", path, g_strerror(errno));
	return FALSE;
}

static gboolean archive_fails(Writer *writer, const char *name, GError **error)
{
	const char *why = archive_error_string(writer->archive);
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE, "write %s into the backup: %s", name,
	            why ? why : "unknown");
	return FALSE;
}

static gboolean begin_file(Writer *writer, const char *name, gint64 size, GError **error)
{
	struct archive_entry *entry = archive_entry_new();
	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0600);
	archive_entry_set_size(entry, size);
	gboolean ok = archive_write_header(writer->archive, entry) == ARCHIVE_OK ||
	              archive_fails(writer, name, error);
	archive_entry_free(entry);
	return ok;
}

static gboolean add_octets(Writer *writer, const char *name, const void *octets, gsize length,
                           GError **error)
{
	return archive_write_data(writer->archive, octets, length) == (la_ssize_t)length ||
	       archive_fails(writer, name, error);
}

/* What it holds now, of the size it had when it was opened: nothing in a backup grows. */
static gboolean copy_file(Writer *writer, const char *name, int file, gint64 size, GError **error)
{
	g_autofree char *block = g_malloc(BACKUP_BLOCK);
	while (size > 0) {
		ssize_t got = read(file, block, (size_t)MIN(size, BACKUP_BLOCK));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			errno = got < 0 ? errno : EIO;
			return io_error(name, error);
		}
		backup_sum_octets(&writer->sum, block, (gsize)got);
		if (!add_octets(writer, name, block, (gsize)got, error))
			return FALSE;
		size -= got;
	}
	return TRUE;
}

static gboolean add_file(Writer *writer, const char *name, const char *path, GError **error)
{
	struct stat about;
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (file < 0 || fstat(file, &about) != 0) {
		io_error(path, error);
		if (file >= 0)
			close(file);
		return FALSE;
	}
	backup_sum_file(&writer->sum, name, about.st_size);
	gboolean ok = begin_file(writer, name, about.st_size, error) &&
	              copy_file(writer, name, file, about.st_size, error);
	close(file);
	return ok;
}

/* A file of the data directory; @optional: it need not be there. */
static gboolean add_own(Writer *writer, const char *name, gboolean optional, GError **error)
{
	g_autofree char *path = g_build_filename(writer->data_dir, name, NULL);
	return (optional && !g_file_test(path, G_FILE_TEST_EXISTS)) ||
	       add_file(writer, name, path, error);
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names in a directory that begin like a file of a backup, sorted. */
static GPtrArray *list_known(const char *data_dir, const char *directory, GError **error)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *path = g_build_filename(data_dir, directory, NULL);
	g_autoptr(GError) problem = NULL;
	g_autoptr(GDir) dir = g_dir_open(path, 0, &problem);
	if (!dir && !g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE, problem->message);
		g_ptr_array_unref(names);
		return NULL;
	}
	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		char *full = g_strconcat(directory, "/", name, NULL);
		if (backup_name_is_known(full))
			g_ptr_array_add(names, full);
		else
			g_free(full);
	}
	g_ptr_array_sort(names, compare_names);
	return names;
}

static gboolean add_raw(Writer *writer, GError **error)
{
	for (guint shard = 0; shard < 256; shard++) {
		g_autofree char *directory = g_strdup_printf("raw/%02x", shard);
		g_autoptr(GPtrArray) names = list_known(writer->data_dir, directory, error);
		for (guint i = 0; names && i < names->len; i++)
			if (!add_own(writer, names->pdata[i], FALSE, error))
				return FALSE;
		if (!names)
			return FALSE;
	}
	return TRUE;
}

static gboolean add_manifest(Writer *writer, BackupManifest *manifest, GError **error)
{
	manifest->files = writer->sum.files;
	manifest->bytes = writer->sum.bytes;
	manifest->sha256 = backup_sum_end(&writer->sum);
	g_autofree char *text = backup_manifest_format(manifest);
	return begin_file(writer, BACKUP_MANIFEST, (gint64)strlen(text), error) &&
	       add_octets(writer, BACKUP_MANIFEST, text, strlen(text), error);
}

static gboolean read_state(Db *db, gpointer data, GError **error)
{
	BackupManifest *manifest = data;
	return db_schema(db, &manifest->schema, error) &&
	       audit_last(db, &manifest->audit_seq, error);
}

/* The database as a file of its own at @copy, and what the manifest says of it. */
static gboolean copy_database(DbPool *db, const char *copy, BackupManifest *manifest,
                              GError **error)
{
	/* made first, so that nobody else may read it */
	int file = open(copy, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file < 0)
		return io_error(copy, error);
	close(file);
	manifest->created_at = clock_now();
	if (!db_copy(db, copy, error))
		return FALSE;
	g_autofree char *uri = g_strconcat("sqlite://", copy, NULL);
	g_autoptr(DbPool) snapshot = db_pool_open(uri, error);
	return snapshot && db_read(snapshot, read_state, manifest, error);
}

static gboolean add_all(Writer *writer, const char *copy, BackupManifest *manifest, GError **error)
{
	return add_file(writer, "db/trawl.db", copy, error) &&
	       add_own(writer, "keys/public.key", FALSE, error) &&
	       add_own(writer, "keys/secret.key", FALSE, error) &&
	       add_own(writer, "keys/totp.key", FALSE, error) &&
	       add_own(writer, "admin.key", TRUE, error) && add_raw(writer, error) &&
	       add_manifest(writer, manifest, error);
}

static gboolean write_archive(const char *data_dir, int file, const char *copy,
                              BackupManifest *manifest, GError **error)
{
	Writer writer = {.data_dir = data_dir, .archive = archive_write_new()};
	backup_sum_begin(&writer.sum);
	gboolean ok = archive_write_set_format_pax_restricted(writer.archive) == ARCHIVE_OK &&
	              archive_write_add_filter_zstd(writer.archive) == ARCHIVE_OK &&
	              archive_write_open_fd(writer.archive, file) == ARCHIVE_OK;
	if (!ok)
		archive_fails(&writer, "its head", error);
	ok = ok && add_all(&writer, copy, manifest, error);
	if (ok && archive_write_close(writer.archive) != ARCHIVE_OK)
		ok = archive_fails(&writer, "its end", error);
	archive_write_free(writer.archive);
	backup_sum_clear(&writer.sum);
	return ok;
}

static gboolean sync_directory_of(const char *path, GError **error)
{
	g_autofree char *directory = g_path_get_dirname(path);
	int file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	gboolean ok = (file >= 0 && fsync(file) == 0) || io_error(directory, error);
	if (file >= 0)
		close(file);
	return ok;
}

/* Gives a whole file its name; what has the name already stays. */
static gboolean publish(int file, const char *part, const char *path, GError **error)
{
	if (fsync(file) != 0)
		return io_error(part, error);
	if (link(part, path) != 0)
		return io_error(path, error);
	return sync_directory_of(path, error);
}

/* The copy of the database, and what looking into it left beside it. */
static void remove_copy(const char *copy)
{
	static const char *const endings[] = {"", "-wal", "-shm"};
	for (guint i = 0; i < G_N_ELEMENTS(endings); i++) {
		g_autofree char *path = g_strconcat(copy, endings[i], NULL);
		g_unlink(path);
	}
}

gboolean backup_create(DbPool *db, const char *data_dir, const char *path, BackupManifest *manifest,
                       GError **error)
{
	g_autofree char *part = g_strconcat(path, ".part", NULL);
	g_autofree char *copy = g_strconcat(path, ".db.part", NULL);
	*manifest = (BackupManifest){.version = g_strdup(TRAWL_VERSION)};
	if (g_file_test(path, G_FILE_TEST_EXISTS)) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
		            "%s is there already; say another name", path);
		return FALSE;
	}
	g_autofree char *raw = g_build_filename(data_dir, "raw", NULL);
	int file = open(part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), held = -1;
	gboolean ok = (file >= 0 || io_error(part, error)) &&
	              raw_files_hold(raw, FALSE, &held, error) &&
	              copy_database(db, copy, manifest, error) &&
	              write_archive(data_dir, file, copy, manifest, error) &&
	              publish(file, part, path, error);
	if (file >= 0)
		close(file);
	raw_files_release(held);
	g_unlink(part);
	remove_copy(copy);
	return ok;
}
