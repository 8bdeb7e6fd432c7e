/* PDF, by poppler: links of all pages with the text they lie under, text, files inside, and pages
 * drawn small to find QR codes.
 *
 * Poppler asks fontconfig for fonts that a file does not bring along. In the sandbox none can be
 * opened, and such text stays away from the drawing, which is only looked at for codes. */
#include "mail/documents/pdf.h"

#include "base/limits.h"

#include <poppler.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(PopplerDocument, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PopplerPage, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(cairo_surface_t, cairo_surface_destroy)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(cairo_t, cairo_destroy)

/* ---- links ---- */

/* A page's text, with the place of each character. */
typedef struct {
	char *text; /* NULL: it is not read */
	PopplerRectangle *places;
	guint count;
	double height;
} PageText;

static void read_layout(PopplerPage *page, PageText *of)
{
	double width;
	poppler_page_get_size(page, &width, &of->height);
	of->text = poppler_page_get_text(page);
	if (of->text && !poppler_page_get_text_layout(page, &of->places, &of->count))
		of->count = 0;
}

static void clear_layout(PageText *of)
{
	g_free(of->text);
	g_free(of->places);
}

/* The text under a link: characters whose middle lies in its area. Links count from the bottom of
 * the page, text from its top. */
static char *text_under(const PageText *page, const PopplerRectangle *area)
{
	g_autoptr(GString) under = g_string_new(NULL);
	const char *c = page->text;
	for (guint i = 0; c && i < MIN(page->count, 20000) && *c; i++, c = g_utf8_next_char(c)) {
		const PopplerRectangle *place = &page->places[i];
		double x = (place->x1 + place->x2) / 2;
		double y = page->height - (place->y1 + place->y2) / 2;
		if (x < area->x1 || x > area->x2 || y < area->y1 || y > area->y2)
			continue;
		if (under->len > LIMIT_LINK_TEXT)
			return NULL;
		g_string_append_unichar(under, g_utf8_get_char(c));
	}
	return *g_strstrip(under->str) ? g_strdup(under->str) : NULL;
}

static void read_action(Document *document, const PageText *page, const PopplerLinkMapping *link)
{
	const PopplerAction *action = link->action;
	g_autofree char *text = NULL;
	switch (action->type) {
	case POPPLER_ACTION_URI:
		text = text_under(page, &link->area);
		if (action->uri.uri)
			document_link(document, "pdf.uri", action->uri.uri, text);
		break;
	case POPPLER_ACTION_LAUNCH:
		document_finding(document, "pdf_launch", "it starts a program: %.200s %.200s",
		                 action->launch.file_name ? action->launch.file_name : "",
		                 action->launch.params ? action->launch.params : "");
		break;
	case POPPLER_ACTION_GOTO_REMOTE:
		document_finding(document, "pdf_remote", "it leads to another file: %.200s",
		                 action->goto_remote.file_name ? action->goto_remote.file_name
		                                               : "");
		break;
	default:
		break;
	}
}

static void read_links(Document *document, PopplerPage *page, gboolean with_text)
{
	PageText text = {0};
	GList *links = poppler_page_get_link_mapping(page);
	if (with_text)
		read_layout(page, &text);
	guint count = 0;
	for (GList *at = links; at && count < LIMIT_PDF_LINKS; at = at->next, count++)
		read_action(document, &text, at->data);
	if (count >= LIMIT_PDF_LINKS)
		document_finding(document, "limit_pdf_links", "of a page's links only %d are read",
		                 LIMIT_PDF_LINKS);
	if (text.text)
		document_text(document, "pdf.text", text.text);
	clear_layout(&text);
	poppler_page_free_link_mapping(links);
}

/* ---- QR codes ---- */

static void row_to_grey(const guint8 *row, guint8 *grey, int width)
{
	guint32 before = 0xffffff, pixel;
	guint8 last = 0xff;
	for (int x = 0; x < width; x++, row += sizeof pixel) {
		memcpy(&pixel, row, sizeof pixel);
		pixel &= 0xffffff;
		if (pixel != before)
			last = (guint8)((77 * (pixel >> 16) + 151 * (pixel >> 8 & 0xff) +
			                 28 * (pixel & 0xff)) >>
			                8);
		before = pixel;
		grey[x] = last;
	}
}

static Bitmap *draw(PopplerPage *page, int width, int height, double scale)
{
	g_autoptr(cairo_surface_t) surface =
		cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
	g_autoptr(cairo_t) cairo = cairo_create(surface);
	cairo_set_source_rgb(cairo, 1, 1, 1);
	cairo_paint(cairo);
	cairo_scale(cairo, scale, scale);
	poppler_page_render(page, cairo);
	cairo_surface_flush(surface);
	const guint8 *pixels = cairo_image_surface_get_data(surface);
	int stride = cairo_image_surface_get_stride(surface);
	if (!pixels)
		return NULL;
	Bitmap *bitmap = bitmap_new((guint)width, (guint)height);
	for (int y = 0; y < height; y++) {
		const guint8 *row = pixels + (gsize)y * (gsize)stride;
		guint8 *grey = bitmap->pixels + (gsize)y * (gsize)width;
		/* much of a page is paper */
		if (y > 0 && memcmp(row, row - stride, 4 * (gsize)width) == 0)
			memcpy(grey, grey - width, (gsize)width);
		else
			row_to_grey(row, grey, width);
	}
	return bitmap;
}

