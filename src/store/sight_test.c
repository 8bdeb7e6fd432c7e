/* Who sees what, on both databases: every kind of object and every list, by whichever way it is
 * looked up. */
#include "store/sight.h"

#include "../tests/support/samples.h"
#include "../tests/support/testdb.h"
#include "base/clock.h"
#include "base/error.h"
#include "store/audit.h"
#include "store/comment.h"
#include "store/figures.h"
#include "store/incident.h"
#include "store/job.h"
#include "store/listing.h"
#include "store/report.h"
#include "store/source.h"
#include "store/team.h"
#include "store/user.h"
#include "store/view.h"

#include <string.h>

/* Two of everything: number 1 is of a source of team 1, number 2 of team 2. Ann is in team 1, bob
 * in none. */
static const char *const rows[] = {
	"INSERT INTO user_account (name, role_id, enabled, created_at, revision, sight) VALUES "
	"('ann', 1, 1, 1, 1, 'teams'), ('bob', 1, 1, 1, 1, 'teams'), ('eve', 1, 1, 1, 1, 'teams')",
	"INSERT INTO team (name, description, created_at, revision) VALUES ('one', '', 1, 1), "
	"('two', '', 1, 1)",
	"INSERT INTO team_member (team_id, member_id) VALUES (1, -1), (2, -3)",
	"INSERT INTO team_source (team_id, source_id) VALUES (1, 1), (2, 2)",
	"INSERT INTO incident_comment (incident_id, author, author_id, text, created_at, revision) "
	"VALUES (1, 'x', 1, 'x', 1, 1), (2, 'x', 1, 'x', 1, 1)",
	"INSERT INTO job (kind, lane, priority, state, run_at, payload, created_at, updated_at) "
	"VALUES ('source.poll', '', 1, 'ready', 1, '{\"source\":1}', 1, 1), "
	"('source.test', '', 1, 'ready', 1, '{\"source\":2}', 1, 1), "
	"('report.process', '', 1, 'ready', 1, '{\"source\":1}', 1, 1)",
	"INSERT INTO saved_view (owner_id, name, filter, columns, shared, created_at, revision) "
	"VALUES (1, 'x', 'x', '[]', 0, 1, 1), (3, 'x', 'x', '[]', 1, 1, 1)",
	"INSERT INTO reporter (address, stale, reports, last_at) VALUES ('1@x', 0, 1, 1), "
	"('2@x', 0, 1, 1)",
	"INSERT INTO incident_times (incident_id, opened_at) VALUES (1, 100), (2, 100)",
	"UPDATE incident SET disposition = 'malicious', kind = 'reported_mail', revision = id",
	"UPDATE report SET found_at = 100, trusted = 1, revision = id",
	"UPDATE alert SET revision = id",
	"UPDATE response SET revision = id",
};

static gboolean make_world(Db *db, gpointer unused, GError **error)
{
	for (int i = 1; i <= 2; i++) {
		g_autofree char *name = g_strdup_printf("%d", i);
		g_autofree char *address = g_strdup_printf("%d@x", i);
		gint64 source = sample_source(db, name, sample_server(db, name));
		gint64 original = sample_original(db, address, name, "{}");
		gint64 report = sample_report(db, source, name, address, NULL);
		gint64 incident = sample_incident(db, address, original, name);
		sample_alert(db, incident, report, address);
		sample_result(db, sample_response(db, incident, RESPONSE_QUARANTINE), original,
		              address);
		AuditRecord record = {.seq = i,
		                      .at = 1,
		                      .actor = (char *)"x",
		                      .action = (char *)"x",
		                      .object_kind = (char *)"incident",
		                      .object_id = incident,
		                      .incident_id = incident,
		                      .detail = (char *)"{}",
		                      .hash = (char *)""};
		if (!report_join(db, report, incident, original, error) ||
		    !audit_insert(db, &record, error))
			return FALSE;
	}
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		db_run(db, NULL, error, "", rows[i]);
		g_assert_no_error(*error);
	}
	return TRUE;
}

