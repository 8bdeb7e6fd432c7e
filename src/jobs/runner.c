/* Runs the jobs of the queue in threads.
 *
 * One thread, the dispatcher, claims several jobs at a time and lays them out; the others take them
 * by priority. Only the queue's rows decide who runs what: a claim has a lease, which the heartbeat
 * extends, and a fence, which every transaction with effects checks. So a runner may die, hang or
 * be late at any instant, and another takes over without doing anything twice.
 *
 * A job that hangs must not delay another. It keeps its thread, but after a while it does not count
 * any more and a further thread takes its place; past its deadline its lease is left to run out. */
#include "jobs/runner.h"

#include "audit/audit.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "jobs/jobs.h"
#include "store/job.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define THREADS_MAX 8 /* times the number of threads: with those that hang */

JobRunnerTimes job_runner_times = {
	.lease = 60 * CLOCK_SECOND,
	.heartbeat = 15 * CLOCK_SECOND,
	.look = 2 * CLOCK_SECOND,
	.take_over = 10 * CLOCK_SECOND,
	.slow = 5 * CLOCK_SECOND,
};

/* So many jobs of a lane are claimed at once, and so many of these run in one process: the rest is
 * at hand when one ends, without a claim for each. */
static const JobLane lanes[] = {
	{JOB_LANE_POLL, 4},
	{JOB_LANE_REPORT, 12}, /* of batches */
	{JOB_LANE_POST_PROCESS, 8},
	{JOB_LANE_COPY, 24},
};
static const guint lanes_here[G_N_ELEMENTS(lanes)] = {4, 4, 4, 8};

/* A job between its claim and its end. */
typedef struct {
	Job *job;
	const JobKind *kind; /* NULL: this build does not know it */
	gint64 started;      /* monotonic; 0: it waits for a thread */
	gint64 deadline;
	gboolean slow, overdue;
} Run;

struct JobRunner {
	JobTools tools;
	const JobKind *kinds;
	guint threads, reserve; /* of the threads, only for what is urgent */
	int doorbell, wake;     /* wake: a thread became free, or the runner stops */
	GThread *dispatcher, *heart;

	GMutex lock; /* guards what follows */
	GCond work, ended, beat;
	GQueue waiting;     /* of Run, the most urgent first */
	GPtrArray *running; /* of Run */
	guint n_threads, n_idle;
	gboolean stop, dry; /* dry: the last look left nothing that could have been claimed */
};

static gboolean run_is_urgent(const Run *run)
{
	return run->job->priority <= PRIORITY_INTERACTIVE;
}

static void run_free(Run *run)
{
	job_free(run->job);
	g_free(run);
}

/* --- what became of a job -----------------------------------------------------------------------
 */

typedef struct {
	const JobRunner *runner;
	const Run *run;
	JobState state;
	gint64 run_at;
	const GError *error; /* or NULL */
	const char *result;
} Ending;

/* Writes how a claim ended; parking is a change that people must see, so it is on record. */
static gboolean write_ending(Db *db, gpointer data, GError **error)
{
	const Ending *ending = data;
	const Job *job = ending->run->job;
	const char *code = ending->error ? error_remedy(ending->error)->name : NULL;
	const char *text = ending->error ? ending->error->message : NULL;
	if (!job_check_fence(db, job->id, job->fence, error) ||
	    !job_finish(db, job, ending->state, ending->run_at, code, text, ending->result, error))
		return FALSE;
	if (ending->state != JOB_PARKED)
		return TRUE;
	json_t *detail = json_pack("{s:s, s:o, s:o}", "kind", job->kind, "code",
	                           json_text_new(code), "error", json_text_new(text));
	gint64 seq;
	return audit_append(db, "worker", "job.park", "job", job->id, 0, detail, &seq, error);
}

static void ring_dispatcher(const JobRunner *runner)
{
	const guint64 one = 1;
	if (write(runner->wake, &one, sizeof one) < 0)
		g_debug("the dispatcher is awake already: %s", g_strerror(errno));
}

