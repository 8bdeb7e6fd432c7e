/* Is this message a report, of which form, and what does it report?
 *
 * The forms stand in a table, the surest sign first; each recogniser (forms/) says why, so that an
 * analyst can judge the judgement. */
#include "mail/forms/report.h"

#include "base/limits.h"
#include "mail/authentication/trust.h"
#include "mail/describe.h"
#include "mail/findings/findings.h"
#include "mail/forms/form.h"

#include <string.h>

/* clang-format off */
static const struct {
	const char *form;
	gboolean (*recognise)(Recognition *seen);
} forms[] = {
	{"notice",     form_is_notice},
	{"xarf",       form_is_xarf},
	{"bounce",     form_is_bounce},
	{"dmarc",      form_is_dmarc},
	{"arf",        form_is_feedback},
	{"rfc822",     form_is_refused_feedback},
	{"auto_reply", form_is_auto_reply},
	{"list",       form_is_list_digest},
	{"journal",    form_is_journal},
	{"rfc822",     form_has_attached},
	{"add_in",     form_has_marked_blocks},
	{"inline",     form_is_inline},
};
/* clang-format on */

/* Who reported, and whether that is borne out. Anybody can write another's address into a field or
 * a document; it counts when an accepted relay sent the report, and From counts otherwise. */
static void set_reporter(json_t *report, const Recognition *seen)
{
	const json_t *from = json_object_get(seen->described, "from");
	json_t *first = json_array_get(from, 0);
	json_t *trust = trust_of(seen->message, from);
	json_t *reporter = first ? json_incref(first) : json_null();
	if (seen->named && g_strcmp0(seen->named, json_text(first, "address")) != 0) {
		json_t *relay = trust_of_relay(seen->message, from, seen->named_by);
		if (json_bool(relay, "believed", FALSE)) {
			json_decref(reporter);
			reporter = json_object();
			describe_set(reporter, "name", NULL);
			describe_set(reporter, "address", seen->named);
			json_decref(trust);
			trust = json_incref(relay);
		} else {
			findings_add(seen->message->findings, "reporter_unproven", seen->named_by,
			             "%s names %.200s as the reporter, but %s", seen->named_by,
			             seen->named, json_text(relay, "reason"));
		}
		json_decref(relay);
	}
	json_object_set_new(report, "reporter", reporter);
	describe_set(report, "reporter_named", seen->named);
	json_object_set_new(report, "trust", trust);
}

static json_t *describe(Recognition *seen, const char *form)
{
	const char *verdict;
	const char *add_in = form_add_in(seen, &verdict);
	json_t *report = json_object();
	json_object_set_new(report, "form", json_string(form));
	json_object_set(report, "evidence", seen->evidence);
	set_reporter(report, seen);
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

gboolean report_form_is_by_people(const char *form)
{
	static const char *const machines[] = {"none",       "notice", "bounce",
	                                       "auto_reply", "list",   NULL};
	return form && !g_strv_contains(machines, form);
}

json_t *report_recognise(Message *message, json_t *described, json_t **originals)
{
	json_t *report = NULL;
	g_autoptr(json_t) more = json_object();
	Recognition seen = {message, described, NULL, json_array(), more, NULL, NULL};
	for (guint i = 0; i < G_N_ELEMENTS(forms) && !report; i++) {
		seen.evidence = json_array();
		if (forms[i].recognise(&seen))
			report = describe(&seen, forms[i].form);
		json_decref(seen.evidence);
	}
	g_free(seen.named);
	*originals = seen.originals;
	drop_raw(json_object_get(described, "attachments"));
	size_t i;
	json_t *original;
	json_array_foreach (seen.originals, i, original)
		drop_raw(json_at(original, "message.attachments"));
	return report ? report : json_null();
}
