/* Teams and what belongs to them.
 *
 * A deleted source stays with its teams, for what it brought is still theirs to see; a deleted
 * person or a revoked key does not. */
#include "store/team.h"

#include "base/error.h"
#include "store/rows.h"
#include "store/seen.h"

#define COLUMNS "team.id, team.name, team.description, team.created_at, team.revision"

static void part_free(gpointer data)
{
	TeamPart *part = data;
	g_free(part->name);
	g_free(part->display_name);
	g_free(part);
}

void team_free(Team *team)
{
	if (!team)
		return;
	g_free(team->name);
	g_free(team->description);
	g_clear_pointer(&team->members, g_ptr_array_unref);
	g_clear_pointer(&team->keys, g_ptr_array_unref);
	g_clear_pointer(&team->sources, g_ptr_array_unref);
	g_free(team);
}

static gpointer read_team(DbRows *rows)
{
	Team *team = g_new0(Team, 1);
	team->id = db_int(rows, 0);
	team->name = db_text_dup(rows, 1);
	team->description = db_text_dup(rows, 2);
	team->created_at = db_int(rows, 3);
	team->revision = db_int(rows, 4);
	return team;
}

static gpointer read_part(DbRows *rows)
{
	TeamPart *part = g_new0(TeamPart, 1);
	part->id = db_int(rows, 0);
	part->name = db_text_dup(rows, 1);
	part->display_name = db_text_dup(rows, 2);
	part->gone = db_int(rows, 3) != 0;
	return part;
}

/* One row a sort of parts: who they are, how they are added, and how all are taken out. */
static const struct {
	const char *list, *exists, *add, *clear;
} parts_sql[] = {
	[TEAM_MEMBERS] = {"SELECT user_account.id, user_account.name, user_account.display_name, 0 "
                          "FROM team_member JOIN user_account ON user_account.id = 0 - member_id "
                          "WHERE team_id = $1 AND user_account.deleted_at IS NULL ORDER BY "
                          "user_account.name",
                          "SELECT 1 FROM user_account WHERE id = $1 AND deleted_at IS NULL",
                          "INSERT INTO team_member (team_id, member_id) VALUES ($1, 0 - $2) ON "
                          "CONFLICT DO NOTHING",
                          "DELETE FROM team_member WHERE team_id = $1 AND member_id < 0"},
	[TEAM_KEYS] = {"SELECT api_key.id, api_key.name, NULL, 0 FROM team_member JOIN api_key ON "
                       "api_key.id = member_id WHERE team_id = $1 AND revoked_at IS NULL ORDER BY "
                       "api_key.name, api_key.id",
                       "SELECT 1 FROM api_key WHERE id = $1 AND revoked_at IS NULL AND owner_id IS "
                       "NULL",
                       "INSERT INTO team_member (team_id, member_id) VALUES ($1, $2) ON CONFLICT "
                       "DO NOTHING",
                       "DELETE FROM team_member WHERE team_id = $1 AND member_id > 0"},
	[TEAM_SOURCES] =
		{"SELECT source.id, source.name, NULL, CASE WHEN deleted_at IS NULL THEN 0 "
                 "ELSE 1 END FROM team_source JOIN source ON source.id = source_id WHERE "
                 "team_id = $1 ORDER BY source.name, source.id",
                 "SELECT 1 FROM source WHERE id = $1",
                 "INSERT INTO team_source (team_id, source_id) VALUES ($1, $2) ON "
                 "CONFLICT DO NOTHING",
                 "DELETE FROM team_source WHERE team_id = $1"},
};

static GPtrArray *list_parts(Db *db, gint64 team_id, TeamParts parts, GError **error)
{
	return rows_collect(db_query(db, error, "i", parts_sql[parts].list, team_id), read_part,
	                    part_free, error);
}

static gboolean read_parts(Db *db, Team *team, GError **error)
{
	return (team->members = list_parts(db, team->id, TEAM_MEMBERS, error)) &&
	       (team->keys = list_parts(db, team->id, TEAM_KEYS, error)) &&
	       (team->sources = list_parts(db, team->id, TEAM_SOURCES, error));
}

static gboolean name_conflict(const char *name, GError **error)
{
	if (error && g_error_matches(*error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT)) {
		g_clear_error(error);
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT,
		            "there is a team called \"%s\" already", name);
	}
	return FALSE;
}

gboolean team_insert(Db *db, Team *team, GError **error)
{
	return rows_int(db_query(db, error, "ttii",
	                         "INSERT INTO team (name, description, created_at, revision) "
	                         "VALUES ($1, $2, $3, $4) RETURNING id",
	                         team->name, team->description, team->created_at, team->revision),
	                &team->id, error) ||
	       name_conflict(team->name, error);
}

