/* Where in HTML a link can stand: a table of attributes, style sheets, refreshing meta elements,
 * what scripts and comments have in them, and pages inside the page. */
#include "mail/html/html_links.h"

#include "base/limits.h"
#include "mail/findings/findings.h"
#include "mail/html/html_name.h"
#include "mail/url/url.h"

#include <string.h>

const char *html_attribute(const GumboNode *node, const char *name)
{
	GumboAttribute *found = gumbo_get_attribute(&node->v.element.attributes, name);
	return found ? found->value : NULL;
}

/* ---- what is shown for a link ---- */

/* @nodes that may still be looked at: elements without any text have no end otherwise. */
static void add_text(const GumboNode *node, GString *text, guint depth, guint *nodes)
{
	if (text->len > LIMIT_LINK_TEXT || depth > 2 * LIMIT_HTML_DEPTH || *nodes == 0)
		return;
	--*nodes;
	if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_CDATA ||
	    node->type == GUMBO_NODE_WHITESPACE)
		g_string_append_len(text, node->v.text.text,
		                    (gssize)strnlen(node->v.text.text, LIMIT_LINK_TEXT));
	if (node->type != GUMBO_NODE_ELEMENT)
		return;
	if (node->v.element.tag == GUMBO_TAG_IMG && html_attribute(node, "alt"))
		g_string_append_len(text, html_attribute(node, "alt"),
		                    (gssize)strnlen(html_attribute(node, "alt"), LIMIT_LINK_TEXT));
	for (guint i = 0; i < node->v.element.children.length; i++)
		add_text(node->v.element.children.data[i], text, depth + 1, nodes);
}

char *html_text_of(const GumboNode *node)
{
	GString *text = g_string_new(NULL);
	guint nodes = 4 * LIMIT_LINK_TEXT;
	add_text(node, text, 0, &nodes);
	g_autofree char *valid = g_utf8_make_valid(text->str, -1);
	g_string_free(text, TRUE);
	/* Words with one blank between them. */
	char *to = valid;
	for (const char *at = valid; *(at += strspn(at, " \t\r\n"));) {
		gsize length = strcspn(at, " \t\r\n");
		if (to > valid)
			*to++ = ' ';
		memmove(to, at, length);
		to += length;
		at += length;
	}
	*to = '\0';
	return *valid ? g_steal_pointer(&valid) : NULL;
}

/* What a person sees of an element that leads somewhere. NULL: nothing. */
static char *shown_for(const GumboNode *node)
{
	const char *name = gumbo_normalized_tagname(node->v.element.tag), *value = NULL;
	switch (node->v.element.tag) {
	case GUMBO_TAG_A:
	case GUMBO_TAG_BUTTON:
		return html_text_of(node);
	case GUMBO_TAG_AREA:
		value = html_attribute(node, "alt");
		break;
	case GUMBO_TAG_INPUT:
		value = html_attribute(node, "value");
		break;
	default:
		/* Outlook's own shapes: <v:roundrect href=…> */
		return !*name && html_attribute(node, "href") ? html_text_of(node) : NULL;
	}
	return value ? g_utf8_make_valid(value, (gssize)strnlen(value, LIMIT_LINK_TEXT)) : NULL;
}

/* ---- links ---- */

static void visit(const HtmlPage *page, const char *written, const char *where, const char *text)
{
	const HtmlLink link = {written, where, text, page->base, FALSE};
	page->visit(&link, page->data);
}

static void visit_running(const HtmlPage *page, const char *text, const char *where)
{
	const HtmlLink link = {text, where, NULL, NULL, TRUE};
	page->visit(&link, page->data);
}

/* How the value of an attribute is read. */
typedef enum {
	ONE_URL,
	URL_LIST, /* separated by blanks */
	IMAGE_SET,
	STYLE,
	PAGE,
} Reads;

static const struct {
	const char *name;
	Reads reads;
} attributes[] = {
	{"href", ONE_URL},       {"src", ONE_URL},        {"action", ONE_URL},
	{"background", ONE_URL}, {"formaction", ONE_URL}, {"data", ONE_URL},
	{"poster", ONE_URL},     {"cite", ONE_URL},       {"longdesc", ONE_URL},
	{"xlink:href", ONE_URL}, {"lowsrc", ONE_URL},     {"dynsrc", ONE_URL},
	{"codebase", ONE_URL},   {"manifest", ONE_URL},   {"ping", URL_LIST},
	{"archive", URL_LIST},   {"srcset", IMAGE_SET},   {"imagesrcset", IMAGE_SET},
	{"style", STYLE},        {"srcdoc", PAGE},
};

/* What a style sheet means by backslashes: "\68 ttp" is "http". */
static char *css_unescaped(const char *text, gsize size)
{
	GString *plain = g_string_sized_new(size);
	for (gsize i = 0; i < size; i++) {
		if (text[i] != '\\' || i + 1 == size) {
			g_string_append_c(plain, text[i]);
			continue;
		}
		gunichar code = 0;
		guint digits = 0;
		while (digits < 6 && i + 1 < size && g_ascii_isxdigit(text[i + 1])) {
			code = code * 16 + (guint)g_ascii_xdigit_value(text[++i]);
			digits++;
		}
		if (digits == 0)
			g_string_append_c(plain, text[++i]);
		else if (code != 0 && g_unichar_validate(code))
			g_string_append_unichar(plain, code);
		if (digits > 0 && i + 1 < size && g_ascii_isspace(text[i + 1]))
			i++;
	}
	return g_string_free(plain, FALSE);
}

