/* Asks for a run of retention once a day. What is due stands in the settings, so that no job waits
 * in the queue all day. */
#include "daemon/retention.h"

#include "base/clock.h"
#include "jobs/jobs.h"
#include "retention/retention.h"

static gboolean look_work(Db *db, gpointer queued, GError **error)
{
	return retention_look(db, clock_now(), queued, error);
}

static gboolean look(gpointer db)
{
	gboolean queued = FALSE;
	g_autoptr(GError) error = NULL;
	if (!db_write(db, look_work, &queued, &error))
		g_message("retention cannot be asked for: %s", error->message);
	if (queued)
		job_ring();
	return FALSE;
}

const KeeperWork retention_keeping = {
	.name = "retention", .look = look, .every = 10 * CLOCK_MINUTE, .breath = CLOCK_MINUTE};
