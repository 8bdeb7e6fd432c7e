/* The interface to every kind of mail server: dispatch, and the small values that cross it.
 *
 * What is common to all kinds is checked here once; everything else is the kind's business. */
#include "server/server.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"

#include <string.h>

MailRef *mail_ref_new(const char *mailbox, const char *folder, const char *epoch, const char *uid)
{
	MailRef *ref = g_new0(MailRef, 1);
	ref->mailbox = g_strdup(mailbox);
	ref->folder = g_strdup(folder);
	ref->epoch = g_strdup(epoch);
	ref->uid = g_strdup(uid);
	return ref;
}

MailRef *mail_ref_copy(const MailRef *ref)
{
	return mail_ref_new(ref->mailbox, ref->folder, ref->epoch, ref->uid);
}

void mail_ref_free(MailRef *ref)
{
	if (!ref)
		return;
	g_free(ref->mailbox);
	g_free(ref->folder);
	g_free(ref->epoch);
	g_free(ref->uid);
	g_free(ref);
}

void mail_item_free(MailItem *item)
{
	if (!item)
		return;
	mail_ref_free(item->ref);
	g_strfreev(item->flags);
	g_clear_pointer(&item->message, g_bytes_unref);
	g_free(item);
}

gboolean mail_item_is_read(const MailItem *item)
{
	return item->flags && g_strv_contains((const char *const *)item->flags, "\\Seen");
}

CheckLine *check_line_new(CheckLevel level, const char *what, const char *detail)
{
	CheckLine *line = g_new0(CheckLine, 1);
	line->level = level;
	line->what = g_strdup(what);
	line->detail = g_strdup(detail);
	return line;
}

void check_line_free(CheckLine *line)
{
	if (!line)
		return;
	g_free(line->what);
	g_free(line->detail);
	g_free(line);
}

void mail_listing_free(MailListing *listing)
{
	if (!listing)
		return;
	g_clear_pointer(&listing->items, g_ptr_array_unref);
	g_free(listing->cursor);
	g_free(listing);
}

const MailServerKind *mail_server_kind_find(const MailServerKind *const *kinds, const char *name)
{
	for (; *kinds; kinds++)
		if (g_strcmp0((*kinds)->name, name) == 0)
			return *kinds;
	return NULL;
}

GPtrArray *mail_server_check(MailServer *server, const char *mailbox, gint64 deadline)
{
	return server->kind->check(server, mailbox, deadline);
}

GPtrArray *mail_server_folders(MailServer *server, const char *mailbox, gint64 deadline,
                               GError **error)
{
	if (!deadline_check(deadline, error))
		return NULL;
	return server->kind->folders(server, mailbox, deadline, error);
}

MailListing *mail_server_list_new(MailServer *server, const char *mailbox, const char *folder,
                                  const char *cursor, gint64 deadline, GError **error)
{
	if (!deadline_check(deadline, error))
		return NULL;
	return server->kind->list_new(server, mailbox, folder, cursor, deadline, error);
}

gboolean mail_server_fetch(MailServer *server, GPtrArray *refs, MailFetched fetched, gpointer data,
                           gint64 deadline, GError **error)
{
	for (guint i = 1; i < refs->len; i++) {
		const MailRef *first = refs->pdata[0], *ref = refs->pdata[i];
		g_assert(strcmp(ref->mailbox, first->mailbox) == 0 &&
		         strcmp(ref->folder, first->folder) == 0);
	}
	if (!deadline_check(deadline, error))
		return FALSE;
	return refs->len == 0 || server->kind->fetch(server, refs, fetched, data, deadline, error);
}

static gboolean keep_fetched(const MailRef *ref, GBytes *message, gpointer data)
{
	GBytes **kept = data;
	g_clear_pointer(kept, g_bytes_unref);
	*kept = message ? g_bytes_ref(message) : NULL;
	return TRUE;
}

GBytes *mail_server_fetch_one(MailServer *server, const MailRef *ref, gint64 deadline,
                              GError **error)
{
	g_autoptr(GPtrArray) refs = g_ptr_array_new();
	g_ptr_array_add(refs, (gpointer)ref);
	g_autoptr(GBytes) message = NULL;
	if (!mail_server_fetch(server, refs, keep_fetched, &message, deadline, error))
		return NULL;
	if (!message)
		mail_server_set_missing(error, MISSING_MESSAGE, ref->uid);
	return g_steal_pointer(&message);
}

GPtrArray *mail_server_find_each(MailServer *server, const char *mailbox, GPtrArray *message_ids,
                                 gint64 deadline, GError **error)
{
	g_autoptr(GPtrArray) found =
		g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
	if (!deadline_check(deadline, error))
		return NULL;
	for (guint i = 0; i < message_ids->len; i++) {
		const char *message_id = message_ids->pdata[i];
		if (!message_id || !*message_id) {
			g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
			                    "a message cannot be found by an empty Message-ID");
			return NULL;
		}
		g_ptr_array_add(found,
		                g_ptr_array_new_with_free_func((GDestroyNotify)mail_item_free));
	}
	return message_ids->len == 0 || server->kind->find(server, mailbox, message_ids, found,
	                                                   deadline, error)
	               ? g_steal_pointer(&found)
	               : NULL;
}

