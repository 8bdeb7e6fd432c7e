/* The data directory and what must be in it before a role starts.
 *
 *   db/trawl.db     the embedded database
 *   raw/            raw messages by SHA-256
 *   keys/           secret.key opens secrets, which the worker alone reads; public.key seals them;
 *                   totp.key is for those of people's codes, which the web role alone reads
 *   backups/        what `backup.run` made
 *   run/            the reader's socket, the address
 *   admin.key       the first API key, for the owner of this directory
 *   lock            held while anything runs */
#include "daemon/house.h"

#include "audit/audit.h"
#include "auth/api_key_auth.h"
#include "auth/secret.h"
#include "backup/job.h"
#include "base/clock.h"
#include "base/error.h"
#include "jobs/schedule.h"
#include "store/source.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

char *house_path(const char *data_dir, const char *name)
{
	return g_build_filename(data_dir, name, NULL);
}

char *house_database_uri(const char *data_dir, const char *configured)
{
	if (configured)
		return g_strdup(configured);
	g_autofree char *path = house_path(data_dir, "db/trawl.db");
	return g_strconcat("sqlite://", path, NULL);
}

gboolean house_make(const char *data_dir, GError **error)
{
	static const char *const rooms[] = {"", "db", "raw", "keys", "run"};
	for (guint i = 0; i < G_N_ELEMENTS(rooms); i++) {
		g_autofree char *path = house_path(data_dir, rooms[i]);
		if (g_mkdir_with_parents(path, 0700) != 0) {
			g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE, "cannot make %s: %s",
			            path, g_strerror(errno));
			return FALSE;
		}
	}
	return TRUE;
}

gboolean house_lock(const char *data_dir, int *fd, GError **error)
{
	g_autofree char *path = house_path(data_dir, "lock");
	*fd = g_open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*fd < 0) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_STORAGE, "cannot open %s: %s", path,
		            g_strerror(errno));
		return FALSE;
	}
	char holder[32] = "";
	if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
		ssize_t length = pread(*fd, holder, sizeof holder - 1, 0);
		g_strstrip(holder);
		close(*fd);
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
		            "another trawl serve (process %s) is running on %s; stop it first",
		            length > 0 ? holder : "unknown", data_dir);
		return FALSE;
	}
	g_snprintf(holder, sizeof holder, "%d\n", (int)getpid());
	if (ftruncate(*fd, 0) != 0 || pwrite(*fd, holder, strlen(holder), 0) < 0)
		g_info("cannot note the process id in %s: %s", path, g_strerror(errno));
	return TRUE;
}

/* An administrator's key, into admin.key. The file is durable before the row is committed: a crash
 * between the two leaves a file that opens nothing, and the next start, or call, makes another. */
static gboolean make_key(Db *db, gpointer data, GError **error)
{
	const char *data_dir = data;
	g_autofree char *text = NULL;
	const char *const scopes[] = {"admin", NULL};
	g_autoptr(ApiKey) key = api_key_make("admin", scopes, "setup", 0, &text, error);
	if (!key)
		return FALSE;
	g_autofree char *path = house_path(data_dir, "admin.key");
	g_autofree char *line = g_strconcat(text, "\n", NULL);
	if (!g_file_set_contents_full(path, line, -1,
	                              G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
	                              0600, error))
		return FALSE;
	return api_key_insert(db, key, error) &&
	       audit_append(db, "setup", "api_key.create", "api_key", key->id, 0,
	                    json_pack("{s:s}", "name", key->name), &key->revision, error);
}

static gboolean make_first_key(Db *db, gpointer data, GError **error)
{
	g_autoptr(GPtrArray) keys = api_key_list(db, error);
	if (!keys || keys->len > 0)
		return keys != NULL;
	g_message("the first start: an administrator's key goes to %s/admin.key", (char *)data);
	return make_key(db, data, error);
}

gboolean house_recover_key(DbPool *db, const char *data_dir, GError **error)
{
	return db_write(db, make_key, (gpointer)data_dir, error);
}

/* Whether this directory has had a database: the first key is written when that has been made, and
 * large raw messages lie in DIR/raw/xx/. */
static gboolean has_lived(const char *data_dir)
{
	g_autofree char *key = house_path(data_dir, "admin.key");
	g_autofree char *raw = house_path(data_dir, "raw");
	g_autoptr(GDir) rooms = g_dir_open(raw, 0, NULL);
	gboolean found = g_file_test(key, G_FILE_TEST_EXISTS);
	for (const char *name; rooms && !found && (name = g_dir_read_name(rooms));) {
		g_autofree char *path = g_build_filename(raw, name, NULL);
		g_autoptr(GDir) room = strcmp(name, "tmp") != 0 ? g_dir_open(path, 0, NULL) : NULL;
		found = room && g_dir_read_name(room);
	}
	return found;
}

/* A database that is lost or was cut to nothing must not be begun anew in silence: every report
 * would be handled once more, and nobody would know what lies in quarantine. */
static gboolean database_is_not_lost(const ServeOptions *options, GError **error)
{
	GStatBuf info;
	g_autofree char *path = house_path(options->data_dir, "db/trawl.db");
	if (options->database || (g_stat(path, &info) == 0 && info.st_size > 0) ||
	    !has_lived(options->data_dir))
		return TRUE;
	g_set_error(
		error, TRAWL_ERROR, TRAWL_ERROR_STORAGE,
		"%s is missing or empty, but %s has had one (admin.key or raw/ is there): put it "
		"back from the backup, or move both away to begin anew",
		path, options->data_dir);
	return FALSE;
}

static gboolean schedule_sources(Db *db, gpointer data, GError **error)
{
	g_autoptr(GPtrArray) sources = source_list(db, error);
	if (!sources)
		return FALSE;
	for (guint i = 0; i < sources->len; i++) {
		const Source *source = g_ptr_array_index(sources, i);
		if (!source_schedule(db, source->id, FALSE, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean schedule_backups(Db *db, gpointer data, GError **error)
{
	return backup_schedule(db, error);
}

gboolean house_set_up(const ServeOptions *options, GError **error)
{
	if (!secret_make_keys(options->data_dir, error) || !database_is_not_lost(options, error))
		return FALSE;
	g_autofree char *uri = house_database_uri(options->data_dir, options->database);
	g_autoptr(DbPool) db = db_pool_open(uri, error);
	return db && db_migrate(db, error) &&
	       db_write(db, make_first_key, (gpointer)options->data_dir, error) &&
	       db_write(db, schedule_sources, NULL, error) &&
	       db_write(db, schedule_backups, NULL, error);
}
