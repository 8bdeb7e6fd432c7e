/* A request from its headers to its answer.
 *
 * What makes two programs disagree about where a request ends, or to whom it is addressed, is
 * refused here before anything else is looked at, and the connection is closed with it. */
#include "api/request.h"

#include "api/access.h"
#include "api/console.h"
#include "api/context.h"
#include "api/resources.h"
#include "api/routes.h"
#include "api/transaction.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "model/names.h"

#include <sodium.h>
#include <string.h>

Request *request_new(ApiContext *context, const char *method, const char *target)
{
	static const Sight nothing = {0};
	Request *request = g_new0(Request, 1);
	request->context = context;
	request->method = g_intern_string(method);
	request->target = g_strdup(target);
	request->sight = &nothing;
	request->headers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	request->body_bytes = g_byte_array_new();
	request->started = g_get_monotonic_time();
	return request;
}

void request_free(Request *request)
{
	if (!request)
		return;
	g_free(request->target);
	g_free(request->address);
	g_hash_table_unref(request->headers);
	g_byte_array_unref(request->body_bytes);
	g_free(request->path);
	g_free(request->query_text);
	json_decref(request->query);
	json_decref(request->body);
	json_decref(request->gone);
	caller_free(request->caller);
	g_free(request->secret);
	g_free(request);
}

gboolean request_add_header(Request *request, const char *name, const char *value)
{
	static const char *const once[] = {"host",         "content-length", "transfer-encoding",
	                                   "content-type", "authorization",  "idempotency-key",
	                                   "expect",       "last-event-id",  NULL};
	g_autofree char *lower = g_ascii_strdown(name, -1);
	const char *before = g_hash_table_lookup(request->headers, lower);
	if (before && g_strv_contains(once, lower))
		return FALSE;
	char *whole = before ? g_strconcat(before, ", ", value, NULL) : g_strdup(value);
	g_hash_table_replace(request->headers, g_steal_pointer(&lower), whole);
	return TRUE;
}

const char *request_header(const Request *request, const char *name)
{
	return g_hash_table_lookup(request->headers, name);
}

static gboolean is_method(const Request *request, const char *method)
{
	return strcmp(request->method, method) == 0;
}

gboolean request_is_read(const Request *request)
{
	return is_method(request, "GET") || is_method(request, "HEAD");
}

/* RFC 9112 §3.2: origin-form, absolute-form, and "*" for OPTIONS. */
static gboolean parse_target(Request *request, Answer *answer)
{
	const char *target = request->target;
	if (g_ascii_strncasecmp(target, "http://", 7) == 0 ||
	    g_ascii_strncasecmp(target, "https://", 8) == 0) {
		const char *authority = strstr(target, "://") + 3;
		gsize length = strcspn(authority, "/?");
		g_hash_table_replace(request->headers, g_strdup("host"),
		                     g_strndup(authority, length));
		target = authority + length;
	}
	const char *question = strchrnul(target, '?');
	request->path = g_strndup(target, (gsize)(question - target));
	request->query_text = *question ? g_strdup(question + 1) : NULL;
	g_autofree char *plain = field_unescape(request->path, -1, FALSE);
	gboolean star = strcmp(target, "*") == 0 && is_method(request, "OPTIONS");
	if (plain && (plain[0] == '/' || star))
		return TRUE;
	answer_problem(answer, 400, "invalid", "the path is not percent-encoded UTF-8");
	return FALSE;
}

/* RFC 9112 §6.3: a request with two lengths, or a length that is none, is how one request is
 * smuggled inside another. */
static gboolean check_framing(const Request *request, Answer *answer)
{
	const char *length = request_header(request, "content-length");
	const char *coding = request_header(request, "transfer-encoding");
	const char *expect = request_header(request, "expect");
	guint64 size = 0;
	if (length && !g_ascii_string_to_unsigned(length, 10, 0, G_MAXINT64, &size, NULL))
		answer_problem(answer, 400, "invalid", "Content-Length is not a number");
	else if (length && coding)
		answer_problem(answer, 400, "invalid",
		               "Content-Length and Transfer-Encoding are both given");
	else if (coding && g_ascii_strcasecmp(coding, "chunked") != 0)
		answer_problem(answer, 501, "invalid", "Transfer-Encoding can only be chunked");
	else if (size > LIMIT_REQUEST_BODY)
		answer_problem(answer, 413, "limit", "a body is at most %d bytes",
		               LIMIT_REQUEST_BODY);
	else if (expect && g_ascii_strcasecmp(expect, "100-continue") != 0)
		answer_problem(answer, 417, "invalid", "only 100-continue can be expected");
	else
		return TRUE;
	return FALSE;
}

