/* The page of `trawl breakdown --text`: what an analyst looks for, in the order in which it
 * decides.
 *
 * A member that is absent shows as nothing: a page must not depend on how much was found. */
#include "cli/breakdown_page.h"

#include "base/text.h"
#include "cli/table.h"
#include "cli/when.h"

#include <string.h>

#define PEOPLE_SHOWN 8
#define LINKS_SHOWN  40
#define FILES_SHOWN  40
#define LINES_SHOWN  40

typedef struct {
	GString *out;
	const Terminal *terminal;
} Page;

/* Every "http://" of a text, in place: terminals make them clickable. */
static char *defang_text(char *line)
{
	for (char *at = line; (at = strstr(at, "://")); at += 3) {
		char *scheme = at - (at > line && (at[-1] | 0x20) == 's' ? 5 : 4);
		if (scheme >= line && g_ascii_strncasecmp(scheme, "http", 4) == 0)
			memcpy(scheme + 1, "xx", 2);
	}
	return line;
}

char *breakdown_defang(const char *url)
{
	GString *out = g_string_new(url);
	defang_text(out->str);
	const char *host = strstr(out->str, "://");
	gsize start = host ? (gsize)(host - out->str) + 3 : 0;
	gsize end = start + strcspn(out->str + start, "/?#");
	for (gsize i = end; i-- > start;)
		if (out->str[i] == '.') {
			g_string_erase(out, (gssize)i, 1);
			g_string_insert(out, (gssize)i, "[.]");
		}
	return g_string_free(out, FALSE);
}

/* ---- pieces ---- */

static void add_formatted(Page *page, Fields *fields)
{
	g_autofree char *text = fields_format(fields, page->terminal);
	g_string_append(page->out, text);
}

static void add_heading(Page *page, const char *text)
{
	g_autofree char *safe = text_for_terminal(text);
	g_autofree char *painted = terminal_paint(page->terminal, STYLE_HEAD, safe);
	g_string_append_printf(page->out, "\n%s\n", painted);
}

static void add_format(Fields *fields, const char *label, Style style, const char *format, ...)
	G_GNUC_PRINTF(4, 5);

static void add_format(Fields *fields, const char *label, Style style, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	fields_add(fields, label, style, text);
}

static void add_more(Fields *fields, size_t all, size_t shown)
{
	if (all > shown)
		add_format(fields, "", STYLE_DIM, "and %zu more", all - shown);
}

static const char *word(const json_t *item, const char *key, const char *otherwise)
{
	const char *text = json_text(item, key);
	return text && *text ? text : otherwise;
}

/* ---- people, route, authentication ---- */

static void add_people(Fields *fields, const char *label, const json_t *list)
{
	size_t i;
	json_t *who;
	json_array_foreach (list, i, who) {
		if (i == PEOPLE_SHOWN)
			break;
		const char *name = json_text(who, "name"), *address = json_text(who, "address");
		if (name && *name)
			add_format(fields, i ? "" : label, STYLE_PLAIN, "%s <%s>", name,
			           address ? address : "no address");
		else
			fields_add(fields, i ? "" : label, STYLE_PLAIN,
			           address ? address : "nobody");
	}
	add_more(fields, json_array_size(list), PEOPLE_SHOWN);
}

static char *format_delay(gint64 seconds)
{
	if (seconds < 0)
		return g_strdup_printf("%" G_GINT64_FORMAT " s before", -seconds);
	if (seconds < 120)
		return g_strdup_printf("after %" G_GINT64_FORMAT " s", seconds);
	if (seconds < 7200)
		return g_strdup_printf("after %" G_GINT64_FORMAT " min", seconds / 60);
	return g_strdup_printf("after %" G_GINT64_FORMAT " h", seconds / 3600);
}

