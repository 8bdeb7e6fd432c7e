#pragma once
#include <glib.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/** What a fuzz target defines: it is given any octets, and stops the process (fuzz_failed(),
 * g_assert()) where what must hold of them does not. libFuzzer calls it, or replay.c with the
 * seeds. */
int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

/** Says what does not hold, and aborts. g_error() would end in SIGTRAP, which libFuzzer does not
 * catch: the input would not be kept. */
#define fuzz_failed(...)                                                                           \
	do {                                                                                       \
		g_printerr(__VA_ARGS__);                                                           \
		abort();                                                                           \
	} while (0)
