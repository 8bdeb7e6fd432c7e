/* QR codes without a picture: drawn with coloured cells of HTML, or with block characters in text.
 * Filters that look at pictures see none. They are painted here into a bitmap, as the reader's
 * screen would, and searched like any other.
 *
 * A code has at least 21 modules a side, so what has fewer cells or lines is no code. */
#include "base/limits.h"
#include "mail/documents/document.h"
#include "mail/html/html.h"

#include <string.h>

#define FEWEST 21 /* modules a side */
#define MODULE 4  /* pixels painted for one */
#define MARGIN 4  /* modules of white around, which a code needs */

static void fill(Bitmap *bitmap, guint x, guint y, guint width, guint height, guint8 grey)
{
	for (guint row = y; row < MIN(y + height, bitmap->height); row++)
		for (guint column = x; column < MIN(x + width, bitmap->width); column++)
			bitmap->pixels[(gsize)row * bitmap->width + column] = grey;
}

static Bitmap *canvas(guint columns, guint rows)
{
	return bitmap_new((columns + 2 * MARGIN) * MODULE, (rows + 2 * MARGIN) * MODULE);
}

static void search(const Message *message, const char *where, const Bitmap *bitmap)
{
	if (qr_may_search(message, where, (gsize)bitmap->width * bitmap->height))
		qr_search(message, where, bitmap);
}

/* ---- block characters ---- */

/* The quarters of a character's cell that are inked: bits for upper left, upper right, lower left,
 * lower right. A cell is as wide as a module and twice as high. */
static int quarters(gunichar c)
{
	static const struct {
		gunichar c;
		int ink;
	} blocks[] = {
		{0x2588, 15}, {0x2580, 3},  {0x2584, 12}, {0x258c, 5}, {0x2590, 10}, {0x2593, 15},
		{0x25a0, 15}, {0x2b1b, 15}, {0x2596, 4},  {0x2597, 8}, {0x2598, 1},  {0x2599, 13},
		{0x259a, 9},  {0x259b, 7},  {0x259c, 11}, {0x259d, 2}, {0x259e, 6},  {0x259f, 14},
		{' ', 0},     {0xa0, 0},    {0x2003, 0},  {0x2007, 0}, {0x3000, 0},  {0x2591, 0},
		{0x25a1, 0},  {0x2b1c, 0},  {'#', 15},
	};
	for (guint i = 0; i < G_N_ELEMENTS(blocks); i++)
		if (blocks[i].c == c)
			return blocks[i].ink;
	return -1;
}

/* Emoji squares are as wide as they are high. */
static gboolean is_square(gunichar c)
{
	return c == 0x2b1b || c == 0x2b1c;
}

/* The columns of a line of blocks; 0 when it is another line. */
static guint block_columns(const char *line, gsize length)
{
	guint columns = 0, inked = 0;
	for (const char *c = line; c < line + length; c = g_utf8_next_char(c)) {
		gunichar character = g_utf8_get_char(c);
		int ink = quarters(character);
		if (ink < 0)
			return 0;
		columns += is_square(character) ? 2 : 1;
		inked += ink > 0 ? 1 : 0;
	}
	return inked ? columns : 0;
}

typedef struct {
	const char *text;
	gsize length;
} BlockLine;

static void paint_line(Bitmap *bitmap, const BlockLine *line, guint y, guint8 ink, guint8 paper)
{
	guint x = MARGIN * MODULE, half = MODULE / 2;
	for (const char *c = line->text; c < line->text + line->length; c = g_utf8_next_char(c)) {
		gunichar character = g_utf8_get_char(c);
		int bits = quarters(character);
		guint width = is_square(character) ? MODULE : half;
		for (int i = 0; i < 4; i++)
			fill(bitmap, x + (guint)(i % 2) * width, y + (guint)(i / 2) * MODULE, width,
			     MODULE, bits >> i & 1 ? ink : paper);
		x += 2 * width;
	}
}

/* Lines of blocks that stand below each other. Ink is black on a page and white in a terminal, and
 * codes are made for both. */
