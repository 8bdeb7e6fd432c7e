/* When a job that failed is tried again.
 *
 * The wait doubles with each failure and is spread at random, so that a thousand jobs that failed
 * together do not come back together. Where it starts and how far it grows depends on what the
 * error says can be done: a lock is free in a moment, a peer that asks us to wait means it. */
#include "base/clock.h"
#include "base/error.h"
#include "jobs/jobs.h"

typedef struct {
	gint64 first, longest; /* µs */
} Backoff;

static const Backoff usual = {2 * CLOCK_SECOND, 15 * CLOCK_MINUTE};

static const Backoff by_code[TRAWL_ERROR_LAST] = {
	[TRAWL_ERROR_BUSY] = {CLOCK_SECOND / 2, CLOCK_MINUTE},
	[TRAWL_ERROR_PRECONDITION] = {CLOCK_SECOND / 2, CLOCK_MINUTE},
	[TRAWL_ERROR_CANCELLED] = {CLOCK_SECOND / 2, CLOCK_MINUTE},
	[TRAWL_ERROR_STORAGE] = {5 * CLOCK_SECOND, 5 * CLOCK_MINUTE},
	[TRAWL_ERROR_THROTTLED] = {CLOCK_MINUTE, CLOCK_HOUR},
};

gint64 job_backoff(gint64 attempts, const GError *error, gint64 now)
{
	const Backoff *backoff = &usual;
	if (error && by_code[error_remedy(error)->code].first)
		backoff = &by_code[error_remedy(error)->code];
	gint64 wait = backoff->first;
	for (gint64 i = 1; i < attempts && wait < backoff->longest; i++)
		wait *= 2;
	wait = MIN(wait, backoff->longest);
	/* Between half of it and all of it: never sooner than the peer deserves, never in step. */
	return now + (gint64)((double)wait * g_random_double_range(0.5, 1.0));
}