static gboolean has_body(const Request *request)
{
	const char *length = request_header(request, "content-length");
	return request_header(request, "transfer-encoding") ||
	       (length && strspn(length, "0") != strlen(length));
}

/* A page of another site can make a browser call us under a name of its own that points here, but
 * then the name is in the Host header (DNS rebinding). Addresses cannot be rebound. */
static gboolean check_host(const Request *request, Answer *answer)
{
	const char *host = request_header(request, "host");
	if (!host || !*host) {
		answer_problem(answer, 400, "invalid", "the Host header is missing");
		return FALSE;
	}
	g_autofree char *name = NULL;
	if (host[0] == '[')
		name = g_strndup(host + 1, strcspn(host + 1, "]"));
	else
		name = g_ascii_strdown(host, (gssize)strcspn(host, ":"));
	if (g_hostname_is_ip_address(name) || strcmp(name, "localhost") == 0 ||
	    g_strv_contains((const char *const *)request->context->hosts, name))
		return TRUE;
	answer_problem(
		answer, 421, "denied",
		"this is not the server of that host name; name it in --hosts of \"trawl serve\"");
	return FALSE;
}

/* How well a media range of an Accept header names @type: 0 not, 1 all, 2 type, 3 type/subtype. */
static int range_fit(const char *range, const char *type)
{
	const char *slash = strchr(type, '/');
	g_autofree char *any = g_strdup_printf("%.*s/*", (int)(slash - type), type);
	if (g_ascii_strcasecmp(range, type) == 0)
		return 3;
	if (g_ascii_strcasecmp(range, any) == 0)
		return 2;
	return strcmp(range, "*/*") == 0 ? 1 : 0;
}

/* RFC 9110 §12.5.1: the most specific range decides. */
static gboolean is_acceptable(const char *accept, const char *type)
{
	int best = 0;
	double quality = accept ? 0 : 1;
	g_auto(GStrv) ranges = g_strsplit(accept ? accept : "", ",", 100);
	for (char **range = ranges; *range; range++) {
		g_auto(GStrv) parts = g_strsplit(*range, ";", 20);
		int fit = parts[0] ? range_fit(g_strstrip(parts[0]), type) : 0;
		if (fit <= best)
			continue;
		best = fit;
		quality = 1;
		for (char **part = parts + 1; *part; part++)
			if (g_ascii_strncasecmp(g_strstrip(*part), "q=", 2) == 0)
				quality = g_ascii_strtod(*part + 2, NULL);
	}
	return quality > 0;
}

/* JSON between systems is UTF-8 (RFC 8259 §8.1); who announces another charset means another text.
 */
static gboolean says_utf8(const char *type)
{
	g_autofree char *lower = g_ascii_strdown(type ? type : "", -1);
	const char *charset = strstr(lower, "charset");
	return !charset || strstr(charset, "utf-8");
}

static gboolean check_media_types(const Request *request, Answer *answer)
{
	const Route *route = request->route;
	const char *produces = route->produces ? route->produces : "application/json";
	const char *type = request_header(request, "content-type");
	g_autofree char *sent = g_strndup(type ? type : "", strcspn(type ? type : "", ";"));
	g_strstrip(sent);
	if (!is_acceptable(request_header(request, "accept"), produces))
		answer_problem(answer, 406, "invalid", "this is only to be had as %s", produces);
	else if (has_body(request) && (request_is_read(request) || is_method(request, "DELETE")))
		answer_problem(answer, 400, "invalid", "%s takes no body", request->method);
	else if (has_body(request) &&
	         (!says_utf8(type) ||
	          (g_ascii_strcasecmp(sent, "application/json") != 0 &&
	           !(is_method(request, "PATCH") &&
	             g_ascii_strcasecmp(sent, "application/merge-patch+json") == 0))))
		answer_problem(answer, 415, "invalid", "a body is application/json");
	else
		return TRUE;
	return FALSE;
}

