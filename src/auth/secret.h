#pragma once
#include "base/json.h"

/* Secrets are sealed to the installation's public key (libsodium crypto_box_seal): whoever has the
 * public key can seal, only the worker, which is handed the secret key by `trawl serve`, can open.
 */

/**
 * Makes DIR/keys/secret.key, DIR/keys/totp.key (both 0600) and DIR/keys/public.key when they are
 * missing; fsynced.
 *
 * What is there must be a pair that its owner alone can read: TRAWL_ERROR_STORAGE for a key that is
 * cut short or of another pair, _DENIED for a secret key that others may read.
 */
gboolean secret_make_keys(const char *data_dir, GError **error);
/** Reads a key file into locked memory; 32 bytes. */
gboolean secret_load_public(const char *data_dir, guint8 key[32], GError **error);
gboolean secret_load_private(const char *data_dir, guint8 key[32], GError **error);

/* What people prove themselves by beside their passphrase has a key of its own, totp.key, which the
 * web role reads before it goes into its sandbox, and nobody else: it has to open what it sealed.
 */
gboolean secret_load_totp(const char *data_dir, guint8 key[32], GError **error);
/** Seals @secret to what it is for ("user:7"): moved elsewhere, it does not open. (transfer full)
 */
GBytes *secret_wrap(const guint8 key[32], const char *purpose, GBytes *secret, GError **error);
/** TRAWL_ERROR_DENIED as secret_open(). */
GBytes *secret_unwrap(const guint8 key[32], const char *purpose, GBytes *sealed, GError **error);

/** Seals a JSON object. (transfer full) */
GBytes *secret_seal(const guint8 public_key[32], const json_t *secret, GError **error);
/** TRAWL_ERROR_DENIED when the key does not fit or the bytes were changed. */
json_t *secret_open(const guint8 public_key[32], const guint8 private_key[32], GBytes *sealed,
                    GError **error);
