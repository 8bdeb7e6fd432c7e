/* Maildirs on a file system that this host sees.
 *
 * Reading takes nothing and locks nothing. Writing follows the Maildir rules: a message is complete
 * in tmp/, synced, before its rename into cur/ makes it visible, and a change of a directory is
 * synced before a call returns. Bytes are neither read nor written in another form than they have:
 * line ends stay what they are. Finding is in maildir_find.c, checking in maildir_check.c. */
#include "server/maildir_private.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "server/config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

/* A name before the colon is unique for ever, in whatever directory, on whatever disk: nothing
 * voids it, so there is only one epoch. */
#define MAILDIR_EPOCH "maildir"

#define MOVES_MOST 20 /* tries to rename a message that others rename, too */

static gboolean maildir_validate(const json_t *config, const json_t *secret, GError **error)
{
	return config_check(&maildir_server_kind, config, secret, error) &&
	       config_require_text(config, "path", "a pattern such as /srv/mail/%d/%n/Maildir",
	                           error) &&
	       maildir_pattern_check(json_text(config, "path"), error);
}

static MailServer *maildir_open(const json_t *config, const json_t *secret, GError **error)
{
	if (!maildir_validate(config, secret, error))
		return NULL;
	Maildir *maildir = g_new0(Maildir, 1);
	maildir->server.kind = &maildir_server_kind;
	maildir->pattern = g_strdup(json_text(config, "path"));
	maildir->quarantine_mailbox = g_strdup(json_text(config, "quarantine_mailbox"));
	maildir->quarantine_folder = config_quarantine_folder(config);
	maildir->cache = header_cache_new();
	maildir->memory = wait_memory_new();
	return &maildir->server;
}

static void maildir_close(MailServer *server)
{
	Maildir *maildir = (Maildir *)server;
	header_cache_free(maildir->cache);
	wait_memory_free(maildir->memory);
	g_free(maildir->pattern);
	g_free(maildir->quarantine_mailbox);
	g_free(maildir->quarantine_folder);
	g_free(maildir);
}

MaildirFolder *maildir_reach(Maildir *maildir, const char *mailbox, const char *folder,
                             gboolean make, GError **error)
{
	g_auto(AutoFd) root = maildir_open_mailbox(maildir->pattern, mailbox, error);
	return root < 0 ? NULL : maildir_folder_open(root, folder, make, error);
}

static GPtrArray *maildir_folders(MailServer *server, const char *mailbox, gint64 deadline,
                                  GError **error)
{
	Maildir *maildir = (Maildir *)server;
	g_auto(AutoFd) root = maildir_open_mailbox(maildir->pattern, mailbox, error);
	return root < 0 ? NULL : maildir_folder_list(root, error);
}

/* Looking */

MailItem *maildir_item_new(const char *mailbox, const MaildirFolder *folder,
                           const MaildirEntry *entry, const struct stat *status)
{
	MailItem *item = g_new0(MailItem, 1);
	item->ref = mail_ref_new(mailbox, folder->name, MAILDIR_EPOCH, entry->uid);
	item->flags = maildir_flags_parse(folder, entry->file);
	item->received_at = status->st_mtim.tv_sec * CLOCK_SECOND + status->st_mtim.tv_nsec / 1000;
	item->size = status->st_size;
	return item;
}

