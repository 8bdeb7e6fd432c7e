#pragma once
#include <glib.h>

typedef struct {
	const char *data_dir; /* absolute */
	const char *database; /* URI; NULL: SQLite in data_dir */
	const char *listen;   /* "127.0.0.1:8460"; port 0: any free one, see run/address */
	const char *hosts; /* names the API goes by, besides this machine's: "a.example, b.example";
	                      NULL: none */
	guint threads;     /* of the worker; how many jobs run at once */
	const char *limits;   /* on a message, in place of the usual ones (mail/limits.h):
	                         "links=20000, depth=50"; NULL: the usual ones */
	const char *resolver; /* "system", "off", or addresses: see net/resolver.h */
	gboolean raw_in_database;
	gboolean verbose;
	int doorbell; /* set by daemon_serve(): rung when a job was queued */
} ServeOptions;

/**
 * Reads the options again, for SIGHUP: the new ones are used by the roles that start afterwards.
 *
 * @return  FALSE with an error: the old ones stay
 */
typedef gboolean (*ServeReload)(ServeOptions *options, gpointer data, GError **error);

/** Runs all roles until SIGTERM or SIGINT; an exit status. @reload may be NULL. */
int daemon_serve(ServeOptions *options, ServeReload reload, gpointer data);
