/* `trawl incident show`: everything about one incident on one page, with the verdict on top and
 * what to do next at the end. */
#include "cli/activity.h"
#include "cli/breakdown_page.h"
#include "cli/commands.h"
#include "cli/ledger.h"
#include "cli/view.h"
#include "cli/when.h"

#include <string.h>
#include <sysexits.h>

#define PEOPLE_SHOWN     5 /* addresses of a field, before "and 29995 more" */
#define LINKS_SHOWN      8
#define ROWS_SHOWN       50 /* reports, alerts and rows of a ledger, without --all */
#define ACTIVITY_FETCHED 500
#define ACTIVITY_SHOWN   8

/* What the page is made of. */
typedef struct {
	json_t *incident, *original, *reports, *alerts, *responses, *comments, *activity;
	GHashTable *sources; /* id -> name */
	gboolean more_reports, more_alerts;
} Page;

static void page_clear(Page *page)
{
	json_t *parts[] = {page->incident,  page->original, page->reports, page->alerts,
	                   page->responses, page->comments, page->activity};
	for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
		json_decref(parts[i]);
	g_clear_pointer(&page->sources, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Page, page_clear)

/* Lists come newest first; what happened is read the other way round. */
static void reverse(json_t *array)
{
	size_t n = json_array_size(array);
	for (size_t i = 1; i < n; i++) {
		g_autoptr(json_t) item = json_incref(json_array_get(array, i));
		json_array_remove(array, i);
		json_array_insert(array, 0, item);
	}
}

static json_t *fetch_part(Cli *cli, gint64 id, const char *part, gboolean *more, GError **error)
{
	g_autofree char *path = g_strdup_printf("/v1/incidents/%" G_GINT64_FORMAT "/%s", id, part);
	gint64 at_most = more && !cli_flag(cli, "all") ? ROWS_SHOWN : G_MAXINT64;
	json_t *items = listing_fetch(cli->client, path, at_most, more, error);
	reverse(items);
	return items;
}

/* Adds its ledger to each response, so that --json has all of the page. */
static gboolean fetch_ledgers(Cli *cli, json_t *responses, GError **error)
{
	size_t i;
	json_t *response;
	json_array_foreach (responses, i, response) {
		json_t *results = ledger_fetch(cli->client, json_int(response, "id", 0), error);
		if (!results)
			return FALSE;
		json_object_set_new(response, "results", results);
	}
	return TRUE;
}

static gboolean page_fetch(Cli *cli, gint64 id, Page *page, GError **error)
{
	g_autofree char *path = g_strdup_printf("/v1/incidents/%" G_GINT64_FORMAT, id);
	if (!cli_client(cli, error) || !(page->incident = client_get(cli->client, path, error)))
		return FALSE;
	gint64 original = json_int(page->incident, "original_id", 0);
	g_autofree char *at =
		g_strdup_printf("/v1/originals/%" G_GINT64_FORMAT "?bodies=false", original);
	if (original && !(page->original = client_get(cli->client, at, error)))
		return FALSE;
	return (page->reports = fetch_part(cli, id, "reports", &page->more_reports, error)) &&
	       (page->alerts = fetch_part(cli, id, "alerts", &page->more_alerts, error)) &&
	       (page->responses = fetch_part(cli, id, "responses", NULL, error)) &&
	       fetch_ledgers(cli, page->responses, error) &&
	       (page->comments = fetch_part(cli, id, "comments", NULL, error)) &&
	       (page->activity = activity_latest(cli->client, id, NULL, ACTIVITY_FETCHED, error)) &&
	       (page->sources = view_names(cli->client, "/v1/sources", error));
}

static void print_verdict(const Cli *cli, const json_t *incident)
{
	static const char *const members[] = {"state", "severity", "disposition",
	                                      "sub_disposition"};
	g_autoptr(GString) line = g_string_new(NULL);
	g_autofree char *head =
		g_strdup_printf("Incident %" G_GINT64_FORMAT, json_int(incident, "id", 0));
	g_autofree char *painted = terminal_paint(&cli->out, STYLE_HEAD, head);
	g_string_append(line, painted);
	for (guint i = 0; i < G_N_ELEMENTS(members); i++) {
		const char *name = json_text(incident, members[i]);
		g_autofree char *word = view_word(name);
		g_autofree char *coloured =
			terminal_paint(&cli->out, view_style(name), word ? word : "");
		if (word)
			g_string_append_printf(line, " · %s", coloured);
	}
	cli_print(cli, g_strconcat(line->str, "\n", NULL));
	view_line(cli, STYLE_BOLD, "%s", json_text(incident, "title"));
}

static void print_findings(Fields *fields, const json_t *findings)
{
	size_t i;
	json_t *finding;
	json_array_foreach (findings, i, finding) {
		const char *detail = json_text(finding, "detail");
		g_autofree char *id = view_word(json_text(finding, "id"));
		g_autofree char *text =
			g_strconcat(id ? id : "", detail && id ? ": " : "", detail, NULL);
		fields_add(fields, i ? "" : "findings", STYLE_WARN, text);
	}
}

/* "not pulled, many reports" */
static void add_need(Fields *fields, const json_t *incident)
{
	g_autoptr(GString) line = g_string_new(NULL);
	size_t i;
	json_t *code;
	json_array_foreach (json_at(incident, "need_reasons"), i, code) {
		g_autofree char *word = view_word(json_string_value(code));
		g_string_append_printf(line, "%s%s", i ? ", " : "", word ? word : "");
	}
	fields_add(fields, "needs you", STYLE_PLAIN, line->str);
}

static void print_summary(const Cli *cli, const json_t *incident)
{
	g_autofree char *reports =
		view_count(json_int(incident, "report_count", 0), "report", "reports");
	g_autofree char *alerts =
		view_count(json_int(incident, "alert_count", 0), "alert", "alerts");
	g_autofree char *counts =
		g_strdup_printf("%s, %s, %" G_GINT64_FORMAT " open", reports, alerts,
	                        json_int(incident, "open_alert_count", 0));
	g_autofree char *kind = view_word(json_text(incident, "kind"));
	g_autoptr(Fields) fields = fields_new();
	fields_add(fields, "kind", STYLE_PLAIN, kind);
	fields_add(fields, "raised by", STYLE_PLAIN, counts);
	view_field_when(fields, "opened", incident, "opened_at");
	view_field_when(fields, "closed", incident, "closed_at");
	view_field_text(fields, "reason", incident, "close_reason");
	view_field_text(fields, "assignee", incident, "assignee");
	view_field_text(fields, "team", incident, "team");
	add_need(fields, incident);
	print_findings(fields, json_at(incident, "findings"));
	view_fields(cli, fields);
}

/* "Ann Example <ann@corp.example>, bob@corp.example and 3 more" */
static char *format_people(const json_t *people)
{
	GString *out = g_string_new(NULL);
	size_t n = json_array_size(people);
	for (size_t i = 0; i < MIN(n, PEOPLE_SHOWN); i++) {
		const json_t *person = json_array_get(people, i);
		const char *name = json_text(person, "name"),
			   *address = json_text(person, "address");
		if (out->len)
			g_string_append(out, ", ");
		if (name && *name)
			g_string_append_printf(out, "%s <%s>", name, address ? address : "");
		else
			g_string_append(out, address ? address : "");
	}
	if (n > PEOPLE_SHOWN)
		g_string_append_printf(out, " and %zu more", n - PEOPLE_SHOWN);
	return g_string_free(out, FALSE);
}

static void add_people(Fields *fields, const char *label, const json_t *message)
{
	g_autofree char *people = format_people(json_at(message, label));
	g_autofree char *shown = g_strdelimit(g_strdup(label), "_", '-');
	fields_add(fields, shown, STYLE_PLAIN, people);
}

static void add_link(Fields *fields, GHashTable *seen, const json_t *link)
{
	const char *url = json_text(link, "url"), *text = json_text(link, "text");
	gboolean mismatch = json_bool(link, "mismatch", FALSE);
	if (!url || !g_hash_table_add(seen, (gpointer)url) || g_hash_table_size(seen) > LINKS_SHOWN)
		return;
	g_autofree char *safe = breakdown_defang(url);
	g_autofree char *line =
		mismatch ? g_strdup_printf("%s, shown as \"%s\"", safe, text ? text : "")
			 : g_strdup(safe);
	fields_add(fields, g_hash_table_size(seen) == 1 ? "links" : "",
	           mismatch ? STYLE_WARN : STYLE_PLAIN, line);
}

/* Each once, those that show another target than they have first. */
static void add_links(Fields *fields, const json_t *links)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	for (int mismatch = 1; mismatch >= 0; mismatch--)
		for (size_t i = 0; i < json_array_size(links); i++) {
			const json_t *link = json_array_get(links, i);
			if (json_bool(link, "mismatch", FALSE) == mismatch)
				add_link(fields, seen, link);
		}
	if (g_hash_table_size(seen) > LINKS_SHOWN) {
		g_autofree char *rest =
			g_strdup_printf("and %u more", g_hash_table_size(seen) - LINKS_SHOWN);
		fields_add(fields, "", STYLE_DIM, rest);
	}
}

