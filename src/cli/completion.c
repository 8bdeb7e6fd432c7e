/* Completion for three shells, written from the table of commands, so that it never lags behind
 * --help. What is not known here (names of sources, of mail servers) the script asks trawl for. */
#include "cli/command.h"

#include <string.h>

/* What stands for values that the daemon knows, and the command that lists them. */
/* clang-format off */
static const struct {
	const char *value, *command;
} asked[] = {
	{"SERVER", "server list --all --quiet"},
	{"SOURCE", "source list --all --quiet"},
	{"KEY",    "key list --all --quiet"},
	{"USER",   "user list --all --quiet"},
	{"ROLE",   "role list --all --quiet"},
	{"KIND",   "server kinds --quiet"},
};
/* clang-format on */

static const char *find_asked(const char *value)
{
	for (guint i = 0; value && i < G_N_ELEMENTS(asked); i++)
		if (strcmp(asked[i].value, value) == 0)
			return asked[i].command;
	return NULL;
}

/* The name of what the @i-th argument is: "[FILE…]" -> "FILE"; NULL when there is none. */
static char *argument_value(const CliCommand *command, guint i)
{
	g_auto(GStrv) words = g_strsplit(command->arguments ? command->arguments : "", " ", -1);
	if (i >= g_strv_length(words))
		return NULL;
	GString *name = g_string_new(NULL);
	for (const char *p = words[i]; *p; p++)
		if (g_ascii_isupper(*p) || *p == '-' || *p == '|' || g_ascii_islower(*p))
			g_string_append_c(name, *p);
	return g_string_free(name, FALSE);
}

/* The words to choose from, with @between: those of @names, or of "bash|zsh|fish"; NULL for none.
 */
static char *join_choices(const char *value, const char *const *names, const char *between)
{
	if (names)
		return g_strjoinv(between, (char **)names);
	g_auto(GStrv) words = g_strsplit(value && g_ascii_islower(*value) ? value : "", "|", -1);
	return g_strv_length(words) > 1 ? g_strjoinv(between, words) : NULL;
}

static gboolean is_first_of_noun(const CliCommand *command)
{
	return command == cli_commands || strcmp(command[-1].noun, command->noun) != 0;
}

static void append_verbs(GString *out, const char *noun)
{
	for (const CliCommand *c = cli_commands; c->noun; c++)
		if (strcmp(c->noun, noun) == 0 && c->verb)
			g_string_append_printf(out, "%s ", c->verb);
}

/* --- bash --- */

static void bash_value(GString *out, const char *value, const char *const *names)
{
	const char *command = find_asked(value);
	g_autofree char *words = join_choices(value, names, " ");
	if (words)
		g_string_append_printf(out, "_trawl_words '%s'", words);
	else if (command)
		g_string_append_printf(out, "_trawl_ask %s", command);
	else if (g_strcmp0(value, "FILE") == 0)
		g_string_append(out, "_trawl_paths -f");
	else if (g_strcmp0(value, "DIR") == 0)
		g_string_append(out, "_trawl_paths -d");
	else
		g_string_append(out, ":");
	g_string_append(out, "; return");
}

static void bash_command(GString *out, const CliCommand *command)
{
	g_autoptr(GPtrArray) all = cli_all_options(command);
	g_autofree char *argument = argument_value(command, 0);
	g_string_append_printf(out, "\t'%s%s%s')\n\t\tcase $prev in\n", command->noun,
	                       command->verb ? " " : "", command->verb ? command->verb : "");
	for (guint i = 0; i < all->len; i++) {
		const CliOption *option = all->pdata[i];
		if (option->kind == OPTION_FLAG)
			continue;
		g_string_append_printf(out, "\t\t--%s) ", option->name);
		bash_value(out, option->value, option->names);
		g_string_append(out, " ;;\n");
	}
	g_string_append(out, "\t\tesac\n\t\tif [[ $cur == -* ]]; then\n\t\t\t_trawl_words '");
	for (guint i = 0; i < all->len; i++)
		g_string_append_printf(out, "--%s ", ((const CliOption *)all->pdata[i])->name);
	g_string_append(out, "'\n");
	if (argument) {
		g_string_append(out, "\t\telse\n\t\t\t");
		bash_value(out, argument, NULL);
		g_string_append_c(out, '\n');
	}
	g_string_append(out, "\t\tfi ;;\n");
}

