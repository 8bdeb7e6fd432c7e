/* `trawl health`: is it well, and if not, what is wrong. */
#include "cli/commands.h"
#include "cli/view.h"
#include "cli/when.h"

#include <sysexits.h>

#define EXIT_UNWELL 1

static void print_problems(const Cli *cli, const json_t *health)
{
	size_t i;
	json_t *problem;
	json_array_foreach (json_at(health, "problems"), i, problem) {
		view_line(cli, STYLE_BAD, "%s", json_string_value(problem));
	}
}

static void print_summary(const Cli *cli, const json_t *health)
{
	gint64 total = json_int(health, "disk.total", 0);
	g_autofree char *free_size = size_format(json_int(health, "disk.available", 0));
	g_autofree char *size = size_format(total);
	g_autofree char *disk = total ? g_strdup_printf("%s free of %s", free_size, size) : NULL;
	const char *status = json_text(health, "status");
	g_autoptr(Fields) fields = fields_new();
	fields_add(fields, "status", g_strcmp0(status, "ok") == 0 ? STYLE_GOOD : STYLE_BAD, status);
	fields_add(fields, "daemon", STYLE_PLAIN, client_url(cli->client));
	view_field_text(fields, "version", health, "version");
	view_field_text(fields, "database", health, "database");
	fields_add(fields, "disk", STYLE_PLAIN, disk);
	view_fields(cli, fields);
}

static void print_nodes(const Cli *cli, const json_t *nodes)
{
	/* clang-format off */
	static const TableColumn columns[] = {
		{"role",    FALSE, 0,  FALSE},
		{"host",    FALSE, 10, FALSE},
		{"alive",   FALSE, 0,  FALSE},
		{"started", FALSE, 0,  FALSE},
		{"seen",    FALSE, 0,  FALSE},
		{"detail",  FALSE, 16, TRUE},
		{NULL},
	};
	/* clang-format on */
	g_autoptr(Table) table = table_new(columns);
	size_t i;
	json_t *node;
	json_array_foreach (nodes, i, node) {
		gboolean alive = json_bool(node, "alive", FALSE);
		g_autofree char *detail = view_value(json_at(node, "detail"));
		view_add_text(table, node, "role");
		view_add_text(table, node, "host");
		table_add(table, alive ? STYLE_GOOD : STYLE_BAD, alive ? "yes" : "no");
		view_add_when(table, node, "started_at");
		view_add_when(table, node, "seen_at");
		table_add(table, STYLE_DIM, detail);
	}
	if (table_rows(table) == 0)
		return;
	view_heading(cli, "Processes");
	view_table(cli, table);
}

static void print_figures(const Cli *cli, const json_t *figures)
{
	g_autoptr(Fields) fields = fields_new();
	const char *name;
	json_t *value;
	json_object_foreach ((json_t *)figures, name, value) {
		g_autofree char *label = view_word(name);
		g_autofree char *text = view_value(value);
		fields_add(fields, label, STYLE_PLAIN, text);
	}
	view_heading(cli, "Figures");
	view_fields(cli, fields);
}

int cli_health(Cli *cli, GError **error)
{
	Client *client = cli_client(cli, error);
	g_autoptr(json_t) health = client ? client_get(client, "/v1/health", error) : NULL;
	if (!health)
		return -1;
	gboolean well = g_strcmp0(json_text(health, "status"), "ok") == 0;
	if (cli->json || cli->quiet) {
		view_done(cli, health, "status", NULL);
		return well ? EX_OK : EXIT_UNWELL;
	}
	print_summary(cli, health);
	print_problems(cli, health);
	print_nodes(cli, json_at(health, "nodes"));
	if (json_is_object(json_at(health, "figures")))
		print_figures(cli, json_at(health, "figures"));
	return well ? EX_OK : EXIT_UNWELL;
}
