/* The aggregates, each by what its users rely on. */
#include "../tests/support/samples.h"
#include "../tests/support/testdb.h"
#include "base/error.h"
#include "base/limits.h"
#include "store/api_key.h"
#include "store/audit.h"
#include "store/backup.h"
#include "store/comment.h"
#include "store/incident.h"
#include "store/report.h"
#include "store/response.h"
#include "store/setting.h"
#include "store/source.h"
#include "store/user.h"
#include "store/view.h"

#include <string.h>

/* Runs @work, which asserts what it likes, in a transaction. */
static void within(TestDb *t, DbWork work)
{
	testdb_write(t, work, NULL);
}

/* Work that must fail with @code. */
static void refused(TestDb *t, DbWork work, gpointer data, TrawlError code)
{
	g_autoptr(GError) error = NULL;
	g_assert_false(db_write(t->pool, work, data, &error));
	g_assert_error(error, TRAWL_ERROR, (int)code);
}

/* --- mail servers -------------------------------------------------------------------------------
 */

static gboolean server_is_kept(Db *db, gpointer unused, GError **error)
{
	g_autoptr(GBytes) secret = g_bytes_new("\0sealed", 7);
	MailServerRow row = {.name = (char *)"corp",
	                     .kind = (char *)"imap",
	                     .config = (char *)"{\"host\":\"h\"}",
	                     .secret = secret,
	                     .secret_names = (char *)"[\"password\"]",
	                     .created_at = 5,
	                     .revision = 7,
	                     .state = (char *)"{\"a\":1}"};
	g_assert_true(mail_server_insert(db, &row, error));
	g_autoptr(MailServerRow) loaded = mail_server_load_by_name(db, "corp", error);
	g_assert_cmpint(loaded->id, ==, row.id);
	g_assert_cmpstr(loaded->kind, ==, "imap");
	g_assert_cmpstr(loaded->config, ==, row.config);
	g_assert_true(g_bytes_equal(loaded->secret, secret));
	g_assert_cmpstr(loaded->secret_names, ==, row.secret_names);
	g_assert_cmpint(loaded->created_at, ==, 5);
	g_assert_cmpint(loaded->revision, ==, 7);
	g_assert_cmpstr(loaded->state, ==, row.state);

	g_clear_pointer(&loaded->secret, g_bytes_unref);
	loaded->revision = 8;
	g_assert_true(mail_server_update(db, loaded, 7, error));
	g_assert_true(mail_server_save_state(db, row.id, "{}", error));
	g_autoptr(MailServerRow) updated = mail_server_load(db, row.id, error);
	g_assert_true(g_bytes_equal(updated->secret, secret)); /* NULL keeps it */
	g_assert_cmpstr(updated->secret_names, ==, row.secret_names);
	g_assert_cmpint(updated->revision, ==, 8);
	g_assert_cmpstr(updated->state, ==, "{}");

	g_assert_true(mail_server_delete(db, row.id, 9, error));
	g_autoptr(GPtrArray) all = mail_server_list(db, error);
	g_assert_cmpuint(all->len, ==, 0);
	g_assert_cmpint(sample_server(db, "corp"), !=, row.id); /* its name is free */
	g_autoptr(DbRows) rows = db_query(
		db, error, "", "SELECT count(*) FROM mail_server WHERE secret IS NOT NULL");
	g_assert_true(db_rows_next(rows, error));
	g_assert_cmpint(db_int(rows, 0), ==, 0); /* nor is its secret kept */
	return TRUE;
}

static void test_a_mail_server_is_kept_updated_and_deleted(TestDb *t)
{
	within(t, server_is_kept);
}

static gboolean make_server_and_source(Db *db, gpointer unused, GError **error)
{
	sample_source(db, "abuse", sample_server(db, "corp"));
	return TRUE;
}

static gboolean delete_server(Db *db, gpointer unused, GError **error)
{
	return mail_server_delete(db, 1, 1, error);
}

static gboolean delete_source(Db *db, gpointer unused, GError **error)
{
	return source_delete(db, 1, 1, error);
}

static gboolean insert_server(Db *db, gpointer name, GError **error)
{
	MailServerRow row = {.name = name, .kind = (char *)"imap", .config = (char *)"{}"};
	return mail_server_insert(db, &row, error);
}

static gboolean load_server(Db *db, gpointer unused, GError **error)
{
	g_autoptr(MailServerRow) row = mail_server_load(db, 1, error);
	return row != NULL;
}

static gboolean load_server_by_name(Db *db, gpointer name, GError **error)
{
	g_autoptr(MailServerRow) row = mail_server_load_by_name(db, name, error);
	return row != NULL;
}

static char corp[] = "corp", nobody[] = "nobody";

static void test_a_mail_server_in_use_stays(TestDb *t)
{
	within(t, make_server_and_source);
	refused(t, delete_server, NULL, TRAWL_ERROR_CONFLICT);
	within(t, delete_source);
	within(t, delete_server);
	refused(t, delete_server, NULL, TRAWL_ERROR_NOT_FOUND);
	refused(t, load_server, NULL, TRAWL_ERROR_NOT_FOUND);
}

static void test_a_name_is_taken_once(TestDb *t)
{
	within(t, make_server_and_source);
	refused(t, insert_server, corp, TRAWL_ERROR_CONFLICT);
	refused(t, load_server_by_name, nobody, TRAWL_ERROR_NOT_FOUND);
}

/* --- sources ------------------------------------------------------------------------------------
 */

static gboolean source_is_kept(Db *db, gpointer unused, GError **error)
{
	static char one[] = "corp.example", two[] = "ünï.example", host[] = "mx.corp.example";
	char *domains[] = {one, two, NULL}, *hosts[] = {host, NULL};
	char *relays[] = {(char *)"@vendor.example", NULL};
	Source row = {.name = (char *)"abuse",
	              .type = (char *)SOURCE_TYPE_ABUSE_MAILBOX,
	              .description = (char *)"words",
	              .enabled = TRUE,
	              .link_events = TRUE,
	              .mail_server_id = sample_server(db, "corp"),
	              .mailbox = (char *)"abuse@corp.example",
	              .folder = (char *)"INBOX/Sub",
	              .post_process = POST_PROCESS_MOVE,
	              .destination_folder = (char *)"Done",
	              .polling_interval = 60,
	              .accepted_domains = domains,
	              .trusted_hosts = hosts,
	              .accepted_relays = relays,
	              .created_at = 4,
	              .revision = 5};
	g_assert_true(source_insert(db, &row, error));
	g_autoptr(Source) loaded = source_load_by_name(db, "abuse", error);
	g_assert_cmpint(loaded->id, ==, row.id);
	g_assert_cmpstr(loaded->type, ==, row.type);
	g_assert_cmpstr(loaded->description, ==, row.description);
	g_assert_true(loaded->enabled && loaded->link_events);
	g_assert_cmpint(loaded->mail_server_id, ==, row.mail_server_id);
	g_assert_cmpstr(loaded->mailbox, ==, row.mailbox);
	g_assert_cmpstr(loaded->folder, ==, row.folder);
	g_assert_cmpint(loaded->post_process, ==, POST_PROCESS_MOVE);
	g_assert_cmpstr(loaded->destination_folder, ==, "Done");
	g_assert_cmpint(loaded->polling_interval, ==, 60);
	g_assert_cmpstrv(loaded->accepted_domains, domains);
	g_assert_cmpstrv(loaded->trusted_hosts, hosts);
	g_assert_cmpstrv(loaded->accepted_relays, relays);
	g_assert_cmpint(loaded->revision, ==, 5);
	g_assert_null(loaded->cursor);

	loaded->enabled = FALSE;
	g_clear_pointer(&loaded->destination_folder, g_free);
	loaded->revision = 6;
	g_assert_true(source_update(db, loaded, 5, error));
	g_autoptr(Source) updated = source_load(db, row.id, error);
	g_assert_false(updated->enabled);
	g_assert_null(updated->destination_folder);
	g_assert_cmpint(updated->revision, ==, 6);
	return TRUE;
}