/* "mail.evil.example (192.0.2.1) gave it to mx.corp.example, ESMTPS, after 3 s" */
static void add_hop(Fields *fields, const char *label, const json_t *hop)
{
	g_autoptr(GString) line = g_string_new(NULL);
	const char *from = json_text(hop, "from"), *client = json_text(hop, "client");
	const char *address = json_text(hop, "address");
	g_string_append(line, from ? from : client ? client : "somebody");
	if (from && client && g_ascii_strcasecmp(from, client) != 0)
		g_string_append_printf(line, ", really %s", client);
	if (address)
		g_string_append_printf(line, " [%s]", address);
	g_string_append_printf(line, " to %s", word(hop, "by", "somebody"));
	if (json_text(hop, "with"))
		g_string_append_printf(line, ", %s", json_text(hop, "with"));
	if (json_is_integer(json_object_get(hop, "delay"))) {
		g_autofree char *delay = format_delay(json_int(hop, "delay", 0));
		g_string_append_printf(line, ", %s", delay);
	}
	fields_add(fields, label, json_bool(hop, "backwards", FALSE) ? STYLE_WARN : STYLE_PLAIN,
	           line->str);
}

/* From where it began to where it is. */
static void add_route(Fields *fields, const json_t *hops)
{
	for (size_t i = json_array_size(hops); i-- > 0;)
		add_hop(fields, i + 1 == json_array_size(hops) ? "route" : "",
		        json_array_get(hops, i));
}

static void add_results(Fields *fields, const json_t *hosts)
{
	size_t i, j;
	json_t *host, *result;
	json_array_foreach (hosts, i, host) {
		gboolean trusted = json_bool(host, "trusted", FALSE), failed = FALSE;
		g_autoptr(GString) line = g_string_new(NULL);
		json_array_foreach (json_object_get(host, "results"), j, result) {
			const char *outcome = word(result, "result", "?");
			g_string_append_printf(line, "%s%s %s", j ? ", " : "",
			                       word(result, "method", "?"), outcome);
			failed = failed || strcmp(outcome, "fail") == 0;
		}
		g_string_append_printf(line, "%ssays %s%s", line->len ? ", " : "",
		                       word(host, "host", "nobody"),
		                       trusted ? "" : ", which is not trusted");
		fields_add(fields, "",
		           failed    ? STYLE_BAD
		           : trusted ? STYLE_GOOD
		                     : STYLE_DIM,
		           line->str);
	}
}

static void add_authentication(Fields *fields, const json_t *authentication)
{
	gboolean aligned =
		json_bool(json_object_get(authentication, "alignment"), "aligned", FALSE);
	fields_add(fields, "authenticity", aligned ? STYLE_GOOD : STYLE_WARN,
	           json_text(authentication, "summary"));
	add_results(fields, json_object_get(authentication, "results"));
}

/* ---- what is odd ---- */

static Style finding_style(const char *id)
{
	return g_str_has_prefix(id, "limit_") || strstr(id, "mismatch") || strstr(id, "runs") ||
	                       strstr(id, "program") || strstr(id, "lookalike")
	               ? STYLE_BAD
	               : STYLE_WARN;
}

static void add_findings(Page *page, const json_t *message)
{
	size_t i;
	json_t *finding;
	g_autoptr(Fields) fields = fields_new();
	json_array_foreach (json_object_get(message, "findings"), i, finding) {
		const char *id = word(finding, "id", "?"), *where = json_text(finding, "where");
		const char *detail = word(finding, "detail", "");
		if (where && strstr(detail, where))
			where = NULL;
		add_format(fields, id, finding_style(id), "%s%s%s%s", detail, where ? " (" : "",
		           where ? where : "", where ? ")" : "");
	}
	if (i == 0)
		return;
	add_heading(page, "Findings");
	add_formatted(page, fields);
}

/* ---- links ---- */

static void add_arrow(Fields *fields, Style style, const char *says, const char *url)
{
	g_autofree char *safe = breakdown_defang(url);
	add_format(fields, "", style, "→ %s %s", says, safe);
}

