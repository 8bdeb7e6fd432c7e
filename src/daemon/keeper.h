#pragma once
#include <glib.h>

/* A thread that looks now and then whether there is something to do, and does it a little at a
 * time. For what stands in the rows themselves when it is due: there is nothing to queue, to lease
 * or to lose, and a queue of jobs that is full does not hold it up. */

typedef struct {
	const char *name; /* of the thread */
	/** Does a part of it. TRUE when there is more to do. */
	gboolean (*look)(gpointer data);
	gint64 every;  /* µs to the next look when there was no more */
	gint64 breath; /* … when there was: others write too */
} KeeperWork;

typedef struct Keeper Keeper;

/** @work is static, @data outlives the keeper. */
Keeper *keeper_start(const KeeperWork *work, gpointer data);
/** Waits for the look that runs. */
void keeper_stop(Keeper *keeper);