gboolean maildir_entry_stat(const MaildirFolder *folder, const MaildirEntry *entry,
                            struct stat *status)
{
	return fstatat(maildir_entry_directory(folder, entry), entry->file, status,
	               AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(status->st_mode);
}

/* MISSING_MESSAGE when the reference is none of ours. */
static gboolean check_epoch(const MailRef *ref, GError **error)
{
	if (g_strcmp0(ref->epoch, MAILDIR_EPOCH) == 0)
		return TRUE;
	mail_server_set_missing(error, MISSING_MESSAGE, ref->uid);
	return FALSE;
}

static MailItem *maildir_stat(MailServer *server, const MailRef *ref, gint64 deadline,
                              GError **error)
{
	g_autoptr(MaildirFolder) folder =
		maildir_reach((Maildir *)server, ref->mailbox, ref->folder, FALSE, error);
	if (!folder || !check_epoch(ref, error))
		return NULL;
	g_autoptr(GHashTable) entries = NULL;
	const MaildirEntry *entry;
	g_auto(AutoFd) fd = maildir_message_open(folder, ref->uid, &entries, &entry, error);
	struct stat status;
	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) != 0) {
		maildir_set_errno(error, errno, "cannot look at the message", ref->uid);
		return NULL;
	}
	return maildir_item_new(ref->mailbox, folder, entry, &status);
}

/* Files that Dovecot's mail_compress wrote are no messages to us; saying so beats calling them "not
 * found". No header field begins with these octets. */
gboolean maildir_check_plain(const char *octets, gsize length, const char *uid, GError **error)
{
	/* gzip, bzip2, xz, zstd, LZ4 */
	static const char *const magics[] = {"\x1f\x8b", "BZh", "\xfd\x37zXZ", "\x28\xb5\x2f\xfd",
	                                     "\x04\x22\x4d\x18"};
	for (guint i = 0; i < G_N_ELEMENTS(magics); i++) {
		if (length < strlen(magics[i]) || memcmp(octets, magics[i], strlen(magics[i])) != 0)
			continue;
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE,
		            "message %s is compressed on disk (mail_compress or zlib plugin of "
		            "Dovecot); reach this mail server by IMAP instead",
		            uid);
		return FALSE;
	}
	return TRUE;
}

static GBytes *read_message(int fd, const char *uid, GError **error)
{
	struct stat status;
	if (fstat(fd, &status) != 0) {
		maildir_set_errno(error, errno, "cannot look at the message", uid);
		return NULL;
	}
	if (status.st_size > LIMIT_MESSAGE_SIZE) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_LIMIT,
		            "message %s has %" G_GINT64_FORMAT " bytes, more than %d", uid,
		            (gint64)status.st_size, LIMIT_MESSAGE_SIZE);
		return NULL;
	}
	gsize size = (gsize)status.st_size, have = 0;
	g_autofree char *octets = g_malloc(size + 1);
	while (have < size) {
		ssize_t got = read(fd, octets + have, size - have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			maildir_set_errno(error, errno, "cannot read the message", uid);
			return NULL;
		}
		if (got == 0)
			break;
		have += (gsize)got;
	}
	if (!maildir_check_plain(octets, have, uid, error))
		return NULL;
	return g_bytes_new_take(g_steal_pointer(&octets), have);
}

