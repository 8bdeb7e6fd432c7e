#pragma once
#include "db/db.h"

/* How long things are kept, what may not be removed meanwhile, and what was removed when. The
 * removal itself is store/removal.h. */

typedef enum {
	RETENTION_CONTENT,  /* messages of closed incidents, and what was read in them          */
	RETENTION_UNDO,     /* bytes of what is in the quarantine: so long it can be put back   */
	RETENTION_INCIDENT, /* closed incidents whole                                           */
	RETENTION_NUISANCE, /* the same of spam, bulk and what was no report                    */
	RETENTION_AUDIT,    /* the audit log                                                    */
	RETENTION_SESSION,  /* sessions that ended                                              */
	RETENTION_JOB,      /* jobs that ended                                                  */
	RETENTION_POLL,     /* what became of polls                                             */
	RETENTION_ANSWER,   /* answers to requests that may be repeated                         */
	RETENTION_PERIODS
} RetentionPeriod;

typedef struct {
	const char *name;   /* "content_days" */
	gint64 least, most; /* days */
	gint64 usually;     /* days; 0: for ever */
	gboolean ever;      /* may be for ever */
} RetentionLimit;
extern const RetentionLimit retention_limits[RETENTION_PERIODS];

typedef struct {
	gint64 days[RETENTION_PERIODS]; /* 0: for ever */
	gint64 revision;                /* 0: as it comes */
} RetentionPlan;

gboolean retention_plan_load(Db *db, RetentionPlan *plan, GError **error);
gboolean retention_plan_save(Db *db, const RetentionPlan *plan, GError **error);
/** JSON object, a member a period; newly allocated. */
char *retention_plan_format(const RetentionPlan *plan);
/** What is from before this (wall) is past the period; 0: nothing is. */
gint64 retention_before(const RetentionPlan *plan, RetentionPeriod period, gint64 now);
/** When the next run is due, wall; 0: nobody has said yet. */
gboolean retention_due_load(Db *db, gint64 *at, GError **error);
gboolean retention_due_save(Db *db, gint64 at, GError **error);

/* Legal holds. */
typedef struct {
	gint64 incident_id;
	char *reason, *held_by;
	gint64 held_at;
	char *title; /* of the incident */
} IncidentHold;
void incident_hold_free(IncidentHold *hold);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IncidentHold, incident_hold_free)
/** NULL without an error when there is none. */
IncidentHold *incident_hold_find(Db *db, gint64 incident_id, GError **error);
/** Of IncidentHold, newest first, below @before incident (0: all), at most @limit. */
GPtrArray *incident_hold_list(Db *db, gint64 before, guint limit, GError **error);
gboolean incident_hold_insert(Db *db, const IncidentHold *hold, GError **error);
gboolean incident_hold_delete(Db *db, gint64 incident_id, GError **error);
/** When what an incident's messages said was removed; 0: it was not. */
gboolean incident_content_removed(Db *db, gint64 incident_id, gint64 *at, GError **error);

/* What a run has removed. */
typedef enum {
	REMOVED_INCIDENTS,
	REMOVED_REPORTS,
	REMOVED_CONTENTS, /* incidents whose messages are gone */
	REMOVED_COPIES,   /* that can be put back no more */
	REMOVED_MESSAGES, /* raw */
	REMOVED_BYTES,    /* of them, before compression */
	REMOVED_AUDIT,
	REMOVED_SESSIONS,
	REMOVED_JOBS,
	REMOVED_POLLS,
	REMOVED_ANSWERS,
	REMOVED_KINDS
} RemovedKind;
extern const char *const removed_names[]; /* "incidents", … */

typedef enum { RETENTION_RUNNING, RETENTION_DONE, RETENTION_FAILED } RetentionState;
extern const char *const retention_state_names[];

typedef struct {
	gint64 id;
	RetentionState state;
	char *error; /* in words, or NULL */
	char *plan;  /* JSON */
	gint64 removed[REMOVED_KINDS];
	gint64 started_at, finished_at; /* 0: not yet */
} RetentionRun;
void retention_run_free(RetentionRun *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RetentionRun, retention_run_free)
/** Sets @run's id, and forgets runs beyond the newest hundred. */
gboolean retention_run_insert(Db *db, RetentionRun *run, GError **error);
/** Writes state, error, removed, finished_at. */
gboolean retention_run_save(Db *db, const RetentionRun *run, GError **error);
/** Newest first; of RetentionRun. */
GPtrArray *retention_run_list(Db *db, GError **error);
/** {"incidents": 3, …}, without what is 0; newly allocated. */
char *retention_removed_format(const RetentionRun *run);
