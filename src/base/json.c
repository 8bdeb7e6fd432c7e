/* Reading and writing JSON documents by path. Validation of whole documents belongs to who knows
 * the schema; these helpers only make absent and mistyped members harmless. */
#include "base/json.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

#include <string.h>

json_t *json_at(const json_t *root, const char *path)
{
	const json_t *at = root;
	while (at && *path) {
		const char *dot = strchrnul(path, '.');
		if (!*dot && !json_is_array(at))
			return json_object_get(at, path);
		g_autofree char *name = g_strndup(path, (gsize)(dot - path));
		at = json_is_array(at)
		             ? json_array_get(at, (size_t)g_ascii_strtoull(name, NULL, 10))
		             : json_object_get(at, name);
		path = *dot ? dot + 1 : dot;
	}
	return (json_t *)at;
}

const char *json_text(const json_t *root, const char *path)
{
	return json_string_value(json_at(root, path));
}

gint64 json_int(const json_t *root, const char *path, gint64 fallback)
{
	const json_t *value = json_at(root, path);
	return json_is_integer(value) ? json_integer_value(value) : fallback;
}

gboolean json_bool(const json_t *root, const char *path, gboolean fallback)
{
	const json_t *value = json_at(root, path);
	return json_is_boolean(value) ? json_is_true(value) : fallback;
}

char *json_format(const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	char *copy = g_strdup(text);
	free(text);
	return copy;
}

json_t *json_parse(const char *text, gssize length, GError **error)
{
	json_error_t problem;
	size_t size = length < 0 ? strlen(text) : (size_t)length;
	json_t *value = json_loadb(text, size, JSON_REJECT_DUPLICATES, &problem);
	if (!value)
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		            "not JSON: %s (line %d, column %d)", problem.text, problem.line,
		            problem.column);
	return value;
}

json_t *json_text_new(const char *text)
{
	if (!text)
		return json_null();
	gsize length = strlen(text);
	if (text_is_valid(text, length))
		return json_stringn_nocheck(text, length);
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	return json_string_nocheck(valid);
}

json_t *json_time_new(gint64 wall)
{
	if (wall == 0)
		return json_null();
	g_autofree char *text = clock_format(wall);
	return json_string(text);
}
