/* Search over HTTP: who is shown what, and what is recorded of it. */
#include "api/testing.h"

#include "search/index.h"

#include <string.h>

static ApiRig *indexed_rig(void)
{
	ApiRig *rig = api_rig_new();
	gboolean more = TRUE;
	while (more) {
		g_autoptr(GError) error = NULL;
		g_assert_true(search_index_some(rig->db, &more, &error));
	}
	return rig;
}

static guint looks(const ApiRig *rig)
{
	guint count = 0;
	g_autoptr(Reply) log =
		api_rig_call(rig, SCOPE_ADMIN, "GET", "/v1/activity?limit=500", NULL, NULL);
	const json_t *items = json_at(log->json, "items");
	for (gsize i = 0; i < json_array_size(items); i++)
		count += strcmp(json_text(json_array_get(items, i), "action"), "search.look") == 0;
	return count;
}

static void what_messages_say_takes_a_scope_and_leaves_a_record(void)
{
	g_autoptr(ApiRig) rig = indexed_rig();
	const char *target = "/v1/search?q=click";
	g_autoptr(Reply) without = api_rig_call(rig, SCOPE_READ, "GET", target, NULL, NULL);
	g_assert_cmpint(without->status, ==, 200);
	g_assert_cmpint(json_int(without->json, "total", -1), ==, 0);
	g_assert_cmpuint(looks(rig), ==, 0);
	g_autoptr(Reply) with = api_rig_call(rig, SCOPE_ADMIN, "GET", target, NULL, NULL);
	g_assert_cmpint(json_int(with->json, "total", -1), ==, 1);
	g_assert_cmpstr(json_text(with->json, "items.0.snippets.0.field"), ==, "body");
	g_assert_cmpuint(looks(rig), ==, 1);
	/* A hit elsewhere shows nothing of it, and is none. */
	g_autoptr(Reply) title =
		api_rig_call(rig, SCOPE_ADMIN, "GET", "/v1/search?q=prize", NULL, NULL);
	g_assert_cmpint(json_int(title->json, "items.0.incident.id", 0), ==, 1);
	g_assert_cmpuint(looks(rig), ==, 1);
}

static void what_is_no_question_is_refused(void)
{
	g_autoptr(ApiRig) rig = indexed_rig();
	static const struct {
		const char *target;
		int status;
	} cases[] = {
		{"/v1/search", 400},
		{"/v1/search?q=", 400},
		{"/v1/search?q=%22open", 400},
		{"/v1/search?q=king:arthur", 400},
		{"/v1/search?q=%00", 400},
		{"/v1/search?q=%27%20OR%201=1%20--x", 400},
		{"/v1/search?q=prize%27", 200},
		{"/v1/search?q=%25", 400},
		{"/v1/search?q=prize&limit=0", 400},
		{"/v1/search?q=prize&cursor=abc", 400},
		{"/v1/search?q=prize&state=open", 400},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Reply) reply =
			api_rig_call(rig, SCOPE_READ, "GET", cases[i].target, NULL, NULL);
		g_test_message("%s: %d %s", cases[i].target, reply->status,
		               json_text(reply->json, "detail"));
		g_assert_cmpint(reply->status, ==, cases[i].status);
	}
}

static void pages_follow_each_other(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	for (guint i = 0; i < 7; i++) {
		g_autofree char *id = g_strdup_printf("more%u@x", i);
		api_rig_raise(rig, id, "bob@corp.example");
	}
	gboolean more = TRUE;
	while (more)
		g_assert_true(search_index_some(rig->db, &more, NULL));
	gint64 last = G_MAXINT64;
	guint seen = 0;
	g_autofree char *cursor = NULL;
	do {
		g_autofree char *plain =
			g_strdup_printf("/v1/search?q=prize%%20to:bob&limit=3%s%s",
		                        cursor ? "&cursor=" : "", cursor ? cursor : "");
		g_autoptr(Reply) page = api_rig_call(rig, SCOPE_READ, "GET", plain, NULL, NULL);
		g_assert_cmpint(page->status, ==, 200);
		g_assert_cmpint(json_int(page->json, "total", 0), ==, 7);
		const json_t *items = json_at(page->json, "items");
		for (gsize i = 0; i < json_array_size(items); i++, seen++) {
			gint64 id = json_int(json_array_get(items, i), "incident.id", 0);
			g_assert_cmpint(id, <, last);
			last = id;
		}
		g_free(cursor);
		cursor = g_strdup(json_text(page->json, "next"));
	} while (cursor);
	g_assert_cmpuint(seen, ==, 7);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define TEST(name, function) g_test_add_func("/search/" name, function)
	TEST("what messages say takes a scope and leaves a record",
	     what_messages_say_takes_a_scope_and_leaves_a_record);
	TEST("what is no question is refused", what_is_no_question_is_refused);
	TEST("pages follow each other", pages_follow_each_other);
	return g_test_run();
}
