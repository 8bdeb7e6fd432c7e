/* `trawl serve`: one process that starts the roles, restarts one that dies, and stops them all.
 *
 * It has no threads, no database and no secrets, so forking it is safe and its memory is all but
 * nothing. The lock on the data directory is inherited by the roles: as long as one of them lives,
 * no second daemon starts. */
#include "daemon/daemon.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "daemon/house.h"
#include "daemon/roles.h"
#include "jobs/jobs.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define MAX_ROLES      8
#define STOP_SECONDS   10 /* then a role is killed                       */
#define BACK_OFF_FIRST (CLOCK_SECOND / 10)
#define BACK_OFF_MOST  (30 * CLOCK_SECOND)
#define HEALTHY_AFTER  CLOCK_MINUTE /* a role that lived this long starts over at BACK_OFF_FIRST */

typedef struct {
	const Role *role;
	pid_t pid;         /* 0: not running */
	gint64 started_at; /* monotonic */
	gint64 start_at;   /* monotonic: not before */
	gint64 back_off;
	guint starts;
} Process;

typedef struct {
	ServeOptions *options;
	Process processes[MAX_ROLES];
	guint n_processes;
	gboolean stopping;
	int gave_up; /* exit status of a role that cannot start, 0: none */
} Supervisor;

static sigset_t supervised_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	return set;
}

/* Runs in the child: a role sees only SIGTERM, and dies with the supervisor. */
static G_GNUC_NORETURN void become(const Role *role, const ServeOptions *options, pid_t supervisor)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != supervisor)
		_exit(EX_TEMPFAIL);
	prctl(PR_SET_NAME, role->name);
	sigset_t blocked = supervised_signals();
	sigdelset(&blocked, SIGCHLD);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	log_init(role->name, options->verbose);
	_exit(role->main(options));
}

static void start(Supervisor *supervisor, Process *process)
{
	pid_t self = getpid();
	pid_t pid = fork();
	if (pid == 0)
		become(process->role, supervisor->options, self);
	process->started_at = g_get_monotonic_time();
	process->starts++;
	if (pid < 0) {
		g_warning("cannot start %s: %s", process->role->name, g_strerror(errno));
		process->start_at = process->started_at + BACK_OFF_MOST;
		return;
	}
	process->pid = pid;
}

static char *describe_end(int status)
{
	if (WIFSIGNALED(status))
		return g_strdup_printf("was killed by signal %d (%s)", WTERMSIG(status),
		                       g_strsignal(WTERMSIG(status)));
	return g_strdup_printf("ended with status %d", WEXITSTATUS(status));
}

/* The options of this start are wrong, or what they name is taken: trying again would not help, and
 * whoever started us should hear of it. Later it may be a passing thing, or a mistaken reload. */
static gboolean is_hopeless(const Process *process, int status)
{
	return process->starts == 1 && WIFEXITED(status) &&
	       (WEXITSTATUS(status) == EX_DATAERR || WEXITSTATUS(status) == EX_CANTCREAT);
}

static void ended(Supervisor *supervisor, Process *process, int status)
{
	gint64 now = g_get_monotonic_time();
	process->pid = 0;
	if (supervisor->stopping)
		return;
	if (is_hopeless(process, status)) {
		supervisor->gave_up = WEXITSTATUS(status);
		return;
	}
	gboolean healthy = now - process->started_at >= HEALTHY_AFTER ||
	                   (WIFEXITED(status) && WEXITSTATUS(status) == 0);
	process->back_off = healthy ? BACK_OFF_FIRST : MIN(process->back_off * 2, BACK_OFF_MOST);
	process->start_at = now + process->back_off;
	g_autofree char *end = describe_end(status);
	g_warning("role %s %s; starting it again in %.1f s", process->role->name, end,
	          (double)process->back_off / CLOCK_SECOND);
}

static void reap(Supervisor *supervisor)
{
	int status;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
		for (guint i = 0; i < supervisor->n_processes; i++)
			if (supervisor->processes[i].pid == pid)
				ended(supervisor, &supervisor->processes[i], status);
}

/* To the roles from @first on, in the order in which they were started. */
static void signal_from(const Supervisor *supervisor, guint first, int signal)
{
	for (guint i = first; i < supervisor->n_processes; i++)
		if (supervisor->processes[i].pid)
			kill(supervisor->processes[i].pid, signal);
}

