#include "mail/testing.h"

#include "mail/html/html.h"
#include "mail/url/rewriters.h"
#include "mail/url/url.h"

static void test_a_url_is_what_a_browser_makes_of_it(void)
{
	static const struct {
		const char *written, *base, *text, *host;
	} cases[] = {
		{"http://Corp.EXAMPLE", NULL, "http://corp.example/", "corp.example"},
		{"  https://corp.example/a b  ", NULL, "https://corp.example/a%20b",
	         "corp.example"},
		{"ht\ntps://corp\t.example/", NULL, "https://corp.example/", "corp.example"},
		{"https:\\\\corp.example\\x", NULL, "https://corp.example/x", "corp.example"},
		{"https:/corp.example/", NULL, "https://corp.example/", "corp.example"},
		{"https://corp.example:443/", NULL, "https://corp.example/", "corp.example"},
		{"https://corp.example:8443?x", NULL, "https://corp.example:8443/?x",
	         "corp.example"},
		{"http://0x7f.1/", NULL, "http://127.0.0.1/", "127.0.0.1"},
		{"http://2130706433/", NULL, "http://127.0.0.1/", "127.0.0.1"},
		{"http://0300.0250.1.1/", NULL, "http://192.168.1.1/", "192.168.1.1"},
		{"http://[::1]:80/x", NULL, "http://[::1]/x", "[::1]"},
		{"http://corp.example@evil.example/", NULL, "http://corp.example@evil.example/",
	         "evil.example"},
		{"http://b\xc3\xbc"
	         "cher.example/",
	         NULL, "http://xn--bcher-kva.example/", "xn--bcher-kva.example"},
		{"http://%63orp.example/", NULL, "http://corp.example/", "corp.example"},
		{"hxxps://corp.example/x", NULL, "https://corp.example/x", "corp.example"},
		{"//corp.example/x", NULL, "https://corp.example/x", "corp.example"},
		{"/x", "http://corp.example/y/", "http://corp.example/x", "corp.example"},
		{"mailto:a@b.example", NULL, "mailto:a@b.example", NULL},
		{"file:\\\\host.example\\share", NULL, "file://host.example/share", "host.example"},
		{"http://a/../b/./c/%2E%2e/d", NULL, "http://a/b/d", "a"},
		{"y?z#q", "https://corp.example/a/b", "https://corp.example/a/y?z#q",
	         "corp.example"},
		{"https:y", "https://corp.example/a/b", "https://corp.example/a/y", "corp.example"},
		{"http://[2001:DB8::0:1]/", NULL, "http://[2001:db8::1]/", "[2001:db8::1]"},
		{"http://=e\xc3\xa4/", NULL, "http://xn--=e-wia/", "xn--=e-wia"},
		{"http://xn--=e-wia/", NULL, "http://xn--=e-wia/", "xn--=e-wia"},
		{"http://\xe2\x98\x83.example/", NULL, "http://xn--n3h.example/",
	         "xn--n3h.example"},
	};
	static const char *const refused[] = {
		"", "x", "#top", "/x", "http://", "http:///", "http://a b/", "://x",
		"http://a%00b/", "http://1.2.3.4.5/", "http://256.1.1.1/", "http://x:65536/",
		"http://x:8a/", "http://[::1/", "http://a%2fb/", "http://xn--a.example/",
		/* a label of both directions, symbols or not */
		"http://ab\xda\x9b.example/", "http://ab\xda\x9b=.example/",
		"http://ab\xe2\x98\x83\xda\x9b.example/"};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Url) url = url_parse(cases[i].written, cases[i].base);
		g_assert_nonnull(url);
		g_assert_cmpstr(url->text, ==, cases[i].text);
		g_assert_cmpstr(url->host, ==, cases[i].host);
	}
	for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
		g_autoptr(Url) url = url_parse(refused[i], NULL);
		g_assert_null(url);
	}
}