static void search_lines(const Message *message, const char *where, const GArray *lines,
                         guint columns)
{
	guint n = lines->len;
	if (n < FEWEST / 2 || columns < FEWEST || columns > LIMIT_DRAWN || n > LIMIT_DRAWN)
		return;
	for (guint inverted = 0; inverted < 2; inverted++) {
		g_autoptr(Bitmap) bitmap = canvas(columns, 2 * n);
		if (inverted)
			fill(bitmap, 0, 0, bitmap->width, bitmap->height, 0);
		for (guint i = 0; i < n; i++)
			paint_line(bitmap, &g_array_index(lines, BlockLine, i),
			           (MARGIN + 2 * i) * MODULE, inverted ? 255 : 0,
			           inverted ? 0 : 255);
		if (!qr_may_search(message, where, (gsize)bitmap->width * bitmap->height) ||
		    qr_search(message, where, bitmap) > 0)
			return;
	}
}

void drawn_search_text(const Message *message, const char *where, const char *text)
{
	if (!strstr(text, "\xe2\x96") && !strstr(text, "\xe2\xac\x9b") && !strstr(text, "########"))
		return;
	g_autoptr(GArray) lines = g_array_new(FALSE, FALSE, sizeof(BlockLine));
	guint columns = 0;
	for (const char *at = text, *end; at; at = *end ? end + 1 : NULL) {
		end = at + strcspn(at, "\n");
		while (*at == '>') /* quoted */
			at += at[1] == ' ' ? 2 : 1;
		const BlockLine line = {at, strcspn(at, "\r\n")};
		guint here = block_columns(line.text, line.length);
		if (here == 0) {
			search_lines(message, where, lines, columns);
			g_array_set_size(lines, 0);
			columns = 0;
		} else {
			g_array_append_val(lines, line);
			columns = MAX(columns, here);
		}
	}
	search_lines(message, where, lines, columns);
}

/* ---- cells of HTML ---- */

static const char *attribute(const GumboNode *node, const char *name)
{
	GumboAttribute *found = gumbo_get_attribute(&node->v.element.attributes, name);
	return found ? found->value : NULL;
}

static guint8 luminance(guint red, guint green, guint blue)
{
	return (guint8)((77 * red + 151 * green + 28 * blue) >> 8);
}

/* A CSS colour as grey; -1: it is none that is known. */
static int colour(const char *text)
{
	guint red, green, blue;
	text += strspn(text, " \t:");
	gsize digits = *text == '#' ? strspn(text + 1, "0123456789abcdefABCDEF") : 0;
	if (digits >= 6 && sscanf(text + 1, "%2x%2x%2x", &red, &green, &blue) == 3)
		return luminance(red, green, blue);
	if (digits >= 3 && sscanf(text + 1, "%1x%1x%1x", &red, &green, &blue) == 3)
		return luminance(17 * red, 17 * green, 17 * blue);
	if (sscanf(text, "rgb(%u,%u,%u", &red, &green, &blue) == 3 ||
	    sscanf(text, "rgba(%u,%u,%u", &red, &green, &blue) == 3)
		return luminance(MIN(red, 255), MIN(green, 255), MIN(blue, 255));
	if (g_ascii_strncasecmp(text, "black", 5) == 0)
		return 0;
	if (g_ascii_strncasecmp(text, "white", 5) == 0 ||
	    g_ascii_strncasecmp(text, "transparent", 11) == 0)
		return 255;
	return -1;
}

static const char *style_value(const GumboNode *node, const char *property)
{
	const char *style = attribute(node, "style");
	const char *at = style ? strcasestr(style, property) : NULL;
	while (at && at > style && (g_ascii_isalnum(at[-1]) || at[-1] == '-'))
		at = strcasestr(at + 1, property);
	return at ? at + strlen(property) : NULL;
}

