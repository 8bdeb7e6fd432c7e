/* Waits by asking: often at first, because most work is done within a second, then once a second.
 */
#include "cli/wait.h"

#include "base/error.h"
#include "base/text.h"
#include "cli/view.h"

#include <stdio.h>
#include <string.h>

#define FIRST_PAUSE 0.1 /* seconds */
#define LAST_PAUSE  1.0

void progress_show(const Cli *cli, const char *text)
{
	static const char *const turns[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
	static guint turn;
	if (cli->quiet || !cli->err.width)
		return;
	g_autofree char *safe = text_for_terminal(text);
	g_autofree char *line = terminal_cut(safe, cli->err.width - 3);
	fprintf(stderr, "\r\033[K%s %s", turns[turn++ % G_N_ELEMENTS(turns)], line);
	fflush(stderr);
}

void progress_clear(const Cli *cli)
{
	if (!cli->quiet && cli->err.width)
		fputs("\r\033[K", stderr);
}

static gboolean is_over(const char *state)
{
	static const char *const over[] = {"done", "parked", "cancelled", NULL};
	return state && g_strv_contains(over, state);
}

/* Asks for the document at @path until its state is a last one. @describe makes the line. */
static json_t *wait_for(Cli *cli, const char *path, char *(*describe)(const json_t *, gpointer),
                        gpointer data, GError **error)
{
	Client *client = cli_client(cli, error);
	if (!client)
		return NULL;
	cli_catch_stop();
	for (double pause = FIRST_PAUSE;; pause = MIN(pause * 1.3, LAST_PAUSE)) {
		g_autoptr(json_t) document = client_get(client, path, error);
		if (!document || is_over(json_text(document, "state"))) {
			progress_clear(cli);
			return g_steal_pointer(&document);
		}
		g_autofree char *line = describe(document, data);
		progress_show(cli, line);
		if (!cli_sleep(pause)) {
			progress_clear(cli);
			g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_CANCELLED, "stopped");
			return NULL;
		}
	}
}

static char *describe_job(const json_t *job, gpointer doing)
{
	const char *problem = json_text(job, "last_error");
	gboolean ready = g_strcmp0(json_text(job, "state"), "ready") == 0;
	if (!problem)
		return g_strdup_printf("%s%s", (char *)doing, ready ? " (queued)" : "");
	return g_strdup_printf("%s; tried %" G_GINT64_FORMAT " times: %s", (char *)doing,
	                       json_int(job, "attempts", 0), problem);
}

gboolean job_error(const json_t *job, GError **error)
{
	const char *problem = json_text(job, "last_error"), *state = json_text(job, "state");
	if (g_strcmp0(state, "cancelled") == 0) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
		            "job %" G_GINT64_FORMAT " was cancelled", json_int(job, "id", 0));
		return FALSE;
	}
	if (!problem || json_is_object(json_at(job, "result")))
		return TRUE;
	const ErrorRemedy *remedy = error_remedy_by_name(json_text(job, "last_error_code"));
	g_set_error(error, TRAWL_ERROR, (int)(remedy ? remedy->code : TRAWL_ERROR_REMOTE), "%s",
	            problem);
	return FALSE;
}

json_t *wait_for_job(Cli *cli, gint64 id, const char *doing, GError **error)
{
	g_autofree char *path = g_strdup_printf("/v1/jobs/%" G_GINT64_FORMAT, id);
	g_autoptr(json_t) job = wait_for(cli, path, describe_job, (gpointer)doing, error);
	if (!job || !job_error(job, error))
		return NULL;
	return g_steal_pointer(&job);
}

static char *describe_response(const json_t *response, gpointer data)
{
	gint64 rows = 0, pending = 0, failed = 0;
	const char *status;
	json_t *count;
	json_object_foreach (json_at(response, "counts"), status, count) {
		gint64 n = json_integer_value(count);
		rows += n;
		if (strcmp(status, "pending") == 0)
			pending += n;
		if (g_str_has_prefix(status, "failed"))
			failed += n;
	}
	const char *kind = json_text(response, "kind");
	if (!rows)
		return g_strdup_printf("%s %" G_GINT64_FORMAT ": finding every copy", kind,
		                       json_int(response, "id", 0));
	GString *line = g_string_new(NULL);
	g_string_append_printf(line,
	                       "%s %" G_GINT64_FORMAT ": %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
	                       " copies accounted for",
	                       kind, json_int(response, "id", 0), rows - pending, rows);
	if (failed)
		g_string_append_printf(line, ", %" G_GINT64_FORMAT " failed", failed);
	return g_string_free(line, FALSE);
}

json_t *wait_for_response(Cli *cli, gint64 id, GError **error)
{
	g_autofree char *path = g_strdup_printf("/v1/responses/%" G_GINT64_FORMAT, id);
	g_autoptr(GError) problem = NULL;
	json_t *response = wait_for(cli, path, describe_response, NULL, &problem);
	if (response)
		return response;
	if (g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_CANCELLED)) {
		g_clear_error(&problem);
		g_set_error(&problem, TRAWL_ERROR, TRAWL_ERROR_CANCELLED,
		            "response %" G_GINT64_FORMAT
		            " goes on without you; \"trawl incident show\" tells how it ended",
		            id);
	}
	g_propagate_error(error, g_steal_pointer(&problem));
	return NULL;
}
