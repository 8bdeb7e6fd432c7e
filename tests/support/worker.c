/* See worker.h. */
#include "worker.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/sanitized.h"
#include "jobs/runner.h"
#include "jobs/schedule.h"
#include "mail/breakdown.h"
#include "maildisk.h"
#include "pipeline/pipeline.h"
#include "pipeline/post_process.h"
#include "reader/serve.h"
#include "store/check.h"
#include "store/incident.h"
#include "store/job.h"
#include "store/listing.h"
#include "store/source.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const JobKind kinds[] = {
	{"source.poll", source_poll, 300, -1, FALSE},
	{"report.process", report_process, 300, 0, TRUE},
	{"report.postprocess", report_post_process, 120, 0, TRUE},
	{NULL, NULL, 0, 0, FALSE},
};

/* --- its life -----------------------------------------------------------------------------------
 */

static json_t *read_or_die(GBytes *message, const json_t *options)
{
	gsize size;
	const char *text = g_bytes_get_data(message, &size);
	if (text && memmem(text, size, WORKER_KILL_READER, strlen(WORKER_KILL_READER)))
		_exit(9);
	if (text && memmem(text, size, WORKER_KILL_DOCUMENTS, strlen(WORKER_KILL_DOCUMENTS)) &&
	    json_bool(options, "documents", TRUE))
		_exit(9);
	return breakdown_new(message, options);
}

/* CPU seconds. A sanitizer multiplies the work of reading; what is too long without is not with it.
 */
#define READER_SECONDS (SANITIZED ? 120 : 10)

static void start_reader(Worker *worker)
{
	static const SandboxLimits limits = {.memory = 1024UL * 1024 * 1024,
	                                     .seconds = READER_SECONDS};
	g_autofree char *socket = g_build_filename(worker->directory, "run", "reader.sock", NULL);
	worker->reader = fork();
	if (worker->reader == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0)
		_exit(reader_serve_with(socket, read_or_die, &limits));
	while (!g_file_test(socket, G_FILE_TEST_EXISTS))
		g_usleep(2000);
	worker->readers = reader_pool_new(socket, 4);
}

typedef struct {
	Worker *worker;
	const MailServerKind *kind;
	const char *mailbox, *config;
} Rows;

static gboolean insert_rows(Db *db, gpointer data, GError **error)
{
	const Rows *rows = data;
	Worker *worker = rows->worker;
	g_autoptr(GBytes) sealed = worker->secret ? g_bytes_new_static("sealed", 6) : NULL;
	MailServerRow server = {
		.name = (char *)"mail",
		.kind = (char *)rows->kind->name,
		.config = (char *)rows->config,
		.secret = sealed,
		.secret_names = (char *)"[]",
		.created_at = clock_now(),
		.state = (char *)"{}",
	};
	Source source = {
		.name = (char *)"abuse",
		.type = (char *)SOURCE_TYPE_ABUSE_MAILBOX,
		.description = (char *)"",
		.enabled = TRUE,
		.link_events = TRUE,
		.mailbox = (char *)rows->mailbox,
		.folder = (char *)"INBOX",
		.polling_interval = POLLING_INTERVAL_MAX,
		.accepted_domains = (char *[]){(char *)"corp.example", NULL},
		.trusted_hosts = (char *[]){(char *)"mx.corp.example", NULL},
		.created_at = clock_now(),
	};
	if (!mail_server_insert(db, &server, error))
		return FALSE;
	source.mail_server_id = server.id;
	if (!source_insert(db, &source, error))
		return FALSE;
	worker->server_id = server.id;
	worker->source_id = source.id;
	return source_schedule(db, source.id, FALSE, error);
}

static json_t *open_secret(GBytes *sealed, gpointer data, GError **error)
{
	return json_incref(((Worker *)data)->secret);
}

static const MailServerKind *kind_list[2];

void worker_disconnect(Worker *worker)
{
	mail_servers_free(worker->servers);
	worker->servers = mail_servers_new(kind_list, open_secret, worker);
	worker->tools.servers = worker->servers;
}

