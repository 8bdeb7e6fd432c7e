/* How fast messages come out of an IMAP folder: `bench-fetch PORT CA-FILE MASTER PASSWORD MAILBOX`
 * lists INBOX and fetches all of it through mail_server_fetch(), and prints "MESSAGES BYTES
 * SECONDS". */
#include "base/clock.h"
#include "server/imap.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct {
	gint64 messages, bytes;
} Total;

static gboolean add(const MailRef *ref, GBytes *message, gpointer data)
{
	Total *total = data;
	total->messages += message != NULL;
	total->bytes += message ? (gint64)g_bytes_get_size(message) : 0;
	return TRUE;
}

static MailServer *open_server(char **arguments)
{
	g_autoptr(json_t) config =
		json_pack("{s:s, s:i, s:s, s:s}", "host", "localhost", "port", atoi(arguments[1]),
	                  "ca_file", arguments[2], "master_user", arguments[3]);
	g_autoptr(json_t) secret = json_pack("{s:s}", "password", arguments[4]);
	g_autoptr(GError) error = NULL;
	MailServer *server = imap_server_kind.open(config, secret, &error);
	if (!server)
		g_error("%s", error->message);
	return server;
}

static GPtrArray *list_all(MailServer *server, const char *mailbox, gint64 deadline)
{
	GPtrArray *refs = g_ptr_array_new_with_free_func((GDestroyNotify)mail_ref_free);
	g_autofree char *cursor = NULL;
	for (gboolean more = TRUE; more;) {
		g_autoptr(GError) error = NULL;
		g_autoptr(MailListing) listing =
			mail_server_list_new(server, mailbox, "INBOX", cursor, deadline, &error);
		if (!listing)
			g_error("%s", error->message);
		for (guint i = 0; i < listing->items->len; i++)
			g_ptr_array_add(refs,
			                mail_ref_copy(((MailItem *)listing->items->pdata[i])->ref));
		more = listing->more;
		g_free(cursor);
		cursor = g_steal_pointer(&listing->cursor);
	}
	return refs;
}

int main(int argc, char **argv)
{
	if (argc != 6) {
		fprintf(stderr, "usage: bench-fetch PORT CA-FILE MASTER PASSWORD MAILBOX\n");
		return 64;
	}
	MailServer *server = open_server(argv);
	gint64 begun = g_get_monotonic_time();
	g_autoptr(GPtrArray) refs = list_all(server, argv[5], deadline_in(600));
	Total total = {0};
	g_autoptr(GError) error = NULL;
	if (!mail_server_fetch(server, refs, add, &total, deadline_in(600), &error))
		g_error("%s", error->message);
	double seconds = (double)(g_get_monotonic_time() - begun) / CLOCK_SECOND;
	printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %.4f\n", total.messages, total.bytes,
	       seconds);
	server->kind->close(server);
	return 0;
}
