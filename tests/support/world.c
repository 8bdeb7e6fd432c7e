/* Makes what `trawl serve` would have made, and runs jobs by hand or with the real runner. */
#include "world.h"

#include "maildisk.h"

#include "audit/audit.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "mail/fingerprint/fingerprint.h"
#include "quarantine/quarantine.h"
#include "store/check.h"
#include "store/incident.h"
#include "store/job.h"
#include "store/report.h"
#include "store/response.h"
#include "store/source.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const JobKind kinds[] = {{"response.run", response_run, RESPONSE_RUN_SECONDS, -1, TRUE},
                                {"copy.run", copy_run, COPY_RUN_SECONDS, -1, TRUE},
                                {NULL}};

/* The reader */

static pid_t reader_pid;
static char *reader_directory, *reader_socket;

const char *world_reader_start(void)
{
	reader_directory = g_dir_make_tmp("trawl-reader-XXXXXX", NULL);
	reader_socket = g_build_filename(reader_directory, "reader.sock", NULL);
	reader_pid = fork();
	if (reader_pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		_exit(reader_serve(reader_socket));
	}
	for (guint i = 0; i < 1000 && !g_file_test(reader_socket, G_FILE_TEST_EXISTS); i++)
		g_usleep(10000);
	return reader_socket;
}

void world_reader_stop(void)
{
	kill(reader_pid, SIGTERM);
	waitpid(reader_pid, NULL, 0);
	maildisk_remove_tree(reader_directory);
	g_free(reader_directory);
	g_free(reader_socket);
}

/* Making */

gboolean world_raw_in_database;

static json_t *plain_secret(GBytes *sealed, gpointer data, GError **error)
{
	gsize size;
	const char *text = g_bytes_get_data(sealed, &size);
	return json_parse(text, (gssize)size, error);
}

World *world_visit(const char *directory, const char *reader,
                   const MailServerKind *const *server_kinds)
{
	World *world = g_new0(World, 1);
	g_autoptr(GError) error = NULL;
	world->visitor = TRUE;
	world->directory = g_strdup(directory);
	g_autofree char *uri = NULL, *note = g_build_filename(directory, "database", NULL);
	g_file_get_contents(note, &uri, NULL, &error);
	g_assert_no_error(error);
	g_autofree char *raw = g_build_filename(directory, "raw", NULL);
	world->db = db_pool_open(uri, &error);
	g_assert_no_error(error);
	world->tools.db = world->db;
	world->tools.raw = raw_store_new(world_raw_in_database ? NULL : raw, &error);
	g_assert_no_error(error);
	world->tools.readers = reader_pool_new(reader, 4);
	world->server_kinds = server_kinds;
	world->tools.servers = mail_servers_new(server_kinds, plain_secret, NULL);
	world->tools.node = "test/worker";
	return world;
}

/* In memory where that is to be had: what a power cut takes is the crash rig's business, and here
 * every fsync costs. */
static char *make_directory(void)
{
	char *directory = g_strdup("/dev/shm/trawl-world-XXXXXX");
	if (g_mkdtemp(directory))
		return directory;
	g_free(directory);
	directory = g_dir_make_tmp("trawl-world-XXXXXX", NULL);
	g_assert_nonnull(directory);
	return directory;
}

World *world_new(const char *reader, const MailServerKind *const *server_kinds,
                 const char *database)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *directory = make_directory();
	g_autofree char *note = g_build_filename(directory, "database", NULL);
	g_autofree char *uri =
		database ? g_strdup(database) : g_strdup_printf("sqlite://%s/trawl.db", directory);
	g_file_set_contents(note, uri, -1, &error);
	g_assert_no_error(error);
	World *world = world_visit(directory, reader, server_kinds);
	world->visitor = FALSE;
	db_migrate(world->db, &error);
	g_assert_no_error(error);
	return world;
}

void world_free(World *world)
{
	mail_servers_free(world->tools.servers);
	reader_pool_free(world->tools.readers);
	raw_store_free(world->tools.raw);
	db_pool_close(world->db);
	if (!world->visitor)
		maildisk_remove_tree(world->directory);
	g_free(world->directory);
	g_free(world);
}

