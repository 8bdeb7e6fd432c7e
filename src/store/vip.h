#pragma once
#include "db/db.h"

/* Whose mail is looked at only with a permission of its own. */

/** Their addresses in compare form, sorted; never NULL without an error. */
char **vip_list(Db *db, GError **error);
gboolean vip_save(Db *db, char *const *addresses, GError **error);

/** Whether an address, in any form, is one of theirs. */
gboolean vip_is(char *const *vips, const char *address);

/** Whether an original is a VIP's mail: one of them got it or reported it, and nobody else has
 * handed it over by a report that is believed. */
gboolean vip_is_original(Db *db, gint64 original_id, gboolean *is, GError **error);
/** Whether any original of an incident is. */
gboolean vip_is_incident(Db *db, gint64 incident_id, gboolean *is, GError **error);
/** Whether a report is a VIP's own mail. */
gboolean vip_is_report(Db *db, gint64 report_id, gboolean *is, GError **error);
