#pragma once
#include "api/context.h"
#include "auth/api_key_auth.h"

/* Who asks. Keys are 256 random bits, so guessing is hopeless; the limit on failures per address
 * keeps guessers from costing the database anything, and never locks out who has a good key. */

Access *access_new(void);
void access_free(Access *access);

/**
 * Finds the key of an Authorization header.
 *
 * @authorization  the header's value
 * @address        whom a failure counts against
 * @return  (transfer full) TRAWL_ERROR_AUTHENTICATION, the same for every reason; _THROTTLED after
 *          LIMIT_AUTH_FAILURES failures from one address within a minute
 */
ApiKey *access_check(Access *access, DbPool *db, const char *authorization, const char *address,
                     GError **error);

/** Writes when each key was last used; called now and then, so that a request costs no write. */
gboolean access_save_used(Access *access, DbPool *db, GError **error);
