#pragma once
#include "base/json.h"

/* ID tokens (OpenID Connect Core 1.0 §2, §3.1.3.7). Pure: no I/O and no clock. */

typedef struct {
	const char *issuer, *client_id;
	const char *nonce; /* what this log-in's browser was sent away with */
	gint64 now;        /* wall */
} IdTokenExpected;

/**
 * Takes a token apart and believes none of it before the signature and every claim are what they
 * have to be.
 *
 * The algorithm is one of a list of ours, all with a public key; the key is one of @keys that is
 * meant for signatures and fits the algorithm. What the token's header says of keys elsewhere is
 * not looked at.
 *
 * @keys   a JWK set (RFC 7517 §5)
 * @return (transfer full) the claims; TRAWL_ERROR_DENIED says in one clear sentence what is wrong,
 *         _NOT_FOUND: signed with a key that is not in the set
 */
json_t *id_token_check(const char *token, const json_t *keys, const IdTokenExpected *expected,
                       GError **error);

/** Undoes base64url without padding (RFC 7515 §2); NULL for what is none. */
GBytes *id_token_decode(const char *text, gssize length);
