#pragma once
#include "db/db.h"

/* Keeps what is counted about reporters and incidents: a thread that follows what changes
 * (store/figures.h). */

typedef struct FiguresKeeper FiguresKeeper;
FiguresKeeper *figures_keeper_start(DbPool *db);
void figures_keeper_stop(FiguresKeeper *keeper);
