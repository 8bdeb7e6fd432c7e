/* `trawl server`: the mail servers Trawl looks into. */
#include "base/error.h"
#include "base/text.h"
#include "cli/checklist.h"
#include "cli/commands.h"
#include "cli/prompt.h"
#include "cli/view.h"
#include "cli/wait.h"

#include <string.h>
#include <sysexits.h>

#define SERVERS      "/v1/mail-servers"
#define KINDS        "/v1/mail-server-kinds"
#define EXIT_FAILING 1

/* --- showing --- */

static const char *state_word(const json_t *server)
{
	if (json_text(server, "state.left_alone_until"))
		return "left alone";
	if (json_text(server, "state.last_error"))
		return "failed";
	return json_text(server, "state.last_ok_at") ? "ok" : "";
}

/* Where it is: the member of the configuration that says so. */
static const char *place(const json_t *server)
{
	const char *host = json_text(server, "config.host"),
		   *path = json_text(server, "config.path");
	return host ? host : path;
}

static void add_row(Table *table, const json_t *item, gpointer data)
{
	const char *state = state_word(item);
	view_add_int(table, item, "id");
	view_add_text(table, item, "name");
	view_add_text(table, item, "kind");
	table_add(table, view_style(state), state);
	table_add(table, STYLE_PLAIN, place(item));
	view_add_text(table, item, "config.quarantine_mailbox");
	view_add_text(table, item, "state.last_error");
}

int cli_server_list(Cli *cli, GError **error)
{
	/* clang-format off */
	static const TableColumn columns[] = {
		{"id",         TRUE,  0,  FALSE},
		{"name",       FALSE, 0,  FALSE},
		{"kind",       FALSE, 0,  FALSE},
		{"state",      FALSE, 0,  FALSE},
		{"where",      FALSE, 12, TRUE},
		{"quarantine", FALSE, 12, TRUE},
		{"last error", FALSE, 16, FALSE},
		{NULL},
	};
	/* clang-format on */
	static const Listing listing = {SERVERS, columns, add_row, "name",
	                                "no mail servers; \"trawl server add\" makes the first"};
	return listing_run(cli, &listing, NULL, NULL, error);
}

static void add_kind(Table *table, const json_t *item, gpointer data)
{
	static const char *const lists[] = {"config", "secret"};
	view_add_text(table, item, "name");
	view_add_text(table, item, "title");
	for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_autofree char *joined = view_join(json_at(item, lists[i]), ", ");
		table_add(table, STYLE_PLAIN, joined);
	}
}

static int list_kinds(Cli *cli, GError **error)
{
	/* clang-format off */
	static const TableColumn columns[] = {
		{"kind",     FALSE, 0,  FALSE},
		{"title",    FALSE, 0,  TRUE},
		{"--set",    FALSE, 20, FALSE},
		{"--secret", FALSE, 8,  FALSE},
		{NULL},
	};
	/* clang-format on */
	static const Listing listing = {KINDS, columns, add_kind, "name", "no kinds of mail server",
	                                TRUE};
	return listing_run(cli, &listing, NULL, NULL, error);
}

/* One kind: a line a member. */
static void add_kind_fields(Fields *fields, const json_t *kind)
{
	static const char *const lists[] = {"config", "secret"};
	size_t at;
	json_t *name;
	for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
		json_array_foreach (json_at(kind, lists[i]), at, name) {
			const char *member = json_string_value(name);
			const json_t *help = json_object_get(json_at(kind, "help"), member);
			g_autofree char *label =
				g_strconcat(i ? "--secret " : "--set ", member, NULL);
			fields_add(fields, label, STYLE_PLAIN, json_string_value(help));
		}
	}
}

int cli_server_kinds(Cli *cli, GError **error)
{
	const char *name = cli_argument(cli, 0);
	if (!name)
		return list_kinds(cli, error);
	Client *client = cli_client(cli, error);
	g_autoptr(json_t) kinds = client ? client_get(client, KINDS, error) : NULL;
	g_autoptr(json_t) kind =
		kinds ? view_pick(json_at(kinds, "items"), "kind", name, error) : NULL;
	return kind ? view_page(cli, kind, "name", add_kind_fields) : -1;
}

