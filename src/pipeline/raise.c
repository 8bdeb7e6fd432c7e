/* Raises the alerts of reports and finds them their incidents, each report in one transaction, and
 * several reports in one.
 *
 * The Message-ID says which incidents may be meant, the content decides: two messages with one
 * Message-ID are two incidents that point at each other. What is only claimed joins the newest
 * incident that bears the claim out, and becomes first-hand when somebody else's report brings the
 * message itself. An incident that was closed is opened again, and its activity says why.
 *
 * All of it runs under the keys of the originals, so that five hundred reports at once make one
 * incident. */
#include "audit/audit.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "mail/fingerprint/fingerprint.h"
#include "pipeline/identity.h"
#include "pipeline/post_process.h"
#include "pipeline/process.h"
#include "store/incident.h"
#include "store/job.h"
#include "store/report.h"

#include <string.h>

#define WRITE_TRIES 5  /* an analyst may change the same incident at the same instant */
#define TOGETHER    25 /* reports of one transaction: others wait for the database, too */

#define LEFT_OUT "recipients_left_out" /* a finding */

typedef struct {
	const Process *process;
	Report *report;
	gint64 now;
	GArray *incidents; /* of gint64: joined by this report, for the record */
} Raise;

/* --- records ------------------------------------------------------------------------------------
 */

static gboolean record(Db *db, const char *action, const char *kind, gint64 id, gint64 incident_id,
                       json_t *detail, gint64 *seq, GError **error)
{
	return audit_append(db, "worker", action, kind, id, incident_id, detail, seq, error);
}

static json_t *id_json(gint64 id)
{
	return json_integer((json_int_t)id);
}

/* --- the original -------------------------------------------------------------------------------
 */

static char *shortened(const char *text)
{
	return text ? g_utf8_substring(text, 0, MIN(g_utf8_strlen(text, -1), LIMIT_TITLE)) : NULL;
}

static Original *original_of(const ReportedOriginal *reported, gint64 now)
{
	Original *original = g_new0(Original, 1);
	const json_t *message = reported->document.message;
	const char *date = json_text(message, "date");
	original->message_id = g_strdup(reported->message_id);
	original->fingerprint = g_strdup(reported->fingerprint);
	original->first_hand = reported->first_hand;
	original->sha256 = g_strdup(reported->sha256);
	original->subject = shortened(json_text(message, "subject"));
	original->sender = text_address(json_text(message, "from.0.address"));
	original->created_at = now;
	if (date)
		clock_parse(date, &original->sent_at);
	return original;
}

static gboolean agrees(const Original *one, const Original *other)
{
	return identity_agrees(one->subject, one->sender, other->subject, other->sender);
}

/* The newest original with this Message-ID that agrees with @mine and is @first_hand or not. */
static Original *find_agreeing(Db *db, const Original *mine, gboolean first_hand, GError **error)
{
	g_autoptr(GPtrArray) known = original_find(db, mine->message_id, error);
	for (guint i = known ? known->len : 0; i-- > 0;) {
		const Original *other = known->pdata[i];
		if (other->first_hand == first_hand && agrees(mine, other))
			return g_ptr_array_steal_index(known, i);
	}
	return NULL;
}

static gboolean register_bytes(const Raise *raise, Db *db, const ReportedOriginal *reported,
                               GError **error)
{
	return !reported->bytes || raw_store_register(raise->process->batch->tools->raw, db,
	                                              reported->sha256, reported->bytes, error);
}

/* Makes @mine the row of the original that was reported: one that is there already, one that was
 * only claimed until now, or a new one. One whose content was removed when it was past its period
 * has it again. Sets mine->id. What nobody reported, but came by itself, does not stand in for a
 * claim. */
static gboolean settle_original(const Raise *raise, Db *db, const ReportedOriginal *reported,
                                Original *mine, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(Original) known = NULL;
	g_autofree char *key = fingerprint_key(mine->fingerprint);
	gboolean may_be_claimed = *mine->message_id && reported->reported;
	if (mine->first_hand)
		known = original_find_same(db, mine->message_id, key, &problem);
	else if (may_be_claimed)
		known = find_agreeing(db, mine, TRUE, &problem);
	if (!known && !problem && may_be_claimed)
		known = find_agreeing(db, mine, FALSE, &problem);
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	mine->id = known ? known->id : 0;
	if (known && (known->first_hand > mine->first_hand ||
	              (known->first_hand == mine->first_hand && !known->content_removed_at)))
		return TRUE;
	const char *document = reported->document.text;
	return register_bytes(raise, db, reported, error) &&
	       (known ? original_upgrade(db, mine, document, error)
	              : original_insert(db, mine, document, error));
}

