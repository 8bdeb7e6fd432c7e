/* One logged-in IMAP connection.
 *
 * Trawl writes the commands, because it must know to the octet what it sends, and may have several
 * under way at once; libetpan parses the answers. A connection that answered something unexpected
 * is never used again: what comes next on it could belong to another command. */
#include "server/imap_connection.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "server/server.h"

#include <string.h>

#define OPEN_SECONDS 30.0 /* to connect, agree on TLS and log in: who is deaf is known soon */
#define KEPT_MOST    (10 * CLOCK_SECOND) /* a selection older than this is not relied on */
#define TEXT_MOST    200          /* octets of a server's words that are quoted in an error */
#define RAW_FOLDER   "imap-name:" /* + a name that is not the modified UTF-7 of anything */

const char *const imap_login_names[] = {"master", "authzid", "user", NULL};

/* Names and strings */

static char *quote(const char *text, gboolean eight_bits)
{
	GString *quoted = g_string_new("\"");
	for (const char *p = text; *p; p++) {
		if (!g_ascii_isprint(*p) && *p != '\t' && !(eight_bits && (*p & 0x80))) {
			g_string_free(quoted, TRUE);
			return NULL;
		}
		if (*p == '"' || *p == '\\')
			g_string_append_c(quoted, '\\');
		g_string_append_c(quoted, *p);
	}
	g_string_append_c(quoted, '"');
	return g_string_free(quoted, FALSE);
}

char *imap_quote(const char *text)
{
	return quote(text, FALSE);
}

static char *folder_wire(const char *folder)
{
	if (g_str_has_prefix(folder, RAW_FOLDER))
		return g_strcompress(folder + strlen(RAW_FOLDER));
	if (g_ascii_strcasecmp(folder, "INBOX") == 0)
		return g_strdup("INBOX");
	return *folder ? g_convert(folder, -1, "UTF-7-IMAP", "UTF-8", NULL, NULL, NULL) : NULL;
}

char *imap_folder_quote(const char *folder)
{
	g_autofree char *wire = folder_wire(folder);
	return wire ? quote(wire, TRUE) : NULL; /* as the server itself has named it */
}

char *imap_folder_display(const char *wire)
{
	if (g_ascii_strcasecmp(wire, "INBOX") == 0) /* one folder, in whatever letters */
		return g_strdup("INBOX");
	g_autofree char *name = g_convert(wire, -1, "UTF-8", "UTF-7-IMAP", NULL, NULL, NULL);
	g_autofree char *back = name ? folder_wire(name) : NULL;
	if (g_strcmp0(back, wire) == 0)
		return g_steal_pointer(&name);
	g_autofree char *escaped = g_strescape(wire, NULL);
	return g_strconcat(RAW_FOLDER, escaped, NULL);
}

char *imap_date(gint64 wall)
{
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
	                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(wall / CLOCK_SECOND);
	return g_strdup_printf("\"%02d-%s-%04d %02d:%02d:%02d +0000\"",
	                       g_date_time_get_day_of_month(time),
	                       months[g_date_time_get_month(time) - 1], g_date_time_get_year(time),
	                       g_date_time_get_hour(time), g_date_time_get_minute(time),
	                       g_date_time_get_second(time));
}

/* Errors */

/* Response codes (RFC 5530 and others) by remedy. */
static const struct {
	const char *atom;
	TrawlError code;
} response_codes[] = {
	{"UNAVAILABLE", TRAWL_ERROR_UNREACHABLE},
	{"AUTHENTICATIONFAILED", TRAWL_ERROR_AUTHENTICATION},
	{"AUTHORIZATIONFAILED", TRAWL_ERROR_DENIED},
	{"EXPIRED", TRAWL_ERROR_AUTHENTICATION},
	{"PRIVACYREQUIRED", TRAWL_ERROR_DENIED},
	{"CONTACTADMIN", TRAWL_ERROR_DENIED},
	{"NOPERM", TRAWL_ERROR_DENIED},
	{"INUSE", TRAWL_ERROR_BUSY},
	{"CANNOT", TRAWL_ERROR_INVALID},
	{"LIMIT", TRAWL_ERROR_THROTTLED},
	{"THROTTLED", TRAWL_ERROR_THROTTLED},
	{"OVERQUOTA", TRAWL_ERROR_LIMIT},
	{"TOOBIG", TRAWL_ERROR_LIMIT},
	{"ALREADYEXISTS", TRAWL_ERROR_CONFLICT},
};

