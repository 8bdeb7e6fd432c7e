#pragma once
#include "base/json.h"

#include <gnutls/gnutls.h>

/* The other half of a signature: its signer's key, as the DNS has it. */

typedef struct {
	const char *name; /* of the tag "a" */
	gnutls_digest_algorithm_t digest;
	const char *hash, *key; /* what the key record calls them: "h" and "k" */
	gnutls_sign_algorithm_t sign;
	gboolean obsolete; /* RFC 8301: a signature with it proves nothing */
} DkimAlgorithm;

/** The row of a lower-case name, or NULL. */
const DkimAlgorithm *dkim_algorithm_find(const char *name);

/**
 * Verifies a signature, as dkim_describe() or arc_describe() left it, against its key, and writes
 * "verified", "problem" and "testing" into it. Only an "unchecked" one is touched.
 *
 * "verified" becomes pass · fail (the signature is wrong) · obsolete (right, but by rsa-sha1) ·
 * no_key · revoked · weak_key (RSA below 1024 bits) · key_invalid · key_refused (the key is not for
 * this) · unreachable (the DNS did not answer).
 *
 * @key  a key record's text ("v=DKIM1; p=…"), an array of several, JSON null when the DNS has none,
 *       JSON false when it did not answer, NULL when nobody asked
 */
void dkim_verify(json_t *signature, const json_t *key);

/** Lower-case hexadecimal, newly allocated. */
char *dkim_hex(const guint8 *octets, gsize size);
