/* The runner over a real queue in SQLite. Jobs that hang do so at a gate that the test opens. */
#include "jobs/runner.h"

#include "base/clock.h"
#include "base/error.h"
#include "jobs/jobs.h"
#include "store/audit.h"
#include "store/job.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define NODE "host/place/worker/2"

typedef struct {
	char *directory;
	DbPool *pool;
	JobTools tools;
	JobRunnerTimes times;
} Fixture;

/* What the jobs of a test do and have done. */
static struct {
	GMutex lock;
	GCond changed;
	gboolean open; /* the gate */
	guint at_gate, most_at_gate, ran;
	gboolean fenced;
} world;

static void remove_tree(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;
	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *child = g_build_filename(path, name, NULL);
		remove_tree(child);
	}
	g_remove(path);
}

static void setup(Fixture *f, gconstpointer unused)
{
	g_autoptr(GError) error = NULL;
	f->directory = g_dir_make_tmp("trawl-jobs-XXXXXX", NULL);
	g_autofree char *uri = g_strdup_printf("sqlite://%s/trawl.db", f->directory);
	f->pool = db_pool_open(uri, &error);
	g_assert_no_error(error);
	db_migrate(f->pool, &error);
	g_assert_no_error(error);
	f->tools = (JobTools){.db = f->pool, .node = NODE};
	f->times = job_runner_times;
	job_runner_times.look = CLOCK_SECOND / 50;
	job_runner_times.slow = CLOCK_HOUR;
	world.open = world.fenced = FALSE;
	world.at_gate = world.most_at_gate = world.ran = 0;
}

static void teardown(Fixture *f, gconstpointer unused)
{
	job_runner_times = f->times;
	db_pool_close(f->pool);
	remove_tree(f->directory);
	g_free(f->directory);
}

/* --- jobs ---------------------------------------------------------------------------------------
 */

static gboolean run_work(const JobTools *tools, const Job *job, gint64 deadline,
                         JobOutcome *outcome, GError **error)
{
	g_mutex_lock(&world.lock);
	world.ran++;
	g_cond_broadcast(&world.changed);
	g_mutex_unlock(&world.lock);
	outcome->result = json_pack("{s:s}", "said", "done");
	return TRUE;
}

static gboolean run_hang(const JobTools *tools, const Job *job, gint64 deadline,
                         JobOutcome *outcome, GError **error)
{
	g_mutex_lock(&world.lock);
	world.at_gate++;
	world.most_at_gate = MAX(world.most_at_gate, world.at_gate);
	g_cond_broadcast(&world.changed);
	while (!world.open)
		g_cond_wait(&world.changed, &world.lock);
	world.at_gate--;
	world.ran++;
	g_cond_broadcast(&world.changed);
	g_mutex_unlock(&world.lock);
	return TRUE;
}

static gboolean run_fail(const JobTools *tools, const Job *job, gint64 deadline,
                         JobOutcome *outcome, GError **error)
{
	g_autoptr(json_t) payload = json_parse(job->payload, -1, NULL);
	g_set_error_literal(error, TRAWL_ERROR, (int)json_int(payload, "code", 0), "it failed");
	return FALSE;
}

static gboolean take_over(Db *db, gpointer data, GError **error)
{
	const Job *job = data;
	gint64 now = clock_now();
	if (!job_heartbeat(db, NODE, &job->id, 1, now - 1, error))
		return FALSE;
	g_autoptr(GPtrArray) taken = job_claim(db, "elsewhere/x/worker/1", now, now + CLOCK_MINUTE,
	                                       G_MAXINT64, NULL, 0, 1, error);
	g_assert_cmpuint(taken->len, ==, 1);
	return TRUE;
}

static gboolean commit_effects(Db *db, gpointer data, GError **error)
{
	const Job *job = data;
	gint64 seq;
	(void)seq;
	return job_check_fence(db, job->id, job->fence, error) &&
	       job_queue(db, "effect", NULL, NULL, PRIORITY_POLL, 0, NULL, NULL, error);
}

