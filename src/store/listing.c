/* Lists for people: any filters together, one page at a time.
 *
 * Pages are cut by key, so that the thousandth costs what the first does. Each filter has an index
 * in schema/ that ends in the page's key; a feed goes by revision instead, so there the filters
 * must not tempt the database to use an index of theirs and sort (see column()). */
#include "store/listing.h"

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "model/alert.h"
#include "model/incident.h"
#include "model/job.h"
#include "model/quarantine.h"
#include "model/report.h"
#include "store/columns.h"
#include "store/rows.h"
#include "store/seen.h"
#include "store/statement.h"

#include <string.h>

typedef struct {
	Statement statement;
	const Page *page;
	gboolean few; /* a filter looks up the few rows that it finds */
} Query;

static const Sight *sight_of(const Page *page)
{
	static const Sight nothing = {0};
	return page->sight ? page->sight : &nothing;
}

static void query_clear(Query *query)
{
	statement_clear(&query->statement);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Query, query_clear)

static Query query_start(const char *sql, const Page *page)
{
	return (Query){statement_start(sql), page, FALSE};
}

static void add(Query *query, const char *fragment, DbValue value)
{
	statement_add(&query->statement, fragment, value);
}

static void add_text(Query *query, const char *fragment)
{
	g_string_append(query->statement.sql, fragment);
}

/* A column as a filter names it; in a feed in such a way that no index is chosen by it.
 */
static void column(Query *query, const char *name, const char *neutral)
{
	g_string_append_printf(query->statement.sql, query->page->feed ? " AND (%s%s)" : " AND %s",
	                       name, query->page->feed ? neutral : "");
}

static void where_text(Query *query, const char *name, const char *text)
{
	if (!text)
		return;
	column(query, name, " || ''");
	add(query, " = ?", text_value(text));
}

static void where_number(Query *query, const char *name, gint64 number)
{
	if (number <= 0)
		return;
	column(query, name, " + 0");
	add(query, " = ?", number_value(number));
}

static void where_enum(Query *query, const char *name, const char *const *names, int value)
{
	if (value >= 0)
		where_text(query, name, names[value]);
}

static void where(Query *query, const char *fragment, const char *text)
{
	if (text)
		add(query, fragment, text_value(text));
}

/* Ends the statement with the page. @table names the rows, @key is what they are ordered by. */
static void cut_page(Query *query, const char *table, const char *key)
{
	const Page *page = query->page;
	if (page->feed) {
		g_string_append_printf(query->statement.sql, " AND (%s.revision, %s.id) > ", table,
		                       table);
		add(query, "(?, ", number_value(page->changed_since));
		add(query, "?)", number_value(page->after_id ? page->after_id : G_MAXINT64));
		g_string_append_printf(query->statement.sql, " ORDER BY %s.revision, %s.id", table,
		                       table);
	} else if (page->by_need) {
		/* few are sorted rather than met in the order of everything */
		const char *need = query->few ? "need + 0" : "need";
		if (page->before_id > 0) {
			g_string_append_printf(query->statement.sql, " AND (%s.%s, %s.id) < ",
			                       table, need, table);
			add(query, "(?, ", number_value(page->before_need));
			add(query, "?)", number_value(page->before_id));
		}
		g_string_append_printf(query->statement.sql, " ORDER BY %s.%s DESC, %s.id DESC",
		                       table, need, table);
	} else {
		if (page->before_id > 0) {
			g_string_append_printf(query->statement.sql, " AND %s < ", key);
			add(query, "?", number_value(page->before_id));
		}
		g_string_append_printf(query->statement.sql, " ORDER BY %s DESC", key);
	}
	add(query, " LIMIT ?", number_value(CLAMP(page->limit, 1, LIMIT_PAGE)));
}

static gpointer read_number(DbRows *rows)
{
	return g_memdup2(&(gint64){db_int(rows, 0)}, sizeof(gint64));
}

static GPtrArray *collect(Db *db, const Query *query, RowRead read, GDestroyNotify free,
                          GError **error)
{
	return statement_collect(db, &query->statement, read, free, error);
}

