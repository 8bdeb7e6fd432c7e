#pragma once
#include "store/sight.h"

/* Teams: people and API keys who see what came from certain sources, and work on it together. */

/* Whoever or whatever belongs to a team, by number and name. */
typedef struct {
	gint64 id; /* of the user, the key, the source */
	char *name;
	char *display_name; /* of a user, or NULL */
	gboolean gone;      /* it was deleted, and what it brought is still seen */
} TeamPart;

typedef struct {
	gint64 id;
	char *name, *description;
	gint64 created_at, revision;
	GPtrArray *members, *keys,
		*sources; /* of TeamPart, by name; NULL when they were not read */
} Team;
void team_free(Team *team);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Team, team_free)

/** Sets @team's id. TRAWL_ERROR_CONFLICT when the name is taken. */
gboolean team_insert(Db *db, Team *team, GError **error);
/** With its parts. */
Team *team_load(Db *db, gint64 id, GError **error);
/** By its name, without its parts; NULL without an error. */
Team *team_find(Db *db, const char *name, GError **error);
/** Those that are seen, by name, with their parts; of Team. */
GPtrArray *team_list(Db *db, const Sight *sight, GError **error);
/** Writes name and description; @expected as of incident_save(). */
gboolean team_update(Db *db, const Team *team, gint64 expected, GError **error);

/* Which parts. */
typedef enum { TEAM_MEMBERS, TEAM_KEYS, TEAM_SOURCES } TeamParts;

/**
 * Replaces the parts of one sort by those with the numbers @ids (of gint64). TRAWL_ERROR_INVALID
 * when there is none of a number, in words that begin with @what.
 *
 * What members see is another thing then: call team_note_change() before and after.
 */
gboolean team_set_parts(Db *db, gint64 team_id, TeamParts parts, const GArray *ids,
                        const char *what, GError **error);

/** Says that what its members see is another thing from @revision on: lists that they keep have to
 * be read anew. */
gboolean team_note_change(Db *db, gint64 team_id, gint64 revision, GError **error);

/** Open incidents that are assigned to it. */
gboolean team_count_incidents(Db *db, gint64 id, gint64 *count, GError **error);
/** Takes it away, with all that its members saw by it. Closed incidents go on naming it. */
gboolean team_delete(Db *db, gint64 id, gint64 at, gint64 revision, GError **error);
