/* Secrets come from a terminal, a pipe or a file, never from an argument. */
#include "cli/prompt.h"

#include "base/error.h"
#include "cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define WAIT_SLICE_MS 100
#define LIMIT_SECRET  (64 * 1024) /* bytes; a service account's key file is a few kB */

void prompt_forget(char *secret)
{
	if (secret)
		sodium_memzero(secret, strlen(secret));
	g_free(secret);
}

/* FALSE when stopped. A signal may come at any instant, also just before a read that would then
 * wait for ever: so this waits in slices. */
static gboolean wait_readable(int fd)
{
	struct pollfd wanted = {.fd = fd, .events = POLLIN};
	while (!g_atomic_int_get(&cli_stop))
		if (poll(&wanted, 1, WAIT_SLICE_MS) > 0)
			return TRUE;
	return FALSE;
}

/* Up to the end (or, from a terminal, the line's); NULL with an error. */
static char *read_secret(int fd, gboolean line, const char *from, GError **error)
{
	g_autofree char *buffer = g_malloc0(LIMIT_SECRET + 2);
	gsize length = 0;
	while (length <= LIMIT_SECRET && !(line && memchr(buffer, '\n', length))) {
		if (!wait_readable(fd)) {
			sodium_memzero(buffer, LIMIT_SECRET);
			g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_CANCELLED, "stopped");
			return NULL;
		}
		ssize_t n = read(fd, buffer + length, LIMIT_SECRET + 1 - length);
		if (n == 0)
			break;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID, "cannot read %s: %s",
			            from, g_strerror(errno));
			return NULL;
		}
		length += (gsize)n;
	}
	if (length && buffer[length - 1] == '\n')
		length--;
	if (length && buffer[length - 1] == '\r')
		length--;
	buffer[length] = '\0';
	char *secret = NULL;
	if (length == 0 || length >= LIMIT_SECRET || strlen(buffer) != length ||
	    !g_utf8_validate(buffer, (gssize)length, NULL))
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		            "the secret from %s is empty, too long or not UTF-8", from);
	else
		secret = g_strdup(buffer);
	sodium_memzero(buffer, LIMIT_SECRET);
	return secret;
}

/* The terminal echoes again however this ends: a stop only marks cli_stop and interrupts read(). */
static char *ask(const char *name, GError **error)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	struct termios before;
	if (fd < 0 || tcgetattr(fd, &before) != 0) {
		if (fd >= 0)
			close(fd);
		g_set_error(error, CLI_USAGE_ERROR, 0,
		            "there is no terminal to ask for \"%s\"; say %s=@FILE or %s=-", name,
		            name, name);
		return NULL;
	}
	cli_catch_stop();
	struct termios silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	silent.c_lflag |= ECHONL;
	tcsetattr(fd, TCSAFLUSH, &silent);
	g_autofree char *question = g_strdup_printf("%s: ", name);
	ssize_t asked = write(fd, question, strlen(question));
	char *secret = asked < 0 ? NULL : read_secret(fd, TRUE, "the terminal", error);
	tcsetattr(fd, TCSAFLUSH, &before);
	close(fd);
	return secret;
}

static char *read_file(const char *path, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND, "cannot open %s: %s", path,
		            g_strerror(errno));
		return NULL;
	}
	char *secret = read_secret(fd, FALSE, path, error);
	close(fd);
	return secret;
}

char *prompt_secret(const char *given, char **name, GError **error)
{
	const char *equals = strchrnul(given, '=');
	*name = g_strndup(given, (gsize)(equals - given));
	if (!*equals || strcmp(equals, "=prompt") == 0)
		return ask(*name, error);
	if (strcmp(equals, "=-") == 0)
		return read_secret(STDIN_FILENO, FALSE, "standard input", error);
	if (equals[1] == '@')
		return read_file(equals + 2, error);
	g_set_error(error, CLI_USAGE_ERROR, 0,
	            "a secret on the command line is seen by other users; say --secret %s (asks), "
	            "%s=@FILE or %s=-",
	            *name, *name, *name);
	return NULL;
}
