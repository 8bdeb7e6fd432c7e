#pragma once
#include "daemon/keeper.h"
#include "db/db.h"

/* Keeps what is counted about reporters and incidents (store/figures.h). */

typedef struct {
	DbPool *db;
	gint64 seen; /* the newest record when all was counted; -1 at the start */
} FiguresLook;

/** Its data is a FiguresLook. */
extern const KeeperWork figures_keeping;
