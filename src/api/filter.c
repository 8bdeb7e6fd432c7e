/* Reads the filters that people write.
 *
 * A filter is parts with blanks between them: name:value, name:"some words", name:>=value, words
 * and "quoted words". Each part becomes a parameter of the list's query and is judged by that
 * query's own table, so nothing can be said here that the query could not say. What looks like a
 * link or a time is words. */
#include "api/filter.h"

#include "base/clock.h"
#include "base/error.h"

#include <string.h>

/* clang-format off */
const FilterTerm incident_filter_terms[] = {
	{"is",          "state",         FILTER_STATE},
	{"severity",    "severity",      FILTER_PLAIN},
	{"severity>=",  "severity_min",  FILTER_PLAIN},
	{"verdict",     "disposition",   FILTER_PLAIN},
	{"disposition", "disposition",   FILTER_PLAIN},
	{"needs",       "needs",         FILTER_PLAIN},
	{"assignee",    "assignee",      FILTER_PERSON},
	{"team",        "team",          FILTER_PLAIN},
	{"mine",        "mine",          FILTER_EITHER},
	{"reporter",    "reporter",      FILTER_PLAIN},
	{"recipient",   "recipient",     FILTER_PLAIN},
	{"url",         "url",           FILTER_PLAIN},
	{"after",       "opened_after",  FILTER_WHEN},
	{"before",      "opened_before", FILTER_WHEN},
	{"closed",      "closed_after",  FILTER_WHEN},
	{"form",        "form",          FILTER_PLAIN},
	{"untrusted",   "trusted",       FILTER_OPPOSITE},
	{"quarantined", "quarantined",   FILTER_EITHER},
	{"kind",        "kind",          FILTER_PLAIN},
	{"source",      "source_id",     FILTER_PLAIN},
	{"message",     "message_id",    FILTER_PLAIN},
	{"sort",        "sort",          FILTER_PLAIN},
	{NULL}
};

const FilterTerm alert_filter_terms[] = {
	{"is",        "state",       FILTER_STATE},
	{"incident",  "incident_id", FILTER_PLAIN},
	{"source",    "source_id",   FILTER_PLAIN},
	{"report",    "report_id",   FILTER_PLAIN},
	{"recipient", "recipient",   FILTER_PLAIN},
	{"message",   "message_id",  FILTER_PLAIN},
	{NULL}
};

const FilterTerm activity_filter_terms[] = {
	{"actor",    "actor",       FILTER_PLAIN},
	{"action",   "action",      FILTER_PLAIN},
	{"object",   "object",      FILTER_PLAIN},
	{"incident", "incident_id", FILTER_PLAIN},
	{"after",    "since",       FILTER_WHEN},
	{"since",    "since",       FILTER_WHEN},
	{"before",   "until",       FILTER_WHEN},
	{"until",    "until",       FILTER_WHEN},
	{NULL}
};
/* clang-format on */

void filter_clear(Filter *filter)
{
	g_clear_pointer(&filter->query, json_decref);
	g_clear_pointer(&filter->wrong, json_decref);
}

/* --- parts --- */

/* The next part, newly allocated, and @text behind it; NULL: that was all. */
static char *next_part(const char **text)
{
	const char *begin = *text + strspn(*text, " \t\r\n"), *end = begin;
	for (gboolean quoted = FALSE; *end && (quoted || !strchr(" \t\r\n", *end)); end++)
		if (*end == '"')
			quoted = !quoted;
	*text = end;
	return end > begin ? g_strndup(begin, (gsize)(end - begin)) : NULL;
}

static char *unquoted(const char *text)
{
	g_auto(GStrv) pieces = g_strsplit(text, "\"", -1);
	return g_strjoinv(NULL, pieces);
}

static const FilterTerm *find_term(const FilterTerm *terms, const char *name, gboolean least)
{
	g_autofree char *wanted = g_strconcat(name, least ? ">=" : NULL, NULL);
	for (; terms->name; terms++)
		if (strcmp(terms->name, wanted) == 0)
			return terms;
	return NULL;
}

