/* The proof that two messages are the same one. It decides what may be pulled out of a mailbox.
 *
 * To be the same is decided by equality of one hash, not by likeness: so it holds in both
 * directions and over any number of copies, and an attacker has nothing to balance on. What
 * gateways do is taken off before the hash is made, and only what cannot deceive anybody is taken
 * off (banners.c). Every field goes in with its length: no text can pose as another field. */
#include "mail/fingerprint/fingerprint.h"

#include "base/digest.h"
#include "base/limits.h"
#include "mail/attachments/attachments.h"
#include "mail/fingerprint/banners.h"
#include "mail/message/body.h"
#include "mail/text/words.h"

#include <string.h>

#define SHORT   8  /* hexadecimal digits of the hash of a part  */
#define SHA_HEX 64 /* … of the core                             */
#define MARKS   32 /* upon one letter that are composed with it  */

typedef enum {
	PART_MESSAGE_ID,
	PART_PEOPLE,
	PART_DATE,
	PART_SUBJECT,
	PART_TEXT,
	PART_HTML,
	PART_LINKS,
	PART_ATTACHMENTS,
	PART_STRUCTURE,
	N_PARTS,
} FingerprintPart;

static const char *const part_words[N_PARTS] = {
	[PART_MESSAGE_ID] = "its Message-ID",
	[PART_PEOPLE] = "its sender or where a reply goes",
	[PART_DATE] = "its date",
	[PART_SUBJECT] = "its subject",
	[PART_TEXT] = "the words of its plain text",
	[PART_HTML] = "the words of its HTML",
	[PART_LINKS] = "where its links lead",
	[PART_ATTACHMENTS] = "its attachments",
	[PART_STRUCTURE] = "its structure, which readers take differently",
};

typedef enum { CHANGE_SUBJECT, CHANGE_BANNER, CHANGE_FOOTER, CHANGE_LINKS, N_CHANGES } Change;

static const char *const change_words[N_CHANGES] = {
	[CHANGE_SUBJECT] = "a mark was put before its subject",
	[CHANGE_BANNER] = "a banner was added",
	[CHANGE_FOOTER] = "a footer was added",
	[CHANGE_LINKS] = "its links were rewritten",
};

typedef struct {
	GString *parts[N_PARTS];
	GString *changes[N_CHANGES];
	gboolean opaque;
} Parts;

static void add_bytes(GString *part, const char *tag, const char *value, gsize length)
{
	g_string_append_printf(part, "%s:%" G_GSIZE_FORMAT ":", tag, length);
	g_string_append_len(part, value, (gssize)length);
}

static void add(GString *part, const char *tag, const char *value)
{
	add_bytes(part, tag, value ? value : "", value ? strlen(value) : 0);
}

/* ---- texts ---- */

/* Lines of signs that set a banner off: "-----", "*****", "_____". */
static gsize rule_size(const char *text)
{
	gsize length = 0;
	if (g_ascii_isalnum(*text) || !strchr("-_=*#~", *text))
		return 0;
	while (text[length] == *text)
		length++;
	return length >= 5 ? length : 0;
}

/* The length of a letter with the marks that follow it. */
static gsize letter_size(const char *at, guint *n_marks)
{
	const char *end = g_utf8_next_char(at);
	for (*n_marks = 0; (guchar)*end >= 0x80 && g_unichar_ismark(g_utf8_get_char(end));
	     (*n_marks)++)
		end = g_utf8_next_char(end);
	return (gsize)(end - at);
}

/* The octets of letters and digits without marks that a text begins with. */
static gsize plain_letters(const char *text)
{
	gsize size = 0;
	while (g_ascii_isalnum(text[size]))
		size++;
	/* what follows may be a mark upon the last one */
	return size - ((guchar)text[size] >= 0x80 && size > 0);
}

/* Letters and their marks composed, no white space. Composing takes the square of the number of
 * marks, so a heap of them is left as it is. */
