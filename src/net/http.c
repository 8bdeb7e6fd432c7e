/* HTTP for whoever needs to call out. libcurl does the work; this file adds what every caller here
 * wants: one deadline over everything, errors by remedy, limits, and a way to stop. The transfer is
 * driven by curl's multi interface because only there the wait is ours to end. */
#include "net/http.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"

#include <curl/curl.h>
#include <gio/gio.h>
#include <string.h>

#define WAIT_SLICE_MS 100 /* how long a stop may go unnoticed */

struct HttpClient {
	HttpOptions options;
	CURLM *multi;
};

/* One call under way. */
typedef struct {
	CURL *easy;
	HttpAnswer *answer;
	GByteArray *body;
	gsize at_most;
	gboolean too_big, stopped;
	gint64 heard_at; /* monotonic: when the last octet came */
	HttpPiece piece; /* NULL: the body is collected */
	gpointer data;
} Call;

static void initialise_curl(void)
{
	static gsize done;
	if (g_once_init_enter(&done)) {
		curl_global_init(CURL_GLOBAL_ALL);
		g_once_init_leave(&done, 1);
	}
}

HttpClient *http_client_new(const HttpOptions *options)
{
	initialise_curl();
	HttpClient *client = g_new0(HttpClient, 1);
	if (options)
		client->options = *options;
	client->multi = curl_multi_init();
	g_assert(client->multi);
	return client;
}

void http_client_free(HttpClient *client)
{
	if (!client)
		return;
	curl_multi_cleanup(client->multi);
	g_free(client);
}

void http_answer_free(HttpAnswer *answer)
{
	if (!answer)
		return;
	g_clear_pointer(&answer->headers, g_hash_table_unref);
	g_clear_pointer(&answer->body, g_bytes_unref);
	g_free(answer);
}

const char *http_answer_header(const HttpAnswer *answer, const char *name)
{
	return g_hash_table_lookup(answer->headers, name);
}

/* A header line of the answer. An interim answer (100, 103) is followed by the real one, whose
 * status line starts the headers anew. */
static size_t take_header(char *line, size_t size, size_t n, void *data)
{
	Call *call = data;
	gsize length = size * n;
	call->heard_at = g_get_monotonic_time();
	if (length >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		g_hash_table_remove_all(call->answer->headers);
		return length;
	}
	const char *colon = memchr(line, ':', length);
	if (colon && g_hash_table_size(call->answer->headers) < LIMIT_HTTP_HEADERS) {
		g_autofree char *name = g_ascii_strdown(line, colon - line);
		g_autofree char *value = g_strndup(colon + 1, length - (gsize)(colon + 1 - line));
		char *valid = g_utf8_make_valid(g_strstrip(value), -1);
		g_hash_table_replace(call->answer->headers, g_steal_pointer(&name), valid);
	}
	return length;
}

static void take_status(Call *call)
{
	long status = 0;
	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	call->answer->status = (int)status;
}

static size_t take_body(char *octets, size_t size, size_t n, void *data)
{
	Call *call = data;
	gsize length = size * n;
	call->heard_at = g_get_monotonic_time();
	if (call->piece) {
		take_status(call);
		call->stopped = !call->piece(call->answer, octets, length, call->data);
		return call->stopped ? 0 : length;
	}
	if (length > call->at_most - call->body->len) {
		call->too_big = TRUE;
		return 0;
	}
	g_byte_array_append(call->body, (const guint8 *)octets, (guint)length);
	return length;
}

gboolean http_is_loopback(const char *host)
{
	g_autoptr(GInetAddress) address = g_inet_address_new_from_string(host);
	return address ? g_inet_address_get_is_loopback(address) : strcmp(host, "localhost") == 0;
}

/* A proxy of the environment is for the world outside, and must not see what goes to this host. */
static gboolean is_for_this_machine(const char *url)
{
	g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);
	const char *host = uri ? g_uri_get_host(uri) : NULL;
	return host && http_is_loopback(host);
}

static gboolean is_safe(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static void prepare(HttpClient *client, CURL *easy, const HttpRequest *request, Call *call,
                    struct curl_slist *headers)
{
	const char *method = request->method ? request->method : "GET";
	curl_easy_setopt(easy, CURLOPT_URL, request->url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "trawl/" TRAWL_VERSION);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
	if (client->options.ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, client->options.ca_file);
	if (is_for_this_machine(request->url))
		curl_easy_setopt(easy, CURLOPT_PROXY, "");
	if (request->body) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
		                 (curl_off_t)g_bytes_get_size(request->body));
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, g_bytes_get_data(request->body, NULL));
	}
	if (strcmp(method, "HEAD") == 0)
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	else
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

/* Lets the transfer run until it ends (its result), or until it must not go on (an error). */
static gboolean drive(HttpClient *client, const Call *call, double silence, gint64 deadline,
                      CURLcode *result, GError **error)
{
	for (;;) {
		int running = 0, queued = 0;
		curl_multi_perform(client->multi, &running);
		CURLMsg *message = curl_multi_info_read(client->multi, &queued);
		if (message && message->msg == CURLMSG_DONE) {
			*result = message->data.result;
			return TRUE;
		}
		if (client->options.stop && g_atomic_int_get(client->options.stop)) {
			g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_CANCELLED, "stopped");
			return FALSE;
		}
		if (!deadline_check(deadline, error))
			return FALSE;
		double quiet =
			(double)(g_get_monotonic_time() - call->heard_at) / (double)CLOCK_SECOND;
		if (silence > 0 && quiet > silence) {
			g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_TIMEOUT,
			            "nothing was heard for %.0f seconds", quiet);
			return FALSE;
		}
		curl_multi_poll(client->multi, NULL, 0,
		                MIN(WAIT_SLICE_MS, deadline_left_ms(deadline)), NULL);
	}
}

