#include "api/testing.h"

#include "base/limits.h"
#include "store/comment.h"

#include <string.h>

#define ON "/v1/incidents/1/comments"

static gint64 say(const ApiRig *rig, guint scope, const char *text)
{
	g_autoptr(json_t) body = json_pack("{s:s}", "text", text);
	g_autofree char *sent = json_format(body);
	g_autoptr(Reply) reply = api_rig_call(rig, scope, "POST", ON, sent, NULL);
	g_assert_cmpint(reply->status, ==, 201);
	return json_int(reply->json, "id", 0);
}

static Reply *list(const ApiRig *rig)
{
	Reply *reply = api_rig_call(rig, SCOPE_READ, "GET", ON "?limit=500", NULL, NULL);
	g_assert_cmpint(reply->status, ==, 200);
	return reply;
}

/* The audit log as one text. */
static char *audit_text(const ApiRig *rig)
{
	g_autoptr(Reply) log = api_rig_call(rig, SCOPE_READ, "GET",
	                                    "/v1/incidents/1/activity?limit=500", NULL, NULL);
	return json_format(log->json);
}

static void what_is_said_is_kept_as_it_was_said(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	static const char *const texts[] = {
		"seen before, see #12",
		"<script>alert(1)</script>\n[link](javascript:x) http://evil.example/",
		"two\nlines\tand a tab",
		"\342\200\256desrever \xF0\x9F\x90\x9F",
	};
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
		g_assert_cmpint(say(rig, SCOPE_TRIAGE, texts[i]), ==, i + 1);
	g_autoptr(Reply) all = list(rig);
	const json_t *items = json_at(all->json, "items");
	g_assert_cmpuint(json_array_size(items), ==, G_N_ELEMENTS(texts));
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		const json_t *one = json_array_get(items, G_N_ELEMENTS(texts) - 1 - i);
		g_assert_cmpstr(json_text(one, "text"), ==, texts[i]);
		g_assert_cmpstr(json_text(one, "author"), ==, "key:triage");
	}
}

static void what_is_no_comment_is_refused(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	g_autofree char *much = g_strnfill(LIMIT_DESCRIPTION + 1, 'x');
	g_autofree char *too_much = g_strdup_printf("{\"text\":\"%s\"}", much);
	const struct {
		const char *target, *body;
		int status;
	} cases[] = {
		{ON, "{}", 400},
		{ON, "{\"text\":\"\"}", 400},
		{ON, "{\"text\":\"  \\n \"}", 400},
		{ON, "{\"text\":7}", 400},
		{ON, "{\"text\":\"a\\u0000b\"}", 400},
		{ON, "{\"text\":\"a\\u001b[2Jb\"}", 400},
		{ON, "{\"text\":\"x\",\"author\":\"user:ann\"}", 400},
		{ON, too_much, 400},
		{"/v1/incidents/99/comments", "{\"text\":\"x\"}", 404},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Reply) reply = api_rig_call(rig, SCOPE_TRIAGE, "POST", cases[i].target,
		                                      cases[i].body, NULL);
		g_test_message("%u: %d", i, reply->status);
		g_assert_cmpint(reply->status, ==, cases[i].status);
	}
	g_autoptr(Reply) none = list(rig);
	g_assert_cmpuint(json_array_size(json_at(none->json, "items")), ==, 0);
}

#define ASSERT_STATUS(rig, scope, method, target, body, headers, wanted)                           \
	do {                                                                                       \
		g_autoptr(Reply) reply_ = api_rig_call(rig, scope, method, target, body, headers); \
		g_assert_cmpint(reply_->status, ==, wanted);                                       \
	} while (0)

