#pragma once
#include "cli/command.h"

/* Waiting for what the daemon does, with a line on the terminal meanwhile. */

/** Shows @text (made safe) in the line at the bottom of a terminal, in place of the last. Nothing
 * with --quiet or without a terminal. */
void progress_show(const Cli *cli, const char *text);
/** Takes the line away. */
void progress_clear(const Cli *cli);

/**
 * Waits for a job to end.
 *
 * @doing  "checking imap": what the line says
 * @return (transfer full) the job's document; NULL with the error the job ended with, or
 *         TRAWL_ERROR_CANCELLED
 */
json_t *wait_for_job(Cli *cli, gint64 id, const char *doing, GError **error);

/** Waits for a response to end. (transfer full) its document; TRAWL_ERROR_CANCELLED says how to
 * come back to it. */
json_t *wait_for_response(Cli *cli, gint64 id, GError **error);

/** The status a job's own error gives the command that waited for it. */
gboolean job_error(const json_t *job, GError **error);