static char *pattern_containing(const char *text)
{
	g_autofree char *folded = rows_fold(text);
	return statement_pattern(folded);
}

gint64 listing_common = 2000;

/* Whether so many rows have @text that the newest of them are found soonest by going through
 * everything from the newest; few are better looked up and sorted. @sql counts up to
 * listing_common. */
static gboolean is_common_value(Db *db, const char *sql, DbValue value, gboolean *common,
                                GError **error)
{
	gint64 n = 0;
	const DbValue values[] = {value, number_value(listing_common)};
	gboolean ok = rows_int(db_query_values(db, error, sql, values, 2), &n, error);
	*common = n == listing_common;
	return ok;
}

static gboolean is_common(Db *db, const char *sql, const char *text, gboolean *common,
                          GError **error)
{
	*common = FALSE;
	return !text || is_common_value(db, sql, text_value(text), common, error);
}

static const char count_recipient[] =
	"SELECT count(*) FROM (SELECT 1 FROM alert WHERE recipient = $1 LIMIT $2) AS few";
static const char count_reporter[] =
	"SELECT count(*) FROM (SELECT 1 FROM report WHERE reporter = $1 LIMIT $2) AS few";

/* The filters that are about an incident's reports and alerts. */
static gboolean where_people(Db *db, Query *query, const IncidentFilter *filter, GError **error)
{
	gboolean reporter, recipient;
	if (!is_common(db, count_reporter, filter->reporter, &reporter, error) ||
	    !is_common(db, count_recipient, filter->recipient, &recipient, error))
		return FALSE;
	query->few |= (filter->reporter && !reporter) || (filter->recipient && !recipient);
	where(query,
	      reporter ? " AND EXISTS (SELECT 1 FROM report_incident JOIN report ON "
	                 "report.id = report_id WHERE incident_id = incident.id AND reporter = ?)"
	               : " AND incident.id IN (SELECT incident_id FROM report JOIN "
	                 "report_incident ON report_id = report.id WHERE reporter = ?)",
	      filter->reporter);
	where(query,
	      recipient ? " AND EXISTS (SELECT 1 FROM alert WHERE recipient = ? AND "
	                  "incident_id = incident.id)"
	                : " AND incident.id IN (SELECT incident_id FROM alert WHERE recipient = ?)",
	      filter->recipient);
	return TRUE;
}

/* A filter that finds either so few rows that they are looked up and sorted, or so many that a page
 * is full soon when everything is gone through in the page's order. @count counts $1 up to $2; in
 * the others ? stands for the value. */
typedef struct {
	const char *count, *few, *many;
} Rarity;

#define FEW_OF(table, condition)                                                                   \
	"SELECT count(*) FROM (SELECT 1 FROM " table " WHERE " condition " LIMIT $2) AS few"
#define RARE_COLUMN(name)                                                                          \
	{                                                                                          \
		FEW_OF("incident", name " = $1"),                                                  \
			" AND incident.id IN (SELECT id FROM incident WHERE " name " = ?)",        \
			" AND (incident." name " || '') = ?"                                       \
	}

#define RARE_COLUMN_OF_NUMBER(name)                                                                \
	{                                                                                          \
		FEW_OF("incident", name " = $1"),                                                  \
			" AND incident.id IN (SELECT id FROM incident WHERE " name " = ?)",        \
			" AND (incident." name " + 0) = ?"                                         \
	}

