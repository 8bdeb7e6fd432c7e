/* Every link of a message: as it is written, as a browser takes it, and where it really leads. */
#include "mail/links/links.h"

#include "base/limits.h"
#include "mail/findings/findings.h"
#include "mail/html/html.h"
#include "mail/url/domains.h"
#include "mail/url/links_text.h"
#include "mail/url/rewriters.h"
#include "mail/url/url.h"

#include <string.h>

#define DATA_SHOWN 200 /* octets of a data: URL, which is no address but a file */

struct LinkWalk {
	json_t *list, *findings;
	GHashTable *seen;       /* where, written and text of those in the list */
	GHashTable *known;      /* URLs of the list, and those that are shown for a link */
	guint most;             /* links in the list */
	const char *where;      /* while a text is searched */
	const char *attachment; /* whose links come now; NULL: the message's own */
};

/* ---- what is odd about one ---- */

/* Schemes that do something else than show a page. */
static const struct {
	const char *scheme, *id, *detail;
} remarkable[] = {
	{"javascript", "link_script", "a link runs a script"},
	{"vbscript", "link_script", "a link runs a script"},
	{"file", "link_file", "a link leads to a file, which may be on somebody else's server"},
	{"search-ms", "link_program", "a link starts a program"},
	{"search", "link_program", "a link starts a program"},
	{"ms-msdt", "link_program", "a link starts a program"},
	{"ms-appinstaller", "link_program", "a link starts a program"},
	{"ms-officecmd", "link_program", "a link starts a program"},
	{"ms-word", "link_program", "a link starts a program"},
	{"ms-excel", "link_program", "a link starts a program"},
	{"ms-powerpoint", "link_program", "a link starts a program"},
	{"ms-cxh-full", "link_program", "a link starts a program"},
};

static void note_url(const LinkWalk *walk, const Url *url, const char *written)
{
	if (url->userinfo && url->web)
		findings_add(walk->findings, "link_userinfo", url->host,
		             "a link has a user name that can be taken for its host: %.200s",
		             written);
	if (url->numeric_host)
		findings_add(walk->findings, "link_numeric_host", url->host,
		             "a link leads to an address without a name: %.200s", written);
	else if (url->odd_host)
		findings_add(walk->findings, "link_odd_host", url->host,
		             "a link's host is written in a way that hides it: %.200s", written);
	for (guint i = 0; i < G_N_ELEMENTS(remarkable); i++)
		if (strcmp(remarkable[i].scheme, url->scheme) == 0)
			findings_add(walk->findings, remarkable[i].id, NULL, "%s: %.200s",
			             remarkable[i].detail, written);
}

/* ---- what is shown, and where it leads ---- */

/* The host in "https://corp.example/x", "corp.example" or, for a mailto: link, "a@corp.example". */
static char *host_shown(const char *word, gboolean mail)
{
	const char *colon = strstr(word, "://"), *at = strchr(word, '@');
	if (mail)
		return at && !colon && strchr(at, '.') ? url_host(at + 1, -1) : NULL;
	if (!colon && (!strchr(word, '.') || at))
		return NULL;
	g_autofree char *whole = colon ? g_strdup(word) : g_strconcat("https://", word, NULL);
	g_autoptr(Url) url = url_parse(whole, NULL);
	if (!url || !url->web || !strchr(url->host, '.'))
		return NULL;
	/* "Invoice.pdf" is a name, not a host. */
	return colon || domains_is_public(url->host) ? g_strdup(url->host) : NULL;
}

static gboolean is_url_word(const char *word)
{
	return strstr(word, "://") || g_ascii_strncasecmp(word, "www.", 4) == 0;
}

/* What a shown text says that a link leads to: a host that is written out. In a sentence only what
 * is plainly a URL counts. NULL when it is just words. Newly allocated. */
