/* Indexes incidents in the order of their changes.
 *
 * What an incident says is read and cut into words in a snapshot, without holding up anybody; the
 * transaction that writes them first sees that nobody else was quicker, and moves on the mark up to
 * which all is indexed. One that dies half-way has written nothing.
 *
 * Comments can be changed and deleted, so they are read in the very transaction that writes their
 * words; who changes one takes out its words himself. */
#include "search/index.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "search/document.h"
#include "search/query.h"
#include "search/words.h"
#include "store/comment.h"
#include "store/incident.h"
#include "store/search.h"
#include "store/setting.h"

#include <stdio.h>
#include <string.h>

#define BATCH        100               /* incidents of one transaction */
#define MARK         "search.indexed"  /* setting: "REVISION ID" */
#define COMMENT_MARK "search.comments" /* setting: the last comment's number */
#define ONCE                                                                                       \
	(SEARCH_ANYWHERE & ~search_field_bit(SEARCH_COMMENT)) /* what never changes, only grows */

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

/* Of char *; NULL with @error. @original: also what that says. */
static GHashTable *words_of(Db *db, gint64 incident_id, guint fields, gboolean original,
                            gboolean *whole, GError **error)
{
	g_autoptr(GPtrArray) pieces =
		original ? search_document(db, incident_id, fields, LIMIT_SEARCH_PEOPLE, error)
			 : search_document_reports(db, incident_id, fields, LIMIT_SEARCH_PEOPLE,
	                                           error);
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

static GHashTable *tokens_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
	                             (GDestroyNotify)g_array_unref);
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
	batch->tokens = tokens_new();
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
			work->known ? NULL
				    : words_of(db, work->id, ONCE, !work->same, &whole, error);
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

typedef gboolean (*WordChange)(Db *db, const char *word, const GArray *incidents, GError **error);

/* In the order of the words, so that neighbours are written after each other. */
static gboolean change_words(Db *db, GHashTable *tokens, WordChange change, GError **error)
{
	guint n;
	g_autofree gpointer *words = g_hash_table_get_keys_as_array(tokens, &n);
	g_autoptr(GPtrArray) sorted = g_ptr_array_sized_new(n);
	for (guint i = 0; i < n; i++)
		g_ptr_array_add(sorted, words[i]);
	g_ptr_array_sort(sorted, compare_texts);
	for (guint i = 0; i < n; i++)
		if (!change(db, sorted->pdata[i], g_hash_table_lookup(tokens, sorted->pdata[i]),
		            error))
			return FALSE;
	return TRUE;
}

/* What was removed since it was read must not come back as words. */
static gboolean check_there(Db *db, const Batch *batch, gboolean *there, GError **error)
{
	*there = TRUE;
	for (guint i = 0; *there && i < batch->work->len; i++) {
		const SearchWork *work = batch->work->pdata[i];
		if (!work->known && !search_is_there(db, work, there, error))
			return FALSE;
	}
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
	gboolean there;
	if (!check_there(db, batch, &there, error))
		return FALSE;
	if (!there)
		return TRUE; /* read again */
	for (guint i = 0; i < batch->work->len; i++) {
		const SearchWork *work = batch->work->pdata[i];
		if (!work->known &&
		    !search_mark(db, work, g_array_index(batch->whole, gboolean, i), error))
			return FALSE;
	}
	const SearchWork *last = batch->work->pdata[batch->work->len - 1];
	g_autofree char *next =
		g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT, last->revision, last->id);
	return change_words(db, batch->tokens, search_add, error) &&
	       setting_save(db, MARK, next, error);
}

/* --- comments --- */

static GHashTable *words_of_comment(const char *text)
{
	Words words = {g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL), SEARCH_COMMENT,
	               FALSE};
	search_tokens(text, take, &words);
	return words.seen;
}

/* NULL with @error. */
static GPtrArray *next_comments(Db *db, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autofree char *mark = setting_load(db, COMMENT_MARK, &problem);
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return NULL;
	}
	return comment_list_after(db, mark ? g_ascii_strtoll(mark, NULL, 10) : 0, BATCH, error);
}

