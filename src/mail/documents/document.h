#pragma once
#include "mail/documents/documents.h"

/* One document while it is read. */
typedef struct {
	const Message *message;
	const DocumentFile *file;
	gsize text; /* octets of text that were searched for links */
} Document;

/* ---- what a reader reports ---- */

/** A link: @where says what holds it, "pdf.uri". */
void document_link(Document *document, const char *where, const char *url, const char *text);
/** The links that are written out in a text, at most LIMIT_DOCUMENT_TEXT octets of a document. */
void document_text(Document *document, const char *where, const char *text);
/** A finding about the file. */
void document_finding(Document *document, const char *id, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
/** A file inside: described as attachments are, and listed in the entry's "parts". */
void document_part(Document *document, const char *name, GBytes *content);
/** A field of Word's field language, "HYPERLINK \"https://…\"": its link, or a finding. */
void document_field(Document *document, const char *field);
/** TRUE when @text names one of the functions or fields that let Office start a program (DDE). */
gboolean document_is_dde(const char *text);
/** A file as Windows' packager puts it into an object, from its two octets of type on: a part. */
void ole_native_read(Document *document, const guint8 *octets, gsize size);
/** The content as text: UTF-8 or UTF-16 by its mark, else as charset_decode() takes it. */
char *document_decode(const Document *document);

/* ---- the readers; documents.c has them in a table ---- */

void pdf_read(Document *document);
void office_read(Document *document);
void ole_read(Document *document);
void rich_text_read(Document *document);
void page_read(Document *document);
void svg_read(Document *document);
void url_file_read(Document *document);
void webloc_read(Document *document);
void shell_link_read(Document *document);
void calendar_read(Document *document);
void card_read(Document *document);
void picture_read(Document *document);
void plain_text_read(Document *document);

void pdf_init(void);
void picture_init(void);
void qr_init(void);

/* ---- QR codes ---- */

/** One grey octet a pixel, 0 is black. */
typedef struct {
	guint width, height;
	guint8 *pixels;
} Bitmap;

Bitmap *bitmap_new(guint width, guint height);
void bitmap_free(Bitmap *bitmap);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Bitmap, bitmap_free)

/** TRUE when so many more pixels may be searched; else a finding says that the limit was hit. */
gboolean qr_may_search(const Message *message, const char *where, gsize pixels);
/** Searches a bitmap: each code is a finding "qr_code", and a link where it holds one. How many. */
guint qr_search(const Message *message, const char *where, const Bitmap *bitmap);
/** Searches a picture file of any kind that is known. How many codes. */
guint picture_search(const Message *message, const char *where, GBytes *content);
/** Searches HTML for codes made of coloured cells, and for pictures in data: URLs. */
void drawn_search_html(const Message *message, const char *where, const char *html);
/** Searches text for codes made of block characters. */
void drawn_search_text(const Message *message, const char *where, const char *text);