typedef struct {
	Sight sight;
	guint expected; /* bits of the numbers that are seen: 1 and 2 */
} Viewer;

static const Viewer viewers[] = {
	{{TRUE, -2, 0}, 3},  {{FALSE, -1, 0}, 1}, {{FALSE, -3, 0}, 2},
	{{FALSE, -2, 0}, 0}, {{FALSE, 7, 0}, 0},  {{FALSE, 0, 0}, 0},
};

static void expect(const char *what, guint seen, guint expected)
{
	g_test_message("%s: %u", what, seen);
	g_assert_cmpuint(seen, ==, expected);
}

/* --- objects ------------------------------------------------------------------------------------
 */

static gboolean objects_seen(Db *db, gpointer data, GError **error)
{
	for (guint i = 0; i < G_N_ELEMENTS(viewers); i++)
		for (SeenKind kind = 0; kind < SEEN_KINDS; kind++) {
			guint bits = 0;
			if (kind == SEEN_PERSON)
				continue; /* everybody sees oneself */
			for (gint64 id = 1; id <= 2; id++) {
				g_autoptr(GError) problem = NULL;
				if (sight_check(db, &viewers[i].sight, kind, id, &problem))
					bits |= 1u << (id - 1);
				else
					g_assert_error(problem, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND);
			}
			g_autofree char *what = g_strdup_printf("viewer %u, kind %u", i, kind);
			expect(what, bits, viewers[i].expected);
		}
	return TRUE;
}

static void test_each_kind_of_object_is_seen_by_its_team(TestDb *t)
{
	testdb_write(t, make_world, NULL);
	testdb_read(t, objects_seen, NULL);
}

/* --- lists --------------------------------------------------------------------------------------
 */

/* Which of the numbers 1 and 2 are in a list whose rows begin with one. */
static guint bits_of(GPtrArray *list, GError **error)
{
	guint bits = 0;
	g_assert_no_error(*error);
	for (guint i = 0; i < list->len; i++) {
		gint64 id = *(const gint64 *)list->pdata[i];
		if (id <= 2)
			bits |= 1u << (id - 1);
	}
	g_ptr_array_unref(list);
	return bits;
}

static void pages_seen(Db *db, const Page *page, guint expected, GError **error)
{
	const IncidentFilter incidents = {-1, -1, -1, -1, -1, -1, -1};
	const AlertFilter alerts = {.state = -1};
	const ReportFilter reports = {.state = -1, .trusted = -1};
	const ResponseFilter responses = {.state = -1, .kind = -1};
	const JobFilter jobs = {-1, NULL};
	IncidentFilter of_source = incidents;
	of_source.source_id = 1;
	expect("incidents", bits_of(incident_list(db, &incidents, page, error), error), expected);
	expect("of a source", bits_of(incident_list(db, &of_source, page, error), error),
	       expected & 1);
	expect("alerts", bits_of(alert_list_filtered(db, &alerts, page, error), error), expected);
	expect("reports", bits_of(report_list(db, &reports, page, error), error), expected);
	expect("responses", bits_of(response_list_filtered(db, &responses, page, error), error),
	       expected);
	if (page->feed)
		return;
	expect("jobs", bits_of(job_list(db, &jobs, page, error), error), expected);
	for (gint64 id = 1; id <= 2; id++) {
		const QuarantineResultFilter results = {.response_id = id, .status = -1};
		expect("results",
		       bits_of(quarantine_result_list_filtered(db, &results, page, error), error),
		       expected & (1u << (id - 1)));
	}
	for (int order = REPORTERS_BY_LAST; order <= REPORTERS_BY_WRONG; order++)
		expect("reporters",
		       bits_of(reporter_list(db, (ReporterOrder)order, NULL, page, error), error),
		       expected);
}

