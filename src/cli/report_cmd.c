/* `trawl report` and the raw bytes of reports and originals. */
#include "base/error.h"
#include "cli/commands.h"
#include "cli/view.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static void add_row(Table *table, const json_t *item, gpointer sources)
{
	gboolean trusted = json_bool(item, "trusted", FALSE);
	view_add_int(table, item, "id");
	view_add_when(table, item, "received_at");
	view_add_text(table, item, "reporter");
	table_add(table, trusted ? STYLE_GOOD : STYLE_WARN, trusted ? "yes" : "no");
	view_add_word(table, item, "state");
	view_add_text(table, item, "form");
	view_add_word(table, item, "located");
	table_add(table, STYLE_PLAIN, view_name(sources, json_int(item, "source_id", 0)));
	view_add_text(table, item, "subject");
}

int cli_report_list(Cli *cli, GError **error)
{
	/* clang-format off */
	static const TableColumn columns[] = {
		{"id",       TRUE,  0,  FALSE},
		{"received", FALSE, 0,  FALSE},
		{"reporter", FALSE, 16, FALSE},
		{"trusted",  FALSE, 0,  TRUE},
		{"state",    FALSE, 0,  FALSE},
		{"form",     FALSE, 0,  TRUE},
		{"original", FALSE, 0,  TRUE},
		{"source",   FALSE, 8,  TRUE},
		{"subject",  FALSE, 16, FALSE},
		{NULL},
	};
	/* clang-format on */
	static const Listing listing = {"/v1/reports", columns, add_row, "id", "no reports"};
	Client *client = cli_client(cli, error);
	g_autoptr(GHashTable) sources = client ? view_names(client, "/v1/sources", error) : NULL;
	if (!sources)
		return -1;
	g_autoptr(GString) query = g_string_new(NULL);
	client_query(query, "state", cli_text(cli, "state"));
	client_query(query, "reporter", cli_text(cli, "reporter"));
	client_query(query, "incident_id", cli_text(cli, "incident"));
	if (cli_flag(cli, "untrusted"))
		client_query(query, "trusted", "false");
	if (!view_query_source(cli, query, error))
		return -1;
	return listing_run(cli, &listing, query->str, sources, error);
}

static void add_fields(Fields *fields, const json_t *report)
{
	gboolean trusted = json_bool(report, "trusted", FALSE);
	g_autofree char *trust =
		g_strconcat(trusted ? "yes" : "no", json_text(report, "trust_reason") ? ": " : "",
	                    json_text(report, "trust_reason"), NULL);
	view_field_text(fields, "reporter", report, "reporter");
	view_field_text(fields, "name", report, "reporter_name");
	fields_add(fields, "trusted", trusted ? STYLE_GOOD : STYLE_WARN, trust);
	view_field_text(fields, "subject", report, "subject");
	view_field_text(fields, "message-id", report, "message_id");
	view_field_word(fields, "state", report, "state");
	view_field_text(fields, "form", report, "form");
	view_field_word(fields, "original", report, "located");
	view_field_word(fields, "post-process", report, "post_process");
	view_field_text(fields, "", report, "post_process_detail");
	view_field_when(fields, "received", report, "received_at");
	view_field_when(fields, "found", report, "found_at");
	view_field_text(fields, "sha256", report, "sha256");
	view_field_list(fields, "incidents", report, "incident_ids");
}

int cli_report_show(Cli *cli, GError **error)
{
	gint64 id;
	Client *client;
	if (!cli_argument_id(cli, 0, &id, error) || !(client = cli_client(cli, error)))
		return -1;
	g_autofree char *path = g_strdup_printf("/v1/reports/%" G_GINT64_FORMAT, id);
	g_autoptr(json_t) report = client_get(client, path, error);
	if (!report)
		return -1;
	return view_page(cli, report, "state", add_fields);
}

/* Where a download goes: a file that appears only when it is whole, or stdout. */
typedef struct {
	FILE *to;
	int problem; /* errno of a failed write */
} Save;

static gboolean save_piece(const HttpAnswer *answer, const char *octets, gsize length,
                           gpointer data)
{
	Save *save = data;
	if (fwrite(octets, 1, length, save->to) == length)
		return TRUE;
	save->problem = errno ? errno : EIO;
	return FALSE;
}

static gboolean save_failed(const char *what, int problem, GError **error)
{
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE, "cannot write %s: %s", what,
	            g_strerror(problem));
	return FALSE;
}

static gboolean download(Client *client, const char *path, Save *save, const char *what,
                         GError **error)
{
	if (!client_download(client, path, save_piece, save, error))
		return FALSE;
	if (!save->problem && fflush(save->to) != 0)
		save->problem = errno;
	return save->problem ? save_failed(what, save->problem, error) : TRUE;
}

