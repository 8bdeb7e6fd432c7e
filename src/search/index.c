/* Indexes incidents in the order of their changes.
 *
 * What an incident says is read and cut into words in a snapshot, without holding up anybody; the
 * transaction that writes them first sees that nobody else was quicker, and moves on the mark up to
 * which all is indexed. One that dies half-way has written nothing. */
#include "search/index.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "search/document.h"
#include "search/query.h"
#include "search/words.h"
#include "store/incident.h"
#include "store/search.h"
#include "store/setting.h"

#include <stdio.h>
#include <string.h>

#define BATCH 100 /* incidents of one transaction */
#define REST  (CLOCK_SECOND)
#define MARK  "search.indexed" /* setting: "REVISION ID" */

typedef struct {
	char *mark;         /* where it begins, NULL: at the beginning */
	GPtrArray *work;    /* of SearchWork */
	GArray *whole;      /* of gboolean, one a work */
	GHashTable *tokens; /* char * -> GArray of gint64 */
} Batch;

static void batch_clear(Batch *batch)
{
	g_clear_pointer(&batch->mark, g_free);
	g_clear_pointer(&batch->work, g_ptr_array_unref);
	g_clear_pointer(&batch->whole, g_array_unref);
	g_clear_pointer(&batch->tokens, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Batch, batch_clear)

/* The words of one incident. */
typedef struct {
	GHashTable *seen; /* char *: field letter and word */
	char field;
	gboolean full;
} Words;

static void take(const char *token, gpointer data)
{
	Words *words = data;
	char key[LIMIT_SEARCH_WORD + 2];
	if (g_hash_table_size(words->seen) >= LIMIT_SEARCH_WORDS) {
		words->full = TRUE;
		return;
	}
	g_snprintf(key, sizeof key, "%c%s", words->field, token);
	if (!g_hash_table_contains(words->seen, key))
		g_hash_table_add(words->seen, g_strdup(key));
}

/* Of char *; NULL with @error. */
static GHashTable *words_of(Db *db, gint64 incident_id, gboolean *whole, GError **error)
{
	g_autoptr(GPtrArray) pieces =
		search_document(db, incident_id, SEARCH_ANYWHERE, LIMIT_SEARCH_PEOPLE, error);
	if (!pieces)
		return NULL;
	Words words = {g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL), 0, FALSE};
	for (guint i = 0; i < pieces->len; i++) {
		const SearchPiece *piece = pieces->pdata[i];
		words.field = piece->field;
		search_tokens(piece->text, take, &words);
	}
	*whole = !words.full;
	return words.seen;
}

static void add_words(Batch *batch, GHashTable *words, gint64 id)
{
	GHashTableIter iter;
	gpointer word;
	g_hash_table_iter_init(&iter, words);
	while (g_hash_table_iter_next(&iter, &word, NULL)) {
		GArray *incidents = g_hash_table_lookup(batch->tokens, word);
		if (!incidents) {
			incidents = g_array_new(FALSE, FALSE, sizeof(gint64));
			g_hash_table_insert(batch->tokens, g_strdup(word), incidents);
		}
		g_array_append_val(incidents, id);
	}
}

static void parse_mark(const char *mark, gint64 *revision, gint64 *id)
{
	*revision = *id = 0;
	if (mark)
		sscanf(mark, "%" G_GINT64_FORMAT " %" G_GINT64_FORMAT, revision, id);
}

static gboolean read_batch(Db *db, gpointer data, GError **error)
{
	Batch *batch = data;
	gint64 revision, id;
	g_autoptr(GError) problem = NULL;
	batch_clear(batch);
	batch->tokens = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
	                                      (GDestroyNotify)g_array_unref);
	batch->whole = g_array_new(FALSE, FALSE, sizeof(gboolean));
	batch->mark = setting_load(db, MARK, &problem);
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	parse_mark(batch->mark, &revision, &id);
	batch->work = search_next(db, revision, id, BATCH, error);
	for (guint i = 0; batch->work && i < batch->work->len; i++) {
		const SearchWork *work = batch->work->pdata[i];
		gboolean whole = TRUE;
		g_autoptr(GHashTable) words =
			work->known ? NULL : words_of(db, work->id, &whole, error);
		if (!work->known && !words)
			return FALSE;
		g_array_append_val(batch->whole, whole);
		if (words)
			add_words(batch, words, work->id);
	}
	return batch->work != NULL;
}

