#pragma once
#include <glib.h>

/* Codes that change with the time (RFC 6238: HMAC-SHA-1, 6 digits, 30 seconds, as every
 * authenticator has them), and the codes that stand in for them once each. */

#define TOTP_SECRET_BYTES   20 /* RFC 4226 §4: as long as the hash */
#define TOTP_DIGITS         6
#define TOTP_STEP_SECONDS   30
#define TOTP_RECOVERY_CODES 10

/** A new random secret. (transfer full) */
GBytes *totp_secret_new(void);
/** It in base32 (RFC 4648 §6), as authenticators take it; newly allocated. */
char *totp_secret_format(GBytes *secret);
/** "otpauth://totp/Trawl:NAME?…", as QR codes have it; newly allocated. */
char *totp_uri(GBytes *secret, const char *name);

/** The code of a step; newly allocated. */
char *totp_code(GBytes *secret, gint64 step);
/** The step of a moment. */
gint64 totp_step(gint64 now);
/** The step whose code this is: that of @now, the one before or the one after, so that clocks may
 * differ a little; 0: none of them. */
gint64 totp_find_step(GBytes *secret, const char *code, gint64 now);

/** A recovery code of 80 random bits, for people to write down; newly allocated. */
char *totp_recovery_new(void);
/** What of one is stored. However it was typed: case, blanks and hyphens do not count. Newly
 * allocated. */
char *totp_recovery_hash(const char *code);
