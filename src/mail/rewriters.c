/* URL rewriters: one row of a table each, by host and path, and a handful of ways to hide a target.
 */
#include "mail/rewriters.h"

#include "base/limits.h"
#include "mail/url.h"

#include <string.h>

/* What a way works with: the link taken apart. */
typedef struct {
	const char *url, *path, *query; /* query without "?", may be NULL */
} Rewritten;

/* The value of a query parameter as written, or NULL. */
static char *raw_parameter(const Rewritten *link, const char *name)
{
	gsize length = strlen(name);
	for (const char *at = link->query; at; at = strchr(at, '&') ? strchr(at, '&') + 1 : NULL) {
		/* Escaped once too often by a gateway. */
		if (g_str_has_prefix(at, "amp;"))
			at += strlen("amp;");
		if (g_ascii_strncasecmp(at, name, length) == 0 && at[length] == '=') {
			const char *value = at + length + 1;
			return g_strndup(value, strcspn(value, "&"));
		}
	}
	return NULL;
}

static char *parameter(const Rewritten *link, const char *name)
{
	g_autofree char *raw = raw_parameter(link, name);
	return raw ? url_unescape(raw, -1) : NULL;
}

/* base64 or base64url, padded or not, to UTF-8. */
static char *from_base64(const char *text)
{
	g_autoptr(GString) padded = g_string_new(text);
	for (char *c = padded->str; *c; c++)
		*c = (char)(*c == '-' ? '+' : *c == '_' ? '/' : *c);
	while (padded->len % 4)
		g_string_append_c(padded, '=');
	gsize length;
	g_autofree guchar *octets = g_base64_decode(padded->str, &length);
	return g_utf8_make_valid((const char *)octets, (gssize)length);
}

static char *base64_parameter(const Rewritten *link, const char *name)
{
	g_autofree char *value = parameter(link, name);
	return value ? from_base64(value) : NULL;
}

/* Bing: "a1" before base64url. */
static char *bing_parameter(const Rewritten *link, const char *name)
{
	g_autofree char *value = parameter(link, name);
	return value && g_str_has_prefix(value, "a1") ? from_base64(value + 2) : NULL;
}

/* URL Defense v2: '-' stands for '%' and '_' for '/'. */
static char *urldefense_v2(const Rewritten *link, const char *name)
{
	g_autofree char *value = raw_parameter(link, name);
	if (!value)
		return NULL;
	for (char *c = value; *c; c++)
		*c = (char)(*c == '-' ? '%' : *c == '_' ? '/' : *c);
	g_autofree char *once = url_unescape(value, -1);
	return g_steal_pointer(&once);
}

/* URL Defense v3: "__", the target in which characters that a gateway might change are '*', "__;",
 * these characters in base64url, "!". "**" and a letter stand for a run of them. */
