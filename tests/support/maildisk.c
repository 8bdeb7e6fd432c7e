/* What delivery agents and mail programs do to a Maildir, done by hand. */
#include "maildisk.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void own_like_parent(const char *path)
{
	g_autofree char *parent = g_path_get_dirname(path);
	struct stat status;
	if (geteuid() == 0 && stat(parent, &status) == 0)
		g_assert_cmpint(chown(path, status.st_uid, status.st_gid), ==, 0);
}

static void make_directory(const char *path)
{
	g_autofree char *parent = g_path_get_dirname(path);
	if (g_file_test(path, G_FILE_TEST_IS_DIR))
		return;
	make_directory(parent);
	g_assert_cmpint(g_mkdir(path, 0755), ==, 0);
	own_like_parent(path);
}

void maildisk_make(const char *path)
{
	static const char *const parts[] = {"tmp", "new", "cur"};
	for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
		g_autofree char *part = g_build_filename(path, parts[i], NULL);
		make_directory(part);
	}
}

char *maildisk_deliver(const char *path, const char *message, gssize length, const char *flags,
                       gint64 received)
{
	static int counter;
	g_autofree char *unique =
		g_strdup_printf("%" G_GINT64_FORMAT ".M%dP%d.test", g_get_real_time() / 1000000,
	                        g_atomic_int_add(&counter, 1), (int)getpid());
	g_autofree char *named = flags ? g_strconcat(unique, ":2,", flags, NULL) : g_strdup(unique);
	g_autofree char *tmp = g_build_filename(path, "tmp", unique, NULL);
	g_autofree char *file = g_build_filename(path, flags ? "cur" : "new", named, NULL);
	g_autoptr(GError) error = NULL;
	g_file_set_contents(tmp, message, length, &error);
	g_assert_no_error(error);
	own_like_parent(tmp);
	g_assert_cmpint(g_chmod(tmp, 0644), ==, 0);
	struct timespec times[2] = {{.tv_sec = received}, {.tv_sec = received}};
	if (received)
		g_assert_cmpint(utimensat(AT_FDCWD, tmp, times, 0), ==, 0);
	g_assert_cmpint(g_rename(tmp, file), ==, 0);
	return g_steal_pointer(&unique);
}

static GPtrArray *files_in(const char *path, const char *part)
{
	GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *directory = g_build_filename(path, part, NULL);
	g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
	for (const char *name; dir && (name = g_dir_read_name(dir));)
		g_ptr_array_add(files, g_build_filename(directory, name, NULL));
	return files;
}

guint maildisk_count(const char *path)
{
	g_autoptr(GPtrArray) fresh = files_in(path, "new");
	g_autoptr(GPtrArray) cur = files_in(path, "cur");
	return fresh->len + cur->len;
}

char *maildisk_find(const char *path, const char *unique)
{
	static const char *const parts[] = {"new", "cur"};
	for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
		g_autoptr(GPtrArray) files = files_in(path, parts[i]);
		for (guint j = 0; j < files->len; j++) {
			g_autofree char *name = g_path_get_basename(files->pdata[j]);
			if (g_str_has_prefix(name, unique))
				return g_strdup(files->pdata[j]);
		}
	}
	return NULL;
}

void maildisk_remove_tree(const char *path)
{
	g_autoptr(GDir) dir =
		g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		g_autofree char *child = g_build_filename(path, name, NULL);
		maildisk_remove_tree(child);
	}
	g_remove(path);
}
