/* Lists against an oracle that loads every row and compares it by hand: whatever the filters, the
 * pages together are what the oracle finds, in order, nothing twice and nothing left out. */
#include "store/listing.h"

#include "../tests/support/samples.h"
#include "../tests/support/testdb.h"
#include "base/limits.h"
#include "store/incident.h"
#include "store/job.h"
#include "store/report.h"
#include "store/response.h"
#include "store/rows.h"

#include <string.h>

#define INCIDENTS 90
#define ROUNDS    120

static const char *const people[] = {"bob@x", "eve@x", "ann@x", "nobody@x", "common@x"};
static const char *const titles[] = {"Ihre Rechnung", "INVOICE 100%", "invoice_1", "Straße",
                                     "ΣΊΣΥΦΟΣ"};
static const char *const words[] = {"invoice", "RECHNUNG", "0%",      "_", "\\",
                                    "STRASSE", "σίσυφος",  "nothing", "",  "e"};

static const char *const forms[] = {"rfc822", "inline", "none"};
static const char *const needs[] = {"unjudged", "unassigned", "critical"};

static int pick(int n)
{
	return g_test_rand_int_range(0, n);
}

/* A filter's value, or most often -1 for off. */
static int maybe(int n)
{
	return pick(3) ? -1 : pick(n);
}

static const char *maybe_of(const char *const *texts, int n)
{
	int i = maybe(n);
	return i < 0 ? NULL : texts[i];
}

#define MAYBE_OF(texts) maybe_of(texts, (int)G_N_ELEMENTS(texts))

/* --- a small world ------------------------------------------------------------------------------
 */

static void must(gboolean ok, GError *error)
{
	g_assert_no_error(error);
	g_assert_true(ok);
}

static void make_incident(Db *db, int i)
{
	GError *error = NULL;
	g_autofree char *message_id = g_strdup_printf("m%d@x", i % 40);
	g_autofree char *uid = g_strdup_printf("%d", i);
	gint64 original = sample_original(db, message_id, uid, "{}");
	gint64 id = sample_incident(db, message_id, original, titles[pick(5)]);
	gint64 report = sample_report(db, 1 + pick(3), uid, people[pick(3)], NULL);
	for (int n = pick(4); n > 0; n--)
		sample_alert(db, id, report, people[pick(3)]);
	must(report_join(db, report, id, original, &error), error);
	g_autoptr(Incident) incident = incident_load(db, id, &error);
	incident->state = (OpenState)pick(2);
	incident->kind = (IncidentKind)pick(3);
	incident->severity = (Severity)pick(5);
	incident->disposition = (Disposition)pick(3);
	incident->assignee = pick(2) ? g_strdup(people[pick(3)]) : NULL;
	incident->revision = pick(30); /* one change touches many rows */
	must(incident_save(db, incident, 0, &error), error);
}

/* People whom everything is about: their lists take another way. */
static const char *const crowds[] = {
	"INSERT INTO alert (incident_id, source_id, report_id, recipient, role, message_id, state, "
	"severity, disposition, trusted, opened_at, revision) "
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2200) "
	"SELECT 1 + i % 60, 1, 1, 'common@x', 'to', 'm1@x', 'closed', 'minor', 'unknown', 0, 0, "
	"i % 30 FROM n",
	"INSERT INTO report (source_id, epoch, server_uid, received_at, found_at, state, reporter, "
	"post_process, revision) "
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2200) "
	"SELECT 2, 'crowd', CAST(i AS TEXT), 0, 0, 'done', 'common@x', 'none', i % 30 FROM n",
	"INSERT INTO report_incident (report_id, incident_id) "
	"SELECT id, 1 + id % 50 FROM report WHERE reporter = 'common@x'",
	"INSERT INTO incident_source (source_id, incident_id) "
	"SELECT DISTINCT 2, incident_id FROM report_incident JOIN report ON report.id = report_id "
	"WHERE reporter = 'common@x' ON CONFLICT DO NOTHING",
	"UPDATE incident SET assignee = 'common@x' WHERE id % 2 = 0",
	"UPDATE incident SET opened_at = id * 20",
	"UPDATE incident SET closed_at = 2000 - id * 20 WHERE state = 'closed'",
	"UPDATE report SET form = CASE id % 40 WHEN 0 THEN 'inline' ELSE 'rfc822' END",
	"UPDATE alert SET trusted = CASE incident_id % 4 WHEN 0 THEN 1 ELSE 0 END",
	"UPDATE alert SET revision = id % 30",
	"UPDATE report SET revision = id % 30, trusted = id % 2, "
	"state = CASE id % 3 WHEN 0 THEN 'new' WHEN 1 THEN 'done' ELSE 'unparsed' END",
};

