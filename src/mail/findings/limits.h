#pragma once
#include "base/json.h"

/* The limits on one message that an operator may set, as "limits" of the options of
 * breakdown_new():
 * {"links": 20000, …}. Their usual values are in base/limits.h; each has a hard maximum, past which
 * a reader could not keep its own limits on memory and time. */
typedef struct {
	guint depth, parts, header_block, parameters, links, addresses, body_text, nested;
	guint unpacked, unpacked_files, unpacked_ratio;
	guint seconds; /* CPU time; who runs the reader keeps to it, not breakdown_new() */
} MailLimits;

/* One of them, as help and documents show it. */
typedef struct {
	const char *name; /* of the member */
	gsize offset;     /* in MailLimits */
	guint usual, most;
	const char *finding; /* what it ends in */
	const char *meaning;
} MailLimit;

extern const MailLimit mail_limits[]; /* ended by one without a name */

/** Those of an options object; the usual ones where @options (or NULL) says nothing or nonsense. */
void mail_limits_load(MailLimits *limits, const json_t *options);

/** The CPU seconds that @options (or NULL) allow, else @usual. */
guint mail_limits_seconds(const json_t *options, guint usual);

/**
 * Adds "NAME=VALUE" pairs, separated by commas or blanks, to an object that is fit for "limits".
 *
 * @return FALSE with TRAWL_ERROR_INVALID, which says what may be written instead
 */
gboolean mail_limits_parse(json_t *limits, const char *text, GError **error);
