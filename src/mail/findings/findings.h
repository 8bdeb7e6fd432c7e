#pragma once
#include "base/json.h"

/** Room for findings of one message, {"id", "detail", "where"}. New reference. */
json_t *findings_new(void);

/**
 * Adds a finding, once for each pair of @id and @where; past LIMIT_FINDINGS only one more,
 * "limit_findings".
 *
 * @id     a stable name in snake_case; a limit that was hit is "limit_…"
 * @where  a header's name, a part's path as in IMAP ("1.2"), or NULL for the message itself
 */
void findings_add(json_t *findings, const char *id, const char *where, const char *format, ...)
	G_GNUC_PRINTF(4, 5);

/** TRUE when a finding of this @id is there. */
gboolean findings_have(const json_t *findings, const char *id);
