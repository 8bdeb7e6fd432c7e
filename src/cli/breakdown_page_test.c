#include "cli/breakdown_page.h"

#include <string.h>

static void test_links_are_defanged(void)
{
	static const struct {
		const char *url, *shown;
	} cases[] = {
		{"https://evil.example/a.b?c=d.e", "hxxps://evil[.]example/a.b?c=d.e"},
		{"http://1.2.3.4/", "hxxp://1[.]2[.]3[.]4/"},
		{"http://evil.example?x.y", "hxxp://evil[.]example?x.y"},
		{"https://r.example/?u=HTTPS://t.example/",
	         "hxxps://r[.]example/?u=HxxPS://t.example/"},
		{"bank.com", "bank[.]com"},
		{"click here", "click here"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *shown = breakdown_defang(cases[i].url);
		g_assert_cmpstr(shown, ==, cases[i].shown);
	}
}

static json_t *document_with(const char *member, const char *json)
{
	json_t *message = json_object();
	json_object_set_new(message, member, json_loads(json, JSON_DECODE_ANY, NULL));
	return json_pack("{s:s,s:n,s:[],s:o}", "file", "a.eml", "report", "originals", "message",
	                 message);
}

static void test_a_page_says_what_an_analyst_looks_for(void)
{
	static const struct {
		const char *member, *json, *line;
	} cases[] = {
		{"from", "[{\"name\":\"Ann\",\"address\":\"ann@corp.example\"}]",
	         "Ann <ann@corp.example>"},
		{"findings",
	         "[{\"id\":\"date_missing\",\"detail\":\"it has no date\",\"where\":"
	         "\"Date\"}]",
	         "it has no date (Date)"},
		{"links",
	         "[{\"url\":\"https://evil.example/"
	         "\",\"where\":\"html:a.href\",\"text\":\"bank.com\","
	         "\"mismatch\":true}]",
	         "shows \"bank[.]com\""},
		{"links",
	         "[{\"url\":\"https://r.example/\",\"where\":\"text\",\"target\":\"https://"
	         "t.example/"
	         "\",\"via\":[\"https://v.example/\"],\"mismatch\":false}]",
	         "leads to hxxps://t[.]example/"},
		{"links",
	         "[{\"url\":\"https://r.example/\",\"where\":\"text\",\"rewriter\":\"mimecast\","
	         "\"rewriter_opaque\":true,\"mismatch\":false}]",
	         "rewritten by mimecast"},
		{"received",
	         "[{\"from\":\"b.example\",\"by\":\"c.example\",\"delay\":7},"
	         "{\"from\":\"a.example\",\"by\":\"b.example\",\"address\":\"192.0.2.1\"}]",
	         "a.example [192.0.2.1] to b.example\n"},
		{"received", "[{\"from\":\"b.example\",\"by\":\"c.example\",\"delay\":7}]",
	         "b.example to c.example, after 7 s"},
		{"attachments",
	         "[{\"name\":\"a.pdf\",\"type\":\"application/pdf\",\"detected\":\"application/"
	         "x-dosexec\",\"size\":10,\"sha256\":\"0abc\"}]",
	         "application/pdf, really application/x-dosexec"},
		{"attachments", "[{\"name\":\"a.zip\",\"size\":1,\"parts\":[{\"name\":\"b\"}]}]",
	         "↳ b"},
		{"text", "\"go to https://evil.example/ now\"", "go to hxxps://evil.example/ now"},
		{"subject", "\"a\\u001b[31mb\\u202e\"", "a\\u001b[31mb\\u202e"},
	};
	static const Terminal plain = {0};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(json_t) document = document_with(cases[i].member, cases[i].json);
		g_autofree char *page = breakdown_page(document, &plain);
		if (!strstr(page, cases[i].line))
			g_error("case %u: no \"%s\" in:\n%s", i, cases[i].line, page);
		g_assert_null(strchr(page, '\033'));
		g_assert_null(strstr(page, "https://"));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/breakdown page/links are defanged", test_links_are_defanged);
	g_test_add_func("/breakdown page/a page says what an analyst looks for",
	                test_a_page_says_what_an_analyst_looks_for);
	return g_test_run();
}
