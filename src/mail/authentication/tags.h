#pragma once
#include <glib.h>

/* "tag=value; tag=value": how DKIM, ARC and their key records are written (RFC 6376 §3.2). */

typedef struct {
	GPtrArray *names, *values; /* of char *, in order */
	gboolean valid;            /* no tag twice, none without "=", no more than LIMIT_TAGS */
} Tags;

/** Takes @text apart; white space around names and values is dropped, folding inside values stays.
 * Never NULL: what can be read is there even when the list is not valid. */
Tags *tags_parse(const char *text);
void tags_free(Tags *tags);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tags, tags_free)

/** The value of the first tag of that name, or NULL. Names are case-sensitive. Borrowed. */
const char *tags_get(const Tags *tags, const char *name);
/** The value without any white space, newly allocated, or NULL. */
char *tags_get_bare(const Tags *tags, const char *name);
/** A number of at most 15 digits; FALSE when the tag is there and is none. @number stays when it is
 * absent. */
gboolean tags_get_number(const Tags *tags, const char *name, gint64 *number);

/** Where the value of @name stands in @text: past its "=", up to its ";" or the end. FALSE when
 * there is no such tag. */
gboolean tags_find(const char *text, gsize length, const char *name, gsize *from, gsize *to);
