#pragma once
#include <glib.h>

/* What Outlook's own formats (.msg, winmail.dat) hold, on its way to MIME: so that everything that
 * reads messages reads these too. */
typedef struct {
	char *name, *type, *content_id; /* or NULL */
	GBytes *content;
	gboolean message; /* the content is a message */
} OutlookFile;

typedef struct {
	char *headers; /* the transport's header block, or NULL */
	char *message_id, *subject, *sender, *date;
	GString *to, *cc, *bcc; /* address lists */
	char *text, *html;
	GPtrArray *files; /* OutlookFile */
	gsize total;      /* octets of all files */
	gboolean cut;     /* a limit was reached */
} OutlookItem;

OutlookItem *outlook_item_new(void);
void outlook_item_free(OutlookItem *item);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OutlookItem, outlook_item_free)

/** Takes @content; what is too much sets item->cut instead. Strings are copied. */
void outlook_add_file(OutlookItem *item, const char *name, const char *type, const char *content_id,
                      GBytes *content, gboolean message);

/** "Name" <address>, appended to a list. */
void outlook_add_person(GString *list, const char *name, const char *address);

/** The item as a message (RFC 5322, MIME), text in UTF-8. New reference. */
GBytes *outlook_to_mime(const OutlookItem *item);

/** Once in a process, before msg_to_mime(). */
void msg_init(void);

/** A .msg file (MS-OXMSG) as MIME, attached items included. NULL when @content is none.
 * @cut  (out) TRUE when not all of it was read */
GBytes *msg_to_mime(GBytes *content, gboolean *cut);

/** A TNEF stream (MS-OXTNEF, winmail.dat) as MIME. NULL when @content is none. */
GBytes *tnef_to_mime(GBytes *content, gboolean *cut);