/* Without Dovecot's "(0.001 + 0.000 secs)." and without the full stop, as more may follow. */
static void drop_timing(char *text)
{
	g_strchomp(text);
	char *open = g_str_has_suffix(text, " secs).") ? strrchr(text, '(') : NULL;
	if (open)
		*open = '\0';
	g_strchomp(text);
	if (g_str_has_suffix(text, "."))
		text[strlen(text) - 1] = '\0';
}

static char *server_text(const ImapConnection *connection)
{
	const char *text = connection->imap->imap_response;
	g_autofree char *valid = text_from_bytes(text ? text : "", text ? strlen(text) : 0);
	drop_timing(valid);
	return g_utf8_strlen(valid, -1) > TEXT_MOST ? g_utf8_substring(valid, 0, TEXT_MOST)
	                                            : g_steal_pointer(&valid);
}

/* The atom of the tagged answer's response code, or NULL. */
static const char *response_atom(const ImapConnection *connection)
{
	const struct mailimap_response_info *info = connection->imap->imap_response_info;
	if (!info)
		return NULL;
	return info->rsp_trycreate ? "TRYCREATE" : info->rsp_atom;
}

static gboolean has_atom(const ImapConnection *connection, const char *atom)
{
	const char *found = response_atom(connection);
	return found && g_ascii_strcasecmp(found, atom) == 0;
}

/* The server said NO. */
static gboolean set_refusal(ImapConnection *connection, GError **error)
{
	const char *atom = response_atom(connection);
	g_autofree char *text = server_text(connection);
	connection->said_no = TRUE;
	TrawlError code = TRAWL_ERROR_REMOTE;
	for (guint i = 0; atom && i < G_N_ELEMENTS(response_codes); i++)
		if (g_ascii_strcasecmp(response_codes[i].atom, atom) == 0)
			code = response_codes[i].code;
	g_set_error(error, TRAWL_ERROR, (gint)code, "the mail server refuses: %s%s%s%s",
	            atom ? "[" : "", atom ? atom : "", atom ? "] " : "", text);
	return FALSE;
}

gboolean imap_refuse(ImapConnection *connection, const char *message)
{
	connection->broken = TRUE;
	if (!connection->problem)
		connection->problem = g_error_new_literal(TRAWL_ERROR, TRAWL_ERROR_REMOTE, message);
	return FALSE;
}

/* BAD is an answer: the command was not carried out. A wrong tag is none. libetpan does not tell
 * them apart, but leaves the line. */
static gboolean was_bad(const ImapConnection *connection, int tag)
{
	const MMAPString *buffer = connection->imap->imap_stream_buffer;
	const char *newline = buffer->len > 1 ? memrchr(buffer->str, '\n', buffer->len - 1) : NULL;
	g_autofree char *start = g_strdup_printf("%d BAD", tag);
	return g_ascii_strncasecmp(newline ? newline + 1 : buffer->str, start, strlen(start)) == 0;
}

static gboolean set_bad(const ImapConnection *connection, GError **error)
{
	g_autofree char *text = server_text(connection);
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE,
	            "the mail server does not understand: %s", text);
	return FALSE;
}

/* Nothing usable came back; the connection is done for. */
static gboolean set_broken(ImapConnection *connection, int result, GError **error)
{
	const GError *low = imap_stream_error(connection->imap->imap_stream);
	g_autoptr(GError) cause = NULL;
	connection->broken = TRUE;
	if (connection->problem)
		cause = g_error_copy(connection->problem);
	else if (low)
		cause = g_error_copy(low);
	else if (result == MAILIMAP_ERROR_STREAM || result == MAILIMAP_ERROR_FATAL)
		cause = g_error_new(TRAWL_ERROR, TRAWL_ERROR_UNREACHABLE,
		                    "the mail server ended the connection");
	else
		cause = g_error_new(TRAWL_ERROR, TRAWL_ERROR_REMOTE,
		                    "the mail server's answer is not IMAP, or not one to this "
		                    "command");
	if (connection->changing)
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_UNKNOWN_OUTCOME,
		            "it is not known whether the change was made: %s", cause->message);
	else
		g_propagate_error(error, g_steal_pointer(&cause));
	return FALSE;
}

