#pragma once
#include "api/routes.h"

/* The handlers and tables of fields that routes.c lists; each in the file of its resource. */

extern const Field mail_server_query[], mail_server_create_fields[], mail_server_update_fields[],
	mail_server_check_fields[], mail_server_folders_fields[], source_query[],
	source_create_fields[], source_update_fields[], incident_query[], incident_update_fields[],
	close_fields[], reopen_fields[], alert_query[], alert_update_fields[], report_query[],
	original_query[], attachments_query[], response_query[], response_create_fields[],
	result_query[], job_query[], activity_query[], incident_activity_query[], events_query[],
	api_key_create_fields[], backup_plan_fields[], session_create_fields[], setup_fields[],
	user_create_fields[], user_update_fields[], password_fields[], account_update_fields[],
	account_proof_fields[], totp_confirm_fields[], account_password_fields[], session_query[],
	role_create_fields[], role_update_fields[], comment_fields[], search_query_fields[],
	reporter_query[], statistics_query[], page_query[];
extern const Field retention_fields[], retention_preview_query[], hold_fields[];
extern const Field view_create_fields[], view_update_fields[], preference_fields[];
extern const Field identity_provider_create_fields[], identity_provider_update_fields[],
	identity_query[], vip_fields[], sign_on_fields[], sign_on_finish_fields[];
extern const Field team_query[], team_create_fields[], team_update_fields[];

gboolean mail_server_kind_list(Request *request, Db *db, Answer *answer, GError **error);
gboolean mail_server_list_all(Request *request, Db *db, Answer *answer, GError **error);
gboolean mail_server_create(Request *request, Db *db, Answer *answer, GError **error);
gboolean mail_server_get(Request *request, Db *db, Answer *answer, GError **error);
gboolean mail_server_patch(Request *request, Db *db, Answer *answer, GError **error);
gboolean mail_server_remove_one(Request *request, Db *db, Answer *answer, GError **error);
gboolean mail_server_check_start(Request *request, Db *db, Answer *answer, GError **error);
gboolean mail_server_folders_start(Request *request, Db *db, Answer *answer, GError **error);

gboolean source_list_all(Request *request, Db *db, Answer *answer, GError **error);
gboolean source_create(Request *request, Db *db, Answer *answer, GError **error);
gboolean source_get(Request *request, Db *db, Answer *answer, GError **error);
gboolean source_patch(Request *request, Db *db, Answer *answer, GError **error);
gboolean source_remove(Request *request, Db *db, Answer *answer, GError **error);
gboolean source_poll_list(Request *request, Db *db, Answer *answer, GError **error);
gboolean source_poll_now(Request *request, Db *db, Answer *answer, GError **error);
gboolean source_test_start(Request *request, Db *db, Answer *answer, GError **error);

gboolean incident_list_some(Request *request, Db *db, Answer *answer, GError **error);
gboolean incident_get(Request *request, Db *db, Answer *answer, GError **error);
gboolean incident_patch(Request *request, Db *db, Answer *answer, GError **error);
gboolean incident_close(Request *request, Db *db, Answer *answer, GError **error);
gboolean incident_reopen(Request *request, Db *db, Answer *answer, GError **error);
gboolean incident_alerts(Request *request, Db *db, Answer *answer, GError **error);
gboolean incident_reports(Request *request, Db *db, Answer *answer, GError **error);
gboolean incident_responses(Request *request, Db *db, Answer *answer, GError **error);
gboolean incident_respond(Request *request, Db *db, Answer *answer, GError **error);
gboolean incident_activity(Request *request, Db *db, Answer *answer, GError **error);

gboolean reporter_list_some(Request *request, Db *db, Answer *answer, GError **error);
gboolean reporter_get(Request *request, Db *db, Answer *answer, GError **error);
gboolean statistics_get(Request *request, Db *db, Answer *answer, GError **error);
gboolean search_run(Request *request, Db *db, Answer *answer, GError **error);

gboolean comment_list_some(Request *request, Db *db, Answer *answer, GError **error);
gboolean comment_create(Request *request, Db *db, Answer *answer, GError **error);
gboolean comment_get(Request *request, Db *db, Answer *answer, GError **error);
gboolean comment_patch(Request *request, Db *db, Answer *answer, GError **error);
gboolean comment_remove(Request *request, Db *db, Answer *answer, GError **error);

