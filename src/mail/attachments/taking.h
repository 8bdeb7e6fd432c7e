#pragma once
#include "mail/message/message.h"

/* Takes attachments out of a message, instead of describing it. */

/**
 * What "take" of breakdown_new()'s @options asks for: {"files": [{"name", "sha256",
 * "content_base64"}], "cut"}.
 *
 * {"sha256": "…"} is the one file with this content, however deep it is in attached messages,
 * archives and documents; {} is every attachment of the message itself, as it hangs on it.
 *
 * @return  new reference; "cut" is true when LIMIT_TAKEN_OUT or LIMIT_TAKEN_FILES kept some out
 */
json_t *taking_run(GBytes *message, const json_t *options);

/** Shows a file to the taking of this reading, if there is one. TRUE: what is inside of it is of no
 * interest to that. */
gboolean taking_offer(const Message *message, const json_t *entry, GBytes *content, guint depth);
