#pragma once
#include <stddef.h>
#include <stdint.h>

/** What a fuzz target defines: it is given any octets, and stops the process (g_error(),
 * g_assert()) where what must hold of them does not. libFuzzer calls it, or replay.c with the
 * seeds. */
int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);
