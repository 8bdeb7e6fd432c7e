#pragma once
#include "cli/client.h"
#include "cli/terminal.h"

/* The command line as one table: every noun and verb with its arguments, options, help and handler.
 * Parsing, --help, completion and docs/cli.md are made from it, and the man page is tested against
 * it. */

typedef enum {
	OPTION_FLAG,
	OPTION_TEXT,
	OPTION_NUMBER, /* low to high */
	OPTION_NAME    /* one of names */
} OptionKind;

typedef struct {
	const char *name; /* without "--"; NULL ends a list */
	char letter;      /* or 0 */
	OptionKind kind;
	const char *value; /* what stands for the value in help: "FOLDER". SERVER, SOURCE, KEY, FILE
	                      and DIR also say how a shell completes it */
	const char *help;  /* one line, lower case, no full stop */
	gboolean many, required;
	gint64 low, high;
	const char *const *names; /* NULL-terminated */
	const char *rule;         /* of a number: what the API says of another; NULL: usual words */
} CliOption;

typedef struct Cli Cli;
/** Runs a verb: the exit status, or -1 with @error set. */
typedef int (*CliRun)(Cli *cli, GError **error);

typedef enum {
	CLI_API = 1 << 0,  /* talks to the daemon: --url, --key-file, --data      */
	CLI_OUT = 1 << 1,  /* has something to show: --json, --quiet              */
	CLI_LIST = 1 << 2, /* shows a list: --limit, --all                        */
	CLI_RAW = 1 << 3   /* parses its own arguments: the handler is raw        */
} CliNeeds;

typedef struct {
	const char *noun, *verb; /* verb NULL: the noun is a command by itself */
	/* as in help: "SERVER [FOLDER] [FILE…]". Brackets: may be left out; …: any number */
	const char *arguments;
	const CliOption *options; /* its own, or NULL */
	CliRun run;
	int (*raw)(int argc, char **argv);
	guint needs;
	const char *help; /* one line, imperative, no full stop */
	const char *more; /* paragraphs divided by empty lines, "  " before an example; or NULL */
} CliCommand;

/** All commands, those of a noun together; ends with a row whose noun is NULL. */
extern const CliCommand cli_commands[];
/** What a noun is, for help; NULL-terminated by noun. */
typedef struct {
	const char *noun, *help;
} CliNoun;
extern const CliNoun cli_nouns[];

/** The options that come with a need (one bit of CliNeeds), or with every command (0). */
const CliOption *cli_common_options(guint need);
/** Every option of a command, its own first; of const CliOption *, free the array. */
GPtrArray *cli_all_options(const CliCommand *command);

/** The command @noun @verb, or NULL. @verb may be NULL. */
const CliCommand *cli_find(const char *noun, const char *verb);
gboolean cli_has_verbs(const char *noun);

/* An invocation. */
struct Cli {
	const CliCommand *command;
	GPtrArray *arguments; /* of char * */
	GHashTable *options;  /* name -> GPtrArray of char *; values of flags are "" */
	gboolean json, quiet;
	Terminal out, err; /* stdout and stderr */
	Client *client;    /* see cli_client() */
};

/**
 * Parses what follows noun and verb.
 *
 * @argv  NULL-terminated, the verb not included
 * @return  (transfer full) NULL with CLI_USAGE_ERROR, in words that name the argument
 */
Cli *cli_parse(const CliCommand *command, const char *const *argv, GError **error);
void cli_free(Cli *cli);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cli, cli_free)

/* A mistake in the arguments: exit status 64 (EX_USAGE). */
#define CLI_USAGE_ERROR cli_usage_error_quark()
GQuark cli_usage_error_quark(void);

/** The argument number @i from 0, or NULL when it was left out. Borrowed. */
const char *cli_argument(const Cli *cli, guint i);
gboolean cli_flag(const Cli *cli, const char *name);
/** The value, the last of several; NULL when it was not given. Borrowed. */
const char *cli_text(const Cli *cli, const char *name);
/** All values; never NULL, maybe empty; of char *. Borrowed. */
const GPtrArray *cli_texts(const Cli *cli, const char *name);
gint64 cli_number(const Cli *cli, const char *name, gint64 fallback);
/** The argument as the number of a thing ("17" or "#17"). FALSE with CLI_USAGE_ERROR. */
gboolean cli_argument_id(const Cli *cli, guint i, gint64 *id, GError **error);

/** The connection, opened when first asked for. Borrowed; NULL with @error. */
Client *cli_client(Cli *cli, GError **error);

/** Set by the first SIGINT or SIGTERM after cli_catch_stop(): what waits comes back with
 * TRAWL_ERROR_CANCELLED. A second one ends the process as usual. */
extern gint cli_stop;
void cli_catch_stop(void);
/** Sleeps; FALSE when stopped meanwhile. */
gboolean cli_sleep(double seconds);

/** Writes to stdout and frees @text. Whether it arrived is checked once, at the end of main. */
void cli_print(const Cli *cli, char *text);
/** The document as --json shows it. */
void cli_print_json(const Cli *cli, const json_t *document);

/* Help, from the table (help.c); newly allocated. */
char *help_overview(const Terminal *terminal);
char *help_noun(const char *noun, const Terminal *terminal);
char *help_command(const CliCommand *command, const Terminal *terminal);
/** All of it as Markdown: docs/cli.md. */
char *help_markdown(void);
/** "server add NAME --kind KIND […]" */
char *help_usage(const CliCommand *command);

/** Completion for "bash", "zsh" or "fish" (completion.c); newly allocated, NULL for another
 * shell. */
char *completion_script(const char *shell);
