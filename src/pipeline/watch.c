/* Waits on the folders of the sources, a thread each, so that a report is seen when it comes.
 *
 * One more thread keeps the roll: it looks every few seconds which sources there are and starts a
 * thread for each that has none. A thread waits for a minute at most, looks at its source again,
 * and ends when that is gone or cannot be waited on; a mail server that fails is left alone for
 * longer and longer. All that a thread ever changes is when a poll runs. */
#include "pipeline/watch.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "jobs/schedule.h"
#include "store/source.h"

#define ROLL_EVERY   (3 * CLOCK_SECOND)
#define WAIT_SECONDS 60.0
#define SETTLE       (CLOCK_SECOND / 20) /* mail comes in bursts: one poll for all of it */
#define FAILED_FIRST (10 * CLOCK_SECOND)
#define FAILED_MOST  (5 * CLOCK_MINUTE)
#define CANNOT_FOR   (10 * CLOCK_MINUTE) /* until a kind that cannot be waited on is asked again */

struct SourceWatch {
	const JobTools *tools;
	GThread *roll;
	GMutex lock;
	GCond changed;       /* a thread ended, or it is time to stop */
	GHashTable *watched; /* gint64 *: ids of sources that have a thread -> of their servers */
	guint in_database;   /* threads that use it now */
	gboolean stopping;
};

typedef struct {
	SourceWatch *watch;
	gint64 id;
	Source *source;
	MailServerRow *row;
} Watcher;

/* --- one source ---------------------------------------------------------------------------------
 */

static gboolean load(Db *db, gpointer data, GError **error)
{
	Watcher *watcher = data;
	g_clear_pointer(&watcher->source, source_free);
	g_clear_pointer(&watcher->row, mail_server_row_free);
	watcher->source = source_load(db, watcher->id, error);
	watcher->row = watcher->source
	                       ? mail_server_load(db, watcher->source->mail_server_id, error)
	                       : NULL;
	return watcher->row != NULL;
}

static gboolean poll_now(Db *db, gpointer data, GError **error)
{
	return source_schedule(db, ((Watcher *)data)->id, TRUE, error);
}

/* Waits until @until or until it is time to stop, which it returns. */
static gboolean rest(SourceWatch *watch, gint64 duration)
{
	gint64 until = g_get_monotonic_time() + duration;
	g_mutex_lock(&watch->lock);
	while (!watch->stopping && g_cond_wait_until(&watch->changed, &watch->lock, until))
		;
	gboolean stopping = watch->stopping;
	g_mutex_unlock(&watch->lock);
	return stopping;
}

/* Waits once. TRUE when @changed says whether something came. */
static gboolean wait_once(const Watcher *watcher, gboolean *changed, GError **error)
{
	MailServers *servers = watcher->watch->tools->servers;
	MailServer *server = mail_servers_get(servers, watcher->row, error);
	if (!server)
		return FALSE;
	g_autoptr(GError) problem = NULL;
	gboolean ok = mail_server_wait(server, watcher->source->mailbox, watcher->source->folder,
	                               deadline_in(WAIT_SECONDS), changed, &problem);
	mail_servers_release(servers, server, problem);
	if (!ok)
		g_propagate_error(error, g_steal_pointer(&problem));
	return ok;
}

/* Runs @work for @watcher, unless it is time to stop: then the database may be gone already. */
static gboolean with_database(Watcher *watcher, DbWork work, gboolean writes)
{
	SourceWatch *watch = watcher->watch;
	g_mutex_lock(&watch->lock);
	gboolean ok = !watch->stopping;
	watch->in_database += ok ? 1 : 0;
	g_mutex_unlock(&watch->lock);
	if (!ok)
		return FALSE;
	/* An error is no news: whoever polls meets it too, and says so. */
	ok = writes ? db_write(watch->tools->db, work, watcher, NULL)
	            : db_read(watch->tools->db, work, watcher, NULL);
	g_mutex_lock(&watch->lock);
	watch->in_database--;
	g_cond_broadcast(&watch->changed);
	g_mutex_unlock(&watch->lock);
	return ok;
}

/* TRUE to go on. */
static gboolean watch_once(Watcher *watcher, gint64 *failed_for)
{
	SourceWatch *watch = watcher->watch;
	gboolean changed = FALSE;
	g_autoptr(GError) error = NULL;
	if (!with_database(watcher, load, FALSE) || !watcher->source->enabled)
		return FALSE;
	gboolean waited = wait_once(watcher, &changed, &error);
	if (rest(watch, changed ? SETTLE : 0))
		return FALSE;
	if (!waited && g_error_matches(error, TRAWL_ERROR, TRAWL_ERROR_INVALID)) {
		rest(watch, CANNOT_FOR);
		return FALSE;
	}
	*failed_for = waited ? 0 : CLAMP(*failed_for * 2, FAILED_FIRST, FAILED_MOST);
	if (*failed_for && rest(watch, *failed_for))
		return FALSE;
	if (changed && with_database(watcher, poll_now, TRUE))
		job_ring();
	return TRUE;
}