static void add_link(Fields *fields, const json_t *link)
{
	size_t i;
	json_t *via;
	gboolean mismatch = json_bool(link, "mismatch", FALSE);
	g_autofree char *url = breakdown_defang(word(link, "url", ""));
	fields_add(fields, word(link, "where", ""), mismatch ? STYLE_BAD : STYLE_PLAIN, url);
	if (mismatch) {
		g_autofree char *shown = breakdown_defang(word(link, "text", ""));
		add_format(fields, "", STYLE_BAD, "shows \"%s\"", shown);
	} else if (json_text(link, "text") && strcmp(word(link, "where", ""), "bare") != 0) {
		add_format(fields, "", STYLE_DIM, "shows \"%s\"", json_text(link, "text"));
	}
	json_array_foreach (json_object_get(link, "via"), i, via)
		add_arrow(fields, STYLE_DIM, "by way of", json_string_value(via));
	if (json_text(link, "target"))
		add_arrow(fields, STYLE_BOLD, "leads to", json_text(link, "target"));
	if (json_bool(link, "rewriter_opaque", FALSE))
		add_format(fields, "", STYLE_WARN, "rewritten by %s, its target is not in it",
		           word(link, "rewriter", "a gateway"));
	if (json_bool(link, "invalid", FALSE))
		fields_add(fields, "", STYLE_WARN, "no valid address");
}

/* Each once, those that show another target than they have first. */
static void add_links(Page *page, const json_t *message)
{
	const json_t *links = json_object_get(message, "links");
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(Fields) fields = fields_new();
	for (int mismatch = 1; mismatch >= 0; mismatch--)
		for (size_t i = 0; i < json_array_size(links); i++) {
			const json_t *link = json_array_get(links, i);
			const char *url = json_text(link, "url");
			if (json_bool(link, "mismatch", FALSE) == mismatch && url &&
			    g_hash_table_add(seen, (gpointer)url) &&
			    g_hash_table_size(seen) <= LINKS_SHOWN)
				add_link(fields, link);
		}
	add_more(fields, g_hash_table_size(seen), LINKS_SHOWN);
	if (g_hash_table_size(seen) == 0)
		return;
	add_heading(page, "Links");
	add_formatted(page, fields);
}

/* ---- attachments ---- */

static void add_file(Fields *fields, const json_t *file, guint depth, guint *shown)
{
	static const char *const hashes[] = {"sha256", "sha1", "md5"};
	size_t i;
	json_t *part;
	if (++*shown > FILES_SHOWN)
		return;
	const char *type = json_text(file, "type"), *detected = json_text(file, "detected");
	g_autofree char *size = size_format(json_int(file, "size", 0));
	g_autoptr(GString) inside = g_string_new(NULL);
	for (guint level = 0; level < depth; level++)
		g_string_append(inside, "↳ ");
	add_format(fields, "file", STYLE_BOLD, "%s%s", inside->str,
	           word(file, "name", "without a name"));
	add_format(fields, "", STYLE_PLAIN, "%s%s%s, %s%s%s",
	           type       ? type
	           : detected ? detected
	                      : "unknown",
	           type && detected && strcmp(type, detected) != 0 ? ", really " : "",
	           type && detected && strcmp(type, detected) != 0 ? detected : "", size,
	           json_text(file, "disposition") ? ", " : "", word(file, "disposition", ""));
	for (i = 0; i < G_N_ELEMENTS(hashes); i++)
		if (json_text(file, hashes[i]))
			add_format(fields, hashes[i], STYLE_DIM, "%s", json_text(file, hashes[i]));
	json_array_foreach (json_object_get(file, "parts"), i, part)
		add_file(fields, part, depth + 1, shown);
}

static void add_attachments(Page *page, const json_t *message)
{
	size_t i;
	json_t *file;
	guint shown = 0;
	g_autoptr(Fields) fields = fields_new();
	json_array_foreach (json_object_get(message, "attachments"), i, file)
		add_file(fields, file, 0, &shown);
	if (i == 0)
		return;
	add_more(fields, shown, FILES_SHOWN);
	add_heading(page, "Attachments");
	add_formatted(page, fields);
}

/* ---- the whole ---- */

static void add_text(Page *page, const json_t *message)
{
	const char *text = json_text(message, "text"), *shown = json_text(message, "shown");
	const char *body = text && *text ? text : shown;
	if (!body || !*body)
		return;
	add_heading(page, body == text ? "Text" : "Text that its HTML shows");
	g_auto(GStrv) lines = g_strsplit(body, "\n", LINES_SHOWN + 1);
	for (guint i = 0; lines[i] && i < LINES_SHOWN; i++) {
		g_autofree char *safe = text_for_terminal(defang_text(g_strchomp(lines[i])));
		int columns = page->terminal->width > 4 ? page->terminal->width - 2 : 0;
		g_autofree char *wrapped = terminal_wrap(safe, columns, 2);
		g_string_append_printf(page->out, "  %s\n", wrapped);
	}
	if (g_strv_length(lines) > LINES_SHOWN) {
		g_autofree char *more = terminal_paint(page->terminal, STYLE_DIM, "and more");
		g_string_append_printf(page->out, "  %s\n", more);
	}
}

