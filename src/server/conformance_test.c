/* What every kind of mail server must do, run against a real one of each kind.
 *
 * Mailboxes are prepared and judged on disk, as delivery agents and other programs of the user see
 * them, so that an implementation does not vouch for itself. Each test has mailboxes of its own. */
#include "../tests/support/dovecot.h"
#include "../tests/support/maildisk.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "server/config.h"
#include "server/imap.h"
#include "server/maildir.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define RECEIVED (G_GINT64_CONSTANT(1600000000))
#define PATIENCE deadline_in(60)

/* One real mail server. */
typedef struct {
	const char *name;
	gboolean crlf; /* fetch gives CRLF whatever is on disk; otherwise bytes are as on disk */
	Dovecot *dovecot;
	char *directory;
	MailServer *server;
} Peer;

/* Peers */

static char *peer_maildir(const Peer *peer, const char *mailbox)
{
	return peer->dovecot ? dovecot_maildir(peer->dovecot, mailbox)
	                     : g_build_filename(peer->directory, mailbox, "Maildir", NULL);
}

/* "" is INBOX; a folder is given by its directory, ".Sub.Folder". */
static char *folder_path(const Peer *peer, const char *mailbox, const char *directory)
{
	g_autofree char *maildir = peer_maildir(peer, mailbox);
	return g_build_filename(maildir, directory, NULL);
}

/* A mailbox that no other test uses. */
static char *new_mailbox(Peer *peer)
{
	static int counter;
	char *mailbox = g_strdup_printf("user%d@corp.example", g_atomic_int_add(&counter, 1));
	g_autofree char *maildir = peer_maildir(peer, mailbox);
	if (peer->dovecot)
		dovecot_add_user(peer->dovecot, mailbox);
	else
		maildisk_make(maildir);
	return mailbox;
}

static char *deliver(const Peer *peer, const char *mailbox, const char *directory,
                     const char *message, const char *flags)
{
	g_autofree char *path = folder_path(peer, mailbox, directory);
	maildisk_make(path);
	return maildisk_deliver(path, message, -1, flags, RECEIVED);
}

static char *message_text(const char *message_id, const char *subject)
{
	return g_strdup_printf("Received: from a by b\r\n"
	                       "From: Mallory <mallory@evil.example>\r\n"
	                       "To: alice@corp.example\r\n"
	                       "Subject: %s\r\n"
	                       "Message-ID: <%s>\r\n"
	                       "\r\n"
	                       "Body of %s\r\nwith \xc3\xa4 and \xff.\r\n",
	                       subject, message_id, message_id);
}

static void deliver_id(const Peer *peer, const char *mailbox, const char *directory,
                       const char *message_id)
{
	g_autofree char *message = message_text(message_id, "Your invoice");
	g_free(deliver(peer, mailbox, directory, message, NULL));
}

static GPtrArray *find(const Peer *peer, const char *mailbox, const char *message_id)
{
	g_autoptr(GError) error = NULL;
	GPtrArray *found = mail_server_find(peer->server, mailbox, message_id, PATIENCE, &error);
	g_assert_no_error(error);
	return found;
}

/* The only message with this Message-ID. */
static MailItem *find_only(const Peer *peer, const char *mailbox, const char *message_id)
{
	g_autoptr(GPtrArray) found = find(peer, mailbox, message_id);
	g_assert_cmpuint(found->len, ==, 1);
	return g_ptr_array_steal_index(found, 0);
}

static void assert_missing(GError **error, MailMissing what)
{
	g_assert_error(*error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND);
	g_assert_cmpint(mail_server_error_what(*error), ==, what);
	g_clear_error(error);
}

static void assert_flags(char **flags, const char *expected)
{
	g_autofree char *joined = g_strjoinv(" ", flags);
	g_assert_cmpstr(joined, ==, expected);
}

static void assert_bytes(GBytes *bytes, const char *expected)
{
	g_autoptr(GBytes) wanted = g_bytes_new_static(expected, strlen(expected));
	g_assert_true(g_bytes_equal(bytes, wanted));
}

/* The tests */

static void test_a_healthy_mailbox_passes_the_check(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	deliver_id(peer, mailbox, "", "a@b.example");
	g_autoptr(GPtrArray) lines = mail_server_check(peer->server, mailbox, PATIENCE);
	g_assert_cmpuint(lines->len, >=, 4);
	for (guint i = 0; i < lines->len; i++) {
		const CheckLine *line = lines->pdata[i];
		g_test_message("%s: %s", line->what, line->detail);
		if (strcmp(line->what, "capabilities") == 0)
			g_assert_cmpint(line->level, !=, CHECK_FAILED);
		else
			g_assert_cmpint(line->level, ==, CHECK_OK);
	}
}

static void test_a_check_of_a_missing_mailbox_fails(gconstpointer data)
{
	const Peer *peer = data;
	g_autoptr(GPtrArray) lines =
		mail_server_check(peer->server, "nobody@corp.example", PATIENCE);
	guint failed = 0;
	for (guint i = 0; i < lines->len; i++) {
		const CheckLine *line = lines->pdata[i];
		g_test_message("%s: %s", line->what, line->detail);
		if (line->level != CHECK_FAILED)
			continue;
		failed++;
		g_assert_cmpstr(line->what, ==, "mailbox"); /* not "log in": that works */
	}
	g_assert_cmpuint(failed, ==, 1);
}

static void test_every_member_of_a_configuration_is_explained(gconstpointer data)
{
	const MailServerKind *kind = ((const Peer *)data)->server->kind;
	for (guint i = 0; kind->config[i]; i++)
		g_assert_nonnull(config_member(kind->config[i]));
	for (guint i = 0; kind->secret[i]; i++)
		g_assert_nonnull(config_member(kind->secret[i]));
}

static const struct {
	const char *name, *directory;
} folder_names[] = {
	{"Archive", ".Archive"},
	{"With blanks", ".With blanks"},
	{"Say \"hi\"", ".Say \"hi\""},
	{"Entwürfe", ".Entw&APw-rfe"},
	{"A & B", ".A &- B"},
	{"Sub/Sub sub/Größe", ".Sub.Sub sub.Gr&APYA3w-e"},
	{"日本語", ".&ZeVnLIqe-"},
	{"back\\slash", ".back\\slash"},
	{"per%cent*star", ".per%cent*star"},
	{"(a) {1}", ".(a) {1}"},
};