static gboolean make_world(Db *db, gpointer unused, GError **error)
{
	gint64 server = sample_server(db, "m");
	for (int i = 0; i < 3; i++) {
		g_autofree char *name = g_strdup_printf("s%d", i);
		sample_source(db, name, server);
	}
	for (int i = 0; i < INCIDENTS; i++)
		make_incident(db, i);
	for (gint64 i = 1; i < 8; i++) {
		gint64 copy =
			sample_result(db, sample_response(db, i, RESPONSE_QUARANTINE), 1, "a@x");
		must(i % 2 == 0 || db_run(db, NULL, error, "i",
		                          "UPDATE quarantine_result SET step = 'moved', "
		                          "status = 'success' WHERE id = $1",
		                          copy),
		     *error);
	}
	for (guint i = 0; i < G_N_ELEMENTS(crowds); i++)
		must(db_run(db, NULL, error, "", crowds[i]), *error);
	return TRUE;
}

/* --- the pages of a list, one after the other ---------------------------------------------------
 */

/* One kind of row, as the walk and the oracle see it. */
typedef struct {
	GPtrArray *(*list)(Db *db, const void *filter, const Page *page, GError **error);
	gboolean (*fits)(Db *db, const void *row, const void *filter);
	gint64 (*id)(const void *row);
	gint64 (*revision)(const void *row);
	gint64 (*need)(const void *row); /* or NULL */
} Kind;