static const Rarity rare_severity = RARE_COLUMN("severity");
static const Rarity rare_disposition = RARE_COLUMN("disposition");
static const Rarity rare_kind = RARE_COLUMN("kind");
static const Rarity rare_assignee = RARE_COLUMN("assignee");
static const Rarity rare_team = RARE_COLUMN_OF_NUMBER("team_id");
static const Rarity rare_source = {
	FEW_OF("incident_source", "source_id = $1"),
	" AND incident.id IN (SELECT incident_id FROM incident_source WHERE source_id = ?)",
	" AND EXISTS (SELECT 1 FROM incident_source WHERE source_id = ? AND incident_id = "
	"incident.id)",
};
static const Rarity rare_form = {
	FEW_OF("report", "form = $1"),
	" AND incident.id IN (SELECT incident_id FROM report JOIN report_incident ON report_id = "
	"report.id WHERE form = ?)",
	" AND EXISTS (SELECT 1 FROM report_incident JOIN report ON report.id = report_id WHERE "
	"incident_id = incident.id AND form = ?)",
};
static const Rarity rare_after = {
	FEW_OF("incident", "opened_at >= $1"),
	" AND incident.id IN (SELECT id FROM incident WHERE opened_at >= ?)",
	" AND (incident.opened_at + 0) >= ?",
};
static const Rarity rare_before = {
	FEW_OF("incident", "opened_at < $1"),
	" AND incident.id IN (SELECT id FROM incident WHERE opened_at < ?)",
	" AND (incident.opened_at + 0) < ?",
};

static const Rarity rare_closed = {
	FEW_OF("incident", "closed_at >= $1"),
	" AND incident.id IN (SELECT id FROM incident WHERE closed_at >= ?)",
	" AND (incident.closed_at + 0) >= ?",
};

static gboolean where_rare(Db *db, Query *query, const Rarity *rarity, DbValue value,
                           GError **error)
{
	gboolean many;
	if (!is_common_value(db, rarity->count, value, &many, error))
		return FALSE;
	query->few |= !many;
	add(query, many ? rarity->many : rarity->few, value);
	return TRUE;
}

/* --- what is seen -------------------------------------------------------------------------------
 */

/* Of an incident, or of what names one; @count only has to tell few from many. */
#define COUNT_SEEN(table)                                                                          \
	"SELECT count(*) FROM (SELECT 1 FROM " table                                               \
	" WHERE source_id IN " SEEN_SOURCES("$1") " LIMIT $2) AS few"
#define SEEN_BY_INCIDENT(column)                                                                   \
	{                                                                                          \
		COUNT_SEEN("incident_source"), " AND " column " IN " SEEN_INCIDENTS("?"),          \
			" AND " SEES_INCIDENT_OF(column, "?")                                      \
	}

static const Rarity seen_incidents = {
	COUNT_SEEN("incident_source"),
	" AND incident.id IN " SEEN_INCIDENTS("?"),
	" AND " SEES_INCIDENT("?"),
};
static const Rarity seen_alerts = SEEN_BY_INCIDENT("alert.incident_id");
static const Rarity seen_responses = SEEN_BY_INCIDENT("response.incident_id");
static const Rarity seen_results = SEEN_BY_INCIDENT("quarantine_result.incident_id");
static const Rarity seen_reports = {
	COUNT_SEEN("report"),
	" AND report.id IN " SEEN_REPORTS("?"),
	" AND " SEES_REPORT("?"),
};

/* Who sees everything pays nothing for it. A feed goes through everything in its own order. */
static gboolean where_seen(Db *db, Query *query, const Rarity *seen, GError **error)
{
	const Sight *sight = sight_of(query->page);
	if (sight->everything)
		return TRUE;
	if (!query->page->feed)
		return where_rare(db, query, seen, number_value(sight->viewer), error);
	add(query, seen->many, number_value(sight->viewer));
	return TRUE;
}

static gboolean where_rare_enum(Db *db, Query *query, const Rarity *rarity,
                                const char *const *names, int value, GError **error)
{
	return value < 0 || where_rare(db, query, rarity, text_value(names[value]), error);
}

/* Adds the numbers of rows. There is none with number 0. */
static void where_ids(Query *query, const GPtrArray *ids)
{
	add_text(query, " AND incident.id IN (0");
	for (guint i = 0; i < ids->len; i++)
		add(query, ", ?", number_value(*(gint64 *)ids->pdata[i]));
	add_text(query, ")");
}

/* What has the words is looked up in the index of titles, unless it is so much that going through
 * the order of the page is quicker. A feed goes through its own. */
