/* Abuse reports as XARF: a JSON document as a part, a file or alone, or the YAML part of X-ARF 0.x.
 *
 * Only a valid document makes a report. What is wrong with another one is a finding that names the
 * member, and the message goes on to the other forms. Messages among the evidence become
 * originals; of a complaint about mail without evidence its sender and subject are claimed. */
#include "mail/forms/xarf_rules.h"

#include "base/limits.h"
#include "base/text.h"
#include "mail/describe.h"
#include "mail/findings/findings.h"
#include "mail/forms/form.h"
#include "mail/forms/quoted.h"
#include "mail/message/body.h"

#include <string.h>

/* Something that may be a document: its octets, and how sure it is that it means to be one. */
typedef struct {
	GBytes *octets;
	const char *where; /* NULL: the message itself */
	gboolean declared;
} Candidate;

static void refuse(Recognition *seen, const char *where, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
static void refuse(Recognition *seen, const char *where, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *reason = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	findings_add(seen->message->findings, "xarf_invalid", where,
	             "it means to be an XARF report and is none: %.300s", reason);
}

/* Past white space and a byte order mark. */
static const char *first_sign(const char *text, gsize size)
{
	gsize at = size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	while (at < size && g_ascii_isspace(text[at]))
		at++;
	return text + at;
}

static gboolean begins_like_json(GBytes *octets)
{
	gsize size;
	const char *text = g_bytes_get_data(octets, &size);
	const char *first = size ? first_sign(text, size) : NULL;
	return first && first < text + size && *first == '{';
}

/* Members that no other kind of document has, for one that cannot even be parsed. */
static gboolean looks_like_xarf(const char *text, gsize size)
{
	static const char *const members[] = {"\"xarf_version\"", "\"ReporterInfo\""};
	for (guint i = 0; i < G_N_ELEMENTS(members); i++)
		if (memmem(text, MIN(size, 65536), members[i], strlen(members[i])))
			return TRUE;
	return FALSE;
}

static gboolean is_deep(const json_t *value, guint depth)
{
	size_t i;
	const char *name;
	json_t *below;
	if (depth > LIMIT_XARF_DEPTH)
		return TRUE;
	json_array_foreach ((json_t *)value, i, below)
		if (is_deep(below, depth + 1))
			return TRUE;
	json_object_foreach ((json_t *)value, name, below)
		if (is_deep(below, depth + 1))
			return TRUE;
	return FALSE;
}

static json_t *parse_json(Recognition *seen, const Candidate *candidate)
{
	gsize size;
	const char *text = g_bytes_get_data(candidate->octets, &size);
	if (size > LIMIT_XARF_SIZE) {
		findings_add(seen->message->findings, "limit_xarf_size", candidate->where,
		             "a JSON document of more than %d bytes is not read", LIMIT_XARF_SIZE);
		return NULL;
	}
	const char *first = first_sign(text, size);
	g_autoptr(GError) problem = NULL;
	g_autoptr(json_t) document = json_parse(first, (gssize)(text + size - first), &problem);
	if (!document) {
		if (candidate->declared || looks_like_xarf(text, size))
			refuse(seen, candidate->where, "%s", problem->message);
		return NULL;
	}
	if (!xarf_is_meant(document)) {
		if (candidate->declared)
			refuse(seen, candidate->where,
			       "xarf_version, Version and ReporterInfo are missing");
		return NULL;
	}
	if (is_deep(document, 0)) {
		refuse(seen, candidate->where, "its members are nested deeper than %d",
		       LIMIT_XARF_DEPTH);
		return NULL;
	}
	return g_steal_pointer(&document);
}

/* ---- what it reports ---- */

/* Where generations keep their evidence, and what its members are called. */
static const struct {
	const char *list, *type, *payload;
	gboolean flagged; /* a member tells whether it is base64 */
} evidences[] = {
	{"evidence", "content_type", "payload", FALSE},
	{"Report.Samples", "ContentType", "Payload", TRUE},
	{"Report.Attachment", "ContentType", "Data", FALSE},
};

static gboolean is_message_type(const char *type)
{
	static const char *const types[] = {"message/rfc822", "message/rfc2822", "message/global",
	                                    "text/email"};
	for (guint i = 0; type && i < G_N_ELEMENTS(types); i++)
		if (g_ascii_strncasecmp(type, types[i], strlen(types[i])) == 0)
			return TRUE;
	return FALSE;
}

static gboolean is_base64(const char *text)
{
	gsize signs = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                           "0123456789+/=\r\n ");
	return *text && text[signs] == '\0';
}

