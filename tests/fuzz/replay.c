/* Stands in for libFuzzer: gives a fuzz target each file of the directories (or the files) named on
 * the command line, in order of name, so that `make check` replays the seeds with any compiler. A
 * file of nothing and one of a single octet are tried always. */
#include "fuzz.h"

#include <glib.h>
#include <stdio.h>

static void add(GPtrArray *files, const char *path)
{
	g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
	if (!directory) {
		g_ptr_array_add(files, g_strdup(path));
		return;
	}
	for (const char *name; (name = g_dir_read_name(directory));) {
		g_autofree char *inside = g_build_filename(path, name, NULL);
		add(files, inside);
	}
}

static gint by_name(gconstpointer left, gconstpointer right)
{
	return g_strcmp0(*(char *const *)left, *(char *const *)right);
}

static gboolean replay(const char *path)
{
	g_autofree char *octets = NULL;
	gsize size;
	if (!g_file_get_contents(path, &octets, &size, NULL))
		return FALSE;
	/* a copy without the NUL that GLib adds, so that a sanitizer sees who reads past the end */
	g_autofree uint8_t *exact = g_memdup2(octets, size);
	LLVMFuzzerTestOneInput(exact, size);
	return TRUE;
}

int main(int argc, char **argv)
{
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
	for (int i = 1; i < argc; i++)
		add(files, argv[i]);
	g_ptr_array_sort(files, by_name);
	printf("1..%u\n", files->len + 1);
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	LLVMFuzzerTestOneInput((const uint8_t *)"<", 1);
	printf("%sok 1 nothing, and one octet\n", files->len ? "" : "not ");
	for (guint i = 0; i < files->len; i++) {
		g_autofree char *name = g_path_get_basename(files->pdata[i]);
		printf("%sok %u %s\n", replay(files->pdata[i]) ? "" : "not ", i + 2, name);
		fflush(stdout);
	}
	return 0;
}
