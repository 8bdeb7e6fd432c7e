/* Starts and stops a Dovecot for a test. The configuration is dovecot.conf, the certificates come
 * from make-certificates; dovecot.py does the same for Python.
 *
 * Dovecot refuses mail for root, so when root runs the tests it runs as nobody. */
#include "dovecot.h"

#include "maildisk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_USERS    2000 /* user0@corp.example and so on: known from the start */
#define START_ATTEMPTS 5    /* a port may be taken between choosing and listening */
#define START_SECONDS  20

static const struct passwd *account(void)
{
	return geteuid() == 0 ? getpwnam("nobody") : getpwuid(geteuid());
}

static char *support_file(const char *name)
{
	const char *root = g_getenv("TRAWL_SOURCE_ROOT");
	return g_build_filename(root ? root : ".", "tests", "support", name, NULL);
}

static void own(const char *path)
{
	if (geteuid() == 0)
		g_assert_cmpint(chown(path, account()->pw_uid, account()->pw_gid), ==, 0);
}

static void write_file(const Dovecot *dovecot, const char *name, const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_build_filename(dovecot->directory, name, NULL);
	g_file_set_contents(path, text, -1, &error);
	g_assert_no_error(error);
	own(path);
}

static void make_certificates(const Dovecot *dovecot)
{
	g_autofree char *program = support_file("make-certificates");
	const char *arguments[] = {program, dovecot->directory, NULL};
	g_autoptr(GError) error = NULL;
	g_autofree char *output = NULL;
	int status = 0;
	g_spawn_sync(NULL, (char **)arguments, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, &output,
	             &status, &error);
	g_assert_no_error(error);
	if (status != 0)
		g_error("make-certificates: %s", output);
	g_autofree char *key = g_build_filename(dovecot->directory, "key.pem", NULL);
	own(key);
}