gboolean alert_list_some(Request *request, Db *db, Answer *answer, GError **error);
gboolean alert_get(Request *request, Db *db, Answer *answer, GError **error);
gboolean alert_patch(Request *request, Db *db, Answer *answer, GError **error);
gboolean alert_close(Request *request, Db *db, Answer *answer, GError **error);

gboolean report_list_some(Request *request, Db *db, Answer *answer, GError **error);
gboolean report_get(Request *request, Db *db, Answer *answer, GError **error);
gboolean report_claims(Request *request, Db *db, Answer *answer, GError **error);
gboolean report_raw(Request *request, Db *db, Answer *answer, GError **error);
gboolean original_get(Request *request, Db *db, Answer *answer, GError **error);
gboolean original_attachments(Request *request, Db *db, Answer *answer, GError **error);
gboolean original_raw(Request *request, Db *db, Answer *answer, GError **error);

gboolean response_list_some(Request *request, Db *db, Answer *answer, GError **error);
gboolean response_get(Request *request, Db *db, Answer *answer, GError **error);
gboolean response_results(Request *request, Db *db, Answer *answer, GError **error);

gboolean job_list_some(Request *request, Db *db, Answer *answer, GError **error);
gboolean job_get(Request *request, Db *db, Answer *answer, GError **error);
gboolean job_retry_one(Request *request, Db *db, Answer *answer, GError **error);
gboolean job_cancel_one(Request *request, Db *db, Answer *answer, GError **error);

gboolean activity_list(Request *request, Db *db, Answer *answer, GError **error);
gboolean events_open(Request *request, Db *db, Answer *answer, GError **error);

gboolean api_key_list_all(Request *request, Db *db, Answer *answer, GError **error);
gboolean api_key_create(Request *request, Db *db, Answer *answer, GError **error);
gboolean api_key_revoke_one(Request *request, Db *db, Answer *answer, GError **error);

gboolean session_get(Request *request, Db *db, Answer *answer, GError **error);
gboolean session_create(Request *request, Db *db, Answer *answer, GError **error);
gboolean session_end(Request *request, Db *db, Answer *answer, GError **error);
gboolean session_methods(Request *request, Db *db, Answer *answer, GError **error);
gboolean setup_run(Request *request, Db *db, Answer *answer, GError **error);

gboolean session_list_some(Request *request, Db *db, Answer *answer, GError **error);
gboolean session_end_one(Request *request, Db *db, Answer *answer, GError **error);
gboolean account_get(Request *request, Db *db, Answer *answer, GError **error);
gboolean account_patch(Request *request, Db *db, Answer *answer, GError **error);
gboolean account_set_password(Request *request, Db *db, Answer *answer, GError **error);

gboolean account_totp_offer(Request *request, Db *db, Answer *answer, GError **error);
gboolean account_totp_confirm(Request *request, Db *db, Answer *answer, GError **error);
gboolean account_totp_remove(Request *request, Db *db, Answer *answer, GError **error);
gboolean account_recovery_codes(Request *request, Db *db, Answer *answer, GError **error);

gboolean person_list_all(Request *request, Db *db, Answer *answer, GError **error);
gboolean user_list_all(Request *request, Db *db, Answer *answer, GError **error);
gboolean user_create(Request *request, Db *db, Answer *answer, GError **error);
gboolean user_get(Request *request, Db *db, Answer *answer, GError **error);
gboolean user_patch(Request *request, Db *db, Answer *answer, GError **error);
gboolean user_remove(Request *request, Db *db, Answer *answer, GError **error);
gboolean user_set_password(Request *request, Db *db, Answer *answer, GError **error);
gboolean user_remove_totp(Request *request, Db *db, Answer *answer, GError **error);
gboolean user_unlock(Request *request, Db *db, Answer *answer, GError **error);
gboolean user_end_sessions(Request *request, Db *db, Answer *answer, GError **error);

