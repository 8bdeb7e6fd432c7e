/* The whole life of a report, over real Maildirs, a real database and real readers. */
#include "../tests/support/dns.h"
#include "../tests/support/maildisk.h"
#include "../tests/support/signer.h"
#include "../tests/support/worker.h"
#include "base/clock.h"
#include "base/error.h"
#include "model/alert.h"
#include "pipeline/pipeline.h"
#include "server/maildir.h"
#include "store/incident.h"
#include "store/report.h"
#include "store/source.h"

#include <glib/gstdio.h>
#include <string.h>

#define ALICE "alice@corp.example"

typedef struct {
	Worker *worker;
} Fixture;

static gboolean mailbox_is_down; /* as the meddled calls see it */

/* A Maildir whose calls a test may disturb. */
static MailServerKind meddled;

static MailServer *open_meddled(const json_t *config, const json_t *secret, GError **error)
{
	MailServer *server = maildir_server_kind.open(config, secret, error);
	if (server)
		server->kind = &meddled;
	return server;
}

static void setup(Fixture *f, gconstpointer unused)
{
	meddled = maildir_server_kind;
	meddled.open = open_meddled;
	f->worker = worker_start(&meddled);
}

static void teardown(Fixture *f, gconstpointer unused)
{
	worker_stop(f->worker);
}

/* --- messages -----------------------------------------------------------------------------------
 */

#define PHISH_BODY "Your account is locked.\nhttp://evil.example/login\n"

/* An original; @id is the whole header field or fields, with line ends. */
static char *original_text(const char *id, const char *to, const char *subject, const char *body)
{
	return g_strdup_printf("From: Bank <bank@evil.example>\n"
	                       "%s"
	                       "Subject: %s\n"
	                       "Date: Mon, 23 Nov 2026 09:00:00 +0000\n"
	                       "%s"
	                       "\n%s",
	                       to, subject, id, body);
}

static char *phish(const char *id)
{
	g_autofree char *field = g_strdup_printf("Message-ID: <%s>\n", id);
	return original_text(field,
	                     "To: alice@corp.example, bob@corp.example\n"
	                     "Cc: carol@corp.example\n",
	                     "Account locked", PHISH_BODY);
}

/* A report with the original attached, as @reporter sent it. */
static char *attached(const char *reporter, const char *original)
{
	static int counter;
	return g_strdup_printf("From: Reporter <%s>\n"
	                       "To: abuse@corp.example\n"
	                       "Subject: this looks odd\n"
	                       "Date: Mon, 23 Nov 2026 10:00:00 +0000\n"
	                       "Message-ID: <report-%d@corp.example>\n"
	                       "MIME-Version: 1.0\n"
	                       "Content-Type: multipart/mixed; boundary=\"=_b\"\n"
	                       "\n--=_b\nContent-Type: text/plain\n\nPlease look.\n"
	                       "--=_b\nContent-Type: message/rfc822\n\n%s\n--=_b--\n",
	                       reporter, g_atomic_int_add(&counter, 1), original);
}

/* A report that names the original in @pointer, a header field. */
static char *forwarded(const char *reporter, const char *pointer, const char *subject)
{
	static int counter;
	return g_strdup_printf("From: Reporter <%s>\n"
	                       "To: abuse@corp.example\n"
	                       "Subject: %s\n"
	                       "Date: Mon, 23 Nov 2026 10:00:00 +0000\n"
	                       "Message-ID: <forward-%d@corp.example>\n"
	                       "%s"
	                       "\nLook at this.\n",
	                       reporter, subject, g_atomic_int_add(&counter, 1), pointer);
}

static void deliver_report(Fixture *f, char *report)
{
	worker_deliver(f->worker, WORKER_SOURCE_MAILBOX, "", report);
	g_free(report);
}

static gboolean has_finding(const Incident *incident, const char *id)
{
	g_autofree char *member = g_strdup_printf("\"id\":\"%s\"", id);
	return strstr(incident->findings, member) != NULL;
}

static void assert_alerts(Fixture *f, const Incident *incident, const char *expected)
{
	g_autofree char *alerts = worker_alerts_text(f->worker, incident->id);
	g_assert_cmpstr(alerts, ==, expected);
}

/* --- every edge, a row each ----------------------------------------------------------------------
 */

typedef enum { ATTACHED, FORWARDED, AS_IT_IS } Form;

static const struct {
	const char *name;
	Form form;
	const char *id;       /* the original's Message-ID fields */
	const char *to;       /* the original's people */
	const char *reporter; /* NULL: alice */
	const char *pointer;  /* FORWARDED: the report's field; AS_IT_IS: the whole message */
	gboolean in_mailbox;  /* the reporter has the original */
	IncidentKind kind;
	Located located;
	const char *alerts;
	const char *link_key; /* NULL: whatever it is; "": none */
	const char *finding;  /* that the incident has, or NULL */
} edges[] = {
	{.name = "found: one alert a recipient",
         .id = "Message-ID: <a@evil.example>\n",
         .to = "To: Alice <alice@corp.example>, bob@corp.example\nCc: carol@corp.example\n",
         .in_mailbox = TRUE,
         .located = LOCATED_FOUND,
         .alerts = "alice@corp.example:to bob@corp.example:to carol@corp.example:cc",
         .link_key = "a@evil.example"},
	{.name = "a reporter whom nobody named was a blind copy",
         .id = "Message-ID: <a@evil.example>\n",
         .to = "To: bob@corp.example\n",
         .in_mailbox = TRUE,
         .located = LOCATED_FOUND,
         .alerts = "alice@corp.example:bcc bob@corp.example:to"},
	{.name = "nobody is named at all",
         .id = "Message-ID: <a@evil.example>\n",
         .to = "",
         .in_mailbox = TRUE,
         .located = LOCATED_FOUND,
         .alerts = "alice@corp.example:bcc"},
	{.name = "groups, and one person written in three ways",
         .id = "Message-ID: <a@evil.example>\n",
         .to = "To: undisclosed-recipients:;, Team: BOB@Corp.Example, <bob@corp.example>;\n"
               "Cc: \"Bob\" <bob@corp.example>, alice@corp.example\n",
         .in_mailbox = TRUE,
         .located = LOCATED_FOUND,
         .alerts = "alice@corp.example:cc bob@corp.example:to"},
	{.name = "attached, but not in the mailbox",
         .id = "Message-ID: <a@evil.example>\n",
         .to = "To: alice@corp.example, bob@corp.example\n",
         .located = LOCATED_NOT_FOUND,
         .alerts = "alice@corp.example:reporter",
         .link_key = "a@evil.example"},
	{.name = "the reporter's mailbox is missing",
         .id = "Message-ID: <a@evil.example>\n",
         .to = "To: nobody@corp.example\n",
         .reporter = "nobody@corp.example",
         .located = LOCATED_MAILBOX_NOT_FOUND,
         .alerts = "nobody@corp.example:reporter"},
	{.name = "the reporter is of another organisation",
         .id = "Message-ID: <a@evil.example>\n",
         .to = "To: guest@else.example\n",
         .reporter = "guest@else.example",
         .located = LOCATED_MAILBOX_NOT_FOUND,
         .alerts = "guest@else.example:reporter"},
	{.name = "no Message-ID",
         .id = "",
         .to = "To: alice@corp.example\n",
         .in_mailbox = TRUE,
         .located = LOCATED_FOUND,
         .alerts = "alice@corp.example:to"},
	{.name = "an empty Message-ID",
         .id = "Message-ID: <>\n",
         .to = "To: alice@corp.example\n",
         .in_mailbox = TRUE,
         .located = LOCATED_FOUND,
         .alerts = "alice@corp.example:to"},
	{.name = "two Message-IDs",
         .id = "Message-ID: <one@evil.example>\nMessage-ID: <two@evil.example>\n",
         .to = "To: alice@corp.example\n",
         .in_mailbox = TRUE,
         .located = LOCATED_FOUND,
         .alerts = "alice@corp.example:to"},
	{.name = "quotes in it",
         .id = "Message-ID: <\"a \\\" b\"@evil.example>\n",
         .to = "To: alice@corp.example\n",
         .in_mailbox = TRUE,
         .located = LOCATED_FOUND,
         .alerts = "alice@corp.example:to"},
	{.name = "line ends in it",
         .id = "Message-ID: <a@\r\n evil.example>\n",
         .to = "To: alice@corp.example\n",
         .in_mailbox = TRUE,
         .located = LOCATED_FOUND,
         .alerts = "alice@corp.example:to",
         .link_key = "a@evil.example"},
	{.name = "IMAP syntax in it",
         .id = "Message-ID: <a\" OR ALL {3}*%\\@evil.example>\n",
         .to = "To: alice@corp.example\n",
         .in_mailbox = TRUE,
         .located = LOCATED_FOUND,
         .alerts = "alice@corp.example:to"},
	{.name = "SQL syntax in it",
         .id = "Message-ID: <a'); DROP TABLE report; --@evil.example>\n",
         .to = "To: alice@corp.example\n",
         .in_mailbox = TRUE,
         .located = LOCATED_FOUND,
         .alerts = "alice@corp.example:to"},
	{.name = "forwarded with X-Forwarded-Message-Id",
         .form = FORWARDED,
         .id = "Message-ID: <a@evil.example>\n",
         .to = "To: alice@corp.example, bob@corp.example\n",
         .pointer = "X-Forwarded-Message-Id: <a@evil.example>\n",
         .in_mailbox = TRUE,
         .located = LOCATED_FOUND,
         .alerts = "alice@corp.example:to bob@corp.example:to",
         .link_key = "a@evil.example"},
	{.name = "forwarded with In-Reply-To",
         .form = FORWARDED,
         .id = "Message-ID: <a@evil.example>\n",
         .to = "To: alice@corp.example\n",
         .pointer = "In-Reply-To: <a@evil.example>\n",
         .in_mailbox = TRUE,
         .located = LOCATED_FOUND,
         .alerts = "alice@corp.example:to"},
	{.name = "forwarded with References",
         .form = FORWARDED,
         .id = "Message-ID: <a@evil.example>\n",
         .to = "To: alice@corp.example\n",
         .pointer = "References: <older@corp.example> <a@evil.example>\n",
         .in_mailbox = TRUE,
         .located = LOCATED_FOUND,
         .alerts = "alice@corp.example:to"},
	{.name = "forwarded, and not in the mailbox: a claim",
         .form = FORWARDED,
         .id = "Message-ID: <a@evil.example>\n",
         .to = "To: alice@corp.example\n",
         .pointer = "X-Forwarded-Message-Id: <a@evil.example>\n",
         .located = LOCATED_NOT_FOUND,
         .alerts = "alice@corp.example:reporter",
         .link_key = "a@evil.example"},
	{.name = "forwarded without any pointer joins nothing",
         .form = FORWARDED,
         .id = "Message-ID: <a@evil.example>\n",
         .to = "To: alice@corp.example\n",
         .pointer = "",
         .in_mailbox = TRUE,
         .located = LOCATED_NOT_FOUND,
         .alerts = "alice@corp.example:reporter",
         .link_key = ""},
	{.name = "an ordinary mail is no report",
         .form = AS_IT_IS,
         .pointer = "From: Alice <alice@corp.example>\nTo: abuse@corp.example\n"
                    "Subject: lunch?\nMessage-ID: <lunch@corp.example>\n\nAt noon.\n",
         .kind = INCIDENT_NOT_A_REPORT,
         .alerts = "alice@corp.example:reporter",
         .link_key = "",
         .finding = "not_a_report"},
	{.name = "a bounce is no report, though a message is attached",
         .form = AS_IT_IS,
         .pointer = "From: MAILER-DAEMON@corp.example\nTo: abuse@corp.example\n"
                    "Return-Path: <>\nSubject: Undelivered Mail\n"
                    "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
                    "--b\nContent-Type: text/plain\n\nSorry.\n"
                    "--b\nContent-Type: message/delivery-status\n\n"
                    "Reporting-MTA: dns; mx.corp.example\n\n"
                    "--b\nContent-Type: message/rfc822\n\n"
                    "From: abuse@corp.example\nMessage-ID: <x@corp.example>\n\nhello\n--b--\n",
         .kind = INCIDENT_NOT_A_REPORT,
         .alerts = "mailer-daemon@corp.example:reporter",
         .link_key = "",
         .finding = "not_a_report"},
	{.name = "an automatic answer is no report",
         .form = AS_IT_IS,
         .pointer = "From: bob@corp.example\nTo: abuse@corp.example\nSubject: Re: this\n"
                    "Auto-Submitted: auto-replied\nIn-Reply-To: <x@corp.example>\n\nAway.\n",
         .kind = INCIDENT_NOT_A_REPORT,
         .alerts = "bob@corp.example:reporter",
         .link_key = ""},
	{.name = "a notice of our own is no report",
         .form = AS_IT_IS,
         .pointer = "From: abuse@corp.example\nTo: abuse@corp.example\nSubject: thank you\n"
                    "X-Trawl-Notice: 1\n\nThank you.\n",
         .kind = INCIDENT_NOT_A_REPORT,
         .alerts = "abuse@corp.example:reporter",
         .link_key = ""},
	{.name = "nothing in it at all",
         .form = AS_IT_IS,
         .pointer = "\n",
         .kind = INCIDENT_NOT_A_REPORT,
         .alerts = "abuse@corp.example:reporter",
         .link_key = ""},
	{.name = "octets that are no mail",
         .form = AS_IT_IS,
         .pointer = "\xff\xfe\x01\x02\x80:::\n\xc3(\n\n\xff",
         .kind = INCIDENT_NOT_A_REPORT,
         .alerts = "abuse@corp.example:reporter",
         .link_key = ""},
	{.name = "a document that kills its reader does not hide the message",
         .form = AS_IT_IS,
         .pointer = "From: alice@corp.example\nSubject: x\n\n" WORKER_KILL_DOCUMENTS "\n",
         .kind = INCIDENT_NOT_A_REPORT,
         .alerts = "alice@corp.example:reporter",
         .link_key = ""},
	{.name = "what kills its reader is kept, and said",
         .form = AS_IT_IS,
         .pointer = "From: alice@corp.example\nSubject: x\n\n" WORKER_KILL_READER "\n",
         .kind = INCIDENT_UNPARSED,
         .alerts = "abuse@corp.example:reporter",
         .link_key = "",
         .finding = "unparsed"},
};