/* What FETCH says */

static const struct {
	int type;
	const char *name;
} flag_names[] = {
	{MAILIMAP_FLAG_ANSWERED, "\\Answered"}, {MAILIMAP_FLAG_FLAGGED, "\\Flagged"},
	{MAILIMAP_FLAG_DELETED, "\\Deleted"},   {MAILIMAP_FLAG_SEEN, "\\Seen"},
	{MAILIMAP_FLAG_DRAFT, "\\Draft"},
};

static char *flag_name(const struct mailimap_flag_fetch *fetched)
{
	if (fetched->fl_type == MAILIMAP_FLAG_FETCH_RECENT || !fetched->fl_flag)
		return NULL; /* \Recent is the session's, not the message's */
	const struct mailimap_flag *flag = fetched->fl_flag;
	for (guint i = 0; i < G_N_ELEMENTS(flag_names); i++)
		if (flag_names[i].type == flag->fl_type)
			return g_strdup(flag_names[i].name);
	const char *name = flag->fl_data.fl_keyword;
	if (!name)
		return NULL;
	return flag->fl_type == MAILIMAP_FLAG_EXTENSION ? g_strconcat("\\", name, NULL)
	                                                : g_strdup(name);
}

static int compare_flags(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char **flags_new(const struct mailimap_msg_att_dynamic *dynamic)
{
	g_autoptr(GPtrArray) flags = g_ptr_array_new_with_free_func(g_free);
	clistiter *at = dynamic->att_list ? clist_begin(dynamic->att_list) : NULL;
	for (; at; at = clist_next(at)) {
		char *name = flag_name(clist_content(at));
		if (name)
			g_ptr_array_add(flags, name);
	}
	g_ptr_array_sort(flags, compare_flags);
	g_ptr_array_add(flags, NULL);
	return (char **)g_ptr_array_steal(flags, NULL);
}

static gint64 wall_of(const struct mailimap_date_time *date)
{
	g_autoptr(GDateTime) time = g_date_time_new_utc(date->dt_year, date->dt_month, date->dt_day,
	                                                date->dt_hour, date->dt_min, date->dt_sec);
	gint64 offset = (date->dt_zone / 100) * 3600 + (date->dt_zone % 100) * 60;
	gint64 wall = time ? (g_date_time_to_unix(time) - offset) * CLOCK_SECOND : 0;
	return wall ? wall : 1; /* 0 is none, and the first second of 1970 is one */
}

static void read_section(ImapConnection *connection, ImapFetched *fetched,
                         const struct mailimap_msg_att_body_section *section)
{
	fetched->bodies++;
	fetched->whole = section->sec_origin_octet == 0 &&
	                 !(section->sec_section && section->sec_section->sec_spec);
	g_clear_pointer(&fetched->body, g_bytes_unref);
	if (connection->streamed) {
		fetched->body = g_byte_array_free_to_bytes(connection->body);
		connection->body = g_byte_array_new();
	} else if (section->sec_body_part) { /* a quoted string, or nothing at all */
		fetched->body = g_bytes_new(section->sec_body_part, section->sec_length);
	}
}

static void read_static(ImapConnection *connection, ImapFetched *fetched,
                        const struct mailimap_msg_att_static *item)
{
	if (item->att_type == MAILIMAP_MSG_ATT_UID)
		fetched->uid = item->att_data.att_uid;
	else if (item->att_type == MAILIMAP_MSG_ATT_RFC822_SIZE)
		fetched->size = item->att_data.att_rfc822_size;
	else if (item->att_type == MAILIMAP_MSG_ATT_INTERNALDATE &&
	         item->att_data.att_internal_date)
		fetched->received_at = wall_of(item->att_data.att_internal_date);
	else if (item->att_type == MAILIMAP_MSG_ATT_BODY_SECTION && item->att_data.att_body_section)
		read_section(connection, fetched, item->att_data.att_body_section);
}

/* libetpan calls this for each FETCH answer, solicited or not, as soon as it is complete. */
static void on_answer(struct mailimap_msg_att *answer, void *data)
{
	ImapConnection *connection = data;
	ImapFetched fetched = {.size = -1};
	for (clistiter *at = clist_begin(answer->att_list); at; at = clist_next(at)) {
		const struct mailimap_msg_att_item *item = clist_content(at);
		if (item->att_type == MAILIMAP_MSG_ATT_ITEM_STATIC) {
			read_static(connection, &fetched, item->att_data.att_static);
		} else if (item->att_type == MAILIMAP_MSG_ATT_ITEM_DYNAMIC) {
			g_strfreev(fetched.flags);
			fetched.flags = flags_new(item->att_data.att_dyn);
		}
	}
	connection->streamed = FALSE;
	g_byte_array_set_size(connection->body, 0);
	if (connection->on_fetched && !connection->broken &&
	    !connection->on_fetched(connection, &fetched, connection->on_fetched_data)) {
		connection->broken = TRUE;
		connection->stopped = !connection->problem;
		imap_stream_stop_reading(connection->imap->imap_stream);
	}
	g_strfreev(fetched.flags);
	g_clear_pointer(&fetched.body, g_bytes_unref);
}

/* The octets of a literal as they come in. */
static bool on_octets(int type, struct mailimap_msg_att_body_section *section, const char *octets,
                      size_t length, void *data)
{
	ImapConnection *connection = data;
	connection->streamed = TRUE;
	if (connection->body->len + length > LIMIT_MESSAGE_SIZE)
		return imap_refuse(connection, "the mail server sends a message without end");
	if (connection->on_fetched)
		g_byte_array_append(connection->body, (const guint8 *)octets, (guint)length);
	return true;
}

/* libetpan uses its handlers only when somebody watches its progress. */
static void on_progress(size_t current, size_t maximum, void *data)
{
}

void imap_on_fetched(ImapConnection *connection, ImapOnFetched on_fetched, gpointer data)
{
	connection->on_fetched = on_fetched;
	connection->on_fetched_data = data;
}

/* Commands */

static gboolean governor_take(ImapGovernor *governor, gint64 deadline, GError **error)
{
	if (governor->per_minute <= 0)
		return TRUE;
	g_mutex_lock(&governor->lock);
	double per_second = governor->per_minute / 60;
	gint64 now = g_get_monotonic_time();
	governor->tokens += (double)(now - governor->filled) / CLOCK_SECOND * per_second;
	governor->tokens = MIN(governor->tokens, MAX(1, governor->per_minute / 6));
	governor->filled = now;
	governor->tokens -= 1; /* below nothing: a place in the queue */
	gint64 wait =
		governor->tokens >= 0 ? 0 : (gint64)(-governor->tokens / per_second * CLOCK_SECOND);
	if (now + wait > deadline)
		governor->tokens += 1;
	g_mutex_unlock(&governor->lock);
	if (now + wait > deadline) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_THROTTLED,
		            "\"commands_per_minute\" (%g) leaves no room before the deadline",
		            governor->per_minute);
		return FALSE;
	}
	if (wait > 0)
		g_usleep((gulong)wait);
	return TRUE;
}

