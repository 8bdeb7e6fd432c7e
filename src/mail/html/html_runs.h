#pragma once
#include <gumbo.h>

#include <glib.h>

/* gumbo takes a page character by character, at some hundred instructions each, though what it does
 * with one depends only on whether it is white space or means something to HTML. So runs of those
 * that mean nothing (words, most of a URL, of a style) are taken out of the page before it is
 * parsed: a character of Unicode's private plane 15 stands for each, and in the tree the runs are
 * put back. The tree is the one of the whole page, in a fraction of the time. */
typedef struct HtmlRuns HtmlRuns;

/**
 * Takes the runs out of a page. The page must stay as it is until they are put back.
 *
 * @html    text; any octets, NUL ends it
 * @return  NULL when the page has characters of that plane itself: then it is parsed as it is
 */
HtmlRuns *html_runs_new(const char *html);
void html_runs_free(HtmlRuns *runs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HtmlRuns, html_runs_free)

/** The shorter page. Borrowed. */
const char *html_runs_page(const HtmlRuns *runs, gsize *size);

/** Puts the runs back in the texts, comments and values of a tree. Memory for them comes from
 * @options' allocator, which may leave by longjmp. FALSE: one of them is in a name, where none can
 * be put back, and the whole page has to be parsed. */
gboolean html_runs_put_back(HtmlRuns *runs, const GumboNode *document, const GumboOptions *options);