static void write_or_fail(World *world, DbWork work, gpointer data)
{
	g_autoptr(GError) error = NULL;
	db_write(world->db, work, data, &error);
	g_assert_no_error(error);
}

static void read_or_fail(World *world, DbWork work, gpointer data)
{
	g_autoptr(GError) error = NULL;
	db_read(world->db, work, data, &error);
	g_assert_no_error(error);
}

static gboolean server_work(Db *db, gpointer data, GError **error)
{
	MailServerRow *row = data;
	return audit_append(db, "test", "server.create", "server", 0, 0, NULL, &row->revision,
	                    error) &&
	       mail_server_insert(db, row, error);
}

gint64 world_add_server(World *world, const char *name, const char *kind, const char *config,
                        const char *secret)
{
	g_autoptr(MailServerRow) row = g_new0(MailServerRow, 1);
	row->name = g_strdup(name);
	row->kind = g_strdup(kind);
	row->config = g_strdup(config);
	row->secret = secret ? g_bytes_new(secret, strlen(secret)) : NULL;
	row->state = g_strdup("{}");
	row->created_at = clock_now();
	write_or_fail(world, server_work, row);
	return row->id;
}

static gboolean source_work(Db *db, gpointer data, GError **error)
{
	Source *source = data;
	return audit_append(db, "test", "source.create", "source", 0, 0, NULL, &source->revision,
	                    error) &&
	       source_insert(db, source, error);
}

gint64 world_add_source(World *world, gint64 server_id, const char *mailbox)
{
	const char *const domains[] = {text_address_domain(mailbox), NULL};
	g_autoptr(Source) source = g_new0(Source, 1);
	source->name = g_strdup(mailbox);
	source->type = g_strdup(SOURCE_TYPE_ABUSE_MAILBOX);
	source->description = g_strdup("");
	source->link_events = TRUE; /* not enabled: nobody polls here */
	source->mail_server_id = server_id;
	source->mailbox = g_strdup(mailbox);
	source->folder = g_strdup("INBOX");
	source->polling_interval = 1;
	source->accepted_domains = g_strdupv((char **)domains);
	source->trusted_hosts = g_new0(char *, 1);
	source->created_at = clock_now();
	write_or_fail(world, source_work, source);
	return source->id;
}

/* An incident, as raise.c of the pipeline leaves it */

typedef struct {
	World *world;
	gint64 source_id;
	GBytes *bytes;
	gboolean claimed;
	const char *const *recipients;
	json_t *breakdown;
	gint64 incident_id;
} NewIncident;

static gint64 incident_seq(Db *db, const NewIncident *new)
{
	gint64 seq = 0;
	g_assert_true(audit_append(db, "test", "incident.open", "incident", 0, new->incident_id,
	                           NULL, &seq, NULL));
	return seq;
}

static Original *incident_original(Db *db, const NewIncident *new)
{
	g_autofree char *text = json_format(new->breakdown);
	const char *id = json_text(new->breakdown, "message.message_id");
	const char *fingerprint = json_text(new->breakdown, "message.fingerprint");
	g_autofree char *key = new->claimed ? NULL : fingerprint_key(fingerprint);
	Original *original = key ? original_find_same(db, id ? id : "", key, NULL) : NULL;
	if (original)
		return original;
	original = g_new0(Original, 1);
	original->message_id = g_strdup(id ? id : "");
	original->first_hand = !new->claimed;
	original->fingerprint = g_strdup(new->claimed ? "" : fingerprint);
	original->sha256 = new->claimed ? NULL : text_sha256(new->bytes);
	original->subject = g_strdup(json_text(new->breakdown, "message.subject"));
	original->sender = g_strdup(json_text(new->breakdown, "message.from.0.address"));
	const char *date = json_text(new->breakdown, "message.date");
	if (date)
		g_assert_true(clock_parse(date, &original->sent_at));
	original->created_at = clock_now();
	g_assert_true(original_insert(db, original, text, NULL));
	return original;
}

