#pragma once
#include <glib.h>

/**
 * A date as mail programs write it into a text, in the languages and orders they use, as RFC 3339;
 * NULL when it cannot be read. What names no zone is given as UTC. "03/04/2026" is taken for the
 * third of April, unless half-days stand beside it.
 *
 * @text    or NULL
 * @return  newly allocated
 */
char *dates_read(const char *text);