static void append_bare(GString *to, const char *text)
{
	guint n_marks;
	for (const char *at = text; *at;) {
		gsize letters = plain_letters(at);
		if (letters > 0) {
			g_string_append_len(to, at, (gssize)letters);
			at += letters;
			continue;
		}
		gsize rule = rule_size(at);
		gsize size = rule ? rule : letter_size(at, &n_marks);
		if (rule) {
			at += rule;
			continue;
		}
		if (n_marks > 0 && n_marks <= MARKS) {
			g_autofree char *composed =
				g_utf8_normalize(at, (gssize)size, G_NORMALIZE_DEFAULT_COMPOSE);
			g_string_append(to, composed);
		} else if (g_ascii_isgraph(*at) || *at == FLOW_LINK ||
		           !g_unichar_isspace(g_utf8_get_char(at))) {
			g_string_append_len(to, at, (gssize)size);
		}
		at += size;
	}
}

/* ---- header fields ---- */

/* A second field, which another reader may take for the first. */
static void add_repeated(const Message *message, const char *name, GString *part)
{
	guint seen = 0;
	for (int i = 0; i < message_header_count(message); i++) {
		GMimeHeader *field = message_header_at(message, i);
		if (g_ascii_strcasecmp(g_mime_header_get_name(field), name) != 0 || seen++ == 0)
			continue;
		g_autofree char *value = words_decode(g_mime_header_get_raw_value(field));
		add(part, name, value);
	}
}

static void add_people(const json_t *described, const char *field, GString *part)
{
	size_t i;
	json_t *person;
	json_array_foreach (json_object_get(described, field), i, person)
		add(part, field, json_text(person, "address"));
}

/* The instant: servers write it in another zone. */
static void add_date(const json_t *described, GString *part)
{
	const char *date = json_text(described, "date");
	g_autoptr(GDateTime) instant = date ? g_date_time_new_from_iso8601(date, NULL) : NULL;
	g_autofree char *seconds =
		instant ? g_strdup_printf("%" G_GINT64_FORMAT, g_date_time_to_unix(instant))
			: g_strdup(date);
	add(part, "date", seconds);
}

static void add_subject(const json_t *described, Parts *parts)
{
	const char *subject = json_text(described, "subject");
	g_autofree char *bare = banners_bare_subject(subject);
	append_bare(parts->parts[PART_SUBJECT], bare);
	if (subject && strlen(bare) < strlen(subject))
		append_bare(parts->changes[CHANGE_SUBJECT], subject);
}

/* ---- bodies ---- */

/* @hidden  (inout) whether the words before were; a mark stands where that changes */
static void add_blocks(const GPtrArray *blocks, guint first, guint end, gboolean *hidden,
                       GString *words, GString *links)
{
	for (guint i = first; i < end; i++) {
		const FlowBlock *block = blocks->pdata[i];
		gsize before = words->len;
		append_bare(words, block->text->str);
		if (words->len > before && block->hidden != *hidden) {
			*hidden = block->hidden;
			g_string_insert(words, (gssize)before, *hidden ? "\x02" : "\x03");
		}
		for (guint link = 0; link < block->links->len; link++)
			add(links, "link", block->links->pdata[link]);
	}
}

static void add_body(const Flow *flow, Banners banners, GString *words, Parts *parts)
{
	guint top = banners.above + banners.top, below = flow->blocks->len - banners.below;
	guint end = below - banners.bottom;
	gboolean hidden = FALSE, ignored = FALSE;
	GString *links = parts->parts[PART_LINKS];
	GString *banner = parts->changes[CHANGE_BANNER], *footer = parts->changes[CHANGE_FOOTER];
	add_blocks(flow->blocks, 0, banners.above, &hidden, words, links);
	add_blocks(flow->blocks, top, end, &hidden, words, links);
	add_blocks(flow->blocks, below, flow->blocks->len, &hidden, words, links);
	if (flow->asides->len > 0)
		g_string_append_c(words, '\x04');
	add_blocks(flow->asides, 0, flow->asides->len, &hidden, words, links);
	add_blocks(flow->blocks, banners.above, top, &ignored, banner, banner);
	add_blocks(flow->blocks, end, below, &ignored, footer, footer);
	g_string_append(parts->changes[CHANGE_LINKS], flow->layers->str);
	parts->opaque |= flow->opaque > 0;
}

static gboolean is_all(const Flow *flow, Banners banners)
{
	return banners.top + banners.bottom >= flow->blocks->len;
}

