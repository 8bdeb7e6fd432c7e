#pragma once
#include "base/json.h"

/* What a request is answered with, before it is put on the wire. ("Response" is another word of
 * ours: what is done about an incident.) */

typedef struct EventStream EventStream;

typedef struct {
	int status;
	const char *type;    /* media type of the body; static */
	GBytes *body;        /* NULL: none */
	GPtrArray *headers;  /* of char *: name, value, name, value … */
	EventStream *stream; /* instead of a body; see stream.h */
	GBytes *kept;        /* what a repetition gets instead of the body; NULL: the body */
	gboolean live;       /* holds more than its ETag stands for: never "not modified" */
	gboolean close;      /* the connection cannot be used again */
	gint *place;         /* decremented when the answer is gone: see LIMIT_DOWNLOADS */
} Answer;

Answer *answer_new(void);
void answer_free(Answer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Answer, answer_free)
/** Back to nothing: a transaction may run its work twice. */
void answer_reset(Answer *answer);

/** Answers with a JSON document; takes @document over. */
void answer_json(Answer *answer, int status, json_t *document);
/** 204. */
void answer_nothing(Answer *answer);
/** Sets a header; a second call with the same name replaces the first, but for cookies: an answer
 * may set several. */
void answer_header(Answer *answer, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);
/** Its value, or NULL. Borrowed. */
const char *answer_find_header(const Answer *answer, const char *name);

/** The ETag of a revision. */
void answer_etag(Answer *answer, gint64 revision);

/** problem+json (RFC 9457) from an error: status, code and remedy come from its row in
 * base/error.c. */
void answer_error(Answer *answer, const GError *error);
/** The same of TRAWL_ERROR_DENIED for want of a permission, whose name is a member of its own.
 * @permission  as in scope_names */
void answer_lack(Answer *answer, const GError *error, const char *permission);
/** problem+json for what HTTP itself refuses. @code as in error_remedy() or another word. */
void answer_problem(Answer *answer, int status, const char *code, const char *format, ...)
	G_GNUC_PRINTF(4, 5);

/** The same of a caller's mistake (400), with one member more; takes @value over. */
void answer_problem_with(Answer *answer, const char *detail, const char *member, json_t *value);

/** The reason phrase of a status (RFC 9110 §15). */
const char *answer_reason(int status);
