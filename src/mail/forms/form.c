/* What the recognisers share: what they say of a report, and what they look at. */
#include "mail/forms/form.h"

#include "base/limits.h"
#include "mail/describe.h"
#include "mail/findings/findings.h"

#include <string.h>

void form_because(Recognition *seen, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *reason = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	json_array_append_new(seen->evidence, json_text_new(reason));
}

/* Members of an original that stand in its own fields. */
static const struct {
	const char *member, *field;
} carried[] = {
	{"network_message_id", "X-MS-Exchange-Organization-Network-Message-Id"},
	{"network_message_id", "X-MS-Exchange-CrossTenant-Network-Message-Id"},
	{"tenant_id", "X-MS-Exchange-CrossTenant-Id"},
};

static const char *field_of(const json_t *message, const char *name)
{
	size_t i;
	json_t *field;
	json_array_foreach (json_object_get(message, "headers"), i, field) {
		const char *written = json_text(field, "name");
		if (written && g_ascii_strcasecmp(written, name) == 0)
			return json_text(field, "value");
	}
	return NULL;
}

static void set_carried(json_t *original, const json_t *message)
{
	const char *simulation = json_text(message, "simulation");
	if (simulation)
		describe_set(original, "simulation", simulation);
	for (guint i = 0; i < G_N_ELEMENTS(carried); i++) {
		const char *value = field_of(message, carried[i].field);
		if (value && !json_object_get(original, carried[i].member))
			describe_set(original, carried[i].member, value);
	}
}

void form_add_original(Recognition *seen, gboolean first_hand, json_t *message, json_t *raw_base64)
{
	json_t *original = json_object();
	json_object_set_new(original, "first_hand", json_boolean(first_hand));
	json_object_set_new(original, "message", message);
	set_carried(original, message);
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

gboolean form_add_original_octets(Recognition *seen, GBytes *octets, const char *where)
{
	Reading *reading = seen->message->reading;
	if (seen->message->depth + 1 > reading->limits.depth ||
	    reading->nested >= reading->limits.nested ||
	    reading->parsed + g_bytes_get_size(octets) > LIMIT_PARSED_BYTES) {
		findings_add(seen->message->findings, "limit_nested", where,
		             "there are more attached messages than are read");
		return FALSE;
	}
	reading->nested++;
	g_autoptr(Message) inner = message_parse(reading, octets, seen->message->depth + 1);
	json_t *raw = NULL;
	if (json_bool(reading->options, "originals_raw", FALSE)) {
		gsize size;
		const guchar *start = g_bytes_get_data(octets, &size);
		g_autofree char *encoded = g_base64_encode(start, size);
		raw = json_string_nocheck(encoded);
	}
	form_add_original(seen, TRUE, describe_message(inner), raw);
	return TRUE;
}

void form_name_reporter(Recognition *seen, char *address, const char *by)
{
	g_free(seen->named);
	seen->named = address;
	seen->named_by = by;
}
