/* Counts again what has changed, a small transaction at a time. It looks before it writes, so that
 * an installation in which nothing happens is left in peace. */
#include "daemon/figures.h"

#include "base/clock.h"
#include "store/audit.h"
#include "store/figures.h"

#define LOOK_EVERY (2 * CLOCK_SECOND)
#define BREATH     (CLOCK_SECOND / 50) /* between two transactions: others write too */

struct FiguresKeeper {
	DbPool *db;
	GThread *thread;
	GMutex lock;
	GCond stopped;
	gboolean stop;
	gint64 seen; /* the newest record when all was counted */
};

static gboolean newest(Db *db, gpointer seq, GError **error)
{
	return audit_last(db, seq, error);
}

static gboolean update(Db *db, gpointer more, GError **error)
{
	return figures_update(db, more, error);
}

/* TRUE when there is more to do. */
static gboolean look(FiguresKeeper *keeper)
{
	gint64 now = 0;
	gboolean more = FALSE;
	g_autoptr(GError) error = NULL;
	if (!db_read(keeper->db, newest, &now, NULL) || now == keeper->seen)
		return FALSE;
	if (!db_write(keeper->db, update, &more, &error))
		g_message("what has changed cannot be counted: %s", error->message);
	else if (!more)
		keeper->seen = now;
	return !error && more;
}

static gpointer keeper_main(gpointer data)
{
	FiguresKeeper *keeper = data;
	g_mutex_lock(&keeper->lock);
	while (!keeper->stop) {
		g_mutex_unlock(&keeper->lock);
		gboolean more = look(keeper);
		g_mutex_lock(&keeper->lock);
		gint64 until = g_get_monotonic_time() + (more ? BREATH : LOOK_EVERY);
		while (!keeper->stop && g_cond_wait_until(&keeper->stopped, &keeper->lock, until))
			;
	}
	g_mutex_unlock(&keeper->lock);
	return NULL;
}

FiguresKeeper *figures_keeper_start(DbPool *db)
{
	FiguresKeeper *keeper = g_new0(FiguresKeeper, 1);
	keeper->db = db;
	keeper->seen = -1;
	g_mutex_init(&keeper->lock);
	g_cond_init(&keeper->stopped);
	keeper->thread = g_thread_new("figures", keeper_main, keeper);
	return keeper;
}

void figures_keeper_stop(FiguresKeeper *keeper)
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
