/* How work gets into the queue, and how the runners of this machine hear of it.
 *
 * The bell is an eventfd that the supervisor makes before it forks the roles. Ringing it is a hint
 * and nothing more: a runner looks into the queue every 2 s anyway, so a ring may be lost, and one
 * that comes before its commit costs a look at the queue. */
#include "base/clock.h"
#include "jobs/jobs.h"
#include "store/job.h"

#include <errno.h>
#include <unistd.h>

static gint doorbell = -1;

void job_set_doorbell(int fd)
{
	g_atomic_int_set(&doorbell, fd);
}

void job_ring(void)
{
	int fd = g_atomic_int_get(&doorbell);
	const guint64 one = 1;
	/* EAGAIN means that it rings already. */
	if (fd >= 0 && write(fd, &one, sizeof one) < 0)
		g_debug("the bell of the job queue does not ring: %s", g_strerror(errno));
}

char *job_lane(const char *work, gint64 server_id)
{
	return g_strdup_printf("%s%" G_GINT64_FORMAT, work, server_id);
}

gboolean job_queue(Db *db, const char *kind, const char *unique_key, const char *lane,
                   JobPriority priority, gint64 run_at, json_t *payload, gint64 *id, GError **error)
{
	g_autoptr(json_t) document = payload ? payload : json_object();
	g_autofree char *text = json_format(document);
	gint64 now = clock_now();
	Job job = {
		.kind = (char *)kind,
		.unique_key = (char *)unique_key,
		.lane = (char *)(lane ? lane : kind),
		.priority = priority,
		.state = JOB_READY,
		.run_at = run_at ? run_at : now,
		.payload = text,
		.created_at = now,
		.updated_at = now,
	};
	if (!job_insert(db, &job, TRUE, error))
		return FALSE;
	if (id)
		*id = job.id;
	return TRUE;
}
