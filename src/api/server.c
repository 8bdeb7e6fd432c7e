/* The API on the wire: libmicrohttpd's threads carry bytes, ours do the work.
 *
 * One thread waits for all connections (epoll). When a request is there as a whole, its connection
 * is suspended and a pool of threads, which may block in the database, makes the answer; so a slow
 * question delays no other, and a slow client occupies no thread. A sweeper cuts off who does not
 * get a request across, or an answer down, in reasonable time: the library itself only notices
 * clients that are silent, not those that trickle. */
#include "api/server.h"
#include "api/access.h"
#include "api/api.h"
#include "api/metrics.h"
#include "api/request.h"
#include "api/stream.h"
#include "api/transaction.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define THREADS_DEFAULT 8
#define STOP_SECONDS    5
#define SILENT_SECONDS  60          /* a connection on which nothing moves is closed */
#define ANSWER_RATE     (16 * 1024) /* bytes a second at which an answer is to be taken */

ServerTimes server_times = {LIMIT_REQUEST_SECONDS * CLOCK_SECOND, 60 * CLOCK_SECOND};

/* What a connection is busy with; the sweeper looks at how long. */
typedef enum { BUSY_ARRIVING, BUSY_WORKING, BUSY_SENDING, BUSY_STREAMING } Busy;

typedef struct {
	Api *api;
	int fd;
	Busy busy;
	gint64 until; /* monotonic; when it is cut off */
	char *address;
} Client;

/* A request and its answer while the library holds them. */
typedef struct {
	Api *api;
	Client *client;
	struct MHD_Connection *connection;
	Request *request;
	Answer *answer;
	gsize body_taken;   /* bytes that count against LIMIT_REQUEST_BODIES */
	gsize body_dropped; /* bytes past a limit */
	gboolean begun, given, answered;
	guint counted; /* in the API's calls: 1, or 0 while it may still turn out to be none */
} Call;

struct Api {
	ApiContext context;
	struct MHD_Daemon *daemon;
	guint16 port;
	guint client_limit;
	GThreadPool *workers;
	GThread *sweeper;
	GMutex lock;
	GCond changed;
	GPtrArray *clients; /* of Client; owned by the library's connections */
	gsize bodies;       /* bytes of all bodies that are arriving */
	guint calls;        /* requests that are there and not answered yet */
	gboolean stopping;  /* no new requests                 */
	gboolean hurry;     /* not even those that wait to run */
};

static void set_busy(Call *call, Busy busy, gint64 time)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&call->api->lock);
	call->client->busy = busy;
	call->client->until = g_get_monotonic_time() + time;
}

/* --- connections ------------------------------------------------------------------------------ */

static char *address_of(const struct sockaddr *address)
{
	char text[INET6_ADDRSTRLEN] = "";
	if (address->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text,
		          sizeof text);
	else if (address->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, text,
		          sizeof text);
	return g_strdup(text);
}

static void on_connection(void *data, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
	Api *api = data;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		Client *client = g_new0(Client, 1);
		client->api = api;
		client->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
		                     ->connect_fd;
		client->address = address_of(
			MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
				->client_addr);
		client->until = g_get_monotonic_time() + server_times.request;
		*socket_context = client;
		g_mutex_lock(&api->lock);
		g_ptr_array_add(api->clients, client);
		g_mutex_unlock(&api->lock);
		metrics_connection(api->context.metrics, 1);
		return;
	}
	/* The library closes the descriptor after this, so the sweeper cannot meet a reused one. */
	Client *client = *socket_context;
	g_mutex_lock(&api->lock);
	g_ptr_array_remove_fast(api->clients, client);
	g_mutex_unlock(&api->lock);
	metrics_connection(api->context.metrics, -1);
	g_free(client->address);
	g_free(client);
}

/* Shuts down, not closes: the library sees the end and tidies up. When places get scarce, those who
 * have not asked anything yet wait for a tenth of the usual time. */