/* The length of the name in front of a colon; 0: it has none. */
static gsize name_length(const char *part)
{
	gsize length = strspn(part, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
	return part[length] == ':' ? length : 0;
}

/* --- values --- */

/* "2026-11-01", "2026-11-01T08:00", or how long ago: "12h", "7d", "2w"; as RFC 3339, or NULL. */
static char *moment(const char *value, GTimeZone *zone, gint64 now)
{
	static const struct {
		char unit;
		gint64 length;
	} units[] = {{'h', CLOCK_HOUR}, {'d', CLOCK_DAY}, {'w', 7 * CLOCK_DAY}};
	char *end;
	gint64 n = g_ascii_strtoll(value, &end, 10);
	for (guint i = 0; i < G_N_ELEMENTS(units); i++)
		if (end > value && end - value <= 4 && end[0] == units[i].unit && !end[1] && n >= 0)
			return clock_format(now - n * units[i].length);
	gsize length = strlen(value);
	if (length != strlen("2026-11-01") && length != strlen("2026-11-01T08:00"))
		return NULL;
	g_autofree char *whole =
		g_strconcat(value, length == strlen("2026-11-01") ? "T00:00:00" : ":00", NULL);
	g_autoptr(GDateTime) at = g_date_time_new_from_iso8601(whole, zone);
	return at ? clock_format(g_date_time_to_unix(at) * CLOCK_SECOND) : NULL;
}

static const char *either(const char *value, gboolean opposite)
{
	gboolean yes = strcmp(value, "yes") == 0;
	return !yes && strcmp(value, "no") != 0 ? NULL : yes != opposite ? "true" : "false";
}

/* As its parameter says it, newly allocated; "": it says nothing; NULL: it may not say that. */
static char *value_of(const FilterTerm *term, const char *value, const char *me, GTimeZone *zone,
                      gint64 now)
{
	switch (term->kind) {
	case FILTER_STATE:
		return g_strdup(strcmp(value, "all") == 0 ? "" : value);
	case FILTER_EITHER:
	case FILTER_OPPOSITE:
		return g_strdup(either(value, term->kind == FILTER_OPPOSITE));
	case FILTER_WHEN:
		return moment(value, zone, now);
	case FILTER_PERSON:
		return g_strdup(strcmp(value, "me") == 0 ? me : value);
	case FILTER_PLAIN:
		break;
	}
	return g_strdup(value);
}

/* Adds one parameter to @query, if its table lets it through. */
static gboolean put(json_t *query, const Field *fields, const char *parameter, const char *value)
{
	g_autofree char *escaped = g_uri_escape_string(value, NULL, FALSE);
	g_autofree char *text = g_strdup_printf("%s=%s", parameter, escaped);
	g_autoptr(json_t) one = fields_parse_query(fields, text, NULL);
	return one && json_object_update(query, one) == 0;
}

static gboolean take_value(const FilterTerm *term, const Field *fields, const char *value,
                           Filter *filter)
{
	if (term->kind == FILTER_PERSON && strcmp(value, "none") == 0)
		return put(filter->query, fields, "unassigned", "true");
	return !*value || put(filter->query, fields, term->parameter, value);
}

static gboolean has_words(const Field *fields)
{
	while (fields->name && strcmp(fields->name, "q") != 0)
		fields++;
	return fields->name != NULL;
}

typedef struct {
	const FilterTerm *terms;
	const Field *fields;
	const char *me;
	GTimeZone *zone;
	gint64 now;
	Filter *filter;
	GString *words;
	GHashTable *said; /* parameter -> part */
} Reading;

/* Why a part is wrong; NULL: it is taken. */
static const char *take_part(Reading *reading, const char *part)
{
	gsize length = name_length(part);
	g_autofree char *name = g_ascii_strdown(part, (gssize)length);
	const char *rest = length ? part + length + 1 : part;
	const FilterTerm *term = NULL;
	if (length && g_str_has_prefix(rest, ">="))
		term = find_term(reading->terms, name, TRUE);
	g_autofree char *written = unquoted(term ? rest + 2 : rest);
	if (!term && length)
		term = find_term(reading->terms, name, FALSE);
	if (!term) {
		if (!has_words(reading->fields))
			return "words";
		if (length && *written && !g_str_has_prefix(written, "//"))
			return "unknown";
		g_autofree char *bare = unquoted(part);
		g_string_append_printf(reading->words, "%s%s", reading->words->len ? " " : "",
		                       bare);
		return NULL;
	}
	if (!*written)
		return "empty";
	const char *before = g_hash_table_lookup(reading->said, term->parameter);
	if (before && strcmp(before, part) != 0)
		return "twice";
	g_hash_table_insert(reading->said, (gpointer)term->parameter, g_strdup(part));
	g_autofree char *value = value_of(term, written, reading->me, reading->zone, reading->now);
	return value && take_value(term, reading->fields, value, reading->filter) ? NULL : "value";
}

void filter_parse(const FilterTerm *terms, const Field *fields, const char *text, const char *me,
                  GTimeZone *zone, gint64 now, Filter *filter)
{
	g_autoptr(GString) words = g_string_new(NULL);
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GHashTable) said = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	Reading reading = {terms, fields, me, zone ? zone : utc, now, filter, words, said};
	*filter = (Filter){json_object(), json_array()};
	for (char *part; (part = next_part(&text)); g_free(part)) {
		const char *why = take_part(&reading, part);
		if (why)
			json_array_append_new(filter->wrong,
			                      json_pack("{s:s, s:s}", "part", part, "why", why));
	}
	if (words->len && !put(filter->query, fields, "q", words->str))
		json_array_append_new(filter->wrong,
		                      json_pack("{s:s, s:s}", "part", words->str, "why", "value"));
}

