/* Incidents by a table, made through the store's own functions. */
#include "../tests/support/shelf.h"

#include "../tests/support/samples.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/text.h"
#include "store/check.h"
#include "store/incident.h"
#include "store/job.h"
#include "store/need.h"
#include "store/report.h"
#include "store/response.h"

#include <glib/gstdio.h>
#include <string.h>

/* `stays` is for incident_days 60, nuisance_days 14, content_days 30, undo for ever. */
/* clang-format off */
const ShelfIncident shelf_incidents[] = {
	{"old",      .days = 100},
	{"old-file", .days = 100, .large = TRUE},
	{"recent",   .days = 10, .large = TRUE, .stays = TRUE},
	{"middle",   .days = 40, .large = TRUE, .stays = TRUE}, /* without its content */
	{"open",     .open = TRUE, .stays = TRUE},
	{"held",     .days = 100, .held = TRUE, .stays = TRUE},
	{"pulled",   .days = 100, .pulled = TRUE, .stays = TRUE},
	{"restored", .days = 100, .pulled = TRUE, .restored = TRUE},
	{"busy",     .days = 100, .busy = TRUE, .stays = TRUE},
	{"spam",     .days = 20, .disposition = "spam"},
	{"chatter",  .days = 20, .kind = "not_a_report"},
	{"mal",      .days = 20, .stays = TRUE},
	{"twin",     .days = 100, .large = TRUE, .bytes_of = "recent"},
	{"shared",   .days = 100, .report_of = "open"},
	{NULL}
};
/* clang-format on */

static void must(gboolean ok, GError *error)
{
	g_assert_no_error(error);
	g_assert_true(ok);
}

/* --- making -------------------------------------------------------------------------------------
 */

typedef struct {
	Shelf *shelf;
	const ShelfIncident *spec;
	gint64 now;
} Make;

static GBytes *bytes_of(const ShelfIncident *spec)
{
	const char *title = spec->bytes_of ? spec->bytes_of : spec->title;
	GString *text = g_string_new(NULL);
	g_string_printf(text, "Subject: %s\n\n", title);
	g_autoptr(GRand) random = g_rand_new_with_seed(g_str_hash(title));
	for (guint i = 0; spec->large && i < RAW_IN_ROW; i++)
		g_string_append_c(text, (char)('a' + g_rand_int_range(random, 0, 26)));
	return g_string_free_to_bytes(text);
}

static gint64 seq_of(Db *db, gint64 incident_id)
{
	GError *error = NULL;
	gint64 seq;
	must(audit_append(db, "test", "incident.open", "incident", incident_id, incident_id, NULL,
	                  &seq, &error),
	     error);
	return seq;
}

static gint64 number(Db *db, const char *sql, const char *text)
{
	GError *error = NULL;
	g_autoptr(DbRows) rows = db_query(db, &error, "t", sql, text);
	must(rows && db_rows_next(rows, &error), error);
	return db_int(rows, 0);
}

static gint64 make_report(Db *db, const Make *make)
{
	GError *error = NULL;
	const ShelfIncident *spec = make->spec;
	if (spec->report_of)
		return number(db,
		              "SELECT report_id FROM report_incident JOIN incident ON incident.id "
		              "= incident_id WHERE title = $1",
		              spec->report_of);
	g_autoptr(GBytes) bytes = bytes_of(spec);
	g_autofree char *sha256 = text_sha256(bytes);
	g_autofree char *reporter = g_strconcat(spec->title, "@corp.example", NULL);
	must(raw_store_register(make->shelf->raw, db, sha256, bytes, &error), error);
	gint64 id = sample_report(db, 1, spec->title, reporter, sha256);
	g_autoptr(Report) report = report_load(db, id, &error);
	report->state = REPORT_DONE;
	report->located = LOCATED_NOT_NEEDED;
	report->subject = g_strdup(spec->title);
	report->revision = seq_of(db, 0);
	must(report_save(db, report, &error) &&
	             db_run(db, NULL, &error, "ii",
	                    "UPDATE report SET received_at = $1, found_at = $1 WHERE id = $2",
	                    make->now - (spec->days + 1) * CLOCK_DAY, id),
	     error);
	return id;
}

