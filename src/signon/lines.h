#pragma once
#include "base/json.h"
#include "server/server.h"

/* The lines of a check, as mail servers have them. */

void lines_add(json_t *lines, CheckLevel level, const char *what, const char *detail, ...)
	G_GNUC_PRINTF(4, 5);
/** What failed, with what to do about it. */
void lines_add_error(json_t *lines, const char *what, const GError *error);
/** The detail of the first line that failed, or NULL. Borrowed. */
const char *lines_problem(const json_t *lines);
