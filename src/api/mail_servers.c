/* Mail servers and their kinds.
 *
 * A secret goes in and never comes out: it is sealed here, with the public key, for the worker
 * alone. Which of its members are set is kept beside it in the clear, so that it can be shown. */
#include "api/context.h"
#include "api/page.h"
#include "api/resources.h"
#include "api/show.h"
#include "audit/audit.h"
#include "auth/secret.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "jobs/jobs.h"
#include "server/config.h"
#include "store/source.h"

#include <string.h>

#define NAME_SENTENCE   "name is 1 to 200 characters, none of them a control character"
#define KIND_SENTENCE   "kind is one of those that GET /v1/mail-server-kinds lists"
#define CONFIG_SENTENCE "config is an object with the members that the kind of mail server has"
#define SECRET_SENTENCE "secret is an object with the secret members that the kind has"

/* clang-format off */
const Field mail_server_query[] = {
	PAGE_FIELDS,
	{"name", FIELD_TEXT, 0, 1, LIMIT_NAME, NULL, NAME_SENTENCE},
	{NULL}
};

const Field mail_server_create_fields[] = {
	{"name",   FIELD_TEXT,   FIELD_REQUIRED, 1, LIMIT_NAME, NULL, NAME_SENTENCE},
	{"kind",   FIELD_TEXT,   FIELD_REQUIRED, 1, LIMIT_NAME, NULL, KIND_SENTENCE},
	{"config", FIELD_OBJECT, FIELD_REQUIRED, 0, 0, NULL, CONFIG_SENTENCE},
	{"secret", FIELD_OBJECT, 0, 0, 0, NULL, SECRET_SENTENCE},
	{NULL}
};

const Field mail_server_update_fields[] = {
	{"name",   FIELD_TEXT,   0, 1, LIMIT_NAME, NULL, NAME_SENTENCE},
	{"config", FIELD_OBJECT, 0, 0, 0, NULL, CONFIG_SENTENCE},
	{"secret", FIELD_OBJECT, 0, 0, 0, NULL, SECRET_SENTENCE},
	{NULL}
};

const Field mail_server_check_fields[] = {
	{"mailbox", FIELD_ADDRESS, FIELD_NULLABLE, 0, 0, NULL, "mailbox is an SMTP address"},
	{NULL}
};

const Field mail_server_folders_fields[] = {
	{"mailbox", FIELD_ADDRESS, FIELD_REQUIRED, 0, 0, NULL, "mailbox is an SMTP address"},
	{NULL}
};
/* clang-format on */

static void add_members(json_t *members, json_t *help, const char *const *names, gboolean is_secret)
{
	for (; names && *names; names++) {
		const ConfigMember *member = config_member(*names);
		if (!member)
			continue;
		json_array_append_new(members, show_member(member, is_secret));
		json_object_set_new(help, *names, json_string(member->help));
	}
}

static json_t *kind_show(gconstpointer row)
{
	const MailServerKind *kind = row;
	json_t *to = json_object();
	json_object_set_new(to, "name", json_string(kind->name));
	json_object_set_new(to, "title", json_string(kind->title));
	json_object_set_new(to, "config", show_names(kind->config));
	json_object_set_new(to, "secret", show_names(kind->secret));
	json_t *members = json_array(), *help = json_object();
	add_members(members, help, kind->config, FALSE);
	add_members(members, help, kind->secret, TRUE);
	json_object_set_new(to, "members", members);
	json_object_set_new(to, "help", help);
	return to;
}

gboolean mail_server_kind_list(Request *request, Db *db, Answer *answer, GError **error)
{
	json_t *items = json_array();
	for (guint i = 0; request->context->kinds[i]; i++)
		json_array_append_new(items, kind_show(request->context->kinds[i]));
	answer_json(answer, 200, json_pack("{s:o, s:n}", "items", items, "next"));
	return TRUE;
}

