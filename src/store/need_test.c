/* What needs a person first: the table by examples, and that what is stored is what the table says,
 * whatever happens to an incident. */
#include "store/need.h"

#include "../tests/support/samples.h"
#include "../tests/support/testdb.h"
#include "base/clock.h"
#include "base/error.h"
#include "model/quarantine.h"
#include "store/incident.h"
#include "store/report.h"
#include "store/response.h"

#include <string.h>

/* --- the table ----------------------------------------------------------------------------------
 */

/* One that was just reported, as most are. */
#define REPORTED_BY(n, s)                                                                          \
	.severity = SEVERITY_##s, .reports = (n), .recipients = 1, .believed = TRUE
#define REPORTED REPORTED_BY(1, MODERATE)

static const struct {
	const char *what;
	NeedFacts facts;
	const char *reasons;
} examples[] = {
	{"a report", {REPORTED}, "[\"unjudged\",\"moderate\",\"unassigned\"]"},
	{"somebody has it", {REPORTED, .assigned = TRUE}, "[\"unjudged\",\"moderate\"]"},
	{"three report it",
         {REPORTED_BY(3, MODERATE), .assigned = TRUE},
         "[\"unjudged\",\"many_reports\",\"moderate\"]"},
	{"nobody believed reports it",
         {.severity = SEVERITY_MINOR, .reports = 1, .assigned = TRUE},
         "[\"unjudged\",\"untrusted\"]"},
	{"it waits for a day",
         {REPORTED, .assigned = TRUE, .waited = CLOCK_DAY},
         "[\"unjudged\",\"waiting\",\"moderate\"]"},
	{"it is phish, and lies in mailboxes",
         {REPORTED, .assigned = TRUE, .disposition = DISPOSITION_MALICIOUS},
         "[\"not_pulled\",\"moderate\"]"},
	{"it is being pulled",
         {REPORTED, .assigned = TRUE, .disposition = DISPOSITION_MALICIOUS, .acting = TRUE},
         "[\"moderate\"]"},
	{"it was pulled, but for one",
         {REPORTED, .assigned = TRUE, .disposition = DISPOSITION_MALICIOUS, .pulled = TRUE,
          .failed = TRUE},
         "[\"copies_failed\",\"moderate\"]"},
	{"where one is, is not known",
         {REPORTED, .assigned = TRUE, .pulled = TRUE, .unsure = TRUE},
         "[\"copies_unsure\",\"unjudged\",\"moderate\"]"},
	{"spam in two hundred mailboxes",
         {.severity = SEVERITY_CRITICAL,
          .assigned = TRUE,
          .disposition = DISPOSITION_SPAM,
          .reports = 80,
          .recipients = 200},
         "[\"to_close\"]"},
	{"nothing was reported",
         {.kind = INCIDENT_NOT_A_REPORT, .reports = 1, .assigned = TRUE},
         "[\"to_close\"]"},
	{"closed", {REPORTED, .state = STATE_CLOSED, .unsure = TRUE}, "[]"},
};

static void test_each_example_has_its_reasons(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(examples); i++) {
		g_test_message("%s", examples[i].what);
		g_auto(Need) need = need_of(&examples[i].facts);
		g_assert_cmpstr(need.reasons, ==, examples[i].reasons);
		g_assert_cmpint(need.need > 0, ==, strcmp(need.reasons, "[]") != 0);
	}
}

/* Pairs of what comes first and what comes after it. */
static const struct {
	NeedFacts first, second;
} orders[] = {
	{{REPORTED_BY(60, MODERATE)}, {REPORTED_BY(10, MODERATE)}},
	{{REPORTED_BY(10, MODERATE)}, {REPORTED_BY(3, MODERATE)}},
	{{REPORTED_BY(1, CRITICAL)}, {REPORTED_BY(1, MAJOR)}},
	{{REPORTED, .waited = 8 * CLOCK_DAY}, {REPORTED, .waited = 2 * CLOCK_DAY}},
	{{REPORTED}, {REPORTED, .assigned = TRUE}},
	{{REPORTED}, {REPORTED, .waited = 30 * CLOCK_DAY, .disposition = DISPOSITION_BULK}},
	{{REPORTED, .disposition = DISPOSITION_MALICIOUS}, {REPORTED}},
	{{REPORTED, .unsure = TRUE}, {REPORTED, .failed = TRUE}},
};

