#pragma once
#include "api/context.h"
#include "auth/caller.h"

/* Who asks. Keys are 256 random bits, so guessing is hopeless; the limit on failures per address
 * keeps guessers from costing the database anything, and never locks out who has a good key. */

Access *access_new(void);
void access_free(Access *access);

/**
 * Finds the caller of an Authorization header, or else of a session's token.
 *
 * @authorization  the header's value, or NULL
 * @token          the cookie's, when there is no such header
 * @address        whom a failure counts against
 * @return  (transfer full) TRAWL_ERROR_AUTHENTICATION, the same for every reason; _THROTTLED after
 *          LIMIT_AUTH_FAILURES failures from one address within a minute
 */
Caller *access_check(Access *access, DbPool *db, const char *authorization, const char *token,
                     const char *address, GError **error);

/** TRAWL_ERROR_THROTTLED after LIMIT_AUTH_FAILURES failures from one address within a minute. */
gboolean access_may_log_in(Access *access, const char *address, GError **error);
void access_note_failed_login(Access *access, const char *address);

/** Writes when each key and session was last used; called now and then, so that a request costs no
 * write. */
gboolean access_save_used(Access *access, DbPool *db, GError **error);
