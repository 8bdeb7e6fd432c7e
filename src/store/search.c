/* The index of words: one row a word and 4096 incidents.
 *
 * A row says which of its incidents have the word: as a list of two octets each while it is short,
 * as a map of 4096 bits when that is shorter. So a word that every message has costs an eighth of
 * an octet an incident, one that a single message has costs two, and any question is answered by
 * reading few rows and doing what is left in memory — on both databases the same way, since it is
 * octets that are compared. */
#include "store/search.h"

#include "store/rows.h"

#include <string.h>

#define BLOCK    4096 /* incidents */
#define MAP_SIZE (BLOCK / 8)
#define AS_LIST  'l'
#define AS_MAP   'm'

struct SearchSet {
	GByteArray *map; /* a bit an incident, from number 0 */
};

SearchSet *search_set_new(void)
{
	SearchSet *set = g_new0(SearchSet, 1);
	set->map = g_byte_array_new();
	return set;
}

void search_set_free(SearchSet *set)
{
	if (!set)
		return;
	g_byte_array_unref(set->map);
	g_free(set);
}

/* Room for so many octets, zero where nothing was. */
static void grow(SearchSet *set, guint size)
{
	guint before = set->map->len;
	if (size <= before)
		return;
	g_byte_array_set_size(set->map, size);
	memset(set->map->data + before, 0, size - before);
}

void search_set_add(SearchSet *set, gint64 incident_id)
{
	grow(set, (guint)(incident_id / BLOCK + 1) * MAP_SIZE);
	set->map->data[incident_id / 8] |= (guint8)(1 << (incident_id % 8));
}

void search_set_and(SearchSet *set, const SearchSet *other)
{
	for (guint i = 0; i < set->map->len; i++)
		set->map->data[i] &= i < other->map->len ? other->map->data[i] : 0;
}

void search_set_or(SearchSet *set, const SearchSet *other)
{
	grow(set, other->map->len);
	for (guint i = 0; i < other->map->len; i++)
		set->map->data[i] |= other->map->data[i];
}

void search_set_without(SearchSet *set, const SearchSet *other)
{
	for (guint i = 0; i < MIN(set->map->len, other->map->len); i++)
		set->map->data[i] &= (guint8)~other->map->data[i];
}

gint64 search_set_before(const SearchSet *set, gint64 before)
{
	gint64 size = (gint64)set->map->len * 8;
	gint64 id = before > 0 && before <= size ? before - 1 : size - 1;
	while (id > 0) {
		guint8 octet = set->map->data[id / 8];
		if (octet & (1 << (id % 8)))
			return id;
		id = octet & ((1 << (id % 8)) - 1) ? id - 1 : id - id % 8 - 1;
	}
	return 0;
}

gint64 search_set_count(const SearchSet *set)
{
	gint64 count = 0;
	for (guint i = 0; i < set->map->len; i++)
		count += __builtin_popcount(set->map->data[i]);
	return count;
}

/* --- rows ---------------------------------------------------------------------------------------
 */

static void unpack_row(GBytes *row, guint8 map[MAP_SIZE])
{
	gsize size = 0;
	const guint8 *octets = row ? g_bytes_get_data(row, &size) : NULL;
	memset(map, 0, MAP_SIZE);
	if (size == 1 + MAP_SIZE && octets[0] == AS_MAP)
		memcpy(map, octets + 1, MAP_SIZE);
	else if (size > 0 && octets[0] == AS_LIST)
		for (gsize i = 1; i + 1 < size; i += 2) {
			guint at = (guint)(octets[i] << 8 | octets[i + 1]) % BLOCK;
			map[at / 8] |= (guint8)(1 << (at % 8));
		}
}

/* NULL when nothing is left. */
static GBytes *pack_row(const guint8 map[MAP_SIZE])
{
	guint count = 0, used = 0;
	guint8 row[1 + MAP_SIZE] = {AS_MAP};
	for (guint i = 0; i < MAP_SIZE; i++)
		count += (guint)__builtin_popcount(map[i]);
	if (count == 0)
		return NULL;
	if (count * 2 >= MAP_SIZE) {
		memcpy(row + 1, map, MAP_SIZE);
		return g_bytes_new(row, sizeof row);
	}
	row[used++] = AS_LIST;
	for (guint at = 0; at < BLOCK; at++)
		if (map[at / 8] & (1 << (at % 8))) {
			row[used++] = (guint8)(at >> 8);
			row[used++] = (guint8)at;
		}
	return g_bytes_new(row, used);
}

