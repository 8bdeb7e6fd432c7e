/* What needs a person first.
 *
 * One table says what counts and how much, and the reasons that people read are its rows. The sum
 * is stored, so that a queue of many thousands is read in its order from an index. A change of what
 * it depends on writes it anew in the same transaction; waiting counts in a few steps, so that a
 * row is written a few times in its life for that, not all the time. It is no change of the
 * incident's own: its revision stays. */
#include "store/need.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "model/incident.h"
#include "model/quarantine.h"
#include "store/rows.h"

#include <string.h>

/* --- the table ----------------------------------------------------------------------------------
 */

/* Judged to be nothing that harms: how bad or widespread it looked does not matter any more. */
static gboolean is_harmless(const NeedFacts *x)
{
	switch (x->disposition) {
	case DISPOSITION_SPAM:
	case DISPOSITION_BULK:
	case DISPOSITION_LOW_RISK:
	case DISPOSITION_KNOWN_GOOD:
	case DISPOSITION_SIMULATED:
		return TRUE;
	default:
		return FALSE;
	}
}

static gboolean is_harmful(const NeedFacts *x)
{
	return x->disposition == DISPOSITION_MALICIOUS ||
	       x->disposition == DISPOSITION_FALSE_NEGATIVE;
}

static gboolean copies_unsure(const NeedFacts *x, gint64 unused)
{
	return x->unsure && !x->acting;
}

static gboolean copies_failed(const NeedFacts *x, gint64 unused)
{
	return x->failed && !x->acting;
}

static gboolean not_pulled(const NeedFacts *x, gint64 unused)
{
	return is_harmful(x) && !x->pulled && !x->acting && x->kind == INCIDENT_REPORTED_MAIL;
}

static gboolean severity_is(const NeedFacts *x, gint64 severity)
{
	return !is_harmless(x) && (gint64)x->severity == severity;
}

static gboolean unjudged(const NeedFacts *x, gint64 unused)
{
	return x->disposition == DISPOSITION_UNKNOWN && x->kind == INCIDENT_REPORTED_MAIL;
}

static gboolean suspicious(const NeedFacts *x, gint64 unused)
{
	return x->disposition == DISPOSITION_SUSPICIOUS;
}

static gboolean manual_review(const NeedFacts *x, gint64 unused)
{
	return x->manual_review;
}

static gboolean many_reports(const NeedFacts *x, gint64 reports)
{
	return !is_harmless(x) && x->reports >= reports;
}

static gboolean many_recipients(const NeedFacts *x, gint64 recipients)
{
	return !is_harmless(x) && x->recipients >= recipients;
}

static gboolean reopened(const NeedFacts *x, gint64 unused)
{
	return x->reopened;
}

static gboolean ambiguous(const NeedFacts *x, gint64 unused)
{
	return x->ambiguous;
}

static gboolean unparsed(const NeedFacts *x, gint64 unused)
{
	return x->kind == INCIDENT_UNPARSED;
}

static gboolean waiting(const NeedFacts *x, gint64 microseconds)
{
	return x->waited >= microseconds;
}

static gboolean unassigned(const NeedFacts *x, gint64 unused)
{
	return !x->assigned;
}

static gboolean untrusted(const NeedFacts *x, gint64 unused)
{
	return x->reports > 0 && !x->believed && !is_harmless(x) &&
	       x->kind == INCIDENT_REPORTED_MAIL;
}

static gboolean to_close(const NeedFacts *x, gint64 unused)
{
	return is_harmless(x) || x->kind == INCIDENT_NOT_A_REPORT;
}