static TrawlError error_code(CURLcode result)
{
	/* clang-format off */
	static const struct {
		CURLcode result;
		TrawlError code;
	} codes[] = {
		{CURLE_URL_MALFORMAT,         TRAWL_ERROR_INVALID},
		{CURLE_UNSUPPORTED_PROTOCOL,  TRAWL_ERROR_INVALID},
		{CURLE_SSL_CACERT_BADFILE,    TRAWL_ERROR_INVALID},
		{CURLE_COULDNT_RESOLVE_HOST,  TRAWL_ERROR_UNREACHABLE},
		{CURLE_COULDNT_RESOLVE_PROXY, TRAWL_ERROR_UNREACHABLE},
		{CURLE_COULDNT_CONNECT,       TRAWL_ERROR_UNREACHABLE},
		{CURLE_SEND_ERROR,            TRAWL_ERROR_UNREACHABLE},
		{CURLE_RECV_ERROR,            TRAWL_ERROR_UNREACHABLE},
		{CURLE_GOT_NOTHING,           TRAWL_ERROR_UNREACHABLE},
		{CURLE_PARTIAL_FILE,          TRAWL_ERROR_UNREACHABLE},
		{CURLE_OPERATION_TIMEDOUT,    TRAWL_ERROR_TIMEOUT},
	};
	/* clang-format on */
	for (guint i = 0; i < G_N_ELEMENTS(codes); i++)
		if (codes[i].result == result)
			return codes[i].code;
	return TRAWL_ERROR_REMOTE;
}

/* What a transfer that ended badly means. */
static gboolean judge(const HttpRequest *request, const Call *call, CURLcode result,
                      const char *detail, GError **error)
{
	if (result == CURLE_OK || call->stopped)
		return TRUE;
	if (call->too_big)
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_LIMIT,
		            "the answer is longer than %" G_GSIZE_FORMAT " bytes", call->at_most);
	else
		g_set_error(error, TRAWL_ERROR, (int)error_code(result), "%s: %s", request->url,
		            detail[0] ? detail : curl_easy_strerror(result));
	return FALSE;
}

/* A request that may have changed something and was never answered is neither done nor not done. */
static void doubt(CURL *easy, const HttpRequest *request, GError **error)
{
	static const TrawlError open_ended[] = {TRAWL_ERROR_UNREACHABLE, TRAWL_ERROR_TIMEOUT,
	                                        TRAWL_ERROR_CANCELLED};
	long sent = 0;
	curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent);
	if (!error || !*error || sent == 0 || !request->method || is_safe(request->method))
		return;
	for (guint i = 0; i < G_N_ELEMENTS(open_ended); i++)
		if ((*error)->code == (int)open_ended[i]) {
			(*error)->code = TRAWL_ERROR_UNKNOWN_OUTCOME;
			return;
		}
}

static HttpAnswer *run(HttpClient *client, const HttpRequest *request, Call *call, double silence,
                       gint64 deadline, GError **error)
{
	g_autoptr(HttpAnswer) answer = g_new0(HttpAnswer, 1);
	answer->headers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	call->answer = answer;
	call->body = g_byte_array_new();
	call->at_most = request->at_most ? request->at_most : LIMIT_HTTP_ANSWER;
	call->heard_at = g_get_monotonic_time();

	/* No "Expect: 100-continue": it costs a round trip, and our bodies are small. */
	struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
	for (guint i = 0; request->headers && request->headers[i]; i++)
		headers = curl_slist_append(headers, request->headers[i]);
	char detail[CURL_ERROR_SIZE] = "";
	CURL *easy = curl_easy_init();
	g_assert(easy);
	call->easy = easy;
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, detail);
	prepare(client, easy, request, call, headers);
	curl_multi_add_handle(client->multi, easy);

	CURLcode result = CURLE_OK;
	GError *problem = NULL;
	gboolean good = drive(client, call, silence, deadline, &result, &problem) &&
	                judge(request, call, result, detail, &problem);
	if (!good)
		doubt(easy, request, &problem);
	take_status(call);
	answer->body = g_byte_array_free_to_bytes(call->body);
	curl_multi_remove_handle(client->multi, easy);
	curl_easy_cleanup(easy);
	curl_slist_free_all(headers);
	if (good)
		return g_steal_pointer(&answer);
	g_propagate_error(error, problem);
	return NULL;
}

HttpAnswer *http_call(HttpClient *client, const HttpRequest *request, gint64 deadline,
                      GError **error)
{
	Call call = {0};
	return run(client, request, &call, 0, deadline, error);
}

HttpAnswer *http_stream(HttpClient *client, const HttpRequest *request, HttpPiece piece,
                        gpointer data, double silence, gint64 deadline, GError **error)
{
	Call call = {.piece = piece, .data = data};
	return run(client, request, &call, silence, deadline, error);
}
