/* `trawl breakdown`: what is in a message, without a daemon.
 *
 * Messages are read in sandboxed processes, so one that kills its reader is one line on stderr and
 * the rest go on. One file has a reader of its own; many share the readers of a role like the
 * daemon's, several at once, and are printed in the order in which they were named, each as soon as
 * those before it are. What is printed for people has no control characters left in it. */
#include "cli/breakdown.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/breakdown_page.h"
#include "mail/findings/limits.h"
#include "net/resolver.h"
#include "pipeline/keys.h"
#include "reader/reader.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define MOST_JOBS  64
#define AHEAD      4 /* files a job that may be done before they can be printed */
#define BUSY_HOURS 24.0

/* A file on its way. */
typedef struct {
	char *path;
	json_t *document;
	char *problem;
	gboolean done;
} File;

typedef struct {
	gboolean pretty, text, recursive, sandboxed;
	int jobs;
	char **trusted_hosts, **accepted_relays, **limits, **keys;
	char *resolver_text;
	Resolver *resolver; /* NULL: nothing is asked of the DNS */
	json_t *options;
	Terminal terminal;
	int failures;

	/* Several at once: the readers' role, and who asks it. */
	char *directory, *socket;
	pid_t role;
	ReaderPool *readers;
	GThreadPool *askers;
	GQueue files; /* File, in the order of printing */
	GMutex lock;
	GCond done;
} Breakdown;

/* ---- out ---- */

static void complain(Breakdown *run, const char *file, const char *problem)
{
	g_autofree char *safe = text_for_terminal(file);
	fflush(stdout);
	fprintf(stderr, "trawl: %s: %s\n", safe, problem);
	run->failures++;
}

static void print(const Breakdown *run, const char *file, json_t *read)
{
	g_autoptr(json_t) document = json_object();
	json_object_set(document, "schema", json_object_get(read, "schema"));
	json_object_set_new(document, "file", json_text_new(file));
	json_object_update_missing(document, read);
	if (run->text) {
		g_autofree char *page = breakdown_page(document, &run->terminal);
		puts(page);
	} else {
		json_dumpf(document, stdout, run->pretty ? JSON_INDENT(2) : JSON_COMPACT);
		fputc('\n', stdout);
	}
	fflush(stdout);
}

static void show(Breakdown *run, const File *file)
{
	if (file->document)
		print(run, file->path, file->document);
	else
		complain(run, file->path, file->problem);
}

/* ---- one file ---- */

static void file_free(File *file)
{
	g_free(file->path);
	json_decref(file->document);
	g_free(file->problem);
	g_free(file);
}

static GBytes *read_stdin(void)
{
	GByteArray *all = g_byte_array_new();
	guint8 buffer[65536];
	for (gssize got; (got = read(STDIN_FILENO, buffer, sizeof buffer)) != 0;) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || all->len > (guint)LIMIT_MESSAGE_SIZE)
			break;
		g_byte_array_append(all, buffer, (guint)got);
	}
	return g_byte_array_free_to_bytes(all);
}

static GBytes *load(const char *path, GError **error)
{
	char *octets;
	gsize size;
	if (strcmp(path, "-") == 0)
		return read_stdin();
	if (!g_file_get_contents(path, &octets, &size, error))
		return NULL;
	return g_bytes_new_take(octets, size);
}

static json_t *read_message(const Breakdown *run, GBytes *message, const json_t *options,
                            GError **error)
{
	if (!run->readers)
		return reader_read_here(message, options, error);
	return reader_read(run->readers, message, options, deadline_in(BUSY_HOURS * 3600), error);
}

/* Asks for the keys that are wanted, and has the signatures verified with them. */
static void look_up_keys(const Breakdown *run, const json_t *document)
{
	size_t i;
	json_t *original;
	g_autoptr(GPtrArray) messages = g_ptr_array_new();
	g_ptr_array_add(messages, json_object_get(document, "message"));
	json_array_foreach (json_object_get(document, "originals"), i, original)
		g_ptr_array_add(messages, json_object_get(original, "message"));
	g_autoptr(json_t) options =
		keys_look_up(messages, run->resolver, deadline_in(LIMIT_DNS_SECONDS));
	g_autoptr(GBytes) nothing = g_bytes_new_static("", 0);
	g_autoptr(json_t) answer = options ? read_message(run, nothing, options, NULL) : NULL;
	keys_apply(messages, answer);
}

static void read_file(const Breakdown *run, File *file)
{
	g_autoptr(GError) error = NULL;
	/* threads share the options, and counting references is a change */
	g_autoptr(json_t) options = json_deep_copy(run->options);
	g_autoptr(GBytes) message = load(file->path, &error);
	file->document = message ? read_message(run, message, options, &error) : NULL;
	if (file->document && run->resolver)
		look_up_keys(run, file->document);
	file->problem = error ? g_strdup(error->message) : NULL;
}

