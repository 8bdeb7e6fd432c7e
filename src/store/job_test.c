/* The queue's rows: who gets which job, and who may end it. */
#include "store/job.h"

#include "../tests/support/testdb.h"
#include "base/error.h"

#include <string.h>

#define NOW   G_GINT64_CONSTANT(1000000)
#define LATER (NOW + 1000)

/* Work on the queue, inside a transaction, that must succeed. */
typedef struct {
	TestDb *t;
	Job job; /* what to insert */
	gboolean sooner;
	const char *owner;
	gint64 now, max_priority;
	const JobLane *lanes;
	guint n_lanes, at_most;
	GPtrArray *claimed;
} Step;

static gboolean insert(Db *db, gpointer data, GError **error)
{
	Step *step = data;
	return job_insert(db, &step->job, step->sooner, error);
}

static Job a_job(const char *key)
{
	return (Job){.kind = (char *)"kind",
	             .unique_key = (char *)key,
	             .lane = (char *)"",
	             .priority = PRIORITY_PROCESS,
	             .run_at = 1,
	             .payload = (char *)"{}",
	             .created_at = 1,
	             .updated_at = 1};
}

static gint64 queue(TestDb *t, Job job, gboolean sooner)
{
	Step step = {.job = job, .sooner = sooner};
	testdb_write(t, insert, &step);
	return step.job.id;
}

static gboolean claim(Db *db, gpointer data, GError **error)
{
	Step *step = data;
	g_clear_pointer(&step->claimed, g_ptr_array_unref);
	step->claimed = job_claim(db, step->owner, step->now, step->now + LATER, step->max_priority,
	                          step->lanes, step->n_lanes, step->at_most, error);
	return step->claimed != NULL;
}

/* Of Job. */
static GPtrArray *claim_as(TestDb *t, const char *owner, gint64 now, guint at_most)
{
	Step step = {.owner = owner, .now = now, .max_priority = G_MAXINT64, .at_most = at_most};
	testdb_write(t, claim, &step);
	return step.claimed;
}

/* The one job that is ready. */
static Job *claim_one(TestDb *t, const char *owner, gint64 now)
{
	g_autoptr(GPtrArray) claimed = claim_as(t, owner, now, 10);
	g_assert_cmpuint(claimed->len, ==, 1);
	return g_ptr_array_steal_index(claimed, 0);
}

typedef struct {
	const Job *job;
	JobState state;
	gint64 run_at;
	const char *code, *text, *result;
} Finish;

static gboolean finish(Db *db, gpointer data, GError **error)
{
	const Finish *f = data;
	return job_finish(db, f->job, f->state, f->run_at, f->code, f->text, f->result, error);
}

static gboolean check_fence(Db *db, gpointer data, GError **error)
{
	const Job *job = data;
	return job_check_fence(db, job->id, job->fence, error);
}

typedef struct {
	gint64 id;
	Job *job;
} Load;

static gboolean load(Db *db, gpointer data, GError **error)
{
	Load *l = data;
	l->job = job_load(db, l->id, error);
	return l->job != NULL;
}

static Job *load_job(TestDb *t, gint64 id)
{
	Load l = {.id = id};
	testdb_read(t, load, &l);
	return l.job;
}

static char *claimed_keys(GPtrArray *claimed)
{
	GString *keys = g_string_new(NULL);
	for (guint i = 0; i < claimed->len; i++)
		g_string_append_printf(keys, "%s%s", i ? " " : "",
		                       ((Job *)claimed->pdata[i])->unique_key);
	return g_string_free(keys, FALSE);
}

/* --- order and lanes ----------------------------------------------------------------------------
 */

static const struct {
	const char *key, *lane;
	gint64 priority, run_at;
} ready[] = {
	{"late", "b:1", 10, 900}, {"early", "a:1", 10, 500}, {"urgent", "a:1", 5, 999},
	{"idle", "a:2", 90, 1},   {"third", "a:1", 10, 600}, {"future", "a:1", 1, NOW + 500},
	{"free", "", 20, 1},      {"another", "b:1", 20, 2},
};

