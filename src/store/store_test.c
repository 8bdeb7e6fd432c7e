/* The aggregates, each by what its users rely on. */
#include "../tests/support/testdb.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/error.h"
#include "store/incident.h"
#include "store/job.h"
#include "store/report.h"
#include "store/setting.h"
#include "store/source.h"

static gboolean everything(Db *db, gpointer unused, GError **error)
{
	static char domain[] = "a.example";
	char *domains[] = {domain, NULL};
	g_autoptr(MailServerRow) server = g_new0(MailServerRow, 1);
	server->name = g_strdup("m");
	server->kind = g_strdup("maildir");
	server->config = g_strdup("{}");
	g_assert_true(mail_server_insert(db, server, error));
	g_autoptr(Source) source = g_new0(Source, 1);
	source->name = g_strdup("s");
	source->type = g_strdup(SOURCE_TYPE_ABUSE_MAILBOX);
	source->description = g_strdup("");
	source->mail_server_id = server->id;
	source->mailbox = g_strdup("abuse@a.example");
	source->folder = g_strdup("INBOX");
	source->polling_interval = 1;
	source->accepted_domains = g_strdupv(domains);
	g_assert_true(source_insert(db, source, error));
	g_assert_true(source_save_poll(db, source->id, "c", 5, 3, NULL, NULL, error));
	g_autoptr(Source) loaded = source_load(db, source->id, error);
	g_assert_cmpstr(loaded->accepted_domains[0], ==, "a.example");
	g_assert_cmpint(loaded->total_found, ==, 3);
	g_assert_cmpint(loaded->last_success_at, ==, 5);
	g_assert_true(source_update(db, source, 0, error));
	g_autoptr(Report) report = g_new0(Report, 1);
	report->source_id = source->id;
	report->epoch = g_strdup("1");
	report->server_uid = g_strdup("2");
	gboolean inserted = FALSE;
	g_assert_true(report_insert(db, report, &inserted, error));
	g_assert_true(inserted);
	gint64 id = report->id;
	g_assert_true(report_insert(db, report, &inserted, error));
	g_assert_false(inserted);
	g_assert_cmpint(report->id, ==, id);
	report->state = REPORT_DONE;
	g_assert_true(report_save(db, report, error));
	gint64 reads = 0;
	g_assert_true(report_begin_reading(db, id, &reads, error));
	g_assert_cmpint(reads, ==, 1);
	g_autoptr(Original) original = g_new0(Original, 1);
	original->message_id = g_strdup("x@y");
	original->fingerprint = g_strdup("f");
	original->first_hand = TRUE;
	g_assert_true(original_insert(db, original, "{\"a\":1}", error));
	g_autofree char *breakdown = original_load_breakdown(db, original->id, error);
	g_assert_cmpstr(breakdown, ==, "{\"a\":1}");
	g_autoptr(Original) same = original_find_same(db, "x@y", "f", error);
	g_assert_nonnull(same);
	g_assert_true(original_upgrade(db, original, "{}", error));
	g_autoptr(Incident) incident = g_new0(Incident, 1);
	incident->title = g_strdup("t");
	incident->link_key = g_strdup("x@y");
	incident->original_id = original->id;
	g_assert_true(incident_insert(db, incident, error));
	g_assert_true(incident_save(db, incident, 0, error));
	g_autoptr(Alert) alert = g_new0(Alert, 1);
	alert->incident_id = incident->id;
	alert->source_id = source->id;
	alert->report_id = report->id;
	alert->recipient = g_strdup("r@a.example");
	alert->message_id = g_strdup("x@y");
	gboolean raised = FALSE;
	g_assert_true(alert_raise(db, alert, &raised, error));
	g_assert_true(raised);
	g_assert_true(alert_raise(db, alert, &raised, error));
	g_assert_false(raised);
	g_assert_true(alert_save(db, alert, 0, error));
	g_assert_true(report_join(db, report->id, incident->id, original->id, error));
	g_assert_true(report_join(db, report->id, incident->id, original->id, error));
	gint64 seq = 0;
	g_assert_true(audit_append(db, "worker", "incident.open", "incident", incident->id,
	                           incident->id, NULL, &seq, error));
	g_assert_true(incident_recount(db, incident->id, seq, clock_now(), error));
	g_autoptr(Incident) again = incident_load(db, incident->id, error);
	g_assert_cmpint(again->alert_count, ==, 1);
	g_assert_cmpint(again->report_count, ==, 1);
	g_assert_cmpint(again->open_alert_count, ==, 1);
	gint64 closed = 0;
	g_assert_true(alert_close_all(db, incident->id, "done", 5, seq, &closed, error));
	g_assert_cmpint(closed, ==, 1);
	gint64 checked = 0;
	g_assert_true(audit_verify(db, &checked, error));
	g_assert_cmpint(checked, ==, 1);
	g_autoptr(Job) job = g_new0(Job, 1);
	job->kind = g_strdup("k");
	job->lane = g_strdup("");
	job->payload = g_strdup("{}");
	job->unique_key = g_strdup("u");
	job->run_at = 1;
	g_assert_true(job_insert(db, job, TRUE, error));
	g_assert_true(job_insert(db, job, TRUE, error));
	g_autoptr(GPtrArray) claimed = job_claim(db, "n/1", 10, 20, G_MAXINT64, NULL, 0, 10, error);
	g_assert_cmpint(claimed->len, ==, 1);
	Job *first = claimed->pdata[0];
	g_assert_true(job_check_fence(db, first->id, first->fence, error));
	g_autoptr(GPtrArray) second = job_claim(db, "n/2", 30, 40, G_MAXINT64, NULL, 0, 10, error);
	g_assert_cmpint(second->len, ==, 1);
	g_assert_true(job_heartbeat(db, "n/2", &first->id, 1, 50, error));
	g_assert_true(job_finish(db, second->pdata[0], JOB_READY, 77, NULL, NULL, NULL, error));
	gint64 at = 0;
	g_assert_true(job_next_at(db, &at, error));
	g_assert_cmpint(at, ==, 77);
	g_assert_true(setting_save(db, "a", "b", error));
	g_assert_true(setting_save(db, "a", "c", error));
	g_autofree char *setting = setting_load(db, "a", error);
	g_assert_cmpstr(setting, ==, "c");
	return TRUE;
}

static void test_everything_once(TestDb *t)
{
	testdb_write(t, everything, NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	testdb_add("/store/everything once", test_everything_once);
	return g_test_run();
}
