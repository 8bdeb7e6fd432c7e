/* Reads reports in the sandbox, and lays out what each of them reports.
 *
 * The second reading of a message that killed its reader, or took too long, looks into no
 * documents: their readers are large libraries, and a file made to break one must not hide the
 * message. The breakdown then says which attachments are unread ("documents_unread").
 *
 * A message that kills its reader leaves its batch. When it is alone and kills another it is given
 * up and becomes an incident that says so; the bytes stay. One that takes the worker down, too, is
 * known after the restart: a claim that was never ended counts an attempt (store/job.h), and from
 * the second attempt on a reading is counted before the bytes are handed out. So the usual report
 * costs no write for this. */
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "mail/fingerprint/fingerprint.h"
#include "mail/forms/report.h"
#include "pipeline/process.h"
#include "store/job.h"
#include "store/report.h"

#include <string.h>

#define READ_SECONDS 60.0 /* wall time of one reading; the reader's own limit is CPU time */

static void set_list(json_t *options, const char *name, char **texts)
{
	json_t *list = json_array();
	for (char **text = texts; text && *text; text++)
		json_array_append_new(list, json_text_new(*text));
	json_object_set_new(options, name, list);
}

static json_t *read_message(Process *process, GBytes *message, gboolean as_report,
                            gboolean documents, GError **error)
{
	g_autoptr(json_t) options = json_object();
	const Source *source = process->batch->source;
	set_list(options, "trusted_hosts", source->trusted_hosts);
	set_list(options, "accepted_relays", source->accepted_relays);
	json_object_set_new(options, "originals_raw", json_boolean(as_report));
	json_object_set_new(options, "originals_only", json_boolean(as_report));
	/* a copy: threads share it, and counting references is a change */
	const JobTools *tools = process->batch->tools;
	if (tools->limits)
		json_object_set_new(options, "limits", json_deep_copy(tools->limits));
	json_object_set_new(options, "documents", json_boolean(documents));
	return reader_read(tools->readers, message, options,
	                   MIN(process->batch->deadline, deadline_in(READ_SECONDS)), error);
}

json_t *process_read_message(Process *process, GBytes *message, gboolean as_report, GError **error)
{
	g_autoptr(GError) problem = NULL;
	json_t *document = read_message(process, message, as_report, TRUE, &problem);
	if (!document && process_blames_message(process, problem))
		return read_message(process, message, as_report, FALSE, error);
	if (!document)
		g_propagate_error(error, g_steal_pointer(&problem));
	return document;
}

static gboolean begin_reading(Db *db, gpointer data, GError **error)
{
	Process *process = data;
	const Job *job = process->batch->job;
	return job_check_fence(db, job->id, job->fence, error) &&
	       report_begin_reading(db, process->report->id, &process->report->reads, error);
}

typedef struct {
	Process *process;
	GBytes *bytes;
} Load;

static gboolean load_bytes(Db *db, gpointer data, GError **error)
{
	Load *load = data;
	load->bytes = raw_store_load(load->process->batch->tools->raw, db,
	                             load->process->report->sha256, error);
	return load->bytes != NULL;
}

gboolean process_blames_message(const Process *process, const GError *problem)
{
	return g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_REMOTE) ||
	       (g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_TIMEOUT) &&
	        deadline_left_ms(process->batch->deadline) > 0);
}

/* NULL with an error: not this time; NULL without: never, and process->unparsed says why. */
static json_t *read_bytes(Process *process, GBytes *bytes, GError **error)
{
	const Batch *batch = process->batch;
	g_autoptr(GError) problem = NULL;
	for (gint64 kills = batch->kills;
	     kills < LIMIT_READER_KILLS && process->report->reads < LIMIT_READINGS; kills++) {
		gboolean suspect = kills || batch->job->attempts || process->report->reads;
		if (suspect && !db_write(batch->tools->db, begin_reading, process, error))
			return NULL;
		g_clear_error(&problem);
		json_t *breakdown = read_message(
			process, bytes, TRUE, kills == 0 && process->report->reads <= 1, &problem);
		if (breakdown)
			return breakdown;
		process->killed = process_blames_message(process, problem);
		if (!process->killed || !process_is_alone(process)) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return NULL;
		}
	}
	process->unparsed = problem ? g_strdup(problem->message)
	                            : g_strdup_printf("%d readings of it were begun and none ended",
	                                              LIMIT_READINGS);
	return NULL;
}