/* --- who was sent it ----------------------------------------------------------------------------
 */

typedef struct {
	char *address;
	AlertRole role;
} Recipient;

static void recipient_free(Recipient *recipient)
{
	g_free(recipient->address);
	g_free(recipient);
}

static void add_recipient(GPtrArray *recipients, GHashTable *seen, const char *address,
                          AlertRole role)
{
	char *compared = text_address(address);
	if (!compared || !g_hash_table_add(seen, compared))
		return;
	Recipient *recipient = g_new0(Recipient, 1);
	recipient->address = g_strdup(compared);
	recipient->role = role;
	g_ptr_array_add(recipients, recipient);
}

static const struct {
	const char *field;
	AlertRole role;
} fields[] = {
	{"to", ROLE_TO},
	{"cc", ROLE_CC},
	{"bcc", ROLE_BCC},
};

/* Everybody whom a message names. */
static void add_named(GPtrArray *recipients, GHashTable *seen, const json_t *message)
{
	for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
		size_t at;
		json_t *person;
		json_array_foreach (json_object_get(message, fields[i].field), at, person)
			add_recipient(recipients, seen, json_text(person, "address"),
			              fields[i].role);
	}
}

/* --- the incident -------------------------------------------------------------------------------
 */

/* A new reference to those of an incident, an array. */
static json_t *findings_of(const Incident *incident)
{
	g_autoptr(json_t) findings =
		incident->findings ? json_parse(incident->findings, -1, NULL) : NULL;
	return json_is_array(findings) ? g_steal_pointer(&findings) : json_array();
}

static void set_findings(Incident *incident, const json_t *findings)
{
	g_free(incident->findings);
	incident->findings = json_format(findings);
}

/* Where the finding with this id is, or their number. */
static size_t find_finding(const json_t *findings, const char *id)
{
	size_t i;
	json_t *known;
	json_array_foreach (findings, i, known)
		if (g_strcmp0(json_text(known, "id"), id) == 0)
			break;
	return i;
}

/* Adds a finding unless one with its id is there. */
static void add_finding(Incident *incident, const json_t *finding)
{
	g_autoptr(json_t) findings = findings_of(incident);
	if (find_finding(findings, json_text(finding, "id")) < json_array_size(findings))
		return;
	json_array_append(findings, (json_t *)finding);
	set_findings(incident, findings);
}

static void drop_finding(Incident *incident, const char *id)
{
	g_autoptr(json_t) findings = findings_of(incident);
	if (json_array_remove(findings, find_finding(findings, id)) == 0)
		set_findings(incident, findings);
}

static void add_findings(Incident *incident, const json_t *findings)
{
	size_t i;
	json_t *finding;
	json_array_foreach (findings, i, finding)
		add_finding(incident, finding);
}

/* Says which other incident is about a message with the same Message-ID. */
static json_t *finding_of_reuse(gint64 incident_id)
{
	g_autofree char *detail = g_strdup_printf(
		"Incident %" G_GINT64_FORMAT " is about another message with the same Message-ID.",
		incident_id);
	return json_pack("{s:s, s:s, s:I}", "id", "message_id_reused", "detail", detail,
	                 "incident_id", (json_int_t)incident_id);
}

/* Another message has this incident's Message-ID: both incidents say so. */
static gboolean tell_reuse(const Raise *raise, Db *db, Incident *other, gint64 incident_id,
                           GError **error)
{
	gint64 expected = other->revision;
	g_autoptr(json_t) finding = finding_of_reuse(incident_id);
	add_finding(other, finding);
	other->updated_at = raise->now;
	return record(db, "incident.finding", "incident", other->id, other->id,
	              json_incref(finding), &other->revision, error) &&
	       incident_save(db, other, expected, error);
}

static gboolean is_served(const Raise *raise, const char *address)
{
	const GPtrArray *servers = raise->process->batch->servers;
	for (guint i = 0; i < servers->len; i++)
		if (mail_server_serves(servers->pdata[i], address))
			return TRUE;
	return FALSE;
}

