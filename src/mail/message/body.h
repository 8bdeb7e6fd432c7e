#pragma once
#include "mail/message/message.h"

/** TRUE when the part is text that is shown: text/plain or text/html and not an attachment. */
gboolean body_is_shown(const Part *part);

/** The shown parts of that type as UTF-8, together at most LIMIT_BODY_TEXT bytes. GPtrArray of
 * char *. @cut  (out) there is more */
GPtrArray *body_texts(const Message *message, const char *type, gboolean *cut);
/** One after another; NULL when there is none. Newly allocated. */
char *body_joined(const GPtrArray *texts);

/** A part's content as UTF-8. Newly allocated. */
char *body_decode(json_t *findings, Part *part);
/** Whether a blank at the end of a line of its text goes when lines are joined (RFC 3676 §4.3). */
gboolean body_is_delsp(const Message *message);
