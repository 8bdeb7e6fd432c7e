#pragma once
#include <glib.h>

/**
 * The text of an unstructured field: unfolded, encoded words decoded (RFC 2047), in UTF-8.
 *
 * Broken words are read as mail programs read them: without blanks between them, with blanks
 * inside, with padding in the middle, characters split over two words of one charset. What cannot
 * be an encoded word stays as it is. Newly allocated.
 */
char *words_decode(const char *raw);