static void run_edge(Fixture *f, guint i)
{
	const char *reporter = edges[i].reporter ? edges[i].reporter : ALICE;
	g_autofree char *alice = worker_maildir(f->worker, ALICE, "");
	maildisk_make(alice);
	if (edges[i].form == AS_IT_IS) {
		deliver_report(f, g_strdup(edges[i].pointer));
		return;
	}
	g_autofree char *original =
		original_text(edges[i].id, edges[i].to, "Account locked", PHISH_BODY);
	if (edges[i].in_mailbox)
		worker_deliver(f->worker, reporter, ".Junk", original);
	deliver_report(f, edges[i].form == ATTACHED
	                          ? attached(reporter, original)
	                          : forwarded(reporter, edges[i].pointer, "Fwd: Account locked"));
}

static void test_edge(Fixture *f, gconstpointer data)
{
	guint i = GPOINTER_TO_UINT(data);
	run_edge(f, i);
	worker_poll(f->worker, 4);
	g_autoptr(GPtrArray) reports = worker_reports(f->worker);
	g_autoptr(GPtrArray) incidents = worker_incidents(f->worker);
	g_assert_cmpuint(reports->len, ==, 1);
	g_assert_cmpuint(incidents->len, ==, 1);
	const Report *report = reports->pdata[0];
	const Incident *incident = incidents->pdata[0];
	g_assert_cmpint(report->state, ==,
	                edges[i].kind == INCIDENT_UNPARSED ? REPORT_UNPARSED : REPORT_DONE);
	g_assert_cmpstr(located_names[report->located], ==, located_names[edges[i].located]);
	g_assert_cmpstr(incident_kind_names[incident->kind], ==,
	                incident_kind_names[edges[i].kind]);
	assert_alerts(f, incident, edges[i].alerts);
	if (edges[i].link_key)
		g_assert_cmpstr(incident->link_key ? incident->link_key : "", ==,
		                edges[i].link_key);
	if (edges[i].finding)
		g_assert_true(has_finding(incident, edges[i].finding));
	/* and any number of polls later it is still that one */
	worker_poll(f->worker, 4);
	g_autoptr(GPtrArray) again = worker_reports(f->worker);
	g_assert_cmpuint(again->len, ==, 1);
}

/* --- reports that meet ---------------------------------------------------------------------------
 */

/* The first incidents, as many as are expected. */
static GPtrArray *expect_incidents(Fixture *f, guint n)
{
	GPtrArray *incidents = worker_incidents(f->worker);
	g_assert_cmpuint(incidents->len, ==, n);
	return incidents;
}

static guint count_records(Fixture *f, const char *action)
{
	g_autofree char *sql = g_strdup_printf(
		"SELECT count(*) FROM audit WHERE seq > $1 AND action = '%s'", action);
	return (guint)worker_sql_int(f->worker, sql, 0);
}

static void test_one_original_that_five_hundred_report_is_one_incident(Fixture *f,
                                                                       gconstpointer unused)
{
	const guint n = 500;
	g_autofree char *original =
		original_text("Message-ID: <a@evil.example>\n", "To: all@corp.example\n",
	                      "Account locked", PHISH_BODY);
	for (guint i = 0; i < n; i++) {
		g_autofree char *reporter = g_strdup_printf("user%u@corp.example", i);
		/* each copy came another way, as gateways see to */
		g_autofree char *copy = g_strdup_printf("Delivered-To: %s\nReceived: by mx%u\n%s",
		                                        reporter, i, original);
		worker_deliver(f->worker, reporter, "", copy);
		deliver_report(f, i % 2 ? attached(reporter, copy)
		                        : forwarded(reporter,
		                                    "X-Forwarded-Message-Id: <a@evil.example>\n",
		                                    "Fwd: Account locked"));
	}
	worker_poll(f->worker, 8);
	g_autoptr(GPtrArray) incidents = expect_incidents(f, 1);
	const Incident *incident = incidents->pdata[0];
	g_assert_cmpint(incident->report_count, ==, n);
	g_assert_cmpint(incident->alert_count, ==,
	                n + 1); /* everybody was a blind copy, and all@ */
	g_assert_cmpint(incident->open_alert_count, ==, n + 1);
	g_assert_cmpint(worker_sql_int(f->worker, "SELECT count(*) FROM original WHERE id > $1", 0),
	                ==, 1);
	g_assert_cmpuint(count_records(f, "incident.open"), ==, 1);
	g_assert_cmpuint(count_records(f, "incident.join"), ==, n - 1);
}

static void test_who_reports_twice_raises_no_second_alerts(Fixture *f, gconstpointer unused)
{
	g_autofree char *original = phish("a@evil.example");
	worker_deliver(f->worker, ALICE, "", original);
	for (guint i = 0; i < 2; i++) {
		deliver_report(f, attached(ALICE, original));
		worker_poll(f->worker, 4);
	}
	g_autoptr(GPtrArray) incidents = expect_incidents(f, 1);
	const Incident *incident = incidents->pdata[0];
	g_assert_cmpint(incident->report_count, ==, 2);
	assert_alerts(f, incident,
	              "alice@corp.example:to bob@corp.example:to carol@corp.example:cc");
}

/* Alice's copy came through a gateway, Bob's did not. */
static void test_a_copy_that_a_gateway_changed_is_the_same_original(Fixture *f,
                                                                    gconstpointer unused)
{
	static const char banner[] =
		"CAUTION: This email originated from outside of the organization.\n\n" PHISH_BODY;
	static const char id[] = "Message-ID: <a@evil.example>\n";
	static const char to[] = "To: alice@corp.example, bob@corp.example\n";
	g_autofree char *clean = original_text(id, to, "Account locked", PHISH_BODY);
	g_autofree char *changed = original_text(id, to, "[EXTERNAL] Account locked", banner);
	worker_deliver(f->worker, ALICE, "", changed);
	worker_deliver(f->worker, "bob@corp.example", "", clean);
	deliver_report(f, attached(ALICE, clean));
	deliver_report(f, attached("bob@corp.example", clean));
	worker_poll(f->worker, 8);
	g_autoptr(GPtrArray) incidents = expect_incidents(f, 1);
	const Incident *incident = incidents->pdata[0];
	g_assert_false(has_finding(incident, "message_id_reused"));
	g_assert_false(has_finding(incident, "different_message_in_mailbox"));
	assert_alerts(f, incident, "alice@corp.example:to bob@corp.example:to");
}

/* Alice has deleted it; then Bob, who has not, reports it too. */
static void test_who_is_left_out_is_told_until_they_are_not(Fixture *f, gconstpointer unused)
{
	g_autofree char *original = phish("a@evil.example");
	worker_deliver(f->worker, "bob@corp.example", "", original);
	deliver_report(f, attached(ALICE, original));
	worker_poll(f->worker, 4);
	g_autoptr(GPtrArray) incidents = expect_incidents(f, 1);
	const Incident *incident = incidents->pdata[0];
	assert_alerts(f, incident, "alice@corp.example:reporter");
	g_assert_true(has_finding(incident, "recipients_left_out"));
	g_assert_nonnull(strstr(incident->findings, "so 2 others whom it names have no alert"));

	deliver_report(f, attached("bob@corp.example", original));
	worker_poll(f->worker, 4);
	g_autoptr(GPtrArray) again = expect_incidents(f, 1);
	g_assert_false(has_finding(again->pdata[0], "recipients_left_out"));
}