/* Those whom an original that was not found names, who have a mailbox here and get no alert. */
static guint count_left_out(const Raise *raise, const ReportedOriginal *reported, GPtrArray *alerts)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GPtrArray) left_out =
		g_ptr_array_new_with_free_func((GDestroyNotify)recipient_free);
	for (guint i = 0; i < alerts->len; i++) {
		const Alert *alert = alerts->pdata[i];
		g_hash_table_add(seen, g_strdup(alert->recipient));
	}
	if (raise->report->reporter)
		g_hash_table_add(seen, g_strdup(raise->report->reporter));
	add_named(left_out, seen, reported->document.message);
	guint n = 0;
	for (guint i = 0; i < left_out->len; i++) {
		const Recipient *recipient = left_out->pdata[i];
		n += is_served(raise, recipient->address);
	}
	return n;
}

static json_t *finding_of_left_out(guint n)
{
	g_autofree char *detail =
		g_strdup_printf("The original was not found, so %u other%s whom it names %s no "
	                        "alert, and a pull does not look into %s.",
	                        n, n == 1 ? "" : "s", n == 1 ? "has" : "have",
	                        n == 1 ? "that mailbox" : "their mailboxes");
	return json_pack("{s:s, s:s}", "id", LEFT_OUT, "detail", detail);
}

/* One alert for the reporter looks as if nobody else had it, so the incident says so; and no more
 * when somebody else's report brings the others in. The incident is not saved here. */
static gboolean tell_left_out(const Raise *raise, Db *db, Incident *incident,
                              const ReportedOriginal *reported, GError **error)
{
	guint n = 0;
	if (reported->located != LOCATED_FOUND) {
		g_autoptr(GPtrArray) alerts =
			incident->id ? alert_list(db, incident->id, error) : g_ptr_array_new();
		if (!alerts)
			return FALSE;
		n = count_left_out(raise, reported, alerts);
	}
	drop_finding(incident, LEFT_OUT);
	g_autoptr(json_t) finding = n ? finding_of_left_out(n) : NULL;
	if (finding)
		add_finding(incident, finding);
	return TRUE;
}

static Incident *incident_new(const Raise *raise, IncidentKind kind, const char *title)
{
	Incident *incident = g_new0(Incident, 1);
	incident->state = STATE_OPEN;
	incident->kind = kind;
	incident->title = g_strdup(title && *title ? title : "(no subject)");
	incident->severity =
		kind == INCIDENT_NOT_A_REPORT ? SEVERITY_INFORMATIONAL : SEVERITY_MODERATE;
	incident->disposition = DISPOSITION_UNKNOWN;
	incident->opened_at = incident->updated_at = raise->now;
	incident->findings = g_strdup("[]");
	return incident;
}

static gboolean insert_incident(const Raise *raise, Db *db, Incident *incident, GError **error)
{
	json_t *detail = json_pack("{s:s, s:o, s:o}", "kind", incident_kind_names[incident->kind],
	                           "report", id_json(raise->report->id), "reporter",
	                           json_text_new(raise->report->reporter));
	return incident_insert(db, incident, error) &&
	       record(db, "incident.open", "incident", incident->id, incident->id, detail,
	              &incident->revision, error);
}

static gboolean open_incident(const Raise *raise, Db *db, const ReportedOriginal *reported,
                              const Original *original, GPtrArray *linked, Incident **incident,
                              GError **error)
{
	*incident = incident_new(raise, INCIDENT_REPORTED_MAIL, original->subject);
	(*incident)->original_id = original->id;
	if (raise->process->batch->source->link_events)
		(*incident)->link_key = g_strdup(reported->link_key);
	add_findings(*incident, reported->findings);
	if (linked->len) {
		const Incident *other = linked->pdata[0];
		g_autoptr(json_t) finding = finding_of_reuse(other->id);
		add_finding(*incident, finding);
	}
	if (!tell_left_out(raise, db, *incident, reported, error) ||
	    !insert_incident(raise, db, *incident, error))
		return FALSE;
	for (guint i = 0; i < linked->len; i++)
		if (!tell_reuse(raise, db, linked->pdata[i], (*incident)->id, error))
			return FALSE;
	return TRUE;
}

