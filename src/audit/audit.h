#pragma once
#include "store/audit.h"
#include <jansson.h>

/**
 * Appends a record to the chain, in the transaction that makes the change it tells of.
 *
 * The chain is one: transactions that append run one after the other from here to their commit, so
 * call this late. The record's seq is the revision to write into the rows that changed.
 *
 * @actor        "key:NAME", "worker", …
 * @action       "incident.open": object, dot, verb
 * @incident_id  0 when it belongs to no incident's activity
 * @detail       (transfer full) JSON object, or NULL for {}
 * @seq          (out)
 */
gboolean audit_append(Db *db, const char *actor, const char *action, const char *object_kind,
                      gint64 object_id, gint64 incident_id, json_t *detail, gint64 *seq,
                      GError **error);

/** The hash of a record, from the hash before it and its own columns; hex, newly allocated. */
char *audit_hash(const char *previous, gint64 seq, gint64 at, const char *actor, const char *action,
                 const char *object_kind, gint64 object_id, gint64 incident_id, const char *detail);

/** Walks the whole chain. FALSE with TRAWL_ERROR_CONFLICT naming the first record that does not
 * fit; @checked gets the number of good ones, @anchor (nullable) where it begins. */
gboolean audit_verify(Db *db, gint64 *checked, AuditAnchor *anchor, GError **error);

/** Removes the oldest records up to @seq, as @actor, and appends one that says so: by its hash the
 * chain can be verified from there on. */
gboolean audit_trim(Db *db, const char *actor, gint64 seq, gint64 *removed, GError **error);