static gboolean download_to_file(Client *client, const char *path, const char *name, GError **error)
{
	g_autofree char *part = g_strconcat(name, ".part", NULL);
	Save save = {.to = fopen(part, "wxe")};
	if (!save.to)
		return save_failed(part, errno, error);
	gboolean good = download(client, path, &save, part, error);
	if (fclose(save.to) != 0 && good)
		good = save_failed(part, errno, error);
	if (good && rename(part, name) != 0)
		good = save_failed(name, errno, error);
	if (!good)
		unlink(part);
	return good;
}

/* Raw mail on a terminal could do anything to it. */
static int save_raw(Cli *cli, const char *path, const char *name, GError **error)
{
	Client *client = cli_client(cli, error);
	if (!client)
		return -1;
	cli_catch_stop();
	if (name && strcmp(name, "-") != 0)
		return download_to_file(client, path, name, error) ? EX_OK : -1;
	if (!name && cli->out.width) {
		g_set_error_literal(error, CLI_USAGE_ERROR, 0,
		                    "raw mail does not go to a terminal; say --output FILE, or "
		                    "pipe it");
		return -1;
	}
	Save save = {.to = stdout};
	return download(client, path, &save, "standard output", error) ? EX_OK : -1;
}

int cli_report_raw(Cli *cli, GError **error)
{
	gint64 id;
	if (!cli_argument_id(cli, 0, &id, error))
		return -1;
	g_autofree char *path = g_strdup_printf("/v1/reports/%" G_GINT64_FORMAT "/raw", id);
	return save_raw(cli, path, cli_text(cli, "output"), error);
}

/* The number of an incident's original; 0 with an error. */
static gint64 find_original(Client *client, gint64 id, GError **error)
{
	g_autofree char *at = g_strdup_printf("/v1/incidents/%" G_GINT64_FORMAT, id);
	g_autoptr(json_t) incident = client_get(client, at, error);
	gint64 original = json_int(incident, "original_id", 0);
	if (incident && !original)
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND,
		            "incident %" G_GINT64_FORMAT
		            " has no original; \"trawl report raw\" has what was reported",
		            id);
	return original;
}

int cli_incident_raw(Cli *cli, GError **error)
{
	gint64 id, original;
	Client *client;
	if (!cli_argument_id(cli, 0, &id, error) || !(client = cli_client(cli, error)) ||
	    !(original = find_original(client, id, error)))
		return -1;
	g_autofree char *path = g_strdup_printf("/v1/originals/%" G_GINT64_FORMAT "/raw", original);
	return save_raw(cli, path, cli_text(cli, "output"), error);
}

/* --- attachments --------------------------------------------------------------------------------
 */

static void add_attachments(Table *table, const json_t *list, guint depth)
{
	size_t i;
	json_t *one;
	json_array_foreach ((json_t *)list, i, one) {
		const char *name = json_text(one, "name");
		const char *type = json_text(one, "detected");
		g_autofree char *shown =
			g_strdup_printf("%*s%s", (int)(2 * depth), "", name ? name : "(no name)");
		table_add(table, STYLE_PLAIN, shown);
		view_add_int(table, one, "size");
		table_add(table, STYLE_PLAIN, type ? type : json_text(one, "type"));
		view_add_text(table, one, "sha256");
		add_attachments(table, json_object_get(one, "parts"), depth + 1);
		add_attachments(table, json_at(one, "message.attachments"), depth + 1);
	}
}

static int list_attachments(Cli *cli, gint64 original, GError **error)
{
	/* clang-format off */
	static const TableColumn columns[] = {
		{"name",   FALSE, 20, FALSE},
		{"size",   TRUE,  0,  FALSE},
		{"type",   FALSE, 10, FALSE},
		{"sha256", FALSE, 0,  FALSE},
		{NULL},
	};
	/* clang-format on */
	Client *client = cli_client(cli, error);
	g_autofree char *path =
		g_strdup_printf("/v1/originals/%" G_GINT64_FORMAT "?bodies=false", original);
	g_autoptr(json_t) document = client ? client_get(client, path, error) : NULL;
	if (!document)
		return -1;
	json_t *list = json_at(document, "breakdown.message.attachments");
	if (cli->json)
		return view_done(cli, list, NULL, NULL);
	g_autoptr(Table) table = table_new(columns);
	add_attachments(table, list, 0);
	if (table_rows(table) == 0)
		cli_print(cli, g_strdup("no attachments\n"));
	else
		view_table(cli, table);
	return EX_OK;
}

int cli_incident_attachments(Cli *cli, GError **error)
{
	gint64 id, original;
	Client *client;
	const char *zip = cli_text(cli, "zip");
	if (!cli_argument_id(cli, 0, &id, error) || !(client = cli_client(cli, error)) ||
	    !(original = find_original(client, id, error)))
		return -1;
	if (!zip)
		return list_attachments(cli, original, error);
	g_autoptr(GString) path = g_string_new(NULL);
	g_string_printf(path, "/v1/originals/%" G_GINT64_FORMAT "/attachments", original);
	client_query(path, "sha256", cli_text(cli, "sha256"));
	client_query(path, "encryption", cli_flag(cli, "zipcrypto") ? "zipcrypto" : NULL);
	return save_raw(cli, path->str, zip, error);
}
