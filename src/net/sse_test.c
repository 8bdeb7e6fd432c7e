#include "base/error.h"
#include "base/limits.h"
#include "net/sse.h"

#include <string.h>

static gboolean note(const SseEvent *event, gpointer data)
{
	g_string_append_printf(data, "[%s|%s|%s]", event->id, event->event, event->data);
	return strcmp(event->data, "stop") != 0;
}

/* clang-format off */
static const struct {
	const char *stream, *events;
} cases[] = {
	{"data: a\n\n",                               "[|message|a]"},
	{"data:a\r\n\r\n",                            "[|message|a]"},
	{"data: a\r\rdata: b\r\r",                    "[|message|a][|message|b]"},
	{"data: a\ndata: b\n\n",                      "[|message|a\nb]"},
	{"data\n\n",                                  "[|message|]"},
	{"\xef\xbb\xbf" "data: a\n\n",                "[|message|a]"},
	{": ping\n\n",                                ""},
	{"event: x\n\ndata: a\n\n",                   "[|message|a]"},
	{"id: 7\nevent: incident.open\ndata: {}\n\n", "[7|incident.open|{}]"},
	{"id: 7\ndata: a\n\ndata: b\n\n",             "[7|message|a][7|message|b]"},
	{"data: no end",                              ""},
	{"retry: 5\nunknown: x\ndata:  two\n\n",      "[|message| two]"},
	{"data: stop\n\ndata: b\n\n",                 "[|message|stop]"},
	{"data: \xff\n\n",                            "[|message|\xef\xbf\xbd]"},
};
/* clang-format on */

static void test_streams_become_events_wherever_they_are_cut(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		for (gsize piece = 1; piece <= strlen(cases[i].stream); piece++) {
			g_autoptr(GString) events = g_string_new(NULL);
			g_autoptr(SseParser) parser = sse_parser_new(note, events);
			gsize length = strlen(cases[i].stream);
			for (gsize at = 0; at < length; at += piece)
				if (!sse_parser_feed(parser, cases[i].stream + at,
				                     MIN(piece, length - at), NULL))
					break;
			g_assert_cmpstr(events->str, ==, cases[i].events);
		}
}

static void test_an_event_without_end_is_refused(void)
{
	g_autoptr(GString) events = g_string_new(NULL);
	g_autoptr(SseParser) parser = sse_parser_new(note, events);
	g_autoptr(GError) error = NULL;
	g_autofree char *line = g_strnfill(LIMIT_SSE_EVENT + 1, 'a');
	g_assert_false(sse_parser_feed(parser, line, strlen(line), &error));
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_LIMIT);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sse/streams become events wherever they are cut",
	                test_streams_become_events_wherever_they_are_cut);
	g_test_add_func("/sse/an event without end is refused",
	                test_an_event_without_end_is_refused);
	return g_test_run();
}