static const struct {
	const char *name;
	JobLane lanes[2];
	guint n_lanes, at_most;
	gint64 max_priority;
	const char *expected;
} claims[] = {
	{"by priority, then time",
         {{0}},
         0,
         9,
         G_MAXINT64,
         "urgent early third late free another idle"},
	{"so many at most", {{0}}, 0, 3, G_MAXINT64, "urgent early third"},
	{"none", {{0}}, 0, 0, G_MAXINT64, ""},
	{"only what is urgent", {{0}}, 0, 9, 10, "urgent early third late"},
	{"one of each lane", {{"a:", 1}, {"b:", 1}}, 2, 9, G_MAXINT64, "urgent late free idle"},
	{"two of a lane", {{"a:", 2}}, 1, 9, G_MAXINT64, "urgent early late free another idle"},
	{"past a full lane", {{"a:", 1}}, 1, 3, G_MAXINT64, "urgent late free"},
	{"a closed lane", {{"a:", 0}}, 1, 9, G_MAXINT64, "late free another"},
	{"the first lane that fits",
         {{"a:1", 1}, {"a:", 0}},
         2,
         9,
         G_MAXINT64,
         "urgent late free another"},
};

static void test_the_most_urgent_are_claimed_as_far_as_lanes_allow(TestDb *t)
{
	for (guint i = 0; i < G_N_ELEMENTS(claims); i++) {
		testdb_run(t, "DELETE FROM job");
		for (guint k = 0; k < G_N_ELEMENTS(ready); k++) {
			Job job = a_job(ready[k].key);
			job.lane = (char *)ready[k].lane;
			job.priority = ready[k].priority;
			job.run_at = ready[k].run_at;
			queue(t, job, FALSE);
		}
		Step step = {.owner = "me",
		             .now = NOW,
		             .max_priority = claims[i].max_priority,
		             .lanes = claims[i].lanes,
		             .n_lanes = claims[i].n_lanes,
		             .at_most = claims[i].at_most};
		testdb_write(t, claim, &step);
		g_autofree char *keys = claimed_keys(step.claimed);
		g_test_message("%s", claims[i].name);
		g_assert_cmpstr(keys, ==, claims[i].expected);
		g_ptr_array_unref(step.claimed);
	}
}

static void test_what_runs_counts_in_its_lane_until_it_ends(TestDb *t)
{
	static const JobLane lanes[] = {{"x:", 2}};
	Step step = {.owner = "me",
	             .now = NOW,
	             .max_priority = G_MAXINT64,
	             .lanes = lanes,
	             .n_lanes = 1,
	             .at_most = 1};
	GPtrArray *held[2];
	for (guint i = 0; i < 4; i++) {
		Job job = a_job(NULL);
		job.lane = (char *)"x:1";
		queue(t, job, FALSE);
	}
	for (guint i = 0; i < 2; i++) {
		testdb_write(t, claim, &step);
		g_assert_cmpuint(step.claimed->len, ==, 1);
		held[i] = g_steal_pointer(&step.claimed);
	}
	testdb_write(t, claim, &step);
	g_assert_cmpuint(step.claimed->len, ==, 0);
	testdb_write(t, finish, &(Finish){.job = held[0]->pdata[0], .state = JOB_DONE});
	testdb_write(t, claim, &step);
	g_assert_cmpuint(step.claimed->len, ==, 1);
	g_ptr_array_unref(step.claimed);
	g_ptr_array_unref(held[0]);
	g_ptr_array_unref(held[1]);
}

static gboolean fill_lane(Db *db, gpointer data, GError **error)
{
	for (guint i = 0; i < 10000; i++) {
		Job job = a_job(NULL);
		job.lane = (char *)"x:1";
		job.priority = 1;
		if (!job_insert(db, &job, FALSE, error))
			return FALSE;
	}
	return TRUE;
}

static void test_ten_thousand_of_a_full_lane_do_not_hide_the_one_behind(TestDb *t)
{
	static const JobLane lanes[] = {{"x:", 3}};
	Step step = {.owner = "me",
	             .now = NOW,
	             .max_priority = G_MAXINT64,
	             .lanes = lanes,
	             .n_lanes = 1,
	             .at_most = 8};
	testdb_write(t, fill_lane, NULL);
	queue(t, a_job("behind"), FALSE);
	testdb_write(t, claim, &step);
	g_assert_cmpuint(step.claimed->len, ==, 4);
	g_assert_cmpstr(((Job *)step.claimed->pdata[3])->unique_key, ==, "behind");
	g_ptr_array_unref(step.claimed);
}

/* --- claims that compete ------------------------------------------------------------------------
 */

