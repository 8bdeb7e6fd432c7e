/* `trawl user`, `trawl role` and `trawl session`: people who log in to the console. A passphrase is
 * asked for, or comes from a file or standard input, never from the command line. */
#include "auth/setup.h"
#include "base/clock.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/local.h"
#include "cli/prompt.h"
#include "cli/view.h"
#include "daemon/house.h"

#include <string.h>
#include <sysexits.h>

#define USERS    "/v1/users"
#define ROLES    "/v1/roles"
#define SESSIONS "/v1/sessions"

static const char *state_word(const json_t *user)
{
	if (!json_bool(user, "enabled", FALSE))
		return "disabled";
	return json_text(user, "locked_until") ? "locked" : "active";
}

static void add_user_row(Table *table, const json_t *item, gpointer data)
{
	const char *state = state_word(item);
	view_add_int(table, item, "id");
	view_add_text(table, item, "name");
	view_add_text(table, item, "display_name");
	view_add_text(table, item, "role");
	view_add_text(table, item, "sight");
	table_add(table, view_style(state), state);
	table_add(table, STYLE_PLAIN, json_bool(item, "totp", FALSE) ? "yes" : "no");
	view_add_when(table, item, "last_login_at");
	view_add_text(table, item, "email");
}

int cli_user_list(Cli *cli, GError **error)
{
	/* clang-format off */
	static const TableColumn columns[] = {
		{"id",        TRUE,  0,  FALSE},
		{"name",      FALSE, 10, FALSE},
		{"called",    FALSE, 10, TRUE},
		{"role",      FALSE, 8,  FALSE},
		{"sees",      FALSE, 0,  TRUE},
		{"state",     FALSE, 0,  FALSE},
		{"codes",     FALSE, 0,  TRUE},
		{"last here", FALSE, 0,  FALSE},
		{"address",   FALSE, 10, TRUE},
		{NULL},
	};
	/* clang-format on */
	static const Listing listing = {USERS, columns, add_user_row, "name", "no users"};
	return listing_run(cli, &listing, NULL, NULL, error);
}

/* The passphrase of --password, or asked for; NULL with an error. */
static char *read_passphrase(const char *given, GError **error)
{
	g_autofree char *name = NULL;
	g_autofree char *asked =
		given ? g_strconcat("passphrase=", given, NULL) : g_strdup("passphrase");
	return prompt_secret(asked, &name, error);
}

/* Adds the passphrase to @body and forgets the copy. */
static gboolean take_passphrase(json_t *body, const char *given, GError **error)
{
	char *passphrase = read_passphrase(given, error);
	if (!passphrase)
		return FALSE;
	json_object_set_new(body, "password", json_string(passphrase));
	prompt_forget(passphrase);
	return TRUE;
}

static void take_texts(const Cli *cli, json_t *body)
{
	static const struct {
		const char *option, *member;
	} texts[] = {{"role", "role"},
	             {"display-name", "display_name"},
	             {"email", "email"},
	             {"sight", "sight"}};
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		const char *text = cli_text(cli, texts[i].option);
		if (text)
			json_object_set_new(body, texts[i].member,
			                    *text ? json_string(text) : json_null());
	}
}

int cli_user_add(Cli *cli, GError **error)
{
	g_autoptr(json_t) body = json_pack("{s:s}", "name", cli_argument(cli, 0));
	take_texts(cli, body);
	if (!cli_flag(cli, "no-password") &&
	    !take_passphrase(body, cli_text(cli, "password"), error))
		return -1;
	Client *client = cli_client(cli, error);
	g_autoptr(json_t) user =
		client ? client_change(client, "POST", USERS, body, NULL, error) : NULL;
	if (!user)
		return -1;
	return view_done(cli, user, "name",
	                 g_strdup_printf("user \"%s\" is made", json_text(user, "name")));
}

static json_t *find_user(Cli *cli, GError **error)
{
	Client *client = cli_client(cli, error);
	return client ? view_find(client, USERS, "user", cli_argument(cli, 0), error) : NULL;
}

static char *user_path(const json_t *user, const char *rest)
{
	return g_strdup_printf(USERS "/%" G_GINT64_FORMAT "%s", json_int(user, "id", 0), rest);
}

/* Asks for one change of @user and says that it was made. */
static int change(Cli *cli, const json_t *user, const char *method, const char *rest,
                  const json_t *body, const char *sentence, GError **error)
{
	g_autofree char *path = user_path(user, rest);
	g_autoptr(json_t) done = client_change(cli->client, method, path, body, NULL, error);
	if (!done)
		return -1;
	return view_done(cli, done, "name",
	                 g_strdup_printf("user \"%s\" %s", json_text(user, "name"), sentence));
}

int cli_user_set(Cli *cli, GError **error)
{
	g_autoptr(json_t) body = json_object();
	gboolean on = cli_flag(cli, "enable"), off = cli_flag(cli, "disable");
	take_texts(cli, body);
	if (on || off)
		json_object_set_new(body, "enabled", json_boolean(on));
	if (json_object_size(body) == 0 || (on && off)) {
		g_set_error_literal(error, CLI_USAGE_ERROR, 0,
		                    on ? "--enable and --disable exclude each other"
		                       : "nothing to set");
		return -1;
	}
	g_autoptr(json_t) user = find_user(cli, error);
	return user ? change(cli, user, "PATCH", "", body, "is changed", error) : -1;
}

