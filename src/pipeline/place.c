/* A report's place and a source's cursor as text. */
#include "pipeline/place.h"

#include "base/error.h"

#include <string.h>

static char *encode(const char *text)
{
	return g_uri_escape_string(text, "@", TRUE);
}

static char *folder_format(gint64 server_id, const char *mailbox, const char *folder)
{
	g_autofree char *mailbox_text = encode(mailbox);
	g_autofree char *folder_text = encode(folder);
	return g_strdup_printf("%" G_GINT64_FORMAT "/%s/%s/", server_id, mailbox_text, folder_text);
}

char *place_format(gint64 server_id, const char *mailbox, const char *folder, const char *epoch)
{
	g_autofree char *place = folder_format(server_id, mailbox, folder);
	g_autofree char *epoch_text = encode(epoch);
	return g_strconcat(place, epoch_text, NULL);
}

MailRef *place_parse(const Report *report, gint64 *server_id, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(report->epoch, "/", -1);
	if (g_strv_length(parts) != 4 ||
	    !g_ascii_string_to_signed(parts[0], 10, 1, G_MAXINT64, server_id, NULL)) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INTERNAL,
		            "report %" G_GINT64_FORMAT " has no place, but '%s'", report->id,
		            report->epoch);
		return NULL;
	}
	g_autofree char *mailbox = g_uri_unescape_string(parts[1], NULL);
	g_autofree char *folder = g_uri_unescape_string(parts[2], NULL);
	g_autofree char *epoch = g_uri_unescape_string(parts[3], NULL);
	return mail_ref_new(mailbox, folder, epoch, report->server_uid);
}

char *place_cursor_format(gint64 server_id, const char *mailbox, const char *folder,
                          const char *cursor)
{
	g_autofree char *place = folder_format(server_id, mailbox, folder);
	return g_strconcat(place, cursor, NULL);
}

const char *place_cursor_find(const char *kept, gint64 server_id, const char *mailbox,
                              const char *folder)
{
	g_autofree char *place = folder_format(server_id, mailbox, folder);
	return kept && g_str_has_prefix(kept, place) ? kept + strlen(place) : NULL;
}