/* --- for a list --- */

static void refuse(Answer *answer, json_t *wrong)
{
	static const struct {
		const char *why, *sentence;
	} sentences[] = {
		{"unknown", "there is no such filter; in quotes it is words"},
		{"value", "it may not say that"},
		{"empty", "something has to follow"},
		{"twice", "that is said twice"},
		{"words", "this list has nothing that words are looked for in"},
	};
	g_autoptr(GString) text = g_string_new("the filter is not understood");
	for (gsize i = 0; i < json_array_size(wrong); i++) {
		const json_t *one = json_array_get(wrong, i);
		for (guint s = 0; s < G_N_ELEMENTS(sentences); s++)
			if (strcmp(sentences[s].why, json_text(one, "why")) == 0)
				g_string_append_printf(text, "%s %s: %s", i ? ";" : ":",
				                       json_text(one, "part"),
				                       sentences[s].sentence);
	}
	answer_problem_with(answer, text->str, "wrong", json_incref(wrong));
}

json_t *filter_query(const Request *request, const FilterTerm *terms, const Field *fields,
                     Answer *answer, gboolean *understood, GError **error)
{
	const char *text = query_text(request, "filter"), *named = query_text(request, "zone");
	g_autoptr(GTimeZone) zone = named ? g_time_zone_new_identifier(named) : NULL;
	g_auto(Filter) filter = {0};
	*understood = TRUE;
	if (named && !zone) {
		g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID, "there is no time zone \"%s\"",
		            named);
		return NULL;
	}
	if (!text)
		return json_incref(request->query);
	const User *user = request->caller ? request->caller->user : NULL;
	filter_parse(terms, fields, text, user ? user->name : NULL, zone, clock_now(), &filter);
	if (json_array_size(filter.wrong)) {
		refuse(answer, filter.wrong);
		*understood = FALSE;
		return json_incref(request->query);
	}
	json_t *query = json_copy(request->query);
	const char *name;
	json_t *value;
	json_object_foreach (filter.query, name, value) {
		if (json_object_get(query, name)) {
			g_set_error(error, TRAWL_ERROR, TRAWL_ERROR_INVALID,
			            "the filter says what %s says, too", name);
			json_decref(query);
			return NULL;
		}
		json_object_set(query, name, value);
	}
	return query;
}
