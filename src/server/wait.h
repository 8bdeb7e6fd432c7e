#pragma once
#include <glib.h>

/* What folders looked like when they were last waited on: what happens between two waits would
 * otherwise be news to nobody. Thread-safe. */

typedef struct WaitMemory WaitMemory;

WaitMemory *wait_memory_new(void);
void wait_memory_free(WaitMemory *memory);

/** Remembers the state of a folder at the beginning of a wait. TRUE when it was waited on before
 * and was in another state then: something came meanwhile. */
gboolean wait_memory_is_news(WaitMemory *memory, const char *mailbox, const char *folder,
                             const char *state);
