/* The reader role: accepts connections and forks a sandboxed child for each.
 *
 * This process never looks at a message. It restarts nothing: a client whose reader died connects
 * again. */
#include "reader/serve.h"

#include "base/limits.h"
#include "mail/breakdown.h"
#include "reader/reader.h"
#include "reader/socket.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
	int listener, signals;
	GArray *children; /* pid_t */
	ReadMessage read_message;
	const SandboxLimits *limits;
} ReaderRole;

static void forget(ReaderRole *role, pid_t child)
{
	for (guint i = 0; i < role->children->len; i++)
		if (g_array_index(role->children, pid_t, i) == child) {
			g_array_remove_index_fast(role->children, i);
			return;
		}
}

static void reap(ReaderRole *role)
{
	int status;
	for (pid_t child; (child = waitpid(-1, &status, WNOHANG)) > 0;) {
		forget(role, child);
		if (WIFSIGNALED(status))
			g_message("reader %d died of signal %d (%s)", (int)child, WTERMSIG(status),
			          strsignal(WTERMSIG(status)));
	}
}

static void serve_connection(ReaderRole *role)
{
	int fd = accept4(role->listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return;
	pid_t child = fork();
	if (child == 0)
		reader_child_run(fd, role->read_message, role->limits);
	if (child > 0)
		g_array_append_val(role->children, child);
	else
		g_warning("cannot fork a reader: %s", g_strerror(errno));
	close(fd);
}

/* TRUE until somebody asks us to stop. */
static gboolean handle_signals(ReaderRole *role)
{
	struct signalfd_siginfo info;
	while (read(role->signals, &info, sizeof info) == (ssize_t)sizeof info)
		if (info.ssi_signo != SIGCHLD)
			return FALSE;
	reap(role);
	return TRUE;
}

static void accept_until_told(ReaderRole *role)
{
	for (;;) {
		gboolean full = role->children->len >= LIMIT_READERS;
		struct pollfd poller[] = {
			{.fd = role->signals, .events = POLLIN},
			{.fd = full ? -1 : role->listener, .events = POLLIN},
		};
		if (poll(poller, G_N_ELEMENTS(poller), -1) < 0 && errno != EINTR)
			return;
		if (poller[0].revents && !handle_signals(role))
			return;
		if (poller[1].revents)
			serve_connection(role);
	}
}

/* A client must find its connection closed when the role has ended, not a little later. */
static void end_children(ReaderRole *role)
{
	for (guint i = 0; i < role->children->len; i++)
		kill(g_array_index(role->children, pid_t, i), SIGKILL);
	for (guint i = 0; i < role->children->len; i++)
		waitpid(g_array_index(role->children, pid_t, i), NULL, 0);
	g_array_unref(role->children);
}

int reader_serve_with(const char *socket_path, ReadMessage read_message,
                      const SandboxLimits *limits)
{
	g_autoptr(GError) error = NULL;
	ReaderRole role = {.read_message = read_message, .limits = limits};
	prctl(PR_SET_PDEATHSIG, SIGTERM); /* a role ends with who forked it, however that ends */
	role.children = g_array_new(FALSE, FALSE, sizeof(pid_t));
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	role.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	/* Listens first: who comes while the tables are loaded waits instead of being turned away.
	 */
	role.listener = reader_socket_listen(socket_path, &error);
	if (role.listener < 0) {
		g_warning("%s", error->message);
		g_array_unref(role.children);
		return 74; /* EX_IOERR */
	}
	breakdown_init();
	accept_until_told(&role);
	unlink(socket_path);
	end_children(&role);
	close(role.listener);
	close(role.signals);
	return 0;
}

int reader_serve(const char *socket_path)
{
	static const SandboxLimits limits = {.memory = LIMIT_READER_MEMORY,
	                                     .seconds = LIMIT_READ_SECONDS};
	return reader_serve_with(socket_path, breakdown_new, &limits);
}
