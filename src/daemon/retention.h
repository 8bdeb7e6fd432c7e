#pragma once
#include "daemon/keeper.h"

/* Asks for a run of retention when one is due; the work of its data is the DbPool. */
extern const KeeperWork retention_keeping;
