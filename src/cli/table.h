#pragma once
#include "cli/terminal.h"

/* Rows of aligned cells, and pages of labelled values. Every text given in may come from a mail: it
 * is made safe for the terminal here, so no caller can forget to. */

typedef struct {
	const char *title; /* shown above the column; NULL ends an array of columns */
	gboolean right;    /* numbers */
	int least;         /* columns it may be cut down to; 0: it is never cut */
	gboolean drop;     /* left out when the rest would not fit */
} TableColumn;

typedef struct Table Table;

/** @columns  static */
Table *table_new(const TableColumn *columns);
void table_free(Table *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Table, table_free)

/** Adds the next cell, rows from left to right. NULL is an empty cell. */
void table_add(Table *table, Style style, const char *text);
void table_add_number(Table *table, Style style, gint64 number);
guint table_rows(const Table *table);

/** The table with its head, without columns that are empty, fitted to @terminal; newly allocated.
 */
char *table_format(const Table *table, const Terminal *terminal);

/* A page of labelled values. */
typedef struct Fields Fields;
Fields *fields_new(void);
void fields_free(Fields *fields);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fields, fields_free)

/** Adds a line; nothing when @value is NULL or "". */
void fields_add(Fields *fields, const char *label, Style style, const char *value);
/** Labels in one column, values wrapped beside them; newly allocated. */
char *fields_format(const Fields *fields, const Terminal *terminal);
