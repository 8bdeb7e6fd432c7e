/* What a person should know about a message, and nothing else does.
 *
 * A hostile message may try to bury one finding under a million others, so they are few, and the
 * same one about the same place is said once. */
#include "mail/findings/findings.h"

#include "base/limits.h"

json_t *findings_new(void)
{
	return json_array();
}

static gboolean said_already(const json_t *findings, const char *id, const char *where)
{
	size_t i;
	json_t *finding;
	json_array_foreach ((json_t *)findings, i, finding)
		if (g_strcmp0(json_text(finding, "id"), id) == 0 &&
		    g_strcmp0(json_text(finding, "where"), where) == 0)
			return TRUE;
	return FALSE;
}

static void append(json_t *findings, const char *id, const char *where, const char *detail)
{
	json_t *finding = json_object();
	json_object_set_new(finding, "id", json_string(id));
	json_object_set_new(finding, "detail", json_text_new(detail));
	json_object_set_new(finding, "where", json_text_new(where));
	json_array_append_new(findings, finding);
}

void findings_add(json_t *findings, const char *id, const char *where, const char *format, ...)
{
	gsize count = json_array_size(findings);
	if (count > LIMIT_FINDINGS || said_already(findings, id, where))
		return;
	if (count == LIMIT_FINDINGS) {
		append(findings, "limit_findings", NULL, "more was found than is listed here");
		return;
	}
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *detail = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	append(findings, id, where, detail);
}

gboolean findings_have(const json_t *findings, const char *id)
{
	size_t i;
	json_t *finding;
	json_array_foreach ((json_t *)findings, i, finding)
		if (g_strcmp0(json_text(finding, "id"), id) == 0)
			return TRUE;
	return FALSE;
}
