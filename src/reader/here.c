/* A reader for one message, for the command line: no role, no socket file. */
#include "reader/here.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "mail/breakdown.h"
#include "mail/findings/limits.h"
#include "reader/frame.h"
#include "reader/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static json_t *exchange(int fd, GBytes *message, const json_t *options, gint64 deadline,
                        GError **error)
{
	gsize size, head_size;
	const void *octets = g_bytes_get_data(message, &size);
	g_autoptr(GBytes) head = frame_request_head(options, size);
	const void *head_octets = g_bytes_get_data(head, &head_size);
	if (!frame_write_all(fd, head_octets, head_size, deadline, error) ||
	    !frame_write_all(fd, octets, size, deadline, error))
		return NULL;
	return frame_read_answer(fd, deadline, error);
}

#define LOOKS         100   /* at the threads, until those that were joined have ended */
#define BETWEEN_LOOKS 10000 /* microseconds */

static guint count_threads(void)
{
	guint threads = 0;
	g_autoptr(GDir) tasks = g_dir_open("/proc/self/task", 0, NULL);
	while (tasks && g_dir_read_name(tasks))
		threads++;
	return threads;
}

/* A lock that another thread holds at the fork is never released in the child: whether a message
 * is read, or the child waits for that until its time is over, would be luck. */
static gboolean is_single_threaded(void)
{
	for (guint look = 0; look < LOOKS; look++) {
		if (count_threads() <= 1)
			return TRUE;
		g_usleep(BETWEEN_LOOKS);
	}
	return FALSE;
}

static json_t *read_once(GBytes *message, const json_t *options, ReadMessage read_message,
                         const SandboxLimits *limits, GError **error)
{
	int ends[2];
	breakdown_init();
	if (!is_single_threaded()) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INTERNAL,
		                    "no reader can be forked off a process with threads");
		return NULL;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INTERNAL, "socketpair: %s",
		            g_strerror(errno));
		return NULL;
	}
	pid_t child = fork();
	if (child == 0)
		reader_child_run(ends[1], read_message, limits);
	close(ends[1]);
	json_t *breakdown = NULL;
	if (child < 0)
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INTERNAL, "fork: %s",
		            g_strerror(errno));
	else if (fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0)
		breakdown = exchange(
			ends[0], message, options,
			deadline_in(3 * mail_limits_seconds(options, LIMIT_READ_SECONDS)), error);
	close(ends[0]);
	if (child > 0) {
		kill(child, SIGKILL);
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
	}
	return breakdown;
}

json_t *reader_read_here_with(GBytes *message, const json_t *options, ReadMessage read_message,
                              const SandboxLimits *limits, GError **error)
{
	g_autoptr(GError) problem = NULL;
	json_t *breakdown = read_once(message, options, read_message, limits, &problem);
	if (!breakdown && (g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_REMOTE) ||
	                   g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_TIMEOUT))) {
		/* a document made to break its reader must not hide the message */
		g_autoptr(json_t) fewer = options ? json_copy((json_t *)options) : json_object();
		json_object_set_new(fewer, "documents", json_false());
		return read_once(message, fewer, read_message, limits, error);
	}
	if (!breakdown)
		g_propagate_error(error, g_steal_pointer(&problem));
	return breakdown;
}

json_t *reader_read_here(GBytes *message, const json_t *options, GError **error)
{
	static const SandboxLimits limits = {.memory = LIMIT_READER_MEMORY,
	                                     .seconds = LIMIT_READ_SECONDS};
	return reader_read_here_with(message, options, breakdown_new, &limits, error);
}
