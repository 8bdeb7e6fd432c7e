/* Counts again what has changed, a small transaction at a time. It looks before it writes, so that
 * an installation in which nothing happens is left in peace. */
#include "daemon/figures.h"

#include "base/clock.h"
#include "store/audit.h"
#include "store/figures.h"

static gboolean newest(Db *db, gpointer seq, GError **error)
{
	return audit_last(db, seq, error);
}

static gboolean update(Db *db, gpointer more, GError **error)
{
	return figures_update(db, more, error);
}

static gboolean look(gpointer data)
{
	FiguresLook *at = data;
	gint64 now = 0;
	gboolean more = FALSE;
	g_autoptr(GError) error = NULL;
	if (!db_read(at->db, newest, &now, NULL) || now == at->seen)
		return FALSE;
	if (!db_write(at->db, update, &more, &error))
		g_message("what has changed cannot be counted: %s", error->message);
	else if (!more)
		at->seen = now;
	return !error && more;
}

const KeeperWork figures_keeping = {
	.name = "figures", .look = look, .every = 2 * CLOCK_SECOND, .breath = CLOCK_SECOND / 50};
