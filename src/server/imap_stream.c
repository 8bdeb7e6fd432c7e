/* The octets below libetpan's IMAP parser.
 *
 * libetpan brings its own sockets and TLS, but those neither verify certificates nor honour a
 * deadline over several reads, and its parser trusts the peer's announcements: a literal of 4 GB is
 * allocated when it is announced, a line without an end is read for ever, an answer that is all
 * opening parentheses is parsed recursively. So this stream does the transport itself, and looks at
 * everything that comes in before the parser sees it. It understands just enough of IMAP for that:
 * where lines end, and that {n} at the end of a line announces n octets. */
#include "server/imap_stream.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/x509.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define READ_BUFFER  (16 * 1024)
#define TLS_PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

struct ImapTrust {
	gnutls_certificate_credentials_t credentials;
	GMutex lock;
	GBytes *ticket; /* of the last session, so that the next one need not sign and verify again
	                 */
};

/* How far the end of a line looks like the announcement of a literal. */
typedef enum { END_PLAIN, END_NUMBER, END_BRACE, END_RETURN } LineEnd;

/* What has been seen of the answer so far. */
typedef struct {
	gsize literal_max;  /* octets */
	gsize answer;       /* octets of this answer, literals aside */
	gsize line;         /* octets of this line */
	gsize literal_left; /* octets of a literal still to come */
	char start[10];     /* of the line: tells data from text for people */
	guint nesting;
	gboolean quoted, escaped;
	LineEnd end;
	guint64 number; /* of octets announced */
} Guard;

typedef struct {
	int fd;
	gnutls_session_t tls; /* or NULL */
	ImapTrust *trust;     /* borrowed */
	gint64 deadline;
	gboolean mute;    /* reads fail */
	gboolean greeted; /* the first octets have come */
	Guard guard;
	GError *error;
} Stream;

static Stream *stream_of(mailstream *stream)
{
	return mailstream_get_low(stream)->data;
}

/* The first error is the cause; what follows from it is not worth telling. */
static ssize_t fail(Stream *stream, TrawlError code, const char *message, const char *detail)
{
	if (!stream->error)
		stream->error = g_error_new(TRAWL_ERROR, (gint)code, "%s%s", message, detail);
	return -1;
}

/* Trust */

ImapTrust *imap_trust_new(const char *ca_file, GError **error)
{
	ImapTrust *trust = g_new0(ImapTrust, 1);
	g_mutex_init(&trust->lock);
	gnutls_certificate_allocate_credentials(&trust->credentials);
	gnutls_certificate_set_x509_system_trust(trust->credentials);
	int count = ca_file ? gnutls_certificate_set_x509_trust_file(trust->credentials, ca_file,
	                                                             GNUTLS_X509_FMT_PEM)
	                    : 1;
	if (count > 0)
		return trust;
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
	            "\"ca_file\": expected a file with certificates in PEM: %s: %s", ca_file,
	            count == 0 ? "there is none in it" : gnutls_strerror(count));
	imap_trust_free(trust);
	return NULL;
}

void imap_trust_free(ImapTrust *trust)
{
	if (!trust)
		return;
	gnutls_certificate_free_credentials(trust->credentials);
	g_clear_pointer(&trust->ticket, g_bytes_unref);
	g_mutex_clear(&trust->lock);
	g_free(trust);
}

/* Waiting */

static gboolean wait_for(Stream *stream, short events)
{
	for (;;) {
		struct pollfd ready = {.fd = stream->fd, .events = events};
		int count = poll(&ready, 1, deadline_left_ms(stream->deadline));
		if (count > 0)
			return TRUE;
		if (count == 0) {
			fail(stream, TRAWL_ERROR_TIMEOUT, "the mail server did not answer in time",
			     "");
			return FALSE;
		}
		if (errno != EINTR) {
			fail(stream, TRAWL_ERROR_UNREACHABLE, "poll: ", g_strerror(errno));
			return FALSE;
		}
	}
}

/* The guard */

static gboolean refuse(Stream *stream, TrawlError code, const char *message)
{
	fail(stream, code, message, "");
	return FALSE;
}

/* Text for people may end in "{9}" without meaning it, and so would hide the next lines from us. */
static gboolean may_have_literal(const Guard *guard)
{
	static const char *const texts[] = {"* OK", "* NO", "* BAD", "* BYE", "* PREAUTH"};
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
		if (g_ascii_strncasecmp(guard->start, texts[i], strlen(texts[i])) == 0)
			return FALSE;
	return guard->start[0] == '*';
}

