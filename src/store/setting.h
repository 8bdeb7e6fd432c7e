#pragma once
#include "db/db.h"

/** The value, or NULL without an error when it is not set; newly allocated. */
char *setting_load(Db *db, const char *name, GError **error);
gboolean setting_save(Db *db, const char *name, const char *value, GError **error);

/* A running role process. */
typedef struct {
	char *id, *role, *host, *detail;
	gint64 started_at, seen_at;
} NodeRow;
void node_row_free(NodeRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NodeRow, node_row_free)
gboolean node_save(Db *db, const NodeRow *row, GError **error);
gboolean node_delete(Db *db, const char *id, GError **error);
GPtrArray *node_list(Db *db, GError **error);
