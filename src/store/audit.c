/* The rows of the audit chain, and what chains them. */
#include "store/audit.h"

#include "base/json.h"
#include "base/limits.h"
#include "store/rows.h"
#include "store/seen.h"
#include "store/statement.h"

#include <string.h>

#define PAGE 500 /* records held in memory at a time while walking */

#define COLUMNS "seq, at, actor, action, object_kind, object_id, incident_id, detail, hash"

void audit_record_free(AuditRecord *record)
{
	if (!record)
		return;
	g_free(record->actor);
	g_free(record->action);
	g_free(record->object_kind);
	g_free(record->detail);
	g_free(record->hash);
	g_free(record);
}

static gpointer read_record(DbRows *rows)
{
	AuditRecord *record = g_new0(AuditRecord, 1);
	record->seq = db_int(rows, 0);
	record->at = db_int(rows, 1);
	record->actor = db_text_dup(rows, 2);
	record->action = db_text_dup(rows, 3);
	record->object_kind = db_text_dup(rows, 4);
	record->object_id = db_int(rows, 5);
	record->incident_id = db_int(rows, 6);
	record->detail = db_text_dup(rows, 7);
	record->hash = db_text_dup(rows, 8);
	return record;
}

gboolean audit_head(Db *db, gint64 *seq, char **hash, GError **error)
{
	g_autoptr(GError) problem = NULL;
	*seq = 0;
	*hash = NULL;
	if (!db_lock_key(db, "audit", error))
		return FALSE;
	g_autoptr(AuditRecord) head =
		rows_find(db_query(db, &problem, "",
	                           "SELECT " COLUMNS " FROM audit ORDER BY seq DESC LIMIT 1"),
	                  read_record, &problem);
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	*seq = head ? head->seq : 0;
	*hash = g_strdup(head ? head->hash : "");
	return TRUE;
}

gboolean audit_last(Db *db, gint64 *seq, GError **error)
{
	return rows_int(db_query(db, error, "", "SELECT COALESCE(MAX(seq), 0) FROM audit"), seq,
	                error);
}

gboolean audit_insert(Db *db, const AuditRecord *record, GError **error)
{
	return db_run(db, NULL, error, "iitttiztt",
	              "INSERT INTO audit (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
	              record->seq, record->at, record->actor, record->action, record->object_kind,
	              record->object_id, record->incident_id, record->detail, record->hash);
}

gboolean audit_touches_access(Db *db, gint64 seq, gboolean *touches, GError **error)
{
	gint64 found = 0;
	gboolean ok =
		rows_int(db_query(db, error, "i",
	                          "SELECT CASE WHEN EXISTS (SELECT 1 FROM audit WHERE seq > "
	                          "$1 AND object_kind IN ('user', 'role', 'api_key', 'team')) "
	                          "THEN 1 ELSE 0 END",
	                          seq),
	                 &found, error);
	*touches = found != 0;
	return ok;
}

static void where_text(Statement *statement, const char *fragment, const char *text)
{
	if (text)
		statement_add(statement, fragment, text_value(text));
}

static void where_number(Statement *statement, const char *fragment, gint64 number)
{
	if (number > 0)
		statement_add(statement, fragment, number_value(number));
}

static void where_seen(Statement *statement, const Sight *sight, gint64 incident_id)
{
	where_number(statement, " AND incident_id = ?", incident_id);
	if (incident_id == AUDIT_OF_INCIDENTS || !sight->everything)
		g_string_append(statement->sql, " AND incident_id IS NOT NULL");
	if (!sight->everything)
		statement_add(statement, " AND " SEES_INCIDENT_OF("audit.incident_id", "?"),
		              number_value(sight->viewer));
}

GPtrArray *audit_list(Db *db, const Sight *sight, gint64 after, gint64 incident_id, guint limit,
                      GError **error)
{
	g_auto(Statement) statement = statement_start("SELECT " COLUMNS " FROM audit");
	statement_add(&statement, " WHERE seq > ?", number_value(after));
	where_seen(&statement, sight, incident_id);
	statement_add(&statement, " ORDER BY seq LIMIT ?", number_value(limit));
	return statement_collect(db, &statement, read_record, (GDestroyNotify)audit_record_free,
	                         error);
}