static void test_folders_are_listed_by_their_names(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	for (guint i = 0; i < G_N_ELEMENTS(folder_names); i++) {
		g_autofree char *path = folder_path(peer, mailbox, folder_names[i].directory);
		maildisk_make(path);
	}
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) folders = mail_server_folders(peer->server, mailbox, PATIENCE, &error);
	g_assert_no_error(error);
	g_assert_true(g_ptr_array_find_with_equal_func(folders, "INBOX", g_str_equal, NULL));
	for (guint i = 0; i < G_N_ELEMENTS(folder_names); i++)
		g_assert_true(g_ptr_array_find_with_equal_func(folders, folder_names[i].name,
		                                               g_str_equal, NULL));
}

static void test_every_folder_can_be_written_listed_and_read(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	g_autofree char *text = message_text("a@b.example", "Hello");
	g_autoptr(GBytes) message = g_bytes_new(text, strlen(text));
	for (guint i = 0; i < G_N_ELEMENTS(folder_names); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(MailRef) ref =
			mail_server_put(peer->server, mailbox, folder_names[i].name, message, NULL,
		                        RECEIVED * CLOCK_SECOND, PATIENCE, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(ref->folder, ==, folder_names[i].name);
		g_autofree char *path = folder_path(peer, mailbox, folder_names[i].directory);
		g_assert_cmpuint(maildisk_count(path), ==, 1);
		g_autoptr(MailListing) listing = mail_server_list_new(
			peer->server, mailbox, folder_names[i].name, NULL, PATIENCE, &error);
		g_assert_no_error(error);
		g_assert_cmpuint(listing->items->len, ==, 1);
		g_autoptr(GBytes) again =
			mail_server_fetch_one(peer->server, ref, PATIENCE, &error);
		g_assert_no_error(error);
		g_assert_true(g_bytes_equal(message, again));
	}
	g_autoptr(GPtrArray) found = find(peer, mailbox, "a@b.example");
	g_assert_cmpuint(found->len, ==, G_N_ELEMENTS(folder_names));
}

static MailListing *list(const Peer *peer, const char *mailbox, const char *cursor)
{
	g_autoptr(GError) error = NULL;
	MailListing *listing =
		mail_server_list_new(peer->server, mailbox, "INBOX", cursor, PATIENCE, &error);
	g_assert_no_error(error);
	g_assert_nonnull(listing->cursor);
	return listing;
}

static void test_what_is_new_is_listed_once_and_left_unread(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	g_autoptr(MailListing) empty = list(peer, mailbox, NULL);
	g_assert_cmpuint(empty->items->len, ==, 0);
	deliver_id(peer, mailbox, "", "one@b.example");
	deliver_id(peer, mailbox, "", "two@b.example");
	g_autoptr(MailListing) both = list(peer, mailbox, empty->cursor);
	g_assert_cmpuint(both->items->len, ==, 2);
	g_assert_false(both->more);
	g_assert_false(both->restarted);
	const MailItem *item = both->items->pdata[0];
	g_assert_false(mail_item_is_read(item));
	g_assert_cmpint(item->received_at, ==, RECEIVED * CLOCK_SECOND);
	g_assert_cmpint(item->size, >, 100);
	g_autoptr(MailListing) none = list(peer, mailbox, both->cursor);
	g_assert_cmpuint(none->items->len, ==, 0);
	deliver_id(peer, mailbox, "", "three@b.example");
	g_autoptr(MailListing) one = list(peer, mailbox, none->cursor);
	g_assert_cmpuint(one->items->len, ==, 1);
	g_autoptr(MailListing) all = list(peer, mailbox, NULL);
	g_assert_cmpuint(all->items->len, ==, 3);
	for (guint i = 0; i < all->items->len; i++)
		g_assert_false(mail_item_is_read(all->items->pdata[i]));
}

static void test_old_dates_and_changed_flags_do_not_confuse_the_cursor(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	g_autofree char *inbox = folder_path(peer, mailbox, "");
	g_autofree char *text = message_text("late@b.example", "Late");
	deliver_id(peer, mailbox, "", "first@b.example");
	g_autoptr(MailListing) first = list(peer, mailbox, NULL);
	g_autofree char *late = maildisk_deliver(inbox, text, -1, "S", RECEIVED - 86400);
	g_autoptr(MailListing) second = list(peer, mailbox, first->cursor);
	g_assert_cmpuint(second->items->len, ==, 1);
	g_autofree char *before = maildisk_find(inbox, late);
	g_autofree char *after = g_strconcat(before, "T", NULL);
	g_assert_cmpint(g_rename(before, after), ==, 0);
	g_autoptr(MailListing) third = list(peer, mailbox, second->cursor);
	g_assert_cmpuint(third->items->len, ==, 0);
}

static void test_a_long_list_comes_in_batches(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	g_autofree char *inbox = folder_path(peer, mailbox, "");
	const guint total = 2 * LIMIT_LIST_NEW + 7;
	for (guint i = 0; i < total; i++)
		g_free(maildisk_deliver(inbox, "Subject: x\n\nx\n", -1, NULL, RECEIVED + i));
	g_autoptr(GHashTable) uids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autofree char *cursor = NULL;
	gint64 newest = 0;
	for (guint batch = 0; batch < 3; batch++) {
		g_autoptr(MailListing) listing = list(peer, mailbox, cursor);
		g_assert_cmpuint(listing->items->len, ==, batch < 2 ? LIMIT_LIST_NEW : 7);
		g_assert_cmpint(listing->more, ==, batch < 2);
		for (guint i = 0; i < listing->items->len; i++) {
			const MailItem *item = listing->items->pdata[i];
			g_assert_cmpint(item->received_at, >=, newest);
			newest = item->received_at;
			g_assert_true(g_hash_table_add(uids, g_strdup(item->ref->uid)));
		}
		g_free(cursor);
		cursor = g_strdup(listing->cursor);
	}
	g_assert_cmpuint(g_hash_table_size(uids), ==, total);
}

static void test_a_void_cursor_lists_everything_again(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	deliver_id(peer, mailbox, "", "one@b.example");
	g_autoptr(MailListing) listing = list(peer, mailbox, "not a cursor");
	g_assert_true(listing->restarted);
	g_assert_cmpuint(listing->items->len, ==, 1);
}

static gboolean collect(const MailRef *ref, GBytes *message, gpointer data)
{
	g_hash_table_insert(data, g_strdup(ref->uid), message ? g_bytes_ref(message) : NULL);
	return TRUE;
}

static void unref_bytes(gpointer bytes)
{
	if (bytes)
		g_bytes_unref(bytes);
}

static char *with_crlf(const char *text)
{
	GString *crlf = g_string_new(NULL);
	for (const char *p = text; *p; p++) {
		if (*p == '\n' && (p == text || p[-1] != '\r'))
			g_string_append_c(crlf, '\r');
		g_string_append_c(crlf, *p);
	}
	return g_string_free(crlf, FALSE);
}

/* Bytes as they lie there; IMAP servers give every line CRLF (RFC 3501 §4.3.1 and §9). */
static void test_messages_are_fetched_unchanged(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	static const char *const messages[] = {
		"Subject: CRLF\r\n\r\nline\r\n",
		"Subject: LF\n\nline\n",
		"Subject: no end of line\n\nline",
		"Subject: no body\n",
		"\n",
		"Subject: octets\n\n\x01\x7f\x80\xff\n",
		"Subject: syntax\n\n* 1 FETCH (BODY[] {3}\nabc)\n.\n",
		"From x\nSubject: odd\n\n)\n",
	};
	g_autofree char *mailbox = new_mailbox(peer);
	g_autofree char *inbox = folder_path(peer, mailbox, "");
	for (guint i = 0; i < G_N_ELEMENTS(messages); i++)
		g_free(maildisk_deliver(inbox, messages[i], -1, "", RECEIVED + i));
	g_autoptr(MailListing) listing = list(peer, mailbox, NULL);
	g_assert_cmpuint(listing->items->len, ==, G_N_ELEMENTS(messages));
	g_autoptr(GPtrArray) refs = g_ptr_array_new();
	for (guint i = 0; i < listing->items->len; i++)
		g_ptr_array_add(refs, ((MailItem *)listing->items->pdata[i])->ref);
	g_autoptr(GHashTable) fetched =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, unref_bytes);
	g_autoptr(GError) error = NULL;
	mail_server_fetch(peer->server, refs, collect, fetched, PATIENCE, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < refs->len; i++) {
		g_autofree char *expected =
			peer->crlf ? with_crlf(messages[i]) : g_strdup(messages[i]);
		assert_bytes(g_hash_table_lookup(fetched, ((MailRef *)refs->pdata[i])->uid),
		             expected);
	}
	g_autoptr(MailListing) after = list(peer, mailbox, NULL);
	for (guint i = 0; i < after->items->len; i++)
		g_assert_false(mail_item_is_read(after->items->pdata[i]));
}