/* --- what it says -------------------------------------------------------------------------------
 */

gboolean process_is_report(const Process *process)
{
	return process->originals->len > 0 && report_form_is_by_people(process->report->form);
}

static void set_text(char **field, const char *text)
{
	g_free(*field);
	*field = text && *text
	                 ? g_utf8_substring(text, 0, MIN(g_utf8_strlen(text, -1), LIMIT_TITLE))
	                 : NULL;
}

static gboolean domain_is_accepted(const Source *source, const char *address)
{
	const char *domain = text_address_domain(address);
	for (char **accepted = source->accepted_domains; domain && accepted && *accepted;
	     accepted++)
		if (g_ascii_strcasecmp(*accepted, domain) == 0)
			return TRUE;
	return FALSE;
}

/* A report is believed when the receiving system's own marks bear out who sent it, and that is
 * somebody whose reports the source accepts. */
static void judge_trust(Report *report, const Source *source, const json_t *breakdown)
{
	gboolean borne_out = json_bool(breakdown, "report.trust.believed", FALSE);
	const char *reason = json_text(breakdown, "report.trust.reason");
	gboolean accepted = report->reporter && domain_is_accepted(source, report->reporter);
	report->trusted = borne_out && accepted;
	g_free(report->trust_reason);
	if (!borne_out || accepted)
		report->trust_reason = g_strdup(reason ? reason : "it is not a report");
	else
		report->trust_reason =
			g_strdup_printf("%s is not in a domain whose reports this source accepts",
		                        report->reporter ? report->reporter : "the reporter");
}

static void describe_report(Process *process, const json_t *breakdown)
{
	Report *report = process->report;
	const char *form = json_text(breakdown, "report.form");
	const json_t *reporter = json_at(breakdown, "report.reporter");
	if (!json_text(reporter, "address"))
		reporter = json_at(breakdown, "message.from.0");
	set_text(&report->form, form ? form : "none");
	set_text(&report->reporter_name, json_text(reporter, "name"));
	set_text(&report->subject, json_text(breakdown, "message.subject"));
	const char *id = json_text(breakdown, "message.message_id");
	g_free(report->message_id);
	report->message_id = id && *id ? g_strdup(id) : NULL;
	g_free(report->reporter);
	report->reporter = text_address(json_text(reporter, "address"));
	judge_trust(report, process->batch->source, breakdown);
}

void document_clear(Document *document)
{
	g_clear_pointer(&document->text, g_free);
	g_clear_pointer(&document->message, json_decref);
}

void document_keep(Document *document, const json_t *breakdown)
{
	static const char *const members[] = {"message_id", "date",        "subject",
	                                      "from",       "to",          "cc",
	                                      "bcc",        "fingerprint", "authentication"};
	const json_t *message = json_object_get(breakdown, "message");
	document_clear(document);
	document->text = json_format(breakdown);
	document->message = json_object();
	for (guint i = 0; i < G_N_ELEMENTS(members); i++)
		json_object_set(document->message, members[i],
		                json_object_get(message, members[i]));
}

void process_identity_clear(ReportedOriginal *original)
{
	g_clear_pointer(&original->message_id, g_free);
	g_clear_pointer(&original->fingerprint, g_free);
	g_clear_pointer(&original->link_key, g_free);
}

static void free_original(gpointer data)
{
	ReportedOriginal *original = data;
	process_identity_clear(original);
	g_free(original->reason);
	json_decref(original->reported);
	document_clear(&original->document);
	g_clear_pointer(&original->bytes, g_bytes_unref);
	g_free(original->sha256);
	json_decref(original->findings);
	g_free(original);
}

