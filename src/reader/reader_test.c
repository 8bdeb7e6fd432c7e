#include "../../tests/support/attached.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/sanitized.h"
#include "mail/breakdown.h"
#include "reader/frame.h"
#include "reader/here.h"
#include "reader/reader.h"
#include "reader/serve.h"
#include "reader/socket.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const SandboxLimits small = {.memory = 256UL * 1024 * 1024, .seconds = 1};

static json_t *said(const char *what)
{
	json_t *answer = json_object();
	json_object_set_new(answer, "said", json_string(what));
	return answer;
}

static GBytes *message_of(const char *text)
{
	return g_bytes_new(text, strlen(text));
}

/* What code in the hands of an attacker would try. Each returns only when it succeeded or was
 * refused; dying of it is as good. */
static gboolean try_open(void)
{
	return open("/etc/passwd", O_RDONLY) >= 0;
}
static gboolean try_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}
static gboolean try_exec(void)
{
	execl("/bin/true", "true", NULL);
	return FALSE;
}
static gboolean try_fork(void)
{
	return fork() >= 0;
}
static gboolean try_kill(void)
{
	return kill(getppid(), 0) == 0;
}
static gboolean try_executable_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
	            0) != MAP_FAILED;
}
static gboolean try_write_elsewhere(void)
{
	return write(STDERR_FILENO, "", 0) >= 0 || write(5, "x", 1) >= 0;
}
static gboolean try_nothing(void)
{
	return FALSE;
}

static const struct {
	const char *name;
	gboolean (*attempt)(void);
} attempts[] = {
	{"nothing", try_nothing},
	{"open", try_open},
	{"socket", try_socket},
	{"exec", try_exec},
	{"fork", try_fork},
	{"kill", try_kill},
	{"executable memory", try_executable_memory},
	{"write elsewhere", try_write_elsewhere},
};

static json_t *misbehave(GBytes *message, const json_t *options)
{
	g_autofree char *what =
		g_strndup(g_bytes_get_data(message, NULL), g_bytes_get_size(message));
	for (guint i = 0; i < G_N_ELEMENTS(attempts); i++)
		if (strcmp(attempts[i].name, what) == 0)
			return said(attempts[i].attempt() ? "done" : "refused");
	static gint64 count;
	count++;
	if (strcmp(what, "count") == 0)
		return json_pack("{s:I}", "count", (json_int_t)count);
	if (strcmp(what, "document") == 0 && json_bool(options, "documents", TRUE))
		abort();
	if (strcmp(what, "memory") == 0)
		for (;;)
			memset(g_malloc(1024 * 1024), 1, 1024 * 1024);
	if (strcmp(what, "cpu") == 0)
		for (volatile guint i = 0;; i++)
			;
	return said(what);
}

static void test_a_reader_can_do_nothing_but_answer(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(attempts); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GBytes) message = message_of(attempts[i].name);
		g_autoptr(json_t) answer =
			reader_read_here_with(message, NULL, misbehave, &small, &error);
		if (i == 0)
			g_assert_cmpstr(json_text(answer, "said"), ==, "refused");
		else if (answer && strcmp(json_text(answer, "said"), "refused") != 0)
			g_error("a sandboxed reader could: %s", attempts[i].name);
		else if (!answer)
			g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE);
	}
}

/* The role's own limit is an hour here, and its client's patience long: only the request's time
 * ends it, in the reader's own words. */
