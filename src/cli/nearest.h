#pragma once
#include <glib.h>

/** The one of @names (NULL-terminated) that @typed was probably meant to be, or NULL when none is
 * near. Borrowed. */
const char *nearest_find(const char *typed, const char *const *names);
