#pragma once
#include "base/json.h"
#include "net/resolver.h"

/* The keys of signatures: asked of the DNS outside of the sandbox, used inside. */

/**
 * Looks up the keys that some messages' signatures still want.
 *
 * @messages  of json_t: "message" objects of breakdowns
 * @return    (transfer full) the option with which a reader verifies them (mail/breakdown.h,
 *            "verify"); NULL when no key is wanted
 */
json_t *keys_look_up(const GPtrArray *messages, Resolver *resolver, gint64 deadline);

/** Puts the reader's answer into the messages; what is none changes nothing. */
void keys_apply(const GPtrArray *messages, const json_t *answer);
