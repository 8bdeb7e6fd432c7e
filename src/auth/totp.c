/* Codes of authenticators: made, compared, written down. Whether one was used before is the
 * store's to know. */
#include "auth/totp.h"

#include "auth/session.h"
#include "base/clock.h"

#include <sodium.h>
#include <string.h>

#define RECOVERY_BYTES 10
#define CODES          1000000 /* 10 to the TOTP_DIGITS */

static char *base32(const guint8 *octets, gsize length)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	GString *text = g_string_new(NULL);
	guint32 bits = 0, held = 0;
	for (gsize i = 0; i < length; i++) {
		bits = (bits << 8) | octets[i];
		for (held += 8; held >= 5; held -= 5)
			g_string_append_c(text, alphabet[(bits >> (held - 5)) & 31]);
	}
	if (held)
		g_string_append_c(text, alphabet[(bits << (5 - held)) & 31]);
	return g_string_free(text, FALSE);
}

GBytes *totp_secret_new(void)
{
	guint8 octets[TOTP_SECRET_BYTES];
	randombytes_buf(octets, sizeof octets);
	GBytes *secret = g_bytes_new(octets, sizeof octets);
	sodium_memzero(octets, sizeof octets);
	return secret;
}

char *totp_secret_format(GBytes *secret)
{
	gsize length;
	const guint8 *octets = g_bytes_get_data(secret, &length);
	return base32(octets, length);
}

char *totp_uri(GBytes *secret, const char *name)
{
	g_autofree char *text = totp_secret_format(secret);
	g_autofree char *label = g_uri_escape_string(name, NULL, FALSE);
	return g_strdup_printf("otpauth://totp/Trawl:%s?secret=%s&issuer=Trawl", label, text);
}

/* RFC 4226 §5.3. */
char *totp_code(GBytes *secret, gint64 step)
{
	gsize length, size = 20;
	guint8 mac[20];
	const guint8 *key = g_bytes_get_data(secret, &length);
	guint64 counter = GUINT64_TO_BE((guint64)step);
	GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA1, key, length);
	g_hmac_update(hmac, (const guchar *)&counter, sizeof counter);
	g_hmac_get_digest(hmac, mac, &size);
	g_hmac_unref(hmac);
	guint at = mac[19] & 15;
	guint32 number = ((guint32)(mac[at] & 127) << 24) | ((guint32)mac[at + 1] << 16) |
	                 ((guint32)mac[at + 2] << 8) | mac[at + 3];
	return g_strdup_printf("%06u", number % CODES);
}

gint64 totp_step(gint64 now)
{
	return now / (TOTP_STEP_SECONDS * CLOCK_SECOND);
}

gint64 totp_find_step(GBytes *secret, const char *code, gint64 now)
{
	gint64 found = 0, middle = totp_step(now);
	if (strlen(code) != TOTP_DIGITS)
		return 0;
	for (gint64 step = middle - 1; step <= middle + 1; step++) {
		g_autofree char *expected = totp_code(secret, step);
		if (sodium_memcmp(expected, code, TOTP_DIGITS) == 0)
			found = step;
	}
	return found;
}

char *totp_recovery_new(void)
{
	guint8 octets[RECOVERY_BYTES];
	randombytes_buf(octets, sizeof octets);
	g_autofree char *text = base32(octets, sizeof octets);
	g_autofree char *lower = g_ascii_strdown(text, -1);
	return g_strdup_printf("%.4s-%.4s-%.4s-%s", lower, lower + 4, lower + 8, lower + 12);
}

char *totp_recovery_hash(const char *code)
{
	g_autoptr(GString) bare = g_string_new(NULL);
	for (const char *c = code; *c; c++)
		if (g_ascii_isalnum(*c))
			g_string_append_c(bare, g_ascii_tolower(*c));
	return token_hash(bare->str);
}
