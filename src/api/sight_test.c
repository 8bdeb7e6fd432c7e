/* Who sees what, over HTTP: everything that the table of routes has, asked by somebody who sees
 * what their team does, about what another team has. That one's data have a word in them that
 * nobody else's have. */
#include "api/testing.h"

#include "api/routes.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/limits.h"
#include "search/index.h"
#include "store/figures.h"
#include "store/incident.h"
#include "store/job.h"
#include "store/response.h"
#include "store/source.h"

#include <string.h>
#include <unistd.h>

#define MARK "kestrel"

/* The objects of one team, by kind. */
typedef struct {
	gint64 ids[SEEN_KINDS];
	char *message_id;
} Things;

typedef struct {
	ApiRig *rig;
	char *ann; /* the session of who sees everything    */
	char *bob; /* … of an administrator who does not    */
	Things ours, theirs;
} House;

static void house_clear(House *house)
{
	g_clear_pointer(&house->rig, api_rig_free);
	g_free(house->ann);
	g_free(house->bob);
	g_free(house->ours.message_id);
	g_free(house->theirs.message_id);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(House, house_clear)

static Reply *ask(const House *house, const char *who, const char *method, const char *target,
                  const char *body)
{
	return api_rig_call(house->rig, 0, method, target, body, who);
}

/* For messages: printf's precision and text. */
#define SAID(reply)                                                                                \
	(int)g_bytes_get_size((reply)->body), (const char *)g_bytes_get_data((reply)->body, NULL)

/* What ann asks for is answered; the number in the answer. */
G_GNUC_PRINTF(4, 5)
static gint64 make(const House *house, const char *method, const char *target, const char *format,
                   ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *body = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_autoptr(Reply) reply = ask(house, house->ann, method, target, *body ? body : NULL);
	g_test_message("%s %s: %.*s", method, target, SAID(reply));
	g_assert_cmpint(reply->status / 100, ==, 2);
	return json_int(reply->json, "id", 0);
}

static char *path_of(const char *format, gint64 id)
{
	g_auto(GStrv) parts = g_strsplit(format, "{id}", -1);
	g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, id);
	return g_strjoinv(number, parts);
}

static gint64 first_id(const House *house, const char *target)
{
	g_autoptr(Reply) reply = ask(house, house->ann, "GET", target, NULL);
	g_assert_cmpint(reply->status, ==, 200);
	const json_t *first = json_array_get(json_object_get(reply->json, "items"), 0);
	g_assert_nonnull(first);
	return json_int(first, "id", 0);
}

/* A row of the ledger, as a worker would have written it. */
static gboolean write_ledger(Db *db, gpointer data, GError **error)
{
	const Things *things = data;
	g_autoptr(QuarantineResult) row = g_new0(QuarantineResult, 1);
	row->response_id = things->ids[SEEN_RESPONSE];
	row->incident_id = things->ids[SEEN_INCIDENT];
	row->original_id = things->ids[SEEN_ORIGINAL];
	row->mailbox = g_strdup_printf("x-%s@corp.example", things->message_id);
	row->reason = g_strdup("Already gone: it is in quarantine (response 1).");
	row->was_read = row->restore_status = -1;
	return quarantine_result_insert(db, row, error);
}

