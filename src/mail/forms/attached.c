/* Reports that carry the original itself: as an attached message, in an archive, behind a journal's
 * envelope, or inside a forward of a forward. */
#include "mail/attachments/attachments.h"
#include "mail/describe.h"
#include "mail/findings/findings.h"
#include "mail/forms/form.h"
#include "mail/forms/quoted.h"
#include "mail/forms/report.h"
#include "mail/text/subject.h"
#include "mail/url/domains.h"

#include <string.h>

/* A colleague's forward of the original: from the reporter's own organisation, a forward by its
 * subject, and itself with exactly one attached message. A phish that pretends all that is still
 * shown: the forward stays in the breakdown, and there is a finding. */
static json_t *attached_in_forward(const Recognition *seen, const json_t *message)
{
	json_t *attachments = json_object_get(message, "attachments");
	json_t *one = NULL, *entry;
	size_t i;
	json_array_foreach (attachments, i, entry) {
		if (!json_object_get(entry, "message"))
			continue;
		if (one)
			return NULL;
		one = entry;
	}
	const char *reporter = json_text(seen->described, "from.0.address");
	const char *between = json_text(message, "from.0.address");
	const char *ours = reporter ? strrchr(reporter, '@') : NULL;
	const char *theirs = between ? strrchr(between, '@') : NULL;
	return one && ours && theirs && domains_aligned(ours + 1, theirs + 1) &&
	                       subject_is_forward(json_text(message, "subject"))
	               ? one
	               : NULL;
}

static json_t *take(json_t *entry, const char *key)
{
	json_t *value = json_incref(json_object_get(entry, key));
	json_object_del(entry, key);
	return value;
}

/* An add-in that has only a script's view of the mailbox writes a message anew: without the fields
 * of any transport. Its octets are not those of the original, and the id stands in the text. */
static gboolean is_rebuilt(const Recognition *seen, const json_t *message)
{
	if (json_text(message, "message_id") ||
	    json_array_size(json_object_get(message, "received")) > 0)
		return FALSE;
	const char *unused;
	g_autoptr(json_t) named = quoted_find(form_shown_text(seen), &unused);
	return json_text(named, "message_id") || json_text(named, "item_id");
}

static void claim_id(Recognition *seen, json_t *entry)
{
	static const char *const ids[] = {"message_id", "item_id"};
	const char *unused;
	json_t *message = json_object_get(entry, "message");
	g_autoptr(json_t) named = quoted_find(form_shown_text(seen), &unused);
	for (guint i = 0; i < G_N_ELEMENTS(ids); i++)
		if (json_text(named, ids[i]))
			describe_set(message, ids[i], json_text(named, ids[i]));
	describe_set(message, "fingerprint", NULL);
	form_because(seen, "the attached message was rebuilt; the text names its id");
	findings_add(seen->message->findings, "original_rebuilt", json_text(entry, "path"),
	             "the attached message was written anew by a reporting program");
}

static void take_one(Recognition *seen, json_t *entry, guint depth)
{
	json_t *within =
		depth < 4 ? attached_in_forward(seen, json_object_get(entry, "message")) : NULL;
	if (within) {
		form_because(seen, "the attached message is a forward by %s of another one",
		             json_text(entry, "message.from.0.address"));
		findings_add(seen->message->findings, "nested_forward", json_text(entry, "path"),
		             "the original was taken from a forward of a forward");
		take_one(seen, within, depth + 1);
		return;
	}
	json_object_set_new(entry, "original",
	                    json_integer((json_int_t)json_array_size(seen->originals)));
	json_t *raw = take(entry, "raw_base64");
	gboolean rebuilt = is_rebuilt(seen, json_object_get(entry, "message"));
	gboolean first_hand = !attachments_is_headers_only(json_text(entry, "type")) &&
	                      !json_text(entry, "holds") && !rebuilt;
	if (rebuilt) {
		claim_id(seen, entry);
		g_clear_pointer(&raw, json_decref);
	}
	form_add_original(seen, first_hand, take(entry, "message"), raw);
}

static void take_all(Recognition *seen, json_t *entries)
{
	size_t i;
	json_t *entry;
	json_array_foreach (entries, i, entry) {
		if (g_strcmp0(json_text(entry, "holds"), "tnef") == 0) {
			/* Outlook's envelope around what the reporter attached. */
			take_all(seen, json_at(entry, "message.attachments"));
		} else if (json_object_get(entry, "message")) {
			const char *name = json_text(entry, "name"),
				   *type = json_text(entry, "type");
			form_because(seen, "there is an attached message%s%s, declared as %s",
			             name ? " " : "", name ? name : "",
			             type ? type : "a file in an archive");
			take_one(seen, entry, 0);
		}
		take_all(seen, json_object_get(entry, "parts"));
	}
}

guint form_take_attached(Recognition *seen)
{
	take_all(seen, json_object_get(seen->described, "attachments"));
	return (guint)json_array_size(seen->originals);
}

gboolean form_has_attached(Recognition *seen)
{
	return form_take_attached(seen) > 0;
}

static Part *attached_part(const Message *message)
{
	for (guint i = 0; i < message->leaves->len; i++) {
		Part *part = message->leaves->pdata[i];
		if (strcmp(part->type, "message/rfc822") == 0)
			return part;
	}
	return NULL;
}

/* Exchange's journal puts each message into an envelope of its own; the report is what is inside.
 */
gboolean form_is_journal(Recognition *seen)
{
	Part *part = attached_part(seen->message);
	if (!part ||
	    (!message_header_raw(seen->message, "X-MS-Journal-Report") &&
	     !form_header_contains(seen->message, "Content-Identifier", "exjournalreport")))
		return FALSE;
	if (seen->message->depth > 0)
		return FALSE;
	g_autoptr(Message) inner = message_parse(seen->message->reading, part_content(part), 1);
	g_autoptr(json_t) described = describe_message(inner);
	json_t *originals = NULL;
	json_t *report = report_recognise(inner, described, &originals);
	if (!json_is_object(report)) {
		json_decref(report);
		json_decref(originals);
		return FALSE;
	}
	json_array_extend(seen->originals, originals);
	json_decref(originals);
	form_because(seen, "it is an Exchange journal report around the report");
	json_array_extend(seen->evidence, json_object_get(report, "evidence"));
	json_object_set(report, "evidence", seen->evidence);
	json_object_set_new(report, "journal", json_true());
	json_object_update_new(seen->report, report);
	return TRUE;
}