static GPtrArray *next_page(Db *db, const Kind *kind, const void *filter, const Page *page)
{
	GError *error = NULL;
	GPtrArray *rows = kind->list(db, filter, page, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(rows->len, <=, page->limit);
	return rows;
}

/* Ids, in the order in which the pages bring them. */
static GArray *walk(Db *db, const Kind *kind, const void *filter, Page page)
{
	GArray *ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	for (;;) {
		g_autoptr(GPtrArray) rows = next_page(db, kind, filter, &page);
		for (guint i = 0; i < rows->len; i++) {
			gint64 id = kind->id(rows->pdata[i]);
			g_array_append_val(ids, id);
			page.before_id = id;
			page.after_id = id;
			page.changed_since = kind->revision(rows->pdata[i]);
			page.before_need = kind->need ? kind->need(rows->pdata[i]) : 0;
		}
		if (rows->len < page.limit)
			return ids;
	}
}

typedef struct {
	const Kind *kind;
	gboolean feed, by_need;
} Order;

static gint compare_rows(gconstpointer a, gconstpointer b, gpointer data)
{
	const Order *order = data;
	const void *left = *(const void *const *)a, *right = *(const void *const *)b;
	gint64 by_id = order->kind->id(left) - order->kind->id(right);
	gint64 by_revision = order->kind->revision(left) - order->kind->revision(right);
	gint64 by_need = order->by_need ? order->kind->need(right) - order->kind->need(left) : 0;
	gint64 by = order->feed ? (by_revision ? by_revision : by_id) : by_need ? by_need : -by_id;
	return (by > 0) - (by < 0);
}

/* @all is every row there is. */
static void assert_pages(Db *db, const Kind *kind, GPtrArray *all, const void *filter)
{
	gint64 since = pick(2) ? 0 : pick(30);
	for (int turn = 0; turn < (kind->need ? 3 : 2); turn++) {
		gboolean feed = turn == 1;
		Page page = {.sight = &sight_everything,
		             .feed = feed,
		             .changed_since = since,
		             .by_need = turn == 2,
		             .limit = pick(2) ? 7 : 400};
		g_autoptr(GArray) ids = walk(db, kind, filter, page);
		g_autoptr(GPtrArray) expected = g_ptr_array_new();
		for (guint i = 0; i < all->len; i++)
			if ((!feed || kind->revision(all->pdata[i]) > since) &&
			    kind->fits(db, all->pdata[i], filter))
				g_ptr_array_add(expected, all->pdata[i]);
		Order order = {kind, feed, turn == 2};
		g_ptr_array_sort_with_data(expected, compare_rows, &order);
		g_assert_cmpuint(ids->len, ==, expected->len);
		for (guint i = 0; i < ids->len; i++)
			g_assert_cmpint(g_array_index(ids, gint64, i), ==,
			                kind->id(expected->pdata[i]));
	}
}

static gboolean exists(Db *db, const char *sql, gint64 id, const char *text)
{
	g_autoptr(DbRows) rows = db_query(db, NULL, "it", sql, id, text);
	g_assert_nonnull(rows);
	return db_rows_next(rows, NULL);
}

/* --- incidents ----------------------------------------------------------------------------------
 */

static GPtrArray *list_incidents(Db *db, const void *filter, const Page *page, GError **error)
{
	return incident_list(db, filter, page, error);
}

static gint64 incident_id(const void *row)
{
	return ((const Incident *)row)->id;
}

static gint64 incident_revision(const void *row)
{
	return ((const Incident *)row)->revision;
}

static gint64 incident_need(const void *row)
{
	return ((const Incident *)row)->need;
}

static gboolean title_has(const char *title, const char *text)
{
	g_autofree char *folded_title = g_utf8_casefold(title, -1);
	g_autofree char *folded_text = g_utf8_casefold(text, -1);
	return strstr(folded_title, folded_text) != NULL;
}

static const char trusted_alert[] =
	"SELECT 1 FROM alert WHERE incident_id = $1 AND CAST(trusted AS TEXT) = $2";
static const char moved_copy[] = "SELECT 1 FROM quarantine_result WHERE incident_id = $1 AND "
				 "step = $2 AND status = 'success'";
static const char report_of_form[] = "SELECT 1 FROM report_incident JOIN report ON report.id = "
				     "report_id WHERE incident_id = $1 AND form = $2";

static gboolean incident_fits(Db *db, const void *row, const void *data)
{
	const Incident *i = row;
	const IncidentFilter *f = data;
	g_autofree char *source = g_strdup_printf("%d", (int)f->source_id);
	return (f->state < 0 || (int)i->state == f->state) &&
	       (f->severity < 0 || (int)i->severity == f->severity) &&
	       (f->trusted != 1 || exists(db, trusted_alert, i->id, "1")) &&
	       (f->trusted != 0 || (exists(db, trusted_alert, i->id, "0") &&
	                            !exists(db, trusted_alert, i->id, "1"))) &&
	       (f->quarantined < 0 || exists(db, moved_copy, i->id, "moved") == f->quarantined) &&
	       (!f->unassigned || !i->assignee) &&
	       (!f->opened_after || i->opened_at >= f->opened_after) &&
	       (!f->opened_before || i->opened_at < f->opened_before) &&
	       (!f->closed_after || i->closed_at >= f->closed_after) &&
	       (!f->form || exists(db, report_of_form, i->id, f->form)) &&
	       (!f->needs || strstr(i->need_reasons, f->needs)) &&
	       (f->severity_min < 0 || (int)i->severity >= f->severity_min) &&
	       (f->disposition < 0 || (int)i->disposition == f->disposition) &&
	       (f->kind < 0 || (int)i->kind == f->kind) &&
	       (!f->assignee || g_strcmp0(i->assignee, f->assignee) == 0) &&
	       (!f->text || title_has(i->title, f->text)) &&
	       (!f->message_id || exists(db,
	                                 "SELECT 1 FROM original JOIN incident ON "
	                                 "original.id = original_id WHERE incident.id = $1 AND "
	                                 "message_id = $2",
	                                 i->id, f->message_id)) &&
	       (!f->recipient ||
	        exists(db, "SELECT 1 FROM alert WHERE incident_id = $1 AND recipient = $2", i->id,
	               f->recipient)) &&
	       (!f->reporter || exists(db,
	                               "SELECT 1 FROM report_incident JOIN report ON "
	                               "report.id = report_id WHERE incident_id = $1 AND "
	                               "reporter = $2",
	                               i->id, f->reporter)) &&
	       (f->source_id <= 0 || exists(db,
	                                    "SELECT 1 FROM report_incident JOIN report ON "
	                                    "report.id = report_id WHERE incident_id = $1 AND "
	                                    "CAST(source_id AS TEXT) = $2",
	                                    i->id, source));
}

static gboolean compare_incident_lists(Db *db, gpointer unused, GError **error)
{
	static const Kind kind = {list_incidents, incident_fits, incident_id, incident_revision,
	                          incident_need};
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)incident_free);
	for (gint64 id = 1; id <= INCIDENTS; id++)
		g_ptr_array_add(all, incident_load(db, id, error));
	for (int round = 0; round < ROUNDS; round++) {
		g_autofree char *message_id = g_strdup_printf("m%d@x", pick(41));
		IncidentFilter filter = {
			.state = maybe(2),
			.severity = pick(6) ? -1 : pick(5),
			.severity_min = maybe(5),
			.trusted = maybe(2),
			.quarantined = maybe(2),
			.unassigned = maybe(2) > 0,
			.opened_after = pick(5) ? 0 : pick(2100),
			.opened_before = pick(5) ? 0 : pick(2100),
			.closed_after = pick(5) ? 0 : pick(2100),
			.form = MAYBE_OF(forms),
			.needs = MAYBE_OF(needs),
			.disposition = maybe(4),
			.kind = maybe(3),
			.assignee = MAYBE_OF(people),
			.reporter = MAYBE_OF(people),
			.recipient = MAYBE_OF(people),
			.message_id = pick(8) ? NULL : message_id,
			.text = MAYBE_OF(words),
			.source_id = maybe(5),
		};
		assert_pages(db, &kind, all, &filter);
	}
	return TRUE;
}

