#pragma once
#include "base/json.h"

/* OpenID Connect as a relying party: the authorization code flow with PKCE (RFC 7636). Everything
 * that connects out runs in the worker. */

/* What a log-in's browser keeps, and what follows from it; none of it is stored with us. */
typedef struct {
	char *state, *nonce, *verifier, *challenge;
} OidcProofs;
/** All of them follow from @token, and none tells anything about another. */
void oidc_proofs_init(OidcProofs *proofs, const char *token);
void oidc_proofs_clear(OidcProofs *proofs);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(OidcProofs, oidc_proofs_clear)

/**
 * Asks the provider for what it says of itself (OpenID Connect Discovery 1.0 §4), and checks it:
 * it is the issuer that is configured, has what the flow needs, and every address is safe.
 *
 * @return  (transfer full) the members that are used, and "fetched_at"
 */
json_t *oidc_discover(const json_t *config, gint64 deadline, GError **error);

/** What the provider publishes its signatures' keys as: a JWK set. (transfer full) */
json_t *oidc_fetch_keys(const json_t *config, const json_t *metadata, gint64 deadline,
                        GError **error);

/** Where a browser is sent to log in; newly allocated. @metadata as oidc_discover() gave it. */
char *oidc_authorization_url(const json_t *config, const json_t *metadata,
                             const OidcProofs *proofs);

/** Where a browser is sent to log out (OpenID Connect RP-Initiated Logout 1.0); NULL when the
 * provider has no such place, or it is not wanted. Newly allocated. */
char *oidc_logout_url(const json_t *config, const json_t *metadata);

/**
 * Turns a code into who somebody is: asks for the token, checks it whole, and asks for the rest
 * where the token leaves something out.
 *
 * @secret  {"client_secret": …}, or {}
 * @return  (transfer full) an identity (signon/sign_on.h); TRAWL_ERROR_DENIED for what a person who
 *          logs in should read, any other for what an administrator has to look after
 */
json_t *oidc_redeem(const json_t *config, const json_t *secret, const json_t *metadata,
                    const char *code, const char *verifier, const char *nonce, gint64 deadline,
                    GError **error);

/** Lines for a person: does it work, as far as can be told without logging in? Each is {"level",
 * "what", "detail"}. (transfer full) @metadata (out, transfer full) or NULL */
json_t *oidc_check(const json_t *config, const json_t *secret, gint64 deadline, json_t **metadata);