static gint64 make_original(Db *db, const ShelfIncident *spec, gint64 report_id)
{
	GError *error = NULL;
	if (spec->report_of)
		return number(db, "SELECT original_id FROM incident WHERE title = $1",
		              spec->report_of);
	g_autofree char *message_id = g_strconcat(spec->title, "@x.example", NULL);
	g_autofree char *breakdown =
		g_strdup_printf("{\"message\":{\"text\":\"content%s\"}}", spec->title);
	gint64 id = sample_original(db, message_id, spec->title, breakdown);
	must(db_run(db, NULL, &error, "ii",
	            "UPDATE original SET sha256 = (SELECT sha256 FROM report WHERE id = $2) "
	            "WHERE id = $1",
	            id, report_id),
	     error);
	return id;
}

static void make_pull(Db *db, const Make *make, gint64 incident_id, gint64 original_id)
{
	GError *error = NULL;
	const ShelfIncident *spec = make->spec;
	g_autofree char *text = g_strdup_printf("Received: by %s\n\ncopy", spec->title);
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
	gint64 id = sample_response(db, incident_id, RESPONSE_QUARANTINE);
	g_autoptr(Response) response = response_load(db, id, &error);
	g_autoptr(QuarantineResult) row = quarantine_result_load(
		db, sample_result(db, id, original_id, "alice@corp.example"), &error);
	row->status = COPY_SUCCESS;
	row->step = spec->restored ? STEP_RESTORED : STEP_MOVED;
	row->sha256 = text_sha256(bytes);
	row->updated_at = make->now - spec->days * CLOCK_DAY;
	row->revision = seq_of(db, incident_id);
	response->state = RESPONSE_DONE;
	g_free(response->counts);
	response->counts = g_strdup("{\"success\":1}");
	must(raw_store_register(make->shelf->raw, db, row->sha256, bytes, &error) &&
	             quarantine_result_save(db, row, &error) && response_save(db, response, &error),
	     error);
}

static void make_busy(Db *db, gint64 incident_id, gint64 original_id)
{
	GError *error = NULL;
	gint64 id = sample_response(db, incident_id, RESPONSE_QUARANTINE);
	gint64 row = sample_result(db, id, original_id, "alice@corp.example");
	g_autofree char *key = g_strdup_printf("copy:%" G_GINT64_FORMAT, row);
	must(db_run(db, NULL, &error, "i", "UPDATE response SET state = 'running' WHERE id = $1",
	            id) &&
	             job_queue(db, "copy.run", key, NULL, PRIORITY_QUARANTINE,
	                       clock_now() + 1000 * CLOCK_DAY, NULL, NULL, &error) &&
	             need_update(db, incident_id, &error),
	     error);
}

static gboolean make_incident(Db *db, gpointer data, GError **error)
{
	const Make *make = data;
	const ShelfIncident *spec = make->spec;
	gint64 report_id = make_report(db, make);
	gint64 original_id = make_original(db, spec, report_id);
	gint64 id = sample_incident(db, NULL, original_id, spec->title);
	sample_alert(db, id, report_id, "alice@corp.example");
	if (spec->pulled)
		make_pull(db, make, id, original_id);
	gint64 closed = make->now - spec->days * CLOCK_DAY, changed;
	must(alert_close_all(db, id, "done", closed, seq_of(db, id), &changed, error), *error);
	must(incident_recount(db, id, seq_of(db, id), closed, error), *error);
	g_autoptr(Incident) incident = incident_load(db, id, error);
	incident->state = spec->open ? STATE_OPEN : STATE_CLOSED;
	incident->opened_at = incident->waiting_since = closed - CLOCK_DAY;
	incident->closed_at = spec->open ? 0 : closed;
	must(incident_save(db, incident, 0, error) &&
	             db_run(db, NULL, error, "tti",
	                    "UPDATE incident SET disposition = $1, kind = $2 WHERE id = $3",
	                    spec->disposition ? spec->disposition : "malicious",
	                    spec->kind ? spec->kind : "reported_mail", id),
	     *error);
	if (spec->busy)
		make_busy(db, id, original_id);
	const IncidentHold hold = {.incident_id = id,
	                           .reason = (char *)"a lawsuit",
	                           .held_by = (char *)"user:law",
	                           .held_at = closed};
	return (!spec->held || incident_hold_insert(db, &hold, error)) &&
	       need_update(db, id, error) &&
	       db_run(db, NULL, error, "it",
	              "INSERT INTO incident_comment (incident_id, author, author_id, text, "
	              "created_at, revision) VALUES ($1, 'user:a', -1, $2, 1, 1)",
	              id, spec->title);
}

