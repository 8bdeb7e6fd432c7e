/* `trawl activity` and `trawl incident watch`: what has happened, and what happens. */
#include "cli/activity.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/view.h"
#include "cli/when.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* What a record says, for the actions that come often; {members} of its detail. Others show all of
 * their detail. */
/* clang-format off */
static const struct {
	const char *action, *sentence;
} sentences[] = {
	{"report.keep",        "source {source}"},
	{"report.read",        "{form} from {reporter}, original {located}"},
	{"incident.open",      "report {report} from {reporter}"},
	{"incident.join",      "report {report} from {reporter}"},
	{"incident.reopen",    "{reason}"},
	{"incident.close",     "{reason}"},
	{"incident.finding",   "{detail}"},
	{"incident.update",    "{changes}"},
	{"alert.raise",        "{raised} new ones for {recipients} recipients"},
	{"response.requested", "{kind}: {comment}"},
	{"response.running",   "{kind}"},
	{"response.done",      "{kind}: {counts}"},
	{"copy.moved",         "{mailbox}: {reason}"},
	{"copy.restored",      "{mailbox}: {reason}"},
	{"copy.ended",         "{mailbox}: {reason}"},
};
/* clang-format on */

static char *fill_sentence(const char *sentence, const json_t *detail)
{
	g_autoptr(GString) out = g_string_new(NULL);
	for (const char *p = sentence; *p; p++) {
		const char *end = *p == '{' ? strchr(p, '}') : NULL;
		if (!end) {
			g_string_append_c(out, *p);
			continue;
		}
		g_autofree char *name = g_strndup(p + 1, (gsize)(end - p - 1));
		g_autofree char *value = view_value(json_at(detail, name));
		g_string_append(out, value);
		p = end;
	}
	if (g_str_has_suffix(out->str, ": "))
		g_string_truncate(out, out->len - 2);
	return g_strdup(out->str);
}

static char *describe(const json_t *record)
{
	const char *action = json_text(record, "action");
	const json_t *detail = json_at(record, "detail");
	for (guint i = 0; i < G_N_ELEMENTS(sentences); i++)
		if (g_strcmp0(sentences[i].action, action) == 0)
			return fill_sentence(sentences[i].sentence, detail);
	return view_value(detail);
}

/* "incident 17", or "copy 3" beside the incident's own column. */
static char *format_object(const json_t *record)
{
	const char *kind = json_text(record, "object_kind");
	g_autofree char *word = view_word(kind);
	return g_strdup_printf("%s %" G_GINT64_FORMAT, word ? word : "",
	                       json_int(record, "object_id", 0));
}

void activity_print(const Cli *cli, const json_t *records, gboolean incidents)
{
	/* clang-format off */
	static const TableColumn columns[] = {
		{"when",   FALSE, 0,  FALSE},
		{"who",    FALSE, 8,  FALSE},
		{"what",   FALSE, 0,  FALSE},
		{"of",     FALSE, 0,  TRUE},
		{"detail", FALSE, 16, FALSE},
		{NULL},
	};
	/* clang-format on */
	/* clang-format off */
	static const TableColumn with_incident[] = {
		{"seq",      TRUE,  0,  TRUE},
		{"when",     FALSE, 0,  FALSE},
		{"who",      FALSE, 8,  FALSE},
		{"what",     FALSE, 0,  FALSE},
		{"of",       FALSE, 0,  FALSE},
		{"incident", TRUE,  0,  TRUE},
		{"detail",   FALSE, 16, FALSE},
		{NULL},
	};
	/* clang-format on */
	g_autoptr(Table) table = table_new(incidents ? with_incident : columns);
	size_t i;
	json_t *record;
	json_array_foreach (records, i, record) {
		g_autofree char *object = format_object(record);
		g_autofree char *detail = describe(record);
		if (incidents)
			view_add_int(table, record, "seq");
		view_add_when(table, record, "at");
		view_add_text(table, record, "actor");
		view_add_text(table, record, "action");
		table_add(table, STYLE_PLAIN, object);
		if (incidents)
			view_add_int(table, record, "incident_id");
		table_add(table, STYLE_DIM, detail);
	}
	if (table_rows(table))
		view_table(cli, table);
}

/* --- as it happens --- */

typedef struct {
	Cli *cli;
	gboolean incidents_only;
} Watch;

static char *clock_time(const json_t *record)
{
	gint64 wall;
	if (!clock_parse(json_text(record, "at"), &wall))
		return g_strdup("");
	g_autofree char *local = when_local(wall, NULL);
	return g_strdup(local + strlen("2026-11-23 "));
}

/* The title of an incident that has just been opened; NULL when it cannot be had. */
static char *fetch_title(const Watch *watch, const json_t *record)
{
	if (g_strcmp0(json_text(record, "action"), "incident.open") != 0)
		return NULL;
	g_autofree char *path = g_strdup_printf("/v1/incidents/%" G_GINT64_FORMAT,
	                                        json_int(record, "incident_id", 0));
	g_autoptr(json_t) incident = client_get(watch->cli->client, path, NULL);
	return g_strdup(json_text(incident, "title"));
}

