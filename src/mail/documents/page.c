/* Attached pages: HTML that is opened in a browser without what a mail program would take out of
 * it, SVG pictures, which may do the same, and plain text. */
#include "base/limits.h"
#include "mail/documents/document.h"
#include "mail/documents/xml.h"
#include "mail/links/links.h"

#include <string.h>

/* What html_walk() says of a body, said of the file. */
static void pass_findings(Document *document, const json_t *findings)
{
	size_t i;
	json_t *finding;
	json_array_foreach ((json_t *)findings, i, finding)
		document_finding(document, json_text(finding, "id"), "%s",
		                 json_text(finding, "detail"));
}

static const char *find_any(const char *text, const char *const *words, gsize n)
{
	for (gsize i = 0; i < n; i++)
		if (strcasestr(text, words[i]))
			return words[i];
	return NULL;
}

/* A script that holds a file and has the browser save it: no gateway sees the file on its way. */
static void note_smuggling(Document *document, const char *html)
{
	static const char *const making[] = {
		"atob(",       "fromCharCode", "Uint8Array",         "new Blob",
		"window.Blob", "unescape(",    "decodeURIComponent("};
	static const char *const saving[] = {
		"createObjectURL",        "msSaveOrOpenBlob",        "msSaveBlob",    ".download",
		"setAttribute('download", "setAttribute(\"download", "document.write"};
	if (!strcasestr(html, "<script"))
		return;
	const char *made = find_any(html, making, G_N_ELEMENTS(making));
	const char *saved = find_any(html, saving, G_N_ELEMENTS(saving));
	if (made && saved)
		document_finding(document, "html_smuggling",
		                 "its script makes a file or a page out of itself (%s, %s)", made,
		                 saved);
}

void page_read(Document *document)
{
	g_autofree char *html = document_decode(document);
	g_autoptr(json_t) findings = json_array();
	if (strlen(html) > LIMIT_DOCUMENT_TEXT) {
		note_smuggling(document, html);
		document_finding(document, "limit_document_text",
		                 "only the first %d bytes of its text are searched for links",
		                 LIMIT_DOCUMENT_TEXT);
		html[LIMIT_DOCUMENT_TEXT] = '\0';
	} else {
		note_smuggling(document, html);
	}
	g_autofree char *valid = g_utf8_make_valid(html, -1);
	g_free(links_walk_add_html(document->message->file_links, document->file->where, valid,
	                           findings));
	pass_findings(document, findings);
	if (document->message->reading->qr)
		drawn_search_html(document->message, document->file->where, valid);
}

void plain_text_read(Document *document)
{
	g_autofree char *text = document_decode(document);
	document_text(document, "text", text);
	if (document->message->reading->qr)
		drawn_search_text(document->message, document->file->where, text);
}

/* ---- SVG ---- */

typedef struct {
	Document *document;
	GString *text;
	guint script; /* depth of script elements */
} Svg;

static void svg_start(const char *name, const XmlAttributes *attributes, gpointer data)
{
	Svg *svg = data;
	g_autofree char *href = xml_attribute(attributes, "href");
	gboolean is_script = strcmp(name, "script") == 0;
	svg->script += is_script ? 1 : 0;
	if (is_script || xml_has_attribute_like(attributes, "on"))
		document_finding(svg->document, "svg_script", "the picture runs a script");
	if (strcmp(name, "foreignObject") == 0)
		document_finding(svg->document, "svg_foreign",
		                 "the picture holds a page of its own");
	if (href && *href != '#' && !g_str_has_prefix(href, "data:")) {
		g_autofree char *where = g_strdup_printf("svg:%.40s.href", name);
		document_link(svg->document, where, href, NULL);
	}
	if (href && g_str_has_prefix(href, "data:image/") && svg->document->message->reading->qr)
		drawn_search_html(svg->document->message, svg->document->file->where, href);
}

static void svg_end(const char *name, gpointer data)
{
	Svg *svg = data;
	if (strcmp(name, "script") == 0 && svg->script)
		svg->script--;
}

static void svg_text(const char *text, gsize length, gpointer data)
{
	Svg *svg = data;
	if (svg->text->len < LIMIT_DOCUMENT_TEXT)
		g_string_append_len(svg->text, text, (gssize)length);
}

void svg_read(Document *document)
{
	static const XmlVisitor visitor = {svg_start, svg_end, svg_text};
	Svg svg = {document, g_string_new(NULL), 0};
	XmlResult result = xml_walk(document->file->content, &visitor, &svg);
	document_text(document, "svg:text", svg.text->str);
	g_string_free(svg.text, TRUE);
	/* A browser that gets it as a page reads what XML refuses. */
	if (result != XML_READ) {
		if (result == XML_DTD)
			document_finding(
				document, "xml_dtd",
				"it declares a document type; XML with entities is not read");
		page_read(document);
	}
}
