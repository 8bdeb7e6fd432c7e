#pragma once
#include "mail/html/flow.h"

/* What gateways add to a message on its way: banners above it, footers below it, marks before its
 * subject. Taken off before two messages are compared, so whatever counts as one of them must be
 * unable to deceive anybody: words of a small vocabulary, no number, no address, no link but to the
 * makers of gateways. */

typedef struct {
	guint top, bottom;  /* blocks at each end of the flow that were added … */
	guint above, below; /* … behind so many that have no words: pictures that count readers */
} Banners;

/** Once in a process: the vocabulary. */
void banners_init(void);

/** Which blocks at the ends of @flow were added. Splits a paragraph whose lines are partly such.
 * @from  the sender's address, which some banners name, or NULL */
Banners banners_find(Flow *flow, const char *from);

/** The subject without "[EXTERNAL]", "***SPAM***" and their like before it; "" for NULL. Newly
 * allocated. */
char *banners_bare_subject(const char *subject);
