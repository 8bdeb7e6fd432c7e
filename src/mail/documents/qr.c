/* QR codes, by zbar. A link in a code is one that no gateway rewrote and that a telephone opens. */
#include "base/limits.h"
#include "mail/documents/document.h"
#include "mail/findings/findings.h"
#include "mail/links/links.h"

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

/* ---- is there anything like a code? ----
 *
 * Most pictures and pages have no code, and zbar goes over each of them four times to find that
 * out: all rows, all columns, and both of white on black. So its scanner of edges is asked first,
 * in some rows, whether there is a finder, one of the squares in three of a code's corners. zbar
 * wants all three; one is enough here to let it search.
 *
 * What the scanner takes for an edge depends on what it saw before, so it goes there and back, as
 * zbar does. */

#define ROWS_APART 2  /* of those that are looked at: a small finder's middle has six pixels */
#define ROWS_NEAR  4  /* between two that cut one finder: those of one direction             */
#define PARTS      32 /* of a pixel, in which zbar counts                                    */

/* Five runs that follow each other in a row or column: dark, light, dark, light, dark, or of the
 * other colours. */
typedef struct {
	guint runs[5];        /* lengths in parts of a pixel, the latest first */
	gboolean dark;        /* the first, the third, the fifth */
	guint middle, length; /* in pixels */
	guint y;              /* the row */
} Cut;

/* A finder is 1:1:3:1:1, whichever way it is cut. zbar compares pairs of neighbours, in sevenths of
 * the whole, rounded. */
static gboolean cuts_finder(const guint runs[5])
{
	static const guint sevenths[] = {2, 4, 4, 2};
	guint length = runs[0] + runs[1] + runs[2] + runs[3] + runs[4];
	for (guint i = 0; i < G_N_ELEMENTS(sevenths); i++)
		if (length == 0 || (14 * (runs[i] + runs[i + 1]) / length + 1) / 2 != sevenths[i])
			return FALSE;
	return TRUE;
}

/* A line of pixels, @step octets from one to the next. */
typedef struct {
	const guint8 *first;
	gssize step;
	guint count;
	gboolean backwards;
} Line;

typedef void (*CutFound)(const Cut *cut, gpointer data);

static void find_cuts(zbar_scanner_t *scanner, const Line *line, CutFound tell, gpointer data)
{
	Cut cut = {0};
	gssize last = (gssize)line->count - 1;
	const guint8 *at = line->backwards ? line->first + last * line->step : line->first;
	gssize step = line->backwards ? -line->step : line->step;
	zbar_scanner_reset(scanner);
	for (guint i = 0; i < line->count + 2; i++) {
		if ((i < line->count ? zbar_scan_y(scanner, at[i * step])
		                     : zbar_scanner_flush(scanner)) == ZBAR_NONE)
			continue;
		memmove(cut.runs + 1, cut.runs, sizeof cut.runs - sizeof *cut.runs);
		cut.runs[0] = zbar_scanner_get_width(scanner);
		if (!cuts_finder(cut.runs))
			continue;
		/* it tells the colour of what comes next */
		cut.dark = zbar_scanner_get_color(scanner) == ZBAR_SPACE;
		guint length = cut.runs[0] + cut.runs[1] + cut.runs[2] + cut.runs[3] + cut.runs[4];
		guint middle = (zbar_scanner_get_edge(scanner, 0, 5) - length / 2) / PARTS;
		middle = MIN(middle, (guint)last);
		cut.length = length / PARTS;
		cut.middle = line->backwards ? (guint)last - middle : middle;
		tell(&cut, data);
	}
}

typedef struct {
	const Bitmap *bitmap;
	zbar_scanner_t *scanner, *column_scanner;
	GArray *cuts;      /* of rows, the latest last */
	guint y, top;      /* the row; where the piece of a column begins */
	const Cut *across; /* what the column is compared with */
	gboolean crossed;
	gboolean there[2]; /* a finder of light on dark, of dark on light */
} Search;

static gboolean are_near(guint one, guint other, guint most)
{
	return MAX(one, other) - MIN(one, other) <= most;
}

/* One of the rows before is cut at the same place. */
static gboolean goes_on(const Search *search, const Cut *cut)
{
	for (guint i = search->cuts->len; i > 0; i--) {
		const Cut *before = &g_array_index(search->cuts, Cut, i - 1);
		if (before->y + ROWS_NEAR < search->y)
			return FALSE;
		if (before->y < search->y && before->dark == cut->dark &&
		    are_near(before->middle, cut->middle, MAX(2, cut->length / 4)))
			return TRUE;
	}
	return FALSE;
}

/* A finder is as high as it is wide, and its middle is three sevenths of that: a row that cuts it
 * is not farther from the middle than a quarter. There is room for what is seen from aside. */
static void found_down(const Cut *cut, gpointer data)
{
	Search *search = data;
	const Cut *across = search->across;
	search->crossed |= cut->dark == across->dark && cut->length <= 2 * across->length + 2 &&
	                   across->length <= 2 * cut->length + 2 &&
	                   are_near(search->top + cut->middle, search->y, cut->length / 4 + 2);
}

/* The column through the middle of a cut, as far as a finder can reach and some more, is cut in the
 * same way. */
