/* Every invariant is broken once, and the check that guards it says so, and no other. */
#include "store/check.h"

#include "../tests/support/postgres.h"
#include "../tests/support/samples.h"
#include "../tests/support/testdb.h"
#include "base/error.h"
#include "base/text.h"
#include "store/audit.h"
#include "store/incident.h"
#include "store/job.h"
#include "store/need.h"
#include "store/report.h"
#include "store/response.h"

#include <sqlite3.h>
#include <string.h>

#define RECORDS 5
#define GONE    77 /* an incident that was removed */

typedef struct {
	RawStore *raw;
	char *sha256[2];
	GBytes *messages[2];
	GPtrArray *results; /* of CheckResult */
} House;

/* --- a house in order ---------------------------------------------------------------------------
 */

static void must(gboolean ok, GError *error)
{
	g_assert_no_error(error);
	g_assert_true(ok);
}

static void append_records(Db *db)
{
	GError *error = NULL;
	for (gint64 seq = 1; seq <= RECORDS; seq++) {
		g_autofree char *previous = NULL;
		gint64 head = 0;
		must(audit_head(db, &head, &previous, &error), error);
		AuditRecord record = {.seq = head + 1,
		                      .at = seq,
		                      .actor = (char *)"test",
		                      .action = (char *)"a.b",
		                      .object_kind = (char *)"a",
		                      .object_id = seq,
		                      .incident_id = seq == 4 ? GONE : 0,
		                      .detail = (char *)"{}"};
		g_autofree char *hash = record.hash = audit_record_hash(&record, previous);
		must(audit_insert(db, &record, &error), error);
	}
}

static void add_job_with(Db *db, const char *kind, const char *key, const char *payload)
{
	GError *error = NULL;
	Job job = {.kind = (char *)kind,
	           .unique_key = (char *)key,
	           .lane = (char *)"",
	           .payload = (char *)payload};
	must(job_insert(db, &job, FALSE, &error), error);
}

static void add_job(Db *db, const char *key)
{
	add_job_with(db, "k", key, "{}");
}

static void add_reports(Db *db, House *house)
{
	GError *error = NULL;
	gint64 original = sample_original(db, "m@x", "f",
	                                  "{\"message\":{\"to\":[{\"address\":\"Bob@X\"}],"
	                                  "\"cc\":[{\"address\":\"eve@x\"},{\"address\":null}]}}");
	gint64 incident = sample_incident(db, "m@x", original, "title");
	for (guint i = 0; i < 2; i++)
		must(raw_store_register(house->raw, db, house->sha256[i], house->messages[i],
		                        &error),
		     error);
	for (gint64 i = 1; i <= 3; i++) {
		g_autofree char *uid = g_strdup_printf("%d", (int)i);
		gint64 id = sample_report(db, 1, uid, "bob@x", house->sha256[0]);
		g_autoptr(Report) report = report_load(db, id, &error);
		report->state = i == 2 ? REPORT_NEW : REPORT_DONE;
		report->located = LOCATED_FOUND;
		report->post_process = i == 3 ? POST_STATE_PENDING : POST_STATE_NONE;
		report->revision = i;
		must(report_save(db, report, &error), error);
		if (i == 2)
			continue;
		sample_alert(db, incident, id, "bob@x");
		sample_alert(db, incident, id, "eve@x");
	}
	add_job_with(db, "report.process", "process:2", "{\"reports\":[77,2]}");
	add_job(db, "postprocess:3");
}

static void add_moved_copy(Db *db, const House *house, gint64 response_id)
{
	GError *error = NULL;
	gint64 id = sample_result(db, response_id, 1, "bob@x");
	g_autoptr(QuarantineResult) row = quarantine_result_load(db, id, &error);
	g_autoptr(Response) response = response_load(db, response_id, &error);
	row->status = COPY_SUCCESS;
	row->step = STEP_MOVED;
	row->sha256 = g_strdup(house->sha256[1]);
	row->quarantine_server_id = 1;
	row->quarantine_mailbox = g_strdup("q@x");
	row->quarantine_folder = g_strdup("Q");
	row->quarantine_epoch = g_strdup("1");
	row->quarantine_uid = g_strdup("1");
	response->state = RESPONSE_DONE;
	g_free(response->counts);
	response->counts = g_strdup("{\"success\":1}");
	must(quarantine_result_save(db, row, &error) && response_save(db, response, &error), error);
}

