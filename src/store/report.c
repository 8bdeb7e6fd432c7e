/* Reports and the originals they are about.
 *
 * A report is unique by where it was found; an original is unique by what it is. */
#include "store/report.h"

#include "base/error.h"
#include "base/limits.h"
#include "store/columns.h"
#include "store/pack.h"
#include "store/rows.h"

#include <string.h>

#define BREAKDOWN_MAX (4UL * LIMIT_MESSAGE_SIZE) /* bytes of one JSON document */

gpointer report_read(DbRows *rows)
{
	Report *report = g_new0(Report, 1);
	report->id = db_int(rows, 0);
	report->source_id = db_int(rows, 1);
	report->epoch = db_text_dup(rows, 2);
	report->server_uid = db_text_dup(rows, 3);
	report->sha256 = db_text_dup(rows, 4);
	report->received_at = db_int(rows, 5);
	report->found_at = db_int(rows, 6);
	report->state = (ReportState)rows_enum(rows, 7, report_state_names);
	report->reads = db_int(rows, 8);
	report->form = db_text_dup(rows, 9);
	report->reporter = db_text_dup(rows, 10);
	report->reporter_name = db_text_dup(rows, 11);
	report->trusted = db_int(rows, 12) != 0;
	report->trust_reason = db_text_dup(rows, 13);
	report->subject = db_text_dup(rows, 14);
	report->message_id = db_text_dup(rows, 15);
	report->post_process = (PostProcessState)rows_enum(rows, 16, post_process_state_names);
	report->post_process_detail = db_text_dup(rows, 17);
	report->located = db_is_null(rows, 18) ? LOCATED_NOT_NEEDED
	                                       : (Located)rows_enum(rows, 18, located_names);
	report->revision = db_int(rows, 19);
	return report;
}

gboolean report_insert(Db *db, Report *report, gboolean *inserted, GError **error)
{
	g_autoptr(GError) problem = NULL;
	*inserted = rows_int(
		db_query(db, &problem, "itttiitittttittttti",
	                 "INSERT INTO report (source_id, epoch, server_uid, sha256, received_at, "
	                 "found_at, state, reads, form, reporter, reporter_name, trust_reason, "
	                 "trusted, subject, message_id, post_process, post_process_detail, "
	                 "located, revision) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, "
	                 "$12, $13, $14, $15, $16, $17, $18, $19) "
	                 "ON CONFLICT (source_id, epoch, server_uid) DO NOTHING RETURNING id",
	                 report->source_id, report->epoch, report->server_uid, report->sha256,
	                 report->received_at, report->found_at, report_state_names[report->state],
	                 report->reads, report->form, report->reporter, report->reporter_name,
	                 report->trust_reason, (gint64)report->trusted, report->subject,
	                 report->message_id, post_process_state_names[report->post_process],
	                 report->post_process_detail, located_names[report->located],
	                 report->revision),
		&report->id, &problem);
	if (*inserted)
		return TRUE;
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	return rows_int(db_query(db, error, "itt",
	                         "SELECT id FROM report WHERE source_id = $1 AND epoch = $2 AND "
	                         "server_uid = $3",
	                         report->source_id, report->epoch, report->server_uid),
	                &report->id, error);
}

Report *report_load(Db *db, gint64 id, GError **error)
{
	return rows_load(
		db_query(db, error, "i", "SELECT " REPORT_COLUMNS " FROM report WHERE id = $1", id),
		report_read, "report", id, error);
}

gboolean report_save(Db *db, const Report *report, GError **error)
{
	gint64 changed = 0;
	return db_run(db, &changed, error, "ttttittttttii",
	              "UPDATE report SET state = $1, form = $2, reporter = $3, reporter_name = $4, "
	              "trusted = $5, trust_reason = $6, subject = $7, message_id = $8, "
	              "post_process = $9, post_process_detail = $10, located = $11, "
	              "revision = $12 WHERE id = $13",
	              report_state_names[report->state], report->form, report->reporter,
	              report->reporter_name, (gint64)report->trusted, report->trust_reason,
	              report->subject, report->message_id,
	              post_process_state_names[report->post_process], report->post_process_detail,
	              located_names[report->located], report->revision, report->id) &&
	       rows_check_saved(changed, 0, "report", report->id, error);
}