#define CLAIMERS 8
#define JOBS     400
#define AT_ONCE  6

typedef struct {
	TestDb *t;
	guint number;
	gint *runs;    /* by job id */
	gint *in_lane; /* how many run in lane 0 and 1 */
	gint *left;
} Claimer;

static gpointer claim_and_finish(gpointer data)
{
	static const JobLane lanes[] = {{"l:", AT_ONCE}};
	Claimer *claimer = data;
	g_autofree char *owner = g_strdup_printf("n%u", claimer->number);
	while (g_atomic_int_get(claimer->left) > 0) {
		Step step = {.owner = owner,
		             .now = NOW,
		             .max_priority = G_MAXINT64,
		             .lanes = lanes,
		             .n_lanes = 1,
		             .at_most = 3};
		testdb_write(claimer->t, claim, &step);
		for (guint i = 0; i < step.claimed->len; i++) {
			const Job *job = step.claimed->pdata[i];
			gint *lane = &claimer->in_lane[strcmp(job->lane, "l:1") == 0];
			g_assert_cmpint(g_atomic_int_add(lane, 1), <, AT_ONCE);
			g_atomic_int_inc(&claimer->runs[job->id]);
		}
		for (guint i = 0; i < step.claimed->len; i++) {
			const Job *job = step.claimed->pdata[i];
			gint *lane = &claimer->in_lane[strcmp(job->lane, "l:1") == 0];
			g_atomic_int_dec_and_test(lane);
			testdb_write(claimer->t, finish, &(Finish){.job = job, .state = JOB_DONE});
			g_atomic_int_dec_and_test(claimer->left);
		}
		g_ptr_array_unref(step.claimed);
	}
	return NULL;
}

static void test_no_job_is_handed_out_twice(TestDb *t)
{
	Claimer claimers[CLAIMERS];
	GThread *threads[CLAIMERS];
	gint runs[JOBS + 1] = {0}, in_lane[2] = {0}, left = JOBS;
	for (guint i = 0; i < JOBS; i++) {
		Job job = a_job(NULL);
		job.lane = (char *)(i % 2 ? "l:1" : "l:2");
		g_assert_cmpint(queue(t, job, FALSE), ==, i + 1);
	}
	for (guint i = 0; i < CLAIMERS; i++) {
		claimers[i] = (Claimer){t, i, runs, in_lane, &left};
		threads[i] = g_thread_new("claimer", claim_and_finish, &claimers[i]);
	}
	for (guint i = 0; i < CLAIMERS; i++)
		g_thread_join(threads[i]);
	for (guint i = 1; i <= JOBS; i++)
		g_assert_cmpint(runs[i], ==, 1);
	g_assert_cmpint(testdb_int(t, "SELECT count(*) FROM job WHERE state = 'done'"), ==, JOBS);
}

/* --- leases and fences --------------------------------------------------------------------------
 */

static gboolean beat(Db *db, gpointer data, GError **error)
{
	const Step *step = data;
	return job_heartbeat(db, step->owner, &step->job.id, 1, step->now, error);
}

