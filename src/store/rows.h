#pragma once
#include "db/db.h"

/* What every aggregate does with rows: private to store/. */

typedef gpointer (*RowRead)(DbRows *rows);

/** All rows as an array of what @read makes of them. @rows (transfer full) may be NULL, with @error
 * set already. */
GPtrArray *rows_collect(DbRows *rows, RowRead read, GDestroyNotify free, GError **error);

/** The first row; NULL without an error when there is none. @rows as above. */
gpointer rows_find(DbRows *rows, RowRead read, GError **error);

/** The first row, or TRAWL_ERROR_NOT_FOUND "no <what> <id>". @rows as above. */
gpointer rows_load(DbRows *rows, RowRead read, const char *what, gint64 id, GError **error);

/** The integer in the first column of the first row; FALSE without an error when there is no row.
 * @rows as above. */
gboolean rows_int(DbRows *rows, gint64 *value, GError **error);

/** What an UPDATE … WHERE id = … AND revision = @expected means that changed @changed rows:
 * TRAWL_ERROR_PRECONDITION (or _NOT_FOUND when @expected is 0) for none. */
gboolean rows_check_saved(gint64 changed, gint64 expected, const char *what, gint64 id,
                          GError **error);

/** The value of a column that holds a name of @names. */
int rows_enum(DbRows *rows, int column, const char *const *names);

/** @text as it is searched: without case, in one normal form; newly allocated. */
char *rows_fold(const char *text);

/** A JSON array of strings from a vector (NULL as []), and back. */
char *rows_format_strv(char *const *texts);
char **rows_parse_strv(const char *json);
