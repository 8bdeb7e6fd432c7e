/* From octets to text.
 *
 * iconv loads a shared object for each character set when it is first opened, which a sandboxed
 * reader may not do; so all of them are opened at start and stay open. */
#include "mail/text/charset.h"

#include "base/text.h"

#include <errno.h>
#include <gmime/gmime.h>
#include <iconv.h>
#include <string.h>

/* What iconv is asked for. The first column is the label in mail, lower case
 * and with '-' for '_'; where the second is
 * NULL they are the same. Labels that are not here are tried as they are, which works only outside
 * a sandbox. */
static const struct {
	const char *label, *name;
} charsets[] = {
	{"windows-1252", "WINDOWS-1252"},
	{"iso-8859-1", "WINDOWS-1252"},
	{"iso8859-1", "WINDOWS-1252"},
	{"latin1", "WINDOWS-1252"},
	{"us-ascii", "WINDOWS-1252"},
	{"ascii", "WINDOWS-1252"},
	{"ansi_x3.4-1968", "WINDOWS-1252"},
	{"cp1252", "WINDOWS-1252"},
	{"cp-1252", "WINDOWS-1252"},
	{"iso-8859-2", NULL},
	{"iso-8859-3", NULL},
	{"iso-8859-4", NULL},
	{"iso-8859-5", NULL},
	{"iso-8859-6", NULL},
	{"iso-8859-7", NULL},
	{"iso-8859-8", NULL},
	{"iso-8859-8-i", "ISO-8859-8"},
	{"iso-8859-9", "WINDOWS-1254"},
	{"iso-8859-10", NULL},
	{"iso-8859-11", "CP874"},
	{"iso-8859-13", NULL},
	{"iso-8859-14", NULL},
	{"iso-8859-15", NULL},
	{"iso-8859-16", NULL},
	{"windows-1250", NULL},
	{"windows-1251", NULL},
	{"windows-1253", NULL},
	{"windows-1254", NULL},
	{"windows-1255", NULL},
	{"windows-1256", NULL},
	{"windows-1257", NULL},
	{"windows-1258", NULL},
	{"windows-874", "CP874"},
	{"cp1250", NULL},
	{"cp1251", NULL},
	{"cp1253", NULL},
	{"cp1254", NULL},
	{"cp1255", NULL},
	{"cp1256", NULL},
	{"cp1257", NULL},
	{"cp1258", NULL},
	{"cp874", NULL},
	{"tis-620", "CP874"},
	{"koi8-r", NULL},
	{"koi8-u", NULL},
	{"ibm437", NULL},
	{"cp437", NULL},
	{"ibm850", NULL},
	{"cp850", NULL},
	{"cp852", NULL},
	{"cp855", NULL},
	{"cp862", NULL},
	{"cp866", NULL},
	{"ibm866", NULL},
	{"macintosh", NULL},
	{"x-mac-roman", "MACINTOSH"},
	{"gb2312", "GB18030"},
	{"gbk", "GB18030"},
	{"gb18030", NULL},
	{"x-gbk", "GB18030"},
	{"cp936", "GB18030"},
	{"big5", "BIG5-HKSCS"},
	{"big5-hkscs", NULL},
	{"x-x-big5", "BIG5-HKSCS"},
	{"cp950", NULL},
	{"euc-tw", NULL},
	{"shift-jis", "CP932"},
	{"x-sjis", "CP932"},
	{"sjis", "CP932"},
	{"ms-kanji", "CP932"},
	{"windows-31j", "CP932"},
	{"cp932", NULL},
	{"euc-jp", "EUC-JP-MS"},
	{"x-euc-jp", "EUC-JP-MS"},
	{"iso-2022-jp", "ISO-2022-JP-2"},
	{"iso-2022-jp-2", NULL},
	{"iso-2022-jp-ms", "CP50220"},
	{"iso-2022-jp-3", NULL},
	{"iso-2022-kr", NULL},
	{"iso-2022-cn", NULL},
	{"euc-kr", "UHC"},
	{"ks-c-5601-1987", "UHC"},
	{"ks-c-5601", "UHC"},
	{"cp949", "UHC"},
	{"johab", NULL},
	{"utf-7", NULL},
	{"unicode-1-1-utf-7", "UTF-7"},
	{"utf-16", NULL},
	{"utf-16le", NULL},
	{"utf-16be", NULL},
	{"utf-32", NULL},
	{"utf-32le", NULL},
	{"utf-32be", NULL},
	{"viscii", NULL},
	{"tcvn", NULL},
	{"armscii-8", NULL},
	{"georgian-ps", NULL},
	{"ibm037", NULL},
	{"euc-cn", "GB18030"},
	{"hp-roman8", NULL},
	{"iso-ir-111", "ECMA-CYRILLIC"},
};