static gboolean find_route(Request *request, Answer *answer)
{
	g_autofree char *allowed = NULL;
	if (strcmp(request->path, "*") == 0) {
		answer_nothing(answer);
		answer_header(answer, "Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
		return FALSE;
	}
	request->route = route_find(request->method, request->path, &request->id, &allowed);
	if (request->route)
		return TRUE;
	if (allowed && is_method(request, "OPTIONS"))
		answer_nothing(answer);
	else if (allowed)
		answer_problem(answer, 405, "invalid", "%s has no %s here", request->path,
		               request->method);
	else if (!console_answer(request, answer))
		answer_problem(answer, 404, "not_found", "there is nothing at this path");
	if (allowed)
		answer_header(answer, "Allow", "%s", allowed);
	return FALSE;
}

gboolean request_begin(Request *request, Answer *answer)
{
	gboolean good = check_framing(request, answer) && parse_target(request, answer) &&
	                check_host(request, answer) && find_route(request, answer) &&
	                check_media_types(request, answer);
	/* Whatever body comes after a refusal is not read, so the next request could not be found.
	 */
	if (!good)
		answer->close =
			answer->status >= 400 && (has_body(request) || answer->status == 400);
	return good;
}

/* RFC 6265 §5.4. */
char *request_cookie(const Request *request, const char *name)
{
	const char *cookies = request_header(request, "cookie");
	g_autofree char *start = g_strconcat(name, "=", NULL);
	g_auto(GStrv) list = g_strsplit(cookies ? cookies : "", ";", 100);
	for (char **one = list; *one; one++)
		if (g_str_has_prefix(g_strstrip(*one), start))
			return g_strdup(*one + strlen(start));
	return NULL;
}

gboolean request_is_from_elsewhere(const Request *request)
{
	const char *site = request_header(request, "sec-fetch-site");
	return site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
}

/* A browser sends cookies along whoever made it ask; that it was our page is shown by what only
 * our page can know. */
static gboolean check_origin(const Request *request, const char *token, GError **error)
{
	const char *sent = request_header(request, "x-csrf-token");
	g_autofree char *expected = session_csrf(token);
	if (request_is_read(request) ||
	    (!request_is_from_elsewhere(request) && sent && strlen(sent) == strlen(expected) &&
	     sodium_memcmp(sent, expected, strlen(expected)) == 0))
		return TRUE;
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_DENIED,
	                    "a change with a session needs its X-CSRF-Token");
	return FALSE;
}

static gboolean find_caller(Request *request, const char *authorization, const char *token,
                            GError **error)
{
	request->caller =
		access_check(request->context->access, request->context->db, authorization, token,
	                     request->address ? request->address : "", error);
	if (!request->caller)
		return FALSE;
	request->scopes = request->caller->scopes;
	request->sight = &request->caller->sight;
	request->actor = request->caller->actor;
	return TRUE;
}

/* What is about the whole installation is nothing for who sees a part of it: who could change an
 * account, a key or a source could see more. */
static gboolean check_whole(const Request *request, GError **error)
{
	if (request->route->sight != SIGHT_WHOLE || request->sight->everything)
		return TRUE;
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_DENIED,
	                    "this is about the whole installation, and you see what your teams do");
	return FALSE;
}

static gboolean check_caller(Request *request, GError **error)
{
	const char *authorization = request_header(request, "authorization");
	g_autofree char *token = authorization ? NULL : request_cookie(request, SESSION_COOKIE);
	guint needed = request->route->scopes;
	if (!authorization && needed == SCOPE_NOBODY) {
		/* Whoever is logged in is told more; a session that is over makes a stranger. */
		if (token && request_is_read(request))
			find_caller(request, NULL, token, NULL);
		return TRUE;
	}
	if (!authorization && !token) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_AUTHENTICATION,
		                    "an API key is needed: Authorization: Bearer trawl_…");
		return FALSE;
	}
	if (!find_caller(request, authorization, token, error) ||
	    (token && !check_origin(request, token, error)))
		return FALSE;
	request->secret = g_strdup(authorization ? authorization : token);
	if (needed == SCOPE_NOBODY || (request->scopes & needed))
		return check_whole(request, error);
	int bit = g_bit_nth_lsf(needed, -1);
	return request_needs(request, 1u << bit, error, "%s lacks the %s \"%s\"",
	                     token ? "your role" : "this key", token ? "permission" : "scope",
	                     scope_names[bit]);
}

/* MAX() would evaluate, and so descend, twice. */
static guint deeper(guint a, guint b)
{
	return a > b ? a : b;
}

static guint json_depth(const json_t *value)
{
	guint deepest = 0;
	const char *name;
	json_t *member;
	json_object_foreach ((json_t *)value, name, member)
		deepest = deeper(deepest, json_depth(member));
	for (gsize i = 0; i < json_array_size(value); i++)
		deepest = deeper(deepest, json_depth(json_array_get(value, i)));
	return deepest + 1;
}

