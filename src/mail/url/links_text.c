/* URLs in running text. There is no grammar for where one ends: up to a blank, '<', '>' or '"',
 * without the punctuation that belongs to the sentence, is what mail programs make clickable. */
#include "mail/url/links_text.h"

#include "mail/url/domains.h"

#include <string.h>

#define WRAPPED_MOST 2048 /* octets of a URL that goes on in the next line */
#define HOST_MOST    260

static gboolean is_end(const char *at, const char *ends)
{
	return !*at || strchr(ends, *at) || g_unichar_isspace(g_utf8_get_char(at));
}

/* The length of a URL in running text. */
static gsize url_size(const char *text, const char *ends)
{
	gsize size = 0;
	while (!is_end(text + size, ends))
		size += (gsize)(g_utf8_next_char(text + size) - (text + size));
	while (size > 0 && strchr(".,;:!?')[]}>*_`", text[size - 1]))
		size--;
	return size;
}

/* ---- schemes ---- */

/* "http", "hxxp", "h**p", "htxps", …: the length, or 0. */
static gsize scheme_letters(const char *text, gboolean *defanged)
{
	static const char middles[][3] = {"tt", "xx", "**", "tx", "xt", "__", "--", "##"};
	if ((text[0] | 0x20) != 'h')
		return 0;
	for (guint i = 0; i < G_N_ELEMENTS(middles); i++)
		if (g_ascii_strncasecmp(text + 1, middles[i], 2) == 0 && (text[3] | 0x20) == 'p') {
			*defanged = i > 0;
			return (text[4] | 0x20) == 's' ? 5 : 4;
		}
	return 0;
}

/* The length of "https://" in one of its disguises, or 0. */
static gsize starts_url(const char *text, gboolean *defanged)
{
	static const struct {
		const char *separator;
		gboolean plain; /* also after a scheme that is not in disguise */
	} separators[] = {
		{"://", TRUE},   {"[://]", TRUE}, {"[:]//", TRUE}, {"(:)//", TRUE},
		{":\\\\", TRUE}, {":/", FALSE},   {":\\", FALSE},  {"[:]\\\\", FALSE},
	};
	gsize letters = scheme_letters(text, defanged);
	for (guint i = 0; letters && i < G_N_ELEMENTS(separators); i++)
		if ((separators[i].plain || *defanged) &&
		    g_str_has_prefix(text + letters, separators[i].separator)) {
			*defanged |= i > 0;
			return letters + strlen(separators[i].separator);
		}
	return 0;
}

/* ---- disguises ---- */

static const struct {
	const char *written, *meant;
} disguises[] = {
	{"[://]", "://"}, {"[:]", ":"},   {"(:)", ":"},   {"[.]", "."},   {"(.)", "."},
	{"{.}", "."},     {"[dot]", "."}, {"(dot)", "."}, {"{dot}", "."}, {"[/]", "/"},
	{"[.", "."},      {".]", "."},    {"[@]", "@"},
};

/* How many octets at @at stand for something else. */
static gsize disguise_at(const char *at, const char **meant)
{
	for (guint i = 0; strchr("[({.", *at) && i < G_N_ELEMENTS(disguises); i++)
		if (g_ascii_strncasecmp(at, disguises[i].written, strlen(disguises[i].written)) ==
		    0) {
			*meant = disguises[i].meant;
			return strlen(disguises[i].written);
		}
	return 0;
}

/* "hxxps[:]//corp[.]example" to "https://corp.example". */
static char *undisguised(const char *written)
{
	gboolean defanged;
	GString *plain = g_string_new(NULL);
	gsize letters = scheme_letters(written, &defanged);
	if (letters)
		g_string_append(plain, letters == 5 ? "https" : "http");
	for (const char *at = written + letters; *at;) {
		const char *meant = NULL;
		gsize size = disguise_at(at, &meant);
		if (size)
			g_string_append(plain, meant);
		else
			g_string_append_c(plain, *at);
		at += MAX(size, 1);
	}
	return g_string_free(plain, FALSE);
}

/* TRUE when a full stop in the host stands in brackets. */
static gboolean has_disguised_host(const char *host)
{
	const char *meant = NULL;
	for (const char *at = host; *at && !strchr("/\\?#", *at); at++)
		if (strchr("[({", *at) && disguise_at(at, &meant) && *meant == '.')
			return TRUE;
	return FALSE;
}

/* ---- URLs with a scheme ---- */

/* "<https://corp.example/a\n  b>": the octets up to '>', the URL without its line ends; 0 when it
 * is nothing of the kind. */
static gsize wrapped(const char *text, char **joined)
{
	g_autoptr(GString) url = g_string_new(NULL);
	gboolean broken = FALSE, defanged;
	gsize at = 0;
	while (text[at] && text[at] != '>') {
		if (at > WRAPPED_MOST || strchr("<\" \t", text[at]))
			return 0;
		if (!strchr("\r\n", text[at])) {
			g_string_append_c(url, text[at++]);
			continue;
		}
		broken = TRUE;
		at += strspn(text + at, "\r");
		if (text[at] == '\n')
			at++;
		at += strspn(text + at, " \t");
		/* an empty line ends a paragraph, and another URL begins anew */
		if (text[at] == '\r' || text[at] == '\n' || starts_url(text + at, &defanged))
			return 0;
	}
	if (text[at] != '>' || !broken)
		return 0;
	*joined = g_strdup(url->str);
	return at;
}