static gboolean join_incident(const Raise *raise, Db *db, const ReportedOriginal *reported,
                              const Original *original, Incident *incident, GError **error)
{
	gint64 expected = incident->revision;
	gboolean closed = incident->state == STATE_CLOSED;
	if (!tell_left_out(raise, db, incident, reported, error))
		return FALSE;
	json_t *detail = json_pack("{s:o, s:o}", "report", id_json(raise->report->id), "reporter",
	                           json_text_new(raise->report->reporter));
	if (closed) {
		json_object_set_new(detail, "reason",
		                    json_string("the same message was reported again"));
		json_object_set_new(detail, "closed_because",
		                    json_text_new(incident->close_reason));
		incident->state = STATE_OPEN;
		incident->closed_at = 0;
		incident->waiting_since = raise->now;
		g_clear_pointer(&incident->close_reason, g_free);
	}
	if (reported->first_hand && original->subject && *original->subject) {
		g_free(incident->title); /* it may have been a claim's until now */
		incident->title = g_strdup(original->subject);
	}
	add_findings(incident, reported->findings);
	incident->updated_at = raise->now;
	return record(db, closed ? "incident.reopen" : "incident.join", "incident", incident->id,
	              incident->id, detail, &incident->revision, error) &&
	       incident_save(db, incident, expected, error);
}

/* The incident of an original, found or made. @joined: it was there. */
static gboolean settle_incident(const Raise *raise, Db *db, const ReportedOriginal *reported,
                                const Original *original, Incident **incident, gboolean *joined,
                                GError **error)
{
	gboolean links = raise->process->batch->source->link_events && reported->link_key;
	g_autoptr(GPtrArray) linked =
		links ? incident_find_linked(db, reported->link_key, error) : g_ptr_array_new();
	if (!linked)
		return FALSE;
	for (guint i = 0; i < linked->len; i++) {
		Incident *known = linked->pdata[i];
		if (known->original_id != original->id)
			continue;
		*joined = TRUE;
		*incident = g_ptr_array_steal_index(linked, i);
		return join_incident(raise, db, reported, original, *incident, error);
	}
	*joined = FALSE;
	return open_incident(raise, db, reported, original, linked, incident, error);
}

/* --- the alerts ---------------------------------------------------------------------------------
 */

/* Who was sent it: found, everybody it names, and the reporter, whom nobody named, was a blind
 * copy. Not found: the reporter, or when the report does not say who that is, the mailbox it came
 * to. */
static GPtrArray *recipients_of(const Raise *raise, const ReportedOriginal *reported)
{
	GPtrArray *recipients = g_ptr_array_new_with_free_func((GDestroyNotify)recipient_free);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	const char *reporter = raise->report->reporter;
	if (!reported || reported->located != LOCATED_FOUND) {
		add_recipient(recipients, seen,
		              reporter ? reporter : raise->process->batch->source->mailbox,
		              ROLE_REPORTER);
		return recipients;
	}
	add_named(recipients, seen, reported->document.message);
	add_recipient(recipients, seen, reporter, ROLE_BCC);
	return recipients;
}

/* The alerts that are open already for this incident and source, by recipient. */
static GHashTable *open_alerts(const Raise *raise, GPtrArray *alerts)
{
	GHashTable *open = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < alerts->len; i++) {
		Alert *alert = alerts->pdata[i];
		if (alert->state == STATE_OPEN &&
		    alert->source_id == raise->process->batch->source->id)
			g_hash_table_insert(open, alert->recipient, alert);
	}
	return open;
}

/* A report that is believed makes believed what one that was not has raised before. */
static gboolean believe(const Raise *raise, Db *db, Alert *alert, gint64 revision, GError **error)
{
	if (!raise->report->trusted || alert->trusted)
		return TRUE;
	gint64 expected = alert->revision;
	alert->trusted = TRUE;
	alert->revision = revision;
	return alert_save(db, alert, expected, error);
}

static gboolean raise_one(const Raise *raise, Db *db, const Incident *incident,
                          const char *message_id, const Recipient *recipient, gint64 *n_raised,
                          GError **error)
{
	gboolean raised = FALSE;
	Alert alert = {
		.incident_id = incident->id,
		.source_id = raise->process->batch->source->id,
		.report_id = raise->report->id,
		.original_id = incident->original_id,
		.recipient = recipient->address,
		.role = recipient->role,
		.message_id = (char *)message_id,
		.state = STATE_OPEN,
		.severity = incident->severity,
		.disposition = incident->disposition,
		.trusted = raise->report->trusted,
		.opened_at = raise->now,
		.revision = incident->revision,
	};
	if (!alert_raise(db, &alert, &raised, error))
		return FALSE;
	*n_raised += raised;
	return TRUE;
}

/* One open alert a recipient. The report stands behind those it raises and behind the reporter's
 * own: tying five hundred reports to thirty thousand recipients each would say no more. */
