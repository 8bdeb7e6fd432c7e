#pragma once
#include "reader/child.h"

/** Reads one message in a sandbox of its own; when that ends the reader, once more without looking
 * into documents. reader_read_here() with another way to read and other limits, for tests. */
json_t *reader_read_here_with(GBytes *message, const json_t *options, ReadMessage read_message,
                              const SandboxLimits *limits, GError **error);
