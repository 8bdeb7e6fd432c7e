/* HTML by gumbo, which follows the algorithm of browsers.
 *
 * gumbo itself has no limits: it is given its memory from an arena with an end (and left by longjmp
 * when that is reached; nothing else is open then), and documents nested absurdly deep are cut
 * before, because parts of the algorithm walk the whole stack for each tag. The arena is also why
 * the tree is never freed node by node, which gumbo does recursively. */
#include "mail/html.h"

#include "base/limits.h"
#include "mail/findings.h"

#include <gumbo.h>
#include <setjmp.h>
#include <string.h>

#define ARENA_BLOCK (256 * 1024)

typedef struct {
	GPtrArray *blocks;
	char *at, *end;
	gsize total;
	jmp_buf *out;
} Arena;

static void *arena_take(void *data, size_t size)
{
	Arena *arena = data;
	size = (size + 15) & ~(size_t)15;
	if ((gsize)(arena->end - arena->at) < size) {
		gsize block = MAX(size, ARENA_BLOCK);
		arena->total += block;
		if (arena->total > LIMIT_HTML_MEMORY)
			longjmp(*arena->out, 1);
		arena->at = g_malloc(block);
		arena->end = arena->at + block;
		g_ptr_array_add(arena->blocks, arena->at);
	}
	void *taken = arena->at;
	arena->at += size;
	return taken;
}

static void arena_give(void *data, void *pointer)
{
}

/* NULL when it would take too much memory. */
static GumboOutput *parse(Arena *arena, const char *html, gsize size)
{
	GumboOptions options = kGumboDefaultOptions;
	jmp_buf out;
	options.allocator = arena_take;
	options.deallocator = arena_give;
	options.userdata = arena;
	options.max_errors = 0;
	arena->out = &out;
	if (setjmp(out) != 0)
		return NULL;
	return gumbo_parse_with_options(&options, html, size);
}

/* Elements that stay open until they are closed by name; the others end by themselves. */
static gboolean is_nesting(const char *name, gsize length)
{
	static const char *const ending[] = {
		"br",       "img",  "p",    "li",     "td",   "tr",    "th",    "hr",
		"input",    "meta", "link", "option", "area", "base",  "col",   "tbody",
		"!doctype", "o:p",  "dd",   "dt",     "wbr",  "embed", "param", "source"};
	for (guint i = 0; i < G_N_ELEMENTS(ending); i++)
		if (strlen(ending[i]) == length &&
		    g_ascii_strncasecmp(ending[i], name, length) == 0)
			return FALSE;
	return TRUE;
}

/* The length up to which no more than LIMIT_HTML_DEPTH elements are open. */
static gsize shallow_size(const char *html)
{
	gint depth = 0;
	for (const char *at = strchr(html, '<'); at; at = strchr(at + 1, '<')) {
		if (at[1] == '/')
			depth = MAX(depth - 1, 0);
		else if (g_ascii_isalpha(at[1]) &&
		         is_nesting(at + 1, strcspn(at + 1, " \t\r\n/>")) &&
		         ++depth > LIMIT_HTML_DEPTH)
			return (gsize)(at - html);
	}
	return strlen(html);
}

typedef struct {
	json_t *findings;
	HtmlVisit visit;
	gpointer data;
	const char *base;
	GString *shown;
	guint hidden; /* depth of elements that are not shown around the present node */
} HtmlReading;

static const char *attribute(const GumboNode *node, const char *name)
{
	GumboAttribute *found = gumbo_get_attribute(&node->v.element.attributes, name);
	return found ? found->value : NULL;
}

/* ---- what is shown for a link ---- */

static void add_text(const GumboNode *node, GString *text, guint depth)
{
	if (text->len > LIMIT_LINK_TEXT || depth > 2 * LIMIT_HTML_DEPTH)
		return;
	if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_CDATA ||
	    node->type == GUMBO_NODE_WHITESPACE)
		g_string_append_len(text, node->v.text.text,
		                    (gssize)MIN(strlen(node->v.text.text), LIMIT_LINK_TEXT));
	if (node->type != GUMBO_NODE_ELEMENT)
		return;
	if (node->v.element.tag == GUMBO_TAG_IMG && attribute(node, "alt"))
		g_string_append(text, attribute(node, "alt"));
	for (guint i = 0; i < node->v.element.children.length; i++)
		add_text(node->v.element.children.data[i], text, depth + 1);
}

