#pragma once
#include "store/sight.h"

/* Named filters of the queue, and what else a person likes to have as it was. */

typedef struct {
	gint64 id, owner_id;
	char *name, *filter;
	char **columns; /* empty: as the person has them everywhere */
	gboolean shared;
	gint64 created_at, revision;
	char *owner; /* the user's name; read with the view, not written */
} SavedView;
void saved_view_free(SavedView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SavedView, saved_view_free)

/** Sets @view's id. TRAWL_ERROR_CONFLICT when its owner has one of that name. */
gboolean saved_view_insert(Db *db, SavedView *view, GError **error);
SavedView *saved_view_load(Db *db, gint64 id, GError **error);
/** A user's own and the shared ones of all whom @sight sees; @user_id 0: the shared ones. Of
 * SavedView. */
GPtrArray *saved_view_list(Db *db, const Sight *sight, gint64 user_id, GError **error);
gboolean saved_view_count(Db *db, gint64 user_id, gint64 *count, GError **error);
/** @expected as of incident_save(); TRAWL_ERROR_CONFLICT as of saved_view_insert(). */
gboolean saved_view_update(Db *db, const SavedView *view, gint64 expected, GError **error);
gboolean saved_view_delete(Db *db, gint64 id, GError **error);

/** JSON text, newly allocated; NULL without an error when it was never set. */
char *user_preference_load(Db *db, gint64 user_id, const char *name, GError **error);
/** @value NULL takes it away. */
gboolean user_preference_save(Db *db, gint64 user_id, const char *name, const char *value,
                              GError **error);
