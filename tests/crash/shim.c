/* Kills the whole daemon at its n-th event, and remembers what a power cut would have undone.
 *
 * Loaded into every process of `trawl serve` by LD_PRELOAD, and driven by one file that all of them
 * map (TRAWL_CRASH_CONTROL; run.py writes it). An event is a call that changes a file, makes one
 * durable, or talks to a peer; a single counter over all processes numbers them. Event number
 * `kill_at` is not carried out (or half of it, when it is a write): the process group is killed
 * with SIGKILL instead.
 *
 * In power mode every change of a file below `roots` is also logged with what was there before, and
 * every fsync too, under one lock, so that after the kill power.py can take back what was not
 * synced.
 *
 * What it cannot see: system calls that libc makes for itself (fopen, fwrite: nothing in Trawl
 * keeps data through those) and stores into mapped memory (only SQLite's -shm, which holds nothing
 * that lasts). A process under a seccomp filter that would refuse our own calls asks run.py to do
 * the killing. */
#undef _FILE_OFFSET_BITS /* both names of each call are wanted: pwrite and pwrite64 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utime.h>

enum { MODE_TRACE, MODE_KILL, MODE_POWER };
enum { DROP_RAW = 1, DROP_DATABASE = 2, DROP_DIRECTORY = 4, DROP_MAIL = 8 };
enum { PLACE_OTHER, PLACE_DATA, PLACE_MAIL };

/* clang-format off */
#define OPS(X) \
	X(WRITE, "write") X(PWRITE, "pwrite") X(WRITEV, "writev") X(FSYNC, "fsync") \
	X(FDATASYNC, "fdatasync") X(RENAME, "rename") X(UNLINK, "unlink") X(LINK, "link") \
	X(TRUNCATE, "ftruncate") X(CONNECT, "connect") X(SEND, "send") X(RECV, "recv") \
	X(CREATE, "create") X(MKDIR, "mkdir") X(RMDIR, "rmdir") X(TIMES, "times")
/* clang-format on */
#define AS_ENUM(name, text) OP_##name,
#define AS_TEXT(name, text) text,
typedef enum { OPS(AS_ENUM) N_OPS } Op;
static const char *const op_names[] = {OPS(AS_TEXT)};

/* The first page of the control file. run.py knows the offsets of the fields down to `drop`, and
 * reads the ones after them; keep control.py in step. */
typedef struct {
	uint64_t kill_at; /* 0: never                                        */
	uint32_t mode, half, drop;
	uint32_t kill_op; /* kill_at counts only this kind of event; N_OPS: all */
	_Atomic uint64_t events;
	_Atomic uint32_t fired; /* 1: killed by itself, 2: run.py is to kill   */
	_Atomic uint32_t lock_state;
	uint64_t log_used, log_size;
	_Atomic uint64_t per_op[16];
	char fired_op[16], fired_role[32], fired_path[240];
	char data_root[256], mail_root[256];
	pthread_mutex_t lock;
} Control;

/* One line of the log: this head, then the paths and bytes whose lengths it gives. power.py reads
 * it. */
typedef struct {
	uint32_t length; /* of the whole record, a multiple of 8 */
	uint32_t op;
	uint64_t inode, directory, offset;
	int64_t old_size, mtime_ns;
	uint32_t path, path_to, old, new;
	uint64_t directory_to, inode_to;
} Record;

#define LOG_AT 4096UL

static Control *control;
static char *change_log;
static _Atomic int sandboxed; /* our own fstat, kill … may be refused here */

#define REAL(name) ((__typeof__(&name))real(#name))
static void *real(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}
/* Looked up once a call site; dlsym takes locks that a forked child might find taken. */
#define CALL(name, ...)                                                                            \
	({                                                                                         \
		static __typeof__(&name) function;                                                 \
		if (!function)                                                                     \
			function = REAL(name);                                                     \
		function(__VA_ARGS__);                                                             \
	})

/* --- start --------------------------------------------------------------------------------------
 */

