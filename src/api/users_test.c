#include "api/testing.h"

#include "auth/totp.h"
#include "base/clock.h"

#include <string.h>

#define ASSERT_STATUS(rig, headers, method, target, body, wanted)                                  \
	do {                                                                                       \
		g_autoptr(Reply) reply_ = api_rig_call(rig, 0, method, target, body, headers);     \
		g_test_message("%s %s: %s", method, target,                                        \
		               reply_->json ? json_text(reply_->json, "detail") : "");             \
		g_assert_cmpint(reply_->status, ==, wanted);                                       \
	} while (0)

/* Makes a user with the usual passphrase; its number. */
static gint64 add_user(const ApiRig *rig, const char *ann, const char *name, const char *role)
{
	g_autofree char *body = g_strdup_printf(
		"{\"name\":\"%s\",\"role\":\"%s\",\"password\":\"" API_RIG_PASSPHRASE "\"}", name,
		role);
	g_autoptr(Reply) made = api_rig_call(rig, 0, "POST", "/v1/users", body, ann);
	g_assert_cmpint(made->status, ==, 201);
	return json_int(made->json, "id", 0);
}

static char *user_path(gint64 id, const char *rest)
{
	return g_strdup_printf("/v1/users/%" G_GINT64_FORMAT "%s", id, rest);
}

