#pragma once
#include "mail/flow.h"
#include "mail/message.h"

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
 * @pages  the HTML parts, each a document of its own; GPtrArray of char *, or NULL
 * @flow   gets what they say, or NULL
 * @shown  (out) the text that a browser shows for them, or NULL; newly allocated
 */
json_t *links_describe(const Message *message, const char *subject, const char *text,
                       const GPtrArray *pages, Flow *flow, char **shown);