static gboolean where_title(Db *db, Query *query, const char *pattern, int state, GError **error)
{
	if (!pattern)
		return TRUE;
	g_autoptr(GPtrArray) ids = NULL;
	guint most = (guint)listing_common / 4; /* each costs as much as four of a plain column */
	if (!query->page->feed) {
		g_auto(Query) look =
			query_start("SELECT id FROM incident WHERE 1 = 1", query->page);
		where_enum(&look, "state", open_state_names, state);
		add(&look, " AND title_folded LIKE ? ESCAPE '\\'", text_value(pattern));
		add(&look, " LIMIT ?", number_value(most));
		ids = collect(db, &look, read_number, g_free, error);
		if (!ids)
			return FALSE;
	}
	if (!ids || ids->len == most) {
		add(query, " AND incident.title_folded LIKE ? ESCAPE '\\'", text_value(pattern));
		return TRUE;
	}
	query->few = TRUE;
	where_ids(query, ids);
	return TRUE;
}

/* The order by need has an index of its own, which the filters must fit. */
static gboolean where_columns_by_need(Db *db, Query *query, const IncidentFilter *filter, int state,
                                      int severity, GError **error)
{
	if (state >= 0)
		add(query, " AND incident.state = ?", text_value(open_state_names[state]));
	if (filter->assignee &&
	    !where_rare(db, query, &rare_assignee, text_value(filter->assignee), error))
		return FALSE;
	if (filter->source_id > 0 &&
	    !where_rare(db, query, &rare_source, number_value(filter->source_id), error))
		return FALSE;
	where(query,
	      " AND incident.id IN (SELECT about.id FROM incident AS about JOIN original ON "
	      "original.id = about.original_id WHERE message_id = ?)",
	      filter->message_id);
	return where_rare_enum(db, query, &rare_severity, severity_names, severity, error) &&
	       where_rare_enum(db, query, &rare_disposition, disposition_names, filter->disposition,
	                       error) &&
	       where_rare_enum(db, query, &rare_kind, incident_kind_names, filter->kind, error);
}

static void where_columns(Query *query, const IncidentFilter *filter, gboolean by_source, int state,
                          int severity)
{
	if (by_source)
		where_number(query, "incident_source.source_id", filter->source_id);
	else if (filter->source_id > 0)
		add(query, rare_source.many, number_value(filter->source_id));
	where_enum(query, "incident.state", open_state_names, state);
	where_enum(query, "incident.severity", severity_names, severity);
	where_enum(query, "incident.disposition", disposition_names, filter->disposition);
	where_enum(query, "incident.kind", incident_kind_names, filter->kind);
	where_text(query, "incident.assignee", filter->assignee);
	where(query, " AND incident.original_id IN (SELECT id FROM original WHERE message_id = ?)",
	      filter->message_id);
}

static void where_among(Query *query, const SearchSet *among)
{
	if (!among)
		return;
	query->few = TRUE;
	add_text(query, " AND incident.id IN (0");
	for (gint64 id = search_set_before(among, 0); id; id = search_set_before(among, id))
		add(query, ", ?", number_value(id));
	add_text(query, ")");
}

#define MOVED                                                                                      \
	"EXISTS (SELECT 1 FROM quarantine_result WHERE incident_id = incident.id AND "             \
	"step = 'moved' AND status = 'success')"
#define BELIEVED "EXISTS (SELECT 1 FROM alert WHERE incident_id = incident.id AND trusted = 1)"

/* Of an incident that nobody believed reports, no alert is trusted. */
static const Rarity rare_doubted = {
	FEW_OF("alert", "trusted = 0 AND trusted = $1"),
	" AND incident.id IN (SELECT incident_id FROM alert WHERE trusted = 0 AND trusted = ?) AND "
	"NOT " BELIEVED,
	" AND EXISTS (SELECT 1 FROM alert WHERE incident_id = incident.id AND trusted = ?) AND "
	"NOT " BELIEVED,
};

