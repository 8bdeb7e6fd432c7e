#include "base/clock.h"
#include "cli/nearest.h"
#include "cli/table.h"
#include "cli/when.h"

/* clang-format off */
static const TableColumn columns[] = {
	{"id",      TRUE,  0, FALSE},
	{"subject", FALSE, 8, FALSE},
	{"note",    FALSE, 0, TRUE},
	{NULL},
};
/* clang-format on */

static Table *sample(const char *subject)
{
	Table *table = table_new(columns);
	/* clang-format off */
	const char *rows[][3] = {
		{"7",    subject,       "first"},
		{"1234", "Hello there", NULL},
	};
	/* clang-format on */
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
		for (guint j = 0; j < 3; j++)
			table_add(table, STYLE_PLAIN, rows[i][j]);
	return table;
}

static void test_tables_fit_where_they_are_shown(void)
{
	static const struct {
		int width;
		const char *subject, *text;
	} cases[] = {
		/* no terminal: nothing is cut */
		{0, "A fairly long subject of a mail",
	         "  id  subject                          note\n"
	         "   7  A fairly long subject of a mail  first\n"
	         "1234  Hello there\n"},
		{80, "short",
	         "  id  subject      note\n"
	         "   7  short        first\n"
	         "1234  Hello there\n"},
		/* the column that may be cut gives way */
		{30, "A fairly long subject of a mail",
	         "  id  subject            note\n"
	         "   7  A fairly long su…  first\n"
	         "1234  Hello there\n"},
		/* a column goes before another is cut below its least width */
		{17, "A fairly long subject of a mail",
	         "  id  subject\n"
	         "   7  A fairly l…\n"
	         "1234  Hello there\n"},
		/* never below the least */
		{5, "A fairly long subject of a mail",
	         "  id  subject\n"
	         "   7  A fairl…\n"
	         "1234  Hello t…\n"},
		/* wide characters are two columns, combining ones none */
		{0, "日本e\xcc\x81",
	         "  id  subject      note\n"
	         "   7  日本e\xcc\x81        first\n"
	         "1234  Hello there\n"},
		{22, "日本語の件名です",
	         "  id  subject    note\n"
	         "   7  日本語の…  first\n"
	         "1234  Hello th…\n"},
		/* what a mail says cannot move the cursor */
		{0, "a\033[2Jb\nc",
	         "  id  subject        note\n"
	         "   7  a\\u001b[2Jb c  first\n"
	         "1234  Hello there\n"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Table) table = sample(cases[i].subject);
		Terminal terminal = {cases[i].width, FALSE};
		g_autofree char *text = table_format(table, &terminal);
		g_assert_cmpstr(text, ==, cases[i].text);
	}
}

static void test_colour_takes_no_columns(void)
{
	g_autoptr(Table) table = table_new(columns);
	table_add_number(table, STYLE_BAD, 7);
	table_add(table, STYLE_PLAIN, "x");
	table_add(table, STYLE_GOOD, "y");
	Terminal terminal = {80, TRUE};
	g_autofree char *text = table_format(table, &terminal);
	g_assert_cmpstr(text, ==,
	                "\033[2mid\033[0m  \033[2msubject\033[0m  \033[2mnote\033[0m\n"
	                " \033[31m7\033[0m  x        \033[32my\033[0m\n");
}

static void test_fields_are_wrapped_beside_their_labels(void)
{
	g_autoptr(Fields) fields = fields_new();
	fields_add(fields, "from", STYLE_PLAIN, "a\033b");
	fields_add(fields, "nothing", STYLE_PLAIN, NULL);
	fields_add(fields, "nothing", STYLE_PLAIN, "");
	fields_add(fields, "subject", STYLE_PLAIN, "one two three four five six");
	Terminal narrow = {29, FALSE}, none = {0, FALSE};
	g_autofree char *text = fields_format(fields, &narrow);
	g_assert_cmpstr(text, ==,
	                "from     a\\u001bb\n"
	                "subject  one two three four\n"
	                "         five six\n");
	g_autofree char *line = fields_format(fields, &none);
	g_assert_cmpstr(line, ==,
	                "from     a\\u001bb\n"
	                "subject  one two three four five six\n");
}

