#pragma once
#include "backup/backup.h"

/* What a backup holds, added up as it is written and as it is read. Private to this room. */

#define BACKUP_MANIFEST       "manifest.json"
#define BACKUP_MANIFEST_BYTES (64 * 1024) /* at most */
#define BACKUP_BLOCK          (64 * 1024) /* octets at a time */

typedef struct {
	GChecksum *sum;
	gint64 files, bytes;
} BackupSum;
void backup_sum_begin(BackupSum *sum);
void backup_sum_clear(BackupSum *sum);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BackupSum, backup_sum_clear)

/** A file begins: its name and size go before its octets. */
void backup_sum_file(BackupSum *sum, const char *name, gint64 size);
void backup_sum_octets(BackupSum *sum, const void *octets, gsize length);
/** Of all of it, in hex; newly allocated. Ends the sum. */
char *backup_sum_end(BackupSum *sum);

/** The document; newly allocated. */
char *backup_manifest_format(const BackupManifest *manifest);
gboolean backup_manifest_parse(BackupManifest *manifest, const char *text, gsize length,
                               GError **error);

/** Whether a backup may hold a file of this name: the list in backup.h. */
gboolean backup_name_is_known(const char *name);
