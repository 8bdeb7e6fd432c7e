/* Runs of a page that mean nothing to HTML, out of it and into its tree.
 *
 * Whatever state gumbo is in, a run must be handled there as the one character that stands for it.
 * So runs are taken from texts, comments and quoted values alone, begin with a character that is no
 * white space, and have none in them that any of these states ends with or looks at. Where the page
 * is read otherwise than it is here (a title inside a list to choose from), a run is still part of
 * a text or a value; where it became a name, the page is parsed once more as it is. */
#include "mail/html/html_runs.h"

#include "mail/html/html_name.h"

#include <string.h>

#define FIRST       0xf0000 /* of plane 15, which has no characters that anybody uses            */
#define MOST        0xfffe  /* of them: the last two are no characters                            */
#define MARK        0xf3    /* the first octet of those of the plane; their second begins at 0xb0 */
#define MARK_SIZE   4
#define TEXT_LEAST  4    /* octets of a run of text for which a mark is worth it */
#define VALUE_LEAST 24   /* octets of a value of which a run is taken: HTML looks at shorter ones */
#define VALUES_MOST 4096 /* runs of values: looking one up may cost as much as there are */

#define AFTER_NAME " \t\r\n\f/>" /* what the name of a tag ends with */

typedef struct {
	const char *text; /* in the page */
	guint size;
	const char *whole; /* when it was put back as all of a value: that value */
} Run;

struct HtmlRuns {
	GArray *runs;      /* Run */
	GHashTable *known; /* Run of a value -> its number + 1: equal values stay equal */
	GString *page;
	GPtrArray *left;  /* nodes, while runs are put back */
	gboolean refused; /* there is an element in which all of this does not hold */
};

/* ---- characters ---- */

enum { BLANK = 1, PLAIN = 2, IN_VALUE = 4 };

/* What an ASCII character may be part of. */
static guint8 kinds[128];

static void kinds_init(void)
{
	static gsize once;
	if (!g_once_init_enter(&once))
		return;
	for (int c = ' ' + 1; c < 0x7f; c++) {
		if (!strchr("<>&\"'=`]\\-", c))
			kinds[c] |= PLAIN;
		if (!strchr("<>&\"'`]\\", c))
			kinds[c] |= IN_VALUE;
	}
	kinds[' '] = kinds['\t'] = kinds['\n'] = kinds['\r'] = BLANK;
	g_once_init_leave(&once, 1);
}

static gboolean is_blank(char c)
{
	return (guchar)c < 0x80 && (kinds[(guchar)c] & BLANK);
}

static gboolean goes_on(char c)
{
	return ((guchar)c & 0xc0) == 0x80;
}

/* The octets of a character of more than one that HTML takes as it is, or 0: not for controls
 * (U+0080 to U+009F), what is no character (U+FDD0 to U+FDEF, U+FFFE), and what is no UTF-8. */
static gsize wide_size(const char *at)
{
	const guchar first = (guchar)at[0], second = (guchar)at[1];
	if (first < 0xc2 || first > 0xef || !goes_on(at[1]) || (first == 0xc2 && second < 0xa0))
		return 0;
	if (first < 0xe0)
		return 2;
	if (!goes_on(at[2]) || (first == 0xe0 && second < 0xa0) ||
	    (first == 0xed && second > 0x9f) ||
	    (first == 0xef && (second == 0xb7 || second == 0xbf)))
		return 0;
	return 3;
}

/* The octets at @at that are one character of a kind, or 0. */
static inline gsize taken(const char *at, guint8 kind)
{
	const guchar c = (guchar)*at;
	if (c >= 0x80)
		return wide_size(at);
	/* "--" ends comments */
	return kinds[c] & kind || (c == '-' && g_ascii_isalnum(at[1]));
}

/* ---- out of the page ---- */

static guint run_hash(gconstpointer data)
{
	const Run *run = data;
	guint hash = run->size;
	for (guint i = 0; i < run->size; i++)
		hash = hash * 31 + (guchar)run->text[i];
	return hash;
}

static gboolean run_equal(gconstpointer one, gconstpointer other)
{
	const Run *a = one, *b = other;
	return a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
}

static void append_mark(GString *page, guint number)
{
	gunichar mark = FIRST + number;
	const char octets[MARK_SIZE] = {(char)MARK, (char)(0x80 | (mark >> 12 & 0x3f)),
	                                (char)(0x80 | (mark >> 6 & 0x3f)),
	                                (char)(0x80 | (mark & 0x3f))};
	g_string_append_len(page, octets, MARK_SIZE);
}

