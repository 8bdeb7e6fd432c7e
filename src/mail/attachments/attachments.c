/* What hangs on a message, and what is inside of that. */
#include "mail/attachments/attachments.h"

#include "base/digest.h"
#include "base/limits.h"
#include "mail/attachments/archive.h"
#include "mail/attachments/detect.h"
#include "mail/attachments/file_names.h"
#include "mail/attachments/taking.h"
#include "mail/attachments/zip_heads.h"
#include "mail/describe.h"
#include "mail/documents/documents.h"
#include "mail/findings/findings.h"
#include "mail/message/body.h"
#include "mail/outlook/outlook.h"

#include <fuzzy.h>
#include <string.h>

gboolean attachments_is_one(const Part *part)
{
	return !body_is_shown(part);
}

static const char *const message_types[] = {"message/rfc822",      "message/rfc2822",
                                            "message/global",      "message/news",
                                            "text/rfc822-headers", "text/rfc822-header"};

static gboolean has_ending(const char *name, const char *ending)
{
	gsize length = name ? strlen(name) : 0, ends = strlen(ending);
	return length > ends && g_ascii_strcasecmp(name + length - ends, ending) == 0;
}

static gboolean is_message(const char *type, const char *name)
{
	for (guint i = 0; type && i < G_N_ELEMENTS(message_types); i++)
		if (strcmp(type, message_types[i]) == 0)
			return TRUE;
	return has_ending(name, ".eml") || has_ending(name, ".emlx");
}

gboolean attachments_is_headers_only(const char *type)
{
	return type && g_str_has_prefix(type, "text/rfc822-header");
}

static void set_hash(json_t *entry, const char *name, DigestKind kind, GBytes *content)
{
	g_autofree char *hash = digest_hex_bytes(kind, content);
	json_object_set_new(entry, name, json_string(hash));
}

/* The attached message's own breakdown, while the limits allow it. */
static void read_message(const Message *message, json_t *entry, GBytes *content, const char *where)
{
	Reading *reading = message->reading;
	if (message->depth + 1 > reading->limits.depth ||
	    reading->nested >= reading->limits.nested ||
	    reading->parsed + g_bytes_get_size(content) > LIMIT_PARSED_BYTES) {
		findings_add(message->findings, "limit_nested", where,
		             "there are more attached messages than are read");
		return;
	}
	reading->nested++;
	g_autoptr(Message) nested = message_parse(reading, content, message->depth + 1);
	json_object_set_new(entry, "message", describe_message(nested));
	if (attachments_is_headers_only(json_text(entry, "type")))
		describe_set(json_object_get(entry, "message"), "fingerprint", NULL);
	else if (message->depth < 3 && json_bool(reading->options, "originals_raw", FALSE)) {
		gsize size;
		const guchar *octets = g_bytes_get_data(content, &size);
		char *encoded = g_base64_encode(octets, size);
		json_object_set_new(entry, "raw_base64", json_string_nocheck(encoded));
		g_free(encoded);
	}
}

/* Outlook's own formats, as the message they hold. It is not the message that went over the wire,
 * so it has no fingerprint and no raw bytes. */
static gboolean read_outlook(const Message *message, json_t *entry, GBytes *content,
                             const char *detected, const char *where)
{
	gboolean cut = FALSE;
	gboolean is_tnef = strcmp(detected, "application/vnd.ms-tnef") == 0;
	gboolean is_ole = strcmp(detected, "application/x-ole-storage") == 0;
	g_autoptr(GBytes) mime = is_tnef  ? tnef_to_mime(content, &cut)
	                         : is_ole ? msg_to_mime(content, &cut)
	                                  : NULL;
	if (!mime)
		return FALSE;
	if (cut)
		findings_add(message->findings, "outlook_cut", where,
		             "not all of an Outlook item could be read");
	Reading *reading = message->reading;
	json_t *options = (json_t *)reading->options;
	reading->options = NULL; /* no raw bytes of what we made */
	reading->made++;
	read_message(message, entry, mime, where);
	reading->made--;
	reading->options = options;
	describe_set(entry, "detected",
	             is_tnef ? "application/vnd.ms-tnef" : "application/vnd.ms-outlook");
	describe_set(entry, "holds", is_tnef ? "tnef" : "msg");
	describe_set(json_object_get(entry, "message"), "fingerprint", NULL);
	return TRUE;
}

