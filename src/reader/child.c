/* One sandboxed reader: a request in, a breakdown out, again. */
#include "reader/child.h"

#include "mail/findings/limits.h"
#include "reader/frame.h"

#include <arpa/inet.h>
#include <signal.h>
#include <unistd.h>

static int connection;
static volatile sig_atomic_t answering;

/* CPU time is up. The client learns why, unless it is already in the middle of an answer. */
static void too_long(int signal)
{
	guint32 block = htonl(FRAME_TOO_LONG);
	if (!answering)
		(void)!write(connection, &block, sizeof block);
	_exit(75);
}

static gboolean answer_one(ReadMessage read_message, const SandboxLimits *limits)
{
	g_autoptr(json_t) options = NULL;
	g_autoptr(GBytes) message = NULL;
	answering = FALSE;
	if (!frame_read_request(connection, &options, &message))
		return FALSE;
	const SandboxLimits allowed = {limits->memory,
	                               mail_limits_seconds(options, limits->seconds)};
	sandbox_rearm(&allowed);
	g_autoptr(json_t) breakdown = read_message(message, options);
	answering = TRUE;
	return frame_write_answer(connection, breakdown);
}

void reader_child_run(int fd, ReadMessage read_message, const SandboxLimits *limits)
{
	static const int ours[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGUSR1, SIGUSR2};
	sigset_t none;
	sigemptyset(&none);
	for (guint i = 0; i < G_N_ELEMENTS(ours); i++)
		signal(ours[i], SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXCPU, too_long);
	sigprocmask(SIG_SETMASK, &none, NULL);
	connection = sandbox_enter(fd, limits);
	while (answer_one(read_message, limits))
		;
	_exit(0);
}
