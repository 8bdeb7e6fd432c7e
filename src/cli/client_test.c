/* How the command line finds its daemon and its key, and what it makes of answers. The peer is a
 * real HTTP server on an ephemeral loopback port that answers from a script. */
#include "base/clock.h"
#include "base/error.h"
#include "cli/client.h"
#include "cli/view.h"

#include <glib/gstdio.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

typedef struct {
	int status; /* 0: hangs up without an answer */
	const char *body, *type;
} Step;

typedef struct {
	struct MHD_Daemon *daemon;
	char *url;
	const Step *steps; /* one a request; the last goes on for ever */
	guint n_steps, at;
	GString *seen; /* "METHOD url key idempotency last-id body" a line */
} Peer;

static const char *header_of(struct MHD_Connection *connection, const char *name)
{
	const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
	return value ? value : "-";
}

static enum MHD_Result add_argument(void *data, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
	GString *query = data;
	g_string_append_printf(query, "%c%s=%s", query->len ? '&' : '?', name, value);
	return MHD_YES;
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
	g_autoptr(GString) query = g_string_new(NULL);
	MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_argument, query);
	g_string_append_printf(peer->seen, "%s %s%s %s %s %s %s\n", method, url, query->str,
	                       header_of(connection, "Authorization"),
	                       header_of(connection, "Idempotency-Key"),
	                       header_of(connection, "Last-Event-ID"), body->str);
	const Step *step = &peer->steps[MIN(peer->at, peer->n_steps - 1)];
	peer->at++;
	if (!step->status)
		return MHD_NO;
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(step->body), (void *)step->body, MHD_RESPMEM_PERSISTENT);
	MHD_add_response_header(response, "Content-Type",
	                        step->type ? step->type : "application/json");
	MHD_add_response_header(response, "ETag", "\"42\"");
	enum MHD_Result queued = MHD_queue_response(connection, (unsigned)step->status, response);
	MHD_destroy_response(response);
	return queued;
}

static void forget(void *data, struct MHD_Connection *connection, void **state,
                   enum MHD_RequestTerminationCode code)
{
	if (*state)
		g_string_free(*state, TRUE);
}

static void peer_start(Peer *peer, const Step *steps, guint n_steps)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	*peer = (Peer){.steps = steps, .n_steps = n_steps, .seen = g_string_new(NULL)};
	peer->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, answer,
	                                peer, MHD_OPTION_SOCK_ADDR, &any,
	                                MHD_OPTION_NOTIFY_COMPLETED, forget, NULL, MHD_OPTION_END);
	g_assert_nonnull(peer->daemon);
	peer->url =
		g_strdup_printf("http://127.0.0.1:%d",
	                        MHD_get_daemon_info(peer->daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
}

static void peer_stop(Peer *peer)
{
	MHD_stop_daemon(peer->daemon);
	g_free(peer->url);
	g_string_free(peer->seen, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Peer, peer_stop)

/* --- where, and with which key --- */

static char *home, *key_path, *data_dir; /* made in main() */

static void write_file(const char *directory, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);
	g_autofree char *parent = g_path_get_dirname(path);
	g_mkdir_with_parents(parent, 0700);
	if (text)
		g_assert_true(g_file_set_contents(path, text, -1, NULL));
	else
		g_unlink(path);
}

static void test_the_key_is_found_where_it_should_be(void)
{
	/* clang-format off */
	static const struct {
		gboolean key_file, data;            /* options given */
		const char *environment, *own, *admin; /* what is there */
		const char *key;
	} cases[] = {
		{TRUE,  TRUE,  "env", "own",          "admin",   "file"},
		{FALSE, TRUE,  "env", "own",          "admin",   "env"},
		{FALSE, TRUE,  NULL,  "own",          "admin\n", "admin"},
		{FALSE, FALSE, NULL,  "  own \n",     "admin",   "own"},
		{FALSE, FALSE, NULL,  NULL,           "admin",   "admin"},
		{FALSE, FALSE, NULL,  NULL,           NULL,      NULL},
		{FALSE, FALSE, "a b", "own",          "admin",   NULL},
		{FALSE, FALSE, NULL,  "two\nlines",   "admin",   NULL},
		{FALSE, FALSE, NULL,  "",             "admin",   NULL},
	};
	/* clang-format on */
	static const Step steps[] = {{200, "{}"}};
	g_auto(Peer) peer;
	peer_start(&peer, steps, 1);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		write_file(home, "trawl/key", cases[i].own);
		write_file(data_dir, "admin.key", cases[i].admin);
		if (cases[i].environment)
			g_setenv("TRAWL_API_KEY", cases[i].environment, TRUE);
		else
			g_unsetenv("TRAWL_API_KEY");
		ClientOptions options = {
			.url = peer.url,
			.key_file = cases[i].key_file ? key_path : NULL,
			.data_dir = cases[i].data ? data_dir : NULL,
		};
		g_autoptr(GError) error = NULL;
		g_autoptr(Client) client = client_new(&options, &error);
		if (!cases[i].key) {
			g_assert_null(client);
			g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION);
			continue;
		}
		g_assert_no_error(error);
		g_string_truncate(peer.seen, 0);
		g_autoptr(json_t) document = client_get(client, "/x", &error);
		g_assert_no_error(error);
		g_assert_nonnull(document);
		g_autofree char *expected =
			g_strdup_printf("GET /x Bearer %s - - \n", cases[i].key);
		g_assert_cmpstr(peer.seen->str, ==, expected);
	}
}

