#pragma once
#include "cli/command.h"

/* The audit log as people read it. */

/**
 * The last @n records, oldest first.
 *
 * @incident_id  only of this one; 0: of everything
 * @filter       further parameters of the query, as view_query_filter() gives them, or NULL
 * @return       (transfer full) a JSON array
 */
json_t *activity_latest(Client *client, gint64 incident_id, const char *filter, gint64 n,
                        GError **error);

/** Prints records as a table. @incidents: with a column of the incident. */
void activity_print(const Cli *cli, const json_t *records, gboolean incidents);
