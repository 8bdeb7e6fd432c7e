/* `trawl quarantine` and `trawl restore`: asks for a response, and with --wait stays until the last
 * copy is accounted for and shows the ledger. */
#include "base/error.h"
#include "cli/commands.h"
#include "cli/ledger.h"
#include "cli/view.h"
#include "cli/wait.h"

#include <string.h>
#include <sysexits.h>

#define EXIT_UNACCOUNTED 1

/* What a status is called in the ledger; others are their name without underscores. */
/* clang-format off */
static const struct {
	const char *status, *pulled, *restored;
	gboolean unaccounted;
} statuses[] = {
	{"pending",           "under way",           "under way",           TRUE},
	{"not_attempted",     "not attempted",       "not attempted",       TRUE},
	{"success",           "moved",               "put back",            FALSE},
	{"message_not_found", "not there",           "not in quarantine",   FALSE},
	{"mailbox_not_found", "no such mailbox",     "no such mailbox",     FALSE},
	{"dl_resolved",       "list, members below", "list, members below", FALSE},
};
/* clang-format on */

static gboolean is_restore(const json_t *response)
{
	return g_strcmp0(json_text(response, "kind"), "restore") == 0;
}

static gboolean is_unaccounted(const char *status)
{
	for (guint i = 0; i < G_N_ELEMENTS(statuses); i++)
		if (strcmp(statuses[i].status, status) == 0)
			return statuses[i].unaccounted;
	return g_str_has_prefix(status, "failed");
}

static char *status_word(const char *status, gboolean restore)
{
	for (guint i = 0; i < G_N_ELEMENTS(statuses); i++)
		if (g_strcmp0(statuses[i].status, status) == 0)
			return g_strdup(restore ? statuses[i].restored : statuses[i].pulled);
	g_autofree char *words = view_word(status);
	for (guint i = 0; words && i < 2; i++) {
		const char *family = i ? "skipped " : "failed ";
		if (g_str_has_prefix(words, family))
			words[strlen(family) - 1] = ':';
	}
	GString *out = g_string_new(words);
	g_string_replace(out, ":", ": ", 1);
	return g_string_free(out, FALSE);
}

gint64 ledger_unaccounted(const json_t *response)
{
	gint64 sum = 0;
	const char *status;
	json_t *count;
	json_object_foreach (json_at(response, "counts"), status, count) {
		if (is_unaccounted(status))
			sum += json_integer_value(count);
	}
	return sum;
}

static void append_count(GString *parts, const json_t *response, const char *status, gint64 n)
{
	g_autofree char *word = status_word(status, is_restore(response));
	if (n)
		g_string_append_printf(parts, "%s%" G_GINT64_FORMAT " %s", parts->len ? ", " : "",
		                       n, word);
}

char *ledger_summary(const json_t *response)
{
	gint64 rows = 0;
	g_autoptr(GString) parts = g_string_new(NULL);
	const char *status;
	json_t *count;
	append_count(parts, response, "success", json_int(response, "counts.success", 0));
	json_object_foreach (json_at(response, "counts"), status, count) {
		gint64 n = json_integer_value(count);
		rows += n;
		if (strcmp(status, "success") != 0)
			append_count(parts, response, status, n);
	}
	g_autofree char *copies = view_count(rows, "copy", "copies");
	return g_strconcat(copies, parts->len ? ": " : "", parts->str, NULL);
}

json_t *ledger_fetch(Client *client, gint64 response_id, GError **error)
{
	g_autofree char *path =
		g_strdup_printf("/v1/responses/%" G_GINT64_FORMAT "/results", response_id);
	return listing_fetch(client, path, G_MAXINT64, NULL, error);
}

const char *ledger_status(const json_t *response, const json_t *row)
{
	const char *status = json_text(row, is_restore(response) ? "restore_status" : "status");
	return status ? status : "pending";
}

char *ledger_word(const json_t *response, const json_t *row)
{
	return status_word(ledger_status(response, row), is_restore(response));
}

/* Oldest first, and those that are not accounted for last: beside the sum, where one looks. */
static gint compare_rows(gconstpointer a, gconstpointer b, gpointer response)
{
	const json_t *left = *(json_t *const *)a, *right = *(json_t *const *)b;
	gboolean left_bad = is_unaccounted(ledger_status(response, left));
	gboolean right_bad = is_unaccounted(ledger_status(response, right));
	if (left_bad != right_bad)
		return left_bad ? 1 : -1;
	return json_int(left, "id", 0) < json_int(right, "id", 0) ? -1 : 1;
}

