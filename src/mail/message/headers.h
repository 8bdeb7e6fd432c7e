#pragma once
#include "mail/message/message.h"

/** All fields in order: [{"name", "value", "raw"?}]; "raw" where decoding changed more than the
 * folding. New reference. */
json_t *headers_describe(const Message *message);

/**
 * The Message-ID as Trawl links by it: without brackets and white space, RFC 5322 §3.6.4.
 *
 * One longer than LIMIT_MESSAGE_ID is replaced by "sha256:" and its hash. Whatever is odd about it
 * (absent, empty, several, characters that do not belong there) is a finding.
 *
 * @return  newly allocated; NULL when there is none
 */
char *headers_message_id(const Message *message);

/** Every msg-id in a field like References or X-Forwarded-Message-Id, in order, in the same form.
 * GPtrArray of char *. */
GPtrArray *headers_message_ids(const char *value);

/** RFC 3339 from a Date field (RFC 5322 §3.3) with its own offset, or NULL. */
char *headers_date(const char *value);