gboolean report_begin_reading(Db *db, gint64 id, gint64 *reads, GError **error)
{
	g_autoptr(GError) problem = NULL;
	if (rows_int(db_query(db, &problem, "i",
	                      "UPDATE report SET reads = reads + 1 WHERE id = $1 RETURNING reads",
	                      id),
	             reads, &problem))
		return TRUE;
	if (!problem)
		return rows_check_saved(0, 0, "report", id, error);
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

gboolean report_end_reading(Db *db, gint64 id, GError **error)
{
	return db_run(db, NULL, error, "i", "UPDATE report SET reads = 0 WHERE id = $1", id);
}

gboolean report_find_known(Db *db, gint64 source_id, const char *epoch, const char *server_uid,
                           gint64 *id, GError **error)
{
	g_autoptr(GError) problem = NULL;
	if (!rows_int(db_query(db, &problem, "itt",
	                       "SELECT id FROM report WHERE source_id = $1 AND epoch = $2 AND "
	                       "server_uid = $3 UNION ALL SELECT -1 FROM removed_report WHERE "
	                       "source_id = $1 AND epoch = $2 AND server_uid = $3",
	                       source_id, epoch, server_uid),
	              id, &problem))
		*id = 0;
	if (!problem)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

gboolean report_find_other_epoch(Db *db, gint64 source_id, const char *epoch, gboolean *found,
                                 GError **error)
{
	gint64 others = 0;
	gboolean ok = rows_int(
		db_query(
			db, error, "it",
			"SELECT CASE WHEN "
			"EXISTS (SELECT 1 FROM report WHERE source_id = $1 AND epoch < $2) OR "
			"EXISTS (SELECT 1 FROM report WHERE source_id = $1 AND epoch > $2) OR "
			"EXISTS (SELECT 1 FROM removed_report WHERE source_id = $1 AND epoch < $2) "
			"OR EXISTS (SELECT 1 FROM removed_report WHERE source_id = $1 AND epoch > "
			"$2) THEN 1 ELSE 0 END",
			source_id, epoch),
		&others, error);
	*found = others != 0;
	return ok;
}

Report *report_find_elsewhere(Db *db, gint64 source_id, const char *epoch, const char *sha256,
                              gint64 received_at, GError **error)
{
	return rows_find(db_query(db, error, "ttii",
	                          "SELECT " REPORT_COLUMNS " FROM report WHERE (sha256 = $1 OR "
	                          "removed_sha256 = $1) AND "
	                          "epoch <> $2 AND source_id = $3 AND received_at = $4 "
	                          "ORDER BY id LIMIT 1",
	                          sha256, epoch, source_id, received_at),
	                 report_read, error);
}

gboolean report_relocate(Db *db, const Report *report, GError **error)
{
	gint64 changed = 0;
	return db_run(db, &changed, error, "tttii",
	              "UPDATE report SET epoch = $1, server_uid = $2, post_process = $3, "
	              "revision = $4 WHERE id = $5",
	              report->epoch, report->server_uid,
	              post_process_state_names[report->post_process], report->revision,
	              report->id) &&
	       rows_check_saved(changed, 0, "report", report->id, error);
}

gboolean report_relocate_removed(Db *db, const Report *now, gboolean *was, GError **error)
{
	gint64 n = 0;
	gboolean ok =
		db_run(db, &n, error, "ttiti",
	               "UPDATE removed_report SET epoch = $1, server_uid = $2 WHERE "
	               "(source_id, epoch, server_uid) IN (SELECT source_id, epoch, "
	               "server_uid FROM removed_report WHERE source_id = $3 AND sha256 = $4 "
	               "AND received_at = $5 AND epoch <> $1 LIMIT 1)",
	               now->epoch, now->server_uid, now->source_id, now->sha256, now->received_at);
	*was = n > 0;
	return ok;
}

gboolean report_join(Db *db, gint64 report_id, gint64 incident_id, gint64 original_id,
                     GError **error)
{
	return db_run(db, NULL, error, "iiz",
	              "INSERT INTO report_incident (report_id, incident_id, original_id) "
	              "VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
	              report_id, incident_id, original_id) &&
	       db_run(db, NULL, error, "ii",
	              "INSERT INTO incident_source (source_id, incident_id) "
	              "SELECT source_id, $2 FROM report WHERE id = $1 ON CONFLICT DO NOTHING",
	              report_id, incident_id);
}

GArray *report_incidents(Db *db, gint64 report_id, GError **error)
{
	g_autoptr(GError) problem = NULL;
	g_autoptr(DbRows) rows = db_query(db, error, "i",
	                                  "SELECT incident_id FROM report_incident "
	                                  "WHERE report_id = $1 ORDER BY incident_id",
	                                  report_id);
	if (!rows)
		return NULL;
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	while (db_rows_next(rows, &problem)) {
		gint64 id = db_int(rows, 0);
		g_array_append_val(ids, id);
	}
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return NULL;
	}
	return g_steal_pointer(&ids);
}

#define ORIGINAL_COLUMNS                                                                           \
	"id, message_id, fingerprint, first_hand, sha256, subject, sender, sent_at, created_at, "  \
	"content_removed_at"

static gpointer read_original(DbRows *rows)
{
	Original *original = g_new0(Original, 1);
	original->id = db_int(rows, 0);
	original->message_id = db_text_dup(rows, 1);
	original->fingerprint = db_text_dup(rows, 2);
	original->first_hand = db_int(rows, 3) != 0;
	original->sha256 = db_text_dup(rows, 4);
	original->subject = db_text_dup(rows, 5);
	original->sender = db_text_dup(rows, 6);
	original->sent_at = db_int(rows, 7);
	original->created_at = db_int(rows, 8);
	original->content_removed_at = db_int(rows, 9);
	return original;
}

gboolean original_insert(Db *db, Original *original, const char *breakdown, GError **error)
{
	g_autoptr(GBytes) packed = pack(breakdown, strlen(breakdown), error);
	return packed &&
	       rows_int(db_query(db, error, "ttitttzib",
	                         "INSERT INTO original (message_id, fingerprint, first_hand, "
	                         "sha256, subject, sender, sent_at, created_at, breakdown) "
	                         "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
	                         original->message_id, original->fingerprint,
	                         (gint64)original->first_hand, original->sha256, original->subject,
	                         original->sender, original->sent_at, original->created_at, packed),
	                &original->id, error);
}

Original *original_load(Db *db, gint64 id, GError **error)
{
	return rows_load(db_query(db, error, "i",
	                          "SELECT " ORIGINAL_COLUMNS " FROM original WHERE id = $1", id),
	                 read_original, "original", id, error);
}

static gpointer read_bytes(DbRows *rows)
{
	return db_bytes(rows, 0);
}

char *original_load_breakdown(Db *db, gint64 id, GError **error)
{
	g_autoptr(GBytes) packed = rows_load(
		db_query(db, error, "i", "SELECT breakdown FROM original WHERE id = $1", id),
		read_bytes, "original", id, error);
	g_autoptr(GBytes) text = packed ? unpack(packed, BREAKDOWN_MAX, error) : NULL;
	return text ? g_strndup(g_bytes_get_data(text, NULL), g_bytes_get_size(text)) : NULL;
}

gboolean original_upgrade(Db *db, const Original *original, const char *breakdown, GError **error)
{
	g_autoptr(GBytes) packed = pack(breakdown, strlen(breakdown), error);
	gint64 changed = 0;
	return packed &&
	       db_run(db, &changed, error, "ttttzbii",
	              "UPDATE original SET first_hand = $8, fingerprint = $1, sha256 = $2, "
	              "subject = $3, sender = $4, sent_at = $5, breakdown = $6, "
	              "content_removed_at = NULL WHERE id = $7",
	              original->fingerprint, original->sha256, original->subject, original->sender,
	              original->sent_at, packed, original->id, (gint64)original->first_hand) &&
	       /* it says something else now, so its words are taken again */
	       db_run(db, NULL, error, "i",
	              "DELETE FROM search_incident WHERE incident_id IN (SELECT id FROM incident "
	              "WHERE original_id = $1)",
	              original->id) &&
	       rows_check_saved(changed, 0, "original", original->id, error);
}

GPtrArray *original_find(Db *db, const char *message_id, GError **error)
{
	return rows_collect(db_query(db, error, "t",
	                             "SELECT " ORIGINAL_COLUMNS
	                             " FROM original WHERE message_id = $1 ORDER BY id",
	                             message_id),
	                    read_original, (GDestroyNotify)original_free, error);
}

Original *original_find_same(Db *db, const char *message_id, const char *key, GError **error)
{
	return rows_find(db_query(db, error, "tt",
	                          "SELECT " ORIGINAL_COLUMNS " FROM original WHERE message_id = $1 "
	                          "AND (fingerprint = $2 OR ($2 <> '' AND substr(fingerprint, 1, "
	                          "length($2) + 1) = $2 || ':')) AND first_hand = 1 "
	                          "ORDER BY id LIMIT 1",
	                          message_id, key),
	                 read_original, error);
}
