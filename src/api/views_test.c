#include "api/testing.h"

#include <string.h>

#define ASSERT_STATUS(rig, headers, method, target, body, wanted)                                  \
	do {                                                                                       \
		g_autoptr(Reply) reply_ = api_rig_call(rig, 0, method, target, body, headers);     \
		g_test_message("%s %s: %s", method, target,                                        \
		               reply_->json ? json_text(reply_->json, "detail") : "");             \
		g_assert_cmpint(reply_->status, ==, wanted);                                       \
	} while (0)

#define MINE   "{\"name\":\"Mine\",\"filter\":\"is:open assignee:me\"}"
#define SHARED "{\"name\":\"Bad\",\"filter\":\"severity:>=major\",\"shared\":true}"

static char *person(const ApiRig *rig, const char *ann, const char *name, const char *role)
{
	g_autofree char *body = g_strdup_printf(
		"{\"name\":\"%s\",\"role\":\"%s\",\"password\":\"" API_RIG_PASSPHRASE "\"}", name,
		role);
	ASSERT_STATUS(rig, ann, "POST", "/v1/users", body, 201);
	return api_rig_session(rig, name);
}

static gsize count_views(const ApiRig *rig, guint scope, const char *headers)
{
	g_autoptr(Reply) list = api_rig_call(rig, scope, "GET", "/v1/views", NULL, headers);
	g_assert_cmpint(list->status, ==, 200);
	return json_array_size(json_object_get(list->json, "items"));
}

static void ones_own_view_is_nobody_elses(void)
{
	g_autoptr(ApiRig) rig = api_rig_with_ann();
	g_autofree char *ann = api_rig_session(rig, "ann");
	g_autofree char *bob = person(rig, ann, "bob", "analyst");
	g_autoptr(Reply) made = api_rig_call(rig, 0, "POST", "/v1/views", MINE, bob);
	g_assert_cmpint(made->status, ==, 201);
	g_assert_cmpstr(json_text(made->json, "owner"), ==, "bob");
	g_assert_false(json_bool(made->json, "shared", TRUE));
	g_assert_cmpuint(count_views(rig, 0, bob), ==, 1);
	g_assert_cmpuint(count_views(rig, 0, ann), ==, 0);
	ASSERT_STATUS(rig, ann, "GET", "/v1/views/1", NULL, 404);
	ASSERT_STATUS(rig, ann, "PATCH", "/v1/views/1", "{\"name\":\"x\"}", 404);
	ASSERT_STATUS(rig, ann, "DELETE", "/v1/views/1", NULL, 404);
	ASSERT_STATUS(rig, bob, "PATCH", "/v1/views/1", "{\"columns\":[\"title\",\"need\"]}", 200);
	g_autoptr(Reply) now = api_rig_call(rig, 0, "GET", "/v1/views/1", NULL, bob);
	g_assert_cmpstr(json_text(now->json, "columns.1"), ==, "need");
	g_assert_cmpstr(json_text(now->json, "filter"), ==, "is:open assignee:me");
	ASSERT_STATUS(rig, bob, "POST", "/v1/views", MINE, 409);
	ASSERT_STATUS(rig, ann, "POST", "/v1/views", MINE, 201);
	ASSERT_STATUS(rig, bob, "DELETE", "/v1/views/1", NULL, 204);
	ASSERT_STATUS(rig, bob, "GET", "/v1/views/1", NULL, 404);
}

