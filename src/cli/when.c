/* Time as people think of it: how long ago for what is near, a date for what is not. */
#include "cli/when.h"

#include "base/clock.h"

char *when_relative(gint64 wall, gint64 now)
{
	/* clang-format off */
	static const struct {
		gint64 below, unit;
		const char *one, *many;
	} steps[] = {
		{CLOCK_MINUTE, CLOCK_SECOND, "s",   "s"},
		{CLOCK_HOUR,   CLOCK_MINUTE, "min", "min"},
		{CLOCK_DAY,    CLOCK_HOUR,   "h",   "h"},
		{G_MAXINT64,   CLOCK_DAY,    "day", "days"},
	};
	/* clang-format on */
	gboolean future = wall > now;
	gint64 distance = future ? wall - now : now - wall;
	if (distance < 2 * CLOCK_SECOND)
		return g_strdup("just now");
	guint i = 0;
	while (distance >= steps[i].below)
		i++;
	gint64 n = distance / steps[i].unit;
	return g_strdup_printf(future ? "in %" G_GINT64_FORMAT " %s"
	                              : "%" G_GINT64_FORMAT " %s ago",
	                       n, n == 1 ? steps[i].one : steps[i].many);
}

static char *format(gint64 wall, GTimeZone *zone, const char *pattern)
{
	g_autoptr(GTimeZone) local = zone ? g_time_zone_ref(zone) : g_time_zone_new_local();
	g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(wall / CLOCK_SECOND);
	g_autoptr(GDateTime) there = utc ? g_date_time_to_timezone(utc, local) : NULL;
	return there ? g_date_time_format(there, pattern) : g_strdup("invalid time");
}

char *when_local(gint64 wall, GTimeZone *zone)
{
	return format(wall, zone, "%Y-%m-%d %H:%M:%S");
}

char *when_both(gint64 wall, gint64 now, GTimeZone *zone)
{
	g_autofree char *local = when_local(wall, zone);
	g_autofree char *relative = when_relative(wall, now);
	return g_strdup_printf("%s (%s)", local, relative);
}

char *when_short(gint64 wall, gint64 now, GTimeZone *zone)
{
	if (ABS(now - wall) < CLOCK_DAY)
		return when_relative(wall, now);
	return format(wall, zone, "%Y-%m-%d");
}

char *size_format(gint64 bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	double size = (double)bytes;
	guint unit = 0;
	for (; size >= 1000 && unit + 1 < G_N_ELEMENTS(units); unit++)
		size /= 1000;
	return g_strdup_printf(unit && size < 10 ? "%.1f %s" : "%.0f %s", size, units[unit]);
}
