/* Searches Maildirs: every message of every folder is looked at, headers only.
 *
 * A mass quarantine asks the same mailboxes again and again, so the Message-ID of each file is
 * remembered. The memory only ever says "not this one": a hit is read again before it counts. */
#include "server/maildir_private.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "server/header.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define CACHE_GENERATION 100000 /* files in each of the two generations; about 60 bytes each */
#define HEADER_CHUNK     8192   /* bytes read at a time; most header blocks fit */
#define SEVERAL_IDS      0      /* hash of a message with more than one Message-ID: always read */

/* The memory: two generations. When the young one is full it becomes the old one, and the old one
 * is dropped; what is used moves to the young one. */

typedef struct {
	guint64 name[2]; /* of the file: directory, base name, size, time */
	guint64 id;      /* of its Message-ID */
} CacheRow;

struct HeaderCache {
	GMutex lock;
	GHashTable *young, *old; /* of CacheRow */
};

static guint row_hash(gconstpointer row)
{
	return (guint)((const CacheRow *)row)->name[0];
}

static gboolean row_equal(gconstpointer a, gconstpointer b)
{
	return memcmp(((const CacheRow *)a)->name, ((const CacheRow *)b)->name,
	              sizeof(guint64[2])) == 0;
}

static GHashTable *generation_new(void)
{
	return g_hash_table_new_full(row_hash, row_equal, g_free, NULL);
}

HeaderCache *header_cache_new(void)
{
	HeaderCache *cache = g_new0(HeaderCache, 1);
	g_mutex_init(&cache->lock);
	cache->young = generation_new();
	cache->old = generation_new();
	return cache;
}

void header_cache_free(HeaderCache *cache)
{
	g_hash_table_unref(cache->young);
	g_hash_table_unref(cache->old);
	g_mutex_clear(&cache->lock);
	g_free(cache);
}

static void cache_put(HeaderCache *cache, const CacheRow *row)
{
	g_mutex_lock(&cache->lock);
	if (g_hash_table_size(cache->young) >= CACHE_GENERATION) {
		g_hash_table_unref(cache->old);
		cache->old = cache->young;
		cache->young = generation_new();
	}
	g_hash_table_add(cache->young, g_memdup2(row, sizeof *row));
	g_mutex_unlock(&cache->lock);
}

static gboolean cache_get(HeaderCache *cache, CacheRow *row)
{
	g_mutex_lock(&cache->lock);
	const CacheRow *young = g_hash_table_lookup(cache->young, row);
	const CacheRow *old = young ? NULL : g_hash_table_lookup(cache->old, row);
	if (young || old)
		row->id = (young ? young : old)->id;
	g_mutex_unlock(&cache->lock);
	if (old)
		cache_put(cache, row);
	return young || old;
}

static void digest(GChecksum *checksum, void *result, gsize size)
{
	guint8 octets[32];
	gsize length = sizeof octets;
	g_checksum_get_digest(checksum, octets, &length);
	memcpy(result, octets, size);
}

static guint64 id_hash(const char *message_id)
{
	guint64 hash;
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
	g_checksum_update(checksum, (const guchar *)message_id, -1);
	digest(checksum, &hash, sizeof hash);
	return hash == SEVERAL_IDS ? 1 : hash;
}

static CacheRow row_of(const struct stat *status, const char *uid)
{
	const gint64 facts[] = {(gint64)status->st_dev, (gint64)status->st_ino, status->st_size,
	                        status->st_mtim.tv_sec, status->st_mtim.tv_nsec};
	CacheRow row;
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
	g_checksum_update(checksum, (const guchar *)facts, sizeof facts);
	g_checksum_update(checksum, (const guchar *)uid, -1);
	digest(checksum, row.name, sizeof row.name);
	row.id = SEVERAL_IDS;
	return row;
}

/* Reading headers */

/* The header block of a file, or as much of it as the limit allows. */
static GByteArray *read_header(int fd, const char *uid, GError **error)
{
	g_autoptr(GByteArray) block = g_byte_array_new();
	while (block->len < LIMIT_HEADER_BLOCK) {
		guint have = block->len;
		g_byte_array_set_size(block, have + HEADER_CHUNK);
		ssize_t got;
		do
			got = read(fd, block->data + have, HEADER_CHUNK);
		while (got < 0 && errno == EINTR);
		if (got < 0) {
			maildir_set_errno(error, errno, "cannot read the message", uid);
			return NULL;
		}
		g_byte_array_set_size(block, have + (guint)got);
		gsize length = header_block_length((const char *)block->data, block->len);
		if (length)
			g_byte_array_set_size(block, (guint)length);
		if (length || got == 0)
			break;
	}
	if (!maildir_check_plain((const char *)block->data, block->len, uid, error))
		return NULL;
	return g_steal_pointer(&block);
}

static guint64 header_id(GByteArray *header)
{
	g_autoptr(GPtrArray) values =
		header_values((const char *)header->data, header->len, "Message-ID");
	if (values->len > 1)
		return SEVERAL_IDS;
	gsize length = 0;
	const void *value = values->len ? g_bytes_get_data(values->pdata[0], &length) : NULL;
	g_autofree char *id = text_message_id(value, length);
	return id_hash(id);
}

/* Searching */

typedef struct {
	Maildir *maildir;
	const char *mailbox;
	const MaildirFolder *folder;
	GHashTable *entries; /* of the folder */
	GPtrArray **found;   /* of MailItem: one array for each Message-ID, or one */
	char **message_ids;  /* or NULL: by the rest */
	GHashTable *hashes;  /* of guint64: their hashes */
	const char *sender, *subject;
	gint64 from, to;
} Search;

