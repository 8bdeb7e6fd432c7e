#pragma once
#include "base/fd.h"

/* One open folder of a Maildir: its messages, what their file names say, and the making of names.
 */

typedef struct {
	char *name;          /* as shown */
	int directory;       /* the folder itself */
	int cur, fresh, tmp; /* fresh is "new"; it and tmp are -1 when missing */
	GPtrArray *keywords; /* Dovecot's names of the letters a, b, …; holes are NULL */
} MaildirFolder;

/** Opens a folder. @make: make it when it is missing. -> NULL: MISSING_FOLDER, _DENIED, … */
MaildirFolder *maildir_folder_open(int mailbox, const char *name, gboolean make, GError **error);
void maildir_folder_close(MaildirFolder *folder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MaildirFolder, maildir_folder_close)

/* A message: the unique part of its name, which stays, and its file now, which changes with flags.
 */
typedef struct {
	char *uid, *file;
	gboolean fresh; /* in new/ */
} MaildirEntry;

/**
 * All messages: uid -> MaildirEntry. Other programs rename files all the time; one that is renamed
 * while the directory is read may be missed by readdir(3), so it is read until it held still.
 */
GHashTable *maildir_folder_scan(const MaildirFolder *folder, GError **error);

/** Opens a message for reading; *@entries is scanned anew when it was renamed since. -1 with
 * MISSING_MESSAGE when it is gone (or no regular file). @entry (out) is borrowed from *@entries. */
int maildir_message_open(const MaildirFolder *folder, const char *uid, GHashTable **entries,
                         const MaildirEntry **entry, GError **error);

/** The directory an entry is in. */
int maildir_entry_directory(const MaildirFolder *folder, const MaildirEntry *entry);

/** Flags of a file name, as IMAP calls them, sorted. Letters that mean nothing known become
 * "$Maildir-x". */
char **maildir_flags_parse(const MaildirFolder *folder, const char *file);
/** The end of a file name: ":2,FS". A keyword that the folder has no letter for is left out. */
char *maildir_flags_format(const MaildirFolder *folder, char **flags);

/** Time of the next name that Trawl makes: wall microseconds, rising strictly in one process even
 * when the clock is set back. */
gint64 maildir_tick(void);
/** A new unique name, "1764000000.M1P2Trawl….host,S=123". */
char *maildir_name_new(gint64 size);
/** The tick in a name Trawl made, or 0. */
gint64 maildir_name_tick(const char *uid);