static void test_the_bootstrap_key_stays_on_this_machine(void)
{
	static const char *const urls[] = {"https://trawl.example", "http://192.0.2.1:8460",
	                                   "http://127.0.0.1.example", "https://localhost.example"};
	write_file(home, "trawl/key", NULL);
	write_file(data_dir, "admin.key", "admin");
	g_unsetenv("TRAWL_API_KEY");
	for (guint i = 0; i < G_N_ELEMENTS(urls); i++) {
		ClientOptions options = {.url = urls[i], .data_dir = data_dir};
		g_autoptr(GError) error = NULL;
		g_assert_null(client_new(&options, &error));
		g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION);
	}
}

static void test_addresses_are_checked_and_cleaned(void)
{
	/* clang-format off */
	static const struct {
		const char *option, *environment, *address_file, *url; /* url NULL: refused */
	} cases[] = {
		{"http://127.0.0.1:8460/",     NULL, NULL, "http://127.0.0.1:8460"},
		{"https://localhost/trawl/",   NULL, NULL, "https://localhost/trawl"},
		{"http://[::1]:1",             NULL, NULL, "http://[::1]:1"},
		{"ftp://127.0.0.1",            NULL, NULL, NULL},
		{"127.0.0.1:8460",             NULL, NULL, NULL},
		{"http://user:pw@127.0.0.1",   NULL, NULL, NULL},
		{"http://127.0.0.1/?a",        NULL, NULL, NULL},
		{NULL, "http://127.0.0.1:2",   NULL,       "http://127.0.0.1:2"},
		{NULL, "",                     NULL,       "http://127.0.0.1:8460"},
		{NULL, NULL, "http://127.0.0.1:3\n",       "http://127.0.0.1:3"},
		{NULL, NULL, "http://0.0.0.0:3\n",         "http://127.0.0.1:3"},
		{NULL, NULL, "http://[::]:3\n",            "http://[::1]:3"},
		{NULL, NULL, "torn",                       "http://127.0.0.1:8460"},
		{NULL, NULL, NULL,                         "http://127.0.0.1:8460"},
	};
	/* clang-format on */
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		write_file(data_dir, "run/address", cases[i].address_file);
		if (cases[i].environment)
			g_setenv("TRAWL_URL", cases[i].environment, TRUE);
		else
			g_unsetenv("TRAWL_URL");
		ClientOptions options = {.url = cases[i].option, .key_file = key_path};
		g_autoptr(GError) error = NULL;
		g_autoptr(Client) client = client_new(&options, &error);
		g_assert_cmpstr(client ? client_url(client) : NULL, ==, cases[i].url);
		if (!client)
			g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID);
	}
	g_unsetenv("TRAWL_URL");
	write_file(data_dir, "run/address", NULL);
}

