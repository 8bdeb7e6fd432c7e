/* `trawl provider`: the identity providers by which people log in. They are set up in the console;
 * what is here helps when nobody gets into it. */
#include "base/error.h"
#include "cli/checklist.h"
#include "cli/commands.h"
#include "cli/view.h"
#include "cli/wait.h"

#define PROVIDERS "/v1/identity-providers"

static const char *state_word(const json_t *provider)
{
	if (!json_bool(provider, "enabled", FALSE))
		return "disabled";
	if (json_text(provider, "state.last_error"))
		return "failed";
	return json_text(provider, "state.last_ok_at") ? "ok" : "";
}

static void add_row(Table *table, const json_t *item, gpointer data)
{
	const char *state = state_word(item), *issuer = json_text(item, "config.issuer");
	view_add_int(table, item, "id");
	view_add_text(table, item, "name");
	view_add_text(table, item, "kind");
	table_add(table, view_style(state), state);
	table_add(table, STYLE_PLAIN, json_bool(item, "only_way", FALSE) ? "yes" : "no");
	table_add(table, STYLE_PLAIN, issuer ? issuer : json_text(item, "config.url"));
	view_add_text(table, item, "state.last_error");
}

int cli_provider_list(Cli *cli, GError **error)
{
	/* clang-format off */
	static const TableColumn columns[] = {
		{"id",         TRUE,  0,  FALSE},
		{"name",       FALSE, 8,  FALSE},
		{"kind",       FALSE, 0,  FALSE},
		{"state",      FALSE, 0,  FALSE},
		{"only way",   FALSE, 0,  FALSE},
		{"where",      FALSE, 12, TRUE},
		{"last error", FALSE, 16, FALSE},
		{NULL},
	};
	/* clang-format on */
	static const Listing listing = {PROVIDERS, columns, add_row, "name",
	                                "no identity providers"};
	return listing_run(cli, &listing, NULL, NULL, error);
}

static json_t *find_provider(Cli *cli, GError **error)
{
	Client *client = cli_client(cli, error);
	return client ? view_find(client, PROVIDERS, "identity provider", cli_argument(cli, 0),
	                          error)
	              : NULL;
}

static char *provider_path(const json_t *provider, const char *rest)
{
	return g_strdup_printf(PROVIDERS "/%" G_GINT64_FORMAT "%s", json_int(provider, "id", 0),
	                       rest);
}

int cli_provider_check(Cli *cli, GError **error)
{
	g_autoptr(json_t) provider = find_provider(cli, error);
	if (!provider)
		return -1;
	g_autofree char *path = provider_path(provider, "/check");
	g_autoptr(json_t) body = json_object();
	g_autoptr(json_t) queued = client_change(cli->client, "POST", path, body, NULL, error);
	g_autofree char *line = g_strdup_printf("checking %s", json_text(provider, "name"));
	g_autoptr(json_t) job =
		queued ? wait_for_job(cli, json_int(queued, "id", 0), line, error) : NULL;
	return job ? checklist_print(cli, json_at(job, "result")) : -1;
}

/* One of two flags; FALSE when both are given. */
static gboolean take_flags(const Cli *cli, const char *on, const char *off, const char *member,
                           json_t *body)
{
	gboolean yes = cli_flag(cli, on), no = cli_flag(cli, off);
	if (yes || no)
		json_object_set_new(body, member, json_boolean(yes));
	return !(yes && no);
}

int cli_provider_set(Cli *cli, GError **error)
{
	g_autoptr(json_t) body = json_object();
	gboolean good = take_flags(cli, "enable", "disable", "enabled", body) &&
	                take_flags(cli, "only-way", "not-only-way", "only_way", body);
	if (!good || json_object_size(body) == 0) {
		g_set_error_literal(error, CLI_USAGE_ERROR, 0,
		                    good ? "nothing to set" : "these exclude each other");
		return -1;
	}
	g_autoptr(json_t) provider = find_provider(cli, error);
	if (!provider)
		return -1;
	g_autofree char *path = provider_path(provider, "");
	g_autoptr(json_t) done = client_change(cli->client, "PATCH", path, body, NULL, error);
	if (!done)
		return -1;
	return view_done(cli, done, "name",
	                 g_strdup_printf("identity provider \"%s\" is changed",
	                                 json_text(provider, "name")));
}
