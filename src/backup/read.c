/* Reads a backup: to compare it with its manifest, or to make an installation of it.
 *
 * A backup comes from a disk, a tape or a person, so it is looked at like anything from outside:
 * only names that a backup has are unpacked, into a directory that nobody uses yet, and nothing is
 * believed until the manifest at the end agrees. */
#include "backup/manifest.h"
#include "base/error.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
	const char *target; /* directory to unpack into; NULL: only look */
	struct archive *archive;
	BackupSum sum;
	gboolean database; /* was in it */
	BackupManifest *manifest;
	gboolean ended; /* the manifest was there */
} Reader;

static gboolean io_error(const char *path, GError **error)
{
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE, "%s: %s", path, g_strerror(errno));
	return FALSE;
}

static gboolean damaged(GError **error, const char *why)
{
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE,
	            "the backup is damaged or cut short (%s): use another one",
	            why ? why : "unknown");
	return FALSE;
}

/* The octets of the entry that is being read, to @file when that is open. */
static gboolean take_octets(Reader *reader, int file, const char *name, gint64 size, GError **error)
{
	g_autofree char *block = g_malloc(BACKUP_BLOCK);
	for (;;) {
		la_ssize_t got = archive_read_data(reader->archive, block, BACKUP_BLOCK);
		if (got == ARCHIVE_RETRY)
			continue;
		if (got < 0)
			return damaged(error, archive_error_string(reader->archive));
		if (got == 0)
			return size == 0 || damaged(error, "a file is shorter than it says");
		backup_sum_octets(&reader->sum, block, (gsize)got);
		size -= got;
		for (la_ssize_t at = 0; file >= 0 && at < got;) {
			ssize_t put = write(file, block + at, (size_t)(got - at));
			if (put < 0 && errno != EINTR)
				return io_error(name, error);
			at += MAX(put, 0);
		}
	}
}

static gboolean make_directory_of(const char *path, GError **error)
{
	g_autofree char *directory = g_path_get_dirname(path);
	return g_mkdir_with_parents(directory, 0700) == 0 || io_error(directory, error);
}

static gboolean unpack_file(Reader *reader, const char *name, gint64 size, GError **error)
{
	if (!reader->target)
		return take_octets(reader, -1, name, size, error);
	g_autofree char *path = g_build_filename(reader->target, name, NULL);
	if (!make_directory_of(path, error))
		return FALSE;
	int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (file < 0)
		return io_error(path, error);
	gboolean ok = take_octets(reader, file, name, size, error) &&
	              (fsync(file) == 0 || io_error(path, error));
	close(file);
	return ok;
}

static gboolean take_manifest(Reader *reader, gint64 size, GError **error)
{
	if (size <= 0 || size > BACKUP_MANIFEST_BYTES)
		return damaged(error, "its manifest is of no sensible size");
	g_autofree char *text = g_malloc((gsize)size);
	if (archive_read_data(reader->archive, text, (size_t)size) != size)
		return damaged(error, archive_error_string(reader->archive));
	reader->ended = TRUE;
	return backup_manifest_parse(reader->manifest, text, (gsize)size, error);
}

static gboolean take_entry(Reader *reader, struct archive_entry *entry, GError **error)
{
	const char *name = archive_entry_pathname(entry);
	gint64 size = archive_entry_size(entry);
	if (!name || reader->ended)
		return damaged(error, "something follows its manifest");
	if (strcmp(name, BACKUP_MANIFEST) == 0)
		return take_manifest(reader, size, error);
	if (archive_entry_filetype(entry) != AE_IFREG || !archive_entry_size_is_set(entry) ||
	    size < 0 || !backup_name_is_known(name)) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		            "it holds \"%s\", which no backup of Trawl does", name);
		return FALSE;
	}
	reader->database = reader->database || strcmp(name, "db/trawl.db") == 0;
	backup_sum_file(&reader->sum, name, size);
	return unpack_file(reader, name, size, error);
}

static gboolean take_entries(Reader *reader, GError **error)
{
	struct archive_entry *entry;
	for (;;) {
		int result = archive_read_next_header(reader->archive, &entry);
		if (result == ARCHIVE_EOF)
			return TRUE;
		if (result == ARCHIVE_RETRY)
			continue;
		if (result != ARCHIVE_OK)
			return damaged(error, archive_error_string(reader->archive));
		if (!take_entry(reader, entry, error))
			return FALSE;
	}
}

