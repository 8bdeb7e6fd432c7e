#pragma once
#include <glib.h>
#include <unistd.h>

/* A file descriptor that is closed when it goes out of scope: g_auto(AutoFd) fd = open(…); */

typedef int AutoFd;

static inline void fd_close(AutoFd fd)
{
	if (fd >= 0)
		close(fd);
}
G_DEFINE_AUTO_CLEANUP_FREE_FUNC(AutoFd, fd_close, -1)

/** Takes the descriptor out of an AutoFd, which no longer closes it. */
static inline int fd_steal(AutoFd *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}