/* A message that would be nothing without its banner is its banner. */
static void add_bodies(const json_t *described, Flow *text, Flow *html, Parts *parts)
{
	const char *from = json_text(described, "from.0.address");
	Banners of_text = banners_find(text, from), of_html = banners_find(html, from);
	if (is_all(text, of_text) && is_all(html, of_html) &&
	    parts->parts[PART_ATTACHMENTS]->len == 0)
		of_text = of_html = (Banners){0};
	add_body(text, of_text, parts->parts[PART_TEXT], parts);
	add_body(html, of_html, parts->parts[PART_HTML], parts);
}

/* ---- attachments ---- */

/* Content that is not transfer-encoded changes its line ends on the way; what is encoded does not.
 */
static char *content_hash(Part *part)
{
	gsize size;
	const char *octets = g_bytes_get_data(part_content(part), &size);
	gboolean encoded = part_content(part) != part->raw;
	if (encoded || !memchr(octets, '\r', size))
		return digest_hex(DIGEST_SHA256, octets, size);
	g_autofree char *bare = g_malloc(size);
	gsize length = 0;
	for (gsize i = 0; i < size; i++)
		if (octets[i] != '\r')
			bare[length++] = octets[i];
	return digest_hex(DIGEST_SHA256, bare, length);
}

static void add_attachments(const Message *message, GString *part)
{
	for (guint i = 0; i < message->leaves->len; i++) {
		Part *leaf = message->leaves->pdata[i];
		if (!attachments_is_one(leaf))
			continue;
		g_autofree char *name = part_name(leaf), *hash = content_hash(leaf);
		add(part, "name", name);
		add(part, "sha256", hash);
	}
}

/* Where readers disagree about what the message is, or where we did not read all of it, only the
 * very same body is the same. */
static void add_structure(const Message *message, gboolean cut, GString *part)
{
	if (!message->ambiguous && !cut)
		return;
	g_autoptr(GBytes) body = message_body(message);
	g_autofree char *hash = digest_hex_bytes(DIGEST_SHA256, body);
	add(part, "body", hash);
}

/* ---- the text form ---- */

static void append_short(GString *to, const GString *part, const char *hash)
{
	g_string_append_printf(to, ".%.*s", part->len ? SHORT : 1, part->len ? hash : "-");
}

static void append_change(GString *to, const GString *change)
{
	g_autofree char *hash =
		change->len ? digest_hex(DIGEST_SHA256, change->str, change->len) : NULL;
	append_short(to, change, hash);
}

static char *format(const Parts *parts)
{
	g_autoptr(GString) all = g_string_new(NULL);
	g_autoptr(GString) tail = g_string_new(NULL);
	for (guint i = 0; i < N_PARTS; i++) {
		g_autofree char *hash =
			digest_hex(DIGEST_SHA256, parts->parts[i]->str, parts->parts[i]->len);
		add(all, "part", hash);
		append_short(tail, parts->parts[i], hash);
	}
	g_string_append_c(tail, ':');
	for (guint i = 0; i < N_CHANGES; i++)
		append_change(tail, parts->changes[i]);
	g_autofree char *core = digest_hex(DIGEST_SHA256, all->str, all->len);
	/* Neither list begins with its separator. */
	char *second = strstr(tail->str, ":.");
	return g_strdup_printf("fp2:%s:%.*s:%s:%d", core, (int)(second - tail->str - 1),
	                       tail->str + 1, second + 2, parts->opaque);
}

char *fingerprint_of(const Message *message, const json_t *described, Flow *text, Flow *html)
{
	Parts parts = {0};
	for (guint i = 0; i < N_PARTS; i++)
		parts.parts[i] = g_string_new(NULL);
	for (guint i = 0; i < N_CHANGES; i++)
		parts.changes[i] = g_string_new(NULL);
	add(parts.parts[PART_MESSAGE_ID], "message-id", json_text(described, "message_id"));
	add_repeated(message, "Message-ID", parts.parts[PART_MESSAGE_ID]);
	add_people(described, "from", parts.parts[PART_PEOPLE]);
	add_people(described, "reply_to", parts.parts[PART_PEOPLE]);
	add_date(described, parts.parts[PART_DATE]);
	add_repeated(message, "Date", parts.parts[PART_DATE]);
	add_subject(described, &parts);
	add_repeated(message, "Subject", parts.parts[PART_SUBJECT]);
	add_attachments(message, parts.parts[PART_ATTACHMENTS]);
	add_bodies(described, text, html, &parts);
	add_structure(message, text->cut || html->cut, parts.parts[PART_STRUCTURE]);
	char *fingerprint = format(&parts);
	for (guint i = 0; i < N_PARTS; i++)
		g_string_free(parts.parts[i], TRUE);
	for (guint i = 0; i < N_CHANGES; i++)
		g_string_free(parts.changes[i], TRUE);
	return fingerprint;
}

