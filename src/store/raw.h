#pragma once
#include "db/db.h"

/* Raw messages by SHA-256, compressed with zstd: small ones in their rows, large ones in files
 * below a directory (or all in the database, where nodes share nothing else). A file is complete
 * and durable before its row is committed; a file without a row is harmless. */

#define RAW_IN_ROW ((gsize)64 * 1024) /* bytes of the largest that lies in its row */

typedef struct RawStore RawStore;

/** @directory  where files lie; NULL keeps the bytes in the database. */
RawStore *raw_store_new(const char *directory, GError **error);
void raw_store_free(RawStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RawStore, raw_store_free)

/**
 * Makes those messages durable that go into files: writes, fsyncs files and directories, several at
 * a time. Outside any transaction. The others are durable with the commit of their rows.
 *
 * @messages  of GBytes
 * @return    (transfer full) their SHA-256 in hex, same order, element free set; NULL with
 * TRAWL_ERROR_STORAGE
 */
GPtrArray *raw_store_put(RawStore *store, GPtrArray *messages, GError **error);

/** Keeps a message that was put: its row, in the caller's transaction; idempotent. */
gboolean raw_store_register(RawStore *store, Db *db, const char *sha256, GBytes *message,
                            GError **error);

/** The bytes, checked against their hash. TRAWL_ERROR_NOT_FOUND, _STORAGE when damaged. */
GBytes *raw_store_load(RawStore *store, Db *db, const char *sha256, GError **error);
