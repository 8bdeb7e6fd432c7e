#pragma once
#include "cli/command.h"

/* The ledger: what became of each copy. */

/** Rows that neither are where they should be nor have a reason not to be: failed, pending, not
 * attempted. */
gint64 ledger_unaccounted(const json_t *response);

/** "4 copies: 3 moved, 1 not found"; newly allocated. */
char *ledger_summary(const json_t *response);

/** The status of a row in a response, "pending" when it has none yet (borrowed), and what it is
 * called in the ledger: "moved", "put back" (newly allocated). */
const char *ledger_status(const json_t *response, const json_t *row);
char *ledger_word(const json_t *response, const json_t *row);

/** Prints the rows of a response as a table, the last @at_most of them; what is not accounted for
 * comes last. @results a JSON array */
void ledger_print(const Cli *cli, const json_t *response, const json_t *results, guint at_most);

/** All rows of a response, all pages. (transfer full) a JSON array */
json_t *ledger_fetch(Client *client, gint64 response_id, GError **error);
