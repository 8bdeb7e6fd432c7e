/* Pulling and putting back, in real Maildirs, with the real reader and the real store. */
#include "../../tests/support/maildisk.h"
#include "../../tests/support/office.h"
#include "base/clock.h"
#include "base/error.h"
#include "quarantine/quarantine.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static void assert_row(const Office *office, gint64 response, CopyStatus status, const char *words)
{
	g_autoptr(QuarantineResult) row = world_row(office->world, response);
	g_test_message("%s: %s", copy_status_names[row->status], row->reason);
	g_assert_cmpstr(copy_status_names[row->status], ==, copy_status_names[status]);
	g_assert_nonnull(row->reason);
	if (words)
		g_assert_nonnull(strstr(row->reason, words));
}

/* --- The rule -----------------------------------------------------------------------------------
 */

static const struct {
	const char *folder, *flags;
} habits[] = {
	{"INBOX", NULL}, {"INBOX", "S"}, {"Archive", "RS"}, {"Projects.Invoice", "F"},
	{"Trash", "ST"}, {"Junk", ""},   {"INBOX", "PRS"},  {"Sent", "FS"},
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
	world_run_all(office->world, 4, 60);
	g_autoptr(Response) pulled = world_response(office->world, id);
	g_assert_cmpstr(pulled->counts, ==, "{\"success\":40}");
	g_assert_cmpuint(office_count(office, OFFICE_QUARANTINE, "Trawl"), ==, OFFICE_PEOPLE);
	for (guint i = 0; i < OFFICE_PEOPLE; i++)
		g_assert_cmpuint(office_count(office, recipients[i], NULL), ==, 1);
	g_autoptr(GPtrArray) rows = world_rows(office->world, id);
	for (guint i = 0; i < rows->len; i++) {
		const QuarantineResult *row = rows->pdata[i];
		const char *flags = habits[i % G_N_ELEMENTS(habits)].flags;
		g_assert_cmpint(row->was_read, ==, flags && strchr(flags, 'S') ? 1 : 0);
		g_assert_cmpint(row->step, ==, STEP_MOVED);
	}
	world_check(office->world);

	gint64 undo = office_request(office, incident, RESPONSE_RESTORE, id);
	world_run_all(office->world, 4, 60);
	g_autoptr(Response) restored = world_response(office->world, undo);
	g_assert_cmpstr(restored->counts, ==, "{\"success\":40}");
	g_assert_cmpuint(office_count(office, OFFICE_QUARANTINE, "Trawl"), ==, 0);
	g_autofree char *after = office_snapshot(office, NULL);
	g_assert_cmpstr(after, ==, before);
	world_check(office->world);
}

static void test_planned_quickly(Office *office, gconstpointer unused)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	for (guint i = 0; i < 2500; i++) {
		g_autofree char *address = g_strdup_printf("User%u@Corp.example", i);
		g_strv_builder_add(builder, address);
	}
	g_auto(GStrv) recipients = g_strv_builder_end(builder);
	gint64 incident = world_add_incident(office->world, office->source, office_original, FALSE,
	                                     (const char *const *)recipients);
	gint64 id = office_request(office, incident, RESPONSE_QUARANTINE, 0);
	g_autoptr(Job) job = world_claim(office->world);
	world_run(office->world, job);
	g_autoptr(GPtrArray) rows = world_rows(office->world, id);
	g_assert_cmpuint(rows->len, ==, 2500);
	world_check(office->world);
}

