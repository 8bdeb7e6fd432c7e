#include "signon/directory.h"

#include "base/clock.h"
#include "base/error.h"

#include <string.h>

static void a_value_is_no_more_than_a_value_in_a_filter(void)
{
	static const struct {
		const char *text, *escaped;
	} cases[] = {
		{"ann", "ann"},
		{"*", "\\2a"},
		{"a)(uid=*", "a\\29\\28uid=\\2a"},
		{"a\\2ab", "a\\5c2ab"},
		{"*)(|(objectClass=*", "\\2a\\29\\28|\\28objectClass=\\2a"},
		{"m\xc3\xbcller", "m\xc3\xbcller"},
		{"a\nb", "a\\0ab"},
		{"", ""},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *escaped = directory_escape_filter(cases[i].text);
		g_assert_cmpstr(escaped, ==, cases[i].escaped);
	}
}

static void a_value_is_no_more_than_a_value_in_a_name(void)
{
	static const struct {
		const char *text, *escaped;
	} cases[] = {
		{"ann", "ann"},
		{"ann,ou=admins", "ann\\2cou\\3dadmins"},
		{"a+cn=b", "a\\2bcn\\3db"},
		{"#1", "\\231"},
		{"a#1", "a#1"},
		{" a b ", "\\20a b\\20"},
		{" ", "\\20"},
		{"a\"<>;\\", "a\\22\\3c\\3e\\3b\\5c"},
		{"m\xc3\xbcller", "m\xc3\xbcller"},
		{"", ""},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *escaped = directory_escape_dn(cases[i].text);
		g_assert_cmpstr(escaped, ==, cases[i].escaped);
	}
}

/* Port 1 of this machine: whoever asks it anything gets an error of the connection. */
static void nobody_is_asked_about_an_empty_passphrase(void)
{
	static const struct {
		const char *name, *password;
		TrawlError code;
	} cases[] = {{"ann", "", TRAWL_ERROR_AUTHENTICATION},
	             {"", "x", TRAWL_ERROR_AUTHENTICATION},
	             {"ann", NULL, TRAWL_ERROR_AUTHENTICATION},
	             {"ann", "x", TRAWL_ERROR_UNREACHABLE}};
	g_autoptr(json_t) config = json_pack("{s:s, s:s}", "url", "ldaps://127.0.0.1:1",
	                                     "dn_template", "uid={name},dc=corp,dc=example");
	g_autoptr(json_t) secret = json_object();
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *subject = NULL;
		g_autoptr(json_t) identity =
			directory_identify(config, secret, 1, cases[i].name, cases[i].password,
		                           deadline_in(10), &subject, &error);
		g_assert_null(identity);
		g_assert_error(error, TRAWL_ERROR, (int)cases[i].code);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/directory/a value is no more than a value in a filter",
	                a_value_is_no_more_than_a_value_in_a_filter);
	g_test_add_func("/directory/a value is no more than a value in a name",
	                a_value_is_no_more_than_a_value_in_a_name);
	g_test_add_func("/directory/nobody is asked about an empty passphrase",
	                nobody_is_asked_about_an_empty_passphrase);
	return g_test_run();
}