static void end_run(const Ending *ending)
{
	const Job *job = ending->run->job;
	g_autoptr(GError) problem = NULL;
	if (db_write(ending->runner->tools.db, write_ending, (gpointer)ending, &problem)) {
		if (ending->state == JOB_READY)
			ring_dispatcher(ending->runner); /* it may be the next to run */
		return;
	}
	if (g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_BUSY))
		g_message("job %" G_GINT64_FORMAT " (%s) was taken over meanwhile", job->id,
		          job->kind);
	else /* its lease runs out, and it is run again */
		g_warning("job %" G_GINT64_FORMAT " (%s): how it ended cannot be written: %s",
		          job->id, job->kind, problem->message);
}

/* A failed run is tried again, parked, or, when somebody waits for the answer, answered. */
static void end_failed(const JobRunner *runner, const Run *run, const GError *error)
{
	const Job *job = run->job;
	const JobKind *kind = run->kind;
	gint64 attempts = job->attempts + 1;
	gint64 allowed = kind && kind->attempts ? kind->attempts : LIMIT_ATTEMPTS;
	gboolean recurring = kind && kind->attempts < 0;
	gboolean again = recurring || (error_remedy(error)->retry && attempts < allowed);
	Ending ending = {.runner = runner, .run = run, .error = error};
	ending.state = again ? JOB_READY : !kind || kind->park_now ? JOB_PARKED : JOB_DONE;
	ending.run_at = again ? job_backoff(attempts, error, clock_now()) : 0;
	g_warning("job %" G_GINT64_FORMAT " (%s), attempt %" G_GINT64_FORMAT ": %s%s", job->id,
	          job->kind, attempts, error->message,
	          ending.state == JOB_PARKED ? "; it is parked" : "");
	end_run(&ending);
}

static void end_well(const JobRunner *runner, const Run *run, JobOutcome *outcome)
{
	g_autoptr(json_t) result = outcome->result;
	if (outcome->finished)
		return;
	g_autofree char *text = result ? json_format(result) : NULL;
	end_run(&(Ending){
		.runner = runner,
		.run = run,
		.state = outcome->again_at ? JOB_READY : JOB_DONE,
		.run_at = outcome->again_at,
		.result = text,
	});
}

/* TRUE when workers keep dying of this job: a claim that was never ended counts as an attempt. */
static gboolean is_poison(const Run *run)
{
	gint64 allowed = run->kind->attempts ? run->kind->attempts : LIMIT_ATTEMPTS;
	return allowed > 1 && run->job->attempts >= allowed;
}

static void carry_out(const JobRunner *runner, const Run *run)
{
	g_autoptr(GError) error = NULL;
	JobOutcome outcome = {0};
	if (!run->kind)
		g_set_error(&error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		            "this version of Trawl has no jobs of kind '%s'", run->job->kind);
	else if (is_poison(run))
		g_set_error(&error, TRAWL_ERROR, TRAWL_ERROR_LIMIT,
		            "%" G_GINT64_FORMAT " workers died while they ran it (%s)",
		            run->job->attempts,
		            run->job->last_error ? run->job->last_error : "no other error");
	else if (run->kind->run(&runner->tools, run->job, run->deadline, &outcome, &error)) {
		end_well(runner, run, &outcome);
		return;
	}
	json_decref(outcome.result);
	if (outcome.finished) /* it ended in a transaction that held, and failed afterwards */
		g_warning("job %" G_GINT64_FORMAT " (%s), after its end: %s", run->job->id,
		          run->job->kind, error->message);
	else if (g_error_matches(error, TRAWL_ERROR, TRAWL_ERROR_BUSY))
		end_run(&(Ending){.runner = runner,
		                  .run = run,
		                  .state = JOB_READY,
		                  .run_at = job_backoff(1, error, clock_now())});
	else
		end_failed(runner, run, error);
}

/* --- the threads that run jobs ------------------------------------------------------------------
 */

