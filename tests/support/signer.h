#pragma once
#include <glib.h>
#include <gnutls/gnutls.h>

/* Whoever signs mail in a test: a key of his own, and signatures by it over octets that the test
 * itself says are the canonical ones. */

typedef struct Signer Signer;

/** @bits  of an RSA key; 0: an Ed25519 key */
Signer *signer_new(guint bits);
void signer_free(Signer *signer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Signer, signer_free)

/** "v=DKIM1; k=…; p=…"; newly allocated. */
char *signer_record(const Signer *signer);
/** The same key with other tags before it: "v=DKIM1; t=s"; newly allocated. */
char *signer_record_with(const Signer *signer, const char *tags);

/** In base64, newly allocated. @algorithm  "rsa-sha256", "rsa-sha1", "ed25519-sha256" */
char *signer_sign(const Signer *signer, const char *algorithm, const char *octets);
/** A digest in base64, newly allocated. */
char *signer_hash(const char *algorithm, const char *octets);

/**
 * A message with a DKIM-Signature of @domain by the selector "s1" on top, canonicalization
 * relaxed/relaxed, over @fields ("from:subject").
 *
 * @canonical  those fields in their canonical form, @body likewise
 * @rest       what stands below the signature: the message as it is
 */
char *signer_message(const Signer *signer, const char *domain, const char *fields,
                     const char *canonical, const char *body, const char *rest);
