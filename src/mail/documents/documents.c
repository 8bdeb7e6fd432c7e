/* What stands inside attached files: one table of kinds, one reader a kind.
 *
 * A reader is chosen by what the octets are; for kinds that are text the declared type and the name
 * count too, because that is what chooses the program that will open them. Nothing here costs time
 * for a file that is of no kind in the table. */
#include "mail/documents/documents.h"

#include "base/limits.h"
#include "mail/attachments/attachments.h"
#include "mail/documents/document.h"
#include "mail/documents/xml.h"
#include "mail/findings/findings.h"
#include "mail/links/links.h"
#include "mail/text/charset.h"

#include <string.h>

static const struct {
	const char *types[5];   /* beginnings of media types */
	const char *endings[8]; /* of names */
	gboolean text;          /* the declared type or the ending is enough */
	void (*read)(Document *document);
} kinds[] = {
	{{"application/pdf"}, {NULL}, FALSE, pdf_read},
	{{"application/vnd.openxmlformats", "application/vnd.oasis.opendocument"},
         {NULL},
         FALSE,
         office_read},
	{{"application/x-ole-storage", "application/msword", "application/vnd.ms-"},
         {NULL},
         FALSE,
         ole_read},
	{{"image/svg"}, {".svg"}, TRUE, svg_read},
	{{"image/"}, {NULL}, FALSE, picture_read},
	{{"application/x-ms-shortcut"}, {".lnk"}, FALSE, shell_link_read},
	{{"text/rtf", "application/rtf"}, {".rtf"}, TRUE, rich_text_read},
	{{"text/calendar"}, {".ics", ".ical", ".ifb", ".vcs"}, TRUE, calendar_read},
	{{"text/vcard", "text/x-vcard", "text/directory"}, {".vcf", ".vcard"}, TRUE, card_read},
	{{"application/x-mswinurl", "application/internet-shortcut"},
         {".url"},
         TRUE,
         url_file_read},
	{{"application/x-apple-binary-plist"}, {".webloc"}, TRUE, webloc_read},
	{{"text/html", "application/xhtml"},
         {".html", ".htm", ".shtml", ".xhtml", ".xht", ".hta"},
         TRUE,
         page_read},
	{{"text/"}, {".txt", ".csv", ".log", ".md"}, TRUE, plain_text_read},
};

static gboolean begins_with_any(const char *type, const char *const *types, gsize n)
{
	for (gsize i = 0; type && i < n && types[i]; i++)
		if (g_str_has_prefix(type, types[i]))
			return TRUE;
	return FALSE;
}

static gboolean ends_with_any(const char *name, const char *const *endings, gsize n)
{
	gsize length = name ? strlen(name) : 0;
	for (gsize i = 0; name && i < n && endings[i]; i++)
		if (length > strlen(endings[i]) &&
		    g_ascii_strcasecmp(name + length - strlen(endings[i]), endings[i]) == 0)
			return TRUE;
	return FALSE;
}

/* TRUE for what libmagic calls text, and for what it knows no name for. */
static gboolean may_be_text(const char *detected)
{
	static const char *const texts[] = {
		"text/",
		"application/octet-stream",
		"application/xml",
		"application/js",
		"application/javascript",
		"application/x-",
		"message/",
		"image/svg",
	};
	return begins_with_any(detected, texts, G_N_ELEMENTS(texts));
}

static int kind_of(const DocumentFile *file)
{
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (kinds[i].text && may_be_text(file->detected) &&
		    (ends_with_any(file->name, kinds[i].endings, G_N_ELEMENTS(kinds[i].endings)) ||
		     begins_with_any(file->type, kinds[i].types, G_N_ELEMENTS(kinds[i].types))))
			return (int)i;
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (begins_with_any(file->detected, kinds[i].types, G_N_ELEMENTS(kinds[i].types)))
			return (int)i;
	return -1;
}

static void say_nothing(const char *domain, GLogLevelFlags level, const char *message,
                        gpointer data)
{
}

void documents_init(void)
{
	/* what libraries complain of in broken files is no news of ours */
	static const char *const complaining[] = {"Poppler", "libgsf:msole", "GdkPixbuf"};
	for (guint i = 0; i < G_N_ELEMENTS(complaining); i++)
		g_log_set_handler(complaining[i], G_LOG_LEVEL_MASK | G_LOG_FLAG_FATAL, say_nothing,
		                  NULL);
	xml_init();
	qr_init();
	picture_init();
	pdf_init();
}

void documents_read(const Message *message, const DocumentFile *file)
{
	int kind = kind_of(file);
	if (kind < 0)
		return;
	if (!message->reading->documents) {
		findings_add(message->findings, "documents_unread", file->where,
		             "an attachment was not looked into");
		return;
	}
	Document document = {message, file, 0};
	kinds[kind].read(&document);
}

