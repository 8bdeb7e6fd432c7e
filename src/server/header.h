#pragma once
#include <glib.h>

/* What a search must know of a header block: exact Message-IDs, and whether sender and subject are
 * the ones looked for. Lines may end in CRLF or LF. */

/** Length of the header block at the start of @octets with its empty line, or 0 when it does not
 * end in them. */
gsize header_block_length(const char *octets, gsize length);

/** The values of all fields of this name, unfolded; of GBytes. */
GPtrArray *header_values(const char *octets, gsize length, const char *name);

/** TRUE when a Message-ID field has exactly this id (text_message_id() form). */
gboolean header_has_message_id(const char *octets, gsize length, const char *message_id);

/**
 * TRUE when From or Sender has this address and the subject is this one, white space and case
 * aside. NULL for what does not matter.
 */
gboolean header_is_similar(const char *octets, gsize length, const char *sender,
                           const char *subject);
