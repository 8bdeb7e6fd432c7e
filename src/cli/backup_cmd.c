/* `trawl backup`: works on files of this machine, so it needs the rights of the daemon's user, and
 * no daemon. */
#include "backup/backup.h"

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/local.h"
#include "cli/view.h"

#include <string.h>
#include <sysexits.h>

static json_t *manifest_show(const char *file, const BackupManifest *manifest)
{
	json_t *document = json_object();
	json_object_set_new(document, "file", json_text_new(file));
	json_object_set_new(document, "created_at", json_time_new(manifest->created_at));
	json_object_set_new(document, "version", json_text_new(manifest->version));
	json_object_set_new(document, "schema", json_integer(manifest->schema));
	json_object_set_new(document, "audit_seq", json_integer(manifest->audit_seq));
	json_object_set_new(document, "files", json_integer(manifest->files));
	json_object_set_new(document, "bytes", json_integer(manifest->bytes));
	json_object_set_new(document, "sha256", json_text_new(manifest->sha256));
	return document;
}

static char *describe(const BackupManifest *manifest)
{
	g_autofree char *size =
		g_format_size_full((guint64)manifest->bytes, G_FORMAT_SIZE_IEC_UNITS);
	g_autofree char *at = clock_format(manifest->created_at);
	return g_strdup_printf("of %s: %" G_GINT64_FORMAT
	                       " files, %s, audit log up to record %" G_GINT64_FORMAT,
	                       at, manifest->files, size, manifest->audit_seq);
}

static int say(const Cli *cli, const char *what, const char *file, const BackupManifest *manifest)
{
	g_autoptr(json_t) document = manifest_show(file, manifest);
	g_autofree char *described = describe(manifest);
	return view_done(cli, document, "file", g_strdup_printf("%s: %s", what, described));
}

/* "trawl-20261129T064500Z.backup" */
static char *name_by_time(void)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	return g_date_time_format(now, "trawl-%Y%m%dT%H%M%SZ.backup");
}

int cli_backup_create(Cli *cli, GError **error)
{
	const char *said = cli_argument(cli, 0);
	g_autofree char *name = said ? g_strdup(said) : name_by_time();
	g_autofree char *path = g_canonicalize_filename(name, NULL);
	g_autofree char *data_dir = local_data_dir(cli);
	g_autoptr(DbPool) db = local_open(cli, error);
	g_auto(BackupManifest) manifest = {0};
	if (!db || !backup_create(db, data_dir, path, &manifest, error))
		return -1;
	g_autofree char *what = g_strdup_printf("%s is a whole backup", name);
	return say(cli, what, name, &manifest);
}

int cli_backup_verify(Cli *cli, GError **error)
{
	const char *path = cli_argument(cli, 0);
	g_auto(BackupManifest) manifest = {0};
	if (!backup_verify(path, &manifest, error))
		return -1;
	g_autofree char *what = g_strdup_printf("%s is whole", path);
	return say(cli, what, path, &manifest);
}

int cli_backup_restore(Cli *cli, GError **error)
{
	g_autofree char *data_dir = local_data_dir(cli);
	const char *path = cli_argument(cli, 0);
	g_auto(BackupManifest) manifest = {0};
	if (!backup_restore(path, data_dir, &manifest, error))
		return -1;
	g_autofree char *what = g_strdup_printf("%s is in place", data_dir);
	return say(cli, what, data_dir, &manifest);
}
