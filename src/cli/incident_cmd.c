/* `trawl incident`: the queue, and what an analyst decides about an incident. The page of one is in
 * incident_page.c. */
#include "cli/commands.h"
#include "cli/view.h"

#include <sysexits.h>

static char *incident_path(gint64 id, const char *rest)
{
	return g_strdup_printf("/v1/incidents/%" G_GINT64_FORMAT "%s", id, rest);
}

/* The state is shown where it differs: @all. */
static void add_row(Table *table, const json_t *item, gpointer all)
{
	g_autofree char *verdict = view_word(json_text(item, "disposition"));
	g_autofree char *alerts = g_strdup_printf("%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT,
	                                          json_int(item, "open_alert_count", 0),
	                                          json_int(item, "alert_count", 0));
	view_add_int(table, item, "id");
	if (all)
		view_add_word(table, item, "state");
	else
		table_add(table, STYLE_PLAIN, NULL);
	view_add_word(table, item, "severity");
	table_add(table, view_style(json_text(item, "disposition")), verdict);
	if (all)
		table_add(table, STYLE_PLAIN, NULL);
	else
		view_add_int(table, item, "need");
	view_add_int(table, item, "report_count");
	table_add(table, STYLE_PLAIN, alerts);
	view_add_when(table, item, "opened_at");
	view_add_text(table, item, "assignee");
	view_add_text(table, item, "team");
	view_add_text(table, item, "title");
}

int cli_incident_list(Cli *cli, GError **error)
{
	/* clang-format off */
	static const TableColumn columns[] = {
		{"id",       TRUE,  0,  FALSE},
		{"state",    FALSE, 0,  FALSE},
		{"severity", FALSE, 0,  FALSE},
		{"verdict",  FALSE, 0,  FALSE},
		{"need",     TRUE,  0,  TRUE},
		{"reports",  TRUE,  0,  TRUE},
		{"alerts",   TRUE,  0,  FALSE},
		{"opened",   FALSE, 0,  FALSE},
		{"assignee", FALSE, 6,  TRUE},
		{"team",     FALSE, 6,  TRUE},
		{"title",    FALSE, 20, FALSE},
		{NULL},
	};
	/* clang-format on */
	const char *state = cli_text(cli, "state");
	g_autoptr(GString) query = g_string_new(NULL);
	gboolean filtered = view_query_filter(cli, query);
	gboolean all = filtered ? !state : g_strcmp0(state, "all") == 0;
	const Listing listing = {"/v1/incidents", columns, add_row, "id",
	                         all ? "no incidents"
	                             : "no such incidents; --state all shows closed ones too"};
	client_query(query, "state", all ? NULL : state ? state : "open");
	/* clang-format off */
	static const struct {
		const char *option, *parameter;
	} filters[] = {
		{"sort",        "sort"},
		{"severity",    "severity_min"},
		{"disposition", "disposition"},
		{"kind",        "kind"},
		{"assignee",    "assignee"},
		{"team",        "team"},
		{"recipient",   "recipient"},
		{"reporter",    "reporter"},
		{"message-id",  "message_id"},
		{"title",       "q"},
	};
	/* clang-format on */
	for (guint i = 0; i < G_N_ELEMENTS(filters); i++)
		client_query(query, filters[i].parameter, cli_text(cli, filters[i].option));
	client_query(query, "mine", cli_flag(cli, "mine") ? "true" : NULL);
	if (!view_query_source(cli, query, error))
		return -1;
	return listing_run(cli, &listing, query->str, GINT_TO_POINTER(all), error);
}

/* Changes one incident by POST or PATCH and says so. @sentence with %s for "incident 17". */
static int change(Cli *cli, const char *method, const char *verb, json_t *take_body,
                  const char *sentence, GError **error)
{
	g_autoptr(json_t) body = take_body;
	gint64 id;
	Client *client;
	if (!cli_argument_id(cli, 0, &id, error) || !(client = cli_client(cli, error)))
		return -1;
	g_autofree char *path = incident_path(id, "");
	g_autofree char *at = incident_path(id, verb);
	g_autofree char *etag = NULL;
	if (strcmp(method, "PATCH") == 0) {
		g_autoptr(json_t) before = client_get_tagged(client, path, &etag, error);
		if (!before)
			return -1;
	}
	g_autoptr(json_t) after = client_change(client, method, at, body, etag, error);
	if (!after)
		return -1;
	return view_done(cli, after, "id",
	                 g_strdup_printf("incident %" G_GINT64_FORMAT " %s", id, sentence));
}

int cli_incident_close(Cli *cli, GError **error)
{
	json_t *body = json_object();
	json_object_set_new(body, "reason", json_text_new(cli_text(cli, "reason")));
	return change(cli, "POST", "/close", body, "is closed", error);
}

int cli_incident_reopen(Cli *cli, GError **error)
{
	json_t *body = json_object();
	if (cli_text(cli, "reason"))
		json_object_set_new(body, "reason", json_text_new(cli_text(cli, "reason")));
	return change(cli, "POST", "/reopen", body, "is open again", error);
}

static int change_hold(Cli *cli, const char *verb, const char *sentence, GError **error)
{
	json_t *body = json_object();
	json_object_set_new(body, "reason", json_text_new(cli_text(cli, "reason")));
	return change(cli, "POST", verb, body, sentence, error);
}

int cli_incident_hold(Cli *cli, GError **error)
{
	return change_hold(cli, "/hold", "is on hold: nothing of it is removed", error);
}

int cli_incident_release(Cli *cli, GError **error)
{
	return change_hold(cli, "/release", "is on hold no more", error);
}

int cli_incident_comment(Cli *cli, GError **error)
{
	gint64 id;
	Client *client;
	if (!cli_argument_id(cli, 0, &id, error) || !(client = cli_client(cli, error)))
		return -1;
	g_autofree char *path = incident_path(id, "/comments");
	g_autoptr(json_t) body = json_pack("{s:s}", "text", cli_text(cli, "text"));
	g_autoptr(json_t) made = client_change(client, "POST", path, body, NULL, error);
	if (!made)
		return -1;
	return view_done(cli, made, "id",
	                 g_strdup_printf("said about incident %" G_GINT64_FORMAT, id));
}

int cli_incident_set(Cli *cli, GError **error)
{
	/* clang-format off */
	static const struct {
		const char *option, *member;
	} members[] = {
		{"severity",        "severity"},
		{"disposition",     "disposition"},
		{"sub-disposition", "sub_disposition"},
		{"assignee",        "assignee"},
		{"team",            "team"},
	};
	/* clang-format on */
	json_t *body = json_object();
	for (guint i = 0; i < G_N_ELEMENTS(members); i++) {
		const char *value = cli_text(cli, members[i].option);
		if (value)
			json_object_set_new(body, members[i].member,
			                    *value ? json_text_new(value) : json_null());
	}
	if (json_object_size(body) == 0) {
		json_decref(body);
		g_set_error_literal(error, CLI_USAGE_ERROR, 0, "nothing to set");
		return -1;
	}
	return change(cli, "PATCH", "", body, "is changed", error);
}
