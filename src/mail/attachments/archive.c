/* What is in an archive, by libarchive, within limits: unpacking is the oldest bomb there is. */
#include "mail/attachments/archive.h"

#include "base/limits.h"
#include "mail/attachments/attachments.h"
#include "mail/attachments/zip_heads.h"
#include "mail/findings/findings.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

static const char *const archive_types[] = {
	"application/zip",
	"application/x-7z-compressed",
	"application/x-rar",
	"application/vnd.rar",
	"application/x-tar",
	"application/gzip",
	"application/x-gzip",
	"application/x-bzip2",
	"application/x-xz",
	"application/x-iso9660-image",
	"application/vnd.ms-cab-compressed",
	"application/x-lzma",
	"application/zstd",
	"application/x-lz4",
	"application/x-cpio",
	"application/x-archive",
	"application/x-lha",
	"application/x-lzh-compressed",
	"application/java-archive",
	"application/vnd.android.package-archive",
};

gboolean archive_is_one(const char *detected)
{
	for (guint i = 0; detected && i < G_N_ELEMENTS(archive_types); i++)
		if (strcmp(archive_types[i], detected) == 0)
			return TRUE;
	return FALSE;
}

/* What people lock samples with so that no gateway opens them. */
static const char *const passwords[] = {"infected", "virus",    "malware",
                                        "abuse",    "phishing", "phish"};

/* @local  a zip is read by the heads of its files, not by its directory */
static struct archive *open_archive(GBytes *bytes, gboolean local)
{
	struct archive *archive = archive_read_new();
	if (local) {
		archive_read_support_format_zip_streamable(archive);
	} else {
		archive_read_support_filter_all(archive);
		archive_read_support_format_all(archive);
		archive_read_support_format_raw(archive); /* a compressed file alone */
	}
	for (guint i = 0; i < G_N_ELEMENTS(passwords); i++)
		archive_read_add_passphrase(archive, passwords[i]);
	gsize size;
	const void *octets = g_bytes_get_data(bytes, &size);
	if (archive_read_open_memory(archive, octets, size) == ARCHIVE_OK)
		return archive;
	archive_read_free(archive);
	return NULL;
}

typedef struct {
	const Message *message;
	GBytes *bytes;
	const char *where;
	gsize packed;
	gsize unpacked;
	guint files;
	json_t *parts; /* of archive_describe() */
	guint depth;
	ArchiveWants wants; /* of archive_walk() */
	ArchiveVisit visit;
	gpointer data;
} Unpacking;

/* What an archive inside another one holds counts for the outermost: ten archives in each of ten
 * in each of ten would otherwise have a thousand times what one may. */
static void begin(Unpacking *run)
{
	Reading *reading = run->message->reading;
	run->packed = g_bytes_get_size(run->bytes);
	if (reading->unpacking++ == 0)
		reading->packed += run->packed;
}

static void end(Unpacking *run)
{
	run->message->reading->unpacking--;
}

static gboolean is_bomb(gsize unpacked, gsize packed, guint ratio)
{
	return unpacked > 1024 * 1024 && unpacked / ratio > packed;
}

/* TRUE when a further @size may be unpacked; else a finding says which limit was hit. */
static gboolean may_unpack(Unpacking *run, gsize size)
{
	Reading *reading = run->message->reading;
	run->unpacked += size;
	reading->unpacked += size;
	if (reading->unpacked > reading->limits.unpacked)
		findings_add(run->message->findings, "limit_unpacked", run->where,
		             "archives hold more than %u bytes; the rest is not read",
		             reading->limits.unpacked);
	else if (is_bomb(run->unpacked, run->packed, reading->limits.unpacked_ratio) ||
	         is_bomb(reading->unpacked, reading->packed, reading->limits.unpacked_ratio))
		findings_add(run->message->findings, "limit_unpacked_ratio", run->where,
		             "an archive holds more than %u times its size; the rest is not read",
		             reading->limits.unpacked_ratio);
	else
		return TRUE;
	return FALSE;
}

/* The content of the present entry; NULL when it cannot be read or is too much. */
static GBytes *read_entry(Unpacking *run, struct archive *archive)
{
	g_autoptr(GByteArray) content = g_byte_array_new();
	char buffer[16384];
	for (;;) {
		la_ssize_t got = archive_read_data(archive, buffer, sizeof buffer);
		if (got == 0)
			return g_byte_array_free_to_bytes(g_steal_pointer(&content));
		if (got < 0 || !may_unpack(run, (gsize)got))
			return NULL;
		g_byte_array_append(content, (const guint8 *)buffer, (guint)got);
	}
}

static void note_encrypted(const Unpacking *run, const char *name)
{
	findings_add(run->message->findings, "archive_encrypted", run->where,
	             "an archive has encrypted files: %.200s", name);
}

/* libarchive converts names to the locale's charset, which is none here. */
static char *entry_name(struct archive_entry *entry)
{
	const char *name = archive_entry_pathname_utf8(entry);
	name = name ? name : archive_entry_pathname(entry);
	return name ? g_utf8_make_valid(name, -1) : NULL;
}