__attribute__((constructor)) static void shim_start(void)
{
	const char *path = getenv("TRAWL_CRASH_CONTROL");
	int fd = path ? CALL(open, path, O_RDWR | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	struct stat status;
	size_t size = fstat(fd, &status) == 0 ? (size_t)status.st_size : 0;
	void *memory = size >= LOG_AT ? mmap(NULL, size, PROT_READ | PROT_WRITE,
	                                     MAP_SHARED | MAP_NORESERVE, fd, 0)
	                              : MAP_FAILED;
	close(fd);
	if (memory == MAP_FAILED)
		return;
	Control *shared = memory;
	uint32_t none = 0;
	if (atomic_compare_exchange_strong(&shared->lock_state, &none, 1)) {
		pthread_mutexattr_t attributes;
		pthread_mutexattr_init(&attributes);
		pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
		pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
		pthread_mutex_init(&shared->lock, &attributes);
		shared->log_size = size - LOG_AT;
		atomic_store(&shared->lock_state, 2);
	}
	while (atomic_load(&shared->lock_state) != 2)
		;
	change_log = (char *)memory + LOG_AT;
	control = shared;
}

/* --- counting and killing -----------------------------------------------------------------------
 */

static void wait_for_death(void)
{
	for (;;)
		__asm__ volatile("" ::: "memory");
}

static void fd_path(int fd, char *path, size_t size)
{
	char link[48];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, path, size - 1);
	path[length > 0 ? length : 0] = '\0';
}

static void lock(void)
{
	if (pthread_mutex_lock(&control->lock) == EOWNERDEAD)
		pthread_mutex_consistent(&control->lock);
}

static void unlock(void)
{
	pthread_mutex_unlock(&control->lock);
}

/* In power mode the lock is held from here to death, so that the log and the files agree. */
static void fire(Op op, const char *path, int fd, int locked)
{
	if (control->mode == MODE_POWER && !locked && !atomic_load(&sandboxed))
		lock();
	snprintf(control->fired_op, sizeof control->fired_op, "%s", op_names[op]);
	if (atomic_load(&sandboxed)) {
		snprintf(control->fired_role, sizeof control->fired_role, "reader (sandboxed)");
		atomic_store(&control->fired, 2);
		wait_for_death();
	}
	int comm = CALL(open, "/proc/self/comm", O_RDONLY | O_CLOEXEC);
	ssize_t length =
		comm >= 0 ? read(comm, control->fired_role, sizeof control->fired_role - 1) : 0;
	control->fired_role[length > 0 ? length : 0] = '\0';
	if (path)
		snprintf(control->fired_path, sizeof control->fired_path, "%s", path);
	else
		fd_path(fd, control->fired_path, sizeof control->fired_path);
	atomic_store(&control->fired, 1);
	kill(0, SIGKILL);
	wait_for_death();
}

/* Counts an event. TRUE: this is the one, and `half` of it is still to be done before fire(). */
static int event(Op op, const char *path, int fd, int can_halve)
{
	if (atomic_load(&control->fired))
		wait_for_death();
	uint64_t number = atomic_fetch_add(&control->events, 1) + 1;
	uint64_t of_kind = atomic_fetch_add(&control->per_op[op], 1) + 1;
	if (control->kill_op != N_OPS)
		number = control->kill_op == (uint32_t)op ? of_kind : 0;
	if (number != control->kill_at || number == 0 || control->mode == MODE_TRACE)
		return 0;
	if (can_halve && control->half)
		return 1;
	fire(op, path, fd, 0);
	return 0;
}

/* Which descriptors count: files and sockets, but not the standard streams, pipes and eventfds,
 * whose traffic is a matter of timing. */
static int counts(int fd)
{
	if (!control || fd < 0 || fd <= 2)
		return 0;
	if (atomic_load(&sandboxed))
		return 1;
	struct stat status;
	int saved = errno;
	int yes = fstat(fd, &status) == 0 &&
	          (S_ISREG(status.st_mode) || S_ISSOCK(status.st_mode) || S_ISDIR(status.st_mode));
	errno = saved;
	return yes;
}

static int is_power(void)
{
	return control && control->mode == MODE_POWER && !atomic_load(&sandboxed);
}

/* --- the log of power mode ----------------------------------------------------------------------
 */

static int below(const char *path, const char *root)
{
	size_t length = strlen(root);
	return length && strncmp(path, root, length) == 0 && (path[length] == '/' || !path[length]);
}

static int place(const char *path)
{
	size_t length = strlen(path);
	if (length > 4 && strcmp(path + length - 4, "-shm") == 0)
		return PLACE_OTHER;
	if (below(path, control->data_root))
		return PLACE_DATA;
	return below(path, control->mail_root) ? PLACE_MAIL : PLACE_OTHER;
}

/* An absolute path without links for what @path names in @directory; its last part need not exist.
 */
