/* Folders, and messages looked for in all of them.
 *
 * SEARCH HEADER finds by substring (RFC 3501 §6.4.4), so it is only asked for candidates, by a part
 * of the Message-ID that needs no quoting; the header fields of those are fetched and compared.
 * White space inside a Message-ID, which we compare without, hides it from that search: messages
 * with such a one are candidates too. EXAMINE and SEARCH of many folders travel in one flight, and
 * so do the headers and the bytes of the few candidates that there mostly are. */
#include "server/imap_private.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "server/header.h"

#include <string.h>

#define FLIGHT     16 /* folders whose answers are awaited together */
#define SEARCH_IDS 16 /* Message-IDs of one SEARCH */

/* Folders */

static gboolean flag_is_view(const char *flag)
{
	static const char *const views[] = {"NonExistent", "Noselect", "All", "Flagged"};
	const char *name = *flag == '\\' ? flag + 1 : flag;
	for (guint i = 0; i < G_N_ELEMENTS(views); i++)
		if (g_ascii_strcasecmp(name, views[i]) == 0)
			return TRUE;
	return FALSE;
}

/* FALSE for what holds no messages of its own. */
static gboolean is_real(const struct mailimap_mailbox_list *entry)
{
	const struct mailimap_mbx_list_flags *flags = entry->mb_flag;
	if (!flags)
		return TRUE;
	if (flags->mbf_type == MAILIMAP_MBX_LIST_FLAGS_SFLAG &&
	    flags->mbf_sflag == MAILIMAP_MBX_LIST_SFLAG_NOSELECT)
		return FALSE;
	for (clistiter *at = flags->mbf_oflags ? clist_begin(flags->mbf_oflags) : NULL; at;
	     at = clist_next(at)) {
		const struct mailimap_mbx_list_oflag *flag = clist_content(at);
		if (flag->of_type == MAILIMAP_MBX_LIST_OFLAG_FLAG_EXT && flag->of_flag_ext &&
		    flag_is_view(flag->of_flag_ext))
			return FALSE;
	}
	return TRUE;
}

static void add_prefixes(GPtrArray *prefixes, const struct mailimap_namespace_item *item,
                         const char *only)
{
	clistiter *at = item && item->ns_data_list ? clist_begin(item->ns_data_list) : NULL;
	for (; at; at = clist_next(at)) {
		const struct mailimap_namespace_info *info = clist_content(at);
		if (*info->ns_prefix && (!only || g_ascii_strcasecmp(info->ns_prefix, only) == 0))
			g_ptr_array_add(prefixes, g_strdup(info->ns_prefix));
	}
}

/* Beginnings of names that are other people's folders, or Dovecot's virtual ones. */
static GPtrArray *foreign_prefixes(const ImapConnection *connection)
{
	GPtrArray *prefixes = g_ptr_array_new_with_free_func(g_free);
	const struct mailimap_response_info *info = connection->imap->imap_response_info;
	clistiter *at = info->rsp_extension_list ? clist_begin(info->rsp_extension_list) : NULL;
	for (; at; at = clist_next(at)) {
		const struct mailimap_extension_data *data = clist_content(at);
		if (data->ext_extension != &mailimap_extension_namespace)
			continue;
		const struct mailimap_namespace_data *space = data->ext_data;
		add_prefixes(prefixes, space->ns_other, NULL);
		add_prefixes(prefixes, space->ns_shared, NULL);
		add_prefixes(prefixes, space->ns_personal, "virtual/");
		add_prefixes(prefixes, space->ns_personal, "virtual.");
	}
	return prefixes;
}

static gboolean has_prefix(GPtrArray *prefixes, const char *name)
{
	for (guint i = 0; i < prefixes->len; i++)
		if (g_str_has_prefix(name, prefixes->pdata[i]))
			return TRUE;
	return FALSE;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	gboolean x_first = strcmp(x, "INBOX") == 0, y_first = strcmp(y, "INBOX") == 0;
	return x_first != y_first ? (x_first ? -1 : 1) : strcmp(x, y);
}

