/* What only a mail server with numbers of its own can show: a report's life over a real Dovecot. */
#include "../tests/support/dovecot.h"
#include "../tests/support/maildisk.h"
#include "../tests/support/worker.h"
#include "base/clock.h"
#include "server/imap.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#define ABUSE "user0@corp.example"
#define ALICE "user1@corp.example"
#define BOB   "user2@corp.example"

typedef struct {
	Dovecot *dovecot;
	Worker *worker;
} Fixture;

static void setup(Fixture *f, gconstpointer unused)
{
	static const char *const users[] = {ABUSE, ALICE, BOB};
	f->dovecot = dovecot_start(NULL);
	if (!f->dovecot)
		return;
	for (guint i = 0; i < G_N_ELEMENTS(users); i++)
		dovecot_add_user(f->dovecot, users[i]);
	json_t *config = json_pack("{s:s, s:i, s:s, s:s, s:s, s:[s]}", "host", "localhost", "port",
	                           (int)f->dovecot->imaps_port, "login", "master", "master_user",
	                           DOVECOT_MASTER, "ca_file", f->dovecot->ca_file, "domains",
	                           "corp.example");
	f->worker = worker_start_with(&imap_server_kind, ABUSE, config,
	                              json_pack("{s:s}", "password", DOVECOT_MASTER_PASSWORD));
}

static void teardown(Fixture *f, gconstpointer unused)
{
	if (!f->dovecot)
		return;
	worker_stop(f->worker);
	dovecot_stop(f->dovecot);
}

static gboolean is_missing(const Fixture *f)
{
	if (!f->dovecot)
		g_test_skip("Dovecot is not installed");
	return !f->dovecot;
}

static void deliver(const Fixture *f, const char *mailbox, const char *message)
{
	g_autofree char *path = dovecot_maildir(f->dovecot, mailbox);
	maildisk_make(path);
	g_free(maildisk_deliver(path, message, (gssize)strlen(message), NULL, 1700000000));
}

static guint count(const Fixture *f, const char *folder)
{
	g_autofree char *path = dovecot_maildir(f->dovecot, ABUSE);
	g_autofree char *directory = g_build_filename(path, folder, NULL);
	return maildisk_count(directory);
}

static char *phish(guint n)
{
	return g_strdup_printf("From: bank@evil.example\nTo: " ALICE ", " BOB "\n"
	                       "Subject: Account locked %u\nMessage-ID: <m%u@evil.example>\n"
	                       "Date: Mon, 23 Nov 2026 09:00:00 +0000\n\nLog in.\n",
	                       n, n);
}

static char *report_of(const char *original, guint n)
{
	return g_strdup_printf("From: " ALICE "\nTo: " ABUSE "\nSubject: odd %u\n"
	                       "Message-ID: <report-%u@corp.example>\nMIME-Version: 1.0\n"
	                       "Content-Type: multipart/mixed; boundary=\"=_b\"\n\n"
	                       "--=_b\nContent-Type: message/rfc822\n\n%s\n--=_b--\n",
	                       n, n, original);
}

/* Delivers an original to alice and her report of it. */
static void deliver_case(const Fixture *f, guint n)
{
	g_autofree char *original = phish(n);
	g_autofree char *report = report_of(original, n);
	deliver(f, ALICE, original);
	deliver(f, ABUSE, report);
}

static void set_post_process(Fixture *f, PostProcess what)
{
	Source *source = worker_source(f->worker);
	source->post_process = what;
	source->destination_folder = what == POST_PROCESS_MOVE ? g_strdup("Done/2026") : NULL;
	worker_save_source(f->worker, source);
}