static void test_two_messages_with_one_id_are_two_incidents(Fixture *f, gconstpointer unused)
{
	g_autofree char *one = phish("a@evil.example");
	g_autofree char *other = original_text("Message-ID: <a@evil.example>\n",
	                                       "To: bob@corp.example\n", "Payroll", "Good mail.\n");
	worker_deliver(f->worker, ALICE, "", one);
	worker_deliver(f->worker, "bob@corp.example", "", other);
	deliver_report(f, attached(ALICE, one));
	worker_poll(f->worker, 4);
	deliver_report(f, attached("bob@corp.example", other));
	worker_poll(f->worker, 4);
	g_autoptr(GPtrArray) incidents = expect_incidents(f, 2);
	for (guint i = 0; i < incidents->len; i++) {
		const Incident *this = incidents->pdata[i], *that = incidents->pdata[1 - i];
		g_autofree char *names =
			g_strdup_printf("\"incident_id\":%" G_GINT64_FORMAT, that->id);
		g_assert_true(has_finding(this, "message_id_reused"));
		g_assert_nonnull(strstr(this->findings, names));
	}
	assert_alerts(f, incidents->pdata[0],
	              "alice@corp.example:to bob@corp.example:to carol@corp.example:cc");
	assert_alerts(f, incidents->pdata[1], "bob@corp.example:to");
}

static void test_another_message_in_the_mailbox_is_not_the_original(Fixture *f,
                                                                    gconstpointer unused)
{
	static const gboolean forms[] = {TRUE, FALSE}; /* attached, forwarded */
	g_autofree char *reported = phish("a@evil.example");
	g_autofree char *other = original_text("Message-ID: <a@evil.example>\n",
	                                       "To: alice@corp.example, ceo@corp.example\n",
	                                       "Payroll", "Good mail.\n");
	worker_deliver(f->worker, ALICE, "", other);
	for (guint i = 0; i < G_N_ELEMENTS(forms); i++)
		deliver_report(f, forms[i] ? attached(ALICE, reported)
		                           : forwarded(ALICE,
		                                       "X-Forwarded-Message-Id: <a@evil.example>\n",
		                                       "Fwd: Account locked"));
	worker_poll(f->worker, 2);
	g_autoptr(GPtrArray) incidents = expect_incidents(f, 1);
	g_assert_true(has_finding(incidents->pdata[0], "different_message_in_mailbox"));
	assert_alerts(f, incidents->pdata[0], "alice@corp.example:reporter");
	g_assert_cmpuint(worker_count(f->worker, ALICE, ""), ==, 1);
}

static gboolean close_incident(Db *db, gpointer data, GError **error)
{
	const gint64 *id = data;
	gint64 closed = 0;
	g_autoptr(Incident) incident = incident_load(db, *id, error);
	incident->state = STATE_CLOSED;
	incident->close_reason = g_strdup("benign");
	incident->closed_at = clock_now();
	return alert_close_all(db, *id, "benign", clock_now(), incident->revision, &closed,
	                       error) &&
	       incident_save(db, incident, 0, error) &&
	       incident_recount(db, *id, incident->revision, clock_now(), error);
}

static void test_a_closed_incident_is_opened_again(Fixture *f, gconstpointer unused)
{
	g_autofree char *original = phish("a@evil.example");
	worker_deliver(f->worker, ALICE, "", original);
	deliver_report(f, attached(ALICE, original));
	worker_poll(f->worker, 4);
	g_autoptr(GPtrArray) before = expect_incidents(f, 1);
	gint64 id = ((Incident *)before->pdata[0])->id;
	worker_write(f->worker, close_incident, &id);
	worker_deliver(f->worker, "bob@corp.example", "", original);
	deliver_report(f, attached("bob@corp.example", original));
	worker_poll(f->worker, 4);
	g_autoptr(GPtrArray) incidents = expect_incidents(f, 1);
	const Incident *incident = incidents->pdata[0];
	g_assert_cmpint(incident->state, ==, STATE_OPEN);
	g_assert_null(incident->close_reason);
	g_assert_cmpint(incident->closed_at, ==, 0);
	g_assert_cmpint(incident->alert_count, ==, 6); /* three closed, and three anew */
	g_assert_cmpint(incident->open_alert_count, ==, 3);
	g_assert_cmpuint(count_records(f, "incident.reopen"), ==, 1);
}

static void test_a_claim_becomes_first_hand_when_somebody_has_the_message(Fixture *f,
                                                                          gconstpointer unused)
{
	g_autofree char *original = phish("a@evil.example");
	g_autofree char *alice = worker_maildir(f->worker, ALICE, "");
	maildisk_make(alice);
	deliver_report(f, forwarded(ALICE, "X-Forwarded-Message-Id: <a@evil.example>\n",
	                            "Fwd: Account locked"));
	worker_poll(f->worker, 4);
	g_assert_cmpint(
		worker_sql_int(f->worker, "SELECT first_hand FROM original WHERE id > $1", 0), ==,
		0);
	worker_deliver(f->worker, "bob@corp.example", "", original);
	deliver_report(f, attached("bob@corp.example", original));
	worker_poll(f->worker, 4);
	g_autoptr(GPtrArray) incidents = expect_incidents(f, 1);
	assert_alerts(f, incidents->pdata[0],
	              "alice@corp.example:reporter bob@corp.example:to carol@corp.example:cc");
	g_assert_cmpint(
		worker_sql_int(f->worker, "SELECT first_hand FROM original WHERE id > $1", 0), ==,
		1);
	/* and a claim that comes later joins what is first-hand */
	deliver_report(f,
	               forwarded("dave@corp.example", "X-Forwarded-Message-Id: <a@evil.example>\n",
	                         "Fwd: Account locked"));
	worker_poll(f->worker, 4);
	g_autoptr(GPtrArray) after = expect_incidents(f, 1);
	g_assert_cmpint(((Incident *)after->pdata[0])->report_count, ==, 3);
}

static void test_a_claim_that_does_not_fit_joins_nothing(Fixture *f, gconstpointer unused)
{
	g_autofree char *original = phish("a@evil.example");
	worker_deliver(f->worker, ALICE, "", original);
	deliver_report(f, attached(ALICE, original));
	worker_poll(f->worker, 4);
	deliver_report(f,
	               forwarded("bob@corp.example", "X-Forwarded-Message-Id: <a@evil.example>\n",
	                         "Fwd: Quite another matter"));
	worker_poll(f->worker, 4);
	g_autoptr(GPtrArray) incidents = expect_incidents(f, 2);
	g_assert_true(has_finding(incidents->pdata[1], "message_id_reused"));
}

static void test_what_nobody_reported_does_not_stand_in_for_a_claim(Fixture *f,
                                                                    gconstpointer unused)
{
	g_autofree char *alice = worker_maildir(f->worker, ALICE, "");
	maildisk_make(alice);
	deliver_report(f, forwarded(ALICE, "X-Forwarded-Message-Id: <a@evil.example>\n",
	                            "Fwd: Account locked"));
	worker_poll(f->worker, 4);
	deliver_report(f, phish("a@evil.example")); /* sent straight to the abuse mailbox */
	worker_poll(f->worker, 4);
	g_autoptr(GPtrArray) incidents = expect_incidents(f, 2);
	const Incident *claimed = incidents->pdata[0], *plain = incidents->pdata[1];
	g_assert_cmpint(plain->kind, ==, INCIDENT_NOT_A_REPORT);
	g_assert_cmpint(claimed->original_id, !=, plain->original_id);
	g_assert_cmpint(worker_sql_int(f->worker, "SELECT first_hand FROM original WHERE id = $1",
	                               claimed->original_id),
	                ==, 0);
}

static void test_without_link_events_each_report_is_an_incident(Fixture *f, gconstpointer unused)
{
	Source *source = worker_source(f->worker);
	source->link_events = FALSE;
	worker_save_source(f->worker, source);
	g_autofree char *original = phish("a@evil.example");
	worker_deliver(f->worker, ALICE, "", original);
	deliver_report(f, attached(ALICE, original));
	deliver_report(f, attached(ALICE, original));
	worker_poll(f->worker, 4);
	g_autoptr(GPtrArray) incidents = expect_incidents(f, 2);
	g_assert_null(((Incident *)incidents->pdata[0])->link_key);
}

static void test_one_original_without_an_id_is_one_incident(Fixture *f, gconstpointer unused)
{
	g_autofree char *original =
		original_text("", "To: alice@corp.example\n", "Account locked", PHISH_BODY);
	for (guint i = 0; i < 3; i++) {
		g_autofree char *reporter = g_strdup_printf("user%u@corp.example", i);
		worker_deliver(f->worker, reporter, "", original);
		deliver_report(f, attached(reporter, original));
	}
	worker_poll(f->worker, 4);
	g_autoptr(GPtrArray) incidents = expect_incidents(f, 1);
	g_assert_cmpint(((Incident *)incidents->pdata[0])->report_count, ==, 3);
}

static void test_several_originals_in_one_report_are_several_incidents(Fixture *f,
                                                                       gconstpointer unused)
{
	g_autofree char *one = phish("one@evil.example"), *two = phish("two@evil.example");
	worker_deliver(f->worker, ALICE, "", one);
	worker_deliver(f->worker, ALICE, "", two);
	deliver_report(f, g_strdup_printf("From: alice@corp.example\nSubject: two\n"
	                                  "Content-Type: multipart/mixed; boundary=\"=_b\"\n\n"
	                                  "--=_b\nContent-Type: message/rfc822\n\n%s\n"
	                                  "--=_b\nContent-Type: message/rfc822\n\n%s\n--=_b--\n",
	                                  one, two));
	worker_poll(f->worker, 4);
	g_autoptr(GPtrArray) incidents = expect_incidents(f, 2);
	for (guint i = 0; i < incidents->len; i++)
		assert_alerts(f, incidents->pdata[i],
		              "alice@corp.example:to bob@corp.example:to carol@corp.example:cc");
}

static void test_thirty_thousand_recipients_are_as_many_alerts(Fixture *f, gconstpointer unused)
{
	const guint n = 30000;
	g_autoptr(GString) to = g_string_new("To: alice@corp.example");
	for (guint i = 1; i < n; i++)
		g_string_append_printf(to, ",%s u%u@corp.example", i % 20 ? "" : "\n", i);
	g_string_append_c(to, '\n');
	g_autofree char *original = original_text("Message-ID: <a@evil.example>\n", to->str,
	                                          "Account locked", PHISH_BODY);
	worker_deliver(f->worker, ALICE, "", original);
	worker_deliver(f->worker, "u1@corp.example", "", original);
	deliver_report(f, attached(ALICE, original));
	deliver_report(f, attached("u1@corp.example", original));
	worker_poll(f->worker, 4);
	g_autoptr(GPtrArray) incidents = expect_incidents(f, 1);
	g_assert_cmpint(((Incident *)incidents->pdata[0])->open_alert_count, ==, n);
	g_assert_cmpint(((Incident *)incidents->pdata[0])->report_count, ==, 2);
}

