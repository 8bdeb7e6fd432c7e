#pragma once
#include "cli/command.h"

/* The audit log as people read it. */

/** The last @n records, oldest first; of an incident, or of everything (0). (transfer full) a JSON
 * array */
json_t *activity_latest(Client *client, gint64 incident_id, gint64 n, GError **error);

/** Prints records as a table. @incidents: with a column of the incident. */
void activity_print(const Cli *cli, const json_t *records, gboolean incidents);
