/* URLs and rewriters: what url_parse() makes of a URL is a URL with the same host, however often it
 * is parsed, what is behind rewriters is text, and so is what stands for a link in running text. */
#include "fuzz.h"

#include "base/limits.h"
#include "mail/breakdown.h"
#include "mail/url/links_text.h"
#include "mail/url/rewriters.h"
#include "mail/url/url.h"

static void check_stable(const char *written)
{
	g_autoptr(Url) url = url_parse(written, "https://base.example/a/b?c#d");
	if (!url)
		return;
	g_assert_true(g_utf8_validate(url->text, -1, NULL));
	g_autoptr(Url) again = url_parse(url->text, NULL);
	g_assert_nonnull(again);
	g_assert_cmpstr(again->scheme, ==, url->scheme);
	g_assert_cmpstr(again->host, ==, url->host);
}

static void found(const char *written, const char *url, gboolean bare, gpointer data)
{
	g_assert_true(g_utf8_validate(written, -1, NULL));
	g_assert_true(g_utf8_validate(url, -1, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
	breakdown_init();
	g_autofree char *written = g_utf8_make_valid((const char *)octets, (gssize)size);
	check_stable(written);
	links_text_find(written, found, NULL);
	links_code_find(written, found, NULL);
	g_autofree char *unflowed = links_text_unflow(written);
	g_assert_true(g_utf8_validate(unflowed, -1, NULL));
	g_autoptr(Url) url = url_parse(written, NULL);
	if (!url)
		return 0;
	g_auto(Rewriting) rewriting = {0};
	g_autoptr(GPtrArray) layers = rewriters_follow(url, &rewriting);
	g_assert_cmpuint(layers->len, <=, LIMIT_REWRITERS);
	for (guint i = 0; i < layers->len; i++)
		g_assert_true(g_utf8_validate(layers->pdata[i], -1, NULL));
	return 0;
}
