/* From words to an invocation. GOption does the parsing; what it accepts comes from the table of
 * commands. Values stay as they were typed, so that a name in any script works in any locale. */
#include "cli/command.h"
#include "cli/nearest.h"

#include <string.h>

G_DEFINE_QUARK(cli - usage - error - quark, cli_usage_error)

/* clang-format off */
static const CliOption api_options[] = {
	{"url",      0, OPTION_TEXT, "URL",  "address of the daemon (default: $TRAWL_URL, or http://127.0.0.1:8460)"},
	{"key-file", 0, OPTION_TEXT, "FILE",
	 "file that holds the API key (default: the key in $TRAWL_API_KEY, or the file ~/.config/trawl/key)"},
	{"ca-file", 0, OPTION_TEXT, "FILE",
	 "PEM of the authority that signed the daemon's certificate (default: $TRAWL_CA_FILE)"},
	{"data", 0, OPTION_TEXT, "DIR",
	 "data directory of a daemon on this machine: its address and its admin key"},
	{NULL},
};
/* clang-format on */

/* clang-format off */
static const CliOption out_options[] = {
	{"json",  0,   OPTION_FLAG, NULL, "print the API's document instead of a page or table"},
	{"quiet", 'q', OPTION_FLAG, NULL, "print only names or numbers, one a line"},
	{NULL},
};
/* clang-format on */

/* clang-format off */
static const CliOption list_options[] = {
	{"limit", 'n', OPTION_NUMBER, "N",  "show at most N (default 50)", .low = 1, .high = 1000000},
	{"all",   'a', OPTION_FLAG,   NULL, "show all, however many"},
	{NULL},
};
/* clang-format on */

/* clang-format off */
static const CliOption every_option[] = {
	{"help", 'h', OPTION_FLAG, NULL, "explain this command"},
	{NULL},
};
/* clang-format on */

const CliOption *cli_common_options(guint need)
{
	return need == CLI_API    ? api_options
	       : need == CLI_OUT  ? out_options
	       : need == CLI_LIST ? list_options
	                          : every_option;
}

GPtrArray *cli_all_options(const CliCommand *command)
{
	/* clang-format off */
	static const CliOption none[] = {
		{NULL},
	};
	/* clang-format on */
	const CliOption *lists[] = {
		command->options ? command->options : none,
		command->needs & CLI_LIST ? list_options : none,
		command->needs & CLI_OUT ? out_options : none,
		command->needs & CLI_API ? api_options : none,
		every_option,
	};
	GPtrArray *all = g_ptr_array_new();
	for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
		for (const CliOption *option = lists[i]; option->name; option++)
			g_ptr_array_add(all, (gpointer)option);
	return all;
}

const CliCommand *cli_find(const char *noun, const char *verb)
{
	for (const CliCommand *command = cli_commands; command->noun; command++)
		if (g_strcmp0(command->noun, noun) == 0 && g_strcmp0(command->verb, verb) == 0)
			return command;
	return NULL;
}

gboolean cli_has_verbs(const char *noun)
{
	for (const CliCommand *command = cli_commands; command->noun; command++)
		if (g_strcmp0(command->noun, noun) == 0)
			return command->verb != NULL;
	return FALSE;
}

void cli_free(Cli *cli)
{
	if (!cli)
		return;
	g_clear_pointer(&cli->arguments, g_ptr_array_unref);
	g_clear_pointer(&cli->options, g_hash_table_unref);
	client_free(cli->client);
	g_free(cli);
}

