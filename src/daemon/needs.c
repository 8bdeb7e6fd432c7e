/* Keeps the queue's order while nothing happens but time.
 *
 * Workers beside each other do the same work twice at worst. After the migration that brought
 * `need` it works out all open incidents, a small transaction at a time; until then they stand at
 * the queue's end. */
#include "daemon/needs.h"

#include "base/clock.h"
#include "store/need.h"

#define TOGETHER 200 /* incidents of one transaction */

static gboolean ripen(Db *db, gpointer done, GError **error)
{
	return need_ripen(db, TOGETHER, done, error);
}

static gboolean look(gpointer db)
{
	gint64 done = 0;
	g_autoptr(GError) error = NULL;
	if (!db_write(db, ripen, &done, &error))
		g_message("what incidents need cannot be worked out: %s", error->message);
	return !error && done == TOGETHER;
}

const KeeperWork need_keeping = {
	.name = "needs", .look = look, .every = 30 * CLOCK_SECOND, .breath = CLOCK_SECOND / 20};