static void test_a_source_is_kept_and_updated(TestDb *t)
{
	within(t, source_is_kept);
}

static gboolean polls_are_kept(Db *db, gpointer unused, GError **error)
{
	gint64 id = sample_source(db, "abuse", sample_server(db, "corp"));
	g_assert_true(source_save_poll(db, id, "c1", 10, 3, NULL, NULL, error));
	g_assert_true(source_save_poll(db, id, NULL, 20, 0, "timeout", "It is slow.", error));
	g_autoptr(Source) failed = source_load(db, id, error);
	g_assert_cmpstr(failed->cursor, ==, "c1");
	g_assert_cmpint(failed->last_poll_at, ==, 20);
	g_assert_cmpint(failed->last_success_at, ==, 10);
	g_assert_cmpstr(failed->last_error_code, ==, "timeout");
	g_assert_cmpstr(failed->last_error, ==, "It is slow.");
	g_assert_cmpint(failed->total_found, ==, 3);
	g_assert_true(source_save_poll(db, id, "c2", 30, 4, NULL, NULL, error));
	g_autoptr(Source) well = source_load(db, id, error);
	g_assert_cmpstr(well->cursor, ==, "c2");
	g_assert_cmpint(well->last_success_at, ==, 30);
	g_assert_null(well->last_error);
	g_assert_null(well->last_error_code);
	g_assert_cmpint(well->last_found, ==, 4);
	g_assert_cmpint(well->total_found, ==, 7);
	return TRUE;
}

static void test_the_outcome_of_a_poll_is_kept(TestDb *t)
{
	within(t, polls_are_kept);
}

static gboolean polls_are_remembered(Db *db, gpointer unused, GError **error)
{
	gint64 id = sample_source(db, "abuse", sample_server(db, "corp"));
	gint64 other = sample_source(db, "other", 1),
	       hour = G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC;
	for (gint64 i = 1; i <= 100; i++) {
		const SourcePoll poll = {.at = i * hour,
		                         .took = i,
		                         .found = i % 3,
		                         .error_code = i % 10 ? NULL : (char *)"timeout",
		                         .error = i % 10 ? NULL : (char *)"it did not answer"};
		g_assert_true(source_note_poll(db, i % 2 ? id : other, &poll, error));
	}
	g_autoptr(GPtrArray) all = source_polls(db, id, 0, 500, error);
	g_assert_cmpuint(all->len, ==, 50);
	for (guint i = 0; i < all->len; i++) {
		const SourcePoll *poll = all->pdata[i];
		g_assert_cmpint(poll->at, ==, (99 - 2 * (gint64)i) * hour);
		g_assert_cmpint(poll->found, ==, (99 - 2 * i) % 3);
		g_assert_null(poll->error);
	}
	g_autoptr(GPtrArray) some = source_polls(db, other, 93 * hour, 2, error);
	g_assert_cmpint(((SourcePoll *)some->pdata[0])->at, ==, 92 * hour);
	g_autoptr(GPtrArray) failed = source_polls(db, other, 91 * hour, 1, error);
	g_assert_cmpstr(((SourcePoll *)failed->pdata[0])->error_code, ==, "timeout");
	return TRUE;
}

static void test_polls_are_remembered(TestDb *t)
{
	within(t, polls_are_remembered);
}

static gboolean cursor_follows_folder(Db *db, gpointer unused, GError **error)
{
	gint64 id = sample_source(db, "abuse", sample_server(db, "corp"));
	gint64 other = sample_server(db, "other");
	for (guint i = 0; i < 4; i++) {
		g_assert_true(source_save_poll(db, id, "c", 10, 0, NULL, NULL, error));
		g_autoptr(Source) source = source_load(db, id, error);
		char **changes[] = {&source->name, &source->mailbox, &source->folder, NULL};
		if (changes[i]) {
			g_free(*changes[i]);
			*changes[i] = g_strdup_printf("%u@x", i);
		} else {
			source->mail_server_id = other;
		}
		g_assert_true(source_update(db, source, source->revision, error));
		g_autoptr(Source) loaded = source_load(db, id, error);
		g_assert_cmpstr(loaded->cursor, ==, i == 0 ? "c" : NULL);
	}
	return TRUE;
}

static void test_a_cursor_belongs_to_its_folder(TestDb *t)
{
	within(t, cursor_follows_folder);
}

static gboolean update_stale_source(Db *db, gpointer unused, GError **error)
{
	g_autoptr(Source) source = source_load(db, 1, error);
	return source_update(db, source, source->revision + 1, error);
}

static gboolean load_source(Db *db, gpointer unused, GError **error)
{
	g_autoptr(Source) source = source_load(db, 1, error);
	return source != NULL;
}

static gboolean load_any_source(Db *db, gpointer unused, GError **error)
{
	g_autoptr(Source) source = source_load_any(db, 1, error);
	return source != NULL;
}

static gboolean insert_source(Db *db, gpointer server, GError **error)
{
	Source row = {.name = (char *)"another",
	              .type = (char *)"t",
	              .description = (char *)"",
	              .mail_server_id = *(gint64 *)server,
	              .mailbox = (char *)"a@b",
	              .folder = (char *)"f"};
	return source_insert(db, &row, error);
}

static void test_a_source_that_changed_or_went_is_not_written(TestDb *t)
{
	gint64 no_server = 99, server = 1;
	within(t, make_server_and_source);
	refused(t, update_stale_source, NULL, TRAWL_ERROR_PRECONDITION);
	refused(t, insert_source, &no_server, TRAWL_ERROR_NOT_FOUND);
	within(t, delete_source);
	refused(t, load_source, NULL, TRAWL_ERROR_NOT_FOUND);
	within(t, load_any_source);
	within(t, delete_server);
	refused(t, insert_source, &server, TRAWL_ERROR_NOT_FOUND);
}

/* --- reports and originals ----------------------------------------------------------------------
 */