/* The folder gets another UIDVALIDITY, as after a restored backup. */
static void change_numbers(const Fixture *f)
{
	static const char *const indexes[] = {"dovecot.index", "dovecot.index.log",
	                                      "dovecot.index.cache"};
	g_autoptr(GError) error = NULL;
	g_autofree char *path = dovecot_maildir(f->dovecot, ABUSE);
	g_autofree char *list = g_build_filename(path, "dovecot-uidlist", NULL);
	g_autofree char *text = NULL;
	g_file_get_contents(list, &text, NULL, &error);
	g_assert_no_error(error);
	gint64 validity = 0;
	g_assert_cmpint(sscanf(text, "3 V%" G_GINT64_FORMAT, &validity), ==, 1);
	g_autofree char *changed = g_strdup_printf("3 V%" G_GINT64_FORMAT "%s", validity + 1000,
	                                           strchr(text + 3, ' '));
	g_file_set_contents(list, changed, -1, &error);
	g_assert_no_error(error);
	worker_disconnect(f->worker); /* a session that is open goes on with what it knows */
	for (guint i = 0; i < G_N_ELEMENTS(indexes); i++) {
		g_autofree char *file = g_build_filename(path, indexes[i], NULL);
		g_remove(file);
	}
}

static char *epoch_of_first(Fixture *f)
{
	g_autoptr(GPtrArray) reports = worker_reports(f->worker);
	return g_strdup(((Report *)reports->pdata[0])->epoch);
}

static void test_reports_are_found_raised_and_moved(Fixture *f, gconstpointer unused)
{
	if (is_missing(f))
		return;
	set_post_process(f, POST_PROCESS_MOVE);
	for (guint i = 0; i < 5; i++)
		deliver_case(f, i);
	worker_poll(f->worker, 8);
	g_autoptr(GPtrArray) incidents = worker_incidents(f->worker);
	g_assert_cmpuint(incidents->len, ==, 5);
	g_autofree char *alerts = worker_alerts_text(f->worker, 1);
	g_assert_cmpstr(alerts, ==, ALICE ":to " BOB ":to");
	g_assert_cmpuint(count(f, ""), ==, 0);
	g_assert_cmpuint(count(f, ".Done.2026"), ==, 5);
}

static void test_new_numbers_make_no_second_reports(Fixture *f, gconstpointer unused)
{
	if (is_missing(f))
		return;
	for (guint i = 0; i < 3; i++)
		deliver_case(f, i);
	worker_poll(f->worker, 4);
	g_autofree char *before = epoch_of_first(f);
	change_numbers(f);
	deliver_case(f, 3);
	worker_poll(f->worker, 4);
	worker_poll(f->worker, 4);
	g_autoptr(GPtrArray) reports = worker_reports(f->worker);
	g_autofree char *after = epoch_of_first(f);
	g_assert_cmpstr(before, !=, after);
	g_assert_cmpuint(reports->len, ==, 4);
	g_assert_cmpuint(count(f, ""), ==, 4);
	for (guint i = 0; i < reports->len; i++)
		g_assert_cmpstr(((Report *)reports->pdata[i])->epoch, ==, after);
}

/* The numbers change after the report is processed, and before it is deleted. */
static void test_a_report_under_new_numbers_is_still_the_one_deleted(Fixture *f,
                                                                     gconstpointer unused)
{
	if (is_missing(f))
		return;
	deliver_case(f, 0);
	deliver_case(f, 1);
	worker_poll(f->worker, 4);
	change_numbers(f);
	set_post_process(f, POST_PROCESS_DELETE);
	worker_sql(f->worker, "UPDATE report SET post_process = 'pending' WHERE id = $1", 1);
	worker_post_process(f->worker);
	worker_settle(f->worker, 4);
	g_autoptr(GPtrArray) reports = worker_reports(f->worker);
	g_assert_cmpint(((Report *)reports->pdata[0])->post_process, ==, POST_STATE_DONE);
	g_assert_cmpuint(count(f, ""), ==, 1);
}

#define TEST(name, function) g_test_add("/dovecot/" name, Fixture, NULL, setup, function, teardown)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
	TEST("reports are found, raised and moved", test_reports_are_found_raised_and_moved);
	TEST("new numbers make no second reports", test_new_numbers_make_no_second_reports);
	TEST("a report under new numbers is still the one deleted",
	     test_a_report_under_new_numbers_is_still_the_one_deleted);
	return g_test_run();
}
