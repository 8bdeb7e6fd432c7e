/* Feedback reports: ARF (RFC 5965) from mailbox providers and abuse desks, and its sibling for
 * DMARC failures (RFC 6591), which is a machine's note on a sender's setup and no report by a
 * person. */
#include "base/limits.h"
#include "mail/describe.h"
#include "mail/findings/findings.h"
#include "mail/forms/form.h"
#include "mail/message/body.h"
#include "mail/message/headers.h"

#include <string.h>

static Part *find_part(const Message *message, const char *type)
{
	for (guint i = 0; i < message->leaves->len; i++)
		if (strcmp(((Part *)message->leaves->pdata[i])->type, type) == 0)
			return message->leaves->pdata[i];
	return NULL;
}

static void add_field(json_t *fields, const char *name, const char *value)
{
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

/* "name: value", its folded lines joined by now, as a field in lower case with '_'. */
static void add_line(json_t *fields, GString *line)
{
	char *colon = strchr(line->str, ':');
	if (colon) {
		g_autofree char *name = g_ascii_strdown(line->str, colon - line->str);
		g_autofree char *value = g_strdup(colon + 1);
		g_strdelimit(g_strstrip(name), "-", '_');
		add_field(fields, name, g_strstrip(value));
	}
	g_string_truncate(line, 0);
}

/* The fields of a message/feedback-report part: a list where a field comes again. */
static json_t *read_fields(Recognition *seen, Part *part)
{
	json_t *fields = json_object();
	g_autofree char *text = body_decode(seen->message->findings, part);
	g_auto(GStrv) lines = g_strsplit(text, "\n", LIMIT_FEEDBACK_LINES + 1);
	g_autoptr(GString) line = g_string_new(NULL);
	for (guint i = 0; lines[i]; i++) {
		if (i == LIMIT_FEEDBACK_LINES) {
			findings_add(seen->message->findings, "limit_feedback_lines", part->path,
			             "only the first %d lines of a feedback report are read",
			             LIMIT_FEEDBACK_LINES);
			break;
		}
		g_strdelimit(g_strchomp(lines[i]), "\r", ' ');
		if (lines[i][0] != ' ' && lines[i][0] != '\t')
			add_line(fields, line);
		else if (line->len)
			g_string_append_c(line, ' ');
		g_string_append(line, g_strchug(lines[i]));
	}
	add_line(fields, line);
	return fields;
}

/* ---- what makes a feedback report valid ---- */

/* RFC 5965 §3.1 and §3.2, RFC 6591 §3, RFC 6692 §2: the fields that must be there, and those that
 * must not come again. */
static const struct {
	const char *field, *written;
	gboolean needed, of_failure; /* only where the Feedback-Type is auth-failure */
} field_rules[] = {
	{"feedback_type", "Feedback-Type", TRUE, FALSE},
	{"user_agent", "User-Agent", TRUE, FALSE},
	{"version", "Version", TRUE, FALSE},
	{"original_envelope_id", "Original-Envelope-Id", FALSE, FALSE},
	{"original_mail_from", "Original-Mail-From", FALSE, FALSE},
	{"arrival_date", "Arrival-Date", FALSE, FALSE},
	{"reporting_mta", "Reporting-MTA", FALSE, FALSE},
	{"source_ip", "Source-IP", FALSE, FALSE},
	{"source_port", "Source-Port", FALSE, FALSE},
	{"incidents", "Incidents", FALSE, FALSE},
	{"auth_failure", "Auth-Failure", TRUE, TRUE},
};

static gboolean is_version(const char *value)
{
	return *value && strspn(value, "0123456789.") == strlen(value);
}

static gboolean is_address(const char *value)
{
	gsize length = strlen(value);
	gboolean bracketed = length > 2 && value[0] == '[' && value[length - 1] == ']';
	g_autofree char *bare = bracketed ? g_strndup(value + 1, length - 2) : g_strdup(value);
	return g_hostname_is_ip_address(g_ascii_strncasecmp(bare, "IPv6:", 5) == 0 ? bare + 5
	                                                                           : bare);
}

static gboolean is_number(const char *value)
{
	return *value && strspn(value, "0123456789") == strlen(value);
}

static gboolean is_date(const char *value)
{
	g_autofree char *date = headers_date(value);
	return date != NULL;
}

/* Values of single fields that say nothing when they are otherwise. */
static const struct {
	const char *field;
	gboolean (*is)(const char *value);
	const char *what;
} value_rules[] = {
	{"version", is_version, "Version is no number"},
	{"source_ip", is_address, "Source-IP is no IP address"},
	{"source_port", is_number, "Source-Port is no number"},
	{"incidents", is_number, "Incidents is no number"},
	{"arrival_date", is_date, "Arrival-Date is no date"},
};

/* What is wrong with the fields and makes the report none; NULL: nothing. */
static char *fields_problem(const json_t *fields)
{
	const char *type = json_text(fields, "feedback_type");
	gboolean failure = type && g_ascii_strcasecmp(type, "auth-failure") == 0;
	for (guint i = 0; i < G_N_ELEMENTS(field_rules); i++) {
		const json_t *value = json_object_get(fields, field_rules[i].field);
		gboolean needed = field_rules[i].needed && (!field_rules[i].of_failure || failure);
		if (json_is_array(value))
			return g_strdup_printf("%s comes more than once", field_rules[i].written);
		if (needed && (!value || !*json_string_value(value)))
			return g_strdup_printf("%s is missing", field_rules[i].written);
	}
	return NULL;
}

static void note_values(Recognition *seen, const json_t *fields, const char *where)
{
	for (guint i = 0; i < G_N_ELEMENTS(value_rules); i++) {
		const char *value = json_text(fields, value_rules[i].field);
		if (value && !value_rules[i].is(value))
			findings_add(seen->message->findings, "feedback_field", where, "%s: %.100s",
			             value_rules[i].what, value);
	}
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
	const char *of = form_report_type(seen->message);
	if (of && g_ascii_strcasecmp(of, "tlsrpt") == 0)
		form_because(seen, "it is a TLS report (RFC 8460)");
	else if (is_auth_failure(seen))
		form_because(seen, "it is an authentication failure report (RFC 6591)");
	else if (lower &&
	         (g_str_has_prefix(lower, "dmarc failure report") ||
	          (g_str_has_prefix(lower, "report domain:") && strstr(lower, "submitter:"))))
		form_because(seen, "its subject is that of a DMARC report (RFC 7489)");
	else
		return FALSE;
	return TRUE;
}

json_t *form_feedback_fields(Recognition *seen)
{
	Part *part = find_part(seen->message, "message/feedback-report");
	return part ? read_fields(seen, part) : NULL;
}

static gboolean is_meant(Recognition *seen, Part **part)
{
	const char *of = form_report_type(seen->message);
	*part = find_part(seen->message, "message/feedback-report");
	return *part || (of && g_ascii_strcasecmp(of, "feedback-report") == 0);
}

/* One that lacks what must be there is no feedback report, and a finding says why. */
gboolean form_is_feedback(Recognition *seen)
{
	Part *part;
	if (!is_meant(seen, &part))
		return FALSE;
	g_autoptr(json_t) fields = part ? read_fields(seen, part) : NULL;
	g_autofree char *problem = fields ? fields_problem(fields)
	                                  : g_strdup("its message/feedback-report part is missing");
	if (problem) {
		findings_add(seen->message->findings, "feedback_invalid", part ? part->path : NULL,
		             "it says it is a feedback report (RFC 5965) and is none: %s", problem);
		return FALSE;
	}
	form_because(seen, "it is a feedback report (RFC 5965)");
	note_values(seen, fields, part->path);
	json_object_set(seen->report, "feedback", fields);
	if (form_take_attached(seen) == 0)
		findings_add(seen->message->findings, "feedback_incomplete", NULL,
		             "it is a feedback report without the message it is about");
	return TRUE;
}

gboolean form_is_refused_feedback(Recognition *seen)
{
	Part *part;
	return is_meant(seen, &part) && form_has_attached(seen);
}