static void add_attachments(Fields *fields, const json_t *attachments)
{
	size_t i;
	json_t *attachment;
	json_array_foreach (attachments, i, attachment) {
		const char *name = json_text(attachment, "name");
		const char *type = json_text(attachment, "detected");
		g_autofree char *size = size_format(json_int(attachment, "size", 0));
		g_autofree char *text =
			g_strdup_printf("%s (%s, %s)", name ? name : "unnamed",
		                        type ? type : json_text(attachment, "type"), size);
		fields_add(fields, i ? "" : "attached", STYLE_PLAIN, text);
	}
}

/* "spf pass, dkim pass, dmarc fail, says mx.corp.example"; a host that is not trusted may say what
 * it likes. */
static void add_authentication(Fields *fields, const json_t *hosts)
{
	size_t i, j;
	json_t *host, *result;
	json_array_foreach (hosts, i, host) {
		gboolean trusted = json_bool(host, "trusted", FALSE), failed = FALSE;
		g_autoptr(GString) line = g_string_new(NULL);
		json_array_foreach (json_at(host, "results"), j, result) {
			const char *method = json_text(result, "method");
			const char *outcome = json_text(result, "result");
			g_string_append_printf(line, "%s%s %s", j ? ", " : "",
			                       method ? method : "?", outcome ? outcome : "?");
			failed = failed || g_strcmp0(outcome, "fail") == 0;
		}
		const char *name = json_text(host, "host");
		g_string_append_printf(line, ", says %s%s", name ? name : "nobody",
		                       trusted ? "" : ", which is not trusted");
		fields_add(fields, i ? "" : "authenticity",
		           failed    ? STYLE_BAD
		           : trusted ? STYLE_PLAIN
		                     : STYLE_DIM,
		           line->str);
	}
}