static void take_run(HtmlRuns *runs, const char *text, gsize size, gboolean value)
{
	const Run run = {text, (guint)size, NULL};
	guint number = runs->runs->len, known = 0;
	if (value && size >= TEXT_LEAST)
		known = GPOINTER_TO_UINT(g_hash_table_lookup(runs->known, &run));
	if (known > 0) {
		append_mark(runs->page, known - 1);
		return;
	}
	if (size < TEXT_LEAST || number >= MOST ||
	    (value && g_hash_table_size(runs->known) >= VALUES_MOST)) {
		g_string_append_len(runs->page, text, (gssize)size);
		return;
	}
	if (value) {
		g_hash_table_insert(runs->known, g_memdup2(&run, sizeof run),
		                    GUINT_TO_POINTER(number + 1));
	}
	g_array_append_val(runs->runs, run);
	append_mark(runs->page, number);
}

/* A character reference, as far as it may go, and the sign by which it is one or none. */
static const char *copy_reference(HtmlRuns *runs, const char *at)
{
	const char *start = at++;
	while (*at == '#' || g_ascii_isalnum(*at))
		at++;
	at += *at == ';' || *at == '=';
	g_string_append_len(runs->page, start, at - start);
	return at;
}

/* Text up to @end, in which there are runs; nothing else is looked for in it. */
static void copy_text(HtmlRuns *runs, const char *at, const char *end, guint8 kind)
{
	gboolean value = kind == IN_VALUE;
	while (at < end) {
		const char *start = at, *last = at;
		for (gsize size; at < end; at += size) {
			size = taken(at, kind);
			if (size > 0)
				last = at + size;
			else if (is_blank(*at) && at > start)
				size = 1;
			else
				break;
		}
		if (last > start)
			take_run(runs, start, (gsize)(last - start), value);
		if (at > last)
			g_string_append_len(runs->page, last, at - last);
		if (at < end && *at == '&')
			at = copy_reference(runs, at);
		else if (at < end)
			g_string_append_c(runs->page, *at++);
	}
}

static const char *copy(HtmlRuns *runs, const char *at, gsize size)
{
	g_string_append_len(runs->page, at, (gssize)size);
	return at + size;
}

static const char *comment_end(const char *at)
{
	for (const char *end = strstr(at, "--"); end; end = strstr(end + 1, "--")) {
		if (end[2] == '>')
			return end + 3;
		if (end[2] == '!' && end[3] == '>')
			return end + 4;
	}
	return at + strlen(at);
}

/* A comment, its "<!--" included. "<!-->" and "<!--->" are whole ones. */
static const char *take_comment(HtmlRuns *runs, const char *at)
{
	at = copy(runs, at, strlen("<!--"));
	if (*at == '>' || g_str_has_prefix(at, "->"))
		return at;
	const char *end = comment_end(at);
	copy_text(runs, at, end, PLAIN);
	return end;
}

/* The value of an attribute, from its first quote on. */
static const char *take_value(HtmlRuns *runs, const char *at, gboolean with_runs)
{
	const char *closing = strchr(at + 1, *at);
	if (!closing)
		return copy(runs, at, strlen(at));
	if (!with_runs || closing - at - 1 < VALUE_LEAST)
		return copy(runs, at, (gsize)(closing + 1 - at));
	at = copy(runs, at, 1);
	copy_text(runs, at, closing, IN_VALUE);
	return copy(runs, closing, 1);
}

static inline gboolean is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v');
}

static const char *past_spaces(const char *at)
{
	while (is_space(*at))
		at++;
	return at;
}

/* Past what ends with white space or one of three characters. */
static inline const char *past_name(const char *at, const char ends[3])
{
	while (*at && !is_space(*at) && *at != ends[0] && *at != ends[1] && *at != ends[2])
		at++;
	return at;
}