static gpointer watcher_main(gpointer data)
{
	Watcher *watcher = data;
	SourceWatch *watch = watcher->watch;
	gint64 failed_for = 0;
	/* What came since the last poll and before the first wait would not be news. */
	if (with_database(watcher, poll_now, TRUE))
		job_ring();
	while (watch_once(watcher, &failed_for))
		;
	g_mutex_lock(&watch->lock);
	g_hash_table_remove(watch->watched, &watcher->id);
	g_cond_broadcast(&watch->changed);
	g_mutex_unlock(&watch->lock);
	g_clear_pointer(&watcher->source, source_free);
	g_clear_pointer(&watcher->row, mail_server_row_free);
	g_free(watcher);
	return NULL;
}

/* --- the roll -----------------------------------------------------------------------------------
 */

typedef struct {
	GPtrArray *sources, *servers; /* of Source, of MailServerRow */
} Roll;

static void roll_clear(Roll *roll)
{
	g_clear_pointer(&roll->sources, g_ptr_array_unref);
	g_clear_pointer(&roll->servers, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Roll, roll_clear)

static gboolean load_roll(Db *db, gpointer data, GError **error)
{
	Roll *roll = data;
	roll_clear(roll);
	roll->sources = source_list(db, error);
	roll->servers = roll->sources ? mail_server_list(db, error) : NULL;
	return roll->servers != NULL;
}

/* How many sources of a server may be waited on. Where connections are counted, waiting holds one,
 * and most must be left for work. */
static guint share_of_waiting(const SourceWatch *watch, const Roll *roll, gint64 server_id)
{
	for (guint i = 0; i < roll->servers->len; i++) {
		const MailServerRow *row = roll->servers->pdata[i];
		if (row->id != server_id)
			continue;
		const MailServerKind *kind = mail_servers_kind(watch->tools->servers, row);
		if (kind && !g_strv_contains(kind->config, "connections"))
			return LIMIT_WATCHES;
		g_autoptr(json_t) config = json_parse(row->config, -1, NULL);
		gint64 connections = json_int(config, "connections", LIMIT_CONNECTIONS);
		return (guint)CLAMP(connections / 4, 1, LIMIT_WATCHES);
	}
	return 0;
}

/* With the lock. */
static guint count_waiting(const SourceWatch *watch, gint64 server_id)
{
	guint count = 0;
	GHashTableIter iter;
	gpointer server;
	g_hash_table_iter_init(&iter, watch->watched);
	while (g_hash_table_iter_next(&iter, NULL, &server))
		count += *(gint64 *)server == server_id;
	return count;
}

/* With the lock. */
static void start_watcher(SourceWatch *watch, const Source *source)
{
	Watcher *watcher = g_new0(Watcher, 1);
	watcher->watch = watch;
	watcher->id = source->id;
	g_autoptr(GThread) thread = g_thread_try_new("watch", watcher_main, watcher, NULL);
	if (!thread) { /* too many threads: it is polled by its interval */
		g_free(watcher);
		return;
	}
	g_hash_table_insert(watch->watched, g_memdup2(&source->id, sizeof source->id),
	                    g_memdup2(&source->mail_server_id, sizeof source->mail_server_id));
}

static void call_roll(SourceWatch *watch)
{
	g_auto(Roll) roll = {0};
	if (!db_read(watch->tools->db, load_roll, &roll, NULL))
		return; /* no database: whoever needs it says so */
	g_mutex_lock(&watch->lock);
	for (guint i = 0; i < roll.sources->len && !watch->stopping; i++) {
		const Source *source = roll.sources->pdata[i];
		if (source->enabled && !g_hash_table_contains(watch->watched, &source->id) &&
		    g_hash_table_size(watch->watched) < LIMIT_WATCHES &&
		    count_waiting(watch, source->mail_server_id) <
		            share_of_waiting(watch, &roll, source->mail_server_id))
			start_watcher(watch, source);
	}
	g_mutex_unlock(&watch->lock);
}

static gpointer roll_main(gpointer data)
{
	SourceWatch *watch = data;
	do
		call_roll(watch);
	while (!rest(watch, ROLL_EVERY));
	return NULL;
}

SourceWatch *source_watch_start(const JobTools *tools)
{
	SourceWatch *watch = g_new0(SourceWatch, 1);
	watch->tools = tools;
	g_mutex_init(&watch->lock);
	g_cond_init(&watch->changed);
	watch->watched = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	watch->roll = g_thread_new("watch", roll_main, watch);
	return watch;
}

gboolean source_watch_stop(SourceWatch *watch)
{
	g_mutex_lock(&watch->lock);
	watch->stopping = TRUE;
	g_cond_broadcast(&watch->changed);
	g_mutex_unlock(&watch->lock);
	g_thread_join(watch->roll);
	g_mutex_lock(&watch->lock);
	while (watch->in_database)
		g_cond_wait(&watch->changed, &watch->lock);
	gboolean ended = g_hash_table_size(watch->watched) == 0;
	g_mutex_unlock(&watch->lock);
	if (!ended)
		return FALSE;
	g_hash_table_unref(watch->watched);
	g_mutex_clear(&watch->lock);
	g_cond_clear(&watch->changed);
	g_free(watch);
	return TRUE;
}
