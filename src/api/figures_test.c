/* Reporters and statistics over HTTP. */
#include "api/testing.h"

#include "base/clock.h"
#include "store/figures.h"
#include "store/source.h"

#include <string.h>

static gboolean update(Db *db, gpointer more, GError **error)
{
	return figures_update(db, more, error);
}

static ApiRig *counted_rig(void)
{
	ApiRig *rig = api_rig_new();
	gboolean more = TRUE;
	for (guint i = 0; i < 5; i++) {
		g_autofree char *id = g_strdup_printf("f%u@x", i);
		api_rig_raise(rig, id, i % 2 ? "bob@corp.example" : "eve@corp.example");
	}
	g_autoptr(Reply) judged = api_rig_call(rig, SCOPE_TRIAGE, "PATCH", "/v1/incidents/1",
	                                       "{\"disposition\":\"malicious\"}", NULL);
	g_assert_cmpint(judged->status, ==, 200);
	while (more)
		api_rig_write(rig, update, &more);
	return rig;
}

static void reporters_are_listed_in_the_order_asked_for(void)
{
	g_autoptr(ApiRig) rig = counted_rig();
	static const struct {
		const char *target, *first;
		guint count;
	} cases[] = {
		{"/v1/reporters", NULL, 3},
		{"/v1/reporters?sort=reports", "eve@corp.example", 3},
		{"/v1/reporters?sort=right", "ann@corp.example", 3},
		{"/v1/reporters?q=BO", "bob@corp.example", 1},
		{"/v1/reporters?q=%25", NULL, 0},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Reply) reply =
			api_rig_call(rig, SCOPE_READ, "GET", cases[i].target, NULL, NULL);
		g_test_message("%s", cases[i].target);
		g_assert_cmpuint(json_array_size(json_at(reply->json, "items")), ==,
		                 cases[i].count);
		if (cases[i].first)
			g_assert_cmpstr(json_text(reply->json, "items.0.address"), ==,
			                cases[i].first);
	}
	g_autoptr(Reply) page = api_rig_call(rig, SCOPE_READ, "GET",
	                                     "/v1/reporters?sort=reports&limit=2", NULL, NULL);
	g_autofree char *next = g_strdup_printf("/v1/reporters?sort=reports&limit=2&cursor=%s",
	                                        json_text(page->json, "next"));
	g_autoptr(Reply) rest = api_rig_call(rig, SCOPE_READ, "GET", next, NULL, NULL);
	g_assert_cmpuint(json_array_size(json_at(rest->json, "items")), ==, 1);
	g_assert_cmpstr(json_text(rest->json, "items.0.address"), ==, "ann@corp.example");
	g_autoptr(Reply) best = api_rig_call(rig, SCOPE_READ, "GET",
	                                     "/v1/reporters?sort=right&limit=1", NULL, NULL);
	g_autofree char *path = g_strdup_printf("/v1/reporters/%" G_GINT64_FORMAT,
	                                        json_int(best->json, "items.0.id", 0));
	g_autoptr(Reply) one = api_rig_call(rig, SCOPE_READ, "GET", path, NULL, NULL);
	g_assert_cmpint(json_int(one->json, "right", 0), ==, 1);
}