/* One message for maildir_fetch(); *@stop when the caller wants no more. */
static gboolean fetch_one(const MaildirFolder *folder, const MailRef *ref, GHashTable **entries,
                          MailFetched fetched, gpointer data, gboolean *stop, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(GBytes) message = NULL;
	const MaildirEntry *entry;
	g_auto(AutoFd) fd = -1;
	if (check_epoch(ref, &problem))
		fd = maildir_message_open(folder, ref->uid, entries, &entry, &problem);
	if (fd >= 0)
		message = read_message(fd, ref->uid, &problem);
	if (!message && !g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	*stop = !fetched(ref, message, data);
	return TRUE;
}

static gboolean maildir_fetch(MailServer *server, GPtrArray *refs, MailFetched fetched,
                              gpointer data, gint64 deadline, GError **error)
{
	const MailRef *first = refs->pdata[0];
	g_autoptr(MaildirFolder) folder =
		maildir_reach((Maildir *)server, first->mailbox, first->folder, FALSE, error);
	if (!folder)
		return FALSE;
	g_autoptr(GHashTable) entries = NULL;
	gboolean stop = FALSE;
	for (guint i = 0; i < refs->len && !stop; i++)
		if (!deadline_check(deadline, error) ||
		    !fetch_one(folder, refs->pdata[i], &entries, fetched, data, &stop, error))
			return FALSE;
	return TRUE;
}

/* What is new. The cursor is the set of messages seen, as sorted 64-bit hashes of their names: file
 * names and times come in any order, so nothing less tells new from old without losing some. */

typedef struct {
	MailItem *item;
	guint64 hash;
} Unseen;

static guint64 hash_of(const char *uid)
{
	guint8 digest[32];
	gsize length = sizeof digest;
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
	g_checksum_update(checksum, (const guchar *)uid, -1);
	g_checksum_get_digest(checksum, digest, &length);
	guint64 hash;
	memcpy(&hash, digest, sizeof hash);
	return GUINT64_FROM_BE(hash);
}

static int compare_hashes(gconstpointer a, gconstpointer b)
{
	guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;
	return (x > y) - (x < y);
}

static int compare_unseen(gconstpointer a, gconstpointer b)
{
	const MailItem *x = ((const Unseen *)a)->item, *y = ((const Unseen *)b)->item;
	if (x->received_at != y->received_at)
		return x->received_at < y->received_at ? -1 : 1;
	return strcmp(x->ref->uid, y->ref->uid);
}

/* NULL when it is no cursor of ours. */
static GArray *cursor_parse(const char *cursor)
{
	g_autoptr(json_t) document = json_parse(cursor, -1, NULL);
	const char *seen = json_text(document, "seen");
	if (!seen)
		return NULL;
	gsize length;
	g_autofree guint8 *octets = g_base64_decode(seen, &length);
	GArray *hashes = g_array_new(FALSE, FALSE, sizeof(guint64));
	for (gsize at = 0; at + 8 <= length; at += 8) {
		guint64 hash;
		memcpy(&hash, octets + at, 8);
		hash = GUINT64_FROM_BE(hash);
		g_array_append_val(hashes, hash);
	}
	g_array_sort(hashes, compare_hashes);
	return hashes;
}

static char *cursor_format(GArray *hashes)
{
	g_array_sort(hashes, compare_hashes);
	for (guint i = 0; i < hashes->len; i++) {
		guint64 *hash = &g_array_index(hashes, guint64, i);
		*hash = GUINT64_TO_BE(*hash);
	}
	g_autofree char *seen = g_base64_encode((const guchar *)hashes->data, hashes->len * 8);
	g_autoptr(json_t) document = json_object();
	json_object_set_new(document, "seen", json_string(seen));
	return json_format(document);
}

static void unseen_clear(gpointer data)
{
	mail_item_free(((Unseen *)data)->item);
}

/* Splits what is there: hashes of what was seen before go to @still, the rest comes back. */
static GArray *collect_unseen(const MaildirFolder *folder, const char *mailbox, GHashTable *entries,
                              GArray *seen, GArray *still)
{
	GArray *unseen = g_array_new(FALSE, FALSE, sizeof(Unseen));
	g_array_set_clear_func(unseen, unseen_clear);
	GHashTableIter iter;
	gpointer value;
	g_hash_table_iter_init(&iter, entries);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const MaildirEntry *entry = value;
		guint64 hash = hash_of(entry->uid);
		struct stat status;
		if (seen && g_array_binary_search(seen, &hash, compare_hashes, NULL)) {
			g_array_append_val(still, hash);
		} else if (maildir_entry_stat(folder, entry, &status)) {
			/* one renamed just now is listed next time: it is not in the cursor yet */
			Unseen one = {maildir_item_new(mailbox, folder, entry, &status), hash};
			g_array_append_val(unseen, one);
		}
	}
	g_array_sort(unseen, compare_unseen);
	return unseen;
}