gboolean role_list_all(Request *request, Db *db, Answer *answer, GError **error);
gboolean role_create(Request *request, Db *db, Answer *answer, GError **error);
gboolean role_get(Request *request, Db *db, Answer *answer, GError **error);
gboolean role_patch(Request *request, Db *db, Answer *answer, GError **error);
gboolean role_remove(Request *request, Db *db, Answer *answer, GError **error);

gboolean identity_provider_kind_list(Request *request, Db *db, Answer *answer, GError **error);
gboolean identity_provider_list_all(Request *request, Db *db, Answer *answer, GError **error);
gboolean identity_provider_create(Request *request, Db *db, Answer *answer, GError **error);
gboolean identity_provider_get(Request *request, Db *db, Answer *answer, GError **error);
gboolean identity_provider_patch(Request *request, Db *db, Answer *answer, GError **error);
gboolean identity_provider_remove(Request *request, Db *db, Answer *answer, GError **error);
gboolean identity_provider_check_start(Request *request, Db *db, Answer *answer, GError **error);
gboolean identity_list(Request *request, Db *db, Answer *answer, GError **error);
gboolean identity_remove(Request *request, Db *db, Answer *answer, GError **error);
gboolean sign_on_begin(Request *request, Db *db, Answer *answer, GError **error);
gboolean sign_on_finish(Request *request, Db *db, Answer *answer, GError **error);

gboolean view_list_some(Request *request, Db *db, Answer *answer, GError **error);
gboolean view_create(Request *request, Db *db, Answer *answer, GError **error);
gboolean view_get(Request *request, Db *db, Answer *answer, GError **error);
gboolean view_patch(Request *request, Db *db, Answer *answer, GError **error);
gboolean view_remove(Request *request, Db *db, Answer *answer, GError **error);
gboolean preferences_get(Request *request, Db *db, Answer *answer, GError **error);
gboolean preferences_patch(Request *request, Db *db, Answer *answer, GError **error);

gboolean backup_list_all(Request *request, Db *db, Answer *answer, GError **error);
gboolean backup_start(Request *request, Db *db, Answer *answer, GError **error);
gboolean backup_plan_get(Request *request, Db *db, Answer *answer, GError **error);
gboolean backup_plan_patch(Request *request, Db *db, Answer *answer, GError **error);

gboolean team_list_some(Request *request, Db *db, Answer *answer, GError **error);
gboolean team_create(Request *request, Db *db, Answer *answer, GError **error);
gboolean team_get(Request *request, Db *db, Answer *answer, GError **error);
gboolean team_patch(Request *request, Db *db, Answer *answer, GError **error);
gboolean team_remove(Request *request, Db *db, Answer *answer, GError **error);

gboolean retention_get(Request *request, Db *db, Answer *answer, GError **error);
gboolean retention_put(Request *request, Db *db, Answer *answer, GError **error);
gboolean retention_preview_get(Request *request, Db *db, Answer *answer, GError **error);
gboolean retention_run_list_all(Request *request, Db *db, Answer *answer, GError **error);
gboolean retention_run_start(Request *request, Db *db, Answer *answer, GError **error);
gboolean hold_list_some(Request *request, Db *db, Answer *answer, GError **error);
gboolean incident_hold(Request *request, Db *db, Answer *answer, GError **error);
gboolean incident_release(Request *request, Db *db, Answer *answer, GError **error);

gboolean vip_get(Request *request, Db *db, Answer *answer, GError **error);
gboolean vip_patch(Request *request, Db *db, Answer *answer, GError **error);

gboolean health_get(Request *request, Db *db, Answer *answer, GError **error);
gboolean metrics_get(Request *request, Db *db, Answer *answer, GError **error);
gboolean whoami_get(Request *request, Db *db, Answer *answer, GError **error);
gboolean openapi_get(Request *request, Db *db, Answer *answer, GError **error);

/** Answers with an incident, the original it is about, and its hold. */
gboolean incident_answer(const Request *request, Answer *answer, Db *db, gint64 id, GError **error);
/** Answers with a job that was queued: 202, its page as Location. */
gboolean job_answer_queued(Answer *answer, Db *db, gint64 id, GError **error);
/** Answers with records of the audit log, from "after" on; @incident_id as audit_list() has it. */
gboolean activity_answer(Request *request, Db *db, gint64 incident_id, Answer *answer,
                         GError **error);
