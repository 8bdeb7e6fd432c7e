#pragma once
#include "db/db.h"

/* The one-time link by which the first administrator is made: whoever can read the daemon's output
 * or run a command as its user may do that, and nobody else. */

#define SETUP_SECONDS (24 * 3600)

/** Makes a new token and forgets the one before; NULL with TRAWL_ERROR_CONFLICT when there are
 * users already. Newly allocated. */
char *setup_token_make(Db *db, gint64 now, GError **error);

/** Uses the token up. TRAWL_ERROR_AUTHENTICATION when it is not the one, too old, or there are
 * users already. */
gboolean setup_token_use(Db *db, const char *token, gint64 now, GError **error);
