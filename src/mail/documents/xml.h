#pragma once
#include <glib.h>

/* XML by libxml2, without DTD and without a network: what a document's reader wants to know of its
 * elements, in their order. Names are local names, without prefix. */
typedef struct XmlAttributes XmlAttributes;

typedef struct {
	void (*start)(const char *name, const XmlAttributes *attributes, gpointer data);
	void (*end)(const char *name, gpointer data);
	void (*text)(const char *text, gsize length, gpointer data);
} XmlVisitor;

typedef enum {
	XML_READ,   /* to its end, as far as that can be told */
	XML_BROKEN, /* up to where it is no XML */
	XML_DTD,    /* it declares a document type, behind which nothing is read */
} XmlResult;

/** Once in a process. */
void xml_init(void);

XmlResult xml_walk(GBytes *content, const XmlVisitor *visitor, gpointer data);

/** An attribute's value by its local name, newly allocated, or NULL. */
char *xml_attribute(const XmlAttributes *attributes, const char *name);
/** TRUE when an attribute's name begins so. */
gboolean xml_has_attribute_like(const XmlAttributes *attributes, const char *prefix);
