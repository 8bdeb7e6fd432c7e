#pragma once
#include "base/json.h"
#include "mail/findings/limits.h"
#include "mail/links/links.h"

#include <gmime/gmime.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeStream, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GMimeParser, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(InternetAddressList, g_object_unref)

/* One message taken apart: its header block and its leaf parts, with what was odd about them. An
 * attached message is a leaf here; whoever wants to look into it parses its bytes again. */

typedef struct Taking Taking;

/* What one call of breakdown_new() may spend, over all messages inside messages. */
typedef struct {
	const json_t *options;
	MailLimits limits;
	guint parts;      /* seen so far */
	gsize parsed;     /* bytes handed to the MIME parser so far */
	guint nested;     /* attached messages read so far */
	guint made;       /* > 0 while a message is read that we made ourselves of another format */
	guint parameters; /* of header fields seen so far */
	guint unpacking;  /* archives that are open inside each other */
	gsize packed;     /* bytes of those so far that were in no other archive */
	gsize unpacked;
	guint unpacked_files; /* from archives so far */
	gsize digested;       /* octets hashed to check signatures so far */
	gboolean documents;   /* attachments are looked into */
	gboolean qr;          /* pictures are searched for QR codes */
	gsize pixels;         /* searched so far */
	Taking *taking;       /* of mail/taking.h, or NULL: nothing is taken out */
} Reading;

typedef struct {
	GMimeObject *object; /* borrowed from the message */
	char *type;          /* "text/plain", lower case; as declared, or as MIME's defaults say */
	char *path;          /* "1.2", as in IMAP */
	GBytes *raw;         /* as it stood, still encoded */
	GMimeContentEncoding encoding;
	gboolean attachment; /* by Content-Disposition */
	guint parameters;    /* of one field that are read */
	GBytes *content;     /* decoded; part_content() fills it */
} Part;

typedef struct {
	Reading *reading;
	guint depth;       /* 0: what was handed to breakdown_new() */
	GBytes *bytes;     /* as it stood */
	gsize begin;       /* where in them its header block begins */
	GMimeObject *root; /* NULL when there is nothing at all */
	GPtrArray *fields; /* GMimeHeader, borrowed from the root, which checks at each question */
	GPtrArray *leaves; /* Part */
	GPtrArray *inner;  /* GMimeObject: roots of what was signed as a whole */
	json_t *findings;
	gboolean ambiguous;   /* another reader may see another message in the same bytes */
	LinkWalk *file_links; /* links in attachments, while it is described */
} Message;

/** Once in a process: attached messages become leaves. */
void message_init(void);

/** @depth of messages inside messages. Never NULL. */
Message *message_parse(Reading *reading, GBytes *bytes, guint depth);
void message_free(Message *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Message, message_free)

/** The bytes after the header block. New reference. */
GBytes *message_body(const Message *message);

/** The number of header fields. */
int message_header_count(const Message *message);
/** The @index-th field. Borrowed. */
GMimeHeader *message_header_at(const Message *message, int index);
/** The first field of that name as it stood, folded and maybe not UTF-8, or NULL. Borrowed. */
const char *message_header_raw(const Message *message, const char *name);
/** The first field of that name, unfolded and decoded (RFC 2047), or NULL. Newly allocated. */
char *message_header(const Message *message, const char *name);

/** The transfer-decoded content. Borrowed. */
GBytes *part_content(Part *part);
/** A parameter of Content-Type, decoded (RFC 2231), or NULL. Borrowed. */
const char *part_parameter(const Part *part, const char *name);
/** The name the part gives itself, decoded, or NULL. Newly allocated. */
char *part_name(const Part *part);
