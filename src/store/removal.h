#pragma once
#include "store/retention.h"

/* Removing what is past its period, some rows of a transaction at a time. What counts as past is
 * here and nowhere else: the preview and the removal ask the same.
 *
 * Nothing is removed of an incident that is open, on hold, or has a response that is not done, nor
 * while a message of it may still be put back. A report, an original and the bytes of a message
 * stay as long as anything names them that stays. */

/* When what is past its period is from; 0: nothing is. */
typedef struct {
	gint64 before[RETENTION_PERIODS];
} RemovalTime;
RemovalTime removal_time(const RetentionPlan *plan, gint64 now);

/* Where a walk over incidents stands; zeros: at its beginning. */
typedef struct {
	gint64 closed_at, id;
} RemovalPlace;

/** The next incidents that are past their period, oldest first (GArray of gint64), at most @limit
 * or with so many alerts and reports together. On PostgreSQL their rows are locked. Moves @place.
 */
GArray *removal_next(Db *db, const RemovalTime *time, RemovalPlace *place, guint limit,
                     GError **error);
/** Is it still? Asked under its lock, with a snapshot that is newer than the lock. */
gboolean removal_is_due(Db *db, const RemovalTime *time, gint64 id, gboolean *due, GError **error);
/** Removes an incident whole; its words are out of the index already. Adds to run->removed. */
gboolean removal_incident(Db *db, gint64 id, gint64 now, RetentionRun *run, GError **error);

/** The same for incidents whose messages are past their period, and for ones of which something
 * can be put back no longer. */
GArray *removal_next_content(Db *db, const RemovalTime *time, RemovalPlace *place, guint limit,
                             GError **error);
gboolean removal_is_content_due(Db *db, const RemovalTime *time, gint64 id, gboolean *due,
                                GError **error);
gboolean removal_content(Db *db, gint64 id, gint64 now, gint64 revision, RetentionRun *run,
                         GError **error);
GArray *removal_next_undo(Db *db, const RemovalTime *time, RemovalPlace *place, guint limit,
                          GError **error);
gboolean removal_is_undo_due(Db *db, const RemovalTime *time, gint64 id, gboolean *due,
                             GError **error);
gboolean removal_undo(Db *db, gint64 id, gint64 now, gint64 revision, RetentionRun *run,
                      GError **error);

/** Removes reports whose message was gone before it was fetched, with the period of nuisance. @n
 * (out) how many, at most @limit. */
gboolean removal_gone_reports(Db *db, const RemovalTime *time, guint limit, RetentionRun *run,
                              gint64 *n, GError **error);

/** Raw messages that nothing names and nobody has asked about, of before @before; of char *. */
GPtrArray *removal_strays(Db *db, gint64 before, guint limit, GError **error);
/** Asks whether a raw message may go. */
gboolean removal_ask(Db *db, const char *sha256, GError **error);
/** Those asked about, after @after, at most @limit; of char *. */
GPtrArray *removal_asked(Db *db, const char *after, guint limit, GError **error);
/** Removes its row when nothing names it. @file (out): what is left of it, if anything, is a file,
 * and it is asked about until removal_answered(). */
gboolean removal_raw(Db *db, const char *sha256, gboolean *file, RetentionRun *run, GError **error);
gboolean removal_answered(Db *db, const char *sha256, GError **error);

/** Deletes rows of @period (sessions, jobs, polls, answers) that are past it, at most @limit. */
gboolean removal_rows(Db *db, RetentionPeriod period, gint64 before, guint limit, gint64 *n,
                      GError **error);

/** Up to where the audit log may be removed: the last record before @before, and before the first
 * of an incident that is open or on hold, or of a response that is not done. 0: nowhere. */
gboolean removal_audit_end(Db *db, gint64 before, gint64 *seq, GError **error);

/* What a plan would remove now. */
typedef struct {
	gint64 incidents, contents, copies, reports; /* what goes */
	gint64 bytes;          /* of messages, at most: some may be shared with what stays */
	gint64 oldest_at;      /* when the oldest of these incidents was opened; 0: none */
	gint64 held, put_back; /* incidents past their period that stay: on hold, or a message
	                          of theirs may still be put back */
	gint64 audit_records, audit_until; /* seq of the last of them */
} RemovalPreview;
gboolean removal_preview(Db *db, const RemovalTime *time, RemovalPreview *preview, GError **error);