/* An incident of a source, and everything that can belong to one. */
static void make_things(House *house, Things *things, const char *word)
{
	ApiRig *rig = house->rig;
	g_autofree char *recipient = g_strdup_printf("%s@corp.example", word);
	things->message_id = g_strdup_printf("%s@x", word);
	things->ids[SEEN_MAIL_SERVER] =
		make(house, "POST", "/v1/mail-servers",
	             "{\"name\":\"%s\",\"kind\":\"maildir\",\"config\":{\"path\":\"/srv/%s/%%n\"}}",
	             word, word);
	things->ids[SEEN_SOURCE] = make(
		house, "POST", "/v1/sources",
		"{\"name\":\"%s\",\"mail_server_id\":%d,\"mailbox\":\"abuse-%s@corp.example\"}",
		word, (int)things->ids[SEEN_MAIL_SERVER], word);
	rig->source_id = things->ids[SEEN_SOURCE];
	gint64 incident = things->ids[SEEN_INCIDENT] =
		api_rig_raise(rig, things->message_id, recipient);
	static const struct {
		SeenKind kind;
		const char *method, *target, *body;
	} parts[] = {
		{SEEN_COMMENT, "POST", "/v1/incidents/{id}/comments", "{\"text\":\"said of %s\"}"},
		{SEEN_RESPONSE, "POST", "/v1/incidents/{id}/responses",
	         "{\"kind\":\"quarantine\",\"comment\":\"%s\"}"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
		g_autofree char *target = path_of(parts[i].target, incident);
		g_auto(GStrv) body = g_strsplit(parts[i].body, "%s", -1);
		g_autofree char *text = g_strjoinv(word, body);
		things->ids[parts[i].kind] = make(house, parts[i].method, target, "%s", text);
	}
	g_autofree char *alerts = path_of("/v1/incidents/{id}/alerts", incident);
	g_autofree char *reports = path_of("/v1/incidents/{id}/reports", incident);
	g_autofree char *whole = path_of("/v1/incidents/{id}", incident);
	g_autofree char *poll = path_of("/v1/sources/{id}/poll", things->ids[SEEN_SOURCE]);
	things->ids[SEEN_ALERT] = first_id(house, alerts);
	things->ids[SEEN_REPORT] = first_id(house, reports);
	g_autoptr(Reply) reply = ask(house, house->ann, "GET", whole, NULL);
	things->ids[SEEN_ORIGINAL] = json_int(reply->json, "original_id", 0);
	things->ids[SEEN_JOB] = make(house, "POST", poll, "%s", "");
	api_rig_write(rig, write_ledger, things);
}

/* A person of the team, with a view that the person shares. */
static void make_team(House *house, Things *things, const char *word, const char *name)
{
	gint64 user = things->ids[SEEN_PERSON] =
		make(house, "POST", "/v1/users",
	             "{\"name\":\"%s\",\"display_name\":\"of %s\",\"role\":\"administrator\","
	             "\"sight\":\"teams\",\"password\":\"" API_RIG_PASSPHRASE "\"}",
	             name, word);
	things->ids[SEEN_TEAM] = make(house, "POST", "/v1/teams",
	                              "{\"name\":\"%s\",\"member_ids\":[%d],\"source_ids\":[%d]}",
	                              word, (int)user, (int)things->ids[SEEN_SOURCE]);
	g_autofree char *session = api_rig_session(house->rig, name);
	g_autofree char *body = g_strdup_printf(
		"{\"name\":\"%s\",\"filter\":\"is:open %s\",\"shared\":true}", word, word);
	g_autoptr(Reply) view = ask(house, session, "POST", "/v1/views", body);
	g_assert_cmpint(view->status, ==, 201);
	things->ids[SEEN_VIEW] = json_int(view->json, "id", 0);
}

static gboolean count_figures(Db *db, gpointer more, GError **error)
{
	return figures_update(db, more, error);
}

static House house_new(void)
{
	House house = {.rig = api_rig_with_ann()};
	house.ann = api_rig_session(house.rig, "ann");
	make_things(&house, &house.theirs, MARK);
	make_team(&house, &house.theirs, MARK, "eve-" MARK);
	make_things(&house, &house.ours, "ours");
	make_team(&house, &house.ours, "ours", "bob");
	house.bob = api_rig_session(house.rig, "bob");
	for (gboolean more = TRUE; more;)
		api_rig_write(house.rig, count_figures, &more);
	for (gboolean more = TRUE; more;) {
		g_autoptr(GError) error = NULL;
		g_assert_true(search_index_some(house.rig->db, &more, &error));
	}
	g_autoptr(Reply) reporters = ask(&house, house.ann, "GET", "/v1/reporters?q=" MARK, NULL);
	house.theirs.ids[SEEN_REPORTER] =
		json_int(json_array_get(json_object_get(reporters->json, "items"), 0), "id", 0);
	g_autoptr(Reply) own = ask(&house, house.ann, "GET", "/v1/reporters?q=ours", NULL);
	house.ours.ids[SEEN_REPORTER] =
		json_int(json_array_get(json_object_get(own->json, "items"), 0), "id", 0);
	return house;
}

static gboolean mentions(const Reply *reply, const char *word)
{
	gsize size;
	const char *text = g_bytes_get_data(reply->body, &size);
	return size && g_strstr_len(text, (gssize)size, word);
}

/* Bodies that a route takes, so that it is the object that decides. */
static const struct {
	const char *operation, *body;
} bodies[] = {
	{"closeIncident", "{\"reason\":\"x\"}"},
	{"closeAlert", "{\"reason\":\"x\"}"},
	{"createResponse", "{\"kind\":\"restore\"}"},
	{"createComment", "{\"text\":\"x\"}"},
	{"updateComment", "{\"text\":\"x\"}"},
	{"holdIncident", "{\"reason\":\"x\"}"},
	{"releaseIncident", "{\"reason\":\"x\"}"},
	{"updateIncident", "{\"severity\":\"minor\"}"},
	{"updateAlert", "{\"severity\":\"minor\"}"},
	{"updateView", "{\"name\":\"x\"}"},
};

static const char *body_of(const Route *route)
{
	for (guint i = 0; i < G_N_ELEMENTS(bodies); i++)
		if (strcmp(route->operation_id, bodies[i].operation) == 0)
			return bodies[i].body;
	return NULL;
}

static gboolean is_stream(const Route *route)
{
	return g_strcmp0(route->produces, "text/event-stream") == 0;
}

/* What a reply says, without the number that was asked for. */
static char *without(const Reply *reply, gint64 id)
{
	g_autofree char *number = g_strdup_printf(" %" G_GINT64_FORMAT "\"", id);
	g_autofree char *text = g_strdup_printf("%.*s", SAID(reply));
	g_auto(GStrv) parts = g_strsplit(text, number, -1);
	return g_strjoinv(" N\"", parts);
}

static void assert_as_if_it_were_not_there(const House *house, const Route *route, gint64 id,
                                           const char *more)
{
	const gint64 nothing = 999999;
	g_autofree char *headers = g_strconcat(house->bob, more, NULL);
	g_autofree char *there = path_of(route->pattern, id);
	g_autofree char *nowhere = path_of(route->pattern, nothing);
	g_autoptr(Reply) hidden = ask(house, headers, route->method, there, body_of(route));
	g_autoptr(Reply) missing = ask(house, headers, route->method, nowhere, body_of(route));
	g_test_message("%s %s %s: %d %.*s", route->method, there, more, hidden->status,
	               SAID(hidden));
	g_assert_cmpint(hidden->status, ==, 404);
	g_assert_cmpint(missing->status, ==, 404);
	g_autofree char *one = without(hidden, id), *other = without(missing, nothing);
	g_assert_cmpstr(one, ==, other);
}

/* --- every route of the table -------------------------------------------------------------------
 */

static void no_route_shows_what_is_another_teams(void)
{
	g_auto(House) house = house_new();
	for (const Route *route = routes; route->method; route++) {
		g_test_message("%s %s", route->method, route->pattern);
		gboolean read = strcmp(route->method, "GET") == 0 && !is_stream(route);
		/* A session is somebody's own, and its handler's to judge. */
		g_assert_true(route->sight >= SIGHT_WHOLE || !strstr(route->pattern, "{id}") ||
		              g_str_has_prefix(route->pattern, "/v1/sessions/"));
		if (route->sight >= SIGHT_ONE) {
			gint64 id = house.theirs.ids[route->sight - SIGHT_ONE];
			g_assert_cmpint(id, >, 0);
			assert_as_if_it_were_not_there(&house, route, id, "");
			assert_as_if_it_were_not_there(&house, route, id, "If-Match: \"1\"\r\n");
			assert_as_if_it_were_not_there(&house, route, id,
			                               "Idempotency-Key: once\r\n");
		} else if (route->sight == SIGHT_WHOLE) {
			g_autofree char *path = path_of(route->pattern, 1);
			g_autoptr(Reply) reply = ask(&house, house.bob, route->method, path, NULL);
			g_assert_cmpint(reply->status, ==, 403);
		} else if (read) {
			g_autofree char *path = path_of(route->pattern, 1);
			g_autoptr(Reply) reply = ask(&house, house.bob, "GET", path, NULL);
			g_test_message("%d %.*s", reply->status, SAID(reply));
			g_assert_cmpint(reply->status, <, 500);
			g_assert_false(mentions(reply, MARK));
		}
	}
}

/* Or the test above would prove nothing. */
static void who_sees_everything_finds_all_of_it(void)
{
	g_auto(House) house = house_new();
	for (const Route *route = routes; route->method; route++) {
		if (strcmp(route->method, "GET") != 0 || route->sight < SIGHT_ONE)
			continue;
		gint64 theirs = house.theirs.ids[route->sight - SIGHT_ONE];
		gint64 ours = house.ours.ids[route->sight - SIGHT_ONE];
		g_autofree char *of_theirs = path_of(route->pattern, theirs);
		g_autofree char *of_ours = path_of(route->pattern, ours);
		g_autoptr(Reply) all = ask(&house, house.ann, "GET", of_theirs, NULL);
		g_autoptr(Reply) own = ask(&house, house.bob, "GET", of_ours, NULL);
		g_test_message("%s %s: %d, %s: %d", route->pattern, of_theirs, all->status, of_ours,
		               own->status);
		g_assert_cmpint(all->status, ==, 200);
		g_assert_cmpint(own->status, ==, 200);
		g_assert_false(mentions(own, MARK));
	}
	static const char *const lists[] = {
		"/v1/incidents",
		"/v1/alerts",
		"/v1/reports",
		"/v1/responses",
		"/v1/activity",
		"/v1/sources",
		"/v1/people",
		"/v1/teams",
		"/v1/reporters",
		"/v1/views",
		"/v1/jobs",
		"/v1/mail-servers",
		"/v1/search?q=prize",
		"/v1/statistics",
		"/v1/incidents?sort=need",
		"/v1/incidents?changed_since=0",
		"/v1/alerts?changed_since=0",
	};
	for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_autoptr(Reply) all = ask(&house, house.ann, "GET", lists[i], NULL);
		g_autoptr(Reply) own = ask(&house, house.bob, "GET", lists[i], NULL);
		g_test_message("%s: %.*s", lists[i], SAID(own));
		g_assert_cmpint(own->status, ==, 200);
		g_assert_false(mentions(own, MARK));
		gboolean has_names = !strstr(lists[i], "/jobs") && !strstr(lists[i], "/activity") &&
		                     !strstr(lists[i], "/responses");
		g_assert_true(!has_names || mentions(all, MARK));
		g_assert_true(!has_names || mentions(own, "ours"));
	}
}

