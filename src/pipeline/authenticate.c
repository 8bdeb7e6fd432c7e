/* Verifies the signatures of the report and of its originals.
 *
 * The keys are asked of the DNS, and a second, small request to the reader verifies with them. None
 * of this may hold a report up or lose it: what does not come within LIMIT_DNS_SECONDS is missing,
 * and the verdict says so. */
#include "base/clock.h"
#include "base/limits.h"
#include "pipeline/keys.h"
#include "pipeline/process.h"

#define VERIFY_SECONDS 10.0 /* wall time of the reader's part */

static void add_message(GPtrArray *messages, const json_t *document)
{
	json_t *message = json_object_get(document, "message");
	if (message && !g_ptr_array_find(messages, message, NULL))
		g_ptr_array_add(messages, message);
}

gboolean process_authenticate(Process *process, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(GPtrArray) messages = g_ptr_array_new();
	if (!process->tools->resolver || !process->breakdown)
		return TRUE;
	add_message(messages, process->breakdown);
	for (guint i = 0; i < process->originals->len; i++) {
		const ReportedOriginal *original = process->originals->pdata[i];
		if (original->first_hand)
			add_message(messages, original->document);
	}
	g_autoptr(json_t) options =
		keys_look_up(messages, process->tools->resolver,
	                     MIN(process->deadline, deadline_in(LIMIT_DNS_SECONDS)));
	if (!options)
		return TRUE;
	g_autoptr(GBytes) nothing = g_bytes_new_static("", 0);
	g_autoptr(json_t) answer =
		reader_read(process->tools->readers, nothing, options,
	                    MIN(process->deadline, deadline_in(VERIFY_SECONDS)), &problem);
	if (answer)
		keys_apply(messages, answer);
	else
		g_warning("report %" G_GINT64_FORMAT ": its signatures were not verified: %s",
		          process->report_id, problem->message);
	return TRUE;
}
