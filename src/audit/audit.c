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

gboolean audit_verify(Db *db, gint64 *checked, GError **error)
{
	g_autofree char *misfit = NULL;
	if (!audit_walk(db, checked, &misfit, error))
		return FALSE;
	if (!misfit)
		return TRUE;
	g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT, misfit);
	return FALSE;
}