gboolean imap_write(ImapConnection *connection, const void *octets, gsize length)
{
	return !connection->broken &&
	       mailstream_write(connection->imap->imap_stream, octets, length) >= 0;
}

int imap_send(ImapConnection *connection, const char *format, ...)
{
	if (connection->broken)
		return 0;
	if (!governor_take(&connection->settings->governor, connection->deadline,
	                   &connection->problem)) {
		connection->broken = TRUE;
		return 0;
	}
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *command = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	connection->last_tag++;
	g_autofree char *line = g_strdup_printf("%d %s\r\n", connection->last_tag, command);
	imap_write(connection, line, strlen(line));
	return connection->last_tag;
}

static gboolean parse_answer(ImapConnection *connection, int tag, GError **error)
{
	struct mailimap_response *response = NULL;
	connection->imap->imap_tag = connection->answered = tag;
	connection->said_no = FALSE;
	int result = mailimap_parse_response(connection->imap, &response);
	if (result == MAILIMAP_ERROR_PROTOCOL && was_bad(connection, tag))
		return set_bad(connection, error);
	if (result != MAILIMAP_NO_ERROR)
		return set_broken(connection, result, error);
	int state = response->rsp_resp_done->rsp_data.rsp_tagged->rsp_cond_state->rsp_type;
	mailimap_response_free(response);
	if (connection->broken) /* by what we saw in it */
		return set_broken(connection, MAILIMAP_ERROR_PROTOCOL, error);
	return state == MAILIMAP_RESP_COND_STATE_OK || set_refusal(connection, error);
}

