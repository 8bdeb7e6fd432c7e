/* Speaks with a real HTTP server (libmicrohttpd) on an ephemeral loopback port. */
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "net/http.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
	struct MHD_Daemon *daemon;
	char *base;
	gint release; /* set: handlers that hang may end */
} Peer;

static ssize_t drip(void *data, uint64_t at, char *buffer, size_t room)
{
	if (at >= 3)
		return MHD_CONTENT_READER_END_OF_STREAM;
	buffer[0] = (char)('a' + at);
	return 1;
}

static ssize_t say_once_then_nothing(void *data, uint64_t at, char *buffer, size_t room)
{
	Peer *peer = data;
	if (at == 0) {
		buffer[0] = 'a';
		return 1;
	}
	while (!g_atomic_int_get(&peer->release))
		g_usleep(1000);
	return MHD_CONTENT_READER_END_OF_STREAM;
}

static enum MHD_Result answer(void *data, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **state)
{
	Peer *peer = data;
	GString *body = *state;
	if (!body) {
		*state = g_string_new(NULL);
		return MHD_YES;
	}
	if (*upload_size) {
		g_string_append_len(body, upload, (gssize)*upload_size);
		*upload_size = 0;
		return MHD_YES;
	}
	if (strcmp(url, "/hang-up") == 0)
		return MHD_NO;
	if (strcmp(url, "/hang") == 0)
		while (!g_atomic_int_get(&peer->release))
			g_usleep(1000);
	struct MHD_Response *response = NULL;
	unsigned status = 200;
	if (strcmp(url, "/drip") == 0) {
		response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1, drip, NULL, NULL);
	} else if (strcmp(url, "/silent") == 0) {
		response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1,
		                                             say_once_then_nothing, peer, NULL);
	} else if (strcmp(url, "/big") == 0) {
		g_autofree char *big = g_strnfill(5000, 'x');
		response = MHD_create_response_from_buffer(5000, big, MHD_RESPMEM_MUST_COPY);
	} else {
		const char *said =
			MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "X-Say");
		g_autofree char *echo =
			g_strdup_printf("%s %s %s", method, said ? said : "-", body->str);
		response =
			MHD_create_response_from_buffer(strlen(echo), echo, MHD_RESPMEM_MUST_COPY);
		status = strcmp(url, "/teapot") == 0 ? 418 : strcmp(url, "/moved") == 0 ? 302 : 200;
		MHD_add_response_header(response, "Location", "/elsewhere");
	}
	MHD_add_response_header(response, "ETag", "\"7\"");
	enum MHD_Result queued = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return queued;
}

static void forget(void *data, struct MHD_Connection *connection, void **state,
                   enum MHD_RequestTerminationCode code)
{
	if (*state)
		g_string_free(*state, TRUE);
}

