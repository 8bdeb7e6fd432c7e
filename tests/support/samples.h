#pragma once
#include "db/db.h"
#include "model/alert.h"
#include "model/incident.h"
#include "model/quarantine.h"
#include "model/report.h"
#include "model/source.h"

/* Rows of the store for tests, made inside the test's transaction, each as plain as it may be. All
 * assert that they succeed and give the id. */

gint64 sample_server(Db *db, const char *name);
gint64 sample_source(Db *db, const char *name, gint64 server_id);
/** With raw bytes of its own (kept nowhere) when @sha256. */
gint64 sample_report(Db *db, gint64 source_id, const char *uid, const char *reporter,
                     const char *sha256);
gint64 sample_original(Db *db, const char *message_id, const char *fingerprint,
                       const char *breakdown);
gint64 sample_incident(Db *db, const char *link_key, gint64 original_id, const char *title);
gint64 sample_alert(Db *db, gint64 incident_id, gint64 report_id, const char *recipient);
gint64 sample_response(Db *db, gint64 incident_id, ResponseKind kind);
/** A row that has only what it must have. */
gint64 sample_result(Db *db, gint64 response_id, gint64 original_id, const char *mailbox);
