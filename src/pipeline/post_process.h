#pragma once
#include "db/db.h"
#include "model/report.h"

/** Queues "report.postprocess" in the caller's transaction. */
gboolean post_process_queue(Db *db, const Report *report, gint64 server_id, GError **error);