static void cut_off_the_late(Api *api)
{
	gint64 now = g_get_monotonic_time();
	gboolean crowded = api->clients->len > api->client_limit / 4 * 3;
	gint64 sooner = crowded ? server_times.request / 10 * 9 : 0;
	for (guint i = 0; i < api->clients->len; i++) {
		const Client *client = api->clients->pdata[i];
		if ((client->busy == BUSY_ARRIVING && client->until - sooner <= now) ||
		    (client->busy == BUSY_SENDING && client->until <= now))
			shutdown(client->fd, SHUT_RDWR);
	}
}

static void keep_house(Api *api)
{
	g_autoptr(GError) error = NULL;
	if (!access_save_used(api->context.access, api->context.db, &error))
		g_warning("cannot note when keys were used: %s", error->message);
}

static gpointer sweep(gpointer data)
{
	Api *api = data;
	gint64 house_kept = g_get_monotonic_time();
	g_mutex_lock(&api->lock);
	while (!api->stopping) {
		cut_off_the_late(api);
		if (house_kept + CLOCK_MINUTE <= g_get_monotonic_time()) {
			g_mutex_unlock(&api->lock);
			keep_house(api);
			house_kept = g_get_monotonic_time();
			g_mutex_lock(&api->lock);
			continue;
		}
		g_cond_wait_until(&api->changed, &api->lock,
		                  g_get_monotonic_time() + MIN(CLOCK_SECOND, server_times.request));
	}
	g_mutex_unlock(&api->lock);
	keep_house(api);
	return NULL;
}

/* --- answers ---------------------------------------------------------------------------------- */

static const struct {
	const char *name, *value;
} common_headers[] = {
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
	{"Cache-Control", "no-store"},
};

static void carrier_sleep(gpointer connection)
{
	MHD_suspend_connection(connection);
}

static void carrier_wake(gpointer connection)
{
	MHD_resume_connection(connection);
}

static void carrier_cut(gpointer connection)
{
	shutdown(MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
	         SHUT_RDWR);
}

static ssize_t read_stream(void *data, uint64_t position, char *buffer, size_t size)
{
	Call *call = data;
	gssize got = event_stream_read(call->answer->stream, buffer, size);
	return got < 0 ? MHD_CONTENT_READER_END_OF_STREAM : got;
}

static struct MHD_Response *response_of(Call *call)
{
	const Answer *answer = call->answer;
	gsize size = 0;
	const void *body = answer->body ? g_bytes_get_data(answer->body, &size) : NULL;
	struct MHD_Response *response =
		answer->stream ? MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16 * 1024,
	                                                           read_stream, call, NULL)
			       : MHD_create_response_from_buffer(size, (void *)body,
	                                                         MHD_RESPMEM_PERSISTENT);
	for (guint i = 0; i < answer->headers->len; i += 2)
		MHD_add_response_header(response, answer->headers->pdata[i],
		                        answer->headers->pdata[i + 1]);
	for (guint i = 0; i < G_N_ELEMENTS(common_headers); i++)
		if (!answer_find_header(answer, common_headers[i].name))
			MHD_add_response_header(response, common_headers[i].name,
			                        common_headers[i].value);
	if (answer->type)
		MHD_add_response_header(response, "Content-Type", answer->type);
	if (answer->close)
		MHD_add_response_header(response, "Connection", "close");
	return response;
}

/* A conditional GET whose answer the client has already. */
static void forget_if_known(Call *call)
{
	const char *tags = request_header(call->request, "if-none-match");
	const char *tag = answer_find_header(call->answer, "ETag");
	if (!tags || !tag || call->answer->live || call->answer->status != 200 ||
	    !request_is_read(call->request) || !request_tags_hold(tags, tag))
		return;
	call->answer->status = 304;
	call->answer->type = NULL;
	g_clear_pointer(&call->answer->body, g_bytes_unref);
}

/* From here on, stopping waits for it. */
static void count_call(Call *call)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&call->api->lock);
	call->api->calls += 1 - call->counted;
	call->counted = 1;
}

