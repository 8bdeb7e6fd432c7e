/* What hangs on a message, and what is inside of that. */
#include "mail/attachments.h"

#include "base/digest.h"
#include "base/limits.h"
#include "mail/archive.h"
#include "mail/body.h"
#include "mail/describe.h"
#include "mail/detect.h"
#include "mail/findings.h"
#include "mail/outlook.h"

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
	return has_ending(name, ".eml");
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

/* Endings of files that run when they are opened. */
static const char *const running[] = {".exe", ".scr", ".com",  ".bat",  ".cmd", ".pif", ".js",
                                      ".jse", ".vbs", ".vbe",  ".wsf",  ".hta", ".lnk", ".ps1",
                                      ".msi", ".jar", ".cpl",  ".iso",  ".img", ".one", ".url",
                                      ".chm", ".xll", ".appx", ".msix", ".vhd", ".reg"};

static const char *running_ending(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(running); i++)
		if (has_ending(name, running[i]))
			return running[i];
	return NULL;
}

/* "invoice.pdf.exe": an ending that people trust, hidden behind one that runs. */
static gboolean has_double_ending(const char *name)
{
	static const char *const trusted[] = {".pdf.",  ".doc.",  ".docx.", ".xls.",
	                                      ".xlsx.", ".jpg.",  ".png.",  ".txt.",
	                                      ".htm.",  ".html.", ".mp3.",  ".zip."};
	g_autofree char *lower = g_utf8_strdown(name, -1);
	for (guint i = 0; i < G_N_ELEMENTS(trusted); i++)
		if (strstr(lower, trusted[i]))
			return TRUE;
	return FALSE;
}

static void note_name(const Message *message, const char *name, const char *where)
{
	const char *runs = name ? running_ending(name) : NULL;
	if (runs)
		findings_add(message->findings, "attachment_runs", where,
		             "an attachment runs when it is opened: %.200s", name);
	if (runs && has_double_ending(name))
		findings_add(message->findings, "double_ending", where,
		             "an attachment hides what it is behind another ending: %.200s", name);
	if (name && (strstr(name, "\xe2\x80\xae") || strstr(name, "\xe2\x80\xad")))
		findings_add(message->findings, "name_bidi", where,
		             "an attachment's name has characters that turn its direction");
}

/* Families between which no honest sender errs. */
static const char *family(const char *type)
{
	static const struct {
		const char *prefix, *family;
	} families[] = {
		{"image/", "picture"},
		{"audio/", "sound"},
		{"video/", "film"},
		{"application/pdf", "pdf"},
		{"application/x-dosexec", "program"},
		{"application/x-msdownload", "program"},
		{"application/zip", "archive"},
		{"application/x-rar", "archive"},
		{"text/html", "page"},
	};
	for (guint i = 0; type && i < G_N_ELEMENTS(families); i++)
		if (g_str_has_prefix(type, families[i].prefix))
			return families[i].family;
	return NULL;
}

static void note_type(const Message *message, const char *declared, const char *detected,
                      const char *where)
{
	const char *says = family(declared), *is = family(detected);
	if (is && strcmp(is, "program") == 0)
		findings_add(message->findings, "attachment_program", where,
		             "an attachment is a program");
	if (says && is && strcmp(says, is) != 0)
		findings_add(message->findings, "type_mismatch", where,
		             "an attachment is declared as %s and is %s", declared, detected);
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
	note_name(message, name, where);
	note_type(message, type, detected, where);
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
	}
}

json_t *attachments_describe_file(const Message *message, const char *name, GBytes *content,
                                  guint depth)
{
	json_t *entry = json_object();
	describe_set(entry, "name", name);
	describe_content(message, entry, content, name, depth);
	return entry;
}

static json_t *describe(const Message *message, Part *part)
{
	g_autofree char *name = part_name(part);
	json_t *entry = json_object();
	describe_set(entry, "name", name);
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
