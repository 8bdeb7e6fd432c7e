#pragma once
#include <glib.h>

/* Times and sizes for people. Times are wall microseconds; all results are newly allocated. */

/** "just now", "3 min ago", "in 2 h", "5 days ago". */
char *when_relative(gint64 wall, gint64 now);
/** "2026-11-23 10:04:12" in @zone (NULL: this machine's). */
char *when_local(gint64 wall, GTimeZone *zone);
/** Both: "2026-11-23 10:04:12 (3 min ago)". */
char *when_both(gint64 wall, gint64 now, GTimeZone *zone);
/** For a narrow column: relative within a day, then the date. */
char *when_short(gint64 wall, gint64 now, GTimeZone *zone);
/** "812 B", "3.4 kB", "12 MB". */
char *size_format(gint64 bytes);
