/* Wall time and deadlines. Nothing else in the tree reads a clock in another unit. */
#include "base/clock.h"

#include "base/error.h"

gint64 clock_now(void)
{
	return g_get_real_time();
}

char *clock_format(gint64 wall)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(wall / CLOCK_SECOND);
	if (!time)
		return g_strdup("invalid time");
	g_autofree char *seconds = g_date_time_format(time, "%Y-%m-%dT%H:%M:%S");
	return g_strdup_printf("%s.%03dZ", seconds, (int)(wall % CLOCK_SECOND / 1000));
}

gboolean clock_parse(const char *text, gint64 *wall)
{
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GDateTime) time = text ? g_date_time_new_from_iso8601(text, utc) : NULL;
	if (!time)
		return FALSE;
	*wall = g_date_time_to_unix(time) * CLOCK_SECOND + g_date_time_get_microsecond(time);
	return TRUE;
}

gint64 deadline_in(double seconds)
{
	return g_get_monotonic_time() + (gint64)(seconds * (double)CLOCK_SECOND);
}

int deadline_left_ms(gint64 deadline)
{
	gint64 left = (deadline - g_get_monotonic_time() + 999) / 1000;
	return (int)CLAMP(left, 0, G_MAXINT);
}

gboolean deadline_check(gint64 deadline, GError **error)
{
	if (g_get_monotonic_time() < deadline)
		return TRUE;
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_TIMEOUT,
	                    "the time allowed for this has passed");
	return FALSE;
}