static char *bash_script(void)
{
	GString *out = g_string_new(
		"# bash completion for trawl, made by \"trawl completion bash\"\n"
		"_trawl_words() { mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\"); }\n"
		"_trawl_paths() { compopt -o filenames; mapfile -t COMPREPLY < <(compgen \"$1\" -- "
		"\"$cur\"); }\n"
		"_trawl_ask() {\n"
		"\tlocal line\n"
		"\twhile read -r line; do\n"
		"\t\t[[ $line == \"$cur\"* ]] && COMPREPLY+=(\"$(printf %q \"$line\")\")\n"
		"\tdone < <(trawl \"$@\" 2>/dev/null)\n"
		"}\n"
		"_trawl() {\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
		"\tlocal noun=${COMP_WORDS[1]} verb=\n"
		"\tCOMPREPLY=()\n"
		"\tif ((COMP_CWORD == 1)); then\n\t\t_trawl_words '");
	for (const CliNoun *noun = cli_nouns; noun->noun; noun++)
		g_string_append_printf(out, "%s ", noun->noun);
	g_string_append(out, "--help --version'\n\t\treturn\n\tfi\n\tcase $noun in\n");
	for (const CliCommand *c = cli_commands; c->noun; c++) {
		if (!c->verb || !is_first_of_noun(c))
			continue;
		g_string_append_printf(
			out, "\t%s)\n\t\tif ((COMP_CWORD == 2)); then\n\t\t\t_trawl_words '",
			c->noun);
		append_verbs(out, c->noun);
		g_string_append(out, "--help'\n\t\t\treturn\n\t\tfi\n"
		                     "\t\tverb=\" ${COMP_WORDS[2]}\" ;;\n");
	}
	g_string_append(out, "\tesac\n\tcase $noun$verb in\n");
	for (const CliCommand *c = cli_commands; c->noun; c++)
		bash_command(out, c);
	g_string_append(out, "\tesac\n}\ncomplete -F _trawl trawl\n");
	return g_string_free(out, FALSE);
}

/* --- zsh --- */

/* Inside '…' and inside […] of an _arguments specification. */
static char *zsh_escape(const char *text)
{
	GString *out = g_string_new(NULL);
	for (const char *p = text; *p; p++) {
		if (*p == '\'')
			g_string_append(out, "'\\''");
		else if (strchr("[]:\\", *p))
			g_string_append_printf(out, "\\%c", *p);
		else
			g_string_append_c(out, *p);
	}
	return g_string_free(out, FALSE);
}

static void zsh_action(GString *out, const char *value, const char *const *names)
{
	const char *command = find_asked(value);
	g_autofree char *words = join_choices(value, names, " ");
	if (words)
		g_string_append_printf(out, "(%s)", words);
	else if (command)
		g_string_append_printf(out, "{_trawl_ask %s}", command);
	else if (g_strcmp0(value, "FILE") == 0)
		g_string_append(out, "_files");
	else if (g_strcmp0(value, "DIR") == 0)
		g_string_append(out, "_files -/");
	else
		g_string_append_c(out, ' ');
}

static void zsh_option(GString *out, const CliOption *option)
{
	g_autofree char *help = zsh_escape(option->help);
	g_string_append_printf(out, " \\\n\t\t\t'%s--%s[%s]", option->many ? "*" : "", option->name,
	                       help);
	if (option->kind != OPTION_FLAG) {
		g_autofree char *value = zsh_escape(option->value);
		g_string_append_printf(out, ":%s:", value);
		zsh_action(out, option->value, option->names);
	}
	g_string_append_c(out, '\'');
}

static void zsh_command(GString *out, const CliCommand *command)
{
	g_autoptr(GPtrArray) all = cli_all_options(command);
	guint skip = command->verb ? 2 : 1;
	g_string_append_printf(out,
	                       "\t'%s%s%s')\n\t\tshift %u words; (( CURRENT -= %u ))\n"
	                       "\t\t_arguments -s :",
	                       command->noun, command->verb ? " " : "",
	                       command->verb ? command->verb : "", skip, skip);
	for (guint i = 0; i < all->len; i++)
		zsh_option(out, all->pdata[i]);
	g_autofree char *value = argument_value(command, 0);
	if (value) {
		g_string_append_printf(out, " \\\n\t\t\t'%s:%s:",
		                       strstr(command->arguments, "…") ? "*" : "1", value);
		zsh_action(out, value, NULL);
		g_string_append_c(out, '\'');
	}
	g_string_append(out, " ;;\n");
}

static void zsh_described(GString *out, const char *name, const char *help)
{
	g_autofree char *escaped = zsh_escape(help);
	g_string_append_printf(out, " \\\n\t\t\t'%s:%s'", name, escaped);
}