static void test_a_large_message_is_fetched_whole(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	g_autoptr(GString) text = g_string_new("Message-ID: <large@b.example>\r\n\r\n");
	for (guint i = 0; i < 200000; i++)
		g_string_append_printf(text, "%u all work and no play makes a dull boy\r\n", i);
	g_free(deliver(peer, mailbox, "", text->str, NULL));
	g_autoptr(MailItem) item = find_only(peer, mailbox, "large@b.example");
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = mail_server_fetch_one(peer->server, item->ref, PATIENCE, &error);
	g_assert_no_error(error);
	assert_bytes(bytes, text->str);
}

static void test_a_message_that_is_gone_does_not_stop_a_fetch(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	g_autofree char *inbox = folder_path(peer, mailbox, "");
	g_autofree char *text = message_text("gone@b.example", "Gone");
	deliver_id(peer, mailbox, "", "one@b.example");
	g_autofree char *gone = deliver(peer, mailbox, "", text, NULL);
	deliver_id(peer, mailbox, "", "three@b.example");
	g_autoptr(MailItem) item = find_only(peer, mailbox, "gone@b.example");
	g_autoptr(MailListing) listing = list(peer, mailbox, NULL);
	g_autofree char *file = maildisk_find(inbox, gone);
	g_assert_cmpint(g_unlink(file), ==, 0);
	g_autoptr(GPtrArray) refs = g_ptr_array_new();
	for (guint i = 0; i < listing->items->len; i++)
		g_ptr_array_add(refs, ((MailItem *)listing->items->pdata[i])->ref);
	g_autoptr(GHashTable) fetched =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, unref_bytes);
	g_autoptr(GError) error = NULL;
	mail_server_fetch(peer->server, refs, collect, fetched, PATIENCE, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(g_hash_table_size(fetched), ==, 3);
	for (guint i = 0; i < refs->len; i++) {
		const char *uid = ((MailRef *)refs->pdata[i])->uid;
		if (strcmp(uid, item->ref->uid) == 0)
			g_assert_null(g_hash_table_lookup(fetched, uid));
		else
			g_assert_nonnull(g_hash_table_lookup(fetched, uid));
	}
}

static void test_flags_are_changed_by_others_without_harm(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	g_autofree char *inbox = folder_path(peer, mailbox, "");
	g_autofree char *text = message_text("read@b.example", "Read");
	g_autofree char *unique = deliver(peer, mailbox, "", text, NULL);
	g_autoptr(MailItem) item = find_only(peer, mailbox, "read@b.example");
	g_assert_false(mail_item_is_read(item));
	g_autofree char *before = maildisk_find(inbox, unique);
	g_autofree char *after = g_strdup_printf("%s/cur/%s:2,FS", inbox, unique);
	g_assert_cmpint(g_rename(before, after), ==, 0);
	g_autoptr(GError) error = NULL;
	g_autoptr(MailItem) now = mail_server_stat(peer->server, item->ref, PATIENCE, &error);
	g_assert_no_error(error);
	assert_flags(now->flags, "\\Flagged \\Seen");
	g_assert_true(mail_item_is_read(now));
	g_autoptr(GBytes) bytes = mail_server_fetch_one(peer->server, item->ref, PATIENCE, &error);
	g_assert_no_error(error);
	assert_bytes(bytes, text);
}