static gboolean guard_announcement(Stream *stream)
{
	const Guard *guard = &stream->guard;
	if (guard->number <= guard->literal_max)
		return TRUE;
	g_autofree char *numbers = g_strdup_printf(
		"%" G_GUINT64_FORMAT " octets at once, where %" G_GSIZE_FORMAT " are allowed",
		guard->number, guard->literal_max);
	g_autofree char *text = g_strconcat("the mail server announced ", numbers, NULL);
	return refuse(stream, TRAWL_ERROR_LIMIT, text);
}

/* Follows "{123}" and what comes after it. */
static gboolean guard_line_end(Stream *stream, char c)
{
	Guard *guard = &stream->guard;
	if (c == '{' && !guard->quoted && may_have_literal(guard)) {
		guard->end = END_NUMBER;
		guard->number = 0;
	} else if (guard->end == END_NUMBER && g_ascii_isdigit(c)) {
		guard->number = MIN(guard->number * 10 + (guint)(c - '0'), G_MAXUINT32);
	} else if (guard->end == END_NUMBER && c == '}') {
		guard->end = END_BRACE;
		return guard_announcement(stream);
	} else {
		guard->end = guard->end == END_BRACE && c == '\r' ? END_RETURN : END_PLAIN;
	}
	return TRUE;
}

static void guard_new_line(Guard *guard)
{
	if (guard->end == END_BRACE || guard->end == END_RETURN) {
		guard->literal_left = (gsize)guard->number; /* the line goes on after it */
	} else {
		guard->nesting = 0;
		memset(guard->start, 0, sizeof guard->start);
	}
	guard->line = 0;
	guard->quoted = guard->escaped = FALSE;
	guard->end = END_PLAIN;
}

static void guard_nesting(Guard *guard, char c)
{
	if (guard->escaped)
		guard->escaped = FALSE;
	else if (guard->quoted && c == '\\')
		guard->escaped = TRUE;
	else if (c == '"')
		guard->quoted = !guard->quoted;
	else if (!guard->quoted && c == '(')
		guard->nesting++;
	else if (!guard->quoted && c == ')' && guard->nesting > 0)
		guard->nesting--;
}

/* One octet that is not inside a literal. */
static gboolean guard_octet(Stream *stream, char c)
{
	Guard *guard = &stream->guard;
	guard->answer++;
	if (c == '\n') {
		guard_new_line(guard);
		return TRUE;
	}
	gsize written = strlen(guard->start);
	if (guard->line++ == written && written < sizeof guard->start - 1 && c)
		guard->start[written] = c;
	if (guard->line > LIMIT_IMAP_LINE || guard->answer > LIMIT_IMAP_ANSWER)
		return refuse(stream, TRAWL_ERROR_LIMIT,
		              "the mail server sends an answer without end");
	guard_nesting(guard, c);
	if (guard->nesting > LIMIT_IMAP_NESTING)
		return refuse(stream, TRAWL_ERROR_REMOTE,
		              "the mail server nests its answer too deep");
	return guard_line_end(stream, c);
}

static gboolean guard_octets(Stream *stream, const char *octets, gsize length)
{
	for (gsize i = 0; i < length;) {
		if (stream->guard.literal_left > 0) {
			gsize skip = MIN(stream->guard.literal_left, length - i);
			stream->guard.literal_left -= skip;
			i += skip;
		} else if (!guard_octet(stream, octets[i++])) {
			return FALSE;
		}
	}
	return TRUE;
}

/* What libetpan calls. Never 0 from a read: it would read on for ever. */

static ssize_t read_plain(Stream *stream, void *buffer, size_t size)
{
	for (;;) {
		ssize_t got = recv(stream->fd, buffer, size, MSG_DONTWAIT);
		if (got > 0)
			return got;
		if (got == 0)
			return fail(stream, TRAWL_ERROR_UNREACHABLE,
			            "the mail server closed the connection", "");
		if (errno != EAGAIN && errno != EINTR)
			return fail(stream, TRAWL_ERROR_UNREACHABLE,
			            "connection lost: ", g_strerror(errno));
		if (!wait_for(stream, POLLIN))
			return -1;
	}
}