static GBytes *octets_of(const char *word, gboolean end)
{
	/* No text has the octet 0xff: it comes after everything that begins with the word. */
	g_autofree char *text = g_strconcat(word, end ? "\xff" : NULL, NULL);
	return g_bytes_new(text, strlen(text));
}

gboolean search_look_up(Db *db, const char *word, gboolean prefix, guint most, SearchSet *set,
                        guint *found, GError **error)
{
	guint8 map[MAP_SIZE];
	g_autoptr(GError) problem = NULL;
	g_autoptr(GBytes) from = octets_of(word, FALSE), to = octets_of(word, TRUE);
	g_autoptr(DbRows) rows =
		prefix ? db_query(db, error, "bbi",
	                          "SELECT block, incidents FROM search_word WHERE word >= $1 AND "
	                          "word < $2 LIMIT $3",
	                          from, to, (gint64)most)
		       : db_query(db, error, "bi",
	                          "SELECT block, incidents FROM search_word WHERE word = $1 LIMIT "
	                          "$2",
	                          from, (gint64)most);
	*found = 0;
	if (!rows)
		return FALSE;
	while (db_rows_next(rows, &problem)) {
		gint64 block = db_int(rows, 0);
		g_autoptr(GBytes) packed = db_bytes(rows, 1);
		unpack_row(packed, map);
		grow(set, (guint)(block + 1) * MAP_SIZE);
		for (guint i = 0; i < MAP_SIZE; i++)
			set->map->data[(guint)block * MAP_SIZE + i] |= map[i];
		++*found;
	}
	if (!problem)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

static gpointer read_octets(DbRows *rows)
{
	return db_bytes(rows, 0);
}

static gboolean write_row(Db *db, GBytes *word, gint64 block, GBytes *row, GError **error)
{
	if (!row)
		return db_run(db, NULL, error, "bi",
		              "DELETE FROM search_word WHERE word = $1 AND block = $2", word,
		              block);
	return db_run(db, NULL, error, "bib",
	              "INSERT INTO search_word (word, block, incidents) VALUES ($1, $2, $3) "
	              "ON CONFLICT (word, block) DO UPDATE SET incidents = excluded.incidents",
	              word, block, row);
}

/* Sets or clears those of @incidents that are in @block. */
static gboolean change_block(Db *db, GBytes *word, gint64 block, const GArray *incidents,
                             gboolean has, GError **error)
{
	guint8 map[MAP_SIZE];
	g_autoptr(GError) problem = NULL;
	g_autoptr(GBytes) before = rows_find(
		db_query(db, &problem, "bi",
	                 "SELECT incidents FROM search_word WHERE word = $1 AND block = $2", word,
	                 block),
		read_octets, &problem);
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	unpack_row(before, map);
	for (guint i = 0; i < incidents->len; i++) {
		gint64 id = g_array_index(incidents, gint64, i);
		if (id / BLOCK != block)
			continue;
		guint8 bit = (guint8)(1 << (id % 8));
		guint8 *octet = &map[id % BLOCK / 8];
		*octet = has ? *octet | bit : *octet & (guint8)~bit;
	}
	g_autoptr(GBytes) after = pack_row(map);
	return (before && after && g_bytes_equal(before, after)) ||
	       write_row(db, word, block, after, error);
}

static gboolean change(Db *db, const char *word, const GArray *incidents, gboolean has,
                       GError **error)
{
	g_autoptr(GBytes) octets = octets_of(word, FALSE);
	for (guint i = 0; i < incidents->len; i++) {
		gint64 block = g_array_index(incidents, gint64, i) / BLOCK;
		gboolean done = FALSE;
		for (guint j = 0; j < i && !done; j++)
			done = g_array_index(incidents, gint64, j) / BLOCK == block;
		if (!done && !change_block(db, octets, block, incidents, has, error))
			return FALSE;
	}
	return TRUE;
}

gboolean search_add(Db *db, const char *word, const GArray *incidents, GError **error)
{
	return change(db, word, incidents, TRUE, error);
}

gboolean search_remove(Db *db, const char *word, const GArray *incidents, GError **error)
{
	return change(db, word, incidents, FALSE, error);
}

/* --- what is to be indexed ----------------------------------------------------------------------
 */

static gpointer read_work(DbRows *rows)
{
	SearchWork *work = g_new0(SearchWork, 1);
	work->id = db_int(rows, 0);
	work->revision = db_int(rows, 1);
	work->original_id = db_int(rows, 2);
	work->first_hand = db_int(rows, 3) != 0;
	work->report_count = db_int(rows, 4);
	work->same = db_int(rows, 5) != 0;
	work->known = work->same && db_int(rows, 6) == work->report_count;
	work->content_removed_at = db_int(rows, 7);
	return work;
}

GPtrArray *search_next(Db *db, gint64 revision, gint64 id, guint limit, GError **error)
{
	return rows_collect(
		db_query(
			db, error, "iii",
			"SELECT incident.id, incident.revision, COALESCE(incident.original_id, 0), "
			"COALESCE(original.first_hand, 0), incident.report_count, "
			"CASE WHEN search_incident.original_id = COALESCE(incident.original_id, 0) "
			"AND search_incident.first_hand = COALESCE(original.first_hand, 0) "
			"THEN 1 ELSE 0 END, COALESCE(search_incident.report_count, -1), "
			"COALESCE(incident.content_removed_at, 0) "
			"FROM incident LEFT JOIN original ON original.id = incident.original_id "
			"LEFT JOIN search_incident ON search_incident.incident_id = incident.id "
			"WHERE (incident.revision, incident.id) > ($1, $2) "
			"ORDER BY incident.revision, incident.id LIMIT $3",
			revision, id, (gint64)limit),
		read_work, g_free, error);
}

gboolean search_mark(Db *db, const SearchWork *work, gboolean whole, GError **error)
{
	return db_run(db, NULL, error, "iiiiii",
	              "INSERT INTO search_incident (incident_id, original_id, first_hand, "
	              "report_count, whole) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (incident_id) "
	              "DO UPDATE SET original_id = excluded.original_id, "
	              "first_hand = excluded.first_hand, report_count = excluded.report_count, "
	              "whole = CASE WHEN $6 = 1 AND search_incident.whole = 0 THEN 0 "
	              "ELSE excluded.whole END",
	              work->id, work->original_id, (gint64)work->first_hand, work->report_count,
	              (gint64)whole, (gint64)work->same);
}

gboolean search_unmark(Db *db, gint64 incident_id, GError **error)
{
	return db_run(db, NULL, error, "i", "DELETE FROM search_incident WHERE incident_id = $1",
	              incident_id);
}

gboolean search_is_there(Db *db, const SearchWork *work, gboolean *there, GError **error)
{
	gint64 n = 0;
	gboolean ok = rows_int(db_query(db, error, "ii",
	                                "SELECT count(*) FROM incident WHERE id = $1 AND "
	                                "COALESCE(content_removed_at, 0) = $2",
	                                work->id, work->content_removed_at),
	                       &n, error);
	*there = n > 0;
	return ok;
}

static gpointer read_text(DbRows *rows)
{
	return db_text_dup(rows, 0);
}

GPtrArray *search_recipients(Db *db, gint64 incident_id, guint limit, GError **error)
{
	return rows_collect(db_query(db, error, "ii",
	                             "SELECT DISTINCT recipient FROM alert WHERE incident_id = $1 "
	                             "LIMIT $2",
	                             incident_id, (gint64)limit),
	                    read_text, g_free, error);
}

void search_report_free(SearchReport *report)
{
	if (!report)
		return;
	g_free(report->reporter);
	g_free(report->name);
	g_free(report->subject);
	g_free(report->sha256);
	g_free(report);
}

static gpointer read_report(DbRows *rows)
{
	SearchReport *report = g_new0(SearchReport, 1);
	report->reporter = db_text_dup(rows, 0);
	report->name = db_text_dup(rows, 1);
	report->subject = db_text_dup(rows, 2);
	report->sha256 = db_text_dup(rows, 3);
	return report;
}

GPtrArray *search_reports(Db *db, gint64 incident_id, guint limit, GError **error)
{
	return rows_collect(db_query(db, error, "ii",
	                             "SELECT reporter, reporter_name, subject, sha256 FROM "
	                             "report_incident JOIN report ON report.id = report_id "
	                             "WHERE report_incident.incident_id = $1 "
	                             "ORDER BY report_id DESC LIMIT $2",
	                             incident_id, (gint64)limit),
	                    read_report, (GDestroyNotify)search_report_free, error);
}
