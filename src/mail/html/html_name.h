#pragma once
#include <gumbo.h>

/**
 * The name of an element as the page has it, for those that HTML does not know. gumbo's
 * gumbo_tag_from_original_text() alone takes a "</>" before the tag for its beginning.
 *
 * @return  borrowed from the page; its data is NULL when the page does not have the tag
 */
GumboStringPiece html_written_name(const GumboElement *element);