static void test_incidents_are_listed_by_any_filters(TestDb *t)
{
	testdb_write(t, make_world, NULL);
	testdb_read(t, compare_incident_lists, NULL);
	gint64 many = listing_common;
	listing_common = 12;
	testdb_read(t, compare_incident_lists, NULL);
	listing_common = many;
}

static gboolean make_long_title(Db *db, gpointer unused, GError **error)
{
	GString *title = g_string_new("Ligature ");
	for (int i = 0; i < LIMIT_TITLE - 9; i++)
		g_string_append(title, "\xef\xac\x83"); /* U+FB03, which folds to ffi */
	sample_incident(db, "long@x", sample_original(db, "long@x", "long", "{}"), title->str);
	g_string_free(title, TRUE);
	return TRUE;
}

static gboolean find_long_title(Db *db, gpointer unused, GError **error)
{
	gint64 length = 0;
	const Page page = {.limit = 10, .sight = &sight_everything};
	IncidentFilter filter = {.state = -1,
	                         .severity = -1,
	                         .severity_min = -1,
	                         .disposition = -1,
	                         .kind = -1,
	                         .trusted = -1,
	                         .quarantined = -1,
	                         .text = "ligature FFI"};
	g_autoptr(GPtrArray) found = incident_list(db, &filter, &page, error);
	g_assert_no_error(*error);
	g_assert_cmpuint(found->len, ==, 1);
	must(rows_int(db_query(db, error, "", "SELECT length(title_folded) FROM incident"), &length,
	              error),
	     *error);
	g_assert_cmpint(length, ==, LIMIT_TITLE);
	return TRUE;
}