static void print_original(const Cli *cli, const char *title, const json_t *original)
{
	if (!original)
		return;
	const json_t *message = json_at(original, "breakdown.message");
	if (!message)
		message = json_at(original, "breakdown");
	gboolean first_hand = json_bool(original, "first_hand", FALSE);
	g_autoptr(Fields) fields = fields_new();
	add_people(fields, "from", message);
	add_people(fields, "reply_to", message);
	add_people(fields, "to", message);
	add_people(fields, "cc", message);
	add_people(fields, "bcc", message);
	if (g_strcmp0(title, json_text(original, "subject")) != 0)
		view_field_text(fields, "subject", original, "subject");
	view_field_when(fields, "sent", original, "sent_at");
	view_field_text(fields, "message-id", original, "message_id");
	view_field_text(fields, "proof", json_object_get(message, "authentication"), "summary");
	add_authentication(fields, json_at(message, "authentication.results"));
	add_links(fields, json_at(message, "links"));
	add_attachments(fields, json_at(message, "attachments"));
	print_findings(fields, json_at(message, "findings"));
	fields_add(fields, "known from", first_hand ? STYLE_PLAIN : STYLE_WARN,
	           first_hand ? "its own bytes" : "the report alone: what it says is a claim");
	view_heading(cli, "Original %" G_GINT64_FORMAT, json_int(original, "id", 0));
	view_fields(cli, fields);
}

