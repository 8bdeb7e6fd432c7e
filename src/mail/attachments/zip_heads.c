/* What a zip says twice: its central directory and the local heads (APPNOTE 4.3). Unpackers that
 * trust one see other files, or other names, than scanners that trust the other. */
#include "mail/attachments/zip_heads.h"

#include "base/limits.h"
#include "mail/findings/findings.h"

#include <gsf/gsf-utils.h>
#include <string.h>

#define END_SIZE     22
#define CENTRAL_SIZE 46
#define LOCAL_SIZE   30

typedef struct {
	const guint8 *octets;
	gsize size;
	gsize base;       /* where the zip begins: something may stand before it */
	gsize start, end; /* of the central directory */
	GHashTable *
		packed; /* offset of a local head -> size of its data, both as the directory says */
} Zip;

static const guint8 *find_end(const guint8 *octets, gsize size)
{
	gsize first = size > 65535 + END_SIZE ? size - 65535 - END_SIZE : 0;
	for (gsize at = size >= END_SIZE ? size - END_SIZE + 1 : 0; at-- > first;)
		if (octets[at] == 'P' && memcmp(octets + at, "PK\005\006", 4) == 0)
			return octets + at;
	return NULL;
}

/* FALSE for what is no zip, and for those of more than 4 GB, which no mail carries. */
static gboolean open_zip(Zip *zip, GBytes *content)
{
	zip->octets = g_bytes_get_data(content, &zip->size);
	const guint8 *end = find_end(zip->octets, zip->size);
	if (!end)
		return FALSE;
	gsize size = GSF_LE_GET_GUINT32(end + 12), offset = GSF_LE_GET_GUINT32(end + 16);
	zip->end = (gsize)(end - zip->octets);
	if (size > zip->end || offset > zip->end - size)
		return FALSE;
	zip->start = zip->end - size;
	zip->base = zip->start - offset;
	return size == 0 || (zip->end - zip->start >= CENTRAL_SIZE &&
	                     memcmp(zip->octets + zip->start, "PK\001\002", 4) == 0);
}

gboolean zip_ends_it(GBytes *content)
{
	Zip zip = {0};
	return open_zip(&zip, content) && zip.end > zip.start;
}

static char *name_at(const guint8 *at, gsize length)
{
	return g_utf8_make_valid((const char *)at, (gssize)length);
}

static void note_names(const Message *message, const char *where, const guint8 *one,
                       gsize one_length, const guint8 *other, gsize other_length)
{
	g_autofree char *a = name_at(one, one_length), *b = name_at(other, other_length);
	if (strcmp(a, b) != 0)
		findings_add(message->findings, "zip_names_differ", where,
		             "a zip names a file twice and differently: %.200s, %.200s", a, b);
}

/* Info-ZIP's Unicode Path (0x7075): a second name, which some programs prefer. Names beyond ASCII
 * are there in another encoding, as they should be. */
static void compare_unicode(const Message *message, const char *where, const guint8 *name,
                            gsize length, const guint8 *extra, gsize size)
{
	for (gsize i = 0; i < length; i++)
		if (name[i] >= 0x80)
			return;
	for (gsize at = 0; at + 4 <= size;) {
		gsize field = GSF_LE_GET_GUINT16(extra + at + 2);
		if (field > size - at - 4)
			return;
		if (GSF_LE_GET_GUINT16(extra + at) == 0x7075 && field > 5)
			note_names(message, where, name, length, extra + at + 9, field - 5);
		at += 4 + field;
	}
}

static void compare_local(const Message *message, const char *where, const Zip *zip,
                          const guint8 *name, gsize length, gsize offset)
{
	const guint8 *head = zip->octets + offset;
	if (offset + LOCAL_SIZE > zip->start || memcmp(head, "PK\003\004", 4) != 0) {
		findings_add(message->findings, "archive_broken", where,
		             "an archive cannot be read to its end");
		return;
	}
	gsize local_length = GSF_LE_GET_GUINT16(head + 26);
	if (offset + LOCAL_SIZE + local_length <= zip->start)
		note_names(message, where, name, length, head + LOCAL_SIZE, local_length);
}

static void read_directory(const Message *message, const char *where, Zip *zip)
{
	guint files = 0;
	for (gsize at = zip->start; at + CENTRAL_SIZE <= zip->end && files < LIMIT_UNPACKED_FILES;
	     files++) {
		const guint8 *entry = zip->octets + at;
		gsize name = GSF_LE_GET_GUINT16(entry + 28);
		gsize extra = GSF_LE_GET_GUINT16(entry + 30);
		gsize comment = GSF_LE_GET_GUINT16(entry + 32);
		gsize offset = zip->base + GSF_LE_GET_GUINT32(entry + 42);
		if (memcmp(entry, "PK\001\002", 4) != 0 ||
		    name + extra > zip->end - at - CENTRAL_SIZE)
			return;
		gsize packed = GSF_LE_GET_GUINT32(entry + 20);
		g_hash_table_insert(zip->packed, GSIZE_TO_POINTER(offset + 1),
		                    GSIZE_TO_POINTER(packed));
		compare_local(message, where, zip, entry + CENTRAL_SIZE, name, offset);
		compare_unicode(message, where, entry + CENTRAL_SIZE, name,
		                entry + CENTRAL_SIZE + name, extra);
		at += CENTRAL_SIZE + name + extra + comment;
	}
}

/* From head to head; what the directory knows has its size from there. */
static gboolean find_hidden(const Message *message, const char *where, const Zip *zip)
{
	gboolean hidden = FALSE;
	gsize at = zip->base;
	for (guint files = 0; at + LOCAL_SIZE <= zip->start && files < LIMIT_UNPACKED_FILES;
	     files++) {
		const guint8 *head = memmem(zip->octets + at, zip->start - at, "PK\003\004", 4);
		if (!head || zip->octets + zip->start - head < LOCAL_SIZE)
			break;
		gsize offset = (gsize)(head - zip->octets);
		gsize name = GSF_LE_GET_GUINT16(head + 26), extra = GSF_LE_GET_GUINT16(head + 28);
		gsize packed = GSF_LE_GET_GUINT32(head + 18);
		gpointer known;
		if (g_hash_table_lookup_extended(zip->packed, GSIZE_TO_POINTER(offset + 1), NULL,
		                                 &known)) {
			packed = GPOINTER_TO_SIZE(known);
		} else if (offset + LOCAL_SIZE + name <= zip->start) {
			g_autofree char *text = name_at(head + LOCAL_SIZE, name);
			findings_add(message->findings, "zip_hidden_file", where,
			             "a zip has a file that its directory leaves out: %.200s",
			             text);
			hidden = TRUE;
		}
		at = offset + LOCAL_SIZE + name + extra;
		if (at <= zip->start && packed <= zip->start - at)
			at += packed;
	}
	return hidden;
}

gboolean zip_compare_heads(const Message *message, GBytes *content, const char *where)
{
	Zip zip = {0};
	if (!open_zip(&zip, content))
		return FALSE;
	zip.packed = g_hash_table_new(g_direct_hash, g_direct_equal);
	read_directory(message, where, &zip);
	gboolean hidden = find_hidden(message, where, &zip);
	g_hash_table_unref(zip.packed);
	return hidden;
}