static void open_tools(Worker *worker, const MailServerKind *kind)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *uri = g_strdup_printf("sqlite://%s/trawl.db", worker->directory);
	worker->pool = db_pool_open(uri, &error);
	g_assert_no_error(error);
	db_migrate(worker->pool, &error);
	g_assert_no_error(error);
	g_autofree char *raw = g_build_filename(worker->directory, "raw", NULL);
	worker->raw = raw_store_new(raw, &error);
	g_assert_no_error(error);
	kind_list[0] = kind;
	worker->servers = mail_servers_new(kind_list, open_secret, worker);
	worker->tools = (JobTools){
		.db = worker->pool,
		.raw = worker->raw,
		.readers = worker->readers,
		.servers = worker->servers,
		.node = "test/worker/1",
	};
}

static Worker *worker_new(void)
{
	Worker *worker = g_new0(Worker, 1);
	worker->directory = g_dir_make_tmp("trawl-worker-XXXXXX", NULL);
	start_reader(worker); /* before there are threads */
	return worker;
}

Worker *worker_start_with(const MailServerKind *kind, const char *mailbox, json_t *config,
                          json_t *secret)
{
	Worker *worker = worker_new();
	g_autofree char *text = json_format(config);
	json_decref(config);
	worker->secret = secret;
	open_tools(worker, kind);
	Rows rows = {worker, kind, mailbox, text};
	worker_write(worker, insert_rows, &rows);
	return worker;
}

Worker *worker_start(const MailServerKind *kind)
{
	Worker *worker = worker_new();
	g_autofree char *config = g_strdup_printf(
		"{\"path\":\"%s/mail/%%u\",\"domains\":[\"corp.example\"]}", worker->directory);
	g_autofree char *inbox = worker_maildir(worker, WORKER_SOURCE_MAILBOX, "");
	maildisk_make(inbox);
	open_tools(worker, kind);
	Rows rows = {worker, kind, WORKER_SOURCE_MAILBOX, config};
	worker_write(worker, insert_rows, &rows);
	return worker;
}

static gboolean check_invariants(Db *db, gpointer data, GError **error)
{
	g_autoptr(GPtrArray) results = store_check(db, ((Worker *)data)->raw, error);
	if (!results)
		return FALSE;
	for (guint i = 0; i < results->len; i++) {
		const CheckResult *result = results->pdata[i];
		if (result->n_broken)
			g_error("%s (%s): %s", result->name, result->claim,
			        (char *)result->broken->pdata[0]);
	}
	return TRUE;
}

void worker_stop(Worker *worker)
{
	int status = 0;
	worker_read(worker, check_invariants, worker);
	mail_servers_free(worker->servers);
	reader_pool_free(worker->readers);
	kill(worker->reader, SIGTERM);
	waitpid(worker->reader, &status, 0);
	raw_store_free(worker->raw);
	db_pool_close(worker->pool);
	maildisk_remove_tree(worker->directory);
	g_clear_pointer(&worker->server_row, mail_server_row_free);
	json_decref(worker->secret);
	g_free(worker->directory);
	g_free(worker);
}

/* --- mailboxes ----------------------------------------------------------------------------------
 */

char *worker_maildir(const Worker *worker, const char *mailbox, const char *folder)
{
	return g_build_filename(worker->directory, "mail", mailbox, *folder ? folder : NULL, NULL);
}

/* Monday, 23 November 2026, 10:00:05 UTC: just after the Date of the tests' messages, whenever the
 * tests run, as originals are searched for around their Date. */
#define RECEIVED 1795428005

void worker_deliver(const Worker *worker, const char *mailbox, const char *folder,
                    const char *message)
{
	g_autofree char *inbox = worker_maildir(worker, mailbox, "");
	g_autofree char *path = worker_maildir(worker, mailbox, folder);
	maildisk_make(inbox);
	maildisk_make(path);
	g_free(maildisk_deliver(path, message, (gssize)strlen(message), NULL, RECEIVED));
}

guint worker_count(const Worker *worker, const char *mailbox, const char *folder)
{
	g_autofree char *path = worker_maildir(worker, mailbox, folder);
	return maildisk_count(path);
}

