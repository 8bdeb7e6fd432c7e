/* `trawl reporter` and `trawl statistics`: who reports, and what went on. */
#include "base/clock.h"
#include "cli/commands.h"
#include "cli/view.h"
#include "cli/when.h"

#include <sysexits.h>

static void add_row(Table *table, const json_t *item, gpointer data)
{
	static const char *const counts[] = {"reports", "right", "nuisance",
	                                     "wrong",   "open",  "trusted"};
	view_add_text(table, item, "address");
	for (guint i = 0; i < G_N_ELEMENTS(counts); i++)
		view_add_int(table, item, counts[i]);
	view_add_when(table, item, "last_at");
	view_add_text(table, item, "name");
}

int cli_reporter_list(Cli *cli, GError **error)
{
	/* clang-format off */
	static const TableColumn columns[] = {
		{"reporter", FALSE, 20, FALSE},
		{"reports",  TRUE,  0,  FALSE},
		{"right",    TRUE,  0,  FALSE},
		{"nuisance", TRUE,  0,  FALSE},
		{"wrong",    TRUE,  0,  FALSE},
		{"open",     TRUE,  0,  FALSE},
		{"trusted",  TRUE,  0,  TRUE},
		{"last",     FALSE, 0,  FALSE},
		{"name",     FALSE, 8,  TRUE},
		{NULL},
	};
	/* clang-format on */
	static const Listing listing = {"/v1/reporters", columns, add_row, "address",
	                                "nobody like that has reported anything"};
	g_autoptr(GString) query = g_string_new(NULL);
	client_query(query, "sort", cli_text(cli, "sort"));
	client_query(query, "q", cli_text(cli, "find"));
	return listing_run(cli, &listing, query->str, NULL, error);
}

/* "3 min", or nothing when it has happened to no incident. */
static char *took(const json_t *duration, const char *member)
{
	const json_t *seconds = json_object_get(duration, member);
	if (!json_is_integer(seconds))
		return g_strdup("–");
	gint64 n = json_integer_value(seconds);
	if (n < 60)
		return g_strdup_printf("%" G_GINT64_FORMAT " s", n);
	if (n < 3600)
		return g_strdup_printf("%" G_GINT64_FORMAT " min", n / 60);
	return n < 172800 ? g_strdup_printf("%" G_GINT64_FORMAT " h", n / 3600)
	                  : g_strdup_printf("%" G_GINT64_FORMAT " d", n / 86400);
}

static void print_times(const Cli *cli, const json_t *times)
{
	/* clang-format off */
	static const TableColumn columns[] = {
		{"until",     FALSE, 0, FALSE},
		{"half",      TRUE,  0, FALSE},
		{"90 %",      TRUE,  0, FALSE},
		{"99 %",      TRUE,  0, FALSE},
		{"incidents", TRUE,  0, FALSE},
		{NULL},
	};
	static const struct {
		const char *member, *words;
	} rows[] = {{"look", "somebody looks"}, {"verdict", "a verdict"}, {"pull", "it is pulled"}};
	/* clang-format on */
	g_autoptr(Table) table = table_new(columns);
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		const json_t *one = json_object_get(times, rows[i].member);
		g_autofree char *half = took(one, "p50"), *most = took(one, "p90"),
				*slowest = took(one, "p99");
		table_add(table, STYLE_PLAIN, rows[i].words);
		table_add(table, STYLE_PLAIN, half);
		table_add(table, STYLE_PLAIN, most);
		table_add(table, STYLE_PLAIN, slowest);
		view_add_int(table, one, "count");
	}
	view_heading(cli, "How long it takes");
	view_table(cli, table);
}

static void print_counts(const Cli *cli, const char *heading, const json_t *counts)
{
	const char *name;
	json_t *count;
	g_autoptr(Fields) fields = fields_new();
	json_object_foreach ((json_t *)counts, name, count) {
		g_autofree char *word = view_word(name), *n = view_value(count);
		if (json_integer_value(count))
			fields_add(fields, word, STYLE_PLAIN, n);
	}
	view_heading(cli, "%s", heading);
	view_fields(cli, fields);
}

int cli_statistics(Cli *cli, GError **error)
{
	gint64 reports = 0, incidents = 0, now = clock_now();
	g_autoptr(GString) path = g_string_new("/v1/statistics");
	g_autofree char *from = clock_format(now - cli_number(cli, "days", 30) * CLOCK_DAY);
	g_autofree char *to = clock_format(now);
	client_query(path, "from", from);
	client_query(path, "to", to);
	if (!view_query_source(cli, path, error) || !cli_client(cli, error))
		return -1;
	g_autoptr(json_t) document = client_get(cli->client, path->str, error);
	if (!document)
		return -1;
	if (cli->json) {
		cli_print_json(cli, document);
		return EX_OK;
	}
	size_t i;
	json_t *day;
	json_array_foreach (json_at(document, "days"), i, day) {
		reports += json_int(day, "reports", 0);
		incidents += json_int(day, "incidents", 0);
	}
	if (cli->quiet) {
		view_line(cli, STYLE_PLAIN, "%" G_GINT64_FORMAT, reports);
		return EX_OK;
	}
	view_line(cli, STYLE_BOLD,
	          "%" G_GINT64_FORMAT " reports, %" G_GINT64_FORMAT " incidents opened", reports,
	          incidents);
	print_times(cli, json_at(document, "times"));
	print_counts(cli, "Verdicts", json_at(document, "verdicts"));
	return EX_OK;
}