static gboolean reports_are_kept(Db *db, gpointer unused, GError **error)
{
	gint64 source = sample_source(db, "abuse", sample_server(db, "corp")), reads = 0, known = 0;
	gint64 id = sample_report(db, source, "uid-1", NULL, "aa");
	gboolean inserted = TRUE;
	Report again = {.source_id = source, .epoch = (char *)"1", .server_uid = (char *)"uid-1"};
	g_assert_true(report_insert(db, &again, &inserted, error));
	g_assert_false(inserted);
	g_assert_cmpint(again.id, ==, id);
	g_assert_true(report_begin_reading(db, id, &reads, error));
	g_assert_true(report_begin_reading(db, id, &reads, error));
	g_assert_cmpint(reads, ==, 2);
	g_assert_true(report_end_reading(db, id, error));
	g_autoptr(Report) report = report_load(db, id, error);
	g_assert_cmpint(report->reads, ==, 0);
	report->state = REPORT_DONE;
	report->form = g_strdup("rfc822");
	report->reporter = g_strdup("bob@corp.example");
	report->trusted = TRUE;
	report->located = LOCATED_MAILBOX_NOT_FOUND;
	report->post_process = POST_STATE_PENDING;
	report->revision = 12;
	g_assert_true(report_save(db, report, error));
	g_autoptr(Report) saved = report_load(db, id, error);
	g_assert_cmpint(saved->state, ==, REPORT_DONE);
	g_assert_cmpstr(saved->form, ==, "rfc822");
	g_assert_cmpstr(saved->reporter, ==, "bob@corp.example");
	g_assert_true(saved->trusted);
	g_assert_cmpint(saved->located, ==, LOCATED_MAILBOX_NOT_FOUND);
	g_assert_cmpint(saved->post_process, ==, POST_STATE_PENDING);
	g_assert_cmpint(saved->revision, ==, 12);

	g_assert_true(report_find_known(db, source, "1", "uid-1", &known, error));
	g_assert_cmpint(known, ==, id);
	g_assert_true(report_find_known(db, source, "2", "uid-1", &known, error));
	g_assert_cmpint(known, ==, 0);
	g_assert_null(report_find_elsewhere(db, source, "1", "aa", 0, error));
	g_assert_null(report_find_elsewhere(db, source, "2", "aa", 1, error));
	g_autoptr(Report) moved = report_find_elsewhere(db, source, "2", "aa", 0, error);
	g_assert_cmpint(moved->id, ==, id);
	g_free(moved->epoch);
	moved->epoch = g_strdup("2");
	g_assert_true(report_relocate(db, moved, error));
	g_assert_true(report_find_known(db, source, "2", "uid-1", &known, error));
	g_assert_cmpint(known, ==, id);
	return TRUE;
}

static void test_a_report_is_one_row_wherever_its_message_goes(TestDb *t)
{
	within(t, reports_are_kept);
}

static gboolean reports_join(Db *db, gpointer unused, GError **error)
{
	gint64 report =
		sample_report(db, sample_source(db, "s", sample_server(db, "m")), "1", NULL, NULL);
	gint64 one = sample_incident(db, "a", 0, "a"), two = sample_incident(db, "b", 0, "b");
	g_assert_true(report_join(db, report, two, 0, error));
	g_assert_true(report_join(db, report, one, 0, error));
	g_assert_true(report_join(db, report, two, 0, error));
	g_autoptr(GArray) ids = report_incidents(db, report, error);
	g_assert_cmpuint(ids->len, ==, 2);
	g_assert_cmpint(g_array_index(ids, gint64, 0), ==, one);
	g_assert_cmpint(g_array_index(ids, gint64, 1), ==, two);
	return TRUE;
}

static void test_a_report_joins_an_incident_once(TestDb *t)
{
	within(t, reports_join);
}

static gboolean originals_are_told_apart(Db *db, gpointer unused, GError **error)
{
	g_autofree char *text = g_strnfill(5 * 1024 * 1024, 'x');
	g_autofree char *large = g_strconcat("{\"text\":\"", text, "ü\"}", NULL);
	gint64 claimed = sample_original(db, "m@x", "", "{}");
	gint64 first = sample_original(db, "m@x", "f1", large);
	gint64 second = sample_original(db, "m@x", "f2", "{}");
	g_autofree char *breakdown = original_load_breakdown(db, first, error);
	g_assert_cmpstr(breakdown, ==, large);
	g_autoptr(GPtrArray) all = original_find(db, "m@x", error);
	g_assert_cmpuint(all->len, ==, 3);
	g_assert_cmpint(((Original *)all->pdata[0])->id, ==, claimed);
	g_autoptr(Original) same = original_find_same(db, "m@x", "f2", error);
	g_assert_cmpint(same->id, ==, second);
	g_assert_null(original_find_same(db, "m@x", "f", error));
	gint64 keyed = sample_original(db, "m@x", "k2:parts:changes", "{}");
	g_autoptr(Original) of_key = original_find_same(db, "m@x", "k2", error);
	g_assert_cmpint(of_key->id, ==, keyed);
	g_assert_null(original_find_same(db, "m@x", "", error)); /* a claim is nobody's same */
	g_assert_null(original_find_same(db, "other@x", "f2", error));

	g_autoptr(Original) known = original_load(db, claimed, error);
	g_free(known->fingerprint);
	known->fingerprint = g_strdup("f3");
	known->subject = g_strdup("now known");
	known->sent_at = 77;
	known->first_hand = TRUE;
	g_assert_true(original_upgrade(db, known, "{\"b\":2}", error));
	g_autoptr(Original) upgraded = original_find_same(db, "m@x", "f3", error);
	g_assert_cmpint(upgraded->id, ==, claimed);
	g_assert_true(upgraded->first_hand);
	g_assert_cmpstr(upgraded->subject, ==, "now known");
	g_assert_cmpint(upgraded->sent_at, ==, 77);
	g_autofree char *document = original_load_breakdown(db, claimed, error);
	g_assert_cmpstr(document, ==, "{\"b\":2}");
	return TRUE;
}

static void test_originals_with_one_message_id_are_told_apart(TestDb *t)
{
	within(t, originals_are_told_apart);
}

/* --- views --------------------------------------------------------------------------------------
 */

static gboolean views_are_kept(Db *db, gpointer unused, GError **error)
{
	User ann = {.name = (char *)"ann", .role_id = 1, .created_at = 1},
	     bob = {.name = (char *)"bob", .role_id = 1, .created_at = 1};
	g_assert_true(user_insert(db, &ann, error) && user_insert(db, &bob, error));
	char *columns[] = {(char *)"need", (char *)"title", NULL};
	SavedView mine = {.owner_id = ann.id,
	                  .name = (char *)"Mine",
	                  .filter = (char *)"is:open",
	                  .columns = columns,
	                  .revision = 4};
	SavedView ours = {.owner_id = ann.id,
	                  .name = (char *)"Ours",
	                  .filter = (char *)"is:all",
	                  .shared = TRUE};
	g_assert_true(saved_view_insert(db, &mine, error) && saved_view_insert(db, &ours, error));
	g_autoptr(SavedView) loaded = saved_view_load(db, mine.id, error);
	g_assert_cmpstr(loaded->owner, ==, "ann");
	g_assert_cmpstr(loaded->columns[1], ==, "title");
	g_assert_false(loaded->shared);
	g_autoptr(GPtrArray) hers = saved_view_list(db, &sight_everything, ann.id, error);
	g_autoptr(GPtrArray) his = saved_view_list(db, &sight_everything, bob.id, error);
	g_assert_cmpuint(hers->len, ==, 2);
	g_assert_cmpuint(his->len, ==, 1);
	loaded->shared = TRUE;
	loaded->revision = 5;
	g_assert_true(saved_view_update(db, loaded, 4, error));
	g_autoptr(GPtrArray) more = saved_view_list(db, &sight_everything, 0, error);
	g_assert_cmpuint(more->len, ==, 2);
	gint64 count = 0;
	g_assert_true(saved_view_delete(db, ours.id, error) &&
	              saved_view_count(db, ann.id, &count, error));
	g_assert_cmpint(count, ==, 1);
	g_assert_null(user_preference_load(db, bob.id, "x", error));
	for (int i = 0; i < 2; i++)
		g_assert_true(user_preference_save(db, bob.id, "x", i ? "[2]" : "[1]", error));
	g_autofree char *value = user_preference_load(db, bob.id, "x", error);
	g_assert_cmpstr(value, ==, "[2]");
	/* Who leaves takes their own along. */
	g_assert_true(user_delete(db, bob.id, 1, 6, error) && user_delete(db, ann.id, 1, 6, error));
	g_assert_null(user_preference_load(db, bob.id, "x", error));
	g_autoptr(GPtrArray) left = saved_view_list(db, &sight_everything, ann.id, error);
	g_assert_cmpuint(left->len, ==, 1);
	return TRUE;
}