static void only_who_wrote_it_changes_it(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	say(rig, SCOPE_TRIAGE, "first thoughts");
	ASSERT_STATUS(rig, SCOPE_ADMIN, "PATCH", "/v1/comments/1", "{\"text\":\"mine\"}", NULL,
	              403);
	ASSERT_STATUS(rig, SCOPE_ADMIN, "DELETE", "/v1/comments/1", NULL, NULL, 403);
	g_autoptr(Reply) read = api_rig_call(rig, SCOPE_READ, "GET", "/v1/comments/1", NULL, NULL);
	g_autofree char *tag = reply_header(read, "ETag");
	g_autofree char *match = g_strdup_printf("If-Match: %s\r\n", tag);
	g_assert_true(json_is_null(json_object_get(read->json, "edited_at")));
	g_autoptr(Reply) edited = api_rig_call(rig, SCOPE_TRIAGE, "PATCH", "/v1/comments/1",
	                                       "{\"text\":\"second thoughts\"}", match);
	g_assert_cmpint(edited->status, ==, 200);
	g_assert_nonnull(json_text(edited->json, "edited_at"));
	ASSERT_STATUS(rig, SCOPE_TRIAGE, "PATCH", "/v1/comments/1", "{\"text\":\"third\"}", match,
	              412);
	ASSERT_STATUS(rig, SCOPE_TRIAGE, "DELETE", "/v1/comments/1", NULL, match, 412);
	g_autoptr(Reply) all = list(rig);
	g_assert_cmpstr(json_text(all->json, "items.0.text"), ==, "second thoughts");
}

static gboolean find_words(Db *db, gpointer found, GError **error)
{
	g_autoptr(DbRows) rows = db_query(db, error, "",
	                                  "SELECT count(*) FROM incident_comment WHERE "
	                                  "text LIKE '%embarrassing%'");
	if (!rows || !db_rows_next(rows, error))
		return FALSE;
	*(gint64 *)found = db_int(rows, 0);
	return TRUE;
}

static void what_is_deleted_is_gone_and_that_it_was_there_is_not(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	gint64 found = 0;
	say(rig, SCOPE_TRIAGE, "embarrassing");
	api_rig_write(rig, find_words, &found);
	g_assert_cmpint(found, ==, 1);
	ASSERT_STATUS(rig, SCOPE_TRIAGE, "DELETE", "/v1/comments/1", NULL, NULL, 204);
	api_rig_write(rig, find_words, &found);
	g_assert_cmpint(found, ==, 0);
	g_autoptr(Reply) all = list(rig);
	g_assert_true(json_is_null(json_at(all->json, "items.0.text")));
	g_assert_nonnull(json_text(all->json, "items.0.deleted_at"));
	ASSERT_STATUS(rig, SCOPE_TRIAGE, "DELETE", "/v1/comments/1", NULL, NULL, 409);
	ASSERT_STATUS(rig, SCOPE_TRIAGE, "PATCH", "/v1/comments/1", "{\"text\":\"x\"}", NULL, 409);
	g_autofree char *log = audit_text(rig);
	g_assert_nonnull(strstr(log, "comment.add"));
	g_assert_nonnull(strstr(log, "comment.delete"));
	g_assert_null(strstr(log, "embarrassing"));
}

static gboolean fill(Db *db, gpointer unused, GError **error)
{
	Comment comment = {.incident_id = 1,
	                   .author = (char *)"user:eve",
	                   .author_id = -1,
	                   .text = (char *)"x",
	                   .created_at = 1,
	                   .revision = 1};
	for (guint i = 0; i < LIMIT_COMMENTS; i++)
		if (!comment_insert(db, &comment, error))
			return FALSE;
	return TRUE;
}

static void an_incident_is_talked_about_only_so_much(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	api_rig_write(rig, fill, NULL);
	g_autoptr(Reply) reply =
		api_rig_call(rig, SCOPE_TRIAGE, "POST", ON, "{\"text\":\"one more\"}", NULL);
	g_assert_cmpstr(json_text(reply->json, "code"), ==, "limit");
	g_autoptr(Reply) page = api_rig_call(rig, SCOPE_READ, "GET", ON "?limit=300", NULL, NULL);
	g_autofree char *next =
		g_strdup_printf(ON "?limit=300&cursor=%s", json_text(page->json, "next"));
	g_autoptr(Reply) second = api_rig_call(rig, SCOPE_READ, "GET", next, NULL, NULL);
	g_assert_cmpint(json_int(second->json, "items.0.id", 0), ==, LIMIT_COMMENTS - 300);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define TEST(name, function) g_test_add_func("/comments/" name, function)
	TEST("what is said is kept as it was said", what_is_said_is_kept_as_it_was_said);
	TEST("what is no comment is refused", what_is_no_comment_is_refused);
	TEST("only who wrote it changes it", only_who_wrote_it_changes_it);
	TEST("what is deleted is gone, and that it was there is not",
	     what_is_deleted_is_gone_and_that_it_was_there_is_not);
	TEST("an incident is talked about only so much", an_incident_is_talked_about_only_so_much);
	return g_test_run();
}
