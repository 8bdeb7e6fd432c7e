#pragma once
#include "base/json.h"
#include "mail/breakdown.h"

#include <string.h>

/* For the tests of this room: a message from a literal, in and out. */

/** The breakdown of @text. New reference. */
static inline json_t *read_text(const char *text)
{
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
	return breakdown_new(bytes, NULL);
}

/** The value at @path as text ("null" for null), newly allocated. */
static inline char *value_at(const json_t *document, const char *path)
{
	const json_t *value = json_at(document, path);
	return json_is_string(value) ? g_strdup(json_string_value(value))
	       : value               ? json_format(value)
	                             : g_strdup("(absent)");
}

/** What the finding of that id says, or NULL. Borrowed. */
static inline const char *finding_detail(const json_t *message, const char *id)
{
	size_t i;
	json_t *finding;
	json_array_foreach (json_object_get(message, "findings"), i, finding)
		if (g_strcmp0(json_text(finding, "id"), id) == 0)
			return json_text(finding, "detail");
	return NULL;
}

static inline gboolean has_finding(const json_t *message, const char *id)
{
	return finding_detail(message, id) != NULL;
}
