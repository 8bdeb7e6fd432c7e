/* The one table of what can be asked: method, path, the scope it takes, what of it is seen, and who
 * answers. A route
 * that is not here does not exist, and openapi.json describes exactly these. */
#include "api/routes.h"

#include "api/resources.h"

#include <string.h>

/* clang-format off */
#define READ      SCOPE_READ
#define CONTENT   SCOPE_CONTENT
#define TRIAGE    SCOPE_TRIAGE
#define RESPOND   SCOPE_RESPOND
#define CONFIGURE SCOPE_CONFIGURE
#define ADMIN     SCOPE_ADMIN
#define HOLD      SCOPE_HOLD

#define OWN       SIGHT_OWN
#define WHOLE     SIGHT_WHOLE
#define SOME      SIGHT_SOME
#define ONE(kind) SIGHT_ONE + SEEN_##kind

const Route routes[] = {
	{"GET",    "/v1/mail-server-kinds",         READ,      OWN,              ROUTE_READ,  mail_server_kind_list,     "listMailServerKinds",   NULL,              NULL},
	{"GET",    "/v1/mail-servers",              READ,      SOME,             ROUTE_READ,  mail_server_list_all,      "listMailServers",       mail_server_query, NULL},
	{"POST",   "/v1/mail-servers",              CONFIGURE, WHOLE,            ROUTE_WRITE, mail_server_create,        "createMailServer",      NULL,              mail_server_create_fields},
	{"GET",    "/v1/mail-servers/{id}",         READ,      ONE(MAIL_SERVER), ROUTE_READ,  mail_server_get,           "getMailServer",         NULL,              NULL},
	{"PATCH",  "/v1/mail-servers/{id}",         CONFIGURE, WHOLE,            ROUTE_WRITE, mail_server_patch,         "updateMailServer",      NULL,              mail_server_update_fields},
	{"DELETE", "/v1/mail-servers/{id}",         CONFIGURE, WHOLE,            ROUTE_WRITE, mail_server_remove_one,    "deleteMailServer",      NULL,              NULL},
	{"POST",   "/v1/mail-servers/{id}/check",   CONFIGURE, WHOLE,            ROUTE_WRITE, mail_server_check_start,   "checkMailServer",       NULL,              mail_server_check_fields},
	{"POST",   "/v1/mail-servers/{id}/folders", CONFIGURE, WHOLE,            ROUTE_WRITE, mail_server_folders_start, "listMailServerFolders", NULL,              mail_server_folders_fields},

	{"GET",    "/v1/sources",                   READ,      SOME,             ROUTE_READ,  source_list_all,           "listSources",           source_query,      NULL},
	{"POST",   "/v1/sources",                   CONFIGURE, WHOLE,            ROUTE_WRITE, source_create,             "createSource",          NULL,              source_create_fields},
	{"GET",    "/v1/sources/{id}",              READ,      ONE(SOURCE),      ROUTE_READ,  source_get,                "getSource",             NULL,              NULL},
	{"PATCH",  "/v1/sources/{id}",              CONFIGURE, WHOLE,            ROUTE_WRITE, source_patch,              "updateSource",          NULL,              source_update_fields},
	{"DELETE", "/v1/sources/{id}",              CONFIGURE, WHOLE,            ROUTE_WRITE, source_remove,             "deleteSource",          NULL,              NULL},
	{"GET",    "/v1/sources/{id}/polls",        READ,      ONE(SOURCE),      ROUTE_READ,  source_poll_list,          "listSourcePolls",       page_query,        NULL},
	{"POST",   "/v1/sources/{id}/poll",         CONFIGURE, ONE(SOURCE),      ROUTE_WRITE, source_poll_now,           "pollSource",            NULL,              NULL},
	{"POST",   "/v1/sources/{id}/test",         CONFIGURE, ONE(SOURCE),      ROUTE_WRITE, source_test_start,         "testSource",            NULL,              NULL},

	{"GET",    "/v1/incidents",                 READ,      SOME,             ROUTE_READ,  incident_list_some,        "listIncidents",         incident_query,    NULL},
	{"GET",    "/v1/incidents/{id}",            READ,      ONE(INCIDENT),    ROUTE_READ,  incident_get,              "getIncident",           NULL,              NULL},
	{"PATCH",  "/v1/incidents/{id}",            TRIAGE,    ONE(INCIDENT),    ROUTE_WRITE, incident_patch,            "updateIncident",        NULL,              incident_update_fields},
	{"POST",   "/v1/incidents/{id}/close",      TRIAGE,    ONE(INCIDENT),    ROUTE_WRITE, incident_close,            "closeIncident",         NULL,              close_fields},
	{"POST",   "/v1/incidents/{id}/reopen",     TRIAGE,    ONE(INCIDENT),    ROUTE_WRITE, incident_reopen,           "reopenIncident",        NULL,              reopen_fields},
	{"POST",   "/v1/incidents/{id}/hold",       HOLD,      ONE(INCIDENT),    ROUTE_WRITE, incident_hold,             "holdIncident",          NULL,              hold_fields},
	{"POST",   "/v1/incidents/{id}/release",    HOLD,      ONE(INCIDENT),    ROUTE_WRITE, incident_release,          "releaseIncident",       NULL,              hold_fields},
	{"GET",    "/v1/incidents/{id}/alerts",     READ,      ONE(INCIDENT),    ROUTE_READ,  incident_alerts,           "listIncidentAlerts",    page_query,        NULL},
	{"GET",    "/v1/incidents/{id}/reports",    READ,      ONE(INCIDENT),    ROUTE_READ,  incident_reports,          "listIncidentReports",   page_query,        NULL},
	{"GET",    "/v1/incidents/{id}/responses",  READ,      ONE(INCIDENT),    ROUTE_READ,  incident_responses,        "listIncidentResponses", page_query,        NULL},
	{"POST",   "/v1/incidents/{id}/responses",  RESPOND,   ONE(INCIDENT),    ROUTE_WRITE, incident_respond,          "createResponse",        NULL,              response_create_fields},
	{"GET",    "/v1/incidents/{id}/activity",   READ,      ONE(INCIDENT),    ROUTE_READ,  incident_activity,         "listIncidentActivity",  incident_activity_query, NULL},

	{"GET",    "/v1/incidents/{id}/comments",   READ,      ONE(INCIDENT),    ROUTE_READ,  comment_list_some,         "listIncidentComments",  page_query,        NULL},
	{"POST",   "/v1/incidents/{id}/comments",   TRIAGE,    ONE(INCIDENT),    ROUTE_WRITE, comment_create,            "createComment",         NULL,              comment_fields},
	{"GET",    "/v1/comments/{id}",             READ,      ONE(COMMENT),     ROUTE_READ,  comment_get,               "getComment",            NULL,              NULL},
	{"PATCH",  "/v1/comments/{id}",             TRIAGE,    ONE(COMMENT),     ROUTE_WRITE, comment_patch,             "updateComment",         NULL,              comment_fields},
	{"DELETE", "/v1/comments/{id}",             TRIAGE,    ONE(COMMENT),     ROUTE_WRITE, comment_remove,            "deleteComment",         NULL,              NULL},

	{"GET",    "/v1/search",                    READ,      SOME,             ROUTE_ALONE, search_run,                "search",                search_query_fields, NULL},

	{"GET",    "/v1/alerts",                    READ,      SOME,             ROUTE_READ,  alert_list_some,           "listAlerts",            alert_query,       NULL},
	{"GET",    "/v1/alerts/{id}",               READ,      ONE(ALERT),       ROUTE_READ,  alert_get,                 "getAlert",              NULL,              NULL},
	{"PATCH",  "/v1/alerts/{id}",               TRIAGE,    ONE(ALERT),       ROUTE_WRITE, alert_patch,               "updateAlert",           NULL,              alert_update_fields},
	{"POST",   "/v1/alerts/{id}/close",         TRIAGE,    ONE(ALERT),       ROUTE_WRITE, alert_close,               "closeAlert",            NULL,              close_fields},

	{"GET",    "/v1/reports",                   READ,      SOME,             ROUTE_READ,  report_list_some,          "listReports",           report_query,      NULL},
	{"GET",    "/v1/reports/{id}",              READ,      ONE(REPORT),      ROUTE_READ,  report_get,                "getReport",             NULL,              NULL},
	{"GET",    "/v1/reports/{id}/raw",          CONTENT,   ONE(REPORT),      ROUTE_ALONE, report_raw,                "downloadReport",        NULL,              NULL, "message/rfc822"},
	{"GET",    "/v1/reports/{id}/originals",    CONTENT,   ONE(REPORT),      ROUTE_ALONE, report_claims,             "listReportedOriginals", NULL,              NULL},
	{"GET",    "/v1/originals/{id}",            READ,      ONE(ORIGINAL),    ROUTE_ALONE, original_get,              "getOriginal",           original_query,    NULL},
	{"GET",    "/v1/originals/{id}/raw",        CONTENT,   ONE(ORIGINAL),    ROUTE_ALONE, original_raw,              "downloadOriginal",      NULL,              NULL, "message/rfc822"},
	{"GET",    "/v1/originals/{id}/attachments", CONTENT,  ONE(ORIGINAL),    ROUTE_ALONE, original_attachments,      "downloadAttachments",   attachments_query, NULL, "application/zip"},

	{"GET",    "/v1/reporters",                 READ,      SOME,             ROUTE_READ,  reporter_list_some,        "listReporters",         reporter_query,    NULL},
	{"GET",    "/v1/reporters/{id}",            READ,      ONE(REPORTER),    ROUTE_READ,  reporter_get,              "getReporter",           NULL,              NULL},
	{"GET",    "/v1/statistics",                READ,      SOME,             ROUTE_READ,  statistics_get,            "getStatistics",         statistics_query,  NULL},

	{"GET",    "/v1/responses",                 READ,      SOME,             ROUTE_READ,  response_list_some,        "listResponses",         response_query,    NULL},
	{"GET",    "/v1/responses/{id}",            READ,      ONE(RESPONSE),    ROUTE_READ,  response_get,              "getResponse",           NULL,              NULL},
	{"GET",    "/v1/responses/{id}/results",    READ,      ONE(RESPONSE),    ROUTE_READ,  response_results,          "listResponseResults",   result_query,      NULL},

	{"GET",    "/v1/jobs",                      READ,      SOME,             ROUTE_READ,  job_list_some,             "listJobs",              job_query,         NULL},
	{"GET",    "/v1/jobs/{id}",                 READ,      ONE(JOB),         ROUTE_READ,  job_get,                   "getJob",                NULL,              NULL},
	{"POST",   "/v1/jobs/{id}/retry",           ADMIN,     WHOLE,            ROUTE_WRITE, job_retry_one,             "retryJob",              NULL,              NULL},
	{"POST",   "/v1/jobs/{id}/cancel",          ADMIN,     WHOLE,            ROUTE_WRITE, job_cancel_one,            "cancelJob",             NULL,              NULL},

	{"GET",    "/v1/activity",                  READ,      SOME,             ROUTE_READ,  activity_list,             "listActivity",          activity_query,    NULL},
	{"GET",    "/v1/events",                    READ,      SOME,             ROUTE_READ,  events_open,               "streamEvents",          events_query,      NULL, "text/event-stream"},

	{"GET",    "/v1/api-keys",                  ADMIN,     WHOLE,            ROUTE_READ,  api_key_list_all,          "listApiKeys",           page_query,        NULL},
	{"POST",   "/v1/api-keys",                  ADMIN,     WHOLE,            ROUTE_WRITE, api_key_create,            "createApiKey",          NULL,              api_key_create_fields},
	{"DELETE", "/v1/api-keys/{id}",             ADMIN,     WHOLE,            ROUTE_WRITE, api_key_revoke_one,        "revokeApiKey",          NULL,              NULL},

	{"GET",    "/v1/people",                    READ,      SOME,             ROUTE_READ,  person_list_all,           "listPeople",            page_query,        NULL},
	{"GET",    "/v1/teams",                     READ,      SOME,             ROUTE_READ,  team_list_some,            "listTeams",             team_query,        NULL},
	{"POST",   "/v1/teams",                     ADMIN,     WHOLE,            ROUTE_WRITE, team_create,               "createTeam",            NULL,              team_create_fields},
	{"GET",    "/v1/teams/{id}",                READ,      ONE(TEAM),        ROUTE_READ,  team_get,                  "getTeam",               NULL,              NULL},
	{"PATCH",  "/v1/teams/{id}",                ADMIN,     WHOLE,            ROUTE_WRITE, team_patch,                "updateTeam",            NULL,              team_update_fields},
	{"DELETE", "/v1/teams/{id}",                ADMIN,     WHOLE,            ROUTE_WRITE, team_remove,               "deleteTeam",            NULL,              NULL},

	{"GET",    "/v1/backups",                   ADMIN,     WHOLE,            ROUTE_READ,  backup_list_all,           "listBackups",           page_query,        NULL},
	{"POST",   "/v1/backups",                   ADMIN,     WHOLE,            ROUTE_WRITE, backup_start,              "makeBackup",            NULL,              NULL},
	{"GET",    "/v1/backup-plan",               ADMIN,     WHOLE,            ROUTE_READ,  backup_plan_get,           "getBackupPlan",         NULL,              NULL},
	{"PATCH",  "/v1/backup-plan",               ADMIN,     WHOLE,            ROUTE_WRITE, backup_plan_patch,         "updateBackupPlan",      NULL,              backup_plan_fields},

	{"GET",    "/v1/retention",                 ADMIN,     WHOLE,            ROUTE_READ,  retention_get,             "getRetention",          NULL,              NULL},
	{"PUT",    "/v1/retention",                 ADMIN,     WHOLE,            ROUTE_WRITE, retention_put,             "setRetention",          NULL,              retention_fields},
	{"GET",    "/v1/retention/preview",         ADMIN,     WHOLE,            ROUTE_READ,  retention_preview_get,     "previewRetention",      retention_preview_query, NULL},
	{"GET",    "/v1/retention/runs",            ADMIN,     WHOLE,            ROUTE_READ,  retention_run_list_all,    "listRetentionRuns",     page_query,        NULL},
	{"POST",   "/v1/retention/runs",            ADMIN,     WHOLE,            ROUTE_WRITE, retention_run_start,       "runRetention",          NULL,              NULL},
	{"GET",    "/v1/holds",                     READ,      WHOLE,            ROUTE_READ,  hold_list_some,            "listHolds",             page_query,        NULL},

	{"GET",    "/v1/users",                     ADMIN,     WHOLE,            ROUTE_READ,  user_list_all,             "listUsers",             page_query,        NULL},
	{"POST",   "/v1/users",                     ADMIN,     WHOLE,            ROUTE_ALONE, user_create,               "createUser",            NULL,              user_create_fields},
	{"GET",    "/v1/users/{id}",                ADMIN,     WHOLE,            ROUTE_READ,  user_get,                  "getUser",               NULL,              NULL},
	{"PATCH",  "/v1/users/{id}",                ADMIN,     WHOLE,            ROUTE_WRITE, user_patch,                "updateUser",            NULL,              user_update_fields},
	{"DELETE", "/v1/users/{id}",                ADMIN,     WHOLE,            ROUTE_WRITE, user_remove,               "deleteUser",            NULL,              NULL},
	{"POST",   "/v1/users/{id}/password",       ADMIN,     WHOLE,            ROUTE_ALONE, user_set_password,         "setUserPassword",       NULL,              password_fields},
	{"POST",   "/v1/users/{id}/unlock",         ADMIN,     WHOLE,            ROUTE_WRITE, user_unlock,               "unlockUser",            NULL,              NULL},
	{"DELETE", "/v1/users/{id}/totp",           ADMIN,     WHOLE,            ROUTE_WRITE, user_remove_totp,          "removeUserTotp",        NULL,              NULL},
	{"DELETE", "/v1/users/{id}/sessions",       ADMIN,     WHOLE,            ROUTE_WRITE, user_end_sessions,         "endUserSessions",       NULL,              NULL},

	{"GET",    "/v1/roles",                     ADMIN,     WHOLE,            ROUTE_READ,  role_list_all,             "listRoles",             page_query,        NULL},
	{"POST",   "/v1/roles",                     ADMIN,     WHOLE,            ROUTE_WRITE, role_create,               "createRole",            NULL,              role_create_fields},
	{"GET",    "/v1/roles/{id}",                ADMIN,     WHOLE,            ROUTE_READ,  role_get,                  "getRole",               NULL,              NULL},
	{"PATCH",  "/v1/roles/{id}",                ADMIN,     WHOLE,            ROUTE_WRITE, role_patch,                "updateRole",            NULL,              role_update_fields},
	{"DELETE", "/v1/roles/{id}",                ADMIN,     WHOLE,            ROUTE_WRITE, role_remove,               "deleteRole",            NULL,              NULL},

	{"GET",    "/v1/identity-provider-kinds",   ADMIN,     WHOLE,            ROUTE_READ,  identity_provider_kind_list, "listIdentityProviderKinds", NULL,        NULL},
	{"GET",    "/v1/identity-providers",        ADMIN,     WHOLE,            ROUTE_READ,  identity_provider_list_all, "listIdentityProviders", page_query,       NULL},
	{"POST",   "/v1/identity-providers",        ADMIN,     WHOLE,            ROUTE_WRITE, identity_provider_create,  "createIdentityProvider", NULL,             identity_provider_create_fields},
	{"GET",    "/v1/identity-providers/{id}",   ADMIN,     WHOLE,            ROUTE_READ,  identity_provider_get,     "getIdentityProvider",   NULL,              NULL},
	{"PATCH",  "/v1/identity-providers/{id}",   ADMIN,     WHOLE,            ROUTE_WRITE, identity_provider_patch,   "updateIdentityProvider", NULL,             identity_provider_update_fields},
	{"DELETE", "/v1/identity-providers/{id}",   ADMIN,     WHOLE,            ROUTE_WRITE, identity_provider_remove,  "deleteIdentityProvider", NULL,             NULL},
	{"POST",   "/v1/identity-providers/{id}/check", ADMIN, WHOLE,            ROUTE_WRITE, identity_provider_check_start, "checkIdentityProvider", NULL,          NULL},
	{"GET",    "/v1/identities",                ADMIN,     WHOLE,            ROUTE_READ,  identity_list,             "listIdentities",        identity_query,    NULL},
	{"DELETE", "/v1/identities/{id}",           ADMIN,     WHOLE,            ROUTE_WRITE, identity_remove,           "deleteIdentity",        NULL,              NULL},

	{"GET",    "/v1/vips",                      ADMIN,     WHOLE,            ROUTE_READ,  vip_get,                   "getVips",               NULL,              NULL},
	{"PATCH",  "/v1/vips",                      ADMIN,     WHOLE,            ROUTE_WRITE, vip_patch,                 "updateVips",            NULL,              vip_fields},

	{"GET",    "/v1/account",                   SCOPE_ANYBODY, OWN,              ROUTE_READ,  account_get,          "getAccount",            NULL,              NULL},
	{"PATCH",  "/v1/account",                   SCOPE_ANYBODY, OWN,              ROUTE_WRITE, account_patch,        "updateAccount",         NULL,              account_update_fields},
	{"POST",   "/v1/account/password",          SCOPE_ANYBODY, OWN,              ROUTE_ALONE, account_set_password, "changePassword",        NULL,              account_password_fields},
	{"POST",   "/v1/account/totp",              SCOPE_ANYBODY, OWN,              ROUTE_ALONE, account_totp_offer,   "offerTotp",             NULL,              account_proof_fields},
	{"POST",   "/v1/account/totp/confirm",      SCOPE_ANYBODY, OWN,              ROUTE_ALONE, account_totp_confirm, "confirmTotp",           NULL,              totp_confirm_fields},
	{"POST",   "/v1/account/totp/remove",       SCOPE_ANYBODY, OWN,              ROUTE_ALONE, account_totp_remove,  "removeTotp",            NULL,              account_proof_fields},
	{"POST",   "/v1/account/recovery-codes",    SCOPE_ANYBODY, OWN,              ROUTE_ALONE, account_recovery_codes, "renewRecoveryCodes",  NULL,              account_proof_fields},
	{"GET",    "/v1/views",                     READ,      SOME,             ROUTE_READ,  view_list_some,            "listViews",             page_query,        NULL},
	{"POST",   "/v1/views",                     READ,      SOME,             ROUTE_WRITE, view_create,               "createView",            NULL,              view_create_fields},
	{"GET",    "/v1/views/{id}",                READ,      ONE(VIEW),        ROUTE_READ,  view_get,                  "getView",               NULL,              NULL},
	{"PATCH",  "/v1/views/{id}",                READ,      ONE(VIEW),        ROUTE_WRITE, view_patch,                "updateView",            NULL,              view_update_fields},
	{"DELETE", "/v1/views/{id}",                READ,      ONE(VIEW),        ROUTE_WRITE, view_remove,               "deleteView",            NULL,              NULL},
	{"GET",    "/v1/preferences",               SCOPE_ANYBODY, OWN,              ROUTE_READ,  preferences_get,      "getPreferences",        NULL,              NULL},
	{"PATCH",  "/v1/preferences",               SCOPE_ANYBODY, OWN,              ROUTE_WRITE, preferences_patch,    "updatePreferences",     NULL,              preference_fields},
	{"GET",    "/v1/sessions",                  SCOPE_ANYBODY, OWN,              ROUTE_READ,  session_list_some,    "listSessions",          session_query,     NULL},
	{"DELETE", "/v1/sessions/{id}",             SCOPE_ANYBODY, OWN,              ROUTE_WRITE, session_end_one,      "endSession",            NULL,              NULL},

	{"GET",    "/v1/session/methods",           SCOPE_NOBODY,  OWN,              ROUTE_READ,  session_methods,      "listLoginMethods",      NULL,              NULL},
	{"GET",    "/v1/session",                   SCOPE_ANYBODY, OWN,              ROUTE_READ,  session_get,          "getSession",            NULL,              NULL},
	{"POST",   "/v1/session",                   SCOPE_NOBODY,  OWN,              ROUTE_ALONE, session_create,       "createSession",         NULL,              session_create_fields},
	{"DELETE", "/v1/session",                   SCOPE_ANYBODY, OWN,              ROUTE_WRITE, session_end,          "deleteSession",         NULL,              NULL},
	{"POST",   "/v1/sign-on",                   SCOPE_NOBODY,  OWN,              ROUTE_ALONE, sign_on_begin,        "beginSignOn",           NULL,              sign_on_fields},
	{"POST",   "/v1/sign-on/finish",            SCOPE_NOBODY,  OWN,              ROUTE_ALONE, sign_on_finish,       "finishSignOn",          NULL,              sign_on_finish_fields},
	{"POST",   "/v1/setup",                     SCOPE_NOBODY,  OWN,              ROUTE_ALONE, setup_run,            "setUp",                 NULL,              setup_fields},

	{"GET",    "/v1/whoami",                    SCOPE_ANYBODY, OWN,              ROUTE_READ, whoami_get,             "whoami",                NULL,              NULL},
	{"GET",    "/v1/health",                    SCOPE_NOBODY, SOME,             ROUTE_ALONE, health_get,             "getHealth",             NULL,              NULL},
	{"GET",    "/v1/openapi.json",              SCOPE_NOBODY, OWN,              ROUTE_ALONE, openapi_get,            "getOpenApi",            NULL,              NULL},
	{"GET",    "/metrics",                      READ,      WHOLE,            ROUTE_READ,  metrics_get,               "getMetrics",            NULL,              NULL, "text/plain"},
	{NULL}
};
/* clang-format on */

