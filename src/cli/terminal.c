/* Columns are not bytes and not characters: everything that is aligned goes through here. */
#include "cli/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char *const codes[] = {
	[STYLE_PLAIN] = "",          [STYLE_DIM] = "\033[2m",   [STYLE_BOLD] = "\033[1m",
	[STYLE_GOOD] = "\033[32m",   [STYLE_WARN] = "\033[33m", [STYLE_BAD] = "\033[31m",
	[STYLE_HEAD] = "\033[1;36m",
};

static int columns_of(int fd)
{
	struct winsize size = {0};
	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	const char *columns = g_getenv("COLUMNS");
	gint64 said = columns ? g_ascii_strtoll(columns, NULL, 10) : 0;
	return said >= 20 && said <= 1000 ? (int)said : 80;
}

Terminal terminal_of(int fd)
{
	if (!isatty(fd))
		return (Terminal){0};
	const char *none = g_getenv("NO_COLOR");
	gboolean dumb = g_strcmp0(g_getenv("TERM"), "dumb") == 0;
	return (Terminal){.width = columns_of(fd), .colour = !dumb && (!none || !*none)};
}

char *terminal_paint(const Terminal *terminal, Style style, const char *text)
{
	if (!terminal->colour || style == STYLE_PLAIN || !*text)
		return g_strdup(text);
	return g_strconcat(codes[style], text, "\033[0m", NULL);
}

static int char_columns(gunichar c)
{
	return g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
}

int terminal_columns(const char *text)
{
	int columns = 0;
	for (const char *p = text; *p; p = g_utf8_next_char(p))
		columns += char_columns(g_utf8_get_char(p));
	return columns;
}

/* The end of as many whole characters of @text as fit into @columns, marks on the last included. */
static const char *fit(const char *text, int columns)
{
	const char *p = text;
	for (int used = 0; *p; p = g_utf8_next_char(p)) {
		used += char_columns(g_utf8_get_char(p));
		if (used > columns)
			break;
	}
	return p;
}

char *terminal_cut(const char *text, int columns)
{
	if (columns <= 0)
		return g_strdup("");
	if (!*fit(text, columns))
		return g_strdup(text);
	const char *end = fit(text, columns - 1);
	while (end > text && end[-1] == ' ')
		end--;
	g_autofree char *kept = g_strndup(text, (gsize)(end - text));
	return g_strconcat(kept, "…", NULL);
}

static void new_line(GString *out, int indent)
{
	g_string_append_c(out, '\n');
	for (int i = 0; i < indent; i++)
		g_string_append_c(out, ' ');
}

char *terminal_wrap(const char *text, int columns, int indent)
{
	GString *out = g_string_new(NULL);
	int used = 0;
	const char *p = text;
	while (*p) {
		p += strspn(p, " ");
		gsize length = strcspn(p, " ");
		if (!length)
			break;
		g_autofree char *word = g_strndup(p, length);
		p += length;
		int wide = terminal_columns(word);
		if (used && columns && used + 1 + wide > columns) {
			new_line(out, indent);
			used = 0;
		}
		if (used) {
			g_string_append_c(out, ' ');
			used++;
		}
		const char *rest = word;
		for (; columns && terminal_columns(rest) > MAX(columns, 2);) {
			const char *end = fit(rest, MAX(columns, 2));
			g_string_append_len(out, rest, end - rest);
			new_line(out, indent);
			rest = end;
			used = 0;
		}
		g_string_append(out, rest);
		used += terminal_columns(rest);
	}
	return g_string_free(out, FALSE);
}