static void others_seen(Db *db, const Sight *sight, guint expected, GError **error)
{
	guint n = (expected & 1) + (expected >> 1);
	g_autoptr(GPtrArray) records = audit_list(db, sight, 0, AUDIT_ALL, 10, error);
	g_autoptr(GPtrArray) of_one = audit_list(db, sight, 0, 1, 10, error);
	g_autoptr(GPtrArray) times = figures_incidents(db, sight, 0, 0, 1000, error);
	g_autoptr(GPtrArray) volumes = figures_reports(db, sight, 0, 0, 1000, 0, error);
	g_autoptr(SearchSet) set = sight->everything ? NULL : sight_incidents(db, sight, error);
	g_assert_no_error(*error);
	expect("audit", records->len, n);
	expect("audit of one", of_one->len, expected & 1);
	expect("times", times->len, n);
	expect("volumes", volumes->len, n);
	if (set)
		expect("set", (guint)search_set_count(set), n);
	expect("sources", bits_of(source_list_seen(db, sight, error), error), expected);
	expect("servers", bits_of(mail_server_list_seen(db, sight, error), error), expected);
	expect("teams", bits_of(team_list(db, sight, error), error), expected);
	g_autoptr(GPtrArray) people = user_list_seen(db, sight, error);
	expect("people", people->len, sight->everything ? 3 : sight->viewer < 0 ? 1 : 0);
}

static gboolean lists_seen(Db *db, gpointer data, GError **error)
{
	for (guint i = 0; i < G_N_ELEMENTS(viewers); i++) {
		const Sight *sight = &viewers[i].sight;
		const Page pages[] = {
			{.sight = sight, .limit = 10},
			{.sight = sight, .limit = 10, .by_need = TRUE},
			{.sight = sight, .limit = 10, .feed = TRUE},
		};
		for (guint j = 0; j < G_N_ELEMENTS(pages); j++)
			if (j != 1)
				pages_seen(db, &pages[j], viewers[i].expected, error);
		const IncidentFilter all = {-1, -1, -1, -1, -1, -1, -1};
		expect("by need", bits_of(incident_list(db, &all, &pages[1], error), error),
		       viewers[i].expected);
		others_seen(db, sight, viewers[i].expected, error);
	}
	const Page blind = {.limit = 10};
	pages_seen(db, &blind, 0, error);
	return TRUE;
}

/* Few are looked up, many gone through. */
static void test_each_list_has_what_is_seen(TestDb *t)
{
	const gint64 usual = listing_common;
	testdb_write(t, make_world, NULL);
	testdb_read(t, lists_seen, NULL);
	listing_common = 1;
	testdb_read(t, lists_seen, NULL);
	listing_common = usual;
}

/* --- what is assigned ---------------------------------------------------------------------------
 */

