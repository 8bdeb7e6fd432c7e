/* Whatever happens between any two calls to a mail server, no message is lost, doubled, or a wrong
 * one touched: a worker is killed there, another takes its row over, users and administrators
 * change what lies in the folders. Each test walks all points of a row, however many there are. */
#include "../../tests/support/maildisk.h"
#include "../../tests/support/office.h"
#include "base/clock.h"
#include "base/error.h"
#include "quarantine/quarantine.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* Each point needs an office of its own, on the database of the test's. */
static void setup_like(const Office *fixture, Office *office)
{
	if (g_str_equal(db_pool_driver_name(fixture->world->db), "postgresql"))
		office_setup_postgres(office, NULL);
	else
		office_setup(office, NULL);
}

typedef enum {
	MEANWHILE_NOTHING,
	MEANWHILE_USER_MOVES,   /* every message of Alice's INBOX into her archive */
	MEANWHILE_USER_DELETES, /* every message Alice has */
	MEANWHILE_READ,         /* flags change */
	MEANWHILE_EMPTIED,      /* the quarantine folder, by an administrator */
	MEANWHILE_LAST
} Meanwhile;
static const char *const meanwhile_names[] = {"nothing happens", "Alice moves her mail",
                                              "Alice deletes her mail", "Alice reads her mail",
                                              "the quarantine is emptied"};

static void each_file(const char *maildir, const char *to, const char *flags)
{
	static const char *const parts[] = {"cur", "new"};
	for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
		g_autofree char *path = g_build_filename(maildir, parts[i], NULL);
		g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
		const char *name;
		while (dir && (name = g_dir_read_name(dir))) {
			g_autofree char *file = g_build_filename(path, name, NULL);
			g_autofree char *base =
				g_strndup(name, (gsize)(strchrnul(name, ':') - name));
			g_autofree char *info =
				flags ? g_strconcat(base, ":2,", flags, NULL) : g_strdup(name);
			g_autofree char *target =
				to ? g_build_filename(to, "cur", info, NULL) : NULL;
			g_assert_cmpint(to ? g_rename(file, target) : g_unlink(file), ==, 0);
		}
	}
}

static void disturb(const Office *office, Meanwhile meanwhile)
{
	g_autofree char *inbox = office_maildir(office, OFFICE_ALICE, NULL);
	g_autofree char *archive = office_maildir(office, OFFICE_ALICE, "Archive");
	g_autofree char *quarantine = office_maildir(office, OFFICE_QUARANTINE, "Trawl");
	switch (meanwhile) {
	case MEANWHILE_USER_MOVES:
		maildisk_make(archive);
		each_file(inbox, archive, NULL);
		break;
	case MEANWHILE_USER_DELETES:
		each_file(inbox, NULL, NULL);
		break;
	case MEANWHILE_READ:
		each_file(inbox, inbox, "RS");
		break;
	case MEANWHILE_EMPTIED:
		each_file(quarantine, NULL, NULL);
		break;
	default:
		break;
	}
}

/* What must be true when a row's quarantine has ended, whatever happened on the way. */
static void assert_whole(const Office *office, gint64 response, Meanwhile meanwhile)
{
	g_autoptr(QuarantineResult) row = world_row(office->world, response);
	guint held = office_count(office, OFFICE_QUARANTINE, "Trawl");
	g_test_message("%s: %s", copy_status_names[row->status], row->reason);
	if (row->status == COPY_SUCCESS) {
		g_assert_cmpuint(office_count(office, OFFICE_ALICE, NULL), ==, 0);
		g_assert_cmpuint(held, <=, 1);
		if (meanwhile != MEANWHILE_EMPTIED)
			g_assert_cmpuint(held, ==, 1);
	} else {
		g_assert_cmpint(row->status, ==, COPY_MESSAGE_NOT_FOUND);
		g_assert_cmpint(meanwhile, ==, MEANWHILE_USER_DELETES);
		g_assert_cmpuint(office_count(office, OFFICE_ALICE, NULL), ==, 0);
		g_assert_cmpuint(held, ==, 0);
	}
}

static void test_crash_of_quarantine(Office *fixture, gconstpointer data)
{
	Meanwhile meanwhile = (Meanwhile)GPOINTER_TO_UINT(data);
	for (int at = 1, crashed = TRUE; crashed; at++) {
		Office office;
		setup_like(fixture, &office);
		office_deliver(&office, OFFICE_ALICE, "INBOX", "FS", office_original);
		g_autofree char *before = office_snapshot(&office, NULL);
		gint64 incident = office_incident(&office, OFFICE_ALICE);
		gint64 id = office_plan(&office, incident, RESPONSE_QUARANTINE);
		crashed = office_crash(&office, at);
		g_test_message("point %d: %s", at, crashed ? "killed" : "past the end");
		disturb(&office, meanwhile);
		world_drain(office.world);
		world_check(office.world);
		assert_whole(&office, id, meanwhile);
		g_autoptr(QuarantineResult) row = world_row(office.world, id);
		if (row->status == COPY_SUCCESS) {
			office_perform(&office, incident, RESPONSE_RESTORE, 0);
			g_assert_cmpuint(office_count(&office, OFFICE_ALICE, NULL), ==, 1);
			g_assert_cmpuint(office_count(&office, OFFICE_QUARANTINE, "Trawl"), ==, 0);
		}
		g_autofree char *after = office_snapshot(&office, NULL);
		if (meanwhile == MEANWHILE_NOTHING || meanwhile == MEANWHILE_EMPTIED)
			g_assert_cmpstr(after, ==, before);
		office_teardown(&office, NULL);
		g_assert_cmpint(at, <, 100);
		if (at == 1)
			g_assert_true(crashed);
	}
}

