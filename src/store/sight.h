#pragma once
#include "db/db.h"
#include "store/search.h"

/* Who sees what: everything, or what their teams do.
 *
 * A team sees an incident when a report of it came from one of the team's sources, or when it is
 * assigned to the team or to the one who looks; and with an incident all that belongs to it. The
 * rule stands here alone: lists take a Sight in their Page, single objects are asked for by
 * sight_check(). It is looked up anew in each statement, so a change counts from the next one on.
 */

typedef struct {
	gboolean everything;
	gint64 viewer;   /* an API key's number, or minus a user's: whose teams count */
	gint64 revision; /* of the change that last made what is seen more or less */
} Sight;

/** For Trawl's own work. One that is all zeros sees nothing. */
extern const Sight sight_everything;
/** "everything", "teams", NULL: the values of the column sight. */
extern const char *const sight_names[];

/* What a number names. */
typedef enum {
	SEEN_INCIDENT,
	SEEN_ALERT,
	SEEN_REPORT,
	SEEN_ORIGINAL,
	SEEN_RESPONSE,
	SEEN_COMMENT,
	SEEN_SOURCE,
	SEEN_MAIL_SERVER,
	SEEN_REPORTER,
	SEEN_JOB,
	SEEN_TEAM,
	SEEN_VIEW,
	SEEN_PERSON,
	SEEN_KINDS
} SeenKind;

/** TRAWL_ERROR_NOT_FOUND, in the words for what is not there, when it is not seen. Asks nothing
 * for who sees everything. */
gboolean sight_check(Db *db, const Sight *sight, SeenKind kind, gint64 id, GError **error);

/** Whether it is seen; @seen (out). */
gboolean sight_sees(Db *db, const Sight *sight, SeenKind kind, gint64 id, gboolean *seen,
                    GError **error);

/** All incidents that are seen, for who does not see everything. */
SearchSet *sight_incidents(Db *db, const Sight *sight, GError **error);

/** The incidents that were the viewer's, or a team's of theirs, until a revision after @after and
 * up to @to, and that they see no more, in order; of gint64. @newest (out) is the newest such
 * revision, or @after. */
GArray *sight_gone(Db *db, const Sight *sight, gint64 after, gint64 to, gint64 *newest,
                   GError **error);
