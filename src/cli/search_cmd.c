/* `trawl search`: incidents by what is in them, with the places where the words stand. */
#include "base/limits.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/view.h"

#include <sysexits.h>

/* The parts of a snippet with what was looked for in bold. */
static void print_snippet(const Cli *cli, const json_t *snippet)
{
	size_t i;
	json_t *part;
	g_autoptr(GString) line = g_string_new(NULL);
	json_array_foreach (json_at(snippet, "parts"), i, part) {
		const char *text = json_text(part, "text");
		g_autofree char *safe = text_for_terminal(text ? text : "");
		g_autofree char *painted = terminal_paint(
			&cli->out, json_bool(part, "hit", FALSE) ? STYLE_BOLD : STYLE_PLAIN, safe);
		g_string_append(line, painted);
	}
	g_autofree char *label = g_strdup_printf("    %s: ", json_text(snippet, "field"));
	g_autofree char *dim = terminal_paint(&cli->out, STYLE_DIM, label);
	cli_print(cli, g_strconcat(dim, line->str, "\n", NULL));
}

static void print_hit(const Cli *cli, const json_t *hit)
{
	size_t i;
	json_t *snippet;
	const json_t *incident = json_object_get(hit, "incident");
	g_autofree char *verdict = view_word(json_text(incident, "disposition"));
	view_line(cli, STYLE_BOLD, "%" G_GINT64_FORMAT "  %s", json_int(incident, "id", 0),
	          json_text(incident, "title"));
	view_line(cli, STYLE_DIM, "    %s, %s, %s", json_text(incident, "state"),
	          json_text(incident, "severity"), verdict);
	json_array_foreach (json_at(hit, "snippets"), i, snippet) {
		print_snippet(cli, snippet);
	}
}

int cli_search(Cli *cli, GError **error)
{
	g_autoptr(GString) query = g_string_new(NULL);
	client_query(query, "q", cli_argument(cli, 0));
	if (!cli_client(cli, error))
		return -1;
	g_autofree char *path = g_strconcat("/v1/search", query->str, NULL);
	gint64 at_most =
		cli_flag(cli, "all") ? G_MAXINT64 : cli_number(cli, "limit", LIMIT_PAGE_DEFAULT);
	gboolean more = FALSE;
	g_autoptr(json_t) hits = listing_fetch(cli->client, path, at_most, &more, error);
	if (!hits)
		return -1;
	if (cli->json) {
		g_autoptr(json_t) document = json_pack("{s:O, s:b}", "items", hits, "more", more);
		cli_print_json(cli, document);
		return EX_OK;
	}
	size_t i;
	json_t *hit;
	json_array_foreach (hits, i, hit) {
		if (cli->quiet)
			view_line(cli, STYLE_PLAIN, "%" G_GINT64_FORMAT,
			          json_int(json_object_get(hit, "incident"), "id", 0));
		else
			print_hit(cli, hit);
	}
	if (json_array_size(hits) == 0 && !cli->quiet)
		view_line(cli, STYLE_DIM, "no incident has that");
	if (more)
		view_line(cli, STYLE_DIM, "the first %zu; --all shows every one, --limit N as many",
		          json_array_size(hits));
	return EX_OK;
}