static void test_a_lease_that_ran_out_is_taken_over_and_the_late_one_kept_out(TestDb *t)
{
	g_autoptr(GError) error = NULL;
	queue(t, a_job("k"), FALSE);
	g_autoptr(Job) first = claim_one(t, "one", NOW);
	g_autoptr(GPtrArray) early = claim_as(t, "two", first->lease_until, 10);
	g_assert_cmpuint(early->len, ==, 0);
	g_autoptr(Job) second = claim_one(t, "two", first->lease_until + 1);
	g_assert_cmpint(second->id, ==, first->id);
	g_assert_cmpint(second->fence, >, first->fence);
	g_assert_cmpint(second->attempts, ==, 1); /* the run that did not end */
	g_assert_false(db_write(t->pool, check_fence, first, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_BUSY);
	g_clear_error(&error);
	g_assert_false(
		db_write(t->pool, finish, &(Finish){.job = first, .state = JOB_DONE}, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_BUSY);
	testdb_write(t, check_fence, second);
	testdb_write(t, finish, &(Finish){.job = second, .state = JOB_DONE});
	g_clear_error(&error);
	g_assert_false(db_write(t->pool, check_fence, second, &error)); /* it has ended */
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_BUSY);
}

static void test_a_heartbeat_holds_what_is_ones_own_and_no_more(TestDb *t)
{
	queue(t, a_job("k"), FALSE);
	g_autoptr(Job) first = claim_one(t, "one", NOW);
	Step other = {.owner = "two", .job.id = first->id, .now = NOW + 100 * LATER};
	testdb_write(t, beat, &other);
	g_autoptr(Job) unchanged = load_job(t, first->id);
	g_assert_cmpint(unchanged->lease_until, ==, first->lease_until);
	Step own = {.owner = "one", .job.id = first->id, .now = NOW + 50 * LATER};
	testdb_write(t, beat, &own);
	g_autoptr(GPtrArray) none = claim_as(t, "two", NOW + 49 * LATER, 10);
	g_assert_cmpuint(none->len, ==, 0);
}

static gboolean give_back(Db *db, gpointer data, GError **error)
{
	gint64 released = 0;
	gboolean ok = job_release(db, "host/worker/", *(gboolean *)data, &released, error);
	g_assert_cmpint(released, ==, 1);
	return ok;
}

static void test_a_stop_gives_back_and_a_death_counts(TestDb *t)
{
	for (gboolean died = FALSE; died <= TRUE; died++) {
		testdb_run(t, "DELETE FROM job");
		queue(t, a_job("ours"), FALSE);
		g_autoptr(Job) ours = claim_one(t, "host/worker/1", NOW);
		queue(t, a_job("theirs"), FALSE);
		g_autoptr(Job) theirs = claim_one(t, "other/worker/1", NOW);
		testdb_write(t, give_back, &died);
		g_autoptr(Job) again = claim_one(t, "host/worker/2", NOW);
		g_assert_cmpstr(again->unique_key, ==, "ours");
		g_assert_cmpint(again->attempts, ==, died);
		g_assert_cmpint(again->fence, >, ours->fence);
	}
}

/* --- how a claim ends ---------------------------------------------------------------------------
 */

static const struct {
	const char *name;
	JobState state;
	gint64 run_at;
	const char *code;
	gint64 asked_at; /* while it ran somebody asked for it at this time; 0: nobody */
	JobState expected;
	gint64 expected_at, attempts;
} endings[] = {
	{"done", JOB_DONE, 0, NULL, 0, JOB_DONE, 0, 0},
	{"done with an error", JOB_DONE, 0, "invalid", 0, JOB_DONE, 0, 4},
	{"again", JOB_READY, 5000, NULL, 0, JOB_READY, 5000, 0},
	{"again after an error", JOB_READY, 5000, "busy", 0, JOB_READY, 5000, 4},
	{"parked", JOB_PARKED, 0, "remote", 0, JOB_PARKED, 0, 4},
	{"cancelled", JOB_CANCELLED, 0, NULL, 0, JOB_CANCELLED, 0, 0},
	{"done, but asked for again", JOB_DONE, 0, NULL, 3000, JOB_READY, 3000, 0},
	{"again, asked for sooner", JOB_READY, 5000, NULL, 3000, JOB_READY, 3000, 0},
	{"again, asked for later", JOB_READY, 5000, NULL, 8000, JOB_READY, 5000, 0},
	{"parked, though asked for", JOB_PARKED, 0, "remote", 3000, JOB_PARKED, 0, 4},
};

static void test_a_claim_ends_as_it_is_said(TestDb *t)
{
	for (guint i = 0; i < G_N_ELEMENTS(endings); i++) {
		g_test_message("%s", endings[i].name);
		testdb_run(t, "DELETE FROM job");
		gint64 id = queue(t, a_job("k"), FALSE);
		testdb_run(t, "UPDATE job SET attempts = 3");
		g_autoptr(Job) claimed = claim_one(t, "me", NOW);
		Job wanted = a_job("k");
		wanted.run_at = endings[i].asked_at;
		wanted.priority = PRIORITY_INTERACTIVE;
		if (wanted.run_at)
			g_assert_cmpint(queue(t, wanted, TRUE), ==, id);
		testdb_write(t, finish,
		             &(Finish){claimed, endings[i].state, endings[i].run_at,
		                       endings[i].code, endings[i].code ? "words" : NULL,
		                       "{\"a\":1}"});
		g_autoptr(Job) job = load_job(t, id);
		g_assert_cmpint(job->state, ==, endings[i].expected);
		g_assert_cmpint(job->attempts, ==, endings[i].attempts);
		g_assert_cmpstr(job->last_error_code, ==, endings[i].code);
		g_assert_cmpstr(job->result, ==, "{\"a\":1}");
		g_assert_null(job->lease_owner);
		if (job->state == JOB_READY)
			g_assert_cmpint(job->run_at, ==, endings[i].expected_at);
		if (job->state == JOB_READY && wanted.run_at)
			g_assert_cmpint(job->priority, ==, PRIORITY_INTERACTIVE);
	}
}

/* --- one live job a key -------------------------------------------------------------------------
 */

static void test_one_live_job_has_a_key(TestDb *t)
{
	gint64 id = queue(t, a_job("k"), FALSE);
	Job second = a_job("k");
	second.run_at = 0;
	second.priority = PRIORITY_QUARANTINE;
	g_assert_cmpint(queue(t, second, FALSE), ==, id);
	g_autoptr(Job) same = load_job(t, id);
	g_assert_cmpint(same->run_at, ==, 1);
	g_assert_cmpint(same->priority, ==, PRIORITY_PROCESS);
	g_assert_cmpint(queue(t, second, TRUE), ==, id);
	g_autoptr(Job) brought_forward = load_job(t, id);
	g_assert_cmpint(brought_forward->run_at, ==, 0);
	g_assert_cmpint(brought_forward->priority, ==, PRIORITY_QUARANTINE);
	second.run_at = 100;
	second.priority = PRIORITY_ENRICH;
	g_assert_cmpint(queue(t, second, TRUE), ==, id);
	g_autoptr(Job) not_back = load_job(t, id);
	g_assert_cmpint(not_back->run_at, ==, 0);
	g_assert_cmpint(not_back->priority, ==, PRIORITY_QUARANTINE);
}

static void test_a_key_is_free_again_when_its_job_has_ended(TestDb *t)
{
	static const struct {
		JobState state;
		gboolean free;
	} cases[] = {
		{JOB_DONE, TRUE}, {JOB_CANCELLED, TRUE}, {JOB_PARKED, FALSE}, {JOB_READY, FALSE}};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		testdb_run(t, "DELETE FROM job");
		gint64 id = queue(t, a_job("k"), FALSE);
		g_autoptr(Job) claimed = claim_one(t, "me", NOW);
		testdb_write(t, finish,
		             &(Finish){.job = claimed, .state = cases[i].state, .run_at = NOW});
		gboolean free = queue(t, a_job("k"), TRUE) != id;
		g_assert_cmpint(free, ==, cases[i].free);
	}
}