static gboolean begin_answer(ImapConnection *connection)
{
	mailimap *imap = connection->imap;
	imap->imap_response = NULL;
	imap_stream_expect(imap->imap_stream, connection->literal_max);
	return !connection->broken && mailstream_flush(imap->imap_stream) == 0 &&
	       mailimap_read_line(imap) != NULL;
}

gboolean imap_receive(ImapConnection *connection, int tag, GError **error)
{
	if (!begin_answer(connection))
		return set_broken(connection, MAILIMAP_ERROR_STREAM, error);
	return parse_answer(connection, tag, error);
}

void imap_allow_literals(ImapConnection *connection, gsize octets)
{
	connection->literal_max = octets;
}

gboolean imap_command(ImapConnection *connection, GError **error, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *command = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	int tag = imap_send(connection, "%s", command);
	return imap_receive(connection, tag, error);
}

gboolean imap_wait_continue(ImapConnection *connection, int tag, GError **error)
{
	mailimap *imap = connection->imap;
	if (!begin_answer(connection))
		return set_broken(connection, MAILIMAP_ERROR_STREAM, error);
	const char *line = imap->imap_stream_buffer->str;
	while (line && *line == '*') /* news about the selected folder; not ours to wait for */
		line = mailimap_read_line(imap);
	if (!line)
		return set_broken(connection, MAILIMAP_ERROR_STREAM, error);
	if (*line == '+')
		return TRUE;
	if (!parse_answer(connection, tag, error))
		return FALSE;
	imap_refuse(connection, "the mail server does not want the rest of a command");
	return set_broken(connection, MAILIMAP_ERROR_PROTOCOL, error);
}

gboolean imap_has(const ImapConnection *connection, const char *capability)
{
	return g_str_has_prefix(capability, "AUTH=")
	               ? mailimap_has_authentication(connection->imap, capability + strlen("AUTH="))
	               : mailimap_has_extension(connection->imap, capability);
}

/* Selecting */

int imap_send_select(ImapConnection *connection, const char *folder, gboolean writable)
{
	g_autofree char *name = imap_folder_quote(folder);
	if (!name)
		return 0;
	g_clear_pointer(&connection->folder, g_free); /* whatever comes of it */
	return imap_send(connection, "%s %s", writable ? "SELECT" : "EXAMINE", name);
}

gboolean imap_is_selected(const ImapConnection *connection, const char *folder, gboolean writable)
{
	const struct mailimap_selection_info *info = connection->imap->imap_selection_info;
	return !connection->broken && connection->folder &&
	       strcmp(connection->folder, folder) == 0 && (connection->writable || !writable) &&
	       info && info->sel_uidvalidity == connection->uidvalidity &&
	       g_get_monotonic_time() - connection->selected_at < KEPT_MOST;
}

/* INBOX exists in every mailbox, so one that is missing is one that rights hide. */
static gboolean set_hidden_inbox(const ImapConnection *connection, const char *text, GError **error)
{
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_DENIED,
	            "the server does not show the INBOX of %s to this login: %s; with Dovecot's "
	            "acl plugin, set master_user = %%u and acl_user = %%u, or give the master user "
	            "rights",
	            connection->mailbox, text);
	return FALSE;
}

gboolean imap_hides_inbox(const ImapConnection *connection, const char *folder, GError **error)
{
	if (connection->broken || g_ascii_strcasecmp(folder, "INBOX") != 0 ||
	    !(has_atom(connection, "TRYCREATE") || has_atom(connection, "NONEXISTENT")))
		return FALSE;
	g_autofree char *text = server_text(connection);
	g_clear_error(error);
	set_hidden_inbox(connection, text, error);
	return TRUE;
}