static char *fill_in(const char *target, const char *characters)
{
	static const char runs[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	GString *text = g_string_new(NULL);
	for (const char *at = target; *at; at++) {
		guint count = *at == '*' ? 1 : 0;
		if (at[0] == '*' && at[1] == '*' && at[2] && strchr(runs, at[2])) {
			count = (guint)(strchr(runs, at[2]) - runs) + 2;
			at += 2;
		} else if (!count) {
			g_string_append_c(text, *at);
		}
		for (; count > 0 && *characters; count--) {
			g_string_append_unichar(text, g_utf8_get_char(characters));
			characters = g_utf8_next_char(characters);
		}
	}
	return g_string_free(text, FALSE);
}

static char *urldefense_v3(const Rewritten *link, const char *name)
{
	const char *start = strstr(link->url, "/v3/__");
	const char *end = NULL;
	if (!start)
		return NULL;
	start += strlen("/v3/__");
	for (const char *at = strstr(start, "__;"); at && !end; at = strstr(at + 1, "__;"))
		if (strchr(at, '!'))
			end = at;
	if (!end)
		return NULL;
	g_autofree char *encoded = url_unescape(start, end - start);
	g_autofree char *characters = g_strndup(end + 3, strcspn(end + 3, "!"));
	g_autofree char *filling = from_base64(characters);
	char *target = fill_in(encoded, filling);
	/* Some gateways make one slash of two. */
	char *slash = strstr(target, ":/");
	if (slash && slash[2] != '/') {
		char *mended =
			g_strdup_printf("%.*s/%s", (int)(slash + 2 - target), target, slash + 2);
		g_free(target);
		target = mended;
	}
	return target;
}

/* Cisco: a token, then the target as one path segment. Amazon: "/L0/", the target, more. */
static char *path_target(const Rewritten *link, const char *name)
{
	static const char *const starts[] = {"http%3a", "https%3a", "http:", "https:"};
	g_autofree char *lower = g_ascii_strdown(link->path, -1);
	const char *found = NULL;
	for (guint i = 0; i < G_N_ELEMENTS(starts); i++) {
		const char *at = strstr(lower, starts[i]);
		if (at && at > lower && at[-1] == '/' && (!found || at < found))
			found = at;
	}
	if (!found)
		return NULL;
	const char *start = link->path + (found - lower);
	gsize length = name && *name ? strcspn(start, "/?#") : strcspn(start, "?#");
	return url_unescape(start, (gssize)length);
}

/* Avanan: "/v2/___", the target, "___." and a token. */
static char *avanan(const Rewritten *link, const char *name)
{
	const char *start = strstr(link->url, "___");
	const char *end = start ? strstr(start + 3, "___.") : NULL;
	return end ? g_strndup(start + 3, (gsize)(end - start - 3)) : NULL;
}

static char *unreadable(const Rewritten *link, const char *name)
{
	return NULL;
}

/* @host  the host or, after a dot, its end. @path  what the path begins with. @name  of the query
 * parameter; for path_target anything means: one segment. */
static const struct {
	const char *host, *path;
	char *(*decode)(const Rewritten *link, const char *name);
	const char *name;
} rewriters[] = {
	{"urldefense.proofpoint.com", "/v1/", parameter, "u"},
	{"urldefense.proofpoint.com", "/v2/", urldefense_v2, "u"},
	{"urldefense.com", "/v3/", urldefense_v3, NULL},
	{"urldefense.com", "/v2/", urldefense_v2, "u"},
	{"urldefense.com", "/v1/", parameter, "u"},
	{".urldefense.com", "/v3/", urldefense_v3, NULL},
	{"urldefense.us", "/v3/", urldefense_v3, NULL},
	{".safelinks.protection.outlook.com", "/", parameter, "url"},
	{".safelinks.protection.office365.us", "/", parameter, "url"},
	{"linkprotect.cudasvc.com", "/", parameter, "a"},
	{"secure-web.cisco.com", "/", path_target, "1"},
	{".protection.sophos.com", "/", base64_parameter, "u"},
	{"protect.fireeye.com", "/", parameter, "u"},
	{"protect2.fireeye.com", "/", parameter, "u"},
	{".fireeye.com", "/v1/url", parameter, "u"},
	{".trendmicro.com", "/wis/clicktime", parameter, "url"},
	{".trendmicro.com", "/", unreadable, NULL},
	{"url.avanan.click", "/", avanan, NULL},
	{".checkpoint.com", "/v2/", avanan, NULL},
	{"urlsand.esvalabs.com", "/", parameter, "u"},
	{".awstrack.me", "/L", path_target, "1"},
	{"clicktime.symantec.com", "/", parameter, "u"},
	{".bing.com", "/ck/a", bing_parameter, "u"},
	{"bing.com", "/ck/a", bing_parameter, "u"},
	{"l.facebook.com", "/l.php", parameter, "u"},
	{"lm.facebook.com", "/l.php", parameter, "u"},
	{"www.facebook.com", "/flx/warn", parameter, "u"},
	{"l.instagram.com", "/", parameter, "u"},
	{"www.youtube.com", "/redirect", parameter, "q"},
	{"www.linkedin.com", "/redir/redirect", parameter, "url"},
	{"slack-redir.net", "/link", parameter, "url"},
	{"googleads.g.doubleclick.net", "/", parameter, "adurl"},
	{"adclick.g.doubleclick.net", "/", parameter, "adurl"},
	{"www.googleadservices.com", "/pagead/aclk", parameter, "adurl"},
	{"duckduckgo.com", "/l/", parameter, "uddg"},
	{"steamcommunity.com", "/linkfilter", parameter, "url"},
	{"vk.com", "/away.php", parameter, "to"},
	{"click.email.microsoftemail.com", "/", unreadable, NULL},
	{".mimecast.com", "/", unreadable, NULL},
	{".mimecastprotect.com", "/", unreadable, NULL},
	{"link.edgepilot.com", "/", unreadable, NULL},
	{"shared.outlook.inky.com", "/", unreadable, NULL},
	{".egress.com", "/", unreadable, NULL},
	{"scanmail.trustwave.com", "/", parameter, "u"},
};

static gboolean host_matches(const char *pattern, const char *host)
{
	return *pattern == '.' ? g_str_has_suffix(host, pattern) : strcmp(pattern, host) == 0;
}

/* Google has a domain in every country; the parameter is q or url. */
static char *google(const char *host, const Rewritten *link)
{
	static const char *const names[] = {"q", "url", "adurl"};
	if ((!g_str_has_prefix(host, "www.google.") && !g_str_has_prefix(host, "google.")) ||
	    !g_str_has_prefix(link->path, "/url"))
		return NULL;
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		char *target = parameter(link, names[i]);
		if (target && *target)
			return target;
		g_free(target);
	}
	return NULL;
}

/* One layer off. */
static char *unwrap(const char *text, gboolean *opaque)
{
	g_autoptr(Url) url = url_parse(text, NULL);
	if (!url || !url->host)
		return NULL;
	const char *host_end = strstr(url->text, "://") + 3;
	const char *path = host_end + strcspn(host_end, "/");
	const char *query = strchr(path, '?');
	const Rewritten link = {url->text, path, query ? query + 1 : NULL};
	char *target = google(url->host, &link);
	for (guint i = 0; i < G_N_ELEMENTS(rewriters) && !target; i++) {
		if (!host_matches(rewriters[i].host, url->host) ||
		    !g_str_has_prefix(path, rewriters[i].path))
			continue;
		target = rewriters[i].decode(&link, rewriters[i].name);
		*opaque = !target;
		if (*opaque)
			break;
	}
	if (!target || *target)
		return target;
	g_free(target);
	return NULL;
}

GPtrArray *rewriters_follow(const char *url, gboolean *opaque)
{
	g_autofree char *start = g_str_has_prefix(url, "urldefense.")
	                                 ? g_strconcat("https://", url, NULL)
	                                 : g_strdup(url);
	GPtrArray *targets = g_ptr_array_new_with_free_func(g_free);
	*opaque = FALSE;
	for (const char *outer = start; outer && targets->len < LIMIT_REWRITERS;) {
		char *inner = unwrap(outer, opaque);
		if (inner)
			g_ptr_array_add(targets, inner);
		outer = inner;
	}
	return targets;
}
