/* Picture files, by gdk-pixbuf: to grey pixels of a bounded number, and those to the search for QR
 * codes.
 *
 * Only loaders that are named here are used. Others that are installed (SVG, which reads files and
 * fonts) never see a picture from outside. They are loaded before the sandbox is closed. */
#include "base/limits.h"
#include "mail/documents/document.h"
#include "mail/findings/findings.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <string.h>

#define SMALLEST                                                                                   \
	42 /* pixels: the smallest code has 21 modules, and less than 2 each is not read           \
	    */

static const struct {
	const char *octets;
	gsize at, length;
	const char *loader;
} formats[] = {
	{"\211PNG", 0, 4, "png"}, {"\377\330\377", 0, 3, "jpeg"}, {"GIF8", 0, 4, "gif"},
	{"BM", 0, 2, "bmp"},      {"II*\0", 0, 4, "tiff"},        {"MM\0*", 0, 4, "tiff"},
	{"WEBP", 8, 4, "webp"},
};

static const char *loader_of(const char *octets, gsize size)
{
	for (guint i = 0; i < G_N_ELEMENTS(formats); i++)
		if (size >= formats[i].at + formats[i].length &&
		    memcmp(octets + formats[i].at, formats[i].octets, formats[i].length) == 0)
			return formats[i].loader;
	return NULL;
}

void picture_init(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
		/* WebP is a package of its own and may be missing */
		g_autoptr(GdkPixbufLoader) loader =
			gdk_pixbuf_loader_new_with_type(formats[i].loader, NULL);
		if (loader)
			gdk_pixbuf_loader_close(loader, NULL);
	}
}

typedef struct {
	const Message *message;
	const char *where;
	gboolean refused;
} Sizing;

static void on_size(GdkPixbufLoader *loader, int width, int height, gpointer data)
{
	Sizing *sizing = data;
	gint64 pixels = (gint64)width * height;
	int longer = MAX(width, height);
	if (width < SMALLEST || height < SMALLEST) {
		sizing->refused = TRUE;
	} else if (pixels > LIMIT_PICTURE_PIXELS) {
		sizing->refused = TRUE;
		findings_add(sizing->message->findings, "limit_picture", sizing->where,
		             "a picture of %d x %d pixels is not searched for QR codes", width,
		             height);
	} else {
		sizing->refused = !qr_may_search(sizing->message, sizing->where, (gsize)pixels);
	}
	if (sizing->refused)
		gdk_pixbuf_loader_set_size(loader, 0, 0); /* loaders end here */
	else if (longer > LIMIT_QR_SIDE)
		gdk_pixbuf_loader_set_size(loader, MAX(1, width * LIMIT_QR_SIDE / longer),
		                           MAX(1, height * LIMIT_QR_SIDE / longer));
}

static GdkPixbuf *load(Sizing *sizing, const char *octets, gsize size)
{
	const char *format = loader_of(octets, size);
	g_autoptr(GdkPixbufLoader) loader =
		format ? gdk_pixbuf_loader_new_with_type(format, NULL) : NULL;
	if (!loader)
		return NULL;
	g_signal_connect(loader, "size-prepared", G_CALLBACK(on_size), sizing);
	gboolean whole = TRUE;
	for (gsize at = 0; at < size && whole && !sizing->refused; at += 65536)
		whole = gdk_pixbuf_loader_write(loader, (const guchar *)octets + at,
		                                MIN(65536, size - at), NULL);
	gdk_pixbuf_loader_close(loader, NULL);
	/* what was read of a broken picture is shown, too */
	GdkPixbuf *picture = sizing->refused ? NULL : gdk_pixbuf_loader_get_pixbuf(loader);
	return picture ? g_object_ref(picture) : NULL;
}

/* What is transparent lies on white paper. */
static Bitmap *to_grey(GdkPixbuf *picture)
{
	int width = gdk_pixbuf_get_width(picture), height = gdk_pixbuf_get_height(picture);
	int channels = gdk_pixbuf_get_n_channels(picture),
	    stride = gdk_pixbuf_get_rowstride(picture);
	gboolean alpha = gdk_pixbuf_get_has_alpha(picture);
	const guchar *pixels = gdk_pixbuf_read_pixels(picture);
	Bitmap *bitmap = bitmap_new((guint)width, (guint)height);
	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++) {
			const guchar *p = pixels + (gsize)y * (gsize)stride + (gsize)(x * channels);
			guint grey = (77u * p[0] + 151u * p[1] + 28u * p[2]) >> 8;
			if (alpha)
				grey = (grey * p[3] + 255u * (255u - p[3])) / 255u;
			bitmap->pixels[(gsize)y * (gsize)width + (gsize)x] = (guint8)grey;
		}
	return bitmap;
}

guint picture_search(const Message *message, const char *where, GBytes *content)
{
	Sizing sizing = {message, where, FALSE};
	gsize size;
	const char *octets = g_bytes_get_data(content, &size);
	g_autoptr(GdkPixbuf) picture = load(&sizing, octets, size);
	if (!picture || gdk_pixbuf_get_width(picture) > 2 * LIMIT_QR_SIDE ||
	    gdk_pixbuf_get_height(picture) > 2 * LIMIT_QR_SIDE)
		return 0;
	g_autoptr(Bitmap) bitmap = to_grey(picture);
	return qr_search(message, where, bitmap);
}

void picture_read(Document *document)
{
	if (document->message->reading->qr)
		picture_search(document->message, document->file->where, document->file->content);
}