/* --- what is asked for in other ways ------------------------------------------------------------
 */

static void filters_and_counts_find_nothing_of_others(void)
{
	g_auto(House) house = house_new();
	static const struct {
		const char *target;
		SeenKind kind; /* whose number stands for {id} */
		const char *count;
	} cases[] = {
		{"/v1/incidents?source_id={id}", SEEN_SOURCE, "items"},
		{"/v1/incidents?message_id=" MARK "@x", SEEN_SOURCE, "items"},
		{"/v1/incidents?reporter=" MARK "@corp.example", SEEN_SOURCE, "items"},
		{"/v1/incidents?recipient=" MARK "@corp.example&sort=need", SEEN_SOURCE, "items"},
		{"/v1/incidents?q=" MARK, SEEN_SOURCE, "items"},
		{"/v1/incidents?q=" MARK "&sort=need", SEEN_SOURCE, "items"},
		{"/v1/incidents?team=" MARK, SEEN_SOURCE, "items"},
		{"/v1/alerts?incident_id={id}", SEEN_INCIDENT, "items"},
		{"/v1/alerts?report_id={id}", SEEN_REPORT, "items"},
		{"/v1/alerts?message_id=" MARK "@x", SEEN_REPORT, "items"},
		{"/v1/reports?incident_id={id}", SEEN_INCIDENT, "items"},
		{"/v1/reports?alert_id={id}", SEEN_ALERT, "items"},
		{"/v1/reports?reporter=" MARK "@corp.example", SEEN_ALERT, "items"},
		{"/v1/responses?incident_id={id}", SEEN_INCIDENT, "items"},
		{"/v1/sessions?user_id={id}", SEEN_PERSON, "items"},
		{"/v1/search?q=" MARK, SEEN_ALERT, "items"},
		{"/v1/teams?name=" MARK, SEEN_ALERT, "items"},
		{"/v1/sources?name=" MARK, SEEN_ALERT, "items"},
		{"/v1/mail-servers?name=" MARK, SEEN_ALERT, "items"},
		{"/v1/reporters?q=" MARK, SEEN_ALERT, "items"},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *target = path_of(cases[i].target, house.theirs.ids[cases[i].kind]);
		g_autoptr(Reply) own = ask(&house, house.bob, "GET", target, NULL);
		g_test_message("%s: %.*s", target, SAID(own));
		g_assert_cmpint(own->status, ==, 200);
		g_assert_cmpuint(json_array_size(json_object_get(own->json, "items")), ==, 0);
		g_assert_cmpint(json_int(own->json, "total", 0), ==, 0);
	}
	g_autoptr(Reply) statistics = ask(&house, house.bob, "GET", "/v1/statistics", NULL);
	g_assert_cmpint(json_int(statistics->json, "verdicts.unknown", -1), ==, 1);
	g_autoptr(Reply) all = ask(&house, house.ann, "GET", "/v1/statistics", NULL);
	g_assert_cmpint(json_int(all->json, "verdicts.unknown", -1), ==, 3);
	g_autoptr(Reply) health = ask(&house, house.bob, "GET", "/v1/health", NULL);
	g_assert_null(json_object_get(health->json, "figures"));
	/* A response of others to undo is as good as none. */
	g_autofree char *path =
		path_of("/v1/incidents/{id}/responses", house.ours.ids[SEEN_INCIDENT]);
	g_autofree char *body = path_of("{\"kind\":\"restore\",\"of_response\":{id}}",
	                                house.theirs.ids[SEEN_RESPONSE]);
	g_autoptr(Reply) undo = ask(&house, house.bob, "POST", path, body);
	g_assert_cmpint(undo->status, ==, 404);
}

