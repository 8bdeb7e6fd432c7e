#include "mail/authentication/authres.h"

#include "base/limits.h"
#include "mail/testing.h"

static void compare(json_t *parsed, const char *expected)
{
	g_autofree char *text = json_format(parsed);
	g_assert_cmpstr(text, ==, expected);
	json_decref(parsed);
}

#define RESULT(method, result, reason, comment, properties)                                        \
	"{\"method\":\"" method "\",\"result\":\"" result "\",\"properties\":{" properties         \
	"},\"reason\":" reason ",\"comment\":" comment "}"

static void test_the_grammar_of_results(void)
{
	static const struct {
		const char *value, *expected;
	} cases[] = {
		{"mx.example; none", "{\"host\":\"mx.example\",\"results\":[]}"},
		{"MX.example 1; spf=PASS smtp.mailfrom=a@x.example",
	         "{\"host\":\"mx.example\",\"version\":\"1\",\"results\":[" RESULT(
			 "spf", "pass", "null", "null", "\"smtp.mailfrom\":\"a@x.example\"") "]}"},
		{"mx.example;\r\n\tdkim = pass (2048-bit (rsa) key) header . d = x.example "
	         "header.b=\"ab/c+=\";\r\n\tdmarc=fail (p=reject) header.from=y.example",
	         "{\"host\":\"mx.example\",\"results\":[" RESULT(
			 "dkim", "pass", "null", "\"2048-bit (rsa) key\"",
			 "\"header.d\":\"x.example\",\"header.b\":\"ab/c+=\"") "," RESULT("dmarc",
	                                                                                  "fail",
	                                                                                  "null",
	                                                                                  "\"p="
	                                                                                  "reject"
	                                                                                  "\"",
	                                                                                  "\"header"
	                                                                                  ".from\":"
	                                                                                  "\"y."
	                                                                                  "example"
	                                                                                  "\"") "]"
	                                                                                        "}"},
		{"mx.example; dkim=fail reason=\"a; dmarc=pass \\\" (b)\" header.b=ab/c+=",
	         "{\"host\":\"mx.example\",\"results\":["
	         "{\"method\":\"dkim\",\"result\":\"fail\",\"properties\":{\"reason\":\"a; "
	         "dmarc=pass \\\" (b)\",\"header.b\":\"ab/c+=\"},\"reason\":\"a; dmarc=pass \\\" "
	         "(b)\",\"comment\":null}]}"},
		{"mx.example; spf/2=neutral smtp.mailfrom=\"x; dmarc=pass\"@evil.example",
	         "{\"host\":\"mx.example\",\"results\":[{\"method\":\"spf\",\"result\":\"neutral\","
	         "\"version\":\"2\",\"properties\":{\"smtp.mailfrom\":\"x; "
	         "dmarc=pass@evil.example\"},\"reason\":null,\"comment\":null}]}"},
		/* Microsoft, with what it thinks of all that together */
		{"spf=pass (sender IP is 203.0.113.9) smtp.mailfrom=x.example; dkim=none (message "
	         "not "
	         "signed) header.d=none;dmarc=bestguesspass action=none "
	         "header.from=x.example;compauth=pass reason=109",
	         "{\"host\":null,\"results\":[" RESULT("spf", "pass", "null", "\"sender IP is 203.0.113.9\"", "\"smtp.mailfrom\":\"x.example\"") "," RESULT(
			 "dkim", "none", "null", "\"message not signed\"",
			 "\"header.d\":\"none\"") "," RESULT("dmarc", "bestguesspass", "null",
	                                                     "null",
	                                                     "\"action\":\"none\",\"header.from\":"
	                                                     "\"x.example\"") "," RESULT("compauth",
	                                                                                 "pass",
	                                                                                 "\"109\"",
	                                                                                 "null",
	                                                                                 "\"reason"
	                                                                                 "\":"
	                                                                                 "\"109\"") "]}"},
		{"(mx.example;) (a \\) b) evil.example (c); dmarc=pass",
	         "{\"host\":\"evil.example\",\"results\":[" RESULT("dmarc", "pass", "null", "null",
	                                                           "") "]}"},
		{"mx.example; dkim=pass header.d=a.example header.d=b.example",
	         "{\"host\":\"mx.example\",\"results\":[" RESULT(
			 "dkim", "pass", "null", "null", "\"header.d\":\"a.example\"") "]}"},
		{"mx.example; ; =x; dkim; a b c; spf=",
	         "{\"host\":\"mx.example\",\"results\":[" RESULT("spf", "", "null", "null",
	                                                         "") "]}"},
		{"", "{\"host\":null,\"results\":[]}"},
		{";", "{\"host\":null,\"results\":[]}"},
		{"(((", "{\"host\":null,\"results\":[]}"},
		{"mx.example; dkim=\"", "{\"host\":\"mx.example\",\"results\":[" RESULT(
						"dkim", "", "null", "null", "") "]}"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		compare(authres_parse(cases[i].value), cases[i].expected);
}

static void test_received_spf(void)
{
	static const struct {
		const char *value, *expected;
	} cases[] = {
		{"Pass (mx.example: domain of x.example designates 192.0.2.1) client-ip=192.0.2.1; "
	         "envelope-from=\"a; b\"@x.example; helo=out.x.example;",
	         "{\"result\":\"pass\",\"comment\":\"mx.example: domain of x.example designates "
	         "192.0.2.1\",\"properties\":{\"client-ip\":\"192.0.2.1\",\"envelope-from\":\"a; "
	         "b@x.example\",\"helo\":\"out.x.example\"}}"},
		{"none", "{\"result\":\"none\",\"comment\":null,\"properties\":{}}"},
		{"", "{\"result\":null,\"comment\":null,\"properties\":{}}"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		compare(authres_parse_spf(cases[i].value), cases[i].expected);
}

static void test_microsofts_report(void)
{
	compare(authres_parse_microsoft("CIP:192.0.2.1;CTRY:;SCL:5;\r\n H:a:b;x;:y;SCL:1;"),
	        "{\"cip\":\"192.0.2.1\",\"ctry\":\"\",\"scl\":\"5\",\"h\":\"a:b\"}");
}

static void test_what_is_past_the_limit_is_told(void)
{
	static const struct {
		const char *begin, *piece;
	} cases[] = {
		{"mx.example", "; spf=pass"},
		{"mx.example; spf=pass", " a=b"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		GString *text = g_string_new(cases[i].begin);
		for (guint j = 1; j < LIMIT_PARAMETERS; j++)
			g_string_append(text, cases[i].piece);
		g_autoptr(json_t) all = authres_parse(text->str);
		g_assert_null(json_object_get(all, "more"));
		g_string_append_printf(text, "%s%s", cases[i].piece, cases[i].piece);
		g_autoptr(json_t) some = authres_parse(text->str);
		g_assert_true(json_is_true(json_object_get(some, "more")));
		g_string_free(text, TRUE);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/authres/the grammar of results", test_the_grammar_of_results);
	g_test_add_func("/authres/Received-SPF", test_received_spf);
	g_test_add_func("/authres/Microsoft's report", test_microsofts_report);
	g_test_add_func("/authres/what is past the limit is told",
	                test_what_is_past_the_limit_is_told);
	return g_test_run();
}