static json_t *mail_server_show(gconstpointer data)
{
	const MailServerRow *row = data;
	json_t *to = json_object();
	json_object_set_new(to, "id", json_integer(row->id));
	json_object_set_new(to, "revision", json_integer(row->revision));
	json_object_set_new(to, "name", json_text_new(row->name));
	json_object_set_new(to, "kind", json_text_new(row->kind));
	json_object_set_new(to, "config", show_json(row->config));
	json_object_set_new(to, "secret_set", show_json(row->secret_names));
	json_object_set_new(to, "state", show_json(row->state));
	json_object_set_new(to, "created_at", json_time_new(row->created_at));
	return to;
}

static void answer_mail_server(Answer *answer, int status, const MailServerRow *row)
{
	answer_json(answer, status, mail_server_show(row));
	answer_etag(answer, row->revision);
	answer->live = TRUE;
	if (status == 201)
		answer_header(answer, "Location", "/v1/mail-servers/%" G_GINT64_FORMAT, row->id);
}

static gint64 mail_server_number(gconstpointer row)
{
	return ((const MailServerRow *)row)->id;
}

gboolean mail_server_list_all(Request *request, Db *db, Answer *answer, GError **error)
{
	Page page;
	g_autoptr(GPtrArray) rows = mail_server_list_seen(db, request->sight, error);
	if (!rows || !page_parse(request, &page, error))
		return FALSE;
	const char *name = query_text(request, "name");
	for (guint i = rows->len; name && i-- > 0;)
		if (strcmp(((MailServerRow *)rows->pdata[i])->name, name) != 0)
			g_ptr_array_remove_index(rows, i);
	page_cut(&page, rows, mail_server_number);
	page_answer(request, answer, &page, rows, mail_server_show, mail_server_number, NULL);
	return TRUE;
}

gboolean mail_server_get(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(MailServerRow) row = mail_server_load(db, request->id, error);
	if (!row)
		return FALSE;
	answer_mail_server(answer, 200, row);
	return TRUE;
}

/* Stands for a secret that is sealed, so that a kind can say whether one is missing. */
static json_t *sealed_placeholder(const MailServerRow *row)
{
	g_autoptr(json_t) names = show_json(row->secret_names);
	json_t *object = json_object();
	for (gsize i = 0; i < json_array_size(names); i++)
		json_object_set_new(object, json_string_value(json_array_get(names, i)),
		                    json_string("sealed"));
	return object;
}

static gboolean unknown_kind(const Request *request, GError **error)
{
	g_autoptr(GString) names = g_string_new(NULL);
	for (guint i = 0; request->context->kinds[i]; i++)
		g_string_append_printf(names, "%s%s", i ? ", " : "",
		                       request->context->kinds[i]->name);
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID, "kind is one of %s", names->str);
	return FALSE;
}

/* Puts the body's config and secret into the row, checked by the row's kind. */
static gboolean apply_config(const Request *request, MailServerRow *row, GError **error)
{
	const MailServerKind *kind = mail_server_kind_find(request->context->kinds, row->kind);
	if (!kind)
		return unknown_kind(request, error);
	g_autoptr(json_t) merged = row->config ? show_json(row->config) : json_object();
	const json_t *sent = json_object_get(request->body, "config");
	if (sent)
		json_object_update(merged, (json_t *)sent);
	g_autoptr(json_t) config = show_without_nulls(merged);
	const json_t *sent_secret = json_object_get(request->body, "secret");
	g_autoptr(json_t) secret =
		sent_secret ? show_without_nulls(sent_secret) : sealed_placeholder(row);
	if (!kind->validate(config, secret, error))
		return FALSE;
	g_free(row->config);
	row->config = json_format(config);
	if (!sent_secret)
		return TRUE;
	g_clear_pointer(&row->secret, g_bytes_unref);
	row->secret = secret_seal(request->context->public_key, secret, error);
	g_autoptr(json_t) names = json_array();
	const char *name;
	json_t *value;
	json_object_foreach (secret, name, value)
		json_array_append_new(names, json_string(name));
	g_free(row->secret_names);
	row->secret_names = json_format(names);
	return row->secret != NULL;
}