static void test_long_words_are_broken(void)
{
	/* clang-format off */
	static const struct {
		const char *text;
		int columns, indent;
		const char *wrapped;
	} cases[] = {
		{"",                    10, 0, ""},
		{"a b",                 0,  0, "a b"},
		{"aaaa bbbb",           4,  2, "aaaa\n  bbbb"},
		{"aaaaaaaaaa b",        4,  0, "aaaa\naaaa\naa b"},
		{"日本語日本語",              4,  0, "日本\n語日\n本語"},
		{"  spaces   between ", 20, 0, "spaces between"},
	};
	/* clang-format on */
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *wrapped =
			terminal_wrap(cases[i].text, cases[i].columns, cases[i].indent);
		g_assert_cmpstr(wrapped, ==, cases[i].wrapped);
	}
}

static void test_times_are_told_as_people_do(void)
{
	/* clang-format off */
	static const struct {
		gint64 distance;
		const char *relative, *brief;
	} cases[] = {
		{0,                 "just now",    "just now"},
		{-CLOCK_SECOND,     "just now",    "just now"},
		{30 * CLOCK_SECOND, "30 s ago",    "30 s ago"},
		{90 * CLOCK_SECOND, "1 min ago",   "1 min ago"},
		{3 * CLOCK_HOUR,    "3 h ago",     "3 h ago"},
		{-5 * CLOCK_MINUTE, "in 5 min",    "in 5 min"},
		{CLOCK_DAY,         "1 day ago",   "2026-11-22"},
		{40 * CLOCK_DAY,    "40 days ago", "2026-10-14"},
	};
	/* clang-format on */
	gint64 now = 0;
	g_assert_true(clock_parse("2026-11-23T09:00:00Z", &now));
	g_autoptr(GTimeZone) zone = g_time_zone_new_offset(3600);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *relative = when_relative(now - cases[i].distance, now);
		g_assert_cmpstr(relative, ==, cases[i].relative);
		g_autofree char *brief = when_short(now - cases[i].distance, now, zone);
		g_assert_cmpstr(brief, ==, cases[i].brief);
	}
	g_autofree char *both = when_both(now - CLOCK_MINUTE, now, zone);
	g_assert_cmpstr(both, ==, "2026-11-23 09:59:00 (1 min ago)");
}

static void test_sizes_are_short(void)
{
	/* clang-format off */
	static const struct {
		gint64 bytes;
		const char *text;
	} cases[] = {
		{0,         "0 B"},
		{999,       "999 B"},
		{1000,      "1.0 kB"},
		{12345,     "12 kB"},
		{150000000, "150 MB"},
	};
	/* clang-format on */
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = size_format(cases[i].bytes);
		g_assert_cmpstr(text, ==, cases[i].text);
	}
}

static void test_slips_of_the_finger_are_understood(void)
{
	static const char *const names[] = {"incident", "source", "server", "alert", "key", NULL};
	/* clang-format off */
	static const struct {
		const char *typed, *meant;
	} cases[] = {
		{"incidnet",                                                 "incident"},
		{"incidents",                                                "incident"},
		{"inc",                                                      "incident"},
		{"sorce",                                                    "source"},
		{"kye",                                                      "key"},
		{"banana",                                                   NULL},
		{"",                                                         NULL},
		{"a word that is far longer than any name of ours could be", NULL},
	};
	/* clang-format on */
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpstr(nearest_find(cases[i].typed, names), ==, cases[i].meant);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/table/tables fit where they are shown",
	                test_tables_fit_where_they_are_shown);
	g_test_add_func("/table/colour takes no columns", test_colour_takes_no_columns);
	g_test_add_func("/table/fields are wrapped beside their labels",
	                test_fields_are_wrapped_beside_their_labels);
	g_test_add_func("/table/long words are broken", test_long_words_are_broken);
	g_test_add_func("/when/times are told as people do", test_times_are_told_as_people_do);
	g_test_add_func("/when/sizes are short", test_sizes_are_short);
	g_test_add_func("/nearest/slips of the finger are understood",
	                test_slips_of_the_finger_are_understood);
	return g_test_run();
}
