/* The table of commands, and what is made from it or must agree with it: parsing, help, the man
 * page, docs/cli.md, completion, exit statuses. */
#include "cli/commands.h"
#include "cli/ledger.h"
#include "cli/prompt.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* --- the table itself --- */

static void test_every_noun_has_a_command_and_every_command_a_noun(void)
{
	for (const CliNoun *noun = cli_nouns; noun->noun; noun++)
		g_assert_true(cli_has_verbs(noun->noun) || cli_find(noun->noun, NULL));
	for (const CliCommand *command = cli_commands; command->noun; command++) {
		gboolean found = FALSE;
		for (const CliNoun *noun = cli_nouns; noun->noun; noun++)
			found = found || strcmp(noun->noun, command->noun) == 0;
		g_assert_true(found);
		g_assert_true(cli_find(command->noun, command->verb) == command);
		g_assert_true((command->run != NULL) != (command->raw != NULL));
	}
}

static void test_help_lines_read_alike(void)
{
	for (const CliCommand *command = cli_commands; command->noun; command++) {
		g_assert_true(g_ascii_islower(command->help[0]));
		g_assert_false(g_str_has_suffix(command->help, "."));
		g_autoptr(GPtrArray) all = cli_all_options(command);
		for (guint i = 0; i < all->len; i++) {
			const CliOption *option = all->pdata[i];
			g_assert_false(g_str_has_suffix(option->help, "."));
			g_assert_true((option->kind == OPTION_FLAG) == (option->value == NULL));
			g_assert_true((option->kind == OPTION_NAME) == (option->names != NULL));
		}
	}
}

static void test_no_command_has_an_option_twice(void)
{
	for (const CliCommand *command = cli_commands; command->noun; command++) {
		g_autoptr(GPtrArray) all = cli_all_options(command);
		g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
		g_autoptr(GString) letters = g_string_new(NULL);
		for (guint i = 0; i < all->len; i++) {
			const CliOption *option = all->pdata[i];
			g_assert_true(g_hash_table_add(seen, (gpointer)option->name));
			g_assert_true(!option->letter || !strchr(letters->str, option->letter));
			if (option->letter)
				g_string_append_c(letters, option->letter);
		}
	}
}

/* --- parsing --- */

#define WORDS(...)                                                                                 \
	(const char *const[])                                                                      \
	{                                                                                          \
		__VA_ARGS__, NULL                                                                  \
	}
#define NO_WORDS                                                                                   \
	(const char *const[])                                                                      \
	{                                                                                          \
		NULL                                                                               \
	}

static void test_words_become_arguments_and_options(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Cli) cli = cli_parse(
		cli_find("server", "add"),
		WORDS("--set", "a=b", "mail", "--kind=imap", "-q", "--set", "c=ü", "--json"),
		&error);
	g_assert_no_error(error);
	g_assert_cmpstr(cli_argument(cli, 0), ==, "mail");
	g_assert_null(cli_argument(cli, 1));
	g_assert_cmpstr(cli_text(cli, "kind"), ==, "imap");
	g_assert_cmpuint(cli_texts(cli, "set")->len, ==, 2);
	g_assert_cmpstr(cli_texts(cli, "set")->pdata[1], ==, "c=ü");
	g_assert_true(cli->json && cli->quiet);
	g_assert_cmpuint(cli_texts(cli, "secret")->len, ==, 0);
}

static void test_a_mistake_is_named(void)
{
	/* clang-format off */
	const struct {
		const char *noun, *verb, *const *words, *message;
	} cases[] = {
		{"incident", "show",   NO_WORDS,                            "INCIDENT is missing"},
		{"incident", "show",   WORDS("1", "2"),                     "there is one argument too many: \"2\""},
		{"incident", "list",   WORDS("--stat", "open"),             "unknown option --stat; did you mean --state?"},
		{"incident", "list",   WORDS("--banana"),                   "unknown option --banana"},
		{"incident", "list",   WORDS("--state", "ajar"),            "--state is one of open, closed, all, not \"ajar\""},
		{"incident", "list",   WORDS("--limit", "0"),               "--limit is a number from 1 to 1000000, not \"0\""},
		{"incident", "list",   WORDS("--limit", "1x"),              "--limit is a number from 1 to 1000000, not \"1x\""},
		{"incident", "list",   WORDS("--title", "a", "--title=b"),  "--title is given twice"},
		{"incident", "list",   WORDS("--title", "\xff"),            "--title: the value is not UTF-8"},
		{"incident", "show",   WORDS("\xff"),                       "argument 1 is not UTF-8"},
		{"incident", "close",  WORDS("1"),                          "--reason is missing"},
		{"source",   "add",    WORDS("x", "--server", "s"),         "--mailbox is missing"},
		{"source",   "set",    WORDS("x", "--interval", "61"),      "--interval: Polling Interval is a number of minutes from 1 to 60, not \"61\""},
		{"source",   "set",    WORDS("x", "--interval", "0"),       "--interval: Polling Interval is a number of minutes from 1 to 60, not \"0\""},
	};
	/* clang-format on */
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Cli) cli =
			cli_parse(cli_find(cases[i].noun, cases[i].verb), cases[i].words, &error);
		g_assert_null(cli);
		g_assert_error(error, CLI_USAGE_ERROR, 0);
		g_assert_cmpstr(error->message, ==, cases[i].message);
	}
}

