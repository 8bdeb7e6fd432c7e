/* Is this message a report, of which form, and what does it report?
 *
 * The forms stand in a table, the surest sign first; each recogniser (forms/) says why, so that an
 * analyst can judge the judgement. */
#include "mail/report.h"

#include "mail/describe.h"
#include "mail/findings.h"
#include "mail/forms/form.h"
#include "mail/trust.h"

#include <string.h>

void form_because(Recognition *seen, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *reason = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	json_array_append_new(seen->evidence, json_text_new(reason));
}

void form_add_original(Recognition *seen, gboolean first_hand, json_t *message, json_t *raw_base64)
{
	json_t *original = json_object();
	json_object_set_new(original, "first_hand", json_boolean(first_hand));
	json_object_set_new(original, "message", message);
	if (raw_base64)
		json_object_set_new(original, "raw_base64", raw_base64);
	json_array_append_new(seen->originals, original);
}

void form_add_claimed_block(Recognition *seen, const char *header_block, const char *text)
{
	g_autofree char *whole = g_strconcat(header_block, "\n\n", text ? text : "", NULL);
	g_autoptr(GBytes) bytes = g_bytes_new(whole, strlen(whole));
	g_autoptr(Message) message =
		message_parse(seen->message->reading, bytes, seen->message->depth + 1);
	seen->message->reading->made++;
	json_t *described = describe_message(message);
	seen->message->reading->made--;
	if (!text) {
		describe_set(described, "text", NULL);
		describe_set(described, "html", NULL);
	}
	describe_set(described, "fingerprint", NULL);
	form_add_original(seen, FALSE, described, NULL);
}

const char *form_shown_text(const Recognition *seen)
{
	const char *text = json_text(seen->described, "text");
	if (text && *text && strspn(text, " \t\r\n") < strlen(text))
		return text;
	return json_text(seen->described, "shown");
}

gboolean form_header_contains(const Message *message, const char *field, const char *part)
{
	g_autofree char *value = message_header(message, field);
	g_autofree char *lower = value ? g_utf8_strdown(value, -1) : NULL;
	return lower && strstr(lower, part);
}

gboolean form_has_part(const Message *message, const char *type)
{
	for (guint i = 0; i < message->leaves->len; i++)
		if (strcmp(((Part *)message->leaves->pdata[i])->type, type) == 0)
			return TRUE;
	return FALSE;
}

const char *form_report_type(const Message *message)
{
	GMimeContentType *type =
		message->root ? g_mime_object_get_content_type(message->root) : NULL;
	if (!type || !g_mime_content_type_is_type(type, "multipart", "report"))
		return NULL;
	const char *of = g_mime_content_type_get_parameter(type, "report-type");
	return of ? of : "";
}

static const struct {
	const char *form;
	gboolean (*recognise)(Recognition *seen);
} forms[] = {
	{"notice", form_is_notice},         {"bounce", form_is_bounce},
	{"dmarc", form_is_dmarc},           {"arf", form_is_feedback},
	{"auto_reply", form_is_auto_reply}, {"journal", form_is_journal},
	{"rfc822", form_has_attached},      {"add_in", form_has_marked_blocks},
	{"inline", form_is_inline},
};

static json_t *describe_reporter(const Recognition *seen, const char *named)
{
	json_t *first = json_array_get(json_object_get(seen->described, "from"), 0);
	if (!named || g_strcmp0(named, json_text(first, "address")) == 0)
		return first ? json_incref(first) : json_null();
	json_t *reporter = json_object();
	describe_set(reporter, "name", NULL);
	describe_set(reporter, "address", named);
	return reporter;
}

static json_t *describe(Recognition *seen, const char *form)
{
	g_autofree char *named = NULL;
	const char *verdict;
	const char *add_in = form_add_in(seen, &named, &verdict);
	json_t *report = json_object();
	json_object_set_new(report, "form", json_string(form));
	json_object_set(report, "evidence", seen->evidence);
	json_object_set_new(report, "reporter", describe_reporter(seen, named));
	json_object_set_new(report, "trust",
	                    trust_of(seen->message, json_object_get(seen->described, "from")));
	describe_set(report, "add_in", add_in);
	describe_set(report, "verdict", verdict);
	describe_set(report, "comment", json_text(seen->described, "text"));
	/* The report inside a journal's envelope is believed when both are. */
	gboolean outer = json_bool(report, "trust.believed", FALSE);
	json_object_update(report, seen->report);
	if (json_bool(report, "journal", FALSE) && !outer)
		json_object_set_new(json_object_get(report, "trust"), "believed", json_false());
	return report;
}

static void drop_raw(json_t *attachments)
{
	size_t i;
	json_t *entry;
	json_array_foreach (attachments, i, entry) {
		json_object_del(entry, "raw_base64");
		drop_raw(json_object_get(entry, "parts"));
		drop_raw(json_at(entry, "message.attachments"));
	}
}

json_t *report_recognise(Message *message, json_t *described, json_t **originals)
{
	json_t *report = NULL;
	g_autoptr(json_t) more = json_object();
	Recognition seen = {message, described, NULL, json_array(), more};
	for (guint i = 0; i < G_N_ELEMENTS(forms) && !report; i++) {
		seen.evidence = json_array();
		if (forms[i].recognise(&seen))
			report = describe(&seen, forms[i].form);
		json_decref(seen.evidence);
	}
	*originals = seen.originals;
	drop_raw(json_object_get(described, "attachments"));
	size_t i;
	json_t *original;
	json_array_foreach (seen.originals, i, original)
		drop_raw(json_at(original, "message.attachments"));
	return report ? report : json_null();
}
