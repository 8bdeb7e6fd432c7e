#pragma once
#include <glib.h>

/* What is asked: words, "phrases", prefix*, field:…, and -… for what is not wanted. All of it must
 * be there. */

/* Where a word can stand. The letter is what it is kept under. */
typedef struct {
	const char *name;
	char letter;
} SearchField;
#define SEARCH_FIELDS 10
extern const SearchField search_fields[SEARCH_FIELDS];
#define SEARCH_ANYWHERE ((1u << SEARCH_FIELDS) - 1)
/** The bit of a letter. */
guint search_field_bit(char letter);
#define SEARCH_BODY    'b' /* for those who may read what messages say */
#define SEARCH_COMMENT 'c' /* what was said about an incident */

typedef struct {
	guint fields;      /* bits, by the place in search_fields */
	gboolean negative; /* must not be there */
	gboolean prefix;   /* its last word may go on */
	GPtrArray *words;  /* of char *, folded: one after the other */
	GPtrArray *tokens; /* of char *: what to look up; several: the words are looked at, too */
} SearchTerm;

typedef struct {
	GPtrArray *terms; /* of SearchTerm */
} SearchQuery;
void search_query_free(SearchQuery *query);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SearchQuery, search_query_free)

/** TRAWL_ERROR_INVALID with a sentence for who wrote it. */
SearchQuery *search_query_parse(const char *text, GError **error);
