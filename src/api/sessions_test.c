#include "api/testing.h"
#include "auth/session.h"
#include "auth/setup.h"
#include "base/clock.h"
#include "base/error.h"

#include <string.h>

#define PASSPHRASE API_RIG_PASSPHRASE

static gboolean make_token(Db *db, gpointer data, GError **error)
{
	char **token = data;
	g_clear_pointer(token, g_free);
	*token = setup_token_make(db, clock_now(), error);
	return *token != NULL;
}

static Reply *set_up(const ApiRig *rig, const char *token, const char *password)
{
	g_autofree char *body = g_strdup_printf(
		"{\"token\":\"%s\",\"name\":\"Ann\",\"password\":\"%s\"}", token, password);
	return api_rig_call(rig, 0, "POST", "/v1/setup", body, NULL);
}

static Reply *log_in(const ApiRig *rig, const char *name, const char *password)
{
	return api_rig_log_in(rig, name, password, NULL);
}

/* The Cookie line of who logged in by @reply. */
static char *cookie_of(const Reply *reply)
{
	g_autofree char *set = reply_header(reply, "Set-Cookie");
	g_assert_nonnull(set);
	return g_strdup_printf("Cookie: theme=dark; %.*s\r\n", (int)strcspn(set, ";"), set);
}

static void a_setup_link_works_once(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	g_autofree char *first = NULL, *second = NULL;
	api_rig_write(rig, make_token, &first);
	api_rig_write(rig, make_token, &second);
	const struct {
		const char *token, *password;
		int status;
	} cases[] = {
		{"nonsense", PASSPHRASE, 401},
		{first, PASSPHRASE, 401}, /* forgotten when the second was made */
		{second, "short", 400},
		{second, "annannannannann", 400},
		{second, PASSPHRASE, 201},
		{second, PASSPHRASE, 401},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Reply) reply = set_up(rig, cases[i].token, cases[i].password);
		g_assert_cmpint(reply->status, ==, cases[i].status);
	}
	g_autoptr(GError) error = NULL;
	char *third = NULL;
	g_assert_false(db_write(rig->db, make_token, &third, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT);
}

static void who_logs_in_gets_a_guarded_cookie(void)
{
	g_autoptr(ApiRig) rig = api_rig_with_ann();
	g_autoptr(Reply) reply = log_in(rig, " ANN ", PASSPHRASE);
	g_assert_cmpint(reply->status, ==, 201);
	g_autofree char *set = reply_header(reply, "Set-Cookie");
	g_assert_true(g_str_has_prefix(set, "__Host-trawl="));
	static const char *const parts[] = {"; Path=/", "; Secure", "; HttpOnly",
	                                    "; SameSite=Strict"};
	for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
		g_assert_nonnull(strstr(set, parts[i]));
	g_autofree char *cookie = cookie_of(reply);
	g_autoptr(Reply) mine = api_rig_call(rig, 0, "GET", "/v1/session", NULL, cookie);
	g_assert_cmpint(mine->status, ==, 200);
	g_assert_cmpstr(json_text(mine->json, "user.name"), ==, "ann");
	g_assert_cmpstr(json_text(mine->json, "csrf"), ==, json_text(reply->json, "csrf"));
}

static void every_wrong_login_gets_the_same_answer(void)
{
	g_autoptr(ApiRig) rig = api_rig_with_ann();
	g_autoptr(Reply) wrong = log_in(rig, "ann", "three quiet cranes");
	g_autoptr(Reply) nobody = log_in(rig, "bob", PASSPHRASE);
	g_assert_cmpint(wrong->status, ==, 401);
	g_assert_cmpint(nobody->status, ==, 401);
	g_assert_true(json_equal(wrong->json, nobody->json));
}

static void an_account_is_locked_after_many_failures(void)
{
	g_autoptr(ApiRig) rig = api_rig_with_ann();
	for (int i = 0; i < 10; i++) {
		g_autoptr(Reply) wrong = log_in(rig, "ann", "three quiet cranes");
		g_assert_cmpint(wrong->status, ==, 401);
	}
	g_autoptr(Reply) locked = log_in(rig, "ann", PASSPHRASE);
	g_assert_cmpint(locked->status, ==, 401);
}