/* What is left of what was past its period. */
static void add_removed(Db *db)
{
	GError *error = NULL;
	gint64 original = sample_original(db, "gone@x", "", "{}");
	must(db_run(db, NULL, &error, "i",
	            "UPDATE original SET content_removed_at = 1 WHERE id = $1", original) &&
	             db_run(db, NULL, &error, "i",
	                    "INSERT INTO removed_incident (incident_id, run_id, removed_at, "
	                    "opened_at, disposition, kind) VALUES ($1, 1, 1, 1, 'spam', "
	                    "'reported_mail')",
	                    (gint64)GONE),
	     error);
}

static gboolean build(Db *db, gpointer data, GError **error)
{
	House *house = data;
	gint64 server = sample_server(db, "m");
	sample_source(db, "enabled", server);
	sample_source(db, "disabled", server);
	must(db_run(db, NULL, error, "", "UPDATE source SET enabled = 1 WHERE id = 1"), *error);
	add_job(db, "poll:1");
	append_records(db);
	add_reports(db, house);
	add_removed(db);
	sample_incident(db, NULL, 0, "closed");
	must(db_run(db, NULL, error, "", "UPDATE incident SET state = 'closed' WHERE id = 2"),
	     *error);
	add_moved_copy(db, house, sample_response(db, 1, RESPONSE_QUARANTINE));
	gint64 running = sample_response(db, 1, RESPONSE_QUARANTINE);
	must(db_run(db, NULL, error, "i", "UPDATE response SET state = 'running' WHERE id = $1",
	            running),
	     *error);
	sample_result(db, running, 1, "eve@x");
	add_job(db, "copy:2");
	sample_response(db, 1, RESPONSE_QUARANTINE);
	add_job(db, "response:3");
	must(db_run(db, NULL, error, "",
	            "INSERT INTO user_account (name, role_id, enabled, created_at, revision) "
	            "VALUES "
	            "('eve', 1, 1, 1, 0)") &&
	             db_run(db, NULL, error, "",
	                    "INSERT INTO team (name, description, created_at, revision) VALUES "
	                    "('t', '', 1, 0)") &&
	             db_run(db, NULL, error, "",
	                    "INSERT INTO team_member (team_id, member_id) VALUES (1, -1)"),
	     *error);
	must(need_update(db, 1, error) && need_update(db, 2, error), *error);
	return TRUE;
}

static gboolean look(Db *db, gpointer data, GError **error)
{
	House *house = data;
	g_clear_pointer(&house->results, g_ptr_array_unref);
	house->results = store_check(db, house->raw, error);
	return house->results != NULL;
}

static House house_new(TestDb *t)
{
	House house = {.raw = raw_store_new(NULL, NULL)};
	for (guint i = 0; i < 2; i++) {
		g_autofree char *text = g_strdup_printf("message %u", i);
		house.messages[i] = g_bytes_new(text, strlen(text));
		house.sha256[i] = text_sha256(house.messages[i]);
	}
	testdb_write(t, build, &house);
	return house;
}

static void house_clear(House *house)
{
	g_clear_pointer(&house->raw, raw_store_free);
	g_clear_pointer(&house->results, g_ptr_array_unref);
	for (guint i = 0; i < 2; i++) {
		g_free(house->sha256[i]);
		g_bytes_unref(house->messages[i]);
	}
}

