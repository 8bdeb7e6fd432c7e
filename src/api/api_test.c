#include "api/testing.h"

#include "api/routes.h"
#include "api/stream.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/limits.h"
#include "jobs/jobs.h"
#include "model/names.h"
#include "store/incident.h"
#include "store/job.h"
#include "store/need.h"
#include "store/source.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The status of a request, and the code of its problem. */
static void assert_reply(const Reply *reply, int status, const char *code)
{
	g_test_message("%s", reply->head);
	g_assert_cmpint(reply->status, ==, status);
	g_assert_cmpstr(json_text(reply->json, "code"), ==, code);
}

#define ASSERT_CALL(rig, scope, method, target, body, headers, status, code)                       \
	do {                                                                                       \
		g_autoptr(Reply) reply_ = api_rig_call(rig, scope, method, target, body, headers); \
		assert_reply(reply_, status, code);                                                \
	} while (0)

/* --- who may do what ------------------------------------------------------------------------- */

static char *concrete(const Route *route, const char *id)
{
	g_auto(GStrv) parts = g_strsplit(route->pattern, "{id}", -1);
	return g_strjoinv(id, parts);
}

/* A stream would not end; HEAD asks for the same right. */
static const char *method_to_try(const Route *route)
{
	return g_strcmp0(route->produces, "text/event-stream") == 0 ? "HEAD" : route->method;
}

static void test_each_scope_opens_its_routes_and_no_others(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	for (const Route *route = routes; route->method; route++) {
		g_autofree char *path = concrete(route, "999999");
		for (guint bit = 0; scope_names[bit]; bit++) {
			guint held = 1u << bit;
			gboolean open = held == SCOPE_ADMIN || route->scopes == SCOPE_NOBODY ||
			                (route->scopes & held);
			g_autoptr(Reply) reply =
				api_rig_call(rig, held, method_to_try(route), path, NULL, NULL);
			g_test_message("%s %s with %s: %d", route->method, path, scope_names[bit],
			               reply->status);
			g_assert_cmpint(reply->status, >, 0);
			g_assert_cmpint(reply->status, <, 500);
			g_assert_cmpint(reply->status, !=, 401);
			g_assert_cmpint(reply->status == 403, ==, !open);
			const char *lacking = json_text(reply->json, "permission");
			if (strcmp(method_to_try(route), "HEAD") != 0)
				g_assert_cmpint(lacking != NULL, ==, !open);
			if (lacking)
				g_assert_true(route->scopes &
				              (1u << names_find(scope_names, lacking)));
		}
	}
}

static void test_without_a_good_key_only_public_routes_answer(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	for (const Route *route = routes; route->method; route++) {
		g_autofree char *path = concrete(route, "999999");
		g_autoptr(Reply) reply =
			api_rig_call(rig, 0, method_to_try(route), path, NULL, NULL);
		g_test_message("%s %s: %d", route->method, path, reply->status);
		g_assert_cmpint(reply->status == 401, ==, route->scopes != SCOPE_NOBODY);
		g_autofree char *challenge = reply_header(reply, "WWW-Authenticate");
		g_assert_cmpint(challenge != NULL, ==, reply->status == 401);
	}
}

static void test_every_bad_key_gets_the_same_answer(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	g_autofree char *wrong_end = g_strdup(rig->keys[0]);
	wrong_end[strlen(wrong_end) - 1] ^= 1;
	g_autofree char *wrong_prefix = g_strdup(rig->keys[0]);
	wrong_prefix[8] ^= 1;
	ASSERT_CALL(rig, SCOPE_ADMIN, "DELETE", "/v1/api-keys/2", NULL, NULL, 204, NULL);
	const char *const keys[] = {rig->keys[API_RIG_EXPIRED],
	                            rig->keys[1],
	                            wrong_end,
	                            wrong_prefix,
	                            "trawl_",
	                            "",
	                            "x",
	                            "trawl_é_x"};
	g_autofree char *first = NULL;
	for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
		g_autofree char *header = g_strdup_printf("Authorization: Bearer %s\r\n", keys[i]);
		g_autoptr(Reply) reply = api_rig_call(rig, 0, "GET", "/v1/incidents", NULL, header);
		assert_reply(reply, 401, "authentication");
		g_autofree char *body = json_format(reply->json);
		if (!first)
			first = g_strdup(body);
		g_assert_cmpstr(body, ==, first);
	}
}

static void test_guessing_is_braked_and_shuts_out_nobody(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	ASSERT_CALL(rig, SCOPE_READ, "GET", "/v1/whoami", NULL, NULL, 200, NULL);
	const char *wrong = "Authorization: Bearer trawl_AAAAAAAA_x\r\n";
	int braked = 0;
	for (guint i = 0; i < 40; i++) {
		g_autoptr(Reply) reply = api_rig_call(rig, 0, "GET", "/v1/whoami", NULL, wrong);
		braked += reply->status == 429;
		g_assert_true(reply->status == 401 || reply->status == 429);
	}
	g_assert_cmpint(braked, ==, 20);
	ASSERT_CALL(rig, SCOPE_READ, "GET", "/v1/whoami", NULL, NULL, 200, NULL);
}

/* --- HTTP ------------------------------------------------------------------------------------- */

static void test_requests_are_refused_as_http_says(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	static const struct {
		const char *method, *target, *body, *headers;
		int status;
		const char *code, *allow;
	} cases[] = {
		{"GET", "/v1/incidents", NULL, NULL, 200, NULL, NULL},
		{"GET", "/v1/nothing", NULL, NULL, 404, "not_found", NULL},
		{"GET", "/v1/incidents/99", NULL, NULL, 404, "not_found", NULL},
		{"PUT", "/v1/incidents", "{}", NULL, 405, "invalid", "GET, HEAD, OPTIONS"},
		{"TRACE", "/v1/incidents", NULL, NULL, 405, "invalid", "GET, HEAD, OPTIONS"},
		{"OPTIONS", "/v1/sources", NULL, NULL, 204, NULL, "GET, HEAD, POST, OPTIONS"},
		{"OPTIONS", "*", NULL, NULL, 204, NULL,
	         "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"},
		{"GET", "/v1/incidents?color=red", NULL, NULL, 400, "invalid", NULL},
		{"GET", "/v1/incidents?limit=0", NULL, NULL, 400, "invalid", NULL},
		{"GET", "/v1/incidents?limit=501", NULL, NULL, 400, "invalid", NULL},
		{"GET", "/v1/incidents?cursor=x", NULL, NULL, 400, "invalid", NULL},
		{"GET", "/v1/incidents?needs=coffee", NULL, NULL, 400, "invalid", NULL},
		{"GET", "/v1/incidents?opened_after=yesterday", NULL, NULL, 400, "invalid", NULL},
		{"GET", "/v1/incidents/%00", NULL, NULL, 400, "invalid", NULL},
		{"GET", "/v1/incidents/%zz", NULL, NULL, 400, "invalid", NULL},
		{"GET", "/v1/incidents/%ff", NULL, NULL, 400, "invalid", NULL},
		{"GET", "/v1/../etc/passwd", NULL, NULL, 404, "not_found", NULL},
		{"GET", "/%2e%2e/%2e%2e/etc/passwd", NULL, NULL, 404, "not_found", NULL},
		{"GET", "/v1/incidents", NULL, "Accept: text/html\r\n", 406, "invalid", NULL},
		{"GET", "/v1/incidents", NULL, "Accept: text/html, */*;q=0.1\r\n", 200, NULL, NULL},
		{"GET", "/v1/incidents", NULL, "Accept: application/json;q=0, */*\r\n", 406,
	         "invalid", NULL},
		{"GET", "/v1/incidents", NULL, "Accept: application/*\r\n", 200, NULL, NULL},
		{"GET", "http://localhost/v1/incidents", NULL, NULL, 200, NULL, NULL},
		{"GET", "http://evil.example/v1/incidents", NULL, NULL, 421, "denied", NULL},
		{"GET", "/v1/incidents", "{}", NULL, 400, "invalid", NULL},
		{"PATCH", "/v1/incidents/1", "[]", NULL, 400, "invalid", NULL},
		{"PATCH", "/v1/incidents/1", "{\"severity\":1}", NULL, 400, "invalid", NULL},
		{"PATCH", "/v1/incidents/1", "{\"title\":\"x\"}", NULL, 400, "invalid", NULL},
		{"PATCH", "/v1/incidents/1", "{\"severity\":\"minor\",\"severity\":\"minor\"}",
	         NULL, 400, "invalid", NULL},
		{"PATCH", "/v1/incidents/1", "{\"severity\":", NULL, 400, "invalid", NULL},
		{"PATCH", "/v1/incidents/1", "{\"assignee\":\"\xff\"}", NULL, 400, "invalid", NULL},
		{"PATCH", "/v1/incidents/1", "{\"assignee\":\"a\\u0000b\"}", NULL, 400, "invalid",
	         NULL},
		{"POST", "/v1/incidents/1/close", "{\"reason\":\"x\"}", "Idempotency-Key: \r\n",
	         400, "invalid", NULL},
		{"GET", "/v1/incidents", NULL, "Expect: a-miracle\r\n", 417, "invalid", NULL},
		{"GET", "/v1/incidents", NULL, "Content-Length: nine\r\n", 400, NULL, NULL},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s %s", cases[i].method, cases[i].target);
		g_autoptr(Reply) reply =
			api_rig_call(rig, SCOPE_ADMIN, cases[i].method, cases[i].target,
		                     cases[i].body, cases[i].headers);
		g_assert_cmpint(reply->status, ==, cases[i].status);
		if (cases[i].code)
			assert_reply(reply, cases[i].status, cases[i].code);
		g_autofree char *allow = reply_header(reply, "Allow");
		g_assert_cmpstr(allow, ==, cases[i].allow);
	}
}