/* Of those that run, how many count: the slow ones do not. */
static guint count_running(const JobRunner *runner, gboolean urgent_too)
{
	guint n = 0;
	for (guint i = 0; i < runner->running->len; i++) {
		const Run *run = runner->running->pdata[i];
		n += !run->slow && (urgent_too || !run_is_urgent(run));
	}
	return n;
}

static guint lane_limit(const char *lane)
{
	for (guint i = 0; i < G_N_ELEMENTS(lanes); i++)
		if (g_str_has_prefix(lane, lanes[i].lane_prefix))
			return lanes_here[i];
	return G_MAXUINT;
}

/* Would one more of its lane be too many here? One that hangs counts, however long. */
static gboolean lane_is_busy(const JobRunner *runner, const char *lane)
{
	guint n = 0;
	for (guint i = 0; i < runner->running->len; i++)
		n += strcmp(((Run *)runner->running->pdata[i])->job->lane, lane) == 0;
	return n >= lane_limit(lane);
}

/* How many wait that may start as soon as a thread is free. */
static guint count_waiting(const JobRunner *runner, gboolean urgent_only)
{
	guint n = 0;
	for (GList *at = runner->waiting.head; at; at = at->next) {
		const Run *run = at->data;
		n += (!urgent_only || run_is_urgent(run)) && !lane_is_busy(runner, run->job->lane);
	}
	return n;
}

/* The next job that may start now, or NULL. Under the lock. */
static Run *take_waiting(JobRunner *runner)
{
	gboolean room = count_running(runner, TRUE) < runner->threads;
	gboolean usual_room = count_running(runner, FALSE) < runner->threads - runner->reserve;
	for (GList *at = runner->waiting.head; room && at; at = at->next) {
		Run *run = at->data;
		if (!run_is_urgent(run) && !usual_room)
			return NULL; /* the rest is no more urgent than this one */
		if (lane_is_busy(runner, run->job->lane))
			continue;
		g_queue_delete_link(&runner->waiting, at);
		return run;
	}
	return NULL;
}

static gpointer thread_main(gpointer data)
{
	JobRunner *runner = data;
	g_mutex_lock(&runner->lock);
	while (!runner->stop) {
		Run *run = take_waiting(runner);
		if (!run && runner->n_threads > runner->threads)
			break; /* it stood in for one that hung */
		if (!run) {
			runner->n_idle++;
			g_cond_wait(&runner->work, &runner->lock);
			runner->n_idle--;
			continue;
		}
		run->started = g_get_monotonic_time();
		run->deadline = deadline_in(run->kind ? run->kind->seconds : 1);
		g_ptr_array_add(runner->running, run);
		g_mutex_unlock(&runner->lock);
		carry_out(runner, run);
		g_mutex_lock(&runner->lock);
		g_ptr_array_remove_fast(runner->running, run);
		run_free(run);
		g_cond_broadcast(&runner->ended);
		guint waiting = count_waiting(runner, FALSE);
		if (waiting > 1 && runner->n_idle)
			g_cond_signal(&runner->work); /* its end may let more than one begin */
		if (!runner->dry && waiting <= runner->threads / 4)
			ring_dispatcher(runner);
	}
	runner->n_threads--;
	g_cond_broadcast(&runner->ended);
	g_mutex_unlock(&runner->lock);
	return NULL;
}

/* Sees to it that what waits and may run has a thread. Under the lock. */
static void provide_threads(JobRunner *runner)
{
	guint wanted = MIN(runner->waiting.length, runner->threads);
	while (runner->n_idle < wanted && !runner->stop) {
		guint busy = count_running(runner, TRUE) + runner->n_idle;
		if (busy >= runner->threads || runner->n_threads >= THREADS_MAX * runner->threads)
			break;
		g_autoptr(GError) problem = NULL;
		GThread *thread = g_thread_try_new("job", thread_main, runner, &problem);
		if (!thread) {
			g_warning("no further thread for jobs: %s", problem->message);
			break;
		}
		g_thread_unref(thread);
		runner->n_threads++;
		wanted--;
	}
	g_cond_broadcast(&runner->work);
}

/* --- the dispatcher -----------------------------------------------------------------------------
 */

