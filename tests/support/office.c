/* The office's Maildirs, and faults injected between the code under test and the real kind of mail
 * server. */
#include "office.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "dovecot.h"
#include "maildisk.h"
#include "postgres.h"
#include "server/imap.h"
#include "server/maildir.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *reader;

const char office_original[] = "From: Billing <billing@evil.example>\n"
			       "To: all@corp.example\n"
			       "Subject: Your invoice\n"
			       "Date: Mon, 23 Nov 2026 08:00:00 +0000\n"
			       "Message-ID: <invoice-1@evil.example>\n"
			       "\n"
			       "Pay at http://evil.example/pay or else.\n";

Fault fault;

void fault_clear(void)
{
	memset(&fault, 0, sizeof fault);
}

static void point(void)
{
	if (++fault.points != fault.at)
		return;
	if (fault.act == FAULT_CRASH)
		_exit(OFFICE_CRASHED);
	if (fault.act == FAULT_HOOK) {
		fault.act = FAULT_NONE;
		fault.hook(fault.data);
	}
}

static gboolean fails(const char *call, gboolean afterwards, GError **error)
{
	if (g_strcmp0(fault.failing, call) != 0 || fault.afterwards != afterwards ||
	    fault.failures == 0)
		return FALSE;
	fault.failures -= fault.failures > 0;
	if (fault.code == TRAWL_ERROR_NOT_FOUND)
		mail_server_set_missing(error, fault.missing, "it");
	else
		g_set_error(error, TRAWL_ERROR, (int)fault.code, "%s was made to fail", call);
	return TRUE;
}

/* What does the work: Maildirs on disk, or Dovecot's. */
static const MailServerKind *real_kind = &maildir_server_kind;