static ssize_t read_tls(Stream *stream, void *buffer, size_t size)
{
	for (;;) {
		ssize_t got = gnutls_record_recv(stream->tls, buffer, size);
		if (got > 0)
			return got;
		if (got == 0 || got == GNUTLS_E_PREMATURE_TERMINATION)
			return fail(stream, TRAWL_ERROR_UNREACHABLE,
			            "the mail server closed the connection", "");
		if (got != GNUTLS_E_AGAIN && got != GNUTLS_E_INTERRUPTED)
			return fail(stream, TRAWL_ERROR_UNREACHABLE,
			            "TLS: ", gnutls_strerror((int)got));
		if (!wait_for(stream, POLLIN))
			return -1;
	}
}

/* A server that is full says BYE instead of a greeting. That is looked at here because libetpan
 * leaks memory over it. */
static gboolean check_greeting(Stream *stream, const char *octets, gsize length)
{
	gboolean first = !stream->greeted;
	stream->greeted = TRUE;
	if (!first || length < strlen("* BYE") ||
	    g_ascii_strncasecmp(octets, "* BYE", strlen("* BYE")) != 0)
		return TRUE;
	const char *end = memchr(octets, '\r', length);
	g_autofree char *text =
		text_from_bytes(octets, end ? (gsize)(end - octets) : MIN(length, 200));
	fail(stream, TRAWL_ERROR_UNREACHABLE, "the mail server takes no connection now: ", text);
	return FALSE;
}

static ssize_t low_read(mailstream_low *low, void *buffer, size_t size)
{
	Stream *stream = low->data;
	if (stream->error || stream->mute)
		return -1;
	ssize_t got =
		stream->tls ? read_tls(stream, buffer, size) : read_plain(stream, buffer, size);
	if (got > 0 && (!check_greeting(stream, buffer, (gsize)got) ||
	                !guard_octets(stream, buffer, (gsize)got)))
		return -1;
	return got;
}

static ssize_t low_write(mailstream_low *low, const void *octets, size_t size)
{
	Stream *stream = low->data;
	while (!stream->error) {
		ssize_t sent =
			stream->tls ? gnutls_record_send(stream->tls, octets, size)
				    : send(stream->fd, octets, size, MSG_NOSIGNAL | MSG_DONTWAIT);
		gboolean again = stream->tls
		                         ? sent == GNUTLS_E_AGAIN || sent == GNUTLS_E_INTERRUPTED
		                         : sent < 0 && (errno == EAGAIN || errno == EINTR);
		if (sent >= 0)
			return sent;
		if (!again)
			return fail(stream, TRAWL_ERROR_UNREACHABLE, "connection lost: ",
			            stream->tls ? gnutls_strerror((int)sent) : g_strerror(errno));
		wait_for(stream, POLLOUT);
	}
	return -1;
}

/* TLS 1.3 sends tickets after the handshake, so it is asked for at the end. */
static void remember_ticket(Stream *stream)
{
	gnutls_datum_t data = {0};
	if (!stream->trust ||
	    !(gnutls_session_get_flags(stream->tls) & GNUTLS_SFLAGS_SESSION_TICKET) ||
	    gnutls_session_get_data2(stream->tls, &data) != GNUTLS_E_SUCCESS)
		return;
	g_mutex_lock(&stream->trust->lock);
	g_clear_pointer(&stream->trust->ticket, g_bytes_unref);
	stream->trust->ticket = g_bytes_new(data.data, data.size);
	g_mutex_unlock(&stream->trust->lock);
	gnutls_free(data.data);
}

static int low_close(mailstream_low *low)
{
	Stream *stream = low->data;
	if (stream->tls && !stream->error) {
		remember_ticket(stream);
		gnutls_bye(stream->tls, GNUTLS_SHUT_WR);
	}
	g_clear_pointer(&stream->tls, gnutls_deinit);
	close(stream->fd);
	stream->fd = -1;
	return 0;
}

static int low_get_fd(mailstream_low *low)
{
	return ((Stream *)low->data)->fd;
}

static void low_free(mailstream_low *low)
{
	Stream *stream = low->data;
	g_clear_error(&stream->error);
	g_free(stream);
	free(low);
}

static mailstream_low_driver driver = {
	.mailstream_read = low_read,
	.mailstream_write = low_write,
	.mailstream_close = low_close,
	.mailstream_get_fd = low_get_fd,
	.mailstream_free = low_free,
};

