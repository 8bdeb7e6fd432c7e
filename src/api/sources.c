/* Sources: what an abuse mailbox monitor is told, and how it is doing. */
#include "api/context.h"
#include "api/page.h"
#include "api/resources.h"
#include "api/show.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "jobs/jobs.h"
#include "jobs/schedule.h"
#include "model/names.h"
#include "store/job.h"
#include "store/source.h"

#include <string.h>

#define LIMIT_DOMAINS 1000

static const char *const source_types[] = {SOURCE_TYPE_ABUSE_MAILBOX, NULL};

/* clang-format off */
#define NAME_FIELD(flags) \
	{"name", FIELD_TEXT, flags, 1, LIMIT_NAME, NULL, \
	 "Name is 1 to 200 characters, none of them a control character"}
#define TYPE_FIELD \
	{"type", FIELD_NAME, 0, 0, 0, source_types, \
	 "Type is \"abuse_mailbox_monitor\""}
#define COMMON_FIELDS(flags) \
	{"description", FIELD_PROSE, 0, 0, LIMIT_DESCRIPTION, NULL, \
	 "Description is at most 4000 characters of text"}, \
	{"enabled", FIELD_BOOLEAN, 0, 0, 0, NULL, \
	 "Enabled is true or false"}, \
	{"link_events", FIELD_BOOLEAN, 0, 0, 0, NULL, \
	 "Link Events is true or false"}, \
	{"mail_server_id", FIELD_INTEGER, flags, 1, G_MAXINT64, NULL, \
	 "Mail Server is the number of a mail server"}, \
	{"mailbox", FIELD_ADDRESS, flags, 0, 0, NULL, \
	 "Mailbox Name is an SMTP address"}, \
	{"folder", FIELD_TEXT, 0, 1, LIMIT_NAME, NULL, \
	 "Source Folder is the name of a folder, 1 to 200 characters"}, \
	{"post_process", FIELD_NAME, 0, 0, 0, post_process_names, \
	 "Post-Process Action is none, delete or move"}, \
	{"destination_folder", FIELD_TEXT, FIELD_NULLABLE, 1, LIMIT_NAME, NULL, \
	 "Destination Folder is the name of a folder, 1 to 200 characters, or null"}, \
	{"polling_interval", FIELD_INTEGER, 0, POLLING_INTERVAL_MIN, POLLING_INTERVAL_MAX, NULL, \
	 POLLING_INTERVAL_RULE}, \
	{"accepted_domains", FIELD_DOMAINS, 0, 0, LIMIT_DOMAINS, NULL, \
	 "Accepted Domains is an array of at most 1000 domain names"}, \
	{"trusted_hosts", FIELD_HOSTS, 0, 0, LIMIT_DOMAINS, NULL, \
	 "Trusted Hosts is an array of at most 1000 host names, addresses and networks"}, \
	{"accepted_relays", FIELD_RELAYS, 0, 0, LIMIT_DOMAINS, NULL, \
	 "Accepted Relays is an array of at most 1000 hosts, addresses or @domains"}

const Field source_query[] = {
	PAGE_FIELDS,
	{"name", FIELD_TEXT, 0, 1, LIMIT_NAME, NULL, "name is 1 to 200 characters"},
	{NULL}
};
const Field source_create_fields[] = {NAME_FIELD(FIELD_REQUIRED), TYPE_FIELD, COMMON_FIELDS(FIELD_REQUIRED), {NULL}};
const Field source_update_fields[] = {NAME_FIELD(0), COMMON_FIELDS(0), {NULL}};
/* clang-format on */

static json_t *texts_show(char *const *texts)
{
	json_t *array = json_array();
	for (; texts && *texts; texts++)
		json_array_append_new(array, json_text_new(*texts));
	return array;
}