int cli_user_passwd(Cli *cli, GError **error)
{
	g_autoptr(json_t) body = json_object();
	g_autoptr(json_t) user = find_user(cli, error);
	if (!user || !take_passphrase(body, cli_text(cli, "password"), error))
		return -1;
	return change(cli, user, "POST", "/password", body,
	              "has another passphrase, and is logged out everywhere", error);
}

int cli_user_unlock(Cli *cli, GError **error)
{
	g_autoptr(json_t) user = find_user(cli, error);
	return user ? change(cli, user, "POST", "/unlock", NULL, "may try again", error) : -1;
}

int cli_user_no_codes(Cli *cli, GError **error)
{
	g_autoptr(json_t) user = find_user(cli, error);
	return user ? change(cli, user, "DELETE", "/totp", NULL, "logs in without codes", error)
	            : -1;
}

int cli_user_delete(Cli *cli, GError **error)
{
	g_autoptr(json_t) user = find_user(cli, error);
	return user ? change(cli, user, "DELETE", "", NULL,
	                     "is deleted; what they did keeps their name", error)
	            : -1;
}

/* --- the first administrator ------------------------------------------------------------------ */

static gboolean make_token(Db *db, gpointer data, GError **error)
{
	char **token = data;
	g_clear_pointer(token, g_free);
	*token = setup_token_make(db, clock_now(), error);
	return *token != NULL;
}

/* Where the daemon of this data directory listens, or did when it ran last; newly allocated. */
static char *find_address(const Cli *cli)
{
	char *url = NULL;
	g_autofree char *data_dir = local_data_dir(cli);
	g_autofree char *path = house_path(data_dir, "run/address");
	if (!g_file_get_contents(path, &url, NULL, NULL))
		return g_strdup("http://127.0.0.1:8460");
	return g_strstrip(url);
}

/* Whoever may write the store may do everything anyhow, so this asks for no key. */
int cli_user_setup_link(Cli *cli, GError **error)
{
	g_autofree char *token = NULL;
	g_autoptr(DbPool) db = local_open(cli, error);
	if (!db || !db_write(db, make_token, &token, error))
		return -1;
	g_autofree char *url = find_address(cli);
	g_autofree char *link = g_strdup_printf("%s/setup?token=%s", url, token);
	g_autoptr(json_t) document = json_pack("{s:s}", "link", link);
	return view_done(cli, document, "link", g_strdup(link));
}

/* --- roles ------------------------------------------------------------------------------------ */

static void add_role_row(Table *table, const json_t *item, gpointer data)
{
	g_autofree char *permissions = view_join(json_at(item, "permissions"), " ");
	view_add_int(table, item, "id");
	view_add_text(table, item, "name");
	table_add(table, STYLE_PLAIN, permissions);
	view_add_text(table, item, "description");
}

int cli_role_list(Cli *cli, GError **error)
{
	/* clang-format off */
	static const TableColumn columns[] = {
		{"id",          TRUE,  0,  FALSE},
		{"name",        FALSE, 10, FALSE},
		{"permissions", FALSE, 10, FALSE},
		{"description", FALSE, 10, TRUE},
		{NULL},
	};
	/* clang-format on */
	static const Listing listing = {ROLES, columns, add_role_row, "name", "no roles"};
	return listing_run(cli, &listing, NULL, NULL, error);
}

/* --- sessions --------------------------------------------------------------------------------- */

static void add_session_row(Table *table, const json_t *item, gpointer data)
{
	view_add_int(table, item, "id");
	view_add_text(table, item, "user");
	view_add_when(table, item, "created_at");
	view_add_when(table, item, "seen_at");
	view_add_text(table, item, "address");
	view_add_text(table, item, "agent");
}

int cli_session_list(Cli *cli, GError **error)
{
	/* clang-format off */
	static const TableColumn columns[] = {
		{"id",      TRUE,  0,  FALSE},
		{"user",    FALSE, 10, FALSE},
		{"since",   FALSE, 0,  FALSE},
		{"seen",    FALSE, 0,  FALSE},
		{"address", FALSE, 0,  FALSE},
		{"browser", FALSE, 10, TRUE},
		{NULL},
	};
	/* clang-format on */
	static const Listing listing = {SESSIONS, columns, add_session_row, "id", "no sessions"};
	g_autoptr(GString) query = g_string_new("?");
	const char *name = cli_text(cli, "user");
	Client *client = cli_client(cli, error);
	if (!client)
		return -1;
	if (name) {
		g_autoptr(json_t) user = view_find(client, USERS, "user", name, error);
		if (!user)
			return -1;
		g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, json_int(user, "id", 0));
		client_query(query, "user_id", id);
	}
	return listing_run(cli, &listing, name ? query->str : NULL, NULL, error);
}

int cli_session_end(Cli *cli, GError **error)
{
	gint64 id;
	Client *client;
	if (!cli_argument_id(cli, 0, &id, error) || !(client = cli_client(cli, error)))
		return -1;
	g_autofree char *path = g_strdup_printf(SESSIONS "/%" G_GINT64_FORMAT, id);
	g_autoptr(json_t) gone = client_change(client, "DELETE", path, NULL, NULL, error);
	if (!gone)
		return -1;
	return view_done(cli, gone, NULL,
	                 g_strdup_printf("session %" G_GINT64_FORMAT " is ended", id));
}