static GBytes *payload_octets(const json_t *item, const char *payload, gboolean flagged)
{
	const char *text = json_string_value(json_object_get(item, payload));
	if (!text || (flagged && !json_bool(item, "Base64Encoded", is_base64(text))))
		return text ? g_bytes_new(text, strlen(text)) : NULL;
	if (!is_base64(text))
		return NULL;
	gsize size;
	guchar *octets = g_base64_decode(text, &size);
	return g_bytes_new_take(octets, size);
}

static void take_evidence(Recognition *seen, const json_t *document)
{
	for (guint i = 0; i < G_N_ELEMENTS(evidences); i++) {
		size_t j;
		json_t *item;
		json_array_foreach (json_at(document, evidences[i].list), j, item) {
			if (!is_message_type(json_text(item, evidences[i].type)))
				continue;
			g_autofree char *where =
				g_strdup_printf("%s.%u", evidences[i].list, (guint)j);
			g_autoptr(GBytes) octets =
				payload_octets(item, evidences[i].payload, evidences[i].flagged);
			if (!octets)
				findings_add(seen->message->findings, "xarf_evidence", where,
				             "a message among its evidence is no base64");
			else if (form_add_original_octets(seen, octets, where))
				form_because(seen, "its evidence %s is a message", where);
		}
	}
}

/* What a complaint about mail says of the mail. */
static const struct {
	const char *key;
	const char *paths[4];
} claims[] = {
	{"from", {"smtp_from", "Report.SmtpMailFromAddress", "Report.FromAddress"}},
	{"to", {"smtp_to", "Report.SmtpRcptToAddress", "Report.ToAddress"}},
	{"subject", {"subject", "Report.SmtpMessageSubject", "Report.AdditionalInfo.Subject"}},
	{"message_id", {"message_id"}},
};

static const char *first_text(const json_t *document, const char *const *paths)
{
	for (guint i = 0; i < 4 && paths[i]; i++)
		if (json_text(document, paths[i]))
			return json_text(document, paths[i]);
	return NULL;
}

static json_t *one_person(const char *address)
{
	g_autofree char *form = text_address(address);
	json_t *list = json_array(), *who = json_object();
	describe_set(who, "name", NULL);
	describe_set(who, "address", form);
	json_array_append_new(list, who);
	return list;
}

static void claim_mail(Recognition *seen, const json_t *document)
{
	json_t *message = quoted_empty();
	gboolean any = FALSE;
	for (guint i = 0; i < G_N_ELEMENTS(claims); i++) {
		const char *text = first_text(document, claims[i].paths);
		if (!text)
			continue;
		gboolean people = json_is_array(json_object_get(message, claims[i].key));
		if (strcmp(claims[i].key, "message_id") == 0) {
			g_autofree char *id = text_message_id(text, strlen(text));
			describe_set(message, "message_id", id);
		} else if (people) {
			json_object_set_new(message, claims[i].key, one_person(text));
		} else {
			describe_set(message, claims[i].key, text);
		}
		any = any || !people || strcmp(claims[i].key, "from") == 0;
	}
	if (any) {
		form_because(seen, "it names the sender or the subject of a mail");
		form_add_original(seen, FALSE, message, NULL);
	} else {
		json_decref(message);
	}
}

/* Evidence in a text that is too long stays in the message; the document keeps its beginning. */
static void cut_texts(Recognition *seen, json_t *value)
{
	size_t i;
	const char *name;
	json_t *below;
	void *next;
	json_array_foreach (value, i, below)
		cut_texts(seen, below);
	json_object_foreach_safe (value, next, name, below) {
		if (json_is_string(below) && json_string_length(below) > LIMIT_XARF_TEXT) {
			g_autofree char *start =
				g_strndup(json_string_value(below), LIMIT_XARF_TEXT);
			findings_add(seen->message->findings, "limit_xarf_text", name,
			             "only the first %d bytes of a text are kept", LIMIT_XARF_TEXT);
			json_object_set_new(value, name, json_text_new(start));
		} else {
			cut_texts(seen, below);
		}
	}
}

