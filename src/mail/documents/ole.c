/* Office documents of before 2007, and what Office encrypts: OLE compound files, by libgsf.
 *
 * Their formats are not read as such: macros, encryption and embedded files are told by the names
 * of storages and streams, and links are texts, in whichever way a stream has them. */
#include "base/limits.h"
#include "mail/documents/document.h"

#include <gsf/gsf-infile-msole.h>
#include <gsf/gsf-infile.h>
#include <gsf/gsf-input-memory.h>
#include <gsf/gsf-utils.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GsfInput, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GsfInfile, g_object_unref)

#define SHORTEST_TEXT 8 /* characters in a row that are taken for text */

typedef struct {
	Document *document;
	GString *text;
	gsize budget; /* octets of streams that may still be read */
	guint streams;
} Ole;

/* ---- texts ---- */

static gboolean is_printable(guint8 octet)
{
	return octet >= 0x20 && octet < 0x7f;
}

static gsize run_length(const guint8 *octets, gsize size, gsize width)
{
	gsize count = 0;
	for (gsize at = 0;
	     at + width <= size && is_printable(octets[at]) && (width == 1 || octets[at + 1] == 0);
	     at += width)
		count++;
	return count;
}

/* Runs of characters, of one octet each or of two (UTF-16LE), one a line. */
static void collect_text(Ole *ole, const guint8 *octets, gsize size)
{
	for (gsize at = 0; at < size && ole->text->len < LIMIT_DOCUMENT_TEXT;) {
		gsize width = 2, count = run_length(octets + at, size - at, 2);
		if (count < SHORTEST_TEXT) {
			width = 1;
			count = run_length(octets + at, size - at, 1);
		}
		if (count < SHORTEST_TEXT) {
			at += MAX(count, 1);
			continue;
		}
		for (gsize i = 0; i < count; i++)
			g_string_append_c(ole->text, (char)octets[at + i * width]);
		g_string_append_c(ole->text, '\n');
		at += count * width;
	}
}

static void read_fields(Ole *ole)
{
	g_auto(GStrv) lines = g_strsplit(ole->text->str, "\n", -1);
	for (guint i = 0; lines[i]; i++)
		if (strstr(lines[i], "HYPERLINK ") == lines[i] + strspn(lines[i], " ") ||
		    document_is_dde(lines[i]))
			document_field(ole->document, lines[i]);
}

/* ---- streams that say something by what they are ---- */

/* [MS-DOC] FibBase: fEncrypted. */
static void word_document(Ole *ole, const char *name, const guint8 *octets, gsize size)
{
	if (size > 12 && GSF_LE_GET_GUINT16(octets + 10) & 0x0100)
		document_finding(ole->document, "document_encrypted",
		                 "it is encrypted and cannot be looked into");
}

/* [MS-XLS]: records; FilePass says that what follows is encrypted, a sheet of type 1 has macros. */
static void workbook(Ole *ole, const char *name, const guint8 *octets, gsize size)
{
	for (gsize at = 0, records = 0; at + 4 <= size && records < 10000; records++) {
		guint type = GSF_LE_GET_GUINT16(octets + at);
		gsize length = GSF_LE_GET_GUINT16(octets + at + 2);
		if (type == 0x002f)
			document_finding(ole->document, "document_encrypted",
			                 "it is encrypted and cannot be looked into");
		if (type == 0x0085 && length >= 6 && at + 10 <= size && octets[at + 9] == 1)
			document_finding(ole->document, "office_macros",
			                 "it has a sheet of macros (Excel 4)");
		at += 4 + length;
	}
}

/* [MS-PPT] VbaInfoAtom: fHasMacros. */
static void presentation(Ole *ole, const char *name, const guint8 *octets, gsize size)
{
	static const guint8 atom[] = {0x02, 0x00, 0x00, 0x04, 0x0c, 0x00, 0x00, 0x00};
	const guint8 *at = memmem(octets, size, atom, sizeof atom);
	if (at && octets + size - at >= 20 && GSF_LE_GET_GUINT32(at + 12) == 1)
		document_finding(ole->document, "office_macros", "it has macros");
}

static void encrypted_package(Ole *ole, const char *name, const guint8 *octets, gsize size)
{
	document_finding(ole->document, "document_encrypted",
	                 "it is encrypted and cannot be looked into");
}

static void macros(Ole *ole, const char *name, const guint8 *octets, gsize size)
{
	document_finding(ole->document, "office_macros", "it has macros: %.60s", name);
}

