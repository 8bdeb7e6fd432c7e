/* A scripted IMAP server. It answers line by line from a table; whatever a hostile or broken server
 * could send is a row of that. */
#include "fakeimap.h"

#include "maildisk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ENDLESS_BLOCK 16000 /* octets sent at a time */

/* One set for all servers of a test program. */
static char *certificates;

struct FakeImap {
	char *ca_file;
	gboolean tls_at_once;
	const FakeRule *rules;
	guint *matches; /* how often each rule was met */
	gnutls_certificate_credentials_t credentials;
	int listener;
	guint16 port;
	GThread *thread;
	int stopping;
	GMutex lock;
	GPtrArray *commands;
	guint sessions;
	int connection;
};

/* One connection. */
typedef struct {
	FakeImap *fake;
	int fd;
	gnutls_session_t tls;
	GString *input;
} Session;

static const FakeRule defaults[] = {
	{"", "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN STARTTLS] fake\r\n"},
	{"CAPABILITY",
         "* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN UIDPLUS MOVE IDLE LITERAL+\r\n%T OK done\r\n"},
	{"STARTTLS", "%T OK begin\r\n"},
	{"AUTHENTICATE", "%T OK [CAPABILITY IMAP4rev1 UIDPLUS MOVE IDLE LITERAL+] in\r\n"},
	{"LIST", "* LIST () \"/\" INBOX\r\n%T OK done\r\n"},
	{"EXAMINE",
         "* 3 EXISTS\r\n* OK [UIDVALIDITY 7] v\r\n* OK [UIDNEXT 4] n\r\n%T OK [READ-ONLY] e\r\n"},
	{"SELECT",
         "* 3 EXISTS\r\n* OK [UIDVALIDITY 7] v\r\n* OK [UIDNEXT 4] n\r\n%T OK [READ-WRITE] s\r\n"},
	{"LOGOUT", "* BYE now\r\n%T OK done\r\n", NULL, TRUE},
	{"", NULL},
};

static ssize_t session_send(Session *session, const char *text, gsize length)
{
	return session->tls ? gnutls_record_send(session->tls, text, length)
	                    : send(session->fd, text, length, MSG_NOSIGNAL);
}

static gboolean send_all(Session *session, const char *text)
{
	gsize length = strlen(text);
	while (length > 0) {
		ssize_t sent = session_send(session, text, length);
		if (sent <= 0)
			return FALSE;
		text += sent;
		length -= (gsize)sent;
	}
	return TRUE;
}

static gboolean receive_more(Session *session)
{
	char octets[4096];
	ssize_t got = session->tls ? gnutls_record_recv(session->tls, octets, sizeof octets)
	                           : recv(session->fd, octets, sizeof octets, 0);
	if (got <= 0)
		return FALSE;
	g_string_append_len(session->input, octets, got);
	return TRUE;
}

/* One line without its end, or NULL when the client has gone. */
static char *receive_line(Session *session)
{
	char *end;
	while (!(end = strstr(session->input->str, "\r\n")))
		if (!receive_more(session))
			return NULL;
	char *line = g_strndup(session->input->str, (gsize)(end - session->input->str));
	g_string_erase(session->input, 0, (gssize)strlen(line) + 2);
	return line;
}

/* Takes the literal that a command line announces, and the line's rest. */
static gboolean receive_literal(Session *session, const char *line)
{
	const char *brace = strrchr(line, '{');
	if (!brace || !g_str_has_suffix(line, "}"))
		return TRUE;
	gsize size = (gsize)g_ascii_strtoull(brace + 1, NULL, 10);
	if (!strchr(brace, '+') && !send_all(session, "+ go on\r\n"))
		return FALSE;
	while (session->input->len < size)
		if (!receive_more(session))
			return FALSE;
	g_string_erase(session->input, 0, (gssize)size);
	g_autofree char *rest = receive_line(session);
	return rest != NULL;
}

static const FakeRule *find_rule(FakeImap *fake, const char *command)
{
	for (guint i = 0; fake->rules[i].command; i++) {
		const FakeRule *rule = &fake->rules[i];
		gboolean meant =
			*rule->command ? strstr(command, rule->command) != NULL : *command == '\0';
		if (meant && fake->matches[i]++ >= rule->skip)
			return rule;
	}
	for (guint i = 0; i < G_N_ELEMENTS(defaults); i++)
		if (*defaults[i].command ? strstr(command, defaults[i].command) != NULL
		                         : *command == '\0' && defaults[i].reply)
			return &defaults[i];
	static const FakeRule yes = {"", "%T OK done\r\n"};
	return &yes;
}

/* FALSE when the conversation is over. */
static gboolean answer(Session *session, const char *tag, const char *command)
{
	const FakeRule *rule = find_rule(session->fake, command);
	if (!rule->reply) {
		while (receive_more(session))
			;
		return FALSE;
	}
	g_autoptr(GString) reply = g_string_new(rule->reply);
	g_string_replace(reply, "%T", tag, 0);
	if (!send_all(session, reply->str))
		return FALSE;
	g_autoptr(GString) endless = g_string_new(NULL);
	while (rule->endless && endless->len < ENDLESS_BLOCK)
		g_string_append(endless, rule->endless);
	while (rule->endless && send_all(session, endless->str))
		;
	return !rule->hang_up && !rule->endless;
}

static gboolean start_tls(Session *session)
{
	int status;
	gnutls_init(&session->tls, GNUTLS_SERVER | GNUTLS_NO_SIGNAL);
	gnutls_set_default_priority(session->tls);
	gnutls_credentials_set(session->tls, GNUTLS_CRD_CERTIFICATE, session->fake->credentials);
	gnutls_transport_set_int(session->tls, session->fd);
	do
		status = gnutls_handshake(session->tls);
	while (status < 0 && !gnutls_error_is_fatal(status));
	return status == GNUTLS_E_SUCCESS;
}

