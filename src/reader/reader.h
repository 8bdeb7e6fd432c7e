#pragma once
#include "base/json.h"

/* The sandboxed readers: processes that turn hostile bytes into a breakdown and may do nothing
 * else.
 *
 * `trawl serve` runs a reader role that listens on a Unix socket and forks a fresh, sandboxed child
 * a connection. This is the client side: a pool of such connections. A child that dies or takes too
 * long costs that one message. */

typedef struct ReaderPool ReaderPool;

/** @socket_path of the reader role; @at_most readers at once. Connects when first used. */
ReaderPool *reader_pool_new(const char *socket_path, guint at_most);
void reader_pool_free(ReaderPool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReaderPool, reader_pool_free)

/**
 * Reads a message in a sandbox.
 *
 * @options  JSON options of mail/breakdown.h, or NULL
 * @return   (transfer full) the breakdown (docs/breakdown.schema.json). TRAWL_ERROR_REMOTE when the
 * reader died of it, _TIMEOUT when it took too long: both mean the message, not the machine;
 * _UNREACHABLE: no reader is running
 */
json_t *reader_read(ReaderPool *pool, GBytes *message, const json_t *options, gint64 deadline,
                    GError **error);

/** The reader role: listens, forks, sandboxes, until SIGTERM. Returns an exit status. */
int reader_serve(const char *socket_path);

/** Reads one message in a forked, sandboxed child of this process, for the command line: this
 * process must have no threads, else TRAWL_ERROR_INTERNAL. */
json_t *reader_read_here(GBytes *message, const json_t *options, GError **error);
