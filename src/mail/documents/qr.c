/* QR codes, by zbar. A link in a code is one that no gateway rewrote and that a telephone opens. */
#include "base/limits.h"
#include "mail/documents/document.h"
#include "mail/findings.h"
#include "mail/links.h"

#include <string.h>
#include <zbar.h>

Bitmap *bitmap_new(guint width, guint height)
{
	Bitmap *bitmap = g_new0(Bitmap, 1);
	bitmap->width = width;
	bitmap->height = height;
	bitmap->pixels = g_malloc((gsize)width * height);
	memset(bitmap->pixels, 0xff, (gsize)width * height);
	return bitmap;
}

void bitmap_free(Bitmap *bitmap)
{
	if (!bitmap)
		return;
	g_free(bitmap->pixels);
	g_free(bitmap);
}

gboolean qr_may_search(const Message *message, const char *where, gsize pixels)
{
	if (pixels <= LIMIT_QR_TOTAL - MIN(message->reading->pixels, LIMIT_QR_TOTAL)) {
		message->reading->pixels += pixels;
		return TRUE;
	}
	findings_add(message->findings, "limit_qr", where,
	             "pictures have more than %d pixels; the others are not searched for QR codes",
	             LIMIT_QR_TOTAL);
	return FALSE;
}

static void found(const Message *message, const char *where, const char *data, gsize length)
{
	g_autofree char *text = g_utf8_make_valid(data, (gssize)length);
	findings_add(message->findings, "qr_code", where, "a QR code says: %.500s", text);
	g_autofree char *scheme = g_uri_parse_scheme(text);
	if (scheme)
		links_walk_add(message->file_links, where, "qr", text, NULL);
	else
		links_walk_add_text(message->file_links, where, "qr", text);
}

static guint scan(zbar_image_scanner_t *scanner, zbar_image_t *image, const Message *message,
                  const char *where)
{
	guint codes = 0;
	if (zbar_scan_image(scanner, image) <= 0)
		return 0;
	for (const zbar_symbol_t *symbol = zbar_image_first_symbol(image); symbol;
	     symbol = zbar_symbol_next(symbol))
		if (zbar_symbol_get_type(symbol) == ZBAR_QRCODE && ++codes)
			found(message, where, zbar_symbol_get_data(symbol),
			      zbar_symbol_get_data_length(symbol));
	return codes;
}

guint qr_search(const Message *message, const char *where, const Bitmap *bitmap)
{
	zbar_image_scanner_t *scanner = zbar_image_scanner_create();
	zbar_image_t *image = zbar_image_create();
	zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_ENABLE, 0);
	zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_ENABLE, 1);
	/* white on black is read by telephones, too */
	zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_TEST_INVERTED, 1);
	zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
	zbar_image_set_size(image, bitmap->width, bitmap->height);
	zbar_image_set_data(image, bitmap->pixels, (gulong)bitmap->width * bitmap->height, NULL);
	guint codes = scan(scanner, image, message, where);
	zbar_image_destroy(image);
	zbar_image_scanner_destroy(scanner);
	return codes;
}

void qr_init(void)
{
	zbar_set_verbosity(0);
}
