/* `trawl team`: who sees what came from which sources, and works on it together. */
#include "cli/commands.h"
#include "cli/view.h"

#include <sysexits.h>

#define TEAMS "/v1/teams"

/* What a team consists of: the option that names one, where names are looked up, the members of the
 * team's document. */
static const struct {
	const char *option, *without, *path, *what, *ids, *list;
} parts[] = {
	{"member", "no-member", "/v1/people", "user", "member_ids", "members"},
	{"source", "no-source", "/v1/sources", "source", "source_ids", "sources"},
	{"key", "no-key", "/v1/api-keys", "key", "key_ids", "keys"},
};

static char *names_of(const json_t *team, const char *list)
{
	g_autoptr(json_t) names = json_array();
	size_t i;
	json_t *part;
	json_array_foreach (json_object_get(team, list), i, part)
		json_array_append(names, json_object_get(part, "name"));
	return view_join(names, ", ");
}

static void add_row(Table *table, const json_t *item, gpointer data)
{
	view_add_int(table, item, "id");
	view_add_text(table, item, "name");
	for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
		g_autofree char *names = names_of(item, parts[i].list);
		table_add(table, STYLE_PLAIN, names);
	}
	view_add_text(table, item, "description");
}

int cli_team_list(Cli *cli, GError **error)
{
	/* clang-format off */
	static const TableColumn columns[] = {
		{"id",          TRUE,  0,  FALSE},
		{"name",        FALSE, 10, FALSE},
		{"members",     FALSE, 10, FALSE},
		{"sources",     FALSE, 10, FALSE},
		{"keys",        FALSE, 6,  TRUE},
		{"description", FALSE, 10, TRUE},
		{NULL},
	};
	/* clang-format on */
	static const Listing listing = {TEAMS, columns, add_row, "name", "no teams"};
	return listing_run(cli, &listing, NULL, NULL, error);
}

static json_t *find_team(Cli *cli, GError **error)
{
	Client *client = cli_client(cli, error);
	return client ? view_find(client, TEAMS, "team", cli_argument(cli, 0), error) : NULL;
}

static void add_fields(Fields *fields, const json_t *team)
{
	view_field_text(fields, "team", team, "name");
	view_field_text(fields, "description", team, "description");
	for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
		g_autofree char *names = names_of(team, parts[i].list);
		fields_add(fields, parts[i].list, STYLE_PLAIN, names);
	}
	view_field_when(fields, "made", team, "created_at");
}

int cli_team_show(Cli *cli, GError **error)
{
	g_autoptr(json_t) team = find_team(cli, error);
	return team ? view_page(cli, team, "name", add_fields) : -1;
}

static gssize find_number(const json_t *ids, gint64 id)
{
	for (gsize i = 0; i < json_array_size(ids); i++)
		if (json_integer_value(json_array_get(ids, i)) == id)
			return (gssize)i;
	return -1;
}

/* Adds the numbers of those whom an option names to @ids, or takes them out. */
static gboolean apply_option(Cli *cli, guint part, gboolean out, json_t *ids, GError **error)
{
	const GPtrArray *names = cli_texts(cli, out ? parts[part].without : parts[part].option);
	for (guint i = 0; i < names->len; i++) {
		g_autoptr(json_t) found = view_find(cli->client, parts[part].path, parts[part].what,
		                                    names->pdata[i], error);
		if (!found)
			return FALSE;
		gint64 id = json_int(found, "id", 0);
		gssize at = find_number(ids, id);
		if (out && at >= 0)
			json_array_remove(ids, (gsize)at);
		else if (!out && at < 0)
			json_array_append_new(ids, json_integer(id));
	}
	return TRUE;
}

/* What the options say, as the body of a request; @team NULL: a new one. */
static json_t *body_of(Cli *cli, const json_t *team, GError **error)
{
	g_autoptr(json_t) body = json_object();
	if (cli_text(cli, "description"))
		json_object_set_new(body, "description",
		                    json_text_new(cli_text(cli, "description")));
	for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
		g_autoptr(json_t) ids =
			team ? json_copy(json_object_get(team, parts[i].ids)) : json_array();
		if (!apply_option(cli, i, FALSE, ids, error) ||
		    (team && !apply_option(cli, i, TRUE, ids, error)))
			return NULL;
		if (!team || !json_equal(ids, json_object_get(team, parts[i].ids)))
			json_object_set(body, parts[i].ids, ids);
	}
	return g_steal_pointer(&body);
}

int cli_team_add(Cli *cli, GError **error)
{
	Client *client = cli_client(cli, error);
	g_autoptr(json_t) body = client ? body_of(cli, NULL, error) : NULL;
	if (!body)
		return -1;
	json_object_set_new(body, "name", json_text_new(cli_argument(cli, 0)));
	g_autoptr(json_t) team = client_change(client, "POST", TEAMS, body, NULL, error);
	if (!team)
		return -1;
	return view_done(cli, team, "name",
	                 g_strdup_printf("team \"%s\" is made", json_text(team, "name")));
}

int cli_team_set(Cli *cli, GError **error)
{
	g_autoptr(json_t) team = find_team(cli, error);
	g_autoptr(json_t) body = team ? body_of(cli, team, error) : NULL;
	if (!body)
		return -1;
	if (cli_text(cli, "name"))
		json_object_set_new(body, "name", json_text_new(cli_text(cli, "name")));
	g_autofree char *path =
		g_strdup_printf(TEAMS "/%" G_GINT64_FORMAT, json_int(team, "id", 0));
	g_autofree char *etag =
		g_strdup_printf("\"%" G_GINT64_FORMAT "\"", json_int(team, "revision", 0));
	g_autoptr(json_t) after = client_change(cli->client, "PATCH", path, body, etag, error);
	if (!after)
		return -1;
	return view_done(cli, after, "name",
	                 g_strdup_printf("team \"%s\" is changed", json_text(after, "name")));
}

int cli_team_delete(Cli *cli, GError **error)
{
	g_autoptr(json_t) team = find_team(cli, error);
	if (!team)
		return -1;
	g_autofree char *path =
		g_strdup_printf(TEAMS "/%" G_GINT64_FORMAT, json_int(team, "id", 0));
	g_autoptr(json_t) gone = client_change(cli->client, "DELETE", path, NULL, NULL, error);
	if (!gone)
		return -1;
	return view_done(cli, gone, NULL,
	                 g_strdup_printf("team \"%s\" is deleted", json_text(team, "name")));
}