static MailListing *maildir_list_new(MailServer *server, const char *mailbox, const char *name,
                                     const char *cursor, gint64 deadline, GError **error)
{
	g_autoptr(MaildirFolder) folder =
		maildir_reach((Maildir *)server, mailbox, name, FALSE, error);
	g_autoptr(GHashTable) entries = folder ? maildir_folder_scan(folder, error) : NULL;
	if (!entries)
		return NULL;
	g_autoptr(GArray) seen = cursor ? cursor_parse(cursor) : NULL;
	g_autoptr(GArray) still = g_array_new(FALSE, FALSE, sizeof(guint64));
	g_autoptr(GArray) unseen = collect_unseen(folder, mailbox, entries, seen, still);
	MailListing *listing = g_new0(MailListing, 1);
	listing->items = g_ptr_array_new_with_free_func((GDestroyNotify)mail_item_free);
	listing->restarted = cursor && !seen;
	listing->more = unseen->len > LIMIT_LIST_NEW;
	for (guint i = 0; i < MIN(unseen->len, LIMIT_LIST_NEW); i++) {
		Unseen *one = &g_array_index(unseen, Unseen, i);
		g_ptr_array_add(listing->items, g_steal_pointer(&one->item));
		g_array_append_val(still, one->hash);
	}
	listing->cursor = cursor_format(still);
	return listing;
}

/* Changing */

/* After the rename or unlink: the change has happened, so trouble here leaves it unknown whether it
 * would survive a crash. */
static gboolean sync_directory(int directory, GError **error)
{
	if (fsync(directory) == 0)
		return TRUE;
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_UNKNOWN_OUTCOME,
	            "the change was made, but it is not known to be on disk: %s",
	            g_strerror(errno));
	return FALSE;
}

static gboolean write_all(int fd, GBytes *message)
{
	gsize left;
	const char *octets = g_bytes_get_data(message, &left);
	while (left > 0) {
		ssize_t written = write(fd, octets, left);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return FALSE;
		octets += written;
		left -= (gsize)written;
	}
	return TRUE;
}

/* Writes and syncs tmp/@name: owner and mode as the folder's, received date as mtime. */
static gboolean write_tmp(const MaildirFolder *folder, const char *name, GBytes *message,
                          gint64 received_at)
{
	struct stat like;
	g_auto(AutoFd) fd = openat(folder->tmp, name,
	                           O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || fstat(folder->directory, &like) != 0 || !write_all(fd, message) ||
	    fchmod(fd, like.st_mode & 0666) != 0)
		return FALSE;
	if (geteuid() == 0 && fchown(fd, like.st_uid, like.st_gid) != 0)
		return FALSE;
	struct timespec time = {.tv_sec = received_at / CLOCK_SECOND,
	                        .tv_nsec = received_at % CLOCK_SECOND * 1000};
	struct timespec times[2] = {time, time};
	return (received_at == 0 || futimens(fd, times) == 0) && fsync(fd) == 0;
}

static MailRef *maildir_put(MailServer *server, const char *mailbox, const char *name,
                            GBytes *message, char **flags, gint64 received_at, gint64 deadline,
                            GError **error)
{
	g_autoptr(MaildirFolder) folder =
		maildir_reach((Maildir *)server, mailbox, name, TRUE, error);
	if (!folder)
		return NULL;
	g_autofree char *uid = maildir_name_new((gint64)g_bytes_get_size(message));
	g_autofree char *info = maildir_flags_format(folder, flags);
	g_autofree char *file = g_strconcat(uid, info, NULL);
	if (!write_tmp(folder, uid, message, received_at) ||
	    renameat(folder->tmp, uid, folder->cur, file) != 0) {
		maildir_set_errno(error, errno, "cannot write a message into the folder", name);
		unlinkat(folder->tmp, uid, 0);
		return NULL;
	}
	if (!sync_directory(folder->cur, error) || !sync_directory(folder->tmp, error))
		return NULL;
	return mail_ref_new(mailbox, folder->name, MAILDIR_EPOCH, uid);
}

/* Renames one message into another folder under a new name, so that no other program takes it for
 * an old one that came back. *@uid (out) that name. A rename by somebody else in between is
 * followed; but it may also be the folder that is not there any more. */
