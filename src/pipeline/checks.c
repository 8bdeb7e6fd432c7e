/* The jobs a person waits for: can Trawl work there, which folders are there, would this source
 * work?
 *
 * Their results are documents for the API. A check that finds a mail server unwell has done its
 * work: it ends well, and its lines say what is missing. */
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "pipeline/pipeline.h"
#include "pipeline/words.h"
#include "store/source.h"

#include <string.h>

static const char *const level_names[] = {
	[CHECK_OK] = "ok", [CHECK_WARNING] = "warning", [CHECK_FAILED] = "failed"};

typedef struct {
	gint64 server_id, source_id;
	Source *source;
	MailServerRow *row;
} Subject;

static void subject_clear(Subject *subject)
{
	g_clear_pointer(&subject->source, source_free);
	g_clear_pointer(&subject->row, mail_server_row_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Subject, subject_clear)

static gboolean load(Db *db, gpointer data, GError **error)
{
	Subject *subject = data;
	subject_clear(subject);
	if (subject->source_id) {
		subject->source = source_load(db, subject->source_id, error);
		if (!subject->source)
			return FALSE;
		subject->server_id = subject->source->mail_server_id;
	}
	subject->row = mail_server_load(db, subject->server_id, error);
	return subject->row != NULL;
}

static void add_line(json_t *lines, CheckLevel level, const char *what, const char *detail)
{
	json_array_append_new(lines,
	                      json_pack("{s:s, s:o, s:o}", "level", level_names[level], "what",
	                                json_text_new(what), "detail", json_text_new(detail)));
}

static void add_error(json_t *lines, const char *what, const GError *error, const Subject *subject,
                      const char *mailbox)
{
	g_autofree char *words = words_for_error(error, subject->row, mailbox,
	                                         subject->source ? subject->source->folder : NULL);
	add_line(lines, CHECK_FAILED, what, words);
}

/* What the mail server says of itself and of a mailbox. FALSE when it cannot be opened. */
static void check_server(const JobTools *tools, const Subject *subject, const char *mailbox,
                         gint64 deadline, json_t *lines, MailServer **server)
{
	g_autoptr(GError) problem = NULL;
	*server = mail_servers_get(tools->servers, subject->row, &problem);
	if (!*server) {
		add_error(lines, "open the mail server", problem, subject, mailbox);
		return;
	}
	g_autoptr(GPtrArray) checked = mail_server_check(*server, mailbox, deadline);
	for (guint i = 0; i < checked->len; i++) {
		const CheckLine *line = checked->pdata[i];
		add_line(lines, line->level, line->what, line->detail);
	}
}

/* --- what is remembered of a check --------------------------------------------------------------
 */

typedef struct {
	const Subject *subject;
	const json_t *lines;
	gboolean of_mailbox; /* a mailbox was tried, too, which says little of the server */
} Verdict;

/* The state of a mail server, as lists show it: when it last passed, and what failed since. */
static gboolean save_verdict(Db *db, gpointer data, GError **error)
{
	const Verdict *verdict = data;
	g_autoptr(MailServerRow) row = mail_server_load(db, verdict->subject->server_id, error);
	if (!row)
		return FALSE;
	g_autoptr(json_t) state = json_parse(row->state, -1, NULL);
	if (!state)
		state = json_object();
	json_object_del(state, "last_error");
	json_object_del(state, "last_error_at");
	size_t i;
	json_t *line;
	json_array_foreach ((json_t *)verdict->lines, i, line) {
		if (g_strcmp0(json_text(line, "level"), level_names[CHECK_FAILED]) != 0)
			continue;
		json_object_set(state, "last_error", json_at(line, "detail"));
		json_object_set_new(state, "last_error_at", json_time_new(clock_now()));
		break;
	}
	if (verdict->of_mailbox && json_at(state, "last_error"))
		return TRUE;
	if (!json_at(state, "last_error"))
		json_object_set_new(state, "last_ok_at", json_time_new(clock_now()));
	g_autofree char *text = json_format(state);
	return mail_server_save_state(db, row->id, text, error);
}

static gboolean load_servers(Db *db, gpointer data, GError **error)
{
	GPtrArray **servers = data;
	g_clear_pointer(servers, g_ptr_array_unref);
	*servers = mail_server_list(db, error);
	return *servers != NULL;
}

/* Two servers for one domain: only one of them is asked for its mailboxes. */
static void check_domains(const JobTools *tools, const Subject *subject, json_t *lines)
{
	g_autoptr(GPtrArray) servers = NULL;
	g_autoptr(json_t) config = json_parse(subject->row->config, -1, NULL);
	const json_t *domains = json_at(config, "domains");
	if (!db_read(tools->db, load_servers, &servers, NULL))
		return;
	for (size_t i = 0; i < json_array_size(domains); i++) {
		const char *domain = json_string_value(json_array_get(domains, i));
		g_autofree char *address = g_strconcat("x@", domain, NULL);
		for (guint j = 0; j < servers->len; j++) {
			const MailServerRow *other = servers->pdata[j];
			g_autoptr(json_t) its = json_parse(other->config, -1, NULL);
			if (other->id == subject->row->id ||
			    json_array_size(json_at(its, "domains")) == 0 ||
			    !mail_server_serves(other, address))
				continue;
			g_autofree char *detail = g_strdup_printf(
				"mail server '%s' serves %s, too; of the two only '%s', the first "
				"by name, is asked for its mailboxes",
				other->name, domain,
				strcmp(other->name, subject->row->name) < 0 ? other->name
									    : subject->row->name);
			add_line(lines, CHECK_WARNING, "domains", detail);
		}
	}
}

static json_t *lines_result(json_t *lines)
{
	return json_pack("{s:o}", "lines", lines);
}

gboolean server_check_run(const JobTools *tools, const Job *job, gint64 deadline,
                          JobOutcome *outcome, GError **error)
{
	g_autoptr(json_t) payload = json_parse(job->payload, -1, error);
	g_auto(Subject) subject = {.server_id = json_int(payload, "server", 0)};
	MailServer *server = NULL;
	if (!payload || !db_read(tools->db, load, &subject, error))
		return FALSE;
	json_t *lines = json_array();
	outcome->result = lines_result(lines);
	check_server(tools, &subject, json_text(payload, "mailbox"), deadline, lines, &server);
	if (server)
		mail_servers_release(tools->servers, server, NULL);
	check_domains(tools, &subject, lines);
	Verdict verdict = {&subject, lines, json_text(payload, "mailbox") != NULL};
	return db_write(tools->db, save_verdict, &verdict, error);
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

gboolean server_folders_run(const JobTools *tools, const Job *job, gint64 deadline,
                            JobOutcome *outcome, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(json_t) payload = json_parse(job->payload, -1, error);
	g_auto(Subject) subject = {.server_id = json_int(payload, "server", 0)};
	const char *mailbox = json_text(payload, "mailbox");
	if (!payload || !db_read(tools->db, load, &subject, error))
		return FALSE;
	if (!mailbox) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		                    "say whose folders: \"mailbox\" is missing");
		return FALSE;
	}
	MailServer *server = mail_servers_get(tools->servers, subject.row, error);
	if (!server)
		return FALSE;
	g_autoptr(GPtrArray) folders = mail_server_folders(server, mailbox, deadline, &problem);
	mail_servers_release(tools->servers, server, problem);
	if (!folders) {
		g_autofree char *words = words_for_error(problem, subject.row, mailbox, NULL);
		g_set_error_literal(error, TRAWL_ERROR, problem->code, words);
		return FALSE;
	}
	g_ptr_array_sort(folders, compare_names);
	json_t *names = json_array();
	for (guint i = 0; i < folders->len; i++)
		json_array_append_new(names, json_text_new(folders->pdata[i]));
	outcome->result = json_pack("{s:o}", "folders", names);
	return TRUE;
}

