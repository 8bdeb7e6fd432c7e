/* One thread a keeper; it sleeps under its lock, and looks without it. */
#include "daemon/keeper.h"

struct Keeper {
	const KeeperWork *work;
	gpointer data;
	GThread *thread;
	GMutex lock;
	GCond stopped;
	gboolean stop;
};

static gpointer keeper_main(gpointer data)
{
	Keeper *keeper = data;
	const KeeperWork *work = keeper->work;
	g_mutex_lock(&keeper->lock);
	while (!keeper->stop) {
		g_mutex_unlock(&keeper->lock);
		gboolean more = work->look(keeper->data);
		g_mutex_lock(&keeper->lock);
		gint64 until = g_get_monotonic_time() + (more ? work->breath : work->every);
		while (!keeper->stop && g_cond_wait_until(&keeper->stopped, &keeper->lock, until))
			;
	}
	g_mutex_unlock(&keeper->lock);
	return NULL;
}

Keeper *keeper_start(const KeeperWork *work, gpointer data)
{
	Keeper *keeper = g_new0(Keeper, 1);
	keeper->work = work;
	keeper->data = data;
	g_mutex_init(&keeper->lock);
	g_cond_init(&keeper->stopped);
	keeper->thread = g_thread_new(work->name, keeper_main, keeper);
	return keeper;
}

void keeper_stop(Keeper *keeper)
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
