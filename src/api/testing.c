/* The rig of the API's tests. Only tests are linked with it. */
#include "api/testing.h"

#include "audit/audit.h"
#include "auth/secret.h"
#include "auth/setup.h"
#include "base/clock.h"
#include "mail/findings/limits.h"
#include "server/maildir.h"
#include "store/incident.h"
#include "store/report.h"
#include "store/source.h"
#include "web/web.h"

#include <arpa/inet.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char raw_message[] = API_RIG_MESSAGE;
static const char breakdown[] =
	"{\"schema\":\"trawl.breakdown/1\",\"message\":{\"subject\":\"Prize\",\"headers\":[],"
	"\"text\":\"Click\",\"html\":null,\"attachments\":[{\"message\":{\"headers\":[],"
	"\"text\":\"Deeper\",\"html\":\"<p>Deeper\",\"shown\":\"Deeper\"}}],\"links\":[{\"url\":"
	"\"http://x.example/\",\"text\":\"here\"}]}}";

void api_rig_write(ApiRig *rig, DbWork work, gpointer data)
{
	g_autoptr(GError) error = NULL;
	db_write(rig->db, work, data, &error);
	g_assert_no_error(error);
}

static gboolean make_keys(Db *db, gpointer data, GError **error)
{
	ApiRig *rig = data;
	for (guint i = 0; i < G_N_ELEMENTS(rig->keys); i++) {
		gboolean expired = i == API_RIG_EXPIRED;
		const char *const scopes[] = {scope_names[expired ? 0 : i], NULL};
		g_clear_pointer(&rig->keys[i], g_free);
		g_autoptr(ApiKey) key =
			api_key_make(expired ? "expired" : scopes[0], scopes, "test",
		                     expired ? clock_now() - 1 : 0, &rig->keys[i], error);
		if (!key || !api_key_insert(db, key, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean make_configuration(Db *db, gpointer data, GError **error)
{
	ApiRig *rig = data;
	g_autoptr(MailServerRow) server = g_new0(MailServerRow, 1);
	server->name = g_strdup("post office");
	server->kind = g_strdup("maildir");
	server->config = g_strdup("{\"path\":\"/srv/mail/%d/%n/Maildir\"}");
	g_autoptr(Source) source = g_new0(Source, 1);
	source->name = g_strdup("abuse");
	source->type = g_strdup(SOURCE_TYPE_ABUSE_MAILBOX);
	source->description = g_strdup("");
	source->mailbox = g_strdup("abuse@corp.example");
	source->folder = g_strdup("INBOX");
	source->polling_interval = 1;
	source->enabled = TRUE;
	if (!audit_append(db, "test", "test.setup", "test", 1, 0, NULL, &server->revision, error) ||
	    !mail_server_insert(db, server, error))
		return FALSE;
	source->mail_server_id = rig->server_id = server->id;
	source->revision = server->revision;
	gboolean ok = source_insert(db, source, error);
	rig->source_id = source->id;
	return ok;
}

typedef struct {
	ApiRig *rig;
	const char *message_id, *recipient;
	gint64 report_id, original_id, incident_id, alert_id;
} Raise;

static gboolean raise_report(Db *db, Raise *raise, gint64 revision, GError **error)
{
	gboolean inserted;
	g_autoptr(GBytes) raw = g_bytes_new_static(raw_message, strlen(raw_message));
	g_autofree char *sha256 = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, raw);
	g_autoptr(Report) report = g_new0(Report, 1);
	report->source_id = raise->rig->source_id;
	report->epoch = g_strdup("1");
	report->server_uid = g_strdup(raise->message_id);
	report->sha256 = g_strdup(sha256);
	report->reporter = g_strdup(raise->recipient);
	report->found_at = clock_now();
	report->revision = revision;
	g_autoptr(Original) original = g_new0(Original, 1);
	original->message_id = g_strdup(raise->message_id);
	original->fingerprint = g_strdup(raise->message_id);
	original->first_hand = TRUE;
	original->sha256 = g_strdup(sha256);
	original->created_at = clock_now();
	if (!raw_store_register(raise->rig->raw, db, sha256, raw, error) ||
	    !report_insert(db, report, &inserted, error) ||
	    !original_insert(db, original, breakdown, error))
		return FALSE;
	raise->report_id = report->id;
	raise->original_id = original->id;
	return TRUE;
}

static gboolean raise_incident(Db *db, gpointer data, GError **error)
{
	Raise *raise = data;
	gint64 revision;
	gboolean raised;
	if (!audit_append(db, "worker", "incident.open", "incident", 1, 0, NULL, &revision,
	                  error) ||
	    !raise_report(db, raise, revision, error))
		return FALSE;
	g_autoptr(Incident) incident = g_new0(Incident, 1);
	incident->link_key = g_strdup(raise->message_id);
	incident->original_id = raise->original_id;
	incident->title = g_strdup_printf("Prize %s", raise->message_id);
	incident->opened_at = incident->updated_at = clock_now();
	incident->revision = revision;
	g_autoptr(Alert) alert = g_new0(Alert, 1);
	if (!incident_insert(db, incident, error))
		return FALSE;
	alert->incident_id = raise->incident_id = incident->id;
	alert->source_id = raise->rig->source_id;
	alert->report_id = raise->report_id;
	alert->original_id = raise->original_id;
	alert->recipient = g_strdup(raise->recipient);
	alert->message_id = g_strdup(raise->message_id);
	alert->opened_at = clock_now();
	alert->revision = revision;
	if (!alert_raise(db, alert, &raised, error) ||
	    !report_join(db, raise->report_id, incident->id, raise->original_id, error) ||
	    !incident_recount(db, incident->id, revision, clock_now(), error))
		return FALSE;
	raise->alert_id = alert->id;
	return TRUE;
}

gint64 api_rig_raise(ApiRig *rig, const char *message_id, const char *recipient)
{
	Raise raise = {.rig = rig, .message_id = message_id, .recipient = recipient};
	api_rig_write(rig, raise_incident, &raise);
	return raise.incident_id;
}

/* One for all rigs of a program: it takes a while to load what reading needs. */
static struct {
	char *directory, *socket;
	pid_t role;
} reader;

static void stop_reader(void)
{
	kill(reader.role, SIGTERM);
	waitpid(reader.role, NULL, 0);
	g_rmdir(reader.directory);
	g_free(reader.directory);
	g_free(reader.socket);
}

static const char *reader_socket(void)
{
	if (reader.socket)
		return reader.socket;
	reader.directory = g_dir_make_tmp("trawl-reader-XXXXXX", NULL);
	reader.socket = g_build_filename(reader.directory, "sock", NULL);
	reader.role = fork();
	if (reader.role == 0)
		_exit(reader_serve(reader.socket));
	atexit(stop_reader);
	while (!g_file_test(reader.socket, G_FILE_TEST_EXISTS))
		g_usleep(10000);
	return reader.socket;
}

static void keep_raw(ApiRig *rig)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) messages =
		g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	g_ptr_array_add(messages, g_bytes_new_static(raw_message, strlen(raw_message)));
	g_autoptr(GPtrArray) hashes = raw_store_put(rig->raw, messages, &error);
	g_assert_no_error(error);
}

ApiRig *api_rig_new(void)
{
	return api_rig_new_limited("");
}

ApiRig *api_rig_new_limited(const char *limits)
{
	static const MailServerKind *const kinds[] = {&maildir_server_kind, NULL};
	static const char *const hosts[] = {"", "trawl.corp.example", NULL};
	g_autoptr(GError) error = NULL;
	ApiRig *rig = g_new0(ApiRig, 1);
	rig->directory = g_dir_make_tmp("trawl-api-XXXXXX", &error);
	g_assert_no_error(error);
	g_autofree char *uri = g_strdup_printf("sqlite://%s/trawl.db", rig->directory);
	g_autofree char *raw = g_build_filename(rig->directory, "raw", NULL);
	ApiConfig config = {.listen = "127.0.0.1:0",
	                    .kinds = kinds,
	                    .data_dir = rig->directory,
	                    .hosts = hosts,
	                    .pages = web_pages(),
	                    .threads = 4};
	config.limits = rig->limits = json_object();
	mail_limits_parse(rig->limits, limits, &error);
	g_assert_no_error(error);
	config.readers = rig->readers = reader_pool_new(reader_socket(), 2);
	rig->db = config.db = db_pool_open(uri, &error);
	g_assert_no_error(error);
	g_assert_true(db_migrate(rig->db, &error));
	rig->raw = config.raw = raw_store_new(raw, &error);
	g_assert_true(secret_make_keys(rig->directory, &error));
	g_assert_true(secret_load_public(rig->directory, config.public_key, &error));
	g_assert_true(secret_load_totp(rig->directory, config.totp_key, &error));
	api_rig_write(rig, make_keys, rig);
	api_rig_write(rig, make_configuration, rig);
	keep_raw(rig);
	Raise raise = {.rig = rig, .message_id = "1@x", .recipient = "ann@corp.example"};
	api_rig_write(rig, raise_incident, &raise);
	rig->report_id = raise.report_id;
	rig->original_id = raise.original_id;
	rig->incident_id = raise.incident_id;
	rig->alert_id = raise.alert_id;
	rig->api = api_start(&config, &error);
	g_assert_no_error(error);
	return rig;
}

static void remove_tree(const char *path)
{
	g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
	const char *name;
	while (directory && (name = g_dir_read_name(directory))) {
		g_autofree char *inner = g_build_filename(path, name, NULL);
		remove_tree(inner);
	}
	g_remove(path);
}

void api_rig_free(ApiRig *rig)
{
	if (!rig)
		return;
	api_stop(rig->api);
	reader_pool_free(rig->readers);
	json_decref(rig->limits);
	raw_store_free(rig->raw);
	db_pool_close(rig->db);
	remove_tree(rig->directory);
	for (guint i = 0; i < G_N_ELEMENTS(rig->keys); i++)
		g_free(rig->keys[i]);
	g_free(rig->directory);
	g_free(rig);
}

void reply_free(Reply *reply)
{
	if (!reply)
		return;
	g_free(reply->head);
	g_bytes_unref(reply->body);
	json_decref(reply->json);
	g_free(reply);
}

char *reply_header(const Reply *reply, const char *name)
{
	g_auto(GStrv) lines = g_strsplit(reply->head, "\r\n", -1);
	gsize length = strlen(name);
	for (char **line = lines; *line; line++)
		if (g_ascii_strncasecmp(*line, name, length) == 0 && (*line)[length] == ':')
			return g_strdup(g_strstrip(*line + length + 1));
	return NULL;
}

int api_rig_connect(const ApiRig *rig)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_port = g_htons(api_port(rig->api)),
	                              .sin_addr.s_addr = g_htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
	return fd;
}