static gboolean make_house(Db *db, gpointer unused, GError **error)
{
	return sample_source(db, "abuse", sample_server(db, "corp")) > 0;
}

static void put_file(Shelf *shelf, const ShelfIncident *spec)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = bytes_of(spec);
	g_autoptr(GPtrArray) messages = g_ptr_array_new();
	g_ptr_array_add(messages, bytes);
	g_autoptr(GPtrArray) hashes = raw_store_put(shelf->raw, messages, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(hashes->len, ==, 1);
}

static void write_work(Shelf *shelf, DbWork work, gpointer data)
{
	g_autoptr(GError) error = NULL;
	db_write(shelf->db, work, data, &error);
	g_assert_no_error(error);
}

static void fill(Shelf *shelf)
{
	write_work(shelf, make_house, NULL);
	for (const ShelfIncident *spec = shelf_incidents; spec->title; spec++) {
		Make make = {shelf, spec, clock_now()};
		if (spec->large)
			put_file(shelf, spec);
		write_work(shelf, make_incident, &make);
	}
}

void shelf_open(Shelf *shelf, const char *uri, const char *directory, gboolean make)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *raw = g_build_filename(directory, "raw", NULL);
	shelf->db = db_pool_open(uri, &error);
	g_assert_no_error(error);
	shelf->raw = raw_store_new(raw, &error);
	g_assert_no_error(error);
	if (make)
		fill(shelf);
}

void shelf_close(Shelf *shelf)
{
	db_pool_close(shelf->db);
	raw_store_free(shelf->raw);
}

/* --- running ------------------------------------------------------------------------------------
 */

static gboolean plan_work(Db *db, gpointer data, GError **error)
{
	return retention_plan_save(db, data, error);
}

void shelf_plan(Shelf *shelf, ...)
{
	RetentionPlan plan = {.days[RETENTION_POLL] = 2, .days[RETENTION_ANSWER] = 1};
	va_list list;
	va_start(list, shelf);
	for (const char *name; (name = va_arg(list, const char *));) {
		guint i = 0;
		while (i < RETENTION_PERIODS && strcmp(retention_limits[i].name, name) != 0)
			i++;
		g_assert_cmpuint(i, <, RETENTION_PERIODS);
		plan.days[i] = va_arg(list, int);
	}
	va_end(list);
	write_work(shelf, plan_work, &plan);
}

static gboolean claim_work(Db *db, gpointer data, GError **error)
{
	GPtrArray **jobs = data;
	if (!retention_queue_now(db, NULL, error))
		return FALSE;
	gint64 now = clock_now() + 1;
	/* one that a worker that died has held, too */
	*jobs = job_claim(db, "test/worker/1", now + 1, now + 1, G_MAXINT64, NULL, 0, 1, error);
	return *jobs != NULL;
}

static gboolean finish_work(Db *db, gpointer job, GError **error)
{
	return job_finish(db, job, JOB_DONE, 0, NULL, NULL, NULL, error);
}

void shelf_run(Shelf *shelf)
{
	g_autoptr(GError) error = NULL;
	GPtrArray *claimed = NULL;
	JobTools tools = {.db = shelf->db, .raw = shelf->raw, .node = "test/worker/1"};
	JobOutcome outcome = {0};
	write_work(shelf, claim_work, &claimed);
	g_autoptr(GPtrArray) jobs = claimed;
	g_assert_cmpuint(jobs->len, ==, 1);
	retention_run(&tools, jobs->pdata[0], deadline_in(60), &outcome, &error);
	g_assert_no_error(error);
	write_work(shelf, finish_work, jobs->pdata[0]);
}

