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

/** Keeps a message that was put: its row, in the caller's transaction; idempotent. A file that was
 * removed since it was put is written again. */
gboolean raw_store_register(RawStore *store, Db *db, const char *sha256, GBytes *message,
                            GError **error);

/* Files go in two steps, after the row: removed under the lock that raw_store_register() takes,
 * when the row is gone, and then their directories are fsynced. */
gboolean raw_store_lock(Db *db, const char *sha256, GError **error);
/** Is there a row of it? */
gboolean raw_store_knows(Db *db, const char *sha256, gboolean *knows, GError **error);
/** Removes a message's file, if there is one. */
gboolean raw_store_unlink(RawStore *store, const char *sha256, GError **error);
/** SHA-256 of files that were written before @before (wall), of one of RAW_SHARDS directories; of
 * char *. Some may have no row: their message turned out not to be needed. */
GPtrArray *raw_store_list(RawStore *store, guint shard, gint64 before, GError **error);
#define RAW_SHARDS 256
/** Makes removals durable; of char *. */
gboolean raw_store_sync(RawStore *store, GPtrArray *hashes, GError **error);

/**
 * Keeps the files below @directory from being removed while they are copied, or with @alone waits
 * for nobody and is held by nobody else. Held until raw_files_release(), or until the process ends.
 *
 * @file    (out) a descriptor; -1 when there is no such directory, or with @alone when it is held
 * @return  TRAWL_ERROR_STORAGE
 */
gboolean raw_files_hold(const char *directory, gboolean alone, int *file, GError **error);
void raw_files_release(int file);
/** Where files lie; NULL: nowhere. */
const char *raw_store_directory(const RawStore *store);

/** The bytes, checked against their hash. TRAWL_ERROR_NOT_FOUND, _STORAGE when damaged. */
GBytes *raw_store_load(RawStore *store, Db *db, const char *sha256, GError **error);