static void test_a_body_is_json_and_says_so(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	static const struct {
		const char *type;
		int status;
	} cases[] = {
		{"application/json", 200},
		{"application/json; charset=utf-8", 200},
		{"application/json; charset=\"UTF-8\"", 200},
		{"application/json; charset=utf-16", 415},
		{"Application/JSON", 200},
		{"application/merge-patch+json", 200},
		{"text/plain", 415},
		{"application/x-www-form-urlencoded", 415},
		{"", 415},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *headers = g_strdup_printf(
			"Content-Length: 20\r\n%s%s%s", *cases[i].type ? "Content-Type: " : "",
			cases[i].type, *cases[i].type ? "\r\n" : "");
		g_autofree char *request = g_strdup_printf(
			"PATCH /v1/incidents/1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
			"Authorization: Bearer %s\r\n%s\r\n{\"severity\":\"minor\"}",
			rig->keys[2], headers);
		g_autoptr(Reply) reply = api_rig_send(rig, request, strlen(request));
		g_test_message("%s", cases[i].type);
		g_assert_cmpint(reply->status, ==, cases[i].status);
	}
}

static void test_only_names_that_are_ours_pass_in_the_host_header(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	static const struct {
		const char *host;
		int status;
	} cases[] = {
		{"localhost", 200},
		{"LOCALHOST:8460", 200},
		{"127.0.0.1:1", 200},
		{"[::1]:1", 200},
		{"192.0.2.7", 200},
		{"trawl.corp.example", 200},
		{"Trawl.Corp.Example", 200},
		{"evil.example", 421},
		{"localhost.evil", 421},
		{":8460", 421},
		{"", 400},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *request = g_strdup_printf(
			"GET /v1/health HTTP/1.1\r\nConnection: close\r\nHost: %s\r\n\r\n",
			cases[i].host);
		g_autoptr(Reply) reply = api_rig_send(rig, request, strlen(request));
		g_test_message("%s", cases[i].host);
		g_assert_cmpint(reply->status, ==, cases[i].status);
		if (reply->status == 421)
			g_assert_nonnull(strstr(json_text(reply->json, "detail"), "--hosts"));
	}
}

static void test_every_answer_is_guarded_against_browsers(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	static const char *const targets[] = {"/",           "/v1/health",        "/v1/incidents",
	                                      "/v1/nothing", "/v1/reports/1/raw", "/style.css"};
	for (guint i = 0; i < G_N_ELEMENTS(targets); i++) {
		g_autoptr(Reply) reply =
			api_rig_call(rig, SCOPE_ADMIN, "GET", targets[i], NULL, NULL);
		g_autofree char *sniff = reply_header(reply, "X-Content-Type-Options");
		g_autofree char *policy = reply_header(reply, "Content-Security-Policy");
		g_autofree char *cache = reply_header(reply, "Cache-Control");
		g_autofree char *origin = reply_header(reply, "Access-Control-Allow-Origin");
		g_assert_cmpstr(sniff, ==, "nosniff");
		g_assert_nonnull(strstr(policy, "default-src 'none'"));
		g_assert_nonnull(cache);
		g_assert_null(origin);
	}
}

static void test_head_is_get_without_a_body(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	g_autoptr(Reply) get = api_rig_call(rig, SCOPE_READ, "GET", "/v1/incidents/1", NULL, NULL);
	g_autoptr(Reply) head =
		api_rig_call(rig, SCOPE_READ, "HEAD", "/v1/incidents/1", NULL, NULL);
	g_autofree char *length = reply_header(head, "Content-Length");
	g_assert_cmpint(head->status, ==, 200);
	g_assert_cmpuint(g_bytes_get_size(head->body), ==, 0);
	g_assert_cmpuint(g_ascii_strtoull(length, NULL, 10), ==, g_bytes_get_size(get->body));
}

/* --- changes --------------------------------------------------------------------------------- */

static void test_a_change_that_was_overtaken_is_refused(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	g_autoptr(Reply) before =
		api_rig_call(rig, SCOPE_READ, "GET", "/v1/incidents/1", NULL, NULL);
	g_autofree char *tag = reply_header(before, "ETag");
	g_autofree char *if_match = g_strdup_printf("If-Match: %s\r\n", tag);
	g_autofree char *if_none = g_strdup_printf("If-None-Match: \"0\", %s\r\n", tag);
	ASSERT_CALL(rig, SCOPE_READ, "GET", "/v1/incidents/1", NULL, if_none, 304, NULL);
	ASSERT_CALL(rig, SCOPE_TRIAGE, "PATCH", "/v1/incidents/1", "{\"severity\":\"major\"}",
	            if_match, 200, NULL);
	ASSERT_CALL(rig, SCOPE_TRIAGE, "PATCH", "/v1/incidents/1", "{\"severity\":\"minor\"}",
	            if_match, 412, "precondition_failed");
	ASSERT_CALL(rig, SCOPE_READ, "GET", "/v1/incidents/1", NULL, if_none, 200, NULL);
	ASSERT_CALL(rig, SCOPE_TRIAGE, "PATCH", "/v1/incidents/1", "{\"severity\":\"minor\"}",
	            "If-Match: *\r\n", 200, NULL);
}

static void test_a_change_that_changes_nothing_writes_nothing(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	g_autoptr(Reply) first = api_rig_call(rig, SCOPE_TRIAGE, "PATCH", "/v1/incidents/1",
	                                      "{\"severity\":\"major\"}", NULL);
	g_autoptr(Reply) second = api_rig_call(rig, SCOPE_TRIAGE, "PATCH", "/v1/incidents/1",
	                                       "{\"severity\":\"major\"}", NULL);
	g_assert_cmpint(json_int(first->json, "revision", 0), ==,
	                json_int(second->json, "revision", -1));
}

static void test_an_incident_closes_with_its_alerts_and_reopens(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	ASSERT_CALL(rig, SCOPE_TRIAGE, "POST", "/v1/incidents/1/close", "{}", NULL, 400, "invalid");
	g_autoptr(Reply) closed = api_rig_call(rig, SCOPE_TRIAGE, "POST", "/v1/incidents/1/close",
	                                       "{\"reason\":\"handled\"}", NULL);
	g_assert_cmpint(closed->status, ==, 200);
	g_assert_cmpstr(json_text(closed->json, "state"), ==, "closed");
	g_assert_cmpstr(json_text(closed->json, "close_reason"), ==, "handled");
	g_assert_cmpint(json_int(closed->json, "open_alert_count", -1), ==, 0);
	g_autoptr(Reply) alert = api_rig_call(rig, SCOPE_READ, "GET", "/v1/alerts/1", NULL, NULL);
	g_assert_cmpstr(json_text(alert->json, "state"), ==, "closed");
	g_assert_cmpstr(json_text(alert->json, "close_reason"), ==, "handled");
	ASSERT_CALL(rig, SCOPE_TRIAGE, "POST", "/v1/incidents/1/close", "{\"reason\":\"x\"}", NULL,
	            409, "conflict");
	ASSERT_CALL(rig, SCOPE_TRIAGE, "POST", "/v1/incidents/1/reopen", NULL, NULL, 200, NULL);
	ASSERT_CALL(rig, SCOPE_TRIAGE, "POST", "/v1/incidents/1/reopen", NULL, NULL, 409,
	            "conflict");
	g_autoptr(Reply) activity =
		api_rig_call(rig, SCOPE_READ, "GET", "/v1/incidents/1/activity", NULL, NULL);
	g_assert_cmpint(json_array_size(json_at(activity->json, "items")), ==, 2);
	g_assert_cmpstr(json_text(activity->json, "items.0.action"), ==, "incident.close");
	g_assert_cmpstr(json_text(activity->json, "items.0.actor"), ==, "key:triage");
	g_assert_cmpstr(json_text(activity->json, "items.1.action"), ==, "incident.reopen");
}

