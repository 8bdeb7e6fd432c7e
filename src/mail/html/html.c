/* HTML by gumbo, which follows the algorithm of browsers.
 *
 * gumbo itself has no limits: it is given its memory from an arena with an end (and left by longjmp
 * when that is reached; nothing else is open then), and documents nested absurdly deep are cut
 * before, because parts of the algorithm walk the whole stack for each tag. The arena is also why
 * the tree is never freed node by node, which gumbo does recursively. */
#include "mail/html/html.h"

#include "base/limits.h"
#include "mail/findings/findings.h"
#include "mail/html/html_flow.h"
#include "mail/html/html_links.h"
#include "mail/html/html_runs.h"

#include <gumbo.h>
#include <setjmp.h>
#include <string.h>

#define ARENA_BLOCK (256 * 1024)

typedef struct {
	GPtrArray *blocks;
	char *at, *end;
	gsize before, total; /* bytes taken by pages around this one, and with this one */
	jmp_buf *out;
	gboolean cut;   /* not all of the page was read */
	HtmlRuns *runs; /* in whose page the tree's tags stand */
} Arena;

static void arena_init(Arena *arena, gsize before)
{
	arena->blocks = g_ptr_array_new_with_free_func(g_free);
	arena->before = arena->total = before;
}

static void arena_empty(Arena *arena)
{
	g_ptr_array_set_size(arena->blocks, 0);
	arena->at = arena->end = NULL;
	arena->total = arena->before;
	g_clear_pointer(&arena->runs, html_runs_free);
}

static void arena_clear(Arena *arena)
{
	g_clear_pointer(&arena->runs, html_runs_free);
	g_ptr_array_unref(arena->blocks);
}

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

/* NULL when it would take too much memory. @named  (out)  a run is in a name: html_runs_put_back()
 */
static GumboOutput *parse_octets(Arena *arena, const char *page, gsize size, gboolean *named)
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
	GumboOutput *output = gumbo_parse_with_options(&options, page, size);
	*named = arena->runs && !html_runs_put_back(arena->runs, output->document, &options);
	return output;
}

