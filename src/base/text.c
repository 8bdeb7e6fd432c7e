/* The ways from octets to text, and the forms in which text is compared. */
#include "base/text.h"

#include "base/digest.h"
#include "base/limits.h"

#include <idn2.h>
#include <string.h>

static gboolean is_control(gunichar c)
{
	return (c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7f && c < 0xa0);
}

static gboolean is_invisible(gunichar c)
{
	return (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x2069) || c == 0xfeff;
}

#define EACH_OCTET(octet) (G_GUINT64_CONSTANT(0x0101010101010101) * (octet))

/* The length of the ASCII characters, without NUL, with which @octets begin. */
static gsize ascii_size(const char *octets, gsize length)
{
	gsize size = 0;
	for (guint64 word; size + sizeof word <= length; size += sizeof word) {
		memcpy(&word, octets + size, sizeof word);
		/* an octet beyond ASCII, or one of 0 */
		if ((word | ((word - EACH_OCTET(1)) & ~word)) & EACH_OCTET(0x80))
			break;
	}
	while (size < length && octets[size] && (guchar)octets[size] < 0x80)
		size++;
	return size;
}

gboolean text_is_valid(const char *octets, gsize length)
{
	for (gsize at = 0; at < length;) {
		at += ascii_size(octets + at, length - at);
		gsize wide = 0;
		while (at + wide < length && (guchar)octets[at + wide] >= 0x80)
			wide++;
		if (at < length && !g_utf8_validate_len(octets + at, MAX(wide, 1), NULL))
			return FALSE;
		at += wide;
	}
	return TRUE;
}

gboolean text_is_ascii(const char *octets, gsize length)
{
	return ascii_size(octets, length) == length;
}

char *text_from_bytes(const void *octets, gsize length)
{
	g_autofree char *valid = g_utf8_make_valid(octets ? octets : "", (gssize)length);
	GString *text = g_string_sized_new(length);
	for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);
		g_string_append_unichar(text, is_control(c) ? 0xfffd : c);
	}
	return g_string_free(text, FALSE);
}

char *text_for_terminal(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text ? text : "", -1);
	GString *safe = g_string_new(NULL);
	for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);
		if (is_control(c) || is_invisible(c) || c == '\n' || c == '\t')
			g_string_append_printf(safe, c == '\n' || c == '\t' ? " " : "\\u%04x", c);
		else
			g_string_append_unichar(safe, c);
	}
	return g_string_free(safe, FALSE);
}

char *text_address(const char *address)
{
	if (!address)
		return NULL;
	g_autofree char *trimmed = g_strstrip(g_strdup(address));
	char *bare = trimmed;
	gsize length = strlen(bare);
	if (length >= 2 && bare[0] == '<' && bare[length - 1] == '>') {
		bare[length - 1] = '\0';
		bare = g_strstrip(bare + 1);
	}
	char *at = strrchr(bare, '@');
	if (!at || at == bare || !at[1])
		return NULL;
	*at = '\0';
	g_autofree char *local = g_utf8_strdown(bare, -1);
	char *ascii = NULL;
	g_autofree char *folded = g_utf8_strdown(at + 1, -1);
	if (idn2_to_ascii_8z(folded, &ascii, IDN2_NONTRANSITIONAL) != IDN2_OK)
		return g_strconcat(local, "@", folded, NULL);
	char *whole = g_strconcat(local, "@", ascii, NULL);
	idn2_free(ascii);
	return whole;
}

const char *text_address_domain(const char *address)
{
	const char *at = address ? strrchr(address, '@') : NULL;
	return at && at[1] ? at + 1 : NULL;
}

char *text_sha256(GBytes *bytes)
{
	return digest_hex_bytes(DIGEST_SHA256, bytes);
}

/* The end of a msg-id: the first ">" that is not inside a quoted string, or the last one when
 * quotes are not balanced, or the end. */
static const char *message_id_end(const char *id)
{
	gboolean quoted = FALSE;
	for (const char *p = id; *p; p++) {
		if (quoted && *p == '\\' && p[1])
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (*p == '>' && !quoted)
			return p;
	}
	const char *last = strrchr(id, '>');
	return last ? last : id + strlen(id);
}

char *text_message_id(const void *octets, gsize length)
{
	g_autofree char *text = text_from_bytes(octets, length);
	GString *bare = g_string_sized_new(64);
	for (const char *p = text; *p; p = g_utf8_next_char(p))
		if (!g_unichar_isspace(g_utf8_get_char(p)) && g_utf8_get_char(p) != 0xfffd)
			g_string_append_unichar(bare, g_utf8_get_char(p));
	g_autofree char *whole = g_string_free(bare, FALSE);
	const char *id = whole + strspn(whole, "<");
	gsize id_length = id > whole ? (gsize)(message_id_end(id) - id) : strlen(id);
	if (id_length <= LIMIT_MESSAGE_ID)
		return g_strndup(id, id_length);
	g_autofree char *hash = digest_hex(DIGEST_SHA256, id, id_length);
	return g_strconcat("sha256:", hash, NULL);
}
