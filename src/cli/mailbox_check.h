#pragma once
#include "cli/command.h"
#include "db/db.h"
#include "store/check.h"

/**
 * Compares the ledger and the reports with the mailboxes: what is said to be in quarantine, gone,
 * back, or untouched is looked for, read, and compared.
 *
 * Changes nothing. Needs the secret key of the data directory. A mailbox that could not be looked
 * into counts as broken: "not found" is never "could not look".
 *
 * @return  (transfer full) of CheckResult
 */
GPtrArray *mailbox_check(Cli *cli, DbPool *db, const char *data_dir, GError **error);
