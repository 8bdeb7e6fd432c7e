/* Answers a query: sets of incidents from the index, then the newest of what is left, with the
 * places where the words stand.
 *
 * A term of one word is answered by the index alone. Of a phrase the index knows who has all its
 * words; whether they follow each other is looked at in the incident itself, of so many incidents
 * and so many words of theirs at most for one page: the next page goes on. */
#include "search/find.h"

#include "base/error.h"
#include "base/limits.h"
#include "search/document.h"
#include "search/words.h"
#include "store/incident.h"
#include "store/search.h"
#include "store/vip.h"

#include <string.h>

#define SNIPPETS      3   /* of one incident */
#define SNIPPET_SIZE  220 /* octets */
#define SNIPPET_AHEAD 60
#define PEOPLE        200 /* recipients and reports that a snippet may be from */

void search_hit_free(SearchHit *hit)
{
	if (!hit)
		return;
	incident_free(hit->incident);
	json_decref(hit->snippets);
	g_free(hit);
}

void search_result_free(SearchResult *result)
{
	if (!result)
		return;
	g_ptr_array_unref(result->hits);
	g_free(result);
}

/* --- the index ----------------------------------------------------------------------------------
 */

/* The incidents that have all tokens of a term in one field. */
static SearchSet *look_in_field(Db *db, const SearchTerm *term, char letter, GError **error)
{
	g_autoptr(SearchSet) all = NULL;
	for (guint i = 0; i < term->tokens->len; i++) {
		guint found;
		gboolean prefix = term->prefix && i + 1 == term->tokens->len;
		const char *token = term->tokens->pdata[i];
		g_autofree char *word = g_strdup_printf("%c%s", letter, token);
		g_autoptr(SearchSet) some = search_set_new();
		if (!search_look_up(db, word, prefix, LIMIT_SEARCH_ROWS, some, &found, error))
			return NULL;
		if (prefix && found >= LIMIT_SEARCH_ROWS) {
			g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
			            "too many words begin with \"%s\"; write more of it", token);
			return NULL;
		}
		if (all)
			search_set_and(all, some);
		else
			all = g_steal_pointer(&some);
	}
	return g_steal_pointer(&all);
}

static SearchSet *look_up(Db *db, const SearchTerm *term, guint fields, GError **error)
{
	g_autoptr(SearchSet) any = search_set_new();
	for (guint i = 0; i < SEARCH_FIELDS; i++) {
		if (!(term->fields & fields & (1u << i)))
			continue;
		g_autoptr(SearchSet) some = look_in_field(db, term, search_fields[i].letter, error);
		if (!some)
			return NULL;
		search_set_or(any, some);
	}
	return g_steal_pointer(&any);
}

static gboolean must_be_looked_at(const SearchTerm *term)
{
	return term->tokens->len > 1;
}

/* What the index says; a phrase that is not wanted takes nothing out yet. */
SearchSet *search_candidates(Db *db, const Sight *sight, const SearchQuery *query, guint fields,
                             GError **error)
{
	g_autoptr(SearchSet) all = sight->everything ? NULL : sight_incidents(db, sight, error);
	if (!all && !sight->everything)
		return NULL;
	for (guint pass = 0; pass < 2; pass++)
		for (guint i = 0; i < query->terms->len; i++) {
			const SearchTerm *term = query->terms->pdata[i];
			if (term->negative != (pass == 1) ||
			    (term->negative && must_be_looked_at(term)))
				continue;
			g_autoptr(SearchSet) some = look_up(db, term, fields, error);
			if (!some)
				return NULL;
			if (!all)
				all = g_steal_pointer(&some);
			else if (term->negative)
				search_set_without(all, some);
			else
				search_set_and(all, some);
		}
	return g_steal_pointer(&all);
}

/* --- the text -----------------------------------------------------------------------------------
 */

/* Whether a term's words stand from word @at on. */
static gboolean stands_at(const SearchTerm *term, const GArray *words, guint at)
{
	if (at + term->words->len > words->len)
		return FALSE;
	for (guint i = 0; i < term->words->len; i++) {
		const char *wanted = term->words->pdata[i];
		const char *there = g_array_index(words, SearchWord, at + i).folded;
		gboolean begins = term->prefix && i + 1 == term->words->len;
		if (begins ? !g_str_has_prefix(there, wanted) : strcmp(there, wanted) != 0)
			return FALSE;
	}
	return TRUE;
}

