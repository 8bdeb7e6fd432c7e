/* Keeps raw messages by their SHA-256: small ones in their rows, large ones in files.
 *
 * A small message costs least in the database: it is durable with the commit that names it, and
 * needs no fsync of its own. A large one would be written twice there. A file is written under
 * another name, fsynced, renamed, and its directory is fsynced, so under its own name it is always
 * whole. Several processes may put the same message: either rename leaves the same bytes.
 * Directories are made once, at the start, so that putting needs to fsync only the one a file lies
 * in. */
#include "store/raw.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "store/pack.h"
#include "store/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define RAW_MAX       (2UL * LIMIT_MESSAGE_SIZE) /* bytes; mail servers refuse much less */
#define THREADS       8                          /* that wait for the disk during one put */
#define STALE         CLOCK_DAY                  /* a temporary file older than this is nobody's */
#define TEMPORARY_DIR "tmp"

struct RawStore {
	char *directory; /* of files; NULL: all is in the database */
	gint next;       /* for temporary names */
};

static gboolean io_error(const char *path, GError **error)
{
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE, "%s: %s", path, g_strerror(errno));
	return FALSE;
}

static gboolean sync_directory(const char *path, GError **error)
{
	int file = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	gboolean ok = file >= 0 && fsync(file) == 0;
	if (!ok)
		io_error(path, error);
	if (file >= 0)
		close(file);
	return ok;
}

/* Removes what a process that died left half written. */
static void clean_temporary(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;
	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *file = g_build_filename(path, name, NULL);
		GStatBuf about;
		if (g_stat(file, &about) == 0 &&
		    clock_now() - about.st_mtime * CLOCK_SECOND > STALE)
			g_unlink(file);
	}
}

static gboolean make_directories(const char *directory, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(directory);
	g_autofree char *temporary = g_build_filename(directory, TEMPORARY_DIR, NULL);
	if (g_mkdir_with_parents(temporary, 0700) < 0)
		return io_error(temporary, error);
	for (guint i = 0; i < 256; i++) {
		g_autofree char *shard = g_strdup_printf("%s/%02x", directory, i);
		if (mkdir(shard, 0700) < 0 && errno != EEXIST)
			return io_error(shard, error);
	}
	clean_temporary(temporary);
	return sync_directory(directory, error) && sync_directory(parent, error);
}

RawStore *raw_store_new(const char *directory, GError **error)
{
	if (directory && !make_directories(directory, error))
		return NULL;
	RawStore *store = g_new0(RawStore, 1);
	store->directory = g_strdup(directory);
	return store;
}

void raw_store_free(RawStore *store)
{
	if (!store)
		return;
	g_free(store->directory);
	g_free(store);
}

/* A hash from outside must not become a path. */
static gboolean is_sha256(const char *text)
{
	return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static gboolean is_file(const RawStore *store, GBytes *message)
{
	return store->directory && g_bytes_get_size(message) > RAW_IN_ROW;
}

static char *shard_of(const RawStore *store, const char *sha256)
{
	return g_strdup_printf("%s/%.2s", store->directory, sha256);
}

static char *path_of(const RawStore *store, const char *sha256)
{
	return g_strdup_printf("%s/%.2s/%s.zst", store->directory, sha256, sha256 + 2);
}

static gboolean write_all(int file, const char *octets, gsize length)
{
	while (length > 0) {
		gssize n = write(file, octets, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return FALSE;
		octets += n;
		length -= (gsize)n;
	}
	return TRUE;
}

/* Writes a whole durable file that has no name of its own yet. */
static gboolean write_temporary(const char *path, GBytes *bytes, GError **error)
{
	gsize length = 0;
	const char *octets = g_bytes_get_data(bytes, &length);
	int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (file < 0)
		return io_error(path, error);
	gboolean ok =
		(write_all(file, octets, length) && fsync(file) == 0) || io_error(path, error);
	if (close(file) < 0 && ok)
		ok = io_error(path, error);
	if (!ok)
		g_unlink(path);
	return ok;
}

/* The bytes as they lie in the file; NULL without an error when there is no such file. */
static GBytes *read_file(const char *path, GError **error)
{
	g_autoptr(GError) problem = NULL;
	char *octets = NULL;
	gsize length = 0;
	if (g_file_get_contents(path, &octets, &length, &problem))
		return g_bytes_new_take(octets, length);
	if (!g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE, problem->message);
	return NULL;
}

/* Expands and proves that these are the bytes. */
static GBytes *open_packed(GBytes *packed, const char *sha256, GError **error)
{
	g_autoptr(GBytes) message = unpack(packed, RAW_MAX, error);
	if (!message)
		return NULL;
	g_autofree char *actual = text_sha256(message);
	if (strcmp(actual, sha256) == 0)
		return g_steal_pointer(&message);
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE, "what was stored is damaged");
	return NULL;
}

static gboolean is_kept(const char *path, const char *sha256)
{
	g_autoptr(GBytes) packed = read_file(path, NULL);
	g_autoptr(GBytes) message = packed ? open_packed(packed, sha256, NULL) : NULL;
	return message != NULL;
}

/* Writes the file of one message unless it is there and good. Its name is durable only when its
 * directory has been fsynced. */
static gboolean put_file(RawStore *store, GBytes *message, const char *sha256, GError **error)
{
	g_autofree char *path = path_of(store, sha256);
	if (is_kept(path, sha256))
		return TRUE;
	gsize length = 0;
	const void *octets = g_bytes_get_data(message, &length);
	g_autofree char *temporary =
		g_strdup_printf("%s/" TEMPORARY_DIR "/%s.%d.%u.%d", store->directory, sha256,
	                        (int)getpid(), g_random_int(), g_atomic_int_add(&store->next, 1));
	g_autoptr(GBytes) packed = pack(octets, length, error);
	if (!packed || !write_temporary(temporary, packed, error))
		return FALSE;
	if (rename(temporary, path) == 0)
		return TRUE;
	io_error(path, error);
	g_unlink(temporary);
	return FALSE;
}

/* One put: its threads share this. */
typedef struct {
	RawStore *store;
	GPtrArray *messages, *hashes;
	gint next; /* message that nobody has begun */
	GMutex lock;
	GError *error; /* the first one */
} Put;

static gboolean put_one(Put *put, guint i, GError **error)
{
	GBytes *message = put->messages->pdata[i];
	char *sha256 = put->hashes->pdata[i] = text_sha256(message);
	if (g_bytes_get_size(message) > RAW_MAX) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_LIMIT,
		            "a message of %" G_GSIZE_FORMAT " bytes is too large to keep",
		            g_bytes_get_size(message));
		return FALSE;
	}
	return !is_file(put->store, message) || put_file(put->store, message, sha256, error);
}