/* Of rows with one code the first that holds counts. */
static const struct {
	const char *code;
	gint64 weight;
	gboolean (*holds)(const NeedFacts *facts, gint64 amount);
	gint64 amount;
} weights[] = {
	{"copies_unsure", 500, copies_unsure, 0},
	{"copies_failed", 450, copies_failed, 0},
	{"not_pulled", 400, not_pulled, 0},
	{"critical", 300, severity_is, SEVERITY_CRITICAL},
	{"major", 200, severity_is, SEVERITY_MAJOR},
	{"unjudged", 150, unjudged, 0},
	{"many_reports", 150, many_reports, 50},
	{"many_reports", 100, many_reports, 10},
	{"many_reports", 50, many_reports, 3},
	{"suspicious", 120, suspicious, 0},
	{"manual_review", 120, manual_review, 0},
	{"waiting", 120, waiting, 7 * CLOCK_DAY},
	{"waiting", 90, waiting, 3 * CLOCK_DAY},
	{"waiting", 60, waiting, CLOCK_DAY},
	{"waiting", 30, waiting, 4 * CLOCK_HOUR},
	{"many_recipients", 80, many_recipients, 100},
	{"many_recipients", 40, many_recipients, 20},
	{"reopened", 80, reopened, 0},
	{"ambiguous", 60, ambiguous, 0},
	{"unparsed", 60, unparsed, 0},
	{"moderate", 50, severity_is, SEVERITY_MODERATE},
	{"unassigned", 30, unassigned, 0},
	{"untrusted", 20, untrusted, 0},
	{"to_close", 10, to_close, 0},
};

/* --- the answer ---------------------------------------------------------------------------------
 */

const char *const *need_codes(void)
{
	static const char *codes[G_N_ELEMENTS(weights) + 1];
	static gsize made = 0;
	if (g_once_init_enter(&made)) {
		guint n = 0;
		for (guint i = 0; i < G_N_ELEMENTS(weights); i++)
			if (!g_strv_contains(codes, weights[i].code))
				codes[n++] = weights[i].code;
		g_once_init_leave(&made, 1);
	}
	return codes;
}

void need_clear(Need *need)
{
	g_clear_pointer(&need->reasons, g_free);
}

typedef struct {
	const char *code;
	gint64 weight;
} Reason;

static gint compare_reasons(gconstpointer a, gconstpointer b, gpointer unused)
{
	const Reason *left = a, *right = b;
	return left->weight < right->weight ? 1 : left->weight > right->weight ? -1 : 0;
}

/* A stable sort: reasons that weigh the same stay in the table's order. */
static char *format_reasons(Reason *reasons, guint n)
{
	g_autoptr(json_t) codes = json_array();
	g_qsort_with_data(reasons, (gint)n, sizeof *reasons, compare_reasons, NULL);
	for (guint i = 0; i < n; i++)
		json_array_append_new(codes, json_string(reasons[i].code));
	return json_format(codes);
}

static gint64 next_step(gint64 waited)
{
	gint64 next = G_MAXINT64;
	for (guint i = 0; i < G_N_ELEMENTS(weights); i++)
		if (weights[i].holds == waiting && weights[i].amount > waited)
			next = MIN(next, weights[i].amount);
	return next;
}

Need need_of(const NeedFacts *facts)
{
	Reason reasons[G_N_ELEMENTS(weights)];
	guint n = 0;
	Need need = {.lasts = G_MAXINT64};
	for (guint i = 0; facts->state == STATE_OPEN && i < G_N_ELEMENTS(weights); i++) {
		gboolean said = n > 0 && strcmp(reasons[n - 1].code, weights[i].code) == 0;
		if (said || !weights[i].holds(facts, weights[i].amount))
			continue;
		reasons[n++] = (Reason){weights[i].code, weights[i].weight};
		need.need += weights[i].weight;
	}
	if (facts->state == STATE_OPEN)
		need.lasts = next_step(facts->waited);
	need.reasons = format_reasons(reasons, n);
	return need;
}

/* --- the facts ----------------------------------------------------------------------------------
 */

/* Findings about the incident that are no doubt about which message is meant. */
static gboolean is_doubt(const char *id)
{
	return id && strcmp(id, "unparsed") != 0 && strcmp(id, "not_a_report") != 0;
}

