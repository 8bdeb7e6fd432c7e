#include "api/field.h"

#include "base/error.h"

static const char *const colours[] = {"red", "green", NULL};

/* clang-format off */
static const Field fields[] = {
	{"name",    FIELD_TEXT,    FIELD_REQUIRED, 1, 5, NULL, "name is 1 to 5 characters"},
	{"prose",   FIELD_PROSE,   FIELD_NULLABLE, 0, 9, NULL, "prose is at most 9 characters"},
	{"minutes", FIELD_INTEGER, 0, 1, 60, NULL, "minutes is a number from 1 to 60"},
	{"on",      FIELD_BOOLEAN, 0, 0, 0, NULL, "on is true or false"},
	{"colour",  FIELD_NAME,    FIELD_NULLABLE, 0, 0, colours, "colour is red or green"},
	{"colours", FIELD_NAMES,   0, 1, 0, colours, "colours are red or green"},
	{"mail",    FIELD_ADDRESS, 0, 0, 0, NULL, "mail is an address"},
	{"domains", FIELD_DOMAINS, 0, 0, 2, NULL, "domains are two domains"},
	{"hosts",   FIELD_HOSTS,   0, 0, 5, NULL, "hosts are five hosts"},
	{"relays",  FIELD_RELAYS,  0, 0, 5, NULL, "relays are five hosts or senders"},
	{"at",      FIELD_TIME,    0, 0, 0, NULL, "at is a time"},
	{"more",    FIELD_OBJECT,  0, 0, 0, NULL, "more is an object"},
	{NULL}
};
/* clang-format on */