/* --- batches
 * --------------------------------------------------------------------------------------
 */

/* @n reports of one original each, by reporters of their own, who have it. */
static void deliver_many(Fixture *f, guint n)
{
	for (guint i = 0; i < n; i++) {
		g_autofree char *reporter = g_strdup_printf("user%u@corp.example", i);
		g_autofree char *id = g_strdup_printf("m%u@evil.example", i);
		g_autofree char *original = phish(id);
		worker_deliver(f->worker, reporter, "", original);
		deliver_report(f, attached(reporter, original));
	}
}

static guint count_jobs(Fixture *f, const char *which)
{
	g_autofree char *sql = g_strdup_printf(
		"SELECT count(*) FROM job WHERE id > $1 AND kind = 'report.process' AND %s", which);
	return (guint)worker_sql_int(f->worker, sql, 0);
}

static guint count_reports(Fixture *f, const char *which)
{
	g_autofree char *sql =
		g_strdup_printf("SELECT count(*) FROM report WHERE id > $1 AND %s", which);
	return (guint)worker_sql_int(f->worker, sql, 0);
}

static void test_reports_that_come_together_are_one_job(Fixture *f, gconstpointer unused)
{
	deliver_many(f, 60);
	worker_poll(f->worker, 4);
	g_assert_cmpuint(count_jobs(f, "state = 'done'"), ==, 1);
	g_assert_cmpuint(count_reports(f, "state = 'done' AND located = 'found'"), ==, 60);
	g_ptr_array_unref(expect_incidents(f, 60));
}

/* The killer costs two readers, in its batch and then by itself; the others none. */
static void test_a_report_that_kills_its_reader_costs_only_itself(Fixture *f, gconstpointer unused)
{
	deliver_many(f, 10);
	deliver_report(
		f, g_strdup("From: alice@corp.example\nSubject: x\n\n" WORKER_KILL_READER "\n"));
	worker_poll(f->worker, 4);
	g_assert_cmpuint(count_jobs(f, "state = 'done'"), ==, 2);
	g_assert_cmpuint(count_reports(f, "state = 'done' AND reads = 0"), ==, 10);
	g_assert_cmpuint(count_reports(f, "state = 'unparsed' AND reads = 1"), ==, 1);
	g_ptr_array_unref(expect_incidents(f, 11));
}

/* A mailbox that cannot be looked into, say. */
static gboolean find_but_not_of_user3(MailServer *server, const char *mailbox,
                                      GPtrArray *message_ids, GPtrArray *found, gint64 deadline,
                                      GError **error)
{
	if (strcmp(mailbox, "user3@corp.example") != 0 || !mailbox_is_down)
		return maildir_server_kind.find(server, mailbox, message_ids, found, deadline,
		                                error);
	mailbox_is_down = FALSE;
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE, "out of order");
	return FALSE;
}

static void test_a_report_that_has_to_wait_leaves_its_batch(Fixture *f, gconstpointer unused)
{
	deliver_many(f, 10);
	meddled.find = find_but_not_of_user3;
	mailbox_is_down = TRUE;
	worker_poll(f->worker, 4);
	g_assert_cmpuint(count_jobs(f, "payload LIKE '%,%'"), ==, 1);
	g_assert_cmpuint(count_jobs(f, "payload LIKE '{\"reports\":[_]}'"), ==, 1);
	g_assert_cmpuint(count_reports(f, "state = 'done' AND located = 'found'"), ==, 10);
	g_ptr_array_unref(expect_incidents(f, 10));
}

/* Its worker died half-way: what it has raised is raised, the others are tried one by one. */
static void test_a_batch_that_died_falls_apart(Fixture *f, gconstpointer unused)
{
	deliver_many(f, 10);
	worker_keep(f->worker);
	worker_sql(f->worker,
	           "UPDATE job SET attempts = 1 WHERE kind = 'report.process' AND id > $1", 0);
	worker_settle(f->worker, 4);
	g_assert_cmpuint(count_jobs(f, "state = 'done'"), ==, 11);
	g_assert_cmpuint(count_reports(f, "state = 'done'"), ==, 10);
	g_ptr_array_unref(expect_incidents(f, 10));
}

static void test_a_report_that_was_raised_before_is_not_raised_again(Fixture *f,
                                                                     gconstpointer unused)
{
	deliver_many(f, 10);
	worker_poll(f->worker, 4);
	/* as if the job had died after some of its commits */
	worker_sql(f->worker,
	           "UPDATE job SET state = 'ready' WHERE kind = 'report.process' AND id > $1", 0);
	worker_settle(f->worker, 4);
	g_assert_cmpuint(count_jobs(f, "state = 'done'"), ==, 1);
	g_assert_cmpuint(count_records(f, "report.read"), ==, 10);
	g_ptr_array_unref(expect_incidents(f, 10));
}

/* --- whose reports are believed ------------------------------------------------------------------
 */

static void test_only_borne_out_reports_of_accepted_reporters_are_believed(Fixture *f,
                                                                           gconstpointer unused)
{
	static const struct {
		const char *from, *results;
		gboolean trusted;
	} cases[] = {
		{ALICE,
	         "Authentication-Results: mx.corp.example; dmarc=pass header.from=corp.example\n",
	         TRUE},
		{ALICE, "", FALSE},
		{ALICE,
	         "Authentication-Results: mx.evil.example; dmarc=pass header.from=corp.example\n",
	         FALSE},
		{ALICE,
	         "Authentication-Results: mx.corp.example; dmarc=fail header.from=corp.example\n",
	         FALSE},
		{"guest@else.example",
	         "Authentication-Results: mx.corp.example; dmarc=pass header.from=else.example\n",
	         FALSE},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *id = g_strdup_printf("m%u@evil.example", i);
		g_autofree char *original = phish(id);
		g_autofree char *report = attached(cases[i].from, original);
		deliver_report(f,
		               g_strconcat(cases[i].results,
		                           "Received: from x by mx.corp.example; Mon, 23 Nov 2026 "
		                           "10:00:01 +0000\n",
		                           report, NULL));
		worker_poll(f->worker, 4);
		g_autoptr(GPtrArray) reports = worker_reports(f->worker);
		const Report *last = reports->pdata[reports->len - 1];
		g_test_message("%s %s: %s", cases[i].from, cases[i].results, last->trust_reason);
		g_assert_cmpint(last->trusted, ==, cases[i].trusted);
	}
}

static void test_a_relay_names_the_reporter_where_the_source_accepts_it(Fixture *f,
                                                                        gconstpointer unused)
{
	static const struct {
		const char *relay, *reporter;
		gboolean trusted;
	} cases[] = {
		{NULL, "robot@vendor.example", FALSE},
		{"@vendor.example", ALICE, TRUE},
		{"other@vendor.example", "robot@vendor.example", FALSE},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *const relays[] = {cases[i].relay, NULL};
		Source *source = worker_source(f->worker);
		g_strfreev(source->accepted_relays);
		source->accepted_relays = g_strdupv((char **)relays);
		worker_save_source(f->worker, source);
		g_autofree char *id = g_strdup_printf("r%u@evil.example", i);
		g_autofree char *original = phish(id);
		g_autofree char *report = attached("robot@vendor.example", original);
		deliver_report(f, g_strconcat("Authentication-Results: mx.corp.example; dmarc=pass "
		                              "header.from=vendor.example\n"
		                              "Received: from x by mx.corp.example; Mon, 23 Nov "
		                              "2026 10:00:01 +0000\n"
		                              "X-PhishAlarm-Reporter: " ALICE "\n",
		                              report, NULL));
		worker_poll(f->worker, 4);
		g_autoptr(GPtrArray) reports = worker_reports(f->worker);
		const Report *last = reports->pdata[reports->len - 1];
		g_assert_cmpstr(last->reporter, ==, cases[i].reporter);
		g_assert_cmpint(last->trusted, ==, cases[i].trusted);
	}
}

/* --- signatures ----------------------------------------------------------------------------------
 */

typedef struct {
	gint64 id;
	char *text;
} LoadBreakdown;

static gboolean load_breakdown(Db *db, gpointer data, GError **error)
{
	LoadBreakdown *load = data;
	load->text = original_load_breakdown(db, load->id, error);
	return load->text != NULL;
}

/* What the store has of the only incident's original, at @path of its authentication. */
static char *authentication_of_original(Fixture *f, const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) incidents = worker_incidents(f->worker);
	g_assert_cmpuint(incidents->len, ==, 1);
	LoadBreakdown load = {.id = ((Incident *)incidents->pdata[0])->original_id};
	worker_read(f->worker, load_breakdown, &load);
	g_autofree char *text = load.text;
	g_autoptr(json_t) breakdown = json_parse(text, -1, &error);
	g_assert_no_error(error);
	g_autofree char *whole = g_strconcat("message.authentication.", path, NULL);
	return g_strdup(json_text(breakdown, whole));
}

/* A signature of the original is verified with the key that the DNS has, and whatever the DNS does,
 * the report goes on. */
static void test_signatures_are_verified_and_hold_nothing_up(Fixture *f, gconstpointer data)
{
	static const struct {
		const char *name;
		gboolean published, resolver;
		DnsManner manner;
		gboolean attached; /* else it is found in the mailbox */
		const char *verified;
	} cases[] = {
		{"attached", TRUE, TRUE, DNS_ANSWERS, TRUE, "pass"},
		{"found", TRUE, TRUE, DNS_ANSWERS, FALSE, "pass"},
		{"no key", FALSE, TRUE, DNS_ANSWERS, TRUE, "no_key"},
		{"a dead resolver", TRUE, TRUE, DNS_SILENT, TRUE, "unreachable"},
		{"a resolver that fails", TRUE, TRUE, DNS_FAILS, TRUE, "unreachable"},
		{"a resolver that talks nonsense", TRUE, TRUE, DNS_GARBLED, TRUE, "unreachable"},
		{"switched off", TRUE, FALSE, DNS_ANSWERS, TRUE, "unchecked"},
	};
	guint i = GPOINTER_TO_UINT(data);
	g_autoptr(GError) error = NULL;
	g_autoptr(DnsServer) dns = dns_server_start();
	g_autoptr(Resolver) resolver = resolver_new(dns_server_address(dns), &error);
	g_assert_no_error(error);
	g_autoptr(Signer) signer = signer_new(0);
	g_autofree char *record = signer_record(signer);
	g_autofree char *signed_ =
		signer_message(signer, "bank.example", "from:subject",
	                       "from:a@bank.example\r\nsubject:x\r\n", "Hello\r\n",
	                       "From: a@bank.example\r\nSubject: x\r\nTo: alice@corp.example\r\n"
	                       "Message-ID: <s@bank.example>\r\n\r\nHello\r\n");
	g_test_message("%s", cases[i].name);
	if (cases[i].published)
		dns_server_add(dns, "s1._domainkey.bank.example", record);
	dns_server_set_manner(dns, cases[i].manner);
	f->worker->tools.resolver = cases[i].resolver ? resolver : NULL;
	worker_deliver(f->worker, ALICE, "", signed_);
	deliver_report(f, cases[i].attached
	                          ? attached(ALICE, signed_)
	                          : forwarded(ALICE, "X-Forwarded-Message-Id: <s@bank.example>\n",
	                                      "Fwd: x"));
	worker_poll(f->worker, 4);
	g_autofree char *verified = authentication_of_original(f, "dkim.0.verified");
	g_assert_cmpstr(verified, ==, cases[i].verified);
	g_autofree char *basis = authentication_of_original(f, "alignment.basis");
	g_assert_cmpstr(basis, ==, strcmp(cases[i].verified, "pass") == 0 ? "verified" : NULL);
	g_assert_cmpuint(dns_server_questions(dns, FALSE) > 0, ==, cases[i].resolver);
	f->worker->tools.resolver = NULL;
}