/* ---- several at once ---- */

static void be_quiet(const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
}

static void remove_directory(const Breakdown *run)
{
	g_autofree char *below = g_path_get_dirname(run->socket);
	g_unlink(run->socket);
	g_rmdir(below);
	g_rmdir(run->directory);
}

/* The role, until it is told to end or we are gone, in whichever way: then nothing is left of it.
 */
static void be_role(const Breakdown *run) G_GNUC_NORETURN;
static void be_role(const Breakdown *run)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* that a reader died is said by who asked it */
	g_log_set_default_handler(be_quiet, NULL);
	int status = reader_serve(run->socket);
	remove_directory(run);
	_exit(status);
}

/* TRUE when the role listens. */
static gboolean start_role(Breakdown *run)
{
	run->directory = g_dir_make_tmp("trawl-breakdown-XXXXXX", NULL);
	if (!run->directory)
		return FALSE;
	run->socket = g_build_filename(run->directory, "run", "reader.sock", NULL);
	run->role = fork();
	if (run->role == 0)
		be_role(run);
	if (run->role < 0)
		remove_directory(run);
	for (guint i = 0; i < 2000 && run->role > 0; i++) {
		if (g_file_test(run->socket, G_FILE_TEST_EXISTS))
			return TRUE;
		g_usleep(5000);
	}
	return FALSE;
}

static void stop_role(Breakdown *run)
{
	if (run->role > 0) {
		kill(run->role, SIGTERM);
		while (waitpid(run->role, NULL, 0) < 0 && errno == EINTR)
			;
	}
	g_free(run->socket);
	g_free(run->directory);
}

static void ask(gpointer data, gpointer user_data)
{
	File *file = data;
	Breakdown *run = user_data;
	read_file(run, file);
	g_mutex_lock(&run->lock);
	file->done = TRUE;
	g_cond_signal(&run->done);
	g_mutex_unlock(&run->lock);
}

/* Prints those at the head of the queue that are done, and waits until no more than @at_most are in
 * it. */
static void print_done(Breakdown *run, guint at_most)
{
	g_mutex_lock(&run->lock);
	for (File *file; (file = g_queue_peek_head(&run->files));) {
		if (!file->done && g_queue_get_length(&run->files) <= at_most)
			break;
		if (!file->done) {
			g_cond_wait(&run->done, &run->lock);
			continue;
		}
		g_queue_pop_head(&run->files);
		g_mutex_unlock(&run->lock);
		show(run, file);
		file_free(file);
		g_mutex_lock(&run->lock);
	}
	g_mutex_unlock(&run->lock);
}

static void take(Breakdown *run, const char *path)
{
	File *file = g_new0(File, 1);
	file->path = g_strdup(path);
	if (!run->askers) {
		read_file(run, file);
		show(run, file);
		file_free(file);
		return;
	}
	g_mutex_lock(&run->lock);
	g_queue_push_tail(&run->files, file);
	g_mutex_unlock(&run->lock);
	g_thread_pool_push(run->askers, file, NULL);
	print_done(run, AHEAD * (guint)run->jobs);
}

/* ---- which ---- */

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void take_path(Breakdown *run, const char *path);

static void take_directory(Breakdown *run, const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GDir) directory = g_dir_open(path, 0, &error);
	if (!directory) {
		print_done(run, 0);
		complain(run, path, error->message);
		return;
	}
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	for (const char *name; (name = g_dir_read_name(directory));)
		g_ptr_array_add(names, g_build_filename(path, name, NULL));
	g_ptr_array_sort(names, compare_names);
	for (guint i = 0; i < names->len; i++)
		if (!g_file_test(names->pdata[i], G_FILE_TEST_IS_SYMLINK))
			take_path(run, names->pdata[i]);
}

static void take_path(Breakdown *run, const char *path)
{
	if (run->recursive && strcmp(path, "-") != 0 && g_file_test(path, G_FILE_TEST_IS_DIR))
		take_directory(run, path);
	else
		take(run, path);
}

/* A role of readers pays when there is more than one file. */
static void run_all(Breakdown *run, char **paths, int count)
{
	if (run->jobs > 1 && (count > 1 || run->recursive) && start_role(run)) {
		run->readers = reader_pool_new(run->socket, (guint)run->jobs);
		run->askers = g_thread_pool_new(ask, run, run->jobs, FALSE, NULL);
	}
	for (int i = 0; i < count; i++)
		take_path(run, paths[i]);
	if (run->askers) {
		print_done(run, 0);
		g_thread_pool_free(run->askers, FALSE, TRUE);
		reader_pool_free(run->readers);
	}
	stop_role(run);
}

/* ---- options ---- */

static void set_list(json_t *options, const char *name, char **texts)
{
	json_t *list = json_array();
	for (guint i = 0; texts && texts[i]; i++)
		json_array_append_new(list, json_text_new(texts[i]));
	json_object_set_new(options, name, list);
}

