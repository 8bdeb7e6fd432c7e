#pragma once
#include <glib.h>
#include <jansson.h>

/* jansson with GLib's manners. All readers accept NULL and wrong types and then return the
 * default, because most documents come from outside. */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

/** The string at @path ("originals.0.message.subject": members and array indexes by dots), or NULL.
 * Borrowed. */
const char *json_text(const json_t *root, const char *path);

/** The integer at @path, or @fallback. */
gint64 json_int(const json_t *root, const char *path, gint64 fallback);

/** The boolean at @path, or @fallback. */
gboolean json_bool(const json_t *root, const char *path, gboolean fallback);

/** The value at @path, or NULL. Borrowed. */
json_t *json_at(const json_t *root, const char *path);

/** Compact text with members in insertion order; newly allocated by GLib. */
char *json_format(const json_t *value);

/** Parses @text (UTF-8, at most LIMIT_JSON_DEPTH deep, no duplicate members); NULL with
 * TRAWL_ERROR_INVALID. */
json_t *json_parse(const char *text, gssize length, GError **error);

/** A JSON string, or JSON null when @text is NULL; invalid UTF-8 is repaired. New reference. */
json_t *json_text_new(const char *text);

/** A JSON RFC 3339 string, or JSON null when @wall is 0. New reference. */
json_t *json_time_new(gint64 wall);