static gboolean count_comments(Db *db, gpointer data, GError **error)
{
	g_autoptr(GPtrArray) comments = next_comments(db, error);
	*(guint *)data = comments ? comments->len : 0;
	return comments != NULL;
}

static gboolean write_comments(Db *db, gpointer unused, GError **error)
{
	g_auto(Batch) batch = {.tokens = tokens_new()};
	if (!db_lock_key(db, "search", error))
		return FALSE;
	g_autoptr(GPtrArray) comments = next_comments(db, error);
	for (guint i = 0; comments && i < comments->len; i++) {
		const Comment *comment = comments->pdata[i];
		g_autoptr(GHashTable) words = words_of_comment(comment->text);
		add_words(&batch, words, comment->incident_id);
	}
	if (!comments || comments->len == 0)
		return comments != NULL;
	const Comment *last = comments->pdata[comments->len - 1];
	g_autofree char *mark = g_strdup_printf("%" G_GINT64_FORMAT, last->id);
	return change_words(db, batch.tokens, search_add, error) &&
	       setting_save(db, COMMENT_MARK, mark, error);
}

static gboolean index_comments(DbPool *db, gboolean *more, GError **error)
{
	guint n = 0;
	if (!db_read(db, count_comments, &n, error))
		return FALSE;
	*more |= n == BATCH;
	return n == 0 || db_write(db, write_comments, NULL, error);
}

static gboolean change_of(Db *db, GHashTable *words, const GHashTable *others, gint64 incident_id,
                          GError **error)
{
	GHashTableIter iter;
	gpointer word;
	g_autoptr(GArray) incident = g_array_new(FALSE, FALSE, sizeof(gint64));
	g_array_append_val(incident, incident_id);
	g_hash_table_iter_init(&iter, words);
	while (g_hash_table_iter_next(&iter, &word, NULL)) {
		if (others && g_hash_table_contains((GHashTable *)others, word))
			continue;
		if (!(others ? search_remove(db, word, incident, error)
		             : search_add(db, word, incident, error)))
			return FALSE;
	}
	return TRUE;
}

gboolean search_comment_changed(Db *db, gint64 incident_id, const char *before, const char *after,
                                GError **error)
{
	gboolean whole;
	if (!db_lock_key(db, "search", error))
		return FALSE;
	g_autoptr(GHashTable) now =
		words_of(db, incident_id, search_field_bit(SEARCH_COMMENT), FALSE, &whole, error);
	g_autoptr(GHashTable) gone = words_of_comment(before);
	g_autoptr(GHashTable) come = words_of_comment(after);
	return now && change_of(db, gone, now, incident_id, error) &&
	       change_of(db, come, NULL, incident_id, error);
}

gboolean search_index_some(DbPool *db, gboolean *more, GError **error)
{
	g_auto(Batch) batch = {0};
	*more = FALSE;
	if (!db_read(db, read_batch, &batch, error))
		return FALSE;
	*more = batch.work->len == BATCH;
	return (batch.work->len == 0 || db_write(db, write_batch, &batch, error)) &&
	       index_comments(db, more, error);
}

gboolean search_forget_all(Db *db, const GArray *incidents, GError **error)
{
	g_auto(Batch) batch = {.tokens = tokens_new()};
	if (!db_lock_key(db, "search", error))
		return FALSE;
	for (guint i = 0; i < incidents->len; i++) {
		gboolean whole;
		gint64 id = g_array_index(incidents, gint64, i);
		g_autoptr(GHashTable) words =
			words_of(db, id, SEARCH_ANYWHERE, TRUE, &whole, error);
		if (!words || !search_unmark(db, id, error))
			return FALSE;
		add_words(&batch, words, id);
	}
	return change_words(db, batch.tokens, search_remove, error);
}

gboolean search_forget(Db *db, gint64 incident_id, GError **error)
{
	g_autoptr(GArray) incidents = g_array_new(FALSE, FALSE, sizeof(gint64));
	g_array_append_val(incidents, incident_id);
	return search_forget_all(db, incidents, error);
}
