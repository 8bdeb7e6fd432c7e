#pragma once
#include "cli/command.h"

/* The ledger: what became of each copy. */

/** Rows that neither are where they should be nor have a reason not to be: failed, pending, not
 * attempted. */
gint64 ledger_unaccounted(const json_t *response);

/** "4 copies: 3 moved, 1 not found"; newly allocated. */
char *ledger_summary(const json_t *response);

/** Prints the rows of a response as a table. @results a JSON array */
void ledger_print(const Cli *cli, const json_t *response, const json_t *results);

/** All rows of a response, all pages. (transfer full) a JSON array */
json_t *ledger_fetch(Client *client, gint64 response_id, GError **error);
