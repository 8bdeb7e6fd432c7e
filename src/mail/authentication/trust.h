#pragma once
#include "mail/authentication/received.h"
#include "mail/message/message.h"

/* Which header fields of a message the organisation's own hosts wrote.
 *
 * options.trusted_hosts names them: "mx.corp.example", ".corp.example" for all below a domain,
 * addresses and networks ("192.0.2.0/24"). "mx.corp.example/below" is a host that writes its
 * Authentication-Results below its own Received field, and removes those that came with the message
 * in its name (RFC 8601 §5). */

typedef struct {
	int ours;    /* index in the header block of the last Received that is ours, -1: none */
	int outside; /* index of the first field of somebody else below it */
	gboolean writes_below; /* the host of that Received writes below it */
	int entered; /* which of the Received fields (0: top) took it from outside, -1: not known */
	char *entered_address;    /* from which address, or NULL */
	char *entered_client;     /* the name that host found for it, or NULL */
	char *submitted_to;       /* our host that took it from an authenticated user, or NULL */
	GArray *believed;         /* int: indexes of the Authentication-Results that count */
	GPtrArray *believed_json; /* json_t: the same, as authres_parse() */
	char *misplaced;          /* a host of ours in whose name another stands, or NULL */
} Trust;

/** Walks down the header block. Never NULL. */
Trust *trust_new(const Message *message);
void trust_free(Trust *trust);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Trust, trust_free)

/** TRUE when the Authentication-Results at that index count. */
gboolean trust_believes(const Trust *trust, int index);
/** TRUE when any other field at that index was written by a host of ours. */
gboolean trust_is_ours(const Trust *trust, int index);

/**
 * Whether From can be believed: {"believed": true|false, "reason": "…"}. New reference.
 *
 * The organisation's own hosts bear it out when
 * - the message was submitted to one of them with authentication (RFC 3848: ESMTPA, ESMTPSA), or
 * - one of them found dmarc=pass, or dkim=pass or spf=pass for From's own organisation (RFC 8601).
 *
 * Only header fields which those hosts wrote count, see trust.c.
 */
json_t *trust_of(const Message *message, const json_t *from);

/**
 * The method ("dmarc", "dkim", "spf") by which one result of authres_parse() bears out @domain, or
 * NULL. Static.
 */
const char *trust_voucher(const json_t *result, const char *domain);

/**
 * Whether a report may name its reporter otherwise than by From: {"believed", "reason"}.
 *
 * It may when it came from one of options.accepted_relays, as the trusted hosts know: the host that
 * handed it to them (a name, ".suffix" or IP address), or its From ("reports@vendor.example",
 * "@vendor.example"), which must be borne out as trust_of() says.
 *
 * @by  what names the reporter, for the reason
 */
json_t *trust_of_relay(const Message *message, const json_t *from, const char *by);
