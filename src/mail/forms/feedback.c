/* Feedback reports: ARF (RFC 5965) from mailbox providers and abuse desks, and its sibling for
 * DMARC failures (RFC 6591), which is a machine's note on a sender's setup and no report by a
 * person. */
#include "mail/body.h"
#include "mail/describe.h"
#include "mail/findings.h"
#include "mail/forms/form.h"

#include <string.h>

static Part *find_part(const Message *message, const char *type)
{
	for (guint i = 0; i < message->leaves->len; i++)
		if (strcmp(((Part *)message->leaves->pdata[i])->type, type) == 0)
			return message->leaves->pdata[i];
	return NULL;
}

/* The fields of a message/feedback-report part, names in lower case with '_': a list where a field
 * may come again. */
static json_t *read_fields(Recognition *seen, Part *part)
{
	json_t *fields = json_object();
	g_autofree char *text = body_decode(seen->message->findings, part);
	g_auto(GStrv) lines = g_strsplit(text, "\n", 500);
	for (guint i = 0; lines[i]; i++) {
		char *colon = strchr(lines[i], ':');
		g_strchomp(lines[i]);
		if (!colon || g_ascii_isspace(lines[i][0]))
			continue;
		g_autofree char *name = g_ascii_strdown(lines[i], colon - lines[i]);
		g_strdelimit(g_strstrip(name), "-", '_');
		const char *value = g_strstrip(colon + 1);
		json_t *before = json_object_get(fields, name);
		if (json_is_array(before)) {
			json_array_append_new(before, json_text_new(value));
		} else if (before) {
			json_t *both = json_array();
			json_array_append(both, before);
			json_array_append_new(both, json_text_new(value));
			json_object_set_new(fields, name, both);
		} else if (*name) {
			describe_set(fields, name, value);
		}
	}
	return fields;
}

static gboolean is_auth_failure(Recognition *seen)
{
	Part *part = find_part(seen->message, "message/feedback-report");
	g_autoptr(json_t) fields = part ? read_fields(seen, part) : NULL;
	const char *type = json_text(fields, "feedback_type");
	return type && g_ascii_strcasecmp(type, "auth-failure") == 0;
}

gboolean form_is_dmarc(Recognition *seen)
{
	const char *subject = json_text(seen->described, "subject");
	g_autofree char *lower = subject ? g_utf8_strdown(subject, -1) : NULL;
	if (is_auth_failure(seen))
		form_because(seen, "it is an authentication failure report (RFC 6591)");
	else if (lower &&
	         (g_str_has_prefix(lower, "dmarc failure report") ||
	          (g_str_has_prefix(lower, "report domain:") && strstr(lower, "submitter:"))))
		form_because(seen, "its subject is that of a DMARC report (RFC 7489)");
	else
		return FALSE;
	return TRUE;
}

gboolean form_is_feedback(Recognition *seen)
{
	const char *of = form_report_type(seen->message);
	Part *part = find_part(seen->message, "message/feedback-report");
	if (!part && !(of && g_ascii_strcasecmp(of, "feedback-report") == 0))
		return FALSE;
	form_because(seen, "it is a feedback report (RFC 5965)");
	if (part)
		json_object_set_new(seen->report, "feedback", read_fields(seen, part));
	else
		findings_add(seen->message->findings, "feedback_incomplete", NULL,
		             "it says it is a feedback report and has none in it");
	form_take_attached(seen);
	return TRUE;
}
