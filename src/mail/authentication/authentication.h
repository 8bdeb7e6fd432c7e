#pragma once
#include "mail/message/message.h"

/* Who really sent it: what hosts claim, which of them are believed, what the message's own
 * signatures prove, and whether any of that is about the author that people see. */

/**
 * {"summary", "from_domain", "alignment", "entered", "results", "received_spf", "microsoft",
 * "dkim", "arc"}; docs/breakdown.schema.json says what each is. Adds findings to the message. New
 * reference.
 *
 * Uses options.trusted_hosts (trust.h) and options.keys: {"selector._domainkey.domain": a key
 * record, an array of several, null (the DNS has none) or false (it did not answer)}.
 */
json_t *authentication_describe(const Message *message, const json_t *from);

/** Calls @each for every name of a key that is wanted to verify a signature of it, maybe twice. */
void authentication_each_key(json_t *authentication, void (*each)(const char *name, gpointer data),
                             gpointer data);

/**
 * Verifies what was left "unchecked" for want of keys: {"authentication": [objects of
 * authentication_describe()], "keys": as above} to {"authentication": [the same, judged again]}.
 * New reference.
 */
json_t *authentication_verify(const json_t *request);