/* How a source is doing. @poll is the job of its next poll, or NULL. */
static json_t *state_show(const Source *source, const Job *poll)
{
	gboolean waits = source->enabled && poll && poll->state != JOB_PARKED;
	gint64 next = waits ? poll->run_at : 0;
	gint64 late = poll && poll->state == JOB_READY && next ? clock_now() - next : 0;
	json_t *to = json_object();
	json_object_set_new(to, "polling", json_boolean(waits && poll->state == JOB_RUNNING));
	json_object_set_new(to, "last_poll_at", json_time_new(source->last_poll_at));
	json_object_set_new(to, "last_success_at", json_time_new(source->last_success_at));
	json_object_set_new(to, "next_poll_at", json_time_new(next));
	json_object_set_new(to, "lag_seconds", json_integer(MAX(late, 0) / CLOCK_SECOND));
	json_object_set_new(to, "last_error", json_text_new(source->last_error));
	json_object_set_new(to, "last_error_code", json_text_new(source->last_error_code));
	json_object_set_new(to, "last_found", json_integer(source->last_found));
	json_object_set_new(to, "total_found", json_integer(source->total_found));
	return to;
}

static json_t *source_show(const Source *source)
{
	json_t *to = json_object();
	json_object_set_new(to, "id", json_integer(source->id));
	json_object_set_new(to, "revision", json_integer(source->revision));
	json_object_set_new(to, "name", json_text_new(source->name));
	json_object_set_new(to, "type", json_text_new(source->type));
	json_object_set_new(to, "description", json_text_new(source->description));
	json_object_set_new(to, "enabled", json_boolean(source->enabled));
	json_object_set_new(to, "link_events", json_boolean(source->link_events));
	json_object_set_new(to, "mail_server_id", json_integer(source->mail_server_id));
	json_object_set_new(to, "mailbox", json_text_new(source->mailbox));
	json_object_set_new(to, "folder", json_text_new(source->folder));
	json_object_set_new(to, "post_process",
	                    json_string(post_process_names[source->post_process]));
	json_object_set_new(to, "destination_folder", json_text_new(source->destination_folder));
	json_object_set_new(to, "polling_interval", json_integer(source->polling_interval));
	json_object_set_new(to, "accepted_domains", texts_show(source->accepted_domains));
	json_object_set_new(to, "trusted_hosts", texts_show(source->trusted_hosts));
	json_object_set_new(to, "accepted_relays", texts_show(source->accepted_relays));
	json_object_set_new(to, "created_at", json_time_new(source->created_at));
	return to;
}

static Job *find_poll(Db *db, gint64 source_id, GError **error)
{
	g_autofree char *key = g_strdup_printf("poll:%" G_GINT64_FORMAT, source_id);
	return job_find_live(db, key, error);
}

static json_t *source_show_whole(Db *db, const Source *source, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(Job) poll = find_poll(db, source->id, &problem);
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return NULL;
	}
	json_t *to = source_show(source);
	json_object_set_new(to, "state", state_show(source, poll));
	return to;
}

static gboolean answer_source(Answer *answer, Db *db, int status, const Source *source,
                              GError **error)
{
	json_t *document = source_show_whole(db, source, error);
	if (!document)
		return FALSE;
	answer_json(answer, status, document);
	answer_etag(answer, source->revision);
	answer->live = TRUE;
	if (status == 201)
		answer_header(answer, "Location", "/v1/sources/%" G_GINT64_FORMAT, source->id);
	return TRUE;
}

/* Rows of a list, which carry their whole document. */
typedef struct {
	gint64 id;
	json_t *document;
} ShownSource;

static void shown_source_free(gpointer data)
{
	json_decref(((ShownSource *)data)->document);
	g_free(data);
}

static json_t *shown_source_show(gconstpointer row)
{
	return json_incref(((const ShownSource *)row)->document);
}

static gint64 shown_source_number(gconstpointer row)
{
	return ((const ShownSource *)row)->id;
}

static gint64 source_number(gconstpointer row)
{
	return ((const Source *)row)->id;
}