/* --- the database -------------------------------------------------------------------------------
 */

void worker_read(Worker *worker, DbWork work, gpointer data)
{
	g_autoptr(GError) error = NULL;
	db_read(worker->pool, work, data, &error);
	g_assert_no_error(error);
}

void worker_write(Worker *worker, DbWork work, gpointer data)
{
	g_autoptr(GError) error = NULL;
	db_write(worker->pool, work, data, &error);
	g_assert_no_error(error);
}

typedef struct {
	const Worker *worker;
	Source *source;
	gboolean now;
	const char *sql;
	gint64 value;
	GPtrArray *rows;
} Call;

static gboolean load_source(Db *db, gpointer data, GError **error)
{
	Call *call = data;
	call->source = source_load(db, call->worker->source_id, error);
	return call->source != NULL;
}

Source *worker_source(Worker *worker)
{
	Call call = {.worker = worker};
	worker_read(worker, load_source, &call);
	return call.source;
}

static gboolean save_source(Db *db, gpointer data, GError **error)
{
	Call *call = data;
	return source_update(db, call->source, call->source->revision, error);
}

void worker_save_source(Worker *worker, Source *source)
{
	Call call = {.worker = worker, .source = source};
	worker_write(worker, save_source, &call);
	source_free(source);
}

static gboolean run_sql(Db *db, gpointer data, GError **error)
{
	Call *call = data;
	return db_run(db, NULL, error, "i", call->sql, call->value);
}

void worker_sql(Worker *worker, const char *sql, gint64 value)
{
	Call call = {.sql = sql, .value = value};
	worker_write(worker, run_sql, &call);
}

static gboolean query_sql(Db *db, gpointer data, GError **error)
{
	Call *call = data;
	g_autoptr(DbRows) rows = db_query(db, error, "i", call->sql, call->value);
	if (!rows || !db_rows_next(rows, error))
		return FALSE;
	call->value = db_int(rows, 0);
	return TRUE;
}

gint64 worker_sql_int(Worker *worker, const char *sql, gint64 value)
{
	Call call = {.sql = sql, .value = value};
	worker_read(worker, query_sql, &call);
	return call.value;
}

/* --- jobs ---------------------------------------------------------------------------------------
 */

static gboolean schedule_now(Db *db, gpointer data, GError **error)
{
	return source_schedule(db, ((Worker *)data)->source_id, TRUE, error);
}

/* What still moves by itself: jobs of reports, and a poll that is due. */
#define MOVING                                                                                     \
	"SELECT count(*) FROM job WHERE state = 'running' OR (state = 'ready' AND "                \
	"(kind <> 'source.poll' OR run_at <= $1))"

static void run_until(Worker *worker, const JobKind *some, guint threads, const char *still)
{
	job_runner_times.look = CLOCK_SECOND / 50;
	JobRunner *runner = job_runner_new(&worker->tools, some, threads);
	job_runner_start(runner, -1);
	while (worker_sql_int(worker, still, clock_now()) > 0)
		g_usleep(2000);
	g_assert_true(job_runner_stop(runner, 60));
	job_runner_free(runner);
}

void worker_settle(Worker *worker, guint threads)
{
	run_until(worker, kinds, threads, MOVING);
}

static gboolean run_one_poll(Db *db, gpointer data, GError **error)
{
	GPtrArray **claimed = data;
	*claimed = job_claim(db, "test/keep/1", clock_now(), clock_now() + CLOCK_HOUR, G_MAXINT64,
	                     NULL, 0, 1, error);
	return *claimed != NULL;
}

void worker_keep(Worker *worker)
{
	g_autoptr(GPtrArray) claimed = NULL;
	g_autoptr(GError) error = NULL;
	JobOutcome outcome = {0};
	worker_write(worker, schedule_now, worker);
	worker_write(worker, run_one_poll, &claimed);
	g_assert_cmpuint(claimed->len, ==, 1);
	source_poll(&worker->tools, claimed->pdata[0], deadline_in(60), &outcome, &error);
	g_assert_no_error(error);
}

