/* The invariants of the store, as one table: what holds, and the query (or the function, where SQL
 * does not reach) that finds who breaks it.
 *
 * A query gives one sentence an offender. None of them trusts a constraint of the schema: a damaged
 * index or a hand at the database is what they look for. */
#include "store/check.h"

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "store/audit.h"
#include "store/need.h"
#include "store/report.h"
#include "store/response.h"
#include "store/rows.h"

#include <string.h>

#define SENTENCES 20  /* kept of each check */
#define PAGE      200 /* rows of a walk in memory at a time */

void check_result_free(CheckResult *result)
{
	if (!result)
		return;
	g_ptr_array_unref(result->broken);
	g_clear_pointer(&result->changed, g_ptr_array_unref);
	g_free(result);
}

static void add_broken(CheckResult *result, char *sentence)
{
	result->n_broken++;
	if (result->broken->len < SENTENCES)
		g_ptr_array_add(result->broken, sentence);
	else
		g_free(sentence);
}

/* Adds what a query says, one sentence a row. */
static gboolean add_rows(DbRows *rows_in, CheckResult *result, GError **error)
{
	g_autoptr(DbRows) rows = rows_in;
	g_autoptr(GError) problem = NULL;
	if (!rows)
		return FALSE;
	while (db_rows_next(rows, &problem))
		add_broken(result, db_text_dup(rows, 0));
	if (!problem)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

/* --- where SQL does not reach -------------------------------------------------------------------
 */

typedef gboolean (*CheckFunction)(Db *db, RawStore *raw, CheckResult *result, GError **error);

static gboolean check_file(Db *db, RawStore *raw, CheckResult *result, GError **error)
{
	g_autoptr(GError) problem = NULL;
	result->checked = 1;
	if (strcmp(db_driver_name(db), "sqlite") != 0)
		return TRUE; /* PostgreSQL's pages have checksums of their own */
	g_autoptr(DbRows) rows = db_query(db, &problem, "", "PRAGMA integrity_check(20)");
	while (rows && db_rows_next(rows, &problem))
		if (strcmp(db_text(rows, 0), "ok") != 0)
			add_broken(result, db_text_dup(rows, 0));
	if (!problem)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

static const struct {
	const char *table, *column, *target, *key;
} references[] = {
	{"source", "mail_server_id", "mail_server", "id"},
	{"report", "source_id", "source", "id"},
	{"report", "sha256", "raw_message", "sha256"},
	{"original", "sha256", "raw_message", "sha256"},
	{"incident", "original_id", "original", "id"},
	{"alert", "incident_id", "incident", "id"},
	{"alert", "source_id", "source", "id"},
	{"alert", "report_id", "report", "id"},
	{"alert", "original_id", "original", "id"},
	{"alert_report", "alert_id", "alert", "id"},
	{"alert_report", "report_id", "report", "id"},
	{"report_incident", "report_id", "report", "id"},
	{"report_incident", "incident_id", "incident", "id"},
	{"report_incident", "original_id", "original", "id"},
	{"response", "incident_id", "incident", "id"},
	{"response", "of_response_id", "response", "id"},
	{"quarantine_result", "response_id", "response", "id"},
	{"quarantine_result", "incident_id", "incident", "id"},
	{"quarantine_result", "original_id", "original", "id"},
	{"quarantine_result", "alert_id", "alert", "id"},
	{"quarantine_result", "mail_server_id", "mail_server", "id"},
	{"quarantine_result", "quarantine_server_id", "mail_server", "id"},
	{"quarantine_result", "restore_response_id", "response", "id"},
	{"incident_comment", "incident_id", "incident", "id"},
	{"saved_view", "owner_id", "user_account", "id"},
	{"search_incident", "incident_id", "incident", "id"},
	{"incident_times", "incident_id", "incident", "id"},
	{"source_poll", "source_id", "source", "id"},
	{"team_member", "team_id", "team", "id"},
	{"team_source", "team_id", "team", "id"},
	{"team_source", "source_id", "source", "id"},
	{"incident", "team_id", "team", "id"},
	{"incident_handed_on", "incident_id", "incident", "id"},
	{"api_key", "owner_id", "user_account", "id"},
	{"incident_hold", "incident_id", "incident", "id"},
	{"removed_incident_source", "incident_id", "removed_incident", "incident_id"},
};

static gboolean check_references(Db *db, RawStore *raw, CheckResult *result, GError **error)
{
	for (guint i = 0; i < G_N_ELEMENTS(references); i++) {
		const char *table = references[i].table, *column = references[i].column;
		const char *target = references[i].target, *key = references[i].key;
		g_autofree char *sql = g_strdup_printf(
			"SELECT '%s.%s ' || %s || ' names no %s' FROM %s WHERE %s IS NOT NULL AND "
			"NOT EXISTS (SELECT 1 FROM %s AS target WHERE target.%s = %s.%s)",
			table, column, column, target, table, column, target, key, table, column);
		if (!add_rows(db_query_values(db, error, sql, NULL, 0), result, error))
			return FALSE;
	}
	result->checked = G_N_ELEMENTS(references);
	return TRUE;
}

static const char *const revised[] = {
	"api_key",  "mail_server",       "source",           "report",     "incident", "alert",
	"response", "quarantine_result", "incident_comment", "saved_view", "team"};

static gboolean check_revisions(Db *db, RawStore *raw, CheckResult *result, GError **error)
{
	for (guint i = 0; i < G_N_ELEMENTS(revised); i++) {
		g_autofree char *sql = g_strdup_printf(
			"SELECT '%s ' || id || ' has revision ' || revision FROM %s "
			"WHERE revision > (SELECT COALESCE(MAX(seq), 0) FROM audit)",
			revised[i], revised[i]);
		if (!add_rows(db_query_values(db, error, sql, NULL, 0), result, error))
			return FALSE;
	}
	result->checked = G_N_ELEMENTS(revised);
	return TRUE;
}

static gboolean check_chain(Db *db, RawStore *raw, CheckResult *result, GError **error)
{
	char *misfit = NULL;
	g_auto(AuditAnchor) anchor = {0};
	if (!audit_walk(db, &anchor, &result->checked, &misfit, error))
		return FALSE;
	if (misfit)
		add_broken(result, misfit);
	return TRUE;
}

typedef struct {
	char *sha256;
	gint64 size;
} RawRow;

static gpointer read_raw(DbRows *rows)
{
	RawRow *row = g_new0(RawRow, 1);
	row->sha256 = db_text_dup(rows, 0);
	row->size = db_int(rows, 1);
	return row;
}

static void raw_row_free(RawRow *row)
{
	g_free(row->sha256);
	g_free(row);
}

static void check_raw_row(Db *db, RawStore *raw, const RawRow *row, CheckResult *result)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(GBytes) bytes = raw_store_load(raw, db, row->sha256, &problem);
	result->checked++;
	if (!bytes)
		add_broken(result, g_strdup(problem->message));
	else if ((gint64)g_bytes_get_size(bytes) != row->size)
		add_broken(result,
		           g_strdup_printf("raw message %s: it has %" G_GSIZE_FORMAT
		                           " bytes, not %" G_GINT64_FORMAT,
		                           row->sha256, g_bytes_get_size(bytes), row->size));
}

static gboolean check_raw(Db *db, RawStore *raw, CheckResult *result, GError **error)
{
	g_autofree char *last = g_strdup("");
	while (raw) {
		g_autoptr(GPtrArray) page = rows_collect(
			db_query(db, error, "ti",
		                 "SELECT sha256, size FROM raw_message WHERE sha256 > $1 "
		                 "ORDER BY sha256 LIMIT $2",
		                 last, (gint64)PAGE),
			read_raw, (GDestroyNotify)raw_row_free, error);
		if (!page)
			return FALSE;
		for (guint i = 0; i < page->len; i++)
			check_raw_row(db, raw, page->pdata[i], result);
		if (page->len == 0)
			return TRUE;
		g_free(last);
		last = g_strdup(((RawRow *)page->pdata[page->len - 1])->sha256);
	}
	return TRUE;
}

static gpointer read_id(DbRows *rows)
{
	return g_memdup2(&(gint64){db_int(rows, 0)}, sizeof(gint64));
}

/* Calls @each with the id of every row of a query. */
static gboolean for_ids(Db *db, const char *sql, CheckResult *result,
                        gboolean (*each)(Db *, gint64, CheckResult *, GError **), GError **error)
{
	g_autoptr(GPtrArray) ids =
		rows_collect(db_query_values(db, error, sql, NULL, 0), read_id, g_free, error);
	for (guint i = 0; ids && i < ids->len; i++)
		if (!each(db, *(gint64 *)ids->pdata[i], result, error))
			return FALSE;
	result->checked = ids ? ids->len : 0;
	return ids != NULL;
}

static gpointer read_text(DbRows *rows)
{
	return db_text_dup(rows, 0);
}

static gboolean add_processed(const char *payload, GHashTable *processed, GError **error)
{
	size_t i;
	json_t *id;
	g_autoptr(json_t) document = json_parse(payload, -1, error);
	json_array_foreach (json_object_get(document, "reports"), i, id)
		g_hash_table_add(processed,
		                 g_memdup2(&(gint64){json_integer_value(id)}, sizeof(gint64)));
	return document != NULL;
}

/* A job names the reports of a batch in its payload. */
static gboolean check_worked_on(Db *db, RawStore *raw, CheckResult *result, GError **error)
{
	g_autoptr(GHashTable) processed =
		g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	g_autoptr(GPtrArray) payloads =
		rows_collect(db_query(db, error, "",
	                              "SELECT payload FROM job WHERE kind = 'report.process' AND "
	                              "state IN ('ready', 'running', 'parked')"),
	                     read_text, g_free, error);
	for (guint i = 0; payloads && i < payloads->len; i++)
		if (!add_processed(payloads->pdata[i], processed, error))
			return FALSE;
	g_autoptr(GPtrArray) ids =
		rows_collect(db_query(db, error, "", "SELECT id FROM report WHERE state = 'new'"),
	                     read_id, g_free, error);
	for (guint i = 0; payloads && ids && i < ids->len; i++)
		if (!g_hash_table_contains(processed, ids->pdata[i]))
			add_broken(result,
			           g_strdup_printf("report %" G_GINT64_FORMAT " waits for nothing",
			                           *(gint64 *)ids->pdata[i]));
	result->checked = ids ? ids->len : 0;
	return payloads && ids;
}

/* Everybody an original names has an alert about it. */
static gboolean check_alert_set(Db *db, gint64 original_id, CheckResult *result, GError **error)
{
	static const char *const fields[] = {"message.to", "message.cc"};
	g_autofree char *text = original_load_breakdown(db, original_id, error);
	g_autoptr(json_t) document = text ? json_parse(text, -1, error) : NULL;
	if (!document)
		return FALSE;
	g_autoptr(GPtrArray) have = rows_collect(
		db_query(db, error, "i",
	                 "SELECT recipient FROM alert JOIN incident ON incident.id = incident_id "
	                 "WHERE incident.original_id = $1",
	                 original_id),
		read_text, g_free, error);
	if (!have)
		return FALSE;
	g_autoptr(GHashTable) alerted = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; i < have->len; i++)
		g_hash_table_add(alerted, have->pdata[i]);
	for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
		size_t at;
		json_t *person;
		json_array_foreach (json_at(document, fields[i]), at, person) {
			g_autofree char *address = text_address(json_text(person, "address"));
			if (address && !g_hash_table_contains(alerted, address))
				add_broken(result,
				           g_strdup_printf("%s was sent original %" G_GINT64_FORMAT
				                           " and has no alert",
				                           address, original_id));
		}
	}
	return TRUE;
}