/* A worker died after it planned and before it ended its job. */
static void test_planned_once(Office *office, gconstpointer unused)
{
	const char *recipients[] = {OFFICE_ALICE, "bob@corp.example", "eve@outside.example", NULL};
	office_deliver(office, OFFICE_ALICE, "INBOX", NULL, office_original);
	office_add_user(office, "bob@corp.example");
	gint64 incident = world_add_incident(office->world, office->source, office_original, FALSE,
	                                     recipients);
	gint64 id = office_request(office, incident, RESPONSE_QUARANTINE, 0);
	g_autoptr(Job) job = world_claim(office->world);
	JobOutcome outcome = {0};
	g_autoptr(GError) error = NULL;
	g_assert_true(response_run(&office->world->tools, job, deadline_in(60), &outcome, &error));
	g_assert_true(response_run(&office->world->tools, job, deadline_in(60), &outcome, &error));
	world_run(office->world, job);
	world_drain(office->world);
	g_autoptr(Response) response = world_response(office->world, id);
	g_assert_cmpstr(response->counts, ==,
	                "{\"message_not_found\":1,\"skipped_outside\":1,\"success\":1}");
	world_check(office->world);
}

/* --- The right message, or none -----------------------------------------------------------------
 */

static const struct {
	const char *name;
	const char *message; /* what lies in Alice's INBOX */
	CopyStatus status;
	const char *words;
} lookalikes[] = {
	{"the original",
         "From: Billing <billing@evil.example>\nTo: all@corp.example\nSubject: Your invoice\n"
         "Date: Mon, 23 Nov 2026 08:00:00 +0000\nMessage-ID: <invoice-1@evil.example>\n\n"
         "Pay at http://evil.example/pay or else.\n",
         COPY_SUCCESS, "Moved from “INBOX”"},
	{"another message that stole its Message-ID",
         "From: boss@corp.example\nTo: all@corp.example\nSubject: Salaries\n"
         "Date: Mon, 23 Nov 2026 08:00:00 +0000\nMessage-ID: <invoice-1@evil.example>\n\n"
         "You all get a raise.\n",
         COPY_SKIPPED_DIFFERENT, "Salaries"},
	{"the same but for the text",
         "From: Billing <billing@evil.example>\nTo: all@corp.example\nSubject: Your invoice\n"
         "Date: Mon, 23 Nov 2026 08:00:00 +0000\nMessage-ID: <invoice-1@evil.example>\n\n"
         "Pay at http://bank.example/pay or else.\n",
         COPY_SKIPPED_DIFFERENT, "same Message-ID but other content"},
	{"the original with a gateway's banner, mark and rewritten link",
         "X-Gateway: 1\nFrom: Billing <billing@evil.example>\nTo: all@corp.example\n"
         "Subject: [EXTERNAL] Your invoice\nDate: Mon, 23 Nov 2026 08:00:00 +0000\n"
         "Message-ID: <invoice-1@evil.example>\n\n"
         "CAUTION: This email originated from outside of the organization.\n\n"
         "Pay at https://urldefense.com/v3/__http://evil.example/pay__;!!a!b$ or else.\n",
         COPY_SUCCESS,
         "It is the same message; a mark was put before its subject, a banner was added and its "
         "links were rewritten on the way."},
	{"the original with a banner that has a link",
         "From: Billing <billing@evil.example>\nTo: all@corp.example\nSubject: Your invoice\n"
         "Date: Mon, 23 Nov 2026 08:00:00 +0000\nMessage-ID: <invoice-1@evil.example>\n\n"
         "CAUTION: This email originated from outside of the organization. Learn more at "
         "http://other.example/\n\nPay at http://evil.example/pay or else.\n",
         COPY_SKIPPED_DIFFERENT, "differs in the words of its plain text and where its links lead"},
	{"the original whose link a gateway hides",
         "From: Billing <billing@evil.example>\nTo: all@corp.example\nSubject: Your invoice\n"
         "Date: Mon, 23 Nov 2026 08:00:00 +0000\nMessage-ID: <invoice-1@evil.example>\n\n"
         "Pay at https://protect-eu.mimecast.com/s/AbC?domain=evil.example or else.\n",
         COPY_FAILED_OTHER, "nobody can read where they lead"},
	{"a Message-ID that contains it",
         "From: Billing <billing@evil.example>\nTo: all@corp.example\nSubject: Your invoice\n"
         "Date: Mon, 23 Nov 2026 08:00:00 +0000\nMessage-ID: <x-invoice-1@evil.example>\n\n"
         "Pay at http://evil.example/pay or else.\n",
         COPY_MESSAGE_NOT_FOUND, "No message with this Message-ID"},
};