GPtrArray *mail_server_find(MailServer *server, const char *mailbox, const char *message_id,
                            gint64 deadline, GError **error)
{
	g_autoptr(GPtrArray) message_ids = g_ptr_array_new();
	g_ptr_array_add(message_ids, (gpointer)message_id);
	g_autoptr(GPtrArray) found =
		mail_server_find_each(server, mailbox, message_ids, deadline, error);
	return found ? g_ptr_array_ref(found->pdata[0]) : NULL;
}

GPtrArray *mail_server_find_similar(MailServer *server, const char *mailbox, const char *sender,
                                    const char *subject, gint64 from, gint64 to, gint64 deadline,
                                    GError **error)
{
	if (!deadline_check(deadline, error))
		return NULL;
	return server->kind->find_similar(server, mailbox, sender, subject, from, to, deadline,
	                                  error);
}

MailItem *mail_server_stat(MailServer *server, const MailRef *ref, gint64 deadline, GError **error)
{
	if (!deadline_check(deadline, error))
		return NULL;
	return server->kind->stat(server, ref, deadline, error);
}

MailItem *mail_server_stat_to_remove(MailServer *server, const MailRef *ref, gint64 deadline,
                                     GError **error)
{
	if (!server->kind->stat_to_remove)
		return mail_server_stat(server, ref, deadline, error);
	if (!deadline_check(deadline, error))
		return NULL;
	return server->kind->stat_to_remove(server, ref, deadline, error);
}

MailItem *mail_server_read(MailServer *server, const MailRef *ref, gint64 deadline, GError **error)
{
	if (!deadline_check(deadline, error))
		return NULL;
	if (server->kind->read)
		return server->kind->read(server, ref, deadline, error);
	g_autoptr(GBytes) message = mail_server_fetch_one(server, ref, deadline, error);
	MailItem *item = message ? server->kind->stat(server, ref, deadline, error) : NULL;
	if (item)
		item->message = g_steal_pointer(&message);
	return item;
}

MailRef *mail_server_move(MailServer *server, const MailRef *ref, const char *folder,
                          gint64 deadline, GError **error)
{
	if (!deadline_check(deadline, error))
		return NULL;
	return server->kind->move(server, ref, folder, deadline, error);
}

MailRef *mail_server_put(MailServer *server, const char *mailbox, const char *folder,
                         GBytes *message, char **flags, gint64 received_at, gint64 deadline,
                         GError **error)
{
	if (!deadline_check(deadline, error))
		return NULL;
	if (g_bytes_get_size(message) > LIMIT_MESSAGE_SIZE) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_LIMIT,
		            "the message has %" G_GSIZE_FORMAT " bytes, more than %d",
		            g_bytes_get_size(message), LIMIT_MESSAGE_SIZE);
		return NULL;
	}
	return server->kind->put(server, mailbox, folder, message, flags, received_at, deadline,
	                         error);
}

char *mail_server_mark(MailServer *server, const char *mailbox, const char *folder, gint64 deadline,
                       GError **error)
{
	if (!deadline_check(deadline, error))
		return NULL;
	return server->kind->mark(server, mailbox, folder, deadline, error);
}

GPtrArray *mail_server_since(MailServer *server, const char *mailbox, const char *folder,
                             const char *mark, gint64 deadline, GError **error)
{
	if (!deadline_check(deadline, error))
		return NULL;
	return server->kind->since(server, mailbox, folder, mark, deadline, error);
}

gboolean mail_server_remove(MailServer *server, const MailRef *ref, gint64 deadline, GError **error)
{
	if (!deadline_check(deadline, error))
		return FALSE;
	return server->kind->remove(server, ref, deadline, error);
}

void mail_server_leave(MailServer *server, const char *mailbox)
{
	if (server->kind->leave)
		server->kind->leave(server, mailbox);
}

gboolean mail_server_wait(MailServer *server, const char *mailbox, const char *folder,
                          gint64 deadline, gboolean *changed, GError **error)
{
	*changed = FALSE;
	if (server->kind->wait)
		return server->kind->wait(server, mailbox, folder, deadline, changed, error);
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
	            "a mail server of kind %s cannot be waited on", server->kind->title);
	return FALSE;
}

/* The sentence is the carrier of what is missing, so it survives g_prefix_error(). The name comes
 * after it, so that a name which contains another of these sentences misleads nobody. */
static const char *const missing_sentences[] = {
	[MISSING_MESSAGE] = "there is no such message: ",
	[MISSING_FOLDER] = "there is no such folder: ",
	[MISSING_MAILBOX] = "there is no such mailbox: ",
};

void mail_server_set_missing(GError **error, MailMissing what, const char *name)
{
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND, "%s%s", missing_sentences[what],
	            name);
}

MailMissing mail_server_error_what(const GError *error)
{
	MailMissing what = MISSING_MESSAGE;
	const char *first = NULL;
	for (guint i = 0; i < G_N_ELEMENTS(missing_sentences); i++) {
		const char *at = strstr(error->message, missing_sentences[i]);
		if (at && (!first || at < first)) {
			first = at;
			what = (MailMissing)i;
		}
	}
	return what;
}
