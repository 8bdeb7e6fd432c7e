/* One message as JSON: which of its fields go where. */
#include "mail/describe.h"

#include "mail/attachments/attachments.h"
#include "mail/authentication/authentication.h"
#include "mail/authentication/received.h"
#include "mail/authentication/senders.h"
#include "mail/authentication/simulation.h"
#include "mail/documents/documents.h"
#include "mail/findings/findings.h"
#include "mail/fingerprint/fingerprint.h"
#include "mail/html/flow.h"
#include "mail/links/links.h"
#include "mail/message/addresses.h"
#include "mail/message/body.h"
#include "mail/message/headers.h"
#include "mail/text/lookalikes.h"

#include <string.h>

void describe_set(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, json_text_new(text));
}

/* Fields of people; @once as RFC 5322 §3.6 says. */
static const struct {
	const char *key, *field;
	gboolean once;
} people[] = {
	{"from", "From", TRUE}, {"reply_to", "Reply-To", TRUE}, {"to", "To", TRUE},
	{"cc", "Cc", TRUE},     {"bcc", "Bcc", TRUE},
};

static void set_people(json_t *described, const Message *message)
{
	for (guint i = 0; i < G_N_ELEMENTS(people); i++)
		json_object_set_new(described, people[i].key,
		                    addresses_of(message, people[i].field, people[i].once));
	g_autoptr(json_t) sender = addresses_of(message, "Sender", TRUE);
	json_t *first = json_array_get(sender, 0);
	json_object_set(described, "sender", first ? first : json_null());
	if (json_array_size(json_object_get(described, "from")) > 1)
		findings_add(message->findings, "from_several", "From",
		             "it names more than one author; readers show one of them");
	if (json_array_size(json_object_get(described, "bcc")) > 0)
		findings_add(message->findings, "bcc_present", "Bcc",
		             "its blind copies are named in a Bcc field");
}

static void set_date(json_t *described, const Message *message)
{
	const char *raw = message_header_raw(message, "Date");
	g_autofree char *date = headers_date(raw);
	describe_set(described, "date", date);
	if (!date)
		findings_add(message->findings, raw ? "date_invalid" : "date_missing", "Date",
		             raw ? "its date cannot be read" : "it has no date");
}

/* Fields of which readers take the first, the last, or none when there are several. */
static const char *const single_fields[] = {"Subject",      "Date",
                                            "Content-Type", "Content-Transfer-Encoding",
                                            "MIME-Version", "Content-Disposition"};

static void note_duplicates(const Message *message)
{
	guint seen[G_N_ELEMENTS(single_fields)] = {0};
	for (int i = 0; i < message_header_count(message); i++)
		for (guint field = 0; field < G_N_ELEMENTS(single_fields); field++)
			if (g_ascii_strcasecmp(
				    g_mime_header_get_name(message_header_at(message, i)),
				    single_fields[field]) == 0 &&
			    ++seen[field] == 2)
				findings_add(message->findings, "header_duplicate",
				             single_fields[field],
				             "there is more than one %s; readers differ on which "
				             "counts",
				             single_fields[field]);
}

/* PGP without MIME: the encrypted text stands in the text. */
static void note_pgp(const Message *message, const char *text)
{
	if (text && strstr(text, "-----BEGIN PGP MESSAGE-----"))
		findings_add(message->findings, "encrypted", "text/plain",
		             "it is encrypted (PGP, in its text) and cannot be looked into");
}

json_t *describe_message(Message *message)
{
	json_t *described = json_object();
	g_autofree char *message_id = headers_message_id(message);
	describe_set(described, "message_id", message_id);
	set_date(described, message);
	g_autofree char *subject = message_header(message, "Subject");
	describe_set(described, "subject", subject);
	set_people(described, message);
	note_duplicates(message);
	json_object_set_new(described, "headers", headers_describe(message));
	json_object_set_new(described, "received", received_describe(message));
	json_object_set_new(described, "authentication",
	                    authentication_describe(message, json_object_get(described, "from")));
	senders_find(message, described);
	g_autoptr(Flow) text_flow = flow_new();
	g_autoptr(Flow) html_flow = flow_new();
	g_autoptr(GPtrArray) texts = body_texts(message, "text/plain", &text_flow->cut);
	g_autoptr(GPtrArray) pages = body_texts(message, "text/html", &html_flow->cut);
	g_autofree char *text = body_joined(texts), *html = body_joined(pages);
	if (text)
		flow_add_plain(text_flow, text);
	note_pgp(message, text);
	describe_set(described, "text", text);
	describe_set(described, "html", html);
	g_autofree char *shown = NULL;
	LinkTexts linking = {subject, text, body_is_delsp(message), pages};
	json_object_set_new(described, "links",
	                    links_describe(&linking, message->findings,
	                                   message->reading->limits.links, html_flow, &shown));
	describe_set(described, "shown", shown);
	json_object_set_new(described, "attachments", attachments_describe(message));
	documents_read_body(message, text, html);
	json_array_extend(json_object_get(described, "links"),
	                  (json_t *)links_walk_list(message->file_links));
	lookalikes_find(message->findings, "Subject", subject);
	lookalikes_find(message->findings, "From", json_text(described, "from.0.name"));
	lookalikes_find(message->findings, "text/plain", text);
	lookalikes_find(message->findings, "text/html", shown);
	const char *vendor = simulation_vendor(message);
	if (vendor)
		describe_set(described, "simulation", vendor);
	json_object_set(described, "findings", message->findings);
	g_autofree char *fingerprint = fingerprint_of(message, described, text_flow, html_flow);
	describe_set(described, "fingerprint", fingerprint);
	return described;
}