static gpointer put_main(gpointer data)
{
	Put *put = data;
	guint i;
	while ((i = (guint)g_atomic_int_add(&put->next, 1)) < put->messages->len) {
		GError *problem = NULL;
		if (put_one(put, i, &problem))
			continue;
		g_mutex_lock(&put->lock);
		if (put->error)
			g_error_free(problem);
		else
			put->error = problem;
		g_mutex_unlock(&put->lock);
	}
	return NULL;
}

/* Files in threads, because each waits for the disk, and the disk serves many that wait at once.
 * This thread is one of them, and enough when no other can be had. */
static void put_all(Put *put)
{
	GThread *threads[THREADS];
	guint n = 0, n_files = 0;
	for (guint i = 0; i < put->messages->len; i++)
		n_files += is_file(put->store, put->messages->pdata[i]);
	guint wanted = n_files ? MIN(n_files, THREADS) - 1 : 0;
	while (n < wanted && (threads[n] = g_thread_try_new("raw", put_main, put, NULL)))
		n++;
	put_main(put);
	while (n > 0)
		g_thread_join(threads[--n]);
}

static gboolean sync_shards(const RawStore *store, GPtrArray *messages, GPtrArray *hashes,
                            GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; i < hashes->len; i++) {
		if (!is_file(store, messages->pdata[i]))
			continue;
		char *shard = shard_of(store, hashes->pdata[i]);
		if (g_hash_table_add(seen, shard) && !sync_directory(shard, error))
			return FALSE;
	}
	return TRUE;
}

GPtrArray *raw_store_put(RawStore *store, GPtrArray *messages, GError **error)
{
	g_autoptr(GPtrArray) hashes = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_set_size(hashes, (gint)messages->len);
	Put put = {.store = store, .messages = messages, .hashes = hashes};
	if (messages->len == 0)
		return g_steal_pointer(&hashes);
	g_mutex_init(&put.lock);
	put_all(&put);
	g_mutex_clear(&put.lock);
	if (put.error) {
		g_propagate_error(error, put.error);
		return NULL;
	}
	if (!sync_shards(store, messages, hashes, error))
		return NULL;
	return g_steal_pointer(&hashes);
}

gboolean raw_store_lock(Db *db, const char *sha256, GError **error)
{
	g_autofree char *key = g_strconcat("raw:", sha256, NULL);
	return db_lock_key(db, key, error);
}

/* Whoever put it may have found a file that was removed before the row came. */
static gboolean ensure_file(RawStore *store, GBytes *message, const char *sha256, GError **error)
{
	g_autofree char *path = path_of(store, sha256);
	g_autofree char *shard = shard_of(store, sha256);
	return g_file_test(path, G_FILE_TEST_EXISTS) ||
	       (put_file(store, message, sha256, error) && sync_directory(shard, error));
}

gboolean raw_store_unlink(RawStore *store, const char *sha256, GError **error)
{
	if (!store->directory)
		return TRUE;
	g_autofree char *path = path_of(store, sha256);
	return g_unlink(path) == 0 || errno == ENOENT || io_error(path, error);
}