static void test_a_believed_report_makes_its_alerts_believed(Fixture *f, gconstpointer unused)
{
	g_autofree char *original = phish("a@evil.example");
	worker_deliver(f->worker, ALICE, "", original);
	for (guint i = 0; i < 2; i++) {
		g_autofree char *report = attached(ALICE, original);
		deliver_report(
			f, i ? g_strconcat("Authentication-Results: mx.corp.example; dmarc=pass "
		                           "header.from=corp.example\n"
		                           "Received: from x by mx.corp.example; Mon, 23 Nov "
		                           "2026 10:00:01 +0000\n",
		                           report, NULL)
			     : g_strdup(report));
		worker_poll(f->worker, 4);
		g_autoptr(GPtrArray) incidents = expect_incidents(f, 1);
		g_autoptr(GPtrArray) alerts =
			worker_alerts(f->worker, ((Incident *)incidents->pdata[0])->id);
		for (guint at = 0; at < alerts->len; at++)
			g_assert_cmpint(((Alert *)alerts->pdata[at])->trusted, ==, i);
	}
}

/* --- polls
 * ---------------------------------------------------------------------------------------- */

static MailListing *list_and_lose(MailServer *server, const char *mailbox, const char *folder,
                                  const char *cursor, gint64 deadline, GError **error)
{
	MailListing *listing =
		maildir_server_kind.list_new(server, mailbox, folder, cursor, deadline, error);
	for (guint i = 0; listing && i < listing->items->len; i++)
		g_assert_true(maildir_server_kind.remove(
			server, ((MailItem *)listing->items->pdata[i])->ref, deadline, NULL));
	return listing;
}

static void test_a_report_gone_before_it_was_fetched_leaves_a_row(Fixture *f, gconstpointer unused)
{
	g_autofree char *original = phish("a@evil.example");
	deliver_report(f, attached(ALICE, original));
	meddled.list_new = list_and_lose;
	worker_poll(f->worker, 4);
	g_autoptr(GPtrArray) reports = worker_reports(f->worker);
	g_assert_cmpuint(reports->len, ==, 1);
	g_assert_cmpint(((Report *)reports->pdata[0])->state, ==, REPORT_GONE);
	g_ptr_array_unref(expect_incidents(f, 0));
}

#define LARGE (17 * 1024 * 1024)

/* A server that belittles what it has. */
static MailListing *list_as_small(MailServer *server, const char *mailbox, const char *folder,
                                  const char *cursor, gint64 deadline, GError **error)
{
	MailListing *listing =
		maildir_server_kind.list_new(server, mailbox, folder, cursor, deadline, error);
	for (guint i = 0; listing && i < listing->items->len; i++)
		((MailItem *)listing->items->pdata[i])->size = 1;
	return listing;
}

typedef struct {
	MailFetched fetched;
	gpointer data;
	gsize bytes;
} Weighed;

static gsize heaviest; /* of what one fetch brought */

static gboolean weigh(const MailRef *ref, GBytes *message, gpointer data)
{
	Weighed *weighed = data;
	weighed->bytes += message ? g_bytes_get_size(message) : 0;
	heaviest = MAX(heaviest, weighed->bytes);
	return weighed->fetched(ref, message, weighed->data);
}

static gboolean fetch_and_weigh(MailServer *server, GPtrArray *refs, MailFetched fetched,
                                gpointer data, gint64 deadline, GError **error)
{
	Weighed weighed = {fetched, data, 0};
	return maildir_server_kind.fetch(server, refs, weigh, &weighed, deadline, error);
}

static void test_messages_larger_than_told_are_kept_a_few_at_a_time(Fixture *f,
                                                                    gconstpointer unused)
{
	heaviest = 0;
	meddled.list_new = list_as_small;
	meddled.fetch = fetch_and_weigh;
	g_autofree char *filler = g_strnfill(LARGE, 'x');
	for (guint i = 0; i < 9; i++)
		deliver_report(f, g_strdup_printf("Subject: %u\n\n%s\n", i, filler));
	worker_keep(f->worker);
	g_autoptr(GPtrArray) reports = worker_reports(f->worker);
	g_assert_cmpuint(reports->len, ==, 9);
	for (guint i = 0; i < reports->len; i++)
		g_assert_nonnull(((Report *)reports->pdata[i])->sha256);
	g_assert_cmpuint(heaviest, <, 5 * LARGE);
}

/* As if UIDVALIDITY had changed: everything is listed again under new numbers. */
static gint renumbered;

static MailListing *list_renumbered(MailServer *server, const char *mailbox, const char *folder,
                                    const char *cursor, gint64 deadline, GError **error)
{
	g_autofree char *prefix = g_strdup_printf("%d:", renumbered);
	gboolean mine = cursor && g_str_has_prefix(cursor, prefix);
	MailListing *listing = maildir_server_kind.list_new(
		server, mailbox, folder, mine ? cursor + strlen(prefix) : NULL, deadline, error);
	for (guint i = 0; listing && i < listing->items->len; i++) {
		MailRef *ref = ((MailItem *)listing->items->pdata[i])->ref;
		g_free(ref->epoch);
		ref->epoch = g_strdup_printf("epoch %d", renumbered);
	}
	if (listing) {
		g_autofree char *own = listing->cursor;
		listing->cursor = g_strconcat(prefix, own, NULL);
		listing->restarted = cursor && !mine;
	}
	return listing;
}

static gboolean fetch_renumbered(MailServer *server, GPtrArray *refs, MailFetched fetched,
                                 gpointer data, gint64 deadline, GError **error)
{
	g_autoptr(GPtrArray) real = g_ptr_array_new_with_free_func((GDestroyNotify)mail_ref_free);
	g_autofree char *epoch = g_strdup_printf("epoch %d", renumbered);
	for (guint i = 0; i < refs->len; i++) {
		const MailRef *ref = refs->pdata[i];
		if (strcmp(ref->epoch, epoch) != 0)
			fetched(ref, NULL, data);
		else
			g_ptr_array_add(
				real, mail_ref_new(ref->mailbox, ref->folder, "maildir", ref->uid));
	}
	return maildir_server_kind.fetch(server, real, fetched, data, deadline, error);
}

static gboolean remove_renumbered(MailServer *server, const MailRef *ref, gint64 deadline,
                                  GError **error)
{
	g_autoptr(MailRef) real = mail_ref_new(ref->mailbox, ref->folder, "maildir", ref->uid);
	return maildir_server_kind.remove(server, real, deadline, error);
}

static void test_new_numbers_make_no_second_reports(Fixture *f, gconstpointer unused)
{
	meddled.list_new = list_renumbered;
	meddled.fetch = fetch_renumbered;
	renumbered = 1;
	g_autofree char *original = phish("a@evil.example");
	g_autofree char *twice = attached(ALICE, original);
	deliver_report(f, attached("bob@corp.example", original));
	deliver_report(f, g_strdup(twice)); /* two equal messages are two reports … */
	deliver_report(f, g_strdup(twice));
	worker_poll(f->worker, 4);
	renumbered = 2;
	worker_poll(f->worker, 4);
	worker_poll(f->worker, 4);
	g_autoptr(GPtrArray) reports = worker_reports(f->worker);
	g_assert_cmpuint(reports->len, ==, 3); /* … and stay two */
	for (guint i = 0; i < reports->len; i++)
		g_assert_nonnull(strstr(((Report *)reports->pdata[i])->epoch, "epoch%202"));
	g_assert_cmpuint(count_records(f, "report.relocate"), ==, 3);
}

static void test_after_new_numbers_the_report_is_still_deleted(Fixture *f, gconstpointer unused)
{
	g_autofree char *original = phish("a@evil.example");
	deliver_report(f, attached(ALICE, original));
	worker_poll(f->worker, 4);
	Source *source = worker_source(f->worker);
	source->post_process = POST_PROCESS_DELETE;
	worker_save_source(f->worker, source);
	worker_sql(f->worker, "UPDATE report SET post_process = 'done' WHERE id > $1", 0);
	meddled.list_new = list_renumbered; /* it came back, say with a restored mailbox */
	meddled.fetch = fetch_renumbered;
	meddled.remove = remove_renumbered;
	renumbered = 3;
	worker_poll(f->worker, 4);
	g_assert_cmpuint(worker_count(f->worker, WORKER_SOURCE_MAILBOX, ""), ==, 0);
}

static void test_a_source_pointed_elsewhere_begins_anew(Fixture *f, gconstpointer unused)
{
	g_autofree char *original = phish("a@evil.example");
	g_autofree char *report = attached(ALICE, original);
	worker_deliver(f->worker, WORKER_SOURCE_MAILBOX, "", report);
	worker_poll(f->worker, 4);
	g_autofree char *other = worker_maildir(f->worker, WORKER_SOURCE_MAILBOX, ".Other");
	g_autofree char *inbox = worker_maildir(f->worker, WORKER_SOURCE_MAILBOX, "");
	maildisk_make(other);
	/* another report under the very same name */
	g_autofree char *news = g_build_filename(inbox, "new", NULL);
	g_autoptr(GDir) dir = g_dir_open(news, 0, NULL);
	g_autofree char *file = g_build_filename(other, "new", g_dir_read_name(dir), NULL);
	g_autofree char *second = attached("bob@corp.example", original);
	g_assert_true(g_file_set_contents(file, second, -1, NULL));
	Source *source = worker_source(f->worker);
	g_free(source->folder);
	source->folder = g_strdup("Other");
	worker_save_source(f->worker, source);
	worker_poll(f->worker, 4);
	g_autoptr(GPtrArray) reports = worker_reports(f->worker);
	g_assert_cmpuint(reports->len, ==, 2);
	g_assert_cmpstr(((Report *)reports->pdata[1])->reporter, ==, "bob@corp.example");
}

