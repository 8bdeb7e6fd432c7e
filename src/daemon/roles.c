/* The roles. Each runs in a process of its own, gives up what it does not need (sandbox.c), and
 * ends by SIGTERM.
 *
 * The supervisor forks them, so nothing in here may rely on threads or connections made before. */
#include "daemon/roles.h"

#include "api/api.h"
#include "auth/secret.h"
#include "auth/setup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "daemon/figures.h"
#include "daemon/house.h"
#include "daemon/indexing.h"
#include "daemon/kinds.h"
#include "daemon/needs.h"
#include "daemon/retention.h"
#include "daemon/sandbox.h"
#include "daemon/states.h"
#include "mail/findings/limits.h"
#include "pipeline/watch.h"
#include "reader/reader.h"
#include "store/setting.h"
#include "web/web.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define NODE_HEARTBEAT_SECONDS 30
#define STOP_SECONDS           8.0 /* of the 10 s a stop may take */

static int fail(GError *error)
{
	g_warning("cannot start: %s", error->message);
	int status = error_remedy(error)->exit_status;
	g_error_free(error);
	return status;
}

/* --- the row that says this process is alive ----------------------------------------------------
 */

static gboolean save_node(Db *db, gpointer data, GError **error)
{
	NodeRow *row = data;
	row->seen_at = clock_now();
	return node_save(db, row, error);
}

static gboolean remove_node(Db *db, gpointer data, GError **error)
{
	return node_delete(db, ((NodeRow *)data)->id, error);
}

static NodeRow *node_new(const char *role, const char *data_dir)
{
	NodeRow *row = g_new0(NodeRow, 1);
	g_autofree char *house = g_compute_checksum_for_string(G_CHECKSUM_SHA256, data_dir, -1);
	row->role = g_strdup(role);
	row->host = g_strdup(g_get_host_name());
	/* Up to the last slash it names the place, so that a restart recognises its predecessor's
	 * leases. */
	row->id = g_strdup_printf("%s/%.8s/%s/%d", row->host, house, role, (int)getpid());
	row->detail = g_strdup_printf("{\"version\":\"%s\"}", TRAWL_VERSION);
	row->started_at = clock_now();
	return row;
}

/* Says that this process is alive until SIGTERM comes. */
static void live(DbPool *db, NodeRow *node)
{
	sigset_t stop;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	int received = 0;
	while (received != SIGTERM) {
		g_autoptr(GError) error = NULL;
		if (!db_write(db, save_node, node, &error))
			g_warning("cannot say that this node is alive: %s", error->message);
		received = sigtimedwait(&stop, NULL,
		                        &(struct timespec){.tv_sec = NODE_HEARTBEAT_SECONDS});
	}
	db_write(db, remove_node, node, NULL);
}

/* --- web -----------------------------------------------------------------------------------------
 */

static char *address_of(const ServeOptions *options, guint16 port)
{
	const char *colon = strrchr(options->listen, ':');
	int length = colon ? (int)(colon - options->listen) : (int)strlen(options->listen);
	return g_strdup_printf("http://%.*s:%u", length, options->listen, port);
}

/* Where the web role can be reached, for the command line on this machine. */
static gboolean write_address(const ServeOptions *options, guint16 port, GError **error)
{
	g_autofree char *url = address_of(options, port);
	g_autofree char *line = g_strconcat(url, "\n", NULL);
	g_autofree char *path = house_path(options->data_dir, "run/address");
	g_message("listening at %s", url);
	return g_file_set_contents(path, line, -1, error);
}

static gboolean make_setup_token(Db *db, gpointer data, GError **error)
{
	char **token = data;
	g_clear_pointer(token, g_free);
	*token = setup_token_make(db, clock_now(), error);
	return *token != NULL;
}

/* While there is no user, each start says how to make the first one. */
static void print_setup_link(DbPool *db, const ServeOptions *options, guint16 port)
{
	g_autoptr(GError) problem = NULL;
	g_autofree char *token = NULL, *url = address_of(options, port);
	if (db_write(db, make_setup_token, &token, &problem))
		g_message("set up the console within a day: %s/setup?token=%s", url, token);
	else if (!g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_CONFLICT))
		g_warning("no set-up link: %s", problem->message);
}

/* Those of --limits, for whoever asks a reader. */
static json_t *read_limits(const ServeOptions *options, GError **error)
{
	g_autoptr(json_t) limits = json_object();
	if (options->limits && !mail_limits_parse(limits, options->limits, error))
		return NULL;
	return g_steal_pointer(&limits);
}