static void test_lookalike(Office *office, gconstpointer data)
{
	guint i = GPOINTER_TO_UINT(data);
	office_deliver(office, OFFICE_ALICE, "INBOX", "S", lookalikes[i].message);
	g_autofree char *before = office_snapshot(office, NULL);
	gint64 incident = office_incident(office, OFFICE_ALICE);
	gint64 id = office_perform(office, incident, RESPONSE_QUARANTINE, 0);
	assert_row(office, id, lookalikes[i].status, lookalikes[i].words);
	if (lookalikes[i].status == COPY_SUCCESS)
		return;
	g_autofree char *after = office_snapshot(office, NULL);
	g_assert_cmpstr(after, ==, before);
}

static void test_stolen_beside_original(Office *office, gconstpointer unused)
{
	office_deliver(office, OFFICE_ALICE, "INBOX", "S", lookalikes[1].message);
	g_autofree char *good = office_snapshot(office, NULL);
	office_deliver(office, OFFICE_ALICE, "INBOX", NULL, office_original);
	gint64 incident = office_incident(office, OFFICE_ALICE);
	gint64 id = office_perform(office, incident, RESPONSE_QUARANTINE, 0);
	assert_row(office, id, COPY_SUCCESS, "1 other message(s) there were left alone");
	g_assert_cmpuint(office_count(office, OFFICE_QUARANTINE, "Trawl"), ==, 1);
	g_assert_cmpuint(office_count(office, OFFICE_ALICE, NULL), ==, 1);
	g_autofree char *alice = office_maildir(office, OFFICE_ALICE, NULL);
	g_autofree char *left = office_snapshot(office, alice);
	g_assert_nonnull(strstr(good, strrchr(left, ' ')));
}

static void test_two_copies(Office *office, gconstpointer unused)
{
	office_deliver(office, OFFICE_ALICE, "INBOX", "S", office_original);
	office_deliver(office, OFFICE_ALICE, "Archive", "FS", office_original);
	office_deliver(office, OFFICE_ALICE, "INBOX", NULL, office_original);
	g_autofree char *before = office_snapshot(office, NULL);
	gint64 incident = office_incident(office, OFFICE_ALICE);
	gint64 id = office_perform(office, incident, RESPONSE_QUARANTINE, 0);
	g_autoptr(Response) pulled = world_response(office->world, id);
	g_assert_cmpstr(pulled->counts, ==, "{\"success\":3}");
	g_assert_cmpuint(office_count(office, OFFICE_ALICE, NULL), ==, 0);
	g_assert_cmpuint(office_count(office, OFFICE_QUARANTINE, "Trawl"), ==, 3);
	office_perform(office, incident, RESPONSE_RESTORE, 0);
	g_autofree char *after = office_snapshot(office, NULL);
	g_assert_cmpstr(after, ==, before);
}

/* More than is kept in memory at once: the last two wait in the raw store. */
static void test_large_copies(Office *office, gconstpointer unused)
{
	const char *recipients[] = {OFFICE_ALICE, NULL};
	g_autofree char *filler = g_strnfill(17 * 1024 * 1024, 'x');
	g_autofree char *message = g_strconcat(office_original, filler, "\n", NULL);
	for (guint i = 0; i < 3; i++)
		office_deliver(office, OFFICE_ALICE, i ? "Archive" : "INBOX", i ? "S" : NULL,
		               message);
	g_autofree char *before = office_snapshot(office, NULL);
	gint64 incident =
		world_add_incident(office->world, office->source, message, FALSE, recipients);
	gint64 id = office_perform(office, incident, RESPONSE_QUARANTINE, 0);
	g_autoptr(Response) pulled = world_response(office->world, id);
	g_assert_cmpstr(pulled->counts, ==, "{\"success\":3}");
	g_assert_cmpuint(office_count(office, OFFICE_ALICE, NULL), ==, 0);
	g_assert_cmpuint(office_count(office, OFFICE_QUARANTINE, "Trawl"), ==, 3);
	g_autoptr(GPtrArray) rows = world_rows(office->world, id);
	for (guint i = 0; i < rows->len; i++)
		g_assert_cmpint(((QuarantineResult *)rows->pdata[i])->size, >=,
		                (gint64)strlen(message));
	office_perform(office, incident, RESPONSE_RESTORE, 0);
	g_autofree char *after = office_snapshot(office, NULL);
	g_assert_cmpstr(after, ==, before);
}