/* Loses its claim half-way, as after a long pause of this machine. */
static gboolean run_late(const JobTools *tools, const Job *job, gint64 deadline,
                         JobOutcome *outcome, GError **error)
{
	g_assert_true(db_write(tools->db, take_over, (gpointer)job, NULL));
	gboolean ok = db_write(tools->db, commit_effects, (gpointer)job, error);
	g_mutex_lock(&world.lock);
	world.fenced = !ok && g_error_matches(*error, TRAWL_ERROR, TRAWL_ERROR_BUSY);
	world.ran++;
	g_cond_broadcast(&world.changed);
	g_mutex_unlock(&world.lock);
	return ok;
}

static const JobKind kinds[] = {
	{"work", run_work, 60, 0, TRUE},
	{"hang", run_hang, 60, 0, TRUE},
	{"overdue", run_hang, 0.01, 0, TRUE},
	{"late", run_late, 60, 0, TRUE},
	{"fail", run_fail, 60, 0, TRUE},
	{"fail-once", run_fail, 60, 1, TRUE},
	{"fail-poll", run_fail, 60, -1, FALSE},
	{"fail-ask", run_fail, 60, 1, FALSE},
	{NULL, NULL, 0, 0, FALSE},
};

/* --- what tests say -----------------------------------------------------------------------------
 */

typedef struct {
	const char *kind, *lane;
	JobPriority priority;
	json_t *payload;
	gint64 id;
} Queued;

static gboolean queue_one(Db *db, gpointer data, GError **error)
{
	Queued *queued = data;
	return job_queue(db, queued->kind, NULL, queued->lane, queued->priority, 0, queued->payload,
	                 &queued->id, error);
}

static gint64 queue(Fixture *f, const char *kind, const char *lane, JobPriority priority, int code)
{
	g_autoptr(GError) error = NULL;
	Queued queued = {kind, lane, priority, json_pack("{s:i}", "code", code), 0};
	db_write(f->pool, queue_one, &queued, &error);
	g_assert_no_error(error);
	return queued.id;
}

typedef struct {
	gint64 id;
	Job *job;
} Loaded;

static gboolean load_one(Db *db, gpointer data, GError **error)
{
	Loaded *loaded = data;
	loaded->job = job_load(db, loaded->id, error);
	return loaded->job != NULL;
}

static Job *load(Fixture *f, gint64 id)
{
	Loaded loaded = {.id = id};
	g_autoptr(GError) error = NULL;
	db_read(f->pool, load_one, &loaded, &error);
	g_assert_no_error(error);
	return loaded.job;
}

/* Waits until the job's row is in a state; forever, so that the test's time limit is the judge. */
static Job *await_state(Fixture *f, gint64 id, JobState state)
{
	for (;;) {
		g_autoptr(Job) job = load(f, id);
		if (job->state == state)
			return g_steal_pointer(&job);
		g_usleep(2000);
	}
}

static void await_count(const guint *what, guint n)
{
	g_mutex_lock(&world.lock);
	while (*what < n)
		g_cond_wait(&world.changed, &world.lock);
	g_mutex_unlock(&world.lock);
}

static void open_gate(void)
{
	g_mutex_lock(&world.lock);
	world.open = TRUE;
	g_cond_broadcast(&world.changed);
	g_mutex_unlock(&world.lock);
}

static JobRunner *start(Fixture *f, guint threads, int doorbell)
{
	JobRunner *runner = job_runner_new(&f->tools, kinds, threads);
	job_runner_start(runner, doorbell);
	return runner;
}

static void end(JobRunner *runner)
{
	open_gate();
	g_assert_true(job_runner_stop(runner, 60));
	job_runner_free(runner);
}

static gboolean count_records(Db *db, gpointer data, GError **error)
{
	g_autoptr(GPtrArray) records = audit_list(db, &sight_everything, 0, 0, 100, error);
	for (guint i = 0; i < records->len; i++)
		*(guint *)data +=
			strcmp(((AuditRecord *)records->pdata[i])->action, "job.park") == 0;
	return TRUE;
}

