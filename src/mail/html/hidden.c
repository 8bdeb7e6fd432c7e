/* What of a page is not seen.
 *
 * Styles are read as text: the declarations of an element's attribute after those of the sheets.
 * Rules inside @media are left out, because they hide a newsletter's columns on telephones. */
#include "mail/html/hidden.h"

#include "base/limits.h"

#include <math.h>
#include <string.h>

#define NO_COLOUR (-1)
#define SMALLEST  1.5   /* pixels: letters of this size are specks           */
#define FAR       300.0 /* pixels outside of the page                        */
#define NEAR      0x18  /* difference of each of red, green, blue: no contrast */

const char *const hiding_names[N_HIDDEN] = {
	[SHOWN] = "shown",
	[HIDDEN_DISPLAY] = "display",
	[HIDDEN_VISIBILITY] = "visibility",
	[HIDDEN_OPACITY] = "opacity",
	[HIDDEN_FONT_SIZE] = "font-size",
	[HIDDEN_COLOUR] = "colour",
	[HIDDEN_BOX] = "box",
	[HIDDEN_OFF_SCREEN] = "off-screen",
	[HIDDEN_OUTLOOK] = "mso-hide",
};
const char *const hiding_details[N_HIDDEN] = {
	[SHOWN] = "",
	[HIDDEN_DISPLAY] = "is not displayed",
	[HIDDEN_VISIBILITY] = "is made invisible",
	[HIDDEN_OPACITY] = "is wholly transparent",
	[HIDDEN_FONT_SIZE] = "has letters of no size",
	[HIDDEN_COLOUR] = "has the colour of what is behind it",
	[HIDDEN_BOX] = "is in a box without size",
	[HIDDEN_OFF_SCREEN] = "is moved out of the page",
	[HIDDEN_OUTLOOK] = "is hidden by Outlook alone",
};

const HiddenStyle hidden_start = {SHOWN, 0x000000, 0xffffff, 16, FALSE, FALSE};

struct HiddenRules {
	gboolean cut;
	GHashTable *declarations; /* "p", ".class" or "#id" -> GString: what applies to it */
};

/* ---- values ---- */

static gdouble pixels(const char *value, gdouble font)
{
	char *unit;
	gdouble number = g_ascii_strtod(value, &unit);
	if (unit == value)
		return NAN;
	if (g_str_has_prefix(unit, "pt"))
		return number * 4 / 3;
	if (g_str_has_prefix(unit, "em") || g_str_has_prefix(unit, "rem"))
		return number * font;
	return *unit == '%' ? number / 100 * font : number;
}

static const struct {
	const char *name;
	gint32 colour;
} colours[] = {
	{"transparent", NO_COLOUR}, {"black", 0x000000},      {"white", 0xffffff},
	{"red", 0xff0000},          {"green", 0x008000},      {"blue", 0x0000ff},
	{"gray", 0x808080},         {"grey", 0x808080},       {"silver", 0xc0c0c0},
	{"yellow", 0xffff00},       {"whitesmoke", 0xf5f5f5}, {"snow", 0xfffafa},
	{"ivory", 0xfffff0},        {"ghostwhite", 0xf8f8ff},
};

/* rgb(1, 2, 3) and rgba(1 2 3 / 0). */
static gboolean parse_rgb(const char *value, gint32 *colour)
{
	gint32 parts[3];
	const char *at = strchr(value, '(');
	for (guint i = 0; at && i < 3; i++) {
		char *end;
		at++;
		at += strspn(at, " ,");
		gdouble number = g_ascii_strtod(at, &end);
		if (end == at)
			return FALSE;
		parts[i] = (gint32)CLAMP(*end == '%' ? number * 2.55 : number, 0, 255);
		at = *end == '%' ? end + 1 : end;
	}
	if (!at)
		return FALSE;
	at += strspn(at, " ,/");
	if (*at && *at != ')' && g_ascii_strtod(at, NULL) < 0.02)
		*colour = NO_COLOUR;
	else
		*colour = parts[0] << 16 | parts[1] << 8 | parts[2];
	return TRUE;
}

static gboolean parse_colour(const char *value, gint32 *colour)
{
	if (g_str_has_prefix(value, "rgb"))
		return parse_rgb(value, colour);
	const char *digits = *value == '#' ? value + 1 : value;
	gsize length = strspn(digits, "0123456789abcdef");
	if ((*value == '#' || length == 6) && (length == 3 || length == 6)) {
		gint32 number = (gint32)g_ascii_strtoull(digits, NULL, 16);
		*colour = length == 6 ? number
		                      : (number & 0xf00) * 0x1100 | (number & 0xf0) * 0x110 |
		                                (number & 0xf) * 0x11;
		return TRUE;
	}
	for (guint i = 0; i < G_N_ELEMENTS(colours); i++) {
		gsize size = strlen(colours[i].name);
		if (strncmp(value, colours[i].name, size) == 0 && !g_ascii_isalpha(value[size])) {
			*colour = colours[i].colour;
			return TRUE;
		}
	}
	return FALSE;
}