static void peer_start(Peer *peer)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	peer->daemon =
		MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD, 0,
	                         NULL, NULL, answer, peer, MHD_OPTION_SOCK_ADDR, &any,
	                         MHD_OPTION_NOTIFY_COMPLETED, forget, NULL, MHD_OPTION_END);
	g_assert_nonnull(peer->daemon);
	peer->base =
		g_strdup_printf("http://127.0.0.1:%d",
	                        MHD_get_daemon_info(peer->daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
}

static void peer_stop(Peer *peer)
{
	g_atomic_int_set(&peer->release, 1);
	MHD_stop_daemon(peer->daemon);
	g_free(peer->base);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Peer, peer_stop)

static HttpAnswer *call(const Peer *peer, const char *method, const char *path, const char *body,
                        double seconds, GError **error)
{
	g_autoptr(HttpClient) client = http_client_new(NULL);
	g_autofree char *url = g_strconcat(peer->base, path, NULL);
	g_autoptr(GBytes) bytes = body ? g_bytes_new(body, strlen(body)) : NULL;
	const char *const headers[] = {"X-Say: hello", NULL};
	HttpRequest request = {method, url, headers, bytes, 4096};
	return http_call(client, &request, deadline_in(seconds), error);
}

static void test_any_status_is_an_answer(void)
{
	/* clang-format off */
	static const struct {
		const char *method, *path, *body;
		int status;
		const char *answer;
	} cases[] = {
		{NULL,     "/",       NULL,  200, "GET hello "},
		{"POST",   "/",       "abc", 200, "POST hello abc"},
		{"PATCH",  "/teapot", "{}",  418, "PATCH hello {}"},
		{"DELETE", "/",       NULL,  200, "DELETE hello "},
		{"GET",    "/moved",  NULL,  302, "GET hello "},
		{"HEAD",   "/",       NULL,  200, ""},
	};
	/* clang-format on */
	g_auto(Peer) peer = {0};
	peer_start(&peer);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(HttpAnswer) got =
			call(&peer, cases[i].method, cases[i].path, cases[i].body, 30, &error);
		g_assert_no_error(error);
		g_assert_cmpint(got->status, ==, cases[i].status);
		g_assert_cmpstr(http_answer_header(got, "etag"), ==, "\"7\"");
		g_autofree char *body = text_from_bytes(g_bytes_get_data(got->body, NULL),
		                                        g_bytes_get_size(got->body));
		g_assert_cmpstr(body, ==, cases[i].answer);
	}
}

static void test_failures_say_what_can_be_done(void)
{
	/* clang-format off */
	static const struct {
		const char *method, *path;
		double seconds;
		int code;
	} cases[] = {
		{"GET",  "/hang",    0.3, TRAWL_ERROR_TIMEOUT},
		{"POST", "/hang",    0.3, TRAWL_ERROR_UNKNOWN_OUTCOME},
		{"GET",  "/hang-up", 30,  TRAWL_ERROR_UNREACHABLE},
		{"POST", "/hang-up", 30,  TRAWL_ERROR_UNKNOWN_OUTCOME},
		{"GET",  "/big",     30,  TRAWL_ERROR_LIMIT},
		{"POST", "/big",     30,  TRAWL_ERROR_LIMIT},
	};
	/* clang-format on */
	g_auto(Peer) peer = {0};
	peer_start(&peer);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(call(&peer, cases[i].method, cases[i].path, NULL, cases[i].seconds,
		                   &error));
		g_assert_error(error, TRAWL_ERROR, cases[i].code);
	}
}

/* A port that nobody listens on: bound, but not listening, so that nobody else takes it. */
static void test_nobody_there_is_unreachable(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof at;
	g_assert_cmpint(bind(fd, (struct sockaddr *)&at, size), ==, 0);
	g_assert_cmpint(getsockname(fd, (struct sockaddr *)&at, &size), ==, 0);
	Peer nobody = {.base = g_strdup_printf("http://127.0.0.1:%d", ntohs(at.sin_port))};
	g_autoptr(GError) error = NULL;
	g_assert_null(call(&nobody, "POST", "/", "x", 30, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_UNREACHABLE);
	g_free(nobody.base);
	close(fd);
}

static void test_only_http_is_spoken(void)
{
	static const char *const urls[] = {"file:///etc/passwd", "ftp://127.0.0.1/", "not a url"};
	g_autoptr(HttpClient) client = http_client_new(NULL);
	for (guint i = 0; i < G_N_ELEMENTS(urls); i++) {
		g_autoptr(GError) error = NULL;
		HttpRequest request = {.url = urls[i]};
		g_assert_null(http_call(client, &request, deadline_in(30), &error));
		g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID);
	}
}

static gboolean collect(const HttpAnswer *answer, const char *octets, gsize length, gpointer data)
{
	g_assert_cmpint(answer->status, ==, 200);
	g_assert_cmpstr(http_answer_header(answer, "etag"), ==, "\"7\"");
	g_string_append_len(data, octets, (gssize)length);
	return TRUE;
}