/* A number as a path has it: decimal digits, from 1, no zero in front. */
static gboolean parse_id(const char *text, gsize length, gint64 *id)
{
	g_autofree char *digits = g_strndup(text, length);
	return digits[0] != '0' &&
	       g_ascii_string_to_unsigned(digits, 10, 1, G_MAXINT64, (guint64 *)id, NULL);
}

static gboolean path_matches(const char *pattern, const char *path, gint64 *id)
{
	*id = 0;
	for (;;) {
		gsize wanted = strcspn(pattern, "/"), given = strcspn(path, "/");
		if (strncmp(pattern, "{id}", wanted) == 0 && wanted == 4) {
			if (!parse_id(path, given, id))
				return FALSE;
		} else if (wanted != given || memcmp(pattern, path, wanted) != 0) {
			return FALSE;
		}
		pattern += wanted;
		path += given;
		if (!*pattern || !*path)
			return *pattern == *path;
		pattern++;
		path++;
	}
}

const Route *route_find(const char *method, const char *path, gint64 *id, char **allowed)
{
	const Route *found = NULL;
	gint64 number;
	g_autoptr(GString) methods = g_string_new(NULL);
	const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
	for (const Route *route = routes; route->method; route++) {
		if (!path_matches(route->pattern, path, &number))
			continue;
		g_string_append_printf(methods, "%s, ", route->method);
		if (strcmp(route->method, "GET") == 0)
			g_string_append(methods, "HEAD, ");
		if (strcmp(route->method, wanted) == 0)
			found = route;
		*id = number;
	}
	*allowed = NULL;
	if (methods->len) {
		g_string_append(methods, "OPTIONS");
		*allowed = g_strdup(methods->str);
	}
	return found;
}
