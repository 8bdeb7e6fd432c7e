/* What went on in a period: how much, how fast, and what it was. Counted when it is asked for, from
 * what store/figures.c keeps; days are those of whoever asks. */
#include "api/resources.h"
#include "api/show.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "model/names.h"
#include "store/figures.h"
#include "store/source.h"

#define DAYS_DEFAULT 30

/* clang-format off */
const Field statistics_query[] = {
	{"from",   FIELD_TIME,    0, 0, 0, NULL,       "from is a time as RFC 3339 writes it"},
	{"to",     FIELD_TIME,    0, 0, 0, NULL,       "to is a time as RFC 3339 writes it"},
	{"source_id", FIELD_INTEGER, 0, 1, G_MAXINT64, NULL, "source_id is the number of a source"},
	{"offset", FIELD_INTEGER, 0, -840, 840, NULL,  "offset is the minutes that days begin before those of UTC, from -840 to 840"},
	{NULL}
};
/* clang-format on */

typedef struct {
	gint64 from, to, shift; /* shift: added to a time before it is cut into days */
	gint64 first, days;
	gint64 *reports, *opened; /* one a day */
} Period;

static void period_clear(Period *period)
{
	g_clear_pointer(&period->reports, g_free);
	g_clear_pointer(&period->opened, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Period, period_clear)

static gboolean parse_period(const Request *request, Period *period, GError **error)
{
	const char *from = query_text(request, "from"), *to = query_text(request, "to");
	period->shift = query_int(request, "offset", 0) * CLOCK_MINUTE;
	if (!to || !clock_parse(to, &period->to))
		period->to = clock_now();
	if (!from || !clock_parse(from, &period->from))
		period->from = period->to - DAYS_DEFAULT * CLOCK_DAY;
	if (period->from < 0 || period->from >= period->to ||
	    period->to - period->from > LIMIT_STATISTICS_DAYS * CLOCK_DAY) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		            "from is before to, and at most %d days", LIMIT_STATISTICS_DAYS);
		return FALSE;
	}
	period->first = (period->from + period->shift) / CLOCK_DAY;
	period->days = (period->to - 1 + period->shift) / CLOCK_DAY - period->first + 1;
	period->reports = g_new0(gint64, (gsize)period->days);
	period->opened = g_new0(gint64, (gsize)period->days);
	return TRUE;
}

static json_t *days_show(const Period *period)
{
	json_t *days = json_array();
	for (gint64 i = 0; i < period->days; i++) {
		g_autofree char *time = clock_format((period->first + i) * CLOCK_DAY);
		time[10] = '\0'; /* "2026-11-29" */
		json_array_append_new(days, json_pack("{s:s, s:I, s:I}", "day", time, "reports",
		                                      (json_int_t)period->reports[i], "incidents",
		                                      (json_int_t)period->opened[i]));
	}
	return days;
}

/* --- how long it took ---------------------------------------------------------------------------
 */

static gint compare_durations(gconstpointer a, gconstpointer b)
{
	gint64 left = *(const gint64 *)a, right = *(const gint64 *)b;
	return (left > right) - (left < right);
}

/* Seconds; the nearest rank. */
static json_t *percentile(const GArray *sorted, guint percent)
{
	if (sorted->len == 0)
		return json_null();
	guint rank = (sorted->len * percent + 99) / 100;
	gint64 took = g_array_index(sorted, gint64, MAX(rank, 1) - 1);
	return json_integer(took / CLOCK_SECOND);
}

static json_t *durations_show(const GPtrArray *incidents, gsize member)
{
	g_autoptr(GArray) took = g_array_new(FALSE, FALSE, sizeof(gint64));
	for (guint i = 0; i < incidents->len; i++) {
		const IncidentTimes *times = incidents->pdata[i];
		gint64 at = *(const gint64 *)((const char *)times + member);
		gint64 duration = at - times->opened_at;
		if (at && duration >= 0)
			g_array_append_val(took, duration);
	}
	g_array_sort(took, compare_durations);
	return json_pack("{s:I, s:o, s:o, s:o}", "count", (json_int_t)took->len, "p50",
	                 percentile(took, 50), "p90", percentile(took, 90), "p99",
	                 percentile(took, 99));
}

