#pragma once
#include "base/json.h"
#include "mail/authentication/canon.h"

/* DKIM signatures (RFC 6376, 8301, 8463): what can be said of one without its signer's key. The
 * key's part is dkim_key.h. */

/* Which of the two fields that are made alike. */
typedef enum {
	DKIM_SIGNATURE,     /* DKIM-Signature */
	DKIM_ARC_SIGNATURE, /* ARC-Message-Signature (RFC 8617 §4.1.2): "i" is its instance */
} DkimField;

/* One field on its way: made by dkim_read(), given its body's digest, ended by dkim_describe(). */
typedef struct {
	const RawField *field;
	BodyDigest body;
	gboolean wants_body; /* canon_body() has something to do */
	json_t *json;
	GString *covered; /* the canonical header block that is signed */
	guint8 body_hash[32];
	gsize body_hash_size;
} DkimSignature;

/**
 * Reads a field.
 *
 * @received_at  when the message arrived, for "x", in seconds since 1970; 0: not known
 */
DkimSignature *dkim_read(const RawMessage *raw, const RawField *field, DkimField kind,
                         gint64 received_at);
/**
 * What it is, after canon_body(): {"domain", "selector", "identity", "algorithm",
 * "canonicalization", "covers", "signed_at", "expires", "length", "appended", "uncovered", "body",
 * "key", "digest", "signature", "problem", "verified"}; "body" is "intact", "changed" or
 * "not_checked"; "verified" is "unchecked" where only the key is missing, else why no key can help.
 * Frees @signature. New reference.
 */
json_t *dkim_describe(DkimSignature *signature);

/** Says of a description that it cannot be verified, and why: the first reason stays. */
void dkim_refuse(json_t *signature, const char *verdict, const char *problem);

/** Where in the DNS the key is, or NULL when that is no name. Newly allocated. */
char *dkim_key_name(const char *selector, const char *domain);
/** RFC 3339 from seconds since 1970, or JSON null. New reference. */
json_t *dkim_time(gint64 seconds);
