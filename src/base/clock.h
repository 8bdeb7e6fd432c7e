#pragma once
#include <glib.h>

/* Two kinds of time, never mixed: wall time is microseconds since 1970 UTC (what is stored and
 * shown); a deadline is microseconds of the monotonic clock (what is waited for). */

#define CLOCK_SECOND ((gint64)G_USEC_PER_SEC)
#define CLOCK_MINUTE (60 * CLOCK_SECOND)
#define CLOCK_HOUR   (60 * CLOCK_MINUTE)
#define CLOCK_DAY    (24 * CLOCK_HOUR)

/** Wall time now, in microseconds since 1970. */
gint64 clock_now(void);

/** RFC 3339 in UTC with microseconds cut to milliseconds, "2026-11-23T09:00:00.000Z"; newly
 * allocated. */
char *clock_format(gint64 wall);

/** Parses RFC 3339; FALSE when @text is not a time. */
gboolean clock_parse(const char *text, gint64 *wall);

/** The deadline @seconds from now. */
gint64 deadline_in(double seconds);

/** Milliseconds left until @deadline, 0 when it passed; never more than G_MAXINT. */
int deadline_left_ms(gint64 deadline);

/** TRUE while time is left; otherwise sets TRAWL_ERROR_TIMEOUT. */
gboolean deadline_check(gint64 deadline, GError **error);
