#pragma once
#include "base/json.h"

/* What goes over a reader's socket.
 *
 * A request is two blocks, the options (JSON) and the message. An answer is the breakdown (JSON) in
 * blocks, ended by an empty one. A block is its length in four octets, most significant first, and
 * its octets. Both ends check lengths: the reader may be in the hands of who wrote the message. */

#define FRAME_BLOCK    (64 * 1024)           /* octets of one block of an answer, at most */
#define FRAME_OPTIONS  (1024 * 1024)         /* octets of options, at most */
#define FRAME_ANSWER   (512UL * 1024 * 1024) /* octets of an answer, at most */
#define FRAME_TOO_LONG 0xffffffffu           /* instead of a length: time is up */

/** The bytes of a request: options block, message block's length. The message itself follows. */
GBytes *frame_request_head(const json_t *options, gsize message_size);

/* The reader's end. FALSE: the other end is gone or does not keep to this. */
gboolean frame_read_request(int fd, json_t **options, GBytes **message);
gboolean frame_write_answer(int fd, const json_t *breakdown);

/* The client's end, with a deadline. The descriptor does not block. */
gboolean frame_write_all(int fd, const void *octets, gsize size, gint64 deadline, GError **error);
json_t *frame_read_answer(int fd, gint64 deadline, GError **error);
