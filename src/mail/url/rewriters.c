/* URL rewriters: one row of a table each, by host and path, and a handful of ways to hide a target.
 *
 * What a row reads is taken for a target only when it is a URL. A gateway whose links cannot be
 * read is said to be opaque; a redirector that carries no target is a link like any other. */
#include "mail/url/rewriters.h"

#include "base/json.h"
#include "base/limits.h"
#include "mail/url/domains.h"
#include "mail/url/url.h"

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

/* Mandrill: base64 of JSON whose "p" is JSON whose "url" is the target. */
static char *mandrill(const Rewritten *link, const char *name)
{
	g_autofree char *text = base64_parameter(link, name);
	g_autoptr(json_t) outer = text ? json_loads(text, 0, NULL) : NULL;
	const char *payload = outer ? json_text(outer, "p") : NULL;
	g_autoptr(json_t) inner = payload ? json_loads(payload, 0, NULL) : NULL;
	return inner ? g_strdup(json_text(inner, "url")) : NULL;
}

/* The whole query is the target. */
static char *whole_query(const Rewritten *link, const char *name)
{
	return link->query ? url_unescape(link->query, -1) : NULL;
}

/* Yahoo: "/RU=", the target, "/RK=". */
static char *path_value(const Rewritten *link, const char *name)
{
	const char *start = strstr(link->path, name);
	start = start ? start + strlen(name) : NULL;
	return start ? url_unescape(start, (gssize)strcspn(start, "/?#")) : NULL;
}

/* Bitdefender: the target in base64 as a path segment. */
static char *path_base64(const Rewritten *link, const char *name)
{
	g_autofree char *value = path_value(link, name);
	return value ? from_base64(value) : NULL;
}

