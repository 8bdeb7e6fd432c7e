/* A folder of a Maildir: what is in it and what file names mean.
 *
 * A message is known by the part of its name before the colon, which is unique for ever; the rest
 * (flags) and the directory (new or cur) change under our hands at any time. */
#include "server/maildir_folder.h"

#include "base/clock.h"
#include "base/error.h"
#include "server/maildir_path.h"
#include "server/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SCANS_MOST     5                          /* of a directory that does not hold still */
#define SCAN_GRANULE   (20 * CLOCK_SECOND / 1000) /* of the kernel's file times, and then some */
#define RENAMES_MOST   20                         /* followed in a row before giving up */
#define KEYWORDS_MOST  26                         /* letters a to z */
#define KEYWORDS_FILE  "dovecot-keywords"
#define LETTER_KEYWORD "$Maildir-" /* + the letter */

/* Making */

/* New directories belong to whom the Maildir belongs, also when root makes them. */
static gboolean make_directory(int at, const char *name, const struct stat *like, GError **error)
{
	if (mkdirat(at, name, 0700) != 0) {
		if (errno == EEXIST)
			return TRUE;
		maildir_set_errno(error, errno, "cannot make the directory", name);
		return FALSE;
	}
	g_auto(AutoFd) fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, like->st_mode & 07777) != 0 ||
	    (geteuid() == 0 && fchown(fd, like->st_uid, like->st_gid) != 0) || fsync(fd) != 0 ||
	    fsync(at) != 0) {
		maildir_set_errno(error, errno, "cannot make the directory", name);
		return FALSE;
	}
	return TRUE;
}

/* Every step can be repeated: a crash may have left it half made. */
static gboolean make_folder(int mailbox, const char *directory, GError **error)
{
	struct stat like;
	if (fstatat(mailbox, "cur", &like, AT_SYMLINK_NOFOLLOW) != 0) {
		maildir_set_errno(error, errno, "cannot look at the mailbox", "cur");
		return FALSE;
	}
	if (!make_directory(mailbox, directory, &like, error))
		return FALSE;
	g_auto(AutoFd) fd =
		openat(mailbox, directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		maildir_set_errno(error, errno, "cannot open the folder", directory);
		return FALSE;
	}
	if (strcmp(directory, ".") != 0) { /* the marker of Maildir++ */
		g_auto(AutoFd) marker =
			openat(fd, "maildirfolder", O_CREAT | O_WRONLY | O_NOFOLLOW | O_CLOEXEC,
		               like.st_mode & 0666);
		if (marker >= 0 && geteuid() == 0 && fchown(marker, like.st_uid, like.st_gid) != 0)
			g_debug("maildirfolder: %s", g_strerror(errno));
	}
	return make_directory(fd, "tmp", &like, error) && make_directory(fd, "new", &like, error) &&
	       make_directory(fd, "cur", &like, error);
}

/* Opening */

