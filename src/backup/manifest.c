/* The last file of a backup: what the others are, so that one that was cut short or damaged is
 * known as such before anything relies on it. */
#include "backup/manifest.h"

#include "base/clock.h"
#include "base/error.h"

#include <string.h>

void backup_manifest_clear(BackupManifest *manifest)
{
	g_clear_pointer(&manifest->version, g_free);
	g_clear_pointer(&manifest->sha256, g_free);
}

void backup_sum_begin(BackupSum *sum)
{
	*sum = (BackupSum){.sum = g_checksum_new(G_CHECKSUM_SHA256)};
}

void backup_sum_clear(BackupSum *sum)
{
	g_clear_pointer(&sum->sum, g_checksum_free);
}

void backup_sum_file(BackupSum *sum, const char *name, gint64 size)
{
	g_autofree char *head = g_strdup_printf("%s %" G_GINT64_FORMAT "\n", name, size);
	g_checksum_update(sum->sum, (const guchar *)head, -1);
	sum->files++;
	sum->bytes += size;
}

void backup_sum_octets(BackupSum *sum, const void *octets, gsize length)
{
	g_checksum_update(sum->sum, octets, (gssize)length);
}

char *backup_sum_end(BackupSum *sum)
{
	return g_strdup(g_checksum_get_string(sum->sum));
}

char *backup_manifest_format(const BackupManifest *manifest)
{
	g_autofree char *created = clock_format(manifest->created_at);
	g_autoptr(json_t) document = json_pack(
		"{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:s}", "format", BACKUP_FORMAT, "created_at",
		created, "version", manifest->version, "schema", (json_int_t)manifest->schema,
		"audit_seq", (json_int_t)manifest->audit_seq, "files", (json_int_t)manifest->files,
		"bytes", (json_int_t)manifest->bytes, "sha256", manifest->sha256);
	return json_format(document);
}

gboolean backup_manifest_parse(BackupManifest *manifest, const char *text, gsize length,
                               GError **error)
{
	g_autoptr(json_t) document = json_parse(text, (gssize)length, error);
	const char *format = json_text(document, "format");
	const char *created = json_text(document, "created_at");
	const char *version = json_text(document, "version");
	const char *sha256 = json_text(document, "sha256");
	backup_manifest_clear(manifest);
	*manifest = (BackupManifest){.schema = json_int(document, "schema", 0),
	                             .audit_seq = json_int(document, "audit_seq", 0),
	                             .files = json_int(document, "files", -1),
	                             .bytes = json_int(document, "bytes", -1)};
	if (!document)
		return FALSE;
	if (g_strcmp0(format, BACKUP_FORMAT) != 0 || !created || !version || !sha256 ||
	    !clock_parse(created, &manifest->created_at)) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		            "it says it is \"%s\", and this Trawl reads " BACKUP_FORMAT,
		            format ? format : "nothing");
		return FALSE;
	}
	manifest->version = g_strdup(version);
	manifest->sha256 = g_strdup(sha256);
	return TRUE;
}

static gboolean is_raw(const char *name)
{
	/* raw/xx/<62 hex digits>.zst */
	static const char hex[] = "0123456789abcdef";
	return g_str_has_prefix(name, "raw/") && strspn(name + 4, hex) == 2 && name[6] == '/' &&
	       strspn(name + 7, hex) == 62 && strcmp(name + 69, ".zst") == 0;
}

gboolean backup_name_is_known(const char *name)
{
	static const char *const plain[] = {"db/trawl.db",   "keys/secret.key", "keys/public.key",
	                                    "keys/totp.key", "admin.key",       NULL};
	return g_strv_contains(plain, name) || is_raw(name);
}
