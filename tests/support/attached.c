/* Documents of each kind, as small as they can be: what they say is ours, how they say it is what
 * the formats ask for. */
#include "attached.h"

#include "mail/breakdown.h"

#include <archive.h>
#include <archive_entry.h>
#include <glib/gstdio.h>
#include <gsf/gsf-outfile-msole.h>
#include <gsf/gsf-outfile.h>
#include <gsf/gsf-output-memory.h>
#include <gsf/gsf-utils.h>
#include <string.h>
#include <unistd.h>

/* ---- mails ---- */

GBytes *attached_mail(const char *fields, GBytes *content)
{
	gsize size;
	const guchar *octets = g_bytes_get_data(content, &size);
	GString *mail = g_string_new("From: a@corp.example\nSubject: x\nMessage-ID: <a@x.example>\n"
	                             "Content-Type: multipart/mixed; boundary=b\n\n"
	                             "--b\nContent-Type: text/plain\n\nsee the file\n--b\n");
	g_string_append_printf(mail, "%sContent-Transfer-Encoding: base64\n\n", fields);
	for (gsize at = 0; at < size; at += 57) {
		g_autofree char *line = g_base64_encode(octets + at, MIN(57, size - at));
		g_string_append_printf(mail, "%s\n", line);
	}
	g_string_append(mail, "--b--\n");
	return g_string_free_to_bytes(mail);
}

json_t *attached_read(const char *name, GBytes *content)
{
	g_autofree char *fields =
		g_strdup_printf("Content-Type: application/octet-stream\n"
	                        "Content-Disposition: attachment; filename=\"%s\"\n",
	                        name);
	g_autoptr(GBytes) mail = attached_mail(fields, content);
	return breakdown_new(mail, NULL);
}

/* ---- archives ---- */

GBytes *attached_archive(const char *format, const char *filter, const char *options,
                         const char *password, const AttachedFile *files, guint n)
{
	gsize room = 1024 * 1024, used = 0;
	for (guint i = 0; i < n; i++)
		room += 2 * files[i].size + 4096;
	char *octets = g_malloc(room);
	struct archive *archive = archive_write_new();
	g_assert_cmpint(archive_write_set_format_by_name(archive, format), ==, ARCHIVE_OK);
	if (filter)
		g_assert_cmpint(archive_write_add_filter_by_name(archive, filter), ==, ARCHIVE_OK);
	archive_write_set_bytes_in_last_block(archive, 1);
	if (options)
		g_assert_cmpint(archive_write_set_options(archive, options), ==, ARCHIVE_OK);
	if (password)
		g_assert_cmpint(archive_write_set_passphrase(archive, password), ==, ARCHIVE_OK);
	g_assert_cmpint(archive_write_open_memory(archive, octets, room, &used), ==, ARCHIVE_OK);
	for (guint i = 0; i < n; i++) {
		gsize size = files[i].size ? files[i].size : strlen(files[i].content);
		struct archive_entry *entry = archive_entry_new();
		archive_entry_set_pathname_utf8(entry, files[i].name);
		archive_entry_set_size(entry, (la_int64_t)size);
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_entry_set_perm(entry, 0644);
		g_assert_cmpint(archive_write_header(archive, entry), ==, ARCHIVE_OK);
		g_assert_cmpint(archive_write_data(archive, files[i].content, size), ==,
		                (la_ssize_t)size);
		archive_entry_free(entry);
	}
	g_assert_cmpint(archive_write_close(archive), ==, ARCHIVE_OK);
	archive_write_free(archive);
	return g_bytes_new_take(octets, used);
}