static gboolean rename_into(const MaildirFolder *from, const MailRef *ref, const MaildirFolder *to,
                            char **uid, GError **error)
{
	g_autoptr(GHashTable) entries = NULL;
	for (guint i = 0; i < MOVES_MOST; i++) {
		const MaildirEntry *entry;
		g_auto(AutoFd) fd = maildir_message_open(from, ref->uid, &entries, &entry, error);
		struct stat status;
		if (fd < 0)
			return FALSE;
		g_free(*uid);
		*uid = maildir_name_new(fstat(fd, &status) == 0 ? status.st_size : 0);
		g_auto(GStrv) flags = maildir_flags_parse(from, entry->file);
		g_autofree char *info = maildir_flags_format(to, flags);
		g_autofree char *file = g_strconcat(*uid, info, NULL);
		int directory = maildir_entry_directory(from, entry);
		if (renameat(directory, entry->file, to->cur, file) == 0)
			return sync_directory(to->cur, error) && sync_directory(directory, error);
		if (errno == ENOENT)
			continue;
		maildir_set_errno(error, errno, "cannot move the message", ref->uid);
		return FALSE;
	}
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_BUSY,
	            "the message, or the folder '%s', is being moved about", to->name);
	return FALSE;
}

static MailRef *maildir_move(MailServer *server, const MailRef *ref, const char *name,
                             gint64 deadline, GError **error)
{
	Maildir *maildir = (Maildir *)server;
	g_autoptr(MaildirFolder) from =
		maildir_reach(maildir, ref->mailbox, ref->folder, FALSE, error);
	if (!from)
		return NULL;
	/* first look: a folder is not made for a message that is gone */
	g_autoptr(MailItem) item = maildir_stat(server, ref, deadline, error);
	g_autoptr(MaildirFolder) to =
		item ? maildir_reach(maildir, ref->mailbox, name, TRUE, error) : NULL;
	if (!to)
		return NULL;
	if (strcmp(from->name, to->name) == 0)
		return mail_ref_copy(ref);
	g_autofree char *uid = NULL;
	if (!rename_into(from, ref, to, &uid, error))
		return NULL;
	return mail_ref_new(ref->mailbox, to->name, MAILDIR_EPOCH, uid);
}

/* Unlinks until a scan no longer shows it: it may be renamed meanwhile, and for an instant stand in
 * new/ and cur/ at once. */
static gboolean maildir_remove(MailServer *server, const MailRef *ref, gint64 deadline,
                               GError **error)
{
	g_autoptr(MaildirFolder) folder =
		maildir_reach((Maildir *)server, ref->mailbox, ref->folder, FALSE, error);
	if (!folder || !check_epoch(ref, error))
		return FALSE;
	while (deadline_check(deadline, error)) {
		g_autoptr(GHashTable) entries = maildir_folder_scan(folder, error);
		if (!entries)
			return FALSE;
		const MaildirEntry *entry = g_hash_table_lookup(entries, ref->uid);
		if (!entry)
			return TRUE;
		int directory = maildir_entry_directory(folder, entry);
		if (unlinkat(directory, entry->file, 0) == 0) {
			if (!sync_directory(directory, error))
				return FALSE;
		} else if (errno != ENOENT) {
			maildir_set_errno(error, errno, "cannot remove the message", ref->uid);
			return FALSE;
		}
	}
	return FALSE;
}

/* Marks */

static char *maildir_mark(MailServer *server, const char *mailbox, const char *name,
                          gint64 deadline, GError **error)
{
	g_autoptr(MaildirFolder) folder =
		maildir_reach((Maildir *)server, mailbox, name, TRUE, error);
	return folder ? g_strdup_printf("%" G_GINT64_FORMAT, maildir_tick()) : NULL;
}

/* What Trawl wrote has the tick of its making in the name. What others wrote is judged by the time
 * of its last change, which is when it came or a little later. */
