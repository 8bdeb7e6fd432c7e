#pragma once
#include "base/json.h"

/* Secrets are sealed to the installation's public key (libsodium crypto_box_seal): whoever has the
 * public key can seal, only the worker, which is handed the secret key by `trawl serve`, can open.
 */

/**
 * Makes DIR/keys/secret.key (0600) and DIR/keys/public.key when they are missing; fsynced.
 *
 * What is there must be a pair that its owner alone can read: TRAWL_ERROR_STORAGE for a key that is
 * cut short or of another pair, _DENIED for a secret key that others may read.
 */
gboolean secret_make_keys(const char *data_dir, GError **error);
/** Reads a key file into locked memory; 32 bytes. */
gboolean secret_load_public(const char *data_dir, guint8 key[32], GError **error);
gboolean secret_load_private(const char *data_dir, guint8 key[32], GError **error);

/** Seals a JSON object. (transfer full) */
GBytes *secret_seal(const guint8 public_key[32], const json_t *secret, GError **error);
/** TRAWL_ERROR_DENIED when the key does not fit or the bytes were changed. */
json_t *secret_open(const guint8 public_key[32], const guint8 private_key[32], GBytes *sealed,
                    GError **error);
