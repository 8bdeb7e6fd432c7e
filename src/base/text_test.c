#include "base/text.h"

static void test_addresses_compare_in_one_form(void)
{
	static const struct {
		const char *written, *expected;
	} cases[] = {
		{" <Alice@Corp.EXAMPLE> ", "alice@corp.example"       },
		{"bob@bücher.example",    "bob@xn--bcher-kva.example"},
		{"no address",             NULL                       },
		{"@corp.example",          NULL                       },
		{"a@",                     NULL                       },
		{"\"a@b\"@corp.example",   "\"a@b\"@corp.example"     },
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *address = text_address(cases[i].written);
		g_assert_cmpstr(address, ==, cases[i].expected);
	}
}

static void test_terminal_text_cannot_move_the_cursor(void)
{
	g_autofree char *safe = text_for_terminal("a\033[2Jb\u202ec\nd");
	g_assert_cmpstr(safe, ==, "a\\u001b[2Jb\\u202ec d");
}

static void test_octets_become_valid_text(void)
{
	g_autofree char *text = text_from_bytes("a\0b\xff", 4);
	g_assert_true(g_utf8_validate(text, -1, NULL));
	g_assert_true(g_str_has_prefix(text, "a"));
	/* an empty GBytes has no data pointer */
	g_autofree char *nothing = text_from_bytes(NULL, 0);
	g_assert_cmpstr(nothing, ==, "");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/text/addresses compare in one form", test_addresses_compare_in_one_form);
	g_test_add_func("/text/terminal text cannot move the cursor",
	                test_terminal_text_cannot_move_the_cursor);
	g_test_add_func("/text/octets become valid text", test_octets_become_valid_text);
	return g_test_run();
}
