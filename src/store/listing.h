#pragma once
#include "db/db.h"
#include "store/sight.h"

/* Filtered, paged lists for people: keyset paging by (revision or id), never OFFSET.
 *
 * A filter that is NULL, 0 or -1 is off. Rows come newest first by id, or, as a feed, in order of
 * revision; incidents also by what they need, the neediest first. */

typedef struct {
	const Sight *sight;   /* whose list it is; NULL sees nothing                      */
	gint64 before_id;     /* page: only ids below this; 0 from the top                */
	gboolean by_need;     /* incidents: ordered by (need, id), descending             */
	gint64 before_need;   /* by_need: with before_id, only what comes after that row  */
	gboolean feed;        /* instead: what changed, ascending by (revision, id)       */
	gint64 changed_since; /* feed: only revisions above this                          */
	gint64 after_id; /* feed: also ids above this of revision changed_since, since one change
	                    may touch many rows; 0 off */
	guint limit;     /* 1 to LIMIT_PAGE                                           */
} Page;

typedef struct {
	int state, severity, severity_min, disposition, kind; /* -1 off */
	int trusted,
		quarantined; /* 1, 0 or -1: a report of it is believed; copies are in quarantine */
	gboolean unassigned; /* to nobody and no team */
	gboolean mine;       /* the viewer's, or nobody's and a team's of theirs */
	gint64 opened_after, opened_before, closed_after; /* at or after; before */
	const char *form, *needs; /* of a report; a reason of store/need.h */
	const SearchSet *among;   /* NULL: off; at most LIMIT_FILTER_LINKS */
	const char *assignee, *reporter, *recipient, *message_id, *text; /* text: in the title */
	gint64 source_id;
	gint64 team_id; /* 0 off; -1: no team's name, so none */
} IncidentFilter;
GPtrArray *incident_list(Db *db, const IncidentFilter *filter, const Page *page,
                         GError **error); /* of Incident */

typedef struct {
	int state;
	gint64 incident_id, source_id, report_id;
	const char *recipient, *message_id;
} AlertFilter;
GPtrArray *alert_list_filtered(Db *db, const AlertFilter *filter, const Page *page,
                               GError **error); /* of Alert */

typedef struct {
	int state, trusted;
	gint64 source_id, incident_id, alert_id;
	const char *reporter;
} ReportFilter;
GPtrArray *report_list(Db *db, const ReportFilter *filter, const Page *page,
                       GError **error); /* of Report */

typedef struct {
	int state, kind;
	gint64 incident_id;
} ResponseFilter;
GPtrArray *response_list_filtered(Db *db, const ResponseFilter *filter, const Page *page,
                                  GError **error); /* of Response */

typedef struct {
	int state;
	const char *kind;
} JobFilter;
GPtrArray *job_list(Db *db, const JobFilter *filter, const Page *page,
                    GError **error); /* of Job; jobs have no feed */

typedef struct {
	gint64 incident_id, response_id; /* of a restore: the rows it undoes */
	int status;
} QuarantineResultFilter;
GPtrArray *quarantine_result_list_filtered(Db *db, const QuarantineResultFilter *filter,
                                           const Page *page, GError **error);

/** So many rows are many: what finds fewer is looked up and sorted. Tests make it small. */
extern gint64 listing_common;

/** Numbers for /metrics and the health page, as a JSON object of name -> integer (incidents_open,
 * jobs_ready, …). */
char *store_figures(Db *db, GError **error);
