/* Help in three sizes: all of Trawl, one noun, one command; and the same as Markdown. */
#include "cli/command.h"
#include "cli/table.h"

#include <string.h>

#define HELP_COLUMNS 100 /* wider lines are tiring to read */

char *help_usage(const CliCommand *command)
{
	GString *out = g_string_new(command->noun);
	if (command->verb)
		g_string_append_printf(out, " %s", command->verb);
	if (command->arguments)
		g_string_append_printf(out, " %s", command->arguments);
	for (const CliOption *o = command->options; o && o->name; o++)
		if (o->required)
			g_string_append_printf(out, " --%s %s", o->name, o->value);
	g_string_append(out, " [OPTION…]");
	return g_string_free(out, FALSE);
}

static char *option_label(const CliOption *option)
{
	GString *out = g_string_new(NULL);
	if (option->letter)
		g_string_append_printf(out, "-%c, ", option->letter);
	g_string_append_printf(out, "--%s", option->name);
	if (option->value)
		g_string_append_printf(out, " %s", option->value);
	if (option->many)
		g_string_append(out, " …");
	return g_string_free(out, FALSE);
}

static char *option_help(const CliOption *option)
{
	if (option->kind != OPTION_NAME)
		return g_strdup(option->help);
	g_autofree char *names = g_strjoinv(", ", (char **)option->names);
	return g_strdup_printf("%s; one of %s", option->help, names);
}

static Terminal readable(const Terminal *terminal)
{
	Terminal narrower = *terminal;
	if (narrower.width > HELP_COLUMNS)
		narrower.width = HELP_COLUMNS;
	return narrower;
}

static void append_head(GString *out, const Terminal *terminal, const char *head)
{
	g_autofree char *painted = terminal_paint(terminal, STYLE_HEAD, head);
	g_string_append_printf(out, "%s%s\n", out->len ? "\n" : "", painted);
}

/* @fields, two spaces in. */
static void append_fields(GString *out, const Terminal *terminal, const Fields *fields)
{
	Terminal inner = {terminal->width ? terminal->width - 2 : 0, FALSE};
	g_autofree char *text = fields_format(fields, &inner);
	g_auto(GStrv) lines = g_strsplit(g_strchomp(text), "\n", -1);
	for (char **line = lines; *line && **line; line++)
		g_string_append_printf(out, "  %s\n", *line);
}

static char *name_of(const CliCommand *command)
{
	return command->verb ? g_strconcat(command->noun, " ", command->verb, NULL)
	                     : g_strdup(command->noun);
}

char *help_overview(const Terminal *terminal)
{
	Terminal page = readable(terminal);
	GString *out =
		g_string_new("Trawl pulls reported phish out of mailboxes, and can put each one "
	                     "back.\n\nUsage: trawl NOUN VERB [ARGUMENT…] [OPTION…]\n");
	g_autoptr(Fields) nouns = fields_new(), commands = fields_new();
	for (const CliNoun *noun = cli_nouns; noun->noun; noun++)
		fields_add(cli_has_verbs(noun->noun) ? nouns : commands, noun->noun, STYLE_PLAIN,
		           noun->help);
	append_head(out, &page, "Nouns");
	append_fields(out, &page, nouns);
	append_head(out, &page, "Commands");
	append_fields(out, &page, commands);
	g_string_append(
		out, "\n\"trawl NOUN\" lists its verbs, \"trawl NOUN VERB --help\" explains one, "
		     "\"man trawl\" is the whole.\n");
	return g_string_free(out, FALSE);
}

static const char *noun_help(const char *noun)
{
	for (const CliNoun *row = cli_nouns; row->noun; row++)
		if (strcmp(row->noun, noun) == 0)
			return row->help;
	return "";
}

char *help_noun(const char *noun, const Terminal *terminal)
{
	if (!cli_has_verbs(noun))
		return help_command(cli_find(noun, NULL), terminal);
	Terminal page = readable(terminal);
	GString *out = g_string_new(NULL);
	g_string_append_printf(out, "%s: %s\n", noun, noun_help(noun));
	g_autoptr(Fields) verbs = fields_new();
	for (const CliCommand *command = cli_commands; command->noun; command++) {
		if (strcmp(command->noun, noun) != 0)
			continue;
		g_autofree char *name = name_of(command);
		g_autofree char *label = g_strconcat("trawl ", name, command->arguments ? " " : "",
		                                     command->arguments, NULL);
		fields_add(verbs, label, STYLE_PLAIN, command->help);
	}
	append_head(out, &page, "Verbs");
	append_fields(out, &page, verbs);
	return g_string_free(out, FALSE);
}

