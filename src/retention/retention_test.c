/* What goes, what stays, and what is left of what went. */
#include "retention/retention.h"

#include "../tests/support/samples.h"
#include "../tests/support/shelf.h"
#include "../tests/support/testdb.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "quarantine/quarantine.h"
#include "search/index.h"
#include "store/figures.h"
#include "store/report.h"

#include <string.h>

static gint compare_texts(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *titles_that_stay(void)
{
	g_autoptr(GPtrArray) titles = g_ptr_array_new();
	for (const ShelfIncident *spec = shelf_incidents; spec->title; spec++)
		if (spec->stays)
			g_ptr_array_add(titles, (char *)spec->title);
	g_ptr_array_sort(titles, compare_texts);
	g_ptr_array_add(titles, NULL);
	return g_strjoinv(" ", (char **)titles->pdata);
}

static guint count_specs(void)
{
	guint n = 0;
	while (shelf_incidents[n].title)
		n++;
	return n;
}

static void index_all(Shelf *shelf)
{
	gboolean more = TRUE;
	g_autoptr(GError) error = NULL;
	while (more && search_index_some(shelf->db, &more, &error))
		;
	g_assert_no_error(error);
}

static gboolean count_figures(Db *db, gpointer more, GError **error)
{
	return figures_update(db, more, error);
}

static void figures_all(Shelf *shelf)
{
	gboolean more = TRUE;
	g_autoptr(GError) error = NULL;
	while (more && db_write(shelf->db, count_figures, &more, &error))
		;
	g_assert_no_error(error);
}

static void test_what_is_past_its_period_goes(TestDb *t)
{
	Shelf shelf;
	shelf_open(&shelf, t->uri, t->directory, TRUE);
	shelf_check(&shelf, TRUE);
	g_autofree char *all = shelf_titles(&shelf, "1 = 1");
	shelf_plan(&shelf, NULL);
	shelf_run(&shelf);
	g_autofree char *still = shelf_titles(&shelf, "1 = 1");
	g_assert_cmpstr(all, ==, still); /* by itself nothing does */

	shelf_plan(&shelf, "incident_days", 60, "nuisance_days", 14, "content_days", 30, NULL);
	shelf_run(&shelf);
	g_autofree char *left = shelf_titles(&shelf, "1 = 1");
	g_autofree char *expected = titles_that_stay();
	g_assert_cmpstr(left, ==, expected);
	g_autofree char *emptied = shelf_titles(&shelf, "content_removed_at IS NOT NULL");
	g_assert_cmpstr(emptied, ==, "middle pulled");
	shelf_check(&shelf, TRUE);
	g_assert_cmpint(shelf_int(&shelf, "SELECT count(*) FROM incident_comment"), ==,
	                shelf_int(&shelf, "SELECT count(*) FROM incident"));
	/* "twin" has the bytes of "recent", "shared" the report of "open" */
	g_assert_cmpint(shelf_int(&shelf, "SELECT count(*) FROM report WHERE subject = 'open' AND "
	                                  "sha256 IS NOT NULL"),
	                ==, 1);
	g_assert_cmpuint(shelf_files(&shelf), ==, 1);
	g_assert_cmpint(shelf_int(&shelf, "SELECT count(*) FROM removed_report"), ==,
	                count_specs() - 1 - shelf_int(&shelf, "SELECT count(*) FROM report"));
	shelf_run(&shelf);
	shelf_check(&shelf, TRUE);
	g_autofree char *again = shelf_titles(&shelf, "1 = 1");
	g_assert_cmpstr(again, ==, expected);
	shelf_close(&shelf);
}

static void test_what_can_be_put_back_keeps_its_bytes(TestDb *t)
{
	Shelf shelf;
	static const char kept[] =
		"SELECT count(*) FROM quarantine_result JOIN raw_message ON raw_message.sha256 = "
		"quarantine_result.sha256 JOIN incident ON incident.id = incident_id WHERE title = "
		"'pulled'";
	shelf_open(&shelf, t->uri, t->directory, TRUE);
	shelf_plan(&shelf, "incident_days", 60, "content_days", 30, NULL);
	shelf_run(&shelf);
	g_assert_cmpint(shelf_int(&shelf, kept), ==, 1);
	shelf_plan(&shelf, "undo_days", 200, "content_days", 30, NULL);
	shelf_run(&shelf);
	g_assert_cmpint(shelf_int(&shelf, kept), ==, 1);
	shelf_plan(&shelf, "undo_days", 90, "content_days", 30, NULL);
	shelf_run(&shelf);
	g_assert_cmpint(shelf_int(&shelf, kept), ==, 0);
	g_assert_cmpint(shelf_int(&shelf, "SELECT count(*) FROM quarantine_result WHERE "
	                                  "bytes_removed_at IS NOT NULL"),
	                ==, 1);
	shelf_check(&shelf, TRUE);
	shelf_plan(&shelf, "undo_days", 90, "incident_days", 60, NULL);
	shelf_run(&shelf);
	g_autofree char *left = shelf_titles(&shelf, "title IN ('pulled', 'restored')");
	g_assert_cmpstr(left, ==, "");
	shelf_check(&shelf, TRUE);
	shelf_close(&shelf);
}

typedef struct {
	gint64 incident;
	GError *refusal;
} Restore;

static gboolean ask_restore(Db *db, gpointer data, GError **error)
{
	Restore *restore = data;
	g_autoptr(Response) response = g_new0(Response, 1);
	response->incident_id = restore->incident;
	response->kind = RESPONSE_RESTORE;
	response->requested_by = g_strdup("key:test");
	g_clear_error(&restore->refusal);
	response_request(db, response, &restore->refusal);
	return TRUE;
}

static void test_undo_after_its_period_is_refused_in_words(TestDb *t)
{
	Shelf shelf;
	shelf_open(&shelf, t->uri, t->directory, TRUE);
	Restore restore = {shelf_int(&shelf, "SELECT id FROM incident WHERE title = 'pulled'"),
	                   NULL};
	shelf_plan(&shelf, "undo_days", 90, NULL);
	shelf_run(&shelf);
	testdb_write(t, ask_restore, &restore);
	g_assert_error(restore.refusal, TRAWL_ERROR, TRAWL_ERROR_CONFLICT);
	g_assert_nonnull(strstr(restore.refusal->message, "can be put back no more"));
	g_error_free(restore.refusal);
	shelf_close(&shelf);
}

static void test_words_go_with_what_said_them(TestDb *t)
{
	Shelf shelf;
	static const char of_content[] =
		"SELECT count(*) FROM search_word WHERE CAST(word AS TEXT) LIKE '%contentold%'";
	gboolean postgres = strcmp(db_pool_driver_name(t->pool), "postgresql") == 0;
	const char *content =
		postgres ? "SELECT count(*) FROM search_word WHERE encode(word, 'escape') LIKE "
			   "'%contentmiddle%'"
			 : "SELECT count(*) FROM search_word WHERE CAST(word AS TEXT) LIKE "
			   "'%contentmiddle%'";
	shelf_open(&shelf, t->uri, t->directory, TRUE);
	index_all(&shelf);
	g_assert_cmpint(shelf_int(&shelf, content), ==, 1);
	if (!postgres)
		g_assert_cmpint(shelf_int(&shelf, of_content), >=, 1);
	shelf_plan(&shelf, "incident_days", 60, "content_days", 30, NULL);
	shelf_run(&shelf);
	g_assert_cmpint(shelf_int(&shelf, content), ==, 0);
	if (!postgres)
		g_assert_cmpint(shelf_int(&shelf, of_content), ==, 0);
	index_all(&shelf);
	g_assert_cmpint(shelf_int(&shelf, content), ==, 0);
	g_assert_cmpint(shelf_int(&shelf, "SELECT count(*) FROM search_incident"), ==,
	                shelf_int(&shelf, "SELECT count(*) FROM incident"));
	shelf_close(&shelf);
}

typedef struct {
	gint64 incidents, reports;
} Figures;

static gboolean look_at_figures(Db *db, gpointer data, GError **error)
{
	Figures *figures = data;
	g_autoptr(GPtrArray) incidents =
		figures_incidents(db, &sight_everything, 1, 0, G_MAXINT64 / 2, error);
	g_autoptr(GPtrArray) reports =
		figures_reports(db, &sight_everything, 1, 0, G_MAXINT64 / 2, 0, error);
	figures->incidents = incidents->len;
	figures->reports = 0;
	for (guint i = 0; i < reports->len; i++)
		figures->reports += ((ReportVolume *)reports->pdata[i])->count;
	return incidents && reports;
}

static void test_statistics_count_what_went(TestDb *t)
{
	Shelf shelf;
	Figures before, after;
	shelf_open(&shelf, t->uri, t->directory, TRUE);
	figures_all(&shelf);
	testdb_read(t, look_at_figures, &before);
	g_assert_cmpint(before.incidents, ==, count_specs());
	g_assert_cmpint(before.reports, ==, count_specs() - 1);
	shelf_plan(&shelf, "incident_days", 60, "nuisance_days", 14, NULL);
	shelf_run(&shelf);
	figures_all(&shelf);
	testdb_read(t, look_at_figures, &after);
	g_assert_cmpint(after.incidents, ==, before.incidents);
	g_assert_cmpint(after.reports, ==, before.reports);
	/* who reported only what is gone is gone, too */
	g_assert_cmpint(
		shelf_int(&shelf, "SELECT count(*) FROM reporter WHERE address LIKE 'old%'"), ==,
		0);
	g_assert_cmpint(
		shelf_int(&shelf, "SELECT count(*) FROM reporter WHERE address LIKE 'recent%'"), ==,
		1);
	shelf_close(&shelf);
}

static gboolean find_removed(Db *db, gpointer data, GError **error)
{
	gint64 *known = data;
	return report_find_known(db, 1, "1", "old", known, error);
}

static gboolean move_removed(Db *db, gpointer sha256, GError **error)
{
	gboolean was;
	gint64 at = 0, known;
	g_autoptr(DbRows) rows = db_query(
		db, error, "", "SELECT received_at FROM removed_report WHERE server_uid = 'old'");
	g_assert_true(rows && db_rows_next(rows, error));
	at = db_int(rows, 0);
	g_clear_pointer(&rows, db_rows_free);
	const Report now = {.source_id = 1,
	                    .epoch = (char *)"2",
	                    .server_uid = (char *)"77",
	                    .sha256 = sha256,
	                    .received_at = at};
	g_assert_true(report_relocate_removed(db, &now, &was, error));
	g_assert_true(was);
	g_assert_true(report_find_known(db, 1, "2", "77", &known, error));
	g_assert_cmpint(known, ==, -1);
	return report_relocate_removed(db, &now, &was, error);
}

static void test_what_lies_in_its_folder_still_is_not_reported_again(TestDb *t)
{
	Shelf shelf;
	gint64 known = 0;
	g_autoptr(GBytes) bytes = g_bytes_new_static("Subject: old\n\n", 14);
	g_autofree char *sha256 = text_sha256(bytes);
	shelf_open(&shelf, t->uri, t->directory, TRUE);
	shelf_plan(&shelf, "incident_days", 60, NULL);
	shelf_run(&shelf);
	testdb_read(t, find_removed, &known);
	g_assert_cmpint(known, ==, -1);
	testdb_write(t, move_removed, sha256);
	shelf_check(&shelf, TRUE);
	shelf_close(&shelf);
}

static gboolean verify(Db *db, gpointer anchor, GError **error)
{
	gint64 checked;
	return audit_verify(db, &checked, anchor, error);
}

static gint64 first_record(TestDb *t)
{
	g_auto(AuditAnchor) anchor = {0};
	testdb_read(t, verify, &anchor);
	return anchor.seq + 1;
}

/* The chain as it would be had it been written long ago. */
static gboolean age_audit(Db *db, gpointer unused, GError **error)
{
	g_autofree char *previous = g_strdup("");
	g_autoptr(GPtrArray) records =
		audit_list(db, &sight_everything, 0, AUDIT_ALL, 100000, error);
	for (guint i = 0; records && i < records->len; i++) {
		AuditRecord *record = records->pdata[i];
		record->at = 5;
		char *hash = audit_record_hash(record, previous);
		g_free(previous);
		previous = hash;
		if (!db_run(db, NULL, error, "iti",
		            "UPDATE audit SET at = $1, hash = $2 WHERE seq = $3", record->at, hash,
		            record->seq))
			return FALSE;
	}
	return records != NULL;
}

static void test_the_audit_log_is_verified_from_where_it_begins(TestDb *t)
{
	Shelf shelf;
	g_autoptr(GError) error = NULL;
	shelf_open(&shelf, t->uri, t->directory, TRUE);
	shelf_plan(&shelf, "audit_days", 90, NULL);
	shelf_run(&shelf);
	g_assert_cmpint(first_record(t), ==, 1); /* none is so old */
	testdb_write(t, age_audit, NULL);
	gint64 needed = testdb_int(t, "SELECT MIN(seq) FROM audit WHERE incident_id IN (SELECT id "
	                              "FROM incident WHERE title IN ('open', 'held', 'busy'))");
	g_assert_cmpint(needed, >, 1);
	shelf_run(&shelf);
	g_assert_cmpint(testdb_int(t, "SELECT MIN(seq) FROM audit"), ==, needed);
	g_assert_cmpint(first_record(t), ==, needed);
	shelf_check(&shelf, TRUE);

	shelf_sql(&shelf, "DELETE FROM incident_hold");
	shelf_sql(&shelf, "UPDATE incident SET state = 'closed', closed_at = 9");
	shelf_sql(&shelf, "UPDATE response SET state = 'done'");
	shelf_run(&shelf);
	gint64 first = first_record(t);
	g_assert_cmpint(first, >, needed);
	g_assert_cmpint(testdb_int(t, "SELECT MIN(at) FROM audit"), >, 5);

	/* Whoever takes away records has no record that says so. */
	AuditAnchor anchor = {0};
	g_autofree char *forged = g_strdup_printf(
		"UPDATE audit_anchor SET seq = seq + 1, hash = (SELECT hash FROM audit WHERE seq = "
		"%" G_GINT64_FORMAT ")",
		first);
	g_autofree char *taken =
		g_strdup_printf("DELETE FROM audit WHERE seq = %" G_GINT64_FORMAT, first);
	shelf_sql(&shelf, forged);
	shelf_sql(&shelf, taken);
	g_assert_false(db_read(t->pool, verify, &anchor, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT);
	g_assert_nonnull(strstr(error->message, "no record says"));
	audit_anchor_clear(&anchor);
	g_clear_error(&error);
	shelf_sql(&shelf, "DELETE FROM audit_anchor");
	g_assert_false(db_read(t->pool, verify, &anchor, &error));
	g_assert_nonnull(strstr(error->message, "audit record 1 is missing"));
	audit_anchor_clear(&anchor);
	shelf_close(&shelf);
}

static gboolean count_rows(Db *db, gpointer unused, GError **error)
{
	const gint64 now = clock_now(), days[] = {0, 1, 3, 10, 100};
	for (guint i = 0; i < G_N_ELEMENTS(days); i++) {
		gint64 at = now - days[i] * CLOCK_DAY - CLOCK_HOUR;
		if (!db_run(db, NULL, error, "ii",
		            "INSERT INTO source_poll (source_id, at, took, found) VALUES (1, $1, "
		            "1, $2)",
		            at, (gint64)i) ||
		    !db_run(db, NULL, error, "it",
		            "INSERT INTO idempotency (api_key_id, idempotency_key, request, "
		            "status, "
		            "headers, body, created_at) VALUES (1, $2, '', 200, '', '', $1)",
		            at,
		            i == 0   ? "a"
		            : i == 1 ? "b"
		            : i == 2 ? "c"
		            : i == 3 ? "d"
		                     : "e") ||
		    !db_run(db, NULL, error, "i",
		            "INSERT INTO job (kind, lane, priority, state, run_at, payload, "
		            "created_at, "
		            "updated_at) VALUES ('k', 'l', 1, 'done', 1, '{}', 1, $1)",
		            at))
			return FALSE;
	}
	return db_run(db, NULL, error, "",
	              "UPDATE job SET state = 'parked' WHERE updated_at = (SELECT MIN(updated_at) "
	              "FROM job WHERE kind = 'k')");
}

static void test_rows_that_are_over_go_in_their_time(TestDb *t)
{
	Shelf shelf;
	shelf_open(&shelf, t->uri, t->directory, TRUE);
	testdb_write(t, count_rows, NULL);
	shelf_plan(&shelf, "poll_days", 9, "job_days", 2, "answer_days", 1, NULL);
	shelf_run(&shelf);
	g_assert_cmpint(testdb_int(t, "SELECT count(*) FROM source_poll"), ==, 3);
	g_assert_cmpint(testdb_int(t, "SELECT count(*) FROM idempotency"), ==, 1);
	g_assert_cmpint(testdb_int(t, "SELECT count(*) FROM job WHERE kind = 'k'"), ==, 3);
	g_assert_cmpint(testdb_int(t, "SELECT count(*) FROM job WHERE state = 'parked'"), ==, 1);
	shelf_close(&shelf);
}

static gboolean ask_preview(Db *db, gpointer data, GError **error)
{
	RetentionPlan plan = {.days[RETENTION_INCIDENT] = 60,
	                      .days[RETENTION_NUISANCE] = 14,
	                      .days[RETENTION_CONTENT] = 30};
	const RemovalTime time = removal_time(&plan, clock_now());
	return removal_preview(db, &time, data, error);
}

static void test_a_preview_says_what_goes(TestDb *t)
{
	Shelf shelf;
	RemovalPreview preview, after;
	shelf_open(&shelf, t->uri, t->directory, TRUE);
	testdb_read(t, ask_preview, &preview);
	g_assert_cmpint(preview.incidents, ==, 7);
	g_assert_cmpint(preview.contents, ==, 2);
	g_assert_cmpint(preview.held, ==, 1);
	g_assert_cmpint(preview.put_back, ==, 1);
	g_assert_cmpint(preview.bytes, >, 2 * (gint64)RAW_IN_ROW);
	g_assert_cmpint(preview.oldest_at, <, clock_now() - 100 * CLOCK_DAY);
	shelf_plan(&shelf, "incident_days", 60, "nuisance_days", 14, "content_days", 30, NULL);
	shelf_run(&shelf);
	testdb_read(t, ask_preview, &after);
	g_assert_cmpint(after.incidents, ==, 0);
	g_assert_cmpint(after.contents, ==, 0);
	shelf_close(&shelf);
}

static gboolean look(Db *db, gpointer data, GError **error)
{
	gint64 *at = data;
	gboolean queued;
	gboolean ok = retention_look(db, *at, &queued, error);
	*at = queued;
	return ok;
}

static void test_the_first_run_is_a_day_after_the_first_start(TestDb *t)
{
	gint64 at = 5;
	testdb_write(t, look, &at);
	g_assert_cmpint(at, ==, FALSE);
	at = 5 + CLOCK_DAY - 1;
	testdb_write(t, look, &at);
	g_assert_cmpint(at, ==, FALSE);
	at = 5 + CLOCK_DAY;
	testdb_write(t, look, &at);
	g_assert_cmpint(at, ==, TRUE);
	at = 5 + CLOCK_DAY + 1;
	testdb_write(t, look, &at);
	g_assert_cmpint(at, ==, FALSE);
	g_assert_cmpint(testdb_int(t, "SELECT count(*) FROM job"), ==, 1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, test) testdb_add("/retention/" name, test)
	ADD("what is past its period goes", test_what_is_past_its_period_goes);
	ADD("what can be put back keeps its bytes", test_what_can_be_put_back_keeps_its_bytes);
	ADD("undo after its period is refused in words",
	    test_undo_after_its_period_is_refused_in_words);
	ADD("words go with what said them", test_words_go_with_what_said_them);
	ADD("statistics count what went", test_statistics_count_what_went);
	ADD("what lies in its folder still is not reported again",
	    test_what_lies_in_its_folder_still_is_not_reported_again);
	ADD("the audit log is verified from where it begins",
	    test_the_audit_log_is_verified_from_where_it_begins);
	ADD("rows that are over go in their time", test_rows_that_are_over_go_in_their_time);
	ADD("a preview says what goes", test_a_preview_says_what_goes);
	ADD("the first run is a day after the first start",
	    test_the_first_run_is_a_day_after_the_first_start);
	return g_test_run();
}
