#pragma once
#include "server/maildir.h"
#include "server/maildir_folder.h"
#include "server/maildir_path.h"
#include "server/wait.h"

#include <sys/stat.h>

/* Shared by maildir.c, maildir_find.c and maildir_check.c. */

typedef struct HeaderCache HeaderCache;

typedef struct {
	MailServer server;
	char *pattern;
	char *quarantine_mailbox, *quarantine_folder; /* or NULL */
	HeaderCache *cache;
	WaitMemory *memory;
} Maildir;

MaildirFolder *maildir_reach(Maildir *maildir, const char *mailbox, const char *folder,
                             gboolean make, GError **error);
MailItem *maildir_item_new(const char *mailbox, const MaildirFolder *folder,
                           const MaildirEntry *entry, const struct stat *status);
/** FALSE when it is gone or renamed, or is no regular file. */
gboolean maildir_entry_stat(const MaildirFolder *folder, const MaildirEntry *entry,
                            struct stat *status);
/** TRAWL_ERROR_REMOTE when these octets begin a compressed file. */
gboolean maildir_check_plain(const char *octets, gsize length, const char *uid, GError **error);

gboolean maildir_find(MailServer *server, const char *mailbox, GPtrArray *message_ids,
                      GPtrArray *found, gint64 deadline, GError **error);
GPtrArray *maildir_find_similar(MailServer *server, const char *mailbox, const char *sender,
                                const char *subject, gint64 from, gint64 to, gint64 deadline,
                                GError **error);
GPtrArray *maildir_check(MailServer *server, const char *mailbox, gint64 deadline);

/** Remembers the Message-ID of files, so that a second search need not read them. */
HeaderCache *header_cache_new(void);
void header_cache_free(HeaderCache *cache);