/* --- would this source work? --------------------------------------------------------------------
 */

static gboolean has_folder(GPtrArray *folders, const char *name)
{
	for (guint i = 0; i < folders->len; i++)
		if (strcmp(folders->pdata[i], name) == 0 ||
		    (g_ascii_strcasecmp(name, "INBOX") == 0 &&
		     g_ascii_strcasecmp(folders->pdata[i], name) == 0))
			return TRUE; /* RFC 3501 §5.1: INBOX in any case */
	return FALSE;
}

static void check_folders(MailServer *server, const Subject *subject, gint64 deadline,
                          json_t *lines, GError **problem)
{
	const Source *source = subject->source;
	g_autoptr(GPtrArray) folders =
		mail_server_folders(server, source->mailbox, deadline, problem);
	if (!folders) {
		add_error(lines, "list the folders", *problem, subject, source->mailbox);
		return;
	}
	gboolean there = has_folder(folders, source->folder);
	g_autofree char *detail = g_strdup_printf(
		there ? "'%s' is there" : "there is no folder '%s'; check Source Folder (--folder)",
		source->folder);
	add_line(lines, there ? CHECK_OK : CHECK_FAILED, "source folder", detail);
	if (source->post_process != POST_PROCESS_MOVE)
		return;
	there = has_folder(folders, source->destination_folder);
	g_autofree char *destination =
		g_strdup_printf(there ? "'%s' is there"
	                              : "there is no folder '%s' yet; it is made when it is needed",
	                        source->destination_folder);
	add_line(lines, CHECK_OK, "destination folder", destination);
}

static void check_listing(MailServer *server, const Subject *subject, gint64 deadline,
                          json_t *lines, GError **problem)
{
	const Source *source = subject->source;
	g_autoptr(MailListing) listing = mail_server_list_new(
		server, source->mailbox, source->folder, NULL, deadline, problem);
	if (!listing) {
		add_error(lines, "list the messages", *problem, subject, source->mailbox);
		return;
	}
	g_autofree char *detail = g_strdup_printf("%u%s in '%s'", listing->items->len,
	                                          listing->more ? " or more" : "", source->folder);
	add_line(lines, CHECK_OK, "list the messages", detail);
}

static void check_trust(const Source *source, json_t *lines)
{
	gboolean domains = source->accepted_domains && *source->accepted_domains;
	gboolean hosts = source->trusted_hosts && *source->trusted_hosts;
	add_line(lines, domains && hosts ? CHECK_OK : CHECK_WARNING, "whose reports are believed",
	         !domains ? "nobody's: name the organisation's domains in Accepted Domains "
	                    "(--accept)"
	         : !hosts ? "nobody's: name the hosts whose Authentication-Results count in "
	                    "Trusted Hosts (--trust)"
	                  : "those of the accepted domains, where a trusted host bears them out");
}

gboolean source_test_run(const JobTools *tools, const Job *job, gint64 deadline,
                         JobOutcome *outcome, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(json_t) payload = json_parse(job->payload, -1, error);
	g_auto(Subject) subject = {.source_id = json_int(payload, "source", -1)};
	MailServer *server = NULL;
	if (!payload || !db_read(tools->db, load, &subject, error))
		return FALSE;
	json_t *lines = json_array();
	check_server(tools, &subject, subject.source->mailbox, deadline, lines, &server);
	if (server)
		check_folders(server, &subject, deadline, lines, &problem);
	if (server && !problem)
		check_listing(server, &subject, deadline, lines, &problem);
	if (server)
		mail_servers_release(tools->servers, server, problem);
	check_trust(subject.source, lines);
	outcome->result = lines_result(lines);
	return TRUE;
}