static char *promised_host(const char *text, gboolean mail)
{
	if (!text)
		return NULL;
	if (!strchr(text, ' '))
		return host_shown(text, mail);
	g_auto(GStrv) words = g_strsplit(text, " ", 64);
	for (guint i = 0; words[i]; i++) {
		char *word = words[i] + strspn(words[i], "(<[\"'");
		for (gsize size = strlen(word); size && strchr(".,;:!?)>]\"'", word[size - 1]);)
			word[--size] = '\0';
		if (is_url_word(word))
			return host_shown(word, mail);
	}
	return NULL;
}

static char *mail_domain(const Url *url)
{
	const char *start = url->text + strlen("mailto:");
	g_autofree char *address = url_unescape(start, (gssize)strcspn(start, "?,#"));
	const char *at = strrchr(address, '@');
	return at ? url_host(at + 1, -1) : NULL;
}

/* TRUE when the text names another organisation than the link leads to, and is a finding then. */
static gboolean is_mismatch(const LinkWalk *walk, const char *text, const Url *url,
                            const char *final_host)
{
	gboolean mail = strcmp(url->scheme, "mailto") == 0;
	g_autofree char *promised = promised_host(text, mail);
	g_autofree char *leads_to = !promised ? NULL
	                            : mail    ? mail_domain(url)
	                                      : g_strdup(final_host);
	if (!promised || !leads_to || domains_aligned(promised, leads_to))
		return FALSE;
	findings_add(walk->findings, "link_mismatch", leads_to,
	             "a link that shows %.200s leads to %.200s", promised, leads_to);
	return TRUE;
}

/* ---- one link ---- */

static void set(json_t *link, const char *key, const char *value)
{
	json_object_set_new(link, key, json_text_new(value));
}

/* "qr" stays what it is: nobody asks whether a code was in a picture or drawn. */
static void set_where(const LinkWalk *walk, json_t *link, const char *where)
{
	gboolean inside = walk->attachment && strcmp(where, "qr") != 0;
	g_autofree char *place = g_strconcat(inside ? "attachment:" : "", where, NULL);
	set(link, "where", place);
	if (walk->attachment)
		set(link, "attachment", walk->attachment);
}

/* A data: URL is a whole file; its beginning says what it is. */
static void set_url(json_t *link, const char *key, const char *url)
{
	gboolean data = g_ascii_strncasecmp(url, "data:", 5) == 0;
	g_autofree char *valid =
		g_utf8_make_valid(url, data ? (gssize)strnlen(url, DATA_SHOWN) : -1);
	g_autofree char *cut = data && strlen(url) > DATA_SHOWN ? g_strconcat(valid, "…", NULL)
	                                                        : g_steal_pointer(&valid);
	set(link, key, cut);
}

static void set_target(json_t *link, const GPtrArray *layers, const Rewriting *rewriting)
{
	set(link, "target", layers->len ? layers->pdata[layers->len - 1] : NULL);
	if (layers->len > 1) {
		json_t *via = json_array();
		for (guint i = 0; i + 1 < layers->len; i++)
			json_array_append_new(via, json_text_new(layers->pdata[i]));
		json_object_set_new(link, "via", via);
	}
	if (rewriting->name)
		set(link, "rewriter", rewriting->name);
	if (rewriting->opaque)
		json_object_set_new(link, "rewriter_opaque", json_true());
}

/* The host that the link leads to in the end; NULL when that cannot be known. */
static char *final_host(const Url *url, const GPtrArray *layers, const Rewriting *rewriting)
{
	if (rewriting->opaque)
		return g_strdup(rewriting->hint);
	if (layers->len == 0)
		return g_strdup(url->host);
	g_autofree char *target = rewriters_as_url(layers->pdata[layers->len - 1]);
	g_autoptr(Url) final = url_parse(target, NULL);
	return final ? g_strdup(final->host) : NULL;
}

