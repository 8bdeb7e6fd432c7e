/* Plain rows, made through the store's own functions. */
#include "../tests/support/samples.h"

#include "store/incident.h"
#include "store/report.h"
#include "store/response.h"
#include "store/source.h"

#define NO_FREE (char *)

static void must(gboolean ok, GError *error)
{
	g_assert_no_error(error);
	g_assert_true(ok);
}

gint64 sample_server(Db *db, const char *name)
{
	GError *error = NULL;
	MailServerRow row = {.name = NO_FREE name,
	                     .kind = NO_FREE "maildir",
	                     .config = NO_FREE "{}",
	                     .created_at = 1};
	must(mail_server_insert(db, &row, &error), error);
	return row.id;
}

gint64 sample_source(Db *db, const char *name, gint64 server_id)
{
	GError *error = NULL;
	Source row = {.name = NO_FREE name,
	              .type = NO_FREE SOURCE_TYPE_ABUSE_MAILBOX,
	              .description = NO_FREE "",
	              .mail_server_id = server_id,
	              .mailbox = NO_FREE "abuse@corp.example",
	              .folder = NO_FREE "INBOX",
	              .polling_interval = 1,
	              .created_at = 1};
	must(source_insert(db, &row, &error), error);
	return row.id;
}

gint64 sample_report(Db *db, gint64 source_id, const char *uid, const char *reporter,
                     const char *sha256)
{
	GError *error = NULL;
	gboolean inserted = FALSE;
	if (sha256)
		must(db_run(db, NULL, &error, "t",
		            "INSERT INTO raw_message (sha256, size, stored_at) VALUES ($1, 0, 0) "
		            "ON CONFLICT DO NOTHING",
		            sha256),
		     error);
	Report row = {.source_id = source_id,
	              .epoch = NO_FREE "1",
	              .server_uid = NO_FREE uid,
	              .sha256 = NO_FREE sha256,
	              .reporter = NO_FREE reporter};
	must(report_insert(db, &row, &inserted, &error), error);
	g_assert_true(inserted);
	return row.id;
}

gint64 sample_original(Db *db, const char *message_id, const char *fingerprint,
                       const char *breakdown)
{
	GError *error = NULL;
	Original row = {.message_id = NO_FREE message_id,
	                .fingerprint = NO_FREE fingerprint,
	                .first_hand = *fingerprint != '\0'};
	must(original_insert(db, &row, breakdown, &error), error);
	return row.id;
}

gint64 sample_incident(Db *db, const char *link_key, gint64 original_id, const char *title)
{
	GError *error = NULL;
	Incident row = {
		.link_key = NO_FREE link_key, .original_id = original_id, .title = NO_FREE title};
	must(incident_insert(db, &row, &error), error);
	return row.id;
}

gint64 sample_alert(Db *db, gint64 incident_id, gint64 report_id, const char *recipient)
{
	GError *error = NULL;
	gboolean raised = FALSE;
	g_autoptr(Report) report = report_load(db, report_id, &error);
	g_autoptr(Incident) incident = incident_load(db, incident_id, &error);
	Alert row = {.incident_id = incident_id,
	             .source_id = report->source_id,
	             .report_id = report_id,
	             .original_id = incident->original_id,
	             .recipient = NO_FREE recipient,
	             .message_id = incident->link_key ? incident->link_key : NO_FREE ""};
	must(alert_raise(db, &row, &raised, &error) &&
	             report_join(db, report_id, incident_id, incident->original_id, &error) &&
	             incident_recount(db, incident_id, incident->revision, 0, &error),
	     error);
	return row.id;
}

gint64 sample_response(Db *db, gint64 incident_id, ResponseKind kind)
{
	GError *error = NULL;
	Response row = {
		.incident_id = incident_id, .kind = kind, .requested_by = NO_FREE "key:test"};
	must(response_insert(db, &row, &error), error);
	return row.id;
}

gint64 sample_result(Db *db, gint64 response_id, gint64 original_id, const char *mailbox)
{
	GError *error = NULL;
	g_autoptr(Response) response = response_load(db, response_id, &error);
	QuarantineResult row = {.response_id = response_id,
	                        .incident_id = response->incident_id,
	                        .original_id = original_id,
	                        .mailbox = NO_FREE mailbox,
	                        .was_read = -1,
	                        .restore_status = -1};
	must(quarantine_result_insert(db, &row, &error), error);
	return row.id;
}
