#pragma once
#include "db/db.h"
#include "store/rows.h"

/* A statement that is put together from literal fragments; values are always bound. Private to
 * store/. */

typedef struct {
	GString *sql;
	GArray *values;  /* of DbValue, borrowed */
	GPtrArray *kept; /* of char *: what it owns of these */
} Statement;

Statement statement_start(const char *sql);
void statement_clear(Statement *statement);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Statement, statement_clear)

/** Adds a fragment in which each ? stands for @value. */
void statement_add(Statement *statement, const char *fragment, DbValue value);

static inline DbValue text_value(const char *text)
{
	return (DbValue){.type = 't', .t = text};
}

static inline DbValue number_value(gint64 number)
{
	return (DbValue){.type = 'i', .i = number};
}

/** Takes @text, to be freed with the statement; returns it. */
const char *statement_keep(Statement *statement, char *text);

/** A LIKE pattern, for ESCAPE '\\', of what has @text in it; newly allocated. */
char *statement_pattern(const char *text);

/** Runs it; of what @read makes of the rows. */
GPtrArray *statement_collect(Db *db, const Statement *statement, RowRead read, GDestroyNotify free,
                             GError **error);