/* --- looking ------------------------------------------------------------------------------------
 */

typedef struct {
	const char *sql;
	GString *text;
	gint64 number;
} Look;

static gboolean look_work(Db *db, gpointer data, GError **error)
{
	Look *look = data;
	g_autoptr(GError) problem = NULL;
	g_autoptr(DbRows) rows = db_query_values(db, error, look->sql, NULL, 0);
	g_string_truncate(look->text, 0);
	while (rows && db_rows_next(rows, &problem)) {
		const char *text = db_text(rows, 0);
		look->number = db_int(rows, 0);
		g_string_append_printf(look->text, "%s%s", look->text->len ? " " : "",
		                       text ? text : "");
	}
	g_assert_no_error(problem);
	return rows != NULL;
}

char *shelf_titles(Shelf *shelf, const char *where)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *sql =
		g_strconcat("SELECT title FROM incident WHERE ", where, " ORDER BY title", NULL);
	Look look = {sql, g_string_new(NULL), 0};
	db_read(shelf->db, look_work, &look, &error);
	g_assert_no_error(error);
	return g_string_free(look.text, FALSE);
}

gint64 shelf_int(Shelf *shelf, const char *sql)
{
	g_autoptr(GError) error = NULL;
	Look look = {sql, g_string_new(NULL), 0};
	db_read(shelf->db, look_work, &look, &error);
	g_assert_no_error(error);
	g_string_free(look.text, TRUE);
	return look.number;
}

static gboolean sql_work(Db *db, gpointer sql, GError **error)
{
	return db_run_values(db, NULL, error, sql, NULL, 0);
}

void shelf_sql(Shelf *shelf, const char *sql)
{
	write_work(shelf, sql_work, (gpointer)sql);
}

guint shelf_files(const Shelf *shelf)
{
	guint n = 0;
	for (guint i = 0; i < 256; i++) {
		g_autofree char *shard =
			g_strdup_printf("%s/%02x", raw_store_directory(shelf->raw), i);
		g_autoptr(GDir) dir = g_dir_open(shard, 0, NULL);
		while (dir && g_dir_read_name(dir))
			n++;
	}
	return n;
}

static gboolean check_work(Db *db, gpointer data, GError **error)
{
	Shelf *shelf = data;
	g_autoptr(GPtrArray) results = store_check(db, shelf->raw, error);
	for (guint i = 0; results && i < results->len; i++) {
		const CheckResult *result = results->pdata[i];
		for (guint k = 0; k < result->broken->len; k++)
			g_test_message("%s: %s", result->name, (char *)result->broken->pdata[k]);
		g_assert_cmpint(result->n_broken, ==, 0);
	}
	return results != NULL;
}

void shelf_check(Shelf *shelf, gboolean settled)
{
	g_autoptr(GError) error = NULL;
	db_read(shelf->db, check_work, shelf, &error);
	g_assert_no_error(error);
	if (!settled)
		return;
	g_assert_cmpint(
		shelf_int(shelf,
	                  "SELECT count(*) FROM raw_message WHERE NOT EXISTS (SELECT 1 FROM report "
	                  "WHERE report.sha256 = raw_message.sha256) AND NOT EXISTS (SELECT 1 FROM "
	                  "original WHERE original.sha256 = raw_message.sha256) AND NOT EXISTS "
	                  "(SELECT 1 FROM quarantine_result WHERE quarantine_result.sha256 = "
	                  "raw_message.sha256 AND bytes_removed_at IS NULL)"),
		==, 0);
	g_assert_cmpint(shelf_int(shelf, "SELECT count(*) FROM raw_removal"), ==, 0);
	g_assert_cmpint(shelf_files(shelf), ==,
	                shelf_int(shelf, "SELECT count(*) FROM raw_message WHERE content IS NULL"));
}
