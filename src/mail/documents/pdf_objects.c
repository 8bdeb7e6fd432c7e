/* What a PDF does on its own, told by the names in its objects (ISO 32000-1 §7.3.5).
 *
 * This reads no structure that could be broken on purpose: every object counts, whether a table
 * leads to it or not, also those packed in object streams. So it works where poppler gives up. */
#include "base/limits.h"
#include "mail/documents/document.h"
#include "mail/documents/pdf.h"

#include <gio/gio.h>
#include <string.h>

typedef struct {
	Document *document;
	GString *objects; /* everything outside of streams, escapes in names resolved */
	guint actions;    /* that were looked up */
} Scan;

static gboolean is_delimiter(char c)
{
	return c == '\0' || strchr(" \t\r\n\f()<>[]{}/%", c) != NULL;
}

static void limit_hit(const Scan *scan)
{
	document_finding(scan->document, "limit_pdf_objects",
	                 "only the first %d bytes of its objects are read", LIMIT_PDF_OBJECTS);
}

/* "/J#61vaScript" is "/JavaScript". */
static void append(Scan *scan, const char *text, gsize size)
{
	if (scan->objects->len + size > LIMIT_PDF_OBJECTS) {
		limit_hit(scan);
		size = LIMIT_PDF_OBJECTS - scan->objects->len;
	}
	for (gsize i = 0; i < size; i++) {
		int high = i + 2 < size && text[i] == '#' ? g_ascii_xdigit_value(text[i + 1]) : -1;
		int low = high >= 0 ? g_ascii_xdigit_value(text[i + 2]) : -1;
		if (low >= 0)
			i += 2;
		char c = low >= 0 ? (char)(high << 4 | low) : text[i];
		g_string_append_c(scan->objects, c ? c : ' ');
	}
}

static void append_inflated(Scan *scan, const char *packed, gsize size)
{
	g_autoptr(GZlibDecompressor) inflater =
		g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_ZLIB);
	char buffer[16384];
	GConverterResult result = G_CONVERTER_CONVERTED;
	while (result == G_CONVERTER_CONVERTED && size > 0) {
		gsize used = 0, made = 0;
		result = g_converter_convert(G_CONVERTER(inflater), packed, size, buffer,
		                             sizeof buffer, G_CONVERTER_NO_FLAGS, &used, &made,
		                             NULL);
		if (result == G_CONVERTER_ERROR)
			return;
		append(scan, buffer, made);
		packed += used;
		size -= used;
		if (scan->objects->len >= LIMIT_PDF_OBJECTS)
			return;
	}
	g_string_append_c(scan->objects, '\n');
}

/* What stands outside of streams, and what object streams hold. */
static void collect(Scan *scan, const char *octets, gsize size)
{
	const char *at = octets, *end = octets + size;
	while (at < end && scan->objects->len < LIMIT_PDF_OBJECTS) {
		const char *stream = memmem(at, (gsize)(end - at), "stream", 6);
		gsize before = scan->objects->len;
		append(scan, at, (gsize)((stream ? stream : end) - at));
		if (!stream)
			return;
		at = stream + 6;
		if (at < end && *at != '\r' && *at != '\n')
			continue; /* no stream begins here */
		const char *stop = memmem(at, (gsize)(end - at), "endstream", 9);
		const char *data = at + (at + 1 < end && at[0] == '\r' && at[1] == '\n' ? 2 : 1);
		if (strstr(scan->objects->str + before, "/ObjStm"))
			append_inflated(scan, data, (gsize)(MAX(stop ? stop : end, data) - data));
		at = stop ? stop + 9 : end;
	}
}

/* ---- what the names say ---- */

/* The action of "/OpenAction": its type, "" when it only shows a place, NULL when it is unknown. */
static char *action_type(const Scan *scan, const char *at)
{
	at += strspn(at, " \t\r\n");
	guint number, generation;
	g_autofree char *reference = g_strndup(at, 20);
	if (sscanf(reference, "%7u %5u R", &number, &generation) == 2) {
		g_autofree char *start = g_strdup_printf("\n%u %u obj", number, generation);
		const char *object = strstr(scan->objects->str, start);
		if (!object)
			return NULL; /* in an object stream, where objects have no heads */
		at = object + strlen(start);
		at += strspn(at, " \t\r\n");
	}
	if (*at == '[')
		return g_strdup("");
	g_autofree char *action = g_strndup(at, 400);
	const char *type = strstr(action, "/S");
	while (type && !is_delimiter(type[2]))
		type = strstr(type + 2, "/S");
	if (!type)
		return NULL;
	type += 2 + strspn(type + 2, " \t\r\n/");
	return g_strndup(type, strcspn(type, " \t\r\n/<>[]()"));
}

static void on_open_action(Scan *scan, const char *at)
{
	if (++scan->actions > 8) /* of which one counts */
		return;
	g_autofree char *type = action_type(scan, at);
	if (!type || (*type && strcmp(type, "GoTo") != 0))
		document_finding(scan->document, "pdf_open_action",
		                 "it does something as soon as it is opened: %.40s",
		                 type ? type : "what that is, is packed");
}

/* A string in parentheses; escapes matter only where they hide a character of a link. */
static void on_uri(Scan *scan, const char *at)
{
	at += strspn(at, " \t\r\n");
	if (*at != '(')
		return;
	g_autoptr(GString) uri = g_string_new(NULL);
	guint open = 1;
	for (at++; *at && uri->len < 4096; at++) {
		if (*at == '\\' && at[1])
			at++;
		else if (*at == '(')
			open++;
		else if (*at == ')' && --open == 0)
			break;
		g_string_append_c(uri, *at);
	}
	document_link(scan->document, "pdf.uri", uri->str, NULL);
}

static const struct {
	const char *name, *finding, *detail;
	void (*read)(Scan *scan, const char *at);
} names[] = {
	{"JavaScript", "pdf_javascript", "it has a script", NULL},
	{"JS", "pdf_javascript", "it has a script", NULL},
	{"Launch", "pdf_launch", "it starts a program", NULL},
	{"OpenAction", NULL, NULL, on_open_action},
	{"EmbeddedFile", "pdf_embedded_file", "it has files in it", NULL},
	{"SubmitForm", "pdf_submit_form", "it sends what is filled in elsewhere", NULL},
	{"ImportData", "pdf_submit_form", "it takes form data from elsewhere", NULL},
	{"XFA", "pdf_xfa", "it has a form of the kind that may hold scripts (XFA)", NULL},
	{"RichMedia", "pdf_rich_media", "it has media that a plug-in plays", NULL},
};

static void read_name(Scan *scan, const char *name, gsize length, gboolean with_links)
{
	if (with_links && length == 3 && memcmp(name, "URI", 3) == 0)
		on_uri(scan, name + length);
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		if (strlen(names[i].name) != length || memcmp(names[i].name, name, length) != 0)
			continue;
		if (names[i].finding)
			document_finding(scan->document, names[i].finding, "%s", names[i].detail);
		if (names[i].read)
			names[i].read(scan, name + length);
	}
}

void pdf_read_objects(Document *document, gboolean with_links)
{
	gsize size;
	const char *octets = g_bytes_get_data(document->file->content, &size);
	Scan scan = {document, g_string_new(NULL), 0};
	collect(&scan, octets, size);
	for (const char *at = strchr(scan.objects->str, '/'); at; at = strchr(at, '/')) {
		gsize length = 0;
		at++;
		while (!is_delimiter(at[length]) && length < 127)
			length++;
		read_name(&scan, at, length, with_links);
	}
	g_string_free(scan.objects, TRUE);
}
