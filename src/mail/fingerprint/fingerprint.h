#pragma once
#include "mail/html/flow.h"
#include "mail/message/message.h"

/* What a message is by its content, as a short text that can be kept and compared
 * (docs/decisions/fingerprint.md).
 *
 * "fp2:" core ":" parts ":" changes ":" opaque
 *
 * The core is a SHA-256 of what a sender writes and no honest gateway changes: Message-ID,
 * addresses of From and Reply-To, Date, the subject without gateways' marks, the words of text and
 * HTML without white space and without gateways' banners, where every link leads behind rewriters,
 * the names and contents of attachments. Parts and changes are shortened hashes that prove nothing;
 * they say in which part two messages differ, and what was changed on the way. */

typedef enum {
	FINGERPRINT_SAME,
	FINGERPRINT_CHANGED, /* the same message; a gateway added something, or rewrote its links */
	FINGERPRINT_UNPROVED, /* it may be the same: links lead where nobody can read, or there is
	                         no fingerprint, or one of another making */
	FINGERPRINT_DIFFERENT,
} FingerprintVerdict;

/**
 * @described  the finished "message" object of the breakdown of @message
 * @text       its plain text as a flow
 * @html       its HTML as a flow; both are changed
 * @return     newly allocated
 */
char *fingerprint_of(const Message *message, const json_t *described, Flow *text, Flow *html);

/** Are two messages the same, whichever of the two was changed on its way? @why  (out, nullable)
 * what differs, was changed ("a banner was added on the way") or keeps it unproved, in words
 * without a full stop; NULL when they are wholly the same; newly allocated */
FingerprintVerdict fingerprint_compare(const char *one, const char *other, char **why);

/** What all copies of one message share and no other message has: the key to find one by. For a
 * fingerprint of another making, itself. Newly allocated. */
char *fingerprint_key(const char *fingerprint);
