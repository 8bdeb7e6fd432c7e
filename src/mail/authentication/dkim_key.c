/* Verifies one signature with one key record.
 *
 * Pure, and done in the sandbox: record and signature are both the sender's to choose, and the
 * public key is parsed by GnuTLS. */
#include "mail/authentication/dkim_key.h"

#include "base/limits.h"
#include "mail/authentication/tags.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <string.h>

/* clang-format off */
static const DkimAlgorithm algorithms[] = {
	{"rsa-sha256",     GNUTLS_DIG_SHA256, "sha256", "rsa",     GNUTLS_SIGN_RSA_SHA256,    FALSE},
	{"ed25519-sha256", GNUTLS_DIG_SHA256, "sha256", "ed25519", GNUTLS_SIGN_EDDSA_ED25519, FALSE},
	{"rsa-sha1",       GNUTLS_DIG_SHA1,   "sha1",   "rsa",     GNUTLS_SIGN_RSA_SHA1,      TRUE},
};
/* clang-format on */

#define RSA_BITS_MIN 1024 /* RFC 8301 §3.2 */

const DkimAlgorithm *dkim_algorithm_find(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(algorithms); i++)
		if (strcmp(algorithms[i].name, name) == 0)
			return &algorithms[i];
	return NULL;
}

char *dkim_hex(const guint8 *octets, gsize size)
{
	char *hex = g_malloc(2 * size + 1);
	for (gsize i = 0; i < size; i++)
		g_snprintf(hex + 2 * i, 3, "%02x", octets[i]);
	hex[2 * size] = '\0';
	return hex;
}

/* ---- the key ---- */

typedef struct {
	const char *verdict, *problem;
} Verdict;

static const Verdict pass = {"pass", NULL};

/* One of a list with colons between. */
static gboolean lists(const char *list, const char *word)
{
	g_auto(GStrv) words = g_strsplit(list, ":", LIMIT_TAGS);
	for (guint i = 0; words[i]; i++)
		if (g_ascii_strcasecmp(words[i], word) == 0)
			return TRUE;
	return FALSE;
}

static guint append_length(guint8 *to, gsize length)
{
	to[0] = 0x82;
	to[1] = (guint8)(length >> 8);
	to[2] = (guint8)length;
	return 3;
}

/* RFC 6376 shows an RSAPublicKey, everybody publishes a SubjectPublicKeyInfo; the first becomes the
 * second by what stands around it. */