static void test_a_title_that_folding_lengthens_is_found(TestDb *t)
{
	testdb_write(t, make_long_title, NULL);
	testdb_read(t, find_long_title, NULL);
}

/* --- alerts -------------------------------------------------------------------------------------
 */

static GPtrArray *list_alerts(Db *db, const void *filter, const Page *page, GError **error)
{
	return alert_list_filtered(db, filter, page, error);
}

static gint64 alert_id(const void *row)
{
	return ((const Alert *)row)->id;
}

static gint64 alert_revision(const void *row)
{
	return ((const Alert *)row)->revision;
}

static gboolean alert_fits(Db *db, const void *row, const void *data)
{
	const Alert *a = row;
	const AlertFilter *f = data;
	g_autofree char *report = g_strdup_printf("%d", (int)f->report_id);
	return (f->state < 0 || (int)a->state == f->state) &&
	       (f->incident_id <= 0 || a->incident_id == f->incident_id) &&
	       (f->source_id <= 0 || a->source_id == f->source_id) &&
	       (!f->recipient || strcmp(a->recipient, f->recipient) == 0) &&
	       (!f->message_id || strcmp(a->message_id, f->message_id) == 0) &&
	       (f->report_id <= 0 || exists(db,
	                                    "SELECT 1 FROM alert_report WHERE alert_id = $1 AND "
	                                    "CAST(report_id AS TEXT) = $2",
	                                    a->id, report));
}

/* Every row of a table, by id. */
static GPtrArray *load_all(Db *db, const char *ids, gpointer (*load)(Db *, gint64, GError **),
                           GDestroyNotify free)
{
	GPtrArray *all = g_ptr_array_new_with_free_func(free);
	g_autoptr(DbRows) rows = db_query(db, NULL, "", ids);
	while (db_rows_next(rows, NULL))
		g_ptr_array_add(all, load(db, db_int(rows, 0), NULL));
	return all;
}

static gboolean compare_alert_lists(Db *db, gpointer unused, GError **error)
{
	static const Kind kind = {list_alerts, alert_fits, alert_id, alert_revision};
	g_autoptr(GPtrArray) all = load_all(db, "SELECT id FROM alert",
	                                    (gpointer(*)(Db *, gint64, GError **))alert_load,
	                                    (GDestroyNotify)alert_free);
	for (int round = 0; round < ROUNDS / 3; round++) {
		g_autofree char *message_id = g_strdup_printf("m%d@x", pick(41));
		AlertFilter filter = {
			.state = maybe(2),
			.incident_id = pick(3) ? 0 : pick(INCIDENTS),
			.source_id = maybe(5),
			.report_id = pick(6) ? 0 : pick(INCIDENTS),
			.recipient = MAYBE_OF(people),
			.message_id = pick(5) ? NULL : message_id,
		};
		assert_pages(db, &kind, all, &filter);
	}
	return TRUE;
}

static void test_alerts_are_listed_by_any_filters(TestDb *t)
{
	testdb_write(t, make_world, NULL);
	testdb_read(t, compare_alert_lists, NULL);
}

/* --- reports ------------------------------------------------------------------------------------
 */

static GPtrArray *list_reports(Db *db, const void *filter, const Page *page, GError **error)
{
	return report_list(db, filter, page, error);
}

static gint64 report_id(const void *row)
{
	return ((const Report *)row)->id;
}

static gint64 report_revision(const void *row)
{
	return ((const Report *)row)->revision;
}