/* Dovecot's file: "0 $Forwarded", one a line; number 0 is the letter a. */
static GPtrArray *read_keywords(int directory)
{
	GPtrArray *keywords = g_ptr_array_new_with_free_func(g_free);
	int fd = openat(directory, KEYWORDS_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	char line[512];
	while (file && fgets(line, sizeof line, file)) {
		char *name = NULL;
		guint64 number = g_ascii_strtoull(line, &name, 10);
		if (name == line || *name != ' ' || number >= KEYWORDS_MOST)
			continue;
		g_strstrip(name);
		if (!*name || !g_str_is_ascii(name))
			continue;
		if (keywords->len <= number)
			g_ptr_array_set_size(keywords, (gint)number + 1);
		g_free(keywords->pdata[number]);
		keywords->pdata[number] = g_strdup(name);
	}
	if (file)
		fclose(file);
	return keywords;
}

static int open_directory(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static MaildirFolder *open_made(int mailbox, const char *directory, const char *name,
                                GError **error)
{
	g_autoptr(MaildirFolder) folder = g_new0(MaildirFolder, 1);
	folder->name = g_strdup(strcmp(directory, ".") == 0 ? MAILDIR_INBOX : name);
	folder->cur = folder->fresh = folder->tmp = -1;
	folder->directory = open_directory(mailbox, directory);
	if (folder->directory >= 0)
		folder->cur = open_directory(folder->directory, "cur");
	if (folder->cur < 0 && (errno == ENOENT || errno == ENOTDIR))
		mail_server_set_missing(error, MISSING_FOLDER, name);
	else if (folder->cur < 0)
		maildir_set_errno(error, errno, "cannot open the folder", name);
	if (folder->cur < 0)
		return NULL;
	folder->fresh = open_directory(folder->directory, "new");
	if (folder->fresh < 0 && errno != ENOENT) {
		maildir_set_errno(error, errno, "cannot open new/ of the folder", name);
		return NULL;
	}
	folder->tmp = open_directory(folder->directory, "tmp");
	folder->keywords = read_keywords(folder->directory);
	return g_steal_pointer(&folder);
}

MaildirFolder *maildir_folder_open(int mailbox, const char *name, gboolean make, GError **error)
{
	g_autofree char *directory = maildir_folder_directory(mailbox, name, error);
	if (!directory)
		return NULL;
	g_autoptr(GError) problem = NULL;
	MaildirFolder *folder = open_made(mailbox, directory, name, &problem);
	gboolean whole = folder && folder->tmp >= 0;
	if (!make || whole) {
		if (problem)
			g_propagate_error(error, g_steal_pointer(&problem));
		return folder;
	}
	g_clear_pointer(&folder, maildir_folder_close);
	if (problem && problem->code != TRAWL_ERROR_NOT_FOUND) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return NULL;
	}
	if (!make_folder(mailbox, directory, error))
		return NULL;
	return open_made(mailbox, directory, name, error);
}

void maildir_folder_close(MaildirFolder *folder)
{
	if (!folder)
		return;
	fd_close(folder->cur);
	fd_close(folder->fresh);
	fd_close(folder->tmp);
	fd_close(folder->directory);
	g_clear_pointer(&folder->keywords, g_ptr_array_unref);
	g_free(folder->name);
	g_free(folder);
}

/* Scanning */

static void entry_free(MaildirEntry *entry)
{
	g_free(entry->uid);
	g_free(entry->file);
	g_free(entry);
}

/* A uid is text; octets that are not get escapes. One to one: only escaped names have backslashes.
 */
static char *uid_of(const char *file)
{
	g_autofree char *base = g_strndup(file, (gsize)(strchrnul(file, ':') - file));
	gboolean plain = g_utf8_validate(base, -1, NULL) && !strchr(base, '\\');
	for (const char *p = base; *p && plain; p++)
		plain = !g_ascii_iscntrl(*p);
	return plain ? g_steal_pointer(&base) : g_strescape(base, NULL);
}

static gboolean scan_directory(int directory, gboolean fresh, GHashTable *entries, GError **error)
{
	if (directory < 0)
		return TRUE;
	g_autoptr(GPtrArray) names = maildir_read_directory(directory, ".", error);
	if (!names)
		return FALSE;
	for (guint i = 0; i < names->len; i++) {
		const char *name = names->pdata[i];
		if (*name == '.' || *name == ':')
			continue;
		MaildirEntry *entry = g_new0(MaildirEntry, 1);
		entry->uid = uid_of(name);
		entry->file = g_strdup(name);
		entry->fresh = fresh;
		g_hash_table_replace(entries, entry->uid, entry);
	}
	return TRUE;
}

static gint64 changed_at(int directory)
{
	struct stat status;
	if (directory < 0 || fstat(directory, &status) != 0)
		return 0;
	return status.st_mtim.tv_sec * CLOCK_SECOND + status.st_mtim.tv_nsec / 1000;
}

GHashTable *maildir_folder_scan(const MaildirFolder *folder, GError **error)
{
	g_autoptr(GHashTable) entries =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)entry_free);
	for (guint scan = 0; scan < SCANS_MOST; scan++) {
		gint64 before = MAX(changed_at(folder->cur), changed_at(folder->fresh));
		gboolean young = scan == 0 && clock_now() - before < SCAN_GRANULE;
		/* new/ first: messages go from there to cur/, never back. */
		if (!scan_directory(folder->fresh, TRUE, entries, error) ||
		    !scan_directory(folder->cur, FALSE, entries, error))
			return NULL;
		gint64 after = MAX(changed_at(folder->cur), changed_at(folder->fresh));
		if (before == after && !young)
			break;
	}
	return g_steal_pointer(&entries);
}

int maildir_entry_directory(const MaildirFolder *folder, const MaildirEntry *entry)
{
	return entry->fresh ? folder->fresh : folder->cur;
}