static void test_views_are_kept_and_go_with_their_owner(TestDb *t)
{
	within(t, views_are_kept);
}

static gboolean save_view_twice(Db *db, gpointer unused, GError **error)
{
	User ann = {.name = (char *)"ann", .role_id = 1, .created_at = 1};
	SavedView view = {.name = (char *)"Mine", .filter = (char *)"is:open"};
	g_assert_true(user_insert(db, &ann, error));
	view.owner_id = ann.id;
	return saved_view_insert(db, &view, error) && saved_view_insert(db, &view, error);
}

static void test_two_views_of_one_name_are_refused(TestDb *t)
{
	refused(t, save_view_twice, NULL, TRAWL_ERROR_CONFLICT);
}

/* --- incidents and alerts -----------------------------------------------------------------------
 */

static gboolean incidents_are_kept(Db *db, gpointer unused, GError **error)
{
	Incident row = {.state = STATE_CLOSED,
	                .kind = INCIDENT_UNPARSED,
	                .link_key = (char *)"k",
	                .title = (char *)"Ü title",
	                .severity = SEVERITY_CRITICAL,
	                .disposition = DISPOSITION_SIMULATED,
	                .sub_disposition = (char *)"likely_harmless",
	                .close_reason = (char *)"done",
	                .assignee = (char *)"eve",
	                .opened_at = 1,
	                .closed_at = 2,
	                .updated_at = 3,
	                .findings = (char *)"[{\"id\":\"x\"}]",
	                .revision = 9};
	g_assert_true(incident_insert(db, &row, error));
	g_autoptr(Incident) loaded = incident_load(db, row.id, error);
	g_assert_cmpint(loaded->state, ==, STATE_CLOSED);
	g_assert_cmpint(loaded->kind, ==, INCIDENT_UNPARSED);
	g_assert_cmpstr(loaded->link_key, ==, "k");
	g_assert_cmpint(loaded->original_id, ==, 0);
	g_assert_cmpstr(loaded->title, ==, row.title);
	g_assert_cmpint(loaded->severity, ==, SEVERITY_CRITICAL);
	g_assert_cmpint(loaded->disposition, ==, DISPOSITION_SIMULATED);
	g_assert_cmpstr(loaded->sub_disposition, ==, "likely_harmless");
	g_assert_cmpstr(loaded->close_reason, ==, "done");
	g_assert_cmpstr(loaded->assignee, ==, "eve");
	g_assert_cmpint(loaded->closed_at, ==, 2);
	g_assert_cmpstr(loaded->findings, ==, row.findings);
	g_assert_cmpint(loaded->revision, ==, 9);

	loaded->state = STATE_OPEN;
	loaded->closed_at = 0;
	loaded->alert_count = 99; /* nobody's to say but recount's */
	loaded->revision = 10;
	g_assert_true(incident_save(db, loaded, 9, error));
	loaded->revision = 11;
	g_assert_true(incident_save(db, loaded, 0, error));
	g_autoptr(Incident) saved = incident_load(db, row.id, error);
	g_assert_cmpint(saved->state, ==, STATE_OPEN);
	g_assert_cmpint(saved->closed_at, ==, 0);
	g_assert_cmpint(saved->alert_count, ==, 0);
	g_assert_cmpint(saved->revision, ==, 11);
	gint64 newer = sample_incident(db, "k", 0, "another");
	g_autoptr(GPtrArray) linked = incident_find_linked(db, "k", error);
	g_assert_cmpuint(linked->len, ==, 2);
	g_assert_cmpint(((Incident *)linked->pdata[0])->id, ==, newer);
	return TRUE;
}

static void test_an_incident_is_kept_and_saved(TestDb *t)
{
	within(t, incidents_are_kept);
}

static gboolean save_stale_incident(Db *db, gpointer unused, GError **error)
{
	g_autoptr(Incident) incident = incident_load(db, 1, error);
	return incident_save(db, incident, incident->revision + 1, error);
}

static gboolean save_missing_incident(Db *db, gpointer unused, GError **error)
{
	g_autoptr(Incident) incident = incident_load(db, 1, error);
	incident->id = 99;
	return incident_save(db, incident, 0, error);
}

static void test_a_lost_update_is_refused(TestDb *t)
{
	within(t, incidents_are_kept);
	refused(t, save_stale_incident, NULL, TRAWL_ERROR_PRECONDITION);
	refused(t, save_missing_incident, NULL, TRAWL_ERROR_NOT_FOUND);
}

static gboolean alerts_are_raised(Db *db, gpointer unused, GError **error)
{
	gint64 source = sample_source(db, "s", sample_server(db, "m")), closed = 0;
	gint64 first = sample_report(db, source, "1", NULL, NULL);
	gint64 second = sample_report(db, source, "2", NULL, NULL);
	gint64 incident = sample_incident(db, "k", 0, "t");
	gint64 id = sample_alert(db, incident, first, "bob@x");
	g_assert_cmpint(sample_alert(db, incident, second, "bob@x"), ==, id);
	sample_alert(db, incident, second, "eve@x");
	g_autoptr(Incident) open = incident_load(db, incident, error);
	g_assert_cmpint(open->alert_count, ==, 2);
	g_assert_cmpint(open->open_alert_count, ==, 2);
	g_assert_cmpint(open->report_count, ==, 2);
	g_assert_true(alert_close_all(db, incident, "handled", 50, 7, &closed, error));
	g_assert_cmpint(closed, ==, 2);
	g_autoptr(Alert) alert = alert_load(db, id, error);
	g_assert_cmpint(alert->state, ==, STATE_CLOSED);
	g_assert_cmpstr(alert->close_reason, ==, "handled");
	g_assert_cmpint(alert->closed_at, ==, 50);
	g_assert_cmpint(alert->revision, ==, 7);
	g_assert_cmpint(alert->report_id, ==, first);
	g_assert_cmpint(sample_alert(db, incident, second, "bob@x"), !=, id);
	alert->severity = SEVERITY_MAJOR;
	alert->revision = 8;
	g_assert_true(alert_save(db, alert, 7, error));
	g_autoptr(GPtrArray) all = alert_list(db, incident, error);
	g_assert_cmpuint(all->len, ==, 3);
	g_assert_cmpint(((Alert *)all->pdata[0])->severity, ==, SEVERITY_MAJOR);
	g_autoptr(DbRows) rows = db_query(db, error, "", "SELECT count(*) FROM alert_report");
	g_assert_true(db_rows_next(rows, error));
	g_assert_cmpint(db_int(rows, 0), ==, 4);
	return TRUE;
}

static void test_a_recipient_has_one_open_alert_however_many_report(TestDb *t)
{
	within(t, alerts_are_raised);
}

static gboolean save_stale_alert(Db *db, gpointer unused, GError **error)
{
	g_autoptr(Alert) alert = alert_load(db, 1, error);
	return alert_save(db, alert, alert->revision + 1, error);
}

static void test_a_lost_update_of_an_alert_is_refused(TestDb *t)
{
	within(t, alerts_are_raised);
	refused(t, save_stale_alert, NULL, TRAWL_ERROR_PRECONDITION);
}

#define REPORTERS 16
#define REPORTS   25 /* of each */

static gboolean report_the_same(Db *db, gpointer number, GError **error)
{
	g_autofree char *uid = g_strdup_printf("%d", GPOINTER_TO_INT(number));
	if (!db_lock_key(db, "incident:k", error))
		return FALSE;
	g_autoptr(GPtrArray) linked = incident_find_linked(db, "k", error);
	gint64 incident =
		linked->len ? ((Incident *)linked->pdata[0])->id : sample_incident(db, "k", 0, "t");
	gint64 report = sample_report(db, 1, uid, NULL, NULL);
	sample_alert(db, incident, report, "bob@x");
	sample_alert(db, incident, report, uid);
	return TRUE;
}

