#pragma once
#include "mail/html/flow.h"
#include "mail/html/html_links.h"

/** Adds what @page says to @flow: its text with what alt, value and placeholder show, in the same
 * order its links and images, what Outlook alone reads (conditional comments) and style sheets that
 * can hide or write text. @document  its outermost node: comments may stand before its root. */
void html_flow(const HtmlPage *page, const GumboNode *document, Flow *flow);
