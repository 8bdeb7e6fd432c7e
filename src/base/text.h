#pragma once
#include <glib.h>

/** Valid UTF-8 without NUL or control characters (except tab and newline) from any octets; newly
 * allocated. */
char *text_from_bytes(const void *octets, gsize length);

/** TRUE for UTF-8 without NUL; as g_utf8_validate_len(), and quick where most of it is ASCII. */
gboolean text_is_valid(const char *octets, gsize length);
/** TRUE for what has ASCII characters alone, and no NUL. */
gboolean text_is_ascii(const char *octets, gsize length);

/** Makes @text safe for one terminal line: control and bidi characters become visible escapes;
 * newly allocated. */
char *text_for_terminal(const char *text);

/**
 * An e-mail address in the one form in which Trawl compares them: trimmed, without angle brackets,
 * lower case, domain in A-labels (RFC 5890). NULL when there is no "@". Newly allocated.
 *
 * The local part is folded too: no mail system that Trawl serves distinguishes it by case.
 */
char *text_address(const char *address);

/** The domain of an address as text_address() gives it, or NULL. Borrowed from @address. */
const char *text_address_domain(const char *address);

/** Lower-case hexadecimal SHA-256; newly allocated. */
char *text_sha256(GBytes *bytes);

/**
 * A Message-ID (RFC 5322 §3.6.4) in the one form in which Trawl compares and keeps them, from the
 * octets of the header field's value: what is between the angle brackets (all of it when there are
 * none), without white space, as valid UTF-8. One longer than LIMIT_MESSAGE_ID becomes "sha256:"
 * and the SHA-256 of that text. "" when there is nothing. Newly allocated; idempotent.
 */
char *text_message_id(const void *octets, gsize length);