static void test_a_key_in_the_clear_is_known_to_be(void)
{
	/* clang-format off */
	static const struct {
		const char *url;
		gboolean exposed;
	} cases[] = {
		{"http://127.0.0.1:8460",  FALSE},
		{"http://192.0.2.1:8460",  TRUE},
		{"http://trawl.example",   TRUE},
		{"https://trawl.example",  FALSE},
	};
	/* clang-format on */
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		ClientOptions options = {.url = cases[i].url, .key_file = key_path};
		g_autoptr(Client) client = client_new(&options, &error);
		g_assert_no_error(error);
		g_assert_cmpint(client_is_exposed(client), ==, cases[i].exposed);
	}
}

static Client *connect_to(const Peer *peer)
{
	g_autoptr(GError) error = NULL;
	ClientOptions options = {.url = peer->url, .key_file = key_path};
	Client *client = client_new(&options, &error);
	g_assert_no_error(error);
	return client;
}

/* --- answers --- */

static void test_problems_become_the_errors_they_were(void)
{
	/* clang-format off */
	static const struct {
		Step step;
		int code;
		const char *message; /* part of it */
	} cases[] = {
		{{404, "{\"code\":\"not_found\",\"detail\":\"no incident 7\"}"},        TRAWL_ERROR_NOT_FOUND,      "no incident 7"},
		{{409, "{\"code\":\"conflict\",\"detail\":\"closed already\"}"},        TRAWL_ERROR_CONFLICT,       "closed already"},
		{{412, "{\"code\":\"precondition_failed\",\"detail\":\"changed\"}"},    TRAWL_ERROR_PRECONDITION,   "changed"},
		{{401, "{\"code\":\"authentication\",\"detail\":\"no\"}"},              TRAWL_ERROR_AUTHENTICATION, "refuses the key from "},
		{{400, "{\"code\":\"a new one\",\"detail\":\"odd\"}"},                  TRAWL_ERROR_INVALID,        "odd"},
		{{404, "<html>not ours</html>", "text/html"},                           TRAWL_ERROR_NOT_FOUND,      "HTTP 404"},
		{{502, ""},                                                             TRAWL_ERROR_REMOTE,         "HTTP 502"},
		{{503, "{\"status\":\"failed\"}"},                                         TRAWL_ERROR_STORAGE,        "its database does not answer"},
		{{302, ""},                                                             TRAWL_ERROR_INVALID,        "HTTP 302"},
		{{200, "no JSON"},                                                      TRAWL_ERROR_INVALID,        "not JSON"},
	};
	/* clang-format on */
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(Peer) peer;
		peer_start(&peer, &cases[i].step, 1);
		g_autoptr(Client) client = connect_to(&peer);
		g_autoptr(GError) error = NULL;
		g_assert_null(client_get(client, "/x", &error));
		g_assert_error(error, TRAWL_ERROR, cases[i].code);
		g_assert_nonnull(strstr(error->message, cases[i].message));
	}
}

