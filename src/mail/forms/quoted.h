#pragma once
#include "base/json.h"

/**
 * The first message quoted in a text the way forwards quote: what its header lines claim, in the
 * languages of the mail programs that write them.
 *
 * @text    or NULL
 * @marker  (out) the line that announces a forward ("Begin forwarded message:", dashes), static or
 *          NULL when only the header lines are there
 * @return  a "message" object with "from", "to", "cc", "subject", "date" (null where it cannot be
 *          read), "date_text" and "text", "message_id" and "item_id" where labels name them;
 *          NULL when nothing is quoted. New reference
 */
json_t *quoted_find(const char *text, const char **marker);

/** A "message" object of which nothing is known. New reference. */
json_t *quoted_empty(void);
