/* The few shapes that reading rows takes, so that an aggregate is its SQL and its columns. */
#include "store/rows.h"

#include "base/error.h"
#include "base/json.h"
#include "model/names.h"

GPtrArray *rows_collect(DbRows *rows_in, RowRead read, GDestroyNotify free, GError **error)
{
	g_autoptr(DbRows) rows = rows_in;
	g_autoptr(GError) problem = NULL;
	if (!rows)
		return NULL;
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(free);
	while (db_rows_next(rows, &problem))
		g_ptr_array_add(all, read(rows));
	if (problem) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return NULL;
	}
	return g_steal_pointer(&all);
}

gpointer rows_find(DbRows *rows_in, RowRead read, GError **error)
{
	g_autoptr(DbRows) rows = rows_in;
	return rows && db_rows_next(rows, error) ? read(rows) : NULL;
}

gpointer rows_load(DbRows *rows, RowRead read, const char *what, gint64 id, GError **error)
{
	g_autoptr(GError) problem = NULL;
	gpointer object = rows_find(rows, read, rows ? &problem : error);
	if (object || !rows)
		return object;
	if (!problem)
		g_set_error(&problem, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND, "no %s %" G_GINT64_FORMAT,
		            what, id);
	g_propagate_error(error, g_steal_pointer(&problem));
	return NULL;
}

gboolean rows_int(DbRows *rows_in, gint64 *value, GError **error)
{
	g_autoptr(DbRows) rows = rows_in;
	if (!rows || !db_rows_next(rows, error))
		return FALSE;
	*value = db_int(rows, 0);
	return TRUE;
}

gboolean rows_check_saved(gint64 changed, gint64 expected, const char *what, gint64 id,
                          GError **error)
{
	if (changed > 0)
		return TRUE;
	if (expected)
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_PRECONDITION,
		            "%s %" G_GINT64_FORMAT " was changed meanwhile", what, id);
	else
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND, "no %s %" G_GINT64_FORMAT,
		            what, id);
	return FALSE;
}

int rows_enum(DbRows *rows, int column, const char *const *names)
{
	int value = names_find(names, db_text(rows, column));
	if (value < 0)
		g_critical("the database holds '%s', which is none of '%s' …",
		           db_text(rows, column), names[0]);
	return MAX(value, 0);
}

char *rows_fold(const char *text)
{
	g_autofree char *folded = g_utf8_casefold(text, -1);
	char *normal = g_utf8_normalize(folded, -1, G_NORMALIZE_ALL_COMPOSE);
	return normal ? normal : g_steal_pointer(&folded);
}

char *rows_format_strv(char *const *texts)
{
	g_autoptr(json_t) array = json_array();
	for (; texts && *texts; texts++)
		json_array_append_new(array, json_text_new(*texts));
	return json_format(array);
}

char **rows_parse_strv(const char *json)
{
	g_autoptr(json_t) array = json ? json_parse(json, -1, NULL) : NULL;
	g_autoptr(GStrvBuilder) texts = g_strv_builder_new();
	size_t i;
	json_t *text;
	json_array_foreach (array, i, text)
		if (json_is_string(text))
			g_strv_builder_add(texts, json_string_value(text));
	return g_strv_builder_end(texts);
}