/* "../../evil", "/etc/evil", "C:\\evil": a name that leads out of where it is unpacked. */
static void note_name(const Unpacking *run, const char *name)
{
	g_autofree char *slashes = g_strdelimit(g_strdup(name), "\\", '/');
	if (g_str_has_prefix(slashes, "../") || strstr(slashes, "/../") || *slashes == '/' ||
	    (g_ascii_isalpha(slashes[0]) && slashes[1] == ':'))
		findings_add(run->message->findings, "archive_name_climbs", run->where,
		             "an archive has a file whose name leads out of it: %.200s", name);
}

static json_t *describe_entry(Unpacking *run, struct archive *archive, struct archive_entry *entry)
{
	g_autofree char *name = entry_name(entry);
	if (name)
		note_name(run, name);
	gboolean alone = archive_format(archive) == ARCHIVE_FORMAT_RAW;
	g_autoptr(GBytes) content = read_entry(run, archive);
	if (content)
		return attachments_describe_file(run->message, alone ? NULL : name, content,
		                                 run->depth);
	if (archive_entry_is_encrypted(entry))
		note_encrypted(run, name ? name : "");
	json_t *unread = json_object();
	json_object_set_new(unread, "name", json_text_new(name));
	json_object_set_new(unread, "size",
	                    archive_entry_size_is_set(entry)
	                            ? json_integer(archive_entry_size(entry))
	                            : json_null());
	return unread;
}

/* Calls @each for the files of an archive, until there are too many or too much. */
static void each_entry(Unpacking *run, struct archive *archive,
                       void (*each)(Unpacking *run, struct archive *archive,
                                    struct archive_entry *entry))
{
	json_t *findings = run->message->findings;
	struct archive_entry *entry;
	int status = archive ? ARCHIVE_OK : ARCHIVE_FATAL;
	while (archive && (status = archive_read_next_header(archive, &entry)) >= ARCHIVE_WARN &&
	       status != ARCHIVE_EOF) {
		if (++run->message->reading->unpacked_files >
		    run->message->reading->limits.unpacked_files) {
			findings_add(findings, "limit_unpacked_files", run->where,
			             "archives hold more than %u files; the others are not read",
			             run->message->reading->limits.unpacked_files);
			break;
		}
		if (archive_entry_filetype(entry) == AE_IFDIR)
			continue;
		run->files++;
		each(run, archive, entry);
		if (findings_have(findings, "limit_unpacked") ||
		    findings_have(findings, "limit_unpacked_ratio"))
			break;
	}
	if (archive && archive_read_has_encrypted_entries(archive) == 1 && run->files == 0)
		findings_add(findings, "archive_encrypted", run->where,
		             "an archive is encrypted as a whole");
	else if (status < ARCHIVE_WARN)
		findings_add(findings, "archive_broken", run->where,
		             "an archive cannot be read to its end");
}

static void describe_each(Unpacking *run, struct archive *archive, struct archive_entry *entry)
{
	json_array_append_new(run->parts, describe_entry(run, archive, entry));
}

static gboolean is_listed(const json_t *parts, const char *name)
{
	size_t i;
	json_t *part;
	json_array_foreach ((json_t *)parts, i, part)
		if (g_strcmp0(json_text(part, "name"), name) == 0)
			return TRUE;
	return FALSE;
}

static void describe_unlisted(Unpacking *run, struct archive *archive, struct archive_entry *entry)
{
	g_autofree char *name = entry_name(entry);
	if (!is_listed(run->parts, name))
		describe_each(run, archive, entry);
}

json_t *archive_describe(const Message *message, GBytes *bytes, const char *where, guint depth)
{
	json_t *parts = json_array();
	Unpacking run = {
		.message = message, .bytes = bytes, .where = where, .parts = parts, .depth = depth};
	begin(&run);
	struct archive *archive = open_archive(bytes, FALSE);
	each_entry(&run, archive, describe_each);
	if (archive)
		archive_read_free(archive);
	if (zip_compare_heads(message, bytes, where) && (archive = open_archive(bytes, TRUE))) {
		each_entry(&run, archive, describe_unlisted);
		archive_read_free(archive);
	}
	end(&run);
	return parts;
}

static void visit_each(Unpacking *run, struct archive *archive, struct archive_entry *entry)
{
	g_autofree char *read = entry_name(entry);
	const char *name = read ? read : "";
	if (run->wants && !run->wants(name, run->data))
		return;
	g_autoptr(GBytes) content = read_entry(run, archive);
	if (!content && archive_entry_is_encrypted(entry))
		note_encrypted(run, name);
	run->visit(name, content, run->data);
}

void archive_walk(const Message *message, GBytes *bytes, const char *where, ArchiveWants wants,
                  ArchiveVisit visit, gpointer data)
{
	Unpacking run = {.message = message,
	                 .bytes = bytes,
	                 .where = where,
	                 .wants = wants,
	                 .visit = visit,
	                 .data = data};
	begin(&run);
	struct archive *archive = open_archive(bytes, FALSE);
	each_entry(&run, archive, visit_each);
	if (archive)
		archive_read_free(archive);
	end(&run);
}