void ledger_print(const Cli *cli, const json_t *response, const json_t *results, guint at_most)
{
	/* clang-format off */
	static const TableColumn columns[] = {
		{"mailbox", FALSE, 16, FALSE},
		{"copy",    FALSE, 0,  FALSE},
		{"folder",  FALSE, 8,  FALSE},
		{"read",    FALSE, 0,  TRUE},
		{"why",     FALSE, 12, FALSE},
		{NULL},
	};
	/* clang-format on */
	g_autoptr(Table) table = table_new(columns);
	g_autoptr(GPtrArray) rows = g_ptr_array_new();
	size_t i;
	json_t *row;
	json_array_foreach (results, i, row) {
		g_ptr_array_add(rows, row);
	}
	g_ptr_array_sort_with_data(rows, compare_rows, (gpointer)response);
	guint hidden = rows->len > at_most ? rows->len - at_most : 0;
	for (i = hidden; i < rows->len; i++) {
		row = rows->pdata[i];
		const char *status = ledger_status(response, row);
		const char *why =
			json_text(row, is_restore(response) ? "restore_reason" : "reason");
		g_autofree char *word = ledger_word(response, row);
		json_t *read = json_at(row, "was_read");
		table_add(table, STYLE_PLAIN, json_text(row, "mailbox"));
		table_add(table, view_style(status), word);
		table_add(table, STYLE_PLAIN, json_text(row, "folder"));
		table_add(table, STYLE_PLAIN,
		          json_is_boolean(read) ? json_is_true(read) ? "yes" : "no" : "");
		/* that it went well is its own reason */
		table_add(table, STYLE_PLAIN, strcmp(status, "success") == 0 ? NULL : why);
	}
	if (rows->len)
		view_table(cli, table);
	if (hidden)
		view_line(cli, STYLE_DIM, "the last %u of %u; --all shows every one", at_most,
		          rows->len);
}

/* The end of --wait: the ledger, its sum, and the exit status that says whether it adds up. */
static int finish(Cli *cli, gint64 id, GError **error)
{
	g_autoptr(json_t) response = wait_for_response(cli, id, error);
	g_autoptr(json_t) results =
		response ? ledger_fetch(cli_client(cli, NULL), id, error) : NULL;
	if (!results)
		return -1;
	gint64 missing = ledger_unaccounted(response);
	gboolean done = g_strcmp0(json_text(response, "state"), "done") == 0;
	if (cli->json) {
		json_object_set(response, "results", results);
		cli_print_json(cli, response);
	} else if (!cli->quiet) {
		g_autofree char *sum = ledger_summary(response);
		ledger_print(cli, response, results, G_MAXUINT);
		view_line(cli, missing || !done ? STYLE_BAD : STYLE_GOOD, "%s%s",
		          done ? "" : "cancelled; ", sum);
	}
	return missing || !done ? EXIT_UNACCOUNTED : EX_OK;
}

static int respond(Cli *cli, gint64 incident, json_t *request, GError **error)
{
	g_autoptr(json_t) body = request;
	Client *client = cli_client(cli, error);
	if (!client)
		return -1;
	if (cli_text(cli, "comment"))
		json_object_set_new(body, "comment", json_text_new(cli_text(cli, "comment")));
	g_autofree char *path =
		g_strdup_printf("/v1/incidents/%" G_GINT64_FORMAT "/responses", incident);
	g_autoptr(json_t) response = client_change(client, "POST", path, body, NULL, error);
	if (!response)
		return -1;
	gint64 id = json_int(response, "id", 0);
	if (cli_flag(cli, "wait"))
		return finish(cli, id, error);
	return view_done(cli, response, "id",
	                 g_strdup_printf("%s %" G_GINT64_FORMAT
	                                 " begins; \"trawl incident show %" G_GINT64_FORMAT
	                                 "\" shows its ledger",
	                                 json_text(response, "kind"), id, incident));
}

int cli_quarantine(Cli *cli, GError **error)
{
	gint64 incident;
	if (!cli_argument_id(cli, 0, &incident, error))
		return -1;
	return respond(cli, incident, json_pack("{s:s}", "kind", "quarantine"), error);
}

static gboolean find_incident_of(Cli *cli, gint64 response_id, gint64 *incident, GError **error)
{
	Client *client = cli_client(cli, error);
	g_autofree char *path = g_strdup_printf("/v1/responses/%" G_GINT64_FORMAT, response_id);
	g_autoptr(json_t) response = client ? client_get(client, path, error) : NULL;
	*incident = json_int(response, "incident_id", 0);
	return response != NULL;
}

int cli_restore(Cli *cli, GError **error)
{
	gint64 of = cli_number(cli, "response", 0), incident = 0, its_incident = 0;
	if (!of && !cli_argument(cli, 0)) {
		g_set_error_literal(error, CLI_USAGE_ERROR, 0,
		                    "say which INCIDENT, or which --response, is undone");
		return -1;
	}
	if (cli_argument(cli, 0) && !cli_argument_id(cli, 0, &incident, error))
		return -1;
	if (of && !find_incident_of(cli, of, &its_incident, error))
		return -1;
	if (of && incident && incident != its_incident) {
		g_set_error(error, CLI_USAGE_ERROR, 0,
		            "response %" G_GINT64_FORMAT " is of incident %" G_GINT64_FORMAT, of,
		            its_incident);
		return -1;
	}
	json_t *body = json_pack("{s:s}", "kind", "restore");
	if (of)
		json_object_set_new(body, "of_response", json_integer(of));
	if (cli_number(cli, "copy", 0))
		json_object_set_new(body, "of_result", json_integer(cli_number(cli, "copy", 0)));
	return respond(cli, of ? its_incident : incident, body, error);
}
