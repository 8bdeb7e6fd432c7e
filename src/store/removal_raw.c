/* The bytes of what is removed, last and one by one. What may go was asked for in the transaction
 * that removed who named it, so after a crash at any instant what is to be removed is known, and
 * what is named is there. */
#include "store/removal.h"

#include "store/rows.h"

static gpointer read_text(DbRows *rows)
{
	return db_text_dup(rows, 0);
}

#define NAMED                                                                                      \
	"EXISTS (SELECT 1 FROM report WHERE report.sha256 = raw_message.sha256) OR "               \
	"EXISTS (SELECT 1 FROM original WHERE original.sha256 = raw_message.sha256) OR "           \
	"EXISTS (SELECT 1 FROM quarantine_result WHERE quarantine_result.sha256 = "                \
	"raw_message.sha256 AND quarantine_result.bytes_removed_at IS NULL)"

GPtrArray *removal_strays(Db *db, gint64 before, guint limit, GError **error)
{
	return rows_collect(db_query(db, error, "ii",
	                             "SELECT sha256 FROM raw_message WHERE stored_at < $1 AND NOT "
	                             "(" NAMED ") AND NOT EXISTS (SELECT 1 FROM raw_removal WHERE "
	                             "raw_removal.sha256 = raw_message.sha256) LIMIT $2",
	                             before, (gint64)limit),
	                    read_text, g_free, error);
}

gboolean removal_ask(Db *db, const char *sha256, GError **error)
{
	return db_run(db, NULL, error, "t",
	              "INSERT INTO raw_removal (sha256) VALUES ($1) ON CONFLICT DO NOTHING",
	              sha256);
}

GPtrArray *removal_asked(Db *db, const char *after, guint limit, GError **error)
{
	return rows_collect(db_query(db, error, "ti",
	                             "SELECT sha256 FROM raw_removal WHERE sha256 > $1 ORDER BY "
	                             "sha256 LIMIT $2",
	                             after, (gint64)limit),
	                    read_text, g_free, error);
}

gboolean removal_answered(Db *db, const char *sha256, GError **error)
{
	return db_run(db, NULL, error, "t", "DELETE FROM raw_removal WHERE sha256 = $1", sha256);
}

typedef struct {
	gint64 size;
	gboolean in_row;
} RawRow;

static gpointer read_raw(DbRows *rows)
{
	RawRow *row = g_new0(RawRow, 1);
	row->size = db_int(rows, 0);
	row->in_row = db_int(rows, 1) != 0;
	return row;
}

/* Locked first, and asked about after: whoever keeps the same message meanwhile waits, or is seen.
 * One that another holds is left for the next run. */
gboolean removal_raw(Db *db, const char *sha256, gboolean *file, RetentionRun *run, GError **error)
{
	gint64 there = 0, named = 0;
	g_autoptr(GError) problem = NULL;
	const DbValue value = {.type = 't', .t = sha256};
	g_autofree char *lock = g_strconcat(
		"SELECT size, CASE WHEN content IS NULL THEN 0 ELSE 1 END FROM raw_message WHERE "
		"sha256 = $1",
		db_skip_locked(db), NULL);
	g_autofree RawRow *row =
		rows_find(db_query_values(db, &problem, lock, &value, 1), read_raw, &problem);
	*file = FALSE;
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	if (!rows_int(db_query(db, error, "t", "SELECT count(*) FROM raw_message WHERE sha256 = $1",
	                       sha256),
	              &there, error) ||
	    !rows_int(db_query(db, error, "t",
	                       "SELECT count(*) FROM raw_message WHERE sha256 = $1 AND (" NAMED ")",
	                       sha256),
	              &named, error))
		return FALSE;
	if (named)
		return removal_answered(db, sha256, error);
	if (!row) {
		*file = !there;
		return TRUE;
	}
	run->removed[REMOVED_MESSAGES]++;
	run->removed[REMOVED_BYTES] += row->size;
	*file = !row->in_row;
	return db_run(db, NULL, error, "t", "DELETE FROM raw_message WHERE sha256 = $1", sha256) &&
	       (*file || removal_answered(db, sha256, error));
}
