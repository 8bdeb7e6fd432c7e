/* Can Trawl do its work on this IMAP server? Tried, not assumed: the quarantine folder is written
 * to, read, and cleared of what was written. A user's mailbox is only looked at. */
#include "server/imap_private.h"

#include "base/clock.h"
#include "base/error.h"
#include "server/config.h"

#include <string.h>

typedef struct {
	Imap *imap;
	GPtrArray *lines;
	gint64 deadline;
	const char *mailbox;
} Check;

static const struct {
	const char *name;
	CheckLevel missing;
	const char *why;
} capabilities[] = {
	{"UIDPLUS", CHECK_FAILED, "without it nothing can be removed or moved (RFC 4315)"},
	{"MOVE", CHECK_WARNING, "moves are made of copy and expunge (RFC 6851)"},
	{"IDLE", CHECK_WARNING, "new reports are seen at the next poll only (RFC 2177)"},
};

static gboolean capabilities_work(ImapConnection *connection, gpointer data, GError **error)
{
	Check *check = data;
	gboolean complete = TRUE;
	check_add(check->lines, CHECK_OK, "log in", "%s port %u over TLS, as %s",
	          connection->settings->host, connection->settings->port,
	          imap_login_names[connection->settings->login]);
	for (guint i = 0; i < G_N_ELEMENTS(capabilities); i++) {
		if (imap_has(connection, capabilities[i].name))
			continue;
		complete = FALSE;
		check_add(check->lines, capabilities[i].missing, "capabilities",
		          "the server lacks %s: %s", capabilities[i].name, capabilities[i].why);
	}
	if (complete)
		check_add(check->lines, CHECK_OK, "capabilities", "UIDPLUS, MOVE and IDLE");
	return TRUE;
}

/* May messages of the selected folder be marked for removal? */
static gboolean may_delete(const ImapConnection *connection)
{
	clist *flags = connection->imap->imap_selection_info->sel_perm_flags;
	if (!flags) /* PERMANENTFLAGS is optional: all may be changed (RFC 3501 §7.1) */
		return TRUE;
	for (clistiter *at = clist_begin(flags); at; at = clist_next(at)) {
		const struct mailimap_flag_perm *flag = clist_content(at);
		if (flag->fl_type == MAILIMAP_FLAG_PERM_FLAG && flag->fl_flag &&
		    flag->fl_flag->fl_type == MAILIMAP_FLAG_DELETED)
			return TRUE;
	}
	return FALSE;
}

static gboolean mailbox_work(ImapConnection *connection, gpointer data, GError **error)
{
	Check *check = data;
	if (!imap_select(connection, "INBOX", TRUE, error))
		return FALSE;
	check_add(check->lines, CHECK_OK, "read", "%u message%s in INBOX", connection->exists,
	          connection->exists == 1 ? "" : "s");
	if (connection->writable && may_delete(connection))
		check_add(check->lines, CHECK_OK, "write", "messages can be taken out of INBOX");
	else
		check_add(check->lines, CHECK_FAILED, "write",
		          "INBOX is read-only or does not let messages be deleted: give the "
		          "login the rights t, e and x (RFC 4314)");
	if (!imap_command(connection, error, "UID SEARCH HEADER MESSAGE-ID \"x@trawl.invalid\""))
		return FALSE;
	check_add(check->lines, CHECK_OK, "search", "the server searches by Message-ID");
	return TRUE;
}

static void check_mailbox(Check *check)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) folders =
		imap_folders(&check->imap->server, check->mailbox, check->deadline, &error);
	if (folders)
		check_add(check->lines, CHECK_OK, "mailbox", "%s has %u folder%s", check->mailbox,
		          folders->len, folders->len == 1 ? "" : "s");
	if (!folders ||
	    !imap_run(check->imap, check->mailbox, check->deadline, mailbox_work, check, &error))
		check_add_error(check->lines, folders ? "read" : "mailbox", error);
}

/* Writes a message into the quarantine folder, reads it back and removes it. */
static gboolean try_quarantine(Check *check, const char *folder, GError **error)
{
	static const char text[] = "From: trawl@localhost\r\n"
				   "Subject: Trawl tries whether it may write here\r\n"
				   "\r\n"
				   "If you see this, it may write but not remove.\r\n";
	MailServer *server = &check->imap->server;
	static char *flags[] = {(char *)"\\Seen", NULL};
	g_autoptr(GBytes) message = g_bytes_new_static(text, strlen(text));
	g_autoptr(MailRef) ref = imap_put(server, check->imap->quarantine_mailbox, folder, message,
	                                  flags, clock_now(), check->deadline, error);
	g_autoptr(GBytes) back =
		ref ? mail_server_fetch_one(server, ref, check->deadline, error) : NULL;
	if (!back)
		return FALSE;
	if (!imap_remove(server, ref, check->deadline, error))
		return FALSE;
	if (g_bytes_equal(back, message))
		return TRUE;
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE,
	            "the server changes the messages that are written into folder '%s'", folder);
	return FALSE;
}

static void check_quarantine(Check *check)
{
	const Imap *imap = check->imap;
	if (!imap->quarantine_mailbox) {
		check_add(check->lines, CHECK_WARNING, "quarantine",
		          "no \"quarantine_mailbox\" is configured: nothing can be pulled to it");
		return;
	}
	const char *folder = imap->quarantine_folder;
	g_autoptr(GError) error = NULL;
	if (try_quarantine(check, folder, &error))
		check_add(check->lines, CHECK_OK, "quarantine",
		          "%s, folder '%s': a message was written, read and removed",
		          imap->quarantine_mailbox, folder);
	else
		check_add_error(check->lines, "quarantine", error);
}

GPtrArray *imap_check(MailServer *server, const char *mailbox, gint64 deadline)
{
	GPtrArray *lines = g_ptr_array_new_with_free_func((GDestroyNotify)check_line_free);
	Imap *imap = (Imap *)server;
	Check check = {imap, lines, deadline, mailbox};
	const char *first = mailbox ? mailbox : imap->quarantine_mailbox;
	g_autoptr(GError) error = NULL;
	if (!first) {
		check_add(lines, CHECK_WARNING, "log in",
		          "name a mailbox to try, or configure \"quarantine_mailbox\"");
		return lines;
	}
	if (!imap_run(imap, first, deadline, capabilities_work, &check, &error)) {
		/* Whoever hears that there is no such mailbox was let in. */
		gboolean let_in = g_error_matches(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND);
		check_add_error(lines, let_in ? "mailbox" : "log in", error);
		if (let_in && mailbox)
			check_quarantine(&check);
		return lines;
	}
	if (mailbox)
		check_mailbox(&check);
	check_quarantine(&check);
	return lines;
}