/* ---- declarations ---- */

/* What one element's declarations say about itself alone. */
typedef struct {
	gboolean no_display, cuts_off, is_out;
	gdouble opacity, width, height, max_height, left, top, indent;
} Own;

static void set_display(const char *value, HiddenStyle *style, Own *own)
{
	own->no_display = g_str_has_prefix(value, "none");
}

static void set_visibility(const char *value, HiddenStyle *style, Own *own)
{
	style->invisible = g_str_has_prefix(value, "hidden") || g_str_has_prefix(value, "collapse");
}

static void set_opacity(const char *value, HiddenStyle *style, Own *own)
{
	own->opacity = g_ascii_strtod(value, NULL);
}

static void set_font_size(const char *value, HiddenStyle *style, Own *own)
{
	gdouble size = pixels(value, style->font);
	if (!isnan(size))
		style->font = size;
}

/* "font: 0/0 a": the size is before the slash. */
static void set_font(const char *value, HiddenStyle *style, Own *own)
{
	const char *at = value + strcspn(value, "0123456789.");
	gdouble size = *at ? pixels(at, style->font) : NAN;
	if (!isnan(size) && size < 100)
		style->font = size;
}

static void set_colour(const char *value, HiddenStyle *style, Own *own)
{
	parse_colour(value, &style->colour);
}

static void set_background(const char *value, HiddenStyle *style, Own *own)
{
	gint32 colour;
	/* A picture may be any colour. */
	if (strstr(value, "url(") || strstr(value, "gradient")) {
		style->behind = NO_COLOUR;
		return;
	}
	for (const char *at = value; *at; at += strspn(at, " ")) {
		if (parse_colour(at, &colour)) {
			if (colour != NO_COLOUR)
				style->behind = colour;
			return;
		}
		at += strcspn(at, " ");
	}
}

static void set_overflow(const char *value, HiddenStyle *style, Own *own)
{
	own->cuts_off = g_str_has_prefix(value, "hidden") || g_str_has_prefix(value, "clip");
}

static void set_width(const char *value, HiddenStyle *style, Own *own)
{
	own->width = pixels(value, style->font);
}

static void set_height(const char *value, HiddenStyle *style, Own *own)
{
	own->height = pixels(value, style->font);
}

static void set_max_height(const char *value, HiddenStyle *style, Own *own)
{
	own->max_height = pixels(value, style->font);
}

static void set_position(const char *value, HiddenStyle *style, Own *own)
{
	own->is_out = g_str_has_prefix(value, "absolute") || g_str_has_prefix(value, "fixed");
}

static void set_left(const char *value, HiddenStyle *style, Own *own)
{
	own->left = pixels(value, style->font);
}

static void set_top(const char *value, HiddenStyle *style, Own *own)
{
	own->top = pixels(value, style->font);
}

static void set_indent(const char *value, HiddenStyle *style, Own *own)
{
	own->indent = pixels(value, style->font);
}

static void set_mso_hide(const char *value, HiddenStyle *style, Own *own)
{
	style->outlook = g_str_has_prefix(value, "all");
}

static const struct {
	const char *property;
	void (*set)(const char *value, HiddenStyle *style, Own *own);
} properties[] = {
	{"display", set_display},
	{"visibility", set_visibility},
	{"opacity", set_opacity},
	{"font-size", set_font_size},
	{"font", set_font},
	{"color", set_colour},
	{"background", set_background},
	{"background-color", set_background},
	{"background-image", set_background},
	{"overflow", set_overflow},
	{"width", set_width},
	{"max-width", set_width},
	{"height", set_height},
	{"max-height", set_max_height},
	{"position", set_position},
	{"left", set_left},
	{"top", set_top},
	{"margin-left", set_indent},
	{"text-indent", set_indent},
	{"mso-hide", set_mso_hide},
};

static void declare(const char *name, gsize length, const char *value, HiddenStyle *style, Own *own)
{
	for (guint i = 0; i < G_N_ELEMENTS(properties); i++)
		if (strlen(properties[i].property) == length &&
		    memcmp(properties[i].property, name, length) == 0) {
			properties[i].set(value, style, own);
			return;
		}
}

