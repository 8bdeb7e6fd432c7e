/* Speaks with the daemon. The one thing to get right is the key: it is never an argument (other
 * users see those), and the bootstrap key of a data directory goes to the daemon of this machine
 * and nowhere else. */
#include "cli/client.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"

#include <string.h>
#include <unistd.h>

#define DEFAULT_URL "http://127.0.0.1:8460"

#define CALL_SECONDS   60 /* for an answer */
#define CALL_ATTEMPTS  3  /* of a POST whose answer was lost, under one idempotency key */
#define SILENT_SECONDS 60 /* without even a comment: an event stream is dead */
#define RETURN_SECONDS 2  /* before a broken event stream is taken up again */
#define LIMIT_KEY_FILE 4096

struct Client {
	HttpClient *http;
	char *url;       /* without a "/" at the end */
	char *authorize; /* "Authorization: Bearer …" */
	char *ca_file;   /* or NULL */
	char *key_from;  /* where the key was found, for messages */
	gboolean exposed;
	gboolean reached; /* it has answered something */
	const gint *stop;
};

void client_free(Client *client)
{
	if (!client)
		return;
	http_client_free(client->http);
	g_free(client->url);
	g_free(client->authorize);
	g_free(client->ca_file);
	g_free(client->key_from);
	g_free(client);
}

gboolean client_is_exposed(const Client *client)
{
	return client->exposed;
}

const char *client_url(const Client *client)
{
	return client->url;
}

static const char *data_dir(const ClientOptions *options)
{
	const char *said = options->data_dir ? options->data_dir : g_getenv("TRAWL_DATA");
	return said && *said ? said : DEFAULT_DATA_DIR;
}

/* The address in canonical form. "Any address" is where a daemon listens, not where one connects.
 */
static char *clean_url(const char *text, gboolean *local, GError **error)
{
	g_autoptr(GUri) uri = g_uri_parse(text, G_URI_FLAGS_NONE, NULL);
	const char *scheme = uri ? g_uri_get_scheme(uri) : "";
	const char *host = uri ? g_uri_get_host(uri) : NULL;
	if ((strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0) || !host || !*host ||
	    g_uri_get_userinfo(uri) || g_uri_get_query(uri)) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		            "\"%s\" is not the address of a Trawl, such as " DEFAULT_URL, text);
		return NULL;
	}
	if (strcmp(host, "0.0.0.0") == 0)
		host = "127.0.0.1";
	else if (strcmp(host, "::") == 0)
		host = "::1";
	*local = http_is_loopback(host);
	g_autofree char *whole = g_uri_join(G_URI_FLAGS_NONE, scheme, NULL, host,
	                                    g_uri_get_port(uri), g_uri_get_path(uri), NULL, NULL);
	while (g_str_has_suffix(whole, "/"))
		whole[strlen(whole) - 1] = '\0';
	return g_steal_pointer(&whole);
}

static char *find_url(const ClientOptions *options, gboolean *local, GError **error)
{
	const char *said = options->url ? options->url : g_getenv("TRAWL_URL");
	if (said && *said)
		return clean_url(said, local, error);
	g_autofree char *path = g_build_filename(data_dir(options), "run", "address", NULL);
	g_autofree char *text = NULL;
	if (g_file_get_contents(path, &text, NULL, NULL)) {
		char *url = clean_url(g_strstrip(text), local, NULL);
		if (url)
			return url;
	}
	return clean_url(DEFAULT_URL, local, error);
}

/* A key is one line of visible ASCII: it becomes part of a header. */
static gboolean key_is_sane(const char *key)
{
	for (const char *p = key; *p; p++)
		if (!g_ascii_isgraph(*p))
			return FALSE;
	return *key != '\0';
}

static char *read_key(const char *path, GError **error)
{
	g_autofree char *text = NULL;
	gsize length = 0;
	g_autoptr(GError) problem = NULL;
	if (!g_file_get_contents(path, &text, &length, &problem)) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION,
		            "cannot read the API key: %s", problem->message);
		return NULL;
	}
	g_strstrip(text);
	if (length > LIMIT_KEY_FILE || !key_is_sane(text)) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION,
		            "%s does not hold an API key; it should be one line trawl_…", path);
		return NULL;
	}
	return g_steal_pointer(&text);
}

