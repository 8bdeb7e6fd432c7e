/* `trawl job`: what the daemon has to do, does, and could not do. */
#include "cli/activity.h"
#include "cli/commands.h"
#include "cli/view.h"

#include <sysexits.h>

static void add_row(Table *table, const json_t *item, gpointer data)
{
	view_add_int(table, item, "id");
	view_add_text(table, item, "kind");
	view_add_word(table, item, "state");
	g_autofree char *about = view_value(json_at(item, "payload"));
	table_add(table, STYLE_PLAIN, about);
	view_add_int(table, item, "attempts");
	view_add_when(table, item, "run_at");
	view_add_when(table, item, "updated_at");
	view_add_text(table, item, "last_error");
}

int cli_job_list(Cli *cli, GError **error)
{
	/* clang-format off */
	static const TableColumn columns[] = {
		{"id",         TRUE,  0,  FALSE},
		{"kind",       FALSE, 0,  FALSE},
		{"state",      FALSE, 0,  FALSE},
		{"about",      FALSE, 10, TRUE},
		{"failed",     TRUE,  0,  TRUE},
		{"due",        FALSE, 0,  FALSE},
		{"changed",    FALSE, 0,  TRUE},
		{"last error", FALSE, 16, FALSE},
		{NULL},
	};
	/* clang-format on */
	static const Listing listing = {"/v1/jobs", columns, add_row, "id", "no jobs"};
	g_autoptr(GString) query = g_string_new(NULL);
	client_query(query, "state", cli_text(cli, "state"));
	client_query(query, "kind", cli_text(cli, "kind"));
	return listing_run(cli, &listing, query->str, NULL, error);
}

static void add_fields(Fields *fields, const json_t *job)
{
	g_autofree char *payload = view_value(json_at(job, "payload"));
	g_autofree char *result = view_value(json_at(job, "result"));
	g_autofree char *attempts =
		g_strdup_printf("%" G_GINT64_FORMAT, json_int(job, "attempts", 0));
	view_field_text(fields, "kind", job, "kind");
	view_field_word(fields, "state", job, "state");
	fields_add(fields, "about", STYLE_PLAIN, payload);
	view_field_text(fields, "lane", job, "lane");
	fields_add(fields, "failed tries", STYLE_PLAIN, attempts);
	view_field_when(fields, "due", job, "run_at");
	view_field_text(fields, "run by", job, "worker");
	view_field_text(fields, "last error", job, "last_error");
	view_field_word(fields, "", job, "last_error_code");
	fields_add(fields, "result", STYLE_PLAIN, result);
	view_field_when(fields, "queued", job, "created_at");
	view_field_when(fields, "changed", job, "updated_at");
}

int cli_job_show(Cli *cli, GError **error)
{
	gint64 id;
	Client *client;
	if (!cli_argument_id(cli, 0, &id, error) || !(client = cli_client(cli, error)))
		return -1;
	g_autofree char *path = g_strdup_printf("/v1/jobs/%" G_GINT64_FORMAT, id);
	g_autoptr(json_t) job = client_get(client, path, error);
	if (!job)
		return -1;
	return view_page(cli, job, "state", add_fields);
}

static int change(Cli *cli, const char *verb, const char *sentence, GError **error)
{
	gint64 id;
	Client *client;
	if (!cli_argument_id(cli, 0, &id, error) || !(client = cli_client(cli, error)))
		return -1;
	g_autofree char *path = g_strdup_printf("/v1/jobs/%" G_GINT64_FORMAT "/%s", id, verb);
	g_autoptr(json_t) job = client_change(client, "POST", path, NULL, NULL, error);
	if (!job)
		return -1;
	return view_done(cli, job, "id",
	                 g_strdup_printf("job %" G_GINT64_FORMAT " %s", id, sentence));
}

int cli_job_retry(Cli *cli, GError **error)
{
	return change(cli, "retry", "is tried again now", error);
}

int cli_job_cancel(Cli *cli, GError **error)
{
	return change(cli, "cancel", "is cancelled", error);
}