static void test_without_message_id(Office *office, gconstpointer unused)
{
	static const char bare[] = "From: Billing <billing@evil.example>\n"
				   "Subject: Your invoice\n"
				   "Date: Mon, 23 Nov 2026 08:00:00 +0000\n\nPay.\n";
	static const char other[] = "From: Billing <billing@evil.example>\n"
				    "Subject: Your invoice\n"
				    "Date: Mon, 23 Nov 2026 08:00:00 +0000\n\nThank you.\n";
	const char *recipients[] = {OFFICE_ALICE, "bob@corp.example", NULL};
	g_autofree char *alice = office_maildir(office, OFFICE_ALICE, NULL);
	g_autofree char *bob = office_maildir(office, "bob@corp.example", NULL);
	maildisk_make(alice);
	maildisk_make(bob);
	g_free(maildisk_deliver(alice, bare, -1, "S", 0));
	g_free(maildisk_deliver(bob, other, -1, "S", 0));
	gint64 incident =
		world_add_incident(office->world, office->source, bare, FALSE, recipients);
	gint64 id = office_perform(office, incident, RESPONSE_QUARANTINE, 0);
	g_autoptr(Response) pulled = world_response(office->world, id);
	g_assert_cmpstr(pulled->counts, ==, "{\"skipped_different_message\":1,\"success\":1}");
	g_assert_cmpuint(maildisk_count(bob), ==, 1);
}

static void test_absurd_message_id(Office *office, gconstpointer unused)
{
	g_autofree char *long_id = g_strnfill(5000, 'x');
	g_autofree char *message = g_strdup_printf("From: Billing <billing@evil.example>\n"
	                                           "Subject: Your invoice\n"
	                                           "Message-ID: <%s@evil.example>\n\nPay.\n",
	                                           long_id);
	const char *recipients[] = {OFFICE_ALICE, NULL};
	office_deliver(office, OFFICE_ALICE, "INBOX", "S", message);
	gint64 incident =
		world_add_incident(office->world, office->source, message, FALSE, recipients);
	gint64 id = office_perform(office, incident, RESPONSE_QUARANTINE, 0);
	assert_row(office, id, COPY_SUCCESS, NULL);
}

static void test_claimed(Office *office, gconstpointer unused)
{
	const char *recipients[] = {OFFICE_ALICE, NULL};
	office_deliver(office, OFFICE_ALICE, "INBOX", "S", office_original);
	gint64 incident = world_add_incident(office->world, office->source, office_original, TRUE,
	                                     recipients);
	gint64 id = office_perform(office, incident, RESPONSE_QUARANTINE, 0);
	assert_row(office, id, COPY_NOT_ATTEMPTED, "Nobody has shown Trawl the content");
	g_assert_cmpuint(office_count(office, OFFICE_ALICE, NULL), ==, 1);
}

/* --- Who is looked at ---------------------------------------------------------------------------
 */

static const struct {
	const char *address;
	CopyStatus status;
	const char *words;
} routes[] = {
	{"eve@outside.example", COPY_SKIPPED_OUTSIDE, "outside the organisation"},
	{"abuse@corp.example", COPY_SKIPPED_ABUSE_MAILBOX, "abuse mailbox"},
	{"Quarantine@CORP.example", COPY_SKIPPED_ABUSE_MAILBOX, "quarantine mailbox"},
	{"x@nowhere.example", COPY_SKIPPED_NO_SERVER, "No configured mail server"},
	{"x@nobox.example", COPY_FAILED_QUARANTINE_MAILBOX, "no quarantine mailbox"},
	{"nobody@corp.example", COPY_MAILBOX_NOT_FOUND, NULL},
	{OFFICE_ALICE, COPY_MESSAGE_NOT_FOUND, "No message with this Message-ID"},
};

