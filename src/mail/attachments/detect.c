/* What a file really is, by libmagic. It is asked about the beginning only, which is all that tells
 * types apart, and one thread at a time. */
#include "mail/attachments/detect.h"

#include <magic.h>
#include <string.h>

#define BEGINNING (64 * 1024)

static magic_t database;
G_LOCK_DEFINE_STATIC(database);

void detect_init(void)
{
	database = magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_TOKENS |
	                      MAGIC_NO_CHECK_ENCODING);
	if (database && magic_load(database, NULL) != 0)
		g_clear_pointer(&database, magic_close);
}

/* Types that decide what is read next, by their first octets: no database needed. */
static const struct {
	const char *octets;
	gsize length;
	const char *type;
} signatures[] = {
	{"PK\003\004", 4, "application/zip"},
	{"PK\005\006", 4, "application/zip"},
	{"%PDF-", 5, "application/pdf"},
	{"\211PNG\r\n\032\n", 8, "image/png"},
	{"\377\330\377", 3, "image/jpeg"},
	{"GIF8", 4, "image/gif"},
	{"\320\317\021\340\241\261\032\341", 8, "application/x-ole-storage"},
	{"\170\237\076\042", 4, "application/vnd.ms-tnef"},
	{"7z\274\257\047\034", 6, "application/x-7z-compressed"},
	{"Rar!\032\007", 6, "application/x-rar"},
	{"\037\213", 2, "application/gzip"},
	{"BZh", 3, "application/x-bzip2"},
	{"\3757zXZ", 6, "application/x-xz"},
	{"MSCF", 4, "application/vnd.ms-cab-compressed"},
	{"MZ", 2, "application/x-dosexec"},
	{"{\\rt", 4, "text/rtf"},
	{"L\0\0\0\001\024\002\0", 8, "application/x-ms-shortcut"},
	{"bplist00", 8, "application/x-apple-binary-plist"},
};

/* A zip is an Office document, a book or an archive by the name of its first file. */
static const char *kind_of_zip(const char *octets, gsize size)
{
	static const struct {
		const char *within, *type;
	} kinds[] = {
		{"[Content_Types].xml", "application/vnd.openxmlformats-officedocument"},
		{"word/", "application/vnd.openxmlformats-officedocument"},
		{"xl/", "application/vnd.openxmlformats-officedocument"},
		{"ppt/", "application/vnd.openxmlformats-officedocument"},
		{"mimetypeapplication/vnd.oasis", "application/vnd.oasis.opendocument"},
		{"META-INF/MANIFEST.MF", "application/java-archive"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(kinds) && size > 30; i++)
		if (size >= 30 + strlen(kinds[i].within) &&
		    memcmp(octets + 30, kinds[i].within, strlen(kinds[i].within)) == 0)
			return kinds[i].type;
	/* another file comes first: the directory is at the end */
	gsize end = MIN(size, BEGINNING);
	if (memmem(octets + size - end, end, "[Content_Types].xml", 19))
		return kinds[0].type;
	if (memmem(octets + size - end, end, "META-INF/manifest.xml", 21) &&
	    memmem(octets + size - end, end, "content.xml", 11))
		return "application/vnd.oasis.opendocument";
	return "application/zip";
}

/* Readers of PDF look for its head within the first kilobyte. */
static gboolean is_late_pdf(const char *octets, gsize size)
{
	return size > 0 && memmem(octets, MIN(size, 1024), "%PDF-", 5) &&
	       memmem(octets, size, "endobj", 6);
}

char *detect_type(GBytes *content)
{
	gsize size;
	const char *octets = g_bytes_get_data(content, &size);
	for (guint i = 0; i < G_N_ELEMENTS(signatures); i++)
		if (size >= signatures[i].length &&
		    memcmp(octets, signatures[i].octets, signatures[i].length) == 0)
			return g_strdup(strcmp(signatures[i].type, "application/zip") == 0
			                        ? kind_of_zip(octets, size)
			                        : signatures[i].type);
	if (size == 0)
		return g_strdup("application/x-empty");
	if (is_late_pdf(octets, size))
		return g_strdup("application/pdf");
	if (!database)
		return g_strdup("application/octet-stream");
	G_LOCK(database);
	char *type = g_strdup(magic_buffer(database, octets, MIN(size, BEGINNING)));
	G_UNLOCK(database);
	return type ? type : g_strdup("application/octet-stream");
}
