#pragma once
#include <glib.h>

/* Enums are stored, sent and shown by name. A table of names is indexed by the enum's value and
 * ends with NULL. */

/** The value of @name in @names, or -1. */
int names_find(const char *const *names, const char *name);
