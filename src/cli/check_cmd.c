/* `trawl check`: verifies every promise the store makes, on the store itself, and on request that
 * the mailboxes agree with it. */
#include "cli/commands.h"
#include "cli/local.h"
#include "cli/mailbox_check.h"
#include "cli/view.h"
#include "store/check.h"

#include <sysexits.h>

#define EXIT_BROKEN 1

typedef struct {
	RawStore *raw;
	GPtrArray *results; /* of CheckResult */
} Look;

static gboolean look_at_store(Db *db, gpointer data, GError **error)
{
	Look *look = data;
	g_clear_pointer(&look->results, g_ptr_array_unref);
	look->results = store_check(db, look->raw, error);
	return look->results != NULL;
}

/* Everything there is to check. (transfer full) of CheckResult */
static GPtrArray *check_everything(Cli *cli, GError **error)
{
	g_autofree char *data_dir = local_data_dir(cli);
	g_autofree char *raw_dir = g_build_filename(data_dir, "raw", NULL);
	gboolean in_database =
		cli_flag(cli, "raw-in-database") || !g_file_test(raw_dir, G_FILE_TEST_IS_DIR);
	g_autoptr(DbPool) db = local_open(cli, error);
	g_autoptr(RawStore) raw = db ? raw_store_new(in_database ? NULL : raw_dir, error) : NULL;
	Look look = {.raw = raw};
	if (!raw || !db_read(db, look_at_store, &look, error))
		return NULL;
	g_autoptr(GPtrArray) results = look.results;
	if (!cli_flag(cli, "mailboxes"))
		return g_steal_pointer(&results);
	g_autoptr(GPtrArray) outside = mailbox_check(cli, db, data_dir, error);
	if (!outside)
		return NULL;
	g_ptr_array_extend_and_steal(results, g_steal_pointer(&outside));
	return g_steal_pointer(&results);
}

static json_t *sentences_show(const GPtrArray *sentences)
{
	json_t *array = json_array();
	for (guint i = 0; sentences && i < sentences->len; i++)
		json_array_append_new(array, json_text_new(sentences->pdata[i]));
	return array;
}

static json_t *result_show(const CheckResult *result)
{
	return json_pack("{s:s, s:s, s:I, s:I, s:o, s:I, s:o}", "name", result->name, "claim",
	                 result->claim, "checked", (json_int_t)result->checked, "broken",
	                 (json_int_t)result->n_broken, "examples", sentences_show(result->broken),
	                 "changed", (json_int_t)result->n_changed, "changes",
	                 sentences_show(result->changed));
}

static void print_json(const Cli *cli, const GPtrArray *results, gint64 broken)
{
	g_autoptr(json_t) checks = json_array();
	for (guint i = 0; i < results->len; i++)
		json_array_append_new(checks, result_show(results->pdata[i]));
	g_autoptr(json_t) document =
		json_pack("{s:b, s:O}", "clean", broken == 0, "checks", checks);
	cli_print_json(cli, document);
}

static void print_sentences(const Cli *cli, const GPtrArray *sentences, gint64 count)
{
	for (guint i = 0; i < sentences->len; i++)
		view_line(cli, STYLE_PLAIN, "    %s", (char *)sentences->pdata[i]);
	if (count > sentences->len)
		view_line(cli, STYLE_DIM, "    and %" G_GINT64_FORMAT " more",
		          count - sentences->len);
}

static void print_result(const Cli *cli, const CheckResult *result)
{
	gboolean good = result->n_broken == 0;
	g_autofree char *sign =
		terminal_paint(&cli->out, good ? STYLE_GOOD : STYLE_BAD, good ? "✓" : "✗");
	g_autofree char *count =
		good ? g_strdup_printf("(%" G_GINT64_FORMAT ")", result->checked)
		     : g_strdup_printf("(%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " are not)",
	                               result->n_broken, result->checked);
	g_autofree char *dim = terminal_paint(&cli->out, good ? STYLE_DIM : STYLE_BAD, count);
	cli_print(cli, g_strdup_printf("%s %s %s\n", sign, result->claim, dim));
	print_sentences(cli, result->broken, result->n_broken);
	if (result->n_changed == 0)
		return;
	view_line(cli, STYLE_DIM,
	          "  %" G_GINT64_FORMAT " changed since, which people may do:", result->n_changed);
	print_sentences(cli, result->changed, result->n_changed);
}

int cli_check(Cli *cli, GError **error)
{
	gint64 broken = 0, rows = 0;
	g_autoptr(GPtrArray) results = check_everything(cli, error);
	if (!results)
		return -1;
	for (guint i = 0; i < results->len; i++) {
		const CheckResult *result = results->pdata[i];
		broken += result->n_broken;
		rows += result->checked;
		if (!cli->json && (!cli->quiet || result->n_broken))
			print_result(cli, result);
	}
	if (cli->json)
		print_json(cli, results, broken);
	else if (!cli->quiet)
		view_line(cli, broken ? STYLE_BAD : STYLE_GOOD,
		          "%s: %u checks over %" G_GINT64_FORMAT " rows, %" G_GINT64_FORMAT
		          " broken",
		          broken ? "broken" : "clean", results->len, rows, broken);
	return broken ? EXIT_BROKEN : EX_OK;
}
