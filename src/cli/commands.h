#pragma once
#include "cli/command.h"

/* The handlers that commands.c lists; each in the file of its noun. */

int cli_server_list(Cli *cli, GError **error);
int cli_server_show(Cli *cli, GError **error);
int cli_server_add(Cli *cli, GError **error);
int cli_server_set(Cli *cli, GError **error);
int cli_server_remove(Cli *cli, GError **error);
int cli_server_check(Cli *cli, GError **error);
int cli_server_folders(Cli *cli, GError **error);
int cli_server_kinds(Cli *cli, GError **error);

int cli_source_list(Cli *cli, GError **error);
int cli_source_show(Cli *cli, GError **error);
int cli_source_add(Cli *cli, GError **error);
int cli_source_set(Cli *cli, GError **error);
int cli_source_remove(Cli *cli, GError **error);
int cli_source_poll(Cli *cli, GError **error);
int cli_source_test(Cli *cli, GError **error);
int cli_source_pause(Cli *cli, GError **error);
int cli_source_resume(Cli *cli, GError **error);

int cli_incident_list(Cli *cli, GError **error);
int cli_incident_show(Cli *cli, GError **error);
int cli_incident_close(Cli *cli, GError **error);
int cli_reporter_list(Cli *cli, GError **error);
int cli_statistics(Cli *cli, GError **error);
int cli_search(Cli *cli, GError **error);
int cli_incident_reopen(Cli *cli, GError **error);
int cli_incident_comment(Cli *cli, GError **error);
int cli_incident_hold(Cli *cli, GError **error);
int cli_incident_release(Cli *cli, GError **error);
int cli_incident_set(Cli *cli, GError **error);
int cli_incident_watch(Cli *cli, GError **error);
int cli_incident_raw(Cli *cli, GError **error);
int cli_incident_attachments(Cli *cli, GError **error);

int cli_quarantine(Cli *cli, GError **error);
int cli_restore(Cli *cli, GError **error);

int cli_alert_list(Cli *cli, GError **error);
int cli_alert_show(Cli *cli, GError **error);
int cli_alert_close(Cli *cli, GError **error);

int cli_report_list(Cli *cli, GError **error);
int cli_report_show(Cli *cli, GError **error);
int cli_report_raw(Cli *cli, GError **error);

int cli_job_list(Cli *cli, GError **error);
int cli_job_show(Cli *cli, GError **error);
int cli_job_retry(Cli *cli, GError **error);
int cli_job_cancel(Cli *cli, GError **error);

int cli_activity(Cli *cli, GError **error);
int cli_audit_verify(Cli *cli, GError **error);
int cli_audit_export(Cli *cli, GError **error);
int cli_retention_show(Cli *cli, GError **error);
int cli_retention_set(Cli *cli, GError **error);
int cli_retention_preview(Cli *cli, GError **error);
int cli_retention_run(Cli *cli, GError **error);
int cli_retention_runs(Cli *cli, GError **error);
int cli_retention_holds(Cli *cli, GError **error);
int cli_backup_create(Cli *cli, GError **error);
int cli_backup_restore(Cli *cli, GError **error);
int cli_backup_verify(Cli *cli, GError **error);
int cli_key_list(Cli *cli, GError **error);
int cli_key_add(Cli *cli, GError **error);
int cli_key_revoke(Cli *cli, GError **error);
int cli_key_recover(Cli *cli, GError **error);
int cli_user_list(Cli *cli, GError **error);
int cli_user_add(Cli *cli, GError **error);
int cli_user_set(Cli *cli, GError **error);
int cli_user_passwd(Cli *cli, GError **error);
int cli_user_unlock(Cli *cli, GError **error);
int cli_user_no_codes(Cli *cli, GError **error);
int cli_user_delete(Cli *cli, GError **error);
int cli_user_setup_link(Cli *cli, GError **error);
int cli_provider_list(Cli *cli, GError **error);
int cli_provider_check(Cli *cli, GError **error);
int cli_provider_set(Cli *cli, GError **error);
int cli_team_list(Cli *cli, GError **error);
int cli_team_show(Cli *cli, GError **error);
int cli_team_add(Cli *cli, GError **error);
int cli_team_set(Cli *cli, GError **error);
int cli_team_delete(Cli *cli, GError **error);
int cli_role_list(Cli *cli, GError **error);
int cli_session_list(Cli *cli, GError **error);
int cli_session_end(Cli *cli, GError **error);
int cli_health(Cli *cli, GError **error);
int cli_check(Cli *cli, GError **error);

int cli_serve(Cli *cli, GError **error);
int cli_help(Cli *cli, GError **error);
int cli_completion(Cli *cli, GError **error);
int cli_version(Cli *cli, GError **error);
