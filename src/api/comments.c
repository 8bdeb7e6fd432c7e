/* What people say to each other about an incident: plain text, changed and deleted by who wrote it.
 *
 * The audit log has who said something when and the hash of it, not the words: what is deleted is
 * gone, and what stays can be proved. */
#include "api/page.h"
#include "api/resources.h"
#include "api/show.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "search/index.h"
#include "store/api_key.h"
#include "store/comment.h"
#include "store/incident.h"

#include <string.h>

/* clang-format off */
const Field comment_fields[] = {
	{"text", FIELD_PROSE, FIELD_REQUIRED, 1, LIMIT_DESCRIPTION, NULL, "text is 1 to 4000 characters of plain text"},
	{NULL}
};
/* clang-format on */

static json_t *row_show(gconstpointer row)
{
	return comment_show(row);
}

static gint64 row_id(gconstpointer row)
{
	return ((const Comment *)row)->id;
}

gboolean comment_list_some(Request *request, Db *db, Answer *answer, GError **error)
{
	Page page;
	g_autoptr(Incident) incident = incident_load(db, request->id, error);
	if (!incident || !page_parse(request, &page, error))
		return FALSE;
	g_autoptr(GPtrArray) rows =
		comment_list(db, incident->id, page.before_id, page.limit, error);
	if (!rows)
		return FALSE;
	page_answer(request, answer, &page, rows, row_show, row_id, NULL);
	return TRUE;
}

static gboolean answer_comment(Answer *answer, int status, const Comment *comment)
{
	answer_json(answer, status, comment_show(comment));
	answer_etag(answer, comment->revision);
	if (status == 201)
		answer_header(answer, "Location", "/v1/comments/%" G_GINT64_FORMAT, comment->id);
	return TRUE;
}

gboolean comment_get(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(Comment) comment = comment_load(db, request->id, error);
	return comment && answer_comment(answer, 200, comment);
}

/* Whoever repeats the request that made it gets it as it is now: what is deleted stands nowhere. */
static gboolean follow_in_answers(Db *db, const Comment *comment, GError **error)
{
	g_autofree char *location = g_strdup_printf("/v1/comments/%" G_GINT64_FORMAT, comment->id);
	g_autoptr(json_t) document = comment_show(comment);
	g_autofree char *body = json_format(document);
	return stored_answer_replace(db, location, body, error);
}

/* The record of a change, and with it the new revision. */
static gboolean record(const Request *request, Db *db, const char *action, Comment *comment,
                       GError **error)
{
	g_autofree char *hash =
		comment->deleted_at
			? NULL
			: g_compute_checksum_for_string(G_CHECKSUM_SHA256, comment->text, -1);
	return audit_append(db, request->actor, action, "comment", comment->id,
	                    comment->incident_id, json_pack("{s:s*}", "sha256", hash),
	                    &comment->revision, error);
}

gboolean comment_create(Request *request, Db *db, Answer *answer, GError **error)
{
	gint64 count, last;
	g_autofree char *hash = NULL;
	g_autoptr(Incident) incident = incident_load(db, request->id, error);
	/* The chain is held from here on, so nobody counts at the same time. */
	if (!incident || !audit_head(db, &last, &hash, error) ||
	    !comment_count(db, incident->id, &count, error))
		return FALSE;
	if (count >= LIMIT_COMMENTS) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_LIMIT,
		            "this incident has %d comments, which is the limit", LIMIT_COMMENTS);
		return FALSE;
	}
	g_autoptr(Comment) comment = g_new0(Comment, 1);
	comment->incident_id = incident->id;
	comment->author = g_strdup(request->actor);
	comment->author_id = request->caller->id;
	comment->text = g_strdup(sent_text(request, "text"));
	comment->created_at = clock_now();
	comment->revision = last + 1;
	return comment_insert(db, comment, error) &&
	       record(request, db, "comment.add", comment, error) &&
	       answer_comment(answer, 201, comment);
}

/* The comment to change, the caller's own and not changed since it was read. */
static Comment *load_own(const Request *request, Db *db, GError **error)
{
	g_autoptr(Comment) comment = comment_load(db, request->id, error);
	if (!comment || !request_if_match(request, comment->revision, error))
		return NULL;
	if (comment->author_id != request->caller->id) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_DENIED,
		                    "only who wrote a comment can change or delete it");
		return NULL;
	}
	if (comment->deleted_at) {
		g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
		                    "this comment is deleted already");
		return NULL;
	}
	return g_steal_pointer(&comment);
}

gboolean comment_patch(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(Comment) comment = load_own(request, db, error);
	const char *text = sent_text(request, "text");
	if (!comment)
		return FALSE;
	if (!text || strcmp(text, comment->text) == 0)
		return answer_comment(answer, 200, comment);
	gint64 expected = comment->revision;
	g_autofree char *before = comment->text;
	comment->text = g_strdup(text);
	comment->edited_at = clock_now();
	return record(request, db, "comment.edit", comment, error) &&
	       comment_update(db, comment, expected, error) &&
	       search_comment_changed(db, comment->incident_id, before, text, error) &&
	       follow_in_answers(db, comment, error) && answer_comment(answer, 200, comment);
}

gboolean comment_remove(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(Comment) comment = load_own(request, db, error);
	if (!comment)
		return FALSE;
	gint64 expected = comment->revision;
	g_autofree char *before = comment->text;
	comment->text = g_strdup("");
	comment->deleted_at = clock_now();
	if (!record(request, db, "comment.delete", comment, error) ||
	    !comment_update(db, comment, expected, error) ||
	    !search_comment_changed(db, comment->incident_id, before, "", error) ||
	    !follow_in_answers(db, comment, error))
		return FALSE;
	answer_nothing(answer);
	return TRUE;
}
