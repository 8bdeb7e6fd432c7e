#pragma once
#include "base/json.h"

/**
 * One Authentication-Results field (RFC 8601 §2.2): {"host": authserv-id or null, "results":
 * [{"method", "result", "properties": {"header.from": …}}]}. Comments are dropped, quoted strings
 * unquoted, names in lower case. New reference; what cannot be read is left out.
 */
json_t *authres_parse(const char *value);