static void test_help_needs_nothing_else(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Cli) cli = cli_parse(cli_find("source", "add"), WORDS("--help"), &error);
	g_assert_no_error(error);
	g_assert_true(cli_flag(cli, "help"));
}

static void test_numbers_of_things(void)
{
	/* clang-format off */
	static const struct {
		const char *word;
		gint64 id; /* 0: none */
	} cases[] = {
		{"17",                  17},
		{"#17",                 17},
		{"0",                   0},
		{"-1",                  0},
		{"17a",                 0},
		{"",                    0},
		{"#",                   0},
		{"9223372036854775807", G_MAXINT64},
		{"9223372036854775808", 0},
	};
	/* clang-format on */
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Cli) cli =
			cli_parse(cli_find("alert", "show"), WORDS("--", cases[i].word), &error);
		g_assert_no_error(error);
		gint64 id = 0;
		gboolean good = cli_argument_id(cli, 0, &id, &error);
		g_assert_cmpint(good, ==, cases[i].id != 0);
		if (good)
			g_assert_cmpint(id, ==, cases[i].id);
		else
			g_assert_error(error, CLI_USAGE_ERROR, 0);
	}
}

/* --- the documents --- */

static char *read_document(const char *name)
{
	g_autofree char *path = g_build_filename(g_getenv("TRAWL_SOURCE_ROOT"), name, NULL);
	g_autoptr(GError) error = NULL;
	char *text = NULL;
	g_file_get_contents(path, &text, NULL, &error);
	g_assert_no_error(error);
	return text;
}

static void test_the_markdown_is_what_help_says(void)
{
	g_autofree char *written = read_document("docs/cli.md");
	g_autofree char *made = help_markdown();
	if (strcmp(written, made) != 0)
		g_error("docs/cli.md is not what \"trawl help --markdown\" prints");
}

/* A command's part of the man page: from its ".It Ic" to the next one, or to the end of its list.
 */
static char *man_part(const char *page, const CliCommand *command)
{
	g_autofree char *start =
		g_strdup_printf("\n.It Ic %s%s%s", command->noun, command->verb ? " " : "",
	                        command->verb ? command->verb : "");
	const char *at = strstr(page, start);
	while (at && at[strlen(start)] != '\n' && !g_str_has_prefix(at + strlen(start), " Ar ") &&
	       !g_str_has_prefix(at + strlen(start), " Op ") &&
	       !g_str_has_prefix(at + strlen(start), " Oo "))
		at = strstr(at + 1, start);
	if (!at)
		g_error("docs/trawl.1 does not have \"%s\"", start + strlen("\n.It Ic "));
	const char *next = strstr(at + 1, "\n.It Ic ");
	const char *section = strstr(at + 1, "\n.S");
	const char *end = next && next < section ? next : section;
	return g_strndup(at, (gsize)(end - at));
}

/* The options a part describes, ".It Fl a , Fl -all Ar N", are the command's, with the same values.
 */
static void compare_options(const CliCommand *command, const char *part)
{
	guint described = 0, own = 0;
	for (const char *p = part; (p = strstr(p, "\n.It Fl ")); p++)
		described++;
	for (const CliOption *option = command->options; option && option->name; option++) {
		own++;
		g_autofree char *letter =
			option->letter ? g_strdup_printf("%c , Fl ", option->letter) : g_strdup("");
		g_autofree char *line = g_strdup_printf("\n.It Fl %s-%s%s%s\n", letter,
		                                        option->name, option->value ? " Ar " : "",
		                                        option->value ? option->value : "");
		if (!strstr(part, line))
			g_error("docs/trawl.1: %s %s lacks \"%s\"", command->noun,
			        command->verb ? command->verb : "", line + 1);
	}
	if (described != own)
		g_error("docs/trawl.1: %s %s describes %u options and has %u", command->noun,
		        command->verb ? command->verb : "", described, own);
}