static gboolean report_fits(Db *db, const void *row, const void *data)
{
	const Report *r = row;
	const ReportFilter *f = data;
	g_autofree char *incident = g_strdup_printf("%d", (int)f->incident_id);
	g_autofree char *alert = g_strdup_printf("%d", (int)f->alert_id);
	return (f->state < 0 || (int)r->state == f->state) &&
	       (f->trusted < 0 || r->trusted == f->trusted) &&
	       (f->source_id <= 0 || r->source_id == f->source_id) &&
	       (!f->reporter || g_strcmp0(r->reporter, f->reporter) == 0) &&
	       (f->incident_id <= 0 || exists(db,
	                                      "SELECT 1 FROM report_incident WHERE report_id = $1 "
	                                      "AND CAST(incident_id AS TEXT) = $2",
	                                      r->id, incident)) &&
	       (f->alert_id <= 0 || exists(db,
	                                   "SELECT 1 FROM alert_report WHERE report_id = $1 AND "
	                                   "CAST(alert_id AS TEXT) = $2",
	                                   r->id, alert));
}

static gboolean compare_report_lists(Db *db, gpointer unused, GError **error)
{
	static const Kind kind = {list_reports, report_fits, report_id, report_revision};
	g_autoptr(GPtrArray) all = load_all(db, "SELECT id FROM report",
	                                    (gpointer(*)(Db *, gint64, GError **))report_load,
	                                    (GDestroyNotify)report_free);
	for (int round = 0; round < ROUNDS / 3; round++) {
		ReportFilter filter = {
			.state = maybe(4),
			.trusted = maybe(2),
			.source_id = maybe(5),
			.incident_id = pick(4) ? 0 : pick(INCIDENTS),
			.alert_id = pick(6) ? 0 : pick(INCIDENTS),
			.reporter = MAYBE_OF(people),
		};
		assert_pages(db, &kind, all, &filter);
	}
	return TRUE;
}

static void test_reports_are_listed_by_any_filters(TestDb *t)
{
	testdb_write(t, make_world, NULL);
	testdb_read(t, compare_report_lists, NULL);
}

/* --- responses, ledger, jobs --------------------------------------------------------------------
 */

static void assert_ids(GPtrArray *rows, gint64 (*id)(const void *), const char *expected)
{
	g_autoptr(GString) text = g_string_new(NULL);
	for (guint i = 0; i < rows->len; i++)
		g_string_append_printf(text, "%s%d", i ? " " : "", (int)id(rows->pdata[i]));
	g_assert_cmpstr(text->str, ==, expected);
	g_ptr_array_unref(rows);
}

static gint64 response_id(const void *row)
{
	return ((const Response *)row)->id;
}

static gint64 result_id(const void *row)
{
	return ((const QuarantineResult *)row)->id;
}

static gint64 job_id(const void *row)
{
	return ((const Job *)row)->id;
}

static gboolean list_responses(Db *db, gpointer unused, GError **error)
{
	const Page page = {.sight = &sight_everything, .limit = 10},
		   feed = {.sight = &sight_everything, .feed = TRUE, .limit = 10};
	gint64 original = sample_original(db, "m@x", "f", "{}");
	gint64 one = sample_incident(db, "a", original, "t");
	gint64 two = sample_incident(db, "b", original, "t");
	gint64 first = sample_response(db, one, RESPONSE_QUARANTINE);
	gint64 second = sample_response(db, one, RESPONSE_RESTORE);
	sample_response(db, two, RESPONSE_QUARANTINE);
	for (guint i = 0; i < 4; i++)
		sample_result(db, i == 3 ? 3 : first, original, "bob@x");
	must(db_run(db, NULL, error, "i",
	            "UPDATE quarantine_result SET restore_response_id = $1, "
	            "restore_status = 'success', revision = 9 WHERE id = 2",
	            second),
	     *error);
	must(db_run(db, NULL, error, "",
	            "UPDATE quarantine_result SET status = 'success', revision = 8 WHERE id > 1"),
	     *error);
	must(db_run(db, NULL, error, "", "UPDATE response SET revision = 10 - id"), *error);

	ResponseFilter r = {-1, -1, 0};
	assert_ids(response_list_filtered(db, &r, &page, error), response_id, "3 2 1");
	assert_ids(response_list_filtered(db, &r, &feed, error), response_id, "3 2 1");
	r.incident_id = one;
	assert_ids(response_list_filtered(db, &r, &page, error), response_id, "2 1");
	r.kind = RESPONSE_RESTORE;
	assert_ids(response_list_filtered(db, &r, &page, error), response_id, "2");
	r.state = RESPONSE_DONE;
	assert_ids(response_list_filtered(db, &r, &page, error), response_id, "");

	QuarantineResultFilter q = {0, 0, -1};
	assert_ids(quarantine_result_list_filtered(db, &q, &page, error), result_id, "4 3 2 1");
	q.response_id = first;
	assert_ids(quarantine_result_list_filtered(db, &q, &page, error), result_id, "3 2 1");
	q.status = COPY_PENDING;
	assert_ids(quarantine_result_list_filtered(db, &q, &page, error), result_id, "1");
	q.response_id = second; /* a restore: the rows it undoes, by what became of that */
	assert_ids(quarantine_result_list_filtered(db, &q, &page, error), result_id, "");
	q.status = COPY_SUCCESS;
	assert_ids(quarantine_result_list_filtered(db, &q, &page, error), result_id, "2");
	q = (QuarantineResultFilter){two, 0, -1};
	assert_ids(quarantine_result_list_filtered(db, &q, &page, error), result_id, "4");
	return TRUE;
}