/* What is painted behind an element; @inherited shows through. */
static int background(const GumboNode *node, int inherited)
{
	const char *by_attribute = attribute(node, "bgcolor");
	const char *by_style = style_value(node, "background-color");
	by_style = by_style ? by_style : style_value(node, "background");
	int grey = by_style ? colour(by_style) : -1;
	if (grey < 0 && by_attribute)
		grey = colour(by_attribute);
	return grey < 0 ? inherited : grey;
}

static guint span(const GumboNode *node, const char *name)
{
	const char *value = attribute(node, name);
	return value ? CLAMP((guint)g_ascii_strtoull(value, NULL, 10), 1, LIMIT_DRAWN) : 1;
}

static guint pixels_wide(const GumboNode *node)
{
	const char *value = attribute(node, "width");
	value = value ? value : style_value(node, "width");
	value = value ? value + strspn(value, " \t:") : "";
	return (guint)MIN(g_ascii_strtoull(value, NULL, 10), 10000);
}

/* The elements below a node: past wrappers that hold nothing but one other element. */
static GPtrArray *elements_of(const GumboNode *node, int *grey)
{
	GPtrArray *elements = g_ptr_array_new();
	for (guint depth = 0; depth < 8; depth++) {
		const GumboVector *children = &node->v.element.children;
		*grey = background(node, *grey);
		g_ptr_array_set_size(elements, 0);
		for (guint i = 0; i < children->length; i++) {
			const GumboNode *child = children->data[i];
			if (child->type == GUMBO_NODE_ELEMENT &&
			    child->v.element.tag != GUMBO_TAG_COLGROUP &&
			    child->v.element.tag != GUMBO_TAG_BR)
				g_ptr_array_add(elements, (gpointer)child);
		}
		if (elements->len != 1)
			break;
		node = elements->pdata[0];
	}
	return elements;
}

/* One row: how many modules it has; painted where @bitmap is there. */
static guint paint_row(Bitmap *bitmap, const GumboNode *row, guint y, int grey)
{
	g_autoptr(GPtrArray) cells = elements_of(row, &grey);
	guint narrowest = 0, x = 0;
	for (guint i = 0; i < cells->len; i++) {
		guint wide = pixels_wide(cells->pdata[i]);
		if (wide && span(cells->pdata[i], "colspan") == 1)
			narrowest = narrowest ? MIN(narrowest, wide) : wide;
	}
	for (guint i = 0; i < cells->len && x < LIMIT_DRAWN; i++) {
		const GumboNode *cell = cells->pdata[i];
		guint modules = span(cell, "colspan"), wide = pixels_wide(cell);
		if (modules == 1 && narrowest && wide > narrowest)
			modules = (wide + narrowest / 2) / narrowest;
		if (bitmap)
			fill(bitmap, (MARGIN + x) * MODULE, y, modules * MODULE, MODULE,
			     (guint8)background(cell, grey));
		x += modules;
	}
	return x;
}

/* TRUE when the node's children are the rows of a code-like grid, and were searched. */
static gboolean search_grid(const Message *message, const char *where, const GumboNode *node)
{
	int grey = 255;
	g_autoptr(GPtrArray) rows = elements_of(node, &grey);
	if (rows->len < FEWEST || rows->len > LIMIT_DRAWN)
		return FALSE;
	guint columns = 0;
	for (guint i = 0; i < rows->len; i++)
		columns = MAX(columns, paint_row(NULL, rows->pdata[i], 0, grey));
	if (columns < FEWEST || columns > LIMIT_DRAWN)
		return FALSE;
	g_autoptr(Bitmap) bitmap = canvas(columns, rows->len);
	for (guint i = 0; i < rows->len; i++)
		paint_row(bitmap, rows->pdata[i], (MARGIN + i) * MODULE, grey);
	search(message, where, bitmap);
	return TRUE;
}

/* ---- the page ---- */

typedef struct {
	const Message *message;
	const char *where;
	GString *text; /* with the blanks that a <pre> keeps */
} Drawing;