/* The first place that has a key. A file that is there but cannot be read ends the search, so that
 * nobody works under another key than he thinks. */
static char *find_key(const ClientOptions *options, gboolean local, char **from, GError **error)
{
	const char *said = g_getenv("TRAWL_API_KEY");
	if (options->key_file) {
		*from = g_strdup(options->key_file);
		return read_key(options->key_file, error);
	}
	if (said && *said) {
		*from = g_strdup("$TRAWL_API_KEY");
		if (key_is_sane(said))
			return g_strdup(said);
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION,
		                    "$TRAWL_API_KEY does not hold an API key");
		return NULL;
	}
	g_autofree char *own = g_build_filename(g_get_user_config_dir(), "trawl", "key", NULL);
	g_autofree char *bootstrap = g_build_filename(data_dir(options), "admin.key", NULL);
	/* --data means this installation, whatever key the user otherwise works with. */
	const char *places[] = {options->data_dir && local ? bootstrap : NULL, own,
	                        local ? bootstrap : NULL};
	for (guint i = 0; i < G_N_ELEMENTS(places); i++)
		if (places[i] && g_file_test(places[i], G_FILE_TEST_EXISTS)) {
			*from = g_strdup(places[i]);
			return read_key(places[i], error);
		}
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION,
	            "no API key found; put one into %s, or say --data DIR on the machine of the "
	            "daemon",
	            own);
	return NULL;
}

Client *client_new(const ClientOptions *options, GError **error)
{
	g_autoptr(Client) client = g_new0(Client, 1);
	gboolean local = FALSE;
	client->url = find_url(options, &local, error);
	if (!client->url)
		return NULL;
	g_autofree char *key = find_key(options, local, &client->key_from, error);
	if (!key)
		return NULL;
	client->authorize = g_strconcat("Authorization: Bearer ", key, NULL);
	client->stop = options->stop;
	client->exposed = !local && g_str_has_prefix(client->url, "http:");
	const char *ca_file = options->ca_file ? options->ca_file : g_getenv("TRAWL_CA_FILE");
	client->ca_file = ca_file && *ca_file ? g_strdup(ca_file) : NULL;
	client->http =
		http_client_new(&(HttpOptions){.stop = options->stop, .ca_file = client->ca_file});
	return g_steal_pointer(&client);
}

void client_query(GString *path, const char *name, const char *value)
{
	if (!value)
		return;
	g_autofree char *escaped = g_uri_escape_string(value, NULL, FALSE);
	g_string_append_printf(path, "%c%s=%s", strchr(path->str, '?') ? '&' : '?', name, escaped);
}

char *client_segment(const char *text)
{
	return g_uri_escape_string(text, NULL, FALSE);
}

/* The daemon's own words and code; without them, what the status says. */
static void set_problem(const Client *client, const HttpAnswer *answer, GBytes *body,
                        GError **error)
{
	gsize length = 0;
	const char *text = g_bytes_get_data(body, &length);
	g_autoptr(json_t) problem = text ? json_parse(text, (gssize)length, NULL) : NULL;
	const char *code = json_text(problem, "code"), *detail = json_text(problem, "detail");
	/* The health page of a daemon whose database is gone. */
	if (answer->status == 503 && json_text(problem, "status")) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE,
		            "Trawl at %s cannot work: its database does not answer", client->url);
		return;
	}
	const ErrorRemedy *remedy = error_remedy_by_name(code);
	if (answer->status == 401) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION,
		            "%s refuses the key from %s; it may be revoked or expired", client->url,
		            client->key_from);
		return;
	}
	if (!detail || !remedy) {
		TrawlError other = answer->status == 404   ? TRAWL_ERROR_NOT_FOUND
		                   : answer->status == 413 ? TRAWL_ERROR_LIMIT
		                   : answer->status == 429 ? TRAWL_ERROR_THROTTLED
		                   : answer->status < 500  ? TRAWL_ERROR_INVALID
		                                           : TRAWL_ERROR_REMOTE;
		g_set_error(error, TRAWL_ERROR, (int)(remedy ? remedy->code : other),
		            "%s%s(HTTP %d)", detail ? detail : client->url,
		            detail ? " " : " answered oddly ", answer->status);
		return;
	}
	g_set_error(error, TRAWL_ERROR, (int)remedy->code, "%s", detail);
}