/* The URL that begins at @at, in quotes or up to @end; gives where it ends. */
static const char *visit_css_url(const HtmlPage *page, const char *at, const char *end)
{
	at += strspn(at, " \t\r\n\f");
	const char quote = *at == '"' || *at == '\'' ? *at++ : '\0';
	const char stops[] = {quote ? quote : *end, '\0'};
	gsize size = 0;
	while (at[size] && !strchr(stops, at[size]))
		size += at[size] == '\\' && at[size + 1] ? 2 : 1;
	g_autofree char *url = css_unescaped(at, size);
	if (*g_strstrip(url) && *url != '#' && g_ascii_strncasecmp(url, "data:", 5) != 0)
		visit(page, url, "css", NULL);
	return at + size;
}

void html_links_of_css(const HtmlPage *page, const char *css)
{
	for (const char *at = css; *(at += strcspn(at, "/uU@"));) {
		if (at[0] == '/' && at[1] == '*') {
			const char *end = strstr(at + 2, "*/");
			at = end ? end + 2 : at + strlen(at);
		} else if (g_ascii_strncasecmp(at, "url(", 4) == 0) {
			at = visit_css_url(page, at + 4, ")");
		} else if (g_ascii_strncasecmp(at, "@import", 7) == 0 &&
		           strchr("\"'", at[7 + strspn(at + 7, " \t\r\n\f")])) {
			at = visit_css_url(page, at + 7, ";");
		} else {
			at++;
		}
	}
}

/* The URLs of srcset: each candidate is a URL, a blank and a description up to a comma. */
static void visit_image_set(const HtmlPage *page, const char *set)
{
	for (const char *at = set; *(at += strspn(at, " \t\r\n\f,"));) {
		gsize size = strcspn(at, " \t\r\n\f");
		gsize bare = size;
		while (bare > 0 && at[bare - 1] == ',')
			bare--;
		g_autofree char *url = g_strndup(at, bare);
		if (*url)
			visit(page, url, "srcset", NULL);
		at += size;
		if (bare == size)
			at += strcspn(at, ",");
	}
}

static void visit_list(const HtmlPage *page, const char *list, const char *where)
{
	g_auto(GStrv) urls = g_strsplit_set(list, " \t\r\n\f", 64);
	for (guint i = 0; urls[i]; i++)
		if (*urls[i])
			visit(page, urls[i], where, NULL);
}

/* <meta http-equiv=refresh content="0; url=…">: a link that nobody has to click. */
static void visit_refresh(const HtmlPage *page, const GumboNode *node)
{
	const char *kind = html_attribute(node, "http-equiv");
	const char *content = html_attribute(node, "content");
	if (!kind || !content || g_ascii_strcasecmp(kind, "refresh") != 0)
		return;
	/* A browser takes what follows the number, with or without "url=". */
	const char *at = content + strspn(content, " \t\r\n\f0123456789.");
	if (at == content || !*at)
		return;
	at += strspn(at, " \t\r\n\f;,");
	if (g_ascii_strncasecmp(at, "url", 3) == 0) {
		const char *equals = at + 3 + strspn(at + 3, " \t\r\n\f");
		if (*equals == '=')
			at = equals + 1 + strspn(equals + 1, " \t\r\n\f");
	}
	const char quote = *at == '"' || *at == '\'' ? *at++ : '\0';
	const char *end = quote ? strchr(at, quote) : NULL;
	g_autofree char *url = g_strndup(at, end ? (gsize)(end - at) : strlen(at));
	if (!*g_strstrip(url))
		return;
	visit(page, url, "meta", NULL);
	findings_add(page->findings, "html_refresh", "text/html",
	             "the page sends its reader on to another one by itself");
}

/* A page that a URL carries in itself. */
static void visit_data_page(const HtmlPage *page, const char *written)
{
	/* nearly all are not */
	const char *first = written + strspn(written, " \t\r\n\f");
	if (g_ascii_isgraph(*first) && g_ascii_tolower(*first) != 'd')
		return;
	g_autofree char *url = url_trim(written);
	static const char *const pages[] = {"data:text/html", "data:image/svg+xml",
	                                    "data:application/xhtml+xml"};
	gboolean is_page = FALSE;
	for (guint i = 0; i < G_N_ELEMENTS(pages); i++)
		is_page |= g_ascii_strncasecmp(url, pages[i], strlen(pages[i])) == 0;
	const char *comma = is_page ? strchr(url, ',') : NULL;
	if (!comma)
		return;
	findings_add(page->findings, "link_data", "text/html",
	             "a link carries a page in itself (%.40s)", url);
	g_autofree char *type = g_ascii_strdown(url, comma - url);
	g_autofree char *inside = url_unescape(comma + 1, -1);
	if (g_str_has_suffix(type, ";base64")) {
		gsize size;
		g_autofree guchar *octets = g_base64_decode(inside, &size);
		g_free(inside);
		inside = g_utf8_make_valid((const char *)octets, (gssize)size);
	}
	html_links_inside(page, "data", inside);
}

