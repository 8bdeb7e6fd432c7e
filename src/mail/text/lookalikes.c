/* Characters that are there to be overlooked or mistaken.
 *
 * Honest mail has few of them: a soft hyphen, a joiner inside an emoji or an Indic word, a Greek
 * letter in a formula. So what counts is where they stand: between Latin letters, or mixed with
 * them in one word. */
#include "mail/text/lookalikes.h"

#include "base/text.h"
#include "mail/findings/findings.h"

#include <string.h>

static gboolean is_latin(gunichar c)
{
	return c < 0x250 && g_unichar_isalpha(c);
}

/* Alphabets with letters that look like Latin ones. */
static gboolean is_lookalike_script(gunichar c)
{
	return g_unichar_isalpha(c) &&
	       ((c >= 0x370 && c < 0x400) || (c >= 0x400 && c < 0x530) ||  /* Greek, Cyrillic */
	        (c >= 0x531 && c < 0x590) || (c >= 0x13a0 && c < 0x1400)); /* Armenian, Cherokee */
}

static gboolean is_zero_width(gunichar c)
{
	return c == 0x200b || c == 0x200c || c == 0x200d || c == 0x2060 || c == 0xfeff ||
	       c == 0xad || c == 0x34f || c == 0x180e || c == 0x115f || c == 0x3164;
}

static gboolean is_direction(gunichar c)
{
	return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static gboolean is_mathematical(gunichar c)
{
	return (c >= 0x1d400 && c <= 0x1d7ff) || (c >= 0x1f130 && c <= 0x1f189) ||
	       (c >= 0xff21 && c <= 0xff5a);
}

typedef struct {
	guint latin, foreign; /* in the present word */
	guint mixed_words, zero_width, directions, mathematical;
	char *example;
} Counts;

static void end_word(Counts *counts, const char *start, const char *end)
{
	if (counts->latin > 0 && counts->foreign > 0) {
		counts->mixed_words++;
		if (!counts->example)
			counts->example = g_strndup(start, (gsize)MIN(end - start, 100));
	}
	counts->latin = counts->foreign = 0;
}

static void count(Counts *counts, const char *text)
{
	const char *word = text;
	gunichar before = 0;
	for (const char *at = text; *at; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);
		/* Plain text, nearly all there is. */
		if (c < 0x80 && !g_ascii_isalpha((char)c)) {
			end_word(counts, word, at);
			word = at + 1;
			before = c;
			continue;
		}
		counts->latin += is_latin(c);
		counts->foreign += is_lookalike_script(c);
		counts->directions += is_direction(c);
		counts->mathematical += is_mathematical(c);
		if (is_zero_width(c) && is_latin(before) && at[0] &&
		    is_latin(g_utf8_get_char(g_utf8_next_char(at))))
			counts->zero_width++;
		before = c;
	}
	end_word(counts, word, text + strlen(text));
}

void lookalikes_find(json_t *findings, const char *where, const char *text)
{
	Counts counts = {0};
	if (!text || text_is_ascii(text, strlen(text)))
		return;
	count(&counts, text);
	if (counts.mixed_words > 0)
		findings_add(findings, "mixed_alphabets", where,
		             "%u words mix Latin letters with ones that look like them: %s",
		             counts.mixed_words, counts.example);
	if (counts.zero_width > 0)
		findings_add(findings, "zero_width", where,
		             "%u characters of no width stand inside words", counts.zero_width);
	if (counts.directions > 0)
		findings_add(findings, "bidi_control", where,
		             "%u characters turn the direction of writing", counts.directions);
	if (counts.mathematical > 3)
		findings_add(findings, "styled_letters", where,
		             "%u letters are written with symbols of other meaning",
		             counts.mathematical);
	g_free(counts.example);
}