static void a_change_needs_the_token_of_its_page(void)
{
	g_autoptr(ApiRig) rig = api_rig_with_ann();
	g_autoptr(Reply) reply = log_in(rig, "ann", PASSPHRASE);
	g_autofree char *cookie = cookie_of(reply);
	const char *csrf = json_text(reply->json, "csrf");
	g_autofree char *right = g_strdup_printf("%sX-CSRF-Token: %s\r\n", cookie, csrf);
	g_autofree char *wrong = g_strdup_printf("%sX-CSRF-Token: x%s\r\n", cookie, csrf + 1);
	g_autofree char *foreign = g_strdup_printf("%sSec-Fetch-Site: same-site\r\n", right);
	const struct {
		const char *headers;
		int status;
	} cases[] = {{cookie, 403}, {wrong, 403}, {foreign, 403}, {right, 200}};
	g_autofree char *target =
		g_strdup_printf("/v1/incidents/%" G_GINT64_FORMAT, rig->incident_id);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Reply) changed = api_rig_call(
			rig, 0, "PATCH", target, "{\"severity\":\"major\"}", cases[i].headers);
		g_assert_cmpint(changed->status, ==, cases[i].status);
	}
	g_autoptr(Reply) activity =
		api_rig_call(rig, 0, "GET", "/v1/activity?after=1", NULL, cookie);
	g_assert_nonnull(strstr(g_bytes_get_data(activity->body, NULL), "\"user:ann\""));
}

static void who_logs_out_is_out(void)
{
	g_autoptr(ApiRig) rig = api_rig_with_ann();
	g_autoptr(Reply) reply = log_in(rig, "ann", PASSPHRASE);
	g_autofree char *cookie = cookie_of(reply);
	g_autofree char *headers =
		g_strdup_printf("%sX-CSRF-Token: %s\r\n", cookie, json_text(reply->json, "csrf"));
	g_autoptr(Reply) out = api_rig_call(rig, 0, "DELETE", "/v1/session", NULL, headers);
	g_assert_cmpint(out->status, ==, 204);
	g_autoptr(Reply) after = api_rig_call(rig, 0, "GET", "/v1/session", NULL, cookie);
	g_assert_cmpint(after->status, ==, 401);
}

static void health_says_more_to_who_is_logged_in(void)
{
	g_autoptr(ApiRig) rig = api_rig_with_ann();
	g_autoptr(Reply) reply = log_in(rig, "ann", PASSPHRASE);
	g_autofree char *cookie = cookie_of(reply);
	g_autoptr(Reply) friend = api_rig_call(rig, 0, "GET", "/v1/health", NULL, cookie);
	g_assert_cmpint(friend->status, ==, 200);
	g_assert_nonnull(json_text(friend->json, "version"));
	g_autofree char *headers =
		g_strdup_printf("%sX-CSRF-Token: %s\r\n", cookie, json_text(reply->json, "csrf"));
	g_autoptr(Reply) out = api_rig_call(rig, 0, "DELETE", "/v1/session", NULL, headers);
	g_assert_cmpint(out->status, ==, 204);
	g_autoptr(Reply) stranger = api_rig_call(rig, 0, "GET", "/v1/health", NULL, cookie);
	g_assert_cmpint(stranger->status, ==, 200);
	g_assert_cmpuint(json_object_size(stranger->json), ==, 1);
}

static void another_site_logs_nobody_in(void)
{
	g_autoptr(ApiRig) rig = api_rig_with_ann();
	g_autoptr(Reply) reply = api_rig_call(rig, 0, "POST", "/v1/session",
	                                      "{\"name\":\"ann\",\"password\":\"" PASSPHRASE "\"}",
	                                      "Sec-Fetch-Site: cross-site\r\n");
	g_assert_cmpint(reply->status, ==, 403);
	g_autofree char *set = reply_header(reply, "Set-Cookie");
	g_assert_null(set);
}

static void a_session_ends_by_itself(void)
{
	const UserSession session = {.seen_at = 0, .expires_at = 24 * CLOCK_HOUR};
	UserSession used = session;
	used.seen_at = 23 * CLOCK_HOUR;
	g_assert_true(session_is_good(&session, 7 * CLOCK_HOUR));
	g_assert_false(session_is_good(&session, 9 * CLOCK_HOUR));
	g_assert_true(session_is_good(&used, 24 * CLOCK_HOUR - 1));
	g_assert_false(session_is_good(&used, 24 * CLOCK_HOUR));
}

