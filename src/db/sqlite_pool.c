/* SQLite for a process with many threads: one writer, many readers.
 *
 * Group commit: db_write() queues its work and waits. One thread takes what has queued up, runs it
 * in one transaction, and commits once; only then does any waiter learn that its work is done.
 * While one commit waits for the disk the next group gathers, so the number of fsyncs falls as the
 * load grows. When a piece of work fails, the group is rolled back and run once more with a
 * savepoint around each piece, so that one does not take the others along: savepoints cost too much
 * to have them always. Other processes on the same file are kept out by BEGIN IMMEDIATE and the
 * busy handler. */
#include "base/clock.h"
#include "base/error.h"
#include "db/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define SCHEME     "sqlite://"
#define BATCH_MAX  64                         /* pieces of work in one commit                 */
#define BATCH_TIME (20 * CLOCK_SECOND / 1000) /* after this no more are taken into it      */
#define READERS    16                         /* connections for reading                      */

typedef struct {
	DbWork work;
	gpointer data;
	GError *error;
	gboolean ok, finished;
	GCond told;
} Request;

typedef struct {
	DbPool base;
	char *path;
	GMutex lock; /* guards what follows */
	GCond work_waits, reader_free;
	GQueue queue; /* of Request, owned by the threads that wait */
	gboolean stop;
	GPtrArray *idle; /* of Db: readers that nobody uses */
	guint n_readers;
	Db *writer; /* used by the writer thread only */
	GThread *thread;
} SqlitePool;

static void end_request(Request *request, GError *error)
{
	request->ok = error == NULL;
	g_clear_error(&request->error);
	request->error = error;
}

static void end_all(GPtrArray *batch, const GError *problem)
{
	for (guint i = 0; i < batch->len; i++)
		end_request(batch->pdata[i], g_error_copy(problem));
}

static Request *take(SqlitePool *pool, gboolean wait)
{
	g_mutex_lock(&pool->lock);
	while (wait && g_queue_is_empty(&pool->queue) && !pool->stop)
		g_cond_wait(&pool->work_waits, &pool->lock);
	Request *request = g_queue_pop_head(&pool->queue);
	g_mutex_unlock(&pool->lock);
	return request;
}

static void roll_back(Db *db)
{
	if (sqlite_in_transaction(db))
		sqlite_control(db, "ROLLBACK", NULL);
}

/* Runs one piece of work inside the open transaction. */
static gboolean run_work(Db *db, Request *request)
{
	GError *problem = NULL;
	db_do_work(db, request->work, request->data, &problem);
	sqlite_reset(db);
	end_request(request, problem);
	return request->ok;
}

/* Gathers a group and runs it. FALSE when a piece of work failed, and everything is rolled back. */
static gboolean run_together(SqlitePool *pool, GPtrArray *batch)
{
	gint64 until = g_get_monotonic_time() + BATCH_TIME;
	Request *next = batch->pdata[0];
	gboolean ok = TRUE;
	while (ok && next) {
		ok = run_work(pool->writer, next);
		gboolean more = ok && batch->len < BATCH_MAX && g_get_monotonic_time() < until;
		next = more ? take(pool, FALSE) : NULL;
		if (next)
			g_ptr_array_add(batch, next);
	}
	if (!ok)
		roll_back(pool->writer);
	return ok;
}

/* The same with a savepoint around each. FALSE when the transaction was lost, which SQLite does on
 * a full disk and on I/O errors. */
static gboolean run_apart(SqlitePool *pool, GPtrArray *batch, GError **error)
{
	Db *db = pool->writer;
	if (!sqlite_control(db, "BEGIN IMMEDIATE", error))
		return FALSE;
	for (guint i = 0; i < batch->len; i++) {
		if (!sqlite_control(db, "SAVEPOINT work", error))
			return FALSE;
		gboolean ok = run_work(db, batch->pdata[i]);
		if (!sqlite_in_transaction(db)) {
			g_propagate_error(error, g_error_copy(((Request *)batch->pdata[i])->error));
			return FALSE;
		}
		if ((!ok && !sqlite_control(db, "ROLLBACK TO work", error)) ||
		    !sqlite_control(db, "RELEASE work", error))
			return FALSE;
	}
	return TRUE;
}

/* Who failed has its answer already; who did not learns that it came to nothing. */
static void fail_rest(GPtrArray *batch, const GError *problem)
{
	for (guint i = 0; i < batch->len; i++) {
		Request *request = batch->pdata[i];
		if (request->ok)
			end_request(request, g_error_copy(problem));
	}
}

static void run_batch(SqlitePool *pool, GPtrArray *batch)
{
	g_autoptr(GError) problem = NULL;
	if (!sqlite_control(pool->writer, "BEGIN IMMEDIATE", &problem)) {
		end_all(batch, problem);
		return;
	}
	gboolean ok = run_together(pool, batch);
	if (!ok && batch->len == 1)
		return;
	if (!ok && !run_apart(pool, batch, &problem)) {
		roll_back(pool->writer);
		end_all(batch, problem);
		return;
	}
	if (sqlite_control(pool->writer, "COMMIT", &problem))
		return;
	roll_back(pool->writer);
	fail_rest(batch, problem);
}

static gpointer writer_main(gpointer data)
{
	SqlitePool *pool = data;
	g_autoptr(GPtrArray) batch = g_ptr_array_new();
	Request *first;
	while ((first = take(pool, TRUE))) {
		g_ptr_array_add(batch, first);
		run_batch(pool, batch);
		g_mutex_lock(&pool->lock);
		for (guint i = 0; i < batch->len; i++) {
			Request *request = batch->pdata[i];
			request->finished = TRUE;
			g_cond_signal(&request->told);
		}
		g_mutex_unlock(&pool->lock);
		g_ptr_array_set_size(batch, 0);
	}
	return NULL;
}

