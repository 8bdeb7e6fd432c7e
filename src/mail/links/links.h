#pragma once
#include "base/json.h"
#include "mail/html/flow.h"

/* Where a message's links stand; each may be NULL. */
typedef struct {
	const char *subject, *text;
	gboolean delsp; /* of the text: its blanks at the ends of lines go (RFC 3676 §4.3) */
	const GPtrArray *pages; /* its HTML parts, each a document of its own; of char * */
} LinkTexts;

/**
 * The links of a message, each as often as it stands somewhere else or is shown otherwise: [{"url",
 * "written", "host", "domain", "where", "text", "target", "mismatch"}], at most LIMIT_LINKS.
 *
 * "url" is what a browser makes of it, "target" what is behind rewriters (null when nothing is, or
 * it cannot be read: then "rewriter_opaque" is true), "via" what lies between when there are
 * several, "rewriter" who rewrote it. "where" is "subject", "text", "bare" (written without a
 * scheme), "html:ELEMENT.ATTRIBUTE", "mso:…" (what Outlook alone shows), "srcdoc:…" and "data:…"
 * (pages in the page), "css", "srcset", "meta", "script", "comment", or "shown" (a URL in the text
 * of a page that is no link there). "invalid" is true where browsers take it for no URL.
 *
 * @findings  get what is odd about them
 * @most      of them
 * @flow      gets what the pages say, or NULL
 * @shown     (out) the text that a browser shows for the pages, or NULL; newly allocated
 */
json_t *links_describe(const LinkTexts *texts, json_t *findings, guint most, Flow *flow,
                       char **shown);

/* The links that stand in a message's attachments, as they are gathered: the same shape,
 * "attachment" tells where the file is, and "where" begins with "attachment:". */
typedef struct LinkWalk LinkWalk;
LinkWalk *links_walk_new(json_t *findings, guint most);
void links_walk_free(LinkWalk *walk);
/** What was gathered so far. Borrowed. */
const json_t *links_walk_list(const LinkWalk *walk);

/** Adds one link. @attachment  the attachment's path or name; @where  what holds it, "pdf.uri" */
void links_walk_add(LinkWalk *walk, const char *attachment, const char *where, const char *written,
                    const char *text);
/** Adds those written out in running text. */
void links_walk_add_text(LinkWalk *walk, const char *attachment, const char *where,
                         const char *text);
/** Adds those of a page. @findings  as for html_walk(). @return  the text that is shown; newly
 * allocated */
char *links_walk_add_html(LinkWalk *walk, const char *attachment, const char *html,
                          json_t *findings);
