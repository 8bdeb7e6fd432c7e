/* The names of every enum in model/, in one place. */
#include "model/names.h"

#include "model/alert.h"
#include "model/incident.h"
#include "model/job.h"
#include "model/quarantine.h"
#include "model/report.h"
#include "model/source.h"

const char *const severity_names[] = {"informational", "minor",    "moderate",
                                      "major",         "critical", NULL};
const char *const disposition_names[] = {"unknown",   "malicious", "suspicious", "spam",
                                         "bulk",      "low_risk",  "known_good", "false_negative",
                                         "simulated", NULL};
const char *const sub_disposition_names[] = {"needs_manual_review", "likely_harmless", NULL};
const char *const open_state_names[] = {"open", "closed", NULL};
const char *const incident_kind_names[] = {"reported_mail", "not_a_report", "unparsed", NULL};
const char *const alert_role_names[] = {"to", "cc", "bcc", "reporter", NULL};
const char *const post_process_names[] = {"none", "delete", "move", NULL};
const char *const report_state_names[] = {"new", "done", "unparsed", "gone", NULL};
const char *const post_process_state_names[] = {"none", "pending", "done", "gone", "failed", NULL};
const char *const located_names[] = {"not_needed",        "found",          "not_found",
                                     "mailbox_not_found", "could_not_look", NULL};
const char *const job_state_names[] = {"ready", "running", "done", "parked", "cancelled", NULL};
const char *const response_kind_names[] = {"quarantine", "restore", NULL};
const char *const response_state_names[] = {"planned", "running", "done", "cancelled", NULL};
const char *const found_how_names[] = {"recipient", "list_member", "forward", NULL};
const char *const copy_status_names[] = {"pending",
                                         "success",
                                         "not_attempted",
                                         "mailbox_not_found",
                                         "message_not_found",
                                         "dl_resolved",
                                         "skipped_skip_list",
                                         "skipped_abuse_mailbox",
                                         "skipped_no_server_for_mailbox",
                                         "skipped_cancelled",
                                         "skipped_different_message",
                                         "skipped_outside",
                                         "failed_insufficient_permissions",
                                         "failed_invalid_authentication",
                                         "failed_invalid_license_for_mailbox",
                                         "failed_invalid_quarantine_folder",
                                         "failed_invalid_quarantine_mailbox",
                                         "failed_missing_message_id",
                                         "failed_no_connectivity",
                                         "failed_throttled",
                                         "failed_other",
                                         NULL};
const char *const copy_step_names[] = {"planned",  "found",    "storing",   "stored",
                                       "removing", "moved",    "returning", "returned",
                                       "clearing", "restored", NULL};

int names_find(const char *const *names, const char *name)
{
	for (int i = 0; names[i]; i++)
		if (g_strcmp0(names[i], name) == 0)
			return i;
	return -1;
}