void documents_read_body(const Message *message, const char *text, const char *html)
{
	if (!message->reading->qr)
		return;
	if (text)
		drawn_search_text(message, "text/plain", text);
	if (html)
		drawn_search_html(message, "text/html", html);
}

/* ---- what readers report ---- */

void document_link(Document *document, const char *where, const char *url, const char *text)
{
	links_walk_add(document->message->file_links, document->file->where, where, url, text);
}

void document_text(Document *document, const char *where, const char *text)
{
	gsize size = strlen(text);
	if (document->text >= LIMIT_DOCUMENT_TEXT) {
		document_finding(document, "limit_document_text",
		                 "only the first %d bytes of its text are searched for links",
		                 LIMIT_DOCUMENT_TEXT);
		return;
	}
	document->text += size;
	g_autofree char *valid =
		g_utf8_make_valid(text, (gssize)MIN(size, (gsize)LIMIT_DOCUMENT_TEXT));
	links_walk_add_text(document->message->file_links, document->file->where, where, valid);
	if (size > LIMIT_DOCUMENT_TEXT)
		document_text(document, where, ""); /* says so */
}

void document_finding(Document *document, const char *id, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *detail = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_autofree char *valid = g_utf8_make_valid(detail, -1);
	findings_add(document->message->findings, id, document->file->where, "%s", valid);
}

void document_part(Document *document, const char *name, GBytes *content)
{
	const DocumentFile *file = document->file;
	Reading *reading = document->message->reading;
	if (file->depth >= LIMIT_ARCHIVE_DEPTH) {
		document_finding(document, "limit_archive_depth",
		                 "files in files deeper than %d are not read", LIMIT_ARCHIVE_DEPTH);
		return;
	}
	if (++reading->unpacked_files > reading->limits.unpacked_files) {
		document_finding(document, "limit_unpacked_files",
		                 "documents hold more than %u files; the others are not read",
		                 reading->limits.unpacked_files);
		return;
	}
	if (!json_object_get(file->entry, "parts"))
		json_object_set_new(file->entry, "parts", json_array());
	g_autofree char *valid = name && *name ? g_utf8_make_valid(name, -1) : NULL;
	json_array_append_new(
		json_object_get(file->entry, "parts"),
		attachments_describe_file(document->message, valid, content, file->depth + 1));
}

/* ---- fields of Office ---- */

gboolean document_is_dde(const char *text)
{
	g_autofree char *upper = g_ascii_strup(text, -1);
	g_strchug(upper);
	return g_str_has_prefix(upper, "DDEAUTO") || g_str_has_prefix(upper, "DDE ") ||
	       g_str_has_prefix(upper, "DDE\t");
}

/* The first argument after a field's name: in quotes, or up to a blank. */
static char *first_argument(const char *after)
{
	after += strspn(after, " \t\r\n");
	while (*after == '\\' && after[1] && strchr("lhmnotLHMNOT", after[1])) { /* switches */
		after += 2;
		after += strspn(after, " \t\r\n");
	}
	gboolean quoted = *after == '"';
	return quoted ? g_strndup(after + 1, strcspn(after + 1, "\""))
	              : g_strndup(after, strcspn(after, " \t\r\n"));
}

void document_field(Document *document, const char *field)
{
	static const struct {
		const char *name, *where, *finding, *detail;
	} fields[] = {
		{"HYPERLINK", "office.field", NULL, NULL},
		{"INCLUDEPICTURE", "office.field", "office_external",
	         "it loads a picture from elsewhere"},
		{"INCLUDETEXT", "office.field", "office_external", "it loads text from elsewhere"},
		{"INCLUDE", "office.field", "office_external", "it loads text from elsewhere"},
		{"IMPORT", "office.field", "office_external", "it loads a picture from elsewhere"},
		{"LINK", NULL, "office_external", "it loads an object from elsewhere"},
	};
	while (g_ascii_isspace(*field))
		field++;
	if (document_is_dde(field))
		document_finding(document, "office_dde",
		                 "a field of it starts a program (DDE): %.200s", field);
	for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
		gsize length = strlen(fields[i].name);
		if (g_ascii_strncasecmp(field, fields[i].name, length) != 0 ||
		    g_ascii_isalnum(field[length]))
			continue;
		g_autofree char *argument = first_argument(field + length);
		if (fields[i].finding)
			document_finding(document, fields[i].finding, "%s: %.200s",
			                 fields[i].detail, field);
		if (fields[i].where && *argument)
			document_link(document, fields[i].where, argument, NULL);
	}
}

char *document_decode(const Document *document)
{
	gsize size;
	const char *octets = g_bytes_get_data(document->file->content, &size);
	if (size == 0)
		return g_strdup("");
	if (size > 2 && (memcmp(octets, "\377\376", 2) == 0 || memcmp(octets, "\376\377", 2) == 0))
		return charset_decode(*octets == '\377' ? "utf-16le" : "utf-16be", octets + 2,
		                      size - 2, NULL);
	return charset_decode(NULL, octets, size, NULL);
}