typedef struct {
	const JobRunner *runner;
	gint64 max_priority, next_at;
	guint at_most;
	GPtrArray *claimed; /* of Job */
} Claim;

static gboolean claim_work(Db *db, gpointer data, GError **error)
{
	Claim *claim = data;
	gint64 now = clock_now();
	g_clear_pointer(&claim->claimed, g_ptr_array_unref);
	claim->claimed =
		job_claim(db, claim->runner->tools.node, now, now + job_runner_times.lease,
	                  claim->max_priority, lanes, G_N_ELEMENTS(lanes), claim->at_most, error);
	return claim->claimed != NULL;
}

static gboolean next_work(Db *db, gpointer data, GError **error)
{
	return job_next_at(db, &((Claim *)data)->next_at, error);
}

static const JobKind *find_kind(const JobRunner *runner, const char *name)
{
	for (const JobKind *kind = runner->kinds; kind->kind; kind++)
		if (strcmp(kind->kind, name) == 0)
			return kind;
	return NULL;
}

static gint compare_runs(gconstpointer a, gconstpointer b, gpointer data)
{
	gint64 left = ((const Run *)a)->job->priority, right = ((const Run *)b)->job->priority;
	return left < right ? -1 : left > right;
}

/* Under the lock. */
static void lay_out(JobRunner *runner, GPtrArray *claimed)
{
	for (guint i = 0; i < claimed->len; i++) {
		Run *run = g_new0(Run, 1);
		run->job = g_steal_pointer(&claimed->pdata[i]);
		run->kind = find_kind(runner, run->job->kind);
		/* after its equals: what was claimed first runs first */
		GList *at = runner->waiting.tail;
		while (at && compare_runs(at->data, run, NULL) > 0)
			at = at->prev;
		g_queue_insert_after(&runner->waiting, at, run);
	}
	provide_threads(runner);
}

/* How many may be claimed now, and how urgent they have to be. More than there are threads, so that
 * these need not wait for the next claim. Under the lock. */
static void plan_claim(const JobRunner *runner, Claim *claim)
{
	guint usual = runner->threads - runner->reserve, ahead = runner->threads;
	guint taken = count_running(runner, FALSE) + count_waiting(runner, FALSE);
	claim->max_priority = G_MAXINT64;
	claim->at_most = usual + ahead > taken ? usual + ahead - taken : 0;
	if (claim->at_most)
		return;
	taken = count_running(runner, TRUE) + count_waiting(runner, TRUE);
	claim->max_priority = PRIORITY_INTERACTIVE;
	claim->at_most = runner->threads > taken ? runner->threads - taken : 0;
}

/* Claims as long as there is something and somebody to run it. FALSE when the queue cannot be
 * asked. */
static gboolean claim_all(JobRunner *runner)
{
	for (;;) {
		Claim claim = {.runner = runner};
		g_mutex_lock(&runner->lock);
		plan_claim(runner, &claim);
		gboolean stop = runner->stop;
		g_mutex_unlock(&runner->lock);
		if (stop || !claim.at_most)
			return TRUE;
		g_autoptr(GError) problem = NULL;
		gboolean ok = db_write(runner->tools.db, claim_work, &claim, &problem);
		g_autoptr(GPtrArray) claimed = claim.claimed;
		if (!ok) {
			g_warning("no job can be claimed: %s", problem->message);
			return FALSE;
		}
		guint n = claimed->len;
		g_ptr_array_set_free_func(claimed, NULL);
		g_mutex_lock(&runner->lock);
		lay_out(runner, claimed);
		g_mutex_unlock(&runner->lock);
		if (n < claim.at_most)
			return TRUE;
	}
}

static void mark_slow(JobRunner *runner)
{
	gint64 now = g_get_monotonic_time();
	g_mutex_lock(&runner->lock);
	for (guint i = 0; i < runner->running->len; i++) {
		Run *run = runner->running->pdata[i];
		run->slow = run->slow || now - run->started > job_runner_times.slow;
	}
	provide_threads(runner);
	g_mutex_unlock(&runner->lock);
}