/* --- tests --------------------------------------------------------------------------------------
 */

static void test_a_job_runs_once_and_leaves_its_result(Fixture *f, gconstpointer unused)
{
	gint64 id = queue(f, "work", NULL, PRIORITY_POLL, 0);
	JobRunner *runner = start(f, 4, -1);
	g_autoptr(Job) job = await_state(f, id, JOB_DONE);
	end(runner);
	g_assert_cmpstr(job->result, ==, "{\"said\":\"done\"}");
	g_assert_cmpuint(world.ran, ==, 1);
}

static void test_the_bell_wakes_a_runner_that_sleeps(Fixture *f, gconstpointer unused)
{
	job_runner_times.look = CLOCK_HOUR;
	int bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	job_set_doorbell(bell);
	JobRunner *runner = start(f, 4, bell);
	gint64 id = queue(f, "work", NULL, PRIORITY_POLL, 0);
	job_ring();
	job_free(await_state(f, id, JOB_DONE));
	end(runner);
	job_set_doorbell(-1);
	close(bell);
}

static gboolean queue_every_two_ms(Db *db, gpointer data, GError **error)
{
	gboolean ok = TRUE;
	gint64 first = clock_now() + CLOCK_SECOND / 2;
	for (guint i = 0; ok && i < *(guint *)data; i++)
		ok = job_queue(db, "work", NULL, NULL, PRIORITY_POLL, first + i * 2000, NULL, NULL,
		               error);
	return ok;
}

/* Some of them just as the dispatcher has looked, when nothing runs that would ring for it. */
static void test_what_becomes_due_meanwhile_is_not_overslept(Fixture *f, gconstpointer unused)
{
	job_runner_times.look = job_runner_times.take_over = CLOCK_HOUR;
	g_autoptr(GError) error = NULL;
	guint n = 2000;
	db_write(f->pool, queue_every_two_ms, &n, &error);
	g_assert_no_error(error);
	JobRunner *runner = start(f, 4, -1);
	await_count(&world.ran, n);
	end(runner);
}

static void test_failures_are_retried_parked_or_answered(Fixture *f, gconstpointer unused)
{
	static const struct {
		const char *kind;
		TrawlError code;
		JobState state;
	} cases[] = {
		{"fail", TRAWL_ERROR_UNREACHABLE, JOB_READY},       /* worth another attempt  */
		{"fail", TRAWL_ERROR_INTERNAL, JOB_PARKED},         /* not worth one          */
		{"fail-once", TRAWL_ERROR_UNREACHABLE, JOB_PARKED}, /* attempts are used up   */
		{"fail-poll", TRAWL_ERROR_UNREACHABLE, JOB_READY},  /* recurring: never parked */
		{"fail-poll", TRAWL_ERROR_INTERNAL, JOB_READY},
		{"fail-ask", TRAWL_ERROR_DENIED, JOB_DONE}, /* a person waits for it   */
		{"fail-ask", TRAWL_ERROR_UNREACHABLE, JOB_DONE},
		{"unheard-of", TRAWL_ERROR_INTERNAL, JOB_PARKED},
	};
	gint64 ids[G_N_ELEMENTS(cases)];
	guint parked = 0, records = 0;
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		ids[i] = queue(f, cases[i].kind, NULL, PRIORITY_POLL, (int)cases[i].code);
	JobRunner *runner = start(f, 4, -1);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Job) job = NULL;
		do {
			g_clear_pointer(&job, job_free);
			job = await_state(f, ids[i], cases[i].state);
		} while (!job->last_error);
		g_assert_cmpint(job->attempts, >=, 1);
		if (cases[i].state == JOB_READY)
			g_assert_cmpint(job->run_at, >, job->created_at);
		parked += cases[i].state == JOB_PARKED;
	}
	end(runner);
	db_read(f->pool, count_records, &records, NULL);
	g_assert_cmpuint(records, ==, parked);
}

