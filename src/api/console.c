/* The console's files, as a browser gets them.
 *
 * What lies in parts/ is named by its content, so that its address never means anything else.
 *
 * The frame is where a hostile message is shown: a document of its own whose policy lets nothing
 * load and nothing run, whatever is put into it. Everything else may run the console's scripts
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
	gboolean is_frame;
} files[] = {
	{"/index.html", "text/html; charset=utf-8", FALSE},
	{"/queue.html", "text/html; charset=utf-8", FALSE},
	{"/icon.svg", "image/svg+xml", FALSE},
	{"/frame.html", "text/html; charset=utf-8", TRUE},
};

#define PARTS "/parts/"
static const struct {
	const char *suffix, *type;
} parts[] = {
	{".js", "text/javascript; charset=utf-8"},
	{".css", "text/css; charset=utf-8"},
};

typedef struct {
	const char *path, *type;
	gboolean is_frame, is_part;
} File;

static gboolean takes(const Request *request, const char *header, const char *what)
{
	const char *value = request_header(request, header);
	return value && strstr(value, what);
}

/* The file for a path. The page of the queue is one that asks for the queue; of another filter than
 * the first only the browser knows what it means. */
static const char *file_of(const Request *request)
{
	gboolean is_home = strcmp(request->path, "/") == 0;
	gboolean is_place =
		is_home || (!g_str_has_prefix(request->path, "/v1") &&
	                    !strchr(request->path, '.') && takes(request, "accept", "text/html"));
	if (!is_place)
		return request->path;
	gboolean is_queue = is_home || strcmp(request->path, "/incidents") == 0;
	return is_queue && !request->query_text ? "/queue.html" : "/index.html";
}

/* FALSE: it is none of the console's. Whether there is such a part is seen when it is looked up. */
static gboolean find_file(const Request *request, File *file)
{
	*file = (File){.path = request->path, .is_part = g_str_has_prefix(request->path, PARTS)};
	for (guint i = 0; file->is_part && i < G_N_ELEMENTS(parts); i++)
		if (g_str_has_suffix(request->path, parts[i].suffix))
			file->type = parts[i].type;
	const char *path = file_of(request);
	for (guint i = 0; !file->type && i < G_N_ELEMENTS(files); i++)
		if (strcmp(files[i].path, path) == 0)
			*file = (File){files[i].path, files[i].type, files[i].is_frame, FALSE};
	return file->type != NULL;
}

static GBytes *look_up(const Request *request, const char *path, const char *suffix)
{
	g_autofree char *name = g_strconcat("/trawl/web", path, suffix, NULL);
	return g_resource_lookup_data(request->context->pages, name, G_RESOURCE_LOOKUP_FLAGS_NONE,
	                              NULL);
}

gboolean console_answer(const Request *request, Answer *answer)
{
	File file;
	if (!request->context->pages || !request_is_read(request) || !find_file(request, &file))
		return FALSE;
	gboolean packed = takes(request, "accept-encoding", "gzip");
	answer->body = packed ? look_up(request, file.path, ".gz") : NULL;
	if (answer->body)
		answer_header(answer, "Content-Encoding", "gzip");
	else
		answer->body = look_up(request, file.path, "");
	if (!answer->body)
		return FALSE;
	answer->status = 200;
	answer->type = file.type;
	answer_header(answer, "Vary", "Accept-Encoding");
	answer_header(answer, "Content-Security-Policy", "%s",
	              file.is_frame ? FRAME_POLICY : CONSOLE_POLICY);
	answer_header(answer, "Cross-Origin-Opener-Policy", "same-origin");
	answer_header(answer, "X-DNS-Prefetch-Control", "off");
	if (file.is_frame)
		answer_header(answer, "X-Frame-Options", "SAMEORIGIN");
	answer_header(answer, "Cache-Control", "%s",
	              file.is_part ? "public, max-age=31536000, immutable" : "no-cache");
	return TRUE;
}