static gboolean have_doubt(const char *findings)
{
	if (!findings || strcmp(findings, "[]") == 0)
		return FALSE;
	size_t i;
	json_t *finding;
	g_autoptr(json_t) array = json_parse(findings, -1, NULL);
	json_array_foreach (array, i, finding)
		if (is_doubt(json_text(finding, "id")))
			return TRUE;
	return FALSE;
}

#define FACTS                                                                                      \
	"SELECT state, kind, severity, disposition, sub_disposition, "                             \
	"CASE WHEN assignee IS NULL AND team_id IS NULL THEN 0 ELSE 1 END, opened_at, "            \
	"waiting_since, findings, "                                                                \
	"report_count, alert_count, "                                                              \
	"CASE WHEN EXISTS (SELECT 1 FROM alert WHERE incident_id = incident.id AND trusted = 1) "  \
	"THEN 1 ELSE 0 END, "                                                                      \
	"(SELECT MAX(id) FROM response WHERE incident_id = incident.id), need, need_reasons, "     \
	"need_due_at FROM incident WHERE id = $1"

/* What stands in the row already. */
typedef struct {
	gint64 response_id, since, need, due_at;
	char *reasons;
} Stored;

static gboolean read_row(Db *db, gint64 id, NeedFacts *facts, Stored *stored, GError **error)
{
	g_autoptr(DbRows) rows = db_query(db, error, "i", FACTS, id);
	g_autoptr(GError) problem = NULL;
	if (!rows)
		return FALSE;
	if (!db_rows_next(rows, &problem)) {
		if (problem)
			g_propagate_error(error, g_steal_pointer(&problem));
		else
			g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND,
			            "no incident %" G_GINT64_FORMAT, id);
		return FALSE;
	}
	*facts = (NeedFacts){
		.state = (OpenState)rows_enum(rows, 0, open_state_names),
		.kind = (IncidentKind)rows_enum(rows, 1, incident_kind_names),
		.severity = (Severity)rows_enum(rows, 2, severity_names),
		.disposition = (Disposition)rows_enum(rows, 3, disposition_names),
		.manual_review = g_strcmp0(db_text(rows, 4), "needs_manual_review") == 0,
		.assigned = db_int(rows, 5) != 0,
		.reopened = db_int(rows, 7) > db_int(rows, 6),
		.ambiguous = have_doubt(db_text(rows, 8)),
		.reports = db_int(rows, 9),
		.recipients = db_int(rows, 10),
		.believed = db_int(rows, 11) != 0,
	};
	stored->response_id = db_int(rows, 12);
	stored->since = db_int(rows, 7) ? db_int(rows, 7) : db_int(rows, 6);
	stored->need = db_int(rows, 13);
	stored->reasons = db_text_dup(rows, 14);
	stored->due_at = db_int(rows, 15);
	return TRUE;
}

#define FAILED                                                                                     \
	"('failed_insufficient_permissions', 'failed_invalid_authentication', "                    \
	"'failed_invalid_license_for_mailbox', 'failed_invalid_quarantine_folder', "               \
	"'failed_invalid_quarantine_mailbox', 'failed_missing_message_id', "                       \
	"'failed_no_connectivity', 'failed_throttled', 'failed_other')"

/* Of rows that failed, whether one may have done its work, and whether one certainly has not. */
static const char quarantine_failures[] =
	"SELECT MAX(CASE WHEN step IN ('storing', 'stored', 'removing') THEN 1 ELSE 0 END), "
	"MAX(CASE WHEN step IN ('storing', 'stored', 'removing') THEN 0 ELSE 1 END) "
	"FROM quarantine_result WHERE response_id = $1 AND status IN " FAILED;
static const char restore_failures[] =
	"SELECT MAX(CASE WHEN step IN ('returning', 'returned', 'clearing') THEN 1 ELSE 0 END), "
	"MAX(CASE WHEN step IN ('returning', 'returned', 'clearing') THEN 0 ELSE 1 END) "
	"FROM quarantine_result WHERE restore_response_id = $1 AND restore_status IN " FAILED;

