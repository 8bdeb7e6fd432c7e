/* Shows documents. A member that is absent or of another type shows as nothing: an older or newer
 * daemon must not break the page. */
#include "cli/view.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/nearest.h"
#include "cli/when.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

json_t *listing_fetch(Client *client, const char *path, gint64 at_most, gboolean *more,
                      GError **error)
{
	g_autoptr(json_t) items = json_array();
	g_autofree char *cursor = NULL;
	do {
		gint64 left = at_most - (gint64)json_array_size(items);
		g_autofree char *limit =
			g_strdup_printf("%" G_GINT64_FORMAT, MIN(left, LIMIT_PAGE));
		g_autoptr(GString) at = g_string_new(path);
		client_query(at, "limit", limit);
		client_query(at, "cursor", cursor);
		g_autoptr(json_t) page = client_get(client, at->str, error);
		if (!page)
			return NULL;
		g_free(cursor);
		cursor = g_strdup(json_text(page, "next"));
		json_t *rows = json_at(page, "items");
		if (!json_is_array(rows)) {
			g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_REMOTE,
			            "%s did not answer with a list", path);
			return NULL;
		}
		json_array_extend(items, rows);
	} while (cursor && (gint64)json_array_size(items) < at_most);
	if (more)
		*more = cursor != NULL;
	return g_steal_pointer(&items);
}

static json_t *fetch_whole(Client *client, const char *path, GError **error)
{
	g_autoptr(json_t) page = client_get(client, path, error);
	return page ? json_incref(json_at(page, "items")) : NULL;
}

static void print_quiet(const json_t *items, const char *member)
{
	size_t i;
	json_t *item;
	json_array_foreach (items, i, item) {
		json_t *value = json_at(item, member);
		g_autofree char *text = json_is_integer(value)
		                                ? g_strdup_printf("%" JSON_INTEGER_FORMAT,
		                                                  json_integer_value(value))
		                                : text_for_terminal(json_string_value(value));
		puts(text);
	}
}

static void print_rows(const Cli *cli, const Listing *listing, const json_t *items, gpointer data)
{
	if (json_array_size(items) == 0) {
		view_line(cli, STYLE_DIM, "%s", listing->none);
		return;
	}
	g_autoptr(Table) table = table_new(listing->columns);
	size_t i;
	json_t *item;
	json_array_foreach (items, i, item) {
		listing->row(table, item, data);
	}
	view_table(cli, table);
}

/* A list that is not whole must not look like one: on the terminal, or beside the pipe. */
static void print_more(const Cli *cli, gsize shown)
{
	if (cli->out.width)
		view_line(cli, STYLE_DIM, "the first %zu; --all shows every one, --limit N as many",
		          shown);
	else
		fprintf(stderr, "trawl: only the first %zu; --all shows every one\n", shown);
}

int listing_run(Cli *cli, const Listing *listing, const char *query, gpointer data, GError **error)
{
	Client *client = cli_client(cli, error);
	if (!client)
		return -1;
	g_autofree char *path = g_strconcat(listing->path, query ? query : "", NULL);
	gint64 at_most =
		cli_flag(cli, "all") ? G_MAXINT64 : cli_number(cli, "limit", LIMIT_PAGE_DEFAULT);
	gboolean more = FALSE;
	g_autoptr(json_t) items = listing->whole
	                                  ? fetch_whole(client, path, error)
	                                  : listing_fetch(client, path, at_most, &more, error);
	if (!items)
		return -1;
	if (cli->json) {
		g_autoptr(json_t) document = json_pack("{s:O, s:b}", "items", items, "more", more);
		cli_print_json(cli, document);
		return EX_OK;
	}
	if (cli->quiet)
		print_quiet(items, listing->quiet);
	else
		print_rows(cli, listing, items, data);
	if (more)
		print_more(cli, json_array_size(items));
	return EX_OK;
}

int view_done(const Cli *cli, const json_t *document, const char *member, char *sentence)
{
	g_autofree char *said = sentence;
	if (cli->json) {
		cli_print_json(cli, document);
	} else if (cli->quiet) {
		g_autoptr(json_t) items = json_pack("[O]", document);
		if (member)
			print_quiet(items, member);
	} else if (said) {
		view_line(cli, STYLE_PLAIN, "%s", said);
	}
	return EX_OK;
}

int view_page(const Cli *cli, const json_t *document, const char *member,
              void (*fields)(Fields *, const json_t *))
{
	if (cli->json || cli->quiet)
		return view_done(cli, document, member, NULL);
	g_autoptr(Fields) page = fields_new();
	fields(page, document);
	view_fields(cli, page);
	return EX_OK;
}

