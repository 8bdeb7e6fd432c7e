#pragma once
#include "mail/message/message.h"

/** TRUE when the part counts as an attachment: every leaf but a text that is shown. */
gboolean attachments_is_one(const Part *part);

/**
 * [{"name", "type", "detected", "size", "md5", "sha1", "sha256", "disposition", "path"}] in order.
 * New reference.
 *
 * An attached message (message/rfc822 and its kin, a file *.eml of any type) has its own breakdown
 * as "message", an archive its files as "parts". While a document is made, attached messages also
 * have "raw_base64" when options.originals_raw asks for it.
 */
json_t *attachments_describe(const Message *message);

/** TRUE for text/rfc822-headers (RFC 6522): of the message only its header block is there. */
gboolean attachments_is_headers_only(const char *type);

/** The same for a file inside an archive; @depth archives are around it. */
json_t *attachments_describe_file(const Message *message, const char *name, GBytes *content,
                                  guint depth);
