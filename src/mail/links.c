/* Every link of a message: as it is written, as a browser takes it, and where it really leads. */
#include "mail/links.h"

#include "base/limits.h"
#include "mail/domains.h"
#include "mail/findings.h"
#include "mail/html.h"
#include "mail/rewriters.h"
#include "mail/url.h"

#include <string.h>

typedef struct {
	json_t *list, *findings;
	GHashTable *seen; /* where, written and text of those in the list */
} LinkWalk;

/* What a shown text says that a link leads to: a host that is written out. NULL when it is just
 * words. Newly allocated. */
static char *promised_host(const char *text)
{
	if (!text || strchr(text, ' ') || strlen(text) > 500)
		return NULL;
	const char *colon = strstr(text, "://");
	if (!colon && (!strchr(text, '.') || strchr(text, '@')))
		return NULL;
	g_autofree char *whole = colon ? g_strdup(text) : g_strconcat("https://", text, NULL);
	g_autoptr(Url) url = url_parse(whole, NULL);
	if (!url || !url->host || !strchr(url->host, '.'))
		return NULL;
	/* "Invoice.pdf" is a name, not a host. */
	return colon || domains_is_public(url->host) ? g_strdup(url->host) : NULL;
}

static void note_url(const LinkWalk *walk, const Url *url, const char *written)
{
	if (url->userinfo)
		findings_add(walk->findings, "link_userinfo", url->host,
		             "a link has a user name that can be taken for its host: %.200s",
		             written);
	if (url->numeric_host)
		findings_add(walk->findings, "link_numeric_host", url->host,
		             "a link leads to an address without a name: %.200s", written);
	else if (url->odd_host)
		findings_add(walk->findings, "link_odd_host", url->host,
		             "a link's host is written in a way that hides it: %.200s", written);
	if (strcmp(url->scheme, "javascript") == 0 || strcmp(url->scheme, "vbscript") == 0)
		findings_add(walk->findings, "link_script", NULL, "a link runs a script: %.200s",
		             written);
}

/* TRUE when the text names another organisation than the link leads to, and is a finding then. */
static gboolean is_mismatch(const LinkWalk *walk, const char *text, const char *leads_to)
{
	g_autofree char *promised = promised_host(text);
	if (!promised || !leads_to || domains_aligned(promised, leads_to))
		return FALSE;
	findings_add(walk->findings, "link_mismatch", leads_to,
	             "a link that shows %.200s leads to %.200s", promised, leads_to);
	return TRUE;
}

static void set(json_t *link, const char *key, const char *value)
{
	json_object_set_new(link, key, json_text_new(value));
}

static json_t *describe(const LinkWalk *walk, const Url *url, const char *written,
                        const char *where, const char *text)
{
	gboolean opaque = FALSE;
	g_autoptr(GPtrArray) layers = rewriters_follow(url->web ? url->text : "", &opaque);
	const char *target = layers->len ? layers->pdata[layers->len - 1] : NULL;
	g_autoptr(Url) final = target ? url_parse(target, NULL) : NULL;
	g_autofree char *domain = url->host ? domains_registrable(url->host) : NULL;
	if (opaque)
		findings_add(walk->findings, "link_opaque", url->host,
		             "a gateway rewrote a link so that its target cannot be read from it");
	json_t *link = json_object();
	set(link, "url", url->text);
	set(link, "written", written);
	set(link, "host", url->host);
	set(link, "domain", domain);
	set(link, "where", where);
	set(link, "text", text);
	set(link, "target", target);
	if (layers->len > 1) {
		json_t *via = json_array();
		for (guint i = 0; i + 1 < layers->len; i++)
			json_array_append_new(via, json_text_new(layers->pdata[i]));
		json_object_set_new(link, "via", via);
	}
	json_object_set_new(link, "mismatch",
	                    json_boolean(is_mismatch(walk, text, final ? final->host : url->host)));
	return link;
}

static void add(LinkWalk *walk, const char *written, const char *base, const char *where,
                const char *text)
{
	if (json_array_size(walk->list) >= LIMIT_LINKS) {
		findings_add(walk->findings, "limit_links", NULL,
		             "there are more than %d links; the others are not read", LIMIT_LINKS);
		return;
	}
	g_autofree char *key = g_strconcat(where, "\n", written, "\n", text ? text : "", NULL);
	if (!g_hash_table_add(walk->seen, g_strdup(key)))
		return;
	g_autoptr(Url) url = url_parse(written, base);
	if (!url || strcmp(url->scheme, "cid") == 0)
		return;
	note_url(walk, url, written);
	json_array_append_new(walk->list, describe(walk, url, written, where, text));
}

static char *without_line_ends(const char *text)
{
	char *bare = g_malloc(strlen(text) + 1), *to = bare;
	for (; *text; text++)
		if (*text != '\t' && *text != '\n' && *text != '\r')
			*to++ = *text;
	*to = '\0';
	return bare;
}

static void add_from_html(const HtmlLink *link, gpointer data)
{
	g_autofree char *valid = g_utf8_make_valid(link->written, -1);
	g_autofree char *bare = without_line_ends(valid);
	g_strstrip(bare);
	if (*bare)
		add(data, bare, link->base, link->where, link->text);
}

/* The length of a URL in running text: up to a blank, '<', '>' or '"', without the punctuation that
 * belongs to the sentence. */
static gsize url_size(const char *text)
{
	gsize size = 0;
	while (text[size] && !strchr("<>\"", text[size]) &&
	       !g_unichar_isspace(g_utf8_get_char(text + size)))
		size += (gsize)(g_utf8_next_char(text + size) - (text + size));
	while (size > 0 && strchr(".,;:!?')]}>*_`", text[size - 1]))
		size--;
	return size;
}

static gboolean starts_url(const char *text, gsize *prefix)
{
	static const char *const starts[] = {"http://", "https://", "hxxp://", "hxxps://"};
	for (guint i = 0; i < G_N_ELEMENTS(starts); i++)
		if (g_ascii_strncasecmp(text, starts[i], strlen(starts[i])) == 0) {
			*prefix = strlen(starts[i]);
			return TRUE;
		}
	return FALSE;
}

/* "www.corp.example" without a scheme, which mail programs make clickable. */
static gboolean starts_bare(const char *text, const char *start)
{
	return g_ascii_strncasecmp(text, "www.", 4) == 0 && g_ascii_isalnum(text[4]) &&
	       (text == start || strchr(" \t\r\n(<>[\"'", text[-1]));
}

static void add_from_text(LinkWalk *walk, const char *text, const char *where)
{
	gsize prefix;
	for (const char *at = text; *at; at++) {
		if ((*at | 0x20) == 'h' && starts_url(at, &prefix)) {
			gsize size = url_size(at);
			g_autofree char *url = g_strndup(at, size);
			if (size > prefix)
				add(walk, url, NULL, where, NULL);
			at += MAX(size, prefix) - 1;
		} else if ((*at | 0x20) == 'w' && starts_bare(at, text)) {
			g_autofree char *url = g_strndup(at, url_size(at));
			g_autofree char *whole = g_strconcat("http://", url, NULL);
			add(walk, whole, NULL, "bare", url);
			at += MAX(strlen(url), 1) - 1;
		}
	}
}

json_t *links_describe(const Message *message, const char *subject, const char *text,
                       const char *html, char **shown)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	LinkWalk walk = {json_array(), message->findings, seen};
	*shown = NULL;
	if (subject)
		add_from_text(&walk, subject, "subject");
	if (text)
		add_from_text(&walk, text, "text");
	if (html)
		*shown = html_walk(html, message->findings, add_from_html, &walk);
	return walk.list;
}
