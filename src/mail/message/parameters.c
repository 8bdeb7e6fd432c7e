/* Cuts header fields that have parameters without an end, before a parser sees them.
 *
 * Any line that begins like such a field is taken for one, also in a body: a text with more than a
 * hundred semicolons after "Content-" is rare enough. */
#include "mail/message/parameters.h"

#include "base/limits.h"

#include <string.h>

#define MUCH 20 /* semicolons a parameter, those in quotes too, of an honest field */

typedef struct {
	const char *at, *end;
} Text;

static gboolean begins_field(const char *line, const char *end)
{
	return end - line > 8 && g_ascii_strncasecmp(line, "content-", 8) == 0;
}

/* The end of the field that begins at @line: its last folded line's end. */
static const char *field_end(const char *line, const char *end)
{
	for (const char *at = line; at < end;) {
		const char *line_end = memchr(at, '\n', (gsize)(end - at));
		if (!line_end || line_end + 1 >= end)
			return end;
		if (line_end[1] != ' ' && line_end[1] != '\t')
			return line_end + 1;
		at = line_end + 1;
	}
	return end;
}

/* Where the first parameter begins that is too many, or @end. */
static const char *first_past(const char *field, const char *end, guint most, guint *seen)
{
	guint outside = 0, all = 0;
	gboolean quoted = FALSE;
	const char *at = field;
	for (; at < end; at++) {
		if (*at == '\\' && quoted && at + 1 < end)
			at++;
		else if (*at == '"')
			quoted = !quoted;
		else if (*at == ';' &&
		         (++all / MUCH > most + 1 || (!quoted && ++outside > most + 1)))
			break;
	}
	*seen += outside;
	return at;
}

/* The first field from @at on that is too long; what is left of it and where the rest begins. */
static gboolean find_long(const char *at, const char *end, guint most, guint *seen, Text *cut)
{
	for (const char *line = at; line < end;) {
		if (begins_field(line, end)) {
			const char *past = field_end(line, end);
			guint late = MIN(most, LIMIT_FEW_PARAMETERS - 1);
			cut->at = first_past(line, past, *seen > LIMIT_ALL_PARAMETERS ? late : most,
			                     seen);
			cut->end = past;
			if (cut->at < past)
				return TRUE;
		}
		const char *line_end = memchr(line, '\n', (gsize)(end - line));
		line = line_end ? line_end + 1 : end;
	}
	return FALSE;
}

GBytes *parameters_within(GBytes *message, guint most, guint *seen)
{
	gsize size;
	Text cut;
	const char *at = g_bytes_get_data(message, &size);
	if (size == 0) /* there may be no text, not even an empty one */
		return g_bytes_ref(message);
	const char *end = at + size;
	if (!find_long(at, end, most, seen, &cut))
		return g_bytes_ref(message);
	GByteArray *shorter = g_byte_array_sized_new((guint)size);
	do {
		g_byte_array_append(shorter, (const guint8 *)at, (guint)(cut.at - at));
		g_byte_array_append(shorter, (const guint8 *)"\n", 1);
		at = cut.end;
	} while (at < end && find_long(at, end, most, seen, &cut));
	g_byte_array_append(shorter, (const guint8 *)at, (guint)(end - at));
	return g_byte_array_free_to_bytes(shorter);
}
