/* What a browser makes of what stands in a link: blanks and line ends dropped, backslashes taken
 * for slashes, any number of slashes after the scheme, hosts written as one number, in octal, in
 * full width letters or percent-encoded. */
#include "mail/url.h"

#include <arpa/inet.h>
#include <gio/gio.h>
#include <idn2.h>
#include <string.h>

void url_free(Url *url)
{
	if (!url)
		return;
	g_free(url->scheme);
	g_free(url->host);
	g_free(url->text);
	g_free(url);
}

char *url_unescape(const char *text, gssize length)
{
	gsize size = length < 0 ? strlen(text) : (gsize)length;
	g_autofree char *octets = g_malloc(size + 1);
	char *to = octets;
	for (gsize i = 0; i < size; i++) {
		if (text[i] == '%' && i + 2 < size && g_ascii_isxdigit(text[i + 1]) &&
		    g_ascii_isxdigit(text[i + 2])) {
			*to++ = (char)(g_ascii_xdigit_value(text[i + 1]) * 16 +
			               g_ascii_xdigit_value(text[i + 2]));
			i += 2;
		} else {
			*to++ = text[i];
		}
	}
	return g_utf8_make_valid(octets, to - octets);
}

/* The schemes whose URLs have a host, and the port that goes without saying. */
static const struct {
	const char *scheme, *port;
} special[] = {
	{"http", "80"}, {"https", "443"}, {"ftp", "21"}, {"ws", "80"}, {"wss", "443"},
};

static const char *default_port(const char *scheme)
{
	for (guint i = 0; i < G_N_ELEMENTS(special); i++)
		if (strcmp(special[i].scheme, scheme) == 0)
			return special[i].port;
	return NULL;
}

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

/* One number of an IPv4 address as browsers read it: decimal, 0octal or 0xhex. */
static gboolean parse_number(const char *text, guint64 *value)
{
	guint base = 10;
	if (g_ascii_strncasecmp(text, "0x", 2) == 0) {
		base = 16;
		text += 2;
	} else if (text[0] == '0' && text[1]) {
		base = 8;
		text++;
	}
	char *end;
	*value = *text ? g_ascii_strtoull(text, &end, base) : 0;
	return !*text || (*end == '\0' && g_ascii_isxdigit(*text));
}

/* "0x7f.1", "2130706433" to "127.0.0.1"; NULL when it is a name. */
static char *ipv4(const char *host)
{
	g_auto(GStrv) parts = g_strsplit(host, ".", 6);
	guint count = g_strv_length(parts);
	if (count > 1 && !*parts[count - 1])
		count--;
	if (count == 0 || count > 4)
		return NULL;
	guint64 address = 0;
	for (guint i = 0; i < count; i++) {
		guint64 number, room = i + 1 < count ? 256 : (guint64)1 << (8 * (5 - count));
		if (!*parts[i] || !parse_number(parts[i], &number) || number >= room)
			return NULL;
		address = i + 1 < count ? (address << 8) | number
		                        : (address << (8 * (5 - count))) | number;
	}
	return g_strdup_printf("%u.%u.%u.%u", (guint)(address >> 24) & 255,
	                       (guint)(address >> 16) & 255, (guint)(address >> 8) & 255,
	                       (guint)address & 255);
}

static gboolean is_ascii_name(const char *host)
{
	for (const char *c = host; *c; c++)
		if ((guchar)*c >= 0x80)
			return FALSE;
	return !strstr(host, "xn--");
}

static char *to_ascii(const char *host)
{
	g_autofree char *lower = g_utf8_strdown(host, -1);
	if (is_ascii_name(lower))
		return g_steal_pointer(&lower);
	char *ascii = NULL;
	if (idn2_to_ascii_8z(lower, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) != IDN2_OK)
		return g_steal_pointer(&lower);
	char *copy = g_strdup(ascii);
	idn2_free(ascii);
	return copy;
}

static gboolean set_host(Url *url, const char *written, gsize length)
{
	g_autofree char *bare = url_unescape(written, (gssize)length);
	if (!*bare || strpbrk(bare, " <>\\^|\t#?/@") || strstr(bare, "\xef\xbf\xbd"))
		return FALSE;
	g_autofree char *name = to_ascii(bare);
	char *number = ipv4(name);
	url->host = number ? number : g_steal_pointer(&name);
	url->numeric_host = number || url->host[0] == '[';
	url->odd_host =
		strlen(url->host) != length || g_ascii_strncasecmp(url->host, written, length) != 0;
	return TRUE;
}

/* What follows "scheme:" of a special scheme. */
static gboolean parse_authority(Url *url, const char *rest)
{
	const char *start = rest + strspn(rest, "/\\");
	gsize size = strcspn(start, "/\\?#");
	const char *at = memrchr(start, '@', size);
	const char *host = at ? at + 1 : start;
	gsize host_size = size - (gsize)(host - start);
	url->userinfo = at != NULL;
	const char *bracket = host_size && *host == '[' ? memchr(host, ']', host_size) : NULL;
	const char *from = bracket ? bracket : host;
	const char *colon = memchr(from, ':', host_size - (gsize)(from - host));
	gsize name_size = colon ? (gsize)(colon - host) : host_size;
	if (!set_host(url, host, name_size))
		return FALSE;
	gsize port_size = colon ? host_size - name_size - 1 : 0;
	gboolean shown =
		port_size > 0 && (strlen(default_port(url->scheme)) != port_size ||
	                          strncmp(colon + 1, default_port(url->scheme), port_size));
	const char *tail = start + size;
	g_autofree char *path = g_strndup(tail, strcspn(tail, "?#"));
	g_strdelimit(path, "\\", '/');
	tail += strlen(path);
	url->text = g_strdup_printf("%s://%.*s%s%s%.*s%s%s", url->scheme,
	                            at ? (int)(at + 1 - start) : 0, start, url->host,
	                            shown ? ":" : "", shown ? (int)port_size : 0,
	                            shown ? colon + 1 : "", *path ? path : "/", tail);
	return TRUE;
}

/* Without the blanks around it and the tabs and line ends in it. */
static char *trimmed(const char *written)
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

static Url *parse_absolute(const char *text)
{
	gsize scheme = scheme_size(text);
	if (scheme == 0)
		return NULL;
	g_autoptr(Url) url = g_new0(Url, 1);
	url->scheme = g_ascii_strdown(text, (gssize)scheme);
	/* "hxxps": how people and add-ins write a link that nobody shall click by accident. */
	if (g_str_has_prefix(url->scheme, "hxxp"))
		memcpy(url->scheme, "http", 4);
	url->web = default_port(url->scheme) != NULL;
	if (!url->web) {
		url->text = g_strconcat(url->scheme, text + scheme, NULL);
		return g_steal_pointer(&url);
	}
	return parse_authority(url, text + scheme + 1) ? g_steal_pointer(&url) : NULL;
}

Url *url_parse(const char *written, const char *base)
{
	g_autofree char *text = trimmed(written);
	if (scheme_size(text) > 0)
		return parse_absolute(text);
	if (text[0] && text[1] && strchr("/\\", text[0]) && strchr("/\\", text[1])) {
		g_autofree char *absolute = g_strconcat(
			base && g_str_has_prefix(base, "http:") ? "http:" : "https:", text, NULL);
		return parse_absolute(absolute);
	}
	if (!base || !*text || *text == '#')
		return NULL;
	g_autofree char *absolute = g_uri_resolve_relative(
		base, text, G_URI_FLAGS_PARSE_RELAXED | G_URI_FLAGS_ENCODED, NULL);
	return absolute ? parse_absolute(absolute) : NULL;
}
