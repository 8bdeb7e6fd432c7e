#pragma once
#include "store/rows.h"

/* The columns of the aggregates that both their own file and store/listing.c read, and what reads
 * them: private to store/. */

#define INCIDENT_COLUMNS                                                                           \
	"incident.id, incident.state, incident.kind, incident.link_key, incident.original_id, "    \
	"incident.title, incident.severity, incident.disposition, incident.sub_disposition, "      \
	"incident.close_reason, incident.assignee, incident.opened_at, incident.closed_at, "       \
	"incident.updated_at, incident.report_count, incident.alert_count, "                       \
	"incident.open_alert_count, incident.findings, incident.revision, "                        \
	"incident.waiting_since, incident.need, incident.need_reasons, incident.assignee_id, "     \
	"incident.team_id, (SELECT team.name FROM team WHERE team.id = incident.team_id)"
gpointer incident_read(DbRows *rows);

#define ALERT_COLUMNS                                                                              \
	"alert.id, alert.incident_id, alert.source_id, alert.report_id, alert.original_id, "       \
	"alert.recipient, alert.role, alert.message_id, alert.state, alert.severity, "             \
	"alert.disposition, alert.close_reason, alert.trusted, alert.opened_at, "                  \
	"alert.closed_at, alert.revision"
gpointer alert_read(DbRows *rows);

#define REPORT_COLUMNS                                                                             \
	"report.id, report.source_id, report.epoch, report.server_uid, report.sha256, "            \
	"report.received_at, report.found_at, report.state, report.reads, report.form, "           \
	"report.reporter, report.reporter_name, report.trusted, report.trust_reason, "             \
	"report.subject, report.message_id, report.post_process, report.post_process_detail, "     \
	"report.located, report.revision"
gpointer report_read(DbRows *rows);

#define JOB_COLUMNS                                                                                \
	"job.id, job.kind, job.unique_key, job.lane, job.priority, job.state, job.run_at, "        \
	"job.payload, job.attempts, job.lease_owner, job.lease_until, job.fence, "                 \
	"job.last_error, job.last_error_code, job.result, job.created_at, job.updated_at"
gpointer job_read(DbRows *rows);

#define RESPONSE_COLUMNS                                                                           \
	"id, incident_id, kind, of_response_id, state, requested_by, requested_at, finished_at, "  \
	"comment, counts, revision"
gpointer response_read(DbRows *rows);

#define RESULT_COLUMNS                                                                             \
	"id, response_id, incident_id, original_id, alert_id, mail_server_id, mailbox, "           \
	"found_how, status, reason, step, was_read, folder, epoch, server_uid, flags, "            \
	"received_at, size, sha256, quarantine_server_id, quarantine_mailbox, "                    \
	"quarantine_folder, quarantine_epoch, quarantine_uid, mark, restore_response_id, "         \
	"restore_status, restore_reason, restored_epoch, restored_uid, updated_at, revision, "     \
	"bytes_removed_at"
gpointer quarantine_result_read(DbRows *rows);