int maildir_message_open(const MaildirFolder *folder, const char *uid, GHashTable **entries,
                         const MaildirEntry **entry, GError **error)
{
	for (guint i = 0; i < RENAMES_MOST; i++) {
		if (!*entries || i > 0) {
			g_clear_pointer(entries, g_hash_table_unref);
			*entries = maildir_folder_scan(folder, error);
			if (!*entries)
				return -1;
		}
		*entry = g_hash_table_lookup(*entries, uid);
		if (!*entry && i == 0)
			continue;
		if (!*entry)
			break;
		g_auto(AutoFd) fd =
			openat(maildir_entry_directory(folder, *entry), (*entry)->file,
		               O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		struct stat status;
		if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
			return fd_steal(&fd);
		if (fd >= 0 || errno == ELOOP)
			break; /* a symbolic link, a pipe: no message */
		if (errno != ENOENT) {
			maildir_set_errno(error, errno, "cannot open the message", uid);
			return -1;
		}
	}
	mail_server_set_missing(error, MISSING_MESSAGE, uid);
	return -1;
}

/* Flags */

static const struct {
	char letter;
	const char *flag;
} standard_flags[] = {
	{'D', "\\Draft"},    {'F', "\\Flagged"}, {'P', "$Forwarded"},
	{'R', "\\Answered"}, {'S', "\\Seen"},    {'T', "\\Deleted"},
};

static char *flag_of(const MaildirFolder *folder, char letter)
{
	for (guint i = 0; i < G_N_ELEMENTS(standard_flags); i++)
		if (standard_flags[i].letter == letter)
			return g_strdup(standard_flags[i].flag);
	guint number = (guint)(letter - 'a');
	if (g_ascii_islower(letter) && number < folder->keywords->len &&
	    folder->keywords->pdata[number])
		return g_strdup(folder->keywords->pdata[number]);
	return g_strdup_printf(LETTER_KEYWORD "%c", letter);
}

static int compare_flags(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **maildir_flags_parse(const MaildirFolder *folder, const char *file)
{
	const char *info = strstr(file, ":2,");
	g_autoptr(GPtrArray) flags = g_ptr_array_new_with_free_func(g_free);
	for (const char *p = info ? info + 3 : ""; g_ascii_isalpha(*p); p++) {
		g_autofree char *flag = flag_of(folder, *p);
		if (!g_ptr_array_find_with_equal_func(flags, flag, g_str_equal, NULL))
			g_ptr_array_add(flags, g_steal_pointer(&flag));
	}
	g_ptr_array_sort(flags, compare_flags);
	g_ptr_array_add(flags, NULL);
	return (char **)g_ptr_array_steal(flags, NULL);
}

/* The letters that stand for a flag here: usually one, none for an unknown keyword. */
static void add_letters(const MaildirFolder *folder, const char *flag, gboolean letters[128])
{
	for (guint i = 0; i < G_N_ELEMENTS(standard_flags); i++)
		if (g_ascii_strcasecmp(standard_flags[i].flag, flag) == 0)
			letters[(guchar)standard_flags[i].letter] = TRUE;
	for (guint i = 0; i < folder->keywords->len; i++)
		if (folder->keywords->pdata[i] &&
		    g_ascii_strcasecmp(folder->keywords->pdata[i], flag) == 0)
			letters['a' + i] = TRUE;
	gsize prefix = strlen(LETTER_KEYWORD);
	if (g_ascii_strncasecmp(flag, LETTER_KEYWORD, prefix) == 0 &&
	    g_ascii_isalpha(flag[prefix]) && !flag[prefix + 1])
		letters[(guchar)flag[prefix]] = TRUE;
}

char *maildir_flags_format(const MaildirFolder *folder, char **flags)
{
	gboolean letters[128] = {FALSE};
	for (char **flag = flags; flag && *flag; flag++)
		add_letters(folder, *flag, letters);
	GString *info = g_string_new(":2,");
	for (guint letter = 0; letter < G_N_ELEMENTS(letters); letter++)
		if (letters[letter])
			g_string_append_c(info, (char)letter);
	return g_string_free(info, FALSE);
}

/* Names */

gint64 maildir_tick(void)
{
	static GMutex lock;
	static gint64 last;
	g_mutex_lock(&lock);
	last = MAX(clock_now(), last + 1);
	gint64 tick = last;
	g_mutex_unlock(&lock);
	return tick;
}

char *maildir_name_new(gint64 size)
{
	gint64 tick = maildir_tick();
	g_autofree char *host = g_strdelimit(g_strdup(g_get_host_name()), "/:,", '-');
	return g_strdup_printf("%" G_GINT64_FORMAT ".M%" G_GINT64_FORMAT
	                       "P%dTrawl%08x%08x.%s,S=%" G_GINT64_FORMAT,
	                       tick / CLOCK_SECOND, tick % CLOCK_SECOND, (int)getpid(),
	                       g_random_int(), g_random_int(), host, size);
}

gint64 maildir_name_tick(const char *uid)
{
	char *end = NULL;
	gint64 seconds = g_ascii_strtoll(uid, &end, 10);
	if (!g_str_has_prefix(end, ".M"))
		return 0;
	gint64 micros = g_ascii_strtoll(end + 2, &end, 10);
	if (*end != 'P')
		return 0;
	(void)g_ascii_strtoll(end + 1, &end, 10);
	return g_str_has_prefix(end, "Trawl") ? seconds * CLOCK_SECOND + micros : 0;
}