/* What is told of an incident by other rows. Few have anything in the quarantine. */
static gboolean where_facts(Db *db, Query *query, const IncidentFilter *filter, GError **error)
{
	if (filter->form && !where_rare(db, query, &rare_form, text_value(filter->form), error))
		return FALSE;
	if (filter->opened_after > 0 &&
	    !where_rare(db, query, &rare_after, number_value(filter->opened_after), error))
		return FALSE;
	if (filter->opened_before > 0 &&
	    !where_rare(db, query, &rare_before, number_value(filter->opened_before), error))
		return FALSE;
	if (filter->closed_after > 0 &&
	    !where_rare(db, query, &rare_closed, number_value(filter->closed_after), error))
		return FALSE;
	where_among(query, filter->among);
	if (filter->unassigned)
		add_text(query, " AND incident.assignee IS NULL AND incident.team_id IS NULL");
	if (filter->mine)
		add(query,
		    " AND incident.id IN (SELECT id FROM incident WHERE assignee_id = ? UNION "
		    "SELECT id FROM incident WHERE assignee IS NULL AND team_id IN " SEEN_TEAMS(
			    "?") ")",
		    number_value(sight_of(query->page)->viewer));
	if (filter->team_id &&
	    !where_rare(db, query, &rare_team, number_value(filter->team_id), error))
		return FALSE;
	if (filter->trusted == 0 && !where_rare(db, query, &rare_doubted, number_value(0), error))
		return FALSE;
	if (filter->trusted > 0)
		add_text(query, " AND " BELIEVED);
	if (filter->quarantined > 0)
		add_text(query, " AND incident.id IN (SELECT incident_id FROM "
		                "quarantine_result WHERE step = 'moved' AND "
		                "status = 'success')");
	else if (filter->quarantined == 0)
		add_text(query, " AND NOT " MOVED);
	where(query, " AND incident.need_reasons LIKE '%\"' || ? || '\"%'", filter->needs);
	return TRUE;
}

/* One page of the incidents of one state and one severity, or with -1 of all. */
static GPtrArray *list_part(Db *db, const IncidentFilter *filter, const Page *page, int state,
                            int severity, GError **error)
{
	gboolean by_source = filter->source_id > 0 && !page->feed && !page->by_need;
	g_auto(Query) query =
		by_source ? query_start("SELECT " INCIDENT_COLUMNS " FROM incident_source JOIN "
	                                "incident ON incident.id = incident_source.incident_id "
	                                "WHERE 1 = 1",
	                                page)
			  : query_start("SELECT " INCIDENT_COLUMNS " FROM incident WHERE 1 = 1",
	                                page);
	g_autofree char *pattern = filter->text ? pattern_containing(filter->text) : NULL;
	if (page->by_need) {
		if (!where_columns_by_need(db, &query, filter, state, severity, error))
			return NULL;
	} else {
		where_columns(&query, filter, by_source, state, severity);
	}
	if (!where_title(db, &query, pattern, state, error) ||
	    !where_people(db, &query, filter, error) || !where_facts(db, &query, filter, error) ||
	    !where_seen(db, &query, &seen_incidents, error))
		return NULL;
	cut_page(&query, "incident", by_source ? "incident_source.incident_id" : "incident.id");
	return collect(db, &query, incident_read, (GDestroyNotify)incident_free, error);
}

static gint compare_numbers(gint64 left, gint64 right)
{
	return (left > right) - (left < right);
}

static gint compare_incidents(gconstpointer a, gconstpointer b, gpointer data)
{
	const Incident *left = *(Incident *const *)a, *right = *(Incident *const *)b;
	const Page *page = data;
	gint by_id = compare_numbers(left->id, right->id);
	if (page->feed) {
		gint by_revision = compare_numbers(left->revision, right->revision);
		return by_revision ? by_revision : by_id;
	}
	gint by_need = page->by_need ? compare_numbers(left->need, right->need) : 0;
	return by_need ? -by_need : -by_id;
}

/* "At least this severe" is a range over names, which no index keeps in the order of a page, and by
 * need both states are two ranges: each is asked for by itself, and the pages are merged. */