typedef struct {
	TestDb *t;
	guint number;
} Reporter;

static gpointer report_many(gpointer data)
{
	const Reporter *reporter = data;
	for (guint i = 0; i < REPORTS; i++)
		testdb_write(reporter->t, report_the_same,
		             GINT_TO_POINTER((int)(reporter->number * REPORTS + i)));
	return NULL;
}

static void test_many_reports_of_one_original_at_once_are_one_incident(TestDb *t)
{
	Reporter reporters[REPORTERS];
	GThread *threads[REPORTERS];
	within(t, make_server_and_source);
	for (guint i = 0; i < REPORTERS; i++) {
		reporters[i] = (Reporter){t, i};
		threads[i] = g_thread_new("reporter", report_many, &reporters[i]);
	}
	for (guint i = 0; i < REPORTERS; i++)
		g_thread_join(threads[i]);
	gint64 n = REPORTERS * REPORTS;
	g_assert_cmpint(testdb_int(t, "SELECT count(*) FROM incident"), ==, 1);
	g_assert_cmpint(testdb_int(t, "SELECT report_count FROM incident"), ==, n);
	g_assert_cmpint(testdb_int(t, "SELECT alert_count FROM incident"), ==, n + 1);
	g_assert_cmpint(testdb_int(t, "SELECT open_alert_count FROM incident"), ==, n + 1);
}

/* --- responses and their ledger -----------------------------------------------------------------
 */

static gboolean ledger_is_kept(Db *db, gpointer unused, GError **error)
{
	gint64 server = sample_server(db, "m");
	gint64 original = sample_original(db, "m@x", "f", "{}");
	gint64 incident = sample_incident(db, "m@x", original, "t");
	gint64 quarantine = sample_response(db, incident, RESPONSE_QUARANTINE);
	gint64 restore = sample_response(db, incident, RESPONSE_RESTORE);
	gint64 id = sample_result(db, quarantine, original, "bob@x");
	sample_result(db, quarantine, original, "eve@x");
	g_autoptr(QuarantineResult) row = quarantine_result_load(db, id, error);
	g_assert_cmpint(row->was_read, ==, -1);
	g_assert_cmpint(row->restore_status, ==, -1);
	g_assert_null(row->folder);
	row->mail_server_id = row->quarantine_server_id = server;
	row->status = COPY_SUCCESS;
	row->step = STEP_MOVED;
	row->was_read = 0;
	row->folder = g_strdup("INBOX");
	row->epoch = g_strdup("7");
	row->server_uid = g_strdup("8");
	row->flags = g_strdup("[\"\\\\Seen\"]");
	row->received_at = -5;
	row->size = 6;
	row->quarantine_mailbox = g_strdup("q@x");
	row->quarantine_folder = g_strdup("Q");
	row->quarantine_epoch = g_strdup("9");
	row->quarantine_uid = g_strdup("10");
	row->mark = g_strdup("mark");
	row->revision = 20;
	g_assert_true(quarantine_result_save(db, row, error));
	g_autoptr(QuarantineResult) found =
		quarantine_result_find_place(db, server, "q@x", "Q", "9", "10", error);
	g_assert_cmpint(found->id, ==, id);
	g_assert_cmpint(found->was_read, ==, 0);
	g_assert_cmpstr(found->flags, ==, row->flags);
	g_assert_cmpint(found->received_at, ==, -5);
	g_assert_cmpstr(found->mark, ==, "mark");
	g_assert_null(quarantine_result_find_place(db, server, "q@x", "Q", "9", "11", error));

	g_autoptr(Response) quarantined = response_load(db, quarantine, error);
	g_autoptr(Response) restored = response_load(db, restore, error);
	gboolean pending = FALSE;
	g_assert_true(quarantine_result_pending(db, quarantined, &pending, error));
	g_assert_true(pending);
	g_assert_true(quarantine_result_pending(db, restored, &pending, error));
	g_assert_false(pending);
	g_autofree char *counts = quarantine_result_counts(db, quarantined, error);
	g_assert_cmpstr(counts, ==, "{\"pending\":1,\"success\":1}");
	g_autoptr(GPtrArray) moved = quarantine_result_list_moved(db, incident, error);
	g_assert_cmpuint(moved->len, ==, 1);
	g_autoptr(GPtrArray) bobs = quarantine_result_list_mailbox(db, incident, "bob@x", error);
	g_assert_cmpuint(bobs->len, ==, 1);

	row->restore_response_id = restore;
	row->restore_status = COPY_PENDING;
	g_assert_true(quarantine_result_save(db, row, error));
	g_assert_true(quarantine_result_pending(db, restored, &pending, error));
	g_assert_true(pending);
	g_autofree char *undo_counts = quarantine_result_counts(db, restored, error);
	g_assert_cmpstr(undo_counts, ==, "{\"pending\":1}");
	g_autoptr(GPtrArray) ledger = quarantine_result_list(db, quarantine, error);
	g_assert_cmpuint(ledger->len, ==, 2);
	g_autoptr(GPtrArray) undone = quarantine_result_list(db, restore, error);
	g_assert_cmpuint(undone->len, ==, 1);
	g_assert_cmpint(((QuarantineResult *)undone->pdata[0])->restore_status, ==, COPY_PENDING);
	return TRUE;
}

static void test_the_ledger_is_kept(TestDb *t)
{
	within(t, ledger_is_kept);
}

static gboolean take_anothers_place(Db *db, gpointer unused, GError **error)
{
	g_autoptr(QuarantineResult) first = quarantine_result_load(db, 1, error);
	g_autoptr(QuarantineResult) second = quarantine_result_load(db, 2, error);
	first->id = second->id;
	return quarantine_result_save(db, first, error);
}

static void test_a_place_in_the_quarantine_has_one_owner(TestDb *t)
{
	within(t, ledger_is_kept);
	refused(t, take_anothers_place, NULL, TRAWL_ERROR_CONFLICT);
}

static gboolean find_mover(Db *db, gpointer unused, GError **error)
{
	g_autoptr(QuarantineResult) mover = quarantine_result_load(db, 1, error);
	g_autoptr(QuarantineResult) late = quarantine_result_load(db, 2, error);
	g_assert_null(quarantine_result_find_mover(db, late, error)); /* nothing found yet */
	late->mail_server_id = mover->mail_server_id;
	late->folder = g_strdup(mover->folder);
	late->epoch = g_strdup(mover->epoch);
	late->server_uid = g_strdup(mover->server_uid);
	g_assert_null(quarantine_result_find_mover(db, late, error)); /* another mailbox's */
	g_free(late->mailbox);
	late->mailbox = g_strdup(mover->mailbox);
	g_autoptr(QuarantineResult) found = quarantine_result_find_mover(db, late, error);
	g_assert_cmpint(found->id, ==, mover->id);
	late->revision = mover->revision; /* it was moved before this was planned */
	g_assert_null(quarantine_result_find_mover(db, late, error));
	g_assert_null(quarantine_result_find_mover(db, mover, error)); /* not itself */
	return TRUE;
}

static void test_who_moved_a_message_first_is_found(TestDb *t)
{
	within(t, ledger_is_kept);
	within(t, find_mover);
}

/* --- the rest -----------------------------------------------------------------------------------
 */