static void print_reports(const Cli *cli, const Page *page)
{
	/* clang-format off */
	static const TableColumn columns[] = {
		{"report",   TRUE,  0,  FALSE},
		{"received", FALSE, 0,  FALSE},
		{"reporter", FALSE, 16, FALSE},
		{"trusted",  FALSE, 0,  FALSE},
		{"form",     FALSE, 0,  TRUE},
		{"original", FALSE, 0,  FALSE},
		{"source",   FALSE, 8,  TRUE},
		{NULL},
	};
	/* clang-format on */
	g_autoptr(Table) table = table_new(columns);
	size_t i;
	json_t *report;
	json_array_foreach (page->reports, i, report) {
		gboolean trusted = json_bool(report, "trusted", FALSE);
		view_add_int(table, report, "id");
		view_add_when(table, report, "received_at");
		view_add_text(table, report, "reporter");
		table_add(table, trusted ? STYLE_GOOD : STYLE_WARN, trusted ? "yes" : "no");
		view_add_text(table, report, "form");
		view_add_word(table, report, "located");
		table_add(table, STYLE_PLAIN,
		          view_name(page->sources, json_int(report, "source_id", 0)));
	}
	view_heading(cli, "Reports");
	view_table(cli, table);
	if (page->more_reports)
		view_line(cli, STYLE_DIM, "the last %d; --all shows every one", ROWS_SHOWN);
}

/* What the last response says of a recipient's copy. */
static void add_copy(Table *table, const json_t *responses, const char *recipient)
{
	for (size_t i = json_array_size(responses); i-- > 0;) {
		const json_t *response = json_array_get(responses, i);
		size_t j;
		json_t *row;
		json_array_foreach (json_at(response, "results"), j, row) {
			if (g_strcmp0(json_text(row, "mailbox"), recipient) == 0) {
				const char *status = ledger_status(response, row);
				g_autofree char *word = ledger_word(response, row);
				table_add(table, view_style(status), word);
				return;
			}
		}
	}
	table_add(table, STYLE_PLAIN, NULL);
}

static void print_alerts(const Cli *cli, const Page *page)
{
	/* clang-format off */
	static const TableColumn columns[] = {
		{"alert",     TRUE,  0,  FALSE},
		{"recipient", FALSE, 16, FALSE},
		{"as",        FALSE, 0,  FALSE},
		{"state",     FALSE, 0,  FALSE},
		{"severity",  FALSE, 0,  TRUE},
		{"copy",      FALSE, 0,  FALSE},
		{"closed",    FALSE, 8,  TRUE},
		{NULL},
	};
	/* clang-format on */
	g_autoptr(Table) table = table_new(columns);
	size_t i;
	json_t *alert;
	json_array_foreach (page->alerts, i, alert) {
		view_add_int(table, alert, "id");
		view_add_text(table, alert, "recipient");
		view_add_text(table, alert, "role");
		view_add_word(table, alert, "state");
		view_add_word(table, alert, "severity");
		add_copy(table, page->responses, json_text(alert, "recipient"));
		view_add_text(table, alert, "close_reason");
	}
	if (table_rows(table) == 0)
		return;
	view_heading(cli, "Alerts");
	view_table(cli, table);
	if (page->more_alerts)
		view_line(cli, STYLE_DIM, "the last %d; --all shows every one", ROWS_SHOWN);
}

/* The last response with its ledger, earlier ones with what they came to: --all has their ledgers.
 */
static void print_responses(const Cli *cli, const json_t *responses)
{
	size_t i, n = json_array_size(responses);
	json_t *response;
	json_array_foreach (responses, i, response) {
		g_autofree char *asked = view_when(response, "requested_at");
		g_autofree char *sum = ledger_summary(response);
		const char *comment = json_text(response, "comment");
		view_heading(cli, "Response %" G_GINT64_FORMAT ": %s, %s, by %s, %s",
		             json_int(response, "id", 0), json_text(response, "kind"),
		             json_text(response, "state"), json_text(response, "requested_by"),
		             asked);
		if (comment)
			view_line(cli, STYLE_PLAIN, "“%s”", comment);
		if (i + 1 == n || cli_flag(cli, "all"))
			ledger_print(cli, response, json_at(response, "results"),
			             cli_flag(cli, "all") ? G_MAXUINT : ROWS_SHOWN);
		view_line(cli, ledger_unaccounted(response) ? STYLE_BAD : STYLE_GOOD, "%s", sum);
	}
}