static void test_the_log_is_filtered(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	ASSERT_CALL(rig, SCOPE_TRIAGE, "POST", "/v1/incidents/1/close", "{\"reason\":\"dealt\"}",
	            NULL, 200, NULL);
	ASSERT_CALL(rig, SCOPE_TRIAGE, "POST", "/v1/incidents/1/reopen", NULL, NULL, 200, NULL);
	static const struct {
		const char *query, *actions;
	} cases[] = {
		{"actor=triage", "incident.close incident.reopen "},
		{"actor=triage&before=0", "incident.reopen incident.close "},
		{"actor=triage&before=0&limit=1", "incident.reopen "},
		{"action=incident.clo", "incident.close "},
		{"q=DEALT", "incident.close "},
		{"object=incident/1&actor=triage", "incident.close incident.reopen "},
		{"object=incident/2", ""},
		{"actor=triage&until=2020-01-01T00:00:00Z", ""},
		{"filter=actor:triage%20action:incident%20after:1d%20dealt", "incident.close "},
		{"filter=incident:1%20actor:%22key:triage%22", "incident.close incident.reopen "},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/v1/activity?", cases[i].query, NULL);
		g_autoptr(Reply) reply = api_rig_call(rig, SCOPE_READ, "GET", path, NULL, NULL);
		g_autoptr(GString) actions = g_string_new(NULL);
		size_t n;
		json_t *one;
		json_array_foreach (json_at(reply->json, "items"), n, one)
			g_string_append_printf(actions, "%s ", json_text(one, "action"));
		g_test_message("%s", path);
		g_assert_cmpstr(actions->str, ==, cases[i].actions);
	}
	static const char *const wrong[] = {"object=incident/x", "before=0&after=1", "since=monday",
	                                    "filter=is:open", "filter=after:monday"};
	for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autofree char *path = g_strconcat("/v1/activity?", wrong[i], NULL);
		ASSERT_CALL(rig, SCOPE_READ, "GET", path, NULL, NULL, 400, "invalid");
	}
}

static void test_a_sub_disposition_goes_only_with_unknown(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	static const struct {
		const char *body;
		int status;
		const char *sub;
	} cases[] = {
		{"{\"sub_disposition\":\"likely_harmless\"}", 200, "likely_harmless"},
		{"{\"disposition\":\"malicious\"}", 200, NULL},
		{"{\"sub_disposition\":\"likely_harmless\"}", 400, NULL},
		{"{\"disposition\":\"unknown\",\"sub_disposition\":\"needs_manual_review\"}", 200,
	         "needs_manual_review"},
		{"{\"sub_disposition\":null}", 200, NULL},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Reply) reply = api_rig_call(rig, SCOPE_TRIAGE, "PATCH", "/v1/incidents/1",
		                                      cases[i].body, NULL);
		g_assert_cmpint(reply->status, ==, cases[i].status);
		g_assert_cmpstr(json_text(reply->json, "sub_disposition"), ==, cases[i].sub);
	}
}

/* --- sources and mail servers ------------------------------------------------------------------
 */

static void test_a_source_says_what_it_wants(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	static const struct {
		const char *body, *refusal;
	} cases[] = {
		{"{\"polling_interval\":0}",
	         "Polling Interval is a number of minutes from 1 to 60"},
		{"{\"polling_interval\":61}",
	         "Polling Interval is a number of minutes from 1 to 60"},
		{"{\"polling_interval\":\"5\"}",
	         "Polling Interval is a number of minutes from 1 to 60"},
		{"{\"polling_interval\":2.5}",
	         "Polling Interval is a number of minutes from 1 to 60"},
		{"{\"post_process\":\"move\"}",
	         "Destination Folder is needed when the Post-Process Action is move"},
		{"{\"post_process\":\"move\",\"destination_folder\":\"INBOX\"}",
	         "Destination Folder is another folder than Source Folder"},
		{"{\"mail_server_id\":77}",
	         "Mail Server is the number of a mail server; there is none with 77"},
		{"{\"mailbox\":\"abuse\"}", "Mailbox Name is an SMTP address"},
		{"{\"type\":\"abuse_mailbox_monitor\"}", "there is no member \"type\" here"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Reply) reply = api_rig_call(rig, SCOPE_CONFIGURE, "PATCH",
		                                      "/v1/sources/1", cases[i].body, NULL);
		g_assert_cmpint(reply->status, ==, 400);
		g_assert_cmpstr(json_text(reply->json, "detail"), ==, cases[i].refusal);
	}
}

static void test_a_source_is_made_polled_and_deleted(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	g_autoptr(Reply) made = api_rig_call(
		rig, SCOPE_CONFIGURE, "POST", "/v1/sources",
		"{\"name\":\"second\",\"mail_server_id\":1,\"mailbox\":\"Spam@Corp.Example\","
		"\"accepted_domains\":[\"Corp.Example.\",\"bücher.example\"],"
		"\"post_process\":\"move\",\"destination_folder\":\"Done\",\"polling_interval\":5}",
		NULL);
	g_assert_cmpint(made->status, ==, 201);
	g_autofree char *location = reply_header(made, "Location");
	g_assert_cmpstr(location, ==, "/v1/sources/2");
	g_assert_cmpstr(json_text(made->json, "mailbox"), ==, "spam@corp.example");
	g_assert_cmpstr(json_text(made->json, "accepted_domains.0"), ==, "corp.example");
	g_assert_cmpstr(json_text(made->json, "accepted_domains.1"), ==, "xn--bcher-kva.example");
	g_assert_nonnull(json_text(made->json, "state.next_poll_at"));
	ASSERT_CALL(rig, SCOPE_CONFIGURE, "POST", "/v1/sources",
	            "{\"name\":\"second\",\"mail_server_id\":1,\"mailbox\":\"a@b.example\"}", NULL,
	            409, "conflict");
	g_autoptr(Reply) polled =
		api_rig_call(rig, SCOPE_CONFIGURE, "POST", "/v1/sources/2/poll", NULL, NULL);
	g_assert_cmpint(polled->status, ==, 202);
	g_assert_cmpstr(json_text(polled->json, "kind"), ==, "source.poll");
	g_autoptr(Reply) named =
		api_rig_call(rig, SCOPE_READ, "GET", "/v1/sources?name=second", NULL, NULL);
	g_assert_cmpint(json_array_size(json_at(named->json, "items")), ==, 1);
	ASSERT_CALL(rig, SCOPE_CONFIGURE, "PATCH", "/v1/sources/2", "{\"enabled\":false}", NULL,
	            200, NULL);
	ASSERT_CALL(rig, SCOPE_CONFIGURE, "POST", "/v1/sources/2/poll", NULL, NULL, 409,
	            "conflict");
	ASSERT_CALL(rig, SCOPE_CONFIGURE, "DELETE", "/v1/mail-servers/1", NULL, NULL, 409,
	            "conflict");
	ASSERT_CALL(rig, SCOPE_CONFIGURE, "DELETE", "/v1/sources/2", NULL, NULL, 204, NULL);
	ASSERT_CALL(rig, SCOPE_READ, "GET", "/v1/sources/2", NULL, NULL, 404, "not_found");
}

static gboolean read_secret(Db *db, gpointer data, GError **error)
{
	g_autoptr(MailServerRow) row = mail_server_load(db, 2, error);
	*(GBytes **)data = row && row->secret ? g_bytes_ref(row->secret) : NULL;
	return row != NULL;
}

