#pragma once
#include <glib.h>

typedef struct {
	const char *data_dir; /* absolute */
	const char *database; /* URI; NULL: SQLite in data_dir */
	const char *listen;   /* "127.0.0.1:8460" */
	guint threads;        /* worker threads */
	gboolean raw_in_database;
	gboolean verbose;
} ServeOptions;

/** Runs all roles until SIGTERM; an exit status. */
int daemon_serve(const ServeOptions *options);
