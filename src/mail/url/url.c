/* What a browser makes of what stands in a link: the parser of the WHATWG URL Standard (§4.4).
 *
 * Blanks and line ends are dropped, backslashes are slashes, and after the scheme there may be any
 * number of them. tests/mail/url_test.py compares it with a browser's own. */
#include "mail/url/url.h"

#include <gio/gio.h>
#include <string.h>

/* The parts of a URL, each as it will stand in the result. NULL: there is none. */
typedef struct {
	char *scheme, *userinfo, *host, *port, *path, *query, *fragment;
	gboolean opaque; /* its path is no path: "mailto:x" */
	gboolean odd;    /* the host was written so that people read another one, or none */
} Parts;

static void parts_clear(Parts *parts)
{
	g_free(parts->scheme);
	g_free(parts->userinfo);
	g_free(parts->host);
	g_free(parts->port);
	g_free(parts->path);
	g_free(parts->query);
	g_free(parts->fragment);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Parts, parts_clear)

void url_free(Url *url)
{
	if (!url)
		return;
	g_free(url->scheme);
	g_free(url->host);
	g_free(url->text);
	g_free(url);
}

/* The special schemes and the port that goes without saying. */
static const struct {
	const char *scheme, *port;
} special[] = {
	{"http", "80"}, {"https", "443"}, {"ftp", "21"},
	{"ws", "80"},   {"wss", "443"},   {"file", NULL},
};

static gboolean is_special(const char *scheme, const char **port)
{
	for (guint i = 0; i < G_N_ELEMENTS(special); i++)
		if (strcmp(special[i].scheme, scheme) == 0) {
			*port = special[i].port;
			return TRUE;
		}
	return FALSE;
}

/* ---- percent-encoding ---- */

/* What is encoded besides control characters and what is not ASCII. */
#define IN_FRAGMENT   " \"<>`"
#define IN_QUERY      " \"#<>"
#define IN_SPECIAL    IN_QUERY "'"
#define IN_PATH       IN_QUERY "?^`{}"
#define IN_USERINFO   IN_PATH "/:;=@[\\]|"
#define IN_NO_MORE    ""
#define IS_CONTROL(c) ((guchar)(c) < 0x20 || (guchar)(c) > 0x7e)

static char *encoded(const char *text, gsize size, const char *set)
{
	GString *out = g_string_sized_new(size + 16);
	for (gsize i = 0; i < size; i++)
		if (g_ascii_isalnum(text[i]) || !(IS_CONTROL(text[i]) || strchr(set, text[i])))
			g_string_append_c(out, text[i]);
		else
			g_string_append_printf(out, "%%%02X", (guchar)text[i]);
	return g_string_free(out, FALSE);
}

/* ---- the pieces ---- */

/* The length of a scheme without its colon, or 0. */
static gsize scheme_size(const char *text)
{
	gsize size = 0;
	if (!g_ascii_isalpha(text[0]))
		return 0;
	while (g_ascii_isalnum(text[size]) || (text[size] && strchr("+-.", text[size])))
		size++;
	return text[size] == ':' ? size : 0;
}

static gboolean is_dot(const char *segment, gsize size, guint dots)
{
	guint seen = 0;
	for (gsize i = 0; i < size; seen++)
		if (segment[i] == '.')
			i++;
		else if (i + 3 <= size && g_ascii_strncasecmp(segment + i, "%2e", 3) == 0)
			i += 3;
		else
			return FALSE;
	return seen == dots;
}

static gboolean is_drive(const char *segment, gsize size)
{
	return size == 2 && g_ascii_isalpha(segment[0]) && (segment[1] == ':' || segment[1] == '|');
}

static void pop_segment(GString *path, gboolean file)
{
	const char *last = strrchr(path->str, '/');
	/* "C:" stays */
	if (last && !(file && last == path->str && is_drive(last + 1, strlen(last + 1))))
		g_string_truncate(path, (gsize)(last - path->str));
}

