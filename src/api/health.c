/* How the installation is doing: a word for load balancers, a page for people, numbers for
 * Prometheus; and the API's description of itself. */
#include "api-resources.h"
#include "api/context.h"
#include "api/metrics.h"
#include "api/resources.h"
#include "api/show.h"
#include "api/stream.h"
#include "base/clock.h"
#include "base/error.h"
#include "store/job.h"
#include "store/listing.h"
#include "store/setting.h"
#include "store/source.h"

#include <string.h>
#include <sys/statvfs.h>

#define NODE_DEAD_AFTER (90 * CLOCK_SECOND)
#define DISK_LOW        (1024LL * 1024 * 1024)

typedef struct {
	gboolean closely; /* also what takes counting: what is seen by who sees everything */
	json_t *nodes, *figures;
	gboolean worker_alive;
} Look;

static void look_clear(Look *look)
{
	g_clear_pointer(&look->nodes, json_decref);
	g_clear_pointer(&look->figures, json_decref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Look, look_clear)

static json_t *node_show(const NodeRow *node, gboolean alive)
{
	json_t *to = json_object();
	json_object_set_new(to, "id", json_text_new(node->id));
	json_object_set_new(to, "role", json_text_new(node->role));
	json_object_set_new(to, "host", json_text_new(node->host));
	json_object_set_new(to, "alive", json_boolean(alive));
	json_object_set_new(to, "started_at", json_time_new(node->started_at));
	json_object_set_new(to, "seen_at", json_time_new(node->seen_at));
	json_object_set_new(to, "detail", show_json(node->detail));
	return to;
}

/* The store's figures, and how long the job that waits longest has been waiting. */
static json_t *count_figures(Db *db, GError **error)
{
	gint64 next;
	g_autofree char *figures = store_figures(db, error);
	if (!figures || !job_next_at(db, &next, error))
		return NULL;
	json_t *document = show_json(figures);
	gint64 waited = next ? (clock_now() - next) / CLOCK_SECOND : 0;
	json_object_set_new(document, "jobs_oldest_waiting_seconds",
	                    json_integer(waited > 0 ? waited : 0));
	return document;
}

static gboolean look_around(Db *db, gpointer data, GError **error)
{
	Look *look = data;
	look_clear(look);
	look->nodes = json_array();
	g_autoptr(GPtrArray) nodes = node_list(db, error);
	if (!nodes)
		return FALSE;
	if (look->closely) {
		look->figures = count_figures(db, error);
		if (!look->figures)
			return FALSE;
	}
	for (guint i = 0; i < nodes->len; i++) {
		const NodeRow *node = nodes->pdata[i];
		gboolean alive = node->seen_at + NODE_DEAD_AFTER > clock_now();
		look->worker_alive |= alive && strcmp(node->role, "worker") == 0;
		json_array_append_new(look->nodes, node_show(node, alive));
	}
	return TRUE;
}

/* Free and total bytes where the data lie; FALSE when nobody says. */
static gboolean measure_disk(const ApiContext *context, gint64 *available, gint64 *total)
{
	struct statvfs status;
	if (!context->data_dir || statvfs(context->data_dir, &status) != 0)
		return FALSE;
	*available = (gint64)(status.f_bavail * status.f_frsize);
	*total = (gint64)(status.f_blocks * status.f_frsize);
	return TRUE;
}

/* What is wrong, in sentences; an empty array when nothing is. */
static json_t *list_problems(const Look *look, gboolean reached, gboolean measured,
                             gint64 available)
{
	json_t *problems = json_array();
	if (!reached)
		json_array_append_new(problems, json_string("the database does not answer"));
	else if (!look->worker_alive)
		json_array_append_new(problems, json_string("no worker is running"));
	if (measured && available < DISK_LOW)
		json_array_append_new(problems,
		                      json_string("less than 1 GiB of disk space is left"));
	return problems;
}

gboolean health_get(Request *request, Db *db, Answer *answer, GError **error)
{
	gint64 available = 0, total = 0;
	g_auto(Look) look = {.closely = (request->scopes & SCOPE_READ) != 0 &&
	                                request->sight->everything};
	g_autoptr(GError) problem = NULL;
	gboolean reached = db_read(request->context->db, look_around, &look, &problem);
	gboolean measured = measure_disk(request->context, &available, &total);
	g_autoptr(json_t) problems = list_problems(&look, reached, measured, available);
	const char *status = !reached ? "failed" : json_array_size(problems) ? "degraded" : "ok";
	json_t *document = json_pack("{s:s}", "status", status);
	if (request->scopes & SCOPE_READ)
		json_object_set_new(document, "version", json_string(TRAWL_VERSION));
	if (look.closely) {
		json_object_set(document, "problems", problems);
		json_object_set_new(document, "database",
		                    json_string(db_pool_driver_name(request->context->db)));
		json_object_set(document, "nodes", reached ? look.nodes : json_null());
		json_object_set(document, "figures", reached ? look.figures : json_null());
		json_object_set_new(document, "disk",
		                    measured ? json_pack("{s:I, s:I}", "available",
		                                         (json_int_t)available, "total",
		                                         (json_int_t)total)
		                             : json_null());
	}
	answer_json(answer, reached ? 200 : 503, document);
	return TRUE;
}

gboolean whoami_get(Request *request, Db *db, Answer *answer, GError **error)
{
	answer_json(answer, 200, caller_show(request->caller));
	return TRUE;
}

gboolean openapi_get(Request *request, Db *db, Answer *answer, GError **error)
{
	answer->body = g_resource_lookup_data(trawl_api_get_resource(), "/trawl/api/openapi.json",
	                                      G_RESOURCE_LOOKUP_FLAGS_NONE, error);
	answer->status = 200;
	answer->type = "application/json";
	return answer->body != NULL;
}

/* A label's value (Prometheus exposition format 0.0.4). */
static char *escape_label(const char *text)
{
	GString *escaped = g_string_new(NULL);
	for (const char *p = text; *p; p++)
		if (*p == '\n')
			g_string_append(escaped, "\\n");
		else if (*p == '\\' || *p == '"')
			g_string_append_printf(escaped, "\\%c", *p);
		else
			g_string_append_c(escaped, *p);
	return g_string_free(escaped, FALSE);
}

static void format_gauge(GString *text, const char *name, const char *help, gint64 value)
{
	g_string_append_printf(text,
	                       "# HELP trawl_%s %s\n# TYPE trawl_%s gauge\n"
	                       "trawl_%s %" G_GINT64_FORMAT "\n",
	                       name, help, name, name, value);
}

static gboolean format_sources(Db *db, GString *text, GError **error)
{
	g_autoptr(GPtrArray) sources = source_list(db, error);
	if (!sources)
		return FALSE;
	g_autoptr(GString) failing = g_string_new("# HELP trawl_source_failing 1 while the last "
	                                          "poll of a source failed.\n"
	                                          "# TYPE trawl_source_failing gauge\n");
	g_string_append(text, "# HELP trawl_source_last_success_seconds When a source was last "
	                      "polled well, in seconds since 1970.\n"
	                      "# TYPE trawl_source_last_success_seconds gauge\n");
	for (guint i = 0; i < sources->len; i++) {
		const Source *source = sources->pdata[i];
		g_autofree char *name = escape_label(source->name);
		g_string_append_printf(text,
		                       "trawl_source_last_success_seconds{source=\"%s\"} "
		                       "%" G_GINT64_FORMAT "\n",
		                       name, source->last_success_at / CLOCK_SECOND);
		g_string_append_printf(failing, "trawl_source_failing{source=\"%s\"} %d\n", name,
		                       source->last_error != NULL);
	}
	g_string_append_len(text, failing->str, (gssize)failing->len);
	return TRUE;
}

gboolean metrics_get(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(json_t) document = count_figures(db, error);
	if (!document)
		return FALSE;
	const char *name;
	json_t *value;
	json_object_foreach (document, name, value)
		if (json_is_integer(value))
			format_gauge(text, name, "A number of the store.",
			             json_integer_value(value));
	format_gauge(text, "api_streams", "Open event streams.",
	             event_feed_count(request->context->feed));
	if (!format_sources(db, text, error))
		return FALSE;
	metrics_format(request->context->metrics, text);
	answer->status = 200;
	answer->type = "text/plain; version=0.0.4; charset=utf-8";
	answer->body = g_string_free_to_bytes(g_steal_pointer(&text));
	return TRUE;
}