/* The folders of the last LIST answer. */
static GPtrArray *take_folders(const ImapConnection *connection, GPtrArray *foreign)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	clist *list = connection->imap->imap_response_info->rsp_mailbox_list;
	for (clistiter *at = list ? clist_begin(list) : NULL; at; at = clist_next(at)) {
		const struct mailimap_mailbox_list *entry = clist_content(at);
		if (is_real(entry) && !has_prefix(foreign, entry->mb_name))
			g_ptr_array_add(names, imap_folder_display(entry->mb_name));
	}
	g_ptr_array_sort(names, compare_names);
	for (guint i = names->len; i > 1; i--) /* named twice, it is searched once */
		if (strcmp(names->pdata[i - 1], names->pdata[i - 2]) == 0)
			g_ptr_array_remove_index(names, i - 1);
	return names;
}

/* INBOX is the first of them. */
static GPtrArray *list_folders(ImapConnection *connection, GError **error)
{
	gboolean special =
		imap_has(connection, "SPECIAL-USE") && imap_has(connection, "LIST-EXTENDED");
	int namespaces = imap_has(connection, "NAMESPACE") ? imap_send(connection, "NAMESPACE") : 0;
	int list =
		imap_send(connection, "LIST \"\" \"*\"%s", special ? " RETURN (SPECIAL-USE)" : "");
	if (namespaces && !imap_receive(connection, namespaces, error))
		return NULL;
	g_autoptr(GPtrArray) foreign =
		namespaces ? foreign_prefixes(connection) : g_ptr_array_new();
	if (!imap_receive(connection, list, error))
		return NULL;
	g_autoptr(GPtrArray) names = take_folders(connection, foreign);
	if (names->len > LIMIT_FOLDERS) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_LIMIT,
		            "the mailbox has more than %d folders", LIMIT_FOLDERS);
		return NULL;
	}
	/* Every mailbox has one. A list without it is one that rights have cut; when it does not
	 * open either, looking there would prove nothing. */
	if (names->len == 0 || strcmp(names->pdata[0], "INBOX") != 0) {
		if (!imap_select(connection, "INBOX", FALSE, error))
			return NULL;
		g_ptr_array_insert(names, 0, g_strdup("INBOX"));
	}
	return g_steal_pointer(&names);
}

static gboolean folders_work(ImapConnection *connection, gpointer data, GError **error)
{
	GPtrArray **names = data;
	*names = list_folders(connection, error);
	return *names != NULL;
}

GPtrArray *imap_folders(MailServer *server, const char *mailbox, gint64 deadline, GError **error)
{
	GPtrArray *names = NULL;
	imap_run((Imap *)server, mailbox, deadline, folders_work, &names, error);
	return names;
}

/* Searching */

typedef struct {
	const char *folder; /* borrowed */
	char *set;          /* UIDs that SEARCH gave, "3,17" */
	guint count;
} Candidates;

typedef struct {
	const char *mailbox;
	const char *criteria, *fields;
	char **message_ids; /* or NULL: by the rest */
	const char *sender, *subject;
	gint64 from, to;
	GPtrArray **found; /* of MailItem: one array for each Message-ID, or one */
	guint n_found;
	guint along;                  /* how many messages may still be read along */
	GHashTable *headers, *others; /* UIDs of the folder: compared, and with a header alone */
} FindCall;

static void candidates_clear(gpointer data)
{
	g_free(((Candidates *)data)->set);
}

/* What the last SEARCH answer named; set NULL: nothing. */
static Candidates take_search_result(const ImapConnection *connection, const char *folder)
{
	GString *set = g_string_new(NULL);
	Candidates some = {.folder = folder};
	clist *list = connection->imap->imap_response_info->rsp_search_result;
	for (clistiter *at = list ? clist_begin(list) : NULL; at; at = clist_next(at)) {
		g_string_append_printf(set, "%s%u", set->len ? "," : "",
		                       *(const guint32 *)clist_content(at));
		some.count++;
	}
	some.set = g_string_free(set, set->len == 0);
	return some;
}

