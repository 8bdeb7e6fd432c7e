#include "base/clock.h"
#include "base/error.h"
#include "server/servers.h"

#include <string.h>

/* A kind that only counts how often it is opened and closed. */
typedef struct {
	MailServer server;
	char *password;
} Counted;

static int opened, closed;

static MailServer *counted_open(const json_t *config, const json_t *secret, GError **error);
static void counted_close(MailServer *server)
{
	closed++;
	g_free(((Counted *)server)->password);
	g_free(server);
}

static const MailServerKind counted_kind = {
	.name = "counted", .title = "Counted", .open = counted_open, .close = counted_close};
static const MailServerKind *const kinds[] = {&counted_kind, NULL};

static MailServer *counted_open(const json_t *config, const json_t *secret, GError **error)
{
	Counted *counted = g_new0(Counted, 1);
	counted->server.kind = &counted_kind;
	counted->password = g_strdup(json_text(secret, "password"));
	opened++;
	return &counted->server;
}

static json_t *open_secret(GBytes *sealed, gpointer data, GError **error)
{
	gsize length;
	const char *text = g_bytes_get_data(sealed, &length);
	return json_parse(text, (gssize)length, error);
}

static MailServers *servers_new(void)
{
	opened = closed = 0;
	return mail_servers_new(kinds, open_secret, NULL);
}

static MailServerRow row_of(gint64 id, gint64 revision)
{
	return (MailServerRow){.id = id,
	                       .revision = revision,
	                       .name = (char *)"main",
	                       .kind = (char *)"counted",
	                       .config = (char *)"{}"};
}

static void test_a_row_is_opened_once(void)
{
	g_autoptr(MailServers) servers = servers_new();
	MailServerRow row = row_of(1, 1), other = row_of(2, 1);
	MailServer *first = mail_servers_get(servers, &row, NULL);
	g_assert_true(mail_servers_get(servers, &row, NULL) == first);
	g_assert_true(mail_servers_get(servers, &other, NULL) != first);
	g_assert_cmpint(opened, ==, 2);
}

static void test_a_changed_row_is_opened_anew_and_the_old_closes_after_its_last_use(void)
{
	g_autoptr(MailServers) servers = servers_new();
	MailServerRow before = row_of(1, 1), after = row_of(1, 2);
	MailServer *old = mail_servers_get(servers, &before, NULL);
	MailServer *new = mail_servers_get(servers, &after, NULL);
	g_assert_true(old != new);
	g_assert_cmpint(closed, ==, 0);
	mail_servers_release(servers, old, NULL);
	g_assert_cmpint(closed, ==, 1);
	mail_servers_release(servers, new, NULL);
	g_assert_cmpint(closed, ==, 1);
}

static void test_a_row_that_is_not_stored_closes_after_use(void)
{
	g_autoptr(MailServers) servers = servers_new();
	MailServerRow row = row_of(0, 0);
	mail_servers_release(servers, mail_servers_get(servers, &row, NULL), NULL);
	g_assert_cmpint(closed, ==, 1);
}

static void test_the_secret_reaches_the_kind(void)
{
	g_autoptr(MailServers) servers = servers_new();
	MailServerRow row = row_of(1, 1);
	const char *text = "{\"password\": \"hush\"}";
	row.secret = g_bytes_new_static(text, strlen(text));
	const Counted *counted = (Counted *)mail_servers_get(servers, &row, NULL);
	g_assert_cmpstr(counted->password, ==, "hush");
	g_bytes_unref(row.secret);
}

