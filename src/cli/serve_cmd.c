/* `trawl serve`: the options of the daemon, from the command line over those of a file.
 *
 * The file is read again on SIGHUP. What is on the command line stays, and so does the data
 * directory: it is locked. */
#include "base/error.h"
#include "cli/commands.h"
#include "cli/local.h"
#include "daemon/daemon.h"
#include "mail/findings/limits.h"
#include "net/resolver.h"

#include <string.h>

#define GROUP            "serve"
#define DEFAULT_LISTEN   "127.0.0.1:8460"
#define DEFAULT_RESOLVER "system"
#define MOST_THREADS     256

static const char *const keys[] = {"data",   "database", "listen",          "hosts",   "threads",
                                   "limits", "resolver", "raw-in-database", "verbose", NULL};

/* A misspelt key would silently mean the default. */
static gboolean check_keys(GKeyFile *file, const char *path, GError **error)
{
	g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
	for (char **group = groups; *group; group++)
		if (strcmp(*group, GROUP) != 0) {
			g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
			            "%s: there is no section [%s], only [" GROUP "]", path, *group);
			return FALSE;
		}
	g_auto(GStrv) names = g_key_file_get_keys(file, GROUP, NULL, NULL);
	for (char **name = names; name && *name; name++)
		if (!g_strv_contains(keys, *name)) {
			g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
			            "%s: there is no key \"%s\"", path, *name);
			return FALSE;
		}
	return TRUE;
}

static GKeyFile *read_config(const char *path, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) problem = NULL;
	if (!path)
		return g_steal_pointer(&file);
	if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &problem)) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID, "%s: %s", path,
		            problem->message);
		return NULL;
	}
	return check_keys(file, path, error) ? g_steal_pointer(&file) : NULL;
}

/* The command line's value, else the file's. Interned: roles that run with an old one may still
 * read it after a reload. */
static const char *pick(const Cli *cli, GKeyFile *file, const char *name, const char *otherwise)
{
	const char *said = cli_text(cli, name);
	g_autofree char *written = said ? NULL : g_key_file_get_string(file, GROUP, name, NULL);
	if (said)
		return said;
	return written && *g_strstrip(written) ? g_intern_string(written) : otherwise;
}

static gboolean pick_flag(const Cli *cli, GKeyFile *file, const char *name)
{
	return cli_flag(cli, name) || g_key_file_get_boolean(file, GROUP, name, NULL);
}

/* Enough to keep several mail servers busy at once: a job mostly waits for one, whatever the number
 * of processors. They are made when they are needed. */
#define DEFAULT_THREADS 16

static gboolean pick_threads(const Cli *cli, GKeyFile *file, guint *threads, GError **error)
{
	guint64 number = DEFAULT_THREADS;
	const char *written = pick(cli, file, "threads", NULL);
	if (written && !g_ascii_string_to_unsigned(written, 10, 1, MOST_THREADS, &number, NULL)) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		            "threads is a number from 1 to %d, not \"%s\"", MOST_THREADS, written);
		return FALSE;
	}
	*threads = (guint)number;
	return TRUE;
}

/* Checked here, so that a wrong one is said at the start and not at the first message. */
static gboolean pick_limits(const Cli *cli, GKeyFile *file, const char **limits, GError **error)
{
	g_autoptr(json_t) set = json_object();
	*limits = pick(cli, file, "limits", NULL);
	return !*limits || mail_limits_parse(set, *limits, error);
}

/* Said at the start, not by a worker that does not come up. */
static gboolean check_resolver(const char *servers, GError **error)
{
	if (strcmp(servers, "off") == 0)
		return TRUE;
	g_autoptr(Resolver) resolver = resolver_new(servers, error);
	return resolver != NULL;
}

static gboolean read_options(ServeOptions *options, gpointer data, GError **error)
{
	const Cli *cli = data;
	g_autoptr(GKeyFile) file = read_config(cli_text(cli, "config"), error);
	guint threads;
	const char *limits;
	if (!file || !pick_threads(cli, file, &threads, error) ||
	    !pick_limits(cli, file, &limits, error))
		return FALSE;
	options->threads = threads;
	options->limits = limits;
	options->database = pick(cli, file, "database", NULL);
	options->listen = pick(cli, file, "listen", DEFAULT_LISTEN);
	options->hosts = pick(cli, file, "hosts", NULL);
	options->resolver = pick(cli, file, "resolver", DEFAULT_RESOLVER);
	if (!check_resolver(options->resolver, error))
		return FALSE;
	options->raw_in_database = pick_flag(cli, file, "raw-in-database");
	options->verbose = pick_flag(cli, file, "verbose");
	if (options->data_dir)
		return TRUE;
	const char *configured = pick(cli, file, "data", NULL);
	options->data_dir =
		configured ? g_canonicalize_filename(configured, NULL) : local_data_dir(cli);
	return TRUE;
}

int cli_serve(Cli *cli, GError **error)
{
	ServeOptions options = {0};
	if (!read_options(&options, cli, error))
		return -1;
	return daemon_serve(&options, read_options, cli);
}
