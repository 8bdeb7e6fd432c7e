#pragma once
#include "db/db.h"

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
 * AuditRecord. */
GPtrArray *audit_list(Db *db, gint64 after, gint64 incident_id, guint limit, GError **error);

/** The hash of a record, from the hash before it ("" for the first) and its own columns; hex, newly
 * allocated. */
char *audit_record_hash(const AuditRecord *record, const char *previous);
/** Walks the chain from its start. @checked (out) gets the number of records that fit; @misfit
 * (out) one sentence about the first that does not, newly allocated, or NULL. */
gboolean audit_walk(Db *db, gint64 *checked, char **misfit, GError **error);