static void usage_error(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void usage_error(GError **error, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error_literal(error, CLI_USAGE_ERROR, 0, text);
}

static const CliOption *find_option(const CliCommand *command, const char *written)
{
	g_autoptr(GPtrArray) all = cli_all_options(command);
	for (guint i = 0; i < all->len; i++) {
		const CliOption *option = g_ptr_array_index(all, i);
		if (g_str_has_prefix(written, "--") ? strcmp(written + 2, option->name) == 0
		                                    : written[1] == option->letter)
			return option;
	}
	return NULL;
}

static void refuse_number(const CliOption *option, const char *value, GError **error)
{
	if (option->rule)
		usage_error(error, "--%s: %s, not \"%s\"", option->name, option->rule, value);
	else
		usage_error(error,
		            "--%s is a number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
		            ", not \"%s\"",
		            option->name, option->low, option->high, value);
}

static gboolean check_value(const CliOption *option, const char *value, GError **error)
{
	gint64 number;
	if (!g_utf8_validate(value, -1, NULL)) {
		usage_error(error, "--%s: the value is not UTF-8", option->name);
		return FALSE;
	}
	if (option->kind == OPTION_NUMBER &&
	    !g_ascii_string_to_signed(value, 10, option->low, option->high, &number, NULL)) {
		refuse_number(option, value, error);
		return FALSE;
	}
	if (option->kind == OPTION_NAME && !g_strv_contains(option->names, value)) {
		g_autofree char *names = g_strjoinv(", ", (char **)option->names);
		usage_error(error, "--%s is one of %s, not \"%s\"", option->name, names, value);
		return FALSE;
	}
	return TRUE;
}

static gboolean take_option(const char *written, const char *value, gpointer data, GError **error)
{
	Cli *cli = data;
	const CliOption *option = find_option(cli->command, written);
	g_assert(option);
	if (option->kind != OPTION_FLAG && !check_value(option, value, error))
		return FALSE;
	GPtrArray *values = g_hash_table_lookup(cli->options, option->name);
	if (!values) {
		values = g_ptr_array_new_with_free_func(g_free);
		g_hash_table_insert(cli->options, (gpointer)option->name, values);
	} else if (!option->many && option->kind != OPTION_FLAG) {
		usage_error(error, "--%s is given twice", option->name);
		return FALSE;
	}
	g_ptr_array_add(values, g_strdup(value ? value : ""));
	return TRUE;
}

static GOptionEntry *option_entries(const CliCommand *command)
{
	g_autoptr(GPtrArray) all = cli_all_options(command);
	GOptionEntry *entries = g_new0(GOptionEntry, all->len + 1);
	for (guint i = 0; i < all->len; i++) {
		const CliOption *option = g_ptr_array_index(all, i);
		entries[i] = (GOptionEntry){
			.long_name = option->name,
			.short_name = option->letter,
			.flags = option->kind == OPTION_FLAG ? G_OPTION_FLAG_NO_ARG
		                                             : G_OPTION_FLAG_FILENAME,
			.arg = G_OPTION_ARG_CALLBACK,
			.arg_data = (gpointer)take_option,
		};
	}
	return entries;
}

/* GOption's own sentence for an option it does not know lacks what was probably meant. */
static void improve(const CliCommand *command, GError **problem, const char *const *argv)
{
	if (!g_error_matches(*problem, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION))
		return;
	g_autoptr(GPtrArray) all = cli_all_options(command);
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	for (guint i = 0; i < all->len; i++)
		g_ptr_array_add(names, (gpointer)((const CliOption *)all->pdata[i])->name);
	g_ptr_array_add(names, NULL);
	for (; *argv; argv++) {
		g_autofree char *name = g_strndup(*argv, strcspn(*argv, "="));
		if (!g_str_has_prefix(name, "--") || find_option(command, name))
			continue;
		const char *meant = nearest_find(name + 2, (const char *const *)names->pdata);
		g_clear_error(problem);
		usage_error(problem,
		            meant ? "unknown option %s; did you mean --%s?" : "unknown option %s",
		            name, meant);
		return;
	}
}

/* How many arguments "A [B] C…" asks for. */
static void count_arguments(const char *arguments, guint *least, guint *most)
{
	g_auto(GStrv) words = g_strsplit(arguments ? arguments : "", " ", -1);
	*least = *most = 0;
	for (char **word = words; *word; word++) {
		if (!**word)
			continue;
		*least += **word != '[';
		*most = strstr(*word, "…") ? G_MAXUINT : *most + (*most != G_MAXUINT);
	}
}

static gboolean check_arguments(const Cli *cli, GError **error)
{
	guint least, most;
	count_arguments(cli->command->arguments, &least, &most);
	for (guint i = 0; i < cli->arguments->len; i++)
		if (!g_utf8_validate(g_ptr_array_index(cli->arguments, i), -1, NULL)) {
			usage_error(error, "argument %u is not UTF-8", i + 1);
			return FALSE;
		}
	if (cli->arguments->len > most) {
		usage_error(error, "there is one argument too many: \"%s\"",
		            (char *)g_ptr_array_index(cli->arguments, most));
		return FALSE;
	}
	if (cli->arguments->len >= least)
		return TRUE;
	g_auto(GStrv) words = g_strsplit(cli->command->arguments, " ", -1);
	usage_error(error, "%s is missing", words[cli->arguments->len]);
	return FALSE;
}

static gboolean check_required(const Cli *cli, GError **error)
{
	for (const CliOption *option = cli->command->options; option && option->name; option++)
		if (option->required && !g_hash_table_contains(cli->options, option->name)) {
			usage_error(error, "--%s is missing", option->name);
			return FALSE;
		}
	return TRUE;
}

/* GOption takes what it knows out of @left (as long as argv); the arguments stay. */
static gboolean parse_options(Cli *cli, const char *const *argv, GError **error)
{
	g_autofree GOptionEntry *entries = option_entries(cli->command);
	GOptionGroup *group = g_option_group_new("", "", "", cli, NULL);
	g_option_group_add_entries(group, entries);
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_option_context_set_main_group(context, group);
	g_option_context_set_help_enabled(context, FALSE);

	g_autofree const char **words = g_new0(const char *, g_strv_length((char **)argv) + 2);
	int count = 1;
	words[0] = "trawl";
	for (; argv[count - 1]; count++)
		words[count] = argv[count - 1];
	char **left = (char **)words;
	g_autoptr(GError) problem = NULL;
	if (!g_option_context_parse(context, &count, &left, &problem)) {
		improve(cli->command, &problem, argv);
		g_set_error_literal(error, CLI_USAGE_ERROR, 0, problem->message);
		return FALSE;
	}
	for (int i = 1; i < count; i++)
		if (strcmp(left[i], "--") != 0)
			g_ptr_array_add(cli->arguments, g_strdup(left[i]));
	return TRUE;
}

Cli *cli_parse(const CliCommand *command, const char *const *argv, GError **error)
{
	g_autoptr(Cli) cli = g_new0(Cli, 1);
	cli->command = command;
	cli->arguments = g_ptr_array_new_with_free_func(g_free);
	cli->options = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
	                                     (GDestroyNotify)g_ptr_array_unref);
	if (!parse_options(cli, argv, error))
		return NULL;
	cli->json = cli_flag(cli, "json");
	cli->quiet = cli_flag(cli, "quiet");
	if (!cli_flag(cli, "help") && (!check_arguments(cli, error) || !check_required(cli, error)))
		return NULL;
	return g_steal_pointer(&cli);
}