static gint64 incident_report(Db *db, const NewIncident *new)
{
	g_autoptr(Report) report = g_new0(Report, 1);
	gboolean inserted;
	report->source_id = new->source_id;
	report->sha256 = text_sha256(new->bytes);
	g_assert_true(
		raw_store_register(new->world->tools.raw, db, report->sha256, new->bytes, NULL));
	report->epoch = g_strdup("1");
	report->server_uid = g_strdup_printf("%" G_GINT64_FORMAT, g_get_monotonic_time());
	report->received_at = report->found_at = clock_now();
	report->state = REPORT_DONE;
	report->form = g_strdup("rfc822");
	report->reporter = g_strdup(new->recipients[0]);
	report->trusted = TRUE;
	report->located = LOCATED_NOT_NEEDED;
	report->revision = incident_seq(db, new);
	g_assert_true(report_insert(db, report, &inserted, NULL));
	g_assert_true(inserted);
	g_assert_true(report_save(db, report, NULL));
	return report->id;
}

static gboolean incident_work(Db *db, gpointer data, GError **error)
{
	NewIncident *new = data;
	gint64 report_id = incident_report(db, new);
	g_autoptr(Original) original = incident_original(db, new);
	g_autoptr(Incident) incident = g_new0(Incident, 1);
	incident->kind = INCIDENT_REPORTED_MAIL;
	incident->original_id = original->id;
	incident->title = g_strdup("a test");
	incident->findings = g_strdup("[]");
	incident->opened_at = incident->updated_at = clock_now();
	incident->revision = incident_seq(db, new);
	g_assert_true(incident_insert(db, incident, NULL));
	new->incident_id = incident->id;
	g_assert_true(report_join(db, report_id, incident->id, original->id, NULL));
	for (guint i = 0; new->recipients[i]; i++) {
		g_autoptr(Alert) alert = g_new0(Alert, 1);
		gboolean raised;
		alert->incident_id = incident->id;
		alert->source_id = new->source_id;
		alert->report_id = report_id;
		alert->original_id = original->id;
		alert->recipient = text_address(new->recipients[i]);
		alert->message_id = g_strdup(original->message_id);
		alert->trusted = TRUE;
		alert->opened_at = clock_now();
		alert->revision = incident->revision;
		g_assert_true(alert_raise(db, alert, &raised, NULL));
	}
	return incident_recount(db, incident->id, incident_seq(db, new), clock_now(), error);
}

gint64 world_add_incident(World *world, gint64 source_id, const char *original, gboolean claimed,
                          const char *const *recipients)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = g_bytes_new(original, strlen(original));
	g_autoptr(json_t) breakdown =
		reader_read(world->tools.readers, bytes, NULL, deadline_in(20), &error);
	g_assert_no_error(error);
	g_autoptr(GPtrArray) messages = g_ptr_array_new();
	g_ptr_array_add(messages, bytes);
	g_autoptr(GPtrArray) kept = raw_store_put(world->tools.raw, messages, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(kept->len, ==, 1);
	NewIncident new = {world, source_id, bytes, claimed, recipients, breakdown};
	write_or_fail(world, incident_work, &new);
	return new.incident_id;
}

/* Working */

static gboolean request_work(Db *db, gpointer data, GError **error)
{
	return response_request(db, data, error);
}

gint64 world_request(World *world, gint64 incident_id, ResponseKind kind, gint64 of, GError **error)
{
	g_autoptr(Response) response = g_new0(Response, 1);
	response->incident_id = incident_id;
	response->kind = kind;
	response->of_response_id = of;
	response->requested_by = g_strdup("key:test");
	return db_write(world->db, request_work, response, error) ? response->id : 0;
}

static gboolean claim_work(Db *db, gpointer data, GError **error)
{
	GPtrArray **jobs = data;
	gint64 far = clock_now() + 365 * CLOCK_DAY;
	*jobs = job_claim(db, "test/worker", far, far + 365 * CLOCK_DAY, G_MAXINT64, NULL, 0, 1,
	                  error);
	return *jobs != NULL;
}

Job *world_claim(World *world)
{
	GPtrArray *claimed = NULL;
	write_or_fail(world, claim_work, &claimed);
	g_autoptr(GPtrArray) jobs = claimed;
	return jobs->len > 0 ? g_ptr_array_steal_index(jobs, 0) : NULL;
}

static gboolean expire_work(Db *db, gpointer unused, GError **error)
{
	return db_run(db, NULL, error, "",
	              "UPDATE job SET lease_until = 0 WHERE state = 'running'");
}

void world_expire(World *world)
{
	write_or_fail(world, expire_work, NULL);
}