static void equation(Ole *ole, const char *name, const guint8 *octets, gsize size)
{
	document_finding(ole->document, "office_equation",
	                 "it has an equation of the old editor, which is seldom but in attacks");
}

void ole_native_read(Document *document, const guint8 *octets, gsize size)
{
	/* [MS-OLEDS] 2.3.6 and what the packager puts there: type, label, path, …, size, file */
	gsize at = 2;
	g_autofree char *label =
		g_strndup((const char *)octets + MIN(at, size), size - MIN(at, size));
	for (guint i = 0; i < 2 && at < size; i++) { /* label and path */
		const guint8 *end = memchr(octets + at, '\0', size - at);
		at = end ? (gsize)(end - octets) + 1 : size;
	}
	at += 4; /* reserved, type */
	if (at + 4 > size)
		return;
	at += 4 + (gsize)GSF_LE_GET_GUINT32(octets + at); /* where it was unpacked */
	if (at + 4 > size)
		return;
	gsize length = GSF_LE_GET_GUINT32(octets + at);
	at += 4;
	g_autoptr(GBytes) content = g_bytes_new(octets + at, MIN(length, size - at));
	document_part(document, label, content);
}

static void native(Ole *ole, const char *name, const guint8 *octets, gsize size)
{
	if (size > 6)
		ole_native_read(ole->document, octets + 4, size - 4);
}

static void embedded(Ole *ole, const char *name, const guint8 *octets, gsize size)
{
	g_autoptr(GBytes) content = g_bytes_new(octets, size);
	document_part(ole->document, name, content);
}

static const struct {
	const char *name;
	void (*read)(Ole *ole, const char *name, const guint8 *octets, gsize size);
} streams[] = {
	{"WordDocument", word_document},
	{"Workbook", workbook},
	{"Book", workbook},
	{"PowerPoint Document", presentation},
	{"EncryptedPackage", encrypted_package},
	{"EncryptedSummary", encrypted_package},
	{"_VBA_PROJECT", macros},
	{"Equation Native", equation},
	{"\001Ole10Native", native},
	{"Package", embedded},
	{"CONTENTS", embedded},
};

static void read_stream(Ole *ole, const char *name, GsfInput *stream)
{
	gsize size = (gsize)MAX(gsf_input_size(stream), 0);
	if (size > ole->budget) {
		document_finding(ole->document, "limit_unpacked",
		                 "not all of its streams are read");
		return;
	}
	ole->budget -= size;
	g_autofree guint8 *octets = g_malloc(size + 1);
	if (size > 0 && !gsf_input_read(stream, size, octets)) {
		document_finding(ole->document, "document_broken", "it cannot be read to its end");
		return;
	}
	for (guint i = 0; i < G_N_ELEMENTS(streams); i++)
		if (strcmp(streams[i].name, name) == 0)
			streams[i].read(ole, name, octets, size);
	collect_text(ole, octets, size);
}

static void read_storage(Ole *ole, GsfInfile *storage, guint depth)
{
	for (int i = 0; i < gsf_infile_num_children(storage); i++) {
		g_autoptr(GsfInput) child = gsf_infile_child_by_index(storage, i);
		const char *name = gsf_infile_name_by_index(storage, i);
		if (++ole->streams > LIMIT_OLE_STREAMS || depth > LIMIT_OUTLOOK_DEPTH) {
			document_finding(ole->document, "limit_ole_streams",
			                 "it has more streams than are read");
			return;
		}
		if (child && GSF_IS_INFILE(child) &&
		    gsf_infile_num_children(GSF_INFILE(child)) >= 0)
			read_storage(ole, GSF_INFILE(child), depth + 1);
		else if (child && name)
			read_stream(ole, name, child);
	}
}

void ole_read(Document *document)
{
	gsize size;
	const guint8 *octets = g_bytes_get_data(document->file->content, &size);
	g_autoptr(GsfInput) input = gsf_input_memory_new(octets, (gsf_off_t)size, FALSE);
	g_autoptr(GsfInfile) file = gsf_infile_msole_new(input, NULL);
	if (!file) {
		document_finding(document, "document_broken", "it cannot be read");
		return;
	}
	/* a file may have its sectors in several streams */
	Ole ole = {document, g_string_new(NULL), 2 * size, 0};
	read_storage(&ole, file, 0);
	document_text(document, "office.text", ole.text->str);
	read_fields(&ole);
	g_string_free(ole.text, TRUE);
}
