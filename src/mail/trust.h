#pragma once
#include "mail/message.h"

/**
 * Whether From can be believed: {"believed": true|false, "reason": "…"}. New reference.
 *
 * The organisation's own hosts (options.trusted_hosts: names, ".suffix" for all hosts below a
 * domain, or IP addresses) bear it out when
 * - the message was submitted to one of them with authentication (RFC 3848: ESMTPA, ESMTPSA), or
 * - one of them found dmarc=pass, or dkim=pass or spf=pass for From's own organisation (RFC 8601).
 *
 * Only header fields which those hosts wrote count, see trust.c.
 */
json_t *trust_of(const Message *message, const json_t *from);

/** What hosts claim, and which of them are believed: {"results": [… of authres_parse() with
 * "trusted"], "signatures": [DKIM "d", "s"], "received_spf": […]}. New reference. */
json_t *trust_describe(const Message *message);