static void add_found(const Search *search, guint i, const MaildirEntry *entry,
                      const struct stat *status)
{
	g_ptr_array_add(search->found[i],
	                maildir_item_new(search->mailbox, search->folder, entry, status));
}

static void add_matches(const Search *search, GByteArray *header, const MaildirEntry *entry,
                        const struct stat *status)
{
	const char *octets = (const char *)header->data;
	for (guint i = 0; search->message_ids && search->message_ids[i]; i++)
		if (header_has_message_id(octets, header->len, search->message_ids[i]))
			add_found(search, i, entry, status);
	if (!search->message_ids &&
	    header_is_similar(octets, header->len, search->sender, search->subject))
		add_found(search, 0, entry, status);
}

/* FALSE when a look at the file is not needed. */
static gboolean may_match(const Search *search, const struct stat *status, const char *uid)
{
	if (!search->message_ids) {
		gint64 received =
			status->st_mtim.tv_sec * CLOCK_SECOND + status->st_mtim.tv_nsec / 1000;
		return received >= search->from && received <= search->to;
	}
	CacheRow row = row_of(status, uid);
	return !cache_get(search->maildir->cache, &row) || row.id == SEVERAL_IDS ||
	       g_hash_table_contains(search->hashes, &row.id);
}

/* Looks at one message; the scan said it is there, but it may be renamed or gone by now. */
static gboolean search_message(Search *search, const char *uid, GError **error)
{
	const MaildirEntry *entry = g_hash_table_lookup(search->entries, uid);
	struct stat status;
	if (entry && maildir_entry_stat(search->folder, entry, &status) &&
	    !may_match(search, &status, uid))
		return TRUE;
	/* its own table: a new scan must not pull this one from under the caller's feet */
	g_autoptr(GHashTable) entries = g_hash_table_ref(search->entries);
	g_autoptr(GError) problem = NULL;
	g_auto(AutoFd) fd = maildir_message_open(search->folder, uid, &entries, &entry, &problem);
	if (fd < 0 && g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND))
		return TRUE;
	g_autoptr(GByteArray) header = fd < 0 ? NULL : read_header(fd, uid, &problem);
	if (!header || fstat(fd, &status) != 0) {
		if (problem)
			g_propagate_error(error, g_steal_pointer(&problem));
		else
			maildir_set_errno(error, errno, "cannot look at the message", uid);
		return FALSE;
	}
	CacheRow row = row_of(&status, uid);
	row.id = header_id(header);
	cache_put(search->maildir->cache, &row);
	add_matches(search, header, entry, &status);
	return TRUE;
}

static gboolean search_folder(Search *search, int root, const char *name, gint64 deadline,
                              GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(MaildirFolder) folder = maildir_folder_open(root, name, FALSE, &problem);
	if (!folder && g_error_matches(problem, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND))
		return TRUE; /* its user has just deleted it */
	g_autoptr(GHashTable) entries = folder ? maildir_folder_scan(folder, &problem) : NULL;
	if (!entries) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	search->folder = folder;
	search->entries = entries;
	GHashTableIter iter;
	gpointer uid;
	g_hash_table_iter_init(&iter, entries);
	while (g_hash_table_iter_next(&iter, &uid, NULL))
		if (!deadline_check(deadline, error) || !search_message(search, uid, error))
			return FALSE;
	return TRUE;
}

static gboolean search_mailbox(Search *search, gint64 deadline, GError **error)
{
	g_auto(AutoFd) root =
		maildir_open_mailbox(search->maildir->pattern, search->mailbox, error);
	g_autoptr(GPtrArray) names = root < 0 ? NULL : maildir_folder_list(root, error);
	if (!names)
		return FALSE;
	for (guint i = 0; i < names->len; i++) {
		if (search_folder(search, root, names->pdata[i], deadline, error))
			continue;
		g_prefix_error(error, "folder '%s': ", (char *)names->pdata[i]);
		return FALSE;
	}
	return TRUE;
}

gboolean maildir_find(MailServer *server, const char *mailbox, GPtrArray *message_ids,
                      GPtrArray *found, gint64 deadline, GError **error)
{
	g_auto(GStrv) ids = g_new0(char *, message_ids->len + 1);
	g_autoptr(GHashTable) hashes =
		g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	for (guint i = 0; i < message_ids->len; i++) {
		const char *message_id = message_ids->pdata[i];
		ids[i] = text_message_id(message_id, strlen(message_id));
		guint64 hash = id_hash(ids[i]);
		g_hash_table_add(hashes, g_memdup2(&hash, sizeof hash));
	}
	Search search = {.maildir = (Maildir *)server,
	                 .mailbox = mailbox,
	                 .message_ids = ids,
	                 .hashes = hashes,
	                 .found = (GPtrArray **)found->pdata};
	return search_mailbox(&search, deadline, error);
}

GPtrArray *maildir_find_similar(MailServer *server, const char *mailbox, const char *sender,
                                const char *subject, gint64 from, gint64 to, gint64 deadline,
                                GError **error)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify)mail_item_free);
	Search search = {.maildir = (Maildir *)server,
	                 .mailbox = mailbox,
	                 .found = &found,
	                 .sender = sender,
	                 .subject = subject,
	                 .from = from,
	                 .to = to};
	return search_mailbox(&search, deadline, error) ? g_steal_pointer(&found) : NULL;
}