/* The server will not open the folder. Is it missing, or may we not? LIST tells. */
static gboolean set_select_error(ImapConnection *connection, const char *folder, const char *text,
                                 GError **error)
{
	if (g_ascii_strcasecmp(folder, "INBOX") == 0)
		return set_hidden_inbox(connection, text, error);
	g_autofree char *name = imap_folder_quote(folder);
	if (!imap_command(connection, error, "LIST \"\" %s", name))
		return FALSE;
	clist *list = connection->imap->imap_response_info->rsp_mailbox_list;
	for (clistiter *at = list ? clist_begin(list) : NULL; at; at = clist_next(at)) {
		const struct mailimap_mailbox_list *entry = clist_content(at);
		g_autofree char *found = imap_folder_display(entry->mb_name);
		if (strcmp(found, folder) != 0)
			continue;
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_DENIED,
		            "folder '%s' is there, but the server does not open it: %s", folder,
		            text);
		return FALSE;
	}
	mail_server_set_missing(error, MISSING_FOLDER, folder);
	return FALSE;
}

static void new_selection(ImapConnection *connection)
{
	mailimap *imap = connection->imap;
	g_clear_pointer(&connection->folder, g_free);
	if (imap->imap_selection_info)
		mailimap_selection_info_free(imap->imap_selection_info);
	imap->imap_selection_info = mailimap_selection_info_new();
}

static gboolean is_temporary(const GError *problem)
{
	return problem->code == TRAWL_ERROR_UNREACHABLE || problem->code == TRAWL_ERROR_BUSY ||
	       problem->code == TRAWL_ERROR_THROTTLED;
}

gboolean imap_receive_select(ImapConnection *connection, int tag, int last_tag, const char *folder,
                             gboolean writable, GError **error)
{
	if (tag == 0 && !connection->broken) {
		mail_server_set_missing(error, MISSING_FOLDER, folder);
		return FALSE;
	}
	new_selection(connection);
	g_autoptr(GError) problem = NULL;
	if (!imap_receive(connection, tag, &problem)) {
		g_autofree char *text = server_text(connection);
		gboolean said_no = connection->said_no;
		/* those failed too, as nothing is selected */
		for (int next = tag + 1; next <= last_tag && !connection->broken; next++)
			imap_receive(connection, next, NULL);
		if (said_no && !connection->broken && !is_temporary(problem))
			return set_select_error(connection, folder, text, error);
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	const struct mailimap_selection_info *info = connection->imap->imap_selection_info;
	if (info->sel_uidvalidity == 0)
		imap_refuse(connection,
		            "the mail server gives a folder no UIDVALIDITY, so messages "
		            "cannot be told apart");
	if (connection->broken)
		return set_broken(connection, MAILIMAP_ERROR_PROTOCOL, error);
	connection->folder = g_strdup(folder);
	connection->writable = writable && info->sel_perm != MAILIMAP_MAILBOX_READONLY;
	connection->uidvalidity = info->sel_uidvalidity;
	connection->uidnext = info->sel_uidnext;
	connection->exists = info->sel_exists;
	connection->selected_at = g_get_monotonic_time();
	return TRUE;
}

gboolean imap_select(ImapConnection *connection, const char *folder, gboolean writable,
                     GError **error)
{
	g_autoptr(GError) problem = NULL;
	int tag = imap_send_select(connection, folder, writable);
	if (imap_receive_select(connection, tag, 0, folder, writable, &problem))
		return TRUE;
	/* Listed and yet not opened: another session may have made it in between. */
	if (!connection->broken && g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_DENIED)) {
		tag = imap_send_select(connection, folder, writable);
		return imap_receive_select(connection, tag, 0, folder, writable, error);
	}
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

/* Opening */

static void forget_capabilities(mailimap *imap)
{
	if (imap->imap_connection_info && imap->imap_connection_info->imap_capability) {
		mailimap_capability_data_free(imap->imap_connection_info->imap_capability);
		imap->imap_connection_info->imap_capability = NULL;
	}
}

static gboolean need_capabilities(ImapConnection *connection, GError **error)
{
	const struct mailimap_connection_info *info = connection->imap->imap_connection_info;
	return (info && info->imap_capability) || imap_command(connection, error, "CAPABILITY");
}

static gboolean greet(ImapConnection *connection, mailstream *stream, GError **error)
{
	switch (mailimap_connect(connection->imap, stream)) {
	case MAILIMAP_NO_ERROR_NON_AUTHENTICATED:
		return TRUE;
	case MAILIMAP_NO_ERROR_AUTHENTICATED:
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE,
		                    "the mail server has logged us in unasked (PREAUTH), to nobody "
		                    "knows which mailbox");
		return FALSE;
	default:
		return set_broken(connection, MAILIMAP_ERROR_PARSE, error);
	}
}