static gboolean compare(Reader *reader, GError **error)
{
	const BackupManifest *manifest = reader->manifest;
	if (!reader->ended)
		return damaged(error, "its manifest is missing");
	g_autofree char *sha256 = backup_sum_end(&reader->sum);
	if (manifest->files != reader->sum.files || manifest->bytes != reader->sum.bytes ||
	    strcmp(manifest->sha256, sha256) != 0 || !reader->database)
		return damaged(error, "it is not what its manifest says");
	if (manifest->schema <= db_newest_schema())
		return TRUE;
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
	            "Trawl %s made it, with a newer schema than this one knows: use that version "
	            "or a newer one",
	            manifest->version);
	return FALSE;
}

static gboolean open_archive(Reader *reader, const char *path, GError **error)
{
	archive_read_support_format_tar(reader->archive);
	archive_read_support_filter_zstd(reader->archive);
	if (archive_read_open_filename(reader->archive, path, BACKUP_BLOCK) == ARCHIVE_OK)
		return TRUE;
	const char *why = archive_error_string(reader->archive);
	gboolean missing = !g_file_test(path, G_FILE_TEST_EXISTS);
	g_set_error(error, TRAWL_ERROR, missing ? TRAWL_ERROR_NOT_FOUND : TRAWL_ERROR_INVALID,
	            missing ? "%s is not there" : "%s is no backup of Trawl: %s", path,
	            why ? why : "unknown");
	return FALSE;
}

static gboolean read_backup(const char *path, const char *target, BackupManifest *manifest,
                            GError **error)
{
	Reader reader = {.target = target, .manifest = manifest, .archive = archive_read_new()};
	*manifest = (BackupManifest){0};
	backup_sum_begin(&reader.sum);
	gboolean ok = open_archive(&reader, path, error) && take_entries(&reader, error) &&
	              compare(&reader, error);
	archive_read_free(reader.archive);
	backup_sum_clear(&reader.sum);
	return ok;
}

gboolean backup_verify(const char *path, BackupManifest *manifest, GError **error)
{
	return read_backup(path, NULL, manifest, error);
}

/* --- an installation ----------------------------------------------------------------------------
 */

static gboolean is_free(const char *data_dir, GError **error)
{
	g_autoptr(GDir) dir = g_dir_open(data_dir, 0, NULL);
	if (!g_file_test(data_dir, G_FILE_TEST_EXISTS) || (dir && !g_dir_read_name(dir)))
		return TRUE;
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
	            "%s is in use: stop its daemon and move it away first; nothing is ever "
	            "overwritten",
	            data_dir);
	return FALSE;
}

/* Removes what was unpacked, or with @sync makes its names durable. */
static gboolean walk(const char *path, gboolean sync, GError **error)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	gboolean ok = TRUE;
	for (const char *name; ok && dir && (name = g_dir_read_name(dir));) {
		g_autofree char *below = g_build_filename(path, name, NULL);
		if (g_file_test(below, G_FILE_TEST_IS_DIR))
			ok = walk(below, sync, error);
		else if (!sync)
			g_unlink(below);
	}
	if (!sync)
		return g_rmdir(path) == 0;
	int file = ok ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	ok = ok && ((file >= 0 && fsync(file) == 0) || io_error(path, error));
	if (file >= 0)
		close(file);
	return ok;
}

/* Gives it its name. An empty directory may be in the place. */
static gboolean settle(const char *target, const char *data_dir, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(data_dir);
	if (g_rename(target, data_dir) != 0)
		return io_error(data_dir, error);
	int file = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	gboolean ok = (file >= 0 && fsync(file) == 0) || io_error(parent, error);
	if (file >= 0)
		close(file);
	return ok;
}

gboolean backup_restore(const char *path, const char *data_dir, BackupManifest *manifest,
                        GError **error)
{
	g_autofree char *target = g_strconcat(data_dir, ".restoring-XXXXXX", NULL);
	*manifest = (BackupManifest){0};
	if (!is_free(data_dir, error))
		return FALSE;
	if (!make_directory_of(data_dir, error))
		return FALSE;
	if (!g_mkdtemp_full(target, 0700))
		return io_error(target, error);
	gboolean ok = read_backup(path, target, manifest, error) && walk(target, TRUE, error) &&
	              settle(target, data_dir, error);
	if (!ok)
		walk(target, FALSE, NULL);
	return ok;
}