static void test_a_request_sets_its_time(void)
{
	static const SandboxLimits hour = {.memory = 256UL * 1024 * 1024, .seconds = 3600};
	g_autoptr(GError) error = NULL;
	g_autoptr(json_t) options = json_pack("{s:{s:i}}", "limits", "seconds", 1);
	g_autoptr(GBytes) head = frame_request_head(options, strlen("cpu"));
	int ends[2];
	gsize size;
	const void *octets = g_bytes_get_data(head, &size);
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
	pid_t child = fork();
	if (child == 0)
		reader_child_run(ends[1], misbehave, &hour);
	close(ends[1]);
	g_assert_cmpint(fcntl(ends[0], F_SETFL, O_NONBLOCK), ==, 0);
	g_assert_true(frame_write_all(ends[0], octets, size, deadline_in(60), &error));
	g_assert_true(frame_write_all(ends[0], "cpu", strlen("cpu"), deadline_in(60), &error));
	g_autoptr(json_t) answer = frame_read_answer(ends[0], deadline_in(120), &error);
	g_assert_null(answer);
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_TIMEOUT);
	g_assert_cmpstr(error->message, ==, "reading this message took too long");
	close(ends[0]);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void test_limits_reach_the_sandbox(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) message =
		message_of("Subject: x\n\nhttps://a.example/ https://b.example/\n");
	g_autoptr(json_t) options = json_pack("{s:{s:i}}", "limits", "links", 1);
	g_autoptr(json_t) answer = reader_read_here(message, options, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(json_array_size(json_at(answer, "message.links")), ==, 1);
}

/* A signature that is verified, and wrong, which takes as much of GnuTLS as a right one; of a body
 * that is the one that was signed. The key is that of RFC 8463. */
#define SIGNED                                                                                     \
	"DKIM-Signature: v=1; a=ed25519-sha256; d=a.example; s=s; h=from; "                        \
	"bh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=; b=" SIGNATURE "\nFrom: a@a.example\n\n"
#define SIGNATURE                                                                                  \
	"/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="
#define KEY "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

static void test_a_real_message_is_read_in_the_sandbox(void)
{
	g_autoptr(json_t) options = json_pack("{s:{s:s}}", "keys", "s._domainkey.a.example", KEY);
	static const struct {
		const char *text, *path, *expected;
	} cases[] = {
		{"Subject: hello\n\n", "message.subject", "hello"},
		{"Subject: =?iso-2022-jp?b?GyRCRnxLXBsoQg==?=\n\n", "message.subject", "日本"},
		{"Subject: =?gb2312?b?1tDOxA==?=\n\n", "message.subject", "中文"},
		{"Subject: =?euc-kr?b?x9GxuQ==?=\n\n", "message.subject", "한국"},
		{"Content-Type: text/plain; charset=koi8-r\n\n\xc4\xc1", "message.text", "да"},
		{"Content-Type: text/plain; charset=shift_jis\n\n\x93\xfa", "message.text", "日"},
		{"Content-Type: text/plain; charset=utf-7\n\n+ZeU-", "message.text", "日"},
		{"Content-Type: text/plain; charset=no-such\n\nx", "message.text", "x"},
		{"To: a@b\xc3\xbc"
	         "cher.co.uk\n\n",
	         "message.to.0.address", "a@xn--bcher-kva.co.uk"},
		{"Date: Mon, 23 Nov 2026 09:00:00 EST\n\n", "message.date",
	         "2026-11-23T09:00:00-05:00"},
		{SIGNED, "message.authentication.dkim.0.body", "intact"},
		{SIGNED, "message.authentication.dkim.0.verified", "fail"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GBytes) message = message_of(cases[i].text);
		g_autoptr(json_t) answer = reader_read_here(message, options, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(json_text(answer, cases[i].path), ==, cases[i].expected);
	}
}

static gpointer wait_there(gpointer lock)
{
	g_mutex_lock(lock);
	g_mutex_unlock(lock);
	return NULL;
}

/* It may hold a lock that the reader would wait for: then a document was left unread, now and then.
 */
static void test_a_reader_is_not_forked_beside_a_thread(void)
{
	static GMutex lock;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) message = message_of("nothing");
	g_mutex_lock(&lock);
	GThread *thread = g_thread_new("beside", wait_there, &lock);
	g_autoptr(json_t) answer = reader_read_here_with(message, NULL, misbehave, &small, &error);
	g_mutex_unlock(&lock);
	g_thread_join(thread);
	g_assert_null(answer);
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_INTERNAL);
	g_clear_error(&error);
	g_autoptr(json_t) alone = reader_read_here_with(message, NULL, misbehave, &small, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(json_text(alone, "said"), ==, "refused");
}

static void test_a_document_that_breaks_its_reader_does_not_hide_the_message(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) message = message_of("document");
	g_autoptr(json_t) answer = reader_read_here_with(message, NULL, misbehave, &small, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(json_text(answer, "said"), ==, "document");
}

