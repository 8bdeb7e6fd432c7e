/* Parses an event stream. A pure state machine: pieces may be cut anywhere, even inside a CRLF or a
 * UTF-8 sequence, so octets are collected to whole lines before they become text. */
#include "net/sse.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"

#include <string.h>

struct SseParser {
	SseTaken taken;
	gpointer data;
	GString *line, *text;
	char *id, *event;
	gboolean after_cr, started, has_data;
};

SseParser *sse_parser_new(SseTaken taken, gpointer data)
{
	SseParser *parser = g_new0(SseParser, 1);
	parser->taken = taken;
	parser->data = data;
	parser->line = g_string_new(NULL);
	parser->text = g_string_new(NULL);
	parser->id = g_strdup("");
	return parser;
}

void sse_parser_free(SseParser *parser)
{
	if (!parser)
		return;
	g_string_free(parser->line, TRUE);
	g_string_free(parser->text, TRUE);
	g_free(parser->id);
	g_free(parser->event);
	g_free(parser);
}

const char *sse_parser_last_id(const SseParser *parser)
{
	return parser->id;
}

/* An empty line ends an event; one without data is dropped, as the standard says. */
static gboolean dispatch(SseParser *parser)
{
	gboolean go_on = TRUE;
	if (parser->has_data) {
		SseEvent event = {parser->id, parser->event ? parser->event : "message",
		                  parser->text->str};
		go_on = parser->taken(&event, parser->data);
	}
	g_string_truncate(parser->text, 0);
	g_clear_pointer(&parser->event, g_free);
	parser->has_data = FALSE;
	return go_on;
}

static gboolean end_line(SseParser *parser)
{
	if (parser->line->len == 0)
		return dispatch(parser);
	g_autofree char *line = text_from_bytes(parser->line->str, parser->line->len);
	g_string_truncate(parser->line, 0);
	char *value = strchr(line, ':');
	if (value == line)
		return TRUE; /* a comment keeps the connection alive */
	if (value) {
		*value++ = '\0';
		if (*value == ' ')
			value++;
	} else {
		value = line + strlen(line);
	}
	if (strcmp(line, "data") == 0) {
		if (parser->has_data)
			g_string_append_c(parser->text, '\n');
		g_string_append(parser->text, value);
		parser->has_data = TRUE;
	} else if (strcmp(line, "event") == 0) {
		g_free(parser->event);
		parser->event = *value ? g_strdup(value) : NULL;
	} else if (strcmp(line, "id") == 0) {
		g_free(parser->id);
		parser->id = g_strdup(value);
	}
	return TRUE;
}

gboolean sse_parser_feed(SseParser *parser, const char *octets, gsize length, GError **error)
{
	static const char bom[] = "\xef\xbb\xbf";
	for (gsize i = 0; i < length; i++) {
		char c = octets[i];
		gboolean second_half = c == '\n' && parser->after_cr;
		parser->after_cr = c == '\r';
		if (second_half)
			continue;
		if (c == '\r' || c == '\n') {
			if (!end_line(parser))
				return FALSE;
			parser->started = TRUE;
			continue;
		}
		g_string_append_c(parser->line, c);
		if (!parser->started && parser->line->len == 3) {
			parser->started = TRUE;
			if (memcmp(parser->line->str, bom, 3) == 0)
				g_string_truncate(parser->line, 0);
		}
		if (parser->line->len + parser->text->len > LIMIT_SSE_EVENT) {
			g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_LIMIT,
			            "an event is longer than %d bytes", LIMIT_SSE_EVENT);
			return FALSE;
		}
	}
	return TRUE;
}
