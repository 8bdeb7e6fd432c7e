#pragma once
#include "daemon/keeper.h"
#include "db/db.h"

/* Keeps what is new to be found by its words (search/index.h). */

typedef struct {
	DbPool *db;
	gint64 done; /* when all was indexed; monotonic. 0 at the start */
} IndexingLook;

/** Its data is an IndexingLook. */
extern const KeeperWork indexing_keeping;
