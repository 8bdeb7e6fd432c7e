/* Zips of attachments. Their contents are never looked at here; their names are made harmless,
 * since the next program takes them for paths. */
#include "api/zip.h"

#include "base/error.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <string.h>

#define NAME_MOST 150 /* octets */

const char *const zip_lock_names[] = {"aes256", "zipcrypto", NULL};
static const char *const encryptions[] = {"aes256", "traditional"};

/* --- names --------------------------------------------------------------------------------------
 */

static gboolean is_harmless(gunichar c)
{
	GUnicodeType type = g_unichar_type(c);
	return c != '/' && type != G_UNICODE_CONTROL && type != G_UNICODE_FORMAT &&
	       type != G_UNICODE_LINE_SEPARATOR && type != G_UNICODE_PARAGRAPH_SEPARATOR &&
	       type != G_UNICODE_UNASSIGNED && type != G_UNICODE_PRIVATE_USE &&
	       (c > 127 || !strchr("\\<>:\"|?*", (int)c));
}

/* After the last slash of either kind. */
static const char *last_part(const char *name)
{
	const char *slash = strrchr(name, '/'), *back = strrchr(name, '\\');
	const char *last = MAX(slash, back);
	return last ? last + 1 : name;
}

/* Cut in the middle, so that what kind of file it is stays. */
static void shorten(GString *name)
{
	const char *dot = strrchr(name->str, '.');
	gsize ending = dot ? name->len - (gsize)(dot - name->str) : 0;
	ending = ending > NAME_MOST / 3 ? 0 : ending;
	gsize keep = NAME_MOST - ending;
	while (keep && ((guchar)name->str[keep] & 0xc0) == 0x80)
		keep--;
	g_string_erase(name, (gssize)keep, (gssize)(name->len - ending - keep));
}

char *zip_safe_name(const char *name)
{
	g_autofree char *valid = g_utf8_make_valid(name ? last_part(name) : "", -1);
	g_autoptr(GString) safe = g_string_new(NULL);
	for (const char *at = valid; *at; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);
		g_string_append_unichar(safe, is_harmless(c) ? c : '_');
	}
	g_strstrip(safe->str);
	g_string_set_size(safe, strlen(safe->str));
	while (safe->len && strchr(". ", safe->str[safe->len - 1]))
		g_string_truncate(safe, safe->len - 1);
	if (safe->len && strchr(".-~", safe->str[0]))
		g_string_prepend_c(safe, '_');
	if (safe->len > NAME_MOST)
		shorten(safe);
	return g_strdup(safe->len ? safe->str : "attachment");
}

/* "invoice.pdf", "invoice (2).pdf": names that differ in case alone are one file to some. */
static char *unused_name(GHashTable *used, const char *name)
{
	g_autofree char *safe = zip_safe_name(name);
	const char *dot = strrchr(safe, '.');
	int stem = dot && dot > safe ? (int)(dot - safe) : (int)strlen(safe);
	char *unused = g_strdup(safe);
	for (guint n = 2;; n++) {
		g_autofree char *folded = g_utf8_casefold(unused, -1);
		if (g_hash_table_add(used, g_strdup(folded)))
			return unused;
		g_free(unused);
		unused = g_strdup_printf("%.*s (%u)%s", stem, safe, n, safe + stem);
	}
}

/* --- the zip ------------------------------------------------------------------------------------
 */

static la_ssize_t append(struct archive *archive, void *data, const void *octets, size_t length)
{
	(void)archive;
	g_byte_array_append(data, octets, (guint)length);
	return (la_ssize_t)length;
}

static gboolean begin(struct archive *archive, int lock, GByteArray *to)
{
	return archive_write_set_format_zip(archive) == ARCHIVE_OK &&
	       archive_write_set_format_option(archive, "zip", "encryption", encryptions[lock]) ==
	               ARCHIVE_OK &&
	       archive_write_set_passphrase(archive, ZIP_PASSWORD) == ARCHIVE_OK &&
	       archive_write_set_bytes_in_last_block(archive, 1) == ARCHIVE_OK &&
	       archive_write_open(archive, to, NULL, append, NULL) == ARCHIVE_OK;
}

static gboolean add(struct archive *archive, const char *name, const char *encoded)
{
	gsize size;
	g_autofree guchar *octets = g_base64_decode(encoded, &size);
	struct archive_entry *entry = archive_entry_new();
	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0600);
	archive_entry_set_size(entry, (gint64)size);
	gboolean ok = archive_write_header(archive, entry) == ARCHIVE_OK &&
	              archive_write_data(archive, octets, size) == (la_ssize_t)size &&
	              archive_write_finish_entry(archive) == ARCHIVE_OK;
	archive_entry_free(entry);
	return ok;
}

static gboolean add_all(struct archive *archive, const json_t *files)
{
	size_t i;
	json_t *file;
	gboolean ok = TRUE;
	g_autoptr(GHashTable) used = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	json_array_foreach ((json_t *)files, i, file) {
		const char *encoded = json_text(file, "content_base64");
		g_autofree char *name = unused_name(used, json_text(file, "name"));
		ok = ok && encoded && add(archive, name, encoded);
	}
	return ok;
}

GBytes *zip_new(const json_t *files, int lock, GError **error)
{
	/* libarchive takes names to be in the locale's character set, for this thread UTF-8 */
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
	g_autoptr(GByteArray) octets = g_byte_array_new();
	struct archive *archive = archive_write_new();
	gboolean ok = begin(archive, lock, octets) && add_all(archive, files) &&
	              archive_write_close(archive) == ARCHIVE_OK;
	if (!ok)
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INTERNAL, "cannot write the zip: %s",
		            archive_error_string(archive) ? archive_error_string(archive)
		                                          : "a file cannot be added");
	archive_write_free(archive);
	if (utf8) {
		uselocale(before);
		freelocale(utf8);
	}
	return ok ? g_byte_array_free_to_bytes(g_steal_pointer(&octets)) : NULL;
}
