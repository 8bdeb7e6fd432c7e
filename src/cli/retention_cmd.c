/* `trawl retention`: how long things are kept, and what goes. */
#include "base/error.h"
#include "cli/commands.h"
#include "cli/view.h"

#include <string.h>
#include <sysexits.h>

/* Options, as they are said, and what they are about. */
/* clang-format off */
static const struct {
	const char *option, *member, *what;
} periods[] = {
	{"content",   "content_days",  "messages of closed incidents"},
	{"undo",      "undo_days",     "what was pulled can be put back"},
	{"incidents", "incident_days", "closed incidents"},
	{"nuisance",  "nuisance_days", "spam, bulk and what was no report"},
	{"audit",     "audit_days",    "audit log"},
	{"sessions",  "session_days",  "sessions that ended"},
	{"jobs",      "job_days",      "jobs that ended"},
	{"polls",     "poll_days",     "polls"},
	{"answers",   "answer_days",   "answers to repeat"},
};
/* clang-format on */

static char *days_of(const json_t *plan, const char *member)
{
	gint64 days = json_int(plan, member, 0);
	return days ? view_count(days, "day", "days") : g_strdup("for ever");
}

static void add_fields(Fields *fields, const json_t *plan)
{
	for (guint i = 0; i < G_N_ELEMENTS(periods); i++) {
		g_autofree char *days = days_of(plan, periods[i].member);
		fields_add(fields, periods[i].what, STYLE_PLAIN, days);
	}
	view_field_when(fields, "next run", plan, "next_at");
	g_autofree char *first =
		g_strdup_printf("record %" G_GINT64_FORMAT, json_int(plan, "audit_first", 1));
	fields_add(fields, "audit log begins at", STYLE_PLAIN, first);
}

int cli_retention_show(Cli *cli, GError **error)
{
	Client *client = cli_client(cli, error);
	g_autoptr(json_t) plan = client ? client_get(client, "/v1/retention", error) : NULL;
	return plan ? view_page(cli, plan, "incident_days", add_fields) : -1;
}

/* --- what would go ------------------------------------------------------------------------------
 */

/* "365" or "ever"; 0 is for ever. */
static gboolean parse_days(const char *text, gint64 *days, GError **error)
{
	*days = 0;
	if (strcmp(text, "ever") == 0 || g_ascii_string_to_signed(text, 10, 1, 36500, days, NULL))
		return TRUE;
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
	            "“%s” is neither a number of days nor \"ever\"", text);
	return FALSE;
}

/* The periods of @plan with those that were said. @shorter (out, nullable). */
static json_t *apply(const Cli *cli, const json_t *plan, gboolean *shorter, GError **error)
{
	g_autoptr(json_t) wanted = json_object();
	for (guint i = 0; i < G_N_ELEMENTS(periods); i++) {
		const char *said = cli_text(cli, periods[i].option);
		gint64 was = json_int(plan, periods[i].member, 0), is = was;
		if (said && !parse_days(said, &is, error))
			return NULL;
		json_object_set_new(wanted, periods[i].member, is ? json_integer(is) : json_null());
		if (shorter)
			*shorter |= is && (!was || is < was);
	}
	return g_steal_pointer(&wanted);
}

static json_t *fetch_preview(Client *client, const json_t *wanted, GError **error)
{
	g_autoptr(GString) path = g_string_new("/v1/retention/preview");
	for (guint i = 0; i < G_N_ELEMENTS(periods); i++) {
		gint64 days = json_int(wanted, periods[i].member, 0);
		g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, days);
		client_query(path, periods[i].member, days ? text : NULL);
	}
	return client_get(client, path->str, error);
}

static void add_count(Fields *fields, const json_t *preview, const char *member, const char *what)
{
	g_autofree char *n = g_strdup_printf("%" G_GINT64_FORMAT, json_int(preview, member, 0));
	fields_add(fields, what, STYLE_PLAIN, n);
}

static void add_preview(Fields *fields, const json_t *preview)
{
	g_autofree char *size =
		g_format_size_full((guint64)json_int(preview, "bytes", 0), G_FORMAT_SIZE_IEC_UNITS);
	add_count(fields, preview, "incidents", "incidents to go");
	add_count(fields, preview, "reports", "their reports");
	add_count(fields, preview, "contents", "others that lose their messages");
	fields_add(fields, "messages, at most", STYLE_PLAIN, size);
	view_field_when(fields, "the oldest from", preview, "oldest_at");
	add_count(fields, preview, "copies", "copies that cannot go back then");
	add_count(fields, preview, "audit_records", "records of the audit log");
	add_count(fields, preview, "held", "stay: on hold");
	add_count(fields, preview, "may_be_put_back", "stay: may be put back");
}