/* A tag, its "<" included. Quotes are quotes after '=' alone. */
static const char *take_tag(HtmlRuns *runs, const char *at, gboolean with_runs)
{
	const char *start = at;                             /* of what is not copied yet */
	at = past_name(at + (at[1] == '/' ? 2 : 1), "/>>"); /* '=' may be part of a tag's name */
	while (*at && *at != '>') {
		while (is_space(*at) || *at == '/')
			at++;
		at += *at == '='; /* a name may begin with it */
		at = past_name(at, "/>=");
		const char *equals = past_spaces(at);
		if (*equals != '=')
			continue;
		at = past_spaces(equals + 1);
		if (*at == '"' || *at == '\'') {
			copy(runs, start, (gsize)(at - start));
			start = at = take_value(runs, at, with_runs);
		} else {
			at = past_name(at, ">>>");
		}
	}
	copy(runs, start, (gsize)(at - start));
	return *at ? copy(runs, at, 1) : at;
}

/* Elements whose content is text, up to the tag that ends them. */
static const char *raw_element(const char *tag)
{
	static const char *const raw[] = {"style", "script", "title",   "textarea",
	                                  "xmp",   "iframe", "noembed", "noframes"};
	if (!strchr("sStTxXiInN", *tag))
		return NULL;
	for (guint i = 0; i < G_N_ELEMENTS(raw); i++) {
		gsize length = strlen(raw[i]);
		if (g_ascii_strncasecmp(tag, raw[i], length) == 0 &&
		    strchr(AFTER_NAME, tag[length]))
			return raw[i];
	}
	return NULL;
}

static gboolean ends_raw(const char *at, const char *name, gsize length)
{
	return at[0] == '<' && at[1] == '/' && g_ascii_strncasecmp(at + 2, name, length) == 0 &&
	       strchr(AFTER_NAME, at[2 + length]);
}

/* What may be tags after all stays as it is. A comment in a script may hold the script's end. */
static const char *take_raw(HtmlRuns *runs, const char *at, const char *name)
{
	gsize length = strlen(name);
	while (*at) {
		gsize size = strcspn(at, "<");
		copy_text(runs, at, at + size, PLAIN);
		at += size;
		if (ends_raw(at, name, length))
			break;
		runs->refused |= *name == 's' && name[1] == 'c' && g_str_has_prefix(at, "<!--");
		at = *at ? copy(runs, at, 1 + strcspn(at + 1, "<>")) : at;
	}
	return at;
}

/* In a page of frames text is left out, but white space is not; nothing ends a plaintext; in
 * drawings, formulas and lists to choose from tags mean something else. */
static gboolean is_refused(const char *tag)
{
	static const char *const names[] = {"frameset", "plaintext", "select", "svg", "math"};
	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		if (g_ascii_tolower(*tag) == *names[i] &&
		    g_ascii_strncasecmp(tag, names[i], strlen(names[i])) == 0)
			return TRUE;
	return FALSE;
}

static const char *take_markup(HtmlRuns *runs, const char *at)
{
	if (g_ascii_isalpha(at[1])) {
		const char *raw = raw_element(at + 1);
		runs->refused |= is_refused(at + 1);
		at = take_tag(runs, at, TRUE);
		return raw ? take_raw(runs, at, raw) : at;
	}
	if (g_str_has_prefix(at, "<!--"))
		return take_comment(runs, at);
	if (at[1] == '/' && g_ascii_isalpha(at[2]))
		return take_tag(runs, at, FALSE);
	return copy(runs, at, at[1] && strchr("!/?", at[1]) ? strcspn(at, ">") : 1);
}

/* TRUE when a character of our plane may stand in the page, as itself or by its number. Numbers
 * that are none make gumbo count anew, so they count, too. */
static gboolean has_marks(const char *html)
{
	for (const char *at = strchr(html, (char)MARK); at; at = strchr(at + 1, (char)MARK))
		if ((guchar)at[1] >= 0xb0)
			return TRUE;
	for (const char *at = strchr(html, '&'); at; at = strchr(at + 1, '&')) {
		if (at[1] != '#')
			continue;
		gboolean hexadecimal = at[2] == 'x' || at[2] == 'X';
		guint64 number =
			g_ascii_strtoull(at + 2 + hexadecimal, NULL, hexadecimal ? 16 : 10);
		if (number >= FIRST)
			return TRUE;
	}
	return FALSE;
}

HtmlRuns *html_runs_new(const char *html)
{
	if (has_marks(html))
		return NULL;
	kinds_init();
	HtmlRuns *runs = g_new0(HtmlRuns, 1);
	runs->runs = g_array_new(FALSE, FALSE, sizeof(Run));
	runs->known = g_hash_table_new_full(run_hash, run_equal, g_free, NULL);
	runs->left = g_ptr_array_new();
	runs->page = g_string_sized_new(strlen(html) / 2 + 16);
	for (const char *at = html; *at;) {
		gsize size = strcspn(at, "<");
		copy_text(runs, at, at + size, PLAIN);
		at += size;
		if (*at)
			at = take_markup(runs, at);
	}
	if (runs->refused)
		g_clear_pointer(&runs, html_runs_free);
	return runs;
}

