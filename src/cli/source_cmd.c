/* `trawl source`: the abuse mailboxes that are watched. */
#include "base/error.h"
#include "cli/checklist.h"
#include "cli/commands.h"
#include "cli/view.h"
#include "cli/wait.h"

#include <string.h>
#include <sysexits.h>

#define SOURCES "/v1/sources"

static const char *state_word(const json_t *source)
{
	if (!json_bool(source, "enabled", TRUE))
		return "paused";
	if (json_text(source, "state.last_error"))
		return "failed";
	return json_text(source, "state.last_success_at") ? "ok" : "not polled yet";
}

static void add_row(Table *table, const json_t *item, gpointer servers)
{
	const char *state = state_word(item);
	g_autofree char *every =
		g_strdup_printf("%" G_GINT64_FORMAT " min", json_int(item, "polling_interval", 0));
	view_add_int(table, item, "id");
	view_add_text(table, item, "name");
	table_add(table, view_style(state), state);
	view_add_text(table, item, "mailbox");
	view_add_text(table, item, "folder");
	table_add(table, STYLE_PLAIN, view_name(servers, json_int(item, "mail_server_id", 0)));
	table_add(table, STYLE_PLAIN, every);
	view_add_when(table, item, "state.last_poll_at");
	view_add_when(table, item, "state.next_poll_at");
	view_add_int(table, item, "state.total_found");
	view_add_text(table, item, "state.last_error");
}

int cli_source_list(Cli *cli, GError **error)
{
	/* clang-format off */
	static const TableColumn columns[] = {
		{"id",         TRUE,  0,  FALSE},
		{"name",       FALSE, 0,  FALSE},
		{"state",      FALSE, 0,  FALSE},
		{"mailbox",    FALSE, 14, FALSE},
		{"folder",     FALSE, 6,  TRUE},
		{"server",     FALSE, 6,  TRUE},
		{"every",      TRUE,  0,  TRUE},
		{"last poll",  FALSE, 0,  FALSE},
		{"next",       FALSE, 0,  TRUE},
		{"reports",    TRUE,  0,  FALSE},
		{"last error", FALSE, 16, FALSE},
		{NULL},
	};
	/* clang-format on */
	static const Listing listing = {SOURCES, columns, add_row, "name",
	                                "no sources; \"trawl source add\" makes the first"};
	Client *client = cli_client(cli, error);
	g_autoptr(GHashTable) servers =
		client ? view_names(client, "/v1/mail-servers", error) : NULL;
	return servers ? listing_run(cli, &listing, NULL, servers, error) : -1;
}

static void add_fields(Fields *fields, const json_t *source)
{
	g_autofree char *every =
		view_count(json_int(source, "polling_interval", 0), "minute", "minutes");
	g_autofree char *found = g_strdup_printf(
		"%" G_GINT64_FORMAT ", %" G_GINT64_FORMAT " by the last poll",
		json_int(source, "state.total_found", 0), json_int(source, "state.last_found", 0));
	const char *destination = json_text(source, "destination_folder");
	g_autofree char *post = g_strconcat(json_text(source, "post_process"),
	                                    destination ? " to " : "", destination, NULL);
	gint64 lag = json_int(source, "state.lag_seconds", 0);
	g_autofree char *late = lag > 0 ? g_strdup_printf("%" G_GINT64_FORMAT " s", lag) : NULL;
	view_field_text(fields, "name", source, "name");
	view_field_text(fields, "description", source, "description");
	fields_add(fields, "state", view_style(state_word(source)), state_word(source));
	view_field_text(fields, "last error", source, "state.last_error");
	view_field_when(fields, "last poll", source, "state.last_poll_at");
	view_field_when(fields, "last success", source, "state.last_success_at");
	view_field_when(fields, "next poll", source, "state.next_poll_at");
	fields_add(fields, "late by", STYLE_WARN, late);
	fields_add(fields, "reports", STYLE_PLAIN, found);
	view_field_text(fields, "mailbox", source, "mailbox");
	view_field_text(fields, "folder", source, "folder");
	view_field_text(fields, "mail server", source, "mail_server_name");
	fields_add(fields, "polled every", STYLE_PLAIN, every);
	fields_add(fields, "post-process", STYLE_PLAIN, post);
	fields_add(fields, "link events", STYLE_PLAIN,
	           json_bool(source, "link_events", TRUE)
	                   ? "yes"
	                   : "no: every report makes an incident of its own");
	view_field_list(fields, "accepts", source, "accepted_domains");
	view_field_list(fields, "trusts", source, "trusted_hosts");
	view_field_list(fields, "relays", source, "accepted_relays");
	view_field_when(fields, "made", source, "created_at");
}