static gboolean parse_body(Request *request, GError **error)
{
	const GByteArray *bytes = request->body_bytes;
	if (bytes->len == 0)
		request->body = json_object();
	else
		request->body = json_parse((const char *)bytes->data, (gssize)bytes->len, error);
	if (!request->body)
		return FALSE;
	if (!json_is_object(request->body)) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		                    "a body is one JSON object");
		return FALSE;
	}
	if (json_depth(request->body) > LIMIT_REQUEST_DEPTH) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_LIMIT,
		            "a body is at most %d levels deep", LIMIT_REQUEST_DEPTH);
		return FALSE;
	}
	return fields_check(request->route->body, request->body, is_method(request, "PATCH"),
	                    error);
}

static gboolean answer_route(Request *request, Answer *answer, GError **error)
{
	if (!check_caller(request, error))
		return FALSE;
	request->query = fields_parse_query(request->route->query, request->query_text, error);
	if (!request->query || !parse_body(request, error))
		return FALSE;
	return transaction_run(request, answer, error);
}

void request_run(Request *request, Answer *answer)
{
	g_autoptr(GError) error = NULL;
	if (answer_route(request, answer, &error))
		return;
	answer_reset(answer);
	if (request->lacking && g_error_matches(error, TRAWL_ERROR, TRAWL_ERROR_DENIED))
		answer_lack(answer, error, request->lacking);
	else
		answer_error(answer, error);
	if (answer->status == 500 || answer->status == 507)
		g_warning("%s %s: %s", request->method, request->path, error->message);
}

gint64 query_int(const Request *request, const char *name, gint64 fallback)
{
	const json_t *value = json_object_get(request->query, name);
	return value ? json_integer_value(value) : fallback;
}

gboolean query_bool(const Request *request, const char *name, gboolean fallback)
{
	const json_t *value = json_object_get(request->query, name);
	return value ? json_is_true(value) : fallback;
}

const char *query_text(const Request *request, const char *name)
{
	return json_string_value(json_object_get(request->query, name));
}

gint64 query_time(const Request *request, const char *name)
{
	gint64 at = 0;
	const char *text = query_text(request, name);
	return text && clock_parse(text, &at) ? at : 0;
}

int query_name(const Request *request, const char *name, const char *const *names)
{
	const char *text = query_text(request, name);
	return text ? names_find(names, text) : -1;
}

char *query_address(const Request *request, const char *name)
{
	return text_address(query_text(request, name));
}

gboolean sent_has(const Request *request, const char *name)
{
	return json_object_get(request->body, name) != NULL;
}

const char *sent_text(const Request *request, const char *name)
{
	return json_string_value(json_object_get(request->body, name));
}

void sent_take_text(const Request *request, const char *name, char **text)
{
	if (!sent_has(request, name))
		return;
	g_free(*text);
	*text = g_strdup(sent_text(request, name));
}

char *sent_address(const Request *request, const char *name)
{
	return text_address(json_string_value(json_object_get(request->body, name)));
}

static char **sent_forms(const Request *request, const char *name, char *(*form)(const char *text))
{
	const json_t *array = json_object_get(request->body, name);
	GStrvBuilder *builder = g_strv_builder_new();
	for (gsize i = 0; i < json_array_size(array); i++) {
		g_autofree char *one = form(json_string_value(json_array_get(array, i)));
		g_strv_builder_add(builder, one);
	}
	char **all = g_strv_builder_end(builder);
	g_strv_builder_unref(builder);
	return all;
}

char **sent_domains(const Request *request, const char *name)
{
	return sent_forms(request, name, field_domain);
}

char **sent_hosts(const Request *request, const char *name)
{
	return sent_forms(request, name, field_host);
}

char **sent_relays(const Request *request, const char *name)
{
	return sent_forms(request, name, field_relay);
}

gboolean request_tags_hold(const char *tags, const char *tag)
{
	g_auto(GStrv) list = g_strsplit(tags, ",", 100);
	for (char **entry = list; *entry; entry++) {
		const char *given = g_strstrip(*entry);
		if (g_str_has_prefix(given, "W/"))
			given += 2;
		if (strcmp(given, "*") == 0 || strcmp(given, tag) == 0)
			return TRUE;
	}
	return FALSE;
}

gboolean request_needs(Request *request, guint scope, GError **error, const char *format, ...)
{
	if (request->scopes & scope)
		return TRUE;
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *sentence = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_DENIED, sentence);
	request->lacking = scope_names[g_bit_nth_lsf(scope, -1)];
	return FALSE;
}

gboolean request_if_match(const Request *request, gint64 revision, GError **error)
{
	const char *tags = request_header(request, "if-match");
	g_autofree char *tag = g_strdup_printf("\"%" G_GINT64_FORMAT "\"", revision);
	if (!tags || request_tags_hold(tags, tag))
		return TRUE;
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_PRECONDITION,
	            "its revision is %" G_GINT64_FORMAT " by now", revision);
	return FALSE;
}