typedef struct {
	const char *owner;
	gint64 lease_until;
} Claimed;

static gboolean claim_for(Db *db, gpointer data, GError **error)
{
	const Claimed *claimed = data;
	g_autoptr(GPtrArray) jobs = job_claim(db, claimed->owner, clock_now(), claimed->lease_until,
	                                      G_MAXINT64, NULL, 0, 1, error);
	g_assert_cmpuint(jobs->len, ==, 1);
	return TRUE;
}

static void test_what_a_dead_worker_held_is_taken_over(Fixture *f, gconstpointer unused)
{
	static const struct {
		const char *owner;
		gint64 lease; /* from now */
	} cases[] = {
		{"elsewhere/x/worker/1", -CLOCK_SECOND}, /* its lease ran out                  */
		{"host/place/worker/1", CLOCK_HOUR},     /* it ran at this very place before us */
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		gint64 id = queue(f, "work", NULL, PRIORITY_POLL, 0);
		Claimed claimed = {cases[i].owner, clock_now() + cases[i].lease};
		g_assert_true(db_write(f->pool, claim_for, &claimed, NULL));
		JobRunner *runner = start(f, 2, -1);
		g_autoptr(Job) job = await_state(f, id, JOB_DONE);
		g_assert_cmpint(job->fence, ==, 2);
		end(runner);
	}
}

/* At worst it died just after a heartbeat, and another looks just before the lease runs out. */
static void test_a_dead_workers_jobs_are_anothers_within_ninety_seconds(void)
{
	const JobRunnerTimes *usual = &job_runner_times;
	g_assert_cmpint(usual->lease + usual->take_over + usual->look, <=, 90 * CLOCK_SECOND);
	g_assert_cmpint(3 * usual->heartbeat, <=, usual->lease); /* one that is late does no harm */
}

static void test_who_holds_a_live_lease_is_left_alone(Fixture *f, gconstpointer unused)
{
	gint64 held = queue(f, "work", NULL, PRIORITY_QUARANTINE, 0);
	Claimed claimed = {"elsewhere/x/worker/1", clock_now() + CLOCK_HOUR};
	g_assert_true(db_write(f->pool, claim_for, &claimed, NULL));
	gint64 other = queue(f, "work", NULL, PRIORITY_POLL, 0);
	JobRunner *runner = start(f, 2, -1);
	job_free(await_state(f, other, JOB_DONE));
	end(runner);
	g_autoptr(Job) job = load(f, held);
	g_assert_cmpint(job->state, ==, JOB_RUNNING);
	g_assert_cmpstr(job->lease_owner, ==, "elsewhere/x/worker/1");
}

static gboolean count_effects(Db *db, gpointer data, GError **error)
{
	g_autoptr(GPtrArray) jobs = job_claim(db, "test", clock_now(), clock_now() + CLOCK_HOUR,
	                                      G_MAXINT64, NULL, 0, 10, error);
	for (guint i = 0; i < jobs->len; i++)
		*(guint *)data += strcmp(((Job *)jobs->pdata[i])->kind, "effect") == 0;
	return TRUE;
}

static void test_a_late_worker_commits_nothing(Fixture *f, gconstpointer unused)
{
	gint64 id = queue(f, "late", NULL, PRIORITY_POLL, 0);
	JobRunner *runner = start(f, 2, -1);
	await_count(&world.ran, 1);
	end(runner);
	guint effects = 0;
	g_autoptr(Job) job = load(f, id);
	g_assert_true(world.fenced);
	g_assert_cmpint(job->state, ==, JOB_RUNNING);
	g_assert_cmpstr(job->lease_owner, ==, "elsewhere/x/worker/1");
	g_assert_true(db_write(f->pool, count_effects, &effects, NULL));
	g_assert_cmpuint(effects, ==, 0);
}

