/* Builds answers. Every refusal has one shape, problem+json (RFC 9457), whichever floor it came
 * from: what happened in "detail", what to do about it in "remedy", a word for programs in "code".
 */
#include "api/answer.h"

#include "api/stream.h"
#include "base/error.h"

#include <string.h>

static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{200, "OK"},
	{201, "Created"},
	{202, "Accepted"},
	{204, "No Content"},
	{304, "Not Modified"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{406, "Not Acceptable"},
	{408, "Request Timeout"},
	{409, "Conflict"},
	{412, "Precondition Failed"},
	{413, "Content Too Large"},
	{414, "URI Too Long"},
	{415, "Unsupported Media Type"},
	{417, "Expectation Failed"},
	{421, "Misdirected Request"},
	{422, "Unprocessable Content"},
	{429, "Too Many Requests"},
	{431, "Request Header Fields Too Large"},
	{500, "Internal Server Error"},
	{501, "Not Implemented"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
	{504, "Gateway Timeout"},
	{507, "Insufficient Storage"},
};

const char *answer_reason(int status)
{
	for (guint i = 0; i < G_N_ELEMENTS(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Error";
}

Answer *answer_new(void)
{
	Answer *answer = g_new0(Answer, 1);
	answer->headers = g_ptr_array_new_with_free_func(g_free);
	return answer;
}

void answer_reset(Answer *answer)
{
	answer->status = 0;
	answer->type = NULL;
	answer->live = FALSE;
	answer->close = FALSE;
	if (answer->place)
		(void)g_atomic_int_dec_and_test(answer->place);
	answer->place = NULL;
	g_clear_pointer(&answer->body, g_bytes_unref);
	g_clear_pointer(&answer->kept, g_bytes_unref);
	g_clear_pointer(&answer->stream, event_stream_free);
	g_ptr_array_set_size(answer->headers, 0);
}

void answer_free(Answer *answer)
{
	if (!answer)
		return;
	answer_reset(answer);
	g_ptr_array_unref(answer->headers);
	g_free(answer);
}

static void set_document(Answer *answer, int status, const char *type, json_t *document)
{
	char *text = json_format(document);
	gsize length = strlen(text);
	g_clear_pointer(&answer->body, g_bytes_unref);
	answer->body = g_bytes_new_take(text, length);
	answer->status = status;
	answer->type = type;
	json_decref(document);
}

void answer_json(Answer *answer, int status, json_t *document)
{
	set_document(answer, status, "application/json", document);
}

void answer_nothing(Answer *answer)
{
	g_clear_pointer(&answer->body, g_bytes_unref);
	answer->status = 204;
	answer->type = NULL;
}

static guint header_index(const Answer *answer, const char *name)
{
	guint i = 0;
	while (i < answer->headers->len && g_ascii_strcasecmp(answer->headers->pdata[i], name) != 0)
		i += 2;
	return i;
}

void answer_header(Answer *answer, const char *name, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char *value = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	guint i =
		strcmp(name, "Set-Cookie") == 0 ? answer->headers->len : header_index(answer, name);
	if (i < answer->headers->len) {
		g_free(answer->headers->pdata[i + 1]);
		answer->headers->pdata[i + 1] = value;
		return;
	}
	g_ptr_array_add(answer->headers, g_strdup(name));
	g_ptr_array_add(answer->headers, value);
}

const char *answer_find_header(const Answer *answer, const char *name)
{
	guint i = header_index(answer, name);
	return i < answer->headers->len ? answer->headers->pdata[i + 1] : NULL;
}

void answer_etag(Answer *answer, gint64 revision)
{
	answer_header(answer, "ETag", "\"%" G_GINT64_FORMAT "\"", revision);
}

static json_t *problem_new(int status, const char *code, const char *detail, const char *remedy)
{
	json_t *problem = json_object();
	json_object_set_new(problem, "type", json_string("about:blank"));
	json_object_set_new(problem, "title", json_string(answer_reason(status)));
	json_object_set_new(problem, "status", json_integer(status));
	json_object_set_new(problem, "code", json_string(code));
	json_object_set_new(problem, "detail", json_text_new(detail));
	if (remedy)
		json_object_set_new(problem, "remedy", json_string(remedy));
	return problem;
}

static void set_problem(Answer *answer, int status, json_t *problem)
{
	g_clear_pointer(&answer->stream, event_stream_free);
	set_document(answer, status, "application/problem+json", problem);
}

void answer_problem(Answer *answer, int status, const char *code, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *detail = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	set_problem(answer, status, problem_new(status, code, detail, NULL));
}

void answer_problem_with(Answer *answer, const char *detail, const char *member, json_t *value)
{
	json_t *problem = problem_new(400, "invalid", detail, NULL);
	json_object_set_new(problem, member, value);
	set_problem(answer, 400, problem);
}

static json_t *problem_of(const GError *error)
{
	const ErrorRemedy *remedy = error_remedy(error);
	return problem_new(remedy->http_status, remedy->name, error->message, remedy->remedy);
}

void answer_lack(Answer *answer, const GError *error, const char *permission)
{
	json_t *problem = problem_of(error);
	json_object_set_new(problem, "permission", json_string(permission));
	set_problem(answer, error_remedy(error)->http_status, problem);
}

void answer_error(Answer *answer, const GError *error)
{
	const ErrorRemedy *remedy = error_remedy(error);
	set_problem(answer, remedy->http_status, problem_of(error));
	if (remedy->http_status == 401)
		answer_header(answer, "WWW-Authenticate", "Bearer realm=\"trawl\"");
	if (remedy->http_status == 429 || remedy->http_status == 503)
		answer_header(answer, "Retry-After", "%d", remedy->http_status == 429 ? 60 : 1);
}