static void test_the_man_page_knows_every_command_and_option(void)
{
	g_autofree char *page = read_document("docs/trawl.1");
	guint described = 0, commands = 0;
	for (const char *p = page; (p = strstr(p, "\n.It Ic ")); p++)
		described++;
	for (const CliCommand *command = cli_commands; command->noun; command++) {
		g_autofree char *part = man_part(page, command);
		compare_options(command, part);
		commands++;
	}
	g_assert_cmpuint(described, ==, commands);
	guint shared[] = {CLI_API, CLI_OUT, CLI_LIST, 0};
	for (guint i = 0; i < G_N_ELEMENTS(shared); i++)
		for (const CliOption *o = cli_common_options(shared[i]); o->name; o++) {
			g_autofree char *flag = g_strdup_printf("Fl -%s", o->name);
			g_assert_nonnull(strstr(page, flag));
		}
}

static gboolean have_program(const char *name)
{
	g_autofree char *path = g_find_program_in_path(name);
	if (!path)
		g_test_skip(name);
	return path != NULL;
}

static void run_program(const char *const *argv, char **out, char **err, int *status)
{
	g_autoptr(GError) error = NULL;
	g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, out, err, status,
	             &error);
	g_assert_no_error(error);
}

static void test_the_man_page_is_sound(void)
{
	if (!have_program("mandoc"))
		return;
	g_autofree char *path =
		g_build_filename(g_getenv("TRAWL_SOURCE_ROOT"), "docs", "trawl.1", NULL);
	g_autofree char *out = NULL, *err = NULL;
	int status = 0;
	run_program(WORDS("mandoc", "-Tlint", "-Wwarning", path), &out, &err, &status);
	g_assert_cmpstr(out, ==, "");
	g_assert_cmpint(status, ==, 0);
}

/* --- completion --- */

static void test_shells_accept_their_completion(void)
{
	static const char *const shells[] = {"bash", "zsh", "fish"};
	guint tried = 0;
	for (guint i = 0; i < G_N_ELEMENTS(shells); i++) {
		g_autofree char *program = g_find_program_in_path(shells[i]);
		g_autofree char *script = completion_script(shells[i]);
		g_assert_nonnull(script);
		if (!program)
			continue;
		tried++;
		g_autofree char *path = NULL, *err = NULL;
		int fd = g_file_open_tmp("trawl-completion-XXXXXX", &path, NULL), status = 0;
		g_assert_true(g_file_set_contents(path, script, -1, NULL));
		run_program(WORDS(shells[i], "-n", path), NULL, &err, &status);
		g_assert_cmpstr(err, ==, "");
		g_assert_cmpint(status, ==, 0);
		close(fd);
		g_unlink(path);
	}
	if (!tried)
		g_test_skip("no shell is here");
	g_assert_null(completion_script("csh"));
}

static void test_bash_completes_what_is_in_the_table(void)
{
	/* clang-format off */
	static const struct {
		const char *words, *completed; /* the last of the words is the one under the cursor */
	} cases[] = {
		{"trawl inc",                                "incident"},
		{"trawl incident s",                         "show set"},
		{"trawl incident list --st",                 "--state"},
		{"trawl incident list --severity m",         "minor moderate major"},
		{"trawl source add x --post-process ''",     "none delete move"},
		{"trawl quarantine --w",                     "--wait"},
		{"trawl completion ''",                      "bash zsh fish"},
		{"trawl banana ''",                          ""},
	};
	/* clang-format on */
	if (!have_program("bash"))
		return;
	g_autofree char *script = completion_script("bash");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *try = g_strdup_printf(
			"%s\nCOMP_WORDS=(%s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _trawl; "
			"echo \"${COMPREPLY[*]}\"",
			script, cases[i].words);
		g_autofree char *out = NULL;
		run_program(WORDS("bash", "-c", try), &out, NULL, NULL);
		g_assert_cmpstr(g_strchomp(out), ==, cases[i].completed);
	}
}

/* --- the program --- */