#define FAULTY(type, call, nothing, drop, parameters, ...)                                         \
	static type faulty_##call parameters                                                       \
	{                                                                                          \
		point();                                                                           \
		if (fails(#call, FALSE, error))                                                    \
			return nothing;                                                            \
		type result = real_kind->call(__VA_ARGS__);                                        \
		point();                                                                           \
		if (!result || !fails(#call, TRUE, error))                                         \
			return result;                                                             \
		drop(result);                                                                      \
		return nothing;                                                                    \
	}

static void drop_nothing(gboolean result)
{
}

FAULTY(gboolean, find, FALSE, drop_nothing,
       (MailServer * server, const char *mailbox, GPtrArray *ids, GPtrArray *found, gint64 deadline,
        GError **error),
       server, mailbox, ids, found, deadline, error)
FAULTY(gboolean, fetch, FALSE, drop_nothing,
       (MailServer * server, GPtrArray *refs, MailFetched fetched, gpointer data, gint64 deadline,
        GError **error),
       server, refs, fetched, data, deadline, error)
FAULTY(MailItem *, stat, NULL, mail_item_free,
       (MailServer * server, const MailRef *ref, gint64 deadline, GError **error), server, ref,
       deadline, error)
FAULTY(MailRef *, put, NULL, mail_ref_free,
       (MailServer * server, const char *mailbox, const char *folder, GBytes *message, char **flags,
        gint64 received_at, gint64 deadline, GError **error),
       server, mailbox, folder, message, flags, received_at, deadline, error)
FAULTY(char *, mark, NULL, g_free,
       (MailServer * server, const char *mailbox, const char *folder, gint64 deadline,
        GError **error),
       server, mailbox, folder, deadline, error)
FAULTY(GPtrArray *, since, NULL, g_ptr_array_unref,
       (MailServer * server, const char *mailbox, const char *folder, const char *mark,
        gint64 deadline, GError **error),
       server, mailbox, folder, mark, deadline, error)
FAULTY(gboolean, remove, FALSE, drop_nothing,
       (MailServer * server, const MailRef *ref, gint64 deadline, GError **error), server, ref,
       deadline, error)

static MailServerKind faulty_kind;

static MailServer *faulty_open(const json_t *config, const json_t *secret, GError **error)
{
	MailServer *server = real_kind->open(config, secret, error);
	if (server)
		server->kind = &faulty_kind;
	return server;
}

static const MailServerKind *const kinds[] = {&faulty_kind, NULL};

static void use_kind(const MailServerKind *kind)
{
	real_kind = kind;
	faulty_kind = *kind;
	faulty_kind.open = faulty_open;
	faulty_kind.find = faulty_find;
	faulty_kind.fetch = faulty_fetch;
	faulty_kind.stat = faulty_stat;
	faulty_kind.put = faulty_put;
	faulty_kind.mark = faulty_mark;
	faulty_kind.since = faulty_since;
	faulty_kind.remove = faulty_remove;
}

static Dovecot *dovecot; /* one for all tests; started when first asked for */

static char *mail_root(const Office *office)
{
	return g_build_filename(office->on_dovecot ? dovecot->directory : office->world->directory,
	                        "mail", NULL);
}

char *office_maildir(const Office *office, const char *address, const char *folder)
{
	g_autofree char *root = mail_root(office);
	g_autofree char *sub =
		folder && !g_str_equal(folder, "INBOX") ? g_strconcat(".", folder, NULL) : NULL;
	return g_build_filename(root, address, "Maildir", sub, NULL);
}

char *office_person(guint number)
{
	return g_strdup_printf("user%u@corp.example", number);
}

void office_add_user(const Office *office, const char *address)
{
	static GHashTable *known; /* to Dovecot */
	g_autofree char *path = office_maildir(office, address, NULL);
	maildisk_make(path);
	if (!known)
		known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	if (office->on_dovecot && g_hash_table_add(known, g_strdup(address)))
		dovecot_add_user(dovecot, address);
}

#define QUARANTINE_CONFIG                                                                          \
	"\"domains\":[\"corp.example\"],\"quarantine_mailbox\":\"" OFFICE_QUARANTINE               \
	"\",\"quarantine_folder\":\"Trawl\""

static void furnish(Office *office, World *world)
{
	fault_clear();
	office->world = world;
	office->on_dovecot = FALSE;
	use_kind(&maildir_server_kind);
	g_autofree char *root = mail_root(office);
	g_autofree char *config =
		g_strdup_printf("{\"path\":\"%s/%%u/Maildir\"," QUARANTINE_CONFIG "}", root);
	office->server = world_add_server(world, "office", "maildir", config, NULL);
	office->source = world_add_source(world, office->server, "abuse@corp.example");
	office_add_user(office, OFFICE_QUARANTINE);
	office_add_user(office, "abuse@corp.example");
}

/* It looks at its list of users once a second at most: they have to be there from the beginning. */
gboolean office_has_dovecot(void)
{
	const Office office = {.on_dovecot = TRUE};
	if (dovecot)
		return TRUE;
	dovecot = dovecot_start(NULL);
	if (!dovecot)
		return FALSE;
	office_add_user(&office, OFFICE_ALICE);
	office_add_user(&office, OFFICE_QUARANTINE);
	office_add_user(&office, "abuse@corp.example");
	for (guint i = 0; i < OFFICE_PEOPLE; i++) {
		g_autofree char *address = office_person(i);
		office_add_user(&office, address);
	}
	return TRUE;
}

/* The mail of the test before; its users stay. */
static void clear_dovecot(void)
{
	g_autofree char *root = g_build_filename(dovecot->directory, "mail", NULL);
	g_autoptr(GDir) dir = g_dir_open(root, 0, NULL);
	const char *name;
	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(root, name, NULL);
		maildisk_remove_tree(path);
	}
}

void office_setup_dovecot(Office *office, gconstpointer unused)
{
	g_assert_true(office_has_dovecot());
	fault_clear();
	clear_dovecot();
	office->world = world_new(reader, kinds, NULL);
	office->on_dovecot = TRUE;
	use_kind(&imap_server_kind);
	g_autofree char *config = g_strdup_printf(
		"{\"host\":\"localhost\",\"port\":%u,\"ca_file\":\"%s\",\"login\":\"master\","
		"\"master_user\":\"" DOVECOT_MASTER "\",\"connections\":8," QUARANTINE_CONFIG "}",
		dovecot->imaps_port, dovecot->ca_file);
	office->server = world_add_server(office->world, "office", "imap", config,
	                                  "{\"password\":\"" DOVECOT_MASTER_PASSWORD "\"}");
	office->source = world_add_source(office->world, office->server, "abuse@corp.example");
	office_add_user(office, OFFICE_QUARANTINE);
	office_add_user(office, "abuse@corp.example");
}

void office_setup(Office *office, gconstpointer unused)
{
	furnish(office, world_new(reader, kinds, NULL));
}

void office_setup_postgres(Office *office, gconstpointer unused)
{
	static char *like;
	if (!like) {
		g_autofree char *uri = postgres_new_database(NULL);
		world_free(world_new(reader, kinds, uri));
		like = g_strdup(postgres_database_name(uri));
	}
	g_autofree char *uri = postgres_new_database(like);
	furnish(office, world_new(reader, kinds, uri));
}

gboolean office_has_postgres(void)
{
	g_autofree char *uri = postgres_new_database(NULL);
	return uri != NULL;
}

void office_teardown(Office *office, gconstpointer unused)
{
	fault_clear();
	world_free(office->world);
}

/* As a delivery agent writes it: everybody's copy has a header of its own. */
static char *copy_for(const char *address, const char *message)
{
	return g_strdup_printf("Delivered-To: %s\nReceived: by mx.corp.example for <%s>\n%s",
	                       address, address, message);
}

#define RECEIVED 1764000000 /* seconds */

void office_deliver(const Office *office, const char *address, const char *folder,
                    const char *flags, const char *message)
{
	static gint64 second;
	g_autofree char *path = office_maildir(office, address, folder);
	g_autofree char *copy = copy_for(address, message);
	office_add_user(office, address);
	maildisk_make(path);
	g_free(maildisk_deliver(path, copy, -1, flags, RECEIVED + ++second));
}

static void collect(GPtrArray *lines, const char *base, const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;
	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *file = g_build_filename(path, name, NULL);
		struct stat status;
		g_assert_cmpint(lstat(file, &status), ==, 0);
		if (S_ISDIR(status.st_mode)) {
			collect(lines, base, file);
			continue;
		}
		const char *part = path + strlen(path) - 4;
		if (!g_str_equal(part, "/cur") && !g_str_equal(part, "/new"))
			continue;
		g_autofree char *folder = g_path_get_dirname(path);
		g_autofree char *text = NULL;
		gsize length;
		g_assert_true(g_file_get_contents(file, &text, &length, NULL));
		g_autofree char *hash =
			g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, (gssize)length);
		const char *info = strstr(name, ":2,");
		g_ptr_array_add(lines,
		                g_strdup_printf("%s flags=%s received=%" G_GINT64_FORMAT " %s\n",
		                                folder + strlen(base), info ? info + 3 : "",
		                                (gint64)status.st_mtim.tv_sec, hash));
	}
}

static int compare_lines(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char *office_snapshot(const Office *office, const char *directory)
{
	g_autofree char *root = mail_root(office);
	const char *base = directory ? directory : root;
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	collect(lines, base, base);
	g_ptr_array_sort(lines, compare_lines);
	g_ptr_array_add(lines, NULL);
	return g_strjoinv("", (char **)lines->pdata);
}

guint office_count(const Office *office, const char *address, const char *folder)
{
	g_autofree char *path = office_maildir(office, address, folder);
	if (folder)
		return maildisk_count(path);
	g_autofree char *lines = office_snapshot(office, path);
	guint n = 0;
	for (const char *p = lines; *p; p++)
		n += *p == '\n';
	return n;
}

gint64 office_request(const Office *office, gint64 incident, ResponseKind kind, gint64 of)
{
	g_autoptr(GError) error = NULL;
	gint64 id = world_request(office->world, incident, kind, of, &error);
	g_assert_no_error(error);
	return id;
}

gint64 office_incident(const Office *office, const char *address)
{
	const char *recipients[] = {address, NULL};
	return world_add_incident(office->world, office->source, office_original, FALSE,
	                          recipients);
}

gint64 office_plan(const Office *office, gint64 incident, ResponseKind kind)
{
	gint64 id = office_request(office, incident, kind, 0);
	g_autoptr(Job) plan = world_claim(office->world);
	g_assert_cmpstr(plan->kind, ==, "response.run");
	world_run(office->world, plan);
	return id;
}

/* Requests, works until nothing is left, checks the store. The response's id. */
gint64 office_perform(const Office *office, gint64 incident, ResponseKind kind, gint64 of)
{
	gint64 id = office_request(office, incident, kind, of);
	world_drain(office->world);
	g_autoptr(Response) response = world_response(office->world, id);
	g_assert_cmpint(response->state, ==, RESPONSE_DONE);
	world_check(office->world);
	return id;
}

/* Dying
 *
 * Forking a process with threads is no good, and starting the program anew is slow: so one that was
 * forked in time forks the workers. */

static int nursery = -1;

typedef struct {
	char directory[200];
	int at;
	gboolean on_dovecot;
} Task;

static void work(const Task *task)
{
	use_kind(task->on_dovecot ? &imap_server_kind : &maildir_server_kind);
	World *world = world_visit(task->directory, reader, kinds);
	g_autoptr(Job) job = world_claim(world);
	g_assert_nonnull(job);
	fault.at = task->at;
	fault.act = FAULT_CRASH;
	world_run(world, job);
	world_free(world);
}

static void nurse(int fd)
{
	Task task;
	while (read(fd, &task, sizeof task) == sizeof task) {
		int status;
		pid_t pid = fork();
		if (pid == 0) {
			work(&task);
			_exit(0);
		}
		g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
		g_assert_cmpint(write(fd, &status, sizeof status), ==, sizeof status);
	}
}

static void nursery_start(void)
{
	int pair[2];
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
	nursery = pair[0];
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		close(pair[0]);
		nurse(pair[1]);
		_exit(0);
	}
	close(pair[1]);
}

gboolean office_crash(const Office *office, int at)
{
	Task task = {.at = at, .on_dovecot = office->on_dovecot};
	int status;
	g_strlcpy(task.directory, office->world->directory, sizeof task.directory);
	g_assert_cmpint(write(nursery, &task, sizeof task), ==, sizeof task);
	g_assert_cmpint(read(nursery, &status, sizeof status), ==, sizeof status);
	g_assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 0)
		return FALSE;
	g_assert_cmpint(WEXITSTATUS(status), ==, OFFICE_CRASHED);
	world_expire(office->world);
	return TRUE;
}

void office_init(int *argc, char ***argv)
{
	g_test_init(argc, argv, NULL);
	reader = world_reader_start();
	nursery_start();
}

void office_done(void)
{
	close(nursery);
	wait(NULL);
	dovecot_stop(dovecot);
	world_reader_stop();
}
