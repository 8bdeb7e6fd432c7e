/* HTML as a flow: whatever some reader may show of it is in there, so that two pages with one flow
 * say the same in every reader. What nobody is shown (scripts, titles, plain comments) is not. */
#include "mail/html/html_flow.h"

#include "base/limits.h"
#include "mail/findings/findings.h"
#include "mail/html/hidden.h"
#include "mail/url/links_text.h"

#include <string.h>

typedef struct {
	Flow *flow;
	HtmlPage page; /* whose links go into the flow */
	HiddenRules *rules;
} FlowWalk;

/* Elements within a line; all others begin another block. */
static gboolean is_inline(GumboTag tag)
{
	static const GumboTag inlines[] = {
		GUMBO_TAG_A,    GUMBO_TAG_ABBR, GUMBO_TAG_B,     GUMBO_TAG_BIG,    GUMBO_TAG_CITE,
		GUMBO_TAG_CODE, GUMBO_TAG_DEL,  GUMBO_TAG_EM,    GUMBO_TAG_FONT,   GUMBO_TAG_I,
		GUMBO_TAG_IMG,  GUMBO_TAG_INS,  GUMBO_TAG_LABEL, GUMBO_TAG_MARK,   GUMBO_TAG_Q,
		GUMBO_TAG_S,    GUMBO_TAG_SPAN, GUMBO_TAG_SMALL, GUMBO_TAG_STRONG, GUMBO_TAG_SUB,
		GUMBO_TAG_SUP,  GUMBO_TAG_TT,   GUMBO_TAG_U,     GUMBO_TAG_UNKNOWN};
	for (guint i = 0; i < G_N_ELEMENTS(inlines); i++)
		if (inlines[i] == tag)
			return TRUE;
	return FALSE;
}

static const char *const shown_attributes[] = {"alt", "value", "placeholder", "label", "srcdoc"};

static gboolean is_listed(const char *const *names, guint n_names, const char *name)
{
	for (guint i = 0; i < n_names; i++)
		if (g_ascii_strcasecmp(names[i], name) == 0)
			return TRUE;
	return FALSE;
}

/* Style sheets that can make a page say something else, by hiding or writing text: with which
 * selectors is not for us to work out, so all of such a sheet counts. In lower case, no blanks. */
static const char *const changes_text[] = {
	"content:",      "display:none", "visibility:hidden", "opacity:0",     "font-size:0",
	"font-size:1px", "height:0",     "width:0",           "text-indent:-", "left:-",
	"top:-",         "clip",         "color:#fff",        "color:white",   "transparent",
	"rgb",
};

static char *bare_sheet(const char *css)
{
	GString *bare = g_string_sized_new(strlen(css));
	for (const char *c = css; *c; c++)
		if (!g_ascii_isspace(*c))
			g_string_append_c(bare, g_ascii_tolower(*c));
	return g_string_free(bare, FALSE);
}

static void add_sheet(const FlowWalk *walk, const char *css)
{
	g_autofree char *bare = bare_sheet(css);
	for (guint i = 0; i < G_N_ELEMENTS(changes_text); i++)
		if (strstr(bare, changes_text[i])) {
			flow_add(walk->flow, css);
			flow_end_block(walk->flow);
			return;
		}
}

static void add_code_link(const char *written, const char *url, gboolean bare, gpointer data)
{
	flow_add_link(data, url, NULL);
}

/* What stands in a conditional comment is HTML for Outlook: its words, and the links of its tags.
 */
static void add_comment(const FlowWalk *walk, const char *comment)
{
	const char *at = comment + strspn(comment, " \t\r\n");
	if (!g_str_has_prefix(at, "[if"))
		return;
	flow_end_block(walk->flow);
	g_auto(GStrv) parts = g_strsplit(at + strcspn(at, "]"), "&amp;", -1);
	g_autofree char *text = g_strjoinv("&", parts);
	for (char *c = text; *c;) {
		gboolean is_tag = *c == '<';
		gsize size = strcspn(c + is_tag, "<>") + is_tag;
		g_autofree char *piece = g_strndup(c, size);
		if (is_tag)
			links_code_find(piece, add_code_link, walk->flow);
		else
			flow_add(walk->flow, piece);
		c += size;
		c += *c == '>';
	}
	flow_end_block(walk->flow);
}

