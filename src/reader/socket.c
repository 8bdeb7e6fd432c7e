/* The reader's socket. An address holds 107 octets, a data directory's path may be longer; so the
 * directory is opened and the socket named below /proc/self/fd. */
#include "reader/socket.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int fail(int fd, int code, GError **error, const char *what, const char *path)
{
	g_set_error(error, TRAWL_ERROR, code, "%s %s: %s", what, path, g_strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* The address, and the directory's descriptor that must stay open while it is used. */
static int address_of(const char *path, struct sockaddr_un *address)
{
	g_autofree char *directory = g_path_get_dirname(path);
	g_autofree char *name = g_path_get_basename(path);
	int at = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	memset(address, 0, sizeof *address);
	address->sun_family = AF_UNIX;
	if (at >= 0)
		g_snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", at,
		           name);
	return at;
}

int reader_socket_listen(const char *path, GError **error)
{
	g_autofree char *directory = g_path_get_dirname(path);
	g_mkdir_with_parents(directory, 0700);
	/* under another name until it listens: who finds it must not be turned away */
	g_autofree char *begun = g_strconcat(path, ".new", NULL);
	struct sockaddr_un address;
	int at = address_of(begun, &address);
	if (at < 0)
		return fail(-1, TRAWL_ERROR_STORAGE, error, "cannot open", directory);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	unlink(begun);
	mode_t before = umask(0177);
	gboolean bound = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
	                 listen(fd, SOMAXCONN) == 0 && rename(begun, path) == 0;
	umask(before);
	close(at);
	return bound ? fd : fail(fd, TRAWL_ERROR_STORAGE, error, "cannot listen at", path);
}

int reader_socket_connect(const char *path, GError **error)
{
	struct sockaddr_un address;
	int at = address_of(path, &address);
	if (at < 0)
		return fail(-1, TRAWL_ERROR_UNREACHABLE, error, "no reader runs at", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	gboolean connected = fd >= 0 &&
	                     connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
	                     fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
	int problem = errno;
	close(at);
	errno = problem;
	return connected ? fd : fail(fd, TRAWL_ERROR_UNREACHABLE, error, "no reader runs at", path);
}