static void add_fields(Fields *fields, const json_t *server)
{
	const char *name;
	json_t *value;
	view_field_text(fields, "name", server, "name");
	view_field_text(fields, "kind", server, "kind");
	fields_add(fields, "state", view_style(state_word(server)), state_word(server));
	view_field_when(fields, "last worked", server, "state.last_ok_at");
	view_field_text(fields, "last error", server, "state.last_error");
	view_field_when(fields, "", server, "state.last_error_at");
	view_field_when(fields, "failing since", server, "state.failing_since");
	view_field_when(fields, "left alone until", server, "state.left_alone_until");
	if (json_at(server, "state.connections")) {
		g_autofree char *connections =
			g_strdup_printf("%" G_GINT64_FORMAT " in use of %" G_GINT64_FORMAT,
		                        json_int(server, "state.connections.in_use", 0),
		                        json_int(server, "state.connections.limit", 0));
		fields_add(fields, "connections", STYLE_PLAIN, connections);
	}
	json_object_foreach (json_at(server, "config"), name, value) {
		g_autofree char *text = view_value(value);
		fields_add(fields, name, STYLE_PLAIN, text);
	}
	view_field_list(fields, "secrets set", server, "secret_set");
	view_field_when(fields, "made", server, "created_at");
}

static json_t *find_server(Cli *cli, GError **error)
{
	Client *client = cli_client(cli, error);
	return client ? view_find(client, SERVERS, "server", cli_argument(cli, 0), error) : NULL;
}

static char *server_path(const json_t *server, const char *rest)
{
	return g_strdup_printf(SERVERS "/%" G_GINT64_FORMAT "%s", json_int(server, "id", 0), rest);
}

int cli_server_show(Cli *cli, GError **error)
{
	g_autoptr(json_t) server = find_server(cli, error);
	return server ? view_page(cli, server, "name", add_fields) : -1;
}

/* --- changing --- */

