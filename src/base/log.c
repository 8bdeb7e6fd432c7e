/* One log line: JSON for machines, short and coloured for a terminal. A line is one write(2), so
 * lines of several roles that share stderr do not mix. */
#include "base/log.h"

#include "base/clock.h"
#include "base/json.h"

#include <string.h>
#include <unistd.h>

static const char *log_role = "trawl";
static gboolean log_verbose;
static gboolean log_terminal;

static const char *level_name(GLogLevelFlags level)
{
	switch (level & G_LOG_LEVEL_MASK) {
	case G_LOG_LEVEL_ERROR:
		return "fatal";
	case G_LOG_LEVEL_CRITICAL:
		return "critical";
	case G_LOG_LEVEL_WARNING:
		return "warning";
	case G_LOG_LEVEL_MESSAGE:
		return "notice";
	case G_LOG_LEVEL_INFO:
		return "info";
	default:
		return "debug";
	}
}

static char *format_terminal(GLogLevelFlags level, const char *message, const char *time)
{
	const char *colour = (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL)) ? "\033[31m"
	                     : (level & G_LOG_LEVEL_WARNING)                      ? "\033[33m"
	                                                                          : "\033[0m";
	return g_strdup_printf("\033[2m%.8s %-6s\033[0m %s%s\033[0m\n", time + 11, log_role, colour,
	                       message);
}

static char *format_json(GLogLevelFlags level, const char *message, const char *time)
{
	g_autoptr(json_t) line = json_object();
	json_object_set_new(line, "time", json_string(time));
	json_object_set_new(line, "level", json_string(level_name(level)));
	json_object_set_new(line, "role", json_string(log_role));
	json_object_set_new(line, "pid", json_integer(getpid()));
	json_object_set_new(line, "message", json_text_new(message));
	g_autofree char *text = json_format(line);
	return g_strconcat(text, "\n", NULL);
}

static GLogWriterOutput write_line(GLogLevelFlags level, const GLogField *fields, gsize n_fields,
                                   gpointer data)
{
	if ((level & G_LOG_LEVEL_DEBUG) && !log_verbose)
		return G_LOG_WRITER_HANDLED;
	const char *message = "";
	for (gsize i = 0; i < n_fields; i++)
		if (strcmp(fields[i].key, "MESSAGE") == 0)
			message = fields[i].value;
	g_autofree char *time = clock_format(clock_now());
	g_autofree char *line = log_terminal ? format_terminal(level, message, time)
	                                     : format_json(level, message, time);
	return write(STDERR_FILENO, line, strlen(line)) < 0 ? G_LOG_WRITER_UNHANDLED
	                                                    : G_LOG_WRITER_HANDLED;
}

void log_init(const char *role, gboolean verbose)
{
	log_role = role;
	log_verbose = verbose;
	log_terminal = isatty(STDERR_FILENO) == 1;
	static gboolean
		installed; /* GLib takes a writer once; a forked role only changes its name */
	if (!installed)
		g_log_set_writer_func(write_line, NULL, NULL);
	installed = TRUE;
}
