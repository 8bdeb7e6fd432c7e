/* Shortcuts: files whose only use is to lead somewhere else. */
#include "base/limits.h"
#include "mail/describe.h"
#include "mail/documents/document.h"
#include "mail/documents/xml.h"
#include "mail/text/charset.h"

#include <gsf/gsf-utils.h>
#include <string.h>

/* ---- .url: an INI file whose section is [InternetShortcut] ---- */

void url_file_read(Document *document)
{
	g_autofree char *text = document_decode(document);
	g_auto(GStrv) lines = g_strsplit_set(text, "\r\n", 1000);
	for (guint i = 0; lines[i]; i++) {
		char *line = g_strstrip(lines[i]);
		if (g_ascii_strncasecmp(line, "URL=", 4) == 0 && line[4])
			document_link(document, "shortcut", line + 4, NULL);
		else if (g_ascii_strncasecmp(line, "BASEURL=", 8) == 0 && line[8])
			document_link(document, "shortcut", line + 8, NULL);
		/* an icon from a share makes Windows log in there */
		else if (g_ascii_strncasecmp(line, "IconFile=\\\\", 11) == 0)
			document_finding(document, "shortcut_remote_icon",
			                 "its icon is fetched from elsewhere: %.200s", line + 9);
	}
}

/* ---- .webloc: a property list, as XML or as Apple's binary form ---- */

static void webloc_text(const char *text, gsize length, gpointer data)
{
	g_string_append_len(data, text, (gssize)length);
}

static void webloc_end(const char *name, gpointer data)
{
	g_string_append_c(data, '\n');
}

/* The document type that every property list declares names nothing that is needed. */
static GBytes *without_doctype(GBytes *content)
{
	gsize size;
	const char *octets = g_bytes_get_data(content, &size);
	const char *type = memmem(octets, size, "<!DOCTYPE plist", 15);
	const char *end = type ? memchr(type, '>', size - (gsize)(type - octets)) : NULL;
	if (!end || memchr(type, '[', (gsize)(end - type)))
		return g_bytes_ref(content);
	GByteArray *rest = g_byte_array_new();
	g_byte_array_append(rest, (const guint8 *)octets, (guint)(type - octets));
	g_byte_array_append(rest, (const guint8 *)end + 1, (guint)(octets + size - end - 1));
	return g_byte_array_free_to_bytes(rest);
}

void webloc_read(Document *document)
{
	static const XmlVisitor visitor = {NULL, webloc_end, webloc_text};
	gsize size;
	const char *octets = g_bytes_get_data(document->file->content, &size);
	g_autoptr(GString) text = g_string_new(NULL);
	if (size > 8 && memcmp(octets, "bplist00", 8) == 0) {
		/* its strings stand there as they are */
		for (gsize i = 8; i < MIN(size, 65536); i++)
			g_string_append_c(text, g_ascii_isprint(octets[i]) ? octets[i] : '\n');
	} else {
		g_autoptr(GBytes) bare = without_doctype(document->file->content);
		xml_walk(bare, &visitor, text);
	}
	document_text(document, "shortcut", text->str);
}

/* ---- .lnk: MS-SHLLINK ---- */

enum { /* LinkFlags, §2.1.1 */
       HAS_ID_LIST = 1 << 0,
       HAS_LINK_INFO = 1 << 1,
       HAS_NAME = 1 << 2,
       HAS_RELATIVE_PATH = 1 << 3,
       HAS_WORKING_DIRECTORY = 1 << 4,
       HAS_ARGUMENTS = 1 << 5,
       HAS_ICON = 1 << 6,
       IS_UNICODE = 1 << 7,
};

typedef struct {
	const guint8 *octets;
	gsize size, at;
	gboolean cut; /* something pointed beyond the end */
} Shortcut;

static guint32 number(Shortcut *shortcut, gsize at, guint width)
{
	if (at + width > shortcut->size || at + width < at) {
		shortcut->cut = TRUE;
		return 0;
	}
	return width == 2 ? GSF_LE_GET_GUINT16(shortcut->octets + at)
	                  : GSF_LE_GET_GUINT32(shortcut->octets + at);
}

/* A string that ends in NUL, of at most @limit octets. */
static char *terminated(Shortcut *shortcut, gsize at, gsize limit, gboolean wide)
{
	if (at >= shortcut->size)
		return NULL;
	gsize room = MIN(limit, shortcut->size - at), length = 0;
	const guint8 *text = shortcut->octets + at;
	if (wide)
		while (length + 1 < room && (text[length] || text[length + 1]))
			length += 2;
	else
		while (length < room && text[length])
			length++;
	return length ? charset_decode(wide ? "utf-16le" : NULL, text, length, NULL) : NULL;
}