static void test_a_job_of_which_workers_die_is_parked(Fixture *f, gconstpointer unused)
{
	gint64 id = queue(f, "work", NULL, PRIORITY_POLL, 0);
	g_autoptr(Job) job = NULL;
	for (guint deaths = 0; deaths < 12; deaths++) {
		Claimed claimed = {"elsewhere/x/worker/1", clock_now() - 1};
		g_assert_true(db_write(f->pool, claim_for, &claimed, NULL));
	}
	JobRunner *runner = start(f, 2, -1);
	job = await_state(f, id, JOB_PARKED);
	end(runner);
	g_assert_cmpuint(world.ran, ==, 0);
	g_assert_cmpstr(job->last_error_code, ==, "limit");
}

static void test_a_lane_is_limited_and_delays_no_other(Fixture *f, gconstpointer unused)
{
	static const struct {
		const char *lane, *other;
		guint at_once;
	} cases[] = {
		{"server:1", "server:2", 4},
		{"report:1", "report:2", 4},
		{"copy:1", "copy:2", 8},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		world.open = FALSE;
		world.most_at_gate = world.ran = 0;
		for (guint n = 0; n < 30; n++)
			queue(f, "hang", cases[i].lane, PRIORITY_POLL, 0);
		gint64 other = queue(f, "work", cases[i].other, PRIORITY_POLL, 0);
		JobRunner *runner = start(f, 16, -1);
		await_count(&world.at_gate, cases[i].at_once);
		job_free(await_state(f, other, JOB_DONE));
		open_gate();
		await_count(&world.ran, 31);
		end(runner);
		g_assert_cmpuint(world.most_at_gate, ==, cases[i].at_once);
	}
}

static void test_hung_polls_never_delay_a_quarantine(Fixture *f, gconstpointer unused)
{
	for (guint i = 0; i < 30; i++) {
		g_autofree char *lane = g_strdup_printf("server:%u", i);
		queue(f, "hang", lane, PRIORITY_POLL, 0);
	}
	JobRunner *runner = start(f, 4, -1);
	await_count(&world.at_gate, 3); /* all but the reserve */
	gint64 urgent = queue(f, "work", "copy:1", PRIORITY_QUARANTINE, 0);
	job_free(await_state(f, urgent, JOB_DONE));
	g_assert_cmpuint(world.most_at_gate, ==, 3);
	end(runner);
}

static void test_what_hangs_for_long_gives_its_turn_to_others(Fixture *f, gconstpointer unused)
{
	job_runner_times.slow = CLOCK_SECOND / 100;
	for (guint i = 0; i < 6; i++) {
		g_autofree char *lane = g_strdup_printf("server:%u", i);
		queue(f, "hang", lane, PRIORITY_POLL, 0);
	}
	gint64 last = queue(f, "work", "server:9", PRIORITY_POLL, 0);
	JobRunner *runner = start(f, 2, -1);
	job_free(await_state(f, last, JOB_DONE));
	g_assert_cmpuint(world.at_gate, ==, 6);
	end(runner);
}

static void test_the_urgent_run_first(Fixture *f, gconstpointer unused)
{
	static const JobPriority priorities[] = {PRIORITY_ENRICH, PRIORITY_POLL,
	                                         PRIORITY_QUARANTINE, PRIORITY_PROCESS};
	gint64 ids[G_N_ELEMENTS(priorities)], ended[G_N_ELEMENTS(priorities)];
	for (guint i = 0; i < G_N_ELEMENTS(priorities); i++)
		ids[i] = queue(f, "work", NULL, priorities[i], 0);
	JobRunner *runner = start(f, 2, -1); /* one for what is not urgent */
	for (guint i = 0; i < G_N_ELEMENTS(priorities); i++) {
		g_autoptr(Job) job = await_state(f, ids[i], JOB_DONE);
		ended[i] = job->updated_at;
	}
	end(runner);
	g_assert_cmpint(ended[3], <, ended[1]); /* process before poll before enrich */
	g_assert_cmpint(ended[1], <, ended[0]);
}

