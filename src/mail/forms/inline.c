/* Forwards inside the text: the original's fields are what the forwarding program wrote down. */
#include "base/limits.h"
#include "mail/describe.h"
#include "mail/forms/form.h"
#include "mail/forms/quoted.h"
#include "mail/message/headers.h"
#include "mail/text/subject.h"

#include <string.h>

/* Where a forward names the message it forwards: the field, and whether its last id is meant
 * rather than all of them. */
static const struct {
	const char *field;
	gboolean last_only, proves_forward;
} pointers[] = {
	{"X-Forwarded-Message-Id", FALSE, TRUE},
	{"In-Reply-To", TRUE, FALSE},
	{"References", TRUE, FALSE},
};

/* What the forward claims, with the id that a field names. */
static json_t *claim(const json_t *quoted, const char *subject, const char *message_id)
{
	json_t *message = quoted ? json_deep_copy(quoted) : quoted_empty();
	if (message_id)
		describe_set(message, "message_id", message_id);
	if (!json_text(message, "subject"))
		describe_set(message, "subject", subject);
	return message;
}

/* The ids that the first pointer of the table names; NULL: none does. */
static GPtrArray *named_ids(Recognition *seen, gboolean forwarded)
{
	for (guint i = 0; i < G_N_ELEMENTS(pointers); i++) {
		const char *value = message_header_raw(seen->message, pointers[i].field);
		if (!value || (!forwarded && !pointers[i].proves_forward))
			continue;
		g_autoptr(GPtrArray) ids = headers_message_ids(value);
		if (ids->len == 0)
			continue;
		if (pointers[i].last_only)
			g_ptr_array_remove_range(ids, 0, ids->len - 1);
		form_because(seen, "%s names what it forwards", pointers[i].field);
		return g_steal_pointer(&ids);
	}
	return NULL;
}

gboolean form_is_inline(Recognition *seen)
{
	const char *subject = json_text(seen->described, "subject");
	gboolean forwarded = subject_is_forward(subject);
	const char *marker = NULL;
	g_autoptr(json_t) quoted = quoted_find(form_shown_text(seen), &marker);
	if (forwarded)
		form_because(seen, "its subject says that it is a forward");
	if (quoted)
		form_because(seen, "its text has the fields of a forwarded message%s%s",
		             marker ? " after " : "", marker ? marker : "");
	/* A reply quotes like a forward; only a forward's own marker or subject tells them apart.
	 */
	gboolean named = json_text(quoted, "message_id") || json_text(quoted, "item_id");
	if (named)
		form_because(seen, "its text names the id of a message");
	gboolean is_forward = forwarded || named || (quoted && marker);
	g_autoptr(GPtrArray) ids = named_ids(seen, is_forward);
	if (!is_forward && !ids)
		return FALSE;
	g_autofree char *bare = subject_without_prefixes(subject);
	for (guint i = 0; ids && i < MIN(ids->len, LIMIT_NESTED); i++)
		form_add_original(seen, FALSE, claim(i == 0 ? quoted : NULL, bare, ids->pdata[i]),
		                  NULL);
	if (!ids)
		form_add_original(seen, FALSE, claim(quoted, bare, NULL), NULL);
	return TRUE;
}