static void walk(Drawing *drawing, const GumboNode *node, gboolean kept, guint depth)
{
	if (depth > LIMIT_HTML_DEPTH)
		return;
	if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE) {
		for (const char *c = node->v.text.text; *c; c++)
			if (kept || !g_ascii_isspace(*c) || *c == ' ')
				g_string_append_c(drawing->text, *c);
	}
	if (node->type != GUMBO_NODE_ELEMENT)
		return;
	GumboTag tag = node->v.element.tag;
	const char *space = style_value(node, "white-space");
	kept = kept || tag == GUMBO_TAG_PRE || (space && strcasestr(space, "pre"));
	gboolean line = tag == GUMBO_TAG_BR || tag == GUMBO_TAG_DIV || tag == GUMBO_TAG_P ||
	                tag == GUMBO_TAG_TR || tag == GUMBO_TAG_PRE;
	if (line)
		g_string_append_c(drawing->text, '\n');
	if (tag != GUMBO_TAG_HTML && search_grid(drawing->message, drawing->where, node))
		return;
	for (guint i = 0; i < node->v.element.children.length; i++)
		walk(drawing, node->v.element.children.data[i], kept, depth + 1);
	if (line && tag != GUMBO_TAG_BR)
		g_string_append_c(drawing->text, '\n');
}

static gboolean begins_with(const char *text, const char *word)
{
	return g_ascii_strncasecmp(text, word, strlen(word)) == 0;
}

static guint count(const char *text, const char *word, guint enough)
{
	const char first[] = {*word, g_ascii_toupper(*word), '\0'};
	guint found = 0;
	for (const char *at = strpbrk(text, first); at && found < enough;
	     at = strpbrk(at + 1, first))
		found += begins_with(at, word);
	return found;
}

static gboolean may_have_blocks(const char *html)
{
	static const char *const blocks[] = {"\xe2\x96\x88", "\xe2\x96\x80", "\xe2\x96\x84",
	                                     "\xe2\xac\x9b", "########"};
	static const char *const references[] = {"&#96",    "&#x258",  "&block;",
	                                         "&uhblk;", "&lhblk;", "&#x2b1b"};
	for (guint i = 0; i < G_N_ELEMENTS(blocks); i++)
		if (strstr(html, blocks[i]))
			return TRUE;
	for (const char *at = strchr(html, '&'); at; at = strchr(at + 1, '&'))
		for (guint i = 0; i < G_N_ELEMENTS(references); i++)
			if (begins_with(at, references[i]))
				return TRUE;
	return FALSE;
}

/* Cheap reasons to look closer; nearly no page has one. */
static gboolean may_have_drawing(const char *html)
{
	if (may_have_blocks(html))
		return TRUE;
	guint enough = FEWEST * FEWEST / 4;
	return count(html, "bgcolor", enough) >= enough ||
	       count(html, "background", enough) >= enough;
}

/* Pictures in the page itself: src="data:image/png;base64,…". */
static void search_data_pictures(const Message *message, const char *where, const char *html)
{
	for (const char *at = strstr(html, "data:image/"); at; at = strstr(at, "data:image/")) {
		gsize head = strcspn(at, ",\"'> ");
		gboolean packed = at[head] == ',' && head > 6 &&
		                  g_ascii_strncasecmp(at + head - 6, "base64", 6) == 0;
		at += head;
		if (!packed)
			continue;
		gsize length = strcspn(at + 1, "\"'>)"), size;
		g_autofree char *encoded = g_strndup(at + 1, length);
		guchar *octets = g_base64_decode(encoded, &size);
		g_autoptr(GBytes) content = g_bytes_new_take(octets, size);
		picture_search(message, where, content);
		at += length;
	}
}

void drawn_search_html(const Message *message, const char *where, const char *html)
{
	search_data_pictures(message, where, html);
	if (!may_have_drawing(html))
		return;
	g_autoptr(HtmlTree) tree = html_tree_new(html);
	if (!tree)
		return; /* html_walk() has said why */
	Drawing drawing = {message, where, g_string_new(NULL)};
	walk(&drawing, html_tree_root(tree), FALSE, 0);
	drawn_search_text(message, where, drawing.text->str);
	g_string_free(drawing.text, TRUE);
}
