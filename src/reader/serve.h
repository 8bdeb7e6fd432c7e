#pragma once
#include "reader/child.h"

/** reader_serve() with another way to read and other limits, for tests. */
int reader_serve_with(const char *socket_path, ReadMessage read_message,
                      const SandboxLimits *limits);