/* Appends @text, which stands after a slash, to a path, without "." and "..". */
static void append_path(GString *path, const char *text, gsize size, gboolean slashes,
                        gboolean file)
{
	const char *at = text, *end = text + size;
	for (gboolean more = TRUE; more;) {
		gsize length = 0;
		while (at + length < end && at[length] != '/' && !(slashes && at[length] == '\\'))
			length++;
		more = at + length < end;
		if (is_dot(at, length, 2)) {
			pop_segment(path, file);
			if (!more)
				g_string_append_c(path, '/');
		} else if (is_dot(at, length, 1)) {
			if (!more)
				g_string_append_c(path, '/');
		} else {
			g_autofree char *segment = encoded(at, length, IN_PATH);
			if (file && path->len == 0 && is_drive(at, length))
				segment[1] = ':';
			g_string_append_c(path, '/');
			g_string_append(path, segment);
		}
		at += length + 1;
	}
}

/* From '?' or '#' on. */
static void set_tail(Parts *parts, const char *tail, gboolean is_special_one)
{
	if (*tail == '?') {
		gsize size = strcspn(tail + 1, "#");
		g_free(parts->query);
		parts->query = encoded(tail + 1, size, is_special_one ? IN_SPECIAL : IN_QUERY);
		tail += size + 1;
	}
	if (*tail == '#') {
		g_free(parts->fragment);
		parts->fragment = encoded(tail + 1, strlen(tail + 1), IN_FRAGMENT);
	}
}

static char *opaque_host(const char *written, gsize size)
{
	if (size > 0 && written[0] == '[')
		return url_host(written, (gssize)size);
	for (gsize i = 0; i < size; i++)
		if (strchr(" #/:<>?@[\\]^|", written[i]))
			return NULL;
	return encoded(written, size, IN_NO_MORE);
}

/* FALSE when it is none. Without leading zeros; none when it is the default one. */
static gboolean set_port(Parts *parts, const char *digits, gsize size, const char *usual)
{
	guint64 port = 0;
	for (gsize i = 0; i < size; i++) {
		if (!g_ascii_isdigit(digits[i]))
			return FALSE;
		port = port * 10 + (guint)g_ascii_digit_value(digits[i]);
		if (port > 65535)
			return FALSE;
	}
	g_autofree char *text = size ? g_strdup_printf("%u", (guint)port) : NULL;
	if (text && g_strcmp0(text, usual) != 0)
		parts->port = g_steal_pointer(&text);
	return TRUE;
}

static char *encoded_userinfo(const char *text, gsize size)
{
	const char *colon = memchr(text, ':', size);
	gsize name_size = colon ? (gsize)(colon - text) : size;
	g_autofree char *name = encoded(text, name_size, IN_USERINFO);
	if (!colon || size == name_size + 1)
		return g_steal_pointer(&name);
	g_autofree char *password = encoded(colon + 1, size - name_size - 1, IN_USERINFO);
	return g_strconcat(name, ":", password, NULL);
}

/* TRUE unless the host is as it was written, capitals and letters of other alphabets aside. */
static gboolean is_odd(const char *written, gsize size, const char *host)
{
	g_autofree char *lower = g_utf8_strdown(written, (gssize)size);
	if (strcmp(lower, host) == 0)
		return FALSE;
	g_autofree char *shown = g_hostname_to_unicode(host);
	return g_strcmp0(lower, shown) != 0;
}

/* "user@host:port" */
static gboolean set_authority(Parts *parts, const char *text, gsize size, gboolean is_special_one,
                              const char *usual_port)
{
	const char *at = memrchr(text, '@', size);
	const char *host = at ? at + 1 : text;
	gsize host_size = size - (gsize)(host - text);
	if (at)
		parts->userinfo = encoded_userinfo(text, (gsize)(at - text));
	const char *bracket = memrchr(host, ']', host_size);
	const char *from = bracket && *host == '[' ? bracket : host;
	const char *colon = memchr(from, ':', host_size - (gsize)(from - host));
	gsize name_size = colon ? (gsize)(colon - host) : host_size;
	if (name_size == 0 && (is_special_one || at || colon))
		return FALSE;
	parts->host =
		is_special_one ? url_host(host, (gssize)name_size) : opaque_host(host, name_size);
	parts->odd = parts->host && is_odd(host, name_size, parts->host);
	return parts->host &&
	       (!colon || set_port(parts, colon + 1, host_size - name_size - 1, usual_port));
}