static json_t *find_source(Cli *cli, GError **error)
{
	Client *client = cli_client(cli, error);
	return client ? view_find(client, SOURCES, "source", cli_argument(cli, 0), error) : NULL;
}

static char *source_path(const json_t *source, const char *rest)
{
	return g_strdup_printf(SOURCES "/%" G_GINT64_FORMAT "%s", json_int(source, "id", 0), rest);
}

int cli_source_show(Cli *cli, GError **error)
{
	g_autoptr(json_t) source = find_source(cli, error);
	g_autoptr(GHashTable) servers =
		source ? view_names(cli->client, "/v1/mail-servers", error) : NULL;
	if (!servers)
		return -1;
	if (!cli->json)
		json_object_set_new(
			source, "mail_server_name",
			json_text_new(view_name(servers, json_int(source, "mail_server_id", 0))));
	return view_page(cli, source, "name", add_fields);
}

/* An option that may be given several times, as an array; "" among them adds nothing, so that one
 * "" empties the list. */
static json_t *texts_array(const GPtrArray *texts)
{
	json_t *array = json_array();
	for (guint i = 0; i < texts->len; i++)
		if (*(const char *)texts->pdata[i])
			json_array_append_new(array, json_text_new(texts->pdata[i]));
	return array;
}

/* What add and set have in common. */
static gboolean take_options(Cli *cli, json_t *body, GError **error)
{
	/* clang-format off */
	static const struct {
		const char *option, *member;
	} texts[] = {
		{"name",         "name"},
		{"mailbox",      "mailbox"},
		{"folder",       "folder"},
		{"post-process", "post_process"},
		{"destination",  "destination_folder"},
		{"description",  "description"},
	};
	/* clang-format on */
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		const char *value = cli_text(cli, texts[i].option);
		if (value)
			json_object_set_new(body, texts[i].member, json_text_new(value));
	}
	if (cli_text(cli, "interval"))
		json_object_set_new(body, "polling_interval",
		                    json_integer(cli_number(cli, "interval", 0)));
	if (cli_flag(cli, "no-link-events") || cli_flag(cli, "link-events"))
		json_object_set_new(body, "link_events",
		                    json_boolean(cli_flag(cli, "link-events")));
	if (cli_text(cli, "accept"))
		json_object_set_new(body, "accepted_domains",
		                    texts_array(cli_texts(cli, "accept")));
	if (cli_text(cli, "trust"))
		json_object_set_new(body, "trusted_hosts", texts_array(cli_texts(cli, "trust")));
	if (cli_text(cli, "relay"))
		json_object_set_new(body, "accepted_relays", texts_array(cli_texts(cli, "relay")));
	if (!cli_text(cli, "server"))
		return TRUE;
	Client *client = cli_client(cli, error);
	g_autoptr(json_t) server = client ? view_find(client, "/v1/mail-servers", "server",
	                                              cli_text(cli, "server"), error)
	                                  : NULL;
	if (server)
		json_object_set(body, "mail_server_id", json_at(server, "id"));
	return server != NULL;
}

int cli_source_add(Cli *cli, GError **error)
{
	const char *name = cli_argument(cli, 0);
	g_autoptr(json_t) body = json_pack("{s:s}", "name", name);
	if (!cli_client(cli, error) || !take_options(cli, body, error))
		return -1;
	g_autoptr(json_t) source = client_change(cli->client, "POST", SOURCES, body, NULL, error);
	if (!source)
		return -1;
	return view_done(cli, source, "id",
	                 g_strdup_printf("source \"%s\" is added and polled from now on; \"trawl "
	                                 "source test\" tells whether it works",
	                                 name));
}

static int patch(Cli *cli, const json_t *source, const json_t *body, const char *sentence,
                 GError **error)
{
	g_autofree char *etag = NULL;
	g_autofree char *path = source_path(source, "");
	g_autoptr(json_t) before = client_get_tagged(cli->client, path, &etag, error);
	g_autoptr(json_t) after =
		before ? client_change(cli->client, "PATCH", path, body, etag, error) : NULL;
	if (!after)
		return -1;
	return view_done(cli, after, "id",
	                 g_strdup_printf("source \"%s\" %s", json_text(after, "name"), sentence));
}