static gboolean settings_and_nodes(Db *db, gpointer unused, GError **error)
{
	g_assert_null(setting_load(db, "a", error));
	g_assert_true(setting_save(db, "a", "1", error) && setting_save(db, "a", "2", error));
	g_autofree char *value = setting_load(db, "a", error);
	g_assert_cmpstr(value, ==, "2");
	NodeRow node = {.id = (char *)"h/web/1/2",
	                .role = (char *)"web",
	                .host = (char *)"h",
	                .started_at = 5,
	                .seen_at = 6};
	g_assert_true(node_save(db, &node, error));
	node.seen_at = 60;
	node.detail = (char *)"{\"v\":1}";
	g_assert_true(node_save(db, &node, error));
	g_autoptr(GPtrArray) nodes = node_list(db, error);
	g_assert_cmpuint(nodes->len, ==, 1);
	g_assert_cmpint(((NodeRow *)nodes->pdata[0])->seen_at, ==, 60);
	g_assert_cmpstr(((NodeRow *)nodes->pdata[0])->detail, ==, "{\"v\":1}");
	g_assert_true(node_delete(db, node.id, error));
	g_autoptr(GPtrArray) none = node_list(db, error);
	g_assert_cmpuint(none->len, ==, 0);
	return TRUE;
}

static gboolean backups(Db *db, gpointer unused, GError **error)
{
	BackupPlan plan = {0};
	g_assert_true(backup_plan_load(db, &plan, error));
	g_assert_cmpint(plan.every_hours, ==, 0);
	g_assert_cmpint(plan.keep, ==, 7);
	plan = (BackupPlan){12, 3};
	g_assert_true(backup_plan_save(db, &plan, error));
	g_assert_true(backup_plan_load(db, &plan, error));
	g_assert_cmpint(plan.every_hours, ==, 12);
	BackupRow first = {.file = (char *)"a.backup", .started_at = 5};
	BackupRow second = {.file = (char *)"b.backup", .started_at = 6};
	g_assert_true(backup_row_insert(db, &first, error));
	first.state = BACKUP_DONE;
	first.sha256 = (char *)"abc";
	first.size = 7;
	first.finished_at = 8;
	g_assert_true(backup_row_save(db, &first, error));
	g_assert_true(backup_row_insert(db, &second, error));
	g_assert_true(backup_row_fail_running(db, "it died", 9, error));
	g_autoptr(GPtrArray) rows = backup_row_list(db, error);
	g_assert_cmpuint(rows->len, ==, 2);
	const BackupRow *newest = rows->pdata[0], *oldest = rows->pdata[1];
	g_assert_cmpint(newest->state, ==, BACKUP_FAILED);
	g_assert_cmpstr(newest->error, ==, "it died");
	g_assert_cmpint(newest->finished_at, ==, 9);
	g_assert_cmpint(oldest->state, ==, BACKUP_DONE);
	g_assert_cmpstr(oldest->sha256, ==, "abc");
	g_assert_cmpint(oldest->size, ==, 7);
	g_assert_true(backup_row_delete(db, oldest->id, error));
	g_autoptr(GPtrArray) left = backup_row_list(db, error);
	g_assert_cmpuint(left->len, ==, 1);
	return TRUE;
}

static void test_backups_and_their_plan_are_kept(TestDb *t)
{
	within(t, backups);
}

static void test_settings_and_nodes_are_kept(TestDb *t)
{
	within(t, settings_and_nodes);
}

static gboolean keys_are_kept(Db *db, gpointer unused, GError **error)
{
	static char read[] = "read", triage[] = "triage";
	char *scopes[] = {read, triage, NULL};
	ApiKey key = {.name = (char *)"n",
	              .prefix = (char *)"abcdefgh",
	              .hash = (char *)"hash",
	              .scopes = scopes,
	              .created_by = (char *)"setup",
	              .created_at = 1,
	              .expires_at = 90};
	g_assert_true(api_key_insert(db, &key, error));
	g_assert_null(api_key_find(db, "ABCDEFGH", error));
	g_assert_true(api_key_touch(db, key.id, 5, error));
	g_assert_true(api_key_revoke(db, key.id, 6, 3, error));
	g_assert_true(api_key_revoke(db, key.id, 7, 4, error));
	g_autoptr(ApiKey) found = api_key_find(db, "abcdefgh", error);
	g_assert_cmpstrv(found->scopes, scopes);
	g_assert_cmpint(found->expires_at, ==, 90);
	g_assert_cmpint(found->last_used_at, ==, 5);
	g_assert_cmpint(found->revoked_at, ==, 6); /* once is for ever */
	g_assert_cmpint(found->revision, ==, 4);
	g_autoptr(GPtrArray) all = api_key_list(db, error);
	g_assert_cmpuint(all->len, ==, 1);

	StoredAnswer answer = {.request = (char *)"sha",
	                       .status = 201,
	                       .headers = (char *)"{}",
	                       .body = (char *)"body",
	                       .location = (char *)"/v1/comments/7"};
	g_assert_true(stored_answer_insert(db, key.id, "k", &answer, 10, error));
	g_autoptr(StoredAnswer) kept = stored_answer_find(db, key.id, "k", error);
	g_assert_cmpint(kept->status, ==, 201);
	g_assert_cmpstr(kept->body, ==, "body");
	g_assert_null(stored_answer_find(db, key.id + 1, "k", error));
	g_assert_true(stored_answer_replace(db, "/v1/comments/8", "other", error));
	g_autoptr(StoredAnswer) still = stored_answer_find(db, key.id, "k", error);
	g_assert_cmpstr(still->body, ==, "body");
	g_assert_true(stored_answer_replace(db, "/v1/comments/7", "other", error));
	g_autoptr(StoredAnswer) now = stored_answer_find(db, key.id, "k", error);
	g_assert_cmpstr(now->body, ==, "other");
	return TRUE;
}

static void test_api_keys_and_answers_are_kept(TestDb *t)
{
	within(t, keys_are_kept);
}

static User *make_user(Db *db, const char *name, const char *role_name, GError **error)
{
	g_autoptr(UserRole) role = user_role_find(db, role_name, error);
	g_autoptr(User) user = g_new0(User, 1);
	g_assert_nonnull(role);
	user->name = g_strdup(name);
	user->role_id = role->id;
	user->enabled = TRUE;
	user->created_at = user->revision = 1;
	return user_insert(db, user, error) ? g_steal_pointer(&user) : NULL;
}

static gboolean people_are_kept(Db *db, gpointer unused, GError **error)
{
	g_autoptr(GBytes) sealed = g_bytes_new_static("\0sealed\xff", 8);
	g_autoptr(User) ann = make_user(db, "ann", "viewer", error);
	g_assert_no_error(*error);
	ann->display_name = g_strdup("Ann");
	ann->totp_secret = g_bytes_ref(sealed);
	ann->revision = G_MAXINT64;
	g_assert_true(user_update(db, ann, 1, error));
	g_autoptr(User) kept = user_load(db, ann->id, error);
	g_assert_cmpstr(kept->display_name, ==, "Ann");
	g_assert_cmpstr(kept->role, ==, "viewer");
	g_assert_true(g_bytes_equal(kept->totp_secret, sealed));
	g_assert_null(kept->totp_offered);
	g_assert_cmpint(kept->revision, ==, G_MAXINT64);
	g_assert_true(user_update(db, kept, G_MAXINT64, error));
	g_assert_true(user_update(db, kept, 0, error));
	g_assert_true(user_delete(db, ann->id, 2, 2, error));
	g_autoptr(GPtrArray) users = user_list(db, error);
	g_assert_cmpuint(users->len, ==, 0);
	g_autoptr(User) again = make_user(db, "ann", "analyst", error);
	g_assert_no_error(*error);
	return again != NULL;
}