static void test_find_is_exact_and_looks_everywhere(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	deliver_id(peer, mailbox, "", "12@b.example");
	deliver_id(peer, mailbox, "", "x12@b.example");
	deliver_id(peer, mailbox, "", "12@b.example.org");
	deliver_id(peer, mailbox, "", "12@B.example");
	deliver_id(peer, mailbox, ".Junk", "12@b.example");
	deliver_id(peer, mailbox, ".Sub.Deep.Gr&APYA3w-e", "12@b.example");
	g_autofree char *folded =
		g_strdup("Subject: x\nMessage-Id:\n <12@b.example>\n\nbody <13@b.example>\n");
	g_free(deliver(peer, mailbox, ".Trash", folded, "S"));
	g_autoptr(GPtrArray) found = find(peer, mailbox, "12@b.example");
	g_assert_cmpuint(found->len, ==, 4);
	g_autoptr(GPtrArray) again = find(peer, mailbox, "12@b.example");
	g_assert_cmpuint(again->len, ==, 4);
	g_autoptr(GPtrArray) none = find(peer, mailbox, "13@b.example");
	g_assert_cmpuint(none->len, ==, 0);
}

static void test_find_sees_what_comes_after_a_search(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	g_autofree char *archive = folder_path(peer, mailbox, ".Archive");
	maildisk_make(archive);
	deliver_id(peer, mailbox, "", "other@b.example");
	g_autoptr(GPtrArray) none = find(peer, mailbox, "new@b.example");
	g_assert_cmpuint(none->len, ==, 0);
	deliver_id(peer, mailbox, ".Archive", "new@b.example");
	g_autoptr(MailItem) item = find_only(peer, mailbox, "new@b.example");
	g_assert_cmpstr(item->ref->folder, ==, "Archive");
}

static void test_hostile_message_ids_are_found(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *filler = g_strnfill(5000, 'z');
	g_autofree char *longest = g_strconcat(filler, "@b.example", NULL);
	const char *const ids[] = {
		"\"quo\\\"ted\"@b.example",
		"back\\slash@b.example",
		"a\" HEADER Subject \"x@b.example",
		"{5}@b.example",
		"(a)%*@b.example",
		"NIL",
		"*",
		"\xc3\xa4@b.example",
		longest,
	};
	g_autofree char *mailbox = new_mailbox(peer);
	for (guint i = 0; i < G_N_ELEMENTS(ids); i++)
		deliver_id(peer, mailbox, "", ids[i]);
	for (guint i = 0; i < G_N_ELEMENTS(ids); i++) {
		g_autofree char *id = text_message_id(ids[i], strlen(ids[i]));
		g_autoptr(GPtrArray) found = find(peer, mailbox, id);
		if (found->len != 1)
			g_error("'%s' was found %u times", ids[i], found->len);
	}
	g_autoptr(GPtrArray) none = find(peer, mailbox, "a\r\nA1 LOGOUT\r\n@b.example");
	g_assert_cmpuint(none->len, ==, 0);
}

static void test_several_are_found_with_one_look(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	for (guint i = 0; i < 40; i++) { /* the first of them is a part of others, and of none */
		g_ptr_array_add(ids, g_strdup_printf("%s%u@b.example", i ? "a" : "", i));
		for (guint copy = 0; copy < i % 3; copy++)
			deliver_id(peer, mailbox, copy ? ".Junk" : "", ids->pdata[i]);
	}
	g_ptr_array_add(ids, g_strdup(ids->pdata[1])); /* one is asked for twice */
	g_autoptr(GPtrArray) found =
		mail_server_find_each(peer->server, mailbox, ids, PATIENCE, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(found->len, ==, 41);
	for (guint i = 0; i < found->len; i++)
		g_assert_cmpuint(((GPtrArray *)found->pdata[i])->len, ==, i % 40 % 3 + i / 40);
}

static void test_an_empty_message_id_is_refused(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	g_autoptr(GError) error = NULL;
	g_assert_null(mail_server_find(peer->server, mailbox, "", PATIENCE, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID);
}

static void test_similar_messages_are_found_by_sender_subject_and_time(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	const char *wanted = "From: \"A, B\" <Mallory@Evil.example>\n"
			     "Subject: =?utf-8?q?Ihre_Rechnung_f=C3=BCr?=\n Mai\n\nx\n";
	const char *other = "From: bob@corp.example\nSubject: Ihre Rechnung\n\nx\n";
	const char *longer =
		"From: mallory@evil.example\nSubject: Ihre Rechnung =?utf-8?q?f=C3=BCr?="
		" Mai 2\n\nx\n";
	g_free(deliver(peer, mailbox, "", wanted, NULL));
	g_free(deliver(peer, mailbox, "", other, NULL));
	g_free(deliver(peer, mailbox, ".Junk", wanted, NULL));
	g_free(deliver(peer, mailbox, ".Junk", longer, NULL));
	const struct {
		const char *sender, *subject;
		gint64 from, to;
		guint expected;
	} cases[] = {
		{"mallory@evil.example", "Ihre Rechnung für Mai", RECEIVED, RECEIVED, 2},
		{"mallory@evil.example", "ihre  rechnung für mai", RECEIVED - 60, RECEIVED + 60, 2},
		{"mallory@evil.example", "Ihre Rechnung für Mai", RECEIVED + 1, RECEIVED + 60, 0},
		{"mallory@evil.example", "Ihre Rechnung für Mai", RECEIVED - 60, RECEIVED - 1, 0},
		{"carol@corp.example", "Ihre Rechnung für Mai", RECEIVED, RECEIVED, 0},
		{"mallory@evil.example", NULL, RECEIVED, RECEIVED, 3},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GPtrArray) found = mail_server_find_similar(
			peer->server, mailbox, cases[i].sender, cases[i].subject,
			cases[i].from * CLOCK_SECOND, cases[i].to * CLOCK_SECOND, PATIENCE, &error);
		g_assert_no_error(error);
		g_assert_cmpuint(found->len, ==, cases[i].expected);
	}
}

static void test_put_keeps_bytes_flags_and_date(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	static const struct {
		const char *flags[6];
		const char *expected;
	} cases[] = {
		{{NULL}, ""},
		{{"\\Seen", NULL}, "\\Seen"},
		{{"\\Answered", "\\Draft", "\\Flagged", "\\Seen", NULL},
	         "\\Answered \\Draft \\Flagged \\Seen"},
	};
	g_autofree char *mailbox = new_mailbox(peer);
	g_autofree char *text = message_text("put@b.example", "Put");
	g_autoptr(GBytes) message = g_bytes_new(text, strlen(text));
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(MailRef) ref = mail_server_put(
			peer->server, mailbox, "Quarantine/Of today", message,
			(char **)cases[i].flags, (RECEIVED + i) * CLOCK_SECOND, PATIENCE, &error);
		g_assert_no_error(error);
		g_autoptr(MailItem) item = mail_server_stat(peer->server, ref, PATIENCE, &error);
		g_assert_no_error(error);
		assert_flags(item->flags, cases[i].expected);
		g_assert_cmpint(item->received_at, ==, (RECEIVED + i) * CLOCK_SECOND);
		g_assert_cmpint(item->size, ==, (gint64)strlen(text));
		g_autoptr(GBytes) back = mail_server_fetch_one(peer->server, ref, PATIENCE, &error);
		g_assert_no_error(error);
		g_assert_true(g_bytes_equal(message, back));
	}
	g_autofree char *path = folder_path(peer, mailbox, ".Quarantine.Of today");
	g_assert_cmpuint(maildisk_count(path), ==, G_N_ELEMENTS(cases));
}

