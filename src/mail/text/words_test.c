#include "mail/text/words.h"

#include "mail/breakdown.h"

#include <string.h>

static void test_words_good_and_broken(void)
{
	static const struct {
		const char *raw, *text;
	} cases[] = {
		{"plain", "plain"},
		{"=?utf-8?q?a=C3=A9_b?=", "aé b"},
		{"=?utf-8?B?w6k=?= =?utf-8?B?w6k=?=", "éé"},
		{"=?utf-8?B?w6k=?=\r\n =?utf-8?B?w6k=?=", "éé"},
		{"=?utf-8?B?w6k=?= and =?utf-8?B?w6k=?=", "é and é"},
		{"=?utf-8?B?ww==?= =?utf-8?B?qQ==?=", "é"},
		{"x=?utf-8?q?=C3=A9?=y", "xéy"},
		{"=?iso-8859-1?q?=E9?= =?utf-8?q?=C3=A9?=", "éé"},
		{"=?utf-8*de?q?a?=", "a"},
		{"=?koi8_r?q?=C4=C1?=", "да"},
		{"=?utf-8?q?a b?=", "a b"},
		{"=?utf-8?x?a?=", "=?utf-8?x?a?="},
		{"=?utf-8?q?never ends", "=?utf-8?q?never ends"},
		{"=?", "=?"},
		{"=??q?a?=", "=??q?a?="},
		{"=?utf-8?q?=0D=0AX: y?=", "  X: y"},
		{"=?utf`8?B?SGkg+Kqqqqo=?=", "Hi �����"}, /* past U+10FFFF */
		{"caf\xe9", "café"},
		{"a\r\n b", "a b"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = words_decode(cases[i].raw);
		g_assert_cmpstr(text, ==, cases[i].text);
	}
}

static void test_a_field_of_a_million_openings_is_read_in_time(void)
{
	static const char *const openings[] = {"=?x", "=?a?b?x", "=?a?q?", "=?"};
	for (guint opening = 0; opening < G_N_ELEMENTS(openings); opening++) {
		GString *field = g_string_new(NULL);
		for (guint i = 0; i < 200000; i++)
			g_string_append(field, openings[opening]);
		g_string_append(field, " ?=");
		g_autofree char *text = words_decode(field->str);
		g_assert_true(g_str_has_prefix(text, "=?"));
		g_string_free(field, TRUE);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	breakdown_init();
	g_test_add_func("/words/words good and broken", test_words_good_and_broken);
	g_test_add_func("/words/a field of a million openings is read in time",
	                test_a_field_of_a_million_openings_is_read_in_time);
	return g_test_run();
}
