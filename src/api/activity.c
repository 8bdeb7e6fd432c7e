/* The audit log: read by pages, or followed as a stream. */
#include "api/context.h"
#include "api/filter.h"
#include "api/page.h"
#include "api/resources.h"
#include "api/seen.h"
#include "api/show.h"
#include "api/stream.h"
#include "base/error.h"
#include "base/limits.h"
#include "store/audit.h"

#include <string.h>

/* clang-format off */
#define ACTIVITY_FIELDS \
	{"limit", FIELD_INTEGER, 0, 1, LIMIT_PAGE, NULL, "limit is the number of rows of a page, from 1 to 500"}, \
	{"after", FIELD_INTEGER, 0, 0, G_MAXINT64, NULL, "after is the seq of a record: a number from 0"}, \
	{"before", FIELD_INTEGER, 0, 0, G_MAXINT64, NULL, "before is the seq of a record, or 0"}, \
	{"actor", FIELD_TEXT, 0, 1, 200, NULL, "actor is a part of who did it: user:ann, or ann"}, \
	{"action", FIELD_TEXT, 0, 1, 100, NULL, "action is what was done, or how that begins: source, or source.update"}, \
	{"object", FIELD_TEXT, 0, 1, 100, NULL, "object is a kind of thing, and its number: source, or source/3"}, \
	{"since", FIELD_TIME, 0, 0, 0, NULL, "since is a time as RFC 3339 writes it"}, \
	{"until", FIELD_TIME, 0, 0, 0, NULL, "until is a time as RFC 3339 writes it"}, \
	{"q", FIELD_TEXT, 0, 1, 200, NULL, "q is a part of the action or of the detail"}

const Field activity_query[] = {
	ACTIVITY_FIELDS,
	{"incident_id", FIELD_INTEGER, 0, 1, G_MAXINT64, NULL, "incident_id is the number of an incident"},
	FILTER_FIELDS,
	{NULL}
};

const Field incident_activity_query[] = {ACTIVITY_FIELDS, {NULL}};

const Field events_query[] = {
	{"after",       FIELD_INTEGER, 0, 0, G_MAXINT64, NULL, "after is the seq of a record: a number from 0"},
	{"incident_id", FIELD_INTEGER, 0, 1, G_MAXINT64, NULL, "incident_id is the number of an incident"},
	{NULL}
};
/* clang-format on */

/* "source" or "source/3". */
static gboolean parse_object(const Request *request, char **kind, gint64 *id, GError **error)
{
	const char *text = query_text(request, "object"), *slash = text ? strchr(text, '/') : NULL;
	if (slash && !g_ascii_string_to_signed(slash + 1, 10, 1, G_MAXINT64, id, NULL)) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		                    "object is a kind of thing, and its number: source, or "
		                    "source/3");
		return FALSE;
	}
	*kind = slash ? g_strndup(text, (gsize)(slash - text)) : g_strdup(text);
	return TRUE;
}

static gboolean parse_page(const Request *request, AuditPage *page, GError **error)
{
	gboolean before = json_object_get(request->query, "before") != NULL;
	*page = (AuditPage){
		.newest_first = before,
		.from = query_int(request, before ? "before" : "after", 0),
		.limit = (guint)query_int(request, "limit", LIMIT_PAGE_DEFAULT),
	};
	if (!before || !json_object_get(request->query, "after"))
		return TRUE;
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
	                    "after and before do not go together");
	return FALSE;
}

static json_t *show_records(const Request *request, Db *db, const GPtrArray *records,
                            GError **error)
{
	g_autoptr(json_t) items = json_array();
	for (guint i = 0; i < records->len; i++) {
		if (!seen_record(db, request->sight, records->pdata[i], error))
			return NULL;
		json_array_append_new(items, audit_record_show(records->pdata[i]));
	}
	return g_steal_pointer(&items);
}

/* "after" is where to go on with what comes later, "before" with what was earlier, 0 when there is
 * nothing; "last" is the newest record of all, "first" the oldest, for what was before may have
 * been removed. */
static gboolean answer_page(Request *request, Db *db, const AuditPage *page,
                            const GPtrArray *records, Answer *answer, GError **error)
{
	gint64 last;
	g_auto(AuditAnchor) anchor = {0};
	if (!audit_last(db, &last, error) || !audit_anchor_load(db, &anchor, error))
		return FALSE;
	json_t *items = show_records(request, db, records, error);
	if (!items)
		return FALSE;
	gint64 after = page->next && !page->newest_first ? page->next : MAX(last, page->from);
	json_t *document =
		json_pack("{s:o, s:I, s:I, s:I}", "items", items, "after", (json_int_t)after,
	                  "first", (json_int_t)anchor.seq + 1, "last", (json_int_t)last);
	if (page->newest_first)
		json_object_set_new(document, "before", json_integer(page->next));
	answer_json(answer, 200, document);
	if (page->next) {
		g_autofree char *value = g_strdup_printf("%" G_GINT64_FORMAT, page->next);
		page_link(request, answer, page->newest_first ? "before" : "after", value);
	}
	return TRUE;
}

gboolean activity_answer(Request *request, Db *db, gint64 incident_id, Answer *answer,
                         GError **error)
{
	AuditPage page;
	gboolean understood;
	g_autofree char *kind = NULL;
	Request asked = *request;
	g_autoptr(json_t) query = filter_query(request, activity_filter_terms, activity_query,
	                                       answer, &understood, error);
	if (!query || !understood)
		return query != NULL;
	asked.query = query;
	AuditFilter filter = {
		.incident_id = incident_id > 0 ? incident_id
	                                       : query_int(&asked, "incident_id", incident_id),
		.actor = query_text(&asked, "actor"),
		.action = query_text(&asked, "action"),
		.since = query_time(&asked, "since"),
		.until = query_time(&asked, "until"),
		.text = query_text(&asked, "q"),
	};
	if (!parse_page(request, &page, error) ||
	    !parse_object(&asked, &kind, &filter.object_id, error))
		return FALSE;
	filter.object_kind = kind;
	g_autoptr(GPtrArray) records = audit_find(db, request->sight, &filter, &page, error);
	return records && answer_page(request, db, &page, records, answer, error);
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
	                                 request->caller->credential, request->sight, error);
	return answer->stream != NULL;
}