static gnutls_datum_t wrapped(const guint8 *bare, gsize size)
{
	static const guint8 algorithm[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
	                                   0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
	guint8 *whole = g_malloc(size + sizeof algorithm + 16), *at = whole;
	*at++ = 0x30;
	at += append_length(at, sizeof algorithm + 5 + size);
	memcpy(at, algorithm, sizeof algorithm);
	at += sizeof algorithm;
	*at++ = 0x03;
	at += append_length(at, size + 1);
	*at++ = 0;
	memcpy(at, bare, size);
	return (gnutls_datum_t){whole, (unsigned int)(at - whole + (gssize)size)};
}

static gboolean import(gnutls_pubkey_t key, const DkimAlgorithm *algorithm, guint8 *octets,
                       gsize size)
{
	gnutls_datum_t datum = {octets, (unsigned int)size};
	if (algorithm->sign == GNUTLS_SIGN_EDDSA_ED25519)
		return size == 32 && gnutls_pubkey_import_ecc_raw(key, GNUTLS_ECC_CURVE_ED25519,
		                                                  &datum, NULL) == 0;
	if (gnutls_pubkey_import(key, &datum, GNUTLS_X509_FMT_DER) < 0) {
		gnutls_datum_t whole = wrapped(octets, size);
		int result = gnutls_pubkey_import(key, &whole, GNUTLS_X509_FMT_DER);
		g_free(whole.data);
		if (result < 0)
			return FALSE;
	}
	return gnutls_pubkey_get_pk_algorithm(key, NULL) == GNUTLS_PK_RSA;
}

static Verdict check_signature(gnutls_pubkey_t key, const DkimAlgorithm *algorithm,
                               const json_t *signature)
{
	const char *hex = json_text(signature, "digest"),
		   *encoded = json_text(signature, "signature");
	guint8 digest[32];
	gsize size = gnutls_hash_get_len(algorithm->digest), signature_size = 0;
	if (!hex || !encoded || strlen(hex) != 2 * size)
		return (Verdict){"invalid", "there is nothing to verify"};
	for (gsize i = 0; i < size; i++)
		digest[i] = (guint8)(g_ascii_xdigit_value(hex[2 * i]) << 4 |
		                     g_ascii_xdigit_value(hex[2 * i + 1]));
	g_autofree guchar *octets = g_base64_decode(encoded, &signature_size);
	gnutls_datum_t hash = {digest, (unsigned int)size};
	gnutls_datum_t signed_ = {octets, (unsigned int)signature_size};
	int result =
		algorithm->sign == GNUTLS_SIGN_EDDSA_ED25519
			? gnutls_pubkey_verify_data2(key, algorithm->sign, 0, &hash, &signed_)
			: gnutls_pubkey_verify_hash2(key, algorithm->sign,
	                                             GNUTLS_VERIFY_ALLOW_BROKEN, &hash, &signed_);
	if (result < 0)
		return (Verdict){"fail",
		                 "the header fields are not those that were signed, or another "
		                 "key signed them"};
	if (algorithm->obsolete)
		return (Verdict){"obsolete",
		                 "it is right, but rsa-sha1 proves nothing any more (RFC 8301)"};
	return pass;
}

static Verdict use_key(const DkimAlgorithm *algorithm, const char *encoded, const json_t *signature)
{
	gsize size;
	gnutls_pubkey_t key;
	unsigned int bits = 0;
	g_autofree guchar *octets = g_base64_decode(encoded, &size);
	if (gnutls_pubkey_init(&key) < 0)
		return (Verdict){"key_invalid", "the key cannot be read"};
	Verdict verdict;
	if (size == 0 || size > LIMIT_DNS_TEXT || !import(key, algorithm, octets, size))
		verdict = (Verdict){"key_invalid", "the key cannot be read"};
	else if (gnutls_pubkey_get_pk_algorithm(key, &bits) == GNUTLS_PK_RSA && bits < RSA_BITS_MIN)
		verdict = (Verdict){"weak_key",
		                    "an RSA key below 1024 bits proves nothing (RFC 8301)"};
	else if (bits > LIMIT_RSA_BITS)
		verdict = (Verdict){"key_invalid", "the key is larger than any that is used"};
	else
		verdict = check_signature(key, algorithm, signature);
	gnutls_pubkey_deinit(key);
	return verdict;
}

/* What the record says of how it may be used (RFC 6376 §3.6.1). */
static Verdict check_record(const Tags *record, const DkimAlgorithm *algorithm,
                            const json_t *signature)
{
	static const Verdict not_for_this = {"key_refused",
	                                     "the key is not for signatures like this"};
	g_autofree char *kind = tags_get_bare(record, "k"), *hashes = tags_get_bare(record, "h");
	g_autofree char *services = tags_get_bare(record, "s"), *flags = tags_get_bare(record, "t");
	const char *version = tags_get(record, "v");
	if (version &&
	    (strcmp(version, "DKIM1") != 0 || tags_get(record, "v") != record->values->pdata[0]))
		return (Verdict){"key_invalid", "what stands there is no DKIM key"};
	if (strcmp(kind ? kind : "rsa", algorithm->key) != 0 ||
	    (hashes && !lists(hashes, algorithm->hash)) ||
	    (services && !lists(services, "*") && !lists(services, "email")))
		return not_for_this;
	const char *identity = json_text(signature, "identity");
	const char *at = identity ? strrchr(identity, '@') : NULL;
	if (flags && lists(flags, "s") && at &&
	    g_ascii_strcasecmp(at + 1, json_text(signature, "domain")) != 0)
		return (Verdict){"key_refused", "the key is for its own domain only (t=s)"};
	return pass;
}

static Verdict verify_with(json_t *signature, const char *text)
{
	const char *name = json_text(signature, "algorithm");
	const DkimAlgorithm *algorithm = name ? dkim_algorithm_find(name) : NULL;
	if (!algorithm)
		return (Verdict){"invalid", "its algorithm (a=) is not known"};
	if (strlen(text) > LIMIT_DNS_TEXT)
		return (Verdict){"key_invalid", "the key's record is longer than any that is used"};
	g_autoptr(Tags) record = tags_parse(text);
	g_autofree char *encoded = tags_get_bare(record, "p");
	g_autofree char *flags = tags_get_bare(record, "t");
	if (!encoded || !record->valid)
		return (Verdict){"key_invalid", "what stands there is no DKIM key"};
	Verdict verdict = check_record(record, algorithm, signature);
	json_object_set_new(signature, "testing", json_boolean(flags && lists(flags, "y")));
	if (verdict.problem)
		return verdict;
	if (!*encoded)
		return (Verdict){"revoked", "its signer has revoked the key"};
	return use_key(algorithm, encoded, signature);
}

/* Of several records the one that bears it out counts, else the first. */
static Verdict verify_with_any(json_t *signature, const json_t *keys)
{
	Verdict first = {"no_key", "the DNS has no key of that name"};
	for (gsize i = 0; i < MIN(json_array_size(keys), (gsize)LIMIT_DNS_RECORDS); i++) {
		const char *text = json_string_value(json_array_get(keys, i));
		Verdict verdict =
			text ? verify_with(signature, text)
			     : (Verdict){"key_invalid", "what stands there is no DKIM key"};
		if (!verdict.problem)
			return verdict;
		if (i == 0)
			first = verdict;
	}
	return first;
}

void dkim_verify(json_t *signature, const json_t *key)
{
	Verdict verdict = {"no_key", "the DNS has no key of that name"};
	if (!key || g_strcmp0(json_text(signature, "verified"), "unchecked") != 0)
		return;
	if (json_is_false(key))
		verdict = (Verdict){"unreachable", "the DNS did not answer for its key"};
	else if (json_is_string(key))
		verdict = verify_with(signature, json_string_value(key));
	else if (json_is_array(key))
		verdict = verify_with_any(signature, key);
	json_object_set_new(signature, "verified", json_string(verdict.verdict));
	json_object_set_new(signature, "problem", json_text_new(verdict.problem));
}