/* @text in lower case. */
static void apply(const char *text, HiddenStyle *style, Own *own)
{
	for (const char *at = text; *(at += strspn(at, " \t\r\n;"));) {
		gsize name = strcspn(at, ":; \t\r\n");
		const char *value = at + name + strspn(at + name, " \t\r\n");
		if (*value == ':') {
			value++;
			value += strspn(value, " \t\r\n");
			declare(at, name, value, style, own);
		}
		at += name;
		at += strcspn(at, ";");
	}
}

/* ---- style sheets ---- */

/* "p", ".class", "#id", "p.class" (as ".class"); NULL for what needs more than that. */
static char *simple_selector(const char *text, gsize length)
{
	g_autofree char *selector = g_strstrip(g_strndup(text, length));
	char *dot = strpbrk(selector, ".#");
	char *start = dot ? dot : selector;
	if (!*selector || strpbrk(selector, " >+~:[*,@") || strlen(start) < (dot ? 2 : 1) ||
	    strpbrk(start + 1, ".#"))
		return NULL;
	return g_strdup(start);
}

static void add_rule(HiddenRules *rules, const char *selectors, gsize size, const char *body,
                     gsize body_size)
{
	for (gsize at = 0; at <= size;) {
		gsize length = 0;
		while (at + length < size && selectors[at + length] != ',')
			length++;
		g_autofree char *selector = simple_selector(selectors + at, length);
		at += length + 1;
		if (!selector)
			continue;
		if (g_hash_table_size(rules->declarations) >= LIMIT_STYLE_RULES ||
		    strlen(selector) >= LIMIT_STYLE_NAME - 1) {
			rules->cut = TRUE;
			continue;
		}
		GString *all = g_hash_table_lookup(rules->declarations, selector);
		if (!all) {
			all = g_string_new(NULL);
			g_hash_table_insert(rules->declarations, g_steal_pointer(&selector), all);
		}
		if (all->len + body_size >= LIMIT_STYLE_RULE) {
			rules->cut = TRUE;
			continue;
		}
		g_string_append_len(all, body, (gssize)body_size);
		g_string_append_c(all, ';');
	}
}

static char *without_comments(const char *css)
{
	char *bare = g_ascii_strdown(css, -1), *to = bare;
	for (const char *at = bare; *at;) {
		gsize plain = strcspn(at, "/<-");
		memmove(to, at, plain);
		to += plain;
		at += plain;
		if (g_str_has_prefix(at, "/*")) {
			const char *end = strstr(at + 2, "*/");
			at = end ? end + 2 : at + strlen(at);
		} else if (g_str_has_prefix(at, "<!--") || g_str_has_prefix(at, "-->")) {
			at += *at == '<' ? 4 : 3;
		} else if (*at) {
			*to++ = *at++;
		}
	}
	*to = '\0';
	return bare;
}

/* Past a statement up to its semicolon, or a block with all blocks in it. */
static const char *after_at_rule(const char *at)
{
	guint depth = 0;
	for (at += strcspn(at, ";{"); *at; at++) {
		depth += *at == '{';
		if (*at == '}')
			depth--;
		if (depth == 0)
			return at + 1;
	}
	return at;
}

static void read_sheet(HiddenRules *rules, const char *css)
{
	g_autofree char *bare = without_comments(css);
	for (const char *at = bare; *at;) {
		at += strspn(at, " \t\r\n;}");
		const char *open = strchr(at, '{');
		if (!open)
			return;
		if (*at == '@') {
			at = after_at_rule(at);
			continue;
		}
		gsize body = strcspn(open + 1, "}");
		add_rule(rules, at, (gsize)(open - at), open + 1, body);
		at = open + 1 + body;
	}
}

static void find_sheets(HiddenRules *rules, const GumboNode *node, guint depth)
{
	if (node->type == GUMBO_NODE_DOCUMENT)
		for (guint i = 0; i < node->v.document.children.length; i++)
			find_sheets(rules, node->v.document.children.data[i], depth);
	if ((node->type != GUMBO_NODE_ELEMENT && node->type != GUMBO_NODE_TEMPLATE) ||
	    depth > 2 * LIMIT_HTML_DEPTH)
		return;
	const GumboVector *children = &node->v.element.children;
	for (guint i = 0; i < children->length; i++) {
		const GumboNode *child = children->data[i];
		if (node->v.element.tag == GUMBO_TAG_STYLE && child->type == GUMBO_NODE_TEXT)
			read_sheet(rules, child->v.text.text);
		find_sheets(rules, child, depth + 1);
	}
}

static void string_free(gpointer string)
{
	g_string_free(string, TRUE);
}

HiddenRules *hidden_rules_new(const GumboNode *node)
{
	HiddenRules *rules = g_new0(HiddenRules, 1);
	rules->declarations = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, string_free);
	find_sheets(rules, node, 0);
	return rules;
}

