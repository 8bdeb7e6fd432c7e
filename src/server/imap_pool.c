/* The connections to one IMAP server: few, reused, given up when idle.
 *
 * A login reaches one mailbox, so a connection serves only that mailbox; when all slots are taken,
 * one whose user has left it makes room, or a second one to its mailbox, or the one that has been
 * idle longest. */
#include "server/imap_private.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"

#include <string.h>

#define IDLE_MOST  CLOCK_MINUTE
#define TRUST_IDLE (5 * CLOCK_SECOND) /* idle longer than this, it is asked whether it lives */

static gboolean is_one_of_several(const Imap *imap, const ImapConnection *connection)
{
	for (GList *at = imap->idle.head; at; at = at->next) {
		const ImapConnection *other = at->data;
		if (other != connection && strcmp(other->mailbox, connection->mailbox) == 0)
			return TRUE;
	}
	return FALSE;
}

/* Of those whose mailbox has another connection the one that nobody used longest, or else of all.
 */
static ImapConnection *take_victim(Imap *imap)
{
	for (GList *at = imap->idle.tail; at; at = at->prev) {
		ImapConnection *connection = at->data;
		if (!is_one_of_several(imap, connection))
			continue;
		g_queue_delete_link(&imap->idle, at);
		return connection;
	}
	return g_queue_pop_tail(&imap->idle);
}

/* Room for one more connection; closes one that nobody uses if that makes it. */
static gboolean make_room(Imap *imap, ImapConnection **victim)
{
	*victim = NULL;
	if (imap->open < imap->limit) {
		imap->open++;
		return TRUE;
	}
	*victim = take_victim(imap);
	return *victim != NULL;
}

static ImapConnection *take_idle(Imap *imap, const char *address)
{
	for (GList *at = imap->idle.head; at; at = at->next) {
		ImapConnection *connection = at->data;
		if (strcmp(connection->mailbox, address) != 0)
			continue;
		g_queue_delete_link(&imap->idle, at);
		return connection;
	}
	return NULL;
}

static void give_up_slot(Imap *imap)
{
	g_mutex_lock(&imap->lock);
	imap->open--;
	g_cond_broadcast(&imap->changed);
	g_mutex_unlock(&imap->lock);
}

/* Waits for an idle connection to the mailbox, or for the right to open one (NULL, *may_open). */
static ImapConnection *wait_for_slot(Imap *imap, const char *address, gboolean fresh,
                                     gint64 deadline, gboolean *may_open)
{
	ImapConnection *connection = NULL, *victim = NULL;
	*may_open = FALSE;
	g_mutex_lock(&imap->lock);
	for (;;) {
		connection = fresh ? NULL : take_idle(imap, address);
		*may_open = !connection && make_room(imap, &victim);
		if (connection || *may_open ||
		    !g_cond_wait_until(&imap->changed, &imap->lock, deadline))
			break;
	}
	g_mutex_unlock(&imap->lock);
	imap_connection_close(victim);
	return connection;
}

/* Some servers refuse an unusual address with the words for a wrong password. When the same login
 * still opens the quarantine mailbox, the password is right. */
static gboolean password_is_right(Imap *imap, const char *mailbox, gint64 deadline)
{
	if (imap->settings.login == IMAP_LOGIN_USER || !imap->quarantine_mailbox ||
	    strspn(mailbox, "abcdefghijklmnopqrstuvwxyz0123456789.-_@") == strlen(mailbox))
		return FALSE;
	g_autoptr(ImapConnection) control =
		imap_connection_open(&imap->settings, imap->quarantine_mailbox, deadline, NULL);
	return control != NULL;
}

static ImapConnection *open_new(Imap *imap, const char *mailbox, gint64 deadline, GError **error)
{
	g_autoptr(GError) problem = NULL;
	ImapConnection *connection =
		imap_connection_open(&imap->settings, mailbox, deadline, &problem);
	if (connection)
		return connection;
	if (g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION) &&
	    password_is_right(imap, mailbox, deadline))
		mail_server_set_missing(error, MISSING_MAILBOX, mailbox);
	else
		g_propagate_error(error, g_steal_pointer(&problem));
	give_up_slot(imap);
	return NULL;
}

static ImapConnection *borrow(Imap *imap, const char *mailbox, gboolean fresh, gint64 deadline,
                              GError **error)
{
	for (;;) {
		gboolean may_open;
		ImapConnection *connection =
			wait_for_slot(imap, mailbox, fresh, deadline, &may_open);
		if (may_open)
			return open_new(imap, mailbox, deadline, error);
		if (!connection) {
			g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_BUSY,
			            "all %u connections to the mail server are in use",
			            imap->limit);
			return NULL;
		}
		imap_connection_set_deadline(connection, deadline);
		connection->reused = TRUE;
		if (g_get_monotonic_time() - connection->idle_since < TRUST_IDLE ||
		    imap_command(connection, NULL, "NOOP"))
			return connection;
		imap_connection_close(connection);
		give_up_slot(imap);
	}
}

