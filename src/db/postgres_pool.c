/* PostgreSQL for a process with many threads: connections are opened as they are needed, and one
 * thread uses one at a time.
 *
 * A transaction is repeated when it met others (serialisation failure, deadlock) or when its
 * connection broke before COMMIT: nothing of it can have happened. When the connection breaks
 * during COMMIT nobody can know, and the caller is told so. */
#include "base/error.h"
#include "db/postgres.h"

#define CONNECTIONS 16 /* of one process */
#define ATTEMPTS    12
#define RECONNECTS  3

typedef struct {
	DbPool base;
	char *uri;
	GMutex lock; /* guards what follows */
	GCond became_free;
	GPtrArray *idle; /* of Db */
	guint n_open;
} PostgresPool;

static Db *take(PostgresPool *pool, GError **error)
{
	g_mutex_lock(&pool->lock);
	while (pool->idle->len == 0 && pool->n_open == CONNECTIONS)
		g_cond_wait(&pool->became_free, &pool->lock);
	Db *db = pool->idle->len ? g_ptr_array_steal_index_fast(pool->idle, pool->idle->len - 1)
	                         : NULL;
	if (!db)
		pool->n_open++;
	g_mutex_unlock(&pool->lock);
	if (!db)
		db = postgres_connect(pool->uri, error);
	if (db)
		return db;
	g_mutex_lock(&pool->lock);
	pool->n_open--;
	g_cond_signal(&pool->became_free);
	g_mutex_unlock(&pool->lock);
	return NULL;
}

/* When one connection broke, the idle ones are most likely dead too. */
static void give_back(PostgresPool *pool, Db *db)
{
	gboolean broken = postgres_is_broken(db);
	if (!broken)
		postgres_tidy(db);
	g_mutex_lock(&pool->lock);
	if (broken) {
		postgres_disconnect(db);
		pool->n_open -= 1 + pool->idle->len;
		g_ptr_array_set_size(pool->idle, 0);
		g_cond_broadcast(&pool->became_free);
	} else {
		g_ptr_array_add(pool->idle, db);
		g_cond_signal(&pool->became_free);
	}
	g_mutex_unlock(&pool->lock);
}

/* What one attempt at a transaction came to. */
typedef enum { DONE, GIVEN_UP, MET_OTHERS, LOST } Ending;

static Ending commit(Db *db, GError **error)
{
	g_autoptr(GError) problem = NULL;
	PostgresOutcome outcome = postgres_control(db, "COMMIT", &problem);
	if (outcome == POSTGRES_OK)
		return DONE;
	if (outcome == POSTGRES_BROKEN)
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_UNKNOWN_OUTCOME,
		            "the connection broke during COMMIT: %s", problem->message);
	else
		g_propagate_error(error, g_steal_pointer(&problem));
	return outcome == POSTGRES_FAILED && postgres_may_repeat(db) ? MET_OTHERS : GIVEN_UP;
}

static Ending attempt(Db *db, const char *begin, DbWork work, gpointer data, GError **error)
{
	PostgresOutcome begun = postgres_control(db, begin, error);
	if (begun != POSTGRES_OK)
		return begun == POSTGRES_BROKEN ? LOST : GIVEN_UP;
	if (db_do_work(db, work, data, error))
		return commit(db, error);
	if (postgres_is_broken(db))
		return LOST;
	gboolean again = db->failed && postgres_may_repeat(db);
	postgres_control(db, "ROLLBACK", NULL);
	return again ? MET_OTHERS : GIVEN_UP;
}

/* How long to wait before attempt @n + 1: not as long as the others that wait. */
static gulong pause_after(Ending ending, guint n)
{
	return ending == LOST ? (n - 1) * 200000
	                      : (gulong)g_random_int_range(1, 10) * MIN(n, 8U) * 1000;
}

static gboolean run(PostgresPool *pool, const char *begin, DbWork work, gpointer data,
                    GError **error)
{
	guint lost = 0;
	for (guint n = 1;; n++) {
		g_autoptr(GError) problem = NULL;
		Db *db = take(pool, error);
		if (!db)
			return FALSE;
		Ending ending = attempt(db, begin, work, data, &problem);
		give_back(pool, db);
		if (ending == DONE)
			return TRUE;
		lost += ending == LOST;
		if (ending == GIVEN_UP || n == ATTEMPTS || lost > RECONNECTS) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return FALSE;
		}
		g_usleep(pause_after(ending, n));
	}
}

static gboolean pool_write(DbPool *pool, DbWork work, gpointer data, GError **error)
{
	return run((PostgresPool *)pool, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", work,
	           data, error);
}

static gboolean pool_read(DbPool *pool, DbWork work, gpointer data, GError **error)
{
	return run((PostgresPool *)pool, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", work,
	           data, error);
}

static void pool_close(DbPool *base)
{
	PostgresPool *pool = (PostgresPool *)base;
	g_assert(pool->idle->len == pool->n_open); /* nobody may still be using one */
	g_ptr_array_unref(pool->idle);
	g_mutex_clear(&pool->lock);
	g_cond_clear(&pool->became_free);
	g_free(pool->uri);
	g_free(pool);
}

static DbPool *pool_open(const char *uri, GError **error)
{
	Db *first = postgres_connect(uri, error);
	if (!first)
		return NULL;
	PostgresPool *pool = g_new0(PostgresPool, 1);
	pool->base.driver = &postgres_driver;
	pool->uri = g_strdup(uri);
	pool->idle = g_ptr_array_new_with_free_func((GDestroyNotify)postgres_disconnect);
	pool->n_open = 1;
	g_ptr_array_add(pool->idle, first);
	g_mutex_init(&pool->lock);
	g_cond_init(&pool->became_free);
	return &pool->base;
}

static const char *const schemes[] = {"postgresql://", "postgres://", NULL};

const DbDriver postgres_driver = {
	.name = "postgresql",
	.schemes = schemes,
	.skip_locked = " FOR UPDATE SKIP LOCKED",
	.identity = "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
	.bytes = "BYTEA",
	.open = pool_open,
	.close = pool_close,
	.write = pool_write,
	.read = pool_read,
	.execute = postgres_execute,
	.script = postgres_script,
	.lock_key = postgres_lock_key,
	.next = postgres_next,
	.changed = postgres_changed,
	.free = postgres_rows_free,
	.is_null = postgres_is_null,
	.get_int = postgres_get_int,
	.get_float = postgres_get_float,
	.get_text = postgres_get_text,
	.get_bytes = postgres_get_bytes,
};
