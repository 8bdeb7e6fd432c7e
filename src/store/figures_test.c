/* What is counted, beside what a person would count, on both databases. */
#include "../tests/support/samples.h"
#include "../tests/support/testdb.h"
#include "base/clock.h"
#include "store/audit.h"
#include "store/figures.h"
#include "store/incident.h"
#include "store/report.h"

#include <string.h>

static gboolean update(Db *db, gpointer more, GError **error)
{
	return figures_update(db, more, error);
}

static void count_all(TestDb *t)
{
	gboolean more = TRUE;
	while (more)
		testdb_write(t, update, &more);
}

static gint64 revision = 1;

/* An incident with a verdict, reported by each of @reporters once. */
static gint64 raise_one(Db *db, gint64 source, const char *uid, Disposition verdict,
                        const char *const *reporters)
{
	GError *error = NULL;
	gint64 original = sample_original(db, uid, uid, "{}");
	gint64 id = sample_incident(db, uid, original, uid);
	for (guint i = 0; reporters[i]; i++) {
		g_autofree char *each = g_strdup_printf("%s-%u", uid, i);
		gint64 report = sample_report(db, source, each, reporters[i], NULL);
		sample_alert(db, id, report, reporters[i]);
	}
	g_autoptr(Incident) incident = incident_load(db, id, &error);
	incident->disposition = verdict;
	incident->revision = ++revision;
	g_assert_true(incident_save(db, incident, 0, &error));
	return id;
}

static const char *const ann[] = {"ann@corp.example", NULL},
			 *const both[] = {"ann@corp.example", "bob@corp.example", NULL},
			 *const twice[] = {"bob@corp.example", "bob@corp.example", NULL};

static gboolean fill(Db *db, gpointer unused, GError **error)
{
	gint64 source = sample_source(db, "abuse", sample_server(db, "corp"));
	raise_one(db, source, "a", DISPOSITION_MALICIOUS, both);
	raise_one(db, source, "b", DISPOSITION_KNOWN_GOOD, ann);
	raise_one(db, source, "c", DISPOSITION_SPAM, twice);
	raise_one(db, source, "d", DISPOSITION_UNKNOWN, both);
	raise_one(db, source, "e", DISPOSITION_SIMULATED, ann);
	return TRUE;
}

typedef struct {
	ReporterOrder order;
	const char *text;
	Page page;
	GPtrArray *rows;
} Asked;

static gboolean ask(Db *db, gpointer data, GError **error)
{
	Asked *asked = data;
	asked->rows = reporter_list(db, asked->order, asked->text, &asked->page, error);
	return asked->rows != NULL;
}

/* "ann 4: 2 right 0 nuisance 1 wrong 1 open" */
static char *list(TestDb *t, ReporterOrder order, const char *text)
{
	Asked asked = {
		.order = order, .text = text, .page = {.sight = &sight_everything, .limit = 100}};
	GString *out = g_string_new(NULL);
	testdb_read(t, ask, &asked);
	g_autoptr(GPtrArray) rows = asked.rows;
	for (guint i = 0; i < rows->len; i++) {
		const Reporter *r = rows->pdata[i];
		g_string_append_printf(out, "%s%.3s %d: %d right %d nuisance %d wrong %d open",
		                       i ? ", " : "", r->address, (int)r->reports, (int)r->right,
		                       (int)r->nuisance, (int)r->wrong, (int)r->open);
	}
	return g_string_free(out, FALSE);
}

static void assert_list(TestDb *t, ReporterOrder order, const char *text, const char *wanted)
{
	g_autofree char *found = list(t, order, text);
	g_assert_cmpstr(found, ==, wanted);
}

static gboolean judge_again(Db *db, gpointer unused, GError **error)
{
	g_autoptr(Incident) incident = incident_load(db, 1, error);
	incident->disposition = DISPOSITION_LOW_RISK;
	incident->revision = ++revision;
	return incident_save(db, incident, 0, error);
}