/* Google's cache of fast pages: the host and path after "/s/" or "/". */
static char *amp(const Rewritten *link, const char *name)
{
	const char *rest = link->path + strlen("/amp/");
	return g_str_has_prefix(rest, "s/") ? g_strconcat("https://", rest + 2, NULL)
	                                    : g_strconcat("http://", rest, NULL);
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

/* How a rewriter's host is compared. Those of whole domains begin with a dot; "google" stands for
 * google.TLD, "" for any host (the program runs on the customer's own). */
static gboolean host_matches(const char *pattern, const char *host)
{
	if (!strstr(host, pattern + (*pattern == '.')))
		return FALSE;
	if (*pattern == '.')
		return g_str_has_suffix(host, pattern) || strcmp(pattern + 1, host) == 0;
	if (*pattern == '\0' || strcmp(pattern, host) == 0)
		return TRUE;
	if (strchr(pattern, '.'))
		return FALSE;
	g_autofree char *domain = domains_registrable(host);
	gsize size = strlen(pattern);
	return g_str_has_prefix(domain, pattern) && domain[size] == '.';
}

typedef char *(*Decode)(const Rewritten *link, const char *name);

/* @path  what the path begins with; @argument  of the query parameter; for path_target any means:
 * one segment. A rewriter of a mail gateway is opaque where its links cannot be read. */
typedef struct {
	const char *host, *path;
	Decode decode;
	const char *argument, *name;
	gboolean redirector;
} Rewriter;

static const Rewriter rewriters[] = {
	/* Mail gateways */
	{"urldefense.proofpoint.com", "/v1/", parameter, "u", "urldefense"},
	{"urldefense.proofpoint.com", "/v2/", urldefense_v2, "u", "urldefense"},
	{"urldefense.proofpoint.com", "/v3/", urldefense_v3, NULL, "urldefense"},
	{".urldefense.com", "/v1/", parameter, "u", "urldefense"},
	{".urldefense.com", "/v2/", urldefense_v2, "u", "urldefense"},
	{".urldefense.com", "/v3/", urldefense_v3, NULL, "urldefense"},
	{".urldefense.us", "/v2/", urldefense_v2, "u", "urldefense"},
	{".urldefense.us", "/v3/", urldefense_v3, NULL, "urldefense"},
	{".safelinks.protection.outlook.com", "/", parameter, "url", "safelinks"},
	{".safelinks.protection.office365.us", "/", parameter, "url", "safelinks"},
	{".safelinks.protection.partner.outlook.cn", "/", parameter, "url", "safelinks"},
	{"statics.teams.cdn.office.net", "/evergreen-assets/safelinks/", parameter, "url",
         "safelinks"},
	{".safelink.emails.azure.net", "/redirect", parameter, "destination", "safelinks"},
	{"linkprotect.cudasvc.com", "/", parameter, "a", "barracuda"},
	{"secure-web.cisco.com", "/", path_target, "1", "cisco"},
	{"secure-web.sco.cisco.com", "/", path_target, "1", "cisco"},
	{".protection.sophos.com", "/", base64_parameter, "u", "sophos"},
	{"protect.fireeye.com", "/", parameter, "u", "fireeye"},
	{"protect2.fireeye.com", "/", parameter, "u", "fireeye"},
	{".fireeye.com", "/v1/url", parameter, "u", "fireeye"},
	{"", "/wis/clicktime/", parameter, "url", "trendmicro"},
	{".ctp.trendmicro.com", "/", unreadable, NULL, "trendmicro"},
	{"url.avanan.click", "/v1/", parameter, "o", "avanan"},
	{"avanan.url-protection.com", "/v1/", parameter, "o", "avanan"},
	{"url.avanan.click", "/", avanan, NULL, "avanan"},
	{"protect.checkpoint.com", "/", avanan, NULL, "avanan"},
	{".checkpoint.com", "/v2/", avanan, NULL, "avanan"},
	{".esvalabs.com", "/", parameter, "u", "libraesva"},
	{"clicktime.symantec.com", "/", parameter, "u", "symantec"},
	{"clicktime.cloud.postoffice.net", "/clicktime.php", parameter, "u", "symantec"},
	{"link.edgepilot.com", "/", parameter, "u", "edgepilot"},
	{".vadesecure.com", "/v", parameter, "u", "vade"},
	{"scanmail.trustwave.com", "/", parameter, "u", "trustwave"},
	{"", "/fmlurlsvc/", parameter, "url", "fortimail"},
	{"linklock.titanhq.com", "/", parameter, "url", "titanhq"},
	{".gravityzone.bitdefender.com", "/scan/", path_base64, "/scan/", "bitdefender"},
	{".mimecast.com", "/s/", unreadable, NULL, "mimecast"},
	{".mimecast.com", "/r/", unreadable, NULL, "mimecast"},
	{".mimecastprotect.com", "/", unreadable, NULL, "mimecast"},
	{"shared.outlook.inky.com", "/", unreadable, NULL, "inky"},
	{".hornetsecurity.com", "/index.php", unreadable, NULL, "hornetsecurity"},
	{"url.emailprotection.link", "/", unreadable, NULL, "emailprotection"},
	{".mailcontrol.com", "/sr/", unreadable, NULL, "forcepoint"},
	{".antigena.com", "/l/", unreadable, NULL, "darktrace"},

	/* Redirectors that carry their target */
	{".awstrack.me", "/L", path_target, "1", "ses", TRUE},
	{"", "/CL0/", path_target, "1", "ses", TRUE},
	{"google", "/url", parameter, "q", "google", TRUE},
	{"google", "/url", parameter, "url", "google", TRUE},
	{"google", "/aclk", parameter, "adurl", "google", TRUE},
	{"google", "/url", parameter, "adurl", "google", TRUE},
	{"google", "/imgres", parameter, "imgurl", "google", TRUE},
	{"google", "/amp/", amp, NULL, "google", TRUE},
	{"translate.google.com", "/translate", parameter, "u", "google", TRUE},
	{"googleads.g.doubleclick.net", "/", parameter, "adurl", "google", TRUE},
	{"adclick.g.doubleclick.net", "/", parameter, "adurl", "google", TRUE},
	{"ad.doubleclick.net", "/", whole_query, NULL, "google", TRUE},
	{"www.googleadservices.com", "/pagead/aclk", parameter, "adurl", "google", TRUE},
	{"clickserve.dartsearch.net", "/link/click", parameter, "ds_dest_url", "google", TRUE},
	{"bing", "/ck/a", bing_parameter, "u", "bing", TRUE},
	{".facebook.com", "/l.php", parameter, "u", "facebook", TRUE},
	{".facebook.com", "/flx/warn", parameter, "u", "facebook", TRUE},
	{"l.messenger.com", "/l.php", parameter, "u", "facebook", TRUE},
	{"l.instagram.com", "/", parameter, "u", "instagram", TRUE},
	{"l.threads.net", "/", parameter, "u", "threads", TRUE},
	{"l.wl.co", "/l", parameter, "u", "whatsapp", TRUE},
	{".youtube.com", "/redirect", parameter, "q", "youtube", TRUE},
	{".linkedin.com", "/redir/", parameter, "url", "linkedin", TRUE},
	{".linkedin.com", "/safety/go", parameter, "url", "linkedin", TRUE},
	{"slack-redir.net", "/link", parameter, "url", "slack", TRUE},
	{"duckduckgo.com", "/l/", parameter, "uddg", "duckduckgo", TRUE},
	{"steamcommunity.com", "/linkfilter", parameter, "url", "steam", TRUE},
	{"steamcommunity.com", "/linkfilter", parameter, "u", "steam", TRUE},
	{"vk.com", "/away.php", parameter, "to", "vk", TRUE},
	{"out.reddit.com", "/", parameter, "url", "reddit", TRUE},
	{"t.umblr.com", "/redirect", parameter, "z", "tumblr", TRUE},
	{"exit.sc", "/", parameter, "url", "soundcloud", TRUE},
	{"yahoo", "/", path_value, "/RU=", "yahoo", TRUE},
	{"mandrillapp.com", "/track/click", mandrill, "p", "mandrill", TRUE},
	{"www.awin1.com", "/", parameter, "ued", "awin", TRUE},
	{"click.linksynergy.com", "/", parameter, "murl", "rakuten", TRUE},
	{"go.redirectingat.com", "/", parameter, "url", "skimlinks", TRUE},
	{"go.skimresources.com", "/", parameter, "url", "skimlinks", TRUE},
	{"deref-gmx.net", "/", parameter, "redirecturl", "gmx", TRUE},
	{"deref-web.de", "/", parameter, "redirecturl", "gmx", TRUE},
	{"deref-mail.com", "/", parameter, "redirecturl", "gmx", TRUE},
	{"href.li", "/", whole_query, NULL, "href.li", TRUE},
	{"anonym.to", "/", whole_query, NULL, "anonym.to", TRUE},
};

void rewriting_clear(Rewriting *rewriting)
{
	g_free(rewriting->hint);
}

char *rewriters_as_url(const char *target)
{
	static const char *const schemes[] = {"http:", "https:", "ftp:", "mailto:"};
	for (guint i = 0; i < G_N_ELEMENTS(schemes); i++)
		if (g_ascii_strncasecmp(target, schemes[i], strlen(schemes[i])) == 0)
			return g_strdup(target);
	return g_strconcat("http://", target, NULL);
}

/* What was decoded is a target: a URL, or a host without its scheme. */
static gboolean is_target(const char *text)
{
	g_autofree char *whole = rewriters_as_url(text);
	g_autoptr(Url) url = url_parse(whole, NULL);
	if (!url || g_str_has_prefix(text, "mailto:") || strstr(text, ":/"))
		return url != NULL;
	return url->web && strchr(url->host, '.') && domains_is_public(url->host);
}

static char *decoded(const Rewriter *rewriter, const Rewritten *link)
{
	g_autofree char *target = rewriter->decode(link, rewriter->argument);
	return target && is_target(target) ? g_steal_pointer(&target) : NULL;
}

/* Mimecast names the host that it hides: "?domain=corp.example". */
static void set_opaque(Rewriting *rewriting, const Rewriter *rewriter, const Rewritten *link)
{
	g_autofree char *hint = parameter(link, "domain");
	rewriting->opaque = TRUE;
	rewriting->opaque_name = rewriter->name;
	rewriting->hint = hint ? url_host(hint, -1) : NULL;
}

/* One layer off a web link. */
static char *unwrap(const Url *url, Rewriting *rewriting)
{
	const char *host_end = strstr(url->text, "://") + 3;
	const char *path = host_end + strcspn(host_end, "/");
	const char *query = strchr(path, '?');
	const Rewritten link = {url->text, path, query ? query + 1 : NULL};
	const Rewriter *opaque = NULL;
	for (guint i = 0; i < G_N_ELEMENTS(rewriters); i++) {
		const Rewriter *one = &rewriters[i];
		if (strncmp(path, one->path, strlen(one->path)) != 0 ||
		    !host_matches(one->host, url->host))
			continue;
		char *target = decoded(one, &link);
		if (target && !rewriting->name)
			rewriting->name = one->name;
		if (target)
			return target;
		if (!one->redirector && *one->host && !opaque)
			opaque = one;
	}
	if (!opaque)
		return NULL;
	set_opaque(rewriting, opaque, &link);
	if (!rewriting->name)
		rewriting->name = opaque->name;
	return NULL;
}

GPtrArray *rewriters_follow(const Url *url, Rewriting *rewriting)
{
	GPtrArray *targets = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Url) inner = NULL;
	for (const Url *outer = url; outer && outer->web && targets->len < LIMIT_REWRITERS;) {
		char *target = unwrap(outer, rewriting);
		if (!target)
			break;
		g_ptr_array_add(targets, target);
		g_autofree char *whole = rewriters_as_url(target);
		g_clear_pointer(&inner, url_free);
		outer = inner = url_parse(whole, NULL);
	}
	return targets;
}