static void absolute(int directory, const char *path, char *out, size_t size)
{
	char base[2048] = "";
	if (path[0] == '/') {
		base[0] = '\0';
	} else if (directory == AT_FDCWD) {
		if (!getcwd(base, sizeof base))
			base[0] = '\0';
	} else {
		fd_path(directory, base, sizeof base);
	}
	snprintf(out, size, "%s%s%s", base, path[0] == '/' ? "" : "/", path);
}

static uint64_t inode_of(const char *path, struct stat *status)
{
	return lstat(path, status) == 0 ? status->st_ino : 0;
}

static uint64_t directory_of(const char *path)
{
	char parent[4096];
	snprintf(parent, sizeof parent, "%s", path);
	char *slash = strrchr(parent, '/');
	if (!slash)
		return 0;
	*slash = '\0';
	struct stat status;
	return inode_of(parent, &status);
}

/* Room for @record and @more bytes of payload; the caller holds the lock. */
static char *log_append(const Record *record, size_t more)
{
	size_t length = (sizeof *record + more + 7) & ~7UL;
	if (control->log_used + length > control->log_size) {
		static const char text[] = "crash shim: the log is full\n";
		(void)!CALL(write, 2, text, sizeof text - 1);
		abort();
	}
	char *at = change_log + control->log_used;
	memcpy(at, record, sizeof *record);
	((Record *)at)->length = (uint32_t)length;
	control->log_used += length;
	return at + sizeof *record;
}

/* What is in a file from @offset, at most @length bytes. Only a file that cannot be read through
 * @fd is opened anew: closing any descriptor of a file gives up all of the process's locks on it
 * (POSIX fcntl), and SQLite's database is nothing without them. */
