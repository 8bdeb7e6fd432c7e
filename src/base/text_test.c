#include "base/text.h"

#include <string.h>

static void test_addresses_compare_in_one_form(void)
{
	static const struct {
		const char *written, *expected;
	} cases[] = {
		{" <Alice@Corp.EXAMPLE> ", "alice@corp.example"},
		{"bob@bücher.example", "bob@xn--bcher-kva.example"},
		{"no address", NULL},
		{"@corp.example", NULL},
		{"a@", NULL},
		{"\"a@b\"@corp.example", "\"a@b\"@corp.example"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *address = text_address(cases[i].written);
		g_assert_cmpstr(address, ==, cases[i].expected);
	}
}

/* Octets of which each is in some place an end, an error or a part of a character. */
static void test_what_is_valid_is_what_glib_says(void)
{
	static const char octets[] = {'a', 'z', 0x7f, 1, 0, '\x80', '\xbf', '\xc3', '\xe2', '\xf0'};
	g_autoptr(GRand) random = g_rand_new_with_seed(1);
	char text[40];
	for (guint i = 0; i < 200000; i++) {
		gsize length = (gsize)g_rand_int_range(random, 0, sizeof text);
		gint kinds = g_rand_int_range(random, 1, sizeof octets + 1);
		gboolean ascii = TRUE;
		for (gsize at = 0; at < length; at++) {
			text[at] = octets[g_rand_int_range(random, 0, 8)
			                          ? 0
			                          : g_rand_int_range(random, 0, kinds)];
			ascii &= text[at] != '\0' && (guchar)text[at] < 0x80;
		}
		g_assert_cmpint(text_is_valid(text, length), ==,
		                g_utf8_validate_len(text, length, NULL));
		g_assert_cmpint(text_is_ascii(text, length), ==, ascii);
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

static void test_message_ids_compare_in_one_form(void)
{
	static const struct {
		const char *value, *expected;
	} cases[] = {
		{" <a@b.example>\r\n", "a@b.example"},
		{"<a@b.example> (a comment)", "a@b.example"},
		{"<a@b.example> <c@d.example>", "a@b.example"},
		{"a@b.example", "a@b.example"},
		{"<\"x > y\"@b.example>", "\"x>y\"@b.example"},
		{"<\"unbalanced@b.example>", "\"unbalanced@b.example"},
		{"<a@\r\n\tb.example>", "a@b.example"},
		{"<\"x<y\"@b.example>", "\"x<y\"@b.example"},
		{"<<a@b.example>>", "a@b.example"},
		{"<no end", "noend"},
		{"<>", ""},
		{"", ""},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *id = text_message_id(cases[i].value, strlen(cases[i].value));
		g_assert_cmpstr(id, ==, cases[i].expected);
		g_autofree char *again = text_message_id(id, strlen(id));
		g_assert_cmpstr(again, ==, id);
	}
}

static void test_a_long_message_id_is_kept_as_its_hash(void)
{
	g_autofree char *filler = g_strnfill(5000, 'a');
	g_autofree char *value = g_strconcat("<", filler, "@b.example>", NULL);
	g_autofree char *id = text_message_id(value, strlen(value));
	g_assert_true(g_str_has_prefix(id, "sha256:"));
	g_assert_cmpuint(strlen(id), ==, strlen("sha256:") + 64);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/text/addresses compare in one form", test_addresses_compare_in_one_form);
	g_test_add_func("/text/terminal text cannot move the cursor",
	                test_terminal_text_cannot_move_the_cursor);
	g_test_add_func("/text/octets become valid text", test_octets_become_valid_text);
	g_test_add_func("/text/what is valid is what GLib says",
	                test_what_is_valid_is_what_glib_says);
	g_test_add_func("/text/Message-IDs compare in one form",
	                test_message_ids_compare_in_one_form);
	g_test_add_func("/text/a long Message-ID is kept as its hash",
	                test_a_long_message_id_is_kept_as_its_hash);
	return g_test_run();
}