static enum MHD_Result send_answer(Call *call)
{
	Answer *answer = call->answer;
	count_call(call);
	forget_if_known(call);
	gsize size = answer->body ? g_bytes_get_size(answer->body) : 0;
	set_busy(call, answer->stream ? BUSY_STREAMING : BUSY_SENDING,
	         server_times.answer + (gint64)(size / ANSWER_RATE) * CLOCK_SECOND);
	const EventCarrier carrier = {carrier_sleep, carrier_wake, carrier_cut, call->connection};
	if (answer->stream)
		event_stream_carry(answer->stream, &carrier);
	struct MHD_Response *response = response_of(call);
	enum MHD_Result queued =
		MHD_queue_response(call->connection, (unsigned int)answer->status, response);
	MHD_destroy_response(response);
	call->answered = TRUE;
	gint64 took = g_get_monotonic_time() - call->request->started;
	metrics_count(call->api->context.metrics, call->request->route, answer->status, took);
	g_debug("%s %s %s %d in %" G_GINT64_FORMAT " µs", call->client->address,
	        call->request->method, call->request->target, answer->status, took);
	return queued;
}

/* --- requests --------------------------------------------------------------------------------- */

static void *on_target(void *data, const char *target, struct MHD_Connection *connection)
{
	Api *api = data;
	Call *call = g_new0(Call, 1);
	call->api = api;
	call->connection = connection;
	call->answer = answer_new();
	call->request = request_new(&api->context, "", target);
	call->client = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
	                       ->socket_context;
	call->request->address = g_strdup(call->client->address);
	set_busy(call, BUSY_ARRIVING, server_times.request);
	return call;
}

static void on_completed(void *data, struct MHD_Connection *connection, void **request_context,
                         enum MHD_RequestTerminationCode code)
{
	Api *api = data;
	Call *call = *request_context;
	if (!call)
		return;
	*request_context = NULL;
	set_busy(call, BUSY_ARRIVING, server_times.request);
	answer_free(call->answer);
	request_free(call->request);
	g_mutex_lock(&api->lock);
	api->calls -= call->counted;
	api->bodies -= call->body_taken;
	g_cond_broadcast(&api->changed);
	g_mutex_unlock(&api->lock);
	g_free(call);
}

typedef struct {
	Request *request;
	gboolean repeated;
} Headers;

static enum MHD_Result take_header(void *data, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
	Headers *headers = data;
	if (!request_add_header(headers->request, name, value ? value : ""))
		headers->repeated = TRUE;
	return MHD_YES;
}

static gboolean is_set(Api *api, const gboolean *flag)
{
	g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&api->lock);
	return *flag;
}

/* The headers are there. */
static enum MHD_Result begin(Call *call, const char *method)
{
	Headers headers = {call->request, FALSE};
	call->begun = TRUE;
	call->request->method = g_intern_string(method);
	MHD_get_connection_values(call->connection, MHD_HEADER_KIND, take_header, &headers);
	gboolean stopping = is_set(call->api, &call->api->stopping);
	if (headers.repeated)
		answer_problem(call->answer, 400, "invalid",
		               "a header that may be there once is there twice");
	else if (stopping)
		answer_problem(call->answer, 503, "cancelled", "Trawl is stopping");
	if (headers.repeated || stopping) {
		call->answer->close = TRUE;
		return send_answer(call);
	}
	return request_begin(call->request, call->answer) ? MHD_YES : send_answer(call);
}

/* A piece of the body. One that is too large is heard out for a while, so that its sender lives to
 * read the answer. */
static enum MHD_Result take_body(Call *call, const char *piece, size_t *size)
{
	Api *api = call->api;
	g_mutex_lock(&api->lock);
	gboolean fits = call->body_dropped == 0 &&
	                call->request->body_bytes->len + *size <= LIMIT_REQUEST_BODY &&
	                api->bodies + *size <= LIMIT_REQUEST_BODIES;
	if (fits) {
		api->bodies += *size;
		call->body_taken += *size;
	}
	g_mutex_unlock(&api->lock);
	if (fits)
		g_byte_array_append(call->request->body_bytes, (const guint8 *)piece, (guint)*size);
	else
		call->body_dropped += *size;
	*size = 0;
	return call->body_dropped > 8 * LIMIT_REQUEST_BODY ? MHD_NO : MHD_YES;
}

static void work(gpointer data, gpointer user_data)
{
	Call *call = data;
	if (is_set(call->api, &call->api->hurry))
		answer_problem(call->answer, 503, "cancelled", "Trawl is stopping");
	else
		request_run(call->request, call->answer);
	MHD_resume_connection(call->connection);
}