/* Connecting. getaddrinfo(3) knows no deadline, so a thread of its own waits for it. */

typedef struct {
	int references; /* the one who asks and the one who looks */
	char *host, *port;
	GMutex lock;
	GCond done;
	gboolean finished;
	int status;
	struct addrinfo *addresses;
} Lookup;

static void lookup_unref(Lookup *lookup)
{
	if (!g_atomic_int_dec_and_test(&lookup->references))
		return;
	if (lookup->addresses)
		freeaddrinfo(lookup->addresses);
	g_mutex_clear(&lookup->lock);
	g_cond_clear(&lookup->done);
	g_free(lookup->host);
	g_free(lookup->port);
	g_free(lookup);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lookup, lookup_unref)

static gpointer lookup_run(gpointer data)
{
	Lookup *lookup = data;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *addresses = NULL;
	int status = getaddrinfo(lookup->host, lookup->port, &hints, &addresses);
	g_mutex_lock(&lookup->lock);
	lookup->status = status;
	lookup->addresses = addresses;
	lookup->finished = TRUE;
	g_cond_signal(&lookup->done);
	g_mutex_unlock(&lookup->lock);
	lookup_unref(lookup);
	return NULL;
}

static Lookup *look_up(const char *host, guint16 port, gint64 deadline, GError **error)
{
	g_autoptr(Lookup) lookup = g_new0(Lookup, 1);
	lookup->references = 2;
	lookup->host = g_strdup(host);
	lookup->port = g_strdup_printf("%u", port);
	g_mutex_init(&lookup->lock);
	g_cond_init(&lookup->done);
	g_thread_unref(g_thread_new("lookup", lookup_run, lookup));
	g_mutex_lock(&lookup->lock);
	while (!lookup->finished && g_cond_wait_until(&lookup->done, &lookup->lock, deadline))
		;
	gboolean finished = lookup->finished;
	int status = lookup->status;
	g_mutex_unlock(&lookup->lock);
	if (finished && status == 0)
		return g_steal_pointer(&lookup);
	g_set_error(error, TRAWL_ERROR, finished ? TRAWL_ERROR_UNREACHABLE : TRAWL_ERROR_TIMEOUT,
	            "cannot find the address of %s: %s", host,
	            finished ? gai_strerror(status) : "no answer in time");
	return NULL;
}

static int connect_to(const struct addrinfo *address, gint64 deadline)
{
	g_auto(AutoFd) fd =
		socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	int on = 1, problem = 0;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	if (connect(fd, address->ai_addr, address->ai_addrlen) == 0)
		return fd_steal(&fd);
	if (errno != EINPROGRESS)
		return -1;
	struct pollfd ready = {.fd = fd, .events = POLLOUT};
	socklen_t length = sizeof problem;
	if (poll(&ready, 1, deadline_left_ms(deadline)) != 1) {
		errno = ETIMEDOUT;
		return -1;
	}
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &length);
	errno = problem;
	return problem ? -1 : fd_steal(&fd);
}

mailstream *imap_stream_open(const char *host, guint16 port, gint64 deadline, GError **error)
{
	g_autoptr(Lookup) lookup = look_up(host, port, deadline, error);
	if (!lookup)
		return NULL;
	int fd = -1;
	for (struct addrinfo *at = lookup->addresses; at && fd < 0; at = at->ai_next) {
		/* a dead address leaves time for those after it */
		gint64 now = g_get_monotonic_time();
		gint64 end = at->ai_next ? now + (deadline - now) / 2 : deadline;
		fd = connect_to(at, end);
	}
	if (fd < 0) {
		g_set_error(error, TRAWL_ERROR,
		            errno == ETIMEDOUT ? TRAWL_ERROR_TIMEOUT : TRAWL_ERROR_UNREACHABLE,
		            "cannot connect to %s port %u: %s", host, port, g_strerror(errno));
		return NULL;
	}
	Stream *stream = g_new0(Stream, 1);
	stream->fd = fd;
	stream->deadline = deadline;
	stream->guard.literal_max = LIMIT_IMAP_LINE;
	return mailstream_new(mailstream_low_new(stream, &driver), READ_BUFFER);
}

/* TLS */

/* GnuTLS's words, after which more may follow. */
static char *words_of(const char *said)
{
	char *words = g_strchomp(g_strdup(said));
	if (g_str_has_suffix(words, "."))
		words[strlen(words) - 1] = '\0';
	return words;
}