/* The names of the checks that found something. */
static char *broken_names(const House *house)
{
	GString *names = g_string_new(NULL);
	for (guint i = 0; i < house->results->len; i++) {
		const CheckResult *result = house->results->pdata[i];
		g_assert_cmpint(result->broken->len, ==, MIN(result->n_broken, 20));
		if (!result->n_broken)
			continue;
		g_string_append_printf(names, "%s%s", names->len ? " " : "", result->name);
		g_test_message("%s: %s", result->name, (char *)result->broken->pdata[0]);
	}
	return g_string_free(names, FALSE);
}

static void test_a_house_in_order_has_nothing_to_say(TestDb *t)
{
	House house = house_new(t);
	testdb_read(t, look, &house);
	g_autofree char *names = broken_names(&house);
	g_assert_cmpstr(names, ==, "");
	for (guint i = 0; i < house.results->len; i++) {
		const CheckResult *result = house.results->pdata[i];
		g_test_message("%s: %d", result->name, (int)result->checked);
		g_assert_cmpint(result->checked, >, 0); /* it did look at something */
	}
	house_clear(&house);
}

/* --- what may be wrong --------------------------------------------------------------------------
 */

/* As a hand at the database would, past its constraints. */
static void damage(TestDb *t, const char *sql)
{
	if (strcmp(db_pool_driver_name(t->pool), "postgresql") == 0) {
		g_autofree char *script =
			g_strconcat("SET session_replication_role = replica; ", sql, NULL);
		postgres_run(t->uri, script);
		return;
	}
	sqlite3 *handle = NULL;
	char *message = NULL;
	g_assert_cmpint(sqlite3_open(t->uri + strlen("sqlite://"), &handle), ==, SQLITE_OK);
	sqlite3_busy_timeout(handle, 10000);
	sqlite3_exec(handle, sql, NULL, NULL, &message);
	g_assert_cmpstr(message, ==, NULL);
	sqlite3_close(handle);
}

