/* The lines of a check, as people read them. */
#include "signon/lines.h"

#include "base/error.h"

#include <string.h>

static const char *const level_names[] = {
	[CHECK_OK] = "ok", [CHECK_WARNING] = "warning", [CHECK_FAILED] = "failed"};

void lines_add(json_t *lines, CheckLevel level, const char *what, const char *detail, ...)
{
	va_list arguments;
	va_start(arguments, detail);
	g_autofree char *text = g_strdup_vprintf(detail, arguments);
	va_end(arguments);
	json_array_append_new(lines, json_pack("{s:s, s:s, s:o}", "level", level_names[level],
	                                       "what", what, "detail", json_text_new(text)));
}

void lines_add_error(json_t *lines, const char *what, const GError *error)
{
	if (strstr(error->message, "; "))
		lines_add(lines, CHECK_FAILED, what, "%s", error->message);
	else
		lines_add(lines, CHECK_FAILED, what, "%s. %s", error->message,
		          error_remedy(error)->remedy);
}

const char *lines_problem(const json_t *lines)
{
	for (gsize i = 0; i < json_array_size(lines); i++) {
		const json_t *line = json_array_get(lines, i);
		if (g_strcmp0(json_text(line, "level"), level_names[CHECK_FAILED]) == 0)
			return json_text(line, "detail");
	}
	return NULL;
}