static char *text_of(const GumboNode *node)
{
	GString *text = g_string_new(NULL);
	add_text(node, text, 0);
	g_autofree char *valid = g_utf8_make_valid(text->str, -1);
	g_string_free(text, TRUE);
	g_auto(GStrv) words = g_strsplit_set(valid, " \t\r\n", -1);
	g_autoptr(GString) folded = g_string_new(NULL);
	for (guint i = 0; words[i]; i++)
		if (*words[i])
			g_string_append_printf(folded, "%s%s", folded->len ? " " : "", words[i]);
	return folded->len ? g_strdup(folded->str) : NULL;
}

/* ---- links ---- */

static void visit(HtmlReading *page, const char *written, const char *where, const char *text)
{
	const HtmlLink link = {written, where, text, page->base};
	page->visit(&link, page->data);
}

static const char *const link_attributes[] = {"href",       "src",       "action", "background",
                                              "formaction", "data",      "poster", "cite",
                                              "longdesc",   "xlink:href"};

static gboolean is_link_attribute(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(link_attributes); i++)
		if (g_ascii_strcasecmp(link_attributes[i], name) == 0)
			return TRUE;
	return FALSE;
}

/* url(…) and @import in CSS. */
static void visit_css(HtmlReading *page, const char *css)
{
	for (const char *at = strstr(css, "url("); at; at = strstr(at, "url(")) {
		at += strlen("url(");
		const char *start = at + strspn(at, " \t\r\n\"'");
		gsize length = strcspn(start, "\"')");
		g_autofree char *url = g_strstrip(g_strndup(start, length));
		if (*url && !g_str_has_prefix(url, "data:"))
			visit(page, url, "css", NULL);
		at = start + length;
	}
}

/* The first URL of each candidate of srcset. */
static void visit_srcset(HtmlReading *page, const char *set)
{
	g_auto(GStrv) candidates = g_strsplit(set, ", ", 64);
	for (guint i = 0; candidates[i]; i++) {
		char *url = g_strstrip(candidates[i]);
		url[strcspn(url, " \t\r\n")] = '\0';
		if (*url)
			visit(page, url, "srcset", NULL);
	}
}

/* <meta http-equiv=refresh content="0; url=…">: a link that nobody has to click. */
static void visit_refresh(HtmlReading *page, const GumboNode *node)
{
	const char *kind = attribute(node, "http-equiv"), *content = attribute(node, "content");
	if (!kind || !content || g_ascii_strcasecmp(kind, "refresh") != 0)
		return;
	g_autofree char *lower = g_ascii_strdown(content, -1);
	const char *at = strstr(lower, "url");
	if (!at)
		return;
	const char *start = content + (at - lower) + 3;
	start += strspn(start, " \t=\"'");
	g_autofree char *url = g_strndup(start, strcspn(start, "\"'"));
	visit(page, url, "meta", NULL);
	findings_add(page->findings, "html_refresh", "text/html",
	             "the page sends its reader on to another one by itself");
}

static void visit_element(HtmlReading *page, const GumboNode *node)
{
	const GumboElement *element = &node->v.element;
	const char *name = gumbo_normalized_tagname(element->tag);
	g_autofree char *text = element->tag == GUMBO_TAG_A ? text_of(node) : NULL;
	for (guint i = 0; i < element->attributes.length; i++) {
		const GumboAttribute *one = element->attributes.data[i];
		if (is_link_attribute(one->name)) {
			g_autofree char *where =
				g_strdup_printf("html:%s.%s", *name ? name : "?", one->name);
			visit(page, one->value, where, text);
		} else if (g_ascii_strcasecmp(one->name, "style") == 0) {
			visit_css(page, one->value);
		} else if (g_ascii_strcasecmp(one->name, "srcset") == 0) {
			visit_srcset(page, one->value);
		}
	}
	if (element->tag == GUMBO_TAG_META)
		visit_refresh(page, node);
}