static const char *const reporters[] = {"reporter.contact", "ReporterInfo.ReporterOrgEmail",
                                        "ReporterInfo.ReporterContactEmail"};

static void name_reporter(Recognition *seen, const json_t *document)
{
	const char *address = json_string_value(json_object_get(document, "Reported-From"));
	for (guint i = 0; i < G_N_ELEMENTS(reporters) && !address; i++)
		address = json_text(document, reporters[i]);
	form_name_reporter(seen, address ? text_address(address) : NULL, "the XARF document");
}

/* Takes @document when it is valid. */
static gboolean use(Recognition *seen, json_t *document, const char *where)
{
	const char *generation;
	g_autofree char *problem = xarf_check(document, &generation);
	if (problem) {
		refuse(seen, where, "%s", problem);
		return FALSE;
	}
	form_because(seen, "there is a valid XARF document, generation %s", generation);
	take_evidence(seen, document);
	form_take_attached(seen);
	if (json_array_size(seen->originals) == 0)
		claim_mail(seen, document);
	name_reporter(seen, document);
	cut_texts(seen, document);
	json_t *feedback = form_feedback_fields(seen);
	if (feedback)
		json_object_set_new(seen->report, "feedback", feedback);
	json_object_set(seen->report, "xarf", document);
	json_object_set_new(seen->report, "xarf_generation", json_string(generation));
	return TRUE;
}

/* ---- where it may be ---- */

static gboolean has_ending(const char *name, const char *ending)
{
	gsize length = name ? strlen(name) : 0, ends = strlen(ending);
	return length > ends && g_ascii_strcasecmp(name + length - ends, ending) == 0;
}

static gboolean is_declared(const Message *message)
{
	static const char *const fields[] = {"X-XARF", "X-ARF"};
	const char *of = form_report_type(message);
	for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
		if (message_header_raw(message, fields[i]))
			return TRUE;
	return of && (g_ascii_strcasecmp(of, "xarf") == 0 || g_ascii_strcasecmp(of, "x-arf") == 0);
}

static gboolean use_json(Recognition *seen, const Candidate *candidate)
{
	g_autoptr(json_t) document = parse_json(seen, candidate);
	return document && use(seen, document, candidate->where);
}

/* JSON by its type, its name or, where a report is announced, its first sign. */
static gboolean use_json_part(Recognition *seen, Part *part, gboolean declared)
{
	g_autofree char *name = part_name(part);
	gboolean typed = strcmp(part->type, "application/json") == 0 ||
	                 strcmp(part->type, "text/json") == 0 || strstr(part->type, "xarf") ||
	                 g_str_has_suffix(part->type, "+json") || has_ending(name, ".json");
	gboolean of_feedback = form_report_type(seen->message) != NULL;
	if (!typed && !declared && !of_feedback)
		return FALSE;
	GBytes *octets = part_content(part);
	if (!begins_like_json(octets)) {
		if (typed && declared)
			refuse(seen, part->path, "it is no JSON object");
		return FALSE;
	}
	const Candidate candidate = {octets, part->path,
	                             declared || strstr(part->type, "xarf") != NULL};
	return use_json(seen, &candidate);
}

static gboolean use_yaml_part(Recognition *seen, Part *part)
{
	gsize size;
	const char *octets = g_bytes_get_data(part_content(part), &size);
	if (!g_str_has_prefix(part->type, "text/") || size > LIMIT_XARF_SIZE ||
	    !memmem(octets, size, "Reported-From:", strlen("Reported-From:")))
		return FALSE;
	g_autofree char *text = body_decode(seen->message->findings, part);
	g_autofree char *problem = NULL;
	g_autoptr(json_t) document = xarf_from_yaml(text, &problem);
	if (!document)
		refuse(seen, part->path, "no YAML mapping: %s", problem);
	return document && use(seen, document, part->path);
}

gboolean form_is_xarf(Recognition *seen)
{
	const Message *message = seen->message;
	if (message->depth == 0 && begins_like_json(message->bytes)) {
		const Candidate alone = {message->bytes, NULL, TRUE};
		return use_json(seen, &alone);
	}
	gboolean declared = is_declared(message);
	for (guint i = 0; i < message->leaves->len; i++) {
		Part *part = message->leaves->pdata[i];
		if (use_json_part(seen, part, declared) || (declared && use_yaml_part(seen, part)))
			return TRUE;
	}
	return FALSE;
}
