/* Keeps the queue's order while nothing happens but time.
 *
 * It is a thread and no job: what is due stands in the incidents' own rows, so that there is
 * nothing to queue, to lease or to lose, and a queue of jobs that is full does not hold it up.
 * Workers beside each other do the same work twice at worst. After the migration that brought
 * `need` it works out all open incidents, a small transaction at a time; until then they stand at
 * the queue's end. */
#include "daemon/needs.h"

#include "base/clock.h"
#include "store/need.h"

#define LOOK_EVERY (30 * CLOCK_SECOND)
#define TOGETHER   200                 /* incidents of one transaction */
#define BREATH     (CLOCK_SECOND / 20) /* between two of them: others write too */

struct NeedKeeper {
	DbPool *db;
	GThread *thread;
	GMutex lock;
	GCond stopped;
	gboolean stop;
};

static gboolean ripen(Db *db, gpointer done, GError **error)
{
	return need_ripen(db, TOGETHER, done, error);
}

/* TRUE when there is more to do. */
static gboolean look(DbPool *db)
{
	gint64 done = 0;
	g_autoptr(GError) error = NULL;
	if (!db_write(db, ripen, &done, &error))
		g_message("what incidents need cannot be worked out: %s", error->message);
	return !error && done == TOGETHER;
}

static gpointer keeper_main(gpointer data)
{
	NeedKeeper *keeper = data;
	g_mutex_lock(&keeper->lock);
	while (!keeper->stop) {
		g_mutex_unlock(&keeper->lock);
		gboolean more = look(keeper->db);
		g_mutex_lock(&keeper->lock);
		gint64 until = g_get_monotonic_time() + (more ? BREATH : LOOK_EVERY);
		while (!keeper->stop && g_cond_wait_until(&keeper->stopped, &keeper->lock, until))
			;
	}
	g_mutex_unlock(&keeper->lock);
	return NULL;
}

NeedKeeper *need_keeper_start(DbPool *db)
{
	NeedKeeper *keeper = g_new0(NeedKeeper, 1);
	keeper->db = db;
	g_mutex_init(&keeper->lock);
	g_cond_init(&keeper->stopped);
	keeper->thread = g_thread_new("needs", keeper_main, keeper);
	return keeper;
}

void need_keeper_stop(NeedKeeper *keeper)
{
	g_mutex_lock(&keeper->lock);
	keeper->stop = TRUE;
	g_cond_broadcast(&keeper->stopped);
	g_mutex_unlock(&keeper->lock);
	g_thread_join(keeper->thread);
	g_mutex_clear(&keeper->lock);
	g_cond_clear(&keeper->stopped);
	g_free(keeper);
}