/* A document of the original by itself, in the shape of every breakdown. */
static json_t *document_of(const json_t *breakdown, const json_t *message, const char *sha256,
                           GBytes *bytes)
{
	json_t *document = json_object();
	json_object_set(document, "schema", json_object_get(breakdown, "schema"));
	json_object_set_new(document, "sha256", json_text_new(sha256));
	json_object_set_new(document, "size",
	                    bytes ? json_integer((json_int_t)g_bytes_get_size(bytes))
	                          : json_null());
	json_object_set_new(document, "report", json_null());
	json_object_set_new(document, "originals", json_array());
	json_object_set(document, "message", (json_t *)message);
	return document;
}

/* The bytes of an attached original; the document does without them from here on. */
static GBytes *take_raw(json_t *entry)
{
	const char *encoded = json_text(entry, "raw_base64");
	gsize size = 0;
	guchar *octets = encoded ? g_base64_decode(encoded, &size) : NULL;
	json_object_del(entry, "raw_base64");
	return octets ? g_bytes_new_take(octets, size) : NULL;
}

static void add_original(Process *process, const json_t *breakdown, json_t *entry)
{
	ReportedOriginal *original = g_new0(ReportedOriginal, 1);
	original->bytes = take_raw(entry);
	original->attached = original->first_hand =
		json_bool(entry, "first_hand", FALSE) && original->bytes;
	original->sha256 = original->bytes ? text_sha256(original->bytes) : NULL;
	g_autoptr(json_t) document = document_of(breakdown, json_object_get(entry, "message"),
	                                         original->sha256, original->bytes);
	document_keep(&original->document, document);
	original->reported = json_incref(original->document.message);
	original->findings = json_array();
	process_identify(original);
	g_ptr_array_add(process->originals, original);
}

void process_identify(ReportedOriginal *original)
{
	const json_t *message = original->document.message;
	const char *id = json_text(message, "message_id");
	const char *fingerprint = original->first_hand ? json_text(message, "fingerprint") : NULL;
	process_identity_clear(original);
	original->message_id = text_message_id(id ? id : "", id ? strlen(id) : 0);
	original->fingerprint = g_strdup(fingerprint ? fingerprint : "");
	g_autofree char *key = fingerprint_key(original->fingerprint);
	/* Without a Message-ID the content is the key: five hundred people may report it, and a
	 * claim alone is no key at all. */
	original->link_key = *original->message_id    ? g_strdup(original->message_id)
	                     : *original->fingerprint ? g_strconcat("fingerprint:", key, NULL)
	                                              : NULL;
}

static gboolean read_report(Process *process, GError **error)
{
	size_t i;
	json_t *entry;
	if (!process->report->sha256)
		return TRUE; /* its bytes were never here: process->unparsed says why */
	Load load = {.process = process};
	if (!db_read(process->batch->tools->db, load_bytes, &load, error))
		return FALSE;
	g_autoptr(GBytes) bytes = load.bytes;
	g_autoptr(GError) problem = NULL;
	g_autoptr(json_t) breakdown = read_bytes(process, bytes, &problem);
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	if (!breakdown)
		return TRUE;
	describe_report(process, breakdown);
	json_array_foreach (json_object_get(breakdown, "originals"), i, entry)
		add_original(process, breakdown, entry);
	if (process_is_report(process)) /* what is stored is what it is about */
		json_object_clear(breakdown);
	document_keep(&process->document, breakdown);
	return TRUE;
}

gboolean process_read(Batch *batch, GError **error)
{
	for (guint i = 0; i < batch->reports->len; i++) {
		Process *process = batch->reports->pdata[i];
		GError *problem = NULL;
		if (process_goes_on(process) && !read_report(process, &problem))
			process_leave(process, problem);
	}
	return TRUE;
}

GPtrArray *process_originals_new(void)
{
	return g_ptr_array_new_with_free_func(free_original);
}