static void test_routes(Office *office, gconstpointer unused)
{
	const char *recipients[G_N_ELEMENTS(routes) + 1] = {NULL};
	for (guint i = 0; i < G_N_ELEMENTS(routes); i++)
		recipients[i] = routes[i].address;
	world_add_server(office->world, "a", "maildir",
	                 "{\"path\":\"/nonexistent/%n\",\"domains\":[\"nobox.example\"]}", NULL);
	world_add_source(office->world, office->server, "abuse@nowhere.example");
	office_add_user(office, OFFICE_ALICE);
	gint64 incident = world_add_incident(office->world, office->source, office_original, FALSE,
	                                     recipients);
	gint64 id = office_perform(office, incident, RESPONSE_QUARANTINE, 0);
	g_autoptr(GPtrArray) rows = world_rows(office->world, id);
	g_assert_cmpuint(rows->len, ==, G_N_ELEMENTS(routes));
	for (guint i = 0; i < rows->len; i++) {
		const QuarantineResult *row = rows->pdata[i];
		g_test_message("%s: %s", row->mailbox, row->reason);
		g_assert_cmpstr(copy_status_names[row->status], ==,
		                copy_status_names[routes[i].status]);
		if (routes[i].words)
			g_assert_nonnull(strstr(row->reason, routes[i].words));
	}
}

static void test_again(Office *office, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	office_deliver(office, OFFICE_ALICE, "INBOX", "S", office_original);
	gint64 incident = office_incident(office, OFFICE_ALICE);
	g_assert_cmpint(world_request(office->world, incident, RESPONSE_RESTORE, 0, &error), ==, 0);
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT);
	g_clear_error(&error);
	gint64 first = office_request(office, incident, RESPONSE_QUARANTINE, 0);
	g_assert_cmpint(world_request(office->world, incident, RESPONSE_QUARANTINE, 0, &error), ==,
	                0);
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT);
	g_assert_nonnull(strstr(error->message, "is still running"));
	world_drain(office->world);

	gint64 second = office_perform(office, incident, RESPONSE_QUARANTINE, 0);
	assert_row(office, second, COPY_MESSAGE_NOT_FOUND, "in quarantine since");
	office_perform(office, incident, RESPONSE_RESTORE, first);
	g_clear_error(&error);
	g_assert_cmpint(world_request(office->world, incident, RESPONSE_RESTORE, first, &error), ==,
	                0);
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT);
	gint64 third = office_perform(office, incident, RESPONSE_QUARANTINE, 0);
	assert_row(office, third, COPY_SUCCESS, NULL);
	g_assert_cmpuint(office_count(office, OFFICE_QUARANTINE, "Trawl"), ==, 1);
}

/* --- Errors -------------------------------------------------------------------------------------
 */

