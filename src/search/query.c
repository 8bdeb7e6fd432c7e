/* Reads what somebody looks for.
 *
 * It comes from people who paste addresses, links and hashes, often defanged:
 * hxxps://evil[.]example is taken as what it stands for. What cannot be understood is refused, not
 * guessed at. */
#include "search/query.h"

#include "base/error.h"
#include "base/limits.h"
#include "search/words.h"

#include <string.h>

const SearchField search_fields[SEARCH_FIELDS] = {
	{"subject", 's'},    {"body", SEARCH_BODY},
	{"from", 'f'},       {"to", 't'},
	{"reporter", 'r'},   {"link", 'l'},
	{"attachment", 'a'}, {"hash", 'h'},
	{"message", 'i'},    {"comment", SEARCH_COMMENT},
};

/* Several at once. */
static const struct {
	const char *name, *letters;
} groups[] = {
	{"address", "ftr"},
	{"url", "l"},
	{"file", "ah"},
};

guint search_field_bit(char letter)
{
	for (guint i = 0; i < SEARCH_FIELDS; i++)
		if (search_fields[i].letter == letter)
			return 1u << i;
	return 0;
}

static void term_free(gpointer data)
{
	SearchTerm *term = data;
	g_ptr_array_unref(term->words);
	g_ptr_array_unref(term->tokens);
	g_free(term);
}

void search_query_free(SearchQuery *query)
{
	if (!query)
		return;
	g_ptr_array_unref(query->terms);
	g_free(query);
}

static gboolean refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static gboolean refuse(GError **error, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *sentence = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INVALID, sentence);
	return FALSE;
}

/* The fields of a name; 0: there is none. */
static guint fields_named(const char *name, gsize length)
{
	guint bits = 0;
	for (guint i = 0; i < SEARCH_FIELDS; i++)
		if (strlen(search_fields[i].name) == length &&
		    g_ascii_strncasecmp(search_fields[i].name, name, length) == 0)
			return 1u << i;
	for (guint i = 0; i < G_N_ELEMENTS(groups); i++)
		if (strlen(groups[i].name) == length &&
		    g_ascii_strncasecmp(groups[i].name, name, length) == 0)
			for (const char *letter = groups[i].letters; *letter; letter++)
				bits |= search_field_bit(*letter);
	return bits;
}

static gboolean refuse_field(const char *name, gsize length, GError **error)
{
	g_autoptr(GString) names = g_string_new(NULL);
	for (guint i = 0; i < SEARCH_FIELDS; i++)
		g_string_append_printf(names, "%s, ", search_fields[i].name);
	for (guint i = 0; i < G_N_ELEMENTS(groups); i++)
		g_string_append_printf(names, "%s%s", i ? ", " : "", groups[i].name);
	return refuse(error,
	              "there is no field \"%.*s\"; the fields are %s. To look for a colon's "
	              "text as it is, put it between quotation marks",
	              (int)length, name, names->str);
}

/* Takes "field:" from the beginning of *@at. "Re:" and "https://" are none. */
static gboolean take_field(const char **at, guint *fields, GError **error)
{
	gsize length = 0;
	while (g_ascii_isalpha((*at)[length]))
		length++;
	*fields = SEARCH_ANYWHERE;
	if (length == 0 || (*at)[length] != ':')
		return TRUE;
	const char *rest = *at + length + 1;
	guint named = fields_named(*at, length);
	if (!named && (!*rest || g_ascii_isspace(*rest) || g_str_has_prefix(rest, "//")))
		return TRUE;
	if (!named)
		return refuse_field(*at, length, error);
	*fields = named;
	*at = rest;
	return TRUE;
}

/* Undoes what keeps people from clicking: [.] (.) {.} [@] hxxp. Newly allocated. */
static char *refang(const char *text)
{
	static const char *const marks[] = {"[.]", ".", "(.)",  ".", "{.}", ".", "[dot]", ".",
	                                    "[@]", "@", "[at]", "@", "[:]", ":", "[/]",   "/"};
	g_autoptr(GString) plain = g_string_new(text);
	for (guint i = 0; i < G_N_ELEMENTS(marks); i += 2)
		g_string_replace(plain, marks[i], marks[i + 1], 0);
	if (g_ascii_strncasecmp(plain->str, "hxxp", 4) == 0)
		memcpy(plain->str, "http", 4);
	return g_strdup(plain->str);
}

static gboolean fill_term(SearchTerm *term, const char *written, GError **error)
{
	g_autofree char *text = refang(written);
	g_autoptr(GArray) words = search_words(text, LIMIT_SEARCH_PHRASE + 1);
	if (words->len == 0)
		return refuse(error, "\"%s\" has no letter or digit to look for", written);
	if (words->len > LIMIT_SEARCH_PHRASE)
		return refuse(error, "a phrase has at most %d words", LIMIT_SEARCH_PHRASE);
	for (guint i = 0; i < words->len; i++)
		g_ptr_array_add(term->words, g_strdup(g_array_index(words, SearchWord, i).folded));
	for (guint from = 0, to; from < words->len; from = to) {
		to = search_chain_end(words, from);
		g_ptr_array_add(term->tokens, search_chain(words, from, to));
	}
	const char *last = term->tokens->pdata[term->tokens->len - 1];
	if (term->prefix && g_utf8_strlen(last, -1) < 2)
		return refuse(error, "before * stand at least two letters or digits");
	return TRUE;
}

/* What is between quotation marks, or up to the next blank; newly allocated. *@at goes behind it.
 */
static char *take_text(const char **at, gboolean *prefix, GError **error)
{
	if (**at == '"') {
		const char *end = strchr(*at + 1, '"');
		if (!end) {
			refuse(error, "a quotation mark is not closed");
			return NULL;
		}
		char *text = g_strndup(*at + 1, (gsize)(end - *at - 1));
		*at = end + 1;
		return text;
	}
	gsize length = strcspn(*at, " \t\r\n\"");
	g_autofree char *text = g_strndup(*at, length);
	*at += length;
	char *star = strchr(text, '*');
	*prefix = star && star[1] == '\0';
	if (star && !*prefix) {
		refuse(error, "* stands at the end of a word only");
		return NULL;
	}
	if (star)
		*star = '\0';
	return g_steal_pointer(&text);
}

static gboolean take_term(const char **at, SearchQuery *query, GError **error)
{
	SearchTerm *term = g_new0(SearchTerm, 1);
	term->words = g_ptr_array_new_with_free_func(g_free);
	term->tokens = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(query->terms, term);
	if (query->terms->len > LIMIT_SEARCH_TERMS)
		return refuse(error, "a search has at most %d parts", LIMIT_SEARCH_TERMS);
	term->negative = **at == '-';
	if (term->negative)
		(*at)++;
	if (!take_field(at, &term->fields, error))
		return FALSE;
	g_autofree char *text = take_text(at, &term->prefix, error);
	return text && fill_term(term, text, error);
}

SearchQuery *search_query_parse(const char *text, GError **error)
{
	g_autoptr(SearchQuery) query = g_new0(SearchQuery, 1);
	query->terms = g_ptr_array_new_with_free_func(term_free);
	gboolean wanted = FALSE;
	for (const char *at = text; *(at += strspn(at, " \t\r\n"));)
		if (!take_term(&at, query, error))
			return NULL;
	for (guint i = 0; i < query->terms->len; i++)
		wanted |= !((SearchTerm *)query->terms->pdata[i])->negative;
	if (wanted)
		return g_steal_pointer(&query);
	refuse(error, query->terms->len ? "say what to look for, too, not only what to leave out"
	                                : "say what to look for");
	return NULL;
}
