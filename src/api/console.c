/* The console's files, as a browser gets them.
 *
 * The frame is where a hostile message is shown: a document of its own whose policy lets nothing
 * load and nothing run, whatever is put into it. Everything else may run the console's one script
 * and talk to this server alone. Paths that are no file are the console's own places: whoever asks
 * for a page there gets the console, which knows what to show. */
#include "api/console.h"

#include "api/context.h"

#include <string.h>

#define CONSOLE_POLICY                                                                             \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "    \
	"connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; "              \
	"frame-ancestors 'none'; require-trusted-types-for 'script'; "                             \
	"trusted-types dompurify trawl"
#define FRAME_POLICY                                                                               \
	"default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; "    \
	"form-action 'none'; frame-ancestors 'self'; sandbox allow-same-origin"

static const struct {
	const char *path, *type;
	gboolean is_frame, keeps; /* keeps: its address changes with its content */
} files[] = {
	{"/index.html", "text/html; charset=utf-8", FALSE, FALSE},
	{"/console.js", "text/javascript; charset=utf-8", FALSE, TRUE},
	{"/console.css", "text/css; charset=utf-8", FALSE, TRUE},
	{"/icon.svg", "image/svg+xml", FALSE, FALSE},
	{"/frame.html", "text/html; charset=utf-8", TRUE, FALSE},
};

static gboolean takes(const Request *request, const char *header, const char *what)
{
	const char *value = request_header(request, header);
	return value && strstr(value, what);
}

static int find_file(const Request *request)
{
	for (guint i = 0; i < G_N_ELEMENTS(files); i++)
		if (strcmp(files[i].path, request->path) == 0)
			return (int)i;
	gboolean is_place = !g_str_has_prefix(request->path, "/v1") &&
	                    !strchr(request->path, '.') && takes(request, "accept", "text/html");
	return strcmp(request->path, "/") == 0 || is_place ? 0 : -1;
}

static GBytes *look_up(const Request *request, const char *path, const char *suffix)
{
	g_autofree char *name = g_strconcat("/trawl/web", path, suffix, NULL);
	return g_resource_lookup_data(request->context->pages, name, G_RESOURCE_LOOKUP_FLAGS_NONE,
	                              NULL);
}

gboolean console_answer(const Request *request, Answer *answer)
{
	int file = request->context->pages && request_is_read(request) ? find_file(request) : -1;
	if (file < 0)
		return FALSE;
	gboolean packed = takes(request, "accept-encoding", "gzip");
	answer->body = packed ? look_up(request, files[file].path, ".gz") : NULL;
	if (answer->body)
		answer_header(answer, "Content-Encoding", "gzip");
	else
		answer->body = look_up(request, files[file].path, "");
	if (!answer->body)
		return FALSE;
	answer->status = 200;
	answer->type = files[file].type;
	answer_header(answer, "Vary", "Accept-Encoding");
	answer_header(answer, "Content-Security-Policy", "%s",
	              files[file].is_frame ? FRAME_POLICY : CONSOLE_POLICY);
	answer_header(answer, "Cross-Origin-Opener-Policy", "same-origin");
	answer_header(answer, "X-DNS-Prefetch-Control", "off");
	if (files[file].is_frame)
		answer_header(answer, "X-Frame-Options", "SAMEORIGIN");
	answer_header(answer, "Cache-Control", "%s",
	              files[file].keeps && request->query_text
	                      ? "public, max-age=31536000, immutable"
	                      : "no-cache");
	return TRUE;
}