/* Whatever is asked: what went in as a secret comes out nowhere. */
static void test_a_secret_goes_in_and_never_out(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	const char *secret = "correct-horse-battery";
	/* A kind that takes secrets would do more; that this one refuses shows that it was asked.
	 */
	g_autoptr(Reply) refused =
		api_rig_call(rig, SCOPE_CONFIGURE, "POST", "/v1/mail-servers",
	                     "{\"name\":\"m\",\"kind\":\"maildir\",\"config\":{\"path\":\"/m/%n\"},"
	                     "\"secret\":{\"password\":\"correct-horse-battery\"}}",
	                     NULL);
	g_assert_cmpint(refused->status, ==, 400);
	g_assert_null(strstr(json_text(refused->json, "detail"), secret));
	ASSERT_CALL(rig, SCOPE_CONFIGURE, "POST", "/v1/mail-servers",
	            "{\"name\":\"m\",\"kind\":\"maildir\",\"config\":{\"path\":\"/m/%n\"},"
	            "\"secret\":{}}",
	            NULL, 201, NULL);
	g_autoptr(GBytes) sealed = NULL;
	g_autoptr(GError) error = NULL;
	g_assert_true(db_read(rig->db, read_secret, &sealed, &error));
	g_assert_nonnull(sealed);
	g_assert_cmpuint(g_bytes_get_size(sealed), >, 40);
}

static void test_a_mail_server_is_checked_by_its_kind(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	ASSERT_CALL(rig, SCOPE_CONFIGURE, "POST", "/v1/mail-servers",
	            "{\"name\":\"m\",\"kind\":\"pigeon\",\"config\":{}}", NULL, 400, "invalid");
	ASSERT_CALL(rig, SCOPE_CONFIGURE, "POST", "/v1/mail-servers",
	            "{\"name\":\"m\",\"kind\":\"maildir\",\"config\":{\"host\":\"x\"}}", NULL, 400,
	            "invalid");
	g_autoptr(Reply) patched =
		api_rig_call(rig, SCOPE_CONFIGURE, "PATCH", "/v1/mail-servers/1",
	                     "{\"config\":{\"quarantine_mailbox\":\"q@corp.example\"}}", NULL);
	g_assert_cmpint(patched->status, ==, 200);
	g_assert_cmpstr(json_text(patched->json, "config.quarantine_mailbox"), ==,
	                "q@corp.example");
	g_assert_cmpstr(json_text(patched->json, "config.path"), ==, "/srv/mail/%d/%n/Maildir");
	g_autoptr(Reply) removed = api_rig_call(rig, SCOPE_CONFIGURE, "PATCH", "/v1/mail-servers/1",
	                                        "{\"config\":{\"quarantine_mailbox\":null}}", NULL);
	g_assert_null(json_at(removed->json, "config.quarantine_mailbox"));
	g_autoptr(Reply) check =
		api_rig_call(rig, SCOPE_CONFIGURE, "POST", "/v1/mail-servers/1/check",
	                     "{\"mailbox\":\"ann@corp.example\"}", NULL);
	g_assert_cmpint(check->status, ==, 202);
	g_assert_cmpstr(json_text(check->json, "kind"), ==, "server.check");
	g_assert_cmpstr(json_text(check->json, "payload.mailbox"), ==, "ann@corp.example");
	g_autofree char *location = reply_header(check, "Location");
	ASSERT_CALL(rig, SCOPE_READ, "GET", location, NULL, NULL, 200, NULL);
	g_autofree char *cancel = g_strconcat(location, "/cancel", NULL);
	ASSERT_CALL(rig, SCOPE_ADMIN, "POST", cancel, NULL, NULL, 200, NULL);
	ASSERT_CALL(rig, SCOPE_ADMIN, "POST", cancel, NULL, NULL, 409, "conflict");
}

static void test_a_kind_says_what_a_form_has_to_ask(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	g_autoptr(Reply) reply =
		api_rig_call(rig, SCOPE_READ, "GET", "/v1/mail-server-kinds", NULL, NULL);
	g_assert_cmpint(reply->status, ==, 200);
	const json_t *kinds = json_at(reply->json, "items");
	g_assert_cmpuint(json_array_size(kinds), >, 0);
	size_t i, j;
	json_t *kind, *member;
	json_array_foreach (kinds, i, kind) {
		const json_t *members = json_at(kind, "members");
		g_assert_cmpuint(json_array_size(members), ==,
		                 json_array_size(json_at(kind, "config")) +
		                         json_array_size(json_at(kind, "secret")));
		json_array_foreach (members, j, member) {
			gboolean is_choice = g_str_equal(json_text(member, "type"), "choice");
			g_assert_cmpstr(json_text(member, "title"), !=, "");
			g_assert_cmpstr(json_text(member, "help"), !=, "");
			g_assert_cmpint(json_array_size(json_at(member, "choices")) > 1, ==,
			                is_choice);
			const json_t *unless = json_at(member, "needed_unless");
			if (g_str_equal(json_text(member, "name"), "master_user"))
				g_assert_cmpstr(json_text(unless, "login"), ==, "user");
			else
				g_assert_true(json_is_null(unless) || !unless);
		}
	}
}

/* --- requests that are sent twice --------------------------------------------------------------
 */

static void test_a_repeated_request_happens_once(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	const char *body = "{\"name\":\"robot\",\"scopes\":[\"read\"]}";
	const char *other = "{\"name\":\"other\",\"scopes\":[\"read\"]}";
	const char *key = "Idempotency-Key: 7f\r\n";
	g_autoptr(Reply) first = api_rig_call(rig, SCOPE_ADMIN, "POST", "/v1/api-keys", body, key);
	g_autoptr(Reply) second = api_rig_call(rig, SCOPE_ADMIN, "POST", "/v1/api-keys", body, key);
	g_assert_cmpint(first->status, ==, 201);
	g_assert_cmpint(second->status, ==, 201);
	g_assert_cmpint(json_int(first->json, "id", 0), ==, json_int(second->json, "id", -1));
	g_autofree char *replayed = reply_header(second, "Idempotency-Replayed");
	g_autofree char *location = reply_header(second, "Location");
	g_assert_cmpstr(replayed, ==, "true");
	g_assert_nonnull(location);
	/* The key was shown once, and is not kept for the repetition. */
	g_assert_nonnull(json_text(first->json, "key"));
	g_assert_true(json_is_null(json_at(second->json, "key")));
	ASSERT_CALL(rig, SCOPE_ADMIN, "POST", "/v1/api-keys", other, key, 409, "conflict");
	ASSERT_CALL(rig, SCOPE_TRIAGE, "POST", "/v1/incidents/1/close", "{\"reason\":\"x\"}", key,
	            200, NULL); /* another API key's keys are its own */
	g_autoptr(Reply) again = api_rig_call(rig, SCOPE_TRIAGE, "POST", "/v1/incidents/1/close",
	                                      "{\"reason\":\"x\"}", key);
	g_assert_cmpint(again->status, ==, 200); /* without the key it would conflict */
}

static void test_a_refused_request_may_be_repeated(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	const char *key = "Idempotency-Key: 8\r\n";
	ASSERT_CALL(rig, SCOPE_TRIAGE, "POST", "/v1/incidents/1/reopen", "{}", key, 409,
	            "conflict");
	ASSERT_CALL(rig, SCOPE_TRIAGE, "POST", "/v1/incidents/1/close", "{\"reason\":\"x\"}", NULL,
	            200, NULL);
	ASSERT_CALL(rig, SCOPE_TRIAGE, "POST", "/v1/incidents/1/reopen", "{}", key, 200, NULL);
}

/* --- keys ------------------------------------------------------------------------------------- */

static void test_the_last_admin_key_stays(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	ASSERT_CALL(rig, SCOPE_ADMIN, "DELETE", "/v1/api-keys/6", NULL, NULL, 409, "conflict");
	g_autoptr(Reply) made = api_rig_call(rig, SCOPE_ADMIN, "POST", "/v1/api-keys",
	                                     "{\"name\":\"two\",\"scopes\":[\"admin\"]}", NULL);
	g_assert_true(g_str_has_prefix(json_text(made->json, "key"), "trawl_"));
	ASSERT_CALL(rig, SCOPE_ADMIN, "DELETE", "/v1/api-keys/6", NULL, NULL, 204, NULL);
	ASSERT_CALL(rig, SCOPE_ADMIN, "GET", "/v1/api-keys", NULL, NULL, 401, "authentication");
	g_autofree char *header =
		g_strdup_printf("Authorization: Bearer %s\r\n", json_text(made->json, "key"));
	g_autoptr(Reply) list = api_rig_call(rig, 0, "GET", "/v1/api-keys", NULL, header);
	g_assert_cmpint(list->status, ==, 200);
	g_autofree char *text = json_format(list->json);
	g_assert_null(strstr(text, "hash"));
	g_assert_null(strstr(text, json_text(made->json, "key")));
}

/* --- lists ------------------------------------------------------------------------------------ */