static void test_jobs_without_a_key_are_all_different(TestDb *t)
{
	g_assert_cmpint(queue(t, a_job(NULL), TRUE), !=, queue(t, a_job(NULL), TRUE));
}

/* --- by hand ------------------------------------------------------------------------------------
 */

static gboolean retry(Db *db, gpointer id, GError **error)
{
	return job_retry(db, *(gint64 *)id, NOW, error);
}

static gboolean cancel(Db *db, gpointer id, GError **error)
{
	return job_cancel(db, *(gint64 *)id, NOW, error);
}

static const struct {
	JobState state;
	DbWork work;
	int error; /* -1: none */
	JobState expected;
} by_hand[] = {
	{JOB_PARKED, retry, -1, JOB_READY},
	{JOB_READY, retry, TRAWL_ERROR_CONFLICT, JOB_READY},
	{JOB_DONE, retry, TRAWL_ERROR_CONFLICT, JOB_DONE},
	{JOB_PARKED, cancel, -1, JOB_CANCELLED},
	{JOB_READY, cancel, -1, JOB_CANCELLED},
	{JOB_DONE, cancel, TRAWL_ERROR_CONFLICT, JOB_DONE},
	{JOB_CANCELLED, cancel, TRAWL_ERROR_CONFLICT, JOB_CANCELLED},
};