/* "selector._domainkey.domain=v=DKIM1; p=…" */
static json_t *make_keys(char **written)
{
	json_t *keys = json_object();
	for (guint i = 0; written && written[i]; i++) {
		const char *equals = strchr(written[i], '=');
		if (!equals)
			continue;
		g_autofree char *name = g_ascii_strdown(written[i], equals - written[i]);
		g_autofree char *valid = g_utf8_make_valid(name, -1);
		json_object_set_new(keys, valid, json_text_new(equals + 1));
	}
	return keys;
}

static gboolean make_resolver(Breakdown *run, GError **error)
{
	if (!run->resolver_text || strcmp(run->resolver_text, "off") == 0)
		return TRUE;
	run->resolver = resolver_new(run->resolver_text, error);
	return run->resolver != NULL;
}

static gboolean make_options(Breakdown *run, GError **error)
{
	json_t *limits = json_object();
	run->options = json_object();
	set_list(run->options, "trusted_hosts", run->trusted_hosts);
	set_list(run->options, "accepted_relays", run->accepted_relays);
	json_object_set_new(run->options, "limits", limits);
	json_object_set_new(run->options, "keys", make_keys(run->keys));
	if (!make_resolver(run, error))
		return FALSE;
	for (guint i = 0; run->limits && run->limits[i]; i++)
		if (!mail_limits_parse(limits, run->limits[i], error))
			return FALSE;
	if (run->jobs >= 1 && run->jobs <= MOST_JOBS)
		return TRUE;
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID, "--jobs is a number from 1 to %d",
	            MOST_JOBS);
	return FALSE;
}

/* "-j4", which GLib takes for "-j" and then four. */
static void part_jobs(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (g_str_has_prefix(argv[i], "-j") && g_ascii_isdigit(argv[i][2])) {
			g_autofree char *whole = g_strconcat("--jobs=", argv[i] + 2, NULL);
			argv[i] = (char *)g_intern_string(whole);
		}
}

int cli_breakdown(int argc, char **argv)
{
	part_jobs(argc, argv);
	Breakdown run = {.jobs = (int)MIN(g_get_num_processors(), MOST_JOBS),
	                 .terminal = terminal_of(STDOUT_FILENO)};
	const GOptionEntry entries[] = {
		{"pretty", 0, 0, G_OPTION_ARG_NONE, &run.pretty, "Indent the JSON", NULL},
		{"text", 0, 0, G_OPTION_ARG_NONE, &run.text, "A page for people, not JSON", NULL},
		{"recursive", 'r', 0, G_OPTION_ARG_NONE, &run.recursive,
	         "Read all files below a directory", NULL},
		{"jobs", 'j', 0, G_OPTION_ARG_INT, &run.jobs, "How many files are read at once",
	         "N"},
		{"trusted-host", 0, 0, G_OPTION_ARG_STRING_ARRAY, &run.trusted_hosts,
	         "Believe the results of this mail host (may be given again)", "HOST"},
		{"accepted-relay", 0, 0, G_OPTION_ARG_STRING_ARRAY, &run.accepted_relays,
	         "Believe this host or sender about who reported (may be given again)", "RELAY"},
		{"limit", 0, 0, G_OPTION_ARG_STRING_ARRAY, &run.limits,
	         "Another limit on a message (may be given again)", "NAME=VALUE"},
		{"sandboxed", 0, 0, G_OPTION_ARG_NONE, &run.sandboxed,
	         "Read in sandboxed processes, which is always done", NULL},
		{"key", 0, 0, G_OPTION_ARG_STRING_ARRAY, &run.keys,
	         "Verify signatures with this key (may be given again)", "NAME=RECORD"},
		{"resolver", 0, 0, G_OPTION_ARG_STRING, &run.resolver_text,
	         "Ask these DNS servers for keys; system: those of this machine (default: off)",
	         "HOST[:PORT]"},
		{NULL},
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(GOptionContext) context = g_option_context_new("FILE… | -");
	g_option_context_set_summary(context,
	                             "Prints what is in each message: one JSON document a line.");
	g_option_context_add_main_entries(context, entries, NULL);
	gboolean understood = g_option_context_parse(context, &argc, &argv, &error) && argc > 1 &&
	                      make_options(&run, &error);
	if (understood)
		run_all(&run, argv + 1, argc - 1);
	else
		fprintf(stderr, "trawl breakdown: %s\n", error ? error->message : "no file named");
	json_decref(run.options);
	g_strfreev(run.trusted_hosts);
	g_strfreev(run.accepted_relays);
	g_strfreev(run.limits);
	g_strfreev(run.keys);
	g_free(run.resolver_text);
	resolver_free(run.resolver);
	return !understood ? EX_USAGE : run.failures ? 1 : 0;
}
