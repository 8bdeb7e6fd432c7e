#pragma once
#include "jobs/jobs.h"

/* Writes down how the mail servers of a worker do, for lists to show. */

typedef struct ServerStates ServerStates;
ServerStates *server_states_start(const JobTools *tools);
void server_states_stop(ServerStates *states);

/** One look: writes what mail_servers_take_states() tells. A server that is not configured any more
 * is passed over. */
gboolean server_states_write(const JobTools *tools, GError **error);