json_t *view_find(Client *client, const char *path, const char *what, const char *name,
                  GError **error)
{
	g_autoptr(json_t) items = listing_fetch(client, path, G_MAXINT64, NULL, error);
	return items ? view_pick(items, what, name, error) : NULL;
}

json_t *view_pick(const json_t *items, const char *what, const char *name, GError **error)
{
	gint64 id = 0;
	g_ascii_string_to_signed(name + (*name == '#'), 10, 1, G_MAXINT64, &id, NULL);
	json_t *by_id = NULL, *item;
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	size_t i;
	json_array_foreach (items, i, item) {
		const char *its = json_text(item, "name");
		if (its && strcmp(its, name) == 0)
			return json_incref(item);
		if (id && json_int(item, "id", 0) == id)
			by_id = item;
		if (its)
			g_ptr_array_add(names, (gpointer)its);
	}
	if (by_id)
		return json_incref(by_id);
	g_ptr_array_add(names, NULL);
	const char *meant = nearest_find(name, (const char *const *)names->pdata);
	if (meant)
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND,
		            "there is no %s \"%s\"; did you mean \"%s\"?", what, name, meant);
	else
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_NOT_FOUND,
		            "there is no %s \"%s\"; see \"trawl %s list\"", what, name, what);
	return NULL;
}

gboolean view_query_filter(const Cli *cli, GString *query)
{
	if (!cli_argument(cli, 0))
		return FALSE;
	g_autoptr(GString) filter = g_string_new(cli_argument(cli, 0));
	for (guint i = 1; cli_argument(cli, i); i++)
		g_string_append_printf(filter, " %s", cli_argument(cli, i));
	g_autoptr(GTimeZone) zone = g_time_zone_new_local();
	client_query(query, "filter", filter->str);
	client_query(query, "zone", g_time_zone_get_identifier(zone));
	return TRUE;
}

gboolean view_query_source(Cli *cli, GString *query, GError **error)
{
	const char *name = cli_text(cli, "source");
	if (!name)
		return TRUE;
	Client *client = cli_client(cli, error);
	g_autoptr(json_t) source =
		client ? view_find(client, "/v1/sources", "source", name, error) : NULL;
	g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, json_int(source, "id", 0));
	client_query(query, "source_id", id);
	return source != NULL;
}

GHashTable *view_names(Client *client, const char *path, GError **error)
{
	g_autoptr(json_t) items = listing_fetch(client, path, G_MAXINT64, NULL, error);
	if (!items)
		return NULL;
	GHashTable *names = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	size_t i;
	json_t *item;
	json_array_foreach (items, i, item) {
		gint64 *id = g_new(gint64, 1);
		*id = json_int(item, "id", 0);
		g_hash_table_insert(names, id, g_strdup(json_text(item, "name")));
	}
	return names;
}

const char *view_name(GHashTable *names, gint64 id)
{
	return names ? g_hash_table_lookup(names, &id) : NULL;
}

Style view_style(const char *word)
{
	/* clang-format off */
	static const struct {
		const char *word;
		Style style;
	} styles[] = {
		{"open",           STYLE_BOLD},
		{"closed",         STYLE_DIM},
		{"ok",             STYLE_GOOD},
		{"warning",        STYLE_WARN},
		{"failed",         STYLE_BAD},
		{"error",          STYLE_BAD},
		{"critical",       STYLE_BAD},
		{"major",          STYLE_BAD},
		{"moderate",       STYLE_WARN},
		{"malicious",      STYLE_BAD},
		{"suspicious",     STYLE_WARN},
		{"false_negative", STYLE_WARN},
		{"known_good",     STYLE_GOOD},
		{"low_risk",       STYLE_GOOD},
		{"unknown",        STYLE_DIM},
		{"done",           STYLE_GOOD},
		{"success",        STYLE_GOOD},
		{"running",        STYLE_HEAD},
		{"parked",         STYLE_BAD},
		{"pending",        STYLE_HEAD},
		{"cancelled",      STYLE_DIM},
		{"paused",         STYLE_DIM},
		{"unparsed",       STYLE_WARN},
		{"gone",           STYLE_DIM},
		{"revoked",        STYLE_DIM},
		{"expired",        STYLE_DIM},
		{"active",         STYLE_GOOD},
	};
	/* clang-format on */
	for (guint i = 0; word && i < G_N_ELEMENTS(styles); i++)
		if (strcmp(styles[i].word, word) == 0)
			return styles[i].style;
	if (word && g_str_has_prefix(word, "failed"))
		return STYLE_BAD;
	if (word && g_str_has_prefix(word, "skipped"))
		return STYLE_WARN;
	return STYLE_PLAIN;
}