static void test_crash_of_restore(Office *fixture, gconstpointer data)
{
	Meanwhile meanwhile = (Meanwhile)GPOINTER_TO_UINT(data);
	for (int at = 1, crashed = TRUE; crashed; at++) {
		Office office;
		setup_like(fixture, &office);
		office_deliver(&office, OFFICE_ALICE, "INBOX", "FS", office_original);
		g_autofree char *before = office_snapshot(&office, NULL);
		gint64 incident = office_incident(&office, OFFICE_ALICE);
		office_perform(&office, incident, RESPONSE_QUARANTINE, 0);
		gint64 id = office_plan(&office, incident, RESPONSE_RESTORE);
		crashed = office_crash(&office, at);
		g_test_message("point %d: %s", at, crashed ? "killed" : "past the end");
		disturb(&office, meanwhile);
		world_drain(office.world);
		world_check(office.world);
		g_autoptr(QuarantineResult) row = world_row(office.world, id);
		g_test_message("%s", row->restore_reason);
		g_assert_cmpint(row->restore_status, ==, COPY_SUCCESS);
		g_assert_cmpuint(office_count(&office, OFFICE_QUARANTINE, "Trawl"), ==, 0);
		/* What Alice did to a message that was back already is hers. */
		if (meanwhile == MEANWHILE_NOTHING || meanwhile == MEANWHILE_EMPTIED) {
			g_autofree char *after = office_snapshot(&office, NULL);
			g_assert_cmpstr(after, ==, before);
		} else {
			g_assert_cmpuint(office_count(&office, OFFICE_ALICE, NULL), <=,
			                 meanwhile == MEANWHILE_USER_MOVES ? 2 : 1);
			g_assert_cmpuint(office_count(&office, OFFICE_ALICE, NULL), >=,
			                 meanwhile == MEANWHILE_USER_DELETES ? 0 : 1);
		}
		office_teardown(&office, NULL);
		g_assert_cmpint(at, <, 100);
		if (at == 1)
			g_assert_true(crashed);
	}
}

/* --- Two at once --------------------------------------------------------------------------------
 */

/* Another worker takes the row over and finishes it while the first is inside a call. */
static void hook_drain(gpointer data)
{
	world_drain(data);
}

static void test_taken_over(Office *fixture, gconstpointer data)
{
	ResponseKind which = (ResponseKind)GPOINTER_TO_UINT(data);
	gboolean hooked = TRUE;
	for (int at = 1; hooked; at++) {
		Office office;
		setup_like(fixture, &office);
		office_deliver(&office, OFFICE_ALICE, "INBOX", "FS", office_original);
		g_autofree char *before = office_snapshot(&office, NULL);
		gint64 incident = office_incident(&office, OFFICE_ALICE);
		for (ResponseKind kind = RESPONSE_QUARANTINE; kind <= RESPONSE_RESTORE; kind++) {
			gint64 id = office_plan(&office, incident, kind);
			fault_clear();
			fault.at = kind == which ? at : 0;
			fault.act = FAULT_HOOK;
			fault.hook = hook_drain;
			fault.data = office.world;
			g_autoptr(Job) job = world_claim(office.world);
			world_expire(office.world);
			world_run(office.world, job);
			if (kind == which)
				hooked = fault.act == FAULT_NONE;
			fault_clear();
			world_drain(office.world);
			g_test_message("point %d, %s", at, response_kind_names[kind]);
			g_autoptr(Response) response = world_response(office.world, id);
			g_assert_cmpstr(response->counts, ==, "{\"success\":1}");
			g_assert_cmpuint(office_count(&office, OFFICE_QUARANTINE, "Trawl"), ==,
			                 kind == RESPONSE_QUARANTINE);
			g_assert_cmpuint(office_count(&office, OFFICE_ALICE, NULL), ==,
			                 kind == RESPONSE_RESTORE);
			world_check(office.world);
		}
		g_autofree char *after = office_snapshot(&office, NULL);
		g_assert_cmpstr(after, ==, before);
		office_teardown(&office, NULL);
		g_assert_cmpint(at, <, 100);
	}
}