static void test_rewritten_links_give_their_target(void)
{
	static const struct {
		const char *url, *target;
		gboolean opaque;
	} cases[] = {
		{"https://corp.example/", NULL, FALSE},
		{"https://urldefense.proofpoint.com/v2/url?u=https-3A__x.example_a-2Db&d=1",
	         "https://x.example/a-b", FALSE},
		{"https://urldefense.com/v3/__https:/x.example/*a__;Iw!!k!t$",
	         "https://x.example/#a", FALSE},
		{"https://urldefense.com/v3/__https://x.example/**A__;Iz8!!k!t$",
	         "https://x.example/#?", FALSE},
		{"https://eur03.safelinks.protection.outlook.com/"
	         "?url=https%3A%2F%2Fx.example%2F&data=1",
	         "https://x.example/", FALSE},
		{"https://eu1.protection.sophos.com/?d=x&u=aHR0cHM6Ly94LmV4YW1wbGUv",
	         "https://x.example/", FALSE},
		{"https://www.google.co.uk/url?sa=t&url=https%3A%2F%2Fx.example",
	         "https://x.example", FALSE},
		{"https://secure-web.cisco.com/1Token/https%3A%2F%2Fx.example%2Fy",
	         "https://x.example/y", FALSE},
		{"https://nam01.safelinks.protection.outlook.com/?url=https%3A%2F%2F"
	         "linkprotect.cudasvc.com%2Furl%3Fa%3Dhttps%253a%252f%252fx.example",
	         "https://x.example", FALSE},
		{"https://protect-eu.mimecast.com/s/AbCdEf", NULL, TRUE},
		{"https://urldefense.com/v3/__", NULL, TRUE},
		{"https://www.google.com/url?q=", NULL, FALSE},
		{"https://www.google.com/url?q=words", NULL, FALSE},
		{"https://www.mimecast.com/products/", NULL, FALSE},
		{"https://www.trendmicro.com/", NULL, FALSE},
		{"https://urldefense.com/v3/__http://www.x.example__;!!k!t$",
	         "http://www.x.example", FALSE},
		{"urldefense.com/v3/__http://www.x.example__;!!k!t$", "http://www.x.example",
	         FALSE},
		{"https://urldefense.com/v1/url?u=http://x.example/%3Fa&k=1", "http://x.example/?a",
	         FALSE},
		{"https://gw.corp.example/fmlurlsvc/?url=https%3a%2f%2fx.example%2f",
	         "https://x.example/", FALSE},
		{"https://lsems.gravityzone.bitdefender.com/scan/aHR0cHM6Ly94LmV4YW1wbGUv/AB?c=1",
	         "https://x.example/", FALSE},
		{"https://link.edgepilot.com/s/1/2?u=https%3a%2f%2fx.example%2f",
	         "https://x.example/", FALSE},
		{"https://link.edgepilot.com/s/1/2", NULL, TRUE},
		{"https://clicks.corp.example/CL0/https:%2F%2Fx.example%2Fa/1/0100-0/sig=1",
	         "https://x.example/a", FALSE},
		{"https://www.google.com/amp/s/x.example/a", "https://x.example/a", FALSE},
		{"https://r.search.yahoo.com/_ylt=A/RV=2/RU=https%3a%2f%2fx.example%2f/RK=0",
	         "https://x.example/", FALSE},
		{"https://mandrillapp.com/track/click/1/x.example?p="
	         "eyJwIjoie1widVwiOjEsXCJ1cmxcIjpcImh0dHBzOi8veC5leGFtcGxlL1wifSJ9",
	         "https://x.example/", FALSE},
		{"https://google.evil.example/url?q=https%3A%2F%2Fx.example", NULL, FALSE},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(Rewriting) rewriting = {0};
		g_autofree char *whole = rewriters_as_url(cases[i].url);
		g_autoptr(Url) url = url_parse(whole, NULL);
		g_assert_nonnull(url);
		g_autoptr(GPtrArray) layers = rewriters_follow(url, &rewriting);
		g_assert_cmpstr(layers->len ? layers->pdata[layers->len - 1] : NULL, ==,
		                cases[i].target);
		g_assert_cmpint(rewriting.opaque, ==, cases[i].opaque);
	}
}

#define HTML "Content-Type: text/html; charset=utf-8\n\n"