static void test_what_is_worse_comes_first(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(orders); i++) {
		g_auto(Need) first = need_of(&orders[i].first);
		g_auto(Need) second = need_of(&orders[i].second);
		g_test_message("row %u", i);
		g_assert_cmpint(first.need, >, second.need);
	}
}

static void test_an_answer_says_how_long_it_lasts(void)
{
	NeedFacts facts = {REPORTED};
	int steps = 0;
	for (;;) {
		g_auto(Need) need = need_of(&facts);
		if (need.lasts == G_MAXINT64)
			break;
		facts.waited = need.lasts - 1;
		g_auto(Need) before = need_of(&facts);
		facts.waited = need.lasts;
		g_auto(Need) after = need_of(&facts);
		g_assert_cmpint(before.need, ==, need.need);
		g_assert_cmpint(after.need, >, need.need);
		steps++;
	}
	g_assert_cmpint(steps, ==, 4);
	facts.state = STATE_CLOSED;
	facts.waited = 0;
	g_auto(Need) closed = need_of(&facts);
	g_assert_cmpint(closed.lasts, ==, G_MAXINT64);
}

static void test_each_code_is_listed_once(void)
{
	const char *const *codes = need_codes();
	for (guint i = 0; codes[i]; i++)
		for (guint j = 0; j < i; j++)
			g_assert_cmpstr(codes[i], !=, codes[j]);
	g_assert_true(g_strv_contains(codes, "unjudged"));
	g_assert_true(g_strv_contains(codes, "to_close"));
}

/* --- what is stored -----------------------------------------------------------------------------
 */

static void assert_reasons(Db *db, gint64 id, const char *reasons)
{
	g_autoptr(Incident) incident = incident_load(db, id, NULL);
	g_assert_cmpstr(incident->need_reasons, ==, reasons);
}

static gint64 make_incident(Db *db, gint64 opened_at)
{
	g_autoptr(GError) error = NULL;
	gint64 original = sample_original(db, "m@x", "f", "{}");
	Incident row = {.link_key = (char *)"m@x",
	                .original_id = original,
	                .title = (char *)"t",
	                .severity = SEVERITY_MINOR,
	                .assignee = (char *)"eve",
	                .opened_at = opened_at};
	g_assert_true(incident_insert(db, &row, &error));
	return row.id;
}

static gboolean follow(Db *db, gpointer unused, GError **error)
{
	gint64 source = sample_source(db, "s", sample_server(db, "m"));
	gint64 id = make_incident(db, clock_now());
	assert_reasons(db, id, "[\"unjudged\"]");
	sample_alert(db, id, sample_report(db, source, "1", "a@x", NULL), "a@x");
	assert_reasons(db, id, "[\"unjudged\",\"untrusted\"]");
	for (int i = 2; i < 5; i++) {
		g_autofree char *uid = g_strdup_printf("%d", i);
		gint64 report = sample_report(db, source, uid, "b@x", NULL);
		gint64 alert = sample_alert(db, id, report, "b@x");
		g_assert_true(i == 2 ? db_run(db, NULL, error, "i",
		                              "UPDATE alert SET trusted = 1 WHERE id = $1", alert)
		                     : TRUE);
	}
	assert_reasons(db, id, "[\"unjudged\",\"many_reports\"]");
	g_autoptr(Incident) incident = incident_load(db, id, error);
	incident->disposition = DISPOSITION_MALICIOUS;
	g_assert_true(incident_save(db, incident, 0, error));
	assert_reasons(db, id, "[\"not_pulled\",\"many_reports\"]");
	gint64 asked = sample_response(db, id, RESPONSE_QUARANTINE);
	assert_reasons(db, id, "[\"many_reports\"]");
	g_autoptr(Response) response = response_load(db, asked, error);
	gint64 copy = sample_result(db, asked, incident->original_id, "b@x");
	g_autoptr(QuarantineResult) row = quarantine_result_load(db, copy, error);
	row->status = COPY_FAILED_THROTTLED;
	response->state = RESPONSE_DONE;
	g_assert_true(quarantine_result_save(db, row, error) && response_save(db, response, error));
	assert_reasons(db, id, "[\"copies_failed\",\"many_reports\"]");
	row->step = STEP_REMOVING;
	g_assert_true(quarantine_result_save(db, row, error) && response_save(db, response, error));
	assert_reasons(db, id, "[\"copies_unsure\",\"many_reports\"]");
	incident->state = STATE_CLOSED;
	g_assert_true(incident_save(db, incident, 0, error));
	assert_reasons(db, id, "[]");
	incident->state = STATE_OPEN;
	incident->waiting_since = incident->opened_at + 1;
	g_assert_true(incident_save(db, incident, 0, error));
	assert_reasons(db, id, "[\"copies_unsure\",\"reopened\",\"many_reports\"]");
	return TRUE;
}