/* An answer that was kept is not given to who has lost sight of what it was about. */
static void a_kept_answer_is_not_repeated_to_who_sees_it_no_more(void)
{
	g_auto(House) house = house_new();
	g_autofree char *path =
		path_of("/v1/incidents/{id}/comments", house.ours.ids[SEEN_INCIDENT]);
	g_autofree char *headers = g_strconcat(house.bob, "Idempotency-Key: k\r\n", NULL);
	g_autoptr(Reply) said = ask(&house, headers, "POST", path, "{\"text\":\"x\"}");
	g_assert_cmpint(said->status, ==, 201);
	g_autofree char *team = path_of("/v1/teams/{id}", house.ours.ids[SEEN_TEAM]);
	make(&house, "PATCH", team, "{\"source_ids\":[]}");
	g_autoptr(Reply) again = ask(&house, headers, "POST", path, "{\"text\":\"x\"}");
	g_assert_cmpint(again->status, ==, 404);
}

/* --- assignment ---------------------------------------------------------------------------------
 */

static guint count(const House *house, const char *who, const char *target)
{
	g_autoptr(Reply) reply = ask(house, who, "GET", target, NULL);
	g_test_message("%s: %.*s", target, SAID(reply));
	g_assert_cmpint(reply->status, ==, 200);
	return (guint)json_array_size(json_object_get(reply->json, "items"));
}

