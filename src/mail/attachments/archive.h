#pragma once
#include "mail/message/message.h"

/** TRUE when a detected type is an archive that can be unpacked. */
gboolean archive_is_one(const char *detected);

/**
 * The files in an archive: [{"name", "size", …}] as attachments_describe_file() makes them.
 *
 * At most so many files and bytes of one message, and so many times the packed size, as the limits
 * of the reading say; each of these limits, an encrypted file and a broken
 * archive are findings. Encrypted zips are tried with the passwords people give to samples.
 *
 * @depth   archives around this one
 * @return  new reference; an empty array when nothing can be read
 */
json_t *archive_describe(const Message *message, GBytes *archive, const char *where, guint depth);

/** TRUE: the file is to be unpacked. */
typedef gboolean (*ArchiveWants)(const char *name, gpointer data);
/** @content is NULL when it cannot be read. */
typedef void (*ArchiveVisit)(const char *name, GBytes *content, gpointer data);

/** The files of an archive, one after another, within the same limits and with the same findings.
 * @wants  or NULL for all */
void archive_walk(const Message *message, GBytes *archive, const char *where, ArchiveWants wants,
                  ArchiveVisit visit, gpointer data);