/* Examines and searches @count folders in one flight. What could not be examined goes to @failed.
 */
static gboolean search_flight(ImapConnection *connection, const FindCall *call, char **folders,
                              guint count, GArray *candidates, GPtrArray *failed, GError **error)
{
	int examines[FLIGHT], searches[FLIGHT];
	for (guint i = 0; i < count; i++) {
		examines[i] = imap_send_select(connection, folders[i], FALSE);
		if (!examines[i])
			imap_refuse(connection, "a folder of the mailbox has a name that cannot be "
			                        "sent, so it cannot be searched");
		searches[i] = imap_send(connection, "UID SEARCH %s", call->criteria);
	}
	for (guint i = 0; i < count; i++) {
		gboolean last = i + 1 == count; /* it stays selected */
		g_autoptr(GError) problem = NULL;
		gboolean examined = last ? imap_receive_select(connection, examines[i], searches[i],
		                                               folders[i], FALSE, &problem)
		                         : imap_receive(connection, examines[i], NULL);
		gboolean searched = !problem && imap_receive(connection, searches[i], &problem);
		if (searched && examined) {
			Candidates some = take_search_result(connection, folders[i]);
			if (some.set)
				g_array_append_val(candidates, some);
		} else if (connection->broken || examined) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return FALSE;
		} else {
			g_ptr_array_add(failed, folders[i]);
		}
	}
	return TRUE;
}

/* A folder that has gone since LIST named it holds nothing. One that is there and does not open
 * means that we could not look. */
static gboolean excuse_failed(ImapConnection *connection, GPtrArray *failed, GError **error)
{
	for (guint i = 0; i < failed->len; i++) {
		g_autoptr(GError) problem = NULL;
		if (imap_select(connection, failed->pdata[i], FALSE, &problem)) {
			g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_BUSY,
			            "folder '%s' could not be searched a moment ago",
			            (char *)failed->pdata[i]);
			return FALSE;
		}
		if (!g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND)) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return FALSE;
		}
	}
	return TRUE;
}

static gboolean is_similar(const FindCall *call, const ImapFetched *fetched)
{
	gsize length;
	const char *header = g_bytes_get_data(fetched->body, &length);
	return fetched->received_at >= call->from && fetched->received_at <= call->to &&
	       header_is_similar(header, length, call->sender, call->subject);
}

static gboolean has_message_id(const ImapFetched *fetched, const char *message_id)
{
	gsize length;
	const char *header = g_bytes_get_data(fetched->body, &length);
	return header_has_message_id(header, length, message_id);
}

/* The beginning of a message, which is kept when it is the whole of one that matched. */
static void keep_along(const ImapConnection *connection, GPtrArray *found,
                       const ImapFetched *fetched)
{
	gsize length = g_bytes_get_size(fetched->body);
	if (fetched->bodies != 1 || !fetched->whole || length == 0 || length >= LIMIT_READ_ALONG)
		return;
	for (guint i = 0; i < found->len; i++) {
		MailItem *item = found->pdata[i];
		if (imap_uid_of(item->ref) != fetched->uid || item->size != (gint64)length ||
		    item->message || strcmp(item->ref->folder, connection->folder) != 0)
			continue;
		item->message = g_bytes_ref(fetched->body);
	}
}

/* A server may answer both commands of the flight at once (Dovecot does), so what an answer is
 * shows in what it has. */
static gboolean on_candidate(ImapConnection *connection, const ImapFetched *fetched, gpointer data)
{
	FindCall *call = data;
	gboolean header = fetched->flags && fetched->received_at && fetched->size >= 0;
	if (!fetched->uid || !fetched->body)
		return TRUE;
	if (header || !fetched->whole)
		g_hash_table_add(header ? call->headers : call->others,
		                 GUINT_TO_POINTER(fetched->uid));
	for (guint i = 0; i < call->n_found; i++) {
		if (!header)
			keep_along(connection, call->found[i], fetched);
		else if (call->message_ids ? has_message_id(fetched, call->message_ids[i])
		                           : is_similar(call, fetched))
			g_ptr_array_add(call->found[i],
			                imap_item_new(connection, call->mailbox, fetched));
	}
	return TRUE;
}

