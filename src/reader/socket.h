#pragma once
#include <glib.h>

/* Unix stream sockets by path, also by a path longer than a socket address holds. */

/** Listens at @path, for this user only; its directory is made (0700). A socket that was left
 * behind is replaced. A descriptor, or -1. */
int reader_socket_listen(const char *path, GError **error);

/** Connects, without blocking afterwards. A descriptor, or -1 with TRAWL_ERROR_UNREACHABLE. */
int reader_socket_connect(const char *path, GError **error);
