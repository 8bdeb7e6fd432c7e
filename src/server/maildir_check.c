/* Can Trawl do its work in these Maildirs? Asked before the first report, answered line by line. */
#include "server/maildir_private.h"

#include "base/clock.h"
#include "base/error.h"
#include "server/config.h"

#include <errno.h>
#include <fcntl.h>

typedef struct {
	Maildir *maildir;
	GPtrArray *lines;
	gint64 deadline;
} Check;

static gboolean check_root(Check *check)
{
	g_autofree char *root = maildir_pattern_root(check->maildir->pattern);
	g_auto(AutoFd) fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		check_add(check->lines, CHECK_OK, "reach", "%s is there", root);
	else
		check_add(check->lines, CHECK_FAILED, "reach",
		          "%s: %s. Mount it, correct \"path\", or let the user that Trawl runs as "
		          "read it",
		          root, g_strerror(errno));
	return fd >= 0;
}

/* Reads one message of the INBOX, so that missing rights on files show too. */
static void check_read(Check *check, const MaildirFolder *folder)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GHashTable) entries = maildir_folder_scan(folder, &error);
	if (!entries) {
		check_add_error(check->lines, "read", error);
		return;
	}
	GHashTableIter iter;
	gpointer uid;
	g_hash_table_iter_init(&iter, entries);
	if (!g_hash_table_iter_next(&iter, &uid, NULL)) {
		check_add(check->lines, CHECK_OK, "read", "INBOX can be listed and is empty");
		return;
	}
	guint count = g_hash_table_size(entries);
	const MaildirEntry *entry;
	char octets[512];
	g_autofree char *name = g_strdup(uid);
	g_auto(AutoFd) fd = maildir_message_open(folder, name, &entries, &entry, &error);
	ssize_t got = fd < 0 ? -1 : read(fd, octets, sizeof octets);
	if (fd >= 0 && got < 0)
		maildir_set_errno(&error, errno, "cannot read the message", name);
	if (error || !maildir_check_plain(octets, (gsize)got, name, &error))
		check_add_error(check->lines, "read", error);
	else
		check_add(check->lines, CHECK_OK, "read", "%u message%s in INBOX", count,
		          count == 1 ? "" : "s");
}

/* Makes and removes a file in tmp/, where no program shows it, and asks for the rights to rename.
 */
static void check_write(Check *check, const MaildirFolder *folder, const char *what)
{
	g_autofree char *name = maildir_name_new(0);
	g_auto(AutoFd) fd = folder->tmp < 0 ? -1
	                                    : openat(folder->tmp, name,
	                                             O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	int code = fd < 0 ? errno : 0;
	if (fd >= 0)
		unlinkat(folder->tmp, name, 0);
	if (!code && faccessat(folder->cur, ".", W_OK | X_OK, AT_EACCESS) != 0)
		code = errno;
	struct stat status;
	if (code)
		check_add(check->lines, CHECK_FAILED, what,
		          "%s: %s. Trawl needs to write there to take messages out and put them "
		          "back",
		          folder->name, g_strerror(code));
	else if (fstat(folder->cur, &status) == 0 && geteuid() != 0 && status.st_uid != geteuid())
		check_add(check->lines, CHECK_WARNING, what,
		          "can be written, but belongs to another user (%d): restored messages "
		          "would belong to Trawl's user",
		          (int)status.st_uid);
	else
		check_add(check->lines, CHECK_OK, what, "%s can be written", folder->name);
}

static void check_mailbox(Check *check, const char *mailbox)
{
	g_autoptr(GError) error = NULL;
	g_auto(AutoFd) root = maildir_open_mailbox(check->maildir->pattern, mailbox, &error);
	g_autoptr(GPtrArray) folders = root < 0 ? NULL : maildir_folder_list(root, &error);
	g_autoptr(MaildirFolder) inbox =
		folders ? maildir_folder_open(root, MAILDIR_INBOX, FALSE, &error) : NULL;
	if (!inbox) {
		check_add_error(check->lines, "mailbox", error);
		return;
	}
	check_add(check->lines, CHECK_OK, "mailbox", "%s has %u folder%s", mailbox, folders->len,
	          folders->len == 1 ? "" : "s");
	check_read(check, inbox);
	check_write(check, inbox, "write");
}

static void check_quarantine(Check *check, const char *mailbox)
{
	const Maildir *maildir = check->maildir;
	if (!maildir->quarantine_mailbox) {
		check_add(check->lines, CHECK_WARNING, "quarantine",
		          "no \"quarantine_mailbox\" is configured: nothing can be pulled to it");
		return;
	}
	g_autoptr(GError) error = NULL;
	g_auto(AutoFd) root =
		maildir_open_mailbox(maildir->pattern, maildir->quarantine_mailbox, &error);
	g_autoptr(MaildirFolder) folder =
		root < 0 ? NULL
			 : maildir_folder_open(root, maildir->quarantine_folder, FALSE, &error);
	if (folder)
		check_write(check, folder, "quarantine");
	else if (root >= 0 && g_error_matches(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND) &&
	         faccessat(root, ".", W_OK | X_OK, AT_EACCESS) == 0)
		check_add(check->lines, CHECK_OK, "quarantine",
		          "the folder %s will be made with the first message",
		          maildir->quarantine_folder);
	else
		check_add_error(check->lines, "quarantine", error);
}

GPtrArray *maildir_check(MailServer *server, const char *mailbox, gint64 deadline)
{
	GPtrArray *lines = g_ptr_array_new_with_free_func((GDestroyNotify)check_line_free);
	Check check = {.maildir = (Maildir *)server, .lines = lines, .deadline = deadline};
	if (!check_root(&check))
		return lines;
	if (mailbox)
		check_mailbox(&check, mailbox);
	check_quarantine(&check, mailbox);
	return lines;
}