const char *cli_argument(const Cli *cli, guint i)
{
	return i < cli->arguments->len ? g_ptr_array_index(cli->arguments, i) : NULL;
}

gboolean cli_flag(const Cli *cli, const char *name)
{
	return g_hash_table_contains(cli->options, name);
}

const GPtrArray *cli_texts(const Cli *cli, const char *name)
{
	static GPtrArray none;
	const GPtrArray *values = g_hash_table_lookup(cli->options, name);
	return values ? values : &none;
}

const char *cli_text(const Cli *cli, const char *name)
{
	const GPtrArray *values = cli_texts(cli, name);
	return values->len ? g_ptr_array_index(values, values->len - 1) : NULL;
}

gint64 cli_number(const Cli *cli, const char *name, gint64 fallback)
{
	const char *text = cli_text(cli, name);
	return text ? g_ascii_strtoll(text, NULL, 10) : fallback;
}

gboolean cli_argument_id(const Cli *cli, guint i, gint64 *id, GError **error)
{
	const char *text = cli_argument(cli, i);
	if (text && g_ascii_string_to_signed(text + (*text == '#'), 10, 1, G_MAXINT64, id, NULL))
		return TRUE;
	g_auto(GStrv) words = g_strsplit(cli->command->arguments, " ", -1);
	usage_error(error, "%s is a number, such as 17, not \"%s\"", words[i], text ? text : "");
	return FALSE;
}
