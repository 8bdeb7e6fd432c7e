#pragma once
#include <glib.h>

/** Opens every character set that mail uses, so that nothing is loaded once a sandbox is closed. */
void charset_init(void);

/**
 * Octets in a named character set to UTF-8 without NUL.
 *
 * Labels mean what browsers take them to mean (WHATWG Encoding: "iso-8859-1" is windows-1252).
 * Octets that are no text in @charset become U+FFFD; without a usable @charset valid UTF-8 is taken
 * as it is and anything else as windows-1252.
 *
 * @charset  as the message names it, or NULL
 * @exact    (out, nullable) FALSE when something had to be replaced or the charset is unknown
 * @return   newly allocated, terminated
 */
char *charset_decode(const char *charset, const void *octets, gsize length, gboolean *exact);
