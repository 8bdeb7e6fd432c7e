#pragma once
#include "daemon/keeper.h"

/* Works out the need of incidents that wait (store/need.h). Its data is the DbPool. */
extern const KeeperWork need_keeping;