static int status_of(const House *house, const char *who, const char *method, const char *target,
                     const char *body)
{
	g_autoptr(Reply) reply = ask(house, who, method, target, body);
	g_test_message("%s %s: %.*s", method, target, SAID(reply));
	return reply->status;
}

static void what_is_assigned_is_seen_and_what_is_handed_on_leaves(void)
{
	g_auto(House) house = house_new();
	gint64 id = house.theirs.ids[SEEN_INCIDENT];
	g_autofree char *incident = path_of("/v1/incidents/{id}", id);
	static const char *const whose[] = {"{\"assignee\":\"bob\"}", "{\"team\":\"ours\"}"};
	static const char *const away[] = {"{\"assignee\":null}", "{\"team\":\"" MARK "\"}"};
	for (guint i = 0; i < G_N_ELEMENTS(whose); i++) {
		g_autoptr(Reply) before =
			ask(&house, house.bob, "GET", "/v1/incidents?changed_since=0", NULL);
		gint64 since = json_int(before->json, "changed_since", 0);
		g_assert_cmpint(status_of(&house, house.bob, "GET", incident, NULL), ==, 404);
		g_assert_cmpint(status_of(&house, house.ann, "PATCH", incident, whose[i]), ==, 200);
		g_assert_cmpint(status_of(&house, house.bob, "GET", incident, NULL), ==, 200);
		g_assert_cmpuint(count(&house, house.bob, "/v1/incidents"), ==, 2);
		g_assert_cmpuint(count(&house, house.bob, "/v1/incidents?mine=true"), ==, 1);
		g_autofree char *feed = path_of("/v1/incidents?changed_since={id}", since);
		g_assert_cmpuint(count(&house, house.bob, feed), ==, 1);
		g_assert_cmpint(status_of(&house, house.ann, "PATCH", incident, away[i]), ==, 200);
		g_assert_cmpint(status_of(&house, house.bob, "GET", incident, NULL), ==, 404);
		g_autoptr(Reply) gone = ask(&house, house.bob, "GET", feed, NULL);
		g_test_message("%.*s", SAID(gone));
		g_assert_cmpint(json_int(gone->json, "gone_incidents.0", 0), ==, id);
		g_autofree char *on = path_of("/v1/incidents?changed_since={id}",
		                              json_int(gone->json, "changed_since", 0));
		g_autoptr(Reply) later = ask(&house, house.bob, "GET", on, NULL);
		g_assert_cmpuint(json_array_size(json_object_get(later->json, "gone_incidents")),
		                 ==, 0);
	}
}

