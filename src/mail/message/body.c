/* What a person sees of a message: its text and its HTML. */
#include "mail/message/body.h"

#include "base/limits.h"
#include "mail/findings/findings.h"
#include "mail/text/charset.h"

#include <string.h>

gboolean body_is_shown(const Part *part)
{
	return !part->attachment &&
	       (strcmp(part->type, "text/plain") == 0 || strcmp(part->type, "text/html") == 0);
}

/* The charset an HTML document names itself; looked for where browsers look. */
static char *charset_in_html(const char *html, gsize size)
{
	g_autofree char *head = g_ascii_strdown(html, (gssize)MIN(size, 1024));
	const char *at = strstr(head, "charset=");
	if (!at || !strstr(head, "<meta"))
		return NULL;
	at += strlen("charset=");
	at += strspn(at, " \"'");
	return g_strndup(at, strcspn(at, " \"'/>;"));
}

static void without_controls(char *text)
{
	for (char *c = text; *c; c++)
		if ((guchar)*c < 0x20 && !strchr("\t\n\r", *c))
			*c = ' ';
}

char *body_decode(json_t *findings, Part *part)
{
	gsize size;
	const char *octets = g_bytes_get_data(part_content(part), &size);
	const char *charset = part_parameter(part, "charset");
	g_autofree char *named = !charset && strcmp(part->type, "text/html") == 0
	                                 ? charset_in_html(octets, size)
	                                 : NULL;
	gboolean exact;
	char *text = charset_decode(charset ? charset : named, octets, size, &exact);
	if (!exact)
		findings_add(findings, "charset_broken", part->path,
		             "its text is not what its charset says: %.100s",
		             charset ? charset : "none");
	without_controls(text);
	return text;
}

/* Up to a whole character. */
static void shorten(char *text, gsize length)
{
	while (length > 0 && (text[length] & 0xc0) == 0x80)
		length--;
	text[length] = '\0';
}

GPtrArray *body_texts(const Message *message, const char *type, gboolean *cut)
{
	GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);
	gsize most = message->reading->limits.body_text, room = most;
	*cut = FALSE;
	for (guint i = 0; i < message->leaves->len && !*cut; i++) {
		Part *part = message->leaves->pdata[i];
		if (!body_is_shown(part) || strcmp(part->type, type) != 0)
			continue;
		char *text = body_decode(message->findings, part);
		gsize length = strlen(text);
		*cut = length > room;
		if (*cut)
			shorten(text, room);
		room -= MIN(length + 1, room);
		g_ptr_array_add(texts, text);
	}
	if (*cut)
		findings_add(message->findings, "limit_body_text", type,
		             "only the first %" G_GSIZE_FORMAT " bytes are kept", most);
	return texts;
}

char *body_joined(const GPtrArray *texts)
{
	GString *all = texts->len ? g_string_new(texts->pdata[0]) : NULL;
	for (guint i = 1; i < texts->len; i++)
		g_string_append_printf(all, "\n%s", (const char *)texts->pdata[i]);
	return all ? g_string_free(all, FALSE) : NULL;
}

gboolean body_is_delsp(const Message *message)
{
	for (guint i = 0; i < message->leaves->len; i++) {
		const Part *part = message->leaves->pdata[i];
		const char *delsp = part_parameter(part, "delsp");
		if (body_is_shown(part) && strcmp(part->type, "text/plain") == 0 && delsp &&
		    g_ascii_strcasecmp(delsp, "yes") == 0)
			return TRUE;
	}
	return FALSE;
}