/* Sleeps until a bell rings or the time is up. */
static void wait_for_bell(const JobRunner *runner, gint64 at_most)
{
	struct pollfd fds[] = {{.fd = runner->wake, .events = POLLIN},
	                       {.fd = runner->doorbell, .events = POLLIN}};
	int timeout = (int)CLAMP((at_most + 999) / 1000, 0, job_runner_times.look / 1000);
	if (poll(fds, G_N_ELEMENTS(fds), timeout) <= 0)
		return;
	guint64 rings;
	for (guint i = 0; i < G_N_ELEMENTS(fds); i++)
		if (fds[i].revents & POLLIN && read(fds[i].fd, &rings, sizeof rings) < 0)
			g_debug("somebody else heard the bell: %s", g_strerror(errno));
}

static gpointer dispatcher_main(gpointer data)
{
	JobRunner *runner = data;
	gint64 looked = 0;
	for (;;) {
		g_autoptr(GError) problem = NULL;
		Claim look = {.runner = runner};
		gint64 now = clock_now();
		/* Until it is known better, so that what ends meanwhile rings. */
		g_mutex_lock(&runner->lock);
		runner->dry = FALSE;
		g_mutex_unlock(&runner->lock);
		gboolean ok = db_read(runner->tools.db, next_work, &look, &problem);
		if (!ok)
			g_warning("the job queue cannot be read: %s", problem->message);
		gboolean due = look.next_at && look.next_at <= now;
		if (ok && (due || ABS(now - looked) >= job_runner_times.take_over)) {
			ok = claim_all(runner) && db_read(runner->tools.db, next_work, &look, NULL);
			looked = now;
		}
		mark_slow(runner);
		g_mutex_lock(&runner->lock);
		gboolean stop = runner->stop;
		/* What was due and was not claimed waits for a thread or for its lane; what has
		 * become due since is looked at again at once. */
		runner->dry = !look.next_at || look.next_at > now;
		gint64 wait = ok && look.next_at && runner->dry ? look.next_at - clock_now()
		                                                : job_runner_times.look;
		g_mutex_unlock(&runner->lock);
		if (stop)
			return NULL;
		wait_for_bell(runner, wait);
	}
}

/* --- the heartbeat ------------------------------------------------------------------------------
 */

typedef struct {
	const JobRunner *runner;
	GArray *ids; /* of gint64: the claims that are alive */
} Beat;

static gboolean extend_leases(Db *db, gpointer data, GError **error)
{
	const Beat *beat = data;
	return job_heartbeat(db, beat->runner->tools.node, (const gint64 *)beat->ids->data,
	                     beat->ids->len, clock_now() + job_runner_times.lease, error);
}

/* The claims whose leases are worth extending; one that is past its deadline is not. Under the
 * lock.
 */
static GArray *living_claims(JobRunner *runner)
{
	GArray *ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	gint64 now = g_get_monotonic_time();
	for (GList *at = runner->waiting.head; at; at = at->next)
		g_array_append_val(ids, ((Run *)at->data)->job->id);
	for (guint i = 0; i < runner->running->len; i++) {
		Run *run = runner->running->pdata[i];
		if (now <= run->deadline) {
			g_array_append_val(ids, run->job->id);
		} else if (!run->overdue) {
			run->overdue = TRUE;
			g_warning("job %" G_GINT64_FORMAT " (%s) is past its deadline of %.0f s; "
			          "another worker may take it over",
			          run->job->id, run->job->kind,
			          (double)(run->deadline - run->started) / (double)CLOCK_SECOND);
		}
	}
	return ids;
}

static gpointer heart_main(gpointer data)
{
	JobRunner *runner = data;
	g_mutex_lock(&runner->lock);
	while (!runner->stop) {
		g_autoptr(GArray) ids = living_claims(runner);
		g_mutex_unlock(&runner->lock);
		Beat beat = {.runner = runner, .ids = ids};
		g_autoptr(GError) problem = NULL;
		if (ids->len && !db_write(runner->tools.db, extend_leases, &beat, &problem))
			g_warning("leases cannot be extended: %s", problem->message);
		gint64 until = g_get_monotonic_time() + job_runner_times.heartbeat;
		g_mutex_lock(&runner->lock);
		while (!runner->stop && g_cond_wait_until(&runner->beat, &runner->lock, until))
			;
	}
	g_mutex_unlock(&runner->lock);
	return NULL;
}