static void test_who_reports_is_counted_by_what_it_was(TestDb *t)
{
	testdb_write(t, fill, NULL);
	assert_list(t, REPORTERS_BY_REPORTS, NULL, "");
	count_all(t);
	assert_list(t, REPORTERS_BY_RIGHT, NULL,
	            "ann 4: 2 right 0 nuisance 1 wrong 1 open, "
	            "bob 4: 1 right 1 nuisance 0 wrong 1 open");
	assert_list(t, REPORTERS_BY_RIGHT, "BOB@", "bob 4: 1 right 1 nuisance 0 wrong 1 open");
	assert_list(t, REPORTERS_BY_RIGHT, "%", "");
	assert_list(t, REPORTERS_BY_RIGHT, "_", "");
	/* One verdict is everybody's who reported it. */
	testdb_write(t, judge_again, NULL);
	count_all(t);
	assert_list(t, REPORTERS_BY_WRONG, NULL,
	            "ann 4: 1 right 0 nuisance 2 wrong 1 open, "
	            "bob 4: 0 right 1 nuisance 1 wrong 1 open");
}

static gboolean fill_many(Db *db, gpointer unused, GError **error)
{
	gint64 source = sample_source(db, "abuse", sample_server(db, "corp"));
	for (guint i = 0; i < 130; i++) {
		g_autofree char *name = g_strdup_printf("p%u@corp.example", i);
		g_autofree char *uid = g_strdup_printf("m%u", i);
		const char *const who[] = {name, i % 3 ? NULL : name, NULL};
		raise_one(db, source, uid, DISPOSITION_UNKNOWN, who);
	}
	return TRUE;
}

static void test_many_reporters_are_listed_page_by_page(TestDb *t)
{
	testdb_write(t, fill_many, NULL);
	count_all(t);
	Asked asked = {.order = REPORTERS_BY_REPORTS,
	               .page = {.sight = &sight_everything, .limit = 7}};
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	gint64 before = G_MAXINT64;
	gboolean more = TRUE;
	while (more) {
		testdb_read(t, ask, &asked);
		g_autoptr(GPtrArray) rows = asked.rows;
		for (guint i = 0; i < rows->len; i++) {
			const Reporter *r = rows->pdata[i];
			g_assert_true(g_hash_table_add(seen, g_strdup(r->address)));
			g_assert_cmpint(r->reports, <=, before);
			before = r->reports;
			asked.page.before_id = r->id;
			asked.page.before_need = reporter_order(r, asked.order);
		}
		more = rows->len == asked.page.limit;
	}
	g_assert_cmpuint(g_hash_table_size(seen), ==, 130);
}

/* --- times --------------------------------------------------------------------------------------
 */

static void record(Db *db, gint64 seq, gint64 at, const char *action, const char *kind, gint64 id,
                   gint64 incident_id, const char *detail)
{
	GError *error = NULL;
	const AuditRecord row = {.seq = seq,
	                         .at = at,
	                         .actor = (char *)"user:ann",
	                         .action = (char *)action,
	                         .object_kind = (char *)kind,
	                         .object_id = id,
	                         .incident_id = incident_id,
	                         .detail = (char *)detail,
	                         .hash = (char *)"hash"};
	g_assert_true(audit_insert(db, &row, &error));
}

#define MINUTES(n) ((gint64)(n)*CLOCK_MINUTE)

static gboolean fill_times(Db *db, gpointer unused, GError **error)
{
	gint64 source = sample_source(db, "abuse", sample_server(db, "corp"));
	static const char *const verdict = "{\"changes\":{\"disposition\":{}}}";
	for (guint i = 0; i < 4; i++) {
		g_autofree char *uid = g_strdup_printf("t%u", i);
		gint64 id = raise_one(db, source, uid, DISPOSITION_MALICIOUS, ann);
		g_autoptr(Incident) incident = incident_load(db, id, error);
		incident->opened_at = MINUTES(100 * (i + 1));
		incident->revision = ++revision;
		g_assert_true(incident_save(db, incident, 0, error));
	}
	record(db, 1, MINUTES(50), "original.look", "original", 1, 0,
	       "{}"); /* before it was open */
	record(db, 2, MINUTES(103), "original.look", "original", 1, 0, "{}");
	record(db, 3, MINUTES(104), "incident.update", "incident", 1, 1,
	       "{\"changes\":{\"severity\":{}}}");
	record(db, 4, MINUTES(107), "incident.update", "incident", 1, 1, verdict);
	record(db, 5, MINUTES(109), "incident.close", "incident", 1, 1, "{}");
	record(db, 6, MINUTES(205), "incident.close", "incident", 2, 2, "{}");
	gint64 response = sample_response(db, 3, RESPONSE_QUARANTINE);
	return db_run(db, NULL, error, "ii", "UPDATE response SET requested_at = $1 WHERE id = $2",
	              MINUTES(311), response);
}

