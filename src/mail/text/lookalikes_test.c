#include "mail/text/lookalikes.h"

#include "mail/findings/findings.h"

static void test_deceiving_characters_are_found_where_they_deceive(void)
{
	static const struct {
		const char *text, *finding;
	} cases[] = {
		{"Your Am\xd0\xb0zon account", "mixed_alphabets"},
		{"pay\xe2\x80\x8bpal", "zero_width"},
		{"inv\xe2\x80\xae"
	         "fdp.exe",
	         "bidi_control"},
		{"\xf0\x9d\x90\x80\xf0\x9d\x90\x80\xf0\x9d\x90\x80\xf0\x9d\x90\x80",
	         "styled_letters"},
		{"Привет, Amazon", NULL},
		{"größer als π", NULL},
		{"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb", NULL},
		{"", NULL},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(json_t) findings = findings_new();
		lookalikes_find(findings, "Subject", cases[i].text);
		g_assert_cmpstr(json_text(findings, "0.id"), ==, cases[i].finding);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/lookalikes/deceiving characters are found where they deceive",
	                test_deceiving_characters_are_found_where_they_deceive);
	return g_test_run();
}
