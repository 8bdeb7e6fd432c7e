/* `trawl help`, `trawl completion` and `trawl version`. */
#include "cli/commands.h"
#include "cli/nearest.h"

#include <string.h>
#include <sysexits.h>

int cli_help(Cli *cli, GError **error)
{
	const char *noun = cli_argument(cli, 0), *verb = cli_argument(cli, 1);
	const CliCommand *command = noun ? cli_find(noun, verb) : NULL;
	if (cli_flag(cli, "markdown"))
		cli_print(cli, help_markdown());
	else if (!noun)
		cli_print(cli, help_overview(&cli->out));
	else if (command)
		cli_print(cli, help_command(command, &cli->out));
	else if (!verb && cli_has_verbs(noun))
		cli_print(cli, help_noun(noun, &cli->out));
	else
		g_set_error(error, CLI_USAGE_ERROR, 0, "there is no \"%s%s%s\"", noun,
		            verb ? " " : "", verb ? verb : "");
	return *error ? -1 : EX_OK;
}

int cli_completion(Cli *cli, GError **error)
{
	char *script = completion_script(cli_argument(cli, 0));
	if (script) {
		cli_print(cli, script);
		return EX_OK;
	}
	g_set_error(error, CLI_USAGE_ERROR, 0, "SHELL is bash, zsh or fish, not \"%s\"",
	            cli_argument(cli, 0));
	return -1;
}

int cli_version(Cli *cli, GError **error)
{
	cli_print(cli, cli->json ? g_strdup("{\"version\": \"" TRAWL_VERSION "\"}\n")
	                         : g_strdup("trawl " TRAWL_VERSION "\n"));
	return EX_OK;
}
