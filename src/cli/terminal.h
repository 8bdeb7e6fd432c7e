#pragma once
#include <glib.h>

/* What text is on a terminal: columns, colours, lines. */

/* Where output goes. */
typedef struct {
	int width; /* columns; 0: no terminal, lines are never cut or wrapped */
	gboolean colour;
} Terminal;

/** How @fd shows text. Colour on a terminal, unless NO_COLOR is set or TERM is "dumb". */
Terminal terminal_of(int fd);

typedef enum {
	STYLE_PLAIN,
	STYLE_DIM,
	STYLE_BOLD,
	STYLE_GOOD,
	STYLE_WARN,
	STYLE_BAD,
	STYLE_HEAD
} Style;

/** @text in @style, which must be safe for a terminal already (text_for_terminal()); newly
 * allocated. */
char *terminal_paint(const Terminal *terminal, Style style, const char *text);

/** Columns that @text (valid UTF-8, one line) takes: wide characters two, combining ones none. */
int terminal_columns(const char *text);

/** @text cut to @columns, with "…" at its end when something is missing; newly allocated. */
char *terminal_cut(const char *text, int columns);

/** @text broken between words into lines of at most @columns, each after the first begun with
 * @indent spaces; a word that is too long is broken. No newline at the end. @columns 0: one line.
 * Newly allocated. */
char *terminal_wrap(const char *text, int columns, int indent);