GPtrArray *incident_list(Db *db, const IncidentFilter *filter, const Page *page, GError **error)
{
	gboolean both = page->by_need && filter->state < 0;
	int from = both ? STATE_OPEN : filter->state, to = both ? STATE_CLOSED : filter->state;
	int least = MAX(filter->severity, filter->severity_min > 0 ? filter->severity_min : -1);
	int most = filter->severity >= 0 ? filter->severity : least < 0 ? -1 : SEVERITY_CRITICAL;
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)incident_free);
	for (int state = from; state <= to; state++)
		for (int severity = least; severity <= most; severity++) {
			g_autoptr(GPtrArray) more =
				list_part(db, filter, page, state, severity, error);
			if (!more)
				return NULL;
			g_ptr_array_extend_and_steal(all, g_steal_pointer(&more));
		}
	g_ptr_array_sort_with_data(all, compare_incidents, (gpointer)page);
	if (all->len > page->limit)
		g_ptr_array_set_size(all, (gint)page->limit);
	return g_steal_pointer(&all);
}

GPtrArray *alert_list_filtered(Db *db, const AlertFilter *filter, const Page *page, GError **error)
{
	g_auto(Query) query = query_start("SELECT " ALERT_COLUMNS " FROM alert WHERE 1 = 1", page);
	where_enum(&query, "alert.state", open_state_names, filter->state);
	where_number(&query, "alert.incident_id", filter->incident_id);
	where_number(&query, "alert.source_id", filter->source_id);
	gboolean common;
	if (!is_common(db, count_recipient, filter->recipient, &common, error))
		return NULL;
	where_text(&query, common ? "alert.recipient || ''" : "alert.recipient", filter->recipient);
	where_text(&query, "alert.message_id", filter->message_id);
	if (filter->report_id > 0)
		add(&query,
		    " AND alert.id IN (SELECT alert_id FROM alert_report WHERE report_id = ?)",
		    number_value(filter->report_id));
	if (!where_seen(db, &query, &seen_alerts, error))
		return NULL;
	cut_page(&query, "alert", "alert.id");
	return collect(db, &query, alert_read, (GDestroyNotify)alert_free, error);
}

GPtrArray *report_list(Db *db, const ReportFilter *filter, const Page *page, GError **error)
{
	g_auto(Query) query =
		query_start("SELECT " REPORT_COLUMNS " FROM report WHERE 1 = 1", page);
	where_enum(&query, "report.state", report_state_names, filter->state);
	where_number(&query, "report.source_id", filter->source_id);
	where_text(&query, "report.reporter", filter->reporter);
	if (filter->trusted >= 0) {
		column(&query, "report.trusted", " + 0");
		add(&query, " = ?", number_value(filter->trusted != 0));
	}
	if (filter->incident_id > 0)
		add(&query,
		    " AND report.id IN (SELECT report_id FROM report_incident WHERE "
		    "incident_id = ?)",
		    number_value(filter->incident_id));
	if (filter->alert_id > 0)
		add(&query,
		    " AND report.id IN (SELECT report_id FROM alert_report WHERE alert_id = ?)",
		    number_value(filter->alert_id));
	if (!where_seen(db, &query, &seen_reports, error))
		return NULL;
	cut_page(&query, "report", "report.id");
	return collect(db, &query, report_read, (GDestroyNotify)report_free, error);
}

GPtrArray *response_list_filtered(Db *db, const ResponseFilter *filter, const Page *page,
                                  GError **error)
{
	g_auto(Query) query =
		query_start("SELECT " RESPONSE_COLUMNS " FROM response WHERE 1 = 1", page);
	where_enum(&query, "response.state", response_state_names, filter->state);
	where_enum(&query, "response.kind", response_kind_names, filter->kind);
	where_number(&query, "response.incident_id", filter->incident_id);
	if (!where_seen(db, &query, &seen_responses, error))
		return NULL;
	cut_page(&query, "response", "response.id");
	return collect(db, &query, response_read, (GDestroyNotify)response_free, error);
}

