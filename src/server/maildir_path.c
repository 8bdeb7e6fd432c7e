/* From an address and a folder's name to directories.
 *
 * The users own what is below the first % of the pattern, and Trawl may run with more rights than
 * they have: so from there on every component is opened by itself and no symbolic link is followed.
 * Folder names map to directories one to one, also those that are not valid modified UTF-7: a
 * message in a folder with a strange name must still be found. */
#include "server/maildir_path.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "server/server.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

void maildir_set_errno(GError **error, int code, const char *doing, const char *name)
{
	static const struct {
		int code;
		TrawlError remedy;
	} remedies[] = {
		{EACCES, TRAWL_ERROR_DENIED},        {EPERM, TRAWL_ERROR_DENIED},
		{ELOOP, TRAWL_ERROR_DENIED},         {EROFS, TRAWL_ERROR_DENIED},
		{ENOSPC, TRAWL_ERROR_STORAGE},       {EDQUOT, TRAWL_ERROR_STORAGE},
		{EIO, TRAWL_ERROR_STORAGE},          {EMFILE, TRAWL_ERROR_BUSY},
		{ENFILE, TRAWL_ERROR_BUSY},          {ENOMEM, TRAWL_ERROR_BUSY},
		{ESTALE, TRAWL_ERROR_UNREACHABLE},   {EHOSTDOWN, TRAWL_ERROR_UNREACHABLE},
		{ENETDOWN, TRAWL_ERROR_UNREACHABLE}, {ENOTCONN, TRAWL_ERROR_UNREACHABLE},
		{ETIMEDOUT, TRAWL_ERROR_TIMEOUT},    {ENAMETOOLONG, TRAWL_ERROR_INVALID},
	};
	TrawlError remedy = TRAWL_ERROR_REMOTE;
	for (guint i = 0; i < G_N_ELEMENTS(remedies); i++)
		if (remedies[i].code == code)
			remedy = remedies[i].remedy;
	g_set_error(error, TRAWL_ERROR, (gint)remedy, "%s '%s': %s", doing, name, g_strerror(code));
}

/* readdir(3) tells an error from the end only by errno. */
static gboolean read_names(DIR *stream, GPtrArray *names)
{
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(stream);
		if (!entry)
			return errno == 0;
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			g_ptr_array_add(names, g_strdup(entry->d_name));
	}
}

GPtrArray *maildir_read_directory(int at, const char *name, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	if (!stream && errno == ENOENT)
		return g_steal_pointer(&names);
	gboolean read = stream && read_names(stream, names);
	if (!read)
		maildir_set_errno(error, errno, "cannot list the directory", name);
	if (stream)
		closedir(stream);
	return read ? g_steal_pointer(&names) : NULL;
}

gboolean maildir_pattern_check(const char *pattern, GError **error)
{
	const char *problem = NULL;
	gboolean names_user = FALSE;
	for (const char *p = strchr(pattern, '%'); p && !problem; p = strchr(p, '%')) {
		names_user = names_user || p[1] == 'u' || p[1] == 'n';
		if (!p[1] || !strchr("und%", p[1]))
			problem = "only %u, %n, %d and %% in it";
		else
			p += 2;
	}
	if (*pattern != '/')
		problem = "an absolute path";
	else if (!problem && !names_user)
		problem = "%u (the address) or %n (its local part) in it";
	else if (strstr(pattern, "/../") || g_str_has_suffix(pattern, "/.."))
		problem = "no \"..\" in it";
	if (!problem)
		return TRUE;
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
	            "\"path\": expected a pattern such as /srv/mail/%%d/%%n/Maildir: %s", problem);
	return FALSE;
}

char *maildir_pattern_root(const char *pattern)
{
	const char *percent = strchrnul(pattern, '%');
	const char *slash = percent;
	while (slash > pattern + 1 && *slash != '/')
		slash--;
	return g_strndup(pattern, (gsize)(slash - pattern));
}