/* A port for TLS waits for us to speak first, as we do for it. */
static gboolean greet_or_tell(ImapConnection *connection, mailstream *stream, GError **error)
{
	g_autoptr(GError) problem = NULL;
	const ImapSettings *settings = connection->settings;
	if (greet(connection, stream, &problem))
		return TRUE;
	if (settings->starttls && g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_TIMEOUT))
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_TIMEOUT,
		            "%s port %u accepts connections but does not greet; is this a port for "
		            "tls=implicit?",
		            settings->host, settings->port);
	else
		g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

static gboolean start_tls(ImapConnection *connection, GError **error)
{
	const ImapSettings *settings = connection->settings;
	if (!need_capabilities(connection, error))
		return FALSE;
	if (!imap_has(connection, "STARTTLS")) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE,
		                    "the mail server does not offer STARTTLS, and Trawl sends no "
		                    "password without TLS");
		return FALSE;
	}
	if (!imap_command(connection, error, "STARTTLS"))
		return FALSE;
	forget_capabilities(connection->imap); /* what was said before TLS counts for nothing */
	return imap_stream_start_tls(connection->imap->imap_stream, settings->trust, settings->host,
	                             error);
}

/* The server's name for the user of a mailbox. */
static char *user_name(const ImapSettings *settings, const char *mailbox)
{
	return settings->local_part ? g_strndup(mailbox, (gsize)(strrchr(mailbox, '@') - mailbox))
	                            : g_strdup(mailbox);
}

/* Whose password is shown, to open the mailbox of a user. */
static char *login_name(const ImapSettings *settings, const char *user)
{
	return settings->login == IMAP_LOGIN_AUTHZID ? g_strdup(settings->master_user)
	       : settings->login == IMAP_LOGIN_MASTER
	               ? g_strconcat(user, settings->master_separator, settings->master_user, NULL)
	               : g_strdup(user);
}

/* The initial response of SASL PLAIN (RFC 4616): authzid NUL authcid NUL password, in base64. */
static char *plain_response(const ImapSettings *settings, const char *user)
{
	g_autofree char *name = login_name(settings, user);
	g_autoptr(GString) response = g_string_new(NULL);
	if (settings->login == IMAP_LOGIN_AUTHZID)
		g_string_append(response, user);
	g_string_append_c(response, '\0');
	g_string_append(response, name);
	g_string_append_c(response, '\0');
	g_string_append(response, settings->password);
	return g_base64_encode((const guchar *)response->str, response->len);
}

static gboolean authenticate_plain(ImapConnection *connection, const char *user, GError **error)
{
	g_autofree char *response = plain_response(connection->settings, user);
	if (imap_has(connection, "SASL-IR")) {
		forget_capabilities(connection->imap);
		return imap_command(connection, error, "AUTHENTICATE PLAIN %s", response);
	}
	forget_capabilities(connection->imap);
	int tag = imap_send(connection, "AUTHENTICATE PLAIN");
	if (!imap_wait_continue(connection, tag, error))
		return FALSE;
	imap_write(connection, response, strlen(response));
	imap_write(connection, "\r\n", 2);
	return imap_receive(connection, tag, error);
}

static gboolean login(ImapConnection *connection, const char *user, GError **error)
{
	const ImapSettings *settings = connection->settings;
	g_autofree char *name = login_name(settings, user);
	g_autofree char *quoted = imap_quote(name);
	g_autofree char *password = imap_quote(settings->password);
	if (settings->login == IMAP_LOGIN_AUTHZID || imap_has(connection, "LOGINDISABLED") ||
	    !quoted || !password) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION,
		                    "the mail server does not offer AUTHENTICATE PLAIN, which this "
		                    "login or its password needs");
		return FALSE;
	}
	forget_capabilities(connection->imap);
	return imap_command(connection, error, "LOGIN %s %s", quoted, password);
}

/* [AUTHORIZATIONFAILED] means that the password was right and acting for this user is not possible
 * (RFC 5530): with a master login, there is no such user. */
