#pragma once
#include "daemon/daemon.h"
#include "db/db.h"

/* The data directory: who owns which path in it. */

/** DIR/NAME; newly allocated. */
char *house_path(const char *data_dir, const char *name);

/** The database URI of a data directory: @configured when set, else SQLite in DIR/db/trawl.db.
 * Newly allocated. */
char *house_database_uri(const char *data_dir, const char *configured);

/** Makes the directory and its rooms (0700): db/ raw/ keys/ run/. */
gboolean house_make(const char *data_dir, GError **error);

/**
 * Takes the directory for this process and its children: a second daemon gets TRAWL_ERROR_CONFLICT
 * with the first one's process id. The lock lives as long as any process that inherited @fd.
 */
gboolean house_lock(const char *data_dir, int *fd, GError **error);

/** Makes an administrator's key and writes it to DIR/admin.key, for who has lost all others; those
 * stay valid. */
gboolean house_recover_key(DbPool *db, const char *data_dir, GError **error);

/** Everything a first or a later start must find: keys, schema, the first API key, a poll job for
 * each source. Runs in a process of its own, because it starts threads. */
gboolean house_set_up(const ServeOptions *options, GError **error);
