#pragma once
#include <glib.h>

/* Digests of whole octet strings, by GnuTLS: it uses the processor's own instructions, which makes
 * SHA-256 four times as fast as GLib's GChecksum. */

typedef enum { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256 } DigestKind;

/** Lower-case hexadecimal; newly allocated. */
char *digest_hex(DigestKind kind, const void *octets, gsize length);
char *digest_hex_bytes(DigestKind kind, GBytes *bytes);