static void nothing_is_given_to_whom_one_does_not_see(void)
{
	g_auto(House) house = house_new();
	g_autofree char *own = path_of("/v1/incidents/{id}", house.ours.ids[SEEN_INCIDENT]);
	g_autoptr(Reply) hidden =
		ask(&house, house.bob, "PATCH", own, "{\"assignee\":\"eve-" MARK "\"}");
	g_autoptr(Reply) nobody = ask(&house, house.bob, "PATCH", own, "{\"assignee\":\"nobody\"}");
	g_assert_cmpint(hidden->status, ==, 400);
	g_assert_cmpint(nobody->status, ==, 400);
	g_assert_cmpint(status_of(&house, house.bob, "PATCH", own, "{\"team\":\"" MARK "\"}"), ==,
	                400);
	g_assert_cmpint(status_of(&house, house.bob, "PATCH", own, "{\"team\":\"none\"}"), ==, 400);
	g_assert_cmpint(status_of(&house, house.bob, "PATCH", own,
	                          "{\"team\":\"ours\",\"assignee\":\"bob\"}"),
	                ==, 200);
}

/* Numbers of others in our own sentences. */
static void a_sentence_does_not_name_what_is_not_seen(void)
{
	g_auto(House) house = house_new();
	g_autofree char *results =
		path_of("/v1/responses/{id}/results", house.ours.ids[SEEN_RESPONSE]);
	g_autoptr(Reply) own = ask(&house, house.bob, "GET", results, NULL);
	g_autoptr(Reply) all = ask(&house, house.ann, "GET", results, NULL);
	g_assert_true(mentions(all, "(response 1)"));
	g_assert_false(mentions(own, "(response 1)"));
	g_assert_true(mentions(own, "(another response)"));
}

/* --- teams that change --------------------------------------------------------------------------
 */

static void who_sees_more_or_less_begins_again(void)
{
	g_auto(House) house = house_new();
	g_autofree char *team = path_of("/v1/teams/{id}", house.ours.ids[SEEN_TEAM]);
	g_autoptr(Reply) before =
		ask(&house, house.bob, "GET", "/v1/incidents?changed_since=0", NULL);
	g_autofree char *feed = path_of("/v1/incidents?changed_since={id}",
	                                json_int(before->json, "changed_since", 0));
	g_autoptr(Reply) page = ask(&house, house.bob, "GET", "/v1/alerts?limit=1", NULL);
	g_autofree char *cursor =
		g_strdup_printf("/v1/alerts?limit=1&cursor=%s", json_text(page->json, "next"));
	g_assert_cmpint(status_of(&house, house.bob, "GET", feed, NULL), ==, 200);
	g_assert_cmpint(status_of(&house, house.bob, "GET", cursor, NULL), ==, 200);
	make(&house, "PATCH", team, "{\"source_ids\":[%d,%d]}", (int)house.ours.ids[SEEN_SOURCE],
	     (int)house.theirs.ids[SEEN_SOURCE]);
	g_assert_cmpint(status_of(&house, house.bob, "GET", feed, NULL), ==, 409);
	g_assert_cmpint(status_of(&house, house.bob, "GET", cursor, NULL), ==, 400);
	g_assert_cmpuint(count(&house, house.bob, "/v1/incidents?changed_since=0"), ==, 2);
	g_assert_cmpint(status_of(&house, house.ann, "GET", feed, NULL), ==, 200);
	make(&house, "PATCH", team, "{\"member_ids\":[]}");
	g_assert_cmpuint(count(&house, house.bob, "/v1/incidents"), ==, 0);
	g_assert_cmpuint(count(&house, house.bob, "/v1/teams"), ==, 0);
	g_assert_cmpuint(count(&house, house.bob, "/v1/people"), ==, 1);
}