char *view_word(const char *word)
{
	return word ? g_strdelimit(g_strdup(word), "_", ' ') : NULL;
}

char *view_count(gint64 n, const char *one, const char *many)
{
	return g_strdup_printf("%" G_GINT64_FORMAT " %s", n, n == 1 ? one : many);
}

char *view_when(const json_t *item, const char *path)
{
	gint64 wall;
	if (!clock_parse(json_text(item, path), &wall))
		return g_strdup("");
	return when_short(wall, clock_now(), NULL);
}

char *view_when_both(const json_t *item, const char *path)
{
	gint64 wall;
	if (!clock_parse(json_text(item, path), &wall))
		return g_strdup("");
	return when_both(wall, clock_now(), NULL);
}

void view_add_word(Table *table, const json_t *item, const char *path)
{
	g_autofree char *word = view_word(json_text(item, path));
	table_add(table, view_style(json_text(item, path)), word);
}

void view_add_text(Table *table, const json_t *item, const char *path)
{
	table_add(table, STYLE_PLAIN, json_text(item, path));
}

void view_add_int(Table *table, const json_t *item, const char *path)
{
	json_t *value = json_at(item, path);
	if (json_is_integer(value))
		table_add_number(table, STYLE_PLAIN, json_integer_value(value));
	else
		table_add(table, STYLE_PLAIN, NULL);
}

void view_add_when(Table *table, const json_t *item, const char *path)
{
	g_autofree char *when = view_when(item, path);
	table_add(table, STYLE_PLAIN, when);
}

void view_field_word(Fields *fields, const char *label, const json_t *item, const char *path)
{
	g_autofree char *word = view_word(json_text(item, path));
	fields_add(fields, label, view_style(json_text(item, path)), word);
}

void view_field_text(Fields *fields, const char *label, const json_t *item, const char *path)
{
	fields_add(fields, label, STYLE_PLAIN, json_text(item, path));
}

void view_field_when(Fields *fields, const char *label, const json_t *item, const char *path)
{
	g_autofree char *when = view_when_both(item, path);
	fields_add(fields, label, STYLE_PLAIN, when);
}

static void append_value(GString *out, const json_t *value)
{
	const char *name;
	json_t *member;
	size_t i;
	if (json_is_string(value))
		g_string_append(out, json_string_value(value));
	else if (json_is_integer(value))
		g_string_append_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_boolean(value))
		g_string_append(out, json_is_true(value) ? "yes" : "no");
	else if (json_is_real(value))
		g_string_append_printf(out, "%g", json_real_value(value));
	json_array_foreach (value, i, member) {
		g_string_append(out, i ? ", " : "");
		append_value(out, member);
	}
	json_object_foreach ((json_t *)value, name, member) {
		g_autofree char *text = view_value(member);
		if (*text)
			g_string_append_printf(out, "%s%s %s", out->len ? ", " : "", name, text);
	}
}

char *view_value(const json_t *value)
{
	GString *out = g_string_new(NULL);
	append_value(out, value);
	return g_string_free(out, FALSE);
}

char *view_join(const json_t *array, const char *between)
{
	GString *out = g_string_new(NULL);
	size_t i;
	json_t *value;
	json_array_foreach (array, i, value) {
		g_autofree char *text = view_value(value);
		g_string_append_printf(out, "%s%s", i ? between : "", text);
	}
	return g_string_free(out, FALSE);
}

void view_field_list(Fields *fields, const char *label, const json_t *item, const char *path)
{
	g_autofree char *joined = view_join(json_at(item, path), ", ");
	fields_add(fields, label, STYLE_PLAIN, joined);
}

void view_fields(const Cli *cli, const Fields *fields)
{
	cli_print(cli, fields_format(fields, &cli->out));
}

void view_table(const Cli *cli, const Table *table)
{
	cli_print(cli, table_format(table, &cli->out));
}

static void print_safe(const Cli *cli, Style style, const char *before, const char *text)
{
	g_autofree char *safe = text_for_terminal(text);
	g_autofree char *painted = terminal_paint(&cli->out, style, safe);
	cli_print(cli, g_strconcat(before, painted, "\n", NULL));
}

void view_heading(const Cli *cli, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	print_safe(cli, STYLE_HEAD, "\n", text);
}

void view_line(const Cli *cli, Style style, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	print_safe(cli, style, "", text);
}
