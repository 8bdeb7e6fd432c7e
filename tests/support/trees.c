/* Two trees of one page, node by node. */
#include "trees.h"

#include "mail/html/html_name.h"
#include "mail/html/html_runs.h"

#include <string.h>

static void *take(void *data, size_t size)
{
	void *taken = g_malloc0(size);
	g_ptr_array_add(data, taken);
	return taken;
}

static void give(void *data, void *pointer)
{
}

static char *difference(const GumboNode *node, const GumboNode *other);

static char *differ(const char *what, const char *one, const char *other)
{
	return g_strdup_printf("%s: \"%s\" and \"%s\"", what, one, other);
}

static char *children_differ(const GumboVector *one, const GumboVector *other)
{
	if (one->length != other->length)
		return g_strdup_printf("%u and %u children", one->length, other->length);
	for (guint i = 0; i < one->length; i++) {
		char *found = difference(one->data[i], other->data[i]);
		if (found)
			return found;
	}
	return NULL;
}

static char *attributes_differ(const GumboVector *one, const GumboVector *other)
{
	if (one->length != other->length)
		return g_strdup_printf("%u and %u attributes", one->length, other->length);
	for (guint i = 0; i < one->length; i++) {
		const GumboAttribute *left = one->data[i], *right = other->data[i];
		if (left->attr_namespace != right->attr_namespace ||
		    strcmp(left->name, right->name) != 0)
			return differ("name", left->name, right->name);
		if (strcmp(left->value, right->value) != 0)
			return differ(left->name, left->value, right->value);
	}
	return NULL;
}

/* An element that HTML does not know, as it is written. */
static char *unknown_name(const GumboElement *element)
{
	if (element->tag != GUMBO_TAG_UNKNOWN)
		return g_strdup("");
	const GumboStringPiece name = html_written_name(element);
	return g_strndup(name.data ? name.data : "", name.data ? name.length : 0);
}

static char *elements_differ(const GumboElement *one, const GumboElement *other)
{
	g_autofree char *name = unknown_name(one), *other_name = unknown_name(other);
	if (one->tag != other->tag || one->tag_namespace != other->tag_namespace)
		return differ("element", gumbo_normalized_tagname(one->tag),
		              gumbo_normalized_tagname(other->tag));
	if (strcmp(name, other_name) != 0)
		return differ("element", name, other_name);
	char *found = attributes_differ(&one->attributes, &other->attributes);
	return found ? found : children_differ(&one->children, &other->children);
}

static char *documents_differ(const GumboDocument *one, const GumboDocument *other)
{
	if (one->doc_type_quirks_mode != other->doc_type_quirks_mode ||
	    one->has_doctype != other->has_doctype ||
	    (one->has_doctype && (strcmp(one->name, other->name) != 0 ||
	                          strcmp(one->public_identifier, other->public_identifier) != 0 ||
	                          strcmp(one->system_identifier, other->system_identifier) != 0)))
		return g_strdup("document types");
	return children_differ(&one->children, &other->children);
}

static char *difference(const GumboNode *node, const GumboNode *other)
{
	if (node->type != other->type || node->parse_flags != other->parse_flags)
		return g_strdup_printf("nodes of type %d and %d", node->type, other->type);
	switch (node->type) {
	case GUMBO_NODE_DOCUMENT:
		return documents_differ(&node->v.document, &other->v.document);
	case GUMBO_NODE_ELEMENT:
	case GUMBO_NODE_TEMPLATE:
		return elements_differ(&node->v.element, &other->v.element);
	default:
		return strcmp(node->v.text.text, other->v.text.text) == 0
		               ? NULL
		               : differ("text", node->v.text.text, other->v.text.text);
	}
}

char *trees_differ(const char *html)
{
	g_autoptr(GPtrArray) memory = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(HtmlRuns) runs = html_runs_new(html);
	GumboOptions options = kGumboDefaultOptions;
	options.allocator = take;
	options.deallocator = give;
	options.userdata = memory;
	options.max_errors = 0;
	if (!runs)
		return NULL;
	gsize size;
	const char *page = html_runs_page(runs, &size);
	const GumboOutput *whole = gumbo_parse_with_options(&options, html, strlen(html));
	const GumboOutput *shorter = gumbo_parse_with_options(&options, page, size);
	if (!html_runs_put_back(runs, shorter->document, &options))
		return NULL;
	return difference(whole->document, shorter->document);
}
