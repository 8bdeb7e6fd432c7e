/* Verifies the signatures of what reports are about.
 *
 * The keys are asked of the DNS, and a second, small request to the reader verifies with them. None
 * of this may hold a report up or lose it: what does not come within LIMIT_DNS_SECONDS is missing,
 * and the verdict says so. A DNS that is slow for one report is not waited for by each of its
 * batch. */
#include "base/clock.h"
#include "base/limits.h"
#include "pipeline/keys.h"
#include "pipeline/process.h"

#define VERIFY_SECONDS 10.0                                   /* wall time of the reader's part */
#define BATCH_WAIT     (2 * LIMIT_DNS_SECONDS * CLOCK_SECOND) /* for the DNS, in one batch */

static void add_document(GPtrArray *documents, Document *document)
{
	if (json_object_get(document->message, "authentication"))
		g_ptr_array_add(documents, document);
}

/* What is stored says what was found out. */
static void settle(Document *document)
{
	g_autoptr(json_t) breakdown = json_parse(document->text, -1, NULL);
	json_t *message = json_object_get(breakdown, "message");
	json_object_set(message, "authentication",
	                json_object_get(document->message, "authentication"));
	document_keep(document, breakdown);
}

static void authenticate(Process *process, gint64 *wait)
{
	const Batch *batch = process->batch;
	g_autoptr(GError) problem = NULL;
	g_autoptr(GPtrArray) documents = g_ptr_array_new(), messages = g_ptr_array_new();
	add_document(documents, &process->document);
	for (guint i = 0; i < process->originals->len; i++) {
		ReportedOriginal *original = process->originals->pdata[i];
		if (original->first_hand)
			add_document(documents, &original->document);
	}
	for (guint i = 0; i < documents->len; i++)
		g_ptr_array_add(messages, ((Document *)documents->pdata[i])->message);
	gint64 begun = g_get_monotonic_time();
	gint64 until = begun + MIN(*wait, LIMIT_DNS_SECONDS * CLOCK_SECOND);
	g_autoptr(json_t) options =
		keys_look_up(messages, batch->tools->resolver, MIN(batch->deadline, until));
	*wait = MAX(*wait - (g_get_monotonic_time() - begun), 0);
	if (!options)
		return;
	g_autoptr(GBytes) nothing = g_bytes_new_static("", 0);
	g_autoptr(json_t) answer =
		reader_read(batch->tools->readers, nothing, options,
	                    MIN(batch->deadline, deadline_in(VERIFY_SECONDS)), &problem);
	if (!answer) {
		g_warning("report %" G_GINT64_FORMAT ": its signatures were not verified: %s",
		          process->report->id, problem->message);
		return;
	}
	keys_apply(messages, answer);
	for (guint i = 0; i < documents->len; i++)
		settle(documents->pdata[i]);
}

gboolean process_authenticate(Batch *batch, GError **error)
{
	gint64 wait = BATCH_WAIT;
	for (guint i = 0; batch->tools->resolver && i < batch->reports->len; i++)
		if (process_is_in(batch->reports->pdata[i]))
			authenticate(batch->reports->pdata[i], &wait);
	return TRUE;
}
