/* Indexes what is new, a small transaction at a time. Mail that waits to be read or pulled comes
 * first, for a while. */
#include "daemon/indexing.h"

#include "base/clock.h"
#include "search/index.h"
#include "store/job.h"

#define AT_LAST (20 * CLOCK_SECOND) /* so long it gives way to jobs that wait */

static gboolean next_job(Db *db, gpointer due, GError **error)
{
	return job_next_at(db, due, error);
}

static gboolean gives_way(const IndexingLook *at)
{
	gint64 due = 0;
	return g_get_monotonic_time() < at->done + AT_LAST &&
	       db_read(at->db, next_job, &due, NULL) && due && due <= clock_now();
}

static gboolean look(gpointer data)
{
	IndexingLook *at = data;
	gboolean more = FALSE;
	g_autoptr(GError) error = NULL;
	if (gives_way(at))
		return FALSE;
	if (!search_index_some(at->db, &more, &error))
		g_message("what is new cannot be searched yet: %s", error->message);
	else if (!more)
		at->done = g_get_monotonic_time();
	return !error && more;
}

const KeeperWork indexing_keeping = {
	.name = "search", .look = look, .every = CLOCK_SECOND, .breath = 0};
