/* `trawl breakdown`: what is in a message, without a daemon.
 *
 * Each file is read in a sandboxed process of its own, so one that kills its reader is one line on
 * stderr and the rest go on. What is printed for people has no control characters left in it. */
#include "cli/breakdown.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "reader/reader.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

typedef struct {
	gboolean pretty, text, recursive;
	char **trusted_hosts;
	json_t *options;
	int failures;
} Breakdown;

static void complain(Breakdown *run, const char *file, const char *problem)
{
	g_autofree char *safe = text_for_terminal(file);
	fprintf(stderr, "trawl: %s: %s\n", safe, problem);
	run->failures++;
}

/* ---- the page for people ---- */

static void print_line(const char *label, const char *value)
{
	if (!value || !*value)
		return;
	g_autofree char *safe = text_for_terminal(value);
	printf("%-12s %s\n", label, safe);
}

static void print_people(const char *label, const json_t *list)
{
	size_t i;
	json_t *who;
	json_array_foreach (list, i, who) {
		const char *name = json_text(who, "name"), *address = json_text(who, "address");
		g_autofree char *both = name && *name ? g_strdup_printf("%s <%s>", name, address)
		                                      : g_strdup(address);
		print_line(i == 0 ? label : "", both);
		if (i == 19 && json_array_size(list) > 20) {
			printf("%-12s … and %zu more\n", "", json_array_size(list) - 20);
			return;
		}
	}
}

static void print_findings(const json_t *message)
{
	size_t i;
	json_t *finding;
	json_array_foreach (json_object_get(message, "findings"), i, finding) {
		g_autofree char *line = g_strdup_printf("%s: %s", json_text(finding, "id"),
		                                        json_text(finding, "detail"));
		print_line(i == 0 ? "Findings" : "", line);
	}
}

static void print_links(const json_t *message)
{
	size_t i;
	json_t *link;
	json_array_foreach (json_object_get(message, "links"), i, link) {
		print_line(i == 0 ? "Links" : "", json_text(link, "url"));
		const char *target = json_text(link, "target");
		if (target && g_strcmp0(target, json_text(link, "url")) != 0) {
			g_autofree char *arrow = g_strconcat("  → ", target, NULL);
			print_line("", arrow);
		}
		if (json_bool(link, "mismatch", FALSE)) {
			g_autofree char *shown =
				g_strconcat("  ! shown as ", json_text(link, "text"), NULL);
			print_line("", shown);
		}
	}
}

static void print_attachments(const json_t *message)
{
	size_t i;
	json_t *one;
	json_array_foreach (json_object_get(message, "attachments"), i, one) {
		const char *name = json_text(one, "name");
		g_autofree char *line = g_strdup_printf(
			"%s  (%s, %" G_GINT64_FORMAT " bytes)  sha256 %s", name ? name : "no name",
			json_text(one, "type"), json_int(one, "size", 0),
			json_text(one, "sha256") ? json_text(one, "sha256") : "-");
		print_line(i == 0 ? "Attachments" : "", line);
	}
}

static void print_body(const json_t *message)
{
	const char *text = json_text(message, "text");
	if (!text)
		return;
	printf("\n");
	g_auto(GStrv) lines = g_strsplit(text, "\n", 41);
	for (guint i = 0; lines[i] && i < 40; i++) {
		g_autofree char *safe = text_for_terminal(g_strchomp(lines[i]));
		printf("    %s\n", safe);
	}
}

static void print_message(const json_t *message)
{
	static const struct {
		const char *label, *key;
	} people[] = {
		{"From", "from"}, {"Reply to", "reply_to"}, {"To", "to"},
		{"Cc", "cc"},     {"Bcc", "bcc"},
	};
	print_line("Subject", json_text(message, "subject"));
	print_line("Date", json_text(message, "date"));
	print_line("Message-ID", json_text(message, "message_id"));
	for (guint i = 0; i < G_N_ELEMENTS(people); i++)
		print_people(people[i].label, json_object_get(message, people[i].key));
	print_line("Fingerprint", json_text(message, "fingerprint"));
	print_links(message);
	print_attachments(message);
	print_findings(message);
	print_body(message);
}

