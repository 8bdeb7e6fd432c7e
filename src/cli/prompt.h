#pragma once
#include <glib.h>

/**
 * A secret that is not on the command line, where other users could read it.
 *
 * @given  "NAME" asks on the terminal without echo, "NAME=-" reads standard input, "NAME=@FILE" a
 *         file; one line end at its end is not part of the secret
 * @name   (out) (transfer full) NAME
 * @return the secret, newly allocated; CLI_USAGE_ERROR when it is written out, or there is nobody
 * to ask
 */
char *prompt_secret(const char *given, char **name, GError **error);

/** Overwrites and frees. */
void prompt_forget(char *secret);
