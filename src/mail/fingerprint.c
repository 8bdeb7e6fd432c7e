/* The proof that two messages are the same one. It decides what may be pulled out of a mailbox, so
 * every field goes in with its length: no text can pose as another field. */
#include "mail/fingerprint.h"

#include "mail/attachments.h"

#include <string.h>

static void add_bytes(GChecksum *sum, const char *tag, const char *value, gsize length)
{
	char head[64];
	g_snprintf(head, sizeof head, "%s:%" G_GSIZE_FORMAT ":", tag, length);
	g_checksum_update(sum, (const guchar *)head, -1);
	g_checksum_update(sum, (const guchar *)value, (gssize)length);
}

static void add(GChecksum *sum, const char *tag, const char *value)
{
	add_bytes(sum, tag, value ? value : "", value ? strlen(value) : 0);
}

/* Runs of white space are one blank: servers rewrap, clients add a last line. */
static void add_folded(GChecksum *sum, const char *tag, const char *text)
{
	g_autofree char *folded = g_malloc(text ? strlen(text) + 1 : 1);
	char *to = folded;
	gboolean blank = FALSE;
	for (const char *c = text ? text : ""; *c; c++) {
		if (g_ascii_isspace(*c)) {
			blank = TRUE;
			continue;
		}
		if (blank && to > folded)
			*to++ = ' ';
		blank = FALSE;
		*to++ = *c;
	}
	add_bytes(sum, tag, folded, (gsize)(to - folded));
}

/* Content that is not transfer-encoded changes its line ends on the way; what is encoded does not.
 */
static void add_content(GChecksum *sum, Part *part)
{
	gsize size;
	const char *octets = g_bytes_get_data(part_content(part), &size);
	g_autoptr(GChecksum) content = g_checksum_new(G_CHECKSUM_SHA256);
	gboolean encoded = part_content(part) != part->raw;
	const char *at = octets, *end = octets + size;
	while (at < end) {
		const char *line = encoded ? NULL : memchr(at, '\r', (gsize)(end - at));
		const char *stop = line ? line : end;
		g_checksum_update(content, (const guchar *)at, stop - at);
		at = line ? line + 1 : end;
	}
	add(sum, "sha256", g_checksum_get_string(content));
}

char *fingerprint_of(const Message *message, const json_t *described)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	size_t i;
	json_t *from;
	add(sum, "message-id", json_text(described, "message_id"));
	json_array_foreach (json_object_get(described, "from"), i, from)
		add(sum, "from", json_text(from, "address"));
	add_folded(sum, "subject", json_text(described, "subject"));
	add(sum, "date", json_text(described, "date"));
	add_folded(sum, "text", json_text(described, "text"));
	add_folded(sum, "html", json_text(described, "html"));
	for (guint part = 0; part < message->leaves->len; part++) {
		if (!attachments_is_one(message->leaves->pdata[part]))
			continue;
		g_autofree char *name = part_name(message->leaves->pdata[part]);
		add(sum, "name", name);
		add_content(sum, message->leaves->pdata[part]);
	}
	return g_strconcat("fp1:", g_checksum_get_string(sum), NULL);
}