static void a_period_is_counted(void)
{
	g_autoptr(ApiRig) rig = counted_rig();
	g_autoptr(Reply) reply = api_rig_call(rig, SCOPE_READ, "GET", "/v1/statistics", NULL, NULL);
	g_assert_cmpint(reply->status, ==, 200);
	g_assert_cmpint(json_int(reply->json, "verdicts.malicious", -1), ==, 1);
	g_assert_cmpint(json_int(reply->json, "verdicts.unknown", -1), ==, 5);
	g_assert_cmpint(json_int(reply->json, "sources.0.reports", -1), ==, 6);
	g_assert_cmpint(json_int(reply->json, "times.verdict.count", -1), ==, 1);
	g_assert_cmpint(json_int(reply->json, "times.pull.count", -1), ==, 0);
	g_assert_true(json_is_null(json_at(reply->json, "times.pull.p50")));
	gint64 reports = 0, incidents = 0;
	const json_t *days = json_at(reply->json, "days");
	g_assert_cmpuint(json_array_size(days), ==, 31); /* the first and the last are parts */
	for (gsize i = 0; i < json_array_size(days); i++) {
		reports += json_int(json_array_get(days, i), "reports", 0);
		incidents += json_int(json_array_get(days, i), "incidents", 0);
	}
	g_assert_cmpint(reports, ==, 6);
	g_assert_cmpint(incidents, ==, 6);
	g_autoptr(Reply) other =
		api_rig_call(rig, SCOPE_READ, "GET", "/v1/statistics?source_id=7", NULL, NULL);
	g_assert_cmpint(json_int(other->json, "verdicts.unknown", -1), ==, 0);
}

static void what_is_no_period_is_refused(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	static const struct {
		const char *query;
		int status;
	} cases[] = {
		{"from=2026-01-01T00:00:00Z&to=2026-01-31T00:00:00Z", 200},
		{"from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:01Z&offset=-840", 200},
		{"from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", 400},
		{"from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", 400},
		{"from=1900-01-01T00:00:00Z&to=1900-01-02T00:00:00Z", 400},
		{"from=yesterday", 400},
		{"offset=1000", 400},
		{"days=7", 400},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *target = g_strdup_printf("/v1/statistics?%s", cases[i].query);
		g_autoptr(Reply) reply = api_rig_call(rig, SCOPE_READ, "GET", target, NULL, NULL);
		g_test_message("%s: %d", cases[i].query, reply->status);
		g_assert_cmpint(reply->status, ==, cases[i].status);
	}
}

static gboolean note_polls(Db *db, gpointer rig, GError **error)
{
	for (gint64 i = 1; i <= 5; i++) {
		const SourcePoll poll = {.at = i * CLOCK_MINUTE,
		                         .took = i * 1500,
		                         .found = i,
		                         .error_code = i == 4 ? (char *)"timeout" : NULL,
		                         .error = i == 4 ? (char *)"too slow" : NULL};
		if (!source_note_poll(db, ((ApiRig *)rig)->source_id, &poll, error))
			return FALSE;
	}
	return TRUE;
}

static void polls_of_a_source_are_listed(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	api_rig_write(rig, note_polls, rig);
	g_autoptr(Reply) page =
		api_rig_call(rig, SCOPE_READ, "GET", "/v1/sources/1/polls?limit=2", NULL, NULL);
	g_assert_cmpint(json_int(page->json, "items.0.found", 0), ==, 5);
	g_assert_cmpint(json_int(page->json, "items.0.took_ms", 0), ==, 7);
	g_assert_cmpstr(json_text(page->json, "items.1.error"), ==, "too slow");
	g_autofree char *next = g_strdup_printf("/v1/sources/1/polls?limit=2&cursor=%s",
	                                        json_text(page->json, "next"));
	g_autoptr(Reply) more = api_rig_call(rig, SCOPE_READ, "GET", next, NULL, NULL);
	g_assert_cmpint(json_int(more->json, "items.0.found", 0), ==, 3);
	g_autoptr(Reply) none =
		api_rig_call(rig, SCOPE_READ, "GET", "/v1/sources/9/polls", NULL, NULL);
	g_assert_cmpint(none->status, ==, 404);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define TEST(name, function) g_test_add_func("/figures/" name, function)
	TEST("reporters are listed in the order asked for",
	     reporters_are_listed_in_the_order_asked_for);
	TEST("a period is counted", a_period_is_counted);
	TEST("polls of a source are listed", polls_of_a_source_are_listed);
	TEST("what is no period is refused", what_is_no_period_is_refused);
	return g_test_run();
}
