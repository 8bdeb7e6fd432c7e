/* Counts requests by operation and kind of answer, and how long they took. */
#include "api/metrics.h"

#include "base/clock.h"

#define BUCKETS 8

static const double bucket_seconds[BUCKETS] = {0.001, 0.005, 0.01, 0.025, 0.05, 0.25, 1, 5};

typedef struct {
	guint64 answers[6]; /* by first digit of the status */
	guint64 buckets[BUCKETS];
	guint64 count, microseconds;
} RouteCount;

struct Metrics {
	GMutex lock;
	GHashTable *routes; /* operation id -> RouteCount */
	gint64 connections;
	guint64 connections_total;
};

Metrics *metrics_new(void)
{
	Metrics *metrics = g_new0(Metrics, 1);
	g_mutex_init(&metrics->lock);
	metrics->routes = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	return metrics;
}

void metrics_free(Metrics *metrics)
{
	if (!metrics)
		return;
	g_hash_table_unref(metrics->routes);
	g_mutex_clear(&metrics->lock);
	g_free(metrics);
}

void metrics_count(Metrics *metrics, const Route *route, int status, gint64 microseconds)
{
	const char *name = route ? route->operation_id : "none";
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&metrics->lock);
	RouteCount *count = g_hash_table_lookup(metrics->routes, name);
	if (!count) {
		count = g_new0(RouteCount, 1);
		g_hash_table_insert(metrics->routes, (gpointer)name, count);
	}
	count->answers[CLAMP(status / 100, 0, 5)]++;
	count->count++;
	count->microseconds += (guint64)microseconds;
	for (guint i = 0; i < BUCKETS; i++)
		if ((double)microseconds <= bucket_seconds[i] * (double)CLOCK_SECOND)
			count->buckets[i]++;
}

void metrics_connection(Metrics *metrics, int change)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&metrics->lock);
	metrics->connections += change;
	if (change > 0)
		metrics->connections_total++;
}

/* Prometheus writes numbers with a point whatever the locale. */
static void append_seconds(GString *text, double seconds)
{
	char number[G_ASCII_DTOSTR_BUF_SIZE];
	g_string_append(text, g_ascii_formatd(number, sizeof number, "%g", seconds));
}

static void format_route(GString *text, const char *name, const RouteCount *count)
{
	for (guint i = 1; i < G_N_ELEMENTS(count->answers); i++)
		if (count->answers[i])
			g_string_append_printf(text,
			                       "trawl_api_requests_total{operation=\"%s\","
			                       "answer=\"%uxx\"} %" G_GUINT64_FORMAT "\n",
			                       name, i, count->answers[i]);
}

static void format_latency(GString *text, const char *name, const RouteCount *count)
{
	for (guint i = 0; i < BUCKETS; i++) {
		g_string_append_printf(
			text, "trawl_api_request_seconds_bucket{operation=\"%s\",le=\"", name);
		append_seconds(text, bucket_seconds[i]);
		g_string_append_printf(text, "\"} %" G_GUINT64_FORMAT "\n", count->buckets[i]);
	}
	g_string_append_printf(text,
	                       "trawl_api_request_seconds_bucket{operation=\"%s\",le=\"+Inf\"} "
	                       "%" G_GUINT64_FORMAT
	                       "\ntrawl_api_request_seconds_sum{operation=\"%s\"} ",
	                       name, count->count, name);
	append_seconds(text, (double)count->microseconds / (double)CLOCK_SECOND);
	g_string_append_printf(text,
	                       "\ntrawl_api_request_seconds_count{operation=\"%s\"} "
	                       "%" G_GUINT64_FORMAT "\n",
	                       name, count->count);
}

void metrics_format(Metrics *metrics, GString *text)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&metrics->lock);
	g_string_append_printf(text,
	                       "# HELP trawl_api_connections Open connections to the API.\n"
	                       "# TYPE trawl_api_connections gauge\n"
	                       "trawl_api_connections %" G_GINT64_FORMAT "\n"
	                       "# HELP trawl_api_connections_total Connections ever opened.\n"
	                       "# TYPE trawl_api_connections_total counter\n"
	                       "trawl_api_connections_total %" G_GUINT64_FORMAT "\n",
	                       metrics->connections, metrics->connections_total);
	GHashTableIter iter;
	gpointer name, count;
	g_string_append(text, "# HELP trawl_api_requests_total Requests answered.\n"
	                      "# TYPE trawl_api_requests_total counter\n");
	g_hash_table_iter_init(&iter, metrics->routes);
	while (g_hash_table_iter_next(&iter, &name, &count))
		format_route(text, name, count);
	g_string_append(text, "# HELP trawl_api_request_seconds Time to answer a request.\n"
	                      "# TYPE trawl_api_request_seconds histogram\n");
	g_hash_table_iter_init(&iter, metrics->routes);
	while (g_hash_table_iter_next(&iter, &name, &count))
		format_latency(text, name, count);
}