static gboolean raise_alerts(const Raise *raise, Db *db, Incident *incident, gboolean joined,
                             const ReportedOriginal *reported, GError **error)
{
	g_autoptr(GPtrArray) recipients = recipients_of(raise, reported);
	g_autoptr(GPtrArray) alerts =
		joined ? alert_list(db, incident->id, error) : g_ptr_array_new();
	if (!alerts)
		return FALSE;
	g_autoptr(GHashTable) open = open_alerts(raise, alerts);
	gint64 n_raised = 0;
	for (guint i = 0; i < recipients->len; i++) {
		const Recipient *recipient = recipients->pdata[i];
		Alert *known = g_hash_table_lookup(open, recipient->address);
		if (known && !believe(raise, db, known, incident->revision, error))
			return FALSE;
		if (known && g_strcmp0(recipient->address, raise->report->reporter) != 0)
			continue;
		if (!raise_one(raise, db, incident, reported ? reported->message_id : "", recipient,
		               &n_raised, error))
			return FALSE;
	}
	if (!n_raised)
		return TRUE;
	json_t *detail =
		json_pack("{s:o, s:I, s:I}", "report", id_json(raise->report->id), "raised",
	                  (json_int_t)n_raised, "recipients", (json_int_t)recipients->len);
	return record(db, "alert.raise", "incident", incident->id, incident->id, detail,
	              &incident->revision, error);
}

/* --- one original, or none ----------------------------------------------------------------------
 */

static gboolean complete(const Raise *raise, Db *db, Incident *incident, gboolean joined,
                         const ReportedOriginal *reported, GError **error)
{
	g_array_append_val(raise->incidents, incident->id);
	return raise_alerts(raise, db, incident, joined, reported, error) &&
	       report_join(db, raise->report->id, incident->id, incident->original_id, error) &&
	       incident_recount(db, incident->id, incident->revision, raise->now, error);
}

static gboolean raise_original(const Raise *raise, Db *db, const ReportedOriginal *reported,
                               GError **error)
{
	g_autoptr(Original) original = original_of(reported, raise->now);
	g_autoptr(Incident) incident = NULL;
	gboolean joined = FALSE;
	return settle_original(raise, db, reported, original, error) &&
	       settle_incident(raise, db, reported, original, &incident, &joined, error) &&
	       complete(raise, db, incident, joined, reported, error);
}

static const struct {
	const char *form, *detail;
} no_reports[] = {
	{"bounce", "It is a bounce: a mail system could not deliver something."},
	{"auto_reply", "It is an automatic answer."},
	{"list", "It is a digest of a mailing list."},
	{"notice", "It is a notice that Trawl itself sent."},
	{NULL, "It reports nothing: no message is attached, named or forwarded in it."},
};

static const char *why_no_report(const char *form)
{
	guint i = 0;
	while (no_reports[i].form && g_strcmp0(no_reports[i].form, form) != 0)
		i++;
	return no_reports[i].detail;
}

/* Whatever reports nothing makes an incident that says so, with the message itself to look at. */
static gboolean raise_plain(const Raise *raise, Db *db, GError **error)
{
	const Process *process = raise->process;
	gboolean unparsed = !process->document.text;
	g_autoptr(Incident) incident =
		unparsed ? incident_new(raise, INCIDENT_UNPARSED, "A message that cannot be read")
			 : incident_new(raise, INCIDENT_NOT_A_REPORT, raise->report->subject);
	g_autoptr(json_t) finding = json_pack(
		"{s:s, s:o}", "id", unparsed ? "unparsed" : "not_a_report", "detail",
		json_text_new(unparsed ? process->unparsed : why_no_report(raise->report->form)));
	add_finding(incident, finding);
	ReportedOriginal itself = {
		.first_hand = TRUE,
		.document = process->document,
		.sha256 = raise->report->sha256,
	};
	gboolean ok = TRUE;
	if (!unparsed) {
		process_identify(&itself);
		g_autoptr(Original) original = original_of(&itself, raise->now);
		ok = settle_original(raise, db, &itself, original, error);
		incident->original_id = original->id;
	}
	ok = ok && insert_incident(raise, db, incident, error) &&
	     complete(raise, db, incident, FALSE, unparsed ? NULL : &itself, error);
	process_identity_clear(&itself);
	return ok;
}

/* --- the transaction ----------------------------------------------------------------------------
 */