int cli_retention_preview(Cli *cli, GError **error)
{
	Client *client = cli_client(cli, error);
	g_autoptr(json_t) plan = client ? client_get(client, "/v1/retention", error) : NULL;
	g_autoptr(json_t) wanted = plan ? apply(cli, plan, NULL, error) : NULL;
	g_autoptr(json_t) preview = wanted ? fetch_preview(client, wanted, error) : NULL;
	return preview ? view_page(cli, preview, "incidents", add_preview) : -1;
}

/* What becomes shorter is shown before it is saved. */
static gboolean check_shorter(Cli *cli, Client *client, const json_t *wanted, GError **error)
{
	g_autoptr(json_t) preview = fetch_preview(client, wanted, error);
	if (!preview)
		return FALSE;
	g_autofree char *size =
		g_format_size_full((guint64)json_int(preview, "bytes", 0), G_FORMAT_SIZE_IEC_UNITS);
	g_autofree char *oldest = view_when(preview, "oldest_at");
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
	            "nothing is changed yet: this would remove %" G_GINT64_FORMAT
	            " incidents and the messages of %" G_GINT64_FORMAT
	            " others, %s at most, the oldest from %s, and %" G_GINT64_FORMAT
	            " records of the audit log; say --yes as well",
	            json_int(preview, "incidents", 0), json_int(preview, "contents", 0), size,
	            *oldest ? oldest : "never", json_int(preview, "audit_records", 0));
	return FALSE;
}

int cli_retention_set(Cli *cli, GError **error)
{
	gboolean shorter = FALSE;
	g_autofree char *etag = NULL;
	Client *client = cli_client(cli, error);
	g_autoptr(json_t) plan =
		client ? client_get_tagged(client, "/v1/retention", &etag, error) : NULL;
	g_autoptr(json_t) wanted = plan ? apply(cli, plan, &shorter, error) : NULL;
	if (!wanted ||
	    (shorter && !cli_flag(cli, "yes") && !check_shorter(cli, client, wanted, error)))
		return -1;
	g_autoptr(json_t) after =
		client_change(client, "PUT", "/v1/retention", wanted, etag, error);
	if (!after)
		return -1;
	return view_done(cli, after, "incident_days", g_strdup("the periods are saved"));
}

/* --- what went ----------------------------------------------------------------------------------
 */

static void add_run(Table *table, const json_t *item, gpointer unused)
{
	g_autofree char *size = g_format_size_full((guint64)json_int(item, "removed.bytes", 0),
	                                           G_FORMAT_SIZE_IEC_UNITS);
	view_add_int(table, item, "id");
	view_add_word(table, item, "state");
	view_add_when(table, item, "started_at");
	view_add_int(table, item, "removed.incidents");
	view_add_int(table, item, "removed.contents");
	view_add_int(table, item, "removed.messages");
	table_add(table, STYLE_PLAIN, size);
	view_add_int(table, item, "removed.audit_records");
	view_add_text(table, item, "error");
}

int cli_retention_runs(Cli *cli, GError **error)
{
	/* clang-format off */
	static const TableColumn columns[] = {
		{"id",        TRUE,  0,  FALSE},
		{"state",     FALSE, 0,  FALSE},
		{"began",     FALSE, 0,  FALSE},
		{"incidents", TRUE,  0,  FALSE},
		{"emptied",   TRUE,  0,  FALSE},
		{"messages",  TRUE,  0,  FALSE},
		{"bytes",     TRUE,  0,  FALSE},
		{"audit",     TRUE,  0,  TRUE},
		{"error",     FALSE, 10, TRUE},
		{NULL},
	};
	/* clang-format on */
	static const Listing listing = {"/v1/retention/runs", columns, add_run, "id",
	                                "there was no run yet"};
	return listing_run(cli, &listing, NULL, NULL, error);
}

int cli_retention_run(Cli *cli, GError **error)
{
	Client *client = cli_client(cli, error);
	g_autoptr(json_t) job =
		client ? client_change(client, "POST", "/v1/retention/runs", NULL, NULL, error)
		       : NULL;
	if (!job)
		return -1;
	return view_done(cli, job, "id",
	                 g_strdup_printf("job %" G_GINT64_FORMAT " removes what is past its period",
	                                 json_int(job, "id", 0)));
}

static void add_hold(Table *table, const json_t *item, gpointer unused)
{
	view_add_int(table, item, "incident_id");
	view_add_when(table, item, "held_at");
	view_add_text(table, item, "held_by");
	view_add_text(table, item, "reason");
	view_add_text(table, item, "title");
}

int cli_retention_holds(Cli *cli, GError **error)
{
	/* clang-format off */
	static const TableColumn columns[] = {
		{"incident", TRUE,  0,  FALSE},
		{"since",    FALSE, 0,  FALSE},
		{"by",       FALSE, 0,  FALSE},
		{"reason",   FALSE, 20, FALSE},
		{"title",    FALSE, 20, TRUE},
		{NULL},
	};
	/* clang-format on */
	static const Listing listing = {"/v1/holds", columns, add_hold, "incident_id",
	                                "nothing is on hold"};
	return listing_run(cli, &listing, NULL, NULL, error);
}
