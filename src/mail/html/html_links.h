#pragma once
#include "mail/html/html.h"

#include <gumbo.h>

/* The page whose links are visited. */
typedef struct HtmlPage {
	const char *kind; /* what "where" begins with: "html", "mso", "srcdoc", "data" */
	const char *base; /* or NULL */
	guint depth;      /* of pages in pages */
	json_t *findings;
	HtmlVisit visit;
	gpointer data;
	gsize memory;           /* bytes that the pages around this one take */
	gboolean without_texts; /* what is shown for a link is not wanted */
} HtmlPage;

/** Visits the links of one element or comment, not of what is below it. */
void html_links_of(const HtmlPage *page, const GumboNode *node);

/** Visits url(…) and @import of a style sheet. */
void html_links_of_css(const HtmlPage *page, const char *css);

/** A page inside @page: the links of all its elements are visited. (html.c) */
void html_links_inside(const HtmlPage *page, const char *kind, const char *html);

/** An attribute's value, or NULL. Borrowed. */
const char *html_attribute(const GumboNode *node, const char *name);
/** The text shown for a node, blanks folded, at most LIMIT_LINK_TEXT; NULL for none. Newly
 * allocated. */
char *html_text_of(const GumboNode *node);