static gint compare_keys(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What one transaction raises: some of a batch. */
typedef struct {
	Batch *batch;
	guint from, to; /* of batch->reports */
	gint64 now;
} Slice;

static void add_keys(const Process *process, GPtrArray *keys)
{
	for (guint i = 0; i < process->originals->len; i++) {
		const ReportedOriginal *reported = process->originals->pdata[i];
		if (reported->link_key)
			g_ptr_array_add(keys, g_strconcat("incident:", reported->link_key, NULL));
	}
}

/* Always in one order, so that two transactions with several originals do not wait for each other.
 */
static gboolean lock_originals(const Slice *slice, Db *db, GError **error)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
	for (guint i = slice->from; i < slice->to; i++)
		if (process_is_in(slice->batch->reports->pdata[i]))
			add_keys(slice->batch->reports->pdata[i], keys);
	g_ptr_array_sort(keys, compare_keys);
	for (guint i = 0; i < keys->len; i++)
		if (!db_lock_key(db, keys->pdata[i], error))
			return FALSE;
	return TRUE;
}

static json_t *reading_json(const Raise *raise)
{
	const Report *report = raise->report;
	json_t *incidents = json_array(), *reasons = json_array();
	for (guint i = 0; i < raise->incidents->len; i++)
		json_array_append_new(incidents,
		                      id_json(g_array_index(raise->incidents, gint64, i)));
	for (guint i = 0; i < raise->process->originals->len; i++) {
		const ReportedOriginal *reported = raise->process->originals->pdata[i];
		if (reported->reason)
			json_array_append_new(reasons, json_text_new(reported->reason));
	}
	json_t *detail = json_object();
	json_object_set_new(detail, "form", json_text_new(report->form));
	json_object_set_new(detail, "reporter", json_text_new(report->reporter));
	json_object_set_new(detail, "trusted", json_boolean(report->trusted));
	json_object_set_new(detail, "located", json_string(located_names[report->located]));
	json_object_set_new(detail, "why", reasons);
	json_object_set_new(detail, "incidents", incidents);
	return detail;
}

static gboolean finish_report(const Raise *raise, Db *db, GError **error)
{
	const Process *process = raise->process;
	Report *report = raise->report;
	const Source *source = process->batch->source;
	gboolean follows = source->post_process != POST_PROCESS_NONE && report->sha256;
	report->state = process->document.text ? REPORT_DONE : REPORT_UNPARSED;
	report->post_process = follows ? POST_STATE_PENDING : POST_STATE_NONE;
	gint64 first = raise->incidents->len ? g_array_index(raise->incidents, gint64, 0) : 0;
	return record(db, "report.read", "report", report->id, first, reading_json(raise),
	              &report->revision, error) &&
	       report_save(db, report, error) &&
	       (!follows || post_process_queue(db, report, source->mail_server_id, error));
}

static gboolean raise_report(const Process *process, gint64 now, Db *db, GError **error)
{
	g_autoptr(GArray) incidents = g_array_new(FALSE, FALSE, sizeof(gint64));
	Raise raise = {process, process->report, now, incidents};
	gboolean is_report = process_is_report(process);
	for (guint i = 0; is_report && i < process->originals->len; i++)
		if (!raise_original(&raise, db, process->originals->pdata[i], error))
			return FALSE;
	return (is_report || raise_plain(&raise, db, error)) && finish_report(&raise, db, error);
}

/* The last one ends the job. */
static gboolean raise_slice(Db *db, gpointer data, GError **error)
{
	const Slice *slice = data;
	Batch *batch = slice->batch;
	if (!job_check_fence(db, batch->job->id, batch->job->fence, error) ||
	    !lock_originals(slice, db, error))
		return FALSE;
	for (guint i = slice->from; i < slice->to; i++)
		if (process_is_in(batch->reports->pdata[i]) &&
		    !raise_report(batch->reports->pdata[i], slice->now, db, error))
			return FALSE;
	return slice->to < batch->reports->len || process_finish(batch, db, error);
}

static gboolean write_slice(Slice *slice, GError **error)
{
	g_autoptr(GError) problem = NULL;
	for (guint i = 0; i < WRITE_TRIES; i++) {
		g_clear_error(&problem);
		if (db_write(slice->batch->tools->db, raise_slice, slice, &problem))
			return TRUE;
		if (!g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_PRECONDITION))
			break;
	}
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

gboolean process_raise(Batch *batch, GError **error)
{
	guint n = batch->reports->len;
	for (guint at = 0; at < n; at += TOGETHER) {
		Slice slice = {batch, at, MIN(at + TOGETHER, n), clock_now()};
		if (!write_slice(&slice, error))
			return FALSE;
	}
	job_ring(); /* what follows has been queued */
	return TRUE;
}
