#pragma once
#include "base/json.h"
#include "db/db.h"

/* All of an installation in one file, and an installation out of such a file.
 *
 * The file is a tar (pax) compressed with zstd, so that other tools can open it:
 *
 *   db/trawl.db        one snapshot of the database
 *   raw/xx/….zst       the raw messages that lie in files
 *   keys/…             whoever has these opens every sealed password: guard the file like them
 *   admin.key          the first API key, when it is still there
 *   manifest.json      last: what came before it, counted and hashed
 *
 * A file without its manifest is cut short, and is refused. */

#define BACKUP_FORMAT "trawl.backup/1"

typedef struct {
	gint64 created_at;   /* wall, when the snapshot was taken */
	char *version;       /* of the Trawl that wrote it */
	gint64 schema;       /* the newest migration of its database */
	gint64 files, bytes; /* in it, before compression; without the manifest */
	char *sha256;        /* over every name, size and content in it */
	gint64 audit_seq;    /* the newest record of its audit log */
} BackupManifest;
void backup_manifest_clear(BackupManifest *manifest);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BackupManifest, backup_manifest_clear)

/**
 * Writes a backup of @data_dir to @path, which appears when it is whole and durable (mode 0600).
 * The daemon may be running. Needs room for a second database beside @path meanwhile.
 *
 * @db        its database, which must be SQLite: TRAWL_ERROR_INVALID says what to do otherwise
 * @manifest  (out)
 * @return    TRAWL_ERROR_CONFLICT when @path exists; TRAWL_ERROR_STORAGE
 */
gboolean backup_create(DbPool *db, const char *data_dir, const char *path, BackupManifest *manifest,
                       GError **error);

/** Reads a backup to its end and compares it with its manifest. TRAWL_ERROR_STORAGE when it is
 * damaged or cut short, _INVALID when it is no backup or of a newer Trawl. */
gboolean backup_verify(const char *path, BackupManifest *manifest, GError **error);

/**
 * Makes @data_dir, which must not exist or be empty, out of a backup: written beside it under
 * another name, compared with the manifest, made durable, and only then given its name.
 *
 * @return  TRAWL_ERROR_CONFLICT when there is something at @data_dir; as backup_verify()
 */
gboolean backup_restore(const char *path, const char *data_dir, BackupManifest *manifest,
                        GError **error);
