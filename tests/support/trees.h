#pragma once
#include <glib.h>

/**
 * The tree that gumbo makes of a page, and the one with runs taken out of the page before and put
 * back after (mail/html_runs.h). NULL: they are the same; else where they differ, newly allocated.
 */
char *trees_differ(const char *html);