static void test_bodies_are_refused_with_the_sentence_of_the_member(void)
{
	static const struct {
		const char *body, *refusal; /* NULL: accepted */
	} cases[] = {
		{"{\"name\":\"a\"}", NULL},
		{"{}", "\"name\" is missing: name is 1 to 5 characters"},
		{"{\"name\":\"a\",\"nam\":1}", "there is no member \"nam\" here"},
		{"{\"name\":\"a\",\"\\u001b[2J\":1}", "there is no member \"\\u001b[2J\" here"},
		{"{\"name\":\"\"}", "name is 1 to 5 characters"},
		{"{\"name\":\"   \"}", "name is 1 to 5 characters"},
		{"{\"name\":\"abcdef\"}", "name is 1 to 5 characters"},
		{"{\"name\":\"äöüßé\"}", NULL},
		{"{\"name\":\"a\\nb\"}", "name is 1 to 5 characters"},
		{"{\"name\":null}", "name is 1 to 5 characters"},
		{"{\"name\":7}", "name is 1 to 5 characters"},
		{"{\"name\":\"a\",\"relays\":[\"r.vendor.example\",\".vendor.example\","
	         "\"192.0.2.7\",\"2001:db8::7\",\"a@vendor.example\"]}",
	         NULL},
		{"{\"name\":\"a\",\"hosts\":[\"MX.corp.example/below\",\".corp.example\","
	         "\"192.0.2.0/24\",\"2001:db8::7\",\"mx.corp.example\"]}",
	         NULL},
		{"{\"name\":\"a\",\"hosts\":[\"mx.corp.example/above\"]}", "hosts are five hosts"},
		{"{\"name\":\"a\",\"hosts\":[\"/below\"]}", "hosts are five hosts"},
		{"{\"name\":\"a\",\"hosts\":[\"192.0.2.1/24\"]}", "hosts are five hosts"},
		{"{\"name\":\"a\",\"hosts\":[\"a b\"]}", "hosts are five hosts"},
		{"{\"name\":\"a\",\"relays\":[\"@vendor.example\"]}", NULL},
		{"{\"name\":\"a\",\"relays\":[\"@\"]}", "relays are five hosts or senders"},
		{"{\"name\":\"a\",\"relays\":[\".\"]}", "relays are five hosts or senders"},
		{"{\"name\":\"a\",\"relays\":[\"a b\"]}", "relays are five hosts or senders"},
		{"{\"name\":\"a\",\"relays\":[7]}", "relays are five hosts or senders"},
		{"{\"name\":\"a\",\"prose\":\"a\\n\\tb\"}", NULL},
		{"{\"name\":\"a\",\"prose\":null}", NULL},
		{"{\"name\":\"a\",\"prose\":\"a\\u0007\"}", "prose is at most 9 characters"},
		{"{\"name\":\"a\",\"minutes\":60}", NULL},
		{"{\"name\":\"a\",\"minutes\":0}", "minutes is a number from 1 to 60"},
		{"{\"name\":\"a\",\"minutes\":61}", "minutes is a number from 1 to 60"},
		{"{\"name\":\"a\",\"minutes\":1.5}", "minutes is a number from 1 to 60"},
		{"{\"name\":\"a\",\"minutes\":\"5\"}", "minutes is a number from 1 to 60"},
		{"{\"name\":\"a\",\"on\":1}", "on is true or false"},
		{"{\"name\":\"a\",\"colour\":\"red\"}", NULL},
		{"{\"name\":\"a\",\"colour\":null}", NULL},
		{"{\"name\":\"a\",\"colour\":\"Red\"}", "colour is red or green"},
		{"{\"name\":\"a\",\"colours\":[\"red\",\"green\"]}", NULL},
		{"{\"name\":\"a\",\"colours\":[]}", "colours are red or green"},
		{"{\"name\":\"a\",\"colours\":[\"red\",\"red\"]}", "colours are red or green"},
		{"{\"name\":\"a\",\"colours\":[1]}", "colours are red or green"},
		{"{\"name\":\"a\",\"mail\":\"Ann@Corp.Example\"}", NULL},
		{"{\"name\":\"a\",\"mail\":\"ann\"}", "mail is an address"},
		{"{\"name\":\"a\",\"mail\":\"ann@corp.example\\r\\nX: y\"}", "mail is an address"},
		{"{\"name\":\"a\",\"domains\":[\"corp.example\",\"b\\u00fccher.example\"]}", NULL},
		{"{\"name\":\"a\",\"domains\":[\"a@b\"]}", "domains are two domains"},
		{"{\"name\":\"a\",\"domains\":[\"a\",\"b\",\"c\"]}", "domains are two domains"},
		{"{\"name\":\"a\",\"domains\":[\"\"]}", "domains are two domains"},
		{"{\"name\":\"a\",\"at\":\"2026-11-23T09:00:00Z\"}", NULL},
		{"{\"name\":\"a\",\"at\":\"tomorrow\"}", "at is a time"},
		{"{\"name\":\"a\",\"more\":{\"x\":[]}}", NULL},
		{"{\"name\":\"a\",\"more\":[]}", "more is an object"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(json_t) body = json_parse(cases[i].body, -1, &error);
		g_assert_no_error(error);
		g_assert_cmpint(fields_check(fields, body, FALSE, &error), ==, !cases[i].refusal);
		g_assert_cmpstr(error ? error->message : NULL, ==, cases[i].refusal);
	}
}

static void test_a_patch_may_leave_out_what_is_required(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(json_t) body = json_object();
	g_assert_true(fields_check(fields, body, TRUE, &error));
	g_assert_true(fields_check(NULL, body, FALSE, &error));
}

static void test_queries_become_typed_values(void)
{
	static const struct {
		const char *query, *expected; /* NULL: refused */
	} cases[] = {
		{"", "{}"},
		{"&&", "{}"},
		{"minutes=7&on=true&colour=red", "{\"minutes\":7,\"on\":true,\"colour\":\"red\"}"},
		{"name=a%20b", "{\"name\":\"a b\"}"},
		{"name=a+b", "{\"name\":\"a b\"}"},
		{"name=%c3%a4", "{\"name\":\"ä\"}"},
		{"mail=ann%40corp.example", "{\"mail\":\"ann@corp.example\"}"},
		{"minutes=0x7", NULL},
		{"minutes=+7", NULL},
		{"minutes=", NULL},
		{"minutes", NULL},
		{"on=1", NULL},
		{"name=%00", NULL},
		{"name=%", NULL},
		{"name=%4", NULL},
		{"name=%zz", NULL},
		{"name=%ff", NULL},
		{"name=a&name=b", NULL},
		{"other=1", NULL},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(json_t) query = fields_parse_query(fields, cases[i].query, &error);
		g_autofree char *text = query ? json_format(query) : NULL;
		g_assert_cmpstr(text, ==, cases[i].expected);
		if (!query)
			g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/field/bodies are refused with the sentence of the member",
	                test_bodies_are_refused_with_the_sentence_of_the_member);
	g_test_add_func("/field/a patch may leave out what is required",
	                test_a_patch_may_leave_out_what_is_required);
	g_test_add_func("/field/queries become typed values", test_queries_become_typed_values);
	return g_test_run();
}
