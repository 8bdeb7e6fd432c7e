/* HTML: any text gives links and a shown text that is valid UTF-8, no longer than the HTML; and
 * runs taken out of it come back to where they were. */
#include "fuzz.h"

#include "../support/trees.h"

#include "mail/breakdown.h"
#include "mail/html/html.h"
#include "mail/url/url.h"

#include <string.h>

#define SMALL 20000 /* octets of a page that gumbo may read without limits */

static void visit(const HtmlLink *link, gpointer data)
{
	guint *links = data;
	g_assert_nonnull(link->written);
	g_assert_nonnull(link->where);
	g_autofree char *written = g_utf8_make_valid(link->written, -1);
	g_autoptr(Url) url = url_parse(written, link->base);
	if (url)
		g_assert_true(g_utf8_validate(url->text, -1, NULL));
	++*links;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
	breakdown_init();
	g_autofree char *html = g_utf8_make_valid((const char *)octets, (gssize)size);
	g_autoptr(json_t) findings = json_array();
	guint links = 0;
	g_autoptr(Flow) flow = flow_new();
	g_autofree char *shown = html_walk(html, findings, visit, &links, flow);
	g_assert_true(g_utf8_validate(shown, -1, NULL));
	g_autofree char *text = json_format(findings);
	g_assert_nonnull(text);
	g_autofree char *difference = strlen(html) <= SMALL ? trees_differ(html) : NULL;
	if (difference)
		fuzz_failed("%s", difference);
	return 0;
}