GPtrArray *job_list(Db *db, const JobFilter *filter, const Page *page, GError **error)
{
	g_auto(Query) query = query_start("SELECT " JOB_COLUMNS " FROM job WHERE 1 = 1", page);
	g_return_val_if_fail(!page->feed, NULL);
	where_enum(&query, "job.state", job_state_names, filter->state);
	where_text(&query, "job.kind", filter->kind);
	const Sight *sight = sight_of(page);
	if (!sight->everything)
		add(&query, " AND " SEES_JOB("?"), number_value(sight->viewer));
	cut_page(&query, "job", "job.id");
	return collect(db, &query, job_read, (GDestroyNotify)job_free, error);
}

static gpointer read_text(DbRows *rows)
{
	return db_text_dup(rows, 0);
}

GPtrArray *quarantine_result_list_filtered(Db *db, const QuarantineResultFilter *filter,
                                           const Page *page, GError **error)
{
	g_auto(Query) query =
		query_start("SELECT " RESULT_COLUMNS " FROM quarantine_result WHERE 1 = 1", page);
	g_autoptr(GError) problem = NULL;
	g_autofree char *kind =
		rows_find(db_query(db, &problem, "i", "SELECT kind FROM response WHERE id = $1",
	                           filter->response_id),
	                  read_text, &problem);
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return NULL;
	}
	gboolean restore = g_strcmp0(kind, response_kind_names[RESPONSE_RESTORE]) == 0;
	where_number(&query, restore ? "restore_response_id" : "response_id", filter->response_id);
	where_number(&query, "incident_id", filter->incident_id);
	where_enum(&query, restore ? "restore_status" : "status", copy_status_names,
	           filter->status);
	if (!where_seen(db, &query, &seen_results, error))
		return NULL;
	cut_page(&query, "quarantine_result", "quarantine_result.id");
	return collect(db, &query, quarantine_result_read, (GDestroyNotify)quarantine_result_free,
	               error);
}

static const struct {
	const char *name, *sql;
} figures[] = {
	{"incidents_open", "SELECT count(*) FROM incident WHERE state = 'open'"},
	{"incidents_closed", "SELECT count(*) FROM incident WHERE state = 'closed'"},
	{"alerts_open", "SELECT count(*) FROM alert WHERE state = 'open'"},
	{"alerts_closed", "SELECT count(*) FROM alert WHERE state = 'closed'"},
	{"reports_new", "SELECT count(*) FROM report WHERE state = 'new'"},
	{"reports_done", "SELECT count(*) FROM report WHERE state = 'done'"},
	{"reports_unparsed", "SELECT count(*) FROM report WHERE state = 'unparsed'"},
	{"reports_gone", "SELECT count(*) FROM report WHERE state = 'gone'"},
	{"reports_untrusted", "SELECT count(*) FROM report WHERE trusted = 0"},
	{"jobs_ready", "SELECT count(*) FROM job WHERE state = 'ready'"},
	{"jobs_running", "SELECT count(*) FROM job WHERE state = 'running'"},
	{"jobs_parked", "SELECT count(*) FROM job WHERE state = 'parked'"},
	{"sources_enabled", "SELECT count(*) FROM source WHERE deleted_at IS NULL AND "
                            "enabled = 1"},
	{"sources_failing", "SELECT count(*) FROM source WHERE deleted_at IS NULL AND "
                            "enabled = 1 AND last_error IS NOT NULL"},
	{"copies_quarantined", "SELECT count(*) FROM quarantine_result WHERE step = 'moved' AND "
                               "status = 'success'"},
	{"copies_restored", "SELECT count(*) FROM quarantine_result WHERE step = 'restored'"},
	{"audit_records", "SELECT COALESCE(MAX(seq), 0) FROM audit"},
};

char *store_figures(Db *db, GError **error)
{
	g_autoptr(json_t) object = json_object();
	for (guint i = 0; i < G_N_ELEMENTS(figures); i++) {
		gint64 n = 0;
		if (!rows_int(db_query(db, error, "", figures[i].sql), &n, error))
			return NULL;
		json_object_set_new(object, figures[i].name, json_integer(n));
	}
	return json_format(object);
}