static void print_report(const json_t *breakdown)
{
	size_t i;
	json_t *reason, *original;
	print_line("Report", json_text(breakdown, "report.form")
	                             ? json_text(breakdown, "report.form")
	                             : "no, this is not a report");
	json_array_foreach (json_at(breakdown, "report.evidence"), i, reason)
		print_line("", json_string_value(reason));
	print_line("Reporter", json_text(breakdown, "report.reporter.address"));
	print_line("", json_text(breakdown, "report.trust.reason"));
	json_array_foreach (json_object_get(breakdown, "originals"), i, original) {
		printf("\n-- original %zu of %zu, %s --\n", i + 1,
		       json_array_size(json_object_get(breakdown, "originals")),
		       json_bool(original, "first_hand", FALSE) ? "first-hand" : "as claimed");
		print_message(json_object_get(original, "message"));
	}
}

static void print_page(const json_t *breakdown)
{
	print_line("File", json_text(breakdown, "file"));
	print_line("SHA-256", json_text(breakdown, "sha256"));
	print_message(json_object_get(breakdown, "message"));
	printf("\n");
	print_report(breakdown);
	printf("\n");
}

/* ---- files in ---- */

static void print(const Breakdown *run, const char *file, json_t *read)
{
	g_autoptr(json_t) document = json_object();
	json_object_set(document, "schema", json_object_get(read, "schema"));
	json_object_set_new(document, "file", json_text_new(file));
	json_object_update_missing(document, read);
	if (run->text) {
		print_page(document);
		return;
	}
	json_dumpf(document, stdout, run->pretty ? JSON_INDENT(2) : JSON_COMPACT);
	fputc('\n', stdout);
}

static void show(Breakdown *run, const char *file, GBytes *message)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(json_t) breakdown = reader_read_here(message, run->options, &error);
	if (breakdown)
		print(run, file, breakdown);
	else
		complain(run, file, error->message);
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

static void read_path(Breakdown *run, const char *path);

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void read_directory(Breakdown *run, const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GDir) directory = g_dir_open(path, 0, &error);
	if (!directory) {
		complain(run, path, error->message);
		return;
	}
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	for (const char *name; (name = g_dir_read_name(directory));)
		g_ptr_array_add(names, g_build_filename(path, name, NULL));
	g_ptr_array_sort(names, compare_names);
	for (guint i = 0; i < names->len; i++)
		if (!g_file_test(names->pdata[i], G_FILE_TEST_IS_SYMLINK))
			read_path(run, names->pdata[i]);
}

static void read_path(Breakdown *run, const char *path)
{
	if (strcmp(path, "-") == 0) {
		g_autoptr(GBytes) message = read_stdin();
		show(run, path, message);
		return;
	}
	if (run->recursive && g_file_test(path, G_FILE_TEST_IS_DIR)) {
		read_directory(run, path);
		return;
	}
	g_autoptr(GError) error = NULL;
	char *octets;
	gsize size;
	if (!g_file_get_contents(path, &octets, &size, &error)) {
		complain(run, path, error->message);
		return;
	}
	g_autoptr(GBytes) message = g_bytes_new_take(octets, size);
	show(run, path, message);
}

static json_t *make_options(char **trusted_hosts)
{
	json_t *options = json_object(), *hosts = json_array();
	for (guint i = 0; trusted_hosts && trusted_hosts[i]; i++)
		json_array_append_new(hosts, json_text_new(trusted_hosts[i]));
	json_object_set_new(options, "trusted_hosts", hosts);
	return options;
}

int cli_breakdown(int argc, char **argv)
{
	Breakdown run = {0};
	const GOptionEntry entries[] = {
		{"pretty", 0, 0, G_OPTION_ARG_NONE, &run.pretty, "Indent the JSON", NULL},
		{"text", 0, 0, G_OPTION_ARG_NONE, &run.text, "A page for people, not JSON", NULL},
		{"recursive", 'r', 0, G_OPTION_ARG_NONE, &run.recursive,
	         "Read all files below a directory", NULL},
		{"trusted-host", 0, 0, G_OPTION_ARG_STRING_ARRAY, &run.trusted_hosts,
	         "Believe the results of this mail host (may be given again)", "HOST"},
		{NULL},
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(GOptionContext) context = g_option_context_new("FILE… | -");
	g_option_context_set_summary(context,
	                             "Prints what is in each message: one JSON document a line.");
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error) || argc < 2) {
		fprintf(stderr, "trawl breakdown: %s\n", error ? error->message : "no file named");
		return EX_USAGE;
	}
	run.options = make_options(run.trusted_hosts);
	for (int i = 1; i < argc; i++)
		read_path(&run, argv[i]);
	json_decref(run.options);
	g_strfreev(run.trusted_hosts);
	return run.failures ? 1 : 0;
}
