/* Reads the few header fields that decide whether a found message is one that was looked for.
 *
 * This is for telling copies apart in a mailbox, where every message is looked at; the whole truth
 * about one message is the reader's business. Encoded words and addresses are left to GMime. */
#include "server/header.h"

#include "base/text.h"

#include <gmime/gmime.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(InternetAddressList, g_object_unref)

gsize header_block_length(const char *octets, gsize length)
{
	for (const char *p = octets, *end = octets + length; p < end;) {
		const char *newline = memchr(p, '\n', (gsize)(end - p));
		if (!newline)
			return 0;
		if (newline == p || (newline == p + 1 && *p == '\r'))
			return (gsize)(newline + 1 - octets);
		p = newline + 1;
	}
	return 0;
}

/* The end of the field that begins at @p: the first line end that no white space follows. */
static const char *field_end(const char *p, const char *end)
{
	for (;;) {
		const char *newline = memchr(p, '\n', (gsize)(end - p));
		if (!newline)
			return end;
		p = newline + 1;
		if (p >= end || (*p != ' ' && *p != '\t'))
			return p;
	}
}

static GBytes *unfold(const char *value, const char *end)
{
	GByteArray *plain = g_byte_array_new();
	for (; value < end; value++)
		if (*value != '\r' && *value != '\n')
			g_byte_array_append(plain, (const guint8 *)value, 1);
	return g_byte_array_free_to_bytes(plain);
}

GPtrArray *header_values(const char *octets, gsize length, const char *name)
{
	GPtrArray *values = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	gsize name_length = strlen(name);
	for (const char *p = octets, *end = octets + length; p < end && *p != '\n' && *p != '\r';) {
		const char *next = field_end(p, end);
		const char *colon = p + name_length;
		gboolean same = (gsize)(next - p) > name_length &&
		                g_ascii_strncasecmp(p, name, name_length) == 0;
		while (same && colon < next && (*colon == ' ' || *colon == '\t'))
			colon++;
		if (same && colon < next && *colon == ':')
			g_ptr_array_add(values, unfold(colon + 1, next));
		p = next;
	}
	return values;
}

gboolean header_has_message_id(const char *octets, gsize length, const char *message_id)
{
	g_autoptr(GPtrArray) values = header_values(octets, length, "Message-ID");
	for (guint i = 0; i < values->len; i++) {
		gsize size;
		const void *value = g_bytes_get_data(values->pdata[i], &size);
		g_autofree char *id = text_message_id(value, size);
		if (strcmp(id, message_id) == 0)
			return TRUE;
	}
	return FALSE;
}

static void init_gmime(void)
{
	static gsize once;
	if (g_once_init_enter(&once)) {
		g_mime_init();
		g_once_init_leave(&once, 1);
	}
}

static char *value_text(GBytes *value)
{
	gsize size;
	const char *octets = g_bytes_get_data(value, &size);
	return g_strndup(octets ? octets : "", octets ? size : 0);
}

static gboolean list_has(InternetAddressList *list, const char *address)
{
	for (int i = 0; list && i < internet_address_list_length(list); i++) {
		InternetAddress *entry = internet_address_list_get_address(list, i);
		if (!INTERNET_ADDRESS_IS_MAILBOX(entry))
			continue;
		g_autofree char *found = text_address(
			internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(entry)));
		if (g_strcmp0(found, address) == 0)
			return TRUE;
	}
	return FALSE;
}

static gboolean field_has_address(const char *octets, gsize length, const char *field,
                                  const char *address)
{
	g_autoptr(GPtrArray) values = header_values(octets, length, field);
	for (guint i = 0; i < values->len; i++) {
		g_autofree char *text = value_text(values->pdata[i]);
		g_autoptr(InternetAddressList) list = internet_address_list_parse(NULL, text);
		if (list_has(list, address))
			return TRUE;
	}
	return FALSE;
}

/* A subject as subjects are compared: decoded, in one case, white space as single blanks. */
static char *comparable(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autofree char *folded = g_utf8_casefold(valid, -1);
	g_auto(GStrv) words = g_strsplit_set(folded, " \t\r\n", -1);
	GString *joined = g_string_new(NULL);
	for (char **word = words; *word; word++)
		if (**word)
			g_string_append_printf(joined, "%s%s", joined->len ? " " : "", *word);
	return g_string_free(joined, FALSE);
}

static gboolean has_subject(const char *octets, gsize length, const char *subject)
{
	g_autoptr(GPtrArray) values = header_values(octets, length, "Subject");
	g_autofree char *raw = values->len ? value_text(values->pdata[0]) : g_strdup("");
	g_autofree char *decoded = g_mime_utils_header_decode_text(NULL, raw);
	g_autofree char *found = comparable(decoded ? decoded : raw);
	g_autofree char *wanted = comparable(subject);
	return strcmp(found, wanted) == 0;
}

gboolean header_is_similar(const char *octets, gsize length, const char *sender,
                           const char *subject)
{
	init_gmime();
	g_autofree char *address = text_address(sender);
	if (sender && !(address && (field_has_address(octets, length, "From", address) ||
	                            field_has_address(octets, length, "Sender", address))))
		return FALSE;
	return !subject || has_subject(octets, length, subject);
}