static gboolean set_certificate_error(gnutls_session_t tls, const char *host, GError **error)
{
	unsigned status = gnutls_session_get_verify_cert_status(tls);
	gnutls_datum_t text = {0};
	gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0);
	g_autofree char *why = words_of(text.data ? (const char *)text.data : "unknown reason");
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_UNREACHABLE,
	            "the certificate of %s is refused: %s; if its authority is your own, name its "
	            "PEM file in \"ca_file\"",
	            host, why);
	gnutls_free(text.data);
	return FALSE;
}

static gboolean handshake(Stream *stream, const char *host, GError **error)
{
	for (;;) {
		int status = gnutls_handshake(stream->tls);
		if (status == GNUTLS_E_SUCCESS)
			return TRUE;
		if (status == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR)
			return set_certificate_error(stream->tls, host, error);
		if (status == GNUTLS_E_AGAIN || status == GNUTLS_E_INTERRUPTED) {
			short events = gnutls_record_get_direction(stream->tls) ? POLLOUT : POLLIN;
			if (wait_for(stream, events))
				continue;
			g_propagate_prefixed_error(error, g_error_copy(stream->error), "TLS: ");
			return FALSE;
		}
		if (!gnutls_error_is_fatal(status))
			continue;
		g_autofree char *why = words_of(gnutls_strerror(status));
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_UNREACHABLE,
		            "no TLS with %s: %s; is this a port for tls=starttls?", host, why);
		return FALSE;
	}
}

static void use_ticket(ImapTrust *trust, gnutls_session_t tls)
{
	g_mutex_lock(&trust->lock);
	g_autoptr(GBytes) ticket = trust->ticket ? g_bytes_ref(trust->ticket) : NULL;
	g_mutex_unlock(&trust->lock);
	if (ticket)
		gnutls_session_set_data(tls, g_bytes_get_data(ticket, NULL),
		                        g_bytes_get_size(ticket));
}

gboolean imap_stream_start_tls(mailstream *plain, ImapTrust *trust, const char *host,
                               GError **error)
{
	Stream *stream = stream_of(plain);
	if (plain->read_buffer_len > 0) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE,
		            "%s sent more before TLS than it was asked for; somebody may be "
		            "tampering with the connection",
		            host);
		return FALSE;
	}
	gnutls_init(&stream->tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);
	gnutls_priority_set_direct(stream->tls, TLS_PRIORITY, NULL);
	gnutls_credentials_set(stream->tls, GNUTLS_CRD_CERTIFICATE, trust->credentials);
	if (!g_hostname_is_ip_address(host))
		gnutls_server_name_set(stream->tls, GNUTLS_NAME_DNS, host, strlen(host));
	gnutls_session_set_verify_cert(stream->tls, host, 0);
	gnutls_transport_set_int(stream->tls, stream->fd);
	use_ticket(trust, stream->tls);
	if (!handshake(stream, host, error)) {
		fail(stream, TRAWL_ERROR_UNREACHABLE, "no TLS", "");
		return FALSE;
	}
	stream->trust = trust;
	return TRUE;
}

void imap_stream_set_deadline(mailstream *stream, gint64 deadline)
{
	stream_of(stream)->deadline = deadline;
}

void imap_stream_expect(mailstream *stream, gsize literal_max)
{
	Guard *guard = &stream_of(stream)->guard;
	guard->answer = 0;
	guard->literal_max = literal_max;
}

void imap_stream_stop_reading(mailstream *stream)
{
	stream_of(stream)->mute = TRUE;
}

const GError *imap_stream_error(mailstream *stream)
{
	return stream_of(stream)->error;
}

gboolean imap_stream_has_input(mailstream *stream)
{
	const Stream *own = stream_of(stream);
	return stream->read_buffer_len > 0 ||
	       (own->tls && gnutls_record_check_pending(own->tls) > 0);
}

int imap_stream_fd(mailstream *stream)
{
	return stream_of(stream)->fd;
}

gboolean imap_stream_wait(mailstream *stream, gint64 deadline)
{
	struct pollfd ready = {.fd = imap_stream_fd(stream), .events = POLLIN};
	while (!imap_stream_has_input(stream)) {
		int count = poll(&ready, 1, deadline_left_ms(deadline));
		if (count >= 0 || errno != EINTR)
			return count > 0;
	}
	return TRUE;
}
