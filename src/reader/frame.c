/* Blocks over a socket, both ends. The reader's end may block and allocates little; the client's
 * end never waits past its deadline. */
#include "reader/frame.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void put_length(guint8 *octets, guint32 length)
{
	guint32 wire = htonl(length);
	memcpy(octets, &wire, sizeof wire);
}

static guint32 get_length(const guint8 *octets)
{
	guint32 wire;
	memcpy(&wire, octets, sizeof wire);
	return ntohl(wire);
}

GBytes *frame_request_head(const json_t *options, gsize message_size)
{
	g_autofree char *text = options ? json_format(options) : g_strdup("{}");
	gsize length = strlen(text);
	guint8 *head = g_malloc(length + 8);
	put_length(head, (guint32)length);
	memcpy(head + 4, text, length);
	put_length(head + 4 + length, (guint32)message_size);
	return g_bytes_new_take(head, length + 8);
}

static gboolean read_blocking(int fd, void *octets, gsize size)
{
	for (gsize done = 0; done < size;) {
		gssize got = read(fd, (guint8 *)octets + done, size - done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return FALSE;
		done += (gsize)got;
	}
	return TRUE;
}

static gboolean write_blocking(int fd, const void *octets, gsize size)
{
	for (gsize done = 0; done < size;) {
		gssize put = write(fd, (const guint8 *)octets + done, size - done);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return FALSE;
		done += (gsize)put;
	}
	return TRUE;
}

static GBytes *read_block(int fd, gsize at_most)
{
	guint8 head[4];
	if (!read_blocking(fd, head, sizeof head) || get_length(head) > at_most)
		return NULL;
	gsize length = get_length(head);
	guint8 *octets = g_malloc(length + 1);
	if (read_blocking(fd, octets, length))
		return g_bytes_new_take(octets, length);
	g_free(octets);
	return NULL;
}

gboolean frame_read_request(int fd, json_t **options, GBytes **message)
{
	g_autoptr(GBytes) text = read_block(fd, FRAME_OPTIONS);
	if (!text)
		return FALSE;
	*options = json_parse(g_bytes_get_data(text, NULL), (gssize)g_bytes_get_size(text), NULL);
	*message = read_block(fd, (gsize)G_MAXUINT32 - 1);
	return *message != NULL;
}

/* Collects what jansson writes in little pieces. */
typedef struct {
	int fd;
	gsize used;
	guint8 block[4 + FRAME_BLOCK];
} Answer;

static int answer_flush(Answer *answer)
{
	put_length(answer->block, (guint32)answer->used);
	gboolean sent = write_blocking(answer->fd, answer->block, answer->used + 4);
	answer->used = 0;
	return sent ? 0 : -1;
}

static int answer_add(const char *text, size_t size, void *data)
{
	Answer *answer = data;
	while (size > 0) {
		gsize piece = MIN(size, FRAME_BLOCK - answer->used);
		memcpy(answer->block + 4 + answer->used, text, piece);
		answer->used += piece;
		text += piece;
		size -= piece;
		if (answer->used == FRAME_BLOCK && answer_flush(answer) < 0)
			return -1;
	}
	return 0;
}

gboolean frame_write_answer(int fd, const json_t *breakdown)
{
	g_autofree Answer *answer = g_new0(Answer, 1);
	answer->fd = fd;
	if (json_dump_callback(breakdown, answer_add, answer, JSON_COMPACT) < 0)
		return FALSE;
	if (answer->used > 0 && answer_flush(answer) < 0)
		return FALSE;
	return answer_flush(answer) == 0; /* the empty block that ends it */
}

static gboolean wait_for(int fd, short events, gint64 deadline, GError **error)
{
	struct pollfd poller = {.fd = fd, .events = events};
	for (;;) {
		int left = deadline_left_ms(deadline);
		int ready = poll(&poller, 1, left);
		if (ready > 0)
			return TRUE;
		if (ready < 0 && errno != EINTR) {
			g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE, "poll: %s",
			            g_strerror(errno));
			return FALSE;
		}
		if (left == 0) {
			g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_TIMEOUT,
			                    "the reader took too long");
			return FALSE;
		}
	}
}

static gboolean set_died(GError **error)
{
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE,
	                    "the reader died of this message");
	return FALSE;
}

gboolean frame_write_all(int fd, const void *octets, gsize size, gint64 deadline, GError **error)
{
	for (gsize done = 0; done < size;) {
		gssize put = send(fd, (const guint8 *)octets + done, size - done, MSG_NOSIGNAL);
		if (put > 0) {
			done += (gsize)put;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			return set_died(error);
		if (!wait_for(fd, POLLOUT, deadline, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean read_all(int fd, void *octets, gsize size, gint64 deadline, GError **error)
{
	for (gsize done = 0; done < size;) {
		gssize got = recv(fd, (guint8 *)octets + done, size - done, 0);
		if (got > 0) {
			done += (gsize)got;
			continue;
		}
		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
			return set_died(error);
		if (!wait_for(fd, POLLIN, deadline, error))
			return FALSE;
	}
	return TRUE;
}

static json_t *parse_answer(const GByteArray *text, GError **error)
{
	json_t *breakdown = json_parse((const char *)text->data, (gssize)text->len, error);
	if (breakdown && json_is_object(breakdown))
		return breakdown;
	json_decref(breakdown);
	g_clear_error(error);
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE,
	                    "the reader answered what is no breakdown");
	return NULL;
}

json_t *frame_read_answer(int fd, gint64 deadline, GError **error)
{
	g_autoptr(GByteArray) text = g_byte_array_new();
	for (;;) {
		guint8 head[4];
		if (!read_all(fd, head, sizeof head, deadline, error))
			return NULL;
		guint32 length = get_length(head);
		if (length == 0)
			return parse_answer(text, error);
		if (length == FRAME_TOO_LONG) {
			g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_TIMEOUT,
			                    "reading this message took too long");
			return NULL;
		}
		if (length > FRAME_BLOCK || text->len + length > FRAME_ANSWER) {
			g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE,
			                    "the reader's answer is too long");
			return NULL;
		}
		gsize before = text->len;
		g_byte_array_set_size(text, (guint)(before + length));
		if (!read_all(fd, text->data + before, length, deadline, error))
			return NULL;
	}
}