static void test_a_lost_cursor_doubles_nothing(Fixture *f, gconstpointer unused)
{
	g_autofree char *original = phish("a@evil.example");
	for (guint i = 0; i < 5; i++)
		deliver_report(f, attached(ALICE, original));
	worker_poll(f->worker, 4);
	worker_sql(f->worker, "UPDATE source SET cursor = NULL WHERE id > $1", 0);
	worker_poll(f->worker, 4);
	g_autoptr(GPtrArray) reports = worker_reports(f->worker);
	g_assert_cmpuint(reports->len, ==, 5);
	g_assert_cmpuint(count_records(f, "report.read"), ==, 5);
}

static void test_a_poll_that_fails_says_what_to_check(Fixture *f, gconstpointer unused)
{
	static const struct {
		const char *mailbox, *folder, *code, *words;
	} cases[] = {
		{"nobody@corp.example", "INBOX", "not_found", "check Mailbox Name (--mailbox)"},
		{NULL, "None", "not_found", "the folder 'None' does"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		Source *source = worker_source(f->worker);
		g_free(source->mailbox);
		source->mailbox =
			g_strdup(cases[i].mailbox ? cases[i].mailbox : WORKER_SOURCE_MAILBOX);
		g_free(source->folder);
		source->folder = g_strdup(cases[i].folder);
		worker_save_source(f->worker, source);
		worker_poll(f->worker, 4);
		g_autoptr(Source) after = worker_source(f->worker);
		g_autofree char *words = g_utf8_casefold(after->last_error, -1);
		g_autofree char *expected = g_utf8_casefold(cases[i].words, -1);
		g_test_message("%s", after->last_error);
		g_assert_cmpstr(after->last_error_code, ==, cases[i].code);
		g_assert_nonnull(strstr(words, expected));
	}
	g_assert_cmpuint(count_records(f, "source.fail"), ==, 1); /* the code did not change */
	/* and when it works again, the error is over */
	Source *source = worker_source(f->worker);
	g_free(source->folder);
	source->folder = g_strdup("INBOX");
	worker_save_source(f->worker, source);
	worker_poll(f->worker, 4);
	g_autoptr(Source) after = worker_source(f->worker);
	g_assert_null(after->last_error);
	g_assert_cmpint(after->last_success_at, >, 0);
	g_assert_cmpuint(count_records(f, "source.recover"), ==, 1);
}

#define POISON "the server does not hand this out"

typedef struct {
	MailFetched fetched;
	gpointer data;
	gboolean poisoned;
} Poisoned;

static gboolean pass_healthy(const MailRef *ref, GBytes *message, gpointer data)
{
	Poisoned *poisoned = data;
	gsize size;
	const char *text = g_bytes_get_data(message, &size);
	if (memmem(text, size, POISON, strlen(POISON))) {
		poisoned->poisoned = TRUE;
		return FALSE;
	}
	return poisoned->fetched(ref, message, poisoned->data);
}

static gboolean fetch_poisoned(MailServer *server, GPtrArray *refs, MailFetched fetched,
                               gpointer data, gint64 deadline, GError **error)
{
	Poisoned poisoned = {fetched, data, FALSE};
	if (!maildir_server_kind.fetch(server, refs, pass_healthy, &poisoned, deadline, error))
		return FALSE;
	if (poisoned.poisoned)
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE, "NO [SERVERBUG]");
	return !poisoned.poisoned;
}

static void test_a_message_nobody_can_fetch_holds_up_no_other(Fixture *f, gconstpointer unused)
{
	g_autofree char *original = phish("a@evil.example");
	meddled.fetch = fetch_poisoned;
	deliver_report(f, g_strdup("Subject: x\n\n" POISON "\n"));
	deliver_report(f, attached(ALICE, original));
	worker_poll(f->worker, 4);
	g_autoptr(GPtrArray) reports = worker_reports(f->worker);
	g_assert_cmpuint(reports->len, ==, 1);
	g_autoptr(Source) source = worker_source(f->worker);
	g_assert_cmpstr(source->last_error_code, ==, "remote");
	/* it is tried some more, and then stands there as what cannot be read */
	worker_sql(f->worker, "UPDATE job SET attempts = 3 WHERE kind = 'source.poll' AND id > $1",
	           0);
	worker_poll(f->worker, 4);
	g_autoptr(GPtrArray) after = worker_reports(f->worker);
	g_assert_cmpuint(after->len, ==, 2);
	g_assert_cmpint(((Report *)after->pdata[1])->state, ==, REPORT_UNPARSED);
	g_autoptr(GPtrArray) incidents = expect_incidents(f, 2);
	g_assert_true(has_finding(incidents->pdata[1], "unparsed"));
}

static Worker *disabled_by;

static void disable_source(Worker *worker)
{
	Source *source = worker_source(worker);
	source->enabled = FALSE;
	worker_save_source(worker, source);
}

static MailListing *list_and_disable(MailServer *server, const char *mailbox, const char *folder,
                                     const char *cursor, gint64 deadline, GError **error)
{
	disable_source(disabled_by);
	return maildir_server_kind.list_new(server, mailbox, folder, cursor, deadline, error);
}

static void test_a_source_disabled_while_it_is_polled_is_polled_no_more(Fixture *f,
                                                                        gconstpointer unused)
{
	g_autofree char *original = phish("a@evil.example");
	deliver_report(f, attached(ALICE, original));
	disabled_by = f->worker;
	meddled.list_new = list_and_disable;
	worker_poll(f->worker, 4);
	g_autoptr(GPtrArray) reports = worker_reports(f->worker);
	g_assert_cmpuint(reports->len, ==, 1); /* what was found is processed all the same */
	g_assert_cmpint(((Report *)reports->pdata[0])->state, ==, REPORT_DONE);
}

static void test_a_disabled_source_is_not_polled(Fixture *f, gconstpointer unused)
{
	g_autofree char *original = phish("a@evil.example");
	disable_source(f->worker);
	deliver_report(f, attached(ALICE, original));
	worker_poll(f->worker, 4);
	g_autoptr(GPtrArray) reports = worker_reports(f->worker);
	g_assert_cmpuint(reports->len, ==, 0);
}

/* --- looking -------------------------------------------------------------------------------------
 */

static gboolean find_or_fail(MailServer *server, const char *mailbox, GPtrArray *message_ids,
                             GPtrArray *found, gint64 deadline, GError **error)
{
	if (!mailbox_is_down)
		return maildir_server_kind.find(server, mailbox, message_ids, found, deadline,
		                                error);
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE, "out of order");
	return FALSE;
}

static gboolean run_process(Fixture *f, gint64 attempts, GError **error)
{
	g_autoptr(GPtrArray) reports = worker_reports(f->worker);
	JobOutcome outcome = {0};
	g_autofree char *payload = g_strdup_printf("{\"reports\":[%" G_GINT64_FORMAT "]}",
	                                           ((Report *)reports->pdata[0])->id);
	worker_sql(f->worker,
	           "UPDATE job SET state = 'running', fence = 7 WHERE "
	           "kind = 'report.process' AND id > $1",
	           0);
	Job job = {
		.id = worker_sql_int(f->worker,
	                             "SELECT id FROM job WHERE kind = 'report.process' "
	                             "AND id > $1",
	                             0),
		.fence = 7,
		.attempts = attempts,
		.payload = payload,
	};
	return report_process(&f->worker->tools, &job, deadline_in(60), &outcome, error);
}

static void test_could_not_look_is_never_said_to_be_not_found(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *original = phish("a@evil.example");
	worker_deliver(f->worker, ALICE, "", original);
	deliver_report(f, attached(ALICE, original));
	meddled.find = find_or_fail;
	mailbox_is_down = TRUE;
	worker_sql(f->worker, "UPDATE source SET polling_interval = 60 WHERE id > $1", 0);
	worker_keep(f->worker);
	/* soon after it was found, it is tried again */
	g_assert_false(run_process(f, 0, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE);
	g_ptr_array_unref(expect_incidents(f, 0));
	/* much later, it goes on without */
	worker_sql(f->worker, "UPDATE report SET found_at = found_at - $1", CLOCK_HOUR);
	g_clear_error(&error);
	g_assert_false(run_process(f, 1, &error));
	g_clear_error(&error);
	g_assert_true(run_process(f, 9, &error));
	g_assert_no_error(error);
	mailbox_is_down = FALSE;
	g_autoptr(GPtrArray) reports = worker_reports(f->worker);
	g_assert_cmpint(((Report *)reports->pdata[0])->located, ==, LOCATED_COULD_NOT_LOOK);
	g_autoptr(GPtrArray) incidents = expect_incidents(f, 1);
	assert_alerts(f, incidents->pdata[0], "alice@corp.example:reporter");
}

static void test_a_step_that_is_run_again_changes_nothing(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *original = phish("a@evil.example");
	worker_deliver(f->worker, ALICE, "", original);
	deliver_report(f, attached(ALICE, original));
	worker_poll(f->worker, 4);
	gint64 records = worker_sql_int(f->worker, "SELECT count(*) FROM audit WHERE seq > $1", 0);
	g_assert_true(run_process(f, 0, &error));
	g_assert_no_error(error);
	worker_sql(f->worker,
	           "UPDATE job SET state = 'done' WHERE kind = 'report.process' AND "
	           "id > $1",
	           0);
	g_assert_cmpint(worker_sql_int(f->worker, "SELECT count(*) FROM audit WHERE seq > $1", 0),
	                ==, records);
	g_ptr_array_unref(expect_incidents(f, 1));
}

/* --- afterwards
 * ----------------------------------------------------------------------------------- */

static void set_post_process(Fixture *f, PostProcess what)
{
	Source *source = worker_source(f->worker);
	source->post_process = what;
	g_free(source->destination_folder);
	source->destination_folder = what == POST_PROCESS_MOVE ? g_strdup("Done") : NULL;
	worker_save_source(f->worker, source);
}

static void test_a_report_is_left_deleted_or_moved(Fixture *f, gconstpointer unused)
{
	static const struct {
		PostProcess what;
		guint in_inbox, in_done;
		PostProcessState state;
	} cases[] = {
		{POST_PROCESS_NONE, 1, 0, POST_STATE_NONE},
		{POST_PROCESS_DELETE, 1, 0, POST_STATE_DONE}, /* the one left before */
		{POST_PROCESS_MOVE, 1, 1, POST_STATE_DONE},
	};
	g_autofree char *original = phish("a@evil.example");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		set_post_process(f, cases[i].what);
		deliver_report(f, attached(ALICE, original));
		worker_poll(f->worker, 4);
		worker_poll(f->worker, 4);
		g_autoptr(GPtrArray) reports = worker_reports(f->worker);
		g_assert_cmpuint(reports->len, ==, i + 1);
		g_assert_cmpint(((Report *)reports->pdata[i])->post_process, ==, cases[i].state);
		g_assert_cmpuint(worker_count(f->worker, WORKER_SOURCE_MAILBOX, ""), ==,
		                 cases[i].in_inbox);
		g_assert_cmpuint(worker_count(f->worker, WORKER_SOURCE_MAILBOX, ".Done"), ==,
		                 cases[i].in_done);
	}
}