/* ---- what a browser hides, or does ---- */

static gboolean style_says(const char *style, const char *property, const char *value)
{
	const char *at = strstr(style, property);
	if (!at || (at > style && at[-1] == '-'))
		return FALSE;
	at += strlen(property);
	at += strspn(at, " \t:");
	gsize length = strlen(value);
	/* "font-size:0" but not "font-size:0.9em". */
	return strncmp(at, value, length) == 0 &&
	       !strchr(".123456789", at[length] ? at[length] : ' ');
}

static const struct {
	const char *property, *value, *detail;
} hiding[] = {
	{"display", "none", "text that is not displayed"},
	{"visibility", "hidden", "text that is not visible"},
	{"font-size", "0", "text of size zero"},
	{"font-size", "1px", "text one pixel high"},
	{"opacity", "0", "text that is transparent"},
	{"max-height", "0", "text in a box without height"},
	{"text-indent", "-999", "text moved out of sight"},
	{"left", "-999", "text moved out of sight"},
	{"mso-hide", "all", "text that Outlook hides"},
};

static gboolean is_hidden(HtmlReading *page, const GumboNode *node)
{
	const char *style = attribute(node, "style");
	if (attribute(node, "hidden"))
		return TRUE;
	g_autofree char *lower = style ? g_ascii_strdown(style, -1) : NULL;
	for (guint i = 0; lower && i < G_N_ELEMENTS(hiding); i++) {
		if (!style_says(lower, hiding[i].property, hiding[i].value))
			continue;
		g_autofree char *text = text_of(node);
		if (text)
			findings_add(page->findings, "hidden_text", hiding[i].property,
			             "%s: %.200s", hiding[i].detail, text);
		return TRUE;
	}
	return FALSE;
}

/* Elements that a message for people has no need of. */
static const struct {
	GumboTag tag;
	const char *id, *detail;
} remarkable[] = {
	{GUMBO_TAG_SCRIPT, "html_script", "it has a script"},
	{GUMBO_TAG_FORM, "html_form", "it has a form to fill in"},
	{GUMBO_TAG_IFRAME, "html_frame", "it embeds another page"},
	{GUMBO_TAG_OBJECT, "html_object", "it embeds an object"},
	{GUMBO_TAG_EMBED, "html_object", "it embeds an object"},
	{GUMBO_TAG_BASE, "html_base", "its links are relative to <base>"},
};

static void note_element(HtmlReading *page, const GumboNode *node)
{
	for (guint i = 0; i < G_N_ELEMENTS(remarkable); i++)
		if (remarkable[i].tag == node->v.element.tag)
			findings_add(page->findings, remarkable[i].id, "text/html", "%s",
			             remarkable[i].detail);
	if (node->v.element.tag == GUMBO_TAG_INPUT &&
	    g_strcmp0(attribute(node, "type"), "password") == 0)
		findings_add(page->findings, "html_password", "text/html",
		             "it asks for a password");
	if (node->v.element.tag == GUMBO_TAG_IMG && g_strcmp0(attribute(node, "width"), "1") == 0 &&
	    g_strcmp0(attribute(node, "height"), "1") == 0)
		findings_add(page->findings, "tracking_pixel", "text/html",
		             "it has an image of one pixel: %.200s",
		             attribute(node, "src") ? attribute(node, "src") : "");
}

static gboolean is_block(GumboTag tag)
{
	static const GumboTag blocks[] = {
		GUMBO_TAG_P,  GUMBO_TAG_DIV, GUMBO_TAG_BR,         GUMBO_TAG_TR, GUMBO_TAG_LI,
		GUMBO_TAG_H1, GUMBO_TAG_H2,  GUMBO_TAG_H3,         GUMBO_TAG_HR, GUMBO_TAG_TABLE,
		GUMBO_TAG_UL, GUMBO_TAG_OL,  GUMBO_TAG_BLOCKQUOTE, GUMBO_TAG_PRE};
	for (guint i = 0; i < G_N_ELEMENTS(blocks); i++)
		if (blocks[i] == tag)
			return TRUE;
	return FALSE;
}

