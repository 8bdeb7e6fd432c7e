#pragma once
#include <glib.h>

/* Maildirs on disk, as a delivery agent and a user's own programs see them. Knows nothing of
 * Trawl's code, so that tests have a second opinion. Made files belong to whom the parent directory
 * belongs. */

/** Makes a Maildir (or a folder's directory in one). */
void maildisk_make(const char *path);

/**
 * Delivers a message into new/, or into cur/ when there are flags.
 *
 * @flags     Maildir letters ("FS"), or NULL
 * @received  seconds since 1970, or 0 for now
 * @return    the unique part of the file's name; newly allocated
 */
char *maildisk_deliver(const char *path, const char *message, gssize length, const char *flags,
                       gint64 received);

/** How many messages are in new/ and cur/. */
guint maildisk_count(const char *path);

/** The full path of a message's file now, or NULL; newly allocated. */
char *maildisk_find(const char *path, const char *unique);

/** Removes a directory tree. */
void maildisk_remove_tree(const char *path);
