/* `trawl key`: who may use the API. A key is shown once, on standard output, so that it can go
 * straight into a file. */
#include "base/clock.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/local.h"
#include "cli/view.h"
#include "daemon/house.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define KEYS "/v1/api-keys"

static const char *state_word(const json_t *key)
{
	gint64 expires;
	if (json_text(key, "revoked_at"))
		return "revoked";
	if (clock_parse(json_text(key, "expires_at"), &expires) && expires <= clock_now())
		return "expired";
	return "active";
}

static void add_row(Table *table, const json_t *item, gpointer data)
{
	g_autofree char *scopes = view_join(json_at(item, "scopes"), " ");
	const char *state = state_word(item);
	view_add_int(table, item, "id");
	view_add_text(table, item, "name");
	table_add(table, view_style(state), state);
	table_add(table, STYLE_PLAIN, scopes);
	view_add_text(table, item, "prefix");
	view_add_when(table, item, "last_used_at");
	view_add_when(table, item, "expires_at");
	view_add_text(table, item, "created_by");
}

int cli_key_list(Cli *cli, GError **error)
{
	/* clang-format off */
	static const TableColumn columns[] = {
		{"id",        TRUE,  0,  FALSE},
		{"name",      FALSE, 10, FALSE},
		{"state",     FALSE, 0,  FALSE},
		{"scopes",    FALSE, 10, FALSE},
		{"prefix",    FALSE, 0,  TRUE},
		{"last used", FALSE, 0,  FALSE},
		{"expires",   FALSE, 0,  TRUE},
		{"made by",   FALSE, 8,  TRUE},
		{NULL},
	};
	/* clang-format on */
	static const Listing listing = {KEYS, columns, add_row, "name", "no API keys"};
	return listing_run(cli, &listing, NULL, NULL, error);
}

int cli_key_add(Cli *cli, GError **error)
{
	const char *name = cli_argument(cli, 0);
	const GPtrArray *scopes = cli_texts(cli, "scope");
	g_autoptr(json_t) body = json_pack("{s:s, s:[]}", "name", name, "scopes");
	for (guint i = 0; i < scopes->len; i++)
		json_array_append_new(json_at(body, "scopes"), json_string(scopes->pdata[i]));
	if (cli_text(cli, "days"))
		json_object_set_new(
			body, "expires_at",
			json_time_new(clock_now() + cli_number(cli, "days", 0) * CLOCK_DAY));
	if (cli_text(cli, "owner"))
		json_object_set_new(body, "owner", json_text_new(cli_text(cli, "owner")));
	if (cli_text(cli, "sight"))
		json_object_set_new(body, "sight", json_text_new(cli_text(cli, "sight")));
	Client *client = cli_client(cli, error);
	g_autoptr(json_t) key =
		client ? client_change(client, "POST", KEYS, body, NULL, error) : NULL;
	if (!key)
		return -1;
	if (cli->json) {
		cli_print_json(cli, key);
		return EX_OK;
	}
	const char *text = json_text(key, "key");
	if (!text) {
		g_set_error(
			error, TRAWL_ERROR, TRAWL_ERROR_UNKNOWN_OUTCOME,
			"the key \"%s\" was made, but the answer that shows it was lost; revoke "
			"it and make another",
			name);
		return -1;
	}
	if (!cli->quiet && cli->err.width)
		fprintf(stderr, "This is the only time the key is shown. Keep it in "
		                "~/.config/trawl/key (mode 0600) or in $TRAWL_API_KEY.\n");
	puts(text);
	return EX_OK;
}

/* A revoked key keeps its name; what is meant is the one that works. */
static json_t *find_active(Client *client, const char *name, GError **error)
{
	g_autoptr(json_t) all = listing_fetch(client, KEYS, G_MAXINT64, NULL, error);
	g_autoptr(json_t) active = json_array();
	size_t i;
	json_t *key;
	if (!all)
		return NULL;
	json_array_foreach (all, i, key) {
		if (!json_text(key, "revoked_at"))
			json_array_append(active, key);
	}
	return view_pick(active, "key", name, error);
}

int cli_key_revoke(Cli *cli, GError **error)
{
	const char *name = cli_argument(cli, 0);
	Client *client = cli_client(cli, error);
	g_autoptr(json_t) key = client ? find_active(client, name, error) : NULL;
	if (!key)
		return -1;
	g_autofree char *path = g_strdup_printf(KEYS "/%" G_GINT64_FORMAT, json_int(key, "id", 0));
	g_autoptr(json_t) gone = client_change(client, "DELETE", path, NULL, NULL, error);
	if (!gone)
		return -1;
	return view_done(cli, gone, NULL,
	                 g_strdup_printf("key \"%s\" is revoked", json_text(key, "name")));
}

/* Whoever may write the store may do everything anyhow, so this asks for no key. */
int cli_key_recover(Cli *cli, GError **error)
{
	g_autofree char *data_dir = local_data_dir(cli);
	g_autofree char *path = house_path(data_dir, "admin.key");
	g_autoptr(DbPool) db = local_open(cli, error);
	if (!db || !house_recover_key(db, data_dir, error))
		return -1;
	g_autoptr(json_t) document = json_pack("{s:s}", "path", path);
	return view_done(
		cli, document, "path",
		g_strdup_printf("an administrator's key is in %s; \"trawl key list\" shows "
	                        "which others are to be revoked",
	                        path));
}
