#include "auth/totp.h"

#include "base/clock.h"

#include <string.h>

/* RFC 6238, appendix B, for SHA-1; its codes have 8 digits, of which ours are the last 6. */
static void the_rfcs_examples_hold(void)
{
	g_autoptr(GBytes) secret = g_bytes_new_static("12345678901234567890", 20);
	static const struct {
		gint64 seconds;
		const char *code;
	} cases[] = {
		{59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
		{1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		gint64 step = totp_step(cases[i].seconds * CLOCK_SECOND);
		g_autofree char *code = totp_code(secret, step);
		g_assert_cmpstr(code, ==, cases[i].code);
	}
	g_autofree char *text = totp_secret_format(secret);
	g_assert_cmpstr(text, ==, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
}

static void clocks_may_differ_by_one_step(void)
{
	g_autoptr(GBytes) secret = totp_secret_new();
	gint64 step = 60000000, now = step * TOTP_STEP_SECONDS * CLOCK_SECOND + CLOCK_SECOND;
	static const gint64 near[] = {-2, -1, 0, 1, 2};
	for (guint i = 0; i < G_N_ELEMENTS(near); i++) {
		g_autofree char *code = totp_code(secret, step + near[i]);
		gint64 found = totp_find_step(secret, code, now);
		g_assert_cmpint(found, ==, ABS(near[i]) <= 1 ? step + near[i] : 0);
	}
	static const char *const wrong[] = {"", "12345", "1234567", "abcdef"};
	for (guint i = 0; i < G_N_ELEMENTS(wrong); i++)
		g_assert_cmpint(totp_find_step(secret, wrong[i], now), ==, 0);
}

static void a_name_is_escaped_in_the_uri(void)
{
	g_autoptr(GBytes) secret = g_bytes_new_static("12345678901234567890", 20);
	g_autofree char *uri = totp_uri(secret, "ann lee&x");
	g_assert_cmpstr(uri, ==,
	                "otpauth://totp/Trawl:ann%20lee%26x?secret="
	                "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Trawl");
}

static void a_recovery_code_is_the_same_however_it_is_typed(void)
{
	g_autofree char *code = totp_recovery_new(), *other = totp_recovery_new();
	g_autofree char *hash = totp_recovery_hash(code), *strange = totp_recovery_hash(other);
	g_autofree char *upper = g_ascii_strup(code, -1);
	g_autofree char *typed = g_strdelimit(g_strdup(upper), "-", ' ');
	g_autofree char *again = totp_recovery_hash(typed);
	g_assert_cmpuint(strlen(code), ==, 19);
	g_assert_cmpstr(hash, ==, again);
	g_assert_cmpstr(hash, !=, strange);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/totp/the RFC's examples hold", the_rfcs_examples_hold);
	g_test_add_func("/totp/clocks may differ by one step", clocks_may_differ_by_one_step);
	g_test_add_func("/totp/a name is escaped in the URI", a_name_is_escaped_in_the_uri);
	g_test_add_func("/totp/a recovery code is the same however it is typed",
	                a_recovery_code_is_the_same_however_it_is_typed);
	return g_test_run();
}