/* How many words from @at on are a hit of any wanted term for this field; 0: none. */
static guint hit_at(const SearchQuery *query, char field, const GArray *words, guint at)
{
	guint longest = 0;
	for (guint i = 0; i < query->terms->len; i++) {
		const SearchTerm *term = query->terms->pdata[i];
		if (!term->negative && (term->fields & search_field_bit(field)) &&
		    term->words->len > longest && stands_at(term, words, at))
			longest = term->words->len;
	}
	return longest;
}

/* What is not to be seen as it stands becomes a blank. */
static char *clean(const char *text, gsize from, gsize to)
{
	GString *out = g_string_new(NULL);
	for (const char *p = text + from; p < text + to; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);
		if (g_unichar_iscntrl(c) || g_unichar_isspace(c))
			g_string_append_c(out, ' ');
		else if (g_unichar_type(c) != G_UNICODE_FORMAT)
			g_string_append_unichar(out, c);
	}
	return g_string_free(out, FALSE);
}

static void add_part(json_t *parts, const char *text, gsize from, gsize to, gboolean hit)
{
	g_autofree char *part = clean(text, from, to);
	if (*part)
		json_array_append_new(parts, json_pack("{s:s, s:b}", "text", part, "hit", hit));
}

/* The text around the first hit, cut between words, with all hits in it. */
static json_t *snippet(const SearchQuery *query, const SearchPiece *piece, const GArray *words,
                       guint first)
{
	guint from = first, to = first;
	gsize at = g_array_index(words, SearchWord, first).start, length = strlen(piece->text);
	while (from > 0 && g_array_index(words, SearchWord, from - 1).start + SNIPPET_AHEAD > at)
		from--;
	gsize start = from ? g_array_index(words, SearchWord, from).start : 0;
	if (start + SNIPPET_SIZE < at)
		start = at;
	while (to < words->len && g_array_index(words, SearchWord, to).end < start + SNIPPET_SIZE)
		to++;
	to = MAX(to, first + 1);
	gsize end = to == words->len && length - g_array_index(words, SearchWord, to - 1).end < 40
	                    ? length
	                    : g_array_index(words, SearchWord, to - 1).end;
	json_t *parts = json_array();
	if (start > 0)
		json_array_append_new(parts, json_pack("{s:s, s:b}", "text", "… ", "hit", FALSE));
	gsize done = start;
	for (guint i = from; i < to;) {
		guint n = MIN(hit_at(query, piece->field, words, i), to - i);
		if (n > 0) {
			const SearchWord *word = &g_array_index(words, SearchWord, i);
			gsize stop = g_array_index(words, SearchWord, i + n - 1).end;
			add_part(parts, piece->text, done, word->start, FALSE);
			add_part(parts, piece->text, word->start, stop, TRUE);
			done = stop;
		}
		i += MAX(n, 1);
	}
	add_part(parts, piece->text, done, end, FALSE);
	if (end < length)
		json_array_append_new(parts, json_pack("{s:s, s:b}", "text", " …", "hit", FALSE));
	return parts;
}

static const char *field_name(char letter)
{
	for (guint i = 0; i < SEARCH_FIELDS; i++)
		if (search_fields[i].letter == letter)
			return search_fields[i].name;
	return "";
}

typedef struct {
	const SearchQuery *query;
	gboolean *found; /* of each term */
	json_t *snippets;
	gboolean body;
	gsize words; /* looked at so far */
} Looking;

static void look_at_piece(Looking *looking, const SearchPiece *piece, gboolean whole)
{
	const SearchQuery *query = looking->query;
	g_autoptr(GArray) words =
		search_words(piece->text, whole ? G_MAXUINT : LIMIT_SEARCH_SNIPPET_WORDS);
	guint first = G_MAXUINT;
	gboolean news = FALSE;
	looking->words += words->len;
	for (guint at = 0; at < words->len; at++)
		for (guint i = 0; i < query->terms->len; i++) {
			const SearchTerm *term = query->terms->pdata[i];
			if (!(term->fields & search_field_bit(piece->field)) ||
			    !stands_at(term, words, at))
				continue;
			news |= !looking->found[i] && !term->negative;
			looking->found[i] = TRUE;
			if (first == G_MAXUINT && !term->negative)
				first = at;
		}
	/* The first place of each term: the title, which is shown anyway, last of all. */
	if (first == G_MAXUINT || !news || json_array_size(looking->snippets) >= SNIPPETS)
		return;
	looking->body |= piece->field == SEARCH_BODY;
	json_array_append_new(looking->snippets,
	                      json_pack("{s:s, s:o}", "field", field_name(piece->field), "parts",
	                                snippet(query, piece, words, first)));
}

