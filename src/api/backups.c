/* Backups that the daemon makes: the plan, what was made, and one for now. The files hold the keys
 * to every password, so they are not handed out here: they lie on the machine. */
#include "api/page.h"
#include "api/resources.h"
#include "api/show.h"
#include "audit/audit.h"
#include "backup/job.h"
#include "base/error.h"
#include "store/backup.h"

#include <string.h>

/* clang-format off */
const Field backup_plan_fields[] = {
	{"every_hours", FIELD_INTEGER, 0, 0, BACKUP_HOURS_MAX, NULL, "every_hours is a number of hours from 1 to 744, or 0: only by hand"},
	{"keep",        FIELD_INTEGER, 0, 1, BACKUP_KEEP_MAX,  NULL, "keep is how many backups stay, from 1 to 365"},
	{NULL}
};
/* clang-format on */

static json_t *row_show(gconstpointer row)
{
	return backup_show(row);
}

static gint64 row_id(gconstpointer row)
{
	return ((const BackupRow *)row)->id;
}

gboolean backup_list_all(Request *request, Db *db, Answer *answer, GError **error)
{
	Page page;
	g_autoptr(GPtrArray) rows = backup_row_list(db, error);
	if (!rows || !page_parse(request, &page, error))
		return FALSE;
	page_cut(&page, rows, row_id);
	page_answer(request, answer, &page, rows, row_show, row_id, NULL);
	return TRUE;
}

/* PostgreSQL's own tools do it there. */
static gboolean check_database(Db *db, GError **error)
{
	if (strcmp(db_driver_name(db), "sqlite") == 0)
		return TRUE;
	g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
	            "a %s database is backed up by its own tools: pg_dump, and then keys/ and raw/ "
	            "of the data directory",
	            db_driver_name(db));
	return FALSE;
}

gboolean backup_start(Request *request, Db *db, Answer *answer, GError **error)
{
	gint64 id;
	return check_database(db, error) && backup_queue_now(db, &id, error) &&
	       audit_append(db, request->actor, "backup.request", "job", id, 0, NULL, NULL,
	                    error) &&
	       job_answer_queued(answer, db, id, error);
}

static json_t *plan_show(Db *db, const BackupPlan *plan)
{
	return json_pack("{s:b, s:I, s:I}", "possible", strcmp(db_driver_name(db), "sqlite") == 0,
	                 "every_hours", (json_int_t)plan->every_hours, "keep",
	                 (json_int_t)plan->keep);
}

gboolean backup_plan_get(Request *request, Db *db, Answer *answer, GError **error)
{
	BackupPlan plan;
	if (!backup_plan_load(db, &plan, error))
		return FALSE;
	answer_json(answer, 200, plan_show(db, &plan));
	return TRUE;
}

gboolean backup_plan_patch(Request *request, Db *db, Answer *answer, GError **error)
{
	BackupPlan plan;
	if (!check_database(db, error) || !db_lock_key(db, "backup.plan", error) ||
	    !backup_plan_load(db, &plan, error))
		return FALSE;
	g_autoptr(json_t) before = plan_show(db, &plan);
	plan.every_hours = json_int(request->body, "every_hours", plan.every_hours);
	plan.keep = json_int(request->body, "keep", plan.keep);
	g_autoptr(json_t) after = plan_show(db, &plan);
	json_t *changes = show_changes(request->body, before, after);
	if (changes && (!backup_plan_save(db, &plan, error) || !backup_schedule(db, error) ||
	                !audit_append(db, request->actor, "backup.plan", "backup_plan", 1, 0,
	                              json_pack("{s:o}", "changes", changes), NULL, error)))
		return FALSE;
	answer_json(answer, 200, g_steal_pointer(&after));
	return TRUE;
}