void worker_poll(Worker *worker, guint threads)
{
	worker_write(worker, schedule_now, worker);
	worker_settle(worker, threads);
}

static gboolean queue_post_process(Db *db, gpointer data, GError **error)
{
	g_autoptr(Report) report = report_load(db, 1, error);
	return report && post_process_queue(db, report, ((Worker *)data)->server_id, error);
}

void worker_post_process(Worker *worker)
{
	worker_write(worker, queue_post_process, worker);
}

static gboolean begin_post_process(Db *db, gpointer data, GError **error)
{
	g_autoptr(Report) report = report_load(db, 1, error);
	g_autoptr(json_t) detail = json_object();
	json_object_set_new(detail, "began", json_true());
	json_object_set_new(detail, "mark", json_text_new(data));
	report->post_process_detail = json_format(detail);
	return report_save(db, report, error);
}

void worker_begin_post_process(Worker *worker, const char *mark)
{
	worker_write(worker, begin_post_process, (gpointer)mark);
}

static gboolean load_server(Db *db, gpointer data, GError **error)
{
	Worker *worker = data;
	g_clear_pointer(&worker->server_row, mail_server_row_free);
	worker->server_row = mail_server_load(db, worker->server_id, error);
	return worker->server_row != NULL;
}

const MailServerRow *worker_server(Worker *worker)
{
	worker_read(worker, load_server, worker);
	return worker->server_row;
}

/* --- what there is ------------------------------------------------------------------------------
 */

static gboolean collect(Db *db, const char *sql, gint64 value, GArray *ids, GError **error)
{
	g_autoptr(DbRows) rows = db_query(db, error, "i", sql, value);
	g_autoptr(GError) problem = NULL;
	while (rows && db_rows_next(rows, &problem)) {
		gint64 id = db_int(rows, 0);
		g_array_append_val(ids, id);
	}
	return rows && !problem;
}

#define LOAD_ALL(name, sql, load, release)                                                         \
	static gboolean name(Db *db, gpointer data, GError **error)                                \
	{                                                                                          \
		Call *call = data;                                                                 \
		g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));                 \
		call->rows = g_ptr_array_new_with_free_func((GDestroyNotify)(release));            \
		if (!collect(db, sql, call->value, ids, error))                                    \
			return FALSE;                                                              \
		for (guint i = 0; i < ids->len; i++)                                               \
			g_ptr_array_add(call->rows,                                                \
			                load(db, g_array_index(ids, gint64, i), error));           \
		return TRUE;                                                                       \
	}

LOAD_ALL(load_reports, "SELECT id FROM report WHERE id > $1 ORDER BY id", report_load, report_free)
LOAD_ALL(load_incidents, "SELECT id FROM incident WHERE id > $1 ORDER BY id", incident_load,
         incident_free)
LOAD_ALL(load_alerts, "SELECT id FROM alert WHERE incident_id = $1 ORDER BY id", alert_load,
         alert_free)

static GPtrArray *rows(Worker *worker, DbWork load, gint64 value)
{
	Call call = {.value = value};
	worker_read(worker, load, &call);
	return call.rows;
}

GPtrArray *worker_reports(Worker *worker)
{
	return rows(worker, load_reports, 0);
}

GPtrArray *worker_incidents(Worker *worker)
{
	return rows(worker, load_incidents, 0);
}

GPtrArray *worker_alerts(Worker *worker, gint64 incident_id)
{
	return rows(worker, load_alerts, incident_id);
}

static gint compare_texts(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *worker_alerts_text(Worker *worker, gint64 incident_id)
{
	g_autoptr(GPtrArray) alerts = worker_alerts(worker, incident_id);
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < alerts->len; i++) {
		const Alert *alert = alerts->pdata[i];
		g_ptr_array_add(texts, g_strconcat(alert->recipient, ":",
		                                   alert_role_names[alert->role], NULL));
	}
	g_ptr_array_sort(texts, compare_texts);
	g_ptr_array_add(texts, NULL);
	return g_strjoinv(" ", (char **)texts->pdata);
}