/* Only originals whose every report was found: of the others it is not known which report brought
 * the document, and who reports something that is not found raises an alert for himself alone. */
static gboolean check_alert_sets(Db *db, RawStore *raw, CheckResult *result, GError **error)
{
	return for_ids(
		db,
		"SELECT original_id FROM report_incident JOIN report ON report.id = report_id "
		"JOIN original ON original.id = original_id WHERE first_hand = 1 "
		"GROUP BY original_id "
		"HAVING MIN(CASE located WHEN 'found' THEN 1 ELSE 0 END) = 1",
		result, check_alert_set, error);
}

static gboolean check_ledger(Db *db, gint64 response_id, CheckResult *result, GError **error)
{
	g_autoptr(Response) response = response_load(db, response_id, error);
	g_autofree char *counted = response ? quarantine_result_counts(db, response, error) : NULL;
	if (!counted)
		return FALSE;
	g_autoptr(json_t) said = json_parse(response->counts, -1, NULL);
	g_autoptr(json_t) rows = json_parse(counted, -1, NULL);
	if (!json_equal(said, rows))
		add_broken(result,
		           g_strdup_printf("response %" G_GINT64_FORMAT " says %s, its rows say %s",
		                           response_id, response->counts, counted));
	return TRUE;
}

/* A later restore of the same rows takes them over; then the earlier one's sum is history. */
static gboolean check_ledgers(Db *db, RawStore *raw, CheckResult *result, GError **error)
{
	return for_ids(db,
	               "SELECT id FROM response WHERE state = 'done' AND (kind = 'quarantine' OR "
	               "NOT EXISTS (SELECT 1 FROM response AS later WHERE later.kind = 'restore' "
	               "AND later.incident_id = response.incident_id AND later.id > response.id))",
	               result, check_ledger, error);
}

