#pragma once
#include "base/fd.h"

/* Where mailboxes and folders are, opened so that no hostile address or symbolic link leads outside
 * the mailbox.
 *
 * Folders are Maildir++: INBOX is the Maildir itself, "Sub/Folder" is its directory ".Sub.Folder",
 * in modified UTF-7 (RFC 3501 §5.1.3) as Dovecot and Courier write it. */

#define MAILDIR_INBOX "INBOX"

/** TRAWL_ERROR_INVALID when @pattern is not an absolute path with %u or %n in it. */
gboolean maildir_pattern_check(const char *pattern, GError **error);

/** The part of the pattern before the first component with a %; newly allocated. */
char *maildir_pattern_root(const char *pattern);

/**
 * Opens the Maildir of an address.
 *
 * @return  a directory, or -1: MISSING_MAILBOX when there is none or the address can name none,
 *          _UNREACHABLE when the file system seems not to be mounted, _DENIED
 */
int maildir_open_mailbox(const char *pattern, const char *mailbox, GError **error);

/** The directory name of a folder that exists, or of one that would be made; "." is INBOX. NULL
 * with
 * @error MISSING_FOLDER when no directory can have this name. */
char *maildir_folder_directory(int mailbox, const char *folder, GError **error);

/** The display names of all folders, INBOX first, the rest sorted; of char *. At most
 * LIMIT_FOLDERS, else TRAWL_ERROR_LIMIT. */
GPtrArray *maildir_folder_list(int mailbox, GError **error);

/** The names in a directory, without "." and ".."; empty when there is no such directory. */
GPtrArray *maildir_read_directory(int at, const char *name, GError **error);

/** Turns errno into an error by remedy; @doing "cannot read the folder". */
void maildir_set_errno(GError **error, int code, const char *doing, const char *name);