void html_runs_free(HtmlRuns *runs)
{
	if (!runs)
		return;
	g_array_unref(runs->runs);
	g_hash_table_unref(runs->known);
	g_ptr_array_unref(runs->left);
	g_string_free(runs->page, TRUE);
	g_free(runs);
}

const char *html_runs_page(const HtmlRuns *runs, gsize *size)
{
	*size = runs->page->len;
	return runs->page->str;
}

/* ---- into the tree ---- */

static Run *run_of(HtmlRuns *runs, const char *mark)
{
	guint number = g_utf8_get_char(mark) - FIRST;
	return &g_array_index(runs->runs, Run, number);
}

static const char *next_mark(const char *text)
{
	const char *mark = strchr(text, (char)MARK);
	while (mark && (guchar)mark[1] < 0xb0)
		mark = strchr(mark + 1, (char)MARK);
	return mark;
}

/* As gumbo takes line ends: one of two octets is one of one. */
static char *append_run(char *to, const Run *run)
{
	const char *end = run->text + run->size;
	if (!memchr(run->text, '\r', run->size))
		return (char *)memcpy(to, run->text, run->size) + run->size;
	for (const char *at = run->text; at < end; at++)
		if (*at != '\r')
			*to++ = *at;
		else if (at + 1 == end || at[1] != '\n')
			*to++ = '\n';
	return to;
}

static gsize whole_size(HtmlRuns *runs, const char *text)
{
	gsize size = strlen(text);
	for (const char *mark = next_mark(text); mark; mark = next_mark(mark + MARK_SIZE))
		size += run_of(runs, mark)->size;
	return size + 1;
}

/* @text when no run is in it. */
static const char *whole(HtmlRuns *runs, const char *text, const GumboOptions *options)
{
	const char *mark = next_mark(text);
	if (!mark)
		return text;
	Run *only = mark == text && !text[MARK_SIZE] ? run_of(runs, mark) : NULL;
	if (only && only->whole)
		return only->whole;
	char *made = options->allocator(options->userdata, whole_size(runs, text)), *to = made;
	for (const char *at = text; at; mark = next_mark(at)) {
		gsize size = mark ? (gsize)(mark - at) : strlen(at);
		memcpy(to, at, size);
		to += size;
		if (!mark)
			break;
		to = append_run(to, run_of(runs, mark));
		at = mark + MARK_SIZE;
	}
	*to = '\0';
	if (only)
		only->whole = made;
	return made;
}

static gboolean put_back_in_element(HtmlRuns *runs, const GumboElement *element,
                                    const GumboOptions *options)
{
	const GumboStringPiece name =
		element->tag == GUMBO_TAG_UNKNOWN ? html_written_name(element) : kGumboEmptyString;
	if (name.data && memchr(name.data, MARK, name.length))
		return FALSE;
	for (guint i = 0; i < element->attributes.length; i++) {
		GumboAttribute *one = element->attributes.data[i];
		if (next_mark(one->name))
			return FALSE;
		one->value = whole(runs, one->value, options);
	}
	return TRUE;
}

gboolean html_runs_put_back(HtmlRuns *runs, const GumboNode *document, const GumboOptions *options)
{
	GPtrArray *left = runs->left;
	g_ptr_array_add(left, (gpointer)document);
	while (left->len > 0) {
		GumboNode *node = g_ptr_array_steal_index_fast(left, left->len - 1);
		const GumboVector *children = NULL;
		switch (node->type) {
		case GUMBO_NODE_DOCUMENT:
			children = &node->v.document.children;
			break;
		case GUMBO_NODE_ELEMENT:
		case GUMBO_NODE_TEMPLATE:
			children = &node->v.element.children;
			if (!put_back_in_element(runs, &node->v.element, options))
				return FALSE;
			break;
		default:
			node->v.text.text = whole(runs, node->v.text.text, options);
			break;
		}
		for (guint i = 0; children && i < children->length; i++)
			g_ptr_array_add(left, children->data[i]);
	}
	return TRUE;
}