static void add_attributes(const FlowWalk *walk, const GumboVector *attributes)
{
	for (guint i = 0; i < attributes->length; i++) {
		const GumboAttribute *one = attributes->data[i];
		if (is_listed(shown_attributes, G_N_ELEMENTS(shown_attributes), one->name))
			flow_add(walk->flow, one->value);
	}
}

/* Scripts and plain comments say nothing to anybody. */
static void add_link(const HtmlLink *link, gpointer data)
{
	if (!link->running)
		flow_add_link(data, link->written, link->base);
}

static void walk_style(const FlowWalk *walk, const GumboNode *node)
{
	for (guint i = 0; i < node->v.element.children.length; i++) {
		const GumboNode *child = node->v.element.children.data[i];
		if (child->type == GUMBO_NODE_TEXT)
			add_sheet(walk, child->v.text.text);
	}
}

static void set_hidden(const FlowWalk *walk, const HiddenStyle *style)
{
	Hiding why = hidden_why(style);
	flow_set_hidden(walk->flow, why != SHOWN && why != HIDDEN_OUTLOOK);
}

static void walk_node(const FlowWalk *walk, const GumboNode *node, const HiddenStyle *around,
                      guint depth);

static void walk_element(const FlowWalk *walk, const GumboNode *node, const HiddenStyle *around,
                         guint depth)
{
	const GumboElement *element = &node->v.element;
	gboolean aside = walk->flow->aside;
	switch (element->tag) {
	case GUMBO_TAG_STYLE:
		flow_set_aside(walk->flow, TRUE);
		walk_style(walk, node);
		html_links_of(&walk->page, node);
		flow_set_aside(walk->flow, aside);
		return;
	case GUMBO_TAG_HEAD:
		flow_set_aside(walk->flow, TRUE);
		break;
	case GUMBO_TAG_SCRIPT:
	case GUMBO_TAG_TITLE:
	case GUMBO_TAG_BASE:
	case GUMBO_TAG_TEMPLATE:
		return;
	default:
		break;
	}
	const HiddenStyle style = hidden_style(walk->rules, node, around);
	const gboolean is_page = element->tag == GUMBO_TAG_BODY || element->tag == GUMBO_TAG_HTML;
	const gboolean is_block = !is_inline(element->tag);
	if (is_block)
		flow_end_block(walk->flow);
	set_hidden(walk, &style);
	/* A page's background is no part of what stands on it. */
	flow_set_aside(walk->flow, walk->flow->aside || is_page);
	html_links_of(&walk->page, node);
	add_attributes(walk, &element->attributes);
	flow_set_aside(walk->flow, element->tag == GUMBO_TAG_HEAD || aside);
	for (guint i = 0; i < element->children.length; i++)
		walk_node(walk, element->children.data[i], &style, depth + 1);
	if (is_block)
		flow_end_block(walk->flow);
	set_hidden(walk, around);
	flow_set_aside(walk->flow, aside);
}

static void walk_node(const FlowWalk *walk, const GumboNode *node, const HiddenStyle *around,
                      guint depth)
{
	if (depth > 2 * LIMIT_HTML_DEPTH)
		return;
	switch (node->type) {
	case GUMBO_NODE_TEXT:
	case GUMBO_NODE_CDATA:
		set_hidden(walk, around);
		flow_add(walk->flow, node->v.text.text);
		break;
	case GUMBO_NODE_WHITESPACE:
		flow_add(walk->flow, " ");
		break;
	case GUMBO_NODE_COMMENT:
		add_comment(walk, node->v.text.text);
		break;
	case GUMBO_NODE_DOCUMENT:
		for (guint i = 0; i < node->v.document.children.length; i++)
			walk_node(walk, node->v.document.children.data[i], around, depth);
		break;
	case GUMBO_NODE_ELEMENT:
		walk_element(walk, node, around, depth);
		break;
	default:
		break;
	}
}

void html_flow(const HtmlPage *page, const GumboNode *document, Flow *flow)
{
	g_autoptr(HiddenRules) rules = hidden_rules_new(document);
	FlowWalk walk = {flow, *page, rules};
	if (hidden_rules_are_cut(rules)) {
		flow->cut = TRUE;
		findings_add(page->findings, "limit_style_rules", "text/html",
		             "its style sheets have more rules, or longer ones, than are read");
	}
	walk.page.visit = add_link;
	walk.page.without_texts = TRUE;
	walk.page.data = flow;
	walk_node(&walk, document, &hidden_start, 0);
	flow_end_block(flow);
	flow_set_hidden(flow, FALSE);
}
