/* `trawl`: finds the command, runs it, and turns what happened into one line and an exit status. */
#include "cli/cli.h"

#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/nearest.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define EXIT_STOPPED 130 /* as a shell says of SIGINT */

gint cli_stop;

static void note_stop(int number)
{
	g_atomic_int_set(&cli_stop, 1);
}

void cli_catch_stop(void)
{
	struct sigaction action = {.sa_handler = note_stop, .sa_flags = (int)SA_RESETHAND};
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

gboolean cli_sleep(double seconds)
{
	for (gint64 end = g_get_monotonic_time() + (gint64)(seconds * G_USEC_PER_SEC);;) {
		gint64 left = end - g_get_monotonic_time();
		if (g_atomic_int_get(&cli_stop))
			return FALSE;
		if (left <= 0)
			return TRUE;
		poll(NULL, 0, (int)MIN(left / 1000 + 1, 100)); /* a signal ends it */
	}
}

void cli_print(const Cli *cli, char *text)
{
	fputs(text, stdout);
	g_free(text);
}

void cli_print_json(const Cli *cli, const json_t *document)
{
	char *text = json_dumps(document, JSON_INDENT(2) | JSON_ENCODE_ANY);
	puts(text);
	free(text);
}

Client *cli_client(Cli *cli, GError **error)
{
	if (cli->client)
		return cli->client;
	ClientOptions options = {
		.url = cli_text(cli, "url"),
		.key_file = cli_text(cli, "key-file"),
		.data_dir = cli_text(cli, "data"),
		.ca_file = cli_text(cli, "ca-file"),
		.stop = &cli_stop,
	};
	cli->client = client_new(&options, error);
	if (cli->client && client_is_exposed(cli->client) && cli->err.width && !cli->quiet)
		fprintf(stderr,
		        "trawl: the key goes to %s unencrypted; put a proxy with TLS before it\n",
		        client_url(cli->client));
	return cli->client;
}

/* "trawl: <what>; <what to do>": a message that says what to do already keeps its own advice. */
static char *error_line(const GError *error)
{
	g_autofree char *what = text_for_terminal(error->message);
	if (error->domain != TRAWL_ERROR || strstr(what, "; ") ||
	    error->code == TRAWL_ERROR_CANCELLED)
		return g_steal_pointer(&what);
	g_autofree char *remedy = g_strdup(error_remedy(error)->remedy);
	remedy[0] = g_ascii_tolower(remedy[0]);
	if (g_str_has_suffix(remedy, "."))
		remedy[strlen(remedy) - 1] = '\0';
	if (g_str_has_suffix(what, "."))
		what[strlen(what) - 1] = '\0';
	return g_strdup_printf("%s; %s", what, remedy);
}

static int fail(const Cli *cli, const GError *error)
{
	fflush(stdout);
	/* The bare word is what the person knows already. */
	if (g_error_matches(error, TRAWL_ERROR, TRAWL_ERROR_CANCELLED) &&
	    strcmp(error->message, "stopped") == 0)
		return EXIT_STOPPED;
	Terminal terminal = terminal_of(STDERR_FILENO);
	g_autofree char *line = error_line(error);
	g_autofree char *name = terminal_paint(&terminal, STYLE_BAD, "trawl:");
	fprintf(stderr, "%s %s\n", name, line);
	if (g_error_matches(error, TRAWL_ERROR, TRAWL_ERROR_CANCELLED))
		return EXIT_STOPPED;
	return error_remedy(error)->exit_status;
}

static int usage(const CliCommand *command, const GError *error)
{
	Terminal terminal = terminal_of(STDERR_FILENO);
	g_autofree char *name = terminal_paint(&terminal, STYLE_BAD, "trawl:");
	g_autofree char *what = text_for_terminal(error->message);
	fprintf(stderr, "%s %s; see \"trawl %s%s%s --help\"\n", name, what, command->noun,
	        command->verb ? " " : "", command->verb ? command->verb : "");
	return EX_USAGE;
}

static gboolean is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int run(const CliCommand *command, int argc, char **argv)
{
	if ((command->needs & CLI_RAW) && !(argc > 1 && is_help(argv[1])))
		return command->raw(argc, argv);
	g_autoptr(GError) error = NULL;
	g_autoptr(Cli) cli = cli_parse(command, (const char *const *)argv + 1, &error);
	if (!cli)
		return usage(command, error);
	cli->out = terminal_of(STDOUT_FILENO);
	cli->err = terminal_of(STDERR_FILENO);
	if (cli_flag(cli, "help")) {
		cli_print(cli, help_command(command, &cli->out));
		return EX_OK;
	}
	int status = command->run(cli, &error);
	if (!error)
		return status;
	return error->domain == CLI_USAGE_ERROR ? usage(command, error) : fail(cli, error);
}

/* The names to choose from: verbs of @noun, or nouns when it is NULL. */
static GPtrArray *names_of(const char *noun)
{
	GPtrArray *names = g_ptr_array_new();
	for (const CliNoun *row = cli_nouns; !noun && row->noun; row++)
		g_ptr_array_add(names, (gpointer)row->noun);
	for (const CliCommand *command = cli_commands; noun && command->noun; command++)
		if (strcmp(command->noun, noun) == 0)
			g_ptr_array_add(names, (gpointer)command->verb);
	g_ptr_array_add(names, NULL);
	return names;
}

static int misplaced(const char *noun, const char *option)
{
	g_autofree char *name = g_strndup(option, strcspn(option, "="));
	g_autofree char *safe = text_for_terminal(name);
	fprintf(stderr,
	        "trawl: options follow noun and verb, so does %s; see \"trawl %s%s--help\"\n", safe,
	        noun ? noun : "", noun ? " " : "");
	return EX_USAGE;
}

static int unknown(const char *noun, const char *typed)
{
	if (*typed == '-')
		return misplaced(noun, typed);
	g_autoptr(GPtrArray) names = names_of(noun);
	const char *meant = nearest_find(typed, (const char *const *)names->pdata);
	g_autofree char *safe = text_for_terminal(typed);
	g_autofree char *hint = meant  ? g_strdup_printf("did you mean \"%s\"?", meant)
	                        : noun ? g_strdup_printf("see \"trawl %s --help\"", noun)
	                               : g_strdup("see \"trawl --help\"");
	if (noun)
		fprintf(stderr, "trawl: %s has no verb \"%s\"; %s\n", noun, safe, hint);
	else
		fprintf(stderr, "trawl: there is no \"%s\"; %s\n", safe, hint);
	return EX_USAGE;
}

/* Help that was asked for goes to stdout; help for want of a word is an error. */
static int show(FILE *to, char *(*help)(const char *, const Terminal *), const char *noun)
{
	Terminal terminal = terminal_of(fileno(to));
	g_autofree char *text = help ? help(noun, &terminal) : help_overview(&terminal);
	fputs(text, to);
	return to == stdout ? EX_OK : EX_USAGE;
}

static int dispatch(int argc, char **argv)
{
	const char *noun = argc > 1 ? argv[1] : NULL;
	if (!noun)
		return show(stderr, NULL, NULL);
	if (is_help(noun))
		return show(stdout, NULL, NULL);
	if (strcmp(noun, "--version") == 0)
		noun = "version";
	const CliCommand *command = cli_find(noun, NULL);
	if (command)
		return run(command, argc - 1, argv + 1);
	if (!cli_has_verbs(noun))
		return unknown(NULL, noun);
	const char *verb = argc > 2 ? argv[2] : NULL;
	if (!verb)
		return show(stderr, help_noun, noun);
	if (is_help(verb))
		return show(stdout, help_noun, noun);
	command = cli_find(noun, verb);
	return command ? run(command, argc - 2, argv + 2) : unknown(noun, verb);
}

int cli_main(int argc, char **argv)
{
	int status = dispatch(argc, argv);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "trawl: cannot write the output: %s\n", g_strerror(errno));
		return EX_IOERR;
	}
	return status;
}
