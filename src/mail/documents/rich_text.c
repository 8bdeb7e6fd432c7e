/* RTF: fields, objects and templates. Objects are hexadecimal text, which attackers break up with
 * whatever Word skips; so everything but a digit is skipped here, too. */
#include "base/limits.h"
#include "mail/documents/document.h"

#include <gsf/gsf-utils.h>
#include <string.h>

typedef enum { SHOWN, SKIPPED, FIELD, OBJECT, TEMPLATE } Destination;

typedef struct {
	Document *document;
	const guint8 *at, *end;
	Destination stack[LIMIT_RTF_DEPTH];
	guint depth;      /* groups open, may exceed the stack */
	gboolean starred; /* \* was just read: an unknown destination is skipped */
	GString *text, *field, *template;
	GByteArray *object;
	int nibble; /* the first digit of an octet, or -1 */
} RichText;

static const struct {
	const char *word;
	Destination destination;
} destinations[] = {
	{"fldinst", FIELD},     {"objdata", OBJECT},    {"template", TEMPLATE},
	{"fonttbl", SKIPPED},   {"colortbl", SKIPPED},  {"stylesheet", SKIPPED},
	{"pict", SKIPPED},      {"info", SKIPPED},      {"themedata", SKIPPED},
	{"datastore", SKIPPED}, {"listtable", SKIPPED}, {"fldrslt", SHOWN},
	{"shppict", SHOWN},     {"result", SHOWN},
};

static Destination *present(RichText *rtf)
{
	return &rtf->stack[MIN(rtf->depth, LIMIT_RTF_DEPTH - 1)];
}

static void put(RichText *rtf, gunichar c)
{
	Destination to = *present(rtf);
	GString *texts[] = {[SHOWN] = rtf->text,
	                    [FIELD] = rtf->field,
	                    [TEMPLATE] = rtf->template,
	                    [SKIPPED] = NULL,
	                    [OBJECT] = NULL};
	gsize room = to == SHOWN ? LIMIT_DOCUMENT_TEXT : LIMIT_OFFICE_FIELD;
	if (texts[to] && texts[to]->len < room && c != 0 && g_unichar_validate(c))
		g_string_append_unichar(texts[to], c);
	if (to != OBJECT || !g_ascii_isxdigit((char)MIN(c, 127)))
		return;
	int digit = g_ascii_xdigit_value((char)c);
	if (rtf->nibble < 0) {
		rtf->nibble = digit;
		return;
	}
	guint8 octet = (guint8)(rtf->nibble << 4 | digit);
	rtf->nibble = -1;
	g_byte_array_append(rtf->object, &octet, 1);
}

/* ---- objects: OLE 1.0 ([MS-OLEDS] 2.2) ---- */

/* A string with its length before it. */
static char *counted(const guint8 *octets, gsize size, gsize *at)
{
	gsize length = *at + 4 <= size ? GSF_LE_GET_GUINT32(octets + *at) : G_MAXUINT32;
	if (*at + 4 > size || length > size - *at - 4) {
		*at = size;
		return g_strdup("");
	}
	g_autofree char *text = g_strndup((const char *)octets + *at + 4, length);
	*at += 4 + length;
	return g_utf8_make_valid(text, -1);
}

static void end_object(RichText *rtf)
{
	const guint8 *octets = rtf->object->data;
	gsize size = rtf->object->len, at = 8;
	if (size < 12)
		return;
	guint32 format = GSF_LE_GET_GUINT32(octets + 4);
	g_autofree char *class = counted(octets, size, &at);
	g_autofree char *topic = counted(octets, size, &at);
	g_autofree char *item = counted(octets, size, &at);
	document_finding(rtf->document, "rtf_object", "it has an object in it: %.100s",
	                 *class ? class : "of no class");
	if (g_ascii_strncasecmp(class, "Equation.", 9) == 0)
		document_finding(
			rtf->document, "office_equation",
			"it has an equation of the old editor, which is seldom but in attacks");
	if (format == 1 && *topic) {
		document_finding(rtf->document, "office_external",
		                 "it loads an object from elsewhere: %.200s", topic);
		document_link(rtf->document, "office.object", topic, NULL);
	}
	if (at + 4 < size && format != 1) {
		gsize length = MIN(GSF_LE_GET_GUINT32(octets + at), size - at - 4);
		g_autoptr(GBytes) content = g_bytes_new(octets + at + 4, length);
		if (g_ascii_strcasecmp(class, "Package") == 0)
			ole_native_read(rtf->document, octets + at + 4, length);
		else
			document_part(rtf->document, class, content);
	}
}

/* ---- groups and words ---- */

static void begin_group(RichText *rtf)
{
	Destination inherited = *present(rtf);
	rtf->depth++;
	if (rtf->depth == LIMIT_RTF_DEPTH)
		document_finding(rtf->document, "limit_rtf_depth",
		                 "groups nested deeper than %d are not told apart",
		                 LIMIT_RTF_DEPTH);
	*present(rtf) = inherited;
	rtf->starred = FALSE;
}

