#pragma once
#include <glib.h>

/* Passphrases of people: argon2id (RFC 9106) by libsodium. */

#define PASSWORD_MIN 12   /* characters */
#define PASSWORD_MAX 1024 /* bytes      */

/** What is wrong with it as a new passphrase of the user @name: TRAWL_ERROR_INVALID says it. */
gboolean password_check(const char *password, const char *name, GError **error);

/**
 * Hashes a passphrase, to be stored as it is. Takes 64 MiB and about a tenth of a second; at most
 * LIMIT_PASSWORD_HASHES threads do it, the others wait. Outside any transaction.
 *
 * @return  (transfer full) TRAWL_ERROR_INTERNAL when there is no memory for it
 */
char *password_hash(const char *password, GError **error);

/** Whether it is the one. @hash NULL (nobody of that name, or nobody with a passphrase): FALSE,
 * after the same work. */
gboolean password_matches(const char *hash, const char *password);
