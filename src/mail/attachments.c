/* What hangs on a message. */
#include "mail/attachments.h"

#include "mail/body.h"

#include <string.h>

gboolean attachments_is_one(const Part *part)
{
	return !body_is_shown(part);
}

static const char *const message_types[] = {"message/rfc822", "message/rfc2822", "message/global",
                                            "message/news"};

gboolean attachments_is_message(const Part *part)
{
	for (guint i = 0; i < G_N_ELEMENTS(message_types); i++)
		if (strcmp(part->type, message_types[i]) == 0)
			return TRUE;
	if (!attachments_is_one(part))
		return FALSE;
	g_autofree char *name = part_name(part);
	gsize length = name ? strlen(name) : 0;
	return length > 4 && g_ascii_strcasecmp(name + length - 4, ".eml") == 0;
}

static void set_hash(json_t *entry, const char *name, GChecksumType type, GBytes *content)
{
	g_autofree char *hash = g_compute_checksum_for_bytes(type, content);
	json_object_set_new(entry, name, json_string(hash));
}

static json_t *describe(Part *part)
{
	GBytes *content = part_content(part);
	g_autofree char *name = part_name(part);
	json_t *entry = json_object();
	json_object_set_new(entry, "name", json_text_new(name));
	json_object_set_new(entry, "type", json_text_new(part->type));
	json_object_set_new(entry, "size", json_integer((json_int_t)g_bytes_get_size(content)));
	set_hash(entry, "md5", G_CHECKSUM_MD5, content);
	set_hash(entry, "sha1", G_CHECKSUM_SHA1, content);
	set_hash(entry, "sha256", G_CHECKSUM_SHA256, content);
	json_object_set_new(entry, "disposition",
	                    json_text_new(g_mime_object_get_disposition(part->object)));
	json_object_set_new(entry, "path", json_text_new(part->path));
	return entry;
}

json_t *attachments_describe(const Message *message)
{
	json_t *list = json_array();
	for (guint i = 0; i < message->leaves->len; i++)
		if (attachments_is_one(message->leaves->pdata[i]))
			json_array_append_new(list, describe(message->leaves->pdata[i]));
	return list;
}
