/* IMAP servers: configuration, and waiting for news. What is done with messages is in imap_read.c,
 * imap_find.c and imap_change.c, over the connections of imap_pool.c. */
#include "server/imap_private.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "model/names.h"
#include "server/config.h"

#include <string.h>

#define CONNECTIONS_MOST 500

/* Configuration */

static const char *choice(const json_t *config, const char *member, const char *fallback)
{
	const char *text = json_text(config, member);
	return text ? text : fallback;
}

static gboolean imap_validate(const json_t *config, const json_t *secret, GError **error)
{
	if (!config_check(&imap_server_kind, config, secret, error) ||
	    !config_require_text(config, "host", "the name of the IMAP server", error) ||
	    !config_check_int(config, "port", 1, 65535, error) ||
	    !config_check_int(config, "connections", 1, CONNECTIONS_MOST, error) ||
	    !config_check_int(config, "commands_per_minute", 0, 1000000, error) ||
	    !config_require_text(secret, "password", "the password of the login", error))
		return FALSE;
	if (strcmp(choice(config, "login", "master"), "user") == 0)
		return TRUE;
	const char *separator = choice(config, "master_separator", "*");
	if (!*separator)
		return config_invalid(error, "master_separator", "at least one character");
	return config_require_text(config, "master_user", "the user who may log in to any mailbox",
	                           error);
}

static gboolean read_settings(ImapSettings *settings, const json_t *config, const json_t *secret,
                              GError **error)
{
	settings->starttls = strcmp(choice(config, "tls", "implicit"), "starttls") == 0;
	settings->host = g_strdup(json_text(config, "host"));
	settings->port = (guint16)json_int(config, "port", settings->starttls ? 143 : 993);
	settings->login =
		(ImapLogin)names_find(imap_login_names, choice(config, "login", "master"));
	settings->local_part = strcmp(choice(config, "user_name", "address"), "local_part") == 0;
	settings->master_user = g_strdup(json_text(config, "master_user"));
	settings->master_separator = g_strdup(choice(config, "master_separator", "*"));
	settings->password = g_strdup(json_text(secret, "password"));
	settings->governor.per_minute = (double)json_int(config, "commands_per_minute", 0);
	settings->governor.filled = g_get_monotonic_time();
	g_mutex_init(&settings->governor.lock);
	settings->trust = imap_trust_new(json_text(config, "ca_file"), error);
	return settings->trust != NULL;
}

static void imap_free(Imap *imap)
{
	ImapSettings *settings = &imap->settings;
	imap_trust_free(settings->trust);
	wait_memory_free(imap->memory);
	g_mutex_clear(&settings->governor.lock);
	g_free(settings->host);
	g_free(settings->master_user);
	g_free(settings->master_separator);
	g_free(settings->password);
	g_free(imap->quarantine_mailbox);
	g_free(imap->quarantine_folder);
	g_free(imap);
}

/* Bodies are handed on as they come, so no string of libetpan is large; when one is, it stays in
 * memory instead of going to a file in /tmp. */
static void init_libetpan(void)
{
	static gsize once;
	if (g_once_init_enter(&once)) {
		mmap_string_set_ceil(G_MAXSIZE / 2);
		g_once_init_leave(&once, 1);
	}
}

static MailServer *imap_open(const json_t *config, const json_t *secret, GError **error)
{
	if (!imap_validate(config, secret, error))
		return NULL;
	init_libetpan();
	Imap *imap = g_new0(Imap, 1);
	imap->server.kind = &imap_server_kind;
	imap->quarantine_mailbox = g_strdup(json_text(config, "quarantine_mailbox"));
	imap->quarantine_folder = config_quarantine_folder(config);
	imap->limit = (guint)json_int(config, "connections", LIMIT_CONNECTIONS);
	if (!read_settings(&imap->settings, config, secret, error)) {
		imap_free(imap);
		return NULL;
	}
	imap->memory = wait_memory_new();
	imap_pool_start(imap);
	return &imap->server;
}

static void imap_close(MailServer *server)
{
	Imap *imap = (Imap *)server;
	imap_pool_stop(imap);
	imap_free(imap);
}

/* Waiting (RFC 2177) */

typedef struct {
	WaitMemory *memory;
	const char *folder;
	gint64 deadline;
	gboolean changed;
} WaitCall;

static gboolean is_news(const char *line)
{
	return *line == '*' && (strcasestr(line, " EXISTS") || strcasestr(line, " EXPUNGE") ||
	                        strcasestr(line, " FETCH "));
}

static gboolean wait_work(ImapConnection *connection, gpointer data, GError **error)
{
	WaitCall *call = data;
	mailimap *imap = connection->imap;
	if (!imap_has(connection, "IDLE")) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		                    "the mail server has no IDLE");
		return FALSE;
	}
	if (!imap_select(connection, call->folder, FALSE, error))
		return FALSE;
	g_autofree char *state =
		g_strdup_printf("%u %u", connection->uidvalidity, connection->uidnext);
	call->changed = wait_memory_is_news(call->memory, connection->mailbox, call->folder, state);
	if (call->changed)
		return TRUE;
	int tag = imap_send(connection, "IDLE");
	if (!imap_wait_continue(connection, tag, error))
		return FALSE;
	while (!call->changed && imap_stream_wait(imap->imap_stream, call->deadline)) {
		const char *line = mailimap_read_line(imap);
		if (!line)
			return imap_refuse(connection, "the mail server ended the wait") ||
			       imap_receive(connection, tag, error);
		call->changed = is_news(line);
	}
	/* the goodbye has a little time of its own */
	imap_connection_set_deadline(connection, MAX(call->deadline, deadline_in(5)));
	imap_write(connection, "DONE\r\n", 6);
	return imap_receive(connection, tag, error);
}

static gboolean imap_wait(MailServer *server, const char *mailbox, const char *folder,
                          gint64 deadline, gboolean *changed, GError **error)
{
	WaitCall call = {((Imap *)server)->memory, folder, deadline, FALSE};
	gboolean waited = imap_run((Imap *)server, mailbox, deadline, wait_work, &call, error);
	*changed = call.changed;
	return waited;
}

static const char *const config_members[] = {"host",
                                             "port",
                                             "tls",
                                             "ca_file",
                                             "login",
                                             "master_user",
                                             "master_separator",
                                             "user_name",
                                             "connections",
                                             "commands_per_minute",
                                             "domains",
                                             "quarantine_mailbox",
                                             "quarantine_folder",
                                             NULL};
static const char *const secret_members[] = {"password", NULL};

const MailServerKind imap_server_kind = {
	.name = "imap",
	.title = "IMAP",
	.config = config_members,
	.secret = secret_members,
	.validate = imap_validate,
	.open = imap_open,
	.close = imap_close,
	.check = imap_check,
	.folders = imap_folders,
	.list_new = imap_list_new,
	.fetch = imap_fetch,
	.find = imap_find,
	.find_similar = imap_find_similar,
	.stat = imap_stat,
	.stat_to_remove = imap_stat_to_remove,
	.read = imap_read,
	.leave = imap_leave,
	.connections = imap_connections,
	.move = imap_move,
	.put = imap_put,
	.mark = imap_mark,
	.since = imap_since,
	.remove = imap_remove,
	.wait = imap_wait,
};