typedef struct {
	gint64 from, to;
	GPtrArray *rows;
} Span;

static gboolean ask_times(Db *db, gpointer data, GError **error)
{
	Span *span = data;
	span->rows = figures_incidents(db, &sight_everything, 0, span->from, span->to, error);
	return span->rows != NULL;
}

static void test_the_first_of_each_counts(TestDb *t)
{
	testdb_write(t, fill_times, NULL);
	count_all(t);
	Span span = {.from = MINUTES(100), .to = MINUTES(400)};
	testdb_read(t, ask_times, &span);
	g_autoptr(GPtrArray) rows = span.rows;
	g_assert_cmpuint(rows->len, ==, 3); /* the fourth is opened when the span is over */
	static const gint64 wanted[][4] = {
		{MINUTES(100), MINUTES(103), MINUTES(107), 0},
		{MINUTES(200), MINUTES(205), MINUTES(205), 0},
		{MINUTES(300), 0, 0, MINUTES(311)},
	};
	for (guint i = 0; i < rows->len; i++) {
		const IncidentTimes *row = rows->pdata[i];
		guint at = (guint)(row->opened_at / MINUTES(100)) - 1;
		g_assert_cmpint(row->opened_at, ==, wanted[at][0]);
		g_assert_cmpint(row->looked_at, ==, wanted[at][1]);
		g_assert_cmpint(row->judged_at, ==, wanted[at][2]);
		g_assert_cmpint(row->pulled_at, ==, wanted[at][3]);
		g_assert_cmpint(row->disposition, ==, DISPOSITION_MALICIOUS);
	}
}

static gboolean volumes_by_day(Db *db, gpointer unused, GError **error)
{
	static const gint64 hours[] = {1, 23, 24, 25, 49, 500};
	gint64 source = sample_source(db, "abuse", sample_server(db, "corp"));
	for (guint i = 0; i < G_N_ELEMENTS(hours); i++) {
		g_autofree char *uid = g_strdup_printf("%u", i);
		gint64 id = sample_report(db, source, uid, "ann@corp.example", NULL);
		g_assert_true(db_run(db, NULL, error, "ii",
		                     "UPDATE report SET found_at = $1 WHERE id = $2",
		                     hours[i] * CLOCK_HOUR, id));
	}
	static const struct {
		gint64 shift;
		const char *counts;
	} cases[] = {{0, "0:2 1:2 2:1 "}, {2, "0:1 1:3 2:1 "}};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) days =
			figures_reports(db, &sight_everything, 0, 0, 100 * CLOCK_HOUR,
		                        cases[i].shift * CLOCK_HOUR, error);
		g_autoptr(GString) counts = g_string_new(NULL);
		for (guint d = 0; d < days->len; d++) {
			const ReportVolume *day = days->pdata[d];
			g_assert_cmpint(day->source_id, ==, source);
			g_string_append_printf(counts, "%d:%d ", (int)day->day, (int)day->count);
		}
		g_assert_cmpstr(counts->str, ==, cases[i].counts);
	}
	return TRUE;
}

static void test_days_are_those_of_who_asks(TestDb *t)
{
	testdb_write(t, volumes_by_day, NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	testdb_add("/figures/who reports is counted by what it was",
	           test_who_reports_is_counted_by_what_it_was);
	testdb_add("/figures/many reporters are listed page by page",
	           test_many_reporters_are_listed_page_by_page);
	testdb_add("/figures/the first of each counts", test_the_first_of_each_counts);
	testdb_add("/figures/days are those of who asks", test_days_are_those_of_who_asks);
	return g_test_run();
}