static int bind_free(guint16 *port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	g_assert_cmpint(bind(fd, (struct sockaddr *)&address, length), ==, 0);
	g_assert_cmpint(getsockname(fd, (struct sockaddr *)&address, &length), ==, 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static void choose_ports(Dovecot *dovecot)
{
	int fds[] = {bind_free(&dovecot->imap_port), bind_free(&dovecot->imaps_port),
	             bind_free(&dovecot->lmtp_port)};
	for (guint i = 0; i < G_N_ELEMENTS(fds); i++)
		close(fds[i]);
}

static void write_config(const Dovecot *dovecot, const char *extra)
{
	g_autofree char *path = support_file("dovecot.conf");
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	g_file_get_contents(path, &text, NULL, &error);
	g_assert_no_error(error);
	g_autofree char *imap = g_strdup_printf("%u", dovecot->imap_port);
	g_autofree char *imaps = g_strdup_printf("%u", dovecot->imaps_port);
	g_autofree char *lmtp = g_strdup_printf("%u", dovecot->lmtp_port);
	const struct {
		const char *mark, *value;
	} values[] = {
		{"@DIR@", dovecot->directory},
		{"@USER@", account()->pw_name},
		{"@GROUP@", getgrgid(account()->pw_gid)->gr_name},
		{"@IMAP@", imap},
		{"@IMAPS@", imaps},
		{"@LMTP@", lmtp},
		{"@EXTRA@", extra ? extra : ""},
	};
	g_autoptr(GString) config = g_string_new(text);
	for (guint i = 0; i < G_N_ELEMENTS(values); i++)
		g_string_replace(config, values[i].mark, values[i].value, 0);
	write_file(dovecot, "dovecot.conf", config->str);
}

/* Between fork and exec. The death signal comes last: a change of user clears it. */
static void become_ordinary(gpointer data)
{
	const struct passwd *user = data;
	if (geteuid() == 0 &&
	    (setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0))
		_exit(1);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
}

static void spawn(Dovecot *dovecot, const char *program)
{
	g_autofree char *config = g_build_filename(dovecot->directory, "dovecot.conf", NULL);
	const char *arguments[] = {program, "-F", "-c", config, NULL};
	g_autoptr(GError) error = NULL;
	g_spawn_async("/", (char **)arguments, NULL,
	              G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL |
	                      G_SPAWN_STDERR_TO_DEV_NULL,
	              become_ordinary, (gpointer)account(), &dovecot->pid, &error);
	g_assert_no_error(error);
}

static gboolean greets(guint16 port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_port = htons(port),
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	char line[16];
	gboolean greeted = connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
	                   recv(fd, line, sizeof line, 0) > 4 && memcmp(line, "* OK", 4) == 0;
	close(fd);
	return greeted;
}

static gboolean wait_ready(Dovecot *dovecot)
{
	gint64 end = g_get_monotonic_time() + START_SECONDS * G_USEC_PER_SEC;
	while (g_get_monotonic_time() < end) {
		if (greets(dovecot->imap_port))
			return TRUE;
		if (waitpid(dovecot->pid, NULL, WNOHANG) != 0) {
			dovecot->pid = 0;
			return FALSE;
		}
		g_usleep(20000);
	}
	return FALSE;
}

static void end_process(Dovecot *dovecot)
{
	if (dovecot->pid == 0)
		return;
	kill(dovecot->pid, SIGTERM);
	while (waitpid(dovecot->pid, NULL, 0) < 0 && errno == EINTR)
		;
	dovecot->pid = 0;
}

static Dovecot *dovecot_new(void)
{
	static const char *const directories[] = {"run", "state", "mail"};
	g_autoptr(GError) error = NULL;
	Dovecot *dovecot = g_new0(Dovecot, 1);
	dovecot->directory = g_dir_make_tmp("trawl-dovecot-XXXXXX", &error);
	g_assert_no_error(error);
	g_assert_cmpint(g_chmod(dovecot->directory, 0755), ==, 0);
	own(dovecot->directory);
	for (guint i = 0; i < G_N_ELEMENTS(directories); i++) {
		g_autofree char *path = g_build_filename(dovecot->directory, directories[i], NULL);
		g_assert_cmpint(g_mkdir(path, 0755), ==, 0);
		own(path);
	}
	make_certificates(dovecot);
	dovecot->ca_file = g_build_filename(dovecot->directory, "ca.pem", NULL);
	g_autoptr(GString) users = g_string_new(NULL);
	for (guint i = 0; i < READY_USERS; i++)
		g_string_append_printf(users, "user%u@corp.example:{PLAIN}%s::::::\n", i,
		                       DOVECOT_PASSWORD);
	write_file(dovecot, "users", users->str);
	write_file(dovecot, "masters",
	           DOVECOT_MASTER ":{PLAIN}" DOVECOT_MASTER_PASSWORD "::::::\n");
	return dovecot;
}

Dovecot *dovecot_start(const char *extra)
{
	g_autofree char *program = g_find_program_in_path("dovecot");
	g_autofree char *openssl = g_find_program_in_path("openssl");
	if (!program && g_file_test("/usr/sbin/dovecot", G_FILE_TEST_IS_EXECUTABLE))
		program = g_strdup("/usr/sbin/dovecot");
	if (!program || !openssl)
		return NULL;
	Dovecot *dovecot = dovecot_new();
	for (guint i = 0; i < START_ATTEMPTS; i++) {
		choose_ports(dovecot);
		write_config(dovecot, extra);
		spawn(dovecot, program);
		if (wait_ready(dovecot))
			return dovecot;
		end_process(dovecot);
	}
	g_autofree char *log_path = g_build_filename(dovecot->directory, "dovecot.log", NULL);
	g_autofree char *log = NULL;
	g_file_get_contents(log_path, &log, NULL, NULL);
	g_error("dovecot did not start: %s", log ? log : "it wrote no log");
}

void dovecot_stop(Dovecot *dovecot)
{
	if (!dovecot)
		return;
	end_process(dovecot);
	maildisk_remove_tree(dovecot->directory);
	g_free(dovecot->directory);
	g_free(dovecot->ca_file);
	g_free(dovecot);
}

char *dovecot_maildir(const Dovecot *dovecot, const char *address)
{
	return g_build_filename(dovecot->directory, "mail", address, "Maildir", NULL);
}

/* Dovecot looks at its users' file at most once a second. */
static gboolean is_ready_user(const char *address)
{
	char *end = NULL;
	return g_str_has_prefix(address, "user") &&
	       g_ascii_strtoull(address + 4, &end, 10) < READY_USERS &&
	       strcmp(end, "@corp.example") == 0;
}

void dovecot_add_user(Dovecot *dovecot, const char *address)
{
	g_autofree char *maildir = dovecot_maildir(dovecot, address);
	maildisk_make(maildir);
	if (is_ready_user(address))
		return;
	g_autofree char *path = g_build_filename(dovecot->directory, "users", NULL);
	FILE *users = fopen(path, "a");
	g_assert_nonnull(users);
	fprintf(users, "%s:{PLAIN}%s::::::\n", address, DOVECOT_PASSWORD);
	g_assert_cmpint(fclose(users), ==, 0);
	g_usleep(1100 * 1000);
}