static Reply *parse_reply(const GByteArray *octets)
{
	Reply *reply = g_new0(Reply, 1);
	const char *text = (const char *)octets->data;
	const char *end = octets->len ? g_strstr_len(text, octets->len, "\r\n\r\n") : NULL;
	gsize head = end ? (gsize)(end - text) + 4 : octets->len;
	reply->head = g_strndup(text ? text : "", head);
	reply->body = g_bytes_new(text ? text + head : NULL, octets->len - head);
	if (g_str_has_prefix(reply->head, "HTTP/1."))
		reply->status = (int)g_ascii_strtoll(reply->head + 9, NULL, 10);
	g_autofree char *type = reply_header(reply, "Content-Type");
	if (type && strstr(type, "json"))
		reply->json = json_parse(g_bytes_get_data(reply->body, NULL),
		                         (gssize)g_bytes_get_size(reply->body), NULL);
	return reply;
}

Reply *api_rig_send(const ApiRig *rig, const void *octets, gsize length)
{
	int fd = api_rig_connect(rig);
	for (gsize sent = 0; sent < length;) {
		ssize_t n = send(fd, (const char *)octets + sent, length - sent, MSG_NOSIGNAL);
		if (n <= 0)
			break; /* refused in the middle; its answer is still to be read */
		sent += (gsize)n;
	}
	g_autoptr(GByteArray) all = g_byte_array_new();
	guint8 piece[16 * 1024];
	for (ssize_t n; (n = recv(fd, piece, sizeof piece, 0)) > 0;)
		g_byte_array_append(all, piece, (guint)n);
	close(fd);
	return parse_reply(all);
}