static GumboOutput *parse(Arena *arena, const char *html, gsize size)
{
	gboolean named = FALSE;
	g_autofree char *cut = html[size] ? g_strndup(html, size) : NULL;
	arena->runs = html_runs_new(cut ? cut : html);
	if (arena->runs) {
		gsize shorter;
		const char *page = html_runs_page(arena->runs, &shorter);
		GumboOutput *output = parse_octets(arena, page, shorter, &named);
		if (!named)
			return output;
		arena_empty(arena);
	}
	return parse_octets(arena, html, size, &named);
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

#define NAME_MOST 64 /* letters of an element's name that are looked at */

static gsize name_size(const char *name)
{
	gsize size = 0;
	while (size < NAME_MOST && name[size] && !strchr(" \t\r\n\f/>", name[size]))
		size++;
	return size;
}

/* Past the tag that begins at @tag; NULL when it has more attributes than LIMIT_ATTRIBUTES,
 * each of which gumbo would compare with all before it. Quotes are quotes after '=' alone. */
static const char *tag_end(const char *tag)
{
	const char *at = tag + name_size(tag);
	for (guint count = 0; *at && *at != '>'; count++) {
		if (count > LIMIT_ATTRIBUTES)
			return NULL;
		at += strspn(at, " \t\r\n\f/");
		at += *at == '=' ? 1 : 0; /* a name may begin with it */
		at += strcspn(at, " \t\r\n\f/>=");
		const char *value = at + strspn(at, " \t\r\n\f");
		if (*value != '=')
			continue;
		at = value + 1 + strspn(value + 1, " \t\r\n\f");
		const char *closing = *at == '"' || *at == '\'' ? strchr(at + 1, *at) : NULL;
		at = closing ? closing + 1 : at + strcspn(at, " \t\r\n\f>");
	}
	return at;
}

/* The length up to which no more than LIMIT_HTML_DEPTH elements are open, and none has too many
 * attributes. */
static gsize readable_size(const char *html, json_t *findings)
{
	const char *past = html; /* the last tag */
	gint depth = 0;
	for (const char *at = strchr(html, '<'); at; at = strchr(at + 1, '<')) {
		if (at[1] == '/')
			depth = MAX(depth - 1, 0);
		if (!g_ascii_isalpha(at[1]))
			continue;
		if (is_nesting(at + 1, name_size(at + 1)) && ++depth > LIMIT_HTML_DEPTH) {
			findings_add(findings, "limit_html_depth", "text/html",
			             "elements nested deeper than %d are not read",
			             LIMIT_HTML_DEPTH);
			return (gsize)(at - html);
		}
		past = at < past ? past : tag_end(at + 1);
		if (!past) {
			findings_add(findings, "limit_html_attributes", "text/html",
			             "what comes after an element with more than %d attributes is "
			             "not read",
			             LIMIT_ATTRIBUTES);
			return (gsize)(at - html);
		}
	}
	return strlen(html);
}

typedef struct {
	HtmlPage page;
	GString *shown;
	guint hidden; /* depth of elements that are not shown around the present node */
	guint kept;   /* depth of elements whose line ends are shown */
} HtmlReading;

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
	const char *style = html_attribute(node, "style");
	if (html_attribute(node, "hidden"))
		return TRUE;
	g_autofree char *lower = style ? g_ascii_strdown(style, -1) : NULL;
	for (guint i = 0; lower && i < G_N_ELEMENTS(hiding); i++) {
		if (!style_says(lower, hiding[i].property, hiding[i].value))
			continue;
		g_autofree char *text = html_text_of(node);
		if (text)
			findings_add(page->page.findings, "hidden_text", hiding[i].property,
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
			findings_add(page->page.findings, remarkable[i].id, "text/html", "%s",
			             remarkable[i].detail);
	if (node->v.element.tag == GUMBO_TAG_INPUT &&
	    g_strcmp0(html_attribute(node, "type"), "password") == 0)
		findings_add(page->page.findings, "html_password", "text/html",
		             "it asks for a password");
	if (node->v.element.tag == GUMBO_TAG_IMG &&
	    g_strcmp0(html_attribute(node, "width"), "1") == 0 &&
	    g_strcmp0(html_attribute(node, "height"), "1") == 0)
		findings_add(page->page.findings, "tracking_pixel", "text/html",
		             "it has an image of one pixel: %.200s",
		             html_attribute(node, "src") ? html_attribute(node, "src") : "");
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

static void show_line_end(HtmlReading *page)
{
	if (page->shown->len && page->shown->str[page->shown->len - 1] == ' ')
		g_string_truncate(page->shown, page->shown->len - 1);
	gsize length = page->shown->len;
	if (length && !(length > 1 && page->shown->str[length - 1] == '\n' &&
	                page->shown->str[length - 2] == '\n'))
		g_string_append_c(page->shown, '\n');
}

static void show(HtmlReading *page, const char *text)
{
	for (const char *c = text; *c; c++) {
		gboolean blank = g_ascii_isspace(*c);
		char last = page->shown->len ? page->shown->str[page->shown->len - 1] : '\n';
		if (*c == '\n' && page->kept > 0)
			show_line_end(page);
		else if (!blank)
			g_string_append_c(page->shown, *c);
		else if (last != ' ' && last != '\n')
			g_string_append_c(page->shown, ' ');
	}
}

static void walk(HtmlReading *page, const GumboNode *node, guint depth)
{
	if (depth > 2 * LIMIT_HTML_DEPTH)
		return;
	if ((node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE ||
	     node->type == GUMBO_NODE_CDATA) &&
	    page->hidden == 0)
		show(page, node->v.text.text);
	if (node->type == GUMBO_NODE_COMMENT)
		html_links_of(&page->page, node);
	if (node->type != GUMBO_NODE_ELEMENT && node->type != GUMBO_NODE_TEMPLATE)
		return;
	GumboTag tag = node->v.element.tag;
	gboolean hides = is_data(tag) || is_hidden(page, node);
	html_links_of(&page->page, node);
	note_element(page, node);
	page->hidden += hides ? 1 : 0;
	page->kept += tag == GUMBO_TAG_PRE ? 1 : 0;
	if (is_block(tag) && page->hidden == 0)
		show_line_end(page);
	const GumboVector *children = &node->v.element.children;
	for (guint i = 0; i < children->length; i++) {
		walk(page, children->data[i], depth + 1);
	}
	if (is_block(tag) && tag != GUMBO_TAG_BR && page->hidden == 0)
		show_line_end(page);
	page->kept -= tag == GUMBO_TAG_PRE ? 1 : 0;
	page->hidden -= hides ? 1 : 0;
}

/* The first <base> counts, wherever it stands. */
static const char *find_base(const GumboNode *node, guint depth)
{
	if (node->type != GUMBO_NODE_ELEMENT || depth > 8)
		return NULL;
	if (node->v.element.tag == GUMBO_TAG_BASE && html_attribute(node, "href"))
		return html_attribute(node, "href");
	const char *base = NULL;
	for (guint i = 0; i < node->v.element.children.length && !base; i++)
		base = find_base(node->v.element.children.data[i], depth + 1);
	return base;
}

/* The base that relative links are relative to; one of absurd length is left out. */
static const char *base_of(const HtmlPage *page, const GumboNode *root)
{
	const char *base = find_base(root, 0);
	if (!base || strlen(base) <= LIMIT_BASE_URL)
		return base ? base : page->base;
	findings_add(page->findings, "limit_base_url", "text/html",
	             "its <base> is longer than %d bytes; relative links are not read",
	             LIMIT_BASE_URL);
	return NULL;
}

static GumboOutput *parse_page(const HtmlPage *page, Arena *arena, const char *html)
{
	gsize size = readable_size(html, page->findings);
	arena_init(arena, page->memory);
	GumboOutput *output = parse(arena, html, size);
	arena->cut = !output || html[size];
	if (!output)
		findings_add(page->findings, "limit_html_memory", "text/html",
		             "its HTML takes too much memory to be read");
	return output;
}

static void walk_links(const HtmlPage *page, const GumboNode *node, guint depth)
{
	if (depth > 2 * LIMIT_HTML_DEPTH)
		return;
	if (node->type == GUMBO_NODE_COMMENT)
		html_links_of(page, node);
	if (node->type != GUMBO_NODE_ELEMENT && node->type != GUMBO_NODE_TEMPLATE)
		return;
	html_links_of(page, node);
	for (guint i = 0; i < node->v.element.children.length; i++)
		walk_links(page, node->v.element.children.data[i], depth + 1);
}

void html_links_inside(const HtmlPage *page, const char *kind, const char *html)
{
	HtmlPage inside = *page;
	Arena arena = {0};
	if (page->depth >= LIMIT_HTML_PAGES) {
		findings_add(page->findings, "limit_html_pages", "text/html",
		             "pages in pages, deeper than %d, are not read", LIMIT_HTML_PAGES);
		return;
	}
	inside.kind = kind;
	inside.depth++;
	GumboOutput *output = parse_page(page, &arena, html);
	inside.memory = arena.total;
	if (output) {
		inside.base = base_of(page, output->root);
		/* comments may stand beside the root */
		const GumboVector *all = &output->document->v.document.children;
		for (guint i = 0; i < all->length; i++)
			walk_links(&inside, all->data[i], 0);
	}
	arena_clear(&arena);
}

char *html_walk(const char *html, json_t *findings, HtmlVisit visit_link, gpointer data, Flow *flow)
{
	HtmlReading reading = {
		.page = {.kind = "html", .findings = findings, .visit = visit_link, .data = data},
		.shown = g_string_new(NULL),
	};
	Arena arena = {0};
	GumboOutput *output = parse_page(&reading.page, &arena, html);
	reading.page.memory = arena.total;
	if (output) {
		reading.page.base = base_of(&reading.page, output->root);
		const GumboVector *all = &output->document->v.document.children;
		for (guint i = 0; i < all->length; i++)
			walk(&reading, all->data[i], 0);
		if (flow)
			html_flow(&reading.page, output->document, flow);
	}
	if (flow)
		flow->cut |= arena.cut;
	arena_clear(&arena);
	g_autofree char *shown = g_string_free(reading.shown, FALSE);
	return g_utf8_make_valid(g_strstrip(shown), -1);
}

struct HtmlTree {
	Arena arena;
	GumboOutput *output;
};

HtmlTree *html_tree_new(const char *html)
{
	HtmlTree *tree = g_new0(HtmlTree, 1);
	arena_init(&tree->arena, 0);
	/* who walks the tree has walked the page before, and what is left out was said then */
	g_autoptr(json_t) said = json_array();
	tree->output = parse(&tree->arena, html, readable_size(html, said));
	if (!tree->output)
		g_clear_pointer(&tree, html_tree_free);
	return tree;
}

void html_tree_free(HtmlTree *tree)
{
	if (!tree)
		return;
	arena_clear(&tree->arena);
	g_free(tree);
}

const GumboNode *html_tree_root(const HtmlTree *tree)
{
	return tree->output->root;
}
