#include "store/statement.h"

Statement statement_start(const char *sql)
{
	return (Statement){g_string_new(sql), g_array_new(FALSE, TRUE, sizeof(DbValue)),
	                   g_ptr_array_new_with_free_func(g_free)};
}

void statement_clear(Statement *statement)
{
	g_string_free(statement->sql, TRUE);
	g_array_unref(statement->values);
	g_ptr_array_unref(statement->kept);
}

void statement_add(Statement *statement, const char *fragment, DbValue value)
{
	g_array_append_val(statement->values, value);
	for (; *fragment; fragment++)
		if (*fragment == '?')
			g_string_append_printf(statement->sql, "$%u", statement->values->len);
		else
			g_string_append_c(statement->sql, *fragment);
}

const char *statement_keep(Statement *statement, char *text)
{
	g_ptr_array_add(statement->kept, text);
	return text;
}

char *statement_pattern(const char *text)
{
	GString *pattern = g_string_new("%");
	for (const char *p = text; *p; p++) {
		if (*p == '%' || *p == '_' || *p == '\\')
			g_string_append_c(pattern, '\\');
		g_string_append_c(pattern, *p);
	}
	g_string_append_c(pattern, '%');
	return g_string_free(pattern, FALSE);
}

GPtrArray *statement_collect(Db *db, const Statement *statement, RowRead read, GDestroyNotify free,
                             GError **error)
{
	return rows_collect(db_query_values(db, error, statement->sql->str,
	                                    (const DbValue *)(void *)statement->values->data,
	                                    statement->values->len),
	                    read, free, error);
}
