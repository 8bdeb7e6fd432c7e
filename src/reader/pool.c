/* The client side of the readers: connections that are used again, at most so many at once.
 *
 * Whatever goes wrong with a message costs its connection, and with it the child at the other end;
 * the next message gets a new one. */
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "mail/findings/limits.h"
#include "reader/frame.h"
#include "reader/reader.h"
#include "reader/socket.h"

#include <poll.h>
#include <unistd.h>

typedef struct {
	int fd;      /* -1: none */
	guint asked; /* messages it has been given */
} Connection;

struct ReaderPool {
	char *path;
	guint at_most;
	GMutex lock;
	GCond returned;
	GArray *idle; /* Connection */
	guint taken;
};

ReaderPool *reader_pool_new(const char *socket_path, guint at_most)
{
	ReaderPool *pool = g_new0(ReaderPool, 1);
	pool->path = g_strdup(socket_path);
	pool->at_most = MAX(at_most, 1);
	g_mutex_init(&pool->lock);
	g_cond_init(&pool->returned);
	pool->idle = g_array_new(FALSE, FALSE, sizeof(Connection));
	return pool;
}

void reader_pool_free(ReaderPool *pool)
{
	if (!pool)
		return;
	for (guint i = 0; i < pool->idle->len; i++)
		close(g_array_index(pool->idle, Connection, i).fd);
	g_array_unref(pool->idle);
	g_mutex_clear(&pool->lock);
	g_cond_clear(&pool->returned);
	g_free(pool->path);
	g_free(pool);
}

/* An idle connection has nothing to say: if it has, its reader is gone. */
static gboolean is_alive(int fd)
{
	struct pollfd poller = {.fd = fd, .events = POLLIN};
	return poll(&poller, 1, 0) == 0;
}

static Connection pop_idle(ReaderPool *pool)
{
	while (pool->idle->len > 0) {
		Connection idle = g_array_index(pool->idle, Connection, pool->idle->len - 1);
		g_array_set_size(pool->idle, pool->idle->len - 1);
		if (is_alive(idle.fd))
			return idle;
		close(idle.fd);
	}
	return (Connection){-1, 0};
}

/* Waits for a turn; @connection is an idle one or none. */
static gboolean take(ReaderPool *pool, gint64 deadline, Connection *connection, GError **error)
{
	g_mutex_lock(&pool->lock);
	while (pool->taken >= pool->at_most)
		if (!g_cond_wait_until(&pool->returned, &pool->lock, deadline)) {
			g_mutex_unlock(&pool->lock);
			/* No reader was spent on it: the machine is at fault, not the message. */
			g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_BUSY,
			                    "all readers are busy");
			return FALSE;
		}
	pool->taken++;
	*connection = pop_idle(pool);
	g_mutex_unlock(&pool->lock);
	return TRUE;
}

/* Libraries that read documents keep fonts and more for the next one, so a reader grows with what
 * it has seen: after some messages it gives way to a fresh one. */
static void give_back(ReaderPool *pool, Connection connection)
{
	if (connection.fd >= 0 && connection.asked >= LIMIT_READER_MESSAGES) {
		close(connection.fd);
		connection.fd = -1;
	}
	g_mutex_lock(&pool->lock);
	pool->taken--;
	if (connection.fd >= 0)
		g_array_append_val(pool->idle, connection);
	g_cond_signal(&pool->returned);
	g_mutex_unlock(&pool->lock);
}

static gboolean ask(int fd, GBytes *head, GBytes *message, gint64 deadline, GError **error)
{
	gsize head_size, size;
	const void *head_octets = g_bytes_get_data(head, &head_size);
	const void *octets = g_bytes_get_data(message, &size);
	return frame_write_all(fd, head_octets, head_size, deadline, error) &&
	       frame_write_all(fd, octets, size, deadline, error);
}

/* A reader that went away while it was idle has not seen the message: then a new one is asked. */
static Connection connect_and_ask(ReaderPool *pool, Connection idle, GBytes *head, GBytes *message,
                                  gint64 deadline, GError **error)
{
	if (idle.fd >= 0) {
		if (ask(idle.fd, head, message, deadline, NULL))
			return (Connection){idle.fd, idle.asked + 1};
		close(idle.fd);
	}
	int fd = reader_socket_connect(pool->path, error);
	if (fd >= 0 && ask(fd, head, message, deadline, error))
		return (Connection){fd, 1};
	if (fd >= 0)
		close(fd);
	return (Connection){-1, 0};
}

/* When nobody listens any more, the reader did not die of the message. */
static void blame_the_role(ReaderPool *pool, GError **error)
{
	if (!error || !g_error_matches(*error, TRAWL_ERROR, TRAWL_ERROR_REMOTE))
		return;
	g_autoptr(GError) unreachable = NULL;
	int fd = reader_socket_connect(pool->path, &unreachable);
	if (fd >= 0) {
		close(fd);
		return;
	}
	g_clear_error(error);
	g_propagate_error(error, g_steal_pointer(&unreachable));
}

json_t *reader_read(ReaderPool *pool, GBytes *message, const json_t *options, gint64 deadline,
                    GError **error)
{
	Connection connection;
	if (!take(pool, deadline, &connection, error))
		return NULL;
	/* Its own limit is CPU time; this one is for a reader that hangs without using any. */
	guint seconds = mail_limits_seconds(options, LIMIT_READ_SECONDS);
	gint64 limit = MIN(deadline, deadline_in(3 * seconds));
	g_autoptr(GBytes) head = frame_request_head(options, g_bytes_get_size(message));
	connection = connect_and_ask(pool, connection, head, message, limit, error);
	json_t *breakdown =
		connection.fd >= 0 ? frame_read_answer(connection.fd, limit, error) : NULL;
	if (!breakdown && connection.fd >= 0) {
		close(connection.fd);
		connection.fd = -1;
	}
	give_back(pool, connection);
	if (!breakdown)
		blame_the_role(pool, error);
	return breakdown;
}