static json_t *describe(const LinkWalk *walk, const Url *url, const char *written,
                        const char *where, const char *text)
{
	g_auto(Rewriting) rewriting = {0};
	g_autoptr(GPtrArray) layers = rewriters_follow(url, &rewriting);
	g_autofree char *domain = url->host ? domains_registrable(url->host) : NULL;
	g_autofree char *leads_to = final_host(url, layers, &rewriting);
	if (rewriting.opaque)
		findings_add(walk->findings, "rewriter_opaque", url->host,
		             "%s rewrote a link so that its target cannot be read from it",
		             rewriting.opaque_name);
	json_t *link = json_object();
	set_url(link, "url", url->text);
	set_url(link, "written", written);
	set(link, "host", url->host);
	set(link, "domain", domain);
	set_where(walk, link, where);
	set(link, "text", text);
	set_target(link, layers, &rewriting);
	json_object_set_new(link, "mismatch", json_boolean(is_mismatch(walk, text, url, leads_to)));
	return link;
}

/* What looks like a link and is none to a browser: some program may still make one of it. */
static json_t *describe_invalid(const LinkWalk *walk, const char *written, const char *where,
                                const char *text)
{
	findings_add(walk->findings, "link_invalid", NULL,
	             "a link has no valid address, and programs differ on what it means: %.200s",
	             written);
	json_t *link = json_object();
	g_autofree char *trimmed = url_trim(written);
	set(link, "url", trimmed);
	set(link, "written", written);
	set(link, "host", NULL);
	set(link, "domain", NULL);
	set_where(walk, link, where);
	set(link, "text", text);
	set(link, "target", NULL);
	json_object_set_new(link, "mismatch", json_false());
	json_object_set_new(link, "invalid", json_true());
	return link;
}

static gboolean has_web_scheme(const char *written)
{
	g_autofree char *text = url_trim(written);
	return g_ascii_strncasecmp(text, "http:", 5) == 0 ||
	       g_ascii_strncasecmp(text, "https:", 6) == 0;
}

/* Schemes of what is in the message itself, or nowhere. */
static gboolean leads_nowhere(const Url *url)
{
	return strcmp(url->scheme, "cid") == 0 || strcmp(url->scheme, "mid") == 0 ||
	       strcmp(url->scheme, "about") == 0;
}

/* @written  as it stands there; @meant  what it says, disguises undone */
static void add_meant(LinkWalk *walk, const char *written, const char *meant, const char *base,
                      const char *where, const char *text)
{
	if (json_array_size(walk->list) >= walk->most) {
		findings_add(walk->findings, "limit_links", NULL,
		             "there are more than %u links; the others are not read", walk->most);
		return;
	}
	g_autofree char *key = g_strconcat(walk->attachment ? walk->attachment : "", "\n", where,
	                                   "\n", written, "\n", text ? text : "", NULL);
	if (!g_hash_table_add(walk->seen, g_steal_pointer(&key)))
		return;
	g_autoptr(Url) url = url_parse(meant, base);
	if (!url && has_web_scheme(meant))
		json_array_append_new(walk->list, describe_invalid(walk, written, where, text));
	if (!url || leads_nowhere(url))
		return;
	g_hash_table_add(walk->known, g_strdup(url->text));
	note_url(walk, url, written);
	json_array_append_new(walk->list, describe(walk, url, written, where, text));
}

static void add(LinkWalk *walk, const char *written, const char *base, const char *where,
                const char *text)
{
	add_meant(walk, written, written, base, where, text);
}

/* ---- running text ---- */

static void add_found(const char *written, const char *url, gboolean bare, gpointer data)
{
	LinkWalk *walk = data;
	/* in a file it matters more what holds it than how it is written */
	gboolean apart = bare && !walk->attachment;
	add_meant(walk, written, url, NULL, apart ? "bare" : walk->where, bare ? written : NULL);
}

static void add_from_text(LinkWalk *walk, const char *text, const char *where)
{
	walk->where = where;
	links_text_find(text, add_found, walk);
}

/* ---- HTML ---- */