/* The element's name as it stands in "where", also one that HTML does not know. */
static char *name_of(const GumboElement *element)
{
	const char *known = gumbo_normalized_tagname(element->tag);
	if (*known)
		return g_strdup(known);
	const GumboStringPiece written = html_written_name(element);
	char *name = g_ascii_strdown(written.data ? written.data : "?",
	                             written.data ? (gssize)MIN(written.length, 40) : -1);
	for (char *c = name; *c; c++)
		if (!g_ascii_isalnum(*c) && !strchr(":-_?", *c))
			*c = '_';
	return name;
}

/* "html:a.href" */
static char *where_of(const HtmlPage *page, const char *element, const GumboAttribute *one)
{
	const char *namespace = one->attr_namespace == GUMBO_ATTR_NAMESPACE_XLINK ? "xlink:" : "";
	return g_strconcat(page->kind, ":", element, ".", namespace, one->name, NULL);
}

static void visit_value(const HtmlPage *page, const char *element, const GumboAttribute *one,
                        Reads reads, const char *text)
{
	g_autofree char *where =
		reads == ONE_URL || reads == URL_LIST ? where_of(page, element, one) : NULL;
	switch (reads) {
	case ONE_URL:
		visit(page, one->value, where, text);
		visit_data_page(page, one->value);
		break;
	case URL_LIST:
		visit_list(page, one->value, where);
		break;
	case IMAGE_SET:
		visit_image_set(page, one->value);
		break;
	case STYLE:
		html_links_of_css(page, one->value);
		break;
	case PAGE:
		html_links_inside(page, "srcdoc", one->value);
		break;
	}
}

static void visit_attribute(const HtmlPage *page, const char *element, const GumboAttribute *one,
                            const char *text)
{
	for (guint i = 0; i < G_N_ELEMENTS(attributes); i++)
		if (attributes[i].name[0] == g_ascii_tolower(one->name[0]) &&
		    g_ascii_strcasecmp(attributes[i].name, one->name) == 0) {
			visit_value(page, element, one, attributes[i].reads, text);
			return;
		}
	if (g_ascii_strncasecmp(one->name, "on", 2) == 0)
		visit_running(page, one->value, "script");
}

/* <param name=movie value=…>, which an object loads. */
static void visit_parameter(const HtmlPage *page, const GumboNode *node)
{
	static const char *const names[] = {"movie", "src", "url", "href", "data", "filename"};
	const char *name = html_attribute(node, "name"), *value = html_attribute(node, "value");
	for (guint i = 0; name && value && i < G_N_ELEMENTS(names); i++)
		if (g_ascii_strcasecmp(name, names[i]) == 0)
			visit(page, value, "html:param.value", NULL);
}

/* A comment: HTML that Outlook alone reads, or what scripts may write. */
static void visit_comment(const HtmlPage *page, const char *comment)
{
	const char *at = comment + strspn(comment, " \t\r\n");
	const char *end = g_str_has_prefix(at, "[if ") ? strstr(at, "]>") : NULL;
	if (end)
		html_links_inside(page, "mso", end + 2);
	else
		visit_running(page, comment, "comment");
}

/* The text of elements in which HTML has no elements. What is in a frame is for readers that have
 * no frames, and many mail programs have none. */
static void visit_raw_text(const HtmlPage *page, const GumboElement *element)
{
	for (guint i = 0; i < element->children.length; i++) {
		const GumboNode *child = element->children.data[i];
		if (child->type != GUMBO_NODE_TEXT)
			continue;
		switch (element->tag) {
		case GUMBO_TAG_STYLE:
			html_links_of_css(page, child->v.text.text);
			break;
		case GUMBO_TAG_SCRIPT:
			visit_running(page, child->v.text.text, "script");
			break;
		case GUMBO_TAG_IFRAME:
		case GUMBO_TAG_NOFRAMES:
		case GUMBO_TAG_NOEMBED:
			html_links_inside(page, page->kind, child->v.text.text);
			break;
		default:
			return;
		}
	}
}

void html_links_of(const HtmlPage *page, const GumboNode *node)
{
	if (node->type == GUMBO_NODE_COMMENT) {
		visit_comment(page, node->v.text.text);
		return;
	}
	const GumboElement *element = &node->v.element;
	if (element->attributes.length > 0) {
		g_autofree char *name = name_of(element);
		g_autofree char *text = page->without_texts ? NULL : shown_for(node);
		for (guint i = 0; i < element->attributes.length; i++)
			visit_attribute(page, name, element->attributes.data[i], text);
	}
	if (element->tag == GUMBO_TAG_META)
		visit_refresh(page, node);
	else if (element->tag == GUMBO_TAG_PARAM)
		visit_parameter(page, node);
	visit_raw_text(page, element);
}