static gboolean is_crossed(Search *search, const Cut *cut)
{
	const Bitmap *bitmap = search->bitmap;
	guint reach = 2 * cut->length + 8;
	search->top = search->y - MIN(reach, search->y);
	search->across = cut;
	search->crossed = FALSE;
	Line column = {bitmap->pixels + (gsize)search->top * bitmap->width + cut->middle,
	               bitmap->width, MIN(search->y + reach, bitmap->height) - search->top, FALSE};
	find_cuts(search->column_scanner, &column, found_down, search);
	column.backwards = TRUE;
	if (!search->crossed)
		find_cuts(search->column_scanner, &column, found_down, search);
	return search->crossed;
}

static void found_across(const Cut *found, gpointer data)
{
	Search *search = data;
	Cut cut = *found;
	cut.y = search->y;
	if (!search->there[cut.dark])
		search->there[cut.dark] = goes_on(search, &cut) && is_crossed(search, &cut);
	g_array_append_val(search->cuts, cut);
}

static gboolean is_of_one_colour(const guint8 *row, guint width)
{
	return width < 2 || memcmp(row, row + 1, width - 1) == 0;
}

/* @there (out)  whether there may be a code of light on dark, of dark on light */
static void look_for_finders(const Bitmap *bitmap, gboolean there[2])
{
	g_autoptr(GArray) cuts = g_array_new(FALSE, FALSE, sizeof(Cut));
	Search search = {.bitmap = bitmap,
	                 .scanner = zbar_scanner_create(NULL),
	                 .column_scanner = zbar_scanner_create(NULL),
	                 .cuts = cuts};
	Line row = {bitmap->pixels, 1, bitmap->width, FALSE};
	for (; search.y < bitmap->height && !(search.there[0] && search.there[1]);
	     search.y += ROWS_APART) {
		row.first = bitmap->pixels + (gsize)search.y * bitmap->width;
		row.backwards = !row.backwards;
		if (!is_of_one_colour(row.first, row.count))
			find_cuts(search.scanner, &row, found_across, &search);
	}
	zbar_scanner_destroy(search.scanner);
	zbar_scanner_destroy(search.column_scanner);
	memcpy(there, search.there, sizeof search.there);
}

/* ---- the search ---- */

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

#define PAPER 16 /* pixels of it that are left around what is on it */

/* Shrinks from one side while the lines of pixels that are left there are of one colour. An even
 * number: zbar goes along every second line backwards. */
static guint blank_rows(const Bitmap *bitmap, gboolean below)
{
	guint rows = 0;
	for (; rows < bitmap->height; rows++) {
		guint y = below ? bitmap->height - 1 - rows : rows;
		if (!is_of_one_colour(bitmap->pixels + (gsize)y * bitmap->width, bitmap->width))
			break;
	}
	return rows > PAPER ? (rows - PAPER) & ~1u : 0;
}

/* Columns at one side in which no row changes its colour. */
static guint blank_columns(const Bitmap *bitmap, gboolean right)
{
	guint columns = bitmap->width;
	for (guint y = 0; y < bitmap->height; y++) {
		const guint8 *row = bitmap->pixels + (gsize)y * bitmap->width, *at = row;
		guint same = 1;
		if (right)
			at += bitmap->width - 1;
		while (same < columns && *at == *(right ? at - same : at + same))
			same++;
		columns = same;
	}
	return columns > PAPER ? (columns - PAPER) & ~1u : 0;
}

/* zbar need not go over the margins of a page. */
static void leave_out_margins(zbar_image_t *image, const Bitmap *bitmap)
{
	guint above = blank_rows(bitmap, FALSE), below = blank_rows(bitmap, TRUE);
	guint left = blank_columns(bitmap, FALSE), right = blank_columns(bitmap, TRUE);
	if (above + below < bitmap->height && left + right < bitmap->width)
		zbar_image_set_crop(image, left, above, bitmap->width - left - right,
		                    bitmap->height - above - below);
}

static guint zbar_search(const Message *message, const char *where, const Bitmap *bitmap)
{
	zbar_image_scanner_t *scanner = zbar_image_scanner_create();
	zbar_image_t *image = zbar_image_create();
	zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_ENABLE, 0);
	zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_ENABLE, 1);
	zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
	zbar_image_set_size(image, bitmap->width, bitmap->height);
	zbar_image_set_data(image, bitmap->pixels, (gulong)bitmap->width * bitmap->height, NULL);
	leave_out_margins(image, bitmap);
	guint codes = scan(scanner, image, message, where);
	zbar_image_destroy(image);
	zbar_image_scanner_destroy(scanner);
	return codes;
}

/* White on black is read by telephones, too. */
static guint search_inverted(const Message *message, const char *where, const Bitmap *bitmap)
{
	g_autoptr(Bitmap) inverted = bitmap_new(bitmap->width, bitmap->height);
	for (gsize i = 0; i < (gsize)bitmap->width * bitmap->height; i++)
		inverted->pixels[i] = (guint8)~bitmap->pixels[i];
	return zbar_search(message, where, inverted);
}

guint qr_search(const Message *message, const char *where, const Bitmap *bitmap)
{
	gboolean there[2];
	look_for_finders(bitmap, there);
	guint codes = there[TRUE] ? zbar_search(message, where, bitmap) : 0;
	return codes || !there[FALSE] ? codes : search_inverted(message, where, bitmap);
}

void qr_init(void)
{
	zbar_set_verbosity(0);
}
