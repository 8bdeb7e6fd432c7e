#pragma once
#include "mail/message/message.h"

/**
 * The addresses of all fields of that name, in order: [{"name", "address", "group"?}], where
 * "address" is in the form in which addresses are compared (base/text.h) and members of a group
 * (RFC 5322 §3.4) stand on their own. An entry without "@" has a name and the address null. At most
 * LIMIT_ADDRESSES. New reference.
 *
 * @once  the field may be there only once (RFC 5322 §3.6): a second one is a finding
 */
json_t *addresses_of(const Message *message, const char *field, gboolean once);

/** The same for one value. */
json_t *addresses_parse(json_t *findings, const char *field, const char *value);
