/* Attachments as files to save.
 *
 * A breakdown names what hangs on a message by its SHA-256, so the same walk finds it again: each
 * file is offered here where it would be described. */
#include "mail/attachments/taking.h"

#include "base/limits.h"
#include "mail/describe.h"

#include <string.h>

struct Taking {
	const char *sha256; /* NULL: every attachment of the message itself */
	json_t *files;
	gsize bytes;
	gboolean cut;
};

static void take(Taking *taking, const json_t *entry, GBytes *content)
{
	gsize size;
	const guchar *octets = g_bytes_get_data(content, &size);
	if (size > LIMIT_TAKEN_OUT - taking->bytes ||
	    json_array_size(taking->files) >= LIMIT_TAKEN_FILES) {
		taking->cut = TRUE;
		return;
	}
	taking->bytes += size;
	g_autofree char *encoded = g_base64_encode(octets, size);
	json_t *file = json_object();
	json_object_set(file, "name", json_object_get(entry, "name"));
	json_object_set(file, "sha256", json_object_get(entry, "sha256"));
	json_object_set_new(file, "content_base64", json_string_nocheck(encoded));
	json_array_append_new(taking->files, file);
}

gboolean taking_offer(const Message *message, const json_t *entry, GBytes *content, guint depth)
{
	Taking *taking = message->reading->taking;
	if (!taking)
		return FALSE;
	if (!taking->sha256) {
		if (message->depth == 0 && depth == 0)
			take(taking, entry, content);
		return TRUE;
	}
	gboolean found = taking->cut || json_array_size(taking->files) > 0;
	gboolean wanted = g_strcmp0(json_text(entry, "sha256"), taking->sha256) == 0;
	if (wanted && !found)
		take(taking, entry, content);
	return wanted || found;
}

/* Documents take the longest and hold the least, and reading one may end this process. */
static void look_through(Taking *taking, GBytes *bytes, const json_t *options, gboolean documents)
{
	Reading reading = {.options = options, .documents = documents, .taking = taking};
	mail_limits_load(&reading.limits, options);
	g_autoptr(Message) message = message_parse(&reading, bytes, 0);
	json_decref(describe_message(message));
}

json_t *taking_run(GBytes *message, const json_t *options)
{
	Taking taking = {.sha256 = json_text(options, "take.sha256"), .files = json_array()};
	look_through(&taking, message, options, FALSE);
	if (taking.sha256 && json_array_size(taking.files) == 0 && !taking.cut)
		look_through(&taking, message, options, TRUE);
	json_t *answer = json_object();
	json_object_set_new(answer, "files", taking.files);
	json_object_set_new(answer, "cut", json_boolean(taking.cut));
	return answer;
}