static void add_message(Page *page, const json_t *message)
{
	static const struct {
		const char *label, *key;
	} people[] = {
		{"from", "from"}, {"reply-to", "reply_to"}, {"to", "to"},
		{"cc", "cc"},     {"bcc", "bcc"},
	};
	g_autoptr(Fields) fields = fields_new();
	fields_add(fields, "subject", STYLE_BOLD, json_text(message, "subject"));
	for (guint i = 0; i < G_N_ELEMENTS(people); i++)
		add_people(fields, people[i].label, json_object_get(message, people[i].key));
	fields_add(fields, "date", STYLE_PLAIN, json_text(message, "date"));
	fields_add(fields, "message-id", STYLE_PLAIN, json_text(message, "message_id"));
	add_authentication(fields, json_object_get(message, "authentication"));
	add_route(fields, json_object_get(message, "received"));
	fields_add(fields, "fingerprint", STYLE_DIM, json_text(message, "fingerprint"));
	add_findings(page, message);
	add_heading(page, "Message");
	add_formatted(page, fields);
	add_links(page, message);
	add_attachments(page, message);
	add_text(page, message);
}

static void add_report(Page *page, const json_t *report)
{
	size_t i;
	json_t *reason, *reporter = json_object_get(report, "reporter");
	g_autoptr(Fields) fields = fields_new();
	if (!json_is_object(report)) {
		fields_add(fields, "report", STYLE_PLAIN, "no, this is not a report");
		add_formatted(page, fields);
		return;
	}
	fields_add(fields, "report", STYLE_BOLD, json_text(report, "form"));
	json_array_foreach (json_object_get(report, "evidence"), i, reason)
		fields_add(fields, i ? "" : "because", STYLE_PLAIN, json_string_value(reason));
	g_autoptr(json_t) reporters = json_is_object(reporter) ? json_pack("[O]", reporter) : NULL;
	add_people(fields, "reporter", reporters);
	const json_t *trust = json_object_get(report, "trust");
	fields_add(fields, "", json_bool(trust, "believed", FALSE) ? STYLE_GOOD : STYLE_WARN,
	           json_text(trust, "reason"));
	fields_add(fields, "add-in", STYLE_PLAIN, json_text(report, "add_in"));
	fields_add(fields, "verdict", STYLE_PLAIN, json_text(report, "verdict"));
	add_formatted(page, fields);
}

static void add_head(Page *page, const json_t *breakdown)
{
	g_autofree char *file = text_for_terminal(word(breakdown, "file", "message"));
	g_autofree char *painted = terminal_paint(page->terminal, STYLE_HEAD, file);
	g_autofree char *size = size_format(json_int(breakdown, "size", 0));
	g_string_append_printf(page->out, "%s\n", painted);
	g_autoptr(Fields) fields = fields_new();
	add_format(fields, "sha256", STYLE_DIM, "%s", word(breakdown, "sha256", ""));
	fields_add(fields, "size", STYLE_DIM, size);
	add_formatted(page, fields);
}

char *breakdown_page(const json_t *breakdown, const Terminal *terminal)
{
	size_t i;
	json_t *original;
	const json_t *originals = json_object_get(breakdown, "originals");
	Page page = {g_string_new(NULL), terminal};
	add_head(&page, breakdown);
	add_report(&page, json_object_get(breakdown, "report"));
	add_message(&page, json_object_get(breakdown, "message"));
	json_array_foreach (originals, i, original) {
		g_autofree char *title = g_strdup_printf(
			"Original %zu of %zu, %s", i + 1, json_array_size(originals),
			json_bool(original, "first_hand", FALSE) ? "its own bytes"
								 : "as the report claims");
		add_heading(&page, title);
		add_message(&page, json_object_get(original, "message"));
	}
	return g_string_free(page.out, FALSE);
}