gboolean hidden_rules_are_cut(const HiddenRules *rules)
{
	return rules->cut;
}

void hidden_rules_free(HiddenRules *rules)
{
	if (!rules)
		return;
	g_hash_table_unref(rules->declarations);
	g_free(rules);
}

/* ---- elements ---- */

static void apply_rule(const HiddenRules *rules, const char *mark, const char *name, gsize length,
                       HiddenStyle *style, Own *own)
{
	char key[LIMIT_STYLE_NAME];
	if (length + 2 > sizeof key)
		return;
	gsize at = strlen(mark);
	memcpy(key, mark, at);
	for (gsize i = 0; i < length; i++)
		key[at + i] = g_ascii_tolower(name[i]);
	key[at + length] = '\0';
	const GString *declared = g_hash_table_lookup(rules->declarations, key);
	if (declared)
		apply(declared->str, style, own);
}

static const char *value_of(const GumboNode *node, const char *name)
{
	GumboAttribute *found = gumbo_get_attribute(&node->v.element.attributes, name);
	return found ? found->value : NULL;
}

static void apply_rules(const HiddenRules *rules, const GumboNode *node, HiddenStyle *style,
                        Own *own)
{
	if (g_hash_table_size(rules->declarations) == 0)
		return;
	const char *tag = gumbo_normalized_tagname(node->v.element.tag);
	apply_rule(rules, "", tag, strlen(tag), style, own);
	const char *classes = value_of(node, "class"), *id = value_of(node, "id");
	for (const char *at = classes; at && *(at += strspn(at, " \t\r\n"));) {
		gsize length = strcspn(at, " \t\r\n");
		apply_rule(rules, ".", at, length, style, own);
		at += length;
	}
	if (id)
		apply_rule(rules, "#", id, strlen(id), style, own);
}

static void apply_attributes(const GumboNode *node, HiddenStyle *style, Own *own)
{
	const char *behind = value_of(node, "bgcolor"), *style_text = value_of(node, "style");
	const char *colour = node->v.element.tag == GUMBO_TAG_FONT ? value_of(node, "color") : NULL;
	if (value_of(node, "background"))
		style->behind = NO_COLOUR;
	if (behind) {
		g_autofree char *lower = g_ascii_strdown(behind, -1);
		parse_colour(lower, &style->behind);
	}
	if (colour) {
		g_autofree char *lower = g_ascii_strdown(colour, -1);
		parse_colour(lower, &style->colour);
	}
	own->no_display |= value_of(node, "hidden") != NULL;
	if (style_text) {
		g_autofree char *lower = g_ascii_strdown(style_text, -1);
		apply(lower, style, own);
	}
}

/* NAN compares as FALSE: what is not said hides nothing. */
static Hiding whole(const Own *own)
{
	if (own->no_display)
		return HIDDEN_DISPLAY;
	if (own->opacity < 0.02)
		return HIDDEN_OPACITY;
	if (own->cuts_off && (own->width < 2 || own->height < 2 || own->max_height < 2))
		return HIDDEN_BOX;
	if ((own->is_out && (own->left < -FAR || own->top < -FAR)) || own->indent < -FAR)
		return HIDDEN_OFF_SCREEN;
	return SHOWN;
}

HiddenStyle hidden_style(const HiddenRules *rules, const GumboNode *element,
                         const HiddenStyle *around)
{
	HiddenStyle style = *around;
	Own own = {.opacity = NAN,
	           .width = NAN,
	           .height = NAN,
	           .max_height = NAN,
	           .left = NAN,
	           .top = NAN,
	           .indent = NAN};
	apply_rules(rules, element, &style, &own);
	if (element->v.element.attributes.length > 0)
		apply_attributes(element, &style, &own);
	if (style.whole == SHOWN)
		style.whole = whole(&own);
	return style;
}

static gboolean is_near(gint32 one, gint32 other)
{
	for (guint shift = 0; shift <= 16; shift += 8)
		if (ABS((one >> shift & 0xff) - (other >> shift & 0xff)) > NEAR)
			return FALSE;
	return TRUE;
}

Hiding hidden_why(const HiddenStyle *style)
{
	if (style->whole != SHOWN)
		return style->whole;
	if (style->invisible)
		return HIDDEN_VISIBILITY;
	if (style->font < SMALLEST)
		return HIDDEN_FONT_SIZE;
	if (style->colour == NO_COLOUR)
		return HIDDEN_COLOUR;
	if (style->behind != NO_COLOUR && is_near(style->colour, style->behind))
		return HIDDEN_COLOUR;
	return style->outlook ? HIDDEN_OUTLOOK : SHOWN;
}