/* Two incidents about one message: what one pulls, the other cannot put back a second time. */
static void test_two_incidents(Office *fixture, gconstpointer data)
{
	gboolean hooked = TRUE;
	for (int at = 1; hooked; at++) {
		Office office;
		setup_like(fixture, &office);
		office_deliver(&office, OFFICE_ALICE, "INBOX", "FS", office_original);
		g_autofree char *before = office_snapshot(&office, NULL);
		gint64 incidents[] = {office_incident(&office, OFFICE_ALICE),
		                      office_incident(&office, OFFICE_ALICE)};
		for (guint i = 0; i < 2; i++)
			office_request(&office, incidents[i], RESPONSE_QUARANTINE, 0);
		for (guint i = 0; i < 2; i++) {
			g_autoptr(Job) plan = world_claim(office.world);
			g_assert_cmpstr(plan->kind, ==, "response.run");
			world_run(office.world, plan);
		}
		g_autoptr(Job) job = world_claim(office.world);
		fault_clear();
		fault.at = at;
		fault.act = FAULT_HOOK;
		fault.hook = hook_drain;
		fault.data = office.world;
		world_run(office.world, job);
		hooked = fault.act == FAULT_NONE;
		fault_clear();
		world_drain(office.world);
		g_test_message("point %d", at);
		world_check(office.world);
		g_assert_cmpuint(office_count(&office, OFFICE_QUARANTINE, "Trawl"), ==, 1);
		g_assert_cmpuint(office_count(&office, OFFICE_ALICE, NULL), ==, 0);
		for (guint i = 0; i < 2; i++)
			world_request(office.world, incidents[i], RESPONSE_RESTORE, 0, NULL);
		world_drain(office.world);
		world_check(office.world);
		g_autofree char *after = office_snapshot(&office, NULL);
		g_assert_cmpstr(after, ==, before);
		office_teardown(&office, NULL);
		g_assert_cmpint(at, <, 100);
	}
}

static void hook_disturb(gpointer data)
{
	const Office *office = data;
	disturb(office, MEANWHILE_USER_MOVES);
}

static void test_moved_at_every_point(Office *fixture, gconstpointer data)
{
	int points = 0;
	for (int at = 1; at == 1 || at <= points; at++) {
		Office office;
		setup_like(fixture, &office);
		office_deliver(&office, OFFICE_ALICE, "INBOX", "FS", office_original);
		gint64 incident = office_incident(&office, OFFICE_ALICE);
		gint64 id = office_plan(&office, incident, RESPONSE_QUARANTINE);
		fault_clear();
		fault.at = at;
		fault.act = FAULT_HOOK;
		fault.hook = hook_disturb;
		fault.data = &office;
		world_drain(office.world);
		points = fault.points;
		fault_clear();
		g_test_message("point %d of %d", at, points);
		world_check(office.world);
		g_autoptr(QuarantineResult) row = world_row(office.world, id);
		g_assert_cmpint(row->status, ==, COPY_SUCCESS);
		g_assert_cmpuint(office_count(&office, OFFICE_QUARANTINE, "Trawl"), ==, 1);
		office_teardown(&office, NULL);
	}
}

static void add_table(const char *path, guint rows, const char *(*name)(guint row),
                      void (*test)(Office *, gconstpointer))
{
	for (guint i = 0; i < rows; i++) {
		g_autofree char *full = g_strconcat(path, name(i), NULL);
		g_test_add(full, Office, GUINT_TO_POINTER(i), office_setup, test, office_teardown);
	}
}

static const char *meanwhile_name(guint i)
{
	return meanwhile_names[i];
}

static const char *kind_name(guint i)
{
	return response_kind_names[i];
}

int main(int argc, char **argv)
{
	world_raw_in_database = TRUE;
	office_init(&argc, &argv);
#define TEST(name, test)                                                                           \
	g_test_add("/quarantine/" name, Office, NULL, office_setup, test, office_teardown);        \
	if (postgres)                                                                              \
	g_test_add("/quarantine/on PostgreSQL/" name, Office, NULL, office_setup_postgres, test,   \
	           office_teardown)
	gboolean postgres = office_has_postgres();
	add_table("/quarantine/killed at each call of a quarantine while ", MEANWHILE_LAST,
	          meanwhile_name, test_crash_of_quarantine);
	add_table("/quarantine/killed at each call of a restore while ", MEANWHILE_LAST,
	          meanwhile_name, test_crash_of_restore);
	add_table("/quarantine/taken over at each call of a ", 2, kind_name, test_taken_over);
	if (postgres)
		g_test_add("/quarantine/on PostgreSQL/taken over at each call", Office, NULL,
		           office_setup_postgres, test_taken_over, office_teardown);
	TEST("two incidents pull one message once", test_two_incidents);
	g_test_add("/quarantine/a message is followed to where its owner moves it", Office, NULL,
	           office_setup, test_moved_at_every_point, office_teardown);
	int status = g_test_run();
	office_done();
	return status;
}
