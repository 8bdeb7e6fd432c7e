#pragma once
#include "mail/message.h"

/** TRUE when the part counts as an attachment: every leaf but a text that is shown. */
gboolean attachments_is_one(const Part *part);

/** TRUE when the attachment holds a message: message/rfc822 and its kin, or a file named *.eml. */
gboolean attachments_is_message(const Part *part);

/** [{"name", "type", "size", "md5", "sha1", "sha256", "disposition", "path"}] in order. New
 * reference. */
json_t *attachments_describe(const Message *message);