static void test_responses_and_their_rows_are_listed(TestDb *t)
{
	testdb_write(t, list_responses, NULL);
}

static gboolean list_jobs(Db *db, gpointer unused, GError **error)
{
	Page page = {.sight = &sight_everything, .limit = 2};
	for (guint i = 0; i < 5; i++) {
		Job job = {.kind = (char *)(i % 2 ? "a" : "b"),
		           .lane = (char *)"",
		           .state = i == 4 ? JOB_PARKED : JOB_READY,
		           .payload = (char *)"{}"};
		must(job_insert(db, &job, FALSE, error), *error);
	}
	JobFilter f = {-1, NULL};
	assert_ids(job_list(db, &f, &page, error), job_id, "5 4");
	page.before_id = 4;
	assert_ids(job_list(db, &f, &page, error), job_id, "3 2");
	page = (Page){.sight = &sight_everything, .limit = 9};
	f.kind = "b";
	assert_ids(job_list(db, &f, &page, error), job_id, "5 3 1");
	f.state = JOB_PARKED;
	assert_ids(job_list(db, &f, &page, error), job_id, "5");
	return TRUE;
}

static void test_jobs_are_listed(TestDb *t)
{
	testdb_write(t, list_jobs, NULL);
}

static gboolean read_figures(Db *db, gpointer text, GError **error)
{
	*(char **)text = store_figures(db, error);
	return *(char **)text != NULL;
}

static void test_figures_count_what_is_there(TestDb *t)
{
	g_autofree char *figures = NULL;
	testdb_write(t, make_world, NULL);
	testdb_read(t, read_figures, &figures);
	g_autofree char *closed = g_strdup_printf(
		"\"alerts_closed\":%d,",
		(int)testdb_int(t, "SELECT count(*) FROM alert WHERE state = 'closed'"));
	g_assert_nonnull(strstr(figures, closed));
	g_assert_nonnull(strstr(figures, "\"jobs_parked\":0,"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	testdb_add("/listing/incidents are listed by any filters",
	           test_incidents_are_listed_by_any_filters);
	testdb_add("/listing/a title that folding lengthens is found",
	           test_a_title_that_folding_lengthens_is_found);
	testdb_add("/listing/alerts are listed by any filters",
	           test_alerts_are_listed_by_any_filters);
	testdb_add("/listing/reports are listed by any filters",
	           test_reports_are_listed_by_any_filters);
	testdb_add("/listing/responses and their rows are listed",
	           test_responses_and_their_rows_are_listed);
	testdb_add("/listing/jobs are listed", test_jobs_are_listed);
	testdb_add("/listing/figures count what is there", test_figures_count_what_is_there);
	return g_test_run();
}