static void raise_many(ApiRig *rig, guint n)
{
	for (guint i = 2; i <= n; i++) {
		g_autofree char *id = g_strdup_printf("%u@x", i);
		g_autofree char *who = g_strdup_printf("u%u@corp.example", i % 3);
		api_rig_raise(rig, id, who);
	}
}

/* Follows "next" to the end; the ids in the order they came. */
static GArray *follow(const ApiRig *rig, const char *target, gint64 *changed_since)
{
	GArray *ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	g_autofree char *cursor = NULL;
	do {
		g_autofree char *url =
			cursor ? g_strdup_printf("%s&cursor=%s", target, cursor) : g_strdup(target);
		g_autoptr(Reply) page = api_rig_call(rig, SCOPE_READ, "GET", url, NULL, NULL);
		g_assert_cmpint(page->status, ==, 200);
		const json_t *items = json_at(page->json, "items");
		for (gsize i = 0; i < json_array_size(items); i++) {
			gint64 id = json_int(json_array_get(items, i), "id", 0);
			g_array_append_val(ids, id);
		}
		g_autofree char *link = reply_header(page, "Link");
		g_free(cursor);
		cursor = g_strdup(json_text(page->json, "next"));
		g_assert_cmpint(cursor != NULL, ==, link != NULL);
		if (changed_since)
			*changed_since = json_int(page->json, "changed_since", -1);
	} while (cursor);
	return ids;
}

static void test_pages_show_everything_once_newest_first(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	raise_many(rig, 23);
	g_autoptr(GArray) ids = follow(rig, "/v1/incidents?limit=5&state=open", NULL);
	g_assert_cmpuint(ids->len, ==, 23);
	for (guint i = 0; i < ids->len; i++)
		g_assert_cmpint(g_array_index(ids, gint64, i), ==, 23 - i);
	g_autoptr(GArray) keys =
		follow(rig, "/v1/alerts?limit=1&recipient=u1%40corp.example", NULL);
	g_assert_cmpuint(keys->len, ==, 7);
}

static void test_lists_that_are_loaded_whole_page_too(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	g_autofree char *cursor = NULL;
	guint seen = 0;
	do {
		g_autofree char *url = g_strdup_printf(
			"/v1/api-keys?limit=2%s%s", cursor ? "&cursor=" : "", cursor ? cursor : "");
		g_autoptr(Reply) page = api_rig_call(rig, SCOPE_ADMIN, "GET", url, NULL, NULL);
		g_assert_cmpint(page->status, ==, 200);
		seen += (guint)json_array_size(json_at(page->json, "items"));
		g_free(cursor);
		cursor = g_strdup(json_text(page->json, "next"));
	} while (cursor);
	g_assert_cmpuint(seen, ==, G_N_ELEMENTS(rig->keys));
}

static void test_a_cursor_is_good_only_for_its_list(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	raise_many(rig, 3);
	g_autoptr(Reply) page = api_rig_call(rig, SCOPE_READ, "GET",
	                                     "/v1/incidents?limit=1&state=open", NULL, NULL);
	const char *cursor = json_text(page->json, "next");
	static const struct {
		const char *target;
		int status;
	} cases[] = {
		{"/v1/incidents?limit=2&state=open", 200},
		{"/v1/incidents?state=open", 200},
		{"/v1/incidents?limit=1&state=closed", 400},
		{"/v1/alerts?limit=1&state=open", 400},
		{"/v1/incidents?changed_since=0&state=open", 400},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *url = g_strdup_printf("%s&cursor=%s", cases[i].target, cursor);
		g_autoptr(Reply) reply = api_rig_call(rig, SCOPE_READ, "GET", url, NULL, NULL);
		g_assert_cmpint(reply->status, ==, cases[i].status);
	}
}

/* @data (gint64 *) becomes the revision of it. */
static gboolean close_all(Db *db, gpointer data, GError **error)
{
	gint64 closed, *seq = data;
	if (!audit_append(db, "worker", "incident.close", "incident", 1, 1, json_object(), seq,
	                  error))
		return FALSE;
	for (gint64 id = 1; id <= 5; id++)
		if (!alert_close_all(db, id, "x", 1, *seq, &closed, error))
			return FALSE;
	return TRUE;
}

/* Five alerts of one revision, pages of two: none may fall between the pages. */
static void test_a_feed_gives_every_change_also_within_one_revision(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	raise_many(rig, 8);
	gint64 mark = 0;
	g_autoptr(GArray) all = follow(rig, "/v1/alerts?limit=3&changed_since=0", &mark);
	g_assert_cmpuint(all->len, ==, 8);
	gint64 revision = 0;
	api_rig_write(rig, close_all, &revision);
	g_autofree char *since =
		g_strdup_printf("/v1/alerts?limit=2&changed_since=%" G_GINT64_FORMAT, mark);
	gint64 end = 0;
	g_autoptr(GArray) changed = follow(rig, since, &end);
	g_assert_cmpuint(changed->len, ==, 5);
	g_assert_cmpint(end, ==, revision);
	/* Who stops after the first page loses nothing either. */
	g_autoptr(Reply) first = api_rig_call(rig, SCOPE_READ, "GET", since, NULL, NULL);
	g_assert_cmpint(json_int(first->json, "changed_since", 0), <, revision);
	g_autofree char *done =
		g_strdup_printf("/v1/alerts?limit=2&changed_since=%" G_GINT64_FORMAT, revision);
	g_autoptr(GArray) nothing = follow(rig, done, NULL);
	g_assert_cmpuint(nothing->len, ==, 0);
}

/* What is weightier first, page by page, and its reasons with it; what is closed comes last. */
static void test_the_queue_begins_with_what_needs_a_person(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	raise_many(rig, 9);
	ASSERT_CALL(rig, SCOPE_TRIAGE, "PATCH", "/v1/incidents/4", "{\"severity\":\"critical\"}",
	            NULL, 200, NULL);
	ASSERT_CALL(rig, SCOPE_TRIAGE, "PATCH", "/v1/incidents/6",
	            "{\"disposition\":\"malicious\",\"severity\":\"major\"}", NULL, 200, NULL);
	ASSERT_CALL(rig, SCOPE_TRIAGE, "PATCH", "/v1/incidents/8", "{\"disposition\":\"bulk\"}",
	            NULL, 200, NULL);
	ASSERT_CALL(rig, SCOPE_TRIAGE, "POST", "/v1/incidents/9/close", "{\"reason\":\"x\"}", NULL,
	            200, NULL);
	static const gint64 expected[] = {6, 4, 7, 5, 3, 2, 1, 8, 9};
	g_autoptr(GArray) ids = follow(rig, "/v1/incidents?limit=2&sort=need", NULL);
	g_assert_cmpuint(ids->len, ==, G_N_ELEMENTS(expected));
	for (guint i = 0; i < ids->len; i++)
		g_assert_cmpint(g_array_index(ids, gint64, i), ==, expected[i]);
	g_autoptr(GArray) open = follow(rig, "/v1/incidents?limit=3&sort=need&state=open", NULL);
	g_assert_cmpuint(open->len, ==, 8);
	g_autoptr(Reply) one = api_rig_call(rig, SCOPE_READ, "GET", "/v1/incidents/6", NULL, NULL);
	g_assert_cmpstr(json_string_value(json_array_get(json_at(one->json, "need_reasons"), 0)),
	                ==, "not_pulled");
	ASSERT_CALL(rig, SCOPE_READ, "GET", "/v1/incidents?sort=oldest", NULL, NULL, 400,
	            "invalid");
}

/* Whoever reads openapi.json knows every reason there is. */
static void test_each_reason_is_described(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	g_autoptr(Reply) openapi = api_rig_call(rig, 0, "GET", "/v1/openapi.json", NULL, NULL);
	const json_t *known = json_at(openapi->json, "components.schemas.NeedReason.enum");
	const char *const *codes = need_codes();
	g_assert_cmpuint(json_array_size(known), ==, g_strv_length((char **)codes));
	for (guint i = 0; codes[i]; i++)
		g_assert_cmpstr(json_string_value(json_array_get(known, i)), ==, codes[i]);
}

/* A client whose mark is of a time that was undone would else wait for ever. */
static void test_a_feed_from_the_future_is_refused(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	static const char *const lists[] = {"incidents", "alerts", "reports", "responses"};
	for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_autofree char *target =
			g_strdup_printf("/v1/%s?changed_since=99999999", lists[i]);
		g_autoptr(Reply) reply = api_rig_call(rig, SCOPE_READ, "GET", target, NULL, NULL);
		g_assert_cmpint(reply->status, ==, 400);
		g_assert_nonnull(strstr(json_text(reply->json, "detail"), "changed_since=0"));
	}
}

