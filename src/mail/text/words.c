/* Encoded words (RFC 2047).
 *
 * Not GMime's: it joins neighbouring base64 words before decoding and loses what follows padding,
 * which phish and real mail have in every other long subject. Here each word becomes octets, and
 * octets of neighbours in one charset become text together, so a character split over two words is
 * whole again. */
#include "mail/text/words.h"

#include "mail/text/charset.h"

#include <gmime/gmime.h>
#include <string.h>

typedef struct {
	const char *charset, *text; /* into the field */
	gsize charset_length, text_length;
	char encoding;
	const char *end; /* past "?=" */
} Word;

/* "=?charset?b?text?=" at @at. */
static gboolean parse_word(const char *at, Word *word)
{
	word->charset = at + 2;
	const char *mark = word->charset + strcspn(word->charset, "? \t");
	if (*mark != '?' || mark == word->charset)
		return FALSE;
	/* RFC 2231 §5: a language may follow the charset. */
	const char *language = memchr(word->charset, '*', (gsize)(mark - word->charset));
	word->charset_length = (gsize)((language ? language : mark) - word->charset);
	word->encoding = g_ascii_tolower(mark[1]);
	if ((word->encoding != 'b' && word->encoding != 'q') || mark[2] != '?')
		return FALSE;
	word->text = mark + 3;
	const char *end = strchr(word->text, '?');
	if (!end || end[1] != '=')
		return FALSE;
	word->text_length = (gsize)(end - word->text);
	word->end = end + 2;
	return TRUE;
}

static void append_q(const Word *word, GString *octets)
{
	for (gsize i = 0; i < word->text_length; i++) {
		char c = word->text[i];
		if (c == '=' && i + 2 < word->text_length && g_ascii_isxdigit(word->text[i + 1]) &&
		    g_ascii_isxdigit(word->text[i + 2])) {
			g_string_append_c(octets,
			                  (char)(g_ascii_xdigit_value(word->text[i + 1]) * 16 +
			                         g_ascii_xdigit_value(word->text[i + 2])));
			i += 2;
		} else {
			g_string_append_c(octets, c == '_' ? ' ' : c);
		}
	}
}

static void append_b(const Word *word, GString *octets)
{
	int state = 0;
	guint32 save = 0;
	gsize room = word->text_length / 4 * 3 + 6, before = octets->len;
	g_string_set_size(octets, before + room);
	gsize length = g_mime_encoding_base64_decode_step(
		(const unsigned char *)word->text, word->text_length,
		(unsigned char *)octets->str + before, &state, &save);
	g_string_truncate(octets, before + length);
}

/* Octets of neighbouring words in one charset, until something else follows. */
typedef struct {
	GString *text, *octets;
	const Word *last;
	char charset[64];
} Decoder;

static void flush(Decoder *decoder)
{
	if (decoder->octets->len == 0)
		return;
	g_autofree char *text =
		charset_decode(decoder->charset, decoder->octets->str, decoder->octets->len, NULL);
	g_string_append(decoder->text, text);
	g_string_truncate(decoder->octets, 0);
}

static void take_word(Decoder *decoder, const Word *word)
{
	gboolean same =
		strlen(decoder->charset) == word->charset_length &&
		g_ascii_strncasecmp(decoder->charset, word->charset, word->charset_length) == 0;
	if (!same) {
		flush(decoder);
		gsize length = MIN(word->charset_length, sizeof decoder->charset - 1);
		memcpy(decoder->charset, word->charset, length);
		decoder->charset[length] = '\0';
	}
	if (word->encoding == 'q')
		append_q(word, decoder->octets);
	else
		append_b(word, decoder->octets);
}

static char *decode_words(const char *field)
{
	Decoder decoder = {.text = g_string_sized_new(strlen(field)), .octets = g_string_new(NULL)};
	const char *at = field;
	const char *last_end = g_strrstr(field, "?="); /* no word begins behind it */
	gboolean after_word = FALSE;
	while (last_end && at < last_end) {
		const char *next = strstr(at, "=?");
		Word word;
		if (!next)
			break;
		/* White space between two words is not part of the text. */
		gsize gap = (gsize)(next - at);
		if (!parse_word(next, &word)) {
			flush(&decoder);
			g_string_append_len(decoder.text, at, (gssize)gap + 2);
			at = next + 2;
			after_word = FALSE;
			continue;
		}
		if (!after_word || strspn(at, " \t") != gap) {
			flush(&decoder);
			g_string_append_len(decoder.text, at, (gssize)gap);
		}
		take_word(&decoder, &word);
		at = word.end;
		after_word = TRUE;
	}
	flush(&decoder);
	g_string_append(decoder.text, at);
	g_string_free(decoder.octets, TRUE);
	return g_string_free(decoder.text, FALSE);
}

static void without_line_ends(char *text)
{
	char *to = text;
	for (const char *from = text; *from; from++)
		if (*from != '\r' && *from != '\n')
			*to++ = *from;
	*to = '\0';
}

char *words_decode(const char *raw)
{
	char *text = charset_decode(NULL, raw, strlen(raw), NULL);
	without_line_ends(text);
	g_strstrip(text);
	if (!strstr(text, "=?"))
		return text;
	char *decoded = decode_words(text);
	g_free(text);
	for (char *c = decoded; *c; c++)
		if ((guchar)*c < 0x20 && *c != '\t')
			*c = ' ';
	return decoded;
}
