/* Jobs: the work under way, and the few things a person may do to it. */
#include "api/page.h"
#include "api/resources.h"
#include "api/show.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "store/job.h"

/* clang-format off */
const Field job_query[] = {
	PAGE_FIELDS,
	{"state", FIELD_NAME, 0, 0, 0, job_state_names, "state is ready, running, done, parked or cancelled"},
	{"kind",  FIELD_TEXT, 0, 1, LIMIT_NAME, NULL,   "kind is a kind of job, such as source.poll"},
	{NULL}
};
/* clang-format on */

/* What nothing depends on but the person who asked. Any other job keeps a promise. */
static const char *const cancellable[] = {"server.check", "server.folders", "source.test",
                                          "provider.check", NULL};

static json_t *row_show(gconstpointer row)
{
	return job_show(row);
}

static gint64 row_id(gconstpointer row)
{
	return ((const Job *)row)->id;
}

gboolean job_list_some(Request *request, Db *db, Answer *answer, GError **error)
{
	Page page;
	if (!page_parse(request, &page, error))
		return FALSE;
	const JobFilter filter = {
		.state = query_name(request, "state", job_state_names),
		.kind = query_text(request, "kind"),
	};
	g_autoptr(GPtrArray) rows = job_list(db, &filter, &page, error);
	if (!rows)
		return FALSE;
	page_answer(request, answer, &page, rows, row_show, row_id, NULL);
	return TRUE;
}

static gboolean answer_job(Answer *answer, Db *db, gint64 id, int status, GError **error)
{
	g_autoptr(Job) job = job_load(db, id, error);
	if (!job)
		return FALSE;
	answer_json(answer, status, job_show(job));
	return TRUE;
}

gboolean job_get(Request *request, Db *db, Answer *answer, GError **error)
{
	return answer_job(answer, db, request->id, 200, error);
}

gboolean job_answer_queued(Answer *answer, Db *db, gint64 id, GError **error)
{
	answer_header(answer, "Location", "/v1/jobs/%" G_GINT64_FORMAT, id);
	return answer_job(answer, db, id, 202, error);
}

gboolean job_retry_one(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(Job) job = job_load(db, request->id, error);
	return job && job_retry(db, job->id, clock_now(), error) &&
	       audit_append(db, request->actor, "job.retry", "job", job->id, 0,
	                    json_pack("{s:s}", "kind", job->kind), NULL, error) &&
	       answer_job(answer, db, job->id, 200, error);
}

gboolean job_cancel_one(Request *request, Db *db, Answer *answer, GError **error)
{
	g_autoptr(Job) job = job_load(db, request->id, error);
	if (!job)
		return FALSE;
	if (!g_strv_contains(cancellable, job->kind)) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
		            "a job of kind %s is not for cancelling: something depends on it",
		            job->kind);
		return FALSE;
	}
	return job_cancel(db, job->id, clock_now(), error) &&
	       audit_append(db, request->actor, "job.cancel", "job", job->id, 0,
	                    json_pack("{s:s}", "kind", job->kind), NULL, error) &&
	       answer_job(answer, db, job->id, 200, error);
}
