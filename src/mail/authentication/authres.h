#pragma once
#include "base/json.h"

/* What has more than LIMIT_PARAMETERS results, or properties of one, is read so far; its object
 * then has a member "more". */

/**
 * One Authentication-Results field (RFC 8601 §2.2): {"host": authserv-id or null, "results":
 * [{"method", "result", "reason", "comment", "properties": {"header.from": …}}]}; "version" where
 * the field or a method names one. Quoted strings are unquoted, names and results in lower case. Of
 * a property that stands there twice the first counts. New reference; what cannot be read is left
 * out.
 */
json_t *authres_parse(const char *value);

/** One Received-SPF field (RFC 7208 §9.1): {"result", "comment", "properties": {"client-ip": …}}.
 * New reference. */
json_t *authres_parse_spf(const char *value);

/** Microsoft's "CIP:192.0.2.1;SCL:5;…": an object of those texts. New reference. */
json_t *authres_parse_microsoft(const char *value);