static void test_need_follows_whatever_changes(TestDb *t)
{
	testdb_write(t, follow, NULL);
}

/* As a migration leaves them, and as time does. */
static gboolean make_many(Db *db, gpointer unused, GError **error)
{
	for (int i = 0; i < 5; i++)
		make_incident(db, clock_now());
	make_incident(db, clock_now() - 2 * CLOCK_DAY);
	g_autoptr(Incident) closed = incident_load(db, 1, error);
	closed->state = STATE_CLOSED;
	return incident_save(db, closed, 0, error) &&
	       db_run(db, NULL, error, "",
	              "UPDATE incident SET need = 0, need_reasons = '[]', need_due_at = 0");
}

static gboolean ripen_two(Db *db, gpointer done, GError **error)
{
	return need_ripen(db, 2, done, error);
}

static void test_what_is_due_is_worked_out_some_at_a_time(TestDb *t)
{
	gint64 done;
	testdb_write(t, make_many, NULL);
	testdb_write(t, ripen_two, &done);
	g_assert_cmpint(done, ==, 2);
	testdb_write(t, ripen_two, &done);
	g_assert_cmpint(done, ==, 2);
	testdb_write(t, ripen_two, &done);
	g_assert_cmpint(done, ==, 1);
	testdb_write(t, ripen_two, &done);
	g_assert_cmpint(done, ==, 0);
	g_assert_cmpint(testdb_int(t, "SELECT need FROM incident WHERE id = 1"), ==, 0);
	g_assert_cmpint(testdb_int(t, "SELECT count(*) FROM incident WHERE need > 0"), ==, 5);
	g_assert_cmpint(testdb_int(t, "SELECT need FROM incident WHERE id = 6"), >,
	                testdb_int(t, "SELECT need FROM incident WHERE id = 2"));
	/* Time passes for one of them. */
	testdb_run(t, "UPDATE incident SET opened_at = 1, waiting_since = 1, need_due_at = 5 "
	              "WHERE id = 3");
	testdb_write(t, ripen_two, &done);
	g_assert_cmpint(done, ==, 1);
	g_assert_cmpint(testdb_int(t, "SELECT need FROM incident WHERE id = 3"), >,
	                testdb_int(t, "SELECT need FROM incident WHERE id = 6"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/need/each example has its reasons", test_each_example_has_its_reasons);
	g_test_add_func("/need/what is worse comes first", test_what_is_worse_comes_first);
	g_test_add_func("/need/an answer says how long it lasts",
	                test_an_answer_says_how_long_it_lasts);
	g_test_add_func("/need/each code is listed once", test_each_code_is_listed_once);
	testdb_add("/need/need follows whatever changes", test_need_follows_whatever_changes);
	testdb_add("/need/what is due is worked out some at a time",
	           test_what_is_due_is_worked_out_some_at_a_time);
	return g_test_run();
}
