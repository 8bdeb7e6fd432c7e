#include "signer.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <string.h>

struct Signer {
	gnutls_privkey_t key;
	guint bits;
};

Signer *signer_new(guint bits)
{
	Signer *signer = g_new0(Signer, 1);
	signer->bits = bits;
	g_assert_cmpint(gnutls_privkey_init(&signer->key), ==, 0);
	g_assert_cmpint(gnutls_privkey_generate(signer->key,
	                                        bits ? GNUTLS_PK_RSA : GNUTLS_PK_EDDSA_ED25519,
	                                        bits, 0),
	                ==, 0);
	return signer;
}

void signer_free(Signer *signer)
{
	if (!signer)
		return;
	gnutls_privkey_deinit(signer->key);
	g_free(signer);
}

char *signer_record_with(const Signer *signer, const char *tags)
{
	gnutls_pubkey_t public;
	gnutls_datum_t octets;
	gnutls_ecc_curve_t curve;
	g_assert_cmpint(gnutls_pubkey_init(&public), ==, 0);
	g_assert_cmpint(gnutls_pubkey_import_privkey(public, signer->key, 0, 0), ==, 0);
	if (signer->bits)
		g_assert_cmpint(gnutls_pubkey_export2(public, GNUTLS_X509_FMT_DER, &octets), ==, 0);
	else
		g_assert_cmpint(gnutls_pubkey_export_ecc_raw2(public, &curve, &octets, NULL, 0), ==,
		                0);
	g_autofree char *encoded = g_base64_encode(octets.data, octets.size);
	gnutls_free(octets.data);
	gnutls_pubkey_deinit(public);
	return g_strdup_printf("%s; k=%s; p=%s", tags, signer->bits ? "rsa" : "ed25519", encoded);
}

char *signer_record(const Signer *signer)
{
	return signer_record_with(signer, "v=DKIM1");
}

static gnutls_digest_algorithm_t digest_of(const char *algorithm)
{
	return g_str_has_suffix(algorithm, "sha1") ? GNUTLS_DIG_SHA1 : GNUTLS_DIG_SHA256;
}

static gnutls_datum_t hash(const char *algorithm, const char *octets, guint8 digest[64])
{
	gnutls_digest_algorithm_t kind = digest_of(algorithm);
	g_assert_cmpint(gnutls_hash_fast(kind, octets, strlen(octets), digest), ==, 0);
	return (gnutls_datum_t){digest, gnutls_hash_get_len(kind)};
}

char *signer_hash(const char *algorithm, const char *octets)
{
	guint8 digest[64];
	gnutls_datum_t whole = hash(algorithm, octets, digest);
	return g_base64_encode(whole.data, whole.size);
}

char *signer_sign(const Signer *signer, const char *algorithm, const char *octets)
{
	guint8 digest[64];
	gnutls_datum_t signature, whole = hash(algorithm, octets, digest);
	int result;
	if (signer->bits)
		result = gnutls_privkey_sign_hash2(signer->key,
		                                   whole.size == 20 ? GNUTLS_SIGN_RSA_SHA1
		                                                    : GNUTLS_SIGN_RSA_SHA256,
		                                   0, &whole, &signature);
	else /* RFC 8463 §3: what is signed is the digest itself */
		result = gnutls_privkey_sign_data2(signer->key, GNUTLS_SIGN_EDDSA_ED25519, 0,
		                                   &whole, &signature);
	if (result < 0)
		g_error("cannot sign: %s", gnutls_strerror(result));
	char *encoded = g_base64_encode(signature.data, signature.size);
	gnutls_free(signature.data);
	return encoded;
}

char *signer_message(const Signer *signer, const char *domain, const char *fields,
                     const char *canonical, const char *body, const char *rest)
{
	const char *algorithm = signer->bits ? "rsa-sha256" : "ed25519-sha256";
	g_autofree char *body_hash = signer_hash(algorithm, body);
	g_autofree char *tags = g_strdup_printf("v=1; a=%s; c=relaxed/relaxed; d=%s; s=s1; h=%s; "
	                                        "bh=%s; b=",
	                                        algorithm, domain, fields, body_hash);
	g_autofree char *covered = g_strconcat(canonical, "dkim-signature:", tags, NULL);
	g_autofree char *signature = signer_sign(signer, algorithm, covered);
	return g_strconcat("DKIM-Signature: ", tags, signature, "\r\n", rest, NULL);
}