static gboolean pool_write(DbPool *base, DbWork work, gpointer data, GError **error)
{
	SqlitePool *pool = (SqlitePool *)base;
	Request request = {.work = work, .data = data};
	g_cond_init(&request.told);
	g_mutex_lock(&pool->lock);
	g_assert(!pool->stop);
	g_queue_push_tail(&pool->queue, &request);
	g_cond_signal(&pool->work_waits);
	while (!request.finished)
		g_cond_wait(&request.told, &pool->lock);
	g_mutex_unlock(&pool->lock);
	g_cond_clear(&request.told);
	if (request.error)
		g_propagate_error(error, request.error);
	return request.ok;
}

static Db *take_reader(SqlitePool *pool, GError **error)
{
	g_mutex_lock(&pool->lock);
	while (pool->idle->len == 0 && pool->n_readers == READERS)
		g_cond_wait(&pool->reader_free, &pool->lock);
	Db *db = pool->idle->len ? g_ptr_array_steal_index_fast(pool->idle, pool->idle->len - 1)
	                         : NULL;
	if (!db)
		pool->n_readers++;
	g_mutex_unlock(&pool->lock);
	return db ? db : sqlite_connect(pool->path, TRUE, error);
}

/* @db NULL: it could not be opened. */
static void give_back_reader(SqlitePool *pool, Db *db)
{
	g_mutex_lock(&pool->lock);
	if (db)
		g_ptr_array_add(pool->idle, db);
	else
		pool->n_readers--;
	g_cond_signal(&pool->reader_free);
	g_mutex_unlock(&pool->lock);
}

static gboolean pool_read(DbPool *base, DbWork work, gpointer data, GError **error)
{
	SqlitePool *pool = (SqlitePool *)base;
	Db *db = take_reader(pool, error);
	gboolean ok = db && sqlite_control(db, "BEGIN", error);
	if (ok) {
		ok = db_do_work(db, work, data, error);
		sqlite_reset(db);
		if (sqlite_in_transaction(db))
			sqlite_control(db, "ROLLBACK", NULL);
	}
	give_back_reader(pool, db);
	return ok;
}

static void pool_close(DbPool *base)
{
	SqlitePool *pool = (SqlitePool *)base;
	g_mutex_lock(&pool->lock);
	pool->stop = TRUE;
	g_cond_signal(&pool->work_waits);
	g_mutex_unlock(&pool->lock);
	g_clear_pointer(&pool->thread, g_thread_join);
	g_assert(pool->idle->len == pool->n_readers); /* nobody may still be reading */
	g_ptr_array_unref(pool->idle);
	sqlite_disconnect(pool->writer);
	g_mutex_clear(&pool->lock);
	g_cond_clear(&pool->work_waits);
	g_cond_clear(&pool->reader_free);
	g_free(pool->path);
	g_free(pool);
}

/* Makes a new file ours alone to read, and its name durable; SQLite does that for its journal only.
 * A file that exists is not even opened: closing it would drop the locks that another connection of
 * this process holds on it (POSIX locks belong to the process). */
static gboolean create_file(const char *path, GError **error)
{
	int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (file < 0 && errno == EEXIST)
		return TRUE;
	g_autofree char *directory = g_path_get_dirname(path);
	int parent = file < 0 ? -1 : open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	gboolean ok = parent >= 0 && fsync(parent) == 0;
	if (!ok)
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE, "%s: %s", path,
		            g_strerror(errno));
	if (parent >= 0)
		close(parent);
	if (file >= 0)
		close(file);
	return ok;
}

static DbPool *pool_open(const char *uri, GError **error)
{
	g_autofree char *path = g_uri_unescape_string(uri + strlen(SCHEME), "/");
	if (!path || !g_path_is_absolute(path)) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		                    "the file of a sqlite:// database is an absolute path");
		return NULL;
	}
	if (!create_file(path, error))
		return NULL;
	Db *writer = sqlite_connect(path, FALSE, error);
	if (!writer)
		return NULL;
	SqlitePool *pool = g_new0(SqlitePool, 1);
	pool->base.driver = &sqlite_driver;
	pool->path = g_steal_pointer(&path);
	pool->writer = writer;
	pool->idle = g_ptr_array_new_with_free_func((GDestroyNotify)sqlite_disconnect);
	g_queue_init(&pool->queue);
	g_mutex_init(&pool->lock);
	g_cond_init(&pool->work_waits);
	g_cond_init(&pool->reader_free);
	pool->thread = g_thread_new("db-writer", writer_main, pool);
	return &pool->base;
}

/* One transaction writes at a time: whoever runs holds every key. */
static gboolean lock_key(Db *db, const char *key, GError **error)
{
	return TRUE;
}

static gboolean pool_copy(DbPool *base, const char *path, GError **error)
{
	return sqlite_copy(((SqlitePool *)base)->path, path, error);
}

static const char *const schemes[] = {SCHEME, NULL};

const DbDriver sqlite_driver = {
	.name = "sqlite",
	.schemes = schemes,
	.skip_locked = "",
	.identity = "INTEGER PRIMARY KEY AUTOINCREMENT",
	.bytes = "BLOB",
	.open = pool_open,
	.close = pool_close,
	.write = pool_write,
	.read = pool_read,
	.copy = pool_copy,
	.execute = sqlite_execute,
	.script = sqlite_script,
	.lock_key = lock_key,
	.next = sqlite_next,
	.changed = sqlite_changed,
	.free = sqlite_rows_free,
	.is_null = sqlite_is_null,
	.get_int = sqlite_get_int,
	.get_float = sqlite_get_float,
	.get_text = sqlite_get_text,
	.get_bytes = sqlite_get_bytes,
};