static void count_session(FakeImap *fake)
{
	g_mutex_lock(&fake->lock);
	fake->sessions++;
	g_mutex_unlock(&fake->lock);
}

static void converse(Session *session)
{
	FakeImap *fake = session->fake;
	if (fake->tls_at_once && !start_tls(session))
		return;
	if (!answer(session, "*", ""))
		return;
	for (;;) {
		g_autofree char *line = receive_line(session);
		if (!line || !receive_literal(session, line))
			return;
		const char *space = strchr(line, ' ');
		g_autofree char *tag =
			space ? g_strndup(line, (gsize)(space - line)) : g_strdup("");
		g_mutex_lock(&fake->lock);
		g_ptr_array_add(fake->commands, g_strdup(line));
		g_mutex_unlock(&fake->lock);
		if (!answer(session, tag, space ? space + 1 : line))
			return;
		if (space && strcmp(space + 1, "STARTTLS") == 0 && !start_tls(session))
			return;
	}
}

static gpointer serve(gpointer data)
{
	FakeImap *fake = data;
	for (;;) {
		int fd = accept(fake->listener, NULL, NULL);
		if (fd < 0 && errno == EINTR)
			continue;
		if (fd < 0 || g_atomic_int_get(&fake->stopping)) {
			if (fd >= 0)
				close(fd);
			return NULL;
		}
		g_atomic_int_set(&fake->connection, fd);
		Session session = {fake, fd, NULL, g_string_new(NULL)};
		count_session(fake);
		converse(&session);
		g_atomic_int_set(&fake->connection, -1);
		if (session.tls)
			gnutls_deinit(session.tls);
		g_string_free(session.input, TRUE);
		close(fd);
	}
}

static void remove_certificates(void)
{
	maildisk_remove_tree(certificates);
	g_clear_pointer(&certificates, g_free);
}

static gboolean make_certificates(void)
{
	const char *root = g_getenv("TRAWL_SOURCE_ROOT");
	g_autofree char *openssl = g_find_program_in_path("openssl");
	g_autofree char *program =
		g_build_filename(root ? root : ".", "tests", "support", "make-certificates", NULL);
	if (certificates || !openssl)
		return certificates != NULL;
	certificates = g_dir_make_tmp("trawl-fakeimap-XXXXXX", NULL);
	atexit(remove_certificates);
	const char *arguments[] = {program, certificates, NULL};
	int status = 0;
	g_spawn_sync(NULL, (char **)arguments, NULL,
	             G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL,
	             NULL, &status, NULL);
	g_assert_cmpint(status, ==, 0);
	return TRUE;
}

static void load_certificate(FakeImap *fake, const char *name)
{
	g_autofree char *file = g_strconcat(name, ".pem", NULL);
	g_autofree char *certificate = g_build_filename(certificates, file, NULL);
	g_autofree char *key = g_build_filename(certificates, "key.pem", NULL);
	gnutls_certificate_allocate_credentials(&fake->credentials);
	g_assert_cmpint(gnutls_certificate_set_x509_key_file(fake->credentials, certificate, key,
	                                                     GNUTLS_X509_FMT_PEM),
	                >=, 0);
}

static void open_listener(FakeImap *fake)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	fake->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(bind(fake->listener, (struct sockaddr *)&address, length), ==, 0);
	g_assert_cmpint(listen(fake->listener, 16), ==, 0);
	getsockname(fake->listener, (struct sockaddr *)&address, &length);
	fake->port = ntohs(address.sin_port);
}

FakeImap *fake_imap_start(const char *certificate, gboolean starttls, const FakeRule *rules)
{
	if (!make_certificates())
		return NULL;
	FakeImap *fake = g_new0(FakeImap, 1);
	fake->ca_file = g_build_filename(certificates, "ca.pem", NULL);
	load_certificate(fake, certificate ? certificate : "cert");
	fake->tls_at_once = certificate && !starttls;
	fake->rules = rules;
	guint count = 0;
	while (rules[count].command)
		count++;
	fake->matches = g_new0(guint, count + 1);
	fake->commands = g_ptr_array_new_with_free_func(g_free);
	fake->connection = -1;
	g_mutex_init(&fake->lock);
	open_listener(fake);
	fake->thread = g_thread_new("fake-imap", serve, fake);
	return fake;
}

void fake_imap_stop(FakeImap *fake)
{
	if (!fake)
		return;
	g_atomic_int_set(&fake->stopping, 1);
	shutdown(fake->listener, SHUT_RDWR);
	int fd = g_atomic_int_get(&fake->connection);
	if (fd >= 0)
		shutdown(fd, SHUT_RDWR);
	g_thread_join(fake->thread);
	close(fake->listener);
	gnutls_certificate_free_credentials(fake->credentials);
	g_ptr_array_unref(fake->commands);
	g_mutex_clear(&fake->lock);
	g_free(fake->matches);
	g_free(fake->ca_file);
	g_free(fake);
}

guint16 fake_imap_port(const FakeImap *fake)
{
	return fake->port;
}

const char *fake_imap_ca_file(const FakeImap *fake)
{
	return fake->ca_file;
}

guint fake_imap_count(FakeImap *fake, const char *words)
{
	guint count = 0;
	g_mutex_lock(&fake->lock);
	for (guint i = 0; i < fake->commands->len; i++)
		count += strstr(fake->commands->pdata[i], words) != NULL;
	g_mutex_unlock(&fake->lock);
	return count;
}

guint fake_imap_sessions(FakeImap *fake)
{
	g_mutex_lock(&fake->lock);
	guint count = fake->sessions;
	g_mutex_unlock(&fake->lock);
	return count;
}
