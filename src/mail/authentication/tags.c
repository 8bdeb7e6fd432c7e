/* Lists of tags. The same walk serves to read a list and to find where a value stands, because a
 * signature is computed over its own field with the value of "b" cut out of the very text. */
#include "mail/authentication/tags.h"

#include "base/limits.h"

#include <string.h>

static gboolean is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

typedef struct {
	gsize name, name_length, value, end; /* offsets; value: past the "=" */
	gboolean has_value;
} Span;

/* The tag that begins at @at; its end is at the ";" or at @length. */
static Span span_at(const char *text, gsize length, gsize at)
{
	Span span = {0};
	const char *semicolon = memchr(text + at, ';', length - at);
	span.end = semicolon ? (gsize)(semicolon - text) : length;
	while (at < span.end && is_space(text[at]))
		at++;
	const char *equals = memchr(text + at, '=', span.end - at);
	gsize past = equals ? (gsize)(equals - text) : span.end;
	span.has_value = equals != NULL;
	span.value = MIN(past + 1, span.end);
	span.name = at;
	while (past > at && is_space(text[past - 1]))
		past--;
	span.name_length = past - at;
	return span;
}

static gboolean add(Tags *tags, const char *text, const Span *span)
{
	g_autofree char *name = g_strndup(text + span->name, span->name_length);
	if (!*name || !span->has_value || tags_get(tags, name))
		return FALSE;
	char *value = g_strndup(text + span->value, span->end - span->value);
	g_ptr_array_add(tags->names, g_steal_pointer(&name));
	g_ptr_array_add(tags->values, g_strstrip(value));
	return TRUE;
}

Tags *tags_parse(const char *text)
{
	Tags *tags = g_new0(Tags, 1);
	tags->names = g_ptr_array_new_with_free_func(g_free);
	tags->values = g_ptr_array_new_with_free_func(g_free);
	tags->valid = TRUE;
	gsize length = strlen(text);
	for (gsize at = 0; at < length;) {
		Span span = span_at(text, length, at);
		gboolean last_and_empty = span.end == length && !span.has_value &&
		                          span.name_length == 0 && tags->names->len > 0;
		if (tags->names->len >= LIMIT_TAGS)
			tags->valid = FALSE;
		else if (!last_and_empty && !add(tags, text, &span))
			tags->valid = FALSE;
		if (tags->names->len >= LIMIT_TAGS && !tags->valid)
			break;
		at = span.end + 1;
	}
	return tags;
}

void tags_free(Tags *tags)
{
	if (!tags)
		return;
	g_ptr_array_unref(tags->names);
	g_ptr_array_unref(tags->values);
	g_free(tags);
}

const char *tags_get(const Tags *tags, const char *name)
{
	for (guint i = 0; i < tags->names->len; i++)
		if (strcmp(tags->names->pdata[i], name) == 0)
			return tags->values->pdata[i];
	return NULL;
}

char *tags_get_bare(const Tags *tags, const char *name)
{
	const char *value = tags_get(tags, name);
	if (!value)
		return NULL;
	char *bare = g_malloc(strlen(value) + 1), *to = bare;
	for (const char *from = value; *from; from++)
		if (!is_space(*from))
			*to++ = *from;
	*to = '\0';
	return bare;
}

gboolean tags_get_number(const Tags *tags, const char *name, gint64 *number)
{
	const char *value = tags_get(tags, name);
	if (!value)
		return TRUE;
	gsize digits = strspn(value, "0123456789");
	if (digits == 0 || digits > 15 || value[digits])
		return FALSE;
	*number = g_ascii_strtoll(value, NULL, 10);
	return TRUE;
}

gboolean tags_find(const char *text, gsize length, const char *name, gsize *from, gsize *to)
{
	for (gsize at = 0; at < length;) {
		Span span = span_at(text, length, at);
		if (span.has_value && span.name_length == strlen(name) &&
		    memcmp(text + span.name, name, span.name_length) == 0) {
			*from = span.value;
			*to = span.end;
			return TRUE;
		}
		at = span.end + 1;
	}
	return FALSE;
}
