#include "api/filter.h"

#include "api/resources.h"
#include "api/testing.h"
#include "base/clock.h"

#include <string.h>

/* 2026-11-29T10:00:00Z */
#define NOW (1795946400 * CLOCK_SECOND)

static char *parsed(const Field *fields, const FilterTerm *terms, const char *text, const char *me)
{
	g_autoptr(GTimeZone) zone = g_time_zone_new_identifier("Europe/Berlin");
	g_auto(Filter) filter = {0};
	filter_parse(terms, fields, text, me, zone, NOW, &filter);
	char *all = json_dumps(json_array_size(filter.wrong) ? filter.wrong : filter.query,
	                       JSON_COMPACT | JSON_SORT_KEYS);
	char *copy = g_strdup(all);
	free(all);
	return copy;
}

static void test_a_filter_says_what_the_parameters_say(void)
{
	static const struct {
		const char *text, *query;
	} cases[] = {
		{"", "{}"},
		{"  is:open  ", "{\"state\":\"open\"}"},
		{"is:all", "{}"},
		{"severity:>=major", "{\"severity_min\":\"major\"}"},
		{"severity:minor SEVERITY:>=minor",
	         "{\"severity\":\"minor\",\"severity_min\":\"minor\"}"},
		{"assignee:me", "{\"assignee\":\"mara\"}"},
		{"assignee:none", "{\"unassigned\":true}"},
		{"untrusted:yes quarantined:no", "{\"quarantined\":false,\"trusted\":false}"},
		{"source:3 sort:need", "{\"sort\":\"need\",\"source_id\":3}"},
		{"url:https://evil.example/a?b=c&d", "{\"url\":\"https://evil.example/a?b=c&d\"}"},
		{"assignee:\"two words\"", "{\"assignee\":\"two words\"}"},
		{"overdue invoice", "{\"q\":\"overdue invoice\"}"},
		{"\"is:open\" Re: https://x.example/",
	         "{\"q\":\"is:open Re: https://x.example/\"}"},
		{"is:open is:open", "{\"state\":\"open\"}"},
		{"after:2026-11-01", "{\"opened_after\":\"2026-10-31T23:00:00.000Z\"}"},
		{"before:2026-07-01T08:30", "{\"opened_before\":\"2026-07-01T06:30:00.000Z\"}"},
		{"closed:12h", "{\"closed_after\":\"2026-11-28T22:00:00.000Z\"}"},
		{"after:2w", "{\"opened_after\":\"2026-11-15T10:00:00.000Z\"}"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *query =
			parsed(incident_query, incident_filter_terms, cases[i].text, "mara");
		g_assert_cmpstr(query, ==, cases[i].query);
	}
}

static void test_what_is_wrong_is_said_part_by_part(void)
{
	static const struct {
		const char *text, *wrong;
	} cases[] = {
		{"colour:red", "[{\"part\":\"colour:red\",\"why\":\"unknown\"}]"},
		{"is:shut severity:", "[{\"part\":\"is:shut\",\"why\":\"value\"},{\"part\":"
	                              "\"severity:\",\"why\":\"empty\"}]"},
		{"severity:>=", "[{\"part\":\"severity:>=\",\"why\":\"empty\"}]"},
		{"kind:>=unparsed", "[{\"part\":\"kind:>=unparsed\",\"why\":\"value\"}]"},
		{"reporter:ann", "[{\"part\":\"reporter:ann\",\"why\":\"value\"}]"},
		{"after:yesterday after:2026-02-30",
	         "[{\"part\":\"after:yesterday\",\"why\":\"value\"},{\"part\":\"after:2026-02-30\","
	         "\"why\":\"twice\"}]"},
		{"before:2026-02-30", "[{\"part\":\"before:2026-02-30\",\"why\":\"value\"}]"},
		{"verdict:spam disposition:bulk",
	         "[{\"part\":\"disposition:bulk\",\"why\":\"twice\"}]"},
		{"source:x", "[{\"part\":\"source:x\",\"why\":\"value\"}]"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *wrong =
			parsed(incident_query, incident_filter_terms, cases[i].text, "mara");
		g_assert_cmpstr(wrong, ==, cases[i].wrong);
	}
	g_autofree char *nobody =
		parsed(incident_query, incident_filter_terms, "assignee:me", NULL);
	g_assert_cmpstr(nobody, ==, "[{\"part\":\"assignee:me\",\"why\":\"value\"}]");
	g_autofree char *words = parsed(alert_query, alert_filter_terms, "is:open invoice", "mara");
	g_assert_cmpstr(words, ==, "[{\"part\":\"invoice\",\"why\":\"words\"}]");
}

static void test_lists_take_it(void)
{
	static const struct {
		const char *target;
		int status;
		const char *said; /* in the answer */
	} cases[] = {
		{"/v1/incidents?filter=is:open%20severity:%3E%3Dinformational", 200,
	         "\"items\":[{"},
		{"/v1/incidents?filter=is:closed", 200, "\"items\":[]"},
		{"/v1/alerts?filter=is:open&limit=1", 200, "\"items\":[{"},
		{"/v1/incidents?filter=colour:red%20is:", 400, "\"wrong\":[{"},
		{"/v1/alerts?filter=words", 400, "nothing that words are looked for in"},
		{"/v1/incidents?filter=is:open&state=open", 400,
	         "the filter says what state says, too"},
		{"/v1/incidents?filter=after:2026-11-01&zone=Mars/Base", 400, "no time zone"},
		{"/v1/incidents?filter=needs:hunger", 400, "need_reasons"},
	};
	g_autoptr(ApiRig) rig = api_rig_new();
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Reply) reply =
			api_rig_call(rig, SCOPE_READ, "GET", cases[i].target, NULL, NULL);
		g_autofree char *body = g_strndup(g_bytes_get_data(reply->body, NULL),
		                                  g_bytes_get_size(reply->body));
		g_test_message("%s: %s", cases[i].target, body);
		g_assert_cmpint(reply->status, ==, cases[i].status);
		g_assert_nonnull(strstr(body, cases[i].said));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/filter/a filter says what the parameters say",
	                test_a_filter_says_what_the_parameters_say);
	g_test_add_func("/filter/what is wrong is said part by part",
	                test_what_is_wrong_is_said_part_by_part);
	g_test_add_func("/filter/lists take it", test_lists_take_it);
	return g_test_run();
}
