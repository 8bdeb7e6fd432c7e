/* The audit chain: each record carries a hash over the one before it and over its own columns, so
 * none can be changed, left out or put in between without every later hash showing it. */
#include "audit/audit.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "store/audit.h"

char *audit_hash(const char *previous, gint64 seq, gint64 at, const char *actor, const char *action,
                 const char *object_kind, gint64 object_id, gint64 incident_id, const char *detail)
{
	const AuditRecord record = {
		.seq = seq,
		.at = at,
		.actor = (char *)actor,
		.action = (char *)action,
		.object_kind = (char *)object_kind,
		.object_id = object_id,
		.incident_id = incident_id,
		.detail = (char *)detail,
	};
	return audit_record_hash(&record, previous);
}

gboolean audit_append(Db *db, const char *actor, const char *action, const char *object_kind,
                      gint64 object_id, gint64 incident_id, json_t *detail, gint64 *seq,
                      GError **error)
{
	g_autoptr(json_t) document = detail ? detail : json_object();
	g_autofree char *previous = NULL;
	gint64 head = 0;
	if (!audit_head(db, &head, &previous, error))
		return FALSE;
	AuditRecord record = {
		.seq = head + 1,
		.at = clock_now(),
		.actor = (char *)actor,
		.action = (char *)action,
		.object_kind = (char *)object_kind,
		.object_id = object_id,
		.incident_id = incident_id,
	};
	g_autofree char *text = json_format(document);
	record.detail = text;
	g_autofree char *hash = audit_record_hash(&record, previous);
	record.hash = hash;
	if (seq)
		*seq = record.seq;
	return audit_insert(db, &record, error);
}

gboolean audit_verify(Db *db, gint64 *checked, AuditAnchor *anchor, GError **error)
{
	g_autofree char *misfit = NULL;
	g_auto(AuditAnchor) own = {0};
	if (!audit_walk(db, &own, checked, &misfit, error))
		return FALSE;
	if (anchor) {
		*anchor = own;
		own = (AuditAnchor){0};
	}
	if (!misfit)
		return TRUE;
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT, misfit);
	return FALSE;
}

gboolean audit_trim(Db *db, const char *actor, gint64 seq, gint64 *removed, GError **error)
{
	g_auto(AuditAnchor) anchor = {0};
	g_autofree char *head = NULL;
	gint64 last;
	/* held from here on: nobody appends meanwhile */
	if (!audit_head(db, &last, &head, error))
		return FALSE;
	g_assert(seq < last);
	if (!audit_remove(db, seq, &anchor, removed, error))
		return FALSE;
	json_t *detail = json_pack("{s:I, s:s, s:o, s:I}", "up_to", (json_int_t)anchor.seq, "hash",
	                           anchor.hash, "newest", json_time_new(anchor.at), "records",
	                           (json_int_t)*removed);
	return audit_append(db, actor, AUDIT_TRIM, "audit", 1, 0, detail, NULL, error);
}
