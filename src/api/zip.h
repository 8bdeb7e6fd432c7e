#pragma once
#include "base/json.h"

/* Zips that a person saves: files of strangers under names that do no harm, behind a password so
 * that nothing opens them by accident. */

/* What samples are locked with wherever they are exchanged: it keeps nothing secret. */
#define ZIP_PASSWORD "infected"

/* aes256 is WinZip's AE-2, which 7-Zip and libarchive read; zipcrypto is PKWARE's own (APPNOTE
 * §6.1), for what reads nothing else: Info-ZIP's unzip, Windows' Explorer, Python's zipfile. */
extern const char *const zip_lock_names[];

/**
 * @files  array of {"name", "content_base64"}
 * @lock   index into zip_lock_names
 * @return (transfer full) TRAWL_ERROR_INTERNAL when libarchive cannot
 */
GBytes *zip_new(const json_t *files, int lock, GError **error);

/** A name without directories, control and direction characters, or what Windows minds; never
 * empty. At most 150 octets. Newly allocated. */
char *zip_safe_name(const char *name);