static void test_filters_find_what_they_name(void)
{
	g_autoptr(ApiRig) rig = api_rig_with_ann();
	raise_many(rig, 9);
	ASSERT_CALL(
		rig, SCOPE_TRIAGE, "PATCH", "/v1/incidents/4",
		"{\"severity\":\"critical\",\"disposition\":\"malicious\",\"assignee\":\"ann\"}",
		NULL, 200, NULL);
	ASSERT_CALL(rig, SCOPE_TRIAGE, "POST", "/v1/incidents/5/close", "{\"reason\":\"x\"}", NULL,
	            200, NULL);
	static const struct {
		const char *target;
		guint count;
	} cases[] = {
		{"/v1/incidents?state=open", 8},
		{"/v1/incidents?state=closed", 1},
		{"/v1/incidents?severity_min=major", 1},
		{"/v1/incidents?disposition=malicious", 1},
		{"/v1/incidents?kind=reported_mail", 9},
		{"/v1/incidents?kind=unparsed", 0},
		{"/v1/incidents?severity=critical", 1},
		{"/v1/incidents?severity=major", 0},
		{"/v1/incidents?unassigned=true&state=open", 7},
		{"/v1/incidents?opened_after=2020-01-01T00:00:00Z", 9},
		{"/v1/incidents?opened_before=2020-01-01T00:00:00Z", 0},
		{"/v1/incidents?closed_after=2020-01-01T00:00:00Z", 1},
		{"/v1/incidents?trusted=true", 0},
		{"/v1/incidents?trusted=false&sort=need", 9},
		{"/v1/incidents?quarantined=true", 0},
		{"/v1/incidents?quarantined=false", 9},
		{"/v1/incidents?form=xarf", 0},
		{"/v1/incidents?needs=not_pulled", 1},
		{"/v1/incidents?assignee=ann", 1},
		{"/v1/incidents?recipient=U1@Corp.Example", 2},
		{"/v1/incidents?reporter=u1%40corp.example", 2},
		{"/v1/incidents?message_id=%3C7%40x%3E", 1},
		{"/v1/incidents?source_id=1", 9},
		{"/v1/incidents?source_id=2", 0},
		{"/v1/incidents?q=prize%207", 1},
		{"/v1/incidents?state=open&recipient=u1@corp.example&severity_min=critical", 1},
		{"/v1/alerts?incident_id=4", 1},
		{"/v1/alerts?state=closed", 1},
		{"/v1/alerts?message_id=3@x", 1},
		{"/v1/alerts?report_id=3", 1},
		{"/v1/reports?incident_id=3", 1},
		{"/v1/reports?trusted=true", 0},
		{"/v1/reports?trusted=false", 9},
		{"/v1/reports?state=new", 9},
		{"/v1/reports?alert_id=2", 1},
		{"/v1/incidents/2/alerts", 1},
		{"/v1/incidents/2/reports", 1},
		{"/v1/incidents/2/responses", 0},
		{"/v1/responses?state=running", 0},
		{"/v1/jobs?state=ready", 0},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Reply) reply =
			api_rig_call(rig, SCOPE_READ, "GET", cases[i].target, NULL, NULL);
		g_test_message("%s", cases[i].target);
		g_assert_cmpint(reply->status, ==, 200);
		g_assert_cmpuint(json_array_size(json_at(reply->json, "items")), ==,
		                 cases[i].count);
	}
}

/* --- what a message says -----------------------------------------------------------------------
 */

static guint count_actions(const ApiRig *rig, const char *action)
{
	guint count = 0;
	g_autoptr(Reply) reply =
		api_rig_call(rig, SCOPE_ADMIN, "GET", "/v1/activity?limit=500", NULL, NULL);
	const json_t *items = json_at(reply->json, "items");
	for (gsize i = 0; i < json_array_size(items); i++)
		count += strcmp(json_text(json_array_get(items, i), "action"), action) == 0;
	return count;
}

static void test_bodies_take_a_scope_and_leave_a_record(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	g_autoptr(Reply) without =
		api_rig_call(rig, SCOPE_READ, "GET", "/v1/originals/1", NULL, NULL);
	g_autofree char *text = json_format(without->json);
	g_assert_cmpint(without->status, ==, 200);
	g_assert_null(strstr(text, "Click"));
	g_assert_null(strstr(text, "Deeper"));
	g_assert_cmpstr(json_text(without->json, "breakdown.message.links.0.text"), ==, "here");
	ASSERT_CALL(rig, SCOPE_READ, "GET", "/v1/originals/1?bodies=true", NULL, NULL, 403,
	            "denied");
	g_assert_cmpuint(count_actions(rig, "original.look"), ==, 0);
	g_autoptr(Reply) with =
		api_rig_call(rig, SCOPE_ADMIN, "GET", "/v1/originals/1", NULL, NULL);
	g_assert_cmpstr(json_text(with->json, "breakdown.message.text"), ==, "Click");
	g_assert_cmpuint(count_actions(rig, "original.look"), ==, 1);
	ASSERT_CALL(rig, SCOPE_ADMIN, "GET", "/v1/originals/1?bodies=false", NULL, NULL, 200, NULL);
	g_assert_cmpuint(count_actions(rig, "original.look"), ==, 1);
}

static void test_a_vips_mail_takes_a_permission_of_its_own(void)
{
	static const char *const all[] = {"/v1/originals/1?bodies=true", "/v1/originals/1/raw",
	                                  "/v1/reports/1/raw"};
	g_autoptr(ApiRig) rig = api_rig_new();
	ASSERT_CALL(rig, SCOPE_CONTENT, "PATCH", "/v1/vips", "{\"addresses\":[]}", NULL, 403,
	            "denied");
	ASSERT_CALL(rig, SCOPE_ADMIN, "PATCH", "/v1/vips", "{\"addresses\":[\"corp.example\"]}",
	            NULL, 400, "invalid");
	ASSERT_CALL(rig, SCOPE_ADMIN, "PATCH", "/v1/vips", "{\"addresses\":[\"bob@corp.example\"]}",
	            NULL, 200, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(all); i++)
		ASSERT_CALL(rig, i ? SCOPE_CONTENT : SCOPE_ADMIN, "GET", all[i], NULL, NULL, 200,
		            NULL);
	ASSERT_CALL(rig, SCOPE_ADMIN, "PATCH", "/v1/vips",
	            "{\"addresses\":[\"Ann@Corp.Example\",\"ann@corp.example\"]}", NULL, 200, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
		g_autoptr(Reply) denied = api_rig_call(rig, i ? SCOPE_CONTENT : SCOPE_READ, "GET",
		                                       all[i], NULL, NULL);
		g_assert_cmpint(denied->status, ==, 403);
		g_assert_cmpstr(json_text(denied->json, "permission"), ==, i ? "vip" : "content");
		ASSERT_CALL(rig, SCOPE_ADMIN, "GET", all[i], NULL, NULL, 200, NULL);
	}
	g_autoptr(Reply) vips = api_rig_call(rig, SCOPE_ADMIN, "GET", "/v1/vips", NULL, NULL);
	g_assert_cmpuint(json_array_size(json_at(vips->json, "addresses")), ==, 1);
	g_assert_cmpuint(count_actions(rig, "vips.update"), ==, 2);
	g_autoptr(Reply) log =
		api_rig_call(rig, SCOPE_ADMIN, "GET", "/v1/activity?limit=500", NULL, NULL);
	guint marked = 0;
	const json_t *items = json_at(log->json, "items");
	for (gsize i = 0; i < json_array_size(items); i++)
		marked += json_bool(json_array_get(items, i), "detail.vip", FALSE);
	g_assert_cmpuint(marked, ==, 3);
}

static void test_raw_bytes_are_a_file_to_save(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	static const char *const targets[] = {"/v1/reports/1/raw", "/v1/originals/1/raw"};
	for (guint i = 0; i < G_N_ELEMENTS(targets); i++) {
		g_autoptr(Reply) reply =
			api_rig_call(rig, SCOPE_CONTENT, "GET", targets[i], NULL, NULL);
		g_autofree char *type = reply_header(reply, "Content-Type");
		g_autofree char *saved = reply_header(reply, "Content-Disposition");
		g_assert_cmpint(reply->status, ==, 200);
		g_assert_cmpstr(type, ==, "message/rfc822");
		g_assert_true(g_str_has_prefix(saved, "attachment; filename=\""));
		gsize size;
		const char *octets = g_bytes_get_data(reply->body, &size);
		g_assert_cmpmem(octets, (int)size, API_RIG_MESSAGE, (int)strlen(API_RIG_MESSAGE));
		ASSERT_CALL(rig, SCOPE_READ, "GET", targets[i], NULL, NULL, 403, "denied");
	}
	g_assert_cmpuint(count_actions(rig, "report.download"), ==, 1);
	g_assert_cmpuint(count_actions(rig, "original.download"), ==, 1);
}