static gboolean set_login_error(ImapConnection *connection, const char *user, GError *problem,
                                GError **error)
{
	const ImapSettings *settings = connection->settings;
	gboolean refused = !connection->broken && problem->code == TRAWL_ERROR_REMOTE;
	g_autofree char *name = login_name(settings, user);
	if (!connection->broken && settings->login != IMAP_LOGIN_USER &&
	    has_atom(connection, "AUTHORIZATIONFAILED"))
		mail_server_set_missing(error, MISSING_MAILBOX, connection->mailbox);
	else
		g_set_error(error, TRAWL_ERROR,
		            refused ? TRAWL_ERROR_AUTHENTICATION : problem->code,
		            "log in as %s%s%s: %s", name,
		            settings->login == IMAP_LOGIN_AUTHZID ? " for " : "",
		            settings->login == IMAP_LOGIN_AUTHZID ? user : "", problem->message);
	g_error_free(problem);
	return FALSE;
}

static gboolean log_in(ImapConnection *connection, GError **error)
{
	if (!need_capabilities(connection, error))
		return FALSE;
	g_autofree char *user = user_name(connection->settings, connection->mailbox);
	GError *problem = NULL;
	gboolean done = imap_has(connection, "AUTH=PLAIN")
	                        ? authenticate_plain(connection, user, &problem)
	                        : login(connection, user, &problem);
	if (!done)
		return set_login_error(connection, user, problem, error);
	connection->imap->imap_state = MAILIMAP_STATE_AUTHENTICATED;
	return need_capabilities(connection, error);
}

/* A mailbox's address becomes part of a login. What no server's user name can have is no mailbox;
 * with the separator in it, another user would be logged in to. */
static gboolean check_address(const ImapSettings *settings, const char *address)
{
	gboolean plain = address && !strpbrk(address, "\"\\ %") && *address != '.' &&
	                 strchr(address, '@') == strrchr(address, '@') && !strstr(address, "..");
	for (const char *p = address; plain && *p; p++)
		plain = !g_ascii_iscntrl(*p);
	return plain && !(settings->login == IMAP_LOGIN_MASTER &&
	                  strstr(address, settings->master_separator));
}

static ImapConnection *connection_new(ImapSettings *settings, char *mailbox, gint64 deadline)
{
	ImapConnection *connection = g_new0(ImapConnection, 1);
	connection->settings = settings;
	connection->mailbox = mailbox;
	connection->deadline = deadline;
	connection->body = g_byte_array_new();
	connection->literal_max = LIMIT_IMAP_LINE;
	connection->imap = mailimap_new(0, NULL);
	mailimap_set_progress_callback(connection->imap, on_progress, on_progress, NULL);
	mailimap_set_msg_att_handler(connection->imap, on_answer, connection);
	mailimap_set_msg_body_handler(connection->imap, on_octets, connection);
	return connection;
}

ImapConnection *imap_connection_open(ImapSettings *settings, const char *mailbox, gint64 deadline,
                                     GError **error)
{
	g_autofree char *address = text_address(mailbox);
	if (!check_address(settings, address)) {
		mail_server_set_missing(error, MISSING_MAILBOX, mailbox);
		return NULL;
	}
	gint64 open_by = MIN(deadline, deadline_in(OPEN_SECONDS));
	mailstream *stream = imap_stream_open(settings->host, settings->port, open_by, error);
	if (!stream)
		return NULL;
	if (!settings->starttls &&
	    !imap_stream_start_tls(stream, settings->trust, settings->host, error)) {
		mailstream_close(stream);
		return NULL;
	}
	g_autoptr(ImapConnection) connection =
		connection_new(settings, g_steal_pointer(&address), open_by);
	if (!greet_or_tell(connection, stream, error) ||
	    (settings->starttls && !start_tls(connection, error)) || !log_in(connection, error))
		return NULL;
	imap_connection_set_deadline(connection, deadline);
	return g_steal_pointer(&connection);
}

void imap_connection_close(ImapConnection *connection)
{
	if (!connection)
		return;
	if (connection->imap->imap_stream)
		imap_stream_stop_reading(connection->imap->imap_stream);
	mailimap_free(connection->imap);
	g_byte_array_unref(connection->body);
	g_clear_error(&connection->problem);
	g_free(connection->mailbox);
	g_free(connection->folder);
	g_free(connection);
}

void imap_connection_set_deadline(ImapConnection *connection, gint64 deadline)
{
	connection->deadline = deadline;
	imap_stream_set_deadline(connection->imap->imap_stream, deadline);
}