static void a_shared_view_is_for_all_and_its_owners_to_change(void)
{
	g_autoptr(ApiRig) rig = api_rig_with_ann();
	g_autofree char *ann = api_rig_session(rig, "ann");
	g_autofree char *bob = person(rig, ann, "bob", "analyst");
	g_autofree char *eve = person(rig, ann, "eve", "viewer");
	g_autofree char *ida = person(rig, ann, "ida", "analyst");
	ASSERT_STATUS(rig, eve, "POST", "/v1/views", SHARED, 403);
	ASSERT_STATUS(rig, eve, "POST", "/v1/views", MINE, 201);
	ASSERT_STATUS(rig, eve, "PATCH", "/v1/views/1", "{\"shared\":true}", 403);
	ASSERT_STATUS(rig, bob, "POST", "/v1/views", SHARED, 201);
	g_assert_cmpuint(count_views(rig, 0, eve), ==, 2);
	g_assert_cmpuint(count_views(rig, 0, ida), ==, 1);
	g_assert_cmpuint(count_views(rig, SCOPE_READ, NULL), ==, 1);
	ASSERT_STATUS(rig, ida, "PATCH", "/v1/views/2", "{\"name\":\"x\"}", 403);
	ASSERT_STATUS(rig, ida, "DELETE", "/v1/views/2", NULL, 403);
	ASSERT_STATUS(rig, bob, "PATCH", "/v1/views/2", "{\"filter\":\"is:all\"}", 200);
	/* Who leaves takes what is theirs along, and leaves what is everybody's. */
	ASSERT_STATUS(rig, bob, "POST", "/v1/views", MINE, 201);
	ASSERT_STATUS(rig, ann, "DELETE", "/v1/users/2", NULL, 204);
	g_assert_cmpuint(count_views(rig, 0, ida), ==, 1);
	ASSERT_STATUS(rig, ann, "DELETE", "/v1/views/2", NULL, 204);
	ASSERT_STATUS(rig, ann, "GET", "/v1/activity?limit=500", NULL, 200);
}

static void views_and_preferences_are_for_people(void)
{
	g_autoptr(ApiRig) rig = api_rig_with_ann();
	g_autofree char *ann = api_rig_session(rig, "ann");
	static const struct {
		const char *body;
		int status;
	} cases[] = {
		{"{\"name\":\"x\"}", 400},
		{"{\"name\":\"\",\"filter\":\"is:open\"}", 400},
		{"{\"name\":\"x\",\"filter\":\"is:open\",\"columns\":[\"colour\"]}", 400},
		{"{\"name\":\"x\",\"filter\":\"is:open\",\"columns\":[\"id\",\"id\"]}", 400},
		{"{\"name\":\"x\",\"filter\":\"is:open\",\"owner\":\"bob\"}", 400},
		{"{\"name\":\"x\",\"filter\":\"is:open\",\"columns\":[]}", 201},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		ASSERT_STATUS(rig, ann, "POST", "/v1/views", cases[i].body, cases[i].status);
	g_autoptr(Reply) key = api_rig_call(rig, SCOPE_ADMIN, "POST", "/v1/views", MINE, NULL);
	g_assert_cmpint(key->status, ==, 409);
	g_autoptr(Reply) likes =
		api_rig_call(rig, SCOPE_ADMIN, "GET", "/v1/preferences", NULL, NULL);
	g_assert_cmpint(likes->status, ==, 409);
}

static void a_persons_columns_are_kept(void)
{
	g_autoptr(ApiRig) rig = api_rig_with_ann();
	g_autofree char *ann = api_rig_session(rig, "ann");
	g_autofree char *bob = person(rig, ann, "bob", "viewer");
	ASSERT_STATUS(rig, bob, "PATCH", "/v1/preferences",
	              "{\"incident_columns\":[\"need\",\"title\"]}", 200);
	ASSERT_STATUS(rig, bob, "PATCH", "/v1/preferences", "{\"incident_columns\":[\"x\"]}", 400);
	g_autoptr(Reply) his = api_rig_call(rig, 0, "GET", "/v1/preferences", NULL, bob);
	g_assert_cmpstr(json_text(his->json, "incident_columns.0"), ==, "need");
	g_autoptr(Reply) hers = api_rig_call(rig, 0, "GET", "/v1/preferences", NULL, ann);
	g_assert_cmpuint(json_array_size(json_at(hers->json, "incident_columns")), ==, 0);
	ASSERT_STATUS(rig, bob, "PATCH", "/v1/preferences", "{\"incident_columns\":[]}", 200);
	g_autoptr(Reply) none = api_rig_call(rig, 0, "GET", "/v1/preferences", NULL, bob);
	g_assert_cmpuint(json_array_size(json_at(none->json, "incident_columns")), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/views/one's own view is nobody else's", ones_own_view_is_nobody_elses);
	g_test_add_func("/views/a shared view is for all, and its owner's to change",
	                a_shared_view_is_for_all_and_its_owners_to_change);
	g_test_add_func("/views/views and preferences are for people",
	                views_and_preferences_are_for_people);
	g_test_add_func("/views/a person's columns are kept", a_persons_columns_are_kept);
	return g_test_run();
}
