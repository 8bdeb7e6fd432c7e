#pragma once
#include "api/field.h"
#include "api/request.h"
#include "store/listing.h"

/* Pages of long lists. A cursor is opaque to clients and good only for the list it came from: the
 * same path, the same filters. */

/* The rows that every list's query table begins with, and the one that feeds add. */
/* clang-format off */
#define PAGE_FIELDS \
	{"limit", FIELD_INTEGER, 0, 1, LIMIT_PAGE, NULL, \
	 "limit is the number of rows of a page, from 1 to 500"}, \
	{"cursor", FIELD_TEXT, 0, 1, 200, NULL, \
	 "cursor is what \"next\" of the page before said"}
#define FEED_FIELDS \
	{"changed_since", FIELD_INTEGER, 0, 0, G_MAXINT64, NULL, \
	 "changed_since is a revision: a number from 0"}
/* clang-format on */

/** Reads limit, cursor and changed_since; the page is of what the caller sees. TRAWL_ERROR_INVALID
 * for a cursor of another list. */
gboolean page_parse(const Request *request, Page *page, GError **error);

/** Refuses a feed from a revision that does not exist yet (TRAWL_ERROR_INVALID), for nothing would
 * ever come after it, and one from before the caller's teams were changed (TRAWL_ERROR_CONFLICT),
 * for what they see more or less has no new revision. */
gboolean page_check_feed(const Page *page, Db *db, GError **error);

/* How a list shows its rows, and by what it is paged. */
typedef json_t *(*RowShow)(gconstpointer row);
typedef gint64 (*RowNumber)(gconstpointer row);

/**
 * Answers {"items", "next", "changed_since"}, with a Link header when there may be more.
 *
 * @order  of a feed the revision of a row, by need what it needs; NULL for lists that are neither
 */
void page_answer(const Request *request, Answer *answer, const Page *page, const GPtrArray *rows,
                 RowShow show, RowNumber id, RowNumber order);

/** Of a feed of what belongs to incidents: finds the incidents that the caller sees no more, for
 * page_answer(). @order as there. */
gboolean page_find_gone(Request *request, Db *db, const Page *page, const GPtrArray *rows,
                        RowNumber order, GError **error);

/** The cursor of the rows of this list before number @id; newly allocated. */
char *page_cursor(const Request *request, gint64 id);

/** Leaves of a list that was loaded whole (configuration, keys) one page, newest first. */
void page_cut(const Page *page, GPtrArray *rows, RowNumber id);

/** Adds a Link header to the same list with @name=@value in its query. */
void page_link(const Request *request, Answer *answer, const char *name, const char *value);