static char *zsh_script(void)
{
	GString *out = g_string_new(
		"#compdef trawl\n"
		"# zsh completion for trawl, made by \"trawl completion zsh\"\n"
		"_trawl_ask() { local -a names; names=(${(f)\"$(trawl \"$@\" 2>/dev/null)\"}); "
		"compadd -a names }\n"
		"_trawl() {\n"
		"\tlocal -a choices\n"
		"\tlocal noun=$words[2] verb=\n"
		"\tif (( CURRENT == 2 )); then\n\t\tchoices=(");
	for (const CliNoun *noun = cli_nouns; noun->noun; noun++)
		zsh_described(out, noun->noun, noun->help);
	g_string_append(out, ")\n\t\t_describe noun choices\n\t\treturn\n\tfi\n\tcase $noun in\n");
	for (const CliCommand *c = cli_commands; c->noun; c++) {
		if (!c->verb)
			continue;
		if (is_first_of_noun(c))
			g_string_append_printf(
				out, "\t%s)\n\t\tif (( CURRENT == 3 )); then\n\t\t\tchoices=(",
				c->noun);
		zsh_described(out, c->verb, c->help);
		if (!c[1].noun || strcmp(c[1].noun, c->noun) != 0)
			g_string_append(out, ")\n\t\t\t_describe verb choices\n\t\t\treturn\n"
			                     "\t\tfi\n\t\tverb=\" $words[3]\" ;;\n");
	}
	g_string_append(out, "\tesac\n\tcase $noun$verb in\n");
	for (const CliCommand *c = cli_commands; c->noun; c++)
		zsh_command(out, c);
	/* Autoloaded, the file is the function's body; sourced, it only defines it. */
	g_string_append(out, "\tesac\n}\n"
	                     "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _trawl \"$@\"; "
	                     "else compdef _trawl trawl; fi\n");
	return g_string_free(out, FALSE);
}

/* --- fish --- */

static char *fish_quote(const char *text)
{
	GString *out = g_string_new("'");
	for (const char *p = text; *p; p++) {
		if (*p == '\'' || *p == '\\')
			g_string_append_c(out, '\\');
		g_string_append_c(out, *p);
	}
	g_string_append_c(out, '\'');
	return g_string_free(out, FALSE);
}

static void fish_values(GString *out, const char *value, const char *const *names)
{
	const char *command = find_asked(value);
	g_autofree char *words = join_choices(value, names, " ");
	if (words)
		g_string_append_printf(out, " -x -a '%s'", words);
	else if (command)
		g_string_append_printf(out, " -x -a '(trawl %s 2>/dev/null)'", command);
	else if (g_strcmp0(value, "FILE") == 0)
		g_string_append(out, " -r -F");
	else if (g_strcmp0(value, "DIR") == 0)
		g_string_append(out, " -x -a '(__fish_complete_directories)'");
	else
		g_string_append(out, " -x");
}

static void fish_command(GString *out, const CliCommand *command)
{
	g_autoptr(GPtrArray) all = cli_all_options(command);
	g_autofree char *at =
		g_strdup_printf("complete -c trawl -n '__trawl_at %s%s%s'", command->noun,
	                        command->verb ? " " : "", command->verb ? command->verb : "");
	for (guint i = 0; i < all->len; i++) {
		const CliOption *option = all->pdata[i];
		g_autofree char *help = fish_quote(option->help);
		g_string_append_printf(out, "%s -l %s", at, option->name);
		if (option->letter)
			g_string_append_printf(out, " -s %c", option->letter);
		if (option->kind != OPTION_FLAG)
			fish_values(out, option->value, option->names);
		g_string_append_printf(out, " -d %s\n", help);
	}
	g_autofree char *value = argument_value(command, 0);
	if (value) {
		g_string_append(out, at);
		fish_values(out, value, NULL);
		g_string_append_c(out, '\n');
	}
}

static char *fish_script(void)
{
	GString *out = g_string_new(
		"# fish completion for trawl, made by \"trawl completion fish\"\n"
		"function __trawl_at\n"
		"\tset -l words (commandline -opc)\n"
		"\tset -l last (math 1 + (count $argv))\n"
		"\ttest (count $words) -ge $last; and test \"$words[2..$last]\" = \"$argv\"\n"
		"end\n"
		"function __trawl_only\n"
		"\tset -l words (commandline -opc)\n"
		"\tset -e words[1]\n"
		"\ttest \"$words\" = \"$argv\"\n"
		"end\n"
		"complete -c trawl -f\n");
	for (const CliNoun *noun = cli_nouns; noun->noun; noun++) {
		g_autofree char *help = fish_quote(noun->help);
		g_string_append_printf(out, "complete -c trawl -n '__trawl_only' -a %s -d %s\n",
		                       noun->noun, help);
	}
	for (const CliCommand *c = cli_commands; c->noun; c++) {
		g_autofree char *help = fish_quote(c->help);
		if (c->verb)
			g_string_append_printf(
				out, "complete -c trawl -n '__trawl_only %s' -a %s -d %s\n",
				c->noun, c->verb, help);
	}
	for (const CliCommand *c = cli_commands; c->noun; c++)
		fish_command(out, c);
	return g_string_free(out, FALSE);
}

char *completion_script(const char *shell)
{
	/* clang-format off */
	static const struct {
		const char *shell;
		char *(*script)(void);
	} shells[] = {
		{"bash", bash_script},
		{"zsh",  zsh_script},
		{"fish", fish_script},
	};
	/* clang-format on */
	for (guint i = 0; i < G_N_ELEMENTS(shells); i++)
		if (strcmp(shells[i].shell, shell) == 0)
			return shells[i].script();
	return NULL;
}
