#include "mail/text/subject.h"

static void test_prefixes_of_many_languages(void)
{
	static const struct {
		const char *subject, *bare;
		gboolean forward;
	} cases[] = {
		{"Fwd: Prize", "Prize", TRUE},
		{"FW: RE: Fwd: Prize", "Prize", TRUE},
		{"Re: FW: Prize", "Prize", FALSE},
		{"WG : Prize", "Prize", TRUE},
		{"TR: Prize", "Prize", TRUE},
		{"Re[2]: Prize", "Prize", FALSE},
		{"ΠΡΘ: Prize", "Prize", TRUE},
		{"TOV: Prize", "Prize", TRUE},
		{"ΠΡΟ: Prize", "ΠΡΟ: Prize", FALSE},
		{"Προθ: Prize", "Prize", TRUE},
		{"转发：Prize", "Prize", TRUE},
		{"Forward motion", "Forward motion", FALSE},
		{"Invoice: 3", "Invoice: 3", FALSE},
		{"  Fwd:", "", TRUE},
		{NULL, NULL, FALSE},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *bare = subject_without_prefixes(cases[i].subject);
		g_assert_cmpstr(bare, ==, cases[i].bare);
		g_assert_cmpint(subject_is_forward(cases[i].subject), ==, cases[i].forward);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/subject/prefixes of many languages", test_prefixes_of_many_languages);
	return g_test_run();
}