static guint32 crc32_of(const void *octets, gsize size)
{
	guint32 crc = 0xffffffff;
	for (gsize i = 0; i < size; i++) {
		crc ^= ((const guint8 *)octets)[i];
		for (guint bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static void put(GByteArray *to, guint64 number, guint octets)
{
	for (guint i = 0; i < octets; i++) {
		guint8 one = (guint8)(number >> 8 * i);
		g_byte_array_append(to, &one, 1);
	}
}

static void put_text(GByteArray *to, const char *text)
{
	g_byte_array_append(to, (const guint8 *)text, (guint)strlen(text));
}

/* A header of RAR 4: its checksum is the lower half of the CRC of what follows. */
static void put_rar4_block(GByteArray *to, GByteArray *block)
{
	put(to, crc32_of(block->data, block->len) & 0xffff, 2);
	g_byte_array_append(to, block->data, block->len);
	g_byte_array_set_size(block, 0);
}

GBytes *attached_rar4(const char *name, const char *content)
{
	GByteArray *rar = g_byte_array_new();
	g_autoptr(GByteArray) block = g_byte_array_new();
	gsize size = strlen(content);
	g_byte_array_append(rar, (const guint8 *)"Rar!\032\007\000", 7);
	put(block, 0x73, 1); /* the archive */
	put(block, 0, 2);
	put(block, 13, 2);
	put(block, 0, 6);
	put_rar4_block(rar, block);
	put(block, 0x74, 1); /* a file */
	put(block, 0x8000, 2);
	put(block, 32 + strlen(name), 2);
	put(block, size, 4);
	put(block, size, 4);
	put(block, 3, 1); /* Unix */
	put(block, crc32_of(content, size), 4);
	put(block, 0x5a6e0000, 4); /* time */
	put(block, 20, 1);
	put(block, 0x30, 1); /* stored */
	put(block, strlen(name), 2);
	put(block, 0100644, 4);
	put_text(block, name);
	put_rar4_block(rar, block);
	put_text(rar, content);
	put(block, 0x7b, 1); /* the end */
	put(block, 0x4000, 2);
	put(block, 7, 2);
	put_rar4_block(rar, block);
	return g_byte_array_free_to_bytes(rar);
}

/* A header of RAR 5: CRC, size, content; all small numbers are one octet. */
static void put_rar5_block(GByteArray *to, GByteArray *block)
{
	g_autoptr(GByteArray) sized = g_byte_array_new();
	put(sized, block->len, 1);
	g_byte_array_append(sized, block->data, block->len);
	put(to, crc32_of(sized->data, sized->len), 4);
	g_byte_array_append(to, sized->data, sized->len);
	g_byte_array_set_size(block, 0);
}

GBytes *attached_rar5(const char *name, const char *content)
{
	GByteArray *rar = g_byte_array_new();
	g_autoptr(GByteArray) block = g_byte_array_new();
	gsize size = strlen(content);
	g_assert_cmpuint(size, <, 128);
	g_byte_array_append(rar, (const guint8 *)"Rar!\032\007\001\000", 8);
	put(block, 1, 1); /* the archive */
	put(block, 0, 2);
	put_rar5_block(rar, block);
	put(block, 2, 1); /* a file, with data */
	put(block, 2, 1);
	put(block, size, 1);
	put(block, 4, 1); /* has a CRC */
	put(block, size, 1);
	put(block, 0, 1); /* attributes */
	put(block, crc32_of(content, size), 4);
	put(block, 0, 1); /* stored */
	put(block, 1, 1); /* Unix */
	put(block, strlen(name), 1);
	put_text(block, name);
	put_rar5_block(rar, block);
	put_text(rar, content);
	put(block, 5, 1); /* the end */
	put(block, 0, 2);
	put_rar5_block(rar, block);
	return g_byte_array_free_to_bytes(rar);
}

GBytes *attached_cab(const char *name, const char *content)
{
	GByteArray *cab = g_byte_array_new();
	gsize size = strlen(content), files = 36 + 8, data = files + 16 + strlen(name) + 1;
	put_text(cab, "MSCF");
	put(cab, 0, 4);
	put(cab, data + 8 + size, 4);
	put(cab, 0, 4);
	put(cab, files, 4);
	put(cab, 0, 4);
	put(cab, 0x0103, 2);
	put(cab, 1, 2); /* folders */
	put(cab, 1, 2); /* files */
	put(cab, 0, 6);
	put(cab, data, 4); /* the folder */
	put(cab, 1, 2);
	put(cab, 0, 2);    /* stored */
	put(cab, size, 4); /* the file */
	put(cab, 0, 4);
	put(cab, 0, 2);
	put(cab, 0x5a6e, 2);
	put(cab, 0, 2);
	put(cab, 0x20, 2);
	g_byte_array_append(cab, (const guint8 *)name, (guint)strlen(name) + 1);
	put(cab, 0, 4); /* data; no checksum */
	put(cab, size, 2);
	put(cab, size, 2);
	put_text(cab, content);
	return g_byte_array_free_to_bytes(cab);
}

/* ---- QR codes ---- */

/* By way of a file: GSubprocess would start a thread of GLib's, and readers are forked off tests.
 */
GBytes *attached_qr(const char *format, const char *text)
{
	g_autofree char *program = g_find_program_in_path("qrencode"), *path = NULL, *output = NULL;
	g_autoptr(GError) error = NULL;
	int status, fd = program ? g_file_open_tmp("trawl-qr-XXXXXX", &path, NULL) : -1;
	gsize size;
	if (fd < 0)
		return NULL;
	close(fd);
	const char *const arguments[] = {program, "-t", format, "-s", "4", "-o", path, text, NULL};
	g_assert_true(g_spawn_sync(NULL, (char **)arguments, NULL, G_SPAWN_DEFAULT, NULL, NULL,
	                           NULL, NULL, &status, &error));
	g_assert_true(g_spawn_check_wait_status(status, &error));
	g_assert_true(g_file_get_contents(path, &output, &size, &error));
	g_unlink(path);
	return g_bytes_new_take(g_steal_pointer(&output), size);
}

static GBytes *qr_png(void)
{
	return attached_qr("PNG", "https://png.example/qr");
}

static GBytes *qr_blocks(void)
{
	return attached_qr("UTF8i", "https://blocks.example/qr");
}

/* Rows of '#' and blanks, two characters a module, as coloured cells. */
static GBytes *qr_cells(void)
{
	g_autoptr(GBytes) ascii = attached_qr("ASCII", "https://cells.example/qr");
	if (!ascii)
		return NULL;
	GString *html = g_string_new("<html><body><table cellspacing=0>\n");
	g_autofree char *text = g_strndup(g_bytes_get_data(ascii, NULL), g_bytes_get_size(ascii));
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (guint i = 0; lines[i] && *lines[i]; i++) {
		g_string_append(html, "<tr>");
		for (const char *c = lines[i]; *c && c[1]; c += 2)
			g_string_append_printf(html, "<td style='background:%s'></td>",
			                       *c == '#' ? "#000" : "#fff");
		g_string_append(html, "</tr>\n");
	}
	g_string_append(html, "</table></body></html>");
	return g_string_free_to_bytes(html);
}

/* ---- Office ---- */

#define RELATION "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"

static GBytes *zip(const AttachedFile *files, guint n)
{
	return attached_archive("zip", NULL, NULL, NULL, files, n);
}

static GBytes *docx(void)
{
	static const AttachedFile files[] = {
		{"[Content_Types].xml", "<Types/>", 0},
		{"word/document.xml",
	         "<w:document xmlns:w='w'><w:body><w:p><w:r><w:t>https://te</w:t></w:r><w:r><w:t>"
	         "xt.example/?a=1&amp;b=2 and</w:t></w:r></w:p>"
	         "<w:p><w:fldChar w:fldCharType='begin'/><w:instrText> HYPER</w:instrText>"
	         "<w:instrText>LINK \"https://field.example/\"</w:instrText>"
	         "<w:fldChar w:fldCharType='separate'/><w:t>here</w:t>"
	         "<w:fldChar w:fldCharType='end'/></w:p>"
	         "<w:p><w:fldSimple w:instr='DDEAUTO c:\\\\x.exe \"/k\"'/></w:p></w:body>"
	         "</w:document>",
	         0},
		{"word/_rels/document.xml.rels",
	         "<Relationships><Relationship Id='1' Type='" RELATION
	         "hyperlink' Target='https://relation.example/?a=1&amp;b=2' TargetMode='External'/>"
	         "<Relationship Id='2' Type='" RELATION
	         "oleObject' Target='https://object.example/x' TargetMode='External'/>"
	         "</Relationships>",
	         0},
		{"word/_rels/settings.xml.rels",
	         "<Relationships><Relationship Id='1' Type='" RELATION
	         "attachedTemplate' Target='https://template.example/x.dotm' "
	         "TargetMode='External'/></Relationships>",
	         0},
		{"word/vbaProject.bin", "not a real one", 0},
		{"word/embeddings/note.txt", "https://embedded.example/", 0},
	};
	return zip(files, G_N_ELEMENTS(files));
}

static GBytes *xlsx(void)
{
	static const AttachedFile files[] = {
		{"[Content_Types].xml", "<Types/>", 0},
		{"xl/sharedStrings.xml",
	         "<sst><si><t>https://cell.example/</t></si><si><t>next</t></si></sst>", 0},
		{"xl/worksheets/sheet1.xml",
	         "<worksheet><c><f>HYPERLINK(\"https://formula.example/\",\"x\")</f></c>"
	         "<c><f>cmd|' /c x'!A0</f></c></worksheet>",
	         0},
		{"xl/macrosheets/sheet1.xml", "<macrosheet/>", 0},
	};
	return zip(files, G_N_ELEMENTS(files));
}

static GBytes *xml_with_dtd(void)
{
	static const AttachedFile files[] = {
		{"[Content_Types].xml", "<Types/>", 0},
		{"word/document.xml",
	         "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;'>]><x>&b;</x>",
	         0},
	};
	return zip(files, G_N_ELEMENTS(files));
}

/* A picture that only a document holds. */
static GBytes *docx_with_qr(void)
{
	g_autoptr(GBytes) png = attached_qr("PNG", "https://inside.example/qr");
	if (!png)
		return NULL;
	const AttachedFile files[] = {
		{"[Content_Types].xml", "<Types/>", 0},
		{"word/media/image1.png", g_bytes_get_data(png, NULL), g_bytes_get_size(png)},
	};
	return zip(files, G_N_ELEMENTS(files));
}

static GBytes *odt(void)
{
	static const AttachedFile files[] = {
		{"mimetype", "application/vnd.oasis.opendocument.text", 0},
		{"content.xml",
	         "<d xmlns:text='t' xmlns:xlink='x' xmlns:table='b'><text:p>at <text:a "
	         "xlink:href='https://anchor.example/'>here</text:a>, https://odt.example/ "
	         "</text:p><table:c table:formula='of:=DDE(\"x\";\"y\";\"z\")'/></d>",
	         0},
		{"Basic/Standard/Module1.xml", "<x/>", 0},
		{"META-INF/manifest.xml", "<manifest/>", 0},
	};
	return zip(files, G_N_ELEMENTS(files));
}

static GBytes *encrypted_odt(void)
{
	static const AttachedFile files[] = {
		{"mimetype", "application/vnd.oasis.opendocument.text", 0},
		{"content.xml", "\001\002\003", 0},
		{"META-INF/manifest.xml",
	         "<m:manifest xmlns:m='m'><m:encryption-data/></m:manifest>", 0},
	};
	return zip(files, G_N_ELEMENTS(files));
}

/* ---- OLE ---- */

typedef struct {
	const char *storage, *stream; /* storage may be NULL */
	const char *content;
	gsize size;
} OleStream;

static void write_stream(GsfOutfile *storage, const OleStream *stream)
{
	GsfOutput *output = gsf_outfile_new_child(storage, stream->stream, FALSE);
	gsf_output_write(output, stream->size, (const guint8 *)stream->content);
	gsf_output_close(output);
	g_object_unref(output);
}

static GBytes *ole(const OleStream *streams, guint n)
{
	GsfOutput *memory = gsf_output_memory_new();
	GsfOutfile *file = gsf_outfile_msole_new(memory);
	for (guint i = 0; i < n; i++) {
		if (!streams[i].storage) {
			write_stream(file, &streams[i]);
			continue;
		}
		GsfOutput *storage = gsf_outfile_new_child(file, streams[i].storage, TRUE);
		write_stream(GSF_OUTFILE(storage), &streams[i]);
		gsf_output_close(storage);
		g_object_unref(storage);
	}
	gsf_output_close(GSF_OUTPUT(file));
	GBytes *bytes = g_bytes_new(gsf_output_memory_get_bytes(GSF_OUTPUT_MEMORY(memory)),
	                            (gsize)gsf_output_size(memory));
	g_object_unref(file);
	g_object_unref(memory);
	return bytes;
}

#define STREAM(storage, name, content)                                                             \
	{                                                                                          \
		storage, name, content, sizeof content - 1                                         \
	}

static GBytes *doc(void)
{
	static const OleStream streams[] = {
		STREAM(NULL, "WordDocument",
	               "\xec\xa5\xc1\0\0\0\0\0\0\0\0\0\0\0\0\0 go to https://word.example/ now\r"
	               "\x13 HYPERLINK \"https://field.example/\" \x14here\x15"
	               "h\0t\0t\0p\0s\0:\0/\0/\0w\0i\0d\0e\0.\0e\0x\0a\0m\0p\0l\0e\0/\0\0\0"),
		STREAM("Macros", "_VBA_PROJECT", "not a real one"),
		STREAM("ObjectPool", "\001Ole10Native",
	               "\x31\0\0\0\x02\0run.js\0C:\\run.js\0\0\0\x03\0\x05\0\0\0C:\\r\0"
	               "\x0b\0\0\0WScript.Run"),
	};
	return ole(streams, G_N_ELEMENTS(streams));
}

static GBytes *encrypted_office(void)
{
	static const OleStream streams[] = {
		STREAM(NULL, "EncryptionInfo", "x"),
		STREAM(NULL, "EncryptedPackage", "xxxxxxxxxxxxxxxx"),
	};
	return ole(streams, G_N_ELEMENTS(streams));
}

static GBytes *encrypted_doc(void)
{
	static const OleStream streams[] = {
		STREAM(NULL, "WordDocument", "\xec\xa5\xc1\0\0\0\0\0\0\0\0\1\0\0\0\0"),
	};
	return ole(streams, G_N_ELEMENTS(streams));
}

/* BOF, a sheet of macros, FilePass. */
static GBytes *xls(void)
{
	static const OleStream streams[] = {
		STREAM(NULL, "Workbook",
	               "\x09\x08\x04\0\0\6\5\0\x85\0\x08\0\0\0\0\0\0\1\0\0\x2f\0\2\0\1\0"),
	};
	return ole(streams, G_N_ELEMENTS(streams));
}

/* ---- RTF ---- */

static void put_counted(GByteArray *to, const char *text)
{
	put(to, *text ? strlen(text) + 1 : 0, 4);
	if (*text)
		g_byte_array_append(to, (const guint8 *)text, (guint)strlen(text) + 1);
}

static GBytes *rtf(void)
{
	static const char packaged[] = "\2\0run.js\0C:\\run.js\0\0\0\3\0\5\0\0\0C:\\r\0"
				       "\x18\0\0\0https://dropped.example/";
	g_autoptr(GByteArray) object = g_byte_array_new();
	put(object, 0x501, 4);
	put(object, 2, 4);
	put_counted(object, "Package");
	put_counted(object, "");
	put_counted(object, "");
	put(object, sizeof packaged - 1, 4);
	g_byte_array_append(object, (const guint8 *)packaged, sizeof packaged - 1);
	GString *text = g_string_new(
		"{\\rtf1{\\fonttbl{\\f0 https://font.example/;}}{\\*\\template "
		"https://template.example/x.dotm}"
		"{\\field{\\*\\fldinst{ HYPERLINK \"https://field.example/\" }}{\\fldrslt "
		"here}} or https://te\\'78t.example/ "
		"\\par{\\object\\objemb\\objupdate{\\*\\objdata ");
	for (guint i = 0; i < object->len; i++) /* broken up, as attackers do */
		g_string_append_printf(text, "%02x%s", object->data[i], i % 8 ? "" : "\n ");
	g_string_append(text, "}}}");
	return g_string_free_to_bytes(text);
}

/* ---- PDF ---- */

static GBytes *pdf_of(const char *objects)
{
	GString *pdf = g_string_new("%PDF-1.4\n");
	g_string_append(pdf, objects);
	g_string_append(pdf, "trailer<</Root 1 0 R>>\n");
	return g_string_free_to_bytes(pdf);
}

#define PAGE                                                                                       \
	"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"                                       \
	"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R/Annots[5 0 R 6 0 "  \
	"R]/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj\n"     \
	"4 0 obj<</Length 91>>stream\n"                                                            \
	"BT /F 12 Tf 20 200 Td (www.bank.com) Tj 0 -40 Td (or https://text.example/pdf now) Tj "   \
	"ET\n"                                                                                     \
	"endstream endobj\n"                                                                       \
	"5 0 obj<</Type/Annot/Subtype/Link/Rect[18 195 140 215]/A<</S/URI/"                        \
	"URI(https://evil.example/pdf)>>>>endobj\n"                                                \
	"6 0 obj<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/Launch/F(x.exe)>>>>endobj\n"

static GBytes *pdf(void)
{
	return pdf_of("1 0 obj<</Type/Catalog/Pages 2 0 R/OpenAction 7 0 R/Names<</EmbeddedFiles<<"
	              "/Names[(in.txt) 8 0 R]>>>>>>endobj\n" PAGE
	              "7 0 obj\n<</S/J#61vaScript/JS(x)>>endobj\n"
	              "8 0 obj<</Type/Filespec/F(in.txt)/EF<</F 9 0 R>>>>endobj\n"
	              "9 0 obj<</Type/EmbeddedFile/Length 29>>stream\n"
	              "see https://inside.example/ x\nendstream endobj\n");
}

static GBytes *broken_pdf(void)
{
	return pdf_of("1 0 obj<</S/URI/URI(https://broken.example/\\(x\\))>>endobj\n");
}

/* Encrypted with a password that is not empty: O and U are of no key that opens it. */
static GBytes *encrypted_pdf(void)
{
	static const char key[] =
		"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
	g_autofree char *objects = g_strdup_printf(
		"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n" PAGE
		"7 0 obj<</Filter/Standard/V 2/R 3/Length 128/P -4/O<%s>/U<%s>>>endobj\n"
		"trailer<</Root 1 0 R/Encrypt 7 0 R/ID[<00><00>]>>\n",
		key, key);
	g_autofree char *whole = g_strconcat("%PDF-1.4\n", objects, NULL);
	return g_bytes_new(whole, strlen(whole));
}

/* The code's modules as rectangles: no picture is in it. */
static GBytes *pdf_with_qr(void)
{
	g_autoptr(GBytes) ascii = attached_qr("ASCII", "https://page.example/qr");
	if (!ascii)
		return NULL;
	g_autoptr(GString) drawing = g_string_new("0 g\n");
	g_autofree char *text = g_strndup(g_bytes_get_data(ascii, NULL), g_bytes_get_size(ascii));
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (guint i = 0; lines[i] && *lines[i]; i++)
		for (guint j = 0; lines[i][j] && lines[i][j + 1]; j += 2)
			if (lines[i][j] == '#')
				g_string_append_printf(drawing, "%u %u 3 3 re f\n", 3 * j / 2,
				                       250 - 3 * i);
	g_autofree char *objects = g_strdup_printf(
		"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
		"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
		"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R>>endobj\n"
		"4 0 obj<</Length %u>>stream\n%sendstream endobj\n",
		(guint)drawing->len, drawing->str);
	return pdf_of(objects);
}

/* ---- pages, shortcuts, cards ---- */

static GBytes *text_of(const char *text)
{
	return g_bytes_new_static(text, strlen(text));
}

static GBytes *page(void)
{
	return text_of("<html><form action='https://post.example/'><input type=password></form>"
	               "<a href='https://anchor.example/'>x</a><script>f = atob('aGk=');"
	               "URL.createObjectURL(new Blob([f])); at = 'https://script.example/';"
	               "</script></html>");
}

static GBytes *refreshing(void)
{
	return text_of("<meta http-equiv=refresh content='0; url=https://next.example/'>");
}

static GBytes *svg(void)
{
	return text_of("<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='x' onload='go()'>"
	               "<a xlink:href='https://svg.example/?a=1&amp;b=2'><text>x</text></a>"
	               "<script>location = 'https://script.example/'</script></svg>");
}

/* An entity, which XML would put there, is read as a browser reads a page. */
static GBytes *svg_with_dtd(void)
{
	return text_of("<!DOCTYPE svg [<!ENTITY a 'x'>]><svg xmlns='http://www.w3.org/2000/svg'>"
	               "<a href='https://svg.example/'>x</a></svg>");
}

static GBytes *url_file(void)
{
	return text_of("[InternetShortcut]\r\nURL=https://shortcut.example/\r\n"
	               "IconFile=\\\\198.51.100.7\\x\\i.ico\r\n");
}

static GBytes *webloc(void)
{
	return text_of(
		"<?xml version='1.0' encoding='UTF-8'?>\n<!DOCTYPE plist PUBLIC '-//Apple//DTD "
		"PLIST 1.0//EN' 'http://www.apple.com/DTDs/PropertyList-1.0.dtd'>\n"
		"<plist version='1.0'><dict><key>URL</key><string>https://webloc.example/?a=1"
		"&amp;b=2</string></dict></plist>");
}

static void put_wide(GByteArray *to, const char *text)
{
	put(to, strlen(text), 2);
	for (; *text; text++)
		put(to, (guint8)*text, 2);
}

static GBytes *shell_link(void)
{
	GByteArray *link = g_byte_array_new();
	put(link, 0x4c, 4);
	g_byte_array_append(link, (const guint8 *)"\1\24\2\0\0\0\0\0\300\0\0\0\0\0\0\106", 16);
	put(link, 1 << 3 | 1 << 5 | 1 << 7, 4);
	while (link->len < 0x4c)
		put(link, 0, 1);
	put_wide(link, "..\\cmd.exe");
	put_wide(link, "/c start https://link.example/");
	put(link, 0, 4);
	return g_byte_array_free_to_bytes(link);
}

static GBytes *calendar(void)
{
	return text_of(
		"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1@evil.example\r\n"
		"SUMMARY:Pay\\, now\r\nORGANIZER;CN=\"Boss: One\":mailto:Boss@evil.example\r\n"
		"ATTENDEE;CN=Ann;RSVP=TRUE:mailto:ann@corp.example\r\n"
		"DESCRIPTION:join https://fold\r\n ed.example/join\\nor not\r\n"
		"URL:https://event.example/\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
}

static GBytes *card(void)
{
	return text_of("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Eve\r\nORG:Evil\r\n"
	               "EMAIL;TYPE=work:eve@evil.example\r\nitem1.URL:https://card.example/\r\n"
	               "END:VCARD\r\n");
}

static GBytes *plain(void)
{
	return text_of("see https://plain.example/x\n");
}

#define A "attachment:"

const AttachedSample attached_samples[] = {
	{"a.docx", docx, A "office.hyperlink", "https://relation.example/?a=1&b=2",
         "office_macros"},
	{"a.docx", docx, A "office.field", "https://field.example/", "office_dde"},
	{"a.docx", docx, A "office.text", "https://text.example/?a=1&b=2", "office_external"},
	{"a.docx", docx, A "office.template", "https://template.example/x.dotm", "office_template"},
	{"a.docx", docx, A "text", "https://embedded.example/", NULL},
	{"a.docx", docx_with_qr, "qr", "https://inside.example/qr", "qr_code"},
	{"a.xlsx", xlsx, A "office.text", "https://cell.example/", "office_macros"},
	{"a.xlsx", xlsx, A "office.formula", "https://formula.example/", "office_dde"},
	{"a.docx", xml_with_dtd, NULL, NULL, "xml_dtd"},
	{"a.odt", odt, A "office.hyperlink", "https://anchor.example/", "office_macros"},
	{"a.odt", odt, A "office.text", "https://odt.example/", "office_dde"},
	{"a.odt", encrypted_odt, NULL, NULL, "document_encrypted"},
	{"a.doc", doc, A "office.text", "https://word.example/", "office_macros"},
	{"a.doc", doc, A "office.field", "https://field.example/", NULL},
	{"a.doc", doc, A "office.text", "https://wide.example/", "attachment_runs"},
	{"a.docx", encrypted_office, NULL, NULL, "document_encrypted"},
	{"a.doc", encrypted_doc, NULL, NULL, "document_encrypted"},
	{"a.xls", xls, NULL, NULL, "document_encrypted"},
	{"a.xls", xls, NULL, NULL, "office_macros"},
	{"a.rtf", rtf, A "office.template", "https://template.example/x.dotm", "office_template"},
	{"a.doc", rtf, A "office.field", "https://field.example/", "rtf_object_update"},
	{"a.rtf", rtf, A "office.text", "https://text.example/", "rtf_object"},
	{"a.rtf", rtf, A "text", "https://dropped.example/", "attachment_runs"},
	{"a.pdf", pdf, A "pdf.uri", "https://evil.example/pdf", "pdf_javascript"},
	{"a.pdf", pdf, A "pdf.text", "https://text.example/pdf", "pdf_launch"},
	{"a.pdf", pdf, A "text", "https://inside.example/", "pdf_open_action"},
	{"a.pdf", pdf, NULL, NULL, "pdf_embedded_file"},
	{"a.pdf", pdf, NULL, NULL, "link_mismatch"},
	{"a.pdf", broken_pdf, A "pdf.uri", "https://broken.example/(x)", "document_broken"},
	{"a.pdf", encrypted_pdf, NULL, NULL, "document_encrypted"},
	{"a.pdf", pdf_with_qr, "qr", "https://page.example/qr", "qr_code"},
	{"a.htm", page, A "html:form.action", "https://post.example/", "html_password"},
	{"a.htm", page, A "html:a.href", "https://anchor.example/", "html_form"},
	{"a.htm", page, A "script", "https://script.example/", "html_smuggling"},
	{"a.html", refreshing, A "meta", "https://next.example/", "html_refresh"},
	{"a.html", qr_cells, "qr", "https://cells.example/qr", "qr_code"},
	{"a.svg", svg, A "svg:a.href", "https://svg.example/?a=1&b=2", "svg_script"},
	{"a.svg", svg, A "svg:text", "https://script.example/", "svg_script"},
	{"a.svg", svg_with_dtd, A "html:a.href", "https://svg.example/", "xml_dtd"},
	{"a.url", url_file, A "shortcut", "https://shortcut.example/", "shortcut_remote_icon"},
	{"a.webloc", webloc, A "shortcut", "https://webloc.example/?a=1&b=2", NULL},
	{"a.lnk", shell_link, A "shortcut", "https://link.example/", "shortcut_target"},
	{"a.ics", calendar, A "calendar", "https://folded.example/join", NULL},
	{"a.ics", calendar, A "calendar", "https://event.example/", NULL},
	{"a.vcf", card, A "card", "https://card.example/", NULL},
	{"a.txt", plain, A "text", "https://plain.example/x", NULL},
	{"a.txt", qr_blocks, "qr", "https://blocks.example/qr", "qr_code"},
	{"a.png", qr_png, "qr", "https://png.example/qr", "qr_code"},
};
const guint attached_samples_count = G_N_ELEMENTS(attached_samples);

static gboolean has_link(const json_t *links, const AttachedSample *sample)
{
	size_t i;
	json_t *link;
	json_array_foreach ((json_t *)links, i, link)
		if (g_strcmp0(json_text(link, "url"), sample->url) == 0 &&
		    g_strcmp0(json_text(link, "where"), sample->where) == 0 &&
		    json_text(link, "attachment"))
			return TRUE;
	return FALSE;
}

gboolean attached_sample_found(const AttachedSample *sample, const json_t *document)
{
	size_t i;
	json_t *finding;
	gboolean found = !sample->finding;
	json_array_foreach (json_at(document, "message.findings"), i, finding)
		found |= g_strcmp0(json_text(finding, "id"), sample->finding) == 0;
	gboolean linked = !sample->url || has_link(json_at(document, "message.links"), sample);
	if (!found)
		g_printerr("%s: no %s\n", sample->name, sample->finding);
	if (!linked)
		g_printerr("%s: no link to %s\n", sample->name, sample->url);
	return found && linked;
}