typedef struct {
	LinksFound found;
	gpointer data;
	const char *ends; /* what ends a URL besides a blank */
} Search;

static void tell(const Search *search, const char *written, gsize prefix, gboolean defanged)
{
	g_autofree char *url = defanged || has_disguised_host(written + prefix)
	                               ? undisguised(written)
	                               : g_strdup(written);
	search->found(written, url, FALSE, search->data);
}

/* Tells of the URL at @at, whose scheme is @prefix octets long; gives the octets that it takes. */
static gsize take_url(const Search *search, const char *text, const char *at, gsize prefix,
                      gboolean defanged)
{
	char *joined = NULL;
	gsize size = at > text && at[-1] == '<' && !defanged ? wrapped(at, &joined) : 0;
	g_autofree char *written = size ? joined : g_strndup(at, url_size(at, search->ends));
	if (strlen(written) > prefix)
		tell(search, written, prefix, defanged);
	return MAX(size ? size : strlen(written), prefix);
}

/* ---- without a scheme ---- */

static gboolean is_host_letter(char c)
{
	return g_ascii_isalnum(c) || c == '-' || (guchar)c >= 0x80;
}

/* Nearly all words have no full stop in them, and are no hosts. */
static gboolean may_be_host(const char *text)
{
	while (is_host_letter(*text))
		text++;
	return *text && strchr(".[({", *text);
}

/* The length of the host at @text ("corp.example", "corp[.]example"), or 0. */
static gsize host_size(const char *text, gboolean *disguised)
{
	gsize size = 0;
	*disguised = FALSE;
	while (size < HOST_MOST) {
		const char *meant = NULL;
		if (is_host_letter(text[size]) || text[size] == '.') {
			size++;
			continue;
		}
		gsize disguise = disguise_at(text + size, &meant);
		if (disguise <= 1 || *meant != '.')
			break;
		*disguised = TRUE;
		size += disguise;
	}
	while (size > 0 && text[size - 1] == '.')
		size--;
	return size < HOST_MOST ? size : 0;
}

/* TRUE when a name of labels ends in a domain that exists. */
static gboolean is_host(const char *host)
{
	const char *last = strrchr(host, '.');
	return last && last > host && *host != '.' && !strstr(host, "..") &&
	       g_ascii_isalpha(last[1]) && domains_is_public(host);
}

/* "www.corp.example", "corp.example/x" and "corp[.]example", where a word begins: the octets taken,
 * or 0. */
static gsize take_bare(const Search *search, const char *at)
{
	gboolean disguised;
	if (!may_be_host(at))
		return 0;
	gsize host = host_size(at, &disguised);
	gboolean www = g_ascii_strncasecmp(at, "www.", 4) == 0 && g_ascii_isalnum(at[4]);
	gboolean path = host && at[host] == '/' && !is_end(at + host + 1, search->ends);
	if (host == 0 || at[host] == '@' || (!www && !path && !disguised))
		return 0;
	g_autofree char *name = g_strndup(at, host);
	g_autofree char *plain = undisguised(name);
	if (!www && !is_host(plain))
		return 0;
	gsize size = MAX(host, url_size(at, search->ends));
	if (!path && !strchr("/?#:", at[host]))
		size = host;
	g_autofree char *written = g_strndup(at, size);
	g_autofree char *url = g_strconcat("http://", plain, written + host, NULL);
	search->found(written, url, TRUE, search->data);
	return size;
}

static gboolean begins_word(const char *text, const char *at)
{
	return at == text || (!g_ascii_isalnum(at[-1]) && strchr(" \t\r\n(<>[\"'", at[-1]));
}

static void find(const Search *search, const char *text, gboolean prose)
{
	for (const char *at = text; *at; at++) {
		gboolean defanged = FALSE;
		if (!g_ascii_isalnum(*at))
			continue;
		gsize taken = 0, prefix = starts_url(at, &defanged);
		if (prefix)
			taken = take_url(search, text, at, prefix, defanged);
		else if (prose && begins_word(text, at))
			taken = take_bare(search, at);
		at += taken ? taken - 1 : 0;
	}
}

void links_text_find(const char *text, LinksFound found, gpointer data)
{
	const Search search = {found, data, "<>\""};
	find(&search, text, TRUE);
}

void links_code_find(const char *text, LinksFound found, gpointer data)
{
	const Search search = {found, data, "<>\"'`\\"};
	find(&search, text, FALSE);
}

char *links_text_unflow(const char *text)
{
	GString *whole = g_string_sized_new(strlen(text));
	for (const char *at = text; *at; at++) {
		gsize line_end = at[0] != ' '                       ? 0
		                 : at[1] == '\n'                    ? 1
		                 : g_str_has_prefix(at + 1, "\r\n") ? 2
		                                                    : 0;
		if (line_end)
			at += line_end;
		else
			g_string_append_c(whole, *at);
	}
	return g_string_free(whole, FALSE);
}