/* What GMime asks iconv for by itself, decoding header fields. */
static const char *const of_gmime[] = {"GBK",         "EUC-CN",       "BIG5",    "SJIS",
                                       "EUC-JP",      "EUC-KR",       "JOHAB",   "ISO-8859-1",
                                       "ISO-8859-9",  "ISO-8859-11",  "GB18030", "CP949",
                                       "ISO-2022-JP", "ISO-2022-JP-1"};

static GHashTable *names;      /* label -> name for iconv */
static GPtrArray *descriptors; /* iconv_t, never closed: open ones keep their modules in memory */

static gboolean keep_open(const char *name)
{
	iconv_t descriptor = iconv_open("UTF-8", name);
	if (descriptor == (iconv_t)-1)
		return FALSE;
	g_ptr_array_add(descriptors, descriptor);
	return TRUE;
}

void charset_init(void)
{
	static gsize once;
	if (!g_once_init_enter(&once))
		return;
	names = g_hash_table_new(g_str_hash, g_str_equal);
	descriptors = g_ptr_array_new();
	for (guint i = 0; i < G_N_ELEMENTS(charsets); i++) {
		const char *name = charsets[i].name ? charsets[i].name : charsets[i].label;
		if (keep_open(name))
			g_hash_table_insert(names, (gpointer)charsets[i].label, (gpointer)name);
	}
	for (guint i = 0; i < G_N_ELEMENTS(of_gmime); i++)
		keep_open(of_gmime[i]);
	g_once_init_leave(&once, 1);
}

static const char *iconv_name(const char *charset)
{
	g_autofree char *label = g_ascii_strdown(charset, -1);
	const char *name = g_hash_table_lookup(names, g_strdelimit(g_strstrip(label), "_", '-'));
	return name ? name : g_mime_charset_iconv_name(charset);
}

/* TRUE when all of it became text; what did not is U+FFFD. */
static gboolean convert(iconv_t converter, const char *from, gsize length, GString *to)
{
	gboolean exact = TRUE;
	char *in = (char *)from;
	char buffer[4096];
	while (length > 0) {
		char *out = buffer;
		gsize room = sizeof buffer;
		gsize done = iconv(converter, &in, &length, &out, &room);
		int problem = errno;
		g_string_append_len(to, buffer, out - buffer);
		if (done != (gsize)-1)
			break;
		if (problem == E2BIG)
			continue;
		exact = FALSE;
		g_string_append(to, "\xef\xbf\xbd");
		if (problem != EILSEQ)
			break;
		in++;
		length--;
	}
	char *out = buffer;
	gsize room = sizeof buffer;
	if (iconv(converter, NULL, NULL, &out, &room) != (gsize)-1)
		g_string_append_len(to, buffer, out - buffer);
	return exact;
}

/* Text has no NUL, and no character past U+10FFFF, which iconv lets through: they become visible.
 */
static char *made_valid(GString *text, gboolean *exact)
{
	if (text_is_valid(text->str, text->len))
		return g_string_free(text, FALSE);
	char *valid = g_utf8_make_valid(text->str, (gssize)text->len);
	g_string_free(text, TRUE);
	*exact = FALSE;
	return valid;
}

static char *decode_named(const char *name, const char *octets, gsize length, gboolean *exact)
{
	iconv_t converter = iconv_open("UTF-8", name);
	if (converter == (iconv_t)-1)
		return NULL;
	GString *text = g_string_sized_new(length + length / 8 + 16);
	*exact = convert(converter, octets, length, text);
	iconv_close(converter);
	return made_valid(text, exact);
}

static gboolean is_utf8(const char *charset)
{
	return g_ascii_strcasecmp(charset, "utf-8") == 0 ||
	       g_ascii_strcasecmp(charset, "utf8") == 0;
}

char *charset_decode(const char *charset, const void *octets, gsize length, gboolean *exact)
{
	gboolean unused;
	exact = exact ? exact : &unused;
	charset_init();
	gboolean named = charset && *charset;
	*exact = TRUE;
	/* Seven-bit text and UTF-8, which is nearly everything; what claims to be Latin-1 and is
	 * valid UTF-8 beyond ASCII is UTF-8 with a wrong label far more often than the reverse. */
	if ((!named || is_utf8(charset) || g_str_has_prefix(iconv_name(charset), "WINDOWS-125")) &&
	    text_is_valid(octets, length))
		return g_strndup(octets, length);
	if (named && is_utf8(charset)) {
		*exact = FALSE;
		return g_utf8_make_valid(octets, (gssize)length);
	}
	char *text = named ? decode_named(iconv_name(charset), octets, length, exact) : NULL;
	if (!text) {
		gboolean ignored;
		text = text_is_valid(octets, length)
		               ? g_strndup(octets, length)
		               : decode_named("WINDOWS-1252", octets, length, &ignored);
		*exact = FALSE;
	}
	return text ? text : g_utf8_make_valid(octets, (gssize)length);
}