/* --- its own life -------------------------------------------------------------------------------
 */

JobRunner *job_runner_new(const JobTools *tools, const JobKind *kinds, guint threads)
{
	JobRunner *runner = g_new0(JobRunner, 1);
	runner->tools = *tools;
	runner->kinds = kinds;
	runner->threads = MAX(threads, 2);
	runner->reserve = MAX(runner->threads / 4, 1);
	runner->doorbell = -1;
	runner->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	g_assert(runner->wake >= 0);
	runner->running = g_ptr_array_new();
	g_mutex_init(&runner->lock);
	g_cond_init(&runner->work);
	g_cond_init(&runner->ended);
	g_cond_init(&runner->beat);
	return runner;
}

typedef struct {
	char *prefix;
	gboolean died;
	gint64 released;
} Release;

static gboolean release_work(Db *db, gpointer data, GError **error)
{
	Release *release = data;
	return job_release(db, release->prefix, release->died, &release->released, error);
}

/* Takes back what the worker held that ran at this place before. */
static void bury_predecessor(JobRunner *runner)
{
	const char *slash = strrchr(runner->tools.node, '/');
	if (!slash)
		return;
	g_autofree char *place =
		g_strndup(runner->tools.node, (gsize)(slash - runner->tools.node) + 1);
	Release release = {.prefix = place, .died = TRUE};
	g_autoptr(GError) problem = NULL;
	if (!db_write(runner->tools.db, release_work, &release, &problem))
		g_warning("what the worker before held cannot be taken back: %s", problem->message);
	else if (release.released)
		g_message("%" G_GINT64_FORMAT " jobs that the worker before held are taken back",
		          release.released);
}

void job_runner_start(JobRunner *runner, int doorbell)
{
	runner->doorbell = doorbell;
	bury_predecessor(runner);
	runner->heart = g_thread_new("job-heartbeat", heart_main, runner);
	runner->dispatcher = g_thread_new("job-dispatcher", dispatcher_main, runner);
}

gboolean job_runner_stop(JobRunner *runner, double seconds)
{
	gint64 until = deadline_in(seconds);
	g_mutex_lock(&runner->lock);
	runner->stop = TRUE;
	g_cond_broadcast(&runner->work);
	g_cond_broadcast(&runner->beat);
	g_mutex_unlock(&runner->lock);
	ring_dispatcher(runner);
	g_clear_pointer(&runner->dispatcher, g_thread_join);
	g_clear_pointer(&runner->heart, g_thread_join);

	g_mutex_lock(&runner->lock);
	while (runner->n_threads && g_cond_wait_until(&runner->ended, &runner->lock, until))
		;
	gboolean all = runner->n_threads == 0;
	g_queue_clear_full(&runner->waiting, (GDestroyNotify)run_free);
	g_mutex_unlock(&runner->lock);
	Release release = {.prefix = (char *)runner->tools.node};
	g_autoptr(GError) problem = NULL;
	if (!db_write(runner->tools.db, release_work, &release, &problem))
		g_warning("jobs cannot be handed back: %s", problem->message);
	else if (release.released)
		g_message("%" G_GINT64_FORMAT " jobs are handed back", release.released);
	return all;
}

void job_runner_free(JobRunner *runner)
{
	if (!runner)
		return;
	g_assert(!runner->n_threads && !runner->dispatcher && !runner->heart);
	g_assert(g_queue_is_empty(&runner->waiting));
	close(runner->wake);
	g_ptr_array_unref(runner->running);
	g_mutex_clear(&runner->lock);
	g_cond_clear(&runner->work);
	g_cond_clear(&runner->ended);
	g_cond_clear(&runner->beat);
	g_free(runner);
}