/* LinkInfo (§2.3): where the target lies, on a disk or a share. */
static char *link_info(Shortcut *shortcut, gsize start)
{
	guint32 header = number(shortcut, start + 4, 4), flags = number(shortcut, start + 8, 4);
	guint32 local = number(shortcut, start + 16, 4), share = number(shortcut, start + 20, 4);
	guint32 suffix = number(shortcut, start + 24, 4);
	g_autofree char *base = NULL, *rest = NULL;
	if (flags & 1) {
		gboolean wide = header >= 0x24;
		base = wide ? terminated(shortcut, start + number(shortcut, start + 28, 4), 4096,
		                         TRUE)
		            : terminated(shortcut, start + local, 4096, FALSE);
	}
	if (!base && (flags & 2) && share)
		base = terminated(shortcut, start + share + number(shortcut, start + share + 8, 4),
		                  4096, FALSE);
	rest = terminated(shortcut, start + suffix, 4096, FALSE);
	if (!base)
		return NULL;
	const char *between = (flags & 2) && rest && !g_str_has_suffix(base, "\\") ? "\\" : "";
	return g_strconcat(base, rest ? between : "", rest ? rest : "", NULL);
}

/* One of the strings of §2.4: a count of characters, then those. */
static char *counted(Shortcut *shortcut, gboolean present, gboolean wide)
{
	if (!present)
		return NULL;
	gsize count = number(shortcut, shortcut->at, 2), octets = wide ? 2 * count : count;
	gsize start = shortcut->at + 2;
	if (shortcut->cut || octets > shortcut->size - start) {
		shortcut->cut = TRUE;
		return NULL;
	}
	shortcut->at = start + octets;
	return charset_decode(wide ? "utf-16le" : NULL, shortcut->octets + start, octets, NULL);
}

/* EnvironmentVariableDataBlock (§2.5.4), which goes before everything else. */
static char *environment_target(Shortcut *shortcut)
{
	for (guint blocks = 0; blocks < 32; blocks++) {
		guint32 size = number(shortcut, shortcut->at, 4);
		if (size < 8 || size > shortcut->size - shortcut->at)
			return NULL;
		if (number(shortcut, shortcut->at + 4, 4) == 0xa0000001 && size >= 0x314)
			return terminated(shortcut, shortcut->at + 8 + 260, 520, TRUE);
		shortcut->at += size;
	}
	return NULL;
}

void shell_link_read(Document *document)
{
	Shortcut shortcut = {0};
	shortcut.octets = g_bytes_get_data(document->file->content, &shortcut.size);
	guint32 flags = number(&shortcut, 20, 4);
	gboolean wide = (flags & IS_UNICODE) != 0;
	if (number(&shortcut, 0, 4) != 0x4c || shortcut.cut)
		return;
	shortcut.at = 0x4c;
	if (flags & HAS_ID_LIST)
		shortcut.at += 2 + number(&shortcut, shortcut.at, 2);
	g_autofree char *target = NULL;
	if (flags & HAS_LINK_INFO) {
		target = link_info(&shortcut, shortcut.at);
		shortcut.at += MAX(4, number(&shortcut, shortcut.at, 4));
	}
	g_autofree char *name = counted(&shortcut, flags & HAS_NAME, wide);
	g_autofree char *relative = counted(&shortcut, flags & HAS_RELATIVE_PATH, wide);
	g_autofree char *directory = counted(&shortcut, flags & HAS_WORKING_DIRECTORY, wide);
	g_autofree char *arguments = counted(&shortcut, flags & HAS_ARGUMENTS, wide);
	g_autofree char *icon = counted(&shortcut, flags & HAS_ICON, wide);
	g_autofree char *environment = shortcut.cut ? NULL : environment_target(&shortcut);
	const char *leads_to = environment ? environment : target ? target : relative;
	json_t *described = json_object();
	describe_set(described, "target", leads_to);
	describe_set(described, "arguments", arguments);
	describe_set(described, "directory", directory);
	describe_set(described, "name", name);
	describe_set(described, "icon", icon);
	json_object_set_new(document->file->entry, "shortcut", described);
	document_finding(document, "shortcut_target", "it opens %.200s %.400s",
	                 leads_to ? leads_to : "(what only its list of shell items says)",
	                 arguments ? arguments : "");
	if (arguments)
		document_text(document, "shortcut", arguments);
	if (shortcut.cut)
		document_finding(document, "document_broken", "it cannot be read to its end");
}
