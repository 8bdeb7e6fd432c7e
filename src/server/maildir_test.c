/* What is special about Maildirs: names, links, other programs. What every kind does is in
 * conformance_test.c. */
#include "../tests/support/maildisk.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "server/maildir.h"
#include "server/maildir_folder.h"
#include "server/maildir_path.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define PATIENCE deadline_in(60)
#define ALICE    "alice@corp.example"

typedef struct {
	char *root, *inbox;
	MailServer *server;
} Fixture;

static gint begrudged; /* a folder, while this is not 0 */

static MailServer *open_pattern(const char *pattern)
{
	g_autoptr(json_t) config = json_pack("{s:s}", "path", pattern);
	g_autoptr(json_t) secret = json_object();
	g_autoptr(GError) error = NULL;
	MailServer *server = maildir_server_kind.open(config, secret, &error);
	g_assert_no_error(error);
	return server;
}

static void set_up(Fixture *fixture, gconstpointer data)
{
	fixture->root = g_dir_make_tmp("trawl-maildir-XXXXXX", NULL);
	fixture->inbox = g_build_filename(fixture->root, ALICE, NULL);
	maildisk_make(fixture->inbox);
	g_autofree char *pattern = g_build_filename(fixture->root, "%u", NULL);
	fixture->server = open_pattern(pattern);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	fixture->server->kind->close(fixture->server);
	maildisk_remove_tree(fixture->root);
	g_free(fixture->root);
	g_free(fixture->inbox);
}

static char *in_root(const Fixture *fixture, const char *name)
{
	return g_build_filename(fixture->root, name, NULL);
}

static char *in_inbox(const Fixture *fixture, const char *name)
{
	return g_build_filename(fixture->inbox, name, NULL);
}

static void write_file(const char *path, const char *text)
{
	g_autoptr(GError) error = NULL;
	g_file_set_contents(path, text, -1, &error);
	g_assert_no_error(error);
}

static MailListing *list(const Fixture *fixture, const char *mailbox, GError **error)
{
	return mail_server_list_new(fixture->server, mailbox, "INBOX", NULL, PATIENCE, error);
}

static GPtrArray *find(const Fixture *fixture, const char *message_id, GError **error)
{
	return mail_server_find(fixture->server, ALICE, message_id, PATIENCE, error);
}

static guint count_found(const Fixture *fixture, const char *message_id)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) found = find(fixture, message_id, &error);
	g_assert_no_error(error);
	return found->len;
}

static void test_patterns_are_checked(void)
{
	static const struct {
		const char *pattern;
		gboolean valid;
		const char *root;
	} patterns[] = {
		{"/srv/mail/%d/%n/Maildir", TRUE, "/srv/mail"},
		{"/srv/mail/x%n", TRUE, "/srv/mail"},
		{"/%u", TRUE, "/"},
		{"/srv/100%%/%u", TRUE, "/srv"},
		{"srv/%u", FALSE, NULL},
		{"/srv/mail", FALSE, NULL},
		{"/srv/mail/%d", FALSE, NULL},
		{"/srv/mail/%x/%u", FALSE, NULL},
		{"/srv/mail/%u/%", FALSE, NULL},
		{"/srv/../%u", FALSE, NULL},
		{"", FALSE, NULL},
	};
	for (guint i = 0; i < G_N_ELEMENTS(patterns); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_cmpint(maildir_pattern_check(patterns[i].pattern, &error), ==,
		                patterns[i].valid);
		if (!patterns[i].valid) {
			g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID);
			continue;
		}
		g_autofree char *root = maildir_pattern_root(patterns[i].pattern);
		g_assert_cmpstr(*root ? root : "/", ==, patterns[i].root);
	}
}

