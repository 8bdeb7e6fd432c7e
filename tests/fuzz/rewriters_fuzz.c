/* URLs and rewriters: what url_parse() makes of a URL is a URL with the same host, however often it
 * is parsed, and what is behind rewriters is text. */
#include "fuzz.h"

#include "base/limits.h"
#include "mail/breakdown.h"
#include "mail/rewriters.h"
#include "mail/url.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
	breakdown_init();
	g_autofree char *written = g_utf8_make_valid((const char *)octets, (gssize)size);
	check_stable(written);
	g_auto(Rewriting) rewriting = {0};
	g_autoptr(GPtrArray) layers = rewriters_follow(written, &rewriting);
	g_assert_cmpuint(layers->len, <=, LIMIT_REWRITERS);
	for (guint i = 0; i < layers->len; i++)
		g_assert_true(g_utf8_validate(layers->pdata[i], -1, NULL));
	return 0;
}
