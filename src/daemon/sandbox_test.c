#include "daemon/sandbox.h"

#include "auth/secret.h"
#include "daemon/house.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/landlock.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What somebody who has taken over the web role would try, and what it has to be able to do. Each
 * says whether it could. */
typedef gboolean (*Attempt)(const char *data_dir, long landlock);

static gboolean can_open(const char *data_dir, const char *name, int flags)
{
	g_autofree char *path = name[0] == '/' ? g_strdup(name) : house_path(data_dir, name);
	int fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static gboolean opens_secrets(const char *data_dir, long landlock)
{
	return can_open(data_dir, "keys/secret.key", O_RDONLY);
}

static gboolean opens_secrets_by_way_of_its_parent(const char *data_dir, long landlock)
{
	g_autofree char *path =
		g_strdup_printf("/proc/%d/root%s/keys/secret.key", (int)getppid(), data_dir);
	return can_open(data_dir, path, O_RDONLY);
}

static gboolean reads_its_parents_memory(const char *data_dir, long landlock)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/mem", (int)getppid());
	return can_open(data_dir, path, O_RDONLY);
}

static gboolean reads_peoples_codes(const char *data_dir, long landlock)
{
	return can_open(data_dir, "keys/totp.key", O_RDONLY);
}

static gboolean reads_the_administrators_key(const char *data_dir, long landlock)
{
	return can_open(data_dir, "admin.key", O_RDONLY);
}

static gboolean takes_a_key_where_it_may_read(const char *data_dir, long landlock)
{
	g_autofree char *key = house_path(data_dir, "keys/secret.key");
	g_autofree char *here = house_path(data_dir, "db/secret.key");
	return rename(key, here) == 0 || link(key, here) == 0;
}

static gboolean lays_down_a_key(const char *data_dir, long landlock)
{
	return can_open(data_dir, "keys/another.key", O_WRONLY | O_CREAT);
}

static gboolean changes_raw_messages(const char *data_dir, long landlock)
{
	return can_open(data_dir, "raw/x", O_WRONLY | O_CREAT);
}

static gboolean starts_a_program(const char *data_dir, long landlock)
{
	/* That it is refused, not that there is no such program. */
	return execl("/nowhere/true", "true", NULL) == 0 || errno != EPERM;
}

static gboolean connects_out(const char *data_dir, long landlock)
{
	struct sockaddr_in nobody = {.sin_family = AF_INET, .sin_port = htons(9)};
	nobody.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	gboolean could =
		connect(fd, (struct sockaddr *)&nobody, sizeof nobody) == 0 || errno != EACCES;
	close(fd);
	return could && landlock >= 4; /* older kernels do not know of it */
}

static gboolean seals(const char *data_dir, long landlock)
{
	return can_open(data_dir, "keys/public.key", O_RDONLY);
}

static gboolean writes_the_database(const char *data_dir, long landlock)
{
	return can_open(data_dir, "db/x", O_RDWR | O_CREAT);
}

static const struct {
	const char *what;
	Attempt attempt;
	gboolean can;
} attempts[] = {
	{"open what opens secrets", opens_secrets, FALSE},
	{"open it by way of another process", opens_secrets_by_way_of_its_parent, FALSE},
	{"read the memory of another process", reads_its_parents_memory, FALSE},
	{"read the key of people's codes", reads_peoples_codes, FALSE},
	{"read the administrator's key", reads_the_administrators_key, FALSE},
	{"take a key to where it may read", takes_a_key_where_it_may_read, FALSE},
	{"lay down a key", lays_down_a_key, FALSE},
	{"change raw messages", changes_raw_messages, FALSE},
	{"start a program", starts_a_program, FALSE},
	{"connect to somebody", connects_out, FALSE},
	{"read what seals secrets", seals, TRUE},
	{"write the database", writes_the_database, TRUE},
};

static long landlock_version(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

/* Whether it could; in a process that is done afterwards. */
static gboolean attempt_in_the_sandbox(const char *data_dir, Attempt attempt)
{
	int status = -1;
	pid_t child = fork();
	if (child == 0) {
		const ServeOptions options = {.data_dir = data_dir};
		if (!sandbox_web(&options, NULL))
			_exit(2);
		_exit(attempt(data_dir, landlock_version()) ? 1 : 0);
	}
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), <=, 1);
	return WEXITSTATUS(status) == 1;
}

static void test_the_web_role_can_seal_secrets_and_not_open_them(void)
{
	if (landlock_version() < 1) {
		g_test_skip("this kernel has no Landlock");
		return;
	}
	g_autoptr(GError) error = NULL;
	g_autofree char *data_dir = g_dir_make_tmp("trawl-sandbox-XXXXXX", &error);
	g_assert_true(house_make(data_dir, &error) && secret_make_keys(data_dir, &error));
	g_autofree char *admin = house_path(data_dir, "admin.key");
	g_assert_true(g_file_set_contents(admin, "x\n", -1, &error));
	for (guint i = 0; i < G_N_ELEMENTS(attempts); i++) {
		gboolean could = attempt_in_the_sandbox(data_dir, attempts[i].attempt);
		if (could != attempts[i].can)
			g_error("the web role %s %s", could ? "could" : "could not",
			        attempts[i].what);
	}
	static const char *const files[] = {"admin.key",     "keys/secret.key",
	                                    "keys/totp.key", "keys/public.key",
	                                    "db/x",          "db",
	                                    "raw",           "keys",
	                                    "run",           ""};
	for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = house_path(data_dir, files[i]);
		g_assert_cmpint(g_remove(path), ==, 0);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sandbox/the web role can seal secrets and not open them",
	                test_the_web_role_can_seal_secrets_and_not_open_them);
	return g_test_run();
}
