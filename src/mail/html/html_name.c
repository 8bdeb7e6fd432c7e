#include "mail/html/html_name.h"

#include <string.h>

static const char nameless[] = "</>"; /* HTML leaves it out */

GumboStringPiece html_written_name(const GumboElement *element)
{
	const size_t size = sizeof nameless - 1;
	GumboStringPiece name = element->original_tag;
	while (name.length > size && memcmp(name.data, nameless, size) == 0) {
		name.data += size;
		name.length -= size;
	}
	gumbo_tag_from_original_text(&name);
	return name;
}