/* What libraries load for documents is loaded before: nothing may be missing behind the walls. */
static void test_documents_are_read_in_the_sandbox(void)
{
	gboolean all = TRUE;
	for (guint i = 0; i < attached_samples_count; i++) {
		const AttachedSample *sample = &attached_samples[i];
		g_autoptr(GError) error = NULL;
		g_autoptr(GBytes) content = sample->make();
		g_autofree char *fields =
			g_strdup_printf("Content-Type: x/y; name=\"%s\"\n", sample->name);
		g_autoptr(GBytes) message = content ? attached_mail(fields, content) : NULL;
		if (!message)
			continue; /* a tool is missing */
		g_autoptr(json_t) answer = reader_read_here(message, NULL, &error);
		g_assert_no_error(error);
		all &= attached_sample_found(sample, answer);
	}
	g_assert_true(all);
}

/* ---- the role and the pool ---- */

typedef struct {
	char *directory, *socket;
	pid_t role;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
	fixture->directory = g_dir_make_tmp("trawl-reader-XXXXXX", NULL);
	fixture->socket = g_build_filename(fixture->directory, "run", "reader.sock", NULL);
	fixture->role = fork();
	if (fixture->role == 0)
		_exit(reader_serve_with(fixture->socket, misbehave, &small));
	for (guint i = 0; i < 2000 && !g_file_test(fixture->socket, G_FILE_TEST_EXISTS); i++)
		g_usleep(5000);
}

static void stop(Fixture *fixture)
{
	int status = -1;
	if (fixture->role <= 0)
		return;
	kill(fixture->role, SIGTERM);
	waitpid(fixture->role, &status, 0);
	fixture->role = 0;
	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	stop(fixture);
	g_autofree char *run = g_path_get_dirname(fixture->socket);
	g_unlink(fixture->socket);
	g_rmdir(run);
	g_rmdir(fixture->directory);
	g_free(fixture->socket);
	g_free(fixture->directory);
}

static json_t *ask(ReaderPool *pool, const char *what, GError **error)
{
	g_autoptr(GBytes) message = message_of(what);
	return reader_read(pool, message, NULL, deadline_in(20), error);
}

static void assert_answers(ReaderPool *pool, const char *what)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(json_t) answer = ask(pool, what, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(json_text(answer, "said"), ==, what);
}

static void test_one_bad_message_costs_itself(Fixture *fixture, gconstpointer data)
{
	static const struct {
		const char *message;
		TrawlError code;
	} bombs[] = {
		{"socket", TRAWL_ERROR_REMOTE},
		{"memory", TRAWL_ERROR_REMOTE},
		{"cpu", TRAWL_ERROR_TIMEOUT},
	};
	g_autoptr(ReaderPool) pool = reader_pool_new(fixture->socket, 1);
	assert_answers(pool, "before");
	for (guint i = 0; i < G_N_ELEMENTS(bombs); i++) {
		g_autoptr(GError) error = NULL;
		if (UNDER_ASAN && strcmp(bombs[i].message, "memory") == 0)
			continue; /* no limit on address space there */
		g_autoptr(json_t) answer = ask(pool, bombs[i].message, &error);
		g_assert_null(answer);
		g_assert_error(error, TRAWL_ERROR, (int)bombs[i].code);
		assert_answers(pool, "after");
	}
}

static void test_its_socket_is_for_us_alone(Fixture *fixture, gconstpointer data)
{
	GStatBuf status;
	g_assert_cmpint(g_lstat(fixture->socket, &status), ==, 0);
	g_assert_cmpint(status.st_mode & 0777, ==, 0600);
	g_autofree char *run = g_path_get_dirname(fixture->socket);
	g_assert_cmpint(g_lstat(run, &status), ==, 0);
	g_assert_cmpint(status.st_mode & 0777, ==, 0700);
}

static void test_without_a_role_it_is_unreachable(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(ReaderPool) pool = reader_pool_new(fixture->socket, 1);
	assert_answers(pool, "one");
	stop(fixture);
	/* The connection of before is stale: that must not be taken for the message's fault. */
	g_autoptr(json_t) answer = ask(pool, "two", &error);
	g_assert_null(answer);
	g_assert_error(error, TRAWL_ERROR, TRAWL_ERROR_UNREACHABLE);
}

