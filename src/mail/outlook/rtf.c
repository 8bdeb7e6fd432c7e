/* RTF bodies of Outlook: decompressed, and freed of RTF.
 *
 * Not by libytnef's decompressor, which trusts the sizes in the stream. */
#include "mail/outlook/rtf.h"

#include "base/limits.h"
#include "mail/text/charset.h"

#include <string.h>

static const char dictionary[] =
	"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss "
	"\\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier"
	"{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

static guint32 little_endian(const guint8 *at)
{
	return at[0] | (guint32)at[1] << 8 | (guint32)at[2] << 16 | (guint32)at[3] << 24;
}

/* The window of 4 KiB that references point into. */
static void put(GByteArray *out, guint8 *window, guint *at, guint8 octet)
{
	window[*at] = octet;
	*at = (*at + 1) & 4095;
	g_byte_array_append(out, &octet, 1);
}

static GBytes *expand(const guint8 *in, gsize size)
{
	guint8 window[4096] = {0};
	guint at = sizeof dictionary - 1;
	memcpy(window, dictionary, at);
	GByteArray *out = g_byte_array_new();
	gsize i = 0;
	while (i < size && out->len < LIMIT_BODY_TEXT * 4) {
		guint8 control = in[i++];
		for (guint bit = 0; bit < 8 && i < size; bit++, control >>= 1) {
			if (!(control & 1)) {
				put(out, window, &at, in[i++]);
				continue;
			}
			if (i + 1 >= size)
				return g_byte_array_free_to_bytes(out);
			guint from = (guint)in[i] << 4 | in[i + 1] >> 4;
			guint length = (in[i + 1] & 15u) + 2;
			i += 2;
			if (from == at)
				return g_byte_array_free_to_bytes(out);
			while (length-- > 0)
				put(out, window, &at, window[from++ & 4095]);
		}
	}
	return g_byte_array_free_to_bytes(out);
}

GBytes *rtf_decompress(const void *octets, gsize size)
{
	const guint8 *in = octets;
	if (size < 16)
		return NULL;
	if (little_endian(in + 8) == 0x414c454d) /* "MELA": not compressed */
		return g_bytes_new(in + 16, MIN(size - 16, little_endian(in + 4)));
	return little_endian(in + 8) == 0x75465a4c ? expand(in + 16, size - 16) : NULL;
}

/* ---- RTF to text ---- */

#define DEPTH 256

typedef struct {
	gboolean skip;    /* a destination that is not text */
	gboolean htmlrtf; /* RTF that stands for HTML which is given otherwise */
	guint unicode_skip;
} RtfGroup;

typedef struct {
	const char *at, *end;
	RtfGroup groups[DEPTH];
	guint depth;
	gboolean is_html;
	gboolean in_tag; /* depth + 1 of an \*\htmltag group, or 0 */
	char charset[32];
	GString *octets; /* in charset, not yet text */
	GString *text;
	guint skip_next; /* characters after \u that repeat it */
} Rtf;

static void flush(Rtf *rtf)
{
	if (rtf->octets->len == 0)
		return;
	g_autofree char *text =
		charset_decode(rtf->charset, rtf->octets->str, rtf->octets->len, NULL);
	g_string_append(rtf->text, text);
	g_string_truncate(rtf->octets, 0);
}

static gboolean is_shown(const Rtf *rtf)
{
	const RtfGroup *group = &rtf->groups[rtf->depth];
	return !group->skip && !group->htmlrtf && rtf->text->len < LIMIT_BODY_TEXT;
}

static void add_octet(Rtf *rtf, char octet)
{
	if (rtf->skip_next > 0)
		rtf->skip_next--;
	else if (is_shown(rtf))
		g_string_append_c(rtf->octets, octet);
}

static void add_unicode(Rtf *rtf, gunichar c)
{
	flush(rtf);
	if (is_shown(rtf) && g_unichar_validate(c) && c)
		g_string_append_unichar(rtf->text, c);
}

/* Destinations whose content is no text. */
static const char *const silent[] = {"fonttbl",
                                     "colortbl",
                                     "stylesheet",
                                     "info",
                                     "pict",
                                     "object",
                                     "header",
                                     "footer",
                                     "themedata",
                                     "generator",
                                     "listtable",
                                     "listoverridetable",
                                     "rsidtbl",
                                     "xmlnstbl",
                                     "latentstyles",
                                     "datastore",
                                     "pntext",
                                     "bkmkstart",
                                     "bkmkend",
                                     "mmathPr",
                                     "wgrffmtfilter",
                                     "fldinst",
                                     "colorschememapping",
                                     "revtbl"};

/* Control words that are characters. */
static const struct {
	const char *word;
	gunichar text;
} characters[] = {
	{"par", '\n'},      {"line", '\n'},        {"tab", '\t'},         {"lquote", 0x2018},
	{"rquote", 0x2019}, {"ldblquote", 0x201c}, {"rdblquote", 0x201d}, {"bullet", 0x2022},
	{"endash", 0x2013}, {"emdash", 0x2014},    {"emspace", 0x2003},   {"enspace", 0x2002},
	{"sect", '\n'},     {"page", '\n'},        {"cell", '\t'},        {"row", '\n'},
};