static void remember(const char *written, const char *url, gboolean bare, gpointer data)
{
	LinkWalk *walk = data;
	g_autoptr(Url) parsed = url_parse(url, NULL);
	if (parsed)
		g_hash_table_add(walk->known, g_strdup(parsed->text));
}

static void add_from_html(const HtmlLink *link, gpointer data)
{
	LinkWalk *walk = data;
	g_autofree char *valid = g_utf8_make_valid(link->written, -1);
	if (link->running) {
		walk->where = link->where;
		links_code_find(valid, add_found, walk);
		return;
	}
	g_autofree char *bare = url_trim(valid);
	if (*bare)
		add(walk, bare, link->base, link->where, link->text);
	if (g_ascii_strncasecmp(bare, "javascript:", strlen("javascript:")) == 0) {
		g_autofree char *script = url_unescape(bare, -1);
		walk->where = "script";
		links_code_find(script, add_found, walk);
	}
	if (link->text)
		links_text_find(link->text, remember, walk);
}

/* A URL in the text of a page that is not a link there: people copy it, or their program makes it
 * one. */
static void add_shown(const char *written, const char *url, gboolean bare, gpointer data)
{
	LinkWalk *walk = data;
	g_autoptr(Url) parsed = url_parse(url, NULL);
	if (parsed && !g_hash_table_contains(walk->known, parsed->text))
		add_meant(walk, written, url, NULL, bare ? "bare" : "shown", bare ? written : NULL);
}

json_t *links_describe(const LinkTexts *texts, json_t *findings, guint most, Flow *flow,
                       char **shown)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	LinkWalk walk = {json_array(), findings, seen, known, most, NULL, NULL};
	const GPtrArray *pages = texts->pages;
	g_autofree char *unflowed =
		texts->text && texts->delsp ? links_text_unflow(texts->text) : NULL;
	g_autoptr(GPtrArray) all_shown = g_ptr_array_new_with_free_func(g_free);
	if (texts->subject)
		add_from_text(&walk, texts->subject, "subject");
	if (texts->text)
		add_from_text(&walk, unflowed ? unflowed : texts->text, "text");
	g_hash_table_remove_all(known);
	for (guint i = 0; pages && i < pages->len; i++)
		g_ptr_array_add(all_shown,
		                html_walk(pages->pdata[i], findings, add_from_html, &walk, flow));
	g_ptr_array_add(all_shown, NULL);
	*shown = pages && pages->len ? g_strjoinv("\n", (char **)all_shown->pdata) : NULL;
	if (*shown)
		links_text_find(*shown, add_shown, &walk);
	return walk.list;
}

/* ---- attachments ---- */

LinkWalk *links_walk_new(json_t *findings, guint most)
{
	LinkWalk *walk = g_new0(LinkWalk, 1);
	walk->list = json_array();
	walk->findings = findings;
	walk->most = most;
	walk->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	walk->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return walk;
}

void links_walk_free(LinkWalk *walk)
{
	if (!walk)
		return;
	json_decref(walk->list);
	g_hash_table_unref(walk->seen);
	g_hash_table_unref(walk->known);
	g_free(walk);
}

const json_t *links_walk_list(const LinkWalk *walk)
{
	return walk->list;
}

void links_walk_add(LinkWalk *walk, const char *attachment, const char *where, const char *written,
                    const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(written, -1);
	g_autofree char *bare = url_trim(valid);
	walk->attachment = attachment;
	if (*bare)
		add(walk, bare, NULL, where, text);
}

void links_walk_add_text(LinkWalk *walk, const char *attachment, const char *where,
                         const char *text)
{
	walk->attachment = attachment;
	add_from_text(walk, text, where);
}

char *links_walk_add_html(LinkWalk *walk, const char *attachment, const char *html,
                          json_t *findings)
{
	walk->attachment = attachment;
	g_hash_table_remove_all(walk->known);
	char *shown = html_walk(html, findings, add_from_html, walk, NULL);
	links_text_find(shown, add_shown, walk);
	return shown;
}
