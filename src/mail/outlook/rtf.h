#pragma once
#include <glib.h>

/** Compressed RTF (MS-OXRTFCP) to RTF; NULL when it is broken. */
GBytes *rtf_decompress(const void *octets, gsize size);

/**
 * The text in RTF, as UTF-8: the HTML that Outlook encapsulated in it (MS-OXRTFEX) when there is
 * some, else plain text. Newly allocated.
 *
 * @is_html  (out)
 */
char *rtf_to_text(GBytes *rtf, gboolean *is_html);
