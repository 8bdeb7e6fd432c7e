#pragma once
#include "mail/message.h"

/**
 * The links of a message, each as often as it stands somewhere else or is shown otherwise: [{"url",
 * "written", "host", "domain", "where", "text", "target", "mismatch"}], at most LIMIT_LINKS. "url"
 * is normalised, "target" is what is behind rewriters (null when nothing is), "via" what lies
 * between when there are several, "where" is "text", "html:a.href", "css", "subject", ….
 *
 * @shown  (out) the text that a browser shows for @html, or NULL; newly allocated
 */
json_t *links_describe(const Message *message, const char *subject, const char *text,
                       const char *html, char **shown);