/* One component of the pattern with the address in it. */
static char *expand(const char *component, const char *address)
{
	const char *domain = text_address_domain(address);
	g_autofree char *local = g_strndup(address, (gsize)(domain - address - 1));
	GString *name = g_string_new(NULL);
	for (const char *p = component; *p; p++) {
		if (*p != '%')
			g_string_append_c(name, *p);
		else if (*++p == '%')
			g_string_append_c(name, '%');
		else
			g_string_append(name, *p == 'u' ? address : *p == 'n' ? local : domain);
	}
	return g_string_free(name, FALSE);
}

/* What an address puts into a path must be a plain name: no separator, no "..", nothing hidden. */
static gboolean is_plain(const char *address)
{
	const char *domain = text_address_domain(address);
	return domain && !strchr(address, '/') && *address != '.' && *domain != '.' &&
	       strlen(address) <= NAME_MAX;
}

static gboolean is_symlink(int at, const char *name)
{
	struct stat status;
	return fstatat(at, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode);
}

static gboolean is_empty(int directory)
{
	g_autoptr(GPtrArray) names = maildir_read_directory(directory, ".", NULL);
	return names && names->len == 0;
}

/* Opens what is below the fixed part of the pattern, component by component. */
static int open_below(int root, const char *rest, const char *address, GError **error)
{
	g_auto(GStrv) components = g_strsplit(rest, "/", -1);
	g_auto(AutoFd) at = fcntl(root, F_DUPFD_CLOEXEC, 0);
	for (char **component = components; *component; component++) {
		if (!**component)
			continue;
		g_autofree char *name = expand(*component, address);
		int next = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		int code = errno;
		if (next < 0 && is_symlink(at, name)) {
			g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_DENIED,
			            "'%s' in the path of %s is a symbolic link; below the first %% "
			            "of the path Trawl follows none",
			            name, address);
			return -1;
		}
		if (next < 0 && (code == ENOENT || code == ENOTDIR))
			mail_server_set_missing(error, MISSING_MAILBOX, address);
		else if (next < 0)
			maildir_set_errno(error, code, "cannot open the mailbox", address);
		if (next < 0)
			return -1;
		fd_close(at);
		at = next;
	}
	return fd_steal(&at);
}

int maildir_open_mailbox(const char *pattern, const char *mailbox, GError **error)
{
	g_autofree char *address = text_address(mailbox);
	if (!address || !is_plain(address)) {
		mail_server_set_missing(error, MISSING_MAILBOX, mailbox);
		return -1;
	}
	g_autofree char *root_path = maildir_pattern_root(pattern);
	g_auto(AutoFd) root = open(root_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 && errno == ENOENT)
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_UNREACHABLE,
		            "'%s' is not there: is the file system mounted?", root_path);
	else if (root < 0)
		maildir_set_errno(error, errno, "cannot open", root_path);
	if (root < 0)
		return -1;
	g_autoptr(GError) problem = NULL;
	g_auto(AutoFd) found = open_below(root, pattern + strlen(root_path), address, &problem);
	struct stat status;
	if (found >= 0 && fstatat(found, "cur", &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(status.st_mode))
		return fd_steal(&found);
	if (is_empty(root))
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_UNREACHABLE,
		            "'%s' is empty: is the file system mounted?", root_path);
	else if (problem)
		g_propagate_error(error, g_steal_pointer(&problem));
	else
		mail_server_set_missing(error, MISSING_MAILBOX, address);
	return -1;
}

/* ".Sub.Folder": every component has a name, so it is neither "." nor ".." nor leads elsewhere. */
static gboolean is_folder_directory(const char *directory)
{
	return directory && directory[0] == '.' && directory[1] && !strchr(directory, '/') &&
	       !strstr(directory, "..") && !g_str_has_suffix(directory, ".") &&
	       strlen(directory) <= NAME_MAX;
}

static gboolean is_inbox(const char *folder)
{
	return g_ascii_strcasecmp(folder, MAILDIR_INBOX) == 0;
}