typedef struct {
	const Job *job;
	JobState state;
	const GError *failure;
} Finish;

static gboolean finish_work(Db *db, gpointer data, GError **error)
{
	const Finish *finish = data;
	const GError *failure = finish->failure;
	return job_finish(db, finish->job, finish->state, clock_now(),
	                  failure ? error_remedy(failure)->name : NULL,
	                  failure ? failure->message : NULL, NULL, error);
}

static void forget_servers(World *world)
{
	mail_servers_free(world->tools.servers);
	world->tools.servers = mail_servers_new(world->server_kinds, plain_secret, NULL);
}

void world_run(World *world, const Job *job)
{
	g_autoptr(GError) failure = NULL;
	JobOutcome outcome = {0};
	const JobKind *kind = kinds;
	while (kind->kind && strcmp(kind->kind, job->kind) != 0)
		kind++;
	g_assert_nonnull(kind->kind);
	gboolean ok = kind->run(&world->tools, job, deadline_in(kind->seconds), &outcome, &failure);
	gboolean retry = !ok && error_remedy(failure)->retry;
	Finish finish = {job, ok ? JOB_DONE : retry ? JOB_READY : JOB_PARKED, failure};
	if (!ok) {
		g_test_message("%s: %s", job->kind, failure->message);
		forget_servers(world); /* the back-off passes in no time, so must an open circuit */
	}
	if (!outcome.finished)
		db_write(world->db, finish_work, &finish, NULL); /* refused after a take-over */
}

void world_drain(World *world)
{
	for (;;) {
		g_autoptr(Job) job = world_claim(world);
		if (!job)
			return;
		world_run(world, job);
	}
}

static gboolean next_work(Db *db, gpointer data, GError **error)
{
	g_autoptr(DbRows) rows = db_query(db, error, "",
	                                  "SELECT count(*) FROM job WHERE state IN "
	                                  "('ready', 'running')");
	gint64 *live = data;
	*live = rows && db_rows_next(rows, error) ? db_int(rows, 0) : -1;
	return rows != NULL;
}

void world_run_all(World *world, guint threads, double seconds)
{
	gint64 end = deadline_in(seconds), live = 1;
	JobRunner *runner = job_runner_new(&world->tools, kinds, threads);
	job_runner_start(runner, -1);
	while (live > 0) {
		g_usleep(10000);
		read_or_fail(world, next_work, &live);
		g_assert_cmpint(g_get_monotonic_time(), <, end);
	}
	g_assert_true(job_runner_stop(runner, 20));
	job_runner_free(runner);
}

/* Looking */

typedef struct {
	gint64 id;
	gpointer found;
} Look;

static gboolean response_work(Db *db, gpointer data, GError **error)
{
	Look *look = data;
	look->found = response_load(db, look->id, error);
	return look->found != NULL;
}

Response *world_response(World *world, gint64 id)
{
	Look look = {.id = id};
	read_or_fail(world, response_work, &look);
	return look.found;
}

static gboolean rows_work(Db *db, gpointer data, GError **error)
{
	Look *look = data;
	look->found = quarantine_result_list(db, look->id, error);
	return look->found != NULL;
}

GPtrArray *world_rows(World *world, gint64 response_id)
{
	Look look = {.id = response_id};
	read_or_fail(world, rows_work, &look);
	return look.found;
}

QuarantineResult *world_row(World *world, gint64 response_id)
{
	g_autoptr(GPtrArray) rows = world_rows(world, response_id);
	g_assert_cmpuint(rows->len, ==, 1);
	return g_ptr_array_steal_index(rows, 0);
}

static gboolean check_work(Db *db, gpointer data, GError **error)
{
	World *world = data;
	gint64 checked;
	g_autoptr(GPtrArray) results = store_check(db, world->tools.raw, error);
	for (guint i = 0; results && i < results->len; i++) {
		const CheckResult *result = results->pdata[i];
		for (guint j = 0; j < result->broken->len; j++)
			g_test_message("%s: %s", result->name, (char *)result->broken->pdata[j]);
		g_assert_cmpint(result->n_broken, ==, 0);
	}
	return results && audit_verify(db, &checked, NULL, error);
}

void world_check(World *world)
{
	read_or_fail(world, check_work, world);
}
