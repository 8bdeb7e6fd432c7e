#pragma once
#include <glib.h>

/* Server-sent events (WHATWG HTML §9.2.6): octets as they arrive in, events out. */

typedef struct {
	const char *id;    /* the last id seen, "" for none */
	const char *event; /* "message" when the peer names none */
	const char *data;  /* lines joined by '\n', valid UTF-8 */
} SseEvent;

/** FALSE stops the parser. */
typedef gboolean (*SseTaken)(const SseEvent *event, gpointer data);

typedef struct SseParser SseParser;
SseParser *sse_parser_new(SseTaken taken, gpointer data);
void sse_parser_free(SseParser *parser);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SseParser, sse_parser_free)

/** Takes a piece, split anywhere. FALSE when the callback stopped, or with TRAWL_ERROR_LIMIT for an
 * event longer than LIMIT_SSE_EVENT. */
gboolean sse_parser_feed(SseParser *parser, const char *octets, gsize length, GError **error);

/** The id to send as Last-Event-ID after the connection broke, or "". Borrowed. */
const char *sse_parser_last_id(const SseParser *parser);