static void the_console_is_what_a_browser_gets(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	static const struct {
		const char *target, *headers, *policy;
		int status;
	} cases[] = {
		{"/", "Accept: text/html\r\n", "require-trusted-types-for 'script'", 200},
		{"/incidents/7", "Accept: text/html,*/*\r\n", "script-src 'self'", 200},
		{"/incidents/7", "Accept: application/json\r\n", "default-src 'none'", 404},
		{"/v1/nothing", "Accept: text/html,*/*\r\n", "default-src 'none'", 404},
		{"/frame.html", "", "sandbox allow-same-origin", 200},
		{"/parts/nothing.js", "Accept-Encoding: gzip\r\n", "default-src 'none'", 404},
		{"/parts/../index.html", "Accept-Encoding: gzip\r\n", "default-src 'none'", 404},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Reply) reply =
			api_rig_call(rig, 0, "GET", cases[i].target, NULL, cases[i].headers);
		g_autofree char *policy = reply_header(reply, "Content-Security-Policy");
		g_test_message("%s", cases[i].target);
		g_assert_cmpint(reply->status, ==, cases[i].status);
		g_assert_nonnull(strstr(policy, cases[i].policy));
		g_assert_null(strstr(policy, "unsafe-eval"));
	}
}

/* So that they are on their way while the console itself still is. */
static void the_page_names_what_it_is_going_to_ask_for(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	static const struct {
		const char *target;
		gboolean is_queue;
	} cases[] = {
		{"/", TRUE},
		{"/incidents", TRUE},
		{"/incidents?q=is%3Aall", FALSE},
		{"/incidents/7", FALSE},
		{"/settings/about", FALSE},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Reply) reply =
			api_rig_call(rig, 0, "GET", cases[i].target, NULL, "Accept: text/html\r\n");
		g_autofree char *text = g_strndup(g_bytes_get_data(reply->body, NULL),
		                                  g_bytes_get_size(reply->body));
		g_test_message("%s", cases[i].target);
		g_assert_nonnull(strstr(text, "href=\"/v1/session\""));
		g_assert_cmpint(strstr(text, "href=\"/v1/incidents?") != NULL, ==,
		                cases[i].is_queue);
	}
}

/* What the page names is there, and may be kept for ever; the page itself is asked for each time.
 */
static void parts_of_the_console_are_kept(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	g_autoptr(Reply) page = api_rig_call(rig, 0, "GET", "/", NULL, "Accept: text/html\r\n");
	g_autofree char *page_keeps = reply_header(page, "Cache-Control");
	g_assert_cmpstr(page_keeps, ==, "no-cache");
	g_autoptr(GRegex) part = g_regex_new("\"(/parts/[^\"]+\\.(js|css))\"", 0, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	guint scripts = 0, styles = 0;
	g_autofree char *text =
		g_strndup(g_bytes_get_data(page->body, NULL), g_bytes_get_size(page->body));
	g_regex_match(part, text, 0, &match);
	for (; g_match_info_matches(match); g_match_info_next(match, NULL)) {
		g_autofree char *path = g_match_info_fetch(match, 1);
		gboolean is_script = g_str_has_suffix(path, ".js");
		g_test_message("%s", path);
		g_autoptr(Reply) reply =
			api_rig_call(rig, 0, "GET", path, NULL, "Accept-Encoding: gzip\r\n");
		g_autofree char *keeps = reply_header(reply, "Cache-Control");
		g_autofree char *type = reply_header(reply, "Content-Type");
		g_autofree char *packed = reply_header(reply, "Content-Encoding");
		g_autofree char *policy = reply_header(reply, "Content-Security-Policy");
		g_assert_cmpint(reply->status, ==, 200);
		g_assert_nonnull(strstr(keeps, "immutable"));
		g_assert_nonnull(strstr(type, is_script ? "text/javascript" : "text/css"));
		g_assert_cmpstr(packed, ==, "gzip");
		g_assert_nonnull(strstr(policy, "script-src 'self'"));
		*(is_script ? &scripts : &styles) += 1;
	}
	g_assert_cmpuint(scripts, >=, 2);
	g_assert_cmpuint(styles, ==, 1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define TEST(name, function) g_test_add_func("/sessions/" name, function)
	TEST("a set-up link works once", a_setup_link_works_once);
	TEST("who logs in gets a guarded cookie", who_logs_in_gets_a_guarded_cookie);
	TEST("every wrong login gets the same answer", every_wrong_login_gets_the_same_answer);
	TEST("an account is locked after many failures", an_account_is_locked_after_many_failures);
	TEST("a change needs the token of its page", a_change_needs_the_token_of_its_page);
	TEST("who logs out is out", who_logs_out_is_out);
	TEST("health says more to who is logged in", health_says_more_to_who_is_logged_in);
	TEST("another site logs nobody in", another_site_logs_nobody_in);
	TEST("a session ends by itself", a_session_ends_by_itself);
	TEST("the console is what a browser gets", the_console_is_what_a_browser_gets);
	TEST("the page names what it is going to ask for",
	     the_page_names_what_it_is_going_to_ask_for);
	TEST("parts of the console are kept", parts_of_the_console_are_kept);
	return g_test_run();
}
