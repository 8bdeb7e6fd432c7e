/* When things come again: the beat of a source, and the waits after failures. */
#include "jobs/schedule.h"

#include "base/clock.h"
#include "base/error.h"
#include "jobs/jobs.h"

#define NOON (20000 * CLOCK_DAY + 12 * CLOCK_HOUR) /* any fixed moment */

static void test_waits_grow_to_a_cap_that_the_error_chooses(void)
{
	static const struct {
		TrawlError code;
		gint64 attempts, least, most; /* seconds */
	} cases[] = {
		{TRAWL_ERROR_UNREACHABLE, 1, 1, 2},
		{TRAWL_ERROR_UNREACHABLE, 3, 4, 8},
		{TRAWL_ERROR_UNREACHABLE, 99, 450, 900},
		{TRAWL_ERROR_TIMEOUT, 1, 1, 2},
		{TRAWL_ERROR_THROTTLED, 1, 30, 60},
		{TRAWL_ERROR_THROTTLED, 99, 1800, 3600},
		{TRAWL_ERROR_BUSY, 1, 0, 1},
		{TRAWL_ERROR_BUSY, 99, 30, 60},
		{TRAWL_ERROR_STORAGE, 99, 150, 300},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = g_error_new(TRAWL_ERROR, (int)cases[i].code, "it failed");
		for (guint round = 0; round < 50; round++) {
			gint64 wait = job_backoff(cases[i].attempts, error, NOON) - NOON;
			g_assert_cmpint(wait, >=, cases[i].least * CLOCK_SECOND);
			g_assert_cmpint(wait, <=, cases[i].most * CLOCK_SECOND);
		}
	}
}

static void test_jobs_that_fail_together_do_not_come_back_together(void)
{
	g_autoptr(GHashTable) seen =
		g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	for (guint i = 0; i < 100; i++) {
		gint64 at = job_backoff(5, NULL, NOON);
		g_hash_table_add(seen, g_memdup2(&at, sizeof at));
	}
	g_assert_cmpuint(g_hash_table_size(seen), >, 90);
}

static void test_a_source_keeps_its_beat(void)
{
	static const gint64 intervals[] = {1, 5, 60};
	for (guint i = 0; i < G_N_ELEMENTS(intervals); i++) {
		gint64 interval = intervals[i] * CLOCK_MINUTE;
		gint64 first = source_next_poll(7, intervals[i], NOON);
		g_assert_cmpint(first, >, NOON);
		g_assert_cmpint(first, <=, NOON + interval);
		/* a poll that took a while, one after another or after an outage: the beat is the
		 * same */
		g_assert_cmpint(source_next_poll(7, intervals[i], first), ==, first + interval);
		g_assert_cmpint(source_next_poll(7, intervals[i], first + interval / 3), ==,
		                first + interval);
		g_assert_cmpint(source_next_poll(7, intervals[i], first + 10 * interval + 1), ==,
		                first + 11 * interval);
	}
}

static void test_a_thousand_sources_spread_over_the_interval(void)
{
	guint per_second[60] = {0};
	for (gint64 id = 1; id <= 1000; id++)
		per_second[(source_next_poll(id, 1, NOON) - NOON - 1) / CLOCK_SECOND]++;
	for (guint i = 0; i < 60; i++) {
		g_assert_cmpuint(per_second[i], >=, 14);
		g_assert_cmpuint(per_second[i], <=, 20);
	}
}

static void test_an_interval_outside_the_allowed_is_held_to_it(void)
{
	g_assert_cmpint(source_next_poll(1, 0, NOON), <=, NOON + CLOCK_MINUTE);
	g_assert_cmpint(source_next_poll(1, 1000, NOON), <=, NOON + CLOCK_HOUR);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/schedule/waits grow to a cap that the error chooses",
	                test_waits_grow_to_a_cap_that_the_error_chooses);
	g_test_add_func("/schedule/jobs that fail together do not come back together",
	                test_jobs_that_fail_together_do_not_come_back_together);
	g_test_add_func("/schedule/a source keeps its beat", test_a_source_keeps_its_beat);
	g_test_add_func("/schedule/a thousand sources spread over the interval",
	                test_a_thousand_sources_spread_over_the_interval);
	g_test_add_func("/schedule/an interval outside the allowed is held to it",
	                test_an_interval_outside_the_allowed_is_held_to_it);
	return g_test_run();
}