/* The directory a name stands for by the rules: "Entwürfe/Alt" is ".Entw&APw-rfe.Alt". */
static char *encode(const char *folder)
{
	if (!*folder || strchr(folder, '.') || !g_utf8_validate(folder, -1, NULL))
		return NULL;
	for (const char *p = folder; *p; p++)
		if (g_ascii_iscntrl(*p))
			return NULL;
	g_autofree char *dotted = g_strdelimit(g_strdup(folder), "/", '.');
	g_autofree char *ascii = g_convert(dotted, -1, "UTF-7-IMAP", "UTF-8", NULL, NULL, NULL);
	g_autofree char *directory = ascii ? g_strconcat(".", ascii, NULL) : NULL;
	return is_folder_directory(directory) ? g_steal_pointer(&directory) : NULL;
}

static gboolean exists(int mailbox, const char *directory)
{
	struct stat status;
	return is_folder_directory(directory) &&
	       fstatat(mailbox, directory, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(status.st_mode);
}

/* A name that is not modified UTF-7 on disk is shown as it is there, or with octal escapes. */
static char *find_unusual(int mailbox, const char *folder)
{
	g_autofree char *dotted = g_strdelimit(g_strdup(folder), "/", '.');
	g_autofree char *raw = g_strconcat(".", dotted, NULL);
	if (exists(mailbox, raw))
		return g_steal_pointer(&raw);
	g_autofree char *octets = g_strcompress(dotted);
	g_autofree char *escaped = g_strconcat(".", octets, NULL);
	return exists(mailbox, escaped) ? g_steal_pointer(&escaped) : NULL;
}

char *maildir_folder_directory(int mailbox, const char *folder, GError **error)
{
	if (is_inbox(folder))
		return g_strdup(".");
	g_autofree char *usual = encode(folder);
	if (usual && exists(mailbox, usual))
		return g_steal_pointer(&usual);
	g_autofree char *unusual = find_unusual(mailbox, folder);
	if (unusual)
		return g_steal_pointer(&unusual);
	if (usual)
		return g_steal_pointer(&usual);
	mail_server_set_missing(error, MISSING_FOLDER, folder);
	return NULL;
}

/* The first way of writing the name that leads back to this directory. The last one always does. */
static char *display_name(int mailbox, const char *directory)
{
	const char *name = directory + 1;
	g_autofree char *decoded = g_convert(name, -1, "UTF-8", "UTF-7-IMAP", NULL, NULL, NULL);
	g_autofree char *rest = g_strescape(name + 1, NULL);
	g_autofree char *escaped = g_strdup_printf("\\%03o%s", (guchar)name[0], rest);
	const char *ways[] = {decoded, name, escaped};
	for (guint i = 0; i < G_N_ELEMENTS(ways); i++) {
		if (!ways[i] || !g_utf8_validate(ways[i], -1, NULL) || is_inbox(ways[i]))
			continue;
		g_autofree char *shown = g_strdelimit(g_strdup(ways[i]), ".", '/');
		g_autofree char *back = maildir_folder_directory(mailbox, shown, NULL);
		if (g_strcmp0(back, directory) == 0)
			return g_steal_pointer(&shown);
	}
	return NULL;
}

static gboolean has_messages_directory(int mailbox, const char *directory)
{
	struct stat status;
	g_autofree char *cur = g_build_filename(directory, "cur", NULL);
	return exists(mailbox, directory) &&
	       fstatat(mailbox, cur, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

static int compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

GPtrArray *maildir_folder_list(int mailbox, GError **error)
{
	g_autoptr(GPtrArray) entries = maildir_read_directory(mailbox, ".", error);
	if (!entries)
		return NULL;
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < entries->len; i++) {
		if (!has_messages_directory(mailbox, entries->pdata[i]))
			continue;
		char *name = display_name(mailbox, entries->pdata[i]);
		g_ptr_array_add(names, name ? name : g_strdup(entries->pdata[i]));
	}
	if (names->len >= LIMIT_FOLDERS) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_LIMIT,
		            "the mailbox has more than %d folders", LIMIT_FOLDERS);
		return NULL;
	}
	g_ptr_array_sort(names, compare_names);
	g_ptr_array_insert(names, 0, g_strdup(MAILDIR_INBOX));
	return g_steal_pointer(&names);
}
