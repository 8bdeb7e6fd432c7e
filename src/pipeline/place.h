#pragma once
#include "model/report.h"
#include "server/server.h"

/* Where a report was found, as it stands in report.epoch: mail server, mailbox, folder and the
 * folder's own epoch. All four, because a source may be pointed at another folder later: reports
 * found before keep their place, and equal numbers of two folders stay two reports. */

/** "<server>/<mailbox>/<folder>/<epoch>", each part percent-encoded; newly allocated. */
char *place_format(gint64 server_id, const char *mailbox, const char *folder, const char *epoch);

/** The message of a report. (transfer full) NULL with TRAWL_ERROR_INTERNAL when the text is not
 * place_format()'s. */
MailRef *place_parse(const Report *report, gint64 *server_id, GError **error);

/* A source's cursor belongs to the folder it was made for: a source that was pointed at another one
 * begins anew. */

/** The text to keep: the folder's place and the server's @cursor; newly allocated. */
char *place_cursor_format(gint64 server_id, const char *mailbox, const char *folder,
                          const char *cursor);
/** The server's cursor in @kept, or NULL when there is none for this folder. Borrowed from @kept.
 */
const char *place_cursor_find(const char *kept, gint64 server_id, const char *mailbox,
                              const char *folder);
