#pragma once
#include <glib.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

/* A message as its signer saw it: the canonical forms of RFC 6376 §3.4 and their digests. Lines may
 * end in LF or CRLF; what is signed is always CRLF. */

typedef enum { CANON_SIMPLE, CANON_RELAXED } Canon;

typedef struct {
	const char *text;                /* borrowed; without the end of its last line */
	gsize length, name, name_length; /* name: of the lower-case name in it, without blanks */
} RawField;

typedef struct {
	GBytes *bytes;
	GArray *fields;      /* of RawField */
	GHashTable *by_name; /* lower-case name -> GArray of guint, indexes from the top */
	const char *body;    /* borrowed */
	gsize body_size;
} RawMessage;

/** The fields of a message whose header block begins @begin octets into @bytes. */
RawMessage *raw_message_new(GBytes *bytes, gsize begin);
void raw_message_free(RawMessage *raw);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RawMessage, raw_message_free)

/** The value of a field: past its colon. Borrowed, not terminated. */
const char *raw_field_value(const RawField *field, gsize *length);

/** Appends one field in canonical form, with the CRLF that ends it when @line_end. */
void canon_field(GString *to, const RawField *field, Canon canon, gboolean line_end);
/** The same with the value of its tag "b" cut out, as a signature covers its own field. */
void canon_field_unsigned(GString *to, const RawField *field, Canon canon);

/* One digest of the body that is wanted, and what came of it. */
typedef struct {
	Canon canon;
	gnutls_digest_algorithm_t algorithm;
	gint64 length; /* octets of the canonical body that count, -1: all */
	guint8 digest[32];
	gboolean done;   /* FALSE: the body is shorter than @length */
	gint64 appended; /* octets of the canonical body past @length */
} BodyDigest;

/** Computes them all, walking over the body once for each canonical form and algorithm. */
void canon_body(const RawMessage *raw, BodyDigest *wanted, guint count);
