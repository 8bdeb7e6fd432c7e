#pragma once
#include "api/login.h"
#include "base/error.h"
#include "base/json.h"
#include "signon/sign_on.h"
#include "store/identity.h"

/* One log-in through a provider: what its two kinds, oidc and ldap, share. */

typedef struct {
	Login login;
	IdentityProvider *provider;
	json_t *config, *metadata; /* the provider's */
	gint64 provider_id, job_id;
	SignOn row;
	json_t *identity; /* the worker's answer */
	Admission admission;
	const char *reason; /* of a refusal that is to be written down */
} Attempt;
void attempt_clear(Attempt *attempt);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Attempt, attempt_clear)

DbPool *attempt_pool(const Attempt *attempt);
/** A DbWork whose data is an Attempt with a provider_id: TRAWL_ERROR_NOT_FOUND, also when it is
 * off. */
gboolean attempt_load_provider(Db *db, gpointer data, GError **error);

/** Waits until the job that @begin, a DbWork, queues as the attempt's is over. TRAWL_ERROR_BUSY
 * when too many wait, TRAWL_ERROR_TIMEOUT when it takes too long. */
gboolean attempt_wait(Attempt *attempt, DbWork begin, GError **error);
/** Writes down that nobody was let in, and why. Returns FALSE, with @code and @reason. */
gboolean attempt_refuse(Attempt *attempt, TrawlError code, const char *reason, GError **error);

/**
 * Has the worker ask the provider who it is; the answer is in @attempt then.
 *
 * @take_brought  what the browser brought; sealed to the worker's key
 * @find          who it is for whom the provider refused, a DbWork whose data is the attempt; NULL:
 * nobody
 */
gboolean attempt_ask(Attempt *attempt, json_t *take_brought, DbWork find, GError **error);
/** Begins the session of whoever it is, or refuses. */
gboolean attempt_enter(Attempt *attempt, Answer *answer, GError **error);

/** Sends a browser away to the provider of @attempt (sign_on_oidc.c). */
gboolean attempt_send_away(Attempt *attempt, Answer *answer, GError **error);
/** Asks the directory of @attempt at once (sign_on_directory.c). */
gboolean attempt_ask_directory(Attempt *attempt, Answer *answer, GError **error);