static void test_exit_statuses_say_what_can_be_done(void)
{
	/* clang-format off */
	const struct {
		const char *const *words;
		int status;
		const char *said; /* how standard error, or with status 0 standard output, begins */
	} cases[] = {
		{WORDS("version"),                                   EX_OK,    "trawl "},
		{WORDS("--version"),                                 EX_OK,    "trawl "},
		{WORDS("--help"),                                    EX_OK,    "Trawl "},
		{WORDS("help"),                                      EX_OK,    "Trawl "},
		{WORDS("help", "incident"),                          EX_OK,    "incident: "},
		{WORDS("help", "incident", "show"),                  EX_OK,    "Usage: trawl incident show INCIDENT"},
		{WORDS("incident", "--help"),                        EX_OK,    "incident: "},
		{WORDS("incident", "show", "-h"),                    EX_OK,    "Usage: trawl incident show INCIDENT"},
		{WORDS("breakdown", "--help"),                       EX_OK,    "Usage: trawl breakdown FILE…"},
		{WORDS("completion", "bash"),                        EX_OK,    "# bash"},
		{NO_WORDS,                                           EX_USAGE, "Trawl "},
		{WORDS("incident"),                                  EX_USAGE, "incident: "},
		{WORDS("incidnet"),                                  EX_USAGE, "trawl: there is no \"incidnet\"; did you mean \"incident\"?"},
		{WORDS("incident", "sohw"),                          EX_USAGE, "trawl: incident has no verb \"sohw\"; did you mean \"show\"?"},
		{WORDS("--data", "x", "health"),                     EX_USAGE, "trawl: options follow noun and verb, so does --data; see \"trawl --help\""},
		{WORDS("source", "--json", "list"),                  EX_USAGE, "trawl: options follow noun and verb, so does --json; see \"trawl source --help\""},
		{WORDS("\033[2J"),                                   EX_USAGE, "trawl: there is no \"\\u001b[2J\""},
		{WORDS("incident", "show"),                          EX_USAGE, "trawl: INCIDENT is missing; see \"trawl incident show --help\""},
		{WORDS("completion", "csh"),                         EX_USAGE, "trawl: SHELL is bash, zsh or fish, not \"csh\""},
		{WORDS("help", "banana"),                            EX_USAGE, "trawl: there is no \"banana\""},
		{WORDS("health", "--url", "ftp://127.0.0.1"),        EX_DATAERR, "trawl: \"ftp://127.0.0.1\" is not the address"},
		{WORDS("health", "--key-file", "/nonexistent"),      EX_NOPERM,  "trawl: cannot read the API key"},
		{WORDS("check", "--data", "/nonexistent"),           EX_NOINPUT, "trawl: there is no store at /nonexistent/db/trawl.db"},
		{WORDS("audit", "verify", "--data", "/nonexistent"), EX_NOINPUT, "trawl: there is no store at"},
		{WORDS("serve", "--config", "/nonexistent"),         EX_DATAERR, "trawl: /nonexistent: "},
	};
	/* clang-format on */
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) argv = g_ptr_array_new();
		g_ptr_array_add(argv, (gpointer)g_getenv("TRAWL_BINARY"));
		for (const char *const *word = cases[i].words; *word; word++)
			g_ptr_array_add(argv, (gpointer)*word);
		g_ptr_array_add(argv, NULL);
		g_autofree char *out = NULL, *err = NULL;
		int status = 0;
		run_program((const char *const *)argv->pdata, &out, &err, &status);
		g_assert_true(WIFEXITED(status));
		g_assert_cmpint(WEXITSTATUS(status), ==, cases[i].status);
		const char *said = cases[i].status ? err : out;
		if (!g_str_has_prefix(said, cases[i].said))
			g_error("expected \"%s…\", got \"%s\"", cases[i].said, said);
		g_assert_cmpstr(cases[i].status ? out : err, ==, "");
	}
}

static void test_a_daemon_refuses_a_file_it_does_not_understand(void)
{
	/* clang-format off */
	static const struct {
		const char *file, *said;
	} cases[] = {
		{"[serve]\nthreads = many\n", "threads is a number from 1 to 256, not \"many\""},
		{"[serve]\nthreads = 0\n",    "threads is a number from 1 to 256, not \"0\""},
		{"[serve]\nthread = 4\n",     "there is no key \"thread\""},
		{"[server]\nthreads = 4\n",   "there is no section [server], only [serve]"},
		{"threads = 4\n",             "Key file does not start with a group"},
	};
	/* clang-format on */
	g_autofree char *path = NULL;
	int fd = g_file_open_tmp("trawl-config-XXXXXX", &path, NULL);
	close(fd);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_assert_true(g_file_set_contents(path, cases[i].file, -1, NULL));
		g_autofree char *err = NULL;
		int status = 0;
		run_program(WORDS(g_getenv("TRAWL_BINARY"), "serve", "--config", path, "--data",
		                  "/nonexistent"),
		            NULL, &err, &status);
		g_assert_cmpint(WEXITSTATUS(status), ==, EX_DATAERR);
		if (!strstr(err, cases[i].said))
			g_error("expected \"%s\", got \"%s\"", cases[i].said, err);
	}
	g_unlink(path);
}

/* --- secrets and ledgers --- */

