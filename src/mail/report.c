/* Is this message a report, of which form, and what does it report?
 *
 * The forms stand in a table, the surest sign first. What comes of machines (our own notices,
 * bounces, automatic answers) stands before what people send, because bounces carry attached
 * messages too. Each recogniser says why, so that an analyst can judge the judgement. */
#include "mail/report.h"

#include "base/limits.h"
#include "mail/attachments.h"
#include "mail/describe.h"
#include "mail/findings.h"
#include "mail/headers.h"
#include "mail/subject.h"
#include "mail/trust.h"

#include <string.h>

typedef struct {
	Message *message;
	const json_t *described;
	json_t *evidence;  /* array of sentences */
	json_t *originals; /* array */
} Recognition;

static void because(Recognition *seen, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void because(Recognition *seen, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *reason = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	json_array_append_new(seen->evidence, json_text_new(reason));
}

static gboolean header_contains(const Message *message, const char *field, const char *part)
{
	g_autofree char *value = message_header(message, field);
	g_autofree char *lower = value ? g_utf8_strdown(value, -1) : NULL;
	return lower && strstr(lower, part);
}

static gboolean is_notice(Recognition *seen)
{
	if (!message_header_raw(seen->message, "X-Trawl-Notice"))
		return FALSE;
	because(seen, "it has an X-Trawl-Notice field: Trawl wrote it");
	return TRUE;
}

static const char *multipart_report_type(const Message *message)
{
	GMimeContentType *type =
		message->root ? g_mime_object_get_content_type(message->root) : NULL;
	if (!type || !g_mime_content_type_is_type(type, "multipart", "report"))
		return NULL;
	const char *of = g_mime_content_type_get_parameter(type, "report-type");
	return of ? of : "";
}

static gboolean has_part(const Message *message, const char *type)
{
	for (guint i = 0; i < message->leaves->len; i++)
		if (strcmp(((Part *)message->leaves->pdata[i])->type, type) == 0)
			return TRUE;
	return FALSE;
}

static const char *const machine_senders[] = {"mailer-daemon@", "postmaster@", "mail-daemon@"};

static gboolean from_mail_system(const Recognition *seen)
{
	const char *from = json_text(seen->described, "from.0.address");
	for (guint i = 0; from && i < G_N_ELEMENTS(machine_senders); i++)
		if (g_str_has_prefix(from, machine_senders[i]))
			return TRUE;
	return FALSE;
}

static gboolean is_bounce(Recognition *seen)
{
	const char *of = multipart_report_type(seen->message);
	const char *path = message_header_raw(seen->message, "Return-Path");
	if (has_part(seen->message, "message/feedback-report"))
		return FALSE;
	if (has_part(seen->message, "message/delivery-status") ||
	    has_part(seen->message, "message/global-delivery-status") ||
	    (of && g_ascii_strcasecmp(of, "delivery-status") == 0))
		because(seen, "it is a delivery status notification (RFC 3464)");
	else if (has_part(seen->message, "message/disposition-notification") ||
	         (of && g_ascii_strcasecmp(of, "disposition-notification") == 0))
		because(seen, "it is a disposition notification (RFC 8098)");
	else if (path && strstr(path, "<>"))
		because(seen, "its return path is empty: it is from a mail system");
	else if (message_header_raw(seen->message, "X-Failed-Recipients"))
		because(seen, "it names recipients it could not be delivered to");
	else if (from_mail_system(seen))
		because(seen, "it is from %s", json_text(seen->described, "from.0.address"));
	else
		return FALSE;
	return TRUE;
}

/* Fields that only automatic answers have; @part: lower case text that must be in it, or NULL. */
static const struct {
	const char *field, *part;
} auto_reply_fields[] = {
	{"X-Autoreply",                  NULL        },
        {"X-Autorespond",                NULL        },
	{"X-Autoresponder",              NULL        },
        {"X-Auto-Response-Suppress-Oof", NULL        },
	{"X-Mail-Autoreply",             NULL        },
        {"X-Vacation",                   NULL        },
	{"Precedence",                   "auto_reply"},
        {"X-Precedence",                 "auto_reply"},
	{"Preference",                   "auto_reply"},
        {"Delivered-By-The-Graces-Of",   "vacation"  },
};

static gboolean is_auto_reply(Recognition *seen)
{
	g_autofree char *submitted = message_header(seen->message, "Auto-Submitted");
	g_autofree char *how = submitted ? g_strstrip(g_ascii_strdown(submitted, -1)) : NULL;
	if (how && *how && !g_str_has_prefix(how, "no")) {
		because(seen, "it says \"Auto-Submitted: %.40s\" (RFC 3834)", how);
		return TRUE;
	}
	for (guint i = 0; i < G_N_ELEMENTS(auto_reply_fields); i++) {
		const char *field = auto_reply_fields[i].field, *part = auto_reply_fields[i].part;
		if (!message_header_raw(seen->message, field) ||
		    (part && !header_contains(seen->message, field, part)))
			continue;
		because(seen, "it has a field of automatic answers: %s", field);
		return TRUE;
	}
	if (!subject_is_auto_reply(json_text(seen->described, "subject")))
		return FALSE;
	because(seen, "its subject is that of an automatic answer");
	return TRUE;
}

/* Reads an attached message: only so many, so deep, so much. */
static json_t *read_nested(Recognition *seen, Part *part)
{
	Reading *reading = seen->message->reading;
	if (seen->message->depth + 1 > LIMIT_DEPTH ||
	    json_array_size(seen->originals) >= LIMIT_NESTED ||
	    reading->parsed + g_bytes_get_size(part_content(part)) > LIMIT_PARSED_BYTES) {
		findings_add(seen->message->findings, "limit_nested", part->path,
		             "there are more attached messages than are read");
		return NULL;
	}
	g_autoptr(Message) nested =
		message_parse(reading, part_content(part), seen->message->depth + 1);
	return describe_message(nested);
}

static void add_original(Recognition *seen, gboolean first_hand, json_t *message, GBytes *raw)
{
	json_t *original = json_object();
	json_object_set_new(original, "first_hand", json_boolean(first_hand));
	json_object_set_new(original, "message", message);
	if (raw && json_bool(seen->message->reading->options, "originals_raw", FALSE)) {
		gsize size;
		const guchar *octets = g_bytes_get_data(raw, &size);
		char *encoded = g_base64_encode(octets, size);
		json_object_set_new(original, "raw_base64", json_string_nocheck(encoded));
		g_free(encoded);
	}
	json_array_append_new(seen->originals, original);
}

static gboolean has_attached_message(Recognition *seen)
{
	for (guint i = 0; i < seen->message->leaves->len; i++) {
		Part *part = seen->message->leaves->pdata[i];
		if (!attachments_is_message(part))
			continue;
		json_t *original = read_nested(seen, part);
		if (!original)
			continue;
		because(seen, "part %s is an attached message, declared as %s", part->path,
		        part->type);
		add_original(seen, TRUE, original, part_content(part));
	}
	return json_array_size(seen->originals) > 0;
}

/* Where a forward names the message it forwards: the field, and whether its last id is meant
 * rather than all of them. */
static const struct {
	const char *field;
	gboolean last_only, proves_forward;
} pointers[] = {
	{"X-Forwarded-Message-Id", FALSE, TRUE },
	{"In-Reply-To",            TRUE,  FALSE},
	{"References",             TRUE,  FALSE},
};

static json_t *claimed(const Recognition *seen, const char *message_id)
{
	json_t *message = json_object();
	g_autofree char *subject = subject_without_prefixes(json_text(seen->described, "subject"));
	describe_set(message, "message_id", message_id);
	describe_set(message, "date", NULL);
	describe_set(message, "subject", subject);
	static const char *const lists[] = {"from", "reply_to", "to",          "cc",
	                                    "bcc",  "links",    "attachments", "findings"};
	for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
		json_object_set_new(message, lists[i], json_array());
	return message;
}

static gboolean is_inline_forward(Recognition *seen)
{
	gboolean forwarded = subject_is_forward(json_text(seen->described, "subject"));
	if (forwarded)
		because(seen, "its subject says that it is a forward");
	for (guint i = 0; i < G_N_ELEMENTS(pointers); i++) {
		const char *value = message_header_raw(seen->message, pointers[i].field);
		if (!value || (!forwarded && !pointers[i].proves_forward))
			continue;
		g_autoptr(GPtrArray) ids = headers_message_ids(value);
		if (ids->len == 0)
			continue;
		because(seen, "%s names what it forwards", pointers[i].field);
		for (guint id = pointers[i].last_only ? ids->len - 1 : 0;
		     id < MIN(ids->len, LIMIT_NESTED); id++)
			add_original(seen, FALSE, claimed(seen, ids->pdata[id]), NULL);
		return TRUE;
	}
	if (forwarded)
		add_original(seen, FALSE, claimed(seen, NULL), NULL);
	return forwarded;
}

static const struct {
	const char *form;
	gboolean (*recognise)(Recognition *seen);
} forms[] = {
	{"notice",     is_notice           },
        {"bounce",     is_bounce           },
	{"auto_reply", is_auto_reply       },
        {"rfc822",     has_attached_message},
	{"inline",     is_inline_forward   },
};

static json_t *describe(const Recognition *seen, const char *form)
{
	json_t *report = json_object();
	json_t *from = json_object_get(seen->described, "from");
	json_t *first = json_array_get(from, 0);
	json_object_set_new(report, "form", json_string(form));
	json_object_set(report, "evidence", seen->evidence);
	json_object_set(report, "reporter", first ? first : json_null());
	json_object_set_new(report, "trust", trust_of(seen->message, from));
	json_object_set_new(report, "add_in", json_null());
	json_object_set_new(report, "verdict", json_null());
	describe_set(report, "comment", json_text(seen->described, "text"));
	return report;
}

json_t *report_recognise(Message *message, const json_t *described, json_t **originals)
{
	g_autoptr(json_t) evidence = json_array();
	Recognition seen = {message, described, evidence, json_array()};
	json_t *report = NULL;
	for (guint i = 0; i < G_N_ELEMENTS(forms) && !report; i++) {
		json_array_clear(seen.evidence);
		if (forms[i].recognise(&seen))
			report = describe(&seen, forms[i].form);
	}
	*originals = seen.originals;
	return report ? report : json_null();
}