/* ---- comparison ---- */

/* "core", the parts, the changes, "opaque"; NULL when it is none of ours. */
static char **taken_apart(const char *fingerprint, guint index, guint n_fields)
{
	g_auto(GStrv) pieces = g_strsplit(fingerprint, ":", 6);
	if (g_strv_length(pieces) != 5 || strcmp(pieces[0], "fp2") != 0 ||
	    strlen(pieces[1]) != SHA_HEX)
		return NULL;
	char **fields = g_strsplit(pieces[index], ".", -1);
	if (g_strv_length(fields) == n_fields)
		return fields;
	g_strfreev(fields);
	return NULL;
}

/* "a, b and c" of the rows in which the two differ; NULL when there is none. */
static char *differing(char **one, char **other, const char *const *words, guint n_words)
{
	g_autoptr(GPtrArray) said = g_ptr_array_new();
	for (guint i = 0; i < n_words; i++)
		if (strcmp(one[i], other[i]) != 0)
			g_ptr_array_add(said, (gpointer)words[i]);
	GString *list = g_string_new(NULL);
	for (guint i = 0; i < said->len; i++)
		g_string_append_printf(list, "%s%s",
		                       i == 0              ? ""
		                       : i + 1 < said->len ? ", "
		                                           : " and ",
		                       (const char *)said->pdata[i]);
	return g_string_free(list, said->len == 0);
}

static FingerprintVerdict say(FingerprintVerdict verdict, char **why, char *words)
{
	if (why)
		*why = words;
	else
		g_free(words);
	return verdict;
}

static gboolean differs_in_links_alone(char **one, char **other)
{
	for (guint i = 0; i < N_PARTS; i++)
		if (i != PART_LINKS && strcmp(one[i], other[i]) != 0)
			return FALSE;
	return TRUE;
}

FingerprintVerdict fingerprint_compare(const char *one, const char *other, char **why)
{
	if (!one || !*one || !other || !*other)
		return say(FINGERPRINT_UNPROVED, why,
		           g_strdup("one of them was not read first-hand"));
	if (strcmp(one, other) == 0)
		return say(FINGERPRINT_SAME, why, NULL);
	g_auto(GStrv) parts = taken_apart(one, 2, N_PARTS);
	g_auto(GStrv) other_parts = taken_apart(other, 2, N_PARTS);
	g_auto(GStrv) changes = taken_apart(one, 3, N_CHANGES);
	g_auto(GStrv) other_changes = taken_apart(other, 3, N_CHANGES);
	if (!parts || !other_parts || !changes || !other_changes)
		return say(FINGERPRINT_UNPROVED, why,
		           g_strdup("another version of Trawl fingerprinted one of them"));
	g_autofree char *key = fingerprint_key(one), *other_key = fingerprint_key(other);
	if (strcmp(key, other_key) == 0) {
		g_autofree char *words = differing(changes, other_changes, change_words, N_CHANGES);
		return say(
			FINGERPRINT_CHANGED, why,
			g_strdup_printf("%s on the way", words ? words : "something was changed"));
	}
	if ((g_str_has_suffix(one, ":1") || g_str_has_suffix(other, ":1")) &&
	    differs_in_links_alone(parts, other_parts))
		return say(
			FINGERPRINT_UNPROVED, why,
			g_strdup("a gateway rewrote its links so that nobody can read where they "
		                 "lead"));
	g_autofree char *words = differing(parts, other_parts, part_words, N_PARTS);
	return say(FINGERPRINT_DIFFERENT, why,
	           g_strdup_printf("it differs in %s", words ? words : "its content"));
}

char *fingerprint_key(const char *fingerprint)
{
	const char *end =
		g_str_has_prefix(fingerprint, "fp2:") ? strchr(fingerprint + 4, ':') : NULL;
	return end ? g_strndup(fingerprint, (gsize)(end - fingerprint)) : g_strdup(fingerprint);
}
