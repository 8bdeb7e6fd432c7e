#pragma once
#include "mail/authentication/dkim.h"

/* The Authenticated Received Chain (RFC 8617): what each host that handled the message found out,
 * sealed by it. A chain says who claims what; whom of them to believe is the reader's to decide. */

/** The chain, taken apart; NULL when the message has none. */
typedef struct Arc Arc;
Arc *arc_read(const RawMessage *raw, gint64 received_at);
/** The newest ARC-Message-Signature, whose body digest is wanted; NULL when there is none. The Arc
 * owns it until arc_describe(). */
DkimSignature *arc_signature(const Arc *arc);
/**
 * {"instances", "cv", "problem", "verified", "signature": as dkim_describe() or null, "sets":
 * [{"instance", "host", "results", "cv", "seal": {"domain", "selector", "algorithm", "signed_at",
 * "key", "digest", "signature", "problem", "verified"}}]}. Frees @arc. New reference.
 */
json_t *arc_describe(Arc *arc);

/** Judges the chain by its signatures after dkim_verify(): writes "verified" and "problem". */
void arc_conclude(json_t *arc);
/** Calls @each for the newest signature and each seal: what dkim_verify() can be given. */
void arc_each_signature(json_t *arc, void (*each)(json_t *signature, gpointer data), gpointer data);