gint64 audit_looked_through = LIMIT_AUDIT_LOOKED;

/* No index has what these look for, except of one incident or one thing. */
static gboolean is_looked_through(const Sight *sight, const AuditFilter *filter)
{
	return filter->incident_id <= 0 && !filter->object_id &&
	       (!sight->everything || filter->incident_id == AUDIT_OF_INCIDENTS || filter->actor ||
	        filter->action || filter->object_kind || filter->since || filter->until ||
	        filter->text);
}

/* Adds that a column has a part that is @text. One database folds ASCII letters and the other all
 * of them, so it is looked for in both ways: case of ASCII letters makes no difference. */
static void add_part(Statement *statement, const char *before, const char *column, const char *text)
{
	char *folded[] = {g_ascii_strdown(text, -1), g_utf8_strdown(text, -1)};
	for (guint i = 0; i < G_N_ELEMENTS(folded); i++) {
		g_string_append_printf(statement->sql, "%slower(%s) LIKE ", i ? " OR " : before,
		                       column);
		char *pattern = statement_pattern(folded[i]);
		statement_add(statement, "? ESCAPE '\\'",
		              text_value(statement_keep(statement, pattern)));
		g_free(folded[i]);
	}
}

static void where_filter(Statement *statement, const AuditFilter *filter)
{
	where_text(statement, " AND substr(action, 1, length(?)) = ?", filter->action);
	where_text(statement, " AND object_kind = ?", filter->object_kind);
	where_number(statement, " AND object_id = ?", filter->object_id);
	where_number(statement, " AND at >= ?", filter->since);
	where_number(statement, " AND at < ?", filter->until);
	if (filter->actor) {
		add_part(statement, " AND (", "actor", filter->actor);
		g_string_append_c(statement->sql, ')');
	}
	if (filter->text) {
		add_part(statement, " AND (", "action", filter->text);
		add_part(statement, " OR ", "detail", filter->text);
		g_string_append_c(statement->sql, ')');
	}
}

GPtrArray *audit_find(Db *db, const Sight *sight, const AuditFilter *filter, AuditPage *page,
                      GError **error)
{
	gint64 first = 0, last = 0, low = 0, high = G_MAXINT64;
	if (!rows_int(db_query(db, error, "", "SELECT COALESCE(MIN(seq), 1) FROM audit"), &first,
	              error) ||
	    !audit_last(db, &last, error))
		return NULL;
	gboolean looked_through = is_looked_through(sight, filter);
	if (page->newest_first) {
		high = page->from ? MIN(page->from, last + 1) : last + 1;
		low = looked_through ? high - 1 - audit_looked_through : 0;
	} else {
		low = MAX(page->from, first - 1);
		high = looked_through ? low + 1 + audit_looked_through : G_MAXINT64;
	}
	g_auto(Statement) statement = statement_start("SELECT " COLUMNS " FROM audit");
	statement_add(&statement, " WHERE seq > ?", number_value(low));
	statement_add(&statement, " AND seq < ?", number_value(high));
	where_seen(&statement, sight, filter->incident_id);
	where_filter(&statement, filter);
	statement_add(&statement,
	              page->newest_first ? " ORDER BY seq DESC LIMIT ?" : " ORDER BY seq LIMIT ?",
	              number_value(page->limit));
	GPtrArray *found = statement_collect(db, &statement, read_record,
	                                     (GDestroyNotify)audit_record_free, error);
	if (found && found->len == page->limit)
		page->next = ((AuditRecord *)found->pdata[found->len - 1])->seq;
	else if (page->newest_first)
		page->next = low >= first ? low + 1 : 0;
	else
		page->next = high <= last ? high - 1 : 0;
	return found;
}

/* A text goes into the hash with its length in front, so that no two records have one encoding. */
static void add_text(GChecksum *sum, const char *text)
{
	guint64 length = GUINT64_TO_BE(strlen(text));
	g_checksum_update(sum, (const guchar *)&length, sizeof length);
	g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text));
}

static void add_number(GChecksum *sum, gint64 number)
{
	gint64 octets = GINT64_TO_BE(number);
	g_checksum_update(sum, (const guchar *)&octets, sizeof octets);
}

