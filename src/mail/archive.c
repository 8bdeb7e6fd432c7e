/* What is in an archive, by libarchive, within limits: unpacking is the oldest bomb there is. */
#include "mail/archive.h"

#include "base/limits.h"
#include "mail/attachments.h"
#include "mail/findings.h"

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

static struct archive *open_archive(GBytes *bytes)
{
	struct archive *archive = archive_read_new();
	archive_read_support_filter_all(archive);
	archive_read_support_format_all(archive);
	archive_read_support_format_raw(archive); /* a compressed file alone */
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
	const char *where;
	gsize packed;
	gsize unpacked;
} Unpacking;

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
	else if (run->unpacked > 1024 * 1024 &&
	         run->unpacked / reading->limits.unpacked_ratio > run->packed)
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

static json_t *describe_entry(Unpacking *run, struct archive *archive, struct archive_entry *entry,
                              guint depth)
{
	const char *raw = archive_entry_pathname(entry);
	g_autofree char *name = raw ? g_utf8_make_valid(raw, -1) : NULL;
	gboolean alone = archive_format(archive) == ARCHIVE_FORMAT_RAW;
	g_autoptr(GBytes) content = read_entry(run, archive);
	if (content)
		return attachments_describe_file(run->message, alone ? NULL : name, content, depth);
	if (archive_entry_is_encrypted(entry))
		findings_add(run->message->findings, "archive_encrypted", run->where,
		             "an archive has encrypted files: %.200s", name ? name : "");
	json_t *unread = json_object();
	json_object_set_new(unread, "name", json_text_new(name));
	json_object_set_new(unread, "size",
	                    archive_entry_size_is_set(entry)
	                            ? json_integer(archive_entry_size(entry))
	                            : json_null());
	return unread;
}

json_t *archive_describe(const Message *message, GBytes *bytes, const char *where, guint depth)
{
	json_t *parts = json_array();
	Unpacking run = {message, where, g_bytes_get_size(bytes), 0};
	struct archive *archive = open_archive(bytes);
	struct archive_entry *entry;
	int status = archive ? ARCHIVE_OK : ARCHIVE_FATAL;
	while (archive && (status = archive_read_next_header(archive, &entry)) >= ARCHIVE_WARN &&
	       status != ARCHIVE_EOF) {
		if (++message->reading->unpacked_files > message->reading->limits.unpacked_files) {
			findings_add(message->findings, "limit_unpacked_files", where,
			             "archives hold more than %u files; the others are not read",
			             message->reading->limits.unpacked_files);
			break;
		}
		if (archive_entry_filetype(entry) == AE_IFDIR)
			continue;
		json_array_append_new(parts, describe_entry(&run, archive, entry, depth));
		if (findings_have(message->findings, "limit_unpacked") ||
		    findings_have(message->findings, "limit_unpacked_ratio"))
			break;
	}
	if (archive && archive_read_has_encrypted_entries(archive) == 1 &&
	    json_array_size(parts) == 0)
		findings_add(message->findings, "archive_encrypted", where,
		             "an archive is encrypted as a whole");
	else if (status < ARCHIVE_WARN)
		findings_add(message->findings, "archive_broken", where,
		             "an archive cannot be read to its end");
	if (archive)
		archive_read_free(archive);
	return parts;
}