/* Looks at what an incident says. @fits FALSE: a phrase is not as it was asked for. */
static SearchHit *look_at(Db *db, const SearchQuery *query, gint64 id, guint fields, gboolean *fits,
                          gsize *words, GError **error)
{
	gboolean whole = FALSE;
	g_autofree gboolean *found = g_new0(gboolean, query->terms->len);
	g_autoptr(json_t) snippets = json_array();
	Looking looking = {query, found, snippets, FALSE, 0};
	g_autoptr(GPtrArray) pieces = search_document(db, id, fields, PEOPLE, error);
	if (!pieces)
		return NULL;
	for (guint i = 0; i < query->terms->len; i++)
		whole |= must_be_looked_at(query->terms->pdata[i]);
	for (guint i = 0; i < pieces->len; i++)
		look_at_piece(&looking, pieces->pdata[i], whole);
	*fits = TRUE;
	for (guint i = 0; i < query->terms->len; i++) {
		const SearchTerm *term = query->terms->pdata[i];
		if (must_be_looked_at(term) && found[i] == term->negative)
			*fits = FALSE;
	}
	SearchHit *hit = g_new0(SearchHit, 1);
	hit->snippets = g_steal_pointer(&snippets);
	hit->body = looking.body;
	*words += looking.words;
	return hit;
}

#define WITHOUT_BODY (SEARCH_ANYWHERE & ~search_field_bit(SEARCH_BODY))

static gboolean has_vips(Db *db, gboolean *has, GError **error)
{
	g_auto(GStrv) vips = vip_list(db, error);
	*has = vips && *vips;
	return vips != NULL;
}

/* Adds the incident to the result if it is one. */
static gboolean take(Db *db, const SearchQuery *query, gint64 id, guint fields,
                     SearchResult *result, gsize *words, GError **error)
{
	gboolean fits = FALSE;
	g_autoptr(GError) problem = NULL;
	SearchHit *hit = look_at(db, query, id, fields, &fits, words, &problem);
	if (hit && fits) {
		hit->incident = incident_load(db, id, &problem);
		if (hit->incident) {
			g_ptr_array_add(result->hits, hit);
			return TRUE;
		}
	}
	search_hit_free(hit);
	/* What is gone is no hit. */
	if (!problem || g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

/* Of VIPs' mail only what is not in the message may find it, or keep it from being found. */
static gboolean take_guarded(Db *db, const SearchQuery *query, gint64 id, const SearchSet *open,
                             const SearchSet *plain, SearchResult *result, gsize *words,
                             GError **error)
{
	gboolean vip;
	if (!vip_is_incident(db, id, &vip, error))
		return FALSE;
	if (search_set_before(vip ? plain : open, id + 1) != id)
		return TRUE;
	return take(db, query, id, vip ? WITHOUT_BODY : SEARCH_ANYWHERE, result, words, error);
}

SearchResult *search_find(Db *db, const Sight *sight, const SearchQuery *query, gboolean content,
                          gboolean vips, gint64 before_id, guint limit, GError **error)
{
	guint fields = content ? SEARCH_ANYWHERE : WITHOUT_BODY, looked = 0;
	gboolean guarded = FALSE;
	gboolean phrases = FALSE;
	for (guint i = 0; i < query->terms->len; i++)
		phrases |= must_be_looked_at(query->terms->pdata[i]);
	g_autoptr(SearchSet) set = search_candidates(db, sight, query, fields, error);
	if (!set || (content && !vips && !has_vips(db, &guarded, error)))
		return NULL;
	g_autoptr(SearchSet) open =
		guarded ? search_candidates(db, sight, query, fields, error) : NULL;
	g_autoptr(SearchSet) plain =
		guarded ? search_candidates(db, sight, query, WITHOUT_BODY, error) : NULL;
	if (guarded && (!open || !plain))
		return NULL;
	if (guarded)
		search_set_or(set, plain);
	g_autoptr(SearchResult) result = g_new0(SearchResult, 1);
	result->hits = g_ptr_array_new_with_free_func((GDestroyNotify)search_hit_free);
	result->total = phrases || guarded ? -1 : search_set_count(set);
	gint64 id = before_id;
	gsize words = 0;
	while (result->hits->len < limit && looked++ < LIMIT_SEARCH_LOOKED &&
	       words < LIMIT_SEARCH_LOOKED_WORDS) {
		id = search_set_before(set, id);
		if (id == 0)
			return g_steal_pointer(&result);
		if (!(guarded ? take_guarded(db, query, id, open, plain, result, &words, error)
		              : take(db, query, id, fields, result, &words, error)))
			return NULL;
	}
	result->next = search_set_before(set, id) ? id : 0;
	return g_steal_pointer(&result);
}
