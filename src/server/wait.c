/* Remembers folders from one wait to the next.
 *
 * Whoever waits is told that something came, looks, and waits again; looking and waiting again are
 * two steps, and mail that comes between them belongs to neither. So a wait that finds the folder
 * in another state than the last one did ends at once. That makes for one look too many now and
 * then, and for none too few. */
#include "server/wait.h"

#include <string.h>

#define REMEMBERED_MOST 4096 /* folders; then all is forgotten, which costs at most a late look */

struct WaitMemory {
	GMutex lock;
	GHashTable *states; /* "mailbox LF folder" -> state */
};

WaitMemory *wait_memory_new(void)
{
	WaitMemory *memory = g_new0(WaitMemory, 1);
	g_mutex_init(&memory->lock);
	memory->states = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return memory;
}

void wait_memory_free(WaitMemory *memory)
{
	if (!memory)
		return;
	g_hash_table_unref(memory->states);
	g_mutex_clear(&memory->lock);
	g_free(memory);
}

gboolean wait_memory_is_news(WaitMemory *memory, const char *mailbox, const char *folder,
                             const char *state)
{
	g_autofree char *key = g_strconcat(mailbox, "\n", folder, NULL);
	g_mutex_lock(&memory->lock);
	if (g_hash_table_size(memory->states) >= REMEMBERED_MOST)
		g_hash_table_remove_all(memory->states);
	const char *before = g_hash_table_lookup(memory->states, key);
	gboolean news = before && strcmp(before, state) != 0;
	g_hash_table_replace(memory->states, g_steal_pointer(&key), g_strdup(state));
	g_mutex_unlock(&memory->lock);
	return news;
}