Reply *api_rig_call(const ApiRig *rig, guint scope, const char *method, const char *target,
                    const char *body, const char *headers)
{
	g_autoptr(GString) text = g_string_new(NULL);
	int bit = 0;
	while (scope && !(scope & (1u << bit)))
		bit++;
	g_string_append_printf(text, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n",
	                       method, target);
	if (scope)
		g_string_append_printf(text, "Authorization: Bearer %s\r\n", rig->keys[bit]);
	if (body)
		g_string_append_printf(text,
		                       "Content-Type: application/json\r\nContent-Length: %zu\r\n",
		                       strlen(body));
	g_string_append_printf(text, "%s\r\n%s", headers ? headers : "", body ? body : "");
	return api_rig_send(rig, text->str, text->len);
}

static gboolean make_token(Db *db, gpointer data, GError **error)
{
	char **token = data;
	g_clear_pointer(token, g_free);
	*token = setup_token_make(db, clock_now(), error);
	return *token != NULL;
}

ApiRig *api_rig_with_ann(void)
{
	ApiRig *rig = api_rig_new();
	g_autofree char *token = NULL;
	api_rig_write(rig, make_token, &token);
	g_autofree char *body =
		g_strdup_printf("{\"token\":\"%s\",\"name\":\"Ann\",\"password\":\"%s\"}", token,
	                        API_RIG_PASSPHRASE);
	g_autoptr(Reply) made = api_rig_call(rig, 0, "POST", "/v1/setup", body, NULL);
	g_assert_cmpint(made->status, ==, 201);
	return rig;
}

Reply *api_rig_log_in(const ApiRig *rig, const char *name, const char *password, const char *code)
{
	g_autoptr(json_t) body =
		json_pack("{s:s, s:s, s:s*}", "name", name, "password", password, "code", code);
	g_autofree char *text = json_format(body);
	return api_rig_call(rig, 0, "POST", "/v1/session", text, NULL);
}

char *reply_session(const Reply *reply)
{
	g_autofree char *set = reply_header(reply, "Set-Cookie");
	g_assert_nonnull(set);
	return g_strdup_printf("Cookie: theme=dark; %.*s\r\nX-CSRF-Token: %s\r\n",
	                       (int)strcspn(set, ";"), set, json_text(reply->json, "csrf"));
}

char *api_rig_session(const ApiRig *rig, const char *name)
{
	g_autoptr(Reply) reply = api_rig_log_in(rig, name, API_RIG_PASSPHRASE, NULL);
	g_assert_cmpint(reply->status, ==, 201);
	return reply_session(reply);
}