static void test_links_in_mail(void)
{
	static const struct {
		const char *message, *path, *expected;
	} cases[] = {
		{HTML "<a href='https://x.example'>click <b>here</b></a>", "links.0.text",
	         "click here"},
		{HTML "<a href='https://x.example'>a</a>", "links.0.where", "html:a.href"},
		{HTML "<a href='https://evil.example/'>https://bank.example/</a>",
	         "links.0.mismatch", "true"},
		{HTML "<a href='https://www.bank.example/x'>bank.example</a>", "links.0.mismatch",
	         "false"},
		{HTML "<a href='https://evil.example/'>bank.com</a>", "findings.2.id",
	         "link_mismatch"},
		{HTML "<a href='https://evil.example/'>invoice.pdf</a>", "links.0.mismatch",
	         "false"},
		{HTML "<base href='https://x.example/'><a href='y'>z</a>", "links.1.url",
	         "https://x.example/y"},
		{HTML "<meta http-equiv=refresh content='0;url=https://x.example/'>",
	         "links.0.where", "meta"},
		{HTML "<div style='background:url(https://x.example/i)'>", "links.0.where", "css"},
		{HTML "<a href='&#104;ttps://x.example/'>a</a>", "links.0.url",
	         "https://x.example/"},
		{HTML "<form action='https://x.example/'><input type=password></form>",
	         "links.0.where", "html:form.action"},
		{HTML "<a href='https://t.example/'>see https://bank.example/login now</a>",
	         "links.0.mismatch", "true"},
		{HTML "<a href='https://protect-eu.mimecast.com/s/AbC'>https://bank.com</a>",
	         "links.0.mismatch", "false"},
		{HTML "<a href='https://protect-eu.mimecast.com/s/AbC'>x</a>",
	         "links.0.rewriter_opaque", "true"},
		{HTML "<a href='https://protect-eu.mimecast.com/s/A?domain=evil.com'>bank.com</a>",
	         "links.0.mismatch", "true"},
		{HTML "<a href='https://eur01.safelinks.protection.outlook.com/?url="
	              "https%3A%2F%2Fbank.com%2F'>bank.com</a>",
	         "links.0.mismatch", "false"},
		{HTML "<a href='mailto:x@evil.com'>help@bank.com</a>", "links.0.mismatch", "true"},
		{HTML "<a href='mailto:help@bank.com'>help@bank.com</a>", "links.0.mismatch",
	         "false"},
		{HTML "<a href='//x.example' ping='https://p.example/ /q'>a</a>", "links.1.url",
	         "https://p.example/"},
		{HTML
	         "<style>@import 'https://x.example/c'; a{b:url(\\68ttps://y.example/)}</style>",
	         "links.1.url", "https://y.example/"},
		{HTML
	         "<style>/* url(https://n.example/) */ a{b:URL( 'https://x.example/' )}</style>",
	         "links.0.url", "https://x.example/"},
		{HTML "<img srcset='https://x.example/a,b 1x,https://y.example/ 2x'>",
	         "links.1.url", "https://y.example/"},
		{HTML "<svg><a xlink:href='https://x.example/'>b</a></svg>", "links.0.where",
	         "html:a.xlink:href"},
		{HTML "<!--[if mso]><v:roundrect href='https://x.example/'>Go</v:roundrect>"
	              "<![endif]-->",
	         "links.0.where", "mso:v:roundrect.href"},
		{HTML "<!--[if mso]><v:roundrect href='https://x.example/'>Go</v:roundrect>"
	              "<![endif]-->",
	         "links.0.text", "Go"},
		{HTML "<!-- document.write('<a href=\"https://x.example/\">') -->", "links.0.where",
	         "comment"},
		{HTML "<script>location='https://x.example/'+y</script>", "links.0.url",
	         "https://x.example/"},
		{HTML "<body onload='location=\"https://x.example/\"'>", "links.0.where", "script"},
		{HTML "<iframe srcdoc=\"<a href='https://x.example/'>b</a>\"></iframe>",
	         "links.0.where", "srcdoc:a.href"},
		{HTML "<iframe src='data:text/html;base64,"
	              "PGEgaHJlZj0naHR0cHM6Ly94LmV4YW1wbGUvJz5iPC9hPg=='></iframe>",
	         "links.1.where", "data:a.href"},
		{HTML "<iframe src=x><a href='https://x.example/'>b</a></iframe>", "links.0.where",
	         "html:a.href"},
		{HTML "<object data='https://x.example/'><param name=movie value='//y.example/z'>",
	         "links.1.where", "html:param.value"},
		{HTML "<map><area href='https://x.example/' alt='b'></map>", "links.0.text", "b"},
		{HTML "<button formaction='https://x.example/'>b</button>", "links.0.where",
	         "html:button.formaction"},
		{HTML "<meta http-equiv=refresh content='0;https://x.example/'>", "links.0.url",
	         "https://x.example/"},
		{HTML "<p>copy https://x.example/a to your browser", "links.0.where", "shown"},
		{HTML "<a href='https://x.example/'>https://x.example/</a>", "links.1.url",
	         "(absent)"},
		{HTML "<a href='http://a b.example/'>x</a>", "links.0.invalid", "true"},
		{HTML "<a href='javascript:open(%22https://x.example/%22)'>x</a>", "links.1.url",
	         "https://x.example/"},
		{HTML "<p>block hxxps://x[.]example/a", "links.0.url", "https://x.example/a"},
		{HTML "<a href='search-ms:query=x'>x</a>", "findings.2.id", "link_program"},
		{HTML "<a href='https://x.example/' style='c:url(cid:1)'>a</a>", "links.1.url",
	         "(absent)"},
		{HTML "<p>one<p style='display:none'>two<p>three", "shown", "one\n\nthree"},
		{"Subject: x\n\nsee https://x.example/a, or (http://y.example).\n", "links.0.url",
	         "https://x.example/a"},
		{"Subject: x\n\nsee https://x.example/a, or (http://y.example).\n",
	         "links.1.written", "http://y.example"},
		{"Subject: x\n\nsee www.x.example now\n", "links.0.url", "http://www.x.example/"},
		{"Subject: go to https://x.example/\n\n", "links.0.where", "subject"},
		{"Subject: x\n\n<https://x.example/a\nb/c>\n", "links.0.written",
	         "https://x.example/ab/c"},
		{"Subject: x\n\n<https://x.example/a\n\nb>\n", "links.0.written",
	         "https://x.example/a"},
		{"Subject: x\n\n<https://x.example/a\nhttps://y.example/>\n", "links.1.written",
	         "https://y.example/"},
		{"Content-Type: text/plain; format=flowed; delsp=yes\n\nhttps://x.example/a \nb\n",
	         "links.0.written", "https://x.example/ab"},
		{"Content-Type: text/plain; format=flowed\n\nhttps://x.example/a \nb\n",
	         "links.0.written", "https://x.example/a"},
		{"Subject: x\n\nhxxps[:]//x[.]example/a\n", "links.0.url", "https://x.example/a"},
		{"Subject: x\n\nhxxps[:]//x[.]example/a\n", "links.0.written",
	         "hxxps[:]//x[.]example/a"},
		{"Subject: x\n\nhXXp:\\\\x(dot)example\n", "links.0.url", "http://x.example/"},
		{"Subject: x\n\nblock evil[.]com and go\n", "links.0.url", "http://evil.com/"},
		{"Subject: x\n\nsee bit.ly/2x.\n", "links.0.written", "bit.ly/2x"},
		{"Subject: x\n\nsee bit.ly/2x.\n", "links.0.where", "bare"},
		{"Subject: x\n\nand/or report.pdf a@b.com/x 1.2/3 U.S./EU\n", "links", "[]"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(json_t) document = read_text(cases[i].message);
		g_autofree char *value =
			value_at(json_object_get(document, "message"), cases[i].path);
		if (g_strcmp0(value, cases[i].expected) != 0)
			g_error("case %u: expected %s, is %s", i, cases[i].expected, value);
	}
}

static char *repeated(const char *what, guint times)
{
	GString *text = g_string_new(HTML);
	for (guint i = 0; i < times; i++)
		g_string_append_printf(text, what, i);
	return g_string_free(text, FALSE);
}

static void test_html_bombs_end_in_findings(void)
{
	static const struct {
		const char *piece;
		guint times;
		const char *finding;
	} bombs[] = {
		{"<div class=%u>", 100000, "limit_html_depth"},
		{"<b class=%u><p>", 900, "limit_html_memory"},
		{"<a href='https://x.example/%u'>x</a>", 12000, "limit_links"},
		{"<a href='x%u", 100000, NULL},
		{"<table %u>", 100000, "limit_html_depth"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(bombs); i++) {
		g_autofree char *text = repeated(bombs[i].piece, bombs[i].times);
		g_autoptr(json_t) document = read_text(text);
		g_assert_nonnull(json_at(document, "message.html"));
		if (bombs[i].finding && i != 1 &&
		    !has_finding(json_object_get(document, "message"), bombs[i].finding))
			g_error("no %s", bombs[i].finding);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	breakdown_init();
	g_test_add_func("/links/a URL is what a browser makes of it",
	                test_a_url_is_what_a_browser_makes_of_it);
	g_test_add_func("/links/rewritten links give their target",
	                test_rewritten_links_give_their_target);
	g_test_add_func("/links/links in mail", test_links_in_mail);
	g_test_add_func("/links/HTML bombs end in findings", test_html_bombs_end_in_findings);
	return g_test_run();
}