static void append_options(GString *out, const Terminal *terminal, const char *head,
                           const CliOption *options)
{
	if (!options)
		return;
	g_autoptr(Fields) fields = fields_new();
	for (; options->name; options++) {
		g_autofree char *label = option_label(options);
		g_autofree char *help = option_help(options);
		fields_add(fields, label, STYLE_PLAIN, help);
	}
	append_head(out, terminal, head);
	append_fields(out, terminal, fields);
}

/* Paragraphs are wrapped; a line that begins with two spaces is an example and stays as it is. */
static void append_prose(GString *out, const Terminal *terminal, const char *prose)
{
	g_auto(GStrv) paragraphs = g_strsplit(prose, "\n", -1);
	for (char **paragraph = paragraphs; *paragraph; paragraph++) {
		gboolean example = g_str_has_prefix(*paragraph, "  ");
		g_autofree char *text = example ? g_strdup(*paragraph)
		                                : terminal_wrap(*paragraph, terminal->width, 0);
		g_string_append_printf(out, "%s\n", text);
	}
}

char *help_command(const CliCommand *command, const Terminal *terminal)
{
	/* clang-format off */
	static const struct {
		guint need;
		const char *head;
	} groups[] = {
		{CLI_LIST, "How much"},
		{CLI_OUT,  "Output"},
		{CLI_API,  "Connection"},
	};
	/* clang-format on */
	Terminal page = readable(terminal);
	GString *out = g_string_new(NULL);
	g_autofree char *usage = help_usage(command);
	g_string_append_printf(out, "Usage: trawl %s\n\n%c%s.\n", usage,
	                       g_ascii_toupper(command->help[0]), command->help + 1);
	if (command->more) {
		g_string_append_c(out, '\n');
		append_prose(out, &page, command->more);
	}
	append_options(out, &page, "Options", command->options);
	for (guint i = 0; i < G_N_ELEMENTS(groups); i++)
		if (command->needs & groups[i].need)
			append_options(out, &page, groups[i].head,
			               cli_common_options(groups[i].need));
	return g_string_free(out, FALSE);
}

static void append_markdown_options(GString *out, const CliOption *options)
{
	for (; options && options->name; options++) {
		g_autofree char *label = option_label(options);
		g_autofree char *help = option_help(options);
		g_string_append_printf(out, "- `%s`: %s\n", label, help);
	}
}

/* Paragraphs as they are; examples as code blocks. */
static void append_markdown_prose(GString *out, const char *prose)
{
	g_auto(GStrv) lines = g_strsplit(prose, "\n", -1);
	gboolean code = FALSE;
	for (char **line = lines; *line; line++) {
		gboolean example = g_str_has_prefix(*line, "  ");
		if (example != code)
			g_string_append(out, "```\n");
		code = example;
		g_string_append_printf(out, "%s\n", example ? *line + 2 : *line);
	}
	if (code)
		g_string_append(out, "```\n");
	g_string_append_c(out, '\n');
}

char *help_markdown(void)
{
	GString *out = g_string_new(
		"# The command line\n\n"
		"<!-- Made by \"trawl help --markdown\"; a test compares the two. -->\n\n"
		"`trawl NOUN VERB [ARGUMENT…] [OPTION…]`. Exit statuses, files and environment are "
		"in "
		"the man page, `docs/trawl.1`.\n\n"
		"Every command that speaks with the daemon also has:\n\n");
	append_markdown_options(out, cli_common_options(CLI_API));
	g_string_append(out, "\nWhatever shows something also has:\n\n");
	append_markdown_options(out, cli_common_options(CLI_OUT));
	g_string_append(out, "\nLists also have:\n\n");
	append_markdown_options(out, cli_common_options(CLI_LIST));
	for (const CliNoun *noun = cli_nouns; noun->noun; noun++) {
		g_string_append_printf(out, "\n## %s\n\n%c%s.\n", noun->noun,
		                       g_ascii_toupper(noun->help[0]), noun->help + 1);
		for (const CliCommand *command = cli_commands; command->noun; command++) {
			if (strcmp(command->noun, noun->noun) != 0)
				continue;
			g_autofree char *usage = help_usage(command);
			g_string_append_printf(out, "\n### `trawl %s`\n\n%c%s.\n\n", usage,
			                       g_ascii_toupper(command->help[0]),
			                       command->help + 1);
			if (command->more)
				append_markdown_prose(out, command->more);
			append_markdown_options(out, command->options);
		}
	}
	return g_string_free(out, FALSE);
}