/* An answer that nobody has read would be the first that the next caller reads. */
static void give_back(Imap *imap, ImapConnection *connection)
{
	if (connection->broken || connection->answered != connection->last_tag) {
		imap_connection_close(connection);
		give_up_slot(imap);
		return;
	}
	imap_on_fetched(connection, NULL, NULL);
	imap_allow_literals(connection, LIMIT_IMAP_LINE);
	connection->changing = connection->stopped = FALSE;
	connection->idle_since = g_get_monotonic_time();
	g_mutex_lock(&imap->lock);
	g_queue_push_head(&imap->idle, connection);
	g_cond_broadcast(&imap->changed);
	g_mutex_unlock(&imap->lock);
}

/* A pooled connection that died while nobody looked is nobody's fault. */
static gboolean is_worth_another(const ImapConnection *connection, const GError *problem)
{
	return connection->broken && connection->reused && !connection->changing &&
	       problem->code == TRAWL_ERROR_UNREACHABLE;
}

gboolean imap_run(Imap *imap, const char *mailbox, gint64 deadline, ImapWork work, gpointer call,
                  GError **error)
{
	g_autofree char *address = text_address(mailbox);
	for (gboolean fresh = FALSE;; fresh = TRUE) {
		ImapConnection *connection =
			borrow(imap, address ? address : mailbox, fresh, deadline, error);
		if (!connection)
			return FALSE;
		g_autoptr(GError) problem = NULL;
		gboolean done = work(connection, call, &problem) || connection->stopped;
		gboolean again = !done && is_worth_another(connection, problem);
		give_back(imap, connection);
		if (done)
			return TRUE;
		if (again && !fresh)
			continue;
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
}

void imap_leave(MailServer *server, const char *mailbox)
{
	Imap *imap = (Imap *)server;
	g_autofree char *address = text_address(mailbox);
	g_mutex_lock(&imap->lock);
	ImapConnection *connection = address ? take_idle(imap, address) : NULL;
	if (connection)
		g_queue_push_tail(&imap->idle, connection);
	g_mutex_unlock(&imap->lock);
}

void imap_connections(MailServer *server, MailConnections *now)
{
	Imap *imap = (Imap *)server;
	g_mutex_lock(&imap->lock);
	*now = (MailConnections){
		.in_use = imap->open - imap->idle.length, .open = imap->open, .limit = imap->limit};
	g_mutex_unlock(&imap->lock);
}

/* Idle connections end after a while, because servers count them and end them too. */

static gint64 idle_since(const GList *at)
{
	return ((const ImapConnection *)at->data)->idle_since;
}

static ImapConnection *pop_expired(Imap *imap, gint64 *next)
{
	GList *oldest = imap->idle.tail;
	for (GList *at = oldest; at; at = at->prev)
		if (idle_since(at) < idle_since(oldest))
			oldest = at;
	gint64 now = g_get_monotonic_time();
	*next = (oldest ? idle_since(oldest) : now) + IDLE_MOST;
	if (!oldest || *next > now)
		return NULL;
	ImapConnection *expired = oldest->data;
	g_queue_delete_link(&imap->idle, oldest);
	imap->open--;
	g_cond_broadcast(&imap->changed);
	return expired;
}

static gpointer reap(gpointer data)
{
	Imap *imap = data;
	g_mutex_lock(&imap->lock);
	while (!imap->closing) {
		gint64 next;
		ImapConnection *expired = pop_expired(imap, &next);
		if (expired) {
			g_mutex_unlock(&imap->lock);
			imap_connection_close(expired);
			g_mutex_lock(&imap->lock);
		} else {
			g_cond_wait_until(&imap->stop, &imap->lock, next);
		}
	}
	g_mutex_unlock(&imap->lock);
	return NULL;
}

void imap_pool_start(Imap *imap)
{
	g_mutex_init(&imap->lock);
	g_cond_init(&imap->changed);
	g_cond_init(&imap->stop);
	g_queue_init(&imap->idle);
	imap->reaper = g_thread_new("imap-pool", reap, imap);
}

void imap_pool_stop(Imap *imap)
{
	g_mutex_lock(&imap->lock);
	imap->closing = TRUE;
	g_cond_broadcast(&imap->stop);
	g_mutex_unlock(&imap->lock);
	g_thread_join(imap->reaper);
	g_queue_clear_full(&imap->idle, (GDestroyNotify)imap_connection_close);
	g_mutex_clear(&imap->lock);
	g_cond_clear(&imap->changed);
	g_cond_clear(&imap->stop);
}