static size_t old_bytes(int fd, off_t offset, size_t length, char *out)
{
	char link[48];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	int anew = (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY;
	int reader = anew ? CALL(open, link, O_RDONLY | O_CLOEXEC) : fd;
	ssize_t got = reader >= 0 ? pread(reader, out, length, offset) : 0;
	if (anew && reader >= 0)
		close(reader);
	return got > 0 ? (size_t)got : 0;
}

/* A change of bytes [@offset, @offset + @length) to @bytes (NULL for a truncation at @offset). */
static void log_bytes(Op op, int fd, off_t offset, const void *bytes, size_t length)
{
	char path[4096];
	struct stat status;
	fd_path(fd, path, sizeof path);
	if (place(path) == PLACE_OTHER || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		return;
	size_t old = 0;
	if (offset < status.st_size)
		old = bytes && (size_t)(status.st_size - offset) > length
		              ? length
		              : (size_t)(status.st_size - offset);
	Record record = {.op = op,
	                 .inode = status.st_ino,
	                 .offset = (uint64_t)offset,
	                 .old_size = status.st_size,
	                 .old = (uint32_t)old,
	                 .new = bytes ? (uint32_t)length : 0,
	                 .mtime_ns = status.st_mtim.tv_sec * 1000000000L + status.st_mtim.tv_nsec};
	char *at = log_append(&record, old + record.new);
	if (old)
		old_bytes(fd, offset, old, at);
	if (record.new)
		memcpy(at + old, bytes, length);
}

/* A change of a directory. @gone: the file whose name disappears, kept whole. */
static void log_name(Op op, const char *path, const char *path_to, const char *gone)
{
	struct stat status = {0}, lost = {0};
	Record record = {.op = op,
	                 .path = (uint32_t)strlen(path),
	                 .inode = inode_of(path, &status),
	                 .directory = directory_of(path)};
	if (path_to) {
		record.path_to = (uint32_t)strlen(path_to);
		record.directory_to = directory_of(path_to);
	}
	int fd = -1;
	if (gone && (record.inode_to = inode_of(gone, &lost)) && S_ISREG(lost.st_mode)) {
		fd = CALL(open, gone, O_RDONLY | O_CLOEXEC);
		record.old = fd >= 0 ? (uint32_t)lost.st_size : 0;
		record.old_size = lost.st_mode;
		record.mtime_ns = lost.st_mtim.tv_sec * 1000000000L + lost.st_mtim.tv_nsec;
	}
	char *at = log_append(&record, (size_t)record.path + record.path_to + record.old);
	memcpy(at, path, record.path);
	if (path_to)
		memcpy(at + record.path, path_to, record.path_to);
	if (record.old)
		(void)!pread(fd, at + record.path + record.path_to, record.old, 0);
	if (fd >= 0)
		close(fd);
}

static int tracked(int directory, const char *path, char *out, size_t size)
{
	if (!is_power())
		return 0;
	absolute(directory, path, out, size);
	return place(out) != PLACE_OTHER;
}

/* --- writes -------------------------------------------------------------------------------------
 */

static off_t write_offset(int fd)
{
	struct stat status;
	if (fcntl(fd, F_GETFL) & O_APPEND)
		return fstat(fd, &status) == 0 ? status.st_size : 0;
	return lseek(fd, 0, SEEK_CUR);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
	if (!counts(fd))
		return CALL(write, fd, bytes, length);
	int half = event(OP_WRITE, NULL, fd, length > 1);
	if (half)
		length /= 2;
	int logged = is_power();
	if (logged) {
		lock();
		log_bytes(OP_WRITE, fd, write_offset(fd), bytes, length);
	}
	ssize_t result = CALL(write, fd, bytes, length);
	if (half)
		fire(OP_WRITE, NULL, fd, logged);
	if (logged)
		unlock();
	return result;
}

static ssize_t counted_pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
	if (!counts(fd))
		return CALL(pwrite64, fd, bytes, length, offset);
	int half = event(OP_PWRITE, NULL, fd, length > 1);
	if (half)
		length /= 2;
	int logged = is_power();
	if (logged) {
		lock();
		log_bytes(OP_PWRITE, fd, offset, bytes, length);
	}
	ssize_t result = CALL(pwrite64, fd, bytes, length, offset);
	if (half)
		fire(OP_PWRITE, NULL, fd, logged);
	if (logged)
		unlock();
	return result;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
	return counted_pwrite(fd, bytes, length, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset)
{
	return counted_pwrite(fd, bytes, length, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int n_parts)
{
	if (!counts(fd))
		return CALL(writev, fd, parts, n_parts);
	int half = event(OP_WRITEV, NULL, fd, n_parts > 1);
	if (half)
		n_parts /= 2;
	int logged = is_power();
	if (logged) {
		lock();
		off_t offset = write_offset(fd);
		for (int i = 0; i < n_parts; i++) {
			log_bytes(OP_WRITE, fd, offset, parts[i].iov_base, parts[i].iov_len);
			offset += (off_t)parts[i].iov_len;
		}
	}
	ssize_t result = CALL(writev, fd, parts, n_parts);
	if (half)
		fire(OP_WRITEV, NULL, fd, logged);
	if (logged)
		unlock();
	return result;
}

static int counted_truncate(int fd, off_t length)
{
	if (!counts(fd))
		return CALL(ftruncate64, fd, length);
	event(OP_TRUNCATE, NULL, fd, 0);
	int logged = is_power();
	if (logged) {
		lock();
		log_bytes(OP_TRUNCATE, fd, length, NULL, 0);
	}
	int result = CALL(ftruncate64, fd, length);
	if (logged)
		unlock();
	return result;
}

int ftruncate(int fd, off_t length)
{
	return counted_truncate(fd, length);
}

int ftruncate64(int fd, off64_t length)
{
	return counted_truncate(fd, length);
}

/* --- making durable -----------------------------------------------------------------------------
 */

/* TRUE when the self-test wants this fsync to be forgotten. */
static int dropped(const struct stat *status, const char *path)
{
	if (S_ISDIR(status->st_mode))
		return (control->drop & DROP_DIRECTORY) != 0;
	if (place(path) == PLACE_MAIL)
		return (control->drop & DROP_MAIL) != 0;
	if (strstr(path, "trawl.db"))
		return (control->drop & DROP_DATABASE) != 0;
	return strstr(path, "/raw/") && (control->drop & DROP_RAW);
}

static int sync_event(Op op, int fd)
{
	struct stat status;
	char path[4096];
	event(op, NULL, fd, 0);
	fd_path(fd, path, sizeof path);
	if (fstat(fd, &status) != 0 || dropped(&status, path))
		return 1;
	if (!is_power())
		return 0;
	lock();
	Record record = {.op = op,
	                 .inode = status.st_ino,
	                 .directory = S_ISDIR(status.st_mode) ? status.st_ino : 0};
	log_append(&record, 0);
	unlock();
	return 0;
}

int fsync(int fd)
{
	if (counts(fd) && sync_event(OP_FSYNC, fd))
		return 0;
	return CALL(fsync, fd);
}

int fdatasync(int fd)
{
	if (counts(fd) && sync_event(OP_FDATASYNC, fd))
		return 0;
	return CALL(fdatasync, fd);
}

/* --- names --------------------------------------------------------------------------------------
 */

static int counted_rename(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	char a[4096], b[4096];
	if (!control)
		return CALL(renameat2, from_fd, from, to_fd, to, flags);
	event(OP_RENAME, to, -1, 0);
	int logged = tracked(from_fd, from, a, sizeof a);
	if (logged) {
		lock();
		absolute(to_fd, to, b, sizeof b);
		if (!(flags & RENAME_NOREPLACE) || access(b, F_OK) != 0)
			log_name(OP_RENAME, a, b, b);
	}
	int result = CALL(renameat2, from_fd, from, to_fd, to, flags);
	if (logged)
		unlock();
	return result;
}

int rename(const char *from, const char *to)
{
	return counted_rename(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return counted_rename(from_fd, from, to_fd, to, 0);
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	return counted_rename(from_fd, from, to_fd, to, flags);
}

int unlinkat(int directory, const char *path, int flags)
{
	char a[4096];
	if (!control)
		return CALL(unlinkat, directory, path, flags);
	Op op = flags & AT_REMOVEDIR ? OP_RMDIR : OP_UNLINK;
	event(op, path, -1, 0);
	int logged = tracked(directory, path, a, sizeof a);
	if (logged) {
		lock();
		struct stat status;
		if (inode_of(a, &status))
			log_name(op, a, NULL, a);
	}
	int result = CALL(unlinkat, directory, path, flags);
	if (logged)
		unlock();
	return result;
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
	return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int remove(const char *path)
{
	struct stat status;
	return unlinkat(AT_FDCWD, path,
	                lstat(path, &status) == 0 && S_ISDIR(status.st_mode) ? AT_REMOVEDIR : 0);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	char b[4096];
	if (!control)
		return CALL(linkat, from_fd, from, to_fd, to, flags);
	event(OP_LINK, to, -1, 0);
	int logged = tracked(to_fd, to, b, sizeof b);
	if (logged)
		lock();
	int result = CALL(linkat, from_fd, from, to_fd, to, flags);
	int saved = errno;
	if (logged) {
		if (result == 0)
			log_name(OP_LINK, b, NULL, NULL);
		unlock();
	}
	errno = saved;
	return result;
}

int link(const char *from, const char *to)
{
	return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int mkdirat(int directory, const char *path, mode_t mode)
{
	char a[4096];
	int logged = control && tracked(directory, path, a, sizeof a);
	if (logged)
		lock();
	int result = CALL(mkdirat, directory, path, mode);
	int saved = errno;
	if (logged) {
		if (result == 0)
			log_name(OP_MKDIR, a, NULL, NULL);
		unlock();
	}
	errno = saved;
	return result;
}

int mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

/* Opening is no event, but in power mode a new name and a file cut to nothing are remembered. */
static int logged_open(int directory, const char *path, int flags, mode_t mode)
{
	char a[4096];
	if (!control || !(flags & (O_CREAT | O_TRUNC)) || (flags & O_TMPFILE) == O_TMPFILE ||
	    !tracked(directory, path, a, sizeof a))
		return CALL(openat64, directory, path, flags, mode);
	struct stat status;
	lock();
	uint64_t before = inode_of(a, &status);
	if (before && (flags & O_TRUNC) && status.st_size > 0) {
		int old = CALL(openat64, directory, path, O_RDONLY | O_CLOEXEC);
		if (old >= 0) {
			log_bytes(OP_TRUNCATE, old, 0, NULL, 0);
			close(old);
		}
	}
	int fd = CALL(openat64, directory, path, flags, mode);
	int saved = errno;
	if (fd >= 0 && !before)
		log_name(OP_CREATE, a, NULL, NULL);
	unlock();
	errno = saved;
	return fd;
}

#define MODE_ARGUMENT(flags)                                                                       \
	({                                                                                         \
		mode_t mode_ = 0;                                                                  \
		if ((flags)&O_CREAT || ((flags)&O_TMPFILE) == O_TMPFILE) {                         \
			va_list arguments;                                                         \
			va_start(arguments, flags);                                                \
			mode_ = va_arg(arguments, mode_t);                                         \
			va_end(arguments);                                                         \
		}                                                                                  \
		mode_;                                                                             \
	})

int open(const char *path, int flags, ...)
{
	mode_t mode = MODE_ARGUMENT(flags);
	return logged_open(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	mode_t mode = MODE_ARGUMENT(flags);
	return logged_open(AT_FDCWD, path, flags, mode);
}

int openat(int directory, const char *path, int flags, ...)
{
	mode_t mode = MODE_ARGUMENT(flags);
	return logged_open(directory, path, flags, mode);
}

int openat64(int directory, const char *path, int flags, ...)
{
	mode_t mode = MODE_ARGUMENT(flags);
	return logged_open(directory, path, flags, mode);
}

int creat(const char *path, mode_t mode)
{
	return logged_open(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* --- peers --------------------------------------------------------------------------------------
 */

int connect(int fd, const struct sockaddr *address, socklen_t length)
{
	if (counts(fd))
		event(OP_CONNECT, NULL, fd, 0);
	return CALL(connect, fd, address, length);
}

ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
	if (!counts(fd))
		return CALL(send, fd, bytes, length, flags);
	if (event(OP_SEND, NULL, fd, length > 1)) {
		(void)!CALL(send, fd, bytes, length / 2, flags);
		fire(OP_SEND, NULL, fd, 0);
	}
	return CALL(send, fd, bytes, length, flags);
}

ssize_t sendto(int fd, const void *bytes, size_t length, int flags, const struct sockaddr *to,
               socklen_t size)
{
	if (counts(fd))
		event(OP_SEND, NULL, fd, 0);
	return CALL(sendto, fd, bytes, length, flags, to, size);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	if (counts(fd))
		event(OP_SEND, NULL, fd, 0);
	return CALL(sendmsg, fd, message, flags);
}

ssize_t recv(int fd, void *bytes, size_t length, int flags)
{
	if (counts(fd))
		event(OP_RECV, NULL, fd, 0);
	return CALL(recv, fd, bytes, length, flags);
}

/* --- dates --------------------------------------------------------------------------------------
 */

/* The received date of a message in a Maildir is its file's: losing it is losing something. */
static void log_times(const char *path)
{
	struct stat status;
	if (!inode_of(path, &status) || !S_ISREG(status.st_mode))
		return;
	Record record = {.op = OP_TIMES,
	                 .inode = status.st_ino,
	                 .mtime_ns = status.st_mtim.tv_sec * 1000000000L + status.st_mtim.tv_nsec};
	log_append(&record, 0);
}

int futimens(int fd, const struct timespec times[2])
{
	char path[4096];
	if (!counts(fd))
		return CALL(futimens, fd, times);
	event(OP_TIMES, NULL, fd, 0);
	fd_path(fd, path, sizeof path);
	int logged = is_power() && place(path) != PLACE_OTHER;
	if (logged) {
		lock();
		log_times(path);
	}
	int result = CALL(futimens, fd, times);
	if (logged)
		unlock();
	return result;
}

int utimensat(int directory, const char *path, const struct timespec times[2], int flags)
{
	char a[4096];
	if (!control)
		return CALL(utimensat, directory, path, times, flags);
	event(OP_TIMES, path, -1, 0);
	int logged = tracked(directory, path, a, sizeof a);
	if (logged) {
		lock();
		log_times(a);
	}
	int result = CALL(utimensat, directory, path, times, flags);
	if (logged)
		unlock();
	return result;
}

int utime(const char *path, const struct utimbuf *times)
{
	struct timespec both[2] = {{0}};
	if (times) {
		both[0].tv_sec = times->actime;
		both[1].tv_sec = times->modtime;
	}
	return utimensat(AT_FDCWD, path, times ? both : NULL, 0);
}

int utimes(const char *path, const struct timeval times[2])
{
	struct timespec both[2] = {{0}};
	for (int i = 0; times && i < 2; i++)
		both[i] = (struct timespec){times[i].tv_sec, times[i].tv_usec * 1000L};
	return utimensat(AT_FDCWD, path, times ? both : NULL, 0);
}

/* --- coexistence with a sandbox -----------------------------------------------------------------
 */

/* A filter that allows by default leaves our own calls alone; one that refuses by default may not.
 */
#define ALLOW 0x7fff0000U
static _Atomic int strict;

void *seccomp_init(uint32_t default_action);
void *seccomp_init(uint32_t default_action)
{
	atomic_store(&strict, default_action != ALLOW);
	return CALL(seccomp_init, default_action);
}

int seccomp_load(void *filter);
int seccomp_load(void *filter)
{
	int before = atomic_load(&sandboxed);
	atomic_store(&sandboxed, before || atomic_load(&strict));
	int result = CALL(seccomp_load, filter);
	if (result != 0)
		atomic_store(&sandboxed, before);
	return result;
}
