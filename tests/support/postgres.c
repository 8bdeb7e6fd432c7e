/* Starts PostgreSQL the way a distribution's package leaves it on disk. initdb and the server
 * refuse to run as root, so root hands them to an ordinary user. */
#include "../tests/support/postgres.h"

#include <glib/gstdio.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define STARTS_WITHIN 60 /* seconds, on a machine that has other things to do */

static struct {
	char *directory, *bin;
	uid_t uid;
	gid_t gid;
	GPid pid;
	pid_t owner;
	guint n_databases;
} server;

/* Runs in the child, before exec. */
static void become_ordinary(gpointer unused)
{
	if (server.uid &&
	    (setgroups(0, NULL) < 0 || setgid(server.gid) < 0 || setuid(server.uid) < 0))
		_exit(127);
	prctl(PR_SET_PDEATHSIG, SIGQUIT);
}

static char *find_bin(void)
{
	g_autofree char *out = NULL;
	if (g_spawn_command_line_sync("pg_config --bindir", &out, NULL, NULL, NULL)) {
		g_autofree char *initdb = g_build_filename(g_strstrip(out), "initdb", NULL);
		if (g_file_test(initdb, G_FILE_TEST_IS_EXECUTABLE))
			return g_steal_pointer(&out);
	}
	g_autoptr(GDir) versions = g_dir_open("/usr/lib/postgresql", 0, NULL);
	const char *version;
	while (versions && (version = g_dir_read_name(versions))) {
		g_autofree char *bin =
			g_build_filename("/usr/lib/postgresql", version, "bin", NULL);
		g_autofree char *initdb = g_build_filename(bin, "initdb", NULL);
		if (g_file_test(initdb, G_FILE_TEST_IS_EXECUTABLE))
			return g_steal_pointer(&bin);
	}
	return NULL;
}

static void choose_user(void)
{
	static const char *const names[] = {"postgres", "nobody"};
	for (guint i = 0; geteuid() == 0 && !server.uid && i < G_N_ELEMENTS(names); i++) {
		const struct passwd *user = getpwnam(names[i]);
		server.uid = user ? user->pw_uid : 0;
		server.gid = user ? user->pw_gid : 0;
	}
}

static char *server_uri(const char *database)
{
	g_autofree char *host = g_uri_escape_string(server.directory, NULL, FALSE);
	return g_strdup_printf("postgresql://trawl@/%s?host=%s", database, host);
}

static void remove_tree(const char *path)
{
	g_autoptr(GDir) dir =
		g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
	const char *name;
	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *child = g_build_filename(path, name, NULL);
		remove_tree(child);
	}
	g_remove(path);
}

static void kill_server(int signal_number)
{
	if (!server.pid)
		return;
	kill(server.pid, signal_number);
	waitpid(server.pid, NULL, 0);
	server.pid = 0;
}

static void at_exit(void)
{
	if (server.owner != getpid())
		return; /* a child of the test */
	kill_server(SIGQUIT);
	remove_tree(server.directory);
}

static void start_server(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *program = g_build_filename(server.bin, "postgres", NULL);
	g_autofree char *data = g_build_filename(server.directory, "data", NULL);
	g_autofree char *uri = server_uri("postgres");
	char *argv[] = {program,
	                (char *)"-D",
	                data,
	                (char *)"-k",
	                server.directory,
	                (char *)"-c",
	                (char *)"listen_addresses=",
	                (char *)"-c",
	                (char *)"fsync=off",
	                (char *)"-c",
	                (char *)"shared_buffers=32MB",
	                (char *)"-c",
	                (char *)"logging_collector=off",
	                (char *)"-c",
	                (char *)"log_min_messages=fatal",
	                NULL};
	g_spawn_async(server.directory, argv, NULL,
	              G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL |
	                      G_SPAWN_STDOUT_TO_DEV_NULL,
	              become_ordinary, NULL, &server.pid, &error);
	g_assert_no_error(error);
	gint64 until = g_get_monotonic_time() + STARTS_WITHIN * G_USEC_PER_SEC;
	while (PQping(uri) != PQPING_OK) {
		g_assert_cmpint(g_get_monotonic_time(), <, until);
		g_usleep(10000);
	}
}

static gboolean start(void)
{
	g_autoptr(GError) error = NULL;
	int status = 0;
	if (!server.bin)
		server.bin = find_bin();
	if (server.pid || !server.bin)
		return server.bin != NULL;
	choose_user();
	server.directory = g_dir_make_tmp("trawl-pg-XXXXXX", &error);
	g_assert_no_error(error);
	server.owner = getpid();
	atexit(at_exit);
	if (server.uid)
		g_assert_cmpint(chown(server.directory, server.uid, server.gid), ==, 0);
	g_autofree char *program = g_build_filename(server.bin, "initdb", NULL);
	char *argv[] = {program,         (char *)"-D",         (char *)"data",      (char *)"-U",
	                (char *)"trawl", (char *)"-A",         (char *)"trust",     (char *)"-E",
	                (char *)"UTF8",  (char *)"--locale=C", (char *)"--no-sync", NULL};
	g_spawn_sync(server.directory, argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, become_ordinary,
	             NULL, NULL, NULL, &status, &error);
	g_assert_no_error(error);
	g_assert_true(g_spawn_check_wait_status(status, NULL));
	start_server();
	return TRUE;
}

void postgres_crash_and_restart(void)
{
	kill_server(SIGQUIT);
	start_server();
}

void postgres_run(const char *uri, const char *sql)
{
	PGconn *connection = PQconnectdb(uri);
	PGresult *result = PQexec(connection, sql);
	ExecStatusType status = PQresultStatus(result);
	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		g_error("%s: %s", sql, PQerrorMessage(connection));
	PQclear(result);
	PQfinish(connection);
}

char *postgres_new_database(const char *like)
{
	if (!start())
		return NULL;
	g_autofree char *name = g_strdup_printf("t%u", ++server.n_databases);
	g_autofree char *all = server_uri("postgres");
	g_autofree char *sql = g_strdup_printf("CREATE DATABASE %s%s%s", name,
	                                       like ? " TEMPLATE " : "", like ? like : "");
	postgres_run(all, sql);
	return server_uri(name);
}

const char *postgres_database_name(const char *uri)
{
	static char name[64];
	const char *slash = strstr(uri, "@/") + 2;
	g_snprintf(name, sizeof name, "%.*s", (int)strcspn(slash, "?"), slash);
	return name;
}
