#pragma once
#include <glib.h>

/** TRUE when the subject begins as mail programs begin that of a forward ("FW:", "WG:", "TR:", …).
 */
gboolean subject_is_forward(const char *subject);

/** The subject without any number of forward and reply prefixes; NULL for NULL. Newly allocated. */
char *subject_without_prefixes(const char *subject);

/** TRUE when it begins as automatic answers do ("Automatic reply:", "Out of office", …). */
gboolean subject_is_auto_reply(const char *subject);