static void test_a_user_is_kept_updated_and_deleted(TestDb *t)
{
	within(t, people_are_kept);
}

static gboolean codes_count_once(Db *db, gpointer unused, GError **error)
{
	g_autoptr(User) ann = make_user(db, "ann", "viewer", error);
	static const struct {
		gint64 step;
		gboolean taken;
	} steps[] = {{60000000000, TRUE},
	             {60000000000, FALSE},
	             {59999999999, FALSE},
	             {60000000001, TRUE}};
	gboolean taken;
	for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
		g_assert_true(user_take_totp_step(db, ann->id, steps[i].step, &taken, error));
		g_assert_cmpint(taken, ==, steps[i].taken);
	}
	g_autoptr(GPtrArray) hashes = g_ptr_array_new();
	g_ptr_array_add(hashes, (gpointer) "one");
	g_ptr_array_add(hashes, (gpointer) "two");
	g_assert_true(user_set_recovery_codes(db, ann->id, hashes, error));
	static const struct {
		const char *hash;
		gboolean taken;
	} codes[] = {{"one", TRUE}, {"one", FALSE}, {"none", FALSE}, {"two", TRUE}};
	for (guint i = 0; i < G_N_ELEMENTS(codes); i++) {
		g_assert_true(
			user_take_recovery_code(db, ann->id, codes[i].hash, 5, &taken, error));
		g_assert_cmpint(taken, ==, codes[i].taken);
	}
	return user_set_recovery_codes(db, ann->id, NULL, error);
}

static void test_a_code_counts_once(TestDb *t)
{
	within(t, codes_count_once);
}

static gboolean add_session(Db *db, gint64 user_id, const char *hash, GError **error)
{
	g_autoptr(UserSession) session = g_new0(UserSession, 1);
	session->user_id = user_id;
	session->token_hash = g_strdup(hash);
	session->created_at = session->seen_at = 10;
	session->expires_at = 60000000000;
	session->address = g_strdup("192.0.2.1");
	session->agent = g_strdup("browser");
	return user_session_insert(db, session, error);
}

static guint count_sessions(Db *db, gint64 user_id, gint64 now, GError **error)
{
	g_autoptr(GPtrArray) sessions = user_session_list(db, user_id, now, error);
	g_assert_nonnull(sessions);
	return sessions->len;
}

static gboolean sessions_are_kept(Db *db, gpointer unused, GError **error)
{
	gint64 ended;
	g_autoptr(User) ann = make_user(db, "ann", "viewer", error);
	g_autoptr(User) bob = make_user(db, "bob", "viewer", error);
	g_assert_true(add_session(db, ann->id, "a", error) &&
	              add_session(db, ann->id, "b", error) && add_session(db, bob->id, "c", error));
	g_assert_cmpuint(count_sessions(db, 0, 20, error), ==, 3);
	g_assert_cmpuint(count_sessions(db, ann->id, 20, error), ==, 2);
	g_assert_cmpuint(count_sessions(db, 0, 60000000000, error), ==, 0);
	g_autoptr(UserSession) found = user_session_find(db, "a", error);
	g_assert_cmpstr(found->user, ==, "ann");
	g_assert_true(user_session_end_all(db, ann->id, found->id, 20, &ended, error));
	g_assert_cmpint(ended, ==, 1);
	g_assert_cmpuint(count_sessions(db, 0, 20, error), ==, 2);
	return user_session_end(db, found->id, 20, error);
}

static void test_sessions_are_listed_and_ended(TestDb *t)
{
	within(t, sessions_are_kept);
}

static gboolean roles_are_kept(Db *db, gpointer unused, GError **error)
{
	static const char *const permissions[] = {"read", "triage", NULL};
	gint64 users;
	g_autoptr(UserRole) role = g_new0(UserRole, 1);
	role->name = g_strdup("desk");
	role->description = g_strdup("");
	role->permissions = g_strdupv((char **)permissions);
	role->revision = 1;
	g_assert_true(user_role_insert(db, role, error));
	role->revision = 2;
	g_assert_true(user_role_update(db, role, 1, error));
	g_autoptr(UserRole) kept = user_role_load(db, role->id, error);
	g_assert_cmpuint(g_strv_length(kept->permissions), ==, 2);
	g_assert_false(kept->built_in);
	g_autoptr(User) ann = make_user(db, "ann", "desk", error);
	g_assert_true(user_role_count_users(db, role->id, &users, error));
	g_assert_cmpint(users, ==, 1);
	/* Who was deleted holds no role back. */
	g_assert_true(user_delete(db, ann->id, 3, 3, error));
	g_assert_true(user_role_delete(db, role->id, error));
	g_autoptr(GPtrArray) roles = user_role_list(db, error);
	g_assert_cmpuint(roles->len, ==, 6);
	return TRUE;
}

static void test_a_role_is_kept_updated_and_deleted(TestDb *t)
{
	within(t, roles_are_kept);
}

static gboolean log_is_filtered(Db *db, gpointer unused, GError **error)
{
	const AuditRecord record = {.seq = 1,
	                            .at = 1,
	                            .actor = (char *)"user:ann",
	                            .action = (char *)"user.create",
	                            .object_kind = (char *)"user",
	                            .object_id = 1,
	                            .detail = (char *)"{}",
	                            .hash = (char *)"hash"};
	g_assert_true(audit_insert(db, &record, error));
	g_autoptr(GPtrArray) all = audit_list(db, &sight_everything, 0, AUDIT_ALL, 10, error);
	g_autoptr(GPtrArray) some =
		audit_list(db, &sight_everything, 0, AUDIT_OF_INCIDENTS, 10, error);
	g_assert_no_error(*error);
	g_assert_cmpuint(all->len, ==, 1);
	g_assert_cmpuint(some->len, ==, 0);
	return TRUE;
}

static gboolean log_of_sixty(Db *db, gpointer unused, GError **error)
{
	static const char *const actors[] = {"user:ann", "user:Bob", "key:soc"};
	static const char *const actions[] = {"source.create", "source.update", "source_x.update"};
	gint64 incident = sample_incident(db, "a@x", 0, "first"), base = 0;
	g_assert_true(audit_last(db, &base, error));
	for (gint64 i = 1; i <= 60; i++) {
		g_autofree char *detail =
			g_strdup_printf("{\"n\":%d,\"name\":\"100%%_x \303\234bung\"}", (int)i);
		const AuditRecord record = {.seq = base + i,
		                            .at = 1000 * i,
		                            .actor = (char *)actors[i % 3],
		                            .action = (char *)actions[i / 3 % 3],
		                            .object_kind = (char *)(i % 2 ? "source" : "user"),
		                            .object_id = 1 + i % 5,
		                            .incident_id = i % 10 ? 0 : incident,
		                            .detail = detail,
		                            .hash = (char *)"hash"};
		g_assert_true(audit_insert(db, &record, error));
	}
	return TRUE;
}

/* How many are found by going from page to page, whichever way; each once, in order. */
static guint count_found(Db *db, const AuditFilter *filter, gboolean newest_first)
{
	GError *error = NULL;
	AuditPage page = {.newest_first = newest_first, .limit = 4};
	gint64 before = newest_first ? G_MAXINT64 : 0;
	guint found = 0;
	do {
		page.from = page.next;
		g_autoptr(GPtrArray) records =
			audit_find(db, &sight_everything, filter, &page, &error);
		g_assert_no_error(error);
		for (guint i = 0; i < records->len; i++, found++) {
			gint64 seq = ((AuditRecord *)records->pdata[i])->seq;
			g_assert_true(newest_first ? seq < before : seq > before);
			before = seq;
		}
	} while (page.next);
	return found;
}

