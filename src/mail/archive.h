#pragma once
#include "mail/message.h"

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