/* Names the daemon instead of the URL that was called. */
static void explain(const Client *client, GError *problem)
{
	if (problem->domain != TRAWL_ERROR || problem->code != TRAWL_ERROR_UNREACHABLE)
		return;
	g_autofree char *message = g_strdup_printf(
		"no Trawl answers at %s; start it with \"trawl serve\", or name another with --url",
		client->url);
	g_free(problem->message);
	problem->message = g_steal_pointer(&message);
}

static HttpAnswer *call_once(Client *client, const char *method, const char *path, GBytes *body,
                             const char *etag, const char *idempotency, GError **error)
{
	g_autofree char *url = g_strconcat(client->url, path, NULL);
	g_autofree char *match = g_strconcat("If-Match: ", etag, NULL);
	g_autofree char *repeat = g_strconcat("Idempotency-Key: ", idempotency, NULL);
	g_autoptr(GPtrArray) headers = g_ptr_array_new();
	g_ptr_array_add(headers, client->authorize);
	g_ptr_array_add(headers, (gpointer) "Accept: application/json, application/problem+json");
	if (body)
		g_ptr_array_add(headers, (gpointer) "Content-Type: application/json");
	if (etag)
		g_ptr_array_add(headers, match);
	if (idempotency)
		g_ptr_array_add(headers, repeat);
	g_ptr_array_add(headers, NULL);
	HttpRequest request = {.method = method,
	                       .url = url,
	                       .headers = (const char *const *)headers->pdata,
	                       .body = body};
	return http_call(client->http, &request, deadline_in(CALL_SECONDS), error);
}

static gboolean answer_was_lost(const GError *problem)
{
	return g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_UNKNOWN_OUTCOME);
}

static json_t *call(Client *client, const char *method, const char *path, const json_t *document,
                    const char *etag, char **new_etag, GError **error)
{
	gboolean post = strcmp(method, "POST") == 0;
	g_autofree char *text = document ? json_format(document) : NULL;
	g_autoptr(GBytes) body = text ? g_bytes_new(text, strlen(text)) : NULL;
	g_autofree char *idempotency = post ? g_uuid_string_random() : NULL;
	g_autoptr(HttpAnswer) answer = NULL;
	for (guint attempt = 1; !answer; attempt++) {
		g_autoptr(GError) problem = NULL;
		answer = call_once(client, method, path, body, etag, idempotency, &problem);
		if (answer || (post && attempt < CALL_ATTEMPTS && answer_was_lost(problem) &&
		               !(client->stop && g_atomic_int_get(client->stop))))
			continue;
		explain(client, problem);
		g_propagate_error(error, g_steal_pointer(&problem));
		return NULL;
	}
	if (answer->status < 200 || answer->status > 299) {
		set_problem(client, answer, answer->body, error);
		return NULL;
	}
	client->reached = TRUE;
	if (new_etag)
		*new_etag = g_strdup(http_answer_header(answer, "etag"));
	gsize length = 0;
	const char *got = g_bytes_get_data(answer->body, &length);
	json_t *value = length ? json_parse(got, (gssize)length, error) : json_object();
	if (!value)
		g_prefix_error(error, "the answer of %s: ", client->url);
	return value;
}

json_t *client_get(Client *client, const char *path, GError **error)
{
	return call(client, "GET", path, NULL, NULL, NULL, error);
}

json_t *client_get_tagged(Client *client, const char *path, char **etag, GError **error)
{
	return call(client, "GET", path, NULL, NULL, etag, error);
}