static gint compare_texts(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In the order of the words, so that neighbours are written after each other. */
static gboolean write_words(Db *db, GHashTable *tokens, GError **error)
{
	guint n;
	g_autofree gpointer *words = g_hash_table_get_keys_as_array(tokens, &n);
	g_autoptr(GPtrArray) sorted = g_ptr_array_sized_new(n);
	for (guint i = 0; i < n; i++)
		g_ptr_array_add(sorted, words[i]);
	g_ptr_array_sort(sorted, compare_texts);
	for (guint i = 0; i < n; i++)
		if (!search_add(db, sorted->pdata[i], g_hash_table_lookup(tokens, sorted->pdata[i]),
		                error))
			return FALSE;
	return TRUE;
}

static gboolean write_batch(Db *db, gpointer data, GError **error)
{
	Batch *batch = data;
	g_autoptr(GError) problem = NULL;
	if (!db_lock_key(db, "search", error))
		return FALSE;
	g_autofree char *mark = setting_load(db, MARK, &problem);
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	if (g_strcmp0(mark, batch->mark) != 0)
		return TRUE; /* another worker was quicker */
	for (guint i = 0; i < batch->work->len; i++) {
		const SearchWork *work = batch->work->pdata[i];
		if (!work->known &&
		    !search_mark(db, work, g_array_index(batch->whole, gboolean, i), error))
			return FALSE;
	}
	const SearchWork *last = batch->work->pdata[batch->work->len - 1];
	g_autofree char *next =
		g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT, last->revision, last->id);
	return write_words(db, batch->tokens, error) && setting_save(db, MARK, next, error);
}

gboolean search_index_some(DbPool *db, gboolean *more, GError **error)
{
	g_auto(Batch) batch = {0};
	*more = FALSE;
	if (!db_read(db, read_batch, &batch, error))
		return FALSE;
	if (batch.work->len == 0)
		return TRUE;
	*more = batch.work->len == BATCH;
	return db_write(db, write_batch, &batch, error);
}

gboolean search_forget(Db *db, gint64 incident_id, GError **error)
{
	gboolean whole;
	gpointer word;
	GHashTableIter iter;
	g_autoptr(GArray) incident = g_array_new(FALSE, FALSE, sizeof(gint64));
	g_array_append_val(incident, incident_id);
	if (!db_lock_key(db, "search", error))
		return FALSE;
	g_autoptr(GHashTable) words = words_of(db, incident_id, &whole, error);
	if (!words)
		return FALSE;
	g_hash_table_iter_init(&iter, words);
	while (g_hash_table_iter_next(&iter, &word, NULL))
		if (!search_remove(db, word, incident, error))
			return FALSE;
	return search_unmark(db, incident_id, error);
}

/* --- the thread ---------------------------------------------------------------------------------
 */

struct SearchIndexer {
	DbPool *db;
	GThread *thread;
	GMutex lock;
	GCond changed;
	gboolean stopping;
};

static gpointer indexer_main(gpointer data)
{
	SearchIndexer *indexer = data;
	gint64 pause = REST;
	g_mutex_lock(&indexer->lock);
	while (!indexer->stopping) {
		gboolean more = FALSE;
		g_autoptr(GError) error = NULL;
		g_mutex_unlock(&indexer->lock);
		if (search_index_some(indexer->db, &more, &error)) {
			pause = REST;
		} else {
			pause = MIN(pause * 2, CLOCK_MINUTE);
			g_warning("what is new cannot be searched yet: %s", error->message);
		}
		g_mutex_lock(&indexer->lock);
		gint64 until = g_get_monotonic_time() + pause;
		while (!more && !indexer->stopping &&
		       g_cond_wait_until(&indexer->changed, &indexer->lock, until))
			;
	}
	g_mutex_unlock(&indexer->lock);
	return NULL;
}

SearchIndexer *search_indexer_start(DbPool *db)
{
	SearchIndexer *indexer = g_new0(SearchIndexer, 1);
	indexer->db = db;
	g_mutex_init(&indexer->lock);
	g_cond_init(&indexer->changed);
	indexer->thread = g_thread_new("search", indexer_main, indexer);
	return indexer;
}

void search_indexer_stop(SearchIndexer *indexer)
{
	g_mutex_lock(&indexer->lock);
	indexer->stopping = TRUE;
	g_cond_broadcast(&indexer->changed);
	g_mutex_unlock(&indexer->lock);
	g_thread_join(indexer->thread);
	g_mutex_clear(&indexer->lock);
	g_cond_clear(&indexer->changed);
	g_free(indexer);
}
