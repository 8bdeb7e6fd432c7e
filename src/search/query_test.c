#include "search/query.h"

#include "base/error.h"
#include "base/limits.h"
#include "search/words.h"

#include <string.h>

static char *join(const GPtrArray *texts)
{
	GString *out = g_string_new(NULL);
	for (guint i = 0; i < texts->len; i++)
		g_string_append_printf(out, "%s%s", i ? " " : "", (char *)texts->pdata[i]);
	return g_string_free(out, FALSE);
}

static void words_are_what_people_see(void)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{"Hello, World!", "hello world"},
		{"Grüße, Straße ÅNGSTRÖM", "grusse strasse angstrom"},
		{"pay\xE2\x80\x8Bpal and pass\xC2\xADword", "paypal and password"},
		{"\xE2\x80\xAE"
	         "evil\xE2\x80\xAC",
	         "evil"},
		{"Cafe\xCC\x81", "cafe"},
		{"\xEF\xBC\xA1\xEF\xBC\xB0\xEF\xBC\xB0\xEF\xBC\xAC\xEF\xBC\xA5",
	         "apple"}, /* full width */
		{"請求書 no. 7", "請 求 書 no 7"},
		{"Сбербанк", "сбербанк"},
		{"a1b2c3", "a1b2c3"},
		{"don't", "don t"},
		{"", ""},
		{"--- ***", ""},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GArray) words = search_words(cases[i].text, G_MAXUINT);
		g_autoptr(GPtrArray) texts = g_ptr_array_new();
		for (guint w = 0; w < words->len; w++)
			g_ptr_array_add(texts, g_array_index(words, SearchWord, w).folded);
		g_autofree char *joined = join(texts);
		g_assert_cmpstr(joined, ==, cases[i].words);
	}
}

static void collect(const char *token, gpointer texts)
{
	g_ptr_array_add(texts, g_strdup(token));
}

static void hosts_and_addresses_are_kept_whole_and_by_their_domains(void)
{
	static const struct {
		const char *text, *tokens;
	} cases[] = {
		{"Ann.Lee@Corp.Example",
	         "ann lee corp example ann.lee@corp.example lee@corp.example corp.example"},
		{"https://a.evil.example/x", "https a evil example a.evil.example evil.example x"},
		{"a_b-c", "a b c a_b-c"},
		{"end. Next", "end next"},
		{"x..y", "x y"},
		{"<q@r>", "q r q@r"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) tokens = g_ptr_array_new_with_free_func(g_free);
		search_tokens(cases[i].text, collect, tokens);
		g_autofree char *joined = join(tokens);
		g_assert_cmpstr(joined, ==, cases[i].tokens);
	}
}

static void a_word_is_cut_between_characters(void)
{
	g_autoptr(GString) text = g_string_new("x");
	for (guint i = 0; i < 500; i++)
		g_string_append(text, "щ");
	g_autoptr(GArray) words = search_words(text->str, G_MAXUINT);
	const char *folded = g_array_index(words, SearchWord, 0).folded;
	g_assert_cmpuint(strlen(folded), <=, LIMIT_SEARCH_WORD);
	g_assert_cmpuint(strlen(folded), >, LIMIT_SEARCH_WORD - 4);
	g_assert_true(g_utf8_validate(folded, -1, NULL));
}

/* Each term as "-field,field:token token/words*". */
static char *describe(const SearchQuery *query)
{
	GString *out = g_string_new(NULL);
	for (guint i = 0; i < query->terms->len; i++) {
		const SearchTerm *term = query->terms->pdata[i];
		g_autofree char *tokens = join(term->tokens);
		g_string_append_printf(out, "%s%s", i ? " | " : "", term->negative ? "-" : "");
		for (guint f = 0; f < SEARCH_FIELDS && term->fields != SEARCH_ANYWHERE; f++)
			if (term->fields & (1u << f))
				g_string_append_printf(out, "%s:", search_fields[f].name);
		g_string_append_printf(out, "%s%s", tokens, term->prefix ? "*" : "");
	}
	return g_string_free(out, FALSE);
}

static void what_is_asked_is_understood(void)
{
	static const struct {
		const char *text, *described;
	} cases[] = {
		{"Invoice", "invoice"},
		{"  overdue   invoice ", "overdue | invoice"},
		{"\"salary account\"", "salary account"},
		{"subject:\"salary account\" -body:test", "subject:salary account | -body:test"},
		{"FROM:ann@corp.example", "from:ann@corp.example"},
		{"address:ann", "from:to:reporter:ann"},
		{"inv*", "inv*"},
		{"evil.exam*", "evil.exam*"},
		{"https://evil.example/login", "https evil.example login"},
		{"hxxps://evil[.]example", "https evil.example"},
		{"ann[@]corp[.]example", "ann@corp.example"},
		{"Re: invoice", "re | invoice"},
		{"12:30", "12 30"},
		{"well-known", "well-known"},
		{"- x", NULL},
		{"请求", "请 求"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(SearchQuery) query = search_query_parse(cases[i].text, &error);
		g_autofree char *described = query ? describe(query) : NULL;
		g_test_message("%s: %s", cases[i].text, error ? error->message : described);
		g_assert_cmpstr(described, ==, cases[i].described);
	}
}

static void what_cannot_be_understood_is_refused_in_words(void)
{
	g_autofree char *many = g_strnfill(3 * (LIMIT_SEARCH_TERMS + 1), 'x');
	for (guint i = 2; i < strlen(many); i += 3)
		many[i] = ' ';
	const struct {
		const char *text, *words;
	} cases[] = {
		{"", "say what to look for"},
		{"   ", "say what to look for"},
		{"\"open", "not closed"},
		{"sender:ann", "no field \"sender\""},
		{"-spam", "not only what to leave out"},
		{"subject:", "no letter or digit"},
		{"!!!", "no letter or digit"},
		{"*", "no letter or digit"},
		{"a*", "at least two"},
		{"in*voice", "at the end of a word only"},
		{"%' OR 1=1 --", "no letter or digit"},
		{many, "at most 20 parts"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(search_query_parse(cases[i].text, &error));
		g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID);
		g_test_message("%s: %s", cases[i].text, error->message);
		g_assert_nonnull(strstr(error->message, cases[i].words));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define TEST(name, function) g_test_add_func("/query/" name, function)
	TEST("words are what people see", words_are_what_people_see);
	TEST("hosts and addresses are kept whole, and by their domains",
	     hosts_and_addresses_are_kept_whole_and_by_their_domains);
	TEST("a word is cut between characters", a_word_is_cut_between_characters);
	TEST("what is asked is understood", what_is_asked_is_understood);
	TEST("what cannot be understood is refused in words",
	     what_cannot_be_understood_is_refused_in_words);
	return g_test_run();
}
