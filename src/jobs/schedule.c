/* When a source is polled.
 *
 * Each source has its own beat: the moments at which (time + its share of the interval) is a
 * multiple of the interval. So polls do not drift, a thousand sources spread evenly over the
 * interval however they were made, and after an outage, a poll by hand or a retry each returns to
 * its beat by itself. */
#include "jobs/schedule.h"

#include "base/clock.h"
#include "base/error.h"
#include "jobs/jobs.h"
#include "store/job.h"
#include "store/source.h"

/* The golden ratio's multiples, modulo one, fill an interval evenly for any number of sources. */
#define GOLDEN 0.6180339887498949

gint64 source_next_poll(gint64 source_id, gint64 interval_minutes, gint64 now)
{
	gint64 interval =
		CLAMP(interval_minutes, POLLING_INTERVAL_MIN, POLLING_INTERVAL_MAX) * CLOCK_MINUTE;
	double share = (double)source_id * GOLDEN;
	gint64 phase = (gint64)((share - (double)(gint64)share) * (double)interval);
	return now - (now + phase) % interval + interval;
}

/* A poll that waits is called off; one that runs finds out by itself. */
static gboolean call_off(Db *db, const char *key, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(Job) job = job_find_live(db, key, &problem);
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	return !job || job->state != JOB_READY || job_cancel(db, job->id, clock_now(), error);
}

gboolean source_schedule(Db *db, gint64 source_id, gboolean now, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autofree char *key = g_strdup_printf("poll:%" G_GINT64_FORMAT, source_id);
	g_autoptr(Source) source = source_load(db, source_id, &problem);
	if (!source && !g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	if (!source || !source->enabled)
		return call_off(db, key, error);
	gint64 at = clock_now();
	gboolean at_once = now || !source->last_poll_at;
	g_autofree char *lane = job_lane(JOB_LANE_POLL, source->mail_server_id);
	return job_queue(db, "source.poll", key, lane, now ? PRIORITY_INTERACTIVE : PRIORITY_POLL,
	                 at_once ? at : source_next_poll(source->id, source->polling_interval, at),
	                 json_pack("{s:I}", "source", (json_int_t)source->id), NULL, error);
}