/* --- jobs and responses -------------------------------------------------------------------------
 */

static gboolean park(Db *db, gpointer data, GError **error)
{
	gint64 *id = data;
	if (!job_queue(db, "report.process", NULL, NULL, PRIORITY_PROCESS, 0, NULL, id, error))
		return FALSE;
	g_autoptr(GPtrArray) claimed = job_claim(db, "n/1", clock_now(), clock_now() + CLOCK_HOUR,
	                                         G_MAXINT64, NULL, 0, 1, error);
	return claimed && claimed->len == 1 &&
	       job_finish(db, claimed->pdata[0], JOB_PARKED, 0, "remote", "it broke", NULL, error);
}

static void test_a_parked_job_can_be_tried_again_and_not_dropped(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	gint64 id = 0;
	api_rig_write(rig, park, &id);
	g_autofree char *job = g_strdup_printf("/v1/jobs/%" G_GINT64_FORMAT, id);
	g_autofree char *retry = g_strconcat(job, "/retry", NULL);
	g_autofree char *cancel = g_strconcat(job, "/cancel", NULL);
	g_autoptr(Reply) parked = api_rig_call(rig, SCOPE_READ, "GET", job, NULL, NULL);
	g_assert_cmpstr(json_text(parked->json, "state"), ==, "parked");
	g_assert_cmpstr(json_text(parked->json, "last_error"), ==, "it broke");
	ASSERT_CALL(rig, SCOPE_ADMIN, "POST", cancel, NULL, NULL, 409, "conflict");
	ASSERT_CALL(rig, SCOPE_ADMIN, "POST", retry, NULL, NULL, 200, NULL);
	ASSERT_CALL(rig, SCOPE_ADMIN, "POST", retry, NULL, NULL, 409, "conflict");
}

static void test_a_quarantine_is_asked_for_once_at_a_time(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	const char *to = "/v1/incidents/1/responses";
	ASSERT_CALL(rig, SCOPE_RESPOND, "POST", to, "{\"kind\":\"burn\"}", NULL, 400, "invalid");
	ASSERT_CALL(rig, SCOPE_RESPOND, "POST", to, "{\"kind\":\"quarantine\",\"of_response\":1}",
	            NULL, 400, "invalid");
	g_autoptr(Reply) made = api_rig_call(rig, SCOPE_RESPOND, "POST", to,
	                                     "{\"kind\":\"quarantine\",\"comment\":\"phish\"}",
	                                     "Idempotency-Key: q\r\n");
	g_assert_cmpint(made->status, ==, 202);
	g_assert_cmpstr(json_text(made->json, "requested_by"), ==, "key:respond");
	g_assert_cmpstr(json_text(made->json, "comment"), ==, "phish");
	g_autofree char *location = reply_header(made, "Location");
	ASSERT_CALL(rig, SCOPE_READ, "GET", location, NULL, NULL, 200, NULL);
	g_autofree char *results = g_strconcat(location, "/results", NULL);
	ASSERT_CALL(rig, SCOPE_READ, "GET", results, NULL, NULL, 200, NULL);
	g_autoptr(Reply) repeated = api_rig_call(rig, SCOPE_RESPOND, "POST", to,
	                                         "{\"kind\":\"quarantine\",\"comment\":\"phish\"}",
	                                         "Idempotency-Key: q\r\n");
	g_assert_cmpint(json_int(repeated->json, "id", 0), ==, json_int(made->json, "id", -1));
	ASSERT_CALL(rig, SCOPE_RESPOND, "POST", "/v1/incidents/99/responses",
	            "{\"kind\":\"quarantine\"}", NULL, 404, "not_found");
}

/* --- health -------------------------------------------------------------------------------------
 */

static void test_health_says_little_to_strangers(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	g_autoptr(Reply) stranger = api_rig_call(rig, 0, "GET", "/v1/health", NULL, NULL);
	g_assert_cmpint(stranger->status, ==, 200);
	g_assert_cmpuint(json_object_size(stranger->json), ==, 1);
	g_assert_cmpstr(json_text(stranger->json, "status"), ==, "degraded"); /* no worker runs */
	g_autoptr(Reply) friend = api_rig_call(rig, SCOPE_READ, "GET", "/v1/health", NULL, NULL);
	g_assert_cmpstr(json_text(friend->json, "problems.0"), ==, "no worker is running");
	g_assert_cmpint(json_int(friend->json, "figures.incidents_open", -1), ==, 1);
	g_assert_cmpint(json_int(friend->json, "disk.total", 0), >, 0);
}

static void test_metrics_are_prometheus_text(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	g_autoptr(Reply) reply = api_rig_call(rig, SCOPE_READ, "GET", "/metrics", NULL, NULL);
	g_assert_cmpint(reply->status, ==, 200);
	gsize size;
	const char *octets = g_bytes_get_data(reply->body, &size);
	g_autofree char *text = g_strndup(octets, size);
	g_assert_nonnull(strstr(text, "\ntrawl_incidents_open 1\n"));
	g_assert_nonnull(strstr(text, "trawl_source_failing{source=\"abuse\"} 0\n"));
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++)
		g_assert_true(!**line || **line == '#' || g_str_has_prefix(*line, "trawl_"));
}

/* --- events -------------------------------------------------------------------------------------
 */

/* Reads from an open stream until @wanted was seen; what came. */
static char *read_until(int fd, const char *wanted)
{
	GString *text = g_string_new(NULL);
	char piece[1024];
	while (!strstr(text->str, wanted)) {
		ssize_t n = read(fd, piece, sizeof piece);
		g_assert_cmpint(n, >, 0);
		g_string_append_len(text, piece, n);
	}
	return g_string_free(text, FALSE);
}

static int open_stream(const ApiRig *rig, const char *target, const char *headers)
{
	int fd = api_rig_connect(rig);
	g_autofree char *request =
		g_strdup_printf("GET %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
	                        "%s\r\n%s\r\n",
	                        target, rig->keys[0], headers);
	g_assert_cmpint(write(fd, request, strlen(request)), ==, (int)strlen(request));
	return fd;
}

static void test_events_arrive_and_are_taken_up_again(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	int fd = open_stream(rig, "/v1/events", "");
	g_autofree char *head = read_until(fd, "retry: 2000\n\n");
	g_assert_nonnull(strstr(head, "text/event-stream"));
	ASSERT_CALL(rig, SCOPE_TRIAGE, "PATCH", "/v1/incidents/1", "{\"severity\":\"major\"}", NULL,
	            200, NULL);
	g_autofree char *event = read_until(fd, "event: incident.update\n");
	g_autofree char *data = read_until(fd, "\n\n");
	close(fd);
	const char *id = strstr(event, "id: ");
	g_assert_nonnull(id);
	ASSERT_CALL(rig, SCOPE_TRIAGE, "PATCH", "/v1/incidents/1", "{\"severity\":\"minor\"}", NULL,
	            200, NULL);
	g_autofree char *resume =
		g_strdup_printf("Last-Event-ID: %d\r\n", (int)g_ascii_strtoll(id + 4, NULL, 10));
	int again = open_stream(rig, "/v1/events", resume);
	g_autofree char *next = read_until(again, "event: incident.update\n");
	g_assert_null(strstr(next, id)); /* only what came after it */
	close(again);
}

static void test_a_stream_of_an_incident_has_only_its_events(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	gint64 other = api_rig_raise(rig, "2@x", "bob@corp.example");
	g_autofree char *path = g_strdup_printf("/v1/incidents/%" G_GINT64_FORMAT, other);
	int fd = open_stream(rig, "/v1/events?incident_id=1&after=0", "");
	ASSERT_CALL(rig, SCOPE_TRIAGE, "PATCH", path, "{\"severity\":\"major\"}", NULL, 200, NULL);
	ASSERT_CALL(rig, SCOPE_TRIAGE, "POST", "/v1/incidents/1/close", "{\"reason\":\"x\"}", NULL,
	            200, NULL);
	g_autofree char *text = read_until(fd, "event: incident.close\n");
	g_assert_null(strstr(text, "incident.update"));
	close(fd);
}