static void control_word(Rtf *rtf, const char *word, gboolean has_number, gint number)
{
	RtfGroup *group = &rtf->groups[rtf->depth];
	for (guint i = 0; i < G_N_ELEMENTS(silent); i++)
		if (strcmp(silent[i], word) == 0)
			group->skip = TRUE;
	if (strcmp(word, "ansicpg") == 0) {
		g_snprintf(rtf->charset, sizeof rtf->charset, number == 65001 ? "utf-8" : "cp%d",
		           number);
	} else if (strcmp(word, "fromhtml") == 0) {
		rtf->is_html = TRUE;
	} else if (strcmp(word, "htmlrtf") == 0) {
		flush(rtf);
		group->htmlrtf = !has_number || number != 0;
	} else if (strcmp(word, "htmltag") == 0) {
		group->skip = !rtf->is_html;
	} else if (strcmp(word, "uc") == 0) {
		group->unicode_skip = (guint)CLAMP(number, 0, 16);
	} else if (strcmp(word, "u") == 0) {
		add_unicode(rtf, (gunichar)(number < 0 ? number + 65536 : number));
		rtf->skip_next = group->unicode_skip;
	}
	for (guint i = 0; i < G_N_ELEMENTS(characters); i++)
		if (strcmp(characters[i].word, word) == 0)
			add_unicode(rtf, characters[i].text);
}

/* What follows a backslash. */
static void control(Rtf *rtf)
{
	char word[33];
	guint length = 0;
	if (rtf->at >= rtf->end)
		return;
	char first = *rtf->at;
	if (!g_ascii_isalpha(first)) {
		rtf->at++;
		if (first == '\'' && rtf->end - rtf->at >= 2 && g_ascii_isxdigit(rtf->at[0]) &&
		    g_ascii_isxdigit(rtf->at[1])) {
			add_octet(rtf, (char)(g_ascii_xdigit_value(rtf->at[0]) * 16 +
			                      g_ascii_xdigit_value(rtf->at[1])));
			rtf->at += 2;
		} else if (first == '*') {
			/* A destination that may be skipped, unless it is known. */
			rtf->groups[rtf->depth].skip =
				!g_str_has_prefix(rtf->at, "\\htmltag") &&
						!g_str_has_prefix(rtf->at, "\\mhtmltag")
					? TRUE
					: g_str_has_prefix(rtf->at, "\\m");
		} else if (first == '~') {
			add_unicode(rtf, 0xa0);
		} else if (first == '_') {
			add_octet(rtf, '-');
		} else if (strchr("\\{}", first)) {
			add_octet(rtf, first);
		}
		return;
	}
	while (rtf->at < rtf->end && g_ascii_isalpha(*rtf->at)) {
		if (length < sizeof word - 1)
			word[length++] = *rtf->at;
		rtf->at++;
	}
	word[length] = '\0';
	gboolean negative = rtf->at < rtf->end && *rtf->at == '-';
	const char *digits = rtf->at + negative;
	gint number = 0;
	gboolean has_number = digits < rtf->end && g_ascii_isdigit(*digits);
	if (has_number)
		for (rtf->at = digits; rtf->at < rtf->end && g_ascii_isdigit(*rtf->at); rtf->at++)
			number = number < 100000000 ? number * 10 + (*rtf->at - '0') : number;
	if (rtf->at < rtf->end && *rtf->at == ' ')
		rtf->at++;
	control_word(rtf, word, has_number, negative ? -number : number);
}

static void open_group(Rtf *rtf)
{
	flush(rtf);
	if (rtf->depth + 1 >= DEPTH) {
		rtf->end = rtf->at;
		return;
	}
	rtf->groups[rtf->depth + 1] = rtf->groups[rtf->depth];
	rtf->depth++;
}

char *rtf_to_text(GBytes *bytes, gboolean *is_html)
{
	gsize size;
	const char *octets = g_bytes_get_data(bytes, &size);
	g_autofree char *copy = g_strndup(octets, size);
	g_autofree Rtf *rtf = g_new0(Rtf, 1);
	rtf->at = copy;
	rtf->end = copy + size;
	rtf->groups[0].unicode_skip = 1;
	g_strlcpy(rtf->charset, "windows-1252", sizeof rtf->charset);
	rtf->octets = g_string_new(NULL);
	rtf->text = g_string_new(NULL);
	while (rtf->at < rtf->end) {
		char c = *rtf->at++;
		if (c == '{') {
			open_group(rtf);
		} else if (c == '}') {
			flush(rtf);
			rtf->depth -= rtf->depth > 0;
		} else if (c == '\\') {
			control(rtf);
		} else if (c != '\r' && c != '\n' && c != '\0') {
			add_octet(rtf, c);
		}
	}
	flush(rtf);
	g_string_free(rtf->octets, TRUE);
	*is_html = rtf->is_html;
	return g_string_free(rtf->text, FALSE);
}
