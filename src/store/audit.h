#pragma once
#include "store/sight.h"

/* Rows of the audit chain; audit/audit.h is what everybody else uses. */

typedef struct {
	gint64 seq, at;
	char *actor, *action, *object_kind;
	gint64 object_id;
	gint64 incident_id; /* 0: none */
	char *detail;       /* JSON object */
	char *hash;
} AuditRecord;

void audit_record_free(AuditRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AuditRecord, audit_record_free)

/** The newest record's seq and hash (0 and "" for an empty chain), holding the chain until the
 * transaction ends. */
gboolean audit_head(Db *db, gint64 *seq, char **hash, GError **error);
/** The newest record's seq, 0 for an empty chain; holds nothing, for readers. */
gboolean audit_last(Db *db, gint64 *seq, GError **error);
gboolean audit_insert(Db *db, const AuditRecord *record, GError **error);
/* In place of an incident's number: everything, or what belongs to any incident. */
#define AUDIT_ALL          0
#define AUDIT_OF_INCIDENTS (-1)

/** Records after @seq in order, at most @limit; of one incident, or one of the two above. Of
 * AuditRecord. Who does not see everything gets those of the incidents that they see. */
GPtrArray *audit_list(Db *db, const Sight *sight, gint64 after, gint64 incident_id, guint limit,
                      GError **error);

/** Whether something was changed after @seq that may have changed what somebody may do or see. */
gboolean audit_touches_access(Db *db, gint64 seq, gboolean *touches, GError **error);

/* What of the log is looked for; what is NULL or 0 is off. */
typedef struct {
	gint64 incident_id; /* or one of the two above */
	const char *actor;  /* a part of it; case of ASCII letters makes no difference */
	const char *action; /* what it begins with */
	const char *object_kind;
	gint64 object_id;    /* only with a kind */
	gint64 since, until; /* wall-clock µs; until is not included */
	const char *text;    /* a part of the action or of the detail, as with the actor */
} AuditFilter;

typedef struct {
	gboolean newest_first;
	gint64 from; /* the seq after which, or before which, the page begins; 0: at the end */
	guint limit;
	gint64 next; /* (out) where the next page begins; 0: there is none */
} AuditPage;

/** So many records are looked through for one page. Tests make it small. */
extern gint64 audit_looked_through;

/** One page of what is looked for, of AuditRecord. It may have fewer than its limit, even none,
 * though there is a next one, for only so much is looked through at once. */
GPtrArray *audit_find(Db *db, const Sight *sight, const AuditFilter *filter, AuditPage *page,
                      GError **error);

/** The hash of a record, from the hash before it ("" for the first) and its own columns; hex, newly
 * allocated. */
char *audit_record_hash(const AuditRecord *record, const char *previous);
/* Where the chain begins: after the record that was removed last. */
typedef struct {
	gint64 seq; /* 0: nothing was removed */
	char *hash; /* what the first record follows; "" when nothing was removed */
	gint64 at;  /* of that record */
} AuditAnchor;
void audit_anchor_clear(AuditAnchor *anchor);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AuditAnchor, audit_anchor_clear)
gboolean audit_anchor_load(Db *db, AuditAnchor *anchor, GError **error);
/** Removes the records up to @seq, and moves the anchor there; @removed (out) how many. The caller
 * appends the record that says so, AUDIT_TRIM. */
gboolean audit_remove(Db *db, gint64 seq, AuditAnchor *anchor, gint64 *removed, GError **error);
/* The action of that record; its detail has "up_to" and "hash". */
#define AUDIT_TRIM "audit.trim"

/** Walks the chain from its beginning. @anchor (out) is where that is; what follows it has to say
 * that what was before was removed. @checked (out) gets the number of records that fit; @misfit
 * (out) one sentence about the first that does not, newly allocated, or NULL. */
gboolean audit_walk(Db *db, AuditAnchor *anchor, gint64 *checked, char **misfit, GError **error);