gboolean mail_server_create(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(MailServerRow) row = g_new0(MailServerRow, 1);
	sent_take_text(request, "name", &row->name);
	sent_take_text(request, "kind", &row->kind);
	row->secret_names = g_strdup("[]");
	row->state = g_strdup("{}");
	row->created_at = clock_now();
	if (!apply_config(request, row, error) || !mail_server_insert(db, row, error))
		return FALSE;
	/* The record names the row, so the row is made first and gets its revision second. */
	if (!audit_append(db, request->actor, "mail_server.create", "mail_server", row->id, 0,
	                  json_pack("{s:s, s:s}", "name", row->name, "kind", row->kind),
	                  &row->revision, error) ||
	    !mail_server_update(db, row, 0, error))
		return FALSE;
	answer_mail_server(answer, 201, row);
	return TRUE;
}

gboolean mail_server_patch(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(MailServerRow) row = mail_server_load(db, request->id, error);
	if (!row || !request_if_match(request, row->revision, error))
		return FALSE;
	gint64 expected = row->revision;
	g_autoptr(json_t) before = mail_server_show(row);
	sent_take_text(request, "name", &row->name);
	g_clear_pointer(&row->secret, g_bytes_unref); /* NULL keeps what is stored */
	if (!apply_config(request, row, error))
		return FALSE;
	g_autoptr(json_t) after = mail_server_show(row);
	json_t *changes = show_changes(request->body, before, after);
	if (row->secret) {
		changes = changes ? changes : json_object();
		json_object_set_new(changes, "secret", json_string("replaced"));
	}
	if (changes &&
	    (!audit_append(db, request->actor, "mail_server.update", "mail_server", row->id, 0,
	                   json_pack("{s:s, s:o}", "name", row->name, "changes", changes),
	                   &row->revision, error) ||
	     !mail_server_update(db, row, expected, error)))
		return FALSE;
	answer_mail_server(answer, 200, row);
	return TRUE;
}

gboolean mail_server_remove_one(Request *request, Db *db, Answer *answer, GError **error)
{
	gint64 revision;
	g_autoptr(MailServerRow) row = mail_server_load(db, request->id, error);
	if (!row || !request_if_match(request, row->revision, error) ||
	    !audit_append(db, request->actor, "mail_server.delete", "mail_server", row->id, 0,
	                  json_pack("{s:s}", "name", row->name), &revision, error) ||
	    !mail_server_delete(db, row->id, revision, error))
		return FALSE;
	answer_nothing(answer);
	return TRUE;
}

/* Queues a job that asks the mail server something a person waits for. */
static gboolean ask_server(Request *request, Db *db, const char *kind, Answer *answer,
                           GError **error)
{
	gint64 job;
	g_autofree char *mailbox = sent_address(request, "mailbox");
	g_autoptr(MailServerRow) row = mail_server_load(db, request->id, error);
	if (!row)
		return FALSE;
	g_autofree char *lane = job_lane(JOB_LANE_POLL, row->id);
	json_t *payload =
		json_pack("{s:I, s:s*}", "server", (json_int_t)row->id, "mailbox", mailbox);
	return job_queue(db, kind, NULL, lane, PRIORITY_INTERACTIVE, 0, payload, &job, error) &&
	       audit_append(db, request->actor, kind, "mail_server", row->id, 0,
	                    json_pack("{s:s, s:I, s:s*}", "name", row->name, "job", (json_int_t)job,
	                              "mailbox", mailbox),
	                    NULL, error) &&
	       job_answer_queued(answer, db, job, error);
}

gboolean mail_server_check_start(Request *request, Db *db, Answer *answer, GError **error)
{
	return ask_server(request, db, "server.check", answer, error);
}

gboolean mail_server_folders_start(Request *request, Db *db, Answer *answer, GError **error)
{
	return ask_server(request, db, "server.folders", answer, error);
}