static enum MHD_Result on_request(void *data, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *piece,
                                  size_t *size, void **request_context)
{
	Call *call = *request_context;
	if (!call->begun)
		return begin(call, method);
	if (*size)
		return take_body(call, piece, size);
	if (call->body_dropped && !call->given) {
		answer_problem(call->answer, 413, "limit", "a body is at most %d bytes",
		               LIMIT_REQUEST_BODY);
		call->answer->close = TRUE;
		return send_answer(call);
	}
	if (call->given)
		return call->answered ? MHD_YES : send_answer(call);
	call->given = TRUE;
	count_call(call);
	set_busy(call, BUSY_WORKING, 0);
	MHD_suspend_connection(connection);
	g_thread_pool_push(call->api->workers, call, NULL);
	return MHD_YES;
}

/* --- start and stop --------------------------------------------------------------------------- */

static void log_library(void *data, const char *format, va_list arguments)
{
	g_autofree char *line = g_strdup_vprintf(format, arguments);
	g_debug("libmicrohttpd: %s", g_strchomp(line));
}

/* "127.0.0.1:8460", "[::1]:0", "localhost:8460". */
static GSocketAddress *parse_listen(const char *listen, GError **error)
{
	guint64 port = 0;
	const char *colon = strrchr(listen, ':');
	gsize length = colon ? (gsize)(colon - listen) : 0;
	gboolean bracketed = length >= 2 && listen[0] == '[' && listen[length - 1] == ']';
	g_autofree char *host =
		bracketed ? g_strndup(listen + 1, length - 2) : g_strndup(listen, length);
	gboolean local = strcmp(host, "localhost") == 0;
	GSocketAddress *address = NULL;
	if (colon && bracketed == (strchr(host, ':') != NULL) &&
	    g_ascii_string_to_unsigned(colon + 1, 10, 0, G_MAXUINT16, &port, NULL))
		address = g_inet_socket_address_new_from_string(local ? "127.0.0.1" : host,
		                                                (guint)port);
	if (!address)
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		            "\"%s\" is nothing to listen on; 127.0.0.1:8460 or [::1]:8460 would be",
		            listen);
	return address;
}

static int refuse_listen(int fd, const char *listen, GError **error)
{
	int problem = errno;
	TrawlError code = problem == EADDRINUSE ? TRAWL_ERROR_CONFLICT
	                  : problem == EACCES   ? TRAWL_ERROR_DENIED
	                                        : TRAWL_ERROR_INVALID;
	g_set_error(error, TRAWL_ERROR, code, "cannot listen on %s: %s", listen,
	            g_strerror(problem));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* A listening socket, and its port; -1 with @error. */
static int open_listen(const char *listen_on, guint16 *port, GError **error)
{
	const int on = 1;
	struct sockaddr_storage name;
	socklen_t size = sizeof name;
	g_autoptr(GSocketAddress) address = parse_listen(listen_on, error);
	if (!address || !g_socket_address_to_native(address, &name, sizeof name, error))
		return -1;
	int fd = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return refuse_listen(fd, listen_on, error);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (name.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&name,
	         (socklen_t)g_socket_address_get_native_size(address)) < 0 ||
	    listen(fd, SOMAXCONN) < 0 || getsockname(fd, (struct sockaddr *)&name, &size) < 0)
		return refuse_listen(fd, listen_on, error);
	*port = g_ntohs(name.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&name)->sin6_port
	                                           : ((struct sockaddr_in *)&name)->sin_port);
	return fd;
}

/* As many clients as the process may have descriptors for, with some left for the database. */
static guint client_limit(void)
{
	const rlim_t others = 256;
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return LIMIT_CLIENTS / 2;
	if (limit.rlim_cur < LIMIT_CLIENTS + others) {
		limit.rlim_cur = MIN(limit.rlim_max, LIMIT_CLIENTS + others);
		setrlimit(RLIMIT_NOFILE, &limit);
		getrlimit(RLIMIT_NOFILE, &limit);
	}
	return limit.rlim_cur > 2 * others ? (guint)MIN(LIMIT_CLIENTS, limit.rlim_cur - others)
	                                   : (guint)limit.rlim_cur / 2;
}