static json_t *verdicts_show(const GPtrArray *incidents)
{
	gint64 counts[16] = {0};
	json_t *verdicts = json_object();
	for (guint i = 0; i < incidents->len; i++)
		counts[((const IncidentTimes *)incidents->pdata[i])->disposition]++;
	for (guint i = 0; disposition_names[i]; i++)
		json_object_set_new(verdicts, disposition_names[i], json_integer(counts[i]));
	return verdicts;
}

static json_t *kinds_show(const GPtrArray *incidents)
{
	gint64 counts[16] = {0};
	json_t *kinds = json_object();
	for (guint i = 0; i < incidents->len; i++)
		counts[((const IncidentTimes *)incidents->pdata[i])->kind]++;
	for (guint i = 0; incident_kind_names[i]; i++)
		json_object_set_new(kinds, incident_kind_names[i], json_integer(counts[i]));
	return kinds;
}

/* --- by source ----------------------------------------------------------------------------------
 */

static json_t *sources_show(Db *db, const Sight *sight, const GPtrArray *volumes, GError **error)
{
	g_autoptr(GHashTable) counts =
		g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
	for (guint i = 0; i < volumes->len; i++) {
		const ReportVolume *volume = volumes->pdata[i];
		gint64 *count = g_hash_table_lookup(counts, &volume->source_id);
		if (!count)
			g_hash_table_insert(counts, (gpointer)&volume->source_id,
			                    count = g_new0(gint64, 1));
		*count += volume->count;
	}
	g_autoptr(GPtrArray) sources = source_list_seen(db, sight, error);
	if (!sources)
		return NULL;
	json_t *shown = json_array();
	for (guint i = 0; i < sources->len; i++) {
		const Source *source = sources->pdata[i];
		const gint64 *count = g_hash_table_lookup(counts, &source->id);
		json_array_append_new(shown,
		                      json_pack("{s:I, s:s, s:I}", "id", (json_int_t)source->id,
		                                "name", source->name, "reports",
		                                (json_int_t)(count ? *count : 0)));
	}
	return shown;
}

gboolean statistics_get(Request *request, Db *db, Answer *answer, GError **error)
{
	gint64 source = query_int(request, "source_id", 0);
	g_auto(Period) period = {0};
	if (!parse_period(request, &period, error))
		return FALSE;
	g_autoptr(GPtrArray) incidents =
		figures_incidents(db, request->sight, source, period.from, period.to, error);
	g_autoptr(GPtrArray) volumes =
		incidents ? figures_reports(db, request->sight, source, period.from, period.to,
	                                    period.shift, error)
			  : NULL;
	json_t *sources = volumes ? sources_show(db, request->sight, volumes, error) : NULL;
	if (!sources)
		return FALSE;
	for (guint i = 0; i < volumes->len; i++) {
		const ReportVolume *volume = volumes->pdata[i];
		period.reports[CLAMP(volume->day - period.first, 0, period.days - 1)] +=
			volume->count;
	}
	for (guint i = 0; i < incidents->len; i++) {
		const IncidentTimes *times = incidents->pdata[i];
		gint64 day = (times->opened_at + period.shift) / CLOCK_DAY - period.first;
		period.opened[CLAMP(day, 0, period.days - 1)]++;
	}
	answer_json(
		answer, 200,
		json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o}}", "from",
	                  json_time_new(period.from), "to", json_time_new(period.to), "days",
	                  days_show(&period), "verdicts", verdicts_show(incidents), "kinds",
	                  kinds_show(incidents), "sources", sources, "times", "look",
	                  durations_show(incidents, G_STRUCT_OFFSET(IncidentTimes, looked_at)),
	                  "verdict",
	                  durations_show(incidents, G_STRUCT_OFFSET(IncidentTimes, judged_at)),
	                  "pull",
	                  durations_show(incidents, G_STRUCT_OFFSET(IncidentTimes, pulled_at))));
	answer->live = TRUE;
	return TRUE;
}
