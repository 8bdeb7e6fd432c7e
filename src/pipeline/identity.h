#pragma once
#include "base/json.h"
#include "mail/fingerprint/fingerprint.h"

/* Is what was found what was reported? Both are "message" objects of a breakdown. */

/** The same octets but for line ends and empty lines at the end, which mail programs change when
 * they attach a message. Needs no reading. */
gboolean identity_same_octets(GBytes *one, GBytes *other);
/** Attached: the same content, by fingerprint. @why as of fingerprint_compare(). */
FingerprintVerdict identity_compare(const json_t *reported, const json_t *found, char **why);
/** Claimed: every claim there is (Message-ID, sender, subject) holds for @found. Reply and forward
 * prefixes of subjects do not count. FALSE when nothing at all is claimed. */
gboolean identity_bears_out(const json_t *claim, const json_t *found);

/** The same from columns; NULL or "" is no claim. */
gboolean identity_agrees(const char *subject, const char *sender, const char *other_subject,
                         const char *other_sender);