static const struct {
	const char *sql, *broken;
} damages[] = {
	{"DELETE FROM raw_message WHERE sha256 = (SELECT sha256 FROM report WHERE id = 1)",
         "references"},
	{"UPDATE alert SET original_id = 77 WHERE id = 1", "references"},
	{"UPDATE response SET of_response_id = 77 WHERE id = 3", "references"},
	{"UPDATE report SET sha256 = NULL WHERE id = 1", "report-kept"},
	{"DELETE FROM job WHERE unique_key = 'process:2'", "report-worked-on"},
	{"UPDATE job SET state = 'done' WHERE unique_key = 'process:2'", "report-worked-on"},
	{"UPDATE job SET payload = '{\"reports\":[77]}' WHERE unique_key = 'process:2'",
         "report-worked-on"},
	{"UPDATE job SET state = 'cancelled' WHERE unique_key = 'postprocess:3'",
         "report-post-processed"},
	{"UPDATE report SET state = 'unparsed' WHERE id = 2; DELETE FROM job WHERE "
         "unique_key = 'process:2'",
         "report-outcome"},
	{"UPDATE alert SET source_id = 2; UPDATE report SET located = 'not_found'", "report-alert"},
	{"INSERT INTO original (message_id, fingerprint, first_hand, breakdown, created_at) SELECT "
         "message_id, fingerprint, 1, breakdown, 0 FROM original",
         "original-once"},
	{"UPDATE alert SET recipient = 'ann@x' WHERE id = 2", "alert-sets"},
	{"DROP INDEX alert_open; UPDATE alert SET recipient = 'bob@x'; "
         "UPDATE report SET located = 'not_found'",
         "alert-open-once"},
	{"DELETE FROM alert_report WHERE alert_id = 1 AND report_id = 1", "alert-report"},
	{"UPDATE incident SET alert_count = alert_count + 1", "incident-counts"},
	{"UPDATE incident SET report_count = 0", "incident-counts incident-need"},
	{"UPDATE incident SET state = 'closed'", "incident-state incident-need"},
	{"UPDATE incident SET need = need + 1 WHERE id = 1", "incident-need"},
	{"UPDATE incident SET need_reasons = '[]' WHERE id = 1", "incident-need"},
	{"UPDATE incident SET assignee = 'eve' WHERE id = 1", "incident-need"},
	{"DELETE FROM incident_source", "incident-sources"},
	{"UPDATE incident SET assignee = 'eve', assignee_id = -7, need = need - 30, need_reasons = "
         "replace(need_reasons, '\"unassigned\",', '') WHERE id = 1",
         "incident-assignee"},
	{"UPDATE team_member SET member_id = 7", "team-members"},
	{"UPDATE user_account SET deleted_at = 1", "team-members"},
	{"DELETE FROM team", "references"},
	{"DELETE FROM job WHERE unique_key = 'response:3'", "response-worked-on"},
	{"DELETE FROM quarantine_result WHERE id = 2", "response-worked-on"},
	{"DELETE FROM job WHERE unique_key = 'copy:2'", "copy-worked-on"},
	{"UPDATE response SET counts = '{\"success\":2}' WHERE id = 1", "ledger"},
	{"UPDATE response SET counts = '' WHERE id = 1", "ledger"},
	{"UPDATE response SET state = 'done', counts = '{\"pending\":1}' WHERE id = 2",
         "ledger-ended"},
	{"UPDATE quarantine_result SET sha256 = 'aa' WHERE id = 1", "copy-kept"},
	{"UPDATE quarantine_result SET sha256 = NULL, step = 'removing' WHERE id = 1", "copy-kept"},
	{"DROP INDEX quarantine_result_place; UPDATE quarantine_result SET quarantine_server_id = "
         "1, "
         "quarantine_mailbox = 'q@x', quarantine_folder = 'Q', quarantine_epoch = '1', "
         "quarantine_uid = '1'",
         "copy-place"},
	{"DROP INDEX job_unique_key; INSERT INTO job (kind, unique_key, lane, priority, state, "
         "run_at, "
         "payload, created_at, updated_at) SELECT kind, unique_key, lane, priority, state, run_at, "
         "payload, created_at, updated_at FROM job WHERE unique_key = 'copy:2'",
         "job-once"},
	{"UPDATE job SET state = 'done' WHERE unique_key = 'poll:1'", "source-polled"},
	{"UPDATE source SET deleted_at = 1 WHERE id = 1", "source-polled"},
	{"UPDATE source SET enabled = 1 WHERE id = 2", "source-polled"},
	{"DELETE FROM removed_incident", "audit-incidents"},
	{"INSERT INTO removed_incident (incident_id, run_id, removed_at, opened_at, disposition, "
         "kind) VALUES (1, 1, 1, 1, 'spam', 'reported_mail')",
         "removed"},
	{"INSERT INTO removed_report (source_id, epoch, server_uid, received_at, found_at) SELECT "
         "source_id, epoch, server_uid, 1, 1 FROM report",
         "removed"},
	{"UPDATE original SET sha256 = (SELECT MIN(sha256) FROM raw_message) WHERE "
         "content_removed_at IS NOT NULL",
         "content-removed"},
	{"INSERT INTO audit_anchor (id, seq, hash, at) SELECT 1, seq, hash, at FROM audit WHERE "
         "seq = 2; DELETE FROM audit WHERE seq <= 2",
         "audit-chain"},
	{"UPDATE audit SET actor = 'eve' WHERE seq = 2", "audit-chain"},
	{"DELETE FROM audit WHERE seq = 2", "audit-chain"},
	{"UPDATE incident SET revision = 6", "audit-revisions"},
	{"DELETE FROM audit WHERE seq > 2", "audit-revisions"},
	{"UPDATE raw_message SET size = size + 1", "raw"},
	{"UPDATE raw_message SET content = NULL WHERE sha256 = "
         "(SELECT sha256 FROM quarantine_result WHERE id = 1)",
         "raw"},
};

typedef struct {
	House *house;
	const char *sql;
} Damage;