static void test_a_lost_answer_is_asked_for_again_under_one_key(void)
{
	static const Step steps[] = {{0}, {201, "{\"id\":5}"}};
	g_auto(Peer) peer;
	peer_start(&peer, steps, G_N_ELEMENTS(steps));
	g_autoptr(Client) client = connect_to(&peer);
	g_autoptr(GError) error = NULL;
	g_autoptr(json_t) body = json_pack("{s:i}", "a", 1);
	g_autoptr(json_t) document = client_change(client, "POST", "/x", body, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpint(json_int(document, "id", 0), ==, 5);
	g_auto(GStrv) lines = g_strsplit(peer.seen->str, "\n", -1);
	g_assert_cmpuint(g_strv_length(lines), ==, 3);
	g_assert_cmpstr(lines[0], ==, lines[1]);
	g_assert_null(strstr(lines[0], " - - "));
}

static void test_a_change_other_than_post_is_not_repeated(void)
{
	static const Step steps[] = {{0}};
	g_auto(Peer) peer;
	peer_start(&peer, steps, 1);
	g_autoptr(Client) client = connect_to(&peer);
	g_autoptr(GError) error = NULL;
	g_assert_null(client_change(client, "DELETE", "/x", NULL, "\"1\"", &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_UNKNOWN_OUTCOME);
	g_assert_cmpuint(peer.at, ==, 1);
}

static void test_all_pages_are_followed(void)
{
	static const Step steps[] = {
		{200, "{\"items\":[{\"id\":9},{\"id\":8}],\"next\":\"c=1\"}"},
		{200, "{\"items\":[{\"id\":7}],\"next\":null}"},
	};
	/* clang-format off */
	static const struct {
		gint64 at_most;
		gsize items;
		gboolean more;
		const char *seen;
	} cases[] = {
		{G_MAXINT64, 3, FALSE, "GET /x?state=open&limit=500 Bearer file - - \n"
		                       "GET /x?state=open&limit=500&cursor=c=1 Bearer file - - \n"},
		{2,          2, TRUE,  "GET /x?state=open&limit=2 Bearer file - - \n"},
		{3,          3, FALSE, "GET /x?state=open&limit=3 Bearer file - - \n"
		                       "GET /x?state=open&limit=1&cursor=c=1 Bearer file - - \n"},
	};
	/* clang-format on */
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(Peer) peer;
		peer_start(&peer, steps, G_N_ELEMENTS(steps));
		g_autoptr(Client) client = connect_to(&peer);
		g_autoptr(GError) error = NULL;
		gboolean more = FALSE;
		g_autoptr(json_t) items =
			listing_fetch(client, "/x?state=open", cases[i].at_most, &more, &error);
		g_assert_no_error(error);
		g_assert_cmpuint(json_array_size(items), ==, cases[i].items);
		g_assert_cmpint(more, ==, cases[i].more);
		g_assert_cmpstr(peer.seen->str, ==, cases[i].seen);
	}
}

static gboolean take_two(const SseEvent *event, gpointer data)
{
	g_string_append(data, event->data);
	return ((GString *)data)->len < 2;
}

static void test_a_broken_stream_goes_on_where_it_was(void)
{
	static const Step steps[] = {
		{200, "id: 7\ndata: a\n\n", "text/event-stream"},
		{200, "id: 8\ndata: b\n\n", "text/event-stream"},
	};
	g_auto(Peer) peer;
	peer_start(&peer, steps, G_N_ELEMENTS(steps));
	g_autoptr(Client) client = connect_to(&peer);
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) text = g_string_new(NULL);
	g_assert_true(client_follow(client, "/v1/events", take_two, text, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(text->str, ==, "ab");
	g_assert_cmpstr(peer.seen->str, ==,
	                "GET /v1/events Bearer file - - \nGET /v1/events Bearer file - 7 \n");
}

static void test_a_stream_that_is_refused_is_an_error(void)
{
	static const Step steps[] = {
		{403, "{\"code\":\"denied\",\"detail\":\"the scope is missing\"}"}};
	g_auto(Peer) peer;
	peer_start(&peer, steps, 1);
	g_autoptr(Client) client = connect_to(&peer);
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) text = g_string_new(NULL);
	g_assert_false(client_follow(client, "/v1/events", take_two, text, &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_DENIED);
	g_assert_cmpstr(error->message, ==, "the scope is missing");
}

static void test_things_are_found_by_name_before_number(void)
{
	/* clang-format off */
	static const struct {
		const char *typed;
		gint64 id;           /* 0: none */
		const char *message; /* part of it */
	} cases[] = {
		{"abuse", 1, NULL},
		{"2",     3, NULL},
		{"#2",    2, NULL},
		{"1",     1, NULL},
		{"abues", 0, "did you mean \"abuse\"?"},
		{"nix",   0, "see \"trawl source list\""},
	};
	/* clang-format on */
	g_autoptr(json_t) items =
		json_pack("[{s:i,s:s},{s:i,s:s},{s:i,s:s}]", "id", 1, "name", "abuse", "id", 2,
	                  "name", "phish", "id", 3, "name", "2");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(json_t) found = view_pick(items, "source", cases[i].typed, &error);
		g_assert_cmpint(json_int(found, "id", 0), ==, cases[i].id);
		if (found)
			continue;
		g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND);
		g_assert_nonnull(strstr(error->message, cases[i].message));
	}
}