static const struct {
	const char *call;
	TrawlError code;
	MailMissing missing;
	CopyStatus status;
	int failures;
} errors[] = {
	{"find", TRAWL_ERROR_AUTHENTICATION, 0, COPY_FAILED_AUTHENTICATION, -1},
	{"find", TRAWL_ERROR_DENIED, 0, COPY_FAILED_PERMISSIONS, -1},
	{"find", TRAWL_ERROR_UNREACHABLE, 0, COPY_FAILED_NO_CONNECTIVITY, -1},
	{"find", TRAWL_ERROR_TIMEOUT, 0, COPY_FAILED_NO_CONNECTIVITY, -1},
	{"find", TRAWL_ERROR_THROTTLED, 0, COPY_FAILED_THROTTLED, -1},
	{"find", TRAWL_ERROR_REMOTE, 0, COPY_FAILED_OTHER, -1},
	{"find", TRAWL_ERROR_LIMIT, 0, COPY_FAILED_OTHER, -1},
	{"find", TRAWL_ERROR_NOT_FOUND, MISSING_MAILBOX, COPY_MAILBOX_NOT_FOUND, -1},
	{"find", TRAWL_ERROR_UNREACHABLE, 0, COPY_SUCCESS, 5},
	{"mark", TRAWL_ERROR_NOT_FOUND, MISSING_MAILBOX, COPY_FAILED_QUARANTINE_MAILBOX, -1},
	{"mark", TRAWL_ERROR_DENIED, 0, COPY_FAILED_QUARANTINE_FOLDER, -1},
	{"mark", TRAWL_ERROR_UNREACHABLE, 0, COPY_FAILED_NO_CONNECTIVITY, -1},
	{"put", TRAWL_ERROR_DENIED, 0, COPY_FAILED_QUARANTINE_FOLDER, -1},
	{"put", TRAWL_ERROR_NOT_FOUND, MISSING_MAILBOX, COPY_FAILED_QUARANTINE_MAILBOX, -1},
	{"put", TRAWL_ERROR_UNREACHABLE, 0, COPY_FAILED_NO_CONNECTIVITY, -1},
	{"put", TRAWL_ERROR_UNKNOWN_OUTCOME, 0, COPY_SUCCESS, 20},
	{"stat", TRAWL_ERROR_DENIED, 0, COPY_FAILED_PERMISSIONS, 1},
	{"remove", TRAWL_ERROR_DENIED, 0, COPY_FAILED_PERMISSIONS, 1},
	{"remove", TRAWL_ERROR_UNKNOWN_OUTCOME, 0, COPY_SUCCESS, 20},
	{"remove", TRAWL_ERROR_UNREACHABLE, 0, COPY_FAILED_NO_CONNECTIVITY, 20},
	/* its place is void, which does not mean that it has gone */
	{"remove", TRAWL_ERROR_NOT_FOUND, MISSING_MESSAGE, COPY_SUCCESS, 1},
	/* the attempts are over, but not all is as it was: it goes on until it is */
	{"remove", TRAWL_ERROR_UNREACHABLE, 0, COPY_SUCCESS, 21},
};

static void test_error(Office *office, gconstpointer data)
{
	guint i = GPOINTER_TO_UINT(data);
	office_deliver(office, OFFICE_ALICE, "INBOX", "S", office_original);
	g_autofree char *before = office_snapshot(office, NULL);
	gint64 incident = office_incident(office, OFFICE_ALICE);
	fault.failing = errors[i].call;
	fault.code = errors[i].code;
	fault.missing = errors[i].missing;
	fault.failures = errors[i].failures;
	gint64 id = office_perform(office, incident, RESPONSE_QUARANTINE, 0);
	assert_row(office, id, errors[i].status, NULL);
	fault_clear();
	gboolean moved = errors[i].status == COPY_SUCCESS;
	g_assert_cmpuint(office_count(office, OFFICE_QUARANTINE, "Trawl"), ==, moved);
	g_assert_cmpuint(office_count(office, OFFICE_ALICE, NULL), ==, !moved);
	if (moved)
		office_perform(office, incident, RESPONSE_RESTORE, 0);
	g_autofree char *after = office_snapshot(office, NULL);
	g_assert_cmpstr(after, ==, before);
}

/* The answer was lost, the work was done. */
static const struct {
	const char *call;
	ResponseKind kind;
} lost_answers[] = {
	{"put", RESPONSE_QUARANTINE},
	{"remove", RESPONSE_QUARANTINE},
	{"put", RESPONSE_RESTORE},
	{"remove", RESPONSE_RESTORE},
};