static int web_main(const ServeOptions *options)
{
	GError *error = NULL;
	g_autofree char *uri = house_database_uri(options->data_dir, options->database);
	g_autofree char *raw_dir = house_path(options->data_dir, "raw");
	g_auto(GStrv) hosts = g_strsplit_set(options->hosts ? options->hosts : "", ", ", -1);
	ApiConfig config = {.listen = options->listen,
	                    .hosts = (const char *const *)hosts,
	                    .kinds = daemon_kinds,
	                    .pages = web_pages(),
	                    .data_dir = options->data_dir};
	/* The raw store makes its directories, which the sandbox forbids; it has no threads yet. */
	g_autoptr(RawStore) raw = raw_store_new(options->raw_in_database ? NULL : raw_dir, &error);
	if (!raw || !secret_load_public(options->data_dir, config.public_key, &error) ||
	    !secret_load_totp(options->data_dir, config.totp_key, &error) ||
	    !sandbox_web(options, &error))
		return fail(error);
	g_autoptr(DbPool) db = db_pool_open(uri, &error);
	if (!db)
		return fail(error);
	config.db = db;
	config.raw = raw;
	g_autofree char *socket = house_path(options->data_dir, "run/reader.sock");
	g_autoptr(ReaderPool) readers = reader_pool_new(socket, LIMIT_LOOKS_INSIDE);
	config.readers = readers;
	g_autoptr(json_t) limits = read_limits(options, &error);
	if (!limits)
		return fail(error);
	config.limits = limits;
	Api *api = api_start(&config, &error);
	if (!api || !write_address(options, api_port(api), &error))
		return fail(error);
	print_setup_link(db, options, api_port(api));
	g_autoptr(NodeRow) node = node_new("web", options->data_dir);
	live(db, node);
	api_stop(api);
	return EX_OK;
}

/* --- worker --------------------------------------------------------------------------------------
 */

typedef struct {
	guint8 public_key[32], private_key[32];
} Keys;

static json_t *open_secret(GBytes *sealed, gpointer data, GError **error)
{
	const Keys *keys = data;
	return secret_open(keys->public_key, keys->private_key, sealed, error);
}

static int worker_main(const ServeOptions *options)
{
	GError *error = NULL;
	static Keys keys;
	sodium_mlock(&keys, sizeof keys);
	if (!secret_load_public(options->data_dir, keys.public_key, &error) ||
	    !secret_load_private(options->data_dir, keys.private_key, &error) ||
	    !sandbox_worker(&error))
		return fail(error);
	g_autofree char *uri = house_database_uri(options->data_dir, options->database);
	g_autofree char *raw_dir = house_path(options->data_dir, "raw");
	g_autofree char *socket = house_path(options->data_dir, "run/reader.sock");
	g_autoptr(DbPool) db = db_pool_open(uri, &error);
	g_autoptr(RawStore) raw =
		db ? raw_store_new(options->raw_in_database ? NULL : raw_dir, &error) : NULL;
	if (!raw)
		return fail(error);
	gboolean asks = strcmp(options->resolver, "off") != 0;
	g_autoptr(Resolver) resolver = asks ? resolver_new(options->resolver, &error) : NULL;
	if (asks && !resolver)
		return fail(error);
	g_autoptr(ReaderPool) readers = reader_pool_new(socket, (guint)g_get_num_processors() + 1);
	g_autoptr(MailServers) servers = mail_servers_new(daemon_kinds, open_secret, &keys);
	g_autoptr(NodeRow) node = node_new("worker", options->data_dir);
	g_autoptr(json_t) limits = read_limits(options, &error);
	if (!limits)
		return fail(error);
	JobTools tools = {.db = db,
	                  .raw = raw,
	                  .readers = readers,
	                  .servers = servers,
	                  .limits = limits,
	                  .resolver = resolver,
	                  .data_dir = options->data_dir,
	                  .node = node->id,
	                  .public_key = keys.public_key,
	                  .private_key = keys.private_key};
	JobRunner *runner = job_runner_new(&tools, daemon_jobs, options->threads);
	job_runner_start(runner, options->doorbell);
	SourceWatch *watch = source_watch_start(&tools);
	ServerStates *states = server_states_start(&tools);
	Keeper *needs = keeper_start(&need_keeping, db);
	Keeper *retention = keeper_start(&retention_keeping, db);
	IndexingLook indexed = {.db = db};
	Keeper *indexing = keeper_start(&indexing_keeping, &indexed);
	FiguresLook counted = {.db = db, .seen = -1};
	Keeper *figures = keeper_start(&figures_keeping, &counted);
	live(db, node);
	keeper_stop(figures);
	keeper_stop(indexing);
	keeper_stop(retention);
	keeper_stop(needs);
	server_states_stop(states);
	gboolean ended = source_watch_stop(watch);
	if (!job_runner_stop(runner, STOP_SECONDS))
		_exit(EX_OK); /* what still runs uses all of this */
	job_runner_free(runner);
	if (!ended) {
		/* Threads still wait on mail servers, and on nothing else of ours. */
		g_clear_pointer(&db, db_pool_close);
		_exit(EX_OK);
	}
	return EX_OK;
}

/* --- reader --------------------------------------------------------------------------------------
 */

static int reader_main(const ServeOptions *options)
{
	g_autofree char *socket = house_path(options->data_dir, "run/reader.sock");
	return reader_serve(socket);
}

const Role daemon_roles[] = {
	{"reader", reader_main, "pipes and memory"},
	{"worker", worker_main, "mail servers, the database, the secret key"},
	{"web", web_main, "its port, the database, the reader"},
	{NULL, NULL, NULL},
};