/* What a crash, or somebody else, has done to the report before the job runs (again). */
typedef enum { UNTOUCHED, REMOVED, MOVED, REPLACED } Meanwhile;

static const struct {
	const char *name;
	PostProcess what;
	gboolean began; /* a run of ours had said that it begins */
	Meanwhile meanwhile;
	PostProcessState state;
	guint in_inbox, in_done;
} resumptions[] = {
	{"delete, not begun", POST_PROCESS_DELETE, FALSE, UNTOUCHED, POST_STATE_DONE, 0, 0},
	{"delete, begun and not done", POST_PROCESS_DELETE, TRUE, UNTOUCHED, POST_STATE_DONE, 0, 0},
	{"delete, done and not written", POST_PROCESS_DELETE, TRUE, REMOVED, POST_STATE_DONE, 0, 0},
	{"deleted by somebody else", POST_PROCESS_DELETE, FALSE, REMOVED, POST_STATE_GONE, 0, 0},
	{"another message under its number", POST_PROCESS_DELETE, FALSE, REPLACED, POST_STATE_GONE,
         1, 0},
	{"move, begun and not done", POST_PROCESS_MOVE, TRUE, UNTOUCHED, POST_STATE_DONE, 0, 1},
	{"move, done and not written", POST_PROCESS_MOVE, TRUE, MOVED, POST_STATE_DONE, 0, 1},
	{"moved, but by somebody else", POST_PROCESS_MOVE, FALSE, REMOVED, POST_STATE_GONE, 0, 0},
	{"move, another message under its number", POST_PROCESS_MOVE, FALSE, REPLACED,
         POST_STATE_GONE, 1, 0},
};

static void meddle(Fixture *f, Meanwhile meanwhile)
{
	g_autofree char *inbox = worker_maildir(f->worker, WORKER_SOURCE_MAILBOX, "");
	g_autofree char *done = worker_maildir(f->worker, WORKER_SOURCE_MAILBOX, ".Done");
	g_autofree char *news = g_build_filename(inbox, "new", NULL);
	g_autoptr(GDir) dir = g_dir_open(news, 0, NULL);
	g_autofree char *name = g_strdup(g_dir_read_name(dir));
	g_autofree char *file = g_build_filename(news, name, NULL);
	g_autofree char *moved = g_build_filename(done, "cur", name, NULL);
	switch (meanwhile) {
	case UNTOUCHED:
		break;
	case REMOVED:
		g_assert_cmpint(g_unlink(file), ==, 0);
		break;
	case MOVED:
		maildisk_make(done);
		g_assert_cmpint(g_rename(file, moved), ==, 0);
		break;
	case REPLACED:
		g_assert_true(g_file_set_contents(file, "Subject: quite another\n\nx\n", -1, NULL));
		break;
	}
}

static void test_resumption(Fixture *f, gconstpointer data)
{
	guint i = GPOINTER_TO_UINT(data);
	g_autoptr(GError) error = NULL;
	g_autofree char *original = phish("a@evil.example");
	deliver_report(f, attached(ALICE, original));
	worker_poll(f->worker, 4);
	set_post_process(f, resumptions[i].what);
	worker_sql(f->worker, "UPDATE report SET post_process = 'pending' WHERE id > $1", 0);
	if (resumptions[i].began) {
		MailServer *server =
			mail_servers_get(f->worker->servers, worker_server(f->worker), &error);
		g_assert_no_error(error);
		g_autofree char *mark = resumptions[i].what == POST_PROCESS_MOVE
		                                ? mail_server_mark(server, WORKER_SOURCE_MAILBOX,
		                                                   "Done", deadline_in(20), &error)
		                                : NULL;
		g_assert_no_error(error);
		mail_servers_release(f->worker->servers, server, NULL);
		worker_begin_post_process(f->worker, mark);
	}
	meddle(f, resumptions[i].meanwhile);
	worker_post_process(f->worker);
	worker_settle(f->worker, 4);
	g_autoptr(GPtrArray) reports = worker_reports(f->worker);
	const Report *report = reports->pdata[0];
	g_test_message("%s", report->post_process_detail);
	g_assert_cmpstr(post_process_state_names[report->post_process], ==,
	                post_process_state_names[resumptions[i].state]);
	g_assert_cmpuint(worker_count(f->worker, WORKER_SOURCE_MAILBOX, ""), ==,
	                 resumptions[i].in_inbox);
	g_assert_cmpuint(worker_count(f->worker, WORKER_SOURCE_MAILBOX, ".Done"), ==,
	                 resumptions[i].in_done);
}

/* Some servers move a message and do not say where to; then it may look as if it had never been
 * there. */
static MailRef *move_without_a_word(MailServer *server, const MailRef *ref, const char *folder,
                                    gint64 deadline, GError **error)
{
	g_autoptr(MailRef) moved = maildir_server_kind.move(server, ref, folder, deadline, error);
	if (moved)
		mail_server_set_missing(error, MISSING_MESSAGE, ref->uid);
	return NULL;
}

/* Its folder was numbered anew between the look and the removal. */
static gboolean remove_at_the_second_try(MailServer *server, const MailRef *ref, gint64 deadline,
                                         GError **error)
{
	static gint tries;
	if (g_atomic_int_add(&tries, 1) > 0)
		return maildir_server_kind.remove(server, ref, deadline, error);
	mail_server_set_missing(error, MISSING_MESSAGE, ref->uid);
	return FALSE;
}

static void test_a_report_that_was_there_a_moment_ago_is_looked_for(Fixture *f,
                                                                    gconstpointer unused)
{
	static const PostProcess ways[] = {POST_PROCESS_MOVE, POST_PROCESS_DELETE};
	g_autofree char *original = phish("a@evil.example");
	meddled.move = move_without_a_word;
	meddled.remove = remove_at_the_second_try;
	for (guint i = 0; i < G_N_ELEMENTS(ways); i++) {
		set_post_process(f, ways[i]);
		deliver_report(f, attached(ALICE, original));
		worker_poll(f->worker, 4);
		g_autoptr(GPtrArray) reports = worker_reports(f->worker);
		const Report *report = reports->pdata[i];
		g_test_message("%s", report->post_process_detail);
		g_assert_cmpint(report->post_process, ==, POST_STATE_DONE);
		g_assert_cmpuint(worker_count(f->worker, WORKER_SOURCE_MAILBOX, ""), ==, 0);
		g_assert_cmpuint(worker_count(f->worker, WORKER_SOURCE_MAILBOX, ".Done"), ==, 1);
	}
}

/* --- the jobs a person waits for
 * ------------------------------------------------------------------ */

static json_t *ask(Fixture *f, JobRun run, const char *payload, GError **error)
{
	JobOutcome outcome = {0};
	const Job job = {.payload = (char *)payload};
	gboolean ok = run(&f->worker->tools, &job, deadline_in(30), &outcome, error);
	g_assert_cmpint(ok, ==, outcome.result != NULL);
	return outcome.result;
}

/* The level of the line about @what that mentions @detail, or NULL. */
static const char *level_of(const json_t *result, const char *what, const char *detail)
{
	size_t i;
	json_t *line;
	json_array_foreach (json_object_get(result, "lines"), i, line) {
		g_test_message("%s %s: %s", json_text(line, "level"), json_text(line, "what"),
		               json_text(line, "detail"));
		if (strcmp(json_text(line, "what"), what) == 0 &&
		    strstr(json_text(line, "detail"), detail))
			return json_text(line, "level");
	}
	return NULL;
}

static void test_a_source_is_tested_line_by_line(Fixture *f, gconstpointer unused)
{
	static const struct {
		const char *mailbox, *folder, *what, *detail, *level;
	} cases[] = {
		{WORKER_SOURCE_MAILBOX, "INBOX", "source folder", "is there", "ok"},
		{WORKER_SOURCE_MAILBOX, "inbox", "source folder", "is there", "ok"},
		{WORKER_SOURCE_MAILBOX, "INBOX", "list the messages", "1 in 'INBOX'", "ok"},
		{WORKER_SOURCE_MAILBOX, "INBOX", "destination folder", "made when it is needed",
	         "ok"},
		{WORKER_SOURCE_MAILBOX, "None", "source folder", "check Source Folder (--folder)",
	         "failed"},
		{"nobody@corp.example", "INBOX", "list the folders",
	         "check Mailbox Name (--mailbox)", "failed"},
		{WORKER_SOURCE_MAILBOX, "INBOX", "whose reports are believed", "accepted domains",
	         "ok"},
	};
	deliver_report(f, g_strdup("Subject: x\n\n"));
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		Source *source = worker_source(f->worker);
		g_free(source->mailbox);
		source->mailbox = g_strdup(cases[i].mailbox);
		g_free(source->folder);
		source->folder = g_strdup(cases[i].folder);
		source->post_process = POST_PROCESS_MOVE;
		g_free(source->destination_folder);
		source->destination_folder = g_strdup("Done");
		worker_save_source(f->worker, source);
		g_autoptr(json_t) result = ask(f, source_test_run, "{\"source\":1}", &error);
		g_assert_no_error(error);
		g_assert_cmpstr(level_of(result, cases[i].what, cases[i].detail), ==,
		                cases[i].level);
	}
	g_assert_cmpuint(worker_count(f->worker, WORKER_SOURCE_MAILBOX, ""), ==, 1);
}

static void test_a_source_that_believes_nobody_is_warned_of(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	Source *source = worker_source(f->worker);
	g_clear_pointer(&source->accepted_domains, g_strfreev);
	source->accepted_domains = g_new0(char *, 1);
	worker_save_source(f->worker, source);
	g_autoptr(json_t) result = ask(f, source_test_run, "{\"source\":1}", &error);
	g_assert_cmpstr(level_of(result, "whose reports are believed", "(--accept)"), ==,
	                "warning");
}