static void test_a_file_system_that_is_not_mounted_is_not_an_empty_one(Fixture *fixture,
                                                                       gconstpointer data)
{
	g_autofree char *empty = in_root(fixture, "empty");
	g_autofree char *absent = in_root(fixture, "absent");
	g_assert_cmpint(g_mkdir(empty, 0755), ==, 0);
	const char *const roots[] = {empty, absent};
	for (guint i = 0; i < G_N_ELEMENTS(roots); i++) {
		g_autofree char *pattern = g_build_filename(roots[i], "%u", NULL);
		MailServer *server = open_pattern(pattern);
		g_autoptr(GError) error = NULL;
		g_assert_null(mail_server_list_new(server, ALICE, "INBOX", NULL, PATIENCE, &error));
		g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_UNREACHABLE);
		server->kind->close(server);
	}
}

static void test_a_directory_without_cur_is_no_mailbox(Fixture *fixture, gconstpointer data)
{
	g_autofree char *bob = in_root(fixture, "bob@corp.example");
	g_assert_cmpint(g_mkdir(bob, 0755), ==, 0);
	g_autoptr(GError) error = NULL;
	g_assert_null(list(fixture, "bob@corp.example", &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND);
	g_assert_cmpint(mail_server_error_what(error), ==, MISSING_MAILBOX);
}

static void test_no_symbolic_link_is_followed(Fixture *fixture, gconstpointer data)
{
	const char *secret = "Message-ID: <secret@b.example>\n\nsecret\n";
	g_autofree char *victim = in_root(fixture, "victim@corp.example");
	g_autofree char *bob = in_root(fixture, "bob@corp.example");
	g_autofree char *folder = in_inbox(fixture, ".Linked");
	g_autofree char *message = in_inbox(fixture, "cur/1.link:2,");
	maildisk_make(victim);
	g_autofree char *unique = maildisk_deliver(victim, secret, -1, "", 1600000000);
	g_autofree char *file = maildisk_find(victim, unique);
	g_assert_cmpint(symlink(victim, bob), ==, 0);
	g_assert_cmpint(symlink(victim, folder), ==, 0);
	g_assert_cmpint(symlink(file, message), ==, 0);
	g_autoptr(GError) error = NULL;
	g_assert_null(list(fixture, "bob@corp.example", &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_DENIED);
	g_clear_error(&error);
	g_assert_cmpuint(count_found(fixture, "secret@b.example"), ==, 0);
	g_autoptr(MailListing) listing = list(fixture, ALICE, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(listing->items->len, ==, 0);
	g_autoptr(MailRef) ref = mail_ref_new(ALICE, "INBOX", "maildir", "1.link");
	g_assert_null(mail_server_fetch_one(fixture->server, ref, PATIENCE, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_null(mail_server_move(fixture->server, ref, "Linked", PATIENCE, &error));
	g_assert_true(g_file_test(file, G_FILE_TEST_EXISTS));
}

static void test_what_is_no_file_is_no_message(Fixture *fixture, gconstpointer data)
{
	g_autofree char *pipe = in_inbox(fixture, "cur/1.pipe:2,");
	g_autofree char *directory = in_inbox(fixture, "new/1.directory");
	g_autofree char *hidden = in_inbox(fixture, "cur/.hidden");
	g_assert_cmpint(mkfifo(pipe, 0600), ==, 0);
	g_assert_cmpint(g_mkdir(directory, 0700), ==, 0);
	write_file(hidden, "Message-ID: <a@b.example>\n\n");
	g_autoptr(GError) error = NULL;
	g_autoptr(MailListing) listing = list(fixture, ALICE, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(listing->items->len, ==, 0);
	g_assert_cmpuint(count_found(fixture, "a@b.example"), ==, 0);
}

static void test_folders_of_all_names_are_searched(Fixture *fixture, gconstpointer data)
{
	static const char *const directories[] = {
		".Entw&APw-rfe", ".Entw\xc3\xbcrfe", ".Entw\xfcrfe", ".&broken", ".&AAA-",
		".INBOX",        ".inbox",           ".a\\b",        ".a\nb",    ".&-",
		".x&y",          ".Sub.Sub",
	};
	const char *text = "Message-ID: <a@b.example>\n\nx\n";
	for (guint i = 0; i < G_N_ELEMENTS(directories); i++) {
		g_autofree char *path = in_inbox(fixture, directories[i]);
		maildisk_make(path);
		g_free(maildisk_deliver(path, text, -1, NULL, 1600000000));
	}
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) found = find(fixture, "a@b.example", &error);
	g_assert_no_error(error);
	g_assert_cmpuint(found->len, ==, G_N_ELEMENTS(directories));
	for (guint i = 0; i < found->len; i++) {
		const MailRef *ref = ((MailItem *)found->pdata[i])->ref;
		g_assert_true(g_utf8_validate(ref->folder, -1, NULL));
		g_assert_true(mail_server_remove(fixture->server, ref, PATIENCE, &error));
		g_assert_no_error(error);
	}
	g_assert_cmpuint(count_found(fixture, "a@b.example"), ==, 0);
}

static void test_impossible_folders_are_missing_or_refused(Fixture *fixture, gconstpointer data)
{
	static const char *const names[] = {
		"", ".", "..", ("../" ALICE), "/", "a/", "/a", "a.b", "a//b", "a\n",
	};
	g_autoptr(GBytes) message = g_bytes_new_static("x: y\n\n", 6);
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(mail_server_put(fixture->server, ALICE, names[i], message, NULL, 0,
		                              PATIENCE, &error));
		g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND);
		g_assert_cmpint(mail_server_error_what(error), ==, MISSING_FOLDER);
	}
	g_autoptr(GError) error = NULL;
	g_assert_null(
		mail_server_list_new(fixture->server, ALICE, "\\056", NULL, PATIENCE, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND);
}

static void test_a_folder_left_half_made_is_finished(Fixture *fixture, gconstpointer data)
{
	g_autofree char *half = in_inbox(fixture, ".Half");
	g_autofree char *tmp = in_inbox(fixture, ".Half/tmp");
	g_assert_cmpint(g_mkdir(half, 0755), ==, 0);
	g_assert_cmpint(g_mkdir(tmp, 0755), ==, 0);
	g_autoptr(GBytes) message = g_bytes_new_static("x: y\n\n", 6);
	g_autoptr(GError) error = NULL;
	g_autoptr(MailRef) ref =
		mail_server_put(fixture->server, ALICE, "Half", message, NULL, 0, PATIENCE, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(maildisk_count(half), ==, 1);
	g_autofree char *marker = in_inbox(fixture, ".Half/maildirfolder");
	g_assert_true(g_file_test(marker, G_FILE_TEST_EXISTS));
}

static void test_names_of_any_octets_are_messages(Fixture *fixture, gconstpointer data)
{
	static const char *const names[] = {"cur/\xff\xfe:2,S", "cur/back\\slash:2,",
	                                    "cur/a b\n:2,",     "new/plain",
	                                    "cur/odd:1,x",      "cur/no-info"};
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = in_inbox(fixture, names[i]);
		write_file(path, "Message-ID: <a@b.example>\n\nx\n");
	}
	g_autoptr(GError) error = NULL;
	g_autoptr(MailListing) listing = list(fixture, ALICE, &error);
	g_assert_cmpuint(listing->items->len, ==, G_N_ELEMENTS(names));
	for (guint i = 0; i < listing->items->len; i++) {
		const MailRef *ref = ((MailItem *)listing->items->pdata[i])->ref;
		g_assert_true(g_utf8_validate(ref->uid, -1, NULL));
		g_autoptr(GBytes) bytes =
			mail_server_fetch_one(fixture->server, ref, PATIENCE, &error);
		g_assert_no_error(error);
		g_autoptr(MailRef) moved =
			mail_server_move(fixture->server, ref, "Away", PATIENCE, &error);
		g_assert_no_error(error);
	}
	g_assert_cmpuint(maildisk_count(fixture->inbox), ==, 0);
}

static void test_a_message_in_two_places_counts_once_and_is_removed_from_both(Fixture *fixture,
                                                                              gconstpointer data)
{
	g_autofree char *fresh = in_inbox(fixture, "new/1.twice");
	g_autofree char *cur = in_inbox(fixture, "cur/1.twice:2,S");
	write_file(fresh, "Message-ID: <a@b.example>\n\nx\n");
	g_assert_cmpint(link(fresh, cur), ==, 0);
	g_autoptr(GError) error = NULL;
	g_autoptr(MailListing) listing = list(fixture, ALICE, &error);
	g_assert_cmpuint(listing->items->len, ==, 1);
	const MailItem *item = listing->items->pdata[0];
	g_assert_true(mail_item_is_read(item));
	g_assert_true(mail_server_remove(fixture->server, item->ref, PATIENCE, &error));
	g_assert_cmpuint(maildisk_count(fixture->inbox), ==, 0);
}

static void test_flags_are_letters(Fixture *fixture, gconstpointer data)
{
	static const struct {
		const char *keywords, *file, *flags, *back;
	} cases[] = {
		{NULL, "1:2,", "", ":2,"},
		{NULL, "1", "", ":2,"},
		{NULL, "1:1,S", "", ":2,"},
		{NULL, "1:2,SF", "\\Flagged \\Seen", ":2,FS"},
		{NULL, "1:2,DFPRST", "$Forwarded \\Answered \\Deleted \\Draft \\Flagged \\Seen",
	         ":2,DFPRST"},
		{NULL, "1:2,SaX", "$Maildir-X $Maildir-a \\Seen", ":2,SXa"},
		{"0 $Forwarded\n1 Work\n", "1:2,Sb", "Work \\Seen", ":2,Sb"},
		{"0 $Forwarded\n1 Work\n", "1:2,a", "$Forwarded", ":2,Pa"},
		{"0 $Forwarded\nx\n99 Too many\n", "1:2,c", "$Maildir-c", ":2,c"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *keywords = in_inbox(fixture, "dovecot-keywords");
		g_unlink(keywords);
		if (cases[i].keywords)
			write_file(keywords, cases[i].keywords);
		g_auto(AutoFd) mailbox = open(fixture->inbox, O_RDONLY | O_DIRECTORY);
		g_autoptr(MaildirFolder) folder =
			maildir_folder_open(mailbox, "INBOX", FALSE, NULL);
		g_auto(GStrv) flags = maildir_flags_parse(folder, cases[i].file);
		g_autofree char *joined = g_strjoinv(" ", flags);
		g_assert_cmpstr(joined, ==, cases[i].flags);
		g_autofree char *back = maildir_flags_format(folder, flags);
		g_assert_cmpstr(back, ==, cases[i].back);
	}
}

static void test_keywords_follow_a_message_by_name(Fixture *fixture, gconstpointer data)
{
	g_autofree char *other = in_inbox(fixture, ".Other");
	g_autofree char *here = in_inbox(fixture, "dovecot-keywords");
	g_autofree char *there = in_inbox(fixture, ".Other/dovecot-keywords");
	maildisk_make(other);
	write_file(here, "0 Work\n1 Play\n");
	write_file(there, "0 Play\n");
	g_autofree char *unique =
		maildisk_deliver(fixture->inbox, "x: y\n\n", -1, "Sb", 1600000000);
	g_autoptr(MailRef) ref = mail_ref_new(ALICE, "INBOX", "maildir", unique);
	g_autoptr(GError) error = NULL;
	g_autoptr(MailRef) moved =
		mail_server_move(fixture->server, ref, "Other", PATIENCE, &error);
	g_assert_no_error(error);
	g_autofree char *file = maildisk_find(other, moved->uid);
	g_assert_true(g_str_has_suffix(file, ":2,Sa"));
}

static void test_compressed_messages_are_an_error_and_not_absent(Fixture *fixture,
                                                                 gconstpointer data)
{
	static const char *const beginnings[] = {"\x1f\x8b\x08", "BZh9", "\x28\xb5\x2f\xfd"};
	for (guint i = 0; i < G_N_ELEMENTS(beginnings); i++) {
		g_autofree char *unique =
			maildisk_deliver(fixture->inbox, beginnings[i], -1, "", 1600000000);
		g_autoptr(MailRef) ref = mail_ref_new(ALICE, "INBOX", "maildir", unique);
		g_autoptr(GError) error = NULL;
		g_assert_null(mail_server_fetch_one(fixture->server, ref, PATIENCE, &error));
		g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE);
		g_clear_error(&error);
		g_assert_null(find(fixture, "a@b.example", &error));
		g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE);
		g_autofree char *file = maildisk_find(fixture->inbox, unique);
		g_unlink(file);
	}
}

static void test_a_message_beyond_the_limit_is_an_error(Fixture *fixture, gconstpointer data)
{
	g_autofree char *unique = maildisk_deliver(fixture->inbox, "x: y\n\n", -1, "", 1600000000);
	g_autofree char *file = maildisk_find(fixture->inbox, unique);
	g_assert_cmpint(truncate(file, (off_t)LIMIT_MESSAGE_SIZE + 1), ==, 0);
	g_autoptr(MailRef) ref = mail_ref_new(ALICE, "INBOX", "maildir", unique);
	g_autoptr(GError) error = NULL;
	g_assert_null(mail_server_fetch_one(fixture->server, ref, PATIENCE, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_LIMIT);
}

static void test_what_a_search_remembers_does_not_outlive_the_file(Fixture *fixture,
                                                                   gconstpointer data)
{
	g_autofree char *file = in_inbox(fixture, "cur/1.same:2,");
	write_file(file, "Message-ID: <before@b.example>\n\n");
	g_assert_cmpuint(count_found(fixture, "before@b.example"), ==, 1);
	g_assert_cmpuint(count_found(fixture, "after@b.example"), ==, 0);
	write_file(file, "Message-ID: <after@b.example>\n\n");
	g_assert_cmpuint(count_found(fixture, "before@b.example"), ==, 0);
	g_assert_cmpuint(count_found(fixture, "after@b.example"), ==, 1);
}

/* A mail program that marks everything read and unread, over and over. */
typedef struct {
	const char *inbox;
	int stop;
} Restless;

static gpointer be_restless(gpointer data)
{
	Restless *restless = data;
	g_autofree char *cur = g_build_filename(restless->inbox, "cur", NULL);
	while (!g_atomic_int_get(&restless->stop)) {
		g_autoptr(GDir) dir = g_dir_open(cur, 0, NULL);
		for (const char *name; (name = g_dir_read_name(dir));) {
			g_autofree char *from = g_build_filename(cur, name, NULL);
			g_autofree char *base = g_strndup(name, strcspn(name, ":"));
			g_autofree char *to = g_strdup_printf(
				"%s/%s:2,%s", cur, base, g_str_has_suffix(name, "S") ? "" : "S");
			g_rename(from, to);
		}
		g_usleep(1000);
	}
	return NULL;
}

static void test_nothing_is_lost_while_others_rename(Fixture *fixture, gconstpointer data)
{
	Restless restless = {fixture->inbox, 0};
	for (guint i = 0; i < 200; i++) {
		g_autofree char *text = g_strdup_printf("Message-ID: <%u@b.example>\n\nx\n", i);
		g_free(maildisk_deliver(fixture->inbox, text, -1, "", 1600000000 + i));
	}
	g_autoptr(GError) error = NULL;
	g_autoptr(MailListing) first = list(fixture, ALICE, &error);
	GThread *thread = g_thread_new("restless", be_restless, &restless);
	guint missed = 0, doubled = 0, unreadable = 0;
	for (guint i = 0; i < 50; i++) {
		g_autofree char *id = g_strdup_printf("%u@b.example", i * 4);
		missed += count_found(fixture, id) != 1;
		g_autoptr(MailListing) next = mail_server_list_new(fixture->server, ALICE, "INBOX",
		                                                   first->cursor, PATIENCE, &error);
		doubled += next->items->len;
		const MailItem *item = first->items->pdata[i];
		g_autoptr(GBytes) bytes =
			mail_server_fetch_one(fixture->server, item->ref, PATIENCE, NULL);
		unreadable += bytes == NULL;
	}
	g_atomic_int_set(&restless.stop, 1);
	g_thread_join(thread);
	g_assert_cmpuint(first->items->len, ==, 200);
	g_assert_cmpuint(missed, ==, 0);
	g_assert_cmpuint(doubled, ==, 0);
	g_assert_cmpuint(unreadable, ==, 0);
}

static void test_names_made_by_trawl_tell_their_time(void)
{
	gint64 before = maildir_tick();
	g_autofree char *name = maildir_name_new(42);
	g_assert_true(g_str_has_suffix(name, ",S=42"));
	g_assert_cmpint(maildir_name_tick(name), >, before);
	g_assert_cmpint(maildir_tick(), >, maildir_name_tick(name));
	static const char *const others[] = {"1700000000.M1P2.host", "1700000000.P2Q1.host", "x",
	                                     "", "1700000000.M1P2Q3.Trawl"};
	for (guint i = 0; i < G_N_ELEMENTS(others); i++)
		g_assert_cmpint(maildir_name_tick(others[i]), ==, 0);
}

#define ADD(sentence, test) g_test_add("/maildir/" sentence, Fixture, NULL, set_up, test, tear_down)

/* Takes a folder away as soon as it is there and empty. */
static gpointer begrudge(gpointer data)
{
	const Fixture *fixture = data;
	g_autofree char *cur = in_inbox(fixture, ".Done/cur");
	while (g_atomic_int_get(&begrudged))
		g_rmdir(cur);
	return NULL;
}

static void test_a_move_into_a_folder_that_vanishes_ends(Fixture *fixture, gconstpointer data)
{
	g_atomic_int_set(&begrudged, 1);
	GThread *thread = g_thread_new("begrudge", begrudge, fixture);
	for (guint i = 0; i < 200; i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *name = g_strdup_printf("%u.there", i);
		g_autoptr(MailRef) ref = mail_ref_new(ALICE, "INBOX", "maildir", name);
		g_autofree char *path = g_build_filename(fixture->inbox, "cur", name, NULL);
		g_autofree char *cur = in_inbox(fixture, ".Done/cur");
		write_file(path, "Subject: x\n\n");
		g_autoptr(MailRef) moved =
			mail_server_move(fixture->server, ref, "Done", PATIENCE, &error);
		g_assert_cmpint(moved == NULL, ==, g_file_test(path, G_FILE_TEST_EXISTS));
		if (moved)
			maildisk_remove_tree(cur);
	}
	g_atomic_int_set(&begrudged, 0);
	g_thread_join(thread);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/maildir/patterns are checked", test_patterns_are_checked);
	g_test_add_func("/maildir/names made by Trawl tell their time",
	                test_names_made_by_trawl_tell_their_time);
	ADD("a file system that is not mounted is not an empty one",
	    test_a_file_system_that_is_not_mounted_is_not_an_empty_one);
	ADD("a directory without cur is no mailbox", test_a_directory_without_cur_is_no_mailbox);
	ADD("no symbolic link is followed", test_no_symbolic_link_is_followed);
	ADD("what is no file is no message", test_what_is_no_file_is_no_message);
	ADD("folders of all names are searched", test_folders_of_all_names_are_searched);
	ADD("impossible folders are missing or refused",
	    test_impossible_folders_are_missing_or_refused);
	ADD("a folder left half made is finished", test_a_folder_left_half_made_is_finished);
	ADD("names of any octets are messages", test_names_of_any_octets_are_messages);
	ADD("a message in two places counts once and is removed from both",
	    test_a_message_in_two_places_counts_once_and_is_removed_from_both);
	ADD("flags are letters", test_flags_are_letters);
	ADD("keywords follow a message by name", test_keywords_follow_a_message_by_name);
	ADD("compressed messages are an error and not absent",
	    test_compressed_messages_are_an_error_and_not_absent);
	ADD("a message beyond the limit is an error", test_a_message_beyond_the_limit_is_an_error);
	ADD("what a search remembers does not outlive the file",
	    test_what_a_search_remembers_does_not_outlive_the_file);
	ADD("nothing is lost while others rename", test_nothing_is_lost_while_others_rename);
	ADD("a move into a folder that vanishes ends",
	    test_a_move_into_a_folder_that_vanishes_ends);
	return g_test_run();
}
