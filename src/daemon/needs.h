#pragma once
#include "db/db.h"

/* Works out the need of incidents that wait: a thread that looks now and then (store/need.h). */

typedef struct NeedKeeper NeedKeeper;
NeedKeeper *need_keeper_start(DbPool *db);
void need_keeper_stop(NeedKeeper *keeper);
