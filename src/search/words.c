/* Cuts text into words.
 *
 * A word is a run of letters and digits with the marks on them. What is invisible (soft hyphens,
 * zero-width characters, changes of direction) is part of the word and not of how it is compared:
 * mail hides words from filters that way. */
#include "search/words.h"

#include "base/limits.h"

#include <string.h>

#define CHAIN_WORDS 16 /* longer ones are no name of anything */

static gboolean is_word(gunichar c)
{
	return g_unichar_isalnum(c) || g_unichar_ismark(c);
}

/* Nobody sees it, so it divides nothing. */
static gboolean is_invisible(gunichar c)
{
	return g_unichar_type(c) == G_UNICODE_FORMAT;
}

/* Whether its script puts no blanks between words. */
static gboolean stands_alone(gunichar c)
{
	if (c < 0x0e00)
		return FALSE;
	switch (g_unichar_get_script(c)) {
	case G_UNICODE_SCRIPT_HAN:
	case G_UNICODE_SCRIPT_HIRAGANA:
	case G_UNICODE_SCRIPT_KATAKANA:
	case G_UNICODE_SCRIPT_THAI:
	case G_UNICODE_SCRIPT_LAO:
	case G_UNICODE_SCRIPT_KHMER:
	case G_UNICODE_SCRIPT_MYANMAR:
		return TRUE;
	default:
		return FALSE;
	}
}

static gboolean is_ascii(const char *text, gsize length)
{
	for (gsize i = 0; i < length; i++)
		if (text[i] & 0x80)
			return FALSE;
	return TRUE;
}

/* At most LIMIT_SEARCH_WORD octets of it, whole characters. */
static void cut(char *word)
{
	if (strlen(word) <= LIMIT_SEARCH_WORD)
		return;
	char *end = g_utf8_find_prev_char(word, word + LIMIT_SEARCH_WORD + 1);
	*end = '\0';
}

/* As words are compared; "" when nothing is left of it. */
static char *fold(const char *text, gsize length)
{
	if (is_ascii(text, length)) {
		char *lower = g_ascii_strdown(text, (gssize)length);
		cut(lower);
		return lower;
	}
	g_autofree char *cased = g_utf8_casefold(text, (gssize)length);
	g_autofree char *apart = g_utf8_normalize(cased, -1, G_NORMALIZE_ALL);
	GString *bare = g_string_new(NULL);
	for (const char *p = apart ? apart : cased; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);
		if (!g_unichar_ismark(c) && !is_invisible(c))
			g_string_append_unichar(bare, c);
	}
	char *folded = g_string_free(bare, FALSE);
	char *together = g_utf8_normalize(folded, -1, G_NORMALIZE_ALL_COMPOSE);
	if (together) {
		g_free(folded);
		folded = together;
	}
	cut(folded);
	return folded;
}

static void word_clear(gpointer data)
{
	g_free(((SearchWord *)data)->folded);
}

/* Where the word that begins at @text ends. */
static const char *word_end(const char *text)
{
	const char *p = text;
	gunichar first = g_utf8_get_char(p);
	p = g_utf8_next_char(p);
	for (; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);
		if (g_unichar_ismark(c) || is_invisible(c))
			continue;
		if (!is_word(c) || stands_alone(first) || stands_alone(c))
			break;
	}
	return p;
}

GArray *search_words(const char *text, guint most)
{
	GArray *words = g_array_new(FALSE, FALSE, sizeof(SearchWord));
	const char *before = NULL; /* the end of the word before */
	g_array_set_clear_func(words, word_clear);
	for (const char *p = text; *p && words->len < most;) {
		if (!is_word(g_utf8_get_char(p))) {
			p = g_utf8_next_char(p);
			continue;
		}
		const char *end = word_end(p);
		SearchWord word = {(gsize)(p - text), (gsize)(end - text),
		                   fold(p, (gsize)(end - p)), 0};
		if (before && p == before + 1 && strchr(".@-_+", *before))
			word.joint = *before;
		if (*word.folded) {
			g_array_append_val(words, word);
			before = end;
		} else {
			g_free(word.folded);
		}
		p = end;
	}
	return words;
}

guint search_chain_end(const GArray *words, guint from)
{
	guint to = from + 1;
	while (to < words->len && g_array_index(words, SearchWord, to).joint)
		to++;
	return to;
}

char *search_chain(const GArray *words, guint from, guint to)
{
	GString *chain = g_string_new(g_array_index(words, SearchWord, from).folded);
	for (guint i = from + 1; i < to; i++) {
		const SearchWord *word = &g_array_index(words, SearchWord, i);
		g_string_append_c(chain, word->joint);
		g_string_append(chain, word->folded);
	}
	char *text = g_string_free(chain, FALSE);
	cut(text);
	return text;
}

void search_tokens(const char *text, SearchTake take, gpointer data)
{
	g_autoptr(GArray) words = search_words(text, G_MAXUINT);
	for (guint from = 0, to; from < words->len; from = to) {
		to = search_chain_end(words, from);
		for (guint i = from; i < to; i++)
			take(g_array_index(words, SearchWord, i).folded, data);
		if (to - from < 2 || to - from > CHAIN_WORDS)
			continue;
		for (guint i = from; i + 1 < to; i++) {
			char joint = i == from ? '@' : g_array_index(words, SearchWord, i).joint;
			if (joint != '@' && joint != '.')
				continue;
			g_autofree char *chain = search_chain(words, i, to);
			take(chain, data);
		}
	}
}
