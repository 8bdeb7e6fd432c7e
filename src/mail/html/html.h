#pragma once
#include "base/json.h"
#include "mail/html/flow.h"

#include <gumbo.h>

/* A link as an HTML document has it. Strings are the page's own, valid during html_walk(). */
typedef struct {
	const char *written; /* the attribute's value, character references decoded */
	const char *where;   /* "html:a.href", "css", "meta", …: docs/breakdown.schema.json */
	const char *text;    /* what is shown for it, or NULL */
	const char *base;    /* of the document, or NULL */
	gboolean running;    /* @written is a script or a comment, which may have URLs in it */
} HtmlLink;

typedef void (*HtmlVisit)(const HtmlLink *link, gpointer data);

/**
 * Reads HTML as a browser does and calls @visit for each link in it, in the order of the document.
 * What Outlook alone shows (conditional comments) and pages inside the page (srcdoc, data: URLs)
 * are looked into too.
 *
 * @findings  what a browser hides or does on its own ends here (hidden text, forms, scripts, …)
 * @flow      gets what the page says (html_flow.h); NULL: not wanted
 * @return    the text that is shown, blank lines between blocks; newly allocated, at most as long
 *            as @html
 */
char *html_walk(const char *html, json_t *findings, HtmlVisit visit, gpointer data, Flow *flow);

/** HTML as a browser reads it, for who walks the tree; what is nested deeper than LIMIT_HTML_DEPTH
 * is left out. NULL when it would take too much memory. */
typedef struct HtmlTree HtmlTree;
HtmlTree *html_tree_new(const char *html);
void html_tree_free(HtmlTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HtmlTree, html_tree_free)
/** Borrowed. */
const GumboNode *html_tree_root(const HtmlTree *tree);
