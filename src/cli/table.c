/* Lays out tables. A column without a single text is left out; the others are as wide as their
 * widest cell. When that is too much for the terminal, columns that may be dropped go first, from
 * the right, and then the widest of those that may be cut gives way, column by column. */
#include "cli/table.h"

#include "base/text.h"

#include <string.h>

#define GAP 2

typedef struct {
	char *text;
	Style style;
} Cell;

struct Table {
	const TableColumn *columns;
	guint n_columns;
	GArray *cells; /* of Cell, row by row */
};

static void cell_clear(gpointer data)
{
	g_free(((Cell *)data)->text);
}

Table *table_new(const TableColumn *columns)
{
	Table *table = g_new0(Table, 1);
	table->columns = columns;
	while (columns[table->n_columns].title)
		table->n_columns++;
	table->cells = g_array_new(FALSE, FALSE, sizeof(Cell));
	g_array_set_clear_func(table->cells, cell_clear);
	return table;
}

void table_free(Table *table)
{
	if (!table)
		return;
	g_array_unref(table->cells);
	g_free(table);
}

void table_add(Table *table, Style style, const char *text)
{
	Cell cell = {text_for_terminal(text), style};
	g_array_append_val(table->cells, cell);
}

void table_add_number(Table *table, Style style, gint64 number)
{
	g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, number);
	table_add(table, style, text);
}

guint table_rows(const Table *table)
{
	return table->cells->len / table->n_columns;
}

static const Cell *cell_at(const Table *table, guint row, guint column)
{
	return &g_array_index(table->cells, Cell, row * table->n_columns + column);
}

/* 0 when the column is empty. */
static int natural_width(const Table *table, guint column)
{
	int width = 0;
	for (guint row = 0; row < table_rows(table); row++)
		width = MAX(width, terminal_columns(cell_at(table, row, column)->text));
	return width ? MAX(width, terminal_columns(table->columns[column].title)) : 0;
}

/* What the table takes, with columns cut as far as they may be when @least. 0 is a dropped one. */
static int total_width(const Table *table, const int *widths, gboolean least)
{
	int total = 0;
	for (guint i = 0; i < table->n_columns; i++) {
		int floor = table->columns[i].least;
		if (widths[i])
			total += GAP + (least && floor ? MIN(floor, widths[i]) : widths[i]);
	}
	return MAX(0, total - GAP);
}

static int *fit_widths(const Table *table, int room)
{
	int *widths = g_new(int, table->n_columns);
	for (guint i = 0; i < table->n_columns; i++)
		widths[i] = natural_width(table, i);
	if (!room)
		return widths;
	for (guint i = table->n_columns; i-- > 0 && total_width(table, widths, TRUE) > room;)
		if (table->columns[i].drop)
			widths[i] = 0;
	while (total_width(table, widths, FALSE) > room) {
		int widest = -1;
		for (guint i = 0; i < table->n_columns; i++)
			if (table->columns[i].least && widths[i] > table->columns[i].least &&
			    (widest < 0 || widths[i] > widths[widest]))
				widest = (int)i;
		if (widest < 0)
			break;
		widths[widest]--;
	}
	return widths;
}

static void append_spaces(GString *out, int n)
{
	for (int i = 0; i < n; i++)
		g_string_append_c(out, ' ');
}

/* @missing: spaces owed to the cells before, written only when something follows them. */
static void append_cell(GString *out, const Terminal *terminal, const TableColumn *column,
                        int width, Style style, const char *text, int *missing)
{
	g_autofree char *cut =
		terminal_columns(text) > width ? terminal_cut(text, width) : g_strdup(text);
	int padding = width - terminal_columns(cut);
	if (*cut) {
		append_spaces(out, *missing + (column->right ? padding : 0));
		*missing = 0;
		g_autofree char *painted = terminal_paint(terminal, style, cut);
		g_string_append(out, painted);
	}
	*missing += GAP + (column->right && *cut ? 0 : padding);
}

char *table_format(const Table *table, const Terminal *terminal)
{
	g_autofree int *widths = fit_widths(table, terminal->width);
	GString *out = g_string_new(NULL);
	int missing = 0;
	for (guint i = 0; i < table->n_columns; i++)
		if (widths[i])
			append_cell(out, terminal, &table->columns[i], widths[i], STYLE_DIM,
			            table->columns[i].title, &missing);
	g_string_append_c(out, '\n');
	for (guint row = 0; row < table_rows(table); row++) {
		missing = 0;
		for (guint i = 0; i < table->n_columns; i++) {
			const Cell *cell = cell_at(table, row, i);
			if (widths[i])
				append_cell(out, terminal, &table->columns[i], widths[i],
				            cell->style, cell->text, &missing);
		}
		g_string_append_c(out, '\n');
	}
	return g_string_free(out, FALSE);
}

typedef struct {
	char *label, *value;
	Style style;
} Field;

struct Fields {
	GArray *fields;
};

static void field_clear(gpointer data)
{
	Field *field = data;
	g_free(field->label);
	g_free(field->value);
}

Fields *fields_new(void)
{
	Fields *fields = g_new0(Fields, 1);
	fields->fields = g_array_new(FALSE, FALSE, sizeof(Field));
	g_array_set_clear_func(fields->fields, field_clear);
	return fields;
}

void fields_free(Fields *fields)
{
	if (!fields)
		return;
	g_array_unref(fields->fields);
	g_free(fields);
}

void fields_add(Fields *fields, const char *label, Style style, const char *value)
{
	if (!value || !*value)
		return;
	Field field = {g_strdup(label), text_for_terminal(value), style};
	g_array_append_val(fields->fields, field);
}

char *fields_format(const Fields *fields, const Terminal *terminal)
{
	int labels = 0;
	for (guint i = 0; i < fields->fields->len; i++)
		labels = MAX(labels,
		             terminal_columns(g_array_index(fields->fields, Field, i).label));
	int indent = labels + GAP;
	int room = terminal->width ? MAX(terminal->width - indent, 20) : 0;
	GString *out = g_string_new(NULL);
	for (guint i = 0; i < fields->fields->len; i++) {
		const Field *field = &g_array_index(fields->fields, Field, i);
		g_autofree char *label = terminal_paint(terminal, STYLE_DIM, field->label);
		g_string_append(out, label);
		append_spaces(out, indent - terminal_columns(field->label));
		g_autofree char *value = terminal_wrap(field->value, room, indent);
		g_autofree char *painted = terminal_paint(terminal, field->style, value);
		g_string_append_printf(out, "%s\n", painted);
	}
	return g_string_free(out, FALSE);
}
