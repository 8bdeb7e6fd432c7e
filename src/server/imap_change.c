/* Writing: put, move, remove, and the marks that find a write again whose answer was lost.
 *
 * A message is only ever named by UID, after a SELECT whose UIDVALIDITY was compared (of the same
 * call, or one that the connection has kept), and only removed by UID EXPUNGE (RFC 4315): a bare
 * EXPUNGE would take what the user marked. A server without UIDPLUS is read and written to, but
 * nothing is taken away there. */
#include "server/imap_private.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"

#include <string.h>

#define LITERAL_MINUS 4096 /* octets that LITERAL- lets us send unasked (RFC 7888) */
#define EXPUNGE_TRIES 3    /* a server may say OK and change nothing, see expunge()   */

/* UIDPLUS answers */

/* The data of the last answer's APPENDUID or COPYUID, or NULL. */
static const void *uidplus_data(const ImapConnection *connection, int type)
{
	const struct mailimap_response_info *info = connection->imap->imap_response_info;
	clistiter *at =
		info && info->rsp_extension_list ? clist_begin(info->rsp_extension_list) : NULL;
	for (; at; at = clist_next(at)) {
		const struct mailimap_extension_data *data = clist_content(at);
		if (data->ext_extension == &mailimap_extension_uidplus && data->ext_type == type)
			return data->ext_data;
	}
	return NULL;
}

/* The UID in a set of one, or 0. */
static guint32 only_uid(const struct mailimap_set *set)
{
	if (!set || !set->set_list || clist_count(set->set_list) != 1)
		return 0;
	const struct mailimap_set_item *item = clist_content(clist_begin(set->set_list));
	return item->set_first == item->set_last ? item->set_first : 0;
}

static MailRef *ref_new(const char *mailbox, const char *folder, guint32 uidvalidity, guint32 uid)
{
	g_autofree char *epoch = g_strdup_printf("%u", uidvalidity);
	g_autofree char *number = g_strdup_printf("%u", uid);
	return mail_ref_new(mailbox, g_ascii_strcasecmp(folder, "INBOX") == 0 ? "INBOX" : folder,
	                    epoch, number);
}

static gboolean need_uidplus(const ImapConnection *connection, GError **error)
{
	if (imap_has(connection, "UIDPLUS"))
		return TRUE;
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_DENIED,
	                    "the mail server lacks UIDPLUS (RFC 4315), without which one message "
	                    "cannot be removed without touching others; Trawl takes nothing away "
	                    "there");
	return FALSE;
}

/* Folders that are missing */

static gboolean is_folder_missing(const ImapConnection *connection)
{
	const struct mailimap_response_info *info = connection->imap->imap_response_info;
	return !connection->broken && info &&
	       (info->rsp_trycreate ||
	        (info->rsp_atom && g_ascii_strcasecmp(info->rsp_atom, "NONEXISTENT") == 0));
}

static gboolean create_folder(ImapConnection *connection, const char *folder, GError **error)
{
	g_autofree char *name = imap_folder_quote(folder);
	g_autoptr(GError) problem = NULL;
	if (imap_command(connection, &problem, "CREATE %s", name) ||
	    g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_CONFLICT))
		return TRUE;
	g_propagate_prefixed_error(error, g_steal_pointer(&problem),
	                           "make the folder '%s': ", folder);
	return FALSE;
}

static gboolean check_folder_name(const char *folder, GError **error)
{
	g_autofree char *name = imap_folder_quote(folder);
	if (name)
		return TRUE;
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID, "no folder can be called '%s'",
	            folder);
	return FALSE;
}

/* Examines a folder; makes it when it is missing. */
static gboolean examine_made(ImapConnection *connection, const char *folder, GError **error)
{
	g_autoptr(GError) problem = NULL;
	if (imap_select(connection, folder, FALSE, &problem))
		return TRUE;
	if (!connection->broken && g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND))
		return create_folder(connection, folder, error) &&
		       imap_select(connection, folder, FALSE, error);
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