static gboolean assign(Db *db, gpointer data, GError **error)
{
	const Sight ann = viewers[1].sight, bob = viewers[3].sight;
	gint64 newest;
	gboolean seen;
	/* To bob himself, to ann's team: both see it, and no more of the other. */
	g_autoptr(Incident) incident = incident_load(db, 2, error);
	incident->assignee = g_strdup("bob");
	incident->assignee_id = -2;
	incident->team_id = 1;
	g_assert_true(incident_save(db, incident, 0, error));
	const Page of_ann = {.sight = &ann, .limit = 10}, of_bob = {.sight = &bob, .limit = 10};
	const Page feed_of_ann = {.sight = &ann, .limit = 10, .feed = TRUE};
	const Page feed_of_bob = {.sight = &bob, .limit = 10, .feed = TRUE};
	pages_seen(db, &feed_of_ann, 3, error);
	pages_seen(db, &feed_of_bob, 2, error);
	IncidentFilter mine = {-1, -1, -1, -1, -1, -1, -1};
	mine.mine = TRUE;
	g_assert_cmpuint(bits_of(incident_list(db, &mine, &of_bob, error), error), ==, 2);
	g_assert_cmpuint(bits_of(incident_list(db, &mine, &of_ann, error), error), ==, 0);
	IncidentFilter of_team = {-1, -1, -1, -1, -1, -1, -1};
	of_team.team_id = 1;
	g_assert_cmpuint(bits_of(incident_list(db, &of_team, &of_bob, error), error), ==, 2);
	g_assert_true(sight_sees(db, &bob, SEEN_ORIGINAL, 2, &seen, error) && seen);
	g_assert_true(sight_sees(db, &bob, SEEN_REPORT, 2, &seen, error) && seen);
	g_assert_true(sight_sees(db, &bob, SEEN_SOURCE, 2, &seen, error) && !seen);
	/* Handed on, it has to leave their lists. */
	g_assert_true(incident_note_handed_on(db, 2, -2, 0, 40, error));
	g_assert_true(incident_note_handed_on(db, 2, 0, 1, 41, error));
	g_autoptr(GArray) still = sight_gone(db, &bob, 0, 100, &newest, error);
	g_assert_cmpuint(still->len, ==, 0);
	incident->assignee_id = incident->team_id = 0;
	g_assert_true(incident_save(db, incident, 0, error));
	g_autoptr(GArray) gone = sight_gone(db, &bob, 39, 100, &newest, error);
	g_assert_cmpuint(gone->len, ==, 1);
	g_assert_cmpint(newest, ==, 40);
	g_autoptr(GArray) of_her = sight_gone(db, &ann, 40, 41, &newest, error);
	g_assert_cmpuint(of_her->len, ==, 1);
	g_autoptr(GArray) later = sight_gone(db, &ann, 41, 100, &newest, error);
	g_assert_cmpuint(later->len, ==, 0);
	g_assert_cmpint(newest, ==, 41);
	return TRUE;
}

static void test_what_is_assigned_is_seen(TestDb *t)
{
	testdb_write(t, make_world, NULL);
	testdb_write(t, assign, NULL);
}

/* --- teams --------------------------------------------------------------------------------------
 */

static gboolean change_teams(Db *db, gpointer data, GError **error)
{
	gint64 bob = 2, revision = 9;
	g_autoptr(GArray) members = g_array_new(FALSE, FALSE, sizeof(gint64));
	g_array_append_val(members, bob);
	g_assert_true(team_note_change(db, 1, revision, error));
	g_assert_true(team_set_parts(db, 1, TEAM_MEMBERS, members, "x", error));
	g_assert_true(team_note_change(db, 1, 10, error));
	g_autoptr(Team) team = team_load(db, 1, error);
	g_assert_cmpuint(team->members->len, ==, 1);
	g_assert_cmpstr(((TeamPart *)team->members->pdata[0])->name, ==, "bob");
	g_assert_cmpuint(team->sources->len, ==, 1);
	g_autoptr(User) ann = user_load(db, 1, error), he = user_load(db, bob, error);
	g_assert_cmpint(ann->sight_revision, ==, 9);
	g_assert_cmpint(he->sight_revision, ==, 10);
	g_assert_false(he->sees_everything);
	g_assert_true(user_delete(db, bob, 1, 11, error));
	g_autoptr(Team) without = team_load(db, 1, error);
	g_assert_cmpuint(without->members->len, ==, 0);
	g_assert_true(team_delete(db, 1, 1, 12, error));
	g_autoptr(GError) problem = NULL;
	g_assert_null(team_load(db, 1, &problem));
	g_assert_error(problem, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND);
	Team again = {.name = (char *)"one", .description = (char *)"", .created_at = 1};
	g_assert_true(team_insert(db, &again, error));
	return TRUE;
}

static void test_a_team_changes_and_goes(TestDb *t)
{
	testdb_write(t, make_world, NULL);
	testdb_write(t, change_teams, NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	testdb_add("/sight/each kind of object is seen by its team",
	           test_each_kind_of_object_is_seen_by_its_team);
	testdb_add("/sight/each list has what is seen", test_each_list_has_what_is_seen);
	testdb_add("/sight/what is assigned is seen", test_what_is_assigned_is_seen);
	testdb_add("/sight/a team changes and goes", test_a_team_changes_and_goes);
	return g_test_run();
}