static void end_group(RichText *rtf)
{
	Destination ended = *present(rtf);
	if (rtf->depth > 0)
		rtf->depth--;
	Destination now = *present(rtf);
	if (ended == now)
		return;
	if (ended == FIELD) {
		document_field(rtf->document, rtf->field->str);
		g_string_truncate(rtf->field, 0);
	} else if (ended == TEMPLATE) {
		document_finding(rtf->document, "office_template",
		                 "it loads a template, with its macros, from elsewhere: %.300s",
		                 rtf->template->str);
		document_link(rtf->document, "office.template", rtf->template->str, NULL);
		g_string_truncate(rtf->template, 0);
	} else if (ended == OBJECT) {
		end_object(rtf);
		g_byte_array_set_size(rtf->object, 0);
		rtf->nibble = -1;
	}
}

static void on_word(RichText *rtf, const char *word, gboolean has_number, long number)
{
	for (guint i = 0; i < G_N_ELEMENTS(destinations); i++)
		if (strcmp(word, destinations[i].word) == 0) {
			*present(rtf) = destinations[i].destination;
			rtf->starred = FALSE;
			return;
		}
	if (rtf->starred)
		*present(rtf) = SKIPPED;
	rtf->starred = FALSE;
	if (strcmp(word, "par") == 0 || strcmp(word, "line") == 0 || strcmp(word, "cell") == 0)
		put(rtf, '\n');
	else if (strcmp(word, "tab") == 0)
		put(rtf, ' ');
	else if (strcmp(word, "u") == 0 && has_number)
		put(rtf, (gunichar)(number < 0 ? number + 65536 : number));
	else if (strcmp(word, "objupdate") == 0)
		document_finding(rtf->document, "rtf_object_update",
		                 "an object of it is loaded as soon as it is opened");
	else if (strcmp(word, "objautlink") == 0 || strcmp(word, "objlink") == 0)
		document_finding(rtf->document, "office_external",
		                 "it loads an object from elsewhere");
	else if (strcmp(word, "bin") == 0 && number > 0)
		for (; number > 0 && rtf->at < rtf->end; number--, rtf->at++)
			if (*present(rtf) == OBJECT)
				g_byte_array_append(rtf->object, rtf->at, 1);
}

static void read_word(RichText *rtf)
{
	char word[32];
	gsize length = 0;
	while (rtf->at < rtf->end && g_ascii_isalpha(*rtf->at)) {
		if (length < sizeof word - 1)
			word[length++] = (char)*rtf->at;
		rtf->at++;
	}
	word[length] = '\0';
	gboolean negative = rtf->at < rtf->end && *rtf->at == '-', has_number = FALSE;
	rtf->at += negative;
	long number = 0;
	for (; rtf->at < rtf->end && g_ascii_isdigit(*rtf->at); rtf->at++) {
		number = MIN(number * 10 + (*rtf->at - '0'), G_MAXINT32);
		has_number = TRUE;
	}
	if (rtf->at < rtf->end && *rtf->at == ' ')
		rtf->at++;
	on_word(rtf, word, has_number, negative ? -number : number);
}

/* After a backslash. */
static void read_control(RichText *rtf)
{
	if (rtf->at >= rtf->end)
		return;
	guint8 c = *rtf->at;
	if (g_ascii_isalpha(c)) {
		read_word(rtf);
		return;
	}
	rtf->at++;
	if (c == '*') {
		rtf->starred = TRUE;
	} else if (c == '\'' && rtf->end - rtf->at >= 2) {
		int high = g_ascii_xdigit_value((char)rtf->at[0]);
		int low = g_ascii_xdigit_value((char)rtf->at[1]);
		rtf->at += 2;
		if (high >= 0 && low >= 0 && *present(rtf) != OBJECT)
			put(rtf, (gunichar)(high << 4 | low));
	} else if (c == '\\' || c == '{' || c == '}') {
		put(rtf, c);
	} else if (c == '~') {
		put(rtf, ' ');
	}
}

void rich_text_read(Document *document)
{
	gsize size;
	const guint8 *octets = g_bytes_get_data(document->file->content, &size);
	if (size == 0)
		return;
	RichText *rtf = g_new0(RichText, 1);
	rtf->document = document;
	rtf->at = octets;
	rtf->end = octets + size;
	rtf->nibble = -1;
	rtf->text = g_string_new(NULL);
	rtf->field = g_string_new(NULL);
	rtf->template = g_string_new(NULL);
	rtf->object = g_byte_array_new();
	while (rtf->at < rtf->end) {
		guint8 c = *rtf->at++;
		if (c == '{')
			begin_group(rtf);
		else if (c == '}')
			end_group(rtf);
		else if (c == '\\')
			read_control(rtf);
		else if (c != '\r' && c != '\n')
			put(rtf, c);
	}
	while (rtf->depth > 0) /* what was cut off counts */
		end_group(rtf);
	document_text(document, "office.text", rtf->text->str);
	g_string_free(rtf->text, TRUE);
	g_string_free(rtf->field, TRUE);
	g_string_free(rtf->template, TRUE);
	g_byte_array_unref(rtf->object);
	g_free(rtf);
}
