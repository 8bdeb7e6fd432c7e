#pragma once
#include "auth/caller.h"
#include "base/json.h"
#include "model/alert.h"
#include "model/job.h"
#include "model/quarantine.h"
#include "model/report.h"
#include "server/config.h"
#include "store/audit.h"
#include "store/backup.h"
#include "store/comment.h"
#include "store/figures.h"
#include "store/retention.h"
#include "store/team.h"
#include "store/view.h"

/* How rows look to clients: the schemas of openapi.json. New references; never NULL. */

json_t *incident_show(const Incident *incident);
json_t *alert_show(const Alert *alert);
json_t *report_show(const Report *report);
json_t *original_show(const Original *original);
json_t *response_show(const Response *response);
json_t *quarantine_result_show(const QuarantineResult *result);
json_t *job_show(const Job *job);
json_t *user_show(const User *user);
json_t *user_role_show(const UserRole *role);
json_t *user_session_show(const UserSession *session);
json_t *reporter_show(const Reporter *reporter);
json_t *team_show(const Team *team);
json_t *comment_show(const Comment *comment);
json_t *saved_view_show(const SavedView *view);
json_t *caller_show(const Caller *caller);
json_t *backup_show(const BackupRow *x);
json_t *retention_run_show(const RetentionRun *run);
json_t *incident_hold_show(const IncidentHold *hold);
json_t *api_key_show(const ApiKey *key);
json_t *audit_record_show(const AuditRecord *record);

/** What of @members differs between two documents: {"severity": {"from": …, "to": …}}; NULL when
 * nothing does. */
json_t *show_changes(const json_t *members, const json_t *before, const json_t *after);

/** JSON text from the database as a value; null when it is none. */
json_t *show_json(const char *text);
/** A number that is null when it is 0: the id of nothing. */
json_t *show_id(gint64 id);
/** Names as an array; NULL: none. */
json_t *show_names(const char *const *names);
/** A member of a configuration, as forms need it. */
json_t *show_member(const ConfigMember *member, gboolean is_secret);
/** Members whose value is null are left out: a merge patch removes with null. */
json_t *show_without_nulls(const json_t *object);
