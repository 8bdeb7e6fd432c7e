/* From Outlook's properties to MIME. Whatever comes from a property is text for a field or octets
 * for a base64 part, so no property can add a field or end a part. */
#include "mail/outlook/outlook.h"

#include "base/limits.h"

#include <string.h>

#define BOUNDARY "=_trawl_outlook_item_7f3a"

static void outlook_file_free(OutlookFile *file)
{
	g_free(file->name);
	g_free(file->type);
	g_free(file->content_id);
	g_bytes_unref(file->content);
	g_free(file);
}

OutlookItem *outlook_item_new(void)
{
	OutlookItem *item = g_new0(OutlookItem, 1);
	item->to = g_string_new(NULL);
	item->cc = g_string_new(NULL);
	item->bcc = g_string_new(NULL);
	item->files = g_ptr_array_new_with_free_func((GDestroyNotify)outlook_file_free);
	return item;
}

void outlook_item_free(OutlookItem *item)
{
	if (!item)
		return;
	g_free(item->headers);
	g_free(item->message_id);
	g_free(item->subject);
	g_free(item->sender);
	g_free(item->date);
	g_string_free(item->to, TRUE);
	g_string_free(item->cc, TRUE);
	g_string_free(item->bcc, TRUE);
	g_free(item->text);
	g_free(item->html);
	g_ptr_array_unref(item->files);
	g_free(item);
}

void outlook_add_file(OutlookItem *item, const char *name, const char *type, const char *content_id,
                      GBytes *content, gboolean message)
{
	item->total += g_bytes_get_size(content);
	if (item->files->len >= LIMIT_PARTS || item->total > LIMIT_UNPACKED) {
		item->cut = TRUE;
		g_bytes_unref(content);
		return;
	}
	OutlookFile *file = g_new0(OutlookFile, 1);
	file->name = g_strdup(name);
	file->type = g_strdup(type);
	file->content_id = g_strdup(content_id);
	file->content = content;
	file->message = message;
	g_ptr_array_add(item->files, file);
}

/* Text for a field: one line, and without what would end a quoted string. */
static char *one_line(const char *text, const char *unwanted)
{
	char *line = g_utf8_make_valid(text ? text : "", -1);
	for (char *c = line; *c; c++)
		if ((guchar)*c < 0x20 || strchr(unwanted, *c))
			*c = ' ';
	return g_strstrip(line);
}

void outlook_add_person(GString *list, const char *name, const char *address)
{
	g_autofree char *safe_name = one_line(name, "\"\\");
	g_autofree char *safe_address = one_line(address, "<>\"\\,; ");
	if (!*safe_name && !*safe_address)
		return;
	if (list->len)
		g_string_append(list, ", ");
	if (*safe_name)
		g_string_append_printf(list, "\"%s\"", safe_name);
	if (*safe_address)
		g_string_append_printf(list, "%s<%s>", *safe_name ? " " : "", safe_address);
}

static gboolean is_field(const char *line, const char *name)
{
	gsize length = strlen(name);
	return g_ascii_strncasecmp(line, name, length) == 0 &&
	       (name[length - 1] == '-' || line[length] == ':');
}

/* The transport's fields, but for those about a MIME structure that is not here. */
static void append_transport(GString *mime, const char *headers)
{
	g_auto(GStrv) lines = g_strsplit(headers, "\n", -1);
	gboolean dropping = FALSE;
	for (guint i = 0; lines[i]; i++) {
		g_strchomp(lines[i]);
		gboolean folded = lines[i][0] == ' ' || lines[i][0] == '\t';
		if (!folded)
			dropping = is_field(lines[i], "Content-") ||
			           is_field(lines[i], "MIME-Version") || !strchr(lines[i], ':');
		if (!dropping && *lines[i])
			g_string_append_printf(mime, "%s\r\n", lines[i]);
	}
}

static gboolean has_field(const char *headers, const char *name)
{
	for (const char *line = headers; line && *line;) {
		if (is_field(line, name))
			return TRUE;
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return FALSE;
}

static void append_field(GString *mime, const char *headers, const char *name, const char *value)
{
	if (!value || !*value || has_field(headers, name))
		return;
	g_autofree char *line = one_line(value, "");
	g_string_append_printf(mime, "%s: %s\r\n", name, line);
}

static void append_base64(GString *mime, const void *octets, gsize size)
{
	const guchar *at = octets;
	for (gsize done = 0; done < size; done += 57) {
		g_autofree char *line = g_base64_encode(at + done, MIN(57, size - done));
		g_string_append_printf(mime, "%s\r\n", line);
	}
	if (size == 0)
		g_string_append(mime, "\r\n");
}

static void append_text(GString *mime, const char *type, const char *text)
{
	if (!text)
		return;
	g_string_append_printf(mime,
	                       "--" BOUNDARY "\r\nContent-Type: %s; charset=utf-8\r\n"
	                       "Content-Transfer-Encoding: base64\r\n\r\n",
	                       type);
	append_base64(mime, text, strlen(text));
}

static gboolean is_media_type(const char *type)
{
	const char *slash = type ? strchr(type, '/') : NULL;
	return slash && slash > type && slash[1] &&
	       strspn(type,
	              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/.+-_") ==
	               strlen(type);
}

static void append_file(GString *mime, const OutlookFile *file)
{
	g_autofree char *name = one_line(file->name, "\"\\");
	const char *type = file->message               ? "message/rfc822"
	                   : is_media_type(file->type) ? file->type
	                                               : "application/octet-stream";
	g_string_append_printf(mime, "--" BOUNDARY "\r\nContent-Type: %s\r\n", type);
	g_string_append(mime, "Content-Disposition: attachment");
	if (*name)
		g_string_append_printf(mime, "; filename=\"%s\"", name);
	if (file->content_id && *file->content_id) {
		g_autofree char *id = one_line(file->content_id, "<>");
		g_string_append_printf(mime, "\r\nContent-ID: <%s>", id);
	}
	g_string_append(mime, "\r\nContent-Transfer-Encoding: base64\r\n\r\n");
	gsize size;
	const void *octets = g_bytes_get_data(file->content, &size);
	append_base64(mime, octets, size);
}

GBytes *outlook_to_mime(const OutlookItem *item)
{
	GString *mime = g_string_new(NULL);
	g_autofree char *headers = g_utf8_make_valid(item->headers ? item->headers : "", -1);
	append_transport(mime, headers);
	append_field(mime, headers, "Message-ID", item->message_id);
	append_field(mime, headers, "Date", item->date);
	append_field(mime, headers, "From", item->sender);
	append_field(mime, headers, "To", item->to->str);
	append_field(mime, headers, "Cc", item->cc->str);
	append_field(mime, headers, "Bcc", item->bcc->str);
	append_field(mime, headers, "Subject", item->subject);
	g_string_append(mime,
	                "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"" BOUNDARY
	                "\"\r\n\r\n");
	append_text(mime, "text/plain", item->text);
	append_text(mime, "text/html", item->html);
	for (guint i = 0; i < item->files->len; i++)
		append_file(mime, item->files->pdata[i]);
	g_string_append(mime, "--" BOUNDARY "--\r\n");
	return g_string_free_to_bytes(mime);
}
