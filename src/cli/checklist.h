#pragma once
#include "cli/command.h"

/** Prints what a check found, a line a question; the exit status: 0, or 1 when something failed.
 * @result  {"lines": [{"level", "what", "detail"}]} */
int checklist_print(const Cli *cli, const json_t *result);