/* Asks for the beginnings of the candidates, behind their headers in one flight. A candidate may be
 * of any size and not be the message at all, so no more of it than a little. */
static int send_along(ImapConnection *connection, FindCall *call, const Candidates *some)
{
	if (some->count > call->along)
		return 0;
	call->along -= some->count;
	return imap_send(connection, "UID FETCH %s (UID BODY.PEEK[]<0.%d>)", some->set,
	                 LIMIT_READ_ALONG);
}

/* One that was answered without what tells what it is was not looked at. */
static gboolean check_all_compared(const FindCall *call, const char *folder, GError **error)
{
	GHashTableIter iter;
	gpointer uid;
	g_hash_table_iter_init(&iter, call->others);
	while (g_hash_table_iter_next(&iter, &uid, NULL)) {
		if (g_hash_table_contains(call->headers, uid))
			continue;
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE,
		            "the mail server answers for message %u of '%s' without its flags, "
		            "date or size",
		            GPOINTER_TO_UINT(uid), folder);
		return FALSE;
	}
	return TRUE;
}

static gboolean compare_candidates(ImapConnection *connection, FindCall *call,
                                   const Candidates *some, GError **error)
{
	g_hash_table_remove_all(call->headers);
	g_hash_table_remove_all(call->others);
	imap_on_fetched(connection, NULL, NULL);
	gboolean selected = imap_is_selected(connection, some->folder, FALSE);
	int examine = selected ? 0 : imap_send_select(connection, some->folder, FALSE);
	int fetch = imap_send(connection,
	                      "UID FETCH %s (UID FLAGS INTERNALDATE RFC822.SIZE "
	                      "BODY.PEEK[HEADER.FIELDS (%s)])",
	                      some->set, call->fields);
	int along = send_along(connection, call, some);
	g_autoptr(GError) problem = NULL;
	if (!selected && !imap_receive_select(connection, examine, along ? along : fetch,
	                                      some->folder, FALSE, &problem)) {
		if (g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND))
			return TRUE;
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	imap_on_fetched(connection, on_candidate, call);
	gboolean compared = imap_receive(connection, fetch, error);
	if (!along || connection->broken)
		return compared;
	/* Nothing depends on what comes along, but that its answer comes. */
	g_autoptr(GError) trouble = NULL;
	if (imap_receive(connection, along, &trouble) || !connection->broken || !compared)
		return compared;
	g_propagate_error(error, g_steal_pointer(&trouble));
	return FALSE;
}

static gboolean find_work(ImapConnection *connection, gpointer data, GError **error)
{
	FindCall *call = data;
	g_autoptr(GHashTable) headers = g_hash_table_new(NULL, NULL);
	g_autoptr(GHashTable) others = g_hash_table_new(NULL, NULL);
	call->headers = headers;
	call->others = others;
	for (guint i = 0; i < call->n_found; i++)
		g_ptr_array_set_size(call->found[i], 0);
	call->along = LIMIT_READ_ALONG_COUNT + call->n_found;
	imap_allow_literals(connection, MAX(LIMIT_HEADER_BLOCK, LIMIT_READ_ALONG));
	g_autoptr(GPtrArray) folders = list_folders(connection, error);
	if (!folders)
		return FALSE;
	/* Most candidates are in INBOX: searched last, it need not be opened again for them. */
	g_ptr_array_add(folders, g_ptr_array_steal_index(folders, 0));
	g_autoptr(GPtrArray) failed = g_ptr_array_new();
	g_autoptr(GArray) candidates = g_array_new(FALSE, FALSE, sizeof(Candidates));
	g_array_set_clear_func(candidates, candidates_clear);
	for (guint at = 0; at < folders->len; at += FLIGHT)
		if (!search_flight(connection, call, (char **)folders->pdata + at,
		                   MIN(FLIGHT, folders->len - at), candidates, failed, error))
			return FALSE;
	if (!excuse_failed(connection, failed, error))
		return FALSE;
	for (guint i = 0; i < candidates->len; i++) {
		const Candidates *some = &g_array_index(candidates, Candidates, i);
		if (!compare_candidates(connection, call, some, error) ||
		    !check_all_compared(call, some->folder, error))
			return FALSE;
	}
	return TRUE;
}