static void a_team_is_made_changed_and_deleted(void)
{
	g_auto(House) house = house_new();
	static const struct {
		const char *method, *target, *body;
		int status;
	} cases[] = {
		{"POST", "/v1/teams", "{}", 400},
		{"POST", "/v1/teams", "{\"name\":\"ours\"}", 409},
		{"POST", "/v1/teams", "{\"name\":\"new\",\"member_ids\":[999]}", 400},
		{"POST", "/v1/teams", "{\"name\":\"new\",\"member_ids\":[1,1]}", 400},
		{"POST", "/v1/teams", "{\"name\":\"new\",\"member_ids\":[0]}", 400},
		{"POST", "/v1/teams", "{\"name\":\"new\",\"key_ids\":[999]}", 400},
		{"POST", "/v1/teams", "{\"name\":\"new\",\"source_ids\":[999]}", 400},
		{"POST", "/v1/teams", "{\"name\":\"new\",\"member_ids\":[1],\"key_ids\":[1]}", 201},
		{"PATCH", "/v1/teams/3", "{\"name\":\"ours\"}", 409},
		{"PATCH", "/v1/teams/3", "{\"member_ids\":[1]}", 200},
		{"PATCH", "/v1/incidents/1", "{\"team\":\"new\"}", 200},
		{"DELETE", "/v1/teams/3", NULL, 409},
		{"POST", "/v1/incidents/1/close", "{\"reason\":\"x\"}", 200},
		{"DELETE", "/v1/teams/3", NULL, 204},
		{"GET", "/v1/teams/3", NULL, 404},
		{"POST", "/v1/teams", "{\"name\":\"new\"}", 201},
		{"PATCH", "/v1/incidents/1", "{\"team\":null}", 200},
	};
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpint(status_of(&house, house.ann, cases[i].method, cases[i].target,
		                          cases[i].body),
		                ==, cases[i].status);
	g_autoptr(Reply) same =
		ask(&house, house.ann, "PATCH", "/v1/teams/4", "{\"name\":\"new\"}");
	g_autoptr(Reply) read = ask(&house, house.ann, "GET", "/v1/teams/4", NULL);
	g_assert_cmpint(json_int(same->json, "revision", 0), ==,
	                json_int(read->json, "revision", 1));
	g_autofree char *late = g_strconcat(house.ann, "If-Match: \"1\"\r\n", NULL);
	g_assert_cmpint(status_of(&house, late, "PATCH", "/v1/teams/4", "{\"name\":\"x\"}"), ==,
	                412);
}

/* --- keys ---------------------------------------------------------------------------------------
 */

static char *make_key(const House *house, const char *more, gint64 *id)
{
	g_autofree char *body = g_strdup_printf("{\"name\":\"k\",\"scopes\":[\"admin\"]%s}", more);
	g_autoptr(Reply) made = ask(house, house->ann, "POST", "/v1/api-keys", body);
	g_test_message("%.*s", SAID(made));
	g_assert_cmpint(made->status, ==, 201);
	*id = json_int(made->json, "id", 0);
	return g_strdup_printf("Authorization: Bearer %s\r\n", json_text(made->json, "key"));
}

static void a_key_sees_what_its_teams_or_its_owner_do(void)
{
	g_auto(House) house = house_new();
	gint64 id, owned_id;
	g_autofree char *robot = make_key(&house, ",\"sight\":\"teams\"", &id);
	g_assert_cmpuint(count(&house, robot, "/v1/incidents"), ==, 0);
	g_autofree char *team = path_of("/v1/teams/{id}", house.ours.ids[SEEN_TEAM]);
	make(&house, "PATCH", team, "{\"key_ids\":[%d]}", (int)id);
	g_assert_cmpuint(count(&house, robot, "/v1/incidents"), ==, 1);
	g_assert_cmpint(status_of(&house, robot, "GET", "/v1/users", NULL), ==, 403);
	g_autofree char *bobs = make_key(&house, ",\"owner\":\"bob\"", &owned_id);
	g_assert_cmpuint(count(&house, bobs, "/v1/incidents"), ==, 1);
	g_assert_cmpint(status_of(&house, bobs, "POST", "/v1/api-keys",
	                          "{\"name\":\"more\",\"scopes\":[\"read\"]}"),
	                ==, 403);
	g_autofree char *bob = path_of("/v1/users/{id}", house.ours.ids[SEEN_PERSON]);
	make(&house, "PATCH", bob, "{\"role\":\"viewer\"}");
	g_assert_cmpint(status_of(&house, bobs, "PATCH", "/v1/incidents/3", "{}"), ==, 403);
	make(&house, "PATCH", bob, "{\"enabled\":false}");
	g_assert_cmpint(status_of(&house, bobs, "GET", "/v1/incidents", NULL), ==, 401);
	g_assert_cmpint(status_of(&house, house.ann, "POST", "/v1/api-keys",
	                          "{\"name\":\"k\",\"scopes\":[\"read\"],\"owner\":\"bob\","
	                          "\"sight\":\"everything\"}"),
	                ==, 400);
}