static void test_a_stream_without_audit_has_what_concerns_incidents(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	int fd = open_stream(rig, "/v1/events?after=0", "");
	ASSERT_CALL(rig, SCOPE_TRIAGE, "PATCH", "/v1/incidents/1", "{\"severity\":\"major\"}", NULL,
	            200, NULL);
	g_autofree char *text = read_until(fd, "event: incident.update\n");
	g_assert_null(strstr(text, "test.setup"));
	close(fd);
}

static void test_a_quiet_stream_shows_that_it_is_alive(void)
{
	const EventTimes usual = event_times;
	event_times.heartbeat = G_USEC_PER_SEC / 10;
	g_autoptr(ApiRig) rig = api_rig_new();
	int fd = open_stream(rig, "/v1/events", "");
	g_autofree char *first = read_until(fd, ": still here\n\n");
	g_autofree char *second = read_until(fd, ": still here\n\n");
	close(fd);
	event_times = usual;
}

static gboolean append_much(Db *db, gpointer data, GError **error)
{
	g_autofree char *text = g_strnfill(200 * 1024, 'a');
	for (guint i = 0; i < 100; i++)
		if (!audit_append(db, "test", "test.much", "test", 1, 1,
		                  json_pack("{s:s}", "text", text), NULL, error))
			return FALSE;
	return TRUE;
}

/* The test ends when the server ends the stream, or hangs. */
static void test_a_client_that_does_not_read_its_events_is_dropped(void)
{
	const EventTimes usual = event_times;
	event_times.slow = G_USEC_PER_SEC / 2;
	g_autoptr(ApiRig) rig = api_rig_new();
	api_rig_write(rig, append_much, NULL);
	int fd = open_stream(rig, "/v1/events?after=0", "");
	while (send(fd, "x", 1, MSG_NOSIGNAL) == 1)
		g_usleep(20000);
	close(fd);
	ASSERT_CALL(rig, SCOPE_READ, "GET", "/v1/health", NULL, NULL, 200, NULL);
	event_times = usual;
}

static void test_a_stream_ends_with_its_key(void)
{
	const EventTimes usual = event_times;
	event_times.heartbeat = G_USEC_PER_SEC / 10;
	g_autoptr(ApiRig) rig = api_rig_new();
	int fd = open_stream(rig, "/v1/events", "");
	g_autofree char *head = read_until(fd, "retry: 2000\n\n");
	ASSERT_CALL(rig, SCOPE_ADMIN, "DELETE", "/v1/api-keys/1", NULL, NULL, 204, NULL);
	char piece[4096];
	while (read(fd, piece, sizeof piece) > 0)
		;
	close(fd);
	event_times = usual;
}

static void test_there_is_a_limit_to_streams(void)
{
	const EventTimes usual = event_times;
	event_times.heartbeat = G_USEC_PER_SEC / 10;
	g_autoptr(ApiRig) rig = api_rig_new();
	int streams[LIMIT_STREAMS];
	for (guint i = 0; i < LIMIT_STREAMS; i++) {
		streams[i] = open_stream(rig, "/v1/events", "");
		g_autofree char *head = read_until(streams[i], "retry: 2000\n\n");
	}
	ASSERT_CALL(rig, SCOPE_READ, "GET", "/v1/events", NULL, NULL, 503, "busy");
	for (guint i = 0; i < LIMIT_STREAMS; i++)
		close(streams[i]);
	/* A place is free once the server has had something to tell the client that left. */
	for (;;) {
		int fd = open_stream(rig, "/v1/events", "");
		char status[13] = "";
		g_assert_cmpint(recv(fd, status, 12, MSG_WAITALL), ==, 12);
		close(fd);
		if (strcmp(status, "HTTP/1.1 200") == 0)
			break;
		g_usleep(20000);
	}
	event_times = usual;
}

static void test_stopping_ends_streams(void)
{
	ApiRig *rig = api_rig_new();
	int fd = open_stream(rig, "/v1/events", "");
	g_autofree char *head = read_until(fd, "retry: 2000\n\n");
	gint64 before = g_get_monotonic_time();
	api_rig_free(rig);
	char rest[64];
	ssize_t n;
	while ((n = read(fd, rest, sizeof rest)) > 0)
		;
	close(fd);
	/* It did not have to wait for the time that requests get. */
	g_assert_cmpint(g_get_monotonic_time() - before, <, 5 * G_USEC_PER_SEC);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define TEST(name, function) g_test_add_func("/api/" name, function)
	TEST("each scope opens its routes and no others",
	     test_each_scope_opens_its_routes_and_no_others);
	TEST("without a good key only public routes answer",
	     test_without_a_good_key_only_public_routes_answer);
	TEST("every bad key gets the same answer", test_every_bad_key_gets_the_same_answer);
	TEST("guessing is braked and shuts out nobody",
	     test_guessing_is_braked_and_shuts_out_nobody);
	TEST("requests are refused as HTTP says", test_requests_are_refused_as_http_says);
	TEST("a body is JSON and says so", test_a_body_is_json_and_says_so);
	TEST("only names that are ours pass in the Host header",
	     test_only_names_that_are_ours_pass_in_the_host_header);
	TEST("every answer is guarded against browsers",
	     test_every_answer_is_guarded_against_browsers);
	TEST("HEAD is GET without a body", test_head_is_get_without_a_body);
	TEST("a change that was overtaken is refused", test_a_change_that_was_overtaken_is_refused);
	TEST("a change that changes nothing writes nothing",
	     test_a_change_that_changes_nothing_writes_nothing);
	TEST("an incident closes with its alerts and reopens",
	     test_an_incident_closes_with_its_alerts_and_reopens);
	TEST("the log is filtered", test_the_log_is_filtered);
	TEST("a sub-disposition goes only with unknown",
	     test_a_sub_disposition_goes_only_with_unknown);
	TEST("a source says what it wants", test_a_source_says_what_it_wants);
	TEST("a source is made, polled and deleted", test_a_source_is_made_polled_and_deleted);
	TEST("a secret goes in and never out", test_a_secret_goes_in_and_never_out);
	TEST("a mail server is checked by its kind", test_a_mail_server_is_checked_by_its_kind);
	TEST("a kind says what a form has to ask", test_a_kind_says_what_a_form_has_to_ask);
	TEST("a repeated request happens once", test_a_repeated_request_happens_once);
	TEST("a refused request may be repeated", test_a_refused_request_may_be_repeated);
	TEST("the last admin key stays", test_the_last_admin_key_stays);
	TEST("pages show everything once, newest first",
	     test_pages_show_everything_once_newest_first);
	TEST("lists that are loaded whole page too", test_lists_that_are_loaded_whole_page_too);
	TEST("a cursor is good only for its list", test_a_cursor_is_good_only_for_its_list);
	TEST("a feed gives every change, also within one revision",
	     test_a_feed_gives_every_change_also_within_one_revision);
	TEST("a feed from the future is refused", test_a_feed_from_the_future_is_refused);
	TEST("the queue begins with what needs a person",
	     test_the_queue_begins_with_what_needs_a_person);
	TEST("each reason is described", test_each_reason_is_described);
	TEST("filters find what they name", test_filters_find_what_they_name);
	TEST("bodies take a scope and leave a record", test_bodies_take_a_scope_and_leave_a_record);
	TEST("a VIP's mail takes a permission of its own",
	     test_a_vips_mail_takes_a_permission_of_its_own);
	TEST("raw bytes are a file to save", test_raw_bytes_are_a_file_to_save);
	TEST("a parked job can be tried again and not dropped",
	     test_a_parked_job_can_be_tried_again_and_not_dropped);
	TEST("a quarantine is asked for once at a time",
	     test_a_quarantine_is_asked_for_once_at_a_time);
	TEST("health says little to strangers", test_health_says_little_to_strangers);
	TEST("metrics are Prometheus text", test_metrics_are_prometheus_text);
	TEST("events arrive and are taken up again", test_events_arrive_and_are_taken_up_again);
	TEST("a stream of an incident has only its events",
	     test_a_stream_of_an_incident_has_only_its_events);
	TEST("a stream without audit has what concerns incidents",
	     test_a_stream_without_audit_has_what_concerns_incidents);
	TEST("a quiet stream shows that it is alive", test_a_quiet_stream_shows_that_it_is_alive);
	TEST("a client that does not read its events is dropped",
	     test_a_client_that_does_not_read_its_events_is_dropped);
	TEST("a stream ends with its key", test_a_stream_ends_with_its_key);
	TEST("there is a limit to streams", test_there_is_a_limit_to_streams);
	TEST("stopping ends streams", test_stopping_ends_streams);
	return g_test_run();
}
