/* The quarantine against a real Dovecot, reached by IMAP with a master user: the rule, two copies,
 * a worker killed at each call, and what users do meanwhile. */
#include "../../tests/support/maildisk.h"
#include "../../tests/support/office.h"
#include "quarantine/quarantine.h"

#include <string.h>

/* No P: Dovecot does not tell that flag. */
static const struct {
	const char *folder, *flags;
} habits[] = {
	{"INBOX", NULL}, {"INBOX", "S"}, {"Archive", "RS"}, {"Projects.Invoice", "F"},
	{"Trash", "S"},  {"Junk", ""},   {"INBOX", "FRS"},  {"Sent", "FS"},
};

static void test_forty(Office *office, gconstpointer unused)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	for (guint i = 0; i < OFFICE_PEOPLE; i++) {
		g_autofree char *address = office_person(i);
		g_strv_builder_add(builder, address);
		office_deliver(office, address, "INBOX", "S",
		               "From: a@b.example\nMessage-ID: <other@b.example>\n\nhello\n");
		office_deliver(office, address, habits[i % G_N_ELEMENTS(habits)].folder,
		               habits[i % G_N_ELEMENTS(habits)].flags, office_original);
	}
	g_auto(GStrv) recipients = g_strv_builder_end(builder);
	gint64 incident = world_add_incident(office->world, office->source, office_original, FALSE,
	                                     (const char *const *)recipients);
	g_autofree char *before = office_snapshot(office, NULL);

	gint64 id = office_request(office, incident, RESPONSE_QUARANTINE, 0);
	world_run_all(office->world, 4, 90);
	g_autoptr(Response) pulled = world_response(office->world, id);
	g_assert_cmpstr(pulled->counts, ==, "{\"success\":40}");
	g_assert_cmpuint(office_count(office, OFFICE_QUARANTINE, "Trawl"), ==, OFFICE_PEOPLE);
	for (guint i = 0; i < OFFICE_PEOPLE; i++)
		g_assert_cmpuint(office_count(office, recipients[i], NULL), ==, 1);
	world_check(office->world);

	gint64 undo = office_request(office, incident, RESPONSE_RESTORE, id);
	world_run_all(office->world, 4, 90);
	g_autoptr(Response) restored = world_response(office->world, undo);
	g_assert_cmpstr(restored->counts, ==, "{\"success\":40}");
	g_assert_cmpuint(office_count(office, OFFICE_QUARANTINE, "Trawl"), ==, 0);
	g_autoptr(GPtrArray) rows = world_rows(office->world, undo);
	for (guint i = 0; i < rows->len; i++) {
		const QuarantineResult *row = rows->pdata[i];
		g_test_message("%s: %s", row->mailbox, row->restore_reason);
		g_assert_true(g_str_has_suffix(row->restore_reason, "”."));
	}
	g_autofree char *after = office_snapshot(office, NULL);
	g_assert_cmpstr(after, ==, before);
	world_check(office->world);
}

static void test_two_copies(Office *office, gconstpointer unused)
{
	office_deliver(office, OFFICE_ALICE, "INBOX", "S", office_original);
	office_deliver(office, OFFICE_ALICE, "Archive", "FS", office_original);
	office_deliver(office, OFFICE_ALICE, "INBOX", "", office_original);
	g_autofree char *before = office_snapshot(office, NULL);
	gint64 incident = office_incident(office, OFFICE_ALICE);
	gint64 id = office_perform(office, incident, RESPONSE_QUARANTINE, 0);
	g_autoptr(Response) pulled = world_response(office->world, id);
	g_assert_cmpstr(pulled->counts, ==, "{\"success\":3}");
	g_assert_cmpuint(office_count(office, OFFICE_ALICE, NULL), ==, 0);
	office_perform(office, incident, RESPONSE_RESTORE, 0);
	g_autofree char *after = office_snapshot(office, NULL);
	g_assert_cmpstr(after, ==, before);
}

static void test_absent(Office *office, gconstpointer unused)
{
	const char *recipients[] = {OFFICE_ALICE, "nobody@corp.example", NULL};
	office_add_user(office, OFFICE_ALICE);
	gint64 incident = world_add_incident(office->world, office->source, office_original, FALSE,
	                                     recipients);
	gint64 id = office_perform(office, incident, RESPONSE_QUARANTINE, 0);
	g_autoptr(GPtrArray) rows = world_rows(office->world, id);
	for (guint i = 0; i < rows->len; i++) {
		const QuarantineResult *row = rows->pdata[i];
		g_test_message("%s: %s", row->mailbox, row->reason);
		g_assert_cmpstr(
			copy_status_names[row->status], ==,
			copy_status_names[i ? COPY_MAILBOX_NOT_FOUND : COPY_MESSAGE_NOT_FOUND]);
	}
}

static void test_crash(Office *fixture, gconstpointer data)
{
	ResponseKind which = (ResponseKind)GPOINTER_TO_UINT(data);
	for (int at = 1, crashed = TRUE; crashed; at++) {
		Office office;
		office_setup_dovecot(&office, NULL);
		office_deliver(&office, OFFICE_ALICE, "INBOX", "FS", office_original);
		g_autofree char *before = office_snapshot(&office, NULL);
		gint64 incident = office_incident(&office, OFFICE_ALICE);
		for (ResponseKind kind = RESPONSE_QUARANTINE; kind <= RESPONSE_RESTORE; kind++) {
			gint64 id = office_plan(&office, incident, kind);
			if (kind == which)
				crashed = office_crash(&office, at);
			world_drain(office.world);
			world_check(office.world);
			g_autoptr(Response) response = world_response(office.world, id);
			g_assert_cmpstr(response->counts, ==, "{\"success\":1}");
			gboolean pulled = kind == RESPONSE_QUARANTINE;
			g_assert_cmpuint(office_count(&office, OFFICE_QUARANTINE, "Trawl"), ==,
			                 pulled);
			g_assert_cmpuint(office_count(&office, OFFICE_ALICE, NULL), ==, !pulled);
		}
		g_autofree char *after = office_snapshot(&office, NULL);
		g_assert_cmpstr(after, ==, before);
		office_teardown(&office, NULL);
		g_assert_cmpint(at, <, 100);
		if (at == 1)
			g_assert_true(crashed);
	}
}

static void test_without_dovecot(void)
{
	g_test_skip("dovecot or openssl is not installed");
}

int main(int argc, char **argv)
{
	world_raw_in_database = TRUE;
	office_init(&argc, &argv);
#define TEST(name, test)                                                                           \
	g_test_add("/quarantine/dovecot/" name, Office, NULL, office_setup_dovecot, test,          \
	           office_teardown)
	if (!office_has_dovecot()) {
		g_test_add_func("/quarantine/dovecot", test_without_dovecot);
	} else {
		TEST("forty copies are pulled and come back byte for byte", test_forty);
		TEST("each copy of a mailbox has a row", test_two_copies);
		TEST("no message and no mailbox are two things", test_absent);
		g_test_add("/quarantine/dovecot/killed at each call of a quarantine", Office,
		           GUINT_TO_POINTER(RESPONSE_QUARANTINE), office_setup_dovecot, test_crash,
		           office_teardown);
		g_test_add("/quarantine/dovecot/killed at each call of a restore", Office,
		           GUINT_TO_POINTER(RESPONSE_RESTORE), office_setup_dovecot, test_crash,
		           office_teardown);
	}
	int status = g_test_run();
	office_done();
	return status;
}
