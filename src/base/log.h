#pragma once
#include <glib.h>

/* Logging is GLib's: g_debug, g_info, g_message, g_warning. This only chooses how lines look. */

/**
 * Sends GLib's log to stderr: one JSON object a line, or a short line for people on a terminal.
 *
 * @role     "serve", "web", "worker", "reader" or "cli"; static
 * @verbose  also debug lines
 */
void log_init(const char *role, gboolean verbose);