typedef struct {
	gint64 id, waited, need;
	char *reasons;
} NeedRow;

static gpointer read_need(DbRows *rows)
{
	NeedRow *row = g_new0(NeedRow, 1);
	row->id = db_int(rows, 0);
	row->waited = MAX(0, db_int(rows, 1));
	row->need = db_int(rows, 2);
	row->reasons = db_text_dup(rows, 3);
	return row;
}

static void need_row_free(NeedRow *row)
{
	g_free(row->reasons);
	g_free(row);
}

/* As of the last moment for which what is stored was worked out. */
static gboolean check_need_row(Db *db, const NeedRow *row, CheckResult *result, GError **error)
{
	NeedFacts facts;
	if (!need_facts_load(db, row->id, row->waited, &facts, error))
		return FALSE;
	g_auto(Need) need = need_of(&facts);
	if (need.need != row->need || g_strcmp0(need.reasons, row->reasons) != 0)
		add_broken(result,
		           g_strdup_printf("incident %" G_GINT64_FORMAT " says %" G_GINT64_FORMAT
		                           " %s, and needs %" G_GINT64_FORMAT " %s",
		                           row->id, row->need, row->reasons, need.need,
		                           need.reasons));
	return TRUE;
}

static gboolean check_needs(Db *db, RawStore *raw, CheckResult *result, GError **error)
{
	g_autoptr(GPtrArray) rows =
		rows_collect(db_query(db, error, "",
	                              "SELECT id, need_due_at - 1 - COALESCE(NULLIF(waiting_since, "
	                              "0), opened_at), "
	                              "need, need_reasons FROM incident WHERE need_due_at > 0"),
	                     read_need, (GDestroyNotify)need_row_free, error);
	for (guint i = 0; rows && i < rows->len; i++)
		if (!check_need_row(db, rows->pdata[i], result, error))
			return FALSE;
	result->checked = rows ? rows->len : 0;
	return rows != NULL;
}