/* Inside a transaction that is rolled back, with constraints put off. */
static gboolean damage_and_look(Db *db, gpointer data, GError **error)
{
	Damage *what = data;
	gboolean sqlite = strcmp(db_driver_name(db), "sqlite") == 0;
	g_auto(GStrv) statements = g_strsplit(what->sql, "; ", -1);
	must(db_run(db, NULL, error, "",
	            sqlite ? "PRAGMA defer_foreign_keys = ON"
	                   : "SET LOCAL session_replication_role = replica"),
	     *error);
	for (char **sql = statements; *sql; sql++)
		must(db_run(db, NULL, error, "", *sql), *error);
	must(look(db, what->house, error), *error);
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_CANCELLED, "seen");
	return FALSE;
}

static void test_each_damage_is_found_by_its_check(TestDb *t)
{
	House house = house_new(t);
	for (guint i = 0; i < G_N_ELEMENTS(damages); i++) {
		g_autoptr(GError) error = NULL;
		Damage what = {&house, damages[i].sql};
		g_test_message("--- %s", damages[i].sql);
		g_assert_false(db_write(t->pool, damage_and_look, &what, &error));
		g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_CANCELLED);
		g_autofree char *names = broken_names(&house);
		g_assert_cmpstr(names, ==, damages[i].broken);
	}
	house_clear(&house);
}

static void test_a_report_twice_is_found(TestDb *t)
{
	House house = house_new(t);
	damage(t, "ALTER TABLE report DROP CONSTRAINT report_source_id_epoch_server_uid_key; "
	          "UPDATE report SET server_uid = '1' WHERE id = 3");
	testdb_read(t, look, &house);
	g_autofree char *names = broken_names(&house);
	g_assert_cmpstr(names, ==, "report-once");
	house_clear(&house);
}

/* An index that says other than its table: what a bad sector or a bad restore may leave. */
static void test_a_damaged_file_is_found(TestDb *t)
{
	House house = house_new(t);
	testdb_run(t, "UPDATE job SET run_at = 1000 + id");
	damage(t,
	       "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE INDEX "
	       "job_run_at ON job (priority) WHERE state = ''ready''' WHERE name = 'job_run_at'");
	db_pool_close(t->pool);
	t->pool = db_pool_open(t->uri, NULL);
	testdb_read(t, look, &house);
	g_autofree char *names = broken_names(&house);
	g_assert_cmpstr(names, ==, "database");
	house_clear(&house);
}

static gboolean insert_orphans(Db *db, gpointer data, GError **error)
{
	for (gint64 i = 0; i < 30; i++)
		must(db_run(db, NULL, error, "i",
		            "INSERT INTO original (message_id, fingerprint, first_hand, breakdown, "
		            "created_at) SELECT CAST($1 AS TEXT), 'g', 1, breakdown, 0 "
		            "FROM original WHERE id = 1",
		            i / 2),
		     *error);
	return TRUE;
}

static void test_much_damage_is_counted_and_told_in_part(TestDb *t)
{
	House house = house_new(t);
	damage(t, "UPDATE incident SET revision = 99; UPDATE report SET revision = 99");
	testdb_write(t, insert_orphans, NULL);
	testdb_read(t, look, &house);
	g_autofree char *names = broken_names(&house);
	g_assert_cmpstr(names, ==, "original-once audit-revisions");
	house_clear(&house);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	testdb_add("/check/a house in order has nothing to say",
	           test_a_house_in_order_has_nothing_to_say);
	testdb_add("/check/each damage is found by its check",
	           test_each_damage_is_found_by_its_check);
	testdb_add_on("postgresql", "/check/a report twice is found", test_a_report_twice_is_found);
	testdb_add_on("sqlite", "/check/a damaged file is found", test_a_damaged_file_is_found);
	testdb_add("/check/much damage is counted and told in part",
	           test_much_damage_is_counted_and_told_in_part);
	return g_test_run();
}