static void search_page(Document *document, PopplerPage *page)
{
	double width, height;
	poppler_page_get_size(page, &width, &height);
	if (!(width >= 1 && height >= 1 && width < 1e6 && height < 1e6))
		return;
	double scale = MIN(150.0 / 72.0, LIMIT_PDF_SIDE / MAX(width, height));
	int across = MAX(1, (int)(width * scale)), down = MAX(1, (int)(height * scale));
	if (!qr_may_search(document->message, document->file->where, (gsize)across * (gsize)down))
		return;
	g_autoptr(Bitmap) bitmap = draw(page, across, down, scale);
	if (bitmap)
		qr_search(document->message, document->file->where, bitmap);
}

/* ---- files inside ---- */

static gboolean take(const char *octets, gsize size, gpointer data, GError **error)
{
	GByteArray *content = data;
	if (content->len + size > LIMIT_PDF_FILE)
		return FALSE;
	g_byte_array_append(content, (const guint8 *)octets, (guint)size);
	return TRUE;
}

static void read_file(Document *document, PopplerAttachment *attachment)
{
	g_autoptr(GByteArray) content = g_byte_array_new();
	Reading *reading = document->message->reading;
	if (!poppler_attachment_save_to_callback(attachment, take, content, NULL) ||
	    reading->unpacked + content->len > reading->limits.unpacked) {
		document_finding(document, "limit_unpacked",
		                 "a file in it is too large to be read");
		return;
	}
	reading->unpacked += content->len;
	GBytes *bytes = g_byte_array_free_to_bytes(g_steal_pointer(&content));
	document_part(document, poppler_attachment_get_name(attachment), bytes);
	g_bytes_unref(bytes);
}

static void read_files(Document *document, PopplerDocument *pdf)
{
	GList *files = poppler_document_get_attachments(pdf);
	for (GList *at = files; at; at = at->next)
		read_file(document, at->data);
	g_list_free_full(files, g_object_unref);
}

/* ---- the file ---- */

static void read_pages(Document *document, PopplerDocument *pdf)
{
	int pages = poppler_document_get_n_pages(pdf);
	for (int i = 0; i < MIN(pages, LIMIT_PDF_PAGES); i++) {
		g_autoptr(PopplerPage) page = poppler_document_get_page(pdf, i);
		if (!page)
			continue;
		read_links(document, page, i < LIMIT_PDF_TEXT_PAGES);
		if (i < LIMIT_PDF_QR_PAGES && document->message->reading->qr)
			search_page(document, page);
	}
	if (pages > LIMIT_PDF_TEXT_PAGES)
		document_finding(document, "limit_pdf_pages",
		                 "of its %d pages the first %d are read, and of %d their links",
		                 pages, LIMIT_PDF_TEXT_PAGES, MIN(pages, LIMIT_PDF_PAGES));
}

void pdf_read(Document *document)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(PopplerDocument) pdf =
		poppler_document_new_from_bytes(document->file->content, NULL, &error);
	gboolean readable = pdf && poppler_document_get_n_pages(pdf) > 0;
	if (readable) {
		read_files(document, pdf);
		read_pages(document, pdf);
	} else if (g_error_matches(error, POPPLER_ERROR, POPPLER_ERROR_ENCRYPTED)) {
		document_finding(document, "document_encrypted",
		                 "it is encrypted and cannot be looked into");
	} else {
		document_finding(document, "document_broken", "it cannot be read");
	}
	pdf_read_objects(document, !readable);
}

/* ---- before the sandbox ---- */

/* A page with a text in a font it does not bring along: all that is loaded once is loaded now. */
static const char sample[] =
	"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
	"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
	"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<</Font<<"
	"/F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj\n"
	"4 0 obj<</Length 31>>stream\nBT /F 9 Tf 9 9 Td (trawl) Tj ET\nendstream endobj\n"
	"trailer<</Root 1 0 R>>\n";

void pdf_init(void)
{
	g_autoptr(GBytes) bytes = g_bytes_new_static(sample, sizeof sample - 1);
	g_autoptr(PopplerDocument) pdf = poppler_document_new_from_bytes(bytes, NULL, NULL);
	g_autoptr(PopplerPage) page = pdf ? poppler_document_get_page(pdf, 0) : NULL;
	if (!page)
		return;
	g_free(poppler_page_get_text(page));
	bitmap_free(draw(page, 99, 99, 1));
}
