#pragma once
#include "cli/command.h"
#include "db/db.h"

/* A data directory on this machine, opened without its daemon. */

/** --data, $TRAWL_DATA or /var/lib/trawl; absolute, newly allocated. */
char *local_data_dir(const Cli *cli);

/** Opens the database of --database or of the data directory. TRAWL_ERROR_NOT_FOUND when there is
 * no store yet: looking must not make one. */
DbPool *local_open(const Cli *cli, GError **error);