Team *team_load(Db *db, gint64 id, GError **error)
{
	g_autoptr(Team) team = rows_load(
		db_query(db, error, "i",
	                 "SELECT " COLUMNS " FROM team WHERE id = $1 AND deleted_at IS NULL", id),
		read_team, "team", id, error);
	return team && read_parts(db, team, error) ? g_steal_pointer(&team) : NULL;
}

Team *team_find(Db *db, const char *name, GError **error)
{
	return rows_find(db_query(db, error, "t",
	                          "SELECT " COLUMNS
	                          " FROM team WHERE name = $1 AND deleted_at IS NULL",
	                          name),
	                 read_team, error);
}

GPtrArray *team_list(Db *db, const Sight *sight, GError **error)
{
	DbRows *rows =
		sight->everything
			? db_query(db, error, "",
	                           "SELECT " COLUMNS
	                           " FROM team WHERE deleted_at IS NULL ORDER BY name")
			: db_query(db, error, "i",
	                           "SELECT " COLUMNS " FROM team WHERE deleted_at IS NULL AND id "
	                           "IN " SEEN_TEAMS("$1") " ORDER BY name",
	                           sight->viewer);
	g_autoptr(GPtrArray) teams =
		rows_collect(rows, read_team, (GDestroyNotify)team_free, error);
	for (guint i = 0; teams && i < teams->len; i++)
		if (!read_parts(db, teams->pdata[i], error))
			return NULL;
	return g_steal_pointer(&teams);
}

gboolean team_update(Db *db, const Team *team, gint64 expected, GError **error)
{
	gint64 changed = 0;
	if (!db_run(db, &changed, error, "ttiii",
	            "UPDATE team SET name = $1, description = $2, revision = $3 WHERE id = $4 AND "
	            "deleted_at IS NULL AND ($5 = 0 OR revision = $5)",
	            team->name, team->description, team->revision, team->id, expected))
		return name_conflict(team->name, error);
	return rows_check_saved(changed, expected, "team", team->id, error);
}

static gboolean add_part(Db *db, gint64 team_id, TeamParts parts, gint64 id, const char *what,
                         GError **error)
{
	gint64 one;
	g_autoptr(GError) problem = NULL;
	if (rows_int(db_query(db, &problem, "i", parts_sql[parts].exists, id), &one, &problem))
		return db_run(db, NULL, error, "ii", parts_sql[parts].add, team_id, id);
	if (!problem)
		g_set_error(&problem, TRAWL_ERROR, TRAWL_ERROR_INVALID,
		            "%s; there is none with %" G_GINT64_FORMAT, what, id);
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

gboolean team_set_parts(Db *db, gint64 team_id, TeamParts parts, const GArray *ids,
                        const char *what, GError **error)
{
	if (!db_run(db, NULL, error, "i", parts_sql[parts].clear, team_id))
		return FALSE;
	for (guint i = 0; i < ids->len; i++)
		if (!add_part(db, team_id, parts, g_array_index(ids, gint64, i), what, error))
			return FALSE;
	return TRUE;
}

gboolean team_note_change(Db *db, gint64 team_id, gint64 revision, GError **error)
{
	return db_run(db, NULL, error, "ii",
	              "UPDATE user_account SET sight_revision = $1 WHERE id IN (SELECT 0 - "
	              "member_id FROM team_member WHERE team_id = $2)",
	              revision, team_id) &&
	       db_run(db, NULL, error, "ii",
	              "UPDATE api_key SET sight_revision = $1 WHERE id IN (SELECT member_id FROM "
	              "team_member WHERE team_id = $2)",
	              revision, team_id);
}

gboolean team_count_incidents(Db *db, gint64 id, gint64 *count, GError **error)
{
	return rows_int(
		db_query(db, error, "i",
	                 "SELECT count(*) FROM incident WHERE team_id = $1 AND state = 'open'", id),
		count, error);
}

gboolean team_delete(Db *db, gint64 id, gint64 at, gint64 revision, GError **error)
{
	gint64 changed = 0;
	return team_note_change(db, id, revision, error) &&
	       db_run(db, NULL, error, "i", "DELETE FROM team_member WHERE team_id = $1", id) &&
	       db_run(db, NULL, error, "i", "DELETE FROM team_source WHERE team_id = $1", id) &&
	       db_run(db, &changed, error, "iii",
	              "UPDATE team SET deleted_at = $1, revision = $2 WHERE id = $3 AND "
	              "deleted_at IS NULL",
	              at, revision, id) &&
	       rows_check_saved(changed, 0, "team", id, error);
}