static void signal_all(const Supervisor *supervisor, int signal)
{
	signal_from(supervisor, 0, signal);
}

static gboolean any_running(const Supervisor *supervisor, guint first)
{
	for (guint i = first; i < supervisor->n_processes; i++)
		if (supervisor->processes[i].pid)
			return TRUE;
	return FALSE;
}

/* Starts what is due; the time until the next start, at most an hour. */
static gint64 start_due(Supervisor *supervisor)
{
	gint64 now = g_get_monotonic_time(), wait = CLOCK_HOUR;
	for (guint i = 0; i < supervisor->n_processes; i++) {
		Process *process = &supervisor->processes[i];
		if (process->pid)
			continue;
		if (process->start_at <= now)
			start(supervisor, process);
		else
			wait = MIN(wait, process->start_at - now);
	}
	return wait;
}

static void stop(Supervisor *supervisor, const sigset_t *signals)
{
	supervisor->stopping = TRUE;
	/* The first one, the reader, goes last: work that still ends well needs it. */
	signal_from(supervisor, 1, SIGTERM);
	gint64 deadline = deadline_in(STOP_SECONDS);
	while (any_running(supervisor, 0)) {
		if (!any_running(supervisor, 1))
			signal_all(supervisor, SIGTERM);
		int left = deadline_left_ms(deadline);
		if (left == 0) {
			g_warning("a role did not stop within %d s and is killed; its jobs are "
			          "taken over at the "
			          "next start",
			          STOP_SECONDS);
			signal_all(supervisor, SIGKILL);
			deadline = deadline_in(STOP_SECONDS);
		}
		struct timespec time = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000L};
		sigtimedwait(signals, NULL, &time);
		reap(supervisor);
	}
}

/* SIGHUP: new options, and each role starts afresh with them, its work handed back first. */
static void reload(Supervisor *supervisor, ServeReload read_options, gpointer data)
{
	g_autoptr(GError) error = NULL;
	if (read_options && !read_options(supervisor->options, data, &error)) {
		g_warning("the configuration was not reloaded: %s", error->message);
		return;
	}
	g_message("reloading");
	signal_all(supervisor, SIGTERM);
}

static void supervise(Supervisor *supervisor, ServeReload read_options, gpointer data)
{
	sigset_t signals = supervised_signals();
	while (!supervisor->gave_up) {
		gint64 wait = start_due(supervisor);
		struct timespec time = {.tv_sec = wait / CLOCK_SECOND,
		                        .tv_nsec = wait % CLOCK_SECOND * 1000};
		int received = sigtimedwait(&signals, NULL, &time);
		if (received == SIGTERM || received == SIGINT)
			break;
		if (received == SIGHUP)
			reload(supervisor, read_options, data);
		reap(supervisor);
	}
	stop(supervisor, &signals);
}

/* In a process of its own, because the database brings threads and we are going to fork. */
static int set_up(const ServeOptions *options)
{
	pid_t pid = fork();
	if (pid == 0) {
		g_autoptr(GError) error = NULL;
		if (house_set_up(options, &error))
			_exit(EX_OK);
		g_warning("cannot start: %s", error->message);
		_exit(error_remedy(error)->exit_status);
	}
	int status = 0;
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return EX_OSERR;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;
}

int daemon_serve(ServeOptions *options, ServeReload read_options, gpointer data)
{
	log_init("serve", options->verbose);
	g_autoptr(GError) error = NULL;
	int lock = -1;
	if (!house_make(options->data_dir, &error) ||
	    !house_lock(options->data_dir, &lock, &error)) {
		g_warning("cannot start: %s", error->message);
		return error_remedy(error)->exit_status;
	}
	sigset_t signals = supervised_signals();
	sigprocmask(SIG_BLOCK, &signals, NULL);
	int status = set_up(options);
	if (status != EX_OK)
		return status;
	options->doorbell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	job_set_doorbell(options->doorbell);
	Supervisor supervisor = {.options = options};
	for (const Role *role = daemon_roles; role->name; role++)
		supervisor.processes[supervisor.n_processes++] =
			(Process){.role = role, .back_off = BACK_OFF_FIRST};
	supervise(&supervisor, read_options, data);
	g_message("stopped");
	return supervisor.gave_up;
}
