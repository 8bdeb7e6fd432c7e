#pragma once
#include "db/db.h"

/* Raw messages by SHA-256, compressed with zstd, in files below a directory (or in the database
 * where nodes share nothing else). A file is complete and durable before its row is committed; a
 * file without a row is harmless. */

typedef struct RawStore RawStore;

/** @directory  where files lie; NULL keeps the bytes in the database. */
RawStore *raw_store_new(const char *directory, GError **error);
void raw_store_free(RawStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RawStore, raw_store_free)

/**
 * Makes the messages durable: writes, fsyncs files and directories, several at a time. Outside any
 * transaction.
 *
 * @messages  of GBytes
 * @return    (transfer full) their SHA-256 in hex, same order, element free set; NULL with
 * TRAWL_ERROR_STORAGE
 */
GPtrArray *raw_store_put(RawStore *store, GPtrArray *messages, GError **error);

/** Records in the caller's transaction that this message is kept; idempotent. */
gboolean raw_store_register(RawStore *store, Db *db, const char *sha256, GBytes *message,
                            GError **error);

/** The bytes, checked against their hash. TRAWL_ERROR_NOT_FOUND, _STORAGE when damaged. */
GBytes *raw_store_load(RawStore *store, Db *db, const char *sha256, GError **error);