static void context_init(ApiContext *context, const ApiConfig *config)
{
	GStrvBuilder *hosts = g_strv_builder_new();
	g_autofree char *own = g_ascii_strdown(g_get_host_name(), -1);
	g_strv_builder_add(hosts, own);
	for (guint i = 0; config->hosts && config->hosts[i]; i++) {
		g_autofree char *lower = g_ascii_strdown(config->hosts[i], -1);
		if (*lower)
			g_strv_builder_add(hosts, lower);
	}
	context->hosts = g_strv_builder_end(hosts);
	g_strv_builder_unref(hosts);
	context->db = config->db;
	context->raw = config->raw;
	context->readers = config->readers;
	context->limits = config->limits;
	memcpy(context->public_key, config->public_key, sizeof context->public_key);
	memcpy(context->totp_key, config->totp_key, sizeof context->totp_key);
	context->kinds = config->kinds;
	context->data_dir = g_strdup(config->data_dir);
	context->pages = config->pages;
	context->access = access_new();
	context->metrics = metrics_new();
	context->feed = event_feed_new(config->db);
}

static void api_free(Api *api)
{
	event_feed_free(api->context.feed);
	metrics_free(api->context.metrics);
	access_free(api->context.access);
	g_strfreev(api->context.hosts);
	g_free(api->context.data_dir);
	g_ptr_array_unref(api->clients);
	g_mutex_clear(&api->lock);
	g_cond_clear(&api->changed);
	g_free(api);
}

static struct MHD_Daemon *start_daemon(Api *api, int fd)
{
	return MHD_start_daemon(
		MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0,
		NULL, NULL, on_request, api,                    /* */
		MHD_OPTION_EXTERNAL_LOGGER, log_library, NULL,  /* first, says the manual */
		MHD_OPTION_LISTEN_SOCKET, fd,                   /* */
		MHD_OPTION_STRICT_FOR_CLIENT, 1,                /* */
		MHD_OPTION_CONNECTION_LIMIT, api->client_limit, /* */
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SILENT_SECONDS,           /* */
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)LIMIT_REQUEST_HEADERS, /* */
		MHD_OPTION_URI_LOG_CALLBACK, on_target, api,                       /* */
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, api,                  /* */
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, api,                    /* */
		MHD_OPTION_END);
}

Api *api_start(const ApiConfig *config, GError **error)
{
	guint16 port = 0;
	int fd = open_listen(config->listen, &port, error);
	if (fd < 0)
		return NULL;
	Api *api = g_new0(Api, 1);
	api->port = port;
	api->client_limit = client_limit();
	g_mutex_init(&api->lock);
	g_cond_init(&api->changed);
	api->clients = g_ptr_array_new();
	context_init(&api->context, config);
	api->daemon = start_daemon(api, fd);
	if (!api->daemon) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INTERNAL,
		            "the HTTP server does not start: %s", g_strerror(errno));
		close(fd);
		api_free(api);
		return NULL;
	}
	guint threads = config->threads ? config->threads : THREADS_DEFAULT;
	api->workers = g_thread_pool_new(work, api, (gint)threads, TRUE, NULL);
	api->sweeper = g_thread_new("sweeper", sweep, api);
	return api;
}

guint16 api_port(const Api *api)
{
	return api->port;
}

void api_stop(Api *api)
{
	if (!api)
		return;
	close(MHD_quiesce_daemon(api->daemon));
	g_mutex_lock(&api->lock);
	api->stopping = TRUE;
	g_cond_broadcast(&api->changed);
	g_mutex_unlock(&api->lock);
	event_feed_stop(api->context.feed);
	gint64 until = g_get_monotonic_time() + STOP_SECONDS * CLOCK_SECOND;
	g_mutex_lock(&api->lock);
	while (api->calls && g_cond_wait_until(&api->changed, &api->lock, until))
		;
	api->hurry = TRUE;
	g_mutex_unlock(&api->lock);
	/* Every suspended connection is resumed by its worker; the library insists on that. */
	g_thread_pool_free(api->workers, FALSE, TRUE);
	g_thread_join(api->sweeper);
	MHD_stop_daemon(api->daemon);
	api_free(api);
}