static gboolean is_slash(char c)
{
	return c == '/' || c == '\\';
}

/* What follows the slashes of a scheme that needs a host. */
static gboolean set_special(Parts *parts, const char *rest, const char *usual_port)
{
	gsize size = strcspn(rest, "/\\?#");
	if (!set_authority(parts, rest, size, TRUE, usual_port))
		return FALSE;
	const char *path = rest + size;
	gsize path_size = strcspn(path, "?#");
	GString *made = g_string_new(NULL);
	if (path_size)
		append_path(made, path + 1, path_size - 1, TRUE, FALSE);
	parts->path = g_string_free(made, FALSE);
	set_tail(parts, path + path_size, TRUE);
	return TRUE;
}

/* "file:", then a host after two slashes, unless a drive stands there. */
static gboolean set_file(Parts *parts, const char *rest)
{
	if (is_slash(rest[0]) && is_slash(rest[1])) {
		gsize size = strcspn(rest + 2, "/\\?#");
		if (!is_drive(rest + 2, size)) {
			parts->host = size ? url_host(rest + 2, (gssize)size) : NULL;
			if (size && !parts->host)
				return FALSE;
			if (g_strcmp0(parts->host, "localhost") == 0)
				g_clear_pointer(&parts->host, g_free);
			rest += size + 2;
		} else {
			rest++;
		}
	}
	gsize path_size = strcspn(rest, "?#");
	gsize slash = path_size && is_slash(*rest) ? 1 : 0;
	GString *made = g_string_new(NULL);
	append_path(made, rest + slash, path_size - slash, TRUE, TRUE);
	parts->path = g_string_free(made, FALSE);
	set_tail(parts, rest + path_size, TRUE);
	return TRUE;
}

/* Any other scheme: "//host/path", "/path", or what only that scheme understands. */
static gboolean set_other(Parts *parts, const char *rest)
{
	if (rest[0] == '/' && rest[1] == '/') {
		gsize size = strcspn(rest + 2, "/?#");
		if (!set_authority(parts, rest + 2, size, FALSE, NULL))
			return FALSE;
		rest += size + 2;
	}
	gsize size = strcspn(rest, "?#");
	parts->opaque = !parts->host && *rest != '/';
	if (parts->opaque || size == 0) {
		parts->path = encoded(rest, size, IN_NO_MORE);
	} else {
		GString *made = g_string_new(NULL);
		append_path(made, rest + 1, size - 1, FALSE, FALSE);
		parts->path = g_string_free(made, FALSE);
	}
	set_tail(parts, rest + size, FALSE);
	return TRUE;
}

/* Relative to @base, which has the same scheme and a host. */
static gboolean set_relative(Parts *parts, const char *text, const Parts *base)
{
	const char *usual_port = NULL;
	gsize size = strcspn(text, "?#");
	is_special(base->scheme, &usual_port);
	if (is_slash(text[0]) && is_slash(text[1]))
		return set_special(parts, text + strspn(text, "/\\"), usual_port);
	parts->userinfo = g_strdup(base->userinfo);
	parts->host = g_strdup(base->host);
	parts->port = g_strdup(base->port);
	GString *made = g_string_new(size && is_slash(*text) ? NULL : base->path);
	if (size && is_slash(*text)) {
		append_path(made, text + 1, size - 1, TRUE, FALSE);
	} else if (size) {
		pop_segment(made, FALSE);
		append_path(made, text, size, TRUE, FALSE);
	} else if (text[0] != '?') {
		parts->query = g_strdup(base->query);
	}
	parts->path = g_string_free(made, FALSE);
	set_tail(parts, text + size, TRUE);
	return TRUE;
}