static gboolean read_ledger(Db *db, gint64 response_id, const char *sql, NeedFacts *facts,
                            GError **error)
{
	g_autoptr(DbRows) rows = db_query(db, error, "i", sql, response_id);
	if (!rows || !db_rows_next(rows, error))
		return FALSE;
	facts->unsure = db_int(rows, 0) != 0;
	facts->failed = db_int(rows, 1) != 0;
	return TRUE;
}

/* The last response alone says how it stands: each looks at all there is to look at. */
static gboolean read_response(Db *db, gint64 id, NeedFacts *facts, GError **error)
{
	g_autoptr(DbRows) rows =
		db_query(db, error, "i", "SELECT kind, state FROM response WHERE id = $1", id);
	if (!rows || !db_rows_next(rows, error))
		return FALSE;
	ResponseKind kind = (ResponseKind)rows_enum(rows, 0, response_kind_names);
	ResponseState state = (ResponseState)rows_enum(rows, 1, response_state_names);
	facts->acting = state == RESPONSE_PLANNED || state == RESPONSE_RUNNING;
	facts->pulled = kind == RESPONSE_QUARANTINE && state != RESPONSE_CANCELLED;
	g_clear_pointer(&rows, db_rows_free);
	return facts->acting ||
	       read_ledger(db, id,
	                   kind == RESPONSE_RESTORE ? restore_failures : quarantine_failures, facts,
	                   error);
}

static gboolean load(Db *db, gint64 id, NeedFacts *facts, Stored *stored, GError **error)
{
	return read_row(db, id, facts, stored, error) &&
	       (!stored->response_id || read_response(db, stored->response_id, facts, error));
}

gboolean need_facts_load(Db *db, gint64 incident_id, gint64 waited, NeedFacts *facts,
                         GError **error)
{
	Stored stored = {0};
	gboolean ok = load(db, incident_id, facts, &stored, error);
	g_free(stored.reasons);
	facts->waited = waited >= 0 ? waited : MAX(0, clock_now() - stored.since);
	return ok;
}

/* --- keeping it current -------------------------------------------------------------------------
 */

static gboolean write_need(Db *db, gint64 id, NeedFacts *facts, const Stored *stored,
                           GError **error)
{
	facts->waited = MAX(0, clock_now() - stored->since);
	g_auto(Need) need = need_of(facts);
	gint64 due_at = need.lasts == G_MAXINT64 ? G_MAXINT64 : stored->since + need.lasts;
	if (need.need == stored->need && due_at == stored->due_at &&
	    g_strcmp0(need.reasons, stored->reasons) == 0)
		return TRUE;
	return db_run(db, NULL, error, "itii",
	              "UPDATE incident SET need = $1, need_reasons = $2, need_due_at = $3 "
	              "WHERE id = $4",
	              need.need, need.reasons, due_at, id);
}

/* Takes the row first: who works it out at the same time then sees what this one saw, or more. */
gboolean need_update(Db *db, gint64 incident_id, GError **error)
{
	NeedFacts facts;
	Stored stored = {0};
	gboolean ok = db_run(db, NULL, error, "i",
	                     "UPDATE incident SET title = title WHERE id = $1", incident_id) &&
	              load(db, incident_id, &facts, &stored, error) &&
	              write_need(db, incident_id, &facts, &stored, error);
	g_free(stored.reasons);
	return ok;
}

static gpointer read_id(DbRows *rows)
{
	return g_memdup2(&(gint64){db_int(rows, 0)}, sizeof(gint64));
}

gboolean need_ripen(Db *db, guint limit, gint64 *done, GError **error)
{
	g_autoptr(GPtrArray) ids =
		rows_collect(db_query(db, error, "ii",
	                              "SELECT id FROM incident WHERE state = 'open' AND "
	                              "need_due_at <= $1 ORDER BY need_due_at LIMIT $2",
	                              clock_now(), (gint64)limit),
	                     read_id, g_free, error);
	for (guint i = 0; ids && i < ids->len; i++)
		if (!need_update(db, *(gint64 *)ids->pdata[i], error))
			return FALSE;
	*done = ids ? ids->len : 0;
	return ids != NULL;
}