/* Marks: UIDVALIDITY and the UID that comes next. */

typedef struct {
	const char *mailbox, *folder;
	char *mark;
	guint32 uidvalidity, uidnext; /* of the mark */
	GPtrArray *items;
	guint32 highest;
} MarkCall;

static gboolean on_highest(ImapConnection *connection, const ImapFetched *fetched, gpointer data)
{
	MarkCall *call = data;
	call->highest = MAX(call->highest, fetched->uid);
	return TRUE;
}

static gboolean mark_work(ImapConnection *connection, gpointer data, GError **error)
{
	MarkCall *call = data;
	if (!examine_made(connection, call->folder, error))
		return FALSE;
	call->uidnext = connection->uidnext;
	if (call->uidnext == 0 && connection->exists > 0) {
		imap_on_fetched(connection, on_highest, call);
		if (!imap_command(connection, error, "FETCH %u (UID)", connection->exists))
			return FALSE;
	}
	g_free(call->mark);
	call->mark = g_strdup_printf("{\"uidvalidity\":%u,\"uidnext\":%u}", connection->uidvalidity,
	                             call->uidnext ? call->uidnext : call->highest + 1);
	return TRUE;
}

char *imap_mark(MailServer *server, const char *mailbox, const char *folder, gint64 deadline,
                GError **error)
{
	MarkCall call = {.mailbox = mailbox, .folder = folder};
	if (!check_folder_name(folder, error))
		return NULL;
	if (!imap_run((Imap *)server, mailbox, deadline, mark_work, &call, error))
		g_clear_pointer(&call.mark, g_free);
	return call.mark;
}

static gboolean on_since(ImapConnection *connection, const ImapFetched *fetched, gpointer data)
{
	MarkCall *call = data;
	if (fetched->uid >= call->uidnext && fetched->flags && fetched->received_at &&
	    fetched->size >= 0) /* "n:*" names the last one even when it is below n */
		g_ptr_array_add(call->items, imap_item_new(connection, call->mailbox, fetched));
	return TRUE;
}

static gboolean since_work(ImapConnection *connection, gpointer data, GError **error)
{
	MarkCall *call = data;
	g_ptr_array_set_size(call->items, 0);
	if (!imap_select(connection, call->folder, FALSE, error))
		return FALSE;
	if (call->uidvalidity != connection->uidvalidity)
		call->uidnext = 1; /* another numbering: anything may be new */
	if (connection->exists == 0)
		return TRUE;
	imap_on_fetched(connection, on_since, call);
	return imap_command(connection, error,
	                    "UID FETCH %u:* (UID FLAGS INTERNALDATE RFC822.SIZE)", call->uidnext);
}

GPtrArray *imap_since(MailServer *server, const char *mailbox, const char *folder, const char *mark,
                      gint64 deadline, GError **error)
{
	g_autoptr(json_t) document = json_parse(mark, -1, NULL);
	g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func((GDestroyNotify)mail_item_free);
	MarkCall call = {.mailbox = mailbox,
	                 .folder = folder,
	                 .items = items,
	                 .uidvalidity = (guint32)json_int(document, "uidvalidity", 0),
	                 .uidnext = (guint32)MAX(1, json_int(document, "uidnext", 1))};
	return imap_run((Imap *)server, mailbox, deadline, since_work, &call, error)
	               ? g_steal_pointer(&items)
	               : NULL;
}

/* Put */

typedef struct {
	Imap *imap;
	const char *mailbox, *folder;
	GBytes *message;              /* with CRLF */
	char *flags;                  /* "\\Seen $Forwarded" */
	char *system_flags;           /* those without keywords */
	char *date;                   /* quoted, or "" */
	guint32 uidvalidity, uidnext; /* before, where APPENDUID cannot be hoped for */
	guint copies;                 /* the same message, found behind that */
	MailRef *put;
} PutCall;

