#pragma once
#include <glib.h>

/** Loads the file type database. */
void detect_init(void);

/** The media type of @content by its octets ("application/pdf"); newly allocated. */
char *detect_type(GBytes *content);
