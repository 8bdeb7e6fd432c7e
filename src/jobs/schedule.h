#pragma once
#include "db/db.h"

/* A source's polling is one recurring job, "source.poll" with unique key "poll:<id>": its run_at is
 * the next poll. */

/** Makes, moves or ends the poll job of a source so that it fits its row (enabled, deleted,
 * interval); in the caller's transaction. @now: poll at once. A source that was never polled is
 * polled at once anyway. Ring the bell after the commit. */
gboolean source_schedule(Db *db, gint64 source_id, gboolean now, GError **error);

/** The next moment after @now on the source's own beat, wall time. At most an interval away. */
gint64 source_next_poll(gint64 source_id, gint64 interval_minutes, gint64 now);