static void test_lost_answer(Office *office, gconstpointer data)
{
	guint i = GPOINTER_TO_UINT(data);
	office_deliver(office, OFFICE_ALICE, "INBOX", "FS", office_original);
	g_autofree char *before = office_snapshot(office, NULL);
	gint64 incident = office_incident(office, OFFICE_ALICE);
	for (ResponseKind kind = RESPONSE_QUARANTINE; kind <= RESPONSE_RESTORE; kind++) {
		fault_clear();
		if (kind == lost_answers[i].kind) {
			fault.failing = lost_answers[i].call;
			fault.code = TRAWL_ERROR_UNKNOWN_OUTCOME;
			fault.afterwards = TRUE;
			fault.failures = 1;
		}
		office_perform(office, incident, kind, 0);
		g_assert_cmpuint(office_count(office, OFFICE_QUARANTINE, "Trawl"), ==,
		                 kind == RESPONSE_QUARANTINE);
	}
	g_autofree char *after = office_snapshot(office, NULL);
	g_assert_cmpstr(after, ==, before);
}

static void test_pending_says_why(Office *office, gconstpointer unused)
{
	office_deliver(office, OFFICE_ALICE, "INBOX", "S", office_original);
	gint64 incident = office_incident(office, OFFICE_ALICE);
	gint64 id = office_request(office, incident, RESPONSE_QUARANTINE, 0);
	g_autoptr(Job) plan = world_claim(office->world);
	world_run(office->world, plan);
	fault.failing = "find";
	fault.code = TRAWL_ERROR_UNREACHABLE;
	fault.failures = 1;
	g_autoptr(Job) job = world_claim(office->world);
	world_run(office->world, job);
	assert_row(office, id, COPY_PENDING, "find was made to fail");
	world_drain(office->world);
	assert_row(office, id, COPY_SUCCESS, "Moved from");
}

/* --- What users and administrators do -----------------------------------------------------------
 */

static void test_emptied(Office *office, gconstpointer unused)
{
	office_deliver(office, OFFICE_ALICE, "Archive", "FS", office_original);
	g_autofree char *before = office_snapshot(office, NULL);
	gint64 incident = office_incident(office, OFFICE_ALICE);
	office_perform(office, incident, RESPONSE_QUARANTINE, 0);
	g_autofree char *quarantine = office_maildir(office, OFFICE_QUARANTINE, "Trawl");
	maildisk_remove_tree(quarantine);
	g_autofree char *archive = office_maildir(office, OFFICE_ALICE, "Archive");
	maildisk_remove_tree(archive);
	gint64 id = office_perform(office, incident, RESPONSE_RESTORE, 0);
	g_autoptr(QuarantineResult) row = world_row(office->world, id);
	g_assert_cmpint(row->restore_status, ==, COPY_SUCCESS);
	g_assert_nonnull(strstr(row->restore_reason, "Trawl's own copy"));
	g_autofree char *after = office_snapshot(office, NULL);
	g_assert_cmpstr(after, ==, before);
}

/* The message is back; that the quarantine keeps one too is said. */
static void test_restore_leaves_a_copy(Office *office, gconstpointer unused)
{
	office_deliver(office, OFFICE_ALICE, "INBOX", "FS", office_original);
	gint64 incident = office_incident(office, OFFICE_ALICE);
	office_perform(office, incident, RESPONSE_QUARANTINE, 0);
	fault.failing = "remove";
	fault.code = TRAWL_ERROR_UNREACHABLE;
	fault.failures = -1;
	gint64 id = office_perform(office, incident, RESPONSE_RESTORE, 0);
	g_autoptr(QuarantineResult) row = world_row(office->world, id);
	g_assert_cmpint(row->restore_status, ==, COPY_SUCCESS);
	g_assert_nonnull(strstr(row->restore_reason, "A second copy is left"));
	g_assert_cmpuint(office_count(office, OFFICE_ALICE, NULL), ==, 1);
}

