/* `trawl alert`: one recipient of one original. */
#include "cli/commands.h"
#include "cli/view.h"

#include <sysexits.h>

static void add_row(Table *table, const json_t *item, gpointer data)
{
	view_add_int(table, item, "id");
	view_add_int(table, item, "incident_id");
	view_add_word(table, item, "state");
	view_add_word(table, item, "severity");
	view_add_text(table, item, "recipient");
	view_add_text(table, item, "role");
	table_add(table, STYLE_PLAIN, json_bool(item, "trusted", FALSE) ? "yes" : "no");
	view_add_when(table, item, "opened_at");
	view_add_text(table, item, "message_id");
}

int cli_alert_list(Cli *cli, GError **error)
{
	/* clang-format off */
	static const TableColumn columns[] = {
		{"id",         TRUE,  0,  FALSE},
		{"incident",   TRUE,  0,  FALSE},
		{"state",      FALSE, 0,  FALSE},
		{"severity",   FALSE, 0,  TRUE},
		{"recipient",  FALSE, 16, FALSE},
		{"as",         FALSE, 0,  FALSE},
		{"trusted",    FALSE, 0,  TRUE},
		{"opened",     FALSE, 0,  FALSE},
		{"message-id", FALSE, 12, TRUE},
		{NULL},
	};
	/* clang-format on */
	const char *state = cli_text(cli, "state");
	gboolean all = g_strcmp0(state, "all") == 0;
	const Listing listing = {"/v1/alerts", columns, add_row, "id",
	                         all ? "no alerts"
	                             : "no such alerts; --state all shows closed ones too"};
	g_autoptr(GString) query = g_string_new(NULL);
	client_query(query, "state", all ? NULL : state ? state : "open");
	client_query(query, "incident_id", cli_text(cli, "incident"));
	client_query(query, "recipient", cli_text(cli, "recipient"));
	client_query(query, "message_id", cli_text(cli, "message-id"));
	return listing_run(cli, &listing, query->str, NULL, error);
}

static void add_fields(Fields *fields, const json_t *alert)
{
	g_autofree char *incident =
		g_strdup_printf("%" G_GINT64_FORMAT, json_int(alert, "incident_id", 0));
	g_autofree char *report =
		g_strdup_printf("%" G_GINT64_FORMAT, json_int(alert, "report_id", 0));
	view_field_text(fields, "recipient", alert, "recipient");
	view_field_text(fields, "as", alert, "role");
	view_field_word(fields, "state", alert, "state");
	view_field_word(fields, "severity", alert, "severity");
	view_field_word(fields, "verdict", alert, "disposition");
	fields_add(fields, "incident", STYLE_PLAIN, incident);
	fields_add(fields, "raised by report", STYLE_PLAIN, report);
	fields_add(fields, "trusted", STYLE_PLAIN,
	           json_bool(alert, "trusted", FALSE) ? "yes"
	                                              : "no: nothing automatic follows from it");
	view_field_text(fields, "message-id", alert, "message_id");
	view_field_when(fields, "opened", alert, "opened_at");
	view_field_when(fields, "closed", alert, "closed_at");
	view_field_text(fields, "reason", alert, "close_reason");
}

int cli_alert_show(Cli *cli, GError **error)
{
	gint64 id;
	Client *client;
	if (!cli_argument_id(cli, 0, &id, error) || !(client = cli_client(cli, error)))
		return -1;
	g_autofree char *path = g_strdup_printf("/v1/alerts/%" G_GINT64_FORMAT, id);
	g_autoptr(json_t) alert = client_get(client, path, error);
	if (!alert)
		return -1;
	return view_page(cli, alert, "state", add_fields);
}

int cli_alert_close(Cli *cli, GError **error)
{
	gint64 id;
	Client *client;
	if (!cli_argument_id(cli, 0, &id, error) || !(client = cli_client(cli, error)))
		return -1;
	g_autofree char *path = g_strdup_printf("/v1/alerts/%" G_GINT64_FORMAT "/close", id);
	g_autoptr(json_t) body = json_object();
	json_object_set_new(body, "reason", json_text_new(cli_text(cli, "reason")));
	g_autoptr(json_t) after = client_change(client, "POST", path, body, NULL, error);
	if (!after)
		return -1;
	return view_done(cli, after, "id",
	                 g_strdup_printf("alert %" G_GINT64_FORMAT " is closed", id));
}