static gboolean is_data(GumboTag tag)
{
	return tag == GUMBO_TAG_SCRIPT || tag == GUMBO_TAG_STYLE || tag == GUMBO_TAG_TITLE ||
	       tag == GUMBO_TAG_NOSCRIPT || tag == GUMBO_TAG_TEMPLATE;
}

static void show(HtmlReading *page, const char *text)
{
	for (const char *c = text; *c; c++) {
		gboolean blank = g_ascii_isspace(*c);
		char last = page->shown->len ? page->shown->str[page->shown->len - 1] : '\n';
		if (!blank)
			g_string_append_c(page->shown, *c);
		else if (last != ' ' && last != '\n')
			g_string_append_c(page->shown, ' ');
	}
}

static void show_line_end(HtmlReading *page)
{
	if (page->shown->len && page->shown->str[page->shown->len - 1] == ' ')
		g_string_truncate(page->shown, page->shown->len - 1);
	gsize length = page->shown->len;
	if (length && !(length > 1 && page->shown->str[length - 1] == '\n' &&
	                page->shown->str[length - 2] == '\n'))
		g_string_append_c(page->shown, '\n');
}

static void walk(HtmlReading *page, const GumboNode *node, guint depth)
{
	if (depth > 2 * LIMIT_HTML_DEPTH)
		return;
	if ((node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE ||
	     node->type == GUMBO_NODE_CDATA) &&
	    page->hidden == 0)
		show(page, node->v.text.text);
	if (node->type != GUMBO_NODE_ELEMENT && node->type != GUMBO_NODE_TEMPLATE)
		return;
	GumboTag tag = node->v.element.tag;
	gboolean hides = is_data(tag) || is_hidden(page, node);
	visit_element(page, node);
	note_element(page, node);
	page->hidden += hides ? 1 : 0;
	if (is_block(tag) && page->hidden == 0)
		show_line_end(page);
	const GumboVector *children = &node->v.element.children;
	for (guint i = 0; i < children->length; i++) {
		const GumboNode *child = children->data[i];
		if (tag == GUMBO_TAG_STYLE && child->type == GUMBO_NODE_TEXT)
			visit_css(page, child->v.text.text);
		walk(page, child, depth + 1);
	}
	if (is_block(tag) && page->hidden == 0)
		show_line_end(page);
	page->hidden -= hides ? 1 : 0;
}

/* The first <base> counts, wherever it stands. */
static const char *find_base(const GumboNode *node, guint depth)
{
	if (node->type != GUMBO_NODE_ELEMENT || depth > 8)
		return NULL;
	if (node->v.element.tag == GUMBO_TAG_BASE && attribute(node, "href"))
		return attribute(node, "href");
	const char *base = NULL;
	for (guint i = 0; i < node->v.element.children.length && !base; i++)
		base = find_base(node->v.element.children.data[i], depth + 1);
	return base;
}

char *html_walk(const char *html, json_t *findings, HtmlVisit visit_link, gpointer data)
{
	gsize size = shallow_size(html);
	if (html[size])
		findings_add(findings, "limit_html_depth", "text/html",
		             "elements nested deeper than %d are not read", LIMIT_HTML_DEPTH);
	Arena arena = {.blocks = g_ptr_array_new_with_free_func(g_free)};
	GumboOutput *output = parse(&arena, html, size);
	HtmlReading page = {findings, visit_link, data, NULL, g_string_new(NULL), 0};
	if (output) {
		page.base = find_base(output->root, 0);
		walk(&page, output->root, 0);
	} else {
		findings_add(findings, "limit_html_memory", "text/html",
		             "its HTML takes too much memory to be read");
	}
	g_ptr_array_unref(arena.blocks);
	g_autofree char *shown = g_string_free(page.shown, FALSE);
	return g_utf8_make_valid(g_strstrip(shown), -1);
}
