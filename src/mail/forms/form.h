#pragma once
#include "mail/message/message.h"

/* One message on the way to being recognised as a report of some form. */
typedef struct {
	Message *message;
	json_t *described; /* its "message" object */
	json_t *evidence;  /* array: why we think so */
	json_t *originals; /* array of "originals" */
	json_t *report;    /* more members of the "report" object, or what stands instead of ours */
	char *named;       /* the reporter's address that something else than From names, or NULL */
	const char *named_by; /* what names it; static */
} Recognition;

/** Adds a sentence to the evidence. */
void form_because(Recognition *seen, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** Adds an original. @raw_base64 or NULL; takes both references. */
void form_add_original(Recognition *seen, gboolean first_hand, json_t *message, json_t *raw_base64);

/** Adds an original whose octets stand in the report in another way than as a part. FALSE when a
 * limit forbids to read it; a finding says so. */
gboolean form_add_original_octets(Recognition *seen, GBytes *octets, const char *where);

/** Somebody else than From may be the reporter: counts only when an accepted relay sent it. Takes
 * @address. */
void form_name_reporter(Recognition *seen, char *address, const char *by);

/** Moves the messages that are attached, also inside archives, to the originals. How many. */
guint form_take_attached(Recognition *seen);

/** An original of which only a header block (and maybe a text) is known. */
void form_add_claimed_block(Recognition *seen, const char *header_block, const char *text);

/** The text that a person sees of the message: its plain text, else what its HTML shows. Borrowed
 * from seen->described, may be NULL. */
const char *form_shown_text(const Recognition *seen);

gboolean form_header_contains(const Message *message, const char *field, const char *part);
gboolean form_has_part(const Message *message, const char *type);
/** report-type of a multipart/report (RFC 6522), "" when it names none, NULL when it is none. */
const char *form_report_type(const Message *message);

/* The recognisers; report.c has them in a table. TRUE: it is one. */
gboolean form_is_notice(Recognition *seen);
gboolean form_is_bounce(Recognition *seen);
gboolean form_is_auto_reply(Recognition *seen);
gboolean form_is_list_digest(Recognition *seen);
gboolean form_is_dmarc(Recognition *seen);
gboolean form_is_feedback(Recognition *seen);
/** A feedback report that is not valid, with the message it is about: it is read like any other. */
gboolean form_is_refused_feedback(Recognition *seen);
gboolean form_is_xarf(Recognition *seen);
gboolean form_is_journal(Recognition *seen);
gboolean form_has_attached(Recognition *seen);
gboolean form_has_marked_blocks(Recognition *seen);
gboolean form_is_inline(Recognition *seen);

/** The fields of its message/feedback-report part; NULL: it has none. New reference. */
json_t *form_feedback_fields(Recognition *seen);

/** Which reporter add-in made it: its name for report.add_in, or NULL. Also names the reporter
 * where the add-in does.
 * @verdict   (out) "junk", "not_junk", "phishing" or NULL; static */
const char *form_add_in(Recognition *seen, const char **verdict);