gboolean source_list_all(Request *request, Db *db, Answer *answer, GError **error)
{
	Page page;
	g_autoptr(GPtrArray) sources = source_list_seen(db, request->sight, error);
	if (!sources || !page_parse(request, &page, error))
		return FALSE;
	const char *name = query_text(request, "name");
	for (guint i = sources->len; name && i-- > 0;)
		if (strcmp(((Source *)sources->pdata[i])->name, name) != 0)
			g_ptr_array_remove_index(sources, i);
	page_cut(&page, sources, source_number);
	g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(shown_source_free);
	for (guint i = 0; i < sources->len; i++) {
		const Source *source = sources->pdata[i];
		json_t *document = source_show_whole(db, source, error);
		if (!document)
			return FALSE;
		ShownSource *row = g_new0(ShownSource, 1);
		*row = (ShownSource){source->id, document};
		g_ptr_array_add(rows, row);
	}
	page_answer(request, answer, &page, rows, shown_source_show, shown_source_number, NULL);
	return TRUE;
}

gboolean source_get(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(Source) source = source_load(db, request->id, error);
	return source && answer_source(answer, db, 200, source, error);
}

static void apply_switches(const Request *request, Source *source)
{
	const json_t *body = request->body;
	source->enabled = json_bool(body, "enabled", source->enabled);
	source->link_events = json_bool(body, "link_events", source->link_events);
	source->mail_server_id = json_int(body, "mail_server_id", source->mail_server_id);
	source->polling_interval = json_int(body, "polling_interval", source->polling_interval);
	if (sent_has(request, "post_process"))
		source->post_process = (PostProcess)names_find(post_process_names,
		                                               sent_text(request, "post_process"));
}

static void apply_texts(const Request *request, Source *source)
{
	sent_take_text(request, "name", &source->name);
	sent_take_text(request, "description", &source->description);
	sent_take_text(request, "folder", &source->folder);
	sent_take_text(request, "destination_folder", &source->destination_folder);
	if (sent_has(request, "mailbox")) {
		g_free(source->mailbox);
		source->mailbox = sent_address(request, "mailbox");
	}
	if (sent_has(request, "accepted_domains")) {
		g_strfreev(source->accepted_domains);
		source->accepted_domains = sent_domains(request, "accepted_domains");
	}
	if (sent_has(request, "trusted_hosts")) {
		g_strfreev(source->trusted_hosts);
		source->trusted_hosts = sent_hosts(request, "trusted_hosts");
	}
	if (sent_has(request, "accepted_relays")) {
		g_strfreev(source->accepted_relays);
		source->accepted_relays = sent_relays(request, "accepted_relays");
	}
}

/* What no member can say alone. */
static gboolean check_source(Db *db, const Source *source, GError **error)
{
	const char *wrong = NULL;
	if (source->post_process == POST_PROCESS_MOVE && !source->destination_folder)
		wrong = "Destination Folder is needed when the Post-Process Action is move";
	else if (source->post_process == POST_PROCESS_MOVE &&
	         strcmp(source->destination_folder, source->folder) == 0)
		wrong = "Destination Folder is another folder than Source Folder";
	if (wrong) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INVALID, wrong);
		return FALSE;
	}
	g_autoptr(GError) problem = NULL;
	g_autoptr(MailServerRow) server = mail_server_load(db, source->mail_server_id, &problem);
	if (server)
		return TRUE;
	if (g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND))
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		            "Mail Server is the number of a mail server; there is none with "
		            "%" G_GINT64_FORMAT,
		            source->mail_server_id);
	else
		g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

gboolean source_create(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(Source) source = g_new0(Source, 1);
	source->type = g_strdup(SOURCE_TYPE_ABUSE_MAILBOX);
	source->description = g_strdup("");
	source->folder = g_strdup("INBOX");
	source->enabled = source->link_events = TRUE;
	source->polling_interval = 1;
	source->created_at = clock_now();
	apply_switches(request, source);
	apply_texts(request, source);
	if (!check_source(db, source, error) || !source_insert(db, source, error))
		return FALSE;
	/* The record names the row, so the row is made first and gets its revision second. */
	if (!audit_append(db, request->actor, "source.create", "source", source->id, 0,
	                  json_pack("{s:o}", "source", source_show(source)), &source->revision,
	                  error) ||
	    !source_update(db, source, 0, error) || !source_schedule(db, source->id, FALSE, error))
		return FALSE;
	return answer_source(answer, db, 201, source, error);
}