GPtrArray *raw_store_list(RawStore *store, guint shard, gint64 before, GError **error)
{
	g_autoptr(GPtrArray) hashes = g_ptr_array_new_with_free_func(g_free);
	if (!store->directory)
		return g_steal_pointer(&hashes);
	g_autoptr(GError) problem = NULL;
	g_autofree char *path = g_strdup_printf("%s/%02x", store->directory, shard);
	g_autoptr(GDir) dir = g_dir_open(path, 0, &problem);
	if (!dir) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE, problem->message);
		return NULL;
	}
	for (const char *name; (name = g_dir_read_name(dir));) {
		GStatBuf about;
		g_autofree char *file = g_build_filename(path, name, NULL);
		g_autofree char *sha256 = g_strdup_printf("%02x%.62s", shard, name);
		if (is_sha256(sha256) && g_stat(file, &about) == 0 &&
		    about.st_mtime * CLOCK_SECOND < before)
			g_ptr_array_add(hashes, g_steal_pointer(&sha256));
	}
	return g_steal_pointer(&hashes);
}

gboolean raw_store_sync(RawStore *store, GPtrArray *hashes, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; store->directory && i < hashes->len; i++) {
		char *shard = shard_of(store, hashes->pdata[i]);
		if (g_hash_table_add(seen, shard) && !sync_directory(shard, error))
			return FALSE;
	}
	return TRUE;
}

const char *raw_store_directory(const RawStore *store)
{
	return store->directory;
}

gboolean raw_files_hold(const char *directory, gboolean alone, int *file, GError **error)
{
	*file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*file < 0)
		return errno == ENOENT || io_error(directory, error);
	while (flock(*file, alone ? LOCK_EX | LOCK_NB : LOCK_SH) != 0) {
		if (errno == EINTR)
			continue;
		gboolean held = errno == EWOULDBLOCK;
		if (!held)
			io_error(directory, error);
		close(*file);
		*file = -1;
		return held;
	}
	return TRUE;
}

void raw_files_release(int file)
{
	if (file >= 0)
		close(file);
}

gboolean raw_store_register(RawStore *store, Db *db, const char *sha256, GBytes *message,
                            GError **error)
{
	g_autoptr(GBytes) packed = NULL;
	gsize length = 0;
	const void *octets = g_bytes_get_data(message, &length);
	gboolean file = is_file(store, message);
	if (file ? !raw_store_lock(db, sha256, error) : !(packed = pack(octets, length, error)))
		return FALSE;
	/* A row that is damaged is mended; one that is whole is left as it is. */
	return db_run(db, NULL, error, "tiib",
	              "INSERT INTO raw_message (sha256, size, stored_at, content) "
	              "VALUES ($1, $2, $3, $4) ON CONFLICT (sha256) DO UPDATE "
	              "SET content = excluded.content WHERE excluded.content IS NOT NULL AND "
	              "raw_message.content IS DISTINCT FROM excluded.content",
	              sha256, (gint64)length, clock_now(), packed) &&
	       (!file || ensure_file(store, message, sha256, error));
}

/* What a row says: its content, or that this lies in a file. */
typedef struct {
	GBytes *content;
} RawRow;

static gpointer read_raw_row(DbRows *rows)
{
	RawRow *row = g_new0(RawRow, 1);
	row->content = db_bytes(rows, 0);
	return row;
}

/* Its content, compressed, or NULL. @known gets whether there is a row. */
static GBytes *load_content(Db *db, const char *sha256, gboolean *known, GError **error)
{
	g_autofree RawRow *row =
		rows_find(db_query(db, error, "t",
	                           "SELECT content FROM raw_message WHERE sha256 = $1", sha256),
	                  read_raw_row, error);
	*known = row != NULL;
	return row ? row->content : NULL;
}

gboolean raw_store_knows(Db *db, const char *sha256, gboolean *knows, GError **error)
{
	gint64 n = 0;
	gboolean ok =
		rows_int(db_query(db, error, "t",
	                          "SELECT count(*) FROM raw_message WHERE sha256 = $1", sha256),
	                 &n, error);
	*knows = n > 0;
	return ok;
}

GBytes *raw_store_load(RawStore *store, Db *db, const char *sha256, GError **error)
{
	gboolean known = FALSE;
	g_autoptr(GError) problem = NULL;
	g_autoptr(GBytes) packed = load_content(db, sha256, &known, &problem);
	if (!packed && !problem && store->directory && is_sha256(sha256)) {
		g_autofree char *path = path_of(store, sha256);
		packed = read_file(path, &problem);
	}
	if (!packed && !problem && !known)
		g_set_error_literal(&problem, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND,
		                    "there is no such message");
	else if (!packed && !problem)
		g_set_error_literal(&problem, TRAWL_ERROR, TRAWL_ERROR_STORAGE,
		                    "the file with its bytes is missing");
	GBytes *message = packed ? open_packed(packed, sha256, &problem) : NULL;
	if (problem) {
		g_prefix_error(&problem, "raw message %s: ", sha256);
		g_propagate_error(error, g_steal_pointer(&problem));
	}
	return message;
}
