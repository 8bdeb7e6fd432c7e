#pragma once
#include "model/source.h"

/* What went wrong at a mail server, in words for a mail administrator: what it means for this
 * source or mailbox, and which setting to look at. */

/** One or two sentences with the server's own words at the end; newly allocated. @mailbox, @folder
 * may be NULL. */
char *words_for_error(const GError *error, const MailServerRow *server, const char *mailbox,
                      const char *folder);