int cli_source_set(Cli *cli, GError **error)
{
	g_autoptr(json_t) body = json_object();
	g_autoptr(json_t) source = find_source(cli, error);
	if (!source || !take_options(cli, body, error))
		return -1;
	if (json_object_size(body) == 0) {
		g_set_error_literal(error, CLI_USAGE_ERROR, 0, "nothing to set");
		return -1;
	}
	return patch(cli, source, body, "is changed", error);
}

static int switch_to(Cli *cli, gboolean enabled, const char *sentence, GError **error)
{
	g_autoptr(json_t) source = find_source(cli, error);
	g_autoptr(json_t) body = json_pack("{s:b}", "enabled", enabled);
	return source ? patch(cli, source, body, sentence, error) : -1;
}

int cli_source_pause(Cli *cli, GError **error)
{
	return switch_to(cli, FALSE, "is paused", error);
}

int cli_source_resume(Cli *cli, GError **error)
{
	return switch_to(cli, TRUE, "is polled again", error);
}

int cli_source_remove(Cli *cli, GError **error)
{
	g_autoptr(json_t) source = find_source(cli, error);
	g_autofree char *path = source_path(source, "");
	g_autoptr(json_t) gone =
		source ? client_change(cli->client, "DELETE", path, NULL, NULL, error) : NULL;
	if (!gone)
		return -1;
	return view_done(cli, gone, NULL,
	                 g_strdup_printf("source \"%s\" is removed; its reports and incidents stay",
	                                 json_text(source, "name")));
}

/* A poll is over when the source says that it was polled after we asked. */
static json_t *wait_for_poll(Cli *cli, const json_t *before, GError **error)
{
	g_autofree char *path = source_path(before, "");
	const char *last = json_text(before, "state.last_poll_at");
	g_autofree char *line = g_strdup_printf("polling %s", json_text(before, "name"));
	cli_catch_stop();
	for (;;) {
		g_autoptr(json_t) now = client_get(cli->client, path, error);
		if (!now || g_strcmp0(json_text(now, "state.last_poll_at"), last) != 0) {
			progress_clear(cli);
			return g_steal_pointer(&now);
		}
		progress_show(cli, line);
		if (!cli_sleep(0.25)) {
			progress_clear(cli);
			g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_CANCELLED, "stopped");
			return NULL;
		}
	}
}

int cli_source_poll(Cli *cli, GError **error)
{
	g_autoptr(json_t) source = find_source(cli, error);
	g_autofree char *path = source_path(source, "/poll");
	g_autoptr(json_t) job =
		source ? client_change(cli->client, "POST", path, NULL, NULL, error) : NULL;
	if (!job)
		return -1;
	const char *name = json_text(source, "name");
	if (!cli_flag(cli, "wait"))
		return view_done(cli, job, "id",
		                 g_strdup_printf("source \"%s\" is polled now", name));
	g_autoptr(json_t) after = wait_for_poll(cli, source, error);
	if (!after)
		return -1;
	const char *problem = json_text(after, "state.last_error");
	if (problem) {
		const ErrorRemedy *remedy =
			error_remedy_by_name(json_text(after, "state.last_error_code"));
		g_set_error(error, TRAWL_ERROR, (int)(remedy ? remedy->code : TRAWL_ERROR_REMOTE),
		            "source \"%s\": %s", name, problem);
		return -1;
	}
	g_autofree char *found =
		view_count(json_int(after, "state.last_found", 0), "new report", "new reports");
	return view_done(cli, after, "id",
	                 g_strdup_printf("source \"%s\" was polled: %s", name, found));
}

int cli_source_test(Cli *cli, GError **error)
{
	g_autoptr(json_t) source = find_source(cli, error);
	g_autofree char *path = source_path(source, "/test");
	g_autoptr(json_t) queued =
		source ? client_change(cli->client, "POST", path, NULL, NULL, error) : NULL;
	if (!queued)
		return -1;
	g_autofree char *line = g_strdup_printf("testing %s", json_text(source, "name"));
	g_autoptr(json_t) job = wait_for_job(cli, json_int(queued, "id", 0), line, error);
	return job ? checklist_print(cli, json_at(job, "result")) : -1;
}