static void test_a_stop_hands_back_what_runs_and_what_waits(Fixture *f, gconstpointer unused)
{
	gint64 ids[8];
	for (guint i = 0; i < G_N_ELEMENTS(ids); i++) {
		g_autofree char *lane = g_strdup_printf("server:%u", i);
		ids[i] = queue(f, "hang", lane, PRIORITY_POLL, 0);
	}
	JobRunner *runner = start(f, 4, -1);
	await_count(&world.at_gate, 3);
	g_assert_false(job_runner_stop(runner, 0.01));
	for (guint i = 0; i < G_N_ELEMENTS(ids); i++) {
		g_autoptr(Job) job = load(f, ids[i]);
		g_assert_cmpint(job->state, ==, JOB_READY);
		g_assert_cmpint(job->attempts, ==, 0);
	}
	end(runner);
}

static void test_leases_are_extended_until_the_deadline(Fixture *f, gconstpointer unused)
{
	job_runner_times.heartbeat = CLOCK_SECOND / 100;
	job_runner_times.take_over = CLOCK_HOUR;
	gint64 living = queue(f, "hang", "server:1", PRIORITY_POLL, 0);
	JobRunner *runner = start(f, 4, -1);
	await_count(&world.at_gate, 1);
	g_autoptr(Job) before = load(f, living);
	for (gint64 until = before->lease_until; until == before->lease_until;) {
		g_autoptr(Job) job = load(f, living);
		until = job->lease_until;
		g_usleep(1000);
	}
	job_runner_times.lease = CLOCK_SECOND / 10;
	gint64 hung = queue(f, "overdue", "server:2", PRIORITY_POLL, 0);
	await_count(&world.at_gate, 2);
	for (gint64 until = G_MAXINT64; until > clock_now();) {
		g_autoptr(Job) job = load(f, hung);
		until = job->lease_until;
		g_usleep(1000);
	}
	Claimed claimed = {"elsewhere/x/worker/1", clock_now() + CLOCK_HOUR};
	g_assert_true(db_write(f->pool, claim_for, &claimed, NULL));
	g_autoptr(Job) taken = load(f, hung);
	g_assert_cmpstr(taken->lease_owner, ==, "elsewhere/x/worker/1");
	end(runner);
}

#define TEST(name, function) g_test_add("/runner/" name, Fixture, NULL, setup, function, teardown)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
	TEST("a job runs once and leaves its result", test_a_job_runs_once_and_leaves_its_result);
	TEST("the bell wakes a runner that sleeps", test_the_bell_wakes_a_runner_that_sleeps);
	TEST("what becomes due meanwhile is not overslept",
	     test_what_becomes_due_meanwhile_is_not_overslept);
	TEST("failures are retried, parked or answered",
	     test_failures_are_retried_parked_or_answered);
	TEST("what a dead worker held is taken over", test_what_a_dead_worker_held_is_taken_over);
	g_test_add_func("/runner/a dead worker's jobs are another's within ninety seconds",
	                test_a_dead_workers_jobs_are_anothers_within_ninety_seconds);
	TEST("who holds a live lease is left alone", test_who_holds_a_live_lease_is_left_alone);
	TEST("a late worker commits nothing", test_a_late_worker_commits_nothing);
	TEST("a job of which workers die is parked", test_a_job_of_which_workers_die_is_parked);
	TEST("a lane is limited and delays no other", test_a_lane_is_limited_and_delays_no_other);
	TEST("hung polls never delay a quarantine", test_hung_polls_never_delay_a_quarantine);
	TEST("what hangs for long gives its turn to others",
	     test_what_hangs_for_long_gives_its_turn_to_others);
	TEST("the urgent run first", test_the_urgent_run_first);
	TEST("a stop hands back what runs and what waits",
	     test_a_stop_hands_back_what_runs_and_what_waits);
	TEST("leases are extended until the deadline", test_leases_are_extended_until_the_deadline);
	return g_test_run();
}