static void test_files_that_are_put_belong_to_the_owner_of_the_mailbox(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	g_autofree char *inbox = folder_path(peer, mailbox, "");
	g_autofree char *text = message_text("owner@b.example", "Owner");
	g_autoptr(GBytes) message = g_bytes_new(text, strlen(text));
	g_autoptr(GError) error = NULL;
	g_autoptr(MailRef) ref = mail_server_put(peer->server, mailbox, "INBOX", message, NULL,
	                                         RECEIVED * CLOCK_SECOND, PATIENCE, &error);
	g_assert_no_error(error);
	g_autofree char *file = maildisk_find(inbox, "");
	struct stat expected, found;
	g_assert_cmpint(stat(inbox, &expected), ==, 0);
	g_assert_cmpint(stat(file, &found), ==, 0);
	g_assert_cmpuint(found.st_uid, ==, expected.st_uid);
	g_assert_cmpuint(found.st_gid, ==, expected.st_gid);
}

static void test_move_takes_flags_and_date_along(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	g_autofree char *inbox = folder_path(peer, mailbox, "");
	g_autofree char *text = message_text("move@b.example", "Move");
	g_free(deliver(peer, mailbox, "", text, "FS"));
	deliver_id(peer, mailbox, "", "stays@b.example");
	g_autoptr(MailItem) item = find_only(peer, mailbox, "move@b.example");
	g_autoptr(GError) error = NULL;
	g_autoptr(MailRef) moved =
		mail_server_move(peer->server, item->ref, "Processed/Reports", PATIENCE, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(moved->folder, ==, "Processed/Reports");
	g_autoptr(MailItem) now = mail_server_stat(peer->server, moved, PATIENCE, &error);
	g_assert_no_error(error);
	assert_flags(now->flags, "\\Flagged \\Seen");
	g_assert_cmpint(now->received_at, ==, RECEIVED * CLOCK_SECOND);
	g_autoptr(GBytes) bytes = mail_server_fetch_one(peer->server, moved, PATIENCE, &error);
	g_assert_no_error(error);
	assert_bytes(bytes, text);
	g_assert_null(mail_server_stat(peer->server, item->ref, PATIENCE, &error));
	assert_missing(&error, MISSING_MESSAGE);
	g_assert_cmpuint(maildisk_count(inbox), ==, 1);
	g_autoptr(MailRef) back = mail_server_move(peer->server, moved, "INBOX", PATIENCE, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(maildisk_count(inbox), ==, 2);
}

static void test_since_finds_what_was_written_after_the_mark(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	g_autofree char *text = message_text("lost@b.example", "Lost answer");
	g_autoptr(GBytes) message = g_bytes_new(text, strlen(text));
	g_autoptr(GError) error = NULL;
	g_autoptr(MailRef) before =
		mail_server_put(peer->server, mailbox, "Quarantine", message, NULL,
	                        RECEIVED * CLOCK_SECOND, PATIENCE, &error);
	g_assert_no_error(error);
	g_autofree char *mark =
		mail_server_mark(peer->server, mailbox, "Quarantine", PATIENCE, &error);
	g_assert_no_error(error);
	g_autoptr(GPtrArray) none =
		mail_server_since(peer->server, mailbox, "Quarantine", mark, PATIENCE, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(none->len, ==, 0);
	g_autoptr(MailRef) put = mail_server_put(peer->server, mailbox, "Quarantine", message, NULL,
	                                         RECEIVED * CLOCK_SECOND, PATIENCE, &error);
	g_assert_no_error(error);
	deliver_id(peer, mailbox, "", "moved@b.example");
	g_autoptr(MailItem) item = find_only(peer, mailbox, "moved@b.example");
	g_autoptr(MailRef) moved =
		mail_server_move(peer->server, item->ref, "Quarantine", PATIENCE, &error);
	g_assert_no_error(error);
	g_autoptr(GPtrArray) both =
		mail_server_since(peer->server, mailbox, "Quarantine", mark, PATIENCE, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(both->len, ==, 2);
	for (guint i = 0; i < both->len; i++) {
		const MailRef *ref = ((MailItem *)both->pdata[i])->ref;
		g_assert_true(strcmp(ref->uid, put->uid) == 0 || strcmp(ref->uid, moved->uid) == 0);
		g_assert_cmpstr(ref->epoch, ==, put->epoch);
	}
}

static void test_mark_makes_the_folder(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	g_autoptr(GError) error = NULL;
	g_autofree char *mark = mail_server_mark(peer->server, mailbox, "Fresh", PATIENCE, &error);
	g_assert_no_error(error);
	g_autoptr(GPtrArray) none =
		mail_server_since(peer->server, mailbox, "Fresh", mark, PATIENCE, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(none->len, ==, 0);
}

static void test_remove_removes_only_that_one(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	g_autofree char *inbox = folder_path(peer, mailbox, "");
	g_autofree char *deleted = message_text("deleted@b.example", "Deleted by its user");
	deliver_id(peer, mailbox, "", "one@b.example");
	deliver_id(peer, mailbox, "", "two@b.example");
	/* a bare EXPUNGE would take this one too */
	g_autofree char *marked = deliver(peer, mailbox, "", deleted, "T");
	g_autoptr(MailItem) item = find_only(peer, mailbox, "one@b.example");
	g_autoptr(GError) error = NULL;
	for (guint i = 0; i < 2; i++) {
		g_assert_true(mail_server_remove(peer->server, item->ref, PATIENCE, &error));
		g_assert_no_error(error);
		g_assert_cmpuint(maildisk_count(inbox), ==, 2);
	}
	g_autofree char *still = maildisk_find(inbox, marked);
	g_assert_nonnull(still);
	g_autoptr(MailItem) two = find_only(peer, mailbox, "two@b.example");
	g_assert_cmpstr(two->ref->folder, ==, "INBOX");
}

static void test_a_message_its_user_moved_is_not_touched(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	g_autofree char *inbox = folder_path(peer, mailbox, "");
	g_autofree char *junk = folder_path(peer, mailbox, ".Junk");
	g_autofree char *text = message_text("moved@b.example", "Moved by its user");
	maildisk_make(junk);
	deliver_id(peer, mailbox, "", "before@b.example");
	g_autofree char *unique = deliver(peer, mailbox, "", text, NULL);
	deliver_id(peer, mailbox, "", "after@b.example");
	g_autoptr(MailItem) item = find_only(peer, mailbox, "moved@b.example");
	g_autofree char *from = maildisk_find(inbox, unique);
	g_autofree char *to = g_strdup_printf("%s/cur/%s:2,", junk, unique);
	g_assert_cmpint(g_rename(from, to), ==, 0);
	g_autoptr(GError) error = NULL;
	g_assert_null(mail_server_stat(peer->server, item->ref, PATIENCE, &error));
	assert_missing(&error, MISSING_MESSAGE);
	g_assert_null(mail_server_fetch_one(peer->server, item->ref, PATIENCE, &error));
	assert_missing(&error, MISSING_MESSAGE);
	g_assert_null(mail_server_move(peer->server, item->ref, "Elsewhere", PATIENCE, &error));
	assert_missing(&error, MISSING_MESSAGE);
	g_assert_true(mail_server_remove(peer->server, item->ref, PATIENCE, &error));
	g_assert_cmpuint(maildisk_count(inbox), ==, 2);
	g_assert_cmpuint(maildisk_count(junk), ==, 1);
	g_autoptr(MailItem) now = find_only(peer, mailbox, "moved@b.example");
	g_assert_cmpstr(now->ref->folder, ==, "Junk");
}

/* Every call, made for something that is not there, says which: mailbox, folder or message. */
static void test_what_is_missing_is_told_apart(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	MailServer *server = peer->server;
	g_autofree char *mailbox = new_mailbox(peer);
	g_autoptr(GBytes) message = g_bytes_new_static("Subject: x\r\n\r\n", 14);
	g_autoptr(MailRef) known = mail_server_put(server, mailbox, "INBOX", message, NULL,
	                                           RECEIVED * CLOCK_SECOND, PATIENCE, NULL);
	g_assert_nonnull(known);
	static const struct {
		const char *mailbox, *folder;
		MailMissing what;
	} cases[] = {
		{"nobody@corp.example", "INBOX", MISSING_MAILBOX},
		{NULL, "No such", MISSING_FOLDER},
		{NULL, "INBOX", MISSING_MESSAGE},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *where = cases[i].mailbox ? cases[i].mailbox : mailbox;
		MailMissing what = cases[i].what;
		g_autoptr(MailRef) ref = mail_ref_new(where, cases[i].folder, known->epoch, "4711");
		g_autoptr(GError) error = NULL;
		g_assert_null(mail_server_stat(server, ref, PATIENCE, &error));
		assert_missing(&error, what);
		g_assert_null(mail_server_fetch_one(server, ref, PATIENCE, &error));
		assert_missing(&error, what);
		g_assert_null(mail_server_move(server, ref, "Target", PATIENCE, &error));
		assert_missing(&error, what);
		if (what == MISSING_MESSAGE)
			continue;
		g_assert_false(mail_server_remove(server, ref, PATIENCE, &error));
		assert_missing(&error, what);
		g_assert_null(mail_server_list_new(server, where, cases[i].folder, NULL, PATIENCE,
		                                   &error));
		assert_missing(&error, what);
		g_assert_null(
			mail_server_since(server, where, cases[i].folder, "1", PATIENCE, &error));
		assert_missing(&error, what);
		if (what == MISSING_FOLDER)
			continue;
		g_assert_null(mail_server_put(server, where, "INBOX", message, NULL, 0, PATIENCE,
		                              &error));
		assert_missing(&error, what);
		g_assert_null(mail_server_mark(server, where, "INBOX", PATIENCE, &error));
		assert_missing(&error, what);
		g_assert_null(mail_server_folders(server, where, PATIENCE, &error));
		assert_missing(&error, what);
		g_assert_null(mail_server_find(server, where, "a@b", PATIENCE, &error));
		assert_missing(&error, what);
	}
}

static void test_a_message_of_another_epoch_is_missing(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	g_autofree char *inbox = folder_path(peer, mailbox, "");
	deliver_id(peer, mailbox, "", "a@b.example");
	g_autoptr(MailItem) item = find_only(peer, mailbox, "a@b.example");
	g_autoptr(MailRef) old = mail_ref_new(mailbox, "INBOX", "12345", item->ref->uid);
	g_autoptr(GError) error = NULL;
	g_assert_null(mail_server_stat(peer->server, old, PATIENCE, &error));
	assert_missing(&error, MISSING_MESSAGE);
	g_assert_null(mail_server_fetch_one(peer->server, old, PATIENCE, &error));
	assert_missing(&error, MISSING_MESSAGE);
	g_assert_null(mail_server_move(peer->server, old, "Elsewhere", PATIENCE, &error));
	assert_missing(&error, MISSING_MESSAGE);
	/* not "gone already": it may well be there, under another number */
	g_assert_false(mail_server_remove(peer->server, old, PATIENCE, &error));
	assert_missing(&error, MISSING_MESSAGE);
	g_assert_cmpuint(maildisk_count(inbox), ==, 1);
}

static void test_hostile_addresses_reach_nothing(gconstpointer data)
{
	const Peer *peer = data;
	static const char *const addresses[] = {
		"../../etc@corp.example",
		"a/../../b@corp.example",
		"a/b@corp.example",
		"..@corp.example",
		".@corp.example",
		"a@..",
		"a@../corp.example",
		"no address",
		"",
		"a\r\nb@corp.example",
		"a*b@corp.example",
		"a%u@corp.example",
	};
	for (guint i = 0; i < G_N_ELEMENTS(addresses); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(mail_server_list_new(peer->server, addresses[i], "INBOX", NULL,
		                                   PATIENCE, &error));
		assert_missing(&error, MISSING_MAILBOX);
	}
}

static void test_a_deadline_that_passed_is_an_error(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	g_autoptr(GError) error = NULL;
	g_assert_null(mail_server_list_new(peer->server, mailbox, "INBOX", NULL, deadline_in(-1),
	                                   &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_TIMEOUT);
}

typedef struct {
	const Peer *peer;
	const char *mailbox;
	guint number;
} Busy;

static gpointer be_busy(gpointer data)
{
	const Busy *busy = data;
	MailServer *server = busy->peer->server;
	g_autofree char *folder = g_strdup_printf("Busy/%u", busy->number);
	for (guint i = 0; i < 25; i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *id = g_strdup_printf("%u-%u@b.example", busy->number, i);
		g_autofree char *text = message_text(id, "Busy");
		g_autoptr(GBytes) message = g_bytes_new(text, strlen(text));
		g_autoptr(MailRef) put =
			mail_server_put(server, busy->mailbox, "INBOX", message, NULL,
		                        RECEIVED * CLOCK_SECOND, PATIENCE, &error);
		g_assert_no_error(error);
		g_autoptr(MailItem) found = find_only(busy->peer, busy->mailbox, id);
		g_assert_cmpstr(found->ref->uid, ==, put->uid);
		g_autoptr(MailRef) moved =
			mail_server_move(server, found->ref, folder, PATIENCE, &error);
		g_assert_no_error(error);
		g_autoptr(GBytes) back = mail_server_fetch_one(server, moved, PATIENCE, &error);
		g_assert_no_error(error);
		g_assert_true(g_bytes_equal(message, back));
		g_assert_true(mail_server_remove(server, moved, PATIENCE, &error));
		g_assert_no_error(error);
	}
	return NULL;
}

static void test_two_threads_work_in_one_mailbox(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	g_autofree char *inbox = folder_path(peer, mailbox, "");
	deliver_id(peer, mailbox, "", "bystander@b.example");
	Busy one = {peer, mailbox, 1}, two = {peer, mailbox, 2};
	GThread *thread = g_thread_new("busy", be_busy, &one);
	be_busy(&two);
	g_thread_join(thread);
	g_assert_cmpuint(maildisk_count(inbox), ==, 1);
}

#define CROWD 8 /* threads, and messages for each */

static gpointer remove_mine(gpointer data)
{
	const Busy *busy = data;
	for (guint i = 0; i < CROWD; i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *id = g_strdup_printf("%u-%u@b.example", busy->number, i);
		g_autoptr(MailItem) found = find_only(busy->peer, busy->mailbox, id);
		g_assert_true(mail_server_remove(busy->peer->server, found->ref, PATIENCE, &error));
		g_assert_no_error(error);
	}
	return NULL;
}

/* Dovecot once kept files of messages that were marked and expunged in one flight. */
static void test_what_a_crowd_removes_stays_away(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	g_autofree char *inbox = folder_path(peer, mailbox, "");
	Busy busy[CROWD];
	GThread *threads[CROWD];
	for (guint i = 0; i < CROWD * CROWD; i++) {
		g_autofree char *id = g_strdup_printf("%u-%u@b.example", i / CROWD, i % CROWD);
		deliver_id(peer, mailbox, "", id);
	}
	for (guint i = 0; i < CROWD; i++) {
		busy[i] = (Busy){peer, mailbox, i};
		threads[i] = g_thread_new("remove", remove_mine, &busy[i]);
	}
	for (guint i = 0; i < CROWD; i++)
		g_thread_join(threads[i]);
	g_assert_cmpuint(maildisk_count(inbox), ==, 0);
}

static gpointer mark_a_new_folder(gpointer data)
{
	const Busy *busy = data;
	for (guint i = 0; i < 10; i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *folder = g_strdup_printf("Made at once %u", i);
		g_autofree char *mark = mail_server_mark(busy->peer->server, busy->mailbox, folder,
		                                         PATIENCE, &error);
		g_assert_no_error(error);
		g_assert_nonnull(mark);
	}
	return NULL;
}

static void test_a_crowd_makes_a_folder_once(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	Busy busy = {peer, mailbox, 0};
	GThread *threads[CROWD];
	for (guint i = 0; i < CROWD; i++)
		threads[i] = g_thread_new("mark", mark_a_new_folder, &busy);
	for (guint i = 0; i < CROWD; i++)
		g_thread_join(threads[i]);
}

static gpointer deliver_soon(gpointer data)
{
	const Busy *busy = data;
	for (guint i = 0; i < 100 && !g_atomic_int_get(&busy->number); i++) {
		g_usleep(100 * 1000);
		deliver_id(busy->peer, busy->mailbox, "", "soon@b.example");
	}
	return NULL;
}

static void test_waiting_ends_when_mail_comes(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	Busy busy = {peer, mailbox, 0};
	GThread *thread = g_thread_new("deliver", deliver_soon, &busy);
	g_autoptr(GError) error = NULL;
	gboolean changed = FALSE;
	mail_server_wait(peer->server, mailbox, "INBOX", PATIENCE, &changed, &error);
	g_atomic_int_set(&busy.number, 1);
	g_thread_join(thread);
	g_assert_no_error(error);
	g_assert_true(changed);
}

static void test_waiting_ends_at_the_deadline(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	g_autoptr(GError) error = NULL;
	gboolean changed = TRUE;
	g_assert_true(
		mail_server_wait(peer->server, mailbox, "INBOX", deadline_in(5), &changed, &error));
	g_assert_no_error(error);
	g_assert_false(changed);
}

static gboolean wait_changes(Peer *peer, const char *mailbox, double seconds)
{
	g_autoptr(GError) error = NULL;
	gboolean changed = FALSE;
	mail_server_wait(peer->server, mailbox, "INBOX", deadline_in(seconds), &changed, &error);
	g_assert_no_error(error);
	return changed;
}

static void test_what_comes_between_two_waits_is_news(gconstpointer data)
{
	Peer *peer = (Peer *)data;
	g_autofree char *mailbox = new_mailbox(peer);
	g_assert_false(wait_changes(peer, mailbox, 5)); /* it logs in, too */
	deliver_id(peer, mailbox, "", "between@b.example");
	g_assert_true(wait_changes(peer, mailbox, 60));
	while (wait_changes(peer, mailbox, 5)) /* Dovecot moves it from new/ to cur/ */
		;
}

static const struct {
	const char *name;
	void (*run)(gconstpointer peer);
} tests[] = {
	{"a healthy mailbox passes the check", test_a_healthy_mailbox_passes_the_check},
	{"a check of a missing mailbox fails", test_a_check_of_a_missing_mailbox_fails},
	{"every member of a configuration is explained",
         test_every_member_of_a_configuration_is_explained},
	{"folders are listed by their names", test_folders_are_listed_by_their_names},
	{"every folder can be written, listed and read",
         test_every_folder_can_be_written_listed_and_read},
	{"what is new is listed once and left unread",
         test_what_is_new_is_listed_once_and_left_unread},
	{"old dates and changed flags do not confuse the cursor",
         test_old_dates_and_changed_flags_do_not_confuse_the_cursor},
	{"a long list comes in batches", test_a_long_list_comes_in_batches},
	{"a void cursor lists everything again", test_a_void_cursor_lists_everything_again},
	{"messages are fetched unchanged", test_messages_are_fetched_unchanged},
	{"a large message is fetched whole", test_a_large_message_is_fetched_whole},
	{"a message that is gone does not stop a fetch",
         test_a_message_that_is_gone_does_not_stop_a_fetch},
	{"flags are changed by others without harm", test_flags_are_changed_by_others_without_harm},
	{"find is exact and looks everywhere", test_find_is_exact_and_looks_everywhere},
	{"find sees what comes after a search", test_find_sees_what_comes_after_a_search},
	{"hostile Message-IDs are found", test_hostile_message_ids_are_found},
	{"an empty Message-ID is refused", test_an_empty_message_id_is_refused},
	{"several are found with one look", test_several_are_found_with_one_look},
	{"similar messages are found by sender, subject and time",
         test_similar_messages_are_found_by_sender_subject_and_time},
	{"put keeps bytes, flags and date", test_put_keeps_bytes_flags_and_date},
	{"files that are put belong to the owner of the mailbox",
         test_files_that_are_put_belong_to_the_owner_of_the_mailbox},
	{"move takes flags and date along", test_move_takes_flags_and_date_along},
	{"since finds what was written after the mark",
         test_since_finds_what_was_written_after_the_mark},
	{"mark makes the folder", test_mark_makes_the_folder},
	{"remove removes only that one", test_remove_removes_only_that_one},
	{"a message its user moved is not touched", test_a_message_its_user_moved_is_not_touched},
	{"what is missing is told apart", test_what_is_missing_is_told_apart},
	{"a message of another epoch is missing", test_a_message_of_another_epoch_is_missing},
	{"hostile addresses reach nothing", test_hostile_addresses_reach_nothing},
	{"a deadline that passed is an error", test_a_deadline_that_passed_is_an_error},
	{"two threads work in one mailbox", test_two_threads_work_in_one_mailbox},
	{"what a crowd removes stays away", test_what_a_crowd_removes_stays_away},
	{"a crowd makes a folder once", test_a_crowd_makes_a_folder_once},
	{"waiting ends when mail comes", test_waiting_ends_when_mail_comes},
	{"what comes between two waits is news", test_what_comes_between_two_waits_is_news},
	{"waiting ends at the deadline", test_waiting_ends_at_the_deadline},
};

/* Starting the peers */

static MailServer *open_server(const MailServerKind *kind, json_t *config, json_t *secret)
{
	g_autoptr(GError) error = NULL;
	MailServer *server = kind->open(config, secret, &error);
	g_assert_no_error(error);
	json_decref(config);
	json_decref(secret);
	return server;
}

static void start_maildir(Peer *peer)
{
	peer->directory = g_dir_make_tmp("trawl-maildir-XXXXXX", NULL);
	g_autofree char *pattern = g_build_filename(peer->directory, "%u", "Maildir", NULL);
	g_autofree char *quarantine = peer_maildir(peer, "quarantine@corp.example");
	maildisk_make(quarantine);
	peer->server = open_server(&maildir_server_kind,
	                           json_pack("{s:s, s:s, s:s}", "path", pattern,
	                                     "quarantine_mailbox", "quarantine@corp.example",
	                                     "quarantine_folder", "Pulled/By Trawl"),
	                           json_object());
}

static void start_imap(Peer *peer, const char *extra, const char *tls, const char *login)
{
	peer->crlf = TRUE;
	peer->dovecot = dovecot_start(extra);
	if (!peer->dovecot)
		return;
	dovecot_add_user(peer->dovecot, "quarantine@corp.example");
	int port =
		strcmp(tls, "implicit") == 0 ? peer->dovecot->imaps_port : peer->dovecot->imap_port;
	peer->server = open_server(&imap_server_kind,
	                           json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:i}",
	                                     "host", "localhost", "port", port, "tls", tls, "login",
	                                     login, "ca_file", peer->dovecot->ca_file,
	                                     "master_user", DOVECOT_MASTER, "quarantine_mailbox",
	                                     "quarantine@corp.example", "quarantine_folder",
	                                     "Pulled/By Trawl", "connections", 4),
	                           json_pack("{s:s}", "password", DOVECOT_MASTER_PASSWORD));
}

static void skip_peer(gconstpointer data)
{
	g_test_skip("dovecot or openssl is not installed");
}

static void stop_peer(Peer *peer)
{
	if (peer->server)
		peer->server->kind->close(peer->server);
	if (peer->directory)
		maildisk_remove_tree(peer->directory);
	dovecot_stop(peer->dovecot);
	g_free(peer->directory);
}

static void add_tests(const Peer *peer)
{
	for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_autofree char *path = g_strdup_printf("/server/%s/%s", peer->name, tests[i].name);
		g_test_add_data_func(path, peer, peer->server ? tests[i].run : skip_peer);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	Peer maildir = {.name = "maildir"}, imap = {.name = "imap"};
	Peer plain_imap = {.name = "imap with few extensions"};
	start_maildir(&maildir);
	start_imap(&imap, NULL, "implicit", "master");
	start_imap(&plain_imap, "imap_capability = IMAP4rev1 UIDPLUS IDLE\n", "starttls",
	           "authzid");
	Peer *peers[] = {&maildir, &imap, &plain_imap};
	for (guint i = 0; i < G_N_ELEMENTS(peers); i++)
		add_tests(peers[i]);
	int status = g_test_run();
	for (guint i = 0; i < G_N_ELEMENTS(peers); i++)
		stop_peer(peers[i]);
	return status;
}
