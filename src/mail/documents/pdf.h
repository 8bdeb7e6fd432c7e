#pragma once
#include "mail/documents/document.h"

/** Findings by the names in a PDF's objects. @with_links  also links, for a file that cannot be
 * read otherwise. */
void pdf_read_objects(Document *document, gboolean with_links);