static void test_folders_are_listed_for_a_person(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	worker_deliver(f->worker, ALICE, ".Archive.2026", "Subject: x\n\n");
	g_autoptr(json_t) result =
		ask(f, server_folders_run, "{\"server\":1,\"mailbox\":\"" ALICE "\"}", &error);
	g_assert_no_error(error);
	g_autofree char *text = json_format(result);
	g_assert_nonnull(strstr(text, "INBOX"));
	g_assert_nonnull(strstr(text, "2026"));
	g_assert_null(ask(f, server_folders_run,
	                  "{\"server\":1,\"mailbox\":\"nobody@corp.example\"}", &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND);
	g_assert_nonnull(strstr(error->message, "does not exist"));
	g_clear_error(&error);
	g_assert_null(ask(f, server_folders_run, "{\"server\":1}", &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID);
	g_clear_error(&error);
	g_assert_null(ask(f, server_check_run, "{\"server\":99}", &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND);
}

static void test_a_server_is_checked_line_by_line(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(json_t) result =
		ask(f, server_check_run, "{\"server\":1,\"mailbox\":\"" WORKER_SOURCE_MAILBOX "\"}",
	            &error);
	g_assert_no_error(error);
	size_t i;
	json_t *line;
	g_assert_cmpuint(json_array_size(json_object_get(result, "lines")), >, 0);
	json_array_foreach (json_object_get(result, "lines"), i, line)
		g_assert_cmpstr(json_text(line, "level"), !=, "failed");
}

typedef struct {
	gint64 id;
	const char *name, *config;
	MailServerRow *row;
} ServerWork;

static gboolean load_server(Db *db, gpointer data, GError **error)
{
	ServerWork *work = data;
	g_clear_pointer(&work->row, mail_server_row_free);
	work->row = mail_server_load(db, work->id, error);
	return work->row != NULL;
}

static gboolean insert_server(Db *db, gpointer data, GError **error)
{
	ServerWork *work = data;
	MailServerRow row = {.name = (char *)work->name,
	                     .kind = (char *)"maildir",
	                     .config = (char *)work->config,
	                     .secret_names = (char *)"[]",
	                     .created_at = clock_now(),
	                     .state = (char *)"{}"};
	gboolean ok = mail_server_insert(db, &row, error);
	work->id = row.id;
	return ok;
}

/* The state of a server after a check of it; newly allocated. */
static char *state_after_check(Fixture *f, ServerWork *work, const char *more)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *payload =
		g_strdup_printf("{\"server\":%" G_GINT64_FORMAT "%s}", work->id, more);
	g_autoptr(json_t) result = ask(f, server_check_run, payload, &error);
	g_assert_no_error(error);
	g_assert_true(db_read(f->worker->pool, load_server, work, &error));
	char *state = g_strdup(work->row->state);
	g_clear_pointer(&work->row, mail_server_row_free);
	return state;
}

static void test_what_a_check_found_is_the_state_of_the_server(Fixture *f, gconstpointer unused)
{
	ServerWork good = {.id = 1};
	ServerWork bad = {.name = "gone", .config = "{\"path\":\"/nowhere/%u\"}"};
	g_assert_true(db_write(f->worker->pool, insert_server, &bad, NULL));
	g_autofree char *passed = state_after_check(f, &good, "");
	g_autofree char *failed = state_after_check(f, &bad, "");
	g_autofree char *typo = state_after_check(f, &good, ",\"mailbox\":\"no@corp.example\"");
	g_assert_nonnull(strstr(passed, "last_ok_at"));
	g_assert_null(strstr(passed, "last_error"));
	g_assert_nonnull(strstr(failed, "/nowhere"));
	g_assert_null(strstr(failed, "last_ok_at"));
	g_assert_null(strstr(typo, "last_error")); /* says nothing of the server */
}

static void test_two_servers_for_one_domain_are_a_warning(Fixture *f, gconstpointer unused)
{
	ServerWork first = {.name = "a",
	                    .config = "{\"path\":\"/tmp/%u\",\"domains\":[\"two.example\"]}"};
	ServerWork second = {.name = "b",
	                     .config = "{\"path\":\"/tmp/%u\",\"domains\":[\"TWO.example\"]}"};
	g_assert_true(db_write(f->worker->pool, insert_server, &first, NULL));
	g_assert_true(db_write(f->worker->pool, insert_server, &second, NULL));
	g_autofree char *payload = g_strdup_printf("{\"server\":%" G_GINT64_FORMAT "}", second.id);
	g_autoptr(json_t) result = ask(f, server_check_run, payload, NULL);
	g_autofree char *text = json_format(result);
	g_assert_nonnull(strstr(text, "mail server 'a' serves TWO.example, too"));
}

/* The setting of the daemon goes to the reader with each message, and what it cuts is said. */
static void test_limits_that_are_set_reach_the_reader(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(json_t) limits = json_pack("{s:i}", "links", 1);
	g_autofree char *original = original_text(
		"Message-ID: <a@evil.example>\n", "To: alice@corp.example\n", "Account locked",
		"\nhttps://one.evil.example/\nhttps://two.evil.example/\n");
	f->worker->tools.limits = limits;
	deliver_report(f, attached(ALICE, original));
	worker_poll(f->worker, 2);
	LoadBreakdown loaded = {
		.id = worker_sql_int(f->worker, "SELECT min(id) FROM original WHERE id > $1", 0)};
	g_assert_true(db_read(f->worker->pool, load_breakdown, &loaded, &error));
	g_assert_no_error(error);
	g_assert_nonnull(strstr(loaded.text, "https://one.evil.example/"));
	g_assert_nonnull(strstr(loaded.text, "limit_links"));
	g_free(loaded.text);
}

/* --- main ---------------------------------------------------------------------------------------
 */

#define TEST(name, function) g_test_add("/pipeline/" name, Fixture, NULL, setup, function, teardown)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
	for (guint i = 0; i < G_N_ELEMENTS(edges); i++) {
		g_autofree char *path = g_strconcat("/pipeline/", edges[i].name, NULL);
		g_test_add(path, Fixture, GUINT_TO_POINTER(i), setup, test_edge, teardown);
	}
	for (guint i = 0; i < G_N_ELEMENTS(resumptions); i++) {
		g_autofree char *path =
			g_strconcat("/pipeline/afterwards: ", resumptions[i].name, NULL);
		g_test_add(path, Fixture, GUINT_TO_POINTER(i), setup, test_resumption, teardown);
	}
	TEST("one original that five hundred report is one incident",
	     test_one_original_that_five_hundred_report_is_one_incident);
	TEST("who reports twice raises no second alerts",
	     test_who_reports_twice_raises_no_second_alerts);
	TEST("who is left out is told until they are not",
	     test_who_is_left_out_is_told_until_they_are_not);
	TEST("a copy that a gateway changed is the same original",
	     test_a_copy_that_a_gateway_changed_is_the_same_original);
	TEST("two messages with one id are two incidents",
	     test_two_messages_with_one_id_are_two_incidents);
	TEST("another message in the mailbox is not the original",
	     test_another_message_in_the_mailbox_is_not_the_original);
	TEST("a closed incident is opened again", test_a_closed_incident_is_opened_again);
	TEST("a claim becomes first hand when somebody has the message",
	     test_a_claim_becomes_first_hand_when_somebody_has_the_message);
	TEST("a claim that does not fit joins nothing",
	     test_a_claim_that_does_not_fit_joins_nothing);
	TEST("without link events each report is an incident",
	     test_without_link_events_each_report_is_an_incident);
	TEST("one original without an id is one incident",
	     test_one_original_without_an_id_is_one_incident);
	TEST("several originals in one report are several incidents",
	     test_several_originals_in_one_report_are_several_incidents);
	TEST("thirty thousand recipients are as many alerts",
	     test_thirty_thousand_recipients_are_as_many_alerts);
	TEST("a relay names the reporter where the source accepts it",
	     test_a_relay_names_the_reporter_where_the_source_accepts_it);
	TEST("reports that come together are one job", test_reports_that_come_together_are_one_job);
	TEST("a report that kills its reader costs only itself",
	     test_a_report_that_kills_its_reader_costs_only_itself);
	TEST("a report that has to wait leaves its batch",
	     test_a_report_that_has_to_wait_leaves_its_batch);
	TEST("a batch that died falls apart", test_a_batch_that_died_falls_apart);
	TEST("a report that was raised before is not raised again",
	     test_a_report_that_was_raised_before_is_not_raised_again);
	TEST("only borne out reports of accepted reporters are believed",
	     test_only_borne_out_reports_of_accepted_reporters_are_believed);
	for (guint i = 0; i < 7; i++) {
		g_autofree char *name = g_strdup_printf(
			"/pipeline/signatures are verified and hold nothing up/%u", i);
		g_test_add(name, Fixture, GUINT_TO_POINTER(i), setup,
		           test_signatures_are_verified_and_hold_nothing_up, teardown);
	}
	TEST("a believed report makes its alerts believed",
	     test_a_believed_report_makes_its_alerts_believed);
	TEST("a report gone before it was fetched leaves a row",
	     test_a_report_gone_before_it_was_fetched_leaves_a_row);
	TEST("new numbers make no second reports", test_new_numbers_make_no_second_reports);
	TEST("after new numbers the report is still deleted",
	     test_after_new_numbers_the_report_is_still_deleted);
	TEST("a source pointed elsewhere begins anew", test_a_source_pointed_elsewhere_begins_anew);
	TEST("a lost cursor doubles nothing", test_a_lost_cursor_doubles_nothing);
	TEST("a poll that fails says what to check", test_a_poll_that_fails_says_what_to_check);
	TEST("a message nobody can fetch holds up no other",
	     test_a_message_nobody_can_fetch_holds_up_no_other);
	TEST("a disabled source is not polled", test_a_disabled_source_is_not_polled);
	TEST("could not look is never said to be not found",
	     test_could_not_look_is_never_said_to_be_not_found);
	TEST("a step that is run again changes nothing",
	     test_a_step_that_is_run_again_changes_nothing);
	TEST("messages larger than told are kept a few at a time",
	     test_messages_larger_than_told_are_kept_a_few_at_a_time);
	TEST("a report is left deleted or moved", test_a_report_is_left_deleted_or_moved);
	TEST("a report that was there a moment ago is looked for",
	     test_a_report_that_was_there_a_moment_ago_is_looked_for);
	TEST("what nobody reported does not stand in for a claim",
	     test_what_nobody_reported_does_not_stand_in_for_a_claim);
	TEST("a source is tested line by line", test_a_source_is_tested_line_by_line);
	TEST("a source that believes nobody is warned of",
	     test_a_source_that_believes_nobody_is_warned_of);
	TEST("folders are listed for a person", test_folders_are_listed_for_a_person);
	TEST("a server is checked line by line", test_a_server_is_checked_line_by_line);
	TEST("what a check found is the state of the server",
	     test_what_a_check_found_is_the_state_of_the_server);
	TEST("two servers for one domain are a warning",
	     test_two_servers_for_one_domain_are_a_warning);
	TEST("a source disabled while it is polled is polled no more",
	     test_a_source_disabled_while_it_is_polled_is_polled_no_more);
	TEST("limits that are set reach the reader", test_limits_that_are_set_reach_the_reader);
	return g_test_run();
}
