/* Privileges by role: Landlock says which files, seccomp says which system calls.
 *
 * Landlock's rights grow with the kernel; Debian 12's knows files, later ones also TCP. We ask for
 * what this kernel knows. An unsandboxed start is possible on a kernel without Landlock, and never
 * silent. */
#include "daemon/sandbox.h"

#include "base/error.h"
#include "daemon/house.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of landlock.h newer than Debian 12's. */
#define ACCESS_FS_TRUNCATE     (1ULL << 14)
#define ACCESS_NET_CONNECT_TCP (1ULL << 1)

#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_WRITE                                                                                   \
	(FS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |                \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_DIR |                             \
	 LANDLOCK_ACCESS_FS_MAKE_DIR)
#define FS_FILE (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE)

typedef struct {
	const char *path; /* absolute, or below the data directory */
	guint64 rights;
} FileRule;

static gboolean allow_path(int ruleset, const char *data_dir, const FileRule *rule, guint64 handled)
{
	g_autofree char *path =
		rule->path[0] == '/' ? g_strdup(rule->path) : house_path(data_dir, rule->path);
	int fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT;
	guint64 rights = rule->rights;
	if (rights & LANDLOCK_ACCESS_FS_WRITE_FILE)
		rights |= ACCESS_FS_TRUNCATE;
	if (!g_file_test(path, G_FILE_TEST_IS_DIR))
		rights &= FS_FILE | ACCESS_FS_TRUNCATE;
	struct landlock_path_beneath_attr attr = {.allowed_access = rights & handled,
	                                          .parent_fd = fd};
	long result = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &attr, 0);
	close(fd);
	return result == 0;
}

static gboolean restrict_files(const char *data_dir, const FileRule *rules, guint n_rules,
                               gboolean no_connect, GError **error)
{
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (version < 1) {
		g_warning("this kernel has no Landlock: the web role is kept from the secret key "
		          "by good "
		          "behaviour only");
		return TRUE;
	}
	struct {
		guint64 fs, net;
	} handled = {(1ULL << 13) - 1, 0};
	if (version >= 3)
		handled.fs |= ACCESS_FS_TRUNCATE;
	if (version >= 4 && no_connect)
		handled.net = ACCESS_NET_CONNECT_TCP;
	gsize size = handled.net ? sizeof handled : sizeof handled.fs;
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &handled, size, 0);
	gboolean ok = ruleset >= 0;
	for (guint i = 0; ok && i < n_rules; i++)
		ok = allow_path(ruleset, data_dir, &rules[i], handled.fs);
	ok = ok && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	     syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
	if (!ok)
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INTERNAL, "Landlock: %s",
		            g_strerror(errno));
	if (ruleset >= 0)
		close(ruleset);
	return ok;
}

/* What no role of ours ever needs. */
static gboolean refuse_calls(GError **error)
{
	static const int refused[] = {
		SCMP_SYS(execve),
		SCMP_SYS(execveat),
		SCMP_SYS(ptrace),
		SCMP_SYS(mount),
		SCMP_SYS(umount2),
		SCMP_SYS(pivot_root),
		SCMP_SYS(chroot),
		SCMP_SYS(setns),
		SCMP_SYS(unshare),
		SCMP_SYS(init_module),
		SCMP_SYS(finit_module),
		SCMP_SYS(delete_module),
		SCMP_SYS(kexec_load),
		SCMP_SYS(bpf),
		SCMP_SYS(perf_event_open),
		SCMP_SYS(add_key),
		SCMP_SYS(request_key),
		SCMP_SYS(keyctl),
		SCMP_SYS(process_vm_readv),
		SCMP_SYS(process_vm_writev),
		SCMP_SYS(userfaultfd),
		SCMP_SYS(setuid),
		SCMP_SYS(setresuid),
		SCMP_SYS(setgid),
		SCMP_SYS(setresgid),
		SCMP_SYS(reboot),
		SCMP_SYS(swapon),
		SCMP_SYS(io_uring_setup),
		SCMP_SYS(open_by_handle_at),
		SCMP_SYS(personality),
	};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int result = filter ? 0 : -ENOMEM;
	for (guint i = 0; result == 0 && i < G_N_ELEMENTS(refused); i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), refused[i], 0);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	if (result != 0)
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INTERNAL, "seccomp: %s",
		            g_strerror(-result));
	return result == 0;
}

/* Of the keys, what opens is read before this; neither file can be read after it. */
gboolean sandbox_web(const ServeOptions *options, GError **error)
{
	/* clang-format off */
	static const FileRule rules[] = {
		{"db",              FS_WRITE},
		{"run",             FS_WRITE},
		{"raw",             FS_READ},
		{"keys/public.key", LANDLOCK_ACCESS_FS_READ_FILE},
		{"/etc",            FS_READ}, /* name service, time zone, certificates for a database */
		{"/usr",            FS_READ},
		{"/proc",           FS_READ},
		{"/dev",            FS_FILE},
		{"/run/postgresql", FS_FILE | FS_READ},
	};
	/* clang-format on */
	return restrict_files(options->data_dir, rules, G_N_ELEMENTS(rules),
	                      options->database == NULL, error) &&
	       refuse_calls(error);
}

gboolean sandbox_worker(GError **error)
{
	return refuse_calls(error);
}
