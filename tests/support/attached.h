#pragma once
#include "base/json.h"

/* Mails with one attachment, and documents of each kind to attach, all made here. */

typedef struct {
	const char *name, *content;
	gsize size; /* 0: as long as the text */
} AttachedFile;

/** An archive by libarchive. @format as it names them, "zip" or "7zip"; @filter "gzip" or NULL;
 * @options  "zip:encryption=aes256" or NULL, with @password */
GBytes *attached_archive(const char *format, const char *filter, const char *options,
                         const char *password, const AttachedFile *files, guint n);
/** One file, in a format without a writer: stored, not packed. */
GBytes *attached_rar4(const char *name, const char *content);
GBytes *attached_rar5(const char *name, const char *content);
GBytes *attached_cab(const char *name, const char *content);

/** A QR code in a format of `qrencode -t`; NULL where that is not installed. */
GBytes *attached_qr(const char *format, const char *text);

/** A mail with that content as its second part, whose header fields are @fields, a line end after
 * each. */
GBytes *attached_mail(const char *fields, GBytes *content);
/** The breakdown of such a mail with a file of that name and no telling type. */
json_t *attached_read(const char *name, GBytes *content);

/** One document and what must be found in it. */
typedef struct {
	const char *name;
	GBytes *(*make)(void); /* NULL comes back where a tool is missing */
	const char *where;     /* of a link, or NULL */
	const char *url;
	const char *finding; /* or NULL */
} AttachedSample;
extern const AttachedSample attached_samples[];
extern const guint attached_samples_count;

/** TRUE when the link and the finding of @sample are in a breakdown; else says what is missing. */
gboolean attached_sample_found(const AttachedSample *sample, const json_t *document);
