#pragma once
#include "api/request.h"

/** Runs the request's handler in the transaction its route asks for, with its idempotency key, and
 * rings the bell of the workers after a write. */
gboolean transaction_run(Request *request, Answer *answer, GError **error);