char *audit_record_hash(const AuditRecord *record, const char *previous)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	add_text(sum, previous);
	add_number(sum, record->seq);
	add_number(sum, record->at);
	add_text(sum, record->actor);
	add_text(sum, record->action);
	add_text(sum, record->object_kind);
	add_number(sum, record->object_id);
	add_number(sum, record->incident_id);
	add_text(sum, record->detail);
	return g_strdup(g_checksum_get_string(sum));
}

/* Why the record cannot follow the one before it; NULL when it fits. */
static char *misfit_of(const AuditRecord *record, gint64 seq, const char *previous)
{
	g_autofree char *hash = audit_record_hash(record, previous);
	if (record->seq != seq)
		return g_strdup_printf("audit record %" G_GINT64_FORMAT " is missing", seq);
	if (strcmp(hash, record->hash) != 0)
		return g_strdup_printf("audit record %" G_GINT64_FORMAT
		                       " is not what was written, or the one before it is not",
		                       seq);
	return NULL;
}

void audit_anchor_clear(AuditAnchor *anchor)
{
	g_clear_pointer(&anchor->hash, g_free);
}

static gpointer read_anchor(DbRows *rows)
{
	AuditAnchor *anchor = g_new0(AuditAnchor, 1);
	anchor->seq = db_int(rows, 0);
	anchor->hash = db_text_dup(rows, 1);
	anchor->at = db_int(rows, 2);
	return anchor;
}

gboolean audit_anchor_load(Db *db, AuditAnchor *anchor, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autofree AuditAnchor *found = rows_find(
		db_query(db, &problem, "", "SELECT seq, hash, at FROM audit_anchor WHERE id = 1"),
		read_anchor, &problem);
	*anchor = found ? *found : (AuditAnchor){.hash = g_strdup("")};
	if (!problem)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

gboolean audit_remove(Db *db, gint64 seq, AuditAnchor *anchor, gint64 *removed, GError **error)
{
	return db_run(db, NULL, error, "i",
	              "INSERT INTO audit_anchor (id, seq, hash, at) SELECT 1, seq, hash, at FROM "
	              "audit WHERE seq = $1 ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, "
	              "hash = excluded.hash, at = excluded.at",
	              seq) &&
	       db_run(db, removed, error, "i", "DELETE FROM audit WHERE seq <= $1", seq) &&
	       audit_anchor_load(db, anchor, error);
}

/* Does this record say that what is before the anchor was removed? */
static gboolean explains(const AuditRecord *record, const AuditAnchor *anchor)
{
	if (strcmp(record->action, AUDIT_TRIM) != 0)
		return FALSE;
	g_autoptr(json_t) detail = json_parse(record->detail, -1, NULL);
	return json_int(detail, "up_to", 0) == anchor->seq &&
	       g_strcmp0(json_text(detail, "hash"), anchor->hash) == 0;
}

static char *unexplained(const AuditAnchor *anchor)
{
	return g_strdup_printf("the audit log begins after record %" G_GINT64_FORMAT
	                       ", and no record says that what was before was removed",
	                       anchor->seq);
}

gboolean audit_walk(Db *db, AuditAnchor *anchor, gint64 *checked, char **misfit, GError **error)
{
	*checked = 0;
	*misfit = NULL;
	if (!audit_anchor_load(db, anchor, error))
		return FALSE;
	gboolean explained = anchor->seq == 0;
	g_autofree char *previous = g_strdup(anchor->hash);
	for (;;) {
		g_autoptr(GPtrArray) page = audit_list(
			db, &sight_everything, anchor->seq + *checked, AUDIT_ALL, PAGE, error);
		if (!page)
			return FALSE;
		for (guint i = 0; i < page->len; i++, ++*checked) {
			AuditRecord *record = page->pdata[i];
			*misfit = misfit_of(record, anchor->seq + *checked + 1, previous);
			if (*misfit)
				return TRUE;
			explained = explained || explains(record, anchor);
			g_free(previous);
			previous = g_steal_pointer(&record->hash);
		}
		if (page->len < PAGE)
			break;
	}
	*misfit = explained ? NULL : unexplained(anchor);
	return TRUE;
}