/* The longest part that can be sent as it is; "" when there is none, which every Message-ID has. */
static char *searchable_part(const char *message_id)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				    "@.!#$&'+-/=?^_`|~";
	const char *best = "";
	gsize best_length = 0;
	if (g_str_has_prefix(message_id, "sha256:")) /* a hash is no part of it */
		return g_strdup("");
	for (const char *p = message_id; *p;) {
		gsize length = strspn(p, plain);
		if (length > best_length) {
			best = p;
			best_length = length;
		}
		p += MAX(1, length);
	}
	return g_strndup(best, best_length);
}

/* At most SEARCH_IDS of them with one SEARCH. */
static gboolean find_some(MailServer *server, const char *mailbox, GPtrArray *message_ids, guint at,
                          GPtrArray *found, gint64 deadline, GError **error)
{
	guint count = MIN(SEARCH_IDS, message_ids->len - at);
	g_auto(GStrv) ids = g_new0(char *, count + 1);
	g_autoptr(GString) criteria = g_string_new(NULL);
	for (guint i = 0; i < count; i++) {
		const char *message_id = message_ids->pdata[at + i];
		ids[i] = text_message_id(message_id, strlen(message_id));
		g_autofree char *part = searchable_part(ids[i]);
		g_string_append_printf(criteria, "OR HEADER MESSAGE-ID \"%s\" ", part);
	}
	g_string_append(criteria, "OR HEADER MESSAGE-ID \" \" HEADER MESSAGE-ID \"\t\"");
	FindCall call = {.mailbox = mailbox,
	                 .criteria = criteria->str,
	                 .fields = "MESSAGE-ID",
	                 .message_ids = ids,
	                 .n_found = count,
	                 .found = (GPtrArray **)found->pdata + at};
	return imap_run((Imap *)server, mailbox, deadline, find_work, &call, error);
}

gboolean imap_find(MailServer *server, const char *mailbox, GPtrArray *message_ids,
                   GPtrArray *found, gint64 deadline, GError **error)
{
	for (guint at = 0; at < message_ids->len; at += SEARCH_IDS)
		if (!find_some(server, mailbox, message_ids, at, found, deadline, error))
			return FALSE;
	return TRUE;
}

/* A day of the server's calendar, whose time zone we do not know. */
static char *search_date(gint64 wall)
{
	g_autofree char *date =
		imap_date(CLAMP(wall, 0, G_GINT64_CONSTANT(4000000000) * CLOCK_SECOND));
	return g_strndup(date + 1, strlen("01-Jan-2026"));
}

GPtrArray *imap_find_similar(MailServer *server, const char *mailbox, const char *sender,
                             const char *subject, gint64 from, gint64 to, gint64 deadline,
                             GError **error)
{
	g_autofree char *after = search_date(from - CLOCK_DAY);
	g_autofree char *before = search_date(to + 2 * CLOCK_DAY);
	g_autofree char *quoted = sender ? imap_quote(sender) : NULL;
	g_autofree char *by_sender =
		quoted ? g_strdup_printf(" OR FROM %s HEADER SENDER %s", quoted, quoted)
		       : g_strdup("");
	g_autofree char *criteria =
		g_strdup_printf("SINCE %s BEFORE %s%s", after, before, by_sender);
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify)mail_item_free);
	FindCall call = {.mailbox = mailbox,
	                 .criteria = criteria,
	                 .fields = "FROM SENDER SUBJECT",
	                 .found = &found,
	                 .n_found = 1,
	                 .sender = sender,
	                 .subject = subject,
	                 .from = from,
	                 .to = to};
	return imap_run((Imap *)server, mailbox, deadline, find_work, &call, error)
	               ? g_steal_pointer(&found)
	               : NULL;
}