/* Literals travel with CRLF (RFC 3501 §4.3, RFC 5322 §2.3); lone CR stay what they are. */
static GBytes *with_crlf(GBytes *message)
{
	gsize length;
	const char *octets = g_bytes_get_data(message, &length);
	GByteArray *lines = NULL;
	gsize from = 0;
	for (gsize i = 0; i < length; i++) {
		if (octets[i] != '\n' || (i > 0 && octets[i - 1] == '\r'))
			continue;
		if (!lines)
			lines = g_byte_array_sized_new((guint)(length + length / 32));
		g_byte_array_append(lines, (const guint8 *)octets + from, (guint)(i - from));
		g_byte_array_append(lines, (const guint8 *)"\r", 1);
		from = i;
	}
	if (!lines)
		return g_bytes_ref(message);
	g_byte_array_append(lines, (const guint8 *)octets + from, (guint)(length - from));
	return g_byte_array_free_to_bytes(lines);
}

static gboolean is_atom(const char *name)
{
	if (!*name)
		return FALSE;
	for (const char *p = name; *p; p++)
		if (!g_ascii_isgraph(*p) || strchr("(){%*\"\\]", *p))
			return FALSE;
	return TRUE;
}

static char *join_flags(char **flags, gboolean keywords)
{
	GString *joined = g_string_new(NULL);
	for (char **flag = flags; flag && *flag; flag++) {
		gboolean keyword = **flag != '\\';
		if ((keyword && !keywords) || !is_atom(keyword ? *flag : *flag + 1) ||
		    g_ascii_strcasecmp(*flag, "\\Recent") == 0)
			continue;
		g_string_append_printf(joined, "%s%s", joined->len ? " " : "", *flag);
	}
	return g_string_free(joined, FALSE);
}

static gboolean append(ImapConnection *connection, PutCall *call, const char *flags, GError **error)
{
	gsize length;
	const void *octets = g_bytes_get_data(call->message, &length);
	gboolean at_once = imap_has(connection, "LITERAL+") ||
	                   (imap_has(connection, "LITERAL-") && length <= LITERAL_MINUS);
	g_autofree char *name = imap_folder_quote(call->folder);
	int tag = imap_send(connection, "APPEND %s (%s)%s {%" G_GSIZE_FORMAT "%s}", name, flags,
	                    call->date, length, at_once ? "+" : "");
	if (!at_once && !imap_wait_continue(connection, tag, error))
		return FALSE;
	connection->changing = TRUE;
	imap_write(connection, octets, length);
	imap_write(connection, "\r\n", 2);
	gboolean done = imap_receive(connection, tag, error);
	if (!connection->broken)
		connection->changing = FALSE;
	return done;
}

