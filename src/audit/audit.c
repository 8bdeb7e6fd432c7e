/* The audit chain: each record carries a hash over the one before it and over its own columns, so
 * none can be changed, left out or put in between without every later hash showing it. */
#include "audit/audit.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "store/audit.h"

#include <string.h>

#define PAGE 500 /* records held in memory at a time while verifying */

/* A text goes into the hash with its length in front, so that no two records have one encoding. */
static void add_text(GChecksum *sum, const char *text)
{
	guint64 length = GUINT64_TO_BE(strlen(text));
	g_checksum_update(sum, (const guchar *)&length, sizeof length);
	g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text));
}

static void add_number(GChecksum *sum, gint64 number)
{
	gint64 octets = GINT64_TO_BE(number);
	g_checksum_update(sum, (const guchar *)&octets, sizeof octets);
}

char *audit_hash(const char *previous, gint64 seq, gint64 at, const char *actor, const char *action,
                 const char *object_kind, gint64 object_id, gint64 incident_id, const char *detail)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	add_text(sum, previous);
	add_number(sum, seq);
	add_number(sum, at);
	add_text(sum, actor);
	add_text(sum, action);
	add_text(sum, object_kind);
	add_number(sum, object_id);
	add_number(sum, incident_id);
	add_text(sum, detail);
	return g_strdup(g_checksum_get_string(sum));
}

static char *hash_of(const AuditRecord *record, const char *previous)
{
	return audit_hash(previous, record->seq, record->at, record->actor, record->action,
	                  record->object_kind, record->object_id, record->incident_id,
	                  record->detail);
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
	g_autofree char *text = record.detail = json_format(document);
	g_autofree char *hash = record.hash = hash_of(&record, previous);
	if (seq)
		*seq = record.seq;
	return audit_insert(db, &record, error);
}

/* Why the record cannot follow the one before it; NULL when it fits. */
static char *misfit(const AuditRecord *record, gint64 seq, const char *previous)
{
	g_autofree char *hash = hash_of(record, previous);
	if (record->seq != seq)
		return g_strdup_printf("audit record %" G_GINT64_FORMAT " is missing", seq);
	if (strcmp(hash, record->hash) != 0)
		return g_strdup_printf("audit record %" G_GINT64_FORMAT
		                       " is not what was written, or the one before it is not",
		                       seq);
	return NULL;
}

gboolean audit_verify(Db *db, gint64 *checked, GError **error)
{
	g_autofree char *previous = g_strdup("");
	for (*checked = 0;;) {
		g_autoptr(GPtrArray) page = audit_list(db, *checked, 0, PAGE, error);
		if (!page)
			return FALSE;
		for (guint i = 0; i < page->len; i++, ++*checked) {
			const AuditRecord *record = page->pdata[i];
			g_autofree char *why = misfit(record, *checked + 1, previous);
			if (why) {
				g_set_error_literal(error, TRAWL_ERROR, TRAWL_ERROR_CONFLICT, why);
				return FALSE;
			}
			g_free(previous);
			previous = g_strdup(record->hash);
		}
		if (page->len < PAGE)
			return TRUE;
	}
}
