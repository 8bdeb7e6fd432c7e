#pragma once
#include "base/json.h"

/* Bytes in, document out: what a message is, as one JSON document (docs/breakdown.schema.json).
 *
 * Pure: no I/O, no clock, no configuration but @options. Never fails: whatever the bytes are, a
 * document comes back, and what was odd or cut is in its findings. Call breakdown_init() once in a
 * process, before threads and before a sandbox. */

/** Loads what parsing needs from disk (character sets, public suffixes, file types), so that
 * nothing is opened later. */
void breakdown_init(void);

/**
 * The breakdown of @message: {"schema", "sha256", "size", "report": {…}|null, "originals": […],
 * "message": {…}}.
 *
 * @options  an object, or NULL, with
 *           "trusted_hosts": array of the organisation's own hosts, whose Authentication-Results
 * and Received fields are believed, see mail/trust.h. "accepted_relays": array of hosts and senders
 * whose reports may name the reporter, see there. "keys": records of the DNS with which DKIM
 * and ARC signatures are verified, see mail/authentication.h. "originals_raw": true to have
 * "raw_base64" in each first-hand original: its bytes exactly as they stood in the report,
 * transfer-decoded. "originals_only": true to have no more of the message of somebody's report than
 * what names it ("message_id", "subject", "from"). "verify": a request of authentication_verify();
 * then its answer comes back, and
 * @message is not looked at. "take": what of its attachments comes back instead, see
 * mail/taking.h. "limits": {"links": 20000, …}, see mail/limits.h. "documents": false
 * to look into no attachment but messages and archives (each that is left unread is a finding,
 * "documents_unread"). "qr": false to search nothing for QR codes, which is most of the time that a
 * picture or a PDF takes. Both are true otherwise
 * @return   (transfer full)
 */
json_t *breakdown_new(GBytes *message, const json_t *options);