/* ssdeep, because its hashes are what malware repositories search by, and its library is C; they
 * say little about files of a few kilobytes. */
static void set_fuzzy_hash(json_t *entry, GBytes *content)
{
	char hash[FUZZY_MAX_RESULT];
	gsize size;
	const guchar *octets = g_bytes_get_data(content, &size);
	if (size >= LIMIT_FUZZY_LEAST && size <= LIMIT_FUZZY_MOST &&
	    fuzzy_hash_buf(octets, (guint32)size, hash) == 0)
		json_object_set_new(entry, "ssdeep", json_string(hash));
}

/* Formats that are zips. */
static gboolean is_zip(const char *detected)
{
	return g_str_has_prefix(detected, "application/vnd.openxmlformats") ||
	       g_str_has_prefix(detected, "application/vnd.oasis");
}

/* A zip behind a program unpacks itself; behind anything else it is seen by who looks for it. */
static void read_appended(const Message *message, json_t *entry, GBytes *content,
                          const char *detected, const char *where, guint depth)
{
	gboolean program = strcmp(detected, "application/x-dosexec") == 0;
	findings_add(message->findings, program ? "self_extracting" : "zip_appended", where,
	             program ? "a program has an archive at its end"
	                     : "a file of another kind has an archive at its end");
	if (depth < LIMIT_ARCHIVE_DEPTH && !json_object_get(entry, "parts"))
		json_object_set_new(entry, "parts",
		                    archive_describe(message, content, where, depth + 1));
}

/* Fills in what is known of the content, and looks inside. */
static void describe_content(const Message *message, json_t *entry, GBytes *content,
                             const char *where, guint depth)
{
	const char *type = json_text(entry, "type"), *name = json_text(entry, "name");
	gboolean attached_message = is_message(type, name);
	g_autofree char *detected =
		attached_message ? g_strdup("message/rfc822") : detect_type(content);
	describe_set(entry, "detected", detected);
	json_object_set_new(entry, "size", json_integer((json_int_t)g_bytes_get_size(content)));
	set_hash(entry, "md5", DIGEST_MD5, content);
	set_hash(entry, "sha1", DIGEST_SHA1, content);
	set_hash(entry, "sha256", DIGEST_SHA256, content);
	if (taking_offer(message, entry, content, depth))
		return;
	set_fuzzy_hash(entry, content);
	file_names_note(message, name, where);
	file_names_note_type(message, name, type, detected, where);
	if (attached_message) {
		read_message(message, entry, content, where);
	} else if (read_outlook(message, entry, content, detected, where)) {
		return;
	} else if (archive_is_one(detected)) {
		if (depth < LIMIT_ARCHIVE_DEPTH)
			json_object_set_new(entry, "parts",
			                    archive_describe(message, content, where, depth + 1));
		else
			findings_add(message->findings, "limit_archive_depth", where,
			             "archives in archives deeper than %d are not read",
			             LIMIT_ARCHIVE_DEPTH);
	} else {
		const DocumentFile file = {name, type, detected, where, content, depth, entry};
		documents_read(message, &file);
		if (!is_zip(detected) && zip_ends_it(content))
			read_appended(message, entry, content, detected, where, depth);
	}
}

json_t *attachments_describe_file(const Message *message, const char *name, GBytes *content,
                                  guint depth)
{
	json_t *entry = json_object();
	describe_set(entry, "name", name);
	describe_content(message, entry, content, name ? name : "(no name)", depth);
	return entry;
}

static json_t *describe(const Message *message, Part *part)
{
	g_autofree char *name = part_name(part);
	json_t *entry = json_object();
	describe_set(entry, "name", name);
	json_t *names = file_names_of(message, part);
	if (names)
		json_object_set_new(entry, "names", names);
	describe_set(entry, "type", part->type);
	describe_set(entry, "disposition", g_mime_object_get_disposition(part->object));
	describe_set(entry, "path", part->path);
	describe_content(message, entry, part_content(part), part->path, 0);
	return entry;
}

json_t *attachments_describe(const Message *message)
{
	json_t *list = json_array();
	for (guint i = 0; i < message->leaves->len; i++)
		if (attachments_is_one(message->leaves->pdata[i]))
			json_array_append_new(list, describe(message, message->leaves->pdata[i]));
	return list;
}