static gboolean sixty_are_filtered(Db *db, gpointer unused, GError **error)
{
	static const struct {
		AuditFilter filter;
		guint found;
	} cases[] = {
		{{0}, 60},
		{{.incident_id = AUDIT_OF_INCIDENTS}, 6},
		{{.incident_id = 1}, 6},
		{{.actor = "ANN"}, 20},
		{{.actor = "bob"}, 20},
		{{.actor = "%"}, 0},
		{{.action = "source."}, 41},
		{{.action = "source"}, 60},
		{{.action = "source.update"}, 21},
		{{.object_kind = "source"}, 30},
		{{.object_kind = "source", .object_id = 2}, 6},
		{{.since = 31000}, 30},
		{{.until = 31000}, 30},
		{{.since = 10000, .until = 20000, .actor = "key"}, 3},
		{{.text = "100%_X"}, 60},
		{{.text = "\"n\":7,"}, 1},
		{{.text = "SOURCE_"}, 19},
		{{.text = "100_"}, 0},
		{{.text = "\303\234BUNG"}, 60},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("case %u", i);
		g_assert_cmpuint(count_found(db, &cases[i].filter, FALSE), ==, cases[i].found);
		g_assert_cmpuint(count_found(db, &cases[i].filter, TRUE), ==, cases[i].found);
	}
	return TRUE;
}

static void test_the_log_is_looked_through_page_by_page(TestDb *t)
{
	testdb_write(t, log_of_sixty, NULL);
	testdb_read(t, sixty_are_filtered, NULL);
	audit_looked_through = 7; /* fewer than there are between two that are found */
	testdb_read(t, sixty_are_filtered, NULL);
	audit_looked_through = LIMIT_AUDIT_LOOKED;
}

static void test_the_log_of_incidents_leaves_people_out(TestDb *t)
{
	within(t, log_is_filtered);
}

static gboolean comment_is_kept(Db *db, gpointer unused, GError **error)
{
	gint64 first = sample_incident(db, "a@x", 0, "first");
	gint64 second = sample_incident(db, "b@x", 0, "second");
	Comment comment = {.incident_id = first,
	                   .author = (char *)"user:ann",
	                   .author_id = -7,
	                   .text = (char *)"Grüße\n\xF0\x9F\x90\x9F",
	                   .created_at = 5,
	                   .revision = 3};
	g_assert_true(comment_insert(db, &comment, error));
	Comment other = {.incident_id = second, .author = (char *)"key:k", .text = (char *)"x"};
	g_assert_true(comment_insert(db, &other, error));
	g_autoptr(Comment) loaded = comment_load(db, comment.id, error);
	g_assert_cmpstr(loaded->text, ==, comment.text);
	g_assert_cmpstr(loaded->author, ==, "user:ann");
	g_assert_cmpint(loaded->author_id, ==, -7);
	g_assert_cmpint(loaded->created_at, ==, 5);
	g_assert_cmpint(loaded->edited_at, ==, 0);
	g_free(loaded->text);
	loaded->text = g_strdup("");
	loaded->deleted_at = 9;
	loaded->revision = 4;
	g_assert_true(comment_update(db, loaded, 3, error));
	g_autoptr(GPtrArray) all = comment_list(db, first, 0, 10, error);
	g_assert_cmpuint(all->len, ==, 1);
	g_assert_cmpint(((Comment *)all->pdata[0])->deleted_at, ==, 9);
	g_assert_cmpstr(((Comment *)all->pdata[0])->text, ==, "");
	gint64 count;
	g_assert_true(comment_count(db, first, &count, error));
	g_assert_cmpint(count, ==, 1);
	g_autoptr(GPtrArray) before = comment_list(db, first, comment.id, 10, error);
	g_assert_cmpuint(before->len, ==, 0);
	return TRUE;
}

static gboolean lose_comment(Db *db, gpointer unused, GError **error)
{
	g_autoptr(Comment) comment = comment_load(db, 1, error);
	return comment && comment_update(db, comment, 99, error);
}

static void test_a_comment_is_kept_changed_and_deleted(TestDb *t)
{
	within(t, comment_is_kept);
	refused(t, lose_comment, NULL, TRAWL_ERROR_PRECONDITION);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	testdb_add("/store/views are kept, and go with their owner",
	           test_views_are_kept_and_go_with_their_owner);
	testdb_add("/store/two views of one name are refused",
	           test_two_views_of_one_name_are_refused);
	testdb_add("/store/a mail server is kept, updated and deleted",
	           test_a_mail_server_is_kept_updated_and_deleted);
	testdb_add("/store/a mail server in use stays", test_a_mail_server_in_use_stays);
	testdb_add("/store/a name is taken once", test_a_name_is_taken_once);
	testdb_add("/store/a source is kept and updated", test_a_source_is_kept_and_updated);
	testdb_add("/store/the outcome of a poll is kept", test_the_outcome_of_a_poll_is_kept);
	testdb_add("/store/polls are remembered", test_polls_are_remembered);
	testdb_add("/store/a cursor belongs to its folder", test_a_cursor_belongs_to_its_folder);
	testdb_add("/store/a source that changed or went is not written",
	           test_a_source_that_changed_or_went_is_not_written);
	testdb_add("/store/a report is one row wherever its message goes",
	           test_a_report_is_one_row_wherever_its_message_goes);
	testdb_add("/store/a report joins an incident once", test_a_report_joins_an_incident_once);
	testdb_add("/store/originals with one Message-ID are told apart",
	           test_originals_with_one_message_id_are_told_apart);
	testdb_add("/store/an incident is kept and saved", test_an_incident_is_kept_and_saved);
	testdb_add("/store/a lost update is refused", test_a_lost_update_is_refused);
	testdb_add("/store/a recipient has one open alert however many report",
	           test_a_recipient_has_one_open_alert_however_many_report);
	testdb_add("/store/a lost update of an alert is refused",
	           test_a_lost_update_of_an_alert_is_refused);
	testdb_add("/store/many reports of one original at once are one incident",
	           test_many_reports_of_one_original_at_once_are_one_incident);
	testdb_add("/store/the ledger is kept", test_the_ledger_is_kept);
	testdb_add("/store/a place in the quarantine has one owner",
	           test_a_place_in_the_quarantine_has_one_owner);
	testdb_add("/store/who moved a message first is found",
	           test_who_moved_a_message_first_is_found);
	testdb_add("/store/backups and their plan are kept", test_backups_and_their_plan_are_kept);
	testdb_add("/store/settings and nodes are kept", test_settings_and_nodes_are_kept);
	testdb_add("/store/API keys and answers are kept", test_api_keys_and_answers_are_kept);
	testdb_add("/store/a user is kept, updated and deleted",
	           test_a_user_is_kept_updated_and_deleted);
	testdb_add("/store/a code counts once", test_a_code_counts_once);
	testdb_add("/store/sessions are listed and ended", test_sessions_are_listed_and_ended);
	testdb_add("/store/a role is kept, updated and deleted",
	           test_a_role_is_kept_updated_and_deleted);
	testdb_add("/store/a comment is kept, changed and deleted",
	           test_a_comment_is_kept_changed_and_deleted);
	testdb_add("/store/the log is looked through page by page",
	           test_the_log_is_looked_through_page_by_page);
	testdb_add("/store/the log of incidents leaves people out",
	           test_the_log_of_incidents_leaves_people_out);
	return g_test_run();
}
