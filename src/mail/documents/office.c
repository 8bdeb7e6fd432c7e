/* Office documents that are zips: OOXML (ECMA-376) and OpenDocument.
 *
 * Which part is what is told by its name alone; a part of a kind that Office itself does not write
 * there is a file inside, so nothing can hide in a document that an archive would have shown. All
 * are unpacked within the limits of archives. */
#include "base/limits.h"
#include "mail/attachments/archive.h"
#include "mail/documents/document.h"
#include "mail/documents/xml.h"

#include <string.h>

#define FIELDS 16 /* fields in fields */

typedef struct {
	Document *document;
	GString *text, *formula;
	GString *fields[FIELDS]; /* open ones */
	guint open;
	gboolean in_text, in_field, in_formula;
	gboolean told_broken;
} Office;

static gboolean ends_with_any(const char *name, const char *const *endings)
{
	for (; *endings; endings++) {
		gsize length = strlen(name), ends = strlen(*endings);
		if (length >= ends && g_ascii_strcasecmp(name + length - ends, *endings) == 0)
			return TRUE;
	}
	return FALSE;
}

static gboolean contains_any(const char *name, const char *const *pieces)
{
	for (; *pieces; pieces++)
		if (strstr(name, *pieces))
			return TRUE;
	return FALSE;
}

/* ---- relationships: what a part refers to ---- */

static const struct {
	const char *type, *where, *finding, *detail;
} relations[] = {
	{"hyperlink", "office.hyperlink", NULL, NULL},
	{"attachedTemplate", "office.template", "office_template",
         "it loads a template, with its macros, from elsewhere"},
	{"oleObject", "office.object", "office_external", "it loads an object from elsewhere"},
	{"frame", "office.frame", "office_external", "it loads a frame from elsewhere"},
	{"externalLinkPath", "office.workbook", "office_external",
         "it takes values from another workbook"},
};

static void on_relation(const char *name, const XmlAttributes *attributes, gpointer data)
{
	Office *office = data;
	if (strcmp(name, "Relationship") != 0)
		return;
	g_autofree char *mode = xml_attribute(attributes, "TargetMode");
	g_autofree char *type = xml_attribute(attributes, "Type");
	g_autofree char *target = xml_attribute(attributes, "Target");
	if (!type || !target || g_strcmp0(mode, "External") != 0)
		return;
	const char *slash = strrchr(type, '/');
	const char *kind = slash ? slash + 1 : type;
	for (guint i = 0; i < G_N_ELEMENTS(relations); i++) {
		if (strcmp(kind, relations[i].type) != 0)
			continue;
		if (relations[i].finding)
			document_finding(office->document, relations[i].finding, "%s: %.300s",
			                 relations[i].detail, target);
		document_link(office->document, relations[i].where, target, NULL);
		return;
	}
	document_finding(office->document, "office_external",
	                 "it loads something (%.60s) from "
	                 "elsewhere: %.300s",
	                 kind, target);
	document_link(office->document, "office.external", target, NULL);
}

/* ---- content: texts, fields, formulas ---- */

static void end_field(Office *office)
{
	if (office->open == 0)
		return;
	office->open--;
	if (office->open < FIELDS) {
		document_field(office->document, office->fields[office->open]->str);
		g_string_truncate(office->fields[office->open], 0);
	}
}

static void on_field_mark(Office *office, const XmlAttributes *attributes)
{
	g_autofree char *mark = xml_attribute(attributes, "fldCharType");
	if (g_strcmp0(mark, "begin") == 0) {
		if (office->open < FIELDS && !office->fields[office->open])
			office->fields[office->open] = g_string_new(NULL);
		office->open++;
	} else if (g_strcmp0(mark, "end") == 0) {
		end_field(office);
	}
}

static void note_formula(Office *office, const char *formula)
{
	const char *at = strcasestr(formula, "HYPERLINK(");
	if (at && at[10] == '"') {
		g_autofree char *url = g_strndup(at + 11, strcspn(at + 11, "\""));
		document_link(office->document, "office.formula", url, NULL);
	}
	/* "=cmd|'/c …'!A1", and OpenDocument's DDE("cmd";…) */
	const char *bar = strchr(formula, '|');
	if ((bar && strchr(bar, '!')) || strcasestr(formula, "DDE("))
		document_finding(office->document, "office_dde",
		                 "a formula of it starts a program (DDE): %.200s", formula);
}

static void content_start(const char *name, const XmlAttributes *attributes, gpointer data)
{
	static const char *const links[] = {"a", "image", "object", "object-ole", "script", NULL};
	Office *office = data;
	office->in_text = strcmp(name, "t") == 0 || strcmp(name, "p") == 0 ||
	                  strcmp(name, "span") == 0 || strcmp(name, "a") == 0 ||
	                  strcmp(name, "h") == 0;
	office->in_field = strcmp(name, "instrText") == 0;
	office->in_formula = strcmp(name, "f") == 0;
	if (strcmp(name, "fldChar") == 0)
		on_field_mark(office, attributes);
	if (strcmp(name, "fldSimple") == 0) {
		g_autofree char *field = xml_attribute(attributes, "instr");
		document_field(office->document, field ? field : "");
	}
	if (strcmp(name, "ddeLink") == 0 || g_str_has_prefix(name, "dde-"))
		document_finding(office->document, "office_dde",
		                 "it takes data from a program that it starts (DDE)");
	if (strcmp(name, "encryption-data") == 0)
		document_finding(office->document, "document_encrypted",
		                 "it is encrypted and cannot be looked into");
	if (strcmp(name, "event-listener") == 0)
		document_finding(office->document, "office_macros", "it has macros");
	g_autofree char *formula = xml_attribute(attributes, "formula");
	if (formula)
		note_formula(office, formula);
	for (guint i = 0; links[i]; i++) {
		g_autofree char *href =
			strcmp(name, links[i]) == 0 ? xml_attribute(attributes, "href") : NULL;
		if (href && strstr(href, "://"))
			document_link(office->document, "office.hyperlink", href, NULL);
	}
}