/* Appends; makes the folder when it is missing; leaves out the keywords when they are refused. */
static gboolean append_somehow(ImapConnection *connection, PutCall *call, GError **error)
{
	g_autoptr(GError) problem = NULL;
	if (append(connection, call, call->flags, &problem))
		return TRUE;
	if (is_folder_missing(connection)) {
		g_clear_error(&problem);
		if (!create_folder(connection, call->folder, error))
			return FALSE;
		if (append(connection, call, call->flags, &problem))
			return TRUE;
	}
	g_autoptr(GError) again = NULL;
	if (!connection->broken && strcmp(call->flags, call->system_flags) != 0 &&
	    append(connection, call, call->system_flags, &again)) {
		g_message(
			"%s, folder '%s': the server refuses the keywords in '%s'; the message was "
			"stored without them",
			call->mailbox, call->folder, call->flags);
		return TRUE;
	}
	if (again && connection->broken) { /* then the first answer is not the last word */
		g_propagate_error(error, g_steal_pointer(&again));
		return FALSE;
	}
	imap_hides_inbox(connection, call->folder, &problem);
	if (problem)
		g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

static gboolean on_copy(ImapConnection *connection, const ImapFetched *fetched, gpointer data)
{
	PutCall *call = data;
	if (!fetched->body || fetched->uid < call->uidnext ||
	    !g_bytes_equal(fetched->body, call->message))
		return TRUE;
	call->copies++;
	mail_ref_free(call->put);
	call->put = ref_new(call->mailbox, call->folder, connection->uidvalidity, fetched->uid);
	return TRUE;
}

static gboolean fetch_appended(ImapConnection *connection, PutCall *call, GError **error)
{
	imap_allow_literals(connection, LIMIT_MESSAGE_SIZE);
	if (!imap_select(connection, call->folder, FALSE, error))
		return FALSE;
	imap_on_fetched(connection, on_copy, call);
	int tag = imap_send(connection, "UID FETCH %u:* (UID BODY.PEEK[])", MAX(1, call->uidnext));
	return imap_receive(connection, tag, error);
}

/* Without APPENDUID: it must be the only new message with these octets. Whatever fails here, it was
 * written. */
static gboolean find_appended(ImapConnection *connection, PutCall *call, GError **error)
{
	g_autoptr(GError) blind = NULL;
	call->copies = 0;
	if (!fetch_appended(connection, call, &blind)) {
		blind->code = TRAWL_ERROR_UNKNOWN_OUTCOME;
		g_propagate_prefixed_error(error, g_steal_pointer(&blind),
		                           "look for what was written: ");
		return FALSE;
	}
	if (call->copies == 1)
		return TRUE;
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_UNKNOWN_OUTCOME,
	            "the message was written, but %u like it are found in folder '%s'",
	            call->copies, call->folder);
	return FALSE;
}

static gboolean put_work(ImapConnection *connection, gpointer data, GError **error)
{
	PutCall *call = data;
	if (!imap_has(connection, "UIDPLUS")) {
		if (!examine_made(connection, call->folder, error))
			return FALSE;
		call->uidnext = MAX(1, connection->uidnext);
	}
	if (!append_somehow(connection, call, error))
		return FALSE;
	const struct mailimap_uidplus_resp_code_apnd *answer =
		uidplus_data(connection, MAILIMAP_UIDPLUS_RESP_CODE_APND);
	guint32 uid = answer && answer->uid_uidvalidity ? only_uid(answer->uid_set) : 0;
	if (!uid)
		return find_appended(connection, call, error);
	call->put = ref_new(call->mailbox, call->folder, answer->uid_uidvalidity, uid);
	return TRUE;
}

MailRef *imap_put(MailServer *server, const char *mailbox, const char *folder, GBytes *message,
                  char **flags, gint64 received_at, gint64 deadline, GError **error)
{
	if (!check_folder_name(folder, error))
		return NULL;
	g_autoptr(GBytes) lines = with_crlf(message);
	g_autofree char *all = join_flags(flags, TRUE);
	g_autofree char *system = join_flags(flags, FALSE);
	g_autofree char *quoted = received_at ? imap_date(received_at) : NULL;
	g_autofree char *date = quoted ? g_strconcat(" ", quoted, NULL) : g_strdup("");
	PutCall call = {.imap = (Imap *)server,
	                .mailbox = mailbox,
	                .folder = folder,
	                .message = lines,
	                .flags = all,
	                .system_flags = system,
	                .date = date};
	if (!imap_run(call.imap, mailbox, deadline, put_work, &call, error))
		g_clear_pointer(&call.put, mail_ref_free);
	return call.put;
}

/* Move and remove */

typedef struct {
	const MailRef *ref;
	guint32 uid;
	const char *folder; /* of the move */
	gboolean there;     /* the message answers to its UID */
	MailRef *moved;
} TakeCall;

static gboolean on_there(ImapConnection *connection, const ImapFetched *fetched, gpointer data)
{
	TakeCall *call = data;
	call->there = call->there || fetched->uid == call->uid;
	return TRUE;
}

/* Is the message (still) there? */
static gboolean look(ImapConnection *connection, TakeCall *call, GError **error)
{
	call->there = FALSE;
	imap_on_fetched(connection, on_there, call);
	return imap_command(connection, error, "UID FETCH %u (UID)", call->uid);
}