json_t *client_change(Client *client, const char *method, const char *path, const json_t *body,
                      const char *etag, GError **error)
{
	return call(client, method, path, body, etag, NULL, error);
}

/* A download whose first piece may turn out to be a problem document. */
typedef struct {
	HttpPiece piece;
	gpointer data;
	GByteArray *problem;
} Download;

static gboolean take_piece(const HttpAnswer *answer, const char *octets, gsize length,
                           gpointer data)
{
	Download *download = data;
	if (answer->status == 200)
		return download->piece(answer, octets, length, download->data);
	if (download->problem->len + length <= LIMIT_REQUEST_BODY)
		g_byte_array_append(download->problem, (const guint8 *)octets, (guint)length);
	return TRUE;
}

static gboolean stream(Client *client, const char *path, const char *accept, const char *last_id,
                       Download *download, double silence, GError **error)
{
	g_autofree char *url = g_strconcat(client->url, path, NULL);
	g_autofree char *resume = g_strconcat("Last-Event-ID: ", last_id, NULL);
	const char *headers[] = {client->authorize, accept, last_id && *last_id ? resume : NULL,
	                         NULL};
	HttpRequest request = {.url = url, .headers = headers};
	download->problem = g_byte_array_new();
	g_autoptr(GError) problem = NULL;
	g_autoptr(HttpAnswer) answer = http_stream(client->http, &request, take_piece, download,
	                                           silence, G_MAXINT64, &problem);
	g_autoptr(GBytes) said = g_byte_array_free_to_bytes(download->problem);
	if (!answer) {
		explain(client, problem);
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	if (answer->status == 200)
		return TRUE;
	set_problem(client, answer, said, error);
	return FALSE;
}

gboolean client_download(Client *client, const char *path, HttpPiece piece, gpointer data,
                         GError **error)
{
	Download download = {.piece = piece, .data = data};
	return stream(client, path, "Accept: */*", NULL, &download, CALL_SECONDS, error);
}

typedef struct {
	SseParser *parser;
	SseTaken taken;
	gpointer data;
	Client *client;
	gboolean ended; /* by the callback */
	GError *error;
} Follow;

static gboolean take_event(const SseEvent *event, gpointer data)
{
	Follow *follow = data;
	follow->ended = !follow->taken(event, follow->data);
	return !follow->ended;
}

static gboolean feed(const HttpAnswer *answer, const char *octets, gsize length, gpointer data)
{
	Follow *follow = data;
	follow->client->reached = TRUE;
	return sse_parser_feed(follow->parser, octets, length, &follow->error);
}

static gboolean wait_before_return(const Client *client)
{
	for (int i = 0; i < RETURN_SECONDS * 10; i++) {
		if (client->stop && g_atomic_int_get(client->stop))
			return FALSE;
		g_usleep(CLOCK_SECOND / 10);
	}
	return TRUE;
}

gboolean client_follow(Client *client, const char *path, SseTaken taken, gpointer data,
                       GError **error)
{
	g_autofree char *last_id = g_strdup("");
	for (;;) {
		Follow follow = {.client = client, .taken = taken, .data = data};
		Download download = {.piece = feed, .data = &follow};
		follow.parser = sse_parser_new(take_event, &follow);
		g_autoptr(GError) problem = NULL;
		gboolean good = stream(client, path, "Accept: text/event-stream", last_id,
		                       &download, SILENT_SECONDS, &problem);
		const char *seen = sse_parser_last_id(follow.parser);
		if (*seen) {
			g_free(last_id);
			last_id = g_strdup(seen);
		}
		sse_parser_free(follow.parser);
		if (follow.error)
			good = (g_propagate_error(error, follow.error), FALSE);
		if (follow.error || follow.ended)
			return good;
		/* The first connection must work; later ones are taken up again, because a
		 * daemon that restarts is no reason to stop watching. */
		if (!good && (!client->reached || !error_remedy(problem)->retry ||
		              problem->code == TRAWL_ERROR_CANCELLED)) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return FALSE;
		}
		if (!wait_before_return(client)) {
			g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_CANCELLED, "stopped");
			return FALSE;
		}
	}
}
