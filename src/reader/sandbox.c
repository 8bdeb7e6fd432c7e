/* The walls around a reader, several deep: resource limits, no other descriptors, an unprivileged
 * user where we are root, Landlock without any right, and a seccomp filter that kills (and refuses
 * to open files, which libraries try politely).
 *
 * The filter is what must hold, so the process ends when it cannot be loaded. Landlock is missing
 * from some kernels and only doubles it. Whatever needs a file (character sets, suffix list) is
 * loaded before, in breakdown_init(). */
#include "reader/sandbox.h"

#include "base/sanitized.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOBODY 65534

static void limit(int resource, rlim_t soft, rlim_t hard)
{
	struct rlimit value = {.rlim_cur = soft, .rlim_max = hard};
	setrlimit((__rlimit_resource_t)resource, &value);
}

static void limit_resources(const SandboxLimits *limits)
{
	/* A sanitizer's shadow is terabytes of address space. */
	if (!SANITIZED)
		limit(RLIMIT_AS, limits->memory, limits->memory);
	limit(RLIMIT_CORE, 0, 0);
	limit(RLIMIT_FSIZE, 0, 0);
	limit(RLIMIT_NPROC, 0, 0);
	limit(RLIMIT_MEMLOCK, 0, 0);
	limit(RLIMIT_MSGQUEUE, 0, 0);
}

static int keep_only(int fd)
{
	if (fd != STDIN_FILENO && dup2(fd, STDIN_FILENO) < 0)
		_exit(70);
	/* Where there is no close_range(), the limit on descriptors is all there is to walk. */
	if (syscall(SYS_close_range, 1u, ~0u, 0u) != 0)
		for (int other = 1; other < 65536; other++)
			close(other);
	return STDIN_FILENO;
}

static void drop_root(void)
{
	if (geteuid() != 0)
		return;
	if (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) != 0)
		_exit(70);
}

/* Best effort: the kernel may not know it. */
static void close_files(void)
{
	struct landlock_ruleset_attr nothing = {
		.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1,
	};
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &nothing, sizeof nothing, 0);
	if (ruleset < 0)
		return;
	syscall(SYS_landlock_restrict_self, ruleset, 0);
	close(ruleset);
}

/* What parsing needs of the kernel once everything is loaded. */
static const int allowed[] = {
	SCMP_SYS(munmap),          SCMP_SYS(mremap),       SCMP_SYS(brk),
	SCMP_SYS(madvise),         SCMP_SYS(futex),        SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday),    SCMP_SYS(time),         SCMP_SYS(getrandom),
	SCMP_SYS(rt_sigreturn),    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(sigaltstack),     SCMP_SYS(exit),         SCMP_SYS(exit_group),
	SCMP_SYS(restart_syscall), SCMP_SYS(sched_yield),  SCMP_SYS(getpid),
	SCMP_SYS(gettid),
};

static int allow_without_exec(scmp_filter_ctx filter, int call)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
	                        SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

static int allow_on(scmp_filter_ctx filter, int call, int fd)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
	                        SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)fd));
}

static void close_kernel(int fd)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int failed = filter == NULL;
	for (guint i = 0; !failed && i < G_N_ELEMENTS(allowed); i++)
		failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0) != 0;
	failed = failed || allow_without_exec(filter, SCMP_SYS(mmap)) ||
	         allow_without_exec(filter, SCMP_SYS(mprotect)) ||
	         allow_on(filter, SCMP_SYS(read), fd) || allow_on(filter, SCMP_SYS(write), fd);
	/* A log line has nowhere to go, but it is no crime. */
	for (int gone = STDOUT_FILENO; !failed && gone <= STDERR_FILENO; gone++) {
		failed |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(EBADF), SCMP_SYS(write), 1,
		                           SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)gone)) != 0;
		failed |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(EBADF), SCMP_SYS(writev), 1,
		                           SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)gone)) != 0;
	}
	/* A character set that was not loaded before is a charset we do not know, a time zone too.
	 */
	static const int refused[] = {
		SCMP_SYS(open),       SCMP_SYS(openat),   SCMP_SYS(stat),       SCMP_SYS(lstat),
		SCMP_SYS(newfstatat), SCMP_SYS(statx),    SCMP_SYS(access),     SCMP_SYS(faccessat),
		SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd)};
	for (guint i = 0; !failed && i < G_N_ELEMENTS(refused); i++)
		failed |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), refused[i], 0) != 0;
	/* Only the limit on CPU time, which is set again for each message. */
	failed = failed ||
	         seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2,
	                          SCMP_A0(SCMP_CMP_EQ, 0), SCMP_A1(SCMP_CMP_EQ, RLIMIT_CPU)) != 0 ||
	         seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(getrusage), 0) != 0;
	if (failed || seccomp_load(filter) != 0)
		_exit(70);
	seccomp_release(filter);
}

int sandbox_enter(int fd, const SandboxLimits *limits)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int kept = keep_only(fd);
	drop_root();
	limit_resources(limits);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a change of user clears it */
	prctl(PR_SET_DUMPABLE, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		_exit(70);
	close_files();
	limit(RLIMIT_NOFILE, 1, 1);
	close_kernel(kept);
	return kept;
}

void sandbox_rearm(const SandboxLimits *limits)
{
	struct rusage used;
	getrusage(RUSAGE_SELF, &used);
	rlim_t seconds = (rlim_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec + 1);
	limit(RLIMIT_CPU, seconds + limits->seconds, RLIM_INFINITY);
}
