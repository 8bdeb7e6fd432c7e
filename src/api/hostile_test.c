#include "api/testing.h"

#include "api/server.h"
#include "base/limits.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEY "Authorization: Bearer %s\r\n"

/* How often the health page was answered. */
static guint count_answers(const Reply *reply)
{
	guint count = 0;
	gsize size;
	const char *octets = g_bytes_get_data(reply->body, &size);
	g_autofree char *text = g_strndup(octets, size);
	for (const char *p = text; (p = strstr(p, "{\"status\":\"degraded\"")); p++)
		count++;
	return count;
}

static void assert_alive(const ApiRig *rig)
{
	g_autoptr(Reply) reply = api_rig_call(rig, SCOPE_READ, "GET", "/v1/health", NULL, NULL);
	g_assert_cmpint(reply->status, ==, 200);
}

/* Behind each of these comes a whole second request. Were it answered, whoever wrote the first
 * could choose what a proxy in front of us takes for the answer to somebody else's. */
static void test_what_may_hide_a_second_request_ends_the_connection(void)
{
	static const struct {
		const char *name, *head;
		guint answers;
	} cases[] = {
		{"a good request, to show that the second is seen",
	         "GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n", 2},
		{"two lengths",
	         "POST /v1/sources HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
	         "Content-Length: 44\r\n\r\n",
	         0},
		{"two lengths in one field",
	         "POST /v1/sources HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0, 44\r\n\r\n",
	         0},
		{"length and chunks",
	         "POST /v1/sources HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
	         "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	         0},
		{"chunks twice",
	         "POST /v1/sources HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
	         "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	         0},
		{"an unknown coding",
	         "POST /v1/sources HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
	         "xchunked\r\n\r\n0\r\n\r\n",
	         0},
		{"a coding before chunked",
	         "POST /v1/sources HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, "
	         "chunked\r\n\r\n0\r\n\r\n",
	         0},
		{"a signed length",
	         "POST /v1/sources HTTP/1.1\r\nHost: localhost\r\nContent-Length: +0\r\n\r\n", 0},
		{"a negative length",
	         "POST /v1/sources HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 0},
		{"a length in hexadecimal",
	         "POST /v1/sources HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0x0\r\n\r\n", 0},
		{"a length past all bounds",
	         "POST /v1/sources HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
	         "99999999999999999999999\r\n\r\n",
	         0},
		{"a body where none belongs",
	         "GET /v1/health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nGET /", 0},
		{"two hosts",
	         "GET /v1/health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 0},
		{"no host", "GET /v1/health HTTP/1.1\r\nAccept: */*\r\n\r\n", 0},
	};
	g_autoptr(ApiRig) rig = api_rig_new();
	const char *second = "GET /v1/health HTTP/1.1\r\nHost: localhost\r\nConnection: "
			     "close\r\n\r\n";
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *both = g_strconcat(cases[i].head, second, NULL);
		g_autoptr(Reply) reply = api_rig_send(rig, both, strlen(both));
		g_test_message("%s: %d", cases[i].name, reply->status);
		g_assert_cmpuint(count_answers(reply), ==, cases[i].answers);
	}
	assert_alive(rig);
}

/* Octets that are no request. All that matters is that they do no harm. */
static void test_nonsense_does_no_harm(void)
{
	static const struct {
		const char *octets;
		gsize length;
	} cases[] = {
#define OCTETS(text) {text, sizeof(text) - 1}
		OCTETS(""),
		OCTETS("\r\n\r\n\r\n"),
		OCTETS("GET\r\n\r\n"),
		OCTETS("GET /v1/health\r\n\r\n"),
		OCTETS("GET /v1/health HTTP/0.9\r\n\r\n"),
		OCTETS("GET /v1/health HTTP/9.9\r\nHost: localhost\r\n\r\n"),
		OCTETS("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
		OCTETS("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
		OCTETS("GET /v1/health HTTP/1.1\nHost: localhost\nConnection: close\n\n"),
		OCTETS("GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n"),
		OCTETS("GET /v1/health HTTP/1.1\r\nHost : localhost\r\n\r\n"),
		OCTETS("GET /v1/health HTTP/1.1\r\nHost: local\0host\r\n\r\n"),
		OCTETS("GET /v1/\0health HTTP/1.1\r\nHost: localhost\r\n\r\n"),
		OCTETS("GET /v1/he alth HTTP/1.1\r\nHost: localhost\r\n\r\n"),
		OCTETS("G\xffT /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n"),
		OCTETS("GET /v1/health HTTP/1.1\r\nHost: localhost\r\n: nothing\r\n\r\n"),
		OCTETS("GET /v1/health HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n"),
		OCTETS("POST /v1/sources HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
	               "application/json\r\nTransfer-Encoding: "
	               "chunked\r\n\r\nffffffffffffffffff\r\n"),
		OCTETS("POST /v1/sources HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
	               "application/json\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n"),
		OCTETS("POST /v1/sources HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
	               "application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n"),
#undef OCTETS
	};
	/* Some of it could still become a request: that is waited for, but not long. */
	const ServerTimes usual = server_times;
	server_times.request = G_USEC_PER_SEC / 5;
	g_autoptr(ApiRig) rig = api_rig_new();
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		int fd = api_rig_connect(rig);
		send(fd, cases[i].octets, cases[i].length, MSG_NOSIGNAL);
		shutdown(fd, SHUT_WR);
		char piece[4096];
		while (recv(fd, piece, sizeof piece, 0) > 0)
			;
		close(fd);
	}
	assert_alive(rig);
	server_times = usual;
}

static char *padded_request(const ApiRig *rig, const char *target, gsize pad, guint fields)
{
	GString *text = g_string_new(NULL);
	g_string_append_printf(text,
	                       "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" KEY,
	                       target, rig->keys[0]);
	g_autofree char *padding = g_strnfill(pad, 'a');
	for (guint i = 0; i < fields; i++)
		g_string_append_printf(text, "X-%u: %s\r\n", i, padding);
	g_string_append(text, "\r\n");
	return g_string_free(text, FALSE);
}

static void test_large_heads_are_refused(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	g_autofree char *long_name = g_strnfill(100 * 1024, 'a');
	g_autofree char *long_target = g_strconcat("/v1/incidents?q=", long_name, NULL);
	g_autofree char *good = padded_request(rig, "/v1/incidents", 1000, 8);
	g_autofree char *large = padded_request(rig, "/v1/incidents", 100 * 1024, 1);
	g_autofree char *many = padded_request(rig, "/v1/incidents", 1, 20000);
	g_autofree char *uri = padded_request(rig, long_target, 1, 1);
	static const struct {
		guint which;
		int low, high;
	} cases[] = {
		{0, 200, 200},
		{1, 413, 431},
		{2, 413, 431},
		{3, 414, 431},
	};
	const char *const requests[] = {good, large, many, uri};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *request = requests[cases[i].which];
		g_autoptr(Reply) reply = api_rig_send(rig, request, strlen(request));
		g_test_message("%u: %d", i, reply->status);
		/* A reset may overtake the answer to what was never read. */
		g_assert_true(reply->status == 0 ||
		              (reply->status >= cases[i].low && reply->status <= cases[i].high));
		if (i == 0)
			g_assert_cmpint(reply->status, ==, 200);
	}
	assert_alive(rig);
}

static void test_large_bodies_are_refused(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	g_autofree char *filler = g_strnfill(LIMIT_REQUEST_BODY, ' ');
	g_autofree char *at_limit = g_strdup(filler);
	memcpy(at_limit, "{}", 2);
	g_autofree char *past_limit = g_strconcat("{} ", filler, NULL);
	g_autoptr(Reply) fits =
		api_rig_call(rig, SCOPE_TRIAGE, "PATCH", "/v1/incidents/1", at_limit, NULL);
	g_assert_cmpint(fits->status, ==, 200);
	g_autoptr(Reply) said =
		api_rig_call(rig, SCOPE_TRIAGE, "PATCH", "/v1/incidents/1", past_limit, NULL);
	g_assert_true(said->status == 413 || said->status == 0);
	g_autofree char *chunked = g_strdup_printf(
		"PATCH /v1/incidents/1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" KEY
		"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
		"%zx\r\n%s\r\n0\r\n\r\n",
		rig->keys[2], strlen(past_limit), past_limit);
	g_autoptr(Reply) grown = api_rig_send(rig, chunked, strlen(chunked));
	g_assert_cmpint(grown->status, ==, 413);
	g_assert_cmpstr(json_text(grown->json, "code"), ==, "limit");
	assert_alive(rig);
}

static void test_deep_and_wide_json_is_refused(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	const guint depths[] = {LIMIT_REQUEST_DEPTH + 1, 2000, 100000};
	for (guint i = 0; i < G_N_ELEMENTS(depths); i++) {
		g_autofree char *open = g_strnfill(depths[i], '[');
		g_autofree char *close = g_strnfill(depths[i], ']');
		g_autofree char *body = g_strdup_printf("{\"assignee\":%s%s}", open, close);
		g_autoptr(Reply) reply =
			api_rig_call(rig, SCOPE_TRIAGE, "PATCH", "/v1/incidents/1", body, NULL);
		g_test_message("depth %u: %d", depths[i], reply->status);
		g_assert_true(reply->status == 400 || reply->status == 422);
	}
	g_autoptr(GString) wide = g_string_new("{\"assignee\":\"a\"");
	for (guint i = 0; i < 50000; i++)
		g_string_append_printf(wide, ",\"m%u\":%u", i, i);
	g_string_append_c(wide, '}');
	g_autoptr(Reply) reply =
		api_rig_call(rig, SCOPE_TRIAGE, "PATCH", "/v1/incidents/1", wide->str, NULL);
	g_assert_cmpint(reply->status, ==, 400);
	assert_alive(rig);
}

/* A client that trickles is never silent, so that only the whole time counts. The test ends when
 * the server ends it, or hangs. */
static void test_a_client_that_trickles_is_cut_off(void)
{
	static const char *const beginnings[] = {
		"",
		"GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX: ",
		("POST /v1/sources HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
	         "application/json\r\nContent-Length: 1000000\r\n\r\n"),
	};
	const ServerTimes usual = server_times;
	server_times.request = G_USEC_PER_SEC / 2;
	g_autoptr(ApiRig) rig = api_rig_new();
	for (guint i = 0; i < G_N_ELEMENTS(beginnings); i++) {
		int fd = api_rig_connect(rig);
		gsize length = strlen(beginnings[i]);
		g_assert_cmpint(send(fd, beginnings[i], length, MSG_NOSIGNAL), ==, (int)length);
		char octet;
		while (send(fd, "a", 1, MSG_NOSIGNAL) == 1 &&
		       recv(fd, &octet, 1, MSG_DONTWAIT) != 0)
			g_usleep(20000);
		close(fd);
	}
	assert_alive(rig);
	server_times = usual;
}

static void test_a_client_that_does_not_read_is_cut_off(void)
{
	const ServerTimes usual = server_times;
	server_times.answer = G_USEC_PER_SEC / 2;
	g_autoptr(ApiRig) rig = api_rig_new();
	int fd = api_rig_connect(rig);
	const int small = 1024;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	/* Answers pile up until nothing can be sent any more; then the server must give up. */
	const char *request = "GET /v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
	for (guint i = 0; i < 200; i++)
		if (send(fd, request, strlen(request), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			break;
	char octet;
	while (recv(fd, &octet, 1, MSG_PEEK) > 0 && send(fd, request, 1, MSG_NOSIGNAL) == 1)
		g_usleep(20000);
	close(fd);
	assert_alive(rig);
	server_times = usual;
}

static void test_clients_that_leave_in_the_middle_leave_nothing_behind(void)
{
	g_autoptr(ApiRig) rig = api_rig_new();
	g_autofree char *whole =
		g_strdup_printf("PATCH /v1/incidents/1 HTTP/1.1\r\nHost: localhost\r\n" KEY
	                        "Content-Type: application/json\r\nContent-Length: 20\r\n\r\n"
	                        "{\"severity\":\"minor\"}",
	                        rig->keys[2]);
	for (gsize cut = 0; cut <= strlen(whole); cut++) {
		int fd = api_rig_connect(rig);
		send(fd, whole, cut, MSG_NOSIGNAL);
		close(fd);
	}
	assert_alive(rig);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define TEST(name, function) g_test_add_func("/hostile/" name, function)
	TEST("what may hide a second request ends the connection",
	     test_what_may_hide_a_second_request_ends_the_connection);
	TEST("nonsense does no harm", test_nonsense_does_no_harm);
	TEST("large heads are refused", test_large_heads_are_refused);
	TEST("large bodies are refused", test_large_bodies_are_refused);
	TEST("deep and wide JSON is refused", test_deep_and_wide_json_is_refused);
	TEST("a client that trickles is cut off", test_a_client_that_trickles_is_cut_off);
	TEST("a client that does not read is cut off", test_a_client_that_does_not_read_is_cut_off);
	TEST("clients that leave in the middle leave nothing behind",
	     test_clients_that_leave_in_the_middle_leave_nothing_behind);
	return g_test_run();
}
