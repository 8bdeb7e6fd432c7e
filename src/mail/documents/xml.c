/* XML with the two things left out that make it dangerous: document types (entities that grow or
 * name files) and the network. A file that has a document type says so and is read up to there. */
#include "mail/documents/xml.h"

#include <libxml/parser.h>
#include <string.h>

struct XmlAttributes {
	const xmlChar **values; /* five a piece: name, prefix, namespace, begin, end of the value */
	int count;
};

typedef struct {
	const XmlVisitor *visitor;
	gpointer data;
	xmlParserCtxtPtr parser;
	gboolean has_type;
} XmlWalk;

static void on_start(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                     int n_namespaces, const xmlChar **namespaces, int n_attributes,
                     int n_defaulted, const xmlChar **values)
{
	XmlWalk *walk = context;
	const XmlAttributes attributes = {values, n_attributes};
	if (walk->visitor->start)
		walk->visitor->start((const char *)name, &attributes, walk->data);
}

static void on_end(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	XmlWalk *walk = context;
	if (walk->visitor->end)
		walk->visitor->end((const char *)name, walk->data);
}

static void on_text(void *context, const xmlChar *text, int length)
{
	XmlWalk *walk = context;
	if (walk->visitor->text)
		walk->visitor->text((const char *)text, (gsize)length, walk->data);
}

static void on_type(void *context, const xmlChar *name, const xmlChar *id, const xmlChar *system)
{
	XmlWalk *walk = context;
	walk->has_type = TRUE;
	xmlStopParser(walk->parser);
}

void xml_init(void)
{
	xmlInitParser();
}

XmlResult xml_walk(GBytes *content, const XmlVisitor *visitor, gpointer data)
{
	gsize size;
	const char *octets = g_bytes_get_data(content, &size);
	xmlSAXHandler handler = {
		.initialized = XML_SAX2_MAGIC,
		.startElementNs = on_start,
		.endElementNs = on_end,
		.characters = on_text,
		.ignorableWhitespace = on_text,
		.cdataBlock = on_text,
		.internalSubset = on_type,
	};
	XmlWalk walk = {visitor, data, NULL, FALSE};
	if (size == 0 || size > G_MAXINT)
		return XML_BROKEN;
	walk.parser = xmlCreatePushParserCtxt(&handler, &walk, NULL, 0, NULL);
	if (!walk.parser)
		return XML_BROKEN;
	xmlCtxtUseOptions(walk.parser, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	int problem = 0;
	for (gsize at = 0; at < size && !problem && !walk.has_type; at += 65536)
		problem = xmlParseChunk(walk.parser, octets + at, (int)MIN(65536, size - at),
		                        at + 65536 >= size);
	gboolean well_formed = walk.parser->wellFormed;
	xmlFreeDoc(walk.parser->myDoc);
	xmlFreeParserCtxt(walk.parser);
	return walk.has_type ? XML_DTD : problem || !well_formed ? XML_BROKEN : XML_READ;
}

char *xml_attribute(const XmlAttributes *attributes, const char *name)
{
	for (int i = 0; i < attributes->count; i++) {
		const xmlChar **one = attributes->values + 5 * i;
		if (strcmp((const char *)one[0], name) != 0)
			continue;
		/* references are resolved already, but for & which SAX2 leaves as &#38; */
		g_autofree char *value = g_strndup((const char *)one[3], (gsize)(one[4] - one[3]));
		g_auto(GStrv) pieces = g_strsplit(value, "&#38;", -1);
		return g_strjoinv("&", pieces);
	}
	return NULL;
}

gboolean xml_has_attribute_like(const XmlAttributes *attributes, const char *prefix)
{
	for (int i = 0; i < attributes->count; i++)
		if (g_str_has_prefix((const char *)attributes->values[5 * i], prefix))
			return TRUE;
	return FALSE;
}