gboolean source_patch(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(Source) source = source_load(db, request->id, error);
	if (!source || !request_if_match(request, source->revision, error))
		return FALSE;
	gint64 expected = source->revision;
	g_autoptr(json_t) before = source_show(source);
	apply_switches(request, source);
	apply_texts(request, source);
	if (!check_source(db, source, error))
		return FALSE;
	g_autoptr(json_t) after = source_show(source);
	json_t *changes = show_changes(request->body, before, after);
	if (changes &&
	    (!audit_append(db, request->actor, "source.update", "source", source->id, 0,
	                   json_pack("{s:s, s:o}", "name", source->name, "changes", changes),
	                   &source->revision, error) ||
	     !source_update(db, source, expected, error) ||
	     !source_schedule(db, source->id, FALSE, error)))
		return FALSE;
	return answer_source(answer, db, 200, source, error);
}

gboolean source_remove(Request *request, Db *db, Answer *answer, GError **error)
{
	gint64 revision;
	g_autoptr(Source) source = source_load(db, request->id, error);
	if (!source || !request_if_match(request, source->revision, error) ||
	    !audit_append(db, request->actor, "source.delete", "source", source->id, 0,
	                  json_pack("{s:s}", "name", source->name), &revision, error) ||
	    !source_delete(db, source->id, revision, error) ||
	    !source_schedule(db, source->id, FALSE, error))
		return FALSE;
	answer_nothing(answer);
	return TRUE;
}

/* --- polls ------------------------------------------------------------------------------------ */

static json_t *poll_show(gconstpointer row)
{
	const SourcePoll *poll = row;
	return json_pack("{s:o, s:I, s:I, s:o, s:o}", "at", json_time_new(poll->at), "took_ms",
	                 (json_int_t)(poll->took / 1000), "found", (json_int_t)poll->found,
	                 "error_code", json_text_new(poll->error_code), "error",
	                 json_text_new(poll->error));
}

static gint64 poll_at(gconstpointer row)
{
	return ((const SourcePoll *)row)->at;
}

gboolean source_poll_list(Request *request, Db *db, Answer *answer, GError **error)
{
	Page page;
	g_autoptr(Source) source = source_load(db, request->id, error);
	if (!source || !page_parse(request, &page, error))
		return FALSE;
	g_autoptr(GPtrArray) rows = source_polls(db, source->id, page.before_id, page.limit, error);
	if (!rows)
		return FALSE;
	page_answer(request, answer, &page, rows, poll_show, poll_at, NULL);
	return TRUE;
}

gboolean source_poll_now(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(Source) source = source_load(db, request->id, error);
	if (!source)
		return FALSE;
	if (!source->enabled) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
		                    "this source is switched off");
		return FALSE;
	}
	g_autoptr(GError) problem = NULL;
	g_autoptr(Job) poll = NULL;
	if (!source_schedule(db, source->id, TRUE, error) ||
	    !audit_append(db, request->actor, "source.poll", "source", source->id, 0,
	                  json_pack("{s:s}", "name", source->name), NULL, error))
		return FALSE;
	poll = find_poll(db, source->id, &problem);
	if (!poll) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INTERNAL, "the poll was not queued: %s",
		            problem ? problem->message : "no job has its key");
		return FALSE;
	}
	return job_answer_queued(answer, db, poll->id, error);
}

gboolean source_test_start(Request *request, Db *db, Answer *answer, GError **error)
{
	gint64 job;
	g_autoptr(Source) source = source_load(db, request->id, error);
	if (!source)
		return FALSE;
	g_autofree char *lane = job_lane(JOB_LANE_POLL, source->mail_server_id);
	json_t *payload = json_pack("{s:I}", "source", (json_int_t)source->id);
	return job_queue(db, "source.test", NULL, lane, PRIORITY_INTERACTIVE, 0, payload, &job,
	                 error) &&
	       audit_append(db, request->actor, "source.test", "source", source->id, 0,
	                    json_pack("{s:s, s:I}", "name", source->name, "job", (json_int_t)job),
	                    NULL, error) &&
	       job_answer_queued(answer, db, job, error);
}