static gpointer ask_often(gpointer data)
{
	for (guint i = 0; i < 50; i++)
		assert_answers(data, "x");
	return NULL;
}

static void test_many_threads_share_few_readers(Fixture *fixture, gconstpointer data)
{
	g_autoptr(ReaderPool) pool = reader_pool_new(fixture->socket, 2);
	GThread *threads[8];
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("asker", ask_often, pool);
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
}

/* Whatever a library keeps of the messages it has read, it keeps of so many at most. */
static void test_a_reader_gives_way_to_a_fresh_one(Fixture *fixture, gconstpointer data)
{
	g_autoptr(ReaderPool) pool = reader_pool_new(fixture->socket, 1);
	gint64 most = 0, last = 0;
	for (guint i = 0; i < LIMIT_READER_MESSAGES + 3; i++) {
		g_autoptr(json_t) answer = ask(pool, "count", NULL);
		last = json_int(answer, "count", -1);
		most = MAX(most, last);
	}
	g_assert_cmpint(most, ==, LIMIT_READER_MESSAGES);
	g_assert_cmpint(last, ==, 3);
}

static void test_a_large_message_passes(Fixture *fixture, gconstpointer data)
{
	g_autofree char *text = g_strnfill(20 * 1024 * 1024, 'x');
	g_autoptr(ReaderPool) pool = reader_pool_new(fixture->socket, 1);
	assert_answers(pool, text);
}

#define ADD(name, test) g_test_add(name, Fixture, NULL, set_up, test, tear_down)

/* Whose parent is killed does not live on: its socket refuses. */
static void test_a_role_ends_with_its_parent(void)
{
	g_autofree char *directory = g_dir_make_tmp("trawl-reader-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(directory, "reader.sock", NULL);
	pid_t parent = fork();
	if (parent == 0) {
		if (fork() == 0)
			_exit(reader_serve_with(path, misbehave, &small));
		for (;;)
			pause();
	}
	int fd = -1;
	for (guint i = 0; i < 6000 && (fd = reader_socket_connect(path, NULL)) < 0; i++)
		g_usleep(5000);
	g_assert_cmpint(fd, >=, 0);
	close(fd);
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
	for (guint i = 0; i < 6000 && (fd = reader_socket_connect(path, NULL)) >= 0; i++) {
		close(fd);
		g_usleep(5000);
	}
	g_assert_cmpint(fd, <, 0);
	g_unlink(path);
	g_rmdir(directory);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/reader/a reader can do nothing but answer",
	                test_a_reader_can_do_nothing_but_answer);
	g_test_add_func("/reader/a real message is read in the sandbox",
	                test_a_real_message_is_read_in_the_sandbox);
	g_test_add_func("/reader/a request sets its time", test_a_request_sets_its_time);
	g_test_add_func("/reader/limits reach the sandbox", test_limits_reach_the_sandbox);
	g_test_add_func("/reader/a role ends with its parent", test_a_role_ends_with_its_parent);
	g_test_add_func("/reader/documents are read in the sandbox",
	                test_documents_are_read_in_the_sandbox);
	g_test_add_func("/reader/a reader is not forked beside a thread",
	                test_a_reader_is_not_forked_beside_a_thread);
	g_test_add_func("/reader/a document that breaks its reader does not hide the message",
	                test_a_document_that_breaks_its_reader_does_not_hide_the_message);
	ADD("/reader/one bad message costs itself", test_one_bad_message_costs_itself);
	ADD("/reader/its socket is for us alone", test_its_socket_is_for_us_alone);
	ADD("/reader/without a role it is unreachable", test_without_a_role_it_is_unreachable);
	ADD("/reader/many threads share few readers", test_many_threads_share_few_readers);
	ADD("/reader/a reader gives way to a fresh one", test_a_reader_gives_way_to_a_fresh_one);
	ADD("/reader/a large message passes", test_a_large_message_passes);
	return g_test_run();
}