static gboolean take_one(const HttpAnswer *answer, const char *octets, gsize length, gpointer data)
{
	collect(answer, octets, length, data);
	return FALSE;
}

static void test_streams_come_in_pieces_until_told_to_end(void)
{
	/* clang-format off */
	static const struct {
		const char *path;
		HttpPiece piece;
		const char *text;
	} cases[] = {
		{"/drip",   collect,  "abc"},
		{"/drip",   take_one, "a"},
		{"/silent", take_one, "a"},
	};
	/* clang-format on */
	g_auto(Peer) peer = {0};
	peer_start(&peer);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(HttpClient) client = http_client_new(NULL);
		g_autofree char *url = g_strconcat(peer.base, cases[i].path, NULL);
		g_autoptr(GString) text = g_string_new(NULL);
		g_autoptr(GError) error = NULL;
		HttpRequest request = {.url = url};
		g_autoptr(HttpAnswer) got = http_stream(client, &request, cases[i].piece, text, 0,
		                                        deadline_in(30), &error);
		g_assert_no_error(error);
		g_assert_cmpint(got->status, ==, 200);
		g_assert_true(g_str_has_prefix(cases[i].text, text->str) ||
		              g_str_equal(cases[i].text, text->str));
	}
}

static void test_a_peer_gone_silent_is_noticed(void)
{
	g_auto(Peer) peer = {0};
	peer_start(&peer);
	g_autoptr(HttpClient) client = http_client_new(NULL);
	g_autofree char *url = g_strconcat(peer.base, "/silent", NULL);
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	HttpRequest request = {.url = url};
	g_assert_null(http_stream(client, &request, collect, text, 0.3, deadline_in(60), &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_TIMEOUT);
	g_assert_cmpstr(text->str, ==, "a");
}

static gint stop_now;

static gboolean stop_after_one(const HttpAnswer *answer, const char *octets, gsize length,
                               gpointer data)
{
	g_atomic_int_set(&stop_now, 1);
	return TRUE;
}

static void test_a_stop_ends_a_call_under_way(void)
{
	g_auto(Peer) peer = {0};
	peer_start(&peer);
	HttpOptions options = {.stop = &stop_now};
	g_autoptr(HttpClient) client = http_client_new(&options);
	g_autofree char *url = g_strconcat(peer.base, "/silent", NULL);
	g_autoptr(GError) error = NULL;
	HttpRequest request = {.url = url};
	g_assert_null(
		http_stream(client, &request, stop_after_one, NULL, 0, deadline_in(60), &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_CANCELLED);
}

static void test_only_loopback_is_this_machine(void)
{
	/* clang-format off */
	static const struct {
		const char *host;
		gboolean loopback;
	} cases[] = {
		{"localhost",         TRUE},
		{"127.0.0.1",         TRUE},
		{"127.9.9.9",         TRUE},
		{"::1",               TRUE},
		{"127.0.0.1.example", FALSE},
		{"localhost.example", FALSE},
		{"192.0.2.1",         FALSE},
		{"0.0.0.0",           FALSE},
		{"",                  FALSE},
	};
	/* clang-format on */
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpint(http_is_loopback(cases[i].host), ==, cases[i].loopback);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/http/any status is an answer", test_any_status_is_an_answer);
	g_test_add_func("/http/failures say what can be done", test_failures_say_what_can_be_done);
	g_test_add_func("/http/nobody there is unreachable", test_nobody_there_is_unreachable);
	g_test_add_func("/http/only http is spoken", test_only_http_is_spoken);
	g_test_add_func("/http/streams come in pieces until told to end",
	                test_streams_come_in_pieces_until_told_to_end);
	g_test_add_func("/http/a peer gone silent is noticed", test_a_peer_gone_silent_is_noticed);
	g_test_add_func("/http/a stop ends a call under way", test_a_stop_ends_a_call_under_way);
	g_test_add_func("/http/only loopback is this machine", test_only_loopback_is_this_machine);
	return g_test_run();
}
