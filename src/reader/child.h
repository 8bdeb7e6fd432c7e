#pragma once
#include "reader/sandbox.h"

#include "base/json.h"

/* What a reader does with a message: breakdown_new(), or something worse in tests. */
typedef json_t *(*ReadMessage)(GBytes *message, const json_t *options);

/** In a fresh child: closes the sandbox, answers requests on @fd until its other end closes, ends
 * the process. */
void reader_child_run(int fd, ReadMessage read_message,
                      const SandboxLimits *limits) G_GNUC_NORETURN;