static void test_values_are_one_line(void)
{
	/* clang-format off */
	static const struct {
		const char *document, *text;
	} cases[] = {
		{"null",                              ""},
		{"\"a\"",                             "a"},
		{"7",                                 "7"},
		{"true",                              "yes"},
		{"[\"a\",\"b\"]",                     "a, b"},
		{"{\"a\":1,\"b\":null,\"c\":{}}",     "a 1"},
		{"{\"a\":{\"from\":1,\"to\":2}}",     "a from 1, to 2"},
	};
	/* clang-format on */
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(json_t) value = json_loads(cases[i].document, JSON_DECODE_ANY, NULL);
		g_autofree char *text = view_value(value);
		g_assert_cmpstr(text, ==, cases[i].text);
	}
}

static void remove_files(void)
{
	write_file(home, "trawl/key", NULL);
	write_file(home, "key-file", NULL);
	write_file(data_dir, "admin.key", NULL);
	write_file(data_dir, "run/address", NULL);
	g_autofree char *config = g_build_filename(home, "trawl", NULL);
	g_autofree char *run = g_build_filename(data_dir, "run", NULL);
	g_rmdir(config);
	g_rmdir(run);
	g_rmdir(data_dir);
	g_rmdir(home);
}

int main(int argc, char **argv)
{
	home = g_dir_make_tmp("trawl-client-XXXXXX", NULL);
	g_setenv("XDG_CONFIG_HOME", home, TRUE);
	g_unsetenv("TRAWL_API_KEY");
	g_unsetenv("TRAWL_URL");
	g_test_init(&argc, &argv, NULL);
	data_dir = g_build_filename(home, "data", NULL);
	g_setenv("TRAWL_DATA", data_dir, TRUE);
	key_path = g_build_filename(home, "key-file", NULL);
	write_file(home, "key-file", "file\n");
	g_test_add_func("/client/the key is found where it should be",
	                test_the_key_is_found_where_it_should_be);
	g_test_add_func("/client/the bootstrap key stays on this machine",
	                test_the_bootstrap_key_stays_on_this_machine);
	g_test_add_func("/client/addresses are checked and cleaned",
	                test_addresses_are_checked_and_cleaned);
	g_test_add_func("/client/a key in the clear is known to be",
	                test_a_key_in_the_clear_is_known_to_be);
	g_test_add_func("/client/problems become the errors they were",
	                test_problems_become_the_errors_they_were);
	g_test_add_func("/client/a lost answer is asked for again under one key",
	                test_a_lost_answer_is_asked_for_again_under_one_key);
	g_test_add_func("/client/a change other than POST is not repeated",
	                test_a_change_other_than_post_is_not_repeated);
	g_test_add_func("/client/all pages are followed", test_all_pages_are_followed);
	g_test_add_func("/client/a broken stream goes on where it was",
	                test_a_broken_stream_goes_on_where_it_was);
	g_test_add_func("/client/a stream that is refused is an error",
	                test_a_stream_that_is_refused_is_an_error);
	g_test_add_func("/client/things are found by name before number",
	                test_things_are_found_by_name_before_number);
	g_test_add_func("/client/values are one line", test_values_are_one_line);
	int status = g_test_run();
	remove_files();
	return status;
}