static void test_an_unknown_kind_is_invalid(void)
{
	g_autoptr(MailServers) servers = servers_new();
	MailServerRow row = row_of(1, 1);
	row.kind = (char *)"telepathy";
	g_autoptr(GError) error = NULL;
	g_assert_null(mail_servers_get(servers, &row, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID);
	g_assert_nonnull(strstr(error->message, "main"));
}

static void use(MailServers *servers, const MailServerRow *row, int code)
{
	g_autoptr(GError) error = NULL;
	MailServer *server = mail_servers_get(servers, row, &error);
	g_assert_no_error(error);
	g_autoptr(GError) outcome =
		code < 0 ? NULL : g_error_new(TRAWL_ERROR, code, "connection refused");
	mail_servers_release(servers, server, outcome);
}

static void test_failures_in_a_row_open_the_circuit(void)
{
	g_autoptr(MailServers) servers = servers_new();
	MailServerRow row = row_of(1, 1), other = row_of(2, 1), changed = row_of(1, 2);
	const int codes[] = {TRAWL_ERROR_UNREACHABLE, TRAWL_ERROR_TIMEOUT, TRAWL_ERROR_THROTTLED,
	                     TRAWL_ERROR_TIMEOUT, TRAWL_ERROR_UNREACHABLE};
	for (guint i = 0; i < G_N_ELEMENTS(codes); i++)
		use(servers, &row, codes[i]);
	g_autoptr(GError) error = NULL;
	g_assert_null(mail_servers_get(servers, &row, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_UNREACHABLE);
	g_assert_nonnull(strstr(error->message, "5 times"));
	g_assert_nonnull(strstr(error->message, "connection refused"));
	use(servers, &other, -1);
	use(servers, &changed, -1);
}

static void test_other_errors_and_successes_keep_the_circuit_closed(void)
{
	g_autoptr(MailServers) servers = servers_new();
	MailServerRow row = row_of(1, 1);
	for (guint i = 0; i < 20; i++) {
		use(servers, &row, TRAWL_ERROR_DENIED);
		use(servers, &row, TRAWL_ERROR_NOT_FOUND);
	}
	for (guint i = 0; i < 20; i++)
		use(servers, &row, i % 5 == 4 ? -1 : TRAWL_ERROR_TIMEOUT);
	use(servers, &row, -1);
}

static void test_a_server_serves_its_domains(void)
{
	static const struct {
		const char *config, *address;
		gboolean serves;
	} cases[] = {
		{"{}", "a@any.example", TRUE},
		{"{\"domains\": []}", "a@any.example", TRUE},
		{"{\"domains\": [\"corp.example\"]}", "A@Corp.Example", TRUE},
		{"{\"domains\": [\"Corp.Example\"]}", "a@corp.example", TRUE},
		{"{\"domains\": [\"corp.example\"]}", "a@sub.corp.example", FALSE},
		{"{\"domains\": [\"bücher.example\"]}", "a@xn--bcher-kva.example", TRUE},
		{"{\"domains\": [\"corp.example\"]}", "a@evil.example", FALSE},
		{"{\"domains\": [\"corp.example\"]}", "a@corp.example@evil.example", FALSE},
		{"{}", "no address", FALSE},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		MailServerRow row = row_of(1, 1);
		row.config = (char *)cases[i].config;
		g_assert_cmpint(mail_server_serves(&row, cases[i].address), ==, cases[i].serves);
	}
}

static void test_what_is_missing_survives_a_prefix_and_a_hostile_name(void)
{
	for (MailMissing what = MISSING_MESSAGE; what <= MISSING_MAILBOX; what++) {
		g_autoptr(GError) error = NULL;
		mail_server_set_missing(&error, what, "there is no such mailbox: x");
		g_prefix_error(&error, "copy 3: ");
		g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND);
		g_assert_cmpint(mail_server_error_what(error), ==, what);
	}
}

static json_t *take_state(MailServers *servers)
{
	g_autoptr(GPtrArray) states = mail_servers_take_states(servers);
	g_assert_cmpuint(states->len, <=, 1);
	return states->len ? json_incref(((MailServerState *)states->pdata[0])->state) : NULL;
}

static json_t *state_after(MailServers *servers, int code, const char *message, guint times)
{
	MailServerRow row = row_of(1, 1);
	for (guint i = 0; i < times; i++) {
		g_autoptr(GError) outcome =
			code < 0 ? NULL : g_error_new(TRAWL_ERROR, code, "%s", message);
		MailServer *server = mail_servers_get(servers, &row, NULL);
		g_assert_nonnull(server);
		mail_servers_release(servers, server, outcome);
	}
	return take_state(servers);
}

static void test_how_a_server_does_is_told_when_it_changes(void)
{
	mail_server_state_every = 0;
	g_autoptr(MailServers) servers = servers_new();
	g_assert_null(take_state(servers));

	g_autoptr(json_t) works = state_after(servers, -1, NULL, 1);
	g_assert_nonnull(json_text(works, "last_ok_at"));
	g_assert_null(json_text(works, "last_error"));
	g_assert_null(take_state(servers)); /* nothing since */

	g_autoptr(json_t) fails = state_after(servers, TRAWL_ERROR_UNREACHABLE, "no route", 2);
	g_assert_cmpstr(json_text(fails, "last_error"), ==, "no route");
	g_assert_nonnull(json_text(fails, "failing_since"));
	g_assert_cmpint(json_int(fails, "failures", 0), ==, 2);
	g_assert_null(json_text(fails, "left_alone_until"));

	g_autoptr(json_t) open = state_after(servers, TRAWL_ERROR_TIMEOUT, "no answer", 3);
	g_assert_cmpstr(json_text(open, "last_error"), ==, "no answer");
	g_assert_cmpstr(json_text(open, "failing_since"), ==, json_text(fails, "failing_since"));
	g_assert_nonnull(json_text(open, "left_alone_until"));
	mail_server_state_every = CLOCK_MINUTE;
}

static void test_a_message_that_is_missing_is_no_fault_of_the_server(void)
{
	mail_server_state_every = 0;
	g_autoptr(MailServers) servers = servers_new();
	json_decref(state_after(servers, TRAWL_ERROR_AUTHENTICATION, "wrong password", 1));
	g_autoptr(json_t) state = state_after(servers, TRAWL_ERROR_NOT_FOUND, "no such message", 1);
	g_assert_nonnull(json_text(state, "last_ok_at"));
	g_assert_true(json_is_null(json_object_get(state, "last_error")));
	g_assert_true(json_is_null(json_object_get(state, "failing_since")));
	mail_server_state_every = CLOCK_MINUTE;
}

static void test_how_a_server_does_is_told_once_a_minute(void)
{
	g_autoptr(MailServers) servers = servers_new();
	g_autoptr(json_t) first = state_after(servers, -1, NULL, 1);
	g_assert_nonnull(first);
	g_assert_null(state_after(servers, TRAWL_ERROR_UNREACHABLE, "no route", 1));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/servers/a row is opened once", test_a_row_is_opened_once);
	g_test_add_func(
		"/servers/a changed row is opened anew and the old closes after its last use",
		test_a_changed_row_is_opened_anew_and_the_old_closes_after_its_last_use);
	g_test_add_func("/servers/a row that is not stored closes after use",
	                test_a_row_that_is_not_stored_closes_after_use);
	g_test_add_func("/servers/the secret reaches the kind", test_the_secret_reaches_the_kind);
	g_test_add_func("/servers/an unknown kind is invalid", test_an_unknown_kind_is_invalid);
	g_test_add_func("/servers/failures in a row open the circuit",
	                test_failures_in_a_row_open_the_circuit);
	g_test_add_func("/servers/other errors and successes keep the circuit closed",
	                test_other_errors_and_successes_keep_the_circuit_closed);
	g_test_add_func("/servers/a server serves its domains", test_a_server_serves_its_domains);
	g_test_add_func("/servers/what is missing survives a prefix and a hostile name",
	                test_what_is_missing_survives_a_prefix_and_a_hostile_name);
	g_test_add_func("/servers/how a server does is told when it changes",
	                test_how_a_server_does_is_told_when_it_changes);
	g_test_add_func("/servers/a message that is missing is no fault of the server",
	                test_a_message_that_is_missing_is_no_fault_of_the_server);
	g_test_add_func("/servers/how a server does is told once a minute",
	                test_how_a_server_does_is_told_once_a_minute);
	return g_test_run();
}
