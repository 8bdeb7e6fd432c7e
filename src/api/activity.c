/* The audit log: read by pages, or followed as a stream. */
#include "api/context.h"
#include "api/page.h"
#include "api/resources.h"
#include "api/show.h"
#include "api/stream.h"
#include "base/error.h"
#include "base/limits.h"
#include "store/audit.h"

#include <string.h>

/* clang-format off */
const Field activity_query[] = {
	{"limit", FIELD_INTEGER, 0, 1, LIMIT_PAGE, NULL, "limit is the number of rows of a page, from 1 to 500"},
	{"after", FIELD_INTEGER, 0, 0, G_MAXINT64, NULL, "after is the seq of a record: a number from 0"},
	{NULL}
};

const Field events_query[] = {
	{"after",       FIELD_INTEGER, 0, 0, G_MAXINT64, NULL, "after is the seq of a record: a number from 0"},
	{"incident_id", FIELD_INTEGER, 0, 1, G_MAXINT64, NULL, "incident_id is the number of an incident"},
	{NULL}
};
/* clang-format on */

gboolean activity_answer(Request *request, Db *db, gint64 incident_id, Answer *answer,
                         GError **error)
{
	guint limit = (guint)query_int(request, "limit", LIMIT_PAGE_DEFAULT);
	gint64 after = query_int(request, "after", 0);
	gint64 last;
	g_autoptr(GPtrArray) records = audit_list(db, after, incident_id, limit, error);
	if (!records || !audit_last(db, &last, error))
		return FALSE;
	json_t *items = json_array();
	for (guint i = 0; i < records->len; i++) {
		const AuditRecord *record = records->pdata[i];
		json_array_append_new(items, audit_record_show(record));
		after = record->seq;
	}
	/* "after" is where to go on, now or later; "last" is the newest record of all. */
	answer_json(answer, 200,
	            json_pack("{s:o, s:I, s:I}", "items", items, "after", (json_int_t)after, "last",
	                      (json_int_t)last));
	if (records->len == limit) {
		g_autofree char *value = g_strdup_printf("%" G_GINT64_FORMAT, after);
		page_link(request, answer, "after", value);
	}
	return TRUE;
}

/* What is done about incidents is for all who see them; what is done about people, keys and mail
 * servers is for auditors. */
static gint64 widest(const Request *request)
{
	return request->scopes & SCOPE_AUDIT ? AUDIT_ALL : AUDIT_OF_INCIDENTS;
}

gboolean activity_list(Request *request, Db *db, Answer *answer, GError **error)
{
	return activity_answer(request, db, widest(request), answer, error);
}

/* Where a stream begins: after the record the client saw last, or now. */
static gboolean find_start(const Request *request, Db *db, gint64 *after, GError **error)
{
	const char *last = request_header(request, "last-event-id");
	if (last && !g_ascii_string_to_signed(last, 10, 0, G_MAXINT64, after, NULL)) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		                    "Last-Event-ID is the id of an event");
		return FALSE;
	}
	if (last)
		return TRUE;
	*after = query_int(request, "after", -1);
	return *after >= 0 || audit_last(db, after, error);
}

gboolean events_open(Request *request, Db *db, Answer *answer, GError **error)
{
	gint64 after;
	if (!find_start(request, db, &after, error))
		return FALSE;
	answer->status = 200;
	answer->type = "text/event-stream";
	answer->close = TRUE; /* when it ends, it ended for a reason */
	if (strcmp(request->method, "HEAD") == 0)
		return TRUE;
	answer->stream = event_feed_open(request->context->feed, after,
	                                 query_int(request, "incident_id", widest(request)),
	                                 request->caller->credential, error);
	return answer->stream != NULL;
}