static void test_restore_without_mailbox(Office *office, gconstpointer unused)
{
	office_deliver(office, OFFICE_ALICE, "INBOX", "FS", office_original);
	gint64 incident = office_incident(office, OFFICE_ALICE);
	office_perform(office, incident, RESPONSE_QUARANTINE, 0);
	g_autofree char *inbox = office_maildir(office, OFFICE_ALICE, NULL);
	g_autofree char *away = g_strconcat(inbox, "-away", NULL);
	g_assert_cmpint(g_rename(inbox, away), ==, 0);
	gint64 id = office_perform(office, incident, RESPONSE_RESTORE, 0);
	g_autoptr(QuarantineResult) row = world_row(office->world, id);
	g_assert_cmpint(row->restore_status, ==, COPY_MAILBOX_NOT_FOUND);
	g_assert_cmpint(row->step, ==, STEP_MOVED);
	g_assert_cmpuint(office_count(office, OFFICE_QUARANTINE, "Trawl"), ==, 1);
	/* It can be asked again, and then it works. */
	g_assert_cmpint(g_rename(away, inbox), ==, 0);
	gint64 again = office_perform(office, incident, RESPONSE_RESTORE, 0);
	g_autoptr(QuarantineResult) back = world_row(office->world, again);
	g_assert_cmpint(back->restore_status, ==, COPY_SUCCESS);
	g_assert_cmpuint(office_count(office, OFFICE_ALICE, NULL), ==, 1);
}

static void add_table(const char *path, guint rows, const char *(*name)(guint row),
                      void (*test)(Office *, gconstpointer))
{
	for (guint i = 0; i < rows; i++) {
		g_autofree char *full = g_strconcat(path, name(i), NULL);
		g_test_add(full, Office, GUINT_TO_POINTER(i), office_setup, test, office_teardown);
	}
}

static const char *lookalike_name(guint i)
{
	return lookalikes[i].name;
}

static const char *error_name(guint i)
{
	static char name[200];
	GError error = {TRAWL_ERROR, (int)errors[i].code, NULL};
	g_snprintf(name, sizeof name, "%s fails with %s %s times: %s", errors[i].call,
	           error_remedy(&error)->name, errors[i].failures < 0 ? "all" : "some",
	           copy_status_names[errors[i].status]);
	return name;
}

static const char *lost_answer_name(guint i)
{
	static char name[200];
	g_snprintf(name, sizeof name, "%s of a %s", lost_answers[i].call,
	           response_kind_names[lost_answers[i].kind]);
	return name;
}

int main(int argc, char **argv)
{
	office_init(&argc, &argv);
#define TEST(name, test)                                                                           \
	g_test_add("/quarantine/" name, Office, NULL, office_setup, test, office_teardown);        \
	if (postgres)                                                                              \
	g_test_add("/quarantine/on PostgreSQL/" name, Office, NULL, office_setup_postgres, test,   \
	           office_teardown)
	gboolean postgres = office_has_postgres();
	TEST("forty copies are pulled and come back byte for byte", test_forty);
	TEST("2,500 rows are planned in one run", test_planned_quickly);
	TEST("a plan that is made twice has each row once", test_planned_once);
	add_table("/quarantine/the right message or none/", G_N_ELEMENTS(lookalikes),
	          lookalike_name, test_lookalike);
	TEST("a stolen Message-ID beside the original is left alone", test_stolen_beside_original);
	TEST("each copy of a mailbox has a row", test_two_copies);
	TEST("large copies of a mailbox have each a row, too", test_large_copies);
	TEST("an original without Message-ID is found by sender and subject",
	     test_without_message_id);
	TEST("so is one with a Message-ID of 5 KB", test_absurd_message_id);
	TEST("a claimed original moves nothing", test_claimed);
	TEST("who is not looked at, and why", test_routes);
	TEST("quarantine, again, restore, again", test_again);
	add_table("/quarantine/an error ends in its status/", G_N_ELEMENTS(errors), error_name,
	          test_error);
	add_table("/quarantine/an answer is lost/", G_N_ELEMENTS(lost_answers), lost_answer_name,
	          test_lost_answer);
	TEST("a row that waits says what for", test_pending_says_why);
	TEST("an emptied quarantine restores from Trawl's own bytes", test_emptied);
	TEST("a restore that cannot clear the quarantine says so", test_restore_leaves_a_copy);
	TEST("a restore into a mailbox that is gone can be repeated", test_restore_without_mailbox);
	int status = g_test_run();
	office_done();
	return status;
}