/* --- the table ----------------------------------------------------------------------------------
 */

#define LIVE_KEYS                                                                                  \
	"(SELECT unique_key FROM job WHERE unique_key IS NOT NULL AND "                            \
	"state IN ('ready', 'running', 'parked'))"

static const struct {
	const char *name, *claim;
	const char *count;      /* rows looked at */
	const char *offenders;  /* or instead of both … */
	CheckFunction function; /* … this */
} checks[] = {
	{
		.name = "database",
		.claim = "The database file is whole.",
		.function = check_file,
	},
	{
		.name = "references",
		.claim = "Whatever a row names is there.",
		.function = check_references,
	},
	{
		.name = "report-once",
		.claim = "Each message of a source's folder is one report.",
		.count = "SELECT count(*) FROM report",
		.offenders = "SELECT 'source ' || source_id || ' has message ' || server_uid "
			     "|| ' of ' || epoch || ' as ' || count(*) || ' reports' FROM "
			     "report GROUP BY source_id, epoch, server_uid HAVING count(*) > 1",
	},
	{
		.name = "report-kept",
		.claim = "A report's raw message is kept, unless it was gone before it "
			 "was fetched, or is past its period.",
		.count = "SELECT count(*) FROM report",
		.offenders = "SELECT 'report ' || id || ' is done and has no raw message' "
			     "FROM report WHERE sha256 IS NULL AND removed_sha256 IS NULL AND "
			     "state = 'done'",
	},
	{
		.name = "report-worked-on",
		.claim = "A report that is not read yet has a job that will read it.",
		.function = check_worked_on,
	},
	{
		.name = "report-post-processed",
		.claim = "A report whose post-processing is pending has a job that will "
			 "do it.",
		.count = "SELECT count(*) FROM report WHERE post_process = 'pending'",
		.offenders = "SELECT 'report ' || id || ' waits for nothing' FROM report "
			     "WHERE post_process = 'pending' AND "
			     "'postprocess:' || id NOT IN " LIVE_KEYS,
	},
	{
		.name = "report-outcome",
		.claim = "Every report that was read has an incident.",
		.count = "SELECT count(*) FROM report WHERE state IN ('done', 'unparsed')",
		.offenders = "SELECT 'report ' || id || ' is ' || state || ' and has no "
			     "incident' FROM report WHERE state IN ('done', 'unparsed') AND "
			     "NOT EXISTS (SELECT 1 FROM report_incident WHERE report_id = "
			     "report.id)",
	},
	{
		.name = "report-alert",
		.claim = "Every report that was read has an alert in its incident.",
		.count = "SELECT count(*) FROM report_incident",
		.offenders = "SELECT 'report ' || report_id || ' joined incident ' || "
			     "incident_id || ', which has no alert of its source' FROM "
			     "report_incident JOIN report ON report.id = report_id WHERE NOT "
			     "EXISTS (SELECT 1 FROM alert WHERE alert.incident_id = "
			     "report_incident.incident_id AND alert.source_id = "
			     "report.source_id)",
	},
	{
		.name = "incident-assignee",
		.claim = "Who is to work on an incident by number is who is by name, and can "
			 "still log in.",
		.count = "SELECT count(*) FROM incident",
		.offenders = "SELECT 'incident ' || id || ' is assigned to ' || "
			     "COALESCE(assignee, 'nobody') || ', and to the number of "
			     "somebody else' FROM incident WHERE assignee_id IS NOT NULL AND "
			     "NOT EXISTS (SELECT 1 FROM user_account WHERE user_account.id = 0 "
			     "- assignee_id AND deleted_at IS NULL AND name = assignee)",
	},
	{
		.name = "team-members",
		.claim = "Only people and keys that are there are in a team.",
		.count = "SELECT count(*) FROM team",
		.offenders = "SELECT 'team ' || team_id || ' has a member ' || member_id || ', "
			     "who is nobody' FROM team_member WHERE NOT EXISTS (SELECT 1 FROM "
			     "user_account WHERE user_account.id = 0 - member_id AND deleted_at "
			     "IS NULL) AND NOT EXISTS (SELECT 1 FROM api_key WHERE api_key.id = "
			     "member_id AND revoked_at IS NULL)",
	},
	{
		.name = "original-once",
		.claim = "A message that was read first-hand is one original.",
		.count = "SELECT count(*) FROM original WHERE first_hand = 1",
		.offenders = "SELECT count(*) || ' originals are ' || message_id || ' with "
			     "one content' FROM original WHERE first_hand = 1 AND "
			     "fingerprint <> '' GROUP BY message_id, substr(fingerprint, 1, "
			     "68) HAVING count(*) > 1", /* "fp2:" and 64 digits: the key */
	},
	{
		.name = "alert-sets",
		.claim = "Everybody in To and Cc of an original that was found has an "
			 "alert.",
		.function = check_alert_sets,
	},
	{
		.name = "alert-open-once",
		.claim = "A recipient has one open alert of an incident and source.",
		.count = "SELECT count(*) FROM alert WHERE state = 'open'",
		.offenders = "SELECT recipient || ' has ' || count(*) || ' open alerts in "
			     "incident ' || incident_id FROM alert WHERE state = 'open' GROUP "
			     "BY incident_id, source_id, recipient HAVING count(*) > 1",
	},
	{
		.name = "alert-report",
		.claim = "The report that raised an alert stands behind it and joined its "
			 "incident.",
		.count = "SELECT count(*) FROM alert",
		.offenders = "SELECT 'alert ' || id || ' was raised by report ' || report_id "
			     "|| ', which is not tied to it' FROM alert WHERE NOT EXISTS "
			     "(SELECT 1 FROM alert_report WHERE alert_id = alert.id AND "
			     "alert_report.report_id = alert.report_id) OR NOT EXISTS (SELECT "
			     "1 FROM report_incident WHERE report_incident.report_id = "
			     "alert.report_id AND report_incident.incident_id = "
			     "alert.incident_id)",
	},
	{
		.name = "incident-counts",
		.claim = "An incident's counts are those of its rows.",
		.count = "SELECT count(*) FROM incident",
		.offenders = "SELECT 'incident ' || id || ' counts wrongly' FROM incident "
			     "WHERE report_count <> (SELECT count(*) FROM report_incident "
			     "WHERE incident_id = incident.id) OR alert_count <> (SELECT "
			     "count(*) FROM alert WHERE incident_id = incident.id) OR "
			     "open_alert_count <> (SELECT count(*) FROM alert WHERE "
			     "incident_id = incident.id AND alert.state = 'open')",
	},
	{
		.name = "incident-state",
		/* An open one may have none: people close alerts one by one, and reopen incidents.
                 */
		.claim = "A closed incident has no open alert.",
		.count = "SELECT count(*) FROM incident WHERE state = 'closed'",
		.offenders = "SELECT 'incident ' || id || ' is closed and has ' || "
			     "open_alert_count || ' open alerts' FROM incident WHERE state = "
			     "'closed' AND open_alert_count > 0",
	},
	{
		.name = "incident-need",
		.claim = "What an incident needs, and why, is what its rows say.",
		.function = check_needs,
	},
	{
		.name = "incident-sources",
		.claim = "An incident is listed under the sources whose reports joined it.",
		.count = "SELECT count(*) FROM incident_source",
		.offenders = "SELECT 'incident ' || incident_id || ' is not listed under "
			     "source ' || source_id FROM report_incident JOIN report ON "
			     "report.id = report_id WHERE NOT EXISTS (SELECT 1 FROM "
			     "incident_source WHERE incident_source.source_id = "
			     "report.source_id AND incident_source.incident_id = "
			     "report_incident.incident_id)",
	},
	{
		.name = "response-worked-on",
		.claim = "A response that is not done has a job or a row that waits for "
			 "one.",
		.count = "SELECT count(*) FROM response "
			 "WHERE state IN ('planned', 'running')",
		.offenders = "SELECT 'response ' || id || ' is ' || state || ' and waits for "
			     "nothing' FROM response WHERE (state = 'planned' OR "
			     "(state = 'running' AND NOT EXISTS (SELECT 1 FROM "
			     "quarantine_result WHERE (response_id = response.id AND "
			     "status = 'pending') OR (restore_response_id = response.id "
			     "AND restore_status = 'pending')))) AND "
			     "'response:' || id NOT IN " LIVE_KEYS,
	},
	{
		.name = "copy-worked-on",
		.claim = "A copy that is pending has a job that will act on it.",
		.count = "SELECT count(*) FROM quarantine_result WHERE status = 'pending' "
			 "OR restore_status = 'pending'",
		.offenders = "SELECT 'quarantine result ' || id || ' waits for nothing' FROM "
			     "quarantine_result WHERE (status = 'pending' OR "
			     "restore_status = 'pending') AND "
			     "'copy:' || id NOT IN " LIVE_KEYS
			     " AND 'response:' || response_id NOT IN " LIVE_KEYS
			     " AND 'response:' || COALESCE(restore_response_id, 0) "
			     "NOT IN " LIVE_KEYS,
	},
	{
		.name = "ledger",
		.claim = "What a response says it did is what its rows say.",
		.function = check_ledgers,
	},
	{
		.name = "ledger-ended",
		.claim = "A response that is done has no pending row.",
		.count = "SELECT count(*) FROM response WHERE state = 'done'",
		.offenders = "SELECT 'quarantine result ' || quarantine_result.id || ' is "
			     "pending and response ' || response.id || ' is done' FROM "
			     "quarantine_result JOIN response ON (response.id = response_id "
			     "AND status = 'pending') OR (response.id = restore_response_id "
			     "AND restore_status = 'pending') WHERE response.state = 'done'",
	},
	{
		.name = "copy-kept",
		.claim = "Nothing was removed from a mailbox whose bytes are not kept "
			 "here, unless the period is over in which it can be put back.",
		.count = "SELECT count(*) FROM quarantine_result WHERE step NOT IN "
			 "('planned', 'found', 'storing', 'stored')",
		.offenders = "SELECT 'the bytes of quarantine result ' || id || ' (' || "
			     "mailbox || ', ' || step || ') are not kept' FROM "
			     "quarantine_result WHERE step NOT IN ('planned', 'found', "
			     "'storing', 'stored') AND bytes_removed_at IS NULL AND NOT EXISTS "
			     "(SELECT 1 FROM raw_message WHERE raw_message.sha256 = "
			     "quarantine_result.sha256)",
	},
	{
		.name = "copy-place",
		.claim = "A message in the quarantine belongs to one row.",
		.count = "SELECT count(*) FROM quarantine_result WHERE quarantine_uid IS "
			 "NOT NULL",
		.offenders = "SELECT count(*) || ' rows own message ' || quarantine_uid || ' "
			     "of ' || quarantine_folder || ' in ' || quarantine_mailbox FROM "
			     "quarantine_result WHERE quarantine_uid IS NOT NULL GROUP BY "
			     "quarantine_server_id, quarantine_mailbox, quarantine_folder, "
			     "quarantine_epoch, quarantine_uid HAVING count(*) > 1",
	},
	{
		.name = "job-once",
		.claim = "Of jobs with one key one is live.",
		.count = "SELECT count(*) FROM job WHERE unique_key IS NOT NULL",
		.offenders = "SELECT count(*) || ' live jobs are ' || unique_key FROM job "
			     "WHERE unique_key IS NOT NULL AND state IN ('ready', 'running', "
			     "'parked') GROUP BY unique_key HAVING count(*) > 1",
	},
	{
		.name = "source-polled",
		.claim = "An enabled source has a job that polls it, another one waits "
			 "for none.",
		.count = "SELECT count(*) FROM source",
		.offenders = "SELECT 'source ' || id || CASE enabled WHEN 1 THEN ' has no poll "
			     "job' ELSE ' is not enabled and has a poll job' END "
			     "FROM source WHERE (enabled = 1 AND deleted_at IS NULL AND "
			     "'poll:' || id NOT IN " LIVE_KEYS
			     ") OR ((enabled = 0 OR deleted_at IS NOT NULL) AND EXISTS "
			     "(SELECT 1 FROM job WHERE unique_key = 'poll:' || source.id "
			     "AND job.state = 'ready'))",
	},
	{
		.name = "audit-incidents",
		.claim = "An incident of the audit log is there, or was removed when it was "
			 "past its period.",
		.count = "SELECT count(DISTINCT incident_id) FROM audit",
		.offenders = "SELECT 'incident ' || incident_id || ' is gone' FROM (SELECT "
			     "DISTINCT incident_id FROM audit WHERE incident_id IS NOT NULL) AS "
			     "named WHERE NOT EXISTS (SELECT 1 FROM incident WHERE incident.id = "
			     "named.incident_id) AND NOT EXISTS (SELECT 1 FROM removed_incident "
			     "WHERE removed_incident.incident_id = named.incident_id)",
	},
	{
		.name = "removed",
		.claim = "What was removed is not there.",
		.count = "SELECT count(*) FROM removed_incident",
		.offenders =
			"SELECT 'incident ' || id || ' was removed and is there' FROM incident "
			"JOIN removed_incident ON removed_incident.incident_id = incident.id "
			"UNION ALL SELECT 'report ' || report.id || ' was removed and is there' "
			"FROM report JOIN removed_report ON removed_report.source_id = "
			"report.source_id AND removed_report.epoch = report.epoch AND "
			"removed_report.server_uid = report.server_uid",
	},
	{
		.name = "content-removed",
		.claim = "What was read in a message goes with its bytes.",
		.count = "SELECT count(*) FROM original WHERE content_removed_at IS NOT NULL",
		.offenders = "SELECT 'original ' || id || ' has bytes' FROM original WHERE "
			     "content_removed_at IS NOT NULL AND sha256 IS NOT NULL",
	},
	{
		.name = "audit-chain",
		.claim = "The audit chain is whole.",
		.function = check_chain,
	},
	{
		.name = "audit-revisions",
		.claim = "No row has a revision that the audit chain has not.",
		.function = check_revisions,
	},
	{
		.name = "raw",
		.claim = "Every raw message can be read and has its hash.",
		.function = check_raw,
	},
};

static CheckResult *check_one(Db *db, RawStore *raw, guint i, GError **error)
{
	CheckResult *result = g_new0(CheckResult, 1);
	result->name = checks[i].name;
	result->claim = checks[i].claim;
	result->broken = g_ptr_array_new_with_free_func(g_free);
	gboolean ok = checks[i].function
	                      ? checks[i].function(db, raw, result, error)
	                      : rows_int(db_query(db, error, "", checks[i].count), &result->checked,
	                                 error) &&
	                                add_rows(db_query(db, error, "", checks[i].offenders),
	                                         result, error);
	if (ok)
		return result;
	g_prefix_error(error, "check %s: ", checks[i].name);
	check_result_free(result);
	return NULL;
}

GPtrArray *store_check(Db *db, RawStore *raw, GError **error)
{
	g_autoptr(GPtrArray) results =
		g_ptr_array_new_with_free_func((GDestroyNotify)check_result_free);
	for (guint i = 0; i < G_N_ELEMENTS(checks); i++) {
		CheckResult *result = check_one(db, raw, i, error);
		if (!result)
			return NULL;
		g_ptr_array_add(results, result);
	}
	return g_steal_pointer(&results);
}