/* "port=993", "domains=a.example,b.example": what is JSON is JSON, all else is text. */
static gboolean take_setting(json_t *config, const char *written, GError **error)
{
	static const char *const lists[] = {"domains", NULL};
	const char *equals = strchr(written, '=');
	if (!equals || equals == written) {
		g_set_error(error, CLI_USAGE_ERROR, 0, "--set is KEY=VALUE, not \"%s\"", written);
		return FALSE;
	}
	g_autofree char *key = g_strndup(written, (gsize)(equals - written));
	json_t *value = json_loads(equals + 1, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
	if (!value && g_strv_contains(lists, key)) {
		g_auto(GStrv) parts = g_strsplit(equals + 1, ",", -1);
		value = json_array();
		for (char **part = parts; *part; part++)
			if (*g_strstrip(*part))
				json_array_append_new(value, json_text_new(*part));
	}
	json_object_set_new(config, key, value ? value : json_text_new(equals + 1));
	return TRUE;
}

static gboolean take_secret(json_t *secret, const char *written, GError **error)
{
	g_autofree char *name = NULL;
	char *text = prompt_secret(written, &name, error);
	if (text)
		json_object_set_new(secret, name, json_string(text));
	prompt_forget(text);
	return text != NULL;
}

/* Adds "config" and "secret" to @body as --set, --unset and --secret say. */
static gboolean take_config(const Cli *cli, json_t *body, GError **error)
{
	const GPtrArray *set = cli_texts(cli, "set"), *unset = cli_texts(cli, "unset"),
			*secrets = cli_texts(cli, "secret");
	g_autoptr(json_t) config = json_object();
	g_autoptr(json_t) secret = json_object();
	for (guint i = 0; i < set->len; i++)
		if (!take_setting(config, set->pdata[i], error))
			return FALSE;
	for (guint i = 0; i < unset->len; i++)
		json_object_set_new(config, unset->pdata[i], json_null());
	for (guint i = 0; i < secrets->len; i++)
		if (!take_secret(secret, secrets->pdata[i], error))
			return FALSE;
	if (json_object_size(config))
		json_object_set(body, "config", config);
	if (json_object_size(secret))
		json_object_set(body, "secret", secret);
	return TRUE;
}

int cli_server_add(Cli *cli, GError **error)
{
	const char *name = cli_argument(cli, 0);
	g_autoptr(json_t) body = json_pack("{s:s, s:s, s:{}}", "name", name, "kind",
	                                   cli_text(cli, "kind"), "config");
	Client *client = cli_client(cli, error);
	if (!client || !take_config(cli, body, error))
		return -1;
	g_autoptr(json_t) server = client_change(client, "POST", SERVERS, body, NULL, error);
	if (!server)
		return -1;
	return view_done(
		cli, server, "id",
		g_strdup_printf("mail server \"%s\" is added; \"trawl server check\" tells "
	                        "whether it works",
	                        name));
}

int cli_server_set(Cli *cli, GError **error)
{
	g_autoptr(json_t) body = json_object();
	g_autofree char *etag = NULL;
	g_autoptr(json_t) found = find_server(cli, error);
	if (!found || !take_config(cli, body, error))
		return -1;
	if (cli_text(cli, "name"))
		json_object_set_new(body, "name", json_text_new(cli_text(cli, "name")));
	if (json_object_size(body) == 0) {
		g_set_error_literal(error, CLI_USAGE_ERROR, 0, "nothing to set");
		return -1;
	}
	g_autofree char *path = server_path(found, "");
	g_autoptr(json_t) before = client_get_tagged(cli->client, path, &etag, error);
	g_autoptr(json_t) after =
		before ? client_change(cli->client, "PATCH", path, body, etag, error) : NULL;
	if (!after)
		return -1;
	return view_done(
		cli, after, "id",
		g_strdup_printf("mail server \"%s\" is changed", json_text(after, "name")));
}

int cli_server_remove(Cli *cli, GError **error)
{
	g_autoptr(json_t) server = find_server(cli, error);
	g_autofree char *path = server_path(server, "");
	g_autoptr(json_t) gone =
		server ? client_change(cli->client, "DELETE", path, NULL, NULL, error) : NULL;
	if (!gone)
		return -1;
	return view_done(
		cli, gone, NULL,
		g_strdup_printf("mail server \"%s\" is removed", json_text(server, "name")));
}

/* --- asking --- */

static const char *text_or_empty(const json_t *item, const char *path)
{
	const char *text = json_text(item, path);
	return text ? text : "";
}

/* "✓ log in   as trawl", the detail wrapped beside what it is about. */
static void print_line(const Cli *cli, const char *sign, Style style, int labels,
                       const json_t *line)
{
	int indent = labels + 4;
	g_autofree char *what = text_for_terminal(text_or_empty(line, "what"));
	g_autofree char *detail = text_for_terminal(text_or_empty(line, "detail"));
	int room = cli->out.width ? MAX(cli->out.width - indent, 20) : 0;
	g_autofree char *wrapped = terminal_wrap(detail, room, indent);
	g_autofree char *painted_sign = terminal_paint(&cli->out, style, sign);
	g_autofree char *painted =
		terminal_paint(&cli->out, style == STYLE_GOOD ? STYLE_PLAIN : style, wrapped);
	cli_print(cli, g_strdup_printf("%s %s%*s%s\n", painted_sign, what,
	                               indent - 2 - terminal_columns(what), "", painted));
}

int checklist_print(const Cli *cli, const json_t *result)
{
	/* clang-format off */
	static const struct {
		const char *level, *sign;
		Style style;
	} levels[] = {
		{"ok",      "✓", STYLE_GOOD},
		{"warning", "!", STYLE_WARN},
		{"failed",  "✗", STYLE_BAD},
	};
	/* clang-format on */
	gboolean failed = FALSE;
	int labels = 0;
	size_t i;
	json_t *line;
	json_array_foreach (json_at(result, "lines"), i, line) {
		labels = MAX(labels, terminal_columns(text_or_empty(line, "what")));
	}
	json_array_foreach (json_at(result, "lines"), i, line) {
		const char *level = json_text(line, "level");
		guint at = 0;
		while (at + 1 < G_N_ELEMENTS(levels) && g_strcmp0(levels[at].level, level) != 0)
			at++;
		failed = failed || levels[at].style == STYLE_BAD;
		if (!cli->json && !cli->quiet)
			print_line(cli, levels[at].sign, levels[at].style, labels, line);
	}
	if (cli->json)
		cli_print_json(cli, result);
	return failed ? EXIT_FAILING : EX_OK;
}

/* Starts a job about a server and waits for it. (transfer full) */
static json_t *ask(Cli *cli, const char *verb, const char *doing, GError **error)
{
	g_autoptr(json_t) server = find_server(cli, error);
	if (!server)
		return NULL;
	g_autoptr(json_t) body = json_object();
	if (cli_text(cli, "mailbox"))
		json_object_set_new(body, "mailbox", json_text_new(cli_text(cli, "mailbox")));
	g_autofree char *path = server_path(server, verb);
	g_autoptr(json_t) queued = client_change(cli->client, "POST", path, body, NULL, error);
	g_autofree char *line = g_strdup_printf("%s %s", doing, json_text(server, "name"));
	return queued ? wait_for_job(cli, json_int(queued, "id", 0), line, error) : NULL;
}

int cli_server_check(Cli *cli, GError **error)
{
	g_autoptr(json_t) job = ask(cli, "/check", "checking", error);
	return job ? checklist_print(cli, json_at(job, "result")) : -1;
}

int cli_server_folders(Cli *cli, GError **error)
{
	g_autoptr(json_t) job = ask(cli, "/folders", "listing the folders of", error);
	if (!job)
		return -1;
	if (cli->json) {
		g_autoptr(json_t) document =
			json_pack("{s:O}", "items", json_at(job, "result.folders"));
		cli_print_json(cli, document);
		return EX_OK;
	}
	size_t i;
	json_t *folder;
	json_array_foreach (json_at(job, "result.folders"), i, folder) {
		view_line(cli, STYLE_PLAIN, "%s", json_string_value(folder));
	}
	return EX_OK;
}