/* What was said, oldest first; who deleted something said it nevertheless. */
static void print_comments(const Cli *cli, const json_t *comments)
{
	size_t i;
	json_t *comment;
	if (json_array_size(comments))
		view_heading(cli, "Comments");
	json_array_foreach (comments, i, comment) {
		const char *text = json_text(comment, "text");
		g_autofree char *when = view_when(comment, "created_at");
		gboolean edited = json_text(comment, "edited_at") != NULL;
		view_line(cli, STYLE_DIM, "%s, %s%s%s", json_text(comment, "author"), when,
		          edited && text ? ", changed" : "", text ? "" : ", deleted");
		g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
		for (char **line = lines; text && *line; line++)
			view_line(cli, STYLE_PLAIN, "  %s", *line);
	}
}

/* The last records but those of single copies, which the ledger shows better. */
static void print_activity(const Cli *cli, const json_t *activity)
{
	g_autoptr(json_t) last = json_array();
	size_t i;
	json_t *record;
	json_array_foreach (activity, i, record) {
		if (g_strcmp0(json_text(record, "object_kind"), "copy") != 0)
			json_array_append(last, record);
	}
	while (json_array_size(last) > ACTIVITY_SHOWN)
		json_array_remove(last, 0);
	view_heading(cli, "Last activity");
	activity_print(cli, last, FALSE);
}

/* Copies that are in quarantine now. */
static gint64 count_moved(const json_t *responses)
{
	gint64 moved = 0;
	size_t i, j;
	json_t *response, *row;
	json_array_foreach (responses, i, response) {
		if (g_strcmp0(json_text(response, "kind"), "quarantine") != 0)
			continue;
		json_array_foreach (json_at(response, "results"), j, row) {
			moved += g_strcmp0(json_text(row, "step"), "moved") == 0;
		}
	}
	return moved;
}

/* The commands that make sense in the state the incident is in. */
static void print_next(const Cli *cli, const Page *page)
{
	const json_t *incident = page->incident;
	gint64 id = json_int(incident, "id", 0);
	gboolean open = g_strcmp0(json_text(incident, "state"), "open") == 0;
	gboolean mail = g_strcmp0(json_text(incident, "kind"), "reported_mail") == 0;
	gboolean pulled = count_moved(page->responses) > 0, original = page->original != NULL;
	/* clang-format off */
	const struct {
		gboolean fits;
		const char *command, *effect;
	} steps[] = {
		{open && mail && original && !pulled, "trawl quarantine %s --wait",    "pull every copy out of the mailboxes"},
		{pulled,         "trawl restore %s --wait",                       "put every copy back as it was"},
		{open,           "trawl incident set %s --disposition malicious", "say what it is"},
		{open,           "trawl incident close %s --reason TEXT",         "end it"},
		{!open,          "trawl incident reopen %s",                      "open it again"},
		{original,       "trawl incident raw %s | trawl breakdown --text -", "see all of the original"},
	};
	/* clang-format on */
	g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, id);
	g_autoptr(Fields) fields = fields_new();
	for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
		if (!steps[i].fits)
			continue;
		g_autoptr(GString) command = g_string_new(steps[i].command);
		g_string_replace(command, "%s", number, 1);
		fields_add(fields, command->str, STYLE_PLAIN, steps[i].effect);
	}
	view_heading(cli, "Next");
	view_fields(cli, fields);
}

static json_t *page_document(const Page *page)
{
	json_t *document = json_deep_copy(page->incident);
	json_object_set(document, "original", page->original ? page->original : json_null());
	json_object_set(document, "reports", page->reports);
	json_object_set(document, "alerts", page->alerts);
	json_object_set(document, "responses", page->responses);
	json_object_set(document, "comments", page->comments);
	json_object_set(document, "activity", page->activity);
	return document;
}

int cli_incident_show(Cli *cli, GError **error)
{
	gint64 id;
	g_auto(Page) page = {0};
	if (!cli_argument_id(cli, 0, &id, error) || !page_fetch(cli, id, &page, error))
		return -1;
	if (cli->json) {
		g_autoptr(json_t) document = page_document(&page);
		cli_print_json(cli, document);
		return EX_OK;
	}
	if (cli->quiet)
		return view_done(cli, page.incident, "state", NULL);
	print_verdict(cli, page.incident);
	print_summary(cli, page.incident);
	print_original(cli, json_text(page.incident, "title"), page.original);
	print_reports(cli, &page);
	print_alerts(cli, &page);
	print_responses(cli, page.responses);
	print_comments(cli, page.comments);
	print_activity(cli, page.activity);
	print_next(cli, &page);
	return EX_OK;
}
