#pragma once
#include <glib.h>

/** Loads the public suffix list. */
void domains_init(void);

/** The registrable domain of a host ("mail.corp.example" -> "corp.example"), or the host itself
 * when it has none. Newly allocated, lower case. */
char *domains_registrable(const char *host);

/** TRUE when both belong to one organisation: relaxed alignment of RFC 7489 §3.1. */
gboolean domains_aligned(const char *one, const char *other);

/** TRUE when the name ends in a public suffix that exists, so that it may be a host. */
gboolean domains_is_public(const char *host);
