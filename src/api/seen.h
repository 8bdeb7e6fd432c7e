#pragma once
#include "api/request.h"
#include "model/incident.h"
#include "store/audit.h"

/* Sentences and records of what is seen may name what is not: an incident says which other one has
 * its Message-ID, a row of the ledger which response was quicker. These take the numbers out. They
 * change nothing for who sees everything. */

/** "Incident 7 …" becomes "Another incident …" where 7 is not seen, the same of responses. @text
 * may be JSON, or NULL. */
gboolean seen_text(Db *db, const Sight *sight, char **text, GError **error);

/** The findings of incidents; of Incident. */
gboolean seen_incidents(Db *db, const Sight *sight, const GPtrArray *incidents, GError **error);

/** Leaves of the numbers (of gint64) those of incidents that are seen. */
gboolean seen_numbers(Db *db, const Sight *sight, GArray *incidents, GError **error);

/** What a record says. */
gboolean seen_record(Db *db, const Sight *sight, AuditRecord *record, GError **error);
