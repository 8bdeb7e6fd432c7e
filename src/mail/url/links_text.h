#pragma once
#include <glib.h>

/* A URL in running text: as it stands there, as a URL, and whether people wrote it without its
 * scheme ("www.corp.example", "corp.example/x"). Strings are valid during the call. */
typedef void (*LinksFound)(const char *written, const char *url, gboolean bare, gpointer data);

/**
 * The URLs that people or mail programs would take for links in @text, in order: with a scheme,
 * wrapped over lines in angle brackets (RFC 3986 appendix C), beginning with "www.", a host with a
 * path, and defanged ones ("hxxps://corp[.]example").
 */
void links_text_find(const char *text, LinksFound found, gpointer data);

/** The same for scripts and comments: only URLs with a scheme, which quotes may end. */
void links_code_find(const char *text, LinksFound found, gpointer data);

/** Text of "format=flowed; delsp=yes" (RFC 3676 §4) with its soft line ends undone. Newly
 * allocated. */
char *links_text_unflow(const char *text);
