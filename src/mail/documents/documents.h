#pragma once
#include "mail/message/message.h"

/** Loads what the libraries would open later: picture loaders, fonts, PDF tables. Once in a
 * process, before a sandbox. */
void documents_init(void);

/** One attached file, or one inside an archive. */
typedef struct {
	const char *name;     /* or NULL */
	const char *type;     /* as declared, or NULL */
	const char *detected; /* by its octets */
	const char *where;    /* its path, for findings and links */
	GBytes *content;
	guint depth;   /* archives and documents around it */
	json_t *entry; /* its object in the breakdown */
} DocumentFile;

/**
 * Looks into a file that is a document of a known kind: its links end in message->file_links, what
 * is odd in the findings, files inside as entry's "parts". Does nothing for any other file.
 */
void documents_read(const Message *message, const DocumentFile *file);

/** Searches a message's own bodies for QR codes that are drawn there. @text, @html may be NULL. */
void documents_read_body(const Message *message, const char *text, const char *html);