static gboolean parse(Parts *parts, const char *text, const Parts *base)
{
	const char *usual_port = NULL;
	gsize scheme = scheme_size(text);
	if (scheme == 0) {
		if (!base)
			return FALSE;
		parts->scheme = g_strdup(base->scheme);
		return set_relative(parts, text, base);
	}
	const char *rest = text + scheme + 1;
	parts->scheme = g_ascii_strdown(text, (gssize)scheme);
	/* "hxxps": how people and add-ins write a link that nobody shall click by accident. */
	if (g_str_has_prefix(parts->scheme, "hxxp"))
		memcpy(parts->scheme, "http", 4);
	if (!is_special(parts->scheme, &usual_port))
		return set_other(parts, rest);
	if (strcmp(parts->scheme, "file") == 0)
		return set_file(parts, rest);
	if (base && strcmp(base->scheme, parts->scheme) == 0 && !(rest[0] == '/' && rest[1] == '/'))
		return set_relative(parts, rest, base);
	return set_special(parts, rest + strspn(rest, "/\\"), usual_port);
}

/* ---- the whole ---- */

static char *serialised(const Parts *parts, gboolean web)
{
	GString *text = g_string_new(parts->scheme);
	gboolean file = strcmp(parts->scheme, "file") == 0;
	g_string_append_c(text, ':');
	if (parts->host || file)
		g_string_append(text, "//");
	else if (g_str_has_prefix(parts->path, "//"))
		g_string_append(text, "/.");
	if (parts->userinfo && *parts->userinfo)
		g_string_append_printf(text, "%s@", parts->userinfo);
	g_string_append(text, parts->host ? parts->host : "");
	if (parts->port)
		g_string_append_printf(text, ":%s", parts->port);
	g_string_append(text, *parts->path || !(web || file) ? parts->path : "/");
	if (parts->query)
		g_string_append_printf(text, "?%s", parts->query);
	if (parts->fragment)
		g_string_append_printf(text, "#%s", parts->fragment);
	return g_string_free(text, FALSE);
}

char *url_trim(const char *written)
{
	char *text = g_malloc(strlen(written) + 1), *to = text;
	while (*written && (guchar)*written <= ' ')
		written++;
	for (; *written; written++)
		if (*written != '\t' && *written != '\n' && *written != '\r')
			*to++ = *written;
	while (to > text && (guchar)to[-1] <= ' ')
		to--;
	*to = '\0';
	return text;
}

/* What relative links are relative to; FALSE when there is nothing of the kind. */
static gboolean parse_base(Parts *parts, const char *base)
{
	const char *port;
	g_autofree char *text = base ? url_trim(base) : NULL;
	return text && parse(parts, text, NULL) && is_special(parts->scheme, &port) && port;
}

Url *url_parse(const char *written, const char *base)
{
	g_autofree char *text = url_trim(written);
	g_auto(Parts) absolute = {0}, parts = {0};
	if (!*text || *text == '#')
		return NULL;
	gboolean has_base = parse_base(&absolute, base);
	if (!has_base && is_slash(text[0]) && is_slash(text[1])) {
		g_autofree char *whole = g_strconcat("https:", text, NULL);
		g_free(text);
		text = g_steal_pointer(&whole);
	}
	if (!parse(&parts, text, has_base ? &absolute : NULL))
		return NULL;
	const char *port = NULL;
	Url *url = g_new0(Url, 1);
	url->web = is_special(parts.scheme, &port) && port;
	url->text = serialised(&parts, url->web);
	url->scheme = g_steal_pointer(&parts.scheme);
	url->host = parts.host && *parts.host ? g_steal_pointer(&parts.host) : NULL;
	url->userinfo = parts.userinfo && *parts.userinfo;
	url->odd_host = parts.odd;
	url->numeric_host =
		url->host && url->web &&
		(url->host[0] == '[' || strspn(url->host, "0123456789.") == strlen(url->host));
	return url;
}
