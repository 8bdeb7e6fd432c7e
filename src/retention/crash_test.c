/* A run is killed before each of its writes, fsyncs and removals, one after the other: what is to
 * stay stays, `trawl check` holds, and the next run leaves nothing behind.
 *
 * The test runs itself as the worker that dies. There the calls by which SQLite and the store of
 * raw messages change the disk are ours, and the n-th one is SIGKILL instead. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "../tests/support/shelf.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STEP 5 /* every so many calls; each of them with "-m slow" */

/* --- calls that change the disk -----------------------------------------------------------------
 */

static volatile gint deadly; /* the call that is not carried out; 0: none */
static volatile gint calls;

static void call(void)
{
	if (g_atomic_int_get(&deadly) &&
	    g_atomic_int_add(&calls, 1) + 1 == g_atomic_int_get(&deadly))
		kill(getpid(), SIGKILL);
}

ssize_t pwrite64(int file, const void *octets, size_t length, off64_t at);
ssize_t pwrite64(int file, const void *octets, size_t length, off64_t at)
{
	call();
	return syscall(SYS_pwrite64, file, octets, length, at);
}

int fsync(int file)
{
	call();
	return (int)syscall(SYS_fsync, file);
}

int fdatasync(int file)
{
	call();
	return (int)syscall(SYS_fdatasync, file);
}

int unlink(const char *path)
{
	call();
	return (int)syscall(SYS_unlink, path);
}

/* --- the worker that dies -----------------------------------------------------------------------
 */

static int worker_main(const char *directory, const char *at)
{
	Shelf shelf;
	g_autofree char *uri = g_strdup_printf("sqlite://%s/trawl.db", directory);
	shelf_open(&shelf, uri, directory, FALSE);
	g_atomic_int_set(&deadly, (gint)g_ascii_strtoll(at, NULL, 10));
	shelf_run(&shelf);
	g_atomic_int_set(&deadly, 0);
	shelf_close(&shelf);
	return 0;
}

/* TRUE: it died. */
static gboolean run_and_kill(const char *directory, int at)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *number = g_strdup_printf("%d", at);
	char *arguments[] = {(char *)"/proc/self/exe", (char *)"--worker", (char *)directory,
	                     number, NULL};
	int status;
	g_spawn_sync(NULL, arguments, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, NULL,
	             &status, &error);
	g_assert_no_error(error);
	g_assert_true((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) ||
	              (WIFEXITED(status) && WEXITSTATUS(status) == 0));
	return WIFSIGNALED(status);
}

/* --- what must be true --------------------------------------------------------------------------
 */

static void copy_tree(const char *from, const char *to)
{
	g_autoptr(GError) error = NULL;
	char *arguments[] = {(char *)"cp", (char *)"-a", (char *)from, (char *)to, NULL};
	int status;
	g_spawn_sync(NULL, arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status,
	             &error);
	g_assert_no_error(error);
	g_assert_cmpint(status, ==, 0);
}

static void remove_tree(const char *path)
{
	char *arguments[] = {(char *)"rm", (char *)"-rf", (char *)path, NULL};
	g_spawn_sync(NULL, arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
	             NULL);
}

/* What a run that nobody disturbed leaves. */
typedef struct {
	char *titles;
	gint64 reports, raw, removed;
	guint files;
} State;

static State state_of(Shelf *shelf)
{
	return (State){
		.titles = shelf_titles(shelf, "1 = 1"),
		.reports = shelf_int(shelf, "SELECT count(*) FROM report"),
		.raw = shelf_int(shelf, "SELECT count(*) FROM raw_message"),
		.removed = shelf_int(shelf, "SELECT count(*) FROM removed_incident"),
		.files = shelf_files(shelf),
	};
}

static void assert_same(const State *is, const State *expected)
{
	g_assert_cmpstr(is->titles, ==, expected->titles);
	g_assert_cmpint(is->reports, ==, expected->reports);
	g_assert_cmpint(is->raw, ==, expected->raw);
	g_assert_cmpint(is->removed, ==, expected->removed);
	g_assert_cmpuint(is->files, ==, expected->files);
}

static void open_at(Shelf *shelf, const char *directory)
{
	g_autofree char *uri = g_strdup_printf("sqlite://%s/trawl.db", directory);
	shelf_open(shelf, uri, directory, FALSE);
}

static void make_shelf(const char *directory)
{
	Shelf shelf;
	g_autoptr(GError) error = NULL;
	g_autofree char *uri = g_strdup_printf("sqlite://%s/trawl.db", directory);
	g_assert_cmpint(g_mkdir(directory, 0700), ==, 0);
	g_autoptr(DbPool) db = db_pool_open(uri, &error);
	g_assert_no_error(error);
	g_assert_true(db_migrate(db, &error));
	shelf_open(&shelf, uri, directory, TRUE);
	shelf_plan(&shelf, "incident_days", 60, "nuisance_days", 14, "content_days", 30, NULL);
	shelf_close(&shelf);
}

static void test_killed_anywhere_nothing_is_lost_and_nothing_dangles(void)
{
	Shelf shelf;
	g_autofree char *root = g_dir_make_tmp("trawl-retention-XXXXXX", NULL);
	g_autofree char *saved = g_build_filename(root, "saved", NULL);
	g_autofree char *live = g_build_filename(root, "live", NULL);
	make_shelf(saved);
	copy_tree(saved, live);
	g_assert_false(run_and_kill(live, 0));
	open_at(&shelf, live);
	shelf_check(&shelf, TRUE);
	State expected = state_of(&shelf);
	shelf_close(&shelf);
	remove_tree(live);

	int at = 1, step = g_test_slow() ? 1 : STEP;
	for (gboolean died = TRUE; died; at += step) {
		copy_tree(saved, live);
		died = run_and_kill(live, at);
		g_test_message("call %d: %s", at, died ? "killed" : "past the end");
		open_at(&shelf, live);
		shelf_check(&shelf, FALSE);
		shelf_run(&shelf);
		shelf_check(&shelf, TRUE);
		State is = state_of(&shelf);
		assert_same(&is, &expected);
		g_assert_cmpint(shelf_int(&shelf, "SELECT count(*) FROM retention_run WHERE state "
		                                  "= 'running'"),
		                ==, 0);
		g_free(is.titles);
		shelf_close(&shelf);
		remove_tree(live);
		g_assert_cmpint(at, <, 2000);
	}
	g_assert_cmpint(at, >, 30);
	g_free(expected.titles);
	remove_tree(root);
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "--worker") == 0)
		return worker_main(argv[2], argv[3]);
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/retention/killed anywhere nothing is lost and nothing dangles",
	                test_killed_anywhere_nothing_is_lost_and_nothing_dangles);
	return g_test_run();
}