static void test_a_secret_comes_from_anywhere_but_the_command_line(void)
{
	/* clang-format off */
	static const struct {
		const char *file, *secret; /* NULL: refused */
	} cases[] = {
		{"hunter2",        "hunter2"},
		{"hunter2\n",      "hunter2"},
		{"hunter2\r\n",    "hunter2"},
		{"two\nlines\n",   "two\nlines"},
		{" spaced ",       " spaced "},
		{"",               NULL},
		{"\n",             NULL},
		{"\xff",           NULL},
	};
	/* clang-format on */
	g_autofree char *path = NULL;
	int fd = g_file_open_tmp("trawl-secret-XXXXXX", &path, NULL);
	close(fd);
	g_autofree char *given = g_strconcat("password=@", path, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_assert_true(g_file_set_contents(path, cases[i].file, -1, NULL));
		g_autoptr(GError) error = NULL;
		g_autofree char *name = NULL;
		g_autofree char *secret = prompt_secret(given, &name, &error);
		g_assert_cmpstr(name, ==, "password");
		g_assert_cmpstr(secret, ==, cases[i].secret);
		g_assert_true((secret == NULL) == (error != NULL));
	}
	g_unlink(path);
	g_autoptr(GError) error = NULL;
	g_autofree char *name = NULL;
	g_assert_null(prompt_secret("password=hunter2", &name, &error));
	g_assert_error(error, CLI_USAGE_ERROR, 0);
	g_assert_null(strstr(error->message, "hunter2"));
}

static void test_a_ledger_is_summed_in_words(void)
{
	/* clang-format off */
	static const struct {
		const char *response, *summary;
		gint64 unaccounted;
	} cases[] = {
		{"{\"kind\":\"quarantine\",\"counts\":{}}",
		 "0 copies", 0},
		{"{\"kind\":\"quarantine\",\"counts\":{\"success\":1}}",
		 "1 copy: 1 moved", 0},
		{"{\"kind\":\"restore\",\"counts\":{\"success\":2}}",
		 "2 copies: 2 put back", 0},
		{"{\"kind\":\"quarantine\",\"counts\":{\"message_not_found\":1,\"success\":3,\"mailbox_not_found\":1}}",
		 "5 copies: 3 moved, 1 not there, 1 no such mailbox", 0},
		{"{\"kind\":\"quarantine\",\"counts\":{\"failed_no_connectivity\":2,\"skipped_different_message\":1}}",
		 "3 copies: 2 failed: no connectivity, 1 skipped: different message", 2},
		{"{\"kind\":\"quarantine\",\"counts\":{\"pending\":1,\"not_attempted\":1}}",
		 "2 copies: 1 under way, 1 not attempted", 2},
	};
	/* clang-format on */
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(json_t) response = json_parse(cases[i].response, -1, NULL);
		g_autofree char *summary = ledger_summary(response);
		g_assert_cmpstr(summary, ==, cases[i].summary);
		g_assert_cmpint(ledger_unaccounted(response), ==, cases[i].unaccounted);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/command/every noun has a command and every command a noun",
	                test_every_noun_has_a_command_and_every_command_a_noun);
	g_test_add_func("/command/help lines read alike", test_help_lines_read_alike);
	g_test_add_func("/command/no command has an option twice",
	                test_no_command_has_an_option_twice);
	g_test_add_func("/command/words become arguments and options",
	                test_words_become_arguments_and_options);
	g_test_add_func("/command/a mistake is named", test_a_mistake_is_named);
	g_test_add_func("/command/help needs nothing else", test_help_needs_nothing_else);
	g_test_add_func("/command/numbers of things", test_numbers_of_things);
	g_test_add_func("/command/the markdown is what help says",
	                test_the_markdown_is_what_help_says);
	g_test_add_func("/command/the man page knows every command and option",
	                test_the_man_page_knows_every_command_and_option);
	g_test_add_func("/command/the man page is sound", test_the_man_page_is_sound);
	g_test_add_func("/command/shells accept their completion",
	                test_shells_accept_their_completion);
	g_test_add_func("/command/bash completes what is in the table",
	                test_bash_completes_what_is_in_the_table);
	g_test_add_func("/command/exit statuses say what can be done",
	                test_exit_statuses_say_what_can_be_done);
	g_test_add_func("/command/a daemon refuses a file it does not understand",
	                test_a_daemon_refuses_a_file_it_does_not_understand);
	g_test_add_func("/command/a secret comes from anywhere but the command line",
	                test_a_secret_comes_from_anywhere_but_the_command_line);
	g_test_add_func("/command/a ledger is summed in words", test_a_ledger_is_summed_in_words);
	return g_test_run();
}