static gboolean select_to_take(ImapConnection *connection, TakeCall *call, GError **error)
{
	if (!need_uidplus(connection, error))
		return FALSE;
	if (call->uid && imap_is_selected(connection, call->ref->folder, TRUE) &&
	    imap_is_epoch(connection, call->ref))
		return TRUE;
	if (!imap_select(connection, call->ref->folder, TRUE, error))
		return FALSE;
	if (call->uid == 0 || !imap_is_epoch(connection, call->ref)) {
		mail_server_set_missing(error, MISSING_MESSAGE, call->ref->uid);
		return FALSE;
	}
	if (connection->writable)
		return TRUE;
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_DENIED,
	            "folder '%s' of %s is read-only to this login", call->ref->folder,
	            call->ref->mailbox);
	return FALSE;
}

/* What was accepted and cannot be looked at is not known; but a folder that has gone is for the
 * caller to look for. */
static gboolean set_blind(GError *problem, GError **error)
{
	if (!g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND))
		problem->code = TRAWL_ERROR_UNKNOWN_OUTCOME;
	g_propagate_prefixed_error(error, problem, "look whether it is gone: ");
	return FALSE;
}

/* FALSE only when the connection broke; what was answered "no" comes back as @problem. The answer
 * is waited for: of a STORE and an EXPUNGE in one flight Dovecot 2.3 on Maildir, when several
 * sessions are in the folder, now and then forgets the file, which comes back later as a new
 * message. */
static gboolean mark_deleted(ImapConnection *connection, TakeCall *call, GError **problem)
{
	imap_on_fetched(connection, NULL, NULL);
	return imap_command(connection, problem, "UID STORE %u +FLAGS.SILENT (\\Deleted)",
	                    call->uid) ||
	       !connection->broken;
}

/* Expunges what is marked and looks whether it is there, in the folder opened anew: what another
 * session sees. All in one flight. Without the mark UID EXPUNGE does nothing. */
static gboolean expunge_and_look(ImapConnection *connection, TakeCall *call, GError **problem,
                                 GError **error)
{
	const char *folder = call->ref->folder;
	g_autoptr(GError) refused = NULL, blind = NULL;
	int expunge = imap_send(connection, "UID EXPUNGE %u", call->uid);
	int select = imap_send_select(connection, folder, TRUE);
	int check = imap_send(connection, "UID FETCH %u (UID)", call->uid);
	call->there = FALSE;
	if (!imap_receive(connection, expunge, &refused) && connection->broken) {
		g_propagate_error(error, g_steal_pointer(&refused));
		return FALSE;
	}
	if (refused && !*problem)
		g_propagate_error(problem, g_steal_pointer(&refused));
	if (!imap_receive_select(connection, select, check, folder, TRUE, &blind))
		return set_blind(g_steal_pointer(&blind), error);
	gboolean same = imap_is_epoch(connection, call->ref);
	imap_on_fetched(connection, same ? on_there : NULL, call);
	if (!imap_receive(connection, check, &blind))
		return set_blind(g_steal_pointer(&blind), error);
	if (same)
		return TRUE;
	connection->changing = FALSE;
	mail_server_set_missing(error, MISSING_MESSAGE, call->ref->uid);
	return FALSE;
}

/* Marks and expunges one message, and looks whether it is gone. A session whose view of the folder
 * is older than the message (others are in it too) is told OK by the server and changes nothing
 * (RFC 3501 §6.4.8): in the folder as it was opened to look, it is asked again. */
