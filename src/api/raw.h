#pragma once
#include "api/request.h"

/* Downloads of raw messages, the same for reports and originals. */

typedef struct {
	gint64 id;
	char *sha256;       /* (out) (transfer full) NULL: its bytes are not here */
	gint64 incident_id; /* (out) in whose activity the look appears, or 0 */
	gboolean vip;       /* (out) it is a VIP's mail */
} RawLook;

typedef gboolean (*RawFind)(Db *db, RawLook *look, GError **error);

/**
 * Answers with the raw bytes of the request's object, after an audit record of the look was
 * committed.
 *
 * @kind  "report", "original": in the record and the file's name
 */
gboolean raw_answer(Request *request, Answer *answer, const char *kind, RawFind find,
                    GError **error);

/** FALSE with TRAWL_ERROR_DENIED when it is a VIP's mail, and that takes more than the caller has.
 */
gboolean raw_check_vip(Request *request, gboolean vip, GError **error);

/** Commits the record of a look at what a message says: "<kind>.look", "<kind>.download",
 * "<kind>.attachments".
 * @vip  whose it is, which is on record */
gboolean raw_record_look(Request *request, const char *kind, const char *verb, gint64 incident_id,
                         gboolean vip, GError **error);

/**
 * Has a sandboxed reader look into the bytes of the request's object, which this process does not
 * parse itself. Only so many at once (LIMIT_LOOKS_INSIDE), until @answer is gone.
 *
 * @options  of mail/breakdown.h; the limits of this daemon are added
 * @look     (inout) the object's number; what @find says of it. Its texts are the caller's
 * @return   (transfer full) what the reader says. TRAWL_ERROR_NOT_FOUND: the bytes are not here;
 *           _DENIED: a VIP's; _BUSY, _UNREACHABLE, _TIMEOUT, _REMOTE: of the readers
 */
json_t *raw_read_inside(Request *request, Answer *answer, RawFind find, const json_t *options,
                        RawLook *look, GError **error);