static gboolean is_after(const char *uid, const struct stat *status, gint64 mark)
{
	gint64 tick = maildir_name_tick(uid);
	return tick ? tick > mark : status->st_ctim.tv_sec >= mark / CLOCK_SECOND;
}

static GPtrArray *maildir_since(MailServer *server, const char *mailbox, const char *name,
                                const char *mark, gint64 deadline, GError **error)
{
	g_autoptr(MaildirFolder) folder =
		maildir_reach((Maildir *)server, mailbox, name, FALSE, error);
	g_autoptr(GHashTable) entries = folder ? maildir_folder_scan(folder, error) : NULL;
	if (!entries)
		return NULL;
	gint64 tick = g_ascii_strtoll(mark, NULL, 10);
	GPtrArray *items = g_ptr_array_new_with_free_func((GDestroyNotify)mail_item_free);
	GHashTableIter iter;
	gpointer value;
	g_hash_table_iter_init(&iter, entries);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const MaildirEntry *entry = value;
		struct stat status;
		if (maildir_entry_stat(folder, entry, &status) &&
		    is_after(entry->uid, &status, tick))
			g_ptr_array_add(items, maildir_item_new(mailbox, folder, entry, &status));
	}
	return items;
}

/* Waiting */

static gboolean watch_directory(int inotify, int directory)
{
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", directory);
	return directory < 0 ||
	       inotify_add_watch(inotify, path,
	                         IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE) >= 0;
}

/* When its directories last changed. */
static char *folder_state(const MaildirFolder *folder)
{
	struct stat fresh = {0}, cur = {0};
	if (folder->fresh >= 0 && fstat(folder->fresh, &fresh) != 0)
		fresh.st_mtim.tv_sec = 0;
	if (fstat(folder->cur, &cur) != 0)
		cur.st_mtim.tv_sec = 0;
	return g_strdup_printf("%ld.%ld %ld.%ld", (long)fresh.st_mtim.tv_sec, fresh.st_mtim.tv_nsec,
	                       (long)cur.st_mtim.tv_sec, cur.st_mtim.tv_nsec);
}

static gboolean maildir_wait(MailServer *server, const char *mailbox, const char *name,
                             gint64 deadline, gboolean *changed, GError **error)
{
	g_autoptr(MaildirFolder) folder =
		maildir_reach((Maildir *)server, mailbox, name, FALSE, error);
	if (!folder)
		return FALSE;
	g_auto(AutoFd) inotify = inotify_init1(IN_CLOEXEC);
	if (inotify < 0 || !watch_directory(inotify, folder->fresh) ||
	    !watch_directory(inotify, folder->cur)) {
		maildir_set_errno(error, errno, "cannot watch the folder", name);
		return FALSE;
	}
	/* the state is taken after the watch was set: what comes from now on wakes us */
	g_autofree char *state = folder_state(folder);
	*changed = wait_memory_is_news(((Maildir *)server)->memory, mailbox, folder->name, state);
	if (*changed)
		return TRUE;
	struct pollfd ready = {.fd = inotify, .events = POLLIN};
	*changed = poll(&ready, 1, deadline_left_ms(deadline)) > 0;
	return TRUE;
}

static const char *const config_members[] = {"path", "quarantine_mailbox", "quarantine_folder",
                                             "domains", NULL};
static const char *const secret_members[] = {NULL};

const MailServerKind maildir_server_kind = {
	.name = "maildir",
	.title = "Maildir",
	.config = config_members,
	.secret = secret_members,
	.validate = maildir_validate,
	.open = maildir_open,
	.close = maildir_close,
	.check = maildir_check,
	.folders = maildir_folders,
	.list_new = maildir_list_new,
	.fetch = maildir_fetch,
	.find = maildir_find,
	.find_similar = maildir_find_similar,
	.stat = maildir_stat,
	.move = maildir_move,
	.put = maildir_put,
	.mark = maildir_mark,
	.since = maildir_since,
	.remove = maildir_remove,
	.wait = maildir_wait,
};