static void test_people_retry_what_is_parked_and_cancel_what_waits(TestDb *t)
{
	for (guint i = 0; i < G_N_ELEMENTS(by_hand); i++) {
		g_autoptr(GError) error = NULL;
		testdb_run(t, "DELETE FROM job");
		gint64 id = queue(t, a_job("k"), FALSE);
		g_autoptr(Job) claimed = claim_one(t, "me", NOW);
		testdb_write(t, finish,
		             &(Finish){claimed, by_hand[i].state, NOW, "remote", "words", NULL});
		db_write(t->pool, by_hand[i].work, &id, &error);
		if (by_hand[i].error < 0)
			g_assert_no_error(error);
		else
			g_assert_error(error, TRAWL_ERROR, by_hand[i].error);
		g_autoptr(Job) job = load_job(t, id);
		g_assert_cmpint(job->state, ==, by_hand[i].expected);
	}
	g_autoptr(GError) error = NULL;
	gint64 nobody = 999;
	g_assert_false(db_write(t->pool, cancel, &nobody, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND);
}

static gboolean next_at(Db *db, gpointer data, GError **error)
{
	return job_next_at(db, data, error);
}

static void test_the_next_job_is_announced(TestDb *t)
{
	gint64 at = -1;
	testdb_read(t, next_at, &at);
	g_assert_cmpint(at, ==, 0);
	Job job = a_job(NULL);
	job.run_at = 700;
	queue(t, job, FALSE);
	job.run_at = 600;
	queue(t, job, FALSE);
	testdb_read(t, next_at, &at);
	g_assert_cmpint(at, ==, 600);
}

/* A worker with many threads, or many mail servers that hang, holds more jobs than a statement
 * usually has parameters. */
static gboolean beat_many(Db *db, gpointer data, GError **error)
{
	const Step *step = data;
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	for (guint i = 0; i < step->claimed->len; i++)
		g_array_append_val(ids, ((Job *)step->claimed->pdata[i])->id);
	return job_heartbeat(db, step->owner, (const gint64 *)ids->data, ids->len, step->now,
	                     error);
}

static void test_hundreds_of_jobs_are_held_and_as_many_lanes_full(TestDb *t)
{
	static const JobLane limits[] = {{"server:", 1}};
	for (guint i = 0; i < 300; i++) {
		g_autofree char *lane = g_strdup_printf("server:%u", i);
		Job job = a_job(NULL);
		job.lane = lane;
		queue(t, job, FALSE);
		queue(t, job, FALSE);
	}
	Step step = {.owner = "one",
	             .now = NOW,
	             .max_priority = G_MAXINT64,
	             .lanes = limits,
	             .n_lanes = G_N_ELEMENTS(limits),
	             .at_most = 1000};
	testdb_write(t, claim, &step);
	g_autoptr(GPtrArray) claimed = step.claimed;
	g_assert_cmpuint(claimed->len, ==, 300);
	step.now = NOW + 2 * LATER;
	testdb_write(t, beat_many, &step);
	for (guint i = 0; i < claimed->len; i++) {
		g_autoptr(Job) job = load_job(t, ((Job *)claimed->pdata[i])->id);
		g_assert_cmpint(job->lease_until, ==, step.now);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	testdb_add("/job/the most urgent are claimed as far as lanes allow",
	           test_the_most_urgent_are_claimed_as_far_as_lanes_allow);
	testdb_add("/job/what runs counts in its lane until it ends",
	           test_what_runs_counts_in_its_lane_until_it_ends);
	testdb_add("/job/ten thousand of a full lane do not hide the one behind",
	           test_ten_thousand_of_a_full_lane_do_not_hide_the_one_behind);
	testdb_add("/job/no job is handed out twice", test_no_job_is_handed_out_twice);
	testdb_add("/job/a lease that ran out is taken over and the late one kept out",
	           test_a_lease_that_ran_out_is_taken_over_and_the_late_one_kept_out);
	testdb_add("/job/a heartbeat holds what is one's own and no more",
	           test_a_heartbeat_holds_what_is_ones_own_and_no_more);
	testdb_add("/job/hundreds of jobs are held, and as many lanes full",
	           test_hundreds_of_jobs_are_held_and_as_many_lanes_full);
	testdb_add("/job/a stop gives back and a death counts",
	           test_a_stop_gives_back_and_a_death_counts);
	testdb_add("/job/a claim ends as it is said", test_a_claim_ends_as_it_is_said);
	testdb_add("/job/one live job has a key", test_one_live_job_has_a_key);
	testdb_add("/job/a key is free again when its job has ended",
	           test_a_key_is_free_again_when_its_job_has_ended);
	testdb_add("/job/jobs without a key are all different",
	           test_jobs_without_a_key_are_all_different);
	testdb_add("/job/people retry what is parked and cancel what waits",
	           test_people_retry_what_is_parked_and_cancel_what_waits);
	testdb_add("/job/the next job is announced", test_the_next_job_is_announced);
	return g_test_run();
}