static gboolean print_record(const Watch *watch, const json_t *record)
{
	const Cli *cli = watch->cli;
	gint64 incident = json_int(record, "incident_id", 0);
	if (watch->incidents_only && !incident)
		return TRUE;
	if (cli->json) {
		g_autofree char *line = json_format(record);
		puts(line);
	} else if (cli->quiet) {
		printf("%" G_GINT64_FORMAT "\n", json_int(record, "seq", 0));
	} else {
		g_autofree char *time = clock_time(record);
		g_autofree char *title = fetch_title(watch, record);
		g_autofree char *object = format_object(record);
		g_autofree char *detail = describe(record);
		g_autofree char *tail = g_strdup(title ? title : detail ? detail : "");
		g_autofree char *number =
			incident ? g_strdup_printf("#%" G_GINT64_FORMAT, incident) : g_strdup("");
		g_autofree char *line = g_strdup_printf("%s  %5s  %-20s  %-14s  %s  %s", time,
		                                        number, json_text(record, "action"),
		                                        json_text(record, "actor"), object, tail);
		g_autofree char *safe = text_for_terminal(line);
		g_autofree char *cut =
			cli->out.width ? terminal_cut(safe, cli->out.width) : g_strdup(safe);
		g_autofree char *painted =
			terminal_paint(&cli->out, title ? STYLE_BOLD : STYLE_PLAIN, cut);
		puts(painted);
	}
	return fflush(stdout) == 0;
}

static gboolean print_event(const SseEvent *event, gpointer data)
{
	g_autoptr(json_t) record = json_parse(event->data, -1, NULL);
	return !record || print_record(data, record);
}

static int follow(Cli *cli, gint64 incident, gint64 after, gboolean incidents_only, GError **error)
{
	Client *client = cli_client(cli, error);
	if (!client)
		return -1;
	cli_catch_stop();
	g_autoptr(GString) path = g_string_new("/v1/events");
	g_autofree char *of = incident ? g_strdup_printf("%" G_GINT64_FORMAT, incident) : NULL;
	g_autofree char *from = after >= 0 ? g_strdup_printf("%" G_GINT64_FORMAT, after) : NULL;
	client_query(path, "incident_id", of);
	client_query(path, "after", from);
	Watch watch = {cli, incidents_only};
	g_autoptr(GError) problem = NULL;
	if (client_follow(client, path->str, print_event, &watch, &problem) ||
	    g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_CANCELLED))
		return EX_OK; /* Ctrl-C is how one ends watching */
	g_propagate_error(error, g_steal_pointer(&problem));
	return -1;
}

/* --- as it was --- */

/* Comes newest first, a page at a time, until there is enough; told oldest first. */
json_t *activity_latest(Client *client, gint64 incident_id, const char *filter, gint64 n,
                        GError **error)
{
	g_autoptr(json_t) newest = json_array();
	gint64 before = 0;
	do {
		g_autoptr(GString) path = g_string_new("/v1/");
		if (incident_id)
			g_string_append_printf(path, "incidents/%" G_GINT64_FORMAT "/",
			                       incident_id);
		gint64 limit = CLAMP(n - (gint64)json_array_size(newest), 1, LIMIT_PAGE);
		g_string_append_printf(path, "activity%s", filter ? filter : "");
		g_string_append_printf(path, "%cbefore=%" G_GINT64_FORMAT "&limit=%d",
		                       filter && *filter ? '&' : '?', before, (int)limit);
		g_autoptr(json_t) page = client_get(client, path->str, error);
		if (!page)
			return NULL;
		json_array_extend(newest, json_at(page, "items"));
		before = json_int(page, "before", 0);
	} while (before && (gint64)json_array_size(newest) < n);
	json_t *latest = json_array();
	for (size_t i = json_array_size(newest); i > 0; i--)
		json_array_append(latest, json_array_get(newest, i - 1));
	return latest;
}

int cli_activity(Cli *cli, GError **error)
{
	gint64 incident = cli_number(cli, "incident", 0);
	gint64 n = cli_flag(cli, "all") ? G_MAXINT64 : cli_number(cli, "limit", LIMIT_PAGE_DEFAULT);
	Client *client = cli_client(cli, error);
	g_autoptr(GString) filter = g_string_new(NULL);
	gboolean following = cli_flag(cli, "follow"), filtered = view_query_filter(cli, filter);
	if (filtered && (following || incident)) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		            following ? "--follow shows everything: leave the filter out"
		                      : "say incident:%" G_GINT64_FORMAT
		                        " in the filter instead of "
		                        "--incident",
		            incident);
		return -1;
	}
	g_autoptr(json_t) records =
		client ? activity_latest(client, incident, filter->str, n, error) : NULL;
	if (!records)
		return -1;
	size_t count = json_array_size(records), i;
	json_t *record;
	if (cli->json && !following) {
		g_autoptr(json_t) document = json_pack("{s:O}", "items", records);
		cli_print_json(cli, document);
	} else if (cli->json || cli->quiet || following) {
		Watch watch = {cli, FALSE};
		json_array_foreach (records, i, record) {
			print_record(&watch, record);
		}
	} else {
		activity_print(cli, records, TRUE);
	}
	if (!following)
		return EX_OK;
	gint64 last = count ? json_int(json_array_get(records, count - 1), "seq", 0) : -1;
	return follow(cli, incident, last, FALSE, error);
}

int cli_incident_watch(Cli *cli, GError **error)
{
	gint64 incident = 0;
	if (cli_argument(cli, 0) && !cli_argument_id(cli, 0, &incident, error))
		return -1;
	return follow(cli, incident, -1, TRUE, error);
}