static void a_user_is_made_and_logs_in(void)
{
	g_autoptr(ApiRig) rig = api_rig_with_ann();
	g_autofree char *ann = api_rig_session(rig, "ann");
	static const struct {
		const char *body;
		int status;
	} cases[] = {
		{"{\"name\":\"bob\"}", 400},
		{"{\"name\":\"bob\",\"role\":\"king\"}", 400},
		{"{\"name\":\"bob\",\"role\":\"viewer\",\"crown\":true}", 400},
		{"{\"name\":\"bob\",\"role\":\"viewer\",\"password\":\"short\"}", 400},
		{"{\"name\":\"bob\",\"role\":\"viewer\",\"email\":\"not one\"}", 400},
		{"{\"name\":\"ANN\",\"role\":\"viewer\"}", 409},
		{"{\"name\":\" Bob \",\"role\":\"viewer\",\"email\":\"Bob@corp.example\","
	         "\"password\":\"" API_RIG_PASSPHRASE "\"}",
	         201},
		{"{\"name\":\"bob\",\"role\":\"viewer\"}", 409},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		ASSERT_STATUS(rig, ann, "POST", "/v1/users", cases[i].body, cases[i].status);
	g_autoptr(Reply) bob = api_rig_log_in(rig, "bob", API_RIG_PASSPHRASE, NULL);
	g_assert_cmpint(bob->status, ==, 201);
	g_assert_cmpstr(json_text(bob->json, "user.role"), ==, "viewer");
	g_assert_cmpstr(json_text(bob->json, "permissions.0"), ==, "read");
	g_autofree char *session = reply_session(bob);
	ASSERT_STATUS(rig, session, "GET", "/v1/incidents", NULL, 200);
	ASSERT_STATUS(rig, session, "GET", "/v1/users", NULL, 403);
	g_autoptr(Reply) list = api_rig_call(rig, 0, "GET", "/v1/users", NULL, ann);
	g_assert_cmpuint(json_array_size(json_object_get(list->json, "items")), ==, 2);
	g_assert_null(strstr(g_bytes_get_data(list->body, NULL), "argon2"));
}

static void what_a_session_was_begun_with_ends_it(void)
{
	g_autoptr(ApiRig) rig = api_rig_with_ann();
	g_autofree char *ann = api_rig_session(rig, "ann");
	static const struct {
		const char *name, *method, *rest, *body;
		int after; /* what the session is told then */
	} cases[] = {
		{"role", "PATCH", "", "{\"role\":\"responder\"}", 401},
		{"same", "PATCH", "", "{\"role\":\"analyst\",\"enabled\":true}", 200},
		{"words", "PATCH", "", "{\"display_name\":\"Words\"}", 200},
		{"off", "PATCH", "", "{\"enabled\":false}", 401},
		{"secret", "POST", "/password", "{\"password\":\"four other herons\"}", 401},
		{"unlock", "POST", "/unlock", NULL, 200},
		{"out", "DELETE", "/sessions", NULL, 401},
		{"gone", "DELETE", "", NULL, 401},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		gint64 id = add_user(rig, ann, cases[i].name, "analyst");
		g_autofree char *session = api_rig_session(rig, cases[i].name);
		g_autofree char *path = user_path(id, cases[i].rest);
		g_autoptr(Reply) done =
			api_rig_call(rig, 0, cases[i].method, path, cases[i].body, ann);
		g_test_message("%s: %d", cases[i].name, done->status);
		g_assert_cmpint(done->status / 100, ==, 2);
		ASSERT_STATUS(rig, session, "GET", "/v1/account", NULL, cases[i].after);
	}
	ASSERT_STATUS(rig, ann, "GET", "/v1/account", NULL, 200);
}

static void the_last_administrator_stays(void)
{
	g_autoptr(ApiRig) rig = api_rig_with_ann();
	g_autofree char *ann = api_rig_session(rig, "ann");
	ASSERT_STATUS(rig, ann, "POST", "/v1/roles",
	              "{\"name\":\"boss\",\"permissions\":[\"admin\"]}", 201);
	/* Neither who is switched off nor who has no passphrase counts. */
	ASSERT_STATUS(rig, ann, "POST", "/v1/users",
	              "{\"name\":\"off\",\"role\":\"administrator\",\"enabled\":false,"
	              "\"password\":\"" API_RIG_PASSPHRASE "\"}",
	              201);
	ASSERT_STATUS(rig, ann, "POST", "/v1/users",
	              "{\"name\":\"mute\",\"role\":\"administrator\"}", 201);
	ASSERT_STATUS(rig, ann, "PATCH", "/v1/users/1", "{\"role\":\"viewer\"}", 409);
	ASSERT_STATUS(rig, ann, "PATCH", "/v1/users/1", "{\"enabled\":false}", 409);
	ASSERT_STATUS(rig, ann, "DELETE", "/v1/users/1", NULL, 409);
	ASSERT_STATUS(rig, ann, "GET", "/v1/account", NULL, 200); /* nothing came of it */
	add_user(rig, ann, "bob", "boss");
	g_autofree char *bob = api_rig_session(rig, "bob");
	ASSERT_STATUS(rig, bob, "DELETE", "/v1/users/1", NULL, 204);
	ASSERT_STATUS(rig, ann, "GET", "/v1/account", NULL, 401);
	ASSERT_STATUS(rig, bob, "PATCH", "/v1/roles/7", "{\"permissions\":[\"read\"]}", 409);
	ASSERT_STATUS(rig, bob, "GET", "/v1/users", NULL, 200);
}

static void a_passphrase_is_changed_with_the_old_one(void)
{
	g_autoptr(ApiRig) rig = api_rig_with_ann();
	g_autofree char *here = api_rig_session(rig, "ann");
	g_autofree char *there = api_rig_session(rig, "ann");
	static const struct {
		const char *target, *body;
		int status;
	} cases[] = {
		{"/v1/account/password", "{\"password\":\"four other herons\"}", 400},
		{"/v1/account/password",
	         "{\"old\":\"three loud herons\",\"password\":\"four other herons\"}", 403},
		{"/v1/account/password",
	         "{\"old\":\"" API_RIG_PASSPHRASE "\",\"password\":\"short\"}", 400},
		{"/v1/users/1/password", "{\"password\":\"four other herons\"}", 409},
		{"/v1/account/password",
	         "{\"old\":\"" API_RIG_PASSPHRASE "\",\"password\":\"four other herons\"}", 200},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		ASSERT_STATUS(rig, here, "POST", cases[i].target, cases[i].body, cases[i].status);
	ASSERT_STATUS(rig, here, "GET", "/v1/account", NULL, 200);
	ASSERT_STATUS(rig, there, "GET", "/v1/account", NULL, 401);
	g_autoptr(Reply) old = api_rig_log_in(rig, "ann", API_RIG_PASSPHRASE, NULL);
	g_autoptr(Reply) new = api_rig_log_in(rig, "ann", "four other herons", NULL);
	g_assert_cmpint(old->status, ==, 401);
	g_assert_cmpint(new->status, ==, 201);
}

static void an_administrator_unlocks(void)
{
	g_autoptr(ApiRig) rig = api_rig_with_ann();
	g_autofree char *ann = api_rig_session(rig, "ann");
	gint64 id = add_user(rig, ann, "bob", "viewer");
	for (int i = 0; i < 10; i++) {
		g_autoptr(Reply) wrong = api_rig_log_in(rig, "bob", "three loud herons", NULL);
		g_assert_cmpint(wrong->status, ==, 401);
	}
	g_autofree char *path = user_path(id, ""), *unlock = user_path(id, "/unlock");
	g_autoptr(Reply) locked = api_rig_call(rig, 0, "GET", path, NULL, ann);
	g_assert_nonnull(json_text(locked->json, "locked_until"));
	g_autoptr(Reply) shut = api_rig_log_in(rig, "bob", API_RIG_PASSPHRASE, NULL);
	g_assert_cmpint(shut->status, ==, 401);
	ASSERT_STATUS(rig, ann, "POST", unlock, NULL, 200);
	g_autoptr(Reply) open = api_rig_log_in(rig, "bob", API_RIG_PASSPHRASE, NULL);
	g_assert_cmpint(open->status, ==, 201);
}

static void a_person_changes_their_own_name_and_nothing_more(void)
{
	g_autoptr(ApiRig) rig = api_rig_with_ann();
	g_autofree char *ann = api_rig_session(rig, "ann");
	add_user(rig, ann, "bob", "viewer");
	g_autofree char *bob = api_rig_session(rig, "bob");
	ASSERT_STATUS(rig, bob, "PATCH", "/v1/account",
	              "{\"display_name\":\"Bob\",\"email\":\"bob@corp.example\"}", 200);
	ASSERT_STATUS(rig, bob, "PATCH", "/v1/account", "{\"role\":\"administrator\"}", 400);
	ASSERT_STATUS(rig, bob, "PATCH", "/v1/users/2", "{\"role\":\"administrator\"}", 403);
	g_autoptr(Reply) now = api_rig_call(rig, 0, "GET", "/v1/account", NULL, bob);
	g_assert_cmpstr(json_text(now->json, "display_name"), ==, "Bob");
	g_assert_cmpstr(json_text(now->json, "role"), ==, "viewer");
}

static void sessions_of_others_are_an_administrators_business(void)
{
	g_autoptr(ApiRig) rig = api_rig_with_ann();
	g_autofree char *ann = api_rig_session(rig, "ann");
	add_user(rig, ann, "bob", "viewer");
	g_autofree char *here = api_rig_session(rig, "bob");
	g_autofree char *there = api_rig_session(rig, "bob");
	/* 1: the set-up's, 2: ann's, 3 and 4: bob's */
	const struct {
		const char *session, *target;
		gsize count;
	} lists[] = {
		{ann, "/v1/sessions", 4},
		{ann, "/v1/sessions?user_id=2", 2},
		{here, "/v1/sessions", 2},
		{here, "/v1/sessions?user_id=1", 0},
	};
	for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_autoptr(Reply) list =
			api_rig_call(rig, 0, "GET", lists[i].target, NULL, lists[i].session);
		g_assert_cmpint(list->status, ==, 200);
		g_assert_cmpuint(json_array_size(json_object_get(list->json, "items")), ==,
		                 lists[i].count);
	}
	g_autoptr(Reply) of_key = api_rig_call(rig, SCOPE_READ, "GET", "/v1/sessions", NULL, NULL);
	g_assert_cmpuint(json_array_size(json_object_get(of_key->json, "items")), ==, 0);
	ASSERT_STATUS(rig, here, "DELETE", "/v1/sessions/2", NULL, 404);
	ASSERT_STATUS(rig, here, "DELETE", "/v1/sessions/4", NULL, 204);
	ASSERT_STATUS(rig, there, "GET", "/v1/account", NULL, 401);
	ASSERT_STATUS(rig, here, "DELETE", "/v1/sessions/4", NULL, 404);
	ASSERT_STATUS(rig, ann, "DELETE", "/v1/sessions/3", NULL, 204);
	ASSERT_STATUS(rig, here, "GET", "/v1/account", NULL, 401);
}

static void roles_are_made_of_permissions(void)
{
	g_autoptr(ApiRig) rig = api_rig_with_ann();
	g_autofree char *ann = api_rig_session(rig, "ann");
	static const struct {
		const char *method, *target, *body;
		int status;
	} cases[] = {
		{"POST", "/v1/roles", "{\"name\":\"reader\"}", 400},
		{"POST", "/v1/roles", "{\"name\":\"reader\",\"permissions\":[]}", 400},
		{"POST", "/v1/roles", "{\"name\":\"reader\",\"permissions\":[\"fly\"]}", 400},
		{"POST", "/v1/roles", "{\"name\":\"viewer\",\"permissions\":[\"read\"]}", 409},
		{"POST", "/v1/roles",
	         "{\"name\":\"reader\",\"permissions\":[\"read\",\"content\"]}", 201},
		{"PATCH", "/v1/roles/1", "{\"permissions\":[\"admin\"]}", 409},
		{"DELETE", "/v1/roles/1", NULL, 409},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		ASSERT_STATUS(rig, ann, cases[i].method, cases[i].target, cases[i].body,
		              cases[i].status);
	gint64 bob_id = add_user(rig, ann, "bob", "reader");
	g_autofree char *bob = api_rig_session(rig, "bob");
	ASSERT_STATUS(rig, ann, "DELETE", "/v1/roles/7", NULL, 409);
	/* More counts at once; less ends what was begun with it. */
	ASSERT_STATUS(rig, bob, "POST", "/v1/incidents/1/close", "{\"reason\":\"x\"}", 403);
	ASSERT_STATUS(rig, ann, "PATCH", "/v1/roles/7",
	              "{\"permissions\":[\"read\",\"content\",\"triage\"]}", 200);
	ASSERT_STATUS(rig, bob, "POST", "/v1/incidents/1/close", "{\"reason\":\"x\"}", 200);
	ASSERT_STATUS(rig, ann, "PATCH", "/v1/roles/7", "{\"permissions\":[\"read\"]}", 200);
	ASSERT_STATUS(rig, bob, "GET", "/v1/account", NULL, 401);
	g_autofree char *path = user_path(bob_id, "");
	ASSERT_STATUS(rig, ann, "DELETE", path, NULL, 204);
	ASSERT_STATUS(rig, ann, "DELETE", "/v1/roles/7", NULL, 204);
	/* The name is free again. */
	add_user(rig, ann, "bob", "auditor");
}

static void every_change_of_people_is_in_the_audit_log(void)
{
	g_autoptr(ApiRig) rig = api_rig_with_ann();
	g_autofree char *ann = api_rig_session(rig, "ann");
	gint64 id = add_user(rig, ann, "bob", "viewer");
	g_autofree char *path = user_path(id, ""), *password = user_path(id, "/password");
	g_autofree char *unlock = user_path(id, "/unlock"), *sessions = user_path(id, "/sessions");
	ASSERT_STATUS(rig, ann, "PATCH", path, "{\"role\":\"analyst\"}", 200);
	ASSERT_STATUS(rig, ann, "PATCH", path, "{\"role\":\"analyst\"}", 200);
	ASSERT_STATUS(rig, ann, "POST", password, "{\"password\":\"four other herons\"}", 200);
	ASSERT_STATUS(rig, ann, "POST", unlock, NULL, 200);
	ASSERT_STATUS(rig, ann, "DELETE", sessions, NULL, 204);
	ASSERT_STATUS(rig, ann, "DELETE", path, NULL, 204);
	ASSERT_STATUS(rig, ann, "POST", "/v1/roles",
	              "{\"name\":\"reader\",\"permissions\":[\"read\"]}", 201);
	ASSERT_STATUS(rig, ann, "PATCH", "/v1/roles/7", "{\"description\":\"Reads\"}", 200);
	ASSERT_STATUS(rig, ann, "DELETE", "/v1/roles/7", NULL, 204);
	static const char *const wanted[] = {"user.create", "user.update",       "user.password",
	                                     "user.unlock", "user.end_sessions", "user.delete",
	                                     "role.create", "role.update",       "role.delete"};
	g_autoptr(Reply) log =
		api_rig_call(rig, SCOPE_ADMIN, "GET", "/v1/activity?limit=500", NULL, NULL);
	const json_t *items = json_object_get(log->json, "items");
	gsize at = json_array_size(items) - G_N_ELEMENTS(wanted);
	for (guint i = 0; i < G_N_ELEMENTS(wanted); i++) {
		const json_t *record = json_array_get(items, at + i);
		g_assert_cmpstr(json_text(record, "action"), ==, wanted[i]);
		g_assert_cmpstr(json_text(record, "actor"), ==, "user:ann");
	}
	g_assert_null(strstr(g_bytes_get_data(log->body, NULL), "herons"));
}

static void who_may_not_audit_sees_what_is_done_about_incidents(void)
{
	g_autoptr(ApiRig) rig = api_rig_with_ann();
	g_autoptr(Reply) changed = api_rig_call(rig, SCOPE_TRIAGE, "PATCH", "/v1/incidents/1",
	                                        "{\"severity\":\"major\"}", NULL);
	g_assert_cmpint(changed->status, ==, 200);
	static const struct {
		guint scope;
		const char *target;
		gboolean people, incidents;
	} cases[] = {
		{SCOPE_READ, "/v1/activity", FALSE, TRUE},
		{SCOPE_ADMIN, "/v1/activity", TRUE, TRUE},
		{SCOPE_READ, "/v1/incidents/1/activity", FALSE, TRUE},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Reply) reply =
			api_rig_call(rig, cases[i].scope, "GET", cases[i].target, NULL, NULL);
		g_autofree char *text = json_format(reply->json);
		g_test_message("%s with %u", cases[i].target, cases[i].scope);
		g_assert_cmpint(strstr(text, "\"user.create\"") != NULL, ==, cases[i].people);
		g_assert_cmpint(strstr(text, "\"incident.update\"") != NULL, ==,
		                cases[i].incidents);
	}
}

/* --- codes of an authenticator ---------------------------------------------------------------- */

#define PROOF "{\"password\":\"" API_RIG_PASSPHRASE "\"}"

static int decode_base32(char c)
{
	return c >= 'A' ? c - 'A' : c - '2' + 26;
}

/* What an authenticator makes of the text that is typed into it. */
static GBytes *parse_secret(const char *text)
{
	GByteArray *octets = g_byte_array_new();
	guint32 bits = 0, held = 0;
	for (const char *c = text; *c; c++) {
		bits = (bits << 5) | (guint32)decode_base32(*c);
		held += 5;
		if (held < 8)
			continue;
		held -= 8;
		guint8 octet = (guint8)(bits >> held);
		g_byte_array_append(octets, &octet, 1);
	}
	return g_byte_array_free_to_bytes(octets);
}

/* Ann's codes are switched on with the code of the step before; her secret, and her recovery codes.
 */
static GBytes *switch_on(const ApiRig *rig, const char *ann, json_t **recovery)
{
	g_autoptr(Reply) offer = api_rig_call(rig, 0, "POST", "/v1/account/totp", PROOF, ann);
	g_assert_cmpint(offer->status, ==, 200);
	const char *text = json_text(offer->json, "secret");
	g_assert_nonnull(strstr(json_text(offer->json, "uri"), text));
	GBytes *secret = parse_secret(text);
	g_autofree char *code = totp_code(secret, totp_step(clock_now()) - 1);
	g_autofree char *body = g_strdup_printf("{\"code\":\"%s\"}", code);
	g_autoptr(Reply) on = api_rig_call(rig, 0, "POST", "/v1/account/totp/confirm", body, ann);
	g_assert_cmpint(on->status, ==, 200);
	*recovery = json_incref(json_object_get(on->json, "recovery_codes"));
	g_assert_cmpuint(json_array_size(*recovery), ==, TOTP_RECOVERY_CODES);
	return secret;
}

static void assert_login(const ApiRig *rig, const char *password, const char *code, int status,
                         const char *word)
{
	g_autoptr(Reply) reply = api_rig_log_in(rig, "ann", password, code);
	g_assert_cmpint(reply->status, ==, status);
	g_assert_cmpstr(json_text(reply->json, "code"), ==, word);
}

static void a_code_counts_once_and_only_with_the_passphrase(void)
{
	g_autoptr(ApiRig) rig = api_rig_with_ann();
	g_autofree char *ann = api_rig_session(rig, "ann");
	g_autofree char *other = api_rig_session(rig, "ann");
	g_autoptr(json_t) recovery = NULL;
	g_autoptr(GBytes) secret = switch_on(rig, ann, &recovery);
	ASSERT_STATUS(rig, ann, "GET", "/v1/account", NULL, 200);
	ASSERT_STATUS(rig, other, "GET", "/v1/account", NULL, 401);
	/* The step may end while this runs: the code after the present one counts as well. */
	g_autofree char *code = totp_code(secret, totp_step(clock_now()) + 1);
	g_autofree char *used = totp_code(secret, totp_step(clock_now()) - 1);
	const char *wrong = "three loud herons";
	assert_login(rig, wrong, NULL, 401, "authentication");
	assert_login(rig, wrong, code, 401, "authentication");
	assert_login(rig, API_RIG_PASSPHRASE, NULL, 401, "code_needed");
	assert_login(rig, API_RIG_PASSPHRASE, used, 401, "authentication");
	assert_login(rig, API_RIG_PASSPHRASE, code, 201, NULL);
	assert_login(rig, API_RIG_PASSPHRASE, code, 401, "authentication");
}

static void a_recovery_code_stands_in_once(void)
{
	g_autoptr(ApiRig) rig = api_rig_with_ann();
	g_autofree char *ann = api_rig_session(rig, "ann");
	g_autoptr(json_t) recovery = NULL;
	g_autoptr(GBytes) secret = switch_on(rig, ann, &recovery);
	const char *first = json_text(recovery, "0"), *second = json_text(recovery, "1");
	assert_login(rig, API_RIG_PASSPHRASE, first, 201, NULL);
	assert_login(rig, API_RIG_PASSPHRASE, first, 401, "authentication");
	g_autoptr(Reply) fresh =
		api_rig_call(rig, 0, "POST", "/v1/account/recovery-codes", PROOF, ann);
	assert_login(rig, API_RIG_PASSPHRASE, second, 401, "authentication");
	assert_login(rig, API_RIG_PASSPHRASE, json_text(fresh->json, "recovery_codes.0"), 201,
	             NULL);
}

static void wrong_codes_lock_the_account(void)
{
	g_autoptr(ApiRig) rig = api_rig_with_ann();
	g_autofree char *ann = api_rig_session(rig, "ann");
	g_autoptr(json_t) recovery = NULL;
	g_autoptr(GBytes) secret = switch_on(rig, ann, &recovery);
	for (int i = 0; i < 10; i++)
		assert_login(rig, API_RIG_PASSPHRASE, "wrong code", 401, "authentication");
	assert_login(rig, API_RIG_PASSPHRASE, NULL, 401, "authentication");
	assert_login(rig, API_RIG_PASSPHRASE, json_text(recovery, "0"), 401, "authentication");
}

static void codes_are_switched_on_and_off_with_the_passphrase(void)
{
	g_autoptr(ApiRig) rig = api_rig_with_ann();
	g_autofree char *ann = api_rig_session(rig, "ann");
	g_autoptr(json_t) recovery = NULL;
	ASSERT_STATUS(rig, ann, "POST", "/v1/account/totp/confirm", "{\"code\":\"123456\"}", 409);
	ASSERT_STATUS(rig, ann, "POST", "/v1/account/totp", "{\"password\":\"guess\"}", 403);
	ASSERT_STATUS(rig, ann, "POST", "/v1/account/totp/remove", PROOF, 409);
	ASSERT_STATUS(rig, ann, "POST", "/v1/account/totp", PROOF, 200);
	ASSERT_STATUS(rig, ann, "POST", "/v1/account/totp/confirm", "{\"code\":\"nonsense\"}", 400);
	/* What is merely offered is not asked for. */
	assert_login(rig, API_RIG_PASSPHRASE, NULL, 201, NULL);
	g_autoptr(GBytes) secret = switch_on(rig, ann, &recovery);
	ASSERT_STATUS(rig, ann, "POST", "/v1/account/totp", PROOF, 409);
	ASSERT_STATUS(rig, ann, "POST", "/v1/account/totp/remove", "{\"password\":\"guess\"}", 403);
	ASSERT_STATUS(rig, ann, "POST", "/v1/account/totp/remove", PROOF, 204);
	assert_login(rig, API_RIG_PASSPHRASE, NULL, 201, NULL);
	g_autoptr(json_t) again = NULL;
	g_autoptr(GBytes) another = switch_on(rig, ann, &again);
	ASSERT_STATUS(rig, ann, "DELETE", "/v1/users/1/totp", NULL, 204);
	ASSERT_STATUS(rig, ann, "DELETE", "/v1/users/1/totp", NULL, 404);
	assert_login(rig, API_RIG_PASSPHRASE, NULL, 201, NULL);
	g_autoptr(Reply) log =
		api_rig_call(rig, SCOPE_ADMIN, "GET", "/v1/activity?limit=500", NULL, NULL);
	g_autofree char *text = json_format(log->json);
	static const char *const wanted[] = {"user.totp_offer", "user.totp_on", "user.totp_off"};
	for (guint i = 0; i < G_N_ELEMENTS(wanted); i++)
		g_assert_nonnull(strstr(text, wanted[i]));
	g_assert_null(strstr(text, json_text(again, "0")));
}

static void people_are_known_by_their_names_alone(void)
{
	g_autoptr(ApiRig) rig = api_rig_with_ann();
	g_autofree char *ann = api_rig_session(rig, "ann");
	ASSERT_STATUS(rig, ann, "POST", "/v1/users",
	              "{\"name\":\"bob\",\"role\":\"analyst\",\"email\":\"bob@corp.example\","
	              "\"display_name\":\"Bob Miller\"}",
	              201);
	ASSERT_STATUS(rig, ann, "POST", "/v1/users",
	              "{\"name\":\"cat\",\"role\":\"viewer\",\"enabled\":false}", 201);
	add_user(rig, ann, "dan", "analyst");
	ASSERT_STATUS(rig, ann, "DELETE", "/v1/users/4", NULL, 204);
	g_autoptr(Reply) people = api_rig_call(rig, SCOPE_READ, "GET", "/v1/people", NULL, NULL);
	const json_t *items = json_at(people->json, "items");
	g_assert_cmpuint(json_array_size(items), ==, 3); /* who was deleted is nobody */
	g_assert_cmpstr(json_text(items, "1.name"), ==, "bob");
	g_assert_cmpstr(json_text(items, "1.display_name"), ==, "Bob Miller");
	g_assert_true(json_bool(json_array_get(items, 1), "active", FALSE));
	g_assert_false(json_bool(json_array_get(items, 0), "active", TRUE));
	for (gsize i = 0; i < json_array_size(items); i++)
		g_assert_cmpuint(json_object_size(json_array_get(items, i)), ==, 4);
}

static void an_incident_is_assigned_to_who_can_log_in(void)
{
	g_autoptr(ApiRig) rig = api_rig_with_ann();
	g_autofree char *ann = api_rig_session(rig, "ann");
	gint64 bob = add_user(rig, ann, "bob", "analyst");
	g_autofree char *path = user_path(bob, "");
	static const struct {
		const char *body;
		int status;
		const char *assignee;
	} cases[] = {
		{"{\"assignee\":\"nobody\"}", 400, NULL},  {"{\"assignee\":\"BOB\"}", 200, "bob"},
		{"{\"assignee\":\"nobody\"}", 400, "bob"}, {"{\"assignee\":null}", 200, NULL},
		{"{\"assignee\":\" bob \"}", 200, "bob"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		ASSERT_STATUS(rig, ann, "PATCH", "/v1/incidents/1", cases[i].body, cases[i].status);
		g_autoptr(Reply) now = api_rig_call(rig, 0, "GET", "/v1/incidents/1", NULL, ann);
		g_assert_cmpstr(json_text(now->json, "assignee"), ==, cases[i].assignee);
	}
	/* Who has gone may keep what they had, and gets nothing new. */
	ASSERT_STATUS(rig, ann, "DELETE", path, NULL, 204);
	ASSERT_STATUS(rig, ann, "PATCH", "/v1/incidents/1",
	              "{\"assignee\":\"bob\",\"severity\":\"minor\"}", 200);
	ASSERT_STATUS(rig, ann, "PATCH", "/v1/incidents/1", "{\"assignee\":null}", 200);
	ASSERT_STATUS(rig, ann, "PATCH", "/v1/incidents/1", "{\"assignee\":\"bob\"}", 400);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define TEST(name, function) g_test_add_func("/users/" name, function)
	TEST("a user is made and logs in", a_user_is_made_and_logs_in);
	TEST("what a session was begun with ends it", what_a_session_was_begun_with_ends_it);
	TEST("the last administrator stays", the_last_administrator_stays);
	TEST("a passphrase is changed with the old one", a_passphrase_is_changed_with_the_old_one);
	TEST("people are known by their names alone", people_are_known_by_their_names_alone);
	TEST("an incident is assigned to who can log in",
	     an_incident_is_assigned_to_who_can_log_in);
	TEST("an administrator unlocks", an_administrator_unlocks);
	TEST("a person changes their own name and nothing more",
	     a_person_changes_their_own_name_and_nothing_more);
	TEST("sessions of others are an administrator's business",
	     sessions_of_others_are_an_administrators_business);
	TEST("roles are made of permissions", roles_are_made_of_permissions);
	TEST("every change of people is in the audit log",
	     every_change_of_people_is_in_the_audit_log);
	TEST("who may not audit sees what is done about incidents",
	     who_may_not_audit_sees_what_is_done_about_incidents);
	TEST("a code counts once, and only with the passphrase",
	     a_code_counts_once_and_only_with_the_passphrase);
	TEST("a recovery code stands in once", a_recovery_code_stands_in_once);
	TEST("wrong codes lock the account", wrong_codes_lock_the_account);
	TEST("codes are switched on and off with the passphrase",
	     codes_are_switched_on_and_off_with_the_passphrase);
	return g_test_run();
}
