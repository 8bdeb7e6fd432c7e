#pragma once
#include "cli/command.h"
#include "cli/table.h"

/* What the commands share in showing the API's documents. */

/* A list of one kind of thing. */
typedef struct {
	const char *path; /* "/v1/incidents" */
	const TableColumn *columns;
	void (*row)(Table *table, const json_t *item, gpointer data);
	const char *quiet; /* the member --quiet prints: "id", "name" */
	const char *none;  /* said when there is none: "no incidents" */
	gboolean whole;    /* comes as a whole, not by pages */
} Listing;

/** Fetches as many pages as --limit or --all ask for and prints them. @query (nullable) filters, as
 * client_query() makes them, from "?". */
int listing_run(Cli *cli, const Listing *listing, const char *query, gpointer data, GError **error);

/** Every item of a list, all pages. (transfer full) a JSON array */
json_t *listing_fetch(Client *client, const char *path, gint64 at_most, gboolean *more,
                      GError **error);

/** The document after a change: --json prints it, --quiet its @member, else @sentence. Frees
 * @sentence. */
int view_done(const Cli *cli, const json_t *document, const char *member, char *sentence);

/** Turns a name or number ("phish", "3", "#3") into the item of a list that has it; a name goes
 * before a number. @what is "source". (transfer full) TRAWL_ERROR_NOT_FOUND suggests the nearest
 * name. */
json_t *view_find(Client *client, const char *path, const char *what, const char *name,
                  GError **error);

/** The same among @items. */
json_t *view_pick(const json_t *items, const char *what, const char *name, GError **error);

/** Adds what stands behind the verb as a filter; FALSE: nothing does. */
gboolean view_query_filter(const Cli *cli, GString *query);

/** Adds --source, a name or number, to a query as "source_id"; TRUE also when it was not given. */
gboolean view_query_source(Cli *cli, GString *query, GError **error);

/** id -> name of a list, for columns; values and table are owned by the result. NULL with @error */
GHashTable *view_names(Client *client, const char *path, GError **error);
const char *view_name(GHashTable *names, gint64 id);

/** How a word of the API looks: open, closed, severities, dispositions, states, statuses. */
Style view_style(const char *word);
/** "known_good" as "known good"; newly allocated, NULL for NULL. */
char *view_word(const char *word);
/** "1 report", "3 reports"; newly allocated. */
char *view_count(gint64 n, const char *one, const char *many);

/** A scalar, a list of them, or an object of them, as one line; newly allocated, "" for null. */
char *view_value(const json_t *value);
/** The texts of an array; newly allocated. */
char *view_join(const json_t *array, const char *between);

/** A time member as a narrow cell, or in full; "" when it is null. Newly allocated. */
char *view_when(const json_t *item, const char *path);
char *view_when_both(const json_t *item, const char *path);

/** Adds a cell or a field in the style of its word. */
void view_add_word(Table *table, const json_t *item, const char *path);
void view_add_text(Table *table, const json_t *item, const char *path);
void view_add_int(Table *table, const json_t *item, const char *path);
void view_add_when(Table *table, const json_t *item, const char *path);
void view_field_word(Fields *fields, const char *label, const json_t *item, const char *path);
void view_field_text(Fields *fields, const char *label, const json_t *item, const char *path);
void view_field_when(Fields *fields, const char *label, const json_t *item, const char *path);
void view_field_list(Fields *fields, const char *label, const json_t *item, const char *path);

/** The page of one document: --json prints it, --quiet its @member, else @fields adds its lines. */
int view_page(const Cli *cli, const json_t *document, const char *member,
              void (*fields)(Fields *, const json_t *));

/** Prints fields, a table, a heading with an empty line before it. */
void view_fields(const Cli *cli, const Fields *fields);
void view_table(const Cli *cli, const Table *table);
void view_heading(const Cli *cli, const char *format, ...) G_GNUC_PRINTF(2, 3);
/** Prints one line, made safe for the terminal. */
void view_line(const Cli *cli, Style style, const char *format, ...) G_GNUC_PRINTF(3, 4);