static gboolean expunge(ImapConnection *connection, TakeCall *call, GError **error)
{
	g_autoptr(GError) problem = NULL;
	connection->changing = TRUE;
	for (guint tries = 0; tries < EXPUNGE_TRIES && !problem; tries++) {
		if (!mark_deleted(connection, call, &problem)) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return FALSE;
		}
		if (!expunge_and_look(connection, call, &problem, error))
			return FALSE;
		if (!call->there) {
			connection->changing = FALSE;
			return TRUE;
		}
	}
	/* it stays, so it shall look as before */
	imap_command(connection, NULL, "UID STORE %u -FLAGS.SILENT (\\Deleted)", call->uid);
	connection->changing = FALSE;
	if (problem)
		g_propagate_error(error, g_steal_pointer(&problem));
	else
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_DENIED,
		                    "the mail server does not expunge; is the right missing?");
	return FALSE;
}

static gboolean remove_work(ImapConnection *connection, gpointer data, GError **error)
{
	return select_to_take(connection, data, error) && expunge(connection, data, error);
}

gboolean imap_remove(MailServer *server, const MailRef *ref, gint64 deadline, GError **error)
{
	TakeCall call = {.ref = ref, .uid = imap_uid_of(ref)};
	return imap_run((Imap *)server, ref->mailbox, deadline, remove_work, &call, error);
}

/* MOVE (RFC 6851) or COPY; the folder is made when it is missing and the message is not. */
static gboolean transfer(ImapConnection *connection, TakeCall *call, GError **error)
{
	const char *command = imap_has(connection, "MOVE") ? "MOVE" : "COPY";
	g_autofree char *name = imap_folder_quote(call->folder);
	g_autoptr(GError) problem = NULL;
	connection->changing = TRUE;
	gboolean done =
		imap_command(connection, &problem, "UID %s %u %s", command, call->uid, name);
	if (!done && is_folder_missing(connection)) {
		g_clear_error(&problem);
		if (!look(connection, call, error))
			return FALSE;
		if (!call->there) {
			mail_server_set_missing(error, MISSING_MESSAGE, call->ref->uid);
			return FALSE;
		}
		done = create_folder(connection, call->folder, &problem) &&
		       imap_command(connection, &problem, "UID %s %u %s", command, call->uid, name);
	}
	if (!done)
		g_propagate_error(error, g_steal_pointer(&problem));
	return done;
}

static gboolean move_work(ImapConnection *connection, gpointer data, GError **error)
{
	TakeCall *call = data;
	if (!select_to_take(connection, call, error) || !transfer(connection, call, error)) {
		if (!connection->broken)
			connection->changing = FALSE;
		return FALSE;
	}
	const struct mailimap_uidplus_resp_code_copy *answer =
		uidplus_data(connection, MAILIMAP_UIDPLUS_RESP_CODE_COPY);
	guint32 uid =
		answer && answer->uid_uidvalidity && only_uid(answer->uid_source_set) == call->uid
			? only_uid(answer->uid_dest_set)
			: 0;
	guint32 uidvalidity = uid ? answer->uid_uidvalidity : 0;
	g_autoptr(GError) blind = NULL;
	if (!look(connection, call, &blind))
		return set_blind(g_steal_pointer(&blind), error);
	if (!uid && call->there) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_UNKNOWN_OUTCOME,
		                    "the mail server does not say where the message went");
		return FALSE;
	}
	connection->changing = FALSE;
	if (!uid) {
		mail_server_set_missing(error, MISSING_MESSAGE, call->ref->uid);
		return FALSE;
	}
	call->moved = ref_new(call->ref->mailbox, call->folder, uidvalidity, uid);
	return !call->there || expunge(connection, call, error);
}

MailRef *imap_move(MailServer *server, const MailRef *ref, const char *folder, gint64 deadline,
                   GError **error)
{
	if (!check_folder_name(folder, error))
		return NULL;
	if (strcmp(ref->folder, folder) == 0) {
		g_autoptr(MailItem) item = imap_stat(server, ref, deadline, error);
		return item ? mail_ref_copy(ref) : NULL;
	}
	TakeCall call = {.ref = ref, .uid = imap_uid_of(ref), .folder = folder};
	if (!imap_run((Imap *)server, ref->mailbox, deadline, move_work, &call, error))
		g_clear_pointer(&call.moved, mail_ref_free);
	return call.moved;
}