static void the_last_who_sees_everything_stays_an_administrator(void)
{
	g_auto(House) house = house_new();
	g_assert_cmpint(
		status_of(&house, house.ann, "PATCH", "/v1/users/1", "{\"sight\":\"teams\"}"), ==,
		409);
}

/* --- the stream ---------------------------------------------------------------------------------
 */

static int open_stream(const House *house, const char *who)
{
	int fd = api_rig_connect(house->rig);
	g_autofree char *request = g_strdup_printf(
		"GET /v1/events?after=0 HTTP/1.1\r\nHost: localhost\r\n%s\r\n", who);
	g_assert_cmpint(write(fd, request, strlen(request)), ==, (int)strlen(request));
	return fd;
}

/* Until @wanted came, or with NULL until the end. */
static char *read_until(int fd, const char *wanted)
{
	GString *text = g_string_new(NULL);
	char piece[1024];
	ssize_t n;
	while ((!wanted || !strstr(text->str, wanted)) && (n = read(fd, piece, sizeof piece)) > 0)
		g_string_append_len(text, piece, n);
	g_assert_true(!wanted || strstr(text->str, wanted));
	return g_string_free(text, FALSE);
}

static void a_stream_has_what_is_seen_and_ends_when_that_changes(void)
{
	g_auto(House) house = house_new();
	g_autofree char *own = path_of("/v1/incidents/{id}", house.ours.ids[SEEN_INCIDENT]);
	g_autofree char *other = path_of("/v1/incidents/{id}", house.theirs.ids[SEEN_INCIDENT]);
	g_autofree char *team = path_of("/v1/teams/{id}", house.ours.ids[SEEN_TEAM]);
	g_autofree char *number = path_of("\"incident_id\":{id}", house.theirs.ids[SEEN_INCIDENT]);
	int fd = open_stream(&house, house.bob);
	make(&house, "PATCH", other, "{\"severity\":\"critical\"}");
	make(&house, "PATCH", own, "{\"severity\":\"major\"}");
	g_autofree char *text = read_until(fd, "event: incident.update\n");
	g_autofree char *record = read_until(fd, "\n\n");
	g_assert_null(strstr(text, number));
	g_assert_null(strstr(record, number));
	g_assert_null(strstr(text, "team.create"));
	make(&house, "PATCH", other, "{\"assignee\":\"bob\"}");
	g_autofree char *given G_GNUC_UNUSED = read_until(fd, number);
	make(&house, "PATCH", other, "{\"assignee\":\"eve-" MARK "\"}");
	g_autofree char *taken = read_until(fd, "event: incident.gone\n");
	g_autofree char *nothing = read_until(fd, "\n\n");
	g_assert_null(strstr(taken, "eve-"));
	g_assert_null(strstr(nothing, "eve-"));
	make(&house, "PATCH", team, "{\"source_ids\":[]}");
	make(&house, "PATCH", own, "{\"severity\":\"minor\"}");
	g_autofree char *rest = read_until(fd, NULL);
	g_assert_null(strstr(rest, "minor"));
	close(fd);
	fd = open_stream(&house, house.ann);
	g_autofree char *all G_GNUC_UNUSED = read_until(fd, number);
	close(fd);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define TEST(name, function) g_test_add_func("/sight/" name, function)
	TEST("no route shows what is another team's", no_route_shows_what_is_another_teams);
	TEST("who sees everything finds all of it", who_sees_everything_finds_all_of_it);
	TEST("filters and counts find nothing of others",
	     filters_and_counts_find_nothing_of_others);
	TEST("a kept answer is not repeated to who sees it no more",
	     a_kept_answer_is_not_repeated_to_who_sees_it_no_more);
	TEST("what is assigned is seen, and what is handed on leaves",
	     what_is_assigned_is_seen_and_what_is_handed_on_leaves);
	TEST("nothing is given to whom one does not see",
	     nothing_is_given_to_whom_one_does_not_see);
	TEST("a sentence does not name what is not seen",
	     a_sentence_does_not_name_what_is_not_seen);
	TEST("who sees more or less begins again", who_sees_more_or_less_begins_again);
	TEST("a team is made, changed and deleted", a_team_is_made_changed_and_deleted);
	TEST("a key sees what its teams or its owner do",
	     a_key_sees_what_its_teams_or_its_owner_do);
	TEST("the last who sees everything stays an administrator",
	     the_last_who_sees_everything_stays_an_administrator);
	TEST("a stream has what is seen, and ends when that changes",
	     a_stream_has_what_is_seen_and_ends_when_that_changes);
	return g_test_run();
}
