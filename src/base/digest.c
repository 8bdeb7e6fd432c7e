/* Digests. A GnuTLS that is held to FIPS 140 refuses MD5, which names files here and secures
 * nothing: then GLib computes it. */
#include "base/digest.h"

#include <gnutls/crypto.h>

static const struct {
	gnutls_digest_algorithm_t algorithm;
	GChecksumType type;
	gsize size;
} kinds[] = {
	[DIGEST_MD5] = {GNUTLS_DIG_MD5, G_CHECKSUM_MD5, 16},
	[DIGEST_SHA1] = {GNUTLS_DIG_SHA1, G_CHECKSUM_SHA1, 20},
	[DIGEST_SHA256] = {GNUTLS_DIG_SHA256, G_CHECKSUM_SHA256, 32},
};

char *digest_hex(DigestKind kind, const void *octets, gsize length)
{
	static const char digits[] = "0123456789abcdef";
	guint8 digest[32];
	if (gnutls_hash_fast(kinds[kind].algorithm, octets, length, digest) < 0)
		return g_compute_checksum_for_data(kinds[kind].type, octets, length);
	char *hex = g_malloc(2 * kinds[kind].size + 1);
	for (gsize i = 0; i < kinds[kind].size; i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
	hex[2 * kinds[kind].size] = '\0';
	return hex;
}

char *digest_hex_bytes(DigestKind kind, GBytes *bytes)
{
	gsize length;
	const void *octets = g_bytes_get_data(bytes, &length);
	return digest_hex(kind, octets ? octets : "", length);
}