static void content_end(const char *name, gpointer data)
{
	Office *office = data;
	if (strcmp(name, "p") == 0 || strcmp(name, "h") == 0 || strcmp(name, "si") == 0)
		g_string_append_c(office->text, '\n');
	if (strcmp(name, "f") == 0) {
		note_formula(office, office->formula->str);
		g_string_truncate(office->formula, 0);
	}
	office->in_field = office->in_formula = FALSE;
	/* after a </span> the paragraph goes on */
	office->in_text = strcmp(name, "span") == 0 || strcmp(name, "a") == 0;
}

static void content_text(const char *text, gsize length, gpointer data)
{
	Office *office = data;
	if (office->in_field && office->open > 0 && office->open <= FIELDS) {
		GString *field = office->fields[office->open - 1];
		if (field->len < LIMIT_OFFICE_FIELD)
			g_string_append_len(field, text, (gssize)length);
	} else if (office->in_formula && office->formula->len < LIMIT_OFFICE_FIELD) {
		g_string_append_len(office->formula, text, (gssize)length);
	} else if (office->in_text && office->text->len < LIMIT_DOCUMENT_TEXT) {
		g_string_append_len(office->text, text, (gssize)length);
	}
}

static void read_xml(Office *office, const char *name, GBytes *content, const XmlVisitor *visitor)
{
	if (g_bytes_get_size(content) > LIMIT_DOCUMENT_XML) {
		document_finding(office->document, "limit_document_xml",
		                 "a part of more than %d bytes is not read: %.200s",
		                 LIMIT_DOCUMENT_XML, name);
		return;
	}
	XmlResult result = xml_walk(content, visitor, office);
	if (result == XML_DTD)
		document_finding(office->document, "xml_dtd",
		                 "it declares a document type; XML with entities is not read");
	while (office->open)
		end_field(office);
	document_text(office->document, "office.text", office->text->str);
	g_string_truncate(office->text, 0);
	g_string_truncate(office->formula, 0);
}

static Office *office_new(Document *document)
{
	Office *office = g_new0(Office, 1);
	office->document = document;
	office->text = g_string_new(NULL);
	office->formula = g_string_new(NULL);
	return office;
}

static void office_free(Office *office)
{
	g_string_free(office->text, TRUE);
	g_string_free(office->formula, TRUE);
	for (guint i = 0; i < FIELDS; i++)
		if (office->fields[i])
			g_string_free(office->fields[i], TRUE);
	g_free(office);
}

/* ---- parts by their names ---- */

static const char *const xml_endings[] = {".xml", ".rels", ".vml", NULL};
static const char *const picture_endings[] = {".png", ".jpg",  ".jpeg", ".gif", ".bmp",
                                              ".tif", ".tiff", ".webp", NULL};
/* What only says how things look. */
static const char *const looks[] = {"theme/",
                                    "styles.xml",
                                    "stylesWithEffects.xml",
                                    "fontTable.xml",
                                    "numbering.xml",
                                    "docProps/",
                                    "calcChain",
                                    "tableStyles.xml",
                                    "printerSettings",
                                    "webSettings.xml",
                                    "Thumbnails/",
                                    "Configurations2/",
                                    "ObjectReplacements/",
                                    "/fonts/",
                                    NULL};
static const char *const unlisted_endings[] = {".emf",     ".wmf",     ".svg", ".odttf",
                                               ".fntdata", "mimetype", ".rdf", NULL};
static const char *const macros[] = {"vbaProject", "macrosheets/", "Basic/", "Scripts/", NULL};
static const char *const controls[] = {"activeX/", NULL};

static gboolean wants(const char *name, gpointer data)
{
	const Office *office = data;
	if (ends_with_any(name, picture_endings))
		return office->document->message->reading->qr;
	return !contains_any(name, looks) ||
	       ends_with_any(name, (const char *const[]){".rels", NULL});
}

static void visit(const char *name, GBytes *content, gpointer data)
{
	static const XmlVisitor relation_visitor = {on_relation, NULL, NULL};
	static const XmlVisitor content_visitor = {content_start, content_end, content_text};
	Office *office = data;
	if (contains_any(name, macros))
		document_finding(office->document, "office_macros", "it has macros: %.200s", name);
	if (contains_any(name, controls))
		document_finding(office->document, "office_activex",
		                 "it has controls that run when it is opened: %.200s", name);
	if (!content)
		return;
	if (ends_with_any(name, (const char *const[]){".rels", NULL}))
		read_xml(office, name, content, &relation_visitor);
	else if (ends_with_any(name, xml_endings))
		read_xml(office, name, content, &content_visitor);
	else if (ends_with_any(name, picture_endings))
		picture_search(office->document->message, office->document->file->where, content);
	else if (!ends_with_any(name, unlisted_endings))
		document_part(office->document, name, content);
}

void office_read(Document *document)
{
	Office *office = office_new(document);
	archive_walk(document->message, document->file->content, document->file->where, wants,
	             visit, office);
	office_free(office);
}
