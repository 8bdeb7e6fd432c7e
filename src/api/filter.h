#pragma once
#include "api/answer.h"
#include "api/field.h"
#include "api/request.h"

/* Filters that people write: "is:open severity:>=major reporter:ann@corp.example invoice". One
 * grammar for the console and the command line; what comes out is what the list's query takes. */

/* The rows of a list that takes one. */
/* clang-format off */
#define FILTER_FIELDS \
	{"filter", FIELD_TEXT, 0, 1, LIMIT_FILTER, NULL, "filter is what the other parameters say, as one text"}, \
	{"zone",   FIELD_TEXT, 0, 1, LIMIT_NAME, NULL,   "zone is the name of a time zone, like Europe/Berlin"}
/* clang-format on */

typedef enum {
	FILTER_PLAIN,    /* as the parameter takes it                               */
	FILTER_STATE,    /* open, closed or all                                     */
	FILTER_EITHER,   /* yes or no                                               */
	FILTER_OPPOSITE, /* yes or no, and the parameter says the contrary          */
	FILTER_WHEN,     /* a day, a moment, or how long ago: 12h, 7d, 4w           */
	FILTER_PERSON    /* a name, "me", or "none", which is the parameter "unassigned" */
} FilterKind;

typedef struct {
	const char *name; /* before the colon; with ">=" behind: what stands after ":>=" */
	const char *parameter;
	FilterKind kind;
} FilterTerm;

/* Terminated by a row without a name. */
extern const FilterTerm incident_filter_terms[], alert_filter_terms[], activity_filter_terms[];

typedef struct {
	json_t *query; /* typed, as fields_parse_query() gives it                              */
	json_t *wrong; /* [{"part", "why": unknown, value, empty, twice or words}]; empty: it is
	                  understood */
} Filter;
void filter_clear(Filter *filter);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Filter, filter_clear)

/**
 * Takes a filter apart.
 *
 * @fields  of the list's query; with "q" in it, words alone are looked for in the title
 * @me      the name behind "me", or NULL
 * @zone    in which days begin; NULL: UTC
 */
void filter_parse(const FilterTerm *terms, const Field *fields, const char *text, const char *me,
                  GTimeZone *zone, gint64 now, Filter *filter);

/**
 * Gives @request the query that its "filter" stands for, beside what else it asks.
 *
 * @understood  (out) FALSE: @answer says what is wrong, as problem+json with "wrong"
 * @return      the query, to be used in place of the request's; TRAWL_ERROR_INVALID for an unknown
 * zone
 */
json_t *filter_query(const Request *request, const FilterTerm *terms, const Field *fields,
                     Answer *answer, gboolean *understood, GError **error);
